// examples.test.mjs - what the clients' documentation shows runs, and prints what it says.
import { test, before, after } from "node:test";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { npm, dist } from "./npm.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const clients = path.join(here, "../../clients");
let daemon, dir;
before(async () => { daemon = await Daemon.start(); dir = mkdtempSync(path.join(tmpdir(), "mayfly-examples-")); });
after(async () => { await daemon.stop(); rmSync(dir, { recursive: true }); });

const env = { PATH: process.env.PATH, PYTHONPATH: path.join(clients, "python"), MF_CLIENT_NPM: npm, MF_CLIENT_JS: dist };
const run = (...command) => new Promise((resolve, reject) => execFile(command[0], command.slice(1), { env, timeout: 60_000 }, (error, out, err) => (error ? reject(new Error(`${error.message}\n${err}`)) : resolve(out))));
const node = (...args) => run(process.execPath, "--import", path.join(here, "npm.mjs"), ...args);

// Blocks of |language| in a document, with the daemon of this test in place of the one that they name.
function blocks(file, language) {
  const text = readFileSync(path.join(clients, file), "utf8").replaceAll("http://127.0.0.1:8787", daemon.url);
  const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map((match) => match[1]);
  assert.ok(found.length > 0);
  return found;
}
// What a block says that it prints, behind its last comment.
const promised = (code, mark) => code.slice(code.lastIndexOf(mark) + mark.length).trim();

test("clients/js/README.md", async () => {
  for (const code of blocks("js/README.md", "js")) {
    const file = path.join(dir, "block.mjs");
    writeFileSync(file, code);
    assert.equal((await node(file)).trim(), promised(code, "// "), code);
  }
});

test("clients/python/README.md", async () => {
  for (const code of blocks("python/README.md", "python")) {
    const file = path.join(dir, "block.py");
    writeFileSync(file, code);
    assert.equal((await run("python3", "-B", file)).trim(), promised(code, "  # "), code);
  }
});

test("examples/code-mode.mjs: the same answer and notes, for a fraction of the tokens", async () => {
  const out = await node(path.join(clients, "js/examples/code-mode.mjs"), daemon.url);
  const [calls, program] = ["tools one by one", "one program"].map((name) => new RegExp(`^${name} +(\\d+) +(\\d+) +(\\d+) +(\\d+)$`, "m").exec(out).slice(1).map(Number));
  assert.deepEqual([calls[0], program[0]], [9, 2]);
  assert.ok(program[3] * 3 < calls[3], out);
  assert.match(out, /^19 services depend on orders-db/);
});
