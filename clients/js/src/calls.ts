/** Conducts an execution: its calls go to functions of ours, its logs are kept, its end becomes a value. */

import { CodecError, decode } from "./codec.js";
import { MayflyError } from "./error.js";
import { sanitizeToolName } from "./names.js";
import type { Answer, CallFrame, DoneFrame, Execution, ExecutionRequest, JournalEntry, LogFrame, ProgramError } from "./protocol.js";

/** A function that programs call; what it throws is thrown there. */
export type ToolFunction = (...args: any[]) => unknown;

/** @cloudflare/codemode's ResolvedProvider: a namespace of a program's. */
export interface Provider {
  name: string;
  /** By the tool's own name; a program writes it as sanitizeToolName makes it. */
  fns: Record<string, ToolFunction>;
  /** JavaScript that runs before the program and may define functions on the namespace. */
  prelude?: string;
}

/** @cloudflare/codemode's ConnectorBinding. */
export interface Connector {
  name: string;
  binding: { callTool(method: string, args: unknown): unknown };
}

/** A call that is under way. `signal` is aborted when nobody waits for its answer any more. */
export interface ToolCall {
  executionId: string;
  callId: number;
  namespace: string;
  name: string;
  args: unknown[];
  signal: AbortSignal;
}

export type Dispatch = (call: ToolCall) => unknown;

/** What a tool returns to end the program for now; only with a journal. */
export const PAUSE: unique symbol = Symbol.for("mayfly.pause") as never;

export interface ExecutionResult {
  id: string;
  outcome: string;
  /** What the program returned; undefined when it failed. */
  result: unknown;
  error?: ProgramError;
  logs: LogFrame[];
  usage: Record<string, number>;
  /** Calls that the program did not wait for. */
  abandonedCalls: number[];
  journal?: JournalEntry[];
}

/* What connectors of codemode's return in place of an error, and what its sandbox throws for it. */
const CONTROL = "__codemode_control__";
const PAUSED = "__CODEMODE_PAUSE__";

function uncontrolled(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, CONTROL)) return value;
  const control = value as Record<string, unknown>;
  if (control[CONTROL] === "pause") throw new Error(PAUSED);
  if (control[CONTROL] === "error") throw new Error(String(control.message));
  return value;
}

/** Providers and connectors as parts of a request and a dispatch for its calls; throws for two tools that a program writes alike. */
export function bind(providers: Provider[], connectors: Connector[]): Pick<ExecutionRequest, "namespaces" | "connectors"> & { dispatch: Dispatch } {
  const tools = new Map<string, Map<string, ToolFunction>>();
  for (const { name: namespace, fns } of providers) {
    const named = new Map<string, ToolFunction>();
    const origins = new Map<string, string>();
    for (const [name, fn] of Object.entries(fns)) {
      const written = sanitizeToolName(name);
      const other = origins.get(written);
      if (other !== undefined) throw new TypeError(`Tool names "${other}" and "${name}" both sanitize to "${written}" in provider "${namespace}"`);
      origins.set(written, name);
      named.set(written, fn);
    }
    tools.set(namespace, named);
  }
  const bindings = new Map(connectors.map(({ name, binding }) => [name, binding]));
  return {
    namespaces: providers.map(({ name, prelude }) => ({ name, functions: [...tools.get(name)!.keys()], ...(prelude === undefined ? {} : { prelude }) })),
    connectors: [...bindings.keys()],
    dispatch: async ({ namespace, name, args }) => {
      const binding = bindings.get(namespace);
      if (binding !== undefined) return uncontrolled(await binding.callTool(name, args[0]));
      const tool = tools.get(namespace)?.get(name);
      if (tool === undefined) throw new Error(`Tool "${name}" not found`);
      return tool(...args);
    },
  };
}

/** What was thrown, for the program. */
function failure(thrown: unknown): Answer {
  if (!(thrown instanceof Error)) return { error: { message: String(thrown) } };
  const { name, message, code } = thrown as Error & { code?: unknown };
  return { error: { message: String(message), ...(name === "Error" ? {} : { name: String(name) }), ...(typeof code === "string" ? { code } : {}) } };
}

async function answerOf(dispatch: Dispatch, call: Omit<ToolCall, "args">, args: unknown[]): Promise<Answer> {
  try {
    const ok = await dispatch({ ...call, args: decode(args) as unknown[] });
    return ok === PAUSE ? { control: "pause" } : { ok };
  } catch (thrown) {
    return failure(thrown);
  }
}

export interface ConductOptions {
  onLog?: ((log: LogFrame) => void) | undefined;
}

/** To the end. Throws when the stream is lost or the options' signal is aborted, never for what the program does. */
export async function conduct(execution: Execution, dispatch: Dispatch, options: ConductOptions): Promise<ExecutionResult> {
  const ended = new AbortController();
  const logs: LogFrame[] = [];
  let undelivered: Error | undefined;
  const serve = async ({ callId, namespace, name, args }: CallFrame) => {
    const answer = await answerOf(dispatch, { executionId: execution.id, callId, namespace, name, signal: ended.signal }, args);
    if (ended.signal.aborted) return;
    try {
      await execution.answer(callId, answer);
    } catch (error) {
      /* Too large, or a value that cannot be sent: the program hears of it. */
      if (!(error instanceof MayflyError || error instanceof CodecError)) throw error;
      await execution.answer(callId, failure(error));
    }
  };
  try {
    for await (const frame of execution) {
      if (frame.type === "log") {
        logs.push(frame);
        options.onLog?.(frame);
      } else if (frame.type === "call") {
        serve(frame).catch((error: Error) => {
          if (ended.signal.aborted) return;
          undelivered = error;
          execution.cancel().catch(() => {});
        });
      } else {
        if (undelivered !== undefined && frame.outcome === "canceled") throw undelivered;
        return resultOf(frame, logs);
      }
    }
    throw new CodecError("the stream ended before its end");
  } finally {
    ended.abort();
  }
}

function resultOf(done: DoneFrame, logs: LogFrame[]): ExecutionResult {
  const { id, outcome, result, error, usage, abandonedCalls, journal } = done;
  return {
    id, outcome, logs, usage,
    result: result === undefined ? undefined : decode(result),
    abandonedCalls: abandonedCalls ?? [],
    ...(error === undefined ? {} : { error }),
    ...(journal === undefined ? {} : { journal }),
  };
}
