// script.mjs - classic scripts as functions. A worker has no eval, so that several scripts which share one global scope become
// functions in one module: a top-level `function` or `var` is a property of globalThis, a top-level `let`, `const` or `class` is a
// variable around all of them, and each script keeps its own strictness.
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const npm = process.env.MF_NPM ?? path.join(process.env.MF_DEPS_DIR ?? path.join(here, "../../build/deps"), "npm/node_modules");
const { parse } = createRequire(path.join(npm, "noop.js"))("acorn");

function namesOf(pattern, names) {
  switch (pattern?.type) {
    case "Identifier": names.push(pattern.name); break;
    case "ObjectPattern": pattern.properties.forEach((one) => namesOf(one.value ?? one.argument, names)); break;
    case "ArrayPattern": pattern.elements.forEach((one) => namesOf(one, names)); break;
    case "AssignmentPattern": namesOf(pattern.left, names); break;
    case "RestElement": namesOf(pattern.argument, names); break;
  }
  return names;
}

function editDeclaration(node, text, edits) {
  edits.push([node.start, node.declarations[0].start, ";"]);
  for (const { id, init, end } of node.declarations) {
    if (id.type !== "Identifier") edits.push([id.start, id.start, "("], [end, end, ")"]);
    else if (init === null && node.kind === "let") edits.push([end, end, " = undefined"]);
  }
  if (text[node.end - 1] !== ";") edits.push([node.end, node.end, ";"]);
}

// {code, variables}: the text of a function expression, and the names of the variables it shares with the other scripts.
function convert(text) {
  let tree;
  try {
    tree = parse(text, { ecmaVersion: "latest", sourceType: "script" });
  } catch (error) {
    return { code: `function () { throw new SyntaxError(${JSON.stringify(error.message)}); }`, variables: [] };
  }
  const edits = [];
  const variables = [];
  let prelude = "";
  let isStrict = false;
  for (const node of tree.body) {
    if (node.type === "ExpressionStatement" && node.directive === "use strict") {
      isStrict = true;
    } else if (node.type === "FunctionDeclaration") {
      prelude += `globalThis.${node.id.name} = ${node.id.name};`;
    } else if (node.type === "ClassDeclaration") {
      variables.push(node.id.name);
      edits.push([node.start, node.start, `;${node.id.name} = `], [node.end, node.end, ";"]);
    } else if (node.type === "VariableDeclaration") {
      const names = node.declarations.flatMap(({ id }) => namesOf(id, []));
      if (node.kind === "var") prelude += names.map((name) => `if (!("${name}" in globalThis)) globalThis.${name} = undefined;`).join("");
      else variables.push(...names);
      editDeclaration(node, text, edits);
    }
  }
  let code = "";
  let at = 0;
  edits.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  for (const [start, end, replacement] of edits) {
    code += text.slice(at, start) + replacement;
    at = end;
  }
  return { code: `function (exports, module, require, __filename, __dirname) { ${isStrict ? '"use strict"; ' : ""}${prelude} ${code}${text.slice(at)}\n}`, variables };
}

const cache = new Map();

function converted(text) {
  if (!cache.has(text)) cache.set(text, convert(text));
  return cache.get(text);
}

function isExpression(text) {
  try {
    parse(`(${text}\n)`, { ecmaVersion: "latest", sourceType: "script" });
    return true;
  } catch {
    return false;
  }
}

// The source of a CommonJS module that exports {name: function} of |scripts|, [{name, text}], and of |evals|, the texts that they hand to
// eval(): "eval:<text>" is a function that gives its value.
export function moduleOfScripts(scripts, evals) {
  const parts = scripts.map(({ name, text }) => ({ name, ...converted(text) }));
  for (const text of evals) {
    parts.push({ name: `eval:${text}`, ...(isExpression(text) ? { code: `function () { return (${text}\n); }`, variables: [] } : convert(text)) });
  }
  const variables = [...new Set(parts.flatMap((part) => part.variables))];
  return `${variables.length > 0 ? `let ${variables.join(", ")};\n` : ""}module.exports = { __proto__: null,\n` +
    parts.map(({ name, code }) => `${JSON.stringify(name)}: ${code},\n`).join("") + "};\n";
}
