// content.mjs - between the "binary" strings of scan.mjs and what a handler sees and gives.
/* global primordials */
const { realm } = primordials;
const { TextDecoder } = realm;

const IS_ASCII = /^[\x00-\x7f]*$/;
const PIECE = 8192; // arguments of one call

export function toBinary(bytes) {
    let text = '';
    for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode.apply(null, bytes.subarray(at, at + PIECE));
    return text;
}

export function toBytes(binary) {
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) {
        const byte = binary.charCodeAt(i);
        bytes[i] = byte > 0xff ? 0x3f : byte; // U+FFFD, which the tokenizer has for NUL
    }
    return bytes;
}

// Other letters than ASCII's are bytes here, which stay.
export const lower = (text) => (/[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text);

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
export const escapeText = (text) => text.replace(/[&<>]/g, (c) => ESCAPES[c]);
export const escapeAttribute = (text) => text.replace(/"/g, '&quot;');

// How many bytes at the end of |binary| begin a character of UTF-8 that is not complete.
function unfinished(binary) {
    for (let back = 1; back <= 3 && back <= binary.length; back++) {
        const byte = binary.charCodeAt(binary.length - back);
        if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
        if (byte < 0x80) return 0;
    }
    return 0;
}

// A document's encoding.
export class Encoding {
    #label;
    #isUtf8;

    constructor(label) {
        let decoder;
        try {
            decoder = new TextDecoder(label);
        } catch {
            throw new TypeError('Parser error: Unknown character encoding has been provided.');
        }
        this.#label = decoder.encoding;
        if (/^utf-16|^iso-2022|^replacement/.test(this.#label)) throw new TypeError('Parser error: Expected ASCII-compatible encoding.');
        this.#isUtf8 = this.#label === 'utf-8';
    }

    decode(binary) {
        return IS_ASCII.test(binary) ? binary : new TextDecoder(this.#label, { ignoreBOM: true }).decode(toBytes(binary));
    }

    // What no character of another encoding than UTF-8 is known for becomes a reference.
    encode(text) {
        if (IS_ASCII.test(text)) return text;
        if (this.#isUtf8) return toBinary(new TextEncoder().encode(text));
        return text.toWellFormed().replace(/[^\x00-\x7f]/gu, (c) => `&#${c.codePointAt(0)};`);
    }

    // Where a text that may go on can be cut.
    cut(binary) {
        return this.#isUtf8 ? binary.length - unfinished(binary) : binary.length;
    }
}

// What a handler inserts: {content, isHtml}. A string is a binary one already; the body of a Response and a stream are read when their turn comes.
export function pieceOf(content, options, encoding) {
    const isHtml = Boolean(options?.html);
    if (content instanceof Response) return content.body === null ? { content: '', isHtml } : { content: content.body, isHtml };
    if (content instanceof ReadableStream) return { content, isHtml };
    const text = `${content}`;
    return { content: encoding.encode(isHtml ? text : escapeText(text)), isHtml };
}

// The strings that a streamed piece is made of. Its bytes are UTF-8.
export async function* stringsOf({ content, isHtml }, encoding) {
    const decoder = new TextDecoder();
    const out = (text) => encoding.encode(isHtml ? text : escapeText(text));
    for await (const chunk of content) {
        if (!ArrayBuffer.isView(chunk) && !(chunk instanceof ArrayBuffer)) throw new TypeError('A stream that is inserted into a document must give bytes.');
        yield out(decoder.decode(chunk, { stream: true }));
    }
    yield out(decoder.decode());
}
