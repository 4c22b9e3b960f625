// SubtleCrypto: the methods, each in the specification's order of checks. The algorithms are in files of their own.
//
// Spec:  https://w3c.github.io/webcrypto/#subtlecrypto-interface
// Covers / differs:  all methods do their work before they return; timingSafeEqual is Cloudflare's
// Ops:   cryptoEqual
// WPT:   WebCryptoAPI
// Limits: MF_EXECUTOR_OP_BYTES_MAX

'use strict';

const {
    PromiseReject, PromiseResolve, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetLength, Uint8Array, defineValue,
    realm,
} = primordials;
const { webidl, scope } = realm;
const { ops } = internals;
const registry = internals.lazy('crypto_registry.js');
const keys = internals.lazy('crypto_key.js');
const jwks = internals.lazy('crypto_jwk.js');
const { contains, identifier, implementation, normalize } = registry;

const FORMATS = ['raw-public', 'raw-private', 'raw-seed', 'raw-secret', 'raw', 'spki', 'pkcs8', 'jwk'];

function settled(body) {
    try {
        return PromiseResolve(body());
    } catch (error) {
        return PromiseReject(error);
    }
}

const contextOf = (method) => `Failed to execute '${method}' on 'SubtleCrypto'`;

function keyArgument(value, context) {
    if (!keys.is(value)) {
        throw new TypeError(`${context}: the key is not a CryptoKey.`);
    }
    return keys.recordOf(value);
}

// A BufferSource is an argument first; its bytes are copied once the algorithm is normalized, whose getters may change them.
const copy = (source, context) => new Uint8Array(webidl.bufferSource(source, context));
const bufferOf = (bytes) => TypedArrayPrototypeGetBuffer(bytes);

function requireKey(record, name, usage) {
    if (record.algorithm.name !== name) {
        throw realm.domException(
            `Requested algorithm "${name}" does not match this CryptoKey ("${record.algorithm.name}").`, 'InvalidAccessError',
        );
    }
    if (!contains(record.usages, usage)) {
        throw realm.domException(
            `Requested key usage "${usage}" does not match any usage listed in this CryptoKey.`, 'InvalidAccessError',
        );
    }
}

function requireSomeUsage(record) {
    if (record.type !== 'public' && record.usages.length === 0) {
        throw realm.domException('Secret/private CryptoKeys must have at least one usage.', 'SyntaxError');
    }
}

// The data of one of the two-argument operations: |operation| with |algorithm| over |data|.
function transform(operation, algorithm, key, data) {
    const context = contextOf(operation);
    const wanted = identifier(algorithm);
    const record = keyArgument(key, context);
    webidl.bufferSource(data, context);
    const params = normalize(wanted, operation);
    const bytes = copy(data, context);
    requireKey(record, params.name, operation);
    return bufferOf(implementation(params.name)[operation](params, record, bytes));
}

function importBytes(format, keyData, params, extractable, usages) {
    const key = implementation(params.name).importKey(format, keyData, params, extractable, usages);
    requireSomeUsage(keys.recordOf(key));
    return key;
}

// A Uint8Array or a JWK record.
function exportRecord(format, record) {
    const { name } = record.algorithm;
    if (!registry.does(name, 'exportKey')) {
        throw realm.domException(`${name} keys cannot be exported.`, 'NotSupportedError');
    }
    if (!record.extractable) {
        throw realm.domException(`Attempt to export non-extractable ${name} key.`, 'InvalidAccessError');
    }
    return implementation(name).exportKey(format, record);
}

// Some algorithms wrap, all others encrypt.
function normalizeWrap(algorithm, operation, otherwise) {
    try {
        return normalize(algorithm, operation);
    } catch {
        return normalize(algorithm, otherwise);
    }
}

function deriveBits(params, record, length) {
    return implementation(params.name).deriveBits(params, record, length);
}

// |length|: unsigned long?, null when it is not said.
function optionalLength(value, context) {
    return value === undefined || value === null ? null : webidl.integer(value, 32, false, undefined, context);
}

// The result of encapsulating: what an algorithm has done, and the shared key as the worker gets it.
function encapsulated(sharedKey, ciphertext) {
    const object = {};
    defineValue(object, 'sharedKey', sharedKey, true);
    defineValue(object, 'ciphertext', bufferOf(ciphertext), true);
    return object;
}

class SubtleCrypto {
    #brand = true;

    constructor() {
        if (arguments[0] !== realm) {
            throw new TypeError('Illegal constructor');
        }
    }

    encrypt(algorithm, key, data) {
        return settled(() => {
            this.#brand;
            webidl.requireArguments(arguments.length, 3, contextOf('encrypt'));
            return transform('encrypt', algorithm, key, data);
        });
    }

    decrypt(algorithm, key, data) {
        return settled(() => {
            this.#brand;
            webidl.requireArguments(arguments.length, 3, contextOf('decrypt'));
            return transform('decrypt', algorithm, key, data);
        });
    }

    sign(algorithm, key, data) {
        return settled(() => {
            this.#brand;
            webidl.requireArguments(arguments.length, 3, contextOf('sign'));
            return transform('sign', algorithm, key, data);
        });
    }

    verify(algorithm, key, signature, data) {
        return settled(() => {
            this.#brand;
            const context = contextOf('verify');
            webidl.requireArguments(arguments.length, 4, context);
            const wanted = identifier(algorithm);
            const record = keyArgument(key, context);
            webidl.bufferSource(signature, context);
            webidl.bufferSource(data, context);
            const params = normalize(wanted, 'verify');
            const signed = copy(signature, context);
            const bytes = copy(data, context);
            requireKey(record, params.name, 'verify');
            return implementation(params.name).verify(params, record, signed, bytes);
        });
    }

    digest(algorithm, data) {
        return settled(() => {
            this.#brand;
            const context = contextOf('digest');
            webidl.requireArguments(arguments.length, 2, context);
            const wanted = identifier(algorithm);
            webidl.bufferSource(data, context);
            const params = normalize(wanted, 'digest');
            return bufferOf(implementation(params.name).digest(params, copy(data, context)));
        });
    }

    generateKey(algorithm, extractable, keyUsages) {
        return settled(() => {
            this.#brand;
            const context = contextOf('generateKey');
            webidl.requireArguments(arguments.length, 3, context);
            const wanted = identifier(algorithm);
            const isExtractable = !!extractable;
            const usages = registry.usages(keyUsages, context);
            const params = normalize(wanted, 'generateKey');
            scope.requireIo();
            const made = implementation(params.name).generateKey(params, isExtractable, usages);
            requireSomeUsage(keys.recordOf(keys.is(made) ? made : made.privateKey));
            return made;
        });
    }

    deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
        return settled(() => {
            this.#brand;
            const context = contextOf('deriveKey');
            webidl.requireArguments(arguments.length, 5, context);
            const wanted = identifier(algorithm);
            const record = keyArgument(baseKey, context);
            const derived = identifier(derivedKeyType);
            const isExtractable = !!extractable;
            const usages = registry.usages(keyUsages, context);
            const params = normalize(wanted, 'deriveBits');
            const importParams = normalize(derived, 'importKey');
            const lengthParams = normalize(derived, 'get key length');
            requireKey(record, params.name, 'deriveKey');
            const length = implementation(lengthParams.name).getKeyLength(lengthParams);
            const secret = deriveBits(params, record, length);
            return importBytes('raw-secret', secret, importParams, isExtractable, usages);
        });
    }

    deriveBits(algorithm, baseKey, length = undefined) {
        return settled(() => {
            this.#brand;
            const context = contextOf('deriveBits');
            webidl.requireArguments(arguments.length, 2, context);
            const wanted = identifier(algorithm);
            const record = keyArgument(baseKey, context);
            const bits = optionalLength(length, context);
            const params = normalize(wanted, 'deriveBits');
            requireKey(record, params.name, 'deriveBits');
            return bufferOf(deriveBits(params, record, bits));
        });
    }

    importKey(format, keyData, algorithm, extractable, keyUsages) {
        return settled(() => {
            this.#brand;
            const context = contextOf('importKey');
            webidl.requireArguments(arguments.length, 5, context);
            const kind = webidl.enumeration(format, FORMATS, context);
            if (keyData !== undefined && keyData !== null && !webidl.isObject(keyData)) {
                throw new TypeError(`${context}: the key data is not an object.`);
            }
            const isBytes = webidl.bytesOf(keyData, context) !== null;
            const jwk = isBytes ? null : jwks.fromObject(keyData);
            const wanted = identifier(algorithm);
            const isExtractable = !!extractable;
            const usages = registry.usages(keyUsages, context);
            const params = normalize(wanted, 'importKey');
            if (isBytes === (kind === 'jwk')) {
                throw new TypeError(isBytes
                    ? 'Import data provided for "jwk" import format must be a JsonWebKey.'
                    : 'Import data provided for buffer-based import formats must be a buffer source.');
            }
            return importBytes(kind, isBytes ? copy(keyData, context) : jwk, params, isExtractable, usages);
        });
    }

    exportKey(format, key) {
        return settled(() => {
            this.#brand;
            const context = contextOf('exportKey');
            webidl.requireArguments(arguments.length, 2, context);
            const kind = webidl.enumeration(format, FORMATS, context);
            const exported = exportRecord(kind, keyArgument(key, context));
            return kind === 'jwk' ? jwks.toObject(exported) : bufferOf(exported);
        });
    }

    wrapKey(format, key, wrappingKey, wrapAlgorithm) {
        return settled(() => {
            this.#brand;
            const context = contextOf('wrapKey');
            webidl.requireArguments(arguments.length, 4, context);
            const kind = webidl.enumeration(format, FORMATS, context);
            const record = keyArgument(key, context);
            const wrapping = keyArgument(wrappingKey, context);
            const params = normalizeWrap(identifier(wrapAlgorithm), 'wrapKey', 'encrypt');
            requireKey(wrapping, params.name, 'wrapKey');
            const exported = exportRecord(kind, record);
            const bytes = kind === 'jwk' ? jwks.toJson(exported) : exported;
            const { wrapKey, encrypt } = implementation(params.name);
            return bufferOf(registry.does(params.name, 'wrapKey')
                ? wrapKey(params, wrapping, bytes) : encrypt(params, wrapping, bytes));
        });
    }

    unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
        return settled(() => {
            this.#brand;
            const context = contextOf('unwrapKey');
            webidl.requireArguments(arguments.length, 7, context);
            const kind = webidl.enumeration(format, FORMATS, context);
            webidl.bufferSource(wrappedKey, context);
            const unwrapping = keyArgument(unwrappingKey, context);
            const wanted = identifier(unwrapAlgorithm);
            const unwrapped = identifier(unwrappedKeyAlgorithm);
            const isExtractable = !!extractable;
            const usages = registry.usages(keyUsages, context);
            const params = normalizeWrap(wanted, 'unwrapKey', 'decrypt');
            const importParams = normalize(unwrapped, 'importKey');
            const wrapped = copy(wrappedKey, context);
            requireKey(unwrapping, params.name, 'unwrapKey');
            const { unwrapKey, decrypt } = implementation(params.name);
            const bytes = registry.does(params.name, 'unwrapKey')
                ? unwrapKey(params, unwrapping, wrapped) : decrypt(params, unwrapping, wrapped);
            return importBytes(kind, kind === 'jwk' ? jwks.fromJson(bytes) : bytes, importParams, isExtractable, usages);
        });
    }

    encapsulateBits(algorithm, key) {
        return settled(() => {
            this.#brand;
            const context = contextOf('encapsulateBits');
            webidl.requireArguments(arguments.length, 2, context);
            const wanted = identifier(algorithm);
            const record = keyArgument(key, context);
            const params = normalize(wanted, 'encapsulate');
            requireKey(record, params.name, 'encapsulateBits');
            const made = implementation(params.name).encapsulate(params, record);
            return encapsulated(bufferOf(made.sharedKey), made.ciphertext);
        });
    }

    encapsulateKey(algorithm, key, sharedKeyAlgorithm, extractable, keyUsages) {
        return settled(() => {
            this.#brand;
            const context = contextOf('encapsulateKey');
            webidl.requireArguments(arguments.length, 5, context);
            const wanted = identifier(algorithm);
            const record = keyArgument(key, context);
            const shared = identifier(sharedKeyAlgorithm);
            const isExtractable = !!extractable;
            const usages = registry.usages(keyUsages, context);
            const params = normalize(wanted, 'encapsulate');
            const importParams = normalize(shared, 'importKey');
            requireKey(record, params.name, 'encapsulateKey');
            const made = implementation(params.name).encapsulate(params, record);
            return encapsulated(importBytes('raw-secret', made.sharedKey, importParams, isExtractable, usages), made.ciphertext);
        });
    }

    decapsulateBits(algorithm, key, ciphertext) {
        return settled(() => {
            this.#brand;
            const context = contextOf('decapsulateBits');
            webidl.requireArguments(arguments.length, 3, context);
            const wanted = identifier(algorithm);
            const record = keyArgument(key, context);
            webidl.bufferSource(ciphertext, context);
            const params = normalize(wanted, 'decapsulate');
            const sealed = copy(ciphertext, context);
            requireKey(record, params.name, 'decapsulateBits');
            return bufferOf(implementation(params.name).decapsulate(params, record, sealed));
        });
    }

    decapsulateKey(algorithm, key, ciphertext, sharedKeyAlgorithm, extractable, keyUsages) {
        return settled(() => {
            this.#brand;
            const context = contextOf('decapsulateKey');
            webidl.requireArguments(arguments.length, 6, context);
            const wanted = identifier(algorithm);
            const record = keyArgument(key, context);
            webidl.bufferSource(ciphertext, context);
            const shared = identifier(sharedKeyAlgorithm);
            const isExtractable = !!extractable;
            const usages = registry.usages(keyUsages, context);
            const params = normalize(wanted, 'decapsulate');
            const importParams = normalize(shared, 'importKey');
            const sealed = copy(ciphertext, context);
            requireKey(record, params.name, 'decapsulateKey');
            const secret = implementation(params.name).decapsulate(params, record, sealed);
            return importBytes('raw-secret', secret, importParams, isExtractable, usages);
        });
    }

    getPublicKey(key, keyUsages) {
        return settled(() => {
            this.#brand;
            const context = contextOf('getPublicKey');
            webidl.requireArguments(arguments.length, 2, context);
            const record = keyArgument(key, context);
            const usages = registry.usages(keyUsages, context);
            const { name } = record.algorithm;
            if (!registry.does(name, 'getPublicKey')) {
                throw realm.domException(`${name} keys have no public key.`, 'NotSupportedError');
            }
            if (record.type !== 'private') {
                throw realm.domException('The key is not a private key.', 'InvalidAccessError');
            }
            return implementation(name).getPublicKey(record, usages);
        });
    }

    static supports(operation, algorithm, lengthOrAdditionalAlgorithm = undefined) {
        const context = contextOf('supports');
        webidl.requireArguments(arguments.length, 2, context);
        const name = webidl.domString(operation);
        const wanted = identifier(algorithm);
        const third = lengthOrAdditionalAlgorithm;
        const isAlgorithm = webidl.isObject(third) || typeof third === 'string';
        return internals.lazy('crypto_supports.js').supports(
            name, wanted, isAlgorithm ? null : optionalLength(third, context), isAlgorithm ? third : null,
        );
    }

    timingSafeEqual(a, b) {
        this.#brand;
        const context = contextOf('timingSafeEqual');
        webidl.requireArguments(arguments.length, 2, context);
        const first = webidl.bufferSource(a, context);
        const second = webidl.bufferSource(b, context);
        if (TypedArrayPrototypeGetLength(first) !== TypedArrayPrototypeGetLength(second)) {
            throw new TypeError('Input buffers must have the same byte length.');
        }
        return ops.cryptoEqual(first, second);
    }
}
webidl.finish(SubtleCrypto);

return { __proto__: null, SubtleCrypto, subtle: new SubtleCrypto(realm) };
