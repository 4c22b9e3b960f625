// html.js: what HTMLRewriter works with, of ../html, parse5's tokenizer and css-what's parser of selectors.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ours = path.join(path.dirname(fileURLToPath(import.meta.url)), '../html');

// The simulator of the tree builder's feedback is not among the names that its package exports; entities/decode is replaced.
const resolver = (npm) => ({
    name: 'html',
    setup(build) {
        build.onResolve({ filter: /^parse5-sax-parser\/parser-feedback-simulator$/ }, () => ({ path: path.join(npm, 'parse5-sax-parser/dist/parser-feedback-simulator.js') }));
        build.onResolve({ filter: /^entities\/decode$/ }, () => ({ path: path.join(ours, 'references.mjs') }));
    },
});

export default async function bundle({ npm, esbuild }) {
    const made = await esbuild.build({
        entryPoints: [path.join(ours, 'rewriter.mjs')], plugins: [resolver(npm)], nodePaths: [npm],
        bundle: true, write: false, format: 'iife', globalName: 'exported', charset: 'ascii', target: 'es2022', minifyWhitespace: true, minifySyntax: true, legalComments: 'inline',
    });
    // esbuild leaves tabs in strings as they are.
    return { text: `${made.outputFiles[0].text.replaceAll('\t', '\\t')}return exported;\n`, assets: {} };
}
