// workspaces-diff.test.mjs - diffs of files in workspaces, against what patch(1) makes of them and what diff(1) says is shortest.
import { test, before, after } from "node:test";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace, refused } from "../lib/workspace.mjs";
import { randomOf } from "../lib/workspace-model.mjs";

let daemon, w, scratch;
before(async () => { daemon = await Daemon.start(); w = await Workspace.make(daemon.url, "diff"); scratch = mkdtempSync(path.join(tmpdir(), "mayfly-diff-")); });
after(async () => { rmSync(scratch, { recursive: true, force: true }); assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

const get = (query) => fetch(`${w.at}/diff?${new URLSearchParams(query)}`);
const diff = async (a, b, more = {}) => {
  await w.done({ op: "write", path: "/a", text: a }, { op: "write", path: "/b", text: b });
  const response = await get({ from: "/a", to: "/b", ...more });
  assert.equal(response.status, 200);
  return response.text();
};

test("a diff as people know it", async () => {
  assert.equal(await diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"), "--- a/a\n+++ b/b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  assert.equal(await diff("1\n2\n", "1\n2"), "--- a/a\n+++ b/b\n@@ -1,2 +1,2 @@\n 1\n-2\n+2\n\\ No newline at end of file\n");
  assert.equal(await diff("same\n", "same\n"), "");
  assert.equal(await diff("", "x\n"), "--- a/a\n+++ b/b\n@@ -0,0 +1,1 @@\n+x\n");
  assert.equal(await diff("a\nb\nc\n", "a\nB\nc\n", { context: 0 }), "--- a/a\n+++ b/b\n@@ -2,1 +2,1 @@\n-b\n+B\n");
  await w.done({ op: "write", path: "/a", base64: "AAA=" });
  assert.equal(await (await get({ from: "/a", to: "/b" })).text(), "Binary files differ\n");
});

test("what was in a snapshot, and files that are not there", async () => {
  await w.done({ op: "write", path: "/f", text: "old\n" });
  assert.equal((await fetch(`${w.at}/snapshots`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"name":"s"}' })).status, 201);
  await w.done({ op: "write", path: "/f", text: "new\n" }, { op: "write", path: "/g", text: "made\n" });
  assert.equal(await (await get({ from: "/f", fromSnapshot: "s" })).text(), "--- a/f\n+++ b/f\n@@ -1,1 +1,1 @@\n-old\n+new\n");
  assert.equal(await (await get({ from: "/g", fromSnapshot: "s" })).text(), "--- /dev/null\n+++ b/g\n@@ -0,0 +1,1 @@\n+made\n");
  assert.equal(await (await get({ from: "/g", toSnapshot: "s" })).text(), "--- a/g\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-made\n");
  await refused(await get({ from: "/none" }), 404, "fs.enoent");
  await refused(await get({ from: "/" }), 409, "fs.eisdir");
  await refused(await get({ to: "/f" }), 400, "api.field");
  await refused(await get({ from: "/f", fromSnapshot: "none" }), 404, "workspace.snapshot");
});

test("patch(1) makes the one of the other, and diff(1) finds no shorter way", async () => {
  const random = randomOf(20261126);
  for (let round = 0; round < 150; round++) {
    const lines = (n) => Array.from({ length: n }, () => random.pick(["a", "b", "c", "", "long line"]));
    const a = lines(random.below(40));
    const b = random.chance(0.3) ? lines(random.below(40)) : a.flatMap((line) => random.chance(0.1) ? [] : random.chance(0.1) ? [line, "new"] : [line]);
    const [from, to] = [a, b].map((all) => all.join("\n") + (all.length > 0 && random.chance(0.8) ? "\n" : ""));
    const context = random.below(5);
    const text = await diff(from, to, { context });
    const [fileA, fileB] = ["a", "b"].map((name) => path.join(scratch, name));
    writeFileSync(fileA, from);
    writeFileSync(fileB, to);
    if (text !== "") execFileSync("patch", ["-s", ...(context === 0 ? ["-u"] : []), "-o", `${fileA}.out`, fileA], { input: text }); else writeFileSync(`${fileA}.out`, from);
    assert.equal(readFileSync(`${fileA}.out`, "utf8"), to, `${JSON.stringify(from)} to ${JSON.stringify(to)}:\n${text}`);
    const changed = (all) => all.split("\n").slice(2).filter((line) => /^[-+]/.test(line)).length;
    assert.equal(changed(text), changed(spawnSync("diff", ["-u", "--minimal", fileA, fileB], { encoding: "utf8" }).stdout));
  }
});

test("two large files that have nothing in common end too", async () => {
  const many = (from) => Array.from({ length: 50_000 }, (_, i) => `${from + i}\n`).join("");
  const begin = Date.now();
  const text = await diff(many(0), many(1_000_000));
  assert.equal(text.split("\n").filter((line) => /^[-+]\d/.test(line)).length, 100_000);
  assert.ok(Date.now() - begin < 20_000);
  await refused(await (await w.put("/a", "\n".repeat(200_000)), get({ from: "/a", to: "/b" })), 413, "fs.efbig");
});
