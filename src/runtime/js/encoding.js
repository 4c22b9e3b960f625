// TextEncoder, TextDecoder. UTF-8 is here, the other encodings are in encoding_legacy.js.
//
// Spec:  https://encoding.spec.whatwg.org/#api
// Covers / differs:  all
// Ops:   none (internals.utf8*)
// WPT:   encoding
// Limits: none

'use strict';

const {
    StringPrototypeCharCodeAt, StringPrototypeSlice, TypeError,
    TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength,
    TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet, Uint8Array, realm,
} = primordials;
const { webidl } = realm;
const { utf8Decode, utf8Encode, utf8EncodeInto } = internals;

class TextEncoder {
    #brand = true;

    get encoding() {
        return this.#brand && 'utf-8';
    }

    encode(input = '') {
        this.#brand;
        return utf8Encode(webidl.usvString(input));
    }

    encodeInto(source, destination) {
        this.#brand;
        const context = "Failed to execute 'encodeInto' on 'TextEncoder'";
        webidl.requireArguments(arguments.length, 2, context);
        const text = webidl.domString(source);
        if (!webidl.isObject(destination) || TypedArrayPrototypeGetSymbolToStringTag(destination) !== 'Uint8Array') {
            throw new TypeError(`${context}: the destination is not a Uint8Array.`);
        }
        if (TypedArrayPrototypeGetLength(destination) === 0) {
            return { read: 0, written: 0 }; // detached, perhaps
        }
        const packed = utf8EncodeInto(text, destination);
        if (typeof packed === 'number') {
            const written = packed % 67108864;
            return { read: (packed - written) / 67108864, written };
        }
        return { read: packed[0], written: packed[1] };
    }
}

// How many bytes at the end of |bytes| begin a character that is not complete yet: 0 to 3.
function incompleteTail(bytes) {
    const size = TypedArrayPrototypeGetLength(bytes);
    for (let length = 1; length <= 3 && length <= size; length++) {
        const lead = bytes[size - length];
        if (lead < 0x80) {
            return 0;
        }
        if (lead >= 0xc0) {
            const needed = lead >= 0xf5 || lead < 0xc2 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
            if (needed <= length) {
                return 0;
            }
            if (length > 1) {
                const second = bytes[size - length + 1];
                if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) || (lead === 0xf0 && second < 0x90) ||
                    (lead === 0xf4 && second > 0x8f)) {
                    return 0;
                }
            }
            return length;
        }
    }
    return 0;
}

function part(bytes, start, length) {
    return new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), TypedArrayPrototypeGetByteOffset(bytes) + start, length);
}

class TextDecoder {
    #encoding = 'utf-8';
    #legacy = null; // of any other encoding: what encoding_legacy.js made
    #isFatal = false;
    #ignoresBom = false;
    #pending = null; // bytes of a character that is not complete
    #isStreaming = false;
    #isBomSeen = false;

    constructor(label = 'utf-8', options = undefined) {
        if (label !== 'utf-8') {
            this.#encoding = internals.lazy('encoding_legacy.js').encodingOf(webidl.domString(label));
        }
        if (options !== undefined) {
            options = webidl.dictionary(options, "Failed to construct 'TextDecoder'");
            const { fatal, ignoreBOM } = options;
            this.#isFatal = !!fatal;
            this.#ignoresBom = !!ignoreBOM;
        }
        if (this.#encoding !== 'utf-8') {
            this.#legacy = internals.lazy('encoding_legacy.js').create(this.#encoding, this.#isFatal, this.#ignoresBom);
        }
    }

    get encoding() {
        return this.#encoding;
    }

    get fatal() {
        return this.#isFatal;
    }

    get ignoreBOM() {
        return this.#ignoresBom;
    }

    decode(input = undefined, options = undefined) {
        this.#isFatal;
        const context = "Failed to execute 'decode' on 'TextDecoder'";
        const bytes = input === undefined ? new Uint8Array(0) : webidl.bufferSource(input, context, true);
        const stream = options === undefined ? false : !!webidl.dictionary(options, context).stream;
        if (!stream && !this.#isStreaming && this.#legacy === null) {
            return utf8Decode(bytes, this.#isFatal, this.#ignoresBom);
        }
        return this.#decodeStream(bytes, stream);
    }

    #decodeStream(bytes, stream) {
        if (this.#legacy !== null) {
            return this.#legacy.decode(bytes, stream);
        }
        if (!this.#isStreaming) {
            this.#pending = null;
            this.#isBomSeen = false;
        }
        this.#isStreaming = stream;
        if (this.#pending !== null) {
            const pending = this.#pending;
            const joined = new Uint8Array(TypedArrayPrototypeGetLength(pending) + TypedArrayPrototypeGetLength(bytes));
            TypedArrayPrototypeSet(joined, pending);
            TypedArrayPrototypeSet(joined, bytes, TypedArrayPrototypeGetLength(pending));
            bytes = joined;
            this.#pending = null;
        }
        if (stream) {
            const tail = incompleteTail(bytes);
            if (tail > 0) {
                const kept = TypedArrayPrototypeGetLength(bytes) - tail;
                this.#pending = new Uint8Array(part(bytes, kept, tail));
                bytes = part(bytes, 0, kept);
            }
        }
        const text = utf8Decode(bytes, this.#isFatal, true);
        if (this.#ignoresBom || this.#isBomSeen || text.length === 0) {
            return text;
        }
        this.#isBomSeen = true;
        return StringPrototypeCharCodeAt(text, 0) === 0xfeff ? StringPrototypeSlice(text, 1) : text;
    }

    static {
        realm.textDecoder = { // for TextDecoderStream
            __proto__: null,
            decode: (decoder, bytes, stream) => decoder.#decodeStream(bytes ?? new Uint8Array(0), stream),
            fields: (decoder) => ({
                __proto__: null, encoding: decoder.#encoding, isFatal: decoder.#isFatal, ignoresBom: decoder.#ignoresBom,
            }),
        };
    }
}

webidl.finish(TextEncoder);
webidl.finish(TextDecoder);
realm.TextEncoder = TextEncoder;
realm.TextDecoder = TextDecoder;
