// The body is a module; its answer is the answer: what POST /v1/run does.
// Where a GATEWAY is bound it stands in the place of the network, and adds a credential.
import { WorkerEntrypoint } from "cloudflare:workers";

export class Gateway extends WorkerEntrypoint {
  fetch(request) {
    const headers = new Headers(request.headers);
    headers.set("authorization", this.env.TOKEN);
    return fetch(new Request(request, { headers }));
  }
}

export default {
  async fetch(request, env) {
    const code = await request.text();
    const worker = env.LOADER.load({
      compatibilityDate: "2026-09-01",
      mainModule: "main.js",
      modules: { "main.js": code },
      globalOutbound: env.GATEWAY ?? null,
    });
    return worker.getEntrypoint().fetch(new Request("http://worker.local/"));
  },
};
