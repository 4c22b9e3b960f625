// cli_fs.test.mjs - mayfly fs as a shell sees it: single files, and directories made the same in both directions.
import { test, before, after } from "node:test";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { Daemon, binDir, assert } from "../lib/mayfly.mjs";

let daemon, dir, proxy, url;
const seen = [];
let interfere = null; // (request, response) => true when it was answered here

// Between the program and the daemon, so that requests can be counted and cut off.
before(async () => {
  daemon = await Daemon.start();
  dir = mkdtempSync(path.join(tmpdir(), "mayfly-fs-"));
  proxy = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (interfere?.(request, response)) return;
    const onward = http.request(daemon.url + request.url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${proxy.address().port}`;
});
after(async () => { proxy.close(); proxy.closeAllConnections(); await daemon.stop(); rmSync(dir, { recursive: true, force: true }); });

function fs(args, { input = "", to = url, command = [path.join(binDir, "mayfly"), "fs"] } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], [...command.slice(1), ...args], { cwd: dir, env: { ...process.env, MAYFLY_URL: to } });
    const out = [];
    let err = "", peak = 0;
    const look = setInterval(() => { try { peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0)); } catch { /* It is gone. */ } }, 10);
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => { err += chunk; });
    child.on("error", reject);
    child.on("close", (code) => { clearInterval(look); resolve({ code, bytes: Buffer.concat(out), out: Buffer.concat(out).toString(), err, peak }); });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
async function fine(args, options) {
  const ran = await fs(args, options);
  assert.equal(ran.code, 0, `${args.join(" ")}: ${ran.err}`);
  return ran;
}
let count = 0;
async function fresh() {
  const name = `w${++count}`;
  await fine(["create", name]);
  return name;
}
function write(file, content, mode) {
  const at = path.join(dir, file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, content);
  if (mode !== undefined) chmodSync(at, mode);
}
// Everything below a directory: what it is, holds and when it was changed.
function picture(root, below = "") {
  const found = {};
  for (const name of readdirSync(path.join(dir, root, below)).sort()) {
    const at = path.join(below, name);
    const about = lstatSync(path.join(dir, root, at));
    if (about.isDirectory()) Object.assign(found, { [at]: "directory" }, picture(root, at));
    else if (about.isSymbolicLink()) found[at] = `link ${readlinkSync(path.join(dir, root, at))}`;
    else found[at] = `${(about.mode & 0o777).toString(8)} ${Math.floor(about.mtimeMs)} ${readFileSync(path.join(dir, root, at)).toString("base64").slice(0, 200)}`;
  }
  return found;
}

test("single files: put, cat, get, ls, mkdir, cp, mv, rm", async () => {
  const w = await fresh();
  const bytes = Buffer.from([0, 1, 255, 10, 13, 0]);
  await fine(["put", "-", `${w}:/a b/ü.bin`], { input: bytes });
  assert.deepEqual((await fine(["cat", `${w}:/a b/ü.bin`, `${w}:/a b/ü.bin`])).bytes, Buffer.concat([bytes, bytes]));
  await fine(["get", `${w}:/a b/ü.bin`]);
  assert.deepEqual(readFileSync(path.join(dir, "ü.bin")), bytes);
  mkdirSync(path.join(dir, "into"));
  await fine(["get", `${w}:/a b/ü.bin`, "into"]);
  await fine(["get", `${w}:/a b/ü.bin`, "into/other"]);
  assert.deepEqual(readdirSync(path.join(dir, "into")).sort(), ["other", "ü.bin"]);
  assert.deepEqual((await fine(["get", `${w}:/a b/ü.bin`, "-"])).bytes, bytes);
  await fine(["mkdir", "-p", `${w}:/x/y`]);
  await fine(["cp", `${w}:/a b/ü.bin`, `${w}:/x`]);
  await fine(["cp", "-r", `${w}:/x`, `${w}:/z`]);
  await fine(["mv", `${w}:/z`, `${w}:/x/y`]);
  assert.equal((await fine(["ls", "-R", `${w}:`])).out, "a b/\na b/ü.bin\nx/\nx/y/\nx/y/z/\nx/y/z/y/\nx/y/z/ü.bin\nx/ü.bin\n");
  assert.match((await fine(["ls", "-l", `${w}:/x`])).out, /^d0755 +6 \S+Z y\/\n-0644 +6 \S+Z ü\.bin\n$/);
  assert.equal((await fine(["ls", `${w}:/x/ü.bin`])).out, "ü.bin\n");
  await fine(["rm", `${w}:/a b/ü.bin`]);
  await fine(["rm", "-r", "-f", `${w}:/x`, `${w}:/none`]);
  assert.equal((await fine(["ls", `${w}:`])).out, "a b/\n");
});

test("what goes wrong has a sentence and a status", async () => {
  const w = await fresh();
  for (const [args, code, says] of [
    [["ls", `${w}:/none`], 3, /no such file or directory/], [["cat", `${w}:/none`], 3, /fs\.enoent/], [["rm", `${w}:/none`], 3, /fs\.enoent/],
    [["ls", "none:"], 3, /workspace\.unknown/], [["put", "no-such-file", `${w}:/x`], 2, /No such file/], [["get", `${w}:/none`, "left"], 3, /fs\.enoent/],
    [["ls", "here"], 2, /NAME:PATH/], [["mv", `${w}:/a`, "other:/a"], 2, /one workspace/], [["sync", "a", "b"], 2, /one directory/], [["sync", `${w}:`, "other:"], 2, /one directory/],
    [["frobnicate"], 2, /no command/], [[], 2, /missing/], [["ls"], 2, /missing/], [["ls", "-x", `${w}:`], 2, /unknown option: -x/], [["list", "--delete"], 2, /unknown option/],
    [["delete", "../x"], 2, /cannot be a name/], [["sync", "no-such-directory", `${w}:`], 2, /No such file/],
  ]) {
    const ran = await fs(args);
    assert.equal(ran.code, code, `${args}: ${ran.err}`);
    assert.match(ran.err, says, args.join(" "));
  }
  assert.equal(existsSync(path.join(dir, "left")), false);
  assert.equal((await fs(["list"], { to: "http://127.0.0.1:1" })).code, 3);
  assert.match((await fine(["--help"])).out, /usage: mayfly fs ls/);
});

test("workspaces: list, snapshot, restore, fork, delete", async () => {
  const w = await fresh();
  await fine(["put", "-", `${w}:/f`], { input: "1" });
  await fine(["snapshot", w, "s"]);
  assert.match((await fine(["snapshots", w])).out, /^s +1 bytes/);
  await fine(["put", "-", `${w}:/f`], { input: "2" });
  await fine(["fork", w, `${w}-fork`]);
  await fine(["restore", w, "s"]);
  assert.deepEqual([(await fine(["cat", `${w}:/f`])).out, (await fine(["cat", `${w}-fork:/f`])).out], ["1", "2"]);
  assert.match((await fine(["list"])).out, new RegExp(`^${w}-fork `, "m"));
  await fine(["delete", `${w}-fork`]);
  assert.equal((await fs(["ls", `${w}-fork:`])).code, 3);
});

test("sync: there and back, with odd names, modes, times and links; the second time nothing is sent", async () => {
  const w = await fresh();
  write("tree/plain", "1");
  write("tree/-dash", "2");
  write("tree/line\nbreak", "3");
  write("tree/ü ☃/deep/file", "4", 0o755);
  write(`tree/${"n".repeat(255)}`, "5");
  write("tree/a-b", "before a/b in bytes");
  write("tree/a/b", "below a");
  write("tree/empty", "");
  utimesSync(path.join(dir, "tree/plain"), 1.5e9, 1.5e9 + 0.123);
  mkdirSync(path.join(dir, "tree/hollow"));
  symlinkSync("ü ☃/deep", path.join(dir, "tree/link"));
  symlinkSync("/nowhere", path.join(dir, "tree/dangling"));
  assert.match((await fine(["sync", "tree", `${w}:/t`])).err, /^1[3-9] sent /);
  assert.match((await fine(["sync", "tree", `${w}:/t`])).err, /^0 sent \(0 B\), 0 removed/);
  await fine(["sync", `${w}:/t`, "back"]);
  assert.deepEqual(picture("back"), picture("tree"));
  assert.match((await fine(["sync", `${w}:/t`, "back"])).err, /^0 fetched/);
  write("back/plain", "x"); // as long as before, and newer
  assert.match((await fine(["sync", "-v", "back", `${w}:/t`])).out, /^put plain\n$/);
  assert.equal((await fine(["cat", `${w}:/t/plain`])).out, "x");
});

test("sync --delete, --dry-run; a file where a directory was", async () => {
  const w = await fresh();
  write("one/keep", "k");
  write("one/gone/deep", "g");
  write("one/gone-too", "g");
  await fine(["sync", "one", `${w}:`]);
  rmSync(path.join(dir, "one/gone"), { recursive: true });
  rmSync(path.join(dir, "one/gone-too"));
  write("one/new", "n");
  assert.deepEqual((await fine(["sync", "--dry-run", "--delete", "one", `${w}:`])).out.split("\n").sort(), ["", "put new", "remove gone", "remove gone-too"]);
  await fine(["sync", "one", `${w}:`]);
  assert.equal((await fine(["ls", `${w}:`])).out, "gone/\ngone-too\nkeep\nnew\n");
  await fine(["sync", "--delete", "one", `${w}:`]);
  assert.equal((await fine(["ls", `${w}:`])).out, "keep\nnew\n");
  rmSync(path.join(dir, "one/new"));
  write("one/new/inside", "i");
  const clash = await fs(["sync", "one", `${w}:`]);
  assert.deepEqual([clash.code, /new.*--delete|--delete.*new/s.test(clash.err)], [7, true], clash.err);
  await fine(["sync", "--delete", "one", `${w}:`]);
  assert.equal((await fine(["cat", `${w}:/new/inside`])).out, "i");
  write("two/new", "a file");
  write("two/extra/x/y", "e");
  assert.equal((await fs(["sync", `${w}:`, "two"])).code, 7);
  await fine(["sync", "--delete", `${w}:`, "two"]);
  assert.deepEqual(picture("two"), picture("one"));
});

test("sync: thousands of small files are a few requests, in both directions; one that changed is one of them", async () => {
  const w = await fresh();
  for (let i = 0; i < 4500; i++) write(`many/${i % 30}/f${i}`, `file ${i}`);
  seen.length = 0;
  await fine(["sync", "many", `${w}:`]);
  assert.ok(seen.length < 10, seen.slice(0, 30).join("\n"));
  seen.length = 0;
  await fine(["sync", `${w}:`, "many-back"]);
  assert.ok(seen.length < 12, seen.slice(0, 30).join("\n"));
  assert.deepEqual(picture("many-back"), picture("many"));
  write("many/0/f0", "changed");
  assert.match((await fine(["sync", "many", `${w}:`])).err, /^1 sent \(7 B\), 0 removed, 4529 the same/);
  seen.length = 0;
  assert.match((await fine(["sync", `${w}:`, "many-back"])).err, /^1 fetched/);
  assert.equal(seen.filter((one) => one.includes("/files/")).length, 1);
});

test("sync: what arrived before it was cut off need not be sent again", async () => {
  const w = await fresh();
  let archives = 0;
  interfere = (request, response) => { if (request.method !== "PUT" || ++archives < 2) return false; response.destroy(); request.destroy(); return true; };
  const cut = await fs(["sync", "many", `${w}:`]);
  interfere = null;
  assert.equal(cut.code, 3, cut.err);
  const rest = await fine(["sync", "many", `${w}:`]);
  assert.match(rest.err, /^25\d\d sent .*, 20\d\d the same|^25\d\d sent .*, 19\d\d the same/);
});

test("sync: what no workspace can have is named and left out", async () => {
  const w = await fresh();
  write("odd/fine", "1");
  writeFileSync(Buffer.concat([Buffer.from(path.join(dir, "odd/")), Buffer.from([0x66, 0xff])]), "not UTF-8");
  await new Promise((resolve, reject) => { const make = spawn("mkfifo", [path.join(dir, "odd/pipe")]); make.on("error", reject); make.on("close", resolve); });
  const ran = await fine(["sync", "odd", `${w}:`]);
  assert.match(ran.err, /not UTF-8/);
  assert.match(ran.err, /pipe/);
  assert.match(ran.err, /1 sent .*, 2 skipped/);
});

test("a large file passes through: memory does not grow with it", async () => {
  const w = await fresh();
  write("large/file", "begin");
  truncateSync(path.join(dir, "large/file"), 300 << 20);
  const sent = await fine(["sync", "large", `${w}:/l`], { to: daemon.url });
  const put = await fine(["put", "large/file", `${w}:/p`], { to: daemon.url });
  const got = await fine(["get", `${w}:/p`, "large/back"], { to: daemon.url });
  assert.equal(statSync(path.join(dir, "large/back")).size, 300 << 20);
  assert.equal(readFileSync(path.join(dir, "large/back")).subarray(0, 5).toString(), "begin");
  if (!process.env.ASAN_OPTIONS) for (const { peak } of [sent, put, got]) assert.ok(peak > 0 && peak < 64 << 10, `${peak} KiB`);
});

test("a server that is no mayflyd cannot write outside of the directory", async () => {
  const tar = (entries) => Buffer.concat([...entries.map(({ name, type = "0", link = "", body = "" }) => {
    const head = Buffer.alloc(512);
    head.write(name, 0); head.write("0000644\0", 100); head.write("0000000\0", 108); head.write("0000000\0", 116);
    head.write(body.length.toString(8).padStart(11, "0") + "\0", 124); head.write("00000000000\0", 136); head.write("        ", 148); head.write(type, 156); head.write(link, 157); head.write("ustar\x0000", 257);
    head.write([...head].reduce((a, b) => a + b, 0).toString(8).padStart(6, "0") + "\0 ", 148);
    return Buffer.concat([head, Buffer.from(body), Buffer.alloc((512 - body.length % 512) % 512)]);
  }), Buffer.alloc(1024)]);
  const entry = (name, more = {}) => ({ path: name, type: "file", size: 4, mode: "0644", revision: 1, createdAt: "2026-01-01T00:00:00.000Z", modifiedAt: "2026-01-01T00:00:00.000Z", ...more });
  const json = (response, body) => { response.setHeader("content-type", "application/json"); response.end(JSON.stringify(body)); return true; };
  const answering = (entries, archive) => (request, response) => {
    if (request.url.includes("/stat")) return json(response, entry("/", { type: "directory" }));
    if (request.url.includes("/list")) return json(response, { entries, next: null });
    if (request.url.includes("/archive")) { response.end(archive); return true; }
    response.end("evil"); // a file's bytes
    return true;
  };
  for (const name of ["/../evil", "/a/../../evil", "/./evil", "//evil", "evil", "/", "/a//evil"]) {
    interfere = answering([entry(name)], "");
    const ran = await fs(["sync", "x:", "jail/inner"]);
    assert.notEqual(ran.code, 0, name);
  }
  // A link that the server made, and a file that would go through it; and an archive that names what nobody asked for.
  mkdirSync(path.join(dir, "target"));
  const through = [entry("/out", { type: "symlink", target: path.join(dir, "target") }), ...Array.from({ length: 40 }, (_, i) => entry(`/f${i}`)), entry("/out/evil")];
  interfere = answering(through, tar([{ name: "out", type: "2", link: path.join(dir, "target") }, { name: "out/evil", body: "evil" }, { name: "../evil", body: "evil" }, { name: "unasked", body: "evil" }, { name: "f0", body: "fine" }]));
  mkdirSync(path.join(dir, "jail"), { recursive: true });
  symlinkSync(path.join(dir, "target"), path.join(dir, "jail-link"));
  await fs(["sync", "x:", "jail/inner"]);
  await fs(["sync", "--delete", "x:", "jail/inner"]);
  interfere = null;
  assert.deepEqual(readdirSync(path.join(dir, "target")), []);
  assert.deepEqual(readdirSync(path.join(dir, "jail")), ["inner"]);
  assert.equal(existsSync(path.join(dir, "evil")), false);
  assert.equal(existsSync(path.join(dir, "jail/inner/unasked")), false);
  assert.equal(readdirSync(path.join(dir, "jail/inner")).some((name) => name.startsWith(".mayfly")), false);
});
