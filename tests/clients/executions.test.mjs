// executions.test.mjs - the client's own methods for programs, against the real daemon.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { loadClient } from "./npm.mjs";
import { survives } from "./cut.mjs";

let daemon, mayfly, client;
before(async () => {
  daemon = await Daemon.start();
  client = await loadClient("index.js");
  mayfly = new client.Mayfly({ url: daemon.url });
});
after(() => daemon.stop());

const sleep = "await new Promise((r) => setTimeout(r, 60000));";

test("execute: everything that is known of a program", async () => {
  const seen = [];
  const done = await mayfly.execute({
    code: "async () => { console.log('a', { b: 1 }); t.slow(); const x: number = await t.f(20); console.warn('w'); return { x, env: typeof env }; }",
    tools: { t: { f: async (x) => { seen.push("call"); return x + 1; }, slow: () => new Promise(() => {}) } },
  }, { onLog: ({ level, message }) => seen.push([level, message]) });
  assert.deepEqual([done.outcome, done.result, done.error, done.abandonedCalls, seen], ["ok", { x: 21, env: "undefined" }, undefined, [1], [["log", "a { b: 1 }"], "call", ["warn", "w"]]]);
  assert.deepEqual([done.logs.length, done.usage.calls, typeof done.usage.cpuMs, typeof done.usage.hostWaitMs], [2, 2, "number", "number"]);
  const failed = await mayfly.execute({ code: "async () => {\n  throw new TypeError('no');\n}" });
  assert.deepEqual([failed.outcome, failed.result, failed.error.name, failed.error.message, failed.error.line], ["exception", undefined, "TypeError", "no", 2]);
});

test("dispatch: one function for all calls, with their ids and a signal that ends with the program", async () => {
  const calls = [];
  const { id, result } = await mayfly.execute({
    code: "async () => { b.later(); return [await a.x(1), await b.y(2)]; }", namespaces: [{ name: "a" }, { name: "b" }],
    dispatch: (call) => { calls.push(call); return call.name === "later" ? new Promise(() => {}) : `${call.namespace}.${call.name}(${call.args})`; },
  });
  assert.deepEqual(result, ["a.x(1)", "b.y(2)"]);
  assert.deepEqual(calls.map((c) => [c.executionId === id, c.callId, c.name]), [[true, 1, "later"], [true, 2, "x"], [true, 3, "y"]]);
  assert.ok(calls.every((c) => c.signal.aborted));
});

test("what the daemon refuses throws; two tools that are written alike throw before", async () => {
  await assert.rejects(mayfly.execute({ code: "1", what: 1 }), (error) => error instanceof client.MayflyError && error.code === "api.field" && error.problem.param === "/what");
  await assert.rejects(mayfly.execute({ code: "1", tools: { Promise: {} } }), (error) => error.code === "execution.name" && error.message === 'Provider name "Promise" is reserved');
  await assert.rejects(mayfly.execute({ code: "1", tools: { a: { "b-c": () => 1, b_c: () => 1 } } }), /both sanitize/);
});

test("open, answer, cancel, attach: frame by frame", async () => {
  const execution = await mayfly.open({ code: `async () => { console.log(await t.f([1n])); ${sleep} }`, namespaces: [{ name: "t" }] });
  const types = [];
  for await (const frame of execution) {
    types.push(frame.type);
    if (frame.type === "call") {
      assert.deepEqual(client.decode(frame.args), [[1n]]);
      assert.deepEqual([await execution.answer(1, { ok: new Set([2]) }), await execution.answer(1, { ok: 1 })], [true, false]);
      await assert.rejects(execution.answer(1, { ok: Promise.resolve() }), client.CodecError);
    }
    if (frame.type === "log") assert.match(frame.message, /Set\(1\) \{ 2 \}/);
    if (frame.type === "log") await execution.cancel();
    if (frame.type === "done") assert.equal(frame.outcome, "canceled");
  }
  assert.deepEqual([types, await execution.answer(2, { ok: 1 })], [["call", "log", "done"], false]);
  const again = [];
  for await (const frame of await mayfly.attach(execution.id, { after: 2 })) again.push(frame.type);
  assert.deepEqual(again, ["log", "done"]);
  await assert.rejects(mayfly.attach("exec_nothing"), (error) => error.code === "execution.unknown");
});

test("another client takes a stream over while the program runs", async () => {
  const first = await mayfly.open({ code: "async () => [await t.f(1), await t.f(2)]", namespaces: [{ name: "t" }] });
  const reader = first[Symbol.asyncIterator]();
  assert.equal((await reader.next()).value.type, "call");
  const second = await new client.Mayfly({ url: daemon.url }).attach(first.id);
  const seen = [];
  for await (const frame of second) {
    seen.push(frame.type);
    if (frame.type === "call") await second.answer(frame.callId, { ok: frame.args[0] * 10 });
    if (frame.type === "done") assert.deepEqual(frame.result, [10, 20]);
  }
  assert.deepEqual(seen, ["call", "call", "done"]);
});

test("an aborted signal, and a loop that is left, end the program on the daemon", async () => {
  const outcome = async (id) => { for await (const frame of await mayfly.attach(id)) if (frame.type === "done") return frame.outcome; };
  const abort = new AbortController();
  let id;
  await assert.rejects(mayfly.execute({ code: `async () => { await t.f(); ${sleep} }`, namespaces: [{ name: "t" }], dispatch: ({ executionId }) => { id = executionId; abort.abort(new Error("enough")); } }, { signal: abort.signal }), /enough/);
  assert.equal(await outcome(id), "canceled");
  const execution = await mayfly.open({ code: `async () => { console.log(1); ${sleep} }` });
  for await (const _ of execution) break;
  assert.equal(await outcome(execution.id), "canceled");
});

test("workspaces: files of the daemon's in a program, by the executor too", async () => {
  await mayfly.workspaces.put("held");
  const { outcome, result } = await mayfly.execute({ code: `async () => { await state.writeFile("/a", "1"); return state.glob("/*"); }`, workspaces: [{ name: "held", namespace: "state", transaction: "run" }] });
  assert.deepEqual([outcome, result], ["ok", ["/a"]]);
  const executor = new client.MayflyExecutor({ url: daemon.url, workspaces: [{ name: "held", namespace: "state", mode: "ro" }] });
  assert.deepEqual((await executor.execute(`async () => [await state.readFile("/a"), await state.writeFile("/a", "2").catch((e) => e.code)]`, [])).result, ["1", "EROFS"]);
});

test("a journal: a tool pauses the program, which goes on later as if nothing had happened", async () => {
  const ran = [];
  let isApproved = false;
  const tools = { db: { find: (name) => { ran.push(`find ${name}`); return { id: 7n }; }, remove: (id) => { if (!isApproved) return client.PAUSE; ran.push(`remove ${id}`); return true; } } };
  const code = "async () => { const { id } = await db.find('Ada'); const gone = await db.remove(id); return { id, gone }; }";
  const paused = await mayfly.execute({ code, tools, journal: [] });
  assert.deepEqual([paused.outcome, paused.result, ran, paused.journal.length], ["paused", undefined, ["find Ada"], 1]);
  isApproved = true;
  const kept = JSON.parse(JSON.stringify(paused.journal)); /* days later, from a database */
  const done = await mayfly.execute({ code, tools, journal: kept });
  assert.deepEqual([done.outcome, done.result, ran], ["ok", { id: 7n, gone: true }, ["find Ada", "remove 7"]]);
  const other = await mayfly.execute({ code: "async () => db.find('Bob')", tools, journal: kept });
  assert.equal(other.outcome, "diverged");
});

test("limits, drain, waits, env, modules, language go along", async () => {
  const slow = { t: { f: async (x) => { await new Promise((r) => setTimeout(r, 300)); return x; } } };
  assert.equal((await mayfly.execute({ code: "async () => { await t.f(); }", tools: slow, limits: { wallMs: 100 } })).outcome, "exceededWallTime");
  assert.equal((await mayfly.execute({ code: "async () => { await t.f(); }", tools: slow, limits: { wallMs: 100 }, waits: "excluded" })).outcome, "ok");
  assert.match((await mayfly.execute({ code: "async () => { await t.f(); await t.f(); }", tools: slow, limits: { calls: 1 } })).error.message, /calls/i);
  let settled = 0;
  await mayfly.execute({ code: "async () => { t.f(); t.f(); }", tools: { t: { f: async () => { await new Promise((r) => setTimeout(r, 50)); settled++; } } }, drain: true });
  assert.equal(settled, 2);
  assert.equal((await mayfly.execute({ code: "async () => (await import('a.js')).default", modules: { "a.js": "export default 5" } })).result, 5);
  assert.equal((await mayfly.execute({ code: "let x: number = 1", language: "javascript" })).error.code, "script.syntax");
});

test("large values, both ways", async () => {
  const bytes = new Uint8Array(3_000_000).map((_, i) => i * 7);
  const { result } = await mayfly.execute({ code: "async () => { const b = await t.get(); return [b.length, await t.put(b), await t.put('x'.repeat(3e6))]; }", tools: { t: { get: () => bytes, put: (value) => value.length } } });
  assert.deepEqual(result, [3_000_000, 3_000_000, 3_000_000]);
  const refused = await mayfly.execute({ code: "async () => { try { await t.get(); } catch (e) { return e.code ?? e.message; } }", tools: { t: { get: () => bytes } }, limits: { callBytes: 1_000_000 } });
  assert.match(String(refused.result), /too.?large/i);
});

test("connections that are cut again and again", () => survives(client.Mayfly, daemon.url, {}, assert));
