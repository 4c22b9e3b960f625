// methods.mjs - the names of `state`, what each takes, and the two ways to call them: one object, or one argument after the other.
// Names, parameters and results are those of @cloudflare/shell 0.4.3.
/* global internals */
import * as archive from './archive.mjs';
import { DETECT_BYTES, detect } from './detect.mjs';
import { makeDisk } from './disk.mjs';
import { unified } from './diff.mjs';
import * as edits from './edits.mjs';
import * as json from './json.mjs';
import { matcherOf, replace, search } from './text.mjs';
import * as trees from './tree.mjs';
import { call, isRefusal } from '../files/record.mjs';

const PARAMETERS = {
    getCapabilities: '', readFile: 'path', readFileBytes: 'path', writeFile: 'path content', writeFileBytes: 'path content', appendFile: 'path content', readJson: 'path', writeJson: 'path value options?',
    queryJson: 'path query', updateJson: 'path operations', exists: 'path', stat: 'path', lstat: 'path', mkdir: 'path options?', readdir: 'path', readdirWithFileTypes: 'path', find: 'path options?',
    walkTree: 'path options?', summarizeTree: 'path options?', searchText: 'path query options?', searchFiles: 'pattern query options?', replaceInFile: 'path search replacement options?',
    replaceInFiles: 'pattern search replacement options?', rm: 'path options?', cp: 'src dest options?', mv: 'src dest options?', symlink: 'target linkPath', readlink: 'path', realpath: 'path',
    resolvePath: 'base path', glob: 'pattern', diff: 'pathA pathB', diffContent: 'path newContent', createArchive: 'path sources', listArchive: 'path', extractArchive: 'path destination',
    compressFile: 'path destination?', decompressFile: 'path destination?', hashFile: 'path options?', detectFile: 'path', removeTree: 'path', copyTree: 'src dest', moveTree: 'src dest',
    planEdits: 'instructions', applyEditPlan: 'plan options?', applyEdits: 'edits options?',
};

const statOf = (entry) => ({ type: entry.type, size: trees.sizeOf(entry), mtime: new Date(entry.changedMs), mode: entry.mode });

async function orNull(promise) {
    const entry = await promise;
    return entry === null ? null : statOf(entry);
}

function isDirectoryError(what, path) {
    return Object.assign(new Error(`EISDIR: cannot ${what} directory without recursive: ${path}`), { code: 'EISDIR' });
}

// The files that |pattern| fits and that may have what is searched for: of a text that stands on one line the daemon tells which do.
async function filesWith(disk, pattern, query, options = {}) {
    matcherOf(query, options);
    if (options.regex || query.includes('\n')) return (await disk.glob(pattern)).filter(({ type }) => type === 'file').map(({ path }) => path);
    return disk.grep(pattern, query, options.caseSensitive === false);
}

function fileMethods(disk) {
    return {
        getCapabilities: async () => ({ chmod: true, utimes: true, hardLinks: false }),
        readFile: (path) => disk.text(path),
        readFileBytes: (path) => disk.read(path),
        writeFile: (path, content) => disk.write(path, `${content}`),
        writeFileBytes: (path, content) => disk.write(path, content instanceof ArrayBuffer ? new Uint8Array(content) : content),
        appendFile: (path, content) => disk.append(path, content),
        exists: (path) => disk.exists(path),
        stat: (path) => orNull(disk.statOrNull(path, true)),
        lstat: (path) => orNull(disk.statOrNull(path, false)),
        mkdir: (path, options) => disk.mkdir(path, options?.recursive === true),
        readdir: async (path) => (await disk.list(path)).map(({ name }) => name),
        readdirWithFileTypes: async (path) => (await disk.list(path)).map(({ name, type }) => ({ name, type })),
        rm: (path, options) => disk.rm(path, options?.recursive === true, options?.force === true),
        cp: (src, dest, options) => disk.cp(src, dest, options?.recursive === true),
        async mv(src, dest, options) {
            if (options?.recursive !== true && (await disk.stat(src, true)).type === 'directory') throw isDirectoryError('move', src);
            await disk.rename(src, dest);
        },
        symlink: (target, linkPath) => disk.symlink(target, linkPath),
        readlink: (path) => disk.readlink(path),
        realpath: (path) => disk.realpath(path),
        resolvePath: async (base, path) => disk.resolve(path.startsWith('/') ? path : `${base}/${path}`),
        glob: async (pattern) => (await disk.glob(pattern)).map(({ path }) => path).sort(trees.byName),
        removeTree: (path) => disk.rm(path, true, true),
        copyTree: (src, dest) => disk.cp(src, dest, true),
        moveTree: (src, dest) => disk.rename(src, dest),
    };
}

function textMethods(disk) {
    const methods = {
        readJson: async (path) => json.parse(await disk.text(path), path),
        writeJson: (path, value, options) => disk.write(path, json.stringify(value, path, options?.spaces)),
        queryJson: async (path, query) => json.query(await methods.readJson(path), query),
        async updateJson(path, operations) {
            const before = await methods.readJson(path);
            const value = json.update(before, operations);
            const was = json.stringify(before, path), content = json.stringify(value, path);
            await disk.write(path, content);
            return { value, content, diff: unified(was, content, path, path), operationsApplied: operations.length };
        },
        searchText: async (path, query, options) => search(await disk.text(path), query, options),
        async searchFiles(pattern, query, options) {
            const paths = await filesWith(disk, pattern, query, options);
            const found = new Map();
            await disk.each(paths, async (path) => { found.set(path, search(await disk.text(path), query, options)); });
            return paths.map((path) => ({ path, matches: found.get(path) })).filter(({ matches }) => matches.length > 0);
        },
        async replaceInFile(path, query, replacement, options) {
            const result = replace(await disk.text(path), query, replacement, options);
            if (result.replaced > 0) await disk.write(path, result.content);
            return result;
        },
        replaceInFiles: async (pattern, query, replacement, options) =>
            edits.replaceInFiles(disk, await filesWith(disk, pattern, query, options), query, replacement, options),
        async diff(pathA, pathB) {
            const [a, b] = await Promise.all([disk.text(pathA), disk.text(pathB)]);
            return unified(a, b, pathA, pathB);
        },
        diffContent: async (path, newContent) => unified(await disk.text(path), `${newContent}`, path, path),
        planEdits: (instructions) => edits.planEdits(disk, instructions),
        applyEditPlan: (plan, options) => edits.applyEdits(disk, plan.edits, options),
        applyEdits: (list, options) => edits.applyEdits(disk, list, options),
    };
    return methods;
}

function treeMethods(disk) {
    return {
        find: (path, options) => trees.find(disk, path, options),
        walkTree: (path, options) => trees.tree(disk, path, options),
        summarizeTree: (path, options) => trees.summary(disk, path, options),
        createArchive: (path, sources) => archive.create(disk, path, sources),
        listArchive: (path) => archive.list(disk, path),
        extractArchive: (path, destination) => archive.extract(disk, path, destination),
        compressFile: (path, destination) => archive.compress(disk, path, destination),
        decompressFile: (path, destination) => archive.decompress(disk, path, destination),
        hashFile: (path, options) => archive.hash(disk, path, options),
        detectFile: async (path) => detect(path, await disk.readAt(path, 0, DETECT_BYTES)),
    };
}

/* ---- how they are called ---- */

const nameOf = (parameter) => parameter.replace('?', '');
const isPlain = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer) && !(value instanceof Date);

function argumentsOf(method, parameters, args) {
    const names = parameters.map(nameOf);
    const [first] = args;
    const isObject = args.length === 1 && isPlain(first) && Object.keys(first).length > 0 && Object.keys(first).every((key) => names.includes(key));
    const given = isObject ? names.map((name) => (Object.hasOwn(first, name) ? first[name] : undefined)) : args;
    parameters.forEach((parameter, i) => {
        if (!parameter.endsWith('?') && given[i] === undefined) {
            throw new Error(`state.${method}: missing required parameter "${parameter}" \u2014 expected state.${method}({ ${parameters.join(', ')} })`);
        }
    });
    return given;
}

// An object of its own for each caller; a program may put functions of its own on it.
function makeState(disk) {
    const made = { ...fileMethods(disk), ...textMethods(disk), ...treeMethods(disk) };
    const state = Object.create(null);
    for (const [method, text] of Object.entries(PARAMETERS)) {
        const parameters = text === '' ? [] : text.split(' ');
        state[method] = { async [method](...args) { return made[method](...argumentsOf(method, parameters, args)); } }[method];
    }
    return state;
}

// For the workspace that stands there in the list of the run's.
export function open(mount) {
    // Node's modules take longer to load than all of this, and few programs ask for a hash.
    const createHash = (algorithm) => internals.lazy('node.js').load('crypto').createHash(algorithm);
    return makeState(makeDisk((request) => call(mount, request), isRefusal, createHash));
}
