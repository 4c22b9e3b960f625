/** Client of Mayfly's REST API. Web APIs only: Node.js 18.19 or later, Bun, Deno, Cloudflare Workers, browsers of an allowed origin. */

export * from "./client.js";
export * from "./executor.js";
export * from "./protocol.js";
export { FileError, MayflyError } from "./error.js";
export * from "./shell.js";
export { CodecError, decode, encode } from "./codec.js";
export { sanitizeToolName } from "./names.js";
export { PAUSE, type Connector, type Dispatch, type ExecutionResult, type Provider, type ToolCall, type ToolFunction } from "./calls.js";
export type { WebSocketLike } from "./socket.js";
export { Workspace } from "./workspace.js";
export type { Bytes, Change, Edit, Entry, FileOp, FileOptions, FileResult, FileType, FindQuery, GrepQuery, Match, Quota, Snapshot, WorkspaceInfo } from "./workspace.js";
