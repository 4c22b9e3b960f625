// workers.test.mjs - /v1/workers of the real daemon: code stored under a name, its versions, who may change it, and its runs.
import { test, before, after } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { Daemon, DATE, assert } from "../lib/mayfly.mjs";
import { closeAll, httpServer, policy } from "../lib/upstream.mjs";

const json = { "content-type": "application/json" };
const code = (source, more = {}) => ({ compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": source }, ...more });
const says = (text, more) => code(`export default { fetch: () => new Response(${JSON.stringify(text)}) }`, more);
const call = (url, method, body, headers = {}) => fetch(url, { method, headers: { ...json, ...headers }, body: body === undefined || typeof body === "string" ? body : JSON.stringify(body) });
const at = (name, rest = "", from = daemon) => `${from.url}/v1/workers/${name}${rest}`;
const put = (name, body, headers) => call(at(name), "PUT", body, headers);
const text = async (name, rest = "/fetch/") => (await fetch(at(name, rest))).text();

async function refused(response, status, error) {
  const problem = await response.json();
  assert.deepEqual([response.status, problem.code], [status, error], JSON.stringify(problem));
  return problem;
}

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

test("a worker's life: put, run, put again, roll back, delete", async () => {
  const made = await put("life", says("one"));
  assert.equal(made.status, 201);
  const info = await made.json();
  assert.deepEqual(Object.keys(info), ["name", "version", "hash", "bytes", "createdAt", "updatedAt"]);
  assert.equal(await text("life"), "one");
  const same = await put("life", Object.fromEntries(Object.entries(says("one")).reverse()));
  assert.deepEqual([same.status, (await same.json()).version], [200, 1], "the same code in another order is no new version");
  const next = await put("life", says("two"));
  assert.deepEqual([next.status, (await next.json()).version], [200, 2]);
  assert.equal(await text("life"), "two");
  const back = await call(at("life", "/rollback"), "POST", { version: 1 });
  assert.deepEqual([back.status, (await back.json()).hash], [200, info.hash]);
  assert.equal(await text("life"), "one");
  const { versions } = await (await fetch(at("life", "/versions"))).json();
  assert.deepEqual(versions.map((v) => [v.version, v.inUse]), [[2, false], [1, true]]);
  const kept = await (await fetch(at("life", "/versions/2"))).json();
  assert.deepEqual(kept.code, says("two"));
  assert.equal((await call(at("life"), "DELETE")).status, 204);
  for (const [method, rest] of [["GET", ""], ["DELETE", ""], ["GET", "/versions"], ["GET", "/versions/1"], ["GET", "/fetch/"], ["POST", "/run"]]) await refused(await call(at("life", rest), method), 404, "worker.unknown");
  await refused(await call(at("life", "/rollback"), "POST", { version: 1 }), 404, "worker.unknown");
});

test("each request has an isolate of its own", async () => {
  await put("fresh", code("let n = 0; export default { fetch: () => new Response(String(n++) + (globalThis.x ??= Math.random())) }"));
  const seen = await Promise.all(Array.from({ length: 50 }, () => text("fresh")));
  assert.ok(seen.every((one) => one[0] === "0"), "a module's state is new each time");
  assert.equal(new Set(seen).size, 50);
});

test("the client's request is the worker's, and the answer is the worker's", async () => {
  await put("echo", code(`export default { async fetch(request, env) {
    return new Response(JSON.stringify([request.method, request.url, Object.fromEntries(request.headers), await request.text(), env]), { status: 418, headers: { "x-own": "1" } }); } }`, { env: { A: [1] } }));
  const response = await fetch(at("echo", "/fetch/a%20b/c?q=%26"), { method: "PATCH", headers: { "x-mine": "y", authorization: "Bearer own", cookie: "c=1" }, body: "body" });
  assert.equal(response.status, 418);
  assert.match(response.headers.get("mayfly-run-id"), /^run_/);
  assert.equal(response.headers.get("x-own"), "1");
  const [method, url, headers, body, env] = await response.json();
  assert.deepEqual([method, url, body, env], ["PATCH", "http://worker.local/a%20b/c?q=%26", "body", { A: [1] }]);
  assert.deepEqual([headers["x-mine"], headers.authorization, headers.cookie, headers.host, headers.connection], ["y", "Bearer own", "c=1", undefined, undefined]);
  assert.equal(JSON.parse(await text("echo", "/fetch"))[1], "http://worker.local/");
  assert.equal(JSON.parse(await text("echo", "/fetch//x"))[1], "http://worker.local//x");
  const head = await fetch(at("echo", "/fetch/"), { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [418, ""]);
});

test("32 MiB stream through a worker, both ways at once", async () => {
  await put("through", code("export default { fetch: (request) => new Response(request.body) }"));
  const total = 32 << 20;
  let request;
  const received = new Promise((resolve, reject) => {
    request = http.request(at("through", "/fetch/"), { method: "POST" }, (response) => {
      let size = 0;
      response.on("data", (piece) => { size += piece.length; }).on("end", () => resolve(size)).on("error", reject);
    }).on("error", reject);
  });
  let left = total;
  const more = () => { while (left > 0) { left -= 65536; if (!request.write(Buffer.alloc(65536, left))) { request.once("drain", more); return; } } request.end(); };
  more();
  assert.equal(await received, total);
});

test("run takes what POST /v1/run takes, without the code", async () => {
  await put("run", code(`import { WorkerEntrypoint } from "cloudflare:workers";
    export default { async fetch(request) { console.log("hi"); return new Response(request.url + await request.text()); } };
    export class Other extends WorkerEntrypoint { fetch() { return new Response("other " + this.ctx.props); } }`, { limits: { cpuMs: 300 } }));
  const run = async (body) => (await call(at("run", "/run"), "POST", body)).json();
  const one = await run({ request: { method: "POST", url: "http://a/b", body: "c" } });
  assert.deepEqual([one.outcome, one.response.body, one.logs.length], ["ok", "http://a/bc", 1]);
  assert.equal((await run({ entrypoint: "Other", props: 7 })).response.body, "other 7");
  assert.equal((await (await call(at("run", "/run"), "POST")).json()).response.body, "http://worker.local/");
  await refused(await call(at("run", "/run"), "POST", { code: {} }), 400, "api.field");
  await refused(await call(at("run", "/run"), "POST", { limits: { cpuMs: 1e9 } }), 400, "api.field");
  await put("spin", code("export default { fetch() { for (;;); } }", { limits: { cpuMs: 50 } }));
  const spin = await (await call(at("spin", "/run"), "POST", { limits: { cpuMs: 10_000 } })).json();
  assert.equal(spin.outcome, "exceededCpu");
  assert.ok(spin.usage.cpuMs < 5000, `the worker's own limit stands: ${spin.usage.cpuMs}`);
  await refused(await fetch(at("spin", "/fetch/")), 500, "limit.cpu");
});

test("preconditions: only what the caller has seen is changed", async () => {
  await refused(await put("seen", says("1"), { "if-match": "*" }), 412, "api.precondition");
  const made = await put("seen", says("1"), { "if-none-match": "*" });
  assert.equal(made.status, 201);
  const first = made.headers.get("etag");
  assert.equal((await fetch(at("seen"))).headers.get("etag"), first);
  await refused(await put("seen", says("2"), { "if-none-match": "*" }), 412, "api.precondition");
  const next = await put("seen", says("2"), { "if-match": `"other", ${first}` });
  assert.equal(next.status, 200);
  assert.notEqual(next.headers.get("etag"), first);
  await refused(await put("seen", says("3"), { "if-match": first }), 412, "api.precondition");
  await refused(await put("seen", says("3"), { "if-match": `W/${next.headers.get("etag")}` }), 412, "api.precondition");
  await refused(await put("seen", says("3"), { "if-match": "x".repeat(600) + next.headers.get("etag") }), 412, "api.precondition");
  await refused(await call(at("seen", "/rollback"), "POST", { version: 1 }, { "if-match": first }), 412, "api.precondition");
  await refused(await call(at("seen"), "DELETE", undefined, { "if-match": first }), 412, "api.precondition");
  assert.equal(await text("seen"), "2");
  assert.equal((await call(at("seen"), "DELETE", undefined, { "if-match": next.headers.get("etag") })).status, 204);
});

test("what is not valid is refused by its field, and changes nothing", async () => {
  await put("kept", says("kept"));
  for (const [body, error, param] of [
    ["{", "api.json", undefined], [{}, "api.field", "/mainModule"], [{ ...says("x"), x: 1 }, "api.field", "/x"], [says("x", { compatibilityDate: "yesterday" }), "api.code", "/compatibilityDate"],
    [{ ...says("x"), mainModule: "b.js" }, "api.code", undefined], [says("x", { limits: { cpuMs: 0 } }), "api.field", "/limits/cpuMs"], [says("x", { globalOutbound: "gone" }), "api.field", "/globalOutbound"],
    [says("x", { globalOutbound: { rules: [{ match: { host: "a.example" }, action: { inject: { secret: "gone" } } }] } }), "outbound.policy", "/globalOutbound/rules/0/action"],
    [code(1), "api.code", undefined],
  ]) {
    const problem = await refused(await put("kept", body), 400, error);
    if (param !== undefined) assert.equal(problem.param, param, JSON.stringify(problem));
  }
  await refused(await call(at("kept"), "PUT", says("x"), { "content-type": "text/plain" }), 415, "api.content_type");
  await refused(await put("-bad", says("x")), 400, "api.name");
  await refused(await call(at("-bad", "/fetch/"), "GET"), 400, "api.name");
  for (const version of ["9", "0", "-1", "x", "1e3", "99999999999999999999"]) await refused(await fetch(at("kept", `/versions/${version}`)), 404, "worker.version");
  await refused(await call(at("kept", "/rollback"), "POST", { version: 9 }), 404, "worker.version");
  await refused(await call(at("kept", "/rollback"), "POST", { version: "1" }), 400, "api.field");
  assert.equal(await text("kept"), "kept");
});

test("the list comes in pages", async () => {
  for (const name of ["p3", "p1", "p2"]) await put(name, says(name));
  const page = async (query) => (await fetch(`${daemon.url}/v1/workers?${query}`)).json();
  const names = ({ workers }) => workers.map((one) => one.name);
  const first = await page("limit=2&after=p0");
  assert.deepEqual([names(first), first.next], [["p1", "p2"], "p2"]);
  assert.equal(names(await page(`limit=2&after=${first.next}`))[0], "p3");
  assert.equal((await page("after=p3&limit=1000")).next, null);
  for (const query of ["limit=0", "limit=1001", "limit=x", "after=", "after=-", "page=2", "limit"]) await refused(await fetch(`${daemon.url}/v1/workers?${query}`), 400, "api.field");
});

test("versions that are kept are few, and the one in use is among them", async () => {
  for (let n = 1; n <= 103; n++) {
    await put("many", says(String(n)));
    if (n === 2) await call(at("many", "/rollback"), "POST", { version: 1 });
  }
  const { versions } = await (await fetch(at("many", "/versions"))).json();
  assert.equal(versions.length, 100);
  assert.deepEqual([versions[0].version, versions[0].inUse, versions.at(-1).version], [103, true, 4]);
});

test("an outbound that a worker names is there as long as the worker", async () => {
  const upstream = await httpServer((request, response) => response.end("from upstream"));
  assert.equal((await call(`${daemon.url}/v1/outbounds/up`, "PUT", policy())).status, 201);
  await put("out", code(`export default { fetch: () => fetch("${upstream.url}/") }`, { globalOutbound: "up" }));
  assert.equal(await text("out"), "from upstream");
  const problem = await refused(await call(`${daemon.url}/v1/outbounds/up`, "DELETE"), 409, "outbound.in_use");
  assert.deepEqual(problem.usedBy, { workers: ["out"] });
  await call(at("out"), "DELETE");
  assert.equal((await call(`${daemon.url}/v1/outbounds/up`, "DELETE")).status, 204);
});

test("workers, and which version is in use, outlive the daemon, also one that is killed", async () => {
  const state = mkdtempSync(path.join(tmpdir(), "mayfly-workers-"));
  const options = { args: ["--state-dir", state] };
  const first = await Daemon.start(options);
  try {
    for (const word of ["one", "two"]) await call(at("w", "", first), "PUT", says(word));
    await call(at("w", "/rollback", first), "POST", { version: 1 });
    await first.stop("SIGKILL");
    const second = await Daemon.start(options);
    try {
      assert.equal(await (await fetch(at("w", "/fetch/", second))).text(), "one");
      assert.equal((await (await fetch(at("w", "/versions", second))).json()).versions.length, 2);
    } finally { await second.stop(); }
  } finally { rmSync(state, { recursive: true, force: true }); }
});

test("200 requests of 20 workers at once, while they are put again", async () => {
  const bodies = Array.from({ length: 20 }, (_, i) => `w${i}:`);
  await Promise.all(bodies.map((body, i) => put(`busy${i}`, says(body + "0"))));
  const puts = Promise.all(bodies.map(async (body, i) => { for (let n = 1; n < 4; n++) assert.equal((await put(`busy${i}`, says(body + n))).status, 200); }));
  const answers = await Promise.all(Array.from({ length: 200 }, async (_, n) => {
    const response = await fetch(at(`busy${n % 20}`, "/fetch/"));
    return [n % 20, response.status, await response.text()];
  }));
  await puts;
  for (const [i, status, body] of answers) assert.ok(status === 503 || (status === 200 && body.startsWith(bodies[i])), `${i}: ${status} ${body}`);
  assert.ok(answers.filter(([, status]) => status === 200).length > 100);
  for (const [i, body] of bodies.entries()) assert.equal(await text(`busy${i}`), body + "3", "the last that was put");
});
