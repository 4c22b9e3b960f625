/** The frames of an execution, as they come down (docs/executions.md), and what is asked for. Values in them are encoded (codec.ts). */

export interface LogFrame {
  type: "log";
  seq: number;
  level: "log" | "debug" | "info" | "warn" | "error";
  message: string;
  timestampMs?: number;
}

export interface CallFrame {
  type: "call";
  seq: number;
  /** The order in which the program called, from 1. */
  callId: number;
  namespace: string;
  /** As the program wrote it. */
  name: string;
  args: unknown[];
}

/** What ended a program. `code` is of docs/errors.md; line and column are of the code that was sent. */
export interface ProgramError {
  name?: string;
  message: string;
  stack?: string;
  code?: string;
  line?: number;
  column?: number;
}

/** One call of a journal. Its values stay encoded: it is kept and handed in again as it is. */
export interface JournalEntry {
  n: number;
  namespace: string;
  name: string;
  args: unknown[];
  ok?: unknown;
  error?: { message: string; name?: string; code?: string };
}

export interface DoneFrame {
  type: "done";
  seq: number;
  id: string;
  /** ok, exception, exceededCpu, exceededMemory, exceededWallTime, canceled, paused, diverged, … */
  outcome: string;
  result?: unknown;
  error?: ProgramError;
  usage: Record<string, number>;
  abandonedCalls?: number[];
  journal?: JournalEntry[];
}

export type Frame = LogFrame | CallFrame | DoneFrame;

/** What answers a call: a value, or an error that the program can catch, or (with a journal) the end for now. */
export type Answer = { ok?: unknown } | { error: { message: string; name?: string; code?: string } } | { control: "pause" };

export interface ExecutionLimits {
  cpuMs?: number;
  wallMs?: number;
  memoryMb?: number;
  logBytes?: number;
  subRequests?: number;
  /** Of the result. */
  responseBytes?: number;
  /** Calls in all, at once, and bytes of one call's arguments or answer. */
  calls?: number;
  callsConcurrent?: number;
  callBytes?: number;
}

/** Spoken to by streamable HTTP; its tools are functions of a namespace of this name. */
export interface McpServer {
  name: string;
  url: string;
}

/** A workspace that a run has: docs/workspaces.md. */
export interface Mount {
  name: string;
  /** "rw" unless something else is said. */
  mode?: "rw" | "ro";
  /** Where node:fs has it; "/" unless something else is said. */
  path?: string;
  /** "run": all that the run does to it happens when it ends well, or nothing does. */
  transaction?: "each" | "run";
  /** `env` has the methods of `state` under this name. */
  binding?: string;
}

/** Body of POST /v1/executions. */
export interface ExecutionRequest {
  /** As a model wrote it: TypeScript, an expression, a function, statements, with or without a markdown fence. */
  code: string;
  language?: "typescript" | "javascript";
  namespaces?: { name: string; prelude?: string; functions?: string[] }[];
  connectors?: string[];
  /** MCP servers as namespaces: the daemon speaks to them, through `globalOutbound`. */
  mcpServers?: McpServer[];
  /** With a `namespace`, "state" usually, the program has its methods there. */
  workspaces?: (Mount & { namespace?: string })[];
  modules?: Record<string, unknown>;
  env?: Record<string, unknown>;
  limits?: ExecutionLimits;
  globalOutbound?: null | string | Record<string, unknown>;
  /** When the program returns, wait for calls that it did not await. */
  drain?: boolean;
  /** Whether the time in which only calls are awaited counts as wall time. */
  waits?: "included" | "excluded";
  /** Turns the journal on: calls that it has are answered from it. */
  journal?: JournalEntry[];
  /** How long an execution waits for its client to come back when the stream broke. */
  reattachMs?: number;
}

/** The stream broke and did not come back, or held what is no frame. What became of the execution is not known. */
export class ExecutionLost extends Error {
  override readonly name: string = "ExecutionLost";
}

/** An execution that runs. To read its frames to the end, or to leave the loop, which cancels it. */
export interface Execution extends AsyncIterable<Frame> {
  readonly id: string;
  /** True: it was taken; false: too late, the call was answered before, abandoned, or the execution is done. */
  answer(callId: number, answer: Answer): Promise<boolean>;
  /** Ends it now; the stream ends with `done`, outcome canceled. */
  cancel(): Promise<void>;
}
