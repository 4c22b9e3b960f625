// idempotency.test.mjs - a POST with an Idempotency-Key is done once, and who asks again gets the answer that there was.
import { test, before, after } from "node:test";
import { randomUUID } from "node:crypto";
import { DATE, assert, http } from "../lib/mayfly.mjs";
import { refused, startWithTokens } from "../lib/tenants.mjs";

let daemon, token, other, second;
before(async () => {
  daemon = await startWithTokens();
  for (const name of ["a", "b"]) await daemon.tenant(name);
  const scopes = ["run", "workspaces", "tokens", "workers", "usage"];
  [token, other, second] = [(await daemon.token(scopes, "a")).token, (await daemon.token(scopes, "b")).token, (await daemon.token(scopes, "a")).token];
  for (const one of [token, other]) await daemon.as(one, "/v1/workspaces/w", { method: "PUT", body: {} });
});
after(() => daemon.stop());

const post = (where, key, body, { as = token, headers = {} } = {}) => daemon.as(as, where, { method: "POST", body, headers: { ...(key ? { "idempotency-key": key } : {}), ...headers } });
const random = { code: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": "export default { fetch: () => new Response(crypto.randomUUID(), { status: 201, headers: { 'x-own': '1' } }) }" } } };
const head = (response) => [response.status, response.headers.get("content-type"), response.headers.get("x-own"), response.headers.get("idempotency-replayed")];

test("a run: the same answer, from one run", async () => {
  const key = randomUUID();
  const first = await post("/v1/run", key, random, { headers: { accept: "text/plain" } });
  const text = await first.text(); // Before that it may be under way.
  const again = await post("/v1/run", key, random, { headers: { accept: "text/plain" } });
  assert.deepEqual(head(first), [201, "text/plain;charset=UTF-8", "1", null]);
  assert.deepEqual(head(again), [201, "text/plain;charset=UTF-8", "1", "true"]);
  assert.equal(first.headers.get("mayfly-run-id"), again.headers.get("mayfly-run-id"));
  assert.equal(await again.text(), text);
  assert.notEqual(await (await post("/v1/run", randomUUID(), random, { headers: { accept: "text/plain" } })).text(), text);
  const { rows } = await (await daemon.as(token, "/v1/usage")).json();
  assert.equal(rows[0].invocations, 2);
  // The envelope of another Accept is another request.
  await refused(await post("/v1/run", key, random), 422, "idempotency.body");
});

test("another body, another target: 422, and nothing is done", async () => {
  const key = randomUUID();
  const ops = (name) => ({ ops: [{ op: "mkdir", path: `/${name}` }] });
  assert.equal((await post("/v1/workspaces/w/ops", key, ops("one"))).status, 200);
  await refused(await post("/v1/workspaces/w/ops", key, ops("two")), 422, "idempotency.body");
  await refused(await post("/v1/workspaces/w/ops?x=1", key, ops("one")), 422, "idempotency.body");
  await refused(await post("/v1/workspaces/w/snapshots", key, { name: "s" }), 422, "idempotency.body");
  const replayed = await post("/v1/workspaces/w/ops", key, ops("one"));
  assert.deepEqual([replayed.status, replayed.headers.get("idempotency-replayed")], [200, "true"]);
  const { entries } = await (await daemon.as(token, "/v1/workspaces/w/list")).json();
  assert.deepEqual(entries.map((entry) => entry.path), ["/one"]);
  // A refusal is an answer too.
  const bad = randomUUID();
  for (const expected of [null, "true"]) {
    const response = await post("/v1/workspaces/w/ops", bad, { ops: [{ op: "what" }] });
    assert.equal(response.headers.get("idempotency-replayed"), expected);
    await refused(response, 400, "api.field");
  }
});

test("a token is made once, and shown to whoever made it", async () => {
  const key = randomUUID();
  const make = (as) => post("/v1/tokens", key, { name: "x", scopes: ["run"] }, { as });
  const [first, again] = [await (await make(token)).json(), await (await make(token)).json()];
  assert.deepEqual(again, first);
  // The same key of another token or tenant is another one.
  for (const as of [second, other]) assert.notEqual((await (await make(as)).json()).id, first.id);
});

test("while the first is under way: 409; when it did not come to an answer, it is done again", async () => {
  const key = randomUUID();
  const slow = { code: { ...random.code, modules: { "a.js": "export default { fetch: async () => { await new Promise((resolve) => setTimeout(resolve, 1500)); return new Response('late'); } }" } } };
  const controller = new AbortController();
  const first = daemon.as(token, "/v1/run", { method: "POST", body: slow, headers: { "idempotency-key": key }, signal: controller.signal }).catch(() => "gone");
  await daemon.until(async () => (await (await daemon.admin("/healthz")).json()).runs.active === 1);
  const beside = await post("/v1/run", key, slow);
  assert.ok(Number(beside.headers.get("retry-after")) >= 1);
  await refused(beside, 409, "idempotency.in_flight");
  controller.abort(); // The run is canceled with its client.
  assert.equal(await first, "gone");
  const again = await daemon.until(async () => { const response = await post("/v1/run", key, slow); return response.status === 200 && response; });
  assert.equal(again.headers.get("idempotency-replayed"), null);
  assert.equal((await again.json()).response.body, "late");
});

test("who loses the connection finds out what became of it: a change of the store is made once", async () => {
  const { hostname, port } = new URL(daemon.url);
  const lose = (where, key, body) => new Promise((resolve) => {
    const request = http.request({ hostname, port, path: where, method: "POST", agent: false, headers: { authorization: `Bearer ${token}`, accept: "*/*", "content-type": "application/json", "idempotency-key": key } });
    request.on("error", resolve);
    request.on("response", (response) => { response.destroy(); resolve(); });
    request.end(JSON.stringify(body), () => request.destroy());
  });
  for (let i = 0; i < 20; i++) {
    for (const [where, body, status] of [["/v1/tokens", { name: `lost${i}`, scopes: ["run"] }, 201], ["/v1/workspaces/w/ops", { ops: [{ op: "append", path: "/log", text: "x" }] }, 200]]) {
      const key = randomUUID();
      await lose(where, key, body);
      await daemon.until(async () => { const answer = await post(where, key, body); assert.ok([status, 409].includes(answer.status), await answer.clone().text()); return answer.status === status; });
    }
  }
  const { tokens } = await (await daemon.as(token, "/v1/tokens?limit=1000")).json();
  assert.deepEqual(tokens.map(({ name }) => name).filter((name) => name.startsWith("lost")).sort(), [...Array(20)].map((_, i) => `lost${i}`).sort());
  assert.equal(await (await daemon.as(token, "/v1/workspaces/w/files/log")).text(), "x".repeat(20));
});

test("a body that comes in pieces is compared whole", async () => {
  const key = randomUUID();
  const { hostname, port } = new URL(daemon.url);
  const send = (pieces) => new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: "/v1/run", method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "text/javascript", "idempotency-key": key } }, (response) => {
      response.resume();
      response.on("end", () => resolve([response.statusCode, response.headers["idempotency-replayed"]]));
    });
    request.on("error", reject);
    for (const piece of pieces) request.write(piece);
    request.end();
  });
  const source = "export default { fetch: () => new Response('x') } // " + "y".repeat(200_000);
  assert.deepEqual(await send([source]), [200, undefined]);
  assert.deepEqual(await send(source.match(/[^]{1,30000}/g)), [200, "true"]);
  assert.deepEqual(await send([source, "z"]), [422, undefined]);
});

test("what is no key is refused; other methods do not have any", async () => {
  for (const key of [" ", "a b", "x".repeat(256)]) {
    const response = await post("/v1/run", key.trim() === "" ? "\t" : key, random);
    if (key.trim() !== "") await refused(response, 400, "idempotency.key");
  }
  const key = "kept";
  for (let i = 0; i < 2; i++) assert.equal((await daemon.as(token, "/v1/workers", { headers: { "idempotency-key": key } })).headers.get("idempotency-replayed"), null);
});

test("what is too large, or a stream, is not kept", async () => {
  const key = randomUUID();
  const large = { code: { ...random.code, modules: { "a.js": "export default { fetch: () => new Response('x'.repeat(2_000_000)) }" } } };
  for (let i = 0; i < 2; i++) {
    const response = await post("/v1/run", key, large, { headers: { accept: "text/plain" } });
    assert.equal(response.headers.get("idempotency-replayed"), null);
    assert.equal((await response.text()).length, 2_000_000);
  }
  const stream = randomUUID();
  for (let i = 0; i < 2; i++) {
    const response = await post("/v1/executions", stream, { code: "async () => 1" }, { headers: { accept: "application/x-ndjson" } });
    assert.equal(response.headers.get("idempotency-replayed"), null);
    assert.match(await response.text(), /"done"/);
  }
  const once = randomUUID();
  const [first, again] = [await post("/v1/executions", once, { code: "async () => Math.random()" }), await post("/v1/executions", once, { code: "async () => Math.random()" })];
  assert.equal(await first.text(), await again.text());
});
