// tails.test.mjs - tail workers: code names stored workers that hear what became of its runs, however they end, and nobody waits for them.
import { test, before, after } from "node:test";
import { Daemon, DATE, worker, assert } from "../lib/mayfly.mjs";
import { startWithTokens } from "../lib/tenants.mjs";
import { closeAll, httpServer, policy } from "../lib/upstream.mjs";

let daemon, sink;
const heard = [];
before(async () => {
  daemon = await Daemon.start();
  sink = await httpServer((request, response, body) => { heard.push(JSON.parse(body)); response.end("ok"); });
  await put("listener", tells);
});
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); await closeAll(); });

const tells = () => `export default { async tail(events, env, ctx) { ctx.waitUntil(fetch("${sink.url}/", { method: "POST", body: JSON.stringify({ events, env, who: "listener" }) })); } }`;
const code = (source, more = {}) => ({ compatibilityDate: DATE, mainModule: "main.js", modules: { "main.js": source }, ...more });
async function put(name, source, more = { globalOutbound: policy(), env: { color: "red" } }, to = daemon) {
  const response = await fetch(`${to.url}/v1/workers/${name}`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(code(typeof source === "function" ? source() : source, more)) });
  assert.ok(response.ok, await (response.ok ? "" : response.text()));
}
const metric = async (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await (await fetch(`${daemon.url}/metrics`)).text())[1]);
const next = async () => { await daemon.until(() => heard.length > 0); return heard.shift(); };
const rows = async (query) => (await (await fetch(`${daemon.url}/v1/runs?${query}`)).json()).runs;

test("a tail hears of a run that went well, after it, with its own env, and is a run of its own", async () => {
  const run = await daemon.run(worker(`console.log("a", 1); return new Response("x", { status: 201 })`), { code: { tails: ["listener"] }, request: { url: "http://h/p?token=t", headers: { cookie: "c" } } });
  assert.equal(run.outcome, "ok");
  const { events, env, who } = await next();
  assert.deepEqual([events.length, env, who], [1, { color: "red" }, "listener"]);
  const [item] = events;
  assert.deepEqual([item.id, item.outcome, item.scriptName, item.traceId], [run.id, "ok", null, run.traceId]);
  assert.deepEqual(item.event, { request: { method: "GET", url: "http://h/p?token=REDACTED", headers: { cookie: "REDACTED" }, cf: {} }, response: { status: 201 } });
  assert.deepEqual(item.logs.map((log) => [log.level, log.message]), [["log", ["a 1"]]]);
  const tail = await daemon.until(async () => (await rows("kind=tail"))[0]);
  const of = await (await fetch(`${daemon.url}/v1/runs/${run.id}`)).json();
  assert.deepEqual([tail.worker, tail.outcome, tail.traceId, tail.parentSpanId], ["listener", "ok", run.traceId, of.spanId]);
  assert.deepEqual([tail.request, tail.response], [null, null]);
  assert.ok(tail.usage.cpuMs > 0 && tail.usage.subrequests === 1);
  const usage = (await (await fetch(`${daemon.url}/v1/usage?groupBy=worker`)).json()).rows.find((row) => row.worker === "listener");
  assert.equal(usage.invocations, 1);
});

test("a tail hears of exceptions, limits, syntax errors and clients that left; of stored workers, several tails, classes", async () => {
  await put("second", `import { WorkerEntrypoint } from "cloudflare:workers";
    export default class extends WorkerEntrypoint { async tail(events) { await fetch("${sink.url}/", { method: "POST", body: JSON.stringify({ events, who: "second" }) }); } }`);
  await put("producer", worker(`console.log("before"); throw new Error("boom")`), { tails: ["listener", "second"] });
  assert.equal((await fetch(`${daemon.url}/v1/workers/producer/fetch/`)).status, 500);
  const both = [await next(), await next()].sort((a, b) => a.who.localeCompare(b.who));
  assert.deepEqual(both.map((one) => one.who), ["listener", "second"]);
  for (const { events: [item] } of both) assert.deepEqual([item.scriptName, item.outcome, item.exceptions[0].message, item.logs[0].message, item.event.response], ["producer", "exception", "boom", ["before"], null]);
  await daemon.run(worker("for (;;) {}"), { code: { tails: ["listener"] }, limits: { cpuMs: 20 } });
  assert.equal((await next()).events[0].outcome, "exceededCpu");
  await daemon.run("export default {{", { code: { tails: ["listener"] } });
  assert.equal((await next()).events[0].error.code, "script.syntax");
  const controller = new AbortController();
  const left = daemon.run(worker(`console.log("on"); await scheduler.wait(20000)`), { code: { tails: ["listener"] }, signal: controller.signal }).catch(() => "left");
  await daemon.until(async () => (await daemon.health()).runs.active === 1);
  controller.abort();
  await left;
  assert.equal((await next()).events[0].outcome, "canceled");
});

test("an answer does not wait for its tail, and a tail's own end is told to nobody", async () => {
  await put("slow", `export default { async tail() { await scheduler.wait(1500); } }`, { tails: ["listener"] });
  const before = heard.length, began = Date.now();
  const run = await daemon.run(worker("return new Response('')"), { code: { tails: ["slow"] } });
  assert.ok(run.outcome === "ok" && Date.now() - began < 1400);
  await daemon.until(async () => (await rows("worker=slow")).length === 1);
  await daemon.run(worker("return new Response('')"), { code: { tails: ["listener"] } }); // What would have come is behind us.
  assert.equal((await next()).events[0].kind, "run");
  assert.equal(heard.length, before);
});

test("a tail that is not there, has no tail(), or throws is logged and counted; its run's answer is none the worse", async () => {
  await put("deaf", worker("return new Response('')"));
  await put("angry", `export default { tail(events) { throw new Error("tail") } }`);
  const [dropped, failed] = [await metric("mayfly_tail_runs_dropped_total"), await metric("mayfly_tail_runs_failed_total")];
  const run = await daemon.run(worker("return new Response('')"), { code: { tails: ["nobody", "deaf", "angry"] } });
  assert.equal(run.outcome, "ok");
  await daemon.until(async () => (await metric("mayfly_tail_runs_failed_total")) === failed + 2);
  assert.equal(await metric("mayfly_tail_runs_dropped_total"), dropped + 1);
  const lines = daemon.lines.map((line) => JSON.parse(line));
  const lost = lines.find((line) => line.msg.startsWith("the tail worker nobody"));
  assert.deepEqual([lost.id, lost.trace, lost.code, lost.level], [run.id, run.traceId, "worker.unknown", "warn"]);
  assert.ok(lines.some((line) => line.msg === `the tail worker angry failed on run ${run.id}`));
  const deaf = (await rows("worker=deaf"))[0];
  assert.equal((await (await fetch(`${daemon.url}/v1/runs/${deaf.id}`)).json()).exceptions[0].message, "Handler does not export a tail() function.");
});

test("tails are names of stored workers, ten at most", async () => {
  for (const [tails, param] of [["x", "/code/tails"], [[1], "/code/tails/0"], [["ok", "no/name"], "/code/tails/1"], [Array(11).fill("a"), "/code/tails"]]) {
    const refused = await daemon.run(worker("return new Response('')"), { code: { tails } });
    assert.deepEqual([refused.status, refused.param], [400, param]);
  }
});

test("so many tails wait or run and no more; the rest is counted, and runs go on", async () => {
  const held = [];
  const gate = await httpServer((request, response) => held.push(response));
  await put("sleeper", `export default { async tail() { await fetch("${gate.url}/"); } }`, { globalOutbound: policy() });
  const [begun, dropped] = [await metric("mayfly_tail_runs_total"), await metric("mayfly_tail_runs_dropped_total")];
  const runs = await Promise.all(Array.from({ length: 30 }, () => daemon.run(worker("return new Response('')"), { code: { tails: Array(10).fill("sleeper") } })));
  assert.ok(runs.every((run) => run.outcome === "ok"));
  await daemon.until(async () => (await metric("mayfly_tail_runs_total")) - begun + (await metric("mayfly_tail_runs_dropped_total")) - dropped === 300, 60_000);
  assert.equal((await metric("mayfly_tail_runs_dropped_total")) - dropped, 300 - 256);
  await daemon.until(() => { for (const response of held.splice(0)) response.end(); return daemon.health().then((health) => health.runs.active === 0); }, 60_000);
});

test("a tail is a worker of the same tenant", async () => {
  const many = await startWithTokens();
  try {
    await many.tenant("a");
    await many.tenant("b");
    const a = (await many.token(["run", "workers", "logs"], "a")).token, b = (await many.token(["run", "workers", "logs"], "b")).token;
    const store = (token) => many.as(token, "/v1/workers/ear", { method: "PUT", body: code(`export default { tail(events) { console.log(events[0].tenant) } }`) });
    assert.equal((await store(a)).status, 201);
    await many.as(b, "/v1/run", { method: "POST", body: { code: code(worker("return new Response('')"), { tails: ["ear"] }) } });
    await many.until(() => many.lines.some((line) => JSON.parse(line).msg.startsWith("the tail worker ear does not hear")));
    await many.as(a, "/v1/run", { method: "POST", body: { code: code(worker("return new Response('')"), { tails: ["ear"] }) } });
    const row = await many.until(async () => (await (await many.as(a, "/v1/runs?kind=tail")).json()).runs[0]);
    assert.equal((await (await many.as(a, `/v1/runs/${row.id}`)).json()).logs[0].message, "a");
    assert.deepEqual((await (await many.as(b, "/v1/runs?kind=tail")).json()).runs, []);
  } finally { await many.stop(); }
});
