// The body is a program; its calls are answered here, as @cloudflare/codemode's DynamicWorkerExecutor does it: a worker of its own for each program,
// an RpcTarget that it calls back, arguments and results as JSON text.
import { RpcTarget } from "cloudflare:workers";

class ToolDispatcher extends RpcTarget {
  async call(name, text) {
    return JSON.stringify({ result: { name, args: JSON.parse(text) } });
  }
}

const executor = (code) => `
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async evaluate(dispatcher) {
    const codemode = new Proxy({}, { get: (_, name) => async (...args) => {
      const answer = JSON.parse(await dispatcher.call(String(name), JSON.stringify(args)));
      if (answer.error) throw new Error(answer.error);
      return answer.result;
    } });
    try {
      return { result: await (${code})() };
    } catch (error) {
      return { error: error.message };
    }
  }
}`;

export default {
  async fetch(request, env) {
    const worker = env.LOADER.load({
      compatibilityDate: "2026-09-01",
      compatibilityFlags: ["nodejs_compat"],
      mainModule: "executor.js",
      modules: { "executor.js": executor(await request.text()) },
      globalOutbound: null,
    });
    return Response.json(await worker.getEntrypoint().evaluate(new ToolDispatcher()));
  },
};
