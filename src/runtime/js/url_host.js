// URL hosts: domains, IPv4 and IPv6 addresses; and the percent-encode sets of the URL standard.
//
// Spec:  https://url.spec.whatwg.org/#host-parsing  https://url.spec.whatwg.org/#percent-encoded-bytes
// Covers / differs:  all. Names beyond ASCII are idna.js's, loaded when first needed
// Ops:   none
// WPT:   url
// Limits: none

'use strict';

const {
    List, MathFloor, NumberPrototypeToString, StringFromCodePoint, StringPrototypeCharCodeAt, StringPrototypeCodePointAt,
    StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeToLowerCase,
    TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetLength, Uint8Array,
} = primordials;
const { utf8Decode, utf8Encode } = internals;

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
const inUserinfo = (c) => inPath(c) || c === 47 || c === 58 || c === 59 || c === 61 || c === 64 || (c >= 91 && c <= 93) ||
    c === 124;

const isForbiddenHost = (c) => c === 0 || c === 9 || c === 10 || c === 13 || c === 32 || c === 35 || c === 47 || c === 58 ||
    c === 60 || c === 62 || c === 63 || c === 64 || c === 91 || c === 92 || c === 93 || c === 94 || c === 124;
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
    const byte = (shift) => MathFloor(address / shift) % 256;
    return `${byte(16777216)}.${byte(65536)}.${byte(256)}.${byte(1)}`;
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
    return internals.lazy('idna.js').toAscii(domain);
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

return {
    __proto__: null, isDigit, isLetter, isSchemeCode, inC0, inFragment, inQuery, inSpecialQuery, inPath, inUserinfo,
    encodePoint, encode, split,
    parseHost,
};
