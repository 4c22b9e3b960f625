// {"case": 32, "outcome": ["ok", "exceededMemory"], "body": "done", "limits": {"cpuMs": 5000}}
// The algorithms that are JavaScript: more memory than there is, outputs without end, and a language that was patched under them.
export default {
  async fetch() {
    const { subtle } = crypto;
    const bytes = (n) => new Uint8Array(n);
    const tries = [];
    const base = await subtle.importKey("raw-secret", bytes(16), "Argon2id", false, ["deriveBits"]);
    for (const memory of [0, 7, 1 << 22, 2 ** 32 - 1]) {
      tries.push(() => subtle.deriveBits({ name: "Argon2id", nonce: bytes(16), memory, passes: 1, parallelism: 1 }, base, 256));
    }
    tries.push(() => subtle.deriveBits({ name: "Argon2id", nonce: bytes(16), memory: 64, passes: 1, parallelism: 1, version: 16 }, base, 256));
    tries.push(() => subtle.deriveBits({ name: "Argon2id", nonce: bytes(16), memory: 64, passes: 1, parallelism: 2 ** 24 }, base, 256));
    tries.push(() => subtle.digest({ name: "cSHAKE128", outputLength: 2 ** 32 - 8 }, bytes(1)));
    tries.push(() => subtle.digest({ name: "KT256", outputLength: 7 }, bytes(1)));
    tries.push(() => subtle.digest({ name: "TurboSHAKE128", outputLength: 64, domainSeparation: 0 }, bytes(1)));
    for (const name of ["ML-KEM-768", "ML-DSA-65"]) {
      tries.push(() => subtle.importKey("raw-public", bytes(3), name, true, []));
      tries.push(() => subtle.importKey("spki", bytes(1206).fill(0x30), name, true, []));
      tries.push(() => subtle.importKey("jwk", { kty: "AKP", alg: name, pub: "AAAA", priv: "AAAA" }, name, true, [name === "ML-DSA-65" ? "sign" : "decapsulateBits"]));
    }
    const kem = await subtle.generateKey("ML-KEM-512", true, ["encapsulateBits", "decapsulateBits"]);
    const dsa = await subtle.generateKey("ML-DSA-44", true, ["sign", "verify"]);
    tries.push(() => subtle.decapsulateBits("ML-KEM-512", kem.privateKey, bytes(767)));
    tries.push(() => subtle.encapsulateBits("ML-KEM-512", kem.privateKey));
    tries.push(() => subtle.sign({ name: "ML-DSA-44", context: bytes(256) }, dsa.privateKey, bytes(1)));
    tries.push(() => subtle.verify("ML-DSA-44", dsa.publicKey, bytes(2420), bytes(1)).then((ok) => { if (!ok) throw new TypeError("not valid"); }));
    const names = [];
    for (const f of tries) names.push(await f().then(() => "ok", (e) => e.name));
    if (names.includes("ok")) return new Response(names.join());
    // Whatever these find, it is the worker's own key, and nothing but the result is spoilt.
    for (const k of ["set", "subarray", "slice", "fill", "copyWithin"]) Uint8Array.prototype[k] = function () { return new Proxy(this, {}); };
    for (const f of [() => subtle.generateKey("ML-DSA-65", true, ["sign"]), () => subtle.encapsulateBits("ML-KEM-512", kem.publicKey), () => subtle.digest({ name: "KT128", outputLength: 256 }, bytes(9000))]) await f().catch(() => {});
    return new Response("done");
  },
};
