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
