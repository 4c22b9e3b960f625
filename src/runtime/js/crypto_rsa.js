// RSASSA-PKCS1-v1_5, RSA-PSS, RSA-OAEP
//
// Spec:  https://w3c.github.io/webcrypto/#rsassa-pkcs1 and what follows it there
// Covers / differs:  all; keys of 512 to 8192 bits, made ones up to 4096; public exponents of 64 bits
// Ops:   cryptoSign, cryptoVerify, cryptoRsaOaep and those of crypto_pair.js
// WPT:   WebCryptoAPI/sign_verify, WebCryptoAPI/encrypt_decrypt, WebCryptoAPI/import_export
// Limits: MF_CRYPTO_RSA_BITS_MAX, MF_CRYPTO_RSA_GENERATE_BITS_MAX, MF_CRYPTO_RSA_EXPONENT_BITS_MAX

'use strict';

const { StringPrototypeSlice, TypedArrayPrototypeGetLength, Uint8Array, realm } = primordials;
const { ops, constants } = internals;
const { intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');
const { numberOf, result } = internals.lazy('crypto_digest.js');
const jwks = internals.lazy('crypto_jwk.js');
const pairs = internals.lazy('crypto_pair.js');

const KIND = constants.KEY_RSA;
const NONE = new Uint8Array(0);
const SIGNING = {
    __proto__: null, use: 'sig', parts: 2, publicUsages: ['verify'], privateUsages: ['sign'], all: ['sign', 'verify'],
};
const TRAITS = {
    __proto__: null,
    'RSASSA-PKCS1-v1_5': SIGNING,
    'RSA-PSS': SIGNING,
    'RSA-OAEP': {
        __proto__: null, use: 'enc', parts: 2, publicUsages: ['encrypt', 'wrapKey'], privateUsages: ['decrypt', 'unwrapKey'],
        all: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
    },
};
const PUBLIC_NAMES = ['n', 'e'];
const PRIVATE_NAMES = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];

// RS256, PS256, RSA-OAEP-256; of SHA-1: RS1, PS1, RSA-OAEP
function jwkAlgorithm(name, hash) {
    const bits = StringPrototypeSlice(hash, 4);
    return name === 'RSA-OAEP' ? (bits === '1' ? name : `${name}-${bits}`) : `${name === 'RSA-PSS' ? 'PS' : 'RS'}${bits}`;
}

function bitsOf(number) {
    const size = TypedArrayPrototypeGetLength(number);
    for (let i = 0; i < size * 8; i++) {
        if ((number[i >> 3] & 0x80 >> (i & 7)) !== 0) {
            return size * 8 - i;
        }
    }
    return 0;
}

function algorithmOf(name, hash, bytes) {
    const parts = pairs.partsOf(bytes);
    return { __proto__: null, name, modulusLength: bitsOf(parts[0]), publicExponent: new Uint8Array(parts[1]), hash };
}

function generateKey(params, extractable, usages) {
    const traits = TRAITS[params.name];
    requireUsages(usages, traits.all, params.name);
    const bytes = pairs.generate(KIND, params.modulusLength, params.publicExponent);
    return pairs.newPair(algorithmOf(params.name, params.hash, bytes), extractable, usages, traits, bytes);
}

function importJwk(jwk, params, isPrivate, traits, extractable, usages) {
    jwks.check(jwk, 'RSA', traits.use, extractable, usages);
    const wanted = jwkAlgorithm(params.name, params.hash);
    if (jwk.alg !== undefined && jwk.alg !== wanted) {
        throw jwks.dataError(`The JWK's "alg" is not "${wanted}".`);
    }
    if (jwk.oth !== undefined) {
        throw realm.domException('RSA keys of more than two primes are not supported.', 'NotSupportedError');
    }
    return pairs.readJwk(KIND, isPrivate, jwk, isPrivate ? PRIVATE_NAMES : PUBLIC_NAMES);
}

function importKey(format, keyData, params, extractable, usages) {
    const { name } = params;
    const traits = TRAITS[name];
    const isJwk = format === 'jwk';
    if (!isJwk && format !== 'spki' && format !== 'pkcs8') {
        throw pairs.notSupported(format, name);
    }
    const isPrivate = isJwk ? keyData.d !== undefined : format === 'pkcs8';
    const allowed = isPrivate ? traits.privateUsages : traits.publicUsages;
    requireUsages(usages, allowed, name);
    const bytes = isJwk
        ? importJwk(keyData, params, isPrivate, traits, extractable, usages) : pairs.read(KIND, format, keyData);
    return create(
        isPrivate ? 'private' : 'public', extractable, algorithmOf(name, params.hash, bytes), intersect(usages, allowed), bytes,
    );
}

function exportKey(format, record) {
    switch (format) {
        case 'spki': case 'pkcs8':
            return pairs.write(KIND, format, record);
        case 'jwk':
            return pairs.writeJwk(record, {
                __proto__: null,
                kty: 'RSA', alg: jwkAlgorithm(record.algorithm.name, record.algorithm.hash), key_ops: record.usages,
                ext: record.extractable,
            }, PRIVATE_NAMES);
    }
    throw pairs.notSupported(format, record.algorithm.name);
}

const scheme = (name) => (name === 'RSA-PSS' ? constants.SCHEME_RSA_PSS : constants.SCHEME_RSA_PKCS1);

function sign(params, record, data) {
    pairs.requireType(record, 'private');
    const hash = numberOf(record.algorithm.hash);
    return result(ops.cryptoSign(scheme(params.name), hash, params.saltLength ?? 0, KIND, true, record.data, data),
        'The signature failed.');
}

function verify(params, record, signature, data) {
    pairs.requireType(record, 'public');
    const hash = numberOf(record.algorithm.hash);
    return result(
        ops.cryptoVerify(scheme(params.name), hash, params.saltLength ?? 0, KIND, false, record.data, signature, data),
        'The verification failed.',
    );
}

function oaep(isEncrypt, params, record, data) {
    pairs.requireType(record, isEncrypt ? 'public' : 'private');
    const hash = numberOf(record.algorithm.hash);
    return result(ops.cryptoRsaOaep(isEncrypt, hash, KIND, !isEncrypt, record.data, params.label ?? NONE, data),
        isEncrypt ? 'Encryption failed.' : 'Decryption failed.');
}

const encrypt = (params, record, data) => oaep(true, params, record, data);
const decrypt = (params, record, data) => oaep(false, params, record, data);
const getPublicKey = (record, usages) => pairs.getPublicKey(record, usages, TRAITS[record.algorithm.name]);

function validate(operation, params) {
    const { modulusLength, publicExponent } = params;
    if (operation === 'generateKey' && (modulusLength < constants.CRYPTO_RSA_BITS_MIN ||
        modulusLength > constants.CRYPTO_RSA_GENERATE_BITS_MAX || bitsOf(publicExponent) < 2 ||
        (publicExponent[TypedArrayPrototypeGetLength(publicExponent) - 1] & 1) === 0)) {
        throw realm.domException('Such a key cannot be generated.', 'OperationError');
    }
}

return { __proto__: null, generateKey, importKey, exportKey, sign, verify, encrypt, decrypt, getPublicKey, validate };
