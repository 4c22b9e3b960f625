// ML-KEM, ML-DSA: in JavaScript, by noble. A private key is its seed.
//
// Spec:  https://wicg.github.io/webcrypto-modern-algos/#ml-kem and #ml-dsa
// Covers / differs:  all; of PKCS#8's forms only the seed
// Ops:   random
// WPT:   WebCryptoAPI/encap_decap, WebCryptoAPI/sign_verify/mldsa, WebCryptoAPI/import_export
// Limits: none

'use strict';

const {
    List, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength, TypedArrayPrototypeSet,
    Uint8Array, realm,
} = primordials;
const { ops } = internals;
const { contains, intersect, requireUsages } = internals.lazy('crypto_registry.js');
const keys = internals.lazy('crypto_key.js');
const jwks = internals.lazy('crypto_jwk.js');
const pairs = internals.lazy('crypto_pair.js');
const noble = internals.lazy('noble_lattice.js');

const KEM = {
    __proto__: null, use: 'enc', seedBytes: 64, arc: 4, publicUsages: ['encapsulateKey', 'encapsulateBits'],
    privateUsages: ['decapsulateKey', 'decapsulateBits'],
    all: ['encapsulateKey', 'encapsulateBits', 'decapsulateKey', 'decapsulateBits'],
};
const DSA = {
    __proto__: null, use: 'sig', seedBytes: 32, arc: 3, publicUsages: ['verify'], privateUsages: ['sign'],
    all: ['sign', 'verify'],
};
// Name -> noble's object, what it is, bytes of a public key, the last number of its object identifier.
const ALGORITHMS = {
    __proto__: null,
    'ML-KEM-512': [noble.ml_kem512, KEM, 800, 1],
    'ML-KEM-768': [noble.ml_kem768, KEM, 1184, 2],
    'ML-KEM-1024': [noble.ml_kem1024, KEM, 1568, 3],
    'ML-DSA-44': [noble.ml_dsa44, DSA, 1312, 17],
    'ML-DSA-65': [noble.ml_dsa65, DSA, 1952, 18],
    'ML-DSA-87': [noble.ml_dsa87, DSA, 2592, 19],
};

const traitsOf = (name) => ALGORITHMS[name][1];

// Whatever noble throws is the operation's failure.
function guarded(compute) {
    try {
        return compute();
    } catch {
        throw realm.domException('The operation failed.', 'OperationError');
    }
}

const pairOfSeed = (name, seed) => guarded(() => ALGORITHMS[name][0].keygen(seed));
const publicOfSeed = (name, seed) => guarded(() => new Uint8Array(pairOfSeed(name, seed).publicKey));

function random(size) {
    const bytes = new Uint8Array(size);
    ops.random(bytes);
    return bytes;
}

/* ---- forms --------------------------------------------------------------------------------- */

function concat(head, tail) {
    const size = head.length;
    const bytes = new Uint8Array(size + TypedArrayPrototypeGetLength(tail));
    for (let i = 0; i < size; i++) {
        bytes[i] = head[i];
    }
    TypedArrayPrototypeSet(bytes, tail, size);
    return bytes;
}

// The header of a DER element of |size| bytes, followed by |more|.
function header(tag, size, more) {
    const list = List();
    list[0] = tag;
    if (size >= 0x80) {
        list[1] = 0x82; // All that is longer than 127 bytes here is longer than 255.
        list[2] = size >> 8;
    }
    list[list.length] = size & 0xff;
    for (let i = 0; i < more.length; i++) {
        list[list.length] = more[i];
    }
    return list;
}

// What stands before the public key in a SubjectPublicKeyInfo or before the seed in a PKCS#8: the sizes are fixed, so it is, too.
function headOf(name, isPrivate) {
    const traits = traitsOf(name);
    const size = isPrivate ? traits.seedBytes : ALGORITHMS[name][2];
    // 2.16.840.1.101.3.4, then 3 for signatures or 4 for key encapsulation
    const algorithm = [0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, traits.arc, ALGORITHMS[name][3]];
    const inner = isPrivate ? header(0x04, size + 2, header(0x80, size, [])) : header(0x03, size + 1, [0]);
    const fields = List();
    const version = isPrivate ? [0x02, 0x01, 0x00] : [];
    for (let i = 0; i < version.length; i++) {
        fields[fields.length] = version[i];
    }
    for (let i = 0; i < algorithm.length; i++) {
        fields[fields.length] = algorithm[i];
    }
    for (let i = 0; i < inner.length; i++) {
        fields[fields.length] = inner[i];
    }
    return header(0x30, fields.length + size, fields);
}

// The |size| bytes behind |head|, which is all that |data| may have.
function behind(head, data, size) {
    let isSame = TypedArrayPrototypeGetLength(data) === head.length + size;
    for (let i = 0; isSame && i < head.length; i++) {
        isSame = data[i] === head[i];
    }
    if (!isSame) {
        throw jwks.dataError('Invalid key input.');
    }
    return new Uint8Array(new Uint8Array(
        TypedArrayPrototypeGetBuffer(data), TypedArrayPrototypeGetByteOffset(data) + head.length, size,
    ));
}

function readJwk(jwk, name, isPrivate, extractable, usages) {
    jwks.check(jwk, 'AKP', traitsOf(name).use, extractable, usages);
    if (jwk.alg !== name) {
        throw jwks.dataError(`The JWK's "alg" is not "${name}".`);
    }
    const publicKey = behind([], jwks.decode(jwk, 'pub'), ALGORITHMS[name][2]);
    if (!isPrivate) {
        return publicKey;
    }
    const seed = behind([], jwks.decode(jwk, 'priv'), traitsOf(name).seedBytes);
    if (!ops.cryptoEqual(publicOfSeed(name, seed), publicKey)) {
        throw jwks.dataError('The JWK\'s "pub" and "priv" are of two keys.');
    }
    return seed;
}

const PUBLIC_FORMS = ['raw-public', 'spki'];
const PRIVATE_FORMS = ['raw-seed', 'pkcs8'];

function isPrivateForm(format, keyData, name) {
    if (format === 'jwk') {
        return keyData.priv !== undefined;
    }
    if (!contains(PUBLIC_FORMS, format) && !contains(PRIVATE_FORMS, format)) {
        throw pairs.notSupported(format, name);
    }
    return contains(PRIVATE_FORMS, format);
}

function importKey(format, keyData, params, extractable, usages) {
    const { name } = params;
    const traits = traitsOf(name);
    const isPrivate = isPrivateForm(format, keyData, name);
    const allowed = isPrivate ? traits.privateUsages : traits.publicUsages;
    requireUsages(usages, allowed, name);
    const size = isPrivate ? traits.seedBytes : ALGORITHMS[name][2];
    let data;
    if (format === 'jwk') {
        data = readJwk(keyData, name, isPrivate, extractable, usages);
    } else {
        data = behind(format === 'spki' || format === 'pkcs8' ? headOf(name, isPrivate) : [], keyData, size);
    }
    const type = isPrivate ? 'private' : 'public';
    return keys.create(type, extractable, { __proto__: null, name }, intersect(usages, allowed), data);
}

function exportKey(format, record) {
    const { name } = record.algorithm;
    const isPrivate = record.type === 'private';
    if (format === 'jwk') {
        const publicKey = isPrivate ? publicOfSeed(name, record.data) : record.data;
        const jwk = {
            __proto__: null,
            kty: 'AKP', alg: name, pub: jwks.encode(publicKey), key_ops: record.usages, ext: record.extractable,
        };
        if (isPrivate) {
            jwk.priv = jwks.encode(record.data);
        }
        return jwk;
    }
    if (isPrivateForm(format, null, name) !== isPrivate) {
        throw realm.domException(`A ${record.type} key cannot be exported as "${format}".`, 'InvalidAccessError');
    }
    return concat(format === 'spki' || format === 'pkcs8' ? headOf(name, isPrivate) : [], record.data);
}

/* ---- keys ---------------------------------------------------------------------------------- */

function generateKey(params, extractable, usages) {
    const { name } = params;
    const traits = traitsOf(name);
    requireUsages(usages, traits.all, name);
    const seed = random(traits.seedBytes);
    return pairs.pairOf({ __proto__: null, name }, extractable, usages, traits, publicOfSeed(name, seed), seed);
}

function getPublicKey(record, usages) {
    const { name } = record.algorithm;
    const allowed = traitsOf(name).publicUsages;
    requireUsages(usages, allowed, name);
    return keys.create('public', true, record.algorithm, intersect(usages, allowed), publicOfSeed(name, record.data));
}

/* ---- ML-KEM -------------------------------------------------------------------------------- */

// {sharedKey, ciphertext}, bytes both.
function encapsulate(params, record) {
    pairs.requireType(record, 'public');
    return guarded(() => {
        const made = ALGORITHMS[params.name][0].encapsulate(record.data, random(32));
        return { __proto__: null, sharedKey: new Uint8Array(made.sharedSecret), ciphertext: new Uint8Array(made.cipherText) };
    });
}

function decapsulate(params, record, ciphertext) {
    pairs.requireType(record, 'private');
    const { secretKey } = pairOfSeed(params.name, record.data);
    return guarded(() => new Uint8Array(ALGORITHMS[params.name][0].decapsulate(ciphertext, secretKey)));
}

/* ---- ML-DSA -------------------------------------------------------------------------------- */

function validate(operation, params) {
    if (params.context !== undefined && TypedArrayPrototypeGetLength(params.context) > 255) {
        throw realm.domException('A context has no more than 255 bytes.', 'OperationError');
    }
}

function sign(params, record, data) {
    pairs.requireType(record, 'private');
    validate('sign', params);
    const { secretKey } = pairOfSeed(params.name, record.data);
    const options = { __proto__: null, context: params.context, extraEntropy: random(32) };
    return guarded(() => new Uint8Array(ALGORITHMS[params.name][0].sign(data, secretKey, options)));
}

function verify(params, record, signature, data) {
    pairs.requireType(record, 'public');
    validate('verify', params);
    const dsa = ALGORITHMS[params.name][0];
    if (TypedArrayPrototypeGetLength(signature) !== dsa.lengths.signature) {
        return false;
    }
    return guarded(() => dsa.verify(signature, data, record.data, { __proto__: null, context: params.context }) === true);
}

return {
    __proto__: null,
    generateKey, importKey, exportKey, getPublicKey, encapsulate, decapsulate, sign, verify, validate,
};
