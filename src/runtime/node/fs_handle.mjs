// fs_handle.mjs - FileHandle, what fs.promises.open() gives.
import { Buffer } from 'buffer';
import EventEmitter from 'events';
import { coded } from './errors.mjs';
import * as core from './fs_core.mjs';
import operations, * as more from './fs_operations.mjs';
import { stream } from './host.mjs';

const closed = (syscall) => Object.assign(coded('EBADF', 'file closed'), { syscall });

export class FileHandle extends EventEmitter {
    #fd;
    constructor(fd) {
        super();
        this.#fd = fd;
    }
    get fd() { return this.#fd; }
    getAsyncId() { return 0; }

    async #do(syscall, steps) {
        if (this.#fd === -1) throw closed(syscall);
        return core.start(steps(this.#fd));
    }

    appendFile(data, options) { return this.writeFile(data, options); }
    chmod(mode) { return this.#do('fchmod', (fd) => operations.fchmod(fd, mode)); }
    chown(uid, gid) { return this.#do('fchown', (fd) => operations.fchown(fd, uid, gid)); }
    datasync() { return this.#do('fdatasync', (fd) => operations.fdatasync(fd)); }
    sync() { return this.#do('fsync', (fd) => operations.fsync(fd)); }
    stat(options) { return this.#do('fstat', (fd) => operations.fstat(fd, options)); }
    truncate(size) { return this.#do('ftruncate', (fd) => operations.ftruncate(fd, size)); }
    utimes(atime, mtime) { return this.#do('futimes', (fd) => operations.futimes(fd, atime, mtime)); }
    readFile(options) { return this.#do('readFile', (fd) => operations.readFile(fd, options)); }

    async writeFile(data, options) {
        if (this.#fd === -1) throw closed('writeFile');
        if (isMany(data)) return writeMany(this, data, options);
        return core.start(operations.writeFile(this.#fd, data, options));
    }

    async read(buffer, ...rest) {
        if (!ArrayBuffer.isView(buffer)) {
            rest = [buffer ?? undefined];
            buffer = rest[0]?.buffer ?? Buffer.alloc(16384);
        }
        return { __proto__: null, bytesRead: await this.#do('read', (fd) => more.read(fd, buffer, rest)), buffer };
    }
    async readv(buffers, position) { return { __proto__: null, bytesRead: await this.#do('read', (fd) => operations.readv(fd, buffers, position)), buffers }; }
    async write(buffer, ...rest) { return { __proto__: null, bytesWritten: await this.#do('write', (fd) => more.write(fd, buffer, rest)), buffer }; }
    async writev(buffers, position) { return { __proto__: null, bytesWritten: await this.#do('write', (fd) => operations.writev(fd, buffers, position)), buffers }; }

    async close() {
        if (this.#fd === -1) return;
        const fd = this.#fd;
        this.#fd = -1;
        core.close(fd);
        this.emit('close');
    }
    async [Symbol.asyncDispose]() { await this.close(); }

    createReadStream(options) { return new (streams().ReadStream)(undefined, { ...options, fd: this }); }
    createWriteStream(options) { return new (streams().WriteStream)(undefined, { ...options, fd: this }); }
    readableWebStream() { return stream().Readable.toWeb(this.createReadStream({ autoClose: false })); }
    async* readLines(options) {
        let rest = '';
        for await (const part of this.createReadStream({ encoding: 'utf8', ...options })) {
            const lines = (rest + part).split(/\r\n|\n|\r(?!$)/);
            rest = lines.pop();
            yield* lines;
        }
        if (rest !== '') yield rest;
    }
}

const streams = () => require('./fs_streams.mjs');

/* ---- data in parts ---- */

export const isMany = (data) => typeof data === 'object' && data !== null && !ArrayBuffer.isView(data) && (typeof data[Symbol.asyncIterator] === 'function' || typeof data[Symbol.iterator] === 'function');

export async function writeMany(handle, data, options) {
    const { encoding = 'utf8', signal } = typeof options === 'string' ? { encoding: options } : options ?? {};
    for await (const part of data) {
        signal?.throwIfAborted();
        await handle.write(typeof part === 'string' ? Buffer.from(part, encoding) : part);
    }
}
