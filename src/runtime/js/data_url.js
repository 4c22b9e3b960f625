// data: URLs, as fetch() answers them.
//
// Spec:  https://fetch.spec.whatwg.org/#data-url-processor  https://mimesniff.spec.whatwg.org/#parsing-a-mime-type
// Covers / differs:  all
// Ops:   none
// WPT:   fetch/data-urls
// Limits: the run's memory

'use strict';

const {
    List, StringFromCharCode, StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeSlice,
    StringPrototypeStartsWith, StringPrototypeToLowerCase, TypeError, Uint8Array, realm,
} = primordials;
const { atob } = internals.lazy('base64.js');

const PLAIN = 'text/plain;charset=US-ASCII';

/* ---- a MIME type: parsed and serialized, or null ------------------------------------------- */

const isBlank = (c) => c === 9 || c === 10 || c === 13 || c === 32;

// |text| from |start| to |end| without HTTP whitespace around it.
function trimmed(text, start, end) {
    while (start < end && isBlank(StringPrototypeCharCodeAt(text, start))) {
        start++;
    }
    while (end > start && isBlank(StringPrototypeCharCodeAt(text, end - 1))) {
        end--;
    }
    return StringPrototypeSlice(text, start, end);
}

// Where |mark| stands in |text| from |start| on, or the end.
function find(text, mark, start) {
    const at = StringPrototypeIndexOf(text, mark, start);
    return at < 0 ? text.length : at;
}

function isQuotable(text) {
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (!(c === 9 || (c >= 32 && c <= 126) || (c >= 128 && c <= 255))) {
            return false;
        }
    }
    return true;
}

// "collect an HTTP quoted string", with the value extracted: calls take(value, end).
function quoted(text, start, take) {
    let value = '';
    let at = start + 1;
    while (at < text.length && text[at] !== '"') {
        if (text[at] === '\\' && at + 1 < text.length) {
            at++;
        }
        value += text[at++];
    }
    take(value, at + 1);
}

function parameterValue(text, start, take) {
    if (text[start] === '"') {
        quoted(text, start, (value, end) => take(value, find(text, ';', end)));
        return;
    }
    const end = find(text, ';', start);
    let last = end;
    while (last > start && isBlank(StringPrototypeCharCodeAt(text, last - 1))) {
        last--;
    }
    take(last === start ? null : StringPrototypeSlice(text, start, last), end);
}

function isKnown(names, name) {
    for (let i = 0; i < names.length; i++) {
        if (names[i] === name) {
            return true;
        }
    }
    return false;
}

function serializeValue(value) {
    if (realm.headers.isToken(value)) {
        return value;
    }
    let out = '';
    for (let i = 0; i < value.length; i++) {
        out += value[i] === '"' || value[i] === '\\' ? `\\${value[i]}` : value[i];
    }
    return `"${out}"`;
}

function normalizeType(text) {
    const slash = find(text, '/', 0);
    const semicolon = find(text, ';', 0);
    if (slash >= semicolon) {
        return null;
    }
    const type = StringPrototypeSlice(text, 0, slash);
    const subtype = trimmed(text, slash + 1, semicolon);
    const isValid = realm.headers.isToken(type) && realm.headers.isToken(subtype) &&
        !isBlank(StringPrototypeCharCodeAt(text, slash + 1) | 0);
    if (!isValid) {
        return null;
    }
    let out = StringPrototypeToLowerCase(`${type}/${subtype}`);
    const names = List();
    let at = semicolon + 1;
    while (at < text.length) {
        while (at < text.length && isBlank(StringPrototypeCharCodeAt(text, at))) {
            at++;
        }
        const equals = find(text, '=', at);
        const next = find(text, ';', at);
        if (equals >= next) {
            at = next + 1;
            continue;
        }
        const name = StringPrototypeToLowerCase(StringPrototypeSlice(text, at, equals));
        parameterValue(text, equals + 1, (value, end) => {
            at = end + 1;
            if (value !== null && realm.headers.isToken(name) && isQuotable(value) && !isKnown(names, name)) {
                names[names.length] = name;
                out += `;${name}=${serializeValue(value)}`;
            }
        });
    }
    return out;
}

/* ---- the body ------------------------------------------------------------------------------- */

function hex(c) {
    return c >= 48 && c <= 57 ? c - 48 : c >= 65 && c <= 70 ? c - 55 : c >= 97 && c <= 102 ? c - 87 : -1;
}

// "percent-decode"; a serialized URL is ASCII.
function percentDecode(text) {
    const bytes = new Uint8Array(text.length);
    let size = 0;
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        const high = c === 37 && i + 2 < text.length ? hex(StringPrototypeCharCodeAt(text, i + 1)) : -1;
        const low = high < 0 ? -1 : hex(StringPrototypeCharCodeAt(text, i + 2));
        bytes[size++] = low < 0 ? c : high * 16 + low;
        i += low < 0 ? 0 : 2;
    }
    return exactly(bytes, size);
}

function exactly(bytes, size) {
    const result = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
        result[i] = bytes[i];
    }
    return result;
}

function base64Decode(bytes, url) {
    let text = '';
    for (let i = 0; i < bytes.length; i++) {
        text += StringFromCharCode(bytes[i]);
    }
    let binary;
    try {
        binary = atob(text);
    } catch {
        throw newError(url);
    }
    const decoded = new Uint8Array(binary.length);
    for (let i = 0; i < decoded.length; i++) {
        decoded[i] = StringPrototypeCharCodeAt(binary, i);
    }
    return decoded;
}

function newError(url) {
    return new TypeError(`Fetch API cannot load: ${StringPrototypeSlice(url, 0, 100)}`);
}

// "base64" at the end of |type|, behind a semicolon and blanks: where the type before it ends, or -1.
function beforeBase64(type) {
    const start = type.length - 6;
    if (start < 1 || StringPrototypeToLowerCase(StringPrototypeSlice(type, start)) !== 'base64') {
        return -1;
    }
    let at = start;
    while (at > 0 && type[at - 1] === ' ') {
        at--;
    }
    return at > 0 && type[at - 1] === ';' ? at - 1 : -1;
}

// |url| is serialized and has no fragment.
function respond(method, url) {
    const comma = StringPrototypeIndexOf(url, ',');
    if (comma < 0) {
        throw newError(url);
    }
    let type = trimmed(url, 5, comma);
    let bytes = percentDecode(StringPrototypeSlice(url, comma + 1));
    const end = beforeBase64(type);
    if (end >= 0) {
        bytes = base64Decode(bytes, url);
        type = StringPrototypeSlice(type, 0, end);
    }
    if (StringPrototypeStartsWith(type, ';')) {
        type = `text/plain${type}`;
    }
    const body = method === 'HEAD' ? null : realm.body.ofBytes(bytes);
    return realm.response.fromHost(200, 'OK', `content-type\0${normalizeType(type) ?? PLAIN}\0`, url, false, body);
}

return { __proto__: null, respond };
