// tenants.test.mjs - tokens and tenants of the real daemon: who is let in, what they may, and how that ends.
import { test, before, after } from "node:test";
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Daemon, raw, assert, binDir } from "../lib/mayfly.mjs";
import { ADMIN, auth, json, refused, startWithTokens, tokenFile, withCallers } from "../lib/tenants.mjs";

let daemon;
before(async () => { daemon = await startWithTokens(); });
after(() => daemon.stop());

const WELL = "mf_AAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA000000";

test("who has no token, or none that is valid, is told so in the form that clients know", async () => {
  const without = await daemon.as(null, "/v1/workers");
  assert.equal(without.headers.get("www-authenticate"), 'Bearer realm="mayfly"');
  await refused(without, 401, "auth.missing");
  for (const value of [`Bearer ${WELL}`, "Bearer x", `Bearer ${ADMIN}x`, `Bearer ${ADMIN.slice(1)}`, `Bearer ${"a".repeat(4000)}`, `bearer  ${ADMIN.toUpperCase()}`]) {
    const response = await fetch(`${daemon.url}/v1/workers`, { headers: { authorization: value } });
    assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="mayfly", error="invalid_token"');
    await refused(response, 401, "auth.token");
  }
  for (const value of ["", "Bearer", "Bearer ", `Basic ${Buffer.from(`x:${ADMIN}`).toString("base64")}`, ADMIN]) {
    await refused(await fetch(`${daemon.url}/v1/workers`, { headers: { authorization: value } }), 401, "auth.missing");
  }
  // Neither in the query nor as a cookie.
  await refused(await fetch(`${daemon.url}/v1/workers?access_token=${ADMIN}`, { headers: { cookie: `token=${ADMIN}` } }), 401, "auth.missing");
  // Nor does anybody learn which resources there are.
  await refused(await daemon.as(null, "/v1/nothing"), 401, "auth.missing");
  await refused(await daemon.admin("/v1/nothing"), 404, "api.route");
  assert.equal((await fetch(`${daemon.url}/v1/workers`, { headers: { authorization: `bEARER   ${ADMIN}` } })).status, 200);
});

test("health is open, with few words for strangers; metrics are not", async () => {
  assert.equal((await daemon.as(null, "/readyz")).status, 200);
  const health = await (await daemon.as(null, "/healthz")).json();
  assert.deepEqual(Object.keys(health), ["status", "version"]);
  assert.ok((await (await daemon.admin("/healthz")).json()).executors.list.length > 0);
  await refused(await daemon.as(null, "/metrics"), 401, "auth.missing");
  assert.equal((await daemon.as((await daemon.token(["metrics"])).token, "/metrics")).status, 200);
  assert.equal((await daemon.as(null, "/openapi.json")).status, 200);
});

test("a token's life", async () => {
  await daemon.tenant("life");
  const made = await daemon.token(["run", "workers"], "life", { expiresInSeconds: 3600 });
  assert.match(made.token, /^mf_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}$/);
  assert.equal(made.token.slice(3, 13), made.id);
  assert.deepEqual([made.tenant, made.name, made.scopes, made.lastUsedAt, made.previousKeyEndsAt], ["life", "test", ["workers", "run"], null, null]);
  assert.ok(Math.abs(Date.parse(made.expiresAt) - Date.now() - 3600_000) < 60_000);
  assert.equal((await daemon.as(made.token, "/v1/workers")).status, 200);
  const self = await (await daemon.as(made.token, "/v1/tokens/self")).json();
  assert.deepEqual(self, { id: made.id, tenant: "life", scopes: ["workers", "run"] });

  // It is shown once; its last use is, from then on.
  const shown = await daemon.until(async () => {
    const one = await (await daemon.admin(`/v1/tokens/${made.id}`)).json();
    return one.lastUsedAt && one;
  });
  assert.equal("token" in shown, false);
  assert.ok(Math.abs(Date.parse(shown.lastUsedAt) - Date.now()) < 120_000);
  const listed = await (await daemon.admin("/v1/tokens", { headers: { "mayfly-tenant": "life" } })).json();
  assert.deepEqual(listed, { tokens: [shown], next: null });

  // Two keys hold while one takes the other's place, and never three.
  const second = await (await daemon.admin(`/v1/tokens/${made.id}/rotate`, { method: "POST" })).json();
  assert.equal(second.id, made.id);
  assert.notEqual(second.token, made.token);
  assert.ok(Math.abs(Date.parse(second.previousKeyEndsAt) - Date.now() - 86400_000) < 60_000);
  for (const key of [made.token, second.token]) assert.equal((await daemon.as(key, "/v1/workers")).status, 200);
  const third = await (await daemon.admin(`/v1/tokens/${made.id}/rotate`, { method: "POST", body: { overlapSeconds: 60 } })).json();
  await refused(await daemon.as(made.token, "/v1/workers"), 401, "auth.token");
  for (const key of [second.token, third.token]) assert.equal((await daemon.as(key, "/v1/workers")).status, 200);
  const fourth = await (await daemon.admin(`/v1/tokens/${made.id}/rotate`, { method: "POST", body: { overlapSeconds: 0 } })).json();
  await refused(await daemon.as(third.token, "/v1/workers"), 401, "auth.token");
  assert.equal(fourth.previousKeyEndsAt, null);

  // A kept-alive connection is no way around the end of it: every request is looked at.
  assert.equal((await daemon.as(fourth.token, "/v1/workers")).status, 200);
  assert.equal((await daemon.admin(`/v1/tokens/${made.id}`, { method: "DELETE" })).status, 204);
  await refused(await daemon.as(fourth.token, "/v1/workers"), 401, "auth.token");
  const noted = daemon.lines.map((line) => JSON.parse(line).msg).filter((msg) => msg.startsWith(`token ${made.id} was `));
  assert.deepEqual(noted.map((msg) => /was (.*)$/.exec(msg)[1]), ["made for life by the operator", ...Array(3).fill("given a new key by the operator"), "revoked by the operator"]);
  await refused(await daemon.admin(`/v1/tokens/${made.id}`), 404, "token.unknown");
  await refused(await daemon.admin(`/v1/tokens/${made.id}`, { method: "DELETE" }), 404, "token.unknown");
  await refused(await daemon.admin(`/v1/tokens/${made.id}/rotate`, { method: "POST" }), 404, "token.unknown");
});

test("a token ends when it was to", async () => {
  const short = await daemon.token(["workers"], undefined, { expiresInSeconds: 1 });
  await daemon.until(async () => (await daemon.as(short.token, "/v1/workers")).status === 401);
  assert.ok(Date.now() >= Date.parse(short.expiresAt));
});

test("nobody makes a token that may more than their own, nor takes one over", async () => {
  await daemon.tenant("modest");
  const maker = await daemon.token(["tokens", "run", "workers:read"], "modest");
  const make = (scopes) => daemon.as(maker.token, "/v1/tokens", { method: "POST", body: { name: "more", scopes } });
  for (const scopes of [["workers"], ["admin"], ["run", "secrets:read"], ["metrics"]]) {
    const problem = await refused(await make(scopes), 400, "api.field");
    assert.equal(problem.param, `/scopes/${scopes.length - 1}`);
  }
  const less = await make(["run"]);
  assert.equal(less.status, 201);
  assert.equal((await less.json()).tenant, "modest");
  // Whoever could rotate a stronger one would have it.
  const strong = await daemon.token(["workers"], "modest");
  const stolen = await daemon.as(maker.token, `/v1/tokens/${strong.id}/rotate`, { method: "POST" });
  await refused(stolen, 403, "auth.scope");
  // Tokens of others are not there.
  const others = await daemon.token(["run"]);
  for (const [method, where] of [["GET", ""], ["DELETE", ""], ["POST", "/rotate"]]) {
    await refused(await daemon.as(maker.token, `/v1/tokens/${others.id}${where}`, { method }), 404, "token.unknown");
  }
  assert.equal((await daemon.as(others.token, "/v1/tools/types", { method: "POST", body: {} })).status, 400); // It is still let in.
  // Nor does the header of admins make one of another.
  const acted = await daemon.as(maker.token, "/v1/tokens", { headers: { "mayfly-tenant": "life" } });
  assert.match(acted.headers.get("www-authenticate"), /error="insufficient_scope", scope="admin"/);
  assert.equal((await refused(acted, 403, "auth.scope")).scope, "admin");
  assert.equal((await daemon.as(maker.token, "/v1/tokens", { headers: { "mayfly-tenant": "modest" } })).status, 200);
});

test("what is not a token or a tenant is refused with its field", async () => {
  const post = (body) => daemon.admin("/v1/tokens", { method: "POST", body });
  for (const [body, param] of [[{ scopes: ["run"] }, "/name"], [{ name: "a b", scopes: ["run"] }, "/name"], [{ name: "a", scopes: [] }, "/scopes"], [{ name: "a", scopes: ["runs"] }, "/scopes/0"],
    [{ name: "a", scopes: ["run", 1] }, "/scopes/1"], [{ name: "a", scopes: ["run"], expiresInSeconds: 0 }, "/expiresInSeconds"], [{ name: "a", scopes: ["run"], expiresInSeconds: 1e12 }, "/expiresInSeconds"],
    [{ name: "a", scopes: ["run"], more: 1 }, "/more"]]) {
    assert.equal((await refused(await post(body), 400, "api.field")).param, param);
  }
  const put = (body, name = "acme") => daemon.admin(`/v1/tenants/${name}`, { method: "PUT", body });
  for (const [body, param] of [[{ quotas: { runs: 1 } }, "/quotas/runs"], [{ quotas: { concurrentRuns: "1" } }, "/quotas/concurrentRuns"], [{ quotas: { concurrentRuns: 1e9 } }, "/quotas/concurrentRuns"], [{ quota: {} }, "/quota"]]) {
    assert.equal((await refused(await put(body), 400, "api.field")).param, param);
  }
  await refused(await put({}, "a%20b"), 400, "api.name");
  await refused(await daemon.admin("/v1/tenants/acme"), 404, "tenant.unknown"); // Nothing of it stayed.
  await refused(await daemon.admin("/v1/workers", { headers: { "mayfly-tenant": "acme" } }), 404, "tenant.unknown");
  await refused(await daemon.admin("/v1/tenants?limit=0"), 400, "api.field");
});

test("a tenant's life", async () => {
  const put = (body) => daemon.admin("/v1/tenants/t1", { method: "PUT", body });
  const made = await put({ quotas: { concurrentRuns: 3 } });
  assert.equal(made.status, 201);
  const info = await made.json();
  assert.deepEqual([info.name, info.quotas], ["t1", { concurrentRuns: 3 }]);
  assert.deepEqual([info.effective.concurrentRuns, info.effective.queuedRuns, Object.keys(info.effective).length], [3, 256, 7]);
  const changed = await put({ quotas: { workerBytes: 0 } });
  assert.equal(changed.status, 200);
  assert.deepEqual((await changed.json()).quotas, { workerBytes: 0 });
  assert.deepEqual((await (await daemon.admin("/v1/tenants/t1")).json()).quotas, { workerBytes: 0 });

  const token = await daemon.token(["workers"], "t1");
  await daemon.as(token.token, "/v1/workers/w", { method: "PUT", body: { compatibilityDate: "2026-01-01", mainModule: "a.js", modules: { "a.js": "export default { fetch: () => new Response('x') }" } } });
  const page = await (await daemon.admin("/v1/tenants?limit=1&after=t0")).json();
  assert.deepEqual([page.tenants.map((one) => one.name), page.next], [["t1"], null]);
  for (const method of ["GET", "PUT", "DELETE"]) await refused(await daemon.as(token.token, "/v1/tenants/t1", { method }), 403, "auth.scope");
  return token;
});

test("tokens and tenants outlive a kill, and secrets of them are nowhere on the disk or in the log", async () => {
  const one = await startWithTokens();
  await one.tenant("kept", { concurrentRuns: 7 });
  const token = await one.token(["workers"], "kept");
  const gone = await one.token(["workers"], "kept");
  await one.admin(`/v1/tokens/${gone.id}`, { method: "DELETE" });
  await one.as(`${token.token}x`, "/v1/workers");
  await one.kill();
  const again = withCallers(await Daemon.start({ dir: one.dir, config: { auth: { adminTokenFile: one.adminFile } } }));
  assert.equal((await again.as(token.token, "/v1/workers")).status, 200);
  await refused(await again.as(gone.token, "/v1/workers"), 401, "auth.token");
  assert.equal((await (await again.admin("/v1/tenants/kept")).json()).quotas.concurrentRuns, 7);
  const metrics = await (await again.admin("/metrics")).text();
  const state = path.join(one.dir, "state");
  const everything = [metrics, ...one.lines, ...again.lines, ...readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "latin1"))];
  for (const text of everything) for (const secret of [token.token.slice(14), gone.token.slice(14), ADMIN]) assert.equal(text.includes(secret), false);
  await again.stop();
});

test("the operator's file: two tokens at once, read again on SIGHUP, and not when it is not right", async () => {
  const one = await startWithTokens();
  const next = "another-token-of-the-operator-0123456789";
  const knows = async (token) => (await one.as(token, "/v1/workers")).status === 200;
  const hangUp = (line) => { const before = one.lines.length; process.kill(one.pid, "SIGHUP"); return one.until(() => one.lines.slice(before).some((text) => text.includes(line))); };
  writeFileSync(one.adminFile, `${ADMIN}\n${next}\n`);
  assert.equal(await knows(next), false);
  await hangUp("the config was read again");
  assert.deepEqual([await knows(ADMIN), await knows(next)], [true, true]);
  for (const [text, mode] of [["short\n", 0o600], [`${ADMIN}\n${next}\n${next}1\n`, 0o600], ["", 0o600], [`${next} x\n`, 0o600], [`${next}\n`, 0o644]]) {
    writeFileSync(one.adminFile, text);
    chmodSync(one.adminFile, mode);
    await hangUp("nothing has changed");
    assert.deepEqual([await knows(ADMIN), await knows(next)], [true, true]);
  }
  chmodSync(one.adminFile, 0o600);
  await hangUp("the config was read again");
  assert.deepEqual([await knows(ADMIN), await knows(next)], [false, true]);
  assert.equal(one.lines.some((line) => line.includes(next) || line.includes(ADMIN)), false);
  await one.stop();
});

test("without an admin token nobody is asked for one, and no token can be made; with tokens made, it does not start so", async () => {
  const open = withCallers(await Daemon.start());
  assert.equal((await open.as(null, "/v1/workers")).status, 200);
  for (const [where, body] of [["/v1/tokens", { name: "a", scopes: ["run"] }], ["/v1/tenants/a", {}]]) {
    await refused(await open.as(null, where, { method: where.endsWith("a") ? "PUT" : "POST", body }), 409, "auth.off");
  }
  await refused(await open.as(null, "/v1/workers", { headers: { "mayfly-tenant": "a" } }), 409, "auth.off");
  await open.stop();

  const one = await startWithTokens();
  await one.token(["run"]);
  await one.kill("SIGTERM");
  await assert.rejects(Daemon.start({ dir: one.dir }), /1 access tokens were made with this state directory/);
});

test("with tokens other machines may be let in, under whatever name they know this one by", async () => {
  const file = tokenFile();
  const check = (config) => { writeFileSync(file, JSON.stringify(config)); return spawnSync(path.join(binDir, "mayflyd"), ["--check", "--config", file], { encoding: "utf8" }); };
  assert.match(check({ listen: ["0.0.0.0:0"] }).stderr, /\/listen\/0: 0.0.0.0:0 can be reached from other machines/);
  assert.equal(check({ listen: ["0.0.0.0:0", "[::]:0"], auth: { adminTokenFile: "/x" } }).status, 0);
  const one = await startWithTokens({ config: { listen: ["0.0.0.0:0"] } });
  const { port } = new URL(one.url);
  const ask = (headers) => raw(`http://127.0.0.1:${port}`, `GET /v1/workers HTTP/1.1\r\n${headers}connection: close\r\n\r\n`);
  assert.match(await ask(`host: mayfly.example\r\nauthorization: Bearer ${ADMIN}\r\n`), /^HTTP\/1.1 200/);
  assert.match(await ask("host: mayfly.example\r\n"), /^HTTP\/1.1 401/);
  assert.match(await ask(`host: mayfly.example\r\norigin: https://evil.example\r\nauthorization: Bearer ${ADMIN}\r\n`), /^HTTP\/1.1 403/);
  await one.stop();
});

test("a systemd credential is the admin token where the config names none", async () => {
  const file = tokenFile(ADMIN);
  const dir = path.dirname(file);
  writeFileSync(path.join(dir, "mayfly-admin-token"), `${ADMIN}\n`, { mode: 0o600 });
  const one = withCallers(await Daemon.start({ env: { CREDENTIALS_DIRECTORY: dir } }));
  assert.equal((await one.admin("/v1/workers")).status, 200);
  await refused(await one.as(null, "/v1/workers"), 401, "auth.missing");
  await one.stop();
});
