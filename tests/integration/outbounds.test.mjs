// outbounds.test.mjs - /v1/outbounds of the real daemon: what is taken and refused, what survives a restart, what explain says, and
// which policy a run has.
import { test, before, after } from "node:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";
import { closeAll, httpServer, policy, rule } from "../lib/upstream.mjs";

const json = { "content-type": "application/json" };
const call = (url, method, body, headers = json) => fetch(url, { method, headers, body: body === undefined || typeof body === "string" ? body : JSON.stringify(body) });
const put = (url, name, body, headers) => call(`${url}/v1/outbounds/${name}`, "PUT", body, headers);
const get = async (url, name) => (await fetch(`${url}/v1/outbounds/${name}`)).json();
const list = async (url) => (await (await fetch(`${url}/v1/outbounds`)).json()).outbounds;
const allow = (host, more = {}) => ({ match: { host }, action: "allow", ...more });

async function refused(response, status, code) {
  const problem = await response.json();
  assert.deepEqual([response.status, problem.code], [status, code], JSON.stringify(problem));
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  return problem;
}

let daemon, echo;
before(async () => {
  daemon = await Daemon.start();
  echo = await httpServer((request, response) => response.end(request.url));
});
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

test("an outbound's life", async () => {
  const begin = Date.now();
  const made = await put(daemon.url, "web", { rules: [allow("api.example.com")] });
  assert.equal(made.status, 201);
  const info = await made.json();
  assert.deepEqual(Object.keys(info), ["name", "isDefault", "version", "createdAt", "updatedAt", "policy"]);
  assert.deepEqual([info.name, info.isDefault, info.version, info.policy], ["web", false, 1, { rules: [allow("api.example.com")] }]);
  assert.ok(Date.parse(info.createdAt) >= begin - 1 && info.createdAt === info.updatedAt);
  const replaced = await put(daemon.url, "web", { rules: [] });
  assert.equal(replaced.status, 200);
  const next = await replaced.json();
  assert.deepEqual([next.version, next.policy, next.createdAt], [2, { rules: [] }, info.createdAt]);
  assert.deepEqual(await get(daemon.url, "web"), next);
  await put(daemon.url, "aa", { rules: [] });
  assert.deepEqual((await list(daemon.url)).map((outbound) => [outbound.name, "policy" in outbound]), [["aa", false], ["web", false]]);
  for (const name of ["aa", "web"]) assert.equal((await call(`${daemon.url}/v1/outbounds/${name}`, "DELETE")).status, 204);
  assert.deepEqual(await list(daemon.url), []);
  for (const method of ["GET", "DELETE"]) await refused(await call(`${daemon.url}/v1/outbounds/web`, method), 404, "outbound.unknown");
  await refused(await call(`${daemon.url}/v1/outbounds/web/explain`, "POST", { url: "https://a/" }), 404, "outbound.unknown");
});

test("a bad policy is refused with every fault, and nothing changes", async () => {
  await put(daemon.url, "kept", { rules: [allow("api.example.com")] });
  const before = await get(daemon.url, "kept");
  const problem = await refused(await put(daemon.url, "kept", {
    rules: [{ match: { host: "https://x", port: 0, methods: ["GET"] }, action: "let" }, allow("a", { redact: "never", "a/b": 1 }), allow("A"), allow("b"), { match: { host: "b" }, action: "deny" }, allow("*", { action: { inject: { secret: "gone" } } })],
  }), 400, "outbound.policy");
  assert.deepEqual(problem.errors.map((fault) => fault.pointer), ["/rules/0/match/methods", "/rules/0/match/host", "/rules/0/match/port", "/rules/0/action", "/rules/1/a~1b", "/rules/1/redact", "/rules/5/match", "/rules/2", "/rules/4"]);
  assert.deepEqual([problem.param, problem.detail], [problem.errors[0].pointer, problem.errors[0].detail]);
  assert.equal(problem.errors[8].detail, "/rules/4 matches exactly what rule 3 matches: which of the two is meant is not clear.");
  const many = await refused(await put(daemon.url, "kept", { rules: Array(100).fill(1) }), 400, "outbound.policy");
  assert.deepEqual([many.errors.length, many.errorsLeftOut], [20, 80]);
  for (const [body, code] of [["", "api.json"], ["{", "api.json"], ['{"rules":[],"x":"\\u0000"}', "api.json"], ["[]", "outbound.policy"], ["null", "outbound.policy"], ["[".repeat(5000), "api.json"]]) {
    await refused(await put(daemon.url, "kept", body), 400, code);
  }
  await refused(await put(daemon.url, "kept", "{}", { "content-type": "text/plain" }), 415, "api.content_type");
  await refused(await put(daemon.url, "kept", " ".repeat(300_000)), 413, "http.body_too_large");
  await refused(await put(daemon.url, "-x", { rules: [] }), 400, "api.name");
  await refused(await call(`${daemon.url}/v1/outbounds/kept`, "POST", {}), 405, "api.method");
  assert.deepEqual(await get(daemon.url, "kept"), before);
});

test("what a policy names must exist, and cannot be deleted meanwhile", async () => {
  const secret = (name) => call(`${daemon.url}/v1/secrets/${name}`, "PUT", { kind: "bearer", token: "tok-of-the-test", hosts: ["api.example.com"] });
  const rules = [allow("api.example.com", { action: { inject: { secret: "key" } } }), allow("b.example.com", { placeholders: ["word", "key"] }), allow("c.example.com", { action: { interceptor: { worker: "w" } } })];
  const problem = await refused(await put(daemon.url, "named", { rules }), 400, "outbound.policy");
  assert.deepEqual(problem.errors.map((fault) => fault.detail), ["/rules/0/action names a secret that does not exist: key.", "/rules/1/placeholders/0 names a secret that does not exist: word.", "/rules/1/placeholders/1 names a secret that does not exist: key.", "/rules/2/action names a worker that does not exist: w."]);
  await secret("key");
  await secret("word");
  assert.equal((await put(daemon.url, "named", { rules: rules.slice(0, 2) })).status, 201);
  const used = await refused(await call(`${daemon.url}/v1/secrets/word`, "DELETE"), 409, "secret.in_use");
  assert.deepEqual(used.usedBy, { outbounds: ["named"] });
  assert.equal((await put(daemon.url, "named", { rules: [] })).status, 200);
  assert.equal((await call(`${daemon.url}/v1/secrets/word`, "DELETE")).status, 204);
  const inline = await daemon.run(worker("return new Response('x')"), { code: { globalOutbound: { rules } } });
  assert.deepEqual([inline.status, inline.code, inline.param], [400, "outbound.policy", "/code/globalOutbound/rules/1/placeholders/0"]);
  assert.deepEqual(inline.errors.map((fault) => fault.pointer), ["/code/globalOutbound/rules/1/placeholders/0", "/code/globalOutbound/rules/2/action"]);
});

test("explain says what a request would meet, and no value", async () => {
  const token = "tok-that-nobody-may-see";
  await call(`${daemon.url}/v1/secrets/api`, "PUT", { kind: "bearer", token, hosts: ["api.example.com"] });
  await call(`${daemon.url}/v1/secrets/word`, "PUT", { kind: "plain", value: token, hosts: ["word.example.com"] });
  await put(daemon.url, "told", { rules: [
    { match: { host: "*.example.com", path: "/admin" }, action: "deny" },
    allow(["api.example.com", "other.example.com"], { action: { inject: { secret: "api" } }, headers: { set: { "x-set": "1" }, strip: "x-out" } }),
    { match: { host: "word.example.com" }, action: "allow", placeholders: "word" },
    { match: { host: "old.example.com" }, action: { rewrite: { host: "api.example.com", path: "/v2" } } },
    allow(["10.0.0.1", "[::1]"], { addresses: ["10.0.0.0/8"] }),
  ] });
  const explain = async (url, more = {}) => {
    const response = await call(`${daemon.url}/v1/outbounds/told/explain`, "POST", { url, ...more });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.ok(!text.includes(token));
    return JSON.parse(text);
  };
  assert.deepEqual(await explain("https://api.example.com/v1?q", { method: "POST", headers: { "X-Out": "1", Host: "evil", accept: "*/*", authorization: "guest's" } }), {
    decision: "sent", reason: "allowed", why: "The rule lets it through.", rule: 1, action: "inject", secrets: ["api"], placeholders: [], redact: "redact", addresses: 0,
    url: "https://api.example.com/v1?q", headers: ["accept", "authorization", "x-set"], headersDropped: 2,
  });
  const rows = [
    ["https://api.example.com//Admin/x", "refused", "denied", 0],
    ["https://example.org/", "refused", "no_match", null],
    ["http://api.example.com/", "refused", "http", 1],
    ["https://api.example.com:8443/", "refused", "no_match", null],
    ["https://other.example.com/", "refused", "secret", 1, {}, "api"],
    ["https://word.example.com/", "sent", "allowed", 2, { headers: { "x-key": "{{secret:word}}" } }],
    ["https://word.example.com/", "refused", "placeholder", 2, { headers: { "x-key": "{{secret:api}}" } }],
    ["https://word.example.com/{{secret:word}}", "refused", "url", null],
    ["https://word.example.com/?{{secret:word}}", "refused", "placeholder", 2],
    ["https://old.example.com/x", "sent", "allowed", 3],
    ["https://10.0.0.1/", "sent", "allowed", 4],
    ["https://[::1]/", "refused", "address", 4, {}, "loopback"],
    ["https://user@api.example.com/", "refused", "url", null],
    ["https://0x7f.1/", "refused", "url", null],
    ["https://api.example.com/", "refused", "method", null, { method: "TRACE" }],
    ["https://api.example.com/", "refused", "headers", 1, { headers: { "a b": "c" } }],
  ];
  for (const [url, decision, reason, at, more, subject] of rows) {
    const told = await explain(url, more);
    assert.deepEqual([told.decision, told.reason, told.rule, told.subject], [decision, reason, at, subject], url);
    assert.equal("url" in told, decision === "sent");
  }
  assert.equal((await explain("https://old.example.com/x")).url, "https://api.example.com/v2/x");
  for (const body of [{}, { url: 1 }, { url: "https://a/", headers: [] }, { url: "https://a/", headers: { a: 1 } }, { url: "https://a/", body: "" }]) {
    await refused(await call(`${daemon.url}/v1/outbounds/told/explain`, "POST", body), 400, "api.field");
  }
});

test("the examples of docs/outbound.md are true", async () => {
  const blocks = [...readFileSync(new URL("../../docs/outbound.md", import.meta.url), "utf8").matchAll(/```(sh|json)\n([\s\S]*?)```/g)].map((m) => m[2]);
  const calls = (text) => [...text.matchAll(/(?:-X (PUT) )?http:\/\/127\.0\.0\.1:8787(\S+)[^']*'content-type: application\/json'[^']*'(\{[\s\S]*?\})'(?=\n|$)/g)].map(([, method = "POST", path, body]) => () => call(daemon.url + path, method, body));
  const [secret, outbound] = calls(blocks[0]);
  assert.equal((await secret()).status, 201);
  assert.equal((await outbound()).status, 201);
  for (const name of ["example", "openai"]) await call(`${daemon.url}/v1/secrets/${name}`, "PUT", { kind: "bearer", token: "tok-of-the-test", hosts: ["api.example.com"] });
  const example = await put(daemon.url, "example", blocks[1]);
  assert.equal(example.status, 201, await example.text());
  await call(`${daemon.url}/v1/secrets/github-token`, "PUT", { kind: "plain", value: "tok-of-the-test", hosts: ["api.github.com"] });
  const intercepted = calls(blocks[2]);
  assert.equal(intercepted.length, 2);
  for (const one of intercepted) { const made = await one(); assert.equal(made.status, 201, await made.text()); }
  const refusal = await daemon.run(worker(`const r = await fetch("https://api.github.com/user", { method: "POST" }); return new Response(r.status + await r.text());`), { code: { globalOutbound: "read-only" } });
  assert.equal(refusal.response.body, "403read only");
  const [explain] = calls(blocks[3]);
  assert.deepEqual(await (await explain()).json(), JSON.parse(blocks[4]));
});

test("the README's example: a secret, an outbound, and a run that would be sent", async () => {
  const [, script] = /## Give it a key[\s\S]*?```sh\n([\s\S]*?)```/.exec(readFileSync(new URL("../../README.md", import.meta.url), "utf8"));
  const [secret, outbound, run] = [...script.matchAll(/-d '(\{[\s\S]*?\})'\n/g)].map((m) => JSON.parse(m[1].replace("'$GITHUB_TOKEN'", "tok-of-the-readme")));
  assert.equal((await call(`${daemon.url}/v1/secrets/github`, "PUT", secret)).ok, true);
  assert.equal((await call(`${daemon.url}/v1/outbounds/github`, "PUT", outbound)).ok, true);
  const told = await (await call(`${daemon.url}/v1/outbounds/github/explain`, "POST", { url: /fetch\(`(.*)`\)/.exec(run.code.modules["main.js"])[1] })).json();
  assert.deepEqual([told.decision, told.secrets, told.headers], ["sent", ["github"], ["user-agent"]]);
  // It is not sent: the outbound lets nothing through for the moment of the run.
  await put(daemon.url, "github", { rules: [] });
  const answer = await (await call(`${daemon.url}/v1/run`, "POST", run)).json();
  assert.equal(answer.outcome, "exception");
  assert.match(JSON.stringify(answer.exceptions), /Fetching from api\.github\.com is not permitted\./);
});

// What the worker's fetches of |urls| became.
const fetches = (urls) => worker(`const out = []; for (const url of ${JSON.stringify(urls)}) { try { out.push(await (await fetch(url)).text()); } catch (error) { out.push(String(error)); } } return Response.json(out);`);
const BLOCKED = "Error: This worker is not permitted to access the internet via global functions like fetch(). It must use capabilities (such as bindings in 'env') to talk to the outside world.";

test("a run names its outbound, brings its own, or has none", async () => {
  const url = `${echo.url}/a`;
  await put(daemon.url, "loop", policy(rule({ match: { path: "/a" } })));
  const out = async (code) => JSON.parse((await daemon.run(fetches([url, `${echo.url}/b`]), { code })).response.body);
  const denied = `TypeError: Fetching from 127.0.0.1 is not permitted.`;
  assert.deepEqual(await out({ globalOutbound: "loop" }), ["/a", denied]);
  assert.deepEqual(await out({ globalOutbound: policy(rule({ match: { path: "/b" } })) }), [denied, "/b"]);
  assert.deepEqual(await out({ globalOutbound: { rules: [] } }), [denied, denied]);
  for (const code of [{ globalOutbound: null }, {}]) assert.deepEqual(await out(code), [BLOCKED, BLOCKED]);
  for (const [globalOutbound, code, why] of [["nope", "api.field", "There is no outbound named nope."], ["a b", "api.field", "/code/globalOutbound must be the name of an outbound."], [7, "api.field", undefined], [{ rules: 1 }, "outbound.policy", "/code/globalOutbound/rules must be an array."]]) {
    const answer = await daemon.run(fetches([]), { code: { globalOutbound } });
    assert.deepEqual([answer.status, answer.code], [400, code], JSON.stringify(answer));
    assert.match(answer.param, /^\/code\/globalOutbound/);
    if (why) assert.equal(answer.detail, why);
  }
});

test("a run keeps the policy that it began with", async () => {
  let release;
  const held = await httpServer((request, response) => { if (request.url === "/wait") release = () => response.end("waited"); else response.end("after"); });
  await put(daemon.url, "swap", policy());
  const run = daemon.run(fetches([`${held.url}/wait`, `${held.url}/next`]), { code: { globalOutbound: "swap" } });
  await daemon.until(() => release);
  assert.equal((await put(daemon.url, "swap", { rules: [] })).status, 200);
  const later = await daemon.run(fetches([`${held.url}/next`]), { code: { globalOutbound: "swap" } });
  assert.deepEqual(JSON.parse(later.response.body), ["TypeError: Fetching from 127.0.0.1 is not permitted."]);
  assert.equal((await call(`${daemon.url}/v1/outbounds/swap`, "DELETE")).status, 204);
  release();
  assert.deepEqual(JSON.parse((await run).response.body), ["waited", "after"]);
});

test("the operator's default, policies of runs, and what a restart keeps", async () => {
  const state = mkdtempSync(path.join(tmpdir(), "mayfly-state-"));
  const options = { args: ["--state-dir", state], config: { outbound: { default: "standard", inline: false } } };
  let strict = await Daemon.start(options);
  try {
    const out = async (code = {}) => JSON.parse((await strict.run(fetches([`${echo.url}/d`]), { code })).response.body);
    assert.ok(strict.lines.some((line) => line.includes("outbound.default names standard, which does not exist")));
    assert.deepEqual(await out(), [BLOCKED]);
    const made = await (await put(strict.url, "standard", policy())).json();
    assert.equal(made.isDefault, true);
    assert.deepEqual(await out(), ["/d"]);
    assert.equal(await (await strict.runSource(worker(`return fetch("${echo.url}/curl")`))).text(), "/curl");
    assert.deepEqual(await out({ globalOutbound: null }), [BLOCKED]);
    const inline = await strict.run(fetches([]), { code: { globalOutbound: policy() } });
    assert.deepEqual([inline.status, inline.code, inline.param], [403, "outbound.inline", "/code/globalOutbound"]);
    await refused(await call(`${strict.url}/v1/outbounds/standard`, "DELETE"), 409, "outbound.in_use");
    await put(strict.url, "other", { rules: [allow("x.example")] });
    const before = [await get(strict.url, "standard"), await get(strict.url, "other")];
    // As a crash would: what was answered is on the disk.
    await strict.stop("SIGKILL");
    strict = await Daemon.start(options);
    assert.deepEqual([await get(strict.url, "standard"), await get(strict.url, "other")], before);
    assert.deepEqual(await out(), ["/d"]);
    assert.ok(!strict.lines.some((line) => line.includes("outbound.default")));
  } finally {
    await strict.stop();
    rmSync(state, { recursive: true, force: true });
  }
});

test("a bad default is refused at start", async () => {
  for (const outbound of [{ default: "a b" }, { default: "" }, { default: 1 }, { inline: "yes" }]) {
    await assert.rejects(Daemon.start({ config: { outbound } }), /\/outbound\/(default|inline): must be/);
  }
});
