// timers.mjs - node:timers and node:timers/promises. The handles of the globals are numbers, as on the web.
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;

let lastImmediate = 0;
const immediates = new Map();
export function setImmediate(fn, ...args) {
    const id = ++lastImmediate;
    immediates.set(id, setTimeout(() => { immediates.delete(id); fn(...args); }, 0));
    return id;
}
export function clearImmediate(id) {
    clearTimeout(immediates.get(id));
    immediates.delete(id);
}

function wait(start, stop, value, signal) {
    return new Promise((resolve, reject) => {
        if (signal?.aborted) { reject(signal.reason); return; }
        const handle = start(() => { signal?.removeEventListener('abort', onAbort); resolve(value); });
        const onAbort = () => { stop(handle); reject(signal.reason); };
        signal?.addEventListener('abort', onAbort, { once: true });
    });
}

export const promises = {
    setTimeout: (delay, value, { signal } = {}) => wait((done) => setTimeout(done, delay), clearTimeout, value, signal),
    setImmediate: (value, { signal } = {}) => wait((done) => setImmediate(done), clearImmediate, value, signal),
    async *setInterval(delay, value, { signal } = {}) { for (;;) yield await promises.setTimeout(delay, value, { signal }); },
    scheduler: { wait: (delay, options) => promises.setTimeout(delay, undefined, options), yield: () => promises.setImmediate() },
};
export { setTimeout, setInterval, clearTimeout, clearInterval };
export default { setTimeout, setInterval, clearTimeout, clearInterval, setImmediate, clearImmediate, promises };
