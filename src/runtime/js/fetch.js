// fetch: a request leaves as a frame, the answer comes back as events.
//
// Spec:  https://fetch.spec.whatwg.org/#fetch-method
// Covers / differs:  the host decides what may go out and follows redirects
// Ops:   fetch, fetchAbort
// WPT:   fetch/api/basic, fetch/api/abort
// Limits: MF_RUN_SUBREQUESTS_*, enforced by the host

'use strict';

const {
    Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, PromiseWithResolvers, StringPrototypeIndexOf,
    StringPrototypeSlice, StringPrototypeStartsWith, TypeError, realm,
} = primordials;
const { webidl, scope } = realm;
const { ops } = internals;

let pending = null; // fetch -> {resolve, reject, stream, isAnswered}
let lastFetch = 0;

const requestStream = (fetch) => 2 * fetch;
const responseStream = (fetch) => 2 * fetch + 1;

function redirectCode(redirect) {
    return redirect === 'manual' ? 1 : redirect === 'error' ? 2 : 0;
}

function start(request, resolve, reject) {
    realm.request.open(request, (method, url, headers, body, redirect, signal) => {
        if (signal !== null && realm.abort.isAborted(signal)) {
            reject(realm.abort.reason(signal));
            return;
        }
        if (body !== null && realm.body.isUnusable(body)) {
            throw realm.body.newUsedError();
        }
        if (!StringPrototypeStartsWith(url, 'http:') && !StringPrototypeStartsWith(url, 'https:')) {
            throw new TypeError(`Fetch API cannot load: ${url}`);
        }
        const fragment = StringPrototypeIndexOf(url, '#');
        const fetch = ++lastFetch;
        ops.fetch(
            fetch, method, fragment < 0 ? url : StringPrototypeSlice(url, 0, fragment), headers, body !== null,
            redirectCode(redirect),
        );
        pending ??= new Map();
        const state = { __proto__: null, resolve, reject, isAborted: false };
        MapPrototypeSet(pending, fetch, state);
        if (signal !== null) {
            realm.abort.onAbort(signal, (reason) => {
                if (!state.isAborted) {
                    state.isAborted = true;
                    MapPrototypeDelete(pending, fetch);
                    ops.fetchAbort(fetch);
                    reject(reason);
                    realm.hostStreams.onAborted(responseStream(fetch), reason);
                }
            });
        }
        if (body !== null) {
            realm.body.send(body, requestStream(fetch), () => {}, (error) => {
                if (MapPrototypeDelete(pending, fetch)) {
                    ops.fetchAbort(fetch);
                    reject(error);
                }
            });
        }
    });
}

function fetch(input, init = undefined) {
    const { promise, resolve, reject } = PromiseWithResolvers();
    try {
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'fetch'");
        scope.requireIo();
        start(new realm.Request(input, init), resolve, reject);
    } catch (error) {
        reject(error);
    }
    return promise;
}

function takePending(number) {
    const state = pending === null ? undefined : MapPrototypeGet(pending, number);
    if (state !== undefined) {
        MapPrototypeDelete(pending, number);
    }
    return state;
}

function onHead(number, status, statusText, headers, url, isRedirected, hasBody) {
    const state = takePending(number);
    if (state === undefined) {
        return;
    }
    const body = hasBody ? realm.body.fromHost(responseStream(number)) : null;
    state.resolve(realm.response.fromHost(status, statusText, headers, url, isRedirected, body));
}

function onFail(number, text) {
    takePending(number)?.reject(new TypeError(text));
}

realm.fetch = { __proto__: null, fetch, onHead, onFail };
