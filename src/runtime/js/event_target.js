// EventTarget, and the global scope as one.
//
// Spec:  https://dom.spec.whatwg.org/#interface-eventtarget
// Covers / differs:  all without a tree. The global's functions are its own properties, as they must work before this file is
//        loaded
// Ops:   none
// WPT:   dom/abort, html/webappapis/scripting
// Limits: none

'use strict';

const {
    List, Map, MapPrototypeGet, MapPrototypeSet, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ObjectSetPrototypeOf,
    ReflectApply, TypeError, WeakMap, WeakMapPrototypeGet, WeakMapPrototypeSet, defineValue, realm,
} = primordials;
const { webidl, errors } = realm;
const { domString, requireArguments } = webidl;
internals.lazy('event.js'); // makes realm.event
const eventOf = realm.event;

const events = () => internals.lazy('events.js');

function captureOf(options) {
    return webidl.isObject(options) ? !!options.capture : !!options;
}

// What is an EventTarget though it was made before this file was loaded -> the one that stands in for it.
const standIns = new Map();

class EventTarget {
    #listeners = null; // type -> List of {callback, isCapture, isPassive, isOnce, isRemoved}
    #self = this; // what events name as their target

    addEventListener(type, callback, options = undefined) {
        requireArguments(arguments.length, 2, "Failed to execute 'addEventListener' on 'EventTarget'");
        EventTarget.#of(this).#add(type, callback, options);
    }

    removeEventListener(type, callback, options = undefined) {
        requireArguments(arguments.length, 2, "Failed to execute 'removeEventListener' on 'EventTarget'");
        EventTarget.#of(this).#remove(type, callback, options);
    }

    dispatchEvent(event) {
        requireArguments(arguments.length, 1, "Failed to execute 'dispatchEvent' on 'EventTarget'");
        return EventTarget.#of(this).#dispatchFromScript(event);
    }

    static #of(self) {
        const standIn = webidl.isObject(self) && #self in self ? self : MapPrototypeGet(standIns, self);
        if (standIn === undefined) {
            throw new TypeError('Illegal invocation');
        }
        return standIn;
    }

    #add(type, callback, options) {
        this.#self;
        const context = "Failed to execute 'addEventListener' on 'EventTarget'";
        type = domString(type);
        if (callback !== null && callback !== undefined && !webidl.isObject(callback)) {
            throw new TypeError(`${context}: the listener is not an object.`);
        }
        const isCapture = captureOf(options);
        let isOnce = false;
        let isPassive = false;
        let signal = null;
        if (webidl.isObject(options)) {
            const { once, passive, signal: wanted } = options;
            isOnce = !!once;
            isPassive = !!passive;
            if (wanted !== undefined) {
                if (realm.abort === null || !realm.abort.isSignal(wanted)) {
                    throw new TypeError(`${context}: the signal is not an AbortSignal.`);
                }
                signal = wanted;
            }
        }
        if (callback === null || callback === undefined || (signal !== null && realm.abort.isAborted(signal))) {
            return;
        }
        const list = this.#listOf(type);
        for (let i = 0; i < list.length; i++) {
            if (list[i].callback === callback && list[i].isCapture === isCapture) {
                return;
            }
        }
        const listener = { __proto__: null, callback, isCapture, isPassive, isOnce, isRemoved: false };
        list[list.length] = listener;
        if (signal !== null) {
            realm.abort.onAbort(signal, () => this.#drop(type, listener));
        }
    }

    #listOf(type) {
        this.#listeners ??= new Map();
        let list = MapPrototypeGet(this.#listeners, type);
        if (list === undefined) {
            list = List();
            MapPrototypeSet(this.#listeners, type, list);
        }
        return list;
    }

    #remove(type, callback, options) {
        this.#self;
        type = domString(type);
        const isCapture = captureOf(options);
        const list = this.#listeners === null ? undefined : MapPrototypeGet(this.#listeners, type);
        for (let i = 0; list !== undefined && i < list.length; i++) {
            if (list[i].callback === callback && list[i].isCapture === isCapture) {
                this.#drop(type, list[i]);
                return;
            }
        }
    }

    #drop(type, listener) {
        listener.isRemoved = true;
        const list = MapPrototypeGet(this.#listeners, type);
        const kept = List(); // a new one: a dispatch may be walking the old one
        for (let i = 0; i < list.length; i++) {
            if (list[i] !== listener) {
                kept[kept.length] = list[i];
            }
        }
        MapPrototypeSet(this.#listeners, type, kept);
    }

    #dispatchFromScript(event) {
        this.#self;
        if (!eventOf.is(event)) {
            throw new TypeError("Failed to execute 'dispatchEvent' on 'EventTarget': the value is not an Event.");
        }
        if (eventOf.isBusy(event)) {
            throw realm.domException('The event is already being dispatched.', 'InvalidStateError');
        }
        eventOf.distrust(event);
        return this.#dispatch(event);
    }

    // False when a listener canceled it.
    #dispatch(event) {
        const type = eventOf.type(event);
        const list = this.#listeners === null ? undefined : MapPrototypeGet(this.#listeners, type);
        eventOf.begin(event, this.#self);
        if (list !== undefined) {
            const { length } = list; // those that are added meanwhile wait for the next event
            this.#invoke(event, type, list, length, true);
            if (!eventOf.isStopped(event)) {
                this.#invoke(event, type, list, length, false);
            }
        }
        eventOf.end(event);
        return !eventOf.isCanceled(event);
    }

    #invoke(event, type, list, length, isCapture) {
        for (let i = 0; i < length && !eventOf.isStoppedAtOnce(event); i++) {
            const listener = list[i];
            if (listener.isRemoved || listener.isCapture !== isCapture) {
                continue;
            }
            if (listener.isOnce) {
                this.#drop(type, listener);
            }
            eventOf.setPassive(event, listener.isPassive);
            callListener(listener.callback, this.#self, event);
            eventOf.setPassive(event, false);
        }
    }

    static {
        realm.eventTarget = {
            __proto__: null,
            is: (value) => typeof value === 'object' && value !== null && #self in value,
            dispatchTrusted: (target, event) => target.#dispatch(eventOf.trust(event)),
            hasListeners(target, type) {
                const list = target.#listeners === null ? undefined : MapPrototypeGet(target.#listeners, type);
                return list !== undefined && list.length > 0;
            },
            // |object|, whose class is |constructor| or none, becomes a target.
            adopt(object, constructor) {
                const target = new EventTarget();
                target.#self = object;
                MapPrototypeSet(standIns, object, target);
                if (constructor !== null) {
                    ObjectSetPrototypeOf(constructor, EventTarget);
                    ObjectSetPrototypeOf(constructor.prototype, EventTarget.prototype);
                }
                return target;
            },
            add: (target, type, callback, options) => target.#add(type, callback, options),
            remove: (target, type, callback, options) => target.#remove(type, callback, options),
            dispatchFromScript: (target, event) => target.#dispatchFromScript(event),
        };
    }
}
webidl.finish(EventTarget);
const targetOf = realm.eventTarget;

function callListener(callback, self, event) {
    try {
        if (typeof callback === 'function') {
            ReflectApply(callback, self, [event]);
            return;
        }
        const { handleEvent } = callback;
        if (typeof handleEvent !== 'function') {
            throw new TypeError("The listener has no method 'handleEvent'.");
        }
        ReflectApply(handleEvent, callback, [event]);
    } catch (error) {
        realm.reportUncaught(error);
    }
}

/* ---- event handler attributes (onabort) --------------------------------------------------- */

// {get, set} for "on<type>" of |target|; the handler keeps the place of its first setting among the listeners. |self| is what it
// is called on.
realm.eventHandler = (target, type, self = target) => {
    let handler = null;
    let isListening = false;
    const listener = (event) => {
        if (typeof handler !== 'function') {
            return;
        }
        const isError = type === 'error' && events().isErrorEvent(event) && self === realm.global;
        const args = isError ? [event.message, event.filename, event.lineno, event.colno, event.error] : [event];
        if (ReflectApply(handler, self, args) === isError) { // true of onerror, false of any other
            eventOf.cancel(event);
        }
    };
    return {
        __proto__: null,
        get: () => handler,
        set(value) {
            handler = webidl.isObject(value) ? value : null;
            if (handler !== null && !isListening) {
                isListening = true;
                targetOf.add(target, type, listener);
            }
        },
    };
};

// Gives |constructor| the attributes "on<type>"; is(object) tells its own objects. |onSet|(object) is called after each setting.
realm.defineHandlers = (constructor, is, types, onSet) => {
    const handlers = new WeakMap(); // object -> {type: handler}
    const handlerOf = (object, type) => {
        if (!is(object)) {
            throw new TypeError('Illegal invocation');
        }
        let own = WeakMapPrototypeGet(handlers, object);
        if (own === undefined) {
            own = { __proto__: null };
            WeakMapPrototypeSet(handlers, object, own);
        }
        own[type] ??= realm.eventHandler(object, type);
        return own[type];
    };
    for (let i = 0; i < types.length; i++) {
        const type = types[i];
        const descriptor = ObjectGetOwnPropertyDescriptor({
            get [`on${type}`]() {
                return handlerOf(this, type).get();
            },
            set [`on${type}`](value) {
                handlerOf(this, type).set(value);
                onSet?.(this);
            },
        }, `on${type}`);
        descriptor.enumerable = true;
        ObjectDefineProperty(constructor.prototype, `on${type}`, descriptor);
    }
};

/* ---- the global scope ---------------------------------------------------------------------- */

const globalTarget = targetOf.adopt(realm.global, null);
if (realm.performance !== undefined) {
    targetOf.adopt(realm.performance.object, realm.performance.constructor);
}

function addEventListener(type, callback, options = undefined) {
    requireArguments(arguments.length, 2, "Failed to execute 'addEventListener'");
    targetOf.add(globalTarget, type, callback, options);
}

function removeEventListener(type, callback, options = undefined) {
    requireArguments(arguments.length, 2, "Failed to execute 'removeEventListener'");
    targetOf.remove(globalTarget, type, callback, options);
}

function dispatchEvent(event) {
    requireArguments(arguments.length, 1, "Failed to execute 'dispatchEvent'");
    return targetOf.dispatchFromScript(globalTarget, event);
}

function reportError(error) {
    requireArguments(arguments.length, 1, "Failed to execute 'reportError'");
    realm.reportUncaught(error);
}

// onerror, onunhandledrejection, onrejectionhandled; globals.js has the accessors.
const globalHandlers = {
    __proto__: null,
    error: realm.eventHandler(globalTarget, 'error', realm.global),
    unhandledrejection: realm.eventHandler(globalTarget, 'unhandledrejection', realm.global),
    rejectionhandled: realm.eventHandler(globalTarget, 'rejectionhandled', realm.global),
};

let isReporting = false; // an error in an error listener goes straight to the host

realm.globalEvents = {
    __proto__: null,
    // True when a listener took care of it.
    dispatchError(error) {
        if (isReporting || !targetOf.hasListeners(globalTarget, 'error')) {
            return false;
        }
        const at = errors.place(error);
        const description = errors.describe(error);
        const event = new (events().ErrorEvent)('error', {
            __proto__: null,
            cancelable: true,
            message: `Uncaught ${errors.headline(description)}`,
            filename: at === null ? '' : at.module,
            lineno: at === null ? 0 : at.line,
            colno: at === null ? 0 : at.column,
            error,
        });
        isReporting = true;
        const isTaken = !targetOf.dispatchTrusted(globalTarget, event);
        isReporting = false;
        return isTaken;
    },
    dispatchRejection(type, promise, reason) {
        if (!targetOf.hasListeners(globalTarget, type)) {
            return false;
        }
        const event = new (events().PromiseRejectionEvent)(type, {
            __proto__: null, cancelable: type === 'unhandledrejection', promise, reason,
        });
        return !targetOf.dispatchTrusted(globalTarget, event);
    },
};

/* ---- its class ------------------------------------------------------------------------------ */

function requireGlobal(self) {
    if (self !== undefined && self !== null && self !== realm.global) {
        throw new TypeError('Illegal invocation');
    }
}

class WorkerGlobalScope extends EventTarget {
    constructor(token = undefined) {
        super();
        if (token !== realm) {
            throw new TypeError('Illegal constructor');
        }
    }

    get self() {
        requireGlobal(this);
        return realm.global;
    }

    get performance() {
        requireGlobal(this);
        return internals.lazy('performance.js').performance;
    }

    set self(value) {
        requireGlobal(this);
        defineValue(realm.global, 'self', value, true);
    }

    set performance(value) {
        requireGlobal(this);
        defineValue(realm.global, 'performance', value, true);
    }
}
webidl.finish(WorkerGlobalScope);
ObjectSetPrototypeOf(realm.global, WorkerGlobalScope.prototype);

return {
    __proto__: null, EventTarget, WorkerGlobalScope, addEventListener, removeEventListener, dispatchEvent, reportError,
    globalHandlers,
};
