/** Workspaces: the REST API's files, as methods. docs/workspaces.md has what each of them does. */

import { FileError, MayflyError, refuse } from "./error.js";
import type { Send } from "./http.js";

export interface Quota {
  bytes: number;
  inodes: number;
}

export interface WorkspaceInfo {
  name: string;
  revision: number;
  usage: Quota;
  quota: Quota;
  createdAt: string;
  updatedAt: string;
}

export type FileType = "file" | "directory" | "symlink";

/** What stands at a path. */
export interface Entry {
  path: string;
  type: FileType;
  /** Bytes; of a directory, of all below it. */
  size: number;
  /** Four octal digits. */
  mode: string;
  revision: number;
  etag?: string;
  /** Of a link. */
  target?: string;
  createdAt: string;
  modifiedAt: string;
}

export interface Snapshot {
  name: string;
  revision: number;
  bytes: number;
  inodes: number;
  createdAt: string;
}

export type Edit = ({ search: string; all?: boolean } | { offset: number; length: number }) & ({ replace?: string } | { replaceBase64: string });

/** One operation of a batch. */
export type FileOp =
  | { op: "mkdir"; path: string; parents?: boolean; mode?: string }
  | { op: "rm"; path: string; recursive?: boolean; force?: boolean; ifMatch?: string }
  | { op: "mv"; from: string; to: string; parents?: boolean; exclusive?: boolean }
  | { op: "cp"; from: string; to: string; recursive?: boolean; parents?: boolean; exclusive?: boolean }
  | { op: "symlink"; path: string; target: string; parents?: boolean }
  | ({ op: "write"; path: string; parents?: boolean; exclusive?: boolean; mode?: string; ifMatch?: string } & ({ text: string } | { base64: string }))
  | ({ op: "append"; path: string; parents?: boolean; mode?: string } & ({ text: string } | { base64: string }))
  | { op: "truncate"; path: string; size: number }
  | { op: "edit"; path: string; edits: Edit[]; ifMatch?: string }
  | { op: "chmod"; path: string; mode: string };

export type FileResult = { created: boolean } & Partial<Omit<Entry, "path" | "target">>;

export interface Match {
  path: string;
  line: number;
  /** In bytes. */
  column: number;
  text: string;
  before?: string[];
  after?: string[];
}

export interface Change {
  revision: number;
  kind: "put" | "delete" | "rename" | "tree";
  path: string;
  from?: string;
}

export interface FileOptions {
  signal?: AbortSignal | undefined;
  /** Looks at a snapshot in place of what is there now. */
  snapshot?: string;
}

export interface FindQuery {
  path?: string;
  /** Of the last name, such as "*.ts". */
  name?: string;
  /** Of the path below `path`. */
  pattern?: string;
  type?: FileType;
  maxDepth?: number;
  sizeMin?: number;
  sizeMax?: number;
  modifiedAfter?: string;
  modifiedBefore?: string;
}

export interface GrepQuery {
  path?: string;
  include?: string;
  regex?: boolean;
  ignoreCase?: boolean;
  word?: boolean;
  /** Lines before and after. */
  context?: number;
}

export type Bytes = string | Uint8Array | ReadableStream<Uint8Array>;

type Query = Record<string, string | number | boolean | undefined>;
type Page<Name extends string, Row> = Record<Name, Row[]> & { next: string | null };

/** Entries of one answer; the daemon's own maximum. */
const PAGE = 1000;

function queryOf(query: Query): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string | number | boolean] => pair[1] !== undefined);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

/** "/a/../b//c" to "/b/c": a URL cannot say "..", so it is resolved here, by the text alone. */
export function normalized(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

/** One workspace. Paths are absolute; missing ones are a FileError whose code is Node's ("ENOENT"). */
export class Workspace {
  readonly name: string;
  readonly #send: Send;

  constructor(send: Send, name: string) {
    this.#send = send;
    this.name = name;
  }

  #at(rest = ""): string {
    return `/v1/workspaces/${encodeURIComponent(this.name)}${rest}`;
  }

  #file(path: string, query: Query = {}): string {
    return this.#at(`/files${normalized(path).split("/").map(encodeURIComponent).join("/")}${queryOf(query)}`);
  }

  async #checked(call: string, path: string, response: Promise<Response>): Promise<Response> {
    const answer = await response;
    if (answer.ok) return answer;
    try {
      return await refuse(answer);
    } catch (error) {
      throw error instanceof MayflyError ? FileError.of(error, call, path) : error;
    }
  }

  async #json<T>(call: string, path: string, method: string, at: string, body: unknown, signal: AbortSignal | undefined): Promise<T> {
    const sent = body === undefined ? {} : { type: "application/json", body: JSON.stringify(body) };
    const answer = await this.#checked(call, path, this.#send(method, at, { ...sent, accept: "application/json", signal }));
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }

  async *#pages<Name extends string, Row>(call: string, query: Query & { path?: string | undefined }, signal: AbortSignal | undefined): AsyncGenerator<Page<Name, Row>> {
    for (let after: string | undefined; ;) {
      const page = await this.#json<Page<Name, Row>>(call, query.path ?? "/", "GET", this.#at(`/${call}${queryOf({ limit: PAGE, ...query, after })}`), undefined, signal);
      yield page;
      if (page.next === null) return;
      after = page.next;
    }
  }

  async *#rows<Name extends string, Row>(call: string, what: Name, query: Query & { path?: string | undefined }, signal: AbortSignal | undefined): AsyncGenerator<Row> {
    for await (const page of this.#pages<Name, Row>(call, query, signal)) yield* page[what];
  }

  info(options: { signal?: AbortSignal } = {}): Promise<WorkspaceInfo> {
    return this.#json("info", "/", "GET", this.#at(), undefined, options.signal);
  }

  /* ---- files ---- */

  /** A file's bytes as a stream, or a part of them. */
  async read(path: string, options: FileOptions & { offset?: number; length?: number } = {}): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#get(path, options);
    return body ?? new Blob([]).stream();
  }

  async bytes(path: string, options: FileOptions & { offset?: number; length?: number } = {}): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#get(path, options)).arrayBuffer());
  }

  async text(path: string, options: FileOptions = {}): Promise<string> {
    return new TextDecoder().decode(await this.bytes(path, options)); /* A byte order mark is no part of the text, as fetch has it. */
  }

  async #get(path: string, { signal, snapshot, offset = 0, length }: FileOptions & { offset?: number; length?: number }): Promise<Response> {
    const isPart = offset > 0 || length !== undefined;
    if (length === 0) return new Response(null);
    const headers = isPart ? { range: `bytes=${offset}-${length === undefined ? "" : offset + length - 1}` } : undefined;
    const response = await this.#send("GET", this.#file(path, { snapshot }), { signal, headers });
    if (isPart && response.status === 416) { /* Behind its end. */
      void response.body?.cancel();
      return new Response(null);
    }
    return this.#checked("open", path, Promise.resolve(response));
  }

  /** Writes a whole file; directories above it are made. Nobody sees it before all of it has come. */
  async write(path: string, content: Bytes, options: { signal?: AbortSignal; mode?: string; ifMatch?: string; exclusive?: boolean } = {}): Promise<Entry> {
    const headers: Record<string, string> = {};
    if (options.ifMatch !== undefined) headers["if-match"] = options.ifMatch;
    if (options.exclusive === true) headers["if-none-match"] = "*";
    const sent = this.#send("PUT", this.#file(path, { mode: options.mode }), { type: "application/octet-stream", body: content, accept: "application/json", headers, signal: options.signal });
    return (await this.#checked("open", path, sent)).json() as Promise<Entry>;
  }

  /** Replaces parts of a file: all of the edits, or none. */
  edit(path: string, edits: Edit[], options: { signal?: AbortSignal } = {}): Promise<Entry> {
    return this.#json("edit", path, "PATCH", this.#file(path), { edits }, options.signal);
  }

  /** Operations in one transaction, up to 10,000: all or none. */
  async ops(ops: FileOp[], options: { signal?: AbortSignal } = {}): Promise<{ revision: number; results: FileResult[] }> {
    try {
      return await this.#json("ops", "/", "POST", this.#at("/ops"), { ops }, options.signal);
    } catch (error) {
      const at = error instanceof FileError && typeof error.problem["index"] === "number" ? ops[error.problem["index"]] : undefined;
      throw at === undefined ? error : FileError.of((error as FileError).refusal, at.op, "path" in at ? at.path : at.from, "to" in at ? at.to : undefined);
    }
  }

  /** A link itself with follow: false. */
  stat(path: string, options: FileOptions & { follow?: boolean } = {}): Promise<Entry> {
    const { signal, ...query } = options;
    return this.#json(options.follow === false ? "lstat" : "stat", path, "GET", this.#at(`/stat${queryOf({ path, ...query })}`), undefined, signal);
  }

  /* ---- looking: all of it, page after page as it is asked for ---- */

  list(path = "/", options: FileOptions & { recursive?: boolean } = {}): AsyncGenerator<Entry> {
    const { signal, ...query } = options;
    return this.#rows("list", "entries", { path, ...query }, signal);
  }

  glob(pattern: string, options: FileOptions & { path?: string } = {}): AsyncGenerator<Entry> {
    const { signal, ...query } = options;
    return this.#rows("glob", "entries", { pattern, ...query }, signal);
  }

  find(query: FindQuery = {}, { signal, snapshot }: FileOptions = {}): AsyncGenerator<Entry> {
    return this.#rows("find", "entries", { ...query, snapshot }, signal);
  }

  /** `onSkipped` hears of files that are too large to be looked through, and of lines that would cost too much. */
  async *grep(pattern: string, query: GrepQuery = {}, options: FileOptions & { onSkipped?: (skipped: { path: string; line?: number }) => void } = {}): AsyncGenerator<Match> {
    for await (const page of this.#pages<"matches", Match>("grep", { pattern, ...query, snapshot: options.snapshot }, options.signal)) {
      for (const skipped of (page as unknown as { skipped: { path: string; line?: number }[] }).skipped) options.onSkipped?.(skipped);
      yield* page.matches;
    }
  }

  /** Two files as a unified diff. */
  async diff(from: string, to: string, options: { signal?: AbortSignal; fromSnapshot?: string; toSnapshot?: string; context?: number } = {}): Promise<string> {
    const { signal, ...query } = options;
    return (await this.#checked("diff", from, this.#send("GET", this.#at(`/diff${queryOf({ from, to, ...query })}`), { signal }))).text();
  }

  /** What was done behind a revision. */
  async *changes(since: number, options: { signal?: AbortSignal } = {}): AsyncGenerator<Change> {
    for (let at: number | string = since; ;) {
      const page: Page<"changes", Change> = await this.#json("changes", "/", "GET", this.#at(`/changes${queryOf({ since: at, limit: PAGE })}`), undefined, options.signal);
      yield* page.changes;
      if (page.next === null) return;
      at = page.next;
    }
  }

  /* ---- trees ---- */

  /** A directory as a tar archive. */
  async archive(path = "/", { signal, snapshot }: FileOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#checked("archive", path, this.#send("GET", this.#at(`/archive${queryOf({ path, snapshot })}`), { signal }));
    return response.body ?? new Blob([]).stream();
  }

  /** A tar archive into a directory: all of it, or nothing. */
  async extract(path: string, archive: Bytes, options: { signal?: AbortSignal } = {}): Promise<{ entries: number; bytes: number; revision: number }> {
    const sent = this.#send("PUT", this.#at(`/archive${queryOf({ path })}`), { type: "application/x-tar", body: archive, accept: "application/json", signal: options.signal });
    return (await this.#checked("extract", path, sent)).json() as Promise<{ entries: number; bytes: number; revision: number }>;
  }

  async snapshots(options: { signal?: AbortSignal } = {}): Promise<Snapshot[]> {
    return (await this.#json<{ snapshots: Snapshot[] }>("snapshots", "/", "GET", this.#at("/snapshots"), undefined, options.signal)).snapshots;
  }

  snapshot(name: string, options: { signal?: AbortSignal } = {}): Promise<Snapshot> {
    return this.#json("snapshot", "/", "POST", this.#at("/snapshots"), { name }, options.signal);
  }

  restore(snapshot: string, options: { signal?: AbortSignal } = {}): Promise<WorkspaceInfo> {
    return this.#json("restore", "/", "POST", this.#at(`/snapshots/${encodeURIComponent(snapshot)}/restore`), undefined, options.signal);
  }

  deleteSnapshot(snapshot: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#json("snapshot", "/", "DELETE", this.#at(`/snapshots/${encodeURIComponent(snapshot)}`), undefined, options.signal);
  }

  /** Another workspace with the same files, of any size at once. */
  fork(name: string, options: { signal?: AbortSignal; snapshot?: string } = {}): Promise<WorkspaceInfo> {
    const { signal, ...more } = options;
    return this.#json("fork", "/", "POST", this.#at("/fork"), { name, ...more }, signal);
  }
}
