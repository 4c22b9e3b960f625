// structuredClone: V8's serializer there and back, with our own classes.
//
// Spec:  https://html.spec.whatwg.org/multipage/structured-data.html
// Covers / differs:  DOMException, Blob, File and CryptoKey; buffers, ports and streams are transferred. What is
//        posted is read back at once, in the sender's turn
// Ops:   none
// WPT:   html/webappapis/structured-clone
// Limits: none

'use strict';

const { List, TypeError, defineValue, realm } = primordials;
const { webidl } = realm;

const CLONE_DOM_EXCEPTION = 1;
const CLONE_BLOB = 2;
const CLONE_FILE = 3;
const CLONE_CRYPTO_KEY = 4;
const CLONE_MOVED = 5;

function answer(tag, value) {
    const list = List();
    list[0] = tag;
    list[1] = value;
    return list;
}

function isUnclonable(object) {
    if (realm.headers.is(object) || realm.request.is(object) || realm.response.is(object) || realm.url.is(object) ||
        realm.searchParams.is(object)) {
        return true;
    }
    // A class whose file was never loaded has no objects.
    return (realm.event !== undefined && (realm.event.is(object) || realm.eventTarget.is(object))) ||
        (realm.hasStreams && internals.lazy('stream_transfer.js').is(object)) ||
        (realm.formData !== null && realm.formData.is(object));
}

/* ---- transfer ------------------------------------------------------------------------------ */

realm.messagePort = null; // what message_port.js gives, once it is loaded

let moving = null; // of the clone under way: {objects, made}, what it transfers besides buffers

// What can move |object|: {check(object), move(object)}; null for what is no port and no stream.
function moverOf(object) {
    if (realm.messagePort !== null && realm.messagePort.is(object)) {
        return realm.messagePort;
    }
    if (realm.hasStreams && internals.lazy('stream_transfer.js').is(object)) {
        return internals.lazy('stream_transfer.js');
    }
    return null;
}

function indexIn(list, object) {
    for (let i = 0; i < list.length; i++) {
        if (list[i] === object) {
            return i;
        }
    }
    return -1;
}

// The new owner of what moving.objects[index] held.
function moved(index) {
    const { objects, made } = moving;
    if (made[index] === undefined) {
        const mover = moverOf(objects[index]);
        mover.check(objects[index]); // anew: a getter may have given it away
        made[index] = mover.move(objects[index]);
    }
    return made[index];
}

internals.setDataCloneError((message) => realm.domException(message, 'DataCloneError'));
internals.setCloneHandlers((object) => {
    const index = moving === null ? -1 : indexIn(moving.objects, object);
    if (index >= 0) {
        return answer(CLONE_MOVED, index);
    }
    if (realm.isDomException !== undefined && realm.isDomException(object)) {
        const plain = {
            __proto__: null, name: '', message: '', stack: realm.errors.peek(object, 'stack'), quota: realm.quotaOf(object),
        };
        realm.describeDomException(object, plain);
        return answer(CLONE_DOM_EXCEPTION, plain);
    }
    if (realm.blob !== null && realm.blob.is(object)) {
        const plain = realm.blob.toPlain(object);
        return answer(plain.name === undefined ? CLONE_BLOB : CLONE_FILE, plain);
    }
    if (realm.cryptoKey !== undefined && realm.cryptoKey.is(object)) {
        return answer(CLONE_CRYPTO_KEY, realm.cryptoKey.toPlain(object));
    }
    if (isUnclonable(object)) {
        throw realm.domException(`#<${internals.constructorName(object)}> could not be cloned.`, 'DataCloneError');
    }
    return null;
}, (tag, plain) => {
    if (tag === CLONE_MOVED) {
        return moved(plain);
    }
    if (tag === CLONE_DOM_EXCEPTION) {
        const exception = realm.domException(plain.message, plain.name, plain.quota);
        if (typeof plain.stack === 'string') {
            defineValue(exception, 'stack', plain.stack, false);
        }
        return exception;
    }
    return tag === CLONE_CRYPTO_KEY
        ? internals.lazy('crypto_key.js').fromPlain(plain) : internals.lazy('blob.js').fromPlain(plain);
});

// {value, made}: the clone, and what took the place of the ports and streams among |items|, in their order.
function cloneWith(value, items) {
    const objects = List();
    const buffers = [];
    for (let i = 0; i < items.length; i++) {
        const mover = moverOf(items[i]);
        if (mover === null) {
            defineValue(buffers, buffers.length, items[i], true);
            continue;
        }
        if (indexIn(objects, items[i]) >= 0) {
            throw realm.domException('An object occurs in the transfer list more than once.', 'DataCloneError');
        }
        mover.check(items[i]);
        objects[objects.length] = items[i];
    }
    const outer = moving;
    moving = { __proto__: null, objects, made: List() };
    try {
        const copy = internals.structuredClone(value, buffers);
        for (let i = 0; i < objects.length; i++) {
            moved(i);
        }
        return { __proto__: null, value: copy, made: moving.made };
    } finally {
        moving = outer;
    }
}

// The items of a transfer list.
function transferOf(transfer, context) {
    return transfer === undefined ? List() : webidl.sequenceOf(transfer, (item) => {
        if (!webidl.isObject(item)) {
            throw new TypeError(`${context}: an item of the transfer list is not an object.`);
        }
        return item;
    }, context);
}

function structuredClone(value, options = undefined) {
    const context = "Failed to execute 'structuredClone'";
    webidl.requireArguments(arguments.length, 1, context);
    const { transfer } = webidl.dictionary(options, context);
    return cloneWith(value, transferOf(transfer, context)).value;
}

return { __proto__: null, structuredClone, cloneWith, transferOf };
