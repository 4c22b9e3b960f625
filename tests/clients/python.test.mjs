// python.test.mjs - Python's unittest of clients/python, against a daemon that this starts.
import { test } from "node:test";
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon, assert } from "../lib/mayfly.mjs";

test("clients/python", async () => {
  const daemon = await Daemon.start();
  const here = path.dirname(fileURLToPath(import.meta.url));
  const child = spawn("python3", ["-B", "-W", "error", path.join(here, "python_client.py"), "-v"], { stdio: "inherit", env: { PATH: process.env.PATH, PYTHONPATH: path.join(here, "../../clients/python"), MF_URL: daemon.url } });
  assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 0);
  await daemon.stop();
});
