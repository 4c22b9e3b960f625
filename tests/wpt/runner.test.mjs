// The runner's own parts: what it reads, how it compares, and classic scripts in one scope. Needs no checkout.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Expectations } from "./expectations.mjs";
import { findTests, readMeta } from "./find.mjs";
import { countsOf, summary } from "./report.mjs";
import { runTests } from "./runner.mjs";

const dir = mkdtempSync(path.join(tmpdir(), "mayfly-wpt-"));
after(() => rmSync(dir, { recursive: true, force: true }));

function put(name, text) {
  mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
  writeFileSync(path.join(dir, name), text);
}

function expecting(expect) {
  put("expect/d.json", JSON.stringify({ directory: "d", expect }));
  return new Expectations(path.join(dir, "expect"));
}

const result = (test, status, subtests) => ({
  test, file: test.replace(/\?.*/, ""), variant: "", status, subtests: Object.entries(subtests).map(([name, status]) => ({ name, status })),
});

test("META comments end with the first line of code", () => {
  const meta = readMeta("// META: title=a b\n// META: script=x.js\n//META: script=/y.js\n// META: variant=?1\n// META: timeout=long\n\ncode();\n// META: script=z.js\n");
  assert.deepEqual(meta, { scripts: ["x.js", "/y.js"], variants: ["?1"], isLong: true, title: "a b" });
});

test("what is not as expected is a problem, both ways", () => {
  const expected = () => expecting([
    { test: "a.any.js", why: "w", fails: ["one"], matching: ["^two"] }, { test: "b.any.js?1", why: "w", status: "timeout" }, { test: "c/", why: "w", skip: true }, { test: "gone.any.js", why: "w" },
  ]);
  const expectations = expected();
  const compare = (...results) => expectations.compare(results, false).map((line) => line.split(": ").slice(0, 3).join(": "));
  assert.deepEqual(compare(result("d/a.any.js", "ok", { one: "fail", two1: "timeout", three: "pass", four: "optional" })), []);
  assert.deepEqual(compare(result("d/a.any.js", "ok", { one: "pass", two1: "fail", three: "fail" })), ["d/a.any.js: one: passes, and is expected to fail", "d/a.any.js: three: fail"]);
  assert.deepEqual(compare(result("d/b.any.js?1", "timeout", {}), result("d/b.any.js?2", "timeout", {})), ["d/b.any.js?2: is timeout, expected ok: "]);
  assert.deepEqual(compare(result("d/x.any.js", "ok", {})), ["d/x.any.js: has no subtest"]);
  assert.equal(expectations.isSkipped("d/c/any.any.js?1"), true);
  assert.match(expected().compare([result("d/a.any.js", "ok", { one: "fail" })], true).join("\n"), /^d\/a\.any\.js: expects \S*two\S* to fail, which is not there$[^]*^d\/gone\.any\.js: is expected to fail, and is not there$/m);
  assert.throws(() => expecting([{ test: "a.any.js", fails: ["x"] }]), /says not why/);
});

test("a file is clean when all of its variants are", () => {
  const expectations = expecting([]);
  const results = [result("d/a.any.js?1", "ok", { x: "pass" }), result("d/a.any.js?2", "ok", { y: "fail" }), result("d/b.any.js", "ok", { z: "pass" }), result("d/c.any.js", "skip", {})];
  assert.deepEqual(countsOf(results, expectations), [{ directory: "d", files: 3, clean: 1, skipped: 1, subtests: 3, passed: 2 }]);
  assert.match(summary(results, expectations), /^d +3 +1 +33\.3 % +1 +3 +2 +66\.7 %$/m);
});

test("scripts share one scope, each with its own strictness; files, eval and importScripts come along", async () => {
  put("resources/testharness.js", `(function (scope) { 'use strict';
    const tests = []; let done;
    scope.setup = () => {}; scope.timeout = () => {};
    scope.add_completion_callback = (callback) => { done = callback; };
    scope.check = async (name, promise) => tests.push({ name, status: await promise ? 0 : 1, message: null });
    scope.end = () => setTimeout(() => done(tests, { status: 0, message: null }));
  })(self);`);
  put("t/helper.js", "'use strict'\nfunction isStrict() { return this === undefined }\nvar shared = 1\nlet counter = 0\nconst [first, { second }] = [1, { second: 2 }]\nclass Helper {}\n");
  put("t/late.js", "var late = counter;");
  put("t/data.json", '{"x":5}');
  put("t/a.any.js", `// META: script=helper.js
counter++;
function isSloppy() { return this === self }
importScripts("late.js");
(async () => {
  check("strict", isStrict());
  check("sloppy", isSloppy());
  check("variables", self.shared === 1 && counter === 1 && self.counter === undefined && first === 1 && second === 2 && new Helper().constructor.name === "Helper");
  check("imported", late === 1 && self.late === 1);
  check("evaluated", eval("counter + first") === 2);
  check("fetched", (await (await fetch("data.json")).json()).x === 5);
  check("located", location.pathname === "/t/a.any.worker.html" && new Request("x").url === "http://web-platform.test:8000/t/x");
  check("fails", false);
  end();
})();`);
  put("t/broken.any.js", "function (");
  put("t/lost.any.js", "// META: script=none.js\n");
  const results = await runTests(dir, findTests(dir, { dirs: ["t"] }), { jobs: 1, skip: (test) => test === "t/broken.any.js" });
  assert.deepEqual(results.map(({ test, status }) => [test, status]), [["t/a.any.js", "ok"], ["t/broken.any.js", "skip"], ["t/lost.any.js", "error"]]);
  const statuses = results[0].subtests.map(({ name, status }) => [name, status]);
  assert.deepEqual(statuses, [..."strict sloppy variables imported evaluated fetched located".split(" ").map((name) => [name, "pass"]), ["fails", "fail"]]);
});
