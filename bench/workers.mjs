// workers.mjs - many stored workers: what they cost on the disk, in memory and in time, as there are more of them. mayflyd only: workerd keeps none.
import { readdirSync, statSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { at, now } from "./load.mjs";
import { Mayfly, useOf } from "./sides.mjs";

const CONNECTIONS = 32; // That fill; operations that are measured come one after the other.
const CODE_BYTES = 1024;
const name = (i) => `w${String(i).padStart(7, "0")}`;
const answer = (i) => `worker ${i}`;
const worker = (i) => JSON.stringify({ compatibilityDate: "2026-09-01", mainModule: "w.js", modules: { "w.js": `export default { fetch: () => new Response(${JSON.stringify(answer(i))}) };\n//`.padEnd(CODE_BYTES, "x") } });

function caller(side, connections) {
  const agent = new http.Agent({ keepAlive: true, noDelay: true, maxSockets: connections });
  const { hostname, port } = new URL(side.url);
  const call = (method, where, body) => new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, agent, method, path: `/v1/workers${where}`, headers: body ? { "content-type": "application/json", "content-length": body.length } : {} }, async (response) => {
      let text = "";
      response.setEncoding("utf8");
      for await (const chunk of response) text += chunk;
      response.statusCode < 300 ? resolve(text) : reject(new Error(`${method} ${where}: ${response.statusCode} ${text}`));
    });
    request.on("error", reject);
    request.end(body);
  });
  return { call, close: () => agent.destroy() };
}

async function fill(side, from, to) {
  const { call, close } = caller(side, CONNECTIONS);
  let next = from;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (next < to) { const i = next++; await call("PUT", `/${name(i)}`, worker(i)); }
  }));
  close();
}

async function times(count, operation) {
  const all = [];
  for (let i = 0; i < count; i++) {
    const begin = now();
    await operation(i);
    all.push(now() - begin);
  }
  all.sort((a, b) => a - b);
  return { p50: at(all, 0.5), p99: at(all, 0.99), runs: count };
}

async function operations(side, count, runs) {
  const { call, close } = caller(side, 1);
  const some = (i) => (i * 7919 + 17) % count;
  const fetchIt = async (i) => { if (await call("GET", `/${name(some(i))}/fetch/`) !== answer(some(i))) throw new Error("wrong answer"); };
  for (let i = 0; i < 20; i++) await call("GET", `/${name(some(runs + i))}/fetch/`);
  const ops = {
    "first call since the start": await times(runs, fetchIt),
    "a call after that": await times(runs, fetchIt),
    "store one more": await times(runs, (i) => call("PUT", `/${name(count + i)}`, worker(count + i))),
    "delete one": await times(runs, (i) => call("DELETE", `/${name(count + i)}`)),
    "a page of 100 of the list": await times(runs, (i) => call("GET", `?limit=100&after=${name(some(i))}`)),
  };
  close();
  return ops;
}

const diskBytes = (dir) => readdirSync(dir).reduce((sum, file) => sum + statSync(path.join(dir, file)).size, 0);

export async function measureWorkers(results, say) {
  const side = await new Mayfly().start();
  try {
    let stored = 0;
    for (const count of results.plan.workerCounts) {
      const begin = now();
      await fill(side, stored, count);
      const fillSeconds = (now() - begin) / 1e6;
      const filledKb = useOf(side.process.pid).rssKb;
      const startMs = await side.restart();
      const startKb = useOf(side.process.pid).rssKb;
      const ops = await operations(side, count, results.plan.workerRuns);
      const servedKb = useOf(side.process.pid).rssKb;
      results.workers[count] = { added: count - stored, fillSeconds, filledKb, startMs, startKb, servedKb, diskBytes: diskBytes(path.join(side.dir, "state")), ops };
      stored = count;
      say(`${count} stored workers: started in ${startMs.toFixed(0)} ms, ${(startKb / 1024).toFixed(1)} MB, a first call ${(ops["first call since the start"].p50 / 1000).toFixed(2)} ms`);
    }
  } finally {
    await side.stop();
  }
}
