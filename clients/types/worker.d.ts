// What a worker sees beyond the language: its globals and the module "cloudflare:workers". Made by clients/types/make.mjs; not to be
// used together with TypeScript's "dom" or "webworker" libraries. Buffer, process, global, setImmediate and clearImmediate, and the "node:"
// modules, are declared by @types/node.

/* ---- handlers ---- */

/** What a worker exports as default. */
interface ExportedHandler<Env = unknown, Props = any> {
  fetch?(request: Request, env: Env, ctx: ExecutionContext<Props>): Response | Promise<Response>;
}

interface ExecutionContext<Props = any> {
  readonly props: Props;
  /** The worker's own entrypoints, called as another worker's would be. */
  readonly exports: Record<string, any>;
  waitUntil(promise: Promise<unknown>): void;
  passThroughOnException(): void;
  abort(reason?: unknown): void;
}
declare var ExecutionContext: { prototype: ExecutionContext };

declare module "cloudflare:workers" {
  export abstract class WorkerEntrypoint<Env = unknown, Props = any> {
    constructor(ctx: ExecutionContext<Props>, env: Env);
    protected readonly ctx: ExecutionContext<Props>;
    protected readonly env: Env;
    fetch?(request: Request): Response | Promise<Response>;
  }
  export abstract class DurableObject<Env = unknown> {
    constructor(ctx: unknown, env: Env);
    protected readonly ctx: unknown;
    protected readonly env: Env;
  }
  export abstract class WorkflowEntrypoint<Env = unknown> {
    constructor(ctx: unknown, env: Env);
    protected readonly ctx: unknown;
    protected readonly env: Env;
  }
  export abstract class RpcTarget {}
  export class RpcStub { private constructor(); }
  export class RpcPromise { private constructor(); }
  export class RpcProperty { private constructor(); }
  export class ServiceStub { private constructor(); }
  export const env: any;
  export const exports: Record<string, any>;
  export function waitUntil(promise: Promise<unknown>): void;
  export function withEnv<Result>(env: unknown, callback: () => Result): Result;
  export function abortIsolate(reason?: unknown): void;
}

interface Cloudflare {
  readonly compatibilityFlags: Record<string, boolean>;
}
declare var Cloudflare: Cloudflare;

/* ---- the global object ---- */

interface WorkerGlobalScopeEventMap {
  error: ErrorEvent;
  rejectionhandled: PromiseRejectionEvent;
  unhandledrejection: PromiseRejectionEvent;
}
interface WorkerGlobalScope extends EventTarget {
  readonly self: WorkerGlobalScope & typeof globalThis;
  readonly performance: Performance;
}
declare var WorkerGlobalScope: { prototype: WorkerGlobalScope };
declare var self: WorkerGlobalScope & typeof globalThis;
declare var onerror: ((this: typeof globalThis, message: any, filename?: string, lineno?: number, colno?: number, error?: unknown) => any) | null;
declare var onunhandledrejection: ((this: typeof globalThis, event: PromiseRejectionEvent) => any) | null;
declare var onrejectionhandled: ((this: typeof globalThis, event: PromiseRejectionEvent) => any) | null;
declare function addEventListener<K extends keyof WorkerGlobalScopeEventMap>(type: K, listener: (this: typeof globalThis, event: WorkerGlobalScopeEventMap[K]) => any, options?: boolean | AddEventListenerOptions): void;
declare function addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
declare function removeEventListener<K extends keyof WorkerGlobalScopeEventMap>(type: K, listener: (this: typeof globalThis, event: WorkerGlobalScopeEventMap[K]) => any, options?: boolean | EventListenerOptions): void;
declare function removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
declare function setTimeout<Arguments extends any[]>(callback: (...args: Arguments) => void, delay?: number, ...args: Arguments): number;
declare function setInterval<Arguments extends any[]>(callback: (...args: Arguments) => void, delay?: number, ...args: Arguments): number;

interface Navigator {
  readonly userAgent: string;
  readonly platform: string;
  readonly language: string;
  readonly languages: string[];
  readonly hardwareConcurrency: number;
}
declare var Navigator: { prototype: Navigator };
declare var navigator: Navigator;

interface Scheduler {
  wait(delay: number, options?: { signal?: AbortSignal }): Promise<void>;
}
declare var scheduler: Scheduler;

type MessageEventSource = MessagePort;
type Transferable = ArrayBuffer | MessagePort | ReadableStream | WritableStream | TransformStream;
type BodyInit = ReadableStream | Blob | BufferSource | FormData | URLSearchParams | string;
type XMLHttpRequestBodyInit = Blob | BufferSource | FormData | URLSearchParams | string;

interface QuotaExceededError extends DOMException {
  readonly quota: number | null;
  readonly requested: number | null;
}
declare var QuotaExceededError: { prototype: QuotaExceededError; new(message?: string, options?: { quota?: number; requested?: number }): QuotaExceededError };

/// adds
interface Request {
  readonly cf?: unknown;
  readonly duplex: "half";
  readonly isHistoryNavigation: boolean;
  readonly isReloadNavigation: boolean;
}
/// adds
interface Response {
  /** Of the answer to a fetch() with an Upgrade header, status 101: to be accepted. */
  readonly webSocket: WebSocket | null;
}
/// adds
interface RequestInit {
  cf?: unknown;
  duplex?: "half";
}
/// adds
interface MessagePort {
  onclose: ((this: MessagePort, event: Event) => any) | null;
}
/// adds
interface PerformanceEntry {
  readonly id: number;
  readonly navigationId: number;
}
/// adds
interface Console {
  profile(label?: string): void;
  profileEnd(label?: string): void;
}
/// adds
declare namespace WebAssembly {
  interface Tag {}
  var Tag: { prototype: Tag; new(descriptor: { parameters: ValueType[] }): Tag };
  interface Exception {
    is(tag: Tag): boolean;
    getArg(tag: Tag, index: number): any;
  }
  var Exception: { prototype: Exception; new(tag: Tag, payload: any[], options?: { traceStack?: boolean }): Exception };
  const JSTag: Tag;
}

/* ---- streams ---- */

declare var ReadableStream: {
  prototype: ReadableStream;
  new(source: UnderlyingByteSource, strategy?: { highWaterMark?: number }): ReadableStream<Uint8Array<ArrayBuffer>>;
  new<R = any>(source: UnderlyingDefaultSource<R>, strategy?: QueuingStrategy<R>): ReadableStream<R>;
  new<R = any>(source?: UnderlyingSource<R>, strategy?: QueuingStrategy<R>): ReadableStream<R>;
  from<R>(iterable: Iterable<R> | AsyncIterable<R>): ReadableStream<R>;
};

interface IdentityTransformStream extends TransformStream<ArrayBuffer | ArrayBufferView, Uint8Array> {}
declare var IdentityTransformStream: { prototype: IdentityTransformStream; new(strategy?: { highWaterMark?: number }): IdentityTransformStream };
interface FixedLengthStream extends IdentityTransformStream {}
declare var FixedLengthStream: { prototype: FixedLengthStream; new(expectedLength: number | bigint, strategy?: { highWaterMark?: number }): FixedLengthStream };

/* ---- cryptography ---- */

interface DigestStream extends WritableStream<ArrayBuffer | ArrayBufferView | string> {
  readonly digest: Promise<ArrayBuffer>;
  readonly bytesWritten: number | bigint;
}
/// adds
interface Crypto {
  readonly DigestStream: { prototype: DigestStream; new(algorithm: AlgorithmIdentifier): DigestStream };
}
interface EncapsulatedBits { sharedKey: ArrayBuffer; ciphertext: ArrayBuffer }
interface EncapsulatedKey { sharedKey: CryptoKey; ciphertext: ArrayBuffer }
/// adds
interface SubtleCrypto {
  encapsulateBits(algorithm: AlgorithmIdentifier, key: CryptoKey): Promise<EncapsulatedBits>;
  encapsulateKey(algorithm: AlgorithmIdentifier, key: CryptoKey, sharedKeyAlgorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: KeyUsage[]): Promise<EncapsulatedKey>;
  decapsulateBits(algorithm: AlgorithmIdentifier, key: CryptoKey, ciphertext: BufferSource): Promise<ArrayBuffer>;
  decapsulateKey(algorithm: AlgorithmIdentifier, key: CryptoKey, ciphertext: BufferSource, sharedKeyAlgorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: KeyUsage[]): Promise<CryptoKey>;
  getPublicKey(key: CryptoKey, keyUsages: KeyUsage[]): Promise<CryptoKey>;
  timingSafeEqual(a: BufferSource, b: BufferSource): boolean;
}
declare var SubtleCrypto: { prototype: SubtleCrypto; supports(operation: string, algorithm: AlgorithmIdentifier, lengthOrAdditionalAlgorithm?: number | AlgorithmIdentifier | null): boolean };

/* ---- URLPattern ---- */

interface URLPatternInit {
  protocol?: string;
  username?: string;
  password?: string;
  hostname?: string;
  port?: string;
  pathname?: string;
  search?: string;
  hash?: string;
  baseURL?: string;
}
interface URLPatternComponentResult {
  input: string;
  groups: Record<string, string | undefined>;
}
interface URLPatternResult {
  inputs: (string | URLPatternInit)[];
  protocol: URLPatternComponentResult;
  username: URLPatternComponentResult;
  password: URLPatternComponentResult;
  hostname: URLPatternComponentResult;
  port: URLPatternComponentResult;
  pathname: URLPatternComponentResult;
  search: URLPatternComponentResult;
  hash: URLPatternComponentResult;
}
interface URLPattern {
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  readonly hasRegExpGroups: boolean;
  test(input?: string | URL | URLPatternInit, baseURL?: string | URL): boolean;
  exec(input?: string | URL | URLPatternInit, baseURL?: string | URL): URLPatternResult | null;
}
declare var URLPattern: {
  prototype: URLPattern;
  new(input: string | URL | URLPatternInit, baseURL: string | URL, options?: { ignoreCase?: boolean }): URLPattern;
  new(input?: string | URL | URLPatternInit, options?: { ignoreCase?: boolean }): URLPattern;
  compareComponent(component: keyof Omit<URLPatternInit, "baseURL">, left: URLPattern, right: URLPattern): number;
};

/* ---- WebSockets ---- */

/// adds
interface WebSocket {
  accept(options?: { allowHalfOpen?: boolean }): void;
  readonly READY_STATE_CONNECTING: 0;
  readonly READY_STATE_OPEN: 1;
  readonly READY_STATE_CLOSING: 2;
  readonly READY_STATE_CLOSED: 3;
}
declare var WebSocket: {
  prototype: WebSocket;
  new(url: string | URL, protocols?: string | string[]): WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  readonly READY_STATE_CONNECTING: 0;
  readonly READY_STATE_OPEN: 1;
  readonly READY_STATE_CLOSING: 2;
  readonly READY_STATE_CLOSED: 3;
};
interface WebSocketPair {
  0: WebSocket;
  1: WebSocket;
}
declare var WebSocketPair: { prototype: WebSocketPair; new(): WebSocketPair };

/* ---- HTMLRewriter ---- */

interface HTMLRewriterContentOptions {
  /** The content is HTML, not text. */
  html?: boolean;
}
type HTMLRewriterContent = string | ReadableStream | Response;
interface HTMLRewriterAround {
  before(content: HTMLRewriterContent, options?: HTMLRewriterContentOptions): this;
  after(content: HTMLRewriterContent, options?: HTMLRewriterContentOptions): this;
  replace(content: HTMLRewriterContent, options?: HTMLRewriterContentOptions): this;
  remove(): this;
  readonly removed: boolean;
}
interface HTMLRewriterElement extends HTMLRewriterAround {
  tagName: string;
  readonly attributes: IterableIterator<[name: string, value: string]>;
  readonly namespaceURI: string;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  setAttribute(name: string, value: string): this;
  removeAttribute(name: string): this;
  prepend(content: HTMLRewriterContent, options?: HTMLRewriterContentOptions): this;
  append(content: HTMLRewriterContent, options?: HTMLRewriterContentOptions): this;
  setInnerContent(content: HTMLRewriterContent, options?: HTMLRewriterContentOptions): this;
  removeAndKeepContent(): this;
  onEndTag(handler: (tag: HTMLRewriterEndTag) => void | Promise<void>): void;
}
interface HTMLRewriterEndTag extends HTMLRewriterAround {
  name: string;
}
interface HTMLRewriterText extends HTMLRewriterAround {
  readonly text: string;
  readonly lastInTextNode: boolean;
}
interface HTMLRewriterComment extends HTMLRewriterAround {
  text: string;
}
interface HTMLRewriterDoctype {
  readonly name: string | null;
  readonly publicId: string | null;
  readonly systemId: string | null;
}
interface HTMLRewriterDocumentEnd {
  append(content: HTMLRewriterContent, options?: HTMLRewriterContentOptions): this;
}
interface HTMLRewriterElementHandlers {
  element?(element: HTMLRewriterElement): void | Promise<void>;
  comments?(comment: HTMLRewriterComment): void | Promise<void>;
  text?(text: HTMLRewriterText): void | Promise<void>;
}
interface HTMLRewriterDocumentHandlers {
  doctype?(doctype: HTMLRewriterDoctype): void | Promise<void>;
  comments?(comment: HTMLRewriterComment): void | Promise<void>;
  text?(text: HTMLRewriterText): void | Promise<void>;
  end?(end: HTMLRewriterDocumentEnd): void | Promise<void>;
}
interface HTMLRewriter {
  on(selector: string, handlers: HTMLRewriterElementHandlers): HTMLRewriter;
  onDocument(handlers: HTMLRewriterDocumentHandlers): HTMLRewriter;
  transform(response: Response): Response;
}
declare var HTMLRewriter: { prototype: HTMLRewriter; new(): HTMLRewriter };
