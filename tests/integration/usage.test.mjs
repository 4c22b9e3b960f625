// usage.test.mjs - /v1/usage: what runs have used is summed up once, whatever ends them, and also when the daemon is killed.
// MF_TEST_ROUNDS: how often it is killed (12).
import { test, before, after } from "node:test";
import { mkdtempSync, rmSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import http from "node:http";
import { Daemon, DATE, worker, assert } from "../lib/mayfly.mjs";

const ROUNDS = Number(process.env.MF_TEST_ROUNDS ?? 12);

let daemon;
before(async () => { daemon = await Daemon.start({ config: { prices: { workerDayMicros: 5_000_000 } } }); });
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

const usage = async (query = "", from = daemon) => {
  const response = await fetch(`${from.url}/v1/usage${query}`);
  assert.equal(response.status, 200);
  return response.json();
};
const total = async (from = daemon) => (await usage("", from)).rows[0] ?? { invocations: 0, uniqueWorkers: 0, cpuMs: 0, bytesIn: 0, bytesOut: 0 };
const put = async (name, source) => assert.ok((await fetch(`${daemon.url}/v1/workers/${name}`, {
  method: "PUT", headers: { "content-type": "application/json" },
  body: JSON.stringify({ compatibilityDate: DATE, mainModule: "main.js", modules: { "main.js": source } }),
})).ok);
const call = async (name) => (await fetch(`${daemon.url}/v1/workers/${name}/fetch/`)).text();
const close = (a, b) => assert.ok(Math.abs(a - b) < 0.01, `${a} is not ${b}`);

test("what the envelopes said is what the sums say", async () => {
  let cpuMs = 0, bytesOut = 0;
  for (let i = 0; i < 5; i++) {
    const run = await daemon.run(worker(`return new Response("x".repeat(${i * 1000}))`), { request: { method: "POST", body: "abc" } });
    assert.equal(run.outcome, "ok");
    cpuMs += run.usage.cpuMs;
    bytesOut += run.usage.bytesOut;
  }
  const sums = await total();
  assert.equal(sums.invocations, 5);
  assert.equal(sums.uniqueWorkers, 5);
  assert.equal(sums.bytesOut, bytesOut);
  assert.equal(sums.bytesIn, 15);
  close(sums.cpuMs, cpuMs);
  assert.ok(sums.memoryPeakBytes > 1e6 && sums.wallMs > 0);
});

test("a stored worker is unique by its name, its code and the day, however often it runs", async () => {
  await put("one", worker(`return new Response("1")`));
  for (let i = 0; i < 4; i++) assert.equal(await call("one"), "1");
  await put("one", worker(`return new Response("2")`));
  for (let i = 0; i < 3; i++) assert.equal(await call("one"), "2");
  await put("two", worker(`return new Response("2")`));
  assert.equal(await call("two"), "2");
  const { rows, groupBy } = await usage("?groupBy=worker,day");
  assert.deepEqual(groupBy, ["day", "worker"]);
  const today = new Date().toISOString().slice(0, 10);
  const row = (name) => rows.find((r) => r.worker === name && r.day === today);
  assert.deepEqual([row("one").invocations, row("one").uniqueWorkers], [7, 2]);
  assert.deepEqual([row("two").invocations, row("two").uniqueWorkers], [1, 1]);
  assert.deepEqual([row(null).invocations, row(null).uniqueWorkers], [5, 5]);
  close(row("one").cost.uniqueWorkers, 10); // By the price of this config.
  assert.ok(Math.abs(row("one").cost.invocations - 7 * 0.3e-6) < 1e-12);
  assert.ok(Math.abs(row("one").cost.cpu - row("one").cpuMs * 0.02e-6) < 1e-12);
});

test("runs that fail, are killed, or lose their client are counted once each, and so is one that goes on after its answer", async () => {
  const before = (await total()).invocations;
  assert.equal((await daemon.run(worker("throw new Error('no')"))).outcome, "exception");
  assert.equal((await daemon.run(worker("for (;;) {}"), { limits: { cpuMs: 20 } })).outcome, "exceededCpu");
  assert.equal((await total()).invocations, before + 2);
  const response = await daemon.runSource(worker("ctx.waitUntil(scheduler.wait(300)); return new Response('early')"));
  assert.equal(await response.text(), "early");
  assert.equal((await total()).invocations, before + 3); // It still runs, and its client has its answer.
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
  assert.equal((await total()).invocations, before + 3);
  const controller = new AbortController();
  const left = daemon.run(worker("await scheduler.wait(20000)"), { signal: controller.signal }).catch(() => "left");
  await daemon.until(async () => (await daemon.health()).runs.active === 1);
  controller.abort();
  assert.equal(await left, "left");
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
  assert.equal((await total()).invocations, before + 4);
  const lost = daemon.run(worker("await scheduler.wait(20000)"));
  const [victim] = await daemon.until(async () => { const busy = (await daemon.executors()).filter((e) => e.runs > 0); return busy.length > 0 && busy; });
  process.kill(victim.pid, "SIGKILL");
  assert.equal((await lost).code, "executor.lost");
  assert.equal((await total()).invocations, before + 5);
});

test("pages, other forms, days", async () => {
  let after = "", names = [];
  do {
    const page = await usage(`?groupBy=worker&limit=1${after && `&after=${encodeURIComponent(after)}`}`);
    assert.ok(page.rows.length <= 1);
    names.push(...page.rows.map((r) => r.worker));
    after = page.next;
  } while (after !== null);
  assert.deepEqual(names, [null, "one", "two"]);
  const lines = (await (await fetch(`${daemon.url}/v1/usage?groupBy=tenant,worker&format=ndjson`)).text()).trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((r) => [r.tenant, r.worker]), [["", null], ["", "one"], ["", "two"]]);
  const response = await fetch(`${daemon.url}/v1/usage?groupBy=worker&format=csv&limit=2`);
  assert.match(response.headers.get("content-type"), /^text\/csv/);
  const csv = (await response.text()).split("\r\n").map((line) => line.split(","));
  assert.deepEqual(csv[0].slice(0, 4), ["tenant", "day", "worker", "invocations"]);
  assert.deepEqual([csv[2][2], csv[2][3]], ["one", "7"]);
  assert.equal(csv.length, 4);
  assert.equal(response.headers.get("mayfly-next"), "//one");
  assert.deepEqual((await usage("?from=2020-01-01&to=2020-12-31&groupBy=day")).rows, []);
  for (const query of ["?from=yesterday", "?from=2026-02-30", "?from=2026-02-02&to=2026-02-01", "?from=1970-01-01&to=2026-01-01", "?groupBy=day,day", "?groupBy=hour", "?limit=0", "?after=x", "?after=a/b/c",
    "?format=xml", "?x=1", "?groupBy=%zz", "?groupBy=%00"]) {
    const refused = await fetch(`${daemon.url}/v1/usage${query}`);
    assert.equal(refused.status, 400, query);
    assert.equal((await refused.json()).code, "api.field");
  }
});

// One request on a connection of its own: whether its answer came whole.
const whole = (url, name, body) => new Promise((resolve) => {
  const request = http.request(`${url}/v1/workers/${name}/fetch/`, { method: "POST", agent: false }, (response) => {
    let text = "";
    response.on("data", (bytes) => { text += bytes; });
    response.on("end", () => resolve(response.statusCode === 200 && response.complete && text === "done"));
    response.on("error", () => resolve(false));
  });
  request.on("error", () => resolve(false));
  request.end(body);
});

test("what is stored is usage as well: bytes times the time that they lay there, also over a death, and never twice", async () => {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-storage-"));
  const BYTES = 3_600_000; // A thousand byte-hours a second.
  let one = await Daemon.start({ dir });
  const hours = async () => (await total(one)).storageByteHours ?? 0;
  try {
    assert.equal(await hours(), 0); // The first look: from here on.
    const empty = Date.now();
    assert.equal((await fetch(`${one.url}/v1/workspaces/w`, { method: "PUT", headers: { "content-type": "application/json" }, body: "{}" })).status, 201);
    assert.equal((await fetch(`${one.url}/v1/workspaces/w/files/f`, { method: "PUT", body: Buffer.alloc(BYTES) })).status, 201);
    const full = Date.now();
    await one.until(async () => await hours() >= 2000);
    const seen = await hours();
    await one.kill();
    one = await Daemon.start({ dir });
    assert.ok(await hours() >= seen, "a death takes nothing away");
    await one.until(async () => await hours() >= seen + 1000);
    assert.equal((await fetch(`${one.url}/v1/workspaces/w/files/f`, { method: "DELETE" })).status, 204);
    await hours();
    const [last, gone] = [await hours(), Date.now()];
    // Whole seconds, looked at from both sides: it may be one more or less at either end.
    assert.ok(last <= ((gone - empty) / 1000 + 1) * 1000, `${last} byte-hours in ${gone - empty} ms`);
    assert.ok(last >= ((gone - full) / 1000 - 3) * 1000, `${last} byte-hours in ${gone - full} ms`);
    const { rows: [row] } = await usage("?groupBy=worker", one);
    assert.deepEqual([row.worker, row.invocations], [null, 0]);
    assert.ok(Math.abs(row.cost.storage - last / 1e9 / 720 * 0.2) < 1e-12 && row.cost.total === row.cost.storage);
    await new Promise((done) => setTimeout(done, 1100));
    assert.equal(await hours(), last, "nothing is stored any more");
  } finally {
    await one.stop();
  }
});

// In a round each run is of a worker of its own, so that what is counted twice does not hide behind what is not counted. Half of the
// rounds end when every answer has come, the others in the middle of some.
test(`killed ${ROUNDS} times: each run whose answer a client had is counted once, each other one once or not at all`, { timeout: 100_000 + ROUNDS * 5000 }, async () => {
  const CLIENTS = 4, WORKERS = 90;
  const state = mkdtempSync(path.join(tmpdir(), "mayfly-usage-"));
  const options = { args: ["--state-dir", state], config: { executors: { count: 1, standby: 4 } } };
  let victim = await Daemon.start(options);
  for (let i = 0; i < WORKERS; i++) {
    assert.ok((await fetch(`${victim.url}/v1/workers/w${i}`, { method: "PUT", headers: { "content-type": "application/json" },
      body: JSON.stringify({ compatibilityDate: DATE, mainModule: "m.js", modules: { "m.js": worker("await request.text(); return new Response('done')") } }) })).ok);
  }
  let counted = new Map(), runs = 0, untold = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { url } = victim;
    const last = 10 + round * 7 % 60, isDrained = round % 2 === 0;
    const told = [];
    let answers = 0, isOver = false;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
      while (!isOver) {
        const number = told.push(false) - 1;
        told[number] = await whole(url, `w${number}`, "x");
        answers += told[number] ? 1 : 0;
        if (answers > last && !isOver) {
          isOver = true;
          if (!isDrained) victim.process.kill("SIGKILL");
        }
      }
    }));
    assert.ok(told.length <= WORKERS && (!isDrained || told.every(Boolean)));
    victim.process.kill("SIGKILL");
    await victim.stop("SIGKILL");
    victim = await Daemon.start(options);
    const { rows } = await usage("?groupBy=worker&limit=1000", victim);
    const now = new Map(rows.filter((row) => row.worker !== null).map((row) => [row.worker, row.invocations]));
    for (let i = 0; i < WORKERS; i++) {
      const more = (now.get(`w${i}`) ?? 0) - (counted.get(`w${i}`) ?? 0);
      if (told[i]) assert.equal(more, 1, `round ${round}: run ${i} of ${told.length} was told and is counted ${more} times`);
      else assert.ok(more >= 0 && more <= (i < told.length ? 1 : 0), `round ${round}: run ${i} of ${told.length} was not told and is counted ${more} times`);
      runs += more;
      untold += told[i] ? 0 : more;
    }
    assert.ok(rows.every((row) => row.bytesIn <= row.invocations));
    counted = now;
  }
  console.log(`# ${runs} runs counted in ${ROUNDS} rounds, ${untold} of them without an answer`);
  assert.equal((await total(victim)).uniqueWorkers, counted.size);
  assert.deepEqual(await victim.stop(), { code: 0, signal: null });
  assert.equal(readdirSync(path.join(state, "usage")).length, 1); // What is summed up is not kept.
  rmSync(state, { recursive: true });
});
