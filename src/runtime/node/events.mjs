// events.mjs - node:events: the events package, which is Node's own, with what Node has added since.
import EventEmitter from 'events';
import { coded } from './errors.mjs';

export { EventEmitter };
export const { once, listenerCount } = EventEmitter;
export const defaultMaxListeners = EventEmitter.defaultMaxListeners;
export const errorMonitor = Symbol('events.errorMonitor');
export const captureRejectionSymbol = Symbol.for('nodejs.rejection');

const { emit } = EventEmitter.prototype;
EventEmitter.prototype.emit = function (type, ...args) {
    if (type === 'error' && this._events?.[errorMonitor] !== undefined) emit.call(this, errorMonitor, ...args);
    return emit.call(this, type, ...args);
};

// An asynchronous iterator over what |emitter| emits as |name|.
export function on(emitter, name, { signal } = {}) {
    const queue = [], waiting = [];
    let error = null, isOver = false;
    const settle = (kind, value) => { const next = waiting.shift(); if (next !== undefined) next[kind](value); return next !== undefined; };
    const onEvent = (...args) => { if (!settle('resolve', { value: args, done: false })) queue.push(args); };
    const onError = (reason) => { stop(); if (!settle('reject', reason)) error = reason; };
    const onAbort = () => onError(coded('ABORT_ERR', 'The operation was aborted'));
    function stop() {
        isOver = true;
        emitter.removeListener(name, onEvent);
        emitter.removeListener('error', onError);
        signal?.removeEventListener('abort', onAbort);
    }
    if (signal?.aborted) throw coded('ABORT_ERR', 'The operation was aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
    emitter.on(name, onEvent);
    if (name !== 'error') emitter.on('error', onError);
    return {
        next() {
            if (queue.length > 0) return Promise.resolve({ value: queue.shift(), done: false });
            if (error !== null) { const reason = error; error = null; return Promise.reject(reason); }
            if (isOver) return Promise.resolve({ value: undefined, done: true });
            return new Promise((resolve, reject) => { waiting.push({ resolve, reject }); });
        },
        return() { stop(); while (settle('resolve', { value: undefined, done: true })); return Promise.resolve({ value: undefined, done: true }); },
        throw(reason) { onError(reason); return Promise.resolve({ value: undefined, done: true }); },
        [Symbol.asyncIterator]() { return this; },
    };
}
export const getEventListeners = (emitter, name) => emitter.listeners?.(name) ?? [];
export const getMaxListeners = (emitter) => emitter.getMaxListeners?.() ?? 10;
export function setMaxListeners(count, ...emitters) {
    if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
    for (const emitter of emitters) emitter.setMaxListeners?.(count);
}
export function addAbortListener(signal, listener) {
    if (signal.aborted) queueMicrotask(listener); else signal.addEventListener('abort', listener, { once: true });
    return { [Symbol.dispose]() { signal.removeEventListener('abort', listener); } };
}

Object.assign(EventEmitter, { EventEmitter, on, errorMonitor, captureRejectionSymbol, getEventListeners, getMaxListeners, setMaxListeners, addAbortListener });
export default EventEmitter;
