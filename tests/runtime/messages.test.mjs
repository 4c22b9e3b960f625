// MessageChannel, and what structuredClone transfers.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());
const run = async (code) => {
    const r = await harness.run(`const tick = () => scheduler.wait(1);
        const name = (body) => { try { body(); return 'fine'; } catch (error) { return error.name; } };
        export default { async fetch() { const out = []; ${code}; return Response.json(out) } }`);
    assert.equal(r.outcome, '', JSON.stringify([r.text, r.exceptions]));
    return JSON.parse(r.body);
};

test('messages come in order, each in a turn of its own, once the port was started', async () => {
    assert.deepEqual(await run(`const { port1, port2 } = new MessageChannel();
        port1.postMessage({ n: 1 }); port1.postMessage(2);
        await tick();
        out.push('nothing yet');
        port2.onmessage = ({ data, ports, isTrusted, target }) => { out.push([data, ports.length, Object.isFrozen(ports), isTrusted, target === port2]); Promise.resolve().then(() => out.push('microtask')); };
        await tick(); await tick(); await tick();
        port2.addEventListener('close', () => out.push('closed'));
        port1.postMessage(3); port1.close(); port1.postMessage(4);
        await tick(); await tick(); await tick();`),
    ['nothing yet', [{ n: 1 }, 0, true, true, true], 'microtask', [2, 0, true, true, true], 'microtask', [3, 0, true, true, true], 'microtask', 'closed']);
});

test('ports and buffers are transferred', async () => {
    assert.deepEqual(await run(`const a = new MessageChannel(); const b = new MessageChannel(); const bytes = new Uint8Array([7]);
        a.port2.onmessage = ({ data, ports }) => { out.push(data.bytes[0], data.port === ports[0]); data.port.onmessage = (event) => out.push(event.data); };
        b.port2.postMessage('waited');
        a.port1.postMessage({ bytes, port: b.port1 }, [bytes.buffer, b.port1]);
        out.push(bytes.length);
        await tick(); await tick(); await tick();
        out.push(name(() => a.port1.postMessage(b.port1, [b.port1])), name(() => a.port1.postMessage(0, [a.port1])), name(() => structuredClone(b.port2)),
            name(() => a.port1.postMessage(0, { transfer: [b.port2, b.port2] })), name(() => a.port1.postMessage(0, [{}])), name(() => a.port1.postMessage(0, 5)), name(() => a.port1.postMessage()));
        const c = new MessageChannel();
        out.push(name(() => structuredClone({ get x() { structuredClone(c.port1, { transfer: [c.port1] }); return c.port1; } }, { transfer: [c.port1] })));`),
    [0, 7, true, 'waited', 'DataCloneError', 'DataCloneError', 'DataCloneError', 'DataCloneError', 'DataCloneError', 'TypeError', 'TypeError', 'DataCloneError']);
});

test('streams are transferred', async () => {
    assert.deepEqual(await run(`const source = new ReadableStream({ start(c) { c.enqueue({ a: [1] }); c.enqueue('b'); c.close(); } });
        const moved = structuredClone({ source }, { transfer: [source] }).source;
        out.push(source.locked, moved !== source);
        for await (const chunk of moved) out.push(chunk);
        const written = [];
        const sink = new WritableStream({ write(chunk) { written.push(chunk); }, close() { written.push('closed'); } });
        const writer = structuredClone(sink, { transfer: [sink] }).getWriter();
        await writer.write(1); await writer.close();
        out.push(sink.locked, written);
        const through = new TransformStream({ transform(chunk, c) { c.enqueue(chunk * 2); } });
        const pair = structuredClone(through, { transfer: [through] });
        const pairWriter = pair.writable.getWriter(); pairWriter.write(21);
        out.push((await pair.readable.getReader().read()).value, pair instanceof TransformStream);
        out.push(name(() => structuredClone(source, { transfer: [source] })), name(() => structuredClone(through)), name(() => structuredClone(new WritableStream())));
        const odd = new ReadableStream({ start(c) { c.enqueue(() => {}); } });
        out.push(await structuredClone(odd, { transfer: [odd] }).getReader().read().catch((error) => error.name));`),
    [true, true, { a: [1] }, 'b', true, [1, 'closed'], 42, true, 'DataCloneError', 'DataCloneError', 'DataCloneError', 'DataCloneError']);
});

test('a worker that patches the language changes none of it', async () => {
    assert.deepEqual(await run(`const { port1, port2 } = new MessageChannel();
        const all = [Array, Map, Promise, Object, Function, Uint8Array, String].flatMap((C) => Object.getOwnPropertyNames(C.prototype)
            .filter((key) => typeof Object.getOwnPropertyDescriptor(C.prototype, key).value === 'function' && !['constructor', 'then', 'push'].includes(key)).map((key) => [C.prototype, key]));
        for (let i = 0; i < all.length; i++) all[i][0][all[i][1]] = () => { throw new Error('patched'); };
        Object.defineProperty(Array.prototype, '0', { set() { throw new Error('patched'); }, configurable: true });
        let seen;
        port2.onmessage = (event) => { seen = event.data.x; };
        port1.postMessage({ x: 1 });
        await tick(); await tick();
        delete Array.prototype[0];
        delete Object.prototype.toJSON;
        const text = new TextDecoder('shift_jis').decode(new Uint8Array([0x82, 0xa0, 0x61]));
        out.push(seen, text);`), [1, '\u3042a']);
});
