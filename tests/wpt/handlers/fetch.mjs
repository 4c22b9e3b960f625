// fetch.mjs - handlers of fetch/: what a request looked like from the other side, slow bodies, statuses, ranges, caches.

const NO_HEADER = "NO";

async function inspectHeaders(request, reply) {
  const checked = request.has("headers") ? request.first("headers").split("|") : [];
  for (const name of checked) {
    if (request.header(name) !== undefined) reply.add(`x-request-${name}`, request.header(name));
  }
  if (request.has("cors")) {
    reply.add("Access-Control-Allow-Origin", request.header("origin", "*"));
    reply.add("Access-Control-Allow-Credentials", "true");
    reply.add("Access-Control-Allow-Methods", "GET, POST, HEAD");
    reply.add("Access-Control-Expose-Headers", checked.map((name) => `x-request-${name}`).join(", "));
    reply.add("Access-Control-Allow-Headers", request.first("allow_headers", request.headerList.map(([name]) => name).join(", ")));
  }
  reply.add("content-type", "text/plain");
  await reply.send();
}

async function method(request, reply) {
  if (request.has("cors")) {
    reply.add("Access-Control-Allow-Origin", "*");
    reply.add("Access-Control-Allow-Credentials", "true");
    reply.add("Access-Control-Allow-Methods", "GET, POST, PUT, FOO");
    reply.add("Access-Control-Allow-Headers", "x-test, x-foo");
    reply.add("Access-Control-Expose-Headers", "x-request-method");
  }
  reply.add("x-request-method", request.method);
  for (const name of ["type", "length", "encoding", "language", "location"]) reply.add(`x-request-content-${name}`, request.header(`content-${name}`, NO_HEADER));
  await reply.send(request.body);
}

async function echoContent(request, reply) {
  reply.add("X-Request-Method", request.method);
  reply.add("X-Request-Content-Length", request.header("content-length", NO_HEADER));
  reply.add("X-Request-Content-Type", request.header("content-type", NO_HEADER));
  reply.add("Content-Type", "text/plain");
  await reply.send(request.body);
}

async function trickle(request, reply) {
  const delay = request.first("ms", "500");
  await reply.sleep(delay);
  if (!request.has("notype")) reply.set("Content-type", "text/plain");
  await reply.begin();
  await reply.sleep(delay);
  for (let left = Number(request.first("count", "50")); left > 0 && (await reply.write("TEST_TRICKLE\n")); left--) await reply.sleep(delay);
}

// Without an end, until the client goes or a key is put; the state says whether anybody listens.
async function infinite(request, reply) {
  const [state, abort] = [request.first("stateKey", ""), request.first("abortKey", "")];
  const tell = (value) => { if (state !== "") request.put(state, value, request.folder); };
  tell("open");
  reply.set("Content-type", "text/plain");
  await reply.write(".".repeat(2048));
  while (await reply.write(".")) {
    if (abort !== "" && request.take(abort, request.folder) !== null) break;
    await reply.sleep(10);
  }
  tell("closed");
}

async function cacheState(request, reply) {
  const token = request.first("token");
  if (request.has("querystate")) {
    reply.set("Content-Type", "text/plain");
    return reply.send(JSON.stringify(request.take(token)));
  }
  const seen = {};
  for (const name of request.has("ignore") ? [] : ["If-None-Match", "If-Modified-Since", "Pragma", "Cache-Control"]) {
    if (request.header(name) !== undefined) seen[name] = request.header(name);
  }
  request.put(token, [...(request.take(token) ?? []), seen]);
  const tag = request.has("tag") ? `"${request.first("tag")}"` : undefined;
  const date = request.first("date");
  if (tag !== undefined) reply.set("ETag", tag);
  else if (date !== undefined) reply.set("Last-Modified", date);
  for (const [key, name] of [["expires", "Expires"], ["vary", "Vary"], ["cache_control", "Cache-Control"]]) {
    if (request.has(key)) reply.set(name, request.first(key));
  }
  reply.set("Access-Control-Allow-Origin", "*");
  if (request.has("redirect")) {
    reply.status = 302;
    reply.set("Location", request.first("redirect"));
    return reply.send();
  }
  const isSame = (tag !== undefined && request.header("if-none-match") === tag) || (date !== undefined && request.header("if-modified-since") === date);
  reply.status = isSame ? 304 : 200;
  if (!isSame) reply.set("Content-Type", "text/plain");
  return reply.send(isSame ? "" : request.first("content", ""));
}

async function partialText(request, reply) {
  const total = Number(request.first("length", "100"));
  reply.set("Content-Type", request.first("type", "text/plain"));
  const found = /^bytes=(\d*)-(\d*)$/.exec(request.header("range", ""));
  if (found === null) return reply.send("0".repeat(total));
  const [start, end] = [Number(found[1]), found[2] === "" ? total : Number(found[2])];
  if (end - start <= 0 || end > total) {
    reply.status = 416;
    return reply.send();
  }
  reply.set("Accept-Ranges", "bytes");
  reply.set("Content-Range", `bytes ${start}-${end}/${total}`);
  reply.status = Number(request.first("partial", "206"));
  return reply.send("0".repeat(end - start));
}

// Length only: nobody looks at the samples. Slow, as the one who asks wants to stop it.
async function longWav(request, reply) {
  const keep = (key, value) => {
    if (request.first(key, "") !== "" && value !== undefined) request.put(request.first(key), value, "/fetch/range/");
  };
  const found = /^bytes=(\d*)-(\d*)$/.exec(request.header("range", ""));
  keep("range-received-key", found === null ? undefined : "range-header-received");
  keep("accept-encoding-key", request.header("accept-encoding", ""));
  const total = 8000 * 60 * 5;
  const [start, end] = found === null ? [0, total - 1] : [Number(found[1]), found[2] === "" ? total - 1 : Number(found[2])];
  reply.set("Content-Type", "audio/wav");
  reply.set("Accept-Ranges", "bytes");
  reply.set("Access-Control-Allow-Origin", request.header("origin", ""));
  reply.set("Content-Length", end + 1 - start);
  if (found !== null) {
    reply.status = 206;
    reply.set("Content-Range", `bytes ${start}-${end}/${total}`);
  }
  for (let left = end + 1 - start; left > 0 && (await reply.write(Buffer.alloc(Math.min(left, 8000)))); left -= 8000) await reply.sleep(500);
}

export default {
  "fetch/api/resources/inspect-headers.py": inspectHeaders,
  "fetch/api/resources/method.py": method,
  "fetch/api/resources/echo-content.py": echoContent,
  "fetch/api/resources/trickle.py": trickle,
  "fetch/api/resources/infinite-slow-response.py": infinite,
  "fetch/api/request/resources/cache.py": cacheState,
  // One connection a request: the two counts are the same, and no connection is shared.
  async "fetch/connection-pool/resources/network-partition-key.py"(request, reply) {
    const count = (request.take(request.first("uuid")) ?? 0) + 1;
    reply.set("Cache-Control", "no-store");
    reply.set("Content-Type", "text/plain");
    if (request.first("dispatch") === "clean_up") return reply.send("cleanup complete");
    request.put(request.first("uuid"), count);
    reply.status = Number(request.first("status", "200"));
    return reply.send(`ok${request.has("addcounter") ? `. Request was sent ${count} times. ${count} connections were created.` : ""}`);
  },
  "fetch/range/resources/partial-text.py": partialText,
  "fetch/range/resources/long-wav.py": longWav,
  async "fetch/range/resources/stash-take.py"(request, reply) {
    reply.set("Content-Type", "application/json");
    await reply.send(JSON.stringify(request.take(request.first("key"), "/fetch/range/")));
  },
  async "fetch/api/resources/echo-content.h2.py"(request, reply) {
    reply.add("Content-Type", "text/plain");
    await reply.send(request.body);
  },
  async "fetch/api/resources/redirect.h2.py"(request, reply) {
    reply.status = Number(request.first("redirect_status", "302"));
    if (request.has("location")) reply.add("Location", request.first("location"));
    reply.add("Content-Type", "text/plain");
    await reply.send();
  },
  async "fetch/api/resources/redirect-empty-location.py"(request, reply) {
    reply.status = 302;
    reply.add("Location", "");
    await reply.send();
  },
  async "fetch/api/resources/status.py"(request, reply) {
    reply.status = Number(request.first("code", "200"));
    reply.reason = request.first("text", "OMG");
    reply.add("Content-Type", request.first("type", ""));
    reply.add("X-Request-Method", request.method);
    await reply.send(request.first("content", ""));
  },
  async "fetch/api/resources/authentication.py"(request, reply) {
    if (request.header("authorization") === `Basic ${btoa("user:password")}`) return reply.send("Authentication done");
    reply.status = 401;
    reply.add("WWW-Authenticate", `Basic realm="${request.first("realm", "test")}"`);
    return reply.send("Please login with credentials 'user' and 'password'");
  },
  async "fetch/api/resources/cache.py"(request, reply) {
    const tag = '"123abc"';
    if (request.header("if-none-match") === tag) {
      reply.status = 304;
      reply.set("X-HTTP-STATUS", "304");
      return reply.send();
    }
    reply.set("ETag", tag);
    reply.set("Content-Type", "text/plain");
    return reply.send("lorem ipsum dolor sit amet");
  },
  async "fetch/api/resources/script-with-header.py"(request, reply) {
    reply.add("Content-type", request.first("mime"));
    await reply.send(request.first("content") === "empty" ? "" : "console.log('Script loaded')");
  },
  async "fetch/content-encoding/resources/bad-gzip-body.py"(request, reply) {
    reply.add("Content-Encoding", "gzip");
    await reply.send("not actually gzip");
  },
  async "xhr/resources/echo-headers.py"(request, reply) {
    reply.set("Content-Type", "text/plain");
    await reply.send(request.headerList.map(([name, value]) => `${name}: ${value}\n`).join(""));
  },
};
