// usage-push.test.mjs - usage is told to a receiver, signed, until it has taken it, whatever ends the daemon or the receiver: what was
// upserted at the end is what GET /v1/usage says. MF_TEST_ROUNDS: how often the daemon is killed (4).
import { test, after } from "node:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import http from "node:http";
import { Daemon, DATE, binDir, worker, assert } from "../lib/mayfly.mjs";
import { Authority, closeAll, httpsServer } from "../lib/upstream.mjs";

const ROUNDS = Number(process.env.MF_TEST_ROUNDS ?? 4);
const NUMBERS = ["invocations", "uniqueWorkers", "cpuMs", "wallMs", "hostWaitMs", "bytesIn", "bytesOut", "subrequests", "toolCalls", "storageByteHours"];
const dirs = [], receivers = [];
after(async () => { for (const dir of dirs) rmSync(dir, { recursive: true }); for (const one of receivers) one.close(); await closeAll(); });

const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
function secretFile(text, mode = 0o600) {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-push-"));
  dirs.push(dir);
  const file = path.join(dir, "secret");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

// As docs/usage.md says it.
function verify(secret, headers, body) {
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signatures } = headers;
  if (Math.abs(Date.now() / 1000 - time) > 300) return false;
  const mac = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`${id}.${time}.${body}`).digest();
  return signatures.split(" ").some((one) => {
    const [version, text] = one.split(",");
    const given = Buffer.from(text, "base64");
    return version === "v1" && given.length === mac.length && timingSafeEqual(given, mac);
  });
}

class Receiver {
  rows = new Map(); bodies = new Map(); requests = []; forged = 0; bad = [];
  answer = () => ({ status: 204 }); // A promise is fine.
  static async start(secret, port = 0) {
    const receiver = new Receiver();
    receiver.secret = secret;
    receiver.server = http.createServer((request, response) => receiver.#take(request, response));
    await receiver.listen(port);
    receivers.push(receiver);
    return receiver;
  }
  async listen(port = this.port) {
    await new Promise((done) => this.server.listen(port, "127.0.0.1", done));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/usage`;
  }
  async close() {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }
  async #take(request, response) {
    const chunks = [];
    try { for await (const chunk of request) chunks.push(chunk); } catch { return; }
    const body = Buffer.concat(chunks).toString();
    const seen = { headers: request.headers, url: request.url, at: Date.now(), body };
    this.requests.push(seen);
    const answer = await this.answer(this.requests.length, seen);
    if (!verify(this.secret, request.headers, body)) { this.forged++; response.writeHead(401).end(); return; }
    if (answer.status < 300 || answer.isTaken) this.#upsert(request.headers["webhook-id"], JSON.parse(body));
    response.writeHead(answer.status, answer.headers).end();
  }
  #upsert(id, { type, timestamp, data }) {
    if (type !== "usage.updated" || Number.isNaN(Date.parse(timestamp)) || id !== `usage_${data.store}_${data.sequence}`) this.bad.push([id, type, timestamp]);
    const before = this.bodies.get(id);
    if (before !== undefined && before !== JSON.stringify(data)) this.bad.push([id, "says another thing"]);
    this.bodies.set(id, JSON.stringify(data));
    for (const row of data.rows) {
      const key = JSON.stringify([data.store, row.tenant, row.day, row.worker, row.code]);
      const known = this.rows.get(key);
      if (known === undefined || known.sequence <= data.sequence) this.rows.set(key, { ...row, sequence: data.sequence });
    }
  }
  sums() {
    const sums = new Map();
    for (const row of this.rows.values()) {
      const key = JSON.stringify([row.tenant, row.day, row.worker]);
      const sum = sums.get(key) ?? Object.fromEntries(NUMBERS.map((name) => [name, 0]));
      for (const name of NUMBERS) sum[name] += row[name];
      sums.set(key, sum);
    }
    return sums;
  }
}

const config = (receiver, file, more = {}) => ({ usage: { pushUrl: receiver.url, pushSecretFile: file, pushIntervalMs: 100 }, ...more });
const usage = async (daemon, query = "") => (await (await fetch(`${daemon.url}/v1/usage?groupBy=tenant,day,worker&limit=10000${query}`)).json()).rows;
const metric = async (daemon, name) => Number(new RegExp(`^mayfly_usage_push_${name} (\\S+)$`, "m").exec(await (await fetch(`${daemon.url}/metrics`)).text())[1]);
const run = async (daemon) => assert.equal((await daemon.run(worker("return new Response('x')"))).outcome, "ok");
const put = async (daemon, name, text) => assert.ok((await fetch(`${daemon.url}/v1/workers/${name}`, { method: "PUT", headers: { "content-type": "application/json" },
  body: JSON.stringify({ compatibilityDate: DATE, mainModule: "m.js", modules: { "m.js": worker(`return new Response(${JSON.stringify(text)})`) } }) })).ok);

// What is stored grows by the second: both are looked at until they meet.
const agree = (daemon, receiver) => daemon.until(async () => {
  const rows = await usage(daemon), sums = receiver.sums();
  return rows.length === sums.size && rows.every((row) => {
    const sum = sums.get(JSON.stringify([row.tenant, row.day, row.worker]));
    return sum !== undefined && NUMBERS.every((name) => Math.abs(sum[name] - row[name]) < 1e-3 * (name === "storageByteHours" ? 1000 : 1));
  });
}, 60_000);

test("what has changed is told, signed, by tenant, day, worker and code, in whole deliveries; nothing is told twice without need", async () => {
  const secret = newSecret(), receiver = await Receiver.start(secret), file = secretFile(`${secret}\n`);
  const daemon = await Daemon.start({ config: config(receiver, file) });
  try {
    await run(daemon);
    await put(daemon, "one", "1");
    for (let i = 0; i < 3; i++) await (await fetch(`${daemon.url}/v1/workers/one/fetch/`)).text();
    await put(daemon, "one", "2");
    await (await fetch(`${daemon.url}/v1/workers/one/fetch/`)).text();
    await agree(daemon, receiver);
    assert.deepEqual([receiver.bad, receiver.forged], [[], 0]);
    const one = [...receiver.rows.values()].filter((row) => row.worker === "one");
    assert.deepEqual(one.map((row) => row.invocations).sort(), [1, 3]);
    assert.ok(one.every((row) => /^[0-9a-f]{64}$/.test(row.code) && row.uniqueWorkers === 1 && row.tenant === "" && !("cost" in row)));
    const [none] = [...receiver.rows.values()].filter((row) => row.worker === null);
    assert.deepEqual([none.code, none.invocations, none.uniqueWorkers], [null, 1, 1]);
    assert.equal(receiver.requests[0].headers["content-type"], "application/json");
    assert.equal(receiver.requests[0].headers.expect, undefined);
    const ids = receiver.requests.map((request) => request.headers["webhook-id"]);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(verify(secret, receiver.requests[0].headers, receiver.requests[0].body));
    assert.ok(!verify(newSecret(), receiver.requests[0].headers, receiver.requests[0].body), "another's key");
    assert.ok(!verify(secret, receiver.requests[0].headers, `${receiver.requests[0].body} `), "another body");
    await daemon.until(async () => await metric(daemon, "deliveries_total") === receiver.requests.length);
    assert.equal(await metric(daemon, "failures_total"), 0);
    assert.ok(await metric(daemon, "rows_total") >= 3);
    assert.ok(Math.abs(await metric(daemon, "last_success_timestamp_seconds") - Date.now() / 1000) < 60);
    assert.ok(!daemon.lines.join("\n").includes(secret.slice(6)));
  } finally { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); }
});

test("more than fit one delivery follow at once", async () => {
  const secret = newSecret(), receiver = await Receiver.start(secret), file = secretFile(secret);
  receiver.answer = (count) => (count === 1 ? { status: 503 } : { status: 200 });
  const daemon = await Daemon.start({ config: config(receiver, file, { usage: { pushUrl: receiver.url, pushSecretFile: file, pushIntervalMs: 86_400_000 } }) });
  const COUNT = 1010;
  try { // The first look found nothing; a SIGHUP is another one.
    await put(daemon, "w", "1");
    for (let i = 0; i < COUNT; i += 10) {
      await Promise.all(Array.from({ length: 10 }, async (_, j) => { await put(daemon, `w${i + j}`, "1"); await (await fetch(`${daemon.url}/v1/workers/w${i + j}/fetch/`)).text(); }));
    }
    await usage(daemon);
    daemon.process.kill("SIGHUP");
    await agree(daemon, receiver);
    const taken = receiver.requests.slice(1).map((request) => JSON.parse(request.body).data.rows.length);
    assert.equal(taken[0], 1000);
    assert.ok(taken[1] >= 10);
    assert.deepEqual(receiver.bad, []);
  } finally { await daemon.stop(); }
});

test("a receiver that fails, asks for time, or took it and could not say so is told again, the same under the same id", async () => {
  const secret = newSecret(), receiver = await Receiver.start(secret), file = secretFile(secret);
  receiver.answer = (count) => (count === 1 ? { status: 500 } : count === 2 ? { status: 429, headers: { "retry-after": "3" } } : count === 3 ? { status: 502, isTaken: true } : { status: 200 });
  const daemon = await Daemon.start({ config: config(receiver, file) });
  try {
    await run(daemon);
    await agree(daemon, receiver);
    await daemon.until(() => receiver.requests.length >= 4);
    await daemon.until(async () => await metric(daemon, "failures_total") === 3);
    assert.ok(receiver.requests[1].at - receiver.requests[0].at >= 950, "the first wait");
    assert.ok(receiver.requests[2].at - receiver.requests[1].at >= 2950, "Retry-After");
    const same = receiver.requests.slice(0, 4).map((request) => request.headers["webhook-id"]);
    assert.equal(new Set(same).size, 1);
    assert.deepEqual(receiver.bad, []);
    const levels = daemon.lines.map((line) => JSON.parse(line)).filter((line) => line.msg.includes("usage is")).map((line) => line.level);
    assert.deepEqual(levels, ["warn", "info"]); // Once each.
  } finally { await daemon.stop(); }
});

test("a receiver that is slow holds up no run; one that hangs does not keep the daemon from ending", async () => {
  const secret = newSecret(), receiver = await Receiver.start(secret), file = secretFile(secret);
  let go;
  const gate = new Promise((resolve) => { go = resolve; });
  receiver.answer = async (count) => { if (count === 1) await gate; else if (count > 2) await new Promise(() => {}); return { status: 200 }; };
  const daemon = await Daemon.start({ config: config(receiver, file) });
  await run(daemon);
  await daemon.until(() => receiver.requests.length === 1);
  for (let i = 0; i < 20; i++) await run(daemon);
  assert.equal(receiver.requests.length, 1, "one at a time");
  go();
  await agree(daemon, receiver);
  await run(daemon);
  await daemon.until(() => receiver.requests.length === 3);
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
});

test("a redirect is not followed, and what is refused is an error in the log, once, and kept; a SIGHUP tries again", async () => {
  const secret = newSecret(), receiver = await Receiver.start(secret), elsewhere = await Receiver.start(secret), file = secretFile(secret);
  receiver.answer = () => ({ status: 307, headers: { location: elsewhere.url } });
  const daemon = await Daemon.start({ config: config(receiver, file) });
  const errors = () => daemon.lines.map((line) => JSON.parse(line)).filter((line) => line.level === "error").map((line) => line.msg);
  try {
    await run(daemon);
    await daemon.until(() => errors().length === 1);
    assert.match(errors()[0], /usage is refused by http:\S+: it answered 307/);
    receiver.answer = () => ({ status: 410 });
    daemon.process.kill("SIGHUP");
    await daemon.until(() => errors().length === 2);
    assert.match(errors()[1], /it answered 410/);
    assert.equal(receiver.requests.length, 2);
    receiver.answer = () => ({ status: 200 });
    daemon.process.kill("SIGHUP");
    await agree(daemon, receiver);
    assert.equal(elsewhere.requests.length, 0);
  } finally { await daemon.stop(); }
});

test("over TLS its receiver is who the config's authorities say, or gets nothing", async () => {
  const secret = newSecret(), file = secretFile(secret), ca = new Authority();
  const bodies = { localhost: [], "other.example": [] };
  const of = (name) => httpsServer(ca, (request, response, body) => { bodies[name].push([request.headers, body]); response.writeHead(204).end(); }, { names: [name], version: 1 });
  const good = await of("localhost"), other = await of("other.example");
  const start = (server, outbound) => Daemon.start({ config: { outbound, usage: { pushUrl: `https://localhost:${server.port}/`, pushSecretFile: file, pushIntervalMs: 100 } } });
  const daemons = [await start(good, { caFile: ca.file }), await start(good, {}), await start(other, { caFile: ca.file })];
  try {
    for (const daemon of daemons) await run(daemon);
    await daemons[0].until(() => bodies.localhost.length > 0);
    const [[headers, body]] = bodies.localhost;
    assert.ok(verify(secret, headers, body));
    const { store } = JSON.parse(body).data;
    for (const daemon of daemons.slice(1)) await daemon.until(async () => await metric(daemon, "failures_total") > 0);
    assert.deepEqual(bodies["other.example"], []);
    assert.ok(bodies.localhost.every(([, one]) => JSON.parse(one).data.store === store), "of the one that trusts it only");
  } finally { await Promise.all(daemons.map((daemon) => daemon.stop())); }
});

test("two keys sign twice while one takes the other's place, which a SIGHUP does; a file that is none changes nothing", async () => {
  const [old, next] = [newSecret(), newSecret()];
  const receiver = await Receiver.start(old), file = secretFile(`${old}\n`);
  const daemon = await Daemon.start({ config: config(receiver, file) });
  const told = async () => { const before = receiver.requests.length; await run(daemon); await daemon.until(() => receiver.requests.length > before); await agree(daemon, receiver); return receiver.requests.at(-1).headers["webhook-signature"].split(" ").length; };
  const hangup = async (text, expected) => { const before = daemon.lines.length; writeFileSync(file, text); daemon.process.kill("SIGHUP"); await daemon.until(() => daemon.lines.slice(before).some((line) => line.includes(expected))); };
  try {
    assert.equal(await told(), 1);
    await hangup(`${next}\r\n\n${old}\n`, "was read again");
    assert.equal(await told(), 2);
    receiver.secret = next;
    assert.equal(await told(), 2);
    await hangup("whsec_short\n", "nothing has changed: /usage/pushSecretFile");
    assert.equal(await told(), 2);
    await hangup(`${next}\n`, "was read again");
    assert.equal(await told(), 1);
    assert.equal(receiver.forged, 0);
    receiver.secret = old; // A receiver that was not told of it takes nothing, and nothing is lost.
    await run(daemon);
    await daemon.until(async () => await metric(daemon, "failures_total") >= 1);
    assert.ok(receiver.forged >= 1);
    receiver.secret = next;
    daemon.process.kill("SIGHUP");
    await agree(daemon, receiver);
    const log = daemon.lines.join("\n");
    for (const secret of [old, next]) assert.ok(!log.includes(secret.slice(6)));
  } finally { await daemon.stop(); }
});

test("what the config says is checked with a sentence that has nothing of a key", async () => {
  const secret = newSecret();
  const check = (usage, env = {}) => {
    const dir = mkdtempSync(path.join(tmpdir(), "mayfly-check-"));
    dirs.push(dir);
    writeFileSync(path.join(dir, "mayfly.json"), JSON.stringify({ usage }));
    return spawnSync(path.join(binDir, "mayflyd"), ["--check", "--config", path.join(dir, "mayfly.json")], { encoding: "utf8", env: { ...process.env, ...env } });
  };
  const pushUrl = "http://127.0.0.1:1/";
  assert.deepEqual([check({ pushUrl, pushSecretFile: secretFile(`${secret}\n`) }).status, check({ pushIntervalMs: 5000 }).status], [0, 0]);
  for (const [usage, why] of [[{ pushUrl }, "needs /usage/pushSecretFile"], [{ pushUrl: "ftp://x/" }, "must begin with http"], [{ pushUrl: "http://a:b@x/" }, "must not have a user"], [{ pushIntervalMs: 1 }, "from 100"],
    [{ pushUrl, pushSecretFile: "/nonexistent" }, "cannot be read"], [{ pushUrl, pushSecretFile: secretFile(secret, 0o644) }, "not everybody may read"], [{ pushUrl, pushSecretFile: secretFile("\n") }, "no key"],
    [{ pushUrl, pushSecretFile: secretFile(`${secret}\n`.repeat(3)) }, "more than two"], [{ pushUrl, pushSecretFile: secretFile(`${secret}!`) }, "in base64"], [{ pushUrl, pushSecretFile: secretFile(`x${secret}`) }, "in base64"],
    [{ pushUrl, pushSecretFile: secretFile(`${secret}\n`.repeat(40)) }, "more than 512 bytes"]]) {
    const { status, stderr } = check(usage);
    assert.deepEqual([status, stderr.includes(why), stderr.includes(secret.slice(6, 20))], [1, true, false], `${why}: ${stderr}`);
  }
  const file = secretFile(secret), credential = path.join(path.dirname(file), "mayfly-usage-push-secret");
  writeFileSync(credential, secret, { mode: 0o600 });
  assert.equal(check({ pushUrl }, { CREDENTIALS_DIRECTORY: path.dirname(file) }).status, 0);
});

test(`killed ${ROUNDS} times, with a receiver that comes and goes: it ends with what GET /v1/usage says`, { timeout: 120_000 + ROUNDS * 30_000 }, async () => {
  const secret = newSecret(), receiver = await Receiver.start(secret), file = secretFile(secret);
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-push-kill-"));
  const options = { dir, config: config(receiver, file, { executors: { count: 1, standby: 4 } }) };
  let daemon = await Daemon.start(options), told = 0;
  for (const name of ["a", "b"]) await put(daemon, name, name);
  // Some deliveries fail before they are taken, some after, some are cut off by the death of either side.
  receiver.answer = (count) => ({ status: count % 3 === 0 ? 500 : 200, isTaken: count % 2 === 0 });
  for (let round = 0; round < ROUNDS; round++) {
    let isOver = false;
    const clients = ["a", "b", null].map(async (name) => {
      while (!isOver) {
        try {
          if (name === null) await run(daemon);
          else await (await fetch(`${daemon.url}/v1/workers/${name}/fetch/`)).text();
          told++;
        } catch { /* It was killed. */ }
      }
    });
    const before = receiver.requests.length;
    await daemon.until(() => receiver.requests.length > before + round % 3, 60_000);
    if (round % 2 === 1) await receiver.close(); // Down, over the daemon's restart.
    daemon.process.kill("SIGKILL");
    isOver = true;
    await Promise.all(clients);
    await daemon.kill();
    daemon = await Daemon.start(options);
    if (round % 2 === 1) { await run(daemon); told++; await receiver.listen(); }
  }
  receiver.answer = () => ({ status: 200 });
  daemon.process.kill("SIGHUP");
  await agree(daemon, receiver);
  assert.deepEqual([receiver.bad, receiver.forged], [[], 0]);
  const counted = [...receiver.sums().values()].reduce((sum, row) => sum + row.invocations, 0);
  assert.ok(counted >= told, `${counted} pushed, ${told} told`);
  assert.equal(new Set([...receiver.rows.keys()].map((key) => JSON.parse(key)[0])).size, 1, "one store");
  await daemon.stop();
});
