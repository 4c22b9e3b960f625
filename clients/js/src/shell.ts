/** A workspace as @cloudflare/shell's tools take one (its `WorkspaceFsLike`): `state.*`, git and file tools run on it, outside of Cloudflare too. */

import { Mayfly, type MayflyOptions } from "./client.js";
import { FileError } from "./error.js";
import { normalized, type Bytes, type Entry, type FileOp, type FileType, type Workspace } from "./workspace.js";

export interface FileInfo {
  path: string;
  name: string;
  type: FileType;
  /** Always the same: workspaces keep no media types. */
  mimeType: string;
  /** Of a file; else 0. */
  size: number;
  /** Milliseconds since 1970. */
  createdAt: number;
  updatedAt: number;
  target?: string;
}

export interface MayflyWorkspaceOptions {
  client?: Mayfly | MayflyOptions;
  name: string;
  /** Makes the workspace at the first call when there is none. Default true. */
  create?: boolean;
}

const MIME = "application/octet-stream";
/** Operations of one transaction, as the daemon has it. */
const OPS_MAX = 10_000;

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
const isMissing = (error: unknown) => error instanceof FileError && (error.code === "ENOENT" || error.code === "ENOTDIR");

function infoOf(entry: Entry, path = entry.path): FileInfo {
  return {
    path,
    name: nameOf(path),
    type: entry.type,
    mimeType: MIME,
    size: entry.type === "file" ? entry.size : 0,
    createdAt: Date.parse(entry.createdAt),
    updatedAt: Date.parse(entry.modifiedAt),
    ...(entry.target === undefined ? {} : { target: entry.target }),
  };
}

/** Half of a surrogate pair is no text: U+FFFD, as everywhere on the web. */
const wellFormed = (text: string) => (/[\ud800-\udfff]/.test(text) ? new TextDecoder().decode(new TextEncoder().encode(text)) : text);

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export class MayflyWorkspace {
  /** The same workspace with all that the REST API can do. */
  readonly workspace: Workspace;
  readonly #make: () => Promise<unknown>;
  #made: Promise<unknown> | undefined;

  constructor(options: MayflyWorkspaceOptions) {
    const client = options.client instanceof Mayfly ? options.client : new Mayfly(options.client);
    this.workspace = client.workspace(options.name);
    this.#make = async () => (options.create === false ? undefined : client.workspaces.put(options.name));
  }

  /** The workspace, which is there then. */
  async #there(): Promise<Workspace> {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = undefined; /* The next call tries again. */
      throw error;
    });
    await this.#made;
    return this.workspace;
  }

  async #op(op: FileOp): Promise<void> {
    await (await this.#there()).ops([op]);
  }

  /* ---- files ---- */

  async readFile(path: string): Promise<string | null> {
    return orNull((await this.#there()).text(normalized(path)));
  }

  async readFileBytes(path: string): Promise<Uint8Array | null> {
    return orNull((await this.#there()).bytes(normalized(path)));
  }

  async readFileStream(path: string): Promise<ReadableStream<Uint8Array> | null> {
    return orNull((await this.#there()).read(normalized(path)));
  }

  async #write(path: string, content: Bytes): Promise<void> {
    await (await this.#there()).write(normalized(path), content);
  }

  /** Makes the directories above it; goes through a link. `mimeType` is not kept. */
  writeFile(path: string, content: string, _mimeType?: string): Promise<void> {
    return this.#write(path, content);
  }

  writeFileBytes(path: string, data: Uint8Array | ArrayBuffer, _mimeType?: string): Promise<void> {
    return this.#write(path, data instanceof Uint8Array ? data : new Uint8Array(data));
  }

  /** Streamed: a file of any size takes no memory. */
  writeFileStream(path: string, stream: ReadableStream<Uint8Array>, _mimeType?: string): Promise<void> {
    return this.#write(path, stream);
  }

  appendFile(path: string, content: string, _mimeType?: string): Promise<void> {
    return this.#op({ op: "append", path: normalized(path), text: wellFormed(content), parents: true });
  }

  /** False: there was none. */
  async deleteFile(path: string): Promise<boolean> {
    const info = await this.lstat(path);
    if (info?.type === "directory") throw await this.#isDirectory(path);
    if (info !== null) await this.rm(path, { force: true });
    return info !== null;
  }

  /** What the daemon says of a directory that is read as a file. */
  async #isDirectory(path: string): Promise<unknown> {
    return (await this.#there()).read(normalized(path)).then(() => undefined, (error: unknown) => error);
  }

  async fileExists(path: string): Promise<boolean> {
    return (await this.stat(path))?.type === "file";
  }

  /** A link counts, wherever it leads. */
  async exists(path: string): Promise<boolean> {
    return (await this.lstat(path)) !== null;
  }

  async stat(path: string): Promise<FileInfo | null> {
    const at = normalized(path);
    const entry = await orNull((await this.#there()).stat(at));
    return entry === null ? null : infoOf(entry, at);
  }

  async lstat(path: string): Promise<FileInfo | null> {
    const at = normalized(path);
    const entry = await orNull((await this.#there()).stat(at, { follow: false }));
    return entry === null ? null : infoOf(entry, at);
  }

  /* ---- directories ---- */

  /** All of it unless `limit` says less, in the order of names. */
  async readDir(dir = "/", { limit = Infinity, offset = 0 }: { limit?: number; offset?: number } = {}): Promise<FileInfo[]> {
    const at = normalized(dir);
    const found: FileInfo[] = [];
    let passed = 0;
    if (limit <= 0) return found;
    for await (const entry of (await this.#there()).list(at)) {
      if (passed++ < offset) continue;
      found.push(infoOf(entry, `${at === "/" ? "" : at}/${nameOf(entry.path)}`));
      if (found.length >= limit) break;
    }
    return found;
  }

  async glob(pattern: string): Promise<FileInfo[]> {
    const found: FileInfo[] = [];
    for await (const entry of (await this.#there()).glob(normalized(pattern).slice(1))) found.push(infoOf(entry));
    return found;
  }

  async mkdir(path: string, options: { recursive?: boolean } = {}): Promise<void> {
    const at = normalized(path);
    if (at !== "/") await this.#op({ op: "mkdir", path: at, parents: options.recursive === true });
  }

  rm(path: string, options: { recursive?: boolean; force?: boolean } = {}): Promise<void> {
    return this.#op({ op: "rm", path: normalized(path), recursive: options.recursive === true, force: options.force === true });
  }

  /** A directory that is there takes in what is copied into it. */
  async cp(src: string, dest: string, options: { recursive?: boolean } = {}): Promise<void> {
    const [from, to] = [normalized(src), normalized(dest)];
    const [source, target] = await Promise.all([this.lstat(from), this.lstat(to)]);
    if (source?.type === "directory" && target?.type === "directory" && options.recursive === true && from !== to) return this.#merge(from, to);
    return this.#op({ op: "cp", from, to, recursive: options.recursive === true, parents: true });
  }

  /** What a directory holds, one level at a time: what is not there in `to` is copied whole, at no cost. */
  async #merge(from: string, to: string): Promise<void> {
    const workspace = await this.#there();
    const there = new Map<string, FileType>();
    let ops: FileOp[] = [];
    for await (const entry of workspace.list(to)) there.set(nameOf(entry.path), entry.type);
    for (const { name, type } of await this.readDir(from)) {
      const [one, other] = [`${from === "/" ? "" : from}/${name}`, `${to === "/" ? "" : to}/${name}`];
      if (type === "directory" && there.get(name) === "directory") await this.#merge(one, other);
      else if (one !== to) ops.push({ op: "cp", from: one, to: other, recursive: true });
      if (ops.length === OPS_MAX) ops = (await workspace.ops(ops), []);
    }
    if (ops.length > 0) await workspace.ops(ops);
  }

  /** A rename: at once, whatever the directory holds. */
  async mv(src: string, dest: string, options: { recursive?: boolean } = {}): Promise<void> {
    const from = normalized(src);
    if (options.recursive === false && (await this.lstat(from))?.type === "directory") throw await this.#isDirectory(from);
    return this.#op({ op: "mv", from, to: normalized(dest), parents: true });
  }

  symlink(target: string, linkPath: string): Promise<void> {
    return this.#op({ op: "symlink", path: normalized(linkPath), target: wellFormed(target), parents: true });
  }

  async readlink(path: string): Promise<string> {
    const at = normalized(path);
    const { target } = await (await this.#there()).stat(at, { follow: false });
    if (target === undefined) throw Object.assign(new Error(`EINVAL: invalid argument, readlink '${at}'`), { code: "EINVAL", syscall: "readlink", path: at });
    return target;
  }

  /* ---- the rest of a Workspace ---- */

  async diff(pathA: string, pathB: string): Promise<string> {
    return (await this.#there()).diff(normalized(pathA), normalized(pathB));
  }

  async getWorkspaceInfo(): Promise<{ fileCount: number; directoryCount: number; totalBytes: number; r2FileCount: number }> {
    const workspace = await this.#there();
    const { usage } = await workspace.info();
    let directoryCount = 1; /* The root. */
    for await (const _ of workspace.find({ type: "directory" })) directoryCount++;
    return { fileCount: usage.inodes - directoryCount, directoryCount, totalBytes: usage.bytes, r2FileCount: 0 };
  }
}
