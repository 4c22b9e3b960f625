// program statements: from a list of statements to the body of a function that returns what they come to.
//
// Spec:  none of the web: docs/executions.md
// Covers / differs:  the last expression, or what is exported by default, is the result; static imports become import();
//        other exports are plain declarations
// Ops:   none
// WPT:   none; tests/integration/executions
// Limits: none: acorn refuses what it cannot parse, the engine what is too deep
//
// Runs before any code of the program, so that the library finds the globals as they are.

'use strict';

const { List, StringPrototypeIncludes, StringPrototypeRepeat, StringPrototypeSlice } = primordials;

const RESULT = ' return (async () => (';

// Replaces from |start| to |end|; lines stay lines.
function edit(edits, start, end, text) {
    edits[edits.length] = { __proto__: null, start, end, text };
}

function blank(text, start, end) {
    let out = '';
    for (let i = start; i < end; i++) {
        out += text[i] === '\n' ? '\n' : ' ';
    }
    return out;
}

function bindings(node) {
    let list = '';
    for (let i = 0; i < node.specifiers.length; i++) {
        const { type, imported, local } = node.specifiers[i];
        if (type !== 'ImportNamespaceSpecifier') {
            const name = type === 'ImportDefaultSpecifier' ? 'default' : imported.name ?? imported.raw;
            list += `${list === '' ? '' : ', '}${name}: ${local.name}`;
        }
    }
    return list;
}

function namespaceName(node) {
    for (let i = 0; i < node.specifiers.length; i++) {
        if (node.specifiers[i].type === 'ImportNamespaceSpecifier') {
            return node.specifiers[i].local.name;
        }
    }
    return '';
}

function importOf(node, text) {
    const module = `await import(${node.source.raw})`;
    const whole = namespaceName(node);
    const names = bindings(node);
    const lines = blank(text, node.start, node.end);
    const feeds = StringPrototypeRepeat('\n', countLines(lines));
    const first = whole === '' ? '' : `const ${whole} = ${module};`;
    const second = names === '' ? '' : `const { ${names} } = ${whole === '' ? module : whole};`;
    return `${first === '' && second === '' ? `${module};` : first + second}${feeds}`;
}

function countLines(text) {
    let count = 0;
    for (let i = 0; i < text.length; i++) {
        count += text[i] === '\n' ? 1 : 0;
    }
    return count;
}

function editStatement(edits, node, text) {
    switch (node.type) {
        case 'ImportDeclaration':
            edit(edits, node.start, node.end, importOf(node, text));
            break;
        case 'ExportNamedDeclaration': {
            const end = node.declaration === null || node.declaration === undefined ? node.end : node.declaration.start;
            edit(edits, node.start, end, blank(text, node.start, end));
            break;
        }
        case 'ExportAllDeclaration':
            edit(edits, node.start, node.end, blank(text, node.start, node.end));
            break;
    }
}

// A name that the program has not.
function freeName(text) {
    let name = '_default';
    while (StringPrototypeIncludes(text, name)) {
        name += '_';
    }
    return name;
}

// What is exported is the result, in whatever place: statements behind it come first. A function with a name stays a declaration,
// which others may call. Returns the end of the body.
function editDefault(edits, node, text) {
    const { declaration } = node;
    const isNamed = declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration';
    if (isNamed && declaration.id !== null) {
        edit(edits, node.start, declaration.start, blank(text, node.start, declaration.start));
        return `\nreturn ${declaration.id.name};`;
    }
    const name = freeName(text);
    edit(edits, node.start, declaration.start, `const ${name} = (`);
    edit(edits, declaration.end, node.end > declaration.end ? node.end : declaration.end, ');');
    return `\nreturn ${name};`;
}

// The result stays where it is, with its line and mostly its column: what returns it stands where the statement before ends.
// It is a function's body there, since V8 gives a `return` as the place of what its expression looks up.
function editResult(edits, { expression }, previous) {
    if (previous !== undefined) {
        edit(edits, previous.end, previous.end, `;${RESULT}`);
    }
    edit(edits, expression.end, expression.end, '))()');
    return previous === undefined ? RESULT : '';
}

function apply(text, edits) {
    let out = '';
    let at = 0;
    for (let i = 0; i < edits.length; i++) {
        out += StringPrototypeSlice(text, at, edits[i].start) + edits[i].text;
        at = edits[i].end;
    }
    return out + StringPrototypeSlice(text, at);
}

// The body, and what stands before its first line. As it is when acorn cannot parse |text|: then the engine says what is wrong.
function bodyOf(text) {
    let tree;
    try {
        tree = internals.lazy('acorn.js').parse(text, {
            ecmaVersion: 'latest', sourceType: 'module', allowReturnOutsideFunction: true,
        });
    } catch {
        return { __proto__: null, before: '', body: text };
    }
    const edits = List();
    const { body } = tree;
    const last = body[body.length - 1];
    let before = '';
    let end = '';
    for (let i = 0; i < body.length; i++) {
        const node = body[i];
        if (node.type === 'ExportDefaultDeclaration') {
            end = editDefault(edits, node, text);
        } else if (node === last && end === '' && node.type === 'ExpressionStatement' && node.directive === undefined) {
            before = editResult(edits, node, body[i - 1]);
        } else {
            editStatement(edits, node, text);
        }
    }
    return { __proto__: null, before, body: apply(text, edits) + end };
}

return { __proto__: null, bodyOf };
