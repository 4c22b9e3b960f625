// fetch(): refused, answered, failed, aborted.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());
const body = (code) => `export default { async fetch(request, env, ctx) { const out = []; ${code}; return Response.json(out) } }`;
const run = async (code, options) => {
    const r = await harness.run(body(code), options);
    assert.equal(r.outcome, '', r.text);
    return { ...r, out: JSON.parse(r.body) };
};
const BLOCKED = 'Error: This worker is not permitted to access the internet via global functions like fetch(). It must use capabilities ' +
    "(such as bindings in 'env') to talk to the outside world.";

test('without an outbound every call is rejected with Cloudflare\'s sentence', async () => {
    const { out } = await run(`out.push(typeof fetch, fetch.length);
        for (const f of [() => fetch('https://a.example'), () => fetch(new Request('http://a.example', { method: 'POST', body: 'x' }))]) {
            let p; try { p = f(); } catch (e) { out.push('threw'); } out.push(p instanceof Promise); await p.catch((e) => out.push(String(e))); }`);
    assert.deepEqual(out, ['function', 1, true, BLOCKED, true, BLOCKED]);
});

test('what cannot be a request is rejected before it leaves', async () => {
    const { out, fetches } = await run(`for (const args of [[], ['/relative'], ['file:///etc/passwd'], ['https://u:p@h/'], ['https://h', { method: 'TRACE' }],
            ['https://h', { method: 'G T' }], ['https://h', { body: 'x' }], ['https://h', { headers: { 'a b': 'c' } }], ['https://h', { headers: { a: 'b\\r\\nc: d' } }],
            ['https://h', { redirect: 'never' }], ['https://h', { signal: {} }], ['https://h', { headers: { a: '\\u0100' } }]])
            await fetch(...args).then(() => out.push('sent'), (e) => out.push(e.name))`);
    assert.deepEqual(out, Array(12).fill('TypeError'));
    assert.deepEqual(fetches, []);
});

test('a request goes out whole and its answer comes back', async () => {
    const { out, fetches } = await run(`const r = await fetch('https://echo.example/p?q=1#f', { method: 'PUT', headers: { 'X-B': 'b', a: '1' }, body: 'text', redirect: 'manual' });
        out.push(r.status, r.ok, r.statusText, r.url, r.redirected, r.type, r.headers.get('x-echo'), r.headers.getSetCookie(), await r.text(), r.bodyUsed);
        try { r.headers.set('a', 'b') } catch (e) { out.push(e.name) }`, { fetch: 'echo' });
    assert.deepEqual(out, [200, true, 'Fine', 'https://echo.example/', false, 'basic', 'yes', ['a', 'b'], 'text', true, 'TypeError']);
    const [{ method, url, headers, hasBody, redirect }] = fetches;
    assert.deepEqual({ method, url, headers, hasBody, redirect }, {
        method: 'PUT', url: 'https://echo.example/p?q=1', hasBody: 1, redirect: 1,
        headers: [['x-b', 'b'], ['a', '1'], ['content-type', 'text/plain;charset=UTF-8']],
    });
});

test('bodies of every kind go out and come back, streamed or not', async () => {
    const { out } = await run(`const send = async (body) => new Uint8Array(await (await fetch('https://e/', { method: 'POST', body })).arrayBuffer()).length;
        out.push(await send('abc'), await send(new Uint8Array(10)), await send(new Blob(['12345'])), await send(new URLSearchParams({ a: 'b' })));
        out.push(await send(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(7)); c.enqueue(new Uint8Array(8)); c.close(); } })));
        const r = await fetch('https://e/', { method: 'POST', body: 'stream' }); const reader = r.body.getReader(); let n = 0;
        for (let s; !(s = await reader.read()).done;) n += s.value.length; out.push(n);
        out.push(await (await fetch('https://e/', { method: 'POST', body: 'cloned' })).clone().text());`, { fetch: 'echo' });
    assert.deepEqual(out, [3, 10, 5, 3, 15, 6, 'cloned']);
});

test('an answer can be passed on', async () => {
    const r = await harness.run(`export default { fetch(request) { return fetch('https://e/', { method: 'POST', body: 'through' }) } }`, { fetch: 'echo' });
    assert.deepEqual([r.status, r.body], [200, 'through']);
    assert.ok(r.headers.some(([name, value]) => name.toLowerCase() === 'x-echo' && value === 'yes'));
});

test('bodies whose size is known say so', async () => {
    const { fetches } = await run(`const send = async (body, more) => (await fetch('https://e/', { method: 'POST', body, ...more })).text();
        await send('a\u00e9'); await send(''); await send(new Uint8Array(3)); await send(new Blob(['12']));
        await send(new ReadableStream({ start(c) { c.close(); } })); await fetch('https://e/');`, { fetch: 'echo' });
    assert.deepEqual(fetches.map((one) => [one.hasBody, one.bodyBytes]), [[1, 3], [1, 0], [1, 3], [1, 2], [1, undefined], [0, undefined]]);
});

test('more calls than may be open wait their turn; one that is aborted meanwhile is never sent', async () => {
    const { out, fetches } = await run(`const c = new AbortController();
        const all = Array.from({ length: 6 }, (_, i) => fetch('https://e/' + i, i === 3 ? { signal: c.signal } : {}).catch((e) => out.push(i + e.name)));
        c.abort(); await Promise.all(all);`, { fetch: 'pairs' });
    assert.deepEqual(out, ['3AbortError', '0TypeError', '1TypeError', '2TypeError', '4TypeError', '5TypeError']);
    const sent = fetches.filter((one, i) => !fetches.slice(i + 1).some((other) => other.fetch === one.fetch));
    assert.deepEqual(sent.map((one) => [one.fetch, one.url.at(-1), one.isAgain]), [[1, '0', 0], [2, '1', 0], [3, '2', 1], [4, '4', 1], [5, '5', 1]]);
});

test('data: URLs are answered inside the isolate, without an outbound', async () => {
    const { out, fetches } = await run(`const get = async (url, init) => { const r = await fetch(url, init); return [r.status, r.type, r.headers.get('content-type'), await r.text()] };
        out.push(await get('data:,a%20b%2'), await get('DATA:text/html;charset=utf-8;base64,PGI+#x'), await get('data:;x=y;base64 ,YQ==', { method: 'HEAD' }));
        out.push(await get('data:a / b,x'), await get('data:image/PNG;A="b c",x'), await get('data:text/plain; base64 ; BASE64,YQ'));
        for (const url of ['data:', 'data:;base64,a', 'data:text/plain']) await fetch(url).catch((e) => out.push(e.name));`);
    assert.deepEqual(out, [
        [200, 'basic', 'text/plain;charset=US-ASCII', 'a b%2'], [200, 'basic', 'text/html;charset=utf-8', '<b>'], [200, 'basic', 'text/plain;x=y', ''],
        [200, 'basic', 'text/plain;charset=US-ASCII', 'x'], [200, 'basic', 'image/png;a="b c"', 'x'], [200, 'basic', 'text/plain', 'a'],
        'TypeError', 'TypeError', 'TypeError']);
    assert.deepEqual(fetches, []);
});

test('what the run may not is an Error, as on Cloudflare', async () => {
    const { out } = await run(`await fetch('https://e/').catch((e) => out.push(String(e)))`, { fetch: 'limit' });
    assert.deepEqual(out, ['Error: Network connection lost.']);
});

test('network errors are TypeErrors', async () => {
    const { out } = await run(`await fetch('https://e/').catch((e) => out.push(String(e)))`, { fetch: 'fail' });
    assert.deepEqual(out, ['TypeError: Network connection lost.']);
});

test('aborting: before, meanwhile, by time, and while the answer is read', async () => {
    let { out, lines } = await run(`await fetch('https://e/', { signal: AbortSignal.abort('why') }).catch((e) => out.push(e));
        const c = new AbortController(); const p = fetch('https://e/', { signal: c.signal }); c.abort(); await p.catch((e) => out.push(e.name));
        await fetch('https://e/', { signal: AbortSignal.timeout(20) }).catch((e) => out.push(e.name));
        await fetch(new Request('https://e/', { signal: AbortSignal.any([AbortSignal.timeout(30)]) })).catch((e) => out.push(e.name));`, { fetch: 'never' });
    assert.deepEqual(out, ['why', 'AbortError', 'TimeoutError', 'TimeoutError']);
    assert.deepEqual(lines.filter((line) => line.event === 'fetchAbort').map((line) => line.fetch), [1, 2, 3]);
    ({ out } = await run(`const c = new AbortController(); const r = await fetch('https://e/', { signal: c.signal }); const p = r.text(); c.abort(new RangeError('x'));
        await p.catch((e) => out.push(e.name))`, { fetch: 'echo' }));
    assert.deepEqual(out, ['RangeError']);
});
