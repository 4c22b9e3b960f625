// pipeTo: from a readable to a writable stream, with errors and closing passed on both ways.
//
// Spec:  https://streams.spec.whatwg.org/#readable-stream-pipe-to
// Covers / differs:  all
// Ops:   none
// WPT:   streams/piping
// Limits: none

'use strict';

const { PromiseResolve, TypeError, react, realm } = primordials;
const common = internals.lazy('stream_common.js');
const readable = internals.lazy('stream_readable.js');
const writable = internals.lazy('stream_writable.js');
const { chain, newDeferred, noop } = common;

// A promise of both, and of neither being left behind.
function both(first, second) {
    return chain(first, () => second, (error) => chain(second, () => {
        throw error;
    }, () => {
        throw error;
    }));
}

class Pipe {
    #source;
    #destination;
    #options;
    #reader;
    #writer;
    #isShuttingDown = false;
    #currentWrite = PromiseResolve(undefined);
    #done = newDeferred();
    #onAbort = null;

    constructor(source, destination, options) {
        this.#source = source;
        this.#destination = destination;
        this.#options = options;
        this.#reader = readable.newReader(source, false);
        this.#writer = writable.newWriter(destination);
        source.isDisturbed = true;
    }

    start() {
        const { signal } = this.#options;
        if (signal !== null) {
            this.#onAbort = () => this.#abort();
            if (realm.abort.isAborted(signal)) {
                this.#abort();
                return this.#done.promise;
            }
            realm.abort.onAbort(signal, this.#onAbort);
        }
        this.#watch();
        this.#step();
        return this.#done.promise;
    }

    #abort() {
        const { preventAbort, preventCancel, signal } = this.#options;
        const error = realm.abort.reason(signal);
        this.#shutDown(() => both(
            preventAbort || this.#destination.state !== 'writable'
                ? PromiseResolve(undefined) : writable.abortStream(this.#destination, error),
            preventCancel || this.#source.state !== 'readable' ? PromiseResolve(undefined) : readable.cancel(this.#source, error),
        ), true, error);
    }

    #watch() {
        const source = this.#source;
        const destination = this.#destination;
        const { preventAbort, preventCancel, preventClose } = this.#options;

        const onSourceError = (error) => this.#shutDown(
            preventAbort ? null : () => writable.abortStream(destination, error), true, error,
        );
        const onDestinationError = (error) => this.#shutDown(
            preventCancel ? null : () => readable.cancel(source, error), true, error,
        );
        const onSourceClose = () => this.#shutDown(
            preventClose ? null : () => writable.closeWithPropagation(this.#writer), false,
        );

        if (source.state === 'errored') {
            onSourceError(source.storedError);
        } else {
            react(this.#reader.closed.promise, noop, (error) => {
                if (source.state === 'errored') {
                    onSourceError(error);
                }
            });
        }
        if (destination.state === 'errored') {
            onDestinationError(destination.storedError);
        } else {
            react(this.#writer.closed.promise, noop, (error) => {
                if (destination.state === 'errored') {
                    onDestinationError(error);
                }
            });
        }
        if (source.state === 'closed') {
            onSourceClose();
        } else {
            react(this.#reader.closed.promise, onSourceClose, noop);
        }
        if (writable.isClosing(destination) || destination.state === 'closed') {
            const error = new TypeError('The destination writable stream closed before all data could be piped to it.');
            this.#shutDown(preventCancel ? null : () => readable.cancel(source, error), true, error);
        }
    }

    // Waits until the destination wants a chunk, reads one, writes it, and so on.
    #step() {
        if (this.#isShuttingDown) {
            return;
        }
        react(this.#writer.ready.promise, () => {
            if (this.#isShuttingDown) {
                return;
            }
            readable.read(this.#reader, {
                __proto__: null,
                chunk: (chunk) => {
                    // Never inside the source's enqueue().
                    this.#currentWrite = chain(undefined, () => this.#write(chunk));
                },
                close: noop,
                error: noop,
            });
        }, noop);
    }

    // The promise of the write; the next read need not wait for it.
    #write(chunk) {
        if (this.#writer.stream === null) {
            return undefined;
        }
        const result = writable.write(this.#writer, chunk);
        this.#step();
        return chain(result, undefined, noop);
    }

    #waitForWrites() {
        const before = this.#currentWrite;
        return chain(before, () => (before !== this.#currentWrite ? this.#waitForWrites() : undefined));
    }

    // |action| (null: none) runs once what was read is written; then the pipe ends.
    #shutDown(action, isError, error) {
        if (this.#isShuttingDown) {
            return;
        }
        this.#isShuttingDown = true;
        const act = () => {
            if (action === null) {
                this.#finalize(isError, error);
            } else {
                react(action(), () => this.#finalize(isError, error), (newError) => this.#finalize(true, newError));
            }
        };
        if (this.#destination.state === 'writable' && !writable.isClosing(this.#destination)) {
            react(this.#waitForWrites(), act, noop);
        } else {
            act();
        }
    }

    #finalize(isError, error) {
        writable.release(this.#writer);
        readable.release(this.#reader);
        if (this.#onAbort !== null) {
            realm.abort.offAbort(this.#options.signal, this.#onAbort);
        }
        if (isError) {
            this.#done.reject(error);
        } else {
            this.#done.resolve(undefined);
        }
    }
}

return { __proto__: null, pipe: (source, destination, options) => new Pipe(source, destination, options).start() };
