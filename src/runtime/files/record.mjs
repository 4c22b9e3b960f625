// record.mjs - requests to a workspace as bytes, and the answers as objects: the other end of src/api/files_record.h. A request is a plain
// object with `op`; call() promises its value, callSync() gives it at once. What the daemon refuses is a Refusal of ../js/workspace.js.
/* global internals */
const workspace = internals.lazy('workspace.js');
const { isRefusal, mounts } = workspace;
const PIECE_BYTES = internals.constants.WORKSPACE_PIECE_BYTES; // of a file at a time

export { isRefusal, mounts };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const STAT = 1, READ = 2, FIND = 3, GREP = 4, UPLOAD_BEGIN = 5, UPLOAD_WRITE = 6, UPLOAD_CANCEL = 7;
const CHANGES = { mkdir: 16, rm: 17, mv: 18, cp: 19, symlink: 20, write: 21, patch: 22, append: 22, truncate: 23, chmod: 25, utime: 26 };
const PARENTS = 1, RECURSIVE = 2, FORCE = 4, EXCLUSIVE = 8, EXISTING = 16, APPEND = 32, NOFOLLOW = 64, ONLY_FILE = 128, ONLY_DIRECTORY = 256;
const MODE_DEFAULT = 0xffffffff;
const TYPES = ['', 'file', 'directory', 'symlink']; // enum mf_inode_kind of store_fs.h
const HEAD_BYTES = 40;
const NONE = new Uint8Array(0);

const refusal = (code) => workspace.refusal(code);

/* ---- requests ------------------------------------------------------------------------------- */

const textOf = (text) => (text === undefined ? NONE : encoder.encode(text));

function record({ kind, flags = 0, mode = 0, offset = 0, size = 0, count = 0, path, to, bytes = NONE }) {
    const texts = [textOf(path), textOf(to), bytes];
    const made = new Uint8Array(texts.reduce((sum, text) => sum + text.length, HEAD_BYTES));
    const view = new DataView(made.buffer);
    view.setUint8(0, kind);
    view.setUint16(2, flags, true);
    view.setUint32(4, mode, true);
    view.setBigUint64(8, BigInt(offset), true);
    view.setBigUint64(16, BigInt(size), true);
    view.setUint32(24, count, true);
    let at = HEAD_BYTES;
    texts.forEach((text, i) => {
        view.setUint32(28 + 4 * i, text.length, true);
        made.set(text, at);
        at += text.length;
    });
    return made;
}

function change({ op, path, to, target, bytes, mode, offset, size, timeMs, upload, parents, recursive, force, exclusive, existing, follow, only }) {
    const flags = (parents ? PARENTS : 0) | (recursive ? RECURSIVE : 0) | (force ? FORCE : 0) | (exclusive ? EXCLUSIVE : 0) | (existing ? EXISTING : 0) | (op === 'append' ? APPEND : 0) |
        (follow === false ? NOFOLLOW : 0) | (only === 'file' ? ONLY_FILE : only === 'directory' ? ONLY_DIRECTORY : 0);
    return record({ kind: CHANGES[op], flags, mode: mode ?? MODE_DEFAULT, offset, size: size ?? timeMs ?? upload ?? 0, path, to: to ?? target, bytes });
}

function search({ path, after, count = 1000, levels = 0, types = [], sizeMin = 0, sizeMax = 0, glob = '', name = '', pattern = '', ignoreCase = false }, kind) {
    const texts = [glob, name, pattern].map((text) => encoder.encode(text));
    const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 2 + text.length, 0));
    let at = 0;
    for (const text of texts) {
        if (text.length > 65535) throw refusal('ENAMETOOLONG');
        new DataView(bytes.buffer).setUint16(at, text.length, true);
        bytes.set(text, at + 2);
        at += 2 + text.length;
    }
    const kinds = types.reduce((mask, type) => mask | 1 << TYPES.indexOf(type), 0);
    return record({ kind, flags: kinds | (ignoreCase ? 0x8000 : 0), mode: levels, offset: sizeMin, size: sizeMax, count, path, to: after, bytes });
}

function joined(parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/* ---- answers -------------------------------------------------------------------------------- */

class Reader {
    #view;
    #at = 0;
    constructor(bytes) {
        this.bytes = bytes;
        this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    get isOver() { return this.#at >= this.bytes.length; }
    rest() { return this.bytes.subarray(this.#at); }
    number() {
        this.#at += 8;
        return this.#view.getUint32(this.#at - 8, true) + this.#view.getUint32(this.#at - 4, true) * 2 ** 32;
    }
    text() {
        const size = this.#view.getUint32(this.#at, true);
        this.#at += 4 + size;
        return decoder.decode(this.bytes.subarray(this.#at - size, this.#at));
    }
    entry() {
        const kind = this.#view.getUint8(this.#at), isNew = this.#view.getUint8(this.#at + 1) === 1, mode = this.#view.getUint32(this.#at + 4, true);
        this.#at += 8;
        const size = this.number(), id = this.number(), inodes = this.number(), revision = this.number(), changedMs = this.number(), createdMs = this.number();
        const path = this.text(), target = this.text();
        const type = TYPES[kind];
        return { type, isNew, mode, size, id, inodes, revision, changedMs, createdMs, path, name: path.slice(path.lastIndexOf('/') + 1), ...(type === 'symlink' ? { target } : {}) };
    }
}

function pageOf(bytes) {
    const reader = new Reader(bytes), next = reader.text(), entries = [];
    while (!reader.isOver) entries.push(reader.entry());
    return { entries, next: next === '' ? null : next };
}

function linesOf(bytes) {
    const reader = new Reader(bytes), next = reader.text(), matches = [], skipped = [];
    while (!reader.isOver) {
        const line = reader.number(), path = reader.text();
        (line === 0 ? skipped : matches).push({ path, line });
    }
    return { matches, skipped, next: next === '' ? null : next };
}

/* ---- what takes more than one question: generators of questions, so that both forms can wait for them --- */

const TRIES = 5; // readings of a large file that somebody else replaces meanwhile

function* readAll(path) {
    for (let tries = 1; ; tries++) {
        const parts = [];
        let first = null, total = 0;
        for (;;) {
            const reader = new Reader(yield record({ kind: READ, path, offset: total, size: PIECE_BYTES }));
            const entry = reader.entry(), bytes = reader.rest();
            first ??= entry;
            if (entry.id !== first.id || entry.revision !== first.revision) break;
            parts.push(bytes);
            total += bytes.length;
            if (total >= entry.size || bytes.length === 0) return parts.length === 1 ? bytes.slice() : joined(parts);
        }
        if (tries === TRIES) throw refusal('EBUSY');
    }
}

function* readSome(path, offset, size) {
    const parts = [];
    for (let total = 0; total < size;) {
        const reader = new Reader(yield record({ kind: READ, path, offset: offset + total, size: Math.min(size - total, PIECE_BYTES) }));
        reader.entry();
        const bytes = reader.rest();
        parts.push(bytes);
        total += bytes.length;
        if (bytes.length < PIECE_BYTES) break;
    }
    return parts.length === 1 ? parts[0] : joined(parts);
}

// A file that does not fit into one question comes piece by piece, and takes its place whole.
function* writeLarge(request) {
    const { bytes } = request;
    const upload = new Reader(yield record({ kind: UPLOAD_BEGIN })).number();
    try {
        for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield record({ kind: UPLOAD_WRITE, offset: upload, bytes: bytes.subarray(at, at + PIECE_BYTES) });
        return new Reader(yield change({ ...request, bytes: NONE, upload })).entry();
    } catch (error) {
        try {
            yield record({ kind: UPLOAD_CANCEL, offset: upload });
        } catch { /* It ends with the run. */ }
        throw error;
    }
}

// The rest of what does not fit into one question: at the end, or at a place.
function* writeOn(request) {
    const { bytes } = request;
    let entry = null;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        entry = new Reader(yield change({ ...request, bytes: bytes.subarray(at, at + PIECE_BYTES), offset: (request.offset ?? 0) + at })).entry();
    }
    return entry;
}

function* batch(ops) {
    const reader = new Reader(yield joined(ops.map(change)));
    return ops.map(() => reader.entry());
}

function* steps(request) {
    const { op, path } = request;
    switch (op) {
        case 'stat': return new Reader(yield record({ kind: STAT, flags: request.follow === false ? 0 : 1, path })).entry();
        case 'readlink': {
            const entry = new Reader(yield record({ kind: STAT, path })).entry();
            if (entry.type !== 'symlink') throw refusal('EINVAL');
            return entry.target;
        }
        case 'read': return request.size === undefined && (request.offset ?? 0) === 0 ? yield* readAll(path) : yield* readSome(path, request.offset, request.size ?? Number.MAX_SAFE_INTEGER);
        case 'list': return pageOf(yield search({ ...request, levels: 1 }, FIND));
        case 'find': return pageOf(yield search(request, FIND));
        case 'grep': return linesOf(yield search(request, GREP));
        case 'batch': return yield* batch(request.ops);
        default:
            if (request.bytes?.length > PIECE_BYTES) return op === 'write' ? yield* writeLarge(request) : yield* writeOn(request);
            return new Reader(yield change(request)).entry();
    }
}

export async function call(mount, request) {
    const questions = steps(request);
    for (let step = questions.next(); ;) {
        if (step.done) return step.value;
        let answer;
        try {
            answer = await workspace.ask(mount, step.value);
        } catch (error) {
            step = questions.throw(error);
            continue;
        }
        step = questions.next(answer);
    }
}

export function callSync(mount, request) {
    const questions = steps(request);
    for (let step = questions.next(); ;) {
        if (step.done) return step.value;
        let answer;
        try {
            answer = workspace.askNow(mount, step.value);
        } catch (error) {
            step = questions.throw(error);
            continue;
        }
        step = questions.next(answer);
    }
}
