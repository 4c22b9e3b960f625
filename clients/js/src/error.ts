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

/** Throws what an answer that is not ok says. */
export async function refuse(response: Response): Promise<never> {
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

/** What went wrong with a file: `code` is Node's name for it ("ENOENT"), or the API's where Node has none ("workspace.conflict"). */
export class FileError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path: string;
  readonly dest?: string;
  /** What the daemon said. */
  readonly refusal: MayflyError;

  constructor(refusal: MayflyError, code: string, syscall: string, path: string, dest: string | undefined) {
    const isErrno = code !== refusal.code;
    super(isErrno ? `${code}: ${refusal.message}, ${syscall} '${path}'${dest === undefined ? "" : ` -> '${dest}'`}` : refusal.message);
    this.name = "FileError";
    this.code = code;
    this.syscall = syscall;
    this.path = path;
    if (dest !== undefined) this.dest = dest;
    this.refusal = refusal;
  }

  get problem(): Record<string, unknown> {
    return this.refusal.problem;
  }

  static of(refusal: MayflyError, syscall: string, path: string, dest?: string): FileError {
    const errno = refusal.problem["errno"];
    return new FileError(refusal, typeof errno === "string" ? errno : refusal.code, syscall, path, dest);
  }
}
