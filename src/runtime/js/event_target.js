// Event, EventTarget, the events that a worker meets, and the global scope as a target.
//
// Spec:  https://dom.spec.whatwg.org/#events
// Covers / differs:  all without a tree: the path of an event is its target alone. The global's functions are its own
//        properties;
//        it has no onerror attributes
// Ops:   none
// WPT:   dom/events (parts), dom/abort, html/webappapis/scripting
// Limits: none

'use strict';

const { List, Map, MapPrototypeGet, MapPrototypeSet, ObjectDefineProperty, ReflectApply, TypeError, realm } = primordials;
const { webidl, errors, scope } = realm;
const { dictionary, domString, integer, requireArguments } = webidl;

const PHASES = ['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'];

class Event {
    #type = '';
    #bubbles = false;
    #isCancelable = false;
    #isComposed = false;
    #isCanceled = false;
    #isInitialized = false;
    #isDispatching = false;
    #isStopped = false;
    #isStoppedAtOnce = false;
    #isInPassive = false;
    #isTrusted = false;
    #target = null;
    #currentTarget = null;
    #timeStamp = internals.clock() - scope.startedAt;

    constructor(type, init = undefined) {
        requireArguments(arguments.length, 1, "Failed to construct 'Event'");
        this.#type = domString(type);
        init = dictionary(init, "Failed to construct 'Event'");
        const { bubbles, cancelable, composed } = init;
        this.#bubbles = !!bubbles;
        this.#isCancelable = !!cancelable;
        this.#isComposed = !!composed;
        this.#isInitialized = true;
    }

    get type() {
        return this.#type;
    }

    get target() {
        return this.#target;
    }

    get srcElement() {
        return this.#target;
    }

    get currentTarget() {
        return this.#currentTarget;
    }

    composedPath() {
        return this.#currentTarget === null ? [] : [this.#currentTarget];
    }

    get eventPhase() {
        return this.#isDispatching ? 2 : 0;
    }

    stopPropagation() {
        this.#isStopped = true;
    }

    get cancelBubble() {
        return this.#isStopped;
    }

    set cancelBubble(value) {
        if (value) {
            this.#isStopped = true;
        } else {
            this.#isStopped; // for the brand
        }
    }

    stopImmediatePropagation() {
        this.#isStopped = true;
        this.#isStoppedAtOnce = true;
    }

    get bubbles() {
        return this.#bubbles;
    }

    get cancelable() {
        return this.#isCancelable;
    }

    get returnValue() {
        return !this.#isCanceled;
    }

    set returnValue(value) {
        if (!value) {
            this.#cancel();
        } else {
            this.#isCanceled; // for the brand
        }
    }

    preventDefault() {
        this.#cancel();
    }

    get defaultPrevented() {
        return this.#isCanceled;
    }

    get composed() {
        return this.#isComposed;
    }

    get isTrusted() {
        return this.#isTrusted;
    }

    get timeStamp() {
        return this.#timeStamp;
    }

    initEvent(type, bubbles = false, cancelable = false) {
        requireArguments(arguments.length, 1, "Failed to execute 'initEvent' on 'Event'");
        type = domString(type);
        if (this.#isDispatching) {
            return;
        }
        this.#type = type;
        this.#bubbles = !!bubbles;
        this.#isCancelable = !!cancelable;
        this.#isCanceled = false;
        this.#isStopped = false;
        this.#isStoppedAtOnce = false;
        this.#isTrusted = false;
        this.#target = null;
    }

    #cancel() {
        if (this.#isCancelable && !this.#isInPassive) {
            this.#isCanceled = true;
        }
    }

    static {
        realm.event = {
            __proto__: null,
            is: (value) => typeof value === 'object' && value !== null && #type in value,
            isBusy: (event) => event.#isDispatching || !event.#isInitialized,
            trust(event) {
                event.#isTrusted = true;
                return event;
            },
            distrust(event) {
                event.#isTrusted = false;
            },
            begin(event, target) {
                event.#isDispatching = true;
                event.#target = target;
                event.#currentTarget = target;
            },
            end(event) {
                event.#isDispatching = false;
                event.#isStopped = false;
                event.#isStoppedAtOnce = false;
                event.#currentTarget = null;
            },
            isStoppedAtOnce: (event) => event.#isStoppedAtOnce,
            isStopped: (event) => event.#isStopped,
            setPassive(event, isPassive) {
                event.#isInPassive = isPassive;
            },
            isCanceled: (event) => event.#isCanceled,
            type: (event) => event.#type,
        };
    }
}
webidl.finish(Event);
for (let phase = 0; phase < PHASES.length; phase++) {
    const descriptor = { __proto__: null, value: phase, writable: false, enumerable: true, configurable: false };
    ObjectDefineProperty(Event, PHASES[phase], descriptor);
    ObjectDefineProperty(Event.prototype, PHASES[phase], descriptor);
}
const eventOf = realm.event;

class CustomEvent extends Event {
    #detail;

    constructor(type, init = undefined) {
        requireArguments(arguments.length, 1, "Failed to construct 'CustomEvent'");
        super(type, init);
        const { detail } = dictionary(init, "Failed to construct 'CustomEvent'");
        this.#detail = detail === undefined ? null : detail;
    }

    get detail() {
        return this.#detail;
    }

    initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
        requireArguments(arguments.length, 1, "Failed to execute 'initCustomEvent' on 'CustomEvent'");
        this.#detail; // for the brand
        if (!eventOf.isBusy(this)) {
            this.initEvent(type, bubbles, cancelable);
            this.#detail = detail;
        }
    }
}
webidl.finish(CustomEvent);

class ErrorEvent extends Event {
    #message;
    #filename;
    #line;
    #column;
    #error;

    constructor(type, init = undefined) {
        requireArguments(arguments.length, 1, "Failed to construct 'ErrorEvent'");
        super(type, init);
        const { colno, error, filename, lineno, message } = dictionary(init, "Failed to construct 'ErrorEvent'");
        this.#column = colno === undefined ? 0 : integer(colno, 32, false);
        this.#error = error;
        this.#filename = filename === undefined ? '' : webidl.usvString(filename);
        this.#line = lineno === undefined ? 0 : integer(lineno, 32, false);
        this.#message = message === undefined ? '' : domString(message);
    }

    get message() {
        return this.#message;
    }

    get filename() {
        return this.#filename;
    }

    get lineno() {
        return this.#line;
    }

    get colno() {
        return this.#column;
    }

    get error() {
        return this.#error;
    }
}
webidl.finish(ErrorEvent);

class PromiseRejectionEvent extends Event {
    #promise;
    #reason;

    constructor(type, init) {
        requireArguments(arguments.length, 2, "Failed to construct 'PromiseRejectionEvent'");
        super(type, init);
        const { promise, reason } = dictionary(init, "Failed to construct 'PromiseRejectionEvent'");
        if (!webidl.isObject(promise)) {
            throw new TypeError("Failed to construct 'PromiseRejectionEvent': a promise is required.");
        }
        this.#promise = promise;
        this.#reason = reason;
    }

    get promise() {
        return this.#promise;
    }

    get reason() {
        return this.#reason;
    }
}
webidl.finish(PromiseRejectionEvent);

class MessageEvent extends Event {
    #data;
    #origin;
    #lastEventId;
    #source;
    #ports;

    constructor(type, init = undefined) {
        requireArguments(arguments.length, 1, "Failed to construct 'MessageEvent'");
        super(type, init);
        const { data, lastEventId, origin, ports, source } = dictionary(init, "Failed to construct 'MessageEvent'");
        this.#data = data === undefined ? null : data;
        this.#lastEventId = lastEventId === undefined ? '' : domString(lastEventId);
        this.#origin = origin === undefined ? '' : webidl.usvString(origin);
        this.#ports = [];
        if (ports !== undefined) {
            const list = webidl.sequenceOf(ports, (port) => port, "Failed to construct 'MessageEvent'");
            for (let i = 0; i < list.length; i++) {
                primordials.defineValue(this.#ports, i, list[i], true);
            }
        }
        primordials.ObjectFreeze(this.#ports);
        this.#source = source === undefined ? null : source;
    }

    get data() {
        return this.#data;
    }

    get origin() {
        return this.#origin;
    }

    get lastEventId() {
        return this.#lastEventId;
    }

    get source() {
        return this.#source;
    }

    get ports() {
        return this.#ports;
    }
}
webidl.finish(MessageEvent);

class CloseEvent extends Event {
    #wasClean;
    #code;
    #reason;

    constructor(type, init = undefined) {
        requireArguments(arguments.length, 1, "Failed to construct 'CloseEvent'");
        super(type, init);
        const { code, reason, wasClean } = dictionary(init, "Failed to construct 'CloseEvent'");
        this.#code = code === undefined ? 0 : integer(code, 16, false);
        this.#reason = reason === undefined ? '' : webidl.usvString(reason);
        this.#wasClean = !!wasClean;
    }

    get wasClean() {
        return this.#wasClean;
    }

    get code() {
        return this.#code;
    }

    get reason() {
        return this.#reason;
    }
}
webidl.finish(CloseEvent);

/* ---- EventTarget --------------------------------------------------------------------------- */

function captureOf(options) {
    return webidl.isObject(options) ? !!options.capture : !!options;
}

class EventTarget {
    #listeners = null; // type -> List of {callback, isCapture, isPassive, isOnce, isRemoved}
    #self = this; // what events name as their target

    addEventListener(type, callback, options = undefined) {
        requireArguments(arguments.length, 2, "Failed to execute 'addEventListener' on 'EventTarget'");
        this.#add(type, callback, options);
    }

    removeEventListener(type, callback, options = undefined) {
        requireArguments(arguments.length, 2, "Failed to execute 'removeEventListener' on 'EventTarget'");
        this.#remove(type, callback, options);
    }

    dispatchEvent(event) {
        requireArguments(arguments.length, 1, "Failed to execute 'dispatchEvent' on 'EventTarget'");
        return this.#dispatchFromScript(event);
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
            speakFor(target, self) {
                target.#self = self;
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

/* ---- an event handler attribute (onabort) ------------------------------------------------- */

// {get, set} for "on<type>" of |target|; the handler keeps the place of its first setting among the listeners.
realm.eventHandler = (target, type) => {
    let handler = null;
    let isListening = false;
    return {
        __proto__: null,
        get: () => handler,
        set(value) {
            handler = webidl.isObject(value) ? value : null;
            if (handler !== null && !isListening) {
                isListening = true;
                targetOf.add(target, type, (event) => {
                    if (typeof handler === 'function') {
                        ReflectApply(handler, target, [event]);
                    }
                });
            }
        },
    };
};

/* ---- the global scope ---------------------------------------------------------------------- */

const globalTarget = new EventTarget();
targetOf.speakFor(globalTarget, realm.global);

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
        const event = new ErrorEvent('error', {
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
        const event = new PromiseRejectionEvent(type, {
            __proto__: null, cancelable: type === 'unhandledrejection', promise, reason,
        });
        return !targetOf.dispatchTrusted(globalTarget, event);
    },
};

return {
    __proto__: null,
    Event, EventTarget, CustomEvent, ErrorEvent, MessageEvent, PromiseRejectionEvent, CloseEvent, addEventListener,
    removeEventListener,
    dispatchEvent, reportError,
};
