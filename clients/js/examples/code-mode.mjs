// code-mode.mjs - one task for an agent, twice: with an MCP server's tools called one by one, and with one tool that runs a program
// which calls them. Everything is real but the model: its turns were written by hand (transcripts/), as a model that makes no mistake
// would answer, so that no key is needed and the numbers are the same each time. Needs a running daemon:
//
//   npm install mayfly-client ai @modelcontextprotocol/sdk @modelcontextprotocol/server-memory gpt-tokenizer
//   node code-mode.mjs http://127.0.0.1:8787
//
// Tokens are those of OpenAI's o200k_base over the JSON of what a provider is sent and answers; providers wrap it in a little more.
import { generateText, jsonSchema, stepCountIs, tool } from "ai";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { MayflyExecutor } from "mayfly-client";
import { createCodeTool } from "mayfly-client/ai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { graphLines } from "./graph.mjs";

const url = process.argv[2] ?? "http://127.0.0.1:8787";
const TASK = "orders-db will be down tonight. Find every service that depends on it, directly or through others, leave each owner a note, and tell me who owns what.";

// A model of the AI SDK that says what is written down, and counts what it is sent.
class RecordedModel {
  specificationVersion = "v3";
  provider = "recorded";
  modelId = "recorded";
  supportedUrls = {};
  used = { calls: 0, sent: 0, said: 0 };

  constructor(transcript) {
    this.turns = JSON.parse(readFileSync(new URL(`transcripts/${transcript}.json`, import.meta.url), "utf8"));
  }

  async doGenerate({ prompt, tools }) {
    const turn = this.turns[this.used.calls++];
    this.used.sent += encode(JSON.stringify({ prompt, tools })).length;
    this.used.said += encode(JSON.stringify(turn)).length;
    const content = turn.text !== undefined
      ? [{ type: "text", text: turn.text }]
      : turn.calls.map(({ tool, input }, i) => ({ type: "tool-call", toolCallId: `${this.used.calls}.${i}`, toolName: tool, input: JSON.stringify(input) }));
    const counts = { inputTokens: { total: undefined }, outputTokens: { total: undefined } };
    return { content, finishReason: { unified: turn.text !== undefined ? "stop" : "tool-calls", raw: undefined }, usage: counts, warnings: [] };
  }
}

// The tools of an MCP server, for the AI SDK.
async function mcpTools(client) {
  const { tools } = await client.listTools();
  return Object.fromEntries(tools.map(({ name, description, inputSchema, outputSchema }) => [name, tool({
    description,
    inputSchema: jsonSchema(inputSchema),
    ...(outputSchema ? { outputSchema: jsonSchema(outputSchema) } : {}),
    execute: async (args) => {
      const result = await client.callTool({ name, arguments: args });
      if (result.isError) throw new Error(result.content.map((part) => part.text ?? "").join("\n"));
      return result.structuredContent ?? result.content;
    },
  })]));
}

// Runs the task with a graph of its own; what is left of the graph comes back too.
async function agent(transcript, toolsOf) {
  const dir = mkdtempSync(path.join(tmpdir(), "code-mode-"));
  const file = path.join(dir, "memory.jsonl");
  writeFileSync(file, graphLines().join("\n"));
  const server = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-memory/dist/index.js"));
  const client = new Client({ name: "example", version: "1" });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [server], stderr: "ignore", env: { MEMORY_FILE_PATH: file } }));
  try {
    const model = new RecordedModel(transcript);
    const result = await generateText({ model, tools: await toolsOf(await mcpTools(client)), prompt: TASK, stopWhen: stepCountIs(20) });
    const failed = result.steps.flatMap((step) => step.content).find((part) => part.type === "tool-error");
    if (failed) throw failed.error;
    return { used: model.used, text: result.text, graph: readFileSync(file, "utf8") };
  } finally {
    await client.close();
    rmSync(dir, { recursive: true });
  }
}

const executor = new MayflyExecutor({ url });
const oneByOne = await agent("calls", async (tools) => tools);
const codeMode = await agent("code", async (tools) => ({ code: await createCodeTool({ tools: [{ name: "memory", tools }], executor }) }));

if (oneByOne.graph !== codeMode.graph) throw new Error("the two ways left different notes");
const row = (name, ...cells) => console.log(name.padEnd(24) + cells.map((cell) => String(cell).padStart(14)).join(""));
const numbers = ({ used }) => [used.calls, used.sent, used.said, used.sent + used.said];
console.log(`${codeMode.text}\n`);
row("", "model calls", "tokens sent", "tokens said", "tokens");
row("tools one by one", ...numbers(oneByOne));
row("one program", ...numbers(codeMode));
const factor = (numbers(oneByOne)[3] / numbers(codeMode)[3]).toFixed(1);
console.log(`\nOne program needs ${factor} times fewer tokens, and ${oneByOne.used.calls - codeMode.used.calls} model calls less.`);
