// openapi.test.mjs - /openapi.json against the server: every path answers, every answer has the shape that the document gives.
import { test, before, after } from "node:test";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";
import { startWithTokens } from "../lib/tenants.mjs";

let daemon, document;
before(async () => { daemon = await Daemon.start(); document = await (await fetch(`${daemon.url}/openapi.json`)).json(); });
after(() => daemon.stop());

// The part of JSON Schema that the document uses; an unknown keyword fails, so that nothing is passed over.
function fits(schema, value, where = "$") {
  const known = new Set(["$ref", "type", "const", "enum", "oneOf", "required", "properties", "additionalProperties", "items", "minItems", "maxItems", "minProperties", "maxProperties", "minimum", "pattern", "format", "contentEncoding", "description", "default"]);
  for (const key of Object.keys(schema)) assert.ok(known.has(key), `${where}: keyword ${key}`);
  if (schema.$ref) return fits(schema.$ref.split("/").slice(1).reduce((at, key) => at[key], document), value, where);
  const is = (type) => type === "null" ? value === null : type === "array" ? Array.isArray(value) : type === "integer" ? Number.isInteger(value) : type === "object" ? value !== null && typeof value === "object" && !Array.isArray(value) : typeof value === type;
  if (schema.type) assert.ok([schema.type].flat().some(is), `${where}: ${JSON.stringify(value)?.slice(0, 100)} is no ${schema.type}`);
  if (schema.const !== undefined) assert.equal(value, schema.const, where);
  if (schema.enum) assert.ok(schema.enum.includes(value), `${where}: ${value}`);
  if (schema.minimum !== undefined) assert.ok(value >= schema.minimum, where);
  if (value === null || typeof value !== "object") return;
  for (const name of schema.required ?? []) assert.ok(name in value, `${where}: ${name} is missing`);
  for (const [name, member] of Object.entries(value)) {
    const found = schema.properties?.[name];
    if (found) fits(found, member, `${where}.${name}`);
    else if (schema.additionalProperties === false) assert.fail(`${where}: ${name} is not in the document`);
    else if (schema.items) fits(schema.items, member, `${where}[${name}]`);
  }
}

const answered = (path, method, response) => {
  const responses = document.paths[path][method].responses;
  let found = responses[response.status] ?? responses.default;
  while (found.$ref) found = found.$ref.split("/").slice(1).reduce((at, key) => at[key], document);
  return found.content[response.headers.get("content-type").split(";")[0]].schema;
};

// Something for each {name} to be: [a body for PUT, its least answer].
const things = {
  "/v1/secrets/{name}": { kind: "bearer", token: "a-token", hosts: ["api.example.com"] },
  "/v1/outbounds/{name}": { rules: [
    { match: { scheme: "https", host: ["api.example.com", "*.example.org"], port: [443, 8443], method: ["GET"], path: "/v1" }, action: { rewrite: { scheme: "https", host: "api.example.com", port: 443, path: "/v2" }, inject: [{ secret: "thing" }] },
      allowHttp: true, redact: "block", addresses: ["10.0.0.0/8"], headers: { strip: ["x-a"], set: { "x-b": "c" } } },
    { match: { host: "*", port: "*" }, action: "deny" }] },
  "/v1/workspaces/{name}": { quota: { bytes: 1 << 20, inodes: 1000 } },
  "/v1/workspaces/{name}/files/{path}": "bytes",
  "/v1/workers/{name}": { compatibilityDate: "2026-01-01", mainModule: "a.js", modules: { "a.js": "export default { fetch: () => new Response('x') }" } },
};
const place = (path) => path.replace("{name}", "thing").replace("{version}", "1").replace("{path}", "d/f");
const json = { "content-type": "application/json" };
const isOfTokens = (path) => /^\/v1\/(tenants|tokens)/.test(path);

test("every PUT answers as described, and every GET after it", async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    if (isOfTokens(path)) continue; // Below: they want a daemon that asks for tokens.
    if (!methods.put || methods.put.requestBody?.content["application/x-tar"]) continue; // An archive, below.
    for (const status of [201, 200]) {
      const response = await fetch(daemon.url + place(path), { method: "PUT", headers: json, body: JSON.stringify(things[path]) });
      assert.equal(response.status, status, path);
      fits(answered(path, "put", response), await response.json(), path);
    }
  }
  for (const [path, methods] of Object.entries(document.paths)) {
    if (isOfTokens(path)) continue;
    if (!methods.get || ["/v1/executions/{id}", "/v1/ws", "/v1/runs/{id}", "/v1/tail"].includes(path)) continue; // Those are of what runs or ran.
    // What a parameter must say, where one is required.
    const required = (methods.get.parameters ?? []).filter((one) => one.required).map((one) => `${one.name}=${{ path: "/d/f", pattern: "b*", from: "/d/f" }[one.name]}`).join("&");
    const response = await fetch(`${daemon.url}${place(path)}?${required}`);
    assert.equal(response.status, 200, path);
    fits(answered(path, "get", response), await (response.headers.get("content-type").includes("json") ? response.json() : response.text()), path);
  }
});

test("tenants and tokens answer as described", async () => {
  const one = await startWithTokens();
  const ask = async (path, method, status, body, id) => {
    const response = await one.admin(path.replace("{name}", "thing").replace("{id}", id), { method: method.toUpperCase(), body });
    assert.equal(response.status, status, path);
    if (status === 204) return undefined;
    const answer = await response.json();
    fits(answered(path, method, response), answer, path);
    return answer;
  };
  const quotas = Object.fromEntries(Object.keys(document.components.schemas.Quotas.properties).map((name) => [name, 1]));
  for (const status of [201, 200]) assert.deepEqual((await ask("/v1/tenants/{name}", "put", status, { quotas })).quotas, quotas);
  const scopes = document.components.schemas.Scope.enum;
  const { id } = await ask("/v1/tokens", "post", 201, { name: "all", scopes, expiresInSeconds: 100 });
  for (const scope of scopes) assert.deepEqual((await ask("/v1/tokens", "post", 201, { name: "one", scopes: [scope] })).scopes, [scope]);
  await ask("/v1/tokens/{id}/rotate", "post", 200, { overlapSeconds: 5 }, id);
  for (const path of Object.keys(document.paths).filter((path) => isOfTokens(path) && document.paths[path].get)) await ask(path, "get", 200, undefined, id);
  await ask("/v1/tokens/{id}", "delete", 204, undefined, id);
  await ask("/v1/tenants/{name}", "delete", 204);
  fits(document.components.schemas.Problem, await (await one.as(null, "/v1/workers")).json());
  fits(document.components.schemas.Health, await (await one.as(null, "/healthz")).json());
  await one.stop();
});

test("a workspace goes out as an archive and comes in as described", async () => {
  const path = "/v1/workspaces/{name}/archive";
  const body = Buffer.from(await (await fetch(daemon.url + place(path))).arrayBuffer());
  const response = await fetch(`${daemon.url}${place(path)}?path=/in`, { method: "PUT", body, headers: { "content-type": "application/x-tar" } });
  assert.equal(response.status, 200);
  fits(answered(path, "put", response), await response.json(), path);
});

test("an execution, its calls and its frames are as described", async () => {
  const { components } = document;
  const body = { code: "async () => t.a(1)", namespaces: [{ name: "t" }], journal: [] };
  const response = await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: { ...json, accept: "application/x-ndjson" }, body: JSON.stringify(body) });
  assert.equal(response.status, 200);
  let text = "", frames = [];
  for await (const bytes of response.body) {
    text += Buffer.from(bytes).toString();
    frames = text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    if (frames.at(-1)?.type === "call") {
      const { id } = frames[0];
      const again = await fetch(`${daemon.url}/v1/executions/${id}?after=99`);
      assert.equal(again.status, 410);
      fits(components.schemas.Problem, await again.json(), "attach");
      const answered_ = await fetch(`${daemon.url}/v1/executions/${id}/calls/1`, { method: "POST", headers: json, body: '{"ok":2}' });
      assert.equal(answered_.status, 204);
    }
  }
  for (const frame of frames) fits(components.schemas.ExecutionFrame, { type: frame.type, seq: frame.seq }, frame.type);
  fits(components.schemas.ExecutionDone, frames.at(-1), "done");
  assert.deepEqual(frames.map((frame) => frame.type), ["start", "call", "done"]);
  assert.equal((await fetch(`${daemon.url}/v1/executions/${frames[0].id}`, { method: "DELETE" })).status, 204);
  const fields = components.schemas.Execution.properties;
  for (const name of Object.keys(fields)) if (name !== "code") {
    const wrong = await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: json, body: JSON.stringify({ code: "1", [name]: name === "drain" ? 1 : true }) });
    assert.equal(wrong.status, 400, name); // Known, and of another type.
    assert.match((await wrong.json()).detail, new RegExp(name));
  }
});

test("a stored worker is run and rolled back as described", async () => {
  const schema = document.components.schemas.Invocation.properties;
  const call = { entrypoint: null, props: 1, workspaces: [{ name: "w", mode: "ro", path: "/w" }], request: { url: "http://a/" }, limits: { cpuMs: 1000 } };
  assert.deepEqual(Object.keys(call).sort(), Object.keys(schema).sort());
  for (const [action, body] of [["run", call], ["run", {}], ["rollback", { version: 1 }]]) {
    const response = await fetch(`${daemon.url}/v1/workers/thing/${action}`, { method: "POST", headers: json, body: JSON.stringify(body) });
    assert.equal(response.status, 200, action);
    fits(answered(`/v1/workers/{name}/${action}`, "post", response), await response.json(), action);
  }
});

test("runs that are over are as described, one by one and in a list", async () => {
  const { id } = await daemon.run(worker("console.log(1); throw new Error('x')"));
  const list = await fetch(`${daemon.url}/v1/runs`);
  const { runs } = await list.clone().json();
  fits(answered("/v1/runs", "get", list), await list.json());
  assert.equal(runs[0].id, id);
  for (const run of runs) {
    const response = await fetch(`${daemon.url}/v1/runs/${run.id}`);
    fits(answered("/v1/runs/{id}", "get", response), await response.json(), run.kind);
  }
});

test("explain answers as described", async () => {
  for (const url of ["https://api.example.com/v1/x", "https://b.example/", "http://127.1/"]) {
    const response = await fetch(`${daemon.url}/v1/outbounds/thing/explain`, { method: "POST", headers: json, body: JSON.stringify({ method: "GET", url, headers: { accept: "*/*" } }) });
    assert.equal(response.status, 200);
    fits(answered("/v1/outbounds/{name}/explain", "post", response), await response.json(), url);
  }
});

test("declarations of tools answer as described, from every kind of source", async () => {
  const fields = document.components.schemas.ToolsQuery.properties;
  const namespaces = [{ name: "a", tools: { t: { description: "One", inputSchema: {}, outputSchema: {} } } }, { name: "b", mcp: { tools: [{ name: "t" }] } }, { name: "c", openapi: { paths: { "/x": { get: {} } } } }];
  assert.deepEqual(Object.keys(fields.namespaces.items.properties).sort(), ["mcp", "name", "openapi", "tools"]);
  for (const query of [{}, { search: "one" }, { only: ["a", "b.t"], limit: 1, detail: "index" }, { detail: "types" }]) {
    for (const name of Object.keys(query)) assert.ok(name in fields, name);
    const response = await fetch(`${daemon.url}/v1/tools/types`, { method: "POST", headers: json, body: JSON.stringify({ namespaces, ...query }) });
    assert.equal(response.status, 200);
    fits(answered("/v1/tools/types", "post", response), await response.json());
  }
});

test("every kind of secret of the document is taken, with every field", async () => {
  const value = (name, schema) => schema.const ?? schema.enum?.[0] ?? { hosts: ["api.example.com"], allowHttp: false, tokenUrl: "https://auth.example.com/token", region: "us-east-1", service: "s3", keyBase64: "a2V5", template: "{timestamp}.{bodySha256}", headerValue: "t={timestamp},v={signature}", timestampHeader: "x-time", header: "x-signature" }[name] ?? "value";
  const kinds = document.components.schemas.Secret.oneOf.map((ref) => document.components.schemas[ref.$ref.split("/").pop()]);
  assert.deepEqual(kinds.map((kind) => kind.properties.kind.const), document.components.schemas.SecretInfo.properties.kind.enum);
  for (const kind of kinds) {
    const all = Object.entries(kind.properties).filter(([name]) => name !== "key" && name !== "keyHex");
    for (const fields of [all, all.filter(([name]) => kind.required.includes(name) || name === "keyBase64")]) {
      const body = Object.fromEntries(fields.map(([name, schema]) => [name, value(name, schema)]));
      const response = await fetch(`${daemon.url}/v1/secrets/kind`, { method: "PUT", headers: json, body: JSON.stringify(body) });
      assert.ok(response.ok, await response.text());
    }
  }
});

for (const [name, code, limits] of [["ok", worker("console.log(1); return new Response('x')")], ["bytes", worker("return new Response(new Uint8Array([255]))")], ["exception", worker("throw new Error('x')")], ["syntax", "export default {"], ["cpu", worker("for(;;);"), { cpuMs: 50 }]]) {
  test(`the envelope fits: ${name}`, async () => {
    const { status, headers, ...envelope } = await daemon.run(code, { limits });
    assert.equal(status, 200);
    fits(document.components.schemas.Envelope, envelope);
  });
}

test("problems fit", async () => {
  for (const [path, init] of [["/v1/run", { method: "POST" }], ["/v1/run", { method: "POST", body: "{}", headers: { "content-type": "application/json" } }], ["/v1/run", { method: "POST", body: "throw 1", headers: { "content-type": "text/javascript" } }],
    ["/v1/secrets/x", { method: "PUT", body: "{}", headers: json }], ["/v1/secrets/x", { method: "DELETE" }],
    ["/v1/outbounds/x", { method: "PUT", body: '{"rules":[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3]}', headers: json }], ["/v1/outbounds/x/explain", { method: "POST", body: "{}", headers: json }],
    ["/v1/workers/x", { method: "PUT", body: "{}", headers: json }], ["/v1/workers/x", { method: "PUT", body: "{}" }], ["/v1/workers/x", { method: "DELETE" }], ["/v1/workers/x/versions/0", {}], ["/v1/workers/x/rollback", { method: "POST", body: "{}", headers: json }], ["/v1/workers/x/run", { method: "POST" }],
    ["/v1/workers/x/fetch", {}], ["/v1/workers?limit=0", {}], ["/v1/workers?page=1", {}],
    ["/v1/tools/types", { method: "POST", body: "{}" }], ["/v1/tools/types", { method: "POST", body: '{"namespaces":[{"name":"1"}]}', headers: json }]]) {
    const response = await fetch(daemon.url + path, init);
    assert.ok(response.status >= 400);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    const problem = await response.json();
    fits(document.components.schemas.Problem, problem);
    const at = Object.keys(document.paths).find((one) => new RegExp(`^${one.replace("{rest}", "?.*").replace(/\{\w+\}/g, "[^/]+")}$`).test(path.split("?")[0]));
    const { "x-problem-codes": own } = document.paths[at][(init.method ?? "get").toLowerCase()] ?? document.paths[at].post;
    const { "x-problem-codes": common } = document.components.responses.Problem;
    const codes = [own, common].flatMap((one) => one[response.status] ?? []);
    assert.ok(codes.includes(problem.code), `${at} answered with ${response.status} ${problem.code}`);
  }
});

test("every media type and field of the document is taken", async () => {
  const post = document.paths["/v1/run"].post.requestBody.content;
  for (const type of Object.keys(post).filter((t) => t !== "application/json")) {
    const response = await daemon.runSource("export default { fetch() { return new Response('t') } }", { type });
    assert.equal(await response.text(), "t", type);
  }
  const call = document.components.schemas.Call.properties;
  const values = { entrypoint: null, props: 1, workspaces: [{ name: "w", mode: "rw", path: "/" }], limits: { cpuMs: 1000, wallMs: 1000, memoryMb: 64, subRequests: 1, responseBytes: 100, logBytes: 100 }, request: { method: "POST", url: "http://a/", headers: { a: "b" }, body: "x" } };
  assert.deepEqual(Object.keys(call).sort(), ["code", ...Object.keys(values)].sort());
  assert.deepEqual(Object.keys(values.limits).sort(), Object.keys(document.components.schemas.Limits.properties).sort());
  const { status } = await daemon.run(worker("return new Response('t')"), { fields: values, code: { compatibilityFlags: [], allowExperimental: false, env: {}, limits: {}, globalOutbound: null } });
  assert.equal(status, 200);
});
