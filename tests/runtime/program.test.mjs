// Programs: what is one, what it comes to, its namespaces; values on their way out and in; scripts that want to forge either.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());

const run = (code, options = {}) => {
    const { modules = {}, program = {}, ...rest } = options;
    return harness.run({ 'program.js': code, ...modules }, {
        main: 'program.js', program: { namespaces: [{ name: 'codemode' }], ...program }, ...rest,
    });
};
// The result as JSON that was read; undefined without one.
const result = async (code, options) => {
    const r = await run(code, options);
    assert.equal(r.outcome, '', `${code}: ${r.text}`);
    return r.body === '' ? undefined : JSON.parse(r.body);
};
const failure = async (code, options) => {
    const { outcome, text, exceptions: [e] } = await run(code, options);
    return [outcome, text, e.name, `${e.module}:${e.line}:${e.column}`];
};
const tag = (kind, value) => ({ __mayfly_v1__: kind, value });

test('what is a program, and its result', async () => {
    const modules = { 'helpers.js': 'export default 1; export const y = 2, z = 3; console.log("once")' };
    const cases = [
        ['async () => 42', 42], ['async () => 42;', 42], ['  () => 5 ;\n', 5], ['42', 42], ['1 + 1; // two', 2], ['', undefined], [' ;\n', undefined],
        ['// nothing', undefined], ['async () => {}', undefined], ['null', null], ['{ a: 1, b: 2 }', { a: 1, b: 2 }], ["'text'", 'text'], ['`${1}`', '1'],
        ['return 5', 5], ['const x = 1;\nreturn x', 1], ['const x = await 1;\nconst y = 2;\n[x, y]', [1, 2]], ['let a = 1; if (a) { a = 2 }', undefined],
        ['function f() { return 7 }', 7], ['async function main() { return 8 }\nmain()', 8], ['function f() { return 1 }\nconst x = f();', undefined],
        ['const x = 1;\nasync () => x', 1], ['async () => { return 1; }; // done', 1], ['class A { static b = 3 }\nA.b', 3], ['class A {}', undefined], ['"use strict"; 5', 5],
        ['export default async () => 9', 9], ['export default async function f() { return 10 }', 10], ['export default function () { return 11 }', 11],
        ['export default async () => h();\nconst h = () => 12;', 12], ['function f() { return 13 }; export default f', 13], ['export default 14;\nconst _default = 1', 14],
        ['export const a = 15;\na', 15], ['import x, { y as b } from "helpers.js";\nimport * as all from "./helpers.js";\n() => [x, b, all.z]', [1, 2, 3]],
        ['import "helpers.js";\n1', 1], ['async () => (await import("helpers.js")).y', 2], ['(await import("./helpers.js")).z', 3],
    ];
    for (const [code, expected] of cases) {
        assert.deepEqual(await result(code, { modules }), expected, code);
    }
});

test('no name of the runtime is in its scope, and eval is not allowed', async () => {
    assert.deepEqual(await result(`typeof internals + typeof primordials + typeof realm + typeof tools + typeof _default + typeof scene`), 'undefined'.repeat(6));
    assert.match((await failure(`eval('1')`))[1], /Code generation from strings disallowed/);
    assert.equal(await result('this === undefined'), true);
});

test('syntax errors and exceptions say where, in the text that was sent', async () => {
    const cases = [
        ['async () => {\n  const a = ;\n}', 'script.syntax', "Unexpected token ';'", 'SyntaxError', 'program.js:2:13'],
        ['let a = 1;\n  let b = ;', 'script.syntax', "Unexpected token ';'", 'SyntaxError', 'program.js:2:11'],
        ['let a = 1; // x\n/* y */\n  a.b.c', 'script.exception', "Cannot read properties of undefined (reading 'c')", 'TypeError', 'program.js:3:7'],
        ['\n\nasync () => {\n  throw new RangeError("boom");\n}', 'script.exception', 'boom', 'RangeError', 'program.js:4:9'],
        ['async () => {\n  new URL("x");\n}', 'script.exception', 'Invalid URL string.', 'TypeError', 'program.js:2:3'],
        ['let a = 1;\n  nope();', 'script.exception', 'nope is not defined', 'ReferenceError', 'program.js:2:3'], ['\nnope', 'script.exception', 'nope is not defined', 'ReferenceError', 'program.js:2:1'],
        ['throw "x"', 'script.exception', 'x', '', ':0:0'], ['throw { code: 1 }', 'script.exception', '{"code":1}', '', ':0:0'],
        ['throw null', 'script.exception', 'null', '', ':0:0'], ['throw new Error("")', 'script.exception', 'Error', 'Error', 'program.js:1:7'],
        ['await import("no.js")', 'script.exception', 'No such module "no.js".\n  imported from "program.js"', 'Error', ':0:0'],
        ['() => () => 1', 'script.exception', 'A function cannot be sent.', 'TypeError', ':0:0'], ['Symbol()', 'script.exception', 'A symbol cannot be sent.', 'TypeError', ':0:0'],
    ];
    for (const [code, ...expected] of cases) {
        assert.deepEqual(await failure(code), expected, code);
    }
});

test('text that closes what is around it is a syntax error', async () => {
    for (const code of ['1))(); evil(); (async () => (1', '}); evil(); (() => {', '})(); evil(); (async () => {', '1), (() => (1', '}, async () => {', '}; async () => {',
        '1); } evil(); { (1', '*/ evil() /*', '`', '1)\n//']) {
        const [outcome, text] = await failure(code);
        assert.equal(outcome, 'script.syntax', `${code}: ${text}`);
    }
});

test('namespaces: every name is a function that calls, except where a call would be a surprise', async () => {
    const { calls, body } = await run(`async () => [await codemode.add({ a: 1 }, 2), await codemode['x-y'](), await Promise.all([codemode.a(1), codemode.b(2)])]`);
    assert.deepEqual(calls, [['add', [{ a: 1 }, 2]], ['x-y', []], ['a', [1]], ['b', [2]]].map(([name, args]) => ({ namespace: 'codemode', name, args })));
    assert.equal(body, '[[{"a":1},2],[],[[1],[2]]]');
    const silent = await run(`async () => { const ns = await codemode; console.log(ns); return [typeof ns.then, typeof ns.toJSON, typeof ns[Symbol.iterator], JSON.stringify(ns),
        'a' in ns, 'then' in ns, Object.keys(ns), typeof ns.a] }`);
    assert.deepEqual([silent.body, silent.calls], ['["undefined","undefined","undefined","{}",true,false,[],"function"]', []]);
});

test('connectors take one argument and throw what a marker says', async () => {
    const program = { connectors: ['gh'] };
    const { calls } = await run('gh.list({ a: 1 }, 2)', { program });
    assert.deepEqual(calls, [{ namespace: 'gh', name: 'list', args: [{ a: 1 }] }]);
    const pause = '{"ok":{"__codemode_control__":"pause"}}';
    assert.equal((await run('gh.list()', { program, answer: pause })).text, '__CODEMODE_PAUSE__');
    assert.equal((await run('gh.list()', { program, answer: '{"ok":{"__codemode_control__":"error","message":"no"}}' })).text, 'no');
    assert.deepEqual(await result('codemode.list()', { answer: pause }), { __codemode_control__: 'pause' });
});

test('preludes run first, may define functions, and are named in their errors', async () => {
    const prelude = (text) => ({ program: { namespaces: [{ name: 'codemode', prelude: text }] } });
    const step = 'codemode.step = async (name, f) => f(await codemode.real(name)); await null;';
    assert.deepEqual(await result('codemode.step("n", (x) => [x, "y"])', prelude(step)), [['n'], 'y']);
    assert.deepEqual((await failure('5', prelude('let a = 1;\na.b.c')))[3], 'prelude of codemode:2:5');
    assert.deepEqual(await failure('5', prelude('let a = 1;\na b')), ['script.syntax', "Unexpected identifier 'b'", 'SyntaxError', 'prelude of codemode:2:3']);
    assert.equal((await failure('5', prelude('}; () => {')))[0], 'script.syntax');
});

test('errors of tools: exactly the message, and the place of the call', async () => {
    const caught = (answer) => result(`async () => { try { return [await codemode.a()] } catch (e) { return [e instanceof Error, e.message, e.name, e.code ?? null] } }`, { answer });
    assert.deepEqual(await caught('{"error":{"message":""}}'), [true, '', 'Error', null]);
    assert.deepEqual(await caught('{"error":{"message":"m","name":"N","code":"C"}}'), [true, 'm', 'N', 'C']);
    assert.deepEqual(await caught('{"error":{}}'), [true, '', 'Error', null]);
    assert.deepEqual(await failure('async () => {\n  await codemode.a();\n}', { answer: '{"error":{"message":"m","name":"N"}}' }), ['script.exception', 'm', 'N', 'program.js:2:18']);
    assert.deepEqual(await failure('codemode.a()', { fetch: 'limit' }), ['script.exception', 'Too many calls of tools by a single run.', 'Error', 'program.js:1:10']);
    for (const name of ['', 'a\n', '\x7f', 'a'.repeat(257), '\u00e4'.repeat(129)]) {
        const r = await run(`codemode[${JSON.stringify(name)}]()`);
        assert.match(r.text, /^A tool's name /);
        assert.deepEqual(r.calls, []);
    }
    assert.equal((await run(`codemode['\\u00e4'.repeat(128)]()`)).calls.length, 1);
});

test('answers: bytes, nothing, what is no answer', async () => {
    assert.deepEqual(await result('codemode.a()', { answer: '{}' }), undefined);
    assert.deepEqual(await result('async () => { const b = await codemode.a(); return [b instanceof Uint8Array, ...b] }', { answer: 'AB', answerType: 'bytes' }), [true, 65, 66]);
    for (const answer of ['', '{', 'nul', '{"ok":1}x', '\xff']) {
        assert.equal((await run('async () => { try { await codemode.a() } catch (e) { return e.name } }', { answer: answer || ' ' })).body, '"SyntaxError"');
    }
});

test('calls that nobody waits for: left behind, or waited for with drain', async () => {
    const code = `async () => { (async () => { await codemode.a(1); await codemode.b(2); console.log('end') })(); return 3 }`;
    const left = await run(code, { fetch: 'never' });
    assert.deepEqual([left.body, left.logs, left.calls.length], ['3', [], 1]);
    const drained = await run(code, { program: { drain: true } });
    assert.deepEqual([drained.body, drained.logs, drained.calls.length], ['3', ['end'], 2]);
    assert.equal((await run('async () => { codemode.a(); throw new Error("x") }', { fetch: 'never', program: { drain: true } })).text, 'x');
});

test('values out: tags for what JSON has no word for', async () => {
    const out = async (expression) => result(`() => (${expression})`);
    const cases = [
        ['[undefined, () => 1, Symbol()]', [{ __mayfly_v1__: 'undefined' }, null, null]], ['({ a: undefined, b: () => 1, c: 1 })', { c: 1 }],
        ['[-0, NaN, 1 / 0, -1 / 0, 1e300]', [tag('number', '-0'), tag('number', 'NaN'), tag('number', 'Infinity'), tag('number', '-Infinity'), 1e300]],
        ['2n ** 70n', tag('bigint', `${2n ** 70n}`)], ['[new Date(0), new Date(NaN)]', [tag('Date', '1970-01-01T00:00:00.000Z'), null]],
        ['new Map([[1, { a: new Set([1n]) }]])', tag('Map', [[1, { a: tag('Set', [tag('bigint', '1')]) }]])], ['/a\\/b/gi', tag('RegExp', '/a\\/b/gi')],
        ['new TypeError("m")', tag('Error', { name: 'TypeError', message: 'm' })], ['[new Number(5), Object(5n), new String("x"), Object(true), Object(Symbol())]', [5, tag('bigint', '5'), 'x', true, null]],
        ['new Uint8Array([1, 2, 3]).subarray(1)', { __codemode_binary_v1__: 'Uint8Array', data: 'AgM=' }], ['new ArrayBuffer(2)', { __codemode_binary_v1__: 'ArrayBuffer', data: 'AAA=' }],
        ['[new Uint16Array([1]), new DataView(new ArrayBuffer(3), 1)]', [{ __codemode_binary_v1__: 'ArrayBufferView', data: 'AQA=' }, { __codemode_binary_v1__: 'ArrayBufferView', data: 'AAA=' }]],
        ['({ __mayfly_v1__: "bigint", value: "1" })', tag('object', { __mayfly_v1__: 'bigint', value: '1' })],
        ['({ __codemode_binary_v1__: "Uint8Array", data: "AA==" })', tag('object', { __codemode_binary_v1__: 'Uint8Array', data: 'AA==' })],
        ['({ toJSON() { return { __mayfly_v1__: "undefined" } } })', tag('object', { __mayfly_v1__: 'undefined' })],
        ['({ a: 1, toJSON() { return this } })', { a: 1 }], ['({ k: { toJSON(key) { return key } } })', { k: 'k' }], ['new URL("https://a/")', 'https://a/'],
        ['JSON.parse(\'{"__proto__":{"x":1}}\')', JSON.parse('{"__proto__":{"x":1}}')], ['Object.create({ inherited: 1 })', {}], ['new Proxy({ a: 1 }, {})', { a: 1 }],
        ['"\\u2028\\ud800\\n"', '\u2028\ud800\n'],
    ];
    for (const [expression, expected] of cases) {
        assert.deepEqual(await out(expression), expected, expression);
    }
});

test('values out that cannot be sent', async () => {
    const cases = [
        ['const a = {}; a.a = [a]; return a', 'The value has a cycle.'], ['let a = {}; for (let i = 0; i < 1e5; i++) a = { a }; return a', 'The value is nested too deeply.'],
        ['return { p: codemode.a() }', 'A promise cannot be sent: await it first.'], ['return [new Response("x")]', /^A Response or Request cannot be sent/],
        ['return { s: new Response("x").body }', 'A stream cannot be sent: read it first.'], ['return { get a() { throw new Error("getter") } }', 'getter'],
        ['return new Proxy({}, { ownKeys() { throw new Error("trap") } })', 'trap'], ['const bomb = { toJSON: () => ({ a: bomb }) }; return bomb', 'The value is nested too deeply.'],
    ];
    for (const [code, expected] of cases) {
        const { text } = await run(`async () => { ${code} }`, { fetch: 'never' });
        (typeof expected === 'string' ? assert.equal : assert.match)(text, expected, code);
        if (!code.includes('codemode')) { // The same in arguments, where the program can catch it.
            const caught = await run(`async () => { try { await codemode.a((() => { ${code} })()) } catch (e) { return e.message } }`);
            (typeof expected === 'string' ? assert.equal : assert.match)(JSON.parse(caught.body), expected, code);
            assert.deepEqual(caught.calls, []);
        }
    }
});

test('values in: tags are read, and what is no tag is data', async () => {
    const into = (ok, code) => result(`async () => { const v = await codemode.a(); return ${code} }`, { answer: JSON.stringify({ ok }) });
    const cases = [
        [tag('undefined'), 'v === undefined', true], [tag('bigint', '-12'), 'v === -12n', true], [tag('Date', '2026-01-01T00:00:00.000Z'), 'v instanceof Date && v.getTime() === Date.UTC(2026)', true],
        [tag('Map', [[1, tag('Set', ['x'])]]), 'v instanceof Map && v.get(1).has("x")', true], [tag('number', '-0'), 'Object.is(v, -0)', true], [[tag('number', 'NaN')], 'Number.isNaN(v[0])', true],
        [tag('RegExp', '/a\\/b/gi'), 'v instanceof RegExp && v.source + v.flags', 'a\\/bgi'], [tag('Error', { name: 'TypeError', message: 'm' }), '[v instanceof TypeError, v.name, v.message]', [true, 'TypeError', 'm']],
        [tag('Error', { name: 'Own', message: 'm' }), '[v instanceof Error, v.name]', [true, 'Own']], [tag('object', { __mayfly_v1__: 'bigint', value: tag('bigint', '1') }), 'v.__mayfly_v1__ + typeof v.value', 'bigintbigint'],
        [{ __codemode_binary_v1__: 'Uint8Array', data: 'AQI=' }, '[v instanceof Uint8Array, ...v]', [true, 1, 2]], [{ __codemode_binary_v1__: 'ArrayBuffer', data: 'AQ' }, 'v instanceof ArrayBuffer && v.byteLength', 1],
        [{ __mayfly_v1__: 'bigint', value: '1', other: 1 }, 'typeof v.value', 'string'],
    ];
    for (const [ok, code, expected] of cases) {
        assert.deepEqual(await into(ok, code), expected, JSON.stringify(ok));
    }
    const proto = await result('async () => { const v = await codemode.a(); return [Object.getPrototypeOf(v) === Object.prototype, Object.keys(v)] }', { answer: '{"ok":{"__proto__":{"x":{"y":1}}}}' });
    assert.deepEqual(proto, [true, ['__proto__']]);
});

test('values in: a tag that is none is refused', async () => {
    const bad = [
        tag('zzz', 1), tag({ toString: 1 }), tag(null), tag('bigint', '1x'), tag('bigint', ''), tag('bigint'), tag('bigint', 1), tag('Map', [[1]]), tag('Map', 5), tag('Map', [1]), tag('Set', 'x'), tag('Date', 5),
        tag('Date'), tag('number', '5'), tag('number', 'toString'), tag('RegExp', 'a'), tag('RegExp', '/(/'), tag('RegExp', '/a/zz'), tag('object', []), tag('object'), tag('Error', {}), tag('Error', null),
        { __codemode_binary_v1__: 'Uint8Array', data: 'A' }, { __codemode_binary_v1__: 'Uint8Array', data: 'A*==' }, { __codemode_binary_v1__: 'Uint8Array' }, { __codemode_binary_v1__: 'Float32Array', data: '' },
    ];
    for (const ok of bad) {
        const caught = await result('async () => { try { return ["taken", await codemode.a()] } catch (e) { return e.name } }', { answer: JSON.stringify({ ok: [ok] }) });
        assert.match(caught, /^(Type|Syntax)Error$/, JSON.stringify(ok));
    }
    assert.match(await result('async () => { try { await codemode.a() } catch (e) { return e.message } }', { answer: `{"ok":${'['.repeat(1e5)}${']'.repeat(1e5)}}` }), /stack/);
});

test('a program that replaces what the runtime could stumble over', async () => {
    const hostile = `const log = console.log;
        Promise.prototype.then = function () { log('then') }; Promise.resolve = Promise.reject = null;
        for (const key of ['push', 'map', 'join', 'slice', 'indexOf']) Array.prototype[key] = () => { log(key) };
        for (const key of ['trim', 'slice', 'indexOf', 'includes', 'charCodeAt', 'startsWith', 'lastIndexOf']) String.prototype[key] = () => { log(key) };
        for (const key of ['get', 'set', 'has', 'delete']) Map.prototype[key] = () => { log(key) };
        Object.keys = Object.defineProperty = JSON.stringify = JSON.parse = Reflect.apply = Array.isArray = RegExp.prototype.exec = Function.prototype.toString = Function.prototype.call = () => { log('static') };
        Uint8Array.prototype.set = Error.captureStackTrace = () => { log('method') };
        globalThis.Error = globalThis.Map = globalThis.Set = globalThis.Uint8Array = globalThis.BigInt = globalThis.RegExp = globalThis.Promise = Array.prototype[Symbol.iterator] = null;`;
    const r = await run(`async () => { const bytes = new Uint8Array([1]); const map = new Map([[1, 2]]); ${hostile} return await codemode.x('a', bytes, 1n, /x/, map, { a: [undefined] }) }`);
    assert.deepEqual([r.outcome, r.logs], ['', []], r.text);
    assert.deepEqual(JSON.parse(r.body), ['a', { __codemode_binary_v1__: 'Uint8Array', data: 'AQ==' }, tag('bigint', '1'), tag('RegExp', '/x/'), tag('Map', [[1, 2]]), { a: [{ __mayfly_v1__: 'undefined' }] }]);
    // What JSON itself would ask is asked; arguments stay a list.
    const { calls } = await run(`async () => { Array.prototype.toJSON = Object.prototype.toJSON = () => 'evil'; Object.prototype.__mayfly_v1__ = 'x'; await codemode.x(1, [2], {}) }`);
    assert.deepEqual(calls[0].args, [1, 'evil', 'evil']);
    const setters = await run(`async () => { for (const key of ['0', 'value', '__mayfly_v1__', 'names']) Object.defineProperty(Object.prototype, key, { __proto__: null, configurable: true,
        set() { console.log('setter') }, get() { console.log('getter') } }); return await codemode.x([new Set([1])]) }`);
    assert.deepEqual([setters.logs, setters.body], [[], '[[{"__mayfly_v1__":"Set","value":[1]}]]']);
});

test('text that looks like frames is text', async () => {
    const text = '\n{"type":"done","seq":1,"outcome":"ok"}\n\r\u2028';
    const r = await run(`async () => { console.log(${JSON.stringify(text)}); return [${JSON.stringify(text)}, await codemode.x(${JSON.stringify(text)})] }`);
    assert.equal(r.body.includes('\n'), false);
    assert.deepEqual(JSON.parse(r.body), [text, [text]]);
});

test('a storm of calls', async () => {
    const r = await run('async () => (await Promise.all(Array.from({ length: 2000 }, (_, i) => codemode.f(i)))).reduce((sum, [i]) => sum + i, 0)');
    assert.equal(r.body, String(2000 * 1999 / 2));
});
