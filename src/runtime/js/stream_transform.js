// TransformStream and its controller.
//
// Spec:  https://streams.spec.whatwg.org/#ts
// Covers / differs:  all
// Ops:   none
// WPT:   streams/transform-streams
// Limits: none

'use strict';

const { PromiseReject, PromiseResolve, RangeError, ReflectApply, TypeError, react, realm } = primordials;
const { webidl } = realm;
const { typeOf } = internals;
const common = internals.lazy('stream_common.js');
const readable = internals.lazy('stream_readable.js');
const writable = internals.lazy('stream_writable.js');
const { callForPromise, callOrResolve, chain, newDeferred } = common;

/* ---- the stream ---------------------------------------------------------------------------- */

function setBackpressure(stream, hasBackpressure) {
    if (stream.backpressureChange !== null) {
        stream.backpressureChange.resolve(undefined);
    }
    stream.backpressureChange = newDeferred();
    stream.hasBackpressure = hasBackpressure;
}

function unblockWrite(stream) {
    if (stream.hasBackpressure) {
        setBackpressure(stream, false);
    }
}

function failWritableAndUnblock(stream, error) {
    clearAlgorithms(stream.controller);
    writable.failIfNeeded(stream.writable.controller, error);
    unblockWrite(stream);
}

function fail(stream, error) {
    readable.failDefault(stream.readable.controller, error);
    failWritableAndUnblock(stream, error);
}

/* ---- the controller ------------------------------------------------------------------------ */

function clearAlgorithms(controller) {
    controller.transform = null;
    controller.flush = null;
    controller.cancel = null;
}

function enqueue(controller, chunk) {
    const { stream } = controller;
    const inner = stream.readable.controller;
    if (!readable.canEnqueue(inner)) {
        throw new TypeError('The readable side is not in a state that permits enqueue.');
    }
    try {
        readable.enqueueDefault(inner, chunk);
    } catch (error) {
        failWritableAndUnblock(stream, error);
        throw stream.readable.storedError;
    }
    const hasBackpressure = !inner.shouldPull(inner);
    if (hasBackpressure !== stream.hasBackpressure) {
        setBackpressure(stream, true);
    }
}

function terminate(controller) {
    const { stream } = controller;
    readable.closeDefault(stream.readable.controller);
    failWritableAndUnblock(stream, new TypeError('The transform stream has been terminated.'));
}

function performTransform(controller, chunk) {
    return chain(controller.transform(chunk), undefined, (reason) => {
        fail(controller.stream, reason);
        throw reason;
    });
}

/* ---- the two sides ------------------------------------------------------------------------- */

function sinkWrite(stream, chunk) {
    const { controller } = stream;
    if (!stream.hasBackpressure) {
        return performTransform(controller, chunk);
    }
    return chain(stream.backpressureChange.promise, () => {
        if (stream.writable.state === 'erroring') {
            throw stream.writable.storedError;
        }
        return performTransform(controller, chunk);
    });
}

// Runs |algorithm| once for whichever of close, abort and cancel came first; the others get its promise.
function finishWith(controller, algorithm, onDone, onFail) {
    if (controller.finish !== null) {
        return controller.finish.promise;
    }
    controller.finish = newDeferred();
    const result = algorithm();
    clearAlgorithms(controller);
    react(result, onDone, onFail);
    return controller.finish.promise;
}

function sinkAbort(stream, reason) {
    const { controller } = stream;
    return finishWith(controller, () => controller.cancel(reason), () => {
        if (stream.readable.state === 'errored') {
            controller.finish.reject(stream.readable.storedError);
        } else {
            readable.failDefault(stream.readable.controller, reason);
            controller.finish.resolve(undefined);
        }
    }, (error) => {
        readable.failDefault(stream.readable.controller, error);
        controller.finish.reject(error);
    });
}

function sinkClose(stream) {
    const { controller } = stream;
    return finishWith(controller, () => controller.flush(), () => {
        if (stream.readable.state === 'errored') {
            controller.finish.reject(stream.readable.storedError);
        } else {
            readable.closeDefault(stream.readable.controller);
            controller.finish.resolve(undefined);
        }
    }, (error) => {
        readable.failDefault(stream.readable.controller, error);
        controller.finish.reject(error);
    });
}

function sourceCancel(stream, reason) {
    const { controller } = stream;
    return finishWith(controller, () => controller.cancel(reason), () => {
        if (stream.writable.state === 'errored') {
            controller.finish.reject(stream.writable.storedError);
        } else {
            writable.failIfNeeded(stream.writable.controller, reason);
            unblockWrite(stream);
            controller.finish.resolve(undefined);
        }
    }, (error) => {
        writable.failIfNeeded(stream.writable.controller, error);
        unblockWrite(stream);
        controller.finish.reject(error);
    });
}

function sourcePull(stream) {
    setBackpressure(stream, false);
    return stream.backpressureChange.promise;
}

// algorithms: {transform, flush, cancel}; |started| is a promise.
function setUp(algorithms, started, strategies) {
    const stream = {
        __proto__: null, object: null, readable: null, writable: null, controller: null, hasBackpressure: false,
        backpressureChange: null,
    };
    stream.controller = {
        __proto__: null,
        object: null, stream, transform: algorithms.transform, flush: algorithms.flush, cancel: algorithms.cancel, finish: null,
    };
    stream.writable = writable.create({
        __proto__: null,
        start: () => started,
        write: (chunk) => sinkWrite(stream, chunk),
        close: () => sinkClose(stream),
        abort: (reason) => sinkAbort(stream, reason),
    }, strategies.writableMark, strategies.writableSize);
    stream.readable = readable.createDefault({
        __proto__: null,
        start: () => started,
        pull: () => sourcePull(stream),
        cancel: (reason) => sourceCancel(stream, reason),
    }, strategies.readableMark, strategies.readableSize);
    setBackpressure(stream, true);
    return stream;
}

class TransformStreamDefaultController {
    #record;

    constructor(token = undefined, record) {
        if (token !== realm) {
            common.illegal();
        }
        this.#record = record;
    }

    get desiredSize() {
        return readable.desiredSize(this.#record.stream.readable.controller);
    }

    enqueue(chunk = undefined) {
        enqueue(this.#record, chunk);
    }

    error(reason = undefined) {
        fail(this.#record.stream, reason);
    }

    terminate() {
        terminate(this.#record);
    }
}
webidl.finish(TransformStreamDefaultController);

function readTransformer(transformer, context) {
    const {
        cancel, flush, readableType, start, transform, writableType,
    } = transformer === null ? { __proto__: null } : transformer;
    const result = {
        __proto__: null,
        cancel: cancel === undefined ? undefined : webidl.callback(cancel, context),
        flush: flush === undefined ? undefined : webidl.callback(flush, context),
        start: start === undefined ? undefined : webidl.callback(start, context),
        transform: transform === undefined ? undefined : webidl.callback(transform, context),
    };
    if (readableType !== undefined || writableType !== undefined) {
        throw new RangeError(`${context}: the types of the two sides must be undefined.`);
    }
    return result;
}

// The algorithms of a worker's transformer.
function algorithmsOf(transformer, parts, object, give) {
    return {
        __proto__: null,
        transform(chunk) {
            if (parts.transform !== undefined) {
                return callForPromise(parts.transform, transformer, [chunk, object()]);
            }
            return common.promised(() => PromiseResolve(give(chunk)));
        },
        flush: () => callOrResolve(parts.flush, transformer, [object()]),
        cancel: (reason) => callOrResolve(parts.cancel, transformer, [reason]),
    };
}

let recordOf;
let isTransform;

class TransformStream {
    #record;

    constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
        if (transformer === realm) {
            this.#record = writableStrategy;
            return;
        }
        const context = "Failed to construct 'TransformStream'";
        if (transformer !== undefined && !webidl.isObject(transformer)) {
            throw new TypeError(`${context}: the transformer is not an object.`);
        }
        const forWritable = common.readStrategy(writableStrategy, context);
        const forReadable = common.readStrategy(readableStrategy, context);
        const parts = readTransformer(transformer ?? null, context);
        const strategies = {
            __proto__: null,
            readableMark: common.highWaterMarkOf(forReadable, 0),
            readableSize: common.sizeOf(forReadable),
            writableMark: common.highWaterMarkOf(forWritable, 1),
            writableSize: common.sizeOf(forWritable),
        };
        let record = null;
        const object = () => {
            record.controller.object ??= new TransformStreamDefaultController(realm, record.controller);
            return record.controller.object;
        };
        const give = (chunk) => enqueue(record.controller, chunk);
        const started = newDeferred();
        // Two steps later, as a promise that is resolved with a promise: the order against cancel() can be observed.
        const later = chain(chain(started.promise));
        record = setUp(algorithmsOf(transformer, parts, object, give), later, strategies);
        this.#record = record;
        record.object = this;
        common.resolveWith(started, parts.start === undefined ? undefined : ReflectApply(parts.start, transformer, [object()]));
    }

    get readable() {
        return readable.objectOf(this.#record.readable);
    }

    get writable() {
        return writable.objectOf(this.#record.writable);
    }

    static {
        recordOf = (object) => object.#record;
        isTransform = (value) => webidl.isObject(value) && #record in value;
    }
}
webidl.finish(TransformStream);

// A transform of our own: transform(chunk, give, wait) and flush(give) may throw; cancel() is told when neither will come.
// transform may return a promise, and for a large output call wait() after each piece: null, or a promise for the time when
// somebody reads, which rejects when the stream failed meanwhile.
function create(transform, flush, cancel = () => {}) {
    let record = null;
    const give = (chunk) => enqueue(record.controller, chunk);
    const wait = () => {
        if (!record.hasBackpressure) {
            return null;
        }
        return chain(record.backpressureChange.promise, () => {
            if (record.writable.state === 'erroring') {
                throw record.writable.storedError;
            }
        });
    };
    const run = (body) => {
        try {
            const result = body();
            return typeOf(result) === 'promise' ? result : PromiseResolve(undefined);
        } catch (error) {
            return PromiseReject(error);
        }
    };
    record = setUp({
        __proto__: null,
        transform: (chunk) => run(() => transform(chunk, give, wait)),
        flush: () => run(() => flush(give)),
        cancel: () => run(cancel),
    }, PromiseResolve(undefined), {
        __proto__: null, readableMark: 0, readableSize: () => 1, writableMark: 1, writableSize: () => 1,
    });
    return record;
}

return {
    __proto__: null,
    TransformStream, TransformStreamDefaultController, create, recordOf, isTransform,
    objectOf: (record) => new TransformStream(realm, record),
};
