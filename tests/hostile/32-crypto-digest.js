// {"case": 32, "outcome": "exceededCpu", "limits": {"cpuMs": 200}, "cpuWithin": 1.3, "cpuCounted": 190}
// Digests, MACs and streams of them without end, each as large as memory allows.
export default {
  async fetch() {
    const { subtle } = crypto;
    const data = new Uint8Array(24 << 20);
    const key = await subtle.importKey("raw", data, { name: "HMAC", hash: "SHA-384" }, false, ["sign"]);
    for (;;) {
      const stream = new crypto.DigestStream("MD5");
      const writer = stream.getWriter();
      await Promise.all([writer.write(data), writer.close(), subtle.digest("SHA-512", data), subtle.sign("HMAC", key, data), stream.digest]);
    }
  },
};
