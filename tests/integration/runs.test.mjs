// runs.test.mjs - /v1/runs and /v1/tail: what became of each run, by every way that it can begin and end; what is hidden, cut, dropped.
import { test, before, after } from "node:test";
import http from "node:http";
import path from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import { Daemon, DATE, worker, assert } from "../lib/mayfly.mjs";
import { openTail } from "../lib/events.mjs";
import { ADMIN, refused, startWithTokens } from "../lib/tenants.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

const get = async (path, from = daemon) => {
  const response = await fetch(`${from.url}${path}`);
  return { status: response.status, body: await response.json() };
};
const record = async (id, from = daemon) => {
  const { status, body } = await get(`/v1/runs/${id}`, from);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const put = async (name, source, more = {}, to = daemon) => {
  const response = await fetch(`${to.url}/v1/workers/${name}`, {
    method: "PUT", headers: { "content-type": "application/json" },
    body: JSON.stringify({ compatibilityDate: DATE, mainModule: "main.js", modules: { "main.js": source }, ...more }),
  });
  assert.ok(response.ok, await (response.ok ? "" : response.text()));
  return response.json();
};

test("a run's record says what its envelope said, and hides what looks like a credential", async () => {
  const run = await daemon.run(worker(`console.log("hello", 1); console.warn("line\\n\\x1b[31m\\u2028"); return new Response("body", { status: 201 })`), {
    request: { method: "POST", url: "http://me:pw@example.com/a?token=abc&x=1", headers: { authorization: "Bearer abc", "x-seen": "yes" }, body: "four" },
  });
  assert.equal(run.outcome, "ok");
  const kept = await record(run.id);
  assert.deepEqual([kept.id, kept.kind, kept.tenant, kept.worker, kept.version, kept.codeHash, kept.entrypoint], [run.id, "run", null, null, null, null, null]);
  assert.deepEqual([kept.outcome, kept.error, kept.response], ["ok", undefined, { status: 201 }]);
  assert.deepEqual(kept.logs, run.logs);
  assert.equal(kept.logs[1].message, "line\n\x1b[31m\u2028");
  assert.deepEqual(kept.usage, { ...run.usage, calls: 0 });
  assert.deepEqual(kept.request, { method: "POST", url: "http://example.com/a?token=REDACTED&x=1",
    headers: { authorization: "REDACTED", "x-seen": "yes" } });
  assert.match(kept.traceId, /^[0-9a-f]{32}$/);
  assert.match(kept.spanId, /^[0-9a-f]{16}$/);
  assert.equal(kept.parentSpanId, null);
  const took = Date.parse(kept.endedAt) - Date.parse(kept.startedAt);
  assert.ok(took >= 0 && took < 60_000 && Math.abs(Date.now() - Date.parse(kept.endedAt)) < 60_000);
  assert.deepEqual([kept.truncated, kept.logsDropped, kept.exceptionsDropped, kept.subrequestsLeftOut, kept.toolCallsLeftOut], [false, 0, 0, 0, 0]);
});

test("runs that fail are there with what they said: exceptions, limits, a client that left", async () => {
  const threw = await record((await daemon.run(worker(`console.log("before"); throw new TypeError("no \\"way\\"")`))).id);
  assert.deepEqual([threw.outcome, threw.error.code, threw.response], ["exception", "script.exception", null]);
  assert.deepEqual([threw.exceptions[0].name, threw.exceptions[0].message, threw.logs[0].message], ["TypeError", 'no "way"', "before"]);
  const cpu = await record((await daemon.run(worker(`console.log("on"); for (;;) {}`), { limits: { cpuMs: 20 } })).id);
  assert.deepEqual([cpu.outcome, cpu.error.code, cpu.logs.length], ["exceededCpu", "limit.cpu", 1]);
  const syntax = await daemon.run("export default {{");
  assert.equal((await record(syntax.id)).error.code, "script.syntax");
  const controller = new AbortController();
  const left = daemon.run(worker(`console.log("here"); await scheduler.wait(20000)`), { signal: controller.signal }).catch(() => "left");
  await daemon.until(async () => (await daemon.health()).runs.active === 1);
  controller.abort();
  assert.equal(await left, "left");
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
  const { body } = await get("/v1/runs?outcome=canceled");
  assert.equal(body.runs.length, 1);
  assert.equal((await record(body.runs[0].id)).logs[0].message, "here");
});

test("stored workers, programs with calls of tools, and MCP are runs too", async () => {
  const { hash } = await put("greeter", `export class Named {} ; ${worker(`console.log("hi"); return new Response("w")`)}`);
  await fetch(`${daemon.url}/v1/workers/greeter/fetch/a/b?q=1`, { headers: { cookie: "a=b" } });
  const row = await daemon.until(async () => (await get("/v1/runs?worker=greeter")).body.runs[0]); // Its response may end before it is over.
  assert.deepEqual([row.kind, row.worker, row.version, row.codeHash, row.logCount], ["worker", "greeter", 1, hash, 1]);
  assert.deepEqual(row.request, { method: "GET", url: "http://worker.local/a/b?q=1" });
  assert.equal((await record(row.id)).request.headers.cookie, "REDACTED");

  const response = await fetch(`${daemon.url}/v1/executions`, { method: "POST",
    headers: { "content-type": "application/json", accept: "application/x-ndjson" },
    body: JSON.stringify({ code: `console.log("in"); const a = await t.add(1, 2); void t.never(); return a`, namespaces: [{ name: "t" }] }) });
  let id;
  for (const line of await readLines(response, async (frame) => {
    if (frame.type === "start") id = frame.id;
    if (frame.type === "call" && frame.name === "add")
      await fetch(`${daemon.url}/v1/executions/${id}/calls/${frame.callId}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ok: 3 }) });
  })) assert.notEqual(line.type, "error");
  const program = await record(id);
  assert.deepEqual([program.kind, program.outcome, program.request, program.logs[0].message], ["execution", "ok", null, "in"]);
  const [add, never] = program.toolCalls.sort((a, b) => a.call - b.call);
  assert.deepEqual([add.namespace, add.name, add.outcome], ["t", "add", "answered"]);
  assert.ok(add.startMs >= 0 && add.ms > 0 && /^[0-9a-f]{16}$/.test(add.spanId));
  assert.deepEqual([never.name, never.outcome], ["never", "abandoned"]);
  assert.equal(program.usage.calls, 2);

  await fetch(`${daemon.url}/mcp`, { method: "POST", headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "execute", arguments: { code: "throw new Error('mcp')" } } }) });
  const mcp = (await get("/v1/runs?kind=mcp")).body.runs[0];
  assert.equal((await record(mcp.id)).exceptions[0].message, "mcp");
});

async function readLines(response, on) {
  const decoder = new TextDecoder(), all = [];
  let rest = "";
  for await (const bytes of response.body) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop();
    for (const part of parts) { all.push(JSON.parse(part)); await on(all.at(-1)); }
  }
  return all;
}

test("pages go back in time, filters choose, and what is not a filter is refused by name", async () => {
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await daemon.run(worker(`return new Response("${i}")`))).id);
  const first = (await get("/v1/runs?limit=2&kind=run")).body;
  assert.deepEqual(first.runs.map((run) => run.id), [ids[4], ids[3]]);
  const second = (await get(`/v1/runs?limit=2&kind=run&after=${first.next}`)).body;
  assert.deepEqual(second.runs.map((run) => run.id), [ids[2], ids[1]]);
  const since = (await record(ids[4])).endedAt;
  for (const run of (await get(`/v1/runs?since=${since}`)).body.runs) assert.ok(Date.parse(run.endedAt) >= Math.floor(Date.parse(since) / 1000) * 1000);
  assert.deepEqual((await get(`/v1/runs?since=${Date.now() + 60_000}`)).body, { runs: [], next: null });
  for (const run of (await get("/v1/runs?outcome=failed")).body.runs) assert.ok(!["ok", "canceled"].includes(run.outcome));
  assert.equal("logs" in first.runs[0] || "headers" in first.runs[0].request, false);
  for (const query of ["since=yesterday", "limit=0", "limit=1001", "after=x", "worker=", "search=x", "other=1"]) {
    const { status, body } = await get(`/v1/runs?${query}`);
    assert.deepEqual([status, body.code], [400, "api.field"], query);
    assert.ok(body.detail.includes(query.split("=")[0]), body.detail);
  }
  assert.deepEqual((({ status, body }) => [status, body.code])(await get("/v1/runs/run_nobody")), [404, "run.unknown"]);
});

test("what is kept is bounded: in number, for one run, and by a reload", async () => {
  const small = await Daemon.start({ config: { runs: { count: 2, recordBytes: 4096 } } });
  try {
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await small.run(worker(`for (let i = 0; i < 200; i++) console.log("x".repeat(50) + i); return new Response("")`))).id);
    assert.equal((await get(`/v1/runs/${ids[0]}`, small)).status, 404);
    const kept = await record(ids[2], small);
    assert.ok(kept.truncated && kept.logs.length > 10 && kept.logs.length < 200);
    assert.ok(kept.logs.every((log, i) => log.message === "x".repeat(50) + i));
    const file = path.join(small.dir, "mayfly.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), runs: { count: 1 } }));
    process.kill(small.pid, "SIGHUP");
    await small.until(async () => (await get("/v1/runs", small)).body.runs.length === 1);
    assert.equal((await record(ids[2], small)).id, ids[2]);
  } finally { await small.stop(); }
});

/* ---- the tail --------------------------------------------------------------------------------- */

test("the tail tells of each run that fits, as a trace item", async () => {
  const all = await openTail(daemon.url), failed = await openTail(daemon.url, "?outcome=failed"), search = await openTail(daemon.url, `?search=${encodeURIComponent('say "x"')}`);
  assert.deepEqual(all.first, { comment: "mayfly" });
  assert.equal(all.response.headers.get("content-type"), "text/event-stream");
  await daemon.run(worker(`console.log("one"); return new Response("1")`), { request: { url: "http://h/?secret=1", headers: { "x-token": "t" } } });
  await daemon.run(worker(`console.log('say "x"'); throw new Error("two")`));
  const one = (await all.next()).data, two = await all.next();
  assert.deepEqual(one.event, { request: { method: "GET", url: "http://h/?secret=REDACTED", headers: { "x-token": "REDACTED" }, cf: {} }, response: { status: 200 } });
  assert.deepEqual([one.outcome, one.scriptName, one.executionModel, one.truncated, one.diagnosticsChannelEvents], ["ok", null, "stateless", false, []]);
  assert.deepEqual([one.logs[0].message, one.logs[0].level], [["one"], "log"]);
  assert.ok(one.cpuTime > 0 && one.wallTime > 0 && Math.abs(one.eventTimestamp - Date.now()) < 60_000);
  assert.equal(two.event, "run");
  assert.deepEqual([two.data.outcome, two.data.exceptions[0].message, two.data.event.response], ["exception", "two", null]);
  assert.equal((await failed.next()).id, two.id);
  assert.equal((await search.next()).id, two.id);
  for (const tail of [all, failed, search]) tail.close();
  await daemon.until(async () => (await metric("mayfly_tail_readers")) === 0);
});

const metric = async (name, from = daemon) => {
  const text = await (await fetch(`${from.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)[1]);
};

test("a reader that reads nothing loses events and is told how many; nobody waits for it", async () => {
  const lines = [];
  const reader = http.get(`${daemon.url}/v1/tail`);
  const response = await new Promise((resolve) => reader.on("response", resolve));
  response.pause();
  const before = await metric("mayfly_tail_dropped_total");
  const noisy = worker(`for (let i = 0; i < 60; i++) console.log("y".repeat(1000)); return new Response("")`);
  await daemon.until(async () => {
    await Promise.all(Array.from({ length: 20 }, () => daemon.run(noisy)));
    return (await metric("mayfly_tail_dropped_total")) - before > 20;
  }, 60_000);
  const dropped = (await metric("mayfly_tail_dropped_total")) - before;
  let told = 0, text = "";
  await new Promise((resolve) => {
    response.setEncoding("utf8");
    response.on("data", (part) => {
      text += part;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) if (block.startsWith("event: dropped")) told += JSON.parse(block.split("data: ")[1]).dropped;
      if (told >= dropped) resolve();
    });
    response.resume();
  });
  assert.equal(told, dropped);
  reader.destroy();
  await daemon.until(async () => (await metric("mayfly_tail_readers")) === 0);
});

test("so many readers and no more; HEAD has no body; bad parameters are named", async () => {
  const tails = await Promise.all(Array.from({ length: 64 }, () => openTail(daemon.url)));
  const { response } = await openTail(daemon.url);
  assert.equal(response.status, 503);
  assert.equal((await response.json()).code, "tail.busy");
  assert.equal(response.headers.get("retry-after"), "1");
  for (const tail of tails) tail.close();
  await daemon.until(async () => (await metric("mayfly_tail_readers")) === 0);
  assert.equal((await fetch(`${daemon.url}/v1/tail`, { method: "HEAD" })).headers.get("content-type"), "text/event-stream");
  for (const query of ["since=1", "limit=1", "search=", `search=${"x".repeat(257)}`, "what=1"]) {
    const bad = await openTail(daemon.url, `?${query}`);
    assert.equal(bad.response.status, 400, query);
    assert.ok((await bad.response.json()).detail.includes(query.split("=")[0]));
  }
});

test("a daemon that stops says so, and does not wait for those that read", async () => {
  const other = await Daemon.start();
  const tail = await openTail(other.url);
  const stopped = other.stop();
  assert.deepEqual((await tail.next()), { event: "end", data: { reason: "draining" } });
  assert.equal(await tail.next(), undefined);
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

test("a tenant reads of its own runs; an admin of all, or of whom it names; a token that is revoked ends its tail", async () => {
  const many = await startWithTokens();
  try {
    await many.tenant("a");
    await many.tenant("b");
    const a = await many.token(["run", "logs"], "a"), b = await many.token(["run", "logs"], "b");
    const open = (token, query = "") => openTail(many.url, query, { authorization: `Bearer ${token}` });
    const tails = { a: await open(a.token), b: await open(b.token), all: await open(ADMIN), named: await open(ADMIN, "?tenant=b") };
    const post = (token) => many.as(token, "/v1/run", { method: "POST", body: { code: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": worker("return new Response('')") } } } });
    const idA = (await (await post(a.token)).json()).id, idB = (await (await post(b.token)).json()).id;
    assert.deepEqual([(await tails.a.next()).data.id, (await tails.b.next()).data.id, (await tails.named.next()).data.id], [idA, idB, idB]);
    assert.deepEqual([(await tails.all.next()).data.tenant, (await tails.all.next()).data.tenant], ["a", "b"]);
    assert.equal((await many.as(b.token, `/v1/runs/${idA}`)).status, 404);
    assert.equal((await many.as(a.token, `/v1/runs/${idA}`)).status, 200);
    const list = async (token, query = "") => (await (await many.as(token, `/v1/runs${query}`)).json()).runs.map((run) => run.id);
    assert.deepEqual([await list(a.token), await list(ADMIN), await list(ADMIN, "?tenant=a"), await list(ADMIN, "?tenant=")], [[idA], [idB, idA], [idA], []]);
    await refused(await many.as(a.token, "/v1/runs?tenant=b"), 400, "api.field");
    assert.equal((await many.admin(`/v1/tokens/${a.id}`, { method: "DELETE", headers: { "mayfly-tenant": "a" } })).status, 204);
    assert.deepEqual(await tails.a.next(), { event: "end", data: { reason: "token" } });
  } finally { await many.stop(); }
});
