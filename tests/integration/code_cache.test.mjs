// code_cache.test.mjs - V8's code caches of stored workers: made by a process of their own, used by later runs, refused when they are not
// what was made of that code.
import { test, before, after } from "node:test";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { Daemon, DATE, assert } from "../lib/mayfly.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

// A module of some 100 KB; |say| is its answer.
const source = (say) => `${Array.from({ length: 1000 }, (_, i) => `export function f${i}(a, b) { const c = a + b * ${i}; return c > 1000 ? c - 1000 : c + ${i}; }`).join("\n")}
export default { fetch: () => new Response(${JSON.stringify(say)} + f1(1, 2)) };`;
const put = async (name, modules) => assert.ok((await fetch(`${daemon.url}/v1/workers/${name}`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ compatibilityDate: DATE, mainModule: "a.js", modules }) })).ok);
const text = async (name) => (await fetch(`${daemon.url}/v1/workers/${name}/fetch/`)).text();
async function counters() {
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  const value = (name) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(metrics)[1]);
  return { made: value("mayfly_code_caches_made_total"), failed: value("mayfly_code_caches_failed_total"), hits: value("mayfly_code_cache_hits_total"), rejected: value("mayfly_code_cache_rejected_total") };
}
// Until a run of |name| begins from a cache.
async function hit(name, say) {
  const { hits } = await counters();
  await daemon.until(async () => { assert.equal(await text(name), say); return (await counters()).hits > hits; });
}

// Stops the daemon, lets |script| (Python) change the database |db|, and starts the daemon again; what the script prints.
async function between(script) {
  const { dir } = daemon;
  await daemon.kill("SIGTERM");
  const done = spawnSync("python3", ["-c", `import hashlib, sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n${script}\ndb.commit()`, path.join(dir, "state", "mayfly.db")], { encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  daemon = await Daemon.start({ dir });
  return done.stdout.trim();
}

test("a worker that has run some times begins from its code cache", async () => {
  await put("big", { "a.js": source("big") });
  assert.deepEqual(await counters(), { made: 0, failed: 0, hits: 0, rejected: 0 });
  await hit("big", "big4");
  const { made, failed, rejected } = await counters();
  assert.deepEqual({ made, failed, rejected }, { made: 1, failed: 0, rejected: 0 });
  await daemon.until(async () => (await daemon.executors()).every((one) => one.domain === 0)); // Its maker is gone.
});

test("small code has none", async () => {
  const { made } = await counters();
  await put("small", { "a.js": "export default { fetch: () => new Response('small') }" });
  for (let i = 0; i < 20; i++) assert.equal(await text("small"), "small");
  assert.equal((await counters()).made, made);
});

test("a cache that was changed, or is of other code, is refused; the run goes well and a new one is made", async () => {
  await put("one", { "a.js": source("one") });
  await hit("one", "one4");
  await put("two", { "a.js": source("two") });
  await hit("two", "two4");
  for (const change of [
    "UPDATE worker_code_caches SET parts = CAST(substr(parts, 1, 5000) || x'ff' || substr(parts, 5002) AS BLOB)",
    "CREATE TEMP TABLE others AS SELECT * FROM worker_code_caches; UPDATE worker_code_caches SET (build, digest, parts) = (SELECT build, digest, parts FROM others WHERE others.hash <> worker_code_caches.hash LIMIT 1)",
  ]) {
    await between(`db.executescript(${JSON.stringify(change)})`);
    assert.equal(await text("one"), "one4");
    assert.equal(await text("two"), "two4");
    assert.deepEqual(await counters(), { made: 0, failed: 0, hits: 0, rejected: 2 });
    await hit("one", "one4");
    await hit("two", "two4");
    assert.equal((await counters()).rejected, 2);
  }
});

test("a cache that V8 does not take is deleted; the run goes well and a new one is made", async () => {
  const changed = await between(`
changed = 0
for tenant, code, build, parts in db.execute("SELECT tenant, hash, build, parts FROM worker_code_caches").fetchall():
    at = parts.index(b"\\xde\\xc0") + 2  # Behind V8's magic number: the hash of its version.
    parts = parts[:at] + bytes([parts[at] ^ 1]) + parts[at + 1:]
    digest = hashlib.sha256()
    for field in (b"mayfly code cache", tenant.encode(), code.encode(), build.encode(), parts):
        digest.update(len(field).to_bytes(8, "little") + field)
    changed += db.execute("UPDATE worker_code_caches SET parts = ?, digest = ? WHERE tenant = ? AND hash = ?", (parts, digest.digest(), tenant, code)).rowcount
print(changed)`);
  assert.ok(Number(changed) >= 2, changed);
  assert.equal(await text("one"), "one4");
  await daemon.until(async () => (await counters()).rejected > 0); // Its executor says so.
  await hit("one", "one4");
  const { made, rejected } = await counters(); // Runs that began before it was deleted had it too.
  assert.equal(made, 1);
  await hit("one", "one4");
  assert.equal((await counters()).rejected, rejected);
});

test("a worker whose first request goes wrong has a cache of what was compiled; one that never ends has none, and runs all the same", async () => {
  await put("throws", { "a.js": `${source("x").replace(/export default.*$/s, "")} export default { fetch(request) { if (request.headers.get('x-real') === null) throw new Error('no'); return new Response('fine'); } }` });
  await put("hangs", { "a.js": `${source("x").replace(/export default.*$/s, "")} export default { fetch(request) { if (request.headers.get('x-real') === null) for (;;); return new Response('fine'); } }` });
  const real = async (name) => (await fetch(`${daemon.url}/v1/workers/${name}/fetch/`, { headers: { "x-real": "1" } })).text();
  const before = await counters();
  await daemon.until(async () => { assert.equal(await real("hangs"), "fine"); return (await counters()).failed > before.failed; });
  assert.equal(await real("hangs"), "fine");
  await daemon.until(async () => { assert.equal(await real("throws"), "fine"); return (await counters()).hits > before.hits; });
});
