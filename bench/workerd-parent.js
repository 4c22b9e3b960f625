// The body is a module; its answer is the answer: what POST /v1/run does.
export default {
  async fetch(request, env) {
    const code = await request.text();
    const worker = env.LOADER.load({
      compatibilityDate: "2026-09-01",
      mainModule: "main.js",
      modules: { "main.js": code },
      globalOutbound: null,
    });
    return worker.getEntrypoint().fetch(new Request("http://worker.local/"));
  },
};
