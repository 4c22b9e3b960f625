// AES-CBC, AES-CTR, AES-GCM, AES-KW, AES-OCB, ChaCha20-Poly1305
//
// Spec:  https://w3c.github.io/webcrypto/#aes-cbc and what follows it there; https://wicg.github.io/webcrypto-modern-algos/
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
const RAW = ['raw', 'raw-secret'];
const NONE = new Uint8Array(0);

function mode(cipher, jwk, usages = USAGES, forms = RAW, tagBits = [], ivLeast = 16, ivMost = 16) {
    return { __proto__: null, cipher, jwk, usages, forms, tagBits, ivLeast, ivMost };
}
const MODES = {
    __proto__: null,
    'AES-CBC': mode(constants.CIPHER_AES_CBC, 'CBC'),
    'AES-CTR': mode(constants.CIPHER_AES_CTR, 'CTR'),
    'AES-KW': mode(constants.CIPHER_AES_KW, 'KW', ['wrapKey', 'unwrapKey']),
    'AES-GCM': mode(constants.CIPHER_AES_GCM, 'GCM', USAGES, RAW, [32, 64, 96, 104, 112, 120, 128], 1, 128),
    'AES-OCB': mode(constants.CIPHER_AES_OCB, 'OCB', USAGES, ['raw-secret'], [64, 96, 128], 1, 15),
    'ChaCha20-Poly1305': mode(constants.CIPHER_CHACHA20_POLY1305, '', USAGES, ['raw-secret'], [128], 12, 12),
};

const isChaCha = (name) => name === 'ChaCha20-Poly1305';

function operationError(what) {
    return realm.domException(what, 'OperationError');
}

/* ---- keys ---------------------------------------------------------------------------------- */

const isLength = (name, bits) => bits === 256 || (!isChaCha(name) && (bits === 128 || bits === 192));
const jwkAlgorithm = (name, bits) => (isChaCha(name) ? 'C20P' : `A${bits}${MODES[name].jwk}`);

function keyOf(name, data, extractable, usages) {
    const algorithm = { __proto__: null, name };
    if (!isChaCha(name)) {
        algorithm.length = TypedArrayPrototypeGetLength(data) * 8;
    }
    return create('secret', extractable, algorithm, intersect(usages, MODES[name].usages), data);
}

function getKeyLength(params) {
    const bits = isChaCha(params.name) ? 256 : params.length;
    if (!isLength(params.name, bits)) {
        throw operationError(`AES keys have 128, 192 or 256 bits, not ${bits}.`);
    }
    return bits;
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
    } else if (!contains(MODES[name].forms, format)) {
        throw realm.domException(`${name} keys cannot be imported as "${format}".`, 'NotSupportedError');
    }
    const bits = TypedArrayPrototypeGetLength(data) * 8;
    if (!isLength(name, bits)) {
        throw jwks.dataError(`${name} keys cannot have ${bits} bits.`);
    }
    if (format === 'jwk' && keyData.alg !== undefined && keyData.alg !== jwkAlgorithm(name, bits)) {
        throw jwks.dataError(`The JWK's "alg" is not "${jwkAlgorithm(name, bits)}".`);
    }
    return keyOf(name, data, extractable, usages);
}

function exportKey(format, record) {
    const { name, length } = record.algorithm;
    if (format === 'jwk') {
        return jwks.ofSecret(record, jwkAlgorithm(name, length));
    }
    if (!contains(MODES[name].forms, format)) {
        throw realm.domException(`${name} keys cannot be exported as "${format}".`, 'NotSupportedError');
    }
    return new Uint8Array(record.data);
}

/* ---- ciphers ------------------------------------------------------------------------------- */

// What can be wrong with the parameters of a cipher before its data is known.
function check(params) {
    const { tagBits, ivLeast, ivMost } = MODES[params.name];
    const iv = params.iv ?? params.counter;
    const size = iv === undefined ? 0 : TypedArrayPrototypeGetLength(iv);
    if (iv !== undefined && (size < ivLeast || size > ivMost)) {
        throw operationError(`The initialization vector or counter of ${params.name} cannot have ${size} bytes.`);
    }
    if (params.counter !== undefined && (params.length === 0 || params.length > 128)) {
        throw operationError(`The counter must have 1 to 128 bits, not ${params.length}.`);
    }
    if (tagBits.length > 0 && !contains(tagBits, params.tagLength ?? 128)) {
        throw operationError(`A tag of ${params.name} cannot have ${params.tagLength} bits.`);
    }
}

function run(isEncrypt, params, record, data) {
    check(params);
    const { cipher, tagBits } = MODES[params.name];
    const iv = params.iv ?? params.counter ?? NONE;
    const tagBytes = tagBits.length > 0 ? (params.tagLength ?? 128) / 8 : 0;
    const counterBits = params.counter === undefined ? 0 : params.length;
    const out = ops.cryptoCipher(
        cipher, isEncrypt, record.data, iv, params.additionalData ?? NONE, tagBytes, counterBits, data,
    );
    return result(out, isEncrypt ? 'Encryption failed.' : 'Decryption failed. This could be due to a ciphertext authentication ' +
        'failure, bad padding, incorrect CryptoKey, or another algorithm-specific reason.');
}

const encrypt = (params, record, data) => run(true, params, record, data);
const decrypt = (params, record, data) => run(false, params, record, data);

function validate(operation, params) {
    switch (operation) {
        case 'generateKey':
            getKeyLength(params);
            break;
        case 'encrypt': case 'decrypt': case 'wrapKey': case 'unwrapKey':
            check(params);
            break;
    }
}

return {
    __proto__: null,
    generateKey, importKey, exportKey, getKeyLength, encrypt, decrypt, wrapKey: encrypt, unwrapKey: decrypt, validate,
};
