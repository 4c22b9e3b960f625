// archive.mjs - createArchive, listArchive, extractArchive, compressFile, decompressFile, hashFile: files of any size pass in pieces.
import * as tar from './tar.mjs';
import { byName, walk } from './tree.mjs';

const PIECE_BYTES = 1048576; // of a file that are in memory at a time
const BATCH_BYTES = 4194304; // of small files that go to the daemon together
const BATCH_FILES = 500;

export async function* pieces(disk, path) {
    for (let at = 0; ;) {
        const bytes = await disk.readAt(path, at, PIECE_BYTES);
        if (bytes.length > 0) yield bytes;
        if (bytes.length < PIECE_BYTES) return;
        at += bytes.length;
    }
}

// Writes what |parts| yields. What does not fit into one piece grows beside its place, and takes it when it is whole.
async function writeParts(disk, path, parts) {
    let waiting = [], size = 0, total = 0, beside = null;
    const flush = async () => {
        beside ??= `${path}.${crypto.randomUUID()}.part`;
        await disk.append(beside, join(waiting, size));
        waiting = [];
        size = 0;
    };
    try {
        for await (const part of parts) {
            waiting.push(part);
            size += part.length;
            total += part.length;
            if (size >= PIECE_BYTES) await flush();
        }
        if (beside === null) {
            await disk.write(path, join(waiting, size));
        } else {
            if (size > 0) await flush();
            await disk.rename(beside, path);
        }
    } catch (error) {
        if (beside !== null) await disk.remove(beside).catch(() => {});
        throw error;
    }
    return total;
}

function join(parts, size) {
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

async function collect(disk, sources) {
    const entries = [];
    for (const source of sources) {
        const found = [];
        for await (const { path, entry } of walk(disk, source)) {
            found.push({ from: path, path: path.slice(1) || '.', type: entry.type, size: entry.type === 'file' ? entry.size : 0, mode: entry.mode, mtimeMs: entry.changedMs, target: entry.target });
        }
        const [root, ...below] = found;
        entries.push(root, ...below.sort((a, b) => byName(a.path.replaceAll('/', '\0'), b.path.replaceAll('/', '\0'))));
    }
    return entries;
}

async function* packed(disk, entries) {
    for (const entry of entries) {
        yield* tar.head(entry);
        if (entry.type !== 'file') continue;
        let size = 0;
        for await (const piece of pieces(disk, entry.from)) {
            size += piece.length;
            yield piece;
        }
        if (size !== entry.size) throw new Error(`${entry.from} was changed while it was packed.`);
        yield tar.tail(size);
    }
    yield tar.end();
}

export async function create(disk, path, sources) {
    const target = disk.resolve(path);
    const entries = (await collect(disk, sources)).filter(({ from }) => from !== target);
    const bytesWritten = await writeParts(disk, path, packed(disk, entries));
    return { path, entries: entries.map((entry) => ({ path: entry.path, type: entry.type, size: entry.size })), bytesWritten };
}

const entriesOf = (disk, path) => tar.entries((offset, size) => disk.readAt(path, offset, size));

export async function list(disk, path) {
    const found = [];
    for await (const entry of entriesOf(disk, path)) found.push({ path: entry.path, type: entry.type, size: entry.size });
    return found.sort((a, b) => byName(a.path, b.path));
}

async function* partOf(disk, path, { offset, size }) {
    for (let at = 0; at < size;) {
        const bytes = await disk.readAt(path, offset + at, Math.min(PIECE_BYTES, size - at));
        if (bytes.length === 0) throw Object.assign(new Error('EINVAL: not a tar archive: it is cut off'), { code: 'EINVAL' });
        at += bytes.length;
        yield bytes;
    }
}

export async function extract(disk, path, destination) {
    const entries = [];
    let ops = [], size = 0;
    const flush = async () => {
        await disk.batch(ops);
        ops = [];
        size = 0;
    };
    for await (const entry of entriesOf(disk, path)) {
        const to = disk.resolve(`${destination}/${entry.path}`);
        entries.push({ path: entry.path, type: entry.type, size: entry.size });
        if (entry.size > PIECE_BYTES) {
            await flush();
            await writeParts(disk, to, partOf(disk, path, entry));
            continue;
        }
        if (entry.type === 'directory') ops.push({ op: 'mkdir', path: to, parents: true });
        else if (entry.type === 'symlink') ops.push({ op: 'rm', path: to, force: true }, { op: 'symlink', path: to, target: entry.target, parents: true });
        else ops.push({ op: 'write', path: to, bytes: join(await Array.fromAsync(partOf(disk, path, entry)), entry.size), parents: true });
        size += entry.size;
        if (size >= BATCH_BYTES || ops.length >= BATCH_FILES) await flush();
    }
    await flush();
    return { destination, entries };
}

/* ---- gzip, hashes ---- */

async function pass(disk, path, destination, transform) {
    const source = ReadableStream.from(pieces(disk, path));
    const bytesWritten = await writeParts(disk, destination, source.pipeThrough(transform));
    return { path, destination, bytesWritten };
}

export const compress = (disk, path, destination = `${path}.gz`) => pass(disk, path, destination, new CompressionStream('gzip'));
export const decompress = (disk, path, destination = path.replace(/\.gz$/i, '')) => pass(disk, path, destination, new DecompressionStream('gzip'));

export async function hash(disk, path, { algorithm = 'sha256' } = {}) {
    if (!['md5', 'sha1', 'sha256'].includes(algorithm)) throw new Error(`Unknown hash algorithm: ${String(algorithm)}`);
    const state = disk.createHash(algorithm);
    for await (const piece of pieces(disk, path)) state.update(piece);
    return state.digest('hex');
}
