// atob, btoa
//
// Spec:  https://infra.spec.whatwg.org/#forgiving-base64
// Covers / differs:  all
// Ops:   none
// WPT:   html/webappapis/atob
// Limits: none

'use strict';

const { StringFromCharCode, StringPrototypeCharCodeAt, StringPrototypeSlice, realm } = primordials;
const { webidl } = realm;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function sextet(c) {
    if (c >= 97) {
        return c <= 122 ? c - 71 : -1;
    }
    if (c >= 65) {
        return c <= 90 ? c - 65 : -1;
    }
    return c >= 48 && c <= 57 ? c + 4 : c === 43 ? 62 : c === 47 ? 63 : -1;
}

function isBlank(c) {
    return c === 32 || c === 9 || c === 10 || c === 12 || c === 13;
}

function invalid(what) {
    return realm.domException(what, 'InvalidCharacterError');
}

function btoa(data) {
    webidl.requireArguments(arguments.length, 1, "Failed to execute 'btoa'");
    const text = webidl.domString(data);
    let out = '';
    let bits = 0;
    let count = 0;
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (c > 255) {
            throw invalid('btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.');
        }
        bits = bits << 8 | c;
        if (++count === 3) {
            out += ALPHABET[bits >> 18] + ALPHABET[bits >> 12 & 63] + ALPHABET[bits >> 6 & 63] + ALPHABET[bits & 63];
            bits = 0;
            count = 0;
        }
    }
    if (count === 1) {
        out += `${ALPHABET[bits >> 2]}${ALPHABET[bits << 4 & 63]}==`;
    } else if (count === 2) {
        out += `${ALPHABET[bits >> 10]}${ALPHABET[bits >> 4 & 63]}${ALPHABET[bits << 2 & 63]}=`;
    }
    return out;
}

function withoutBlanks(text) {
    let out = '';
    let start = 0;
    for (let i = 0; i < text.length; i++) {
        if (isBlank(StringPrototypeCharCodeAt(text, i))) {
            out += StringPrototypeSlice(text, start, i);
            start = i + 1;
        }
    }
    return start === 0 ? text : out + StringPrototypeSlice(text, start);
}

function atob(data) {
    webidl.requireArguments(arguments.length, 1, "Failed to execute 'atob'");
    const text = withoutBlanks(webidl.domString(data));
    let { length } = text;
    if (length % 4 === 0 && length > 0 && text[length - 1] === '=') {
        length -= text[length - 2] === '=' ? 2 : 1;
    }
    if (length % 4 === 1) {
        throw invalid('atob() called with invalid base64-encoded data. (Incorrect length.)');
    }
    let out = '';
    let bits = 0;
    let count = 0;
    for (let i = 0; i < length; i++) {
        const value = sextet(StringPrototypeCharCodeAt(text, i));
        if (value < 0) {
            throw invalid('atob() called with invalid base64-encoded data. (Only whitespace, \'+\', \'/\', alphanumeric ASCII, ' +
                'and up to two terminal \'=\' signs when the input data length is divisible by 4 are allowed.)');
        }
        bits = bits << 6 | value;
        if (++count === 4) {
            out += StringFromCharCode(bits >> 16 & 255, bits >> 8 & 255, bits & 255);
            bits = 0;
            count = 0;
        }
    }
    if (count === 2) {
        out += StringFromCharCode(bits >> 4 & 255);
    } else if (count === 3) {
        out += StringFromCharCode(bits >> 10 & 255, bits >> 2 & 255);
    }
    return out;
}

return { __proto__: null, atob, btoa };
