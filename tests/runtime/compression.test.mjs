// CompressionStream and DecompressionStream against zlib as node has it, and what a worker may try with them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import zlib from 'node:zlib';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());

const FORMATS = ['gzip', 'deflate', 'deflate-raw', 'brotli'];
const PACK = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, 'deflate-raw': zlib.deflateRawSync, brotli: zlib.brotliCompressSync };
const UNPACK = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync, 'deflate-raw': zlib.inflateRawSync, brotli: zlib.brotliDecompressSync };
const text = Buffer.from(Array.from({ length: 40000 }, (_, i) => `${i * 7919 % 1000} `).join(''));

const through = (constructor, format) => `export default { async fetch(request) {
    return new Response(request.body.pipeThrough(new ${constructor}('${format}'))); } }`;

const run = async (body, options) => {
    const r = await harness.run(`export default { async fetch(request) { const out = []; ${body}\n return Response.json(out); } }`, options);
    assert.equal(r.outcome, '', `${r.text} ${JSON.stringify(r.exceptions)}`);
    return JSON.parse(r.body);
};

for (const format of FORMATS) {
    test(`${format}: node reads what we write, we read what node writes`, async () => {
        for (const data of [Buffer.alloc(0), Buffer.from('x'), text]) {
            const body = data.length === 0 ? { emptyBody: true } : { body: [data] };
            const packed = await harness.run(through('CompressionStream', format), { method: 'POST', ...body });
            assert.deepEqual(UNPACK[format](packed.bytes), data);
            const back = await harness.run(through('DecompressionStream', format), { method: 'POST', body: [PACK[format](data)] });
            assert.equal(back.bytes.equals(data), true);
        }
        const packed = PACK[format](text);
        const pieces = Array.from({ length: 50 }, (_, i) => packed.subarray(i * 20, i === 49 ? undefined : (i + 1) * 20));
        const back = await harness.run(through('DecompressionStream', format), { method: 'POST', body: pieces });
        assert.equal(back.bytes.equals(text), true);
    });
}

test('data that is cut, broken or too long is a TypeError on both sides', async () => {
    for (const format of FORMATS) {
        const packed = PACK[format](Buffer.from('some text'));
        const rows = await run(`
            const packed = new Uint8Array(await request.arrayBuffer());
            for (const chunks of [[packed.subarray(0, -1)], [], [new Uint8Array([250, 250, 250, 250, 250, 250, 250, 250])], [packed, new Uint8Array([1])],
                    [new Uint8Array([...packed, 1])], ['text'], [null], [new ArrayBuffer(8, { maxByteLength: 16 })]]) {
                const stream = new DecompressionStream('${format}'); const writer = stream.writable.getWriter(); const names = [];
                const done = new Response(stream.readable).arrayBuffer().then(() => 'fine', (e) => e.name);
                for (const chunk of chunks) writer.write(chunk).catch((e) => names.push(e.name));
                await writer.close().catch((e) => names.push(e.name));
                out.push([await done, ...new Set(names)].join()); }`, { method: 'POST', body: [packed] });
        assert.deepEqual(rows, Array(8).fill('TypeError,TypeError'), format);
    }
});

test('a stream makes nothing while nobody reads', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(64 << 20));
    const [pieces, largest, rest] = await run(`
        const stream = new DecompressionStream('gzip'); const writer = stream.writable.getWriter(); let isWritten = false;
        writer.write(await request.arrayBuffer()).then(() => { isWritten = true; }, () => {});
        const reader = stream.readable.getReader(); let largest = 0;
        for (let i = 0; i < 10; i++) largest = Math.max(largest, (await reader.read()).value.length);
        for (let i = 0; i < 100; i++) await null;
        out.push(isWritten, largest); await reader.cancel('enough');
        out.push(await writer.closed.then(() => 'closed', String));`, { method: 'POST', body: [bomb] });
    assert.deepEqual([pieces, largest, rest], [false, 65536, 'enough']);
});

test('a worker may do what it likes with its chunk while it is compressed', async () => {
    const [same] = await run(`
        const input = new Uint8Array(500000); for (let at = 0; at < input.length; at += 50000) crypto.getRandomValues(input.subarray(at, at + 50000));
        const copy = input.slice(); const stream = new CompressionStream('gzip'); const writer = stream.writable.getWriter();
        writer.write(input); writer.close();
        Object.defineProperty(Object.prototype, 'then', { configurable: true, get() { if (input.buffer.byteLength) input.buffer.transfer(); } });
        const back = new Uint8Array(await new Response(stream.readable.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
        delete Object.prototype.then;
        out.push(back.length === copy.length && back.every((byte, i) => byte === copy[i]));`);
    assert.equal(same, true);
});

test('streams that are done or given up are no longer counted', async () => {
    const counts = await run(`
        for (let i = 0; i < 3000; i++) { const s = new CompressionStream('deflate'); const w = s.writable.getWriter(); w.write(new Uint8Array(1)); w.close(); await new Response(s.readable).arrayBuffer(); }
        for (let i = 0; i < 3000; i++) { const s = new CompressionStream('deflate'); await s.readable.cancel(); }
        for (let i = 0; i < 3000; i++) { const s = new CompressionStream('deflate'); await s.writable.abort(); }
        for (let i = 0; i < 3000; i++) { const s = new DecompressionStream('gzip'); const w = s.writable.getWriter(); w.write(new Uint8Array(9)).catch(() => {}); w.closed.catch(() => {}); await new Response(s.readable).arrayBuffer().catch(() => {}); }
        out.push('fine');`);
    assert.deepEqual(counts, ['fine']);
});

test('more streams than a run may have at once, or than its memory holds, are a RangeError', async () => {
    const fill = (constructor) => run(`const kept = []; try { for (;;) kept.push(new ${constructor}('deflate')); } catch (e) { out.push(e.name, kept.length); }`);
    assert.deepEqual(await fill('DecompressionStream'), ['RangeError', 1024]);
    const [name, count] = await fill('CompressionStream');
    assert.equal(name, 'RangeError');
    assert.ok(count > 200 && count < 500, `${count} of 268 KB in 128 MB`);
});
