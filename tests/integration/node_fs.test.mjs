// node_fs.test.mjs - node:fs and node:fs/promises in a worker on a workspace, next to the Node that runs this test on a directory of the
// machine: the same code must say the same in both, errors to the letter.
import { test, before, after } from "node:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { startWithTokens } from "../lib/tenants.mjs";
import { Workspace, mounted } from "../lib/workspace.mjs";

let daemon, workspace;
before(async () => {
  daemon = await Daemon.start();
  workspace = await Workspace.make(daemon.url, "files");
});
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

const IMPORTS = `import fs from "node:fs"; import fsp from "node:fs/promises"; import path from "node:path"; import { Buffer } from "node:buffer";`;
// What an error says; what a call returns or throws.
const HELPERS = `
const told = (e) => e === null ? null : ({ name: e.name, code: e.code, errno: e.errno, syscall: e.syscall, path: e.path, dest: e.dest, message: e.message });
const tried = (call) => { try { const value = call(); return value === undefined ? "undefined" : value; } catch (e) { return told(e); } };
const triedLater = async (call) => { try { return (await call()) ?? "undefined"; } catch (e) { return told(e); } };`;

async function inWorker(body, call = mounted([{ name: workspace.name }])) {
  const answer = await daemon.run(`${IMPORTS}${HELPERS}\nexport default { async fetch(request) { const root = new URL(request.url).pathname, out = []; ${body}\nreturn Response.json(out); } };`,
    { ...call, request: { url: "https://files.test/base" }, limits: { wallMs: 60_000, cpuMs: 20_000 } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  return JSON.parse(answer.response.body.replaceAll("/base", "<root>"));
}

async function inNode(body) {
  const root = mkdtempSync(path.join(tmpdir(), "mayfly-fs-"));
  try {
    const module = await import(`data:text/javascript,${encodeURIComponent(`${IMPORTS}${HELPERS}\nexport default async (root) => { const out = []; ${body}\nreturn JSON.stringify(out); };`)}`);
    return JSON.parse((await module.default(root)).replaceAll(root, "<root>"));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const same = (name, body) => test(name, async () => {
  await workspace.done({ op: "rm", path: "/base", recursive: true, force: true }, { op: "mkdir", path: "/base" });
  assert.deepEqual(await inWorker(body), await inNode(body));
});

same("whole files", `
  const f = root + "/f"; fs.writeFileSync(f, "h\u{e9}llo \u{1f600}");
  out.push(fs.readFileSync(f, "utf8"), fs.readFileSync(f, { encoding: "hex" }), fs.readFileSync(f).length, Buffer.isBuffer(fs.readFileSync(f)),
    fs.readFileSync(f, "latin1").length, fs.readFileSync(Buffer.from(f), "base64"), fs.readFileSync(new URL("file://" + f), "utf8"));
  fs.appendFileSync(f, "+1"); await fsp.appendFile(f, new Uint8Array([43, 50]));
  await new Promise((d, r) => fs.appendFile(f, "+3", (e) => e ? r(e) : d())); out.push(await fsp.readFile(f, "utf8"));
  fs.writeFileSync(f, new Uint16Array([0x4142])); out.push(await new Promise((d) => fs.readFile(f, "ascii", (e, v) => d([e, v]))));
  await fsp.writeFile(f, ["a", "b", "c"]); out.push(fs.readFileSync(f, "utf8"));
  await fsp.writeFile(f, (async function* () { yield "x"; yield new Uint8Array([121]); })()); out.push(fs.readFileSync(f, "utf8"));
  fs.writeFileSync(f, "68656c6c6f", "hex"); out.push(fs.readFileSync(f, "utf8")); fs.writeFileSync(f, "12", { flag: "a" });
  fs.writeFileSync(f, "J", { flag: "r+" }); out.push(fs.readFileSync(f, "utf8")); fs.writeFileSync(f, "");
  out.push(fs.readFileSync(f).length, fs.statSync(f).size); fs.truncateSync(f, 3); out.push([...fs.readFileSync(f)]); await fsp.truncate(f);
  out.push(fs.statSync(f).size); fs.writeFileSync(root + "/new", "x", { mode: 0o600 });
  out.push(fs.statSync(root + "/new").mode.toString(8), fs.statSync(f).mode.toString(8)); fs.writeFileSync(root + "/new", "y", { mode: 0o644 });
  out.push(fs.statSync(root + "/new").mode.toString(8));
  out.push(await fsp.readFile(root + "/nope").catch(told), await fsp.writeFile(root + "/no/f", "x").catch(told), await fsp.writeFile(f, "x", { flag: "wx" }).catch(told),
    await fsp.readFile(root).catch(told), await fsp.appendFile(root, "x").catch(told), await fsp.writeFile(root, "x").catch(told), await fsp.readFile(f + "/x").catch(told),
    await fsp.writeFile(root + "/n2", "x", { flag: "r+" }).catch(told));`);

same("directories", `
  out.push(fs.mkdirSync(root + "/a"), fs.mkdirSync(root + "/b/c/d", { recursive: true }), await fsp.mkdir(root + "/b/c/d", { recursive: true }),
    await fsp.mkdir(root + "/b/c/x/y", { recursive: true }), fs.mkdirSync(root + "/m", 0o700), fs.statSync(root + "/m").mode.toString(8),
    fs.statSync(root + "/a").mode.toString(8));
  fs.writeFileSync(root + "/b/f1", "1"); fs.writeFileSync(root + "/b/c/f2", "22"); fs.symlinkSync("f1", root + "/b/link");
  out.push(fs.readdirSync(root).sort(), (await fsp.readdir(root + "/b")).sort(), fs.readdirSync(root + "/b", { recursive: true }).sort(),
    (await fsp.readdir(root + "/b", { recursive: true, withFileTypes: true })).map((e) => [e.name, e.parentPath, e.isFile(), e.isDirectory(), e.isSymbolicLink(), e.isFIFO()]).sort((x, y) => x[1] + x[0] < y[1] + y[0] ? -1 : 1),
    fs.readdirSync(root + "/b", "buffer").map((b) => b.toString()).sort());
  const dir = fs.opendirSync(root + "/b"); const names = []; for (let e; (e = dir.readSync()) !== null;) names.push(e.name); dir.closeSync();
  out.push(names.sort(), dir.path); try { dir.readSync(); } catch (e) { out.push(told(e)); } const more = [];
  for await (const e of await fsp.opendir(root + "/b")) more.push([e.name, e.isFile()]); out.push(more.sort());
  const t = fs.mkdtempSync(root + "/tmp-");
  out.push(t.length - root.length, /tmp-[A-Za-z0-9]{6}$/.test(t), fs.statSync(t).isDirectory(), (fs.statSync(t).mode & 0o777).toString(8),
    (await fsp.mkdtemp(root + "/u")).length - root.length);
  fs.rmdirSync(t); out.push(fs.existsSync(t)); fs.rmSync(root + "/b", { recursive: true }); out.push(fs.existsSync(root + "/b"));
  fs.rmSync(root + "/b", { force: true }); await fsp.rm(root + "/b", { recursive: true, force: true });
  for (const call of [() => fs.mkdirSync(root + "/a"), () => fs.mkdirSync(root + "/q/w"), () => fs.rmdirSync(root + "/zz"), () => fs.rmSync(root + "/a"),
    () => { fs.writeFileSync(root + "/a/f", ""); fs.rmdirSync(root + "/a"); }, () => fs.rmdirSync(root + "/a/f"), () => fs.unlinkSync(root + "/a"),
    () => fs.mkdirSync(root + "/a/f/x", { recursive: true }), () => fs.mkdirSync(root + "/a/f", { recursive: true }), () => fs.readdirSync(root + "/a/f"),
    () => fs.readdirSync(root + "/zz"), () => fs.mkdtempSync(root + "/zz/t"), () => fs.mkdirSync(root + "/e", { recursive: 1 })]) out.push(tried(call));
  out.push(fs.rmdirSync(root + "/m"), fs.mkdirSync(root + "/sl/"), fs.readdirSync(root + "/sl/"));`);

same("stat", `
  const f = root + "/f"; fs.writeFileSync(f, "12345"); fs.mkdirSync(root + "/d"); fs.symlinkSync("f", root + "/l");
  fs.symlinkSync("gone", root + "/dangling"); fs.chmodSync(f, 0o640);
  for (const p of ["/f", "/d", "/l"]) for (const s of [fs.statSync(root + p), fs.lstatSync(root + p)]) out.push([s.isFile(), s.isDirectory(), s.isSymbolicLink(), s.isBlockDevice(), s.isCharacterDevice(), s.isFIFO(), s.isSocket(), s.mode.toString(8), s.isDirectory() ? 0 : s.size, s.mtime instanceof Date, s.mtimeMs === +s.mtime || Math.abs(s.mtimeMs - +s.mtime) < 1, Math.abs(Date.now() - s.birthtimeMs) < 600000, s.uid, s.gid, s.blksize, s instanceof fs.Stats]);
  const b = await fsp.stat(f, { bigint: true });
  out.push(typeof b.size, String(b.size), typeof b.mtimeNs, typeof b.mtimeMs, b.mtime instanceof Date, b.isFile(), Object.keys(b));
  out.push(Object.keys(fs.statSync(f)));
  out.push(await new Promise((d) => fs.stat(root + "/zz", (e, s) => d([told(e), s === undefined]))), await fsp.stat(root + "/dangling").catch(told),
    await fsp.lstat(root + "/zz").catch(told), fs.statSync(root + "/zz", { throwIfNoEntry: false }) === undefined, fs.lstatSync(root + "/zz", { throwIfNoEntry: false }) === undefined,
    tried(() => fs.statSync(f + "/x")));
  out.push(fs.existsSync(f), fs.existsSync(root + "/dangling"), fs.existsSync(5), await new Promise((d) => fs.exists(f, d)), fs.accessSync(f),
    tried(() => fs.accessSync(root + "/zz")), tried(() => fs.accessSync(f, fs.constants.X_OK)), fs.accessSync(root + "/d", fs.X_OK), fs.accessSync(f, fs.R_OK | fs.W_OK),
    await fsp.access(root + "/dangling").catch(told));
  fs.utimesSync(f, 1000, 2000.5); out.push(fs.statSync(f).mtimeMs, fs.statSync(f).mtime); await fsp.utimes(f, new Date(5), new Date(86400000));
  out.push(fs.statSync(f).mtimeMs); fs.lutimesSync(root + "/l", 1, 7); out.push(fs.lstatSync(root + "/l").mtimeMs, fs.statSync(root + "/l").mtimeMs);
  out.push(tried(() => fs.utimesSync(root + "/zz", 1, 1)), tried(() => fs.utimesSync(f, "x", 1)), tried(() => fs.chmodSync(root + "/zz", 0o600)));
  await fsp.chmod(f, "600"); out.push(fs.statSync(f).mode.toString(8)); fs.chownSync(f, 0, 0); fs.lchownSync(root + "/l", -1, -1);
  out.push(tried(() => fs.chownSync(root + "/zz", 0, 0)));`);

same("links, names and copies", `
  fs.mkdirSync(root + "/a/b", { recursive: true }); fs.writeFileSync(root + "/a/b/f", "data"); fs.symlinkSync("a/b", root + "/s");
  fs.symlinkSync(root + "/s/f", root + "/abs"); fs.symlinkSync("loop2", root + "/loop1"); fs.symlinkSync("loop1", root + "/loop2");
  await fsp.symlink("nowhere", root + "/dangling");
  out.push(fs.readFileSync(root + "/s/f", "utf8"), fs.readFileSync(root + "/abs", "utf8"), fs.readlinkSync(root + "/s"), await fsp.readlink(root + "/abs"),
    fs.realpathSync(root + "/s/f"), fs.realpathSync.native(root + "/abs"), await fsp.realpath(root + "/s/../b/f"), await new Promise((d) => fs.realpath(root + "/s", (e, v) => d(v))));
  for (const call of [() => fs.readFileSync(root + "/loop1"), () => fs.realpathSync.native(root + "/loop1"), () => fs.realpathSync(root + "/zz/y"),
    () => fs.realpathSync(root + "/dangling"), () => fs.readlinkSync(root + "/a"), () => fs.readlinkSync(root + "/zz"), () => fs.symlinkSync("x", root + "/s"),
    () => fs.linkSync(root + "/zz", root + "/y"), () => fs.linkSync(root + "/a/b/f", root + "/s")]) out.push(tried(call));
  fs.writeFileSync(root + "/dangling", "through"); out.push(fs.readFileSync(root + "/nowhere", "utf8")); fs.unlinkSync(root + "/dangling");
  out.push(fs.existsSync(root + "/nowhere")); fs.renameSync(root + "/a/b/f", root + "/g");
  out.push(fs.existsSync(root + "/a/b/f"), fs.readFileSync(root + "/g", "utf8")); await fsp.rename(root + "/a", root + "/a2");
  out.push(fs.readdirSync(root + "/a2")); fs.writeFileSync(root + "/h", "old"); fs.renameSync(root + "/g", root + "/h");
  out.push(fs.readFileSync(root + "/h", "utf8"));
  for (const call of [() => fs.renameSync(root + "/zz", root + "/y"), () => fs.renameSync(root + "/h", root + "/a2"), () => fs.renameSync(root + "/a2", root + "/h"),
    () => fs.renameSync(root + "/a2", root + "/a2/b/x"), () => { fs.mkdirSync(root + "/full/x", { recursive: true }); fs.renameSync(root + "/a2", root + "/full"); },
    () => fs.renameSync(root + "/h", root + "/zz/y")]) out.push(tried(call));
  fs.copyFileSync(root + "/h", root + "/i"); fs.appendFileSync(root + "/i", "!"); await fsp.copyFile(root + "/i", root + "/h");
  out.push(fs.readFileSync(root + "/h", "utf8"));
  for (const call of [() => fs.copyFileSync(root + "/h", root + "/i", fs.constants.COPYFILE_EXCL), () => fs.copyFileSync(root + "/zz", root + "/i"),
    () => fs.copyFileSync(root + "/a2", root + "/i"), () => fs.copyFileSync(root + "/h", root + "/a2"), () => fs.copyFileSync(root + "/h", root + "/zz/y")]) out.push(tried(call));`);

same("cp", `
  fs.mkdirSync(root + "/src/sub", { recursive: true }); fs.writeFileSync(root + "/src/a", "a"); fs.writeFileSync(root + "/src/sub/b", "b");
  const all = (p) => fs.readdirSync(p, { recursive: true }).sort(); fs.cpSync(root + "/src", root + "/d1", { recursive: true });
  out.push(all(root + "/d1"), fs.readFileSync(root + "/d1/sub/b", "utf8")); await fsp.cp(root + "/src/a", root + "/deep/er/a");
  out.push(all(root + "/deep")); fs.writeFileSync(root + "/src/a", "new"); await fsp.cp(root + "/src", root + "/d1", { recursive: true, force: false });
  out.push(fs.readFileSync(root + "/d1/a", "utf8")); await fsp.cp(root + "/src", root + "/d1", { recursive: true });
  out.push(fs.readFileSync(root + "/d1/a", "utf8"));
  await fsp.cp(root + "/src", root + "/d2", { recursive: true, filter: async (from) => !from.endsWith("sub") }); out.push(all(root + "/d2"));
  fs.symlinkSync("a", root + "/src/link"); fs.cpSync(root + "/src", root + "/d3", { recursive: true }); out.push(fs.readlinkSync(root + "/d3/link"));
  fs.cpSync(root + "/src", root + "/d4", { recursive: true, verbatimSymlinks: true }); out.push(fs.readlinkSync(root + "/d4/link"));
  await new Promise((d, r) => fs.cp(root + "/src", root + "/d5", { recursive: true, dereference: true }, (e) => e ? r(e) : d()));
  out.push(fs.lstatSync(root + "/d5/link").isFile());
  for (const call of [() => fsp.cp(root + "/src", root + "/x"), () => fsp.cp(root + "/zz", root + "/x"), () => fsp.cp(root + "/src/a", root + "/d1"),
    () => fsp.cp(root + "/src", root + "/src/a", { recursive: true }), () => fsp.cp(root + "/src", root + "/src/sub/x", { recursive: true }),
    () => fsp.cp(root + "/src/a", root + "/d1/a", { force: false, errorOnExist: true }), () => fsp.cp(root + "/src/a", root + "/src/a"),
    () => fsp.cp(root, root, { recursive: "x" })]) out.push(await triedLater(call));`);

same("descriptors", `
  const f = root + "/f"; const fd = fs.openSync(f, "w+");
  out.push(typeof fd, fs.writeSync(fd, "hello"), fs.writeSync(fd, Buffer.from("XworldX"), 1, 5), fs.writeSync(fd, new Uint8Array([33]), 0, 1, 0),
    fs.writeSync(fd, "J", 1), fs.fstatSync(fd).size);
  const b = Buffer.alloc(8);
  out.push(fs.readSync(fd, b, 0, 4, 0), b.toString("latin1"), fs.readSync(fd, b, { position: 2, offset: 1, length: 2 }), b.toString("latin1"), fs.readSync(fd, b), fs.readFileSync(fd, "utf8"));
  fs.ftruncateSync(fd, 3); out.push(fs.readFileSync(f, "utf8")); fs.fsyncSync(fd); fs.fdatasyncSync(fd); fs.fchmodSync(fd, 0o600);
  fs.futimesSync(fd, 1, 2); out.push(fs.fstatSync(fd).mode.toString(8), fs.fstatSync(fd).mtimeMs); fs.closeSync(fd);
  for (const call of [() => fs.closeSync(fd), () => fs.readSync(fd, b), () => fs.writeSync(fd, "x"), () => fs.fstatSync(fd), () => fs.closeSync("x"),
    () => fs.closeSync(-1), () => fs.readSync(fd), () => fs.readFileSync(fd), () => fs.openSync(f, "wx"), () => fs.openSync(root + "/zz"),
    () => fs.openSync(root, "w"), () => fs.openSync(f, "q"), () => fs.openSync(f + "/x", "a")]) out.push(tried(call));
  const r = fs.openSync(f);
  out.push(tried(() => fs.writeSync(r, "x")), tried(() => fs.ftruncateSync(r, 1)), tried(() => fs.readSync(r, b, 0, 99)), tried(() => fs.readSync(r, b, 9, 0)),
    tried(() => fs.readSync(r, b, 0, 1, "p")));
  const parts = [Buffer.alloc(2), Buffer.alloc(4)]; out.push(fs.readvSync(r, parts, 0), parts.map(String)); const w = fs.openSync(f, "a+");
  out.push(fs.writevSync(w, [Buffer.from("1"), Buffer.from("22")]), tried(() => fs.readSync(w, b, 0, 2, 0)), fs.readFileSync(f, "utf8"));
  const d = fs.openSync(root); out.push(tried(() => fs.readSync(d, b))); [r, w, d].forEach((one) => fs.closeSync(one));
  out.push(await new Promise((done) => fs.open(f, "r", (e, one) => fs.read(one, Buffer.alloc(3), 0, 3, 1, (e2, n, buffer) => fs.close(one, (e3) => done([e, e2, e3, n, buffer.toString()]))))));
  out.push(await new Promise((done) => fs.read(9999, Buffer.alloc(1), 0, 1, 0, (e, n) => done(told(e)))));
  const { promisify } = await import("node:util"); const one = await promisify(fs.open)(f, "r+");
  out.push(Object.keys(await promisify(fs.read)(one, Buffer.alloc(2), 0, 2, 0)), (await promisify(fs.write)(one, "zz", 0)).bytesWritten);
  fs.closeSync(one); out.push(fs.readFileSync(f, "utf8")); fs.writeFileSync(root + "/u", "A"); const u = fs.openSync(root + "/u", "r+");
  fs.renameSync(root + "/u", root + "/v"); fs.writeSync(u, "B"); fs.closeSync(u);
  out.push(fs.readFileSync(root + "/v", "utf8"), fs.existsSync(root + "/u"));`);

same("FileHandle", `
  const f = root + "/f"; let h = await fsp.open(f, "w+");
  out.push(typeof h.fd, (await h.write("hello ")).bytesWritten, (await h.write(Buffer.from("world"))).bytesWritten, (await h.write("J", 0)).bytesWritten, (await h.stat()).size);
  const b = Buffer.alloc(5);
  out.push((await h.read(b, 0, 5, 0)).bytesRead, b.toString(), (await h.read({ buffer: b, position: 6 })).bytesRead, b.toString(), (await h.read({ position: 0 })).bytesRead);
  await h.truncate(4); await h.sync(); await h.datasync(); await h.chmod(0o600); await h.utimes(1, 3);
  out.push((await h.stat()).mode.toString(8), (await h.stat()).mtimeMs); let closed = 0; h.on("close", () => closed++); await h.close();
  await h.close();
  out.push(closed, h.fd, await h.read(b).catch(told), await h.stat().catch((e) => e.code), await h.writeFile("x").catch((e) => e.code));
  h = await fsp.open(f); out.push(await h.readFile("utf8"), (await h.readFile()).length); await h.close(); h = await fsp.open(f, "a");
  await h.appendFile("\\nline 2\\r\\nline 3"); await h.writev([Buffer.from("\\n"), Buffer.from("end")]); await h.close(); h = await fsp.open(f);
  const lines = []; for await (const line of h.readLines()) lines.push(line); out.push(lines); h = await fsp.open(f);
  const parts = [Buffer.alloc(3), Buffer.alloc(3)]; out.push((await h.readv(parts)).bytesRead, parts.map(String)); await h.close();
  h = await fsp.open(f, "w"); await h.writeFile(["1", "2"]); await fsp.writeFile(h, "3"); await h.close();
  out.push(await fsp.readFile(f, "utf8"), await fsp.open(root + "/zz").catch(told), await fsp.open(f, "wx").catch(told)); h = await fsp.open(f);
  const chunks = []; for await (const c of h.createReadStream({ start: 1, end: 1 })) chunks.push(String(c)); out.push(chunks, h.fd);
  h = await fsp.open(f); let size = 0; for await (const c of h.readableWebStream()) size += c.byteLength; out.push(size); await h.close();`);

same("streams", `
  const f = root + "/f"; const { pipeline } = await import("node:stream/promises"); const { once } = await import("node:events");
  const w = fs.createWriteStream(f); const seen = []; for (const e of ["open", "ready", "finish", "close"]) w.on(e, () => seen.push(e));
  out.push(w.pending, w.path); w.write("abc"); w.write(Buffer.from("def")); w.end("ghi"); await once(w, "close");
  out.push(seen, w.bytesWritten, fs.readFileSync(f, "utf8")); const r = fs.createReadStream(f, { encoding: "utf8", highWaterMark: 4 }); const got = [];
  const heard = []; for (const e of ["open", "ready", "end", "close"]) r.on(e, () => heard.push(e)); r.on("data", (d) => got.push(d));
  await once(r, "close"); out.push(got, heard, r.bytesRead); const part = [];
  for await (const c of fs.createReadStream(f, { start: 2, end: 5 })) part.push(String(c)); out.push(part); const some = [];
  for await (const c of fs.createReadStream(f, { start: 7 })) some.push(String(c)); out.push(some);
  await pipeline(fs.createReadStream(f), fs.createWriteStream(root + "/g", { flags: "a" }));
  await pipeline(fs.createReadStream(f), fs.createWriteStream(root + "/g", { flags: "r+", start: 4 })); out.push(fs.readFileSync(root + "/g", "utf8"));
  const bad = fs.createReadStream(root + "/zz"); const [error] = await once(bad, "error"); out.push(told(error));
  const bw = fs.createWriteStream(root + "/zz/y"); out.push(told((await once(bw, "error"))[0])); const big = Buffer.alloc(300000, "0123456789");
  await pipeline([big], fs.createWriteStream(root + "/big")); let n = 0; const sizes = [];
  for await (const c of fs.createReadStream(root + "/big")) { n += c.length; sizes.push(c.length); } out.push(n, sizes, fs.readFileSync(root + "/big").equals(big));
  const stopped = new AbortController(); const s = fs.createReadStream(root + "/big", { signal: stopped.signal });
  s.once("data", () => stopped.abort()); out.push((await once(s, "error").catch((e) => [e]))[0].name); const k = fs.createWriteStream(root + "/k");
  k.close(); await once(k, "close"); out.push(fs.readFileSync(root + "/k").length);
  out.push(tried(() => fs.createReadStream(f, { start: 5, end: 2 })), tried(() => fs.createReadStream(5)));`);

same("arguments", `
  const f = root + "/f"; fs.writeFileSync(f, "x");
  for (const call of [() => fs.readFileSync(), () => fs.readFileSync({}), () => fs.readFileSync("a\\0b"), () => fs.readFileSync(f, "nope"),
    () => fs.readFileSync(f, 5), () => fs.readFileSync(f, { flag: "zz" }), () => fs.readFile(f), () => fs.stat(f, 5), () => fs.writeFileSync(f),
    () => fs.writeFileSync(f, {}), () => fs.writeFileSync(f, 5), () => fs.writeFileSync(f, null), () => fs.appendFileSync(f, {}), () => fs.chmodSync(f),
    () => fs.chmodSync(f, "9"), () => fs.chmodSync(f, -1), () => fs.chmodSync(f, 1.5), () => fs.truncateSync(f, "x"), () => fs.truncateSync(f, 1.5),
    () => fs.renameSync(f), () => fs.renameSync(undefined, f), () => fs.copyFileSync(f), () => fs.mkdtempSync(), () => fs.symlinkSync(5, f),
    () => fs.rmSync(f, 5), () => fs.rmSync(f, { recursive: 1 }), () => fs.readSync("x", Buffer.alloc(1)), () => fs.readSync(0, "x"), () => fs.writeSync(0),
    () => fs.openSync(f, {}), () => fs.openSync(f, "r", "rwx"), () => fs.readFileSync(""), () => fs.readFileSync(() => {}), () => fs.readFileSync(null),
    () => fs.readdirSync(root, { encoding: "zz" }), () => fs.statSync(1n)]) out.push(tried(call));
  out.push([() => fs.accessSync(f, 8), () => fs.accessSync(f, "x"), () => fs.copyFileSync(f, root + "/g", 99)].map((call) => tried(call).code));
  out.push(await fsp.readFile({}).catch(told), await fsp.stat("a\\0").catch(told), await fsp.chmod(f, "z").catch(told));
  const aborted = AbortSignal.abort(); out.push(await fsp.readFile(f, { signal: aborted }).catch((e) => [e.name, e.code]));`);

same("what is exported", `
  const names = Object.keys(fs).filter((n) => !["openAsBlob", "glob", "globSync", "mkdtempDisposableSync", "_toUnixTimestamp", "Utf8Stream"].includes(n)).sort();
  out.push(names.filter((n) => typeof fs[n] === "function").length > 90, ["readFile", "readFileSync", "promises", "Stats", "Dirent", "Dir", "ReadStream", "WriteStream", "FileReadStream", "constants", "createReadStream", "opendirSync", "watch", "cpSync"].every((n) => names.includes(n)),
    fs.promises === fsp, Object.keys(fsp).filter((n) => n !== "glob" && n !== "mkdtempDisposable" ).sort(), ["F_OK", "R_OK", "W_OK", "X_OK"].map((n) => fs[n]),
    fs.constants, fs.readFile.name, fs.readFileSync.name, fsp.readFile.name, fs.ReadStream.name, Object.create(fs.ReadStream.prototype) instanceof fs.FileReadStream);`);

same("names and sizes at the edges", `
  const long = "n".repeat(255); fs.writeFileSync(root + "/" + long, "1");
  out.push(fs.readdirSync(root)[0].length, tried(() => fs.writeFileSync(root + "/" + long + "n", "")).code);
  for (const name of ["sp ace", "\u{fc}\u{1f600}", "a\\\\b", "q?*[x]", "%41", "-x", ".hidden", "new\\nline"]) { fs.writeFileSync(path.join(root, name), name); out.push(fs.readFileSync(path.join(root, name), "utf8") === name, fs.existsSync(path.join(root, name))); } out.push(fs.readdirSync(root).length);
  const big = Buffer.alloc(3 * 1048576 + 7); for (let i = 0; i < big.length; i += 4096) big.writeUInt32LE(i, i); fs.writeFileSync(root + "/big", big);
  out.push(fs.readFileSync(root + "/big").equals(big), (await fsp.readFile(root + "/big")).equals(big), fs.statSync(root + "/big").size);
  const fd = fs.openSync(root + "/big", "r+"); const b = Buffer.alloc(10);
  out.push(fs.readSync(fd, b, 0, 10, 1048576), b.toString("hex"), fs.readSync(fd, b, 0, 10, big.length - 3), fs.readSync(fd, b, 0, 10, big.length + 5));
  fs.writeSync(fd, "past", big.length + 10); fs.closeSync(fd);
  out.push(fs.statSync(root + "/big").size, fs.readFileSync(root + "/big").subarray(-6).toString("hex"));
  await Promise.all(Array.from({ length: 60 }, (_, i) => fsp.writeFile(root + "/p" + i, "v" + i)));
  out.push((await Promise.all(Array.from({ length: 60 }, (_, i) => fsp.readFile(root + "/p" + i, "utf8")))).join());`);

/* ---- what no directory of a machine has --------------------------------------------------------------- */

test("what is written is there for everybody, and for the next run", async () => {
  await inWorker(`fs.mkdirSync("/shared"); fs.writeFileSync("/shared/a", "from a worker");`);
  assert.equal(await workspace.text("/shared/a"), "from a worker");
  await workspace.put("/shared/a", "from outside");
  assert.deepEqual(await inWorker(`out.push(fs.readFileSync("/shared/a", "utf8"), fs.readFileSync("shared/a", "utf8"), process.cwd());`), ["from outside", "from outside", "/"]);
});

test("several workspaces, each at its path, one of them only to be read", async () => {
  const other = await Workspace.make(daemon.url, "other");
  await other.put("/lib/x", "library");
  const out = await inWorker(`fs.writeFileSync("/mine/f", "1"); out.push(fs.readdirSync("/"), fs.readFileSync("/ext/data/lib/x", "utf8"), fs.realpathSync("/ext/data/lib"), fs.readdirSync("/ext"), fs.statSync("/ext").isDirectory(), fs.readdirSync("/ext/data", { recursive: true }));
    for (const call of [() => fs.writeFileSync("/ext/data/y", ""), () => fs.mkdirSync("/ext/data/d"), () => fs.unlinkSync("/ext/data/lib/x"), () => fs.openSync("/ext/data/lib/x", "r+"), () => fs.accessSync("/ext/data/lib/x", fs.constants.W_OK), () => fs.renameSync("/mine/f", "/ext/data/f"), () => fs.writeFileSync("/else", ""), () => fs.readFileSync("/nowhere/f")]) out.push(tried(call).code);
    out.push(fs.accessSync("/ext/data/lib/x", fs.constants.R_OK));`, mounted([{ name: "files", path: "/mine" }, { name: "other", path: "/ext/data", mode: "ro" }]));
  assert.deepEqual(out, [["ext", "mine"], "library", "/ext/data/lib", ["data"], true, ["lib", "lib/x"], "EROFS", "EROFS", "EROFS", "EROFS", "EROFS", "EXDEV", "EROFS", "ENOENT", null]);
  assert.equal(await workspace.text("/f"), "1");
  assert.equal((await other.get("/list?path=/&recursive=true")).entries.length, 2, "nothing of it was changed");
});

test("a workspace that is not there, and none at all", async () => {
  assert.deepEqual(await inWorker(`out.push(tried(() => fs.readFileSync("/f")), await fsp.readFile("/f").catch(told), fs.existsSync("/f"));`, mounted([{ name: "gone" }])),
    Array(2).fill({ name: "Error", code: "workspace.unknown", errno: -5, syscall: "open", path: "/f", message: "workspace.unknown: There is no workspace of this name., open '/f'" }).concat(false));
  assert.deepEqual(await inWorker(`out.push(tried(() => fs.readFileSync("/etc/passwd")).message, (await fsp.writeFile("/f", "").catch(told)).code, fs.existsSync("/"));`, {}), ["ENOSYS: no workspace is mounted, open '/etc/passwd'", "ENOSYS", false]);
});

test("modules may read while they start", async () => {
  await workspace.put("/config.json", '{"a": 1}');
  const answer = await daemon.run(`import fs from "node:fs"; import { readFile } from "node:fs/promises"; const now = JSON.parse(fs.readFileSync("/config.json", "utf8")), later = JSON.parse(await readFile("/config.json", "utf8")); export default { fetch: () => Response.json([now, later]) };`, mounted([{ name: "files" }]));
  assert.equal(answer.response?.body, '[{"a":1},{"a":1}]', JSON.stringify(answer));
});

test("env has a workspace under the name of its binding, next to what else is in it", async () => {
  const answer = await daemon.run(`import { env as theirs } from "cloudflare:workers"; export default { async fetch(request, env) { await env.FS.writeFile("/base/bound", "1"); await env.FS.appendFile({ path: "/base/bound", content: "2" }); return Response.json([await env.FS.readFile("/base/bound"), Object.keys(env), theirs.FS === env.FS, (await env.RO.readdir("/")).includes("base"), await env.RO.writeFile("/x", "").catch((e) => e.code), Object.keys(env.FS).length, process.env]); } };`,
    { ...mounted([{ name: "files", binding: "FS" }, { name: "files", path: "/again", binding: "RO", mode: "ro" }]), code: { env: { A: "b" } } });
  assert.deepEqual(JSON.parse(answer.response?.body ?? JSON.stringify(answer)), ["12", ["A", "FS", "RO"], true, true, "EROFS", 46, { A: "b" }]);
});

test("a stored worker has workspaces of its own, on each of its runs", async () => {
  await Workspace.make(daemon.url, "stored");
  const put = (workspaces) => fetch(`${daemon.url}/v1/workers/counter`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ mainModule: "m.js", compatibilityDate: "2026-09-01", workspaces,
    modules: { "m.js": `import fs from "node:fs"; export default { fetch(request, env) { fs.appendFileSync("/hits", new URL(request.url).pathname + "\\n"); return new Response(fs.readFileSync("/hits", "utf8") + typeof env.FS.readFile); } };` } }) });
  assert.equal((await put([{ name: "stored", binding: "FS" }])).status, 201);
  assert.equal(await (await fetch(`${daemon.url}/v1/workers/counter/fetch/a`)).text(), "/a\nfunction");
  assert.equal(await (await fetch(`${daemon.url}/v1/workers/counter/fetch/b`)).text(), "/a\n/b\nfunction");
  const run = (body) => fetch(`${daemon.url}/v1/workers/counter/run`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).then(async (response) => ({ status: response.status, ...(await response.json()) }));
  assert.equal((await run({ request: { url: "http://x/c" } })).response.body, "/a\n/b\n/c\nfunction");
  assert.deepEqual(Object.values((({ status, param }) => ({ status, param }))(await run({ workspaces: [{ name: "files" }] }))), [400, "/workspaces"]);
  for (const [workspaces, param] of [[[{ name: "a", transaction: "run" }], "/workspaces/0/transaction"], [[{ name: "a", namespace: "s" }], "/workspaces/0/namespace"], [[{ name: "" }], "/workspaces/0/name"]]) {
    const problem = await (await put(workspaces)).json();
    assert.deepEqual([problem.status, problem.param], [400, param], JSON.stringify(problem));
  }
});

test("what is wrong with a mount is said by name", async () => {
  for (const [workspaces, param] of [[[{ name: "a/b" }], "/workspaces/0/name"], [[{ name: "a", mode: "x" }], "/workspaces/0/mode"], [[{ name: "a", path: "b" }], "/workspaces/0/path"], [[{ name: "a", path: "/b/../c" }], "/workspaces/0/path"], [[{ name: "a", path: "/b/" }], "/workspaces/0/path"],
    [[{ name: "a" }, { name: "b" }], "/workspaces/1/path"], [[{}], "/workspaces/0/name"], [[{ name: "a", color: 1 }], "/workspaces/0/color"], [[{ name: "a", namespace: "s" }], "/workspaces/0/namespace"], [[{ name: "a", binding: "1a" }], "/workspaces/0/binding"], [[{ name: "a", binding: "A" }, { name: "b", path: "/b", binding: "A" }], "/workspaces/1/binding"], [Array.from({ length: 9 }, (_, i) => ({ name: `n${i}`, path: `/${i}` })), "/workspaces"], ["x", "/workspaces"]]) {
    const answer = await daemon.run("export default {}", mounted(workspaces));
    assert.deepEqual([answer.status, answer.code, answer.param], [400, "api.field", param], JSON.stringify(answer));
  }
});

test("descriptors and operations under way have a maximum, and are waited for", async () => {
  const out = await inWorker(`fs.writeFileSync("/base/f", "0123456789"); const fds = []; try { for (;;) fds.push(fs.openSync("/base/f")); } catch (e) { out.push(fds.length, e.code); } fds.forEach((fd) => fs.closeSync(fd));
    fs.mkdirSync("/base/many"); const many = Array.from({ length: 500 }, (_, i) => fsp.writeFile("/base/many/" + i, String(i))); out.push(fs.readFileSync("/base/f", "utf8")); await Promise.all(many); out.push(fs.readdirSync("/base/many").length, fs.readFileSync("/base/many/499", "utf8"));`);
  assert.deepEqual(out, [1024, "EMFILE", "0123456789", 500, "499"]);
});

test("a run that is cut short while it waits for a file leaves nothing behind", async () => {
  const answer = await daemon.run(`import fs from "node:fs"; export default { fetch() { for (let i = 0; ; i++) fs.writeFileSync("/base/loop", String(i)); } };`, { ...mounted([{ name: "files" }]), limits: { wallMs: 300 } });
  assert.equal(answer.outcome, "exceededWallTime", JSON.stringify(answer));
  assert.ok(answer.usage.hostWaitMs > 0);
  assert.match(await workspace.text("/base/loop"), /^\d+$/, "what was written is whole");
  const late = await daemon.run(`import fs from "node:fs/promises"; export default { async fetch() { fs.writeFile("/base/late", "x".repeat(3e6)); return new Response("done"); } };`, mounted([{ name: "files" }]));
  assert.equal(late.response?.body, "done", JSON.stringify(late));
  await daemon.until(async () => (await daemon.executors()).every(({ runs }) => runs === 0));
});

test("what large files cost is a piece at a time: 64 MiB by streams in a worker of 32 MiB", async () => {
  const answer = await daemon.run(`import fs from "node:fs"; import { pipeline } from "node:stream/promises"; import { createHash } from "node:crypto";
    export default { async fetch() { const piece = new Uint8Array(1 << 20); await pipeline((function* () { for (let i = 0; i < 64; i++) { piece.fill(i); yield piece; } })(), fs.createWriteStream("/base/large")); await pipeline(fs.createReadStream("/base/large", { highWaterMark: 1 << 20 }), fs.createWriteStream("/base/copy"));
      const hash = createHash("sha256"); let size = 0; for await (const part of fs.createReadStream("/base/copy", { highWaterMark: 1 << 20 })) { size += part.length; hash.update(part); } return Response.json([size, hash.digest("hex")]); } };`,
    { ...mounted([{ name: "files" }]), limits: { memoryMb: 32, wallMs: 60_000 } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer));
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  for (let i = 0; i < 64; i++) hash.update(Buffer.alloc(1 << 20, i));
  assert.deepEqual(JSON.parse(answer.response.body), [64 << 20, hash.digest("hex")]);
});

test("a token needs the scope for what it mounts, and sees its own tenant's workspaces only", async (t) => {
  const guarded = await startWithTokens();
  t.after(() => guarded.stop());
  await guarded.tenant("acme");
  const keys = {};
  for (const [name, scopes] of Object.entries({ all: ["run", "workspaces"], read: ["run", "workspaces:read"], run: ["run"] })) keys[name] = (await guarded.token(scopes, "acme")).token;
  await guarded.tenant("other");
  keys.other = (await guarded.token(["run", "workspaces"], "other")).token;
  assert.equal((await guarded.as(keys.all, "/v1/workspaces/w", { method: "PUT", body: {} })).status, 201);
  const code = { mainModule: "m.js", compatibilityDate: "2026-09-01", modules: { "m.js": `import fs from "node:fs"; export default { fetch() { try { fs.existsSync("/f") || fs.writeFileSync("/f", "acme's"); return new Response(fs.readFileSync("/f", "utf8")); } catch (e) { return new Response(e.code); } } };` } };
  const run = async (key, mode, route = "/v1/run") => {
    const answer = await guarded.as(keys[key], route, { method: "POST", body: { ...(route === "/v1/run" ? { code } : { code: "1" }), workspaces: [{ name: "w", mode }] } });
    const body = await answer.json();
    return answer.status === 200 ? body.response?.body ?? body.outcome : [answer.status, body.code, body.param];
  };
  assert.equal(await run("all", "rw"), "acme's");
  assert.equal(await run("read", "ro"), "acme's");
  assert.equal(await run("other", "rw"), "workspace.unknown");
  for (const [key, mode] of [["read", "rw"], ["run", "rw"], ["run", "ro"]]) {
    for (const route of ["/v1/run", "/v1/executions"]) assert.deepEqual(await run(key, mode, route), [403, "auth.scope", "/workspaces/0"], `${key} ${mode} ${route}`);
  }
  const stored = { ...code, workspaces: [{ name: "w" }] };
  keys.workers = (await guarded.token(["run", "workers"], "acme")).token;
  keys.both = (await guarded.token(["run", "workers", "workspaces"], "acme")).token;
  assert.equal((await guarded.as(keys.workers, "/v1/workers/stored", { method: "PUT", body: stored })).status, 403);
  assert.equal((await guarded.as(keys.both, "/v1/workers/stored", { method: "PUT", body: stored })).status, 201);
  assert.equal(await (await guarded.as(keys.run, "/v1/workers/stored/fetch/")).text(), "acme's", "who calls it needs no scope for what it has");
});

/* ---- all of a run, or nothing ------------------------------------------------------------------------- */

const whole = (name, more = {}) => mounted([{ name, transaction: "run", ...more }]);
const runWhole = (name, body, call = {}) => daemon.run(`import fs from "node:fs"; export default { async fetch() { const out = []; ${body}\nreturn Response.json(out); } };`, { ...whole(name), ...call });

test("a run that ends well commits all of it at once; nobody sees less; it sees its own", async () => {
  const space = await Workspace.make(daemon.url, "whole");
  await space.put("/counter", "1");
  const before = (await space.get()).revision;
  const answer = await runWhole("whole", `for (let i = 0; i < 50; i++) fs.writeFileSync("/f" + i, String(i)); fs.writeFileSync("/counter", "2"); fs.mkdirSync("/d/e", { recursive: true }); fs.writeFileSync("/d/large", new Uint8Array(3e6)); fs.renameSync("/f0", "/d/f0"); out.push(fs.readFileSync("/counter", "utf8"), fs.readdirSync("/").length);
    console.log("here"); await new Promise((done) => setTimeout(done, 100));`);
  assert.equal(answer.outcome, "ok", JSON.stringify(answer));
  assert.deepEqual(JSON.parse(answer.response.body), ["2", 51]);
  assert.equal((await space.get()).revision, before + 1, "one revision");
  assert.equal(await space.text("/counter"), "2");
  assert.equal((await space.read("/d/large")).length, 3e6);
  assert.equal((await space.get("/list?path=/")).entries.length, 51);
});

test("a run that fails, in whatever way, has changed nothing", async () => {
  const space = new Workspace(daemon.url, "whole");
  const before = (await space.get()).revision;
  for (const [end, outcome, call] of [[`throw new Error("no");`, "exception"], [`for (;;);`, "exceededCpu", { limits: { cpuMs: 100 } }], [`for (;;) fs.writeFileSync("/z", "");`, "exceededWallTime", { limits: { wallMs: 200 } }], [`new Array(1e9).fill("x").join("y".repeat(1e6));`, null, { limits: { memoryMb: 16 } }]]) {
    const answer = await runWhole("whole", `fs.writeFileSync("/counter", "lost"); fs.rmSync("/d", { recursive: true }); ${end}`, call);
    assert.notEqual(answer.outcome, "ok");
    if (outcome !== null) assert.equal(answer.outcome, outcome, JSON.stringify(answer));
    assert.equal(await space.text("/counter"), "2", outcome);
  }
  assert.equal((await space.get()).revision, before);
  assert.equal((await space.read("/d/large")).length, 3e6);
});

test("two runs on one workspace: one commits, the other is told of a conflict; one that only read is not", async () => {
  const space = new Workspace(daemon.url, "whole");
  const add = `const n = Number(fs.readFileSync("/counter", "utf8")); await new Promise((done) => setTimeout(done, 300)); fs.writeFileSync("/counter", String(n + 1));`;
  const look = `const a = fs.readFileSync("/counter", "utf8"); await new Promise((done) => setTimeout(done, 1500)); out.push(a === fs.readFileSync("/counter", "utf8"));`;
  const answers = await Promise.all([runWhole("whole", add), runWhole("whole", add), runWhole("whole", add), runWhole("whole", look)]);
  const outcomes = answers.slice(0, 3).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes.filter((one) => one === "ok").length, Number(await space.text("/counter")) - 2, "no change is lost, none is made twice");
  assert.ok(outcomes.includes("ok") && outcomes.every((one) => one === "ok" || one === "conflict"), outcomes.join());
  const lost = answers.find(({ outcome }) => outcome === "conflict");
  if (lost) assert.equal(lost.error.code, "workspace.conflict");
  assert.equal(answers[3].outcome, "ok", JSON.stringify(answers[3]));
  assert.deepEqual(JSON.parse(answers[3].response.body), [true], "it saw what was there when it began");
  for (let i = 0; i < 40; i++) assert.equal((await runWhole("whole", i % 2 ? `fs.readFileSync("/counter");` : `fs.readFileSync("/counter"); throw 1;`)).outcome, i % 2 ? "ok" : "exception", "no transaction is left behind");
});

test("a program's transaction, and where there can be none", async () => {
  const space = new Workspace(daemon.url, "whole");
  const execute = async (code) => (await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code, workspaces: [{ name: "whole", namespace: "state", transaction: "run" }] }) })).json();
  assert.equal((await execute(`async () => { await state.writeFile("/p", "1"); await state.writeFile("/q", "2"); return state.readFile("/p") }`)).result, "1");
  assert.equal(await space.text("/q"), "2");
  assert.equal((await execute(`async () => { await state.removeTree("/p"); throw new Error("no") }`)).outcome, "exception");
  assert.equal(await space.text("/p"), "1");
  for (const [workspaces, param, headers] of [[[{ name: "a", transaction: "x" }], "/workspaces/0/transaction"], [[{ name: "a", transaction: "run" }, { name: "b", path: "/b", transaction: "run" }], "/workspaces/1/transaction"], [[{ name: "a", transaction: "run" }], "/workspaces/0/transaction", { accept: "text/plain" }]]) {
    const answer = await daemon.run("export default {}", { ...mounted(workspaces), headers });
    assert.deepEqual([answer.status, answer.param], [400, param], JSON.stringify(answer));
  }
});

test("a daemon that is killed in the middle of transactions comes back without them", async () => {
  let one = await Daemon.start();
  const space = await Workspace.make(one.url, "w");
  await space.put("/f", "before");
  const code = `import fs from "node:fs"; export default { async fetch() { fs.writeFileSync("/f", "lost"); fs.writeFileSync("/large", new Uint8Array(2e6)); console.log("in"); await new Promise((done) => setTimeout(done, 1e6)); } };`;
  const runs = Array.from({ length: 10 }, () => one.run(code, whole("w")).catch(() => null));
  await one.until(async () => (await one.executors()).reduce((sum, { runs }) => sum + runs, 0) === 10);
  assert.equal(await space.text("/f"), "before");
  const { dir } = one;
  await one.kill();
  await Promise.all(runs);
  one = await Daemon.start({ dir });
  const again = new Workspace(one.url, "w");
  assert.equal(await again.text("/f"), "before");
  assert.equal((await again.get("/list?path=/")).entries.length, 1);
  for (let i = 0; i < 20; i++) assert.equal((await one.run(`import fs from "node:fs"; export default { fetch() { fs.appendFileSync("/f", "."); return new Response("x"); } };`, whole("w"))).outcome, "ok", "no place of a transaction is taken");
  assert.equal(await again.text("/f"), `before${".".repeat(20)}`);
  assert.deepEqual(await one.stop(), { code: 0, signal: null });
});

test("a storm: runs of all kinds on the same workspaces, canceled, cut and left by their clients at any moment", async () => {
  let one = await Daemon.start();
  for (let i = 0; i < 3; i++) await Workspace.make(one.url, `w${i}`);
  const bodies = [`for (let i = 0; i < 40; i++) fs.writeFileSync("/f" + i % 7, "x".repeat(i * 900));`, `await Promise.all(Array.from({ length: 40 }, (_, i) => fsp.appendFile("/a" + i % 5, "y")));`, `for (;;) { fs.readdirSync("/"); fsp.readFile("/f1").catch(() => {}); }`,
    `fs.writeFileSync("/big", new Uint8Array(3e6)); await fsp.readFile("/big"); fs.rmSync("/big", { force: true });`, `fsp.writeFile("/late", new Uint8Array(2e6)); throw new Error("x");`, `const h = await fsp.open("/h", "a+"); for (let i = 0; i < 20; i++) await h.write("z"); await h.close(); fs.mkdtempSync("/t-");`];
  const run = async (k) => {
    const left = k % 3 === 0 ? AbortSignal.timeout(20 + (k * 37) % 300) : undefined;
    const answer = await one.run(`import fs from "node:fs"; import fsp from "node:fs/promises"; export default { async fetch() { ${bodies[k % bodies.length]} return new Response("ok"); } };`,
      { ...mounted([{ name: `w${k % 3}`, transaction: k % 5 === 0 ? "run" : "each" }]), limits: { wallMs: k % 7 === 0 ? 100 : 2000, cpuMs: 1000, memoryMb: 64 }, signal: left }).catch(({ name }) => ({ outcome: name }));
    assert.ok(["ok", "exception", "conflict", "exceededWallTime", "exceededCpu", "TimeoutError", "AbortError"].includes(answer.outcome), JSON.stringify(answer));
  };
  let next = 0;
  await Promise.all(Array.from({ length: 12 }, async () => { while (next < 90) await run(next++); }));
  await one.until(async () => (await one.executors()).every(({ runs }) => runs === 0));
  const { executors } = await one.health();
  assert.deepEqual([executors.crashes, executors.attacks], [0, 0], JSON.stringify(executors));
  const { dir } = one;
  assert.deepEqual(await one.kill("SIGTERM"), { code: 0, signal: null });
  one = await Daemon.start({ dir }); // What was left under way is undone, and removed.
  const fsck = fileURLToPath(new URL("../lib/fsck.py", import.meta.url));
  let look;
  await one.until(() => (look = spawnSync("python3", [fsck, path.join(dir, "state", "mayfly.db")], { encoding: "utf8" })).status === 0).catch((error) => { throw new Error(`${look.stdout}${look.stderr}`, { cause: error }); });
  assert.deepEqual(await one.stop(), { code: 0, signal: null });
});
