/** What both transports have in common: what comes down is checked and put in order, each frame once, through broken streams. */

import { MayflyError } from "./error.js";
import { ExecutionLost, type Answer, type Execution, type Frame } from "./protocol.js";

/** Without a frame for so long a stream is broken: the daemon pings every 10 s. */
export const IDLE_MS = 30_000;
/** How long an execution waits for its client when the request does not say. */
const REATTACH_MS = 5000;
/** Streams in a row that break before they brought a frame. */
const FRUITLESS_MAX = 3;

/** What no second try makes better. */
class Malformed extends ExecutionLost {}

const KNOWN: ReadonlySet<string> = new Set(["start", "log", "call", "done"]);
type Start = { type: "start"; seq: number; id: string };
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;

/** Whether it is well-formed; a later daemon may send types besides these. */
function isWell({ type, id, callId, namespace, name, args, outcome, level, message }: Record<string, unknown>): boolean {
  switch (type) {
    case "start": return typeof id === "string";
    case "log": return typeof level === "string" && typeof message === "string";
    case "call": return isCount(callId) && typeof namespace === "string" && typeof name === "string" && Array.isArray(args);
    case "done": return typeof outcome === "string";
    default: return typeof type === "string";
  }
}

/** Undefined for what has no place in the order: a ping. */
function checked(json: unknown): Frame | Start | { type: "other"; seq: number } | undefined {
  if (typeof json === "object" && json !== null && isWell(json as Record<string, unknown>)) {
    const { type, seq } = json as { type: string; seq?: unknown };
    if (KNOWN.has(type) ? isCount(seq) : seq === undefined || isCount(seq)) {
      return seq === undefined ? undefined : KNOWN.has(type) ? (json as Frame | Start) : { type: "other", seq: seq as number };
    }
  }
  throw new Malformed(`the stream holds what is no frame: ${JSON.stringify(json).slice(0, 100)}`);
}

/** A source of parsed frames; it ends or throws when the stream does. */
export type Source = AsyncIterable<unknown>;

/** How a transport speaks of one execution. */
export interface Way {
  /** Takes the stream up after a seq. Undefined: not now, try again; throws when there is no way back. */
  attach(id: string, after: number): Promise<Source | undefined>;
  answer(id: string, callId: number, answer: Answer): Promise<boolean>;
  cancel(id: string): Promise<void>;
  /** Nobody follows it any more: answers that are under way are dropped, and it is canceled if it is not done. */
  leave(id: string, isDone: boolean): Promise<void>;
}

async function* inOrder(first: Source, reopen: (after: number) => Promise<Source>, seen: number): AsyncGenerator<Frame | Start> {
  let after = seen;
  let fruitless = 0;
  for (let source = first; ; source = await reopen(after)) {
    const before = after;
    try {
      for await (const json of source) {
        const frame = checked(json);
        if (frame === undefined || frame.seq <= after) continue;
        if (frame.seq !== after + 1) throw new Malformed(`frames ${after + 1} to ${frame.seq - 1} are missing`);
        after = frame.seq;
        if (frame.type !== "other") yield frame;
        if (frame.type === "done") return;
      }
    } catch (error) {
      if (error instanceof Malformed || error instanceof MayflyError) throw error;
    }
    fruitless = after === before ? fruitless + 1 : 0;
    if (fruitless === FRUITLESS_MAX) throw new ExecutionLost("the stream breaks again and again");
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** |promise|, or ExecutionLost when it takes longer. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ExecutionLost(`the daemon was silent for ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export interface FollowOptions {
  reattachMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Aborted with the first of |signals|; AbortSignal.any is not in Node.js 18. */
export function anyOf(...signals: (AbortSignal | undefined)[]): AbortSignal {
  const either = new AbortController();
  for (const signal of signals) {
    if (signal?.aborted) either.abort(signal.reason);
    signal?.addEventListener("abort", () => either.abort(signal.reason), { once: true, signal: either.signal });
  }
  return either.signal;
}

/** |promise|, or the reason of |signal| when that comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Tries to take the stream up until the execution's grace is over. */
async function reattach(way: Way, id: string | undefined, after: number, { reattachMs, signal }: FollowOptions): Promise<Source> {
  const end = Date.now() + (reattachMs ?? REATTACH_MS);
  for (let wait = 25; id !== undefined; wait *= 2) {
    signal?.throwIfAborted();
    const source = await way.attach(id, after).catch((cause: Error) => {
      throw new ExecutionLost(`the connection to the daemon broke, and: ${cause.message}`, { cause });
    });
    if (source !== undefined) return source;
    if (Date.now() + wait > end) break;
    await pause(wait);
  }
  throw new ExecutionLost("the connection to the daemon broke");
}

/** The execution behind |first|; |known| when it was attached to. Resolves with its first frame, which names it. */
export async function follow(way: Way, first: Source, options: FollowOptions, known?: { id: string; after: number }): Promise<Execution> {
  let id = known?.id;
  const frames = inOrder(first, (after) => reattach(way, id, after, options), known?.after ?? 0);
  const next = () => unlessAborted(frames.next(), options.signal);
  if (id === undefined) {
    const start = await next();
    if (start.done || start.value.type !== "start") throw new Malformed("the stream does not begin with its start");
    id = start.value.id;
  }
  const name = id;
  return {
    id: name,
    answer: (callId, answer) => way.answer(name, callId, answer),
    cancel: () => way.cancel(name),
    async *[Symbol.asyncIterator]() {
      let isDone = false;
      try {
        while (!isDone) {
          const { done, value } = await next();
          if (done) return;
          if (value.type === "start") continue;
          isDone = value.type === "done";
          yield value;
        }
      } finally {
        await way.leave(name, isDone).catch(() => {});
        frames.return(undefined).catch(() => {});
      }
    },
  };
}
