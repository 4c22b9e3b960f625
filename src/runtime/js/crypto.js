// crypto: randomness; the rest of it in files of their own, loaded at first touch.
//
// Spec:  https://w3c.github.io/webcrypto/#Crypto-interface
// Covers / differs:  all; DigestStream is Cloudflare's
// Ops:   random, uuid
// WPT:   WebCryptoAPI/getRandomValues, WebCryptoAPI/randomUUID
// Limits: MF_RANDOM_BYTES_MAX

'use strict';

const { TypeError, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetSymbolToStringTag, realm } = primordials;
const { webidl, scope } = realm;
const { ops, constants, typeOf } = internals;

function illegal(token) {
    if (token !== realm) {
        throw new TypeError('Illegal constructor');
    }
}

const INTEGER_VIEWS = {
    __proto__: null,
    Int8Array: 1, Uint8Array: 1, Uint8ClampedArray: 1, Int16Array: 1, Uint16Array: 1, Int32Array: 1, Uint32Array: 1,
    BigInt64Array: 1,
    BigUint64Array: 1,
};

class Crypto {
    #brand = true;

    constructor() {
        illegal(arguments[0]);
    }

    get subtle() {
        this.#brand;
        return internals.lazy('crypto_subtle.js').subtle;
    }

    get DigestStream() {
        this.#brand;
        return internals.lazy('crypto_digest_stream.js').DigestStream;
    }

    getRandomValues(array) {
        this.#brand;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'getRandomValues' on 'Crypto'");
        if (!webidl.isObject(array) || (typeOf(array) !== 'typedarray' && typeOf(array) !== 'dataview')) {
            throw new TypeError("Failed to execute 'getRandomValues' on 'Crypto': the value is not a view of an ArrayBuffer.");
        }
        const kind = typeOf(array) === 'dataview' ? 'DataView' : TypedArrayPrototypeGetSymbolToStringTag(array);
        if (INTEGER_VIEWS[kind] === undefined) {
            throw realm.domException(`${kind} is not an array of integers.`, 'TypeMismatchError');
        }
        const size = TypedArrayPrototypeGetByteLength(array);
        if (size > constants.RANDOM_BYTES_MAX) {
            throw realm.domException(
                `getRandomValues() only accepts buffers of size <= 64K but provided ${size} bytes.`, 'QuotaExceededError',
            );
        }
        scope.requireIo();
        if (size > 0) {
            ops.random(array);
        }
        return array;
    }

    randomUUID() {
        this.#brand;
        scope.requireIo();
        return ops.uuid();
    }
}
webidl.finish(Crypto);

return { __proto__: null, Crypto, crypto: new Crypto(realm) };
