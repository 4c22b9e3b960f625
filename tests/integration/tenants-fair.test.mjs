// tenants-fair.test.mjs - one tenant floods the daemon, another one calls now and then: both 99th percentiles are printed, alone and under the flood.
// What is held to is no time but an order: in one queue for all, a call would wait for those of the flood that are before it; and where executors may
// run: those of the flood leave a processor to the others.
import { test } from "node:test";
import http from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import os from "node:os";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { DATE, assert } from "../lib/mayfly.mjs";
import { auth, startWithTokens } from "../lib/tenants.mjs";

const FLOOD = 64; // Connections, each with a request at any time.
const CALLS = 400;
const source = "export default { fetch() { let n = 0; for (let i = 0; i < 20000; i++) n += i; return new Response(String(n)); } }";

const client = (url, token) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: FLOOD });
  const { hostname, port } = new URL(url);
  const call = () => new Promise((resolve, reject) => {
    const begin = process.hrtime.bigint();
    const request = http.request({ agent, hostname, port, path: "/v1/workers/w/fetch/", headers: auth(token) }, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode, ms: Number(process.hrtime.bigint() - begin) / 1e6 }));
    });
    request.on("error", reject);
    request.end();
  });
  return { call, close: () => agent.destroy() };
};
const percentile = (times, share) => [...times].sort((a, b) => a - b)[Math.floor(times.length * share)].toFixed(2);

// One call after another, with a pause between.
async function measure(quiet) {
  const times = [];
  for (let i = 0; i < CALLS; i++) {
    const { status, ms } = await quiet.call();
    assert.equal(status, 200);
    times.push(ms);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

// In a thread of its own, so that who measures does not wait for who floods: says how many calls were answered once it is told to end.
async function flood({ url, token }) {
  const loud = client(url, token);
  let count = 0, on = true;
  parentPort.on("message", () => { on = false; });
  await Promise.all([...Array(FLOOD)].map(async () => { while (on) { const { status } = await loud.call(); assert.equal(status, 200); count++; } }));
  loud.close();
  parentPort.postMessage(count);
  parentPort.close();
}

// Of each thread of |tenant|'s executors: on how many processors it may run.
async function processors(daemon, tenant) {
  const { executors } = await (await daemon.admin("/healthz")).json();
  const own = executors.list.filter((one) => one.tenant === tenant && one.state === "ready");
  return own.flatMap(({ pid }) => readdirSync(`/proc/${pid}/task`).map((task) => {
    const list = /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/task/${task}/status`, "utf8"))[1];
    return list.split(",").reduce((count, range) => { const [from, to = from] = range.split("-").map(Number); return count + to - from + 1; }, 0);
  }));
}
const all = os.availableParallelism();
const is = (count) => (list) => list.length > 0 && list.every((n) => n === count);

if (isMainThread) test("a call of one tenant does not stand in line behind another's flood", async () => {
  const daemon = await startWithTokens({ config: { tenants: { requestsPerMinute: 1e9, cpuMsPerMinute: 6e7 } } });
  const tokens = {};
  for (const name of ["loud", "quiet"]) {
    await daemon.tenant(name);
    tokens[name] = (await daemon.token(["run", "workers"], name)).token;
    await daemon.as(tokens[name], "/v1/workers/w", { method: "PUT", body: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": source } } });
  }
  const quiet = client(daemon.url, tokens.quiet);
  for (let i = 0; i < 20; i++) await quiet.call();
  const alone = await measure(quiet);
  const worker = new Worker(new URL(import.meta.url), { workerData: { url: daemon.url, token: tokens.loud } });
  await daemon.until(async () => (await (await daemon.admin("/healthz")).json()).runs.active > 0);
  if (all > 1) {
    // A call of the other one now and then is what they make way for.
    await daemon.until(async () => { await quiet.call(); return is(all - 1)(await processors(daemon, "loud")); });
    assert.ok(is(all)(await processors(daemon, "quiet")));
  }
  const begin = Date.now();
  const beside = await measure(quiet);
  const ms = Date.now() - begin;
  const counted = new Promise((resolve, reject) => { worker.once("message", resolve); worker.once("error", reject); });
  worker.postMessage("end");
  const count = await counted;
  if (all > 1) await daemon.until(async () => { await quiet.call(); return is(all)(await processors(daemon, "loud")); });
  console.log(`alone: p50 ${alone.p50} ms, p99 ${alone.p99} ms; beside ${Math.round(count / ms * 1000)} runs/s of another tenant: p50 ${beside.p50} ms, p99 ${beside.p99} ms`);
  quiet.close();
  await daemon.stop();
  const inLine = FLOOD * ms / count; // What each of the flood's own calls takes, as so many are under way at any time.
  assert.ok(count > FLOOD && beside.p50 < inLine / 4, `${beside.p50} of ${inLine} ms`);
});
else await flood(workerData);
