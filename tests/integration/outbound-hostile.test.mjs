// outbound-hostile.test.mjs - workers that want out and upstreams that mean harm: numbers 33 to 39 of the hostile corpus, each by its
// number. Each ends with the named outcome, and the daemon goes on with its descriptors and memory as before.
import { test, before, after } from "node:test";
import { readdirSync } from "node:fs";
import net from "node:net";
import zlib from "node:zlib";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";
import { Authority, closeAll, dnsServer, httpServer, httpsServer, policy, rawAnswer, rawServer, rule } from "../lib/upstream.mjs";

// Of a daemon of their own: on a busy machine an honest server may need longer.
const SHORT = { resolveMs: 1000, connectMs: 1000, tlsMs: 700, firstByteMs: 700, idleMs: 700 };
let daemon, hurried, ca, target, dns;
const names = new Map(); // name -> function of (type, count)
before(async () => {
  ca = new Authority();
  dns = await dnsServer((name, type, count) => names.get(name)?.(type, count) ?? null);
  daemon = await Daemon.start({ config: { limits: { memoryMb: { default: 128, max: 512 } }, outbound: { caFile: ca.file, dnsServers: [dns.address] } } });
  hurried = await Daemon.start({ config: { outbound: { caFile: ca.file, dnsServers: [dns.address], ...SHORT } } });
  target = await httpServer((request, response) => response.end("inside"));
});
after(async () => {
  const ends = [await daemon.stop(), await hurried.stop()];
  await closeAll();
  assert.deepEqual(ends, [{ code: 0, signal: null }, { code: 0, signal: null }]);
});

const fds = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
// Answers with out.push(...) of each fetch: a status and text, or the error.
const run = async (body, { outbound = policy(), on = daemon, ...call } = {}) => {
  const answer = await on.run(worker(`const out = []; const get = (url, init) => fetch(url, init).then(async (r) => out.push(r.status + " " + (await r.text()).slice(0, 100))).catch((e) => out.push(String(e))); ${body}; return Response.json(out);`), { ...call, code: { globalOutbound: outbound, ...call.code } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  return { ...answer, out: JSON.parse(answer.response.body) };
};

test("33: 100,000 fetches at once end with the subrequest limit; connections and descriptors stay bounded", async () => {
  const before = fds();
  let most = 0;
  const server = await httpServer((request, response) => { most = Math.max(most, server.sockets.size); response.end("ok"); });
  const { out, usage } = await run(`let fine = 0, limited = 0, other = 0; await Promise.all(Array.from({ length: 100000 }, () => fetch("${server.url}/").then((r) => r.text()).then(() => fine++, (e) => { if (String(e) === "Error: Too many subrequests by single Worker invocation.") limited++; else other++; }))); out.push(fine, limited, other);`, { limits: { memoryMb: 512, wallMs: 240_000, cpuMs: 200_000 } });
  assert.deepEqual(out, [1000, 99000, 0]);
  assert.equal(usage.subrequests, 1000);
  assert.ok(most <= 6, `${most} connections`);
  await daemon.until(() => fds() <= before + 8);
});

test("33: fetch inside an abort handler, and one million calls one after the other", async () => {
  const server = await httpServer((request, response) => { if (request.url === "/ok") response.end("ok"); });
  const { out } = await run(`const c = new AbortController(); c.signal.addEventListener("abort", () => { get("${server.url}/ok"); throw new Error("in handler"); }); const p = fetch("${server.url}/never", { signal: c.signal }); await scheduler.wait(20); c.abort(); await p.catch((e) => out.push(e.name)); await get("${server.url}/ok");
    let limited = 0; for (let i = 0; i < 1e6 && limited < 10; i++) await fetch("${server.url}/ok").then((r) => r.text(), () => limited++); out.push(limited);`, { limits: { subRequests: 50, wallMs: 240_000 } });
  assert.deepEqual([...out].sort(), [10, "200 ok", "200 ok", "AbortError"].sort());
});

test("34: slow upstreams end within the time of their phase", async () => {
  const silent = await rawServer(() => {});
  const drip = (first, rest) => rawServer((socket) => { socket.write(first); const timer = setInterval(() => socket.write(rest), 50); socket.on("close", () => clearInterval(timer)); });
  const headers = await drip("HTTP/1.1 200 OK\r\n", "x: y\r\n");
  const statusLine = await rawServer((socket) => { const text = "HTTP/1.1 200 OK\r\n\r\n"; let i = 0; const timer = setInterval(() => socket.write(text[i++] ?? ""), 200); socket.on("close", () => clearInterval(timer)); });
  const interim = await drip("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "x: y\r\n");
  const stops = await rawServer((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"));
  const tls = await rawServer(() => {});
  const { out } = await run(`await Promise.all([get("${silent.url}/"), get("${headers.url}/"), get("${statusLine.url}/"), get("${interim.url}/"), get("${stops.url}/"), get("https://127.0.0.1:${tls.port}/")]);`, { on: hurried });
  assert.deepEqual([...out].sort(), ["TypeError: 127.0.0.1 did not begin to answer in time.", "TypeError: 127.0.0.1 did not begin to answer in time.", "TypeError: 127.0.0.1 did not begin to answer in time.", "TypeError: 127.0.0.1 did not begin to answer in time.",
    "TypeError: 127.0.0.1 did not complete the TLS handshake in time.", "TypeError: 127.0.0.1 stopped sending its answer."].sort());
});

test("34: a worker's own slowness is not held against an upstream", async () => {
  const server = await httpServer((request, response) => response.end(Buffer.alloc(3_000_000)));
  const sink = await httpServer((request, response, body) => response.end(String(body.length)));
  const { out } = await run(`const r = await fetch("${server.url}/"); const reader = r.body.getReader(); let size = 0; for (let i = 0; ; i++) { const { done, value } = await reader.read(); if (done) break; size += value.length; if (i === 2) await scheduler.wait(1500); } out.push(size);
    let n = 0; const slow = new ReadableStream({ async pull(c) { if (n++ === 2) { c.close(); return; } await scheduler.wait(1000); c.enqueue(new Uint8Array(10)); } }); await get("${sink.url}/", { method: "POST", body: slow });`, { on: hurried });
  assert.deepEqual(out, [3_000_000, "200 20"]);
});

test("34: one byte a second is no progress for ever: the run's own time ends it", async () => {
  const slow = await rawServer((socket) => { socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"); const timer = setInterval(() => socket.write("1\r\nx\r\n"), 100); socket.on("close", () => clearInterval(timer)); });
  const answer = await daemon.run(worker(`const r = await fetch("${slow.url}/"); return new Response(await r.text());`), { code: { globalOutbound: policy() }, limits: { wallMs: 1500 } });
  assert.equal(answer.outcome, "exceededWallTime");
  await daemon.until(() => slow.sockets.size === 0);
});

test("34: floods of headers and of interim answers are cut off", async () => {
  const flood = (piece) => rawServer((socket) => { socket.write("HTTP/1.1 200 OK\r\n"); const push = () => { while (!socket.destroyed && socket.write(piece)); }; socket.on("drain", push); push(); });
  const many = await flood("a: b\r\n".repeat(1000));
  const large = await flood(`a: ${"x".repeat(60_000)}\r\n`);
  const endless = await flood("x".repeat(60_000));
  const interim = await rawServer((socket) => { const push = () => { while (!socket.destroyed && socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100))); }; socket.on("drain", push); push(); });
  const { out } = await run(`for (const url of ["${many.url}/", "${large.url}/", "${interim.url}/", "${endless.url}/"]) await get(url);`);
  assert.deepEqual(out.slice(0, 3), Array(3).fill("TypeError: 127.0.0.1 sent more headers than are allowed."));
  assert.match(out[3], /^TypeError: /);
});

test("35: CR, LF, NUL and other controls in names, values, methods and URLs never reach the wire", async () => {
  const seen = [];
  const server = await rawServer((socket, text) => { seen.push(text); socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"); });
  const { out } = await run(`const bad = ["a\\r\\nx: y", "a\\nb", "a\\rb", "a\\0b", "\\r\\n folded"];
    for (const text of bad) {
      for (const init of [{ headers: { [text]: "v" } }, ...(text.startsWith("\\r") ? [] : [{ headers: [["x", text]] }, { headers: { cookie: text } }]), { method: text }]) await fetch("${server.url}/", init).then(() => out.push("sent"), (e) => out.push(e.name));
      await fetch("${server.url}/" + text).then((r) => r.text(), (e) => out.push(e.name)); }
    out.push((await (await fetch("${server.url}/end", { headers: [["x", "  spaces\\t"]] })).text()));`);
  assert.ok(out.slice(0, -1).every((one) => one === "TypeError"), out.join());
  for (const text of seen) {
    const [line, ...rest] = text.split("\r\n\r\n").at(-2).split("\r\n"); // the last request that this connection carried
    assert.match(line, /^GET \/[!-~]* HTTP\/1\.1$/);
    assert.deepEqual(rest.map((one) => one.split(":")[0]).filter(Boolean), ["host", "accept-encoding", "traceparent", ...(line.includes("/end") ? ["x"] : [])].map((one) => (one === "host" ? "Host" : one)).sort((a, b) => rest.findIndex((r) => r.startsWith(a)) - rest.findIndex((r) => r.startsWith(b))));
  }
});

test("36: lengths, transfer codings, connections, hosts and upgrades of a guest are not sent", async () => {
  const seen = [];
  const server = await httpServer((request, response, body) => { seen.push([request.rawHeaders, body.toString()]); response.end("ok"); });
  await run(`const headers = { "Content-Length": "3", "Transfer-Encoding": "chunked", Connection: "x-secret, close", "X-Secret": "1", Host: "evil.example", "Keep-Alive": "timeout=1", TE: "trailers", Trailer: "x", Upgrade: "h2c", Expect: "100-continue", "Proxy-Authorization": "x", "Proxy-Connection": "x", "HTTP2-Settings": "x", "X-Kept": "1" };
    await get("${server.url}/", { method: "POST", headers, body: "GET /smuggled HTTP/1.1\\r\\n\\r\\n" });`);
  assert.equal(seen.length, 1);
  assert.match(seen[0][0].at(seen[0][0].indexOf("traceparent") + 1), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  seen[0][0].splice(seen[0][0].indexOf("traceparent"), 2); // the daemon's own
  assert.deepEqual(seen[0], [["Host", `127.0.0.1:${server.port}`, "x-kept", "1", "content-type", "text/plain;charset=UTF-8", "accept-encoding", "gzip, br", "Content-Length", "26"], "GET /smuggled HTTP/1.1\r\n\r\n"]);
});

test("36: answers that two parsers could read in two ways are refused", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nokxxx",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\nok",
    "HTTP/1.1 200 OK\r\na: b\r\n c: d\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\na\0b: c\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nok",
    "ok",
    "HTTP/9.9 200 OK\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
  ];
  const servers = await Promise.all(answers.map((bytes) => rawAnswer(bytes)));
  const { out } = await run(`for (const url of ${JSON.stringify(servers.map((one) => `${one.url}/`))}) await get(url);`);
  out.forEach((text, i) => assert.match(text, /^TypeError: (127\.0\.0\.1 sent an answer that is not valid HTTP\.|Network connection lost)/, `${JSON.stringify(answers[i])}: ${text}`));
});

test("36: trailers are dropped, and a connection with leftovers is not used again", async () => {
  const trailers = await rawServer((socket, seen) => { if (seen.endsWith("\r\n\r\n")) socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n2\r\nok\r\n0\r\nx-t: 1\r\nset-cookie: a=b\r\n\r\n"); });
  const stuffed = await rawServer((socket, seen) => { if (seen.endsWith("\r\n\r\n")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"); });
  const { out } = await run(`const r = await fetch("${trailers.url}/"); out.push(await r.text(), [...r.headers]); for (let i = 0; i < 2; i++) await get("${stuffed.url}/");`);
  assert.deepEqual(out, ["ok", [], "200 ok", "200 ok"]);
});

test("37: bombs of gzip, deflate and br end at the budget, with the daemon's memory flat", async () => {
  const small = await Daemon.start({ config: { outbound: { decodedBytes: 8 << 20 } } });
  try {
    const zeros = Buffer.alloc(256 << 20);
    const bombs = { gzip: zlib.gzipSync(zeros), deflate: zlib.deflateSync(zeros), br: zlib.brotliCompressSync(zeros, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }) };
    const server = await httpServer((request, response) => { const name = request.url.slice(1); response.setHeader("content-encoding", name); response.end(bombs[name]); });
    const before = small.memory().rssKb;
    const code = worker(`const out = []; for (const name of ["gzip", "deflate", "br"]) { let n = 0; try { const r = await fetch("${server.url}/" + name); for await (const chunk of r.body) n += chunk.length; out.push("all"); } catch (e) { out.push(e.message, n <= ${8 << 20}); } } return Response.json(out);`);
    const answer = await small.run(code, { code: { globalOutbound: policy() } });
    assert.deepEqual(JSON.parse(answer.response.body), ["127.0.0.1 sent a larger answer than is allowed.", true, "127.0.0.1 sent a larger answer than is allowed.", true, "127.0.0.1 sent a larger answer than is allowed.", true]);
    assert.ok(small.memory().rssKb - before < 24 * 1024, `${small.memory().rssKb - before} KiB`);
  } finally { await small.stop(); }
});

test("37: what is no gzip though it says so is an error, not a crash", async () => {
  const server = await httpServer((request, response) => { response.setHeader("content-encoding", request.url.slice(1)); response.end(Buffer.from("this is not compressed at all, though it says that it is")); });
  const cut = await httpServer((request, response) => { response.setHeader("content-encoding", "gzip"); response.end(zlib.gzipSync(Buffer.alloc(10_000, "x")).subarray(0, 20)); });
  const { out } = await run(`for (const name of ["gzip", "deflate", "br"]) await get("${server.url}/" + name); await get("${cut.url}/");`);
  assert.deepEqual(out, Array(4).fill("TypeError: 127.0.0.1 sent an answer that is not valid HTTP."));
});

test("38: names are resolved by the daemon, and the address that was checked is the one that is called", async () => {
  const other = await httpServer((request, response) => response.end(`name ${request.headers.host}`), { host: "127.0.0.2" });
  names.set("one.example", (type) => (type === "A" ? ["127.0.0.2"] : []));
  names.set("alias.example", (type) => [{ cname: "one.example" }, ...(type === "A" ? ["127.0.0.2"] : [])]);
  names.set("kept.example", (type) => (type === "A" ? [{ address: "127.0.0.2", ttl: 300 }] : []));
  const { out } = await run(`for (const name of ["one", "alias", "kept", "kept", "gone"]) await get("http://" + name + ".example:${other.port}/");`);
  assert.deepEqual(out, [`200 name one.example:${other.port}`, `200 name alias.example:${other.port}`, `200 name kept.example:${other.port}`, `200 name kept.example:${other.port}`, "TypeError: The name gone.example could not be resolved."]);
  assert.equal(dns.asked.get("kept.example A"), 1, "an answer is kept as long as it says");
});

test("38: rebinding: a name that flips to an inner address is refused, every time", async () => {
  names.set("flop.example", (type, count) => (type !== "A" ? [] : count % 2 === 1 ? ["127.0.0.1"] : ["10.0.0.1"]));
  const closed = policy(rule({ match: { host: ["*"], port: "*" }, rule: { addresses: undefined } }));
  const first = await run(`for (let i = 0; i < 6; i++) await get("http://flop.example:${target.port}/");`, { outbound: closed });
  assert.deepEqual(first.out, Array(6).fill("TypeError: Fetching from flop.example is not permitted."));
  assert.equal(dns.asked.get("flop.example A"), 6, "each was resolved anew");
  const open = await run(`for (let i = 0; i < 4; i++) await get("http://flop.example:${target.port}/" + i);`);
  assert.deepEqual(open.out, ["200 inside", "TypeError: Fetching from flop.example is not permitted.", "200 inside", "TypeError: Fetching from flop.example is not permitted."]);
});

test("38: a hundred addresses, one of them inside; aliases to the inside; metadata even where ranges are open", async () => {
  const publics = Array.from({ length: 50 }, (_, i) => `198.51.${i}.1`).map((one) => one.replace("198.51.100.1", "198.51.101.1"));
  names.set("mixed.example", (type) => (type === "A" ? [...publics.slice(0, 30), "127.0.0.1"] : []));
  names.set("many.example", (type) => (type === "A" ? Array.from({ length: 100 }, () => "127.0.0.1") : []));
  names.set("inner.example", (type) => [{ cname: "localhost.inner.example" }, ...(type === "A" ? ["127.0.0.1"] : [])]);
  names.set("six.example", (type) => (type === "AAAA" ? ["::ffff:127.0.0.1"] : []));
  names.set("meta.example", (type) => (type === "A" ? ["169.254.169.254"] : []));
  names.set("zero.example", (type) => (type === "A" ? ["0.0.0.0"] : []));
  const closed = policy(rule({ rule: { addresses: undefined } }));
  const { out } = await run(`for (const name of ["mixed", "inner", "six", "meta", "zero"]) await get("http://" + name + ".example:${target.port}/");`, { outbound: closed });
  assert.deepEqual(out, ["mixed", "inner", "six", "meta", "zero"].map((name) => `TypeError: Fetching from ${name}.example is not permitted.`));
  const open = await run(`await get("http://meta.example/"); await get("http://many.example:${target.port}/");`, { outbound: policy(rule({ rule: { addresses: ["0.0.0.0/0", "::/0"] } })) });
  assert.equal(open.out[0], "TypeError: Fetching from meta.example is not permitted.");
});

test("38: a DNS server that does not answer costs no more than its time", async () => {
  names.set("silent.example", () => "silence");
  const { out } = await run(`await get("http://silent.example/");`, { on: hurried });
  assert.equal(out[0], "TypeError: The name silent.example could not be resolved in time.");
});

test("39: redirects to the inside, in every spelling, are refused on their hop", async () => {
  const server = await rawServer((socket, seen) => {
    const [, target] = /GET \/(\S+) HTTP[^]*\r\n\r\n$/.exec(seen) ?? [];
    if (target) socket.end(Buffer.from(`HTTP/1.1 302 Found\r\nlocation: ${decodeURIComponent(target)}\r\ncontent-length: 0\r\n\r\n`));
  }, { host: "127.0.0.5" });
  const places = ["http://169.254.169.254/", "http://[::ffff:169.254.169.254]/", "http://2852039166/", "http://0x7f.1/", `http://localhost.:${target.port}/`, "http://[::]/", "http://127.1/", "http://\u2460\u2461\u2466.0.0.1/", "http://127\u30020\u30020\u30021/", `http://ok@127.0.0.1:${target.port}/`,
    `//127.0.0.1:${target.port}/`, `http://0177.0.0.1:${target.port}/`, `http://127.0.0.1:${target.port}/`, "http://[fd00:ec2::254]/", "http://0.0.0.0/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:0", "http://", "http://10.0.0.1/", "http://[::1]/", "http://[64:ff9b::7f00:1]/", "ht!tp://x/"];
  const arrived = target.connections_seen ?? 0;
  // Only the redirecting server is open: whatever is reached beyond it was a hole.
  const outbound = policy(rule({ match: { host: ["*"], port: "*" }, rule: { addresses: ["127.0.0.5/32"] } }));
  const { out } = await run(`for (const place of ${JSON.stringify(places)}) await get("http://127.0.0.5:${server.port}/" + encodeURIComponent(place));`, { outbound });
  out.forEach((text, i) => assert.match(text, /^TypeError: (Fetching from \S+ is not permitted\.|127\.0\.0\.5 redirected to where this request cannot go\.)$/, `${places[i]}: ${text}`));
  assert.equal(target.connections_seen ?? 0, arrived, "nothing came to the server inside");
});

test("39: the daemon's own listener is never reached, by any of its addresses", async () => {
  const { port } = new URL(daemon.url);
  const { out } = await run(`for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]) await get("http://" + host + ":${port}/healthz");`);
  assert.ok(out.every((text) => /is not permitted/.test(text)), out.join("\n"));
});

test("39: https to http is refused where the rule does not open it", async () => {
  const down = await httpsServer(ca, (request, response) => { response.writeHead(302, { location: `http://127.0.0.1:${target.port}/` }); response.end(); });
  const { out } = await run(`await get("https://localhost:${down.port}/");`, { outbound: policy(rule({ rule: { allowHttp: undefined } })) });
  assert.match(out[0], /^TypeError: Fetching from 127\.0\.0\.1 is not permitted\.$/);
});

test("an upstream that closes, resets or says too much too early", async () => {
  const reset = await rawServer((socket) => socket.resetAndDestroy());
  const early = await rawServer(() => {}, { onConnect: (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nearly") });
  const refusing = await rawServer((socket, seen) => { if (seen.includes("\r\n\r\n")) socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!"); });
  const { out } = await run(`await get("${reset.url}/"); await get("${early.url}/"); await get("${refusing.url}/", { method: "POST", body: new ReadableStream({ async pull(c) { await scheduler.wait(5); c.enqueue(new Uint8Array(1000)); } }) });`);
  assert.match(out[0], /^TypeError: Network connection lost/);
  assert.equal(out[2], "413 no!");
});

test("a WebSocket is for GET only, and an answer 101 for who asked for one", async () => {
  const switching = await rawServer((socket, seen) => { if (seen.includes("\r\n\r\n")) socket.write("HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n"); });
  const { out } = await run(`await get("${target.url}/", { method: "POST", headers: { Upgrade: "websocket", Connection: "Upgrade" }, body: "x" }); await get("${switching.url}/"); await get("${switching.url}/", { headers: { Upgrade: "websocket" } });`);
  assert.deepEqual(out, ["TypeError: A WebSocket to 127.0.0.1 cannot be opened with this request.", ...Array(2).fill("TypeError: 127.0.0.1 sent an answer that is not valid HTTP.")]);
});

test("a refusal that overtakes the request's body is the error, and no other", async () => {
  const outbound = { rules: [{ match: { host: ["*"] }, action: "deny" }] };
  for (let i = 0; i < 40; i++) {
    const { out } = await run(`await get("https://denied.example/", { method: "POST", body: "x".repeat(${i % 2 === 0 ? 1 : 200000}) });`, { outbound });
    assert.deepEqual(out, ["TypeError: Fetching from denied.example is not permitted."]);
  }
});

test("afterwards the daemon has its descriptors back", async () => {
  await run(`await get("${target.url}/");`);
  await daemon.until(async () => fds() < 60 && (await daemon.health()).runs.active === 0);
});
