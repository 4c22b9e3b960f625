// normalize.test.mjs - A20: the forms in which models write programs. @cloudflare/codemode rewrites them as text, and its tests compare
// texts; here each runs, as it was sent and as codemode rewrites it, and must come to the same.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { load, loadClient } from "./npm.mjs";

let daemon, executor, normalizeCode;
before(async () => {
  daemon = await Daemon.start();
  const { MayflyExecutor } = await loadClient("index.js");
  await loadClient("register.js");
  ({ normalizeCode } = await load("@cloudflare/codemode"));
  executor = new MayflyExecutor({ url: daemon.url });
});
after(() => daemon.stop());

const fenced = (tag, code, end = "") => `\`\`\`${tag}\n${code}\n\`\`\`${end}`;
const ERROR = Symbol("an error");

const cases = {
  "nothing": ["", undefined],
  "blanks": ["   \n\t  ", undefined],
  "an async arrow": ["async () => { return 1; }", 1],
  "a sync arrow": ["() => { return 1; }", 1],
  "an arrow with parameters": ["async (a, b) => { return [a, b]; }", [undefined, undefined]],
  "a concise arrow": ["() => 42", 42],
  "an expression": ["1 + 2", 3],
  "statements and an expression": ["const x = 10;\nx * 2", 20],
  "a call": ['console.log("hello")', undefined],
  "await": ["await Promise.resolve(5)", 5],
  "a call of a tool": ["await codemode.f(2)", 4],
  "a declaration": ["const x = 42", undefined],
  "a for loop": ["for (let i = 0; i < 10; i++) {}", undefined],
  "an if": ["if (true) { Math.max(1); }", undefined],
  "declarations": ["const a = 1;\nconst b = 2;", undefined],
  "no JavaScript": ["const = oops {{{", ERROR],
  "blanks around": ["  () => 42  ", 42],
  "a js fence": [fenced("js", "async () => { return 1; }"), 1],
  "a javascript fence": [fenced("javascript", "const x = 1;\nx + 2"), 3],
  "a typescript fence": [fenced("typescript", "() => 42"), 42],
  "a ts fence": [fenced("ts", "() => 42"), 42],
  "a tsx fence": [fenced("tsx", "() => 42"), 42],
  "a jsx fence": [fenced("jsx", "() => 42"), 42],
  "a fence without a name": [fenced("", "async () => { return 1; }"), 1],
  "blanks behind a fence": [fenced("js", "async () => { return 1; }", "  "), 1],
  "export default async arrow": ["export default async () => { return 1; }", 1],
  "export default sync arrow": ["export default () => { return 1; }", 1],
  "export default expression": ["export default 42", 42],
  "export default function": ["export default function() { return 42; }", 42],
  "export default named function": ["export default function f() { return 42; }", 42],
  "an async function": ["async function doStuff() { return 42; }", 42],
  "a function": ["function compute() { return 1 + 2; }", 3],
  "a function and its call": ["function helper() { return 1; }\nhelper()", 1],
  "a function that is called at once": ["(async () => { return 42; })()", 42],
  "return at the top": ["return 42", 42],
  "return behind await": ["const x = await Promise.resolve(6);\nreturn x * 7;", 42],
  "a fence and export default": [fenced("js", "export default async () => { return 1; }"), 1],
  "a fence and a function": [fenced("js", "async function run() { return await codemode.f(21); }"), 42],
  "an object": ["({ a: 1 })", { a: 1 }],
  "a comment first": ["// the answer\nasync () => 42", 42],
  "a comment last": ["async () => 42 // the answer", 42],
};

for (const [name, [code, expected]] of Object.entries(cases)) {
  test(name, async () => {
    for (const text of [code, normalizeCode(code)]) {
      const { result, error } = await executor.execute(text, [{ name: "codemode", fns: { f: async (x) => x * 2 } }]);
      if (expected === ERROR) assert.notEqual(error, undefined, text);
      else assert.deepEqual([error, result], [undefined, expected], text);
    }
  });
}
