// HMAC
//
// Spec:  https://w3c.github.io/webcrypto/#hmac
// Covers / differs:  all; a key that is generated has no more than MF_RANDOM_BYTES_MAX
// Ops:   cryptoHmac, cryptoEqual, random
// WPT:   WebCryptoAPI/sign_verify/hmac, WebCryptoAPI/generateKey, WebCryptoAPI/import_export
// Limits: MF_RANDOM_BYTES_MAX, MF_EXECUTOR_OP_BYTES_MAX

'use strict';

const { MathFloor, StringPrototypeSlice, TypeError, TypedArrayPrototypeGetLength, Uint8Array, realm } = primordials;
const { ops, constants } = internals;
const { intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');
const { blockBits, numberOf, result } = internals.lazy('crypto_digest.js');
const jwks = internals.lazy('crypto_jwk.js');

const USAGES = ['sign', 'verify'];

// HS1, HS256 ...
const jwkAlgorithm = (hash) => `HS${StringPrototypeSlice(hash, 4)}`;

function keyOf(data, bits, params, extractable, usages) {
    const algorithm = { __proto__: null, name: 'HMAC', length: bits, hash: params.hash };
    return create('secret', extractable, algorithm, intersect(usages, USAGES), data);
}

// The first |bits| bits of |data|.
function cut(data, bits) {
    const bytes = new Uint8Array(MathFloor((bits + 7) / 8));
    for (let i = 0; i < TypedArrayPrototypeGetLength(bytes); i++) {
        bytes[i] = data[i];
    }
    if (bits % 8 !== 0) {
        bytes[TypedArrayPrototypeGetLength(bytes) - 1] &= 0xff00 >> bits % 8;
    }
    return bytes;
}

function generatedBits(params) {
    const bits = params.length === undefined ? blockBits(params.hash) : params.length;
    if (bits === 0 || bits > constants.RANDOM_BYTES_MAX * 8) {
        throw realm.domException(`An HMAC key of ${bits} bits cannot be generated.`, 'OperationError');
    }
    return bits;
}

function generateKey(params, extractable, usages) {
    requireUsages(usages, USAGES, 'HMAC');
    const bits = generatedBits(params);
    const data = new Uint8Array(MathFloor((bits + 7) / 8));
    ops.random(data);
    return keyOf(bits % 8 === 0 ? data : cut(data, bits), bits, params, extractable, usages);
}

function importKey(format, keyData, params, extractable, usages) {
    requireUsages(usages, USAGES, 'HMAC');
    let data = keyData;
    if (format === 'jwk') {
        jwks.check(keyData, 'oct', 'sig', extractable, usages);
        if (keyData.alg !== undefined && keyData.alg !== jwkAlgorithm(params.hash)) {
            throw jwks.dataError(`The JWK's "alg" is not "${jwkAlgorithm(params.hash)}".`);
        }
        data = jwks.decode(keyData, 'k');
    } else if (format !== 'raw' && format !== 'raw-secret') {
        throw realm.domException(`HMAC keys cannot be imported as "${format}".`, 'NotSupportedError');
    }
    let bits = TypedArrayPrototypeGetLength(data) * 8;
    if (bits === 0) {
        throw jwks.dataError('An HMAC key cannot be empty.');
    }
    if (params.length !== undefined) {
        if (params.length > bits || params.length <= bits - 8) {
            throw jwks.dataError(`An HMAC key of ${params.length} bits was asked for, but ${bits} were given.`);
        }
        bits = params.length;
        data = bits % 8 === 0 ? data : cut(data, bits);
    }
    return keyOf(data, bits, params, extractable, usages);
}

function exportKey(format, record) {
    switch (format) {
        case 'raw': case 'raw-secret':
            return new Uint8Array(record.data);
        case 'jwk':
            return jwks.ofSecret(record, jwkAlgorithm(record.algorithm.hash));
    }
    throw realm.domException(`HMAC keys cannot be exported as "${format}".`, 'NotSupportedError');
}

function getKeyLength(params) {
    if (params.length === 0) {
        throw new TypeError('An HMAC key cannot have 0 bits.');
    }
    return params.length === undefined ? blockBits(params.hash) : params.length;
}

function sign(params, record, data) {
    return result(ops.cryptoHmac(numberOf(record.algorithm.hash), record.data, data), 'The signature failed.');
}

const verify = (params, record, signature, data) => ops.cryptoEqual(sign(params, record, data), signature);

function validate(operation, params) {
    if (operation === 'generateKey') {
        generatedBits(params);
    }
}

return { __proto__: null, generateKey, importKey, exportKey, getKeyLength, sign, verify, validate };
