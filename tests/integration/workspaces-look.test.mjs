// workspaces-look.test.mjs - list, find, glob and grep of the real daemon, page by page, against a plain model of the same files.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace, refused } from "../lib/workspace.mjs";

let daemon, w;
const files = new Map();
before(async () => {
  daemon = await Daemon.start();
  w = await Workspace.make(daemon.url, "look");
  for (let i = 0; i < 300; i++) {
    const dir = ["", "/src", "/src/lib", "/docs", "/src/lib/deep/er", "/ü"][i % 6];
    files.set(`${dir}/f${i}.${["js", "ts", "md"][i % 3]}`, `line one of ${i}\nneedle ${i % 7 === 0 ? "Seven" : "other"}\nend\n`.repeat(1 + i % 3));
  }
  await w.done(...[...files].map(([path, text]) => ({ op: "write", path, text, parents: true })), { op: "symlink", path: "/link", target: "src" });
});
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

// Directory before content, names in the order of their bytes.
const order = (a, b) => { const [x, y] = [a.split("/"), b.split("/")]; for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return Buffer.compare(Buffer.from(x[i]), Buffer.from(y[i])); return x.length - y.length; };
const paths = (filter) => [...files.keys()].filter(filter).sort(order);
const found = async (rest) => (await w.all(rest, "entries")).map((entry) => entry.path);

for (const limit of [1000, 7, 1]) {
  test(`all files, ${limit} at a time`, async () => {
    assert.deepEqual((await w.all(`/list?recursive=true&limit=${limit}`, "entries")).filter((e) => e.type === "file").map((e) => e.path), paths(() => true));
    assert.deepEqual(await found(`/find?type=file&name=*.ts&limit=${limit}`), paths((p) => p.endsWith(".ts")));
    assert.deepEqual(await found(`/glob?pattern=${encodeURIComponent("src/**/*.{js,md}")}&limit=${limit}`), paths((p) => p.startsWith("/src/") && !p.endsWith(".ts")));
    const matches = await w.all(`/grep?pattern=Seven&limit=${limit}`, "matches");
    assert.deepEqual(matches.map((m) => `${m.path}:${m.line}:${m.column}`), paths(() => true).flatMap((p) => files.get(p).split("\n").flatMap((line, i) => line.includes("Seven") ? [`${p}:${i + 1}:8`] : [])));
  });
}

test("one directory, by way of a link too", async () => {
  assert.deepEqual(await found("/list?path=link"), [...new Set(paths((p) => p.startsWith("/src/")).map((p) => p.split("/").slice(0, 3).join("/")))].sort(order));
  assert.deepEqual((await w.get("/list")).entries.find((e) => e.path === "/link").target, "src");
  await refused(await fetch(`${w.at}/list?path=/none`), 404, "fs.enoent");
  await refused(await fetch(`${w.at}/list?path=/f0.js`), 409, "fs.enotdir");
  await refused(await fetch(`${w.at}/list?after=none`), 400, "fs.einval");
});

test("find by size, age and depth", async () => {
  assert.deepEqual(await found("/find?type=file&sizeMin=100"), paths((p) => files.get(p).length >= 100));
  assert.deepEqual(await found("/find?maxDepth=1&type=file"), paths((p) => p.split("/").length === 2));
  assert.deepEqual(await found("/find?modifiedBefore=1000"), []);
  assert.deepEqual(await found("/find?type=directory&name=d*"), ["/docs", "/src/lib/deep"]);
  for (const bad of ["type=x", "maxDepth=0", "sizeMin=x", "wrong=1", "limit=1001"]) await refused(await fetch(`${w.at}/find?${bad}`), 400, "api.field");
  await refused(await fetch(`${w.at}/find?name=[a`), 400, "workspace.pattern");
  await refused(await fetch(`${w.at}/glob`), 400, "api.field");
});

test("grep: words, case, expressions, context, files by pattern", async () => {
  const grep = async (query) => (await w.all(`/grep?${new URLSearchParams(query)}`, "matches")).map((m) => m.text);
  assert.deepEqual(await grep({ pattern: "SEVEN", path: "/docs", limit: 1000 }), []);
  assert.equal((await grep({ pattern: "SEVEN", ignoreCase: "true", limit: 1000 })).length, (await grep({ pattern: "needle Seven", limit: 1000 })).length);
  assert.deepEqual(await grep({ pattern: "even", word: "true" }), []);
  assert.deepEqual([...new Set(await grep({ pattern: "^needle [A-Z]\\w+$", regex: "true", include: "*.md", limit: 1000 }))], ["needle Seven"]);
  assert.deepEqual(await grep({ pattern: "of 3$", regex: "true", include: "docs/*" }), ["line one of 3"]);
  const [match] = await w.all(`/grep?${new URLSearchParams({ pattern: "needle", context: 1, include: "f0.js", limit: 1 })}`, "matches");
  assert.deepEqual([match.before, match.text, match.after], [["line one of 0"], "needle Seven", ["end"]]);
  for (const pattern of ["(", "(a)\\1", "a\nb", ""]) await refused(await fetch(`${w.at}/grep?${new URLSearchParams({ pattern, regex: "true" })}`), 400, pattern === "" ? "api.field" : "workspace.pattern");
});

test("an expression that others run for years on ends, and nobody waits for it", async () => {
  await w.put("/trap", ("a".repeat(1000) + "!\n").repeat(500) + "a".repeat(200_000));
  for (const pattern of ["(a+)+$", "(a|aa)+$", "(a|b)*a(a|b){14}c", "^(([a-z])+.)+[A-Z]$"]) {
    const searching = w.get(`/grep?${new URLSearchParams({ pattern, regex: "true", include: "trap" })}`);
    const begin = Date.now();
    await w.get("/stat?path=/trap");
    assert.ok(Date.now() - begin < 3000, "others come between");
    const { matches, skipped } = await searching;
    assert.ok(matches.length + skipped.length <= 100);
  }
});
