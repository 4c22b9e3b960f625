// workspaces-model.test.mjs - random sequences of operations on a workspace of the real daemon and on the model of tests/lib: each answer and, in
// the end, each file must be the same. The seed is printed; a sequence that fails is made shorter as long as it still fails.
//
//     MF_MODEL_SEED=1234 MF_MODEL_SEQUENCES=10000 node --test tests/integration/workspaces-model.test.mjs
import { test, before, after } from "node:test";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace } from "../lib/workspace.mjs";
import { Model, observe, randomOf, randomOp } from "../lib/workspace-model.mjs";

const seed = Number(process.env.MF_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 32));
// Unless somebody says how many: as many as a busy machine manages in a minute, and no more than these.
const sequences = Number(process.env.MF_MODEL_SEQUENCES ?? (process.env.ASAN_OPTIONS ? 150 : 1500));
const endsAt = process.env.MF_MODEL_SEQUENCES ? Infinity : Date.now() + 60_000;
const LEAST = 50;
const json = { "content-type": "application/json" };
const fsck = fileURLToPath(new URL("../lib/fsck.py", import.meta.url));

let daemon;
let count = 0;
before(async () => { daemon = await Daemon.start(); });
after(() => daemon.stop());

const post = (workspace, rest, body, method = "POST") => fetch(workspace.at + rest, { method, headers: json, body: body && JSON.stringify(body) });

// Steps: a batch, or what is done to the whole. A step that does not fit any more (of a shortened sequence) is passed over.
function randomStep(random) {
  const roll = random.next();
  if (roll < 0.04) return { snapshot: random.pick(["s1", "s2"]) };
  if (roll < 0.07) return { restore: random.pick(["s1", "s2"]) };
  if (roll < 0.09) return { forget: random.pick(["s1", "s2"]) };
  if (roll < 0.12) return { fork: true };
  return { ops: Array.from({ length: random.chance(0.7) ? 1 : 2 + random.below(4) }, () => randomOp(random)) };
}

// The first thing that is not as it should be, or null.
async function run(steps, quota) {
  const name = () => `m${count++}`;
  let workspace = await Workspace.make(daemon.url, name(), quota);
  let model = new Model(quota);
  const others = [];
  const differs = (step, what, actual, expected) => JSON.stringify(actual) === JSON.stringify(expected) ? null : `step ${step}: ${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`;
  try {
    for (const [index, step] of steps.entries()) {
      if (step.ops) {
        const answer = await workspace.ops(...step.ops);
        const expected = model.apply(step.ops);
        const actual = answer.status === 200 ? null : { code: answer.errno ?? answer.code, index: answer.index };
        const wrong = differs(index, JSON.stringify(step.ops), actual, expected);
        if (wrong) return wrong;
      } else if (step.snapshot && !model.snapshots.has(step.snapshot)) {
        assert.equal((await post(workspace, "/snapshots", { name: step.snapshot })).status, 201);
        model.snapshot(step.snapshot);
      } else if (step.restore && model.snapshots.has(step.restore)) {
        assert.equal((await post(workspace, `/snapshots/${step.restore}/restore`)).status, 200);
        model.restore(step.restore);
      } else if (step.forget && model.snapshots.delete(step.forget)) {
        assert.equal((await post(workspace, `/snapshots/${step.forget}`, undefined, "DELETE")).status, 204);
      } else if (step.fork) {
        const to = name();
        assert.equal((await post(workspace, "/fork", { name: to })).status, 201);
        others.push([workspace, model]);
        workspace = new Workspace(daemon.url, to);
        model = model.clone();
        model.snapshots.clear();
      }
    }
    for (const [one, its] of [...others, [workspace, model]]) {
      const wrong = differs("end", "files", await observe(one), its.dump()) ?? differs("end", "usage", (await one.get()).usage, its.usage());
      if (wrong) return wrong;
    }
    return null;
  } finally {
    for (const [one] of [...others, [workspace]]) assert.equal((await fetch(one.at, { method: "DELETE" })).status, 204);
  }
}

// One step less, as long as it fails.
async function shorten(steps, quota) {
  for (let size = steps.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= steps.length;) {
      const less = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await run(less, quota)) steps = less; else at += size;
    }
  }
  return steps;
}

test(`random sequences, seed ${seed}`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`MF_MODEL_SEED=${seed}`);
  let i = 0;
  for (; i < sequences && (i < LEAST || Date.now() < endsAt); i++) {
    const random = randomOf(seed + i * 7919);
    const quota = random.chance(0.3) ? { bytes: 1 + random.below(60), inodes: 2 + random.below(12) } : { bytes: 1 << 20, inodes: 1000 };
    const steps = Array.from({ length: 4 + random.below(20) }, () => randomStep(random));
    if (await run(steps, quota)) {
      const least = await shorten(steps, quota);
      assert.fail(`seed ${seed}, sequence ${i}, quota ${JSON.stringify(quota)}\n${least.map((step) => JSON.stringify(step)).join("\n")}\n${await run(least, quota)}`);
    }
  }
  t.diagnostic(`${i} sequences`);
});

test("when all workspaces are gone, nothing is left of them", async () => {
  await daemon.until(async () => (await (await fetch(`${daemon.url}/v1/workspaces`)).json()).workspaces.length === 0);
  // The last steps of the collector end before the store is closed.
  const state = path.join(daemon.dir, "state", "mayfly.db");
  const tables = ["inodes", "entries", "chunks", "chunk_bytes", "file_chunks", "inode_garbage", "workspace_changes"];
  const left = () => spawnSync("python3", [fsck, state, ...tables], { encoding: "utf8" });
  await daemon.until(() => left().stdout.trim() === tables.map((table) => `${table}=0`).join(" "));
  const end = left();
  assert.equal(end.status, 0, end.stdout + end.stderr);
});
