// A Durable Object with @cloudflare/shell's Workspace in its SQLite. The body of a POST is a program; it runs in a worker of its own with `state` of
// that workspace, as @cloudflare/codemode's executor and @cloudflare/shell's stateTools do it. A PUT fills a directory with files of one text, each behind its number.
import { DurableObject } from "cloudflare:workers";
import { DynamicWorkerExecutor, resolveProvider } from "@cloudflare/codemode";
import { Workspace } from "@cloudflare/shell";
import { stateTools } from "@cloudflare/shell/workers";

const PROGRAM_MS_MAX = 600_000;

export class Files extends DurableObject {
  #workspace = new Workspace({ sql: this.ctx.storage.sql, name: "bench" });

  async fetch(request) {
    const body = await request.text();
    if (request.method === "PUT") {
      const { pathname, searchParams } = new URL(request.url);
      for (let i = 0; i < Number(searchParams.get("count")); i++) await this.#workspace.writeFile(`${pathname}/${i}`, `${i}\n${body}`);
      return new Response();
    }
    const executor = new DynamicWorkerExecutor({ loader: this.env.LOADER, timeout: PROGRAM_MS_MAX });
    return Response.json(await executor.execute(body, [resolveProvider(stateTools(this.#workspace))]));
  }
}

export default { fetch: (request, env) => env.FILES.get(env.FILES.idFromName("bench")).fetch(request) };
