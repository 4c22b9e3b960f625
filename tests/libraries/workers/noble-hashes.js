import assert from "node:assert/strict";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { keccak_256, sha3_256 } from "@noble/hashes/sha3.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { blake3 } from "@noble/hashes/blake3.js";
import { hmac } from "@noble/hashes/hmac.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { bytesToHex, randomBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { worker } from "./cases.js";

const text = utf8ToBytes("abc");

export default worker({
  "digests of the standards": () => {
    assert.equal(bytesToHex(sha256(text)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert.equal(bytesToHex(sha3_256(text)), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    assert.equal(bytesToHex(keccak_256(new Uint8Array(0))), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    assert.equal(bytesToHex(blake2b(text)).slice(0, 16), "ba80a53f981c4d0d");
    assert.equal(bytesToHex(blake3(text)).slice(0, 16), "6437b3ac38465133");
    assert.equal(bytesToHex(sha512.create().update(utf8ToBytes("a")).update(utf8ToBytes("bc")).digest()).slice(0, 16), "ddaf35a193617aba");
  },
  "the same as crypto.subtle": async () => {
    const key = randomBytes(32), data = randomBytes(100);
    const mac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    assert.equal(bytesToHex(hmac(sha256, key, data)), bytesToHex(new Uint8Array(await crypto.subtle.sign("HMAC", mac, data))));
    const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
    assert.equal(bytesToHex(hkdf(sha256, key, text, data, 42)), bytesToHex(new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: text, info: data }, base, 336))));
    const word = await crypto.subtle.importKey("raw", text, "PBKDF2", false, ["deriveBits"]);
    assert.equal(bytesToHex(pbkdf2(sha256, text, key, { c: 50, dkLen: 24 })), bytesToHex(new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: key, iterations: 50 }, word, 192))));
  },
  "scrypt, RFC 7914": () => {
    assert.equal(bytesToHex(scrypt(new Uint8Array(0), new Uint8Array(0), { N: 16, r: 1, p: 1, dkLen: 64 })).slice(0, 32), "77d6576238657b203b19ca42c18a0497");
  },
});
