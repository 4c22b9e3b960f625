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
    ArrayBufferPrototypeSlice, ArrayIsArray, BigInt, BigIntPrototypeValueOf, BooleanPrototypeValueOf, DataViewPrototypeGetBuffer,
    DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset, Date, DatePrototypeGetTime, DatePrototypeToISOString, Error,
    JSONStringify, List, Map, MapPrototypeSet, NumberIsFinite, NumberPrototypeValueOf, ObjectIs, ObjectKeys,
    ObjectPrototypeHasOwnProperty, RangeError, ReflectApply, RegExp, RegExpPrototypeExec, RegExpPrototypeToString, Set,
    SetPrototypeAdd, StringPrototypeCharCodeAt, StringPrototypeLastIndexOf, StringPrototypeSlice, StringPrototypeValueOf,
    SyntaxError, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset,
    TypedArrayPrototypeGetSymbolToStringTag, Uint8Array, defineValue, realm,
} = primordials;
const { typeOf, previewEntries, utf8Decode } = internals;

const TAG = '__mayfly_v1__';
const BINARY = '__codemode_binary_v1__';
const DEPTH_MAX = 500; // objects in objects
const PAD = 61; // "="
const BIGINT = /^-?[0-9]+$/;
const NUMBERS = { __proto__: null, NaN: 0 / 0, Infinity: 1 / 0, '-Infinity': -1 / 0, '-0': -0 };
const ERRORS = { __proto__: null, Error, RangeError, SyntaxError, TypeError };
const noToJSON = { __proto__: null };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const malformed = () => new TypeError('The value has a tag that is malformed.');

/* ---- base64 ------------------------------------------------------------------------------------ */

function toBase64(bytes) {
    const size = TypedArrayPrototypeGetByteLength(bytes);
    const out = new Uint8Array((size + 2 - (size + 2) % 3) / 3 * 4);
    let at = 0;
    for (let i = 0; i < size; i += 3) {
        const group = bytes[i] << 16 | (i + 1 < size ? bytes[i + 1] << 8 : 0) | (i + 2 < size ? bytes[i + 2] : 0);
        out[at++] = StringPrototypeCharCodeAt(ALPHABET, group >> 18);
        out[at++] = StringPrototypeCharCodeAt(ALPHABET, group >> 12 & 63);
        out[at++] = i + 1 < size ? StringPrototypeCharCodeAt(ALPHABET, group >> 6 & 63) : PAD;
        out[at++] = i + 2 < size ? StringPrototypeCharCodeAt(ALPHABET, group & 63) : PAD;
    }
    return utf8Decode(out, true, true);
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
    if ((end & 3) === 0 && end > 0 && text[end - 1] === '=') {
        end -= text[end - 2] === '=' ? 2 : 1;
    }
    if ((end & 3) === 1) {
        throw malformed();
    }
    const bytes = new Uint8Array((end * 3 - end * 3 % 4) / 4);
    let at = 0;
    let bits = 0;
    for (let i = 0; i < end; i++) {
        const value = sextet(StringPrototypeCharCodeAt(text, i));
        if (value < 0) {
            throw malformed();
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
        const plain = plainOf(values[i], `${i}`, path, false);
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
        const member = plainOf(value[key], key, path, false);
        isLike ||= key === TAG || key === BINARY;
        if (member !== undefined) {
            defineValue(plain, key, member, true);
        }
    }
    return isLike ? tagged('object', plain) : plain;
}

function refuse(value, type) {
    if (type === 'promise') {
        throw new TypeError('A promise cannot be sent: await it first.');
    }
    if (realm.response.is(value) || realm.request.is(value)) {
        throw new TypeError('A Response or Request cannot be sent: take its text(), json() or bytes() first.');
    }
    if (realm.isReadableStream !== null && realm.isReadableStream(value)) {
        throw new TypeError('A stream cannot be sent: read it first.');
    }
}

// Of new Number(1) and the like; JSON.stringify would call methods that a program can replace.
function unboxed(value) {
    const read = [NumberPrototypeValueOf, StringPrototypeValueOf, BooleanPrototypeValueOf, BigIntPrototypeValueOf];
    for (let i = 0; i < read.length; i++) {
        try {
            return read[i](value);
        } catch {
            // Not of this kind.
        }
    }
    return undefined; // a symbol
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

function enter(value, path) {
    for (let i = 0; i < path.length; i++) {
        if (path[i] === value) {
            throw new TypeError('The value has a cycle.');
        }
    }
    if (path.length >= DEPTH_MAX) {
        throw new RangeError('The value is nested too deeply.');
    }
    path[path.length] = value;
}

// toJSON is asked once, as JSON does it: not again of what it returned.
function ofObject(value, key, path, isAsked) {
    const type = typeOf(value);
    const bytes = bytesOf(value, type);
    if (bytes !== null) {
        return bytes;
    }
    if (type === 'date') {
        return NumberIsFinite(DatePrototypeGetTime(value)) ? tagged('Date', DatePrototypeToISOString(value)) : null;
    }
    if (type === 'boxed') {
        return plainOf(unboxed(value), key, path, true);
    }
    const { toJSON } = isAsked ? noToJSON : value;
    if (typeof toJSON === 'function') {
        return plainOf(ReflectApply(toJSON, value, [key]), key, path, true);
    }
    refuse(value, type);
    enter(value, path);
    const plain = insideOf(value, type, path);
    path.length--;
    return plain;
}

// What JSON.stringify takes as it is; undefined for what is left out.
function plainOf(value, key, path, isAsked) {
    switch (typeof value) {
        case 'string':
        case 'boolean':
            return value;
        case 'number':
            return numberOf(value);
        case 'bigint':
            return tagged('bigint', `${value}`);
        case 'object':
            return value === null ? null : ofObject(value, key, path, isAsked);
        default:
            return undefined;
    }
}

// Text, or undefined for undefined. Runs getters, toJSON and proxies of |value|; throws what they throw.
function encode(value) {
    if (typeof value === 'function' || typeof value === 'symbol') {
        throw new TypeError(`A ${typeof value} cannot be sent.`);
    }
    const plain = plainOf(value, '', List(), false);
    return plain === undefined ? undefined : JSONStringify(plain);
}

// What a function was called with: always a list.
function encodeArguments(args) {
    return JSONStringify(listOf(args, List()));
}

/* ---- from JSON ------------------------------------------------------------------------------------- */

function own(object, key) {
    return ObjectPrototypeHasOwnProperty(object, key) ? object[key] : undefined;
}

function listIn(value) {
    if (!ArrayIsArray(value)) {
        throw malformed();
    }
    return value;
}

function textIn(value) {
    if (typeof value !== 'string') {
        throw malformed();
    }
    return value;
}

function objectIn(value) {
    if (typeof value !== 'object' || value === null || ArrayIsArray(value)) {
        throw malformed();
    }
    return value;
}

function mapOf(entries) {
    const map = new Map();
    for (let i = 0; i < entries.length; i++) {
        const entry = listIn(entries[i]);
        if (entry.length !== 2) {
            throw malformed();
        }
        MapPrototypeSet(map, valueOf(entry[0]), valueOf(entry[1]));
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
    if (slash < 1 || text[0] !== '/') {
        throw malformed();
    }
    return new RegExp(StringPrototypeSlice(text, 1, slash), StringPrototypeSlice(text, slash + 1));
}

// An Error of the name's own kind, or one that only bears it.
function errorOfName(name, message) {
    const error = new (own(ERRORS, name) ?? Error)(message);
    if (typeof name === 'string' && !ObjectPrototypeHasOwnProperty(ERRORS, name)) {
        defineValue(error, 'name', name, false);
    }
    return error;
}

function numberFrom(text) {
    if (!ObjectPrototypeHasOwnProperty(NUMBERS, text)) {
        throw malformed();
    }
    return NUMBERS[text];
}

function bigIntFrom(text) {
    if (RegExpPrototypeExec(BIGINT, text) === null) {
        throw malformed();
    }
    return BigInt(text);
}

function untag(kind, value) {
    switch (kind) {
        case 'undefined':
            return undefined;
        case 'bigint':
            return bigIntFrom(textIn(value));
        case 'number':
            return numberFrom(textIn(value));
        case 'Date':
            return new Date(textIn(value));
        case 'Map':
            return mapOf(listIn(value));
        case 'Set':
            return setOf(listIn(value));
        case 'RegExp':
            return regExpOf(textIn(value));
        case 'Error':
            return errorOfName(own(objectIn(value), 'name'), textIn(own(value, 'message')));
        case 'object':
            return members(objectIn(value));
        default:
            throw new TypeError('The value has a tag that is not known.');
    }
}

function unbinary(kind, data) {
    const bytes = fromBase64(textIn(data));
    switch (kind) {
        case 'ArrayBuffer':
            return TypedArrayPrototypeGetBuffer(bytes);
        case 'Uint8Array':
        case 'ArrayBufferView':
            return bytes;
        default:
            throw malformed();
    }
}

// Whether |object| is a tag: nothing is in it but its marker and its value.
function isTag(object, marker, key) {
    if (!ObjectPrototypeHasOwnProperty(object, marker)) {
        return false;
    }
    const count = ObjectKeys(object).length;
    return count === 1 || (count === 2 && ObjectPrototypeHasOwnProperty(object, key));
}

// JSON.parse made |object|: all of its keys are its own data, and what is written replaces it.
function members(object) {
    const keys = ObjectKeys(object);
    for (let i = 0; i < keys.length; i++) {
        const member = object[keys[i]];
        if (typeof member === 'object' && member !== null) {
            defineValue(object, keys[i], valueOf(member), true);
        }
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
    if (isTag(plain, TAG, 'value')) {
        return untag(plain[TAG], own(plain, 'value'));
    }
    if (isTag(plain, BINARY, 'data')) {
        return unbinary(plain[BINARY], own(plain, 'data'));
    }
    return members(plain);
}

return { __proto__: null, encode, encodeArguments, decode: valueOf };
