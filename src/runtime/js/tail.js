// tail: one run of a tail worker, which hears what became of another run.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/
// Covers / differs:  tail handlers of objects and of classes that extend WorkerEntrypoint; items are plain objects, what was
//        hidden in them is nowhere to be had: there is no getUnredacted
// Ops:   respond
// WPT:   none; tests/integration/tails
// Limits: MF_TRACE_RECORD_BYTES_MAX, cut by the host

'use strict';

const { Error, JSONParse, ReflectApply, ReflectConstruct, react, realm } = primordials;
const { run, scope } = realm;
const { ops } = internals;

const NO_CONTENT = 204;

function requireTail(object) {
    const { tail } = object;
    if (typeof tail !== 'function') {
        throw new Error('Handler does not export a tail() function.');
    }
    return tail;
}

function call(entry, events, context) {
    if (run.isEntrypointClass(entry)) {
        const instance = ReflectConstruct(entry, [context, scope.env]);
        return ReflectApply(requireTail(instance), instance, [events]);
    }
    return ReflectApply(requireTail(entry), entry, [events, scope.env, context]);
}

// Nobody waits for an answer: the run gives the one that says so.
function done() {
    if (!scope.isEnded) {
        ops.respond(NO_CONTENT, '', '', false);
        run.responseDone();
    }
}

function deliver(entry, text, context) {
    let result;
    try {
        result = call(entry, JSONParse(text), context);
    } catch (error) {
        run.fail(error);
        return;
    }
    react(result, done, run.fail);
}

return { __proto__: null, deliver };
