// The runner's own parts: what it reads, how it compares, and classic scripts in one scope. Needs no checkout.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { conformance, missed } from "./conformance.mjs";
import { Expectations } from "./expectations.mjs";
import { findTests, readMeta } from "./find.mjs";
import { countsOf, summary } from "./report.mjs";
import { runTests } from "./runner.mjs";
import { serve } from "./server.mjs";

const dir = mkdtempSync(path.join(tmpdir(), "mayfly-wpt-"));
after(() => rmSync(dir, { recursive: true, force: true }));

function put(name, text) {
  mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
  writeFileSync(path.join(dir, name), text);
}

function expecting(expect) {
  put("expect/d.json", JSON.stringify({ directory: "d", expect }, null, 2));
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

test("counts: written, compared, and what docs/conformance.md is made of", () => {
  const expectations = expecting([{ test: "a.any.js", why: "it may", fails: ["y"] }]);
  const rows = countsOf([result("d/a.any.js", "ok", { x: "pass", y: "fail" }), result("d/b.any.js", "ok", { z: "pass" })], expectations);
  expectations.writeCounts(rows);
  const again = new Expectations(path.join(dir, "expect"));
  assert.deepEqual(again.compareCounts(rows), []);
  assert.match(again.compareCounts([{ ...rows[0], passed: 3 }]).join(), /^d: 3 passed, and 2 in its expectations/);
  assert.match(conformance(again), /^\| d \| 1 of 2 \(50\.0 %\) \| not run \| 2 of 3 \(66\.7 %\) \| 0 \|$[^]*^- it may: `a\.any\.js`$/m);
  const beside = (workerd, directory = "d") => missed({ directories: [{ directory, counts: rows[0], workerd }] });
  assert.deepEqual([beside({ files: 5, clean: 2 }).length, beside({ files: 4, clean: 2 }).length, beside(undefined, "url").length], [0, 1, 1]);
});

test("the server: files with their headers, pipes and substitutions; handlers by their path; bytes that no server should send", async () => {
  put("f/a.txt", "0123456789");
  put("f/a.txt.headers", "Content-Type: text/x-a\nX-A: b");
  put("f/b.sub.txt", "{{host}} {{ports[http][1]}} {{domains[www2]}} {{GET[q]}} {{headers[x-h]}}");
  put("f/c.asis", "HTTP/1.1 299 Odd\r\nX-C: \xe9\r\nConnection: close\r\n\r\nc");
  put("f/d.py", "print()");
  const server = await serve(dir);
  const get = async (path, init) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/${path}`, { redirect: "manual", ...init });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  try {
    const a = await get("f/a.txt", { headers: { range: "bytes=2-3" } });
    assert.deepEqual([a.status, a.text, a.headers.get("content-type"), a.headers.get("x-a"), a.headers.get("content-range")], [206, "23", "text/x-a", "b", "bytes 2-3/10"]);
    const piped = await get("f/a.txt?pipe=status(404)|header(X-P,1)|slice(1,4)|trickle(1:d0.01:r2)");
    assert.deepEqual([piped.status, piped.text, piped.headers.get("x-p")], [404, "123", "1"]);
    assert.equal((await get("f/b.sub.txt?q=%41", { headers: { "x-h": "z" } })).text, "web-platform.test 8001 www2.web-platform.test A z");
    const asis = await get("f/c.asis");
    assert.deepEqual([asis.status, asis.text], [299, "c"]);
    assert.deepEqual([(await get("f/d.py")).status, (await get("f/none")).status, (await get("../server.mjs")).status], [501, 404, 404]);
    const moved = await get("fetch/api/resources/redirect.py?redirect_status=307&location=x&token=t");
    assert.deepEqual([moved.status, moved.headers.get("location")], [307, "x?redirect_status=307&location=x&token=t&count=1"]);
    const echoed = await get("fetch/api/resources/echo-content.py", { method: "PUT", body: new Blob(["a", "b"]).stream(), duplex: "half" });
    assert.deepEqual([echoed.text, echoed.headers.get("x-request-method"), echoed.headers.get("x-request-content-length")], ["ab", "PUT", "NO"]);
    assert.equal((await get("fetch/api/resources/stash-put.py?key=k&value=v")).text, "done");
    assert.deepEqual([(await get("fetch/api/resources/stash-take.py?key=k")).text, (await get("fetch/api/resources/stash-take.py?key=k")).text], ['"v"', "null"]);
    await assert.rejects(get("fetch/h1-parsing/resources/message.py?message=nonsense"));
  } finally {
    await server.close();
  }
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
