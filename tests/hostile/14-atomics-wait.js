// {"case": 14, "outcome": "ok", "body": "no shared memory"}
export default {
  fetch() {
    if (typeof SharedArrayBuffer !== "undefined") return new Response("SharedArrayBuffer");
    try { new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer; return new Response("shared wasm memory"); } catch { /* refused */ }
    try { Atomics.wait(new Int32Array(8), 0, 0); return new Response("waited"); } catch { /* refused */ }
    return new Response("no shared memory");
  },
};
