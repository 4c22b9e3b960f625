// globals: what a worker finds on globalThis. What few workers use loads its file on first touch.
//
// Spec:  https://min-common-api.proposal.wintertc.org/ and https://developers.cloudflare.com/workers/runtime-apis/
// Covers / differs:  all that the files of this folder have
// Ops:   none
// WPT:   every idlharness test
// Limits: none

'use strict';

const {
    ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, StringPrototypeIncludes, StringPrototypeSlice,
    StringPrototypeStartsWith, defineValue, realm,
} = primordials;
const { scope, timers } = realm;

const global = globalThis;
realm.global = global;
delete global.SharedArrayBuffer; // As on Cloudflare: V8's own snapshot brings it.

const classes = ['Headers', 'Request', 'Response', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams'];
for (let i = 0; i < classes.length; i++) {
    defineValue(global, classes[i], realm[classes[i]], false);
}
defineValue(global, 'console', realm.console, false);
defineValue(global, 'ExecutionContext', realm.run.ExecutionContext, false);
defineValue(global, 'fetch', realm.fetch.fetch, true);
const functions = ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'queueMicrotask'];
for (let i = 0; i < functions.length; i++) {
    defineValue(global, functions[i], timers[functions[i]], true);
}

function lazy(file, names, isEnumerable) {
    for (let i = 0; i < names.length; i++) {
        internals.setLazy(global, names[i], file, isEnumerable);
    }
}

internals.setLazy(realm.URL, 'createObjectURL', 'blob_url.js', true);
internals.setLazy(realm.URL, 'revokeObjectURL', 'blob_url.js', true);

// onerror and its kin must hear of an assignment, which a lazy property does not.
const handlers = ['error', 'unhandledrejection', 'rejectionhandled'];
for (let i = 0; i < handlers.length; i++) {
    const type = handlers[i];
    const handler = () => internals.lazy('event_target.js').globalHandlers[type];
    const { get, set } = ObjectGetOwnPropertyDescriptor({
        get [`on${type}`]() {
            return handler().get();
        },
        set [`on${type}`](value) {
            handler().set(value);
        },
    }, `on${type}`);
    ObjectDefineProperty(global, `on${type}`, { __proto__: null, get, set, enumerable: true, configurable: true });
}

lazy('dom_exception.js', ['DOMException', 'QuotaExceededError'], false);
lazy('event.js', ['Event'], false);
lazy('events.js', ['CustomEvent', 'ErrorEvent', 'MessageEvent', 'PromiseRejectionEvent', 'CloseEvent', 'ProgressEvent'], false);
lazy('event_target.js', ['EventTarget', 'WorkerGlobalScope'], false);
lazy('event_target.js', ['addEventListener', 'removeEventListener', 'dispatchEvent', 'reportError'], true);
lazy('event_source.js', ['EventSource'], false);
lazy('websocket.js', ['WebSocket', 'WebSocketPair'], false);
lazy('html_rewriter.js', ['HTMLRewriter'], false);
lazy('abort.js', ['AbortController', 'AbortSignal'], false);
lazy('blob.js', ['Blob', 'File'], false);
lazy('file_reader.js', ['FileReader', 'FileReaderSync', 'FileList'], false);
lazy('form_data.js', ['FormData'], false);
lazy('stream_readable.js', ['ReadableStream', 'ReadableStreamDefaultReader', 'ReadableStreamDefaultController'], false);
lazy('stream_byte.js', ['ReadableStreamBYOBReader', 'ReadableByteStreamController', 'ReadableStreamBYOBRequest'], false);
lazy('stream_writable.js', ['WritableStream', 'WritableStreamDefaultWriter', 'WritableStreamDefaultController'], false);
lazy('stream_transform.js', ['TransformStream', 'TransformStreamDefaultController'], false);
lazy('stream_identity.js', ['IdentityTransformStream', 'FixedLengthStream'], false);
lazy('stream_common.js', ['ByteLengthQueuingStrategy', 'CountQueuingStrategy'], false);
lazy('encoding_streams.js', ['TextEncoderStream', 'TextDecoderStream'], false);
lazy('compression_streams.js', ['CompressionStream', 'DecompressionStream'], false);
lazy('crypto.js', ['Crypto'], false);
lazy('crypto.js', ['crypto'], true);
lazy('crypto_key.js', ['CryptoKey'], false);
lazy('crypto_subtle.js', ['SubtleCrypto'], false);
lazy('performance.js', ['Performance'], false);
lazy('performance.js', ['performance'], true);
lazy('performance_timeline.js', [
    'PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure', 'PerformanceObserver', 'PerformanceObserverEntryList',
], false);
lazy('navigator.js', ['Navigator'], false);
lazy('navigator.js', ['navigator', 'Cloudflare'], true);
lazy('message_port.js', ['MessageChannel', 'MessagePort'], false);
lazy('url_pattern.js', ['URLPattern'], false);
lazy('scheduler.js', ['scheduler'], true);
lazy('base64.js', ['atob', 'btoa'], true);
lazy('structured_clone.js', ['structuredClone'], true);

lazy('node_globals.js', ['Buffer', 'process', 'setImmediate', 'clearImmediate'], false);
defineValue(global, 'global', global, false);

// "node:buffer" and its like, at their first import.
realm.loadNode = (specifier) => {
    if (!StringPrototypeStartsWith(specifier, 'node:') || StringPrototypeIncludes(scope.flags, '"no_nodejs_compat"')) {
        return undefined;
    }
    return internals.lazy('node.js').load(StringPrototypeSlice(specifier, 5));
};
internals.setModuleLoader(realm.loadNode);

defineValue(global, 'self', global, true);
