// Runs src/runtime/js under node with internals made of node's own parts, so that the JavaScript can be tried without V8's C++
// side: node --expose-internals --experimental-vm-modules --no-warnings tests/runtime/node_shim.mjs main.js
// What counts is the harness (harness.c) on the real engine; this is for quick work on one file. Node 20 or later.
import { createRequire } from 'node:module';
import { randomFillSync, randomUUID } from 'node:crypto';
import { readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import types from 'node:util/types';
import v8 from 'node:v8';
import vm from 'node:vm';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { internalBinding } = require('internal/test/binding');
const util = internalBinding('util');
const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const scriptsFolder = path.join(top, 'src/runtime/js');
const bundlesFolder = process.env.MF_BUNDLES ?? path.join(top, 'build/runtime-bundles');

const EVENTS = {};
for (const [, name, number] of readFileSync(path.join(top, 'include/mayfly/runtime.h'), 'utf8').matchAll(/XX\((\w+), (\d+)\)/g)) {
    EVENTS[`EVENT_${name}`] = Number(number);
}
const ERRORS = {};
const SENTENCES = {};
for (const [, name, number] of readFileSync(path.join(top, 'include/mayfly/errors.h'), 'utf8').matchAll(/XX\((\w+), +(-\d+)/g)) {
    ERRORS[`E_${name}`] = Number(number);
    SENTENCES[Number(number)] = name;
}
const LIMITS = {};
for (const [, name, number] of readFileSync(path.join(top, 'include/mayfly/limits.h'), 'utf8').matchAll(/#define MF_(\w+) (\d+)/g)) {
    LIMITS[name] = Number(number);
}

export const constants = {
    ...EVENTS, ...ERRORS, ...LIMITS, CONSOLE_DEBUG: 0, CONSOLE_INFO: 1, CONSOLE_LOG: 2, CONSOLE_WARN: 3, CONSOLE_ERROR: 4,
};

export function manifest() {
    return readFileSync(path.join(scriptsFolder, 'MANIFEST'), 'utf8').split('\n')
        .filter((line) => line && !line.startsWith('#')).map((line) => line.split(' ')).map(([kind, name]) => ({ kind, name }));
}

function typeOf(value) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value === null ? 'null' : typeof value;
    if (types.isProxy(value)) return 'proxy';
    if (typeof value === 'function') return types.isAsyncFunction(value) ? 'asyncfunction' : 'function';
    const checks = {
        isArrayBuffer: 'arraybuffer', isSharedArrayBuffer: 'sharedarraybuffer', isDataView: 'dataview', isTypedArray: 'typedarray',
        isMap: 'map', isSet: 'set', isWeakMap: 'weakmap', isWeakSet: 'weakset', isDate: 'date', isRegExp: 'regexp',
        isPromise: 'promise', isNativeError: 'error', isGeneratorObject: 'generator', isModuleNamespaceObject: 'module',
        isBoxedPrimitive: 'boxed', isExternal: 'external', isArgumentsObject: 'arguments',
    };
    for (const check in checks) if (types[check](value)) return checks[check];
    return Array.isArray(value) ? 'array' : 'object';
}

// One isolate's worth. |host| has the calls of struct mf_runtime_calls; missing ones do nothing.
export function createIsolate(host = {}, { modules = {}, main = 'main.js', isTool = false } = {}) {
    const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
    const inside = (code) => vm.runInContext(code, context);
    inside(`if (!ArrayBuffer.prototype.transfer) {
        Object.defineProperty(ArrayBuffer.prototype, 'transfer', { value: function transfer() {
            const copy = this.slice(0); detach(this); gone.add(this); return copy; }, writable: true, configurable: true });
        Object.defineProperty(ArrayBuffer.prototype, 'detached', { get() { return gone.has(this); }, configurable: true });
        var gone = new WeakSet(), detach; }`);
    context.detach = (buffer) => structuredClone(buffer, { transfer: [buffer] });
    const list = manifest();
    const state = { dispatcher: null, rejection: null, builtins: new Map(), lazies: new Map(), starting: false, now: 1.7e12 };
    const primordials = inside('Object.create(null)');
    let isReady = false; // warm.js runs without a host
    const call = (name) => (...args) => (isReady ? host[name]?.(...args) : undefined);
    const ops = {
        log: call('log'), exception: call('exception'), timerSet: call('timerSet'), timerClear: call('timerClear'),
        respond: call('respond'), bodyWrite: call('bodyWrite'),
        bodyWriteText: (stream, text) => call('bodyWrite')(stream, new TextEncoder().encode(text)),
        bodyEnd: call('bodyEnd'), bodyAbort: call('bodyAbort'), bodyPull: call('bodyPull'), bodyCancel: call('bodyCancel'), bodyCopy: call('bodyCopy'),
        fetch(...args) {
            const error = host.fetch?.(...args) ?? constants.E_OUTBOUND_BLOCKED;
            if (error < 0) throw new (inside('Error'))(SENTENCES[error]);
        },
        fetchAbort: call('fetchAbort'), waitUntil: call('waitUntil'), finish: call('finish'), stripped: call('stripped'),
        random: (view) => void randomFillSync(view), uuid: () => randomUUID(),
    };
    const InsideUint8Array = inside('Uint8Array');
    const InsideTypeError = inside('TypeError');
    const decoders = new Map();
    const internals = {
        __proto__: null,
        ops, constants,
        setDispatcher: (fn) => void (state.dispatcher = fn),
        setRejectionHandler: (fn) => void (state.rejection = fn),
        lazy(name) {
            if (!state.lazies.has(name)) state.lazies.set(name, load(list.find((one) => one.name === name && one.kind !== 'eager')));
            return state.lazies.get(name);
        },
        define: (specifier, exports) => void state.builtins.set(specifier, exports),
        evaluateMain: () => evaluateMain(),
        isStarting: () => state.starting,
        clock: () => state.now,
        setEvalAllowed() {},
        setStackFormatter() {},
        mapPosition: () => null,
        describeError(error) {
            const stack = typeOf(error) === 'error' && Object.getOwnPropertyDescriptor(error, 'stack')?.value;
            const found = /(?:\(|at )([^()\s:]+\.js):(\d+):(\d+)/.exec(stack || '');
            return found && { module: found[1], line: Number(found[2]), column: Number(found[3]), sourceLine: '' };
        },
        previewEntries: (value) => util.previewEntries(value),
        proxyDetails: (value) => (types.isProxy(value) ? util.getProxyDetails(value, true) : undefined),
        promiseDetails: (value) => util.getPromiseDetails(value),
        constructorName: (value) => util.getConstructorName(value),
        typeOf,
        structuredClone: (value, transfer) => structuredClone(value, { transfer }),
        setCloneHandlers() {},
        setDataCloneError() {},
        utf8Encode: (text) => new InsideUint8Array(new TextEncoder().encode(text)),
        utf8EncodeInto(text, bytes) {
            const { read, written } = new TextEncoder().encodeInto(text, bytes);
            return read * 2 ** 26 + written;
        },
        utf8Decode(bytes, fatal, ignoreBom) {
            try {
                return new TextDecoder('utf-8', { fatal, ignoreBOM: ignoreBom }).decode(bytes);
            } catch {
                throw new InsideTypeError('The encoded data was not valid for encoding utf-8');
            }
        },
        isUtf8: () => true,
        asset: (name) => {
            const bytes = readFileSync(path.join(bundlesFolder, name));
            return new InsideUint8Array(bytes).buffer;
        },
        isTool: () => isTool,
    };

    function load({ kind, name }) {
        const file = kind === 'bundle' ? path.join(bundlesFolder, name) : path.join(scriptsFolder, name);
        const fn = vm.compileFunction(readFileSync(file, 'utf8'), ['internals', 'primordials'], {
            filename: `mayfly:${name}`, parsingContext: context,
        });
        return fn(internals, primordials);
    }

    const loaded = new Map();
    async function link(specifier, referrer) {
        if (state.builtins.has(specifier)) {
            const exports = state.builtins.get(specifier);
            const names = Object.keys(exports);
            return new vm.SyntheticModule(names, function () {
                for (const name of names) this.setExport(name, exports[name]);
            }, { context, identifier: specifier });
        }
        const name = path.posix.join(path.posix.dirname(referrer.identifier), specifier);
        return compile(name);
    }
    function compile(name) {
        if (!loaded.has(name)) {
            if (!(name in modules)) throw new (inside('Error'))(`No such module "${name}".`);
            loaded.set(name, new vm.SourceTextModule(modules[name], { context, identifier: name, importModuleDynamically: link }));
        }
        return loaded.get(name);
    }
    async function evaluateMain() {
        state.starting = true;
        try {
            const module = compile(main);
            await module.link(link);
            await module.evaluate();
            return module.namespace;
        } finally {
            state.starting = false;
        }
    }

    for (const one of list) if (one.kind === 'eager') load(one);
    inside('0'); // microtasks
    isReady = true;
    return {
        context, state, internals, primordials, inside,
        deliver(event, ...args) {
            state.dispatcher(constants[`EVENT_${event}`], ...args);
            inside('0');
        },
    };
}

// One run to its end on a loop of node's own: {status, statusText, headers, body, logs, exceptions, error, text}.
export async function run(modules, options = {}) {
    if (typeof modules === 'string') modules = { 'main.js': modules };
    const result = { logs: [], exceptions: [], body: Buffer.alloc(0), status: 0, headers: [], error: undefined, text: '' };
    const { promise, resolve } = Promise.withResolvers?.() ?? (() => {
        const c = {};
        c.promise = new Promise((r) => (c.resolve = r));
        return c;
    })();
    const timers = new Map();
    const body = [...(options.body === undefined ? [] : [].concat(options.body))].map((piece) => Buffer.from(piece));
    const turn = (...args) => {
        try {
            isolate.deliver(...args);
        } catch (error) {
            result.error = constants.E_INTERNAL;
            result.text = String(error?.stack ?? error);
            resolve();
        }
    };
    const host = {
        log: (method, text) => result.logs.push({ method, text }),
        exception: (name, message, stack, module, line, column) =>
            result.exceptions.push({ name, message, stack, module, line, column }),
        timerSet(id, delay) {
            clearTimeout(timers.get(id));
            timers.set(id, setTimeout(() => {
                isolate.state.now += delay;
                turn('TIMER', id);
            }, delay));
        },
        timerClear: (id) => clearTimeout(timers.get(id)),
        respond(status, statusText, headers, hasBody) {
            Object.assign(result, { status, statusText, hasBody });
            const parts = headers.split('\0');
            for (let i = 0; i + 1 < parts.length; i += 2) result.headers.push([parts[i], parts[i + 1]]);
        },
        bodyWrite(stream, bytes) {
            result.body = Buffer.concat([result.body, bytes]);
            if (options.isSlow) setImmediate(() => turn('BODY_DRAIN', stream));
            return Boolean(options.isSlow);
        },
        bodyEnd: () => (result.isBodyEnded = true),
        bodyAbort: (stream, text) => (result.aborted = text),
        bodyPull(stream) {
            setImmediate(() => {
                if (body.length === 0) turn('BODY_END', stream);
                else turn('BODY_DATA', stream, new (isolate.inside('Uint8Array'))(body.shift()));
            });
        },
        waitUntil: (count) => (result.waitUntil = count),
        finish(error, text) {
            Object.assign(result, { error, text });
            resolve();
        },
        ...options.host,
    };
    const isolate = createIsolate(host, { modules, main: options.main });
    result.isolate = isolate;
    const pump = setInterval(() => isolate.inside('0'), 1); // node's module loader settles outside
    const onRejection = (reason, promise) => {
        isolate.state.rejection?.(0, promise, reason);
        isolate.inside('0');
    };
    process.on('unhandledRejection', onRejection);
    turn(
        'START', '2026-01-01', options.flags ?? '[]', options.entrypoint ?? '', JSON.stringify(options.env ?? {}),
        JSON.stringify(options.props ?? {}), options.method ?? 'GET', options.url ?? 'https://example.com/', options.headers ?? '',
        body.length > 0,
    );
    const timeout = setTimeout(() => {
        result.text = 'timeout';
        resolve();
    }, options.timeout ?? 2000);
    await promise;
    clearTimeout(timeout);
    clearInterval(pump);
    process.off('unhandledRejection', onRejection);
    for (const timer of timers.values()) clearTimeout(timer);
    return result;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const result = await run(readFileSync(process.argv[2], 'utf8'), { isSlow: process.argv[3] === 'slow' });
    delete result.isolate;
    result.body = result.body.toString();
    console.dir(result, { depth: 6 });
}
