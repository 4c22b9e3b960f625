// How inspect.js writes primitives, keys and lists.
//
// Spec:  https://nodejs.org/api/util.html#utilinspectobject-options
// Covers / differs:  quotes and escapes as node writes them
// Ops:   none
// WPT:   none
// Limits: 10,000 characters of a string

'use strict';

const {
    BigIntPrototypeToString, List, NumberPrototypeToString, ObjectIs, StringPrototypeCharCodeAt, StringPrototypeIncludes,
    StringPrototypeIndexOf, StringPrototypePadStart, StringPrototypeRepeat, StringPrototypeSlice,
    StringPrototypeToUpperCase, SymbolPrototypeToString,
} = primordials;

const STRING_MAX = 10000;
const WIDTH = 80; // columns

function push(list, item) {
    list[list.length] = item;
}

function join(list, separator) {
    let text = list.length === 0 ? '' : list[0];
    for (let i = 1; i < list.length; i++) {
        text += separator + list[i];
    }
    return text;
}

const ESCAPES = { __proto__: null, '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };

function quote(text) {
    let mark = "'";
    if (StringPrototypeIncludes(text, "'")) {
        const mayTick = !StringPrototypeIncludes(text, '`') && !StringPrototypeIncludes(text, '${');
        mark = !StringPrototypeIncludes(text, '"') ? '"' : mayTick ? '`' : "'";
    }
    let out = '';
    let plainStart = 0;
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        const isLow = c < 32 || (c >= 127 && c < 160);
        const isLone = c >= 0xd800 && c < 0xe000 && isLoneSurrogate(text, i, c);
        if (!isLow && !isLone && c !== 92 && text[i] !== mark) {
            continue;
        }
        out += StringPrototypeSlice(text, plainStart, i);
        plainStart = i + 1;
        const hex = NumberPrototypeToString(c, 16);
        out += text[i] === mark ? `\\${mark}` : ESCAPES[text[i]] ??
            (isLone ? `\\u${hex}` : `\\x${StringPrototypeToUpperCase(StringPrototypePadStart(hex, 2, '0'))}`);
    }
    return mark + out + StringPrototypeSlice(text, plainStart) + mark;
}

function isLoneSurrogate(text, i, c) {
    if (c < 0xdc00) {
        const next = i + 1 < text.length ? StringPrototypeCharCodeAt(text, i + 1) : 0;
        return next < 0xdc00 || next > 0xdfff;
    }
    const before = i > 0 ? StringPrototypeCharCodeAt(text, i - 1) : 0;
    return before < 0xd800 || before > 0xdbff;
}

function formatNumber(value) {
    return ObjectIs(value, -0) ? '-0' : `${value}`;
}

function formatString(context, value, level) {
    let tail = '';
    if (value.length > STRING_MAX) {
        const more = value.length - STRING_MAX;
        tail = `... ${more} more character${more === 1 ? '' : 's'}`;
        value = StringPrototypeSlice(value, 0, STRING_MAX);
    }
    if (level === 0 || value.length <= 16 || value.length <= WIDTH - context.indentation - 4) {
        return quote(value) + tail;
    }
    const lines = List();
    for (let start = 0; start < value.length;) {
        const end = StringPrototypeIndexOf(value, '\n', start);
        const next = end < 0 ? value.length : end + 1;
        push(lines, quote(StringPrototypeSlice(value, start, next)));
        start = next;
    }
    return join(lines, ` +\n${StringPrototypeRepeat(' ', context.indentation + 2)}`) + tail;
}

function formatPrimitive(context, value, level) {
    switch (typeof value) {
        case 'string':
            return formatString(context, value, level);
        case 'number':
            return formatNumber(value);
        case 'bigint':
            return `${BigIntPrototypeToString(value)}n`;
        case 'symbol':
            return SymbolPrototypeToString(value);
        default:
            return `${value}`;
    }
}

return { __proto__: null, WIDTH, push, join, quote, formatNumber, formatPrimitive };
