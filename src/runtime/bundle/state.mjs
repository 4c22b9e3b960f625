// state.js: the methods of `state`, of ../state.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ours = path.join(path.dirname(fileURLToPath(import.meta.url)), '../state');

export default async function bundle({ esbuild }) {
    const made = await esbuild.build({
        entryPoints: [path.join(ours, 'methods.mjs')],
        bundle: true, write: false, format: 'iife', globalName: 'exported', charset: 'ascii', target: 'es2022', minifyWhitespace: true, minifySyntax: true, legalComments: 'inline',
    });
    // esbuild leaves tabs in strings as they are.
    return { text: `${made.outputFiles[0].text.replaceAll('\t', '\\t')}return exported;\n`, assets: {} };
}
