// URL: the class, and a short way through the parser for the URLs that nearly every worker has.
//
// Spec:  https://url.spec.whatwg.org/#url-class
// Covers / differs:  all; createObjectURL is in blob_url.js. parseShort takes plain ASCII http and https URLs that
//        the full parser (url_parser.js, loaded when first needed) would leave as they are; tests/runtime/url.mjs
//        compares the two.
// Ops:   none
// WPT:   url
// Limits: none

'use strict';

const { StringPrototypeCharCodeAt, StringPrototypeSlice, StringPrototypeStartsWith, TypeError, realm } = primordials;
const { webidl } = realm;
const { requireArguments, usvString } = webidl;

// A URL record: host is serialized or null; path is serialized; port is a number or null; query and fragment may be null.
function newRecord() {
    return {
        __proto__: null,
        scheme: '', username: '', password: '', host: null, port: null, path: '', isOpaque: false, query: null, fragment: null,
    };
}

function isHostCode(c) {
    return (c >= 97 && c <= 122) || c === 46 || c === 45 || (c >= 48 && c <= 57);
}

// Where the host that starts at |start| ends, or -1 when only the full parser may judge it: a number or a dot at its end,
// anything
// but lower case ASCII, or no host at all.
function shortHostEnd(text, start) {
    let at = start;
    let labelStart = start;
    for (; at < text.length; at++) {
        const c = StringPrototypeCharCodeAt(text, at);
        if (!isHostCode(c)) {
            if (c !== 47 && c !== 63 && c !== 35 && c !== 58) {
                return -1;
            }
            break;
        }
        if (c === 46) {
            labelStart = at + 1;
        }
    }
    if (labelStart === at) {
        return -1;
    }
    const first = StringPrototypeCharCodeAt(text, labelStart);
    return first >= 48 && first <= 57 ? -1 : at;
}

// True for a path segment that starts with the dot at |at| and is plain: not "." or ".." in any writing.
function isPlainDot(text, at) {
    const c = at + 1 < text.length ? StringPrototypeCharCodeAt(text, at + 1) : 47;
    return c !== 47 && c !== 46 && c !== 37 && c !== 63 && c !== 35;
}

// Path, query and fragment from |start| on into |record|; false when something in them would be changed by the full parser.
function shortRest(text, start, record) {
    const size = text.length;
    let at = start;
    let before = 0;
    for (; at < size; at++) {
        const c = StringPrototypeCharCodeAt(text, at);
        if (c === 63 || c === 35) {
            break;
        }
        if (c <= 32 || c >= 125 && c !== 126 || c === 34 || c === 60 || c === 62 || c === 92 || c === 94 || c === 96 ||
            c === 123) {
            return false;
        }
        if (c === 46 && before === 47 && !isPlainDot(text, at)) {
            return false;
        }
        if (c === 37 && at + 2 < size && text[at + 1] === '2' && (text[at + 2] === 'e' || text[at + 2] === 'E')) {
            return false;
        }
        before = c;
    }
    record.path = at === start ? '/' : StringPrototypeSlice(text, start, at);
    if (at < size && text[at] === '?') {
        const queryStart = ++at;
        for (; at < size; at++) {
            const c = StringPrototypeCharCodeAt(text, at);
            if (c === 35) {
                break;
            }
            if (c <= 32 || c >= 127 || c === 34 || c === 39 || c === 60 || c === 62) {
                return false;
            }
        }
        record.query = StringPrototypeSlice(text, queryStart, at);
    }
    if (at < size) {
        const fragmentStart = ++at;
        for (; at < size; at++) {
            const c = StringPrototypeCharCodeAt(text, at);
            if (c <= 32 || c >= 127 || c === 34 || c === 60 || c === 62 || c === 96) {
                return false;
            }
        }
        record.fragment = StringPrototypeSlice(text, fragmentStart);
    }
    return true;
}

// The port that starts at |at|, or -1 when only the full parser may judge it. |end| is where its digits end.
function shortPort(text, at, end) {
    if (end === at || end - at > 5 || text[at] === '0') {
        return -1;
    }
    let port = 0;
    for (; at < end; at++) {
        port = port * 10 + StringPrototypeCharCodeAt(text, at) - 48;
    }
    return port <= 65535 ? port : -1;
}

function digitsEnd(text, at) {
    while (at < text.length) {
        const c = StringPrototypeCharCodeAt(text, at);
        if (c < 48 || c > 57) {
            return at;
        }
        at++;
    }
    return at;
}

// The record of |text|, or null: ask the full parser.
function parseShort(text) {
    const isSecure = StringPrototypeStartsWith(text, 'https://');
    if (!isSecure && !StringPrototypeStartsWith(text, 'http://')) {
        return null;
    }
    const hostStart = isSecure ? 8 : 7;
    let at = shortHostEnd(text, hostStart);
    if (at < 0) {
        return null;
    }
    const record = newRecord();
    record.scheme = isSecure ? 'https' : 'http';
    record.host = StringPrototypeSlice(text, hostStart, at);
    if (at < text.length && text[at] === ':') {
        const end = digitsEnd(text, at + 1);
        const port = shortPort(text, at + 1, end);
        if (port < 0 || (end < text.length && text[end] !== '/' && text[end] !== '?' && text[end] !== '#')) {
            return null;
        }
        record.port = port === (isSecure ? 443 : 80) ? null : port;
        at = end;
    }
    return shortRest(text, at, record) ? record : null;
}

// The same for "/path" on a base that is http or https.
function parseShortOn(text, base) {
    if (base.scheme !== 'https' && base.scheme !== 'http' || text[0] !== '/' || text[1] === '/' || text[1] === '\\') {
        return null;
    }
    const record = newRecord();
    record.scheme = base.scheme;
    record.username = base.username;
    record.password = base.password;
    record.host = base.host;
    record.port = base.port;
    return shortRest(text, 0, record) ? record : null;
}

const full = () => internals.lazy('url_parser.js');

// The record of |text|, or null on failure. |base| is a record or null.
function parse(text, base) {
    const record = base === null || text[0] !== '/' ? parseShort(text) : parseShortOn(text, base);
    return record !== null ? record : full().parse(text, base);
}

function serialize(record, hasFragment = true) {
    let text = `${record.scheme}:`;
    if (record.host !== null) {
        text += '//';
        if (record.username !== '' || record.password !== '') {
            text += record.username + (record.password === '' ? '' : `:${record.password}`) + '@';
        }
        text += record.host + (record.port === null ? '' : `:${record.port}`);
    } else if (!record.isOpaque && StringPrototypeStartsWith(record.path, '//')) {
        text += '/.';
    }
    text += record.path;
    if (record.query !== null) {
        text += `?${record.query}`;
    }
    return hasFragment && record.fragment !== null ? `${text}#${record.fragment}` : text;
}

function origin(record) {
    switch (record.scheme) {
        case 'http': case 'https': case 'ws': case 'wss': case 'ftp':
            return `${record.scheme}://${record.host}${record.port === null ? '' : `:${record.port}`}`;
        case 'blob': {
            const inner = parse(record.path, null);
            return inner !== null && (inner.scheme === 'http' || inner.scheme === 'https') ? origin(inner) : 'null';
        }
        default:
            return 'null';
    }
}

function parseWithBase(url, base) {
    const text = usvString(url);
    if (base === undefined) {
        return parse(text, null);
    }
    const baseRecord = parse(usvString(base), null);
    return baseRecord === null ? null : parse(text, baseRecord);
}

class URL {
    #record;
    #href = null; // until a setter changes something
    #params = null;

    constructor(url, base = undefined) {
        if (url === realm) { // ours: URL.parse below
            this.#record = base;
            return;
        }
        requireArguments(arguments.length, 1, "Failed to construct 'URL'");
        const record = parseWithBase(url, base);
        if (record === null) {
            throw new TypeError('Invalid URL string.');
        }
        this.#record = record;
    }

    static canParse(url, base = undefined) {
        requireArguments(arguments.length, 1, "Failed to execute 'canParse' on 'URL'");
        return parseWithBase(url, base) !== null;
    }

    static parse(url, base = undefined) {
        requireArguments(arguments.length, 1, "Failed to execute 'parse' on 'URL'");
        const record = parseWithBase(url, base);
        return record === null ? null : new URL(realm, record);
    }

    get href() {
        return this.#serialize();
    }

    set href(value) {
        const record = parse(usvString(value), null);
        if (record === null) {
            throw new TypeError('Invalid URL string.');
        }
        this.#record = record;
        this.#href = null;
        this.#updateParams();
    }

    get origin() {
        return origin(this.#record);
    }

    get protocol() {
        return `${this.#record.scheme}:`;
    }

    set protocol(value) {
        this.#change('protocol', value);
    }

    get username() {
        return this.#record.username;
    }

    set username(value) {
        this.#change('username', value);
    }

    get password() {
        return this.#record.password;
    }

    set password(value) {
        this.#change('password', value);
    }

    get host() {
        const { host, port } = this.#record;
        return host === null ? '' : port === null ? host : `${host}:${port}`;
    }

    set host(value) {
        this.#change('host', value);
    }

    get hostname() {
        const { host } = this.#record;
        return host === null ? '' : host;
    }

    set hostname(value) {
        this.#change('hostname', value);
    }

    get port() {
        const { port } = this.#record;
        return port === null ? '' : `${port}`;
    }

    set port(value) {
        this.#change('port', value);
    }

    get pathname() {
        return this.#record.path;
    }

    set pathname(value) {
        this.#change('pathname', value);
    }

    get search() {
        const { query } = this.#record;
        return query === null || query === '' ? '' : `?${query}`;
    }

    set search(value) {
        this.#change('search', value);
        this.#updateParams();
    }

    get searchParams() {
        if (this.#params === null) {
            this.#params = realm.searchParams.ofUrl(this.#record.query, (query) => this.#setQuery(query));
        }
        return this.#params;
    }

    get hash() {
        const { fragment } = this.#record;
        return fragment === null || fragment === '' ? '' : `#${fragment}`;
    }

    set hash(value) {
        this.#change('hash', value);
    }

    toString() {
        return this.#serialize();
    }

    toJSON() {
        return this.#serialize();
    }

    #serialize() {
        if (this.#href === null) {
            this.#href = serialize(this.#record);
        }
        return this.#href;
    }

    #change(part, value) {
        const record = this.#record; // before the conversion: a foreign receiver must fail first
        full().set(record, part, usvString(value));
        this.#href = null;
    }

    #setQuery(query) {
        this.#record.query = query === '' ? null : query;
        this.#href = null;
    }

    #updateParams() {
        if (this.#params !== null) {
            realm.searchParams.update(this.#params, this.#record.query);
        }
    }

    static {
        realm.url = {
            __proto__: null,
            newRecord, parse, parseShort, parseShortOn, serialize, origin,
            is: (value) => typeof value === 'object' && value !== null && #record in value,
            href: (url) => url.#serialize(),
            record: (url) => url.#record,
        };
    }
}

webidl.finish(URL);
realm.URL = URL;
