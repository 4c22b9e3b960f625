import assert from "node:assert/strict";
import * as jose from "jose";
import { worker } from "./cases.js";

const signers = ["HS256", "HS512", "RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const keysFor = async (alg) => {
  if (!alg.startsWith("HS")) return jose.generateKeyPair(alg, { extractable: true });
  const secret = await jose.generateSecret(alg, { extractable: true });
  return { privateKey: secret, publicKey: secret };
};

export default worker({
  ...Object.fromEntries(signers.map((alg) => [`signs and verifies with ${alg}`, async () => {
    const { privateKey, publicKey } = await keysFor(alg);
    const token = await new jose.SignJWT({ scope: "read" }).setProtectedHeader({ alg }).setIssuedAt().setIssuer("me").setAudience("you").setExpirationTime("2h").sign(privateKey);
    const { payload, protectedHeader } = await jose.jwtVerify(token, publicKey, { issuer: "me", audience: "you", algorithms: [alg] });
    assert.deepEqual([payload.scope, payload.exp - payload.iat, protectedHeader.alg], ["read", 7200, alg]);
    await assert.rejects(jose.jwtVerify(token, publicKey, { audience: "them" }), jose.errors.JWTClaimValidationFailed);
    const parts = token.split(".");
    const forged = [parts[0], jose.base64url.encode(JSON.stringify({ ...payload, scope: "write" })), parts[2]].join(".");
    await assert.rejects(jose.jwtVerify(forged, publicKey), jose.errors.JWSSignatureVerificationFailed);
  }])),
  "refuses what has expired": async () => {
    const key = new TextEncoder().encode("k".repeat(32));
    const token = await new jose.SignJWT({}).setProtectedHeader({ alg: "HS256" }).setExpirationTime(1).sign(key);
    await assert.rejects(jose.jwtVerify(token, key), jose.errors.JWTExpired);
  },
  "encrypts: direct, RSA-OAEP, ECDH-ES, PBES2, AES key wrapping": async () => {
    const text = new TextEncoder().encode("secret text");
    const seal = async (header, encryptKey, decryptKey) => {
      const jwe = await new jose.CompactEncrypt(text).setProtectedHeader(header).encrypt(encryptKey);
      const { plaintext } = await jose.compactDecrypt(jwe, decryptKey, { keyManagementAlgorithms: [header.alg] });
      assert.equal(new TextDecoder().decode(plaintext), "secret text", header.alg);
      const tampered = `${jwe.slice(0, -2)}${jwe.endsWith("AA") ? "BB" : "AA"}`;
      await assert.rejects(jose.compactDecrypt(tampered, decryptKey, { keyManagementAlgorithms: [header.alg] }), jose.errors.JWEDecryptionFailed);
    };
    const rsa = await jose.generateKeyPair("RSA-OAEP-256");
    await seal({ alg: "RSA-OAEP-256", enc: "A256GCM" }, rsa.publicKey, rsa.privateKey);
    const ec = await jose.generateKeyPair("ECDH-ES+A128KW");
    await seal({ alg: "ECDH-ES+A128KW", enc: "A128CBC-HS256" }, ec.publicKey, ec.privateKey);
    const direct = crypto.getRandomValues(new Uint8Array(32));
    await seal({ alg: "dir", enc: "A256GCM" }, direct, direct);
    const wrap = await jose.generateSecret("A256KW");
    await seal({ alg: "A256KW", enc: "A256GCM" }, wrap, wrap);
    const password = new TextEncoder().encode("correct horse");
    await seal({ alg: "PBES2-HS256+A128KW", enc: "A128GCM" }, password, password);
  },
  "keys: JWK, PEM, thumbprints, and a set that is asked by kid": async () => {
    const { privateKey, publicKey } = await jose.generateKeyPair("ES256", { extractable: true });
    const pem = await jose.exportPKCS8(privateKey);
    assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n/);
    const again = await jose.importPKCS8(pem, "ES256");
    const jwk = { ...(await jose.exportJWK(publicKey)), kid: await jose.calculateJwkThumbprint(await jose.exportJWK(publicKey)), alg: "ES256" };
    const token = await new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg: "ES256", kid: jwk.kid }).sign(again);
    const { payload } = await jose.jwtVerify(token, jose.createLocalJWKSet({ keys: [jwk] }));
    assert.equal(payload.a, 1);
    await assert.rejects(jose.jwtVerify(token, jose.createLocalJWKSet({ keys: [{ ...jwk, kid: "other" }] })), jose.errors.JWKSNoMatchingKey);
    assert.equal((await jose.importSPKI(await jose.exportSPKI(publicKey), "ES256")).type, "public");
  },
  "RFC 7515's own example": async () => {
    const key = jose.base64url.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    const { payload } = await jose.compactVerify("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", key);
    assert.equal(JSON.parse(new TextDecoder().decode(payload)).iss, "joe");
  },
});
