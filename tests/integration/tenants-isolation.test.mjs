// tenants-isolation.test.mjs - with tokens no executor process ever runs the code of two tenants. Which process a run was in is not asked
// of the daemon: the kernel says whose CPU time it was.
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { DATE, assert } from "../lib/mayfly.mjs";
import { startWithTokens } from "../lib/tenants.mjs";

const body = (text) => ({ code: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": `export default { async fetch() { ${text} } }` } } });
const quick = body("return new Response('x')");
// CPU time of a process in ms; 0 when it is gone.
const cpuMs = (pid) => { try { const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" "); return (Number(fields[11]) + Number(fields[12])) * 10; } catch { return 0; } };

async function start(names, config) {
  const daemon = await startWithTokens({ config });
  const run = {};
  for (const name of names) {
    await daemon.tenant(name);
    const { token } = await daemon.token(["run"], name);
    run[name] = (call) => daemon.as(token, "/v1/run", { method: "POST", body: call });
  }
  const executors = async () => (await (await daemon.admin("/healthz")).json()).executors;
  return { daemon, run, executors };
}

test("two tenants never share a process, whoever comes when", async () => {
  const names = ["a", "b", "c", "d"];
  const { daemon, run, executors } = await start(names, { executors: { count: 1, total: 2 } });
  const ownerOf = new Map(); // By pid, from the CPU time that a run of known length used.
  for (let round = 0; round < 12; round++) {
    const name = names[(round * 3 + (round >> 2)) % names.length];
    // Others want in at the same time, so that processes come and go.
    const others = names.filter((other) => other !== name).map((other) => run[other](quick));
    const before = new Map();
    for (const { pid } of (await executors()).list) before.set(pid, cpuMs(pid));
    const answer = run[name](body("let n = 0; for (let i = 0; i < 2e8; i++) n += i; return new Response(String(n))"));
    const spent = new Map();
    let done = false;
    answer.then(() => { done = true; });
    while (!done) {
      for (const { pid } of (await executors()).list) spent.set(pid, Math.max(spent.get(pid) ?? 0, cpuMs(pid) - (before.get(pid) ?? 0)));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const envelope = await (await answer).json();
    assert.equal(envelope.outcome, "ok", JSON.stringify(envelope));
    for (const other of others) assert.equal((await other).status, 200);
    const [pid, ms] = [...spent].sort((x, y) => y[1] - x[1])[0];
    assert.ok(ms > envelope.usage.cpuMs / 2, `the run's CPU time was seen: ${ms} of ${envelope.usage.cpuMs} ms`);
    assert.equal(ownerOf.get(pid) ?? name, name, `process ${pid}`);
    ownerOf.set(pid, name);
    // The daemon's own word for it.
    for (const one of (await executors()).list) if (one.tenant && ownerOf.has(one.pid)) assert.equal(one.tenant, ownerOf.get(one.pid));
  }
  assert.equal(new Set(ownerOf.values()).size, names.length);
  const { retired, restarts, crashes } = await executors();
  assert.ok(retired > 0);
  assert.deepEqual([restarts, crashes], [0, 0]);
  await daemon.stop();
});

test("many tenants get on with few processes", async () => {
  const names = [...Array(12)].map((_, i) => `t${i}`);
  const { daemon, run, executors } = await start(names, { executors: { count: 2, total: 4 } });
  const answers = await Promise.all([...names, ...names].map((name) => run[name](quick)));
  assert.deepEqual(answers.map((answer) => answer.status), Array(24).fill(200));
  const { list } = await executors();
  assert.ok(list.filter(({ state }) => state === "ready" || state === "starting").length <= 4);
  await daemon.stop();
});

test("the operator may let them share, and may keep runs apart without tokens", async () => {
  const { daemon, run, executors } = await start(["a", "b"], { executors: { count: 1, isolation: "isolate" } });
  for (const name of ["a", "b"]) assert.equal((await run[name](quick)).status, 200);
  const { list } = await executors();
  assert.deepEqual(list.map(({ tenant, runsTotal }) => [tenant, runsTotal]), [[null, 2]]);
  await daemon.stop();
});
