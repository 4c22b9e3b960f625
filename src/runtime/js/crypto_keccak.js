// cSHAKE128, cSHAKE256, TurboSHAKE128, TurboSHAKE256, KT128, KT256, KMAC128, KMAC256: in JavaScript, by noble.
//
// Spec:  https://wicg.github.io/webcrypto-modern-algos/
// Covers / differs:  all
// Ops:   cryptoEqual
// WPT:   WebCryptoAPI/digest/cshake, kangarootwelve; WebCryptoAPI/sign_verify/kmac
// Limits: the run's memory

'use strict';

const { StringPrototypeSlice, Uint8Array, realm } = primordials;
const { ops } = internals;
const noble = internals.lazy('noble_keccak.js');
const { operations } = internals.lazy('crypto_mac_key.js');

const NONE = new Uint8Array(0);

function failure(what) {
    return realm.domException(what, 'OperationError');
}

// Name -> noble's function and its options besides the output's length.
const DIGESTS = {
    __proto__: null,
    cSHAKE128: ['cshake128', custom],
    cSHAKE256: ['cshake256', custom],
    TurboSHAKE128: ['turboshake128', separated],
    TurboSHAKE256: ['turboshake256', separated],
    KT128: ['kt128', custom],
    KT256: ['kt256', custom],
};

function custom(params, size) {
    return { __proto__: null, dkLen: size, personalization: params.customization ?? NONE, NISTfn: params.functionName ?? NONE };
}

function separated(params, size) {
    return { __proto__: null, dkLen: size, D: params.domainSeparation ?? 0x1f };
}

// Of bits that are whole bytes; only cSHAKE may give none.
function validate(operation, params) {
    if (params.outputLength === undefined) {
        return;
    }
    const isEmptyFine = params.name === 'cSHAKE128' || params.name === 'cSHAKE256';
    if (params.outputLength % 8 !== 0 || (params.outputLength === 0 && !isEmptyFine)) {
        throw failure(`${params.name} cannot give ${params.outputLength} bits.`);
    }
    if (params.domainSeparation !== undefined && (params.domainSeparation === 0 || params.domainSeparation > 0x7f)) {
        throw failure('The domain separation must be 1 to 127.');
    }
}

// noble's result as bytes of ours; whatever it throws is the operation's failure.
function guarded(compute) {
    try {
        return new Uint8Array(compute());
    } catch {
        throw failure('The operation failed.');
    }
}

function digest(params, data) {
    validate('digest', params);
    if (params.outputLength === 0) {
        return new Uint8Array(0);
    }
    const name = DIGESTS[params.name][0];
    const options = DIGESTS[params.name][1];
    return guarded(() => noble[name](data, options(params, params.outputLength / 8)));
}

/* ---- KMAC ---------------------------------------------------------------------------------- */

const bitsOf = (params) => (params.name === 'KMAC128' ? 128 : 256);

const keys = operations({
    __proto__: null,
    forms: ['raw-secret'],
    algorithm: (params, bits) => ({ __proto__: null, name: params.name, length: bits }),
    jwk: (algorithm) => `K${StringPrototypeSlice(algorithm.name, 4)}`, // K128, K256
    bits: bitsOf,
});

function sign(params, record, data) {
    validate('sign', params);
    const compute = params.name === 'KMAC128' ? noble.kmac128 : noble.kmac256;
    return guarded(() => compute(record.data, data, custom(params, params.outputLength / 8)));
}

const verify = (params, record, signature, data) => ops.cryptoEqual(sign(params, record, data), signature);

return {
    __proto__: null,
    ...keys, digest, sign, verify,
    validate(operation, params) {
        keys.validate(operation, params);
        validate(operation, params);
    },
};
