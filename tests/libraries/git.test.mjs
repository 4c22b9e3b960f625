// git.test.mjs - isomorphic-git as npm has it, in workers, on a workspace by node:fs: a repository of its own, one that outlives runs, and
// clone, fetch and push over the outbound to git's own server, whose password the worker never has.
import { test, before, after } from "node:test";
import { createRequire } from "node:module";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { GitServer } from "../lib/git-server.mjs";
import { Authority, closeAll, policy, rule } from "../lib/upstream.mjs";
import { Workspace, mounted } from "../lib/workspace.mjs";

const npm = process.env.MF_LIBRARIES_NPM ?? path.resolve("build/deps/npm-libraries/node_modules");
const esbuild = createRequire(path.join(npm, "noop.js"))("esbuild");
const PASSWORD = "cAnArY-9f8e7d6c5b4a";

// As wrangler does it: what a CommonJS package requires of Node is imported.
const builtins = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /^(node:)?(buffer|crypto)$/ }, ({ path: name, kind }) => (kind === "require-call" ? { path: name.replace("node:", ""), namespace: "builtin" } : { path: name, external: true }));
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path: name }) => ({ contents: `import it from "node:${name}"; module.exports = it;`, resolveDir: npm }));
  },
};

let daemon, ca, server, library;
before(async () => {
  ca = new Authority();
  daemon = await Daemon.start({ config: { outbound: { caFile: ca.file } } });
  server = await GitServer.start(ca, { username: "robot", password: PASSWORD });
  const response = await fetch(`${daemon.url}/v1/secrets/git`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ kind: "basic", username: "robot", password: PASSWORD, hosts: ["localhost:*"] }) });
  assert.ok(response.ok, await response.text());
  library = (await esbuild.build({
    stdin: { contents: `export { default as git } from "isomorphic-git"; export { default as http } from "isomorphic-git/http/web";`, resolveDir: npm }, nodePaths: [npm], plugins: [builtins],
    bundle: true, write: false, format: "esm", target: "es2022", conditions: ["workerd", "worker", "browser"], mainFields: ["browser", "module", "main"], external: ["node:*"], logLevel: "silent",
  })).outputFiles[0].text;
});
after(async () => {
  assert.doesNotMatch(daemon.lines.join("\n"), /cAnArY/, "no log line has it");
  const end = await daemon.stop();
  server.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

// |body| with git, http, fs and |author|; what it returns.
async function run(workspace, body, outbound = null) {
  const main = `import fs from "node:fs"; import { git, http } from "./library.js"; const author = { name: "Ada", email: "ada@example.com" }, dir = "/repo";
    export default { async fetch() { return Response.json(await (async () => { ${body} })()); } };`;
  const answer = await daemon.run({ mainModule: "main.js", modules: { "main.js": main, "library.js": library } }, { ...mounted([{ name: workspace.name }]), code: { globalOutbound: outbound }, limits: { wallMs: 60_000, cpuMs: 30_000 } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  assert.doesNotMatch(JSON.stringify(answer), /cAnArY/, "nothing of the password comes back");
  return JSON.parse(answer.response.body);
}

test("init, add, commit, log, status, branch, checkout, across runs", async () => {
  const workspace = await Workspace.make(daemon.url, "own");
  const first = await run(workspace, `await git.init({ fs, dir, defaultBranch: "main" });
    await fs.promises.writeFile(dir + "/README.md", "# hello\\n"); await fs.promises.mkdir(dir + "/src"); await fs.promises.writeFile(dir + "/src/a.js", "one\\n");
    const before = await git.statusMatrix({ fs, dir }); await git.add({ fs, dir, filepath: "." }); const oid = await git.commit({ fs, dir, message: "first", author });
    return { before, oid, after: await git.statusMatrix({ fs, dir }) };`);
  assert.deepEqual(first.before, [["README.md", 0, 2, 0], ["src/a.js", 0, 2, 0]]);
  assert.deepEqual(first.after, [["README.md", 1, 1, 1], ["src/a.js", 1, 1, 1]]);

  const second = await run(workspace, `await git.branch({ fs, dir, ref: "feature", checkout: true }); await fs.promises.writeFile(dir + "/src/a.js", "two\\n"); await fs.promises.unlink(dir + "/README.md");
    const status = [await git.status({ fs, dir, filepath: "src/a.js" }), await git.status({ fs, dir, filepath: "README.md" })]; await git.add({ fs, dir, filepath: "src/a.js" }); await git.remove({ fs, dir, filepath: "README.md" });
    await git.commit({ fs, dir, message: "second", author }); const log = (await git.log({ fs, dir })).map(({ commit }) => commit.message); await git.checkout({ fs, dir, ref: "main" });
    return { status, log, main: [await fs.promises.readFile(dir + "/src/a.js", "utf8"), fs.existsSync(dir + "/README.md")], branches: await git.listBranches({ fs, dir }), current: await git.currentBranch({ fs, dir }) };`);
  assert.deepEqual(second, { status: ["*modified", "*deleted"], log: ["second\n", "first\n"], main: ["one\n", true], branches: ["feature", "main"], current: "main" });

  const third = await run(workspace, `await git.checkout({ fs, dir, ref: "feature" }); const m = await git.merge({ fs, dir, ours: "main", theirs: "feature", author }); return [await fs.promises.readFile(dir + "/src/a.js", "utf8"), fs.existsSync(dir + "/README.md"), m.fastForward];`);
  assert.deepEqual(third, ["two\n", false, true]);
  assert.equal(await workspace.text("/repo/src/a.js"), "two\n", "and it is there for everybody");
  assert.match(await workspace.text("/repo/.git/HEAD"), /refs\/heads\/feature/);
});

test("push, clone and fetch with a password that the daemon adds", async () => {
  const outbound = policy(rule({ match: { host: ["localhost"] }, action: { inject: [{ secret: "git" }] }, rule: { allowHttp: undefined } }));
  const one = await Workspace.make(daemon.url, "one");
  const pushed = await run(one, `await git.init({ fs, dir, defaultBranch: "main" }); for (let i = 0; i < 30; i++) await fs.promises.writeFile(dir + "/f" + i, "content " + i + "\\n".repeat(i));
    await git.add({ fs, dir, filepath: "." }); const oid = await git.commit({ fs, dir, message: "from a worker", author }); await git.addRemote({ fs, dir, remote: "origin", url: ${JSON.stringify(server.url)} });
    const result = await git.push({ fs, http, dir, remote: "origin", ref: "main" }); return { oid, ok: result.ok, config: fs.readFileSync(dir + "/.git/config", "utf8") };`, outbound);
  assert.equal(pushed.ok, true);
  assert.equal(server.inside("rev-parse", "main"), pushed.oid, "git's own server has the commit");
  assert.equal(server.inside("show", "main:f3"), "content 3");
  assert.equal(server.inside("fsck", "--full"), "");

  const two = await Workspace.make(daemon.url, "two");
  const cloned = await run(two, `await git.clone({ fs, http, dir, url: ${JSON.stringify(server.url)}, ref: "main", singleBranch: true }); await fs.promises.appendFile(dir + "/f1", "more\\n"); await git.add({ fs, dir, filepath: "f1" }); const oid = await git.commit({ fs, dir, message: "again", author });
    await git.push({ fs, http, dir, remote: "origin", ref: "main" }); return { oid, log: (await git.log({ fs, dir })).map(({ commit }) => commit.message), files: fs.readdirSync(dir).length, clean: (await git.statusMatrix({ fs, dir })).every(([, a, b, c]) => a === 1 && b === 1 && c === 1) };`, outbound);
  assert.deepEqual({ ...cloned, oid: 0 }, { oid: 0, log: ["again\n", "from a worker\n"], files: 31, clean: true });
  assert.equal(server.inside("rev-parse", "main"), cloned.oid);

  const pulled = await run(one, `await git.pull({ fs, http, dir, ref: "main", singleBranch: true, author }); return [await git.resolveRef({ fs, dir, ref: "main" }), fs.readFileSync(dir + "/f1", "utf8")];`, outbound);
  assert.deepEqual(pulled, [cloned.oid, "content 1\nmore\n"]);
  assert.ok(server.requests.every(({ authorization }) => authorization?.startsWith("Basic ")), "each request came with the password");
});

test("without it the server refuses, and a worker without an outbound reaches nobody", async () => {
  const workspace = await Workspace.make(daemon.url, "three");
  const clone = `return git.clone({ fs, http, dir, url: ${JSON.stringify(server.url)} }).then(() => "cloned", (error) => [error.code, error.message]);`;
  const open = await run(workspace, clone, policy(rule({ match: { host: ["localhost"] }, rule: { allowHttp: undefined } })));
  assert.equal(open[0], "HttpError");
  assert.match(open[1], /401/);
  const closed = await run(workspace, clone);
  assert.notEqual(closed, "cloned");
});
