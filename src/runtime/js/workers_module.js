// cloudflare:workers: the classes that a worker extends, and what else the module exports.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/
// Covers / differs:  WorkerEntrypoint, env, waitUntil, withEnv and exports work; the RPC and storage classes can be extended
//        and have
//        nobody who calls them yet
// Ops:   none
// WPT:   none
// Limits: none

'use strict';

const { Error, ReflectApply, TypeError, defineValue, realm } = primordials;
const { scope } = realm;

class WorkerEntrypoint {
    constructor(ctx, env) {
        defineValue(this, 'ctx', ctx, true);
        defineValue(this, 'env', env, true);
    }
}

class DurableObject {
    constructor(ctx, env) {
        defineValue(this, 'ctx', ctx, true);
        defineValue(this, 'env', env, true);
    }
}

class WorkflowEntrypoint {
    constructor(ctx, env) {
        defineValue(this, 'ctx', ctx, true);
        defineValue(this, 'env', env, true);
    }
}

class RpcTarget {}

function illegal() {
    throw new TypeError('Illegal constructor');
}

class RpcStub {
    constructor() {
        illegal();
    }
}

class RpcPromise {
    constructor() {
        illegal();
    }
}

class RpcProperty {
    constructor() {
        illegal();
    }
}

class ServiceStub {
    constructor() {
        illegal();
    }
}

function waitUntil(promise) {
    scope.requireIo();
    realm.run.waitUntil(promise);
}

// Only for the synchronous part of |callback| as long as there is no async context.
function withEnv(env, callback) {
    const before = scope.env;
    scope.env = env;
    try {
        return ReflectApply(callback, undefined, []);
    } finally {
        scope.env = before;
    }
}

function abortIsolate(reason = undefined) {
    realm.run.fail(realm.errors.isError(reason) ? reason : new Error(`${reason}`));
}

realm.workers = {
    __proto__: null,
    WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise, RpcProperty, ServiceStub, waitUntil,
    withEnv,
    abortIsolate,
};
return realm.workers;
