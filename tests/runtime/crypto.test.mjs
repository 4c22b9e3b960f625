// crypto.subtle and DigestStream beside node's own crypto; what web-platform-tests do not ask.
import assert from 'node:assert/strict';
import { createHash, createHmac, hkdfSync, pbkdf2Sync } from 'node:crypto';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());
const HELPERS = `const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
    const bytes = (t) => new TextEncoder().encode(t); const { subtle } = crypto;`;
const run = async (code, options) => {
    const r = await harness.run(`${HELPERS} export default { async fetch(request, env, ctx) { const out = []; ${code}; return Response.json(out) } }`, options);
    assert.equal(r.outcome, '', r.text);
    return JSON.parse(r.body);
};

test('digests, macs and derived keys are node\'s', async () => {
    const sizes = [0, 1, 55, 56, 64, 111, 112, 128, 1000, 3 << 20];
    const out = await run(`for (const size of ${JSON.stringify(sizes)}) { const data = new Uint8Array(size).fill(7);
        for (const hash of ['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
            out.push(hex(await subtle.digest(hash, data)));
            if (hash === 'MD5') continue;
            const key = await subtle.importKey('raw', bytes('k'.repeat(size % 200 + 1)), { name: 'HMAC', hash }, false, ['sign', 'verify']);
            const mac = await subtle.sign('HMAC', key, data); out.push(hex(mac), await subtle.verify('HMAC', key, mac, data));
            const base = (name) => subtle.importKey('raw', bytes('secret'), name, false, ['deriveBits']);
            out.push(hex(await subtle.deriveBits({ name: 'HKDF', hash, salt: bytes('salt'), info: data.subarray(0, 1000) }, await base('HKDF'), 1600)));
            out.push(hex(await subtle.deriveBits({ name: 'PBKDF2', hash, salt: data.subarray(0, 1000), iterations: 9 }, await base('PBKDF2'), 1000)));
        } }`);
    const expected = [];
    for (const size of sizes) {
        const data = Buffer.alloc(size, 7);
        for (const hash of ['md5', 'sha1', 'sha256', 'sha384', 'sha512']) {
            expected.push(createHash(hash).update(data).digest('hex'));
            if (hash === 'md5') continue;
            expected.push(createHmac(hash, 'k'.repeat(size % 200 + 1)).update(data).digest('hex'), true);
            expected.push(Buffer.from(hkdfSync(hash, 'secret', 'salt', data.subarray(0, 1000), 200)).toString('hex'));
            expected.push(pbkdf2Sync('secret', data.subarray(0, 1000), 9, 125, hash).toString('hex'));
        }
    }
    assert.deepEqual(out, expected);
});

test('DigestStream: pieces of every size, strings, views; what it refuses', async () => {
    const pieces = [0, 1, 63, 64, 65, 127, 128, 129, 5000];
    const data = Buffer.concat(pieces.map((size) => Buffer.alloc(size, 5)));
    assert.deepEqual(await run(`for (const name of ['md5', 'SHA-1', { name: 'sha-256' }, 'SHA-384', 'SHA-512']) {
            const stream = new crypto.DigestStream(name); const writer = stream.getWriter();
            for (const size of ${JSON.stringify(pieces)}) await writer.write(new Uint8Array(size).fill(5));
            await writer.close(); out.push(hex(await stream.digest), String(stream.bytesWritten)); }`),
    ['md5', 'sha1', 'sha256', 'sha384', 'sha512'].flatMap((name) => [createHash(name).update(data).digest('hex'), String(data.length)]));
    assert.deepEqual(await run(`const s = new crypto.DigestStream('SHA-256'); await new Response('body').body.pipeTo(s); out.push(hex(await s.digest));
        const t = new crypto.DigestStream('MD5'); const w = t.getWriter(); await w.write('hello'); await w.close(); out.push(hex(await t.digest));
        const u = new crypto.DigestStream('SHA-256'); const x = u.getWriter(); await x.write(new Uint32Array([0, 1, 2, 3]).subarray(1)); await x.close(); out.push(hex(await u.digest));
        out.push(u instanceof WritableStream, u instanceof crypto.DigestStream, typeof u.bytesWritten);`),
    [createHash('sha256').update('body').digest('hex'), createHash('md5').update('hello').digest('hex'),
        createHash('sha256').update(Buffer.from(new Uint32Array([1, 2, 3]).buffer)).digest('hex'), true, true, 'bigint']);
    assert.deepEqual(await run(`const fails = (p) => p.then(() => out.push('no'), (e) => out.push(e.message ?? e));
        try { new crypto.DigestStream('foo') } catch (e) { out.push(e.name) } try { new crypto.DigestStream() } catch (e) { out.push(e.name) }
        const a = new crypto.DigestStream('MD5'); const w = a.getWriter(); await fails(w.write(123)); await fails(a.digest);
        const b = new crypto.DigestStream('MD5'); await b.getWriter().abort(new Error('boom')); await fails(b.digest);
        const c = new crypto.DigestStream('MD5'); c[Symbol.dispose](); c[Symbol.dispose](); await fails(c.getWriter().write('x')); await fails(c.digest);
        new crypto.DigestStream('SHA-1').getWriter().write('never closed');`),
    ['NotSupportedError', 'TypeError', ...Array(2).fill('DigestStream is a byte stream but received an object of non-ArrayBuffer/ArrayBufferView/string type on its writable side.'),
        'boom', 'The DigestStream was disposed.', 'The DigestStream was disposed.']);
});

test('timingSafeEqual', async () => {
    assert.deepEqual(await run(`const t = (...a) => { try { out.push(subtle.timingSafeEqual(...a)) } catch (e) { out.push(e.message) } };
        t(bytes('abc'), bytes('abc')); t(bytes('abc'), bytes('abd')); t(new ArrayBuffer(0), new Uint8Array(0)); t(bytes('a'), bytes('ab'));
        t(new DataView(bytes('xabc').buffer, 1), bytes('abc').buffer); t('a', 'a'); t(bytes('a'));`).then((out) => out.map((x) => (typeof x === 'string' && x.startsWith('Failed') ? 'type' : x))),
    [true, false, true, 'Input buffers must have the same byte length.', true, 'type', 'type']);
});

test('what Cloudflare says where it says it', async () => {
    assert.deepEqual(await run(`const base = await subtle.importKey('raw', bytes('p'), 'PBKDF2', false, ['deriveBits']);
        await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: bytes('s'), iterations: 10000001 }, base, 256).catch((e) => out.push(e.name, e.message));
        await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: bytes('s'), iterations: 1 }, base, 65537 * 8).catch((e) => out.push(e.name));
        await subtle.digest('MD5', bytes('')).then((b) => out.push(b.byteLength)); await subtle.generateKey({ name: 'HMAC', hash: 'MD5' }, true, ['sign']).catch((e) => out.push(e.name));
        await subtle.digest('\\u017fHA-1', bytes('')).catch((e) => out.push(e.name));`),
    ['NotSupportedError', 'Pbkdf2 failed: iteration counts above 10000000 are not supported (requested 10000001).', 'OperationError', 16, 'NotSupportedError', 'NotSupportedError']);
});

test('keys are made in a handler, not before it', async () => {
    const r = await harness.run(`let e; await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']).catch((x) => { e = x.message });
        const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(1)); export default { fetch() { return new Response(e + digest.byteLength) } }`);
    assert.match(r.body, /^Disallowed operation called within global scope.*32$/);
});
