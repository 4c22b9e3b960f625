// make.mjs - declarations of what a worker sees: node make.mjs <TypeScript's folder> <out.d.ts>
//
// What is the web's comes from TypeScript's own lib.webworker.d.ts: the names of WEB and every type that they speak of, without the members
// of OMITTED. What is Cloudflare's, or newer than TypeScript, is in worker.d.ts, whose names go first. tests/clients/worker_types.test.mjs
// holds the result against a real isolate.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [folder, out] = process.argv.slice(2).map((name) => path.resolve(name));
const here = path.dirname(fileURLToPath(import.meta.url));
const ts = createRequire(path.join(folder, "package.json"))(path.join(folder, "lib/typescript.js"));

const WEB = `AbortController AbortSignal Blob ByteLengthQueuingStrategy CloseEvent CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException
  DecompressionStream ErrorEvent Event EventSource EventTarget File FileList FileReader FileReaderSync FormData Headers MessageChannel MessageEvent MessagePort
  Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList ProgressEvent PromiseRejectionEvent
  ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader
  Request Response SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL
  URLSearchParams WebAssembly WebSocket WritableStream WritableStreamDefaultController WritableStreamDefaultWriter
  atob btoa clearInterval clearTimeout console crypto dispatchEvent fetch performance queueMicrotask reportError structuredClone`.split(/\s+/);

// Members that a browser has and a worker here has not. A name alone is left out of the instances and of the class itself.
const OMITTED = {
  File: ["webkitRelativePath"],
  MessageEvent: ["initMessageEvent"],
  Performance: ["clearResourceTimings", "onresourcetimingbufferfull", "setResourceTimingBufferSize"],
};

const files = await Promise.all(["lib.webworker.d.ts", "lib.webworker.iterable.d.ts", "lib.webworker.asynciterable.d.ts"].map(async (name) => {
  const text = await readFile(path.join(folder, "lib", name), "utf8");
  return ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
}));
const ownText = await readFile(path.join(here, "worker.d.ts"), "utf8");
const own = ts.createSourceFile("worker.d.ts", ownText, ts.ScriptTarget.Latest, true);

const nameOf = (statement) => ts.isVariableStatement(statement) ? statement.declarationList.declarations[0].name.text : statement.name?.text;

// name -> its statements.
const known = new Map();
for (const file of files) {
  for (const statement of file.statements) known.set(nameOf(statement), [...(known.get(nameOf(statement)) ?? []), statement]);
}

// worker.d.ts replaces a type, or a value, of the same name, but for those that say they add to it.
const isType = (statement) => ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
const kindOf = (statement) => `${isType(statement) ? "type" : "value"} ${nameOf(statement)}`;
const ADDS = /^\/\/\/ adds\b/m;
const replaced = new Set();
const wanted = [...WEB];
// Calls take(name) for each type that |node| speaks of.
const types = (node, take) => {
  if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) take(node.typeName.text);
  if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression)) take(node.expression.text);
  ts.forEachChild(node, (child) => types(child, take));
};
for (const statement of own.statements) {
  if (!ADDS.test(ownText.slice(statement.getFullStart(), statement.getStart()))) replaced.add(kindOf(statement));
  types(statement, (name) => wanted.push(name));
}

const memberName = (member) => member.name !== undefined && (ts.isIdentifier(member.name) || ts.isStringLiteral(member.name)) ? member.name.text : undefined;

// The text of |node| without the members that are left out, and the names that it speaks of.
function render(statement, omitted) {
  const file = statement.getSourceFile();
  const cuts = [];
  const visit = (node) => {
    if ((ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) && omitted.length > 0) {
      for (const member of node.members) {
        if (omitted.includes(memberName(member))) cuts.push([member.getFullStart(), member.getEnd()]);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(statement);
  const names = new Set();
  types(statement, (name) => names.add(name));
  let text = "";
  let at = statement.getFullStart();
  for (const [start, end] of cuts) {
    text += file.text.slice(at, start);
    at = end;
  }
  return { text: (text + file.text.slice(at, statement.getEnd())).trim(), names };
}

const isGlobal = new Set(WEB);
const done = new Set();
const parts = [];
for (const name of wanted) { // grows while it is walked
  if (done.has(name) || !known.has(name)) continue;
  done.add(name);
  for (const statement of known.get(name)) {
    if (replaced.has(kindOf(statement)) || (!isGlobal.has(name) && !isType(statement))) continue; // what is not global is only a type here
    const { text, names } = render(statement, OMITTED[name] ?? []);
    parts.push({ name, text });
    wanted.push(...names);
  }
}
parts.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const notice = /^\/\*![\s\S]*?\*\//.exec(files[0].text)?.[0] ?? "";
await writeFile(out, `${ownText.trimEnd()}

/* ---- what follows is taken from TypeScript's lib.webworker.d.ts, whose notice is: ---- */

${notice}

${parts.map(({ text }) => text).join("\n\n")}
`);
