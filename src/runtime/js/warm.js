// warm: runs without a host while the snapshot is made, so that the code of the usual path is in it as bytecode, and the hidden
// classes of its objects, as long as one object of each is kept.
//
// Spec:  none
// Covers / differs:  no Web API
// Ops:   those of a run; they do nothing without a host
// WPT:   none
// Limits: none

'use strict';

const { List, PromisePrototypeThen, PromiseResolve, Uint8Array, realm } = primordials;
const { Headers, Request, Response, URL, TextDecoder, TextEncoder, errors } = realm;
const { constants } = internals;

const shapes = List(); // V8 forgets a hidden class that no object has, and a run makes it anew, field by field

function keep(object) {
    shapes[shapes.length] = object;
    return object;
}

const worker = {
    async fetch(request, env, context) {
        keep(request);
        keep(context);
        const url = keep(new URL(request.url));
        new URL('/other?a=b', url.href);
        new URL('http://127.0.0.1:8787/path');
        const params = keep(url.searchParams);
        params.get('name');
        params.has('name');
        params.set('other', 'value');
        const head = `${url.pathname} ${url.search} ${url.hash} ${url.host} ${url.hostname} ${url.origin} ${request.method}`;
        request.headers.get('Accept');
        request.headers.has('accept');
        const headers = keep(new Headers({ 'X-Name': ' value ', 'content-type': 'text/html' }));
        headers.append('set-cookie', 'a=b');
        headers.append('x-name', 'more');
        headers.set('x-name', 'other');
        headers.forEach(() => {});
        new TextDecoder().decode(new TextEncoder().encode(head));
        context.waitUntil(undefined);
        keep(new Request('https://example.com/', { method: 'POST', body: 'x' }));
        realm.console.log('text');
        Response.json({ head }, { status: 201, headers });
        new Response(new Uint8Array(1), { statusText: 'Fine', headers: [['a', 'b']] }).clone();
        keep(new Response('text'));
        const response = keep(new Response(head, { status: 200, headers: { 'content-type': 'text/plain' } }));
        await response.clone().text();
        await Response.json({}).json();
        return response;
    },
};

const forget = realm.rehearse({ __proto__: null, default: worker }, [
    constants.EVENT_START, '2026-01-01', '[]', '', '{"NAME":"x"}', '{}', 'POST',
    'https://example.com:8443/some/path?name=a+value&x=%20#part', 'Content-Type\0text/plain\0accept\0*/*\0', false, '', 0,
]);
errors.describe(new primordials.TypeError('warm'));
delete realm.rehearse;
realm.shapes = shapes;

// Long after the last microtask of the run.
let rounds = 0;
function wait() {
    if (++rounds < 100) {
        PromisePrototypeThen(PromiseResolve(undefined), wait);
    } else {
        forget();
    }
}
wait();
