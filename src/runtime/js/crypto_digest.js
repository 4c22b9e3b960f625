// Digests: the algorithms of crypto.subtle.digest and of DigestStream.
//
// Spec:  https://w3c.github.io/webcrypto/#sha
// Covers / differs:  SHA-1, SHA-256, SHA-384, SHA-512, SHA3-256, SHA3-384, SHA3-512; MD5, as on Cloudflare
// Ops:   cryptoDigest
// WPT:   WebCryptoAPI/digest
// Limits: MF_EXECUTOR_OP_BYTES_MAX

'use strict';

const { realm } = primordials;
const { ops, constants } = internals;

// Name -> [number of the op, bytes of a block]
const DIGESTS = {
    __proto__: null,
    MD5: [constants.DIGEST_MD5, 64],
    'SHA-1': [constants.DIGEST_SHA1, 64],
    'SHA-256': [constants.DIGEST_SHA256, 64],
    'SHA-384': [constants.DIGEST_SHA384, 128],
    'SHA-512': [constants.DIGEST_SHA512, 128],
    'SHA3-256': [constants.DIGEST_SHA3_256, 136],
    'SHA3-384': [constants.DIGEST_SHA3_384, 104],
    'SHA3-512': [constants.DIGEST_SHA3_512, 72],
};

const numberOf = (name) => DIGESTS[name][0];
const blockBits = (name) => DIGESTS[name][1] * 8;

// An op's result; a number is an error of errors.h.
function result(value, what) {
    if (typeof value === 'number') {
        throw realm.domException(what, 'OperationError');
    }
    return value;
}

const digest = (params, data) => result(ops.cryptoDigest(numberOf(params.name), data), 'The digest failed.');

return { __proto__: null, numberOf, blockBits, result, digest };
