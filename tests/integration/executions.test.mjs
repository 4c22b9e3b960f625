// executions.test.mjs - /v1/executions: programs as models write them, calls that are answered in every way, streams that break.
import { test, before, after } from "node:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import { Daemon, assert } from "../lib/mayfly.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => assert.deepEqual(await daemon.stop(), { code: 0, signal: null }));

const post = (body, { accept = "application/x-ndjson", signal, url = daemon.url } = {}) => fetch(`${url}/v1/executions`, {
  method: "POST", headers: { "content-type": "application/json", accept }, body: JSON.stringify(body), signal });
const answer = async (id, call, body, url = daemon.url) => fetch(`${url}/v1/executions/${id}/calls/${call}`, body instanceof Uint8Array
  ? { method: "POST", headers: { "content-type": "application/octet-stream" }, body }
  : { method: "POST", headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) });

async function* lines(response) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
  assert.equal(rest, "");
}

// One program from start to end; |tools| are {namespace: {name: (...args) => value}}.
async function execute(code, { tools = {}, url = daemon.url, ...more } = {}) {
  const response = await post({ code, namespaces: Object.keys(tools).map((name) => ({ name })), ...more }, { url });
  assert.equal(response.status, 200, await (response.ok ? "" : response.text()));
  const frames = [], pending = [];
  let id;
  for await (const frame of lines(response)) {
    if (frame.type === "ping") continue;
    frames.push(frame);
    assert.equal(frame.seq, frames.length);
    if (frame.type === "start") id = frame.id;
    if (frame.type === "call") {
      pending.push((async () => {
        const tool = Object.hasOwn(tools[frame.namespace] ?? {}, frame.name) ? tools[frame.namespace][frame.name] : () => { throw new Error(`Tool "${frame.name}" not found`); };
        let body;
        try {
          const value = await tool(...frame.args);
          body = value instanceof Uint8Array ? value : { ok: value };
        } catch (error) {
          body = { error: { message: error.message, name: error.name } };
        }
        return (await answer(id, frame.callId, body, url)).status;
      })());
    }
  }
  const done = frames.at(-1);
  assert.equal(done.type, "done");
  return { ...done, frames, logs: frames.filter((f) => f.type === "log"), statuses: await Promise.all(pending) };
}
const result = async (code, more) => {
  const done = await execute(code, more);
  assert.equal(done.outcome, "ok", JSON.stringify(done.error));
  return done.result;
};
const failure = async (code, more) => {
  const done = await execute(code, more);
  assert.notEqual(done.outcome, "ok", JSON.stringify(done.result));
  return done.error;
};

test("programs as models write them", async () => {
  const cases = [
    ["async () => 42", 42], ["() => 42", 42], ["42", 42], ["1 + 1", 2], ["42;", 42], ["async () => { return 1; };", 1], ["  \n\nasync () => 1\n", 1], ["(async () => 5)", 5],
    ["```js\nasync () => 7\n```", 7], ["```typescript\nconst x: number = 2;\nx * 2\n```", 4], ["```\n1\n```\n", 1], ["Here is the code:\n\n```ts\nasync () => 3\n```\nIt returns three.", 3],
    ["async () => {\n  const text = `\n\\`\\`\\`js\nx\n\\`\\`\\`\n`;\n  return text.length;\n}", 13],
    ["function f() { return 'f' }", "f"], ["async function main() { return await Promise.resolve('m') }", "m"], ["function f() { return 1 }\nf() + 1", 2],
    ["const a = 1;\nconst b = 2;\na + b", 3], ["const a = 1; return a + 1", 2], ["await Promise.resolve(9)", 9], ["const r = await Promise.resolve(9); r", 9],
    ["export default 5", 5], ["export default async () => 6", 6], ["export default async function main() { return help() }\nfunction help() { return 8 }", 8], ["export const a = 1;\na + 1", 2],
    ["const f = (x: number): number => x * 2;\nf(4)", 8], ["async (): Promise<string> => { const x: string = 'ts'; return x as string }", "ts"], ["interface A { b: number }\nconst a: A = { b: 1 };\na.b", 1],
    ["enum E { A = 3 }\nE.A", 3], ["({ a: 1 })", { a: 1 }], ["// a comment\nasync () => 1 // another", 1], ["let x = 1\nif (x) { x = 2 }\nx", 2], ["'use strict'; 1", 1],
    ["import { a } from 'h.js';\na", 20], ["import h, * as all from 'h.js';\nh + all.a", 41], ["async () => (await import('h.js')).a", 20], ["import 'h.js'; 1", 1],
  ];
  for (const [code, expected] of cases) assert.deepEqual(await result(code, { modules: { "h.js": "export const a = 20; export default 21;" } }), expected, code);
  for (const code of ["", "  ", "async () => {}", "let a = 1", "undefined", "() => {}", "class A {}"]) {
    const done = await execute(code);
    assert.deepEqual([done.outcome, "result" in done], ["ok", false], code);
  }
  assert.equal(await result("() => globalThis === this || typeof this", { language: "javascript" }), "undefined");
});

test("errors are told with the place in what was sent", async () => {
  assert.deepEqual(await failure("async () => { throw new Error('boom') }").then(({ message, name, code }) => [message, name, code]), ["boom", "Error", "script.exception"]);
  const at = async (code) => { const { line, column } = await failure(code); return [line, column]; };
  assert.deepEqual(await at("async () => {\n  nope();\n}"), [2, 3]);
  assert.deepEqual(await at("const a: number = 1;\n\n  nope();\na"), [3, 3]);
  assert.deepEqual(await at("```ts\nconst a: number = 1;\nnope()\n```"), [3, 1]);
  assert.deepEqual(await at("\n\nasync () => {\n  nope() }"), [4, 3]);
  const syntax = await failure("const a = ;\n");
  assert.deepEqual([syntax.code, syntax.name, syntax.line], ["script.syntax", "SyntaxError", 1]);
  assert.equal((await failure("async () => {\n  const x = {;\n}")).line, 2);
  for (const [thrown, message] of [["'x'", "x"], ["{ code: 1 }", '{"code":1}'], ["null", "null"], ["undefined", "undefined"], ["7", "7"], ["Symbol('s')", "Symbol(s)"], ["new Error('')", "Error"], ["new TypeError('t')", "t"]])
    assert.equal((await failure(`async () => { throw ${thrown} }`)).message, message, thrown);
  assert.match((await failure("async () => { codemodee.x() }", { tools: { codemode: {} } })).message, /codemodee is not defined/);
});

test("calls: arguments, results, errors, order, concurrency", async () => {
  const seen = [];
  const tools = { codemode: {
    add: ({ a, b }) => { seen.push([a, b]); return a + b; }, join: (...parts) => parts.join("-"), nothing: () => undefined, fail: () => { throw new RangeError("bad"); }, empty: () => { throw new Error(""); },
    slow: (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value)),
  }, other: { "list-issues": () => ["one"] } };
  assert.equal(await result("async () => codemode.add({ a: 1, b: 2 })", { tools }), 3);
  assert.deepEqual(seen, [[1, 2]]);
  assert.equal(await result("async () => codemode.join('a', 'b', 3)", { tools }), "a-b-3");
  assert.equal(await result("async () => { let s = 0; for (let i = 0; i < 10; i++) s = await codemode.add({ a: s, b: i }); return s }", { tools }), 45);
  assert.deepEqual(await result("async () => Promise.all([codemode.slow(60, 'a'), codemode.slow(1, 'b'), codemode.slow(30, 'c')])", { tools }), ["a", "b", "c"]);
  assert.deepEqual(await result("async () => [await codemode.nothing() === undefined, await other['list-issues']()]", { tools }), [true, ["one"]]);
  assert.deepEqual(await result("async () => { const out = []; for (const n of ['fail', 'empty', 'constructor', '__proto__', 'nope']) try { await codemode[n]() } catch (e) { out.push(e instanceof Error, e.name, e.message) } return out }", { tools }),
    [true, "RangeError", "bad", true, "Error", "", true, "Error", 'Tool "constructor" not found', true, "Error", 'Tool "__proto__" not found', true, "Error", 'Tool "nope" not found']);
  assert.equal((await failure("async () => codemode.fail()", { tools })).message, "bad");
  assert.deepEqual(await result("async () => [await codemode === codemode, JSON.stringify(codemode), `${Object.keys(codemode)}`, codemode[Symbol.iterator] === undefined, codemode.then, typeof codemode.x].map(String)", { tools }),
    ["true", "{}", "", "true", "undefined", "function"]);
  const { logs } = await execute("async () => { console.log(codemode); console.warn('w', { a: [1] }); console.error(new Error('e').message); console.info('i'); console.debug('d') }", { tools });
  assert.deepEqual(logs.map((l) => l.level), ["log", "warn", "error", "info", "debug"]);
  assert.equal(logs[1].message, "w { a: [ 1 ] }");
  for (const name of ["", "x".repeat(257), "a\nb"]) assert.ok(await failure(`async () => codemode[${JSON.stringify(name)}]()`, { tools }));
});

test("values keep what they are, and none can be forged", async () => {
  const echo = { codemode: { echo: (value) => value } };
  assert.deepEqual(await result(`async () => {
    const values = [1n, NaN, Infinity, -0, new Date(5), new Map([["a", new Set([1])]]), /a.b/gi, new Error("m"), [undefined, 1], new Uint8Array([1, 2, 255]), new Uint8Array([0, 1, 2, 3]).subarray(1, 3), new Uint8Array([7]).buffer, new Float32Array([1]),
      { __mayfly_v1__: "bigint", value: "5" }, { __codemode_binary_v1__: "Uint8Array", data: "AA==" }, { a: { __mayfly_v1__: 1 } }, JSON.parse('{"__proto__": {"x": 1}}'), "\u2028\\n\\u0000", Object.create(null)];
    const out = [];
    for (const value of values) {
      const back = await codemode.echo(value);
      const same = ArrayBuffer.isView(value) || value instanceof ArrayBuffer
        ? (back instanceof ArrayBuffer) === (value instanceof ArrayBuffer) && String([...new Uint8Array(back.buffer ?? back)]) === String([...new Uint8Array(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength)])
        : value instanceof Error ? back instanceof Error && back.message === "m" : value instanceof Map ? back.get("a").has(1) : Object.is(value, back) || (typeof value === "object" && JSON.stringify(value) === JSON.stringify(back) && String(value) === String(back));
      out.push(same ? 1 : String(value));
    }
    return out;
  }`.replace("Object.create(null)]", "{}]"), { tools: echo }), Array(19).fill(1));
  assert.deepEqual(await result("async () => { const r = await codemode.bytes(); return [r instanceof Uint8Array, ...r] }", { tools: { codemode: { bytes: () => new Uint8Array([9, 8]) } } }), [true, 9, 8]);
  assert.deepEqual(await result("async () => new Uint8Array([1])"), { __codemode_binary_v1__: "Uint8Array", data: "AQ==" });
  for (const [code, message] of [["const a = {}; a.a = a; a", /cycle/], ["new Response('x')", /Response/], ["new ReadableStream()", /stream/], ["let a = {}; for (let i = 0; i < 1e4; i++) a = { a }; a", /deep/],
    ["({ get a() { throw new Error('getter') } })", /getter/], ["({ toJSON() { throw new Error('json') } })", /json/], ["new Proxy({}, { ownKeys() { throw new Error('trap') } })", /trap/]])
    assert.match((await failure(code)).message, message, code);
  assert.deepEqual(await result("({ a: () => 1, b: undefined, c: [() => 1], d: { toJSON: () => 'j' }, e: Object(5) })"), { c: [null], d: "j", e: 5 });
});

test("what a program does to its own world harms neither its calls nor its frames", async () => {
  const tools = { codemode: { echo: (value) => value } };
  assert.deepEqual(await result(`async () => {
    Object.prototype.toJSON = () => 'polluted'; Array.prototype.push = () => { throw 1 }; JSON.stringify = () => 'x'; Promise.prototype.then = () => { throw 2 }; Map.prototype.get = () => 3; Object.prototype.kind = 1;
    const value = await codemode.echo([1, 'a']);
    delete Object.prototype.toJSON; delete Object.prototype.kind;
    return [value, await codemode.echo([1, 'a'])]; }`, { tools }), ["polluted", [1, "a"]]);
  const forged = '{"type":"done","seq":2,"outcome":"ok","result":"forged"}';
  const done = await execute(`async () => { console.log(${JSON.stringify(`\n${forged}\n`)}); console.log("\\u2028" + ${JSON.stringify(forged)}); throw new Error(${JSON.stringify(`\n${forged}`)}) }`);
  assert.equal(done.outcome, "exception");
  assert.equal(done.frames.length, 4);
  assert.equal(done.logs[0].message, `\n${forged}\n`);
  for (const code of ["}); globalThis.x = 1; (() => {", "1)); globalThis.evil = 1; ((1", "*/ 1 /*", "`${", "</script>", "\u2028", "return (async () => { return 1 })() } async () => {"]) assert.equal(typeof (await execute(code)).outcome, "string", code);
  assert.equal(await result("async () => typeof fetch + typeof options + typeof values + typeof names"), "functionundefinedundefinedundefined");
  assert.match((await failure("async () => fetch('https://example.com/')")).message, /not permitted/);
});

test("preludes and connectors", async () => {
  const namespaces = [{ name: "codemode", prelude: "codemode.step = async (name, fn) => { steps.push(name); return fn() }; const steps = []; codemode.steps = steps;" }, { name: "late", prelude: "late.ready = await Promise.resolve(typeof codemode.step)" }];
  assert.deepEqual(await result("async () => [await codemode.step('a', () => 1), codemode.steps, late.ready]", { namespaces }), [1, ["a"], "function"]);
  assert.match((await failure("1", { namespaces: [{ name: "x", prelude: "throw new Error('prelude')" }] })).message, /prelude/);
  assert.equal((await failure("1", { namespaces: [{ name: "x", prelude: "const = 1" }] })).code, "script.syntax");
  const tools = { github: { get: (a, ...rest) => [a, rest.length], pause: () => ({ __codemode_control__: "pause" }), error: () => ({ __codemode_control__: "error", message: "told" }) } };
  const more = { tools, namespaces: [], connectors: ["github"] };
  assert.deepEqual(await result("async () => github.get({ a: 1 }, 2, 3)", more), [{ a: 1 }, 0]);
  assert.equal((await failure("async () => github.pause()", more)).message, "__CODEMODE_PAUSE__");
  assert.equal((await failure("async () => github.error()", more)).message, "told");
});

test("the call is checked, and each fault is named", async () => {
  const refused = async (body) => { const response = await post(body); const { code, detail, status } = await response.json(); assert.equal(response.status, status ?? response.status); return [response.status, code, detail]; };
  const named = (namespaces, connectors) => refused({ code: "1", namespaces, ...(connectors ? { connectors } : {}) }).then(([status, code, detail]) => { assert.deepEqual([status, code], [400, "execution.name"]); return detail; });
  assert.equal(await named([{ name: "Promise" }]), 'Provider name "Promise" is reserved');
  assert.equal(await named([{ name: "__dispatchers" }]), 'Provider name "__dispatchers" is reserved');
  assert.equal(await named([{ name: "a-b" }]), 'Provider name "a-b" is not a valid JavaScript identifier');
  assert.equal(await named([{ name: "class" }]), 'Provider name "class" is not a valid JavaScript identifier');
  assert.equal(await named([{ name: "a" }, { name: "a" }]), 'Duplicate provider name "a"');
  assert.equal(await named([], ["1x"]), 'Connector name "1x" is not a valid JavaScript identifier');
  assert.equal(await named([], ["a", "a"]), 'Duplicate connector name "a"');
  assert.equal(await named([{ name: "a" }], ["a"]), 'Duplicate name "a" (connector clashes with provider)');
  for (const body of [{}, { code: 1 }, { code: "1", extra: 1 }, { code: "1", namespaces: {} }, { code: "1", namespaces: [{ nam: "a" }] }, { code: "1", language: "python" }, { code: "1", waits: "no" }, { code: "1", reattachMs: 60001 }, { code: "1", limits: { calls: -1 } },
    { code: "1", limits: { calls: 10001 } }, { code: "1", limits: { cpuMs: 0 } }, { code: "1", limits: { nope: 1 } }, { code: "1", journal: [{ n: 2 }] }, { code: "1", connectors: [1] }, { code: "1", drain: "yes" }]) {
    const [status, code, detail] = await refused(body);
    assert.deepEqual([status, code], [400, "api.field"], JSON.stringify(body));
    assert.ok(detail, JSON.stringify(body));
  }
  assert.equal((await refused({ code: "1", modules: { "program.ts": "" } }))[1], "api.code");
  assert.equal((await fetch(`${daemon.url}/v1/executions`, { method: "POST", body: "1", headers: { "content-type": "text/plain" } })).status, 415);
  assert.equal((await fetch(`${daemon.url}/v1/executions`, { method: "POST", body: "{", headers: { "content-type": "application/json" } })).status, 400);
});

// An execution that is driven frame by frame.
async function open(code, more = {}) {
  const controller = new AbortController();
  const response = await post({ code, namespaces: [{ name: "t" }], ...more }, { signal: controller.signal });
  assert.equal(response.status, 200);
  const reader = lines(response);
  const next = async () => { let frame; do frame = (await reader.next()).value; while (frame?.type === "ping"); return frame; };
  const start = await next();
  assert.equal(start.type, "start");
  assert.equal(response.headers.get("mayfly-execution-id"), start.id);
  return { id: start.id, next, leave: () => controller.abort() };
}
const told = async (response) => [response.status, response.status === 204 ? "" : (await response.json()).code];

test("answers that are late, double, wrong or never come", async () => {
  const run = await open("async () => { const a = t.a(); t.b(); return [await a] }");
  assert.equal((await run.next()).callId, 1);
  assert.equal((await run.next()).callId, 2);
  assert.deepEqual(await told(await answer(run.id, 3, { ok: 1 })), [404, "call.unknown"]);
  assert.deepEqual(await told(await answer(run.id, 0, { ok: 1 })), [404, "call.unknown"]);
  assert.deepEqual(await told(await answer(run.id, "x", { ok: 1 })), [404, "call.unknown"]);
  assert.deepEqual(await told(await answer("exec_nope", 1, { ok: 1 })), [404, "execution.unknown"]);
  for (const bad of ["", "1", "[]", '{"ok":1,"error":{"message":""}}', '{"error":"x"}', '{"error":{"message":1}}', '{"control":"stop"}', '{"control":"pause"}', '{"ok":01}', '{"ok":1}\n{"type":"done"}', '{"okay":1}']) {
    const [status, code] = await told(await answer(run.id, 1, bad));
    assert.ok(status === 400 && /^api\.(json|field)$/.test(code), `${bad}: ${status} ${code}`);
  }
  assert.deepEqual(await told(await answer(run.id, 1, { ok: 5 })), [204, ""]);
  assert.match((await told(await answer(run.id, 1, { ok: 6 }))).join(), /^(409,call.answered|410,execution.over)$/);
  const done = await run.next();
  assert.deepEqual([done.outcome, done.result, done.abandonedCalls], ["ok", [5], [2]]);
  assert.deepEqual(await told(await answer(run.id, 2, { ok: 1 })), [410, "execution.over"]);
  assert.equal(await run.next(), undefined);
});

test("an answer that never comes ends with the wall limit; waits may be left out of it", async () => {
  const run = await open("async () => t.never()", { limits: { wallMs: 300 } });
  assert.equal((await run.next()).type, "call");
  const done = await run.next();
  assert.deepEqual([done.outcome, done.error.code, done.abandonedCalls], ["exceededWallTime", "limit.wall", [1]]);
  const patient = await open("async () => { const a = await t.slow(); for (;;) await scheduler.wait(10) }", { limits: { wallMs: 300 }, waits: "excluded" });
  await patient.next();
  await new Promise((resolve) => setTimeout(resolve, 600)); // Longer than the limit, which does not run meanwhile.
  assert.deepEqual(await told(await answer(patient.id, 1, { ok: 1 })), [204, ""]);
  const end = await patient.next();
  assert.equal(end.outcome, "exceededWallTime");
  assert.ok(end.usage.wallMs > 800 && end.usage.hostWaitMs > 500);
});

test("calls that are not awaited are abandoned, or waited for", async () => {
  const run = await open("async () => { t.a(); return 1 }");
  assert.equal((await run.next()).type, "call");
  const done = await run.next();
  assert.deepEqual([done.result, done.abandonedCalls], [1, [1]]);
  const drained = await open("async () => { t.a(); return 1 }", { drain: true });
  await drained.next();
  assert.deepEqual(await told(await answer(drained.id, 1, {})), [204, ""]);
  const end = await drained.next();
  assert.deepEqual([end.result, end.abandonedCalls], [1, []]);
});

test("limits of calls", async () => {
  const tools = { t: { a: (x) => x } };
  assert.equal(await result("async () => { let n = 0; for (;;) try { await t.a(1); n++ } catch (e) { return [n, e.message].join() } }", { tools, limits: { calls: 3 } }), "3,Too many calls of tools by a single run.");
  assert.match((await failure("async () => t.a('x'.repeat(2000))", { tools, limits: { callBytes: 1000 } })).message, /too large/);
  const run = await open("async () => t.a()", { limits: { callBytes: 1000 } });
  await run.next();
  assert.deepEqual(await told(await answer(run.id, 1, { ok: "x".repeat(2000) })), [413, "call.too_large"]);
  assert.deepEqual(await told(await answer(run.id, 1, { ok: "fits" })), [204, ""]);
  assert.equal((await run.next()).result, "fits");
  let open_ = 0, most = 0;
  const slow = { t: { a: async () => { most = Math.max(most, ++open_); await new Promise((resolve) => setTimeout(resolve, 5)); open_--; } } };
  await result("async () => { await Promise.all(Array.from({ length: 30 }, () => t.a())) }", { tools: slow, limits: { callsConcurrent: 4 } });
  assert.ok(most > 1 && most <= 4, `${most}`);
  const big = "y".repeat(3_000_000);
  assert.equal(await result("async () => { const s = await t.a('x'.repeat(3e6)); return s.length + (await t.a(s)).length }", { tools: { t: { a: () => big } } }), 6_000_000);
  assert.equal((await execute("async () => 'x'.repeat(5000)", { limits: { responseBytes: 1000 } })).error.code, "limit.response");
});

test("canceled, killed for its CPU, its executor killed: logs so far are there, neighbours go on", async () => {
  const neighbour = open("async () => { console.log('n'); return t.a() }");
  const canceled = await open("async () => { console.log('before'); await t.never() }");
  assert.equal((await canceled.next()).message, "before");
  await canceled.next();
  assert.equal((await fetch(`${daemon.url}/v1/executions/${canceled.id}`, { method: "DELETE" })).status, 204);
  assert.equal((await canceled.next()).outcome, "canceled");
  assert.deepEqual(await told(await fetch(`${daemon.url}/v1/executions/${canceled.id}`, { method: "DELETE" })), [204, ""]);
  assert.deepEqual(await told(await fetch(`${daemon.url}/v1/executions/exec_none`, { method: "DELETE" })), [404, "execution.unknown"]);
  const hog = await execute("async () => { console.log('hog'); for (;;); }", { limits: { cpuMs: 50 } });
  assert.deepEqual([hog.outcome, hog.logs[0].message], ["exceededCpu", "hog"]);
  const swell = await execute("async () => { console.log('swell'); const a = []; for (;;) a.push(new Array(1e5).fill(1)) }", { limits: { memoryMb: 32 } });
  assert.deepEqual([swell.outcome, swell.logs[0].message], ["exceededMemory", "swell"]);
  const other = await neighbour;
  assert.equal((await other.next()).message, "n");
  await other.next();
  await answer(other.id, 1, { ok: "fine" });
  assert.equal((await other.next()).result, "fine");
  const lost = await open("async () => { console.log('lost'); await t.never() }");
  await lost.next();
  await lost.next();
  for (const { pid } of (await daemon.executors()).filter((e) => e.runs > 0)) process.kill(pid, "SIGKILL");
  assert.equal((await lost.next()).error.code, "executor.lost");
  await daemon.until(async () => (await daemon.health()).executors.ready === (await daemon.health()).executors.wanted);
});

test("a stream that breaks is taken up again, or its execution ends", async () => {
  const run = await open("async () => { console.log('one'); const a = await t.a(); console.log('two'); return a }", { reattachMs: 20000 });
  assert.equal((await run.next()).message, "one");
  run.leave();
  await run.next().catch(() => {});
  const again = lines(await fetch(`${daemon.url}/v1/executions/${run.id}?after=2`));
  assert.deepEqual((await again.next()).value.type, "call");
  const third = lines(await fetch(`${daemon.url}/v1/executions/${run.id}?after=0`)); // Takes it over.
  assert.equal((await again.next()).done, true);
  const seqs = [];
  for (let i = 0; i < 3; i++) seqs.push((await third.next()).value.seq);
  assert.deepEqual(seqs, [1, 2, 3]);
  assert.deepEqual(await told(await answer(run.id, 1, { ok: "late" })), [204, ""]);
  assert.equal((await third.next()).value.message, "two");
  assert.equal((await third.next()).value.result, "late");
  assert.equal((await third.next()).done, true);
  const after = lines(await fetch(`${daemon.url}/v1/executions/${run.id}?after=4`)); // It is done, and still known.
  assert.equal((await after.next()).value.type, "done");
  assert.deepEqual(await told(await fetch(`${daemon.url}/v1/executions/${run.id}?after=99`)), [410, "execution.frames"]);
  assert.deepEqual(await told(await fetch(`${daemon.url}/v1/executions/${run.id}?before=1`)), [400, "api.field"]);
  const left = await open("async () => t.never()", { reattachMs: 0 });
  await left.next();
  const before = (await (await fetch(`${daemon.url}/v1/usage`)).json()).rows[0].invocations;
  left.leave();
  await daemon.until(async () => (await told(await answer(left.id, 9, {})))[1] === "execution.unknown");
  assert.ok((await (await fetch(`${daemon.url}/v1/usage`)).json()).rows[0].invocations > before); // Billed all the same.
});

test("journals: paused for days, gone on with, diverged", async () => {
  const code = "async () => { const user = await t.find({ name: 'Ada', n: [1.5, 2n] }); const ok = await t.remove(user.id); return [user.id, ok, await t.last()] }";
  const first = await open(code, { journal: [] });
  await first.next();
  await answer(first.id, 1, '{ "ok":\n {"id": 7}\n}\n');
  assert.deepEqual((await first.next()).args, [7]);
  assert.deepEqual(await told(await answer(first.id, 2, { control: "pause" })), [204, ""]);
  const paused = await first.next();
  assert.equal(paused.outcome, "paused");
  assert.deepEqual(paused.journal, [{ n: 1, namespace: "t", name: "find", args: [{ name: "Ada", n: [1.5, { __mayfly_v1__: "bigint", value: "2" }] }], ok: { id: 7 } }]);
  const journal = [...paused.journal, { n: 2, namespace: "t", name: "remove", args: [7], ok: true }];
  const second = await open(code, { journal });
  const frame = await second.next();
  assert.deepEqual([frame.callId, frame.name], [3, "last"]);
  await answer(second.id, 3, new Uint8Array([1]));
  const done = await second.next();
  assert.deepEqual(done.result, [7, true, { __codemode_binary_v1__: "Uint8Array", data: "AQ==" }]);
  assert.deepEqual(done.journal.map((e) => e.n), [1, 2, 3]);
  const whole = await execute(code, { journal: done.journal, namespaces: [{ name: "t" }] }); // Without a frame but start and done.
  assert.deepEqual([whole.result, whole.frames.length], [done.result, 2]);
  const failed = await execute("async () => t.a()", { journal: [{ n: 1, namespace: "t", name: "a", args: [], error: { message: "as before" } }], namespaces: [{ name: "t" }] });
  assert.equal(failed.error.message, "as before");
  for (const changed of [code.replace("'Ada'", "'Bob'"), code.replace("t.find", "t.search"), code.replace("await t.remove(user.id)", "await t.remove(8)")]) {
    const diverged = await execute(changed, { journal, namespaces: [{ name: "t" }] });
    assert.deepEqual([diverged.outcome, diverged.error.code], ["diverged", "execution.diverged"]);
    assert.match(diverged.error.message, /^Call [12] is t\./);
  }
  const large = await execute("async () => t.a()", { journal: [], tools: { t: { a: () => "x".repeat(1_000_001) } } });
  assert.equal(large.error.code, "call.too_large");
});

// User and system time of a process, of ticks of 1/100 s.
const cpuSeconds = (pid) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).reduce((a, b) => a + Number(b), 0) / 100;

// A value in a journal is what the program said and heard, to the letter, and compared as a value: another writer of JSON may order members and write numbers in its own way.
test("journals keep every value, and are compared in time that grows with their size alone", async () => {
  const code = "async () => { const a = await t.echo({ b: 'nul \\0 \\ud800 \\u00e9', a: 1e21, c: [0.1, { y: 1, x: 2 }] }); return [a, await t.echo(2)] }";
  const first = await execute(code, { journal: [], tools: { t: { echo: (value) => value } } });
  assert.equal(first.outcome, "ok");
  assert.equal(first.result[0].b, "nul \0 \ud800 \u00e9");
  const again = await execute(code, { journal: first.journal, namespaces: [{ name: "t" }] });
  assert.deepEqual([again.result, again.journal, again.frames.length], [first.result, first.journal, 2]);
  const written = '[ { "c":[1e-1,{"x":2, "\\u0079":1}] ,"a":1000000000000000000000,"\\u0062":"nul \\u0000 \\uD800 \\u00e9"} ]';
  const body = JSON.stringify({ code, namespaces: [{ name: "t" }], journal: first.journal }).replace(JSON.stringify(first.journal[0].args), () => written);
  assert.ok(body.includes(written));
  const other = await (await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: { "content-type": "application/json", accept: "application/x-ndjson" }, body })).text();
  const last = JSON.parse(other.trim().split("\n").at(-1));
  assert.deepEqual([last.outcome, last.result], ["ok", first.result], JSON.stringify(last.error));
  assert.equal((await execute(code.replace("y: 1, x: 2", "y: 2, x: 1"), { journal: first.journal, namespaces: [{ name: "t" }] })).outcome, "diverged");
  const deep = "async () => { let v = 1; for (let i = 0; i < 300; i++) v = [v]; return (await t.echo(v)).length }";
  const sunk = await execute(deep, { journal: [], tools: { t: { echo: (value) => value } } });
  assert.equal((await execute(deep, { journal: sunk.journal, namespaces: [{ name: "t" }] })).result, 1);
  const wide = "async () => t.size(Object.fromEntries(Array.from({ length: 100000 }, (_, i) => ['k' + i, i])))";
  const args = [Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => ["k" + i, i]))];
  const before = cpuSeconds(daemon.pid);
  assert.equal((await execute(wide, { journal: [{ n: 1, namespace: "t", name: "size", args, ok: 7 }], namespaces: [{ name: "t" }], limits: { memoryMb: 256 } })).result, 7);
  assert.ok(cpuSeconds(daemon.pid) - before < 5, `${cpuSeconds(daemon.pid) - before} s`); // Each member looked for among all others is more, and on the one loop that all clients share.
});

test("a journal that is none is refused, and its fault is named", async () => {
  const entry = { n: 1, namespace: "t", name: "a", args: [], ok: 1 };
  for (const [journal, at] of [[{}, "/journal"], [[1], "/journal/0"], [[{ ...entry, n: 2 }], "/journal/0/n"], [[entry, entry], "/journal/1/n"], [[{ ...entry, namespace: 1 }], "/journal/0/namespace"],
    [[{ ...entry, name: null }], "/journal/0/name"], [[{ ...entry, args: {} }], "/journal/0/args"], [[{ ...entry, args: undefined }], "/journal/0/args"], [[{ ...entry, error: { message: "x" } }], "/journal/0"],
    [[{ ...entry, ok: undefined, error: "x" }], "/journal/0/error"], [[{ ...entry, ok: undefined, error: {} }], "/journal/0/error"], [[{ ...entry, more: 1 }], "/journal/0/more"]]) {
    const response = await post({ code: "1", journal });
    const problem = await response.json();
    assert.deepEqual([response.status, problem.code], [400, "api.field"], JSON.stringify(problem));
    assert.ok(problem.detail.startsWith(`${at} `), `${at}: ${problem.detail}`);
  }
  for (const text of ['{"code":"1","journal":[],"journal":[]}', '{"code":"1","\\u006aournal":[1]}', '{"code":"1","journal":[01]}']) {
    const response = await fetch(`${daemon.url}/v1/executions`, { method: "POST", headers: { "content-type": "application/json" }, body: text });
    assert.equal(response.status, 400, text);
  }
});

test("a tool may start another execution, fifty deep, with one place for runs", async () => {
  const narrow = await Daemon.start({ config: { limits: { concurrentRuns: 1, queuedRuns: 0 } } });
  const nest = (depth) => execute("async () => (await t.next()) + 1", { url: narrow.url, tools: { t: { next: async () => (depth === 0 ? 0 : (await nest(depth - 1)).result) } } });
  assert.equal((await nest(50)).result, 51);
  assert.equal((await narrow.health()).runs.active, 0);
  assert.deepEqual(await narrow.stop(), { code: 0, signal: null });
});

test("past the room of the executors a nested execution is refused at once, and those around it go on", async () => {
  const narrow = await Daemon.start({ config: { limits: { concurrentRuns: 1, queuedRuns: 0 }, executors: { count: 1, runs: 3, standby: 1 } } });
  let refused;
  const nest = async (depth) => {
    if (depth === 4) {
      refused = await post({ code: "1" }, { url: narrow.url });
      return 0;
    }
    return (await execute("async () => (await t.next()) + 1", { url: narrow.url, tools: { t: { next: () => nest(depth + 1) } } })).result;
  };
  assert.equal(await nest(1), 3);
  assert.deepEqual([refused.status, (await refused.json()).code], [503, "overloaded"]);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal(await result("async () => 1", { url: narrow.url }), 1);
  assert.deepEqual(await narrow.stop(), { code: 0, signal: null });
});

test("200 at once, each with 20 calls at once", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
  const tools = { t: { a: async (n) => { await new Promise((resolve) => setImmediate(resolve)); return n * 2; } } };
  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => result(`async () => (await Promise.all(Array.from({ length: 20 }, (_, n) => t.a(n + ${i})))).reduce((a, b) => a + b)`, { tools })));
  assert.deepEqual(all, Array.from({ length: 200 }, (_, i) => 380 + 40 * i));
  agent.destroy();
});

test("a client that does not read holds its own program back, and the daemon's memory", async () => {
  const before = daemon.memory().rssKb;
  const request = http.request(`${daemon.url}/v1/executions`, { method: "POST", headers: { "content-type": "application/json", accept: "application/x-ndjson" } });
  request.end(JSON.stringify({ code: "async () => { const big = 'x'.repeat(1e6); await Promise.all(Array.from({ length: 120 }, () => t.a(big))) }", namespaces: [{ name: "t" }], limits: { memoryMb: 256 } }));
  const response = await new Promise((resolve) => request.on("response", resolve));
  response.pause();
  let last = -1;
  await daemon.until(async () => { const now = daemon.memory().rssKb; const still = Math.abs(now - last) < 200; last = now; await new Promise((resolve) => setTimeout(resolve, 200)); return still; });
  const most = process.env.ASAN_OPTIONS ? 100 : 64; // MiB, of 120 MB; a sanitizer keeps for a while what is freed.
  assert.ok(last - before < most * 1024, `${before} KiB became ${last}`);
  request.destroy();
});

test("without a stream there is one answer, and nobody to call", async () => {
  const ask = async (body) => { const response = await post(body, { accept: "application/json" }); assert.match(response.headers.get("content-type"), /^application\/json/); return response.json(); };
  const done = await ask({ code: "async () => { console.log('a'); return 1 }" });
  assert.deepEqual([done.outcome, done.result, done.logs.map((l) => l.message)], ["ok", 1, ["a"]]);
  assert.equal((await ask({ code: "async () => t.a()", namespaces: [{ name: "t" }] })).error.message, "There is nobody who answers calls of tools.");
});

test("curl and Python are clients too", async () => {
  const curl = spawnSync("bash", ["-c", `
    exec 3< <(curl -sN ${daemon.url}/v1/executions -H 'content-type: application/json' -H 'accept: application/x-ndjson' -d '{"code":"async () => (await t.add(1, 2)) + 1","namespaces":[{"name":"t"}]}')
    read -r start <&3; read -r call <&3
    id=$(sed 's/.*"id":"\\([^"]*\\)".*/\\1/' <<<"$start")
    curl -s "${daemon.url}/v1/executions/$id/calls/1" -H 'content-type: application/json' -d '{"ok":3}'
    read -r done <&3; echo "$call"; echo "$done"`], { encoding: "utf8", timeout: 20_000 });
  const [call, done] = curl.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([call.name, call.args, done.result], ["add", [1, 2], 4]);
  const python = spawnSync("python3", ["-c", `
import json, urllib.request
def send(path, body, accept="application/json"):
    return urllib.request.urlopen(urllib.request.Request("${daemon.url}" + path, json.dumps(body).encode(), {"content-type": "application/json", "accept": accept}))
with send("/v1/executions", {"code": "async () => t.hello('py')", "namespaces": [{"name": "t"}]}, "application/x-ndjson") as stream:
    for line in stream:
        frame = json.loads(line)
        if frame["type"] == "start": id = frame["id"]
        if frame["type"] == "call": send(f"/v1/executions/{id}/calls/{frame['callId']}", {"ok": "hello " + frame["args"][0]})
        if frame["type"] == "done": print(frame["result"])
`], { encoding: "utf8", timeout: 20_000 });
  assert.equal(python.stdout.trim(), "hello py", python.stderr);
});
