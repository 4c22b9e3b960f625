// zlib.mjs - node:zlib: gzip, deflate and brotli by the runtime's own ops, at once, with a callback, and as streams.
import { Buffer } from './buffer.mjs';
import { coded, invalidType, missing, outOfRange } from './errors.mjs';
import host, { stream } from './host.mjs';

const { Transform } = stream();

const FORMATS = { gzip: 0, deflate: 1, deflateRaw: 2, brotli: 3, unzip: 4 };
const CODES = {
    Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6,
};
export const constants = {
    ...CODES, Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5, Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9,
    Z_DEFAULT_COMPRESSION: -1, Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_DEFAULT_STRATEGY: 0, Z_DEFAULT_WINDOWBITS: 15, Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15,
    Z_MIN_LEVEL: -1, Z_MAX_LEVEL: 9, Z_DEFAULT_LEVEL: -1, Z_DEFAULT_MEMLEVEL: 8, Z_MIN_MEMLEVEL: 1, Z_MAX_MEMLEVEL: 9, Z_DEFAULT_CHUNK: 16384, Z_MIN_CHUNK: 64, Z_MAX_CHUNK: Infinity,
    DEFLATE: 1, INFLATE: 2, GZIP: 3, GUNZIP: 4, DEFLATERAW: 5, INFLATERAW: 6, UNZIP: 7, BROTLI_DECODE: 8, BROTLI_ENCODE: 9, BROTLI_OPERATION_PROCESS: 0, BROTLI_OPERATION_FLUSH: 1,
    BROTLI_OPERATION_FINISH: 2, BROTLI_PARAM_MODE: 0, BROTLI_MODE_GENERIC: 0, BROTLI_MODE_TEXT: 1, BROTLI_MODE_FONT: 2, BROTLI_PARAM_QUALITY: 1, BROTLI_MIN_QUALITY: 0,
    BROTLI_MAX_QUALITY: 11, BROTLI_DEFAULT_QUALITY: 11, BROTLI_PARAM_LGWIN: 2, BROTLI_MIN_WINDOW_BITS: 10, BROTLI_MAX_WINDOW_BITS: 24, BROTLI_DEFAULT_WINDOW: 22, BROTLI_PARAM_SIZE_HINT: 5,
};
export const codes = { ...CODES, ...Object.fromEntries(Object.entries(CODES).map(([name, number]) => [number, name])) };
const nameOf = (number) => codes[number];

function bytesOf(data) {
    if (typeof data === 'string') return Buffer.from(data);
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    throw invalidType('buffer', 'of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer', data);
}

function within(options, name, fallback, least, most) {
    const value = options[name];
    if (value === undefined) return fallback;
    if (typeof value !== 'number') throw invalidType(`options.${name}`, 'of type number', value);
    if (!(value >= least && value <= most)) throw outOfRange(`options.${name}`, `>= ${least} and <= ${most}`, value);
    return value;
}

const NOTHING = new Uint8Array(0);

// One stream of the host's.
class Engine {
    #handle;
    hasEnded = false;

    constructor(format, isDecoder, options = {}) {
        const isBrotli = format === FORMATS.brotli;
        const params = isBrotli ? options.params ?? {} : {};
        const level = isBrotli ? params[constants.BROTLI_PARAM_QUALITY] ?? 11 : within(options, 'level', -1, -1, 9);
        const bits = isBrotli ? params[constants.BROTLI_PARAM_LGWIN] ?? 22 : within(options, 'windowBits', 15, isDecoder ? 0 : 8, 15) || 15;
        const hasMembers = isDecoder && (format === FORMATS.gzip || format === FORMATS.unzip);
        this.#handle = host.compressOpen(format, isDecoder, hasMembers, level, bits, within(options, 'memLevel', 8, 1, 9), isBrotli ? params[constants.BROTLI_PARAM_MODE] ?? 0 : within(options, 'strategy', 0, 0, 4),
            options.dictionary === undefined ? NOTHING : bytesOf(options.dictionary));
    }

    // Gives what comes of |bytes| and |flush|.
    write(bytes, flush, give) {
        try {
            for (let at = 0; ; at += host.compressWriteMax) {
                const isLast = bytes.length - at <= host.compressWriteMax;
                if (!this.hasEnded) {
                    host.compressWrite(this.#handle, bytes.subarray(at, at + host.compressWriteMax), isLast ? flush : 0);
                    this.#drain(give);
                }
                if (isLast) return;
            }
        } catch (error) {
            if (error.code === undefined) {
                const number = host.compressCode(this.#handle);
                error = coded(nameOf(number) ?? 'Z_DATA_ERROR', error.message);
                error.errno = number;
            }
            this.close();
            throw error;
        }
    }

    #drain(give) {
        for (;;) {
            const out = host.compressRead(this.#handle);
            if (out === null) return;
            if (out === true) { this.hasEnded = true; return; }
            if (out !== false) give(Buffer.from(out.buffer, out.byteOffset, out.byteLength));
        }
    }

    params(level, strategy) { host.compressParams(this.#handle, level, strategy); }
    reset() { host.compressReset(this.#handle); this.hasEnded = false; }
    close() { host.compressClose(this.#handle); }
}

function tooShort() {
    const error = coded('Z_BUF_ERROR', 'unexpected end of file');
    error.errno = -5;
    return error;
}

function atOnce(format, isDecoder, data, options = {}) {
    const bytes = bytesOf(data);
    const most = options.maxOutputLength ?? Infinity;
    const engine = new Engine(format, isDecoder, options);
    const parts = [];
    let size = 0;
    try {
        engine.write(bytes, options.finishFlush ?? 4, (part) => {
            size += part.length;
            if (size > most) throw coded('ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${most} bytes`, RangeError);
            parts.push(part);
        });
        if (isDecoder && !engine.hasEnded && (options.finishFlush === undefined || options.finishFlush === 4)) throw tooShort();
    } finally {
        engine.close();
    }
    return Buffer.concat(parts);
}

class Zlib extends Transform {
    #engine;
    #isDecoder;
    #options;
    bytesWritten = 0;

    constructor(format, isDecoder, options = {}) {
        super({ ...options, transform: undefined });
        this.#engine = new Engine(format, isDecoder, options);
        this.#isDecoder = isDecoder;
        this.#options = options;
    }
    #write(bytes, flush, done) {
        try {
            this.#engine.write(bytes, flush, (part) => this.push(part));
        } catch (error) {
            done(error);
            return;
        }
        done();
    }
    _transform(chunk, encoding, done) {
        this.bytesWritten += chunk.length;
        this.#write(bytesOf(chunk), this.#options.flush ?? 0, done);
    }
    _flush(done) {
        this.#write(NOTHING, this.#options.finishFlush ?? 4, (error) => {
            const isShort = !error && this.#isDecoder && !this.#engine.hasEnded && (this.#options.finishFlush ?? 4) === 4;
            this.#engine.close();
            done(error ?? (isShort ? tooShort() : undefined));
        });
    }
    _destroy(error, done) { this.#engine.close(); done(error); }
    flush(kind, callback) {
        if (typeof kind === 'function') { callback = kind; kind = 3; }
        this.#write(NOTHING, kind, (error) => { if (error) this.destroy(error); else if (callback) queueMicrotask(callback); });
    }
    params(level, strategy, callback) {
        this.#write(NOTHING, 2, () => {});
        this.#engine.params(level, strategy);
        queueMicrotask(callback);
    }
    reset() { this.#engine.reset(); }
    close(callback) {
        if (callback) this.once('close', callback);
        this.destroy();
    }
}

const KINDS = {
    Gzip: ['gzip', false], Gunzip: ['gzip', true], Deflate: ['deflate', false], Inflate: ['deflate', true], DeflateRaw: ['deflateRaw', false], InflateRaw: ['deflateRaw', true],
    Unzip: ['unzip', true], BrotliCompress: ['brotli', false], BrotliDecompress: ['brotli', true],
};
const zlib = { constants, codes, crc32: (data, before = 0) => host.crc32(bytesOf(data), before) };
for (const [name, [format, isDecoder]] of Object.entries(KINDS)) {
    const Kind = { [name]: class extends Zlib { constructor(options) { super(FORMATS[format], isDecoder, options); } } }[name];
    const small = name[0].toLowerCase() + name.slice(1);
    zlib[name] = Kind;
    zlib[`create${name}`] = (options) => new Kind(options);
    zlib[`${small}Sync`] = (data, options) => atOnce(FORMATS[format], isDecoder, data, options);
    zlib[small] = (data, options, callback) => {
        if (typeof options === 'function') { callback = options; options = undefined; }
        if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
        const bytes = bytesOf(data);
        queueMicrotask(() => {
            let result;
            try { result = zlib[`${small}Sync`](bytes, options); } catch (error) { callback(error); return; }
            callback(null, result);
        });
    };
}
for (const name of ['ZstdCompress', 'ZstdDecompress', 'createZstdCompress', 'createZstdDecompress', 'zstdCompress', 'zstdCompressSync', 'zstdDecompress', 'zstdDecompressSync']) zlib[name] = missing(`node:zlib.${name}`);
export default zlib;
