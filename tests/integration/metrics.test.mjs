// metrics.test.mjs - /metrics: its text is read as strictly as Prometheus reads it, and its numbers move with what happens.
import { readFileSync } from "node:fs";
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

// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format, and what promtool's linter asks for.
function parse(text) {
  assert.ok(text.endsWith("\n"));
  const families = new Map();
  let family = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-z_:][a-z0-9_:]*) (\S.*)$/.exec(line), type = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram)$/.exec(line);
    if (help) {
      assert.ok(!families.has(help[1]), `${help[1]} stands there once`);
      family = { name: help[1], help: help[2], samples: new Map() };
      families.set(family.name, family);
    } else if (type) {
      assert.equal(type[1], family.name);
      [, , family.type] = type;
      if (family.type === "counter") assert.match(family.name, /_total$/);
      else assert.doesNotMatch(family.name, /_total$|_count$|_sum$|_bucket$/);
    } else {
      const sample = /^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+-]+)$/.exec(line);
      assert.ok(sample, `not a sample: ${line}`);
      assert.ok(sample[1] === family.name || (family.type === "histogram" && sample[1].startsWith(`${family.name}_`)), line);
      const key = `${sample[1]}{${sample[2] ?? ""}}`;
      assert.ok(!family.samples.has(key), `${key} stands there once`);
      assert.ok(Number.isFinite(Number(sample[3])), line);
      family.samples.set(key, Number(sample[3]));
    }
  }
  for (const one of families.values()) {
    if (one.type !== "histogram") continue;
    const buckets = [...one.samples].filter(([key]) => key.includes("_bucket{")).map(([key, value]) => [/le="(.*)"/.exec(key)[1], value]);
    buckets.slice(1).forEach(([bound, value], i) => { assert.ok(value >= buckets[i][1]); assert.ok(bound === "+Inf" || Number(bound) > Number(buckets[i][0])); });
    assert.deepEqual([buckets.at(-1)[0], buckets.at(-1)[1]], ["+Inf", one.samples.get(`${one.name}_count{}`)]);
  }
  return families;
}

async function scrape() {
  const response = await fetch(`${daemon.url}/metrics`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const families = parse(await response.text());
  return (name, labels = "") => {
    const family = [...families.values()].find((one) => one.samples.has(`${name}{${labels}}`));
    return family?.samples.get(`${name}{${labels}}`) ?? 0;
  };
}

test("requests are counted by their status, problems by their code", async () => {
  const before = await scrape();
  for (const [where, status] of [["/healthz", 200], ["/nowhere", 404], ["/v1/workers/none", 404], ["/v1/workers/none", 404]]) assert.equal((await fetch(daemon.url + where)).status, status);
  const after = await scrape();
  const more = (name, labels) => after(name, labels) - before(name, labels);
  assert.equal(more("mayfly_http_problems_total", 'code="worker.unknown"'), 2);
  assert.equal(more("mayfly_http_problems_total", 'code="api.route"'), 1);
  assert.equal(more("mayfly_http_requests_total", 'class="4xx"'), 3);
  assert.equal(more("mayfly_http_requests_total", 'class="2xx"'), 2); // The scrape before is one.
});

test("promtool finds nothing wrong", { skip: !process.env.MF_PROMTOOL && "there is no promtool" }, async () => {
  await daemon.run(worker(`console.log(1); return new Response("x")`));
  const { spawnSync } = await import("node:child_process");
  const end = spawnSync(process.env.MF_PROMTOOL, ["check", "metrics"], { input: await (await fetch(`${daemon.url}/metrics`)).text(), encoding: "utf8" });
  assert.ifError(end.error);
  assert.deepEqual([end.status, end.stdout, end.stderr], [0, "", ""]);
});

test("every family is well formed, and docs/metrics.md has each of them", async () => {
  await daemon.run(worker(`return new Response("x")`));
  const families = parse(await (await fetch(`${daemon.url}/metrics`)).text());
  const documented = [...readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8").matchAll(/^\| `([a-z_]+)`/gm)].map((m) => m[1]);
  assert.deepEqual([...families.keys()].sort(), documented.sort());
  assert.ok((await fetch(`${daemon.url}/metrics`, { method: "POST" })).status === 405);
});

test("runs are counted by how they end, with their time, CPU and bytes", async () => {
  const before = await scrape();
  for (let i = 0; i < 3; i++) await daemon.run(worker(`return new Response("12345")`));
  await daemon.run(worker(`throw new Error("x")`));
  await daemon.run(worker(`for (;;);`), { limits: { cpuMs: 30 } });
  await daemon.run(worker(`await scheduler.wait(60000)`), { limits: { wallMs: 60 } });
  await daemon.run(worker(`for (let i = 0; i < 100; i++) console.log("x".repeat(1000)); return new Response()`), { limits: { logBytes: 1000 } });
  const after = await scrape();
  const grew = (name, labels) => after(name, labels) - before(name, labels);
  const runs = (outcome) => grew("mayfly_runs_total", `outcome="${outcome}",kind="client"`);
  assert.deepEqual(["ok", "exception", "exceededCpu", "exceededWallTime"].map(runs), [4, 1, 1, 1]);
  assert.equal(grew("mayfly_run_duration_seconds_count"), 7);
  assert.ok(grew("mayfly_run_duration_seconds_sum") > 0.06 && grew("mayfly_run_cpu_seconds_sum") > 0.03, "the one that waited, and the one that did not");
  assert.ok(grew("mayfly_run_host_wait_seconds_total") > 0.05);
  assert.equal(grew("mayfly_run_body_bytes_total", `direction="out"`), 15);
  assert.ok(grew("mayfly_log_lines_dropped_total") > 90);
  assert.ok(after("mayfly_isolates_standby") >= 0 && after("mayfly_executors", `state="ready"`) >= 1 && after("process_resident_memory_bytes") > 1e6 && after("process_open_fds") > 5);
});

test("requests to the outside, interceptors, and an executor that dies", async () => {
  const upstream = await httpServer((request, response) => response.end("answer"));
  const put = await fetch(`${daemon.url}/v1/workers/w`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ compatibilityDate: "2026-09-01", mainModule: "a.js", modules: { "a.js": `export default { fetch: () => new Response("mine") }` } }) });
  assert.equal(put.status, 201);
  const before = await scrape();
  const through = (globalOutbound, url) => daemon.run(worker(`try { return new Response(await (await fetch("${url}")).text()); } catch (e) { return new Response(String(e)); }`), { code: { globalOutbound } });
  await through(policy(), upstream.url);
  await through({ rules: [] }, upstream.url);
  await through({ rules: [{ match: { host: "api.example" }, action: { interceptor: { worker: "w" } } }] }, "https://api.example/");
  let after = await scrape();
  const grew = (name, labels) => after(name, labels) - before(name, labels);
  assert.deepEqual(["mayfly_subrequests_total", "mayfly_subrequests_refused_total", "mayfly_subrequests_intercepted_total"].map((name) => grew(name)), [3, 1, 1]);
  // The one who asked may have the answer a little before the interceptor's run has ended.
  await daemon.until(async () => { after = await scrape(); return grew("mayfly_runs_total", `outcome="ok",kind="interceptor"`) === 1; });
  assert.equal(grew("mayfly_runs_total", `outcome="ok",kind="client"`), 3);
  assert.ok(grew("mayfly_subrequest_bytes_total", `direction="in"`) >= 6);
  assert.equal(after("mayfly_workers_cached"), 1);
  process.kill((await daemon.executors())[0].pid, "SIGKILL");
  await daemon.until(async () => { after = await scrape(); return grew("mayfly_executor_deaths_total", `reason="crash"`) === 1; });
});

test("the dashboard asks for families that there are, and for no label that they lack", async () => {
  const families = parse(await (await fetch(`${daemon.url}/metrics`)).text());
  const dashboard = JSON.parse(readFileSync(new URL("../../packaging/grafana/mayfly.json", import.meta.url), "utf8"));
  const asked = dashboard.panels.flatMap((panel) => panel.targets.map((target) => target.expr));
  assert.ok(asked.length > 15);
  for (const expr of asked) {
    const names = expr.match(/\b(?:mayfly|process)_[a-z0-9_]+/g) ?? [];
    assert.ok(names.length > 0, expr);
    for (const name of names) {
      const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
      assert.ok(family, `${name} is no family`);
      const [, by] = /by \((?!le)(\w+)\)/.exec(expr) ?? [];
      if (by) assert.ok([...family.samples.keys()].every((key) => key.includes(`${by}="`)), `${name} has no label ${by}`);
    }
  }
  assert.equal(new Set(dashboard.panels.map((panel) => panel.id)).size, dashboard.panels.length);
});
