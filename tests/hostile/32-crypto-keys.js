// {"case": 32, "outcome": "ok", "body": "done"}
// Keys that lie: other curves, explicit parameters, numbers that do not belong together, lengths past the end, nesting.
const bytes = (hex) => new Uint8Array(hex.match(/../g).map((x) => parseInt(x, 16)));
export default {
  async fetch() {
    const { subtle } = crypto;
    const ec = { name: "ECDSA", namedCurve: "P-256" };
    const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const b64 = (size, fill) => btoa(String.fromCharCode(...new Uint8Array(size).fill(fill))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const deep = (depth, inner) => { let der = inner; for (let i = 0; i < depth; i++) der = [0x30, 0x82, der.length >> 8 & 255, der.length & 255, ...der]; return new Uint8Array(der); };
    const tries = [];
    // A prime field with a modulus that is none, as explicit parameters: square roots in it have no end.
    tries.push(["spki", bytes("3081a93081800607" + "2a8648ce3d0201" + "30750201013012" + "06072a8648ce3d0101020700f123456789ab" + "300a0401010401070301" + "00" + "040202030207f123456789ab020101" + "0324000300"), ec, ["verify"]]);
    for (const format of ["spki", "pkcs8", "raw"]) {
      for (const algorithm of [ec, rsa, "Ed25519", "X25519"]) {
        const usages = format === "pkcs8" ? (algorithm === "X25519" ? ["deriveBits"] : ["sign"]) : (algorithm === "X25519" ? [] : ["verify"]);
        for (const data of [deep(3000, [5, 0]), deep(1, [2, 1, 0, 48, 255, 255, 255, 255]), bytes("30800000"), bytes("3084ffffffff"), bytes("30827fff00"), new Uint8Array(1 << 20).fill(0x30), new Uint8Array(0)])
          tries.push([format, data, algorithm, usages]);
      }
    }
    for (const [n, e] of [[b64(1, 1), b64(1, 3)], [b64(128, 255), b64(128, 255)], [b64(128, 254), b64(3, 1)], [b64(100000, 255), b64(3, 1)], ["", ""], [b64(128, 0), b64(1, 3)]])
      tries.push(["jwk", { kty: "RSA", n, e }, rsa, ["verify"]]);
    const one = b64(64, 255);
    tries.push(["jwk", { kty: "RSA", n: b64(128, 255), e: "AQAB", d: one, p: one, q: one, dp: one, dq: one, qi: one }, rsa, ["sign"]]);
    tries.push(["jwk", { kty: "RSA", n: b64(128, 255), e: "AQAB", d: b64(128, 255), p: "AQ", q: b64(128, 255), dp: "AA", dq: "AQ", qi: "AQ" }, rsa, ["sign"]]);
    for (const [x, y, d] of [[b64(32, 0), b64(32, 0)], [b64(32, 255), b64(32, 255)], [b64(66, 1), b64(66, 1)], [b64(32, 1), b64(32, 1), b64(32, 0)], [b64(32, 1), b64(32, 1), b64(32, 255)]])
      tries.push(["jwk", { kty: "EC", crv: "P-256", x, y, d }, ec, [d ? "sign" : "verify"]]);
    for (const [format, data, algorithm, usages] of tries) {
      const name = await subtle.importKey(format, data, algorithm, true, usages).then(() => "imported", (e) => e.name);
      if (name !== "DataError" && !(format === "raw" && algorithm === rsa && name === "NotSupportedError")) return new Response(`${format} ${JSON.stringify(algorithm)}: ${name}`);
    }
    return new Response("done");
  },
};
