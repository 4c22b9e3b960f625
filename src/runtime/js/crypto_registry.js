// Web Crypto's registry: which algorithm does what, with which parameters; and the normalization of what a worker names.
//
// Spec:  https://w3c.github.io/webcrypto/#algorithm-normalization
// Covers / differs:  all, but that a name is read once, not twice, as in other implementations; MD5 can be digested, as on
//        Cloudflare; neither it nor SHA-3 is a hash of another algorithm
// Ops:   none
// WPT:   WebCryptoAPI
// Limits: none

'use strict';

const {
    List, RegExpPrototypeExec, StringPrototypeToUpperCase, TypeError, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array, realm,
} = primordials;
const { webidl } = realm;
const keys = internals.lazy('crypto_key.js');

// Dictionaries: their own members in the order in which Web IDL reads them, [name, type, is required]; |base| comes first.
const PARAMS = {
    __proto__: null,
    AesCbcParams: { __proto__: null, base: null, members: [['iv', 'bytes', true]] },
    AesCtrParams: { __proto__: null, base: null, members: [['counter', 'bytes', true], ['length', 'octet', true]] },
    AeadParams: {
        __proto__: null, base: null,
        members: [['additionalData', 'bytes', false], ['iv', 'bytes', true], ['tagLength', 'octet', false]],
    },
    AesKeyParams: { __proto__: null, base: null, members: [['length', 'unsigned short', true]] },
    RsaKeyGenParams: {
        __proto__: null, base: null,
        members: [['modulusLength', 'unsigned long', true], ['publicExponent', 'big integer', true]],
    },
    RsaHashedKeyGenParams: { __proto__: null, base: 'RsaKeyGenParams', members: [['hash', 'hash', true]] },
    HashParams: { __proto__: null, base: null, members: [['hash', 'hash', true]] },
    RsaPssParams: { __proto__: null, base: null, members: [['saltLength', 'unsigned long', true]] },
    RsaOaepParams: { __proto__: null, base: null, members: [['label', 'bytes', false]] },
    EcKeyParams: { __proto__: null, base: null, members: [['namedCurve', 'string', true]] },
    EcdhKeyDeriveParams: { __proto__: null, base: null, members: [['public', 'key', true]] },
    CShakeParams: {
        __proto__: null, base: null,
        members: [['customization', 'bytes', false], ['functionName', 'bytes', false], ['outputLength', 'unsigned long', true]],
    },
    TurboShakeParams: {
        __proto__: null, base: null, members: [['domainSeparation', 'octet', false], ['outputLength', 'unsigned long', true]],
    },
    CustomizedParams: {
        __proto__: null, base: null, members: [['customization', 'bytes', false], ['outputLength', 'unsigned long', true]],
    },
    KmacKeyParams: { __proto__: null, base: null, members: [['length', 'unsigned long', false]] },
    Argon2Params: {
        __proto__: null, base: null,
        members: [
            ['associatedData', 'bytes', false], ['memory', 'unsigned long', true], ['nonce', 'bytes', true],
            ['parallelism', 'unsigned long', true], ['passes', 'unsigned long', true], ['secretValue', 'bytes', false],
            ['version', 'octet', false],
        ],
    },
    ContextParams: { __proto__: null, base: null, members: [['context', 'bytes', false]] },
    HmacParams: { __proto__: null, base: null, members: [['hash', 'hash', true], ['length', 'unsigned long', false]] },
    HkdfParams: {
        __proto__: null, base: null,
        members: [['hash', 'hash', true], ['info', 'bytes', true], ['salt', 'bytes', true]],
    },
    Pbkdf2Params: {
        __proto__: null, base: null,
        members: [['hash', 'hash', true], ['iterations', 'unsigned long', true], ['salt', 'bytes', true]],
    },
};

const aes = (params) => ({
    __proto__: null,
    encrypt: params, decrypt: params, generateKey: 'AesKeyParams', importKey: '', exportKey: '', 'get key length': 'AesKeyParams',
});
const pair = (generate, imported, operations) => ({
    __proto__: null, generateKey: generate, importKey: imported, exportKey: '', getPublicKey: '', ...operations,
});

const KMAC = {
    __proto__: null,
    sign: 'CustomizedParams', verify: 'CustomizedParams', generateKey: 'KmacKeyParams', importKey: 'KmacKeyParams', exportKey: '',
    'get key length': 'KmacKeyParams',
};
const ARGON2 = { __proto__: null, deriveBits: 'Argon2Params', importKey: '', 'get key length': '' };
const LATTICE_SIGNING = pair('', '', { __proto__: null, sign: 'ContextParams', verify: 'ContextParams' });
const LATTICE_SHARING = pair('', '', { __proto__: null, encapsulate: '', decapsulate: '' });

// Name -> the file that implements it and, for each operation, the dictionary of its parameters; '' for none.
const ALGORITHMS = {
    __proto__: null,
    'SHA-1': ['crypto_digest.js', { __proto__: null, digest: '' }],
    'SHA-256': ['crypto_digest.js', { __proto__: null, digest: '' }],
    'SHA-384': ['crypto_digest.js', { __proto__: null, digest: '' }],
    'SHA-512': ['crypto_digest.js', { __proto__: null, digest: '' }],
    'SHA3-256': ['crypto_digest.js', { __proto__: null, digest: '' }],
    'SHA3-384': ['crypto_digest.js', { __proto__: null, digest: '' }],
    'SHA3-512': ['crypto_digest.js', { __proto__: null, digest: '' }],
    MD5: ['crypto_digest.js', { __proto__: null, digest: '' }],
    'AES-CBC': ['crypto_aes.js', aes('AesCbcParams')],
    'AES-CTR': ['crypto_aes.js', aes('AesCtrParams')],
    'AES-GCM': ['crypto_aes.js', aes('AeadParams')],
    'AES-OCB': ['crypto_aes.js', aes('AeadParams')],
    'ChaCha20-Poly1305': ['crypto_aes.js', {
        __proto__: null,
        encrypt: 'AeadParams', decrypt: 'AeadParams', generateKey: '', importKey: '', exportKey: '', 'get key length': '',
    }],
    'AES-KW': ['crypto_aes.js', {
        __proto__: null,
        wrapKey: '', unwrapKey: '', generateKey: 'AesKeyParams', importKey: '', exportKey: '', 'get key length': 'AesKeyParams',
    }],
    'RSASSA-PKCS1-v1_5': ['crypto_rsa.js', pair('RsaHashedKeyGenParams', 'HashParams', {
        __proto__: null, sign: '', verify: '',
    })],
    'RSA-PSS': ['crypto_rsa.js', pair('RsaHashedKeyGenParams', 'HashParams', {
        __proto__: null, sign: 'RsaPssParams', verify: 'RsaPssParams',
    })],
    'RSA-OAEP': ['crypto_rsa.js', pair('RsaHashedKeyGenParams', 'HashParams', {
        __proto__: null, encrypt: 'RsaOaepParams', decrypt: 'RsaOaepParams',
    })],
    ECDSA: ['crypto_ec.js', pair('EcKeyParams', 'EcKeyParams', { __proto__: null, sign: 'HashParams', verify: 'HashParams' })],
    ECDH: ['crypto_ec.js', pair('EcKeyParams', 'EcKeyParams', { __proto__: null, deriveBits: 'EcdhKeyDeriveParams' })],
    Ed25519: ['crypto_okp.js', pair('', '', { __proto__: null, sign: '', verify: '' })],
    Ed448: ['crypto_okp.js', pair('', '', { __proto__: null, sign: 'ContextParams', verify: 'ContextParams' })],
    X25519: ['crypto_okp.js', pair('', '', { __proto__: null, deriveBits: 'EcdhKeyDeriveParams' })],
    X448: ['crypto_okp.js', pair('', '', { __proto__: null, deriveBits: 'EcdhKeyDeriveParams' })],
    'ML-DSA-44': ['crypto_lattice.js', LATTICE_SIGNING],
    'ML-DSA-65': ['crypto_lattice.js', LATTICE_SIGNING],
    'ML-DSA-87': ['crypto_lattice.js', LATTICE_SIGNING],
    'ML-KEM-512': ['crypto_lattice.js', LATTICE_SHARING],
    'ML-KEM-768': ['crypto_lattice.js', LATTICE_SHARING],
    'ML-KEM-1024': ['crypto_lattice.js', LATTICE_SHARING],
    cSHAKE128: ['crypto_keccak.js', { __proto__: null, digest: 'CShakeParams' }],
    cSHAKE256: ['crypto_keccak.js', { __proto__: null, digest: 'CShakeParams' }],
    TurboSHAKE128: ['crypto_keccak.js', { __proto__: null, digest: 'TurboShakeParams' }],
    TurboSHAKE256: ['crypto_keccak.js', { __proto__: null, digest: 'TurboShakeParams' }],
    KT128: ['crypto_keccak.js', { __proto__: null, digest: 'CustomizedParams' }],
    KT256: ['crypto_keccak.js', { __proto__: null, digest: 'CustomizedParams' }],
    KMAC128: ['crypto_keccak.js', KMAC],
    KMAC256: ['crypto_keccak.js', KMAC],
    Argon2d: ['crypto_argon2.js', ARGON2],
    Argon2i: ['crypto_argon2.js', ARGON2],
    Argon2id: ['crypto_argon2.js', ARGON2],
    HMAC: ['crypto_hmac.js', {
        __proto__: null,
        sign: '', verify: '', generateKey: 'HmacParams', importKey: 'HmacParams', exportKey: '', 'get key length': 'HmacParams',
    }],
    HKDF: ['crypto_kdf.js', { __proto__: null, deriveBits: 'HkdfParams', importKey: '', 'get key length': '' }],
    PBKDF2: ['crypto_kdf.js', { __proto__: null, deriveBits: 'Pbkdf2Params', importKey: '', 'get key length': '' }],
};

const canonical = { __proto__: null };
for (const name in ALGORITHMS) {
    canonical[StringPrototypeToUpperCase(name)] = name;
}

// Those that may be part of another algorithm.
const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];

const NOT_ASCII = /[^\x00-\x7f]/;

function notSupported(name, operation) {
    return realm.domException(`Unrecognized algorithm "${name}" for ${operation}.`, 'NotSupportedError');
}

// Only ASCII letters are alike in both cases: a long s is no S.
function lookUp(name) {
    return RegExpPrototypeExec(NOT_ASCII, name) === null ? canonical[StringPrototypeToUpperCase(name)] : undefined;
}

// AlgorithmIdentifier, an argument of Web IDL's: an object or a string.
function identifier(value) {
    return webidl.isObject(value) ? value : webidl.domString(value);
}

const CONVERSIONS = {
    __proto__: null,
    bytes: (value, context) => {
        webidl.bufferSource(value, context); // Only what kind it is: the bytes are copied when all members are read.
        return value;
    },
    hash: identifier,
    'unsigned long': (value, context) => webidl.integer(value, 32, false, 'enforceRange', context),
    'unsigned short': (value, context) => webidl.integer(value, 16, false, 'enforceRange', context),
    octet: (value, context) => webidl.integer(value, 8, false, 'enforceRange', context),
    string: webidl.domString,
    key: (value, context) => {
        if (!keys.is(value)) {
            throw new TypeError(`${context}: the value is not a CryptoKey.`);
        }
        return value;
    },
    'big integer': (value, context) => {
        if (!webidl.isObject(value) || internals.typeOf(value) !== 'typedarray' ||
            TypedArrayPrototypeGetSymbolToStringTag(value) !== 'Uint8Array') {
            throw new TypeError(`${context}: the value is not a Uint8Array.`);
        }
        webidl.bufferSource(value, context);
        return value;
    },
};

function readMembers(source, params, result) {
    if (params.base !== null) {
        readMembers(source, PARAMS[params.base], result);
    }
    for (let i = 0; i < params.members.length; i++) {
        const member = params.members[i];
        const value = source[member[0]];
        if (value !== undefined) {
            result[member[0]] = CONVERSIONS[member[1]](value, `Algorithm: ${member[0]}`);
        } else if (member[2]) {
            throw new TypeError(`Algorithm: ${member[0]} is missing.`);
        }
    }
}

// After the last getter has run: bytes are copied, hashes normalized.
function settleMembers(params, result) {
    if (params.base !== null) {
        settleMembers(PARAMS[params.base], result);
    }
    for (let i = 0; i < params.members.length; i++) {
        const name = params.members[i][0];
        const type = params.members[i][1];
        if (result[name] === undefined) {
            continue;
        }
        if (type === 'bytes' || type === 'big integer') {
            result[name] = new Uint8Array(webidl.bufferSource(result[name], name));
        } else if (type === 'hash') {
            result[name] = normalize(result[name], 'digest', true).name;
        }
    }
}

function nameOf(source) {
    const name = source.name;
    if (name === undefined) {
        throw new TypeError('Algorithm: name is missing.');
    }
    return webidl.domString(name);
}

// The parameters as a record of ours, its |name| as the registry writes it. |algorithm| comes from identifier().
function normalize(algorithm, operation, isPart = false) {
    const source = typeof algorithm === 'string' ? { __proto__: null, name: algorithm } : algorithm;
    const given = nameOf(source);
    const name = lookUp(given);
    const dictionary = name === undefined ? undefined : ALGORITHMS[name][1][operation];
    if (dictionary === undefined || (isPart && !contains(HASHES, name))) {
        throw notSupported(given, operation);
    }
    const result = { __proto__: null, name };
    if (dictionary !== '') {
        readMembers(source, PARAMS[dictionary], result);
        settleMembers(PARAMS[dictionary], result);
    }
    return result;
}

function does(name, operation) {
    return ALGORITHMS[name][1][operation] !== undefined;
}

const implementation = (name) => internals.lazy(ALGORITHMS[name][0]);

const USAGES = [
    'encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey', 'encapsulateKey',
    'encapsulateBits', 'decapsulateKey', 'decapsulateBits',
];

// sequence<KeyUsage>, as it comes.
function usages(value, context) {
    return webidl.sequenceOf(value, (item) => webidl.enumeration(item, USAGES, context), context);
}

function contains(list, item) {
    for (let i = 0; i < list.length; i++) {
        if (list[i] === item) {
            return true;
        }
    }
    return false;
}

// Those of |list| that are in |allowed|, each once and in the specification's order.
function intersect(list, allowed) {
    const result = List();
    for (let i = 0; i < USAGES.length; i++) {
        if (contains(list, USAGES[i]) && contains(allowed, USAGES[i])) {
            result[result.length] = USAGES[i];
        }
    }
    return result;
}

// Throws when |list| has a usage that the key cannot have.
function requireUsages(list, allowed, name) {
    for (let i = 0; i < list.length; i++) {
        if (!contains(allowed, list[i])) {
            throw realm.domException(`A key of ${name} cannot be used for "${list[i]}" here.`, 'SyntaxError');
        }
    }
}

return {
    __proto__: null,
    identifier, normalize, does, implementation, usages, contains, intersect, requireUsages,
};
