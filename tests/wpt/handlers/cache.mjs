// cache.mjs - handlers that tell whether a client answered from a cache of its own.
import { randomBytes } from "node:crypto";

const NOTED = ["content-type", "access-control-allow-origin", "last-modified", "etag"];
const DATES = ["date", "expires", "last-modified"];

// What a test wants of its n-th request, as base64 of JSON in a header of each.
function configOf(request, count) {
  try {
    return JSON.parse(Buffer.from(request.header("test-requests", ""), "base64").toString())[count];
  } catch {
    return undefined;
  }
}

function valueOf(request, name, value, now) {
  if (DATES.includes(name) && Number.isInteger(value)) return new Date(now + value * 1000).toUTCString();
  if (name !== "location" && name !== "content-location") return value;
  return value.length > 0 ? `${request.url}&target=${value}` : request.url;
}

async function scripted(request, reply) {
  const uuid = request.first("uuid");
  const seen = request.take(uuid) ?? [];
  const config = configOf(request, seen.length);
  reply.set("Access-Control-Allow-Credentials", "true");
  if (config === undefined) {
    reply.status = 400;
    return reply.send("no Test-Requests header");
  }
  const now = Date.now();
  const noted = {};
  for (const [key, value] of config.response_headers ?? []) {
    const name = key.toLowerCase();
    reply.set(key, valueOf(request, name, value, now));
    if (NOTED.includes(name)) noted[name] = reply.get(key);
  }
  seen.push({ now: now / 1000, request_method: request.method, request_headers: Object.fromEntries(request.headerList.map(([name, value]) => [name.toLowerCase(), value])), response_headers: noted });
  request.put(uuid, seen);
  if (noted["access-control-allow-origin"] === undefined) reply.set("Access-Control-Allow-Origin", "*");
  if (noted["content-type"] === undefined) reply.set("Content-Type", "text/plain");
  reply.set("Server-Request-Count", seen.length);
  [reply.status, reply.reason] = config.response_status ?? [200, "OK"];
  if (config.expected_type?.endsWith("validated")) {
    const first = seen[0].response_headers;
    const isSame = (first["last-modified"] !== undefined && request.header("if-modified-since") === first["last-modified"]) || (first.etag !== undefined && request.header("if-none-match") === first.etag);
    [reply.status, reply.reason] = isSame ? [304, "Not Modified"] : [999, "304 Not Generated"];
  }
  return reply.send(config.response_body ?? uuid);
}

export default {
  async "fetch/http-cache/resources/http-cache.py"(request, reply) {
    if (request.method === "OPTIONS") {
      reply.set("Access-Control-Allow-Origin", request.header("origin", "*"));
      reply.set("Access-Control-Allow-Methods", "GET");
      reply.set("Access-Control-Allow-Headers", request.header("access-control-request-headers", "*"));
      return reply.send("Preflight request");
    }
    if (request.first("dispatch") !== "state") return scripted(request, reply);
    reply.set("Content-Type", "text/plain");
    return reply.send(JSON.stringify(request.take(request.first("uuid"))));
  },
  async "fetch/stale-while-revalidate/resources/stale-script.py"(request, reply) {
    const count = request.take(request.first("token")) ?? 0;
    if (request.has("query")) {
      if (count < 2) request.put(request.first("token"), count);
      reply.add("Count", count);
      return reply.send();
    }
    request.put(request.first("token"), count + 1);
    const id = randomBytes(10).toString("hex");
    reply.add("Content-Type", "text/javascript");
    reply.add("Cache-Control", "private, max-age=0, stale-while-revalidate=60");
    reply.add("Unique-Id", id);
    return reply.send(`report('${id}')`);
  },
};
