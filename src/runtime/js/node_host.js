// node_host: what Node's modules (../node) ask of the runtime.
//
// Spec:  none: the form is our own
// Covers / differs:  no Web API
// Ops:   cryptoDigest, cryptoDigestUpdate, cryptoDigestFinal, cryptoHmac, cryptoPbkdf2, cryptoHkdf, cryptoEqual, compress*, crc32
// WPT:   none; tests/integration/node
// Limits: those of the ops

'use strict';

const { ObjectGetOwnPropertyDescriptor, ObjectKeys, realm } = primordials;
const { scope } = realm;
const { ops, constants } = internals;

const digests = () => internals.lazy('crypto_digest.js');
const result = (value) => digests().result(value, 'The operation failed.');

// What of env is text, as Cloudflare fills process.env.
function env() {
    const found = {};
    const given = scope.env ?? {};
    const keys = ObjectKeys(given);
    for (let i = 0; i < keys.length; i++) {
        const value = ObjectGetOwnPropertyDescriptor(given, keys[i])?.value; // a workspace need not be made for this
        if (typeof value === 'string') {
            found[keys[i]] = value;
        }
    }
    return found;
}

return {
    __proto__: null,
    env,
    cwd: () => (scope.workspaces === '' ? '/bundle' : '/'),
    load: (specifier) => realm.loadNode(specifier),
    typeOf: (value) => internals.typeOf(value),
    isUtf8: (bytes) => internals.isUtf8(bytes),
    inspect: (value, options) => internals.lazy('inspect.js').inspect(value, options),
    format: (args) => internals.lazy('inspect_format.js').format(args, 0),
    asyncContext: () => internals.asyncContext(),
    setAsyncContext: (value) => internals.setAsyncContext(value),
    digest: (name, bytes) => result(ops.cryptoDigest(digests().numberOf(name), bytes)),
    digestUpdate: (name, state, bytes) => result(ops.cryptoDigestUpdate(digests().numberOf(name), state, bytes)),
    digestFinal: (name, state) => result(ops.cryptoDigestFinal(digests().numberOf(name), state)),
    hmac: (name, key, bytes) => result(ops.cryptoHmac(digests().numberOf(name), key, bytes)),
    pbkdf2: (name, password, salt, iterations, length) =>
        result(ops.cryptoPbkdf2(digests().numberOf(name), password, salt, iterations, length)),
    hkdf: (name, key, salt, info, length) => result(ops.cryptoHkdf(digests().numberOf(name), key, salt, info, length)),
    compressWriteMax: constants.COMPRESS_WRITE_BYTES_MAX,
    compressOpen: (format, isDecoder, hasMembers, level, bits, memory, strategy, dictionary) =>
        ops.compressOpen(format, isDecoder, hasMembers, level, bits, memory, strategy, dictionary),
    compressWrite: (handle, bytes, flush) => ops.compressWrite(handle, bytes, flush),
    compressRead: (handle) => ops.compressRead(handle),
    compressCode: (handle) => ops.compressCode(handle),
    compressParams: (handle, level, strategy) => ops.compressParams(handle, level, strategy),
    compressReset: (handle) => ops.compressReset(handle),
    compressClose: (handle) => ops.compressClose(handle),
    crc32: (bytes, before) => ops.crc32(bytes, before),
    equal: (a, b) => ops.cryptoEqual(a, b),
};
