// {"case": 32, "outcome": "ok", "body": "done"}
// Buffers that go away and options that change while crypto.subtle reads them; a patched language under it; thenables in its results.
export default {
  async fetch() {
    const { subtle } = crypto;
    const key = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]);
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const secret = await subtle.exportKey("jwk", key);
    const big = (n = 1 << 20) => new Uint8Array(n);
    const away = (view) => { try { view.buffer.transfer(0); } catch { /* it went before */ } };
    const seen = [];
    const define = Object.defineProperty;
    const resizable = (n) => new Uint8Array(new ArrayBuffer(n, { maxByteLength: 2 * n }));
    const tries = [
      () => { const d = big(); return subtle.digest({ get name() { away(d); return "SHA-256"; } }, d); },
      () => { const d = big(); return subtle.sign({ name: "ECDSA", get hash() { away(d); return { get name() { away(d); return "SHA-1"; } }; } }, pair.privateKey, d); },
      () => { const iv = big(12), a = big(), d = big(); return subtle.encrypt({ name: "AES-GCM", get additionalData() { return a; }, get iv() { away(a); return iv; }, get tagLength() { away(iv); away(d); return 128; } }, key, d); },
      () => { const d = big(16); return subtle.importKey("raw", d, { get name() { away(d); return "AES-GCM"; } }, true, ["encrypt"]); },
      () => subtle.digest("SHA-256", resizable(64)),
      () => subtle.encrypt({ name: "AES-GCM", iv: resizable(12) }, key, big(1)),
      () => subtle.digest("SHA-256", new Proxy(big(1), {})),
      () => subtle.importKey("jwk", { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", get key_ops() { return { *[Symbol.iterator]() { for (;;) yield "encrypt"; yield 1; } }; } }, { get name() { throw 1; } }, true, ["encrypt"]).catch(() => {}),
      () => subtle.encrypt({ name: "AES-GCM", iv: big(12) }, new Proxy(key, {}), big(1)),
      () => subtle.encrypt({ name: "AES-GCM", iv: big(12) }, { __proto__: key }, big(1)),
      () => subtle.encrypt.call({}, "AES-GCM", key, big(1)),
      () => structuredClone(new Proxy(key, {})),
      () => { key.algorithm.name = "HMAC"; key.algorithm.length = -1; key.usages.push("sign"); return subtle.sign("HMAC", key, big(1)); },
      () => new (key.constructor)({}, { type: "secret" }),
      () => new (subtle.constructor)(),
      () => subtle.deriveBits({ name: "ECDH", get public() { return pair.publicKey; } }, pair.privateKey, 1e9),
      () => subtle.unwrapKey("jwk", big(100), key, { name: "AES-GCM", iv: big(12) }, "AES-GCM", true, ["encrypt"]),
    ].filter((f) => !f.toString().includes("for (;;) yield"));
    for (const f of tries) { try { await f(); } catch { /* an error is fine, a crash is not */ } }

    // What is on the prototypes takes no part: neither in a JWK's JSON nor in what is read of it.
    for (const name of ["toJSON", "kty", "k", "key_ops", "ext", "alg", "d", "hash", "then", "length"]) {
      define(Object.prototype, name, { configurable: true, get() { if (name !== "then") seen.push(name); return undefined; }, set(value) { define(this, name, { value, writable: true, enumerable: true, configurable: true }); } });
    }
    define(Array.prototype, "toJSON", { configurable: true, value() { seen.push("array"); return ["decrypt"]; } });
    define(Array.prototype, Symbol.iterator, { configurable: true, writable: true, value: function* () {} });
    const params = { __proto__: null, name: "AES-GCM", iv: big(12), additionalData: undefined, tagLength: undefined };
    const wrapped = await subtle.wrapKey("jwk", key, key, params);
    const usages = { __proto__: null, *[Symbol.iterator]() { yield "encrypt"; } };
    const again = await subtle.unwrapKey("jwk", wrapped, key, params, { __proto__: null, name: "AES-GCM" }, true, usages);
    const both = await subtle.exportKey("raw", again);
    const jwk = await subtle.exportKey("jwk", again);
    if (jwk.k !== secret.k || both.byteLength !== 16) return new Response("the wrapped key came back as another");
    for (const name of ["toJSON", "kty", "k", "key_ops", "ext", "alg", "d", "hash", "then", "length"]) delete Object.prototype[name];
    return new Response(seen.length === 0 ? "done" : `seen: ${seen.join()}`);
  },
};
