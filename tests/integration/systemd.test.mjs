// systemd.test.mjs - what mayflyd and a service manager say to each other; tests/lib/manager.py is the manager.
import { test } from "node:test";
import { assert } from "../lib/mayfly.mjs";
import { Managed, get, isReady } from "../lib/managed.mjs";

test("it serves on the sockets that it is handed, and not on its own", async () => {
  const managed = new Managed({ sockets: ["127.0.0.1", "unix"] });
  const { ports: [port, socketPath] } = await managed.heard((one) => one.ports);
  await managed.heard(isReady);
  assert.equal(await get({ host: "127.0.0.1", port }), 200);
  assert.equal(await get({ socketPath, headers: { host: "localhost" } }), 200);
  const listening = managed.said.filter((one) => one.error?.includes("listening on")).map((one) => JSON.parse(one.error).msg);
  assert.deepEqual(listening, [`listening on http://127.0.0.1:${port}`, `listening on unix:${socketPath}`]);
  assert.equal(await managed.stop(), 0);
});

test("ready, draining and the watchdog are told, also by an abstract name", async () => {
  for (const abstract of [false, true]) {
    const managed = new Managed({ sockets: ["127.0.0.1"], watchdog_us: 100_000, abstract });
    await managed.heard(isReady);
    await managed.heard((one) => one.notice === "WATCHDOG=1");
    managed.signal("SIGTERM");
    await managed.heard((one) => one.notice?.startsWith("STOPPING=1\n"));
    assert.equal(await managed.stop(), 0);
    const order = managed.said.filter((one) => one.notice && one.notice !== "WATCHDOG=1").map((one) => one.notice.split("\n")[0]);
    assert.deepEqual(order, ["READY=1", "STOPPING=1"]);
  }
});

test("without a watchdog nothing is said of one, and sockets of another process are not taken", async () => {
  const managed = new Managed({ sockets: ["127.0.0.1"], pid_off: 1, args: ["--listen", "127.0.0.1:0"] });
  const { ports: [port] } = await managed.heard((one) => one.ports);
  await managed.heard(isReady);
  const own = JSON.parse((await managed.heard((one) => one.error?.includes("listening on"))).error).msg;
  assert.notEqual(own, `listening on http://127.0.0.1:${port}`);
  assert.equal(await managed.stop(), 0);
  assert.equal(managed.said.some((one) => one.notice === "WATCHDOG=1"), false);
});

test("a socket that others reach, or one that does not listen, stops the start", async () => {
  for (const [options, why] of [[{ sockets: ["0.0.0.0"] }, /can be reached from other machines/], [{ sockets: ["127.0.0.1"], deaf: true }, /is no socket that listens/]]) {
    const managed = new Managed(options);
    await managed.heard((one) => one.error && why.test(one.error));
    const { status } = await managed.heard((one) => one.status !== undefined);
    assert.equal(status, 1);
    assert.equal(managed.said.some(isReady), false);
    await managed.stop();
  }
});
