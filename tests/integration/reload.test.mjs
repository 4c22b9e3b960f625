// reload.test.mjs - SIGHUP: mayfly.json and the certificates are read again while runs go on, or refused without a trace.
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { test } from "node:test";
import { Managed, isReady } from "../lib/managed.mjs";
import { Daemon, assert, binDir, worker, workerCode } from "../lib/mayfly.mjs";

async function start(options) {
  const managed = new Managed({ sockets: ["127.0.0.1"], ...options });
  const { ports: [port] } = await managed.heard((one) => one.ports);
  await managed.heard(isReady);
  managed.url = `http://127.0.0.1:${port}`;
  managed.port = port;
  managed.run = async (code, limits) => {
    const response = await fetch(`${managed.url}/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code: workerCode(code), limits }) });
    return { status: response.status, ...await response.json() };
  };
  managed.hears = (pattern) => managed.heard((one) => one.error && pattern.test(one.error));
  return managed;
}
const answer = worker("return new Response('x')");

test("limits, names and the log level are taken; what is wrong changes nothing", async () => {
  const managed = await start({ config: { limits: { cpuMs: { default: 100, max: 5000 } } } });
  assert.equal((await managed.run(answer, { cpuMs: 4000 })).outcome, "ok");
  assert.equal(await managed.reload({ limits: { cpuMs: { default: 100, max: 1000 } }, hosts: ["mayfly.example"] }), "READY=1\nSTATUS=Serving.");
  assert.equal((await managed.run(answer, { cpuMs: 4000 })).status, 400);
  const named = () => new Promise((resolve) => http.get(`${managed.url}/readyz`, { headers: { host: "mayfly.example" }, agent: false }, (response) => { response.resume(); resolve(response.statusCode); }));
  assert.equal(await named(), 200);
  for (const [text, why] of [['{"limits":{"cpuMs":0}}', /nothing has changed: \/limits\/cpuMs: must be a whole number/], ["{", /nothing has changed: .*mayfly.json: is not valid JSON near line 1/], ['{"limit":{}}', /nothing has changed: \/limit: is not a known field/]]) {
    assert.match(await managed.reload(text), /^READY=1\nSTATUS=Serving. The new config was refused/);
    await managed.hears(why);
    assert.equal((await managed.run(answer, { cpuMs: 4000 })).status, 400);
    assert.equal((await managed.run(answer, { cpuMs: 900 })).outcome, "ok");
    assert.equal(await named(), 200);
  }
  await managed.reload({ logLevel: "error" }); // Which also takes hosts away.
  assert.equal(await named(), 421);
  const count = managed.logged.length;
  await managed.reload({ logLevel: "error" });
  await managed.reload("{");
  await managed.hears(/nothing has changed.*near line 1"}$/);
  assert.equal(managed.logged.slice(count).some((line) => /was read again/.test(line)), false);
  assert.equal(await managed.stop(), 0);
});

test("what is read at the start only waits for the next one, and is named until then", async () => {
  const managed = await start({ config: { executors: { count: 1 } } });
  for (let round = 0; round < 2; round++) {
    await managed.reload({ executors: { count: 3, v8Flags: "--max-lazy" }, limits: { memoryMb: 64 }, timeouts: { idleMs: 200 } });
    await managed.heard(() => managed.logged.filter((line) => line.includes("wait for the next start")).length > round);
    assert.match(managed.logged.findLast((line) => line.includes("wait for")), /: \/limits\/memoryMb, \/executors\/count, \/executors\/v8Flags$/);
  }
  assert.equal((await (await fetch(`${managed.url}/healthz`)).json()).executors.list.length, 1);
  assert.equal(await managed.stop(), 0);
});

test("a shorter deadline holds for connections that are there", async () => {
  const managed = await start({ config: {} });
  const socket = net.connect(managed.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  await managed.reload({ timeouts: { idleMs: 100 } }); // It was 75 seconds.
  await closed;
  assert.equal(await managed.stop(), 0);
});

test("runs go on while the config changes under them, large bodies on other threads included", async () => {
  const managed = await start({ config: {} });
  const large = { "main.js": `export default { fetch: () => new Response("x") } /* ${"x".repeat(300_000)} */` };
  let going = true, runs = 0;
  const clients = Array.from({ length: 4 }, async () => { while (going) { assert.equal((await managed.run(large)).outcome, "ok"); runs++; } });
  for (let i = 0; i < 30; i++) await managed.reload(i % 3 === 2 ? "{" : { limits: { cpuMs: 10_000 + i }, outbound: { requests: 10 + i } });
  const enough = runs + 8;
  while (runs < enough) await managed.run(answer);
  going = false;
  await Promise.all(clients);
  assert.equal(await managed.stop(), 0);
});

test("certificates are renewed; one that cannot be used is refused with all else", async () => {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-reload-"));
  const files = (name) => ({ cert: path.join(dir, `${name}.pem`), key: path.join(dir, `${name}.key`) });
  for (const name of ["one", "two", "three"]) execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", `/CN=${name}`, "-keyout", files(name).key, "-out", files(name).cert], { stdio: "ignore" });
  const config = (name, more) => ({ listen: ["127.0.0.1:0", { address: "127.0.0.1:0", tls: files(name) }], ...more });
  const daemon = await Daemon.start({ config: config("one") });
  const port = Number(new URL(daemon.addresses.find((one) => one.startsWith("https:"))).port);
  const connect = () => new Promise((resolve, reject) => { const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => resolve(socket)).on("error", reject); });
  const served = async () => { const socket = await connect(); const { CN } = socket.getPeerCertificate().subject; socket.destroy(); return CN; };
  const reload = async (pattern, next) => {
    const before = daemon.lines.length;
    if (next) writeFileSync(path.join(daemon.dir, "mayfly.json"), JSON.stringify({ ...(process.env.MF_TEST_JAIL === "none" ? { jail: { layers: [], required: [] } } : {}), ...next }));
    process.kill(daemon.pid, "SIGHUP");
    await daemon.until(() => daemon.lines.slice(before).some((line) => pattern.test(line)));
  };
  assert.equal(await served(), "one");
  const kept = await connect();
  await reload(/was read again/, config("two")); // Another file.
  assert.equal(await served(), "two");
  for (const kind of ["cert", "key"]) copyFileSync(files("three")[kind], files("two")[kind]);
  await reload(/was read again/); // The same file, renewed.
  assert.equal(await served(), "three");
  writeFileSync(files("two").cert, "no certificate");
  await reload(/nothing has changed: cannot use the certificate .*two.pem/, config("two", { hosts: ["a.example"] }));
  assert.equal(await served(), "three");
  copyFileSync(files("one").cert, files("two").cert);
  await reload(/nothing has changed: .*the private key/); // Which is that of another one.
  assert.equal(await served(), "three");
  kept.write("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  assert.match(String(await new Promise((resolve) => kept.once("data", resolve))), /^HTTP\/1.1 200/);
  kept.destroy();
  assert.equal((await daemon.stop()).code, 0);
  rmSync(dir, { recursive: true });
});

test("--check says what is wrong with the field's name and starts nothing", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-check-"));
  const file = path.join(dir, "mayfly.json");
  const check = (config) => {
    writeFileSync(file, JSON.stringify(config));
    const end = spawnSync(path.join(binDir, "mayflyd"), ["--check", "--config", file, "--state-dir", path.join(dir, "state")], { encoding: "utf8", timeout: 20_000 });
    assert.equal(end.stdout, "");
    return [end.status, end.stderr];
  };
  assert.deepEqual(check({ limits: { cpuMs: 5 } }), [0, ""]);
  assert.deepEqual(check({ limits: { cpuMs: 0 } }), [1, "mayflyd: /limits/cpuMs: must be a whole number from 1 to 300000\n"]);
  assert.deepEqual(check({ listen: [{ address: "127.0.0.1:0", tls: { cert: "/nowhere/a.pem", key: "/nowhere/a.key" } }] }).map(String).map((text) => text.slice(0, 70)), ["1", "mayflyd: /listen/0/tls: cannot use the certificate /nowhere/a.pem: error:"].map((text) => text.slice(0, 70)));
  assert.equal(existsSync(path.join(dir, "state")), false);
  const missing = spawnSync(path.join(binDir, "mayflyd"), ["--check", "--config", path.join(dir, "none.json")], { encoding: "utf8" });
  assert.deepEqual([missing.status, missing.stderr], [1, `mayflyd: ${path.join(dir, "none.json")}: No such file or directory\n`]);
  rmSync(dir, { recursive: true });
});
