// The URL parser: the whole of it, for what url.js does not parse by itself, and the setters.
//
// Spec:  https://url.spec.whatwg.org/#url-parsing
// Covers / differs:  all; queries are always UTF-8
// Ops:   none
// WPT:   url
// Limits: none
//
// One function for each state of the specification; each is given the parser and the code unit at its pointer (-1 at the end)
// and
// says GO, STOP or FAIL.

'use strict';

const {
    List, StringFromCharCode, StringPrototypeCharCodeAt, StringPrototypeCodePointAt, StringPrototypeIndexOf,
    StringPrototypeSlice, StringPrototypeToLowerCase, realm,
} = primordials;
const { newRecord } = realm.url;
const {
    isDigit, isLetter, isSchemeCode, inC0, inFragment, inPath, inQuery, inSpecialQuery, inUserinfo, encode, encodePoint,
    parseHost, split,
} = internals.lazy('url_host.js');

const GO = 0;
const STOP = 1;
const FAIL = 2;

/* ---- the machine --------------------------------------------------------------------------- */

function defaultPort(scheme) {
    switch (scheme) {
        case 'http': case 'ws': return 80;
        case 'https': case 'wss': return 443;
        case 'ftp': return 21;
        default: return null;
    }
}

const isSpecial = (scheme) => scheme === 'file' || defaultPort(scheme) !== null;
const isDriveLetter = (text) => text.length === 2 && isLetter(StringPrototypeCharCodeAt(text, 0)) &&
    (text[1] === ':' || text[1] === '|');
const isNormalDriveLetter = (text) => isDriveLetter(text) && text[1] === ':';

function isSingleDot(text) {
    return text === '.' || text === '%2e' || text === '%2E';
}

function isDoubleDot(text) {
    const lower = StringPrototypeToLowerCase(text);
    return lower === '..' || lower === '.%2e' || lower === '%2e.' || lower === '%2e%2e';
}

// What is left of the input at |at| starts with a drive letter.
function startsWithDriveLetter(text, at) {
    if (text.length - at < 2 || !isDriveLetter(StringPrototypeSlice(text, at, at + 2))) {
        return false;
    }
    const c = text[at + 2];
    return text.length - at === 2 || c === '/' || c === '\\' || c === '?' || c === '#';
}

function shorten(p) {
    const { segments } = p;
    if (p.url.scheme === 'file' && segments.length === 1 && isNormalDriveLetter(segments[0])) {
        return;
    }
    if (segments.length > 0) {
        segments.length--;
    }
}

function segmentsOf(path) {
    return path === '' ? List() : split(StringPrototypeSlice(path, 1), '/');
}

function copyAuthority(p, from) {
    p.url.username = from.username;
    p.url.password = from.password;
    p.url.host = from.host;
    p.url.port = from.port;
}

function usePath(p, from) {
    if (from.isOpaque) {
        p.url.isOpaque = true;
        p.url.path = from.path;
    } else {
        p.segments = segmentsOf(from.path);
    }
}

const hasCredentials = (url) => url.username !== '' || url.password !== '';

const states = {
    __proto__: null,

    schemeStart(p, c) {
        if (isLetter(c)) {
            p.buffer += StringPrototypeToLowerCase(p.input[p.at]);
            p.state = states.scheme;
        } else if (p.override === null) {
            p.state = states.noScheme;
            p.at--;
        } else {
            return FAIL;
        }
        return GO;
    },

    scheme(p, c) {
        if (isSchemeCode(c)) {
            p.buffer += StringPrototypeToLowerCase(p.input[p.at]);
            return GO;
        }
        if (c !== 58) {
            if (p.override !== null) {
                return FAIL;
            }
            p.buffer = '';
            p.state = states.noScheme;
            p.at = -1;
            return GO;
        }
        if (p.override !== null) {
            return changeScheme(p);
        }
        p.url.scheme = p.buffer;
        p.buffer = '';
        if (p.url.scheme === 'file') {
            p.state = states.file;
        } else if (isSpecial(p.url.scheme)) {
            const isSame = p.base !== null && p.base.scheme === p.url.scheme;
            p.state = isSame ? states.specialRelativeOrAuthority : states.specialAuthoritySlashes;
        } else if (p.input[p.at + 1] === '/') {
            p.state = states.pathOrAuthority;
            p.at++;
        } else {
            p.url.isOpaque = true;
            p.url.path = '';
            p.state = states.opaquePath;
        }
        return GO;
    },

    noScheme(p, c) {
        const { base } = p;
        if (base === null || (base.isOpaque && c !== 35)) {
            return FAIL;
        }
        if (base.isOpaque) {
            p.url.scheme = base.scheme;
            usePath(p, base);
            p.url.query = base.query;
            p.url.fragment = '';
            p.state = states.fragment;
        } else {
            p.state = base.scheme === 'file' ? states.file : states.relative;
            p.at--;
        }
        return GO;
    },

    specialRelativeOrAuthority(p, c) {
        if (c === 47 && p.input[p.at + 1] === '/') {
            p.state = states.specialAuthorityIgnoreSlashes;
            p.at++;
        } else {
            p.state = states.relative;
            p.at--;
        }
        return GO;
    },

    pathOrAuthority(p, c) {
        if (c === 47) {
            p.state = states.authority;
            p.authorityStart = p.at + 1;
        } else {
            p.state = states.path;
            p.at--;
        }
        return GO;
    },

    relative(p, c) {
        const { base } = p;
        p.url.scheme = base.scheme;
        if (c === 47) {
            p.state = states.relativeSlash;
        } else if (isSpecial(p.url.scheme) && c === 92) {
            p.state = states.relativeSlash;
        } else {
            copyAuthority(p, base);
            usePath(p, base);
            p.url.query = base.query;
            if (c === 63) {
                p.url.query = '';
                p.state = states.query;
            } else if (c === 35) {
                p.url.fragment = '';
                p.state = states.fragment;
            } else if (c !== -1) {
                p.url.query = null;
                shorten(p);
                p.state = states.path;
                p.at--;
            }
        }
        return GO;
    },

    relativeSlash(p, c) {
        if (isSpecial(p.url.scheme) && (c === 47 || c === 92)) {
            p.state = states.specialAuthorityIgnoreSlashes;
        } else if (c === 47) {
            p.state = states.authority;
            p.authorityStart = p.at + 1;
        } else {
            copyAuthority(p, p.base);
            p.state = states.path;
            p.at--;
        }
        return GO;
    },

    specialAuthoritySlashes(p, c) {
        p.state = states.specialAuthorityIgnoreSlashes;
        if (c === 47 && p.input[p.at + 1] === '/') {
            p.at++;
        } else {
            p.at--;
        }
        return GO;
    },

    specialAuthorityIgnoreSlashes(p, c) {
        if (c !== 47 && c !== 92) {
            p.state = states.authority;
            p.authorityStart = p.at;
            p.at--;
        }
        return GO;
    },

    // Looks for the last "@" at once instead of going back for each.
    authority(p) {
        const start = p.authorityStart;
        let end = start;
        let lastAt = -1;
        const special = isSpecial(p.url.scheme);
        for (; end < p.input.length; end++) {
            const c = StringPrototypeCharCodeAt(p.input, end);
            if (c === 47 || c === 63 || c === 35 || (special && c === 92)) {
                break;
            }
            lastAt = c === 64 ? end : lastAt;
        }
        if (lastAt >= 0) {
            if (lastAt + 1 === end) {
                return FAIL;
            }
            const colon = StringPrototypeIndexOf(p.input, ':', start);
            const hasPassword = colon >= 0 && colon < lastAt;
            p.url.username = encode(StringPrototypeSlice(p.input, start, hasPassword ? colon : lastAt), inUserinfo);
            p.url.password = hasPassword ? encode(StringPrototypeSlice(p.input, colon + 1, lastAt), inUserinfo) : '';
        }
        p.at = (lastAt >= 0 ? lastAt + 1 : start) - 1;
        p.buffer = '';
        p.state = states.host;
        return GO;
    },

    host(p, c) {
        const special = isSpecial(p.url.scheme);
        if (p.override !== null && p.url.scheme === 'file') {
            p.at--;
            p.state = states.fileHost;
        } else if (c === 58 && !p.isInBrackets) {
            if (p.buffer === '' || p.override === states.hostname) {
                return FAIL;
            }
            if (!takeHost(p, !special)) {
                return FAIL;
            }
            p.state = states.port;
        } else if (c === -1 || c === 47 || c === 63 || c === 35 || (special && c === 92)) {
            p.at--;
            if (special && p.buffer === '') {
                return FAIL;
            }
            if (p.override !== null && p.buffer === '' && (hasCredentials(p.url) || p.url.port !== null)) {
                return FAIL;
            }
            if (!takeHost(p, !special)) {
                return FAIL;
            }
            p.state = states.pathStart;
            if (p.override !== null) {
                return STOP;
            }
        } else {
            p.isInBrackets = c === 91 || (p.isInBrackets && c !== 93);
            p.buffer += p.input[p.at];
        }
        return GO;
    },

    hostname(p, c) {
        return states.host(p, c);
    },

    port(p, c) {
        if (isDigit(c)) {
            p.buffer += p.input[p.at];
            return GO;
        }
        const isEnd = c === -1 || c === 47 || c === 63 || c === 35 || (isSpecial(p.url.scheme) && c === 92);
        if (!isEnd && p.override === null) {
            return FAIL;
        }
        if (p.buffer !== '') {
            const port = +p.buffer;
            if (port > 65535) {
                return FAIL;
            }
            p.url.port = port === defaultPort(p.url.scheme) ? null : port;
            p.buffer = '';
            if (p.override !== null) {
                return STOP;
            }
        }
        if (p.override !== null) {
            return FAIL;
        }
        p.state = states.pathStart;
        p.at--;
        return GO;
    },

    file(p, c) {
        const { base } = p;
        p.url.scheme = 'file';
        p.url.host = '';
        if (c === 47 || c === 92) {
            p.state = states.fileSlash;
            return GO;
        }
        if (base === null || base.scheme !== 'file') {
            p.state = states.path;
            p.at--;
            return GO;
        }
        p.url.host = base.host;
        usePath(p, base);
        p.url.query = base.query;
        if (c === 63) {
            p.url.query = '';
            p.state = states.query;
        } else if (c === 35) {
            p.url.fragment = '';
            p.state = states.fragment;
        } else if (c !== -1) {
            p.url.query = null;
            if (startsWithDriveLetter(p.input, p.at)) {
                p.segments = List();
            } else {
                shorten(p);
            }
            p.state = states.path;
            p.at--;
        }
        return GO;
    },

    fileSlash(p, c) {
        if (c === 47 || c === 92) {
            p.state = states.fileHost;
            return GO;
        }
        if (p.base !== null && p.base.scheme === 'file') {
            p.url.host = p.base.host;
            const segments = segmentsOf(p.base.path);
            if (!startsWithDriveLetter(p.input, p.at) && segments.length > 0 && isNormalDriveLetter(segments[0])) {
                p.segments[p.segments.length] = segments[0];
            }
        }
        p.state = states.path;
        p.at--;
        return GO;
    },

    fileHost(p, c) {
        if (c !== -1 && c !== 47 && c !== 92 && c !== 63 && c !== 35) {
            p.buffer += p.input[p.at];
            return GO;
        }
        p.at--;
        if (p.override === null && isDriveLetter(p.buffer)) {
            p.state = states.path;
            return GO;
        }
        if (p.buffer === '') {
            p.url.host = '';
        } else {
            const host = parseHost(p.buffer, !isSpecial(p.url.scheme));
            if (host === null) {
                return FAIL;
            }
            p.url.host = host === 'localhost' ? '' : host;
        }
        if (p.override !== null) {
            return STOP;
        }
        p.buffer = '';
        p.state = states.pathStart;
        return GO;
    },

    pathStart(p, c) {
        if (isSpecial(p.url.scheme)) {
            p.state = states.path;
            if (c !== 47 && c !== 92) {
                p.at--;
            }
        } else if (p.override === null && c === 63) {
            p.url.query = '';
            p.state = states.query;
        } else if (p.override === null && c === 35) {
            p.url.fragment = '';
            p.state = states.fragment;
        } else if (c !== -1) {
            p.state = states.path;
            if (c !== 47) {
                p.at--;
            }
        } else if (p.override !== null && p.url.host === null) {
            p.segments[p.segments.length] = '';
        }
        return GO;
    },

    path(p, c) {
        const isSlash = c === 47 || (isSpecial(p.url.scheme) && c === 92);
        if (c !== -1 && !isSlash && !(p.override === null && (c === 63 || c === 35))) {
            appendEncoded(p, c, inPath);
            return GO;
        }
        endSegment(p, isSlash);
        if (c === 63) {
            p.url.query = '';
            p.state = states.query;
        } else if (c === 35) {
            p.url.fragment = '';
            p.state = states.fragment;
        }
        return GO;
    },

    opaquePath(p, c) {
        if (c === 63) {
            p.url.query = '';
            p.state = states.query;
        } else if (c === 35) {
            p.url.fragment = '';
            p.state = states.fragment;
        } else if (c === 32) {
            const next = p.input[p.at + 1];
            p.url.path += next === '?' || next === '#' ? '%20' : ' ';
        } else if (c !== -1) {
            appendEncoded(p, c, inC0);
            p.url.path += p.buffer;
            p.buffer = '';
        }
        return GO;
    },

    query(p) {
        const end = p.override === null ? StringPrototypeIndexOf(p.input, '#', p.at) : -1;
        const text = StringPrototypeSlice(p.input, p.at, end < 0 ? p.input.length : end);
        p.url.query += encode(text, isSpecial(p.url.scheme) ? inSpecialQuery : inQuery);
        if (end < 0) {
            return STOP;
        }
        p.at = end;
        p.url.fragment = '';
        p.state = states.fragment;
        return GO;
    },

    fragment(p) {
        p.url.fragment += encode(StringPrototypeSlice(p.input, p.at), inFragment);
        return STOP;
    },
};

function takeHost(p, isOpaque) {
    const host = parseHost(p.buffer, isOpaque);
    if (host === null) {
        return false;
    }
    p.url.host = host;
    p.buffer = '';
    return true;
}

function changeScheme(p) {
    const { url, buffer } = p;
    if (isSpecial(url.scheme) !== isSpecial(buffer) || (buffer === 'file' && (hasCredentials(url) || url.port !== null)) ||
        (url.scheme === 'file' && url.host === '')) {
        return STOP;
    }
    url.scheme = buffer;
    if (url.port === defaultPort(buffer)) {
        url.port = null;
    }
    return STOP;
}

function appendEncoded(p, c, isInSet) {
    if (!isInSet(c)) {
        p.buffer += StringFromCharCode(c);
        return;
    }
    const point = StringPrototypeCodePointAt(p.input, p.at);
    p.buffer += encodePoint(point);
    p.at += point > 0xffff ? 1 : 0;
}

function endSegment(p, isSlash) {
    const { buffer, segments } = p;
    p.buffer = '';
    if (isDoubleDot(buffer)) {
        shorten(p);
        if (!isSlash) {
            p.segments[p.segments.length] = '';
        }
    } else if (isSingleDot(buffer)) {
        if (!isSlash) {
            segments[segments.length] = '';
        }
    } else {
        const isDrive = p.url.scheme === 'file' && segments.length === 0 && isDriveLetter(buffer);
        segments[segments.length] = isDrive ? `${buffer[0]}:` : buffer;
    }
}

function joinSegments(segments) {
    let path = '';
    for (let i = 0; i < segments.length; i++) {
        path += `/${segments[i]}`;
    }
    return path;
}

// Runs the machine; false on failure. |override| is the state that a setter starts in, or null.
function runMachine(input, base, url, segments, override) {
    const p = {
        __proto__: null,
        input, base, url, segments, override,
        at: 0, state: override ?? states.schemeStart, buffer: '', isInBrackets: false, authorityStart: 0,
    };
    let hasFailed = false;
    for (; p.at <= input.length; p.at++) {
        const c = p.at < input.length ? StringPrototypeCharCodeAt(input, p.at) : -1;
        const verdict = p.state(p, c);
        if (verdict !== GO) {
            hasFailed = verdict === FAIL;
            break;
        }
    }
    if (!url.isOpaque) {
        url.path = joinSegments(p.segments);
    }
    return !hasFailed;
}

function withoutTabs(text) {
    let out = '';
    let start = 0;
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (c === 9 || c === 10 || c === 13) {
            out += StringPrototypeSlice(text, start, i);
            start = i + 1;
        }
    }
    return start === 0 ? text : out + StringPrototypeSlice(text, start);
}

function trim(text) {
    let start = 0;
    let end = text.length;
    while (start < end && StringPrototypeCharCodeAt(text, start) <= 32) {
        start++;
    }
    while (end > start && StringPrototypeCharCodeAt(text, end - 1) <= 32) {
        end--;
    }
    return StringPrototypeSlice(text, start, end);
}

// The basic URL parser without a state override: a record, or null.
function parse(text, base) {
    const url = newRecord();
    return runMachine(withoutTabs(trim(text)), base, url, List(), null) ? url : null;
}

/* ---- setters ------------------------------------------------------------------------------- */

const OVERRIDES = {
    __proto__: null, protocol: states.schemeStart, host: states.host, hostname: states.hostname, port: states.port,
    pathname: states.pathStart,
};

const cannotHaveCredentials = (url) => url.host === null || url.host === '' || url.scheme === 'file';

// A failure leaves what was set before it, as the specification says.
function change(url, text, override, segments) {
    runMachine(withoutTabs(text), null, url, segments, override);
}

// Sets |part| of |url| as the API's setter of that name does.
function set(url, part, value) {
    switch (part) {
        case 'username': case 'password':
            if (!cannotHaveCredentials(url)) {
                url[part] = encode(value, inUserinfo);
            }
            break;
        case 'port':
            if (cannotHaveCredentials(url)) {
                break;
            }
            if (value === '') {
                url.port = null;
            } else {
                change(url, value, OVERRIDES.port, segmentsOf(url.path));
            }
            break;
        case 'search':
            url.query = value === '' ? null : '';
            if (value !== '') {
                change(url, value[0] === '?' ? StringPrototypeSlice(value, 1) : value, states.query, segmentsOf(url.path));
            }
            break;
        case 'hash':
            url.fragment = value === '' ? null : '';
            if (value !== '') {
                change(url, value[0] === '#' ? StringPrototypeSlice(value, 1) : value, states.fragment, segmentsOf(url.path));
            }
            break;
        case 'protocol':
            change(url, `${value}:`, OVERRIDES.protocol, segmentsOf(url.path));
            break;
        default: // host, hostname, pathname
            if (!url.isOpaque) {
                change(url, value, OVERRIDES[part], part === 'pathname' ? List() : segmentsOf(url.path));
            }
            break;
    }
}

// For URLPattern: parses |text| into |url| from the state of one part on, where set() would first take something off or do
// nothing with an empty text; false on failure.
const STARTS = {
    __proto__: null, hostname: states.hostname, port: states.port, pathname: states.pathStart, opaque: states.opaquePath,
    search: states.query, hash: states.fragment,
};

function parseAt(url, text, part) {
    return runMachine(withoutTabs(text), null, url, part === 'pathname' ? List() : segmentsOf(url.path), STARTS[part]);
}

return { __proto__: null, parse, set, parseAt, defaultPort };
