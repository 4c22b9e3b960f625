// report.mjs - the summary of a run: a table.

export const share = (part, whole) => (whole === 0 ? "" : `${((100 * part) / whole).toFixed(1)} %`);

// [{directory, files, clean, skipped, subtests, passed}], in order. A file is clean when every subtest passes in every variant of it.
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
