// idna: domain names beyond ASCII, as URLs need them (UTS #46 ToASCII, non-transitional).
//
// Spec:  https://www.unicode.org/reports/tr46/  https://www.rfc-editor.org/rfc/rfc3492  https://url.spec.whatwg.org/#idna
// Covers / differs:  the parameters of the URL standard's lenient form: CheckBidi and CheckJoiners on, the others off. The data
//        is that of the tr46 package (idna_tables.js), the code is ours: it must not look up methods that a worker can patch
// Ops:   none
// WPT:   url (toascii, IdnaTestV2)
// Limits: none

'use strict';

const {
    List, MathFloor, RegExpPrototypeExec, StringFromCharCode, StringFromCodePoint, StringPrototypeCharCodeAt,
    StringPrototypeCodePointAt, StringPrototypeIncludes, StringPrototypeLastIndexOf, StringPrototypeNormalize,
    StringPrototypeSlice, StringPrototypeStartsWith,
} = primordials;
const { split } = internals.lazy('url_host.js');
const tables = internals.lazy('idna_tables.js');

const MAPPED = 1;
const VALID = 2;
const DEVIATION = 6;
const IGNORED = 7;

const has = (expression, text) => RegExpPrototypeExec(expression, text) !== null;

/* ---- Punycode ------------------------------------------------------------------------------ */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const POINT_MAX = 0x10ffff;
const NUMBER_MAX = 2 ** 31 - 1;

function adapt(delta, count, isFirst) {
    delta = isFirst ? MathFloor(delta / 700) : MathFloor(delta / 2);
    delta += MathFloor(delta / count);
    let k = 0;
    for (; delta > MathFloor((BASE - T_MIN) * T_MAX / 2); k += BASE) {
        delta = MathFloor(delta / (BASE - T_MIN));
    }
    return k + MathFloor((BASE - T_MIN + 1) * delta / (delta + 38));
}

const threshold = (k, bias) => (k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias);

function digitOf(c) {
    return c >= 48 && c <= 57 ? c - 22 : c >= 97 && c <= 122 ? c - 97 : c >= 65 && c <= 90 ? c - 65 : BASE;
}

const codeOf = (digit) => (digit < 26 ? digit + 97 : digit + 22);

// The code points of |text|, which is ASCII without "xn--"; null when it is not valid.
function decode(text) {
    const points = List();
    const last = StringPrototypeLastIndexOf(text, '-');
    for (let i = 0; i < last; i++) {
        points[i] = StringPrototypeCharCodeAt(text, i);
    }
    let n = 128;
    let index = 0;
    let bias = 72;
    for (let at = last > 0 ? last + 1 : 0; at < text.length;) {
        const before = index;
        for (let weight = 1, k = BASE; ; k += BASE) {
            const digit = at < text.length ? digitOf(StringPrototypeCharCodeAt(text, at++)) : BASE;
            if (digit >= BASE || digit > MathFloor((NUMBER_MAX - index) / weight)) {
                return null;
            }
            index += digit * weight;
            const t = threshold(k, bias);
            if (digit < t) {
                break;
            }
            weight *= BASE - t;
        }
        const count = points.length + 1;
        bias = adapt(index - before, count, before === 0);
        n += MathFloor(index / count);
        index %= count;
        if (n > POINT_MAX) {
            return null;
        }
        for (let i = points.length; i > index; i--) {
            points[i] = points[i - 1];
        }
        points[index++] = n;
    }
    return points;
}

function fromPoints(points) {
    let text = '';
    for (let i = 0; i < points.length; i++) {
        text += StringFromCodePoint(points[i]);
    }
    return text;
}

function pointsOf(text) {
    const points = List();
    for (let i = 0; i < text.length; i++) {
        const point = StringPrototypeCodePointAt(text, i);
        points[points.length] = point;
        i += point > 0xffff ? 1 : 0;
    }
    return points;
}

// |text| in Punycode; null on overflow.
function encode(text) {
    const points = pointsOf(text);
    let out = '';
    for (let i = 0; i < points.length; i++) {
        out += points[i] < 128 ? StringFromCharCode(points[i]) : '';
    }
    const basic = out.length;
    out += basic > 0 ? '-' : '';
    let n = 128;
    let delta = 0;
    let bias = 72;
    for (let handled = basic; handled < points.length; n++, delta++) {
        let least = NUMBER_MAX;
        for (let i = 0; i < points.length; i++) {
            least = points[i] >= n && points[i] < least ? points[i] : least;
        }
        if (least - n > MathFloor((NUMBER_MAX - delta) / (handled + 1))) {
            return null;
        }
        delta += (least - n) * (handled + 1);
        n = least;
        for (let i = 0; i < points.length; i++) {
            delta += points[i] < n ? 1 : 0;
            if (points[i] !== n) {
                continue;
            }
            let q = delta;
            for (let k = BASE; ; k += BASE) {
                const t = threshold(k, bias);
                if (q < t) {
                    break;
                }
                out += StringFromCharCode(codeOf(t + (q - t) % (BASE - t)));
                q = MathFloor((q - t) / (BASE - t));
            }
            out += StringFromCharCode(codeOf(q));
            bias = adapt(delta, handled + 1, handled === basic);
            delta = 0;
            handled++;
        }
    }
    return out;
}

/* ---- mapping ------------------------------------------------------------------------------- */

// The row of the table that |point| is in.
function rowOf(point) {
    const { starts } = tables;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
        const middle = MathFloor((low + high + 1) / 2);
        if (starts[middle] <= point) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

function mapCharacters(domain) {
    let out = '';
    for (let i = 0; i < domain.length; i++) {
        const point = StringPrototypeCodePointAt(domain, i);
        const row = rowOf(point);
        const status = tables.statuses[row];
        if (status === MAPPED) {
            out += tables.mappings[row];
        } else if (status !== IGNORED) {
            out += StringFromCodePoint(point);
        }
        i += point > 0xffff ? 1 : 0;
    }
    return out;
}

/* ---- validity ------------------------------------------------------------------------------ */

const isAscii = (text) => {
    for (let i = 0; i < text.length; i++) {
        if (StringPrototypeCharCodeAt(text, i) > 127) {
            return false;
        }
    }
    return true;
};

// ContextJ of RFC 5892: a joiner stands after a virama, or between letters that join.
function hasValidJoiners(points) {
    let last = 0;
    for (let i = 0; i < points.length; i++) {
        if (points[i] !== 0x200c && points[i] !== 0x200d) {
            continue;
        }
        if (i === 0) {
            return false;
        }
        if (has(tables.combiningClassVirama, StringFromCodePoint(points[i - 1]))) {
            continue;
        }
        if (points[i] === 0x200d) {
            return false;
        }
        let around = '';
        for (let j = last; j < points.length && (j <= i || points[j] !== 0x200c); j++) {
            around += StringFromCodePoint(points[j]);
        }
        if (!has(tables.validZWNJ, around)) {
            return false;
        }
        last = i + 1;
    }
    return true;
}

// The Bidi Rule of RFC 5893, section 2.
function keepsBidiRule(label, first) {
    if (has(tables.bidiS1LTR, first)) {
        return has(tables.bidiS5, label) && has(tables.bidiS6, label);
    }
    return has(tables.bidiS1RTL, first) && has(tables.bidiS2, label) && has(tables.bidiS3, label) &&
        !(has(tables.bidiS4EN, label) && has(tables.bidiS4AN, label));
}

function isValidLabel(label, isBidi) {
    if (label === '') {
        return true;
    }
    const points = pointsOf(label);
    const first = StringFromCodePoint(points[0]);
    if (StringPrototypeNormalize(label, 'NFC') !== label || StringPrototypeStartsWith(label, 'xn--') ||
        StringPrototypeIncludes(label, '.') || has(tables.combiningMarks, first)) {
        return false;
    }
    for (let i = 0; i < points.length; i++) {
        const status = tables.statuses[rowOf(points[i])];
        if (status !== VALID && status !== DEVIATION) {
            return false;
        }
    }
    return hasValidJoiners(points) && (!isBidi || keepsBidiRule(label, first));
}

// What "xn--..." stands for; null when it is not valid.
function decodeLabel(label) {
    const points = isAscii(label) ? decode(StringPrototypeSlice(label, 4)) : null;
    const text = points === null ? '' : fromPoints(points);
    return text === '' || isAscii(text) ? null : text;
}

const isEncoded = (label) => StringPrototypeStartsWith(label, 'xn--');

function isBidiDomain(labels) {
    for (let i = 0; i < labels.length; i++) {
        const points = isEncoded(labels[i]) ? decode(StringPrototypeSlice(labels[i], 4)) : null;
        if (has(tables.bidiDomain, points === null ? labels[i] : fromPoints(points))) {
            return true;
        }
    }
    return false;
}

// ToASCII; null on failure.
function toAscii(domain) {
    const labels = split(StringPrototypeNormalize(mapCharacters(domain), 'NFC'), '.');
    const isBidi = isBidiDomain(labels);
    let out = '';
    for (let i = 0; i < labels.length; i++) {
        const label = isEncoded(labels[i]) ? decodeLabel(labels[i]) : labels[i];
        if (label === null || !isValidLabel(label, isBidi)) {
            return null;
        }
        const encoded = isAscii(label) ? label : encode(label);
        if (encoded === null) {
            return null;
        }
        out += `${i === 0 ? '' : '.'}${isAscii(label) ? '' : 'xn--'}${encoded}`;
    }
    return out;
}

return { __proto__: null, toAscii };
