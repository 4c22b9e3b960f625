import assert from "node:assert/strict";
import { AutoRouter, Router, cors, error, json, status, text, withContent, withCookies, withParams } from "itty-router";
import { worker } from "./cases.js";

const { preflight, corsify } = cors({ origin: "https://app.example", allowMethods: ["GET", "POST"] });
const router = AutoRouter({ before: [preflight], finally: [corsify] });
router.get("/hello/:name", ({ name }) => `Hello ${name}`).get("/files/:path+", ({ path }) => path).get("/opt/:a?", ({ a, query }) => ({ a: a ?? null, query }))
  .post("/echo", withContent, ({ content }) => content).get("/cookies", withCookies, ({ cookies }) => cookies).get("/teapot", () => error(418, "teapot")).get("/throws", () => { throw new Error("broken"); }).delete("/thing", () => status(204));
const get = (path, init) => router.fetch(new Request(`https://itty.test${path}`, init));

export default worker({
  "routes, greedy and optional parameters, queries": async () => {
    assert.equal(await (await get("/hello/ada")).json(), "Hello ada");
    assert.equal(await (await get("/files/a/b/c.txt")).json(), "a/b/c.txt");
    assert.deepEqual(await (await get("/opt?x=1&x=2&y=3")).json(), { a: null, query: { x: ["1", "2"], y: "3" } });
    assert.equal((await get("/nowhere")).status, 404);
  },
  "bodies and cookies": async () => {
    assert.deepEqual(await (await get("/echo", { method: "POST", body: '{"a":[1]}', headers: { "content-type": "application/json" } })).json(), { a: [1] });
    assert.deepEqual(await (await get("/cookies", { headers: { cookie: "a=1; b=2" } })).json(), { a: "1", b: "2" });
  },
  "errors and statuses": async () => {
    const teapot = await get("/teapot");
    assert.deepEqual([teapot.status, await teapot.json()], [418, { status: 418, error: "teapot" }]);
    const broken = await get("/throws");
    assert.deepEqual([broken.status, await broken.json()], [500, { status: 500, error: "broken" }]);
    assert.equal((await get("/thing", { method: "DELETE" })).status, 204);
  },
  "CORS": async () => {
    const answer = await get("/hello/x", { method: "OPTIONS", headers: { origin: "https://app.example" } });
    assert.deepEqual([answer.status, answer.headers.get("access-control-allow-origin"), answer.headers.get("access-control-allow-methods")], [204, "https://app.example", "GET,POST"]);
    assert.equal((await get("/hello/x", { headers: { origin: "https://app.example" } })).headers.get("access-control-allow-origin"), "https://app.example");
  },
  "a bare Router with middleware and a base": async () => {
    const bare = Router({ base: "/v1" });
    bare.all("*", withParams).get("/t/:x", ({ x }) => text(x, { headers: { "x-a": "b" } })).all("*", () => json({ none: true }, { status: 404 }));
    const answer = await bare.fetch(new Request("https://itty.test/v1/t/val"));
    assert.deepEqual([await answer.text(), answer.headers.get("x-a")], ["val", "b"]);
    assert.equal((await bare.fetch(new Request("https://itty.test/v1/q"))).status, 404);
  },
});
