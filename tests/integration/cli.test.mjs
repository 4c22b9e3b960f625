// cli.test.mjs - mayfly(1) as a shell sees it: what it sends, what it prints where, and its exit status. Most of it against
// a server of the test's own, which answers what a daemon might; the last test against the real one.
import { test, before, after } from "node:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import http from "node:http";
import { Daemon, binDir, assert } from "../lib/mayfly.mjs";

let dir, server, url, received, answer;

before(async () => {
  dir = mkdtempSync(path.join(tmpdir(), "mayfly-cli-"));
  server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    received = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() };
    answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => { server.close(); rmSync(dir, { recursive: true, force: true }); });

const replying = (body, status = 200, type = "application/json") => (request, response) => {
  response.writeHead(status, { "content-type": type });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
};
const ok = { id: "run_x", outcome: "ok", response: { status: 200, headers: [], body: "fine" }, logs: [], exceptions: [], usage: {} };

function file(name, text) {
  const full = path.join(dir, name);
  writeFileSync(full, text);
  return full;
}

// Runs the program to its end: {code, out, err}. |command| may be another program in its place.
function mayfly(args, { env = {}, input, command = path.join(binDir, "mayfly") } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env.PATH, MAYFLY_URL: url, ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}), ...env } });
    let out = "", err = "";
    child.stdout.on("data", (chunk) => { out += chunk; });
    child.stderr.on("data", (chunk) => { err += chunk; });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal, out, err }));
    child.stdin.on("error", () => {}); // It may end before it reads.
    child.stdin.end(input ?? "");
  });
}

test("sends the JSON form and prints the body", async () => {
  answer = replying({ ...ok, logs: [{ level: "log", message: "noted", timestamp: 1 }] });
  const ran = await mayfly(["run", file("hello.ts", "let a: number;\n"), "--env", "A=b c", "--cpu-ms", "50"]);
  assert.deepEqual(ran, { code: 0, out: "fine", err: "noted\n" });
  assert.equal(received.method + " " + received.url, "POST /v1/run");
  assert.equal(received.headers["content-type"], "application/json");
  assert.equal(received.headers.accept, "application/json");
  assert.deepEqual(JSON.parse(received.body), {
    code: { compatibilityDate: "2026-09-01", mainModule: "hello.ts", modules: { "hello.ts": { ts: "let a: number;\n" } }, env: { A: "b c" } },
    request: { method: "GET" }, limits: { cpuMs: 50 },
  });
});

test("reads code from standard input and data from a file", async () => {
  answer = replying(ok);
  const data = file("data.bin", Buffer.from([0, 1, 255]));
  const ran = await mayfly(["run", "-", "--request", "PUT", "https://a.example/x", "--header", "x-a: 1", "--data", `@${data}`], { input: "export default {}" });
  assert.equal(ran.code, 0, ran.err);
  const call = JSON.parse(received.body);
  assert.deepEqual(call.code.modules, { "main.ts": { ts: "export default {}" } });
  assert.deepEqual(call.request, { method: "PUT", url: "https://a.example/x", headers: [["x-a", "1"]], bodyBase64: "AAH/" });
});

test("a body of any bytes reaches standard output whole", async () => {
  answer = replying({ ...ok, response: { status: 200, headers: [], body: "a\u0000b" } });
  assert.deepEqual(await mayfly(["run", file("a.js", "1")]), { code: 0, out: "a\u0000b", err: "" });
  const large = "\u00e9".repeat(5_000_000);
  answer = replying({ ...ok, response: { status: 200, headers: [], body: large } });
  const ran = await mayfly(["run", file("a.js", "1")]);
  assert.ok(ran.out === large, "ten megabytes are the same");
});

test("--json prints the envelope as it came", async () => {
  answer = replying({ ...ok, outcome: "exceededCpu", logs: [{ level: "log", message: "x" }] });
  const ran = await mayfly(["run", file("a.js", "1"), "--json"]);
  assert.equal(ran.code, 4);
  assert.equal(JSON.parse(ran.out).outcome, "exceededCpu");
  assert.equal(ran.err, "");
});

test("each outcome has its exit status", async () => {
  for (const [outcome, code] of Object.entries({ ok: 0, exception: 1, exceededCpu: 4, exceededMemory: 5, exceededWallTime: 6, canceled: 7, internalError: 7 })) {
    answer = replying({ ...ok, outcome, error: { code: "c", message: "why" }, response: null });
    assert.equal((await mayfly(["run", file("a.js", "1")])).code, code, outcome);
  }
});

test("a problem is said in one line, with status 3", async () => {
  answer = replying({ code: "overloaded", title: "Every place to run and to wait is taken.", status: 503 }, 503, "application/problem+json");
  assert.deepEqual(await mayfly(["run", file("a.js", "1")]), { code: 3, out: "", err: "mayfly: overloaded: Every place to run and to wait is taken.\n" });
  answer = replying("<html>", 200, "text/html");
  assert.equal((await mayfly(["run", file("a.js", "1")])).code, 3);
  answer = (request, response) => response.destroy();
  assert.equal((await mayfly(["run", file("a.js", "1")])).code, 3);
});

test("no daemon: status 3 and where it looked", async () => {
  const nowhere = `unix:${path.join(dir, "nothing.sock")}`;
  const ran = await mayfly(["run", file("a.js", "1"), "--url", nowhere]);
  assert.deepEqual(ran, { code: 3, out: "", err: `mayfly: cannot reach ${nowhere}: is mayflyd running there?\n` });
});

test("wrong usage: status 2, and nothing is sent", async () => {
  received = null;
  for (const args of [[], ["walk"], ["run"], ["run", "a.py"], ["run", path.join(dir, "absent.ts")], ["run", "a.ts", "--cpu-ms", "x"], ["run", file("b.txt", "")]]) {
    const ran = await mayfly(args);
    assert.equal(ran.code, 2, args.join(" "));
    assert.match(ran.err, /^mayfly: .+\n$/);
    assert.equal(ran.out, "");
  }
  assert.equal(received, null);
});

test("speaks over a unix socket, and not to the environment's proxy", async () => {
  const socket = path.join(dir, "s.sock");
  const local = http.createServer((request, response) => replying(ok)(request, response));
  await new Promise((resolve) => local.listen(socket, resolve));
  try {
    assert.equal((await mayfly(["run", file("a.js", "1"), "--url", `unix:${socket}`])).out, "fine");
  } finally {
    local.close();
  }
  answer = replying(ok);
  assert.equal((await mayfly(["run", file("a.js", "1")], { env: { http_proxy: "http://127.0.0.1:9", ALL_PROXY: "http://127.0.0.1:9" } })).out, "fine");
});

test("on a terminal it shows how long it waits, wipes that, and escapes controls", async () => {
  answer = (request, response) => setTimeout(() => replying({ ...ok, response: { status: 200, headers: [], body: "a\u001b[2Jb" } })(request, response), 700);
  const ran = await mayfly(["-qefc", `${path.join(binDir, "mayfly")} run ${file("slow.js", "1")}`, "/dev/null"], { command: "script" });
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /\rrunning \S+slow\.js 0\.\d s/);
  assert.ok(ran.out.endsWith("\r\u001b[Ka\\x1b[2Jb"), JSON.stringify(ran.out));
});

test("version, help and health", async () => {
  assert.match((await mayfly(["version"])).out, /^mayfly \d+\.\d+\.\d+\n$/);
  assert.match((await mayfly(["run", "--help"])).out, /exit status: 0 ok, 1 the code threw/);
  answer = replying('{"status":"ok"}\n');
  assert.deepEqual(await mayfly(["health"]), { code: 0, out: '{"status":"ok"}\n', err: "" });
  assert.equal(received.method + " " + received.url, "GET /healthz");
});

test("a real daemon runs what it is given", async () => {
  const daemon = await Daemon.start();
  try {
    const source = file("real.ts", "export default {\n  async fetch(request: Request, env: { NAME: string }) {\n    console.log('got', request.method, request.url);\n    return new Response(`hello ${env.NAME} ${await request.text()}`);\n  },\n};\n");
    const ran = await mayfly(["run", source, "--env", "NAME=you", "--request", "POST", "https://a.example/p?q=1", "--data", "b\u00f6dy", "--url", daemon.url]);
    assert.deepEqual(ran, { code: 0, out: "hello you b\u00f6dy", err: "got POST https://a.example/p?q=1\n" });
    const threw = await mayfly(["run", file("throws.ts", "export default {\n  fetch(): Response {\n    throw new Error('boom');\n  },\n};\n"), "--url", daemon.url]);
    assert.equal(threw.code, 1);
    assert.match(threw.err, /^Error: boom\n.*throws\.ts:3:11/s);
    const spun = await mayfly(["run", file("spins.js", "export default { fetch() { for (;;); } }"), "--cpu-ms", "50", "--url", daemon.url]);
    assert.equal(spun.code, 4);
    assert.match(spun.err, /exceededCpu: Worker exceeded CPU time limit\./);
    assert.equal(JSON.parse((await mayfly(["health", "--url", daemon.url])).out).status, "ok");
  } finally {
    await daemon.stop();
  }
});

test("secrets: values come from a file or standard input, and never from an argument", async () => {
  answer = replying({ name: "gh", version: 3 }, 201);
  assert.deepEqual(await mayfly(["secret", "put", "gh", "--kind", "bearer", "--host", "api.github.com", "--host", "*.b.com:8443"], { input: "tok\"en\n" }), { code: 0, out: "gh: version 3\n", err: "" });
  assert.deepEqual([received.method, received.url, received.headers["content-type"]], ["PUT", "/v1/secrets/gh", "application/json"]);
  assert.deepEqual(JSON.parse(received.body), { kind: "bearer", token: 'tok"en', hosts: ["api.github.com", "*.b.com:8443"] });
  await mayfly(["secret", "put", "k", file("value", "line\r\n"), "--kind", "header", "--set", "name=X-Key", "--set", "prefix=Key a=", "--host", "a.com", "--allow-http"]);
  assert.deepEqual(JSON.parse(received.body), { kind: "header", value: "line", name: "X-Key", prefix: "Key a=", hosts: ["a.com"], allowHttp: true });
  const whole = '{"kind":"aws_sigv4"}\n';
  await mayfly(["secret", "put", "k", "-"], { input: whole });
  assert.equal(received.body, whole);
  received = null;
  for (const [args, input, why] of [[["put", "k", "--kind", "bearer"], "", "the value is empty"], [["put", "k", "--kind", "bearer"], "\n", "the value is empty"], [["put", "k", "--kind", "bearer"], "a\0b", "the value is not UTF-8 text"],
    [["put", "k", "--kind", "bear"], "x", 'there is no kind "bear" of secrets'], [["put", "k", "--kind", "basic", "--set", "password=x"], "x", "password may not be an argument, which others can see: put all of the secret as JSON"],
    [["put", "../run", "--kind", "bearer"], "x", "\"../run\" cannot be a name: letters, digits, '.', '_' and '-', at most 64"], [["put", "k", "/nonexistent"], "", "cannot read /nonexistent: No such file or directory"], [["delete", "a/b"], "", "\"a/b\" cannot be a name: letters, digits, '.', '_' and '-', at most 64"]]) {
    assert.deepEqual(await mayfly(["secret", ...args], { input }), { code: 2, out: "", err: `mayfly: ${why}\n` });
  }
  assert.equal(received, null); // Nothing of it was sent.
});

test("secrets: what is refused says every fault", async () => {
  answer = replying({ code: "api.field", title: "t", detail: "The secret is not valid.", errors: [{ pointer: "/hosts/0", detail: "must be a host" }, { pointer: "", detail: "must be less" }] }, 400, "application/problem+json");
  assert.deepEqual(await mayfly(["secret", "put", "gh", "--kind", "bearer"], { input: "x" }), { code: 3, out: "", err: "mayfly: api.field: The secret is not valid.\nmayfly: /hosts/0: must be a host\nmayfly: the whole: must be less\n" });
  answer = replying({ code: "secret.in_use", title: "An outbound uses this secret.", usedBy: { outbounds: ["a", "b"] } }, 409, "application/problem+json");
  assert.deepEqual(await mayfly(["secret", "delete", "gh"]), { code: 3, out: "", err: "mayfly: secret.in_use: An outbound uses this secret.\nmayfly: used by the outbound: a\nmayfly: used by the outbound: b\n" });
  answer = (request, response) => { response.writeHead(204); response.end(); };
  assert.deepEqual(await mayfly(["secret", "delete", "gh"]), { code: 0, out: "", err: "" });
  assert.deepEqual([received.method, received.url], ["DELETE", "/v1/secrets/gh"]);
});

test("secrets of a real daemon", async () => {
  const daemon = await Daemon.start();
  try {
    const secret = (args, input) => mayfly(["secret", ...args, "--url", daemon.url], { input });
    assert.deepEqual(await secret(["put", "gh", "--kind", "basic", "--set", "username=me", "--host", "api.example.com"], "pa ss"), { code: 0, out: "gh: version 1\n", err: "" });
    const listed = await secret(["list"]);
    assert.match(listed.out, /^NAME +KIND +VERSION +UPDATED +LAST USED +HOSTS\ngh +basic +1 +20\S+Z +never +api\.example\.com\n$/);
    assert.equal(JSON.parse((await secret(["list", "--json"])).out).secrets[0].name, "gh");
    assert.equal((await secret(["put", "gh", "--kind", "bearer"], "x")).code, 3);
    assert.equal((await secret(["delete", "gh"])).code, 0);
    assert.deepEqual(await secret(["delete", "gh"]), { code: 3, out: "", err: "mayfly: secret.unknown: There is no secret of this name.\n" });
  } finally {
    await daemon.stop();
  }
});

test("outbounds of a real daemon", async () => {
  const daemon = await Daemon.start();
  try {
    const outbound = (args, input) => mayfly(["outbound", ...args, "--url", daemon.url], { input });
    const policy = { rules: [{ match: { host: "api.example.com", method: "GET" }, action: { inject: { secret: "key" } } }] };
    const missing = await outbound(["put", "api"], JSON.stringify(policy));
    assert.deepEqual([missing.code, missing.err], [3, "mayfly: outbound.policy: /rules/0/action names a secret that does not exist: key.\n"]);
    await mayfly(["secret", "put", "key", "--kind", "bearer", "--host", "api.example.com", "--url", daemon.url], { input: "t0ken-of-the-test" });
    assert.deepEqual(await outbound(["put", "api", file("policy.json", JSON.stringify(policy))]), { code: 0, out: "api: version 1\n", err: "" });
    assert.deepEqual(JSON.parse((await outbound(["get", "api"])).out), policy);
    assert.equal(JSON.parse((await outbound(["get", "api", "--json"])).out).version, 1);
    assert.match((await outbound(["list"])).out, /^NAME +VERSION +UPDATED\napi +1 +20\S+Z\n$/);
    assert.equal(JSON.parse((await outbound(["list", "--json"])).out).outbounds.length, 1);
    const asked = JSON.parse((await outbound(["explain", "api", "--request", "GET", "https://api.example.com/x", "--header", "accept: text/plain"])).out);
    assert.deepEqual([asked.rule, asked.secrets.map((secret) => secret.name ?? secret)], [0, ["key"]]);
    assert.equal(JSON.parse((await outbound(["explain", "api", "--request", "POST", "https://api.example.com/x"])).out).decision, "refused");
    assert.deepEqual(await mayfly(["secret", "delete", "key", "--url", daemon.url]), { code: 3, out: "", err: "mayfly: secret.in_use: Change or delete the outbounds in usedBy first; nothing was changed.\nmayfly: used by the outbound: api\n" });
    assert.deepEqual(await outbound(["delete", "api"]), { code: 0, out: "", err: "" });
    assert.equal((await outbound(["get", "api"])).code, 3);
    assert.equal((await mayfly(["secret", "delete", "key", "--url", daemon.url])).code, 0);
  } finally {
    await daemon.stop();
  }
});
