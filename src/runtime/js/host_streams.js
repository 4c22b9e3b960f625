// host streams: bytes that come from and go to the host, by number, with its backpressure.
//
// Spec:  none: the form is our own, include/mayfly/runtime.h (MF_EVENT_BODY_*, body_*)
// Covers / differs:  no Web API; bodies and fetch stand on it
// Ops:   bodyPull, bodyCancel, bodyCopy, bodyWrite, bodyWriteText, bodyEnd, bodyAbort
// WPT:   none
// Limits: MF_STREAM_CHUNK_BYTES_MAX per write of a string; the host counts windows and totals

'use strict';

const {
    List, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, StringPrototypeCharCodeAt,
    StringPrototypeSlice, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength,
    TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeSet, Uint8Array, realm,
} = primordials;
const { ops, constants } = internals;
const CHUNK = constants.STREAM_CHUNK_BYTES_MAX;

let readers = null; // stream -> {data, end, error}: one pull that is under way
let aborted = null; // stream -> reason
let writers = null; // stream -> {drain, stop}

// What reads |stream| next; false: it was aborted before, and the reader knows.
function read(stream, reader) {
    if (aborted !== null && MapPrototypeHas(aborted, stream)) {
        reader.error(MapPrototypeGet(aborted, stream));
        return false;
    }
    readers ??= new Map();
    MapPrototypeSet(readers, stream, reader);
    return true;
}

// One pull; exactly one of reader.data(bytes), reader.end() and reader.error(error) follows, never inside this call but for
// a stream that was aborted before.
function pull(stream, reader) {
    if (read(stream, reader)) {
        ops.bodyPull(stream);
    }
}

function cancel(stream) {
    if (readers !== null) {
        MapPrototypeDelete(readers, stream);
    }
    ops.bodyCancel(stream);
}

function takeReader(stream) {
    const reader = readers === null ? undefined : MapPrototypeGet(readers, stream);
    if (reader !== undefined) {
        MapPrototypeDelete(readers, stream);
    }
    return reader;
}

function onData(stream, bytes) {
    takeReader(stream)?.data(bytes);
}

function onEnd(stream) {
    takeReader(stream)?.end();
}

function onError(stream, text) {
    takeReader(stream)?.error(new TypeError(text));
}

// The fetch that |stream| answers was aborted: whoever reads it now or later gets |reason|.
function onAborted(stream, reason) {
    aborted ??= new Map();
    MapPrototypeSet(aborted, stream, reason);
    takeReader(stream)?.error(reason);
}

// Until close(stream): writer.drain() when a write that answered true may go on, writer.stop() when nobody wants more.
function open(stream, writer) {
    writers ??= new Map();
    MapPrototypeSet(writers, stream, writer);
}

function close(stream) {
    if (writers !== null) {
        MapPrototypeDelete(writers, stream);
    }
}

function onDrain(stream) {
    const writer = writers === null ? undefined : MapPrototypeGet(writers, stream);
    writer?.drain();
}

function onStop(stream) {
    const writer = writers === null ? undefined : MapPrototypeGet(writers, stream);
    if (writer !== undefined) {
        MapPrototypeDelete(writers, stream);
        writer.stop();
    }
}

// Reads |stream| to its end: done(bytes) or fail(error).
function readAll(stream, done, fail) {
    const chunks = List();
    let total = 0;
    const reader = {
        __proto__: null,
        data(bytes) {
            chunks[chunks.length] = bytes;
            total += TypedArrayPrototypeGetByteLength(bytes);
            pull(stream, reader);
        },
        end: () => done(concat(chunks, total)),
        error: fail,
    };
    pull(stream, reader);
}

function concat(chunks, total) {
    if (chunks.length === 1) {
        return chunks[0];
    }
    const bytes = new Uint8Array(total);
    for (let i = 0, at = 0; i < chunks.length; i++) {
        TypedArrayPrototypeSet(bytes, chunks[i], at);
        at += TypedArrayPrototypeGetByteLength(chunks[i]);
    }
    return bytes;
}

// The end of a piece of |text| from |start| that does not cut a surrogate pair.
function pieceEnd(text, start) {
    const end = start + CHUNK;
    if (end >= text.length) {
        return text.length;
    }
    const last = StringPrototypeCharCodeAt(text, end - 1);
    return last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
}

// Sends pieces: write.endOf(at) says where the next one ends, write.piece(at, end) sends it and says whether the host is full.
function writePieces(stream, size, write, done, fail) {
    let at = 0;
    const step = () => {
        try {
            while (at < size) {
                const end = write.endOf(at);
                const isFull = write.piece(at, end);
                at = end;
                if (isFull && at < size) {
                    open(stream, { __proto__: null, drain: step, stop: done });
                    return;
                }
            }
            close(stream);
            ops.bodyEnd(stream);
        } catch (error) {
            close(stream);
            fail(error);
            return;
        }
        done();
    };
    step();
}

function writeText(stream, text, done, fail) {
    writePieces(stream, text.length, {
        __proto__: null,
        endOf: (at) => pieceEnd(text, at),
        piece: (at, end) => ops.bodyWriteText(
            stream, at === 0 && end === text.length ? text : StringPrototypeSlice(text, at, end),
        ),
    }, done, fail);
}

function writeBytes(stream, bytes, done, fail) {
    const size = TypedArrayPrototypeGetByteLength(bytes);
    const offset = TypedArrayPrototypeGetByteOffset(bytes);
    const buffer = TypedArrayPrototypeGetBuffer(bytes);
    writePieces(stream, size, {
        __proto__: null,
        endOf: (at) => (at + CHUNK < size ? at + CHUNK : size),
        piece: (at, end) => ops.bodyWrite(stream, new Uint8Array(buffer, offset + at, end - at)),
    }, done, fail);
}

// One chunk of a longer stream in pieces: calls next() when the host wants more, or waits(go) with what to call when it does.
function writeChunk(stream, bytes, waits, next, fail) {
    const size = TypedArrayPrototypeGetByteLength(bytes);
    const offset = TypedArrayPrototypeGetByteOffset(bytes);
    const buffer = TypedArrayPrototypeGetBuffer(bytes);
    let at = 0;
    const go = () => {
        try {
            while (at < size) {
                const end = at + CHUNK < size ? at + CHUNK : size;
                const isFull = ops.bodyWrite(stream, new Uint8Array(buffer, offset + at, end - at));
                at = end;
                if (isFull) {
                    waits(go);
                    return;
                }
            }
        } catch (error) {
            fail(error);
            return;
        }
        next();
    };
    go();
}

// From one host stream straight into another: by the host alone when it can.
function copy(from, to, done, fail) {
    const reader = {
        __proto__: null,
        data(bytes) {
            try {
                if (!ops.bodyWrite(to, bytes)) {
                    pull(from, reader);
                }
            } catch (error) {
                close(to);
                cancel(from);
                fail(error);
            }
        },
        end() {
            close(to);
            ops.bodyEnd(to);
            done();
        },
        error(error) {
            close(to);
            fail(error);
        },
    };
    open(to, {
        __proto__: null,
        drain: () => pull(from, reader),
        stop() {
            cancel(from);
            done();
        },
    });
    if (read(from, reader) && ops.bodyCopy(from, to) !== true) {
        ops.bodyPull(from);
    }
}

function forget() {
    readers = null;
    writers = null;
    aborted = null;
}

realm.hostStreams = {
    __proto__: null,
    pull, cancel, open, close, readAll, concat, writeText, writeBytes, writeChunk, copy, onAborted, onData, onEnd, onError,
    onDrain, onStop, forget,
};
