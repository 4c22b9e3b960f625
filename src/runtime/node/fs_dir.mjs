// fs_dir.mjs - fs.Dir: a directory read entry by entry, a page of the daemon's at a time.
import { coded } from './errors.mjs';
import { callbackOf } from './fs_args.mjs';
import * as core from './fs_core.mjs';
import disk from './fs_disk.mjs';
import { systemError } from './fs_errors.mjs';
import { direntOf } from './fs_values.mjs';

const closed = () => coded('ERR_DIR_CLOSED', 'Directory handle was closed');

export class Dir {
    #waiting;
    #after;
    #encoding;
    #isClosed = false;

    constructor(path, page, encoding) {
        this.path = path;
        this.#take(page);
        this.#encoding = encoding;
    }

    #take({ entries, next }) {
        this.#waiting = [...entries].reverse();
        this.#after = next;
    }

    *#next() {
        if (this.#isClosed) throw closed();
        while (this.#waiting.length === 0 && this.#after !== null) {
            this.#take(yield* core.ask({ op: 'list', path: this.path, after: this.#after }, 'scandir', this.path));
        }
        const entry = this.#waiting.pop();
        return entry === undefined ? null : direntOf(entry.name, this.path, entry.type, this.#encoding);
    }

    #end() {
        if (this.#isClosed) throw closed();
        this.#isClosed = true;
    }

    readSync() { return core.run(this.#next()); }
    read(callback) {
        if (callback === undefined) return (async () => core.start(this.#next()))();
        callbackOf(callback);
        core.start(this.#next()).then((entry) => queueMicrotask(() => callback(null, entry)), (error) => queueMicrotask(() => callback(error)));
        return undefined;
    }
    closeSync() { this.#end(); }
    close(callback) {
        if (callback === undefined) return (async () => this.#end())();
        callbackOf(callback);
        const error = this.#isClosed ? closed() : null;
        this.#isClosed = true;
        queueMicrotask(() => callback(error));
        return undefined;
    }
    async* entries() {
        try {
            for (let entry; (entry = await core.start(this.#next())) !== null;) yield entry;
        } finally {
            this.#isClosed = true;
        }
    }
    [Symbol.asyncIterator]() { return this.entries(); }
    async [Symbol.asyncDispose]() { this.#isClosed = true; }
    [Symbol.dispose]() { this.#isClosed = true; }
}

export function* openDir(path, { encoding, recursive }) {
    if (recursive) throw coded('ERR_METHOD_NOT_IMPLEMENTED', 'node:fs.opendir with "recursive" is not implemented in Mayfly.');
    try {
        return new Dir(path, yield { op: 'list', path }, encoding);
    } catch (error) {
        throw disk.isRefusal(error) ? systemError(error.code, 'opendir', path) : error;
    }
}
