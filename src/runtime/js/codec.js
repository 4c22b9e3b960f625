// codec: values to JSON and back, with tags for what JSON has no word for: between a program and whoever answers its calls.
//
// Spec:  none of the web: docs/executions.md; the binary tags are those of @cloudflare/codemode
// Covers / differs:  undefined in arrays, bigint, Date, Map, Set, RegExp, Error, NaN, the infinities, -0, buffers and views;
//        toJSON is honoured; functions and symbols go as JSON has it: left out, null in arrays. An object that looks like a
//        tag is wrapped, so that none can be forged
// Ops:   none
// WPT:   none; tests/runtime/codec
// Limits: DEPTH_MAX; whoever takes the text counts its bytes

'use strict';

const {
    ArrayBufferPrototypeSlice, ArrayIsArray, BigInt, DataViewPrototypeGetBuffer, DataViewPrototypeGetByteLength,
    DataViewPrototypeGetByteOffset, Date, DatePrototypeGetTime, DatePrototypeToISOString, Error, JSONParse, JSONStringify, List,
    Map, MapPrototypeSet, NumberIsFinite, ObjectIs, ObjectKeys, ObjectPrototypeHasOwnProperty, RangeError, ReflectApply, RegExp,
    RegExpPrototypeToString, Set, SetPrototypeAdd, String, StringPrototypeCharCodeAt, StringPrototypeLastIndexOf,
    StringPrototypeSlice, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength,
    TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array, defineValue, realm,
} = primordials;
const { typeOf, previewEntries } = internals;

const TAG = '__mayfly_v1__';
const BINARY = '__codemode_binary_v1__';
const DEPTH_MAX = 500; // objects in objects
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/* ---- base64 ------------------------------------------------------------------------------------ */

let pairs = null; // 12 bits -> two characters

function makePairs() {
    pairs = List();
    for (let i = 0; i < 4096; i++) {
        pairs[i] = ALPHABET[i >> 6] + ALPHABET[i & 63];
    }
}

function toBase64(bytes) {
    const size = TypedArrayPrototypeGetByteLength(bytes);
    let out = '';
    let i = 0;
    if (pairs === null) {
        makePairs();
    }
    for (; i + 2 < size; i += 3) {
        const group = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
        out += pairs[group >> 12] + pairs[group & 4095];
    }
    if (i + 1 === size) {
        out += `${pairs[bytes[i] << 4]}==`;
    } else if (i + 2 === size) {
        out += `${pairs[bytes[i] << 4 | bytes[i + 1] >> 4]}${ALPHABET[bytes[i + 1] << 2 & 63]}=`;
    }
    return out;
}

function sextet(c) {
    if (c >= 97 && c <= 122) {
        return c - 71;
    }
    if (c >= 65 && c <= 90) {
        return c - 65;
    }
    return c >= 48 && c <= 57 ? c + 4 : c === 43 ? 62 : c === 47 ? 63 : -1;
}

function fromBase64(text) {
    let end = text.length;
    while (end > 0 && text[end - 1] === '=' && text.length - end < 2) {
        end--;
    }
    const bytes = new Uint8Array(end * 3 >> 2);
    let at = 0;
    let bits = 0;
    for (let i = 0; i < end; i++) {
        const value = sextet(StringPrototypeCharCodeAt(text, i));
        if (value < 0) {
            throw new TypeError('Bytes that are not base64.');
        }
        bits = bits << 6 | value;
        if ((i & 3) !== 0) {
            bytes[at++] = bits >> (6 - 2 * (i & 3)) & 255;
        }
    }
    return bytes;
}

/* ---- to JSON ------------------------------------------------------------------------------------- */

const tagged = (kind, value) => ({ __proto__: null, [TAG]: kind, value });
const binary = (kind, bytes) => ({ __proto__: null, [BINARY]: kind, data: toBase64(bytes) });

// The bytes that a buffer or a view shows, copied; null for what is neither.
function bytesOf(value, type) {
    if (type === 'arraybuffer') {
        return binary('ArrayBuffer', new Uint8Array(ArrayBufferPrototypeSlice(value, 0)));
    }
    if (type === 'dataview') {
        const buffer = DataViewPrototypeGetBuffer(value);
        return binary('ArrayBufferView', new Uint8Array(
            buffer, DataViewPrototypeGetByteOffset(value), DataViewPrototypeGetByteLength(value)));
    }
    if (type === 'typedarray') {
        const kind = TypedArrayPrototypeGetSymbolToStringTag(value);
        return binary(kind === 'Uint8Array' ? kind : 'ArrayBufferView', new Uint8Array(
            TypedArrayPrototypeGetBuffer(value), TypedArrayPrototypeGetByteOffset(value),
            TypedArrayPrototypeGetByteLength(value)));
    }
    return null;
}

function numberOf(value) {
    return NumberIsFinite(value) && !ObjectIs(value, -0) ? value : tagged('number', ObjectIs(value, -0) ? '-0' : `${value}`);
}

// Of an error what a caller may want to know; its stack stays here.
function errorOf(value) {
    const { name, message } = realm.errors.describe(value);
    return tagged('Error', { __proto__: null, name, message });
}

function listOf(values, path) {
    const list = List();
    for (let i = 0; i < values.length; i++) {
        const plain = plainOf(values[i], `${i}`, path);
        list[i] = plain === undefined ? (values[i] === undefined ? tagged('undefined') : null) : plain;
    }
    return list;
}

function entriesOf(value, path) {
    const flat = previewEntries(value);
    const entries = List();
    for (let i = 0; i < flat.length; i += 2) {
        entries[i >> 1] = listOf([flat[i], flat[i + 1]], path);
    }
    return entries;
}

function objectOf(value, path) {
    const plain = { __proto__: null };
    const keys = ObjectKeys(value);
    let isLike = false;
    for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        const member = plainOf(value[key], key, path);
        isLike ||= key === TAG || key === BINARY;
        if (member !== undefined) {
            defineValue(plain, key, member, true);
        }
    }
    return isLike ? tagged('object', plain) : plain;
}

function refuseStreams(value) {
    if (realm.response.is(value) || realm.request.is(value)) {
        throw new TypeError('A Response or Request cannot be sent: take its text(), json() or bytes() first.');
    }
    if (realm.isReadableStream !== null && realm.isReadableStream(value)) {
        throw new TypeError('A stream cannot be sent: read it first.');
    }
}

function insideOf(value, type, path) {
    switch (type) {
        case 'map':
            return tagged('Map', entriesOf(value, path));
        case 'set':
            return tagged('Set', listOf(previewEntries(value), path));
        case 'error':
            return errorOf(value);
        case 'regexp':
            return tagged('RegExp', RegExpPrototypeToString(value));
        default:
            return ArrayIsArray(value) ? listOf(value, path) : objectOf(value, path);
    }
}

function ofObject(value, key, path) {
    const type = typeOf(value);
    const bytes = bytesOf(value, type);
    if (bytes !== null) {
        return bytes;
    }
    if (type === 'date') {
        return NumberIsFinite(DatePrototypeGetTime(value)) ? tagged('Date', DatePrototypeToISOString(value)) : null;
    }
    if (type === 'boxed') {
        return plainOf(JSONParse(JSONStringify(value) ?? 'null'), key, path);
    }
    refuseStreams(value);
    for (let i = 0; i < path.length; i++) {
        if (path[i] === value) {
            throw new TypeError('The value has a cycle.');
        }
    }
    if (path.length >= DEPTH_MAX) {
        throw new RangeError('The value is nested too deeply.');
    }
    path[path.length] = value;
    const { toJSON } = value;
    const plain = typeof toJSON === 'function'
        ? plainOf(ReflectApply(toJSON, value, [key]), key, path) : insideOf(value, type, path);
    path.length--;
    return plain;
}

// What JSON.stringify takes as it is; undefined for what is left out.
function plainOf(value, key, path) {
    switch (typeof value) {
        case 'string':
        case 'boolean':
            return value;
        case 'number':
            return numberOf(value);
        case 'bigint':
            return tagged('bigint', `${value}`);
        case 'object':
            return value === null ? null : ofObject(value, key, path);
        default:
            return undefined;
    }
}

// Text, or undefined for undefined, functions and symbols. Runs getters, toJSON and proxies of |value|; throws what they throw.
function encode(value) {
    const plain = plainOf(value, '', List());
    return plain === undefined ? undefined : JSONStringify(plain);
}

// The same for a list of our own: an array whatever stands on the prototypes of arrays.
const encodeList = (values) => JSONStringify(listOf(values, List()));

/* ---- from JSON ------------------------------------------------------------------------------------- */

function mapOf(entries) {
    const map = new Map();
    for (let i = 0; i < entries.length; i++) {
        MapPrototypeSet(map, valueOf(entries[i][0]), valueOf(entries[i][1]));
    }
    return map;
}

function setOf(values) {
    const set = new Set();
    for (let i = 0; i < values.length; i++) {
        SetPrototypeAdd(set, valueOf(values[i]));
    }
    return set;
}

function regExpOf(text) {
    const slash = StringPrototypeLastIndexOf(text, '/');
    return new RegExp(StringPrototypeSlice(text, 1, slash), StringPrototypeSlice(text, slash + 1));
}

function errorFrom({ name, message }) {
    const error = new Error(`${message}`);
    if (typeof name === 'string' && name !== 'Error') {
        defineValue(error, 'name', name, false);
    }
    return error;
}

function untag(kind, value) {
    switch (kind) {
        case 'undefined':
            return undefined;
        case 'bigint':
            return BigInt(value);
        case 'number':
            return value === '-0' ? -0 : value === 'Infinity' ? 1 / 0 : value === '-Infinity' ? -1 / 0 : 0 / 0;
        case 'Date':
            return new Date(value);
        case 'Map':
            return mapOf(value);
        case 'Set':
            return setOf(value);
        case 'RegExp':
            return regExpOf(value);
        case 'Error':
            return errorFrom(value);
        case 'object':
            return members(value);
        default:
            throw new TypeError('The value has a tag that is not known.');
    }
}

function unbinary(kind, data) {
    const bytes = fromBase64(String(data));
    return kind === 'ArrayBuffer' ? TypedArrayPrototypeGetBuffer(bytes) : bytes;
}

// JSON.parse made |object|: all of its keys are its own data, and what is written replaces it.
function members(object) {
    const keys = ObjectKeys(object);
    for (let i = 0; i < keys.length; i++) {
        defineValue(object, keys[i], valueOf(object[keys[i]]), true);
    }
    return object;
}

function valueOf(plain) {
    if (typeof plain !== 'object' || plain === null) {
        return plain;
    }
    if (ArrayIsArray(plain)) {
        for (let i = 0; i < plain.length; i++) {
            plain[i] = valueOf(plain[i]);
        }
        return plain;
    }
    if (ObjectPrototypeHasOwnProperty(plain, TAG)) {
        return untag(plain[TAG], plain.value);
    }
    if (ObjectPrototypeHasOwnProperty(plain, BINARY)) {
        return unbinary(plain[BINARY], plain.data);
    }
    return members(plain);
}

return { __proto__: null, encode, encodeList, decode: valueOf };
