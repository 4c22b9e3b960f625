// event_source.test.mjs - EventSource in a worker, against a server that sends what the standard has rules for.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
import { test, before, after } from "node:test";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";
import { closeAll, httpServer, policy } from "../lib/upstream.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => {
  const end = await daemon.stop();
  await closeAll();
  assert.deepEqual(end, { code: 0, signal: null });
});

// A server whose |answers| are given one to each connection; the requests that it saw.
async function source(...answers) {
  const seen = [];
  const server = await httpServer((request, response) => {
    seen.push(request.headers);
    const { status = 200, type = "text/event-stream", parts = [], open = false } = answers[Math.min(seen.length, answers.length) - 1];
    response.writeHead(status, { "content-type": type });
    const next = (i) => { if (i < parts.length) response.write(parts[i], () => setTimeout(next, 2, i + 1)); else if (!open) response.end(); };
    next(0);
  });
  return { url: server.url, seen };
}
const run = async (url, body) => {
  const answer = await daemon.run(worker(`const out = []; const source = new EventSource("${url}/x"); const done = Promise.withResolvers();
    const note = (e) => out.push([e.type, e.data, e.lastEventId, e.origin === "${url}", e.isTrusted]); ${body}; await done.promise; source.close(); return Response.json(out);`), { code: { globalOutbound: policy() }, limits: { wallMs: 8000 } });
  assert.equal(answer.outcome, "ok", JSON.stringify(answer));
  return JSON.parse(answer.response.body);
};

test("events as the standard cuts them, wherever the chunks end", async () => {
  const text = "\ufeff: comment\n\ndata: one\n\ndata:two\ndata: more\nid: 7\n\nevent: custom\r\ndata:  spaced\r\n\r\ndata\n\nid\ndata: reset\rdata: cr\r\rignored: x\nretry: nope\nretry: 5\ndata: caf\u00e9 \u20ac\n\nevent: none\n\nid: a\u0000b\ndata: last\n\ndata: unfinished";
  const bytes = Buffer.from(text);
  for (const size of [1, 3, bytes.length]) {
    const parts = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
    const { url } = await source({ parts, open: true });
    const out = await run(url, `source.onmessage = (e) => { note(e); if (e.data === "last") done.resolve(); }; source.addEventListener("custom", note); source.onopen = (e) => out.push(["open", source.readyState, e.isTrusted]);`);
    assert.deepEqual(out, [["open", 1, true], ["message", "one", "", true, true], ["message", "two\nmore", "7", true, true], ["custom", " spaced", "7", true, true], ["message", "", "7", true, true], ["message", "reset\ncr", "", true, true],
      ["message", "caf\u00e9 \u20ac", "", true, true], ["message", "last", "", true, true]], `pieces of ${size}`);
  }
});

test("it connects again after the end, with the last id, after the time that it was told", async () => {
  const { url, seen } = await source({ parts: ["retry: 20\nid: 41\ndata: first\n\n"] }, { parts: ["data: second\n\n"], open: true });
  const out = await run(url, `source.onerror = () => out.push(["error", source.readyState]); source.onmessage = (e) => { note(e); if (e.data === "second") done.resolve(); };`);
  assert.deepEqual(out, [["message", "first", "41", true, true], ["error", 0], ["message", "second", "41", true, true]]);
  assert.deepEqual(seen.map((headers) => [headers.accept, headers["cache-control"], headers["last-event-id"]]), [["text/event-stream", "no-store", undefined], ["text/event-stream", "no-store", "41"]]);
});

test("another status or type is the end of it", async () => {
  for (const answer of [{ status: 404 }, { status: 204 }, { type: "text/plain", parts: ["data: x\n\n"] }]) {
    const { url, seen } = await source(answer);
    const out = await run(url, `source.onmessage = note; source.onerror = () => { out.push(source.readyState); setTimeout(done.resolve, 50); };`);
    assert.deepEqual(out, [2], JSON.stringify(answer));
    assert.equal(seen.length, 1);
  }
});

test("close() ends the connection and all that would follow", async () => {
  const { url } = await source({ parts: ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"], open: true });
  const out = await run(url, `source.onmessage = (e) => { note(e); source.close(); out.push(source.readyState); setTimeout(done.resolve, 60); };`);
  assert.deepEqual(out, [["message", "1", "", true, true], 2]);
  assert.equal((await daemon.health()).outbound.active, 0);
});

test("what it is made with, and what it has", async () => {
  const { url } = await source({ open: true });
  const out = await run(url, `out.push(source.url === "${url}/x", source.withCredentials, source.readyState, EventSource.CLOSED, source.OPEN, new EventSource("${url}/", { withCredentials: true }).withCredentials);
    for (const bad of ["no url", ""]) try { new EventSource(bad); } catch (e) { out.push(e.name); } try { EventSource("x"); } catch (e) { out.push(e.name); } done.resolve();`);
  assert.deepEqual(out, [true, false, 0, 2, 1, true, "SyntaxError", "SyntaxError", "TypeError"]);
});
