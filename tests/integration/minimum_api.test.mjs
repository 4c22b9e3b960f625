// minimum_api.test.mjs - ECMA-429, the Minimum common web API: every entry of its index is there and does what it is for.
// https://min-common-api.proposal.wintertc.org/#api-index
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

// The bytes of: (module (import "m" "f" (func $f (param i32) (result i32))) (func (export "twice") (param i32) (result i32) local.get 0 call $f i32.const 2 i32.mul))
const WASM = "[0,97,115,109,1,0,0,0,1,6,1,96,1,127,1,127,2,7,1,1,109,1,102,0,0,3,2,1,0,7,9,1,5,116,119,105,99,101,0,1,10,11,1,9,0,32,0,16,0,65,2,108,11]";

const INTERFACES = {
  AbortController: `const c = new AbortController(); is(c.signal.aborted, false); c.abort("why"); is(c.signal.aborted, true); is(c.signal.reason, "why");`,
  AbortSignal: `let heard = 0; const c = new AbortController(); const any = AbortSignal.any([c.signal]); any.onabort = () => heard++; c.abort(); is(heard, 1); is(any.reason.name, "AbortError"); fails(() => AbortSignal.abort().throwIfAborted(), "AbortError");
    const late = AbortSignal.timeout(1); await new Promise((resolve) => late.addEventListener("abort", resolve)); is(late.reason.name, "TimeoutError");`,
  Blob: `const b = new Blob(["a\u20ac", new Uint8Array([98])], { type: "Text/Plain" }); is(b.size, 5); is(b.type, "text/plain"); is(await b.text(), "a\u20acb"); is(await b.slice(4).text(), "b"); is((await b.arrayBuffer()).byteLength, 5); is((await b.bytes())[0], 97); is(await new Response(b.stream()).text(), "a\u20acb");`,
  ByteLengthQueuingStrategy: `const s = new ByteLengthQueuingStrategy({ highWaterMark: 3 }); is(s.highWaterMark, 3); is(s.size(new Uint8Array(5)), 5);`,
  CompressionStream: `for (const format of ["gzip", "deflate", "deflate-raw"]) { const small = new Response(new Blob(["x".repeat(1000)]).stream().pipeThrough(new CompressionStream(format))); is((await small.bytes()).length < 60, true); } fails(() => new CompressionStream("zip"), "TypeError");`,
  CountQueuingStrategy: `const s = new CountQueuingStrategy({ highWaterMark: 4 }); is(s.highWaterMark, 4); is(s.size("anything"), 1);`,
  Crypto: `is(crypto instanceof Crypto, true); const a = crypto.getRandomValues(new Uint8Array(32)); is(a.some((x) => x !== 0), true); is(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), true); fails(() => crypto.getRandomValues(new Uint8Array(65537)), "QuotaExceededError"); fails(() => new Crypto(), "TypeError");`,
  CryptoKey: `const k = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]); is(k instanceof CryptoKey, true); is([k.type, k.extractable, k.algorithm.name, k.usages.join()].join(), "secret,true,AES-GCM,encrypt"); fails(() => new CryptoKey(), "TypeError");`,
  CustomEvent: `let got; const t = new EventTarget(); t.addEventListener("x", (e) => { got = e.detail; }); t.dispatchEvent(new CustomEvent("x", { detail: { a: 1 } })); is(got.a, 1); is(new CustomEvent("y").detail, null);`,
  DecompressionStream: `for (const format of ["gzip", "deflate", "deflate-raw"]) is(await new Response(new Blob(["round trip"]).stream().pipeThrough(new CompressionStream(format)).pipeThrough(new DecompressionStream(format))).text(), "round trip"); await rejects(new Response(new Blob(["no gzip at all"]).stream().pipeThrough(new DecompressionStream("gzip"))).text(), "TypeError");`,
  DOMException: `const e = new DOMException("m", "NotFoundError"); is([e.name, e.message, e.code, e instanceof Error, DOMException.NOT_FOUND_ERR].join(), "NotFoundError,m,8,true,8"); is(new DOMException().name, "Error");`,
  ErrorEvent: `const error = new Error("e"); const e = new ErrorEvent("error", { message: "m", filename: "f", lineno: 1, colno: 2, error }); is([e.message, e.filename, e.lineno, e.colno, e.error === error].join(), "m,f,1,2,true");`,
  Event: `const e = new Event("t", { bubbles: true, cancelable: true }); is([e.type, e.bubbles, e.cancelable, e.defaultPrevented, e.isTrusted, e.eventPhase, e.composed].join(), "t,true,true,false,false,0,false"); e.preventDefault(); is(e.defaultPrevented, true); is(e.timeStamp >= 0, true);`,
  EventTarget: `const seen = []; class T extends EventTarget {} const t = new T(); const both = (e) => seen.push(e.target === t); t.addEventListener("x", both, { once: true }); t.addEventListener("x", { handleEvent() { seen.push("object"); } }); t.addEventListener("x", (e) => { e.stopImmediatePropagation(); e.preventDefault(); }); t.addEventListener("x", () => seen.push("never")); is(t.dispatchEvent(new Event("x", { cancelable: true })), false); t.dispatchEvent(new Event("x")); t.removeEventListener("x", both); is(seen.join(), "true,object,object"); is(globalThis instanceof EventTarget, true);`,
  File: `const f = new File(["abc"], "n.txt", { type: "text/x", lastModified: 7 }); is([f.name, f.size, f.type, f.lastModified, f instanceof Blob].join(), "n.txt,3,text/x,7,true");`,
  FormData: `const f = new FormData(); f.append("a", "1"); f.append("a", "2"); f.set("f", new Blob(["x"]), "n"); is(f.getAll("a").join(), "1,2"); is(f.get("f").name, "n"); f.delete("a"); is(f.has("a"), false); const back = await new Response(f).formData(); is(await back.get("f").text(), "x"); is([...back.keys()].join(), "f");`,
  Headers: `const h = new Headers({ B: " 1 " }); h.append("a", "x"); h.append("A", "y"); h.append("set-cookie", "c=1"); h.append("set-cookie", "d=2"); is(JSON.stringify([...h]), '[["a","x, y"],["b","1"],["set-cookie","c=1"],["set-cookie","d=2"]]'); is(h.getSetCookie().length, 2); h.delete("b"); is(h.get("b"), null); fails(() => h.set("a b", "c"), "TypeError");`,
  MessageChannel: `const { port1, port2 } = new MessageChannel(); const got = new Promise((resolve) => { port2.onmessage = (e) => resolve(e.data); }); const bytes = new Uint8Array([1, 2]); port1.postMessage({ m: new Map([[1, bytes]]) }, [bytes.buffer]); is((await got).m.get(1)[1], 2); is(bytes.length, 0);`,
  MessageEvent: `const e = new MessageEvent("message", { data: 5, origin: "https://o.example", lastEventId: "9" }); is([e.data, e.origin, e.lastEventId, e.source, e.ports.length].join(), "5,https://o.example,9,,0");`,
  MessagePort: `const { port1, port2 } = new MessageChannel(); is(port1 instanceof MessagePort, true); is(port1 instanceof EventTarget, true); const order = []; port2.addEventListener("message", (e) => order.push(e.data)); port1.postMessage(1); port1.postMessage(2); port2.start(); await new Promise((resolve) => setTimeout(resolve, 5)); is(order.join(), "1,2"); port1.close(); fails(() => new MessagePort(), "TypeError");`,
  Performance: `is(performance instanceof Performance, true); is(typeof performance.now(), "number"); is(performance.toJSON().timeOrigin, performance.timeOrigin); is(performance instanceof EventTarget, true);`,
  PromiseRejectionEvent: `const promise = Promise.resolve(); const e = new PromiseRejectionEvent("unhandledrejection", { promise, reason: 1 }); is(e.promise === promise, true); is(e.reason, 1); fails(() => new PromiseRejectionEvent("x", {}), "TypeError");`,
  ReadableByteStreamController: `let c; new ReadableStream({ type: "bytes", start(controller) { c = controller; } }, { highWaterMark: 5 }); is(c instanceof ReadableByteStreamController, true); is(c.desiredSize, 5); c.enqueue(new Uint8Array(2)); is(c.desiredSize, 3); c.error(new Error()); is(c.desiredSize, null);`,
  ReadableStream: `const s = ReadableStream.from([1, 2, 3]); const [a, b] = s.tee(); let sum = 0; for await (const x of a) sum += x; is(sum, 6); const out = []; await b.pipeTo(new WritableStream({ write(x) { out.push(x); } })); is(out.join(), "1,2,3"); is(s.locked, true); let why; await new ReadableStream({ cancel(reason) { why = reason; } }).cancel("r"); is(why, "r");`,
  ReadableStreamBYOBReader: `const s = new ReadableStream({ type: "bytes", pull(c) { c.enqueue(new Uint8Array([1, 2, 3])); c.close(); } }); const r = new ReadableStreamBYOBReader(s); const { value } = await r.read(new Uint8Array(2)); is(value.join(), "1,2"); is((await r.read(new Uint8Array(2))).value.join(), "3"); r.releaseLock(); is(s.locked, false);`,
  ReadableStreamBYOBRequest: `let type; const s = new ReadableStream({ type: "bytes", pull(c) { type = c.byobRequest instanceof ReadableStreamBYOBRequest; c.byobRequest.view[0] = 7; c.byobRequest.respond(1); } }); is((await s.getReader({ mode: "byob" }).read(new Uint8Array(4))).value.join(), "7"); is(type, true);`,
  ReadableStreamDefaultController: `let c; const s = new ReadableStream({ start(controller) { c = controller; } }); is(c instanceof ReadableStreamDefaultController, true); is(c.desiredSize, 1); c.enqueue("x"); is(c.desiredSize, 0); c.close(); const r = s.getReader(); is((await r.read()).value, "x"); is((await r.read()).done, true);`,
  ReadableStreamDefaultReader: `const s = ReadableStream.from(["a"]); const r = new ReadableStreamDefaultReader(s); is((await r.read()).value, "a"); is((await r.read()).done, true); await r.closed; r.releaseLock(); await rejects(r.read(), "TypeError");`,
  Request: `const r = new Request("https://r.example/p?q#f", { method: "put", body: '{"a":1}', headers: { "x-a": "b" }, redirect: "manual" }); is([r.method, r.url, r.headers.get("x-a"), r.redirect, r.bodyUsed].join(), "PUT,https://r.example/p?q#f,b,manual,false"); const c = r.clone(); is((await r.json()).a, 1); is(r.bodyUsed, true); is(await new Request(c, { method: "POST" }).text(), '{"a":1}'); fails(() => new Request("https://u:p@x/"), "TypeError"); is(r.signal instanceof AbortSignal, true);`,
  Response: `const r = new Response("body", { status: 201, statusText: "Made", headers: { a: "b" } }); is([r.status, r.ok, r.statusText, r.headers.get("content-type"), await r.clone().text(), (await r.bytes()).length].join(), "201,true,Made,text/plain;charset=UTF-8,body,4"); is(Response.json({ a: 1 }).headers.get("content-type"), "application/json"); is(Response.redirect("https://x/", 303).status, 303); is(Response.error().type, "error"); fails(() => new Response("", { status: 99 }), "RangeError");`,
  SubtleCrypto: `is(crypto.subtle instanceof SubtleCrypto, true); const d = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc"))); is(d.subarray(0, 4).join(), "186,120,22,191"); const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]); const how = { name: "ECDSA", hash: "SHA-256" }; const sig = await crypto.subtle.sign(how, privateKey, d); is(await crypto.subtle.verify(how, publicKey, sig, d), true); await rejects(crypto.subtle.digest("nope", d), "NotSupportedError");`,
  TextDecoder: `is(new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac])), "\u20ac"); is(new TextDecoder("windows-1252").decode(new Uint8Array([0x80])), "\u20ac"); is(new TextDecoder("shift_jis").encoding, "shift_jis"); fails(() => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])), "TypeError"); fails(() => new TextDecoder("x-none"), "RangeError"); const d = new TextDecoder(); is(d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + d.decode(new Uint8Array([0xac])), "\u20ac");`,
  TextDecoderStream: `is((await new Response(ReadableStream.from([new Uint8Array([0xe2]), new Uint8Array([0x82, 0xac])]).pipeThrough(new TextDecoderStream()).pipeThrough(new TextEncoderStream())).text()), "\u20ac"); is(new TextDecoderStream("utf-16le").encoding, "utf-16le");`,
  TextEncoder: `is(new TextEncoder().encode("\u20ac\\ud800").join(), "226,130,172,239,191,189"); const into = new Uint8Array(4); const { read, written } = new TextEncoder().encodeInto("\u20ac\u20ac", into); is([read, written, into.join()].join("|"), "1|3|226,130,172,0");`,
  TextEncoderStream: `const parts = []; for await (const part of ReadableStream.from(["\\ud83d", "\\ude00"]).pipeThrough(new TextEncoderStream())) parts.push(...part); is(parts.join(), "240,159,152,128");`,
  TransformStream: `const t = new TransformStream({ transform(x, c) { c.enqueue(x * 2); }, flush(c) { c.enqueue("end"); } }); const out = []; for await (const x of ReadableStream.from([1, 2]).pipeThrough(t)) out.push(x); is(out.join(), "2,4,end");`,
  TransformStreamDefaultController: `let c; const t = new TransformStream({ start(controller) { c = controller; } }); is(c instanceof TransformStreamDefaultController, true); is(c.desiredSize, 0); c.terminate(); is((await t.readable.getReader().read()).done, true);`,
  URL: `const u = new URL("../b?x=1#y", "https://u:p@h\u00e9.example:8443/a/c/"); is(u.href, "https://u:p@xn--h-bga.example:8443/a/b?x=1#y"); u.searchParams.append("z", "\u00e9"); is(u.search, "?x=1&z=%C3%A9"); u.port = "443"; is(u.host, "xn--h-bga.example"); is(URL.canParse("nope"), false); is(URL.parse("nope"), null); fails(() => new URL("http://["), "TypeError");`,
  URLPattern: `const p = new URLPattern({ pathname: "/files/:name.:ext(png|jpg)" }); is(p.test("https://x/files/a.png"), true); is(p.test("https://x/files/a.gif"), false); is(JSON.stringify(p.exec("https://x/files/a.jpg").pathname.groups), '{"name":"a","ext":"jpg"}'); is(new URLPattern("https://*.example/*").hostname, "*.example");`,
  URLSearchParams: `const p = new URLSearchParams("b=2&a=1&b=3+4"); p.sort(); is(String(p), "a=1&b=2&b=3+4"); is(p.getAll("b")[1], "3 4"); p.delete("b", "2"); is(p.size, 2); is(p.has("b", "3 4"), true); is(new URLSearchParams({ q: "&" }).toString(), "q=%26");`,
  "WebAssembly.Global": `const g = new WebAssembly.Global({ value: "i64", mutable: true }, 5n); g.value = 6n; is(g.value, 6n); fails(() => { new WebAssembly.Global({ value: "i32" }, 1).value = 2; }, "TypeError");`,
  "WebAssembly.Instance": `const i = new WebAssembly.Instance(new WebAssembly.Module(WASM), { m: { f: (x) => x + 1 } }); is(i.exports.twice(4), 10);`,
  "WebAssembly.Memory": `const m = new WebAssembly.Memory({ initial: 1, maximum: 3 }); is(m.buffer.byteLength, 65536); is(m.grow(1), 1); is(m.buffer.byteLength, 131072); fails(() => m.grow(5), "RangeError");`,
  "WebAssembly.Module": `const m = new WebAssembly.Module(WASM); is(JSON.stringify(WebAssembly.Module.exports(m)), '[{"name":"twice","kind":"function"}]'); is(WebAssembly.Module.imports(m)[0].module, "m"); is(WebAssembly.Module.customSections(m, "none").length, 0);`,
  "WebAssembly.Table": `const t = new WebAssembly.Table({ element: "anyfunc", initial: 2 }); is(t.get(0), null); is(t.grow(1), 2); is(t.length, 3);`,
  "WebAssembly.Tag": `const t = new WebAssembly.Tag({ parameters: ["i32"] }); is(t instanceof WebAssembly.Tag, true); fails(() => new WebAssembly.Tag({}), "TypeError");`,
  "WebAssembly.Exception": `const t = new WebAssembly.Tag({ parameters: ["i32", "f64"] }); const e = new WebAssembly.Exception(t, [7, 1.5]); is(e.is(t), true); is(e.getArg(t, 0), 7); is(e.getArg(t, 1), 1.5); is(e.is(new WebAssembly.Tag({ parameters: [] })), false);`,
  "WebAssembly.CompileError": `fails(() => new WebAssembly.Module(new Uint8Array([1, 2, 3])), "CompileError"); is(new WebAssembly.CompileError("m") instanceof Error, true);`,
  "WebAssembly.LinkError": `fails(() => new WebAssembly.Instance(new WebAssembly.Module(WASM), { m: { f: 1 } }), "LinkError"); is(new WebAssembly.LinkError("m") instanceof Error, true);`,
  "WebAssembly.RuntimeError": `fails(() => new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 116, 0, 0, 10, 5, 1, 3, 0, 0, 11]))).exports.t(), "RuntimeError");`,
  WritableStream: `const out = []; const s = new WritableStream({ write(x) { out.push(x); }, close() { out.push("closed"); } }); const w = s.getWriter(); await w.write(1); w.releaseLock(); await s.close(); is(out.join(), "1,closed"); let why; await new WritableStream({ abort(reason) { why = reason; } }).abort("r"); is(why, "r");`,
  WritableStreamDefaultController: `let c; const s = new WritableStream({ start(controller) { c = controller; } }); is(c instanceof WritableStreamDefaultController, true); is(c.signal.aborted, false); const aborted = s.abort("x"); is(c.signal.reason, "x"); await aborted;`,
  WritableStreamDefaultWriter: `const s = new WritableStream({}, { highWaterMark: 2 }); const w = new WritableStreamDefaultWriter(s); is(w.desiredSize, 2); w.write("a"); is(w.desiredSize, 1); await w.ready; await w.close(); await w.closed; is(s.locked, true);`,
};

const PROPERTIES = {
  globalThis: `is(globalThis.globalThis === globalThis, true);`,
  atob: `is(atob(" YWJ j"), "abc"); fails(() => atob("a"), "InvalidCharacterError");`,
  btoa: `is(btoa("\u00ff"), "/w=="); fails(() => btoa("\u20ac"), "InvalidCharacterError");`,
  clearTimeout: `let ran = false; const t = setTimeout(() => { ran = true; }, 1); clearTimeout(t); clearTimeout(undefined); await new Promise((resolve) => setTimeout(resolve, 8)); is(ran, false);`,
  clearInterval: `let n = 0; await new Promise((resolve) => { const t = setInterval(() => { if (++n === 3) { clearInterval(t); setTimeout(resolve, 8); } }, 1); }); is(n, 3);`,
  console: `for (const name of ["assert", "clear", "count", "countReset", "debug", "dir", "dirxml", "error", "group", "groupCollapsed", "groupEnd", "info", "log", "table", "time", "timeEnd", "timeLog", "trace", "warn"]) is(typeof console[name], "function"); console.log("%s is %d", "x", 1);`,
  crypto: `is(crypto === globalThis.crypto, true); is(typeof crypto.subtle.sign, "function");`,
  fetch: `is(await (await fetch("data:text/plain,hello%20there")).text(), "hello there"); await rejects(fetch("https://blocked.example/"), "Error"); await rejects(fetch("gopher://x/"), "TypeError");`,
  "navigator.userAgent": `is(/^[!#$%&'*+.^_|~0-9A-Za-z-]+(\\/[!#$%&'*+.^_|~0-9A-Za-z-]+)?$/.test(navigator.userAgent), true);`,
  onerror: `is(onerror, null); let args; onerror = (...all) => { args = all; return true; }; const error = new TypeError("told"); reportError(error); is(args.length, 5); is(args[0], "Uncaught TypeError: told"); is(args[4] === error, true); let event; const listener = (e) => { event = e; e.preventDefault(); }; onerror = null; addEventListener("error", listener); setTimeout(() => { throw error; }, 1); await new Promise((resolve) => setTimeout(resolve, 8)); is(event instanceof ErrorEvent, true); is(event.error === error, true); removeEventListener("error", listener);`,
  onunhandledrejection: `is(onunhandledrejection, null); const heard = new Promise((resolve) => { onunhandledrejection = (e) => { e.preventDefault(); resolve(e); }; }); const p = Promise.reject("reason"); const e = await heard; is(e instanceof PromiseRejectionEvent, true); is(e.promise === p, true); is(e.reason, "reason"); onunhandledrejection = null;`,
  onrejectionhandled: `is(onrejectionhandled, null); onunhandledrejection = (e) => e.preventDefault(); const heard = new Promise((resolve) => { onrejectionhandled = resolve; }); const p = Promise.reject("late"); setTimeout(() => p.catch(() => {}), 5); const e = await heard; is(e.type, "rejectionhandled"); is(e.promise === p, true); is(e.reason, "late"); onunhandledrejection = null;`,
  performance: `is(performance.now() >= 0, true); is(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1000, true);`,
  queueMicrotask: `const order = []; queueMicrotask(() => order.push(2)); order.push(1); await null; is(order.join(), "1,2"); fails(() => queueMicrotask(), "TypeError");`,
  reportError: `let seen; const listener = (e) => { seen = e.error; e.preventDefault(); }; addEventListener("error", listener); reportError("not an error"); is(seen, "not an error"); removeEventListener("error", listener); fails(() => reportError(), "TypeError");`,
  self: `is(self === globalThis, true);`,
  setTimeout: `const order = []; await new Promise((resolve) => { setTimeout((a, b) => { order.push(a, b); resolve(); }, 3, "x", "y"); setTimeout(() => order.push("first"), 1); }); is(order.join(), "first,x,y");`,
  setInterval: `let got; await new Promise((resolve) => { const t = setInterval((a) => { got = a; clearInterval(t); resolve(); }, 1, "arg"); }); is(got, "arg");`,
  structuredClone: `const o = { d: new Date(5), m: new Map([[1, new Set([2])]]), r: /x/g, e: new RangeError("e"), b: new Uint8Array([1]), n: 5n }; o.self = o; const c = structuredClone(o); is(c.self === c, true); is([c.d.getTime(), c.m.get(1).has(2), String(c.r), c.e instanceof RangeError, c.b[0], String(c.n)].join(), "5,true,/x/g,true,1,5"); const b = new ArrayBuffer(4); is(structuredClone(b, { transfer: [b] }).byteLength, 4); is(b.byteLength, 0); fails(() => structuredClone(() => {}), "DataCloneError");`,
  "WebAssembly.compile": `is(await WebAssembly.compile(WASM) instanceof WebAssembly.Module, true); await rejects(WebAssembly.compile(new Uint8Array(3)), "CompileError");`,
  "WebAssembly.compileStreaming": `const r = () => new Response(WASM, { headers: { "content-type": "application/wasm" } }); is(await WebAssembly.compileStreaming(r()) instanceof WebAssembly.Module, true); is(await WebAssembly.compileStreaming(Promise.resolve(r())) instanceof WebAssembly.Module, true); await rejects(WebAssembly.compileStreaming(new Response(WASM)), "TypeError"); await rejects(WebAssembly.compileStreaming(WASM), "TypeError");`,
  "WebAssembly.instantiate": `const { module, instance } = await WebAssembly.instantiate(WASM, { m: { f: (x) => -x } }); is(instance.exports.twice(3), -6); is((await WebAssembly.instantiate(module, { m: { f: (x) => x } })).exports.twice(1), 2);`,
  "WebAssembly.instantiateStreaming": `const { instance } = await WebAssembly.instantiateStreaming(new Response(WASM, { headers: { "content-type": "application/wasm" } }), { m: { f: (x) => x } }); is(instance.exports.twice(21), 42);`,
  "WebAssembly.JSTag": `is(WebAssembly.JSTag instanceof WebAssembly.Tag, true);`,
  "WebAssembly.validate": `is(WebAssembly.validate(WASM), true); is(WebAssembly.validate(new Uint8Array([0, 97])), false);`,
};

// Errors are told apart by name: a TypeError, a DOMException of that name, a CompileError.
const HELPERS = `const WASM = new Uint8Array(${WASM});
  const is = (a, b) => { if (!Object.is(a, b)) throw new Error("is " + String(a) + " (" + typeof a + "), not " + String(b)); };
  const named = (error, name) => { if (error?.name !== name) throw new Error("threw " + error?.name + ": " + error?.message + ", not " + name); };
  const fails = (call, name) => { let error; try { call(); } catch (e) { error = e; } if (error === undefined) throw new Error("did not throw " + name); named(error, name); };
  const rejects = async (promise, name) => { let error; try { await promise; } catch (e) { error = e; } if (error === undefined) throw new Error("did not reject with " + name); named(error, name); };`;

// One run for all entries: each is a function of its own, awaited in turn.
async function check(table) {
  const entries = Object.entries(table).map(([name, body]) => `[${JSON.stringify(name)}, async () => { ${body} }]`);
  const answer = await daemon.run(`${HELPERS} const entries = [${entries.join(",\n")}];
    export default { async fetch() { const out = {}; for (const [name, run] of entries) { try { await run(); out[name] = "ok"; } catch (e) { out[name] = e.name + ": " + e.message; } } return Response.json(out); } };`);
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  assert.deepEqual(answer.exceptions, []);
  return JSON.parse(answer.response.body);
}

for (const [title, table] of [["interfaces", INTERFACES], ["methods and properties of the global object", PROPERTIES]]) {
  test(title, async (t) => {
    const results = await check(table);
    for (const name of Object.keys(table)) await t.test(name, () => assert.equal(results[name], "ok"));
  });
}

test("interfaces are exposed as Web IDL has it", async () => {
  const names = Object.keys(INTERFACES).filter((name) => !name.startsWith("WebAssembly."));
  const answer = await daemon.run(`export default { fetch() { return Response.json(${JSON.stringify(names)}.filter((name) => { const d = Object.getOwnPropertyDescriptor(globalThis, name);
    return !(typeof d?.value === "function" && d.writable && !d.enumerable && d.configurable && d.value.name === name && d.value.prototype[Symbol.toStringTag] === name); })); } };`);
  assert.deepEqual(JSON.parse(answer.response.body), []);
});

test("the global object is an EventTarget before anybody names that class", async () => {
  const answer = await daemon.run(`export default { fetch() { let n = 0; addEventListener("x", () => n++); dispatchEvent(new Event("x")); return new Response(String(n)); } };`);
  assert.equal(answer.response.body, "1");
});
