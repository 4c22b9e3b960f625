// handover.test.mjs - a new daemon takes the old one's place on its sockets under load, and no request fails.
import http from "node:http";
import { test } from "node:test";
import { Managed, isReady } from "../lib/managed.mjs";
import { assert } from "../lib/mayfly.mjs";

const CLIENTS = 8;
const source = "export default { async fetch() { await new Promise((done) => setTimeout(done, 3)); return new Response('served'); } }";

// Sends until it is told to stop; what it got, and what went wrong.
function client(port, agent, state) {
  const once = () => new Promise((resolve) => {
    const request = http.request({ host: "127.0.0.1", port, path: "/v1/run", method: "POST", agent, headers: { "content-type": "text/javascript" } }, (response) => {
      let text = "";
      response.on("data", (piece) => { text += piece; });
      response.on("error", (error) => resolve(String(error)));
      response.on("end", () => resolve(response.statusCode === 200 ? text : `${response.statusCode} ${text}`));
    });
    const began = performance.now();
    // What it was, for whoever reads of a failure: how old its connection was, and how long it took to fail.
    request.on("error", (error) => resolve(`${error} (${request.reusedSocket ? "used" : "fresh"} connection from ${request.socket?.localPort}, after ${Math.round(performance.now() - began)} ms, ${Math.round(performance.now() - state.signalled)} ms behind the signal)`));
    request.end(source);
  });
  return (async () => {
    while (state.going) {
      const got = await once();
      if (got === "served") state.served++; else state.failed.push(got);
    }
  })();
}

for (const [name, overlap] of [["restarted as by systemctl restart, on the same state", false], ["beside the old one, which drains while the new one accepts", true]]) {
  test(`no request fails: ${name}`, async () => {
    const managed = new Managed({ config: {}, sockets: ["127.0.0.1"], next: true, overlap });
    const { ports: [port] } = await managed.heard((one) => one.ports);
    await managed.heard(isReady);
    const state = { going: true, served: 0, failed: [] };
    const kept = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
    const clients = Array.from({ length: CLIENTS }, (_, i) => client(port, i % 2 === 0 ? kept : false, state));
    const more = async (count) => { const least = state.served + count; while (state.served < least && state.failed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5)); };
    const readies = (count) => managed.heard(() => managed.said.filter(isReady).length >= count);
    await more(100);
    for (let round = 1; round <= (overlap ? 1 : 3); round++) {
      if (overlap) {
        managed.signal("NEXT");
        await readies(round + 1);
        state.signalled = performance.now();
        managed.signal("SIGTERM");
      } else {
        state.signalled = performance.now();
        managed.signal("SIGTERM");
        managed.signal("AFTER");
        await readies(round + 1);
      }
      await more(100);
    }
    state.going = false;
    await Promise.all(clients);
    kept.destroy();
    assert.equal(await managed.stop(), 0);
    assert.deepEqual(state.failed, []);
    assert.ok(managed.said.filter((one) => one.ended !== undefined).every((one) => one.ended === 0));
    console.log(`${state.served} requests over ${overlap ? 1 : 3} hand-overs, none failed`);
  });
}
