// fs_core.mjs - what the three forms of node:fs share. Each operation is a generator that yields what it asks of the daemon: run() does so
// and waits, start() gives a promise, and neither knows of the other.
import constants from './fs_constants.mjs';
import disk from './fs_disk.mjs';
import { checkError, systemError } from './fs_errors.mjs';

export function run(steps) {
    let step = steps.next();
    while (!step.done) {
        let value;
        try {
            value = disk.callSync(step.value);
        } catch (error) {
            step = steps.throw(error);
            continue;
        }
        step = steps.next(value);
    }
    return step.value;
}

// The first step is made before this returns: what is wrong with the arguments is thrown, not told.
export function start(steps) {
    const first = steps.next();
    return goOn(steps, first);
}

async function goOn(steps, step) {
    while (!step.done) {
        let value;
        try {
            value = await disk.call(step.value);
        } catch (error) {
            step = steps.throw(error);
            continue;
        }
        step = steps.next(value);
    }
    return step.value;
}

// One thing that is asked; what goes wrong becomes the error of |syscall|.
export function* ask(request, syscall, path, dest) {
    try {
        return yield request;
    } catch (error) {
        throw disk.isRefusal(error) ? systemError(error.code, syscall, path, dest, error.why) : error;
    }
}

/* ---- looking ---- */

export const stat = (path, follow, syscall) => ask({ op: 'stat', path, follow }, syscall, path);

export function* statOrNull(path, follow, syscall) {
    try {
        return yield* stat(path, follow, syscall);
    } catch (error) {
        if (error.code === 'ENOENT') return null;
        throw error;
    }
}

export function* access(path, mode) {
    const found = yield* stat(path, true, 'access');
    if (mode & constants.W_OK && disk.isReadOnly(path)) throw systemError('EROFS', 'access', path);
    if (mode & constants.X_OK && found.type === 'file' && (found.mode & 0o111) === 0) throw systemError('EACCES', 'access', path);
}

// All of a directory, in the order of names.
export function* list(path, syscall = 'scandir') {
    const entries = [];
    for (let after; ;) {
        const page = yield* ask({ op: 'list', path, after }, syscall, path);
        entries.push(...page.entries);
        if (page.next === null) return entries;
        after = page.next;
    }
}

const below = (path, name) => (path === '' ? name : `${path}/${name}`);

// [path below |path|, entry] of all that is in it, breadth first as Node has it; links are not followed.
export function* listAll(path, isRecursive) {
    const found = [];
    const waiting = [''];
    for (let directory; (directory = waiting.shift()) !== undefined;) {
        for (const entry of yield* list(below(path, directory).replace(/\/$/, '') || '/')) {
            const at = below(directory, entry.name);
            found.push([at, entry]);
            if (isRecursive && entry.type === 'directory') waiting.push(at);
        }
    }
    return found;
}

export const readlink = (path) => ask({ op: 'readlink', path }, 'readlink', path);

// Node's own realpath() goes through a path step by step, and its errors tell which one failed.
export function* realpath(path, isNative) {
    try {
        return (yield { op: 'stat', path, follow: true }).path;
    } catch (error) {
        if (!disk.isRefusal(error)) throw error;
        if (isNative) throw systemError(error.code, 'realpath', path);
    }
    let at = '';
    for (const name of disk.absolute(path).split('/').filter((one) => one !== '')) {
        at = `${at}/${name}`;
        const found = yield* stat(at, false, 'lstat');
        if (found.type === 'symlink') at = (yield* stat(at, true, 'stat')).path.replace(/\/$/, '');
    }
    return at || '/';
}

/* ---- changing ---- */

export const UMASK = 0o022;
const plain = (mode) => mode & 0o7777 & ~UMASK;

export function* mkdir(path, isRecursive, mode) {
    if (!isRecursive) {
        yield* ask({ op: 'mkdir', path, mode: plain(mode) }, 'mkdir', path);
        return undefined;
    }
    const found = yield* statOrNull(path, true, 'mkdir');
    if (found?.type === 'directory') return undefined;
    if (found !== null) throw systemError('EEXIST', 'mkdir', path);
    let first = disk.absolute(path);
    for (let parent = first; (parent = parent.slice(0, parent.lastIndexOf('/'))) !== '';) {
        if ((yield* statOrNull(parent, true, 'mkdir')) !== null) break;
        first = parent;
    }
    yield* ask({ op: 'mkdir', path, mode: plain(mode), parents: true }, 'mkdir', path);
    return first;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const TRIES = 10; // names of six letters: a second one is seldom needed

export function* mkdtemp(prefix) {
    for (let i = 1; ; i++) {
        const path = prefix + Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => LETTERS[byte % LETTERS.length]).join('');
        try {
            yield* ask({ op: 'mkdir', path, mode: 0o700 }, 'mkdtemp', `${prefix}XXXXXX`);
            return path;
        } catch (error) {
            if (error.code !== 'EEXIST' || i === TRIES) throw error;
        }
    }
}

export function* rm(path, { recursive, force }) {
    const found = yield* statOrNull(path, false, 'lstat');
    if (found === null) {
        if (force) return;
        throw systemError('ENOENT', 'lstat', path);
    }
    if (found.type === 'directory' && !recursive) throw checkError('ERR_FS_EISDIR', 'EISDIR', 'rm', path, 'is a directory');
    yield* ask({ op: 'rm', path, recursive, force }, 'rm', path);
}

export function* rmdir(path, isRecursive) {
    if (isRecursive) {
        const found = yield* stat(path, false, 'lstat');
        if (found.type !== 'directory') throw systemError('ENOTDIR', 'rmdir', path);
    }
    yield* ask({ op: 'rm', path, only: 'directory', recursive: isRecursive }, 'rmdir', path);
}

export function* unlink(path) {
    yield* ask({ op: 'rm', path, only: 'file' }, 'unlink', path);
}

export function* rename(from, to) {
    yield* ask({ op: 'mv', path: from, to }, 'rename', from, to);
    moveDescriptors(disk.absolute(from), disk.absolute(to));
}

export const symlink = (target, path) => ask({ op: 'symlink', path, target }, 'symlink', target, path);
export const chmod = (path, mode, syscall = 'chmod', follow = true) => ask({ op: 'chmod', path, mode: mode & 0o7777, follow }, syscall, path);
export const utimes = (path, mtimeMs, syscall = 'utime', follow = true) => ask({ op: 'utime', path, timeMs: Math.max(0, Math.round(mtimeMs)), follow }, syscall, path);
export const truncate = (path, size) => ask({ op: 'truncate', path, size: Math.max(0, size), existing: true }, 'open', path);

// There are no owners but root: nothing to change, and nobody to give it to.
export function* chown(path, uid, gid, syscall, follow) {
    yield* stat(path, follow, syscall);
    if ((uid !== 0 && uid !== -1 && uid !== 4294967295) || (gid !== 0 && gid !== -1 && gid !== 4294967295)) throw systemError('EPERM', syscall, path);
}

export function* link(from, to) {
    yield* ask({ op: 'stat', path: from, follow: false }, 'link', from, to);
    const there = yield* statOrNull(to, false, 'link');
    throw systemError(there === null ? 'EPERM' : 'EEXIST', 'link', from, to);
}

export function* copyFile(from, to, mode) {
    const asked = (request) => ask(request, 'copyfile', from, to);
    const source = yield* asked({ op: 'stat', path: from, follow: true });
    if (source.type === 'directory') throw systemError('EISDIR', 'copyfile', from, to);
    if (mode & constants.COPYFILE_EXCL) {
        yield* asked({ op: 'cp', path: source.path, to, exclusive: true });
        return;
    }
    let target = null;
    try {
        target = yield* asked({ op: 'stat', path: to, follow: true });
    } catch (error) {
        if (error.code !== 'ENOENT') throw error;
    }
    if (target?.type === 'directory') throw systemError('EISDIR', 'copyfile', from, to);
    if (target?.path !== source.path) yield* asked({ op: 'cp', path: source.path, to: target?.path ?? to });
}

/* ---- whole files ---- */

const { O_ACCMODE = 3, O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

export function* readFile(path, flags) {
    if (flags !== O_RDONLY) {
        const fd = yield* open(path, flags, 0o666);
        try {
            return yield* readRest(fd);
        } finally {
            close(fd);
        }
    }
    try {
        return yield { op: 'read', path };
    } catch (error) {
        if (!disk.isRefusal(error)) throw error;
        throw error.code === 'EISDIR' ? systemError('EISDIR', 'read') : systemError(error.code, 'open', path, undefined, error.why);
    }
}

export function* writeFile(path, bytes, flags, mode) {
    const isNew = (flags & O_CREAT) !== 0;
    const request = { path, bytes, mode: plain(mode), exclusive: isNew && (flags & O_EXCL) !== 0, existing: !isNew };
    if ((flags & O_ACCMODE) === O_RDONLY) {
        const fd = yield* open(path, flags, mode);
        close(fd);
        throw systemError('EBADF', 'write');
    }
    if (flags & O_APPEND) yield* ask({ ...request, op: 'append' }, 'open', path);
    else if (flags & O_TRUNC) yield* ask({ ...request, op: 'write' }, 'open', path);
    else yield* ask({ ...request, op: 'patch', offset: 0 }, 'open', path);
}

/* ---- descriptors ---- */

const FIRST = 3; // what comes before are standard input, output and error
const table = new Map();

export class Descriptor {
    constructor(path, type, flags) {
        this.path = path;
        this.type = type;
        this.flags = flags;
        this.position = 0;
    }
    get isReadable() { return (this.flags & O_ACCMODE) !== O_WRONLY; }
    get isWritable() { return (this.flags & O_ACCMODE) !== O_RDONLY; }
    get isAppending() { return (this.flags & O_APPEND) !== 0; }
}

export function descriptorOf(fd, syscall) {
    const found = table.get(fd);
    if (found === undefined) throw systemError('EBADF', syscall);
    return found;
}

export const isOpen = (fd) => table.has(fd);

function moveDescriptors(from, to) {
    for (const one of table.values()) {
        if (one.path === from) one.path = to;
        else if (one.path.startsWith(`${from}/`)) one.path = to + one.path.slice(from.length);
    }
}

function* openNew(path, flags, mode) {
    if (flags & O_EXCL) return yield* ask({ op: 'write', path, bytes: new Uint8Array(0), mode: plain(mode), exclusive: true }, 'open', path);
    if (flags & O_TRUNC) return yield* ask({ op: 'write', path, bytes: new Uint8Array(0), mode: plain(mode) }, 'open', path);
    return yield* ask({ op: 'append', path, bytes: new Uint8Array(0), mode: plain(mode) }, 'open', path);
}

export function* open(path, flags, mode) {
    if (table.size >= disk.descriptorsMax) throw systemError('EMFILE', 'open', path);
    const isWriting = (flags & O_ACCMODE) !== O_RDONLY;
    if (flags & O_CREAT && (isWriting || flags & O_EXCL)) yield* openNew(path, flags, mode);
    const found = yield* stat(path, !(flags & O_NOFOLLOW), 'open');
    if (found.type === 'symlink') throw systemError('ELOOP', 'open', path);
    if (found.type === 'directory' && (isWriting || flags & O_CREAT)) throw systemError('EISDIR', 'open', path);
    if (found.type !== 'directory' && flags & O_DIRECTORY) throw systemError('ENOTDIR', 'open', path);
    if (isWriting && !(flags & O_CREAT) && flags & O_TRUNC) yield* ask({ op: 'truncate', path, size: 0, existing: true }, 'open', path);
    if (isWriting && disk.isReadOnly(path)) throw systemError('EROFS', 'open', path);
    let fd = FIRST;
    while (table.has(fd)) fd++;
    table.set(fd, new Descriptor(found.path, found.type, flags));
    return fd;
}

export function close(fd) {
    if (!table.delete(fd)) throw systemError('EBADF', 'close');
}

// Into |target|; how many bytes there were.
export function* read(fd, target, position) {
    const file = descriptorOf(fd, 'read');
    if (!file.isReadable) throw systemError('EBADF', 'read');
    if (file.type === 'directory') throw systemError('EISDIR', 'read');
    if (target.length === 0) return 0;
    const bytes = yield* ask({ op: 'read', path: file.path, offset: position ?? file.position, size: target.length }, 'read');
    target.set(bytes);
    if (position === null) file.position += bytes.length;
    return bytes.length;
}

export function* write(fd, bytes, position) {
    const file = descriptorOf(fd, 'write');
    if (!file.isWritable) throw systemError('EBADF', 'write');
    if (bytes.length === 0) return 0;
    if (file.isAppending) yield* ask({ op: 'append', path: file.path, bytes, existing: true }, 'write');
    else yield* ask({ op: 'patch', path: file.path, bytes, offset: position ?? file.position, existing: true }, 'write');
    if (position === null) file.position += bytes.length;
    return bytes.length;
}

// From where the file stands to its end.
export function* readRest(fd) {
    const file = descriptorOf(fd, 'fstat');
    if (!file.isReadable) throw systemError('EBADF', 'read');
    if (file.type === 'directory') throw systemError('EISDIR', 'read');
    const bytes = yield* ask({ op: 'read', path: file.path, offset: file.position }, 'read');
    file.position += bytes.length;
    return bytes;
}

export function* readv(fd, targets, position) {
    let total = 0;
    for (const target of targets) {
        const count = yield* read(fd, target, position === null ? null : position + total);
        total += count;
        if (count < target.length) break;
    }
    return total;
}

export function* writev(fd, parts, position) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return yield* write(fd, whole, position);
}

export const fstat = (fd) => ask({ op: 'stat', path: descriptorOf(fd, 'fstat').path, follow: false }, 'fstat');
export const fchmod = (fd, mode) => ask({ op: 'chmod', path: descriptorOf(fd, 'fchmod').path, mode: mode & 0o7777 }, 'fchmod');
export const futimes = (fd, mtimeMs) => ask({ op: 'utime', path: descriptorOf(fd, 'futime').path, timeMs: Math.max(0, Math.round(mtimeMs)) }, 'futime');

export function* ftruncate(fd, size) {
    const file = descriptorOf(fd, 'ftruncate');
    if (!file.isWritable) throw systemError('EINVAL', 'ftruncate');
    yield* ask({ op: 'truncate', path: file.path, size: Math.max(0, size), existing: true }, 'ftruncate');
}

// What was written is on the disk when it is answered.
export function* fsync(fd, syscall) {
    descriptorOf(fd, syscall);
}

export function* fchown(fd, uid, gid) {
    yield* chown(descriptorOf(fd, 'fchown').path, uid, gid, 'fchown', false);
}
