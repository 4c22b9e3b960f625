// cli_tail.test.mjs - mayfly tail and mayfly runs against the real daemon: lines, JSON, Ctrl-C, a daemon that goes and comes back.
import { test, before, after } from "node:test";
import { spawn } from "node:child_process";
import path from "node:path";
import http from "node:http";
import { Daemon, DATE, binDir, worker, assert } from "../lib/mayfly.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

// The program under way: |out| and |err| grow; |until|(text) resolves when standard output has it.
function start(args, url = daemon.url) {
  const child = spawn(path.join(binDir, "mayfly"), [...args, "--url", url], { stdio: ["ignore", "pipe", "pipe"] });
  const run = { child, out: "", err: "", waiting: [] };
  const look = () => { run.waiting = run.waiting.filter(({ has, resolve }) => !has() || resolve()); };
  child.stdout.setEncoding("utf8").on("data", (text) => { run.out += text; look(); });
  child.stderr.setEncoding("utf8").on("data", (text) => { run.err += text; look(); });
  run.until = (has) => new Promise((resolve) => { run.waiting.push({ has, resolve }); look(); });
  run.ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  return run;
}
const readers = async (count) => daemon.until(async () => new RegExp(`^mayfly_tail_readers ${count}$`, "m").test(await (await fetch(`${daemon.url}/metrics`)).text()));

test("tail prints runs as they end, and Ctrl-C is a clean end", async () => {
  const tail = start(["tail"]);
  await readers(1);
  await daemon.run(worker(`console.log("one\\ntwo"); console.error("bad"); return new Response("", { status: 201 })`), { request: { url: "http://h/path" } });
  await daemon.run(worker(`throw new TypeError("thrown")`));
  await tail.until(() => tail.out.includes("thrown"));
  const lines = tail.out.split("\n");
  assert.match(lines[0], /^run_\w+ run +ok +201 GET http:\/\/h\/path [0-9.]+ ms \(cpu [0-9.]+ ms\)$/);
  assert.deepEqual(lines.slice(1, 4), ["  log   one", "        two", "  error bad"]);
  assert.match(lines[4], / exception +- +GET /);
  assert.match(lines[5], /^ {2}throw TypeError: thrown$/);
  tail.child.kill("SIGINT");
  assert.deepEqual(await tail.ended, { code: 0, signal: null });
  assert.equal(tail.err, "");
  await readers(0);
});

test("with --json each run is a line; filters choose", async () => {
  const tail = start(["tail", "--json", "--outcome", "failed", "--search", "needle & \"more\""]);
  await readers(1);
  await daemon.run(worker(`console.log('needle & "more"'); return new Response("")`));
  await daemon.run(worker(`throw new Error("hay")`));
  const run = await daemon.run(worker(`throw new Error('a needle & "more"')`));
  await tail.until(() => tail.out.includes("\n"));
  const items = tail.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(items.map((item) => item.id), [run.id]);
  tail.child.kill("SIGTERM");
  assert.deepEqual(await tail.ended, { code: 0, signal: null });
});

test("a stream that breaks is followed by the next one; a daemon that refuses, or is not there, is exit status 3", async () => {
  let streams = 0;
  const server = http.createServer((request, response) => {
    streams++;
    if (streams === 3) {
      response.writeHead(403, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ type: "x", status: 403, code: "auth.scope", title: "no" }));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": mayfly\n\nevent: dropped\ndata: {\"dropped\":7}\n\n");
    response.write(`event: run\nid: 1\ndata: {"id":"run_${streams}","kind":"run","outcome":"ok","usage":{},"logs":[],"exceptions":[]}\n\n`, () => (streams === 1 ? response.destroy() : response.end()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const tail = start(["tail"], url);
  assert.deepEqual(await tail.ended, { code: 3, signal: null });
  assert.deepEqual(tail.out.split("\n").filter(Boolean).map((line) => line.split(" ")[0]), ["run_1", "run_2"]);
  assert.ok(tail.err.includes("7 runs were left out") && tail.err.includes("auth.scope"), tail.err);
  server.close();
  const nobody = start(["tail"], "http://127.0.0.1:1");
  assert.deepEqual(await nobody.ended, { code: 3, signal: null });
  assert.ok(nobody.err.includes("cannot reach"));
});

test("runs list and runs get", async () => {
  const run = await daemon.run(worker(`console.info("kept"); throw new Error("over")`));
  const list = start(["runs", "list", "--limit", "1", "--outcome", "exception"]);
  assert.deepEqual(await list.ended, { code: 0, signal: null });
  assert.match(list.out, new RegExp(`^${run.id} run +exception +- +GET http://worker.local/ `));
  const get = start(["runs", "get", run.id]);
  await get.ended;
  assert.ok(get.out.includes("  info  kept\n") && get.out.includes("  throw Error: over\n"), get.out);
  const json = start(["runs", "get", run.id, "--json"]);
  await json.ended;
  assert.equal(JSON.parse(json.out).traceId, run.traceId);
  const none = start(["runs", "get", "run_nobody"]);
  assert.equal((await none.ended).code, 3);
  assert.ok(none.err.includes("run.unknown"));
  for (const args of [["runs"], ["runs", "get"], ["runs", "list", "--limit", "0"], ["tail", "--since", "x"], ["tail", "extra"]])
    assert.equal((await start(args).ended).code, 2, args.join(" "));
});
