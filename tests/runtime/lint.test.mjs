// The rules of src/runtime/js that a machine can check; primordials.js states them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.join(here, '../../src/runtime/js');
const npm = process.env.MF_NPM ?? path.join(here, '../../build/deps/npm/node_modules');
const { parse } = createRequire(path.join(npm, 'noop.js'))('acorn');

const LINES_MAX = 700; // most files are far below
const COLUMNS_MAX = 130;
const HEADINGS = ['Spec:', 'Covers / differs:', 'Ops:', 'WPT:', 'Limits:'];
// primordials.js runs before any worker and is where the originals come from; globals.js must name the global object; no worker runs
// in the isolate of strip.js.
const FREE = {
    'primordials.js': null,
    'globals.js': ['globalThis'],
    'warm.js': null,
    'strip.js': ['globalThis'],
};
const ALWAYS_FREE = ['internals', 'primordials', 'undefined', 'Infinity', 'NaN', 'arguments'];
// Methods whose receiver may only be an object of ours: a call `x.name()` of any other is a lookup that a worker can patch.
const PATCHABLE = new Set([
    'push', 'pop', 'shift', 'unshift', 'splice', 'concat', 'join', 'map', 'filter', 'forEach', 'reduce', 'some', 'every', 'find',
    'indexOf', 'includes', 'slice', 'sort', 'fill', 'reverse', 'split', 'replace', 'replaceAll', 'match', 'matchAll', 'test', 'exec',
    'trim', 'toLowerCase', 'toUpperCase', 'startsWith', 'endsWith', 'charCodeAt', 'codePointAt', 'padStart', 'padEnd', 'repeat',
    'substring', 'subarray', 'then', 'catch', 'finally', 'call', 'apply', 'bind', 'hasOwnProperty', 'toString', 'valueOf', 'has', 'keys',
    'values', 'entries', 'toFixed', 'toISOString', 'getTime', 'normalize', 'search', 'at',
]);

function walk(node, visit, parents = []) {
    if (node === null || typeof node !== 'object') {
        return;
    }
    if (typeof node.type === 'string') {
        visit(node, parents);
    }
    for (const key of Object.keys(node)) {
        const child = node[key];
        for (const one of Array.isArray(child) ? child : [child]) {
            if (one !== null && typeof one === 'object' && typeof one.type === 'string') {
                walk(one, visit, [...parents, node]);
            }
        }
    }
}

function namesOf(pattern, add) {
    switch (pattern?.type) {
        case 'Identifier': add(pattern.name); break;
        case 'ObjectPattern': pattern.properties.forEach((one) => namesOf(one.value ?? one.argument, add)); break;
        case 'ArrayPattern': pattern.elements.forEach((one) => namesOf(one, add)); break;
        case 'AssignmentPattern': namesOf(pattern.left, add); break;
        case 'RestElement': namesOf(pattern.argument, add); break;
    }
}

// Every name that is declared anywhere in the file; shadowing does not matter for what is looked for.
function declared(tree) {
    const names = new Set();
    const add = (name) => names.add(name);
    walk(tree, (node) => {
        if (node.type === 'VariableDeclarator') namesOf(node.id, add);
        if (/Function/.test(node.type)) node.params.forEach((param) => namesOf(param, add));
        if (/^(Function|Class)/.test(node.type)) namesOf(node.id, add);
        if (node.type === 'CatchClause') namesOf(node.param, add);
    });
    return names;
}

function isReference(node, parents) {
    const parent = parents.at(-1);
    if (node.type !== 'Identifier') return false;
    if (parent.type === 'MemberExpression' && parent.property === node && !parent.computed) return false;
    if (parent.type === 'Property' && parent.key === node && !parent.computed && !parent.shorthand) return false;
    if (/^(MethodDefinition|PropertyDefinition)$/.test(parent.type) && parent.key === node && !parent.computed) return false;
    return !/^(LabeledStatement|BreakStatement|ContinueStatement)$/.test(parent.type);
}

// Receivers that are ours: `realm.x`, `webidl`, a destructured helper object.
const OURS = new Set([
    'realm', 'webidl', 'hostStreams', 'bodies', 'errors', 'headersOf', 'common', 'readable', 'writable', 'ops', 'internals', 'controller',
    'request', 'eventOf', 'targetOf', 'streams', 'byte', 'cancels', 'recordOf', 'scope', 'write', 'blobs', 'files', 'states', 'controllerOf',
]);

function rootOf(node) {
    while (node.type === 'MemberExpression' || node.type === 'CallExpression' || node.type === 'ChainExpression') {
        node = node.object ?? node.callee ?? node.expression;
    }
    return node.type === 'Identifier' ? node.name : node.type;
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    test(`${file} keeps the rules`, () => {
        const text = readFileSync(path.join(folder, file), 'utf8');
        const tree = parse(text, { ecmaVersion: 2024, allowReturnOutsideFunction: true, locations: true });
        const problems = [];
        const say = (node, what) => problems.push(`${file}:${node.loc.start.line}: ${what}`);

        const lines = text.split('\n');
        assert.ok(lines.length <= LINES_MAX, `${file} has ${lines.length} lines; ${LINES_MAX} are allowed`);
        lines.forEach((line, i) => assert.ok(line.length <= COLUMNS_MAX, `${file}:${i + 1} is ${line.length} columns wide`));
        assert.match(lines[0], /^\/\/ \S/, `${file} says what it is in its first line`);
        for (const heading of HEADINGS) {
            assert.match(text, new RegExp(`^// ${heading} `, 'm'), `${file} has no "${heading}"`);
        }
        assert.match(text, /^'use strict';$/m, `${file} is strict`);

        if (FREE[file] === null) {
            return;
        }
        const allowed = new Set([...ALWAYS_FREE, ...(FREE[file] ?? []), ...declared(tree)]);
        const used = new Set();
        walk(tree, (node, parents) => {
            if (isReference(node, parents) && !parents.some((one) => one.type === 'ObjectPattern')) used.add(node.name);
        });
        for (const statement of tree.body) {
            for (const { id } of statement.type === 'VariableDeclaration' ? statement.declarations : []) {
                namesOf(id, (name) => used.has(name) || say(statement, `${name} is not used`));
            }
        }
        walk(tree, (node, parents) => {
            if (isReference(node, parents) && !allowed.has(node.name)) say(node, `the free name ${node.name}`);
            if (node.type === 'ForOfStatement') say(node, 'for-of looks up Symbol.iterator');
            if (node.type === 'ArrayPattern') say(node, 'destructuring an array looks up Symbol.iterator');
            if (node.type === 'SpreadElement' && parents.at(-1).type !== 'ObjectExpression') say(node, 'spread looks up Symbol.iterator');
            if (node.type === 'YieldExpression' && node.delegate) say(node, 'yield* looks up Symbol.iterator');
            if (node.type === 'BinaryExpression' && node.operator === 'instanceof') say(node, 'instanceof looks up Symbol.hasInstance');
            if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression' && !node.callee.computed &&
                PATCHABLE.has(node.callee.property.name) && node.callee.object.type !== 'Super' &&
                node.callee.object.type !== 'ThisExpression' && node.callee.property.type !== 'PrivateIdentifier' &&
                !OURS.has(rootOf(node.callee.object))) {
                say(node, `.${node.callee.property.name}() may be a patched method`);
            }
            if (node.type === 'CallExpression' && /^Object(Define|Create)/.test(node.callee.name ?? '')) {
                const last = node.arguments.at(-1);
                if (last.type === 'ObjectExpression' && last.properties[0]?.key?.name !== '__proto__') {
                    say(node, 'a property descriptor without `__proto__: null`');
                }
            }
        });
        assert.deepEqual(problems, []);
    });
}

test('MANIFEST names every file once', () => {
    const rows = readFileSync(path.join(folder, 'MANIFEST'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
    const own = rows.map((line) => line.split(' ')).filter(([kind]) => kind === 'eager' || kind === 'lazy').map(([, name]) => name);
    assert.deepEqual([...own].sort(), readdirSync(folder).filter((name) => name.endsWith('.js')).sort());
    assert.equal(rows.find((line) => line.startsWith('eager')), 'eager primordials.js');
});

test('every primordial is used', () => {
    const primordials = {};
    new Function('internals', 'primordials', readFileSync(path.join(folder, 'primordials.js'), 'utf8'))({}, primordials);
    const users = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'primordials.js');
    const text = users.map((name) => readFileSync(path.join(folder, name), 'utf8')).join('\n');
    assert.deepEqual(Object.keys(primordials).filter((name) => !new RegExp(`\\b${name}\\b`).test(text)), []);
});
