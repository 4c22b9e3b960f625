// tools: a program's namespaces, whose functions are answered by whoever sent it.
//
// Spec:  none of the web: docs/executions.md; the shape is that of @cloudflare/codemode
// Covers / differs:  own properties first, so that a prelude may define real functions; then, toJSON and symbols are
//        undefined, so that to await, to print or to serialise a namespace calls nothing
// Ops:   fetch (of the kind "call")
// WPT:   none; tests/integration/executions
// Limits: MF_RUN_CALLS_*, MF_CALL_NAME_BYTES_MAX, enforced by the host

'use strict';

const {
    Error, JSONParse, ObjectPrototypeHasOwnProperty, PromiseWithResolvers, Proxy, StringPrototypeIncludes,
    defineValue, realm,
} = primordials;
const { hostStreams, fetch: fetches, body: bodies } = realm;
const codec = internals.lazy('codec.js');

const CALL = 1; // MF_FETCH_CALL of wire.h
const CONTROL = '__codemode_control__';

let open = 0; // calls without an answer
let onIdle = null;

function closed() {
    open--;
    if (open === 0 && onIdle !== null) {
        onIdle();
    }
}

/* ---- answers ------------------------------------------------------------------------------------- */

function own(object, key) {
    return ObjectPrototypeHasOwnProperty(object, key) ? object[key] : undefined;
}

function errorOf(told) {
    const message = own(told, 'message');
    const name = own(told, 'name');
    const code = own(told, 'code');
    const error = new Error(typeof message === 'string' ? message : '');
    if (typeof name === 'string' && name !== 'Error') {
        defineValue(error, 'name', name, false);
    }
    if (code !== undefined) {
        defineValue(error, 'code', code, true);
    }
    return error;
}

// A connector says "pause" or "error" by a marker instead of throwing.
function checkControl(value) {
    const control = typeof value === 'object' && value !== null ? own(value, CONTROL) : undefined;
    if (control === 'pause') {
        throw new Error('__CODEMODE_PAUSE__');
    }
    if (control === 'error') {
        throw new Error(`${own(value, 'message')}`);
    }
    return value;
}

function read(text, isConnector) {
    const answer = JSONParse(text);
    const told = own(answer, 'error');
    if (told !== undefined) {
        throw errorOf(told);
    }
    const value = codec.decode(own(answer, 'ok'));
    return isConnector ? checkControl(value) : value;
}

/* ---- calls ----------------------------------------------------------------------------------------- */

function call(namespace, name, args, isConnector) {
    const { promise, resolve, reject } = PromiseWithResolvers();
    const fail = (error) => {
        reject(error);
        closed();
    };
    const asked = {
        __proto__: null, kind: CALL, reject: fail, number: 0, isSettled: false, isAborted: false,
        method: namespace, url: name, headers: '', body: null, redirect: 0, signal: null, onAbort: null,
        answer(status, statusText, headers, url, isRedirected, stream) {
            const isText = !StringPrototypeIncludes(headers, 'application/octet-stream');
            const done = (bytes) => {
                try {
                    resolve(isText ? read(internals.utf8Decode(bytes, true, true), isConnector) : bytes);
                } catch (error) {
                    reject(error);
                }
                closed();
            };
            if (stream < 0) {
                resolve(undefined);
                closed();
            } else {
                hostStreams.readAll(stream, done, fail);
            }
        },
    };
    open++;
    try {
        asked.body = bodies.extract(codec.encodeList(args));
        fetches.begin(asked);
    } catch (error) {
        fail(error);
    }
    return promise;
}

function functionOf(namespace, name, isConnector) {
    return isConnector
        ? (argument) => call(namespace, name, [argument], true) : (...args) => call(namespace, name, args, false);
}

function isSilent(key) {
    return typeof key !== 'string' || key === 'then' || key === 'toJSON';
}

// |functionFor(name)| is what a name that nobody has put there stands for.
function proxyOf(functionFor) {
    return new Proxy({ __proto__: null }, {
        __proto__: null,
        get(target, key) {
            if (ObjectPrototypeHasOwnProperty(target, key)) {
                return target[key];
            }
            return isSilent(key) ? undefined : functionFor(key);
        },
        has: (target, key) => !isSilent(key) || ObjectPrototypeHasOwnProperty(target, key),
    });
}

const namespaceOf = (name, isConnector) => proxyOf((key) => functionOf(name, key, isConnector));

// One that is an MCP server.
function serverOf(name, url) {
    const server = internals.lazy('mcp.js').open(name, url);
    return proxyOf((tool) => (argument) => server(tool, argument));
}

return {
    __proto__: null,
    namespaceOf,
    serverOf,
    // Calls |done| when no call is open any more; at once when none is.
    whenIdle(done) {
        if (open === 0) {
            done();
        } else {
            onIdle = done;
        }
    },
};
