// fs.mjs - node:fs on the workspaces of a run: each operation at once (...Sync) and with a callback; fs_promises.mjs has the promises.
import { Buffer } from 'buffer';
import { missing } from './errors.mjs';
import { callbackOf, pathOf, timeOf } from './fs_args.mjs';
import constants from './fs_constants.mjs';
import * as core from './fs_core.mjs';
import { Dir } from './fs_dir.mjs';
import operations, * as more from './fs_operations.mjs';
import promises from './fs_promises.mjs';
import { Dirent, Stats } from './fs_values.mjs';

const streams = () => require('./fs_streams.mjs');
const custom = Symbol.for('nodejs.util.promisify.custom');
const fs = { constants, promises, Dir, Dirent, Stats, F_OK: constants.F_OK, R_OK: constants.R_OK, W_OK: constants.W_OK, X_OK: constants.X_OK };

// What a callback throws is its own: no promise hears of it.
function settle(promise, callback, more = () => []) {
    promise.then((value) => queueMicrotask(() => (value === undefined ? callback(null) : callback(null, value, ...more()))), (error) => queueMicrotask(() => callback(error)));
}

// What is wrong with a descriptor is told, what is wrong with arguments is thrown.
function startOrTell(steps) {
    try {
        return core.start(steps);
    } catch (error) {
        if (error.syscall === undefined) throw error;
        return Promise.reject(error);
    }
}

function define(name, operation) {
    fs[name] = { [name](...args) {
        const callback = callbackOf(args.length > 0 && typeof args.at(-1) === 'function' ? args.pop() : args[operation.length]);
        settle(startOrTell(operation(...args)), callback);
    } }[name];
    fs[`${name}Sync`] = { [`${name}Sync`](...args) { return core.run(operation(...args)); } }[`${name}Sync`];
}

for (const [name, operation] of Object.entries(operations)) {
    if (name !== 'realpathNative') define(name, operation);
}
define('native', operations.realpathNative);
fs.realpath.native = fs.native;
fs.realpathSync.native = fs.nativeSync;
delete fs.native;
delete fs.nativeSync;

/* ---- those that answer otherwise ---- */

for (const name of ['stat', 'lstat']) {
    const sync = fs[`${name}Sync`];
    fs[`${name}Sync`] = { [`${name}Sync`](path, options) {
        try {
            return sync(path, options);
        } catch (error) {
            if (options?.throwIfNoEntry === false && error.code === 'ENOENT') return undefined;
            throw error;
        }
    } }[`${name}Sync`];
}

Object.assign(fs, {
    existsSync(path) {
        try {
            core.run(core.access(pathOf(path), 0));
            return true;
        } catch {
            return false;
        }
    },
    exists(path, callback) {
        callbackOf(callback);
        promises.access(path).then(() => queueMicrotask(() => callback(true)), () => queueMicrotask(() => callback(false)));
    },
    readSync(fd, buffer, ...rest) { return core.run(more.read(fd, buffer, rest)); },
    writeSync(fd, data, ...rest) { return core.run(more.write(fd, data, rest)); },
    // (fd, callback), (fd, {buffer, ...}, callback), (fd, buffer, ..., callback)
    read(fd, ...args) {
        const callback = callbackOf(args.pop());
        let [buffer, ...rest] = args;
        if (!ArrayBuffer.isView(buffer)) [buffer, rest] = [buffer?.buffer ?? Buffer.alloc(16384), [buffer ?? undefined]];
        settle(startOrTell(more.read(fd, buffer, rest)), callback, () => [buffer]);
    },
    write(fd, data, ...args) {
        const callback = callbackOf(args.pop());
        settle(startOrTell(more.write(fd, data, args)), callback, () => [data]);
    },
    createReadStream(path, options) { return new (streams().ReadStream)(path, options); },
    createWriteStream(path, options) { return new (streams().WriteStream)(path, options); },
    async openAsBlob(path, { type = '' } = {}) { return new Blob([await promises.readFile(path)], { type }); },
    _toUnixTimestamp: (time) => timeOf(time) / 1000,
});
Object.defineProperty(fs.exists, custom, { value: (path) => promises.access(path).then(() => true, () => false) });

for (const [name, buffers] of [['readv', 'buffers'], ['writev', 'buffers']]) {
    fs[name] = { [name](fd, list, position, callback = position) { settle(startOrTell(operations[name](fd, list, position)), callbackOf(callback), () => [list]); } }[name];
    promisified(name, buffers, name === 'readv' ? 'bytesRead' : 'bytesWritten');
}
promisified('read', 'buffer', 'bytesRead');
promisified('write', 'buffer', 'bytesWritten');

function promisified(name, data, count) {
    Object.defineProperty(fs[name], custom, {
        value: (...args) => new Promise((resolve, reject) => { fs[name](...args, (error, value, buffer) => (error ? reject(error) : resolve({ [count]: value, [data]: buffer }))); }),
    });
}

for (const [name, made] of [['ReadStream', 'ReadStreamFunction'], ['FileReadStream', 'ReadStreamFunction'], ['WriteStream', 'WriteStreamFunction'], ['FileWriteStream', 'WriteStreamFunction']]) {
    Object.defineProperty(fs, name, { get: () => streams()[made], enumerable: true, configurable: true });
}

for (const name of ['watch', 'watchFile', 'unwatchFile', 'statfs', 'statfsSync', 'lchmod', 'lchmodSync', 'glob', 'globSync']) fs[name] = missing(`node:fs.${name}`);

export default fs;
