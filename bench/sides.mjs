// sides.mjs - starts and stops what is measured, and reads what its processes use.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const top = path.resolve(path.dirname(new URL(import.meta.url).pathname), "..");
export const deps = process.env.MF_DEPS_DIR ?? path.join(top, "build/deps");
const binDir = process.env.MF_BIN_DIR ?? path.join(top, "build/release/bin");
const START_MS = 120_000; // A store of a million workers is looked at first.
const STOP_MS = 20_000;

const workerdPath = path.join(deps, `npm-bench/node_modules/@cloudflare/workerd-linux-${process.arch === "arm64" ? "arm64" : "64"}/bin/workerd`);

// Calls |onLine| with each line of a stream.
function eachLine(stream, onLine) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop();
    parts.forEach(onLine);
  });
}

class Side {
  // |findPort(line)| knows the port when a line of |channel| says it.
  async launch(command, args, stdio, channel, findPort) {
    const lines = [];
    this.process = spawn(command, args, { stdio, env: { PATH: process.env.PATH } });
    this.exited = new Promise((resolve) => this.process.on("exit", (code, signal) => resolve(code ?? signal)));
    for (const stream of [this.process.stderr, this.process.stdio[3]]) {
      if (stream && stream !== this.process.stdio[channel]) eachLine(stream, (line) => lines.push(line));
    }
    const port = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${command} ${why}:\n${lines.slice(-20).join("\n")}`));
      const timer = setTimeout(() => { this.process.kill("SIGKILL"); fail("did not listen in time"); }, START_MS);
      this.exited.then((code) => { clearTimeout(timer); fail(`ended with ${code}`); });
      this.process.on("error", reject);
      eachLine(this.process.stdio[channel], (line) => {
        lines.push(line);
        const found = findPort(line);
        if (found) { clearTimeout(timer); resolve(found); }
      });
    });
    this.url = `http://127.0.0.1:${port}/v1/run`;
  }

  async stop() {
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_MS);
    this.process.kill("SIGTERM");
    await this.exited;
    clearTimeout(timer);
    if (this.dir) rmSync(this.dir, { recursive: true, force: true });
  }

  // {pssKb, privateKb, rssKb, cpuMs, processes} of the process and all below it.
  use() {
    const sum = { pssKb: 0, privateKb: 0, rssKb: 0, cpuMs: 0, processes: 0 };
    for (const pid of family(this.process.pid)) {
      const one = useOf(pid);
      for (const key of Object.keys(one)) sum[key] += one[key];
      sum.processes++;
    }
    return sum;
  }
}

export class Mayfly extends Side {
  static title = "mayflyd";
  // |way|: how fetch() goes out; without it, not at all. |more|: of the configuration.
  async start({ way, ...more } = {}) {
    this.dir = mkdtempSync(path.join(tmpdir(), "mayfly-bench-"));
    writeFileSync(path.join(this.dir, "mayfly.json"), JSON.stringify({ ...more, ...(way ? { outbound: { default: "bench" } } : {}) }));
    await this.#serve();
    if (way) await this.#openWay(way);
    return this;
  }

  // On what it has stored; how many milliseconds it takes until it is ready.
  async restart() {
    this.process.kill("SIGTERM");
    await this.exited;
    const begin = performance.now();
    await this.#serve();
    return performance.now() - begin;
  }

  async #serve() {
    await this.launch(path.join(binDir, "mayflyd"), ["--listen", "127.0.0.1:0", "--state-dir", path.join(this.dir, "state"), "--config", path.join(this.dir, "mayfly.json")],
      ["ignore", "ignore", "pipe"], 2, (line) => /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    const end = Date.now() + START_MS;
    while ((await fetch(new URL("/readyz", this.url))).status !== 200) {
      if (Date.now() > end) throw new Error("mayflyd did not become ready");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #openWay(way) {
    const put = async (what, body) => {
      const response = await fetch(new URL(`/v1/${what}`, this.url), { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`${what}: ${await response.text()}`);
    };
    const injects = way.startsWith("inject");
    if (injects) await put("secrets/bench", { kind: "bearer", token: "0123456789abcdef0123456789abcdef", hosts: ["127.0.0.1:*"], allowHttp: true });
    await put("outbounds/bench", { rules: [{
      match: { host: "127.0.0.1", port: "*" }, action: injects ? { inject: { secret: "bench" } } : "allow",
      allowHttp: true, addresses: ["127.0.0.0/8"], ...(way === "inject, redact off" ? { redact: "off" } : {}) }] });
  }

  static version() { return readFirst(path.join(binDir, "mayflyd")); }
  static missing() { return existsSync(path.join(binDir, "mayflyd")) ? null : `${binDir}/mayflyd is missing: cmake --workflow --preset release`; }
}

export class Workerd extends Side {
  static title = "workerd";
  // |way|: through a gateway; without it fetch() is blocked. |config|: what else the parent does.
  async start({ way, config = way ? "workerd-proxy.capnp" : "workerd.capnp" } = {}) {
    await this.launch(workerdPath, ["serve", path.resolve(top, "bench", config), "--experimental", "--control-fd=3"],
      ["ignore", "ignore", "pipe", "pipe"], 3, (line) => /"event":\s*"listen".*"port":\s*(\d+)/.exec(line)?.[1]);
    return this;
  }
  static version() { return readFirst(workerdPath); }
  static missing() { return existsSync(workerdPath) ? null : `${workerdPath} is missing: third_party/install --bench`; }
}

async function readFirst(command) {
  const child = spawn(command, ["--version"], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (chunk) => { text += chunk; });
  await new Promise((resolve) => child.on("close", resolve));
  return text.trim();
}

function family(root) {
  const children = new Map();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    let stat;
    try { stat = readFileSync(`/proc/${name}/stat`, "utf8"); } catch { continue; } // It has just ended.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [root];
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i]) ?? []));
  return all;
}

export function useOf(pid) {
  const none = { pssKb: 0, privateKb: 0, rssKb: 0, cpuMs: 0 };
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const kb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pssKb: kb("Pss"), privateKb: kb("Private_Clean") + kb("Private_Dirty"), rssKb: kb("Rss"), cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return none;
    throw new Error(`memory of process ${pid} cannot be read (run as root, executors are not dumpable): ${error.message}`);
  }
}
