// Body: what Request and Response share. A body keeps its source, a string, bytes or a host stream, and becomes a
// ReadableStream
// only when a worker asks for one.
//
// Spec:  https://fetch.spec.whatwg.org/#body-mixin
// Covers / differs:  all; a stream's chunks must be bytes
// Ops:   bodyAbort (through host_streams.js the rest)
// WPT:   fetch/api/body, fetch/api/response, fetch/api/request
// Limits: MF_EXECUTOR_OP_BYTES_MAX for a body that is read at once

'use strict';

const {
    ArrayBufferPrototypeGetByteLength, JSONParse, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, PromiseReject,
    PromiseWithResolvers, StringPrototypeCharCodeAt, StringPrototypeSlice, TypeError, TypedArrayPrototypeGetBuffer,
    TypedArrayPrototypeGetByteLength, Uint8Array, realm,
} = primordials;
const { webidl, hostStreams } = realm;
const { utf8Decode, utf8Encode } = internals;

const USED = 'Body has already been used. It can only be used once. Use tee() first if you need to read it twice.';
const newUsedError = () => new TypeError(USED);

const TEXT = 0;
const BYTES = 1;
const HOST = 2;
const STREAM = 3;

realm.streams = null; // what streams.js gives, once it is loaded
realm.hasStreams = false; // set by stream_common.js
realm.isReadableStream = null; // set by stream_readable.js: before that there are no streams
realm.blob = null;
realm.formData = null;
const streams = () => realm.streams ?? internals.lazy('streams.js');

function newBody(kind, source, type) {
    return { __proto__: null, kind, source, type, stream: null, isUsed: false, failure: null };
}

const fromHost = (stream) => newBody(HOST, stream, null);
const ofBytes = (bytes) => newBody(BYTES, bytes, null); // |bytes| are the body's from here on

// "Extract a body": a new body whose type is the content-type it implies, or null.
function extract(value, context) {
    if (typeof value === 'string') {
        return newBody(TEXT, webidl.usvString(value), 'text/plain;charset=UTF-8');
    }
    if (webidl.isObject(value)) {
        if (realm.isReadableStream !== null && realm.isReadableStream(value)) {
            return fromStream(value, context);
        }
        const bytes = webidl.bytesOf(value, context);
        if (bytes !== null) {
            return newBody(BYTES, new Uint8Array(bytes), null);
        }
        if (realm.searchParams.is(value)) {
            return newBody(TEXT, realm.searchParams.serialize(value), 'application/x-www-form-urlencoded;charset=UTF-8');
        }
        if (realm.blob !== null && realm.blob.is(value)) {
            return newBody(BYTES, realm.blob.bytes(value), realm.blob.type(value) || null);
        }
        if (realm.formData !== null && realm.formData.is(value)) {
            const encoded = realm.formData.encode(value);
            return newBody(BYTES, encoded.bytes, encoded.type);
        }
    }
    return newBody(TEXT, webidl.usvString(value), 'text/plain;charset=UTF-8');
}

function fromStream(stream, context) {
    if (streams().isLocked(stream)) {
        throw new TypeError(`${context}: This ReadableStream is currently locked to a reader.`);
    }
    if (realm.streams.isDisturbed(stream)) {
        throw new TypeError(
            `${context}: This ReadableStream is disturbed (has already been read from), and cannot be used as a body.`,
        );
    }
    const body = newBody(STREAM, null, null);
    body.stream = stream;
    return body;
}

const isUsed = (body) => body !== null &&
    (body.isUsed || (body.stream !== null && realm.streams.isDisturbed(body.stream)));

const isUnusable = (body) => isUsed(body) || (body !== null && body.stream !== null && realm.streams.isLocked(body.stream));

// body.stream, made on demand: a readable byte stream over the source.
function streamOf(body) {
    if (body.stream === null) {
        const { kind, source } = body;
        body.stream = kind === HOST
            ? hostByteStream(source)
            : streams().ofBytes(kind === TEXT ? utf8Encode(source) : new Uint8Array(source));
        if (body.isUsed) {
            streams().disturb(body.stream);
        }
    }
    return body.stream;
}

function hostByteStream(number) {
    return streams().newByteStream((controller, done) => {
        hostStreams.pull(number, {
            __proto__: null,
            data(bytes) {
                controller.enqueue(bytes);
                done();
            },
            end() {
                controller.close();
                done();
            },
            error(error) {
                controller.error(error);
                done();
            },
        });
    }, () => hostStreams.cancel(number), number);
}

function withoutBom(text) {
    return text.length > 0 && StringPrototypeCharCodeAt(text, 0) === 0xfeff ? StringPrototypeSlice(text, 1) : text;
}

const textOf = (source) => (typeof source === 'string' ? withoutBom(source) : utf8Decode(source, false, false));
const bytesOf = (source, isFresh = false) =>
    (typeof source === 'string' ? utf8Encode(source) : isFresh ? source : new Uint8Array(source));

function ownBuffer(source, isFresh) {
    const bytes = bytesOf(source, isFresh);
    const buffer = TypedArrayPrototypeGetBuffer(bytes);
    return TypedArrayPrototypeGetByteLength(bytes) === ArrayBufferPrototypeGetByteLength(buffer)
        ? buffer : TypedArrayPrototypeGetBuffer(new Uint8Array(bytes));
}

// Reads all of |body|: done(string or bytes, isFresh) or fail(error). Bytes that are not fresh belong to somebody else as well.
function readAll(body, done, fail) {
    if (body.stream !== null) {
        body.isUsed = true;
        realm.streams.readAllBytes(body.stream, done, fail);
        return;
    }
    body.isUsed = true;
    if (body.kind === HOST) {
        hostStreams.readAll(body.source, (bytes) => done(bytes, true), fail);
    } else {
        done(body.source, false);
    }
}

// A promise of convert(all of the body); |body| null is an empty one.
function consume(body, convert) {
    if (isUnusable(body)) {
        return PromiseReject(body.failure === null ? new TypeError(USED) : body.failure.error);
    }
    const { promise, resolve, reject } = PromiseWithResolvers();
    const done = (source, isFresh) => {
        try {
            resolve(convert(source, isFresh));
        } catch (error) {
            reject(error);
        }
    };
    if (body === null) {
        done('', false);
    } else {
        readAll(body, done, (error) => {
            body.failure = { __proto__: null, error }; // whoever reads it again learns the same
            reject(error);
        });
    }
    return promise;
}

// A second body with the same bytes.
function clone(body) {
    if (isUnusable(body)) {
        throw new TypeError(USED);
    }
    if (body === null) {
        return null;
    }
    if (body.stream === null && body.kind !== HOST) {
        return newBody(body.kind, body.source, body.type);
    }
    const second = newBody(STREAM, null, body.type);
    const pair = streams().tee(streamOf(body));
    body.kind = STREAM;
    body.stream = pair[0];
    second.stream = pair[1];
    return second;
}

// Moves the bytes out: |body| is used from here on.
function transfer(body) {
    if (isUnusable(body)) {
        throw new TypeError(USED);
    }
    if (body === null) {
        return null;
    }
    const moved = newBody(body.kind, body.source, body.type);
    if (body.stream !== null) {
        moved.kind = STREAM;
        moved.stream = streams().proxy(body.stream);
    }
    body.isUsed = true;
    return moved;
}

// How many bytes |body| has, or -1 when only its end will tell. A text becomes bytes.
function sizeOf(body) {
    if (body.stream !== null) {
        return realm.streams.fixedBytes(body.stream);
    }
    if (body.kind === HOST) {
        return -1;
    }
    if (body.kind === TEXT) {
        body.source = utf8Encode(body.source);
        body.kind = BYTES;
    }
    return TypedArrayPrototypeGetByteLength(body.source);
}

// Sends |body| on the host's stream |number|: done() when all of it went or nobody wants more, fail(error).
function send(body, number, done, fail) {
    const failAndAbort = (error) => {
        realm.host.bodyAbort(number, error);
        fail(error);
    };
    body.isUsed = true;
    if (body.stream !== null) {
        realm.streams.send(body.stream, number, done, failAndAbort);
    } else if (body.kind === TEXT) {
        hostStreams.writeText(number, body.source, done, failAndAbort);
    } else if (body.kind === BYTES) {
        hostStreams.writeBytes(number, body.source, done, failAndAbort);
    } else {
        hostStreams.copy(body.source, number, done, failAndAbort);
    }
}

// Nobody will read |body|: a stream of the worker's own learns |reason|.
function discard(body, reason) {
    if (body !== null && body.stream !== null && !isUnusable(body)) {
        realm.streams.cancel(body.stream, reason);
    }
}

// Gives |constructor| the Body mixin. bodyOf(object) and contentTypeOf(object) throw on a foreign object.
function mixin(constructor, bodyOf, contentTypeOf) {
    const { prototype } = constructor;
    const method = (object, convert) => {
        let body;
        try {
            body = bodyOf(object);
        } catch (error) {
            return PromiseReject(error);
        }
        return consume(body, convert);
    };
    const members = class {
        get body() {
            const body = bodyOf(this);
            return body === null ? null : streamOf(body);
        }

        get bodyUsed() {
            return isUsed(bodyOf(this));
        }

        arrayBuffer() {
            return method(this, ownBuffer);
        }

        blob() {
            return method(this, (source, isFresh) => {
                const bytes = bytesOf(source, isFresh);
                return internals.lazy('blob.js').fromBytes(bytes, contentTypeOf(this) ?? '');
            });
        }

        bytes() {
            return method(this, bytesOf);
        }

        formData() {
            return method(this, (source) => internals.lazy('form_data.js').decode(source, contentTypeOf(this)));
        }

        json() {
            return method(this, (source) => JSONParse(textOf(source)));
        }

        text() {
            return method(this, textOf);
        }
    }.prototype;
    const names = ['body', 'bodyUsed', 'arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'];
    for (let i = 0; i < names.length; i++) {
        const descriptor = ObjectGetOwnPropertyDescriptor(members, names[i]);
        descriptor.enumerable = true;
        ObjectDefineProperty(prototype, names[i], descriptor);
    }
}

realm.body = {
    __proto__: null,
    newUsedError, extract, ofBytes, fromHost, isUsed, isUnusable, clone, transfer, sizeOf, send, discard, consume, mixin, textOf,
    bytesOf, streamOf,
};
