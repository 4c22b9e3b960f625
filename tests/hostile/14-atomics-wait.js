// {"case": 14, "outcome": "ok", "body": "no shared memory"}
// Shared memory without a second thread is only memory, but nobody may wait on it.
export default {
  fetch() {
    if (typeof SharedArrayBuffer !== "undefined") return new Response("SharedArrayBuffer");
    let buffer = new ArrayBuffer(8);
    try { buffer = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer; } catch { /* refused, too */ }
    try { Atomics.wait(new Int32Array(buffer), 0, 0); return new Response("waited"); } catch { /* refused */ }
    return new Response("no shared memory");
  },
};
