// What inspect.js shows of the runtime's own objects, whose state is private.
//
// Spec:  none
// Covers / differs:  a choice of what helps: read from the records, not through getters that a worker may have replaced
// Ops:   none
// WPT:   none
// Limits: those of inspect.js

'use strict';

const { List, TypedArrayPrototypeGetByteLength, realm } = primordials;

function listOf(...items) {
    const list = List();
    for (let i = 0; i < items.length; i++) {
        list[i] = items[i];
    }
    return list;
}

function ofUrl(value) {
    const record = realm.url.record(value);
    const port = record.port === null ? '' : `${record.port}`;
    const hostname = record.host ?? '';
    return listOf(
        'href', realm.url.href(value), 'origin', realm.url.origin(record), 'protocol', `${record.scheme}:`, 'username',
        record.username,
        'password', record.password, 'host', port === '' ? hostname : `${hostname}:${port}`, 'hostname', hostname, 'port', port,
        'pathname', record.path, 'search', record.query ? `?${record.query}` : '',
        'hash', record.fragment ? `#${record.fragment}` : '',
    );
}

function ofRequest(value) {
    return realm.request.open(value, (method, url, headers, body, redirect) => listOf(
        'method', method, 'url', url, 'headers', realm.headers.fromWire(headers), 'redirect', redirect, 'bodyUsed',
        realm.body.isUsed(body),
    ));
}

function ofResponse(value) {
    return realm.response.open(value, (status, statusText, headers, body) => listOf(
        'status', status, 'statusText', statusText, 'ok', status >= 200 && status <= 299, 'headers',
        realm.headers.fromWire(headers),
        'bodyUsed', realm.body.isUsed(body),
    ));
}

function ofBlob(value) {
    const size = TypedArrayPrototypeGetByteLength(realm.blob.bytes(value));
    const type = realm.blob.type(value);
    return realm.file.is(value)
        ? listOf('name', realm.file.name(value), 'lastModified', realm.file.time(value), 'size', size, 'type', type)
        : listOf('size', size, 'type', type);
}

// [name, value, ...] of an object of ours, or null.
function parts(value) {
    if (typeof value !== 'object' || internals.typeOf(value) !== 'object') {
        return null;
    }
    if (realm.headers.is(value)) {
        return realm.headers.pairs(value);
    }
    if (realm.url.is(value)) {
        return ofUrl(value);
    }
    if (realm.searchParams.is(value)) {
        return realm.searchParams.pairs(value);
    }
    if (realm.request.is(value)) {
        return ofRequest(value);
    }
    if (realm.response.is(value)) {
        return ofResponse(value);
    }
    if (realm.blob !== null && realm.blob.is(value)) {
        return ofBlob(value);
    }
    if (realm.formData !== null && realm.formData.is(value)) {
        return realm.formData.pairs(value);
    }
    if (realm.abort !== null && realm.abort.isSignal(value)) {
        return listOf('aborted', realm.abort.isAborted(value), 'reason', realm.abort.reason(value));
    }
    if (realm.event !== undefined && realm.event.is(value)) {
        return listOf('type', realm.event.type(value), 'defaultPrevented', realm.event.isCanceled(value));
    }
    return null;
}

return { __proto__: null, parts };
