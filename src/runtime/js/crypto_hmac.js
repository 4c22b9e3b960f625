// HMAC
//
// Spec:  https://w3c.github.io/webcrypto/#hmac
// Covers / differs:  all; see crypto_mac_key.js
// Ops:   cryptoHmac, cryptoEqual
// WPT:   WebCryptoAPI/sign_verify/hmac
// Limits: MF_EXECUTOR_OP_BYTES_MAX

'use strict';

const { StringPrototypeSlice } = primordials;
const { ops } = internals;
const { blockBits, numberOf, result } = internals.lazy('crypto_digest.js');

const keys = internals.lazy('crypto_mac_key.js').operations({
    __proto__: null,
    forms: ['raw', 'raw-secret'],
    algorithm: (params, bits) => ({ __proto__: null, name: 'HMAC', length: bits, hash: params.hash }),
    jwk: (algorithm) => `HS${StringPrototypeSlice(algorithm.hash, 4)}`, // HS1, HS256 ...
    bits: (params) => blockBits(params.hash),
});

function sign(params, record, data) {
    return result(ops.cryptoHmac(numberOf(record.algorithm.hash), record.data, data), 'The signature failed.');
}

const verify = (params, record, signature, data) => ops.cryptoEqual(sign(params, record, data), signature);

return { __proto__: null, ...keys, sign, verify };
