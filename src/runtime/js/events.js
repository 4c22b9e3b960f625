// CustomEvent, ErrorEvent, PromiseRejectionEvent, MessageEvent, CloseEvent, ProgressEvent
//
// Spec:  https://dom.spec.whatwg.org/#interface-customevent  https://html.spec.whatwg.org/multipage/webappapis.html#errorevent
// Covers / differs:  all
// Ops:   none
// WPT:   html/webappapis/scripting
// Limits: none

'use strict';

const { TypeError, realm } = primordials;
const { webidl } = realm;
const { dictionary, domString, integer, requireArguments } = webidl;
const { Event } = internals.lazy('event.js');
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

let isErrorEvent;

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

    static {
        isErrorEvent = (value) => #error in value;
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

    static {
        // The event of a message that came, with |ports|, a list of ours.
        realm.newMessageEvent = (data, ports) => {
            const event = new MessageEvent('message', { __proto__: null, data });
            const list = [];
            for (let i = 0; i < ports.length; i++) {
                primordials.defineValue(list, i, ports[i], true);
            }
            event.#ports = primordials.ObjectFreeze(list);
            return event;
        };
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

class ProgressEvent extends Event {
    #isComputable;
    #loaded;
    #total;

    constructor(type, init = undefined) {
        requireArguments(arguments.length, 1, "Failed to construct 'ProgressEvent'");
        super(type, init);
        const { lengthComputable, loaded, total } = dictionary(init, "Failed to construct 'ProgressEvent'");
        this.#isComputable = !!lengthComputable;
        this.#loaded = loaded === undefined ? 0 : +loaded;
        this.#total = total === undefined ? 0 : +total;
    }

    get lengthComputable() {
        return this.#isComputable;
    }

    get loaded() {
        return this.#loaded;
    }

    get total() {
        return this.#total;
    }
}
webidl.finish(ProgressEvent);

return {
    __proto__: null, CustomEvent, ErrorEvent, MessageEvent, PromiseRejectionEvent, CloseEvent, ProgressEvent, isErrorEvent,
};
