// install.test.mjs - what `cmake --install` puts somewhere works there: three programs that find each other, and what to read.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { assert, binDir } from "../lib/mayfly.mjs";

test("installed elsewhere, the daemon serves and the client reaches it", async () => {
  const prefix = mkdtempSync(path.join(tmpdir(), "mayfly-install-"));
  execFileSync("cmake", ["--install", path.dirname(binDir), "--prefix", prefix], { stdio: "ignore" });
  for (const file of ["share/doc/mayfly/LICENSE", "share/doc/mayfly/config.md", "share/mayfly/grafana/mayfly.json"]) assert.ok(existsSync(path.join(prefix, file)), file);
  for (const program of ["mayflyd", "mayfly-executor", "mayfly"]) assert.equal(statSync(path.join(prefix, "bin", program)).mode & 0o777, 0o755, program);
  const config = path.join(prefix, "mayfly.json"), source = path.join(prefix, "hello.ts");
  writeFileSync(config, JSON.stringify(process.env.MF_TEST_JAIL === "none" ? { jail: { layers: [], required: [] } } : {}));
  writeFileSync(source, `export default { fetch: (): Response => new Response("installed") };`);
  const daemon = spawn(path.join(prefix, "bin/mayflyd"), ["--listen", "127.0.0.1:0", "--state-dir", path.join(prefix, "state"), "--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  process.on("exit", () => daemon.kill("SIGKILL"));
  const ended = new Promise((resolve) => daemon.on("exit", resolve));
  const url = await new Promise((resolve, reject) => {
    ended.then((code) => reject(new Error(`mayflyd ended with ${code}`)));
    createInterface({ input: daemon.stderr }).on("line", (line) => { const found = /listening on (http:[^"]*)/.exec(line); if (found) resolve(found[1]); });
  });
  assert.equal(execFileSync(path.join(prefix, "bin/mayfly"), ["run", source, "--url", url], { encoding: "utf8" }), "installed");
  daemon.kill("SIGTERM");
  assert.equal(await ended, 0);
  rmSync(prefix, { recursive: true });
});
