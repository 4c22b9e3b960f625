import assert from "node:assert/strict";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { basicAuth } from "hono/basic-auth";
import { bearerAuth } from "hono/bearer-auth";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { getCookie, getSignedCookie, setCookie, setSignedCookie } from "hono/cookie";
import { sign, verify } from "hono/jwt";
import { stream, streamSSE, streamText } from "hono/streaming";
import { validator } from "hono/validator";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import { timing } from "hono/timing";
import { worker } from "./cases.js";

const app = new Hono();
app.use("/api/*", cors({ origin: "https://app.example", credentials: true }));
app.use("/private/*", basicAuth({ username: "ada", password: "secret" }));
app.use("/token/*", bearerAuth({ token: "abc" }));
app.use("/etag", etag());
app.use("/big", compress());
app.use("/safe", secureHeaders(), timing());
app.get("/hello/:name{[a-z]+}", (c) => c.text(`Hello ${c.req.param("name")}, ${c.req.query("q") ?? "nothing"}`));
app.get("/api/items/:id?", (c) => c.json({ id: c.req.param("id") ?? null, all: c.req.queries("tag") ?? [] }));
app.post("/api/items", validator("json", (value, c) => typeof value.name === "string" ? value : c.json({ error: "name" }, 422)), (c) => c.json(c.req.valid("json"), 201));
app.post("/form", async (c) => { const body = await c.req.parseBody({ all: true }); return c.json({ a: body.a, file: await body.file.text(), name: body.file.name }); });
app.get("/private/x", (c) => c.text("in"));
app.get("/token/x", (c) => c.text("in"));
app.get("/etag", (c) => c.text("tagged"));
app.get("/big", (c) => c.text("big ".repeat(2000)));
app.get("/safe", (c) => c.html(html`<p>${"<script>"}</p>`));
app.get("/cookies", async (c) => { setCookie(c, "a", "1", { httpOnly: true, path: "/" }); await setSignedCookie(c, "s", "value", "key"); return c.json([getCookie(c, "x") ?? null, await getSignedCookie(c, "key", "s") ?? null]); });
app.get("/text", (c) => streamText(c, async (out) => { for (const word of ["one ", "two ", "three"]) { await out.write(word); await out.sleep(1); } }));
app.get("/bytes", (c) => stream(c, async (out) => { await out.pipe(new Blob([new Uint8Array([1, 2, 3])]).stream()); }));
app.get("/sse", (c) => streamSSE(c, async (out) => { for (let id = 0; id < 2; id++) await out.writeSSE({ data: `n${id}`, event: "tick", id: String(id) }); }));
app.get("/broken", () => { throw new HTTPException(418, { message: "teapot" }); });
app.get("/bug", () => { throw new TypeError("bug"); });
app.route("/nested", new Hono().basePath("/deep").all("*", (c) => c.text(`${c.req.method} ${c.req.path}`)));
app.notFound((c) => c.text("nowhere", 404));
app.onError((error, c) => error instanceof HTTPException ? error.getResponse() : c.text(`500 ${error.message}`, 500));

const get = async (path, init) => { const response = await app.fetch(new Request(`https://hono.test${path}`, init), { NAME: "x" }, { waitUntil() {}, passThroughOnException() {} }); return [response.status, await response.text(), response.headers]; };

export default worker({
  "routes with parameters, patterns and queries": async () => {
    assert.deepEqual((await get("/hello/ada?q=1%202")).slice(0, 2), [200, "Hello ada, 1 2"]);
    assert.deepEqual((await get("/hello/ADA")).slice(0, 2), [404, "nowhere"]);
    assert.deepEqual((await get("/api/items?tag=a&tag=b")).slice(0, 2), [200, '{"id":null,"all":["a","b"]}']);
    assert.deepEqual((await get("/nested/deep/x/y", { method: "PURGE" })).slice(0, 2), [200, "PURGE /nested/deep/x/y"]);
  },
  "middleware: CORS, basic and bearer authentication, etags, security headers": async () => {
    const preflight = await get("/api/items", { method: "OPTIONS", headers: { origin: "https://app.example", "access-control-request-method": "POST" } });
    assert.deepEqual([preflight[0], preflight[2].get("access-control-allow-origin"), preflight[2].get("access-control-allow-credentials")], [204, "https://app.example", "true"]);
    assert.equal((await get("/private/x"))[0], 401);
    assert.deepEqual((await get("/private/x", { headers: { authorization: `Basic ${btoa("ada:secret")}` } })).slice(0, 2), [200, "in"]);
    assert.deepEqual([(await get("/token/x", { headers: { authorization: "Bearer abd" } }))[0], (await get("/token/x", { headers: { authorization: "Bearer abc" } }))[0]], [401, 200]);
    const [, , headers] = await get("/etag");
    assert.equal((await get("/etag", { headers: { "if-none-match": headers.get("etag") } }))[0], 304);
    const safe = await get("/safe");
    assert.deepEqual([safe[1], safe[2].get("x-frame-options"), safe[2].has("server-timing")], ["<p>&lt;script&gt;</p>", "SAMEORIGIN", true]);
  },
  "bodies: JSON that is validated, forms with files": async () => {
    const post = (path, body, headers) => get(path, { method: "POST", body, headers });
    assert.deepEqual((await post("/api/items", '{"name":"n"}', { "content-type": "application/json" })).slice(0, 2), [201, '{"name":"n"}']);
    assert.deepEqual((await post("/api/items", '{"name":1}', { "content-type": "application/json" })).slice(0, 2), [422, '{"error":"name"}']);
    const form = new FormData();
    form.append("a", "1"); form.append("a", "2"); form.append("file", new File(["content"], "f.txt", { type: "text/plain" }));
    assert.deepEqual(JSON.parse((await post("/form", form))[1]), { a: ["1", "2"], file: "content", name: "f.txt" });
  },
  "cookies, plain and signed": async () => {
    const [, , headers] = await get("/cookies", { headers: { cookie: "x=y" } });
    const [a, s] = headers.getSetCookie();
    assert.equal(a, "a=1; Path=/; HttpOnly");
    assert.equal((await get("/cookies", { headers: { cookie: s.split(";")[0] } }))[1], '[null,"value"]');
    assert.equal((await get("/cookies", { headers: { cookie: s.split(";")[0].replace("value", "other") } }))[1], "[null,false]");
  },
  "JSON web tokens": async () => {
    const token = await sign({ sub: "ada", exp: Math.floor(Date.now() / 1000) + 60 }, "secret");
    assert.equal((await verify(token, "secret", "HS256")).sub, "ada");
    await assert.rejects(verify(token, "wrong", "HS256"), { name: "JwtTokenSignatureMismatched" });
  },
  "streams: text, bytes, server-sent events, compression": async () => {
    assert.equal((await get("/text"))[1], "one two three");
    assert.equal((await get("/bytes"))[1], "\u0001\u0002\u0003");
    assert.equal((await get("/sse"))[1], "event: tick\ndata: n0\nid: 0\n\nevent: tick\ndata: n1\nid: 1\n\n");
    const response = await app.request("/big", { headers: { "accept-encoding": "gzip" } });
    assert.equal(response.headers.get("content-encoding"), "gzip");
    assert.equal(await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).text(), "big ".repeat(2000));
  },
  "errors": async () => {
    assert.deepEqual((await get("/broken")).slice(0, 2), [418, "teapot"]);
    assert.deepEqual((await get("/bug")).slice(0, 2), [500, "500 bug"]);
  },
});
