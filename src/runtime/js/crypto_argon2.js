// Argon2d, Argon2i, Argon2id: in JavaScript, by noble.
//
// Spec:  https://wicg.github.io/webcrypto-modern-algos/#argon2
// Covers / differs:  all of version 0x13; the memory it needs is the run's
// Ops:   none
// WPT:   WebCryptoAPI/derive_bits_keys/argon2, WebCryptoAPI/import_export
// Limits: the run's memory and CPU

'use strict';

const { TypedArrayPrototypeGetLength, Uint8Array, realm } = primordials;
const { intersect, requireUsages } = internals.lazy('crypto_registry.js');
const { create } = internals.lazy('crypto_key.js');

const USAGES = ['deriveKey', 'deriveBits'];
const FUNCTIONS = { __proto__: null, Argon2d: 'argon2d', Argon2i: 'argon2i', Argon2id: 'argon2id' };
const VERSION = 0x13;

function importKey(format, keyData, params, extractable, usages) {
    const { name } = params;
    if (format !== 'raw-secret') {
        throw realm.domException(`${name} keys cannot be imported as "${format}".`, 'NotSupportedError');
    }
    requireUsages(usages, USAGES, name);
    if (extractable) {
        throw realm.domException(`${name} keys cannot be extractable.`, 'SyntaxError');
    }
    return create('secret', false, { __proto__: null, name }, intersect(usages, USAGES), keyData);
}

function validate(operation, params, bits) {
    if (operation !== 'deriveBits') {
        return;
    }
    if (bits === null || bits % 8 !== 0 || bits < 32) {
        throw realm.domException(`${params.name} needs a length of 32 bits or more, a multiple of 8.`, 'OperationError');
    }
    const { memory, nonce, parallelism, passes, version } = params;
    if ((version ?? VERSION) !== VERSION || passes === 0 || parallelism === 0 || parallelism > 0xffffff ||
        memory < 8 * parallelism || TypedArrayPrototypeGetLength(nonce) < 8) {
        throw realm.domException(`These parameters of ${params.name} do not exist.`, 'OperationError');
    }
}

function deriveBits(params, record, bits) {
    validate('deriveBits', params, bits);
    const options = {
        __proto__: null, t: params.passes, m: params.memory, p: params.parallelism, version: VERSION, dkLen: bits / 8,
        key: params.secretValue, personalization: params.associatedData,
    };
    try {
        return new Uint8Array(internals.lazy('noble_argon2.js')[FUNCTIONS[params.name]](record.data, params.nonce, options));
    } catch {
        throw realm.domException(`${params.name} failed; it may need more memory than there is.`, 'OperationError');
    }
}

const getKeyLength = () => null;

return { __proto__: null, importKey, deriveBits, getKeyLength, validate };
