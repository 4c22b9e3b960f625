// URL: the class, and a short way through the parser for the URLs that nearly every worker has.
//
// Spec:  https://url.spec.whatwg.org/#url-class
// Covers / differs:  all; createObjectURL is in blob_url.js. parseShort takes plain ASCII http and https URLs that
//        the full parser (url_parser.js, loaded when first needed) would leave as they are; tests/runtime/url.test.mjs
//        compares the two.
// Ops:   urlSplit
// WPT:   url
// Limits: none

'use strict';

const { StringPrototypeSlice, StringPrototypeStartsWith, TypeError, realm } = primordials;
const { webidl } = realm;
const { requireArguments, usvString } = webidl;
const { ops } = internals;

const SHORT_CHARS_MAX = 8191; // what the op takes

// A URL record: host is serialized or null; path is serialized; port is a number or null; query and fragment may be null.
function newRecord() {
    return {
        __proto__: null,
        scheme: '', username: '', password: '', host: null, port: null, path: '', isOpaque: false, query: null, fragment: null,
    };
}

// What ops.urlSplit found, into |record|; |hostStart| is 0 for a path on a base.
function fill(record, text, packed, hostStart) {
    const low = packed % 67108864; // two offsets of 13 bits
    const high = (packed - low) / 67108864;
    const hostEnd = low & 8191;
    const portEnd = low >>> 13;
    const pathEnd = high & 8191;
    const queryEnd = high >>> 13;
    if (hostStart > 0) {
        record.host = StringPrototypeSlice(text, hostStart, hostEnd);
        const port = portEnd > hostEnd ? +StringPrototypeSlice(text, hostEnd + 1, portEnd) : null;
        record.port = port === (hostStart === 8 ? 443 : 80) ? null : port;
    }
    record.path = pathEnd === portEnd ? '/' : StringPrototypeSlice(text, portEnd, pathEnd);
    if (queryEnd > pathEnd) {
        record.query = StringPrototypeSlice(text, pathEnd + 1, queryEnd);
    }
    if (queryEnd < text.length) {
        record.fragment = StringPrototypeSlice(text, queryEnd + 1);
    }
    return record;
}

// The record of |text|, or null: ask the full parser.
function parseShort(text) {
    const isSecure = StringPrototypeStartsWith(text, 'https://');
    if (text.length > SHORT_CHARS_MAX || !isSecure && !StringPrototypeStartsWith(text, 'http://')) {
        return null;
    }
    const packed = ops.urlSplit(text, false);
    if (packed === 0) {
        return null;
    }
    const record = newRecord();
    record.scheme = isSecure ? 'https' : 'http';
    return fill(record, text, packed, isSecure ? 8 : 7);
}

// The same for "/path" on a base that is http or https.
function parseShortOn(text, base) {
    if (base.scheme !== 'https' && base.scheme !== 'http' || text.length > SHORT_CHARS_MAX ||
        text[1] === '/' || text[1] === '\\') {
        return null;
    }
    const packed = ops.urlSplit(text, true);
    if (packed === 0) {
        return null;
    }
    const record = newRecord();
    record.scheme = base.scheme;
    record.username = base.username;
    record.password = base.password;
    record.host = base.host;
    record.port = base.port;
    return fill(record, text, packed, 0);
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
