// WritableStream, its writer and its controller.
//
// Spec:  https://streams.spec.whatwg.org/#ws
// Covers / differs:  all
// Ops:   none
// WPT:   streams/writable-streams
// Limits: none

'use strict';

const { PromiseReject, PromiseResolve, RangeError, ReflectApply, TypeError, react, realm } = primordials;
const { webidl } = realm;
const common = internals.lazy('stream_common.js');
const {
    callOrResolve, newDeferred, newQueue, peek, promised, push, rejectedDeferred, resolvedDeferred, setHandled, shift,
} = common;

const CLOSE = { __proto__: null }; // in a controller's queue: close after what is before it

const abort = () => realm.abort ?? (internals.lazy('abort.js'), realm.abort);

/* ---- the stream ---------------------------------------------------------------------------- */

function newRecord() {
    return {
        __proto__: null,
        object: null, state: 'writable', storedError: undefined, writer: null, controller: null, inFlightWrite: null,
        closeRequest: null,
        inFlightClose: null, pendingAbort: null, writeRequests: newQueue(), hasBackpressure: false,
    };
}

function objectOf(record) {
    record.object ??= new WritableStream(realm, record);
    return record.object;
}

const isLocked = (stream) => stream.writer !== null;
const isClosing = (stream) => stream.closeRequest !== null || stream.inFlightClose !== null;
const isOperationInFlight = (stream) => stream.inFlightWrite !== null || stream.inFlightClose !== null;

function rejectReady(writer, error) {
    if (writer.isReadyPending) {
        writer.ready.reject(error);
        setHandled(writer.ready.promise);
    } else {
        writer.ready = rejectedDeferred(error);
    }
    writer.isReadyPending = false;
}

function rejectClosed(writer, error) {
    if (writer.isClosedPending) {
        writer.closed.reject(error);
        setHandled(writer.closed.promise);
    } else {
        writer.closed = rejectedDeferred(error);
    }
    writer.isClosedPending = false;
}

function abortStream(stream, reason) {
    if (stream.state === 'closed' || stream.state === 'errored') {
        return PromiseResolve(undefined);
    }
    signalAbort(stream.controller, reason);
    const { state } = stream; // the signal's listeners may have changed it
    if (state === 'closed' || state === 'errored') {
        return PromiseResolve(undefined);
    }
    if (stream.pendingAbort !== null) {
        return stream.pendingAbort.promise;
    }
    const wasErroring = state === 'erroring';
    const deferred = newDeferred();
    stream.pendingAbort = {
        __proto__: null,
        promise: deferred.promise, resolve: deferred.resolve, reject: deferred.reject,
        reason: wasErroring ? undefined : reason, wasErroring,
    };
    if (!wasErroring) {
        startErroring(stream, reason);
    }
    return deferred.promise;
}

function closeStream(stream) {
    const { state } = stream;
    if (state === 'closed' || state === 'errored') {
        return PromiseReject(new TypeError(`The stream is ${state} and cannot be closed.`));
    }
    const deferred = newDeferred();
    stream.closeRequest = deferred;
    const { writer } = stream;
    if (writer !== null && stream.hasBackpressure && state === 'writable') {
        writer.ready.resolve(undefined);
        writer.isReadyPending = false;
    }
    common.enqueueWithSize(stream.controller, CLOSE, 0);
    advance(stream.controller);
    return deferred.promise;
}

function dealWithRejection(stream, error) {
    if (stream.state === 'writable') {
        startErroring(stream, error);
    } else {
        finishErroring(stream);
    }
}

function startErroring(stream, reason) {
    const { controller, writer } = stream;
    stream.state = 'erroring';
    stream.storedError = reason;
    if (writer !== null) {
        rejectReady(writer, reason);
    }
    if (!isOperationInFlight(stream) && controller.isStarted) {
        finishErroring(stream);
    }
}

function finishErroring(stream) {
    stream.state = 'errored';
    common.resetQueue(stream.controller);
    const { storedError, writeRequests } = stream;
    stream.writeRequests = newQueue();
    while (writeRequests.length > 0) {
        shift(writeRequests).reject(storedError);
    }
    const { pendingAbort } = stream;
    if (pendingAbort === null) {
        rejectCloseAndClosed(stream);
        return;
    }
    stream.pendingAbort = null;
    if (pendingAbort.wasErroring) {
        pendingAbort.reject(storedError);
        rejectCloseAndClosed(stream);
        return;
    }
    const result = stream.controller.abort(pendingAbort.reason);
    clearAlgorithms(stream.controller);
    react(result, () => {
        pendingAbort.resolve(undefined);
        rejectCloseAndClosed(stream);
    }, (reason) => {
        pendingAbort.reject(reason);
        rejectCloseAndClosed(stream);
    });
}

function rejectCloseAndClosed(stream) {
    if (stream.closeRequest !== null) {
        stream.closeRequest.reject(stream.storedError);
        stream.closeRequest = null;
    }
    if (stream.writer !== null) {
        rejectClosed(stream.writer, stream.storedError);
    }
}

function finishClose(stream) {
    stream.inFlightClose.resolve(undefined);
    stream.inFlightClose = null;
    if (stream.state === 'erroring') {
        stream.storedError = undefined;
        if (stream.pendingAbort !== null) {
            stream.pendingAbort.resolve(undefined);
            stream.pendingAbort = null;
        }
    }
    stream.state = 'closed';
    if (stream.writer !== null) {
        stream.writer.closed.resolve(undefined);
        stream.writer.isClosedPending = false;
    }
}

function failClose(stream, error) {
    stream.inFlightClose.reject(error);
    stream.inFlightClose = null;
    if (stream.pendingAbort !== null) {
        stream.pendingAbort.reject(error);
        stream.pendingAbort = null;
    }
    dealWithRejection(stream, error);
}

function updateBackpressure(stream, hasBackpressure) {
    const { writer } = stream;
    if (writer !== null && hasBackpressure !== stream.hasBackpressure) {
        if (hasBackpressure) {
            writer.ready = newDeferred();
            writer.isReadyPending = true;
        } else {
            writer.ready.resolve(undefined);
            writer.isReadyPending = false;
        }
    }
    stream.hasBackpressure = hasBackpressure;
}

/* ---- the controller ------------------------------------------------------------------------ */

function clearAlgorithms(controller) {
    controller.write = null;
    controller.close = null;
    controller.abort = null;
    controller.size = null;
}

const desiredSize = (controller) => controller.highWaterMark - controller.total;

function signalAbort(controller, reason) {
    if (controller.signal !== null) {
        abort().abort(controller.signal, reason);
    } else if (!controller.isSignalAborted) {
        controller.isSignalAborted = true; // for a signal that is made later
        controller.abortReason = reason;
    }
}

function signalOf(controller) {
    if (controller.signal === null) {
        controller.signal = abort().newSignal();
        if (controller.isSignalAborted) {
            abort().abort(controller.signal, controller.abortReason);
        }
    }
    return controller.signal;
}

function failIfNeeded(controller, error) {
    if (controller.stream.state === 'writable') {
        failController(controller, error);
    }
}

function failController(controller, error) {
    clearAlgorithms(controller);
    startErroring(controller.stream, error);
}

function advance(controller) {
    const { stream } = controller;
    if (!controller.isStarted || stream.inFlightWrite !== null) {
        return;
    }
    if (stream.state === 'erroring') {
        finishErroring(stream);
        return;
    }
    if (controller.queue.length === 0) {
        return;
    }
    const { value } = peek(controller.queue);
    if (value === CLOSE) {
        processClose(controller);
    } else {
        processWrite(controller, value);
    }
}

function processClose(controller) {
    const { stream } = controller;
    stream.inFlightClose = stream.closeRequest;
    stream.closeRequest = null;
    common.dequeue(controller);
    const result = controller.close();
    clearAlgorithms(controller);
    react(result, () => finishClose(stream), (reason) => failClose(stream, reason));
}

function processWrite(controller, chunk) {
    const { stream } = controller;
    stream.inFlightWrite = shift(stream.writeRequests);
    react(controller.write(chunk), () => {
        stream.inFlightWrite.resolve(undefined);
        stream.inFlightWrite = null;
        const { state } = stream;
        common.dequeue(controller);
        if (!isClosing(stream) && state === 'writable') {
            updateBackpressure(stream, desiredSize(controller) <= 0);
        }
        advance(controller);
    }, (reason) => {
        if (stream.state === 'writable') {
            clearAlgorithms(controller);
        }
        stream.inFlightWrite.reject(reason);
        stream.inFlightWrite = null;
        dealWithRejection(stream, reason);
    });
}

// algorithms: {start, write, close, abort}
function setUp(stream, algorithms, highWaterMark, size) {
    const controller = {
        __proto__: null,
        object: null, stream, queue: newQueue(), total: 0, signal: null, isSignalAborted: false, abortReason: undefined,
        isStarted: false,
        size, highWaterMark, write: algorithms.write, close: algorithms.close, abort: algorithms.abort,
    };
    stream.controller = controller;
    updateBackpressure(stream, desiredSize(controller) <= 0);
    const started = algorithms.start();
    react(started, () => {
        controller.isStarted = true;
        advance(controller);
    }, (reason) => {
        controller.isStarted = true;
        dealWithRejection(stream, reason);
    });
    return controller;
}

class WritableStreamDefaultController {
    #record;

    constructor(token = undefined, record) {
        if (token !== realm) {
            common.illegal();
        }
        this.#record = record;
    }

    get signal() {
        return signalOf(this.#record);
    }

    error(reason = undefined) {
        if (this.#record.stream.state === 'writable') {
            failController(this.#record, reason);
        }
    }
}
webidl.finish(WritableStreamDefaultController);

/* ---- the writer ---------------------------------------------------------------------------- */

function newWriter(stream) {
    if (isLocked(stream)) {
        throw new TypeError('This WritableStream is currently locked to a writer.');
    }
    const writer = { __proto__: null, stream, ready: null, closed: null, isReadyPending: false, isClosedPending: false };
    stream.writer = writer;
    switch (stream.state) {
        case 'writable':
            writer.isReadyPending = !isClosing(stream) && stream.hasBackpressure;
            writer.ready = writer.isReadyPending ? newDeferred() : resolvedDeferred();
            writer.isClosedPending = true;
            writer.closed = newDeferred();
            break;
        case 'erroring':
            writer.ready = rejectedDeferred(stream.storedError);
            writer.isClosedPending = true;
            writer.closed = newDeferred();
            break;
        case 'closed':
            writer.ready = resolvedDeferred();
            writer.closed = resolvedDeferred();
            break;
        default:
            writer.ready = rejectedDeferred(stream.storedError);
            writer.closed = rejectedDeferred(stream.storedError);
            break;
    }
    return writer;
}

function release(writer) {
    const { stream } = writer;
    const error = new TypeError('This WritableStream writer has been released.');
    rejectReady(writer, error);
    rejectClosed(writer, error);
    stream.writer = null;
    writer.stream = null;
}

function chunkSize(controller, chunk) {
    if (controller.size === null) {
        return 1;
    }
    try {
        return controller.size(chunk);
    } catch (error) {
        failIfNeeded(controller, error);
        return 1;
    }
}

function write(writer, chunk) {
    const { stream } = writer;
    const { controller } = stream;
    const size = chunkSize(controller, chunk);
    if (stream !== writer.stream) {
        return PromiseReject(released());
    }
    const { state } = stream;
    if (state === 'errored') {
        return PromiseReject(stream.storedError);
    }
    if (isClosing(stream) || state === 'closed') {
        return PromiseReject(new TypeError('The stream is closing or closed and cannot be written to.'));
    }
    if (state === 'erroring') {
        return PromiseReject(stream.storedError);
    }
    const deferred = newDeferred();
    push(stream.writeRequests, deferred);
    try {
        common.enqueueWithSize(controller, chunk, size);
    } catch (error) {
        failIfNeeded(controller, error);
        return deferred.promise;
    }
    if (!isClosing(stream) && stream.state === 'writable') {
        updateBackpressure(stream, desiredSize(controller) <= 0);
    }
    advance(controller);
    return deferred.promise;
}

// For pipes: closing a stream that is closed already is fine.
function closeWithPropagation(writer) {
    const { stream } = writer;
    if (isClosing(stream) || stream.state === 'closed') {
        return PromiseResolve(undefined);
    }
    return stream.state === 'errored' ? PromiseReject(stream.storedError) : closeStream(stream);
}

const released = () => new TypeError('This WritableStream writer has been released.');

function streamOf(writer) {
    if (writer.stream === null) {
        throw released();
    }
    return writer.stream;
}

class WritableStreamDefaultWriter {
    #record;

    constructor(stream) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'WritableStreamDefaultWriter'");
        this.#record = newWriter(recordOf(stream));
    }

    get closed() {
        return promised(() => this.#record.closed.promise);
    }

    get desiredSize() {
        const stream = streamOf(this.#record);
        const { state } = stream;
        return state === 'errored' || state === 'erroring' ? null : state === 'closed' ? 0 : desiredSize(stream.controller);
    }

    get ready() {
        return promised(() => this.#record.ready.promise);
    }

    abort(reason = undefined) {
        return promised(() => abortStream(streamOf(this.#record), reason));
    }

    close() {
        return promised(() => {
            const stream = streamOf(this.#record);
            if (isClosing(stream)) {
                throw new TypeError('The stream is closing already.');
            }
            return closeStream(stream);
        });
    }

    releaseLock() {
        if (this.#record.stream !== null) {
            release(this.#record);
        }
    }

    write(chunk = undefined) {
        return promised(() => {
            streamOf(this.#record);
            return write(this.#record, chunk);
        });
    }
}
webidl.finish(WritableStreamDefaultWriter);

/* ---- from a worker's underlying sink ------------------------------------------------------- */

function readSink(sink, context) {
    const { abort: abortFn, close, start, type, write: writeFn } = sink === null ? { __proto__: null } : sink;
    const result = {
        __proto__: null,
        abort: abortFn === undefined ? undefined : webidl.callback(abortFn, context),
        close: close === undefined ? undefined : webidl.callback(close, context),
        start: start === undefined ? undefined : webidl.callback(start, context),
        write: writeFn === undefined ? undefined : webidl.callback(writeFn, context),
    };
    if (type !== undefined) {
        throw new RangeError(`${context}: the type of a sink must be undefined.`);
    }
    return result;
}

function setUpFromSink(stream, sink, parts, highWaterMark, size) {
    const object = () => {
        const { controller } = stream;
        controller.object ??= new WritableStreamDefaultController(realm, controller);
        return controller.object;
    };
    setUp(stream, {
        __proto__: null,
        start: () => (parts.start === undefined ? undefined : ReflectApply(parts.start, sink, [object()])),
        write: (chunk) => callOrResolve(parts.write, sink, [chunk, object()]),
        close: () => callOrResolve(parts.close, sink, []),
        abort: (reason) => callOrResolve(parts.abort, sink, [reason]),
    }, highWaterMark, size);
}

function create(algorithms, highWaterMark = 1, size = () => 1) {
    const stream = newRecord();
    setUp(stream, algorithms, highWaterMark, size);
    return stream;
}

let recordOf;
let isWritable;

class WritableStream {
    #record;

    constructor(sink = undefined, strategy = undefined) {
        if (sink === realm) {
            this.#record = strategy;
            return;
        }
        const context = "Failed to construct 'WritableStream'";
        if (sink !== undefined && !webidl.isObject(sink)) {
            throw new TypeError(`${context}: the underlying sink is not an object.`);
        }
        const wanted = common.readStrategy(strategy, context);
        const parts = readSink(sink ?? null, context);
        const size = common.sizeOf(wanted);
        const highWaterMark = common.highWaterMarkOf(wanted, 1);
        const record = newRecord();
        this.#record = record;
        record.object = this;
        setUpFromSink(record, sink, parts, highWaterMark, size);
    }

    get locked() {
        return isLocked(this.#record);
    }

    abort(reason = undefined) {
        return promised(() => {
            if (isLocked(this.#record)) {
                throw new TypeError('This WritableStream is currently locked to a writer.');
            }
            return abortStream(this.#record, reason);
        });
    }

    close() {
        return promised(() => {
            if (isLocked(this.#record)) {
                throw new TypeError('This WritableStream is currently locked to a writer.');
            }
            if (isClosing(this.#record)) {
                throw new TypeError('The stream is closing already.');
            }
            return closeStream(this.#record);
        });
    }

    getWriter() {
        this.#record;
        return new WritableStreamDefaultWriter(this);
    }

    static {
        recordOf = (object) => object.#record; // throws on a foreign object
        isWritable = (object) => webidl.isObject(object) && #record in object;
    }
}
webidl.finish(WritableStream);

return {
    __proto__: null,
    WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController, newRecord, objectOf, recordOf, isWritable,
    isLocked, isClosing,
    newWriter, release, write, abortStream, closeWithPropagation, create, failIfNeeded,
};
