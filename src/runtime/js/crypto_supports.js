// SubtleCrypto.supports: whether an operation would work with an algorithm and its parameters.
//
// Spec:  https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-supports
// Covers / differs:  all
// Ops:   none
// WPT:   WebCryptoAPI/supports.tentative
// Limits: none

'use strict';

const { realm } = primordials;
const { contains, does, implementation, normalize } = internals.lazy('crypto_registry.js');

const OPERATIONS = [
    'encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveKey', 'deriveBits', 'importKey', 'exportKey',
    'wrapKey', 'unwrapKey', 'encapsulateKey', 'encapsulateBits', 'decapsulateKey', 'decapsulateBits', 'getPublicKey',
];
// The operation of an algorithm where it has none of that name.
const OTHERWISE = {
    __proto__: null,
    wrapKey: 'encrypt', unwrapKey: 'decrypt', encapsulateKey: 'encapsulate', encapsulateBits: 'encapsulate',
    decapsulateKey: 'decapsulate', decapsulateBits: 'decapsulate',
};

// Throws when not.
function check(operation, algorithm, length) {
    let name = operation;
    let params;
    try {
        params = normalize(algorithm, operation);
    } catch (error) {
        if (OTHERWISE[operation] === undefined) {
            throw error;
        }
        name = OTHERWISE[operation];
        params = normalize(algorithm, name);
    }
    implementation(params.name).validate?.(name, params, length);
    return params;
}

function keyLength(algorithm) {
    const params = normalize(algorithm, 'get key length');
    return implementation(params.name).getKeyLength(params);
}

function checkAll(operation, algorithm, length, additional) {
    switch (operation) {
        case 'deriveKey':
            check('importKey', additional, null);
            check('deriveBits', algorithm, keyLength(additional));
            return;
        case 'unwrapKey': case 'encapsulateKey': case 'decapsulateKey':
            if (additional !== null) {
                check('importKey', additional, null);
            }
            break;
        case 'wrapKey':
            if (additional !== null && !does(normalize(additional, 'exportKey').name, 'exportKey')) {
                throw realm.domException('Such keys cannot be exported.', 'NotSupportedError');
            }
            break;
    }
    check(operation, algorithm, length);
}

// |algorithm| and |additional| come from identifier(); either of the last two is null.
function supports(operation, algorithm, length, additional) {
    if (!contains(OPERATIONS, operation) || (operation === 'deriveKey' && additional === null)) {
        return false;
    }
    try {
        checkAll(operation, algorithm, length, additional);
        return true;
    } catch {
        return false;
    }
}

return { __proto__: null, supports };
