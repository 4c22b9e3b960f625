// logs.test.mjs - the daemon's own lines: JSON whatever anybody writes, with run, tenant and trace, and one for each request where the
// config wants it.
import { test } from "node:test";
import { Daemon, worker, assert, raw } from "../lib/mayfly.mjs";
import { startWithTokens } from "../lib/tenants.mjs";
import { closeAll, httpServer, policy } from "../lib/upstream.mjs";

const TRACE = "0af7651916cd43dd8448eb211c80319c", traceparent = `00-${TRACE}-b7ad6b7169203331-01`;
const parsed = (daemon) => daemon.lines.map((line) => JSON.parse(line));
const requests = (daemon) => parsed(daemon).filter((line) => line.msg.startsWith("request "));

test("with accessLog each request is one line: method, path without its query, status, run, tenant, trace", async () => {
  const daemon = await startWithTokens({ config: { accessLog: true } });
  try {
    await daemon.tenant("acme");
    const { token } = await daemon.token(["run"], "acme");
    const response = await daemon.as(token, "/v1/run?x=1", { method: "POST", headers: { "content-type": "text/javascript", traceparent }, body: worker("return new Response('four')") });
    assert.equal(await response.text(), "four");
    assert.equal((await daemon.as(token, "/v1/nothing?token=secret")).status, 404);
    assert.equal((await daemon.as(null, "/v1/runs")).status, 401);
    const [ran, nothing, stranger] = await daemon.until(() => requests(daemon).length >= 5 && requests(daemon).slice(-3));
    assert.deepEqual([ran.level, ran.tenant, ran.trace, ran.id], ["info", "acme", TRACE, response.headers.get("mayfly-run-id")]);
    assert.match(ran.msg, /^request method=POST path=\/v1\/run status=200 out=4 ms=[0-9.]+$/);
    assert.match(nothing.msg, /^request method=GET path=\/v1\/nothing status=404 /);
    assert.deepEqual([nothing.tenant, nothing.id, nothing.trace], ["acme", undefined, undefined]);
    assert.match(stranger.msg, / status=401 /);
    assert.equal("tenant" in stranger, false);
    assert.ok(!daemon.lines.some((line) => line.includes("token=secret") || line.includes(token)));
  } finally { await daemon.stop(); }
});

test("lines of a run's requests to the outside have its tenant and trace; without accessLog there is no line of requests", async () => {
  const daemon = await startWithTokens(), upstream = await httpServer((request, response) => response.end("ok"));
  try {
    await daemon.tenant("acme");
    const { token } = await daemon.token(["run"], "acme");
    const response = await daemon.as(token, "/v1/run", { method: "POST", headers: { traceparent },
      body: { code: { compatibilityDate: "2026-09-01", mainModule: "a.js", modules: { "a.js": worker(`await fetch("${upstream.url}"); return new Response("")`) }, globalOutbound: policy() } } });
    const { id } = await response.json();
    const line = parsed(daemon).find((one) => one.msg.startsWith("subrequest "));
    assert.deepEqual([line.id, line.tenant, line.trace], [id, "acme", TRACE]);
    assert.deepEqual(requests(daemon), []);
  } finally { await daemon.stop(); await closeAll(); }
});

test("what clients and guests write stays inside of its line", async () => {
  const daemon = await Daemon.start({ config: { accessLog: true, logLevel: "debug" } });
  const hostile = "\x1b[31mred\x9b2J\u2028\x7f";
  try {
    // A path of bytes that no client library sends, and of characters that terminals obey.
    await raw(daemon.url, Buffer.from(`GET /a"}\xc2\x9b2J\xe2\x80\xa8{"level":"error" HTTP/1.1\r\nHost: ${new URL(daemon.url).host}\r\nConnection: close\r\n\r\n`, "latin1"));
    await raw(daemon.url, `GET /%1b%5b31m%0a%7b HTTP/1.1\r\nHost: ${new URL(daemon.url).host}\r\nConnection: close\r\n\r\n`);
    await daemon.run(worker(`console.log(${JSON.stringify(hostile)} + "\\n{\\"level\\":\\"error\\",\\"msg\\":\\"forged\\"}"); const e = new Error("forged\\n{}"); e.stack = "forged\\n{}"; throw e`));
    await daemon.until(() => requests(daemon).length >= 2);
    for (const line of daemon.lines) {
      assert.ok(/^[\x20-\x7e\u00a0-\u2027\u202a-\uffff]*$/.test(line), JSON.stringify(line)); // Nothing that moves a cursor or ends a line.
      const { level, msg, ...rest } = JSON.parse(line);
      assert.ok(["debug", "info", "warn", "error"].includes(level) && typeof msg === "string" && rest.program === "mayflyd");
      assert.ok(!msg.startsWith("forged") && !(level === "error" && msg.includes("forged")));
    }
    assert.ok(!daemon.lines.some((line) => line.includes("red"))); // What a guest logs is in its answer and its record, not in the daemon's log.
  } finally { await daemon.stop(); }
});
