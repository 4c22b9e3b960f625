// Readable streams: tee, from and async iteration.
//
// Spec:  https://streams.spec.whatwg.org/#rs-abstract-ops (tee, from)  https://streams.spec.whatwg.org/#rs-asynciterator
// Covers / differs:  all
// Ops:   none
// WPT:   streams/readable-streams (tee, from, async-iterator), streams/readable-byte-streams (tee)
// Limits: none

'use strict';

const {
    AsyncIteratorPrototype, List, ObjectSetPrototypeOf, PromiseResolve, ReflectApply, SymbolAsyncIterator, SymbolIterator,
    TypeError, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array, react, realm,
} = primordials;
const { webidl } = realm;
const common = internals.lazy('stream_common.js');
const readable = internals.lazy('stream_readable.js');
const { callForPromise, chain, newDeferred, noop } = common;

const microtask = (body) => react(undefined, body, noop);

/* ---- tee ----------------------------------------------------------------------------------- */

function cloneChunk(chunk) {
    const isBytes = internals.typeOf(chunk) === 'typedarray' && TypedArrayPrototypeGetSymbolToStringTag(chunk) === 'Uint8Array';
    return isBytes ? new Uint8Array(chunk) : internals.lazy('structured_clone.js').structuredClone(chunk);
}

// What both kinds of tee keep: who has canceled, and the promise of both.
function newCancels(stream) {
    const cancels = {
        __proto__: null, isFirst: false, isSecond: false, first: undefined, second: undefined, done: newDeferred(),
    };
    const both = () => common.resolveWith(cancels.done, readable.cancel(stream, [cancels.first, cancels.second]));
    cancels.cancelFirst = (reason) => {
        cancels.isFirst = true;
        cancels.first = reason;
        if (cancels.isSecond) {
            both();
        }
        return cancels.done.promise;
    };
    cancels.cancelSecond = (reason) => {
        cancels.isSecond = true;
        cancels.second = reason;
        if (cancels.isFirst) {
            both();
        }
        return cancels.done.promise;
    };
    cancels.settle = () => {
        if (!cancels.isFirst || !cancels.isSecond) {
            cancels.done.resolve(undefined);
        }
    };
    return cancels;
}

// The two branches as a list of records.
function teeDefault(stream, clonesSecond) {
    const reader = readable.newReader(stream, false);
    const cancels = newCancels(stream);
    let isReading = false;
    let readsAgain = false;
    let first = null;
    let second = null;

    const request = {
        __proto__: null,
        chunk: (chunk) => microtask(() => {
            readsAgain = false;
            let copy = chunk;
            if (!cancels.isSecond && clonesSecond) {
                try {
                    copy = cloneChunk(chunk);
                } catch (error) {
                    readable.failDefault(first.controller, error);
                    readable.failDefault(second.controller, error);
                    common.resolveWith(cancels.done, readable.cancel(stream, error));
                    return;
                }
            }
            if (!cancels.isFirst) {
                readable.enqueueDefault(first.controller, chunk);
            }
            if (!cancels.isSecond) {
                readable.enqueueDefault(second.controller, copy);
            }
            isReading = false;
            if (readsAgain) {
                pull();
            }
        }),
        close() {
            isReading = false;
            if (!cancels.isFirst) {
                readable.closeDefault(first.controller);
            }
            if (!cancels.isSecond) {
                readable.closeDefault(second.controller);
            }
            cancels.settle();
        },
        error() {
            isReading = false;
        },
    };
    function pull() {
        if (isReading) {
            readsAgain = true;
        } else {
            isReading = true;
            readable.read(reader, request);
        }
        return PromiseResolve(undefined);
    }

    first = readable.createDefault({ __proto__: null, start: noop, pull, cancel: cancels.cancelFirst });
    second = readable.createDefault({ __proto__: null, start: noop, pull, cancel: cancels.cancelSecond });
    react(reader.closed.promise, noop, (error) => {
        readable.failDefault(first.controller, error);
        readable.failDefault(second.controller, error);
        cancels.settle();
    });
    return pairOf(first, second);
}

function pairOf(first, second) {
    const pair = List();
    pair[0] = first;
    pair[1] = second;
    return pair;
}

function teeBytes(stream) {
    const byte = internals.lazy('stream_byte.js');
    const cancels = newCancels(stream);
    let reader = readable.newReader(stream, false);
    let isReading = false;
    let readsFirst = false;
    let readsSecond = false;
    let first = null;
    let second = null;

    const failBoth = (error) => {
        byte.fail(first.controller, error);
        byte.fail(second.controller, error);
    };
    const watch = (watched) => react(watched.closed.promise, noop, (error) => {
        if (watched === reader) {
            failBoth(error);
            cancels.settle();
        }
    });
    const useReader = (isByob) => {
        if (reader.isByob !== isByob) {
            readable.release(reader);
            reader = readable.newReader(stream, isByob);
            watch(reader);
        }
    };
    const goOn = () => {
        isReading = false;
        if (readsFirst) {
            pullFirst();
        } else if (readsSecond) {
            pullSecond();
        }
    };
    // A copy of |chunk|, or null after everything has failed.
    const copyOrFail = (chunk) => {
        try {
            return new Uint8Array(webidl.bytesOf(chunk, ''));
        } catch (error) {
            failBoth(error);
            common.resolveWith(cancels.done, readable.cancel(stream, error));
            return null;
        }
    };
    const respondEmpty = (branch) => {
        if (branch.controller.pulls.length > 0) {
            byte.respond(branch.controller, 0);
        }
    };

    function pullByDefault() {
        useReader(false);
        readable.read(reader, {
            __proto__: null,
            chunk: (chunk) => microtask(() => {
                readsFirst = false;
                readsSecond = false;
                let copy = chunk;
                if (!cancels.isFirst && !cancels.isSecond) {
                    copy = copyOrFail(chunk);
                    if (copy === null) {
                        return;
                    }
                }
                if (!cancels.isFirst) {
                    byte.enqueue(first.controller, chunk);
                }
                if (!cancels.isSecond) {
                    byte.enqueue(second.controller, copy);
                }
                goOn();
            }),
            close() {
                isReading = false;
                if (!cancels.isFirst) {
                    byte.close(first.controller);
                }
                if (!cancels.isSecond) {
                    byte.close(second.controller);
                }
                respondEmpty(first);
                respondEmpty(second);
                cancels.settle();
            },
            error() {
                isReading = false;
            },
        });
    }

    function pullByView(view, isSecond) {
        useReader(true);
        const own = isSecond ? second : first;
        const other = isSecond ? first : second;
        const isOwnCanceled = () => (isSecond ? cancels.isSecond : cancels.isFirst);
        const isOtherCanceled = () => (isSecond ? cancels.isFirst : cancels.isSecond);
        byte.readInto(reader, view, 1, {
            __proto__: null,
            chunk: (chunk) => microtask(() => {
                readsFirst = false;
                readsSecond = false;
                if (!isOtherCanceled()) {
                    const copy = copyOrFail(chunk);
                    if (copy === null) {
                        return;
                    }
                    if (!isOwnCanceled()) {
                        byte.respondWithNewView(own.controller, chunk);
                    }
                    byte.enqueue(other.controller, copy);
                } else if (!isOwnCanceled()) {
                    byte.respondWithNewView(own.controller, chunk);
                }
                goOn();
            }),
            close(chunk) {
                isReading = false;
                if (!isOwnCanceled()) {
                    byte.close(own.controller);
                }
                if (!isOtherCanceled()) {
                    byte.close(other.controller);
                }
                if (chunk !== undefined) {
                    if (!isOwnCanceled()) {
                        byte.respondWithNewView(own.controller, chunk);
                    }
                    if (!isOtherCanceled()) {
                        respondEmpty(other);
                    }
                }
                cancels.settle();
            },
            error() {
                isReading = false;
            },
        });
    }

    function pullBranch(branch, isSecond) {
        isReading = true;
        const request = byte.byobRequestOf(branch.controller);
        if (request === null) {
            pullByDefault();
        } else {
            pullByView(request.view, isSecond);
        }
        return PromiseResolve(undefined);
    }
    function pullFirst() {
        if (isReading) {
            readsFirst = true;
            return PromiseResolve(undefined);
        }
        return pullBranch(first, false);
    }
    function pullSecond() {
        if (isReading) {
            readsSecond = true;
            return PromiseResolve(undefined);
        }
        return pullBranch(second, true);
    }

    first = byte.create({ __proto__: null, start: noop, pull: pullFirst, cancel: cancels.cancelFirst });
    second = byte.create({ __proto__: null, start: noop, pull: pullSecond, cancel: cancels.cancelSecond });
    watch(reader);
    return pairOf(first, second);
}

/* ---- from ---------------------------------------------------------------------------------- */

function requireIterator(iterator) {
    if (!webidl.isObject(iterator)) {
        throw new TypeError('The iterator is not an object.');
    }
    return iterator;
}

function requireResult(result) {
    if (!webidl.isObject(result)) {
        throw new TypeError('The iterator did not return an object.');
    }
    return result;
}

function methodOf(object, key) {
    const method = object[key];
    if (method === undefined || method === null) {
        return undefined;
    }
    return webidl.callback(method, 'ReadableStream.from');
}

function from(iterable) {
    if (iterable === undefined || iterable === null) {
        throw new TypeError('ReadableStream.from: the value is not iterable.');
    }
    const asyncMethod = methodOf(iterable, SymbolAsyncIterator);
    const method = asyncMethod ?? methodOf(iterable, SymbolIterator);
    if (method === undefined) {
        throw new TypeError('ReadableStream.from: the value is not iterable.');
    }
    const isSync = asyncMethod === undefined;
    const iterator = requireIterator(ReflectApply(method, iterable, []));
    const { next } = iterator;
    let stream = null;

    const deliver = (isDone, value) => {
        if (isDone) {
            readable.closeDefault(stream.controller);
        } else {
            readable.enqueueDefault(stream.controller, value);
        }
    };
    const onResult = (result) => {
        requireResult(result);
        const isDone = !!result.done;
        if (!isSync) {
            deliver(isDone, isDone ? undefined : result.value);
            return undefined;
        }
        // As %AsyncFromSyncIteratorPrototype%: the value is awaited.
        return chain(PromiseResolve(result.value), (value) => deliver(isDone, value));
    };
    const algorithms = {
        __proto__: null,
        start: noop,
        pull: () => chain(callForPromise(next, iterator, []), onResult),
        cancel(reason) {
            return common.promised(() => {
                const close = methodOf(iterator, 'return');
                if (close === undefined) {
                    return PromiseResolve(undefined);
                }
                return chain(callForPromise(close, iterator, [reason]), (result) => {
                    requireResult(result);
                });
            });
        },
    };
    stream = readable.createDefault(algorithms, 0);
    return stream;
}

/* ---- async iteration ----------------------------------------------------------------------- */

const finished = (value) => ({ value, done: true });

class AsyncIterator {
    #reader;
    #keepsStream;
    #ongoing = null;
    #isFinished = false;

    constructor(reader, keepsStream) {
        this.#reader = reader;
        this.#keepsStream = keepsStream;
    }

    next() {
        return common.promised(() => {
            const steps = () => this.#next();
            this.#ongoing = this.#ongoing === null ? steps() : chain(this.#ongoing, steps, steps);
            return this.#ongoing;
        });
    }

    return(value) {
        return common.promised(() => {
            const steps = () => this.#return(value);
            this.#ongoing = this.#ongoing === null ? steps() : chain(this.#ongoing, steps, steps);
            return this.#ongoing;
        });
    }

    #next() {
        if (this.#isFinished) {
            return PromiseResolve(finished(undefined));
        }
        const deferred = newDeferred();
        const reader = this.#reader;
        readable.read(reader, {
            __proto__: null,
            chunk: (value) => deferred.resolve({ value, done: false }),
            close() {
                readable.release(reader);
                deferred.resolve(finished(undefined));
            },
            error(reason) {
                readable.release(reader);
                deferred.reject(reason);
            },
        });
        return chain(deferred.promise, (result) => {
            this.#ongoing = null;
            this.#isFinished ||= result.done;
            return result;
        }, (reason) => {
            this.#ongoing = null;
            this.#isFinished = true;
            throw reason;
        });
    }

    #return(value) {
        if (this.#isFinished) {
            return PromiseResolve(finished(value));
        }
        this.#isFinished = true;
        if (this.#keepsStream) {
            readable.release(this.#reader);
            return PromiseResolve(finished(value));
        }
        const result = readable.cancel(this.#reader.stream, value);
        readable.release(this.#reader);
        return chain(result, () => finished(value));
    }
}
delete AsyncIterator.prototype.constructor;
ObjectSetPrototypeOf(AsyncIterator.prototype, AsyncIteratorPrototype);
webidl.finish(AsyncIterator, 'ReadableStream AsyncIterator');

return {
    __proto__: null,
    from,
    tee: (stream, clonesSecond) => (stream.controller.isByte ? teeBytes(stream) : teeDefault(stream, clonesSecond)),
    iterate: (stream, keepsStream) => new AsyncIterator(readable.newReader(stream, false), keepsStream),
};
