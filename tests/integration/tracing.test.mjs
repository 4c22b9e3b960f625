// tracing.test.mjs - W3C trace context in and out, and what a collector is sent: held against OTLP's schema, retried, dropped, counted.
import { test, after } from "node:test";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { Daemon, DATE, binDir, worker, assert } from "../lib/mayfly.mjs";
import { closeAll, httpServer, policy, rule } from "../lib/upstream.mjs";
import { collector, valueOf } from "../lib/collector.mjs";

after(closeAll);

const TRACE = "0af7651916cd43dd8448eb211c80319c", SPAN = "b7ad6b7169203331";
const parent = (flags = "01", span = SPAN) => `00-${TRACE}-${span}-${flags}`;
const metric = async (daemon, name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await (await fetch(`${daemon.url}/metrics`)).text())[1]);
const record = async (daemon, id) => (await fetch(`${daemon.url}/v1/runs/${id}`)).json();
const echo = () => httpServer((request, response) => { response.setHeader("content-type", "application/json"); response.end(JSON.stringify(request.headers)); });
const asks = (url, headers = {}) => worker(`const r = await fetch(${JSON.stringify(url)}, { headers: ${JSON.stringify(headers)} }); return new Response(await r.text())`);

test("a caller's trace is the run's; what is not to the letter begins a new one", async () => {
  const daemon = await Daemon.start();
  try {
    const run = await daemon.run(worker("return new Response('')"), { headers: { traceparent: parent(), tracestate: "a=1" } });
    assert.equal(run.traceId, TRACE);
    const kept = await record(daemon, run.id);
    assert.deepEqual([kept.traceId, kept.parentSpanId], [TRACE, SPAN]);
    assert.notEqual(kept.spanId, SPAN);
    for (const bad of ["00-abc", parent().toUpperCase(), `00-${"0".repeat(32)}-${SPAN}-01`, `ff-${TRACE}-${SPAN}-01`, `${parent()}-more`]) {
      const own = await daemon.run(worker("return new Response('')"), { headers: { traceparent: bad } });
      assert.match(own.traceId, /^[0-9a-f]{32}$/);
      assert.notEqual(own.traceId, TRACE, bad);
      assert.equal((await record(daemon, own.id)).parentSpanId, null);
    }
    // Problems say it: of a run that failed, and of a call that was refused.
    const failed = await (await daemon.runSource(worker("throw new Error('x')"), { headers: { traceparent: parent() } })).json();
    assert.deepEqual([failed.code, failed.traceId], ["script.exception", TRACE]);
    const refused = await (await fetch(`${daemon.url}/v1/workers/nobody`, { headers: { traceparent: parent() } })).json();
    assert.deepEqual([refused.code, refused.traceId], ["worker.unknown", TRACE]);
    assert.equal("traceId" in await (await fetch(`${daemon.url}/v1/workers/nobody`, { headers: { traceparent: "00-bad" } })).json(), false);
  } finally { await daemon.stop(); }
});

test("an upstream is told of the trace by a span of its own; a guest cannot say another's, a rule can strip it, the config can end it", async () => {
  const daemon = await Daemon.start(), quiet = await Daemon.start({ config: { tracing: { propagate: false } } }), upstream = await echo();
  try {
    const forged = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: "guest=1", "x-own": "stays" };
    const run = await daemon.run(asks(upstream.url, forged), { headers: { traceparent: parent("00"), tracestate: "vendor=1" }, code: { globalOutbound: policy() } });
    const seen = JSON.parse(run.response.body);
    const [, trace, span, flags] = seen.traceparent.split("-");
    assert.deepEqual([trace, flags, seen.tracestate, seen["x-own"]], [TRACE, "00", "vendor=1", "stays"]);
    assert.equal(span, run.subrequests[0].spanId);
    assert.ok(run.subrequests[0].startMs >= 0);
    const own = await daemon.run(asks(upstream.url, forged), { code: { globalOutbound: policy() } });
    assert.equal(JSON.parse(own.response.body).traceparent, `00-${own.traceId}-${own.subrequests[0].spanId}-01`);
    assert.equal(JSON.parse(own.response.body).tracestate, undefined);
    const stripped = await daemon.run(asks(upstream.url, forged), { code: { globalOutbound: policy(rule({ rule: { headers: { strip: ["traceparent"] } } })) } });
    assert.equal(JSON.parse(stripped.response.body).traceparent, undefined);
    const set = await daemon.run(asks(upstream.url, forged), { code: { globalOutbound: policy(rule({ rule: { headers: { set: { traceparent: "the operator's" } } } })) } });
    assert.equal(JSON.parse(set.response.body).traceparent, "the operator's");
    const silent = await quiet.run(asks(upstream.url, forged), { headers: { traceparent: parent() }, code: { globalOutbound: policy() } });
    assert.deepEqual([JSON.parse(silent.response.body).traceparent, JSON.parse(silent.response.body).tracestate], [undefined, undefined]);
  } finally { await daemon.stop(); await quiet.stop(); }
});

test("an interceptor's run belongs to the trace of the run whose request it answers", async () => {
  const daemon = await Daemon.start({ config: { tracing: { propagate: false } } });
  try {
    assert.ok((await fetch(`${daemon.url}/v1/workers/gate`, { method: "PUT", headers: { "content-type": "application/json" },
      body: JSON.stringify({ compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": worker("return new Response('gated')") } }) })).ok);
    const run = await daemon.run(asks("http://anywhere.example/"), { code: { globalOutbound: { rules: [{ match: { host: ["*"], port: "*" }, action: { interceptor: { worker: "gate" } }, allowHttp: true }] } }, headers: { traceparent: parent() } });
    assert.equal(run.response.body, "gated");
    const inner = await daemon.until(async () => (await (await fetch(`${daemon.url}/v1/runs?kind=interceptor`)).json()).runs[0]);
    assert.deepEqual([inner.traceId, inner.parentSpanId, inner.worker], [TRACE, run.subrequests[0].spanId, "gate"]);
  } finally { await daemon.stop(); }
});

function headersFile(text) {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "mayfly-otlp-")), "headers");
  writeFileSync(file, text);
  chmodSync(file, 0o600);
  return file;
}

test("a collector gets spans and lines as OTLP has them, with the headers of the file, whatever guests write", async () => {
  const sink = await collector(), upstream = await echo();
  const daemon = await Daemon.start({ config: { tracing: { otlpUrl: `${sink.url}/`, otlpHeadersFile: headersFile("x-api-key: the-key\n\nx-more: 1\n"), otlpLogs: true } } });
  const hostile = "\\u0000\\x1b[31m\\n\\\"}]},\\u2028\\ud800";
  try {
    const run = await daemon.run(worker(`console.error("${hostile}"); console.debug("d"); await fetch(${JSON.stringify(upstream.url)}); const e = new Error("${hostile}"); e.name = "Odd\\"}"; throw e`),
      { headers: { traceparent: parent(), tracestate: "a=1" }, code: { globalOutbound: policy() }, request: { method: "POST", url: "http://h/?token=abc" } });
    assert.equal(run.outcome, "exception");
    await daemon.run(worker("return new Response('unsampled')"), { headers: { traceparent: `00-${"c".repeat(32)}-${SPAN}-00` } });
    const response = await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: { "content-type": "application/json", accept: "application/x-ndjson" },
      body: JSON.stringify({ code: `void t.never("x")`, namespaces: [{ name: "t" }] }) });
    await response.text();
    const spans = await daemon.until(() => sink.spans.some((one) => one.name.startsWith("execute_tool")) && sink.logs.length >= 2 && sink.spans);
    assert.deepEqual(sink.faults, []);
    const ours = spans.filter((one) => one.traceId === TRACE);
    const request = ours.find((one) => one.kind === 2);
    assert.deepEqual([request.name, request.parentSpanId, request.traceState, request.status.code], ["run", SPAN, "a=1", 2]);
    assert.deepEqual(["mayfly.run.id", "mayfly.outcome", "url.full", "http.request.method", "error.type"].map((key) => valueOf(request, key)),
      [run.id, "exception", "http://h/?token=REDACTED", "POST", "script.exception"]);
    const children = ours.filter((one) => one.parentSpanId === request.spanId).map((one) => one.name).sort();
    assert.deepEqual(children, ["run", "wait"]);
    const inner = ours.find((one) => one.name === "run" && one.kind === 1);
    assert.equal(valueOf(inner.events[0], "exception.type"), 'Odd"}');
    assert.ok(valueOf(inner.events[0], "exception.message").startsWith("\0\x1b[31m\n\"}]},\u2028"));
    const out = ours.find((one) => one.kind === 3);
    assert.deepEqual([out.name, out.parentSpanId, out.spanId, valueOf(out, "http.response.status_code"), valueOf(out, "server.address")], ["GET", inner.spanId, run.subrequests[0].spanId, "200", "127.0.0.1"]);
    for (const one of ours) {
      assert.ok(BigInt(one.startTimeUnixNano) <= BigInt(one.endTimeUnixNano), one.name);
      if (one !== request) assert.ok(BigInt(one.startTimeUnixNano) >= BigInt(request.startTimeUnixNano), one.name);
    }
    assert.equal(spans.some((one) => one.traceId === "c".repeat(32)), false);
    const tool = spans.find((one) => one.name === "execute_tool never");
    assert.deepEqual([valueOf(tool, "gen_ai.operation.name"), valueOf(tool, "mayfly.tool.outcome")], ["execute_tool", "abandoned"]);
    const line = sink.logs.find((one) => one.severityNumber === 17);
    assert.deepEqual([line.traceId, line.spanId, line.severityText], [TRACE, request.spanId, "error"]);
    assert.ok(line.body.stringValue.startsWith("\0\x1b[31m\n"));
    for (const one of sink.requests) assert.deepEqual([one.headers["x-api-key"], one.headers["x-more"], one.headers.expect], ["the-key", "1", undefined]);
    assert.ok(!daemon.lines.join("\n").includes("the-key"));
    await daemon.until(async () => (await metric(daemon, "mayfly_otlp_runs_sent_total")) === 3);
  } finally { await daemon.stop(); }
});

test("a collector that is busy is asked again when it says, one that refuses is not, and what it leaves out is counted", async () => {
  const sink = await collector((where, count) => (count === 1 ? { status: 503, headers: { "retry-after": "1" } } : count === 2 ? { status: 429 } : undefined));
  const daemon = await Daemon.start({ config: { tracing: { otlpUrl: sink.url } } });
  try {
    await daemon.run(worker("return new Response('')"));
    await daemon.until(() => sink.spans.length > 0);
    assert.equal(sink.requests.length, 3);
    assert.ok(sink.requests[1].at - sink.requests[0].at >= 950);
    await daemon.until(async () => (await metric(daemon, "mayfly_otlp_runs_sent_total")) === 1);
    assert.equal(await metric(daemon, "mayfly_otlp_retries_total"), 2);
    sink.answer = () => ({ status: 200, body: JSON.stringify({ partialSuccess: { rejectedSpans: "2", errorMessage: "no" } }) });
    await daemon.run(worker("return new Response('')"));
    await daemon.until(async () => (await metric(daemon, "mayfly_otlp_rejected_total")) === 2);
    sink.answer = () => ({ status: 400 });
    await daemon.run(worker("return new Response('')"));
    await daemon.until(async () => (await metric(daemon, "mayfly_otlp_runs_dropped_total")) === 1);
    assert.equal(sink.requests.length, 5);
    assert.ok(daemon.lines.some((line) => JSON.parse(line).msg.includes("it answered 400")));
  } finally { await daemon.stop(); }
});

test("a collector that hangs holds up no run, and the daemon's end only for a moment", async () => {
  const sink = await collector(() => "hang");
  const daemon = await Daemon.start({ config: { tracing: { otlpUrl: sink.url } } });
  await daemon.run(worker("return new Response('')"));
  await daemon.until(() => sink.requests.length === 1);
  const runs = await Promise.all(Array.from({ length: 50 }, () => daemon.run(worker("return new Response('')"))));
  assert.ok(runs.every((run) => run.outcome === "ok"));
  await daemon.until(async () => (await metric(daemon, "mayfly_otlp_runs_queued")) === 50);
  const began = Date.now();
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - began < 15_000);
});

test("a file of headers that is none, or that everybody may read, stops the start with a sentence and no value", async () => {
  const starts = (file) => Daemon.start({ config: { tracing: { otlpUrl: "http://127.0.0.1:1", otlpHeadersFile: file } } }).then((daemon) => daemon.stop());
  const open = headersFile("x-key: secret-value\n");
  chmodSync(open, 0o644);
  for (const [file, why] of [[open, "everybody may read"], [headersFile("no header secret-value\n"), "line 1 of"], ["/nonexistent/file", "cannot be read"], [headersFile("a: b\r\n".repeat(17)), "line 17 of"]])
  {
    await assert.rejects(starts(file), (error) => error.message.includes(why) && !error.message.includes("secret-value"));
    const config = path.join(mkdtempSync(path.join(tmpdir(), "mayfly-check-")), "mayfly.json");
    writeFileSync(config, JSON.stringify({ tracing: { otlpUrl: "http://127.0.0.1:1", otlpHeadersFile: file } }));
    const check = spawnSync(path.join(binDir, "mayflyd"), ["--check", "--config", config], { encoding: "utf8" });
    assert.deepEqual([check.status, check.stderr.includes(why), check.stderr.includes("secret-value")], [1, true, false]);
  }
});
