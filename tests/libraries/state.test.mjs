// state.test.mjs - `state` in a program, next to @cloudflare/shell 0.4.3 from npm: the same program must get the same from both. Then what
// that one gets wrong, and ours must not.
import { test, before, after } from "node:test";
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace, mounted } from "../lib/workspace.mjs";

const npm = process.env.MF_LIBRARIES_NPM ?? path.resolve("build/deps/npm-libraries/node_modules");
const esbuild = createRequire(path.join(npm, "noop.js"))("esbuild");

let daemon, shell;
before(async () => {
  daemon = await Daemon.start();
  // Codemode's own package asks for Cloudflare's platform; of it only a class is needed that nobody makes an object of.
  const codemode = { name: "codemode", setup(build) {
    build.onResolve({ filter: /^@cloudflare\/codemode$/ }, () => ({ path: "codemode", namespace: "none" }));
    build.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export class CodemodeConnector {}" }));
  } };
  const made = await esbuild.build({
    stdin: { contents: `export { createMemoryStateBackend } from "@cloudflare/shell"; export { stateToolsFromBackend, STATE_METHODS } from "@cloudflare/shell/workers";`, resolveDir: npm }, nodePaths: [npm], plugins: [codemode],
    bundle: true, write: false, format: "esm", platform: "node", logLevel: "silent",
  });
  shell = await import(`data:text/javascript,${encodeURIComponent(made.outputFiles[0].text)}`);
});
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

const AsyncFunction = (async () => {}).constructor;
// What a call fails with: its code, or what it says.
const HELPERS = `const failed = (call) => call().then((value) => ({ not: value }), (e) => (e.message.match(/^(E[A-Z]+)/) ?? [0, e.message])[1]);`;
const plain = (value) => JSON.parse(JSON.stringify(value, (key, one) => (one === undefined ? null : one)));

async function inShell(body) {
  const { tools } = shell.stateToolsFromBackend(shell.createMemoryStateBackend({}));
  const state = Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, async (...args) => tool.execute(...args)]));
  const out = [];
  await new AsyncFunction("state", "out", HELPERS + body)(state, out);
  return plain(out);
}

async function execute(workspace, code, more = {}) {
  const response = await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code, ...mounted([{ name: workspace.name, namespace: "state" }]).fields, limits: { wallMs: 60_000, cpuMs: 20_000 }, ...more }) });
  return response.json();
}
async function inProgram(workspace, body) {
  const answer = await execute(workspace, `async () => { const out = []; ${HELPERS} ${body}\nreturn JSON.stringify(out, (key, one) => one === undefined ? null : one); }`, { language: "javascript" });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  return JSON.parse(answer.result);
}

let count = 0;
const newWorkspace = () => Workspace.make(daemon.url, `state${count++}`);
const same = (name, body) => test(name, async () => assert.deepEqual(await inProgram(await newWorkspace(), body), await inShell(body)));

test("all names are there, and no others", async () => {
  assert.deepEqual(await inProgram(await newWorkspace(), `out.push(Object.keys(state).sort());`), [Object.keys(shell.STATE_METHODS).sort()]);
  assert.equal(Object.keys(shell.STATE_METHODS).length, 46);
});

same("files", `
  out.push(await state.writeFile("/src/app.ts", "export const answer = 'foo';\\n"), await state.readFile("/src/app.ts"), await state.readFile({ path: "/src/app.ts" }),
    await state.writeFile({ path: "/a/b/c.txt", content: "x" }), [...await state.readFileBytes("/a/b/c.txt")]);
  await state.writeFileBytes("/bin", new Uint8Array([0, 255, 1])); await state.appendFile("/bin", new Uint8Array([2]));
  await state.appendFile({ path: "/log", content: "1" }); await state.appendFile("/log", "2");
  out.push([...await state.readFileBytes("/bin")], await state.readFile("/log"), await state.exists("/log"), await state.exists("/nope"),
    await state.stat("/nope"), await state.lstat("/nope"));
  const st = await state.stat("/src/app.ts");
  out.push(st.type, st.size, st.mtime instanceof Date, (await state.stat("/src")).type, (await state.stat("/src")).size); await state.mkdir("/d");
  await state.mkdir("/e/f/g", { recursive: true }); await state.mkdir({ path: "/e/f/g", options: { recursive: true } });
  out.push(await failed(() => state.mkdir("/d")), await failed(() => state.mkdir("/x/y")));
  out.push(await state.readdir("/"), await state.readdir({ path: "/src" }), await state.readdirWithFileTypes("/"), await failed(() => state.readFile("/nope")),
    await failed(() => state.readFile("/src")), await failed(() => state.readdir("/nope")));
  await state.symlink("/src/app.ts", "/link");
  out.push(await state.readlink("/link"), await state.readFile("/link"), await state.realpath("/link"), (await state.lstat("/link")).type,
    (await state.stat("/link")).type, await state.resolvePath("/a/b", "../c"), await state.resolvePath({ base: "/a", path: "/x/./y" }),
    await failed(() => state.symlink("x", "/link")), await failed(() => state.readlink("/log")));
  await state.rm("/log");
  out.push(await state.exists("/log"), await failed(() => state.rm("/log")), await state.rm("/log", { force: true }), await failed(() => state.rm("/src")),
    await state.rm("/d"), await state.rm("/src", { recursive: true }), await state.exists("/src"));`);

same("copies and moves", `
  await state.writeFile("/p/1", "one"); await state.writeFile("/p/q/2", "two"); await state.cp("/p/1", "/z/1");
  await state.cp({ src: "/p", dest: "/p2", options: { recursive: true } });
  out.push(await state.readFile("/z/1"), await state.readFile("/p2/q/2"), await failed(() => state.cp("/p", "/p3")), await failed(() => state.cp("/nope", "/p3")));
  await state.mv("/z/1", "/z/n/2");
  out.push(await failed(() => state.mv("/p2", "/p4")), await state.mv("/p2", "/p4", { recursive: true }), await state.readFile("/p4/1"),
    await state.exists("/p2"), await state.readFile("/z/n/2"));
  await state.copyTree("/p4", "/p5"); await state.moveTree("/p5", "/deep/p6"); await state.removeTree("/p4"); await state.removeTree("/never");
  out.push(await state.glob("/**/*"), await state.glob("/p/*"), await state.glob("/{p,z}/*"), await state.glob("/p/[0-9]"), await state.glob("/p/?"));`);

same("JSON", `
  await state.writeJson("/c.json", { a: [{ b: 1 }, { b: 2 }], s: "x", n: null });
  out.push(await state.readFile("/c.json"), await state.readJson("/c.json"), await state.queryJson("/c.json", ".a[1].b"), await state.queryJson("/c.json", "s"),
    await state.queryJson("/c.json", "."), await state.queryJson("/c.json", ".zz"), await failed(() => state.queryJson("/c.json", ".s.t")),
    await failed(() => state.queryJson("/c.json", ".s[0]")));
  const u = await state.updateJson("/c.json", [{ op: "set", path: ".a[0].b", value: 9 }, { op: "set", path: ".new.deep[0]", value: true }, { op: "delete", path: ".s" }, { op: "delete", path: ".a[1]" }, { op: "delete", path: ".none.x" }]);
  out.push(u, await state.readJson("/c.json")); await state.writeJson({ path: "/d.json", value: [1], options: { spaces: 0 } });
  out.push(await state.readFile("/d.json"), (await state.updateJson("/d.json", [])).diff); await state.writeFile("/bad.json", "{");
  out.push(await failed(() => state.readJson("/bad.json")).then((m) => m.slice(0, 26)), await failed(() => state.updateJson("/d.json", [{ op: "set", path: "", value: 1 }])));`);

same("search and replace", `
  await state.writeFile("/s/a.ts", "foo bar\\nbar foo foo\\nFoo food\\n\\nlast foo"); await state.writeFile("/s/b.ts", "nothing\\n");
  await state.writeFile("/s/c.js", "foo\\r\\n$& foo $1"); await state.writeFile("/s/deep/d.ts", "xfoo\\nfoo");
  for (const [q, o] of [["foo"], ["foo", { caseSensitive: false }], ["foo", { wholeWord: true }], ["f(o+)", { regex: true }], ["^foo", { regex: true }],
    ["foo", { maxMatches: 2 }], ["foo", { contextBefore: 1, contextAfter: 2 }], ["o*", { regex: true, maxMatches: 5 }], ["zzz"], ["$&"],
    ["foo$", { regex: true }], ["food", { wholeWord: true, caseSensitive: false }]]) out.push(await state.searchText("/s/a.ts", q, o), await state.searchFiles("/s/**/*.ts",
    q, o), await state.searchFiles({ pattern: "/s/*.js", query: q, options: o }));
  out.push(await failed(() => state.searchText("/s/a.ts", "")), (await failed(() => state.searchText("/s/a.ts", "(", { regex: true }))).slice(0, 23),
    await failed(() => state.searchText("/nope", "x")));
  out.push(await state.replaceInFiles("/s/**/*.ts", "foo", "$& baz", { dryRun: true }), await state.readFile("/s/a.ts"), await state.replaceInFile("/s/a.ts", "foo", "$& baz", { wholeWord: true }),
    await state.replaceInFile("/s/b.ts", "foo", "x"), await state.replaceInFiles({ pattern: "/s/**", search: "fo(o)", replacement: "q", options: { regex: true } }),
    await state.readFile("/s/c.js"), await state.readFile("/s/deep/d.ts"));`);

same("trees", `
  await state.writeFile("/t/a.txt", "12345"); await state.writeFile("/t/b/c.md", "1"); await state.writeFile("/t/b/empty", "");
  await state.mkdir("/t/b/d/e", { recursive: true }); await state.writeFile("/t/b-x", "..."); await state.symlink("a.txt", "/t/l");
  const noLinkSize = (n) => { if (n.type === "symlink") n.size = 0; n.children?.forEach(noLinkSize); return n; };
  out.push(noLinkSize(await state.walkTree("/t")), noLinkSize(await state.walkTree({ path: "/t", options: { maxDepth: 1 } })), await state.summarizeTree("/t"),
    await state.summarizeTree("/t", { maxDepth: 1 }), await state.walkTree("/t/a.txt"), await failed(() => state.walkTree("/nope").catch((e) => { throw new Error(e.message.slice(0, 6)); })));
  const plain = (list) => list.map(({ mtime, ...e }) => ({ ...e, size: e.type === "symlink" ? 0 : e.size, dated: mtime instanceof Date })).sort((a, b) => a.path < b.path ? -1 : 1);
  for (const o of [undefined, { type: "file" }, { type: ["directory", "symlink"] }, { name: "*.md" }, { pathPattern: "/t/*/*" }, { pathPattern: "/t/**/*.txt" },
    { minDepth: 2 }, { maxDepth: 1 }, { maxDepth: 0 }, { sizeMin: 2, type: "file" }, { sizeMin: 2, sizeMax: 4, type: "file" }, { empty: true, type: "file" },
    { mtimeAfter: "2001-01-01" }, { mtimeBefore: new Date(0) }]) out.push(plain(await state.find("/t", o)));
  out.push(plain(await state.find({ path: "/t/b" })), await state.find("/nope"));`);

same("archives, compression, hashes, kinds", `
  await state.writeFile("/ar/x.txt", "hello"); await state.writeFile("/ar/sub/y.bin", "z".repeat(2000)); await state.mkdir("/ar/none");
  const made = await state.createArchive("/out.tar", ["/ar", "/ar/x.txt"]);
  out.push(made, await state.listArchive("/out.tar"), await state.extractArchive("/out.tar", "/restored"), await state.readFile("/restored/ar/x.txt"),
    (await state.readFile("/restored/ar/sub/y.bin")).length, (await state.stat("/restored/ar/none")).type);
  const z = await state.compressFile("/ar/sub/y.bin");
  out.push(z.path, z.destination, z.bytesWritten < 100, await state.decompressFile({ path: "/ar/sub/y.bin.gz", destination: "/back" }), (await state.readFile("/back")).length);
  await state.rm("/ar/sub/y.bin"); out.push((await state.decompressFile("/ar/sub/y.bin.gz")).destination);
  for (const algorithm of [undefined, "md5", "sha1", "sha256"]) out.push(await state.hashFile("/ar/x.txt", algorithm && { algorithm }));
  await state.writeFileBytes("/raw", new Uint8Array([1, 2, 0])); await state.writeFile("/Makefile", "all:");
  for (const p of ["/ar/x.txt", "/out.tar", "/raw"]) out.push(await state.detectFile(p));`);

same("edits", `
  await state.writeFile("/e/a", "one\\ntwo\\nthree\\n"); await state.writeFile("/e/b", "same");
  const plan = await state.planEdits([{ kind: "write", path: "/e/new", content: "fresh\\n" }, { kind: "replace", path: "/e/a", search: "two", replacement: "2" }, { kind: "writeJson", path: "/e/j.json", value: { k: 1 } }, { kind: "write", path: "/e/b", content: "same" }, { kind: "replace", path: "/e/b", search: "S", replacement: "x", options: { caseSensitive: false } }]);
  out.push(plan, await state.exists("/e/new"), await state.applyEditPlan(plan, { dryRun: true }), await state.exists("/e/new"), await state.applyEditPlan({ plan }),
    await state.readFile("/e/a"), await state.readFile("/e/j.json"), await state.readFile("/e/b"));
  out.push(await state.applyEdits([{ path: "/e/a", content: "1\\n2\\n" }, { path: "/e/c", content: "c" }]), await state.applyEdits({ edits: [{ path: "/e/c", content: "c" }], options: { dryRun: true } }),
    await failed(() => state.planEdits([{ kind: "replace", path: "/nope", search: "x", replacement: "y" }])), await state.diff("/e/a", "/e/c"),
    await state.diff("/e/c", "/e/c"), await state.diffContent("/e/a", "1\\nB\\n2\\n"), await failed(() => state.diff("/e/a", "/nope")));`);

/* ---- what it gets wrong, and ours must not ------------------------------------------------------------ */

test("a directory of 1,100 files is listed, copied and moved whole", async () => {
  const workspace = await newWorkspace();
  await workspace.done(...Array.from({ length: 1100 }, (_, i) => ({ op: "write", path: `/many/f${i}`, text: "x", parents: true })));
  const out = await inProgram(workspace, `out.push((await state.readdir("/many")).length); await state.cp("/many", "/copy", { recursive: true }); await state.moveTree("/many", "/moved");
    out.push((await state.readdir("/copy")).length, (await state.readdir("/moved")).length, await state.exists("/many"), (await state.summarizeTree("/")).files, (await state.glob("/moved/*")).length, (await state.find("/copy", { name: "f10*" })).length);`);
  assert.deepEqual(out, [1100, 1100, 1100, false, 2200, 1100, 111]);
});

test("links to directories are followed wherever they stand", async () => {
  assert.deepEqual(await inProgram(await newWorkspace(), `await state.writeFile("/real/f", "1"); await state.symlink("real", "/l"); out.push(await state.readFile("/l/f"), await state.realpath("/l/f")); await state.writeFile("/l/g", "2"); out.push(await state.readdir("/real"), await state.readdir("/l"));`), ["1", "/real/f", ["f", "g"], ["f", "g"]]);
});

test("a batch happens whole or not at all, and says so", async () => {
  const workspace = await newWorkspace();
  const out = await inProgram(workspace, `await state.writeFile("/a", "old foo"); await state.writeFile("/b", "x");
    const e = await state.applyEdits([{ path: "/a", content: "new" }, { path: "/b/below", content: "x" }]).catch((e) => e); out.push([e.name, e.operation, e.rolledBack, e.rollbackError, e.code], await state.readFile("/a"));
    const f = await state.applyEdits([{ path: "/a", content: "stays" }, { path: "/b/below", content: "x" }], { rollbackOnError: false }).catch((e) => e); out.push([f.name, f.rolledBack], await state.readFile("/a"));
    const plan = await state.planEdits([{ kind: "write", path: "/c", content: "1 1" }, { kind: "replace", path: "/c", search: "1", replacement: "2" }, { kind: "replace", path: "/c", search: "2 2", replacement: "3" }]); await state.applyEditPlan(plan); out.push(await state.readFile("/c"));`);
  assert.deepEqual(out, [["StateBatchOperationError", "applyEdits", true, null, "ENOTDIR"], "old foo", ["StateBatchOperationError", false], "stays", "3"]);
});

test("errors have Node's codes", async () => {
  const out = await inProgram(await newWorkspace(), `await state.writeFile("/f", ""); for (const call of [() => state.readFile("/no"), () => state.readFile("/"), () => state.readdir("/f"), () => state.mkdir("/f"), () => state.rm("/no"), () => state.readlink("/f")]) out.push(await call().catch((e) => [e.code, e.message]));`);
  assert.deepEqual(out, [["ENOENT", "ENOENT: no such file or directory, open '/no'"], ["EISDIR", "EISDIR: illegal operation on a directory, open '/'"], ["ENOTDIR", "ENOTDIR: not a directory, scandir '/f'"], ["EEXIST", "EEXIST: file already exists, mkdir '/f'"],
    ["ENOENT", "ENOENT: no such file or directory, rm '/no'"], ["EINVAL", "EINVAL: invalid argument, readlink '/f'"]]);
});

test("an expression that takes for ever costs the run's own CPU, and the daemon nothing", async () => {
  const workspace = await newWorkspace();
  await workspace.put("/f", "a".repeat(40) + "!");
  const answer = await execute(workspace, `async () => state.searchFiles("/*", "^(a+)+$", { regex: true })`, { limits: { cpuMs: 300 } });
  assert.equal(answer.outcome, "exceededCpu", JSON.stringify(answer));
  assert.deepEqual(await inProgram(workspace, `out.push((await state.readFile("/f")).length);`), [41]);
});

test("archives are GNU tar's: long names and links too; one that leads out is refused", async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-state-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const workspace = await newWorkspace();
  const long = `${"d".repeat(120)}/${"\u00e9".repeat(60)}`;
  const out = await inProgram(workspace, `await state.writeFile("/t/${long}", "deep"); await state.symlink("${long}", "/t/link"); await state.writeFile("/t/large", "0123456789".repeat(300000)); const made = await state.createArchive("/t.tar", ["/t"]); out.push(made.entries.map(({ type, size }) => [type, size]));
    await state.extractArchive("/t.tar", "/back"); out.push(await state.readFile("/back/t/${long}"), await state.readlink("/back/t/link"), await state.hashFile("/back/t/large") === await state.hashFile("/t/large"), (await state.readdir("/")).sort());`);
  assert.deepEqual(out, [[["directory", 0], ["directory", 0], ["file", 4], ["file", 3000000], ["symlink", 0]], "deep", long, true, ["back", "t", "t.tar"]]);
  writeFileSync(path.join(dir, "t.tar"), await workspace.read("/t.tar"));
  execFileSync("tar", ["-xf", "t.tar"], { cwd: dir });
  assert.equal(readFileSync(path.join(dir, "t/link"), "utf8"), "deep");
  execFileSync("tar", ["-P", "--transform", "s,^,../../,", "-cf", "evil.tar", "t/link"], { cwd: dir });
  await workspace.put("/in/evil.tar", readFileSync(path.join(dir, "evil.tar")));
  execFileSync("tar", ["--format=gnu", "-cf", "gnu.tar", "t"], { cwd: dir });
  await workspace.put("/in/gnu.tar", readFileSync(path.join(dir, "gnu.tar")));
  const [refused, names] = await inProgram(workspace, `out.push(await failed(() => state.extractArchive("/in/evil.tar", "/in/out")), (await state.listArchive("/in/gnu.tar")).map(({ path }) => path));`);
  assert.equal(refused, "EINVAL");
  assert.ok(names.includes(`t/${long}`), names.join());
});
