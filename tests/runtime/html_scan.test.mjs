// The scanner of HTMLRewriter beside parse5's tokenizer, over odd documents and documents made at random: the same tags, comments and
// doctypes at the same places, wherever the pieces end.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const npm = process.env.MF_NPM ?? path.join(here, '../../build/deps/npm/node_modules');
const esbuild = createRequire(path.join(npm, 'noop.js'))('esbuild');

globalThis.primordials = { realm: { TextDecoder } };
const dir = mkdtempSync(path.join(tmpdir(), 'mayfly-scan-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const load = async (entry, name) => {
    const made = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, format: 'esm', nodePaths: [npm] });
    writeFileSync(path.join(dir, name), made.outputFiles[0].text);
    return import(pathToFileURL(path.join(dir, name)));
};
const { Scanner, attributesOf } = await load(path.join(here, '../../src/runtime/html/scan.mjs'), 'scan.mjs');
const { ParserFeedbackSimulator } = await load(path.join(npm, 'parse5-sax-parser/dist/parser-feedback-simulator.js'), 'parse5.mjs');

// [kind, start, end, ...] of each token that is no text.
function ours(document, size) {
    const scanner = new Scanner();
    const tokens = [];
    const take = (piece, isLast) => {
        for (const token of scanner.write(piece, isLast)) {
            const { kind, start, end } = token;
            assert.ok(start < end && end <= document.length, `${kind} ${start} ${end}`);
            assert.ok(tokens.length === 0 || tokens.at(-1)[2] <= start, 'tokens in order');
            if (kind === 'start') {
                tokens.push([kind, start, end, token.name, token.isSelfClosing, attributesOf(token.raw).map(({ name, value }) => [name, value])]);
            } else if (kind === 'doctype') {
                tokens.push([kind, start, end, token.name, token.publicId, token.systemId]);
            } else {
                tokens.push(kind === 'end' ? [kind, start, end, token.name] : [kind, start, end]);
            }
        }
    };
    for (let at = 0; at < document.length; at += size) take(document.slice(at, at + size), false);
    take('', true);
    return tokens;
}

// Of the same, what is not text; texts may be cut anywhere.
const markup = (tokens) => tokens.filter(([kind]) => kind !== 'text');
// The characters that are text.
const texts = (tokens, document) => tokens.filter(([kind]) => kind === 'text').map(([, start, end]) => document.slice(start, end)).join('');

function theirs(document) {
    const tokens = [];
    let text = '';
    const add = (kind, { location }, ...more) => tokens.push([kind, location.startOffset, Math.min(location.endOffset, document.length), ...more]);
    const addText = ({ chars }) => { text += chars; };
    const lower = (name) => name.replace(/[A-Z]/g, (c) => c.toLowerCase());
    const simulator = new ParserFeedbackSimulator({ sourceCodeLocationInfo: true }, {
        onStartTag: (token) => {
            const name = lower(/^<([^\t\n\f\r />]*)/.exec(document.slice(token.location.startOffset))[1]);
            add('start', token, name, token.selfClosing, Object.entries(token.location.attrs ?? {}).sort((a, b) => a[1].startOffset - b[1].startOffset).map(([key, place]) => [lower(document.slice(place.startOffset, place.startOffset + key.length)), null]));
        },
        onEndTag: (token) => add('end', token, lower(/^<\/([^\t\n\f\r />]*)/.exec(document.slice(token.location.startOffset))[1])),
        onComment: (token) => add('comment', token), onDoctype: (token) => add('doctype', token, token.name, token.publicId, token.systemId),
        onCharacter: addText, onWhitespaceCharacter: addText, onNullCharacter: addText, onEof() {},
    });
    simulator.tokenizer.write(document, true);
    return { tokens, text };
}

const sameNames = (tokens) => tokens.map((token) => (token[0] === 'start' ? [...token.slice(0, 5), token[5].map(([name]) => [name, null])] : token));

function compare(document) {
    const expected = theirs(document);
    for (const size of [Math.max(1, document.length), 1, 3, 7]) {
        const found = ours(document, size);
        assert.deepEqual(sameNames(markup(found)), expected.tokens, `${JSON.stringify(document)} in pieces of ${size}`);
        // parse5 resolves references and drops a newline behind <pre>; documents with neither must have the same text.
        if (!/[&\r\0]|<(pre|textarea|listing)/i.test(document)) assert.equal(texts(found, document), expected.text, `${JSON.stringify(document)} in pieces of ${size}: text`);
    }
}

test('odd documents', () => {
    for (const document of [
        '', '<', '</', '<!', '<!-', '<!--', '<!-->', '<!--->', '<!---', '<!----', '<!---->', '<!--x', '<!--x-', '<!--x--', '<!--x--!', '<!--x--!>', '<!--x--!->y-->', '<!--<!--x-->y-->', '<p', '<p ', '<p a', '<p a=', "<p a='", "<p a='x", "<p a='x'", '<p/', '</p', '</p x', 'a<b', 'a < b', '<>', '</>x</ >', '<1>',
        '<p a="<b>">x', "<p a='>'>x", '<p a=b=c d==e =f "g>', '<p/a/b/>', '<p\n\ta\r\n=\r\nb\f>', '<p a=b/>', '<p a=/>', '<p / >', '<p a = >', '<p a="b"c>', '<p a="b"/>', '<p a a=1 A=2>', '</p a="x>y">', '<p =>', '<p a=`b`>', '<p a=\'b"c\' d="e\'f">', '<p a=<b>c>', '<br/ >', '<p\0\0a>',
        '<script><!-- <script> </script> --></script>x', '<script><!--<script></script>', '<script><!--></script>x', '<script><!---></script>x', '<script><!--<script>--></script>x', '<script><!--<script </script>--></script>x', '<script>a</scriptx></script >b', '<script></SCRIPT>', '<script><!-</script>', '<script>-->', '<script></script', '<script></script a', '<script><!-- <SCRIPT/></script></script>',
        '<style></sty</style>', '<textarea><b></textarea>', '<title></titl</title>x', '<title></title', '<plaintext></plaintext><b>', '<xmp><b></xmp><iframe><b></iframe><noscript><b></noscript>', '<style><!--</style>-->',
        '<svg><![CDATA[ <b> ]]></svg><![CDATA[ <b> ]]>', '<svg><![CDATA[ ]] ]]]><p>', '<svg><![CDATA[', '<![CDATA', '<svg><title><b></title><style><b></style></svg>', '<svg><p>out<![CDATA[x]]>', '<math><mi><b>x</b></mi><annotation-xml encoding="text/html"><p><![CDATA[x]]></annotation-xml><![CDATA[y]]></math>', '<svg><svg><foreignObject><svg><p>', '<svg><foreignObject><title><b></title></foreignObject><![CDATA[x]]></svg>', '<svg><font><![CDATA[x]]>', '<svg><font color=x><![CDATA[x]]>', '<svg><desc><style><b></style></desc><path/><![CDATA[<b>]]>',
        '<!DOCTYPE', '<!doctype', '<!doctyp', '<!doctype html><!DOCTYPE x PUBLIC><!doctype>', '<!DOCTYPE html PUBLIC "a" \'b\'>', '<!DOCTYPE html SYSTEM "a">', '<!DOCTYPE HTML public "a>b">', '<!ELEMENT x><!--a--!>b<!--a--!-->', '<?php a > b ?>', '<!x', '<?x', '</ x', '&lt', '<a href="?a=1&copy=2&amp">',
    ]) {
        compare(document);
    }
});

test('documents made at random', () => {
    let seed = 7;
    const next = (n) => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return (seed >> 8) % n; };
    const parts = ['<', '>', '/', '</', '<!--', '-->', '--', '-', '!', '<p', '<b>', '</b>', ' a=', "'", '"', '=', ' ', '<script', '<script>', '</script>', '</script', '<svg>', '</svg>', '<math>', '<mi>', '<foreignObject>', '</foreignObject>', '<![CDATA[', ']]>', ']', '<title>', '</title>', '<style>', '</style', 'x', '\n', '<br/>', '<desc>', '<!doctype ', 'PUBLIC ', '<?', 'A', '<p a="b" c=d e>', '<path d="x"/>'];
    for (let round = 0; round < 6000; round++) {
        let document = '';
        for (let n = next(24); n >= 0; n--) document += parts[next(parts.length)];
        compare(document);
    }
});

test('values of attributes are as they are written', () => {
    assert.deepEqual(attributesOf('<a HREF=\'x&amp;"y\' b="c\'d" e=f&g h i = "j" k= l m=>').map(({ name, value }) => [name, value]), [['href', 'x&amp;"y'], ['b', "c'd"], ['e', 'f&g'], ['h', ''], ['i', 'j'], ['k', 'l'], ['m', '']]);
    assert.deepEqual(attributesOf('<a b="1" B=2 c/d>').map(({ raw }) => raw), ['b="1"', 'c', 'd']);
});
