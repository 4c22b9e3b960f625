// {"case": 10, "outcome": ["exceededCpu", "ok"], "limits": {"cpuMs": 150, "memoryMb": 512}, "cpuCounted": 100}
// A wasm module of many megabytes: the CPU of compiling it is the run's own, wherever it is spent.
const leb = (n) => { const bytes = []; do { bytes.push((n & 127) | (n > 127 ? 128 : 0)); n >>>= 7; } while (n); return bytes; };
const section = (id, body) => Buffer.concat([Buffer.from([id, ...leb(body.length)]), body]);
export const modules = () => {
  const count = 20000;
  const code = Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: 200 }, () => [0x41, 7, 0x41, 9, 0x6c, 0x1a]).flat()), Buffer.from([0x0b])]);
  const one = Buffer.concat([Buffer.from(leb(code.length)), code]);
  const wasm = Buffer.concat([
    Buffer.from("0061736d01000000", "hex"),
    section(1, Buffer.from([1, 0x60, 0, 0])),
    section(3, Buffer.concat([Buffer.from(leb(count)), Buffer.alloc(count)])),
    section(10, Buffer.concat([Buffer.from(leb(count)), ...Array.from({ length: count }, () => one)])),
  ]);
  return { "main.js": { js: 'import wasm from "./big.wasm"; new WebAssembly.Instance(wasm); let s = 0; for (let i = 0; i < 5e8; i++) s += i; export default { fetch() { return new Response("compiled" + s); } };' }, "big.wasm": { wasm: wasm.toString("base64") } };
};
