// node.js, node_stream.js and node_fs.js: Node's modules, of ../node, unenv, readable-stream and path-browserify. What these ask of each
// other by Node's names is ours. Three scripts, as the others are large and seldom needed; what they share with the first they ask of that.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ours = path.join(path.dirname(fileURLToPath(import.meta.url)), '../node');
const OURS = { buffer: 'buffer.mjs', events: 'events.mjs', util: 'util.mjs', 'util/types': 'types.mjs', process: 'process.mjs', 'process/': 'process.cjs', async_hooks: 'async_hooks.mjs', stream: 'stream.mjs', timers: 'timers.mjs', 'timers/promises': 'timers.mjs', 'safe-buffer': 'buffer.mjs' };
const THEIRS = { path: 'path-browserify', querystring: 'unenv/node/querystring', 'string_decoder/': 'string_decoder', string_decoder: 'string_decoder' };

// Modules that a worker may import, but not use: the names of what they export are those that unenv knows.
const STUBS = [
    'child_process', 'cluster', 'dgram', 'dns', 'dns/promises', 'domain', 'http', 'http2', 'https', 'inspector', 'module', 'net', 'readline', 'readline/promises', 'repl',
    'sqlite', 'tls', 'trace_events', 'tty', 'v8', 'vm', 'wasi', 'worker_threads',
];

async function namesOfStubs(npm) {
    const names = {};
    for (const name of STUBS) {
        const module = await import(pathToFileURL(path.join(npm, `unenv/dist/runtime/node/${name}.mjs`)));
        names[name] = Object.keys(module).filter((key) => key !== 'default');
    }
    return names;
}

const SHARED = ['buffer', 'events', 'path', 'process', 'string_decoder', 'util'];
const ENTRIES = { 'node.js': 'index.mjs', 'node_stream.js': 'stream.mjs', 'node_fs.js': 'fs.mjs' };

export default async function bundle({ npm, esbuild, name: script }) {
    const isFirst = script === 'node.js';
    const stubs = isFirst ? await namesOfStubs(npm) : {};
    const resolver = {
        name: 'node',
        setup(build) {
            build.onResolve({ filter: /^[^.]/ }, async ({ path: wanted, importer, kind, pluginData }) => {
                const name = wanted.replace(/^node:/, '');
                if (pluginData === 'again' || kind === 'entry-point') return undefined;
                if (!isFirst && SHARED.includes(name.replace(/\/$/, ''))) return { path: name.replace(/\/$/, ''), namespace: 'first' };
                if (Object.hasOwn(OURS, name) && !(name === 'events' && importer.endsWith('/node/events.mjs'))) return { path: path.join(ours, OURS[name]) };
                if (name === 'mayfly:stubs') return { path: name, namespace: 'stubs' };
                if (name === 'abort-controller') return { path: 'abort-controller', namespace: 'none' };
                const target = Object.hasOwn(THEIRS, name) ? THEIRS[name] : name;
                if (path.isAbsolute(target)) return undefined;
                return build.resolve(target === 'string_decoder' ? './string_decoder' : target, { kind, resolveDir: npm.endsWith('node_modules') ? npm : path.join(npm, 'node_modules'), pluginData: 'again' });
            });
            build.onLoad({ filter: /.*/, namespace: 'first' }, ({ path: name }) => ({ contents: `module.exports = internals.lazy('node.js').load('${name}');` }));
            build.onLoad({ filter: /.*/, namespace: 'stubs' }, () => ({ contents: JSON.stringify(stubs), loader: 'json' }));
            build.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'export const { AbortController, AbortSignal } = globalThis;' }));
        },
    };
    const made = await esbuild.build({
        entryPoints: [path.join(ours, ENTRIES[script])], plugins: [resolver], nodePaths: [npm],
        bundle: true, write: false, format: 'iife', globalName: 'exported', charset: 'ascii', target: 'es2022', minifyWhitespace: true, minifySyntax: true, legalComments: 'inline',
    });
    // esbuild leaves tabs in strings as they are.
    return { text: `${made.outputFiles[0].text.replaceAll('\t', '\\t')}return exported;\n`, assets: {} };
}
