// IdentityTransformStream, FixedLengthStream: bytes go through as they are; the second knows how many.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/
// Covers / differs:  all but BYOB readers: the readable side is a default stream. Chunks are copied on
//        their way
// Ops:   none
// WPT:   none; tests/runtime/body
// Limits: none

'use strict';

const { Number, TypeError, TypedArrayPrototypeGetByteLength, Uint8Array, realm } = primordials;
const { webidl } = realm;
const { TransformStream, create } = internals.lazy('stream_transform.js');

const BYTES_MAX = 9007199254740991;

function bytesOf(chunk) {
    const bytes = webidl.bytesOf(chunk, 'An IdentityTransformStream');
    if (bytes !== null) {
        return new Uint8Array(bytes);
    }
    throw new TypeError(typeof chunk === 'string'
        ? 'This TransformStream is being used as a byte stream, but received a string on its writable side. If you wish to ' +
            "write a string, you'll probably want to explicitly UTF-8-encode it with TextEncoder."
        : 'This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type ' +
            'on its writable side.');
}

function give(bytes, take) {
    if (TypedArrayPrototypeGetByteLength(bytes) > 0) {
        take(bytes);
    }
}

class IdentityTransformStream extends TransformStream {
    constructor(strategy = undefined, own = undefined) {
        const record = strategy === realm ? own : create((chunk, take) => give(bytesOf(chunk), take), () => {});
        super(realm, record);
        record.object = this;
    }
}
webidl.finish(IdentityTransformStream);

function lengthOf(value) {
    const length = Number(value);
    if (!(length >= 0 && length <= BYTES_MAX) || length % 1 !== 0) {
        throw new TypeError('FixedLengthStream requires an integer expected length less than 2^53.');
    }
    return length;
}

class FixedLengthStream extends IdentityTransformStream {
    constructor(expectedLength, strategy = undefined) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'FixedLengthStream'");
        void strategy;
        let left = lengthOf(expectedLength);
        const record = create((chunk, take) => {
            const bytes = bytesOf(chunk);
            left -= TypedArrayPrototypeGetByteLength(bytes);
            if (left < 0) {
                throw new TypeError('Attempt to write too many bytes through a FixedLengthStream.');
            }
            give(bytes, take);
        }, () => {
            if (left > 0) {
                throw new TypeError('FixedLengthStream did not see all expected bytes before close().');
            }
        });
        super(realm, record);
        record.readable.fixedBytes = left;
    }
}
webidl.finish(FixedLengthStream);

return { __proto__: null, IdentityTransformStream, FixedLengthStream };
