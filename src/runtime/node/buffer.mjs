// buffer.mjs - node:buffer: unenv's, which is feross/buffer, with base64url and what the platform has itself.
import * as base from 'unenv/node/internal/buffer/buffer';
import { coded, invalidType } from './errors.mjs';
import host from './host.mjs';

export const { Buffer, kMaxLength, INSPECT_MAX_BYTES, SlowBuffer } = base;
const isUrl = (encoding) => typeof encoding === 'string' && encoding.length === 9 && encoding.toLowerCase() === 'base64url';

const { from, isEncoding, byteLength } = Buffer;
const { toString, write, fill, indexOf, lastIndexOf, includes } = Buffer.prototype;
const plain = (encoding) => (isUrl(encoding) ? 'base64' : encoding);
const define = (object, name, value) => Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });

define(Buffer, 'from', function (value, encoding, length) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'string' && typeof value !== 'function')) {
        throw invalidType('first argument', 'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', value);
    }
    return from(value, typeof value === 'string' ? plain(encoding) : encoding, length);
});
define(Buffer, 'isEncoding', (encoding) => isUrl(encoding) || isEncoding(encoding));
define(Buffer, 'byteLength', (value, encoding) => byteLength(value, plain(encoding)));
define(Buffer.prototype, 'toString', function (encoding, start, end) {
    if (!isUrl(encoding)) return toString.call(this, encoding, start, end);
    return toString.call(this, 'base64', start, end).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
});
define(Buffer.prototype, 'write', function (text, offset, length, encoding) {
    if (typeof offset === 'string') return write.call(this, text, plain(offset));
    if (typeof length === 'string') return write.call(this, text, offset, plain(length));
    return write.call(this, text, offset, length, plain(encoding));
});
define(Buffer.prototype, 'fill', function (value, start, end, encoding) {
    if (typeof start === 'string') return fill.call(this, value, plain(start));
    if (typeof end === 'string') return fill.call(this, value, start, plain(end));
    return fill.call(this, value, start, end, plain(encoding));
});
for (const [name, method] of Object.entries({ indexOf, lastIndexOf, includes })) {
    define(Buffer.prototype, name, function (value, offset, encoding) {
        return typeof offset === 'string' ? method.call(this, value, plain(offset)) : method.call(this, value, offset, plain(encoding));
    });
}
const asBuffer = (value) => (value instanceof Uint8Array && !Buffer.isBuffer(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value);
const { equals, compare } = Buffer.prototype;
define(Buffer.prototype, 'equals', function (other) { return equals.call(this, asBuffer(other)); });
define(Buffer.prototype, 'compare', function (other, ...range) { return compare.call(this, asBuffer(other), ...range); });
define(Buffer, 'copyBytesFrom', (view, offset = 0, length = view.length - offset) => {
    const part = view.subarray(offset, offset + length);
    return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
});
Buffer.poolSize = 8192;

export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 536870888 };
export const kStringMaxLength = constants.MAX_STRING_LENGTH;
export const { atob, btoa, Blob, File } = globalThis;
export const isUtf8 = (input) => host.isUtf8(input);
export function isAscii(input) {
    const bytes = ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
    return bytes.every((byte) => byte < 128);
}
export function transcode(source, fromEncoding, toEncoding) {
    if (!Buffer.isEncoding(fromEncoding) || !Buffer.isEncoding(toEncoding)) throw coded('ERR_UNKNOWN_ENCODING', 'Unable to transcode Buffer');
    return Buffer.from(Buffer.from(source).toString(fromEncoding), toEncoding);
}
export function resolveObjectURL() { return undefined; }

export default {
    Buffer, SlowBuffer, kMaxLength, kStringMaxLength, constants, INSPECT_MAX_BYTES, atob, btoa, Blob, File, isUtf8, isAscii, transcode, resolveObjectURL,
};
