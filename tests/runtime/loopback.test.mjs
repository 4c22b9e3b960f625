// ctx.exports: a worker calls its own entrypoints, as in workerd's own tests of the loader (ctxExports) and of RPC.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());

// |body|: of the default entrypoint's fetch(); its result as JSON.
async function run(body, exports, options) {
    const r = await harness.run(`import { WorkerEntrypoint, RpcTarget, exports } from 'cloudflare:workers';
        const text = async (f) => { try { await f(); return 'nothing was thrown'; } catch (e) { return e.name + ': ' + e.message; } };
        ${exports}
        export default class extends WorkerEntrypoint { async fetch(request) { const { ctx, env } = this; ${body} } }`, options);
    assert.equal(r.outcome, '', JSON.stringify(r));
    return JSON.parse(r.body);
}

test('methods, reads and fetch reach a new instance each time, with env and its own ctx', async () => {
    const seen = await run(`const { Alt } = ctx.exports;
        return Response.json([await Alt.greet('x'), await Alt.count(), await Alt.count(), await Alt.name, await (await Alt.fetch('http://a/b')).text(),
            await Alt.where(), typeof Alt.then, ctx.exports === exports, Object.keys(exports).sort(), await ctx.exports.default.own()]);`,
    `export class Alt extends WorkerEntrypoint {
        n = 0;
        greet(name) { return 'Hello, ' + name; }
        count() { return ++this.n; }
        get name() { return 'alt of ' + this.env.E; }
        async where() { return [this instanceof Alt, Object.keys(this.ctx.props).length]; }
        fetch(request) { return new Response(request.method + request.url); }
    }
    export const plain = { fetch() {} };
    export const notOne = 5;
    export function neither() {}
    WorkerEntrypoint.prototype.own = function () { return 'inherited'; };`, { env: { E: 'env' } });
    assert.deepEqual(seen, ['Hello, x', 1, 1, 'alt of env', 'GEThttp://a/b', [true, 0], 'undefined', true, ['Alt', 'default', 'plain'], 'inherited']);
});

test('props are given by calling the export', async () => {
    const seen = await run(`const props = { a: [1] }; const stub = ctx.exports.Alt({ props }); props.a.push(2);
        return Response.json([await stub.props(), await ctx.exports.Alt.props(), await ctx.exports.plain({ props: { p: 2 } }).props(0), await text(() => stub({}))]);`,
    `export class Alt extends WorkerEntrypoint { props() { return this.ctx.props; } }
     export const plain = { props(arg, env, ctx) { return ctx.props; } };`);
    assert.deepEqual(seen, [{ a: [1] }, {}, { p: 2 }, 'TypeError: This stub has its props already.']);
});

test('what is not to be called has Cloudflare\'s sentences', async () => {
    const seen = await run(`const { Alt, plain } = ctx.exports; const all = [];
        for (const name of ['nothing', 'state', 'toString', 'env', 'ctx', 'hasOwnProperty']) all.push(await text(() => Alt[name]()));
        for (const name of ['constructor', 'dup', 'alarm']) all.push(await text(() => Alt[name]()));
        all.push(await text(() => Alt.value()), await text(() => Alt.throws()), await text(() => Alt.nothing), await text(() => plain.four(1)), await text(() => plain.one()),
            await text(() => plain.one(1, 2)), await plain.one(1), await text(() => plain.toString()), await text(() => ctx.exports.plain.fetch('http://a/')));
        return Response.json(all);`,
    `export class Alt extends WorkerEntrypoint { state = () => 1; get value() { return 5; } throws() { throw new RangeError('mine'); } }
     export const plain = { one(arg, env, ctx) { return [arg, env.E, typeof ctx.waitUntil]; }, four(a, b, c, d) {} };`, { env: { E: 1 } });
    const missing = (name) => `TypeError: The RPC receiver does not implement the method "${name}".`;
    const reserved = (name) => `TypeError: '${name}' is a reserved method and cannot be called over RPC.`;
    assert.deepEqual(seen.slice(0, 9), [...['nothing', 'state', 'toString', 'env', 'ctx', 'hasOwnProperty'].map(missing), ...['constructor', 'dup', 'alarm'].map(reserved)]);
    assert.deepEqual(seen.slice(9, 12), ['TypeError: "value" is not a function.', 'RangeError: mine', missing('nothing')]);
    assert.match(seen[12], /^TypeError: Cannot call handler function "four" over RPC because it has the wrong number of arguments\. /);
    assert.match(seen[13], /^TypeError: Attempted to call RPC function "one" with the wrong number of arguments\. /);
    assert.equal(seen[14], seen[13]);
    assert.deepEqual(seen.slice(15), [[1, 1, 'function'], missing('toString'), 'Error: Handler does not export a fetch() function.']);
});

test('arguments and results are cloned, handed over or made stubs', async () => {
    const seen = await run(`const { Alt } = ctx.exports; const sent = { list: [1], date: new Date(5), map: new Map([[1, 2]]) };
        const back = await Alt.change(sent); const add = await Alt.adder(10); const counter = await Alt.counter();
        const stream = await Alt.stream(new Response('abc').body);
        return Response.json([sent.list, back.list, back.date.getTime(), back.map.get(1), await add(5), await Alt.call((n) => n * 2), await counter.more(), await counter.more(),
            await text(() => counter.n), await new Response(stream).text(), await (await Alt.answer(new Request('http://a/', { method: 'POST', body: 'q' }))).text(),
            await text(() => Alt.change({ f() {} })), await text(() => Alt.bad()), await text(() => Alt.change(Symbol('s')))]);`,
    `class Counter extends RpcTarget { n = 0; more() { return ++this.n; } }
     export class Alt extends WorkerEntrypoint {
        change(value) { value.list.push(2); return value; }
        adder(n) { return (m) => n + m; }
        async call(f) { return (await f(21)) + 1; }
        counter() { return new Counter(); }
        stream(body) { return body.pipeThrough(new TransformStream()); }
        async answer(request) { return new Response(await request.text() + '!'); }
        bad() { return { stub: new Counter(), f() {} }; }
     }`);
    assert.deepEqual(seen.slice(0, 11), [[1], [1, 2], 5, 2, 15, 43, 1, 2, 'TypeError: The RPC receiver does not implement the method "n".', 'abc', 'q!']);
    for (const refusal of seen.slice(11)) assert.match(refusal, /^DataCloneError: /);
});

test('exports of cloudflare:workers are filled once the module has run; waitUntil of a callee keeps the run', async () => {
    const r = await harness.run(`import { WorkerEntrypoint, exports } from 'cloudflare:workers';
        const early = Object.keys(exports).length;
        export class Alt extends WorkerEntrypoint { later() { this.ctx.waitUntil(scheduler.wait(5).then(() => console.log('later'))); return 1; } }
        export default { async fetch(request, env, ctx) { return Response.json([early, await exports.Alt.later(), ctx.exports.Alt === exports.Alt]); } }`);
    assert.deepEqual(JSON.parse(r.body), [0, 1, true]);
    assert.deepEqual(r.logs, ['later']);
});

test('stubs can be shown, and survive a polluted realm', async () => {
    const r = await harness.run(`import { WorkerEntrypoint } from 'cloudflare:workers';
        export class Alt extends WorkerEntrypoint { hi() { return 'hi'; } }
        const boom = () => { throw new Error('polluted'); };
        export default { async fetch(request, env, ctx) {
            Promise.prototype.then = boom; Reflect.apply = boom; Object.prototype.props = 1; Array.prototype[Symbol.iterator] = boom; Function.prototype.call = boom;
            console.log(ctx.exports.Alt, ctx.exports.Alt.hi);
            return new Response(await ctx.exports.Alt.hi());
        } }`);
    assert.equal(r.body, 'hi', JSON.stringify(r));
    assert.equal(r.logs.length, 1);
});
