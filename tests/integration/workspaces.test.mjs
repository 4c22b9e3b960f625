// workspaces.test.mjs - /v1/workspaces of the real daemon: their lives, files as streams, edits and batches; curl as the client.
import { test, before, after } from "node:test";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync, readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace, refused } from "../lib/workspace.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

const make = (name, quota) => Workspace.make(daemon.url, name, quota);
const json = { "content-type": "application/json" };
const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");

// A target as it is written, which fetch would tidy up.
const rawRequest = (method, target, body) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(daemon.url);
  const request = http.request({ hostname, port, method, path: target }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece) => { text += piece; }).on("end", () => resolve({ status: response.statusCode, text }));
  });
  request.on("error", reject);
  request.end(body);
});

test("a workspace's life", async () => {
  const all = `${daemon.url}/v1/workspaces`;
  for (const name of ["life-c", "life-a", "life-b"]) await make(name);
  const page = await (await fetch(`${all}?limit=2`)).json();
  assert.deepEqual([page.workspaces.map((w) => w.name), page.next], [["life-a", "life-b"], "life-b"]);
  const rest = await (await fetch(`${all}?after=life-b`)).json();
  assert.deepEqual([rest.workspaces.map((w) => w.name), rest.next], [["life-c"], null]);
  const put = (body) => fetch(`${all}/life-a`, { method: "PUT", headers: json, body });
  const changed = await put('{"quota":{"bytes":5}}');
  assert.deepEqual([changed.status, (await changed.json()).quota], [200, { bytes: 5, inodes: 1_000_000 }]);
  assert.deepEqual((await (await fetch(`${all}/life-a`)).json()).usage, { bytes: 0, inodes: 1 });
  assert.equal((await refused(await put('{"quota":{"bytes":0}}'), 400, "api.field")).param, "/quota/bytes");
  assert.equal((await refused(await put('{"quta":{}}'), 400, "api.field")).param, "/quta");
  await refused(await put("{"), 400, "api.json");
  await refused(await fetch(`${all}/-x`, { method: "PUT" }), 400, "api.name");
  await refused(await fetch(`${all}?limit=0`), 400, "api.field");
  await refused(await fetch(`${all}?page=1`), 400, "api.field");
  assert.equal((await fetch(`${all}/life-a`, { method: "DELETE" })).status, 204);
  for (const [method, at, body] of [["GET", ""], ["DELETE", ""], ["GET", "/files/x"], ["PUT", "/files/x", "1"], ["PATCH", "/files/x", '{"edits":[{"search":"a","replace":"b"}]}'], ["DELETE", "/files/x"], ["POST", "/ops", '{"ops":[{"op":"mkdir","path":"/a"}]}']]) {
    await refused(await fetch(`${all}/life-a${at}`, { method, body, headers: json }), 404, "workspace.unknown");
  }
});

test("a file: put, got, ranges, conditions, deleted", async () => {
  const w = await make("file");
  const made = await w.put("/a/b ü%.txt", "0123456789", { query: "?mode=750" });
  assert.equal(made.status, 201);
  const info = await made.json();
  assert.deepEqual([info.path, info.type, info.size, info.mode], ["/a/b ü%.txt", "file", 10, "0750"]);
  const etag = made.headers.get("etag");
  assert.equal(etag, info.etag);
  const got = await w.file("/a/b ü%.txt");
  assert.equal(await got.text(), "0123456789");
  assert.deepEqual(["content-type", "x-content-type-options", "etag", "mayfly-mode", "content-length"].map((name) => got.headers.get(name)), ["application/octet-stream", "nosniff", etag, "0750", "10"]);
  const head = await w.file("/a/b ü%.txt", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "10", ""]);
  for (const [range, status, text, contentRange] of [["bytes=2-4", 206, "234", "bytes 2-4/10"], ["bytes=7-", 206, "789", "bytes 7-9/10"], ["bytes=-3", 206, "789", "bytes 7-9/10"], ["bytes=0-99", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=10-", 416, null, "bytes */10"], ["bytes=-0", 416, null, "bytes */10"], ["bytes=4-2", 200, "0123456789", null], ["lines=1-2", 200, "0123456789", null], ["bytes=1-2,4-5", 200, "0123456789", null], ["bytes=x", 200, "0123456789", null]]) {
    const part = await w.file("/a/b ü%.txt", { headers: { range } });
    assert.deepEqual([part.status, part.headers.get("content-range")], [status, contentRange], range);
    if (text !== null) assert.equal(await part.text(), text, range);
    else assert.equal((await part.json()).code, "api.range");
  }
  assert.equal(await (await w.file("/a/b ü%.txt", { headers: { range: "bytes=1-1", "if-range": etag } })).text(), "1");
  assert.equal(await (await w.file("/a/b ü%.txt", { headers: { range: "bytes=1-1", "if-range": '"other"' } })).text(), "0123456789");
  assert.equal((await w.file("/a/b ü%.txt", { headers: { "if-none-match": etag } })).status, 304);
  await refused(await w.file("/a/b ü%.txt", { headers: { "if-match": '"other"' } }), 412, "api.precondition");
  await refused(await w.put("/a/b ü%.txt", "x", { headers: { "if-none-match": "*" } }), 412, "api.precondition");
  await refused(await w.put("/a/b ü%.txt", "x", { headers: { "if-match": '"other"' } }), 412, "api.precondition");
  await refused(await w.put("/none", "x", { headers: { "if-match": "*" } }), 412, "api.precondition");
  const next = await w.put("/a/b ü%.txt", "new", { headers: { "if-match": etag } });
  assert.deepEqual([next.status, (await next.json()).mode], [200, "0750"]);
  assert.notEqual(next.headers.get("etag"), etag);
  assert.equal((await refused(await w.file("/a"), 409, "fs.eisdir")).errno, "EISDIR");
  await refused(await w.file("/none"), 404, "fs.enoent");
  await refused(await w.file("/a/b ü%.txt/c"), 409, "fs.enotdir");
  await refused(await w.put("/a", "x"), 409, "fs.eisdir");
  await refused(await w.put("/a/" + "n".repeat(256), "x"), 400, "fs.enametoolong");
  await refused(await w.put("/x", "x", { query: "?mode=888" }), 400, "api.field");
  await refused(await w.file("/a", { method: "DELETE" }), 409, "fs.enotempty");
  await refused(await w.file("", { method: "DELETE", query: "?recursive=true" }), 409, "fs.ebusy");
  await refused(await w.file("/a/b ü%.txt", { method: "DELETE", headers: { "if-match": etag } }), 412, "api.precondition");
  assert.equal((await w.file("/a", { method: "DELETE", query: "?recursive=true" })).status, 204);
  await refused(await w.file("/a", { method: "DELETE" }), 404, "fs.enoent");
  assert.equal((await w.put("/empty", "")).status, 201);
  assert.equal(await w.text("/empty"), "");
});

test("paths that try to leave stay inside, and what is no path is refused", async () => {
  const w = await make("paths");
  const at = "/v1/workspaces/paths/files";
  assert.equal((await rawRequest("PUT", `${at}/../../../etc/passwd`, "mine")).status, 201);
  assert.equal(await w.text("/etc/passwd"), "mine");
  assert.equal((await rawRequest("GET", `${at}/./etc//x/../passwd`)).status, 404);
  assert.equal((await rawRequest("GET", `${at}/./etc//passwd`)).text, "mine");
  assert.equal((await rawRequest("GET", `${at}/%2e%2e/%65tc/passwd`)).text, "mine");
  for (const bad of ["/a%2fb", "/a%00b", "/a%ffb", "/a%", "/a%4", "/a%zz"]) {
    const answer = await rawRequest("PUT", at + bad, "x");
    assert.deepEqual([answer.status, JSON.parse(answer.text).errno], [400, "EINVAL"], bad);
  }
  await w.done({ op: "symlink", path: "/out", target: "/../../etc" }, { op: "symlink", path: "/loop", target: "loop" });
  assert.equal(await w.text("/out/passwd"), "mine");
  await refused(await w.file("/loop/x"), 409, "fs.eloop");
});

test("edits of a file are all made or none", async () => {
  const w = await make("edits");
  await w.put("/f.js", "let a = 1;\nlet b = 1;\n");
  const done = await w.edit("/f.js", [{ search: "let a", replace: "const a" }, { search: "1", all: true, replace: "2" }, { offset: 0, length: 0, replace: "// é\n" }, { offset: 3, length: 2, replaceBase64: "AAE=" }]);
  assert.equal(done.status, 200);
  assert.deepEqual(await w.read("/f.js"), Buffer.from("// \0\x01\nconst a = 2;\nlet b = 2;\n"));
  const etag = done.headers.get("etag");
  const twice = await refused(await w.edit("/f.js", [{ search: "const", replace: "x" }, { search: "2", replace: "3" }]), 409, "workspace.edit");
  assert.deepEqual([twice.edit, twice.found], [1, 2]);
  assert.equal((await refused(await w.edit("/f.js", [{ search: "nowhere", replace: "" }]), 409, "workspace.edit")).found, 0);
  await refused(await w.edit("/f.js", [{ offset: 1000, length: 1, replace: "" }]), 409, "workspace.edit");
  assert.equal((await w.file("/f.js", { method: "HEAD" })).headers.get("etag"), etag);
  for (const bad of [[], [{ replace: "x" }], [{ search: "", replace: "x" }], [{ search: "a" }], [{ search: "a", offset: 1, length: 1, replace: "" }], [{ offset: 1, replace: "" }], [{ search: "a", replace: "x", replaceBase64: "" }], [{ search: "a", replaceBase64: "?" }], [1]]) {
    await refused(await w.edit("/f.js", bad), 400, "api.field");
  }
  await refused(await w.edit("/f.js", [{ search: "const", replace: "x" }], { headers: { "if-match": '"x"' } }), 412, "api.precondition");
  await refused(await w.edit("/none", [{ search: "a", replace: "x" }]), 404, "fs.enoent");
});

test("a batch is one transaction, and says which operation failed", async () => {
  const w = await make("batch");
  const answer = await w.done({ op: "mkdir", path: "/d/e", parents: true }, { op: "write", path: "/d/f", text: "ä", mode: "600" }, { op: "append", path: "/d/f", base64: "AP8=" }, { op: "cp", from: "/d", to: "/c", recursive: true },
    { op: "mv", from: "/d/f", to: "/x/y/z", parents: true }, { op: "symlink", path: "/l", target: "x/y" }, { op: "edit", path: "/l/z", edits: [{ search: "ä", replace: "a" }] }, { op: "truncate", path: "/c/f", size: 1 }, { op: "chmod", path: "/c/f", mode: "755" }, { op: "rm", path: "/d/e" }, { op: "rm", path: "/nope", force: true });
  assert.deepEqual([answer.revision, answer.results.length, answer.results[1].created, answer.results[4].type, answer.results[8].mode, answer.results[10]], [1, 11, true, "file", "0755", { created: false }]);
  assert.deepEqual(await w.read("/x/y/z"), Buffer.from([97, 0, 255]));
  assert.deepEqual(await w.read("/c/f"), Buffer.from([0xc3]));
  const before = await w.get();
  const failed = await w.ops({ op: "write", path: "/c/f", text: "no" }, { op: "mv", from: "/c", to: "/c/inside" }, { op: "mkdir", path: "/late" });
  assert.deepEqual([failed.status, failed.code, failed.errno, failed.index], [400, "fs.einval", "EINVAL", 1]);
  assert.deepEqual(await w.get(), before);
  const stale = await w.ops({ op: "write", path: "/c/f", text: "no", ifMatch: '"other"' });
  assert.deepEqual([stale.status, stale.index], [412, 0]);
  for (const [bad, param] of [[{ op: "mkdirs", path: "/a" }, "/ops/0"], [{ op: "mkdir" }, "/ops/0/path"], [{ op: "mkdir", path: "/a", recursive: true }, "/ops/0/recursive"], [{ op: "write", path: "/a" }, "/ops/0"], [{ op: "write", path: "/a", text: "", base64: "" }, "/ops/0"], [{ op: "chmod", path: "/a", mode: "9" }, "/ops/0"], [1, "/ops/0"], [{ op: "edit", path: "/a", edits: [] }, "/ops/0"]]) {
    const problem = await w.ops(bad);
    assert.deepEqual([problem.status, problem.code, problem.param], [400, "api.field", param], JSON.stringify(problem));
  }
  assert.deepEqual((await w.done()).results, []);
});

test("the quota holds, for files that are streamed too", async () => {
  const w = await make("quota", { bytes: 3 << 20, inodes: 4 });
  await w.put("/a", randomBytes(2 << 20));
  const over = await refused(await w.put("/b", randomBytes(2 << 20)), 507, "fs.enospc");
  assert.equal(over.errno, "ENOSPC");
  await refused(await w.file("/b"), 404, "fs.enoent");
  assert.equal((await w.put("/b", randomBytes(1 << 20))).status, 201);
  await refused(await w.put("/c", "1"), 507, "fs.enospc");
  assert.equal((await w.put("/d", "")).status, 201);
  await refused(await w.put("/e", ""), 507, "fs.enospc");
  assert.deepEqual((await w.get()).usage, { bytes: 3 << 20, inodes: 4 });
});

test("100 MiB go in and out in constant memory, and a slow reader holds up nobody", async () => {
  const w = await make("large", { bytes: 1 << 30 });
  const bytes = randomBytes(100 << 20);
  const file = path.join(daemon.dir, "large");
  writeFileSync(file, bytes);
  await w.put("/warm", bytes.subarray(0, 8 << 20));
  await w.read("/warm");
  const before = daemon.memory().rssKb;
  const curl = (...args) => execFileSync("curl", ["-sS", "--fail-with-body", ...args], { maxBuffer: 1 << 28 });
  assert.equal(JSON.parse(curl("-T", file, `${w.at}/files/large`)).size, bytes.length);
  // As chunks, whose number nobody knows before their end.
  assert.equal(JSON.parse(curl("-T", file, "-H", "transfer-encoding: chunked", `${w.at}/files/again`)).size, bytes.length);
  curl("-o", `${file}.back`, `${w.at}/files/large`);
  assert.equal(sha(readFileSync(`${file}.back`)), sha(bytes));
  curl("-o", `${file}.part`, "-r", "1000000-80000000", `${w.at}/files/again`);
  assert.equal(sha(readFileSync(`${file}.part`)), sha(bytes.subarray(1000000, 80000001)));
  const slow = spawn("curl", ["-s", "--limit-rate", "1k", "-o", "/dev/null", `${w.at}/files/large`]);
  await daemon.until(async () => (await (await fetch(`${daemon.url}/healthz`)).json()).status !== "starting");
  assert.equal((await w.file("/large", { method: "DELETE" })).status, 204);
  assert.equal((await w.put("/large", "small")).status, 201);
  assert.equal(await w.text("/large"), "small");
  slow.kill();
  const grown = daemon.memory().rssKb - before;
  assert.ok(grown < (process.env.ASAN_OPTIONS ? 400_000 : 30_000), `${grown} KiB more`);
});

test("who reads a file reads it to its end, whatever becomes of it", async () => {
  const w = await make("pinned");
  const bytes = randomBytes(24 << 20);
  await w.put("/f", bytes);
  const response = await w.file("/f");
  const reader = response.body.getReader();
  const pieces = [Buffer.from((await reader.read()).value)];
  await w.done({ op: "append", path: "/f", text: "more" });
  await w.done({ op: "rm", path: "/f" });
  for (let piece; !(piece = await reader.read()).done;) pieces.push(Buffer.from(piece.value));
  assert.equal(sha(Buffer.concat(pieces)), sha(bytes));
});

test("an upload that breaks off leaves nothing", async () => {
  const w = await make("broken");
  const { hostname, port } = new URL(daemon.url);
  const request = http.request({ hostname, port, method: "PUT", path: "/v1/workspaces/broken/files/f", headers: { "content-length": 64 << 20 } });
  request.on("error", () => {});
  await new Promise((resolve) => request.write(randomBytes(16 << 20), resolve));
  request.destroy();
  await daemon.until(async () => (await w.put("/probe", "x")).ok && (await w.get()).usage.inodes === 2);
  await refused(await w.file("/f"), 404, "fs.enoent");
});
