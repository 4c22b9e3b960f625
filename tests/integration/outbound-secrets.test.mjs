// outbound-secrets.test.mjs - credentials that the code never sees: injected, swapped in for placeholders, signed, fetched, taken out
// of what comes back. Numbers 40 to 43 of the hostile corpus, each by its number.
import { test, before, after } from "node:test";
import { createHash, createHmac } from "node:crypto";
import { openSync, readSync, closeSync, readFileSync } from "node:fs";
import zlib from "node:zlib";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";
import { Authority, closeAll, httpServer, httpsServer, policy, rawServer, rule } from "../lib/upstream.mjs";

const CANARY = "cAnArY+/9f8e7d6c5b4a/tOkEn=";
let daemon, ca, echo;
before(async () => {
  ca = new Authority();
  daemon = await Daemon.start({ config: { outbound: { caFile: ca.file } } });
  echo = await httpsServer(ca, (request, response, body) => response.end(JSON.stringify({ url: request.url, headers: request.headers, body: body.toString("latin1") })), { version: 1 });
});
after(async () => {
  assert.doesNotMatch(daemon.lines.join("\n"), /cAnArY/, "no log line has it");
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

async function put(name, secret) {
  const response = await fetch(`${daemon.url}/v1/secrets/${name}`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ hosts: ["localhost:*"], ...secret }) });
  assert.ok(response.ok, await response.text());
}

const inject = (names, { match, ...more } = {}) => rule({ match: { host: ["localhost"], ...match }, action: { inject: [].concat(names).map((secret) => ({ secret })) }, rule: { allowHttp: undefined, ...more } });
const run = async (body, { outbound, ...call } = {}) => {
  const answer = await daemon.run(worker(`const out = []; const get = (url, init) => fetch(url, init).then(async (r) => out.push([r.status, await r.text()])).catch((e) => out.push(String(e))); ${body}; return Response.json(out);`), { ...call, code: { globalOutbound: outbound, ...call.code } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  assert.doesNotMatch(JSON.stringify(answer), /cAnArY/, "nothing of it comes back");
  return { ...answer, out: JSON.parse(answer.response.body) };
};
// What the last request to |server| looked like, as the server saw it.
const recorder = async (handle, options) => {
  const seen = [];
  const server = await httpsServer(ca, (request, response, body) => { seen.push({ method: request.method, url: request.url, headers: request.headers, body: body.toString("latin1") }); handle(request, response, body); }, { version: 1, ...options });
  server.seen = seen;
  return server;
};
const ok = (request, response) => response.end("ok");

test("the upstream sees the key, the code does not: bearer, basic, header, query", async () => {
  await put("b", { kind: "bearer", token: CANARY });
  await put("u", { kind: "basic", username: "user", password: CANARY });
  await put("h", { kind: "header", name: "x-api-key", prefix: "key ", value: CANARY });
  await put("q", { kind: "query", name: "api_key", value: CANARY });
  for (const [name, check] of [
    ["b", ({ headers }) => assert.equal(headers.authorization, `Bearer ${CANARY}`)],
    ["u", ({ headers }) => assert.equal(headers.authorization, `Basic ${Buffer.from(`user:${CANARY}`).toString("base64")}`)],
    ["h", ({ headers }) => assert.equal(headers["x-api-key"], `key ${CANARY}`)],
    ["q", ({ url }) => assert.equal(new URL(url, "https://x").searchParams.get("api_key"), CANARY)],
  ]) {
    const server = await recorder(ok);
    const { out, subrequests } = await run(`await get("${server.url}/p?a=b", { method: "POST", headers: { authorization: "Bearer guest", "x-api-key": "guest", "accept-encoding": "gzip" }, body: "x" });`, { outbound: policy(inject(name)) });
    assert.deepEqual(out, [[200, "ok"]]);
    check(server.seen[0]);
    assert.equal(server.seen[0].headers["accept-encoding"], "identity");
    assert.equal(subrequests[0].decision, "injected");
    if (name === "b") assert.equal(server.seen[0].headers["x-api-key"], "guest", "only the header of the secret is taken from the guest");
  }
});

test("two at once; the answer's URL has nothing that was added", async () => {
  const server = await recorder(ok);
  const { out } = await run(`const r = await fetch("${server.url}/x?y=1"); out.push(r.url, await r.text());`, { outbound: policy(inject(["b", "q"])) });
  assert.deepEqual(out, [`${server.url}/x?y=1`, "ok"]);
  assert.match(server.seen[0].url, /^\/x\?y=1&api_key=/);
});

test("never in cleartext, never to another host", async () => {
  const plain = await httpServer(ok);
  await put("elsewhere", { kind: "bearer", token: CANARY, hosts: ["api.example.com"] });
  await put("clear", { kind: "bearer", token: CANARY, allowHttp: true });
  const refused = "TypeError: Fetching from localhost is not permitted.";
  for (const [name, url, expected, code] of [
    ["b", `http://localhost:${plain.port}/`, refused, "secret.cleartext"], ["elsewhere", `${echo.url}/`, refused, "secret.host"],
    ["clear", `http://localhost:${plain.port}/`, [200, "ok"], undefined],
  ]) {
    const { out, subrequests } = await run(`await get("${url}");`, { outbound: policy(inject(name, { allowHttp: true })) });
    assert.deepEqual([out[0], subrequests[0].error], [expected, code], name);
  }
});

test("a secret that was deleted under a run", async () => {
  await put("gone", { kind: "bearer", token: CANARY });
  let release;
  const server = await httpsServer(ca, (request, response) => { release = () => response.end("ok"); }, { version: 1 });
  const late = run(`await get("${server.url}/"); await get("${echo.url}/");`, { outbound: policy(inject("gone")) });
  await daemon.until(() => release);
  assert.equal((await fetch(`${daemon.url}/v1/secrets/gone`, { method: "DELETE" })).status, 204);
  release();
  const { out, subrequests } = await late;
  assert.deepEqual(out, [[200, "ok"], "TypeError: Fetching from localhost is not permitted."]);
  assert.equal(subrequests[1].error, "secret.unknown");
});

test("a new version is used by the next request; one under way ends with its own", async () => {
  await put("r", { kind: "bearer", token: `${CANARY}-old` });
  const seen = [];
  let release;
  const server = await httpsServer(ca, (request, response) => { seen.push(request.headers.authorization); if (request.url === "/wait") release = () => response.end(`late ${request.headers.authorization}`); else response.end("ok"); }, { version: 1 });
  const late = run(`await get("${server.url}/wait");`, { outbound: policy(inject("r")) });
  await daemon.until(() => release);
  await put("r", { kind: "bearer", token: `${CANARY}-new` });
  await run(`await get("${server.url}/");`, { outbound: policy(inject("r")) });
  release();
  assert.deepEqual((await late).out, [[200, "late Bearer [redacted]"]], "the old value is looked for in its own answer");
  assert.deepEqual(seen, [`Bearer ${CANARY}-old`, `Bearer ${CANARY}-new`]);
});

test("connections are not shared across credentials", async () => {
  await put("c1", { kind: "bearer", token: `${CANARY}1` });
  await put("c2", { kind: "bearer", token: `${CANARY}2` });
  const server = await recorder(ok);
  for (const name of ["c1", "c2", "c1", "c2"]) await run(`await get("${server.url}/");`, { outbound: policy(inject(name)) });
  await run(`await get("${server.url}/"); await get("${server.url}/");`, { outbound: policy() });
  assert.equal(server.connections_seen, 3);
});

test("40: a redirect to another origin carries nothing that was added, nor the guest's own credentials", async () => {
  const other = await recorder(ok);
  const server = await recorder((request, response) => { response.writeHead(307, { location: request.url === "/here" ? "/end" : `https://localhost:${other.port}/end` }); response.end(); });
  const same = await recorder((request, response) => { if (request.url === "/here") { response.writeHead(302, { location: "/end" }); } response.end("ok"); });
  await put("p", { kind: "plain", value: CANARY });
  const outbound = policy({ ...inject("b", { match: { port: [server.port, same.port] } }), placeholders: ["p"] }, rule({ match: { host: ["localhost"] } }));
  await run(`const headers = { authorization: "guest", cookie: "guest", "x-key": "{{secret:p}}", "x-kept": "1" };
    await get("${server.url}/", { method: "POST", headers, body: "body" }); await get("${same.url}/here", { headers });`, { outbound });
  assert.equal(server.seen[0].headers.authorization, `Bearer ${CANARY}`);
  assert.equal(server.seen[0].headers["x-key"], CANARY);
  const { headers, body } = other.seen[0];
  assert.deepEqual([headers.authorization, headers.cookie, headers["x-key"], headers["x-kept"], body], [undefined, undefined, undefined, "1", "body"]);
  assert.equal(same.seen[1].headers.authorization, `Bearer ${CANARY}`, "the same origin is judged anew, and gets it");
  assert.equal(same.seen[1].headers.cookie, "guest");
});

test("41: placeholders become values in header values only, for their hosts only", async () => {
  await put("key", { kind: "plain", value: CANARY });
  await put("far", { kind: "plain", value: CANARY, hosts: ["api.example.com"] });
  const server = await recorder(ok);
  const outbound = policy(rule({ match: { host: ["localhost"] }, rule: { placeholders: ["key", "far"], allowHttp: true } }), rule({ match: { host: ["127.0.0.1"] } }));
  const { out } = await run(`await get("${server.url}/", { headers: { authorization: "Bearer " + env.KEY, "x-two": env.KEY + "," + env.KEY } });`, { outbound, code: { env: { KEY: "{{secret:key}}" } } });
  assert.deepEqual(out, [[200, "ok"]]);
  assert.equal(server.seen[0].headers.authorization, `Bearer ${CANARY}`);
  assert.equal(server.seen[0].headers["x-two"], `${CANARY},${CANARY}`);
  const before = server.seen.length;
  const plain = await httpServer((request, response) => response.end("got it"));
  const bad = await run(`const P = "{{secret:key}}"; const b64 = (t) => btoa(t);
    const tries = [["${server.url}/" + P], ["${server.url}/?k=" + P], ["${server.url}/" + encodeURIComponent(P)], ["${server.url}/", { method: "POST", body: "x " + P }], ["${server.url}/", { method: "POST", body: encodeURIComponent(P) }],
      ["${server.url}/", { headers: { a: "{{secret:", b: "key}}" } }], ["${server.url}/", { headers: { a: b64(P) } }], ["${server.url}/", { headers: { a: b64("x" + P) } }], ["${server.url}/", { headers: { a: encodeURIComponent(P) } }],
      ["${server.url}/", { headers: { a: "{{secret:far}}" } }], ["${server.url}/", { headers: { a: "{{secret:gone}}" } }], ["http://127.0.0.1:${plain.port}/", { headers: { a: P } }], ["http://localhost:${plain.port}/", { headers: { a: P } }]];
    for (const [url, init] of tries) await get(url, init);
    const halves = new ReadableStream({ async start(c) { const e = new TextEncoder(); c.enqueue(e.encode("before {{sec")); await scheduler.wait(30); c.enqueue(e.encode("ret:key}} after")); c.close(); } }); await get("${server.url}/", { method: "POST", body: halves });`, { outbound });
  bad.out.forEach((one, i) => assert.match(String(one), /^TypeError: /, `try ${i}: ${one}`));
  assert.equal(bad.out.length, 14);
  assert.ok(server.seen.slice(before).every((one) => !JSON.stringify(one).includes("cAnArY")), "nothing was swapped in on the way");
  assert.ok(bad.subrequests.every((one) => /^secret\./.test(one.error)), JSON.stringify(bad.subrequests.map((one) => one.error)));
});

test("42: an upstream that sends the credential back: header, body, status text, Location, JSON, URL encoding, base64, hexadecimal", async () => {
  const forms = { raw: CANARY, bearer: `Bearer ${CANARY}`, base64: Buffer.from(CANARY).toString("base64"), shifted: Buffer.from(`x${CANARY}y`).toString("base64"), url: encodeURIComponent(CANARY), hex: Buffer.from(CANARY).toString("hex"),
    json: JSON.stringify(CANARY).replaceAll("/", "\\/"), unicode: [...CANARY].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("") };
  const server = await rawServer((socket, seen) => {
    const [, name] = /GET \/(\w+) HTTP[^]*\r\n\r\n$/.exec(seen) ?? [];
    if (!name) return;
    const text = `before ${forms[name]} after`;
    socket.end(`HTTP/1.1 200 ${name === "raw" ? forms.raw : "OK"}\r\nx-echo: ${text}\r\nset-cookie: t=${forms[name]}\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  });
  await put("e", { kind: "bearer", token: CANARY, hosts: ["127.0.0.1:*"], allowHttp: true });
  const outbound = policy({ ...rule({ match: { host: ["127.0.0.1"] } }), action: { inject: [{ secret: "e" }] } });
  const { out, subrequests } = await run(`for (const name of ${JSON.stringify(Object.keys(forms))}) { const r = await fetch("${server.url}/" + name); out.push([name, r.statusText, r.headers.get("x-echo"), r.headers.getSetCookie(), await r.text()]); }`, { outbound });
  for (const [name, statusText, header, cookies, body] of out) {
    assert.match(header, /^before .*\[redacted\].* after$/, name);
    assert.match(body, /^before .*\[redacted\].* after$/, name);
    assert.match(cookies[0], /\[redacted\]/, name);
    if (name === "raw") assert.equal(statusText, "[redacted]");
    for (const form of [forms.hex, forms.base64.slice(4, -4), forms.url]) for (const text of [header, body, cookies[0]]) assert.ok(!text.includes(form), `${name}: ${text}`);
  }
  assert.ok(subrequests.every((one) => one.decision === "injected"));
});

test("42: split at each byte, whatever the chunks", async () => {
  let split = 0;
  const text = `{"a":"${CANARY}"}`;
  const server = await rawServer(async (socket, seen) => {
    if (!seen.endsWith("\r\n\r\n")) return;
    const at = ++split;
    const chunk = (piece) => (piece.length === 0 ? "" : `${piece.length.toString(16)}\r\n${piece}\r\n`);
    socket.setNoDelay(true);
    socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk(text.slice(0, at))}`);
    await new Promise((resolve) => setTimeout(resolve, 2)); // Another segment: that is the case under test.
    socket.end(`${chunk(text.slice(at))}0\r\nx-trailer: ${CANARY}\r\n\r\n`);
  });
  const outbound = policy({ ...rule({ match: { host: ["127.0.0.1"] } }), action: { inject: [{ secret: "e" }] } });
  const { out } = await run(`for (let i = 0; i < ${text.length}; i++) out.push(await (await fetch("${server.url}/")).text());`, { outbound });
  assert.deepEqual(out, Array(text.length).fill('{"a":"[redacted]"}'));
});

test("42: one byte at a time, and as gzip though identity was asked for", async () => {
  const server = await rawServer(async (socket, seen) => {
    if (!seen.endsWith("\r\n\r\n")) return;
    socket.setNoDelay(true);
    const gzip = seen.includes("/gzip");
    const body = gzip ? zlib.gzipSync(`x${CANARY}y`) : Buffer.from(`x${CANARY}y`);
    socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${body.length}\r\n${gzip ? "content-encoding: gzip\r\n" : ""}\r\n`);
    for (const byte of body) { socket.write(Buffer.from([byte])); await new Promise((resolve) => setImmediate(resolve)); }
    socket.end();
  });
  const coded = await httpServer((request, response) => { response.setHeader("content-encoding", "zstd"); response.end(CANARY); });
  const outbound = policy({ ...rule({ match: { host: ["127.0.0.1"] } }), action: { inject: [{ secret: "e" }] } });
  const { out } = await run(`await get("${server.url}/"); await get("${server.url}/gzip"); await get("${coded.url}/");`, { outbound });
  assert.deepEqual(out, [[200, "x[redacted]y"], [200, "x[redacted]y"], "TypeError: The answer of 127.0.0.1 held what may not be shown and was stopped."]);
});

test("42: Location, in both modes; block stops the answer; off passes it", async () => {
  const server = await recorder((request, response) => { if (request.url.startsWith("/go")) { response.writeHead(302, { location: `/end?t=${encodeURIComponent(CANARY)}` }); } response.end(`echo ${request.headers.authorization}`); });
  const { out } = await run(`const r = await fetch("${server.url}/go", { redirect: "manual" }); out.push(r.headers.get("location")); const s = await fetch("${server.url}/go"); out.push(s.url.includes("redacted"), await s.text());`, { outbound: policy(inject("b")) });
  assert.match(out[0], /^\/end\?t=\[redacted\]$/);
  assert.deepEqual(out.slice(1), [true, "echo Bearer [redacted]"]);
  const block = await run(`await get("${server.url}/"); await get("${server.url}/go");`, { outbound: policy(inject("b", { redact: "block" })) });
  block.out.forEach((one) => assert.match(String(one), /held what may not be shown/));
  assert.equal(block.subrequests[0].error, "outbound.echo");
  await put("shown", { kind: "bearer", token: "not-so-secret-value" });
  const off = await run(`await get("${server.url}/");`, { outbound: policy(inject("shown", { redact: "off" })) });
  assert.deepEqual(off.out, [[200, "echo Bearer not-so-secret-value"]]);
});

test("43: no byte of it in env, globals, errors, stacks or anything that a worker can reach, nor in its process", async () => {
  await put("env", { kind: "plain", value: CANARY });
  const server = await recorder((request, response) => response.end(`echo ${request.headers["x-key"]} ${request.headers.authorization}`));
  const outbound = policy({ ...inject("b"), placeholders: ["env"] });
  const { out } = await run(`await get("${server.url}/", { headers: { "x-key": env.KEY } });
    const seen = new Set(); const texts = []; const walk = (value, depth) => { if (depth > 6 || seen.size > 20000) return; if (typeof value === "string") { texts.push(value); return; } if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return; seen.add(value);
      for (const key of Reflect.ownKeys(value)) { texts.push(String(key)); let next; try { next = value[key]; } catch { continue; } walk(next, depth + 1); } };
    walk(globalThis, 0); walk(env, 0); walk(ctx, 0); for (const make of [() => null.x, () => fetch(), () => new Request("x")]) { try { await make(); } catch (e) { texts.push(e.stack, e.message); } }
    out.push(texts.length > 500, texts.filter((t) => /canary/i.test(t)).length, env.KEY);`, { outbound, code: { env: { KEY: "{{secret:env}}" } } });
  assert.deepEqual(out[0], [200, "echo [redacted] Bearer [redacted]"]);
  assert.deepEqual(out.slice(1), [true, 0, "{{secret:env}}"]);
  const executors = await daemon.executors();
  if (process.getuid() === 0) assert.ok(executors.some(({ pid }) => searchMemory(pid, ["{{secret:env}}"]).length > 0), "the search finds what is there");
  for (const { pid } of executors) assert.deepEqual(searchMemory(pid, [CANARY, Buffer.from(CANARY).toString("base64").slice(0, 20)]), [], `executor ${pid}`);
  for (const path of ["/healthz", "/v1/secrets", "/v1/secrets/b", "/readyz"]) assert.doesNotMatch(await (await fetch(daemon.url + path)).text(), /cAnArY/);
});

// Which of |needles| stand in the writable memory of a process. Skipped, as found nowhere, when the kernel does not let us look.
function searchMemory(pid, needles) {
  const found = [];
  let memory;
  try { memory = openSync(`/proc/${pid}/mem`, "r"); } catch { return found; }
  for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (!from) continue;
    const start = parseInt(from, 16), size = Math.min(parseInt(to, 16) - start, 256 << 20);
    const bytes = Buffer.alloc(size);
    try { readSync(memory, bytes, 0, size, start); } catch { continue; }
    for (const needle of needles) if (bytes.includes(needle)) found.push(`${needle} in ${line}`);
  }
  closeSync(memory);
  return found;
}

/* ---- OAuth 2 client credentials ---------------------------------------------------------------- */

test("access tokens: fetched once for all who wait, renewed before they end, never shown", async () => {
  let asked = 0, fails = false, life = 3600;
  const tokens = await httpsServer(ca, (request, response, body) => {
    asked++;
    const basic = request.headers.authorization;
    if (fails) { response.writeHead(500); response.end(`no ${CANARY}`); return; }
    const form = new URLSearchParams(body.toString());
    assert.deepEqual([request.method, form.get("grant_type"), form.get("scope"), basic], ["POST", "client_credentials", "a b", `Basic ${Buffer.from(`me%3A:${encodeURIComponent(CANARY)}`).toString("base64")}`]);
    setTimeout(() => { response.setHeader("content-type", "application/json"); response.end(JSON.stringify({ access_token: `${CANARY}-token-${asked}`, token_type: "Bearer", expires_in: life })); }, 50);
  }, { version: 1 });
  const server = await recorder((request, response) => response.end(request.headers.authorization));
  const oauth = { kind: "oauth2_client_credentials", tokenUrl: `https://localhost:${tokens.port}/token`, clientId: "me:", clientSecret: CANARY, scope: "a b" };
  await put("o", oauth);
  const outbound = policy(inject("o"));
  const all = await Promise.all(Array.from({ length: 10 }, () => run(`await Promise.all([get("${server.url}/"), get("${server.url}/"), get("${server.url}/")]);`, { outbound })));
  for (const { out } of all) assert.deepEqual(out, Array(3).fill([200, "Bearer [redacted]"]));
  assert.equal(asked, 1, "thirty requests, one token");
  assert.ok(server.seen.every((one) => one.headers.authorization === `Bearer ${CANARY}-token-1`));
  life = 1; // ends at once: the next request needs another
  await put("o", oauth);
  await run(`await get("${server.url}/");`, { outbound });
  assert.equal(asked, 2, "a new version has its own token");
  await new Promise((resolve) => setTimeout(resolve, 1100)); // Its life is over: that is the case under test.
  await run(`await get("${server.url}/");`, { outbound });
  assert.equal(asked, 3);
  fails = true;
  await put("o", oauth);
  const failed = await run(`await Promise.all([get("${server.url}/"), get("${server.url}/")]); await get("${server.url}/");`, { outbound });
  assert.deepEqual(failed.out, Array(3).fill("TypeError: The credentials for localhost could not be obtained."));
  assert.equal(asked, 4, "one question for two who wait, and none right after the failure");
  assert.ok(failed.subrequests.every((one) => one.error === "upstream.token"));
});

/* ---- signatures ---------------------------------------------------------------------------------- */

const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const hex = (text) => createHash("sha256").update(text, "latin1").digest("hex");
// What an S3-style server does: recompute the signature of what arrived.
function verifyAws({ method, url, headers, body }, secret) {
  const [, scope, signed, signature] = /^AWS4-HMAC-SHA256 Credential=AKID\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization) ?? [];
  if (!scope) return "no signature";
  const { pathname, searchParams } = new URL(url, "https://x");
  const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = [...searchParams].map(([k, v]) => `${encode(k)}=${encode(v)}`).sort().join("&");
  const canonical = [method, pathname, query, ...signed.split(";").map((name) => `${name}:${headers[name].trim().replace(/ +/g, " ")}`), "", signed, headers["x-amz-content-sha256"]].join("\n");
  const [date, region, service] = scope.split("/");
  const key = [date, region, service, "aws4_request"].reduce(hmac, `AWS4${secret}`);
  const expected = hmac(key, ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hex(canonical)].join("\n")).toString("hex");
  if (headers["x-amz-content-sha256"] !== "UNSIGNED-PAYLOAD" && headers["x-amz-content-sha256"] !== hex(body)) return "another body";
  return expected === signature ? "verified" : `${expected} is not ${signature}\n${canonical}`;
}

test("AWS signatures hold for what is really sent, bodies included", async () => {
  await put("aws", { kind: "aws_sigv4", accessKeyId: "AKID", secretAccessKey: CANARY, region: "eu-central-1", service: "s3" });
  const server = await recorder((request, response, body) => response.end(verifyAws({ method: request.method, url: request.url, headers: request.headers, body: body.toString("latin1") }, CANARY)));
  const big = "x".repeat(300_000);
  const { out } = await run(`await get("${server.url}/bucket/a%20b.txt?list-type=2&prefix=a%2Fb"); await get("${server.url}/bucket/k", { method: "PUT", body: "h\\u00e9llo", headers: { "x-amz-meta-a": "b" } }); await get("${server.url}/bucket/k", { method: "PUT", body: "${big}" });
    await get("${server.url}/bucket/k", { method: "DELETE" }); await get("${server.url}/bucket/s", { method: "PUT", body: new ReadableStream({ start(c) { c.enqueue(new Uint8Array(5)); c.close(); } }) });`, { outbound: policy(inject("aws")) });
  assert.deepEqual(out, Array(5).fill([200, "verified"]));
});

test("HMAC headers", async () => {
  await put("mac", { kind: "hmac", key: CANARY, header: "x-signature", headerValue: "v1={signature}", template: "{method}\n{path}\n{body}" });
  const server = await recorder(ok);
  const { out } = await run(`await get("${server.url}/hook", { method: "POST", body: "payload" });`, { outbound: policy(inject("mac")) });
  assert.deepEqual(out, [[200, "ok"]]);
  assert.equal(server.seen[0].headers["x-signature"], `v1=${createHmac("sha256", CANARY).update("POST\n/hook\npayload").digest("hex")}`);
});
