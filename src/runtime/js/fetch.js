// fetch: a request leaves as a frame, the answer comes back as events.
//
// Spec:  https://fetch.spec.whatwg.org/#fetch-method
// Covers / differs:  the host decides what may go out and follows redirects; with redirect "manual" the answer is the redirect
//        itself, as on Cloudflare; a WebSocket that an Upgrade header asks for is in the Response, as there; data: and blob:
//        are answered here; no cache, cookies, CORS or subresource integrity
// Ops:   fetch, fetchAbort
// WPT:   fetch/api/basic, fetch/api/abort, fetch/data-urls
// Limits: MF_RUN_SUBREQUESTS_*, MF_RUN_FETCHES_OPEN_MAX, enforced by the host

'use strict';

const {
    Error, List, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, PromiseWithResolvers, RegExpPrototypeExec,
    StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeStartsWith, TypeError, realm,
} = primordials;
const { webidl, scope, hostStreams, body: bodies } = realm;
const { ops } = internals;

const HTTP = 0; // kinds: what MF_FETCH_* of wire.h says
const KINDS_COUNT = 2;
const UPGRADE = /(?:^|\0)upgrade\0[^\0]*websocket/i;

let pending = null; // number -> call, of those that the host has not answered
const waiting = List(); // by kind: calls that were counted and not sent, from |waitingAt| on
const waitingAt = List();
let lastFetch = 0;
for (let kind = 0; kind < KINDS_COUNT; kind++) {
    waiting[kind] = null;
    waitingAt[kind] = 0;
}

const requestStream = (fetch) => 2 * fetch;
const responseStream = (fetch) => 2 * fetch + 1;

function redirectCode(redirect) {
    return redirect === 'manual' ? 1 : redirect === 'error' ? 2 : 0;
}

function settle(call, give, value) {
    call.isSettled = true;
    if (call.number !== 0) {
        MapPrototypeDelete(pending, call.number);
    }
    give(value);
}

// The worker or its signal wants no answer any more.
function abort(call, reason) {
    const { number, isSettled } = call;
    call.isAborted = true;
    if (!isSettled) {
        settle(call, call.reject, reason);
    }
    if (number === 0) {
        return;
    }
    hostStreams.onStop(requestStream(number));
    ops.fetchAbort(number);
    hostStreams.onAborted(responseStream(number), reason);
    if (!isSettled) {
        sendWaiting(call.kind);
    }
}

function sendBody(call) {
    bodies.send(call.body, requestStream(call.number), () => {}, (error) => {
        if (!call.isSettled) {
            abort(call, error);
        }
    });
}

// False: not now, an answer must come first.
function send(call, isAgain) {
    const number = lastFetch + 1;
    const { body } = call;
    const size = body === null ? 0 : bodies.sizeOf(body);
    const isLater = ops.fetch(
        number, call.method, call.url, call.headers, body !== null, call.redirect, size, isAgain, call.kind,
    );
    if (isLater) {
        return false;
    }
    lastFetch = number;
    call.number = number;
    pending ??= new Map();
    MapPrototypeSet(pending, number, call);
    if (body !== null) {
        sendBody(call);
    }
    return true;
}

function sendWaiting(kind) {
    for (let queue = waiting[kind]; queue !== null; queue = waiting[kind]) {
        const at = waitingAt[kind];
        if (at === queue.length) {
            waiting[kind] = null;
            waitingAt[kind] = 0;
            return;
        }
        const call = queue[at];
        queue[at] = undefined; // before anything else: a body's pull() may come back here
        waitingAt[kind] = at + 1;
        try {
            if (!call.isAborted && !send(call, true)) {
                waitingAt[kind] = at;
                queue[at] = call;
                return;
            }
        } catch (error) {
            settle(call, call.reject, error);
        }
    }
}

// Of any kind: now, or when an answer makes room. Then comes call.answer(status, statusText, headers, url, isRedirected,
// stream, bytes), where |stream| is -1 without a body and |bytes| is undefined or all of it, or call.reject.
function begin(call) {
    if (!send(call, false)) {
        waiting[call.kind] ??= List();
        const queue = waiting[call.kind];
        queue[queue.length] = call;
    }
}

function watchSignal(call) {
    if (call.signal !== null) {
        call.onAbort = (reason) => abort(call, reason);
        realm.abort.onAbort(call.signal, call.onAbort);
    }
}

// A request for a WebSocket: |body| goes out once the server has agreed. answer() is as for begin().
function open(url, headers, body, signal, answer, reject) {
    const call = {
        __proto__: null, kind: HTTP, reject, number: 0, isSettled: false, isAborted: false,
        method: 'GET', url, headers, body, redirect: redirectCode('manual'), signal, onAbort: null, answer,
    };
    begin(call);
    watchSignal(call);
}

const asksForWebSocket = (method, headers, body) => method === 'GET' && body === null &&
    StringPrototypeIncludes(headers, 'upgrade') && RegExpPrototypeExec(UPGRADE, headers) !== null;

function start(request, resolve, reject) {
    realm.request.open(request, (method, url, headers, body, redirect, signal, blob) => {
        if (signal !== null && realm.abort.isAborted(signal)) {
            const reason = realm.abort.reason(signal);
            reject(reason);
            bodies.discard(body, reason);
            return;
        }
        if (body !== null && bodies.isUnusable(body)) {
            throw bodies.newUsedError();
        }
        const fragment = StringPrototypeIndexOf(url, '#');
        const target = fragment < 0 ? url : StringPrototypeSlice(url, 0, fragment);
        if (StringPrototypeStartsWith(url, 'data:')) {
            resolve(internals.lazy('data_url.js').respond(method, target));
            return;
        }
        if (StringPrototypeStartsWith(url, 'blob:')) {
            resolve(internals.lazy('blob_url.js').respond(method, target, blob));
            return;
        }
        if (!StringPrototypeStartsWith(url, 'http:') && !StringPrototypeStartsWith(url, 'https:')) {
            throw new TypeError(`Fetch API cannot load: ${url}`);
        }
        if (asksForWebSocket(method, headers, body)) {
            internals.lazy('websocket_client.js').fetchSocket(target, headers, signal, resolve, reject);
            return;
        }
        const call = {
            __proto__: null, kind: HTTP, reject, number: 0, isSettled: false, isAborted: false,
            method, url: target, headers, body, redirect: redirectCode(redirect), signal, onAbort: null,
            answer(status, statusText, list, from, isRedirected, stream) {
                const answered = stream < 0 ? null : bodies.fromHost(stream);
                resolve(realm.response.fromHost(status, statusText, list, from, isRedirected, answered));
            },
        };
        begin(call);
        watchSignal(call);
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

function onHead(number, status, statusText, headers, url, isRedirected, hasBody, bytes) {
    const call = pending === null ? undefined : MapPrototypeGet(pending, number);
    if (call === undefined) {
        return;
    }
    call.isSettled = true;
    MapPrototypeDelete(pending, number);
    call.answer(status, statusText, headers, url, isRedirected, hasBody ? responseStream(number) : -1, bytes);
    sendWaiting(call.kind);
}

function onFail(number, text, isNetworkError) {
    const call = pending === null ? undefined : MapPrototypeGet(pending, number);
    if (call === undefined) {
        return;
    }
    if (call.onAbort !== null) {
        realm.abort.offAbort(call.signal, call.onAbort);
    }
    settle(call, call.reject, isNetworkError && call.kind === HTTP ? new TypeError(text) : new Error(text));
    hostStreams.onStop(requestStream(number));
    sendWaiting(call.kind);
}

realm.fetch = { __proto__: null, fetch, open, begin, onHead, onFail };

internals.setWasmSource((stream, source) => internals.lazy('wasm_streaming.js').feed(stream, source));
