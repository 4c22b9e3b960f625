// Blob, File
//
// Spec:  https://w3c.github.io/FileAPI/
// Covers / differs:  all; the bytes are in memory and slices share them
// Ops:   none
// WPT:   FileAPI/blob, FileAPI/file
// Limits: the run's memory

'use strict';

const {
    List, MathMax, MathMin, PromiseReject, PromiseResolve, ArrayBufferPrototypeSlice, StringPrototypeCharCodeAt,
    StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeToLowerCase, SymbolIterator, TypeError,
    TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset,
    TypedArrayPrototypeSet, Uint8Array, realm,
} = primordials;
const { webidl } = realm;
const { dictionary, integer, usvString } = webidl;
const { utf8Decode, utf8Encode } = internals;

function normalizeType(value) {
    const type = webidl.domString(value);
    for (let i = 0; i < type.length; i++) {
        const c = StringPrototypeCharCodeAt(type, i);
        if (c < 32 || c > 126) {
            return '';
        }
    }
    return StringPrototypeToLowerCase(type);
}

// "convert line endings to native": \r\n and \r become \n.
function nativeEndings(text) {
    let out = '';
    for (let start = 0; ;) {
        const at = StringPrototypeIndexOf(text, '\r', start);
        if (at < 0) {
            return out + StringPrototypeSlice(text, start);
        }
        out += `${StringPrototypeSlice(text, start, at)}\n`;
        start = text[at + 1] === '\n' ? at + 2 : at + 1;
    }
}

function join(parts) {
    let total = 0;
    for (let i = 0; i < parts.length; i++) {
        total += TypedArrayPrototypeGetByteLength(parts[i]);
    }
    const bytes = new Uint8Array(total);
    for (let i = 0, at = 0; i < parts.length; i++) {
        TypedArrayPrototypeSet(bytes, parts[i], at);
        at += TypedArrayPrototypeGetByteLength(parts[i]);
    }
    return bytes;
}

// The bytes of new Blob(parts, options) and its type, as |take|(bytes, type).
function build(parts, options, context, take) {
    const items = parts === undefined ? List() : sequenceOfParts(parts, context);
    options = dictionary(options, context);
    const { endings, type } = options;
    const isNative = endings !== undefined && webidl.enumeration(endings, ['transparent', 'native'], context) === 'native';
    const chunks = List();
    for (let i = 0; i < items.length; i++) {
        const item = items[i];
        chunks[i] = typeof item === 'string' ? utf8Encode(isNative ? nativeEndings(item) : item) : item;
    }
    take(join(chunks), type === undefined ? '' : normalizeType(type));
}

function sequenceOfParts(parts, context) {
    if (!webidl.isObject(parts) || typeof parts[SymbolIterator] !== 'function') {
        throw new TypeError(`${context}: the parts are not a sequence.`);
    }
    return webidl.sequenceOf(parts, (part) => {
        if (webidl.isObject(part)) {
            const bytes = webidl.bytesOf(part, context);
            if (bytes !== null) {
                return new Uint8Array(bytes);
            }
            if (realm.blob.is(part)) {
                return realm.blob.bytes(part);
            }
        }
        return usvString(part);
    }, context);
}

class Blob {
    #bytes;
    #type;

    constructor(parts = undefined, options = undefined) {
        if (parts === realm) {
            this.#bytes = options.bytes;
            this.#type = options.type;
            return;
        }
        build(parts, options, "Failed to construct 'Blob'", (bytes, type) => {
            this.#bytes = bytes;
            this.#type = type;
        });
    }

    get size() {
        return TypedArrayPrototypeGetByteLength(this.#bytes);
    }

    get type() {
        return this.#type;
    }

    slice(start = 0, end = undefined, type = '') {
        const size = TypedArrayPrototypeGetByteLength(this.#bytes);
        const from = position(start, size);
        const to = end === undefined ? size : position(end, size);
        const length = MathMax(to - from, 0);
        const bytes = new Uint8Array(
            TypedArrayPrototypeGetBuffer(this.#bytes), TypedArrayPrototypeGetByteOffset(this.#bytes) + from, length,
        );
        return newBlob(bytes, normalizeType(type));
    }

    stream() {
        return (realm.streams ?? internals.lazy('streams.js')).ofBytes(new Uint8Array(this.#bytes));
    }

    text() {
        return settle(() => utf8Decode(this.#bytes, false, true));
    }

    arrayBuffer() {
        return settle(() => {
            const start = TypedArrayPrototypeGetByteOffset(this.#bytes);
            return ArrayBufferPrototypeSlice(
                TypedArrayPrototypeGetBuffer(this.#bytes), start, start + TypedArrayPrototypeGetByteLength(this.#bytes),
            );
        });
    }

    bytes() {
        return settle(() => new Uint8Array(this.#bytes));
    }

    static {
        realm.blob = {
            __proto__: null,
            is: (value) => typeof value === 'object' && value !== null && #bytes in value,
            bytes: (blob) => blob.#bytes, // never changed by anybody
            type: (blob) => blob.#type,
            toPlain: (blob) => (realm.file.is(blob)
                ? {
                    __proto__: null,
                    bytes: blob.#bytes, type: blob.#type, name: realm.file.name(blob), lastModified: realm.file.time(blob),
                }
                : { __proto__: null, bytes: blob.#bytes, type: blob.#type }),
        };
    }
}

// A WebIDL [Clamp] long long as a place in |size| bytes.
function position(value, size) {
    const number = integer(value, 53, true, 'clamp');
    return number < 0 ? MathMax(size + number, 0) : MathMin(number, size);
}

function settle(get) {
    try {
        return PromiseResolve(get());
    } catch (error) {
        return PromiseReject(error);
    }
}

function newBlob(bytes, type) {
    return new Blob(realm, { __proto__: null, bytes, type });
}

class File extends Blob {
    #name;
    #lastModified;

    constructor(parts, name, options = undefined) {
        if (parts === realm) {
            super(parts, name);
            this.#name = name.name;
            this.#lastModified = name.lastModified;
            return;
        }
        webidl.requireArguments(arguments.length, 2, "Failed to construct 'File'");
        if (parts === undefined) {
            throw new TypeError("Failed to construct 'File': the parts are not a sequence.");
        }
        super(parts, options);
        this.#name = usvString(name);
        const { lastModified } = dictionary(options, "Failed to construct 'File'");
        this.#lastModified = lastModified === undefined ? internals.clock() : integer(lastModified, 64, true);
    }

    get name() {
        return this.#name;
    }

    get lastModified() {
        return this.#lastModified;
    }

    static {
        realm.file = {
            __proto__: null,
            is: (value) => #name in value,
            name: (file) => file.#name,
            time: (file) => file.#lastModified,
            create: (bytes, type, name, lastModified) => new File(realm, { __proto__: null, bytes, type, name, lastModified }),
        };
    }
}

webidl.finish(Blob);
webidl.finish(File);

return {
    __proto__: null,
    Blob, File,
    fromBytes: (bytes, type) => newBlob(bytes, normalizeType(type)),
    fromPlain: (plain) => (plain.name === undefined
        ? newBlob(plain.bytes, plain.type) : realm.file.create(plain.bytes, plain.type, plain.name, plain.lastModified)),
};
