// mayfly.mjs - what every test of the real binaries uses: starts mayflyd on port 0 with a directory of its own, speaks to it,
// and stops it. MF_BIN_DIR names the folder of the binaries.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import http from "node:http";
import assert from "node:assert/strict";

export const binDir = process.env.MF_BIN_DIR ?? path.resolve("build/release/bin");
export const DATE = "2026-09-01";

const START_MS = 30_000;
const STOP_MS = 45_000;

export class Daemon {
  // options: {config: object of mayfly.json, args: [...], env: {...}, dir: of one that was killed}; resolves when it listens.
  static async start(options = {}) {
    const daemon = new Daemon();
    daemon.dir = options.dir ?? mkdtempSync(path.join(tmpdir(), "mayfly-test-"));
    daemon.lines = [];
    daemon.addresses = [];
    daemon.unknown = []; // Answers with a problem that their route does not declare.
    const args = ["--state-dir", path.join(daemon.dir, "state")];
    // A sanitizer's run time makes system calls that the jail refuses.
    const config = { ...(process.env.MF_TEST_JAIL === "none" ? { jail: { layers: [], required: [] } } : {}), ...options.config };
    if (!config.listen) args.push("--listen", "127.0.0.1:0");
    const file = path.join(daemon.dir, "mayfly.json");
    writeFileSync(file, JSON.stringify(config));
    args.push("--config", file, ...(options.args ?? []));
    daemon.process = spawn(path.join(binDir, "mayflyd"), args, {
      stdio: ["ignore", "inherit", "pipe"],
      env: { PATH: process.env.PATH, ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}), ...options.env },
    });
    // A test that fails must not be kept from ending by the daemon that it leaves behind.
    process.on("exit", () => daemon.process.kill("SIGKILL"));
    daemon.process.unref();
    daemon.process.stderr.unref?.();
    daemon.exited = new Promise((resolve) => daemon.process.on("exit", (code, signal) => resolve({ code, signal })));
    await daemon.#listening(options.listens ?? (config.listen?.length || 1));
    return daemon;
  }

  // Resolves when |count| "listening on" lines came; rejects with the log when the daemon ends before.
  #listening(count) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail("did not listen in time"), START_MS);
      let rest = "";
      const fail = (why) => {
        clearTimeout(timer);
        this.process.kill("SIGKILL");
        reject(new Error(`mayflyd ${why}:\n${this.lines.join("\n")}`));
      };
      this.exited.then(({ code, signal }) => fail(`ended with ${code ?? signal}`));
      this.process.stderr.setEncoding("utf8");
      this.process.stderr.on("data", (text) => {
        rest += text;
        const parts = rest.split("\n");
        rest = parts.pop();
        for (const line of parts) {
          this.lines.push(line);
          if (process.env.MF_TEST_LOG) console.error(line);
          let msg = line;
          try { msg = JSON.parse(line).msg ?? line; } catch { /* not one of ours: a sanitizer's report, say */ }
          if (msg.startsWith("openapi.json does not know")) this.unknown.push(line);
          const found = /^listening on (\S+)$/.exec(msg);
          if (found) this.addresses.push(found[1]);
          if (this.addresses.length === count) {
            clearTimeout(timer);
            resolve();
          }
        }
      });
    });
  }

  get url() { return this.addresses.find((a) => a.startsWith("http://")); }
  get pid() { return this.process.pid; }

  // By default at once, in the middle of whatever it does; its directory stays.
  async kill(signal = "SIGKILL") {
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_MS); // The process alone does not keep Node waiting.
    this.process.kill(signal);
    const end = await this.exited;
    clearTimeout(timer);
    assert.deepEqual(this.unknown, []);
    return end;
  }

  async stop(signal = "SIGTERM") {
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_MS);
    this.process.kill(signal);
    const end = await this.exited;
    clearTimeout(timer);
    rmSync(this.dir, { recursive: true, force: true });
    assert.deepEqual(this.unknown, []);
    return end;
  }

  // One module as it is typed to curl.
  async runSource(source, { type = "text/javascript", headers = {}, query = "", signal } = {}) {
    return fetch(`${this.url}/v1/run${query}`, { method: "POST", body: source, headers: { "content-type": type, ...headers }, signal });
  }

  // The JSON form; |code| is a source, a map of modules, or a whole WorkerCode.
  async run(code, call = {}) {
    const response = await fetch(`${this.url}/v1/run`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(call.headers ?? {}) },
      body: JSON.stringify({ ...call.fields, code: workerCode(code, call.code), ...(call.request ? { request: call.request } : {}), ...(call.limits ? { limits: call.limits } : {}) }),
      signal: call.signal,
    });
    const body = await response.json();
    return { status: response.status, headers: response.headers, ...body };
  }

  async health() { return (await fetch(`${this.url}/healthz`)).json(); }
  async executors() { return (await this.health()).executors.list; }

  // Polls what has no event of its own; bounded.
  async until(check, ms = 20_000) {
    const end = Date.now() + ms;
    for (;;) {
      const value = await check();
      if (value) return value;
      assert.ok(Date.now() < end, `not within ${ms} ms: ${check}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  memory() { return memoryOf(this.pid); }
}

export function workerCode(code, more = {}) {
  if (typeof code === "string") code = { "main.js": code };
  if (!code.modules) code = { mainModule: Object.keys(code)[0], modules: code };
  return { compatibilityDate: DATE, ...code, ...more };
}

// A worker around an expression or statements: the body of fetch(request, env, ctx).
export const worker = (body) => `export default { async fetch(request, env, ctx) { ${body} } }`;

// Resident and open descriptors of a process of ours.
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { rssKb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]), threads: Number(/Threads:\s+(\d+)/.exec(status)[1]) };
}

// Raw bytes over a socket: what no client library would send.
export async function raw(url, bytes, { until } = {}) {
  const { default: net } = await import("node:net");
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => { text += chunk.toString("latin1"); if (until?.(text)) socket.destroy(); });
    socket.on("close", () => resolve(text));
    socket.on("error", (error) => (text ? resolve(text) : reject(error)));
  });
}

export { http, assert };
