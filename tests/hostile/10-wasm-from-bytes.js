// {"case": 10, "outcome": ["exceededCpu", "exceededMemory", "exception"], "limits": {"cpuMs": 3000, "memoryMb": 64}}
// Modules made at run time, each different from the one before and all kept: code and CPU are the run's own.
const leb = (n) => { const bytes = []; do { bytes.push((n & 127) | (n > 127 ? 128 : 0)); n >>>= 7; } while (n); return bytes; };
const section = (id, body) => [id, ...leb(body.length), ...body];
function make(seed) {
  const count = 1000;
  const code = [0, ...Array.from({ length: 100 }, (_, i) => [0x41, ...leb((seed + i) & 63), 0x41, 9, 0x6c, 0x1a]).flat(), 0x0b];
  const one = [...leb(code.length), ...code];
  const bodies = []; for (let i = 0; i < count; i++) for (const byte of one) bodies.push(byte);
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, [1, 0x60, 0, 0]), ...section(3, [...leb(count), ...new Array(count).fill(0)]), ...section(7, [1, 1, 0x66, 0, 0]),
    10, ...leb(bodies.length + 2), ...leb(count)].concat(bodies));
}
const kept = [];
export default { async fetch() {
  for (let i = 0; ; i++) {
    const bytes = make(i);
    const module = i % 2 === 0 ? new WebAssembly.Module(bytes) : await WebAssembly.compileStreaming(new Response(bytes, { headers: { "content-type": "application/wasm" } }));
    kept.push(new WebAssembly.Instance(module));
    kept.at(-1).exports.f();
  }
} };
