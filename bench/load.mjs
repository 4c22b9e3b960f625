// load.mjs - makes the load: single requests by Node, many by wrk.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";

export const here = path.dirname(new URL(import.meta.url).pathname);
const REQUEST_MS_MAX = 60_000;
const module = readFileSync(path.join(here, "module.js"), "utf8");

let serial = 0;
export const unique = () => `${process.pid.toString(36)}-${(serial++).toString(36)}`;

// POSTs |source|; resolves with the response once its head is there.
export function post(side, agent, source) {
  return new Promise((resolve, reject) => {
    const request = http.request(side.url, { method: "POST", agent, timeout: REQUEST_MS_MAX, headers: { "content-type": "text/javascript", "content-length": Buffer.byteLength(source) } }, resolve);
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.end(source);
  });
}

export async function text(response) {
  response.setEncoding("utf8");
  let all = "";
  for await (const chunk of response) all += chunk;
  return all;
}

// |count| runs over |connections|, each answer compared with what only its own code can say.
export async function runs(side, count, connections, onProgress = () => true) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  let left = count;
  const client = async () => {
    while (left-- > 0) {
      const name = unique();
      const response = await post(side, agent, module.replace("UNIQUE", name).replace("UNIQUE", name));
      const body = await text(response);
      if (response.statusCode !== 200 || body !== `hello ${name} worker.local`) throw new Error(`wrong answer: ${response.statusCode} ${body}`);
      if (left % 500 === 0 && !onProgress(count - left)) left = 0;
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
}

// wrk against |url| with new code in each request, made of the module in |file|.
export function wrk(url, file, load, seconds) {
  return new Promise((resolve, reject) => {
    const child = spawn("wrk", ["-t1", `-c${load.connections}`, `-d${seconds}s`, "--timeout", "30s", "-s", path.join(here, "load.lua"), url, "--", file, unique(), "text/javascript", String(load.pauseMs)], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (chunk) => { out += chunk; });
    child.on("error", reject);
    child.on("close", (code) => {
      const line = out.split("\n").find((one) => one.startsWith("{"));
      if (code !== 0 || !line) return reject(new Error(`wrk: ${out}`));
      const result = JSON.parse(line);
      if (result.failed > 0) return reject(new Error(`${result.failed} of ${result.runs} requests failed`));
      resolve({ ...result, perSecond: result.runs / (result.us / 1e6) });
    });
  });
}

// Microseconds, and what stands at a part of those that are |sorted|.
export const now = () => Number(process.hrtime.bigint()) / 1000;
export const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
