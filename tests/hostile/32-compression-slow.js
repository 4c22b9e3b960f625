// {"case": 32, "outcome": "exceededCpu", "limits": {"cpuMs": 300}, "cpuWithin": 3}
// What keeps zlib busy longest for each byte.
export default {
  async fetch() {
    const data = new Uint8Array(1 << 20);
    for (let i = 0, seed = 1; i < data.length; i++) { seed = Math.imul(seed, 1664525) + 1013904223 | 0; data[i] = seed >>> 31; }
    for (;;) {
      const stream = new CompressionStream("deflate");
      const writer = stream.writable.getWriter();
      writer.write(data);
      writer.close();
      await new Response(stream.readable).arrayBuffer();
    }
  },
};
