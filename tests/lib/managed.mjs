// managed.mjs - mayflyd under a service manager, tests/lib/manager.py: it hands over sockets, hears notices and sends signals.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { binDir } from "./mayfly.mjs";

const manager = fileURLToPath(new URL("../lib/manager.py", import.meta.url));

export class Managed {
  constructor(options) {
    this.dir = mkdtempSync(path.join(tmpdir(), "mayfly-managed-"));
    this.file = path.join(this.dir, "mayfly.json");
    this.configure(options.config);
    this.said = [];
    this.waiting = [];
    this.child = spawn("python3", [manager, path.join(binDir, "mayflyd"), this.dir, JSON.stringify({ ...options, command: options.command?.(this.dir), args: ["--config", this.file, ...(options.args ?? [])] })], { stdio: ["pipe", "pipe", "inherit"] });
    process.on("exit", () => this.child.kill("SIGKILL"));
    createInterface({ input: this.child.stdout }).on("line", (line) => { this.said.push(JSON.parse(line)); for (const one of [...this.waiting]) one(); });
    this.ended = new Promise((resolve) => this.child.on("exit", resolve));
  }

  // Resolves with the first thing that was or will be said and |fits|.
  heard(fits) {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`not heard:\n${this.said.map((one) => one.error ?? JSON.stringify(one)).join("\n")}`));
      const timer = setTimeout(fail, 30_000);
      const look = () => {
        const found = this.said.find(fits);
        if (found === undefined && this.said.at(-1)?.status !== undefined) fail(); // It was the last thing.
        else if (found === undefined) return;
        clearTimeout(timer);
        this.waiting = this.waiting.filter((one) => one !== look);
        resolve(found);
      };
      this.waiting.push(look);
      look();
    });
  }

  // Writes mayfly.json; a sanitizer's run time makes system calls that the jail refuses.
  configure(config) {
    writeFileSync(this.file, typeof config === "string" ? config : JSON.stringify({ ...(process.env.MF_TEST_JAIL === "none" ? { jail: { layers: [], required: [] } } : {}), ...config }));
  }

  // SIGHUP; resolves with the notice that ends the reload.
  async reload(config) {
    if (config !== undefined) this.configure(config);
    const before = this.said.length;
    this.signal("SIGHUP");
    const after = (fits) => this.heard((one) => this.said.indexOf(one, before) >= before && fits(one));
    await after((one) => one.notice?.startsWith("RELOADING=1\nMONOTONIC_USEC="));
    return (await after(isReady)).notice;
  }

  get logged() { return this.said.filter((one) => one.error).map((one) => JSON.parse(one.error).msg); }

  // A signal for the oldest daemon; "NEXT": another one beside it, "AFTER": once it has ended (both want the option |next|).
  signal(name) { this.child.stdin.write(`${name}\n`); }
  async stop() {
    this.child.stdin.end();
    await this.ended;
    rmSync(this.dir, { recursive: true, force: true });
    return this.said.at(-1).status;
  }
}

export const isReady = (one) => one.notice?.startsWith("READY=1\n");
export const get = (where) => new Promise((resolve, reject) => http.get({ path: "/readyz", agent: false, ...where }, (response) => { response.resume(); resolve(response.statusCode); }).on("error", reject));
