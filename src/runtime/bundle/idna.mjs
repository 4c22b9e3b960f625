// idna.js: tr46's toASCII as one script. Returns {toASCII}.
import path from 'node:path';

export default async function bundle({ npm, esbuild }) {
    const result = await esbuild.build({
        stdin: { contents: "import { toASCII } from 'tr46'; export { toASCII };", resolveDir: path.dirname(npm) },
        nodePaths: [npm],
        bundle: true,
        format: 'iife',
        globalName: 'idna',
        charset: 'ascii',
        minify: true,
        write: false,
        target: 'es2022',
    });
    return { text: `'use strict';\n${result.outputFiles[0].text}\nreturn { toASCII: idna.toASCII };\n`, assets: {} };
}
