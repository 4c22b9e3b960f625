// workspaces-snapshots.test.mjs - snapshots, forks and changes of workspaces, and that none of them takes longer for a large tree.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace, refused } from "../lib/workspace.mjs";
import { observe } from "../lib/workspace-model.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

const json = { "content-type": "application/json" };
const post = (w, rest, body, method = "POST") => fetch(w.at + rest, { method, headers: json, body: body && JSON.stringify(body) });

test("a snapshot is what was there, and the workspace becomes it again", async () => {
  const w = await Workspace.make(daemon.url, "snap");
  await w.done({ op: "write", path: "/d/f", text: "one", parents: true });
  const made = await post(w, "/snapshots", { name: "before" });
  assert.deepEqual([made.status, (({ name, revision, bytes, inodes }) => [name, revision, bytes, inodes])(await made.json())], [201, ["before", 1, 3, 3]]);
  await refused(await post(w, "/snapshots", { name: "before" }), 409, "exists");
  await refused(await post(w, "/snapshots", { name: "-" }), 400, "api.name");
  const then = await observe(w);
  const etag = (await w.file("/d/f", { method: "HEAD" })).headers.get("etag");
  await w.done({ op: "write", path: "/d/f", text: "two" }, { op: "mv", from: "/d", to: "/e" }, { op: "write", path: "/g", text: "x" });
  assert.equal(await w.text("/d/f", { query: "?snapshot=before" }), "one");
  assert.deepEqual((await w.get("/list?recursive=true&snapshot=before")).entries.map((e) => e.path), ["/d", "/d/f"]);
  assert.equal((await w.get("/grep?pattern=one&snapshot=before")).matches.length, 1);
  await refused(await w.file("/d/f", { query: "?snapshot=none" }), 404, "workspace.snapshot");
  const back = await (await post(w, "/snapshots/before/restore")).json();
  assert.deepEqual([back.revision, back.usage], [3, { bytes: 3, inodes: 3 }]);
  assert.deepEqual(await observe(w), then);
  assert.equal((await w.file("/d/f", { method: "HEAD" })).headers.get("etag"), etag, "the same content has its etag again");
  await w.done({ op: "write", path: "/d/f", text: "three" });
  assert.equal(await w.text("/d/f", { query: "?snapshot=before" }), "one");
  assert.deepEqual((await w.get("/snapshots")).snapshots.map((s) => s.name), ["before"]);
  assert.equal((await post(w, "/snapshots/before", undefined, "DELETE")).status, 204);
  await refused(await post(w, "/snapshots/before", undefined, "DELETE"), 404, "workspace.snapshot");
  await refused(await post(w, "/snapshots/before/restore"), 404, "workspace.snapshot");
  for (let i = 0; i < 100; i++) assert.equal((await post(w, "/snapshots", { name: `n${i}` })).status, 201);
  await refused(await post(w, "/snapshots", { name: "more" }), 429, "too_many");
});

test("a fork goes its own way", async () => {
  const w = await Workspace.make(daemon.url, "trunk", { bytes: 1000, inodes: 20 });
  await w.done({ op: "write", path: "/a/f", text: "one", parents: true });
  await post(w, "/snapshots", { name: "s" });
  await w.done({ op: "write", path: "/a/f", text: "two" });
  const made = await (await post(w, "/fork", { name: "branch" })).json();
  assert.deepEqual([made.quota, made.usage, made.revision], [{ bytes: 1000, inodes: 20 }, { bytes: 3, inodes: 3 }, 2]);
  assert.equal((await post(w, "/fork", { name: "old", snapshot: "s", quota: { bytes: 10 } })).status, 201);
  const [branch, old] = [new Workspace(daemon.url, "branch"), new Workspace(daemon.url, "old")];
  await branch.done({ op: "append", path: "/a/f", text: "!" });
  await old.done({ op: "rm", path: "/a", recursive: true });
  assert.deepEqual([await w.text("/a/f"), await branch.text("/a/f"), await w.text("/a/f", { query: "?snapshot=s" })], ["two", "two!", "one"]);
  await refused(await post(w, "/fork", { name: "branch" }), 409, "exists");
  await refused(await post(w, "/fork", { name: "small", quota: { bytes: 2 } }), 507, "fs.enospc");
  await refused(await post(w, "/fork", { name: "x", snapshot: "none" }), 404, "workspace.snapshot");
  await refused(await post(w, "/fork", { name: "x", snapshot: "" }), 400, "api.field");
  assert.equal((await fetch(w.at, { method: "DELETE" })).status, 204);
  assert.equal(await branch.text("/a/f"), "two!");
  assert.deepEqual((await branch.get("/changes?since=2")).changes.map((c) => c.path), ["/a/f"]);
  await refused(await fetch(`${branch.at}/changes?since=1`), 410, "workspace.changes_gone");
});

test("changes tell what to bring a copy up to date with", async () => {
  const w = await Workspace.make(daemon.url, "changes");
  await w.done({ op: "mkdir", path: "/x/y", parents: true }, { op: "write", path: "/x/y/f", text: "1" });
  await w.done({ op: "mv", from: "/x", to: "/z" });
  await w.done({ op: "rm", path: "/none", force: true });
  await w.done({ op: "cp", from: "/z", to: "/w", recursive: true });
  await w.done({ op: "rm", path: "/z", recursive: true });
  const all = [[1, "put", "/x"], [1, "put", "/x/y"], [1, "put", "/x/y/f"], [2, "rename", "/z"], [3, "tree", "/w"], [4, "delete", "/z"]];
  const page = await w.get("/changes");
  assert.deepEqual([page.revision, page.next, page.changes.map((c) => [c.revision, c.kind, c.path])], [4, null, all]);
  assert.equal(page.changes[3].from, "/x");
  const found = [];
  for (let next = "0"; next !== null;) {
    const one = await w.get(`/changes?since=${next}&limit=1`);
    found.push(...one.changes.map((c) => [c.revision, c.kind, c.path]));
    next = one.next;
  }
  assert.deepEqual(found, all);
  assert.deepEqual((await w.get("/changes?since=3")).changes.map((c) => c.path), ["/z"]);
  assert.deepEqual((await w.get("/changes?since=4")).changes, []);
  await refused(await fetch(`${w.at}/changes?since=5`), 410, "workspace.changes_gone");
  for (const bad of ["x", "1.", "-1", "1.x"]) await refused(await fetch(`${w.at}/changes?since=${bad}`), 400, "api.field");
});

test("copy, rename, snapshot, fork, restore and removal take no longer for 20,000 files", async () => {
  const w = await Workspace.make(daemon.url, "many");
  for (let i = 0; i < 20; i++) await w.done(...Array.from({ length: 1000 }, (_, j) => ({ op: "write", path: `/tree/d${i}/s${j % 10}/f${j}`, text: `${i}.${j}`, parents: true })));
  const begin = Date.now();
  await w.done({ op: "cp", from: "/tree", to: "/copy", recursive: true }, { op: "mv", from: "/copy", to: "/deep/er/copy", parents: true });
  assert.equal((await post(w, "/snapshots", { name: "s" })).status, 201);
  assert.equal((await post(w, "/fork", { name: "many-fork" })).status, 201);
  await w.done({ op: "rm", path: "/tree", recursive: true }, { op: "rm", path: "/deep", recursive: true });
  assert.deepEqual((await w.get()).usage, { bytes: 0, inodes: 1 });
  assert.equal((await post(w, "/snapshots/s/restore")).status, 200);
  const took = Date.now() - begin;
  assert.ok(took < (process.env.ASAN_OPTIONS ? 5000 : 1000), `${took} ms`);
  assert.equal((await w.get()).usage.inodes, (await new Workspace(daemon.url, "many-fork").get()).usage.inodes);
  assert.equal(await w.text("/deep/er/copy/d3/s7/f7"), "3.7");
});
