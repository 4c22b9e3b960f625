// tools: a program's namespaces, whose functions are answered by whoever sent it.
//
// Spec:  none of the web: docs/executions.md; the shape is that of @cloudflare/codemode
// Covers / differs:  own properties first, so that a prelude may define real functions; then, toJSON and symbols are
//        undefined, so that to await, to print or to serialise a namespace calls nothing
// Ops:   fetch (of the kind "call")
// WPT:   none; tests/integration/executions
// Limits: MF_RUN_CALLS_*, MF_CALL_NAME_BYTES_MAX, enforced by the host

'use strict';

const {
    Error, ErrorCaptureStackTrace, JSONParse, ObjectPrototypeHasOwnProperty, PromiseWithResolvers, Proxy, String,
    StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeSlice, TypeError, defineValue,
    realm,
} = primordials;
const { hostStreams, fetch: fetches, body: bodies } = realm;
const codec = internals.lazy('codec.js');

const NAME_BYTES_MAX = internals.constants.CALL_NAME_BYTES_MAX;
const CALL = 1; // MF_FETCH_CALL of wire.h
const CONTROL = '__codemode_control__';
const PAUSE = '__CODEMODE_PAUSE__';

let open = 0; // calls without an answer
let onIdle = null;

// In a turn of its own: what an answer leads to may be another call.
function checkIdle() {
    realm.afterTurn(() => {
        if (open === 0 && onIdle !== null) {
            const done = onIdle;
            onIdle = null;
            done();
        }
    });
}

function closed() {
    open--;
    if (open === 0 && onIdle !== null) {
        checkIdle();
    }
}

/* ---- answers ------------------------------------------------------------------------------------- */

function own(object, key) {
    return ObjectPrototypeHasOwnProperty(object, key) ? object[key] : undefined;
}

// |at| was made where the call was: the error's stack says so, and not where its answer came in.
function errorOf(told, at) {
    const message = own(told, 'message');
    const name = own(told, 'name');
    const code = own(told, 'code');
    const error = new Error(typeof message === 'string' ? message : '');
    if (typeof name === 'string' && name !== 'Error') {
        defineValue(error, 'name', name, false);
    }
    if (code !== undefined) {
        defineValue(error, 'code', code, true);
    }
    const { stack } = at;
    const frames = typeof stack === 'string' ? StringPrototypeIndexOf(stack, '\n') : -1;
    if (frames >= 0) {
        const { name: kind } = error;
        const headline = error.message === '' ? kind : `${kind}: ${error.message}`;
        defineValue(error, 'stack', headline + StringPrototypeSlice(stack, frames), false);
    }
    return error;
}

// A connector says "pause" or "error" by a marker instead of throwing.
function checkControl(value, at) {
    const control = typeof value === 'object' && value !== null ? own(value, CONTROL) : undefined;
    if (control === 'pause') {
        throw errorOf({ __proto__: null, message: PAUSE }, at);
    }
    if (control === 'error') {
        throw errorOf({ __proto__: null, message: String(own(value, 'message')) }, at);
    }
    return value;
}

function read(text, isConnector, at) {
    const answer = JSONParse(text);
    const told = own(answer, 'error');
    if (told !== undefined) {
        throw errorOf(told, at);
    }
    const value = codec.decode(own(answer, 'ok'));
    return isConnector ? checkControl(value, at) : value;
}

/* ---- calls ----------------------------------------------------------------------------------------- */

// What the host would refuse, said so that a program's author understands it.
function checkName(name) {
    let bytes = 0;
    for (let i = 0; i < name.length; i++) {
        const unit = StringPrototypeCharCodeAt(name, i);
        if (unit < 32 || unit === 127) {
            throw new TypeError("A tool's name may have no control characters.");
        }
        bytes += unit < 128 ? 1 : unit < 2048 ? 2 : 3;
    }
    if (bytes === 0 || bytes > NAME_BYTES_MAX) {
        throw new TypeError(`A tool's name must have 1 to ${NAME_BYTES_MAX} bytes.`);
    }
}

function call(namespace, name, args, isConnector) {
    const { promise, resolve, reject } = PromiseWithResolvers();
    const at = { __proto__: null, stack: undefined };
    ErrorCaptureStackTrace(at, call);
    const fail = (error) => {
        reject(error);
        closed();
    };
    const asked = {
        __proto__: null, kind: CALL, number: 0, isSettled: false, isAborted: false,
        method: namespace, url: name, headers: '', body: null, redirect: 0, signal: null, onAbort: null,
        // The host has no answer.
        reject: ({ message }) => fail(errorOf({ __proto__: null, message }, at)),
        answer(status, statusText, headers, url, isRedirected, stream, bytes) {
            const isText = !StringPrototypeIncludes(headers, 'application/octet-stream');
            const done = (body) => {
                try {
                    resolve(isText ? read(internals.utf8Decode(body, true, true), isConnector, at) : body);
                } catch (error) {
                    reject(error);
                }
                closed();
            };
            if (stream < 0) {
                resolve(undefined);
                closed();
            } else if (bytes !== undefined) {
                done(bytes);
            } else {
                hostStreams.readAll(stream, done, fail);
            }
        },
    };
    open++;
    try {
        checkName(name);
        asked.body = bodies.extract(codec.encodeArguments(args));
        fetches.begin(asked);
    } catch (error) {
        fail(error);
    }
    return promise;
}

function functionOf(namespace, name, isConnector) {
    return isConnector
        ? (argument) => call(namespace, name, [argument], true) : (...args) => call(namespace, name, args, false);
}

function isSilent(key) {
    return typeof key !== 'string' || key === 'then' || key === 'toJSON';
}

// |functionFor(name)| is what a name that nobody has put there stands for.
function proxyOf(functionFor) {
    return new Proxy({ __proto__: null }, {
        __proto__: null,
        get(target, key) {
            if (ObjectPrototypeHasOwnProperty(target, key)) {
                return target[key];
            }
            return isSilent(key) ? undefined : functionFor(key);
        },
        has: (target, key) => !isSilent(key) || ObjectPrototypeHasOwnProperty(target, key),
    });
}

const namespaceOf = (name, isConnector) => proxyOf((key) => functionOf(name, key, isConnector));

// One that is an MCP server.
function serverOf(name, url) {
    const server = internals.lazy('mcp.js').open(name, url);
    return proxyOf((tool) => (argument) => server(tool, argument));
}

return {
    __proto__: null,
    namespaceOf,
    serverOf,
    // Calls |done|, once, when no call is open any more.
    whenIdle(done) {
        onIdle = done;
        if (open === 0) {
            checkIdle();
        }
    },
};
