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
    FunctionPrototypeToString, List, ReflectApply, StringPrototypeSlice, StringPrototypeStartsWith, StringPrototypeTrim,
    react, realm,
} = primordials;
const { errors, run, scope, body: bodies } = realm;
const { ops, constants, compileFunction, mainSource } = internals;
const codec = internals.lazy('codec.js');
const tools = internals.lazy('tools.js');

const STREAM_RESPONSE = 1;
const JSON_HEADERS = 'content-type\0application/json\0';
const LINES_BEFORE = 1; // of ours, in front of the program's

/* ---- to a function --------------------------------------------------------------------------------- */

// Without blanks and semicolons at its end: a model's habit, which an expression may not have.
function trimmed(text) {
    let end = StringPrototypeTrim(text).length;
    const whole = StringPrototypeTrim(text);
    while (end > 0 && (whole[end - 1] === ';' || whole[end - 1] === ' ' || whole[end - 1] === '\n')) {
        end--;
    }
    return StringPrototypeSlice(whole, 0, end);
}

function leadingLines(text) {
    let count = 0;
    for (let i = 0; i < text.length && (text[i] === '\n' || text[i] === '\r' || text[i] === ' ' || text[i] === '\t'); i++) {
        count += text[i] === '\n' ? 1 : 0;
    }
    return count;
}

function compileExpression(text, names, line) {
    return compileFunction(
        `"use strict"; return (async () => (\n${trimmed(text)}\n))();`, names, LINES_BEFORE - line - leadingLines(text),
    );
}

function compileStatements(text, names, line) {
    return compileFunction(`"use strict"; return (async () => {\n${text}\n})();`, names, LINES_BEFORE - line);
}

function compile(text, names, line) {
    if (trimmed(text) === '') {
        return () => undefined;
    }
    try {
        return compileExpression(text, names, line);
    } catch {
        // More than one expression, or wrong; the engine will say so of the statements.
    }
    return compileStatements(internals.lazy('program_statements.js').bodyOf(text) ?? text, names, line);
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

function fail(value) {
    if (scope.isEnded) {
        return;
    }
    errors.report(value);
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

async function runAll(preludes, program, values) {
    for (let i = 0; i < preludes.length; i++) {
        await ReflectApply(preludes[i], undefined, values);
    }
    const value = await ReflectApply(program, undefined, values);
    // Awaited here: what an async function returns is asked for its `then`, which a program may have replaced.
    return typeof value === 'function' && !isClass(value) ? await ReflectApply(value, undefined, []) : value;
}

function start({ namespaces, connectors, mcpServers, drain }, line) {
    const names = List();
    const values = List();
    const preludes = List();
    let program;
    const add = (name, value) => {
        names[names.length] = name;
        values[values.length] = value;
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
    try {
        program = compile(mainSource(), names, line);
        for (let i = 0; namespaces !== undefined && i < namespaces.length; i++) {
            if (typeof namespaces[i].prelude === 'string') {
                preludes[preludes.length] = compileStatements(namespaces[i].prelude, names, 0);
            }
        }
    } catch (error) {
        failSyntax(error);
        return;
    }
    react(runAll(preludes, program, values), drain === true ? (value) => tools.whenIdle(() => respond(value)) : respond, fail);
}

return { __proto__: null, start };
