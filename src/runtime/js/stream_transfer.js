// Streams in a transfer list: a new stream takes the place of the old one, which stays locked; chunks are cloned on their way.
//
// Spec:  https://streams.spec.whatwg.org/#transferrable-streams
// Covers / differs:  all of one scope; there is no queue between the two streams
// Ops:   none
// WPT:   streams/transferable
// Limits: none

'use strict';

const { List, PromiseReject, realm } = primordials;
const { newDeferred, noop, recordOf, setHandled } = internals.lazy('stream_common.js');
const readable = internals.lazy('stream_readable.js');
const writable = internals.lazy('stream_writable.js');
const transform = internals.lazy('stream_transform.js');
const { cloneWith } = internals.lazy('structured_clone.js');

const clone = (chunk) => cloneWith(chunk, List()).value;

const { isTransform } = transform;

function moveReadable(record) {
    const reader = readable.newReader(record, false);
    let made = null;
    const fail = (reason) => readable.failDefault(made.controller, reason);
    const algorithms = {
        __proto__: null,
        start: noop,
        pull() {
            const { promise, resolve } = newDeferred();
            readable.read(reader, {
                __proto__: null,
                chunk(value) {
                    try {
                        readable.enqueueDefault(made.controller, clone(value));
                    } catch (error) {
                        fail(error);
                        setHandled(readable.cancel(reader.stream, error));
                    }
                    resolve();
                },
                close() {
                    readable.closeDefault(made.controller);
                    resolve();
                },
                error(reason) {
                    fail(reason);
                    resolve();
                },
            });
            return promise;
        },
        cancel: (reason) => readable.cancel(reader.stream, reason),
    };
    made = readable.createDefault(algorithms, 0);
    return made;
}

function moveWritable(record) {
    const writer = writable.newWriter(record);
    const made = writable.create({
        __proto__: null,
        start: noop,
        write(chunk) {
            try {
                return writable.write(writer, clone(chunk));
            } catch (error) {
                setHandled(writable.abortStream(record, error));
                return PromiseReject(error);
            }
        },
        close: () => writable.closeWithPropagation(writer),
        abort: (reason) => writable.abortStream(record, reason),
    });
    return made;
}

function isLocked(object) {
    if (isTransform(object)) {
        const record = transform.recordOf(object);
        return readable.isLocked(record.readable) || writable.isLocked(record.writable);
    }
    return recordOf.isReadable(object)
        ? readable.isLocked(recordOf.readable(object)) : writable.isLocked(writable.recordOf(object));
}

function check(object) {
    if (isLocked(object)) {
        throw realm.domException('A locked stream could not be cloned.', 'DataCloneError');
    }
}

function move(object) {
    if (recordOf.isReadable(object)) {
        return readable.objectOf(moveReadable(recordOf.readable(object)));
    }
    if (writable.isWritable(object)) {
        return writable.objectOf(moveWritable(writable.recordOf(object)));
    }
    const record = transform.recordOf(object);
    return transform.objectOf({
        __proto__: null, readable: moveReadable(record.readable), writable: moveWritable(record.writable),
    });
}

const is = (object) => recordOf.isReadable(object) || writable.isWritable(object) || isTransform(object);

return { __proto__: null, is, check, move };
