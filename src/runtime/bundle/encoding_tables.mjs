// encoding_*.js: the data of the Encoding Standard, from @exodus/bytes without its code.
//
//   encoding_labels.js   {label: name of its encoding}
//   encoding_single.js   {name: text of the 128 upper bytes}; U+FFFF where there is none
//   encoding_big5.js     {index, planes}; index is a text: the character at each pointer, U+FFFF where there is none; planes has one hexadecimal
//                        digit for four pointers: a bit for each whose character lies above U+20000
//   encoding_euc_kr.js   {index}
//   encoding_gb18030.js  {index, ranges}, ranges is [pointer, code point, ...]
//   encoding_jis.js      {jis0208, jis0212}
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const HOLE = 0xffff;

const literal = (codes) => `'${codes.map((code) => (code > 31 && code < 127 && code !== 39 && code !== 92 ? String.fromCharCode(code) : `\\u${code.toString(16).padStart(4, '0')}`)).join('')}'`;
const script = (members) => `'use strict';\nreturn {\n    __proto__: null,\n${Object.entries(members).map(([name, text]) => `    '${name}': ${text},\n`).join('')}};\n`;

// The package's tables hold a code point above U+FFFF as its two halves in 32 bits, and four pairs of characters, which have no row here.
const codePoint = (packed) => {
    if (packed <= 0xffff) return packed;
    const [high, low] = [packed >>> 16, packed & 0xffff];
    return high >= 0xd800 ? ((high - 0xd800) << 10) + (low - 0xdc00) + 0x10000 : 0;
};
const index = (table) => literal([...table].map((code) => code & 0xffff || HOLE));

export default async function bundle({ npm, name }) {
    const load = (file) => import(pathToFileURL(path.join(npm, '@exodus/bytes/fallback', file)));
    const { getTable } = await load('multi-byte.table.js');
    const makers = {
        async 'encoding_labels.js'() {
            const { default: labels } = await load('encoding.labels.js');
            const rows = Object.entries(labels).flatMap(([encoding, others]) => [encoding, ...others].map((label) => [label, `'${encoding}'`]));
            return Object.fromEntries(rows);
        },
        async 'encoding_single.js'() {
            const [{ getEncoding }, { default: encodings }] = [await load('single-byte.js'), await load('single-byte.encodings.js')];
            const names = Object.keys(encodings).filter((encoding) => encoding !== 'iso-8859-1' && encoding !== 'iso-8859-9' && encoding !== 'iso-8859-11');
            return Object.fromEntries(names.map((encoding) => {
                const codes = getEncoding(encoding).map((code) => (code === 0xfffd ? HOLE : code));
                while (codes.length < 128) codes.push(128 + codes.length);
                return [encoding, literal(codes)];
            }));
        },
        'encoding_big5.js'() {
            const codes = [...getTable('big5')].map(codePoint);
            let planes = '';
            for (let i = 0; i < codes.length; i += 4) {
                planes += [0, 1, 2, 3].reduce((bits, k) => bits | ((codes[i + k] ?? 0) > 0xffff ? 1 << k : 0), 0).toString(16);
            }
            if (codes.some((code) => code > 0xffff && code >> 16 !== 2)) throw new Error('big5 has characters outside of planes 0 and 2');
            return { index: index(codes), planes: `'${planes}'` };
        },
        'encoding_euc_kr.js': () => ({ index: index(getTable('euc-kr')) }),
        'encoding_gb18030.js': () => ({ index: index(getTable('gb18030')), ranges: `[${getTable('gb18030-ranges').flat()}]` }),
        'encoding_jis.js': () => ({ jis0208: index(getTable('jis0208')), jis0212: index(getTable('jis0212')) }),
    };
    return { text: script(await makers[name]()), assets: {} };
}
