// {"case": 8, "outcome": ["exceededMemory", "exception", "exceededCpu"], "limits": {"memoryMb": 64, "cpuMs": 2000}}
export default {
  fetch() {
    const all = [];
    for (let i = 0; i < 1000; i++) {
      const buffer = new ArrayBuffer(1, { maxByteLength: 1e8 });
      buffer.resize(1e7);
      new Uint8Array(buffer).fill(1);
      all.push(buffer.transfer(1.1e7));
    }
    return new Response("kept");
  },
};
