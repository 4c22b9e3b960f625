// ReadableStream, its default reader and default controller.
//
// Spec:  https://streams.spec.whatwg.org/#rs
// Covers / differs:  all
// Ops:   none
// WPT:   streams/readable-streams
// Limits: none

'use strict';

const {
    PromiseReject, PromiseResolve, ReflectApply, RangeError, TypeError, ObjectDefineProperty, SymbolAsyncIterator, react,
    realm,
} = primordials;
const { webidl } = realm;
const common = internals.lazy('stream_common.js');
const {
    callOrResolve, chain, newDeferred, newQueue, promised, push, recordOf, rejectedDeferred, resolvedDeferred, setHandled,
    shift,
} = common;

/* ---- the stream ---------------------------------------------------------------------------- */

function newRecord() {
    return {
        __proto__: null,
        object: null, state: 'readable', reader: null, storedError: undefined, isDisturbed: false, controller: null,
    };
}

// The stream of |record|, made at first need.
function objectOf(record) {
    record.object ??= new ReadableStream(realm, record);
    return record.object;
}

const isLocked = (stream) => stream.reader !== null;
const hasDefaultReader = (stream) => stream.reader !== null && !stream.reader.isByob;
const hasByobReader = (stream) => stream.reader !== null && stream.reader.isByob;
const requestsCount = (stream) => stream.reader.requests.length;

function close(stream) {
    stream.state = 'closed';
    const { reader } = stream;
    if (reader === null) {
        return;
    }
    reader.closed.resolve(undefined);
    if (!reader.isByob) {
        const { requests } = reader;
        reader.requests = newQueue();
        while (requests.length > 0) {
            shift(requests).close();
        }
    }
}

function failRequests(reader, error) {
    const { requests } = reader;
    reader.requests = newQueue();
    while (requests.length > 0) {
        shift(requests).error(error);
    }
}

function fail(stream, error) {
    stream.state = 'errored';
    stream.storedError = error;
    const { reader } = stream;
    if (reader === null) {
        return;
    }
    reader.closed.reject(error);
    setHandled(reader.closed.promise);
    failRequests(reader, error);
}

function cancel(stream, reason) {
    stream.isDisturbed = true;
    if (stream.state === 'closed') {
        return PromiseResolve(undefined);
    }
    if (stream.state === 'errored') {
        return PromiseReject(stream.storedError);
    }
    close(stream);
    const { reader } = stream;
    if (reader !== null && reader.isByob) {
        const { requests } = reader;
        reader.requests = newQueue();
        while (requests.length > 0) {
            shift(requests).close(undefined);
        }
    }
    return chain(stream.controller.cancelSteps(reason), common.noop);
}

/* ---- readers ------------------------------------------------------------------------------- */

function newReader(stream, isByob) {
    if (isLocked(stream)) {
        throw new TypeError('This ReadableStream is currently locked to a reader.');
    }
    if (isByob && !stream.controller.isByte) {
        throw new TypeError('This ReadableStream does not support BYOB reads.');
    }
    const reader = { __proto__: null, isByob, stream, closed: null, requests: newQueue() };
    stream.reader = reader;
    reader.closed = stream.state === 'readable' ? newDeferred()
        : stream.state === 'closed' ? resolvedDeferred() : rejectedDeferred(stream.storedError);
    return reader;
}

function release(reader) {
    const { stream } = reader;
    const error = new TypeError('This ReadableStream reader has been released.');
    if (stream.state === 'readable') {
        reader.closed.reject(error);
        setHandled(reader.closed.promise);
    } else {
        reader.closed = rejectedDeferred(error);
    }
    stream.controller.releaseSteps();
    stream.reader = null;
    reader.stream = null;
    failRequests(reader, error);
}

// request.chunk(value), request.close() or request.error(reason), perhaps inside this call.
function read(reader, request) {
    const { stream } = reader;
    stream.isDisturbed = true;
    if (stream.state === 'closed') {
        request.close();
    } else if (stream.state === 'errored') {
        request.error(stream.storedError);
    } else {
        stream.controller.pullSteps(request);
    }
}

// A read request that settles |deferred| with an iterator result.
function resultRequest(deferred) {
    return {
        __proto__: null,
        chunk: (value) => deferred.resolve({ value, done: false }),
        close: (value = undefined) => deferred.resolve({ value, done: true }),
        error: (reason) => deferred.reject(reason),
    };
}

const released = () => new TypeError('This ReadableStream reader has been released.');

function cancelByReader(reader, reason) {
    return reader.stream === null ? PromiseReject(released()) : cancel(reader.stream, reason);
}

class ReadableStreamDefaultReader {
    #record;

    constructor(stream) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'ReadableStreamDefaultReader'");
        this.#record = newReader(recordOf.readable(stream), false);
    }

    get closed() {
        return promised(() => this.#record.closed.promise);
    }

    cancel(reason = undefined) {
        return promised(() => cancelByReader(this.#record, reason));
    }

    read() {
        return promised(() => {
            const reader = this.#record;
            if (reader.stream === null) {
                throw released();
            }
            const deferred = newDeferred();
            read(reader, resultRequest(deferred));
            return deferred.promise;
        });
    }

    releaseLock() {
        if (this.#record.stream !== null) {
            release(this.#record);
        }
    }
}
webidl.finish(ReadableStreamDefaultReader);

/* ---- the default controller ---------------------------------------------------------------- */

const canEnqueue = (controller) => !controller.isCloseRequested && controller.stream.state === 'readable';

function desiredSize(controller) {
    const { state } = controller.stream;
    return state === 'errored' ? null : state === 'closed' ? 0 : controller.highWaterMark - controller.total;
}

function shouldPull(controller) {
    const { stream } = controller;
    return canEnqueue(controller) && controller.isStarted &&
        ((isLocked(stream) && requestsCount(stream) > 0) || desiredSize(controller) > 0);
}

function pullIfNeeded(controller) {
    if (!controller.shouldPull(controller)) {
        return;
    }
    if (controller.isPulling) {
        controller.pullsAgain = true;
        return;
    }
    controller.isPulling = true;
    react(controller.pull(), () => {
        controller.isPulling = false;
        if (controller.pullsAgain) {
            controller.pullsAgain = false;
            pullIfNeeded(controller);
        }
    }, (error) => controller.fail(error));
}

function clearAlgorithms(controller) {
    controller.pull = null;
    controller.cancel = null;
    controller.size = null;
}

function closeDefault(controller) {
    if (!canEnqueue(controller)) {
        return;
    }
    controller.isCloseRequested = true;
    if (controller.queue.length === 0) {
        clearAlgorithms(controller);
        close(controller.stream);
    }
}

function enqueueDefault(controller, chunk) {
    const { stream } = controller;
    if (!canEnqueue(controller)) {
        return;
    }
    if (isLocked(stream) && requestsCount(stream) > 0) {
        shift(stream.reader.requests).chunk(chunk);
    } else {
        try {
            common.enqueueWithSize(controller, chunk, controller.size(chunk));
        } catch (error) {
            failDefault(controller, error);
            throw error;
        }
    }
    pullIfNeeded(controller);
}

function failDefault(controller, error) {
    if (controller.stream.state === 'readable') {
        common.resetQueue(controller);
        clearAlgorithms(controller);
        fail(controller.stream, error);
    }
}

// Ties a controller's record to |stream| and starts it. algorithms: {start, pull, cancel}, each on no arguments but cancel's
// reason.
function startController(controller, stream, algorithms) {
    stream.controller = controller;
    const started = algorithms.start();
    react(started, () => {
        controller.isStarted = true;
        pullIfNeeded(controller);
    }, (error) => controller.fail(error));
}

function setUpDefault(stream, algorithms, highWaterMark, size) {
    const controller = {
        __proto__: null,
        object: null, isByte: false, stream, queue: newQueue(), total: 0, isStarted: false, isCloseRequested: false,
        pullsAgain: false,
        isPulling: false, pull: algorithms.pull, cancel: algorithms.cancel, highWaterMark, size, shouldPull,
        fail: (error) => failDefault(controller, error),
        cancelSteps(reason) {
            common.resetQueue(controller);
            const result = controller.cancel(reason);
            clearAlgorithms(controller);
            return result;
        },
        pullSteps(request) {
            if (controller.queue.length === 0) {
                push(stream.reader.requests, request);
                pullIfNeeded(controller);
                return;
            }
            const chunk = common.dequeue(controller);
            if (controller.isCloseRequested && controller.queue.length === 0) {
                clearAlgorithms(controller);
                close(stream);
            } else {
                pullIfNeeded(controller);
            }
            request.chunk(chunk);
        },
        releaseSteps: common.noop,
    };
    startController(controller, stream, algorithms);
    return controller;
}

class ReadableStreamDefaultController {
    #record;

    constructor(token = undefined, record) {
        if (token !== realm) {
            common.illegal();
        }
        this.#record = record;
    }

    get desiredSize() {
        return desiredSize(this.#record);
    }

    close() {
        if (!canEnqueue(this.#record)) {
            throw new TypeError('The stream is not in a state that permits close.');
        }
        closeDefault(this.#record);
    }

    enqueue(chunk = undefined) {
        if (!canEnqueue(this.#record)) {
            throw new TypeError('The stream is not in a state that permits enqueue.');
        }
        enqueueDefault(this.#record, chunk);
    }

    error(reason = undefined) {
        failDefault(this.#record, reason);
    }
}
webidl.finish(ReadableStreamDefaultController);

/* ---- from a worker's underlying source ----------------------------------------------------- */

function readSource(source, context) {
    const { autoAllocateChunkSize, cancel: cancelFn, pull, start, type } = source === null ? { __proto__: null } : source;
    const result = {
        __proto__: null,
        source, autoAllocate: undefined, cancel: undefined, pull: undefined, start: undefined, isBytes: false,
    };
    if (autoAllocateChunkSize !== undefined) {
        result.autoAllocate = webidl.integer(autoAllocateChunkSize, 64, false, 'enforceRange', context);
    }
    result.cancel = cancelFn === undefined ? undefined : webidl.callback(cancelFn, context);
    result.pull = pull === undefined ? undefined : webidl.callback(pull, context);
    result.start = start === undefined ? undefined : webidl.callback(start, context);
    result.isBytes = type !== undefined && webidl.enumeration(type, ['bytes'], context) === 'bytes';
    return result;
}

// The algorithms of a source; object() is the controller that they are given.
function algorithmsOf(parts, object) {
    const { source, start, pull, cancel: cancelFn } = parts;
    return {
        __proto__: null,
        start: () => (start === undefined ? undefined : ReflectApply(start, source, [object()])),
        pull: () => callOrResolve(pull, source, [object()]),
        cancel: (reason) => callOrResolve(cancelFn, source, [reason]),
    };
}

function setUpFromSource(stream, parts, highWaterMark, size) {
    const algorithms = algorithmsOf(parts, () => {
        const { controller } = stream;
        controller.object ??= new ReadableStreamDefaultController(realm, controller);
        return controller.object;
    });
    setUpDefault(stream, algorithms, highWaterMark, size);
}

function createDefault(algorithms, highWaterMark = 1, size = () => 1) {
    const stream = newRecord();
    setUpDefault(stream, algorithms, highWaterMark, size);
    return stream;
}

function readPipeOptions(options, context) {
    const { preventAbort, preventCancel, preventClose, signal } = webidl.dictionary(options, context);
    if (signal !== undefined && (realm.abort === null || !realm.abort.isSignal(signal))) {
        throw new TypeError(`${context}: the signal is not an AbortSignal.`);
    }
    return {
        __proto__: null,
        preventAbort: !!preventAbort, preventCancel: !!preventCancel, preventClose: !!preventClose, signal: signal ?? null,
    };
}

const more = () => internals.lazy('stream_tee.js');
const writables = () => internals.lazy('stream_writable.js');

class ReadableStream {
    #record;

    constructor(source = undefined, strategy = undefined) {
        if (source === realm) {
            this.#record = strategy;
            return;
        }
        const context = "Failed to construct 'ReadableStream'";
        if (source !== undefined && !webidl.isObject(source)) {
            throw new TypeError(`${context}: the underlying source is not an object.`);
        }
        const wanted = common.readStrategy(strategy, context);
        const parts = readSource(source ?? null, context);
        const record = newRecord();
        this.#record = record;
        record.object = this;
        if (parts.isBytes) {
            if (wanted.size !== undefined) {
                throw new RangeError('The strategy for a byte stream cannot have a size function.');
            }
            internals.lazy('stream_byte.js').setUpFromSource(record, parts, common.highWaterMarkOf(wanted, 0));
        } else {
            setUpFromSource(record, parts, common.highWaterMarkOf(wanted, 1), common.sizeOf(wanted));
        }
    }

    static from(iterable) {
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'from' on 'ReadableStream'");
        return objectOf(more().from(iterable));
    }

    get locked() {
        return isLocked(this.#record);
    }

    cancel(reason = undefined) {
        return promised(() => {
            if (isLocked(this.#record)) {
                throw new TypeError('This ReadableStream is currently locked to a reader.');
            }
            return cancel(this.#record, reason);
        });
    }

    getReader(options = undefined) {
        this.#record;
        const { mode } = webidl.dictionary(options, "Failed to execute 'getReader' on 'ReadableStream'");
        if (mode === undefined) {
            return new ReadableStreamDefaultReader(this);
        }
        webidl.enumeration(mode, ['byob'], "Failed to execute 'getReader' on 'ReadableStream'");
        return internals.lazy('stream_byte.js').newByobReaderObject(this);
    }

    pipeThrough(transform, options = undefined) {
        const context = "Failed to execute 'pipeThrough' on 'ReadableStream'";
        const stream = this.#record;
        webidl.requireArguments(arguments.length, 1, context);
        const pair = webidl.dictionary(transform, context);
        const { readable } = pair;
        recordOf.readable(readable);
        const { writable } = pair;
        const destination = writables().recordOf(writable);
        const wanted = readPipeOptions(options, context);
        if (isLocked(stream) || writables().isLocked(destination)) {
            throw new TypeError(`${context}: one of the two streams is locked.`);
        }
        setHandled(internals.lazy('stream_pipe.js').pipe(stream, destination, wanted));
        return readable;
    }

    pipeTo(destination, options = undefined) {
        return promised(() => {
            const context = "Failed to execute 'pipeTo' on 'ReadableStream'";
            const stream = this.#record;
            webidl.requireArguments(arguments.length, 1, context);
            const target = writables().recordOf(destination);
            const wanted = readPipeOptions(options, context);
            if (isLocked(stream) || writables().isLocked(target)) {
                throw new TypeError(`${context}: one of the two streams is locked.`);
            }
            return internals.lazy('stream_pipe.js').pipe(stream, target, wanted);
        });
    }

    tee() {
        const pair = more().tee(this.#record, false);
        return [objectOf(pair[0]), objectOf(pair[1])];
    }

    values(options = undefined) {
        const stream = this.#record;
        const { preventCancel } = webidl.dictionary(options, "Failed to execute 'values' on 'ReadableStream'");
        return more().iterate(stream, !!preventCancel);
    }

    static {
        recordOf.readable = (object) => object.#record; // throws on a foreign object
        recordOf.isReadable = (object) => webidl.isObject(object) && #record in object;
    }
}
webidl.finish(ReadableStream);
realm.isReadableStream = recordOf.isReadable; // a worker can have one from here on
ObjectDefineProperty(ReadableStream.prototype, SymbolAsyncIterator, {
    __proto__: null, value: ReadableStream.prototype.values, writable: true, enumerable: false, configurable: true,
});

return {
    __proto__: null,
    ReadableStream, ReadableStreamDefaultReader, ReadableStreamDefaultController, newRecord, objectOf, isLocked,
    hasDefaultReader,
    hasByobReader, requestsCount, close, fail, cancel, newReader, release, read, resultRequest, released, cancelByReader,
    pullIfNeeded,
    startController, algorithmsOf, createDefault, enqueueDefault, closeDefault, failDefault, canEnqueue, desiredSize,
};
