// packages.test.mjs - packages that people build workers of, unchanged, in workers of the real daemon. workers/<package>.js says what
// each must do; it is bundled into one module, or its package's own files are sent as the modules that they are.
import { test, before, after } from "node:test";
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Daemon, DATE, assert } from "../lib/mayfly.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const npm = process.env.MF_LIBRARIES_NPM ?? path.resolve("build/deps/npm-libraries/node_modules");
const require = createRequire(path.join(npm, "noop.js"));
const esbuild = require("esbuild");

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

// What wrangler gives to esbuild; |plugins| may make modules at build time.
async function bundle(contents, plugins = []) {
  const made = await esbuild.build({
    stdin: { contents, resolveDir: path.join(here, "workers"), sourcefile: "main.js" }, nodePaths: [npm], plugins,
    bundle: true, write: false, format: "esm", target: "es2022", conditions: ["workerd", "worker", "browser"], mainFields: ["browser", "module", "main"],
    external: ["node:*", "cloudflare:*"], logLevel: "silent", define: { "process.env.NODE_ENV": '"production"' },
  });
  return made.outputFiles[0].text;
}

const run = (modules, name = "") => daemon.run({ mainModule: "main.js", modules }, { request: { url: `https://library.test/?${encodeURIComponent(name)}` } });

// Each case of the worker is a subtest.
async function runCases(t, modules, least) {
  const list = await run(modules);
  assert.equal(list.outcome, "ok", JSON.stringify(list, null, 1));
  const names = JSON.parse(list.response.body);
  assert.ok(names.length >= least, `${names.length} cases`);
  for (const name of names) {
    await t.test(name, async () => {
      const answer = await run(modules, name);
      assert.equal(answer.outcome, "ok", JSON.stringify({ ...answer, id: undefined }, null, 1));
      assert.equal(answer.response.body, `passed: ${name}`);
      assert.deepEqual(answer.exceptions, []);
    });
  }
}

// "standalone:schemas": what Ajv makes of schemas.mjs, as code. A worker's handlers make none from strings.
const standalone = {
  name: "standalone",
  setup(build) {
    build.onResolve({ filter: /^standalone:/ }, ({ path: name }) => ({ path: name, namespace: "standalone" }));
    build.onLoad({ filter: /.*/, namespace: "standalone" }, async () => {
      const { default: schemas } = await import(pathToFileURL(path.join(here, "workers/schemas.mjs")));
      const ajv = new (require("ajv"))({ schemas, allErrors: true, useDefaults: true, code: { source: true, esm: true } });
      require("ajv-formats")(ajv);
      return { contents: require("ajv/dist/standalone").default(ajv, { order: "order", tree: "tree" }), resolveDir: npm };
    });
  },
};

for (const file of readdirSync(path.join(here, "workers")).filter((name) => name.endsWith(".js") && name !== "cases.js")) {
  test(path.basename(file, ".js"), async (t) => runCases(t, { "main.js": await bundle(readFileSync(path.join(here, "workers", file), "utf8"), [standalone]) }, 3));
}

// The files below |folder| of a package, as modules of |kind|, under their own names.
function filesOf(folder, kind, isWanted) {
  const modules = {};
  for (const name of readdirSync(path.join(npm, folder), { recursive: true }).filter(isWanted)) modules[`${folder}/${name}`] = { [kind]: readFileSync(path.join(npm, folder, name), "utf8") };
  return modules;
}

test("packages as the modules that they are, without a bundler", async (t) => {
  const isJs = (name) => name.endsWith(".js");
  const packages = {
    hono: [filesOf("hono/dist", "js", (name) => isJs(name) && !name.startsWith("cjs/")), `import { Hono } from "./hono/dist/index.js"; export default new Hono().get("/", (c) => c.text("unbundled"));`],
    zod: [filesOf("zod", "js", isJs), `import { z } from "./zod/index.js"; export default { fetch: () => new Response(z.string().parse("unbundled")) };`],
    "date-fns": [filesOf("date-fns", "js", isJs), `import { format } from "./date-fns/index.js"; export default { fetch: () => new Response(format(new Date(2026, 0, 31), "'unbundled'")) };`],
    yaml: [filesOf("yaml/dist", "cjs", isJs), `import YAML from "./yaml/dist/index.js"; export default { fetch: () => new Response(YAML.parse("- unbundled")[0]) };`],
  };
  for (const [name, [modules, main]] of Object.entries(packages)) {
    await t.test(`${name}: ${Object.keys(modules).length} modules`, async () => {
      assert.ok(Object.keys(modules).length > 40);
      const answer = await run({ "main.js": main, ...modules });
      assert.equal(answer.response?.body, "unbundled", JSON.stringify(answer, null, 1));
    });
  }
});
