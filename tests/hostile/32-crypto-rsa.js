// {"case": 32, "outcome": "exceededCpu", "limits": {"cpuMs": 200}, "cpuWithin": 1.4, "cpuCounted": 190}
// The longest that RSA has: making large keys, one after the other.
export default {
  async fetch() {
    const { subtle } = crypto;
    const make = (bits, exponent) => subtle.generateKey({ name: "RSA-PSS", modulusLength: bits, publicExponent: exponent, hash: "SHA-256" }, false, ["sign"]);
    for (const bits of [0, 256, 8192, 65536, 4294967295]) {
      if ((await make(bits, new Uint8Array([1, 0, 1])).catch((e) => e.name)) !== "OperationError") return new Response(`${bits} bits were not refused`);
    }
    if ((await make(2048, new Uint8Array(256).fill(255)).catch((e) => e.name)) !== "OperationError") return new Response("an exponent of 2048 bits was not refused");
    for (;;) await make(4096, new Uint8Array([3]));
  },
};
