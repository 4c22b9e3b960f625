// types.test.mjs - POST /v1/tools/types: what it writes is TypeScript to the TypeScript compiler, and the same text as
// @cloudflare/codemode's where that one's is valid.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { npm, load, loadClient } from "./npm.mjs";

let daemon, typescript, generateTypesFromJsonSchema;
before(async () => {
  daemon = await Daemon.start();
  await loadClient("register.js");
  typescript = (await load("typescript")).default;
  ({ generateTypesFromJsonSchema } = await load("@cloudflare/codemode"));
});
after(() => daemon.stop());

async function ask(query) {
  const response = await fetch(`${daemon.url}/v1/tools/types`, { method: "POST", headers: { "content-type": "application/json" }, body: typeof query === "string" ? query : JSON.stringify(query) });
  return { status: response.status, ...(await response.json()) };
}
const typesOf = async (tools, name = "codemode") => {
  const answer = await ask({ namespaces: [{ name, tools }] });
  assert.equal(answer.status, 200, JSON.stringify(answer));
  return answer.types;
};

// The compiler's complaints about |text| with |program| behind it, strictly.
function complaints(text, program = "") {
  const options = { strict: true, noEmit: true, target: typescript.ScriptTarget.ES2022, lib: ["lib.es2022.d.ts"], types: [] };
  const host = typescript.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (file, ...rest) => file === "tools.ts" ? typescript.createSourceFile(file, `${text}\n${program}\nexport {};`, options.target, true) : getSourceFile.call(host, file, ...rest);
  const compiled = typescript.createProgram(["tools.ts"], options, host);
  return typescript.getPreEmitDiagnostics(compiled).map((d) => typescript.flattenDiagnosticMessageText(d.messageText, " "));
}

const object = (properties, more) => ({ type: "object", properties, ...more });
const plain = {
  "list-issues": { description: "  Lists issues.\nOf one repository.  ", inputSchema: object({ owner: { type: "string", description: "Who" }, labels: { type: "array", items: { type: "string" } }, "x-y": { type: ["string", "null"] } }, { required: ["owner"] }), outputSchema: { type: "array", items: object({ id: { type: "integer" } }) } },
  "1st": { inputSchema: { type: "object" } },
  delete: { description: "Removes */ it", inputSchema: object({ id: { enum: ["a", 1, null, true, { deep: [1] }] }, when: { type: "string", format: "date-time", description: "Then" }, at: { type: "string", format: "time" } }, { additionalProperties: true }) },
  nested: { inputSchema: object({ a: object({ b: object({ c: { oneOf: [{ type: "string" }, { type: "number" }] } }) }), t: { type: "array", prefixItems: [{ type: "string" }, true] }, m: { type: "object", additionalProperties: { type: "number" } }, e: object({}, { additionalProperties: false }), n: { type: "number", nullable: true }, all: { allOf: [object({ x: { const: "x" } }), object({ y: { const: 1 } })] } }) },
  refs: { inputSchema: { $defs: { A: object({ next: { $ref: "#/$defs/A" }, name: { type: "string" } }) }, ...object({ a: { $ref: "#/$defs/A" }, gone: { $ref: "#/$defs/B" }, away: { $ref: "https://example.com/x" } }) } },
  empty: { inputSchema: {} },
};

test("the same text as @cloudflare/codemode's", async () => {
  assert.equal(await typesOf(plain), generateTypesFromJsonSchema(plain));
  for (const [name, tool] of Object.entries(plain)) assert.equal(await typesOf({ [name]: tool }), generateTypesFromJsonSchema({ [name]: tool }), name);
  assert.equal(await typesOf({}), generateTypesFromJsonSchema({}));
});

test("what the model is told is what the compiler enforces", async () => {
  const types = await typesOf(plain, "github");
  assert.deepEqual(complaints(types, 'async function f() { const [first] = await github.list_issues({ owner: "a", "x-y": null }); const id: number | undefined = first?.id; return id; }'), []);
  assert.equal(complaints(types, "github.list_issues({});").length, 1);
  assert.equal(complaints(types, 'github.delete_({ id: "b" });').length, 1);
  assert.equal(complaints(types, "github.listIssues;").length, 1);
});

test("what codemode writes no valid type for is valid here", async () => {
  const tools = {
    union: { inputSchema: { type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] } } },
    index: { inputSchema: object({ a: { type: "string" } }, { additionalProperties: { type: "number" } }) },
    none: { inputSchema: { anyOf: [] } },
    twice: { inputSchema: { type: "string" } }, Twice: { inputSchema: { type: "number" } },
    own: { inputSchema: object({ a: { type: "string" }, b: { type: "string" } }, { anyOf: [{ required: ["a"] }, { required: ["b"] }] }) },
  };
  assert.deepEqual(complaints(await typesOf(tools), `codemode.union(["a", 1]); codemode.index({ a: "x", b: 1 }); codemode.twice("x"); codemode.Twice(1); codemode.own({ a: "x" });`), []);
});

test("no schema breaks out of the declarations", async () => {
  const nasty = ["*/ evil(); /*", "\u2028evil()\u2029", '"; evil(); "', "`${evil()}`", "\\", "\r\nevil()", "</script>", "//", "*\\/", "**/", "\u007f\u0001", "__proto__", "constructor", "ä 日本 🪰", "*", "/"];
  const properties = Object.fromEntries(nasty.map((text, i) => [`${text}${i}`, { type: "string", description: text, format: text, enum: [text, { [text]: [text] }] }]));
  const tools = Object.fromEntries(nasty.map((text, i) => [`t${i}${text}`, { description: text, inputSchema: object({ ...properties, [text]: { const: text } }, { required: [text], additionalProperties: { const: text } }) }]));
  const answer = await ask(JSON.stringify({ namespaces: [{ name: "a", tools }] }));
  assert.deepEqual(complaints(answer.types, "declare function only(): void; only();"), []);
  assert.ok(!answer.types.split("\n").some((line) => /^\s*evil/.test(line)));
  const index = await ask({ namespaces: [{ name: "a", tools }], detail: "index" });
  assert.equal(index.types.split("\n").length, nasty.length + 1);
  assert.deepEqual(complaints(index.types), []);
});

test("a real MCP server's tools", async () => {
  const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
  const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [`${npm}/@modelcontextprotocol/server-memory/dist/index.js`], stderr: "ignore", env: { MEMORY_FILE_PATH: `${daemon.dir}/memory.json` } }));
  const list = await client.listTools();
  await client.close();
  const answer = await ask({ namespaces: [{ name: "memory", mcp: list }] });
  assert.equal(answer.total, list.tools.length);
  assert.deepEqual(complaints(answer.types, 'memory.create_entities({ entities: [{ name: "a", entityType: "b", observations: ["c"] }] });'), []);
  const found = await ask({ namespaces: [{ name: "memory", mcp: list }], search: "delete relations", limit: 1 });
  assert.deepEqual(found.tools.map((t) => t.tool), ["delete_relations"]);
  assert.deepEqual(complaints(found.types, "memory.delete_relations;"), []);
  assert.equal(complaints(found.types, "memory.create_entities;").length, 1);
});

test("our own OpenAPI document, all of it", async () => {
  const openapi = await (await fetch(`${daemon.url}/openapi.json`)).json();
  const answer = await ask({ namespaces: [{ name: "mayfly", openapi }] });
  const operations = Object.values(openapi.paths).flatMap((item) => Object.values(item)).filter((o) => o.operationId);
  assert.deepEqual(answer.tools.map((t) => t.name).sort(), operations.map((o) => o.operationId).sort());
  assert.deepEqual(complaints(answer.types, 'mayfly.secret({ name: "x" }).then((s) => s.name.length); mayfly.toolTypes({ body: { namespaces: [] } }).then((t) => t.types.length);'), []);
  assert.equal(complaints(answer.types, "mayfly.secret({});").length, 1);
});

test("large sets: an index, a search, one by name", async () => {
  const tools = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`tool_${i}`, { description: `Does number ${i}.`, inputSchema: object({ [`p${i}`]: { type: "string" } }) }]));
  tools.launch_rocket = { description: "Sends one up.", inputSchema: object({ stage: { type: "integer" } }) };
  const namespaces = [{ name: "many", tools }];
  const found = await ask({ namespaces, search: "launch rocket" });
  assert.deepEqual([found.total, found.truncated, found.tools[0].name], [1, false, "launch_rocket"]);
  const cut = await ask({ namespaces, search: "tool" });
  assert.deepEqual([cut.total, cut.truncated, cut.tools.length], [3000, true, 50]);
  const one = await ask({ namespaces, only: ["many.tool_2999"] });
  assert.match(one.types, /^type Tool_2999Input = \{\n    p2999\?: string;\n\}/);
  assert.equal((await ask({ namespaces, detail: "index" })).types.split("\n").length, 3002);
});

test("bad input has its own answer", async () => {
  const at = async (query, code, param) => { const a = await ask(query); assert.deepEqual([a.code, a.param], [code, param], JSON.stringify(a)); return a; };
  await at("{", "api.json");
  await at({ namespaces: [] }, "api.field", "/namespaces");
  await at({ namespaces: [{ name: "a", tools: {} }], what: 1 }, "api.field", "/what");
  await at({ namespaces: [{ name: "a b", tools: {} }] }, "api.field", "/namespaces/0/name");
  await at({ namespaces: [{ name: "a", tools: {}, mcp: [] }] }, "api.field", "/namespaces/0");
  await at({ namespaces: [{ name: "a", tools: { b: {} } }], only: ["c"] }, "api.field", "/only/0");
  await at({ namespaces: [{ name: "a", tools: {} }], limit: 0 }, "api.field", "/limit");
  await at({ namespaces: [{ name: "a", tools: {} }], detail: "all" }, "api.field", "/detail");
  await at({ namespaces: [{ name: "a", tools: {} }], search: "x".repeat(513) }, "api.field", "/search");
  await at(`{"namespaces":[{"name":"a","tools":{"b":{"inputSchema":{"enum":[0${",0".repeat(2_000_001)}]}}}}]}`, "api.json");
  const clash = await at({ namespaces: [{ name: "p", tools: { "a-b": {}, a_b: {} } }] }, "api.field", "/namespaces/0");
  assert.equal(clash.detail, 'Tool names "a-b" and "a_b" both sanitize to "a_b" in provider "p"');
  const large = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`t${i}`, { inputSchema: { enum: ["x".repeat(16384)] } }]));
  await at({ namespaces: [{ name: "a", tools: large }] }, "too_large");
});
