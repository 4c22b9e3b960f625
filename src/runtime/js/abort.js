// AbortController, AbortSignal
//
// Spec:  https://dom.spec.whatwg.org/#aborting-ongoing-activities
// Covers / differs:  all
// Ops:   none (timers.js for AbortSignal.timeout)
// WPT:   dom/abort
// Limits: none

'use strict';

const { List, TypeError, realm } = primordials;
const { webidl, scope } = realm;
const { Event } = internals.lazy('event.js');
const { EventTarget } = internals.lazy('event_target.js');

class AbortSignal extends EventTarget {
    #isAborted = false;
    #reason = undefined;
    #steps = null; // called with the reason, once
    #sources = null; // of a signal made by any(): never themselves made so
    #dependents = null;
    #handler = null;

    constructor(token = undefined) {
        if (token !== realm) {
            throw new TypeError('Illegal constructor');
        }
        super();
    }

    static abort(reason = undefined) {
        const signal = new AbortSignal(realm);
        signal.#isAborted = true;
        signal.#reason = reason === undefined ? abortError() : reason;
        return signal;
    }

    static timeout(delay) {
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'timeout' on 'AbortSignal'");
        delay = webidl.integer(delay, 64, false, 'enforceRange', "Failed to execute 'timeout' on 'AbortSignal'");
        scope.requireIo();
        const signal = new AbortSignal(realm);
        realm.setTimer(delay, () => {
            signal.#abort(realm.domException('The operation was aborted due to timeout', 'TimeoutError'));
        });
        return signal;
    }

    static any(signals) {
        const context = "Failed to execute 'any' on 'AbortSignal'";
        webidl.requireArguments(arguments.length, 1, context);
        const list = webidl.sequenceOf(signals, (value) => {
            if (!isSignal(value)) {
                throw new TypeError(`${context}: an item is not an AbortSignal.`);
            }
            return value;
        }, context);
        return AbortSignal.#dependOn(list);
    }

    get aborted() {
        return this.#isAborted;
    }

    get reason() {
        return this.#reason;
    }

    throwIfAborted() {
        if (this.#isAborted) {
            throw this.#reason;
        }
    }

    get onabort() {
        return this.#handler === null ? null : this.#handler.get();
    }

    set onabort(value) {
        this.#handler ??= realm.eventHandler(this, 'abort');
        this.#handler.set(value);
    }

    static #dependOn(list) {
        const result = new AbortSignal(realm);
        for (let i = 0; i < list.length; i++) {
            if (list[i].#isAborted) {
                result.#isAborted = true;
                result.#reason = list[i].#reason;
                return result;
            }
        }
        result.#sources = List();
        for (let i = 0; i < list.length; i++) {
            const sources = list[i].#sources;
            if (sources === null) {
                result.#follow(list[i]);
            }
            for (let j = 0; sources !== null && j < sources.length; j++) {
                result.#follow(sources[j]);
            }
        }
        return result;
    }

    #follow(source) {
        for (let i = 0; i < this.#sources.length; i++) {
            if (this.#sources[i] === source) {
                return;
            }
        }
        this.#sources[this.#sources.length] = source;
        source.#dependents ??= List();
        source.#dependents[source.#dependents.length] = this;
    }

    #abort(reason) {
        if (this.#isAborted) {
            return;
        }
        this.#isAborted = true;
        this.#reason = reason === undefined ? abortError() : reason;
        const aborted = List();
        const dependents = this.#dependents;
        for (let i = 0; dependents !== null && i < dependents.length; i++) {
            if (!dependents[i].#isAborted) {
                dependents[i].#isAborted = true;
                dependents[i].#reason = this.#reason;
                aborted[aborted.length] = dependents[i];
            }
        }
        this.#runSteps();
        for (let i = 0; i < aborted.length; i++) {
            aborted[i].#runSteps();
        }
    }

    #runSteps() {
        const steps = this.#steps;
        this.#steps = null;
        for (let i = 0; steps !== null && i < steps.length; i++) {
            if (steps[i] !== null) {
                steps[i](this.#reason);
            }
        }
        realm.eventTarget.dispatchTrusted(this, new Event('abort'));
    }

    static {
        realm.abort = {
            __proto__: null,
            isSignal: (value) => typeof value === 'object' && value !== null && #isAborted in value,
            isAborted: (signal) => signal.#isAborted,
            reason: (signal) => signal.#reason,
            newSignal: () => new AbortSignal(realm),
            abort: (signal, reason) => signal.#abort(reason),
            onAbort(signal, step) {
                if (signal.#isAborted) {
                    return;
                }
                signal.#steps ??= List();
                signal.#steps[signal.#steps.length] = step;
            },
            offAbort(signal, step) {
                for (let i = 0; signal.#steps !== null && i < signal.#steps.length; i++) {
                    if (signal.#steps[i] === step) {
                        signal.#steps[i] = null;
                        return;
                    }
                }
            },
            // A new signal that aborts when |source| does; null: never.
            follow(source) {
                const list = List();
                if (source !== null) {
                    list[0] = source;
                }
                return AbortSignal.#dependOn(list);
            },
        };
    }
}

const { isSignal } = realm.abort;

function abortError() {
    return realm.domException('The operation was aborted', 'AbortError');
}

class AbortController {
    #signal = realm.abort.newSignal();

    get signal() {
        return this.#signal;
    }

    abort(reason = undefined) {
        realm.abort.abort(this.#signal, reason);
    }
}

webidl.finish(AbortSignal);
webidl.finish(AbortController);

return { __proto__: null, AbortController, AbortSignal, follow: realm.abort.follow };
