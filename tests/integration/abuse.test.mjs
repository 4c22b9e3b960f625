// abuse.test.mjs - clients that do not behave (case 47): half-open, idle by the thousand, slow, flooding; the daemon stays small and
// answers others.
import { test, before, after } from "node:test";
import net from "node:net";
import { Daemon, worker, raw, http, assert } from "../lib/mayfly.mjs";

const HELLO = worker("return new Response('hello')");
let daemon;
before(async () => { daemon = await Daemon.start({ config: { timeouts: { headerMs: 1000, bodyMs: 1000, idleMs: 60000, writeMs: 2000 }, limits: { concurrentRuns: 64, queuedRuns: 64 } } }); });
after(() => daemon.stop());

const connect = () => new Promise((resolve, reject) => { const { hostname, port } = new URL(daemon.url); const socket = net.connect(Number(port), hostname, () => resolve(socket)); socket.on("error", reject); });
const alive = async () => assert.equal(await (await daemon.runSource(HELLO)).text(), "hello");
const closed = (socket) => new Promise((resolve) => { let text = ""; socket.on("data", (d) => { text += d; }); socket.on("close", () => resolve(text)); });

test("2,000 idle connections cost little and stop nobody", async () => {
  const before = daemon.memory().rssKb;
  const sockets = [];
  for (let i = 0; i < 2000; i += 100) sockets.push(...(await Promise.all(Array.from({ length: 100 }, connect))));
  await alive();
  const each = (daemon.memory().rssKb - before) / sockets.length;
  assert.ok(each < 40, `${each} KiB for an idle connection`);
  for (const socket of sockets) socket.destroy();
});

test("headers at one byte a second are cut off with 408", async () => {
  const socket = await connect();
  const end = closed(socket);
  socket.write("POST /v1/run HTTP/1.1\r\nHost: localhost\r\n");
  const timer = setInterval(() => socket.write("a"), 200);
  const text = await end;
  clearInterval(timer);
  assert.match(text, /^HTTP\/1\.1 408 /);
  await alive();
});

test("a body that stalls is cut off with 408", async () => {
  const socket = await connect();
  const end = closed(socket);
  socket.write("POST /v1/run HTTP/1.1\r\nHost: localhost\r\ncontent-type: text/javascript\r\nContent-Length: 100\r\n\r\nexport");
  assert.match(await end, /^HTTP\/1\.1 408 /);
  await alive();
});

test("a client that reads nothing is cut off and its run ends", async () => {
  const socket = await connect();
  const source = worker("const c = new Uint8Array(65536); return new Response(new ReadableStream({ pull(k) { k.enqueue(c.slice()); } }))");
  socket.pause();
  socket.write(`POST /v1/run HTTP/1.1\r\nHost: localhost\r\ncontent-type: text/javascript\r\nContent-Length: ${source.length}\r\n\r\n${source}`);
  await daemon.until(async () => (await daemon.health()).runs.active === 1);
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
  socket.destroy();
  await alive();
});

test("requests that two parsers might read in two ways are refused", async () => {
  const cases = [
    "POST /v1/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /v1/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "POST /v1/run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST /v1/run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST /v1/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nhello",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
    "GET /healthz HTTP/1.1\nHost: localhost\n\n",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n",
    "GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\u0016\u0003\u0001\u0002\u0000\u0001",
  ];
  for (const bytes of cases) {
    const text = await raw(daemon.url, Buffer.from(bytes, "latin1"));
    assert.match(text, /^HTTP\/1\.1 (400|505) /, JSON.stringify(bytes) + " got " + JSON.stringify(text.slice(0, 80)));
    assert.equal(text.match(/^HTTP\/1\.1 \d{3} /gm).length, 1, "one answer, then closed");
  }
});

test("headers, targets and bodies past their limits", async () => {
  const status = async (bytes) => Number(/^HTTP\/1\.1 (\d+)/.exec(await raw(daemon.url, bytes))?.[1]);
  assert.equal(await status(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${"X-A: b\r\n".repeat(40000)}\r\n`), 431);
  assert.equal(await status(`GET /${"a".repeat(20000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`), 414);
  assert.equal(await status(`POST /v1/run HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\nContent-Length: 999999999999\r\n\r\n`), 413);
});

test("pipelined requests are answered in order", async () => {
  const one = (n) => { const source = worker(`await scheduler.wait(${30 - n * 10}); return new Response('answer ${n}')`); return `POST /v1/run HTTP/1.1\r\nHost: localhost\r\ncontent-type: text/javascript\r\nContent-Length: ${source.length}\r\n${n === 3 ? "Connection: close\r\n" : ""}\r\n${source}`; };
  const text = await raw(daemon.url, [0, 1, 2, 3].map(one).join(""));
  assert.deepEqual(text.match(/answer \d/g), ["answer 0", "answer 1", "answer 2", "answer 3"]);
});

test("2,000 calls at once: each is run or told to come back, nothing is lost", async () => {
  const parked = worker("await scheduler.wait(50); return new Response('ran')");
  let ran = 0, refused = 0;
  // Not fetch: it gives up connecting after ten seconds, which 2,000 connections may well take on a busy machine.
  const call = () => new Promise((resolve, reject) => {
    const request = http.request(`${daemon.url}/v1/run`, { method: "POST", agent: false, headers: { "content-type": "text/javascript" } }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    request.on("error", reject);
    request.end(parked);
  });
  await Promise.all(Array.from({ length: 2000 }, async () => {
    const { status, headers, text } = await call();
    if (status === 200) { assert.equal(text, "ran"); ran++; }
    else { assert.equal(status, 503); assert.ok(headers["retry-after"]); refused++; }
  }));
  assert.equal(ran + refused, 2000);
  assert.ok(ran >= 128, `${ran} ran`);
  await daemon.until(async () => { const { runs } = await daemon.health(); return runs.active === 0 && runs.waiting === 0; });
  await alive();
});

test("deep, wide and broken JSON", async () => {
  for (const body of ["[".repeat(1e6), '{"a":'.repeat(1e5), `{"code":{"modules":{${Array.from({ length: 100000 }, (_, i) => `"m${i}.js":""`).join()}},"mainModule":"m0.js","compatibilityDate":"2026-01-01"}}`, '"\\ud800"', "\ufeff{}", "nul", "1e999", `{"props":${"1".repeat(1e6)}}`]) {
    const response = await fetch(`${daemon.url}/v1/run`, { method: "POST", body, headers: { "content-type": "application/json" } });
    assert.equal(response.status, 400, body.slice(0, 20));
    assert.equal(response.headers.get("content-type"), "application/problem+json");
  }
  await alive();
});
