// tenants-quotas.test.mjs - quotas of tenants: each is named in its refusal, with what the client needs to know to come again.
import { test, before, after } from "node:test";
import http from "node:http";
import { DATE, assert } from "../lib/mayfly.mjs";
import { refused, startWithTokens } from "../lib/tenants.mjs";

let daemon, upstream;
before(async () => {
  upstream = http.createServer((request, response) => response.end("x".repeat(50_000)));
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  daemon = await startWithTokens();
});
after(async () => { upstream.close(); await daemon.stop(); });

const body = (text, more = {}) => ({ code: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": `export default { async fetch(request, env) { ${text} } }` }, ...more } });
let count = 0;
async function tenant(quotas, scopes = ["run", "workers", "workspaces", "usage"]) {
  const name = `q${count++}`;
  await daemon.tenant(name, quotas);
  const { token } = await daemon.token(scopes, name);
  return { name, ask: (where, options) => daemon.as(token, where, options), run: (call) => daemon.as(token, "/v1/run", { method: "POST", body: call }) };
}
const rate = (response) => [response.headers.get("ratelimit-policy"), response.headers.get("ratelimit"), Number(response.headers.get("retry-after"))];

test("requests: so many a minute, of all kinds, and none of another tenant's", async () => {
  const [one, other] = [await tenant({ requestsPerMinute: 5 }), await tenant({ requestsPerMinute: 5 })];
  for (let i = 0; i < 5; i++) assert.equal((await one.ask(i % 2 ? "/v1/workers" : "/v1/usage")).status, 200);
  const response = await one.ask("/v1/workers");
  const [policy, state, retry] = rate(response);
  await refused(response, 429, "quota.requests");
  assert.equal(policy, '"requestsPerMinute";q=5;w=60');
  assert.match(state, /^"requestsPerMinute";r=0;t=(59|60)$/);
  assert.ok(retry >= 1 && retry <= 12, `${retry}`);
  assert.equal((await other.ask("/v1/workers")).status, 200);
  // It holds from now on when the admin gives more.
  await daemon.tenant(one.name, { requestsPerMinute: 100 });
  assert.equal((await one.ask("/v1/workers")).status, 200);
});

test("the operator's own tenant has none", async () => {
  for (let i = 0; i < 20; i++) assert.equal((await daemon.admin("/v1/workers")).status, 200);
});

test("CPU time: what runs used is made up for before another may begin", async () => {
  const one = await tenant({ cpuMsPerMinute: 1000 });
  const answer = await (await one.run(body("const end = 1e8; let n = 0; for (let i = 0; i < 3e8; i++) n += i; return new Response(String(n))"))).json();
  assert.equal(answer.outcome, "ok");
  let response = await one.run(body("return new Response('x')"));
  // It may have taken less than a second; then another one does it.
  while (response.status === 200) { await response.json(); response = await one.run(body("let n = 0; for (let i = 0; i < 3e8; i++) n += i; return new Response(String(n))")); }
  const [policy, state] = rate(response);
  await refused(response, 429, "quota.cpu");
  assert.equal(policy, '"cpuMsPerMinute";q=1000;w=60');
  assert.match(state, /^"cpuMsPerMinute";r=0;t=\d+$/);
  assert.equal((await one.ask("/v1/workers")).status, 200); // All else goes on.
});

test("egress: what fetch() sends and gets", async () => {
  const one = await tenant({ egressBytesPerHour: 60_000 }, ["run", "outbounds"]);
  const globalOutbound = { rules: [{ match: { host: "127.0.0.1", port: "*" }, action: "allow", allowHttp: true, addresses: ["127.0.0.0/8"] }] };
  const call = body(`return new Response(String((await (await fetch('http://127.0.0.1:${upstream.address().port}/')).text()).length))`, { globalOutbound });
  for (let i = 0; i < 2; i++) assert.equal((await (await one.run(call)).json()).response.body, "50000");
  const response = await one.run(call);
  const [policy, , retry] = rate(response);
  await refused(response, 429, "quota.egress");
  assert.equal(policy, '"egressBytesPerHour";q=60000;w=3600');
  assert.ok(retry > 60);
});

test("runs at once, and those that wait for a place of the tenant's own", async () => {
  const [one, other] = [await tenant({ concurrentRuns: 2, queuedRuns: 1 }), await tenant({})];
  const long = body("await new Promise((resolve) => setTimeout(resolve, 1500)); return new Response('x')");
  const answers = [...Array(4)].map(() => one.run(long));
  const first = await Promise.race(answers);
  const [policy, state, retry] = rate(first);
  await refused(first, 429, "quota.concurrent_runs");
  assert.deepEqual([policy, state], ['"concurrentRuns";q=2', '"concurrentRuns";r=0']);
  assert.ok(retry >= 1);
  assert.equal((await other.run(body("return new Response('x')"))).status, 200);
  assert.deepEqual((await Promise.all(answers)).map((answer) => answer.status).sort(), [200, 200, 200, 429]);
});

test("workers and workspaces: bytes on the disk", async () => {
  const one = await tenant({ workerBytes: 100_000, workspaceBytes: 100_000 });
  const put = (name) => one.ask(`/v1/workers/${name}`, { method: "PUT", body: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": `export default {}; // ${name} ${"x".repeat(60_000)}` } } });
  for (const name of ["a", "b"]) assert.equal((await put(name)).status, 201);
  await daemon.until(async () => (await put("c")).status === 507);
  await refused(await put("c"), 507, "quota.worker_bytes");
  for (const name of ["a", "b"]) assert.equal((await one.ask(`/v1/workers/${name}`, { method: "DELETE" })).status, 204); // What frees room is let in,
  await daemon.until(async () => (await put("c")).status !== 507); // and counts.

  await one.ask("/v1/workspaces/w", { method: "PUT", body: {} });
  const write = (name) => one.ask(`/v1/workspaces/w/files/${name}`, { method: "PUT", body: "x".repeat(60_000) });
  for (const name of ["a", "b"]) assert.equal((await write(name)).status, 201);
  await daemon.until(async () => (await write("c")).status === 507);
  await refused(await write("c"), 507, "quota.workspace_bytes");
  assert.equal((await one.ask("/v1/workspaces/w/files/a")).status, 200);
  // A run is held to it as well, in a transaction or not.
  const inRun = async (code, transaction) => (await (await one.run({ ...body(code), workspaces: [{ name: "w", mode: "rw", transaction, binding: "FS" }] })).json()).response.body;
  const more = "try { await env.FS.writeFile('/more', 'x'.repeat(1000)); return new Response('written') } catch (error) { return new Response(error.code) }";
  for (const transaction of ["each", "run"]) assert.equal(await inRun(more, transaction), "ENOSPC");
  assert.equal(await inRun("return new Response(String((await env.FS.readFile('/a', 'utf8')).length))"), "60000");
  assert.equal(await inRun("for (const one of ['/a', '/b']) await env.FS.rm(one); return new Response('removed')"), "removed");
  await daemon.until(async () => await inRun(more) === "written");
});
