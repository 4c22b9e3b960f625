// fs_disk.mjs - the tree that node:fs sees: the workspaces of the run, each at its path.
/* global internals */
import { call, callSync, isRefusal as isRefused, mounts } from '../files/record.mjs';
import host from './host.mjs';

// Between the mounts there is nothing but the directories that lead to them.
class NotThere {
    constructor(code, why) {
        this.code = code;
        this.why = why;
    }
}

const absolute = (path) => {
    const names = (path.startsWith('/') ? path : `${host.cwd()}/${path}`).split('/').filter((name) => name !== '' && name !== '.');
    return `/${names.join('/')}`;
};

// The innermost mount that |path| is in, and the path there. A slash at the end is kept: it says that there must be a directory.
function placeOf(path) {
    if (path === '') throw new NotThere('ENOENT');
    if (mounts.length === 0) throw new NotThere('ENOSYS', 'no workspace is mounted');
    const full = absolute(path), end = path.endsWith('/') ? '/' : '';
    let best = -1;
    mounts.forEach((mount, i) => {
        const at = mount.path ?? '/';
        if ((at === '/' || full === at || full.startsWith(`${at}/`)) && (best < 0 || at.length > (mounts[best].path ?? '/').length)) best = i;
    });
    if (best < 0) return { mount: -1, path: full };
    const at = mounts[best].path ?? '/';
    return { mount: best, at: at === '/' ? '' : at, path: (at === '/' ? full : full.slice(at.length) || '/') + end };
}

const isReadOnly = (path) => mounts[placeOf(path).mount]?.mode === 'ro';

/* ---- above the mounts ---- */

const DIRECTORY = { type: 'directory', isNew: false, mode: 0o755, size: 0, id: 0, inodes: 2, revision: 0, changedMs: 0, createdMs: 0 };

// The names in a directory that leads to mounts; none: there is no such directory.
function namesAbove(path) {
    const front = path === '/' ? '/' : `${path}/`;
    return [...new Set(mounts.filter((mount) => mount.path?.startsWith(front)).map((mount) => mount.path.slice(front.length).split('/')[0]))].sort();
}

const LOOKS = ['stat', 'list', 'find', 'read', 'readlink'];

function above({ op }, path) {
    const names = namesAbove(path), parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (names.length === 0) throw new NotThere(LOOKS.includes(op) || namesAbove(parent).length === 0 ? 'ENOENT' : 'EROFS');
    const front = path === '/' ? '/' : `${path}/`;
    if (op === 'stat') return { ...DIRECTORY, path, name: path.slice(path.lastIndexOf('/') + 1) };
    if (op === 'list' || op === 'find') return { entries: names.map((name) => ({ ...DIRECTORY, name, path: front + name })), next: null };
    throw new NotThere(op === 'read' ? 'EISDIR' : op === 'readlink' ? 'EINVAL' : 'EROFS');
}

/* ---- requests ---- */

// The request as its mount has it; null: it has been answered.
function routed(request) {
    const place = placeOf(request.path);
    if (place.mount < 0) return { value: above(request, place.path) };
    const inner = { ...request, path: place.path };
    if (request.to !== undefined) {
        const to = placeOf(request.to);
        if (to.mount !== place.mount) throw new NotThere('EXDEV');
        inner.to = to.path;
    }
    if (request.after !== undefined) inner.after = request.after.slice(place.at.length);
    return { place, inner };
}

// Paths in answers are those of the whole tree.
function outer(value, { at }) {
    if (at === '' || value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
    const whole = (entry) => ({ ...entry, path: entry.path === '/' ? at : at + entry.path });
    if (value.entries !== undefined) return { entries: value.entries.map(whole), next: value.next === null ? null : at + value.next };
    return value.path === undefined ? value : whole(value);
}

export default {
    descriptorsMax: internals.constants.RUN_FILE_DESCRIPTORS_MAX,
    absolute, isReadOnly,
    isRefusal: (error) => error instanceof NotThere || isRefused(error),
    callSync(request) {
        if ('wait' in request) return request.wait;
        const { value, place, inner } = routed(request);
        return place === undefined ? value : outer(callSync(place.mount, inner), place);
    },
    async call(request) {
        if ('wait' in request) return request.wait;
        const { value, place, inner } = routed(request);
        return place === undefined ? value : outer(await call(place.mount, inner), place);
    },
};
