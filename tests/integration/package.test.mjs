// package.test.mjs - the Debian package: built, looked at by lintian, taken apart, and the daemon run out of it as its unit says.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, cpSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { Managed, isReady } from "../lib/managed.mjs";
import { assert, binDir } from "../lib/mayfly.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
// A package of programs with a sanitizer in them is none.
const skip = process.env.MF_TEST_JAIL === "none";
let dir, deb, out;
const run = (command, args, options = {}) => {
  const end = spawnSync(command, args, { encoding: "utf8", timeout: 240_000, ...options });
  if (end.error) throw end.error;
  assert.equal(end.status, 0, `${command}: ${end.stdout}${end.stderr}`);
  return end.stdout;
};

before(() => {
  if (skip) return;
  dir = mkdtempSync(path.join(tmpdir(), "mayfly-package-"));
  chmodSync(dir, 0o755);
  // gzip: xz takes a minute for V8.
  run("cpack", ["-G", "DEB", "-B", dir, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip"], { cwd: path.dirname(binDir) });
  deb = path.join(dir, readdirSync(dir).find((name) => name.endsWith(".deb")));
  out = path.join(dir, "out");
  run("dpkg-deb", ["-x", deb, out]);
});
after(() => { if (!skip) rmSync(dir, { recursive: true }); });

test("lintian finds neither errors nor warnings", { skip }, () => {
  run("lintian", ["--allow-root", "--no-cfg", "--fail-on", "error,warning", "--profile", "debian", deb], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
});

test("it depends on the libraries that the programs name, and asks before it replaces the config", { skip }, () => {
  const depends = run("dpkg-deb", ["-f", deb, "Depends"]);
  for (const library of ["libc6", "libuv1", "libssl3", "libsqlite3-0", "libseccomp2", "libcurl4", "libcjson1", "libc-ares2"]) assert.match(depends, new RegExp(`\\b${library}[a-z0-9]* \\(>= `), library);
  assert.equal(run("dpkg-deb", ["-I", deb, "conffiles"]), "/etc/mayfly/mayfly.json\n");
  for (const script of ["postinst", "prerm", "postrm"]) assert.equal(spawnSync("sh", ["-n"], { input: run("dpkg-deb", ["-I", deb, script]) }).status, 0, script);
});

test("what it has is where systemd, man and the shells look", { skip }, () => {
  for (const file of ["usr/lib/systemd/system/mayflyd.service", "usr/lib/systemd/system/mayflyd.socket", "usr/share/mayfly/systemd/outbound.conf", "usr/share/man/man8/mayflyd.8.gz", "usr/share/man/man1/mayfly.1.gz", "usr/share/man/man1/mayfly-fs.1.gz", "usr/share/man/man5/mayfly.json.5.gz",
    "usr/share/bash-completion/completions/mayfly", "usr/share/zsh/vendor-completions/_mayfly", "usr/share/fish/vendor_completions.d/mayfly.fish", "usr/share/doc/mayfly/copyright", "usr/share/doc/mayfly/config.md"]) assert.equal(statSync(path.join(out, file)).mode & 0o777, 0o644, file);
  assert.equal(spawnSync(path.join(out, "usr/bin/mayflyd"), ["--check", "--config", path.join(out, "etc/mayfly/mayfly.json")]).status, 0);
});

test("the daemon runs out of it as the unit says, and the client reaches it", { skip }, async () => {
  const managed = new Managed({ sockets: ["unix", "127.0.0.1"], config: {}, command: (state) => {
    chmodSync(state, 0o755);
    mkdirSync(path.join(state, "etc"));
    cpSync(path.join(out, "etc/mayfly"), path.join(state, "etc/mayfly"), { recursive: true });
    return ["python3", path.join(root, "tests/lib/unit.py"), path.join(out, "usr/lib/systemd/system/mayflyd.service"), "--", path.join(out, "usr/bin"), state];
  } });
  const { ports: [, port] } = await managed.heard((one) => one.ports);
  await managed.heard(isReady);
  const version = run(path.join(out, "usr/bin/mayfly"), ["version"]);
  assert.match(readFileSync(path.join(root, "CMakeLists.txt"), "utf8"), new RegExp(`VERSION ${version.trim().split(" ").pop().replaceAll(".", "\\.")} `));
  assert.equal(run(path.join(out, "usr/bin/mayfly"), ["run", "-", "--url", `http://127.0.0.1:${port}`], { input: "export default { fetch: (): Response => new Response('packaged') };" }), "packaged");
  assert.equal(await managed.stop(), 0);
});
