// CompressionStream, DecompressionStream
//
// Spec:  https://compression.spec.whatwg.org/
// Covers / differs:  gzip, deflate, deflate-raw and brotli. Output comes in pieces of 64 KiB at most, and while nobody reads
//        no more is made: a bomb swells no faster than it is read.
// Ops:   compressOpen, compressWrite, compressRead, compressUnused, compressClose
// WPT:   compression
// Limits: MF_COMPRESS_*; the streams' memory is counted to the run

'use strict';

const {
    FinalizationRegistry, FinalizationRegistryPrototypeRegister, RangeError, TypeError, TypedArrayPrototypeGetBuffer,
    TypedArrayPrototypeGetByteLength, Uint8Array, realm,
} = primordials;
const { webidl } = realm;
const { ops, constants } = internals;
const { inherits } = primordials;
const readable = internals.lazy('stream_readable.js');
const writable = internals.lazy('stream_writable.js');
const transforms = internals.lazy('stream_transform.js');

const FORMATS = ['gzip', 'deflate', 'deflate-raw', 'brotli']; // in the order of enum mf_compress_format
const NO_FLUSH = 0;
const FINISH = 4;
const WRITE_BYTES_MAX = constants.COMPRESS_WRITE_BYTES_MAX;
const NOTHING = new Uint8Array(0);

// Closes what a worker let go of before its end.
const abandoned = new FinalizationRegistry((handle) => ops.compressClose(handle));

function open(format, isDecoder) {
    for (let i = 0; i < FORMATS.length; i++) {
        if (FORMATS[i] === format) {
            const level = format === 'brotli' ? 5 : -1;
            const bits = format === 'brotli' ? 22 : 15;
            return ops.compressOpen(i, isDecoder, false, level, bits, 8, 0, NOTHING);
        }
    }
    throw new TypeError(`Unsupported compression format: '${format}'`);
}

// What the ops throw is a TypeError for bad data; a lack of memory stays what it is.
function failure(error) {
    return inherits(error, RangeError.prototype) ? error : new TypeError(error.message);
}

// One stream's work: write(bytes, give, wait) and end(give) as stream_transform.js asks for them.
function newWork(format, isDecoder) {
    const handle = open(format, isDecoder);
    let hasEnded = false;

    // Gives what there is until the stream wants more input; true when it has ended.
    const drain = (give) => {
        for (;;) {
            const out = ops.compressRead(handle);
            if (out === null || out === true) {
                return out === true;
            }
            if (out !== false) {
                give(out);
            }
        }
    };

    // The same, but pauses before each further piece while nobody reads.
    const drainPaced = async (give, wait) => {
        for (;;) {
            const out = ops.compressRead(handle);
            if (out === null || out === true) {
                return out === true;
            }
            if (out !== false) {
                const pause = wait();
                if (pause !== null) {
                    await pause;
                }
                give(out);
            }
        }
    };

    const writeAll = async (bytes, give, wait) => {
        const size = TypedArrayPrototypeGetByteLength(bytes);
        for (let at = 0; at < size; at += WRITE_BYTES_MAX) {
            const left = size - at;
            const piece = new Uint8Array(
                TypedArrayPrototypeGetBuffer(bytes), at, left < WRITE_BYTES_MAX ? left : WRITE_BYTES_MAX,
            );
            if (hasEnded) {
                throw new TypeError('There is more input behind the end of the compressed data.');
            }
            ops.compressWrite(handle, piece, NO_FLUSH);
            hasEnded = await drainPaced(give, wait);
            if (hasEnded && ops.compressUnused(handle) > 0) {
                throw new TypeError('There is more input behind the end of the compressed data.');
            }
        }
    };

    return {
        __proto__: null,
        handle,
        async write(bytes, give, wait) {
            try {
                await writeAll(new Uint8Array(bytes), give, wait); // A copy: a worker may change its own meanwhile.
            } catch (error) {
                ops.compressClose(handle);
                throw failure(error);
            }
        },
        end(give) {
            try {
                if (!hasEnded) {
                    ops.compressWrite(handle, NOTHING, FINISH);
                    hasEnded = drain(give);
                }
                if (!hasEnded) {
                    throw new TypeError('The compressed data ends too soon.');
                }
            } catch (error) {
                throw failure(error);
            } finally {
                ops.compressClose(handle);
            }
        },
        close() {
            ops.compressClose(handle);
        },
    };
}

function create(format, isDecoder, context) {
    const work = newWork(webidl.domString(format), isDecoder);
    const stream = transforms.create(
        (chunk, give, wait) => work.write(webidl.bufferSource(chunk, context), give, wait),
        (give) => work.end(give),
        () => work.close(),
    );
    FinalizationRegistryPrototypeRegister(abandoned, stream, work.handle);
    return stream;
}

class CompressionStream {
    #stream;

    constructor(format) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'CompressionStream'");
        this.#stream = create(format, false, 'CompressionStream');
    }

    get readable() {
        return readable.objectOf(this.#stream.readable);
    }

    get writable() {
        return writable.objectOf(this.#stream.writable);
    }
}
webidl.finish(CompressionStream);

class DecompressionStream {
    #stream;

    constructor(format) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'DecompressionStream'");
        this.#stream = create(format, true, 'DecompressionStream');
    }

    get readable() {
        return readable.objectOf(this.#stream.readable);
    }

    get writable() {
        return writable.objectOf(this.#stream.writable);
    }
}
webidl.finish(DecompressionStream);

return { __proto__: null, CompressionStream, DecompressionStream };
