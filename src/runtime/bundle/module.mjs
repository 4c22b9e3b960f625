// What bundles of ES modules share: |exports| names what is taken from npm; the script returns it as one object. Notices of licence
// stay in the text.
import path from 'node:path';

export async function bundleOf({ npm, esbuild }, exports) {
    const made = await esbuild.build({
        stdin: { contents: exports, resolveDir: path.dirname(npm) },
        bundle: true, write: false, format: 'iife', globalName: 'exported', charset: 'ascii', target: 'es2022',
        minifyWhitespace: true, minifySyntax: true, legalComments: 'inline',
    });
    return { text: `${made.outputFiles[0].text}return exported;\n`, assets: {} };
}
