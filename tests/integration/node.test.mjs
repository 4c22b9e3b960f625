// node.test.mjs - Node's modules in a worker, next to the Node that runs this test: the same code must say the same in both.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

// |body| with |imports|, as a worker; what it pushes to |out|.
async function inWorker(imports, body, more = {}) {
  const answer = await daemon.run(`${imports}\nexport default { async fetch(request, env) { const out = []; ${body}\nreturn Response.json(out); } };`, more);
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  return JSON.parse(answer.response.body);
}
async function inNode(imports, body) {
  const module = await import(`data:text/javascript,${encodeURIComponent(`${imports}\nexport default async () => { const out = []; ${body}\nreturn JSON.parse(JSON.stringify(out)); };`)}`);
  return module.default();
}
const same = (name, imports, body) => test(name, async () => assert.deepEqual(await inWorker(imports, body), await inNode(imports, body)));

same("buffer", `import { Buffer, isAscii, isUtf8, constants } from "node:buffer";`, `
  for (const encoding of ["utf8", "hex", "base64", "base64url", "latin1", "ascii", "utf16le"]) out.push(Buffer.from("h\u00e9\u20ac\ud83d\ude00>?").toString(encoding), Buffer.from("68656c6c6f", encoding).toString("hex"), Buffer.byteLength("h\u00e9llo", encoding), Buffer.isEncoding(encoding));
  const b = Buffer.alloc(24); b.writeUInt32BE(0xdeadbeef, 0); b.writeDoubleLE(1.5, 4); b.writeInt16LE(-2, 12); b.writeBigInt64BE(-5n, 16); out.push([...b], b.readUInt32BE(0), b.readDoubleLE(4), b.readInt16LE(12), String(b.readBigInt64BE(16)));
  out.push(Buffer.concat([Buffer.from("a"), Buffer.from("bc")]).toJSON(), Buffer.compare(Buffer.from("a"), Buffer.from("b")), Buffer.from("abcabc").indexOf("c", 3), Buffer.from("abc").includes("bc"), Buffer.from([1, 2, 3]).equals(new Uint8Array([1, 2, 3])));
  out.push(Buffer.from("abcdef").subarray(1, 3).toString(), Buffer.from("test").fill("xy").toString(), Buffer.from("YQ==", "base64").toString(), isAscii(Buffer.from("a")), isUtf8(Buffer.from([0xff])), constants.MAX_LENGTH > 0, Buffer.isBuffer(Buffer.alloc(1)), Buffer.isBuffer(new Uint8Array(1)));
  for (const bad of [() => Buffer.from(5), () => Buffer.alloc(1).readInt32BE(0)]) try { bad(); } catch (e) { out.push(e.name); } try { Buffer.from(5); } catch (e) { out.push(e.code); }`);

same("path, querystring, url, punycode and string_decoder", `import path from "node:path"; import qs from "querystring"; import url, { fileURLToPath, pathToFileURL } from "node:url"; import { StringDecoder } from "node:string_decoder";`, `
  out.push(path.join("/a/b", "../c", "./d"), path.resolve("/x", "y", "..", "z"), path.relative("/a/b/c", "/a/d"), path.parse("/srv/u/file.tar.gz"), path.format({ dir: "/a", base: "b" }), path.normalize("/a//b/../c/."), path.extname("a.b.c"), path.isAbsolute("a"), path.basename("C:\\\\x"), path.sep);
  out.push(qs.parse("a=1&b=2&a=3&c=%20x&d"), qs.stringify({ a: [1, "x y"], b: true, c: "\u00e9" }), qs.escape("a b&c"), qs.unescape("a%20b"));
  const u = url.parse("https://user:pw@host.example:8080/p/a?x=1&y=2#frag", true); out.push(u.host, u.auth, u.pathname, u.query, u.hash, url.format({ protocol: "http", host: "a.b", pathname: "/c", query: { d: 1 } }), url.resolve("http://a/b/c", "../d"), fileURLToPath("file:///a%20b"), pathToFileURL("/x y").href);
  const d = new StringDecoder("utf8"); out.push(d.write(Buffer.from([0xe2, 0x82])), d.write(Buffer.from([0xac, 0x41])), d.end());`);

same("events", `import EventEmitter, { once, on } from "node:events";`, `
  const e = new EventEmitter(); e.on("x", (...a) => out.push(["x", ...a])); e.prependListener("x", () => out.push("first")); e.once("x", () => out.push("once")); out.push(e.emit("x", 1, 2), e.emit("x", 3), e.emit("nobody"), e.listenerCount("x"), e.eventNames());
  setTimeout(() => e.emit("later", 7), 1); out.push(await once(e, "later")); try { e.emit("error", new Error("boom")); } catch (error) { out.push(error.message); }
  setTimeout(() => { e.emit("tick", 1); e.emit("tick", 2); }, 1); for await (const [n] of on(e, "tick")) { out.push(n); if (n === 2) break; }
  class Mine extends EventEmitter { constructor() { super(); this.y = 1; } } out.push(new Mine().on("a", () => {}) instanceof EventEmitter, e.removeAllListeners().listenerCount("x"));
  function Old() { EventEmitter.call(this); } Object.setPrototypeOf(Old.prototype, EventEmitter.prototype); const old = new Old(); old.on("z", (v) => out.push(v)); old.emit("z", "old style");`);

same("stream", `import { Readable, Writable, Transform, PassThrough, Duplex, pipeline, finished } from "node:stream"; import { pipeline as piped } from "node:stream/promises"; import { text } from "node:stream/consumers";`, `
  const up = () => new Transform({ transform(chunk, encoding, done) { done(null, String(chunk).toUpperCase()); } });
  out.push(await text(Readable.from(["a", "b"]).pipe(up())));
  const got = []; await piped(Readable.from(["x", "y", "z"]), up(), new Writable({ write(chunk, encoding, done) { got.push(String(chunk)); done(); } })); out.push(got);
  await new Promise((resolve) => pipeline(Readable.from(["q"]), new Transform({ transform(c, e, done) { done(new Error("broke")); } }), new PassThrough(), (error) => { out.push(error.message); resolve(); }));
  const r = new Readable({ read() {} }); r.push("one"); r.push(null); const parts = []; for await (const part of r) parts.push(String(part)); out.push(parts);
  const slow = new Writable({ highWaterMark: 2, write(c, e, done) { setTimeout(done, 1); } }); out.push(slow.write("abc")); await new Promise((resolve) => slow.once("drain", resolve)); slow.end(); await new Promise((resolve) => finished(slow, resolve)); out.push(slow.writableFinished);
  out.push(await new Response(Readable.toWeb(Readable.from([Buffer.from("w"), Buffer.from("eb")]))).text(), await text(Readable.fromWeb(new Blob(["from web"]).stream())));
  out.push(await Readable.from([1, 2, 3, 4]).filter((n) => n % 2).map((n) => n * 10).toArray());`);

same("util", `import util, { promisify, inspect, types } from "node:util";`, `
  out.push(util.format("%s %d %i %j %%", "a", 1.5, 2.7, { x: 1 }), await promisify((a, cb) => cb(null, a * 2))(4), util.isDeepStrictEqual({ a: new Set([1, { b: 2 }]) }, { a: new Set([1, { b: 2 }]) }), util.isDeepStrictEqual([1], ["1"]), util.isDeepStrictEqual(new Date(1), new Date(2)));
  for (const value of [new Date(), /x/, new Map(), new Set(), Promise.resolve(), new Uint8Array(1), new ArrayBuffer(1), async () => {}, new Proxy({}, {}), Object(1), new Error("e"), null, {}]) out.push(Object.keys(types).filter((k) => k.startsWith("is") && !["isKeyObject", "isCryptoKey", "isEventTarget", "isExternal"].includes(k)).filter((k) => types[k](value)).sort());
  await new Promise((resolve) => util.callbackify(async (a) => a + 1)(1, (error, value) => { out.push(error, value); resolve(); })); function A() {} function B() {} util.inherits(A, B); out.push(new A() instanceof B, util.stripVTControlCharacters("\\u001b[31mred\\u001b[0m"));
  try { promisify(1); } catch (e) { out.push(e.name, e.code); } out.push(inspect({ a: [1, "x"], b: new Map([[1, 2]]) }), inspect.custom.toString());`);

same("assert", `import assert from "node:assert"; import strict from "node:assert/strict";`, `
  const cases = [() => assert(1), () => assert(0), () => assert.equal(1, "1"), () => strict.equal(1, "1"), () => assert.deepEqual({ a: 1 }, { a: "1" }), () => assert.deepStrictEqual({ a: 1 }, { a: "1" }), () => assert.deepStrictEqual(new Map([[{ a: 1 }, 2]]), new Map([[{ a: 1 }, 2]])), () => assert.deepStrictEqual([NaN, -0], [NaN, 0]),
    () => assert.throws(() => { throw new TypeError("bad"); }, TypeError), () => assert.throws(() => { throw new TypeError("bad"); }, /good/), () => assert.throws(() => {}), () => assert.throws(() => { throw new Error("x"); }, { message: "x" }), () => assert.doesNotThrow(() => {}), () => assert.match("abc", /b/), () => assert.match("abc", /z/), () => assert.notDeepStrictEqual([1], [2]), () => assert.ifError(null), () => assert.fail("no"),
    () => { const a = { n: 1 }; a.me = a; const b = { n: 1 }; b.me = b; assert.deepStrictEqual(a, b); }, () => assert.deepStrictEqual(new Uint8Array([1]), new Uint8Array([2])), () => assert.deepStrictEqual(Object.create(null), {}), () => assert.rejects(Promise.resolve())];
  for (const one of cases) { try { await one(); out.push("fine"); } catch (e) { out.push([e.name, e.code, e instanceof assert.AssertionError]); } }`);

same("crypto", `import crypto, { createHash, createHmac, randomBytes, randomInt, timingSafeEqual, pbkdf2Sync, hkdfSync } from "node:crypto";`, `
  for (const name of ["md5", "sha1", "sha256", "sha384", "sha512", "SHA256", "sha3-256"]) out.push(createHash(name).update("a").update(Buffer.from("bc")).digest("hex"), createHmac(name, "key").update("data").digest("base64"));
  const h = createHash("sha256").update("a"); const copy = h.copy(); out.push(h.update("b").digest("hex"), copy.update("b").digest("hex")); try { h.update("c"); } catch (e) { out.push(e.code); } try { createHash("nope"); } catch (e) { out.push(e instanceof Error); }
  out.push(randomBytes(10).length, randomInt(3) < 3, randomInt(5, 6), timingSafeEqual(Buffer.from("ab"), Buffer.from("ab")), timingSafeEqual(Buffer.from("ab"), Buffer.from("ac")), pbkdf2Sync("pw", "salt", 100, 20, "sha512").toString("hex"), Buffer.from(hkdfSync("sha256", "key", "salt", "info", 16)).toString("hex"));
  try { timingSafeEqual(Buffer.from("a"), Buffer.from("ab")); } catch (e) { out.push(e.code); } out.push(/^[0-9a-f-]{36}$/.test(crypto.randomUUID()), (await crypto.subtle.digest("SHA-1", new Uint8Array(1))).byteLength);
  const stream = createHash("sha1"); stream.end("streamed"); const parts = []; for await (const part of stream) parts.push(part); out.push(Buffer.concat(parts).toString("hex"));`);

same("async_hooks: a store follows promises, timers and microtasks", `import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";`, `
  const s = new AsyncLocalStorage(), other = new AsyncLocalStorage(); const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  out.push(s.getStore() ?? null); await Promise.all([1, 2, 3].map((n) => s.run(n, async () => { await wait(4 - n); out.push(s.getStore() === n); await null; other.run("o", () => out.push(s.getStore() === n, other.getStore())); })));
  await s.run("t", () => new Promise((resolve) => setTimeout(() => { out.push(s.getStore()); queueMicrotask(() => { out.push(s.getStore()); resolve(); }); }, 1)));
  const bound = s.run("b", () => AsyncLocalStorage.bind(() => s.getStore())); const snap = s.run("s", () => AsyncLocalStorage.snapshot()); const resource = s.run("r", () => new AsyncResource("X")); out.push(bound(), snap(() => s.getStore()), resource.runInAsyncScope(() => s.getStore()), s.getStore() ?? null);
  s.run("outer", () => { s.exit(() => out.push(s.getStore() ?? null)); out.push(s.getStore()); try { s.run("inner", () => { throw new Error("x"); }); } catch {} out.push(s.getStore()); });`);

same("timers and diagnostics_channel", `import { setTimeout as sleep, setImmediate as soon } from "node:timers/promises"; import channels from "node:diagnostics_channel";`, `
  out.push(await sleep(1, "value"), await soon("now")); const c = new AbortController(); const waiting = sleep(1000, 0, { signal: c.signal }); c.abort(); try { await waiting; } catch (e) { out.push(e.name); }
  const channel = channels.channel("ch"); channel.subscribe((message, name) => out.push(message, name)); channel.publish({ a: 1 }); out.push(channel.hasSubscribers);`);

same("zlib", `import zlib from "node:zlib"; import { promisify } from "node:util"; import { pipeline } from "node:stream/promises"; import { Readable } from "node:stream";`, `
  const text = "hello hello hello ".repeat(5000);
  for (const [up, down] of [["gzip", "gunzip"], ["deflate", "inflate"], ["deflateRaw", "inflateRaw"], ["brotliCompress", "brotliDecompress"]]) {
    const small = zlib[up + "Sync"](text); out.push(small.length < 500, zlib[down + "Sync"](small).toString() === text, (await promisify(zlib[down])(await promisify(zlib[up])(Buffer.from(text)))).toString() === text);
    const make = (name) => zlib["create" + name[0].toUpperCase() + name.slice(1)](); const parts = []; await pipeline(Readable.from([text.slice(0, 100), text.slice(100)]), make(up), make(down), async function* (source) { for await (const part of source) parts.push(part); }); out.push(Buffer.concat(parts).toString() === text); }
  out.push(zlib.gzipSync("abc", { level: 9 }).toString("hex"), zlib.deflateRawSync("abc", { strategy: 4 }).toString("hex"), zlib.crc32("abc"), zlib.unzipSync(zlib.gzipSync("z")).toString(), zlib.gunzipSync(Buffer.concat([zlib.gzipSync("one"), zlib.gzipSync("two")])).toString(), zlib.inflateSync(zlib.deflateSync("dict dict", { dictionary: Buffer.from("dict") }), { dictionary: Buffer.from("dict") }).toString());
  for (const bad of [() => zlib.gunzipSync("nope"), () => zlib.inflateSync(zlib.deflateSync(text).subarray(0, 20)), () => zlib.gzipSync("x", { level: 20 }), () => zlib.gunzipSync(zlib.gzipSync(text), { maxOutputLength: 10 }), () => zlib.gzipSync(5)]) { try { bad(); out.push("fine"); } catch (e) { out.push(e.name, e.code, e.errno ?? null); } }
  const flushed = zlib.createGzip(); const first = []; flushed.on("data", (d) => first.push(d)); flushed.write("part"); await new Promise((resolve) => flushed.flush(resolve)); out.push(zlib.gunzipSync(Buffer.concat(first), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString()); flushed.end();`);

test("globals, and process.env from what of env is text", async () => {
  const out = await inWorker("", `out.push(typeof Buffer.from, typeof process.nextTick, global === globalThis, typeof setImmediate, process.env, process.version.startsWith("v"), Object.keys(globalThis).filter((k) => ["Buffer", "process", "global"].includes(k)));
    const order = []; process.nextTick(() => order.push("tick")); setImmediate(() => order.push("immediate")); await new Promise((resolve) => setTimeout(resolve, 5)); out.push(order);
    try { process.exit(1); } catch (e) { out.push(e.message); }`, { code: { env: { TEXT: "t", NUMBER: 1, LIST: [] } } });
  assert.deepEqual(out, ["function", "function", true, "function", { TEXT: "t" }, true, [], ["tick", "immediate"], "process.exit(1) was called: a worker cannot end its process."]);
});

test("require(), bare names, and modules of the bundle that go first", async () => {
  const answer = await daemon.run({ "main.js": `export { default } from "./old.cjs";`, "old.cjs": { cjs: `const { Buffer } = require("buffer"); const util = require("node:util"); module.exports = { fetch: () => new Response(Buffer.from("hi").toString("hex") + util.format("%s", 1)) };` } });
  assert.equal(answer.response?.body, "68691", JSON.stringify(answer));
  const own = await daemon.run({ "main.js": `import mine from "path"; import theirs from "node:path"; import { EOL } from "os"; export default { fetch: () => Response.json([mine, typeof theirs.join, EOL]) };`, path: { js: `export default "mine"` } });
  assert.equal(own.response?.body, `["mine","function","\\n"]`, JSON.stringify(own));
});

test("what is not there says so when it is called, and only then", async () => {
  const out = await inWorker(`import { connect } from "node:net"; import dns, { promises } from "node:dns"; import { readFileSync } from "node:fs"; import http from "node:http";`, `
    for (const call of [() => dns.lookup("x"), () => promises.resolve("x"), () => connect(80), () => http.request("http://x/"), () => new http.Agent(), () => readFileSync("/etc/passwd")]) { try { await call(); out.push("called"); } catch (e) { out.push([e.code, e.message]); } }`);
  assert.deepEqual(out.map(([code]) => code), [...Array(5).fill("ERR_METHOD_NOT_IMPLEMENTED"), "ENOSYS"]);
  assert.equal(out[0][1], "node:dns.lookup is not implemented in Mayfly.");
  const unknown = await daemon.run(`import "node:nothing"; export default { fetch: () => new Response() }`);
  assert.match(unknown.error.message, /No such module "node:nothing"/);
  const off = await daemon.run(`import "node:path"; export default { fetch: () => new Response() }`, { code: { compatibilityFlags: ["no_nodejs_compat"] } });
  assert.match(off.error.message, /No such module "node:path"/);
});
