// structuredClone: V8's serializer there and back, with our own classes.
//
// Spec:  https://html.spec.whatwg.org/multipage/structured-data.html
// Covers / differs:  DOMException, Blob, File and CryptoKey; streams cannot be transferred
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
        (realm.isReadableStream !== null && internals.lazy('streams.js').isAny(object)) ||
        (realm.formData !== null && realm.formData.is(object));
}

internals.setDataCloneError((message) => realm.domException(message, 'DataCloneError'));
internals.setCloneHandlers((object) => {
    if (realm.isDomException !== undefined && realm.isDomException(object)) {
        const plain = { __proto__: null, name: '', message: '', stack: realm.errors.peek(object, 'stack') };
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
    if (tag === CLONE_DOM_EXCEPTION) {
        const exception = realm.domException(plain.message, plain.name);
        if (typeof plain.stack === 'string') {
            defineValue(exception, 'stack', plain.stack, false);
        }
        return exception;
    }
    return tag === CLONE_CRYPTO_KEY
        ? internals.lazy('crypto_key.js').fromPlain(plain) : internals.lazy('blob.js').fromPlain(plain);
});

function structuredClone(value, options = undefined) {
    const context = "Failed to execute 'structuredClone'";
    webidl.requireArguments(arguments.length, 1, context);
    const { transfer } = webidl.dictionary(options, context);
    let list;
    if (transfer !== undefined) {
        const items = webidl.sequenceOf(transfer, (item) => {
            if (!webidl.isObject(item)) {
                throw new TypeError(`${context}: an item of the transfer list is not an object.`);
            }
            return item;
        }, context);
        list = [];
        for (let i = 0; i < items.length; i++) {
            defineValue(list, i, items[i], true);
        }
    }
    return internals.structuredClone(value, list);
}

return { __proto__: null, structuredClone };
