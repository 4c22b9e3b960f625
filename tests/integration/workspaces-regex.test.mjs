// workspaces-regex.test.mjs - grep of the real daemon next to JavaScript's RegExp: random expressions on random lines, which lines they match and where.
import { test, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { Workspace } from "../lib/workspace.mjs";
import { randomOf } from "../lib/workspace-model.mjs";

const seed = Number(process.env.MF_SEED ?? Math.floor(Math.random() * 2 ** 32));
const EXPRESSIONS = process.env.ASAN_OPTIONS ? 150 : 600;
const LINES = 300;
const random = randomOf(seed);
const pick = (list) => list[random.below(list.length)];

// Not \B, which V8 finds between the halves of a surrogate pair.
const ATOMS = ["a", "b", "c", "A", "é", "😀", "0", "-", " ", ".", "[ab]", "[^a]", "[a-c]", "[^\\d ]", "\\d", "\\w", "\\W", "\\D", "\\x61", "\\u00e9", "\\u{1f600}", "[\\u{1f600}é]", "\\.", "\\p{L}", "\\P{Lu}", "\\t"];
const REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{2,}", "{0,2}?"];

function expression(depth) {
  const parts = Array.from({ length: 1 + random.below(4) }, () => {
    const roll = random.next();
    if (roll < 0.08) return pick(["^", "$", "\\b"]);
    const atom = depth > 0 && roll < 0.4 ? pick(["(", "(?:", "(?<n>"]) + expression(depth - 1) + ")" : pick(ATOMS);
    return random.next() < 0.35 ? atom + pick(REPEATS) : atom;
  });
  return parts.join("") + (depth > 0 && random.next() < 0.25 ? `|${expression(depth - 1)}` : "");
}

const line = () => Array.from({ length: random.below(14) }, () => pick(["a", "a", "b", "b", "c", "A", "é", "É", "😀", "0", "7", "-", " ", ".", "\t", "_"])).join("");

let daemon;
after(() => daemon?.stop());

test(`the same lines and columns as JavaScript's, seed ${seed}`, { timeout: 600_000 }, async (t) => {
  t.diagnostic(`MF_SEED=${seed}`);
  daemon = await Daemon.start();
  const w = await Workspace.make(daemon.url, "regex");
  const lines = Array.from({ length: LINES }, line);
  await w.put("/f", lines.map((text, i) => text + (i % 5 === 0 ? "\r\n" : "\n")).join(""));
  let compared = 0;
  let hits = 0;
  for (let i = 0; i < EXPRESSIONS; i++) {
    const pattern = expression(2);
    const ignoreCase = random.next() < 0.3;
    let js;
    try { js = new RegExp(pattern, ignoreCase ? "iu" : "u"); } catch { continue; } // Two groups of one name, say.
    // Of letters with two cases, \P{Lu} is everything in JavaScript, and what it says in RE2.
    if (ignoreCase && pattern.includes("\\P")) continue;
    const expected = lines.flatMap((text, at) => {
      const match = js.exec(text);
      return match ? [[at + 1, Buffer.byteLength(text.slice(0, match.index)) + 1]] : [];
    });
    const query = `${new URLSearchParams({ pattern, regex: "true", ignoreCase: `${ignoreCase}`, limit: "1000" })}`;
    // \p{L} a few times over: the only reason for which one of these may be refused.
    const look = await fetch(`${w.at}/grep?${query}`);
    if (look.status === 400 && /\\p/i.test(pattern) && (await look.json()).detail.includes("too large")) continue;
    const found = await w.all(`/grep?${query}`, "matches");
    // A line is told once, without its "\r"; that a class could match the "\r" itself is no match of JavaScript's, which did not see it.
    const strict = (list) => list.filter(([at]) => (at - 1) % 5 !== 0);
    assert.deepEqual(strict(found.map((one) => [one.line, one.column])), strict(expected), `${js}`);
    compared++;
    hits += expected.length;
  }
  t.diagnostic(`${compared} expressions, ${hits} matching lines`);
  assert.ok(compared > EXPRESSIONS / 2 && hits > compared);
});

test("lines that end with \\r\\n, and what is refused", async () => {
  const w = await Workspace.make(daemon.url, "lines");
  await w.put("/f", "one\r\ntwo\r\n\r\ntone\n" + "x".repeat(2 << 20) + "needle\nend");
  const grep = async (pattern) => (await w.all(`/grep?${new URLSearchParams({ pattern, regex: "true" })}`, "matches")).map((one) => [one.line, one.column]);
  assert.deepEqual(await grep("one$"), [[1, 1], [4, 2]]);
  assert.deepEqual(await grep("^$"), [[3, 1]]);
  assert.deepEqual(await grep("e\\s+t|o\\Wt"), []);
  assert.deepEqual(await grep("x+needle$"), [[5, 1]], "a long line is searched to its end");
  const large = await w.get(`/grep?${new URLSearchParams({ pattern: "(x?y?z?){100}!|end", regex: "true" })}`);
  assert.deepEqual([large.matches.map((one) => one.line), large.skipped], [[6], [{ path: "/f", line: 5 }]]);
  const answer = await fetch(`${w.at}/grep?${new URLSearchParams({ pattern: "é(?<=x)", regex: "true" })}`);
  assert.deepEqual([answer.status, (await answer.json()).detail], [400, 'Not supported: a lookbehind, "(?<=", at character 2.']);
});
