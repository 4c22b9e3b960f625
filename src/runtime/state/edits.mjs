// edits.mjs - many files changed at once: replaceInFiles, planEdits, applyEdits. What is written goes to the daemon as one batch, so that
// all of it happens or nothing does.
import { unified } from './diff.mjs';
import * as json from './json.mjs';
import { replace } from './text.mjs';

export class StateBatchOperationError extends Error {
    constructor({ operation, message, rolledBack, rollbackError }) {
        super(message);
        this.name = 'StateBatchOperationError';
        this.operation = operation;
        this.rolledBack = rolledBack;
        this.rollbackError = rollbackError;
    }
}

// |writes|: {path, content}. One after the other when what went well shall stay.
async function writeAll(disk, operation, writes, { rollbackOnError = true } = {}) {
    try {
        if (rollbackOnError) {
            await disk.batch(writes.map(({ path, content }) => ({ op: 'write', path, text: content, parents: true })));
        } else {
            for (const { path, content } of writes) await disk.write(path, content);
        }
    } catch (error) {
        throw Object.assign(new StateBatchOperationError({ operation, message: error.message, rolledBack: rollbackOnError }), error.code === undefined ? {} : { code: error.code });
    }
}

const changeOf = (previous, content, path) => ({ path, changed: previous !== content, content, diff: previous === content ? '' : unified(previous ?? '', content, path, path) });

function resultOf(edits, dryRun) {
    return { dryRun, edits, totalChanged: edits.filter(({ changed }) => changed).length };
}

export async function applyEdits(disk, edits, options = {}) {
    const now = await textsOf(disk, edits.map(({ path }) => path));
    const results = [];
    for (const { path, content } of edits) {
        if (typeof content !== 'string') throw new TypeError(`state.applyEdits: the content for "${path}" is not a string.`);
        results.push(changeOf(now.get(path), content, path));
        now.set(path, content);
    }
    if (!options.dryRun) await writeAll(disk, 'applyEdits', results.filter(({ changed }) => changed), options);
    return resultOf(results, options.dryRun ?? false);
}

// What stands at each path: text, or null for nothing.
async function textsOf(disk, paths) {
    const texts = new Map();
    await disk.each([...new Set(paths)], async (path) => { texts.set(path, await disk.textOrNull(path)); });
    return texts;
}

function contentFor(instruction, previous) {
    const { kind, path } = instruction;
    if (kind === 'write') return instruction.content;
    if (kind === 'writeJson') return json.stringify(instruction.value, path, instruction.options?.spaces);
    if (kind !== 'replace') throw new Error(`Unknown kind of edit: ${String(kind)}`);
    if (previous === null) throw Object.assign(new Error(`ENOENT: no such file: ${path}`), { code: 'ENOENT' });
    return replace(previous, instruction.search, instruction.replacement, instruction.options).content;
}

// An instruction sees what those before it made of its file.
export async function planEdits(disk, instructions) {
    const now = await textsOf(disk, instructions.map(({ path }) => path));
    const edits = instructions.map((instruction) => {
        const { path } = instruction, previous = now.get(path);
        const content = contentFor(instruction, previous);
        now.set(path, content);
        return { instruction, ...changeOf(previous, content, path) };
    });
    return { edits, totalChanged: edits.filter(({ changed }) => changed).length, totalInstructions: edits.length };
}

export async function replaceInFiles(disk, paths, search, replacement, options = {}) {
    const found = new Map();
    await disk.each(paths, async (path) => {
        const current = await disk.text(path);
        const { replaced, content } = replace(current, search, replacement, options);
        if (replaced > 0) found.set(path, { path, replaced, content, diff: unified(current, content, path, path) });
    });
    const files = paths.filter((path) => found.has(path)).map((path) => found.get(path));
    if (!options.dryRun) await writeAll(disk, 'replaceInFiles', files, options);
    return { dryRun: options.dryRun ?? false, files, totalFiles: files.length, totalReplacements: files.reduce((sum, { replaced }) => sum + replaced, 0) };
}
