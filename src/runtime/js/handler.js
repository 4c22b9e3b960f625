// handler: one run, from MF_EVENT_START to ops.finish.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/
// Covers / differs:  fetch handlers of objects and of classes that extend WorkerEntrypoint; eval while the main module starts. A
//        handler that throws ends the run at once, whatever waitUntil holds.
// Ops:   respond, waitUntil, finish
// WPT:   none; tests/runtime
// Limits: MF_ENV_BYTES_MAX and MF_PROPS_BYTES_MAX, checked by the host

'use strict';

const {
    Error, JSONParse, ObjectDefineProperty, ObjectPrototypeHasOwnProperty, PromiseResolve, ReflectApply, ReflectConstruct,
    StringPrototypeIncludes, StringPrototypeStartsWith, TypeError, defineValue, inherits, react, realm,
} = primordials;
const { webidl, scope, errors, hostStreams } = realm;
const { ops, constants } = internals;

const STREAM_REQUEST = 0;
const STREAM_RESPONSE = 1;

scope.env = undefined;
realm.workers = null; // what workers_module.js gives, once it is imported

let { evaluateMain } = internals; // another one only in the rehearsal
let mainNamespace = null; // the main module's exports, once it has run
let loopbacks = null; // ctx.exports, once somebody has asked for it
let isHead = false;
let openPromises = 0; // of waitUntil
let tail = ''; // trace items as JSON, in the place of the request
let isResponseDone = false;
let hasWaitedForRejections = false;

function finish(error, text) {
    if (!scope.isEnded) {
        scope.isEnded = true;
        ops.finish(error, text);
    }
}

function fail(value) {
    if (!scope.isEnded) {
        finish(constants.E_EXCEPTION, errors.report(value));
    }
}

function maybeFinish() {
    if (!isResponseDone || openPromises > 0 || scope.isEnded) {
        return;
    }
    if (errors.hasPendingRejections() && !hasWaitedForRejections) {
        hasWaitedForRejections = true;
        realm.afterTurn(maybeFinish); // after they were reported
        return;
    }
    finish(0, '');
}

function waitUntil(promise) {
    ops.waitUntil(++openPromises);
    const done = () => {
        ops.waitUntil(--openPromises);
        maybeFinish();
    };
    react(promise, done, (reason) => {
        errors.report(reason);
        done();
    });
}

// One object for ctx.exports and for the `exports` of cloudflare:workers, which may be asked for before there are any.
function loopbackExports() {
    if (loopbacks === null) {
        loopbacks = {};
        if (mainNamespace !== null) {
            internals.lazy('loopback.js').fill(loopbacks, mainNamespace);
        }
    }
    return loopbacks;
}

class ExecutionContext {
    #brand = true;

    constructor(token = undefined) {
        if (token !== realm) {
            throw new TypeError('Illegal constructor');
        }
    }

    waitUntil(promise) {
        this.#brand;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'waitUntil' on 'ExecutionContext'");
        waitUntil(promise);
    }

    get exports() {
        this.#brand;
        return loopbackExports();
    }

    passThroughOnException() {
        this.#brand; // there is no origin to pass to
    }

    abort(reason = undefined) {
        this.#brand;
        fail(reason ?? new Error('The worker aborted itself.'));
    }
}
webidl.finish(ExecutionContext);

function newContext(props) {
    const context = new ExecutionContext(realm);
    defineValue(context, 'props', props, true);
    return context;
}

/* ---- the response ------------------------------------------------------------------------- */

function responseDone() {
    isResponseDone = true;
    maybeFinish();
}

function respond(value) {
    if (scope.isEnded) {
        return;
    }
    try {
        if (!realm.response.is(value)) {
            throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
        }
        if (realm.response.isError(value)) {
            throw new TypeError('Return value from serve handler must not be an error response (like Response.error())');
        }
        if (realm.response.isUnusable(value)) {
            throw realm.body.newUsedError();
        }
        realm.response.open(value, (status, statusText, headers, body) => {
            if (status === 101) {
                throw new TypeError('A worker cannot answer its client with a WebSocket.');
            }
            const hasBody = body !== null && !isHead;
            ops.respond(status, statusText, headers, hasBody);
            if (!hasBody) {
                responseDone();
            } else {
                realm.body.send(body, STREAM_RESPONSE, responseDone, fail);
            }
        });
    } catch (error) {
        fail(error);
    }
}

/* ---- the entrypoint ------------------------------------------------------------------------ */

function isEntrypointClass(value) {
    return typeof value === 'function' && realm.workers !== null && inherits(value, realm.workers.WorkerEntrypoint);
}

function isOtherClass(value) {
    return typeof value === 'function' && realm.workers !== null &&
        (inherits(value, realm.workers.DurableObject) || inherits(value, realm.workers.WorkflowEntrypoint));
}

function exportOf(namespace, name) {
    const value = ObjectPrototypeHasOwnProperty(namespace, name) ? namespace[name] : undefined;
    if (!webidl.isObject(value) || isOtherClass(value)) {
        throw new Error(name === 'default' ? 'Worker has no default entrypoint.' : `Worker has no such entrypoint: ${name}`);
    }
    return value;
}

function requireFetch(object) {
    const { fetch } = object;
    if (typeof fetch !== 'function') {
        throw new Error('Handler does not export a fetch() function.');
    }
    return fetch;
}

function callHandler(entry, request, context) {
    if (isEntrypointClass(entry)) {
        const instance = ReflectConstruct(entry, [context, scope.env]);
        return ReflectApply(requireFetch(instance), instance, [request]);
    }
    return ReflectApply(requireFetch(entry), entry, [request, scope.env, context]);
}

function run(namespace, name, request, props) {
    internals.setEvalAllowed(false);
    scope.isIoAllowed = true;
    mainNamespace = namespace;
    if (loopbacks !== null) {
        internals.lazy('loopback.js').fill(loopbacks, namespace);
    }
    let entry;
    try {
        entry = exportOf(namespace, name);
    } catch (error) {
        errors.report(error);
        finish(constants.E_STARTUP, errors.describe(error).message);
        return;
    }
    if (tail !== '') {
        internals.lazy('tail.js').deliver(entry, tail, newContext(props));
        return;
    }
    let result;
    try {
        result = callHandler(entry, request, newContext(props));
    } catch (error) {
        fail(error);
        return;
    }
    react(result, respond, fail);
}

// A parse error has no frames, an error that is thrown has.
function isParseError(value, description) {
    const { name, message, stack } = description;
    return name === 'SyntaxError' && errors.isError(value) && !StringPrototypeIncludes(stack, '\n    at ') &&
        !StringPrototypeStartsWith(message, 'The requested module');
}

function failStartup(value) {
    const at = errors.place(value);
    const description = errors.describe(value);
    errors.tell(description, at);
    const where = at === null || at.module === '' ? '' : `\n  at ${at.module}:${at.line}:${at.column}`;
    finish(
        isParseError(value, description) ? constants.E_SYNTAX : constants.E_STARTUP,
        `Failed to start Worker:\nUncaught ${errors.headline(description)}${where}`,
    );
}

function normalizeUrl(url) {
    const record = realm.url.parse(url, null);
    return record === null ? null : realm.url.serialize(record);
}

// As on Cloudflare: code from strings is for the top level only.
function allowEval(flags) {
    internals.setEvalAllowed(!StringPrototypeIncludes(flags, '"disallow_eval_during_startup"'));
}

// env.FS and its like: what works on a workspace is made when it is asked for.
function addBindings(env) {
    const { mounts } = internals.lazy('workspace.js');
    for (let i = 0; i < mounts.length; i++) {
        if (typeof mounts[i].binding === 'string') {
            let state;
            ObjectDefineProperty(env, mounts[i].binding, {
                __proto__: null, enumerable: true, configurable: true,
                get: () => (state ??= internals.lazy('state.js').open(i)),
            });
        }
    }
}

function onStart(
    date, flags, entrypoint, env, props, method, url, headers, hasBody, program, programLine, workspaces,
    events,
) {
    scope.startedAt = internals.clock() - 1; // so that now() is never 0
    scope.date = date;
    scope.flags = flags;
    scope.env = env === '' ? {} : JSONParse(env);
    scope.workspaces = workspaces === undefined || workspaces === '[]' ? '' : workspaces;
    tail = events === undefined ? '' : events;
    if (scope.workspaces !== '') {
        addBindings(scope.env);
    }
    if (program) {
        internals.setEvalAllowed(false);
        scope.isIoAllowed = true;
        internals.lazy('program.js').start(JSONParse(program), programLine);
        return;
    }
    const name = entrypoint === '' ? 'default' : entrypoint;
    const normalUrl = normalizeUrl(url);
    if (normalUrl === null) {
        fail(new TypeError(`The request's URL is not valid: ${url}`));
        return;
    }
    isHead = method === 'HEAD';
    const request = realm.request.fromHost(method, normalUrl, headers, hasBody ? realm.body.fromHost(STREAM_REQUEST) : null);
    const parsedProps = props === '' ? {} : JSONParse(props);
    allowEval(flags);
    react(evaluateMain(), (namespace) => run(namespace, name, request, parsedProps), failStartup);
}

function dispatch(event, a, b, c, d, e, f, g, h, i, j, k, l, m) {
    switch (event) {
        case constants.EVENT_START:
            onStart(a, b, c, d, e, f, g, h, i, j, k, l, m);
            break;
        case constants.EVENT_TIMER:
            realm.timers.onTimer(a);
            break;
        case constants.EVENT_BODY_DATA:
            hostStreams.onData(a, b);
            break;
        case constants.EVENT_BODY_END:
            hostStreams.onEnd(a);
            break;
        case constants.EVENT_BODY_ERROR:
            hostStreams.onError(a, b);
            break;
        case constants.EVENT_BODY_DRAIN:
            hostStreams.onDrain(a);
            break;
        case constants.EVENT_BODY_STOP:
            hostStreams.onStop(a);
            break;
        case constants.EVENT_FETCH_HEAD:
            realm.fetch.onHead(a, b, c, d, e, f, g, h);
            break;
        case constants.EVENT_FETCH_FAIL:
            realm.fetch.onFail(a, b, c);
            break;
        case constants.EVENT_FILES:
            internals.lazy('workspace.js').onAnswer(a, b);
            break;
        case constants.EVENT_STRIP:
            internals.lazy('strip.js').strip(a, b, c);
            break;
        case constants.EVENT_WARM:
            internals.lazy('strip.js').warm();
            break;
    }
}

internals.setDispatcher(dispatch);

/* ---- cloudflare:workers -------------------------------------------------------------------- */

const workersExports = { __proto__: null };
const exportNames = [
    'WorkerEntrypoint', 'DurableObject', 'WorkflowEntrypoint', 'RpcTarget', 'RpcStub', 'RpcPromise', 'RpcProperty',
    'ServiceStub',
    'waitUntil', 'withEnv', 'abortIsolate',
];
for (let i = 0; i < exportNames.length; i++) {
    ObjectDefineProperty(workersExports, exportNames[i], {
        __proto__: null, enumerable: true, get: () => internals.lazy('workers_module.js')[exportNames[i]],
    });
}
ObjectDefineProperty(workersExports, 'env', { __proto__: null, enumerable: true, get: () => scope.env });
ObjectDefineProperty(workersExports, 'exports', { __proto__: null, enumerable: true, get: loopbackExports });
internals.define('cloudflare:workers', workersExports);

realm.run = {
    __proto__: null, fail, finish, waitUntil, ExecutionContext, callHandler, respond, maybeFinish, newContext, isEntrypointClass,
    responseDone,
};

// The whole of a run on |namespace|, without a host and without modules, so that the snapshot holds the bytecode of this path;
// then
// forgets it.
realm.rehearse = (namespace, args) => {
    evaluateMain = () => PromiseResolve(namespace);
    ReflectApply(dispatch, undefined, args);
    return () => {
        evaluateMain = internals.evaluateMain;
        mainNamespace = null;
        loopbacks = null;
        isHead = false;
        openPromises = 0;
        tail = '';
        isResponseDone = false;
        hasWaitedForRejections = false;
        scope.isIoAllowed = false;
        scope.isEnded = false;
        scope.env = undefined;
        scope.workspaces = '';
        scope.flags = null;
        scope.date = '';
        scope.startedAt = 0;
        hostStreams.forget();
    };
};
