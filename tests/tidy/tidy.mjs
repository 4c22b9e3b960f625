// Runs the rules over the project's own files. Exit status 1 and a line for each complaint.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rules } from './rules.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const folders = ['src', 'include', 'tests', 'cmake', 'docs', 'bench'];
const skipped = /(^|\/)(node_modules|corpus|regression|wpt|data)$/;
const wanted = /(\.(c|h|cc|def|js|mjs|ts|cmake|md|sh)|CMakeLists\.txt|MANIFEST)$/;

function* files(folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skipped.test(path)) yield* files(path);
    } else if (wanted.test(entry.name)) {
      yield path;
    }
  }
}

let complaints = 0;
let count = 0;
for (const folder of folders) {
  for (const path of files(folder)) {
    const text = readFileSync(join(root, path), 'utf8');
    count++;
    for (const rule of rules) {
      for (const [line, sentence] of rule(path, text)) {
        console.error(`${path}:${line}: ${sentence} (${rule.name})`);
        complaints++;
      }
    }
  }
}
if (count < 50) {
  console.error(`only ${count} files were found: is this the project?`);
  complaints++;
}
console.log(`${count} files, ${complaints} complaints`);
process.exit(complaints === 0 ? 0 : 1);
