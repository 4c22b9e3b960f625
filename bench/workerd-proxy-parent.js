// As workerd-parent.js, with a gateway in the place of the network.
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
      globalOutbound: env.GATEWAY,
    });
    return worker.getEntrypoint().fetch(new Request("http://worker.local/"));
  },
};
