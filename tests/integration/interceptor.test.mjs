// interceptor.test.mjs - stored workers that answer in an upstream's place: what they get, what they may, and what becomes of a
// fetch when they fail.
import { test, before, after } from "node:test";
import { createHash } from "node:crypto";
import { Daemon, DATE, worker, assert } from "../lib/mayfly.mjs";
import { Authority, closeAll, httpServer, httpsServer, policy, rule } from "../lib/upstream.mjs";

let daemon, ca;
before(async () => {
  ca = new Authority();
  daemon = await Daemon.start({ config: { outbound: { caFile: ca.file } } });
});
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

const json = { "content-type": "application/json" };
const put = async (path, body, from = daemon) => {
  const response = await fetch(`${from.url}/v1/${path}`, { method: "PUT", headers: json, body: JSON.stringify(body) });
  assert.ok(response.ok, await response.clone().text());
};
const store = (name, source, more = {}, from = daemon) => put(`workers/${name}`, { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": source }, ...more }, from);
const through = (name, match = {}) => policy({ match: { host: ["*"], port: "*", ...match }, action: { interceptor: { worker: name } }, allowHttp: true });

// The worker's |body|, every fetch of which goes to the interceptor |name|; what it pushes to |out|.
const run = async (body, name, { outbound = through(name), from = daemon, ...call } = {}) => {
  const answer = await from.run(worker(`const out = []; ${body}; return Response.json(out);`), { ...call, code: { globalOutbound: outbound, ...call.code } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  return { ...answer, out: JSON.parse(answer.response.body) };
};
const failing = (url = "https://api.example/") => `try { await (await fetch("${url}")).text(); out.push("no error"); } catch (e) { out.push(e instanceof TypeError || e.constructor.name, e.message); }`;

test("it gets the request as it was asked for, and its answer is the upstream's", async () => {
  await store("mirror", `export default { async fetch(request, env) {
    return Response.json({ method: request.method, url: request.url, headers: [...request.headers], body: await request.text(), env }, { status: 203, statusText: "Mirrored", headers: { "X-Mirror": "yes", "set-cookie": "a=b" } }); } }`, { env: { color: "red" } });
  const { out, subrequests, usage } = await run(`const r = await fetch("https://api.example:8443/a/b?c=d", { method: "PUT", headers: { "X-One": "1", accept: "x/y" }, body: "h\\u00e9" });
    out.push(r.status, r.statusText, r.url, r.redirected, r.headers.get("x-mirror"), r.headers.get("set-cookie"), await r.json());`, "mirror");
  const seen = out.pop();
  assert.deepEqual(out, [203, "Mirrored", "https://api.example:8443/a/b?c=d", false, "yes", "a=b"]);
  assert.deepEqual([seen.method, seen.url, seen.body, seen.env], ["PUT", "https://api.example:8443/a/b?c=d", "h\u00e9", { color: "red" }]);
  const headers = Object.fromEntries(seen.headers);
  assert.deepEqual([headers["x-one"], headers.accept, headers["content-type"]], ["1", "x/y", "text/plain;charset=UTF-8"]);
  assert.equal(headers["accept-encoding"], undefined, "nothing is added for a worker");
  assert.equal(usage.subrequests, 1);
  const [record] = subrequests;
  const { startMs, spanId, ...rest } = record;
  assert.ok(startMs >= 0 && spanId.length === 16);
  assert.deepEqual({ ...rest, ms: 0, bytesIn: 0 }, { fetch: 1, host: "api.example", method: "PUT", rule: 0, decision: "intercepted", status: 203, bytesOut: 3, bytesIn: 0, ms: 0 });
});

test("Cloudflare's gateway form: it adds a credential that neither it nor the code ever holds", async () => {
  const seen = [];
  const upstream = await httpsServer(ca, (request, response) => { seen.push([request.url, request.headers.authorization]); response.end(JSON.stringify({ key: request.headers.authorization, url: request.url, echo: `you sent ${request.headers.authorization}` })); });
  await put("secrets/token", { kind: "plain", value: "s3cret-value-of-token", hosts: ["localhost:*"] });
  await store("gateway", `import { WorkerEntrypoint } from "cloudflare:workers";
    export default class Gateway extends WorkerEntrypoint {
      async fetch(request) {
        if (new URL(request.url).pathname.startsWith("/admin")) return new Response("not you", { status: 403 });
        const headers = new Headers(request.headers);
        headers.set("authorization", "Bearer " + this.env.TOKEN);
        return fetch(new Request(request, { headers }));
      }
    }`, { env: { TOKEN: "{{secret:token}}" }, globalOutbound: policy(rule({ match: { host: "localhost" }, rule: { placeholders: ["token"] } })) });
  const { out } = await run(`out.push(await (await fetch("${upstream.url}/user", { headers: { authorization: "Bearer mine" } })).json());
    const r = await fetch("${upstream.url}/admin/x"); out.push(r.status, await r.text());`, "gateway");
  assert.deepEqual(out, [{ key: "Bearer [redacted]", url: "/user", echo: "you sent Bearer [redacted]" }, 403, "not you"]);
  assert.deepEqual(seen, [["/user", "Bearer s3cret-value-of-token"]]);
});

test("it runs in a process that never holds the code it serves", async () => {
  await store("apart", `export default { fetch: () => new Response("apart") }`);
  await run(`out.push(await (await fetch("https://api.example/")).text())`, "apart");
  const list = await daemon.executors();
  const domains = new Map(list.map((e) => [e.pid, e.domain]));
  assert.ok(list.some((e) => e.domain === 0 && e.runsTotal > 0) && list.some((e) => e.domain === 1 && e.runsTotal > 0), JSON.stringify(list));
  assert.equal(domains.size, list.length, "no process is of two kinds");
  assert.equal((await daemon.health()).outbound.intercepted > 0, true);
});

test("bodies stream both ways at once", async () => {
  await store("echo", `export default { fetch: (request) => new Response(request.body, { headers: { "content-type": "a/b" } }) }`);
  const { out } = await run(`const encoder = new TextEncoder(), decoder = new TextDecoder(); const { readable, writable } = new TransformStream(); const writer = writable.getWriter();
    const pending = fetch("https://api.example/", { method: "POST", body: readable }); await writer.write(encoder.encode("one"));
    const reader = (await pending).body.getReader();
    for (const word of ["two", "three"]) { out.push(decoder.decode((await reader.read()).value)); await writer.write(encoder.encode(word)); }
    out.push(decoder.decode((await reader.read()).value)); await writer.close(); out.push((await reader.read()).done);`, "echo");
  assert.deepEqual(out, ["one", "two", "three", true]);
});

test("16 MiB arrive whole in each direction, however slowly they are read", async () => {
  const MB = 1 << 20;
  const bytes = Buffer.alloc(16 * MB, Uint8Array.from({ length: 251 }, (_, i) => i));
  const hash = createHash("sha256").update(bytes).digest("hex");
  const piece = `const piece = (i) => { const p = new Uint8Array(65536); for (let k = 0; k < p.length; k++) p[k] = (i * 65536 + k) % 251; return p; }; let n = 0;
    const source = () => new ReadableStream({ pull(c) { if (n === 256) c.close(); else c.enqueue(piece(n++)); } });
    const sum = async (stream) => { const parts = []; for await (const p of stream) { parts.push(p.slice()); if (parts.length % 64 === 0) await scheduler.wait(1); }
      return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer())), (b) => b.toString(16).padStart(2, "0")).join(""); };`;
  await store("sink", `${piece} export default { async fetch(request) { const up = await sum(request.body); return new Response(source(), { headers: { up } }); } }`);
  const { out } = await run(`${piece} const r = await fetch("https://api.example/", { method: "POST", body: source() }); out.push(r.headers.get("up"), await sum(r.body));`, "sink");
  assert.deepEqual(out, [hash, hash]);
});

test("an upstream's answer that the interceptor and the code return as they are, to a client that reads slowly", async () => {
  const bytes = Buffer.alloc(20 << 20, Uint8Array.from({ length: 241 }, (_, i) => i));
  const upstream = await httpServer((request, response) => response.end(bytes));
  await store("through", `export default { fetch: () => fetch("${upstream.url}/") }`, { globalOutbound: policy() });
  const response = await fetch(`${daemon.url}/v1/run`, { method: "POST", headers: { ...json, accept: "text/html" }, body: JSON.stringify({ code: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": `export default { fetch: () => fetch("https://api.example/") }` }, globalOutbound: through("through") } }) });
  const hash = createHash("sha256");
  let pieces = 0;
  for await (const piece of response.body) { hash.update(piece); if (++pieces % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5)); }
  assert.equal(hash.digest("hex"), createHash("sha256").update(bytes).digest("hex"));
  await daemon.until(async () => (await daemon.executors()).every((e) => e.runs === 0));
});

test("answers without a body, and HEAD", async () => {
  await store("statuses", `export default { fetch(request) { const status = Number(new URL(request.url).pathname.slice(1)); return new Response(status === 204 || status === 304 ? null : "body", { status, headers: { "x-method": request.method } }); } }`);
  const { out } = await run(`for (const [method, status] of [["GET", 200], ["HEAD", 200], ["DELETE", 204], ["GET", 304], ["OPTIONS", 404], ["GET", 599]]) {
    const r = await fetch("https://api.example/" + status, { method }); out.push([r.status, r.headers.get("x-method"), await r.text()]); }`, "statuses");
  assert.deepEqual(out, [[200, "GET", "body"], [200, "HEAD", ""], [204, "DELETE", ""], [304, "GET", ""], [404, "OPTIONS", "body"], [599, "GET", "body"]]);
});

test("its redirects are followed by the one who asked, through the policy again", async () => {
  await store("mover", `export default { fetch(request) { const url = new URL(request.url); return url.pathname === "/end" ? new Response("end " + request.method) : Response.redirect(url.pathname === "/away" ? "https://other.example/" : "https://api.example/end", 303); } }`);
  const { out } = await run(`let r = await fetch("https://api.example/a", { method: "POST", body: "x" }); out.push(r.status, r.redirected, r.url, await r.text());
    r = await fetch("https://api.example/a", { redirect: "manual" }); out.push(r.status, r.headers.get("location"));
    ${failing("https://api.example/away")}`, "mover", { outbound: through("mover", { host: "api.example" }) });
  assert.deepEqual(out, [200, true, "https://api.example/end", "end GET", 303, "https://api.example/end", true, "Fetching from other.example is not permitted."]);
});

test("one that fails is a failed request: which host, nothing of the worker", async () => {
  await store("throws", `export default { fetch() { throw new Error("inner detail"); } }`);
  await store("hangs", `export default { fetch() { return new Promise(() => {}); } }`);
  await store("spins", `export default { fetch() { for (;;); } }`, { limits: { cpuMs: 50 } });
  await store("swells", `export default { fetch() { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); } }`);
  await store("breaks", `export default { fetch() { let n = 0; return new Response(new ReadableStream({ pull(c) { if (n++ < 3) c.enqueue(new Uint8Array(10)); else c.error(new Error("inner detail")); } })); } }`);
  for (const name of ["throws", "hangs", "spins", "swells"]) {
    const [{ out, subrequests }, neighbour] = await Promise.all([run(failing(), name), run(`out.push(await (await fetch("https://n.example/")).text())`, "apart")]);
    assert.deepEqual(out, [true, "The request to api.example failed."], name);
    assert.deepEqual([subrequests[0].decision, subrequests[0].error], ["outbound.interceptor", "outbound.interceptor"]);
    assert.deepEqual(neighbour.out, ["apart"]);
  }
  const { out } = await run(failing(), "breaks");
  assert.deepEqual(out, [true, "Network connection lost. It was with api.example."]);
});

const busy = async () => (await daemon.executors()).filter((e) => e.domain === 1).reduce((sum, e) => sum + e.runs, 0);

test("an executor of interceptors that is killed takes its requests with it and nothing else", async () => {
  await store("waits", `export default { async fetch(request) { await scheduler.wait(60000); return new Response("late"); } }`);
  await daemon.until(async () => await busy() === 0); // Those before are over, so the one that is busy is this one's.
  const pending = run(failing(), "waits");
  const victims = await daemon.until(async () => { const list = (await daemon.executors()).filter((e) => e.domain === 1 && e.runs > 0); return list.length > 0 && list; });
  for (const { pid } of victims) process.kill(pid, "SIGKILL");
  assert.deepEqual((await pending).out, [true, "The request to api.example failed."]);
  assert.deepEqual((await run(`out.push(await (await fetch("https://n.example/")).text())`, "apart")).out, ["apart"]);
});

test("who gives up is obeyed: the interceptor's run ends", async () => {
  await daemon.until(async () => await busy() === 0);
  const { out } = await run(`const controller = new AbortController(); setTimeout(() => controller.abort(), 100);
    try { await fetch("https://api.example/", { signal: controller.signal }); } catch (e) { out.push(e.name); }`, "waits");
  assert.deepEqual(out, ["AbortError"]);
  await daemon.until(async () => await busy() === 0, 5000);
});

test("what it does after its answer goes on (ctx.waitUntil)", async () => {
  let told;
  const heard = new Promise((resolve) => { told = resolve; });
  const upstream = await httpServer((request, response) => { response.end("ok"); told(request.url); });
  await store("logger", `export default { fetch(request, env, ctx) { ctx.waitUntil((async () => { await scheduler.wait(50); await fetch("${upstream.url}/log"); })()); return new Response("at once"); } }`, { globalOutbound: policy() });
  assert.deepEqual((await run(`out.push(await (await fetch("https://api.example/")).text())`, "logger")).out, ["at once"]);
  assert.equal(await heard, "/log");
});

test("interceptors of interceptors: each deeper one in processes of its own, and there is an end", async () => {
  await store("loop", `export default { async fetch(request) { const n = Number(new URL(request.url).pathname.slice(1));
    try { return new Response(n + " " + await (await fetch("https://deep.example/" + (n + 1))).text()); } catch (e) { return new Response("end: " + e.message); } } }`);
  await put("outbounds/loop", through("loop"));
  await store("loop", `export default { async fetch(request) { const n = Number(new URL(request.url).pathname.slice(1));
    try { return new Response(n + " " + await (await fetch("https://deep.example/" + (n + 1))).text()); } catch (e) { return new Response(n + " end: " + e.message); } } }`, { globalOutbound: "loop" });
  const { out } = await run(`out.push(await (await fetch("https://deep.example/1")).text())`, "loop");
  assert.deepEqual(out, ["1 2 3 4 end: The request to deep.example failed."]);
  assert.deepEqual([...new Set((await daemon.executors()).map((e) => e.domain))].sort(), [0, 1, 2, 3, 4]);
});

test("a fetch that waits for an interceptor takes no place from the interceptor's own", async () => {
  const small = await Daemon.start({ config: { outbound: { requests: 1 } } });
  try {
    const upstream = await httpServer((request, response) => response.end("far"));
    await store("relay", `export default { async fetch() { return fetch("${upstream.url}/"); } }`, { globalOutbound: policy() }, small);
    const { out } = await run(`out.push(...await Promise.all([1, 2, 3, 4, 5].map(async () => (await fetch("https://api.example/")).text())))`, "relay", { from: small });
    assert.deepEqual(out, ["far", "far", "far", "far", "far"]);
  } finally { await small.stop(); }
});

test("the worker must be there when a policy names it, cannot be deleted while one does, and may change at any time", async () => {
  const answer = await daemon.run(worker(`return new Response()`), { code: { globalOutbound: through("nobody") } });
  assert.deepEqual([answer.status, answer.code, answer.param], [400, "outbound.policy", "/code/globalOutbound/rules/0/action"]);
  const missing = await fetch(`${daemon.url}/v1/outbounds/x`, { method: "PUT", headers: json, body: JSON.stringify(through("nobody")) });
  assert.equal(missing.status, 400);
  await store("kept", `export default { fetch: () => new Response("1") }`);
  await put("outbounds/kept", through("kept"));
  const refusal = await fetch(`${daemon.url}/v1/workers/kept`, { method: "DELETE" });
  assert.deepEqual([refusal.status, (await refusal.json()).code], [409, "worker.in_use"]);
  const get = async () => (await run(`out.push(await (await fetch("https://api.example/")).text())`, "kept", { outbound: "kept" })).out[0];
  assert.equal(await get(), "1");
  await store("kept", `export default { fetch: () => new Response("2") }`);
  assert.equal(await get(), "2");
  const explained = await (await fetch(`${daemon.url}/v1/outbounds/kept/explain`, { method: "POST", headers: json, body: JSON.stringify({ url: "https://api.example/x" }) })).json();
  assert.deepEqual([explained.reason, explained.worker], ["intercepted", "kept"]);
});

test("an inline outbound of its own is looked at like any other", async () => {
  await store("outer", `export default { async fetch() { return fetch("https://api.example/in"); } }`, { globalOutbound: through("apart") });
  assert.deepEqual((await run(`out.push(await (await fetch("https://api.example/")).text())`, "outer")).out, ["apart"]);
});
