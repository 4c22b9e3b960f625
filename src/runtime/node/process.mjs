// process.mjs - node:process, as far as a worker has one.
import EventEmitter from './events.mjs';
import { notImplemented } from './errors.mjs';
import host from './host.mjs';

const started = Date.now();
const process = Object.create(EventEmitter.prototype);
EventEmitter.call(process);

function hrtime(before) {
    const now = performance.now();
    let seconds = Math.floor(now / 1000), nanoseconds = Math.floor((now % 1000) * 1e6);
    if (before) {
        seconds -= before[0];
        nanoseconds -= before[1];
        if (nanoseconds < 0) { seconds--; nanoseconds += 1e9; }
    }
    return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(Math.floor(performance.now() * 1e6));

const write = (method) => ({
    isTTY: false, fd: method === 'log' ? 1 : 2, columns: 80, writable: true,
    write(chunk, encoding, callback) {
        console[method](String(chunk).replace(/\n$/, ''));
        const done = typeof encoding === 'function' ? encoding : callback;
        if (typeof done === 'function') queueMicrotask(done);
        return true;
    },
    end() {}, on() { return this; }, once() { return this; }, emit() { return false; }, removeListener() { return this; },
});

Object.assign(process, {
    title: 'mayfly', browser: false, argv: ['mayfly'], argv0: 'mayfly', execArgv: [], execPath: '', pid: 1, ppid: 0, exitCode: undefined,
    version: 'v22.19.0', versions: { node: '22.19.0', v8: '13.6' }, release: { name: 'node' }, arch: 'x64', platform: 'linux', features: {}, config: {},
    env: host.env(), stdout: write('log'), stderr: write('error'), stdin: { isTTY: false, fd: 0, on() { return this; } },
    nextTick(fn, ...args) { queueMicrotask(args.length === 0 ? fn : () => fn(...args)); },
    cwd: () => host.cwd(), chdir() { throw notImplemented('process.chdir'); }, umask: () => 0o22,
    uptime: () => (Date.now() - started) / 1000, hrtime,
    memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), { rss: () => 0 }),
    cpuUsage: () => ({ user: 0, system: 0 }), resourceUsage: () => ({}),
    emitWarning(warning) { console.warn(typeof warning === 'string' ? `Warning: ${warning}` : warning); },
    getBuiltinModule: (name) => host.load(String(name).startsWith('node:') ? String(name) : `node:${name}`),
    exit(code) { throw new Error(`process.exit(${code ?? 0}) was called: a worker cannot end its process.`); },
    abort() { throw new Error('process.abort() was called: a worker cannot end its process.'); },
    kill() { throw notImplemented('process.kill'); },
    getuid: () => 0, geteuid: () => 0, getgid: () => 0, getegid: () => 0, binding() { throw notImplemented('process.binding'); },
});
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });
export default process;
