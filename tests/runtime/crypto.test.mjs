// crypto.subtle and DigestStream beside node's own crypto; what web-platform-tests do not ask.
import assert from 'node:assert/strict';
import { constants, createHash, createHmac, diffieHellman, generateKeyPairSync, hkdfSync, pbkdf2Sync, privateDecrypt, sign, verify } from 'node:crypto';
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

// Every form of a key that node made, in and out again.
const PAIRS = [
    ['rsa', { modulusLength: 2048 }, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, 'sign', 'verify'],
    ['rsa', { modulusLength: 1024, publicExponent: 3 }, { name: 'RSA-PSS', hash: 'SHA-512' }, 'sign', 'verify'],
    ['rsa', { modulusLength: 1536 }, { name: 'RSA-OAEP', hash: 'SHA-1' }, 'decrypt', 'encrypt'],
    ['ec', { namedCurve: 'P-256' }, { name: 'ECDSA', namedCurve: 'P-256' }, 'sign', 'verify'],
    ['ec', { namedCurve: 'P-384' }, { name: 'ECDSA', namedCurve: 'P-384' }, 'sign', 'verify'],
    ['ec', { namedCurve: 'P-521' }, { name: 'ECDH', namedCurve: 'P-521' }, 'deriveBits', null],
    ['ed25519', {}, { name: 'Ed25519' }, 'sign', 'verify'],
    ['ed448', {}, { name: 'Ed448' }, 'sign', 'verify'],
    ['x25519', {}, { name: 'X25519' }, 'deriveBits', null],
    ['x448', {}, { name: 'X448' }, 'deriveBits', null],
];
test('keys of node: every form comes out as it went in', async () => {
    for (const [type, options, algorithm, privately, publicly] of PAIRS) {
        const { publicKey, privateKey } = generateKeyPairSync(type, options);
        const forms = {
            pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'), spki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
            private: privateKey.export({ format: 'jwk' }), public: publicKey.export({ format: 'jwk' }),
        };
        const out = await run(`const forms = ${JSON.stringify(forms)}; const algorithm = ${JSON.stringify(algorithm)}; const un = (t) => Uint8Array.from(atob(t), (c) => c.charCodeAt(0)); const b64 = (b) => btoa(String.fromCharCode(...new Uint8Array(b)));
            const privately = ['${privately}'], publicly = ${JSON.stringify(publicly === null ? [] : [publicly])};
            const keys = { pkcs8: await subtle.importKey('pkcs8', un(forms.pkcs8), algorithm, true, privately), spki: await subtle.importKey('spki', un(forms.spki), algorithm, true, publicly),
                private: await subtle.importKey('jwk', forms.private, algorithm, true, privately), public: await subtle.importKey('jwk', forms.public, algorithm, true, publicly) };
            for (const key of [keys.pkcs8, keys.private, structuredClone(keys.pkcs8)]) { const jwk = await subtle.exportKey('jwk', key); for (const k in jwk) if (!(k in forms.private)) delete jwk[k]; out.push(b64(await subtle.exportKey('pkcs8', key)), jwk); }
            for (const key of [keys.spki, keys.public, await subtle.getPublicKey(keys.private, publicly)]) { const jwk = await subtle.exportKey('jwk', key); for (const k in jwk) if (!(k in forms.public)) delete jwk[k]; out.push(b64(await subtle.exportKey('spki', key)), jwk); }`);
        assert.deepEqual(out, [...Array(3).fill([forms.pkcs8, forms.private]).flat(), ...Array(3).fill([forms.spki, forms.public]).flat()], algorithm.name);
    }
});

test('signatures, secrets and sealed messages between node and a worker', async () => {
    const raw = (text) => Buffer.from(text, 'hex');
    for (const [type, options, algorithm, privately] of PAIRS.filter(([, , { name }]) => name !== 'RSA-OAEP')) {
        const { publicKey, privateKey } = generateKeyPairSync(type, options);
        const peer = generateKeyPairSync(type, options);
        const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('hex');
        const spki = peer.publicKey.export({ type: 'spki', format: 'der' }).toString('hex');
        const params = { ...algorithm, hash: algorithm.hash ?? 'SHA-384', saltLength: 20 };
        const md = algorithm.name.startsWith('Ed') ? null : params.hash.replace('-', '');
        const extra = { dsaEncoding: 'ieee-p1363', ...(algorithm.name === 'RSA-PSS' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 } : {}) };
        const theirs = privately === 'sign' ? sign(md, Buffer.from('message'), { key: peer.privateKey, ...extra }).toString('hex') : '';
        const [done, isValid] = await run(`const un = (t) => new Uint8Array(t.match(/../g).map((x) => parseInt(x, 16))); const algorithm = ${JSON.stringify(algorithm)}, params = ${JSON.stringify(params)};
            const own = await subtle.importKey('pkcs8', un('${pkcs8}'), algorithm, false, ['${privately}']); const peer = await subtle.importKey('spki', un('${spki}'), algorithm, false, ${privately === 'sign' ? "['verify']" : '[]'});
            if ('${privately}' === 'sign') out.push(hex(await subtle.sign(params, own, bytes('message'))), await subtle.verify(params, peer, un('${theirs}'), bytes('message')));
            else out.push(hex(await subtle.deriveBits({ name: algorithm.name, public: peer }, own, null)), true);`);
        assert.equal(isValid, true, algorithm.name);
        if (privately === 'sign') {
            assert.ok(verify(md, Buffer.from('message'), { key: publicKey, ...extra }, raw(done)), algorithm.name);
        } else {
            assert.equal(done, diffieHellman({ privateKey, publicKey: peer.publicKey }).toString('hex'), algorithm.name);
        }
    }
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const [sealed] = await run(`const key = await subtle.importKey('jwk', ${JSON.stringify(publicKey.export({ format: 'jwk' }))}, { name: 'RSA-OAEP', hash: 'SHA-512' }, false, ['encrypt']);
        out.push(hex(await subtle.encrypt({ name: 'RSA-OAEP', label: bytes('label') }, key, bytes('sealed'))));`);
    assert.equal(privateDecrypt({ key: privateKey, oaepHash: 'sha512', oaepLabel: Buffer.from('label') }, raw(sealed)).toString(), 'sealed');
});

test('keys of one algorithm are none of another, and say so in the specification\'s order', async () => {
    assert.deepEqual(await run(`const fails = (p) => p.then(() => out.push('no'), (e) => out.push(e.name));
        const aes = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']); const { privateKey, publicKey } = await subtle.generateKey('Ed25519', false, ['sign', 'verify']);
        await fails(subtle.encrypt({ name: 'AES-CBC', iv: new Uint8Array(16) }, aes, new Uint8Array(1))); await fails(subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, aes, new Uint8Array(1)));
        await fails(subtle.exportKey('raw', aes)); await fails(subtle.sign('Ed25519', publicKey, new Uint8Array(1))); await fails(subtle.exportKey('spki', privateKey)); await fails(subtle.exportKey('pkcs8', publicKey));
        await fails(subtle.exportKey('raw-seed', publicKey)); await fails(subtle.exportKey('nonsense', publicKey)); await fails(subtle.sign('Ed25519', {}, new Uint8Array(1)));
        await fails(subtle.importKey('raw', new Uint8Array(5), 'AES-GCM', true, ['encrypt'])); await fails(subtle.importKey('jwk', new Uint8Array(16), 'AES-GCM', true, ['encrypt'])); await fails(subtle.importKey('raw', {}, 'AES-GCM', true, ['encrypt']));
        await fails(subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, [])); await fails(subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, ['sign'])); await fails(subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, ['fly']));
        await fails(subtle.generateKey({ name: 'AES-GCM', length: 100 }, true, ['encrypt'])); await fails(subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-1' }, true, ['sign'])); await fails(subtle.generateKey('Ed25519', true, ['verify']));
        out.push(publicKey.extractable, privateKey.extractable, JSON.stringify(aes.algorithm), JSON.stringify(aes.usages), aes.algorithm === aes.algorithm, Object.prototype.toString.call(aes));`),
    ['InvalidAccessError', 'InvalidAccessError', 'InvalidAccessError', 'InvalidAccessError', 'InvalidAccessError', 'InvalidAccessError', 'NotSupportedError', 'TypeError', 'TypeError',
        'DataError', 'TypeError', 'TypeError', 'SyntaxError', 'SyntaxError', 'TypeError', 'OperationError', 'NotSupportedError', 'SyntaxError',
        true, false, '{"name":"AES-GCM","length":256}', '["encrypt"]', true, '[object CryptoKey]']);
});
