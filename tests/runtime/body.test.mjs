// Request, Response, Headers and bodies.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());
const run = async (code, options) => {
    const r = await harness.run(`export default { async fetch(request, env, ctx) { const out = []; ${code}; return Response.json(out) } }`, options);
    assert.equal(r.outcome, '', r.text);
    return JSON.parse(r.body);
};
const USED = 'TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice.';

test('every source, every way to read it', async () => {
    const out = await run(`const form = new FormData(); form.append('a', 'b');
        const sources = { text: () => 'caf\\u00e9', bytes: () => new Uint8Array([99, 97, 102, 195, 169]), buffer: () => new TextEncoder().encode('caf\\u00e9').buffer,
            view: () => new DataView(new TextEncoder().encode('xcaf\\u00e9y').buffer, 1, 5), blob: () => new Blob(['caf', '\\u00e9']),
            stream: () => new ReadableStream({ start(c) { c.enqueue(new Uint8Array([99, 97, 102, 195])); c.enqueue(new Uint8Array([169])); c.close(); } }),
            params: () => new URLSearchParams({ 'caf\\u00e9': '' }) };
        for (const [name, make] of Object.entries(sources)) for (const materialize of [false, true]) {
            const r = () => { const res = new Response(make()); if (materialize) res.body; return res; };
            out.push([name, await r().text(), (await r().arrayBuffer()).byteLength, (await r().bytes()).length, (await r().blob()).size]); }`);
    for (const [name, text, ...sizes] of out) {
        const expected = name === 'params' ? 'caf%C3%A9=' : 'caf\u00e9';
        const size = Buffer.byteLength(expected);
        assert.deepEqual([text, ...sizes], [expected, size, size, size], name);
    }
    assert.equal(out.length, 14);
});

test('json, blob type, formData', async () => {
    assert.deepEqual(await run(`out.push(await new Response('{"a":[1]}').json(), await new Response('\\ufeff{"b":2}').json());
        out.push((await new Response('x', { headers: { 'content-type': 'Image/PNG' } }).blob()).type, await new Response('\\ufefftext').text());
        await new Response('{').json().catch((e) => out.push(e.name)); await new Response('').json().catch((e) => out.push(e.name));
        out.push([...await new Response('a=b&a=c%20d', { headers: { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' } }).formData()]);
        await new Response('x').formData().catch((e) => out.push(e.name));
        const f = new FormData(); f.append('x', new File(['abc'], 'n.txt', { type: 'text/plain' })); f.append('y', 'z');
        const g = await new Response(f).formData(); out.push([g.get('x').name, g.get('x').type, await g.get('x').text(), g.get('y')]);`),
    [{ a: [1] }, { b: 2 }, 'image/png', 'text', 'SyntaxError', 'SyntaxError', [['a', 'b'], ['a', 'c d']], 'TypeError', ['n.txt', 'text/plain', 'abc', 'z']]);
});

test('a body is read once; null bodies any number of times', async () => {
    assert.deepEqual(await run(`const r = new Response('x'); out.push(r.bodyUsed); await r.text(); out.push(r.bodyUsed);
        for (const f of ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData']) await r[f]().catch((e) => out.push(String(e)));
        try { r.clone() } catch (e) { out.push(String(e)) }
        const n = new Response(null); out.push(n.body, await n.text(), await n.text(), n.bodyUsed, n.clone().body);
        const s = new Response('y'); s.body.getReader(); await s.text().catch((e) => out.push(e.name)); out.push(s.bodyUsed, s.body.locked);
        const t = new Response('z'); await t.text(); out.push(t.body.locked, (await new Response('').text()) === '');`),
    [false, true, ...Array(7).fill(USED), null, '', '', false, null, 'TypeError', false, true, true, true]);
});

test('clones read apart, of every source', async () => {
    assert.deepEqual(await run(`for (const source of ['text', new Uint8Array([116, 101]), new ReadableStream({ start(c) { c.enqueue(new Uint8Array([116])); c.close(); } })]) {
            const a = new Response(source, { status: 201, headers: { x: 'y' } }); const b = a.clone(); const c = b.clone();
            out.push(await c.text(), await a.text(), await b.text(), b.status, b.headers.get('x')); }
        const clone = request.clone(); out.push(await request.text(), await clone.text());`, { method: 'POST', body: ['he', 'y'] }),
    ['text', 'text', 'text', 201, 'y', 'te', 'te', 'te', 201, 'y', 't', 't', 't', 201, 'y', 'hey', 'hey']);
});

test('a request\'s body from the host: whole, streamed, BYOB, in parts, unread', async () => {
    const options = { method: 'POST', body: ['ab', 'cde', 'f'] };
    assert.deepEqual(await run('out.push(await request.text(), request.bodyUsed)', options), ['abcdef', true]);
    assert.deepEqual(await run('for await (const chunk of request.body) out.push(new TextDecoder().decode(chunk))', options), ['ab', 'cde', 'f']);
    assert.deepEqual(await run(`const reader = request.body.getReader({ mode: 'byob' }); for (;;) { const { value, done } = await reader.read(new Uint8Array(2)); if (done) break; out.push(value.length); }`,
        options), [2, 2, 1, 1]);
    assert.deepEqual(await run('const r = request.body.getReader(); out.push((await r.read()).value.length); await r.cancel(); out.push(request.bodyUsed)', options), [2, true]);
    assert.deepEqual(await run('out.push(request.body instanceof ReadableStream, await new Request(request).text(), request.bodyUsed)', options), [true, 'abcdef', true]);
    assert.deepEqual(await run('out.push(request.body === null, await request.text())'), [true, '']);
    assert.deepEqual(await run('out.push((await request.arrayBuffer()).byteLength)', { method: 'POST', emptyBody: true }), [0]);
});

test('Response: what it is made with', async () => {
    assert.deepEqual(await run(`const t = (f) => { try { const r = f(); out.push([r.status, r.statusText, r.headers.get('content-type')]) } catch (e) { out.push(e.name) } };
        t(() => new Response('a', { status: 404, statusText: 'No' })); t(() => new Response('a', { headers: { 'Content-Type': 'text/x' } }));
        t(() => new Response(null, { status: 199 })); t(() => new Response(null, { status: 600 })); t(() => new Response('x', { status: 204 }));
        t(() => new Response('a', { statusText: 'a\\nb' })); t(() => new Response('a', 5)); t(() => new Response(new Blob(['a'], { type: 'a/b' })));
        t(() => Response.json({ a: 1n })); t(() => Response.json(undefined)); t(() => Response.json([1], { status: 202 }));
        t(() => Response.redirect('https://a/', 301)); t(() => Response.redirect('https://a/', 200)); t(() => Response.redirect('/rel')); t(() => Response.error());
        t(() => new Response('body', new Response('x', { status: 203, headers: { a: 'b' } })));
        out.push(Response.redirect('https://a/b?c').headers.get('location'), new Response().type, Response.error().type, new Response('', { status: 299 }).ok);`),
    [[404, 'No', 'text/plain;charset=UTF-8'], [200, '', 'text/x'], 'RangeError', 'RangeError', 'TypeError', 'TypeError', 'TypeError', [200, '', 'a/b'],
        'TypeError', 'TypeError', [202, '', 'application/json'], [301, '', null], 'RangeError', 'TypeError', [0, '', null], [203, '', 'text/plain;charset=UTF-8'],
        'https://a/b?c', 'default', 'error', true]);
});

test('Request: what it is made with', async () => {
    assert.deepEqual(await run(`const t = (...a) => { try { const r = new Request(...a); out.push([r.method, r.url]) } catch (e) { out.push(e.name) } };
        t('https://a'); t('https://a', { method: 'post' }); t('https://a', { method: 'patch' }); t('https://a', { method: 'CONNECT' }); t('/x'); t('https://a', { method: 'GET', body: '' });
        t(new URL('https://b/c')); t(new Request('https://d', { method: 'PUT' })); t(new Request('https://d', { method: 'PUT' }), { method: 'DELETE' }); t('https://a', { mode: 'navigate' });
        const r = new Request('https://a/#f', { method: 'POST', body: 'x', headers: [['a', 'b']] }); const s = new Request(r); out.push(r.bodyUsed, await s.text(), s.headers.get('a'), s.url);
        try { new Request(r) } catch (e) { out.push(e.name) }
        const c = new AbortController(); const q = new Request('https://a', { signal: c.signal }); const w = q.clone(); c.abort('x'); out.push(q.signal.aborted, w.signal.reason, q.signal === q.signal);
        try { request.headers.set('a', 'b') } catch (e) { out.push(e.message) } out.push(new Request(request).headers.set('a', 'b') === undefined);`),
    [['GET', 'https://a/'], ['POST', 'https://a/'], ['patch', 'https://a/'], 'TypeError', 'TypeError', 'TypeError', ['GET', 'https://b/c'], ['PUT', 'https://d/'],
        ['DELETE', 'https://d/'], 'TypeError', true, 'x', 'b', 'https://a/#f', 'TypeError', true, 'x', true, "Can't modify immutable headers.", true]);
});

test('Headers', async () => {
    assert.deepEqual(await run(`const h = new Headers([['B', '2'], ['a', ' 1\\t'], ['b', '3']]); h.append('set-cookie', 'x'); h.append('Set-Cookie', 'y');
        out.push([...h], h.get('B'), h.get('none'), h.has('A'), h.getSetCookie(), [...h.keys()], [...new Headers(h).values()]);
        h.delete('b'); h.set('set-cookie', 'z'); out.push([...h.entries()]);
        const seen = []; h.forEach((v, k, all) => seen.push(k, v, all === h)); out.push(seen);
        const it = new Headers({ a: '1', c: '3' }); const steps = []; for (const [k] of it) { steps.push(k); if (k === 'a') it.set('b', '2'); } out.push(steps);
        for (const bad of [['', 'x'], ['a b', 'x'], ['\\u0100', 'x'], ['a', 'x\\ny'], ['a', '\\u0100'], ['a', '\\0']]) try { new Headers([bad]); out.push('ok') } catch (e) { out.push(e.name) }
        for (const init of [null, 5, 'x', [['a']], [['a', 'b', 'c']]]) try { new Headers(init); out.push('ok') } catch (e) { out.push(e.name) }
        out.push(Object.getPrototypeOf(h[Symbol.iterator]())[Symbol.toStringTag], h.entries === h[Symbol.iterator]);`),
    [[['a', '1'], ['b', '2, 3'], ['set-cookie', 'x'], ['set-cookie', 'y']], '2, 3', null, true, ['x', 'y'], ['a', 'b', 'set-cookie', 'set-cookie'], ['1', '2, 3', 'x', 'y'],
        [['a', '1'], ['set-cookie', 'z']], ['a', '1', true, 'set-cookie', 'z', true], ['a', 'b', 'c'],
        ...Array(6).fill('TypeError'), ...Array(5).fill('TypeError'), 'Headers Iterator', true]);
});

test('IdentityTransformStream and FixedLengthStream', async () => {
    const out = await run(`const enc = new TextEncoder(); const fill = async (stream, chunks) => { const w = stream.writable.getWriter(); try { for (const c of chunks) await w.write(c); await w.close(); } catch (e) { out.push(String(e)); } };
        const through = async (stream, chunks) => { const [, text] = await Promise.all([fill(stream, chunks), new Response(stream.readable).text().catch(() => 'broken')]); out.push(text); };
        await through(new IdentityTransformStream(), [enc.encode('ab'), enc.encode('c').buffer, new DataView(enc.encode('xdy').buffer, 1, 1)]);
        await through(new IdentityTransformStream(), ['text']); await through(new IdentityTransformStream(), [5]);
        await through(new FixedLengthStream(3), [enc.encode('abc')]); await through(new FixedLengthStream(2n), [enc.encode('abc')]); await through(new FixedLengthStream(4), [enc.encode('abc')]);
        out.push(new FixedLengthStream(1) instanceof IdentityTransformStream, new IdentityTransformStream() instanceof TransformStream);
        for (const bad of [-1, 1.5, NaN, 2 ** 60]) try { new FixedLengthStream(bad); out.push('made'); } catch (e) { out.push(e.name); }`);
    assert.deepEqual(out.filter((one) => typeof one !== 'string' || !one.startsWith('TypeError: This TransformStream')), [
        'abcd', 'broken', 'broken', 'abc', 'TypeError: Attempt to write too many bytes through a FixedLengthStream.', 'broken',
        'TypeError: FixedLengthStream did not see all expected bytes before close().', 'broken', true, true, 'TypeError', 'TypeError', 'TypeError', 'TypeError',
    ]);
});

test('a body that comes from the host and goes back there untouched is the host\'s to copy', async () => {
    const options = { method: 'POST', body: ['one', 'two'] };
    const copies = async (code) => {
        const r = await harness.run(`export default { async fetch(request) { ${code} } }`, options);
        assert.equal(r.outcome, '', r.text);
        assert.equal(r.body, 'onetwo');
        return r.lines.filter((line) => line.event === 'copy').length;
    };
    assert.equal(await copies('return new Response(request.body)'), 1);
    assert.equal(await copies('return new Response(request.body, { headers: { a: "b" } })'), 1);
    assert.equal(await copies('const body = request.body; body.getReader().releaseLock(); return new Response(body)'), 1);
    assert.equal(await copies('return new Response(request.body.pipeThrough(new IdentityTransformStream()))'), 0);
    assert.equal(await copies('return new Response(request.clone().body)'), 0);
    assert.equal(await copies('return new Response(await request.text())'), 0);
});
