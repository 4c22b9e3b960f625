// run.test.mjs - POST /v1/run, both forms, with real clients: what a caller gets for good code, bad code and bad calls.
import { test, before, after } from "node:test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Daemon, worker, assert, DATE } from "../lib/mayfly.mjs";

const run = promisify(execFile);
let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { const end = await daemon.stop(); assert.deepEqual(end, { code: 0, signal: null }); });

test("the README's curl line answers with what fetch returned", async () => {
  const source = "interface Greeting { text: string }\nexport default {\n  async fetch(request: Request): Promise<Response> {\n    const g: Greeting = { text: 'hello' };\n    return new Response(g.text + '\\n', { status: 201, headers: { 'x-from': 'worker' } });\n  },\n};\n";
  const { stdout } = await run("curl", ["-sS", "-i", "--data-binary", source, "-H", "content-type: application/typescript", `${daemon.url}/v1/run`]);
  assert.match(stdout, /^HTTP\/1\.1 201 Created\r\n/);
  assert.match(stdout, /\r\nx-from: worker\r\n/);
  assert.match(stdout, /\r\nmayfly-run-id: run_[0-9a-z]{24}\r\n/);
  assert.match(stdout, /\r\n\r\nhello\n$/);
});

test("the envelope has outcome, response, logs, usage", async () => {
  const answer = await daemon.run(worker('console.log("a", { b: 1 }); console.error("c"); return Response.json({ env, method: request.method, url: request.url, h: request.headers.get("x-a"), body: await request.text() })'), {
    code: { env: { NAME: "x" } },
    request: { method: "PUT", url: "https://example.com/a?b=c", headers: { "X-A": "v" }, body: "b\u00f6dy" },
  });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer));
  assert.deepEqual(JSON.parse(answer.response.body), { env: { NAME: "x" }, method: "PUT", url: "https://example.com/a?b=c", h: "v", body: "b\u00f6dy" });
  assert.deepEqual(answer.logs.map((l) => [l.level, l.message]), [["log", "a { b: 1 }"], ["error", "c"]]);
  assert.equal(answer.usage.bytesIn, 5);
  assert.ok(answer.usage.cpuMs > 0 && answer.usage.memoryPeakBytes > 0);
  assert.match(answer.id, /^run_[0-9a-z]{24}$/);
});

test("bytes that are no text come as bodyBase64, and go in as bodyBase64", async () => {
  const bytes = Buffer.from([0, 255, 1, 254]);
  const answer = await daemon.run(worker("return new Response(await request.arrayBuffer())"), { request: { method: "POST", bodyBase64: bytes.toString("base64") } });
  assert.equal(answer.response.bodyBase64, bytes.toString("base64"));
});

test("every kind of module", async () => {
  const wasm = Buffer.from("0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b", "hex");
  const answer = await daemon.run({
    mainModule: "main.js",
    modules: {
      "main.js": 'import text from "./t.txt"; import data from "d.bin"; import json from "/j.json"; import cjs from "./lib/c.cjs"; import add from "./lib/add.wasm"; import { up } from "./lib/up.js"; import ts from "./x.ts";\n' +
        "const { exports } = new WebAssembly.Instance(add);\n" +
        "export default { fetch() { return Response.json([text, new Uint8Array(data)[1], json.x, cjs.y, exports.add(5, 7), up, ts]); } };",
      "t.txt": { text: "t\u00e9xt" }, "d.bin": { data: "AAEC" }, "j.json": { json: { x: [1] } }, "lib/c.cjs": { cjs: "module.exports = { y: require('../j.json').x.length };" },
      "lib/add.wasm": { wasm: wasm.toString("base64") }, "lib/up.js": 'import t from "../t.txt"; export const up = t.length;', "x.ts": { ts: "const n: number = 9; export default n;" },
    },
  });
  assert.equal(answer.response?.body, '["t\u00e9xt",1,[1],1,12,4,9]', JSON.stringify(answer));
});

test("named entrypoints, props, WorkerEntrypoint, waitUntil", async () => {
  const code = 'import { WorkerEntrypoint, env as imported } from "cloudflare:workers";\n' +
    "export class Alt extends WorkerEntrypoint { async fetch(request) { this.ctx.waitUntil(scheduler.wait(20).then(() => console.log('waited'))); return Response.json([this.env.A, this.ctx.props.p, imported.A, this instanceof WorkerEntrypoint]); } }\n" +
    "export const plain = { fetch(request, env, ctx) { return Response.json([env.A, ctx.props.p]); } };\nexport const none = {};\nexport default { fetch() { return new Response('default'); } };";
  const call = (entrypoint) => daemon.run(code, { code: { env: { A: 1 } }, fields: { entrypoint, props: { p: 2 } } });
  const alt = await call("Alt");
  assert.equal(alt.response?.body, "[1,2,1,true]", JSON.stringify(alt));
  assert.equal(alt.logs[0]?.message, "waited");
  assert.equal((await call("plain")).response.body, "[1,2]");
  assert.equal((await call(null)).response.body, "default");
  assert.match((await call("missing")).error.message, /Worker has no such entrypoint: missing/);
  assert.match((await call("none")).error.message, /Handler does not export a fetch\(\) function\./);
  assert.match((await daemon.run("export const a = 1;")).error.message, /Worker has no default entrypoint\./);
});

test("exceptions carry line and column of the source that was sent", async () => {
  const js = await daemon.run("// one\nexport default {\n  fetch() {\n    throw new TypeError('boom');\n  },\n};");
  assert.equal(js.outcome, "exception");
  assert.deepEqual(Object.fromEntries(["name", "message", "module", "line", "column"].map((k) => [k, js.exceptions[0][k]])), { name: "TypeError", message: "boom", module: "main.js", line: 4, column: 11 });
  assert.doesNotMatch(js.exceptions[0].stack, /mayfly:/, "the runtime's own frames are not shown");
  const ts = await daemon.run({ mainModule: "m.ts", modules: { "m.ts": { ts: "type A = {\n  b: string;\n};\nexport default { fetch(a: A): Response { throw new Error('typed'); } };" } } });
  assert.deepEqual([ts.exceptions[0].line, ts.exceptions[0].module], [4, "m.ts"], JSON.stringify(ts));
  const moved = await daemon.run({ mainModule: "m.ts", modules: { "m.ts": { ts: "enum Level { Low = 1, High }\nclass A {\n  constructor(private b: Level) {}\n  fail(): never {\n    throw new Error(`level ${this.b}`);\n  }\n}\nexport default { fetch(): Response { return new A(Level.High).fail(); } };" } } });
  assert.deepEqual([moved.error.message, moved.exceptions[0].line, moved.exceptions[0].column], ["Error: level 2", 5, 11], "an enum makes other JavaScript; the place is still the source's");
  assert.match(moved.exceptions[0].stack, /at A\.fail \(m\.ts:5:11\)\n    at Object\.fetch \(m\.ts:8:\d+\)/);
  const untyped = await daemon.run({ mainModule: "m.ts", modules: { "m.ts": { ts: "const a = 1;\nlet b: = 2;" } } });
  assert.match(untyped.error.message, /^Failed to start Worker:\nUncaught SyntaxError: Unexpected token `=`[^]*\n  at m\.ts:2:8$/);
  assert.deepEqual([untyped.error.code, untyped.exceptions[0].line, untyped.exceptions[0].column], ["script.syntax", 2, 8]);
  const syntax = await daemon.run("export default {\n  fetch() { return new Response(; }\n};");
  assert.equal(syntax.outcome, "exception");
  assert.match(syntax.error.message, /^Failed to start Worker:\nUncaught SyntaxError: /);
  assert.equal(syntax.exceptions[0].line, 2);
  const startup = await daemon.run("const x = 1;\nnull.foo;\nexport default {};");
  assert.match(startup.error.message, /^Failed to start Worker:\nUncaught TypeError: /);
  assert.equal(startup.exceptions[0].line, 2);
});

test("a failure in the curl form is a problem with logs and usage", async () => {
  const response = await daemon.runSource(worker('console.log("before"); throw new Error("boom")'));
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json();
  assert.equal(problem.code, "script.exception");
  assert.match(problem.detail, /boom/);
  assert.equal(problem.logs[0].message, "before");
  assert.ok(problem.usage.cpuMs > 0);
  assert.equal(problem.instance, response.headers.get("mayfly-run-id"));
});

test("an Accept without a preference leaves the form's own answer; a wrong content-type is told the right ones", async () => {
  const axios = { accept: "application/json, text/plain, */*" };
  assert.equal((await daemon.run(worker("return new Response('x')"), { headers: axios })).outcome, "ok");
  assert.equal(await (await daemon.runSource(worker("return new Response('x')"), { headers: axios })).text(), "x");
  assert.equal((await (await daemon.runSource(worker("return new Response('x')"), { headers: { accept: "application/json" } })).json()).response.body, "x");
  const refused = await daemon.runSource("", { type: "text/plain" });
  assert.equal(refused.status, 415);
  assert.match((await refused.json()).detail, /application\/typescript, JavaScript as text\/javascript/);
});

test("fetch to the outside is refused with Cloudflare's sentence", async () => {
  const answer = await daemon.run(worker('try { await fetch("https://example.com/"); return new Response("went out"); } catch (e) { return new Response(e.name + ": " + e.message); }'));
  assert.equal(answer.response.body, "Error: This worker is not permitted to access the internet via global functions like fetch(). It must use capabilities (such as bindings in 'env') to talk to the outside world.");
});

test("responses stream: the first bytes come before the last are made", async () => {
  const response = await daemon.runSource(worker("const { readable, writable } = new TransformStream(); const w = writable.getWriter(); ctx.waitUntil((async () => { for (let i = 0; i < 5; i++) { await w.write(new TextEncoder().encode(`${i}\\n`)); await scheduler.wait(500); } await w.close(); })()); return new Response(readable);"));
  const times = [];
  let text = "";
  for await (const chunk of response.body) { times.push(Date.now()); text += Buffer.from(chunk).toString(); }
  assert.equal(text, "0\n1\n2\n3\n4\n");
  assert.ok(times.at(-1) - times[0] >= 500, `${times.at(-1) - times[0]} ms between the first and the last`);
});

test("a client that leaves ends the run", async () => {
  const controller = new AbortController();
  const begun = daemon.runSource(worker("return new Response(new ReadableStream({ async pull(c) { await scheduler.wait(10); c.enqueue(new Uint8Array(10)); } }))"), { signal: controller.signal });
  const response = await begun;
  await response.body.getReader().read();
  controller.abort();
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
});

test("a slow reader holds the worker back instead of filling memory", async () => {
  const response = await daemon.runSource(worker("const chunk = new Uint8Array(65536); let n = 0; return new Response(new ReadableStream({ pull(c) { if (n++ === 1600) c.close(); else c.enqueue(chunk.slice()); } }))"));
  const before = daemon.memory().rssKb;
  await new Promise((resolve) => setTimeout(resolve, 500)); // The reader is slow: that is the case under test.
  assert.ok(daemon.memory().rssKb - before < 32 * 1024, "the daemon holds no 100 MB");
  let size = 0;
  for await (const chunk of response.body) size += chunk.length;
  assert.equal(size, 1600 * 65536);
});

test("1,000 different modules in a row each see fresh globals", async () => {
  const seen = new Set();
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 50 }, async (_, i) => {
      const n = batch * 50 + i;
      const response = await daemon.runSource(`globalThis.count = (globalThis.count ?? 0) + 1; Array.prototype.mark = ${n}; Object.prototype.p${n} = 1; let own = 0; for (const k in {}) own++;\nexport default { fetch() { return new Response([count, own, ${n}, Math.random(), crypto.randomUUID()].join()); } };`);
      const [count, own, back, random, uuid] = (await response.text()).split(",");
      assert.deepEqual([count, own, back], ["1", "1", String(n)]);
      seen.add(random).add(uuid);
    }));
  }
  assert.equal(seen.size, 2000, "no randomness is seen twice");
});

test("clocks stand still within a turn and move with I/O", async () => {
  const answer = await daemon.run(worker("const a = Date.now(), p = performance.now(); let s = 0; for (let i = 0; i < 3e6; i++) s += i; const same = a === Date.now() && p === performance.now() && new Date().getTime() === a; await scheduler.wait(30); return Response.json([same, Date.now() - a >= 25, Math.abs(Date.now() - " + Date.now() + ") < 60000])"));
  assert.equal(answer.response?.body, "[true,true,true]", JSON.stringify(answer));
});

test("bad calls get the field at fault", async () => {
  const call = async (body, headers = { "content-type": "application/json" }) => {
    const response = await fetch(`${daemon.url}/v1/run`, { method: "POST", body, headers });
    return { http: response.status, ...(await response.json()) };
  };
  assert.deepEqual((({ http, code, param }) => ({ http, code, param }))(await call('{"code":{"mainModule":"a.js","modules":{"a.js":""},"compatibilityDate":"' + DATE + '"},"extra":1}')), { http: 400, code: "api.field", param: "/extra" });
  assert.equal((await call("{")).code, "api.json");
  assert.equal((await call("x", { "content-type": "text/plain" })).http, 415);
  assert.equal((await call(JSON.stringify({ code: { mainModule: "a.js", modules: { "a.js": "" }, compatibilityDate: "2999-01-01" } }))).detail.startsWith("Can't set compatibility date in the future"), true);
  assert.equal((await fetch(`${daemon.url}/v1/run`)).status, 405);
  assert.equal((await fetch(`${daemon.url}/v1/run`)).headers.get("allow"), "POST");
  assert.equal((await fetch(`${daemon.url}/nothing`)).status, 404);
});

test("limits are lowered by the call and never raised past the operator's", async () => {
  const cpu = await daemon.run(worker("for (;;);"), { limits: { cpuMs: 100 } });
  assert.equal(cpu.outcome, "exceededCpu");
  assert.equal(cpu.error.message, "Worker exceeded CPU time limit.");
  assert.equal((await daemon.run(worker(""), { limits: { cpuMs: 1e9 } })).param, "/limits/cpuMs");
});

test("logs up to a kill are kept, in order", async () => {
  const answer = await daemon.run(worker('console.log("one"); await 0; console.log("two"); for (;;);'), { limits: { cpuMs: 100 } });
  assert.deepEqual(answer.logs.map((l) => l.message), ["one", "two"]);
});
