// Makes what src/runtime/program.c compiles in: node embed.mjs <npm folder> <out folder>
//
// Reads js/MANIFEST; writes scripts.S (the bytes, by .incbin), scripts.h (their tables) and the bundles into <out folder>. Every
// script must be ASCII: the engine hands its bytes to V8 as they are.
import { createRequire } from 'node:module';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [npm, out] = process.argv.slice(2).map((folder) => path.resolve(folder));
const here = path.dirname(fileURLToPath(import.meta.url));
const esbuild = createRequire(path.join(npm, 'noop.js'))('esbuild');

const manifest = (await readFile(path.join(here, 'js/MANIFEST'), 'utf8')).split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));

await mkdir(out, { recursive: true });
const scripts = [];
const assets = [];
for (const [kind, name, maker = name.replace(/\.js$/, '.mjs')] of manifest) {
    if (kind === 'eager' || kind === 'lazy') {
        scripts.push({ name, isLazy: kind === 'lazy', file: path.join(here, 'js', name) });
    } else if (kind === 'bundle') {
        const { default: bundle } = await import(pathToFileURL(path.join(here, 'bundle', maker)));
        const made = await bundle({ npm, esbuild, name });
        await writeFile(path.join(out, name), made.text);
        for (const [asset, bytes] of Object.entries(made.assets)) {
            await writeFile(path.join(out, asset), bytes);
        }
        scripts.push({ name, isLazy: true, file: path.join(out, name) });
    } else if (kind === 'asset') {
        assets.push({ name, file: path.join(out, name) });
    } else {
        throw new Error(`js/MANIFEST: "${kind}" is not a kind of file`);
    }
}

let assembly = '#if defined(__linux__) && defined(__ELF__)\n.section .note.GNU-stack,"",%progbits\n#endif\n.section .rodata\n';
const rows = { scripts: '', assets: '' };
let index = 0;
for (const one of [...scripts, ...assets]) {
    const bytes = await readFile(one.file);
    const isScript = scripts.includes(one);
    const odd = isScript ? bytes.findIndex((byte) => byte > 126 || (byte < 32 && byte !== 9 && byte !== 10)) : -1;
    if (odd >= 0) {
        const line = bytes.subarray(0, odd).filter((byte) => byte === 10).length + 1;
        throw new Error(`${one.file}:${line}: byte ${bytes[odd]} is not plain ASCII`);
    }
    const symbol = `mf_runtime_bytes_${index++}`;
    assembly += `.balign 16\n.globl ${symbol}\n.hidden ${symbol}\n${symbol}:\n.incbin "${one.file}"\n.byte 0\n`;
    rows.symbols = `${rows.symbols ?? ''}extern const uint8_t ${symbol}[];\n`;
    const tail = isScript ? `, ${one.isLazy}` : '';
    rows[isScript ? 'scripts' : 'assets'] += `    {"${one.name}", {${symbol}, ${bytes.length}}${tail}},\n`;
}
await writeFile(path.join(out, 'scripts.S'), assembly);
await writeFile(path.join(out, 'scripts.h'), `/* Made by src/runtime/embed.mjs from js/MANIFEST. */
${rows.symbols}
static const struct mf_engine_script scripts[] = {
${rows.scripts}};

static const struct mf_engine_asset assets[] = {
${rows.assets}};
`);
