// ECDSA, ECDH
//
// Spec:  https://w3c.github.io/webcrypto/#ecdsa and #ecdh
// Covers / differs:  all: P-256, P-384, P-521; compressed points are taken, and given uncompressed
// Ops:   cryptoSign, cryptoVerify and those of crypto_pair.js
// WPT:   WebCryptoAPI/sign_verify/ecdsa, WebCryptoAPI/derive_bits_keys, WebCryptoAPI/import_export
// Limits: MF_CRYPTO_KEY_BYTES_MAX

'use strict';

const { realm } = primordials;
const { ops, constants } = internals;
const { intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');
const { numberOf, result } = internals.lazy('crypto_digest.js');
const jwks = internals.lazy('crypto_jwk.js');
const pairs = internals.lazy('crypto_pair.js');

// Curve -> [number of its keys, "alg" of its JWKs for ECDSA]
const CURVES = {
    __proto__: null,
    'P-256': [constants.KEY_P256, 'ES256'],
    'P-384': [constants.KEY_P384, 'ES384'],
    'P-521': [constants.KEY_P521, 'ES512'],
};
const TRAITS = {
    __proto__: null,
    ECDSA: { __proto__: null, use: 'sig', parts: 2, publicUsages: ['verify'], privateUsages: ['sign'], all: ['sign', 'verify'] },
    ECDH: {
        __proto__: null, use: 'enc', parts: 2, publicUsages: [], privateUsages: ['deriveKey', 'deriveBits'],
        all: ['deriveKey', 'deriveBits'],
    },
};
const PUBLIC_NAMES = ['x', 'y'];
const PRIVATE_NAMES = ['x', 'y', 'd'];

const kindOf = (algorithm) => CURVES[algorithm.namedCurve][0];
const algorithmOf = (params) => ({ __proto__: null, name: params.name, namedCurve: params.namedCurve });

function requireCurve(params) {
    if (CURVES[params.namedCurve] === undefined) {
        throw realm.domException(`Unrecognized named curve "${params.namedCurve}".`, 'NotSupportedError');
    }
}

function generateKey(params, extractable, usages) {
    const traits = TRAITS[params.name];
    requireUsages(usages, traits.all, params.name);
    requireCurve(params);
    const algorithm = algorithmOf(params);
    return pairs.newPair(algorithm, extractable, usages, traits, pairs.generate(kindOf(algorithm)));
}

function importJwk(jwk, params, isPrivate, traits, extractable, usages) {
    jwks.check(jwk, 'EC', traits.use, extractable, usages);
    const { name, namedCurve } = params;
    if (jwk.crv !== namedCurve) {
        throw jwks.dataError(`The JWK's "crv" is not "${namedCurve}".`);
    }
    if (name === 'ECDSA' && jwk.alg !== undefined && jwk.alg !== CURVES[namedCurve][1]) {
        throw jwks.dataError(`The JWK's "alg" is not "${CURVES[namedCurve][1]}".`);
    }
    return pairs.readJwk(CURVES[namedCurve][0], isPrivate, jwk, isPrivate ? PRIVATE_NAMES : PUBLIC_NAMES);
}

function importKey(format, keyData, params, extractable, usages) {
    const { name, namedCurve } = params;
    const traits = TRAITS[name];
    const isJwk = format === 'jwk';
    if (!isJwk && format !== 'spki' && format !== 'pkcs8' && format !== 'raw' && format !== 'raw-public') {
        throw pairs.notSupported(format, name);
    }
    const isPrivate = isJwk ? keyData.d !== undefined : format === 'pkcs8';
    const allowed = isPrivate ? traits.privateUsages : traits.publicUsages;
    requireUsages(usages, allowed, name);
    if (CURVES[namedCurve] === undefined) {
        throw jwks.dataError(`Unrecognized named curve "${namedCurve}".`);
    }
    const bytes = isJwk
        ? importJwk(keyData, params, isPrivate, traits, extractable, usages)
        : pairs.read(CURVES[namedCurve][0], format, keyData);
    return create(isPrivate ? 'private' : 'public', extractable, algorithmOf(params), intersect(usages, allowed), bytes);
}

function exportKey(format, record) {
    const { name, namedCurve } = record.algorithm;
    switch (format) {
        case 'raw': case 'raw-public': case 'spki': case 'pkcs8':
            return pairs.write(kindOf(record.algorithm), format, record);
        case 'jwk':
            return pairs.writeJwk(record, {
                __proto__: null, kty: 'EC', crv: namedCurve, key_ops: record.usages, ext: record.extractable,
            }, PRIVATE_NAMES);
    }
    throw pairs.notSupported(format, name);
}

function sign(params, record, data) {
    pairs.requireType(record, 'private');
    return result(
        ops.cryptoSign(constants.SCHEME_ECDSA, numberOf(params.hash), 0, kindOf(record.algorithm), true, record.data, data),
        'The signature failed.',
    );
}

function verify(params, record, signature, data) {
    pairs.requireType(record, 'public');
    const kind = kindOf(record.algorithm);
    return result(
        ops.cryptoVerify(constants.SCHEME_ECDSA, numberOf(params.hash), 0, kind, false, record.data, signature, data),
        'The verification failed.',
    );
}

const deriveBits = (params, record, bits) => pairs.deriveBits(params, record, bits, kindOf);
const getPublicKey = (record, usages) => pairs.getPublicKey(record, usages, TRAITS[record.algorithm.name]);

function validate(operation, params, bits) {
    switch (operation) {
        case 'generateKey': case 'importKey':
            requireCurve(params);
            break;
        case 'deriveBits':
            pairs.validateDerive(params, bits);
            break;
    }
}

return { __proto__: null, generateKey, importKey, exportKey, sign, verify, deriveBits, getPublicKey, validate };
