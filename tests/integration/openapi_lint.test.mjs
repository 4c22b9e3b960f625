// openapi_lint.test.mjs - openapi.json is sound OpenAPI 3.1 and passes Redocly's recommended rules.
import path from "node:path";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "node:test";
import { assert } from "../lib/mayfly.mjs";

const { createConfig, lintFromString } = await import(pathToFileURL(path.join(process.env.MF_LINT_NPM ?? "build/deps/npm-lint/node_modules", "@redocly/openapi-core/lib/index.js")));
const source = readFileSync(fileURLToPath(new URL("../../src/api/openapi.json", import.meta.url)), "utf8");
const rules = {
  "no-empty-servers": "off", // Whoever has the document from /openapi.json knows where that is.
  "operation-4xx-response": "off", // Every refusal is the default response, a problem.
};
const lint = async (text) => {
  const problems = await lintFromString({ source: text, absoluteRef: "/openapi.json", config: await createConfig({ extends: ["recommended"], rules }) });
  return problems.map((one) => `${one.severity} ${one.ruleId} ${one.location[0]?.pointer}: ${one.message}`);
};

test("the linter has nothing to say", async () => {
  assert.deepEqual(await lint(source), []);
});

test("it would: a reference to nothing, a path parameter that nobody declares", async () => {
  assert.match((await lint(source.replace('"#/components/schemas/Health"', '"#/components/schemas/Nothing"'))).join(), /no-unresolved-refs/);
  assert.match((await lint(source.replace('"/v1/usage"', '"/v1/usage/{what}"'))).join(), /path-parameters-defined/);
});

test("the document has the server's routes, and no other", () => {
  const shape = (route) => route.replace(/\{[^}]*\}/g, "{}");
  const table = readFileSync(fileURLToPath(new URL("../../src/api/route.c", import.meta.url)), "utf8");
  const served = [...table.matchAll(/^ {4}\{"(\/[^"]*)", "([A-Z*]+)", mf__/gm)].map(([, route, method]) => `${method} ${shape(route)}`);
  const described = Object.entries(JSON.parse(source).paths).flatMap(([route, methods]) => Object.keys(methods).filter((key) => /^(get|put|post|delete|patch|head|options|trace)$/.test(key))
    .map((method) => `${shape(route) === "/v1/workers/{}/fetch/{}" ? "*" : method.toUpperCase()} ${shape(route)}`)); // That one takes every method; the document shows one.
  assert.ok(served.length > 40);
  assert.deepEqual(served.sort(), described.sort());
});
