// Keys of HMAC and KMAC, which differ in their names only.
//
// Spec:  https://w3c.github.io/webcrypto/#hmac and https://wicg.github.io/webcrypto-modern-algos/
// Covers / differs:  no algorithm by itself; a key that is generated has no more than MF_RANDOM_BYTES_MAX
// Ops:   random
// WPT:   WebCryptoAPI/generateKey, WebCryptoAPI/import_export
// Limits: MF_RANDOM_BYTES_MAX

'use strict';

const { MathFloor, TypeError, TypedArrayPrototypeGetLength, Uint8Array, realm } = primordials;
const { ops, constants } = internals;
const { contains, intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');
const jwks = internals.lazy('crypto_jwk.js');

const USAGES = ['sign', 'verify'];

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

// |traits|: forms, a list of raw formats; algorithm(params, bits), what key.algorithm has; jwk(algorithm), the "alg" of a JWK;
// bits(params), of a key that is made without a length.
function operations(traits) {
    function generatedBits(params) {
        const bits = params.length === undefined ? traits.bits(params) : params.length;
        if (bits === 0 || bits > constants.RANDOM_BYTES_MAX * 8) {
            throw realm.domException(`A key of ${params.name} cannot be generated with ${bits} bits.`, 'OperationError');
        }
        return bits;
    }

    function generateKey(params, extractable, usages) {
        requireUsages(usages, USAGES, params.name);
        const bits = generatedBits(params);
        const data = new Uint8Array(MathFloor((bits + 7) / 8));
        ops.random(data);
        const algorithm = traits.algorithm(params, bits);
        return create('secret', extractable, algorithm, intersect(usages, USAGES), bits % 8 === 0 ? data : cut(data, bits));
    }

    function importedBytes(format, keyData, alg, extractable, usages, name) {
        if (format === 'jwk') {
            jwks.check(keyData, 'oct', 'sig', extractable, usages);
            if (keyData.alg !== undefined && keyData.alg !== alg) {
                throw jwks.dataError(`The JWK's "alg" is not "${alg}".`);
            }
            return jwks.decode(keyData, 'k');
        }
        if (!contains(traits.forms, format)) {
            throw realm.domException(`${name} keys cannot be imported as "${format}".`, 'NotSupportedError');
        }
        return keyData;
    }

    function importKey(format, keyData, params, extractable, usages) {
        const { name } = params;
        requireUsages(usages, USAGES, name);
        let data = importedBytes(format, keyData, traits.jwk(params), extractable, usages, name);
        let bits = TypedArrayPrototypeGetLength(data) * 8;
        if (bits === 0) {
            throw jwks.dataError(`A key of ${name} cannot be empty.`);
        }
        if (params.length !== undefined) {
            if (params.length > bits || params.length <= bits - 8) {
                throw jwks.dataError(`A key of ${params.length} bits was asked for, but ${bits} were given.`);
            }
            bits = params.length;
            data = bits % 8 === 0 ? data : cut(data, bits);
        }
        return create('secret', extractable, traits.algorithm(params, bits), intersect(usages, USAGES), data);
    }

    function exportKey(format, record) {
        if (format === 'jwk') {
            return jwks.ofSecret(record, traits.jwk(record.algorithm));
        }
        if (!contains(traits.forms, format)) {
            throw realm.domException(`${record.algorithm.name} keys cannot be exported as "${format}".`, 'NotSupportedError');
        }
        return new Uint8Array(record.data);
    }

    function getKeyLength(params) {
        if (params.length === 0) {
            throw new TypeError(`A key of ${params.name} cannot have 0 bits.`);
        }
        return params.length === undefined ? traits.bits(params) : params.length;
    }

    function validate(operation, params) {
        if (operation === 'generateKey') {
            generatedBits(params);
        }
    }

    return { __proto__: null, generateKey, importKey, exportKey, getKeyLength, validate };
}

return { __proto__: null, operations };
