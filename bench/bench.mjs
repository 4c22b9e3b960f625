// bench.mjs - the measurements; bench/run calls it.
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { parseArgs } from "node:util";
import { measureCalls } from "./calls.mjs";
import { measureFiles } from "./files.mjs";
import { here, post, runs, unique, wrk } from "./load.mjs";
import { measureProxy, measureSlow } from "./proxy.mjs";
import { report } from "./report.mjs";
import { Mayfly, Workerd } from "./sides.mjs";
import { measureWorkers } from "./workers.mjs";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, out: { type: "string" }, only: { type: "string" }, parts: { type: "string", default: "speed,parked,soak,proxy,slow,calls,files,workers" }, files: { type: "string" } },
});
const parts = options.parts.split(",");
const sides = { mayfly: Mayfly, workerd: Workerd };
if (options.only) for (const name of Object.keys(sides)) if (name !== options.only) delete sides[name];

// A caller that pauses is a person or an agent at work; one that does not asks for more isolates than anybody can make ahead.
const LOADS = [
  { name: "1, pausing 20 ms", connections: 1, pauseMs: 20 },
  { name: "1", connections: 1, pauseMs: 0 },
  { name: "8", connections: 8, pauseMs: 0 },
  { name: "64", connections: 64, pauseMs: 0 },
];
const plan = options.quick
  ? { rounds: 2, seconds: 2, loads: LOADS, parkedRuns: 200, parkMs: 10_000, soakRuns: [200, 1000], slowSeconds: 6, fileCounts: [1000, 100_000], workerCounts: [1000, 20_000], workerRuns: 100 }
  : { rounds: 5, seconds: 8, loads: LOADS, parkedRuns: 200, parkMs: 20_000, soakRuns: [1000, 10_000], slowSeconds: 20, fileCounts: [1000, 100_000, 1_000_000], workerCounts: [1000, 100_000, 1_000_000], workerRuns: 1000 };
if (options.files) plan.fileCounts = options.files.split(",").map(Number);
const WARM_UP_RUNS = 100;
const SOAK_CONNECTIONS = 8;
const RSS_KB_MAX = 8 * 1024 * 1024; // A side that keeps what it has run is stopped here, not when the machine is full.
const parked = readFileSync(path.join(here, "parked.js"), "utf8").replace("PARK_MS", String(plan.parkMs));

const say = (line) => process.stderr.write(`bench: ${line}\n`);
const settle = () => new Promise((resolve) => setTimeout(resolve, 1000));

// Rounds of every side in turns, each with a server of its own that has served a little before.
async function measureSpeed(results) {
  for (let round = 0; round < plan.rounds; round++) {
    const names = Object.keys(sides);
    if (round % 2 === 1) names.reverse();
    for (const load of plan.loads) {
      for (const name of names) {
        const side = await new sides[name]().start();
        try {
          await runs(side, WARM_UP_RUNS, Math.min(load.connections, 8));
          const before = side.use().cpuMs;
          const result = await wrk(side.url, path.join(here, "module.js"), load, plan.seconds);
          result.cpuMsPerRun = (side.use().cpuMs - before) / result.runs;
          (results.speed[name] ??= {})[load.name] ??= [];
          results.speed[name][load.name].push(result);
          say(`round ${round + 1}, connections ${load.name}, ${name}: p50 ${(result.p50 / 1000).toFixed(2)} ms, ${result.perSecond.toFixed(0)} runs a second`);
        } finally {
          await side.stop();
        }
      }
    }
  }
}

// The memory of a server at rest, and with many runs that wait for a timer.
async function measureParked(results) {
  for (const name of Object.keys(sides)) {
    const side = await new sides[name]().start();
    const agent = new http.Agent({ keepAlive: true, maxSockets: plan.parkedRuns });
    try {
      await settle();
      const fresh = side.use();
      await runs(side, WARM_UP_RUNS, 8);
      await settle();
      const idle = side.use();
      const started = await Promise.all(Array.from({ length: plan.parkedRuns }, async () => {
        const response = await post(side, agent, parked.replace("UNIQUE", unique()));
        const ended = new Promise((resolve, reject) => { response.on("end", resolve); response.on("error", reject); });
        const first = new Promise((resolve) => response.once("data", resolve));
        await first;
        return { ended };
      }));
      const live = side.use();
      await Promise.all(started.map(({ ended }) => ended));
      await settle();
      const after = side.use();
      results.parked[name] = { runs: plan.parkedRuns, fresh, idle, live, after, perRunKb: (live.pssKb - idle.pssKb) / plan.parkedRuns };
      say(`${name}: at rest ${mb(idle.pssKb)} MB, ${plan.parkedRuns} parked ${mb(live.pssKb)} MB`);
    } finally {
      agent.destroy();
      await side.stop();
    }
  }
}

// Memory after many runs: a side that keeps something of each shows it here.
async function measureSoak(results) {
  for (const name of Object.keys(sides)) {
    const side = await new sides[name]().start();
    try {
      let done = 0;
      results.soak[name] = [];
      for (const goal of plan.soakRuns) {
        let peak = 0;
        const within = () => { peak = Math.max(peak, side.use().rssKb); return peak < RSS_KB_MAX; };
        await runs(side, goal - done, SOAK_CONNECTIONS, within);
        if (!within()) {
          say(`${name}: stopped at ${mb(peak)} MB on the way to ${goal} runs`);
          results.soak[name].push({ runs: goal, stopped: true, peakKb: peak });
          break;
        }
        done = goal;
        await settle();
        results.soak[name].push({ runs: goal, peakKb: peak, ...side.use() });
        say(`${name}: after ${goal} runs ${mb(results.soak[name].at(-1).rssKb)} MB`);
      }
    } finally {
      await side.stop();
    }
  }
}

const mb = (kb) => (kb / 1024).toFixed(1);

for (const side of Object.values(sides)) {
  if (side.missing()) { say(side.missing()); process.exit(1); }
}
const results = { plan, versions: {}, speed: {}, parked: {}, soak: {}, proxy: {}, slow: {}, calls: {}, files: {}, workers: {} };
for (const [name, side] of Object.entries(sides)) results.versions[name] = await side.version();
if (parts.includes("speed")) await measureSpeed(results);
if (parts.includes("parked")) await measureParked(results);
if (parts.includes("soak")) await measureSoak(results);
if (parts.includes("proxy")) await measureProxy(results, sides, say);
if (parts.includes("slow")) await measureSlow(results, sides, say);
if (parts.includes("calls")) await measureCalls(results, sides, say);
if (parts.includes("files")) await measureFiles(results, sides, say);
if (parts.includes("workers") && sides.mayfly) await measureWorkers(results, say);
const markdown = report(results, process.argv.slice(2));
process.stdout.write(markdown);
if (options.out) {
  writeFileSync(options.out, markdown);
  writeFileSync(`${options.out}.json`, JSON.stringify(results, null, 1) + "\n");
}
