/** Executions over plain HTTP: frames come down as NDJSON, answers go up as requests of their own. */

import { encode } from "./codec.js";
import { MayflyError, refuse } from "./error.js";
import { ExecutionLost, type Answer, type Execution, type ExecutionRequest } from "./protocol.js";
import { follow, IDLE_MS, pause, within, type FollowOptions, type Source, type Way } from "./stream.js";

export interface SendOptions {
  type?: string;
  body?: string | Uint8Array | ReadableStream<Uint8Array>;
  accept?: string;
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
}

/** One request to the daemon; Mayfly's. */
export type Send = (method: string, path: string, options: SendOptions) => Promise<Response>;

/** Longest line that is taken: more than the daemon's limits let one frame have. */
const LINE_BYTES_MAX = 256 << 20;
/** Tries to deliver an answer, and to cancel. */
const TRIES = 4;
/** What a cancellation may take. */
const CANCEL_MS = 5000;

/** Nobody waits for it any more: gone, answered, abandoned. */
export const LATE: ReadonlySet<unknown> = new Set([404, 409, 410]);

const drop = (response: Response) => void response.body?.cancel().catch(() => {});

function joined(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The lines of a body, parsed, as they come. */
async function* parsed(body: ReadableStream<Uint8Array>): Source {
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), IDLE_MS);
      if (done) return; /* what is left is half a line */
      let at = 0;
      for (let end = value.indexOf(10); end >= 0; end = value.indexOf(10, at)) {
        rest.push(value.subarray(at, end));
        yield JSON.parse(decoder.decode(joined(rest))) as unknown;
        rest = [];
        bytes = 0;
        at = end + 1;
      }
      if (at < value.length) rest.push(value.subarray(at));
      bytes += value.length - at;
      if (bytes > LINE_BYTES_MAX) throw new ExecutionLost("the stream holds a line without end");
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function body(response: Response): Promise<ReadableStream<Uint8Array>> {
  if (!response.ok) return refuse(response);
  if (response.body === null || !response.headers.get("content-type")?.startsWith("application/x-ndjson")) {
    throw new MayflyError(response.status, { detail: "The answer is no stream of frames: is this Mayfly, of this version?" });
  }
  return response.body;
}

class HttpWay implements Way {
  readonly #send: Send;
  readonly #signal: AbortSignal | undefined;
  readonly #left = new AbortController();

  constructor(send: Send, signal: AbortSignal | undefined) {
    this.#send = send;
    this.#signal = signal;
  }

  #path(id: string, more = ""): string {
    return `/v1/executions/${encodeURIComponent(id)}${more}`;
  }

  async attach(id: string, after: number): Promise<Source | undefined> {
    let response: Response;
    try {
      response = await this.#send("GET", this.#path(id, `?after=${after}`), { accept: "application/x-ndjson", signal: this.#signal });
    } catch {
      return undefined;
    }
    if (response.status < 500) return parsed(await body(response));
    drop(response);
    return undefined;
  }

  async answer(id: string, callId: number, answer: Answer): Promise<boolean> {
    const bytes = "ok" in answer && answer.ok instanceof Uint8Array ? answer.ok : undefined;
    const options = bytes === undefined ? { type: "application/json", body: answerText(answer) } : { type: "application/octet-stream", body: bytes };
    for (let tries = 1; ; tries++) {
      let response: Response;
      try {
        response = await this.#send("POST", this.#path(id, `/calls/${callId}`), { ...options, signal: this.#left.signal });
      } catch {
        if (this.#left.signal.aborted) return false;
        /* It may have arrived all the same; then the next is refused as the second. */
        if (tries === TRIES) throw new ExecutionLost("an answer could not be delivered");
        await pause(20 * 4 ** tries);
        continue;
      }
      if (!response.ok && !LATE.has(response.status)) return refuse(response);
      drop(response);
      return response.ok || (response.status === 409 && tries > 1);
    }
  }

  async cancel(id: string): Promise<void> {
    const response = await this.#send("DELETE", this.#path(id), { signal: AbortSignal.timeout(CANCEL_MS) });
    if (!response.ok && !LATE.has(response.status)) return refuse(response);
    drop(response);
  }

  async leave(id: string, isDone: boolean): Promise<void> {
    this.#left.abort();
    if (!isDone) await this.cancel(id);
  }
}

/** The JSON of an answer; a value that is undefined is left out. */
export function answerText(answer: Answer): string {
  if (!("ok" in answer)) return JSON.stringify(answer);
  return answer.ok === undefined ? "{}" : `{"ok":${encode(answer.ok)}}`;
}

export async function openHttp(send: Send, request: ExecutionRequest, options: FollowOptions): Promise<Execution> {
  const response = await send("POST", "/v1/executions", { type: "application/json", body: JSON.stringify(request), accept: "application/x-ndjson", signal: options.signal });
  return follow(new HttpWay(send, options.signal), parsed(await body(response)), { ...options, reattachMs: options.reattachMs ?? request.reattachMs });
}

export async function attachHttp(send: Send, id: string, after: number, options: FollowOptions): Promise<Execution> {
  const way = new HttpWay(send, options.signal);
  const first = await way.attach(id, after);
  if (first === undefined) throw new ExecutionLost("the daemon could not be reached");
  return follow(way, first, options, { id, after });
}
