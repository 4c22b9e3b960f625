// MessageChannel, MessagePort
//
// Spec:  https://html.spec.whatwg.org/multipage/web-messaging.html#message-channels
// Covers / differs:  all of one scope: both ends of a channel are in the same worker, so that a message is read when it is
//        posted and there is no messageerror
// Ops:   none
// WPT:   webmessaging, html/webappapis/structured-clone
// Limits: none; waiting messages are memory of the run
//
// What a port is made of is a record, which moves to another object when the port is transferred.

'use strict';

const { List, SymbolIterator, TypeError, realm } = primordials;
const { webidl } = realm;
const { cloneWith, transferOf } = internals.lazy('structured_clone.js');
const { EventTarget } = internals.lazy('event_target.js');
const { Event } = internals.lazy('event.js');
internals.lazy('events.js'); // makes realm.newMessageEvent
const { queueTask } = internals.lazy('tasks.js');
const targetOf = realm.eventTarget;

function newRecord() {
    return { __proto__: null, owner: null, peer: null, messages: List(), first: 0, isEnabled: false };
}

/* ---- messages ------------------------------------------------------------------------------ */

function deliver(record) {
    if (!record.isEnabled || record.owner === null || record.first === record.messages.length) {
        return;
    }
    const { value, ports } = record.messages[record.first];
    record.messages[record.first] = undefined;
    record.first++;
    if (record.first === record.messages.length) {
        record.messages = List();
        record.first = 0;
    }
    targetOf.dispatchTrusted(record.owner, realm.newMessageEvent(value, ports));
}

function enable(record) {
    if (record.isEnabled) {
        return;
    }
    record.isEnabled = true;
    for (let i = record.first; i < record.messages.length; i++) {
        queueTask(() => deliver(record));
    }
}

function post(record, message) {
    const { peer } = record;
    if (peer === null) {
        return;
    }
    peer.messages[peer.messages.length] = message;
    if (peer.isEnabled) {
        queueTask(() => deliver(peer));
    }
}

function close(record) {
    const { peer } = record;
    if (peer === null) {
        return;
    }
    record.peer = null;
    peer.peer = null;
    queueTask(() => {
        if (peer.owner !== null) {
            targetOf.dispatchTrusted(peer.owner, new Event('close'));
        }
    });
}

// The second argument of postMessage is a list or a dictionary with one.
function transferList(options, context) {
    if (webidl.isObject(options) && options[SymbolIterator] !== undefined && options[SymbolIterator] !== null) {
        return transferOf(options, context);
    }
    return transferOf(webidl.dictionary(options, context).transfer, context);
}

/* ---- classes ------------------------------------------------------------------------------- */

class MessagePort extends EventTarget {
    #record; // null once the port was closed or transferred

    constructor(token = undefined, record) {
        if (token !== realm) {
            throw new TypeError('Illegal constructor');
        }
        super();
        this.#record = record;
        record.owner = this;
    }

    postMessage(message, options = undefined) {
        const record = this.#record;
        const context = "Failed to execute 'postMessage' on 'MessagePort'";
        webidl.requireArguments(arguments.length, 1, context);
        const items = transferList(options, context);
        let isDoomed = false;
        for (let i = 0; i < items.length; i++) {
            if (items[i] === this) {
                throw realm.domException(`${context}: the port itself is in the transfer list.`, 'DataCloneError');
            }
            isDoomed ||= record !== null && record.peer !== null && items[i] === record.peer.owner;
        }
        const { value, made } = cloneWith(message, items);
        if (record === null || this.#record !== record || isDoomed) {
            return;
        }
        const ports = List();
        for (let i = 0; i < made.length; i++) {
            if (realm.messagePort.is(made[i])) {
                ports[ports.length] = made[i];
            }
        }
        post(record, { __proto__: null, value, ports });
    }

    start() {
        this.#record;
        realm.messagePort.start(this);
    }

    close() {
        const record = this.#record;
        this.#record = null;
        if (record !== null) {
            close(record);
        }
    }

    static {
        realm.messagePort = {
            __proto__: null,
            is: (value) => webidl.isObject(value) && #record in value,
            start(port) {
                if (port.#record !== null) {
                    enable(port.#record);
                }
            },
            check(port) {
                if (port.#record === null) {
                    throw realm.domException('A MessagePort is detached and could not be cloned.', 'DataCloneError');
                }
            },
            move(port) {
                const record = port.#record;
                port.#record = null;
                record.isEnabled = false;
                return new MessagePort(realm, record);
            },
        };
    }
}

class MessageChannel {
    #port1;
    #port2;

    constructor() {
        const one = newRecord();
        const two = newRecord();
        one.peer = two;
        two.peer = one;
        this.#port1 = new MessagePort(realm, one);
        this.#port2 = new MessagePort(realm, two);
    }

    get port1() {
        return this.#port1;
    }

    get port2() {
        return this.#port2;
    }
}

webidl.finish(MessagePort);
realm.defineHandlers(MessagePort, realm.messagePort.is, ['message'], realm.messagePort.start);
realm.defineHandlers(MessagePort, realm.messagePort.is, ['messageerror', 'close']);
webidl.finish(MessageChannel);

return { __proto__: null, MessagePort, MessageChannel };
