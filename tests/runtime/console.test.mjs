// console: node's util.inspect is the measure; nothing of the worker runs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { format } from 'node:util';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());
const run = async (code, options) => {
    const r = await harness.run(`export default { async fetch() { ${code}; return new Response('done') } }`, options);
    assert.equal(r.body, 'done', r.text);
    return r;
};

const VALUES = [
    'undefined', 'null', '-0', '10n', '"text"', 'Symbol("s")', '{ a: 1, "b-c": [1, 2, { d: { e: {} } }] }', '[1,,3]', '[,,]', '[]', '{}', '[[]]',
    'new Map([["a", { b: 1 }], [{}, 2]])', 'new Set([1, "2", [3]])', 'Object.create(null)', 'Object.assign(Object.create(null), { a: 1 })', 'new (class Foo { a = 1; #b = 2 })()',
    'new (class extends Array {})(3)', 'new (class Extended extends Map {})([[1, 2]])', 'new Uint8Array([1, 2, 3])', 'new Float64Array(2)', 'new ArrayBuffer(4)',
    'Promise.resolve(4)', 'new Promise(() => {})', 'new Proxy({ a: 1 }, { get() { throw 1 }, ownKeys() { throw 2 } })', 'new Proxy(function f() {}, {})', 'new Date(0)', 'new Date(NaN)',
    '/a\\/b/gi', 'function foo() {}', '() => {}', 'class A {}', 'class B extends Map {}', 'async () => {}', 'function* g() {}', 'async function* ag() {}', 'Object.assign(function f() {}, { x: 1 })',
    'new Number(3)', 'new String("abc")', 'Object(Symbol("x"))', 'Object(1n)', 'new Boolean(false)', '{ get a() { return 1 }, set b(v) {}, get c() { return 1 }, set c(v) {} }', '{ [Symbol("k")]: 1 }',
    'Array.from({ length: 120 }, (_, i) => i)', 'Array.from({ length: 30 }, (_, i) => "item " + i)', '["a\\nb\'c", "\\x00\\x7f", "\\ud800", "`\'\\""]', 'new WeakMap()', 'new WeakSet()',
    '{ s: "x".repeat(100) + "\\n" + "y".repeat(20) }', '{ a: { b: { c: { d: 1 } } } }', '[[[[1]]]]', '(() => { const o = { n: 1 }; o.self = o; o.list = [o]; return o })()',
    '["apple", "banana", "cherry", "date", "elderberry", "fig", "grape"]', '[1.5, 2.25, -3, 4, 5, 6, 7, 8, 9, 10]', '[1n, 2n, 3n, 4n, 5n, 6n, 7n]', '[undefined, null]',
    '(function* () {})()', 'new Map([[1, 2]]).entries()', '{ a: "x".repeat(60), b: "y".repeat(60) }', 'Object.assign([1, 2], { x: 1, "-1": 2 })', 'globalThis.nothing', '{ __proto__: { inherited: 1 }, own: 2 }',
    'new Array(200).fill({ a: 1 })', '[{ a: 1, b: 2 }, { a: 3, b: 4 }]', '{ f() {}, async g() {}, h: class {} }', 'Object.freeze({ a: [Object.freeze([])] })', 'Math', 'JSON', 'globalThis.Reflect',
];

test('values look as in node', async () => {
    const { logs } = await run(VALUES.map((value) => `console.log(${value.startsWith('{') ? `(${value})` : value})`).join(';\n'));
    const differing = [];
    VALUES.forEach((value, i) => {
        const expected = format((0, eval)(`(${value})`)).replace(/,\s+\[Symbol\((async|trigger_async)_id_symbol\)\]: \d+/g, '').replace(/^Promise \{\n {2}(.*)\n\}$/, 'Promise { $1 }');
        if (logs[i] !== expected) {
            differing.push({ value, expected, actual: logs[i] });
        }
    });
    assert.deepEqual(differing.map(({ value }) => value), [
        'new Map([[1, 2]]).entries()', // node writes [Map Entries]
    ], JSON.stringify(differing, null, 1));
});

test('errors: stack, cause, properties, none', async () => {
    const { logs } = await run(`console.log(new Error('m')); console.log({ e: new TypeError('n', { cause: new Error('c') }) });
        console.log(Object.assign(new RangeError('p'), { code: 'E' })); const e = new Error('q'); e.stack = undefined; console.log(e);
        console.log(new AggregateError([new Error('r')], 's').errors.length); console.log(new DOMException('t', 'AbortError'));`);
    assert.match(logs[0], /^Error: m\n {4}at Object\.fetch \(main\.js:1:\d+\)$/);
    assert.match(logs[1], /^\{\n {2}e: TypeError: n\n {6}at [^\n]+ \{\n {4}\[cause\]: Error: c\n {8}at [^\n]+\n {2}\}\n\}$/);
    assert.match(logs[2], /^RangeError: p\n {4}at [^\n]+ \{\n {2}code: 'E'\n\}$/);
    assert.equal(logs[3], '[Error: q] { stack: undefined }'.replace(' { stack: undefined }', ''));
    assert.match(logs[5], /^AbortError: t\n {4}at /);
});

test('our own objects show what they are', async () => {
    const { logs } = await run(`console.log(new Headers({ b: '1', a: '2' })); console.log(new URLSearchParams('a=1&b=2')); console.log(new Response('x', { status: 201 }).status, new Blob(['x'], { type: 'a/b' }));
        console.log(new URL('https://u:p@h:1/p?q#f')); console.log(AbortSignal.abort('r')); console.log(new Event('e'))`);
    assert.equal(logs[0], "Headers { a: '2', b: '1' }");
    assert.equal(logs[1], "URLSearchParams { a: '1', b: '2' }");
    assert.equal(logs[2], "201 Blob { size: 1, type: 'a/b' }");
    assert.match(logs[3], /^URL \{\n {2}href: 'https:\/\/u:p@h:1\/p\?q#f',[\s\S]*hash: '#f'\n\}$/);
    assert.equal(logs[4], "AbortSignal { aborted: true, reason: 'r' }");
    assert.equal(logs[5], "Event { type: 'e', defaultPrevented: false, isTrusted: [Getter] }");
});

test('format strings as in node', async () => {
    const cases = [
        ['%s is %d and %i, %f, %j', 'Bob', 42.5, 42.9, '1.5', { a: 1 }], ['%% %s', 'x'], ['%s'], ['a', 'b', 1], ['%d', 'x'], ['%x', 1], ['100%', 5], ['%c styled', 'css'],
        ['%s', { a: 1 }], ['%s', null], ['%O', { a: { b: { c: { d: 1 } } } }], ['%i', 10.9], ['%s %s', 'only'], ['', 'a'], [1, '%s', 2],
    ];
    const { logs } = await run(cases.map((args) => `console.log(...${JSON.stringify(args)})`).join(';'));
    assert.deepEqual(logs, cases.map((args) => format(...args)));
});

test('all methods', async () => {
    const { logs, lines } = await run(`console.debug('d'); console.info('i'); console.log('l'); console.warn('w'); console.error('e'); console.trace('t');
        console.assert(true, 'no'); console.assert(false); console.assert(false, 'why %s', 'x'); console.assert(false, { a: 1 });
        console.count(); console.count('c'); console.count(); console.countReset(); console.count(); console.countReset('none');
        console.group('g'); console.log('in\\nside'); console.groupCollapsed(); console.log('deeper'); console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log('out');
        console.time(); console.timeLog(); console.timeLog('default', 1, { a: 1 }); console.timeEnd(); console.timeEnd(); console.time('x'); console.time('x');
        console.table([{ a: 1, b: 'x' }, { a: 2 }]); console.table([1, 2]); console.table(5); console.table([[1, 2]], ['0']); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.dirxml('x', 1);
        console.clear(); console.profile(); console.profileEnd(); console.timeStamp(); console.log();`);
    assert.match(logs[5], /^Trace: t\n {4}at Object\.fetch \(main\.js:1:\d+\)$/);
    logs[5] = 'trace';
    assert.deepEqual(logs, ['d', 'i', 'l', 'w', 'e', 'trace', 'Assertion failed', 'Assertion failed: why x', 'Assertion failed { a: 1 }',
        'default: 1', 'c: 1', 'default: 2', 'default: 1', "countReset: there is no counter 'none'", 'g', '  in\n  side', '    deeper', 'out',
        'default: 0ms', 'default: 0ms 1 { a: 1 }', 'default: 0ms', "timeEnd: there is no timer 'default'", "time: the timer 'x' is there already",
        `\u250c\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u252c\u2500\u2500\u2500\u252c\u2500\u2500\u2500\u2500\u2500\u2510
\u2502 (index) \u2502 a \u2502 b   \u2502
\u251c\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u253c\u2500\u2500\u2500\u253c\u2500\u2500\u2500\u2500\u2500\u2524
\u2502 0       \u2502 1 \u2502 'x' \u2502
\u2502 1       \u2502 2 \u2502     \u2502
\u2514\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2534\u2500\u2500\u2500\u2534\u2500\u2500\u2500\u2500\u2500\u2518`,
        logs[24], '5', logs[26], '{ a: [Object] }', 'x 1', '']);
    assert.match(logs[24], /Values/);
    const methods = lines.filter((line) => line.event === 'log').map((line) => line.method);
    assert.deepEqual(methods.slice(0, 6), [0, 1, 2, 3, 4, 2]);
});

test('nothing of the worker runs, nothing throws, nothing is endless', async () => {
    const { logs, done } = await run(`const boom = () => { console.warn('RAN'); throw new Error('ran') };
        const traps = new Proxy({}, new Proxy({}, { get() { return boom } }));
        console.log(traps, new Proxy([], traps), Object.create(traps), Object.create(new Proxy({}, { get: boom, getPrototypeOf: boom, getOwnPropertyDescriptor: boom })));
        console.log({ get a() { return boom() }, toString: boom, toJSON: boom, [Symbol.toPrimitive]: boom, get [Symbol.toStringTag]() { return boom() }, then: boom, [Symbol.for('nodejs.util.inspect.custom')]: boom });
        const odd = new Error('x'); for (const key of ['message', 'cause']) Object.defineProperty(odd, key, { get: boom }); console.log(odd);
        const date = new Date(0); date.toISOString = boom; console.log(date); const map = new Map([[1, 2]]); map.entries = boom; map[Symbol.iterator] = boom; console.log(map);
        console.log(Object.defineProperty(function () {}, 'name', { get: boom })); console.log('%s %d', { toString: boom, valueOf: boom }, { valueOf: boom });
        let deep = {}; for (let i = 0; i < 1e5; i++) deep = { deep }; console.log(deep); console.dir(deep, { depth: Infinity });
        let proxies = {}; for (let i = 0; i < 1e4; i++) proxies = new Proxy(proxies, {}); console.log(proxies);
        let proto = {}; for (let i = 0; i < 1e4; i++) proto = Object.create(proto); console.log(proto);
        console.log('x'.repeat(1e7)); console.log(['x'.repeat(1e6)]); console.log(Array.from({ length: 1e3 }, () => Array(1e3).fill('y')));
        const wide = {}; for (let i = 0; i < 1e5; i++) wide['k' + i] = { i }; console.log(wide); const sparse = []; sparse[4e9] = 1; console.log(sparse);
        const error = new Error('m'); error.cause = error; console.log(error); console.log(new Array(1e6).fill(1));
        Object.defineProperty(Error, 'prepareStackTrace', { value: () => { throw 1 } }); console.log(new Error('no stack'));`);
    assert.equal(done.code, '');
    assert.ok(!logs.includes('RAN'), 'a function of the worker ran');
    assert.equal(logs.length, 19);
    for (const [i, text] of logs.entries()) {
        assert.ok(text.length <= 4194304, `log ${i} has ${text.length} characters`);
    }
    assert.ok(logs.slice(13).every((text) => text.length < 300000), logs.map((text) => text.length).join());
});
