/** Executions over one WebSocket: the same frames, many executions on one connection. It opens with the first and closes after the last. */

import { encode } from "./codec.js";
import { MayflyError } from "./error.js";
import { LATE } from "./http.js";
import { ExecutionLost, type Answer, type Execution, type ExecutionRequest } from "./protocol.js";
import { follow, IDLE_MS, within, type FollowOptions, type Source, type Way } from "./stream.js";

/** What is used of a WebSocket: the web's own, or a package's. */
export interface WebSocketLike {
  send(text: string): void;
  close(): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

const CONNECT_MS = 10_000;
/** How long the connection stays when nothing runs. A process that ends waits for it. */
const LINGER_MS = 250;

/** Frames of one execution, from the socket to whoever reads them. */
class Channel implements AsyncIterable<unknown> {
  readonly #frames: unknown[] = [];
  #end: { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(frame: unknown): void {
    this.#frames.push(frame);
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      if (this.#frames.length > 0) yield this.#frames.shift();
      else if (this.#end !== undefined) throw this.#end.error;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

interface Incoming {
  type?: unknown;
  id?: unknown;
  ref?: unknown;
  callId?: unknown;
  problem?: unknown;
}

/** One execution on the socket. */
interface Live {
  channel: Channel;
  /** Answers that were not acknowledged, by call: sent again when the socket broke. */
  answers: Map<number, { text: string; settle: (isTaken: boolean) => void }>;
}

export class Socket implements Way {
  readonly #make: () => WebSocketLike;
  #open: Promise<WebSocketLike> | undefined;
  /** By the execution's id, and before it has one by our reference. */
  readonly #live = new Map<string, Live>();
  readonly #refs = new Map<string, Channel>();
  #lastRef = 0;
  #heardAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(make: () => WebSocketLike) {
    this.#make = make;
  }

  #connect(): Promise<WebSocketLike> {
    if (this.#open !== undefined) return this.#open;
    const made = new Promise<WebSocketLike>((resolve, reject) => {
      const socket = this.#make();
      const ended = () => {
        reject(new ExecutionLost("the WebSocket could not be opened, or was closed"));
        if (this.#open === made) this.#broke(new ExecutionLost("the WebSocket was closed"));
      };
      socket.addEventListener("open", () => resolve(socket));
      socket.addEventListener("close", ended);
      socket.addEventListener("error", ended);
      socket.addEventListener("message", (event) => this.#message(event.data, socket));
    });
    this.#open = made;
    this.#heardAt = Date.now();
    within(made, CONNECT_MS).catch((error) => this.#open === made && this.#broke(error));
    return made;
  }

  /** All streams end; whoever follows them attaches again. */
  #broke(error: unknown): void {
    this.#open = undefined;
    clearTimeout(this.#timer);
    for (const { channel } of this.#live.values()) channel.fail(error);
    for (const channel of this.#refs.values()) channel.fail(error);
    this.#refs.clear();
  }

  /** Closes a socket that is not used, or silent. To be called when it comes into use, and goes out of it. */
  #watch(): void {
    const isUsed = () => this.#live.size + this.#refs.size > 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const open = this.#open;
      if (isUsed() && Date.now() - this.#heardAt < IDLE_MS) return this.#watch();
      this.#broke(new ExecutionLost("the daemon was silent"));
      open?.then((socket) => socket.close(), () => {});
    }, isUsed() ? IDLE_MS / 3 : LINGER_MS);
  }

  #message(data: unknown, socket: WebSocketLike): void {
    this.#heardAt = Date.now();
    let frame: Incoming;
    try {
      frame = JSON.parse(String(data)) as Incoming;
    } catch {
      return socket.close();
    }
    const id = String(frame.id);
    if (frame.type === "refused") return this.#refused(frame, id);
    if (frame.type === "taken") return this.#settle(id, frame.callId, true);
    if (frame.type === "start" && !this.#live.has(id)) {
      const channel = this.#refs.get(String(frame.ref));
      this.#refs.delete(String(frame.ref));
      if (channel === undefined) return void this.cancel(id).catch(() => {}); /* aborted meanwhile */
      this.#live.set(id, { channel, answers: new Map() });
    }
    this.#live.get(id)?.channel.push(frame);
    if (frame.type === "done") this.#forget(id);
  }

  #refused({ ref, callId, problem }: Incoming, id: string): void {
    const told = (typeof problem === "object" && problem !== null ? problem : {}) as Record<string, unknown>;
    const error = new MayflyError(typeof told.status === "number" ? told.status : 0, told);
    if (typeof callId !== "number") return (this.#refs.get(String(ref)) ?? this.#live.get(id)?.channel)?.fail(error);
    this.#settle(id, callId, false);
    /* An answer that was not taken must not leave the program waiting. */
    if (!LATE.has(error.status)) void this.answer(id, callId, { error: { message: error.message, code: error.code } }).catch(() => {});
  }

  #settle(id: string, callId: unknown, isTaken: boolean): void {
    const answers = this.#live.get(id)?.answers;
    answers?.get(callId as number)?.settle(isTaken);
    answers?.delete(callId as number);
  }

  #forget(id: string): void {
    for (const { settle } of this.#live.get(id)?.answers.values() ?? []) settle(false);
    this.#live.delete(id);
    this.#watch();
  }

  async #send(text: string): Promise<void> {
    (await this.#connect()).send(text);
  }

  async open(request: ExecutionRequest, options: FollowOptions): Promise<Execution> {
    const ref = String(++this.#lastRef);
    const channel = new Channel();
    options.signal?.throwIfAborted();
    this.#refs.set(ref, channel);
    this.#watch();
    try {
      await this.#send(JSON.stringify({ ...request, type: "execute", ref }));
      return await follow(this, channel, { ...options, reattachMs: options.reattachMs ?? request.reattachMs });
    } finally {
      this.#refs.delete(ref);
      this.#watch();
    }
  }

  async attach(id: string, after: number): Promise<Source | undefined> {
    const channel = new Channel();
    const answers = this.#live.get(id)?.answers ?? new Map();
    this.#live.set(id, { channel, answers });
    try {
      await this.#send(JSON.stringify({ type: "attach", id, after }));
      for (const { text } of answers.values()) await this.#send(text);
      return channel;
    } catch {
      return undefined;
    }
  }

  async answer(id: string, callId: number, answer: Answer): Promise<boolean> {
    const value = "ok" in answer ? (answer.ok === undefined ? "" : `,"ok":${encode(answer.ok)}`) : `,${JSON.stringify(answer).slice(1, -1)}`;
    const text = `{"type":"result","id":${JSON.stringify(id)},"callId":${callId}${value}}`;
    const answers = this.#live.get(id)?.answers;
    if (answers === undefined) return false;
    const settled = new Promise<boolean>((settle) => answers.set(callId, { text, settle }));
    /* When it breaks now, attach sends it. */
    await this.#send(text).catch(() => {});
    return settled;
  }

  async cancel(id: string): Promise<void> {
    await this.#send(JSON.stringify({ type: "cancel", id }));
  }

  async leave(id: string, isDone: boolean): Promise<void> {
    this.#forget(id);
    if (!isDone) await this.cancel(id);
  }

  /** Ends the connection; what runs on it is lost, or comes back on another. */
  close(): void {
    this.#open?.then((socket) => socket.close(), () => {});
  }
}
