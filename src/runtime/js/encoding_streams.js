// TextEncoderStream, TextDecoderStream
//
// Spec:  https://encoding.spec.whatwg.org/#interface-textencoderstream
// Covers / differs:  all
// Ops:   none
// WPT:   encoding/streams
// Limits: none

'use strict';

const { StringPrototypeCharCodeAt, StringPrototypeSlice, TypedArrayPrototypeGetLength, realm } = primordials;
const { webidl, TextDecoder } = realm;
const { utf8Encode } = internals;
const readable = internals.lazy('stream_readable.js');
const writable = internals.lazy('stream_writable.js');
const { create } = internals.lazy('stream_transform.js');

class TextEncoderStream {
    #stream;

    constructor() {
        let pending = ''; // a high surrogate whose other half may follow
        this.#stream = create((chunk, give) => {
            let text = pending + webidl.domString(chunk);
            pending = '';
            const last = text.length > 0 ? StringPrototypeCharCodeAt(text, text.length - 1) : 0;
            if (last >= 0xd800 && last < 0xdc00) {
                pending = text[text.length - 1];
                text = StringPrototypeSlice(text, 0, text.length - 1);
            }
            const bytes = utf8Encode(text);
            if (TypedArrayPrototypeGetLength(bytes) > 0) {
                give(bytes);
            }
        }, (give) => {
            if (pending !== '') {
                give(utf8Encode('\ufffd'));
            }
        });
    }

    get encoding() {
        this.#stream;
        return 'utf-8';
    }

    get readable() {
        return readable.objectOf(this.#stream.readable);
    }

    get writable() {
        return writable.objectOf(this.#stream.writable);
    }
}

class TextDecoderStream {
    #stream;
    #encoding;
    #isFatal;
    #ignoresBom;

    constructor(label = 'utf-8', options = undefined) {
        const decoder = new TextDecoder(label, options);
        const { decode, fields } = realm.textDecoder;
        const own = fields(decoder);
        this.#encoding = own.encoding;
        this.#isFatal = own.isFatal;
        this.#ignoresBom = own.ignoresBom;
        this.#stream = create((chunk, give) => {
            const text = decode(decoder, webidl.bufferSource(chunk, 'TextDecoderStream', true), true);
            if (text !== '') {
                give(text);
            }
        }, (give) => {
            const text = decode(decoder, undefined, false);
            if (text !== '') {
                give(text);
            }
        });
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

    get readable() {
        return readable.objectOf(this.#stream.readable);
    }

    get writable() {
        return writable.objectOf(this.#stream.writable);
    }
}

webidl.finish(TextEncoderStream);
webidl.finish(TextDecoderStream);

return { __proto__: null, TextEncoderStream, TextDecoderStream };
