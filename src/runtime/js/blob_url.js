// URL.createObjectURL, URL.revokeObjectURL, and blob: URLs as fetch() answers them.
//
// Spec:  https://w3c.github.io/FileAPI/#url
// Covers / differs:  all; a worker has no origin, so that the URLs begin with "blob:null/". A URL lives as long as the run
// Ops:   uuid
// WPT:   FileAPI/url
// Limits: none

'use strict';

const {
    Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, StringPrototypeIndexOf, StringPrototypeSlice, TypeError, realm,
} = primordials;
const { webidl, scope } = realm;
const { ops } = internals;
internals.lazy('blob.js'); // makes realm.blob

const blobs = new Map();

const methods = {
    createObjectURL(object) {
        const context = "Failed to execute 'createObjectURL' on 'URL'";
        webidl.requireArguments(arguments.length, 1, context);
        if (!realm.blob.is(object)) {
            throw new TypeError(`${context}: the value is not a Blob.`);
        }
        scope.requireIo();
        const url = `blob:null/${ops.uuid()}`;
        MapPrototypeSet(blobs, url, object);
        return url;
    },

    revokeObjectURL(url) {
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'revokeObjectURL' on 'URL'");
        MapPrototypeDelete(blobs, webidl.domString(url));
    },
};

// The blob that |url| means now, or null.
function find(url) {
    const fragment = StringPrototypeIndexOf(url, '#');
    return MapPrototypeGet(blobs, fragment < 0 ? url : StringPrototypeSlice(url, 0, fragment)) ?? null;
}

// |url| is serialized and has no fragment.
function respond(method, url, blob) {
    if (method !== 'GET' || blob === null) {
        throw new TypeError(`Fetch API cannot load: ${url}`);
    }
    const bytes = realm.blob.bytes(blob);
    const headers = `content-length\0${bytes.length}\0content-type\0${realm.blob.type(blob)}\0`;
    return realm.response.fromHost(200, 'OK', headers, url, false, realm.body.ofBytes(bytes));
}

return {
    __proto__: null, createObjectURL: methods.createObjectURL, revokeObjectURL: methods.revokeObjectURL, find, respond,
};
