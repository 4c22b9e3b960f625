// crypto.DigestStream: a WritableStream whose bytes become a digest.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors
// Covers / differs:  all; MD5 and the SHA family. The state lies in the isolate's own memory, as bytes
// Ops:   cryptoDigestUpdate, cryptoDigestFinal
// WPT:   none
// Limits: MF_CRYPTO_DIGEST_BYTES_MAX

'use strict';

const {
    BigInt, PromiseReject, PromiseResolve, PromiseWithResolvers, SymbolDispose, TypeError, TypedArrayPrototypeGetBuffer,
    TypedArrayPrototypeGetLength, Uint8Array, realm,
} = primordials;
const { webidl } = realm;
const { ops, utf8Encode } = internals;
const writable = internals.lazy('stream_writable.js');
const common = internals.lazy('stream_common.js');
const { contains, identifier, normalize } = internals.lazy('crypto_registry.js');
const { numberOf, result } = internals.lazy('crypto_digest.js');

const STREAMED = ['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];

function bytesOf(chunk) {
    if (typeof chunk === 'string') {
        return utf8Encode(chunk);
    }
    const bytes = webidl.bytesOf(chunk, 'DigestStream');
    if (bytes === null) {
        throw new TypeError('DigestStream is a byte stream but received an object of non-ArrayBuffer/ArrayBufferView/string ' +
            'type on its writable side.');
    }
    return bytes;
}

function settle(body) {
    try {
        body();
        return PromiseResolve(undefined);
    } catch (error) {
        return PromiseReject(error);
    }
}

// What the stream does; |own| is the DigestStream's state.
function sinkOf(number, own) {
    return {
        __proto__: null,
        start: () => undefined,
        write: (chunk) => settle(() => {
            try {
                if (own.disposed !== undefined) {
                    throw own.disposed;
                }
                const bytes = bytesOf(chunk);
                own.state = result(ops.cryptoDigestUpdate(number, own.state, bytes), 'The digest failed.');
                own.bytesWritten += TypedArrayPrototypeGetLength(bytes);
            } catch (error) {
                own.deferred.reject(error);
                throw error;
            }
        }),
        close: () => settle(() => {
            if (own.disposed !== undefined) {
                throw own.disposed;
            }
            const digest = result(ops.cryptoDigestFinal(number, own.state), 'The digest failed.');
            own.deferred.resolve(TypedArrayPrototypeGetBuffer(digest));
        }),
        abort: (reason) => settle(() => own.deferred.reject(reason)),
    };
}

class DigestStream extends writable.WritableStream {
    #own;

    constructor(algorithm) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'DigestStream'");
        const { name } = normalize(identifier(algorithm), 'digest');
        if (!contains(STREAMED, name)) {
            throw realm.domException(`A DigestStream cannot make ${name}.`, 'NotSupportedError');
        }
        const number = numberOf(name);
        const own = {
            __proto__: null, deferred: PromiseWithResolvers(), state: new Uint8Array(0), bytesWritten: 0, disposed: undefined,
        };
        common.setHandled(own.deferred.promise);
        const record = writable.create(sinkOf(number, own));
        super(realm, record);
        record.object = this;
        this.#own = own;
    }

    get digest() {
        return this.#own.deferred.promise;
    }

    get bytesWritten() {
        return BigInt(this.#own.bytesWritten);
    }

    [SymbolDispose]() {
        const own = this.#own;
        own.disposed ??= new TypeError('The DigestStream was disposed.');
        own.deferred.reject(own.disposed);
    }
}
webidl.finish(DigestStream);

return { __proto__: null, DigestStream };
