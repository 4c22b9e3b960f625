// bundle: the page as mayflyd serves it: bundle.mjs NPM ESBUILD OUT. One script, one sheet, one document, each also with gzip, and a header for
// src/api/ui.c with what they are called and an entity tag for each.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [npm, tools, out] = process.argv.slice(2).map((name) => path.resolve(name));
const here = path.dirname(fileURLToPath(import.meta.url));
const esbuild = await import(pathToFileURL(path.join(tools, "esbuild/lib/main.js")).href);

const built = await esbuild.build({
  entryPoints: [path.join(here, "main.jsx")], bundle: true, minify: true, write: false, format: "esm", target: "es2022", charset: "utf8",
  jsx: "automatic", jsxImportSource: "preact", nodePaths: [npm], legalComments: "eof", logLevel: "warning",
});
const sheet = await esbuild.transform(readFileSync(path.join(here, "page.css"), "utf8"), { loader: "css", minify: true });

// What the licences of the packages want to be told.
const notices = ["preact", "@codemirror/state", "@codemirror/view", "@codemirror/language", "@codemirror/commands", "@codemirror/lang-javascript", "@lezer/common", "@lezer/highlight", "@lezer/lr", "@lezer/javascript", "style-mod", "w3c-keyname", "crelt", "@marijn/find-cluster-break"]
  .map((name) => `${name} ${JSON.parse(readFileSync(path.join(npm, name, "package.json"), "utf8")).version}: ${readFileSync(path.join(npm, name, "LICENSE"), "utf8").trim().replaceAll("*/", "* /")}`);

const files = [
  { name: "index.html", path: "/", type: "text/html; charset=utf-8", text: readFileSync(path.join(here, "index.html"), "utf8") },
  { name: "page.js", path: "/ui/page.js", type: "text/javascript; charset=utf-8", text: `${built.outputFiles[0].text}\n/*!\n${notices.join("\n\n")}\n*/\n` },
  { name: "page.css", path: "/ui/page.css", type: "text/css; charset=utf-8", text: sheet.code },
];
mkdirSync(out, { recursive: true });
for (const file of files) {
  writeFileSync(path.join(out, file.name), file.text);
  writeFileSync(path.join(out, `${file.name}.gz`), gzipSync(file.text, { level: 9 }));
}
const tagOf = ({ text }) => createHash("sha256").update(text).digest("hex").slice(0, 16);
writeFileSync(path.join(out, "page_files.def"), `/* Made by src/page/bundle.mjs: FILE(symbol, name, path, type, tag) */\n${files.map((file) => `FILE(${file.name.replace(/\W/g, "_")}, "${file.name}", "${file.path}", "${file.type}", "${tagOf(file)}")`).join("\n")}\n`);
