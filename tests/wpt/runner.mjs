// runner.mjs - runs tests in a real mayflyd: POST /v1/run for each, with testharness.js and the test's scripts in the bundle.
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon } from "../lib/mayfly.mjs";
import { moduleOfScripts } from "./script.mjs";

const TIMEOUT_MS = 10_000; // testharness.js's own
const TIMEOUT_LONG_MS = 60_000;
const SLACK_MS = 20_000; // from the harness's timeout to the run's
const CPU_MS = 120_000;
const MEMORY_MB = 512; // a page may use more than a worker's default, and tests do
const TRIES_MAX = 12; // each brings what the one before lacked
const FILE_BYTES_MAX = 8 << 20;
const ORIGIN = "http://web-platform.test:8000";
const HARNESS = "resources/testharness.js";
const ALIASES = { "resources/WebIDLParser.js": "resources/webidl2/lib/webidl2.js" }; // wptserve's rewrites
const STATUS = ["pass", "fail", "timeout", "notrun", "optional"];
const HARNESS_STATUS = ["ok", "error", "timeout", "optional"];

const guest = readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), "guest.js"), "utf8");
const MAIN = `import scripts from "./scripts.cjs"; import start from "./guest.cjs"; import input from "./input.json";
export default { fetch() { return start(scripts, input); } };`;

const normalized = (folder, name) => path.posix.normalize(name.startsWith("/") ? name.slice(1) : path.posix.join(folder, name));

function substituted(name, text) {
  if (!/\.sub\./.test(name)) return text;
  const values = { "host": "web-platform.test", "ports[http][0]": "8000", "ports[http][1]": "8001", "ports[https][0]": "8443", "ports[ws][0]": "8666", "ports[wss][0]": "8667" };
  return text.replace(/\{\{([^{}]+)\}\}/g, (whole, key) => values[key] ?? (/^(domains|hosts)\[/.test(key) ? "web-platform.test" : whole));
}

// The scripts that a test runs, by name: testharness.js, those of META, its own, and what its importScripts names.
function scriptsOf(root, { file, meta }) {
  const folder = path.posix.dirname(file);
  const found = new Map();
  const add = (name) => {
    const at = ALIASES[name] ?? name;
    if (found.has(name) || !existsSync(path.join(root, at))) return;
    const text = substituted(name, readFileSync(path.join(root, at), "utf8"));
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

function dataOf(root, name) {
  const at = path.join(root, name);
  if (/\.(py|asis|headers)$/.test(name) || !at.startsWith(path.resolve(root)) || !existsSync(at) || !statSync(at).isFile() || statSync(at).size > FILE_BYTES_MAX) return null;
  const bytes = readFileSync(at);
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString("base64") };
}

class Runner {
  constructor(root, daemon) {
    this.root = path.resolve(root);
    this.daemon = daemon;
  }

  async run(test) {
    const result = { test: test.file + test.variant, file: test.file, variant: test.variant, status: "error", message: undefined, subtests: [] };
    const { order, lost, scripts } = scriptsOf(this.root, test);
    if (lost.length > 0) return { ...result, message: `${lost.join(", ")}: not in the checkout` };
    const files = {};
    const evals = new Set();
    for (let round = 0; round < TRIES_MAX; round++) {
      const answer = await this.#post(test, { order, scripts, files, evals, isLast: round + 1 === TRIES_MAX });
      if (answer.response === undefined || answer.outcome !== "ok") {
        return { ...result, status: answer.outcome === "exception" ? "error" : answer.outcome ?? "error", message: answer.error?.message ?? answer.detail };
      }
      const body = JSON.parse(answer.response.body);
      if (body.missing.files.length + body.missing.evals.length > 0 && round + 1 < TRIES_MAX) {
        for (const name of body.missing.files) files[name] = dataOf(this.root, name);
        for (const text of body.missing.evals) evals.add(text);
        continue;
      }
      return {
        ...result, status: HARNESS_STATUS[body.status.status], message: body.status.message ?? undefined,
        subtests: body.tests.map(({ name, status, message }) => ({ name, status: STATUS[status], message })),
      };
    }
  }

  async #post({ file, variant, meta }, { order, scripts, files, evals, isLast }) {
    const timeoutMs = meta.isLong ? TIMEOUT_LONG_MS : TIMEOUT_MS;
    const input = { address: `${ORIGIN}/${file.replace(/\.js$/, ".worker.html")}${variant}`, files, order, timeoutMs, isNetworked: false, isLast };
    return this.daemon.run({
      mainModule: "main.js",
      modules: { "main.js": MAIN, "guest.cjs": { cjs: guest }, "scripts.cjs": { cjs: moduleOfScripts(scripts, evals) }, "input.json": { json: input } },
    }, { limits: { cpuMs: CPU_MS }, fields: { limits: { wallMs: timeoutMs + SLACK_MS, cpuMs: CPU_MS, memoryMb: MEMORY_MB } } });
  }
}

// Results in the order of |tests|: {test, file, variant, status, message, subtests: [{name, status, message}]}.
export async function runTests(root, tests, { jobs, skip }) {
  const daemon = await Daemon.start({ config: { limits: { memoryMb: MEMORY_MB, cpuMs: CPU_MS, wallMs: TIMEOUT_LONG_MS + SLACK_MS, responseBytes: 64 << 20 } } });
  const runner = new Runner(root, daemon);
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
  }
  return results;
}
