/**
 * createCodeTool for the AI SDK: one tool that runs the model's program, which calls your tools. No package is imported: what it takes
 * and makes is read by shape, so that versions 6 and 7 of `ai` and every schema library of Standard Schema will do.
 *
 * Beyond @cloudflare/codemode/ai's: TypeScript runs; an aborted generation ends the program hard; tools get the AI SDK's options
 * (toolCallId, messages, abortSignal); what returns to the model is JSON of a bounded size.
 */

import type { Provider, ToolFunction } from "./calls.js";
import type { ToolDescription } from "./client.js";
import { MayflyExecutor, type MayflyExecutorOptions } from "./executor.js";
import { jsonSchemaOf, validated } from "./schema.js";

/** A tool of the AI SDK, or of anybody else's of that shape. */
export interface AnyTool {
  description?: unknown;
  inputSchema?: unknown;
  outputSchema?: unknown;
  execute?: ((input: any, options: any) => unknown) | undefined;
  needsApproval?: unknown;
}

export type Tools = Record<string, AnyTool>;

/** Tools in a namespace. `types` in place of declarations that are made. */
export interface ToolProvider {
  name?: string;
  tools: Tools;
  types?: string;
  prelude?: string;
}

export interface CodeToolOptions {
  tools: Tools | ToolProvider[];
  executor: MayflyExecutor | MayflyExecutorOptions;
  /** Of the tool; {{types}} becomes the declarations. */
  description?: string;
  /** Longest JSON that returns to the model; default 24 000 characters, about 6000 tokens. */
  resultChars?: number;
}

interface CodeInput {
  code: string;
}

export interface CodeOutput {
  result: unknown;
  logs?: string[];
}

/** A Standard Schema with its JSON Schema. */
export interface CodeSchema {
  "~standard": {
    version: 1;
    vendor: string;
    validate(value: unknown): { value: CodeInput } | { issues: { message: string; path?: string[] }[] };
    jsonSchema: { input(): Record<string, unknown>; output(): Record<string, unknown> };
    types?: { input: CodeInput; output: CodeInput };
  };
}

export interface CodeTool {
  description: string;
  inputSchema: CodeSchema;
  execute(input: CodeInput, options?: { abortSignal?: AbortSignal | undefined }): Promise<CodeOutput>;
}

export const DEFAULT_DESCRIPTION = `Runs a program that you write, in a sandbox. It may call these functions, which are all asynchronous:

{{types}}

Write an async arrow function in TypeScript or JavaScript that returns what you need to know, and no more than that.
Call several functions in one program: loop, filter, combine; await every call, independent ones with Promise.all.

Example: async () => { const found = await codemode.search({ query: "a" }); return found.map((f) => f.title); }`;

const RESULT_CHARS = 24_000;

const inputSchema: CodeSchema = {
  "~standard": {
    version: 1,
    vendor: "mayfly",
    validate(value) {
      const code = typeof value === "object" && value !== null ? (value as Record<string, unknown>).code : undefined;
      return typeof code === "string" ? { value: { code } } : { issues: [{ message: "expected a string", path: ["code"] }] };
    },
    jsonSchema: {
      input: () => ({ type: "object", properties: { code: { type: "string", description: "The program: an async arrow function" } }, required: ["code"], additionalProperties: false }),
      output: () => inputSchema["~standard"].jsonSchema.input(),
    },
  },
};

/** Those that a program may call: needsApproval asks a human before each call, which a program cannot. */
const callable = (tools: Tools): [string, AnyTool][] =>
  Object.entries(tools).filter(([, tool]) => typeof tool.execute === "function" && tool.needsApproval !== true && typeof tool.needsApproval !== "function");

async function described(tools: Tools): Promise<Record<string, ToolDescription>> {
  const entries = callable(tools).map(async ([name, { description, inputSchema, outputSchema }]) => {
    const input = inputSchema == null ? undefined : await jsonSchemaOf(inputSchema, "input");
    const output = outputSchema == null ? undefined : await jsonSchemaOf(outputSchema, "output");
    return [name, { ...(typeof description === "string" ? { description } : {}), ...(input === undefined ? {} : { inputSchema: input }), ...(output === undefined ? {} : { outputSchema: output }) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function functions(tools: Tools, options: unknown): Record<string, ToolFunction> {
  return Object.fromEntries(callable(tools).map(([name, { inputSchema, execute }]) => [
    name,
    async (input: unknown) => execute!(inputSchema == null ? input : await validated(inputSchema, input), options),
  ]));
}

/** What JSON can say of a value that it cannot: for a model's eyes. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof RegExp) return String(value);
  return value instanceof Uint8Array ? `(${value.length} bytes)` : value;
}

function bounded(value: unknown, charsMax: number): unknown {
  const text = JSON.stringify(value, plain);
  if (text === undefined) return undefined;
  if (text.length <= charsMax) return JSON.parse(text);
  return { truncated: true, chars: text.length, start: text.slice(0, charsMax), hint: "Return less: filter or summarize in the program." };
}

/** Makes the tool; the declarations of your tools come from the daemon, so this waits for it. */
export async function createCodeTool(options: CodeToolOptions): Promise<CodeTool> {
  const executor = options.executor instanceof MayflyExecutor ? options.executor : new MayflyExecutor(options.executor);
  const providers: ToolProvider[] = Array.isArray(options.tools) ? options.tools : [{ tools: options.tools }];
  const named = providers.map((provider) => ({ ...provider, name: provider.name ?? "codemode" }));
  const blocks = await Promise.all(named.map(async ({ name, tools, types }) =>
    types ?? (await executor.client.toolTypes({ namespaces: [{ name, tools: await described(tools) }] })).types));
  return {
    description: (options.description ?? DEFAULT_DESCRIPTION).replace("{{types}}", () => blocks.filter(Boolean).join("\n\n")),
    inputSchema,
    execute: async ({ code }, call) => {
      const bound: Provider[] = named.map(({ name, tools, prelude }) => ({ name, fns: functions(tools, call), ...(prelude === undefined ? {} : { prelude }) }));
      const { result, error, logs } = await executor.execute(code, bound, call?.abortSignal === undefined ? {} : { signal: call.abortSignal });
      if (error !== undefined) throw new Error(`Code execution failed: ${error}${logs?.length ? `\n\nConsole output:\n${logs.join("\n")}` : ""}`);
      return { result: bounded(result, options.resultChars ?? RESULT_CHARS), ...(logs?.length ? { logs } : {}) };
    },
  };
}
