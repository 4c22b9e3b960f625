// runner.mjs - runs tests in a real mayflyd: POST /v1/run for each, with testharness.js and the test's scripts in the bundle.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon } from "../lib/mayfly.mjs";
import { moduleOfScripts } from "./script.mjs";
import { serve } from "./server.mjs";
import { HOST, OTHER_HOST, PORTS, originOf, substitute } from "./substitute.mjs";

const TIMEOUT_MS = 10_000; // testharness.js's own
const TIMEOUT_LONG_MS = 60_000;
const SLACK_MS = 20_000; // from the harness's timeout to the run's
const CPU_MS = 120_000;
const MEMORY_MB = 512; // a page may use more than a worker's default, and tests do
const TRIES_MAX = 12; // each brings what the one before lacked
const HARNESS = "resources/testharness.js";
const ALIASES = { "resources/WebIDLParser.js": "resources/webidl2/lib/webidl2.js" }; // wptserve's rewrites
const STATUS = ["pass", "fail", "timeout", "notrun", "optional"];
const HARNESS_STATUS = ["ok", "error", "timeout", "optional"];

const guest = readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), "guest.js"), "utf8");
const MAIN = `import scripts from "./scripts.cjs"; import start from "./guest.cjs"; import input from "./input.json";
export default { fetch() { return start(scripts, input); } };`;

const normalized = (folder, name) => path.posix.normalize(name.startsWith("/") ? name.slice(1) : path.posix.join(folder, name));

// The scripts that a test runs, by name: testharness.js, those of META, its own, and what its importScripts names.
function scriptsOf(root, { file, meta }) {
  const folder = path.posix.dirname(file);
  const found = new Map();
  const add = (name) => {
    const at = ALIASES[name] ?? name;
    if (found.has(name) || !existsSync(path.join(root, at))) return;
    const source = readFileSync(path.join(root, at), "utf8");
    const text = /\.sub\./.test(name) ? substitute(source, null) : source;
    found.set(name, text);
    for (const [, list] of text.matchAll(/\bimportScripts\(([^)]*)\)/g)) {
      for (const [, url] of list.matchAll(/["'`]([^"'`]+)["'`]/g)) add(normalized(folder, url));
    }
  };
  const isWorker = /\.worker\.js$/.test(file);
  const order = [...(isWorker ? [] : [HARNESS, ...meta.scripts.map((name) => normalized(folder, name))]), file];
  if (isWorker) add(HARNESS);
  order.forEach(add);
  return { order: order.filter((name) => found.has(name)), lost: order.filter((name) => !found.has(name)), scripts: [...found].map(([name, text]) => ({ name, text })) };
}

// What tests may reach: our server, as the hosts and ports that they know.
const policyTo = (port) => ({
  rules: [{
    match: { host: [HOST, OTHER_HOST, `*.${HOST}`, `*.${OTHER_HOST}`], port: Object.values(PORTS).flat() },
    action: { rewrite: { scheme: "http", host: "127.0.0.1", port } }, allowHttp: true, addresses: ["127.0.0.1/32"],
  }],
});

class Runner {
  constructor(root, daemon, port) {
    this.root = path.resolve(root);
    this.daemon = daemon;
    this.policy = policyTo(port);
  }

  async run(test) {
    const result = { test: test.file + test.variant, file: test.file, variant: test.variant, status: "error", message: undefined, subtests: [] };
    const { order, lost, scripts } = scriptsOf(this.root, test);
    if (lost.length > 0) return { ...result, message: `${lost.join(", ")}: not in the checkout` };
    const evals = new Set();
    for (let round = 0; round < TRIES_MAX; round++) {
      const answer = await this.#post(test, { order, scripts, evals, isLast: round + 1 === TRIES_MAX });
      if (answer.response === undefined || answer.outcome !== "ok") {
        return { ...result, status: answer.outcome === "exception" ? "error" : answer.outcome ?? "error", message: answer.error?.message ?? answer.detail };
      }
      const body = JSON.parse(answer.response.body);
      if (body.missing.length > 0 && round + 1 < TRIES_MAX) {
        for (const text of body.missing) evals.add(text);
        continue;
      }
      return {
        ...result, status: HARNESS_STATUS[body.status.status], message: body.status.message ?? undefined,
        subtests: body.tests.map(({ name, status, message }) => ({ name, status: STATUS[status], message })),
      };
    }
  }

  async #post({ file, variant, meta }, { order, scripts, evals, isLast }) {
    const timeoutMs = meta.isLong ? TIMEOUT_LONG_MS : TIMEOUT_MS;
    const input = { address: `${originOf(file)}/${file.replace(/\.js$/, ".worker.html")}${variant}`, order, timeoutMs, isLast };
    return this.daemon.run({
      mainModule: "main.js",
      globalOutbound: this.policy,
      modules: { "main.js": MAIN, "guest.cjs": { cjs: guest }, "scripts.cjs": { cjs: moduleOfScripts(scripts, evals) }, "input.json": { json: input } },
    }, { limits: { cpuMs: CPU_MS }, fields: { limits: { wallMs: timeoutMs + SLACK_MS, cpuMs: CPU_MS, memoryMb: MEMORY_MB } } });
  }
}

// Results in the order of |tests|: {test, file, variant, status, message, subtests: [{name, status, message}]}.
export async function runTests(root, tests, { jobs, skip }) {
  const daemon = await Daemon.start({ config: { limits: { memoryMb: MEMORY_MB, cpuMs: CPU_MS, wallMs: TIMEOUT_LONG_MS + SLACK_MS, responseBytes: 64 << 20 } } });
  const server = await serve(root);
  const runner = new Runner(root, daemon, server.port);
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < tests.length) {
      const index = next++;
      const test = tests[index];
      results[index] = skip(test.file + test.variant)
        ? { test: test.file + test.variant, file: test.file, variant: test.variant, status: "skip", subtests: [] } : await runner.run(test);
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    await daemon.stop();
    await server.close();
  }
  return results;
}
