// HKDF, PBKDF2
//
// Spec:  https://w3c.github.io/webcrypto/#hkdf and #pbkdf2
// Covers / differs:  all; PBKDF2's iterations and both outputs have their limits
// Ops:   cryptoHkdf, cryptoPbkdf2
// WPT:   WebCryptoAPI/derive_bits_keys
// Limits: MF_CRYPTO_PBKDF2_ITERATIONS_MAX, MF_CRYPTO_PBKDF2_BYTES_MAX

'use strict';

const { realm } = primordials;
const { ops, constants } = internals;
const { intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');
const { numberOf, result } = internals.lazy('crypto_digest.js');

const USAGES = ['deriveKey', 'deriveBits'];

function importKey(format, keyData, params, extractable, usages) {
    const { name } = params;
    if (format !== 'raw' && format !== 'raw-secret') {
        throw realm.domException(`${name} keys cannot be imported as "${format}".`, 'NotSupportedError');
    }
    requireUsages(usages, USAGES, name);
    if (extractable) {
        throw realm.domException(`${name} keys cannot be extractable.`, 'SyntaxError');
    }
    return create('secret', false, { __proto__: null, name }, intersect(usages, USAGES), keyData);
}

function failure(what, name = 'OperationError') {
    return realm.domException(what, name);
}

function validate(operation, params, length) {
    const { name } = params;
    if (operation !== 'deriveBits') {
        return;
    }
    if (length === null || length % 8 !== 0) {
        throw failure(`${name} needs a length that is a multiple of 8.`);
    }
    if (name === 'HKDF') {
        return;
    }
    if (params.iterations === 0) {
        throw failure('PBKDF2 needs at least one iteration.');
    }
    if (params.iterations > constants.CRYPTO_PBKDF2_ITERATIONS_MAX) {
        throw failure('Pbkdf2 failed: iteration counts above ' +
            `${constants.CRYPTO_PBKDF2_ITERATIONS_MAX} are not supported (requested ${params.iterations}).`, 'NotSupportedError');
    }
    if (length / 8 > constants.CRYPTO_PBKDF2_BYTES_MAX) {
        throw failure(`PBKDF2 gives no more than ${constants.CRYPTO_PBKDF2_BYTES_MAX} bytes.`);
    }
}

function deriveBits(params, record, length) {
    validate('deriveBits', params, length);
    const hash = numberOf(params.hash);
    if (params.name === 'HKDF') {
        return result(ops.cryptoHkdf(hash, record.data, params.salt, params.info, length / 8),
            'HKDF gives no more than 255 digests.');
    }
    return result(ops.cryptoPbkdf2(hash, record.data, params.salt, params.iterations, length / 8), 'PBKDF2 failed.');
}

const getKeyLength = () => null;

return { __proto__: null, importKey, deriveBits, getKeyLength, validate };
