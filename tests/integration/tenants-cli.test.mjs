// tenants-cli.test.mjs - mayfly token, mayfly tenant, and how every command says who it is.
import { test, before, after } from "node:test";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { assert, binDir } from "../lib/mayfly.mjs";
import { ADMIN, startWithTokens, tokenFile } from "../lib/tenants.mjs";

let daemon;
before(async () => { daemon = await startWithTokens(); });
after(() => daemon.stop());

const mayfly = (args, { token = ADMIN, input } = {}) => new Promise((resolve) => {
  const child = spawn(path.join(binDir, "mayfly"), args, { env: { PATH: process.env.PATH, MAYFLY_URL: daemon.url, ...(token ? { MAYFLY_TOKEN: token } : {}), ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}) } });
  let out = "", err = "";
  child.stdout.on("data", (text) => { out += text; });
  child.stderr.on("data", (text) => { err += text; });
  child.stdin.end(input ?? "");
  child.on("exit", (status) => resolve({ status, out, err }));
});
const ok = async (args, options) => {
  const end = await mayfly(args, options);
  assert.equal(end.status, 0, `${args.join(" ")}: ${end.err}`);
  return end.out;
};
const KEY = /^mf_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}\n$/;
const source = "export default { fetch: () => new Response('hello') }";

test("a tenant and its token, from the first to the last", async () => {
  assert.match(await ok(["tenant", "put", "acme", "--quota", "concurrentRuns=20", "--quota=requestsPerMinute=600"]), /^concurrentRuns +20\n[^]*queuedRuns +256 \(the config's\)\n/);
  assert.match(await ok(["tenant", "list"]), /^NAME[^\n]*\nacme +2/);
  const key = await ok(["token", "create", "ci", "--tenant", "acme", "--scope", "run", "--scope", "usage", "--expires", "3600"]);
  assert.match(key, KEY);
  const file = tokenFile(key.trim());
  assert.equal(await ok(["run", "-", "--token-file", file], { token: null, input: source }), "hello");
  assert.equal(await ok(["run", "-"], { token: key.trim(), input: source }), "hello");
  const id = key.slice(3, 13);
  const table = await ok(["token", "list", "--tenant=acme"]);
  assert.match(table, new RegExp(`^ID[^\n]*\n${id} +acme +ci +2\\S+ +2\\S+ +usage,run\n$`));
  assert.equal(table.includes(key.slice(14, 40)), false);
  const next = await ok(["token", "rotate", id, "--overlap", "0"]);
  assert.match(next, KEY);
  const old = await mayfly(["run", "-"], { token: key.trim(), input: source });
  assert.deepEqual([old.status, old.out], [3, ""]);
  assert.match(old.err, /auth\.token/);
  assert.equal(old.err.includes(key.slice(14, 40)), false);
  assert.equal(JSON.parse(await ok(["token", "rotate", id, "--json"])).id, id);
  assert.equal(await ok(["token", "revoke", id]), "");
  assert.equal((await mayfly(["token", "revoke", id])).status, 3);
  assert.match((await mayfly(["tenant", "delete", "nobody"])).err, /tenant\.unknown/);
  assert.equal(await ok(["tenant", "delete", "acme"]), "");
});

test("what is not right is said before anything is sent", async () => {
  const wrong = async (args, why, options) => {
    const { status, err, out } = await mayfly(args, options);
    assert.deepEqual([status, out], [2, ""], args.join(" "));
    assert.match(err, why);
  };
  await wrong(["token"], /token wants create, list, rotate or revoke/);
  await wrong(["tenant", "make"], /tenant wants put, get, list or delete/);
  await wrong(["token", "create", "x"], /at least one --scope/);
  await wrong(["token", "create", "--scope", "run"], /wants a name/);
  await wrong(["token", "rotate", "x", "--overlap", "-1"], /--overlap wants/);
  await wrong(["token", "list", "--scope", "run"], /unknown option --scope/);
  await wrong(["tenant", "put", "x", "--quota", "concurrentRuns"], /K=V/);
  await wrong(["tenant", "put", "x", "--quota", "concurrentRuns=many"], /NAME=NUMBER/);
  await wrong(["token", "revoke", "../tenants/x"], /cannot be a name/);
  await wrong(["health", "--token-file", "/nowhere"], /no token can be read from/);
  const file = tokenFile();
  await wrong(["health", "--token-file", file], /no token can be read from/);
  writeFileSync(file, "a token with blanks\n");
  await wrong(["health", "--token-file", file], /no access token/);
  await wrong(["health", "--tenant", "a\r\nx: y"], /--tenant wants/);
  assert.match((await mayfly(["tenant", "put", "x", "--quota", "runs=1"])).err, /\/quotas\/runs/);
  assert.match((await mayfly(["token", "list"], { token: null })).err, /auth\.missing/);
});
