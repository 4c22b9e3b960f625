// mcp.test.mjs - MCP both ways with the official SDK: its client against /mcp, its servers as namespaces of programs.
import { test, before, after } from "node:test";
import http from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { policy, rule } from "../lib/upstream.mjs";
import { npm, load, loadClient } from "./npm.mjs";

const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
const { McpServer } = await load("@modelcontextprotocol/sdk/server/mcp.js");
const { Server } = await load("@modelcontextprotocol/sdk/server/index.js");
const { StreamableHTTPServerTransport } = await load("@modelcontextprotocol/sdk/server/streamableHttp.js");
const { CallToolRequestSchema, ListToolsRequestSchema } = await load("@modelcontextprotocol/sdk/types.js");
const { z } = await load("zod");

const TOKEN = "Bearer the-servers-own-token";
let daemon, memory, memoryDir;
const closers = [];
const seen = []; // requests that the tool servers had

// |newServer()| over streamable HTTP, with sessions or without, as JSON or as event streams; only with the token.
async function serve(newServer, { enableJsonResponse = false, sessions = true } = {}) {
  const transports = new Map();
  const listener = http.createServer(async (request, response) => {
    seen.push(request);
    if (request.headers.authorization !== TOKEN) return void response.writeHead(401).end();
    let transport = transports.get(request.headers["mcp-session-id"]);
    if (!transport) {
      transport = new StreamableHTTPServerTransport({ enableJsonResponse, sessionIdGenerator: sessions ? () => `s${transports.size}` : undefined, onsessioninitialized: (id) => transports.set(id, transport) });
      await newServer().connect(transport);
    }
    await transport.handleRequest(request, response);
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => { listener.closeAllConnections(); listener.close(resolve); }));
  return `http://127.0.0.1:${listener.address().port}/mcp`;
}

function newDocs() {
  const server = new McpServer({ name: "docs", version: "1" });
  const text = (...texts) => ({ content: texts.map((one) => ({ type: "text", text: one })) });
  server.registerTool("find-page", { description: "Find a page of the handbook.", inputSchema: { words: z.string().describe("what to look for") } }, ({ words }) => text(JSON.stringify({ page: words.length })));
  server.registerTool("plain", { description: "Says a sentence.", inputSchema: {} }, () => text("not json"));
  server.registerTool("several", { description: "Says two things.", inputSchema: {} }, () => text("a", "b"));
  server.registerTool("structured", { description: "Has a structure.", inputSchema: {}, outputSchema: { n: z.number() } }, () => ({ ...text("x"), structuredContent: { n: 7 } }));
  server.registerTool("image", { description: "A picture.", inputSchema: {} }, () => ({ content: [{ type: "image", data: "AA==", mimeType: "image/png" }] }));
  server.registerTool("fails", { description: "Fails.", inputSchema: {} }, () => ({ ...text("it went wrong"), isError: true }));
  return server;
}

// A server of npm that speaks over stdio, behind HTTP.
async function proxied() {
  memoryDir = mkdtempSync(path.join(tmpdir(), "mayfly-mcp-"));
  memory = new Client({ name: "proxy", version: "1" });
  await memory.connect(new StdioClientTransport({ command: process.execPath, args: [path.join(npm, "@modelcontextprotocol/server-memory/dist/index.js")], env: { ...process.env, MEMORY_FILE_PATH: path.join(memoryDir, "memory.jsonl") }, stderr: "ignore" }));
  return serve(() => {
    const server = new Server({ name: "memory", version: "1" }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, (request) => memory.listTools(request.params));
    server.setRequestHandler(CallToolRequestSchema, (request) => memory.callTool(request.params));
    return server;
  }, { enableJsonResponse: true });
}

let docs, memoryUrl;
before(async () => {
  daemon = await Daemon.start();
  docs = await serve(newDocs);
  memoryUrl = await proxied();
  const put = async (path_, body) => { const response = await fetch(daemon.url + path_, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }); assert.ok(response.ok, await response.text()); };
  await put("/v1/secrets/tools", { kind: "bearer", token: TOKEN.slice(7), hosts: ["127.0.0.1:*"], allowHttp: true });
  await put("/v1/outbounds/tools", policy(rule({ match: { host: ["127.0.0.1"], method: ["POST"] }, action: { inject: [{ secret: "tools" }] } })));
});
after(async () => {
  await memory?.close();
  for (const close of closers) await close();
  if (memoryDir) rmSync(memoryDir, { recursive: true, force: true });
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
});

const execute = async (code, more = {}) => {
  const response = await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code, globalOutbound: "tools", ...more }) });
  const done = await response.json();
  assert.equal(response.status, 200, JSON.stringify(done));
  return done;
};
const servers = () => [{ name: "docs", url: docs }, { name: "memory", url: memoryUrl }];

test("a program calls the tools of MCP servers; the outbound adds the credential that it never sees", async () => {
  const done = await execute(`async () => [await docs["find-page"]({ words: "hello" }), await docs.plain(), await docs.several(), await docs.structured({}), (await docs.image()).content[0].type, await docs.fails().catch((e) => e.message), await docs.nope().catch((e) => e instanceof Error)]`, { mcpServers: servers() });
  assert.equal(done.outcome, "ok", JSON.stringify(done.error));
  assert.deepEqual(done.result, [{ page: 5 }, "not json", "a\nb", { n: 7 }, "image", "it went wrong", true]);
  assert.ok(!JSON.stringify(done).includes("the-servers-own-token"));
  const both = await execute(`async () => { await memory.create_entities({ entities: [{ name: "Ada", entityType: "person", observations: ["wrote the first program"] }] });
    const [graph, page] = await Promise.all([memory.search_nodes({ query: "Ada" }), docs["find-page"]({ words: "Ada" })]); return [graph.entities[0].observations, page] }`, { mcpServers: servers() });
  assert.deepEqual(both.result, [["wrote the first program"], { page: 3 }], JSON.stringify(both.error));
});

test("the client's executor: tools of its own beside those that the daemon serves", async () => {
  const { MayflyExecutor } = await loadClient("index.js");
  const executor = new MayflyExecutor({ url: daemon.url, globalOutbound: "tools", mcpServers: servers() });
  const { result, error } = await executor.execute("async () => own.twice((await docs.find_page({ words: 'abc' })).page)", [{ name: "own", fns: { twice: async (n) => n * 2 } }]);
  assert.deepEqual([error, result], [undefined, 6]);
});

test("what a program does to fetch() and Response does not reach the calls; without an outbound there are none", async () => {
  const done = await execute(`async () => { Response.prototype.text = () => "{}"; globalThis.fetch = () => { throw 1 }; Headers.prototype.get = () => "text/event-stream"; return docs.plain() }`, { mcpServers: servers() });
  assert.equal(done.result, "not json", JSON.stringify(done.error));
  const blocked = await execute("async () => docs.plain()", { mcpServers: servers(), globalOutbound: null });
  assert.match(blocked.error.message, /not permitted to access the internet/);
  const before_ = seen.length;
  assert.equal((await execute("async () => 1", { mcpServers: servers() })).result, 1);
  assert.equal(seen.length, before_); // Nobody is connected to before a tool is called.
});

test("a server that is none, that refuses, or that says nonsense is an error that a program can catch", async () => {
  const answers = { html: ["text/html", "<p>"], empty: ["application/json", "{}"], array: ["application/json", "[]"], stream: ["text/event-stream", "data: {\"id\":99}\n\n: x\n"], deep: ["application/json", "[".repeat(1e5)] };
  const listener = http.createServer((request, response) => { const [type, body] = answers[request.url.slice(1)] ?? []; if (type) response.writeHead(200, { "content-type": type }).end(body); else response.writeHead(500).end(); });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => { listener.closeAllConnections(); listener.close(resolve); }));
  for (const name of [...Object.keys(answers), "five-hundred"]) {
    const done = await execute("async () => odd.tool().then(() => 'fine', (e) => e instanceof Error)", { mcpServers: [{ name: "odd", url: `http://127.0.0.1:${listener.address().port}/${name}` }] });
    assert.equal(done.result, true, `${name}: ${JSON.stringify(done)}`);
  }
});

async function client(query = "") {
  const one = new Client({ name: "test", version: "1" });
  await one.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp${query}`)));
  return one;
}
const attached = () => `?outbound=tools&server.docs=${encodeURIComponent(docs)}&server.memory=${encodeURIComponent(memoryUrl)}`;

test("the SDK's client runs programs with execute", async () => {
  const one = await client();
  assert.equal(one.getServerVersion().name, "mayfly");
  assert.deepEqual((await one.listTools()).tools.map((tool) => tool.name), ["execute", "search"]);
  await one.ping();
  const run = (code) => one.callTool({ name: "execute", arguments: { code } });
  assert.deepEqual((await run("async () => ({ a: 1 })")).content, [{ type: "text", text: '{"a":1}' }]);
  const logged = await run("async () => { console.log('seen'); return 'text' }");
  assert.equal(logged.content[0].text, "text\n\nLogs:\n[log] seen");
  assert.deepEqual([logged.structuredContent.result, logged.structuredContent.outcome], ["text", "ok"]);
  const failed = await run("async () => {\n  nope() }");
  assert.deepEqual([failed.isError, failed.content[0].text], [true, "Error: nope is not defined (line 2, column 3)"]);
  const long = await run("async () => 'ä'.repeat(50000)");
  assert.ok(long.content[0].text.length < 24_100 && long.content[0].text.endsWith("--- TRUNCATED ---") && !long.content[0].text.includes("\ufffd"));
  await assert.rejects(one.callTool({ name: "other", arguments: {} }), /no such tool/);
  await assert.rejects(one.callTool({ name: "execute", arguments: {} }), /code/);
  assert.match((await one.callTool({ name: "search", arguments: { query: "page" } })).content[0].text, /^There are no tools/);
  await one.close();
});

test("search finds the tools of the attached servers, and programs call them", async () => {
  const one = await client(attached());
  const found = async (args) => (await one.callTool({ name: "search", arguments: args })).content[0].text;
  const page = await found({ query: "handbook page" });
  assert.match(page, /declare const docs/);
  assert.match(page, /find_page: \(input: FindPageInput\) => Promise<FindPageOutput>/);
  assert.ok(!page.includes("create_entities"));
  assert.match(await found({ query: "entities", limit: 3 }), /declare const memory/);
  assert.match(await found({}), /several/);
  const called = await one.callTool({ name: "execute", arguments: { code: "async () => docs.find_page({ words: 'four' })" } });
  assert.equal(called.content[0].text, '{"page":4}', JSON.stringify(called));
  await one.close();
});

test("what is no MCP is told so", async () => {
  const post = (body, headers = {}, query = "") => fetch(`${daemon.url}/mcp${query}`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
  const code = async (body, query) => (await (await post(body, {}, query)).json()).error.code;
  assert.equal(await code("{"), -32700);
  assert.equal(await code("[]"), -32600);
  assert.equal(await code('{"jsonrpc":"1.0","id":1,"method":"ping"}'), -32600);
  assert.equal(await code('{"jsonrpc":"2.0","id":1,"method":"nope"}'), -32601);
  assert.equal(await code('{"jsonrpc":"2.0","id":1,"method":"tools/call"}'), -32602);
  assert.equal(await code('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute","arguments":{"code":"1"}}}', "?nope=1"), -32602);
  assert.equal((await post('{"jsonrpc":"2.0","method":"notifications/initialized"}')).status, 202);
  assert.equal((await fetch(`${daemon.url}/mcp`)).status, 405);
  assert.equal((await post("{}", { "mcp-protocol-version": "1999-01-01" })).status, 400);
  assert.equal((await post("{}", { "content-type": "text/plain" })).status, 415);
  assert.equal((await post("{}", { origin: "https://evil.example" })).status, 403);
  const id = await (await post('{"jsonrpc":"2.0","id":"a\\"b","method":"ping"}')).json();
  assert.deepEqual(id, { result: {}, jsonrpc: "2.0", id: 'a"b' });
  const bad = await (await post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}}', {}, "?server.a-b=http://x/")).json();
  assert.match(bad.result.content[0].text, /not a valid JavaScript identifier/);
});

test("a client that leaves takes its program with it", async () => {
  const controller = new AbortController();
  const left = fetch(`${daemon.url}/mcp`, { method: "POST", signal: controller.signal, headers: { "content-type": "application/json" }, body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute","arguments":{"code":"async () => scheduler.wait(60000)"}}}' }).catch(() => "left");
  await daemon.until(async () => (await daemon.health()).runs.active === 1);
  controller.abort();
  assert.equal(await left, "left");
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
});
