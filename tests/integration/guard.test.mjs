// guard.test.mjs - a daemon without tokens answers nobody but this machine: wide binds, foreign Hosts and Origins are refused.
import { test } from "node:test";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { Daemon, raw, worker, assert, binDir } from "../lib/mayfly.mjs";

test("Host must name this daemon (DNS rebinding)", async () => {
  const daemon = await Daemon.start({ config: { hosts: ["mayfly.internal"] } });
  const ask = async (host, more = "") => Number(/^HTTP\/1\.1 (\d+)/.exec(await raw(daemon.url, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`))[1]);
  const port = new URL(daemon.url).port;
  for (const host of [`127.0.0.1:${port}`, "localhost", `[::1]:${port}`, "127.9.8.7", "mayfly.internal:80"]) assert.equal(await ask(host), 200, host);
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "1.2.3.4", "127.0.0.256", "127.0.0", "localhost:x", "[::1", "127.0.0.1:1:2"]) assert.notEqual(await ask(host), 200, host);
  assert.equal(await ask("localhost", "Origin: http://localhost\r\n"), 200);
  for (const origin of ["http://evil.example", "null", "http://localhost:1", "https://localhost", "http://localhost.evil.example"]) assert.equal(await ask("localhost", `Origin: ${origin}\r\n`), 403, origin);
  await daemon.stop();
});

test("origins in the config may call", async () => {
  const daemon = await Daemon.start({ config: { origins: ["https://app.example"] } });
  const response = await daemon.runSource(worker("return new Response('ok')"), { headers: { origin: "https://app.example" } });
  assert.equal(response.status, 200);
  await daemon.stop();
});

for (const listen of ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"]) {
  test(`a bind to ${listen} is refused with a clear message`, () => {
    const end = spawnSync(path.join(binDir, "mayflyd"), ["--listen", listen, "--check"], { encoding: "utf8", timeout: 20_000 });
    assert.equal(end.status, 1); // What --check says of a config that is wrong.
    assert.match(end.stderr, /loopback|token/);
  });
}
