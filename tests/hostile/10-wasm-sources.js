// {"case": 10, "outcome": "ok", "body": "done"}
// Streams of modules that never begin, fail, or are used twice; promises that lie about what they are.
const type = { headers: { "content-type": "application/wasm" } };
const settle = (promise) => promise.then(() => "fine", (error) => error.constructor.name);
export default { async fetch() {
  for (let i = 0; i < 10000; i++) WebAssembly.compileStreaming(new Promise(() => {}));
  const got = [];
  const used = new Response("x", type); await used.text();
  const broken = new Response(new ReadableStream({ pull(c) { c.error(new RangeError("mine")); } }), type);
  const text = new Response(new ReadableStream({ pull(c) { c.enqueue("text"); c.close(); } }), type);
  for (const source of [undefined, null, {}, new Response(""), new Response("", { ...type, status: 404 }), new Response("nope", type), used, broken, text, { then() { throw new URIError(); } }, { then(f) { f(1); f(2); } }])
    got.push(await settle(WebAssembly.instantiateStreaming(source)));
  if (got.join() !== "TypeError,TypeError,TypeError,TypeError,TypeError,CompileError,TypeError,RangeError,TypeError,URIError,TypeError") return new Response(got.join());
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const resized = new ArrayBuffer(8, { maxByteLength: 16 });
  new Uint8Array(resized).set(bytes);
  const module = new WebAssembly.Module(resized);
  resized.resize(0);
  WebAssembly.instantiate(bytes); bytes.buffer.transfer();
  return new Response(module instanceof WebAssembly.Module ? "done" : "no module");
} };
