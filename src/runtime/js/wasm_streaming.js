// The bytes of WebAssembly.compileStreaming and WebAssembly.instantiateStreaming, which are V8's.
//
// Spec:  https://webassembly.github.io/spec/web-api/#streaming-modules
// Covers / differs:  all; a module is compiled when all of it is there
// Ops:   none (internals.wasm*)
// WPT:   wasm/webapi
// Limits: none

'use strict';

const { RegExpPrototypeExec, TypeError, react, realm } = primordials;
const { wasmAbort, wasmFinish } = internals;

const TYPE = /^[\t\n\r ]*application\/wasm[\t\n\r ]*$/i; // without parameters

// The body of |value| if it is a response with a module; throws a TypeError.
function bodyOf(value) {
    if (!realm.response.is(value)) {
        throw new TypeError('The source of WebAssembly code is not a Response.');
    }
    return realm.response.open(value, (status, statusText, headers, body) => {
        if (status < 200 || status > 299) {
            throw new TypeError('HTTP status code is not ok.');
        }
        const type = realm.headers.get(realm.headers.fromWire(headers), 'content-type');
        if (type === null || RegExpPrototypeExec(TYPE, type) === null) {
            throw new TypeError("Incorrect response MIME type. Expected 'application/wasm'.");
        }
        return body;
    });
}

// |source| is a Response or a promise of one.
function feed(stream, source) {
    const fail = (error) => wasmAbort(stream, error);
    react(source, (value) => {
        try {
            const bytes = realm.body.consume(bodyOf(value), realm.body.bytesOf);
            react(bytes, (all) => wasmFinish(stream, all), fail);
        } catch (error) {
            fail(error);
        }
    }, fail);
}

return { __proto__: null, feed };
