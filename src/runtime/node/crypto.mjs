// crypto.mjs - node:crypto: randomness, hashes, HMAC, key derivation and comparison by the runtime's own ops; webcrypto is the global.
import { Buffer } from './buffer.mjs';
import { coded, invalidType, missing, outOfRange } from './errors.mjs';
import host, { stream } from './host.mjs';

const { Transform } = stream();
const { crypto: webcrypto } = globalThis;
export const { subtle } = webcrypto;
export const getRandomValues = (array) => webcrypto.getRandomValues(array);
export const randomUUID = () => webcrypto.randomUUID();
export { webcrypto };

const DIGESTS = { md5: 'MD5', sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512', 'sha3-256': 'SHA3-256', 'sha3-384': 'SHA3-384', 'sha3-512': 'SHA3-512' };
export const getHashes = () => Object.keys(DIGESTS);

function digestOf(name) {
    if (typeof name !== 'string') throw invalidType('algorithm', 'of type string', name);
    const known = DIGESTS[name.toLowerCase().replace(/^rsa-/, '').replace(/^sha-/, 'sha')];
    if (known === undefined) throw coded('ERR_OSSL_EVP_UNSUPPORTED', 'Digest method not supported');
    return known;
}

function bytesOf(data, encoding, name = 'data') {
    if (typeof data === 'string') return Buffer.from(data, encoding === 'buffer' ? undefined : encoding);
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    throw invalidType(name, 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}

const out = (bytes, encoding) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return encoding === undefined || encoding === 'buffer' ? buffer : buffer.toString(encoding);
};

// Both are streams too: bytes in, the digest out.
class Digester extends Transform {
    #isOver = false;
    constructor(options) { super(options); }
    _transform(chunk, encoding, done) { this.update(chunk, encoding); done(); }
    _flush(done) { this.push(this.digest()); done(); }
    update(data, encoding) {
        if (this.#isOver) throw coded('ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
        this.take(bytesOf(data, encoding));
        return this;
    }
    digest(encoding) {
        if (this.#isOver) throw coded('ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
        this.#isOver = true;
        return out(this.finish(), encoding);
    }
}

// SHA-3 has no state that could be kept as bytes: its parts are.
export class Hash extends Digester {
    #name;
    #state = new Uint8Array(0);
    #parts = [];
    constructor(name, options) { super(options); this.#name = digestOf(name); }
    get #isKept() { return this.#name.startsWith('SHA3'); }
    take(bytes) { if (this.#isKept) this.#parts.push(bytes.slice()); else this.#state = host.digestUpdate(this.#name, this.#state, bytes); }
    finish() { return this.#isKept ? host.digest(this.#name, Buffer.concat(this.#parts)) : host.digestFinal(this.#name, this.#state); }
    copy(options) {
        const copy = new Hash(this.#name.toLowerCase().replace(/^sha-/, 'sha'), options);
        copy.#state = this.#state.slice();
        copy.#parts = [...this.#parts];
        return copy;
    }
}

// RFC 2104, for the digests that the op does not take.
const BLOCKS = { 'SHA3-256': 136, 'SHA3-384': 104, 'SHA3-512': 72 };
function hmacOf(name, key, data) {
    if (BLOCKS[name] === undefined) return host.hmac(name, key, data);
    const padded = Buffer.alloc(BLOCKS[name]);
    padded.set(key.length > padded.length ? host.digest(name, key) : key);
    const inner = host.digest(name, Buffer.concat([padded.map((byte) => byte ^ 0x36), data]));
    return host.digest(name, Buffer.concat([padded.map((byte) => byte ^ 0x5c), inner]));
}

export class Hmac extends Digester {
    #name;
    #key;
    #parts = [];
    constructor(name, key, options) { super(options); this.#name = digestOf(name); this.#key = bytesOf(key, options?.encoding, 'key'); }
    take(bytes) { this.#parts.push(bytes.slice()); }
    finish() { return hmacOf(this.#name, this.#key, Buffer.concat(this.#parts)); }
}

export const createHash = (name, options) => new Hash(name, options);
export const createHmac = (name, key, options) => new Hmac(name, key, options);
export const hash = (name, data, encoding = 'hex') => createHash(name).update(data).digest(encoding);

export function timingSafeEqual(a, b) {
    const x = bytesOf(a, undefined, 'buf1'), y = bytesOf(b, undefined, 'buf2');
    if (x.byteLength !== y.byteLength) throw coded('ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length', RangeError);
    return host.equal(x, y);
}

const PIECE = 65536;
export function randomFillSync(buffer, offset = 0, size = buffer.byteLength - offset) {
    const bytes = ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
    if (offset < 0 || offset > bytes.length) throw outOfRange('offset', `>= 0 && <= ${bytes.length}`, offset);
    if (size < 0 || offset + size > bytes.length) throw outOfRange('size + offset', `<= ${bytes.length}`, size + offset);
    for (let at = offset; at < offset + size; at += PIECE) webcrypto.getRandomValues(bytes.subarray(at, Math.min(at + PIECE, offset + size)));
    return buffer;
}
export function randomFill(buffer, ...rest) {
    const callback = rest.pop();
    randomFillSync(buffer, ...rest);
    queueMicrotask(() => callback(null, buffer));
}
export function randomBytes(size, callback) {
    if (typeof size !== 'number') throw invalidType('size', 'of type number', size);
    if (!(size >= 0 && size <= 2147483647)) throw outOfRange('size', '>= 0 && <= 2147483647', size);
    const bytes = randomFillSync(Buffer.alloc(size));
    if (callback === undefined) return bytes;
    queueMicrotask(() => callback(null, bytes));
    return undefined;
}
export const pseudoRandomBytes = randomBytes;
export function randomInt(min, max, callback) {
    if (max === undefined || typeof max === 'function') { callback = max; max = min; min = 0; }
    const range = max - min;
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || range <= 0) throw outOfRange('max', `greater than the value of "min" (${min})`, max);
    if (range > 2 ** 48 - 1) throw outOfRange('max - min', '<= 281474976710655', range);
    const limit = 2 ** 48 - (2 ** 48 % range);
    let value;
    do { value = randomBytes(6).readUIntBE(0, 6); } while (value >= limit);
    value = min + (value % range);
    if (callback === undefined) return value;
    queueMicrotask(() => callback(null, value));
    return undefined;
}

export const pbkdf2Sync = (password, salt, iterations, length, digest) => out(host.pbkdf2(digestOf(digest), bytesOf(password, undefined, 'password'), bytesOf(salt, undefined, 'salt'), iterations, length));
export const hkdfSync = (digest, key, salt, info, length) => host.hkdf(digestOf(digest), bytesOf(key, undefined, 'ikm'), bytesOf(salt, undefined, 'salt'), bytesOf(info, undefined, 'info'), length).buffer;
const withCallback = (sync) => (...args) => {
    const callback = args.pop();
    if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
    let value;
    try { value = sync(...args); } catch (error) { queueMicrotask(() => callback(error)); return; }
    queueMicrotask(() => callback(null, value));
};
export const pbkdf2 = withCallback(pbkdf2Sync);
export const hkdf = withCallback(hkdfSync);
export const constants = {};
export const getCiphers = () => [];
export const getCurves = () => [];

const later = {};
for (const name of ['createCipheriv', 'createDecipheriv', 'createSign', 'createVerify', 'sign', 'verify', 'createPrivateKey', 'createPublicKey', 'createSecretKey', 'generateKeyPair',
    'generateKeyPairSync', 'generateKey', 'generateKeySync', 'createDiffieHellman', 'createECDH', 'diffieHellman', 'publicEncrypt', 'privateDecrypt', 'privateEncrypt', 'publicDecrypt', 'scrypt', 'scryptSync',
    'X509Certificate', 'KeyObject']) later[name] = missing(`crypto.${name}`);

export default {
    webcrypto, subtle, getRandomValues, randomUUID, getHashes, Hash, Hmac, createHash, createHmac, hash, timingSafeEqual, randomFillSync, randomFill, randomBytes, pseudoRandomBytes,
    randomInt, pbkdf2Sync, hkdfSync, pbkdf2, hkdf, constants, getCiphers, getCurves, ...later,
};
