// util.mjs - node:util.
import { coded, invalidType, missing } from './errors.mjs';
import { isDeepStrictEqual } from './equal.mjs';
import host from './host.mjs';
import types from './types.mjs';

const custom = Symbol.for('nodejs.util.inspect.custom');
const promisified = Symbol.for('nodejs.util.promisify.custom');

export function inspect(value, options) { return host.inspect(value, typeof options === 'object' && options !== null ? options : undefined); }
inspect.custom = custom;
inspect.defaultOptions = { depth: 2, colors: false };
inspect.colors = {};
inspect.styles = {};
export const format = (...args) => host.format(args);
export const formatWithOptions = (options, ...args) => host.format(args);

export function promisify(original) {
    if (typeof original !== 'function') throw invalidType('original', 'of type function', original);
    if (original[promisified]) return original[promisified];
    function fn(...args) {
        return new Promise((resolve, reject) => {
            original.call(this, ...args, (error, ...values) => (error ? reject(error) : resolve(values[0])));
        });
    }
    Object.setPrototypeOf(fn, Object.getPrototypeOf(original));
    Object.defineProperty(fn, promisified, { value: fn, configurable: true });
    return Object.defineProperties(fn, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = promisified;

export function callbackify(original) {
    if (typeof original !== 'function') throw invalidType('original', 'of type function', original);
    return function (...args) {
        const callback = args.pop();
        if (typeof callback !== 'function') throw invalidType('last argument', 'of type function', callback);
        original.apply(this, args).then((value) => queueMicrotask(() => callback.call(this, null, value)),
            (reason) => queueMicrotask(() => callback.call(this, reason || coded('ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with a falsy value'))));
    };
}

const told = new Set();
export function deprecate(fn, message, code) {
    let isTold = false;
    function deprecated(...args) {
        if (!isTold && !told.has(code)) {
            isTold = true;
            if (code !== undefined) told.add(code);
            console.warn(`${code === undefined ? '' : `[${code}] `}DeprecationWarning: ${message}`);
        }
        return new.target ? Reflect.construct(fn, args, new.target) : fn.apply(this, args);
    }
    Object.setPrototypeOf(deprecated, fn);
    if (fn.prototype) deprecated.prototype = fn.prototype;
    return deprecated;
}

export function inherits(constructor, parent) {
    if (typeof constructor !== 'function') throw invalidType('ctor', 'of type function', constructor);
    if (typeof parent !== 'function') throw invalidType('superCtor', 'of type function', parent);
    Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
    Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

export function debuglog() {
    const log = () => {};
    log.enabled = false;
    return log;
}
export const debug = debuglog;
export const log = (...args) => console.log(format(...args));
export const stripVTControlCharacters = (text) => String(text).replace(/[\u001b\u009b][[\]()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]/g, '');
export const toUSVString = (text) => String(text).toWellFormed();
export const styleText = (style, text) => String(text);
export const isArray = Array.isArray;
export function aborted(signal) {
    return new Promise((resolve) => { if (signal.aborted) resolve(); else signal.addEventListener('abort', () => resolve(), { once: true }); });
}
export function _extend(target, source) { return source === null || typeof source !== 'object' ? target : Object.assign(target, source); }
export const { TextDecoder, TextEncoder } = globalThis;
export { isDeepStrictEqual, types };
export const parseArgs = missing('util.parseArgs');
export const parseEnv = missing('util.parseEnv');
export const getSystemErrorName = missing('util.getSystemErrorName');
export const getSystemErrorMap = missing('util.getSystemErrorMap');
export const MIMEType = missing('util.MIMEType');
export const MIMEParams = missing('util.MIMEParams');
export const getCallSites = missing('util.getCallSites');

export default {
    inspect, format, formatWithOptions, promisify, callbackify, deprecate, inherits, debuglog, debug, log, stripVTControlCharacters, toUSVString, styleText, isArray, aborted,
    _extend, TextDecoder, TextEncoder, isDeepStrictEqual, types, parseArgs, parseEnv, getSystemErrorName, getSystemErrorMap, MIMEType, MIMEParams, getCallSites,
};
