// async_hooks.mjs - node:async_hooks: AsyncLocalStorage and AsyncResource over the value that V8 keeps with each promise reaction.
// The value is a Map of stores, never changed: each run() makes another.
import { invalidType, missing } from './errors.mjs';
import host from './host.mjs';

const current = () => host.asyncContext();

function within(context, fn, self, args) {
    const before = current();
    host.setAsyncContext(context);
    try {
        return Reflect.apply(fn, self, args);
    } finally {
        host.setAsyncContext(before);
    }
}

function withStore(key, store) {
    const context = new Map(current());
    context.set(key, store);
    return context;
}

export class AsyncLocalStorage {
    #default;
    #name;

    constructor({ defaultValue, name = '' } = {}) {
        this.#default = defaultValue;
        this.#name = String(name);
    }
    get name() { return this.#name; }
    getStore() {
        const context = current();
        return context !== undefined && context.has(this) ? context.get(this) : this.#default;
    }
    run(store, fn, ...args) { return within(withStore(this, store), fn, undefined, args); }
    exit(fn, ...args) { return within(withStore(this, undefined), fn, undefined, args); }
    enterWith(store) { host.setAsyncContext(withStore(this, store)); }
    disable() { host.setAsyncContext(withStore(this, undefined)); }
    static bind(fn) {
        if (typeof fn !== 'function') throw invalidType('fn', 'of type function', fn);
        const context = current();
        return function (...args) { return within(context, fn, this, args); };
    }
    static snapshot() {
        const context = current();
        return (fn, ...args) => within(context, fn, undefined, args);
    }
}

let lastId = 1;
export class AsyncResource {
    #context = current();
    #id = ++lastId;
    constructor(type) { if (typeof type !== 'string') throw invalidType('type', 'of type string', type); }
    runInAsyncScope(fn, self, ...args) { return within(this.#context, fn, self, args); }
    bind(fn) {
        const resource = this;
        return function (...args) { return resource.runInAsyncScope(fn, this, ...args); };
    }
    static bind(fn, type) { return new AsyncResource(type ?? fn.name ?? 'bound-anonymous-fn').bind(fn); }
    emitDestroy() { return this; }
    asyncId() { return this.#id; }
    triggerAsyncId() { return 1; }
}

export const createHook = missing('async_hooks.createHook');
export const executionAsyncId = () => 1;
export const triggerAsyncId = () => 0;
export const executionAsyncResource = () => ({});
export const asyncWrapProviders = {};
export default { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId, triggerAsyncId, executionAsyncResource, asyncWrapProviders };
