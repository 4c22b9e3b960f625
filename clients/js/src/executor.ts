/** MayflyExecutor: @cloudflare/codemode's Executor (0.5.6), with a daemon in place of a Worker Loader. */

import { bind, type Connector, type ExecutionResult, type Provider, type ToolFunction } from "./calls.js";
import { Mayfly, type MayflyOptions, type Module } from "./client.js";
import { namesError } from "./names.js";
import type { ExecutionLimits, LogFrame, McpServer, Mount } from "./protocol.js";
import { anyOf } from "./stream.js";

/** codemode's ExecuteResult. */
export interface ExecuteResult {
  result: unknown;
  error?: string;
  logs?: string[];
}

/** codemode's ExecuteOptions, and what a caller of ours may add. */
export interface ExecuteOptions {
  connectors?: Connector[];
  /** Ends the execution hard. */
  signal?: AbortSignal;
  /** As they happen. */
  onLog?: (log: LogFrame) => void;
}

export interface MayflyExecutorOptions extends MayflyOptions {
  /** In place of one that the other options make. */
  client?: Mayfly;
  /** Wall time in ms; codemode's default. */
  timeout?: number;
  /** Whether the time in which only calls are awaited counts as that; default included. */
  waits?: "included" | "excluded";
  limits?: Omit<ExecutionLimits, "wallMs">;
  /** null (default): no network; a name: that outbound; an object: a policy. */
  globalOutbound?: null | string | Record<string, unknown>;
  /** MCP servers that are namespaces of all programs, through that outbound. */
  mcpServers?: McpServer[];
  /** Workspaces of all programs; with `namespace: "state"` they have its methods there, done by the daemon. */
  workspaces?: (Mount & { namespace?: string })[];
  /** For `import` in programs. codemode's own "executor.js" is ignored as there. */
  modules?: Record<string, Module>;
  env?: Record<string, unknown>;
  language?: "typescript" | "javascript";
  /** When the program returns, wait for calls that it did not await. Default: they are released. */
  drain?: boolean;
  /** Gets all that is known of each execution that came to an end: usage, abandoned calls, typed errors. */
  onResult?: (result: ExecutionResult) => void;
}

const TIMEOUT_MS = 60_000;
/** How long after its deadline the daemon may say so. */
const OVERDUE_MS = 15_000;
const TIMED_OUT = "Execution timed out"; /* codemode's */

/** A line of codemode's logs. */
export const logLine = ({ level, message }: LogFrame): string => (level === "log" ? message : `[${level}] ${message}`);

/** Never empty: codemode takes an empty text for success. */
function errorText({ outcome, error }: ExecutionResult): string {
  if (outcome === "exceededWallTime") return TIMED_OUT;
  const text = error?.message || error?.name || outcome;
  const isPlaced = error?.code === "script.syntax" && error.line !== undefined && !/\d+:\d+/.test(text);
  return isPlaced ? `${text} (${error.line}:${error.column ?? 1})` : text;
}

const thrownText = (thrown: unknown): string => (thrown instanceof Error ? thrown.message || thrown.name : String(thrown)) || "Error";

export class MayflyExecutor {
  readonly client: Mayfly;
  readonly #options: MayflyExecutorOptions;

  constructor(options: MayflyExecutorOptions = {}) {
    this.client = options.client ?? new Mayfly(options);
    this.#options = options;
  }

  /** Never rejects: whatever goes wrong is `error`, with the logs until then. Safe to call from tools, and many times at once. */
  async execute(code: string, providersOrFns: Provider[] | Record<string, ToolFunction>, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    const logs: string[] = [];
    const failed = (error: string): ExecuteResult => ({ result: undefined, error, logs });
    const overdue = new AbortController();
    const deadline = this.#overdue(overdue);
    try {
      const providers = Array.isArray(providersOrFns) ? providersOrFns : [{ name: "codemode", fns: providersOrFns }];
      const connectors = options.connectors ?? [];
      const wrong = namesError(providers.map(({ name }) => name), connectors.map(({ name }) => name));
      if (wrong !== undefined) return { result: undefined, error: wrong };
      const onLog = (log: LogFrame) => {
        logs.push(logLine(log));
        options.onLog?.(log);
      };
      const result = await this.client.execute({ ...this.#request(code), ...bind(providers, connectors) }, { onLog, signal: anyOf(options.signal, overdue.signal) });
      this.#options.onResult?.(result);
      return result.outcome === "ok" ? { result: result.result, logs } : failed(errorText(result));
    } catch (thrown) {
      return failed(overdue.signal.aborted ? TIMED_OUT : thrownText(thrown));
    } finally {
      clearTimeout(deadline);
      overdue.abort(); /* lets go of the caller's signal */
    }
  }

  #request(code: string) {
    const { timeout = TIMEOUT_MS, limits, globalOutbound = null, mcpServers, workspaces, modules, waits, env, language, drain } = this.#options;
    const { "executor.js": _, ...usable } = modules ?? {};
    return {
      code, globalOutbound,
      limits: { ...limits, wallMs: timeout },
      ...(Object.keys(usable).length === 0 ? {} : { modules: usable }),
      ...(mcpServers === undefined ? {} : { mcpServers }),
      ...(workspaces === undefined ? {} : { workspaces }),
      ...(waits === undefined ? {} : { waits }),
      ...(env === undefined ? {} : { env }),
      ...(language === undefined ? {} : { language }),
      ...(drain === undefined ? {} : { drain }),
    };
  }

  /** The daemon enforces the deadline; this is for a daemon that does not answer. */
  #overdue(controller: AbortController): ReturnType<typeof setTimeout> | undefined {
    if (this.#options.waits === "excluded") return undefined;
    return setTimeout(() => controller.abort(), (this.#options.timeout ?? TIMEOUT_MS) + OVERDUE_MS);
  }
}
