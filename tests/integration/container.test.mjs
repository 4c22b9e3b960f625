// container.test.mjs - packaging/container and packaging/kubernetes: read by linters, and what they put around the daemon put on for real, as far as that goes
// without a container engine: the user, the filter of system calls, no capabilities, the config of the image.
import { test, before, after } from "node:test";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assert, binDir } from "../lib/mayfly.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(path.join(process.env.MF_LINT_NPM ?? path.join(root, "build/deps/npm-lint/node_modules"), "tests.js"));
const read = (file) => readFileSync(path.join(root, file), "utf8");
const profile = JSON.parse(read("packaging/container/seccomp.json"));
const objects = require("yaml").parseAllDocuments(read("packaging/kubernetes/mayfly.yaml")).map((document) => { assert.deepEqual(document.errors, []); return document.toJS(); });
const of = (kind) => objects.find((object) => object.kind === kind);
const USER = 65532;
const isRoot = process.getuid() === 0 && process.env.MF_TEST_JAIL !== "none";

let dir;
before(() => { dir = mkdtempSync(path.join(tmpdir(), "mayfly-container-")); chmodSync(dir, 0o755); });
after(() => rmSync(dir, { recursive: true, force: true }));

test("the Containerfile is sound, and runs as the user that the manifest names", () => {
  const text = read("packaging/container/Containerfile");
  assert.deepEqual(require("dockerfile-utils").validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`), []);
  assert.match(text, new RegExp(`^USER ${USER}:${USER}$`, "m"));
  assert.equal(of("StatefulSet").spec.template.spec.securityContext.runAsUser, USER);
});

test("the manifests are what Kubernetes' schemas want, and name each other", async () => {
  const models = (version) => import(pathToFileURL(path.join(path.dirname(require.resolve("kubernetes-models/package.json")), version, "index.js")).href);
  const core = await models("v1");
  for (const object of objects) {
    const Model = (await models(object.apiVersion))[object.kind];
    assert.doesNotThrow(() => new Model(object).validate(), object.kind);
  }
  assert.throws(() => new (core.Service)({ spec: { ports: [{ port: "80" }] } }).validate(), "the schemas refuse what is wrong");
  const { spec: { serviceName, selector, template } } = of("StatefulSet");
  assert.equal(serviceName, of("Service").metadata.name);
  for (const labels of [template.metadata.labels, of("Service").spec.selector, of("NetworkPolicy").spec.podSelector.matchLabels]) assert.deepEqual(labels, selector.matchLabels);
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) assert.match(template.spec.containers[0][probe].httpGet.path, /^\/(readyz|healthz)$/);
  for (const { name } of template.spec.containers[0].volumeMounts) assert.ok([...template.spec.volumes, { name: of("StatefulSet").spec.volumeClaimTemplates[0].metadata.name }].some((volume) => volume.name === name), name);
});

test("the restricted Pod Security Standard, by its own list", () => {
  const { spec } = of("StatefulSet").spec.template;
  for (const { securityContext } of spec.containers) assert.deepEqual(securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } });
  assert.deepEqual([spec.securityContext.runAsNonRoot, spec.securityContext.seccompProfile.type, spec.hostNetwork, spec.hostPID, spec.hostIPC, spec.automountServiceAccountToken], [true, "Localhost", undefined, undefined, undefined, false]);
  assert.ok(spec.volumes.every((volume) => "secret" in volume));
});

test("the profile lets the jail be put on, and nothing that a daemon has no use for", () => {
  const allowed = new Set(profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW").flatMap(({ names }) => names));
  for (const name of ["ptrace", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "kexec_load", "init_module", "finit_module", "io_uring_setup", "process_vm_readv", "pidfd_getfd", "reboot", "swapon", "setns", "open_by_handle_at", "fsopen", "move_mount", "quotactl", "sethostname", "settimeofday"]) assert.ok(!allowed.has(name), name);
  assert.equal(profile.syscalls.flatMap(({ names }) => names).length, new Set(profile.syscalls.flatMap(({ names }) => names)).size);
  assert.deepEqual(profile.syscalls.find(({ errnoRet }) => errnoRet === 38).names, ["clone3"]); // glibc goes on with clone, whose flags a filter can see
});

// The daemon of the image: its config, with a port, a state directory and a token of the test's own.
function start(profileFile) {
  const bin = path.join(dir, "bin");
  mkdirSync(bin, { recursive: true });
  for (const program of ["mayflyd", "mayfly-executor"]) copyFileSync(path.join(binDir, program), path.join(bin, program));
  const own = mkdtempSync(path.join(dir, "own-"));
  const config = JSON.parse(read("packaging/container/mayfly.json"));
  assert.deepEqual([config.listen, config.stateDir, config.auth.adminTokenFile], [["0.0.0.0:8787"], "/var/lib/mayfly", "/run/secrets/mayfly/admin-token"]);
  writeFileSync(path.join(own, "admin-token"), "an-admin-token-of-the-test-0123456789\n", { mode: 0o400 });
  Object.assign(config, { listen: ["127.0.0.1:0"], stateDir: path.join(own, "state"), auth: { adminTokenFile: path.join(own, "admin-token") } });
  mkdirSync(config.stateDir, { mode: 0o700 });
  writeFileSync(path.join(own, "mayfly.json"), JSON.stringify(config));
  for (const file of [own, config.stateDir, path.join(own, "admin-token"), path.join(own, "mayfly.json")]) chownSync(file, USER, USER);
  const child = spawn("python3", [path.join(root, "tests/lib/container.py"), profileFile, String(USER), path.join(bin, "mayflyd"), "--config", path.join(own, "mayfly.json")], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const url = new Promise((resolve, reject) => {
    child.stderr.on("data", (chunk) => { said += chunk; const found = /listening on (http:\/\/[0-9.:]+)/.exec(said); if (found) resolve(found[1]); });
    child.on("close", (code) => reject(Object.assign(new Error(`exit ${code}: ${said}`), { code, said })));
  });
  return { child, url };
}

test("under profile, user and config of the image all layers of the jail are in force, and code runs", { skip: !isRoot && "needs root" }, async () => {
  const { child, url } = start(path.join(root, "packaging/container/seccomp.json"));
  try {
    const at = await url;
    for (let i = 0; (await fetch(`${at}/readyz`)).status !== 200 && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    const headers = { authorization: "Bearer an-admin-token-of-the-test-0123456789" };
    const health = await (await fetch(`${at}/healthz`, { headers })).json();
    assert.equal(health.jail.layers.length, 14);
    assert.deepEqual(Object.keys(await (await fetch(`${at}/healthz`)).json()).sort(), ["status", "version"]);
    const answer = await fetch(`${at}/v1/run`, { method: "POST", headers: { ...headers, "content-type": "text/javascript", host: "mayfly.mayfly.svc" }, body: "export default { fetch: () => new Response('contained') }" });
    assert.equal(await answer.text(), "contained");
  } finally {
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  }
});

test("under a profile as RuntimeDefault's it does not start, and says what is missing", { skip: !isRoot && "needs root" }, async () => {
  const without = structuredClone(profile);
  for (const rule of without.syscalls) rule.names = rule.names.filter((name) => !["unshare", "mount", "umount2", "pivot_root"].includes(name));
  writeFileSync(path.join(dir, "default.json"), JSON.stringify(without));
  await assert.rejects(start(path.join(dir, "default.json")).url, ({ code, said }) => { assert.equal(code, 1, said); assert.match(said, /namespace|mount|root/); return true; });
});

test("cmake --install puts a daemon in a folder that runs from there", () => {
  const to = path.join(dir, "installed");
  const end = spawnSync("cmake", ["--install", path.dirname(binDir), "--prefix", "/usr"], { env: { ...process.env, DESTDIR: to }, encoding: "utf8" });
  assert.equal(end.status, 0, end.stderr);
  assert.match(spawnSync(path.join(to, "usr/bin/mayflyd"), ["--version"], { encoding: "utf8" }).stdout, /mayflyd/);
});
