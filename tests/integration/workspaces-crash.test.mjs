// workspaces-crash.test.mjs - kill -9 of the daemon at random moments of writes, renames, batches, forks and uploads. After each restart a
// workspace holds what it was last told to hold: with the one call that had no answer yet, or without it, and never a part of it.
//
//     MF_CRASH_ROUNDS=500 node --test tests/integration/workspaces-crash.test.mjs
import { test, after } from "node:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Daemon, assert, binDir } from "../lib/mayfly.mjs";
import { Workspace } from "../lib/workspace.mjs";
import { Model, observe, randomOf, randomOp } from "../lib/workspace-model.mjs";

const seed = Number(process.env.MF_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 32));
// Unless somebody says how many: as many as a busy machine manages in 90 s, and no more than these.
const rounds = Number(process.env.MF_CRASH_ROUNDS ?? (process.env.ASAN_OPTIONS ? 20 : 80));
const endsAt = process.env.MF_CRASH_ROUNDS ? Infinity : Date.now() + 90_000;
const LEAST = 5;
const FSCK_EACH = process.env.MF_CRASH_ROUNDS ? 1 : 20; // Rounds.
const CLIENTS = 4;
const json = { "content-type": "application/json" };
const fsck = fileURLToPath(new URL("../lib/fsck.py", import.meta.url));
// Runs are none of this test's business: the fewest executors, nothing made ahead.
const config = { executors: { count: 1, standby: 0 } };
const random = randomOf(seed);

process.setMaxListeners(0); // Each daemon adds one.

let daemon;
after(() => daemon?.stop());

// What the kill left, log and all. A copy: whoever closes a database moves its log into it, which is for the next daemon to do.
function check(file) {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-fsck-"));
  try {
    for (const end of ["", "-wal"]) if (existsSync(file + end)) copyFileSync(file + end, path.join(dir, `mayfly.db${end}`));
    const look = spawnSync("python3", [fsck, path.join(dir, "mayfly.db")], { encoding: "utf8" });
    assert.equal(look.status, 0, `${look.stdout}${look.stderr}`);
  } finally { rmSync(dir, { recursive: true, force: true }); }
}

// A client with a workspace of its own and one call at a time.
class Client {
  constructor(id) { this.name = `c${id}`; this.model = new Model({ bytes: 1 << 24, inodes: 1000 }); this.forks = 0; this.forked = []; this.done = 0; }

  get workspace() { return new Workspace(daemon.url, this.name); }

  // What it may hold once the call that is under way is made.
  async call(request, after, fork) {
    this.pending = { after, fork };
    const response = await request();
    const body = await response.text();
    assert.ok(response.status < 500 || response.status === 507, `${response.status} ${body}`);
    if (response.ok) { this.model = after; this.forked.push(...(fork ? [fork] : [])); }
    this.pending = undefined;
    this.done++;
  }

  async step() {
    const { workspace } = this;
    const after = this.model.clone();
    const roll = random.next();
    if (roll < 0.15) {
      const path = `/big${random.below(3)}`;
      const bytes = Buffer.alloc(1 + random.below(4 << 20), random.below(256));
      after.apply([{ op: "write", path, base64: bytes.toString("base64") }]);
      return this.call(() => workspace.put(path, bytes), after);
    }
    if (roll < 0.25) {
      const name = `${this.name}-f${this.forks++}`;
      return this.call(() => fetch(`${workspace.at}/fork`, { method: "POST", headers: json, body: JSON.stringify({ name }) }), after, { name, model: this.model.clone() });
    }
    if (roll < 0.35) {
      const name = `s${random.below(3)}`;
      if (!after.snapshots.has(name)) {
        after.snapshot(name);
        return this.call(() => fetch(`${workspace.at}/snapshots`, { method: "POST", headers: json, body: JSON.stringify({ name }) }), after);
      }
      after.restore(name);
      return this.call(() => fetch(`${workspace.at}/snapshots/${name}/restore`, { method: "POST" }), after);
    }
    const ops = roll < 0.6
      ? Array.from({ length: 5 + random.below(30) }, (_, i) => ({ op: "write", path: `/batch/${random.below(4)}/${i}`, text: `${random.next()}`, parents: true }))
      : Array.from({ length: 1 + random.below(3) }, () => randomOp(random));
    after.apply(ops);
    return this.call(() => fetch(`${workspace.at}/ops`, { method: "POST", headers: json, body: JSON.stringify({ ops }) }), after);
  }

  // Until the daemon is gone.
  async work() {
    for (;;) {
      try { await this.step(); } catch (error) {
        if (error.name === "AssertionError") throw error;
        return;
      }
    }
  }

  async check() {
    const found = JSON.stringify(await observe(this.workspace));
    const usage = (await this.workspace.get()).usage;
    const states = [this.model, ...(this.pending ? [this.pending.after] : [])];
    const state = states.find((one) => JSON.stringify(one.dump()) === found);
    assert.ok(state, `${this.name} holds ${found},\nexpected ${states.map((one) => JSON.stringify(one.dump())).join("\nor       ")}`);
    assert.deepEqual(usage, state.usage());
    const kept = new Set((await this.workspace.get("/snapshots")).snapshots.map((one) => one.name));
    const isAfter = this.pending && state === this.pending.after && JSON.stringify([...kept].sort()) === JSON.stringify([...this.pending.after.snapshots.keys()].sort());
    const wanted = isAfter ? this.pending.after : this.model;
    // A snapshot leaves the files as they are: which of the two it is only the list says.
    this.model = JSON.stringify([...kept].sort()) === JSON.stringify([...wanted.snapshots.keys()].sort()) ? wanted : this.pending.after;
    assert.deepEqual([...kept].sort(), [...this.model.snapshots.keys()].sort());
    for (const fork of [...this.forked, ...(this.pending?.fork ? [this.pending.fork] : [])]) {
      const other = new Workspace(daemon.url, fork.name);
      const response = await fetch(other.at);
      if (this.forked.includes(fork)) assert.equal(response.status, 200, `the fork ${fork.name} was answered`);
      if (response.status !== 200) continue;
      assert.deepEqual(await observe(other), fork.model.dump(), fork.name);
      assert.equal((await fetch(other.at, { method: "DELETE" })).status, 204);
    }
    this.forked = [];
    this.pending = undefined;
  }
}

test(`kill -9, seed ${seed}`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`MF_CRASH_SEED=${seed}`);
  daemon = await Daemon.start({ config });
  const clients = Array.from({ length: CLIENTS }, (_, id) => new Client(id));
  for (const client of clients) await Workspace.make(daemon.url, client.name, { bytes: 1 << 24, inodes: 1000 });
  let unanswered = 0;
  let round = 0;
  for (; round < rounds && (round < LEAST || Date.now() < endsAt); round++) {
    const working = clients.map((client) => client.work());
    await sleep(random.below(150));
    await daemon.kill();
    await Promise.all(working);
    const { dir } = daemon;
    if (round % FSCK_EACH === 0) check(path.join(dir, "state", "mayfly.db"));
    daemon = await Daemon.start({ config, dir });
    unanswered += clients.filter((client) => client.pending).length;
    await Promise.all(clients.map((client) => client.check()));
  }
  const done = clients.reduce((sum, client) => sum + client.done, 0);
  t.diagnostic(`${round} kills, ${done} answered calls, ${unanswered} without an answer`);
  assert.ok(done > round && unanswered > round, "the kills fell into work");
  for (const client of clients) assert.equal((await fetch(client.workspace.at, { method: "DELETE" })).status, 204);
  const tables = ["workspaces", "inodes", "entries", "chunks", "file_chunks", "inode_garbage", "workspace_uploads", "workspace_drafts"];
  const left = () => spawnSync("python3", [fsck, path.join(daemon.dir, "state", "mayfly.db"), ...tables], { encoding: "utf8" });
  await daemon.until(() => left().stdout.trim() === tables.map((table) => `${table}=0`).join(" "));
  assert.equal(left().status, 0);
});

test("a damaged database is refused with a sentence, and left as it is", async () => {
  await daemon.stop();
  daemon = await Daemon.start({ config }); // Without pages that nothing uses, which nobody looks at.
  const { dir } = daemon;
  const file = path.join(dir, "state", "mayfly.db");
  const w = await Workspace.make(daemon.url, "damaged");
  await w.done(...Array.from({ length: 2000 }, (_, i) => ({ op: "write", path: `/d${i % 10}/f${i}`, text: `${i}`.repeat(200), parents: true })));
  await w.put("/content", "needle in the content");
  assert.deepEqual(await daemon.kill("SIGTERM"), { code: 0, signal: null });
  const good = readFileSync(file);
  const start = () => spawnSync(path.join(binDir, "mayflyd"), ["--listen", "127.0.0.1:0", "--config", path.join(dir, "mayfly.json"), "--state-dir", path.join(dir, "state")], { encoding: "utf8", timeout: 60_000, env: { PATH: process.env.PATH, ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}) } });
  for (const [at, bytes] of [[0, Buffer.from("not a database at all")], [Math.floor(good.length / 8192) * 4096, Buffer.alloc(8192, 0xff)], [4096 * 30, Buffer.alloc(4096)]]) {
    const bad = Buffer.from(good);
    bytes.copy(bad, at);
    writeFileSync(file, bad);
    const run = start();
    assert.equal(run.status, 1, run.stderr);
    assert.match(run.stderr, /damaged|not an SQLite database/, run.stderr);
    assert.ok(readFileSync(file).equals(bad), "not a byte of it was changed");
    assert.ok(!existsSync(`${file}-wal`) || readFileSync(`${file}-wal`).length === 0);
  }
  // Cut short.
  writeFileSync(file, good.subarray(0, good.length >> 1));
  const cut = start();
  assert.equal(cut.status, 1);
  assert.match(cut.stderr, /damaged|malformed/);
  // What is in a file no check of the tree can see; its hash does.
  const bad = Buffer.from(good);
  bad[bad.indexOf("needle in the content")] ^= 1;
  writeFileSync(file, bad);
  daemon = await Daemon.start({ config, dir });
  const answer = await new Workspace(daemon.url, "damaged").file("/content");
  assert.deepEqual([answer.status, (await answer.json()).code], [500, "store"]);
  assert.equal((await new Workspace(daemon.url, "damaged").file("/d1/f1")).status, 200);
  await daemon.kill();
  for (const more of ["-wal", "-shm"]) rmSync(file + more, { force: true });
  writeFileSync(file, good);
  daemon = await Daemon.start({ config, dir });
  assert.equal((await new Workspace(daemon.url, "damaged").get()).usage.inodes, 2012);
  assert.equal(await new Workspace(daemon.url, "damaged").text("/content"), "needle in the content");
});
