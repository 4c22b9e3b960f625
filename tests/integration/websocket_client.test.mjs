// websocket_client.test.mjs - WebSockets from a worker to other servers: new WebSocket() and fetch() with an Upgrade header, through the
// daemon's outbound. https://websockets.spec.whatwg.org/  https://www.rfc-editor.org/rfc/rfc6455
import { test, before, after } from "node:test";
import { Daemon, DATE, worker, assert } from "../lib/mayfly.mjs";
import { Authority, closeAll, httpServer, httpsServer, policy, rule } from "../lib/upstream.mjs";
import { acceptOf, frame, serveWebSockets } from "../lib/websocket.mjs";

let daemon, ca;
before(async () => {
  ca = new Authority();
  daemon = await Daemon.start({ config: { outbound: { caFile: ca.file } } });
});
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
const closing = (code, reason = "") => Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);

// A server whose sockets do what onSocket says, and the url of it.
async function server(onSocket, options) {
  const made = serveWebSockets(await httpServer(async (request, response) => { await made.until?.(); response.end("plain"); }), onSocket, options);
  made.ws = made.url.replace("http", "ws");
  return made;
}
const echo = (link) => ({ frame: ({ opcode, payload }) => link.send(opcode, payload) });

// What |body| pushes to |out|; `events(socket)` logs them and resolves at the close.
async function run(body, { outbound = policy(), limits = { wallMs: 15000 } } = {}) {
  const answer = await daemon.run(worker(`const out = [];
    const events = (socket) => new Promise((resolve) => { for (const type of ["open", "message", "error"]) socket.addEventListener(type, (e) => out.push(type === "message" ? e.data : type === "error" ? "error: " + e.message : type)); socket.addEventListener("close", (e) => { out.push([e.code, e.reason, e.wasClean]); resolve(); }); });
    const opened = (socket) => new Promise((resolve, reject) => { socket.addEventListener("open", resolve); socket.addEventListener("error", (e) => reject(e.error)); });
    const next = (socket) => new Promise((resolve) => socket.addEventListener("message", (e) => resolve(e.data), { once: true }));
    ${body}; return Response.json(out);`), { code: { globalOutbound: outbound }, limits });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  assert.deepEqual(answer.exceptions, []);
  return JSON.parse(answer.response.body);
}

test("texts and bytes there and back, in order, and a clean close", async () => {
  const target = await server(echo);
  assert.deepEqual(await run(`const socket = new WebSocket("${target.ws}/chat?x=1"); socket.binaryType = "arraybuffer"; const over = events(socket); out.push(socket.readyState); await opened(socket); out.push(socket.readyState, socket.url, socket.protocol, socket.extensions);
    socket.send("h\u00e9llo \u20ac"); out.push(await next(socket)); out.pop(); socket.send(new Uint8Array([1, 2, 255])); const bytes = await next(socket); out.pop(); out.push([...new Uint8Array(bytes)]); socket.send(""); await next(socket); socket.send(new Blob(["blob"])); out.pop(); out.push(new TextDecoder().decode(await next(socket))); out.splice(out.length - 2, 1); socket.close(4001, "bye"); out.push(socket.readyState); await over; out.push(socket.readyState);`),
  [0, "open", 1, `${target.ws}/chat?x=1`, "", "", "h\u00e9llo \u20ac", [1, 2, 255], "blob", 2, [4001, "bye", true], 3]);
  const [{ method, url, headers }] = target.upgrades;
  assert.deepEqual([method, url, headers.upgrade, headers.connection, headers["sec-websocket-version"], Buffer.from(headers["sec-websocket-key"], "base64").length, headers["sec-websocket-extensions"], headers["transfer-encoding"], headers["content-length"]], ["GET", "/chat?x=1", "websocket", "Upgrade", "13", 16, undefined, undefined, undefined]);
});

test("every frame of ours is masked, each anew; sizes around the lengths' forms", async () => {
  const seen = [];
  const target = await server((link) => ({ frame: (one) => { seen.push(one); link.send(one.opcode, one.payload); } }));
  const sizes = [0, 1, 125, 126, 127, 65535, 65536, 200000];
  assert.deepEqual(await run(`const socket = new WebSocket("${target.ws}/"); socket.binaryType = "arraybuffer"; await opened(socket); for (const size of ${JSON.stringify(sizes)}) { const sent = new Uint8Array(size).map((_, i) => i * 7); socket.send(sent); const got = new Uint8Array(await next(socket)); out.push(got.length === size && got.every((byte, i) => byte === sent[i])); } socket.close(); out.push(socket.bufferedAmount >= 0);`), [...sizes.map(() => true), true]);
  assert.ok(seen.every((one) => one.masked && one.fin && one.rsv === 0));
  assert.deepEqual(seen.slice(0, sizes.length).map((one) => one.payload.length), sizes);
});

test("messages in fragments and in bytes one by one, pings between them", async () => {
  const pongs = [];
  const target = await server((link) => {
    const bytes = Buffer.concat([frame(TEXT, "frag", { fin: false }), frame(PING, "are you there"), frame(0, Buffer.from("ment\u20ac").subarray(0, 5), { fin: false }), frame(PONG, "unasked"), frame(0, Buffer.from("ment\u20ac").subarray(5)), frame(BINARY, Buffer.alloc(0), { fin: false }), frame(0, "end"), frame(TEXT, "whole"), frame(CLOSE, closing(3000, "done"))]);
    let at = 0;
    const step = () => { if (at < bytes.length) { link.raw(bytes.subarray(at, ++at)); setImmediate(step); } };
    step();
    return { frame: (one) => { pongs.push([one.opcode, String(one.payload)]); if (pongs.length === 2) both.resolve(); } };
  });
  const both = {};
  const all = new Promise((resolve) => { both.resolve = resolve; });
  target.until = () => all;
  assert.deepEqual(await run(`const socket = new WebSocket("${target.ws}/"); socket.binaryType = "arraybuffer"; socket.addEventListener("message", (e) => { if (typeof e.data !== "string") out.push(e.data.byteLength); }); await events(socket); out.splice(out.findIndex((x) => typeof x === "object"), 1); await fetch("${target.url}/");`), ["open", "fragment\u20ac", 3, "whole", [3000, "done", true]]);
  assert.deepEqual(pongs, [[PONG, "are you there"], [CLOSE, String(closing(3000, "done"))]]);
});

test("fetch() with an Upgrade header gives a Response with the socket, as on Cloudflare", async () => {
  const target = await server(echo, { headers: () => ["x-more: yes"] });
  assert.deepEqual(await run(`const response = await fetch("${target.url}/f", { headers: { Upgrade: "websocket", "x-mine": "1" } }); const socket = response.webSocket; out.push(response.status, response.headers.get("x-more"), response.body, socket instanceof WebSocket, socket.readyState);
    try { socket.send("x"); } catch (e) { out.push(e.name); } const over = events(socket); socket.accept(); socket.send("one"); await next(socket); socket.close(1000, "ok"); await over; out.push((await fetch("${target.url}/")).webSocket);`),
  [101, "yes", null, true, 1, "TypeError", "one", [1000, "ok", true], null]);
  assert.equal(target.upgrades[0].headers["x-mine"], "1");
});

test("subprotocols: one that was offered, or the connection fails", async () => {
  const choose = (value) => server(echo, { headers: () => (value === null ? [] : [`Sec-WebSocket-Protocol: ${value}`]) });
  const [right, wrong, none] = [await choose("b"), await choose("c"), await choose(null)];
  assert.deepEqual(await run(`for (const [url, protocols] of [["${right.ws}", ["a", "b"]], ["${wrong.ws}", ["a", "b"]], ["${none.ws}", "a"], ["${right.ws}", []], ["${none.ws}", []]]) { const socket = new WebSocket(url, protocols); try { await opened(socket); out.push(socket.protocol); socket.close(); } catch (e) { out.push(e.message); } }`),
    ["b", ...Array(3).fill("The server chose none of the subprotocols that were offered."), ""]);
  assert.equal(right.upgrades[0].headers["sec-websocket-protocol"], "a, b");
});

test("the policy judges it, and its credentials are added outside of the sandbox", async () => {
  const secure = async (onSocket) => { const made = serveWebSockets(await httpsServer(ca, (request, response) => response.end(), { version: 1 }), onSocket); made.ws = made.url.replace("https", "wss"); return made; };
  const target = await secure((link) => { link.send(TEXT, `got ${link.request.headers.authorization}`.replace(/secret-token-[a-z]+/, "a token")); return {}; });
  const put = async (what, body) => { const response = await fetch(`${daemon.url}/v1/${what}`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }); assert.ok(response.ok, await response.text()); };
  await put("secrets/ws", { kind: "bearer", token: "secret-token-abcdefghij", hosts: ["localhost:*"] });
  await put("workers/some", { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": "export default { fetch: () => new Response() }" } });
  const inject = policy(rule({ match: { host: ["localhost"] }, action: { inject: [{ secret: "ws" }] }, rule: { allowHttp: undefined } }));
  assert.deepEqual(await run(`const socket = new WebSocket("${target.ws}/"); out.push(await next(socket)); socket.close();`, { outbound: inject }), ["got Bearer a token"]);
  assert.equal(target.upgrades[0].headers.authorization, "Bearer secret-token-abcdefghij");
  const telling = await secure((link) => { link.send(TEXT, "fine"); link.send(TEXT, `you sent ${link.request.headers.authorization}`); return {}; });
  const told = await run(`const socket = new WebSocket("${telling.ws}/"); await events(socket);`, { outbound: inject });
  assert.ok(!JSON.stringify(told).includes("secret-token"), JSON.stringify(told));
  assert.deepEqual(told.at(-1), [1006, "", false]);
  assert.deepEqual(await run(`const socket = new WebSocket("${target.ws}/"); await events(socket);`, { outbound: { rules: [{ match: { host: ["*"], port: "*" }, action: "deny" }] } }), ["error: Fetching from localhost is not permitted.", [1006, "", false]]);
  const handed = policy(rule({ action: { interceptor: { worker: "some" } }, rule: { addresses: undefined } }));
  assert.deepEqual(await run(`const socket = new WebSocket("${target.ws}/"); await events(socket);`, { outbound: handed }), ["error: A WebSocket to localhost cannot be opened with this request.", [1006, "", false]]);
});

test("over TLS", async () => {
  const target = serveWebSockets(await httpsServer(ca, (request, response) => response.end(), { version: 1 }), echo);
  assert.deepEqual(await run(`const socket = new WebSocket("${target.url.replace("https", "wss")}/"); const over = events(socket); await opened(socket); socket.send("secret"); await next(socket); socket.close(); await over;`), ["open", "secret", [1005, "", true]]);
  for (const end of [(link) => link.end(), (link) => setTimeout(() => link.socket.destroy(), 20), (link) => setTimeout(() => link.end(), 20)]) {
    const ending = serveWebSockets(await httpsServer(ca, (request, response) => response.end(), { version: 1 }), (link) => { link.send(TEXT, "last"); end(link); });
    assert.deepEqual(await run(`await events(new WebSocket("${ending.url.replace("https", "wss")}/"));`), ["open", "last", [1006, "", false]]);
  }
});

test("a server that does not agree", async () => {
  const [refuses, lies, plain] = [await server(echo, { status: 403 }), await server(echo, { accept: () => acceptOf("another key") }), await httpServer((request, response) => response.end("no upgrade"))];
  assert.deepEqual(await run(`for (const url of ["${refuses.ws}", "${lies.ws}", "${plain.url}", "ws://127.0.0.1:1"]) await events(new WebSocket(url)); const response = await fetch("${refuses.url}/", { headers: { upgrade: "websocket" } }); out.push(response.status, response.webSocket, await response.text());`),
    ["error: The server did not accept the WebSocket: it answered with status 403.", [1006, "", false], "error: 127.0.0.1 sent an answer that is not valid HTTP.", [1006, "", false], "error: The server did not accept the WebSocket: it answered with status 200.", [1006, "", false], "error: No connection to 127.0.0.1 could be made.", [1006, "", false], 403, null, "no"]);
});

test("a server that breaks the protocol is told so, and the connection ends", async () => {
  const cases = {
    "a masked frame": frame(TEXT, "x", { mask: true }), "a reserved bit": frame(TEXT, "x", { rsv: 4 }), "an opcode that is none": frame(3, "x"), "a fragmented ping": frame(PING, "x", { fin: false }), "a long ping": frame(PING, Buffer.alloc(126)),
    "a continuation of nothing": frame(0, "x"), "a message inside a message": Buffer.concat([frame(TEXT, "x", { fin: false }), frame(TEXT, "y")]), "text that is none": frame(TEXT, Buffer.from([0xff])), "a code that is none": frame(CLOSE, closing(1005)), "half a code": frame(CLOSE, Buffer.from([3])), "a reason that is none": frame(CLOSE, Buffer.from([3, 232, 0xff])),
    "a message of 2^63 bytes": Buffer.from([0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255]),
  };
  const codes = {};
  let tell;
  const target = await server((link) => { const name = decodeURIComponent(link.request.url.slice(1)); link.raw(cases[name]); return { frame: (one) => { if (one.opcode === CLOSE) { codes[name] = one.payload.readUInt16BE(0); link.end(); if (Object.keys(codes).length === Object.keys(cases).length) tell(); } } }; });
  const told = new Promise((resolve) => { tell = resolve; });
  target.until = () => told;
  const out = await run(`for (const name of ${JSON.stringify(Object.keys(cases))}) { const socket = new WebSocket("${target.ws}/" + encodeURIComponent(name)); await events(socket); out.push(socket.readyState); } await fetch("${target.url}/");`);
  for (const [i, name] of Object.keys(cases).entries()) {
    const [open, error, close, state] = out.slice(4 * i, 4 * i + 4);
    assert.deepEqual([open, close, state], ["open", [1006, "", false], 3], name);
    assert.match(error, /^error: The server /, name);
  }
  assert.deepEqual(Object.values(codes), [1002, 1002, 1002, 1002, 1002, 1002, 1002, 1007, 1002, 1002, 1007, 1009]);
});

test("a connection that just ends, whatever the worker is doing", async () => {
  const ends = await server((link) => { link.send(TEXT, "last"); link.end(); return {}; });
  const breaks = await server((link) => ({ frame: () => link.socket.resetAndDestroy() }));
  assert.deepEqual(await run(`await events(new WebSocket("${ends.ws}")); const socket = new WebSocket("${breaks.ws}"); const over = events(socket); await opened(socket); socket.send("x"); await over; out.push(socket.readyState); try { socket.send("y"); } catch (e) { out.push(e.name); }`),
    ["open", "last", [1006, "", false], "open", [1006, "", false], 3, "TypeError"]);
});

test("what a worker sends waits for a server that does not read, and what it does not wait for is dropped with the run", async () => {
  let paused;
  const slow = await server((link) => { link.socket.pause(); paused = link.socket; return {}; });
  const out = await run(`const socket = new WebSocket("${slow.ws}"); await opened(socket); for (let i = 0; i < 40; i++) socket.send(new Uint8Array(1 << 18)); await scheduler.wait(100); out.push(socket.bufferedAmount > 1 << 20);`, { limits: { wallMs: 15000, cpuMs: 5000 } });
  assert.deepEqual(out, [true]);
  await new Promise((resolve) => (paused.destroyed ? resolve() : paused.on("end", resolve).on("close", resolve).resume()));
});

test("floods in both directions, through every buffer on the way", async () => {
  let got = 0;
  const target = await server((link) => {
    for (let i = 0; i < 60; i++) link.send(BINARY, Buffer.alloc(200000, i));
    return { frame: ({ opcode, payload }) => { if (opcode === BINARY && (got += payload.length) === 12000000) link.send(TEXT, "all"); } };
  });
  assert.deepEqual(await run(`const socket = new WebSocket("${target.ws}"); socket.binaryType = "arraybuffer"; let bytes = 0, wrong = 0, messages = 0; const all = new Promise((resolve) => socket.addEventListener("message", (e) => { if (e.data === "all") resolve(); else { bytes += e.data.byteLength; const view = new Uint8Array(e.data); if (view[0] !== messages || view[199999] !== messages) wrong++; messages++; } })); await opened(socket);
    for (let i = 0; i < 60; i++) { socket.send(new Uint8Array(200000)); if (i % 10 === 9) await scheduler.wait(1); } await all; out.push(bytes, wrong, messages, socket.readyState);`, { limits: { wallMs: 30000, cpuMs: 20000 } }), [12000000, 0, 60, 1]);
});

test("many at once, each to its own end", async () => {
  const target = await server(echo);
  assert.deepEqual(await run(`const all = await Promise.all(Array.from({ length: 5 }, async (_, n) => { const socket = new WebSocket("${target.ws}/" + n); await opened(socket); for (let i = 0; i < 20; i++) { socket.send(n + ":" + i); if (await next(socket) !== n + ":" + i) return "mixed"; } const over = events(socket); socket.close(); await over; return "fine"; })); out.length = 0; out.push(...all);`), Array(5).fill("fine"));
});

test("it is not what a worker can answer with", async () => {
  const target = await server(echo);
  const answer = await daemon.run(worker(`return fetch("${target.url}/", { headers: { upgrade: "websocket" } });`), { code: { globalOutbound: policy() } });
  assert.deepEqual([answer.outcome, answer.error.message], ["exception", "TypeError: A worker cannot answer its client with a WebSocket."]);
});

test("afterwards the daemon has let go of everything", async () => {
  await daemon.until(async () => { const health = await daemon.health(); return health.runs.active === 0 && (health.outbound?.active ?? 0) === 0; });
});
