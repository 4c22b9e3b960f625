// warm: one run without a host while the snapshot is made, so that the code of the usual path is in it as bytecode.
//
// Spec:  none
// Covers / differs:  no Web API
// Ops:   those of a run; they do nothing without a host
// WPT:   none
// Limits: none

'use strict';

const { Uint8Array, realm } = primordials;
const { Headers, Response, URL, TextDecoder, TextEncoder } = realm;

const request = realm.request.fromHost(
    'POST', 'https://example.com:8443/some/path?name=a+value&x=%20#part', 'Content-Type\0text/plain\0accept\0*/*\0', null,
);

realm.rehearse({
    fetch(incoming, env, context) {
        const url = new URL(incoming.url);
        new URL('/other?a=b', url.href);
        const params = url.searchParams;
        params.get('name');
        params.set('other', 'value');
        const head = `${url.pathname} ${url.search} ${url.hash} ${url.host} ${url.origin} ${incoming.method}`;
        incoming.headers.get('accept');
        const headers = new Headers({ 'X-Name': ' value ', 'content-type': 'text/html' });
        headers.append('set-cookie', 'a=b');
        headers.append('x-name', 'more');
        headers.forEach(() => {});
        new TextDecoder().decode(new TextEncoder().encode(head));
        context.waitUntil(undefined);
        Response.json({ head }, { status: 201, headers });
        new Response(new Uint8Array(1), { statusText: 'Fine', headers: [['a', 'b']] }).clone();
        return new Response(head, { status: 200, headers: { 'content-type': 'text/plain' } });
    },
}, request);
realm.errors.describe(new primordials.TypeError('warm'));
realm.url.parseShort('http://user@host/');
delete realm.rehearse;
