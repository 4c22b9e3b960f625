// executors.test.mjs - executors die, are killed, run out of memory: only their own runs are lost, and each of those is told.
import { test } from "node:test";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";

const parked = worker("await scheduler.wait(60000); return new Response('never')");

test("kill -9 of an executor under load loses only its own runs, each with a problem", async () => {
  const daemon = await Daemon.start({ config: { executors: { count: 2 } } });
  const runs = Array.from({ length: 40 }, () => daemon.runSource(parked));
  await daemon.until(async () => (await daemon.executors()).filter((e) => e.runs > 0).length === 2 && (await daemon.health()).runs.active === 40);
  const [victim, other] = await daemon.executors();
  process.kill(victim.pid, "SIGKILL");
  let lost = 0;
  const ends = runs.map((run) => run.then(async (response) => {
    const problem = await response.json();
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.deepEqual([response.status, problem.code], [502, "executor.lost"]);
    lost++;
  }));
  await daemon.until(() => lost === victim.runs);
  assert.equal((await daemon.executors()).find((e) => e.pid === other.pid).runs, other.runs, "the other executor's runs go on");
  const answer = await (await daemon.runSource(worker("return new Response('alive')"))).text();
  assert.equal(answer, "alive");
  await daemon.until(async () => (await daemon.health()).executors.ready === 2);
  assert.equal((await daemon.health()).executors.crashes, 1);
  process.kill(other.pid, "SIGKILL");
  await Promise.all(ends);
  await daemon.stop();
});

test("a crash loop backs off and shows in /healthz", async () => {
  const daemon = await Daemon.start({ config: { executors: { count: 1 } } });
  for (let i = 0; i < 5; i++) {
    const [executor] = await daemon.until(async () => { const list = (await daemon.executors()).filter((e) => e.state === "ready"); return list.length > 0 && list; });
    process.kill(executor.pid, "SIGKILL");
    await daemon.until(async () => !(await daemon.executors()).some((e) => e.pid === executor.pid));
  }
  assert.equal((await daemon.health()).status, "degraded");
  const answer = await (await daemon.runSource(worker("return new Response('still')"))).text();
  assert.equal(answer, "still", "a run waits for the executor that is being started");
  await daemon.stop();
});

test("V8 out of memory condemns the executor; its other runs finish", async () => {
  const daemon = await Daemon.start({ config: { executors: { count: 1 } } });
  const neighbour = daemon.run(worker("await scheduler.wait(1500); return new Response('finished')"));
  await daemon.until(async () => (await daemon.health()).runs.active === 1);
  const bomb = await daemon.run(worker("return new Response(String([...'.'.repeat(5e8)].length))"), { limits: { memoryMb: 64 } });
  assert.ok(["exceededMemory", "exception"].includes(bomb.outcome), JSON.stringify(bomb));
  assert.equal((await neighbour).response?.body, "finished");
  assert.equal((await daemon.run(worker("return new Response('next')"))).response?.body, "next");
  await daemon.stop();
});

test("places and queue are bounded: past them 503 with Retry-After", async () => {
  const daemon = await Daemon.start({ config: { limits: { concurrentRuns: 4, queuedRuns: 4 } } });
  const controller = new AbortController();
  const runs = Array.from({ length: 8 }, () => daemon.runSource(parked, { signal: controller.signal }).catch(() => {}));
  await daemon.until(async () => { const { runs: r } = await daemon.health(); return r.active === 4 && r.waiting === 4; });
  const refused = await daemon.runSource(parked);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  assert.equal((await refused.json()).code, "overloaded");
  controller.abort();
  await Promise.all(runs);
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
  assert.equal(await (await daemon.runSource(worker("return new Response('free')"))).text(), "free");
  await daemon.stop();
});

test("parked runs hold no thread", async () => {
  const daemon = await Daemon.start({ config: { executors: { count: 1 } } });
  const controller = new AbortController();
  const runs = Array.from({ length: 200 }, () => daemon.runSource(parked, { signal: controller.signal }).catch(() => {}));
  await daemon.until(async () => (await daemon.health()).runs.active === 200);
  const { readFileSync } = await import("node:fs");
  const [executor] = await daemon.executors();
  const threads = Number(/Threads:\s+(\d+)/.exec(readFileSync(`/proc/${executor.pid}/status`, "utf8"))[1]);
  assert.ok(threads <= 24, `${threads} threads for 200 parked runs`);
  assert.equal(await (await daemon.runSource(worker("return new Response('quick')"))).text(), "quick");
  controller.abort();
  await Promise.all(runs);
  await daemon.stop();
});

test("CPU hogs do not starve a neighbour", async () => {
  const daemon = await Daemon.start({ config: { executors: { count: 1 } } });
  const hogs = Array.from({ length: 6 }, () => daemon.run(worker("for (;;);"), { limits: { cpuMs: 1500 } }));
  await daemon.until(async () => (await daemon.health()).runs.active === 6);
  const begin = Date.now();
  assert.equal((await daemon.run(worker("return new Response('fair')"))).response?.body, "fair");
  const took = Date.now() - begin;
  for (const hog of await Promise.all(hogs)) assert.equal(hog.outcome, "exceededCpu");
  assert.ok(took < 1500, `${took} ms`);
  await daemon.stop();
});

test("SIGTERM drains: runs under way finish, new ones are refused", async () => {
  const daemon = await Daemon.start();
  const slow = daemon.run(worker("await scheduler.wait(700); return new Response('finished')"));
  await daemon.until(async () => (await daemon.health()).runs.active === 1);
  const stopped = daemon.stop();
  assert.equal((await slow).response?.body, "finished");
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

test("the daemon shows version, V8 and the jail's layers", { skip: process.env.MF_TEST_JAIL === "none" && "no jail under a sanitizer" }, async () => {
  const daemon = await Daemon.start();
  const health = await daemon.health();
  assert.equal(health.status, "ok");
  assert.match(health.v8, /^13\.6\./);
  for (const layer of ["seccomp", "net-namespace", "mount-namespace", "empty-root", "no-new-privs", "rlimits", "closed-fds"]) assert.ok(health.jail.layers.includes(layer), layer);
  const { readFileSync, readdirSync, readlinkSync } = await import("node:fs");
  const executor = (await daemon.executors()).find((e) => e.state === "ready");
  const status = readFileSync(`/proc/${executor.pid}/status`, "utf8");
  assert.match(status, /Seccomp:\s+2/);
  assert.match(status, /NoNewPrivs:\s+1/);
  assert.match(status, /CapEff:\s+0000000000000000/);
  for (const ns of ["net", "mnt", "pid", "ipc", "uts", "user"]) assert.notEqual(readlinkSync(`/proc/${executor.pid}/ns/${ns}`), readlinkSync(`/proc/self/ns/${ns}`), ns);
  assert.ok(readdirSync(`/proc/${executor.pid}/fd`).length <= 8, "descriptors");
  await daemon.stop();
});
