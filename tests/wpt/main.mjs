// main.mjs - the command line of tests/wpt/run.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findTests } from "./find.mjs";
import { Expectations } from "./expectations.mjs";
import { runTests } from "./runner.mjs";
import { countsOf, summary } from "./report.mjs";

const HELP = `tests/wpt/run --wpt DIR [options]

Runs the .any.js and .worker.js files of a checkout of web-platform-tests, each variant as a worker of its own in a real mayflyd,
and compares with what tests/wpt/expectations expects to fail. Exits with 0 when everything went as expected.

  --wpt DIR          the checkout (default: $WPT_ROOT)
  --list FILE        only the tests that FILE names, one path below DIR a line
  --dir DIRECTORY    only the tests of this directory; may be given more than once
  --expect DIR       where expectations are (default: tests/wpt/expectations; "none": nothing is expected to fail)
  --json             the results as JSON on standard output, the table on standard error
  --counts           writes what was counted into the expectations; tests/wpt/conformance makes docs/conformance.md of it
  --jobs N           tests at once (default 2)
  --verbose          every subtest that does not pass, expected or not`;

const SKIPPED = 77; // ctest's SKIP_RETURN_CODE

function fail(text) {
  console.error(`tests/wpt/run: ${text}`);
  process.exit(2);
}

function parseArguments(args) {
  const options = { wpt: process.env.WPT_ROOT, dirs: [], jobs: 2, expect: path.join(path.dirname(fileURLToPath(import.meta.url)), "expectations") };
  while (args.length > 0) {
    const name = args.shift();
    const value = () => args.shift() ?? fail(`${name} needs a value`);
    switch (name) {
      case "--wpt": options.wpt = value(); break;
      case "--list": options.list = value(); break;
      case "--dir": options.dirs.push(value().replace(/\/+$/, "")); break;
      case "--expect": options.expect = value(); break;
      case "--json": options.json = true; break;
      case "--counts": options.counts = true; break;
      case "--jobs": options.jobs = Number(value()); break;
      case "--verbose": options.verbose = true; break;
      case "--help": case "-h": console.log(HELP); process.exit(0); break;
      default: fail(`unknown option ${name}; --help lists them`);
    }
  }
  return options;
}

const options = parseArguments(process.argv.slice(2));
if (!options.wpt || !existsSync(path.join(options.wpt, "resources/testharness.js"))) {
  console.error("tests/wpt/run: skipped: neither --wpt nor WPT_ROOT names a checkout of web-platform-tests");
  process.exit(SKIPPED);
}
const expectations = new Expectations(options.expect === "none" ? null : options.expect);
const list = options.list === undefined ? null : readFileSync(options.list, "utf8").split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
// What is counted in a directory of its own is not run with the one above it.
const isCounted = ({ file }) => options.dirs.length === 0 || options.dirs.some((dir) => dir === file || expectations.directoryOf(file) === dir || !expectations.directories.some(({ directory }) => directory === dir));
const tests = findTests(options.wpt, { list, dirs: options.dirs }).filter(isCounted);
if (tests.length === 0) fail(`no test in ${options.wpt} is named`);

const results = await runTests(options.wpt, tests, { jobs: options.jobs, skip: (file) => expectations.isSkipped(file) });
const counts = countsOf(results, expectations);
if (options.counts) expectations.writeCounts(counts);
const isWhole = list === null && options.dirs.every((dir) => counts.some(({ directory }) => directory === dir));
const problems = [...expectations.compare(results, list === null), ...(isWhole ? expectations.compareCounts(counts) : [])];
const print = options.json ? console.error : console.log;
if (options.json) console.log(JSON.stringify({ results, problems }, null, 1));
if (options.verbose) {
  for (const { test, status, message, subtests } of results) {
    for (const one of subtests.filter(({ status }) => status !== "pass")) print(`${one.status} ${test}: ${one.name}: ${one.message ?? ""}`);
    if (status !== "ok") print(`${status} ${test}: ${message ?? ""}`);
  }
}
for (const line of problems) print(line);
print(summary(results, expectations));
process.exit(problems.length === 0 ? 0 : 1);
