// workspaces-full.test.mjs - no room left: by the daemon's own limit, and on a disk that is really full. What was answered is there, what was refused
// is not, and once there is room again everything goes on.
import { test } from "node:test";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace } from "../lib/workspace.mjs";

const fsck = fileURLToPath(new URL("../lib/fsck.py", import.meta.url));

async function fill(daemon) {
  const w = await Workspace.make(daemon.url, "full");
  const kept = new Map();
  const failures = new Set();
  for (let i = 0; failures.size < 3 || i < 60; i++) {
    assert.ok(i < 2000, "it is never full");
    const ops = [{ op: "write", path: `/f${i}`, base64: randomBytes(100_000 + i).toString("base64") }, { op: "write", path: `/d/g${i}`, text: `${i}`, parents: true }];
    const response = i % 3 === 0 ? await w.put(`/f${i}`, Buffer.from(ops[0].base64, "base64")) : i % 7 === 0 ? await w.put(`/f${i}`, Buffer.concat([Buffer.from(ops[0].base64, "base64"), Buffer.alloc(2 << 20, i)])) : undefined;
    const answer = response ? { status: response.status, ...(await response.json()) } : await w.ops(...ops);
    if (answer.status < 300) kept.set(`/f${i}`, 100_000 + i + (response && i % 3 !== 0 ? 2 << 20 : 0));
    else { assert.equal(answer.status, 507, JSON.stringify(answer)); assert.equal(answer.code, "store.full"); failures.add(i); }
  }
  for (const [name, size] of kept) assert.equal((await w.read(name)).length, size, name);
  for (const i of failures) assert.equal((await w.file(`/f${i}`)).status, 404);
  return { w, kept };
}

async function freeAndGoOn(daemon, { w, kept }) {
  const gone = [...kept.keys()].slice(0, Math.ceil(kept.size / 2));
  for (const name of gone) {
    // Removing needs a little room of its own: the first ones may have to wait for the collector.
    await daemon.until(async () => (await w.file(name, { method: "DELETE" })).status !== 507);
    kept.delete(name);
  }
  await daemon.until(async () => (await w.put("/again", randomBytes(100_000))).ok);
  for (const [name, size] of kept) assert.equal((await w.read(name)).length, size, name);
}

test("the file may not grow any further", { timeout: 120_000 }, async () => {
  const daemon = await Daemon.start({ config: { limits: { storeBytes: 16 << 20 } } });
  try {
    await freeAndGoOn(daemon, await fill(daemon));
    await daemon.kill("SIGTERM");
    const look = spawnSync("python3", [fsck, path.join(daemon.dir, "state", "mayfly.db")], { encoding: "utf8" });
    assert.equal(look.status, 0, look.stdout + look.stderr);
  } finally { await daemon.stop(); }
});

test("the disk is full", { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-full-"));
  try {
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", dir]).status !== 0) return t.skip("nothing can be mounted here");
    let daemon = await Daemon.start({ dir });
    const ballast = path.join(dir, "ballast");
    writeFileSync(ballast, Buffer.alloc(4 << 20));
    const state = await fill(daemon);
    // Also after a kill in that state.
    await daemon.kill();
    daemon = await Daemon.start({ dir });
    state.w = new Workspace(daemon.url, "full");
    for (const [name, size] of state.kept) assert.equal((await state.w.read(name)).length, size, name);
    rmSync(ballast);
    await freeAndGoOn(daemon, state);
    assert.deepEqual(await daemon.kill("SIGTERM"), { code: 0, signal: null });
    const look = spawnSync("python3", [fsck, path.join(dir, "state", "mayfly.db")], { encoding: "utf8" });
    assert.equal(look.status, 0, look.stdout + look.stderr);
  } finally {
    spawnSync("umount", [dir]);
    rmSync(dir, { recursive: true, force: true });
  }
});
