// frameworks.test.mjs - our executor below the tools of others, unchanged: @cloudflare/codemode's for the AI SDK, for browsers, for
// TanStack AI and for MCP (A34, A35, A37 of its tests of executors), and our own tools in the AI SDK and in TanStack's Code Mode.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { load, loadClient } from "./npm.mjs";

let daemon, MayflyExecutor, executor, ai, zod;
before(async () => {
  daemon = await Daemon.start();
  ({ MayflyExecutor } = await loadClient("index.js"));
  await loadClient("register.js");
  executor = new MayflyExecutor({ url: daemon.url });
  ai = await load("ai");
  zod = (await load("zod")).z;
});
after(() => daemon.stop());

const add = () => ai.tool({ description: "Adds two numbers", inputSchema: zod.object({ a: zod.number().describe("First"), b: zod.number() }), outputSchema: zod.object({ sum: zod.number() }), execute: async ({ a, b }) => ({ sum: a + b }) });
const remove = (needsApproval) => ai.tool({ description: "Removes", inputSchema: zod.object({}), needsApproval, execute: async () => "removed" });

/* ---- @cloudflare/codemode --------------------------------------------------------------------- */

test("codemode/ai: createCodeTool; A34 input that is not valid is refused on this side", async () => {
  const { createCodeTool } = await load("@cloudflare/codemode/ai");
  const tool = createCodeTool({ tools: { add: add(), remove: remove(true) }, executor });
  assert.match(tool.description, /add: \(input: AddInput\)/);
  assert.deepEqual(await tool.execute({ code: "async () => { console.log('adding'); return await codemode.add({ a: 1, b: 2 }); }" }), { result: { sum: 3 }, logs: ["adding"] });
  await assert.rejects(tool.execute({ code: "async () => await codemode.add({ a: 'x', b: 2 })" }), /Code execution failed: .*a/s);
  await assert.rejects(tool.execute({ code: "async () => { console.warn('careful'); return await codemode.remove({}); }" }), /Tool "remove" not found\n\nConsole output:\n\[warn\] careful/);
  const several = createCodeTool({ tools: [{ name: "math", tools: { add: add() } }, { tools: { "get-one": add() } }], executor });
  assert.deepEqual((await several.execute({ code: "const x = await math.add({ a: 1, b: 2 });\nawait codemode.get_one({ a: x.sum, b: 1 })" })).result, { sum: 4 });
});

test("codemode/ai in the AI SDK's own loop: the model calls the tool, the program calls the tools", async () => {
  const { createCodeTool } = await load("@cloudflare/codemode/ai");
  const { MockLanguageModelV3 } = await load("ai/test");
  const { calls, text } = await generate(MockLanguageModelV3, createCodeTool({ tools: { add: add() }, executor }), "async () => (await codemode.add({ a: 20, b: 22 })).sum");
  assert.deepEqual([calls, text], [[{ result: 42 }], "done"]);
});

test("codemode/browser: createBrowserCodeTool", async () => {
  const { createBrowserCodeTool } = await load("@cloudflare/codemode/browser");
  const tool = createBrowserCodeTool({ tools: { add: { description: "Adds", inputSchema: { type: "object", properties: { a: { type: "number" } } }, execute: async ({ a, b }) => a + b } }, executor });
  assert.match(tool.description, /add/);
  assert.deepEqual(await tool.execute({ code: "async () => codemode.add({ a: 1, b: 2 })" }), { result: 3 });
  await assert.rejects(tool.execute({ code: "async () => { throw new Error('x'); }" }), /x/);
});

test("codemode/tanstack-ai: createCodeTool", async () => {
  const { createCodeTool, tanstackTools } = await load("@cloudflare/codemode/tanstack-ai");
  const { toolDefinition } = await load("@tanstack/ai");
  const weather = toolDefinition({ name: "getWeather", description: "Weather", inputSchema: zod.object({ city: zod.string() }) }).server(async ({ city }) => ({ city, temp: 7 }));
  const tool = createCodeTool({ tools: [tanstackTools([weather]), tanstackTools([weather], "other")], executor });
  assert.deepEqual(await tool.execute({ code: "async () => [await codemode.getWeather({ city: 'Bern' }), (await other.getWeather({ city: 'Rom' })).city]" }), { result: [{ city: "Bern", temp: 7 }, "Rom"] });
});

const text = (result) => result.content[0].text;
async function connected(server, capabilities) {
  const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
  const { InMemoryTransport } = await load("@modelcontextprotocol/sdk/inMemory.js");
  const [here, there] = InMemoryTransport.createLinkedPair();
  await server.connect(there);
  const client = new Client({ name: "test", version: "1" }, capabilities ? { capabilities } : undefined);
  return { client, connect: () => client.connect(here) };
}

test("codemode/mcp: codeMcpServer; A35 how results of MCP tools look in programs", async () => {
  const { codeMcpServer } = await load("@cloudflare/codemode/mcp");
  const { McpServer } = await load("@modelcontextprotocol/sdk/server/mcp.js");
  const upstream = new McpServer({ name: "tools", version: "1" });
  const content = (...texts) => ({ content: texts.map((t) => ({ type: "text", text: t })) });
  upstream.registerTool("add", { description: "Adds", inputSchema: { a: zod.number(), b: zod.number() } }, async ({ a, b }) => content(String(a + b)));
  upstream.registerTool("greet-user", { description: "Greets", inputSchema: { name: zod.string() } }, async ({ name }) => content(`Hello, ${name}!`));
  upstream.registerTool("items", { inputSchema: {} }, async () => content(JSON.stringify([{ id: 1 }, { id: 2 }])));
  upstream.registerTool("lines", { inputSchema: {} }, async () => content("line one", "line two"));
  upstream.registerTool("fail", { inputSchema: {} }, async () => ({ ...content("something went wrong"), isError: true }));
  const { client, connect } = await connected(await codeMcpServer({ server: upstream, executor }));
  await connect();
  const call = (code) => client.callTool({ name: "code", arguments: { code } });
  assert.deepEqual((await client.listTools()).tools.map((t) => t.name), ["code"]);
  assert.equal(text(await call("async () => codemode.add({ a: 10, b: 32 })")), "42");
  assert.equal(text(await call("async () => codemode.greet_user({ name: 'Sum ' + await codemode.add({ a: 5, b: 3 }) })")), "Hello, Sum 8!");
  assert.deepEqual(JSON.parse(text(await call("async () => (await codemode.items({})).filter((i) => i.id === 2)"))), [{ id: 2 }]);
  assert.equal(text(await call("async () => codemode.lines({})")), "line one\nline two");
  assert.equal(text(await call("async () => undefined")), "undefined");
  assert.equal(text(await call("async () => null")), "null");
  for (const [code, expected] of [["async () => codemode.fail({})", "Error: something went wrong"], ["async () => codemode.nope({})", 'Error: Tool "nope" not found'], ["async () => { throw new Error('test error'); }", "Error: test error"]]) {
    const result = await call(code);
    assert.deepEqual([text(result), result.isError], [expected, true]);
  }
  assert.equal(text(await call("async () => { try { await codemode.fail({}); } catch (e) { return 'caught: ' + e.message; } }")), "caught: something went wrong");
  await client.close();
});

test("codemode/mcp: openApiMcpServer; A37 contexts of requests, a question to the user meanwhile, large documents", async () => {
  const { openApiMcpServer } = await load("@cloudflare/codemode/mcp");
  const { ElicitRequestSchema } = await load("@modelcontextprotocol/sdk/types.js");
  const schema = { type: "object", properties: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`field_${i}`, { type: "string", description: "x".repeat(100) }])) };
  const operation = (i) => ({ get: { operationId: `get${i}`, responses: { 200: { description: "ok", content: { "application/json": { schema: { $ref: "#/components/schemas/Big" } } } } } } });
  const spec = { openapi: "3.1.0", info: { title: "t", version: "1" }, paths: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`/items/${i}`, operation(i)])), components: { schemas: { Big: schema } } };
  const arrived = [];
  let release;
  const both = new Promise((resolve) => { release = resolve; });
  const server = openApiMcpServer({
    spec, executor,
    request: async ({ method, path }, context) => {
      if (method === "DELETE") return server.server.elicitInput({ message: `Allow ${path}?`, requestedSchema: { type: "object", properties: { approved: { type: "boolean" } } } }, { relatedRequestId: context.requestId });
      arrived.push(path);
      if (arrived.length === 2) release();
      await both;
      return { path, requestId: context.requestId };
    },
  });
  const { client, connect } = await connected(server, { elicitation: { form: {} } });
  client.setRequestHandler(ElicitRequestSchema, async () => ({ action: "accept", content: { approved: true } }));
  await connect();
  const call = async (name, code) => JSON.parse(text(await client.callTool({ name, arguments: { code } })));
  assert.equal(await call("search", "async () => Object.keys((await codemode.spec()).paths).length"), 300);
  assert.equal(await call("search", "async () => (await codemode.spec()).paths['/items/7'].get.responses['200'].content['application/json'].schema.properties.field_49.type.length"), 6);
  const [a, b] = await Promise.all(["/a", "/b"].map((path) => call("execute", `async () => codemode.request({ method: "GET", path: "${path}" })`)));
  assert.deepEqual([a.path, b.path, a.requestId !== b.requestId], ["/a", "/b", true]);
  assert.deepEqual(await call("execute", 'async () => codemode.request({ method: "DELETE", path: "/x" })'), { action: "accept", content: { approved: true } });
  const long = text(await client.callTool({ name: "search", arguments: { code: "async () => codemode.spec()" } }));
  assert.ok(long.length <= 24_000 && JSON.parse(long).openapi === "3.1.0");
  await client.close();
});

/* ---- our own ---------------------------------------------------------------------------------- */

// One round of the AI SDK: a model that sends |code| to the tool named code, then says "done".
async function generate(Model, tool, code, options = {}) {
  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  let prompt;
  const answers = [
    { content: [{ type: "tool-call", toolCallId: "1", toolName: "code", input: JSON.stringify({ code }) }], finishReason: { unified: "tool-calls", raw: "" }, usage, warnings: [] },
    { content: [{ type: "text", text: "done" }], finishReason: { unified: "stop", raw: "" }, usage, warnings: [] },
  ];
  const model = new Model({ doGenerate: async (sent) => { prompt ??= sent; return answers.shift(); } });
  const result = await ai.generateText({ model, tools: { code: tool }, prompt: "go", stopWhen: ai.stepCountIs(3), ...options });
  return { text: result.text, prompt, calls: result.steps.flatMap((s) => s.toolResults.map((r) => r.output)), errors: result.steps.flatMap((s) => s.content.filter((c) => c.type === "tool-error").map((c) => c.error)) };
}

test("mayfly-client/ai: in the AI SDK's loop: TypeScript, the SDK's options, its schema", async () => {
  const { createCodeTool } = await loadClient("ai.js");
  const { MockLanguageModelV3 } = await load("ai/test");
  const seen = [];
  const tools = { add: { ...add(), execute: async ({ a, b }, options) => { seen.push(options.toolCallId); return { sum: a + b }; } }, remove: remove(true), ask: remove(async () => true) };
  const tool = await createCodeTool({ tools, executor });
  assert.match(tool.description, /add: \(input: AddInput\) => Promise<AddOutput>/);
  assert.match(tool.description, /@param input\.a - First/);
  assert.doesNotMatch(tool.description, /remove|ask/);
  const { calls, text, prompt, errors } = await generate(MockLanguageModelV3, tool, "async (): Promise<number> => { const { sum }: { sum: number } = await codemode.add({ a: 20, b: 22 }); return sum; }");
  assert.deepEqual([calls, text, seen, errors], [[{ result: 42 }], "done", ["1"], []]);
  assert.deepEqual(prompt.tools[0].inputSchema.required, ["code"]);
  const failed = await generate(MockLanguageModelV3, tool, "async () => codemode.add({ a: 'x', b: 1 })");
  assert.match(failed.errors[0].message, /^Code execution failed: Invalid input: a: /);
});

test("mayfly-client/ai: an aborted generation ends the program hard", async () => {
  const { createCodeTool } = await loadClient("ai.js");
  const abort = new AbortController();
  const ends = [];
  const watched = new MayflyExecutor({ url: daemon.url, fetch: (input, init) => { ends.push(init.method); return fetch(input, init); } });
  const tool = await createCodeTool({ tools: { began: { execute: async () => abort.abort(new Error("stop")) } }, executor: watched });
  await assert.rejects(tool.execute({ code: "async () => { await codemode.began(); await new Promise((r) => setTimeout(r, 60000)); }" }, { abortSignal: abort.signal }), /stop/);
  assert.ok(ends.includes("DELETE"));
});

test("mayfly-client/ai: several namespaces, JSON Schema, results for a model's eyes, of bounded size", async () => {
  const { createCodeTool } = await loadClient("ai.js");
  const schema = ai.jsonSchema({ type: "object", properties: { id: { type: "integer" } }, required: ["id"] }, { validate: (value) => (Number.isInteger(value?.id) ? { success: true, value } : { success: false, error: new Error("id must be an integer") }) });
  const tool = await createCodeTool({
    tools: [{ name: "db", tools: { get: { description: "Gets */ one", inputSchema: schema, execute: async ({ id }) => new Map([["id", BigInt(id)]]) } } }, { name: "own", tools: {}, types: "declare const own: { twice(n: number): number };", prelude: "own.twice = (n) => n * 2;" }],
    executor: { url: daemon.url }, resultChars: 50,
  });
  assert.match(tool.description, /declare const db/);
  assert.match(tool.description, /declare const own: \{ twice/);
  assert.deepEqual(await tool.execute({ code: "async () => [own.twice(4), await db.get({ id: 5 }), new Set([1]), new Uint8Array(3)]" }), { result: [8, { id: "5" }, [1], "(3 bytes)"] });
  await assert.rejects(tool.execute({ code: "async () => db.get({ id: 'x' })" }), /id must be an integer/);
  const { result } = await tool.execute({ code: "async () => 'x'.repeat(100)" });
  assert.deepEqual([result.truncated, result.chars, result.start.length], [true, 102, 50]);
});

test("mayfly-client/tanstack: a driver of TanStack's Code Mode", async () => {
  const { createMayflyIsolateDriver } = await loadClient("tanstack.js");
  const { createCodeMode } = await load("@tanstack/ai-code-mode");
  const { toolDefinition } = await load("@tanstack/ai");
  const weather = toolDefinition({ name: "fetchWeather", description: "Weather", inputSchema: zod.object({ location: zod.string() }), outputSchema: zod.object({ temperature: zod.number() }) }).server(async ({ location }) => { if (location === "Nowhere") throw new Error("no such place"); return { temperature: location.length }; });
  const { tool, systemPrompt } = createCodeMode({ driver: createMayflyIsolateDriver({ url: daemon.url }), tools: [weather], timeout: 2000 });
  assert.match(systemPrompt, /external_fetchWeather/);
  const events = [];
  const run = (typescriptCode) => tool.execute({ typescriptCode }, { emitCustomEvent: (name, value) => events.push([name, value.level, value.message]) });
  assert.deepEqual(await run(`const cities: string[] = ['Tokyo', 'Rom'];
console.warn('asking');
const results = await Promise.all(cities.map((location) => external_fetchWeather({ location })));
return results.map((r) => r.temperature);`), { success: true, result: [5, 3], logs: ["WARN: asking"] });
  assert.deepEqual(events.filter(([name]) => name === "code_mode:console"), [["code_mode:console", "warn", "asking"]]);
  assert.deepEqual((await run("return external_fetchWeather({ location: 'Nowhere' })")).error, { message: "no such place", name: "Error" });
  assert.match((await run("throw new TypeError('t')")).error.name, /TypeError/);
  assert.deepEqual((await run("await new Promise((r) => setTimeout(r, 60000))")).error, { message: "Execution timed out", name: "TimeoutError" });
  assert.equal((await run("globalThis.x = 1; return typeof external_fetchWeather")).result, "function");
  assert.equal((await run("return typeof globalThis.x")).result, "undefined");
});
