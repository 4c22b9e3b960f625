// webidl: conversions from script values to the types of Web IDL, and what every interface object has in common.
//
// Spec:  https://webidl.spec.whatwg.org/
// Covers / differs:  the types that this folder uses. Brands are #private fields of the classes, so a receiver of the wrong
//        kind is
//        a TypeError of the language's own making.
// Ops:   none
// WPT:   webidl, and every idlharness test
// Limits: none

'use strict';

const {
    ArrayIsArray, ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, ArrayBufferPrototypeGetResizable,
    DataViewPrototypeGetBuffer, DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset, List, MathFloor, MathAbs,
    NumberIsFinite, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ReflectApply, ReflectOwnKeys, RegExpPrototypeExec,
    StringPrototypeCharCodeAt, StringPrototypeToWellFormed, SymbolIterator, SymbolToStringTag, TypeError,
    TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset, Uint8Array, realm,
} = primordials;
const { typeOf } = internals;

const NOT_BYTES = /[^\x00-\xff]/;
const LOOKED_AT_MAX = 256; // characters: below this a loop has ended before V8 has compiled the expression

function isObject(value) {
    return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function domString(value) {
    return typeof value === 'string' ? value : `${value}`;
}

function usvString(value) {
    return StringPrototypeToWellFormed(typeof value === 'string' ? value : `${value}`);
}

function isByteString(text) {
    if (text.length > LOOKED_AT_MAX) {
        return RegExpPrototypeExec(NOT_BYTES, text) === null;
    }
    for (let i = 0; i < text.length; i++) {
        if (StringPrototypeCharCodeAt(text, i) > 0xff) {
            return false;
        }
    }
    return true;
}

function byteString(value, context) {
    const text = typeof value === 'string' ? value : `${value}`;
    if (!isByteString(text)) {
        throw new TypeError(`${context}: the value has a character above 255, which a byte string cannot hold.`);
    }
    return text;
}

// ConvertToInt for up to 53 bits. |mode| is undefined (modulo), 'enforceRange' or 'clamp'.
function integer(value, bits, isSigned, mode, context) {
    const high = isSigned ? 2 ** (bits - 1) - 1 : bits === 64 ? Number_MAX_SAFE : 2 ** bits - 1;
    const low = isSigned ? -(2 ** (bits - 1)) : 0;
    let number = +value;
    if (mode === 'enforceRange') {
        if (!NumberIsFinite(number)) {
            throw new TypeError(`${context}: the value is not a finite number.`);
        }
        number = truncate(number);
        if (number < low || number > high) {
            throw new TypeError(`${context}: the value is outside the range of ${low} to ${high}.`);
        }
        return number;
    }
    if (number !== number) {
        return 0;
    }
    if (mode === 'clamp') {
        number = number < low ? low : number > high ? high : number;
        const floor = MathFloor(number);
        const rest = number - floor;
        return (rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1) + 0;
    }
    if (!NumberIsFinite(number)) {
        return 0;
    }
    const modulus = 2 ** bits;
    number = truncate(number) % modulus;
    if (number < 0) {
        number += modulus;
    }
    return isSigned && number >= 2 ** (bits - 1) ? number - modulus : number + 0;
}

const Number_MAX_SAFE = 2 ** 53 - 1;

function truncate(number) {
    return (number < 0 ? -MathFloor(MathAbs(number)) : MathFloor(number)) + 0;
}

// A dictionary's members are read by the caller, in the order that the specification gives; undefined and null have none.
function dictionary(value, context) {
    if (value === undefined || value === null) {
        return { __proto__: null };
    }
    if (!isObject(value)) {
        throw new TypeError(`${context}: the options are not an object.`);
    }
    return value;
}

function enumeration(value, allowed, context) {
    const text = domString(value);
    for (let i = 0; i < allowed.length; i++) {
        if (allowed[i] === text) {
            return text;
        }
    }
    throw new TypeError(`${context}: '${text}' is not one of the values that are allowed here.`);
}

function callback(value, context) {
    if (typeof value !== 'function') {
        throw new TypeError(`${context}: the callback is not a function.`);
    }
    return value;
}

// The sequence behind |iterable|, each item converted as it comes. |method| is its Symbol.iterator, already looked up.
function sequence(iterable, method, convert, context) {
    const iterator = ReflectApply(method, iterable, []);
    if (!isObject(iterator)) {
        throw new TypeError(`${context}: the iterator is not an object.`);
    }
    const next = iterator.next;
    const items = List();
    for (;;) {
        const step = ReflectApply(next, iterator, []);
        if (!isObject(step)) {
            throw new TypeError(`${context}: the iterator's result is not an object.`);
        }
        if (step.done) {
            return items;
        }
        items[items.length] = convert(step.value);
    }
}

function sequenceOf(value, convert, context) {
    const method = isObject(value) ? value[SymbolIterator] : undefined;
    if (typeof method !== 'function') {
        throw new TypeError(`${context}: the value is not iterable.`);
    }
    return sequence(value, method, convert, context);
}

// record<K, V>: calls set(key, value) for each own enumerable property, in order.
function record(object, convertKey, convertValue, set) {
    const keys = ReflectOwnKeys(object);
    for (let i = 0; i < keys.length; i++) {
        const descriptor = ObjectGetOwnPropertyDescriptor(object, keys[i]);
        if (descriptor !== undefined && descriptor.enumerable) {
            const key = convertKey(keys[i]);
            set(key, convertValue(object[keys[i]]));
        }
    }
}

// A pair of a sequence<sequence<T>>.
function pair(value, convert, context) {
    const items = sequenceOf(value, convert, context);
    if (items.length !== 2) {
        throw new TypeError(`${context}: each pair must have exactly two items.`);
    }
    return items;
}

// The bytes of an ArrayBuffer or a view as a Uint8Array over the same memory, or null when |value| is neither. Runs no script.
// Shared memory is refused, or copied where the interface allows it.
function bytesOf(value, context, isSharedAllowed = false) {
    if (typeof value !== 'object' || value === null) {
        return null;
    }
    let buffer = value;
    let offset = 0;
    let length = 0;
    if (ArrayBufferIsView(value)) {
        if (typeOf(value) === 'dataview') {
            buffer = DataViewPrototypeGetBuffer(value);
            offset = DataViewPrototypeGetByteOffset(value);
            length = DataViewPrototypeGetByteLength(value);
        } else {
            buffer = TypedArrayPrototypeGetBuffer(value);
            offset = TypedArrayPrototypeGetByteOffset(value);
            length = TypedArrayPrototypeGetByteLength(value);
        }
    }
    const kind = typeOf(buffer);
    if (kind === 'sharedarraybuffer' && isSharedAllowed) {
        return new Uint8Array(buffer === value ? new Uint8Array(buffer) : new Uint8Array(buffer, offset, length));
    }
    if (kind === 'sharedarraybuffer') {
        throw new TypeError(`${context}: shared memory is not allowed here.`);
    }
    if (kind !== 'arraybuffer') {
        return null;
    }
    if (ArrayBufferPrototypeGetResizable !== undefined && ArrayBufferPrototypeGetResizable(buffer)) {
        throw new TypeError(`${context}: a resizable ArrayBuffer is not allowed here.`);
    }
    if (ArrayBufferPrototypeGetByteLength(buffer) === 0) {
        return new Uint8Array(0); // A detached buffer has no bytes and takes no view.
    }
    return new Uint8Array(buffer, offset, buffer === value ? ArrayBufferPrototypeGetByteLength(buffer) : length);
}

// Throws unless |value| is an ArrayBuffer or a view.
function bufferSource(value, context, isSharedAllowed = false) {
    const bytes = bytesOf(value, context, isSharedAllowed);
    if (bytes === null) {
        throw new TypeError(`${context}: the value is not an ArrayBuffer or a view of one.`);
    }
    return bytes;
}

function requireArguments(count, least, context) {
    if (count < least) {
        throw new TypeError(`${context}: ${least} argument${least === 1 ? '' : 's'} required, but only ${count} present.`);
    }
}

// What is not said stays as it is.
const ENUMERABLE = { __proto__: null, enumerable: true };

// Gives |constructor| what classes lack: enumerable members, Symbol.toStringTag.
function finish(constructor, name = constructor.name) {
    const { prototype } = constructor;
    const keys = ReflectOwnKeys(prototype);
    for (let i = 0; i < keys.length; i++) {
        if (keys[i] !== 'constructor' && typeof keys[i] === 'string') {
            ObjectDefineProperty(prototype, keys[i], ENUMERABLE);
        }
    }
    const statics = ReflectOwnKeys(constructor);
    for (let i = 0; i < statics.length; i++) {
        const key = statics[i];
        if (key !== 'length' && key !== 'name' && key !== 'prototype' && typeof key === 'string') {
            ObjectDefineProperty(constructor, key, ENUMERABLE);
        }
    }
    tag(prototype, name);
    return constructor;
}

function tag(prototype, name) {
    ObjectDefineProperty(prototype, SymbolToStringTag, {
        __proto__: null, value: name, writable: false, enumerable: false, configurable: true,
    });
}

realm.webidl = {
    __proto__: null,
    isObject, domString, usvString, byteString, integer, dictionary, enumeration, callback, sequence, sequenceOf, record, pair,
    bytesOf, bufferSource, requireArguments, finish, tag, isArray: ArrayIsArray,
};
