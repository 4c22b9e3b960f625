// CryptoKey: what a worker sees of a key, and the record behind it.
//
// Spec:  https://w3c.github.io/webcrypto/#cryptokey-interface
// Covers / differs:  all; the key's bytes lie in the isolate's own memory and end with it
// Ops:   none
// WPT:   WebCryptoAPI/import_export, WebCryptoAPI/serialization, WebCryptoAPI/crypto_key_cached_slots
// Limits: none

'use strict';

const { List, ObjectKeys, TypeError, Uint8Array, defineValue, realm } = primordials;
const { webidl } = realm;

let recordOf;
let isKey;

// A record's |algorithm| for the worker: plain objects that are its own, made once.
function algorithmObject(algorithm) {
    const object = {};
    for (const key in algorithm) {
        const value = algorithm[key];
        if (key === 'hash') {
            const hash = {};
            defineValue(hash, 'name', value, true);
            defineValue(object, key, hash, true);
        } else {
            defineValue(object, key, key === 'publicExponent' ? new Uint8Array(value) : value, true);
        }
    }
    return object;
}

function usagesArray(usages) {
    const array = [];
    for (let i = 0; i < usages.length; i++) {
        defineValue(array, i, usages[i], true);
    }
    return array;
}

class CryptoKey {
    #record;

    constructor() {
        if (arguments[0] !== realm) {
            throw new TypeError('Illegal constructor');
        }
        this.#record = arguments[1];
    }

    get type() {
        return this.#record.type;
    }

    get extractable() {
        return this.#record.extractable;
    }

    get algorithm() {
        const record = this.#record;
        record.algorithmObject ??= algorithmObject(record.algorithm);
        return record.algorithmObject;
    }

    get usages() {
        const record = this.#record;
        record.usagesArray ??= usagesArray(record.usages);
        return record.usagesArray;
    }

    static {
        recordOf = (key) => key.#record; // throws on a foreign object
        isKey = (value) => webidl.isObject(value) && #record in value;
    }
}
webidl.finish(CryptoKey);

// |type|: "secret", "public" or "private". |algorithm|: a record of what key.algorithm shows, |usages|: a list of ours,
// |data|: the key's bytes, a Uint8Array that nobody else has.
function create(type, extractable, algorithm, usages, data) {
    return new CryptoKey(realm, {
        __proto__: null, type, extractable, algorithm, usages, data, algorithmObject: undefined, usagesArray: undefined,
    });
}

// For structuredClone. The list becomes an array and back.
function toPlain(key) {
    const { type, extractable, algorithm, usages, data } = recordOf(key);
    return { __proto__: null, type, extractable, algorithm, usages: usagesArray(usages), data };
}

function fromPlain(plain) {
    const usages = List();
    for (let i = 0; i < plain.usages.length; i++) {
        usages[i] = plain.usages[i];
    }
    const algorithm = { __proto__: null };
    const names = ObjectKeys(plain.algorithm);
    for (let i = 0; i < names.length; i++) {
        algorithm[names[i]] = plain.algorithm[names[i]];
    }
    return create(plain.type, plain.extractable, algorithm, usages, plain.data);
}

realm.cryptoKey = { __proto__: null, is: isKey, toPlain };

return { __proto__: null, CryptoKey, create, recordOf, is: isKey, fromPlain };
