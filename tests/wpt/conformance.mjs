// conformance.mjs - docs/conformance.md, made of what the expectations count; and whether that is good enough.
//
//   tests/wpt/conformance           writes it
//   tests/wpt/conformance --check   exits with 1 when it is another than what would be written, or a target is missed
//
// Needs no checkout: each wpt.<directory> test compares its run with the counts (expectations.mjs).
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Expectations } from "./expectations.mjs";
import { share } from "./report.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const FILE = path.join(here, "../../docs/conformance.md");

// Subtests that must pass, of 100; where workerd runs a directory, a larger share of its files must be clean as well.
const PASS_MIN = 95;
const PASS_MIN_IN = ["FileAPI", "compression", "dom/abort", "encoding", "hr-time", "html/webappapis", "url", "urlpattern", "xhr/formdata"];

export function table(expectations) {
  return expectations.directories.map(({ directory, counts, workerd }) => {
    const theirs = workerd === undefined ? "not run" : `${workerd.clean} of ${workerd.files} (${share(workerd.clean, workerd.files)})`;
    return `| ${directory} | ${counts.clean} of ${counts.files} (${share(counts.clean, counts.files)}) | ${theirs} | ${counts.passed} of ${counts.subtests} (${share(counts.passed, counts.subtests)}) | ${counts.skipped} |`;
  });
}

function reasons(expectations) {
  return expectations.directories.flatMap(({ directory }) => {
    const entries = expectations.entries.filter(({ test }) => expectations.directoryOf(test) === directory);
    const why = new Map();
    for (const { test, why: text } of entries) why.set(text, (why.get(text) ?? new Set()).add(test.slice(directory.length + 1)));
    return entries.length === 0 ? [] : [`\n### ${directory}\n`, ...[...why].map(([text, tests]) => `- ${text}: ${[...tests].map((test) => `\`${test}\``).join(", ")}`)];
  });
}

export function conformance(expectations) {
  return `# Conformance

<!-- Made by tests/wpt/conformance of tests/wpt/expectations. Do not edit. -->

web-platform-tests, all \`.any.js\` and \`.worker.js\` files of each directory, each variant run as one worker in a real \`mayflyd\`. What they fetch comes from a
server of the tests' own (\`tests/wpt/server.mjs\`), through the daemon, by a policy like any other.

\`\`\`sh
tests/wpt/run --wpt DIR --counts && tests/wpt/conformance
\`\`\`

A file is clean when every one of its subtests passes, in every variant. What is not run counts as not clean. Beside it, workerd's files without an
expected failure, from the expectations that it publishes; it counts files of other kinds too, so that the shares compare, not the numbers. A
test fails when a run adds up to anything else than this table, when something below passes after all, or when a share falls behind workerd's.

| directory | clean files | workerd: clean files | subtests that pass | files not run |
|---|---|---|---|---|
${table(expectations).join("\n")}

## What fails, and why
${reasons(expectations).join("\n")}
`;
}

// One line for each directory that is not where it should be.
export function missed(expectations) {
  return expectations.directories.flatMap(({ directory, counts, workerd }) => {
    const lines = [];
    if (workerd !== undefined && counts.clean * workerd.files <= workerd.clean * counts.files) lines.push(`${directory}: ${share(counts.clean, counts.files)} of the files are clean, as workerd's ${share(workerd.clean, workerd.files)} or fewer`);
    if (PASS_MIN_IN.includes(directory) && counts.passed * 100 < counts.subtests * PASS_MIN) lines.push(`${directory}: ${share(counts.passed, counts.subtests)} of the subtests pass, not ${PASS_MIN} %`);
    return lines;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const expectations = new Expectations(path.join(here, "expectations"));
  const uncounted = expectations.directories.filter(({ counts }) => counts === undefined).map(({ directory }) => `${directory}: has no counts: tests/wpt/run --dir ${directory} --counts`);
  const problems = uncounted.length > 0 ? uncounted : missed(expectations);
  if (uncounted.length === 0) {
    const text = conformance(expectations);
    if (!process.argv.includes("--check")) writeFileSync(FILE, text);
    else if (readFileSync(FILE, "utf8") !== text) problems.push("docs/conformance.md is not what tests/wpt/conformance writes");
  }
  for (const line of problems) console.error(`tests/wpt/conformance: ${line}`);
  process.exit(problems.length === 0 ? 0 : 1);
}
