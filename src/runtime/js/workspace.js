// workspace: what a run asks of its workspaces, and the answers. What stands in the bytes is ../files/record.mjs's matter.
//
// Spec:  none of the web: docs/workspaces.md
// Covers / differs:  node:fs and `state` are made of it
// Ops:   files, filesWait
// WPT:   none; tests/integration/node_fs
// Limits: MF_RUN_FILE_*, enforced by the host

'use strict';

const {
    JSONParse, List, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, PromiseWithResolvers, defineValue,
    realm,
} = primordials;
const { scope, webidl } = realm;
const { ops } = internals;

const pending = new Map(); // number -> {resolve, reject}
let waiting = List(); // what the host had no room for, from |waitingAt| on
let waitingAt = 0;

// What the daemon says is the name of an error.
class Refusal {
    #brand = true;

    constructor(code) {
        defineValue(this, 'code', code, true);
    }

    static is(value) {
        return webidl.isObject(value) && #brand in value;
    }
}

function send(asked) {
    const number = ops.files(asked.mount, asked.bytes);
    if (number === 0) {
        return false;
    }
    asked.bytes = null;
    MapPrototypeSet(pending, number, asked);
    return true;
}

function sendWaiting() {
    while (waitingAt < waiting.length) {
        const asked = waiting[waitingAt];
        try {
            if (!send(asked)) {
                return;
            }
        } catch (error) {
            asked.reject(error);
        }
        waitingAt++;
    }
    waiting = List();
    waitingAt = 0;
}

// Uint8Array, or the name of an error.
function onAnswer(number, answer) {
    const { resolve, reject } = MapPrototypeGet(pending, number);
    MapPrototypeDelete(pending, number);
    if (typeof answer === 'string') {
        reject(new Refusal(answer));
    } else {
        resolve(answer);
    }
    sendWaiting();
}

// A promise of the answer's bytes; rejects with a Refusal. At the top level too: what a module reads while it starts is the
// run's own.
function ask(mount, bytes) {
    const { promise, resolve, reject } = PromiseWithResolvers();
    const asked = { __proto__: null, mount, bytes, resolve, reject };
    try {
        if (waitingAt < waiting.length || !send(asked)) {
            waiting[waiting.length] = asked;
        }
    } catch (error) {
        reject(error);
    }
    return promise;
}

// The answer's bytes; throws a Refusal.
function askNow(mount, bytes) {
    const answer = ops.filesWait(mount, bytes);
    if (typeof answer === 'string') {
        throw new Refusal(answer);
    }
    return answer;
}

// [{name, mode, path, namespace}], in the order of their numbers.
const mounts = scope.workspaces === '' ? [] : JSONParse(scope.workspaces);

const refusals = { __proto__: null, isRefusal: Refusal.is, refusal: (code) => new Refusal(code) };

return { __proto__: null, ...refusals, onAnswer, ask, askNow, mounts };
