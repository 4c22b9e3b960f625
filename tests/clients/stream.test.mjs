// stream.test.mjs - the client against streams that break, come back, lie: what no real daemon sends, and every real network does.
import { test, before, afterEach } from "node:test";
import assert from "node:assert/strict";
import { loadClient } from "./npm.mjs";
import { Fake } from "./fake.mjs";

let Mayfly, MayflyExecutor, ExecutionLost, fake;
before(async () => ({ Mayfly, MayflyExecutor, ExecutionLost } = await loadClient("index.js")));
afterEach(() => fake?.stop());

async function client(script, options) {
  fake = await Fake.start(script);
  return new Mayfly({ url: fake.url, ...options });
}
const f = { codemode: { f: async (x) => x * 2 } };

test("a call is answered; pings and frames of later versions are passed over", async () => {
  const mayfly = await client(async (s) => {
    s.start().send({ type: "ping" }).send({ type: "news" }).call(1, 21);
    const answer = await fake.answered();
    s.send({ type: "log", level: "log", message: "l" }).done({ result: JSON.parse(answer.body).ok });
  });
  const result = await mayfly.execute({ code: "c", tools: f });
  assert.deepEqual([result.result, result.id, result.logs.map((l) => l.message), fake.canceled], [42, "e", ["l"], []]);
});

test("lines come in pieces, several at once, with characters cut in half", async () => {
  const mayfly = await client(async (s) => {
    const bytes = Buffer.from(`${JSON.stringify({ type: "start", seq: 1, id: "e" })}\n${JSON.stringify({ type: "log", seq: 2, level: "log", message: "日本🪰" })}\n${JSON.stringify({ type: "done", seq: 3, id: "e", outcome: "ok", usage: {}, result: "ü" })}\n`);
    for (const byte of bytes) { s.raw(Buffer.from([byte])); await new Promise(setImmediate); }
    s.end();
  });
  const result = await mayfly.execute({ code: "c" });
  assert.deepEqual([result.logs[0].message, result.result], ["日本🪰", "ü"]);
});

test("a stream that breaks is taken up where it was; what is repeated is not seen twice", async () => {
  const mayfly = await client((s, request, after) => {
    if (request) return s.start().send({ type: "log", level: "log", message: "1" }).break();
    assert.equal(after, 2);
    s.at(0).start().send({ type: "log", level: "log", message: "1" }).send({ type: "log", level: "log", message: "2" }).done({ result: 1 });
  });
  const result = await mayfly.execute({ code: "c" });
  assert.deepEqual([result.logs.map((l) => l.message), result.result, fake.attached], [["1", "2"], 1, [2]]);
});

test("half a line at the end of a stream is no frame", async () => {
  const mayfly = await client((s, request) => {
    if (request) return s.start().raw('{"type":"done","seq":2,"id":"e","outcome":"ok","usage":{},"result":"for').end();
    s.at(1).done({ result: "whole" });
  });
  assert.equal((await mayfly.execute({ code: "c" })).result, "whole");
});

test("a call that was under way when the stream broke is answered once", async () => {
  let calls = 0;
  const mayfly = await client(async (s, request) => {
    if (request) { s.start().call(1, 1); return s.break(); }
    if (fake.answers.length === 0) await fake.answered();
    s.at(2).done({ result: JSON.parse(fake.answers[0].body).ok });
  });
  const result = await mayfly.execute({ code: "c", tools: { codemode: { f: async () => { calls++; await fake.server.getConnections(() => {}); return "once"; } } } });
  assert.deepEqual([result.result, calls, fake.answers.length], ["once", 1, 1]);
});

test("a daemon that is briefly away is asked again; one that forgot is lost", async () => {
  let tries = 0;
  const mayfly = await client((s, request) => (request ? s.start().break() : s.at(1).done({ result: "back" })));
  fake.attachStatus = () => (++tries < 3 ? 503 : 200);
  assert.equal((await mayfly.execute({ code: "c" })).result, "back");
  fake.attachStatus = () => 410;
  await assert.rejects(mayfly.execute({ code: "c" }), (error) => error instanceof ExecutionLost && error.message.includes("refused 410"));
  fake.attachStatus = () => 503;
  await assert.rejects(mayfly.execute({ code: "c", reattachMs: 100 }), ExecutionLost);
  fake.attachStatus = () => 200;
  fake.script = (s, request) => (request ? s.start().break() : s.break());
  await assert.rejects(mayfly.execute({ code: "c" }), (error) => error instanceof ExecutionLost && error.message.includes("again and again"));
});

test("what is no frame ends it, and the execution", async () => {
  const bad = ["[1]\n", '{"type":"call","seq":2,"callId":0,"namespace":"a","name":"b","args":[]}\n', '{"type":"call","seq":2,"callId":1,"namespace":"a","name":"b"}\n', '{"type":"log","seq":2,"level":"log"}\n', '{"type":"done","seq":2}\n', '{"type":"log","seq":5,"level":"log","message":""}\n', '{"seq":2}\n', "null\n"];
  const mayfly = await client((s) => s.start().raw(bad[0]));
  for (const [i, line] of bad.entries()) {
    fake.script = (s) => s.start(`e${i}`).raw(line);
    await assert.rejects(mayfly.execute({ code: "c" }), ExecutionLost, line);
    assert.equal(fake.canceled.at(-1), `e${i}`, line);
  }
  assert.deepEqual(fake.attached, []);
  fake.script = (s) => s.send({ type: "log", level: "log", message: "" });
  await assert.rejects(mayfly.execute({ code: "c" }), /does not begin/);
  fake.script = (s) => s.start().done({ result: { __mayfly_v1__: "what" } });
  await assert.rejects(mayfly.execute({ code: "c" }), (error) => error.name === "CodecError");
});

test("arguments that are no values are that call's error", async () => {
  const mayfly = await client(async (s) => {
    s.start().call(1, { __mayfly_v1__: "what" });
    s.done({ result: JSON.parse((await fake.answered()).body).error.name });
  });
  assert.equal((await mayfly.execute({ code: "c", tools: f })).result, "CodecError");
});

test("an answer is sent again when its request breaks; the second is no failure", async () => {
  let tries = 0;
  const mayfly = await client(async (s) => { s.start().call(1, 1); await fake.answered(); s.done({ result: tries }); });
  fake.answerStatus = () => (++tries < 3 ? 0 : 409);
  assert.equal((await mayfly.execute({ code: "c", tools: f })).result, 3);
});

test("an answer that is refused becomes the call's error", async () => {
  const mayfly = await client(async (s) => {
    s.start().call(1, 1);
    let answer;
    do answer = await fake.answered(); while (!JSON.parse(answer.body).error);
    s.done({ result: JSON.parse(answer.body).error });
  });
  fake.answerStatus = ({ body }) => (JSON.parse(body).error ? 204 : 413);
  assert.deepEqual((await mayfly.execute({ code: "c", tools: f })).result, { message: "refused 413", name: "MayflyError", code: "c413" });
});

test("answers that cannot be delivered end the execution", async () => {
  const mayfly = await client((s) => { s.start().call(1, 1); fake.onCancel = () => s.done({ outcome: "canceled" }); });
  fake.answerStatus = () => 0;
  await assert.rejects(mayfly.execute({ code: "c", tools: f }), /could not be delivered/);
});

test("an answer that is under way when the program is done is dropped", async () => {
  let stream;
  const mayfly = await client((s) => { stream = s; s.start().call(1, 1); });
  const dropped = new Promise((resolve) => { fake.onDrop = resolve; });
  fake.answerStatus = () => { stream.done({ result: "early", abandonedCalls: [1] }); return "silence"; };
  assert.deepEqual((await mayfly.execute({ code: "c", tools: f })).abandonedCalls, [1]);
  await dropped;
  assert.deepEqual(fake.canceled, []);
});

test("a signal, and leaving the loop, cancel", async () => {
  const mayfly = await client((s) => s.start("aborted"));
  const abort = new AbortController();
  const execution = mayfly.execute({ code: "c" }, { signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 50);
  await assert.rejects(execution, /enough/);
  assert.deepEqual(fake.canceled, ["aborted"]);
  fake.script = (s) => s.start("left").call(1, 1);
  for await (const frame of await mayfly.open({ code: "c" })) { assert.equal(frame.type, "call"); break; }
  assert.deepEqual(fake.canceled, ["aborted", "left"]);
  await assert.rejects(mayfly.execute({ code: "c" }, { signal: AbortSignal.abort(new Error("before")) }), /before/);
});

test("attach: from a frame on", async () => {
  const mayfly = await client((s, request, after) => s.at(after).send({ type: "log", level: "log", message: `after ${after}` }).done());
  const frames = [];
  for await (const frame of await mayfly.attach("e", { after: 7 })) frames.push(frame.message ?? frame.outcome);
  assert.deepEqual(frames, ["after 7", "ok"]);
});

test("the executor never rejects, and keeps the logs until then", async () => {
  await client((s) => s.start().send({ type: "log", level: "log", message: "before" }).raw("[]\n"));
  const executor = new MayflyExecutor({ url: fake.url });
  const lost = await executor.execute("c", []);
  assert.deepEqual([lost.result, lost.logs], [undefined, ["before"]]);
  assert.match(lost.error, /no frame/);
  fake.script = (s) => s.start().done({ outcome: "exception", error: { message: "" } });
  assert.equal((await executor.execute("c", [])).error, "exception");
  fake.script = (s) => s.start().done({ outcome: "exception", error: { name: "SyntaxError", message: "Unexpected token", code: "script.syntax", line: 2, column: 5 } });
  assert.equal((await executor.execute("c", [])).error, "Unexpected token (2:5)");
  await fake.stop();
  assert.match((await executor.execute("c", [])).error, /fetch failed/);
  fake = await Fake.start((s) => s.end());
  assert.match((await new MayflyExecutor({ url: fake.url }).execute("c", [])).error, /broke/);
  assert.equal((await new MayflyExecutor({ fetch: async () => new Response("<html>", { status: 502 }) }).execute("c", [])).error, "HTTP 502");
  assert.match((await new MayflyExecutor({ fetch: async () => new Response("{}") }).execute("c", [])).error, /no stream of frames/);
});

test("the executor: a daemon that does not keep to the deadline is not waited for", async (t) => {
  await client((s) => s.start());
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const execution = new MayflyExecutor({ url: fake.url, timeout: 10 }).execute("c", []);
  t.mock.timers.tick(15_011);
  assert.equal((await execution).error, "Execution timed out");
});
