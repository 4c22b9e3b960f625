// disk.mjs - what the methods of `state` ask of a workspace, in their own words.
import { systemError } from '../node/fs_errors.mjs';
import { byName } from './tree.mjs';

const TOGETHER = 16; // files that are read side by side
const PAGE = 1000;
const AFTER_FILE = '9223372036854775806:'; // behind all lines of a file: where a search goes on with the next one

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

// Lexically, as @cloudflare/shell does: a path without a slash in front is one below the root, and nothing leads out of it.
export function resolve(path) {
    const names = [];
    for (const name of `${path}`.split('/')) {
        if (name === '..') names.pop();
        else if (name !== '' && name !== '.') names.push(name);
    }
    return `/${names.join('/')}`;
}

function bytesOf(content) {
    if (typeof content === 'string') return encoder.encode(content);
    if (ArrayBuffer.isView(content)) return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    throw new TypeError('The content must be a string or bytes.');
}

export function makeDisk(call, isRefusal, createHash) {
    async function ask(request, syscall) {
        try {
            return await call(request);
        } catch (error) {
            throw isRefusal(error) ? systemError(error.code, syscall, request.path ?? request.pattern, request.to, error.why) : error;
        }
    }
    async function* pages(request, syscall) {
        for (let after; after !== null;) {
            const page = await ask({ ...request, after }, syscall);
            yield page;
            after = page.next;
        }
    }

    const disk = {
        resolve, createHash,
        stat: (path, follow) => ask({ op: 'stat', path: resolve(path), follow }, follow ? 'stat' : 'lstat'),
        async statOrNull(path, follow) {
            try {
                return await disk.stat(path, follow);
            } catch (error) {
                if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
                throw error;
            }
        },
        exists: async (path) => (await disk.statOrNull(path, false)) !== null,
        read: (path) => ask({ op: 'read', path: resolve(path) }, 'open'),
        readAt: (path, offset, size) => ask({ op: 'read', path: resolve(path), offset, size }, 'open'),
        text: async (path) => decoder.decode(await disk.read(path)),
        async textOrNull(path) {
            try {
                return await disk.text(path);
            } catch (error) {
                if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
                throw error;
            }
        },
        write: async (path, content) => { await ask({ op: 'write', path: resolve(path), bytes: bytesOf(content), parents: true }, 'open'); },
        append: async (path, content) => { await ask({ op: 'append', path: resolve(path), bytes: bytesOf(content), parents: true }, 'open'); },
        async mkdir(path, recursive) {
            const at = resolve(path);
            if (at !== '/') await ask({ op: 'mkdir', path: at, parents: recursive }, 'mkdir');
        },
        rm: async (path, recursive, force) => { await ask({ op: 'rm', path: resolve(path), recursive, force }, 'rm'); },
        remove: (path) => disk.rm(path, false, true),
        async cp(from, to, recursive) {
            const source = resolve(from);
            if (!recursive && (await disk.stat(source, false)).type === 'directory') throw systemError('EISDIR', 'cp', source, undefined, 'is a directory');
            await ask({ op: 'cp', path: source, to: resolve(to), recursive, parents: true }, 'cp');
        },
        rename: async (from, to) => { await ask({ op: 'mv', path: resolve(from), to: resolve(to), parents: true }, 'rename'); },
        symlink: async (target, path) => { await ask({ op: 'symlink', path: resolve(path), target: `${target}`, parents: true }, 'symlink'); },
        readlink: (path) => ask({ op: 'readlink', path: resolve(path) }, 'readlink'),
        realpath: async (path) => (await ask({ op: 'stat', path: resolve(path), follow: true }, 'realpath')).path,
        async list(path) {
            const entries = [];
            for await (const page of pages({ op: 'list', path: resolve(path) }, 'scandir')) entries.push(...page.entries);
            return entries.sort((a, b) => byName(a.name, b.name));
        },
        async* find(search) {
            for await (const page of pages({ op: 'find', ...search }, 'find')) yield* page.entries;
        },
        async glob(pattern) {
            const entries = [];
            for await (const page of pages({ op: 'find', path: '/', glob: resolve(pattern).slice(1), count: PAGE }, 'glob')) entries.push(...page.entries);
            return entries;
        },
        // The files that |pattern| fits with |query| on one of their lines.
        async grep(pattern, query, ignoreCase) {
            const found = new Set();
            for (let after; after !== null;) {
                const page = await ask({ op: 'grep', path: '/', glob: resolve(pattern).slice(1), pattern: query, ignoreCase, after, count: PAGE }, 'grep');
                for (const { path } of [...page.matches, ...page.skipped]) found.add(path);
                const last = page.matches.at(-1)?.path;
                after = page.next !== null && last !== undefined && page.next.endsWith(`:${last}`) ? AFTER_FILE + last : page.next;
            }
            return [...found];
        },
        async batch(ops) {
            if (ops.length > 0) await ask({ op: 'batch', ops: ops.map(({ text, ...op }) => ({ ...op, path: resolve(op.path), ...(text === undefined ? {} : { bytes: encoder.encode(text) }) })) }, 'write');
        },
        // |fn| of each, some at a time; the first that fails ends it.
        async each(items, fn) {
            let next = 0;
            const work = async () => { while (next < items.length) await fn(items[next++]); };
            await Promise.all(Array.from({ length: Math.min(TOGETHER, items.length) }, work));
        },
    };
    return disk;
}
