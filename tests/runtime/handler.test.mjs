// One run from START to finish: entrypoints, startup, answers, errors.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());
const run = (...args) => harness.run(...args);

test('an object with fetch answers; request, env and ctx are given', async () => {
    const r = await run(`export default { async fetch(request, env, ctx) {
        return Response.json({ url: request.url, method: request.method, x: request.headers.get('X-A'), env, props: ctx.props,
            text: await request.text(), kind: Object.prototype.toString.call(ctx) }, { status: 201, headers: { b: 'c' } });
    } }`, {
        url: 'https://example.com', method: 'POST', headers: [['x-a', '1']], env: { NAME: 'x' }, props: { p: 1 }, body: ['he', 'llo'],
    });
    assert.equal(r.outcome, '');
    assert.equal(r.status, 201);
    assert.deepEqual(r.headers, [['b', 'c'], ['content-type', 'application/json']]);
    assert.deepEqual(JSON.parse(r.body), {
        url: 'https://example.com/', method: 'POST', x: '1', env: { NAME: 'x' }, props: { p: 1 }, text: 'hello',
        kind: '[object ExecutionContext]',
    });
    assert.ok(r.isEnded);
});

test('classes that extend WorkerEntrypoint: a new instance with ctx and env', async () => {
    const code = `import { WorkerEntrypoint, env as imported } from 'cloudflare:workers';
        export class Named extends WorkerEntrypoint { fetch(request) {
            return new Response([this.env.A, imported.A, this.ctx.props.p, new URL(request.url).pathname].join()); } }
        export default class extends WorkerEntrypoint { async fetch() { return new Response('default') } }`;
    const options = { env: { A: 'a' }, props: { p: 'p' }, url: 'https://h/q' };
    assert.equal((await run(code, options)).body, 'default');
    assert.equal((await run(code, { ...options, entrypoint: 'Named' })).body, 'a,a,p,/q');
    assert.equal((await run(code, { ...options, entrypoint: 'default' })).body, 'default');
});

test('entrypoints that are not there have Cloudflare\'s sentences', async () => {
    const cases = [
        ['export default { fetch() {} }', 'Nope', 'Worker has no such entrypoint: Nope', 'script.startup'],
        ['export const a = 1', '', 'Worker has no default entrypoint.', 'script.startup'],
        ['export const a = 1', 'a', 'Worker has no such entrypoint: a', 'script.startup'],
        ['export default {}', '', 'Error: Handler does not export a fetch() function.', 'script.exception'],
        [`import { DurableObject } from 'cloudflare:workers'; export class D extends DurableObject {}`, 'D',
            'Worker has no such entrypoint: D', 'script.startup'],
        [`import { WorkerEntrypoint } from 'cloudflare:workers'; export default class extends WorkerEntrypoint {}`, '',
            'Error: Handler does not export a fetch() function.', 'script.exception'],
    ];
    for (const [code, entrypoint, text, outcome] of cases) {
        const r = await run(code, { entrypoint });
        assert.deepEqual([r.text, r.outcome, r.exceptions.length], [text, outcome, 1], code);
    }
});

test('start-up errors name module, line and column', async () => {
    let r = await run('const a = 1;\n  throw new TypeError("no");\nexport default {}');
    assert.equal(r.text, 'Failed to start Worker:\nUncaught TypeError: no\n  at main.js:2:9');
    assert.equal(r.outcome, 'script.startup');
    assert.deepEqual([r.exceptions[0].module, r.exceptions[0].line, r.exceptions[0].column], ['main.js', 2, 9]);
    r = await run('export default { fetch() { return nonsense nonsense } }');
    assert.equal(r.outcome, 'script.syntax');
    assert.match(r.text, /^Failed to start Worker:\nUncaught SyntaxError: Unexpected identifier 'nonsense'\n {2}at main\.js:1:\d+$/);
    r = await run('import { nothing } from "./a.js"; export default {}');
    assert.equal(r.text, 'Failed to start Worker:\nUncaught Error: No such module "a.js".\n  imported from "main.js"');
    r = await run({ 'main.js': 'import { nothing } from "./a.js"; export default {}', 'a.js': '' });
    assert.equal(r.outcome, 'script.startup');
    assert.match(r.text, /does not provide an export named 'nothing'/);
    r = await run('throw null');
    assert.equal(r.text, 'Failed to start Worker:\nUncaught null');
});

test('nothing of I/O at the top level', async () => {
    for (const call of ['setTimeout(() => {}, 1)', 'crypto.getRandomValues(new Uint8Array(1))', 'crypto.randomUUID()',
        'await fetch("https://a.example")', 'setInterval(() => {}, 1)', 'await scheduler.wait(1)', 'AbortSignal.timeout(1)']) {
        const r = await run(`${call}; export default {}`);
        assert.match(r.text, /^Failed to start Worker:\nUncaught Error: Disallowed operation called within global scope\. Asynchronous I\/O/, call);
    }
});

test('what a handler throws ends the run, with the place of the code that was sent', async () => {
    const r = await run('export default {\n  async fetch() {\n    await 1;\n    throw new RangeError("bad");\n  }\n}');
    assert.equal(r.outcome, 'script.exception');
    assert.equal(r.text, 'RangeError: bad');
    const [exception] = r.exceptions;
    assert.deepEqual([exception.name, exception.message, exception.module, exception.line, exception.column],
        ['RangeError', 'bad', 'main.js', 4, 11]);
    assert.match(exception.stack, /^RangeError: bad\n {4}at Object\.fetch \(main\.js:4:11\)$/);
    assert.equal(r.status, undefined);
});

test('whatever is thrown can be told', async () => {
    const cases = {
        'null': 'null', 'undefined': 'undefined', '"text"': 'text', '42': '42', 'Symbol("s")': 'Symbol(s)', '10n': '10',
        '{ a: 1 }': '{ a: 1 }', 'new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })': '{}',
        '{ get message() { throw 1 }, get stack() { throw 2 }, toJSON() { throw 3 }, toString() { throw 4 } }':
            '{\n  message: [Getter],\n  stack: [Getter],\n  toJSON: [Function: toJSON],\n  toString: [Function: toString]\n}',
        'new DOMException("m", "AbortError")': 'AbortError: m',
        'Object.defineProperty(new Error("m"), "message", { get() { throw 1 } })': 'Error',
        'Object.assign(new Error("m"), { name: Symbol("x"), stack: 5 })': 'Error: m',
        'class extends Error {}': '[class (anonymous) extends Error]',
        'Object.setPrototypeOf(new TypeError("m"), null)': 'TypeError: m',
    };
    for (const [value, text] of Object.entries(cases)) {
        const r = await run(`export default { fetch() { throw ${value} } }`);
        assert.deepEqual([r.outcome, r.text, r.exceptions.length], ['script.exception', text, 1], value);
    }
});

test('only a usable Response is an answer', async () => {
    const cases = {
        'undefined': "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.",
        '({ status: 200 })': "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.",
        'Object.create(Response.prototype)': "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.",
        'new Proxy(new Response(), {})': "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.",
        'Response.error()': 'TypeError: Return value from serve handler must not be an error response (like Response.error())',
        '(r => (r.text(), r))(new Response("x"))':
            'TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice.',
    };
    for (const [value, text] of Object.entries(cases)) {
        const r = await run(`export default { fetch() { return ${value} } }`);
        assert.deepEqual([r.outcome, r.text], ['script.exception', text], value);
    }
});

test('waitUntil keeps the run open, its rejections are told, the answer does not wait', async () => {
    const r = await run(`import { waitUntil } from 'cloudflare:workers';
        export default { fetch(request, env, ctx) {
            ctx.waitUntil(new Promise((resolve) => setTimeout(() => { console.log('late'); resolve(); }, 50)));
            waitUntil(Promise.reject(new Error('later')));
            ctx.passThroughOnException();
            return new Response('now');
        } }`);
    assert.equal(r.outcome, '');
    assert.deepEqual(r.logs, ['late']);
    assert.equal(r.exceptions[0].message, 'later');
    assert.equal(r.done.timeMs, 50);
    const order = r.lines.map((line) => line.event);
    assert.ok(order.indexOf('end') < order.indexOf('log'));
    assert.deepEqual(r.lines.filter((line) => line.event === 'waitUntil').map((line) => line.count), [1, 2, 1, 0]);
});

test('an unhandled rejection is told once, after the microtasks; a handled one never', async () => {
    const r = await run(`export default { async fetch() {
        const late = Promise.reject(new Error('handled in time'));
        Promise.reject(new TypeError('unhandled'));
        await 1; await 1; await 1;
        late.catch(() => {});
        return new Response('ok');
    } }`);
    assert.deepEqual(r.exceptions.map((one) => one.message), ['unhandled']);
    assert.equal(r.outcome, '');
    assert.equal(r.body, 'ok');
});

test('listeners of unhandledrejection and error', async () => {
    const r = await run(`addEventListener('unhandledrejection', (event) => { console.log(event.type, event.reason, event.promise instanceof Promise);
            if (event.reason === 1) event.preventDefault(); });
        addEventListener('rejectionhandled', (event) => console.log(event.type, event.reason));
        addEventListener('error', (event) => { console.log(event.message, event.lineno > 0, event.error.message); event.preventDefault(); });
        export default { async fetch() {
            const p = Promise.reject(1); Promise.reject(2);
            setTimeout(() => { throw new Error('in a timer') }, 1);
            await scheduler.wait(5);
            p.catch(() => {});
            queueMicrotask(() => { throw new Error('in a microtask') });
            reportError(new Error('reported'));
            await scheduler.wait(5);
            return new Response();
        } }`);
    assert.deepEqual(r.logs, [
        'unhandledrejection 1 true', 'unhandledrejection 2 true', 'Uncaught Error: in a timer true in a timer', 'rejectionhandled 1',
        'Uncaught Error: reported true reported', 'Uncaught Error: in a microtask true in a microtask',
    ]);
    assert.deepEqual(r.exceptions.map((one) => one.message), ['2']);
});

test('errors of timers and microtasks are told and end nothing', async () => {
    const r = await run(`export default { async fetch() {
        setTimeout(() => { throw new Error('t') }, 1); queueMicrotask(() => { throw new Error('m') });
        await scheduler.wait(3);
        return new Response('ok');
    } }`);
    assert.deepEqual(r.exceptions.map((one) => one.message), ['m', 't']);
    assert.equal(r.body, 'ok');
});

test('a promise that is never settled is left to the host', async () => {
    const r = await run('export default { fetch() { return new Promise(() => {}) } }');
    assert.equal(r.done.isHang, 1);
    assert.equal(r.outcome, undefined);
});

test('the answer waits for a slow reader, piece by piece', async () => {
    const r = await run(`export default { fetch() { return new Response('\\u{1f600}'.repeat(100000)) } }`, { slow: true });
    assert.equal(r.bytes.length, 400000);
    assert.equal(r.body, '\u{1f600}'.repeat(100000));
    const writes = r.lines.filter((line) => line.event === 'write').length;
    assert.ok(writes > 3 && r.done.turns >= writes, `${writes} writes in ${r.done.turns} turns`);
});

test('streams as answers: chunks, backpressure, errors, strings', async () => {
    let r = await run(`export default { fetch() {
        let n = 0;
        return new Response(new ReadableStream({ pull(c) { if (n++ === 5) c.close(); else c.enqueue(new TextEncoder().encode(n + ';')); } }));
    } }`, { slow: true });
    assert.equal(r.body, '1;2;3;4;5;');
    assert.equal(r.outcome, '');
    r = await run(`export default { fetch() {
        let n = 0;
        return new Response(new ReadableStream({ pull(c) { if (n++ === 2) throw new Error('broke'); c.enqueue(new Uint8Array(1)); } }));
    } }`);
    assert.equal(r.aborted, 'Error: broke');
    assert.deepEqual([r.outcome, r.text, r.bytes.length], ['script.exception', 'Error: broke', 2]);
    r = await run(`export default { fetch() { return new Response(new ReadableStream({ start(c) { c.enqueue('text'); } })) } }`);
    assert.match(r.text, /^TypeError: This ReadableStream gave a string/);
    r = await run(`export default { async fetch() {
        const { readable, writable } = new TransformStream();
        const writer = writable.getWriter();
        writer.write(new Uint8Array(300000)).then(() => writer.close());
        return new Response(readable);
    } }`, { slow: true });
    assert.equal(r.bytes.length, 300000);
});

test('a client that goes away cancels the source and the run ends in order', async () => {
    const r = await run(`export default { fetch(request, env, ctx) {
        return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(10)); }, cancel(reason) { console.log('canceled', reason.message); } }));
    } }`, { stopAfter: 3 });
    assert.equal(r.outcome, '');
    assert.deepEqual(r.logs, ['canceled The receiver wants no more of this body.']);
    assert.equal(r.bytes.length, 30);
});

test('the request goes straight through to the answer', async () => {
    let r = await run('export default { fetch(request) { return new Response(request.body) } }', { method: 'POST', body: ['a', 'b', 'c'], slow: true });
    assert.equal(r.body, 'abc');
    r = await run('export default { fetch(request) { return new Response(request.body) } }', { method: 'POST', body: ['a'], bodyError: 'reset' });
    assert.equal(r.aborted, 'TypeError: reset');
    r = await run('export default { async fetch(request) { try { await request.text() } catch (e) { return new Response(e.name + e.message) } } }',
        { method: 'POST', body: ['a'], bodyError: 'reset' });
    assert.equal(r.body, 'TypeErrorreset');
});

test('what the answer says goes out as it is, and no more', async () => {
    let r = await run(`export default { fetch() { return new Response(null, { status: 204, statusText: 'Nothing' }) } }`);
    assert.deepEqual([r.status, r.statusText, r.headers, r.hasBody, r.isEnded], [204, 'Nothing', [], false, false]);
    r = await run(`export default { fetch() { const h = new Headers({ b: '1', a: '2' });
        h.append('Set-Cookie', 'x=1'); h.append('set-cookie', 'y=2'); h.append('A', '3'); h.set('l', '\\xe9');
        return new Response('', { headers: h }) } }`);
    assert.deepEqual(r.headers, [['b', '1'], ['a', '2, 3'], ['set-cookie', 'x=1'], ['set-cookie', 'y=2'], ['l', '\xe9'],
        ['content-type', 'text/plain;charset=UTF-8']]);
});

test('modules: other kinds, cycles, dynamic import, built-ins', async () => {
    const r = await run({
        'main.js': `import text from './t.txt'; import json from './j.json'; import data from './d.bin'; import cjs from './c.cjs';
            import * as workers from 'cloudflare:workers'; import { b } from './b.js';
            export const a = 'a';
            export default { async fetch() { const more = await import('./b.js');
                return Response.json([text, json, new Uint8Array(data).length, cjs.n, b(), more.b === b, Object.keys(workers).sort()]) } }`,
        'b.js': `import { a } from './main.js'; export const b = () => a + 'b';`,
        't.txt': { kind: 'text', body: 'text' }, 'j.json': { kind: 'json', body: '{"j":1}' }, 'd.bin': { kind: 'data', body: 'xyz' },
        'c.cjs': { kind: 'cjs', body: 'module.exports = { n: 7 }' },
    });
    assert.deepEqual(JSON.parse(r.body), ['text', { j: 1 }, 3, 7, 'ab', true, [
        'DurableObject', 'RpcPromise', 'RpcProperty', 'RpcStub', 'RpcTarget', 'ServiceStub', 'WorkerEntrypoint', 'WorkflowEntrypoint',
        'abortIsolate', 'env', 'exports', 'waitUntil', 'withEnv',
    ]]);
});

test('compatibility flags and the navigator', async () => {
    const r = await run(`export default { fetch() { return Response.json([Cloudflare.compatibilityFlags, navigator.userAgent]) } }`,
        { flags: '["nodejs_compat"]' });
    assert.deepEqual(JSON.parse(r.body), [{ nodejs_compat: true }, 'Cloudflare-Workers']);
});

test('code from strings is for the top level only, and not when a flag says so', async () => {
    const code = `const sum = eval('1 + 1') + new Function('return 3')(); const kept = eval; await 0; const late = eval('4');
        const refusal = (f) => { try { return f(); } catch (e) { return e.name; } };
        export default { async fetch() { return Response.json([sum, late, refusal(() => eval('1')), refusal(() => kept('1')), refusal(() => new Function('')),
            refusal(() => (async () => {}).constructor('')), await new Promise((r) => setTimeout(() => r(refusal(() => kept('1'))), 1))]) } }`;
    assert.deepEqual(JSON.parse((await run(code)).body), [5, 4, ...Array(5).fill('EvalError')]);
    const refused = await run(code, { flags: '["disallow_eval_during_startup"]' });
    assert.equal(refused.outcome, 'script.startup');
    assert.match(refused.text, /Uncaught EvalError: Code generation from strings disallowed for this context/);
});

test('an answer to HEAD has no body', async () => {
    const r = await run(`export default { fetch(request) { return new Response(new ReadableStream({ pull(c) { console.log('pulled'); c.close(); } },
        { highWaterMark: 0 }), { status: 203, headers: { a: request.method } }) } }`, { method: 'HEAD' });
    assert.deepEqual([r.status, r.headers, r.hasBody, r.body, r.logs, r.outcome], [203, [['a', 'HEAD']], false, '', [], '']);
});

test('a URL that is none is said', async () => {
    const r = await run('console.log("ran"); export default { fetch() { return new Response("x") } }', { url: 'http://a:99999/' });
    assert.deepEqual([r.text, r.outcome, r.logs], ['TypeError: The request\'s URL is not valid: http://a:99999/', 'script.exception', []]);
});

test('every run starts anew', async () => {
    const code = `globalThis.count = (globalThis.count ?? 0) + 1; Object.prototype.mark ??= 0; Object.prototype.mark++;
        export default { fetch() { return new Response(count + ',' + {}.mark + ',' + crypto.randomUUID()) } }`;
    const seen = new Set();
    for (let i = 0; i < 5; i++) {
        const [count, mark, uuid] = (await run(code)).body.split(',');
        assert.deepEqual([count, mark], ['1', '1']);
        seen.add(uuid);
    }
    assert.equal(seen.size, 5);
});
