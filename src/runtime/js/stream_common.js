// What the streams share: promises with their functions, queues with sizes, strategies, buffers.
//
// Spec:  https://streams.spec.whatwg.org/#qs-api  https://streams.spec.whatwg.org/#abstract-ops
// Covers / differs:  all
// Ops:   none
// WPT:   streams/queuing-strategies.any.js
// Limits: none
//
// All of streams works on records, objects without a prototype that no worker sees; the classes are thin shells around them
// with
// one private field each, which is their brand.

'use strict';

const {
    ArrayBuffer, ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, ArrayBufferPrototypeGetDetached,
    ArrayBufferPrototypeTransfer, DataView, DataViewPrototypeGetBuffer, DataViewPrototypeGetByteLength,
    DataViewPrototypeGetByteOffset, List, NumberIsNaN, PromisePrototypeThen, PromiseReject, PromiseResolve,
    PromiseWithResolvers, RangeError, ReflectApply, TypeError, TypedArrayConstructors, TypedArrayPrototypeGetBuffer,
    TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength,
    TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet, Uint8Array, react, realm,
} = primordials;
const { webidl } = realm;
const { typeOf } = internals;

const noop = () => {};

/* ---- promises ------------------------------------------------------------------------------ */

// Its rejection is not reported as unhandled.
function setHandled(promise) {
    try {
        PromisePrototypeThen(promise, undefined, noop);
    } catch {
        // a worker replaced Promise's species; then it will hear of the rejection
    }
    return promise;
}

function settledDeferred(promise) {
    return { __proto__: null, promise, resolve: noop, reject: noop };
}

const resolvedDeferred = () => settledDeferred(PromiseResolve(undefined));
const rejectedDeferred = (reason) => settledDeferred(setHandled(PromiseReject(reason)));

// Runs |body|; what it throws becomes a rejected promise. For methods that return promises.
function promised(body) {
    try {
        return body();
    } catch (error) {
        return PromiseReject(error);
    }
}

// Calls a worker's function; the result is a promise, resolved with what it returned: two steps after that when it is a
// promise,
// as Web IDL has it (and tests see it), but without looking up its `then`.
function callForPromise(callback, self, args) {
    try {
        const result = ReflectApply(callback, self, args);
        return typeOf(result) === 'promise' ? chain(chain(result)) : PromiseResolve(result);
    } catch (error) {
        return PromiseReject(error);
    }
}

// The same for a function that may be missing.
function callOrResolve(callback, self, args) {
    return callback === undefined ? PromiseResolve(undefined) : callForPromise(callback, self, args);
}

// promise.then(onFulfilled, onRejected) for our own use; either may be undefined. A promise that they return is awaited here: to
// return it would look up its `then`.
async function chain(promise, onFulfilled, onRejected) {
    let value;
    try {
        value = await promise;
    } catch (reason) {
        if (onRejected === undefined) {
            throw reason;
        }
        const instead = onRejected(reason);
        return typeOf(instead) === 'promise' ? await instead : instead;
    }
    const result = onFulfilled === undefined ? value : onFulfilled(value);
    return typeOf(result) === 'promise' ? await result : result;
}

// Resolves |deferred| with a worker's |value| without looking up a promise's `then`.
function resolveWith(deferred, value) {
    if (typeOf(value) === 'promise') {
        react(value, deferred.resolve, deferred.reject);
    } else {
        deferred.resolve(value);
    }
}

/* ---- queues -------------------------------------------------------------------------------- */

function newQueue() {
    return { __proto__: null, items: List(), head: 0, length: 0 };
}

function push(queue, item) {
    queue.items[queue.items.length] = item;
    queue.length++;
}

function shift(queue) {
    const { items } = queue;
    const item = items[queue.head];
    items[queue.head++] = undefined;
    queue.length--;
    if (queue.length === 0) {
        queue.items = List();
        queue.head = 0;
    } else if (queue.head >= 1024 && queue.head * 2 > items.length) {
        const rest = List();
        for (let i = queue.head; i < items.length; i++) {
            rest[rest.length] = items[i];
        }
        queue.items = rest;
        queue.head = 0;
    }
    return item;
}

const peek = (queue) => queue.items[queue.head];

// Queue-with-sizes of a controller: controller.queue, controller.total.
function enqueueWithSize(controller, value, size) {
    if (typeof size !== 'number' || NumberIsNaN(size) || size < 0 || size === Infinity) {
        throw new RangeError("The size of a chunk must be a finite, non-negative number.");
    }
    push(controller.queue, { __proto__: null, value, size });
    controller.total += size;
}

function dequeue(controller) {
    const { value, size } = shift(controller.queue);
    controller.total -= size;
    if (controller.total < 0) {
        controller.total = 0; // rounding
    }
    return value;
}

function resetQueue(controller) {
    controller.queue = newQueue();
    controller.total = 0;
}

/* ---- strategies ---------------------------------------------------------------------------- */

// {highWaterMark, size}, each undefined when absent; reads them in the order of Web IDL.
function readStrategy(strategy, context) {
    const { highWaterMark, size } = webidl.dictionary(strategy, context);
    return {
        __proto__: null,
        highWaterMark: highWaterMark === undefined ? undefined : +highWaterMark,
        size: size === undefined ? undefined : webidl.callback(size, context),
    };
}

function highWaterMarkOf(strategy, fallback) {
    const { highWaterMark } = strategy;
    if (highWaterMark === undefined) {
        return fallback;
    }
    if (NumberIsNaN(highWaterMark) || highWaterMark < 0) {
        throw new RangeError('The high water mark must be a non-negative number.');
    }
    return highWaterMark;
}

function sizeOf(strategy) {
    const { size } = strategy;
    return size === undefined ? () => 1 : (chunk) => +ReflectApply(size, undefined, [chunk]);
}

const strategySizes = {
    byteLength: { size: (chunk) => chunk.byteLength }.size,
    count: { size: () => 1 }.size,
};

function readHighWaterMark(init, context) {
    webidl.requireArguments(init === undefined ? 0 : 1, 1, context);
    const { highWaterMark } = webidl.dictionary(init, context);
    if (highWaterMark === undefined) {
        throw new TypeError(`${context}: highWaterMark is required.`);
    }
    return +highWaterMark;
}

class ByteLengthQueuingStrategy {
    #highWaterMark;

    constructor(init) {
        this.#highWaterMark = readHighWaterMark(init, "Failed to construct 'ByteLengthQueuingStrategy'");
    }

    get highWaterMark() {
        return this.#highWaterMark;
    }

    get size() {
        this.#highWaterMark;
        return strategySizes.byteLength;
    }
}

class CountQueuingStrategy {
    #highWaterMark;

    constructor(init) {
        this.#highWaterMark = readHighWaterMark(init, "Failed to construct 'CountQueuingStrategy'");
    }

    get highWaterMark() {
        return this.#highWaterMark;
    }

    get size() {
        this.#highWaterMark;
        return strategySizes.count;
    }
}

webidl.finish(ByteLengthQueuingStrategy);
webidl.finish(CountQueuingStrategy);

/* ---- buffers ------------------------------------------------------------------------------- */

const isView = (value) => ArrayBufferIsView(value);
const isDataView = (view) => typeOf(view) === 'dataview';
const isDetached = (buffer) => ArrayBufferPrototypeGetDetached(buffer);
const bufferLength = (buffer) => (typeOf(buffer) === 'arraybuffer' ? ArrayBufferPrototypeGetByteLength(buffer) : 0);
const transferBuffer = (buffer) => ArrayBufferPrototypeTransfer(buffer);

const viewBuffer = (view) => (isDataView(view) ? DataViewPrototypeGetBuffer(view) : TypedArrayPrototypeGetBuffer(view));

// A DataView's getters throw on a detached buffer; a typed array's say 0.
function viewOffset(view) {
    if (!isDataView(view)) {
        return TypedArrayPrototypeGetByteOffset(view);
    }
    return isDetached(DataViewPrototypeGetBuffer(view)) ? 0 : DataViewPrototypeGetByteOffset(view);
}

function viewLength(view) {
    if (!isDataView(view)) {
        return TypedArrayPrototypeGetByteLength(view);
    }
    return isDetached(DataViewPrototypeGetBuffer(view)) ? 0 : DataViewPrototypeGetByteLength(view);
}

const viewItems = (view) => (isDataView(view) ? viewLength(view) : TypedArrayPrototypeGetLength(view));

// {constructor, size} of the elements of |view|.
function elementsOf(view) {
    if (isDataView(view)) {
        return { __proto__: null, constructor: DataView, size: 1 };
    }
    const constructor = TypedArrayConstructors[TypedArrayPrototypeGetSymbolToStringTag(view)];
    return { __proto__: null, constructor, size: constructor.BYTES_PER_ELEMENT };
}

function cloneBytes(buffer, offset, length) {
    return TypedArrayPrototypeGetBuffer(new Uint8Array(new Uint8Array(buffer, offset, length)));
}

function copyBytes(to, toOffset, from, fromOffset, length) {
    TypedArrayPrototypeSet(new Uint8Array(to, toOffset, length), new Uint8Array(from, fromOffset, length));
}

function illegal() {
    throw new TypeError('Illegal constructor');
}

// The record of a public object: set by each class, since only its own body can read its private field.
realm.hasStreams = true;
const recordOf = { __proto__: null };

return {
    __proto__: null,
    noop, setHandled, resolvedDeferred, rejectedDeferred, newDeferred: PromiseWithResolvers, promised, callForPromise,
    callOrResolve, chain, resolveWith,
    newQueue, push, shift, peek, enqueueWithSize, dequeue, resetQueue,
    readStrategy, highWaterMarkOf, sizeOf, ByteLengthQueuingStrategy, CountQueuingStrategy,
    isView, isDataView, isDetached, bufferLength, transferBuffer, viewBuffer, viewOffset, viewLength, viewItems, elementsOf,
    cloneBytes,
    copyBytes, newBuffer: (size) => new ArrayBuffer(size), illegal, recordOf,
};
