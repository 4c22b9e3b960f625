// tenants.mjs - a daemon that asks for tokens, and callers that have one.
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Daemon, assert } from "./mayfly.mjs";

export const ADMIN = "the-operators-own-token-0123456789abcdef";
export const json = { "content-type": "application/json" };

export const auth = (token, more = {}) => ({ authorization: `Bearer ${token}`, ...more });

// A file with |tokens|, one a line, that only its owner can read.
export function tokenFile(...tokens) {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "mayfly-token-")), "admin");
  writeFileSync(file, tokens.map((token) => `${token}\n`).join(""));
  chmodSync(file, 0o600);
  return file;
}

// options as Daemon.start's; the daemon has |admin(path, options)| and |token(scopes, tenant)|.
export async function startWithTokens(options = {}) {
  const adminFile = tokenFile(ADMIN);
  const daemon = await Daemon.start({ ...options, config: { ...options.config, auth: { adminTokenFile: adminFile, ...options.config?.auth } } });
  daemon.adminFile = adminFile;
  return withCallers(daemon);
}

export function withCallers(daemon) {
  daemon.as = (token, where, { method = "GET", body, headers = {}, ...more } = {}) => fetch(daemon.url + where, {
    method,
    headers: { ...(token ? auth(token) : {}), ...(body !== undefined && typeof body !== "string" ? json : {}), ...headers },
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    ...more,
  });
  daemon.admin = (where, options) => daemon.as(ADMIN, where, options);
  daemon.tenant = async (name, quotas = {}) => {
    const response = await daemon.admin(`/v1/tenants/${name}`, { method: "PUT", body: { quotas } });
    assert.ok([200, 201].includes(response.status), await response.text());
  };
  // A token of |tenant|, or of the operator's own.
  daemon.token = async (scopes, tenant, more = {}) => {
    const response = await daemon.admin("/v1/tokens", { method: "POST", body: { name: "test", scopes, ...more }, headers: tenant ? { "mayfly-tenant": tenant } : {} });
    assert.equal(response.status, 201, await response.clone().text());
    return response.json();
  };
  return daemon;
}

// The problem that |response| is.
export async function refused(response, status, code) {
  const problem = await response.json();
  assert.deepEqual([response.status, problem.code], [status, code], JSON.stringify(problem));
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  return problem;
}
