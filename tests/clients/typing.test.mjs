// typing.test.mjs - the declarations of clients/js fit the interfaces that they are for, to the TypeScript compiler.
import { test, before } from "node:test";
import assert from "node:assert/strict";
import path from "node:path";
import { npm, dist, load } from "./npm.mjs";

let ts;
before(async () => { ts = (await load("typescript")).default; });

const program = `
import { Mayfly, MayflyExecutor, PAUSE, encode, decode, type ExecutionResult, type Frame } from "mayfly-client";
import { createCodeTool } from "mayfly-client/ai";
import { createMayflyIsolateDriver } from "mayfly-client/tanstack";
import { generateText, tool, type ToolSet } from "ai";
import { createCodeMode, type IsolateDriver } from "@tanstack/ai-code-mode";
import type { Executor, ResolvedProvider } from "@cloudflare/codemode";
import { z } from "zod";

const executor: Executor = new MayflyExecutor({ url: "http://127.0.0.1:1", limits: { cpuMs: 1 }, globalOutbound: null });
const driver: IsolateDriver = createMayflyIsolateDriver({ transport: "websocket" });
const provider: ResolvedProvider = { name: "x", fns: { f: async (a: unknown) => a } };
void executor.execute("1", [provider], { connectors: [] });

const tools: ToolSet = { code: await createCodeTool({ tools: { add: tool({ inputSchema: z.object({ a: z.number() }), execute: async ({ a }) => a }) }, executor: new MayflyExecutor() }) };
void generateText({ model: "m", tools, prompt: "p" });
void createCodeMode({ driver, tools: [] });

const mayfly = new Mayfly();
const result: ExecutionResult = await mayfly.execute({ code: "1", tools: { a: { f: (x: number) => x, g: () => PAUSE } }, journal: [] }, { onLog: (log) => log.level });
const execution = await mayfly.open({ code: "1", namespaces: [{ name: "a" }] });
for await (const frame of execution) {
  const f: Frame = frame;
  if (f.type === "call") await execution.answer(f.callId, { ok: decode(f.args) });
}
export const used: unknown = [result.error?.line, encode(1)];
`;

// The compiler's complaints about |text| as a file beside the packages.
function complaints(text) {
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [], lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
    paths: { "mayfly-client": [`${dist}/index.d.ts`], "mayfly-client/*": [`${dist}/*.d.ts`] },
  };
  const file = path.join(npm, "..", "typing.mts");
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.getSourceFile = (name, ...rest) => (name === file ? ts.createSourceFile(name, text, options.target, true) : getSourceFile.call(host, name, ...rest));
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options, host)).map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n"));
}

test("executor, code tool, isolate driver and the methods, as users write them", () => assert.deepEqual(complaints(program), []));

test("what does not fit is refused", () => {
  const found = complaints(`${program}
const wrong: Executor = { execute: 1 };
void new MayflyExecutor({ timeout: "1" });
void mayfly.execute({});
`);
  assert.equal(found.length, 3, found.join("\n"));
});
