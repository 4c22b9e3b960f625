// proxy.mjs - a worker that passes on what an upstream answers: small answers, large ones, and a thousand slow ones at once.
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { here, post, text, unique, wrk } from "./load.mjs";

const SMALL = 1024;
const LARGE = 10 * 1024 * 1024;
const LOADS = [
  { name: "1 KB, 1", bytes: SMALL, connections: 1, pauseMs: 0 },
  { name: "1 KB, 8", bytes: SMALL, connections: 8, pauseMs: 0 },
  { name: "10 MB, 1", bytes: LARGE, connections: 1, pauseMs: 0 },
  { name: "10 MB, 4", bytes: LARGE, connections: 4, pauseMs: 0 },
];
export const SLOW_UPSTREAMS = 1000;

// mayflyd's ways to send: with nothing added, with a credential, with one whose echo is searched for (as it ships).
const WAYS = { mayfly: ["allow", "inject, redact off", "inject"], workerd: ["gateway"] };

async function startUpstream() {
  const child = fork(path.join(here, "upstream.mjs"), { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const port = await new Promise((resolve, reject) => { child.stdout.once("data", (line) => resolve(Number(line))); child.on("error", reject); });
  return { port, stop: () => child.disconnect() };
}

// The module with its upstream, as a file for wrk.
function writeModule(dir, port, route) {
  const file = path.join(dir, "proxy.js");
  writeFileSync(file, readFileSync(path.join(here, "proxy.js"), "utf8").replace("PORT", String(port)).replace("PATH", route));
  return file;
}

async function check(side, file, bytes) {
  const agent = new http.Agent({ keepAlive: true });
  for (let i = 0; i < 20; i++) {
    const response = await post(side, agent, readFileSync(file, "utf8").replace("UNIQUE", unique()));
    const body = await text(response);
    if (response.statusCode !== 200 || body.length !== bytes) throw new Error(`wrong answer: ${response.statusCode}, ${body.length} bytes: ${body.slice(0, 300)}`);
  }
  agent.destroy();
}

async function measureOne(side, file, load, seconds) {
  await check(side, file, load.bytes);
  const before = side.use().cpuMs;
  const result = await wrk(side.url, file, load, seconds);
  return { ...result, cpuMsPerRun: (side.use().cpuMs - before) / result.runs, mbPerSecond: (result.perSecond * load.bytes) / 2 ** 20 };
}

export async function measureProxy(results, sides, say) {
  const upstream = await startUpstream();
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-bench-"));
  try {
    for (let round = 0; round < results.plan.rounds; round++) {
      const names = Object.keys(sides);
      if (round % 2 === 1) names.reverse();
      for (const load of LOADS) {
        const file = writeModule(dir, upstream.port, String(load.bytes));
        for (const name of names) {
          for (const way of WAYS[name]) {
            const side = await new sides[name]().start({ way });
            try {
              const result = await measureOne(side, file, load, results.plan.seconds);
              (results.proxy[load.name] ??= {})[`${name}: ${way}`] ??= [];
              results.proxy[load.name][`${name}: ${way}`].push(result);
              say(`round ${round + 1}, proxy ${load.name}, ${name} (${way}): p50 ${(result.p50 / 1000).toFixed(2)} ms, ${result.perSecond.toFixed(0)} a second, ${result.mbPerSecond.toFixed(0)} MB/s`);
            } finally {
              await side.stop();
            }
          }
        }
      }
    }
  } finally {
    upstream.stop();
    rmSync(dir, { recursive: true });
  }
}

// Memory while a thousand runs pass on answers that come slowly: early, when all of them stream, and late.
export async function measureSlow(results, sides, say) {
  const { slowSeconds } = results.plan;
  const upstream = await startUpstream();
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-bench-"));
  try {
    const source = readFileSync(writeModule(dir, upstream.port, `slow/${slowSeconds * 2}`), "utf8");
    for (const [name, Side] of Object.entries(sides)) {
      const side = await new Side().start({ way: WAYS[name].at(-1) });
      const agent = new http.Agent({ keepAlive: true, maxSockets: SLOW_UPSTREAMS });
      try {
        const open = await Promise.all(Array.from({ length: SLOW_UPSTREAMS }, () => openSlow(side, agent, source)));
        const early = side.use();
        await new Promise((resolve) => setTimeout(resolve, slowSeconds * 1000));
        const still = open.filter((one) => !one.ended).length;
        const late = side.use();
        const sizes = await Promise.all(open.map((one) => one.size));
        results.slow[name] = { early, late, still, bytes: sizes.reduce((sum, size) => sum + size, 0) };
        say(`${name}: ${still} of ${SLOW_UPSTREAMS} slow answers, ${(early.pssKb / 1024).toFixed(1)} MB, then ${(late.pssKb / 1024).toFixed(1)} MB`);
      } finally {
        agent.destroy();
        await side.stop();
      }
    }
  } finally {
    upstream.stop();
    rmSync(dir, { recursive: true });
  }
}

// Resolves when its first bytes are there.
async function openSlow(side, agent, source) {
  const response = await post(side, agent, source.replace("UNIQUE", unique()));
  if (response.statusCode !== 200) throw new Error(`a slow answer: ${response.statusCode} ${await text(response)}`);
  const one = { ended: false };
  one.size = new Promise((resolve, reject) => {
    let size = 0;
    response.on("data", (chunk) => { size += chunk.length; });
    response.on("end", () => { one.ended = true; resolve(size); });
    response.on("error", reject);
  });
  await new Promise((resolve) => response.once("data", resolve));
  return one;
}
