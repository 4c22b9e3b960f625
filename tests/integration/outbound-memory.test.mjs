// outbound-memory.test.mjs - what is not read is not held: a daemon of its own carries far more than it may grow by. It is measured after
// a first transfer of the same kind, so that what is allocated once (buffers, connections, the allocator's own) is not counted.
import { test, before, after } from "node:test";
import { Daemon, DATE, assert } from "../lib/mayfly.mjs";
import { closeAll, httpServer, policy } from "../lib/upstream.mjs";

const MIB = 1 << 20;
const PIECE = Buffer.alloc(64 * 1024, "mayfly");
const VOLUME = 96 * MIB;
const GROWTH_KB = 24 * 1024; // A quarter of the volume; windows and sockets' buffers are some hundreds of KiB.

let daemon;
before(async () => {
  // What a sanitizer keeps of freed memory is not the daemon's.
  const env = process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS}:quarantine_size_mb=1:allocator_release_to_os_interval_ms=0` } : {};
  daemon = await Daemon.start({ env });
});
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

// The most that the daemon grew by during |act|, in KiB.
async function growth(act) {
  const base = daemon.memory().rssKb;
  let most = 0;
  const look = () => { most = Math.max(most, daemon.memory().rssKb - base); };
  const timer = setInterval(look, 10);
  try { await act(); } finally { clearInterval(timer); }
  look();
  return most;
}

// The worker's own answer, as it comes.
const call = (source, request = {}) => fetch(`${daemon.url}/v1/run`, { method: "POST", headers: { "content-type": "application/json", accept: "*/*;q=0.1, application/octet-stream" },
  body: JSON.stringify({ code: { compatibilityDate: DATE, mainModule: "a.js", modules: { "a.js": source }, globalOutbound: policy() }, ...request }) });

test("a client that does not read stops the upstream, and the daemon's memory is flat", async () => {
  let sent = 0;
  const source = await httpServer((request, response) => {
    let left = Number(request.url.slice(1));
    const push = () => {
      while (left > 0) {
        left -= PIECE.length;
        sent += PIECE.length;
        if (!response.write(PIECE)) { response.once("drain", push); return; }
      }
      response.end();
    };
    push();
  });
  // Reads |volume|, after a pause that lasts until the upstream has not sent a byte for half a second.
  const download = async (volume) => {
    sent = 0;
    const response = await call(`export default { fetch: () => fetch("${source.url}/${volume}") }`);
    const reader = response.body.getReader();
    let size = (await reader.read()).value.length;
    for (let seen = -1; seen !== sent;) { seen = sent; await new Promise((resolve) => setTimeout(resolve, 500)); }
    const held = sent;
    for (let one; !(one = await reader.read()).done;) size += one.value.length;
    assert.equal(size, volume);
    return held;
  };
  await download(VOLUME / 8);
  let held;
  const grown = await growth(async () => { held = await download(VOLUME); });
  assert.ok(held < VOLUME / 4, `the upstream could send ${held} bytes to nobody`);
  assert.ok(grown < GROWTH_KB, `${grown} KiB more`);
});

test("an upstream that does not read stops the worker, and the daemon's memory is flat", async () => {
  const sink = await httpServer((request, response) => {
    let read = 0;
    request.on("data", (chunk) => { read += chunk.length; if (read < 2 * MIB) { request.pause(); setTimeout(() => request.resume(), 10); } });
    request.on("end", () => response.end(String(read)));
  }, { streams: true });
  const upload = async (volume) => {
    const response = await call(`export default { fetch() { let left = ${volume}; const piece = new Uint8Array(${PIECE.length});
      return fetch("${sink.url}/", { method: "POST", body: new ReadableStream({ pull(c) { if (left > 0) { left -= piece.length; c.enqueue(piece.slice()); } else c.close(); } }) }); } }`);
    assert.equal(await response.text(), String(volume));
  };
  await upload(VOLUME / 8);
  const grown = await growth(() => upload(VOLUME));
  assert.ok(grown < GROWTH_KB, `${grown} KiB more`);
});
