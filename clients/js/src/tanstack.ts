/** An isolate driver for TanStack AI's Code Mode: `createCodeMode({ driver: createMayflyIsolateDriver({ url }), tools })`. */

import type { ConductOptions, Dispatch } from "./calls.js";
import { Mayfly, type MayflyOptions } from "./client.js";
import type { LogFrame, ProgramError } from "./protocol.js";

/* @tanstack/ai-code-mode's interfaces, as far as they are used. */
interface ToolBinding {
  execute(args: any): Promise<unknown>;
}
interface IsolateConfig {
  bindings: Record<string, ToolBinding>;
  timeout?: number;
  memoryLimit?: number;
}
interface IsolateResult {
  success: boolean;
  value?: any;
  error?: { name: string; message: string; stack?: string; code?: string };
  logs?: string[];
}
export interface MayflyIsolateDriver {
  createContext(config: IsolateConfig): Promise<{ execute(code: string): Promise<IsolateResult>; dispose(): Promise<void> }>;
}

export interface MayflyIsolateDriverOptions extends MayflyOptions {
  /** In place of one that the other options make. */
  client?: Mayfly;
  /** null (default): no network; a name: that outbound; an object: a policy. */
  globalOutbound?: null | string | Record<string, unknown>;
}

/* The defaults of @tanstack/ai-code-mode. */
const TIMEOUT_MS = 30_000;
const MEMORY_MB = 128;
/** Where the bindings are; a prelude makes globals of them, as programs expect. */
const NAMESPACE = "codeModeBindings";

const prelude = (names: string[]) => `for (const name of ${JSON.stringify(names)}) globalThis[name] = (...args) => ${NAMESPACE}[name](...args);`;

const PREFIXES: Partial<Record<LogFrame["level"], string>> = { error: "ERROR: ", warn: "WARN: ", info: "INFO: " };
const line = ({ level, message }: LogFrame) => `${PREFIXES[level] ?? ""}${message}`;

function normalized(error: ProgramError | undefined, outcome: string): NonNullable<IsolateResult["error"]> {
  if (outcome === "exceededWallTime") return { name: "TimeoutError", message: "Execution timed out", code: outcome };
  const { name = "Error", message = outcome, stack, code } = error ?? {};
  return { name, message, ...(stack === undefined ? {} : { stack }), ...(code === undefined ? {} : { code }) };
}

export function createMayflyIsolateDriver(options: MayflyIsolateDriverOptions = {}): MayflyIsolateDriver {
  const client = options.client ?? new Mayfly(options);
  const { globalOutbound = null } = options;
  return {
    async createContext({ bindings, timeout = TIMEOUT_MS, memoryLimit = MEMORY_MB }) {
      const disposed = new AbortController();
      const known = new Map(Object.entries(bindings));
      const dispatch: Dispatch = ({ name, args }) => {
        const binding = known.get(name);
        if (binding === undefined) throw new Error(`${name} is not a function`);
        return binding.execute(args[0]);
      };
      return {
        /** Each has an isolate of its own: nothing stays from one to the next. */
        async execute(code) {
          const logs: string[] = [];
          const watch: ConductOptions = { onLog: (log) => void logs.push(line(log)) };
          try {
            const namespaces = [{ name: NAMESPACE, prelude: prelude([...known.keys()]) }];
            const request = { code, language: "javascript", namespaces, globalOutbound, limits: { wallMs: timeout, memoryMb: memoryLimit } } as const;
            const done = await client.execute({ ...request, dispatch }, { ...watch, signal: disposed.signal });
            return done.outcome === "ok" ? { success: true, value: done.result, logs } : { success: false, error: normalized(done.error, done.outcome), logs };
          } catch (thrown) {
            const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
            return { success: false, error: { name, message }, logs };
          }
        },
        dispose: async () => disposed.abort(new Error("the context was disposed of")),
      };
    },
  };
}
