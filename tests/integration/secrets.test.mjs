// secrets.test.mjs - /v1/secrets of the real daemon: what is taken, what is shown, what survives a kill, and that a value is
// nowhere but in the daemon's own locked pages.
import { test, before, after } from "node:test";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Daemon, raw, worker, assert, binDir } from "../lib/mayfly.mjs";

const json = { "content-type": "application/json" };
const bearer = (token, more = {}) => ({ kind: "bearer", token, hosts: ["api.example.com"], ...more });
const put = (url, name, body, headers = json) => fetch(`${url}/v1/secrets/${name}`, { method: "PUT", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
const list = async (url) => (await (await fetch(`${url}/v1/secrets`)).json()).secrets;

async function refused(response, status, code) {
  const problem = await response.json();
  assert.deepEqual([response.status, problem.code], [status, code], JSON.stringify(problem));
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  return problem;
}

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(() => daemon.stop());

test("a secret's life", async () => {
  const begin = Date.now();
  const made = await put(daemon.url, "gh", bearer("one", { hosts: ["api.example.com", "*.example.org:*"] }));
  assert.equal(made.status, 201);
  const info = await made.json();
  assert.deepEqual(Object.keys(info), ["name", "kind", "hosts", "version", "createdAt", "updatedAt", "lastUsedAt"]);
  assert.deepEqual([info.name, info.kind, info.hosts, info.version, info.lastUsedAt], ["gh", "bearer", ["api.example.com", "*.example.org:*"], 1, null]);
  assert.ok(Date.parse(info.createdAt) >= begin - 1 && info.createdAt === info.updatedAt);
  const replaced = await put(daemon.url, "gh", bearer("two"));
  assert.equal(replaced.status, 200);
  const next = await replaced.json();
  assert.deepEqual([next.version, next.hosts, next.createdAt], [2, ["api.example.com"], info.createdAt]);
  assert.deepEqual(await (await fetch(`${daemon.url}/v1/secrets/gh`)).json(), next);
  await put(daemon.url, "aa", bearer("x"));
  assert.deepEqual((await list(daemon.url)).map((secret) => secret.name), ["aa", "gh"]);
  for (const name of ["aa", "gh"]) assert.equal((await fetch(`${daemon.url}/v1/secrets/${name}`, { method: "DELETE" })).status, 204);
  assert.deepEqual(await list(daemon.url), []);
  for (const method of ["GET", "DELETE"]) await refused(await fetch(`${daemon.url}/v1/secrets/gh`, { method }), 404, "secret.unknown");
});

test("a bad update says every fault and changes nothing", async () => {
  await put(daemon.url, "kept", bearer("good"));
  const before = await (await fetch(`${daemon.url}/v1/secrets/kept`)).json();
  const problem = await refused(await put(daemon.url, "kept", { kind: "basic", username: "a:b", hosts: ["x.com", "*", "y.com:0"], allowHttp: "no", realm: 1 }), 400, "api.field");
  assert.deepEqual(problem.errors.map((fault) => fault.pointer), ["/username", "/hosts/1", "/hosts/2", "/allowHttp", "/realm", "/password"]);
  assert.deepEqual(await (await fetch(`${daemon.url}/v1/secrets/kept`)).json(), before);
  for (const [body, code] of [["", "api.json"], ["{", "api.json"], ["{}{}", "api.json"], ['{"kind":"plain","value":"a\\u0000b"}', "api.json"], ["[]", "api.field"], ["null", "api.field"], ["[".repeat(5000), "api.json"]]) {
    await refused(await put(daemon.url, "kept", body), 400, code);
  }
  await refused(await put(daemon.url, "kept", bearer("x"), { "content-type": "text/plain" }), 415, "api.content_type");
  await refused(await put(daemon.url, "kept", " ".repeat(300_000)), 413, "http.body_too_large");
  assert.deepEqual(await (await fetch(`${daemon.url}/v1/secrets/kept`)).json(), before);
});

test("names and methods", async () => {
  for (const name of ["a%20b", "%67h", ".a", "a:b", "x".repeat(65), "a%2Fb"]) await refused(await put(daemon.url, name, bearer("x")), 400, "api.name");
  for (const name of ["x".repeat(64), "A.b_c-1"]) assert.equal((await put(daemon.url, name, bearer("x"))).status, 201);
  for (const where of ["/v1/secrets/", "/v1/secrets/a/b", "/v1/secret"]) await refused(await fetch(daemon.url + where), 404, "api.route");
  const wrong = await fetch(`${daemon.url}/v1/secrets/gh`, { method: "POST", headers: json, body: "{}" });
  assert.equal(wrong.headers.get("allow"), "GET, HEAD, PUT, DELETE");
  await refused(wrong, 405, "api.method");
  await refused(await fetch(`${daemon.url}/v1/secrets`, { method: "PUT", headers: json, body: "{}" }), 405, "api.method");
  assert.equal((await fetch(`${daemon.url}/v1/secrets`, { method: "HEAD" })).status, 200);
});

test("a body in chunks, and clients that leave in the middle", async () => {
  const body = JSON.stringify(bearer("x"));
  const chunks = [...body].map((c) => `1\r\n${c}\r\n`).join("") + "0\r\n\r\n";
  const head = (name) => `PUT /v1/secrets/${name} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  assert.match(await raw(daemon.url, `${head("chunked")}Transfer-Encoding: chunked\r\n\r\n${chunks}`), /^HTTP\/1\.1 201 /);
  const { default: net } = await import("node:net");
  for (const cut of [0, 1, body.length - 1, body.length]) {
    const socket = net.connect(Number(new URL(daemon.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(`${head("left")}Content-Length: ${body.length}\r\n\r\n${body.slice(0, cut)}`, () => socket.resetAndDestroy());
    await once(socket, "close");
  }
  assert.equal((await daemon.health()).status, "ok");
  assert.equal((await put(daemon.url, "after", bearer("x"))).status, 201);
});

test("many at once, one name: versions follow each other", async () => {
  const versions = await Promise.all(Array.from({ length: 50 }, async (_, i) => (await (await put(daemon.url, "race", bearer(`v${i}`))).json()).version));
  assert.deepEqual(versions.sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i + 1));
});

test("a secret that outbounds use is not deleted, and the answer says where it is used", async () => {
  const outbound = (name, method, body) => fetch(`${daemon.url}/v1/outbounds/${name}`, { method, headers: json, body: body && JSON.stringify(body) });
  const using = (secret) => ({ rules: [{ match: { host: "api.example.com" }, action: { inject: { secret } } }] });
  await put(daemon.url, "used", bearer("x"));
  for (const name of ["one", "two"]) assert.equal((await outbound(name, "PUT", using("used"))).status, 201);
  const problem = await refused(await fetch(`${daemon.url}/v1/secrets/used`, { method: "DELETE" }), 409, "secret.in_use");
  assert.deepEqual(problem.usedBy, { outbounds: ["one", "two"] });
  assert.equal((await put(daemon.url, "used", bearer("y"))).status, 200); // A new value is no reason to refuse.
  await outbound("one", "DELETE");
  await put(daemon.url, "other", bearer("x"));
  assert.equal((await outbound("two", "PUT", using("other"))).status, 200);
  assert.equal((await fetch(`${daemon.url}/v1/secrets/used`, { method: "DELETE" })).status, 204);
  // Both at once, in any order: never a policy that names a secret that is gone.
  for (let round = 0; round < 20; round++) {
    await put(daemon.url, "raced", bearer("x"));
    const [made, gone] = await Promise.all([outbound("race", "PUT", using("raced")), fetch(`${daemon.url}/v1/secrets/raced`, { method: "DELETE" })]);
    assert.ok((made.ok && gone.status === 409) || (!made.ok && gone.status === 204), `${made.status} ${gone.status}`);
    await outbound("race", "DELETE");
  }
});

// ---- starts, ends, kills

// A daemon on a state directory of ours, which outlives it.
async function onState(state, config = {}) {
  return Daemon.start({ config: { ...config, stateDir: state, executors: { count: 1, standby: 1 } }, args: ["--state-dir", state] });
}

function refusedStart(state, more = {}) {
  const file = path.join(state, "..", "refused.json");
  writeFileSync(file, JSON.stringify({ stateDir: state, listen: ["127.0.0.1:0"], ...more }));
  const end = spawnSync(path.join(binDir, "mayflyd"), ["--config", file], { encoding: "utf8", timeout: 60_000, env: { PATH: process.env.PATH, ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}) } });
  assert.equal(end.status, 1, end.stderr);
  return end.stderr;
}

test("kill -9 while secrets are put: every answered one is there", async () => {
  const state = path.join(daemon.dir, "killed");
  mkdirSync(state, { mode: 0o700 });
  const answered = new Map();
  for (let round = 0; round < 4; round++) {
    const victim = await onState(state);
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let i = 0; ; i++) {
        const name = `w${writer}-${i % 5}`;
        try {
          const response = await put(victim.url, name, bearer(`t${round}-${i}`));
          if (response.ok) answered.set(name, (await response.json()).version);
        } catch { return; }
        if (answered.size > 10 && writer === 0 && i > 12 + round * 9) victim.process.kill("SIGKILL");
      }
    });
    await Promise.all(writers);
    assert.equal((await victim.stop("SIGKILL")).signal, "SIGKILL");
  }
  const last = await onState(state);
  const found = new Map((await list(last.url)).map((secret) => [secret.name, secret.version]));
  for (const [name, version] of answered) assert.ok(found.get(name) >= version, `${name}: ${version} was answered, ${found.get(name)} is there`);
  await last.stop();
});

test("the key is changed; another key, a second daemon and a changed file stop the start", async () => {
  const state = path.join(daemon.dir, "keys");
  mkdirSync(state, { mode: 0o700 });
  const first = await onState(state);
  await put(first.url, "a", bearer("one"));
  assert.match(refusedStart(state), /another mayflyd uses the state directory/);
  await first.stop();
  const key = path.join(daemon.dir, "new.key");
  writeFileSync(key, "ab".repeat(32), { mode: 0o600 });
  assert.match(refusedStart(state, { vault: { keyFile: key } }), /the secret a is sealed with the key [0-9a-f]{16}/);
  const second = await onState(state, { vault: { keyFile: key, previousKeyFiles: [path.join(state, "vault.key")] } });
  assert.deepEqual((await list(second.url)).map((secret) => secret.version), [1]);
  await second.stop();
  assert.match(refusedStart(state), /is sealed with the key/);
  const third = await onState(state, { vault: { keyFile: key } });
  assert.equal((await list(third.url)).length, 1);
  await third.stop();
  const db = path.join(state, "mayfly.db");
  const bytes = readFileSync(db);
  const changed = Buffer.from(bytes);
  changed.fill(0x5a, 4096, 4160);
  writeFileSync(db, changed);
  assert.match(refusedStart(state, { vault: { keyFile: key } }), /mayfly\.db is damaged; it was left as it is/);
  assert.deepEqual(readFileSync(db), changed);
});

// ---- the canary

// Every form in which somebody might find a value.
function spellings(value) {
  const bytes = Buffer.from(value);
  const forms = new Map([["raw", value], ["hex", bytes.toString("hex")], ["HEX", bytes.toString("hex").toUpperCase()], ["reversed", [...value].reverse().join("")],
    ["url-encoded", [...bytes].map((b) => "%" + b.toString(16).padStart(2, "0")).join("")], ["json-escaped", [...value].map((c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0")).join("")]]);
  for (let before = 0; before < 3; before++) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    forms.set(`base64 at ${before}`, text.slice(before === 0 ? 0 : before + 1, Math.floor((before + bytes.length) / 3) * 4));
  }
  const found = new Map([...forms].map(([name, text]) => [name, Buffer.from(text, "latin1")]));
  found.set("utf-16", Buffer.from(value, "utf16le"));
  return found;
}

function assertClean(what, bytes, canary) {
  for (const [form, needle] of spellings(canary)) assert.equal(Buffer.from(bytes).indexOf(needle), -1, `${what} has the value, ${form}`);
}

// Pages of a process that hold |canary|: inside = kept out of core dumps and children (the vault's), outside = any other.
function searchMemory(pid, canary) {
  const found = { inside: 0, outside: [] };
  const needle = Buffer.from(canary);
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const window = Buffer.alloc(1 << 20);
  let range;
  for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line);
    if (head) { range = { begin: parseInt(head[1], 16), end: parseInt(head[2], 16), rights: head[3], name: head[4] }; continue; }
    if (!line.startsWith("VmFlags:") || !range.rights.startsWith("r") || range.end - range.begin > 2 ** 32 || range.name === "[vvar]") continue;
    let count = 0;
    for (let at = range.begin; at < range.end; at += window.length - needle.length) {
      let got = 0;
      try { got = readSync(memory, window, 0, Math.min(window.length, range.end - at), at); } catch { break; }
      for (let i = window.subarray(0, got).indexOf(needle); i >= 0 && i < got; i = window.subarray(0, got).indexOf(needle, i + 1)) count++;
    }
    if (count > 0 && / dd/.test(line) && / dc/.test(line)) found.inside += count;
    else if (count > 0) found.outside.push(`${range.name || "anonymous"} ${line}`);
  }
  closeSync(memory);
  return found;
}

const filesIn = (dir) => readdirSync(dir, { recursive: true }).filter((name) => statSync(path.join(dir, name)).isFile());

test("a value is nowhere but in the vault's pages", { skip: process.getuid() !== 0 && "needs to read another process's memory" }, async () => {
  const state = path.join(daemon.dir, "canary");
  mkdirSync(state, { mode: 0o700 });
  const victim = await onState(state, { logLevel: "debug" });
  const canary = `c4n4ry-${Math.random().toString(36).slice(2)}-${Math.random().toString(36).slice(2)}-value`;
  const answers = [];
  const keep = async (response) => answers.push(JSON.stringify([...response.headers]) + await response.text());
  const bodies = [bearer(canary), { kind: "basic", username: "u", password: canary, hosts: ["a.com"] }, { kind: "header", name: "x-key", value: canary, hosts: ["a.com"] }, { kind: "plain", value: canary, hosts: ["a.com"] },
    { kind: "aws_sigv4", accessKeyId: "AK", secretAccessKey: canary, sessionToken: canary, region: "r", service: "s3", hosts: ["a.com"] }, { kind: "hmac", key: canary, header: "x-s", template: "{path}", hosts: ["a.com"] },
    { kind: "oauth2_client_credentials", tokenUrl: "https://a.com/t", clientId: "i", clientSecret: canary, hosts: ["a.com"] }, { kind: "query", name: "k", value: canary, hosts: ["a.com"] }];
  // Searched at once, before other requests lie over what this one left behind.
  const expectInside = (count) => {
    if (process.env.ASAN_OPTIONS) return; // It has a heap of its own.
    assert.deepEqual(searchMemory(victim.pid, canary), { inside: count, outside: [] });
  };
  let expected = 0;
  for (const [i, body] of bodies.entries()) {
    await keep(await put(victim.url, `s${i}`, body));
    expected += body.sessionToken ? 2 : 1;
    expectInside(expected);
  }
  assert.equal((await list(victim.url)).length, bodies.length);
  // Refused in every way: a fault beside it, in the wrong place, as a name, not JSON, too large, of the wrong type, on the wrong path.
  for (const body of [bearer(canary, { hosts: ["*"] }), { kind: "bearer", value: canary, hosts: ["a.com"] }, { kind: "bearer", [canary]: canary, hosts: [canary] }, { kind: canary }, { kind: "bearer", token: `\n${canary}`, hosts: ["a.com"] },
    `{"kind":"bearer","token":"${canary}"`, `"${canary}"`, JSON.stringify(bearer(canary)) + " ".repeat(300_000)]) {
    await keep(await put(victim.url, "bad", body));
    expectInside(expected);
  }
  await keep(await put(victim.url, "bad", bearer(canary), { "content-type": "text/plain" }));
  expectInside(expected);
  await keep(await fetch(`${victim.url}/v1/secret`, { method: "PUT", headers: json, body: "{}" }));
  await keep(await put(victim.url, "s0", bearer(canary)));
  for (const where of ["/v1/secrets", "/v1/secrets/s0", "/healthz", "/openapi.json"]) await keep(await fetch(victim.url + where));
  await keep(await fetch(`${victim.url}/v1/secrets/s7`, { method: "DELETE" }));
  await keep(await victim.runSource(worker("return new Response(JSON.stringify([globalThis, env]))")));
  for (const answer of answers) assertClean("an answer", answer, canary);

  expectInside(expected - 1);
  for (const { pid } of await victim.executors()) assert.deepEqual(searchMemory(pid, canary), { inside: 0, outside: [] });
  for (const file of filesIn(state)) assertClean(file, readFileSync(path.join(state, file)), canary);
  assert.equal(readFileSync("/proc/self/status", "utf8").length > 0 && statSync(`/proc/${victim.pid}/environ`).uid, 0); // Not dumpable: root's.
  const limits = readFileSync(`/proc/${victim.pid}/limits`, "utf8");
  assert.match(limits, /Max core file size\s+1\s+1\s/);
  await victim.stop();
  for (const file of filesIn(state)) assertClean(file, readFileSync(path.join(state, file)), canary);
  assertClean("the log", victim.lines.join("\n"), canary);
});
