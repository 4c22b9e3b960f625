// Streams: what the globals are, and what bodies, blobs and the handler need of streams.
//
// Spec:  https://streams.spec.whatwg.org/#other-specs
// Covers / differs:  the parts are in stream_*.js
// Ops:   bodyWrite, bodyEnd (through host_streams.js)
// WPT:   streams
// Limits: none

'use strict';

const { List, TypeError, TypedArrayPrototypeGetByteLength, realm } = primordials;
const { webidl, hostStreams } = realm;
const { ops } = internals;
const common = internals.lazy('stream_common.js');
const readable = internals.lazy('stream_readable.js');
const { newDeferred, noop, recordOf } = common;

const byte = () => internals.lazy('stream_byte.js');

/* ---- streams of our own -------------------------------------------------------------------- */

function closeBytes(controller) {
    byte().close(controller);
    if (controller.pulls.length > 0) {
        byte().respond(controller, 0); // a BYOB read is waiting
    }
}

// A byte stream: pull({enqueue, close, error}, done) is called when bytes are wanted; cancel() when no more are. What it gives
// is what the host's stream |host| gives, if that is a number.
function newByteStream(pull, cancel, host = undefined) {
    let record = null;
    const controller = {
        __proto__: null,
        enqueue(bytes) {
            if (TypedArrayPrototypeGetByteLength(bytes) > 0) {
                byte().enqueue(record.controller, bytes);
            }
        },
        close() {
            if (record.state === 'readable') {
                closeBytes(record.controller);
            }
        },
        error: (error) => byte().fail(record.controller, error),
    };
    record = byte().create({
        __proto__: null,
        start: noop,
        pull() {
            const { promise, resolve } = newDeferred();
            pull(controller, resolve);
            return promise;
        },
        cancel() {
            cancel();
            return undefined;
        },
    });
    record.host = host;
    return readable.objectOf(record);
}

// A byte stream that gives |bytes|, which are its own from here on, and ends.
function ofBytes(bytes) {
    let isGiven = TypedArrayPrototypeGetByteLength(bytes) === 0;
    return newByteStream((controller, done) => {
        if (!isGiven) {
            isGiven = true;
            controller.enqueue(bytes);
        }
        controller.close();
        done();
    }, noop);
}

/* ---- reading without a worker's eyes ------------------------------------------------------- */

// Reads |record| to its end: chunk(value, next), end(), error(reason). chunk calls next() to go on, at once or later.
function drain(reader, chunk, end, error) {
    let isRunning = false;
    let isWanted = false;
    const next = () => {
        isWanted = true;
        if (isRunning) {
            return; // no recursion for chunks that are there already
        }
        isRunning = true;
        while (isWanted) {
            isWanted = false;
            readable.read(reader, request);
        }
        isRunning = false;
    };
    const request = { __proto__: null, chunk: (value) => chunk(value, next), close: end, error };
    next();
}

function bytesOfChunk(chunk) {
    const bytes = webidl.bytesOf(chunk, 'A body');
    if (bytes === null) {
        throw new TypeError(typeof chunk === 'string'
            ? 'This ReadableStream gave a string, but a body is made of bytes: encode it with TextEncoder first.'
            : 'This ReadableStream gave something that is not bytes.');
    }
    return bytes;
}

// done(bytes, isFresh) or fail(error).
function readAllBytes(stream, done, fail) {
    const reader = readable.newReader(recordOf.readable(stream), false);
    const chunks = List();
    let total = 0;
    drain(reader, (value, next) => {
        let bytes;
        try {
            bytes = bytesOfChunk(value);
        } catch (error) {
            readable.cancel(reader.stream, error);
            fail(error);
            return;
        }
        chunks[chunks.length] = bytes;
        total += TypedArrayPrototypeGetByteLength(bytes);
        next();
    }, () => done(hostStreams.concat(chunks, total), chunks.length !== 1), fail);
}

// take(bytes) for each chunk, then end() or fail(error).
function eachBytes(stream, take, end, fail) {
    const reader = readable.newReader(recordOf.readable(stream), false);
    drain(reader, (value, next) => {
        let bytes;
        try {
            bytes = bytesOfChunk(value);
        } catch (error) {
            common.setHandled(readable.cancel(reader.stream, error));
            fail(error);
            return;
        }
        take(bytes);
        next();
    }, end, fail);
}

// Sends |stream| on the host's stream |number|: done() or fail(error).
function send(stream, number, done, fail) {
    const record = recordOf.readable(stream);
    const reader = readable.newReader(record, false);
    if (typeof record.host === 'number' && !record.isDisturbed) {
        record.isDisturbed = true; // Nothing was taken out of it yet: the host can do this alone.
        hostStreams.copy(record.host, number, done, fail);
        return;
    }
    let resume = noop;
    let isOver = false;
    const finish = () => {
        isOver = true;
        hostStreams.close(number);
    };
    const failWith = (error) => {
        if (!isOver) {
            finish();
            fail(error);
        }
    };
    hostStreams.open(number, {
        __proto__: null,
        drain: () => resume(),
        stop() {
            if (!isOver) {
                isOver = true;
                common.setHandled(readable.cancel(reader.stream, new TypeError('The receiver wants no more of this body.')));
                done();
            }
        },
    });
    drain(reader, (value, next) => {
        if (isOver) {
            return;
        }
        try {
            const bytes = bytesOfChunk(value);
            hostStreams.writeChunk(number, bytes, (go) => {
                resume = go;
            }, next, failWith);
        } catch (error) {
            common.setHandled(readable.cancel(reader.stream, error));
            failWith(error);
        }
    }, () => {
        if (!isOver) {
            finish();
            try {
                ops.bodyEnd(number);
            } catch (error) {
                fail(error);
                return;
            }
            done();
        }
    }, failWith);
}

// A new stream that gives what |stream| would; |stream| is locked from here on.
function proxy(stream) {
    const reader = readable.newReader(recordOf.readable(stream), false);
    let record = null;
    const algorithms = {
        __proto__: null,
        start: noop,
        pull() {
            const { promise, resolve } = newDeferred();
            readable.read(reader, {
                __proto__: null,
                chunk(value) {
                    readable.enqueueDefault(record.controller, value);
                    resolve();
                },
                close() {
                    readable.closeDefault(record.controller);
                    resolve();
                },
                error(reason) {
                    readable.failDefault(record.controller, reason);
                    resolve();
                },
            });
            return promise;
        },
        cancel: (reason) => readable.cancel(reader.stream, reason),
    };
    record = readable.createDefault(algorithms, 0);
    return readable.objectOf(record);
}

// How many bytes |stream| will give, or -1: nobody has promised.
function fixedBytes(stream) {
    const { fixedBytes: count } = recordOf.readable(stream);
    return typeof count === 'number' ? count : -1;
}

// As if it had been read to its end already.
function disturb(stream) {
    const record = recordOf.readable(stream);
    record.isDisturbed = true;
    if (record.state === 'readable') {
        record.controller.cancelSteps(undefined);
        readable.close(record);
    }
    if (record.reader === null) {
        readable.newReader(record, false);
    }
}

function tee(stream) {
    const pair = internals.lazy('stream_tee.js').tee(recordOf.readable(stream), true);
    const objects = List();
    objects[0] = readable.objectOf(pair[0]);
    objects[1] = readable.objectOf(pair[1]);
    return objects;
}

realm.streams = {
    __proto__: null,
    is: recordOf.isReadable,
    isLocked: (stream) => readable.isLocked(recordOf.readable(stream)),
    isDisturbed: (stream) => recordOf.readable(stream).isDisturbed,
    cancel: (stream, reason) => common.setHandled(readable.cancel(recordOf.readable(stream), reason)),
    newByteStream, ofBytes, readAllBytes, eachBytes, send, proxy, disturb, tee, fixedBytes,
};

return realm.streams;
