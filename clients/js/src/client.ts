/** Mayfly: the methods of the REST API. */

import { bind, conduct, type ConductOptions, type Dispatch, type ExecutionResult, type Provider, type ToolFunction } from "./calls.js";
import { refuse } from "./error.js";
import { attachHttp, openHttp, type Send } from "./http.js";
import type { Execution, ExecutionRequest, Mount } from "./protocol.js";
import { Socket, type WebSocketLike } from "./socket.js";
import { Workspace, type Quota, type WorkspaceInfo } from "./workspace.js";

export interface MayflyOptions {
  /** Of the daemon; default http://127.0.0.1:8787. */
  url?: string;
  /** An access token of the daemon: docs/tenants.md. */
  token?: string;
  /** For an admin's token: whom to act for. */
  tenant?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** In place of the global fetch. */
  fetch?: typeof fetch;
  /** Of executions: "http" (default) or "websocket", one connection for all of them. */
  transport?: "http" | "websocket";
  /** In place of the global WebSocket, which Node.js has from 22; the only way to send `headers` with it. |protocols| has the token. */
  webSocket?: (url: string, protocols: string[]) => WebSocketLike;
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
  /** Of each run of this code; then a call names none. */
  workspaces?: Mount[];
}

export interface RunCall {
  code: WorkerCode;
  request?: { method?: string; url?: string; headers?: Record<string, string>; body?: string };
  entrypoint?: string | null;
  props?: unknown;
  workspaces?: Mount[];
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

export interface ExecuteCall extends ExecutionRequest {
  /** Namespaces of functions that the program calls: `{ codemode: { add: async ({ a, b }) => a + b } }`, or with preludes as a list. */
  tools?: Record<string, Record<string, ToolFunction>> | Provider[];
  /** In place of `tools`: gets every call. */
  dispatch?: Dispatch;
}

export class Mayfly {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;
  readonly #socket: Socket | undefined;

  constructor(options: MayflyOptions = {}) {
    this.#url = (options.url ?? "http://127.0.0.1:8787").replace(/\/+$/, "");
    this.#headers = {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.tenant === undefined ? {} : { "mayfly-tenant": options.tenant }),
      ...options.headers,
    };
    /* On Workers the global fetch minds its this. */
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    if (options.transport === "websocket") {
      const make = options.webSocket ?? ((url, protocols) => new WebSocket(url, protocols));
      /* A browser's script can set no header of it, and names its token as a subprotocol. */
      const protocols = options.token === undefined ? [] : ["mayfly", `mayfly.token.${options.token}`];
      this.#socket = new Socket(() => make(`${this.#url.replace(/^http/, "ws")}/v1/ws`, protocols));
    }
  }

  readonly #send: Send = (method, path, { type, body, accept = "*/*", headers: more, signal }) => {
    const headers: Record<string, string> = { ...this.#headers, ...more, accept };
    if (type !== undefined) headers["content-type"] = type;
    return this.#fetch(this.#url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: body as BodyInit }),
      /* A stream may be sent while the answer is not there yet; lib.dom does not know the word. */
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
  };

  async #json<T>(method: string, path: string, body: unknown, options: CallOptions): Promise<T> {
    const sent = body === undefined ? {} : { type: "application/json", body: JSON.stringify(body) };
    const response = await this.#send(method, path, { ...sent, accept: "application/json", signal: options.signal });
    if (!response.ok) return refuse(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** A whole call; the answer also says what was logged and used. A worker that fails is an outcome, not an error. */
  run(call: RunCall, options: CallOptions = {}): Promise<Envelope> {
    return this.#json("POST", "/v1/run", call, options);
  }

  /** One module; the worker's own response, streamed. What the daemon refuses is a problem+json response. */
  runSource(source: string, options: CallOptions & { type?: "typescript" | "javascript" } = {}): Promise<Response> {
    const type = options.type === "javascript" ? "text/javascript" : "application/typescript";
    return this.#send("POST", "/v1/run", { type, body: source, signal: options.signal });
  }

  /** Runs a program and answers its calls. A program that fails is an outcome; throws MayflyError, ExecutionLost, and the signal's reason. */
  async execute(call: ExecuteCall, options: CallOptions & ConductOptions = {}): Promise<ExecutionResult> {
    const { tools, dispatch, ...request } = call;
    const bound = bind(Array.isArray(tools) ? tools : Object.entries(tools ?? {}).map(([name, fns]) => ({ name, fns })), []);
    const execution = await this.open(tools === undefined ? request : { ...request, namespaces: bound.namespaces! }, options);
    return conduct(execution, dispatch ?? bound.dispatch, options);
  }

  /** Starts a program; its frames are the caller's to read and its calls the caller's to answer. */
  open(request: ExecutionRequest, options: CallOptions = {}): Promise<Execution> {
    return this.#socket === undefined ? openHttp(this.#send, request, options) : this.#socket.open(request, options);
  }

  /** Takes over the stream of an execution that another client, or this one before, began: frames behind `after`. */
  attach(id: string, options: CallOptions & { after?: number } = {}): Promise<Execution> {
    return attachHttp(this.#send, id, options.after ?? 0, options);
  }

  /** Closes the WebSocket. It closes on its own when nothing runs. */
  close(): void {
    this.#socket?.close();
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

  /** Trees of files that outlive runs; docs/workspaces.md. */
  readonly workspaces = {
    list: (options: CallOptions = {}): AsyncGenerator<WorkspaceInfo> => this.#workspaces(options),
    get: (name: string, options: CallOptions = {}): Promise<WorkspaceInfo> => this.#json("GET", `/v1/workspaces/${encodeURIComponent(name)}`, undefined, options),
    /** Makes it, or changes its quota. */
    put: (name: string, value: { quota?: Partial<Quota> } = {}, options: CallOptions = {}): Promise<WorkspaceInfo> => this.#json("PUT", `/v1/workspaces/${encodeURIComponent(name)}`, value, options),
    delete: (name: string, options: CallOptions = {}): Promise<void> => this.#json("DELETE", `/v1/workspaces/${encodeURIComponent(name)}`, undefined, options),
  };

  /** The files of one. */
  workspace(name: string): Workspace {
    return new Workspace(this.#send, name);
  }

  async *#workspaces(options: CallOptions): AsyncGenerator<WorkspaceInfo> {
    for (let after = ""; ;) {
      const page: { workspaces: WorkspaceInfo[]; next: string | null } = await this.#json("GET", `/v1/workspaces?limit=1000${after}`, undefined, options);
      yield* page.workspaces;
      if (page.next === null) return;
      after = `&after=${encodeURIComponent(page.next)}`;
    }
  }

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
