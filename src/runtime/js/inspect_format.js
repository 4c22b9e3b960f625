// console.log's format strings and console.table.
//
// Spec:  https://console.spec.whatwg.org/#formatter  https://console.spec.whatwg.org/#table
// Covers / differs:  %s %d %i %f %j %o %O %c %%, tables as node draws them
// Ops:   none
// WPT:   console
// Limits: 1,000 rows, 200 columns; those of inspect.js

'use strict';

const {
    BigIntPrototypeToString, JSONStringify, List, MathMax, ObjectKeys, ObjectPrototypeHasOwnProperty,
    StringPrototypeIndexOf, StringPrototypePadEnd, StringPrototypeRepeat, StringPrototypeSlice, realm,
} = primordials;

const { typeOf, previewEntries } = internals;
const { peek } = realm.errors;
const { push, formatNumber, formatPrimitive } = internals.lazy('inspect_text.js');
const { DEPTH, inspect, formatValue, newContext } = internals.lazy('inspect.js');

const COLUMNS_MAX = 200;

function toNumber(value, convert) {
    if (typeof value === 'bigint') {
        return `${BigIntPrototypeToString(value)}n`;
    }
    return typeof value === 'symbol' || (typeof value === 'object' && value !== null) ? 'NaN' : formatNumber(convert(value));
}

function toText(value) {
    if (typeof value === 'string') {
        return value;
    }
    return typeof value === 'object' && value !== null || typeof value === 'function'
        ? formatValue(newContext(0), value, 0) : formatPrimitive(newContext(0), value, 0);
}

function toJson(value) {
    try {
        return JSONStringify(value) ?? 'undefined';
    } catch {
        return '[Circular]';
    }
}

// One directive of a format string; undefined for a character that is none.
function directive(character, value) {
    switch (character) {
        case 's': return toText(value);
        case 'd': return toNumber(value, (v) => +v);
        case 'i': return toNumber(value, (v) => primordials.NumberParseInt(v));
        case 'f': return typeof value === 'symbol' ? 'NaN' : toNumber(value, (v) => primordials.NumberParseFloat(v));
        case 'j': return toJson(value);
        case 'o': return formatValue(newContext(4), value, 0);
        case 'O': return formatValue(newContext(DEPTH), value, 0);
        case 'c': return '';
        default: return undefined;
    }
}

// The arguments of console.log from |start| on as one text.
function format(args, start) {
    let text = '';
    let next = start;
    if (typeof args[start] === 'string') {
        const pattern = args[start];
        let plainStart = 0;
        next = start + 1;
        for (let i = StringPrototypeIndexOf(pattern, '%'); i >= 0 && i + 1 < pattern.length;) {
            let after = i + 1;
            if (pattern[i + 1] === '%') {
                text += StringPrototypeSlice(pattern, plainStart, i + 1);
                plainStart = after = i + 2;
            } else if (next < args.length) {
                const replaced = directive(pattern[i + 1], args[next]);
                if (replaced !== undefined) {
                    text += StringPrototypeSlice(pattern, plainStart, i) + replaced;
                    plainStart = after = i + 2;
                    next++;
                }
            }
            i = StringPrototypeIndexOf(pattern, '%', after);
        }
        text += StringPrototypeSlice(pattern, plainStart);
    }
    for (; next < args.length; next++) {
        const value = args[next];
        text += (next > start ? ' ' : '') + (typeof value === 'string' ? value : inspect(value));
    }
    return text;
}

/* ---- console.table ------------------------------------------------------------------------- */

function drawTable(heads, rows) {
    const widths = List();
    for (let i = 0; i < heads.length; i++) {
        widths[i] = heads[i].length + 2;
        for (let j = 0; j < rows.length; j++) {
            widths[i] = MathMax(widths[i], rows[j][i].length + 2);
        }
    }
    const line = (left, middle, right) => {
        let text = left;
        for (let i = 0; i < widths.length; i++) {
            text += (i === 0 ? '' : middle) + StringPrototypeRepeat('\u2500', widths[i]);
        }
        return text + right;
    };
    const row = (cells) => {
        let text = '\u2502';
        for (let i = 0; i < cells.length; i++) {
            text += StringPrototypePadEnd(` ${cells[i]}`, widths[i], ' ') + '\u2502';
        }
        return text;
    };
    let text = `${line('\u250c', '\u252c', '\u2510')}\n${row(heads)}\n${line('\u251c', '\u253c', '\u2524')}\n`;
    for (let i = 0; i < rows.length; i++) {
        text += `${row(rows[i])}\n`;
    }
    return text + line('\u2514', '\u2534', '\u2518');
}

function cellText(value) {
    return formatValue(newContext(0), value, 1);
}

function indexOf(list, item) {
    for (let i = 0; i < list.length; i++) {
        if (list[i] === item) {
            return i;
        }
    }
    return -1;
}

// [index, value, ...] of what console.table shows as rows, and the name of the first column.
function tableEntries(data) {
    const entries = List();
    const kind = typeOf(data);
    if (kind === 'map' || kind === 'set') {
        const items = previewEntries(data);
        for (let i = 0; i < items.length && entries.length < 2000; i += kind === 'map' ? 2 : 1) {
            push(entries, `${entries.length / 2}`);
            push(entries, kind === 'map' ? items[i + 1] : items[i]);
        }
        return entries;
    }
    const keys = ObjectKeys(data);
    for (let i = 0; i < keys.length && i < 1000; i++) {
        push(entries, keys[i]);
        push(entries, peek(data, keys[i]));
    }
    return entries;
}

function table(data, properties) {
    if (typeof data !== 'object' || data === null || typeOf(data) === 'proxy') {
        return typeof data === 'string' ? data : inspect(data);
    }
    const entries = tableEntries(data);
    const columns = List();
    const isFixed = typeof properties === 'object' && properties !== null && typeOf(properties) === 'array';
    for (let i = 0; isFixed && i < properties.length && i < COLUMNS_MAX; i++) {
        push(columns, `${properties[i]}`);
    }
    let hasValues = false;
    const isRow = (value) => typeof value === 'object' && value !== null && typeOf(value) !== 'proxy';
    for (let i = 0; i < entries.length; i += 2) {
        if (!isRow(entries[i + 1])) {
            hasValues = true;
            continue;
        }
        const keys = isFixed ? [] : ObjectKeys(entries[i + 1]);
        for (let j = 0; j < keys.length && columns.length < COLUMNS_MAX; j++) {
            if (indexOf(columns, keys[j]) < 0) {
                push(columns, keys[j]);
            }
        }
    }
    const heads = List();
    push(heads, '(index)');
    for (let i = 0; i < columns.length; i++) {
        push(heads, columns[i]);
    }
    if (hasValues) {
        push(heads, 'Values');
    }
    const rows = List();
    for (let i = 0; i < entries.length; i += 2) {
        const cells = List();
        const value = entries[i + 1];
        push(cells, entries[i]);
        for (let j = 0; j < columns.length; j++) {
            const has = isRow(value) && ObjectPrototypeHasOwnProperty(value, columns[j]);
            push(cells, has ? cellText(peek(value, columns[j])) : '');
        }
        if (hasValues) {
            push(cells, isRow(value) ? '' : cellText(value));
        }
        push(rows, cells);
    }
    return drawTable(heads, rows);
}

return { __proto__: null, format, table };
