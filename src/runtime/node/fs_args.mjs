// fs_args.mjs - what callers of node:fs give, checked as Node checks it and with its words.
import { Buffer } from 'buffer';
import { invalidType, invalidValue, outOfRange } from './errors.mjs';
import host from './host.mjs';
import constants from './fs_constants.mjs';
import { abortError } from './fs_errors.mjs';

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants;

/* ---- paths ---- */

// A string as the caller wrote it: errors name it so.
export function pathOf(value, name = 'path') {
    let path = value;
    if (path instanceof URL) path = host.load('node:url').fileURLToPath(path);
    if (path instanceof Uint8Array) path = Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString();
    if (typeof path !== 'string') throw invalidType(name, 'of type string or an instance of Buffer or URL', value);
    if (path.includes('\0')) throw invalidValue(name, path, 'must be a string, Uint8Array, or URL without null bytes');
    return path;
}

/* ---- options ---- */

function checkEncoding(encoding) {
    if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw invalidValue('encoding', encoding, 'is invalid encoding');
}

export function optionsOf(options, defaults = {}) {
    if (options === null || options === undefined || typeof options === 'function') return defaults;
    if (typeof options === 'string') options = { ...defaults, encoding: options };
    else if (typeof options !== 'object') throw invalidType('options', 'one of type string or object', options);
    checkEncoding(options.encoding);
    if (options.signal?.aborted) throw abortError(options.signal);
    return options;
}

export function objectOf(options, defaults = {}) {
    if (options === undefined) return defaults;
    if (options === null || typeof options !== 'object') throw invalidType('options', 'of type object', options);
    return { ...defaults, ...options };
}

export function booleanOf(value, name) {
    if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value);
    return value;
}

export function callbackOf(value) {
    if (typeof value !== 'function') throw invalidType('cb', 'of type function', value);
    return value;
}

// A name or a path, as |encoding| wants it.
export const textAs = (text, encoding) => (!encoding || encoding === 'utf8' || encoding === 'utf-8' ? text : encoding === 'buffer' ? Buffer.from(text) : Buffer.from(text).toString(encoding));

/* ---- numbers ---- */

export function integerOf(value, name, least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER) {
    if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
    if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
    if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
    return value;
}

export const fdOf = (value) => integerOf(value, 'fd', 0, 2147483647);

export function modeOf(value, name = 'mode', fallback = undefined) {
    if (value === undefined || value === null) {
        if (fallback === undefined) throw invalidType(name, 'of type number', value);
        return fallback;
    }
    if (typeof value === 'string') {
        if (!/^[0-7]+$/.test(value)) throw invalidValue(name, value, 'must be a 32-bit unsigned integer or an octal string');
        value = Number.parseInt(value, 8);
    }
    return integerOf(value, name, 0, 4294967295);
}

export const accessModeOf = (value) => (value === undefined || value === null ? 0 : integerOf(value, 'mode', 0, 7));

// Milliseconds; Node takes seconds, as a number or text, or a Date.
export function timeOf(value, name = 'time') {
    if (typeof value === 'string' && +value == value) return +value * 1000; // eslint-disable-line eqeqeq
    if (Number.isFinite(value)) return value < 0 ? Date.now() : value * 1000;
    if (value instanceof Date) return value.getTime();
    throw invalidType(name, 'an instance of Date or an Time in seconds', value);
}

/* ---- flags ---- */

const FLAGS = {
    r: O_RDONLY, rs: O_RDONLY | O_SYNC, 'r+': O_RDWR, 'rs+': O_RDWR | O_SYNC, w: O_TRUNC | O_CREAT | O_WRONLY, wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL, 'w+': O_TRUNC | O_CREAT | O_RDWR,
    'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL, a: O_APPEND | O_CREAT | O_WRONLY, ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL, as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
    'a+': O_APPEND | O_CREAT | O_RDWR, 'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL, 'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};
Object.assign(FLAGS, { sr: FLAGS.rs, 'sr+': FLAGS['rs+'], xw: FLAGS.wx, 'xw+': FLAGS['wx+'], xa: FLAGS.ax, 'xa+': FLAGS['ax+'], sa: FLAGS.as, 'sa+': FLAGS['as+'] });

export function flagsOf(value) {
    if (typeof value === 'number') return integerOf(value, 'flags', -2147483648, 2147483647);
    if (value === undefined || value === null) return O_RDONLY;
    if (!Object.hasOwn(FLAGS, value)) throw invalidValue('flags', value);
    return FLAGS[value];
}

/* ---- bytes ---- */

export const viewOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

// The bytes of what is written as a whole.
export function dataOf(data, encoding) {
    if (ArrayBuffer.isView(data)) return viewOf(data);
    if (typeof data === 'string') return encoding && encoding !== 'utf8' && encoding !== 'utf-8' ? Buffer.from(data, encoding) : new TextEncoder().encode(data);
    throw invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}

export function bufferOf(buffer, name = 'buffer', expected = 'an instance of Buffer, TypedArray, or DataView') {
    if (!ArrayBuffer.isView(buffer)) throw invalidType(name, expected, buffer);
    return viewOf(buffer);
}

export function buffersOf(buffers) {
    if (!Array.isArray(buffers)) throw invalidType('buffers', 'an instance of ArrayBufferView[]', buffers);
    return buffers.map((one) => { if (!ArrayBuffer.isView(one)) throw invalidType('buffers', 'an instance of ArrayBufferView[]', buffers); return viewOf(one); });
}

// Null: where the file stands.
export function positionOf(value) {
    if (value === undefined || value === null) return null;
    if (typeof value === 'bigint') return value < 0n ? null : Number(value);
    if (typeof value !== 'number') throw invalidType('position', 'of type bigint or integer', value);
    if (!Number.isInteger(value)) throw outOfRange('position', 'an integer', value);
    if (value < -1) throw outOfRange('position', `>= -1 && <= ${Number.MAX_SAFE_INTEGER}`, value);
    return value === -1 ? null : value;
}

// The part of a buffer that a read fills, and that which a write sends: Node checks the two differently.
export function partToFill(bytes, offset, length) {
    if (offset === undefined || offset === null) offset = 0;
    else integerOf(offset, 'offset', 0);
    if (length === undefined || length === null) length = bytes.length - offset;
    else integerOf(length, 'length', 0);
    if (length === 0) return bytes.subarray(0, 0);
    if (bytes.length === 0) throw invalidValue('buffer', bytes, 'is empty and cannot be written');
    if (offset + length > bytes.length) throw outOfRange('length', `<= ${bytes.length - offset}`, length);
    return bytes.subarray(offset, offset + length);
}

export function partToSend(bytes, offset, length) {
    if (offset === undefined || offset === null) offset = 0;
    else integerOf(offset, 'offset', 0);
    if (typeof length !== 'number') length = bytes.length - offset;
    if (offset > bytes.length) throw outOfRange('offset', `<= ${bytes.length}`, offset);
    if (length > bytes.length - offset) throw outOfRange('length', `<= ${bytes.length - offset}`, length);
    return bytes.subarray(offset, offset + integerOf(length, 'length', 0));
}
