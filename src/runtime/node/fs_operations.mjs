// fs_operations.mjs - the operations of node:fs that have all three forms, as generators of fs_core.mjs: arguments as Node takes them.
import { Buffer } from 'buffer';
import * as core from './fs_core.mjs';
import * as args from './fs_args.mjs';
import { cp } from './fs_cp.mjs';
import { openDir } from './fs_dir.mjs';
import { direntOf, statsOf } from './fs_values.mjs';

const { pathOf, optionsOf, objectOf, modeOf, fdOf } = args;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export const bufferOf = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function decoded(bytes, encoding) {
    if (!encoding || encoding === 'buffer') return bufferOf(bytes);
    return encoding === 'utf8' || encoding === 'utf-8' ? decoder.decode(bytes) : bufferOf(bytes).toString(encoding);
}

const isFd = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const sizeOf = (value) => args.integerOf(value ?? 0, 'len');

function* writeTo(target, data, options, flag) {
    const bytes = args.dataOf(data, options.encoding ?? 'utf8');
    if (!isFd(target)) {
        yield* core.writeFile(pathOf(target), bytes, args.flagsOf(options.flag ?? flag), modeOf(options.mode, 'mode', 0o666));
    } else {
        yield* core.write(target, bytes, null);
    }
}

const whole = {
    *readFile(target, options) {
        const { encoding, flag } = optionsOf(options, { flag: 'r' });
        const bytes = isFd(target) ? yield* core.readRest(target) : yield* core.readFile(pathOf(target), args.flagsOf(flag));
        return decoded(bytes, encoding);
    },
    *writeFile(target, data, options) {
        yield* writeTo(target, data, optionsOf(options, { encoding: 'utf8', mode: 0o666, flag: 'w' }), 'w');
    },
    *appendFile(target, data, options) {
        yield* writeTo(target, data, optionsOf(options, { encoding: 'utf8', mode: 0o666, flag: 'a' }), 'a');
    },
    *copyFile(from, to, mode) {
        const flags = mode === undefined || mode === null ? 0 : args.integerOf(mode, 'mode', 0, 7);
        yield* core.copyFile(pathOf(from, 'src'), pathOf(to, 'dest'), flags);
    },
    *truncate(path, size) { yield* core.truncate(pathOf(path), sizeOf(size)); },
};

const looking = {
    *access(path, mode) { yield* core.access(pathOf(path), args.accessModeOf(mode)); },
    *stat(path, options) { return statsOf(yield* core.stat(pathOf(path), true, 'stat'), options?.bigint === true); },
    *lstat(path, options) { return statsOf(yield* core.stat(pathOf(path), false, 'lstat'), options?.bigint === true); },
    *readdir(path, options) {
        const { encoding, withFileTypes, recursive } = optionsOf(options);
        if (recursive !== undefined && recursive !== null) args.booleanOf(recursive, 'options.recursive');
        const base = pathOf(path);
        const found = yield* core.listAll(base, recursive === true);
        if (!withFileTypes) return found.map(([at]) => args.textAs(at, encoding));
        return found.map(([at, { name, type }]) => direntOf(name, at === name ? base : `${base}/${at.slice(0, -name.length - 1)}`, type, encoding));
    },
    *opendir(path, options) { return yield* openDir(pathOf(path), optionsOf(options, { encoding: 'utf8' })); },
    *readlink(path, options) { return args.textAs(yield* core.readlink(pathOf(path)), optionsOf(options).encoding); },
    *realpath(path, options) { return args.textAs(yield* core.realpath(pathOf(path), false), optionsOf(options).encoding); },
    *realpathNative(path, options) { return args.textAs(yield* core.realpath(pathOf(path), true), optionsOf(options).encoding); },
};

function* unix(path, mtime, syscall, follow, atime) {
    args.timeOf(atime);
    yield* core.utimes(pathOf(path), args.timeOf(mtime), syscall, follow);
}

const changing = {
    *mkdir(path, options) {
        const { recursive = false, mode } = typeof options === 'object' && options !== null ? options : { mode: options };
        return yield* core.mkdir(pathOf(path), args.booleanOf(recursive, 'options.recursive'), modeOf(mode, 'mode', 0o777));
    },
    *mkdtemp(prefix, options) {
        const { encoding } = optionsOf(options);
        return args.textAs(yield* core.mkdtemp(pathOf(prefix, 'prefix')), encoding);
    },
    *rename(from, to) { yield* core.rename(pathOf(from, 'oldPath'), pathOf(to, 'newPath')); },
    *rm(path, options) {
        const { recursive, force } = objectOf(options, { recursive: false, force: false });
        yield* core.rm(pathOf(path), { recursive: args.booleanOf(recursive, 'options.recursive'), force: args.booleanOf(force, 'options.force') });
    },
    *rmdir(path, options) { yield* core.rmdir(pathOf(path), objectOf(options).recursive === true); },
    *unlink(path) { yield* core.unlink(pathOf(path)); },
    *symlink(target, path) { yield* core.symlink(pathOf(target, 'target'), pathOf(path)); },
    *link(from, to) { yield* core.link(pathOf(from, 'existingPath'), pathOf(to, 'newPath')); },
    *cp(from, to, options) { yield* cp(pathOf(from, 'src'), pathOf(to, 'dest'), options); },
    *chmod(path, mode) { yield* core.chmod(pathOf(path), modeOf(mode)); },
    *chown(path, uid, gid) { yield* core.chown(pathOf(path), args.integerOf(uid, 'uid', -1, 4294967295), args.integerOf(gid, 'gid', -1, 4294967295), 'chown', true); },
    *lchown(path, uid, gid) { yield* core.chown(pathOf(path), args.integerOf(uid, 'uid', -1, 4294967295), args.integerOf(gid, 'gid', -1, 4294967295), 'lchown', false); },
    *utimes(path, atime, mtime) { yield* unix(path, mtime, 'utime', true, atime); },
    *lutimes(path, atime, mtime) { yield* unix(path, mtime, 'lutime', false, atime); },
};

const withFd = {
    *open(path, flags, mode) { return yield* core.open(pathOf(path), args.flagsOf(flags), modeOf(mode, 'mode', 0o666)); },
    *close(fd) { core.close(fdOf(fd)); },
    *fstat(fd, options) { return statsOf(yield* core.fstat(fdOf(fd)), options?.bigint === true); },
    *fchmod(fd, mode) { yield* core.fchmod(fdOf(fd), modeOf(mode)); },
    *fchown(fd, uid, gid) { yield* core.fchown(fdOf(fd), args.integerOf(uid, 'uid', -1, 4294967295), args.integerOf(gid, 'gid', -1, 4294967295)); },
    *ftruncate(fd, size) { yield* core.ftruncate(fdOf(fd), sizeOf(size)); },
    *futimes(fd, atime, mtime) {
        args.timeOf(atime);
        yield* core.futimes(fdOf(fd), args.timeOf(mtime));
    },
    *fsync(fd) { yield* core.fsync(fdOf(fd), 'fsync'); },
    *fdatasync(fd) { yield* core.fsync(fdOf(fd), 'fdatasync'); },
    *readv(fd, buffers, position) { return yield* core.readv(fdOf(fd), args.buffersOf(buffers), typeof position === 'number' ? position : null); },
    *writev(fd, buffers, position) { return yield* core.writev(fdOf(fd), args.buffersOf(buffers), typeof position === 'number' ? position : null); },
};

// fs.read and fs.write take their arguments in many ways: |rest| is what stands behind the buffer.
export function* read(fd, buffer, rest) {
    const bytes = args.bufferOf(buffer);
    const [offset, length, position] = rest.length <= 1 && (typeof rest[0] === 'object' || rest[0] === undefined) ? [rest[0]?.offset, rest[0]?.length, rest[0]?.position] : rest;
    return yield* core.read(fdOf(fd), args.partToFill(bytes, offset, length), args.positionOf(position));
}

export function* write(fd, data, rest) {
    if (typeof data === 'string') {
        const [position, encoding] = rest;
        return yield* core.write(fdOf(fd), args.dataOf(data, encoding ?? 'utf8'), typeof position === 'number' ? position : null);
    }
    const bytes = args.bufferOf(data, 'buffer', 'of type string or an instance of Buffer, TypedArray, or DataView');
    const [offset, length, position] = typeof rest[0] === 'object' && rest[0] !== null ? [rest[0].offset, rest[0].length, rest[0].position] : rest;
    return yield* core.write(fdOf(fd), args.partToSend(bytes, offset, length), typeof position === 'number' || typeof position === 'bigint' ? Number(position) : null);
}

export default { ...whole, ...looking, ...changing, ...withFd };
