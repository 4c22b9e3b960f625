// fs_values.mjs - Stats, BigIntStats and Dirent.
import constants from './fs_constants.mjs';
import { textAs } from './fs_args.mjs';

const KINDS = { file: constants.S_IFREG, directory: constants.S_IFDIR, symlink: constants.S_IFLNK };
const BLOCK = 4096;
const DIRECTORY_BYTES = 4096; // as ext4 says; the workspace knows the sum of all below, which no program expects there

class StatsBase {
    #is(kind) { return (Number(this.mode) & constants.S_IFMT) === kind; }
    isDirectory() { return this.#is(constants.S_IFDIR); }
    isFile() { return this.#is(constants.S_IFREG); }
    isBlockDevice() { return false; }
    isCharacterDevice() { return false; }
    isSymbolicLink() { return this.#is(constants.S_IFLNK); }
    isFIFO() { return false; }
    isSocket() { return false; }
}

function fill(stats, found, as) {
    const size = found.type === 'directory' ? DIRECTORY_BYTES : found.size;
    stats.dev = as(1);
    stats.mode = as(KINDS[found.type] | found.mode);
    stats.nlink = as(1);
    stats.uid = as(0);
    stats.gid = as(0);
    stats.rdev = as(0);
    stats.blksize = as(BLOCK);
    stats.ino = as(found.id);
    stats.size = as(size);
    stats.blocks = as(Math.ceil(size / BLOCK) * (BLOCK / 512));
}

// A workspace knows two: when something was last changed, and when it was made.
function instants(stats, unit, changed, created) {
    for (const name of ['atime', 'mtime', 'ctime']) stats[name + unit] = changed;
    stats[`birthtime${unit}`] = created;
}

function times(stats, found) {
    for (const name of ['atime', 'mtime', 'ctime']) stats[name] = new Date(found.changedMs);
    stats.birthtime = new Date(found.createdMs);
}

export class Stats extends StatsBase {
    constructor(found) {
        super();
        if (found === undefined) return;
        fill(this, found, Number);
        instants(this, 'Ms', found.changedMs, found.createdMs);
        times(this, found);
    }
}

export class BigIntStats extends StatsBase {
    constructor(found) {
        super();
        fill(this, found, BigInt);
        const changed = BigInt(found.changedMs), created = BigInt(found.createdMs);
        instants(this, 'Ms', changed, created);
        instants(this, 'Ns', changed * 1000000n, created * 1000000n);
        times(this, found);
    }
}

export const statsOf = (found, isBig) => (isBig ? new BigIntStats(found) : new Stats(found));

export class Dirent {
    #type;
    constructor(name, parentPath, type) {
        this.name = name;
        this.parentPath = parentPath;
        this.path = parentPath;
        this.#type = type;
    }
    isDirectory() { return this.#type === 'directory'; }
    isFile() { return this.#type === 'file'; }
    isBlockDevice() { return false; }
    isCharacterDevice() { return false; }
    isSymbolicLink() { return this.#type === 'symlink'; }
    isFIFO() { return false; }
    isSocket() { return false; }
}

export const direntOf = (name, parentPath, type, encoding) => new Dirent(textAs(name, encoding), parentPath, type);
