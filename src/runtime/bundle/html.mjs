// html.js: what HTMLRewriter works with, of ../html, with what parse5 knows of foreign elements and css-what's parser of selectors.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ours = path.join(path.dirname(fileURLToPath(import.meta.url)), '../html');

export default async function bundle({ npm, esbuild }) {
    const made = await esbuild.build({
        entryPoints: [path.join(ours, 'rewriter.mjs')], nodePaths: [npm],
        bundle: true, write: false, format: 'iife', globalName: 'exported', charset: 'ascii', target: 'es2022', minifyWhitespace: true, minifySyntax: true, legalComments: 'inline',
    });
    // esbuild leaves tabs in strings as they are.
    return { text: `${made.outputFiles[0].text.replaceAll('\t', '\\t')}return exported;\n`, assets: {} };
}
