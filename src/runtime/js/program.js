// program: one run of a program that a model wrote, from its text to its result.
//
// Spec:  none of the web: docs/executions.md; what is accepted is what @cloudflare/codemode's normalizeCode accepts, and more
// Covers / differs:  a function (which is called), an expression, or statements of which the last is the result; the
//        namespaces are parameters: no name of ours is in the program's scope
// Ops:   respond, finish
// WPT:   none; tests/integration/executions
// Limits: MF_RUN_*, enforced by the host

'use strict';

const {
    FunctionPrototypeToString, List, NumberParseInt, ReflectApply, RegExpPrototypeExec, StringPrototypeSlice,
    StringPrototypeStartsWith, SyntaxError, react, realm,
} = primordials;
const { errors, run, scope, body: bodies } = realm;
const { ops, constants, compileFunction, mainSource } = internals;
const codec = internals.lazy('codec.js');
const tools = internals.lazy('tools.js');

const STREAM_RESPONSE = 1;
const JSON_HEADERS = 'content-type\0application/json\0';
const FRAME = /\n {4}at (?:[^\n]* \()?([^\n()]+):([0-9]{1,9}):([0-9]{1,9})\)?(?:\n|$)/;
const LINES_BEFORE = 1; // of ours, in front of the program's

/* ---- to a function --------------------------------------------------------------------------------- */

function isBlank(c) {
    return c === ' ' || c === '\n' || c === '\r' || c === '\t';
}

// Without blanks and semicolons at its end: a model's habit, which an expression may not have.
function withoutEnd(text) {
    let end = text.length;
    while (end > 0 && (text[end - 1] === ';' || isBlank(text[end - 1]))) {
        end--;
    }
    return StringPrototypeSlice(text, 0, end);
}

// The async function of |text| between |open| and |close|. Its source is held against what was asked for: text that closes what
// was opened, and goes on, would be another function.
function functionOf(open, text, close, scene, name) {
    const source = `async () => ${open}\n${text}\n${close}`;
    const make = compileFunction(`"use strict"; return ${source};`, scene.names, LINES_BEFORE - scene.line, name);
    const made = ReflectApply(make, undefined, scene.values);
    if (typeof made !== 'function' || FunctionPrototypeToString(made) !== source) {
        throw new SyntaxError('Unexpected end of the program: it closes more than it opens.');
    }
    return made;
}

function compile(text, scene) {
    if (withoutEnd(text) === '') {
        return () => undefined;
    }
    try {
        return functionOf('(', withoutEnd(text), ')', scene);
    } catch {
        // More than one expression, or wrong; the engine will say so of the statements.
    }
    const { before, body } = internals.lazy('program_statements.js').bodyOf(text);
    return functionOf(`{${before}`, body, '}', scene);
}

/* ---- the end ------------------------------------------------------------------------------------------ */

function textOf(value) {
    if (typeof value === 'object' && value !== null && !errors.isError(value)) {
        try {
            return codec.encode(value);
        } catch {
            // Only its description is left.
        }
    }
    const { name, message } = errors.describe(value);
    return message === '' ? name : message;
}

// Of an error that the runtime threw: the first line of its stack that is the program's, "at f (program.ts:3:7)".
function placeIn(stack) {
    const found = RegExpPrototypeExec(FRAME, stack);
    return found === null ? null : {
        __proto__: null, module: found[1], line: NumberParseInt(found[2]), column: NumberParseInt(found[3]),
    };
}

function fail(value) {
    if (scope.isEnded) {
        return;
    }
    const at = errors.place(value);
    const description = errors.describe(value);
    errors.tell(description, at ?? placeIn(description.stack));
    run.finish(constants.E_EXCEPTION, textOf(value));
}

function failSyntax(value) {
    const at = errors.place(value);
    const description = errors.describe(value);
    errors.tell(description, at);
    run.finish(constants.E_SYNTAX, description.message);
}

function respond(value) {
    if (scope.isEnded) {
        return;
    }
    try {
        const text = codec.encode(value);
        const done = () => run.finish(0, '');
        ops.respond(200, '', JSON_HEADERS, text !== undefined);
        if (text === undefined) {
            done();
        } else {
            bodies.send(bodies.extract(text), STREAM_RESPONSE, done, fail);
        }
    } catch (error) {
        fail(error);
    }
}

/* ---- a run --------------------------------------------------------------------------------------------- */

function isClass(value) {
    return StringPrototypeStartsWith(FunctionPrototypeToString(value), 'class');
}

async function runAll(preludes, program) {
    for (let i = 0; i < preludes.length; i++) {
        await ReflectApply(preludes[i], undefined, []);
    }
    const value = await ReflectApply(program, undefined, []);
    // Awaited here: what an async function returns is resolved by a `then` that a program may have replaced.
    if (typeof value !== 'function') {
        return value;
    }
    return isClass(value) ? undefined : await ReflectApply(value, undefined, []);
}

// Those that are to be namespaces.
function addWorkspaces(add) {
    if (scope.workspaces === '') {
        return;
    }
    const { mounts } = internals.lazy('workspace.js');
    for (let i = 0; i < mounts.length; i++) {
        if (typeof mounts[i].namespace === 'string') {
            add(mounts[i].namespace, internals.lazy('state.js').open(i));
        }
    }
}

// The names that a program sees, what they are, and how many lines were taken off before its text.
function sceneOf({ namespaces, connectors, mcpServers }, line) {
    const scene = { __proto__: null, names: List(), values: List(), line };
    const add = (name, value) => {
        scene.names[scene.names.length] = name;
        scene.values[scene.values.length] = value;
    };
    for (let i = 0; namespaces !== undefined && i < namespaces.length; i++) {
        add(namespaces[i].name, tools.namespaceOf(namespaces[i].name, false));
    }
    for (let i = 0; connectors !== undefined && i < connectors.length; i++) {
        add(connectors[i], tools.namespaceOf(connectors[i], true));
    }
    for (let i = 0; mcpServers !== undefined && i < mcpServers.length; i++) {
        add(mcpServers[i].name, tools.serverOf(mcpServers[i].name, mcpServers[i].url));
    }
    addWorkspaces(add);
    return scene;
}

function compilePreludes(namespaces, { names, values }) {
    const preludes = List();
    for (let i = 0; namespaces !== undefined && i < namespaces.length; i++) {
        const { name, prelude } = namespaces[i];
        if (typeof prelude === 'string') {
            const scene = { __proto__: null, names, values, line: 0 };
            preludes[preludes.length] = functionOf('{', prelude, '}', scene, `prelude of ${name}`);
        }
    }
    return preludes;
}

function start(options, line) {
    const { namespaces, drain } = options;
    const scene = sceneOf(options, line);
    let program;
    let preludes;
    try {
        program = compile(mainSource(), scene);
        preludes = compilePreludes(namespaces, scene);
    } catch (error) {
        failSyntax(error);
        return;
    }
    react(runAll(preludes, program), drain === true ? (value) => tools.whenIdle(() => respond(value)) : respond, fail);
}

return { __proto__: null, start };
