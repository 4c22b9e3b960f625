// workspaces-archive.test.mjs - tar archives of workspaces: GNU tar makes and reads them, and those that mean harm are refused whole.
import { test, before, after } from "node:test";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import http from "node:http";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace, refused } from "../lib/workspace.mjs";
import { observe } from "../lib/workspace-model.mjs";

let daemon, scratch;
before(async () => { daemon = await Daemon.start(); scratch = mkdtempSync(path.join(tmpdir(), "mayfly-tar-")); });
after(async () => { rmSync(scratch, { recursive: true, force: true }); assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

const tar = (...args) => execFileSync("tar", args, { maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });
const put = (w, body, query = "") => fetch(`${w.at}/archive${query}`, { method: "PUT", body, duplex: "half" });
const get = async (w, query = "") => { const response = await fetch(`${w.at}/archive${query}`); assert.equal(response.status, 200); return Buffer.from(await response.arrayBuffer()); };

// One member by hand, with everything that a test wants wrong about it.
function member({ name = "f", type = "0", content = "", size, target = "", mode = "0000644", magic = "ustar\x0000", prefix = "", sum, mtime = "00000000001" }) {
  const data = Buffer.from(content);
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, "utf8");
  block.write(mode, 100);
  block.write("0000000", 108);
  block.write("0000000", 116);
  if (Buffer.isBuffer(size)) size.copy(block, 124); else block.write((size ?? data.length).toString(8).padStart(11, "0"), 124);
  block.write(mtime, 136);
  block.fill(" ", 148, 156);
  block.write(type, 156);
  block.write(target, 157, 100, "utf8");
  block.write(magic, 257, "latin1");
  block.write(prefix, 345);
  const total = sum ?? block.reduce((a, b) => a + b, 0);
  block.write(total.toString(8).padStart(6, "0") + "\0 ", 148);
  return Buffer.concat([block, data, Buffer.alloc((512 - data.length % 512) % 512)]);
}
const END = Buffer.alloc(1024);
const archive = (...members) => Buffer.concat([...members.map((one) => Buffer.isBuffer(one) ? one : member(one)), END]);
const pax = (records) => {
  const text = Buffer.concat(Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let size = rest + 1;
    while (String(size).length + rest !== size) size = String(size).length + rest;
    return Buffer.from(`${size} ${key}=${value}\n`);
  }));
  return member({ name: "pax", type: "x", content: text });
};

function makeTree() {
  const dir = path.join(scratch, "tree");
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(`${dir}/src/empty`, { recursive: true });
  writeFileSync(`${dir}/src/run.sh`, "#!/bin/sh\necho hello\n");
  chmodSync(`${dir}/src/run.sh`, 0o755);
  writeFileSync(`${dir}/empty`, "");
  writeFileSync(`${dir}/big`, Buffer.alloc(3_000_000, "big file "));
  writeFileSync(`${dir}/block`, Buffer.alloc(512, 1));
  writeFileSync(`${dir}/ünï – 日本`, "names");
  symlinkSync("src/run.sh", `${dir}/link`);
  symlinkSync("/nowhere/at/all", `${dir}/dangling`);
  symlinkSync("t".repeat(300), `${dir}/long-link`);
  const deep = `${dir}/${"a-long-name-of-a-directory/".repeat(6)}`;
  mkdirSync(deep, { recursive: true });
  writeFileSync(`${deep}${"n".repeat(200)}`, "deep");
  writeFileSync(`${deep}short`, "split into prefix and name");
  utimesSync(`${dir}/block`, 1_600_000_000, 1_600_000_000);
  return dir;
}

for (const format of ["gnu", "pax", "ustar", "v7"]) {
  test(`what GNU tar makes (${format}) comes back as it was`, async () => {
    const dir = makeTree();
    if (format === "ustar" || format === "v7") for (const name of ["long-link", "a-long-name-of-a-directory"]) rmSync(`${dir}/${name}`, { recursive: true });
    const w = await Workspace.make(daemon.url, `gnu-${format}`);
    const answer = await put(w, tar("-C", dir, `--format=${format}`, "-cf", "-", "."));
    assert.equal(answer.status, 200, await answer.clone().text());
    const { entries, bytes, revision } = await answer.json();
    assert.equal(revision, 1);
    assert.ok(entries > 8 && bytes > 3_000_000);
    assert.equal((await w.get("/stat?path=/src/run.sh")).mode, "0755");
    assert.equal((await w.get("/stat?path=/block")).modifiedAt, "2020-09-13T12:26:40.000Z");
    const back = path.join(scratch, `back-${format}`);
    mkdirSync(back);
    writeFileSync(`${back}.tar`, await get(w));
    tar("-C", back, "-xf", `${back}.tar`);
    execFileSync("diff", ["-r", "--no-dereference", dir, back]);
    assert.equal(tar("-C", back, "--compare", "-f", `${back}.tar`).toString(), "", "names, modes, times and content");
    // Ours, taken in by us.
    const again = await Workspace.make(daemon.url, `again-${format}`);
    assert.equal((await put(again, await get(w))).status, 200);
    assert.deepEqual(await observe(again), await observe(w));
  });
}

test("part of a tree out, into a directory elsewhere, over what is there", async () => {
  const w = await Workspace.make(daemon.url, "parts");
  await w.done({ op: "write", path: "/a/b/f", text: "1", parents: true }, { op: "write", path: "/a/b/c/g", text: "2", parents: true }, { op: "symlink", path: "/l", target: "a/b" });
  const part = await get(w, "?path=/l");
  assert.deepEqual(execFileSync("tar", ["-tf", "-"], { input: part }).toString().trim().split("\n"), ["c/", "c/g", "f"]);
  await w.done({ op: "write", path: "/to/here/f", text: "old", parents: true }, { op: "write", path: "/to/here/kept", text: "k" }, { op: "symlink", path: "/to/here/c2", target: "x" });
  assert.equal((await put(w, part, "?path=/to/here")).status, 200);
  assert.deepEqual((await observe(w))["/to/here/f"], (await observe(w))["/a/b/f"]);
  assert.equal(await w.text("/to/here/kept"), "k");
  assert.deepEqual((await w.get("/changes?since=2")).changes.map((c) => [c.kind, c.path]), [["tree", "/to/here"]]);
  // Links in place of files and the other way round; a hard link is a copy.
  assert.equal((await put(w, archive({ name: "kept", type: "2", target: "f" }, { name: "c2", content: "now a file" }, { name: "h", type: "1", target: "c2" }, { name: "./x//y/./z", content: "made" }, { name: "/abs", content: "inside" }), "?path=/to/here")).status, 200);
  assert.deepEqual([await w.text("/to/here/kept"), await w.text("/to/here/c2"), await w.text("/to/here/h"), await w.text("/to/here/x/y/z"), await w.text("/to/here/abs")], ["1", "now a file", "now a file", "made", "inside"]);
  await refused(await fetch(`${w.at}/archive?path=/none`), 404, "fs.enoent");
  await refused(await put(w, part, "?path=/a/b/f"), 409, "fs.eexist");
});

test("an archive that means harm, or none at all, changes nothing", async () => {
  const w = await Workspace.make(daemon.url, "hostile", { bytes: 1 << 20, inodes: 300 });
  await w.done({ op: "mkdir", path: "/in" }, { op: "write", path: "/outside", text: "mine" }, { op: "symlink", path: "/in/link", target: "/" }, { op: "mkdir", path: "/in/dir" });
  const before = [await w.get(), await observe(w)];
  const fine = { name: "fine", content: "x" };
  const giant = Buffer.from([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  const cases = [
    ["..", archive(fine, { name: "../outside", content: "yours" }), 400, "workspace.archive", /".."/],
    [".. inside", archive(fine, { name: "a/../../outside", content: "yours" }), 400, "workspace.archive", /".."/],
    ["through a link that is there", archive(fine, { name: "link/outside", content: "yours" }), 400, "workspace.archive", /symbolic link/],
    ["through a link that it brings", archive(fine, { name: "l", type: "2", target: "/" }, { name: "l/outside", content: "yours" }), 400, "workspace.archive", /symbolic link/],
    ["hard link out", archive(fine, { name: "h", type: "1", target: "../outside" }), 400, "workspace.archive", /".."/],
    ["hard link through a link", archive(fine, { name: "l", type: "2", target: "/" }, { name: "h", type: "1", target: "l/outside" }), 400, "workspace.archive", /hard link/],
    ["hard link to nothing", archive(fine, { name: "h", type: "1", target: "none" }), 400, "workspace.archive", /hard link/],
    ["pax path ..", archive(fine, pax({ path: "../outside" }), fine), 400, "workspace.archive", /".."/],
    ["file over directory", archive(fine, { name: "dir", content: "x" }), 409, "fs.eisdir"],
    ["directory over file", archive(fine, { name: "fine", type: "5" }), 409, "fs.enotdir"],
    ["device", archive(fine, { name: "null", type: "3" }), 400, "workspace.archive", /devices/],
    ["pipe", archive(fine, { name: "p", type: "6" }), 400, "workspace.archive", /pipes/],
    ["GNU sparse", archive(fine, { name: "s", type: "S" }), 400, "workspace.archive", /sparse/],
    ["pax sparse", archive(fine, pax({ "GNU.sparse.major": "1" }), fine), 400, "workspace.archive", /sparse/],
    ["unknown kind", archive(fine, { name: "s", type: "Z" }), 400, "workspace.archive", /kind/],
    ["exabytes", archive(fine, { size: giant }), 413, "fs.efbig"],
    ["negative", archive(fine, { size: Buffer.alloc(12, 0xff) }), 400, "workspace.archive", /number/],
    ["pax size too large for a number", archive(fine, pax({ size: "99999999999999999999" }), fine), 400, "workspace.archive", /size/],
    ["a pax record longer than its header", archive(fine, member({ type: "x", content: "99 path=a\n" }), fine), 400, "workspace.archive", /malformed/],
    ["a pax record without end", archive(fine, member({ type: "x", content: "8 path=a" }), fine), 400, "workspace.archive", /malformed/],
    ["a long name of megabytes", archive(fine, member({ type: "L", size: 1 << 22 })), 400, "workspace.archive", /too large/],
    ["a name of 300 bytes", archive(fine, pax({ path: "n".repeat(300) }), fine), 400, "fs.enametoolong"],
    ["a path of 5000 bytes", archive(fine, pax({ path: "n/".repeat(2500) + "x" }), fine), 400, "fs.enametoolong"],
    ["200 directories deep", archive(fine, pax({ path: "n/".repeat(200) + "x" }), fine), 400, "fs.enametoolong"],
    ["a name that is no UTF-8", archive(fine, member({ name: "x" }).map((b, i) => i === 0 ? 0xff : i === 148 + 5 ? 0 : b)), 400, "workspace.archive", /checksum/],
    ["wrong checksum", archive(fine, { sum: 1 }), 400, "workspace.archive", /checksum/],
    ["gzip", Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(2000)]), 400, "workspace.archive", /compressed/],
    ["no tar", Buffer.alloc(2000, "text "), 400, "workspace.archive", /checksum/],
    ["nothing", Buffer.alloc(0), 400, "workspace.archive", /cut off/],
    ["cut off in a file", archive(fine, { name: "x", content: "y".repeat(5000) }).subarray(0, 4000), 400, "workspace.archive", /cut off/],
    ["cut off between files", archive(fine).subarray(0, 1024), 400, "workspace.archive", /cut off/],
    ["more than the quota", archive(fine, { name: "x", content: Buffer.alloc(2 << 20) }), 507, "fs.enospc"],
    ["more files than the quota", archive(...Array.from({ length: 400 }, (_, i) => ({ name: `f${i}` }))), 507, "fs.enospc"],
  ];
  for (const [name, bytes, status, code, why] of cases) {
    const problem = await refused(await put(w, bytes, "?path=/in"), status, code).catch((error) => { error.message = `${name}: ${error.message}`; throw error; });
    if (why) assert.match(problem.detail, why, name);
    assert.deepEqual([await w.get(), await observe(w)], before, name);
  }
  await daemon.until(async () => (await put(w, archive(fine), "?path=/in")).status === 200);
});

test("times that no clock shows are the last ones that can be written", async () => {
  const w = await Workspace.make(daemon.url, "times");
  assert.equal((await put(w, archive(pax({ mtime: "9223372036854774" }), { name: "far" }, { name: "octal", mtime: "77777777777" }))).status, 200);
  assert.deepEqual((await w.get("/list")).entries.map((e) => [e.path, e.modifiedAt]), [["/far", "9999-12-31T23:59:59.999Z"], ["/octal", new Date(0o77777777777 * 1000).toISOString()]]);
  const response = await w.file("/far");
  assert.deepEqual([response.status, response.headers.get("last-modified")], [200, "Fri, 31 Dec 9999 23:59:59 GMT"]);
  assert.equal((await put(w, await get(w))).status, 200);
});

test("byte by byte, and with a megabyte at a time, it is the same archive", async () => {
  const dir = makeTree();
  rmSync(`${dir}/big`);
  const bytes = tar("-C", dir, "--format=pax", "-cf", "-", ".");
  const whole = await Workspace.make(daemon.url, "whole");
  await put(whole, bytes);
  const drip = await Workspace.make(daemon.url, "drip");
  const url = new URL(`${drip.at}/archive`);
  const status = await new Promise((resolve, reject) => {
    const request = http.request(url, { method: "PUT" }, (response) => { response.resume(); resolve(response.statusCode); });
    request.on("error", reject);
    const more = (at) => { if (at >= bytes.length) return request.end(); const size = at % 7 === 0 ? 1 : 337; request.write(bytes.subarray(at, at + size), () => more(at + size)); };
    more(0);
  });
  assert.equal(status, 200);
  assert.deepEqual(await observe(drip), await observe(whole));
});

test("an archive is what was there when it began, and a change meanwhile ends one that comes in", async () => {
  const w = await Workspace.make(daemon.url, "race");
  await w.done(...Array.from({ length: 40 }, (_, i) => ({ op: "write", path: `/f${String(i).padStart(2, "0")}`, base64: Buffer.alloc(1 << 18, i).toString("base64") })));
  const before = await observe(w);
  const response = await fetch(`${w.at}/archive`);
  const reader = response.body.getReader();
  const pieces = [Buffer.from((await reader.read()).value)];
  await w.done(...Array.from({ length: 40 }, (_, i) => ({ op: "rm", path: `/f${String(i).padStart(2, "0")}` })), { op: "write", path: "/new", text: "x" });
  for (let piece; !(piece = await reader.read()).done;) pieces.push(Buffer.from(piece.value));
  const copy = await Workspace.make(daemon.url, "race-copy");
  assert.equal((await put(copy, Buffer.concat(pieces))).status, 200);
  assert.deepEqual(await observe(copy), before);
  const url = new URL(`${w.at}/archive`);
  const bytes = archive({ name: "a", content: Buffer.alloc(2 << 20) });
  const answer = await new Promise((resolve, reject) => {
    const request = http.request(url, { method: "PUT", headers: { "content-length": bytes.length } }, (got) => { let text = ""; got.on("data", (piece) => { text += piece; }).on("end", () => resolve([got.statusCode, JSON.parse(text).code])); });
    request.on("error", reject);
    // Two pieces; changes then go through the same queue behind them, again and again until they surely do.
    request.write(bytes.subarray(0, 1 << 21), async () => {
      for (let i = 0; i < 50; i++) await w.done({ op: "write", path: "/mine", text: "first" });
      request.end(bytes.subarray(1 << 21));
    });
  });
  assert.deepEqual(answer, [409, "workspace.conflict"]);
  assert.equal(await w.text("/mine"), "first");
  await refused(await w.file("/a"), 404, "fs.enoent");
});

test("500 MB go through GNU tar on both ends in constant memory", async () => {
  const w = await Workspace.make(daemon.url, "giant", { bytes: 1 << 30 });
  const dir = path.join(scratch, "giant");
  mkdirSync(dir);
  for (let i = 0; i < 5; i++) { writeFileSync(`${dir}/f${i}`, Buffer.from(`content ${i} `.repeat(1000))); truncateSync(`${dir}/f${i}`, 100_000_000); }
  const before = daemon.memory().rssKb;
  execFileSync("sh", ["-c", `tar -C "$0" -cf - . | curl -sS --fail-with-body -T - "$1"`, dir, `${w.at}/archive`]);
  const back = path.join(scratch, "giant-back");
  mkdirSync(back);
  execFileSync("sh", ["-c", `curl -sS --fail "$1" | tar -C "$0" -xf -`, back, `${w.at}/archive`]);
  execFileSync("diff", ["-r", dir, back]);
  const grown = daemon.memory().rssKb - before;
  assert.ok(grown < (process.env.ASAN_OPTIONS ? 400_000 : 40_000), `${grown} KiB more`);
});
