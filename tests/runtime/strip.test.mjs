// TypeScript in a tool isolate.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());

async function strip(source, options = {}) {
    const r = await harness.run({ 'main.ts': source }, { tool: true, ...options });
    return { code: r.stripped?.code, text: r.stripped?.text, line: r.stripped?.line, column: r.stripped?.column, done: r.done };
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
