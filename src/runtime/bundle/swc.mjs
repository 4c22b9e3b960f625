// swc.js: the glue of @swc/wasm-typescript as a factory, so that a fresh instance can follow one that trapped; swc.wasm: its module,
// which the package carries as base64. Returns {create(wasmModule, {TextDecoder, TextEncoder})}.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const TAIL = /const \{ Buffer \} = require\('node:buffer'\);\s*const bytes = Buffer\.from\('([A-Za-z0-9+/=]+)', 'base64'\);[\s\S]*$/;

export default async function bundle({ npm, esbuild }) {
    const source = await readFile(path.join(npm, '@swc/wasm-typescript/wasm.js'), 'utf8');
    const tail = TAIL.exec(source);
    if (tail === null) {
        throw new Error('@swc/wasm-typescript does not end as expected; bundle/swc.mjs must follow its new form');
    }
    const glue = source.slice(0, tail.index);
    const factory = `'use strict';
return {
    create(wasmModule, util) {
        const module = { exports: {} };
        const require = () => util;
        ${glue}
        wasm = new WebAssembly.Instance(wasmModule, imports).exports;
        return module.exports;
    },
};`;
    // A function around it, because only a function may return.
    const wrapped = await esbuild.transform(`(function () {${factory}})`, { charset: 'ascii', minifyWhitespace: true, target: 'es2022' });
    const text = `return ${wrapped.code.trim().replace(/;$/, '')}();\n`;
    return { text, assets: { 'swc.wasm': Buffer.from(tail[1], 'base64') } };
}
