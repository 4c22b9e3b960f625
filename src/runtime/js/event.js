// Event
//
// Spec:  https://dom.spec.whatwg.org/#interface-event
// Covers / differs:  all without a tree: the path of an event is its target alone
// Ops:   none
// WPT:   dom/events (parts)
// Limits: none

'use strict';

const { ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, realm } = primordials;
const { webidl, scope } = realm;
const { dictionary, domString, requireArguments } = webidl;

const PHASES = ['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'];

// Each event has it itself, as the standard has it ("unforgeable").
const TRUSTED = {
    __proto__: null,
    get: ObjectGetOwnPropertyDescriptor({
        get isTrusted() {
            return realm.event.isTrusted(this);
        },
    }, 'isTrusted').get,
    set: undefined,
    enumerable: true,
    configurable: false,
};

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
        ObjectDefineProperty(this, 'isTrusted', TRUSTED);
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
            isTrusted: (event) => event.#isTrusted,
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
            cancel: (event) => event.#cancel(),
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

return { __proto__: null, Event };
