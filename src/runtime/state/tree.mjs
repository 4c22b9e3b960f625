// tree.mjs - find, walkTree, summarizeTree: what the daemon's search finds below a directory, a thousand entries at a time.
import { matcherOf } from './glob.mjs';

const PAGE = 1000;

const join = (root, path) => (root === '/' ? `/${path}` : `${root}/${path}`);
const nameOf = (path) => (path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1));
export const sizeOf = (entry) => (entry.type === 'directory' ? 0 : entry.size);
export const byName = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// The directory itself, then what is below it, directories before what is in them: {path, depth, entry}.
export async function* walk(disk, root, { maxDepth = Infinity, ...filter } = {}) {
    const path = disk.resolve(root);
    const entry = await disk.stat(path, false);
    yield { path, depth: 0, entry };
    if (entry.type !== 'directory' || maxDepth < 1) return;
    const base = entry.path === '/' ? 1 : entry.path.length + 1; // |path| may lead through links
    for await (const found of disk.find({ path, count: PAGE, levels: Number.isFinite(maxDepth) ? maxDepth : 0, ...filter })) {
        const below = found.path.slice(base);
        yield { path: join(path, below), depth: below.split('/').length, entry: found };
    }
}

// What the daemon can leave out before it answers; `isWanted` looks at all of it again.
function filterOf({ name, type, sizeMin, sizeMax }) {
    const types = type === undefined ? [] : Array.isArray(type) ? type : [type];
    const isOfFiles = types.length > 0 && !types.includes('directory');
    return {
        ...(name === undefined ? {} : { name }), ...(types.length === 0 ? {} : { types }),
        ...(isOfFiles && sizeMin !== undefined ? { sizeMin } : {}), ...(isOfFiles && sizeMax ? { sizeMax } : {}),
    };
}

function wishOf(options) {
    const types = options.type === undefined ? null : new Set([options.type].flat());
    const path = options.pathPattern === undefined ? null : matcherOf(options.pathPattern);
    const name = options.name === undefined ? null : matcherOf(options.name);
    const time = (value) => (value === undefined || value === null || value === '' ? null : new Date(value).getTime());
    const after = time(options.mtimeAfter), before = time(options.mtimeBefore);
    return (found) => {
        const { entry } = found, size = sizeOf(entry);
        return found.depth >= (options.minDepth ?? 0) && (types === null || types.has(entry.type)) && (path === null || path.test(found.path)) && (name === null || name.test(nameOf(found.path))) &&
            (options.sizeMin === undefined || size >= options.sizeMin) && (options.sizeMax === undefined || size <= options.sizeMax) &&
            (after === null || entry.changedMs > after) && (before === null || entry.changedMs < before) &&
            (options.empty !== true || (entry.type === 'directory' ? entry.inodes === 1 : size === 0));
    };
}

export async function find(disk, root, options = {}) {
    const isWanted = wishOf(options);
    const found = [];
    if (!(await disk.exists(root))) return found;
    for await (const one of walk(disk, root, { maxDepth: options.maxDepth, ...filterOf(options) })) {
        if (isWanted(one)) {
            found.push({ path: one.path, name: nameOf(one.path), type: one.entry.type, depth: one.depth, size: sizeOf(one.entry), mtime: new Date(one.entry.changedMs) });
        }
    }
    return found;
}

export async function tree(disk, root, { maxDepth = Infinity } = {}) {
    const open = []; // the node of each depth on the way here
    for await (const { path, depth, entry } of walk(disk, root, { maxDepth })) {
        const node = { path, name: nameOf(path), type: entry.type, size: sizeOf(entry) };
        if (entry.type === 'directory' && depth < maxDepth) node.children = [];
        open[depth] = node;
        if (depth > 0) open[depth - 1].children.push(node);
    }
    sortChildren(open[0]);
    return open[0];
}

function sortChildren(node) {
    node.children?.sort((a, b) => byName(a.name, b.name));
    node.children?.forEach(sortChildren);
}

export async function summary(disk, root, { maxDepth } = {}) {
    const sum = { files: 0, directories: 0, symlinks: 0, totalBytes: 0, maxDepth: 0 };
    for await (const { depth, entry } of walk(disk, root, { maxDepth })) {
        sum.maxDepth = Math.max(sum.maxDepth, depth);
        sum[{ file: 'files', directory: 'directories', symlink: 'symlinks' }[entry.type]]++;
        if (entry.type === 'file') sum.totalBytes += entry.size;
    }
    return sum;
}
