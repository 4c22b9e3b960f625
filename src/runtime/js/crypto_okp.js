// Ed25519, Ed448, X25519, X448
//
// Spec:  https://w3c.github.io/webcrypto/#ed25519 and https://wicg.github.io/webcrypto-secure-curves/
// Covers / differs:  all; Ed448 without a context
// Ops:   cryptoSign, cryptoVerify and those of crypto_pair.js
// WPT:   WebCryptoAPI/sign_verify/eddsa, WebCryptoAPI/derive_bits_keys, WebCryptoAPI/import_export
// Limits: MF_CRYPTO_EDDSA_BYTES_MAX

'use strict';

const { TypedArrayPrototypeGetLength, realm } = primordials;
const { ops, constants } = internals;
const { intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');
const { result } = internals.lazy('crypto_digest.js');
const jwks = internals.lazy('crypto_jwk.js');
const pairs = internals.lazy('crypto_pair.js');

const SIGNING = {
    __proto__: null, use: 'sig', parts: 1, publicUsages: ['verify'], privateUsages: ['sign'], all: ['sign', 'verify'],
};
const AGREEING = {
    __proto__: null, use: 'enc', parts: 1, publicUsages: [], privateUsages: ['deriveKey', 'deriveBits'],
    all: ['deriveKey', 'deriveBits'],
};
const CURVES = {
    __proto__: null,
    Ed25519: [constants.KEY_ED25519, SIGNING],
    Ed448: [constants.KEY_ED448, SIGNING],
    X25519: [constants.KEY_X25519, AGREEING],
    X448: [constants.KEY_X448, AGREEING],
};
const PUBLIC_NAMES = ['x'];
const PRIVATE_NAMES = ['x', 'd'];

const kindOf = (algorithm) => CURVES[algorithm.name][0];
const traitsOf = (algorithm) => CURVES[algorithm.name][1];
const algorithmOf = (params) => ({ __proto__: null, name: params.name });

function generateKey(params, extractable, usages) {
    const traits = traitsOf(params);
    requireUsages(usages, traits.all, params.name);
    return pairs.newPair(algorithmOf(params), extractable, usages, traits, pairs.generate(kindOf(params)));
}

function importJwk(jwk, params, isPrivate, extractable, usages) {
    const { name } = params;
    const traits = traitsOf(params);
    jwks.check(jwk, 'OKP', traits.use, extractable, usages);
    if (jwk.crv !== name) {
        throw jwks.dataError(`The JWK's "crv" is not "${name}".`);
    }
    if (traits === SIGNING && jwk.alg !== undefined && jwk.alg !== name && jwk.alg !== 'EdDSA') {
        throw jwks.dataError(`The JWK's "alg" is neither "${name}" nor "EdDSA".`);
    }
    return pairs.readJwk(kindOf(params), isPrivate, jwk, isPrivate ? PRIVATE_NAMES : PUBLIC_NAMES);
}

function importKey(format, keyData, params, extractable, usages) {
    const { name } = params;
    const traits = traitsOf(params);
    const isJwk = format === 'jwk';
    if (!isJwk && format !== 'spki' && format !== 'pkcs8' && format !== 'raw' && format !== 'raw-public') {
        throw pairs.notSupported(format, name);
    }
    const isPrivate = isJwk ? keyData.d !== undefined : format === 'pkcs8';
    const allowed = isPrivate ? traits.privateUsages : traits.publicUsages;
    requireUsages(usages, allowed, name);
    const bytes = isJwk
        ? importJwk(keyData, params, isPrivate, extractable, usages) : pairs.read(kindOf(params), format, keyData);
    return create(isPrivate ? 'private' : 'public', extractable, algorithmOf(params), intersect(usages, allowed), bytes);
}

function exportKey(format, record) {
    const { name } = record.algorithm;
    switch (format) {
        case 'raw': case 'raw-public': case 'spki': case 'pkcs8':
            return pairs.write(kindOf(record.algorithm), format, record);
        case 'jwk': {
            const jwk = { __proto__: null, kty: 'OKP', crv: name, key_ops: record.usages, ext: record.extractable };
            if (traitsOf(record.algorithm) === SIGNING) {
                jwk.alg = name;
            }
            return pairs.writeJwk(record, jwk, PRIVATE_NAMES);
        }
    }
    throw pairs.notSupported(format, name);
}

function requireNoContext(params) {
    if (params.context !== undefined && TypedArrayPrototypeGetLength(params.context) > 0) {
        throw realm.domException('A context is not supported.', 'OperationError');
    }
}

function sign(params, record, data) {
    pairs.requireType(record, 'private');
    requireNoContext(params);
    return result(ops.cryptoSign(constants.SCHEME_EDDSA, 0, 0, kindOf(params), true, record.data, data), 'The signature failed.');
}

function verify(params, record, signature, data) {
    pairs.requireType(record, 'public');
    requireNoContext(params);
    return result(ops.cryptoVerify(constants.SCHEME_EDDSA, 0, 0, kindOf(params), false, record.data, signature, data),
        'The verification failed.');
}

const deriveBits = (params, record, bits) => pairs.deriveBits(params, record, bits, kindOf);
const getPublicKey = (record, usages) => pairs.getPublicKey(record, usages, traitsOf(record.algorithm));

function validate(operation, params, bits) {
    switch (operation) {
        case 'deriveBits':
            pairs.validateDerive(params, bits);
            break;
        case 'sign': case 'verify':
            requireNoContext(params);
            break;
    }
}

return { __proto__: null, generateKey, importKey, exportKey, sign, verify, deriveBits, getPublicKey, validate };
