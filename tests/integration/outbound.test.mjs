// outbound.test.mjs - fetch() to servers that mean well: methods, bodies both ways, redirects, TLS, HTTP/2, codings, aborts, limits.
import { test, before, after } from "node:test";
import zlib from "node:zlib";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";
import { Authority, closeAll, httpServer, httpsServer, policy, rule } from "../lib/upstream.mjs";

let daemon, ca, echo;
before(async () => {
  ca = new Authority();
  daemon = await Daemon.start({ config: { outbound: { caFile: ca.file } } });
  echo = await httpServer((request, response, body) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body: body.toString("latin1") }));
  });
});
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

// The worker's |body| with a policy; what it returns as JSON.
const run = async (body, { outbound = policy(), ...call } = {}) => {
  const answer = await daemon.run(worker(`const out = []; ${body}; return Response.json(out);`), { ...call, code: { globalOutbound: outbound, ...call.code } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  return { ...answer, out: JSON.parse(answer.response.body) };
};

test("a request goes out and its answer comes back", async () => {
  const { out, usage, subrequests } = await run(`const r = await fetch("${echo.url}/a?b=c#d", { method: "POST", headers: { "X-A": "1" }, body: "h\\u00e9" });
    out.push(r.status, r.statusText, r.ok, r.url, r.redirected, r.headers.get("content-type"), await r.json());`);
  const seen = out.pop();
  assert.deepEqual(out, [200, "OK", true, `${echo.url}/a?b=c`, false, "application/json"]);
  assert.deepEqual([seen.method, seen.url, seen.body, seen.headers["x-a"], seen.headers["content-length"]], ["POST", "/a?b=c", "hÃ©", "1", "3"]);
  assert.equal(seen.headers.host, `127.0.0.1:${echo.port}`);
  assert.equal(usage.subrequests, 1);
  const [record] = subrequests;
  const { startMs, spanId, ...rest } = record;
  assert.ok(startMs >= 0 && /^[0-9a-f]{16}$/.test(spanId));
  assert.deepEqual({ ...rest, ms: 0 }, { fetch: 1, host: "127.0.0.1", method: "POST", rule: 0, decision: "allowed", status: 200, bytesOut: 3, bytesIn: record.bytesIn, ms: 0 });
});

test("nothing of our own is added to a request but what HTTP needs, and its trace", async () => {
  const { out } = await run(`for (const init of [{}, { method: "POST" }, { method: "PUT", body: "" }, { method: "DELETE" }, { method: "PATCH", body: new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)); c.close(); } }) }])
    out.push((await (await fetch("${echo.url}/", init)).json()).headers);
    out.push((await (await fetch("${echo.url}/", { headers: { accept: "x/y", "user-agent": "me", "accept-encoding": "identity", expect: "100-continue", "empty": "" } })).json()).headers);`);
  const host = `127.0.0.1:${echo.port}`;
  for (const headers of out) {
    assert.match(headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    delete headers.traceparent;
  }
  assert.deepEqual(out[0], { host, "accept-encoding": "gzip, br" });
  assert.deepEqual(out[1], { host, "accept-encoding": "gzip, br", "content-length": "0" });
  assert.deepEqual(out[2], { host, "accept-encoding": "gzip, br", "content-length": "0", "content-type": "text/plain;charset=UTF-8" });
  assert.deepEqual(out[3], { host, "accept-encoding": "gzip, br" });
  assert.deepEqual(out[4], { host, "accept-encoding": "gzip, br", "transfer-encoding": "chunked" });
  assert.deepEqual(out[5], { host, accept: "x/y", "user-agent": "me", "accept-encoding": "identity", empty: "" });
});

test("methods, statuses and answers without a body", async () => {
  const server = await httpServer((request, response) => {
    const status = Number(request.url.slice(1));
    response.writeHead(status, { "x-method": request.method });
    response.end(status === 204 || status === 304 ? undefined : "body");
  });
  const { out } = await run(`for (const [method, status] of [["GET", 200], ["HEAD", 200], ["DELETE", 204], ["GET", 304], ["OPTIONS", 404], ["PROPFIND", 500], ["GET", 299]]) {
      const r = await fetch("${server.url}/" + status, { method }); out.push([r.status, r.headers.get("x-method"), r.body === null, await r.text()]); }`);
  assert.deepEqual(out, [[200, "GET", false, "body"], [200, "HEAD", true, ""], [204, "DELETE", true, ""], [304, "GET", true, ""], [404, "OPTIONS", false, "body"], [500, "PROPFIND", false, "body"], [299, "GET", false, "body"]]);
  assert.equal(server.connections_seen, 1, "one connection carries them all");
});

test("bodies stream both ways at once", async () => {
  const server = await httpServer((request, response) => request.pipe(response), { streams: true });
  const { out } = await run(`const encoder = new TextEncoder(); const { readable, writable } = new TransformStream(); const writer = writable.getWriter();
    const pending = fetch("${server.url}/", { method: "POST", body: readable }); await writer.write(encoder.encode("one"));
    const reader = (await pending).body.getReader(); const decoder = new TextDecoder();
    for (const word of ["two", "three"]) { out.push(decoder.decode((await reader.read()).value)); await writer.write(encoder.encode(word)); }
    out.push(decoder.decode((await reader.read()).value)); await writer.close(); out.push((await reader.read()).done);`);
  assert.deepEqual(out, ["one", "two", "three", true]);
});

test("large bodies arrive whole, in both directions", async () => {
  const { createHash } = await import("node:crypto");
  const server = await httpServer((request, response) => {
    const hash = createHash("sha256"); let size = 0;
    request.on("data", (chunk) => { hash.update(chunk); size += chunk.length; });
    request.on("end", () => { response.setHeader("x-hash", `${size} ${hash.digest("hex")}`); response.end(Buffer.alloc(size, "abcdefg")); });
  }, { streams: true });
  const size = 10_000_000;
  const expected = createHash("sha256").update(Buffer.alloc(size, "abcdefg")).digest("hex");
  const { out } = await run(`const bytes = new Uint8Array(${size}); const text = "abcdefg"; for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i % 7);
    for (const body of [bytes, new ReadableStream({ start(c) { for (let i = 0; i < ${size}; i += 100000) c.enqueue(bytes.slice(i, i + 100000)); c.close(); } })]) {
      const r = await fetch("${server.url}/", { method: "PUT", body }); const back = new Uint8Array(await r.arrayBuffer());
      let same = back.length === bytes.length; for (let i = 0; same && i < back.length; i++) same = back[i] === bytes[i]; out.push(r.headers.get("x-hash"), same); }`);
  assert.deepEqual(out, [`${size} ${expected}`, true, `${size} ${expected}`, true]);
});

test("gzip, deflate and br are taken off; what is not known is passed on as it is", async () => {
  const plain = "a".repeat(100_000) + "end";
  const coded = { gzip: zlib.gzipSync(plain), "x-gzip": zlib.gzipSync(plain), deflate: zlib.deflateSync(plain), raw: zlib.deflateRawSync(plain), br: zlib.brotliCompressSync(plain), identity: Buffer.from(plain), zstd: Buffer.from("no zstd"),
    two: Buffer.concat([zlib.gzipSync(plain.slice(0, 50_000)), zlib.gzipSync(plain.slice(50_000))]), nested: zlib.gzipSync(zlib.gzipSync(plain)) };
  const server = await httpServer((request, response) => {
    const name = request.url.slice(1);
    response.setHeader("content-encoding", { raw: "deflate", two: "gzip", nested: "gzip, gzip" }[name] ?? name);
    response.end(coded[name]);
  });
  const { out } = await run(`for (const name of ${JSON.stringify(Object.keys(coded))}) { const r = await fetch("${server.url}/" + name); const text = await r.text(); out.push([name, text.length, text.slice(-3), r.headers.get("content-encoding"), r.headers.has("content-length")]); }`);
  const decoded = (name) => [name, plain.length, "end", null, false];
  assert.deepEqual(out, [decoded("gzip"), decoded("x-gzip"), decoded("deflate"), decoded("raw"), decoded("br"), ["identity", plain.length, "end", "identity", true], ["zstd", 7, "std", "zstd", true], decoded("two"), ["nested", out[8][1], out[8][2], "gzip, gzip", true]]);
});

test("HTTP/2 and HTTP/1.1 over TLS, with an authority of one's own", async () => {
  const answer = (request, response, body) => response.end(`${request.httpVersion} ${request.method} ${request.headers[":authority"] ?? request.headers.host} ${body}`);
  const two = await httpsServer(ca, answer);
  const one = await httpsServer(ca, answer, { version: 1 });
  const { out } = await run(`for (const url of ["${two.url}/", "${one.url}/"]) for (const init of [{}, { method: "POST", body: "hi" }, { method: "PUT", body: new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("str")); c.close(); } }) }])
    { const r = await fetch(url, init); out.push(await r.text(), r.url); }`);
  const authority = (server) => `localhost:${server.port}`;
  assert.deepEqual(out.filter((_, i) => i % 2 === 0), ["2.0 GET " + authority(two) + " ", "2.0 POST " + authority(two) + " hi", "2.0 PUT " + authority(two) + " str", "1.1 GET " + authority(one) + " ", "1.1 POST " + authority(one) + " hi", "1.1 PUT " + authority(one) + " str"]);
});

test("a certificate that is not for the host, or of nobody's authority, is refused", async () => {
  const other = await httpsServer(ca, (request, response) => response.end("secret"), { names: ["elsewhere.example"] });
  const stranger = await httpsServer(new Authority(), (request, response) => response.end("secret"));
  const { out, subrequests } = await run(`for (const url of ["https://localhost:${other.port}/", "https://localhost:${stranger.port}/", "https://localhost:${echo.port}/"]) await fetch(url).then(() => out.push("went"), (e) => out.push(e.name + ": " + e.message));`);
  assert.deepEqual(out, Array(3).fill("TypeError: The TLS handshake with localhost failed, or its certificate is not valid."));
  assert.deepEqual(subrequests.map((one) => one.error), Array(3).fill("upstream.tls"));
});

test("connections are kept, and used again by the next run", async () => {
  const server = await httpServer((request, response) => response.end("ok"));
  for (let i = 0; i < 5; i++) assert.deepEqual((await run(`for (let i = 0; i < 4; i++) out.push(await (await fetch("${server.url}/")).text());`)).out, Array(4).fill("ok"));
  assert.equal(server.connections_seen, 1);
});

test("a connection that the server has closed meanwhile is replaced, with the request's body sent again", async () => {
  const server = await httpServer((request, response, body) => response.end(`got ${body}`));
  await run(`await (await fetch("${server.url}/")).text();`);
  for (const socket of server.sockets) socket.destroy();
  const { out } = await run(`out.push(await (await fetch("${server.url}/", { method: "POST", body: "again" })).text());`);
  assert.deepEqual(out, ["got again"]);
});

test("redirects: followed, reported, refused", async () => {
  const server = await httpServer((request, response, body) => {
    const [, status, target] = /^\/(\d+)(.*)$/.exec(request.url) ?? [];
    if (status) { response.writeHead(Number(status), { location: target || "/end" }); response.end("moved"); return; }
    response.end(JSON.stringify([request.method, request.url, body.toString(), request.headers["content-type"] ?? null]));
  });
  const get = (path, init = "{}") => `{ const r = await fetch("${server.url}${path}", ${init}); out.push([r.status, r.url.slice(${server.url.length}), r.redirected, await r.text()]); }`;
  const { out, subrequests, usage } = await run(`${get("/302/end")} ${get("/301/302/x")} ${get("/303", '{ method: "POST", body: "b" }')} ${get("/301", '{ method: "POST", body: "b" }')} ${get("/307", '{ method: "POST", body: "b" }')}
    ${get("/308", '{ method: "PUT", body: "b" }')} ${get("/302", '{ method: "PUT", body: "b" }')} ${get("/302/end", '{ redirect: "manual" }')}
    await fetch("${server.url}/302/end", { redirect: "error" }).catch((e) => out.push(e.name + ": " + e.message));`);
  const text = "text/plain;charset=UTF-8";
  assert.deepEqual(out, [
    [200, "/end", true, '["GET","/end","",null]'], [200, "/x", true, '["GET","/x","",null]'], [200, "/end", true, '["GET","/end","",null]'], [200, "/end", true, '["GET","/end","",null]'],
    [200, "/end", true, `["POST","/end","b","${text}"]`], [200, "/end", true, `["PUT","/end","b","${text}"]`], [200, "/end", true, `["PUT","/end","b","${text}"]`], [302, "/302/end", false, "moved"],
    'TypeError: 127.0.0.1 answered with a redirect, and the redirect mode is "error".']);
  assert.equal(usage.subrequests, 17, "every hop counts");
  assert.deepEqual(subrequests.filter((one) => one.fetch === 2).map((one) => one.status), [301, 302, 200]);
});

test("a redirect that needs a body which is gone fails; one without end too", async () => {
  const server = await httpServer((request, response) => { response.writeHead(307, { location: "/again" }); response.end(); });
  const { out } = await run(`await fetch("${server.url}/", { method: "POST", body: new Uint8Array(1000000) }).catch((e) => out.push(e.message)); await fetch("${server.url}/").catch((e) => out.push(e.message));`);
  assert.deepEqual(out, ["127.0.0.1 redirected to where this request cannot go.", "Too many redirects; the last one came from 127.0.0.1."]);
});

test("aborting: the upstream's connection is closed, before and after the head", async () => {
  const closed = [];
  let arrived;
  const server = await httpServer((request, response) => {
    response.on("close", () => closed.push(request.url));
    if (request.url === "/head") { response.write("begin"); return; }
    arrived?.();
  }, { streams: true });
  const { out } = await run(`const c = new AbortController(); const p = fetch("${server.url}/wait", { signal: c.signal }); await scheduler.wait(100); c.abort(); await p.catch((e) => out.push(e.name));
    const d = new AbortController(); const r = await fetch("${server.url}/head", { signal: d.signal }); const reader = r.body.getReader(); await reader.read(); const next = reader.read(); d.abort(); await next.catch((e) => out.push(e.name));
    const s = await fetch("${server.url}/head"); await s.body.cancel(); out.push("cancelled");`);
  assert.deepEqual(out, ["AbortError", "AbortError", "cancelled"]);
  await daemon.until(() => closed.length === 3);
});

test("a client that leaves ends the run's requests", async () => {
  let closes = 0;
  let begun;
  const arrived = new Promise((resolve) => { begun = resolve; });
  const server = await httpServer((request, response) => { response.on("close", () => closes++); begun(); }, { streams: true });
  const controller = new AbortController();
  const call = daemon.run(worker(`await fetch("${server.url}/")`), { code: { globalOutbound: policy() }, signal: controller.signal });
  await arrived;
  controller.abort();
  await assert.rejects(call);
  await daemon.until(() => closes === 1);
});

test("six requests of a run at once, the rest in their order", async () => {
  let open = 0, most = 0;
  const order = [];
  const server = await httpServer((request, response) => { open++; most = Math.max(most, open); order.push(Number(request.url.slice(1))); setTimeout(() => { open--; response.end(request.url); }, 20); });
  const { out } = await run(`out.push(...await Promise.all(Array.from({ length: 40 }, async (_, i) => (await fetch("${server.url}/" + i)).text())));`);
  assert.equal(most, 6);
  assert.deepEqual(out, Array.from({ length: 40 }, (_, i) => `/${i}`));
  assert.deepEqual(order.slice(0, 6).sort((a, b) => a - b), [0, 1, 2, 3, 4, 5]);
});

test("answers that nobody reads do not hold the places for ever: the least recently used one is closed", async () => {
  const server = await httpServer((request, response) => response.end(Buffer.alloc(2_000_000)));
  const { out } = await run(`const kept = []; for (let i = 0; i < 8; i++) kept.push(await fetch("${server.url}/")); out.push(kept.length);
    for (const r of kept) await r.arrayBuffer().then((b) => out.push(b.byteLength), (e) => out.push(e.message));`);
  assert.deepEqual(out, [8, "Response closed due to connection limit.", "Response closed due to connection limit.", ...Array(6).fill(2_000_000)]);
});

test("too many subrequests have Cloudflare's words, redirects counted", async () => {
  const server = await httpServer((request, response) => { if (request.url === "/r") response.writeHead(302, { location: "/" }); response.end("ok"); });
  const { out, usage } = await run(`for (let i = 0; i < 3; i++) out.push(await (await fetch("${server.url}/")).text()); await fetch("${server.url}/r").catch((e) => out.push(String(e))); await fetch("${server.url}/").catch((e) => out.push(String(e)));`, { limits: { subRequests: 4 } });
  assert.deepEqual(out, ["ok", "ok", "ok", "Error: Too many subrequests by single Worker invocation.", "Error: Too many subrequests by single Worker invocation."]);
  assert.equal(usage.subrequests, 4);
});

test("network errors are TypeErrors that name the host", async () => {
  const server = await httpServer((request, response) => response.destroy());
  const { out } = await run(`for (const url of ["${server.url}/", "http://127.0.0.1:1/"]) await fetch(url).catch((e) => out.push(e.name + ": " + e.message));`);
  assert.deepEqual(out, ["TypeError: Network connection lost. It was with 127.0.0.1.", "TypeError: No connection to 127.0.0.1 could be made."]);
});

test("an answer that breaks off is an error in the body", async () => {
  const server = await httpServer((request, response) => { response.writeHead(200, { "content-length": "100" }); response.write("half"); setTimeout(() => response.destroy(), 20); });
  const { out } = await run(`const r = await fetch("${server.url}/"); out.push(r.status); await r.text().catch((e) => out.push(e.name + ": " + e.message));`);
  assert.deepEqual(out, [200, "TypeError: Network connection lost. It was with 127.0.0.1."]);
});

test("the first rule that matches decides; what none matches is refused, by host", async () => {
  const { out, subrequests } = await run(`for (const [url, init] of [["${echo.url}/open/x"], ["${echo.url}/closed"], ["${echo.url}/open/y", { method: "DELETE" }], ["http://localhost:${echo.port}/open"]]) await fetch(url, init).then((r) => out.push(r.status), (e) => out.push(e.name + ": " + e.message));`,
    { outbound: policy(rule({ match: { host: ["127.0.0.1"], method: ["DELETE"] }, action: "deny", rule: { allowHttp: undefined, addresses: undefined } }), rule({ match: { host: ["127.0.0.1"], path: "/open" } })) });
  assert.deepEqual(out, [200, "TypeError: Fetching from 127.0.0.1 is not permitted.", "TypeError: Fetching from 127.0.0.1 is not permitted.", "TypeError: Fetching from localhost is not permitted."]);
  assert.deepEqual(subrequests.map((one) => one.decision), ["allowed", "no_match", "denied", "no_match"]);
});

test("null is Cloudflare's sentence still", async () => {
  const answer = await daemon.run(worker(`try { await fetch("${echo.url}/"); } catch (e) { return new Response(String(e)); }`), { code: { globalOutbound: null } });
  assert.equal(answer.response.body, "Error: This worker is not permitted to access the internet via global functions like fetch(). It must use capabilities (such as bindings in 'env') to talk to the outside world.");
  assert.equal(answer.subrequests, undefined);
});

test("/healthz counts them", async () => {
  const { outbound: before } = await daemon.health();
  await run(`await (await fetch("${echo.url}/", { method: "POST", body: "12345" })).text(); await fetch("http://127.0.0.1:1/").catch(() => {}); await fetch("http://10.0.0.1/").catch(() => {});`);
  const { outbound } = await daemon.health();
  assert.deepEqual([outbound.active, outbound.queued], [0, 0]);
  assert.deepEqual(["total", "refused", "failed", "injected", "bytesSent"].map((key) => outbound[key] - before[key]), [3, 1, 1, 0, 5]);
  assert.ok(outbound.bytesReceived > before.bytesReceived && outbound.connections >= 1);
});

test("every request is logged, without its path, headers or body", async () => {
  await run(`await fetch("${echo.url}/private-path?token=x", { method: "POST", headers: { "x-private": "header" }, body: "private-body" });`);
  const lines = daemon.lines.filter((line) => line.includes("subrequest"));
  assert.ok(lines.length > 0);
  assert.match(lines.at(-1), /subrequest fetch=1 rule=0 host=127\.0\.0\.1 method=POST decision=allowed status=200 out=12 in=\d+ ms=/);
  assert.doesNotMatch(lines.join("\n"), /private/);
});
