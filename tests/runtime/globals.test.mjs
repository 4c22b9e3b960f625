// What a worker finds on globalThis, and that nothing else is there.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());
const run = async (code, options) => {
    const r = await harness.run(`export default { async fetch(request, env, ctx) { const out = []; ${code}; return Response.json(out) } }`, options);
    assert.equal(r.outcome, '', r.text);
    return JSON.parse(r.body);
};

const CLASSES = [
    'AbortController',
    'AbortSignal',
    'Blob',
    'ByteLengthQueuingStrategy',
    'CloseEvent',
    'CompressionStream',
    'CountQueuingStrategy',
    'Crypto',
    'CryptoKey',
    'CustomEvent',
    'DOMException',
    'DecompressionStream',
    'ErrorEvent',
    'Event',
    'EventSource',
    'EventTarget',
    'ExecutionContext',
    'File',
    'FileList',
    'FileReader',
    'FileReaderSync',
    'FixedLengthStream',
    'FormData',
    'HTMLRewriter',
    'Headers',
    'IdentityTransformStream',
    'MessageChannel',
    'MessageEvent',
    'MessagePort',
    'Navigator',
    'Performance',
    'PerformanceEntry',
    'PerformanceMark',
    'PerformanceMeasure',
    'PerformanceObserver',
    'PerformanceObserverEntryList',
    'ProgressEvent',
    'PromiseRejectionEvent',
    'QuotaExceededError',
    'ReadableByteStreamController',
    'ReadableStream',
    'ReadableStreamBYOBReader',
    'ReadableStreamBYOBRequest',
    'ReadableStreamDefaultController',
    'ReadableStreamDefaultReader',
    'Request',
    'Response',
    'SubtleCrypto',
    'TextDecoder',
    'TextDecoderStream',
    'TextEncoder',
    'TextEncoderStream',
    'TransformStream',
    'TransformStreamDefaultController',
    'URL',
    'URLPattern',
    'URLSearchParams',
    'WebSocket',
    'WebSocketPair',
    'WorkerGlobalScope',
    'WritableStream',
    'WritableStreamDefaultController',
    'WritableStreamDefaultWriter',
];
const FUNCTIONS = {
    addEventListener: 2, atob: 1, btoa: 1, clearInterval: 0, clearTimeout: 0, dispatchEvent: 1, fetch: 1, queueMicrotask: 1,
    removeEventListener: 2, reportError: 1, setInterval: 1, setTimeout: 1, structuredClone: 1,
};
// Node's: not enumerable, and loaded at their first use; tests/integration/node.test.mjs.
const NODE = ['Buffer', 'clearImmediate', 'global', 'process', 'setImmediate'];
const OBJECTS = ['Cloudflare', 'console', 'crypto', 'navigator', 'performance', 'scheduler', 'self'];

test('the names on globalThis are the language\'s and ours', async () => {
    const language = [
        'AggregateError', 'Array', 'ArrayBuffer', 'AsyncDisposableStack', 'Atomics', 'BigInt', 'BigInt64Array', 'BigUint64Array', 'Boolean', 'DataView', 'Date',
        'DisposableStack', 'Error', 'EvalError', 'FinalizationRegistry', 'Float16Array', 'Float32Array', 'Float64Array', 'Function', 'Infinity',
        'Int16Array', 'Int32Array', 'Int8Array', 'Intl', 'Iterator', 'JSON', 'Map', 'Math', 'NaN', 'Number', 'Object', 'Promise', 'Proxy',
        'RangeError', 'ReferenceError', 'Reflect', 'RegExp', 'Set', 'String', 'SuppressedError', 'Symbol', 'SyntaxError', 'TypeError',
        'URIError', 'Uint16Array', 'Uint32Array', 'Uint8Array', 'Uint8ClampedArray', 'WeakMap', 'WeakRef', 'WeakSet', 'WebAssembly', 'decodeURI',
        'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'eval', 'globalThis', 'isFinite', 'isNaN', 'parseFloat',
        'parseInt', 'undefined', 'unescape',
    ];
    const names = await run('out.push(...Object.getOwnPropertyNames(globalThis))');
    const handlers = ['onerror', 'onrejectionhandled', 'onunhandledrejection'];
    assert.deepEqual(names.filter((name) => !language.includes(name)).sort(), [...CLASSES, ...Object.keys(FUNCTIONS), ...OBJECTS, ...handlers, ...NODE].sort());
    assert.deepEqual(await run('out.push(Object.getOwnPropertySymbols(globalThis).length, typeof SharedArrayBuffer)'), [0, 'undefined']);
});

test('classes are classes: their name, their tag, not enumerable, writable', async () => {
    const rows = await run(`for (const name of ${JSON.stringify(CLASSES)}) { const C = globalThis[name]; const d = Object.getOwnPropertyDescriptor(globalThis, name);
        out.push([name, typeof C, C.name, C.prototype[Symbol.toStringTag], d.value === C, d.writable, d.enumerable, d.configurable]); }`);
    for (const row of rows) {
        assert.deepEqual(row, [row[0], 'function', row[0], row[0], true, true, false, true]);
    }
    assert.equal(rows.length, CLASSES.length);
});

test('functions and objects', async () => {
    const rows = await run(`for (const name of ${JSON.stringify(Object.keys(FUNCTIONS))}) { const f = globalThis[name];
        out.push([name, typeof f, f.name, f.length, Object.hasOwn(f, 'prototype') && name !== 'x' ? 'has prototype' : '']); }`);
    for (const [name, type, ownName, length] of rows) {
        assert.deepEqual([type, ownName, length], ['function', name, FUNCTIONS[name]], name);
    }
    assert.deepEqual(await run(`out.push(self === globalThis, String(crypto), String(performance), String(navigator), String(console), String(scheduler))`),
        [true, '[object Crypto]', '[object Performance]', '[object Navigator]', '[object console]', '[object Scheduler]']);
});

test('members are enumerable, accessors check their brand, methods need theirs', async () => {
    const rows = await run(`for (const C of [Headers, Request, Response, URL, URLSearchParams, TextEncoder, TextDecoder, Event, EventTarget, AbortSignal, AbortController,
            Blob, File, FormData, ReadableStream, WritableStream, TransformStream, DOMException, Crypto, Performance]) {
        for (const key of Object.getOwnPropertyNames(C.prototype)) { if (key === 'constructor') continue;
            const d = Object.getOwnPropertyDescriptor(C.prototype, key);
            if (!d.enumerable) out.push([C.name, key, 'not enumerable']);
            const call = d.get ?? (typeof d.value === 'function' ? d.value : null);
            if (call === null) continue;
            for (const self of [{}, Object.create(C.prototype), C.prototype, null]) {
                let result; try { result = call.call(self, 'a', 'b'); } catch (e) { if (!(e instanceof TypeError)) out.push([C.name, key, String(e)]); continue; }
                if (!(result instanceof Promise)) { out.push([C.name, key, 'answered a foreign object']); continue; }
                await result.then(() => out.push([C.name, key, 'resolved']), (e) => { if (!(e instanceof TypeError)) out.push([C.name, key, String(e)]) });
            } } }`);
    assert.deepEqual(rows, []);
});

test('constructors that nobody may call', async () => {
    const rows = await run(`for (const C of [AbortSignal, Crypto, Performance, Navigator, ExecutionContext, ReadableStreamDefaultController, WritableStreamDefaultController,
            TransformStreamDefaultController, ReadableByteStreamController, ReadableStreamBYOBRequest]) { try { new C(); out.push(C.name) } catch (e) { if (!(e instanceof TypeError)) out.push(String(e)) } }
        for (const C of [Headers, URL, Response, ReadableStream]) { try { C(); out.push(C.name) } catch (e) { if (!(e instanceof TypeError)) out.push(String(e)) } }`);
    assert.deepEqual(rows, []);
});

test('globals can be replaced and deleted like any property', async () => {
    assert.deepEqual(await run(`Blob = 1; crypto = 2; globalThis.fetch = 3; out.push(Blob, crypto, fetch, delete globalThis.URLSearchParams, typeof URLSearchParams,
        delete globalThis.EventTarget, typeof EventTarget, new URL('http://a/?b=c').searchParams.get('b'))`),
        [1, 2, 3, true, 'undefined', true, 'undefined', 'c']);
});

test('no eval, no Function; wasm from bytes', async () => {
    assert.deepEqual(await run(`for (const f of [() => eval('1'), () => new Function('return 1'), () => Object.getPrototypeOf(async function () {}).constructor('1'),
            () => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])), () => setTimeout('1'), () => new Response().constructor.constructor('return this')()]) {
        try { out.push(String(f())) } catch (e) { out.push(e.name) } }`), ['EvalError', 'EvalError', 'EvalError', '[object WebAssembly.Module]', 'TypeError', 'EvalError']);
});
