// executors.test.mjs - executors die, are killed, run out of memory: only their own runs are lost, and each of those is told.
import { test } from "node:test";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";

const parked = worker("await scheduler.wait(60000); return new Response('never')");

test("kill -9 of an executor under load loses only its own runs, each with a problem and its logs", async () => {
  const daemon = await Daemon.start({ config: { executors: { count: 2 } } });
  const noted = worker("console.log('noted'); await scheduler.wait(60000); return new Response('never')");
  // Half of them in each form; behind them short runs come and go all the time.
  const runs = Array.from({ length: 40 }, (_, i) => (i % 2 ? daemon.runSource(noted) : daemon.run(noted)));
  await daemon.until(async () => (await daemon.executors()).filter((e) => e.runs > 0).length === 2 && (await daemon.health()).runs.active === 40);
  let isOver = false;
  let ran = 0, alsoLost = 0;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const response = await daemon.runSource(worker("await scheduler.wait(2); return new Response('short')"));
      if (response.status === 200) {
        const text = await response.text().catch(() => null); // cut off: its head was on its way when the executor died
        if (text === null) { alsoLost++; continue; }
        assert.equal(text, "short");
        ran++;
      }
      else { assert.deepEqual([response.status, (await response.json()).code], [502, "executor.lost"]); alsoLost++; }
    }
  });
  await daemon.until(() => ran > 20, 60_000);
  const parked = new Map((await daemon.executors()).map((e) => [e.pid, e.runs]));
  const [victim, other] = [...parked.keys()];
  process.kill(victim, "SIGKILL");
  let lost = 0;
  const ends = runs.map((run) => run.then(async (answer) => {
    const problem = answer instanceof Response ? await answer.json() : answer;
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    assert.deepEqual([answer.status, problem.code, problem.logs.map((l) => l.message)], [502, "executor.lost", ["noted"]]);
    assert.equal(problem.instance, answer.headers.get("mayfly-run-id"));
    lost++;
  }));
  const ranBefore = ran;
  await daemon.until(async () => (await daemon.health()).executors.ready === 2);
  await daemon.until(() => ran > ranBefore + 20, 60_000);
  isOver = true;
  await Promise.all(load);
  // Of the 40 it had those that it does not have now; the short ones that it had are in no list.
  await daemon.until(async () => (await daemon.health()).runs.active === 40 - lost);
  assert.ok(lost > 0 && lost < 40 && alsoLost <= 4, `${lost} and ${alsoLost} were lost`);
  assert.ok(Math.abs(lost - parked.get(victim)) <= 4, `${lost} were lost, it had ${parked.get(victim)}`);
  assert.equal((await daemon.executors()).find((e) => e.pid === other).runs, 40 - lost, "the other executor's runs go on");
  assert.equal((await daemon.health()).executors.crashes, 1);
  process.kill(other, "SIGKILL");
  await Promise.all(ends);
  assert.equal(lost, 40);
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

test("a run that meets an executor's condemnation half-way begins in another", async () => {
  const daemon = await Daemon.start({ config: { executors: { count: 1 } } });
  const bomb = worker("return new Response(String([...'.'.repeat(5e8)].length))");
  for (let round = 0; round < 40; round++) {
    // Spread over the milliseconds in which V8 dies.
    const late = async (ms) => { await new Promise((resolve) => setTimeout(resolve, ms)); return daemon.run(worker("await scheduler.wait(1); return new Response('ran')")); };
    const [offender, ...others] = await Promise.all([daemon.run(bomb, { limits: { memoryMb: 64 } }), ...[0, 3, 6, 9, 12, 15, 18, 21, 24, 27].map(late)]);
    assert.equal(offender.outcome, "exceededMemory", JSON.stringify(offender));
    for (const other of others) assert.equal(other.response?.body, "ran", JSON.stringify(other));
  }
  const { executors } = await daemon.health();
  assert.deepEqual([executors.attacks, executors.crashes], [0, 0]);
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
  let ended = 0;
  const hogs = Array.from({ length: 6 }, async () => { const answer = await daemon.run(worker("for (;;);"), { limits: { cpuMs: 1500 } }); ended++; return answer; });
  await daemon.until(async () => (await daemon.health()).runs.active === 6);
  assert.equal((await daemon.run(worker("return new Response('fair')"))).response?.body, "fair");
  assert.equal(ended, 0, "it did not wait for one of them to end");
  for (const hog of await Promise.all(hogs)) assert.equal(hog.outcome, "exceededCpu");
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
