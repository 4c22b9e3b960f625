// execution_socket.test.mjs - GET /v1/ws: many executions on one WebSocket, answers in every order and from everywhere, sockets that break, clients
// that do not read or send what is no message.
import { test, before, after } from "node:test";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";

const { WebSocket } = createRequire(path.join(process.env.MF_CLIENT_NPM ?? path.resolve("build/deps/npm-clients/node_modules"), "tests.js"))("undici");
let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

class Socket {
  static async open(url = daemon.url) {
    const socket = new Socket();
    socket.web = new WebSocket(`${url.replace("http", "ws")}/v1/ws`);
    socket.frames = [];
    socket.waiters = [];
    socket.web.addEventListener("message", ({ data }) => { socket.frames.push(JSON.parse(data)); socket.waiters.splice(0).forEach((waiter) => waiter()); });
    socket.closed = new Promise((resolve) => socket.web.addEventListener("close", ({ code, reason }) => { resolve({ code, reason }); socket.isClosed = true; socket.waiters.splice(0).forEach((waiter) => waiter()); }));
    await new Promise((resolve, reject) => { socket.web.addEventListener("open", resolve); socket.web.addEventListener("error", () => reject(new Error("refused"))); });
    return socket;
  }

  send(message) { this.web.send(typeof message === "string" || message instanceof Uint8Array ? message : JSON.stringify(message)); return this; }

  // The first frame that has not been taken and is like |like|.
  async next(like) {
    for (;;) {
      const at = this.frames.findIndex((frame) => Object.entries(like).every(([key, value]) => frame[key] === value));
      if (at >= 0) return this.frames.splice(at, 1)[0];
      assert.ok(!this.isClosed, `closed before ${JSON.stringify(like)}; there is ${JSON.stringify(this.frames).slice(0, 2000)}`);
      await new Promise((resolve) => this.waiters.push(resolve));
    }
  }

  execute(ref, code, more = {}) { return this.send({ type: "execute", ref, code, namespaces: [{ name: "codemode" }], ...more }); }
  async start(ref, code, more) { return (await this.execute(ref, code, more).next({ type: "start", ref })).id; }
  result(id, callId, answer = {}) { return this.send({ type: "result", id, callId, ...answer }); }
  close() { this.web.close(); return this.closed; }
}

test("a program from start to end: whose each frame is, acknowledged answers, errors, no value, bytes", async () => {
  const s = await Socket.open();
  const id = await s.start("a", "async () => { console.log('hi'); const out = [await codemode.x(1, 'é'), await codemode.y(), await codemode.z()]; try { await codemode.w() } catch (e) { out.push(e.name, e.message) } return out }");
  assert.match(id, /^exec_[0-9a-z]{20,}$/);
  const { timestampMs, ...log } = await s.next({ type: "log" });
  assert.deepEqual(log, { id, type: "log", seq: 2, level: "log", message: "hi" });
  assert.deepEqual(await s.next({ type: "call" }), { id, type: "call", seq: 3, callId: 1, namespace: "codemode", name: "x", args: [1, "é"] });
  assert.deepEqual(await s.result(id, 1, { ok: { deep: [1, "ü"] } }).next({ type: "taken" }), { type: "taken", id, callId: 1 });
  await s.next({ type: "call", callId: 2 });
  s.result(id, 2);
  await s.next({ type: "call", callId: 3 });
  s.result(id, 3, { ok: { __codemode_binary_v1__: "Uint8Array", data: "AQI=" } });
  await s.next({ type: "call", callId: 4 });
  s.result(id, 4, { error: { name: "RangeError", message: "bad" } });
  const done = await s.next({ type: "done" });
  assert.deepEqual([done.id, done.outcome, done.result], [id, "ok", [{ deep: [1, "ü"] }, { __mayfly_v1__: "undefined" }, { __codemode_binary_v1__: "Uint8Array", data: "AQI=" }, "RangeError", "bad"]]);
  assert.equal((await s.close()).code, 1005);
});

test("many side by side, mixed; answers out of order, and on another socket or by a request", async () => {
  const s = await Socket.open(), other = await Socket.open();
  const ids = await Promise.all(Array.from({ length: 60 }, (_, i) => s.start(`r${i}`, `async () => { const x = await codemode.f(${i}); return x + await codemode.g(x) }`)));
  assert.equal(new Set(ids).size, 60);
  for (const [i, id] of [...ids.entries()].reverse()) {
    assert.deepEqual((await s.next({ type: "call", id, callId: 1 })).args, [i]);
    (i % 2 ? s : other).result(id, 1, { ok: i * 10 });
  }
  for (const [i, id] of ids.entries()) {
    assert.deepEqual((await s.next({ type: "call", id, callId: 2 })).args, [i * 10]);
    if (i % 2) s.result(id, 2, { ok: 1 });
    else assert.equal((await fetch(`${daemon.url}/v1/executions/${id}/calls/2`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"ok":1}' })).status, 204);
  }
  for (const [i, id] of ids.entries()) assert.equal((await s.next({ type: "done", id })).result, i * 10 + 1);
  assert.equal(other.frames.filter((frame) => frame.type !== "taken").length, 0);
  await Promise.all([s.close(), other.close()]);
});

test("what is refused, and that the socket goes on", async () => {
  const s = await Socket.open();
  const id = await s.start("run", "async () => codemode.never()");
  await s.next({ type: "call", id });
  const cases = [
    ["{", {}, "api.json"], ["[]", {}, "api.json"], ['"x"', {}, "api.json"], ["{} {}", {}, "api.json"], [`{"type":"cancel","id":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, {}, "api.json"],
    [{}, {}, "api.field", "/type"], [{ type: "nothing" }, {}, "api.field", "/type"], [{ type: "execute", code: "1" }, {}, "api.field", "/ref"],
    [{ type: "execute", ref: 7, code: "1" }, {}, "api.field", "/ref"], [{ type: "execute", ref: "x".repeat(200), code: "1" }, {}, "api.field", "/ref"],
    [{ type: "execute", ref: 'a"b\\', code: 1 }, { ref: 'a"b\\' }, "api.field", "/code"], [{ type: "execute", ref: "c", code: "1", nonsense: 1 }, { ref: "c" }, "api.field", "/nonsense"],
    [{ type: "execute", ref: "d", code: "1", namespaces: [{ name: "no way" }] }, { ref: "d" }, "execution.name", "/namespaces/0"],
    [{ type: "execute", ref: "e", code: "1", globalOutbound: "unknown" }, { ref: "e" }, "api.field", "/globalOutbound"],
    [{ type: "result", callId: 1, ok: 1 }, { callId: 1 }, "api.field", "/id"], [{ type: "result", id, ok: 1 }, { id }, "api.field", "/callId"], [{ type: "result", id, callId: -1 }, { id }, "api.field", "/callId"],
    [{ type: "result", id, callId: 1, ok: 1, error: { message: "both" } }, { id, callId: 1 }, "api.field"], [{ type: "result", id, callId: 1, error: {} }, { id, callId: 1 }, "api.field"],
    [{ type: "result", id, callId: 1, control: "pause" }, { id, callId: 1 }, "api.field"], [{ type: "result", id, callId: 2, ok: 1 }, { id, callId: 2 }, "call.unknown"],
    [{ type: "result", id: "exec_unknown", callId: 1, ok: 1 }, { id: "exec_unknown", callId: 1 }, "execution.unknown"], [{ type: "result", id: "x".repeat(1000), callId: 1 }, { callId: 1 }, "api.field", "/id"],
    [{ type: "cancel", id: "exec_unknown" }, { id: "exec_unknown" }, "execution.unknown"], [{ type: "attach", id: "exec_unknown", after: 0 }, { id: "exec_unknown" }, "execution.unknown"],
    [{ type: "attach", id, after: "0" }, { id }, "api.field", "/after"], [{ type: "attach", id, after: 1000 }, { id }, "execution.frames"],
  ];
  for (const [message, of, code, param] of cases) {
    const { type, problem, ...rest } = await s.send(message).next({ type: "refused" });
    const shown = JSON.stringify(message).slice(0, 200);
    assert.deepEqual([rest, problem.code, problem.param], [of, code, param], shown);
    assert.ok(problem.status >= 400 && problem.title.length > 0, shown);
  }
  await s.result(id, 1, { ok: "late" }).next({ type: "done", id, outcome: "ok", result: "late" });
  assert.equal((await s.result(id, 1, { ok: "again" }).next({ type: "refused", id, callId: 1 })).problem.status, 410);
  assert.equal(s.frames.filter((frame) => frame.type !== "taken").length, 0);
  s.send(new Uint8Array([123, 125]));
  assert.equal((await s.closed).code, 1003);
});

test("cancel; a second answer", async () => {
  const s = await Socket.open();
  const id = await s.start("a", "async () => { await codemode.one(); await codemode.two() }");
  await s.next({ type: "call", id, callId: 1 });
  s.result(id, 1).result(id, 1);
  assert.equal((await s.next({ type: "refused", id, callId: 1 })).problem.code, "call.answered");
  await s.next({ type: "call", id, callId: 2 });
  s.send({ type: "cancel", id });
  assert.equal((await s.next({ type: "done", id })).outcome, "canceled");
  await s.close();
});

test("a socket that breaks: its executions are taken up on another one, with what was missed", async () => {
  const first = await Socket.open();
  const id = await first.start("a", "async () => { console.log('one'); const x = await codemode.f(); console.log('two'); return x }");
  await first.next({ type: "call", id });
  await first.close();
  const second = await Socket.open();
  second.send({ type: "attach", id, after: 1 });
  assert.deepEqual([(await second.next({ type: "log", id })).seq, (await second.next({ type: "call", id })).seq], [2, 3]);
  // Once more on the same socket: from the start, and nobody is told of a loss.
  second.send({ type: "attach", id, after: 0 });
  assert.equal("ref" in await second.next({ type: "start", id, seq: 1 }), false);
  for (const seq of [2, 3]) await second.next({ id, seq });
  // Another one takes it away, and it is told so.
  const third = await Socket.open();
  third.send({ type: "attach", id, after: 3 });
  assert.equal((await second.next({ type: "refused", id })).problem.code, "exists");
  second.result(id, 1, { ok: 5 });
  assert.equal((await third.next({ type: "done", id })).result, 5);
  assert.equal((await third.next({ type: "log", id })).message, "two");
  await second.next({ type: "taken", id, callId: 1 });
  assert.equal(second.frames.length, 0);
  // A stream of HTTP takes frames over too, also of what is done.
  const text = await (await fetch(`${daemon.url}/v1/executions/${id}?after=3`, { headers: { accept: "application/x-ndjson" } })).text();
  assert.deepEqual(text.trim().split("\n").map((line) => JSON.parse(line).type), ["log", "done"]);
  await Promise.all([second.close(), third.close()]);
});

test("an execution that nobody comes back for ends after its grace", async () => {
  const s = await Socket.open();
  const id = await s.start("a", "async () => codemode.never()", { reattachMs: 300 });
  await s.next({ type: "call", id });
  await s.close();
  for (;;) {
    const response = await fetch(`${daemon.url}/v1/executions/${id}/calls/2`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    if (response.status === 410 || (await response.json()).code === "execution.unknown") break;
  }
});

test("large programs and answers, read elsewhere, keep their order with small ones; too large ones", async () => {
  const s = await Socket.open();
  const big = "x".repeat(8_000_000);
  const id = await s.start("a", `async () => { const [a, b, c] = await Promise.all([codemode.a(), codemode.b(), codemode.c(${JSON.stringify("y".repeat(1_000_000))})]); return a.length + b + c /* ${"z".repeat(1_000_000)} */ }`);
  for (const callId of [1, 2, 3]) await s.next({ type: "call", id, callId });
  s.result(id, 1, { ok: big }).result(id, 2, { ok: 1 }).result(id, 3, { ok: 2 });
  assert.deepEqual([(await s.next({ type: "taken" })).callId, (await s.next({ type: "taken" })).callId, (await s.next({ type: "taken" })).callId], [1, 2, 3]);
  assert.equal((await s.next({ type: "done", id })).result, 8_000_003);
  const second = await s.start("b", "async () => codemode.f()", { limits: { callBytes: 1000 } });
  await s.next({ type: "call", id: second });
  assert.equal((await s.result(second, 1, { ok: big }).next({ type: "refused", id: second })).problem.code, "call.too_large");
  s.send({ type: "cancel", id: second });
  await s.next({ type: "done", id: second });
  s.send(`{"type":"result","id":"${second}","callId":1,"ok":"${"x".repeat(34_000_000)}"}`);
  assert.equal((await s.closed).code, 1009);
});

test("as many executions as a socket may have, and one more", async () => {
  const s = await Socket.open();
  for (let i = 0; i < 257; i++) s.execute(`r${i}`, "async () => codemode.wait()", { reattachMs: 0 });
  assert.equal((await s.next({ type: "refused", ref: "r256" })).problem.code, "too_many");
  await s.close();
});

const handshake = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };

test("a client that reads nothing of several programs: they wait, and all of it comes later", async () => {
  const request = http.request(`${daemon.url}/v1/ws`, { headers: handshake });
  const [, raw] = await new Promise((resolve) => request.on("upgrade", (...all) => resolve(all)).end());
  const frame = (text) => { // Masked with zeros.
    const head = Buffer.alloc(8);
    head.set([0x81, 0x80 | 126]);
    head.writeUInt16BE(Buffer.byteLength(text), 2);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))[1]);
  raw.pause();
  const before = memory(), programs = 4, calls = 30;
  for (let i = 0; i < programs; i++)
    raw.write(frame(JSON.stringify({ type: "execute", ref: `${i}`, code: `async () => Promise.all(Array.from({ length: ${calls} }, () => codemode.f("x".repeat(1_000_000))))`, namespaces: [{ name: "codemode" }], reattachMs: 0 })));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const more = memory() - before;
  raw.resume();
  let tail = "", bytes = 0, seen = 0;
  for await (const data of raw) {
    const text = tail + data.toString("latin1");
    tail = text.slice(-12);
    bytes += data.length;
    seen += text.split('"type":"call"').length - 1;
    if (seen === programs * calls) break;
  }
  assert.ok(bytes > programs * (calls - 1) * 1_000_000, `${bytes}`);
  raw.destroy();
  // A sanitizer keeps for a while what is freed: there only the rest of this test counts.
  if (!process.env.ASAN_OPTIONS) assert.ok(more < 80_000, `${more} kB of ${programs * calls * 1000}`);
});

test("pages of other origins, and requests that are none for a WebSocket", async () => {
  const ask = (headers) => new Promise((resolve, reject) => {
    const request = http.request(`${daemon.url}/v1/ws`, { headers: { ...handshake, ...headers } }, (response) => resolve(response.resume().statusCode));
    request.on("upgrade", (response, socket) => resolve(socket.destroy() && response.statusCode)).on("error", reject).end();
  });
  assert.equal(await ask({}), 101);
  assert.equal(await ask({ origin: "https://evil.example" }), 403);
  assert.equal(await ask({ host: "evil.example" }), 421);
  assert.equal(await ask({ "sec-websocket-version": "7" }), 426);
  assert.equal(await ask({ upgrade: "h2c" }), 426);
  const response = await fetch(`${daemon.url}/v1/ws`);
  assert.deepEqual([response.status, response.headers.get("upgrade"), (await response.json()).code], [426, "websocket", "websocket.upgrade"]);
  assert.equal((await fetch(`${daemon.url}/v1/ws`, { method: "POST" })).status, 405);
});

test("draining: what runs is finished, nothing new begins, then 1001", async () => {
  const one = await Daemon.start();
  const s = await Socket.open(one.url), idle = await Socket.open(one.url);
  const id = await s.start("a", "async () => codemode.f()");
  await s.next({ type: "call", id });
  const stopped = one.stop();
  assert.equal((await idle.closed).code, 1001);
  assert.equal((await s.execute("b", "1").next({ type: "refused", ref: "b" })).problem.code, "draining");
  s.result(id, 1, { ok: "done" });
  assert.equal((await s.next({ type: "done", id })).result, "done");
  assert.equal((await s.closed).code, 1001);
  assert.deepEqual(await stopped, { code: 0, signal: null });
});
