// Readable byte streams: their controller, the BYOB reader and the BYOB request.
//
// Spec:  https://streams.spec.whatwg.org/#rbs-controller-class
// Covers / differs:  all
// Ops:   none
// WPT:   streams/readable-byte-streams
// Limits: none

'use strict';

const { List, MathMin, RangeError, TypeError, Uint8Array, realm } = primordials;
const { webidl } = realm;
const common = internals.lazy('stream_common.js');
const readable = internals.lazy('stream_readable.js');
const { bufferLength, isDetached, newDeferred, newQueue, peek, promised, push, recordOf, shift, transferBuffer } = common;

/* ---- pull-into descriptors ----------------------------------------------------------------- */

function clearAlgorithms(controller) {
    controller.pull = null;
    controller.cancel = null;
}

function invalidateRequest(controller) {
    if (controller.byobRequest !== null) {
        controller.byobRequest.controller = null;
        controller.byobRequest.view = null;
        controller.byobRequest = null;
    }
}

function convert(descriptor) {
    const { constructor: View, elementSize, byteOffset, bytesFilled } = descriptor;
    return new View(transferBuffer(descriptor.buffer), byteOffset, bytesFilled / elementSize);
}

function commit(stream, descriptor) {
    const view = convert(descriptor);
    const request = shift(stream.reader.requests);
    if (stream.state === 'closed') {
        request.close(view);
    } else {
        request.chunk(view);
    }
}

function enqueueBytes(controller, buffer, byteOffset, byteLength) {
    push(controller.queue, { __proto__: null, buffer, byteOffset, byteLength });
    controller.total += byteLength;
}

function enqueueClone(controller, buffer, byteOffset, byteLength) {
    let clone;
    try {
        clone = common.cloneBytes(buffer, byteOffset, byteLength);
    } catch (error) {
        fail(controller, error);
        throw error;
    }
    enqueueBytes(controller, clone, 0, byteLength);
}

function enqueueDetached(controller, descriptor) {
    if (descriptor.bytesFilled > 0) {
        enqueueClone(controller, descriptor.buffer, descriptor.byteOffset, descriptor.bytesFilled);
    }
    shift(controller.pulls);
}

// Moves bytes from the queue into |descriptor|; true when it has enough to be given out.
function fillFromQueue(controller, descriptor) {
    const most = MathMin(controller.total, descriptor.byteLength - descriptor.bytesFilled);
    const filled = descriptor.bytesFilled + most;
    const aligned = filled - filled % descriptor.elementSize;
    const isReady = aligned >= descriptor.minimumFill;
    let left = isReady ? aligned - descriptor.bytesFilled : most;
    while (left > 0) {
        const head = peek(controller.queue);
        const size = MathMin(left, head.byteLength);
        common.copyBytes(descriptor.buffer, descriptor.byteOffset + descriptor.bytesFilled, head.buffer, head.byteOffset, size);
        if (head.byteLength === size) {
            shift(controller.queue);
        } else {
            head.byteOffset += size;
            head.byteLength -= size;
        }
        controller.total -= size;
        descriptor.bytesFilled += size;
        left -= size;
    }
    return isReady;
}

function takeFilled(controller) {
    const filled = List();
    while (controller.pulls.length > 0 && controller.total > 0) {
        if (fillFromQueue(controller, peek(controller.pulls))) {
            filled[filled.length] = shift(controller.pulls);
        }
    }
    return filled;
}

function commitAll(stream, filled) {
    for (let i = 0; i < filled.length; i++) {
        commit(stream, filled[i]);
    }
}

/* ---- the controller ------------------------------------------------------------------------ */

function desiredSize(controller) {
    const { state } = controller.stream;
    return state === 'errored' ? null : state === 'closed' ? 0 : controller.highWaterMark - controller.total;
}

function shouldPull(controller) {
    const { stream } = controller;
    return stream.state === 'readable' && !controller.isCloseRequested && controller.isStarted &&
        ((stream.reader !== null && stream.reader.requests.length > 0) || desiredSize(controller) > 0);
}

function handleDrain(controller) {
    if (controller.total === 0 && controller.isCloseRequested) {
        clearAlgorithms(controller);
        readable.close(controller.stream);
    } else {
        readable.pullIfNeeded(controller);
    }
}

function fillRequest(controller, request) {
    const entry = shift(controller.queue);
    controller.total -= entry.byteLength;
    handleDrain(controller);
    request.chunk(new Uint8Array(entry.buffer, entry.byteOffset, entry.byteLength));
}

function fail(controller, error) {
    if (controller.stream.state === 'readable') {
        invalidateRequest(controller);
        controller.pulls = newQueue();
        common.resetQueue(controller);
        clearAlgorithms(controller);
        readable.fail(controller.stream, error);
    }
}

function close(controller) {
    const { stream, pulls } = controller;
    if (controller.isCloseRequested || stream.state !== 'readable') {
        return;
    }
    if (controller.total > 0) {
        controller.isCloseRequested = true;
        return;
    }
    if (pulls.length > 0 && peek(pulls).bytesFilled % peek(pulls).elementSize !== 0) {
        const error = new TypeError('The stream was closed inside an element of the view that is being filled.');
        fail(controller, error);
        throw error;
    }
    clearAlgorithms(controller);
    readable.close(stream);
}

function enqueue(controller, view) {
    const { stream } = controller;
    if (controller.isCloseRequested || stream.state !== 'readable') {
        return;
    }
    const byteOffset = common.viewOffset(view);
    const byteLength = common.viewLength(view);
    if (isDetached(common.viewBuffer(view))) {
        throw new TypeError('The chunk is detached.');
    }
    const buffer = transferBuffer(common.viewBuffer(view));
    if (controller.pulls.length > 0) {
        const first = peek(controller.pulls);
        if (isDetached(first.buffer)) {
            throw new TypeError('The view that is being filled is detached.');
        }
        invalidateRequest(controller);
        first.buffer = transferBuffer(first.buffer);
        if (first.reader === 'none') {
            enqueueDetached(controller, first);
        }
    }
    if (readable.hasDefaultReader(stream)) {
        const { reader } = stream;
        while (reader.requests.length > 0 && controller.total > 0) {
            fillRequest(controller, shift(reader.requests));
        }
        if (reader.requests.length === 0) {
            enqueueBytes(controller, buffer, byteOffset, byteLength);
        } else {
            if (controller.pulls.length > 0) {
                shift(controller.pulls);
            }
            shift(reader.requests).chunk(new Uint8Array(buffer, byteOffset, byteLength));
        }
    } else {
        enqueueBytes(controller, buffer, byteOffset, byteLength);
        if (readable.hasByobReader(stream)) {
            commitAll(stream, takeFilled(controller));
        }
    }
    readable.pullIfNeeded(controller);
}

// A BYOB read: |request| gets a view on the buffer of |view|.
function pullInto(controller, view, min, request) {
    const { stream } = controller;
    const { constructor, size: elementSize } = common.elementsOf(view);
    const byteOffset = common.viewOffset(view);
    const byteLength = common.viewLength(view);
    let buffer;
    try {
        buffer = transferBuffer(common.viewBuffer(view));
    } catch (error) {
        request.error(error);
        return;
    }
    const descriptor = {
        __proto__: null,
        buffer, bufferByteLength: bufferLength(buffer), byteOffset, byteLength, bytesFilled: 0, minimumFill: min * elementSize,
        elementSize, constructor, reader: 'byob',
    };
    if (controller.pulls.length > 0) {
        push(controller.pulls, descriptor);
        push(stream.reader.requests, request);
        return;
    }
    if (stream.state === 'closed') {
        const View = constructor;
        request.close(new View(buffer, byteOffset, 0));
        return;
    }
    if (controller.total > 0) {
        if (fillFromQueue(controller, descriptor)) {
            const filled = convert(descriptor);
            handleDrain(controller);
            request.chunk(filled);
            return;
        }
        if (controller.isCloseRequested) {
            const error = new TypeError('The stream was closed inside an element of the view that is being filled.');
            fail(controller, error);
            request.error(error);
            return;
        }
    }
    push(controller.pulls, descriptor);
    push(stream.reader.requests, request);
    readable.pullIfNeeded(controller);
}

function respondInClosed(controller, first) {
    const { stream } = controller;
    if (first.reader === 'none') {
        shift(controller.pulls);
    }
    if (readable.hasByobReader(stream)) {
        const filled = List();
        while (filled.length < readable.requestsCount(stream)) {
            filled[filled.length] = shift(controller.pulls);
        }
        commitAll(stream, filled);
    }
}

function respondInReadable(controller, bytesWritten, descriptor) {
    const { stream } = controller;
    descriptor.bytesFilled += bytesWritten;
    if (descriptor.reader === 'none') {
        enqueueDetached(controller, descriptor);
        commitAll(stream, takeFilled(controller));
        return;
    }
    if (descriptor.bytesFilled < descriptor.minimumFill) {
        return;
    }
    shift(controller.pulls);
    const rest = descriptor.bytesFilled % descriptor.elementSize;
    if (rest > 0) {
        const end = descriptor.byteOffset + descriptor.bytesFilled;
        enqueueClone(controller, descriptor.buffer, end - rest, rest);
    }
    descriptor.bytesFilled -= rest;
    const filled = takeFilled(controller);
    commit(stream, descriptor);
    commitAll(stream, filled);
}

function respondInternal(controller, bytesWritten) {
    const first = peek(controller.pulls);
    invalidateRequest(controller);
    if (controller.stream.state === 'closed') {
        respondInClosed(controller, first);
    } else {
        respondInReadable(controller, bytesWritten, first);
    }
    readable.pullIfNeeded(controller);
}

function respond(controller, bytesWritten) {
    const first = peek(controller.pulls);
    if (controller.stream.state === 'closed') {
        if (bytesWritten !== 0) {
            throw new TypeError('A closed stream takes no more bytes.');
        }
    } else {
        if (bytesWritten === 0) {
            throw new TypeError('There must be at least one byte in the response.');
        }
        if (first.bytesFilled + bytesWritten > first.byteLength) {
            throw new RangeError('More bytes than the view has room for.');
        }
    }
    first.buffer = transferBuffer(first.buffer);
    respondInternal(controller, bytesWritten);
}

function respondWithNewView(controller, view) {
    const first = peek(controller.pulls);
    const byteLength = common.viewLength(view);
    if (controller.stream.state === 'closed') {
        if (byteLength !== 0) {
            throw new TypeError('A closed stream takes no more bytes.');
        }
    } else if (byteLength === 0) {
        throw new TypeError('There must be at least one byte in the response.');
    }
    if (first.byteOffset + first.bytesFilled !== common.viewOffset(view)) {
        throw new RangeError('The region specified by view does not match byobRequest.');
    }
    if (first.bufferByteLength !== bufferLength(common.viewBuffer(view))) {
        throw new RangeError('The buffer of view has a different capacity than byobRequest.');
    }
    if (first.bytesFilled + byteLength > first.byteLength) {
        throw new RangeError('The region specified by view is larger than byobRequest.');
    }
    first.buffer = transferBuffer(common.viewBuffer(view));
    respondInternal(controller, byteLength);
}

function byobRequestOf(controller) {
    if (controller.byobRequest === null && controller.pulls.length > 0) {
        const first = peek(controller.pulls);
        const view = new Uint8Array(first.buffer, first.byteOffset + first.bytesFilled, first.byteLength - first.bytesFilled);
        controller.byobRequest = { __proto__: null, object: null, controller, view };
    }
    return controller.byobRequest;
}

function setUp(stream, algorithms, highWaterMark, autoAllocate) {
    const controller = {
        __proto__: null,
        object: null, isByte: true, stream, queue: newQueue(), total: 0, isStarted: false, isCloseRequested: false,
        pullsAgain: false,
        isPulling: false, pull: algorithms.pull, cancel: algorithms.cancel, highWaterMark, byobRequest: null, pulls: newQueue(),
        shouldPull,
        fail: (error) => fail(controller, error),
        cancelSteps(reason) {
            invalidateRequest(controller);
            controller.pulls = newQueue();
            common.resetQueue(controller);
            const result = controller.cancel(reason);
            clearAlgorithms(controller);
            return result;
        },
        pullSteps(request) {
            if (controller.total > 0) {
                fillRequest(controller, request);
                return;
            }
            if (autoAllocate !== undefined) {
                let buffer;
                try {
                    buffer = common.newBuffer(autoAllocate);
                } catch (error) {
                    request.error(error);
                    return;
                }
                push(controller.pulls, {
                    __proto__: null,
                    buffer, bufferByteLength: autoAllocate, byteOffset: 0, byteLength: autoAllocate, bytesFilled: 0,
                    minimumFill: 1,
                    elementSize: 1, constructor: Uint8Array, reader: 'default',
                });
            }
            push(stream.reader.requests, request);
            readable.pullIfNeeded(controller);
        },
        releaseSteps() {
            if (controller.pulls.length > 0) {
                const first = peek(controller.pulls);
                first.reader = 'none';
                controller.pulls = newQueue();
                push(controller.pulls, first);
            }
        },
    };
    readable.startController(controller, stream, algorithms);
    return controller;
}

class ReadableByteStreamController {
    #record;

    constructor(token = undefined, record) {
        if (token !== realm) {
            common.illegal();
        }
        this.#record = record;
    }

    get byobRequest() {
        const request = byobRequestOf(this.#record);
        if (request === null) {
            return null;
        }
        request.object ??= new ReadableStreamBYOBRequest(realm, request);
        return request.object;
    }

    get desiredSize() {
        return desiredSize(this.#record);
    }

    close() {
        const controller = this.#record;
        if (controller.isCloseRequested || controller.stream.state !== 'readable') {
            throw new TypeError('The stream is not in a state that permits close.');
        }
        close(controller);
    }

    enqueue(chunk) {
        const controller = this.#record;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'enqueue' on 'ReadableByteStreamController'");
        if (!common.isView(chunk)) {
            throw new TypeError('The chunk is not a view of an ArrayBuffer.');
        }
        if (common.viewLength(chunk) === 0 || bufferLength(common.viewBuffer(chunk)) === 0) {
            throw new TypeError('The chunk is empty.');
        }
        if (controller.isCloseRequested || controller.stream.state !== 'readable') {
            throw new TypeError('The stream is not in a state that permits enqueue.');
        }
        enqueue(controller, chunk);
    }

    error(reason = undefined) {
        fail(this.#record, reason);
    }
}
webidl.finish(ReadableByteStreamController);

class ReadableStreamBYOBRequest {
    #record;

    constructor(token = undefined, record) {
        if (token !== realm) {
            common.illegal();
        }
        this.#record = record;
    }

    get view() {
        return this.#record.view;
    }

    respond(bytesWritten) {
        const { controller, view } = this.#record;
        const context = "Failed to execute 'respond' on 'ReadableStreamBYOBRequest'";
        webidl.requireArguments(arguments.length, 1, context);
        bytesWritten = webidl.integer(bytesWritten, 64, false, 'enforceRange', context);
        if (controller === null) {
            throw new TypeError('This BYOB request has been invalidated.');
        }
        if (isDetached(common.viewBuffer(view))) {
            throw new TypeError('The view of this BYOB request is detached.');
        }
        respond(controller, bytesWritten);
    }

    respondWithNewView(view) {
        const { controller } = this.#record;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'respondWithNewView' on 'ReadableStreamBYOBRequest'");
        if (!common.isView(view)) {
            throw new TypeError('The value is not a view of an ArrayBuffer.');
        }
        if (controller === null) {
            throw new TypeError('This BYOB request has been invalidated.');
        }
        if (isDetached(common.viewBuffer(view))) {
            throw new TypeError('The view is detached.');
        }
        respondWithNewView(controller, view);
    }
}
webidl.finish(ReadableStreamBYOBRequest);

/* ---- the BYOB reader ----------------------------------------------------------------------- */

function readInto(reader, view, min, request) {
    const { stream } = reader;
    stream.isDisturbed = true;
    if (stream.state === 'errored') {
        request.error(stream.storedError);
    } else {
        pullInto(stream.controller, view, min, request);
    }
}

function checkView(view, min) {
    if (!common.isView(view)) {
        throw new TypeError('The value is not a view of an ArrayBuffer.');
    }
    if (isDetached(common.viewBuffer(view))) {
        throw new TypeError('The view is detached.');
    }
    if (common.viewLength(view) === 0 || bufferLength(common.viewBuffer(view)) === 0) {
        throw new TypeError('The view is empty.');
    }
    if (min === 0) {
        throw new TypeError('The minimum must be more than 0.');
    }
    if (min > common.viewItems(view)) {
        throw new RangeError('The minimum is more than the view has room for.');
    }
}

class ReadableStreamBYOBReader {
    #record;

    constructor(stream) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'ReadableStreamBYOBReader'");
        this.#record = readable.newReader(recordOf.readable(stream), true);
    }

    get closed() {
        return promised(() => this.#record.closed.promise);
    }

    cancel(reason = undefined) {
        return promised(() => readable.cancelByReader(this.#record, reason));
    }

    read(view, options = undefined) {
        return promised(() => {
            const reader = this.#record;
            const context = "Failed to execute 'read' on 'ReadableStreamBYOBReader'";
            webidl.requireArguments(arguments.length, 1, context);
            if (!common.isView(view)) {
                throw new TypeError(`${context}: the value is not a view of an ArrayBuffer.`);
            }
            const wanted = webidl.dictionary(options, context).min;
            const min = wanted === undefined ? 1 : webidl.integer(wanted, 64, false, 'enforceRange', context);
            checkView(view, min);
            if (reader.stream === null) {
                throw readable.released();
            }
            const deferred = newDeferred();
            readInto(reader, view, min, readable.resultRequest(deferred));
            return deferred.promise;
        });
    }

    releaseLock() {
        if (this.#record.stream !== null) {
            readable.release(this.#record);
        }
    }
}
webidl.finish(ReadableStreamBYOBReader);

function setUpFromSource(stream, parts, highWaterMark) {
    if (parts.autoAllocate === 0) {
        throw new TypeError('autoAllocateChunkSize must be more than 0.');
    }
    const algorithms = readable.algorithmsOf(parts, () => {
        const { controller } = stream;
        controller.object ??= new ReadableByteStreamController(realm, controller);
        return controller.object;
    });
    setUp(stream, algorithms, highWaterMark, parts.autoAllocate);
}

function create(algorithms, highWaterMark = 0) {
    const stream = readable.newRecord();
    setUp(stream, algorithms, highWaterMark, undefined);
    return stream;
}

return {
    __proto__: null,
    ReadableByteStreamController, ReadableStreamBYOBRequest, ReadableStreamBYOBReader, setUpFromSource, create, enqueue, close,
    fail,
    respond, respondWithNewView, byobRequestOf, readInto,
    newByobReaderObject: (stream) => new ReadableStreamBYOBReader(stream),
};
