// js.test.mjs - clients/js as it was built, against the real mayflyd.
import { test, before, after } from "node:test";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { Daemon, workerCode, worker, assert } from "../lib/mayfly.mjs";
import { startWithTokens } from "../lib/tenants.mjs";
import { dist, load, loadClient } from "./npm.mjs";

let daemon, Mayfly, MayflyError, mayfly;
before(async () => {
  daemon = await Daemon.start();
  ({ Mayfly, MayflyError } = await loadClient("index.js"));
  mayfly = new Mayfly({ url: `${daemon.url}/` });
});
after(() => daemon.stop());

test("run: the envelope; a worker that fails is an outcome", async () => {
  const run = await mayfly.run({ code: workerCode(worker("console.log(1); return new Response(await request.text())")), request: { method: "POST", url: "http://a/", body: "ä" } });
  assert.deepEqual([run.outcome, run.response.body, run.logs.length], ["ok", "ä", 1]);
  assert.equal((await mayfly.run({ code: workerCode(worker("throw new Error('x')")) })).outcome, "exception");
});

test("runSource: the worker's own response", async () => {
  const response = await mayfly.runSource("export default { fetch(): Response { return new Response('t' as string, { status: 418 }) } }");
  assert.deepEqual([response.status, await response.text()], [418, "t"]);
  assert.equal((await mayfly.runSource("let x: string;", { type: "javascript" })).headers.get("content-type"), "application/problem+json");
});

test("what is refused throws MayflyError", async () => {
  await assert.rejects(mayfly.run({ code: { what: 1 } }), (error) => error instanceof MayflyError && error.status === 400 && error.code === "api.field" && error.problem.param === "/code/what");
  const page = new Mayfly({ fetch: async () => new Response("<html>", { status: 502 }) });
  await assert.rejects(page.health(), (error) => error.code === "http" && error.status === 502);
});

test("secrets, outbounds, tools", async () => {
  assert.equal((await mayfly.secrets.put("s", { kind: "bearer", token: "t", hosts: ["api.example.com"] })).version, 1);
  assert.deepEqual((await mayfly.secrets.list()).map((s) => s.name), ["s"]);
  await mayfly.outbounds.put("o", { rules: [{ match: { host: "api.example.com" }, action: "allow" }] });
  assert.ok("rule" in await mayfly.explainOutbound("o", { url: "https://api.example.com/" }));
  assert.equal(await mayfly.secrets.delete("s"), undefined);
  await assert.rejects(mayfly.secrets.get("s"), (error) => error.code === "secret.unknown");
  assert.deepEqual((await mayfly.toolTypes({ namespaces: [{ name: "n", tools: { "a-b": {} } }] })).tools.map((t) => t.name), ["a_b"]);
});

test("a token, over HTTP and as a subprotocol; an admin acts for a tenant", async () => {
  const one = await startWithTokens();
  await one.tenant("acme");
  const { token } = await one.token(["run", "workers"], "acme");
  const { WebSocket } = await load("undici");
  const webSocket = (url, protocols) => new WebSocket(url, protocols);
  await assert.rejects(new Mayfly({ url: one.url }).run({ code: workerCode(worker("return new Response()")) }), (error) => error.code === "auth.missing");
  for (const transport of ["http", "websocket"]) {
    const client = new Mayfly({ url: one.url, token, transport, webSocket });
    assert.equal((await client.run({ code: workerCode(worker("return new Response()")) })).outcome, "ok");
    assert.equal((await client.execute({ code: "async () => 1 + 1" })).result, 2);
  }
  await assert.rejects(new Mayfly({ url: one.url, token, tenant: "other" }).secrets.list(), (error) => error.code === "auth.scope");
  await one.stop();
});

test("a signal ends a call", async () => {
  const abort = new AbortController();
  const run = mayfly.run({ code: workerCode(worker("await new Promise((r) => setTimeout(r, 60000)); return new Response()")) }, { signal: abort.signal });
  abort.abort();
  await assert.rejects(run, (error) => error.name === "AbortError");
});

test("nothing of Node.js in it but what register asks for, and no import of a package", () => {
  for (const name of readdirSync(dist).filter((n) => n.endsWith(".js") && n !== "register.js")) {
    const text = readFileSync(path.join(dist, name), "utf8");
    assert.doesNotMatch(text, /from "(?!\.)|import\(|require\(|process\.|\bBuffer\b/, name);
  }
});
