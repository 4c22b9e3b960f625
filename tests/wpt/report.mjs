// report.mjs - the summary of a run: a table, and docs/conformance.md.

const share = (part, whole) => (whole === 0 ? "" : `${((100 * part) / whole).toFixed(1)} %`);

// [{directory, files, clean, skipped, subtests, passed, unexpected}], in order.
export function countsOf(results, expectations) {
  const rows = new Map();
  const files = new Map();
  for (const result of results) {
    const directory = expectations.directoryOf(result.file);
    if (!rows.has(directory)) rows.set(directory, { directory, files: 0, clean: 0, skipped: 0, subtests: 0, passed: 0 });
    const row = rows.get(directory);
    const failed = result.subtests.filter(({ status }) => status !== "pass" && status !== "optional").length;
    row.subtests += result.subtests.filter(({ status }) => status !== "optional").length;
    row.passed += result.subtests.filter(({ status }) => status === "pass").length;
    const file = files.get(result.file) ?? { row, isClean: true, isSkipped: false };
    file.isClean &&= result.status === "ok" && failed === 0;
    file.isSkipped ||= result.status === "skip";
    files.set(result.file, file);
  }
  for (const { row, isClean, isSkipped } of files.values()) {
    row.files++;
    row.clean += isClean ? 1 : 0;
    row.skipped += isSkipped ? 1 : 0;
  }
  return [...rows.values()].sort((a, b) => (a.directory < b.directory ? -1 : 1));
}

export function summary(results, expectations) {
  const rows = countsOf(results, expectations);
  const total = { directory: "all" };
  for (const key of ["files", "clean", "skipped", "subtests", "passed"]) total[key] = rows.reduce((sum, row) => sum + row[key], 0);
  const lines = [["directory", "files", "clean", "", "not run", "subtests", "pass", ""]];
  for (const row of [...rows, total]) {
    lines.push([row.directory, row.files, row.clean, share(row.clean, row.files), row.skipped, row.subtests, row.passed, share(row.passed, row.subtests)]);
  }
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => String(line[i]).length)));
  return lines.map((line) => line.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join("  ").trimEnd()).join("\n");
}

export function conformance(results, expectations) {
  const rows = countsOf(results, expectations).map((row) => {
    const workerd = expectations.directories.find(({ directory }) => directory === row.directory)?.workerd;
    const theirs = workerd === undefined ? "not run" : `${workerd.clean} of ${workerd.files} (${share(workerd.clean, workerd.files)})`;
    return `| ${row.directory} | ${row.clean} of ${row.files} (${share(row.clean, row.files)}) | ${row.skipped} | ${row.passed} of ${row.subtests} (${share(row.passed, row.subtests)}) | ${theirs} |`;
  });
  const reasons = expectations.directories.flatMap(({ directory }) => {
    const entries = expectations.entries.filter((entry) => entry.test.startsWith(`${directory}/`) && expectations.directoryOf(entry.test) === directory);
    const why = new Map();
    for (const entry of entries) why.set(entry.why, [...(why.get(entry.why) ?? []), entry.test.slice(directory.length + 1)]);
    return entries.length === 0 ? [] : [`\n### ${directory}\n`, ...[...why].map(([text, tests]) => `- ${text} (${tests.map((test) => `\`${test}\``).join(", ")})`)];
  });
  return `# Conformance

<!-- Made by tests/wpt/run --conformance docs/conformance.md. Do not edit. -->

web-platform-tests, \`.any.js\` and \`.worker.js\` files, each variant run as one worker by \`mayflyd\`:

\`\`\`sh
tests/wpt/run --wpt DIR --conformance docs/conformance.md
\`\`\`

A file is clean when every one of its subtests passes, in every variant. What is not run counts as not clean. Beside it, workerd's files without an
expected failure, from the expectations that it publishes; it counts files of other kinds too, so that the shares compare, not the numbers.

| directory | clean files | not run | subtests that pass | workerd: clean files |
|---|---|---|---|---|
${rows.join("\n")}

## What is expected to fail, and why
${reasons.join("\n")}
`;
}
