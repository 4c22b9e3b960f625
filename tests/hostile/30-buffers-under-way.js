// {"case": 30, "outcome": "ok", "body": "done"}
// Bytes that are detached, resized or taken away while the host reads them.
class Odd extends Uint8Array { static get [Symbol.species]() { throw new Error("species"); } }
export default {
  async fetch(request) {
    const tries = [
      () => { const b = new Uint8Array(1 << 20); const r = new Response(b); b.buffer.transfer(0); return r.arrayBuffer(); },
      () => { const b = new ArrayBuffer(100, { maxByteLength: 1000 }); const r = new Response(b); b.resize(0); return r.arrayBuffer(); },
      () => new Response(new Odd(10)).arrayBuffer(),
      () => new TextDecoder().decode({ get buffer() { throw 1; } }),
      () => { const b = new Uint8Array(10); return crypto.getRandomValues(new Proxy(b, {})); },
      () => crypto.getRandomValues(new Uint8Array(new ArrayBuffer(10, { maxByteLength: 20 }))),
      () => { const b = new Uint8Array(10); b.buffer.transfer(); return crypto.getRandomValues(b); },
      () => { const b = new ArrayBuffer(8); return structuredClone(b, { transfer: [b, b] }); },
      () => { const b = new ArrayBuffer(8); return structuredClone(b, { transfer: { *[Symbol.iterator]() { yield b; b.transfer(); yield b; } } }); },
      () => { const b = new ArrayBuffer(8); return structuredClone(b, { get transfer() { b.transfer(); return [b]; } }); },
      () => { const b = new ArrayBuffer(64, { maxByteLength: 128 }); const s = new ReadableStream({ type: "bytes", pull(c) { b.resize(1); c.enqueue(new Uint8Array(b)); c.close(); } }); return new Response(s).text(); },
      () => new TextEncoder().encodeInto("x".repeat(100), new Uint8Array(new ArrayBuffer(10, { maxByteLength: 200 }))),
      () => { const s = new ReadableStream({ start(c) { const b = new Uint8Array(100); c.enqueue(b); b.buffer.transfer(); c.close(); } }); return new Response(s).text(); },
    ];
    for (const f of tries) { try { await f(); } catch { /* an error is fine, a crash is not */ } }
    return new Response("done");
  },
};
