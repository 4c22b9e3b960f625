// cors.mjs - handlers that speak of origins: preflights, redirects with a token, what Authorization was.

function allowOrigin(request, reply) {
  const origin = request.header("origin");
  reply.add("Access-Control-Allow-Origin", origin ?? "*");
  if (origin !== undefined) reply.add("Access-Control-Allow-Credentials", "true");
}

// The parameters go along with a redirect, and a count, so that a loop's addresses differ.
function locationOf(request, count) {
  const url = request.first("location");
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase() ?? "";
  if (request.has("simple") || !["", "http", "https"].includes(scheme)) return url;
  const more = [...request.query].map(([name, [value]]) => `${escape(name)}=${escape(value)}`);
  return `${url}${url.includes("?") ? "&" : "?"}${more.join("&")}&count=${count}`;
}

const escape = (text) => text.replace(/[^\w.~-]/g, (one) => (one === " " ? "+" : `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`));

async function redirect(request, reply) {
  reply.add("Content-Type", "text/plain");
  reply.add("Cache-Control", "no-cache");
  reply.add("Pragma", "no-cache");
  allowOrigin(request, reply);
  const token = request.first("token");
  const state = (token !== undefined && request.take(token)) || { count: 0, preflight: "0" };
  const keep = () => { if (token !== undefined) request.put(token, state); };
  if (request.method === "OPTIONS") {
    if (request.has("allow_headers")) reply.add("Access-Control-Allow-Headers", request.first("allow_headers"));
    state.preflight = "1";
    if (!request.has("redirect_preflight")) {
      keep();
      return reply.send();
    }
  }
  const posted = new URLSearchParams(request.header("content-type", "").startsWith("application/x-www-form-urlencoded") ? request.body.toString() : "");
  reply.status = Number(request.first("redirect_status") ?? posted.get("redirect_status") ?? 302);
  state.count++;
  if (request.has("location")) reply.add("Location", locationOf(request, state.count));
  if (request.has("redirect_referrerpolicy")) reply.add("Referrer-Policy", request.first("redirect_referrerpolicy"));
  if (request.has("delay")) await reply.sleep(request.first("delay"));
  keep();
  if (token !== undefined && request.has("max_count") && state.count > Number(request.first("max_count"))) {
    reply.status = 200;
    reply.headers = [];
    return reply.send(`${state.count - 1}`);
  }
  return reply.send();
}

async function preflight(request, reply) {
  const token = request.first("token");
  let state = { headers: "", preflight: "0", referrer: "", agent: undefined };
  reply.add("Content-Type", "text/plain");
  for (const origin of request.first("origin", "*").split(", ")) reply.add("Access-Control-Allow-Origin", origin);
  if (request.has("clear-stash")) return reply.send(request.take(token) !== null ? "1" : "0");
  if (request.has("credentials")) reply.add("Access-Control-Allow-Credentials", "true");
  if (request.method === "OPTIONS") {
    if (request.header("access-control-request-method") === undefined || request.header("accept", "") !== "*/*") {
      reply.status = 400;
      return reply.send("ERROR: not a preflight");
    }
    if (request.has("control_request_headers")) state.headers = request.header("access-control-request-headers", null);
    for (const [key, name] of [["max_age", "Max-Age"], ["allow_headers", "Allow-Headers"], ["allow_methods", "Allow-Methods"]]) {
      if (request.has(key)) reply.add(`Access-Control-${name}`, request.first(key));
    }
    reply.status = Number(request.first("preflight_status", "200"));
    Object.assign(state, { preflight: "1", referrer: request.header("referer", ""), agent: request.header("user-agent", "") });
    if (token !== undefined) request.put(token, state);
    return reply.send();
  }
  if (token !== undefined) state = request.take(token) ?? state;
  if (request.has("checkUserAgentHeaderInPreflight") && request.header("user-agent") !== state.agent) {
    reply.status = 400;
    return reply.send("ERROR: No user-agent header in preflight");
  }
  reply.add("Access-Control-Expose-Headers", "x-did-preflight, x-control-request-headers, x-referrer, x-preflight-referrer, x-origin");
  reply.add("x-did-preflight", state.preflight);
  if (state.headers !== null) reply.add("x-control-request-headers", state.headers);
  reply.add("x-preflight-referrer", state.referrer);
  reply.add("x-referrer", request.header("referer", ""));
  reply.add("x-origin", request.header("origin", ""));
  if (token !== undefined) request.put(token, state);
  return reply.send();
}

export default {
  async "fetch/cross-origin-resource-policy/resources/hello.py"(request, reply) {
    reply.add("Cross-Origin-Resource-Policy", request.first("corp"));
    if (request.header("origin") !== undefined) reply.add("Access-Control-Allow-Origin", request.header("origin"));
    await reply.send("hello");
  },
  async "fetch/cross-origin-resource-policy/resources/redirect.py"(request, reply) {
    reply.status = 302;
    reply.add("Location", request.first("redirectTo"));
    if (request.has("corp")) reply.add("Cross-Origin-Resource-Policy", request.first("corp"));
    await reply.send();
  },
  async "fetch/metadata/resources/echo-as-json.py"(request, reply) {
    reply.add("Content-Type", "application/json");
    allowOrigin(request, reply);
    await reply.send(JSON.stringify(Object.fromEntries(["dest", "mode", "site", "user"].map((name) => [name, request.header(`sec-fetch-${name}`, "")]))));
  },
  "fetch/api/resources/redirect.py": redirect,
  "fetch/api/resources/preflight.py": preflight,
  async "fetch/api/resources/dump-authorization-header.py"(request, reply) {
    reply.add("Content-Type", "text/html");
    reply.add("Cache-Control", "no-cache");
    allowOrigin(request, reply);
    reply.add("Access-Control-Allow-Headers", "Authorization");
    await reply.send(request.header("authorization", "none"));
  },
  async "fetch/api/resources/stash-put.py"(request, reply) {
    if (request.method === "OPTIONS") {
      for (const name of ["Origin", "Methods", "Headers"]) reply.set(`Access-Control-Allow-${name}`, "*");
      return reply.send("done");
    }
    reply.set("Access-Control-Allow-Origin", "*");
    request.put(request.first("key"), request.first("value"), request.folder);
    return reply.send("done");
  },
  async "fetch/api/resources/stash-take.py"(request, reply) {
    reply.set("Content-Type", "application/json");
    reply.set("Access-Control-Allow-Origin", "*");
    await reply.send(JSON.stringify(request.take(request.first("key"), request.folder)));
  },
  async "fetch/api/resources/clean-stash.py"(request, reply) {
    await reply.send(request.take(request.first("token")) !== null ? "1" : "0");
  },
};
