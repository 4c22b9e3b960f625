// hostile.test.mjs - runs every script of this folder as an offender and checks three things: it ended as its first line says, a
// neighbour in the same executor answered rightly meanwhile, and the daemon runs the next code as if nothing had been. At the end
// nothing of them is left: no run, no descriptor, no memory.
//
// First line: // {"case": number of the threat, "outcome": one or several, "limits", "type", "body", "error" and "code": regexes,
// "line", "cpuWithin": times the CPU limit, "cpuCounted": ms at least, "wallWithin": ms, "logsDropped", "logLines"}. An .mjs file
// makes its source() or modules() when it is asked.
import { test, before, after } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Daemon, memoryOf, worker, assert } from "../lib/mayfly.mjs";

const folder = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const scripts = readdirSync(folder).filter((name) => /^\d\d-.*\.(js|ts|mjs)$/.test(name)).sort();
const NEIGHBOUR = worker("const { n } = await request.json(); let s = 0; for (let i = 0; i < 20; i++) { await scheduler.wait(5); s += n; } return new Response(String(s));");

// A sanitizer keeps what was freed for a while.
const EXECUTOR_RSS_KB_MAX = process.env.ASAN_OPTIONS ? Infinity : 384 * 1024;
const DAEMON_GROWTH_KB_MAX = process.env.ASAN_OPTIONS ? Infinity : 96 * 1024;

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;
let daemon, baseline;
before(async () => {
  daemon = await Daemon.start({ config: { executors: { count: 1 } } });
  await runNeighbour();
  baseline = { rssKb: daemon.memory().rssKb, threads: daemon.memory().threads };
});
after(async () => {
  const health = await daemon.health();
  assert.equal(health.executors.attacks, 0, "no executor broke the protocol");
  assert.equal(health.executors.crashes, 0, "no executor died of a script");
  assert.equal(health.runs.active + health.runs.waiting, 0, "no run is left");
  await daemon.until(async () => (await daemon.executors()).length === 1); // Those condemned by a script are gone.
  const [executor] = await daemon.executors();
  assert.ok(descriptors(executor.pid) <= 8, `${descriptors(executor.pid)} descriptors in the executor`);
  await daemon.until(() => memoryOf(executor.pid).rssKb < EXECUTOR_RSS_KB_MAX);
  await daemon.until(() => descriptors(daemon.pid) <= 32); // Listener, epoll, the executor's three, and the clients that keep alive.
  const { rssKb, threads } = daemon.memory();
  assert.ok(rssKb - baseline.rssKb < DAEMON_GROWTH_KB_MAX, `the daemon grew by ${rssKb - baseline.rssKb} KiB`);
  assert.ok(threads <= baseline.threads + 4, `${threads} threads, ${baseline.threads} before`); // libuv's four.
  await daemon.stop();
});

async function load(name) {
  const text = readFileSync(path.join(folder, name), "utf8");
  const expect = JSON.parse(text.slice(3, text.indexOf("\n")));
  const isTs = expect.type === "typescript";
  const main = isTs ? "main.ts" : "main.js";
  const made = name.endsWith(".mjs") ? await import(path.join(folder, name)) : { source: () => text };
  const modules = made.modules?.() ?? { [main]: { [isTs ? "ts" : "js"]: made.source() } };
  return { expect, code: { mainModule: main, modules } };
}

async function runNeighbour() {
  const answer = await daemon.run(NEIGHBOUR, { request: { method: "POST", body: '{"n": 7}' } });
  assert.equal(answer.response?.body, "140", `the neighbour: ${JSON.stringify(answer)}`);
}

async function runOffender({ expect, code }) {
  const begin = process.hrtime.bigint();
  const answer = await daemon.run(code, { limits: expect.limits });
  answer.tookMs = Number(process.hrtime.bigint() - begin) / 1e6;
  return answer;
}

// A small constant above the factor: the watchdog's own turn.
const isOverCpu = (expect, answer) => expect.cpuWithin !== undefined && answer.usage?.cpuMs >= expect.limits.cpuMs * expect.cpuWithin + 20;

function check(expect, answer) {
  const shown = JSON.stringify({ ...answer, logs: answer.logs?.slice(0, 5) }).slice(0, 3000);
  const outcomes = [expect.outcome].flat();
  assert.equal(answer.status, 200, shown);
  assert.ok(outcomes.includes(answer.outcome), `${answer.outcome} is not ${outcomes}: ${shown}`);
  if (expect.body !== undefined && answer.outcome === "ok") assert.equal(answer.response?.body, expect.body, shown);
  if (expect.error) assert.match(answer.error?.message ?? "", new RegExp(expect.error), shown);
  if (expect.code) assert.match(answer.error?.code ?? "", new RegExp(`^(${expect.code})$`), shown);
  if (expect.line) assert.equal(answer.exceptions[0]?.line, expect.line, shown);
  if (expect.logsDropped) assert.ok(answer.logsDropped > 0, shown);
  if (expect.logLines) assert.equal(answer.logs.length, expect.logLines, shown);
  if (expect.wallWithin) assert.ok(answer.tookMs < expect.wallWithin, `${answer.tookMs} ms`);
  assert.ok(!isOverCpu(expect, answer), `${answer.usage?.cpuMs} ms of CPU`);
  if (expect.cpuCounted) assert.ok(answer.usage.cpuMs >= expect.cpuCounted, `${answer.usage.cpuMs} ms of CPU`);
  if (answer.outcome.startsWith("exceeded")) assert.ok(!JSON.stringify(answer.logs).includes(" ran"), `script ran after its end: ${shown}`);
}

for (const name of scripts) {
  test(name, { timeout: 120_000 }, async () => {
    const script = await load(name);
    let [answer] = await Promise.all([runOffender(script), runNeighbour()]);
    // On a busy machine the watchdog gets its turn late: the limit must hold in one of a few tries.
    for (let tries = 0; tries < 4 && isOverCpu(script.expect, answer); tries++) answer = await runOffender(script);
    check(script.expect, answer);
    const next = await daemon.run(worker("return new Response(String(Object.keys(globalThis).length + typeof leaked))"));
    assert.match(next.response?.body ?? "", /undefined$/, `the next run: ${JSON.stringify(next)}`);
  });
}
