// tar.mjs - archives: ustar with pax headers for what does not fit into it; read are ustar, pax and GNU's long names.

const BLOCK = 512;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NONE = new Uint8Array(0);
const KINDS = { file: '0', symlink: '2', directory: '5' };
const NAME_BYTES = 100;
const SIZE_MAX = 0o77777777777;
const META_BYTES_MAX = 65536; // an extended header: it has names, of 4,096 bytes each

const padded = (size) => Math.ceil(size / BLOCK) * BLOCK;

function header(name, kind, { size, mode, mtimeMs, target = '' }) {
    const block = new Uint8Array(BLOCK);
    const put = (at, bytes) => block.set(bytes, at);
    const octal = (at, length, value) => put(at, encoder.encode(value.toString(8).padStart(length - 1, '0').slice(1 - length)));
    put(0, encoder.encode(name).subarray(0, NAME_BYTES));
    octal(100, 8, mode);
    octal(108, 8, 0);
    octal(116, 8, 0);
    octal(124, 12, Math.min(size, SIZE_MAX));
    octal(136, 12, Math.max(0, Math.floor(mtimeMs / 1000)));
    block.fill(32, 148, 156);
    put(156, encoder.encode(kind));
    put(157, encoder.encode(target).subarray(0, NAME_BYTES));
    put(257, encoder.encode('ustar\x0000'));
    octal(148, 7, block.reduce((sum, byte) => sum + byte, 0));
    block[154] = 0;
    return block;
}

// "25 path=some/long/name\n": the number counts its own digits.
function record(key, value) {
    const rest = ` ${key}=${value}\n`;
    const size = encoder.encode(rest).length;
    let length = size + 1;
    while (String(length).length + size !== length) length = String(length).length + size;
    return length + rest;
}

// What stands in front of a file's bytes. |entry|: {path, type, size, mode, mtimeMs, target}.
export function head(entry) {
    const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
    const records = [];
    if (encoder.encode(name).length > NAME_BYTES) records.push(record('path', name));
    if (entry.target !== undefined && encoder.encode(entry.target).length > NAME_BYTES) records.push(record('linkpath', entry.target));
    if (entry.size > SIZE_MAX) records.push(record('size', entry.size));
    const main = header(name, KINDS[entry.type], { ...entry, size: entry.type === 'file' ? entry.size : 0 });
    if (records.length === 0) return [main];
    const body = encoder.encode(records.join(''));
    const rest = new Uint8Array(padded(body.length));
    rest.set(body);
    return [header('PaxHeader', 'x', { size: body.length, mode: 0o644, mtimeMs: 0 }), rest, main];
}

export const tail = (size) => new Uint8Array(padded(size) - size);
export const end = () => new Uint8Array(2 * BLOCK);

/* ---- reading ---- */

function bad(why) {
    return Object.assign(new Error(`EINVAL: not a tar archive: ${why}`), { code: 'EINVAL' });
}

function textIn(block, at, length) {
    const bytes = block.subarray(at, at + length);
    const stop = bytes.indexOf(0);
    return decoder.decode(stop < 0 ? bytes : bytes.subarray(0, stop));
}

function numberIn(block, at, length) {
    if (block[at] & 0x80) return block.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, block[at] & 0x7f); // GNU's, for what is large
    const text = textIn(block, at, length).trim();
    if (!/^[0-7]*$/.test(text)) throw bad('a number is none');
    return text === '' ? 0 : Number.parseInt(text, 8);
}

function checkSum(block) {
    let sum = 0;
    for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : block[i];
    if (sum !== numberIn(block, 148, 8)) throw bad('a checksum is wrong');
}

function recordsIn(bytes) {
    const found = {};
    for (let at = 0; at < bytes.length;) {
        const space = bytes.indexOf(32, at);
        const size = Number(decoder.decode(bytes.subarray(at, space)));
        if (space < 0 || !Number.isInteger(size) || size <= space - at || at + size > bytes.length) throw bad('an extended header is broken');
        const [key, ...value] = decoder.decode(bytes.subarray(space + 1, at + size - 1)).split('=');
        found[key] = value.join('=');
        at += size;
    }
    return found;
}

// Names that lead out of where they are put are refused; "./" and "/" in front go.
function nameOf(path) {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    if (names.includes('..')) throw bad(`"${path}" leads out of it`);
    return names.join('/') || '.';
}

// Gives {path, type, size, mode, target, offset} for each entry; |read(offset, size)| promises bytes, fewer at the end of the archive.
export async function* entries(read) {
    let extra = {};
    for (let at = 0; ;) {
        const block = await read(at, BLOCK);
        if (block.length === 0 || block.every((byte) => byte === 0)) return;
        if (block.length < BLOCK) throw bad('it is cut off');
        checkSum(block);
        const kind = String.fromCharCode(block[156] || 48);
        const size = extra.size === undefined ? numberIn(block, 124, 12) : Number(extra.size);
        if (!Number.isSafeInteger(size) || size < 0) throw bad('a size is none');
        const offset = at + BLOCK;
        at = offset + padded(size);
        if ('xgLK'.includes(kind)) {
            const bytes = size > META_BYTES_MAX ? NONE : await read(offset, size);
            if (bytes.length < size) throw bad('an extended header is too long, or cut off');
            if (kind === 'x') extra = { ...extra, ...recordsIn(bytes) };
            else if (kind !== 'g') extra[kind === 'L' ? 'path' : 'linkpath'] = textIn(bytes, 0, size);
            continue;
        }
        const prefix = textIn(block, 257, 6) === 'ustar' && block[263] === 48 ? textIn(block, 345, 155) : '';
        const path = nameOf(extra.path ?? (prefix === '' ? '' : `${prefix}/`) + textIn(block, 0, 100));
        const type = kind === '5' ? 'directory' : kind === '2' ? 'symlink' : kind === '0' || kind === '7' ? 'file' : null;
        if (type === null) throw bad(`"${path}" is neither file, directory nor symbolic link`);
        yield { path, type, size: type === 'file' ? size : 0, mode: numberIn(block, 100, 8) & 0o7777, ...(type === 'symlink' ? { target: extra.linkpath ?? textIn(block, 157, 100) } : {}), offset };
        extra = {};
    }
}
