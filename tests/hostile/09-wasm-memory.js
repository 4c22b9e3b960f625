// {"case": 9, "outcome": ["ok", "exceededMemory"], "body": "bounded", "limits": {"memoryMb": 64, "cpuMs": 5000}}
export default {
  fetch() {
    let pages = 0;
    try {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
      for (; pages < 65535; pages += 64) memory.grow(64);
    } catch (e) {
      return new Response(e instanceof RangeError && pages * 65536 <= 64 << 20 ? "bounded" : `${e} at ${pages}`);
    }
    return new Response(`grew to ${pages}`);
  },
};
