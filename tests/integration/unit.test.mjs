// unit.test.mjs - packaging/systemd: the units are sound, closed, and what they start works inside them, jail and all.
// systemd is not needed as process 1: tests/lib/unit.py puts the unit's sandbox on, tests/lib/manager.py is the rest.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { Managed, get, isReady } from "../lib/managed.mjs";
import { assert, binDir, worker, workerCode } from "../lib/mayfly.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const units = path.join(root, "packaging/systemd");
const service = path.join(units, "mayflyd.service"), socket = path.join(units, "mayflyd.socket"), outbound = path.join(units, "outbound.conf");
const isBare = process.env.MF_TEST_JAIL === "none"; // A sanitizer's run time makes calls that the unit refuses.
const all = (file, name) => readFileSync(file, "utf8").split("\n").filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
const analyze = (...args) => {
  const end = spawnSync("systemd-analyze", ["--no-pager", ...args], { encoding: "utf8" });
  if (end.error) throw end.error;
  return end;
};

let bin; // A folder that the unit's user may go into, with the programs.
before(() => {
  bin = mkdtempSync(path.join(tmpdir(), "mayfly-unit-bin-"));
  for (const program of ["mayflyd", "mayfly-executor"]) copyFileSync(path.join(binDir, program), path.join(bin, program));
  chmodSync(bin, 0o755);
});
after(() => rmSync(bin, { recursive: true }));

// Starts the unit; the credentials are {name: bytes}.
async function start(files, { credentials, config = {}, ...options } = {}) {
  const managed = new Managed({ config, sockets: ["unix", "127.0.0.1"], watchdog_us: 200_000, env: isBare ? { MF_UNIT_BARE: "1" } : {}, ...options,
    command: (dir) => {
      chmodSync(dir, 0o755);
      mkdirSync(path.join(dir, "etc/mayfly"), { recursive: true });
      writeFileSync(path.join(dir, "etc/mayfly/mayfly.json"), JSON.stringify({ ...(isBare ? { jail: { layers: [], required: [] } } : {}), ...config }));
      for (const [name, bytes] of Object.entries(credentials ?? {})) {
        mkdirSync(path.join(dir, "credentials"), { recursive: true, mode: 0o700 });
        writeFileSync(path.join(dir, "credentials", name), bytes, { mode: 0o400 });
      }
      return ["python3", path.join(root, "tests/lib/unit.py"), ...files, "--", bin, dir];
    } });
  const { ports: [socketPath, port] } = await managed.heard((one) => one.ports);
  await managed.heard(isReady);
  managed.skipped = JSON.parse(managed.said.find((one) => one.error?.includes('"skipped"')).error).skipped;
  return Object.assign(managed, { socketPath, port, url: `http://127.0.0.1:${port}` });
}

test("systemd finds nothing wrong with the units", () => {
  // What the units start is not installed here: only that may be missed.
  const { status, stderr } = analyze("verify", "--man=no", "--recursive-errors=no", service, socket);
  assert.deepEqual(stderr.split("\n").filter((line) => line && !/Command \/usr\/bin\/mayflyd is not executable/.test(line)), [], `status ${status}`);
});

test("the exposure is at most 1.5, and with the network at most 2.2", () => {
  const closed = analyze("security", "--offline=true", "--threshold=15", service);
  assert.equal(closed.status, 0, closed.stdout);
  const folder = mkdtempSync(path.join(tmpdir(), "mayfly-unit-"));
  // As systemd reads it with the drop-in.
  writeFileSync(path.join(folder, "mayflyd.service"), readFileSync(service, "utf8").replace("[Install]", `${readFileSync(outbound, "utf8").replace("[Service]", "")}\n[Install]`));
  assert.equal(analyze("security", "--offline=true", "--threshold=22", path.join(folder, "mayflyd.service")).status, 0);
  assert.equal(analyze("security", "--offline=true", "--threshold=15", path.join(folder, "mayflyd.service")).status, 1);
  rmSync(folder, { recursive: true });
});

test("what the units say fits the daemon", () => {
  const drainMs = Number(/MF_DRAIN_MS_MAX (\d+)/.exec(readFileSync(path.join(root, "include/mayfly/limits.h"), "utf8"))[1]);
  assert.ok(parseInt(all(service, "TimeoutStopSec")[0], 10) * 1000 >= drainMs + 5000);
  assert.deepEqual(all(service, "Type"), ["notify"]);
  assert.deepEqual(all(service, "LoadCredential"), ["mayfly-vault-key", "mayfly-admin-token", "mayfly-usage-push-secret"]); // The last but one test has the daemon find it.
  assert.deepEqual(all(socket, "ListenStream"), ["/run/mayfly/mayfly.sock", "127.0.0.1:8787"]);
});

test("inside the unit the whole jail is in force, runs run, and the vault has the credential's key", async () => {
  const managed = await start([service], { credentials: { "mayfly-vault-key": randomBytes(32) } });
  assert.equal(await get({ socketPath: managed.socketPath, headers: { host: "localhost" } }), 200);
  const health = await (await fetch(`${managed.url}/healthz`)).json();
  const row = readFileSync(path.join(root, "docs/config.md"), "utf8").split("\n").find((line) => line.startsWith("| `jail.layers`"));
  const layers = [...row.split(" put on: ")[1].matchAll(/`([a-z-]+)`/g)].map((found) => found[1]);
  if (!isBare) assert.deepEqual([...health.jail.layers ?? health.jail].sort(), layers.sort());
  const run = await (await fetch(`${managed.url}/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code: workerCode(worker("return new Response(String(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof WebAssembly.Module))")) }) })).json();
  assert.equal(run.outcome, "ok");
  const put = await fetch(`${managed.url}/v1/secrets/s`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ kind: "bearer", token: "t", hosts: ["api.example.com"] }) });
  assert.equal(put.status, 201);
  await managed.heard((one) => one.notice === "WATCHDOG=1");
  assert.match(await managed.reload(), /^READY=1\nSTATUS=Serving\.$/);
  assert.equal(statSync(path.join(managed.dir, "state")).mode & 0o777, 0o700);
  assert.throws(() => statSync(path.join(managed.dir, "state/vault.key")), /ENOENT/);
  if (process.env.MF_TEST_LOG) console.log(managed.skipped);
  assert.equal(await managed.stop(), 0);
});

test("without the drop-in nothing can be reached but what was handed over, with it all else can", async () => {
  const upstream = http.createServer((request, response) => response.end("reached")).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address();
  const globalOutbound = { rules: [{ match: { scheme: "http", host: "127.0.0.1", port }, action: "allow", allowHttp: true, addresses: ["127.0.0.0/8"] }] };
  const code = { ...workerCode(worker(`return fetch("http://127.0.0.1:${port}/").catch((error) => new Response(error.message))`)), globalOutbound };
  for (const [files, expected] of [[[service], "No connection to 127.0.0.1 could be made."], [[service, outbound], "reached"]]) {
    const managed = await start(files);
    const run = await fetch(`${managed.url}/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code }) });
    if (!isBare) assert.equal((await run.json()).response.body, expected);
    assert.equal(await managed.stop(), 0);
  }
  upstream.close();
});
