/** Client of Mayfly's REST API. Web APIs only: Node.js 18.19 or later, Bun, Deno, Cloudflare Workers, browsers of an allowed origin. */

export interface MayflyOptions {
  /** Of the daemon; default http://127.0.0.1:8787. */
  url?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** In place of the global fetch. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  signal?: AbortSignal;
}

/** One module: JavaScript, or what it is. A name that ends in .ts is TypeScript. */
export type Module = string | { js: string } | { cjs: string } | { text: string } | { data: string } | { wasm: string } | { json: unknown };

/** Cloudflare's WorkerCode. */
export interface WorkerCode {
  compatibilityDate: string;
  compatibilityFlags?: string[];
  mainModule: string;
  modules: Record<string, Module>;
  env?: Record<string, unknown>;
  limits?: { cpuMs?: number; subRequests?: number };
  /** null: blocked; a name: that outbound; an object: a policy; left out: the operator's default. */
  globalOutbound?: null | string | Record<string, unknown>;
}

export interface RunCall {
  code: WorkerCode;
  request?: { method?: string; url?: string; headers?: Record<string, string>; body?: string };
  entrypoint?: string | null;
  props?: unknown;
  limits?: { cpuMs?: number; wallMs?: number; memoryMb?: number; subRequests?: number; responseBytes?: number; logBytes?: number };
}

/** What a run came to; docs and /openapi.json have every field. */
export interface Envelope {
  id: string;
  outcome: string;
  response: { status: number; headers: [string, string][]; body?: string; bodyBase64?: string } | null;
  logs: Record<string, unknown>[];
  exceptions: Record<string, unknown>[];
  usage: Record<string, number>;
  error?: { code: string; message: string };
  [more: string]: unknown;
}

export interface ToolDescription {
  description?: string;
  inputSchema?: unknown;
  outputSchema?: unknown;
}

export type ToolNamespace =
  | { name: string; tools: Record<string, ToolDescription> }
  | { name: string; mcp: object }
  | { name: string; openapi: object };

export interface ToolsQuery {
  namespaces: ToolNamespace[];
  search?: string;
  only?: string[];
  limit?: number;
  detail?: "types" | "index";
}

export interface ToolTypes {
  types: string;
  tools: { namespace: string; name: string; tool?: string; method?: string; path?: string; description: string; score?: number }[];
  total: number;
  truncated: boolean;
}

/** What the daemon refused: problem+json. `code` is stable (docs/errors.md). */
export class MayflyError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Record<string, unknown>;

  constructor(status: number, problem: Record<string, unknown>) {
    const text = (name: string) => (typeof problem[name] === "string" ? problem[name] : undefined);
    super(text("detail") ?? text("title") ?? `HTTP ${status}`);
    this.name = "MayflyError";
    this.status = status;
    this.code = text("code") ?? "http";
    this.problem = problem;
  }
}

async function refuse(response: Response): Promise<never> {
  const text = await response.text();
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    /* Not ours: a proxy's page, say. */
  }
  const isObject = typeof problem === "object" && problem !== null && !Array.isArray(problem);
  throw new MayflyError(response.status, isObject ? (problem as Record<string, unknown>) : {});
}

export class Mayfly {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;

  constructor(options: MayflyOptions = {}) {
    this.#url = (options.url ?? "http://127.0.0.1:8787").replace(/\/+$/, "");
    this.#headers = options.headers ?? {};
    /* On Workers the global fetch minds its this. */
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  async #send(method: string, path: string, type: string | undefined, body: string | undefined, accept: string, options: CallOptions): Promise<Response> {
    const headers: Record<string, string> = { ...this.#headers, accept };
    if (type !== undefined) headers["content-type"] = type;
    return this.#fetch(this.#url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  async #json<T>(method: string, path: string, body: unknown, options: CallOptions): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.#send(method, path, text === undefined ? undefined : "application/json", text, "application/json", options);
    if (!response.ok) return refuse(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** A whole call; the answer also says what was logged and used. A worker that fails is an outcome, not an error. */
  run(call: RunCall, options: CallOptions = {}): Promise<Envelope> {
    return this.#json("POST", "/v1/run", call, options);
  }

  /** One module; the worker's own response, streamed. What the daemon refuses is a problem+json response. */
  runSource(source: string, options: CallOptions & { type?: "typescript" | "javascript" } = {}): Promise<Response> {
    return this.#send("POST", "/v1/run", options.type === "javascript" ? "text/javascript" : "application/typescript", source, "*/*", options);
  }

  /** Declarations of tools for a prompt; docs/tools.md. */
  toolTypes(query: ToolsQuery, options: CallOptions = {}): Promise<ToolTypes> {
    return this.#json("POST", "/v1/tools/types", query, options);
  }

  health(options: CallOptions = {}): Promise<Record<string, unknown>> {
    return this.#json("GET", "/healthz", undefined, options);
  }

  /** Values go in and do not come out; docs/secrets.md. */
  readonly secrets = this.#resource("secrets");
  /** docs/outbound.md. */
  readonly outbounds = this.#resource("outbounds");

  /** Which rule of an outbound a request would meet; nothing is sent. */
  explainOutbound(name: string, request: { url: string; method?: string; headers?: Record<string, string> }, options: CallOptions = {}): Promise<Record<string, unknown>> {
    return this.#json("POST", `/v1/outbounds/${encodeURIComponent(name)}/explain`, request, options);
  }

  #resource(kind: "secrets" | "outbounds") {
    const at = (name: string) => `/v1/${kind}/${encodeURIComponent(name)}`;
    type Shown = Record<string, unknown> & { name: string; version: number };
    return {
      list: async (options: CallOptions = {}): Promise<Shown[]> => (await this.#json<Record<string, Shown[]>>("GET", `/v1/${kind}`, undefined, options))[kind] ?? [],
      get: (name: string, options: CallOptions = {}): Promise<Shown> => this.#json("GET", at(name), undefined, options),
      put: (name: string, value: object, options: CallOptions = {}): Promise<Shown> => this.#json("PUT", at(name), value, options),
      delete: (name: string, options: CallOptions = {}): Promise<void> => this.#json("DELETE", at(name), undefined, options),
    };
  }
}
