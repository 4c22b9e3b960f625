// AES-CBC, AES-CTR, AES-GCM, AES-KW
//
// Spec:  https://w3c.github.io/webcrypto/#aes-cbc and what follows it there
// Covers / differs:  all; initialization vectors of AES-GCM have 1 to 128 bytes
// Ops:   cryptoCipher, random
// WPT:   WebCryptoAPI/encrypt_decrypt, WebCryptoAPI/wrapKey_unwrapKey
// Limits: MF_EXECUTOR_OP_BYTES_MAX, MF_CRYPTO_WRAP_BYTES_MAX

'use strict';

const { TypedArrayPrototypeGetLength, Uint8Array, realm } = primordials;
const { ops, constants } = internals;
const { contains, intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');
const { result } = internals.lazy('crypto_digest.js');
const jwks = internals.lazy('crypto_jwk.js');

const USAGES = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
const NONE = new Uint8Array(0);

const MODES = {
    __proto__: null,
    'AES-CBC': { __proto__: null, cipher: constants.CIPHER_AES_CBC, jwk: 'CBC', usages: USAGES },
    'AES-CTR': { __proto__: null, cipher: constants.CIPHER_AES_CTR, jwk: 'CTR', usages: USAGES },
    'AES-GCM': { __proto__: null, cipher: constants.CIPHER_AES_GCM, jwk: 'GCM', usages: USAGES },
    'AES-KW': { __proto__: null, cipher: constants.CIPHER_AES_KW, jwk: 'KW', usages: ['wrapKey', 'unwrapKey'] },
};

function operationError(what) {
    return realm.domException(what, 'OperationError');
}

/* ---- keys ---------------------------------------------------------------------------------- */

const isLength = (bits) => bits === 128 || bits === 192 || bits === 256;
const jwkAlgorithm = (name, bits) => `A${bits}${MODES[name].jwk}`;

function keyOf(name, data, extractable, usages) {
    const algorithm = { __proto__: null, name, length: TypedArrayPrototypeGetLength(data) * 8 };
    return create('secret', extractable, algorithm, intersect(usages, MODES[name].usages), data);
}

function getKeyLength(params) {
    if (!isLength(params.length)) {
        throw operationError(`AES keys have 128, 192 or 256 bits, not ${params.length}.`);
    }
    return params.length;
}

function generateKey(params, extractable, usages) {
    requireUsages(usages, MODES[params.name].usages, params.name);
    const data = new Uint8Array(getKeyLength(params) / 8);
    ops.random(data);
    return keyOf(params.name, data, extractable, usages);
}

function importKey(format, keyData, params, extractable, usages) {
    const { name } = params;
    requireUsages(usages, MODES[name].usages, name);
    let data = keyData;
    if (format === 'jwk') {
        jwks.check(keyData, 'oct', 'enc', extractable, usages);
        data = jwks.decode(keyData, 'k');
    } else if (format !== 'raw' && format !== 'raw-secret') {
        throw realm.domException(`${name} keys cannot be imported as "${format}".`, 'NotSupportedError');
    }
    const bits = TypedArrayPrototypeGetLength(data) * 8;
    if (!isLength(bits)) {
        throw jwks.dataError(`AES keys have 128, 192 or 256 bits, not ${bits}.`);
    }
    if (format === 'jwk' && keyData.alg !== undefined && keyData.alg !== jwkAlgorithm(name, bits)) {
        throw jwks.dataError(`The JWK's "alg" is not "${jwkAlgorithm(name, bits)}".`);
    }
    return keyOf(name, data, extractable, usages);
}

function exportKey(format, record) {
    const { name, length } = record.algorithm;
    switch (format) {
        case 'raw': case 'raw-secret':
            return new Uint8Array(record.data);
        case 'jwk':
            return jwks.ofSecret(record, jwkAlgorithm(name, length));
    }
    throw realm.domException(`${name} keys cannot be exported as "${format}".`, 'NotSupportedError');
}

/* ---- ciphers ------------------------------------------------------------------------------- */

const TAG_BITS = [32, 64, 96, 104, 112, 120, 128];

function requireBlock(bytes, what) {
    if (TypedArrayPrototypeGetLength(bytes) !== 16) {
        throw operationError(`The ${what} must have 16 bytes, not ${TypedArrayPrototypeGetLength(bytes)}.`);
    }
}

function run(isEncrypt, params, record, data) {
    const { cipher } = MODES[params.name];
    let iv = NONE;
    let additional = NONE;
    let tagBytes = 0;
    let counterBits = 0;
    switch (params.name) {
        case 'AES-CBC':
            iv = params.iv;
            requireBlock(iv, 'initialization vector');
            break;
        case 'AES-CTR':
            iv = params.counter;
            counterBits = params.length;
            requireBlock(iv, 'counter block');
            if (counterBits === 0 || counterBits > 128) {
                throw operationError(`The counter must have 1 to 128 bits, not ${counterBits}.`);
            }
            break;
        case 'AES-GCM': {
            const tagBits = params.tagLength ?? 128;
            if (!contains(TAG_BITS, tagBits)) {
                throw operationError(`A tag cannot have ${tagBits} bits.`);
            }
            iv = params.iv;
            additional = params.additionalData ?? NONE;
            tagBytes = tagBits / 8;
            break;
        }
    }
    const out = ops.cryptoCipher(cipher, isEncrypt, record.data, iv, additional, tagBytes, counterBits, data);
    return result(out, isEncrypt ? 'Encryption failed.' : 'Decryption failed. This could be due to a ciphertext authentication ' +
        'failure, bad padding, incorrect CryptoKey, or another algorithm-specific reason.');
}

const encrypt = (params, record, data) => run(true, params, record, data);
const decrypt = (params, record, data) => run(false, params, record, data);

return {
    __proto__: null,
    generateKey, importKey, exportKey, getKeyLength, encrypt, decrypt, wrapKey: encrypt, unwrapKey: decrypt,
};
