// executor.suite.mjs - MayflyExecutor keeps @cloudflare/codemode 0.5.6's contract: what its own tests of executors ask (A1 to A33, A36),
// by number, and what its own executor does wrong (D1 to D10). Runs once for each transport: |transport|() gives the client's options.
import { test, before, after } from "node:test";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { loadClient } from "./npm.mjs";

let daemon, MayflyExecutor, executor, options;

export function suite(transport) {
  before(async () => {
    daemon = await Daemon.start();
    ({ MayflyExecutor } = await loadClient("index.js"));
    options = { url: daemon.url, ...(await transport()) };
    executor = new MayflyExecutor(options);
  });
  after(() => daemon.stop());
  for (const [name, body] of tests) test(name, body);
}

const tests = new Map();
const define = (name, body) => tests.set(name, body);

// A tool that remembers how it was called.
function tool(fn = async () => undefined) {
  const wrapped = async (...args) => { wrapped.calls.push(args); return fn(...args); };
  wrapped.calls = [];
  return wrapped;
}
const codemode = (fns) => [{ name: "codemode", fns }];
const run = (code, providers = [], options) => executor.execute(code, providers, options);
async function value(code, providers, options) {
  const { result, error } = await run(code, providers, options);
  assert.equal(error, undefined);
  return result;
}

define("A1 a value; A2 without providers; A3 nothing; A4 a synchronous arrow", async () => {
  assert.deepEqual(await run("async () => 42", codemode({})), { result: 42, logs: [] });
  assert.equal(await value("async () => 42", []), 42);
  assert.deepEqual(await run("async () => {}"), { result: undefined, logs: [] });
  assert.equal(await value("() => 1"), 1);
});

define("A5 the arguments arrive as they are; A6 one call after the other; A8 closures stay here", async () => {
  const add = tool(async ({ a, b }) => a + b);
  assert.equal(await value("async () => await codemode.add({ a: 3, b: 4 })", codemode({ add })), 7);
  assert.deepEqual(add.calls, [[{ a: 3, b: 4 }]]);
  const getWeather = tool(async () => ({ temp: 72 })), searchWeb = tool(async ({ query }) => [`news of ${query}`]);
  assert.deepEqual(await value("async () => { const w = await codemode.getWeather({}); return { w, n: await codemode.searchWeb({ query: 'temp ' + w.temp }) }; }", codemode({ getWeather, searchWeb })), { w: { temp: 72 }, n: ["news of temp 72"] });
  assert.deepEqual([getWeather.calls.length, searchWeb.calls.length], [1, 1]);
  const secret = "api-key-123";
  const fns = { use: async () => secret.length };
  assert.deepEqual(await value("async () => [await codemode.use(), typeof secret, Object.keys(codemode).length]", codemode(fns)), [11, "undefined", 0]);
});

define("A7 calls at once, answered in any order", async () => {
  const waiting = [];
  const slow = async ({ id }) => {
    await new Promise((resolve) => { waiting.push(resolve); if (waiting.length === 3) waiting.reverse().forEach((wake, i) => setTimeout(wake, i * 20)); });
    return { id };
  };
  assert.deepEqual(await value("async () => Promise.all([1, 2, 3].map((id) => codemode.slow({ id })))", codemode({ slow })), [{ id: 1 }, { id: 2 }, { id: 3 }]);
});

define("A9 bytes, A10 ArrayBuffer, A11 only what a view shows", async () => {
  const accept = tool(async (input, more) => more ?? input.bytes ?? input.buffer);
  assert.deepEqual(await value("async () => { const b = await codemode.accept({ bytes: new Uint8Array([1, 2, 3]) }); return [b instanceof Uint8Array, [...b]]; }", codemode({ accept })), [true, [1, 2, 3]]);
  assert.deepEqual(await value("async () => { const b = await state.accept('/x', new Uint8Array([1, 2, 3])); return [b instanceof Uint8Array, [...b]]; }", [{ name: "state", fns: { accept } }]), [true, [1, 2, 3]]);
  assert.deepEqual(await value("async () => { const b = await codemode.accept({ buffer: new Uint8Array([4, 5, 6]).buffer }); return [b instanceof ArrayBuffer, [...new Uint8Array(b)]]; }", codemode({ accept })), [true, [4, 5, 6]]);
  assert.deepEqual(await value("async () => [...await codemode.accept({ bytes: new Uint8Array([10, 20, 30, 40]).subarray(1, 3) })]", codemode({ accept })), [20, 30]);
  assert.deepEqual(accept.calls, [[{ bytes: new Uint8Array([1, 2, 3]) }], ["/x", new Uint8Array([1, 2, 3])], [{ buffer: new Uint8Array([4, 5, 6]).buffer }], [{ bytes: new Uint8Array([20, 30]) }]]);
  assert.deepEqual(await value("async () => new Uint8Array([1])"), new Uint8Array([1]));
});

define("A12 positional arguments", async () => {
  const concat = tool(async (a, b) => `${a} ${b}`), count = tool(async (...args) => args.length);
  assert.equal(await value("async () => state.concat('a', 'b')", [{ name: "state", fns: { concat } }]), "a b");
  assert.deepEqual(await value("async () => [await codemode.count(), await codemode.count(undefined), await codemode.count(1, undefined, 3)]", codemode({ count })), [0, 1, 3]);
});

define("A13 what the program throws; A14 what a tool throws; A15 an unknown tool", async () => {
  assert.equal((await run('async () => { throw new Error("boom"); }', codemode({}))).error, "boom");
  const fail = async () => { throw new RangeError("tool error"); };
  assert.equal((await run("async () => await codemode.fail({})", codemode({ fail }))).error, "tool error");
  const caught = "async () => { try { await math.divide({}); } catch (e) { return [e instanceof Error, e.name, e.message, await codemode.add(1, 2)]; } }";
  assert.deepEqual(await value(caught, [{ name: "math", fns: { divide: async () => { throw new RangeError("Division by zero"); } } }, ...codemode({ add: async (a, b) => a + b })]), [true, "RangeError", "Division by zero", 3]);
  assert.equal((await run("async () => broken.doSomething({})", [{ name: "broken", fns: { doSomething: fail } }])).error, "tool error");
  assert.match((await run("async () => await codemode.nonexistent({})", codemode({}))).error, /nonexistent/);
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    assert.equal(await value(`async () => { try { return await codemode[${JSON.stringify(name)}]({}); } catch (e) { return e.message; } }`, codemode({})), `Tool "${name}" not found`);
  }
  assert.equal(await value("async () => { try { await codemode.f(); } catch (e) { return e.message; } }", codemode({ f: async () => { throw "text"; } })), "text");
});

define("A16 logs in order, with their levels", async () => {
  assert.deepEqual(await run('async () => { console.log("hello"); console.warn("watch out"); console.error("bad", 1); return "done"; }'), { result: "done", logs: ["hello", "[warn] watch out", "[error] bad 1"] });
});

define("A17 backticks; A18 fences; A19 expressions", async () => {
  assert.equal(await value('async () => { return `hello ${"world"}`; }'), "hello world");
  for (const fence of ["js", "javascript", "typescript", "ts", "tsx", "jsx", ""]) assert.equal(await value(`\`\`\`${fence}\n1 + 1\n\`\`\``), 2, fence);
  assert.deepEqual([await value("42"), await value("1 + 1")], [42, 2]);
});

define("A21 no network by default", async () => {
  assert.notEqual((await run('async () => { const r = await fetch("https://example.com"); return r.status; }')).error, undefined);
});

define("A22 modules of one's own; A23 none replaces what runs the program", async () => {
  const modules = { "helpers.js": 'export function greet(name) { return "hello " + name; }', "executor.js": "export default class Evil {}" };
  const own = new MayflyExecutor({ ...options, modules });
  assert.deepEqual(await own.execute('async () => { const { greet } = await import("helpers.js"); return greet("world"); }', []), { result: "hello world", logs: [] });
  assert.deepEqual(await own.execute("async () => 1 + 1", []), { result: 2, logs: [] });
});

define("A24 time out", async () => {
  const impatient = new MayflyExecutor({ ...options, timeout: 100 });
  assert.equal((await impatient.execute("async () => { await new Promise((r) => setTimeout(r, 5000)); return 'done'; }", [])).error, "Execution timed out");
});

define("A25 a loop is ended within its limit, its logs are kept, nobody else suffers", async () => {
  const limited = new MayflyExecutor({ ...options, limits: { cpuMs: 100 } });
  const began = Date.now();
  const [loop, other] = await Promise.all([limited.execute("async () => { console.log('before'); while (true) {} }", []), run("async () => { await new Promise((r) => setTimeout(r, 100)); return 1; }")]);
  assert.deepEqual([loop.result, loop.logs, other.result], [undefined, ["before"], 1]);
  assert.match(loop.error, /CPU/);
  assert.ok(Date.now() - began < 10_000);
});

define("A26 namespaces: one, several, codemode and others", async () => {
  const echo = tool(async ({ msg }) => ({ echoed: msg }));
  assert.deepEqual(await value("async () => await myns.echo({ msg: 'hello' })", [{ name: "myns", fns: { echo } }]), { echoed: "hello" });
  assert.deepEqual(await value("async () => [await store.get({}), await cache.get({})]", [{ name: "store", fns: { get: async () => "store" } }, { name: "cache", fns: { get: async () => "cache" } }]), ["store", "cache"]);
  assert.deepEqual(await value("async () => { const sum = await codemode.add({ a: 3, b: 4 }); return { sum, pong: await echo.echo({ msg: sum }) }; }", [...codemode({ add: async ({ a, b }) => a + b }), { name: "echo", fns: { echo } }]), { sum: 7, pong: { echoed: 7 } });
});

define("A27 duplicates, A28 reserved names, A29 tools that are written alike: the same sentences", async () => {
  const error = async (providers, options) => (await run("async () => 1", providers, options)).error;
  const named = (...names) => names.map((name) => ({ name, fns: {} }));
  const connectors = (...names) => ({ connectors: names.map((name) => ({ name, binding: { callTool: async () => 1 } })) });
  assert.equal(await error(named("dup", "dup")), 'Duplicate provider name "dup"');
  for (const name of ["__dispatchers", "__connectors", "__logs", "__stringifyForCodemode", "WorkerEntrypoint", "CodeExecutor", "Promise", "setTimeout", "Error", "console"]) {
    assert.equal(await error(named(name)), `Provider name "${name}" is reserved`);
    assert.equal(await error([], connectors(name)), `Connector name "${name}" is reserved`);
  }
  assert.equal(await error(named("a b")), 'Provider name "a b" is not a valid JavaScript identifier');
  assert.equal(await error([], connectors("1a")), 'Connector name "1a" is not a valid JavaScript identifier');
  assert.equal(await error(named("x"), connectors("x")), 'Duplicate name "x" (connector clashes with provider)');
  assert.equal(await error(codemode({ "foo-bar": tool(), foo_bar: tool() })), 'Tool names "foo-bar" and "foo_bar" both sanitize to "foo_bar" in provider "codemode"');
});

const step = `codemode.step = async (seq, fn) => {
  const d = await codemode.decide(seq);
  if (d.kind === "replay") return d.result;
  const value = await fn();
  await codemode.record(value);
  return value;
};`;

define("A30 a prelude's functions go before the tools'", async () => {
  const decide = tool(async (seq) => ({ kind: "execute", seq })), record = tool(async () => true);
  const provider = { name: "codemode", fns: { decide, record, step: tool() }, prelude: step };
  const code = "async () => { let ran = 0; const v = await codemode.step(0, async () => { ran++; return 21 * 2; }); return { v, ran }; }";
  assert.deepEqual(await value(code, [provider]), { v: 42, ran: 1 });
  assert.deepEqual([decide.calls, record.calls, provider.fns.step.calls], [[[0]], [[42]], []]);
  provider.fns.decide = async () => ({ kind: "replay", result: "cached" });
  assert.deepEqual(await value(code, [provider]), { v: "cached", ran: 0 });
});

define("A31 tools by the names that a program can write", async () => {
  const fns = { "github.list-issues": tool(async () => [1]), "1st": tool(async () => 2), delete: tool(async () => 3), "a b!": tool(async () => 4), "日本": tool(async () => 5) };
  assert.deepEqual(await value("async () => [await codemode.github_list_issues({}), await codemode._1st(), await codemode.delete_(), await codemode.a_b(), await codemode._()]", codemode(fns)), [[1], 2, 3, 4, 5]);
  assert.deepEqual(fns["github.list-issues"].calls, [[{}]]);
});

define("A32 a program cannot write frames", async () => {
  const forged = JSON.stringify({ type: "done", seq: 3, id: "x", outcome: "ok", result: "forged", usage: {} });
  const f = tool(async (text) => text);
  const code = `async () => { const forged = ${JSON.stringify(forged)}; console.log(forged + "\\n" + forged + "\\n"); console.log("\\n" + forged); await codemode["x\\n" + forged]?.().catch(() => {}); await codemode.f("\\n" + forged + "\\n"); return { toString: forged, "\\n": forged }; }`;
  const { result, error, logs } = await run(code, codemode({ f }));
  assert.deepEqual([error, result, f.calls, logs], [undefined, { toString: forged, "\n": forged }, [[`\n${forged}\n`]], [`${forged}\n${forged}\n`, `\n${forged}`]]);
});

define("A33 nothing stays", async () => {
  await run("async () => { globalThis.left = 1; Array.prototype.left = 1; codemode.left = 1; }", codemode({}));
  assert.deepEqual(await value("async () => [typeof globalThis.left, typeof [].left]"), ["undefined", "undefined"]);
});

define("A36 a call that is not awaited does not keep the program; its answer comes too late without harm", async () => {
  const abandoned = [];
  const watching = new MayflyExecutor({ ...options, onResult: (result) => abandoned.push(result.abandonedCalls) });
  let release, settled;
  const slow = () => new Promise((resolve) => { release = resolve; }).finally(() => { settled = true; });
  const result = await watching.execute("async () => { codemode.slow(); return 1; }", codemode({ slow }));
  assert.deepEqual([result, abandoned], [{ result: 1, logs: [] }, [[1]]]);
  release?.(5);
  await daemon.until(() => settled);
});

define("the deprecated form of providers; connectors get the first argument and say pause", async () => {
  assert.equal(await value("async () => codemode.f(2)", { f: async (x) => x * 2 }), 4);
  const calls = [];
  const binding = {
    async callTool(...args) {
      calls.push(args);
      if (args[0] === "pause") return { __codemode_control__: "pause" };
      if (args[0] === "fail") return { __codemode_control__: "error", message: "no" };
      return args[1]?.x;
    },
  };
  const code = "async () => { const said = async (m) => { try { await github[m]({}, 1); } catch (e) { return e.message; } }; return [await github['list-issues']({ x: 1 }, 2), await github.a(), await said('pause'), await said('fail')]; }";
  assert.deepEqual(await value(code, [], { connectors: [{ name: "github", binding }] }), [1, undefined, "__CODEMODE_PAUSE__", "no"]);
  assert.deepEqual(calls, [["list-issues", { x: 1 }], ["a", undefined], ["pause", {}], ["fail", {}]]);
});

define("rich results: what JSON lacks", async () => {
  const result = await value("async () => ({ u: undefined, d: new Date(0), m: new Map([['a', new Set([1n])]]), n: [NaN, -0, Infinity], r: /x/g, b: new Uint8Array([1]).buffer })");
  assert.deepEqual(result, { d: new Date(0), m: new Map([["a", new Set([1n])]]), n: [NaN, -0, Infinity], r: /x/g, b: new Uint8Array([1]).buffer });
  const echo = tool(async (x) => x);
  assert.deepEqual(await value("async () => codemode.echo(new Map([[{ a: 1n }, new Date(5)]]))", codemode({ echo })), new Map([[{ a: 1n }, new Date(5)]]));
  assert.deepEqual(await value("async () => codemode.echo({ __mayfly_v1__: 'bigint', value: '1' })", codemode({ echo })), { __mayfly_v1__: "bigint", value: "1" });
  assert.deepEqual(await value("async () => codemode.echo({ __codemode_binary_v1__: 'Uint8Array', data: 'AQ==' })", codemode({ echo })), { __codemode_binary_v1__: "Uint8Array", data: "AQ==" });
});

define("a tool may run programs itself, to some depth, and many at once", async () => {
  const down = (depth) => run(`async () => ${depth} === 0 ? 0 : 1 + await codemode.down(${depth - 1})`, codemode({ down: async (n) => (await down(n)).result })).then((r) => r.error === undefined ? r : assert.fail(r.error));
  assert.equal((await down(8)).result, 8);
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => run(`async () => await codemode.f(${i})`, codemode({ f: async (x) => x * x }))));
  assert.deepEqual(results.map((r) => r.result), Array.from({ length: 20 }, (_, i) => i * i));
});

define("a signal ends it at once", async () => {
  const abort = new AbortController();
  const result = await run("async () => { await codemode.stop(); await new Promise((r) => setTimeout(r, 60000)); }", codemode({ stop: async () => abort.abort(new Error("enough")) }), { signal: abort.signal });
  assert.equal(result.error, "enough");
});

// What codemode's own executor does with these is in the name; each is what a caller would expect instead.
define("D1 throw of no Error (there: success)", async () => {
  for (const [thrown, text] of [['"x"', "x"], ["{ code: 1 }", '{"code":1}'], ["5", "5"]]) assert.equal((await run(`async () => { throw ${thrown}; }`)).error, text);
});
define("D2 throw null (there: rejects)", async () => assert.equal((await run("async () => { throw null; }")).error, "null"));
define("D3 a tool that throws an Error without a message (there: swallowed)", async () => {
  assert.deepEqual(await value("async () => { try { return ['returned', await codemode.f()]; } catch (e) { return [e instanceof Error, e.message]; } }", codemode({ f: async () => { throw new Error(""); } })), [true, ""]);
  const uncaught = await run("async () => codemode.f()", codemode({ f: async () => { throw new Error(""); } }));
  assert.ok(uncaught.error.length > 0);
});
define("D4 a semicolon behind the function (there: rejects)", async () => assert.equal(await value("async () => { return 1; };"), 1));
define("D5 TypeScript, imports, a default export at the end, prose around a fence (there: rejects)", async () => {
  assert.equal(await value("async (): Promise<number> => { const x: number = 1; interface A { b: string } return (x as number)!; }"), 1);
  assert.equal(await new MayflyExecutor({ ...options, modules: { "x.js": "export const x = 5" } }).execute('import { x } from "x.js";\nx + 1', []).then((r) => r.error ?? r.result), 6);
  assert.equal(await value("function f() { return 3; }\nexport default f"), 3);
  assert.equal(await value("Here is the program:\n\n```js\nasync () => 4\n```\n\nIt returns 4."), 4);
  const broken = await run("async () => {\n  const a = ;\n}");
  assert.match(broken.error, /2:13|:2:/);
});
define("D6 a namespace as a value (there: calls `then`, hangs)", async () => {
  const every = tool();
  const { error } = await run("async () => { await codemode; JSON.stringify(codemode); String(typeof codemode); console.log(codemode); return codemode; }", codemode({ then: every, toJSON: every }));
  assert.deepEqual([error, every.calls], [undefined, []]);
});
define("D7 console shows objects, and has all its methods (there: [object Object])", async () => {
  const { logs } = await run("async () => { console.log({ a: [1, 'b'] }); console.info('i'); console.debug('d'); }");
  assert.match(logs[0], /a: \[ ?1, 'b' ?\]/);
  assert.deepEqual(logs.slice(1), ["[info] i", "[debug] d"]);
});
define("D9 a Buffer is bytes (there: its toJSON)", async () => {
  assert.deepEqual(await value("async () => { const b = await codemode.f(); const o = await codemode.o(); return [b instanceof Uint8Array, [...b], o.b instanceof Uint8Array]; }", codemode({ f: async () => Buffer.from("ab"), o: async () => ({ b: Buffer.from("x") }) })), [true, [97, 98], true]);
});
define("D10 bigints (there: throws)", async () => {
  assert.equal(await value("async () => { const x = await codemode.f(2n ** 70n); return x + 1n; }", codemode({ f: async (x) => x * 2n })), 2n ** 71n + 1n);
});
define("what a tool cannot send is that call's error", async () => {
  const cycle = {};
  cycle.self = cycle;
  const said = (fn) => value("async () => { try { await codemode.f(); } catch (e) { return e.message; } }", codemode({ f: async () => fn() }));
  assert.match(await said(() => cycle), /contains itself/);
  assert.match(await said(() => new ReadableStream()), /stream/);
  assert.match(await said(() => () => 1), /function/);
});
