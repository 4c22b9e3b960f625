// workspace.test.mjs - the clients' workspaces against the real mayflyd, and @cloudflare/shell from npm on top of them, as it is.
import { test, before, after } from "node:test";
import crypto from "node:crypto";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { load, loadClient } from "./npm.mjs";

let daemon, client, mayfly, shell, git;
before(async () => {
  daemon = await Daemon.start();
  await loadClient("register.js");
  client = await loadClient("index.js");
  mayfly = new client.Mayfly({ url: daemon.url });
  shell = await load("@cloudflare/shell");
  git = await load("@cloudflare/shell/git");
});
after(() => daemon.stop());

let count = 0;
const fresh = () => new client.MayflyWorkspace({ client: mayfly, name: `w${++count}` });
const all = async (rows) => { const found = []; for await (const row of rows) found.push(row); return found; };
const code = (wanted) => (error) => { assert.equal(error.code, wanted, error.stack); return true; };
const text = new TextDecoder();

/* ---- the REST API as methods ---- */

test("workspaces: made, listed over pages, given a quota, deleted", async () => {
  const info = await mayfly.workspaces.put("one", { quota: { bytes: 5000, inodes: 10 } });
  assert.deepEqual([info.name, info.quota], ["one", { bytes: 5000, inodes: 10 }]);
  await Promise.all(Array.from({ length: 40 }, (_, i) => mayfly.workspaces.put(`many-${i}`)));
  assert.equal((await all(mayfly.workspaces.list())).filter((w) => w.name.startsWith("many-")).length, 40);
  await assert.rejects(mayfly.workspace("one").write("/big", new Uint8Array(6000)), code("ENOSPC"));
  await mayfly.workspaces.delete("one");
  await assert.rejects(mayfly.workspaces.get("one"), (error) => error instanceof client.MayflyError && error.code === "workspace.unknown");
});

test("files: written and read in every form, with conditions and parts", async () => {
  await mayfly.workspaces.put("files");
  const files = mayfly.workspace("files");
  const bytes = crypto.randomBytes(100_000);
  const entry = await files.write("/a b/ü#?.bin", bytes, { mode: "600" });
  assert.deepEqual([entry.size, entry.mode], [100_000, "0600"]);
  assert.deepEqual(Buffer.from(await files.bytes("/a b/ü#?.bin")), bytes);
  assert.deepEqual(Buffer.from(await files.bytes("/a b/../a b/./ü#?.bin", { offset: 99_990, length: 100 })), bytes.subarray(99_990));
  assert.equal((await files.bytes("/a b/ü#?.bin", { offset: 100_000 })).length, 0);
  assert.equal((await files.bytes("/a b/ü#?.bin", { offset: 5, length: 0 })).length, 0);
  await files.write("/s", new Blob(["stre", "amed"]).stream());
  assert.equal(await files.text("/s"), "streamed");
  await assert.rejects(files.write("/s", "x", { exclusive: true }), (error) => error instanceof client.FileError && error.refusal.status === 412);
  await assert.rejects(files.write("/s", "x", { ifMatch: entry.etag }), (error) => error.refusal.status === 412);
  assert.equal((await files.edit("/s", [{ search: "stream", replace: "dream" }])).size, 7);
  assert.equal(await files.text("/s"), "dreamed");
  await assert.rejects(files.text("/no"), (error) => error.message === "ENOENT: no such file or directory, open '/no'" && error.path === "/no" && error.syscall === "open");
  await assert.rejects(files.ops([{ op: "mkdir", path: "/x" }, { op: "mv", from: "/none", to: "/x/y" }]), (error) => error.message === "ENOENT: no such file or directory, mv '/none' -> '/x/y'");
  await assert.rejects(files.stat("/x"), code("ENOENT"), "nothing of the batch is there");
});

test("looking: list, find, glob, grep over more than a page; diff, changes", async () => {
  await mayfly.workspaces.put("look");
  const files = mayfly.workspace("look");
  await files.ops(Array.from({ length: 2500 }, (_, i) => ({ op: "write", path: `/d/f${i}`, text: i % 2 ? "needle\n" : "hay\n", parents: true })));
  assert.equal((await all(files.list("/d"))).length, 2500);
  assert.equal((await all(files.find({ name: "f1*", type: "file" }))).length, 1111);
  assert.equal((await all(files.glob("d/f?"))).length, 10);
  assert.equal((await all(files.grep("needle", { path: "/d" }))).length, 1250);
  await files.write("/large", "x".repeat(17 << 20));
  const skipped = [];
  assert.equal((await all(files.grep("nothing", {}, { onSkipped: (one) => skipped.push(one.path) }))).length, 0);
  assert.deepEqual(skipped, ["/large"]);
  assert.match(await files.diff("/d/f0", "/d/f1"), /-hay\n\+needle/);
  const { revision } = await files.info();
  await files.ops([{ op: "mv", from: "/d", to: "/e" }]);
  assert.deepEqual((await all(files.changes(revision))).map(({ kind, from, path }) => [kind, from, path]), [["rename", "/d", "/e"]]);
});

test("trees: archives both ways, snapshots, forks", async () => {
  await mayfly.workspaces.put("trees");
  const files = mayfly.workspace("trees");
  await files.write("/p/q", "1");
  await files.snapshot("before");
  await files.write("/p/q", "2");
  assert.equal(await files.text("/p/q", { snapshot: "before" }), "1");
  assert.deepEqual((await files.snapshots()).map((s) => s.name), ["before"]);
  await files.fork("trees-fork", { snapshot: "before" });
  assert.equal(await mayfly.workspace("trees-fork").text("/p/q"), "1");
  assert.equal((await mayfly.workspace("trees-fork").extract("/copy", await files.archive("/p"))).entries >= 1, true);
  assert.equal(await mayfly.workspace("trees-fork").text("/copy/q"), "2");
  await files.restore("before");
  await files.deleteSnapshot("before");
  assert.deepEqual([await files.text("/p/q"), await files.snapshots()], ["1", []]);
});

/* ---- @cloudflare/shell's own interface ---- */

test("MayflyWorkspace: null for what is missing, Node's codes for the rest", async () => {
  const workspace = fresh();
  assert.deepEqual([await workspace.readFile("/no"), await workspace.readFileBytes("no"), await workspace.readFileStream("/no"), await workspace.stat("/no"), await workspace.lstat("/no")], [null, null, null, null, null]);
  assert.deepEqual([await workspace.exists("/no"), await workspace.fileExists("/no"), await workspace.deleteFile("/no")], [false, false, false]);
  await workspace.writeFile("a/b.txt", "hi \ud800");
  await workspace.appendFile("/a/b.txt", " there \udc00");
  assert.equal(await workspace.readFile("/a/b.txt"), "hi \ufffd there \ufffd");
  assert.equal(await workspace.readFile("/a/b.txt/c"), null);
  await assert.rejects(workspace.readFile("/a"), code("EISDIR"));
  await assert.rejects(workspace.deleteFile("/a"), code("EISDIR"));
  await assert.rejects(workspace.rm("/a"), code("ENOTEMPTY"));
  await assert.rejects(workspace.rm("/none"), code("ENOENT"));
  await workspace.rm("/none", { force: true });
  await assert.rejects(workspace.mkdir("/x/y"), code("ENOENT"));
  await assert.rejects(workspace.mkdir("/a"), code("EEXIST"));
  await assert.rejects(workspace.readlink("/a"), code("EINVAL"));
  await assert.rejects(workspace.readlink("/none"), code("ENOENT"));
  await assert.rejects(workspace.cp("/a", "/c"), code("EISDIR"));
  await assert.rejects(workspace.mv("/a", "/c", { recursive: false }), code("EISDIR"));
  const { path, name, type, size, createdAt } = await workspace.stat("/a/b.txt");
  assert.deepEqual([path, name, type, size], ["/a/b.txt", "b.txt", "file", 16]);
  assert.ok(Math.abs(createdAt - Date.now()) < 60_000);
  assert.equal(await workspace.deleteFile("/a/b.txt"), true);
  assert.deepEqual(await workspace.readDir("/a"), []);
  const strict = new client.MayflyWorkspace({ client: mayfly, name: "never-made", create: false });
  await assert.rejects(strict.writeFile("/x", ""), code("workspace.unknown"));
});

test("what @cloudflare/shell 0.4.3 gets wrong on its own store: large moves, long listings, directory links, bytes", async () => {
  const workspace = fresh();
  await workspace.mkdir("/big");
  await workspace.workspace.ops(Array.from({ length: 1100 }, (_, i) => ({ op: "write", path: `/big/f${i}`, text: `${i}`, parents: true })));
  assert.equal((await workspace.readDir("/big")).length, 1100);
  assert.deepEqual((await workspace.readDir("/big", { limit: 2, offset: 1098 })).length, 2);
  await workspace.mv("/big", "/moved/here");
  assert.deepEqual([(await workspace.readDir("/moved/here")).length, await workspace.exists("/big")], [1100, false]);
  await workspace.symlink("/moved/here", "/link");
  assert.equal(await workspace.readFile("/link/f7"), "7");
  await workspace.writeFile("/link/new", "through");
  assert.equal(await workspace.readFile("/moved/here/new"), "through");
  assert.equal((await workspace.readDir("/link"))[0].path, "/link/f0");
  const bytes = crypto.randomBytes(3 << 20);
  await workspace.writeFileBytes("/bytes", bytes);
  assert.deepEqual(Buffer.from(await workspace.readFileBytes("/bytes")), bytes);
  await workspace.writeFileStream("/stream", await workspace.readFileStream("/bytes"));
  assert.equal((await workspace.stat("/stream")).size, bytes.length);
  await workspace.writeFile("/into/f1", "mine");
  await workspace.writeFile("/into/sub/only", "kept");
  await workspace.writeFile("/moved/here/sub/more", "new");
  await workspace.cp("/moved/here", "/into", { recursive: true });
  assert.deepEqual([await workspace.readFile("/into/f1"), await workspace.readFile("/into/sub/only"), await workspace.readFile("/into/sub/more")], ["1", "kept", "new"]);
  const { fileCount, directoryCount, totalBytes } = await workspace.getWorkspaceInfo();
  assert.ok(fileCount > 2200 && directoryCount > 4 && totalBytes > 6 << 20);
});

// Each method of a state backend at least once; what it answered, without times, and modes, which only the store in memory tells.
async function useAll(state) {
  const said = [];
  const called = new Set();
  const plain = (value) => JSON.parse(JSON.stringify(value ?? null, (key, inner) => (key === "mtime" || key === "mode" ? undefined : inner instanceof Uint8Array ? [...inner] : inner)));
  const call = async (name, ...args) => {
    called.add(name);
    const answer = await state[name](...args).catch((error) => ({ failed: /^([A-Z]+)/.exec(error.message)?.[1] ?? error.message }));
    said.push([name, plain(answer)]);
    return answer;
  };
  await call("getCapabilities");
  await call("writeFile", "/src/a.ts", "export const a = 1;\nexport const b = 2;\n");
  await call("writeFileBytes", "/src/b.bin", new Uint8Array([0, 255, 1]));
  await call("appendFile", "/src/a.ts", "// end\n");
  await call("writeJson", "/j.json", { a: [{ b: 1 }] });
  await call("readJson", "/j.json");
  await call("queryJson", "/j.json", ".a[0].b");
  await call("updateJson", "/j.json", [{ op: "set", path: ".a[0].b", value: 2 }]);
  await call("readFile", "/src/a.ts");
  await call("readFile", "/none");
  await call("readFileBytes", "/src/b.bin");
  for (const path of ["/src", "/none"]) { await call("exists", path); await call("stat", path); await call("lstat", path); }
  await call("mkdir", "/made/deep", { recursive: true });
  await call("mkdir", "/none/deep");
  await call("symlink", "/src", "/link");
  await call("readlink", "/link");
  await call("realpath", "/link");
  await call("resolvePath", "/a/b", "../c");
  said.push((await call("readdir", "/src")).sort());
  said.splice(-2, 1);
  await call("readdirWithFileTypes", "/made");
  await call("glob", "/src/*.{ts,js}");
  await call("find", "/src", { name: "*.ts", type: "file" });
  await call("walkTree", "/made");
  await call("summarizeTree", "/src");
  await call("searchText", "/src/a.ts", "const");
  await call("searchFiles", "/src/**/*.ts", "b = \\d", { regex: true });
  await call("replaceInFile", "/src/a.ts", "= 1", "= 10");
  await call("replaceInFiles", "/src/*.ts", "const", "let");
  await call("cp", "/src", "/copy");
  await call("cp", "/src", "/copy", { recursive: true });
  await call("diff", "/src/a.ts", "/j.json");
  await call("diffContent", "/src/a.ts", "other\n");
  await call("mv", "/copy", "/copy2", { recursive: true });
  await call("copyTree", "/src", "/tree");
  await call("moveTree", "/tree", "/tree2");
  await call("removeTree", "/tree2");
  await call("createArchive", "/src.tar", ["/src/a.ts", "/made"]);
  await call("listArchive", "/src.tar");
  await call("extractArchive", "/src.tar", "/out");
  await call("readFile", "/out/src/a.ts");
  called.add("compressFile");
  await state.compressFile("/src/a.ts", "/a.gz");
  await call("decompressFile", "/a.gz", "/a.ts");
  await call("readFile", "/a.ts");
  await call("hashFile", "/src/b.bin");
  await call("detectFile", "/src/a.ts");
  const plan = await call("planEdits", [{ kind: "replace", path: "/src/a.ts", search: "let", replacement: "var" }, { kind: "write", path: "/new", content: "n" }]);
  await call("applyEditPlan", plan);
  await call("applyEdits", [{ path: "/new", content: "m" }]);
  await call("rm", "/src");
  await call("rm", "/src", { recursive: true });
  await call("exists", "/src");
  await call("glob", "/**");
  return { said, called };
}

test("@cloudflare/shell's state.*: each of its methods answers as over its own store in memory", async () => {
  const [theirs, ours] = [await useAll(shell.createMemoryStateBackend()), await useAll(shell.createWorkspaceStateBackend(fresh()))];
  const { STATE_METHODS } = await load("@cloudflare/shell/workers");
  for (const [i, wanted] of theirs.said.entries()) assert.deepEqual(ours.said[i], wanted);
  assert.deepEqual([...ours.called].sort(), Object.keys(STATE_METHODS).sort());
});

test("@cloudflare/shell's git: init, add, commit, status, log, branch, checkout", async () => {
  const workspace = fresh();
  const repository = git.createGit(new shell.WorkspaceFileSystem(workspace), "/repo");
  await workspace.writeFile("/repo/a.txt", "one\n");
  await repository.init({ defaultBranch: "main" });
  await repository.add({ filepath: "." });
  const author = { name: "A", email: "a@example.com" };
  const first = await repository.commit({ message: "first", author });
  await workspace.writeFile("/repo/sub/b.bin", "two\n");
  assert.deepEqual((await repository.status()).map((s) => [s.filepath, s.status]), [["sub/b.bin", "new, untracked"]]);
  await repository.add({ filepath: "sub/b.bin" });
  await repository.commit({ message: "second", author });
  assert.deepEqual((await repository.log()).map((c) => c.message.trim()), ["second", "first"]);
  await repository.branch({ name: "old" });
  await repository.checkout({ ref: first.oid, force: true });
  assert.equal(await workspace.exists("/repo/sub/b.bin"), false);
  await repository.checkout({ ref: "main" });
  assert.equal(await workspace.readFile("/repo/sub/b.bin"), "two\n");
  assert.deepEqual((await repository.branch()).branches.sort(), ["main", "old"]);
});

test("a program in an isolate uses @cloudflare/shell's state and git, whose host is this client", async () => {
  const { stateTools } = await load("@cloudflare/shell/workers");
  const { createCodeTool } = await load("@cloudflare/codemode/ai");
  const workspace = fresh();
  const tool = createCodeTool({ tools: [stateTools(workspace), git.gitTools(workspace)], executor: new client.MayflyExecutor({ client: mayfly }) });
  const { result } = await tool.execute({ code: `async () => {
    await git.init({ defaultBranch: "main" });
    await state.writeJson({ path: "/data.json", value: { n: 1 } });
    await state.updateJson({ path: "/data.json", operations: [{ op: "set", path: ".n", value: 2 }] });
    await git.add({ filepath: "." });
    await git.commit({ message: "made by a program", author: { name: "A", email: "a@example.com" } });
    const found = await state.searchFiles({ pattern: "/*.json", query: "n" });
    return [await state.readJson({ path: "/data.json" }), (await git.log())[0].message.trim(), found.map((file) => file.path)];
  }` });
  assert.deepEqual(result, [{ n: 2 }, "made by a program", ["/data.json"]]);
  assert.equal(JSON.parse(await workspace.readFile("/data.json")).n, 2);
});
