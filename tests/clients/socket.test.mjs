// socket.test.mjs - the client's WebSocket against one that breaks, refuses, and mixes executions up.
import { test, before, afterEach } from "node:test";
import assert from "node:assert/strict";
import { load, loadClient } from "./npm.mjs";
import { Fake } from "./fake.mjs";

let Mayfly, MayflyError, ExecutionLost, WebSocket, fake;
before(async () => {
  ({ Mayfly, MayflyError, ExecutionLost } = await loadClient("index.js"));
  ({ WebSocket } = await load("undici"));
});
afterEach(() => fake?.stop());

// |script|(socket, count) for each connection.
async function client(script) {
  let count = 0;
  fake = await Fake.start((socket) => script(socket, ++count));
  return new Mayfly({ url: fake.url, transport: "websocket", webSocket: (url) => new WebSocket(url) });
}
const f = { codemode: { f: async (x) => x * 2 } };
const done = (id, seq, more = {}) => ({ type: "done", id, seq, outcome: "ok", usage: {}, ...more });
const call = (id, seq, callId, ...args) => ({ type: "call", id, seq, callId, namespace: "codemode", name: "f", args });

test("many executions on one socket, mixed; answers find theirs", async () => {
  let connections = 0;
  const mayfly = await client(async (s, count) => {
    connections = count;
    const asked = [await s.next(), await s.next()];
    assert.deepEqual([s.path, asked.map((m) => [m.type, m.code])], ["/v1/ws", [["execute", "a"], ["execute", "b"]]]);
    s.send({ type: "start", ref: asked[1].ref, id: "B", seq: 1 }).send({ type: "start", ref: asked[0].ref, id: "A", seq: 1 }).send(call("A", 2, 1, 10)).send({ type: "ping" }).send(call("B", 2, 1, 20));
    for (const answer of [await s.next(), await s.next()]) s.send({ type: "taken", id: answer.id, callId: answer.callId }).send(done(answer.id, 3, { result: answer.ok }));
  });
  const results = await Promise.all(["a", "b"].map((code) => mayfly.execute({ code, tools: f })));
  assert.deepEqual([results.map((r) => [r.id, r.result]), connections], [[["A", 20], ["B", 40]], 1]);
});

test("a socket that breaks: the execution comes back, an answer without acknowledgement is sent again", async () => {
  const mayfly = await client(async (s, count) => {
    const first = await s.next();
    if (count === 1) {
      s.send({ type: "start", ref: first.ref, id: "A", seq: 1 }).send(call("A", 2, 1, 5));
      await s.next();
      return s.break();
    }
    assert.deepEqual(first, { type: "attach", id: "A", after: 2 });
    const again = await s.next();
    assert.deepEqual(again, { type: "result", id: "A", callId: 1, ok: 10 });
    s.send({ type: "taken", id: "A", callId: 1 }).send(done("A", 3, { result: again.ok }));
  });
  assert.equal((await mayfly.execute({ code: "c", tools: f })).result, 10);
});

test("refusals: of the program, of an answer, of a re-attachment", async () => {
  const problem = (status) => ({ status, code: `c${status}`, detail: `refused ${status}` });
  const mayfly = await client(async (s) => s.send({ type: "refused", ref: (await s.next()).ref, problem: problem(422) }));
  await assert.rejects(mayfly.execute({ code: "c" }), (error) => error instanceof MayflyError && error.status === 422 && error.code === "c422");
  await fake.stop();
  const large = await client(async (s) => {
    s.send({ type: "start", ref: (await s.next()).ref, id: "A", seq: 1 }).send(call("A", 2, 1, 5));
    await s.next();
    s.send({ type: "refused", id: "A", callId: 1, problem: problem(413) });
    s.send(done("A", 3, { result: (await s.next()).error }));
  });
  assert.deepEqual((await large.execute({ code: "c", tools: f })).result, { message: "refused 413", code: "c413" });
  await fake.stop();
  const gone = await client(async (s, count) => {
    const first = await s.next();
    if (count === 1) { s.send({ type: "start", ref: first.ref, id: "A", seq: 1 }); return s.break(); }
    s.send({ type: "refused", id: "A", problem: problem(410) });
  });
  await assert.rejects(gone.execute({ code: "c" }), (error) => error.message === "refused 410");
});

test("a signal cancels, before and after the start came", async () => {
  const messages = [];
  const mayfly = await client(async (s) => {
    const { ref } = await s.next();
    if (messages.length === 0) s.send({ type: "start", ref, id: "A", seq: 1 });
    messages.push(await Promise.race([s.next(), s.closed]));
  });
  await assert.rejects(mayfly.execute({ code: "c" }, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  while (messages.length === 0) await new Promise(setImmediate);
  assert.deepEqual(messages, [{ type: "cancel", id: "A" }]);
  await fake.stop();
  let canceled;
  const late = await client(async (s) => {
    const { ref } = await s.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    s.send({ type: "start", ref, id: "B", seq: 1 });
    canceled = await s.next();
  });
  await assert.rejects(late.execute({ code: "c" }, { signal: AbortSignal.timeout(20) }), { name: "TimeoutError" });
  const end = Date.now() + 5000;
  while (canceled === undefined && Date.now() < end) await new Promise(setImmediate);
  assert.deepEqual(canceled, { type: "cancel", id: "B" });
});

test("a socket that is used again before it would have closed stays", async () => {
  let connections = 0;
  const mayfly = await client(async (s, count) => {
    connections = count;
    s.send({ type: "start", ref: (await s.next()).ref, id: "A", seq: 1 }).send(done("A", 2));
    const { ref } = await s.next();
    s.send({ type: "start", ref, id: "B", seq: 1 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    s.send(done("B", 2, { result: "late" }));
  });
  await mayfly.execute({ code: "c" });
  assert.deepEqual([(await mayfly.execute({ code: "c" })).result, connections], ["late", 1]);
});

test("no socket at all; one that speaks no JSON; one that closes when it is not used", async () => {
  const nowhere = new Mayfly({ url: "http://127.0.0.1:9", transport: "websocket", webSocket: (url) => new WebSocket(url) });
  await assert.rejects(nowhere.execute({ code: "c" }), ExecutionLost);
  const noise = await client(async (s) => { await s.next(); s.send("noise"); });
  await assert.rejects(noise.execute({ code: "c" }), ExecutionLost);
  await fake.stop();
  let closed;
  const idle = await client(async (s) => {
    s.send({ type: "start", ref: (await s.next()).ref, id: "A", seq: 1 }).send(done("A", 2));
    closed = s.closed.then(() => true);
  });
  await idle.execute({ code: "c" });
  assert.equal(await closed, true);
});
