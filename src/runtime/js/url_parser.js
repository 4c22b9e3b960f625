// The URL parser: the whole of it, for what url.js does not parse by itself, and the setters.
//
// Spec:  https://url.spec.whatwg.org/#url-parsing
// Covers / differs:  all; queries are always UTF-8. Names beyond ASCII go through tr46 (idna.js, loaded when first needed)
// Ops:   none
// WPT:   url
// Limits: none
//
// One function for each state of the specification; each is given the parser and the code unit at its pointer (-1 at the end) and
// says GO, STOP or FAIL.

'use strict';

const {
    List, MathFloor, NumberPrototypeToString, StringPrototypeCharCodeAt, StringPrototypeCodePointAt,
    StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeStartsWith, StringPrototypeToLowerCase,
    StringFromCharCode, StringFromCodePoint, TypedArrayPrototypeGetLength, TypedArrayPrototypeGetBuffer, Uint8Array, realm,
} = primordials;
const { utf8Decode, utf8Encode } = internals;
const { newRecord } = realm.url;

const GO = 0;
const STOP = 1;
const FAIL = 2;
const HEX = '0123456789ABCDEF';

/* ---- characters ---------------------------------------------------------------------------- */

const isDigit = (c) => c >= 48 && c <= 57;
const isLetter = (c) => (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
const isHex = (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);
const isSchemeCode = (c) => isLetter(c) || isDigit(c) || c === 43 || c === 45 || c === 46;

// Percent-encode sets.
const inC0 = (c) => c <= 31 || c > 126;
const inFragment = (c) => inC0(c) || c === 32 || c === 34 || c === 60 || c === 62 || c === 96;
const inQuery = (c) => inC0(c) || c === 32 || c === 34 || c === 35 || c === 60 || c === 62;
const inSpecialQuery = (c) => inQuery(c) || c === 39;
const inPath = (c) => inQuery(c) || c === 63 || c === 94 || c === 96 || c === 123 || c === 125;
const inUserinfo = (c) => inPath(c) || c === 47 || c === 58 || c === 59 || c === 61 || c === 64 || (c >= 91 && c <= 93) || c === 124;

const isForbiddenHost = (c) => c === 0 || c === 9 || c === 10 || c === 13 || c === 32 || c === 35 || c === 47 || c === 58 || c === 60 ||
    c === 62 || c === 63 || c === 64 || c === 91 || c === 92 || c === 93 || c === 94 || c === 124;
const isForbiddenDomain = (c) => isForbiddenHost(c) || c <= 31 || c === 37 || c === 127;

function encodePoint(point) {
    const bytes = utf8Encode(StringFromCodePoint(point));
    let text = '';
    for (let i = 0, size = TypedArrayPrototypeGetLength(bytes); i < size; i++) {
        text += `%${HEX[bytes[i] >> 4]}${HEX[bytes[i] & 15]}`;
    }
    return text;
}

function encode(text, isInSet) {
    let out = '';
    let plainStart = 0;
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (isInSet(c)) {
            const point = StringPrototypeCodePointAt(text, i);
            out += StringPrototypeSlice(text, plainStart, i) + encodePoint(point);
            i += point > 0xffff ? 1 : 0;
            plainStart = i + 1;
        }
    }
    return plainStart === 0 ? text : out + StringPrototypeSlice(text, plainStart);
}

function percentDecode(text) {
    if (!StringPrototypeIncludes(text, '%')) {
        return text;
    }
    const encoded = utf8Encode(text);
    const size = TypedArrayPrototypeGetLength(encoded);
    const bytes = new Uint8Array(size);
    let used = 0;
    const value = (c) => (isDigit(c) ? c - 48 : (c & 0xdf) - 55);
    for (let i = 0; i < size; i++) {
        if (encoded[i] === 37 && i + 2 < size && isHex(encoded[i + 1]) && isHex(encoded[i + 2])) {
            bytes[used++] = value(encoded[i + 1]) * 16 + value(encoded[i + 2]);
            i += 2;
        } else {
            bytes[used++] = encoded[i];
        }
    }
    return utf8Decode(new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), 0, used), false, true);
}

function contains(text, test) {
    for (let i = 0; i < text.length; i++) {
        if (test(StringPrototypeCharCodeAt(text, i))) {
            return true;
        }
    }
    return false;
}

function split(text, separator) {
    const parts = List();
    for (let start = 0; ;) {
        const at = StringPrototypeIndexOf(text, separator, start);
        if (at < 0) {
            parts[parts.length] = StringPrototypeSlice(text, start);
            return parts;
        }
        parts[parts.length] = StringPrototypeSlice(text, start, at);
        start = at + 1;
    }
}

/* ---- hosts --------------------------------------------------------------------------------- */

// A part of an IPv4 address as a number, or -1.
function ipv4Number(text) {
    if (text === '') {
        return -1;
    }
    let radix = 10;
    let digits = text;
    if (text.length >= 2 && text[0] === '0' && (text[1] === 'x' || text[1] === 'X')) {
        radix = 16;
        digits = StringPrototypeSlice(text, 2);
    } else if (text.length >= 2 && text[0] === '0') {
        radix = 8;
        digits = StringPrototypeSlice(text, 1);
    }
    let number = 0;
    for (let i = 0; i < digits.length; i++) {
        const c = StringPrototypeCharCodeAt(digits, i);
        const digit = isDigit(c) ? c - 48 : isHex(c) ? (c & 0xdf) - 55 : 99;
        if (digit >= radix) {
            return -1;
        }
        number = number * radix + digit;
    }
    return number;
}

function endsInNumber(domain) {
    const parts = split(domain, '.');
    if (parts[parts.length - 1] === '') {
        if (parts.length === 1) {
            return false;
        }
        parts.length--;
    }
    const last = parts[parts.length - 1];
    return (last !== '' && !contains(last, (c) => !isDigit(c))) || ipv4Number(last) >= 0;
}

// Serialized, or null.
function parseIpv4(text) {
    const parts = split(text, '.');
    if (parts[parts.length - 1] === '' && parts.length > 1) {
        parts.length--;
    }
    if (parts.length > 4) {
        return null;
    }
    let address = 0;
    for (let i = 0; i < parts.length; i++) {
        const number = ipv4Number(parts[i]);
        const isLast = i === parts.length - 1;
        if (number < 0 || (isLast ? number >= 256 ** (5 - parts.length) : number > 255)) {
            return null;
        }
        address += isLast ? number : number * 256 ** (3 - i);
    }
    return `${MathFloor(address / 16777216)}.${MathFloor(address / 65536) % 256}.${MathFloor(address / 256) % 256}.${address % 256}`;
}

// The IPv4 tail of an IPv6 address from |at| on, into pieces; the next piece's index, or -1.
function ipv4InIpv6(text, at, pieces, index) {
    let seen = 0;
    while (at < text.length) {
        if (seen > 0) {
            if (text[at] !== '.' || seen >= 4) {
                return -1;
            }
            at++;
        }
        let value = -1;
        while (at < text.length && isDigit(StringPrototypeCharCodeAt(text, at))) {
            const digit = StringPrototypeCharCodeAt(text, at) - 48;
            if (value === 0) {
                return -1;
            }
            value = value < 0 ? digit : value * 10 + digit;
            if (value > 255) {
                return -1;
            }
            at++;
        }
        if (value < 0) {
            return -1;
        }
        pieces[index] = pieces[index] * 256 + value;
        seen++;
        if (seen === 2 || seen === 4) {
            index++;
        }
    }
    return seen === 4 ? index : -1;
}

// Eight numbers, or null.
function ipv6Pieces(text) {
    const pieces = List();
    for (let i = 0; i < 8; i++) {
        pieces[i] = 0;
    }
    let index = 0;
    let compress = -1;
    let at = 0;
    if (text[0] === ':') {
        if (text[1] !== ':') {
            return null;
        }
        at = 2;
        compress = ++index;
    }
    while (at < text.length) {
        if (index === 8) {
            return null;
        }
        if (text[at] === ':') {
            if (compress >= 0) {
                return null;
            }
            at++;
            compress = ++index;
            continue;
        }
        let value = 0;
        let length = 0;
        while (length < 4 && at < text.length && isHex(StringPrototypeCharCodeAt(text, at))) {
            const c = StringPrototypeCharCodeAt(text, at++);
            value = value * 16 + (isDigit(c) ? c - 48 : (c & 0xdf) - 55);
            length++;
        }
        if (text[at] === '.') {
            index = length === 0 || index > 6 ? -1 : ipv4InIpv6(text, at - length, pieces, index);
            if (index < 0) {
                return null;
            }
            break;
        }
        if (text[at] === ':') {
            if (++at === text.length) {
                return null;
            }
        } else if (at < text.length) {
            return null;
        }
        pieces[index++] = value;
    }
    if (compress < 0) {
        return index === 8 ? pieces : null;
    }
    for (let from = index - 1, to = 7; from >= compress; from--, to--) {
        pieces[to] = pieces[from];
        if (from !== to) {
            pieces[from] = 0;
        }
    }
    return pieces;
}

function serializeIpv6(pieces) {
    let best = -1;
    let bestLength = 1;
    for (let i = 0; i < 8; i++) {
        let length = 0;
        while (i + length < 8 && pieces[i + length] === 0) {
            length++;
        }
        if (length > bestLength) {
            best = i;
            bestLength = length;
        }
        i += length;
    }
    let text = '[';
    for (let i = 0; i < 8; i++) {
        if (i === best) {
            text += i === 0 ? '::' : ':';
            i += bestLength - 1;
            continue;
        }
        text += NumberPrototypeToString(pieces[i], 16) + (i === 7 ? '' : ':');
    }
    return `${text}]`;
}

// Domain to ASCII; null on failure.
function toAscii(domain) {
    if (!contains(domain, (c) => c > 127)) {
        return StringPrototypeToLowerCase(domain);
    }
    return internals.lazy('idna.js').toASCII(domain, {
        __proto__: null,
        checkHyphens: false, checkBidi: true, checkJoiners: true, useSTD3ASCIIRules: false, verifyDNSLength: false,
        transitionalProcessing: false, ignoreInvalidPunycode: false,
    });
}

// Serialized, or null.
function parseHost(text, isOpaque) {
    if (text[0] === '[') {
        if (text[text.length - 1] !== ']') {
            return null;
        }
        const pieces = ipv6Pieces(StringPrototypeSlice(text, 1, text.length - 1));
        return pieces === null ? null : serializeIpv6(pieces);
    }
    if (isOpaque) {
        return contains(text, isForbiddenHost) ? null : encode(text, inC0);
    }
    const domain = toAscii(percentDecode(text));
    if (domain === null || domain === '' || contains(domain, isForbiddenDomain)) {
        return null;
    }
    return endsInNumber(domain) ? parseIpv4(domain) : domain;
}

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
const isDriveLetter = (text) => text.length === 2 && isLetter(StringPrototypeCharCodeAt(text, 0)) && (text[1] === ':' || text[1] === '|');
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
            p.state = p.base !== null && p.base.scheme === p.url.scheme ? states.specialRelativeOrAuthority : states.specialAuthoritySlashes;
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
    __proto__: null, protocol: states.schemeStart, host: states.host, hostname: states.hostname, port: states.port, pathname: states.pathStart,
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

return { __proto__: null, parse, set };
