// {"case": 37, "outcome": ["exceededMemory", "exception", "ok"], "body": "read", "limits": {"cpuMs": 5000}}
// A megabyte that is a gigabyte, decompressed by one who reads and keeps nothing, through two more streams.
export default {
  async fetch() {
    const zeros = new Uint8Array(1 << 20);
    const source = new ReadableStream({ start() { this.n = 0; }, pull(c) { if (this.n++ < 200) c.enqueue(zeros); else c.close(); } });
    const bomb = source.pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip"));
    let size = 0;
    for await (const chunk of bomb) size += chunk.length;
    return new Response(size === 200 << 20 ? "read" : `${size}`);
  },
};
