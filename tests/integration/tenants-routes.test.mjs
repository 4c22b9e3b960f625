// tenants-routes.test.mjs - every route of the server: without a token 401, without its scope 403, and what is another tenant's answers
// as what is not there. A route without a row here fails.
import { test, before, after } from "node:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DATE, assert, http } from "../lib/mayfly.mjs";
import { ADMIN, auth, json, refused, startWithTokens } from "../lib/tenants.mjs";
import { frame, frames } from "../lib/websocket.mjs";

const code = { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": "export default { fetch: () => new Response('theirs') }" } };
const program = { code: "async () => t.wait(1)", namespaces: [{ name: "t" }] };
const source = { body: "export default { fetch: () => new Response('x') }", headers: { "content-type": "text/javascript" } };

// scope: what the route wants; "": any. Then one of
//   named: the path names something that A has. To B it is as if it were not there: so are the names "nothing", which nobody has.
//   made: it makes what it names, for each tenant its own.
//   list: the member of the answer that lists A's things; B's is empty.
//   free: it names nothing that is kept.
//   operator: only the operator's own tokens can have the scope.
const rows = {
  "POST /v1/run": { scope: "run", free: source },
  "POST /v1/tools/types": { scope: "run", free: { body: { namespaces: [{ name: "a", tools: {} }] } } },
  "GET /v1/secrets": { scope: "secrets:read", list: "secrets" },
  "GET /v1/secrets/{name}": { scope: "secrets:read", named: {} },
  "PUT /v1/secrets/{name}": { scope: "secrets", made: { body: { kind: "bearer", token: "b-token", hosts: ["b.example.com"] } } },
  "DELETE /v1/secrets/{name}": { scope: "secrets", named: {} },
  "GET /v1/outbounds": { scope: "outbounds:read", list: "outbounds" },
  "GET /v1/outbounds/{name}": { scope: "outbounds:read", named: {} },
  "PUT /v1/outbounds/{name}": { scope: "outbounds", made: { body: { rules: [] } } },
  "DELETE /v1/outbounds/{name}": { scope: "outbounds", named: {} },
  "POST /v1/outbounds/{name}/explain": { scope: "outbounds:read", named: { body: { url: "https://a.example/" } } },
  "GET /v1/workers": { scope: "workers:read", list: "workers" },
  "GET /v1/workers/{name}": { scope: "workers:read", named: {} },
  "PUT /v1/workers/{name}": { scope: "workers", made: { body: { ...code, modules: { "a.js": "export default { fetch: () => new Response('ours') }" } } } },
  "DELETE /v1/workers/{name}": { scope: "workers", named: {} },
  "GET /v1/workers/{name}/versions": { scope: "workers:read", named: {} },
  "GET /v1/workers/{name}/versions/{version}": { scope: "workers:read", named: {} },
  "POST /v1/workers/{name}/rollback": { scope: "workers", named: { body: { version: 1 } } },
  "POST /v1/workers/{name}/run": { scope: "run", named: { body: {} } },
  "* /v1/workers/{name}/fetch/{rest...}": { scope: "run", named: {} },
  "GET /v1/ws": { scope: "run", free: {}, status: 426 },
  "POST /v1/executions": { scope: "run", free: { body: { code: "async () => 1" } } },
  "GET /v1/executions/{id}": { scope: "run", named: {} },
  "DELETE /v1/executions/{id}": { scope: "run", named: {} },
  "POST /v1/executions/{id}/calls/{call}": { scope: "run", named: { body: { ok: 1 } } },
  "POST /mcp": { scope: "run", free: { body: { jsonrpc: "2.0", id: 1, method: "ping" } } },
  "GET /v1/tenants": { scope: "admin", operator: {} },
  "GET /v1/tenants/{name}": { scope: "admin", operator: {} },
  "PUT /v1/tenants/{name}": { scope: "admin", operator: { body: {} } },
  "DELETE /v1/tenants/{name}": { scope: "admin", operator: {} },
  "GET /v1/tokens": { scope: "tokens", list: "tokens", has: 1 }, // B's own, which asks.
  "POST /v1/tokens": { scope: "tokens", free: { body: { name: "more", scopes: ["run"] } }, status: 201 },
  "GET /v1/tokens/self": { scope: "", free: {} },
  "GET /v1/tokens/{id}": { scope: "tokens", named: {} },
  "DELETE /v1/tokens/{id}": { scope: "tokens", named: {} },
  "POST /v1/tokens/{id}/rotate": { scope: "tokens", named: { body: {} } },
  "GET /v1/usage": { scope: "usage", list: "rows" },
  "GET /v1/runs": { scope: "logs", list: "runs", query: "?worker=mine" },
  "GET /v1/runs/{id}": { scope: "logs", named: {} },
  "GET /v1/tail": { scope: "logs", free: { query: "?worker=nobody" } },
  "GET /v1/workspaces": { scope: "workspaces:read", list: "workspaces" },
  "GET /v1/workspaces/{name}": { scope: "workspaces:read", named: {} },
  "PUT /v1/workspaces/{name}": { scope: "workspaces", made: { body: {} } },
  "DELETE /v1/workspaces/{name}": { scope: "workspaces", named: {} },
  "GET /v1/workspaces/{name}/stat": { scope: "workspaces:read", named: { query: "?path=/f" } },
  "GET /v1/workspaces/{name}/list": { scope: "workspaces:read", named: {} },
  "GET /v1/workspaces/{name}/find": { scope: "workspaces:read", named: {} },
  "GET /v1/workspaces/{name}/glob": { scope: "workspaces:read", named: { query: "?pattern=*" } },
  "GET /v1/workspaces/{name}/grep": { scope: "workspaces:read", named: { query: "?pattern=x" } },
  "GET /v1/workspaces/{name}/snapshots": { scope: "workspaces:read", named: {} },
  "POST /v1/workspaces/{name}/snapshots": { scope: "workspaces", named: { body: { name: "t" } } },
  "DELETE /v1/workspaces/{name}/snapshots/{snapshot}": { scope: "workspaces", named: {} },
  "POST /v1/workspaces/{name}/snapshots/{snapshot}/restore": { scope: "workspaces", named: {} },
  "POST /v1/workspaces/{name}/fork": { scope: "workspaces", named: { body: { name: "copy" } } },
  "GET /v1/workspaces/{name}/changes": { scope: "workspaces:read", named: {} },
  "GET /v1/workspaces/{name}/archive": { scope: "workspaces:read", named: {} },
  "PUT /v1/workspaces/{name}/archive": { scope: "workspaces", named: { body: "\0".repeat(1024), headers: { "content-type": "application/x-tar" } } },
  "GET /v1/workspaces/{name}/diff": { scope: "workspaces:read", named: { query: "?from=/f&to=/f" } },
  "POST /v1/workspaces/{name}/ops": { scope: "workspaces", named: { body: { ops: [{ op: "mkdir", path: "/d" }] } } },
  "GET /v1/workspaces/{name}/files/{rest...}": { scope: "workspaces:read", named: {} },
  "PUT /v1/workspaces/{name}/files/{rest...}": { scope: "workspaces", named: { body: "x" } },
  "PATCH /v1/workspaces/{name}/files/{rest...}": { scope: "workspaces", named: { body: { edits: [{ search: "x", replace: "y" }] } } },
  "DELETE /v1/workspaces/{name}/files/{rest...}": { scope: "workspaces", named: {} },
  "GET /metrics": { scope: "metrics", operator: {} },
};
// Of everybody, also of those without a token.
const open = ["GET /healthz", "GET /readyz", "GET /openapi.json", "GET /", "GET /ui/page.js", "GET /ui/page.css"];

let daemon, A, B, scopes, execution, tokenOfA, runOfA;
const paths = (route, name) => {
  const [method, path] = route.split(" ");
  const id = path.startsWith("/v1/executions") ? name.execution : path.startsWith("/v1/tokens") ? name.token : name.run;
  return { method: method === "*" ? "GET" : method, where: path.replace("{name}", name.name).replace("{id}", id).replace("{version}", "1").replace("{snapshot}", "s").replace("{call}", "1").replace("{rest...}", "f") };
};
const ours = () => ({ name: "mine", execution: execution.id, token: tokenOfA.id, run: runOfA });
const nothing = { name: "nothing", execution: "exec_000000000000000000000000", token: "0000000000", run: "run_000000000000000000000000" };
const ask = (token, route, name, options = {}) => {
  const { method, where } = paths(route, name);
  return daemon.as(token, where + (options.query ?? ""), { method, body: options.body, headers: options.headers });
};
const optionsOf = (row) => row.free ?? row.named ?? row.made ?? row.operator ?? {};

before(async () => {
  daemon = await startWithTokens();
  const document = await (await daemon.as(null, "/openapi.json")).json();
  scopes = document.components.schemas.Scope.enum;
  await daemon.tenant("a");
  await daemon.tenant("b");
  const all = scopes.filter((scope) => !["admin", "metrics"].includes(scope));
  tokenOfA = await daemon.token(all, "a");
  A = tokenOfA.token;
  B = (await daemon.token(all, "b")).token;
  const put = async (where, body, headers) => assert.equal((await daemon.as(A, where, { method: "PUT", body, headers })).status, 201, where);
  await put("/v1/secrets/mine", { kind: "bearer", token: "a-token", hosts: ["a.example.com"] });
  await put("/v1/outbounds/mine", { rules: [{ match: { host: "a.example.com" }, action: "allow" }] });
  await put("/v1/workers/mine", code);
  await put("/v1/workspaces/mine", {});
  await put("/v1/workspaces/mine/files/f", "x");
  assert.equal((await daemon.as(A, "/v1/workspaces/mine/snapshots", { method: "POST", body: { name: "s" } })).status, 201);
  assert.equal(await (await daemon.as(A, "/v1/workers/mine/fetch/")).text(), "theirs"); // It is in the cache, and there is usage.
  // The response ends before its run is over and remembered.
  runOfA = await daemon.until(async () => (await (await daemon.as(A, "/v1/runs")).json()).runs[0]?.id);
  // One that waits for an answer as long as its stream is open.
  const response = await daemon.as(A, "/v1/executions", { method: "POST", body: program, headers: { accept: "application/x-ndjson" } });
  const reader = response.body.getReader();
  let text = "";
  while (!text.includes('"call"')) text += Buffer.from((await reader.read()).value).toString();
  execution = { id: JSON.parse(text.split("\n")[0]).id, reader, read: () => text };
});
after(async () => { await execution.reader.cancel(); await daemon.stop(); });

test("each route of the server has its row, and no other", () => {
  const table = readFileSync(fileURLToPath(new URL("../../src/api/route.c", import.meta.url)), "utf8");
  const served = [...table.matchAll(/^ {4}\{"(\/[^"]*)", "([A-Z*]+)", mf__/gm)].map(([, path, method]) => `${method} ${path}`);
  assert.ok(served.length > 40);
  assert.deepEqual(served.sort(), [...Object.keys(rows), ...open].sort());
});

test("what is open is open", async () => {
  for (const route of open) assert.equal((await ask(null, route, nothing)).status, 200, route);
});

test("without a token: 401", async () => {
  for (const [route, row] of Object.entries(rows)) {
    for (const token of [null, "mf_AAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA000000"]) {
      const problem = await (await ask(token, route, ours(), optionsOf(row))).json();
      assert.deepEqual([problem.status, problem.code], [401, token ? "auth.token" : "auth.missing"], route);
    }
  }
});

test("without its scope: 403, and the answer says which it is", async () => {
  const without = {};
  for (const [route, row] of Object.entries(rows)) {
    if (row.scope === "") continue;
    const base = row.scope.split(":")[0];
    const rest = scopes.filter((scope) => scope !== "admin" && scope !== "metrics" && scope.split(":")[0] !== base);
    // What only looks is let in by what may change, and not the other way round.
    if (row.scope === base && scopes.includes(`${base}:read`)) rest.push(`${base}:read`);
    without[row.scope] ??= (await daemon.token(rest, "a")).token;
    const problem = await refused(await ask(without[row.scope], route, ours(), optionsOf(row)), 403, "auth.scope");
    assert.equal(problem.scope, row.scope, route);
  }
});

test("with its scope it is let in; what is another tenant's is not there", async () => {
  for (const [route, row] of Object.entries(rows)) {
    const options = optionsOf(row);
    if (row.operator) {
      assert.ok((await ask(ADMIN, route, { ...nothing, name: "a" }, options)).status !== 401, route);
      continue;
    }
    if (row.free) {
      const response = await ask(B, route, nothing, options);
      assert.equal(response.status, row.status ?? 200, route);
      continue;
    }
    if (row.list) {
      const count = async (token) => (await (await ask(token, route, nothing, row)).json())[row.list].length;
      if (row.list !== "rows") assert.equal(await count(B), row.has ?? 0, route);
      assert.ok(await count(A) > 0, route);
      continue;
    }
    if (row.made) continue;
    const theirs = await ask(B, route, ours(), options);
    const absent = await ask(B, route, nothing, options);
    const problem = await theirs.json();
    assert.equal(theirs.status, 404, `${route} ${JSON.stringify(problem)}`);
    const { instance: one, ...rest } = problem;
    const { instance: other, ...like } = await absent.json();
    assert.deepEqual(rest, like, route);
    const names = (response) => [...response.headers.keys()].filter((name) => name !== "date").sort();
    assert.deepEqual(names(theirs), names(absent), route);
  }
});

test("what each makes under the same name is its own", async () => {
  for (const [route, row] of Object.entries(rows)) {
    if (!row.made) continue;
    const before = await (await ask(A, route.replace("PUT", "GET"), ours())).json();
    assert.equal((await ask(B, route, ours(), row.made)).status, 201, route);
    assert.deepEqual(await (await ask(A, route.replace("PUT", "GET"), ours())).json(), before, route);
    assert.equal((await ask(B, route, ours(), row.made)).status, 200, route);
  }
  assert.equal(await (await daemon.as(B, "/v1/workers/mine/fetch/")).text(), "ours");
  assert.equal(await (await daemon.as(A, "/v1/workers/mine/fetch/")).text(), "theirs");
  assert.equal((await daemon.as(B, "/v1/workspaces/mine/files/f")).status, 404);
  // Deleting one's own leaves the other's.
  for (const thing of ["workers", "workspaces", "outbounds", "secrets"]) {
    assert.equal((await daemon.as(B, `/v1/${thing}/mine`, { method: "DELETE" })).status, 204, thing);
    assert.equal((await daemon.as(A, `/v1/${thing}/mine`)).status, 200, thing);
  }
  assert.equal(await (await daemon.as(A, "/v1/workers/mine/fetch/")).text(), "theirs");
});

test("an admin acts for whom the header says, and for the operator's own tenant without it", async () => {
  const list = async (tenant) => (await (await daemon.admin("/v1/workers", { headers: tenant === undefined ? {} : { "mayfly-tenant": tenant } })).json()).workers.map((worker) => worker.name);
  assert.deepEqual([await list("a"), await list("b"), await list(), await list("")], [["mine"], [], [], []]);
  assert.equal(await (await daemon.admin("/v1/workers/mine/fetch/", { headers: { "mayfly-tenant": "a" } })).text(), "theirs");
  await refused(await daemon.admin("/v1/workers/mine/fetch/"), 404, "worker.unknown");
});

test("usage: a tenant sees its own, an admin all of them or the one that is asked for", async () => {
  const rowsOf = async (token, query = "", headers = {}) => (await (await daemon.as(token, `/v1/usage?groupBy=tenant${query}`, { headers })).json()).rows.map((row) => row.tenant);
  await daemon.as(B, "/v1/run", { method: "POST", ...source });
  assert.deepEqual(await rowsOf(A), ["a"]);
  assert.deepEqual(await rowsOf(B), ["b"]);
  assert.ok((await rowsOf(ADMIN)).includes("a") && (await rowsOf(ADMIN)).includes("b"));
  assert.deepEqual(await rowsOf(ADMIN, "&tenant=b"), ["b"]);
  assert.deepEqual(await rowsOf(ADMIN, "", { "mayfly-tenant": "a" }), ["a"]);
  await refused(await daemon.as(A, "/v1/usage?tenant=b"), 400, "api.field");
  assert.deepEqual(await rowsOf(A, "&after=b//"), []); // Behind all that is its own, and not into another's.
  assert.deepEqual(await rowsOf(B, "&after=a//"), ["b"]);
});

test("secrets, outbounds and interceptors of a run are its tenant's", async () => {
  const run = (token, globalOutbound) => daemon.as(token, "/v1/run", { method: "POST", body: { code: { ...code, globalOutbound } } });
  assert.equal((await run(A, "mine")).status, 200);
  await refused(await run(B, "mine"), 400, "api.field");
  const withSecret = (secret) => ({ rules: [{ match: { host: "a.example.com" }, action: { inject: [{ secret }] } }] });
  const withWorker = (worker) => ({ rules: [{ match: { host: "a.example.com" }, action: { interceptor: { worker } } }] });
  for (const policy of [withSecret("mine"), withWorker("mine")]) {
    assert.equal((await run(A, policy)).status, 200);
    const problem = await refused(await run(B, policy), 400, "outbound.policy");
    assert.match(problem.detail, /does not exist: mine/);
    // A policy of its own could do more with a secret than those that were put: that is for whoever may put them.
    const modest = (await daemon.token(["run"], "a")).token;
    await refused(await run(modest, policy), 403, "auth.scope");
    assert.equal((await run(modest, "mine")).status, 200);
  }
});

test("an interceptor is the run's tenant's, and so is what it stores", async () => {
  const fetching = { ...code, modules: { "a.js": "export default { fetch: async () => new Response(await (await fetch('https://a.example.com/')).text()) }" }, globalOutbound: "handed" };
  for (const [token, text] of [[A, "of a"], [B, "of b"]]) {
    for (const [where, body] of [["workers/gateway", { ...code, modules: { "a.js": `export default { fetch: () => new Response(${JSON.stringify(text)}) }` } }], ["outbounds/handed", { rules: [{ match: { host: "a.example.com" }, action: { interceptor: { worker: "gateway" } } }] }]]) {
      assert.equal((await daemon.as(token, `/v1/${where}`, { method: "PUT", body })).status, 201);
    }
  }
  for (const [token, text] of [[A, "of a"], [B, "of b"], [A, "of a"]]) {
    const { response } = await (await daemon.as(token, "/v1/run", { method: "POST", body: { code: fetching } })).json();
    assert.equal(response.body, text);
  }
});

test("on a WebSocket too; and it ends with its token", async () => {
  const { token, id } = await daemon.token(["run"], "b");
  // As a browser does: it cannot set headers, but names subprotocols.
  const connect = (protocols) => new Promise((resolve) => {
    const request = http.get(`${daemon.url}/v1/ws`, { headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "AQIDBAUGBwgJCgsMDQ4PEA==", "sec-websocket-protocol": protocols.join(", ") } });
    request.on("response", (response) => { response.resume(); resolve(response.statusCode); });
    request.on("upgrade", (response, stream) => {
      const socket = { protocol: response.headers["sec-websocket-protocol"], send: (text) => stream.write(frame(1, text, { mask: true })), hear: () => {} };
      stream.on("data", frames(({ opcode, payload }) => socket.hear(opcode === 8 ? payload.readUInt16BE(0) : JSON.parse(payload))));
      resolve(socket);
    });
  });
  const said = (socket) => new Promise((resolve) => { socket.hear = resolve; });
  for (const protocols of [["mayfly"], ["mayfly", `mayfly.token.${token}x`], ["mayfly", token]]) assert.equal(await connect(protocols), 401);
  const socket = await connect(["mayfly", `mayfly.token.${token}`]);
  assert.equal(socket.protocol, "mayfly");
  for (const message of [{ type: "attach", id: execution.id, after: 0 }, { type: "cancel", id: execution.id }, { type: "result", id: execution.id, callId: 1, ok: 1 }]) {
    const answer = said(socket);
    socket.send(JSON.stringify(message));
    assert.equal((await answer).problem?.code, "execution.unknown");
  }
  assert.equal((await daemon.as(A, `/v1/executions/${execution.id}?after=99`)).status, 410); // It is under way all the same.
  await daemon.admin(`/v1/tokens/${id}`, { method: "DELETE" });
  const end = said(socket);
  socket.send(JSON.stringify({ type: "execute", code: "async () => 1" }));
  assert.equal(await end, 1008);
});

test("a worker does not hear the token of who calls it", async () => {
  const echo = { ...code, modules: { "a.js": "export default { fetch: (request) => Response.json([...request.headers.keys()]) }" } };
  await daemon.as(A, "/v1/workers/echo", { method: "PUT", body: echo });
  const heard = await (await fetch(`${daemon.url}/v1/workers/echo/fetch/`, { headers: auth(A, { "x-other": "1", "mayfly-tenant": "a", cookie: "c=1" }) })).json();
  assert.ok(heard.includes("x-other") && heard.includes("cookie"));
  assert.equal(heard.some((name) => ["authorization", "mayfly-tenant"].includes(name)), false);
});
