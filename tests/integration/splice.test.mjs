// splice.test.mjs - workers that return what their fetch() got: the bytes do not pass through the sandbox, and nobody can tell.
import { test, before, after } from "node:test";
import { createHash } from "node:crypto";
import http from "node:http";
import { Daemon, worker, workerCode, assert } from "../lib/mayfly.mjs";
import { closeAll, httpServer, policy } from "../lib/upstream.mjs";

let daemon, upstream;
const started = []; // requests that the upstream has answered the head of
before(async () => {
  daemon = await Daemon.start();
  upstream = await httpServer((request, response) => {
    const url = new URL(request.url, "http://u");
    const size = Number(url.searchParams.get("size") ?? 0), piece = Number(url.searchParams.get("piece") ?? 65536), pause = Number(url.searchParams.get("pause") ?? 0);
    const cut = url.searchParams.get("cut");
    started.push({ request, response });
    response.writeHead(200, { "content-type": "a/b", ...(url.searchParams.has("length") ? { "content-length": size } : {}) });
    let at = 0;
    const go = () => {
      while (at < size) {
        if (cut !== null && at >= Number(cut)) return void response.destroy();
        const from = at % bytes.length, end = Math.min(bytes.length, from + piece, from + size - at);
        const more = response.write(bytes.subarray(from, end));
        at += end - from;
        if (at < size && pause > 0) return void setTimeout(go, pause);
        if (!more && at < size) return void response.once("drain", go);
      }
      response.end();
    };
    go();
  });
});
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

const MB = 1 << 20;
const bytes = Buffer.alloc(24 * MB, Uint8Array.from({ length: 251 }, (_, i) => i));
const hash = (data) => createHash("sha256").update(data).digest("hex");

// A run as the client sees it: the response once its head is there.
const start = (body, { limits, method, code, agent } = {}) => new Promise((resolve, reject) => {
  const call = JSON.stringify({ code: workerCode(worker(body), { globalOutbound: policy(), ...code }), limits, request: { url: "http://worker.local/", ...(method ? { method } : {}) } });
  const request = http.request(`${daemon.url}/v1/run`, { method: "POST", agent, headers: { "content-type": "application/json", accept: "text/html" } }, (response) => resolve({ request, response }));
  request.on("error", reject);
  request.end(call);
});
const read = async ({ response }) => {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks);
};
const get = (query) => `fetch("${upstream.url}/?${query}")`;

test("bodies of every size arrive whole", async () => {
  for (const size of [0, 1, 1000, 65535, 65536, 65537, 262143, 262144, 262145, 300000, MB, 24 * MB]) {
    for (const query of [`size=${size}`, `size=${size}&length`, `size=${size}&piece=${Math.max(1, Math.ceil(size / 3))}&pause=5`]) {
      const run = await start(`return ${get(query)}`);
      assert.equal(run.response.statusCode, 200);
      assert.equal(run.response.headers["content-type"], "a/b");
      assert.equal(hash(await read(run)), hash(bytes.subarray(0, size)), query);
    }
  }
  await daemon.until(async () => (await daemon.health()).runs.active === 0, 5000);
});

test("what was changed on the way is not spliced: other heads, wrapped bodies, clones, a part that was read", async () => {
  const size = 3 * MB, query = `size=${size}`;
  for (const body of [`const r = await ${get(query)}; return new Response(r.body, { status: 201, headers: { x: "y" } });`, `const r = await ${get(query)}; return new Response(r.body, r);`,
    `const r = await ${get(query)}; ctx.waitUntil(r.clone().arrayBuffer()); return r;`, `const r = await ${get(query)}; return new Response(r.body.pipeThrough(new TransformStream()));`]) {
    assert.equal(hash(await read(await start(body))), hash(bytes.subarray(0, size)), body);
  }
  const part = `const r = await ${get(query)}; const reader = r.body.getReader(); const { value } = await reader.read();
    return new Response(new ReadableStream({ async pull(c) { const { value, done } = await reader.read(); if (done) c.close(); else c.enqueue(value); } }), { headers: { n: String(value.length) } });`;
  const run = await start(part);
  const skipped = Number(run.response.headers.n);
  assert.ok(skipped > 0);
  assert.equal(hash(await read(run)), hash(bytes.subarray(skipped, size)));
});

test("an envelope has it too, up to what it may hold", async () => {
  const answer = await daemon.run(worker(`return ${get("size=600000")}`), { code: { globalOutbound: policy() } });
  assert.equal(answer.outcome, "ok");
  assert.equal(answer.usage.bytesOut, 600000);
  assert.equal(answer.subrequests[0].bytesIn, 600000);
});

test("HEAD and a client that leaves: the upstream is let go", async () => {
  started.length = 0;
  const head = await start(`return ${get(`size=${24 * MB}&pause=5`)}`, { method: "HEAD" });
  assert.equal((await read(head)).length, 0);
  const run = await start(`return ${get(`size=${24 * MB}&pause=20`)}`);
  await new Promise((resolve) => run.response.once("data", resolve));
  const { response } = started.at(-1);
  const closed = new Promise((resolve) => response.once("close", resolve));
  run.request.destroy();
  await closed;
  assert.equal(response.writableFinished, false);
  await daemon.until(async () => (await daemon.health()).runs.active === 0);
});

test("an upstream that breaks off breaks the answer off", async () => {
  for (const cut of [65536, 2 * MB]) {
    const run = await start(`return ${get(`size=${4 * MB}&cut=${cut}&pause=2`)}`);
    await assert.rejects(read(run), /aborted/);
  }
  const answer = await daemon.run(worker(`return ${get(`size=${4 * MB}&cut=${2 * MB}&pause=2`)}`), { code: { globalOutbound: policy() } });
  assert.equal(answer.outcome, "exception");
  assert.match(answer.exceptions[0].message, /Network connection lost/);
});

test("the limit of a response holds", async () => {
  const answer = await daemon.run(worker(`return ${get(`size=${2 * MB}`)}`), { limits: { responseBytes: MB }, code: { globalOutbound: policy() } });
  assert.equal(answer.error.code, "limit.response", JSON.stringify(answer).slice(0, 500));
  await assert.rejects(start(`return ${get(`size=${2 * MB}`)}`, { limits: { responseBytes: MB } }).then(read), /aborted/);
});

test("a slow client holds the upstream back, and the daemon holds no more than windows", async () => {
  // More than the kernel's own buffers of two connections can hold: 32 MiB to read and 4 MiB to write are usual maxima.
  const times = 4, before = daemon.memory().rssKb;
  const run = await start(`return ${get(`size=${times * bytes.length}`)}`);
  run.response.pause();
  const { response } = await daemon.until(() => started.at(-1));
  await daemon.until(() => response.writableLength > 0 || response.writableNeedDrain);
  let last = -1;
  await daemon.until(async () => { const now = (await daemon.health()).outbound.bytesReceived; const still = now === last; last = now; await new Promise((resolve) => setTimeout(resolve, 100)); return still; });
  assert.equal(response.writableFinished, false);
  assert.ok(daemon.memory().rssKb - before < 16 * 1024, `${before} KiB became ${daemon.memory().rssKb}`);
  const got = createHash("sha256"), sent = createHash("sha256");
  for await (const chunk of run.response) got.update(chunk);
  for (let i = 0; i < times; i++) sent.update(bytes);
  assert.equal(got.digest("hex"), sent.digest("hex"));
});

test("the script may abort its fetch while the answer flows, and go on after it", async () => {
  const run = await start(`const c = new AbortController(); const r = await fetch("${upstream.url}/?size=${24 * MB}&pause=5", { signal: c.signal }); ctx.waitUntil(scheduler.wait(100).then(() => c.abort())); return r;`);
  await assert.rejects(read(run), /aborted/);
  const after = await start(`ctx.waitUntil(scheduler.wait(200).then(() => ${get("size=1&mark=after")})); return ${get(`size=${2 * MB}`)};`);
  assert.equal((await read(after)).length, 2 * MB);
  await daemon.until(() => started.some(({ request }) => request.url.includes("mark=after")));
});

test("time limits end it", async () => {
  const run = await start(`return ${get(`size=${24 * MB}&pause=50`)}`, { limits: { wallMs: 400 } });
  await assert.rejects(read(run), /aborted/);
  const { response } = started.at(-1);
  await daemon.until(() => response.closed || response.destroyed);
});

test("its executor is killed: the answer breaks off, others go on", async () => {
  const run = await start(`return ${get(`size=${24 * MB}&pause=20`)}`);
  const victims = await daemon.until(async () => { const list = (await daemon.executors()).filter((e) => e.runs > 0); return list.length > 0 && list; });
  for (const { pid } of victims) process.kill(pid, "SIGKILL");
  await assert.rejects(read(run), /aborted/);
  await daemon.until(async () => (await daemon.health()).executors.ready === (await daemon.health()).executors.wanted);
  assert.equal((await read(await start(`return ${get(`size=${MB}`)}`))).length, MB);
});

test("many at once", async () => {
  const sizes = Array.from({ length: 60 }, (_, i) => 100_000 + i * 37_777);
  const all = await Promise.all(sizes.map(async (size, i) => hash(await read(await start(`return ${get(`size=${size}&pause=${i % 3}`)}`)))));
  assert.deepEqual(all, sizes.map((size) => hash(bytes.subarray(0, size))));
});
