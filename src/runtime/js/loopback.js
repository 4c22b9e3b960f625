// loopback: ctx.exports, through which a worker calls its own entrypoints as it would call another worker's.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/context/#exports
// Covers / differs:  fetch, RPC calls and property reads, each on a new instance; props. Arguments and results are cloned; a
//        Request, Response, Headers or stream is handed over, a function or an RpcTarget becomes a stub, all of them only as an
//        argument or a result itself, not inside of one. Results are promises: calls on what is not there yet are not known
// Ops:   none
// WPT:   none; tests/runtime/loopback
// Limits: none

'use strict';

const {
    ObjectGetPrototypeOf, ObjectPrototype, ObjectPrototypeHasOwnProperty, PromisePrototypeThen, Proxy, ReflectApply,
    ReflectConstruct, ReflectOwnKeys, List, TypeError, defineValue, inherits, realm,
} = primordials;
const { run, scope, webidl } = realm;

internals.lazy('structured_clone.js'); // sets what internals.structuredClone asks

const RESERVED = {
    __proto__: null, constructor: true, fetch: true, connect: true, alarm: true, scheduled: true, dup: true,
    webSocketMessage: true, webSocketClose: true, webSocketError: true,
};

function isHandedOver(value) {
    return realm.request.is(value) || realm.response.is(value) || realm.headers.is(value) ||
        (realm.hasStreams && internals.lazy('stream_transfer.js').is(value));
}

function isTarget(value) {
    return internals.typeOf(value) === 'object' && realm.workers !== null && inherits(value, realm.workers.RpcTarget.prototype);
}

// |value| as it arrives at the other side; throws a DataCloneError.
function pass(value) {
    if (typeof value === 'function') {
        return newStub(null, (args) => ReflectApply(value, undefined, args));
    }
    if (value === null || (typeof value !== 'object' && typeof value !== 'symbol') || isHandedOver(value)) {
        return value;
    }
    return isTarget(value) ? newStub((name) => ({ __proto__: null, self: value, member: inheritedMember(value, name) }), null)
        : internals.structuredClone(value, undefined);
}

function passAll(args) {
    const passed = List();
    for (let i = 0; i < args.length; i++) {
        passed[i] = pass(args[i]);
    }
    return passed;
}

/* ---- the receiver ----------------------------------------------------------------------------- */

function newMissing(name) {
    return new TypeError(`The RPC receiver does not implement the method "${name}".`);
}

function requireFree(name) {
    if (RESERVED[name] === true) {
        throw new TypeError(`'${name}' is a reserved method and cannot be called over RPC.`);
    }
}

// Whether |object| or its prototypes, short of Object.prototype, have |name|.
function has(object, name) {
    for (let at = object; at !== null && at !== ObjectPrototype; at = ObjectGetPrototypeOf(at)) {
        if (ObjectPrototypeHasOwnProperty(at, name)) {
            return true;
        }
    }
    return false;
}

// An instance's own properties are its state, and nobody else's.
function inheritedMember(object, name) {
    requireFree(name);
    if (ObjectPrototypeHasOwnProperty(object, name) || !has(object, name)) {
        throw newMissing(name);
    }
    return object[name];
}

function openInstance(entry, props, name) {
    const self = ReflectConstruct(entry, [run.newContext(props), scope.env]);
    return { __proto__: null, self, member: inheritedMember(self, name) };
}

// A plain object's functions get env and ctx behind the one argument that the caller sends.
function openObject(entry, props, name) {
    requireFree(name);
    if (!has(entry, name)) {
        throw newMissing(name);
    }
    const member = entry[name];
    if (typeof member !== 'function') {
        return { __proto__: null, self: entry, member };
    }
    const wrapped = (...args) => {
        if (member.length > 3) {
            throw new TypeError(`Cannot call handler function "${name}" over RPC because it has the wrong number of arguments. ` +
                'A simple function handler can only be called over RPC if it has exactly the arguments (arg, env, ctx), where ' +
                'only the first argument comes from the client. To support multi-argument RPC functions, use class-based ' +
                'syntax (extending WorkerEntrypoint) instead.');
        }
        if (args.length !== 1) {
            throw new TypeError(`Attempted to call RPC function "${name}" with the wrong number of arguments. ` +
                'When calling a top-level handler function that is not declared as part of a class, you must always send ' +
                'exactly one argument. In order to support variable numbers of arguments, the server must use class-based ' +
                'syntax (extending WorkerEntrypoint) instead.');
        }
        return ReflectApply(member, entry, [args[0], scope.env, run.newContext(props)]);
    };
    return { __proto__: null, self: entry, member: wrapped };
}

/* ---- the caller ------------------------------------------------------------------------------- */

async function callMember(open, name, args) {
    const passed = passAll(args);
    const { self, member } = open(name);
    if (typeof member !== 'function') {
        throw new TypeError(`"${name}" is not a function.`);
    }
    return pass(await ReflectApply(member, self, passed));
}

async function readMember(open, name) {
    const { self, member } = open(name);
    if (typeof member === 'function') {
        return newStub(null, (args) => ReflectApply(member, self, args));
    }
    return pass(await member);
}

// What stub.name is: a function to call, or something to await.
function newProperty(open, name) {
    const property = (...args) => callMember(open, name, args);
    const settle = (onFulfilled, onRejected) => PromisePrototypeThen(readMember(open, name), onFulfilled, onRejected);
    defineValue(property, 'then', settle, false);
    defineValue(property, 'catch', (onRejected) => settle(undefined, onRejected), false);
    return property;
}

async function callFunction(call, args) {
    return pass(await call(passAll(args)));
}

// |open|: name to {self, member}, or null. |call|: arguments, already passed, to a result, or null.
function newStub(open, call) {
    return new Proxy(() => {}, {
        __proto__: null,
        get: (_, name) => (open === null || typeof name === 'symbol' || name === 'then' ? undefined : newProperty(open, name)),
        apply(_, self, args) {
            if (call === null) {
                throw new TypeError('This stub is not a function.');
            }
            return callFunction(call, args);
        },
    });
}

async function callFetch(entry, props, request) {
    const response = await run.callHandler(entry, request, run.newContext(props));
    if (!realm.response.is(response)) {
        throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
    }
    return response;
}

// ctx.exports.Name; called with {props}, one that has them.
function newEntrypoint(entry, props, isBare) {
    const openOne = run.isEntrypointClass(entry) ? openInstance : openObject;
    const open = (name) => openOne(entry, props, name);
    const fetch = async (input, init = undefined) => callFetch(entry, props, new realm.Request(input, init));
    return new Proxy(() => {}, {
        __proto__: null,
        get(_, name) {
            if (typeof name === 'symbol' || name === 'then') {
                return undefined;
            }
            return name === 'fetch' ? fetch : newProperty(open, name);
        },
        apply(_, self, args) {
            if (!isBare) {
                throw new TypeError('This stub has its props already.');
            }
            const given = webidl.dictionary(args[0], 'ctx.exports').props;
            return newEntrypoint(entry, given === undefined ? {} : internals.structuredClone(given, undefined), false);
        },
    });
}

// Puts a stub of each entrypoint among |namespace|'s exports on |object|.
function fill(object, namespace) {
    const names = ReflectOwnKeys(namespace);
    for (let i = 0; i < names.length; i++) {
        const name = names[i];
        const entry = namespace[name];
        if (typeof name === 'string' && webidl.isObject(entry) && (typeof entry === 'object' || run.isEntrypointClass(entry))) {
            defineValue(object, name, newEntrypoint(entry, {}, true), true);
        }
    }
}

return { __proto__: null, fill };
