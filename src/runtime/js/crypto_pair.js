// What the algorithms with key pairs share: their keys' bytes, forms and pairs.
//
// Spec:  https://w3c.github.io/webcrypto/
// Covers / differs:  no algorithm by itself
// Ops:   cryptoKeyCheck, cryptoKeyRead, cryptoKeyWrite, cryptoKeyGenerate, cryptoAgree
// WPT:   WebCryptoAPI/import_export, WebCryptoAPI/generateKey
// Limits: MF_CRYPTO_KEY_BYTES_MAX

'use strict';

const {
    List, MathFloor, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength,
    TypedArrayPrototypeSet, Uint8Array, defineValue, realm,
} = primordials;
const { ops, constants } = internals;
const { intersect, requireUsages } = internals.lazy('crypto_registry.js');
const keys = internals.lazy('crypto_key.js');
const { result } = internals.lazy('crypto_digest.js');
const jwks = internals.lazy('crypto_jwk.js');

const NONE = new Uint8Array(0);

// A key as the ops have it: each of its numbers with two bytes of size before it.
function join(parts) {
    let size = 0;
    for (let i = 0; i < parts.length; i++) {
        size += 2 + TypedArrayPrototypeGetLength(parts[i]);
    }
    const bytes = new Uint8Array(size);
    for (let i = 0, at = 0; i < parts.length; i++) {
        const length = TypedArrayPrototypeGetLength(parts[i]);
        if (length > constants.CRYPTO_KEY_BYTES_MAX) {
            throw jwks.dataError('A part of the key is too long.');
        }
        bytes[at] = length >> 8;
        bytes[at + 1] = length & 0xff;
        TypedArrayPrototypeSet(bytes, parts[i], at + 2);
        at += 2 + length;
    }
    return bytes;
}

function view(bytes, start, length) {
    return new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), TypedArrayPrototypeGetByteOffset(bytes) + start, length);
}

function partsOf(bytes) {
    const parts = List();
    for (let at = 0; at < TypedArrayPrototypeGetLength(bytes);) {
        const length = bytes[at] << 8 | bytes[at + 1];
        parts[parts.length] = view(bytes, at + 2, length);
        at += 2 + length;
    }
    return parts;
}

// The public key's bytes: the first |count| parts of a private key's.
function publicOf(bytes, count) {
    let end = 0;
    for (let i = 0; i < count; i++) {
        end += 2 + (bytes[end] << 8 | bytes[end + 1]);
    }
    return new Uint8Array(view(bytes, 0, end));
}

function checked(value) {
    if (typeof value === 'number') {
        throw jwks.dataError('Invalid key input.');
    }
    return value;
}

const FORMATS = {
    __proto__: null,
    raw: constants.KEY_FORMAT_RAW, 'raw-public': constants.KEY_FORMAT_RAW, spki: constants.KEY_FORMAT_SPKI,
    pkcs8: constants.KEY_FORMAT_PKCS8,
};

// The bytes of a key that comes as |format|.
const read = (kind, format, data) => checked(ops.cryptoKeyRead(kind, FORMATS[format], data));

// The same of a JWK whose numbers are |names|, in the order of the key's parts.
function readJwk(kind, isPrivate, jwk, names) {
    const parts = List();
    for (let i = 0; i < names.length; i++) {
        parts[i] = jwks.decode(jwk, names[i]);
    }
    return checked(ops.cryptoKeyCheck(kind, isPrivate, join(parts)));
}

// Adds the key's numbers to |jwk|.
function writeJwk(record, jwk, names) {
    const parts = partsOf(record.data);
    for (let i = 0; i < parts.length; i++) {
        jwk[names[i]] = jwks.encode(parts[i]);
    }
    return jwk;
}

function write(kind, format, record) {
    const wanted = format === 'pkcs8' ? 'private' : 'public';
    if (record.type !== wanted) {
        throw realm.domException(`Only ${wanted} keys can be exported as "${format}".`, 'InvalidAccessError');
    }
    return result(ops.cryptoKeyWrite(kind, wanted === 'private', record.data, FORMATS[format]), 'The export failed.');
}

function notSupported(format, name) {
    return realm.domException(`${name} keys cannot be imported or exported as "${format}".`, 'NotSupportedError');
}

// |traits|: what each half may be used for.
function pairOf(algorithm, extractable, usages, traits, publicData, privateData) {
    const pair = {};
    const { publicUsages, privateUsages } = traits;
    defineValue(pair, 'publicKey', keys.create('public', true, algorithm, intersect(usages, publicUsages), publicData), true);
    const privateKey = keys.create('private', extractable, algorithm, intersect(usages, privateUsages), privateData);
    defineValue(pair, 'privateKey', privateKey, true);
    return pair;
}

// traits.parts: how many parts the public key has.
function newPair(algorithm, extractable, usages, traits, bytes) {
    return pairOf(algorithm, extractable, usages, traits, publicOf(bytes, traits.parts), bytes);
}

function generate(kind, bits = 0, exponent = NONE) {
    return result(ops.cryptoKeyGenerate(kind, bits, exponent), 'Such a key cannot be generated.');
}

function getPublicKey(record, usages, traits) {
    requireUsages(usages, traits.publicUsages, record.algorithm.name);
    return keys.create(
        'public', true, record.algorithm, intersect(usages, traits.publicUsages), publicOf(record.data, traits.parts),
    );
}

function requireType(record, type) {
    if (record.type !== type) {
        throw realm.domException(`The key is not a ${type} key.`, 'InvalidAccessError');
    }
}

// |bits| bits of a shared secret, or all of them.
function firstBits(secret, bits) {
    if (bits === null) {
        return secret;
    }
    const bytes = new Uint8Array(view(secret, 0, MathFloor((bits + 7) / 8)));
    if (bits % 8 !== 0) {
        bytes[TypedArrayPrototypeGetLength(bytes) - 1] &= 0xff00 >> bits % 8;
    }
    return bytes;
}

// |size|: how many bytes a secret has.
function requireBits(bits, size) {
    if (bits !== null && bits > size * 8) {
        throw realm.domException(`The shared secret has no ${bits} bits.`, 'OperationError');
    }
}

// ECDH, X25519, X448. |kindOf|(algorithm): the number of its keys, one for each curve.
function deriveBits(params, record, bits, kindOf) {
    requireType(record, 'private');
    const peer = keys.recordOf(params.public);
    requireType(peer, 'public');
    if (peer.algorithm.name !== record.algorithm.name || kindOf(peer.algorithm) !== kindOf(record.algorithm)) {
        throw realm.domException('The public key is not of the same algorithm and curve.', 'InvalidAccessError');
    }
    const kind = kindOf(record.algorithm);
    const secret = result(ops.cryptoAgree(kind, true, record.data, kind, false, peer.data), 'The derivation failed.');
    requireBits(bits, TypedArrayPrototypeGetLength(secret));
    return firstBits(secret, bits);
}

// What of it can be known without the private key.
function validateDerive(params, bits) {
    const peer = keys.recordOf(params.public);
    requireType(peer, 'public');
    if (peer.algorithm.name !== params.name) {
        throw realm.domException('The public key is not of the same algorithm.', 'InvalidAccessError');
    }
    requireBits(bits, TypedArrayPrototypeGetLength(partsOf(peer.data)[0]));
}

return {
    __proto__: null,
    read, readJwk, write, writeJwk, notSupported, pairOf, newPair, generate, getPublicKey, requireType, deriveBits,
    validateDerive, partsOf,
};
