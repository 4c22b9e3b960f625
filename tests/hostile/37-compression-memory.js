// {"case": 37, "outcome": ["ok", "exceededMemory"], "body": "refused"}
// Brotli encoders until there is no memory left: libbrotli would end the process when it is refused some.
export default {
  async fetch() {
    const kept = [];
    const data = crypto.getRandomValues(new Uint8Array(65536));
    for (let i = 0; i < 500; i++) {
      const stream = new CompressionStream("brotli");
      kept.push(stream);
      const writer = stream.writable.getWriter();
      stream.readable.getReader().read().catch(() => {});
      try { await writer.write(data); await writer.write(data); } catch (error) {
        if (error instanceof RangeError) return new Response("refused");
      }
    }
    return new Response("never refused");
  },
};
