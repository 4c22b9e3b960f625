// fs_cp.mjs - fs.cp. A tree that is copied as it is costs one operation; what is filtered, merged, or has links that are made absolute is
// gone through, as Node does it.
import path from 'path';
import { invalidType } from './errors.mjs';
import { booleanOf, integerOf, objectOf } from './fs_args.mjs';
import * as core from './fs_core.mjs';
import constants from './fs_constants.mjs';
import disk from './fs_disk.mjs';
import { checkError } from './fs_errors.mjs';

const DEFAULTS = { dereference: false, errorOnExist: false, filter: undefined, force: true, preserveTimestamps: false, recursive: false, verbatimSymlinks: false };

function optionsOf(options) {
    const found = objectOf(options, DEFAULTS);
    for (const name of ['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks']) booleanOf(found[name], `options.${name}`);
    found.mode = found.mode === undefined ? 0 : integerOf(found.mode, 'mode', 0, 7);
    if (found.filter !== undefined && typeof found.filter !== 'function') throw invalidType('options.filter', 'of type function', found.filter);
    return found;
}

const isInside = (parent, child) => child === parent || child.startsWith(parent === '/' ? '/' : `${parent}/`);

// What stands at both ends; throws what cannot be.
function* check(from, to, options) {
    const source = yield* core.stat(from, options.dereference, options.dereference ? 'stat' : 'lstat');
    const target = yield* core.statOrNull(to, options.dereference, options.dereference ? 'stat' : 'lstat');
    if (target !== null) {
        if (target.path === source.path) throw checkError('ERR_FS_CP_EINVAL', 'EINVAL', 'cp', to, 'src and dest cannot be the same');
        if (source.type === 'directory' && target.type !== 'directory') throw checkError('ERR_FS_CP_DIR_TO_NON_DIR', 'EISDIR', 'cp', to, `cannot overwrite non-directory ${to} with directory ${from}`);
        if (source.type !== 'directory' && target.type === 'directory') throw checkError('ERR_FS_CP_NON_DIR_TO_DIR', 'ENOTDIR', 'cp', to, `cannot overwrite directory ${to} with non-directory ${from}`);
    }
    if (source.type === 'directory' && isInside(disk.absolute(from), disk.absolute(to))) {
        throw checkError('ERR_FS_CP_EINVAL', 'EINVAL', 'cp', to, `cannot copy ${from} to a subdirectory of self ${to}`);
    }
    return { source, target };
}

function* copyFile(from, to, source, target, options) {
    if (target !== null) {
        if (!options.force) {
            if (options.errorOnExist) throw checkError('ERR_FS_CP_EEXIST', 'EEXIST', 'cp', to, `${to} already exists`);
            return;
        }
        yield* core.unlink(to);
    }
    yield* core.copyFile(from, to, options.mode & ~constants.COPYFILE_EXCL);
    if (options.preserveTimestamps) yield* core.utimes(to, source.changedMs);
}

function* copyLink(from, to, target, options) {
    let leads = yield* core.readlink(from);
    if (!options.verbatimSymlinks && !path.isAbsolute(leads)) leads = path.resolve(path.dirname(disk.absolute(from)), leads);
    if (target !== null) yield* core.unlink(to);
    yield* core.symlink(leads, to);
}

function* wants(from, to, { filter }) {
    if (filter === undefined) return true;
    const answer = filter(from, to);
    return yield { wait: answer };
}

function* copyAll(from, to, options) {
    if (!(yield* wants(from, to, options))) return;
    const { source, target } = yield* check(from, to, options);
    if (source.type === 'symlink') {
        yield* copyLink(from, to, target, options);
    } else if (source.type === 'file') {
        yield* copyFile(from, to, source, target, options);
    } else {
        if (!options.recursive) throw checkError('ERR_FS_EISDIR', 'EISDIR', 'cp', from, `${from} is a directory (not copied)`);
        if (target === null) yield* core.ask({ op: 'mkdir', path: to, mode: source.mode }, 'mkdir', to);
        for (const { name } of yield* core.list(from)) yield* copyAll(path.join(from, name), path.join(to, name), options);
    }
}

function* hasLinks(from) {
    const page = yield* core.ask({ op: 'find', path: from, types: ['symlink'], count: 1 }, 'scandir', from);
    return page.entries.length > 0 || page.next !== null;
}

export function* cp(from, to, given) {
    const options = optionsOf(given);
    const { source, target } = yield* check(from, to, options);
    const parent = path.dirname(disk.absolute(to));
    if (options.filter === undefined || (yield* wants(from, to, options))) {
        if (parent !== '/') yield* core.mkdir(parent, true, 0o777);
    }
    const isPlain = source.type === 'directory' && target === null && options.recursive && options.filter === undefined && !options.dereference;
    if (isPlain && (options.verbatimSymlinks || !(yield* hasLinks(from)))) {
        yield* core.ask({ op: 'cp', path: from, to, recursive: true }, 'cp', from, to);
    } else {
        yield* copyAll(from, to, options);
    }
}
