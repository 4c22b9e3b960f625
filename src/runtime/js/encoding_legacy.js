// The decoders of every encoding but UTF-8, for TextDecoder.
//
// Spec:  https://encoding.spec.whatwg.org/#legacy-single-byte-encodings and the sections after it
// Covers / differs:  all
// Ops:   none
// WPT:   encoding
// Limits: none
//
// A decoder is {feed(byte, out), end(out)}. What the standard calls prepending bytes to the stream is feeding them again.

'use strict';

const {
    List, RangeError, ReflectApply, StringFromCharCode, StringPrototypeCharCodeAt, StringPrototypeSlice,
    StringPrototypeToLowerCase, TypeError, TypedArrayPrototypeGetLength, ObjectPrototypeHasOwnProperty, NumberParseInt,
} = primordials;

const HOLE = 0xffff; // in the tables: no character
const CHUNK = 4096; // code units that become one string

/* ---- labels -------------------------------------------------------------------------------- */

function isBlank(c) {
    return c === 9 || c === 10 || c === 12 || c === 13 || c === 32;
}

// The name of the encoding that |label| means, for an API: "replacement" is none.
function encodingOf(label) {
    let start = 0;
    let end = label.length;
    while (start < end && isBlank(StringPrototypeCharCodeAt(label, start))) {
        start++;
    }
    while (end > start && isBlank(StringPrototypeCharCodeAt(label, end - 1))) {
        end--;
    }
    const key = StringPrototypeToLowerCase(StringPrototypeSlice(label, start, end));
    const labels = internals.lazy('encoding_labels.js');
    if (!ObjectPrototypeHasOwnProperty(labels, key) || labels[key] === 'replacement') {
        throw new RangeError(`"${label}" is not a valid encoding.`);
    }
    return labels[key];
}

/* ---- output -------------------------------------------------------------------------------- */

class Output {
    #text = '';
    #units = List();
    #isFatal;

    constructor(isFatal) {
        this.#isFatal = isFatal;
    }

    put(code) {
        const units = this.#units;
        if (code > 0xffff) {
            units[units.length] = 0xd7c0 + (code >> 10);
            code = 0xdc00 + (code & 0x3ff);
        }
        units[units.length] = code;
        if (units.length >= CHUNK) {
            this.#flush();
        }
    }

    error() {
        if (this.#isFatal) {
            throw new TypeError('The encoded data was not valid.');
        }
        this.put(0xfffd);
    }

    #flush() {
        this.#text += ReflectApply(StringFromCharCode, undefined, this.#units);
        this.#units = List();
    }

    finish() {
        this.#flush();
        return this.#text;
    }
}

// The character of |index| at |pointer|, or HOLE.
function lookUp(index, pointer) {
    return pointer < index.length ? StringPrototypeCharCodeAt(index, pointer) : HOLE;
}

function nothing() {}

/* ---- one byte, one character ---------------------------------------------------------------- */

function singleByte(table) {
    return {
        __proto__: null,
        end: nothing,
        feed(byte, out) {
            const code = byte < 0x80 ? byte : StringPrototypeCharCodeAt(table, byte - 0x80);
            if (code === HOLE) {
                out.error();
            } else {
                out.put(code);
            }
        },
    };
}

function userDefined() {
    return { __proto__: null, end: nothing, feed: (byte, out) => out.put(byte < 0x80 ? byte : 0xf700 + byte) };
}

/* ---- UTF-16 -------------------------------------------------------------------------------- */

function utf16(isBigEndian) {
    let first = -1; // of two bytes
    let high = -1; // surrogate
    function unit(code, out) {
        if (high >= 0) {
            const lead = high;
            high = -1;
            if (code >= 0xdc00 && code <= 0xdfff) {
                out.put(lead);
                out.put(code);
                return;
            }
            out.error();
        }
        if (code >= 0xd800 && code <= 0xdbff) {
            high = code;
        } else if (code >= 0xdc00 && code <= 0xdfff) {
            out.error();
        } else {
            out.put(code);
        }
    }
    return {
        __proto__: null,
        feed(byte, out) {
            if (first < 0) {
                first = byte;
                return;
            }
            const code = isBigEndian ? first * 256 + byte : byte * 256 + first;
            first = -1;
            unit(code, out);
        },
        end(out) {
            const isOpen = first >= 0 || high >= 0;
            first = -1;
            high = -1;
            if (isOpen) {
                out.error();
            }
        },
    };
}

/* ---- two bytes, one character: Big5, EUC-KR, Shift_JIS ------------------------------------------ */

// |isLead(byte)|, |single(byte)|: the character that it is alone, or HOLE; |pair(lead, byte)|: that of two, or HOLE.
function twoBytes(isLead, single, pair) {
    let lead = 0;
    return {
        __proto__: null,
        feed(byte, out) {
            if (lead === 0) {
                if (isLead(byte)) {
                    lead = byte;
                    return;
                }
                const code = single(byte);
                if (code === HOLE) {
                    out.error();
                } else {
                    out.put(code);
                }
                return;
            }
            const code = pair(lead, byte, out);
            lead = 0;
            if (code === HOLE) {
                out.error();
                if (byte < 0x80) {
                    out.put(byte);
                }
            } else {
                out.put(code);
            }
        },
        end(out) {
            const isOpen = lead !== 0;
            lead = 0;
            if (isOpen) {
                out.error();
            }
        },
    };
}

function ascii(byte) {
    return byte < 0x80 ? byte : HOLE;
}

function isUpper(byte) {
    return byte >= 0x81 && byte <= 0xfe;
}

function big5() {
    const { index, planes } = internals.lazy('encoding_big5.js');
    return twoBytes(isUpper, ascii, (lead, byte, out) => {
        if (!((byte >= 0x40 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xfe))) {
            return HOLE;
        }
        const pointer = (lead - 0x81) * 157 + byte - (byte < 0x7f ? 0x40 : 0x62);
        if (pointer === 1133 || pointer === 1135 || pointer === 1164 || pointer === 1166) {
            out.put(pointer < 1164 ? 0xca : 0xea);
            return pointer === 1133 || pointer === 1164 ? 0x304 : 0x30c;
        }
        const code = lookUp(index, pointer);
        const bits = NumberParseInt(planes[pointer >> 2] ?? '0', 16);
        return bits & (1 << (pointer & 3)) ? code + 0x20000 : code;
    });
}

function eucKr() {
    const { index } = internals.lazy('encoding_euc_kr.js');
    return twoBytes(isUpper, ascii, (lead, byte) => (
        byte >= 0x41 && byte <= 0xfe ? lookUp(index, (lead - 0x81) * 190 + byte - 0x41) : HOLE
    ));
}

function shiftJis() {
    const { jis0208 } = internals.lazy('encoding_jis.js');
    const isLead = (byte) => (byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc);
    const single = (byte) => (byte <= 0x80 ? byte : byte >= 0xa1 && byte <= 0xdf ? 0xff61 - 0xa1 + byte : HOLE);
    return twoBytes(isLead, single, (lead, byte) => {
        if (!((byte >= 0x40 && byte <= 0x7e) || (byte >= 0x80 && byte <= 0xfc))) {
            return HOLE;
        }
        const pointer = (lead - (lead < 0xa0 ? 0x81 : 0xc1)) * 188 + byte - (byte < 0x7f ? 0x40 : 0x41);
        return pointer >= 8836 && pointer <= 10715 ? 0xe000 - 8836 + pointer : lookUp(jis0208, pointer);
    });
}

/* ---- EUC-JP -------------------------------------------------------------------------------- */

function eucJp() {
    const { jis0208, jis0212 } = internals.lazy('encoding_jis.js');
    const isHigh = (byte) => byte >= 0xa1 && byte <= 0xfe;
    let lead = 0;
    let is0212 = false;
    return {
        __proto__: null,
        feed(byte, out) {
            if (lead === 0x8e && byte >= 0xa1 && byte <= 0xdf) {
                lead = 0;
                out.put(0xff61 - 0xa1 + byte);
            } else if (lead === 0x8f && isHigh(byte)) {
                is0212 = true;
                lead = byte;
            } else if (lead !== 0) {
                const code = isHigh(lead) && isHigh(byte)
                    ? lookUp(is0212 ? jis0212 : jis0208, (lead - 0xa1) * 94 + byte - 0xa1) : HOLE;
                lead = 0;
                is0212 = false;
                if (code !== HOLE) {
                    out.put(code);
                    return;
                }
                out.error();
                if (byte < 0x80) {
                    out.put(byte);
                }
            } else if (byte < 0x80) {
                out.put(byte);
            } else if (byte === 0x8e || byte === 0x8f || isHigh(byte)) {
                lead = byte;
            } else {
                out.error();
            }
        },
        end(out) {
            const isOpen = lead !== 0;
            lead = 0;
            is0212 = false;
            if (isOpen) {
                out.error();
            }
        },
    };
}

/* ---- GB 18030, GBK ---------------------------------------------------------------------------- */

// The code point of a pointer of four bytes, or HOLE.
function gb18030Range(ranges, pointer) {
    if ((pointer > 39419 && pointer < 189000) || pointer > 1237575) {
        return HOLE;
    }
    if (pointer === 7457) {
        return 0xe7c7;
    }
    let low = 0;
    let high = ranges.length / 2;
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (ranges[middle * 2] <= pointer) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return ranges[low * 2 + 1] + pointer - ranges[low * 2];
}

function gb18030() {
    const { index, ranges } = internals.lazy('encoding_gb18030.js');
    let first = 0;
    let second = 0;
    let third = 0;
    function give(code, out) {
        if (code === HOLE) {
            out.error();
        } else {
            out.put(code);
        }
    }
    function fourth(byte, out) {
        const a = first;
        const b = second;
        const c = third;
        first = second = third = 0;
        if (byte < 0x30 || byte > 0x39) {
            out.error();
            feed(b, out);
            feed(c, out);
            feed(byte, out);
            return;
        }
        give(gb18030Range(ranges, (a - 0x81) * 12600 + (b - 0x30) * 1260 + (c - 0x81) * 10 + byte - 0x30), out);
    }
    function feed(byte, out) {
        if (third !== 0) {
            fourth(byte, out);
        } else if (second !== 0) {
            if (isUpper(byte)) {
                third = byte;
                return;
            }
            const again = second;
            first = second = 0;
            out.error();
            feed(again, out);
            feed(byte, out);
        } else if (first !== 0) {
            if (byte >= 0x30 && byte <= 0x39) {
                second = byte;
                return;
            }
            const lead = first;
            first = 0;
            const isTrail = (byte >= 0x40 && byte <= 0x7e) || (byte >= 0x80 && byte <= 0xfe);
            const code = isTrail ? lookUp(index, (lead - 0x81) * 190 + byte - (byte < 0x7f ? 0x40 : 0x41)) : HOLE;
            give(code, out);
            if (code === HOLE && byte < 0x80) {
                out.put(byte);
            }
        } else if (isUpper(byte)) {
            first = byte;
        } else {
            give(byte < 0x80 ? byte : byte === 0x80 ? 0x20ac : HOLE, out);
        }
    }
    return {
        __proto__: null,
        feed,
        end(out) {
            const isOpen = first !== 0;
            first = second = third = 0;
            if (isOpen) {
                out.error();
            }
        },
    };
}

/* ---- ISO-2022-JP ---------------------------------------------------------------------------- */

const ASCII = 0;
const ROMAN = 1;
const KATAKANA = 2;
const LEAD = 3;
const TRAIL = 4;
const ESCAPE_START = 5;
const ESCAPE = 6;

// The state that ESC |lead| |byte| brings, or -1.
function escapeState(lead, byte) {
    if (lead === 0x28) {
        return byte === 0x42 ? ASCII : byte === 0x4a ? ROMAN : byte === 0x49 ? KATAKANA : -1;
    }
    return byte === 0x40 || byte === 0x42 ? LEAD : -1;
}

function iso2022Jp() {
    const { jis0208 } = internals.lazy('encoding_jis.js');
    let state = ASCII;
    let outputState = ASCII;
    let lead = 0;
    let hasOutput = false; // an escape that follows another at once is an error

    function fail(out) {
        hasOutput = false;
        state = outputState;
        out.error();
    }
    function plain(byte, out) {
        hasOutput = false;
        if (byte > 0x7f || byte === 0x0e || byte === 0x0f) {
            out.error();
        } else if (state === ROMAN && byte === 0x5c) {
            out.put(0xa5);
        } else if (state === ROMAN && byte === 0x7e) {
            out.put(0x203e);
        } else {
            out.put(byte);
        }
    }
    function trail(byte, out) {
        state = LEAD;
        const code = byte >= 0x21 && byte <= 0x7e ? lookUp(jis0208, (lead - 0x21) * 94 + byte - 0x21) : HOLE;
        if (code === HOLE) {
            out.error();
        } else {
            out.put(code);
        }
    }
    function escape(byte, out) {
        const start = lead;
        const next = escapeState(start, byte);
        lead = 0;
        if (next < 0) {
            fail(out);
            feed(start, out);
            feed(byte, out);
            return;
        }
        state = next;
        outputState = next;
        const isDouble = hasOutput;
        hasOutput = true;
        if (isDouble) {
            out.error();
        }
    }
    function feed(byte, out) {
        if (byte === 0x1b && state < ESCAPE_START) {
            const isCut = state === TRAIL;
            state = ESCAPE_START;
            if (isCut) {
                out.error();
            }
            return;
        }
        switch (state) {
            case ASCII: case ROMAN:
                plain(byte, out);
                break;
            case KATAKANA:
                hasOutput = false;
                if (byte >= 0x21 && byte <= 0x5f) {
                    out.put(0xff61 - 0x21 + byte);
                } else {
                    out.error();
                }
                break;
            case LEAD:
                hasOutput = false;
                if (byte >= 0x21 && byte <= 0x7e) {
                    lead = byte;
                    state = TRAIL;
                } else {
                    out.error();
                }
                break;
            case TRAIL:
                trail(byte, out);
                break;
            case ESCAPE_START:
                if (byte === 0x24 || byte === 0x28) {
                    lead = byte;
                    state = ESCAPE;
                } else {
                    fail(out);
                    feed(byte, out);
                }
                break;
            case ESCAPE:
                escape(byte, out);
                break;
        }
    }
    return {
        __proto__: null,
        feed,
        end(out) {
            const wasIn = state;
            if (wasIn === TRAIL) {
                state = LEAD;
                out.error();
            } else if (wasIn >= ESCAPE_START) {
                fail(out);
                if (wasIn === ESCAPE) {
                    feed(lead, out);
                }
            }
        },
    };
}

/* ---- choice -------------------------------------------------------------------------------- */

function decoderOf(encoding) {
    switch (encoding) {
        case 'utf-16le': return utf16(false);
        case 'utf-16be': return utf16(true);
        case 'gbk': case 'gb18030': return gb18030();
        case 'big5': return big5();
        case 'euc-kr': return eucKr();
        case 'euc-jp': return eucJp();
        case 'shift_jis': return shiftJis();
        case 'iso-2022-jp': return iso2022Jp();
        case 'x-user-defined': return userDefined();
        default: return singleByte(internals.lazy('encoding_single.js')[encoding === 'iso-8859-8-i' ? 'iso-8859-8' : encoding]);
    }
}

// {decode(bytes, stream)}: text of |bytes|; with |stream|, what is not complete waits for the next call.
function create(encoding, isFatal, ignoresBom) {
    const mayHaveBom = (encoding === 'utf-16le' || encoding === 'utf-16be') && !ignoresBom;
    let decoder = null; // null: the next call begins anew
    let isBomSeen = false;
    return {
        __proto__: null,
        decode(bytes, stream) {
            if (decoder === null) {
                decoder = decoderOf(encoding);
                isBomSeen = false;
            }
            const out = new Output(isFatal);
            const at = decoder;
            decoder = stream ? at : null;
            const length = TypedArrayPrototypeGetLength(bytes);
            for (let i = 0; i < length; i++) {
                at.feed(bytes[i], out);
            }
            if (!stream) {
                at.end(out);
            }
            const text = out.finish();
            if (!mayHaveBom || isBomSeen || text.length === 0) {
                return text;
            }
            isBomSeen = true;
            return StringPrototypeCharCodeAt(text, 0) === 0xfeff ? StringPrototypeSlice(text, 1) : text;
        },
    };
}

return { __proto__: null, encodingOf, create };
