// find.mjs - the tests of a checkout: files, their META comments, their variants.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";

const TEST_FILE = /\.(any|worker)\.js$/;

function* walk(root, folder) {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !entry.name.startsWith(".")) yield* walk(root, name);
    else if (TEST_FILE.test(entry.name)) yield name;
  }
}

// {scripts, variants, isLong, title} of the comments at the top.
export function readMeta(text) {
  const meta = { scripts: [], variants: [], isLong: false, title: "" };
  for (const line of text.split("\n")) {
    const found = /^\/\/\s*META:\s*(\w+)=(.*?)\s*$/.exec(line);
    if (found === null) {
      if (line.trim() !== "" && !line.startsWith("//")) break;
      continue;
    }
    const [, key, value] = found;
    if (key === "script") meta.scripts.push(value);
    else if (key === "variant") meta.variants.push(value);
    else if (key === "timeout") meta.isLong = value === "long";
    else if (key === "title") meta.title = value;
  }
  return meta;
}

// One entry for each variant: {file, variant, meta}.
export function findTests(root, { list = null, dirs = [] } = {}) {
  const isWanted = (file) => (list === null || list.includes(file)) && (dirs.length === 0 || dirs.some((dir) => file === dir || file.startsWith(`${dir}/`)));
  const files = list !== null ? list.filter((file) => existsSync(path.join(root, file))) : [...walk(root, "")];
  return files.filter(isWanted).flatMap((file) => {
    const meta = readMeta(readFileSync(path.join(root, file), "utf8"));
    return (meta.variants.length > 0 ? meta.variants : [""]).map((variant) => ({ file, variant, meta }));
  });
}
