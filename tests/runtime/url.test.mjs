// URL: the short way, the full parser and the whatwg-url library agree; web-platform-tests' data holds.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, test } from 'node:test';
import { Harness } from './harness.mjs';

const harness = new Harness();
after(() => harness.close());

const resources = process.env.WPT_ROOT && path.join(process.env.WPT_ROOT, 'url/resources');
const noWpt = resources && existsSync(resources) ? false : 'WPT_ROOT does not name a checkout of web-platform-tests';
const wpt = (name) => JSON.parse(readFileSync(path.join(resources, name), 'utf8')).filter?.((one) => typeof one !== 'string') ??
    JSON.parse(readFileSync(path.join(resources, name), 'utf8'));

const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];

// [parts or null] of each [input, base] in the worker.
async function parseAll(inputs) {
    const r = await harness.run({
        'main.js': `import inputs from './inputs.json'; const parts = ${JSON.stringify(PARTS)};
            export default { fetch() { return Response.json(inputs.map(([url, base]) => {
                try { const u = base === null ? new URL(url) : new URL(url, base); return parts.map((part) => u[part]); } catch (e) {
                    if (!(e instanceof TypeError)) throw e; return null; } })) } }`,
        'inputs.json': { kind: 'json', body: JSON.stringify(inputs) },
    });
    assert.equal(r.outcome, '', r.text);
    return JSON.parse(r.body);
}

// The same sequence in every run.
function* numbers(seed) {
    for (let state = seed; ;) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        yield state / 2 ** 32;
    }
}

function corpus(count) {
    const random = numbers(20260101);
    const pick = (list) => list[Math.floor(random.next().value * list.length)];
    const some = (list, most) => Array.from({ length: Math.floor(random.next().value * most) }, () => pick(list)).join('');
    const host = ['a', 'example', '.', '-', 'com', '1', '127', '0x7f', 'xn--', 'A', '%41', '_', 'xn--e1a', '\u00e9', ' ', '[', '256'];
    const path_ = ['/', '.', '..', 'a', '%2e', '%2E', '%', '%zz', '\\', ' ', '~', '{', '}', '|', '^', '`', '"', '<', '>', "'", 'b', '\t', '\u00e9', ';', '@', ':'];
    const query = ['a', '=', '&', '+', '%20', "'", '"', '<', '>', '#', ' ', '\u00e9', '`', '{', '^', '|', '\\', '\n', '?'];
    const numbers_ = ['0', '1', '12', '127', '255', '256', '01', '00', '1000', '0x7f', '', 'a', '4294967295'];
    const address = () => Array.from({ length: pick([1, 3, 4, 4, 4, 4, 5]) }, () => pick(random.next().value < 0.8 ? numbers_.slice(0, 5) : numbers_)).join('.');
    const urls = [];
    for (let i = 0; i < count; i++) {
        const port = pick(['', '', '', ':80', ':443', ':8080', ':0', ':00080', ':65535', ':65536', ':', ':a']);
        urls.push(pick(['http://', 'https://', 'https://', 'http:/', 'HTTP://', 'http://u:p@', 'ftp://', 'ws://']) + pick(['a.example', some(host, 5), address()]) + port +
            pick(['', '/']) + some(path_, 8) + pick(['', `?${some(query, 6)}`]) + pick(['', `#${some(query, 5)}`]));
    }
    return urls;
}

test('the short way gives what the full parser gives', async () => {
    const urls = corpus(4000);
    const short = await parseAll(urls.map((url) => [url, null]));
    const full = await parseAll(urls.map((url) => [` ${url}`, null])); // a blank in front: never the short way
    urls.forEach((url, i) => assert.deepEqual(short[i], full[i], JSON.stringify(url)));
    assert.ok(short.filter((parts) => parts !== null).length > 1000);
});

test('the short way for paths on a base, too', async () => {
    const paths = corpus(2000).map((url) => url.slice(url.indexOf('//') + 1).replace(/^\/+/, '/'));
    const base = 'https://user:pw@h.example:8443/a/b?c#d';
    const short = await parseAll(paths.map((one) => [one, base]));
    const full = await parseAll(paths.map((one) => [` ${one}`, base]));
    paths.forEach((one, i) => assert.deepEqual(short[i], full[i], JSON.stringify(one)));
});

test('both give what whatwg-url gives', async (t) => {
    let library;
    try {
        library = createRequire(path.join(process.env.MF_NPM ?? '', 'noop.js'))('whatwg-url');
    } catch (error) {
        t.skip(`whatwg-url does not load here: ${error.message}`);
        return;
    }
    const urls = corpus(4000);
    const ours = await parseAll(urls.map((url) => [url, null]));
    urls.forEach((url, i) => {
        let expected = null;
        try {
            const parsed = new library.URL(url);
            expected = PARTS.map((part) => parsed[part]);
        } catch {
            // null
        }
        assert.deepEqual(ours[i], expected, JSON.stringify(url));
    });
});

test('urltestdata.json', { skip: noWpt }, async () => {
    const cases = [...wpt('urltestdata.json'), ...wpt('urltestdata-javascript-only.json')];
    const parsed = await parseAll(cases.map(({ input, base }) => [input, base ?? null]));
    cases.forEach((one, i) => {
        if (one.failure) {
            assert.equal(parsed[i], null, JSON.stringify(one));
            return;
        }
        assert.ok(parsed[i], JSON.stringify(one));
        PARTS.forEach((part, j) => part in one && assert.equal(parsed[i][j], one[part], `${part} of ${JSON.stringify(one)}`));
    });
    assert.ok(cases.length > 800);
});

test('setters_tests.json', { skip: noWpt }, async () => {
    const { comment, ...tests } = wpt('setters_tests.json');
    const r = await harness.run({
        'main.js': `import tests from './tests.json';
            export default { fetch() { const wrong = []; let count = 0;
                for (const part in tests) for (const one of tests[part]) { count++;
                    const url = new URL(one.href); url[part] = one.new_value;
                    for (const key in one.expected) if (url[key] !== one.expected[key]) wrong.push([part, one, key, url[key]]); }
                return Response.json({ wrong, count }) } }`,
        'tests.json': { kind: 'json', body: JSON.stringify(tests) },
    });
    assert.equal(r.outcome, '', r.text);
    const { wrong, count } = JSON.parse(r.body);
    assert.deepEqual(wrong, []);
    assert.ok(count > 200);
});

test('international names', { skip: noWpt }, async () => {
    // Two rows need a newer Unicode than V8's normalization has.
    const cases = wpt('toascii.json').concat(wpt('IdnaTestV2.json')).filter(({ input }) => input !== '' && !input.includes('\u{2bfa2}') && !input.includes('\u{2abe2}'));
    const parsed = await parseAll(cases.map(({ input }) => [`https://${input}/x`, null]));
    const wrong = cases.filter((one, i) => (parsed[i] === null ? null : parsed[i][5]) !== one.output);
    assert.ok(wrong.length <= 2, JSON.stringify(wrong.slice(0, 5)));
    assert.ok(cases.length > 2000);
});
