// TypeScript in a tool isolate.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());

async function strip(source, options = {}) {
    const r = await harness.run({ 'main.ts': source }, { tool: true, ...options });
    return { code: r.stripped?.code, text: r.stripped?.text, mappings: r.stripped?.mappings, line: r.stripped?.line, column: r.stripped?.column, done: r.done };
}

test('types go, positions stay', async () => {
    const source = 'interface A { b: string }\nexport default { async fetch(r: Request, e: { A: A }): Promise<Response> {\n  return new Response(e!.A as string) } } satisfies unknown\n';
    const { code, text } = await strip(source);
    assert.equal(code, '');
    assert.equal(text.length, source.length);
    assert.equal(text.indexOf('return'), source.indexOf('return'));
    assert.doesNotMatch(text, /interface|Promise|satisfies/);
});

test('what has no JavaScript is named with its place, and transformed when that is asked for', async () => {
    const cases = [
        ['const a = 1;\n  enum E { A, B }', 2, 3, /var E/], ['namespace N { export const x = 1 }', 1, 1, /var N|let N/],
        ['class A {\n  constructor(private x: number) {} }', 2, 23, /this\.x = x/],
    ];
    for (const [source, line, column, pattern] of cases) {
        const first = await strip(source);
        assert.deepEqual([first.code, first.line, first.column], ['unsupported', line, column], source);
        assert.match(first.text, /not supported in strip-only mode/);
        const second = await strip(source, { transform: true });
        assert.equal(second.code, '', second.text);
        assert.match(second.text, pattern);
    }
});

test('syntax errors have a place', async () => {
    const { code, text, line, column } = await strip('const a = 1;\nconst b: = 2;');
    assert.deepEqual([code, line, column], ['script.syntax', 2, 10]);
    assert.match(text, /^Unexpected token `=`/);
});

test('odd sources: a byte order mark, emoji, unterminated, deep', async () => {
    assert.deepEqual((await strip('\ufeffexport const a: number = 1')).text, 'export const a         = 1');
    assert.equal((await strip('const s: string = "\u{1f600}"; // \u00e9')).text, 'const s         = "\u{1f600}"; // \u00e9');
    assert.equal((await strip('const s = `abc')).code, 'script.syntax');
    assert.equal((await strip('')).code, '');
    const deep = await strip('('.repeat(200000));
    assert.deepEqual([deep.code, deep.text, deep.done.code], ['script.syntax', 'The code is nested too deeply.', '']);
});

// Runs what the stripper made of |source|, as the executor does.
async function runStripped(source, more = {}) {
    const { code, text, mappings } = await strip(source, { transform: true });
    assert.equal(code, '', text);
    assert.ok(mappings.length > 0);
    return harness.run({ 'main.ts': { body: text, mappings }, ...more }, { main: 'main.ts' });
}

test('where text was moved, errors and stacks speak of the source', async () => {
    const source = `enum Level { Low = 1, High }
namespace Inner { export const one = 1; }
interface Gone {
  nothing: string;
}
class Holder { constructor(private field: number) {} get() { return this.field } fail(): never { throw new RangeError(\`"\u{1f600}" \${Level.High}\`) } }

export default {
  async fetch(request: Request): Promise<Response> {
    const shown: string[] = [];
    try { new Holder(Inner.one).fail(); } catch (error) { shown.push((error as Error).stack!); console.error(error); }
    const \u00e9 = "\u{1f600}\u{1f600}"; try { /* \u{1f600} */ (null as any).property } catch (error) { shown.push((error as Error).stack!) }
    const later = new Error("later"); later.name = "Named"; shown.push(later.stack!);
    console.log(JSON.stringify(shown));
      throw new TypeError("out");
  },
};
`.replaceAll('\\', '');
    const at = (text, from = 0) => {
        const before = source.slice(0, source.indexOf(text, from)).split('\n');
        return `main.ts:${before.length}:${before.at(-1).length + 1}`;
    };
    const r = await runStripped(source);
    const { module, line, column, stack } = r.exceptions[0];
    assert.equal(`${module}:${line}:${column}`, at('new TypeError'));
    assert.equal(stack, `TypeError: out\n    at Object.fetch (${at('new TypeError')})`);
    const fail = `RangeError: "\u{1f600}" 2\n    at Holder.fail (${at('new RangeError')})\n    at Object.fetch (${at('fail()', source.indexOf('try'))})`;
    assert.equal(r.logs[0].split('\n').slice(0, 3).join('\n'), fail);
    const shown = JSON.parse(r.logs[1]);
    assert.equal(shown[0].split('\n').slice(0, 3).join('\n'), fail);
    assert.match(shown[1], new RegExp(`^TypeError: Cannot read properties of null .reading 'property'.\n    at Object.fetch .${at('property }')}.`));
    assert.match(shown[2], new RegExp(`^Named: later\n    at Object.fetch .${at('new Error("later")')}.`));
});

test('start-up errors, other modules and the worker\'s own prepareStackTrace, too', async () => {
    let r = await runStripped('enum A { X }\n\n\n  null!.foo;\nexport default {};');
    assert.match(r.text, /^Failed to start Worker:\nUncaught TypeError: Cannot read properties of null .reading 'foo'.\n  at main\.ts:4:\d+$/);
    r = await runStripped('import { f } from "./plain.js";\nenum A { X }\n\nexport default { fetch() { f(A.X) } };', { 'plain.js': 'export function f() {\n throw new Error("plain") }' });
    assert.deepEqual([r.exceptions[0].module, r.exceptions[0].line, r.exceptions[0].column], ['plain.js', 2, 8]);
    assert.match(r.exceptions[0].stack, /at f \(plain\.js:2:8\)\n    at Object\.fetch \(main\.ts:4:28\)$/);
    r = await runStripped(`enum A { X }
        Error.prepareStackTrace = (error, sites) => [error.message, sites.length > 0, typeof sites[0].getFileName()];
        export default { fetch() { return Response.json([new Error("m").stack, A.X]) } };`);
    assert.deepEqual(JSON.parse(r.body), [['m', true, 'string'], 0]);
    r = await runStripped(`enum A { X }
        Error.prepareStackTrace = () => { throw new Error("mine " + A.X) };
        export default { fetch() { try { return new Response(new Error("m").stack) } catch (e) { return new Response(e.message) } } };`);
    assert.equal(r.body, 'mine 0', JSON.stringify(r));
    r = await runStripped(`enum A { X }
        const boom = () => { throw new Error('polluted') };
        Object.getPrototypeOf(function () {}).call = boom; String.prototype.lastIndexOf = boom; Array.prototype.join = boom; Error.prototype.toString = boom;
        export default { fetch() { console.log(new Error("fine").stack.length > 5); throw new Error("end") } };`);
    assert.deepEqual([r.logs, r.exceptions[0].message, r.exceptions[0].line], [['true'], 'end', 4]);
});
