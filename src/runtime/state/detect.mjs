// detect.mjs - what a file is, by its name and its first bytes.

export const DETECT_BYTES = 512;

const TYPES = {
    js: 'application/javascript', ts: 'application/typescript', json: 'application/json', html: 'text/html', css: 'text/css', md: 'text/markdown', txt: 'text/plain', png: 'image/png',
    jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', svg: 'image/svg+xml', tar: 'application/x-tar', gz: 'application/gzip',
};

export function detect(path, bytes) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const dot = name.lastIndexOf('.');
    const extension = dot < 0 ? undefined : name.slice(dot + 1).toLowerCase();
    const isText = bytes.every((byte) => byte >= 9);
    const mime = (extension !== undefined && Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined) ?? (isText ? 'text/plain' : 'application/octet-stream');
    return { mime, extension, binary: !isText, description: `${mime}${extension ? ` (${extension})` : ''}` };
}
