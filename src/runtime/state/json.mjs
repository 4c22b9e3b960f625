// json.mjs - JSON files: parsed, queried and updated by paths such as ".users[0].name".

export function parse(text, path) {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new Error(`Invalid JSON in ${path}: ${error.message}`);
    }
}

export function stringify(value, path, spaces = 2) {
    const text = JSON.stringify(value, null, spaces);
    if (text === undefined) throw new Error(`Unable to serialize JSON for ${path}`);
    return `${text}\n`;
}

// Names and, of brackets, numbers.
function tokensOf(query) {
    if (typeof query !== 'string') throw new TypeError('A JSON path must be a string.');
    let rest = query.trim();
    if (rest === '' || rest === '.') return [];
    if (rest.startsWith('.')) rest = rest.slice(1);
    const tokens = [];
    while (rest !== '') {
        if (rest[0] === '[') {
            const close = rest.indexOf(']');
            const inner = close < 0 ? '' : rest.slice(1, close).trim();
            const quoted = /^"(.*)"$|^'(.*)'$/.exec(inner);
            if (!quoted && !/^\d+$/.test(inner)) throw new Error(`Invalid JSON path: ${query}`);
            tokens.push(quoted ? quoted[1] ?? quoted[2] : Number(inner));
            rest = rest.slice(close + 1);
        } else {
            const end = rest.search(/[.[\]]/);
            if (end === 0) throw new Error(`Invalid JSON path: ${query}`);
            tokens.push(end < 0 ? rest : rest.slice(0, end));
            rest = end < 0 ? '' : rest.slice(end);
        }
        if (rest.startsWith('.')) rest = rest.slice(1);
    }
    return tokens;
}

// A file's own members only: "constructor" is none of them unless the file says so.
const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);
const put = (object, key, value) => Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });

export function query(value, path) {
    for (const token of tokensOf(path)) {
        if (typeof token === 'number') {
            if (!Array.isArray(value)) throw new Error(`JSON query expected array access at [${token}]`);
        } else if (value === null || typeof value !== 'object') {
            throw new Error(`JSON query expected object access at "${token}"`);
        }
        value = own(value, token);
    }
    return value;
}

function check(object, token) {
    if (typeof token === 'number') {
        if (!Array.isArray(object)) throw new Error(`JSON update expected array at [${token}]`);
    } else if (object === null || typeof object !== 'object' || Array.isArray(object)) {
        throw new Error(`JSON update expected object at "${token}"`);
    }
}

function set(root, tokens, value) {
    if (tokens.length === 0) throw new Error('JSON update path must not be empty');
    tokens.forEach((token, i) => {
        check(root, token);
        if (i === tokens.length - 1) put(root, token, value);
        else if (own(root, token) === undefined) put(root, token, typeof tokens[i + 1] === 'number' ? [] : {});
        root = root[token];
    });
}

function remove(root, tokens) {
    if (tokens.length === 0) throw new Error('JSON delete path must not be empty');
    const last = tokens.pop();
    for (const token of tokens) {
        if (root === null || typeof root !== 'object') return;
        root = own(root, token);
    }
    if (Array.isArray(root)) {
        if (typeof last === 'number' && last < root.length) root.splice(last, 1);
    } else if (root !== null && typeof root === 'object') {
        delete root[last];
    }
}

// A new value; |value| stays as it is.
export function update(value, operations) {
    const root = structuredClone(value);
    for (const { op, path, value: next } of operations) {
        if (op === 'set') set(root, tokensOf(path), next);
        else if (op === 'delete') remove(root, tokensOf(path));
        else throw new Error(`Unknown JSON operation: ${String(op)}`);
    }
    return root;
}
