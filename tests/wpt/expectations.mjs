// expectations.mjs - which tests are expected to fail, and why: expectations/<directory>.json, one file a directory.
//
//   {"directory": "dom/abort", "counts": {"files": 3, ...}, "expect": [
//      {"test": "a.any.js", "why": "...", "fails": ["name of a subtest"], "matching": ["regular expression"]},
//      {"test": "b.any.js?1-10", "why": "...", "status": "timeout"},
//      {"test": "c/", "why": "...", "skip": true}]}
//
// "test" is a file of the directory, with or without its variant, or a folder, then for all of them. "fails" and "matching" name
// subtests; each of them must fail, and everything else must pass. "status" is the status of the whole file, when it is not "ok".
// A test that may not even start (it would take minutes, say) has "skip". "counts" is what a run of all of the directory adds up to
// (tests/wpt/run --counts writes it); a run that adds up to something else is a problem, so that docs/conformance.md is what runs.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

export class Expectations {
  constructor(folder) {
    this.entries = [];
    this.directories = [];
    for (const name of folder === null ? [] : readdirSync(folder).filter((name) => name.endsWith(".json")).sort()) {
      const file = path.join(folder, name);
      const { directory, workerd, counts, expect } = JSON.parse(readFileSync(file, "utf8"));
      this.directories.push({ directory, workerd, counts, file });
      for (const entry of expect) {
        if (!entry.why) throw new Error(`${name}: ${entry.test} says not why it fails`);
        this.entries.push({
          ...entry, test: `${directory}/${entry.test}`, fails: new Set(entry.fails ?? []), patterns: (entry.matching ?? []).map((text) => new RegExp(text, "s")), used: new Set(),
        });
      }
    }
    this.directories.sort((a, b) => (a.directory < b.directory ? -1 : 1));
  }

  of(test) {
    const file = test.replace(/\?.*$/s, "");
    return this.entries.filter((entry) => entry.test === test || entry.test === file || (entry.test.endsWith("/") && file.startsWith(entry.test)));
  }

  isSkipped(test) {
    return this.of(test).some((entry) => entry.skip);
  }

  // The directory that a test is counted in.
  directoryOf(file) {
    const found = this.directories.map(({ directory }) => directory).filter((directory) => file.startsWith(`${directory}/`));
    return found.sort((a, b) => b.length - a.length)[0] ?? file.split("/")[0];
  }

  // One line for each result that is not as expected. |isWhole|: all tests of each directory ran, so that an entry without a test is stale.
  compare(results, isWhole) {
    const problems = [];
    for (const result of results) {
      const entries = this.of(result.test);
      for (const entry of entries) entry.used.add("");
      if (result.status === "skip") continue;
      const status = entries.find((entry) => entry.status !== undefined)?.status ?? "ok";
      if (result.status !== status) problems.push(`${result.test}: is ${result.status}, expected ${status}: ${result.message ?? ""}`);
      for (const subtest of result.subtests) this.#compareSubtest(result, subtest, entries, problems);
      if (result.status === "ok" && result.subtests.length === 0) problems.push(`${result.test}: has no subtest`);
    }
    const ran = new Set(results.map(({ file }) => this.directoryOf(file)));
    for (const entry of isWhole ? this.entries : []) {
      if (!entry.used.has("")) {
        if (ran.has(this.directoryOf(entry.test))) problems.push(`${entry.test}: is expected to fail, and is not there`);
        continue;
      }
      for (const one of [...entry.fails, ...entry.patterns]) {
        if (!entry.used.has(one)) problems.push(`${entry.test}: expects ${one} to fail, which is not there`);
      }
    }
    return problems;
  }

  // |rows|: as report.mjs counts them.
  compareCounts(rows) {
    return rows.flatMap(({ directory, ...counted }) => {
      const { counts } = this.directories.find((one) => one.directory === directory) ?? {};
      const differ = counts === undefined ? [] : Object.keys(counted).filter((key) => counted[key] !== counts[key]);
      return differ.map((key) => `${directory}: ${counted[key]} ${key}, and ${counts[key]} in its expectations: tests/wpt/run --dir ${directory} --counts`);
    });
  }

  writeCounts(rows) {
    for (const { directory, ...counted } of rows) {
      const found = this.directories.find((one) => one.directory === directory);
      if (found === undefined) continue;
      const line = `  "counts": {${Object.entries(counted).map(([key, value]) => `"${key}": ${value}`).join(", ")}},\n`;
      const text = readFileSync(found.file, "utf8").replace(/^ {2}"counts": .*\n/m, "").replace(/^ {2}"expect": /m, `${line}$&`);
      writeFileSync(found.file, text);
      found.counts = counted;
    }
  }

  #compareSubtest(result, { name, status, message }, entries, problems) {
    let isExpected = false;
    for (const entry of entries) {
      for (const one of [...(entry.fails.has(name) ? [name] : []), ...entry.patterns.filter((pattern) => pattern.test(name))]) {
        entry.used.add(one);
        isExpected = true;
      }
    }
    if (status === "optional") return;
    if (status === "pass" && isExpected) problems.push(`${result.test}: ${name}: passes, and is expected to fail`);
    if (status !== "pass" && !isExpected) problems.push(`${result.test}: ${name}: ${status}: ${message ?? ""}`);
  }
}
