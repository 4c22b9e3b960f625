// websocket.test.mjs - WebSocketPair and WebSocket in a worker.
// https://developers.cloudflare.com/workers/runtime-apis/websockets/  https://websockets.spec.whatwg.org/
import { test, before, after } from "node:test";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";
import { closeAll, httpServer, policy } from "../lib/upstream.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

// What |body| pushes to |out|. `turn()` waits until all that was sent has arrived, and answers to answers: events come in the order of
// their sending, so what another pair sends last comes last. `note(socket, name)` logs its events.
async function run(body, more = {}) {
  const answer = await daemon.run(worker(`const out = []; const round = () => new Promise((resolve) => { const [x, y] = Object.values(new WebSocketPair()); x.accept(); y.accept(); y.onmessage = resolve; x.send(""); }); const turn = async () => { for (let i = 0; i < 4; i++) await round(); };
    const note = (socket, name) => { for (const type of ["open", "message", "close", "error"]) socket.addEventListener(type, (e) => out.push([name, type, ...(type === "message" ? [e.data] : type === "close" ? [e.code, e.reason, e.wasClean] : type === "error" ? [e.message] : []), socket.readyState])); };
    const thrown = (call) => { try { call(); return "nothing"; } catch (e) { return e.name + ": " + e.message; } };
    ${body}; return Response.json(out);`), more);
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  assert.deepEqual(answer.exceptions, []);
  return JSON.parse(answer.response.body);
}

test("a pair: two ends that hear each other, in order, each event in a turn of its own", async () => {
  assert.deepEqual(await run(`const pair = new WebSocketPair(); const [client, server] = Object.values(pair); out.push(client === pair[0], server instanceof WebSocket, Object.keys(pair), client.readyState, client.url, client.protocol, client.extensions, client.bufferedAmount);
    client.accept(); server.accept(); note(client, "client");
    server.onmessage = (e) => { out.push(["server", e.data, e.isTrusted, e instanceof MessageEvent]); Promise.resolve().then(() => out.push("microtask")); server.send(e.data.toUpperCase()); };
    client.send("a"); client.send("b"); out.push("sent"); await turn(); server.onmessage = null; client.send("c"); await turn();`),
  [true, true, ["0", "1"], 1, null, "", "", 0, "sent", ["server", "a", true, true], "microtask", ["server", "b", true, true], "microtask", ["client", "message", "A", 1], ["client", "message", "B", 1]]);
});

test("what is sent before accept() waits; nothing is sent before one's own", async () => {
  const gate = "TypeError: You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.";
  assert.deepEqual(await run(`const [a, b] = Object.values(new WebSocketPair()); out.push(thrown(() => a.send("x")), thrown(() => a.close(1000)));
    a.accept(); a.accept(); a.send("early"); a.send("still early"); a.close(4001, "bye"); note(b, "b"); await turn(); out.push("now"); b.accept(); await turn(); out.push(a.readyState, b.readyState);`),
  [gate, gate, "now", ["b", "message", "early", 1], ["b", "message", "still early", 1], ["b", "close", 4001, "bye", true, 3], 3, 3]);
});

test("bytes: every kind of view is copied when it is sent, and comes as a Blob or an ArrayBuffer", async () => {
  const body = `const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); out.push(b.binaryType); b.binaryType = "nonsense"; out.push(b.binaryType);
    b.onmessage = async (e) => out.push([e.data.constructor.name, [...new Uint8Array(e.data instanceof Blob ? await e.data.arrayBuffer() : e.data)]]);
    const bytes = new Uint8Array([1, 2, 3, 4]); a.send(bytes.buffer); a.send(bytes.subarray(1, 3)); a.send(new DataView(bytes.buffer, 3)); bytes.fill(9); await turn();
    b.binaryType = "arraybuffer"; a.send(new Blob(["hi"])); a.send(new Uint8Array(0)); await turn(); b.onmessage = (e) => out.push(e.data); a.send(5); a.send("\\ud800"); await turn();
    out.push(thrown(() => a.send()), thrown(() => a.send(Symbol())), thrown(() => a.send(new Uint8Array(new ArrayBuffer(1, { maxByteLength: 2 })))));`;
  const rest = [["ArrayBuffer", [104, 105]], ["ArrayBuffer", []], "5", "\ufffd", "TypeError: Failed to execute 'send' on 'WebSocket': 1 argument required, but only 0 present.", "TypeError: Cannot convert a Symbol value to a string", "TypeError: Failed to execute 'send' on 'WebSocket': a resizable ArrayBuffer is not allowed here."];
  assert.deepEqual(await run(body), ["blob", "blob", ["Blob", [1, 2, 3, 4]], ["Blob", [2, 3]], ["Blob", [4]], ...rest]);
  const old = ["arraybuffer", "arraybuffer", ["ArrayBuffer", [1, 2, 3, 4]], ["ArrayBuffer", [2, 3]], ["ArrayBuffer", [4]], ...rest];
  assert.deepEqual(await run(body, { code: { compatibilityFlags: ["no_websocket_standard_binary_type"] } }), old);
  assert.deepEqual(await run(body, { code: { compatibilityDate: "2026-03-16" } }), old);
});

test("codes and reasons", async () => {
  const out = await run(`for (const [code, reason] of [[999], [5000], [1004], [1005], [1006], [1015], [65536 + 1000], [undefined, "why"], [1000, "x".repeat(124)], [1000, "\u20ac".repeat(42)], ["nan"], [1000, "\u20ac".repeat(41)], [4999], [3000, "r"], []]) {
      const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); note(b, "b"); out.push(thrown(() => code === undefined && reason === undefined ? a.close() : a.close(code, reason))); await turn(); }`);
  const bad = (code) => `TypeError: Invalid WebSocket close code: ${code}.`;
  const long = "TypeError: A WebSocket close reason has at most 123 bytes.";
  assert.deepEqual(out, [bad(999), bad(5000), bad(1004), bad(1005), bad(1006), bad(1015), "nothing", ["b", "close", 1000, "", true, 3], "TypeError: If you specify a WebSocket close reason, you must also specify a code.", long, long, bad(0),
    "nothing", ["b", "close", 1000, "\u20ac".repeat(41), true, 3], "nothing", ["b", "close", 4999, "", true, 3], "nothing", ["b", "close", 3000, "r", true, 3], "nothing", ["b", "close", 1005, "", true, 3]]);
});

test("closing: states on both sides, the answer, and what is no longer possible", async () => {
  assert.deepEqual(await run(`const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); note(a, "a"); note(b, "b"); a.send("last"); a.close(1001, "going"); out.push(a.readyState, b.readyState); b.send("crosses");
    out.push(thrown(() => a.send("x"))); a.close(88); await turn(); out.push(a.readyState, b.readyState, thrown(() => b.send("x"))); b.close(4000); await turn();`),
  [2, 1, "TypeError: Can't call WebSocket send() after close().", ["b", "message", "last", 1], ["b", "close", 1001, "going", true, 3], ["a", "message", "crosses", 2], ["a", "close", 1001, "going", true, 3], 3, 3, "TypeError: Can't call WebSocket send() after close()."]);
  const half = [["b", "close", 1001, "", true, 2], 2, 2, ["a", "message", "after", 2], ["a", "close", 4002, "mine", true, 3], 3, 3];
  const body = (options) => `const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(${options}); note(a, "a"); note(b, "b"); a.close(1001); await turn(); out.push(a.readyState, b.readyState); b.send("after"); b.close(4002, "mine"); await turn(); out.push(a.readyState, b.readyState);`;
  assert.deepEqual(await run(body("{ allowHalfOpen: true }")), half);
  assert.deepEqual(await run(body(""), { code: { compatibilityFlags: ["web_socket_manual_reply_to_close"] } }), half);
});

test("an exception in a listener is reported, and the next event comes all the same", async () => {
  const answer = await daemon.run(worker(`const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); const out = []; a.send("1"); a.send("2"); await new Promise((resolve) => b.addEventListener("message", (e) => { if (e.data === "1") throw new Error("listener"); out.push(e.data); resolve(); })); return Response.json(out);`));
  assert.deepEqual([answer.outcome, answer.response.body, answer.exceptions.map((e) => e.message)], ["ok", '["2"]', ["listener"]]);
});

test("new WebSocket(): what cannot be a WebSocket's address or protocol is a SyntaxError", async () => {
  const out = await run(`for (const args of [["nope"], ["ftp://x/"], ["ws://x/#f"], ["ws://x/#"], ["ws://x/", "a b"], ["ws://x/", ["a", "A"]], ["ws://x/", ""], []]) out.push(thrown(() => new WebSocket(...args)).slice(0, 62));
    out.push(WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED, WebSocket.READY_STATE_OPEN, WebSocket.prototype.CLOSED, thrown(() => WebSocket("ws://x/")).slice(0, 9), thrown(() => WebSocket.prototype.send.call({}, "")).slice(0, 9));`);
  assert.deepEqual(out.slice(0, 7).map((text) => text.slice(0, 46)), Array(7).fill("SyntaxError: Failed to construct 'WebSocket': "));
  assert.deepEqual(out.slice(7), ["TypeError: Failed to construct 'WebSocket': 1 argument require", 0, 1, 2, 3, 1, 3, "TypeError", "TypeError"]);
  const early = await daemon.run(`new WebSocket("wss://x.example/"); export default { fetch: () => new Response() }`);
  assert.match(early.error.message, /Disallowed operation called within global scope/);
});

test("new WebSocket(): the connection fails as the outbound says, with an error and a close", async () => {
  const open = (url) => `const socket = new WebSocket("${url}", ["chat"]); note(socket, "s"); out.push(socket.readyState, socket.url, thrown(() => socket.send("x")).slice(0, 17)); await new Promise((resolve) => { socket.onclose = resolve; });`;
  const failed = (url, why) => [0, url, "InvalidStateError", ["s", "error", why, 3], ["s", "close", 1006, "", false, 3]];
  assert.deepEqual(await run(open("wss://blocked.example/x")), failed("wss://blocked.example/x", "This worker is not permitted to access the internet via global functions like fetch(). It must use capabilities (such as bindings in 'env') to talk to the outside world."));
  const asked = [];
  const server = await httpServer((request, response) => { asked.push(request.url); response.end("plain"); });
  const { port } = new URL(server.url);
  assert.deepEqual(await run(open(`http://127.0.0.1:${port}/chat`), { code: { globalOutbound: policy() } }), failed(`ws://127.0.0.1:${port}/chat`, `The server did not accept the WebSocket: it answered with status 200.`));
  assert.deepEqual(asked, ["/chat"]);
});

test("new WebSocket(): closed before it is open", async () => {
  assert.deepEqual(await run(`const socket = new WebSocket("wss://blocked.example/"); note(socket, "s"); socket.close(); socket.close(); out.push(socket.readyState); await turn(); await turn();`),
    [2, ["s", "error", "The WebSocket was closed before its connection was established.", 3], ["s", "close", 1006, "", false, 3]]);
});

test("bufferedAmount is what was sent in this turn, and no longer after it", async () => {
  assert.deepEqual(await run(`const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); a.send("\u00e9"); a.send(new Uint8Array(3)); await null; out.push(a.bufferedAmount, b.bufferedAmount); await turn(); out.push(a.bufferedAmount);`), [5, 0, 0]);
});

test("two ends that never stop are stopped by the run's limits", async () => {
  const answer = await daemon.run(worker(`const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); a.onmessage = () => a.send("ping"); b.onmessage = () => b.send("pong"); a.send("start"); await new Promise(() => {});`), { limits: { cpuMs: 100, wallMs: 5000 } });
  assert.match(answer.outcome, /^exceeded/);
  const flood = await daemon.run(worker(`const [a] = Object.values(new WebSocketPair()); a.accept(); for (;;) a.send(new Uint8Array(1 << 20));`), { limits: { memoryMb: 64, cpuMs: 5000 } });
  assert.deepEqual([flood.outcome, flood.exceptions.map((e) => e.message)], ["exception", ["Array buffer allocation failed"]]);
});

test("worlds apart: what a worker does to prototypes does not reach the sockets", async () => {
  assert.deepEqual(await run(`Array.prototype[Symbol.iterator] = () => { throw new Error("iterated"); }; Object.defineProperty(Object.prototype, "message", { get() { throw new Error("looked up"); }, configurable: true }); Promise.prototype.then = () => { throw new Error("then"); }; Array.prototype.push = function (...x) { for (let i = 0; i < x.length; i++) this[this.length] = x[i]; return this.length; };
    const pair = new WebSocketPair(); const a = pair[0], b = pair[1]; a.accept(); b.accept(); a.send("through"); await new Promise((resolve) => { b.onmessage = (e) => { out[out.length] = e.data; resolve(); }; }); delete Object.prototype.message;`), ["through"]);
});
