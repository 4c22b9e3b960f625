// inspect: any value as text, in the manner of node's util.inspect, for console and exceptions.
//
// Spec:  https://console.spec.whatwg.org/#printer and https://nodejs.org/api/util.html#utilinspectobject-options
// Covers / differs:  depth, cycles, getters as [Getter], proxies by their target; no colours; custom inspect functions are not called, so
//        that no code of the worker runs but Error.prepareStackTrace and what RegExp.prototype.toString reads
// Ops:   none
// WPT:   console
// Limits: depth 2 (console.dir: up to 50), 100 items, 200 keys, 10,000 characters of a string, 128 Ki characters in all

'use strict';

const {
    BigIntPrototypeToString, BigIntPrototypeValueOf, BooleanPrototypeValueOf, DatePrototypeGetTime,
    DatePrototypeToISOString, FunctionPrototypeToString, JSONStringify, List, Map, MapPrototypeGet, MapPrototypeGetSize, MapPrototypeSet,
    MathMax, MathMin, NumberPrototypeToString, NumberPrototypeValueOf, ObjectGetOwnPropertyDescriptor, ObjectGetOwnPropertySymbols,
    ObjectGetPrototypeOf, ObjectIs, ObjectKeys, ObjectPrototype, ObjectPrototypeHasOwnProperty,
    ObjectPrototypePropertyIsEnumerable, ArrayBufferPrototypeGetByteLength, RegExpPrototypeToString,
    DataViewPrototypeGetBuffer, DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset,
    StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypePadEnd, StringPrototypePadStart,
    StringPrototypeRepeat, StringPrototypeSlice, StringPrototypeStartsWith, StringPrototypeValueOf, SymbolPrototypeToString,
    SymbolPrototypeValueOf, SymbolToStringTag, TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array, WeakRefPrototypeDeref, realm,
} = primordials;
const { typeOf, constructorName, previewEntries, proxyDetails, promiseDetails } = internals;
const { errors } = realm;
const { peek } = errors;

const DEPTH = 2;
const DEPTH_MAX = 50;
const ITEMS_MAX = 100;
const KEYS_MAX = 200;
const LENGTH_MAX = 10000;
const STRING_MAX = 10000;
const BUDGET = 131072;
const WIDTH = 80;
const PROXIES_MAX = 100;

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

/* ---- primitives ---------------------------------------------------------------------------- */

const ESCAPES = { __proto__: null, '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };

function quote(text) {
    let mark = "'";
    if (StringPrototypeIncludes(text, "'")) {
        mark = !StringPrototypeIncludes(text, '"') ? '"' : !StringPrototypeIncludes(text, '`') && !StringPrototypeIncludes(text, '${') ? '`' : "'";
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
            (isLone ? `\\u${hex}` : `\\x${StringPrototypePadStart(hex, 2, '0')}`);
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

/* ---- objects: their parts ------------------------------------------------------------------ */

// The key of a property as it is written before its value.
function formatKey(key) {
    if (typeof key === 'symbol') {
        return `[${SymbolPrototypeToString(key)}]`;
    }
    for (let i = 0; i < key.length; i++) {
        const c = StringPrototypeCharCodeAt(key, i);
        const isLetter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c === 36;
        if (!isLetter && !(i > 0 && c >= 48 && c <= 57)) {
            return quote(key);
        }
    }
    return key === '' ? "''" : key;
}

function formatProperty(context, object, key, level, isIndex) {
    const descriptor = ObjectGetOwnPropertyDescriptor(object, key);
    let text;
    if (descriptor === undefined) {
        text = 'undefined';
    } else if (ObjectPrototypeHasOwnProperty(descriptor, 'value')) {
        context.indentation += 2;
        text = formatValue(context, descriptor.value, level);
        context.indentation -= 2;
    } else if (descriptor.get !== undefined) {
        text = descriptor.set !== undefined ? '[Getter/Setter]' : '[Getter]';
    } else {
        text = descriptor.set !== undefined ? '[Setter]' : 'undefined';
    }
    if (isIndex) {
        return text;
    }
    const name = descriptor !== undefined && !descriptor.enumerable ? `[${typeof key === 'symbol' ? SymbolPrototypeToString(key) : key}]` : formatKey(key);
    return `${name}: ${text}`;
}

function isIndexKey(key, length) {
    const number = +key;
    return number >= 0 && number < length && `${number}` === key;
}

// Adds the own enumerable properties of |object| but the indices below |length|. Of a very long array they are not listed: that would
// make a string of every index.
function addProperties(context, output, object, level, length, extra) {
    if (length > LENGTH_MAX) {
        return;
    }
    const keys = ObjectKeys(object);
    let count = 0;
    for (let i = 0; i < keys.length; i++) {
        if (length > 0 && isIndexKey(keys[i], length)) {
            continue;
        }
        if (count++ >= KEYS_MAX || context.left <= 0) {
            push(output, `... ${keys.length - i} more`);
            return;
        }
        push(output, formatProperty(context, object, keys[i], level, false));
    }
    const symbols = ObjectGetOwnPropertySymbols(object);
    for (let i = 0; i < symbols.length && i < KEYS_MAX; i++) {
        if (ObjectPrototypePropertyIsEnumerable(object, symbols[i])) {
            push(output, formatProperty(context, object, symbols[i], level, false));
        }
    }
    for (let i = 0; extra !== undefined && i < extra.length; i++) {
        push(output, formatProperty(context, object, extra[i], level, false));
    }
}

function moreItems(output, rest) {
    if (rest > 0) {
        push(output, `... ${rest} more item${rest === 1 ? '' : 's'}`);
    }
}

function addItems(context, output, array, length, level) {
    let shown = 0;
    let i = 0;
    while (i < length && shown < ITEMS_MAX && context.left > 0) {
        if (ObjectPrototypeHasOwnProperty(array, i)) {
            push(output, formatProperty(context, array, i, level, true));
            i++;
        } else {
            const start = i;
            const limit = MathMin(length, start + 1000000);
            while (i < limit && !ObjectPrototypeHasOwnProperty(array, i)) {
                i++;
            }
            if (i === limit && i < length) {
                i = nextIndex(array, i, length);
            }
            push(output, `<${i - start} empty item${i - start === 1 ? '' : 's'}>`);
        }
        shown++;
    }
    moreItems(output, length - i);
}

// The first index of a very sparse |array| from |from| on.
function nextIndex(array, from, length) {
    const keys = ObjectKeys(array);
    for (let i = 0; i < keys.length; i++) {
        if (isIndexKey(keys[i], length) && +keys[i] >= from) {
            return +keys[i];
        }
    }
    return length;
}

function addEntries(context, output, value, level, isMap) {
    const entries = previewEntries(value);
    const step = isMap ? 2 : 1;
    const count = entries === undefined ? 0 : entries.length / step;
    let i = 0;
    context.indentation += 2;
    for (; i < count && i < ITEMS_MAX && context.left > 0; i++) {
        const first = formatValue(context, entries[i * step], level);
        push(output, isMap ? `${first} => ${formatValue(context, entries[i * step + 1], level)}` : first);
    }
    context.indentation -= 2;
    moreItems(output, count - i);
    return count;
}

function addNumbers(context, output, array, level) {
    const length = TypedArrayPrototypeGetLength(array);
    const shown = MathMin(length, ITEMS_MAX);
    for (let i = 0; i < shown; i++) {
        push(output, formatPrimitive(context, array[i], level));
    }
    moreItems(output, length - shown);
    return length;
}

function hexOf(buffer) {
    const size = ArrayBufferPrototypeGetByteLength(buffer);
    const shown = MathMin(size, 50);
    const bytes = new Uint8Array(buffer, 0, shown);
    let text = '';
    for (let i = 0; i < shown; i++) {
        text += (i === 0 ? '' : ' ') + StringPrototypePadStart(NumberPrototypeToString(bytes[i], 16), 2, '0');
    }
    return `<${text}${size > shown ? ` ... ${size - shown} more byte${size - shown === 1 ? '' : 's'}` : ''}>`;
}

/* ---- objects: their names ------------------------------------------------------------------ */

// The name of the nearest constructor that has one.
function classOf(value) {
    for (let at = value, i = 0; at !== null && i < PROXIES_MAX && typeOf(at) !== 'proxy'; at = ObjectGetPrototypeOf(at), i++) {
        const descriptor = ObjectGetOwnPropertyDescriptor(at, 'constructor');
        const maker = descriptor !== undefined && ObjectPrototypeHasOwnProperty(descriptor, 'value') ? descriptor.value : undefined;
        const name = typeof maker === 'function' && typeOf(maker) !== 'proxy' ? peek(maker, 'name') : '';
        if (typeof name === 'string' && name !== '') {
            return name;
        }
    }
    return constructorName(value);
}

function tagOf(value) {
    const tag = peek(value, SymbolToStringTag);
    return typeof tag === 'string' ? tag : '';
}

// "Foo", "Foo [tag]", "[Array: null prototype]"
function nameOf(value, fallback, size) {
    const count = size === undefined ? '' : `(${size})`;
    if (ObjectGetPrototypeOf(value) === null) {
        return `[${fallback}${count}: null prototype]`;
    }
    const name = classOf(value) || fallback;
    const tag = tagOf(value);
    return `${name}${count}${tag !== '' && tag !== name ? ` [${tag}]` : ''}`;
}

function formatFunction(value, kind) {
    const text = FunctionPrototypeToString(value);
    const ownName = peek(value, 'name');
    const name = typeof ownName === 'string' ? ownName : '';
    if (StringPrototypeStartsWith(text, 'class') && (text[5] === ' ' || text[5] === '{' || text[5] === '\n')) {
        const parent = ObjectGetPrototypeOf(value);
        const parentName = typeof parent === 'function' && typeOf(parent) !== 'proxy' ? peek(parent, 'name') : '';
        return `[class ${name === '' ? '(anonymous)' : name}${typeof parentName === 'string' && parentName !== '' ? ` extends ${parentName}` : ''}]`;
    }
    const tag = tagOf(value);
    const type = tag === 'GeneratorFunction' || tag === 'AsyncGeneratorFunction' ? tag : kind === 'asyncfunction' ? 'AsyncFunction' : 'Function';
    return `[${type}${name === '' ? ' (anonymous)' : `: ${name}`}]`;
}

function formatError(context, value) {
    const { name, message, stack } = errors.describe(value);
    const head = message === '' ? name : `${name}: ${message}`;
    let text = stack === '' ? `[${head}]` : StringPrototypeIncludes(stack, '\n    at ') ? stack : `[${stack}]`;
    if (context.indentation > 0 && StringPrototypeIncludes(text, '\n')) {
        text = indentLines(text, context.indentation);
    }
    return text;
}

function indentLines(text, width) {
    const margin = StringPrototypeRepeat(' ', width);
    let out = '';
    for (let start = 0; ;) {
        const end = StringPrototypeIndexOf(text, '\n', start);
        if (end < 0) {
            return out + StringPrototypeSlice(text, start);
        }
        out += StringPrototypeSlice(text, start, end + 1) + margin;
        start = end + 1;
    }
}

function formatDate(value) {
    const time = DatePrototypeGetTime(value);
    return time === time ? DatePrototypeToISOString(value) : 'Invalid Date';
}

function boxedValue(value) {
    const readers = [
        NumberPrototypeValueOf, StringPrototypeValueOf, BooleanPrototypeValueOf, BigIntPrototypeValueOf, SymbolPrototypeValueOf,
    ];
    const names = ['Number', 'String', 'Boolean', 'BigInt', 'Symbol'];
    for (let i = 0; i < readers.length; i++) {
        try {
            return { __proto__: null, name: names[i], value: readers[i](value) };
        } catch {
            // not this one
        }
    }
    return { __proto__: null, name: 'Object', value: undefined };
}

/* ---- objects: putting them together -------------------------------------------------------- */

// What an object is made of: base is text of its own, open and close stand around the parts.
function shapeOf(base, open, close) {
    return { __proto__: null, base, open, close, parts: List(), mayGroup: false };
}

function shapePlain(context, value, level) {
    const isPlain = ObjectGetPrototypeOf(value) === ObjectPrototype && tagOf(value) === '';
    const shape = shapeOf('', isPlain ? '{' : `${nameOf(value, 'Object')} {`, '}');
    addProperties(context, shape.parts, value, level, 0);
    return shape;
}

function shapeArray(context, value, level) {
    const { length } = value;
    const isPlain = ObjectGetPrototypeOf(value) !== null && classOf(value) === 'Array' && tagOf(value) === '';
    const shape = shapeOf('', isPlain ? '[' : `${nameOf(value, 'Array', length)} [`, ']');
    addItems(context, shape.parts, value, length, level);
    addProperties(context, shape.parts, value, level, length);
    shape.mayGroup = true;
    return shape;
}

function withProperties(context, shape, value, level, length = 0, extra = undefined) {
    addProperties(context, shape.parts, value, level, length, extra);
    return shape;
}

function shapeBuffer(context, value, level) {
    const shape = shapeOf('', `${nameOf(value, 'ArrayBuffer')} {`, '}');
    push(shape.parts, `[Uint8Contents]: ${hexOf(value)}`);
    push(shape.parts, `byteLength: ${ArrayBufferPrototypeGetByteLength(value)}`);
    return withProperties(context, shape, value, level);
}

function shapeDataView(context, value, level) {
    const shape = shapeOf('', `${nameOf(value, 'DataView')} {`, '}');
    push(shape.parts, `byteLength: ${DataViewPrototypeGetByteLength(value)}`);
    push(shape.parts, `byteOffset: ${DataViewPrototypeGetByteOffset(value)}`);
    push(shape.parts, `buffer: ${formatValue(context, DataViewPrototypeGetBuffer(value), level)}`);
    return withProperties(context, shape, value, level);
}

function shapePromise(context, value, level) {
    const shape = shapeOf('', `${nameOf(value, 'Promise')} {`, '}');
    const details = promiseDetails(value);
    if (details[0] === 0) {
        push(shape.parts, '<pending>');
    } else {
        context.indentation += 2;
        push(shape.parts, (details[0] === 2 ? '<rejected> ' : '') + formatValue(context, details[1], level));
        context.indentation -= 2;
    }
    return withProperties(context, shape, value, level);
}

function shapeOfError(context, value, level) {
    const shape = shapeOf(formatError(context, value), '{', '}');
    const extra = List();
    if (ObjectPrototypeHasOwnProperty(value, 'cause') && !ObjectPrototypePropertyIsEnumerable(value, 'cause')) {
        push(extra, 'cause');
    }
    if (ObjectPrototypeHasOwnProperty(value, 'errors') && !ObjectPrototypePropertyIsEnumerable(value, 'errors')) {
        push(extra, 'errors');
    }
    return withProperties(context, shape, value, level, 0, extra);
}

function shapeBoxed(context, value, level) {
    const boxed = boxedValue(value);
    const shape = shapeOf(`[${boxed.name}: ${formatPrimitive(context, boxed.value, 0)}]`, '{', '}');
    return withProperties(context, shape, value, level, typeof boxed.value === 'string' ? boxed.value.length : 0);
}

function shapeCollection(context, value, level, kind) {
    const parts = List();
    const size = addEntries(context, parts, value, level, kind === 'map');
    const shape = shapeOf('', `${nameOf(value, kind === 'map' ? 'Map' : 'Set', size)} {`, '}');
    shape.parts = parts;
    return withProperties(context, shape, value, level);
}

function shapeTyped(context, value, level) {
    const parts = List();
    const length = addNumbers(context, parts, value, level);
    const shape = shapeOf('', `${nameOf(value, TypedArrayPrototypeGetSymbolToStringTag(value), length)} [`, ']');
    shape.parts = parts;
    shape.mayGroup = true;
    return withProperties(context, shape, value, level, length);
}

function shapeUnknown(context, value, level, kind) {
    const shape = shapeOf('', `${nameOf(value, kind === 'weakset' ? 'WeakSet' : 'WeakMap')} {`, '}');
    push(shape.parts, '<items unknown>');
    return withProperties(context, shape, value, level);
}

function shape(context, value, level) {
    const own = realm.inspectOwn === undefined ? null : realm.inspectOwn(value);
    if (own !== null) {
        const result = shapeOf('', `${nameOf(value, 'Object')} {`, '}');
        context.indentation += 2;
        for (let i = 0; i < own.length; i += 2) {
            push(result.parts, `${formatKey(own[i])}: ${formatValue(context, own[i + 1], level)}`);
        }
        context.indentation -= 2;
        return withProperties(context, result, value, level);
    }
    const kind = typeOf(value);
    switch (kind) {
        case 'array': return shapeArray(context, value, level);
        case 'map': case 'set': return shapeCollection(context, value, level, kind);
        case 'typedarray': return shapeTyped(context, value, level);
        case 'arraybuffer': case 'sharedarraybuffer': return shapeBuffer(context, value, level);
        case 'dataview': return shapeDataView(context, value, level);
        case 'promise': return shapePromise(context, value, level);
        case 'error': return shapeOfError(context, value, level);
        case 'boxed': return shapeBoxed(context, value, level);
        case 'weakset': case 'weakmap': return shapeUnknown(context, value, level, kind);
        case 'date': return withProperties(context, shapeOf(formatDate(value), '{', '}'), value, level);
        case 'regexp': return withProperties(context, shapeOf(RegExpPrototypeToString(value), '{', '}'), value, level);
        case 'function': case 'asyncfunction':
            return withProperties(context, shapeOf(formatFunction(value, kind), '{', '}'), value, level);
        case 'weakref': {
            const result = shapeOf('', `${nameOf(value, 'WeakRef')} {`, '}');
            push(result.parts, formatValue(context, WeakRefPrototypeDeref(value), level));
            return withProperties(context, result, value, level);
        }
        case 'arguments': {
            const result = shapeOf('', '[Arguments] [', ']');
            const length = peek(value, 'length');
            addItems(context, result.parts, value, typeof length === 'number' ? length : 0, level);
            return result;
        }
        case 'generator': return withProperties(context, shapeOf('', 'Object [Generator] {', '}'), value, level);
        case 'module': return withProperties(context, shapeOf('', '[Module: null prototype] {', '}'), value, level);
        default:
            if (realm.isDomException !== undefined && realm.isDomException(value)) {
                return withProperties(context, shapeOf(formatError(context, value), '{', '}'), value, level);
            }
            return shapePlain(context, value, level);
    }
}

// Puts the parts of a long list in columns.
function group(context, parts, value) {
    const count = parts.length;
    let total = 0;
    let widest = 0;
    const last = StringPrototypeStartsWith(parts[count - 1], '... ') ? count - 1 : count;
    const widths = List();
    for (let i = 0; i < last; i++) {
        widths[i] = parts[i].length;
        total += widths[i] + 2;
        widest = MathMax(widest, widths[i]);
    }
    const actual = widest + 2;
    if (actual * 3 + context.indentation >= WIDTH || !(total / actual > 5 || widest <= 6)) {
        return parts;
    }
    const bias = MathMax(actual - 3 - (actual - total / parts.length) ** 0.5, 1); // node's own arithmetic
    const columns = MathMin(
        primordials.MathFloor((2.5 * bias * last) ** 0.5 / bias + 0.5), primordials.MathFloor((WIDTH - context.indentation) / actual), 12,
    );
    if (columns <= 1) {
        return parts;
    }
    const columnWidths = List();
    for (let i = 0; i < columns; i++) {
        let width = 0;
        for (let j = i; j < last; j += columns) {
            width = MathMax(width, widths[j]);
        }
        columnWidths[i] = width + 2;
    }
    const isNumeric = typeof value[0] === 'number' || typeof value[0] === 'bigint';
    const rows = List();
    for (let i = 0; i < last; i += columns) {
        const end = MathMin(i + columns, last);
        let row = '';
        for (let j = i; j < end; j++) {
            const cell = j === end - 1 ? parts[j] : `${parts[j]}, `;
            const width = columnWidths[j - i] - (j === end - 1 ? 2 : 0);
            row += isNumeric ? StringPrototypePadStart(cell, width, ' ') : j === end - 1 ? cell : StringPrototypePadEnd(cell, width, ' ');
        }
        push(rows, row);
    }
    if (last < count) {
        push(rows, parts[last]);
    }
    return rows;
}

function assemble(context, result, level, value) {
    const { base, open, close } = result;
    let { parts } = result;
    if (parts.length === 0) {
        return base !== '' ? base : `${open}${close}`;
    }
    const before = parts.length;
    if (result.mayGroup && before > 6 && context.deepest - level < 3 && isFlat(parts)) {
        parts = group(context, parts, value);
    }
    const start = base === '' ? open : `${base} ${open}`;
    if (context.deepest - level < 3 && parts.length === before) {
        let total = parts.length + context.indentation + open.length + base.length + 10 + parts.length;
        for (let i = 0; i < parts.length && total <= WIDTH; i++) {
            total += parts[i].length;
        }
        if (total <= WIDTH && isFlat(parts) && !StringPrototypeIncludes(base, '\n')) {
            return `${start} ${join(parts, ', ')} ${close}`;
        }
    }
    const margin = `\n${StringPrototypeRepeat(' ', context.indentation)}`;
    return `${start}${margin}  ${join(parts, `,${margin}  `)}${margin}${close}`;
}

function isFlat(parts) {
    for (let i = 0; i < parts.length; i++) {
        if (StringPrototypeIncludes(parts[i], '\n')) {
            return false;
        }
    }
    return true;
}

function tooDeep(value) {
    if (typeOf(value) === 'array') {
        return value.length === 0 ? '[]' : '[Array]';
    }
    const isPlain = typeOf(value) === 'object' && ObjectGetPrototypeOf(value) === ObjectPrototype;
    return isPlain && ObjectKeys(value).length === 0 ? '{}' : `[${nameOf(value, 'Object')}]`;
}

function formatObject(context, value, level) {
    for (let i = 0; typeOf(value) === 'proxy'; i++) {
        const details = proxyDetails(value);
        if (details === undefined || details[0] === null) {
            return '<Revoked Proxy>';
        }
        if (i >= PROXIES_MAX) {
            return '[Proxy]';
        }
        value = details[0];
    }
    const { seen } = context;
    for (let i = 0; i < seen.length; i++) {
        if (seen[i] === value) {
            context.cycles ??= new Map();
            let number = MapPrototypeGet(context.cycles, value);
            if (number === undefined) {
                number = MapPrototypeGetSize(context.cycles) + 1;
                MapPrototypeSet(context.cycles, value, number);
            }
            return `[Circular *${number}]`;
        }
    }
    const kind = typeOf(value);
    if (level > context.depth && kind !== 'function' && kind !== 'asyncfunction' && kind !== 'date' && kind !== 'regexp' && kind !== 'boxed') {
        return kind === 'error' ? formatError(context, value) : tooDeep(value);
    }
    push(seen, value);
    context.deepest = level;
    const result = level > context.depth ? shapeFlat(context, value, kind) : shape(context, value, level + 1);
    seen.length--;
    const number = context.cycles === null ? undefined : MapPrototypeGet(context.cycles, value);
    if (number !== undefined) {
        if (result.base === '') {
            result.open = `<ref *${number}> ${result.open}`;
        } else {
            result.base = `<ref *${number}> ${result.base}`;
        }
    }
    return assemble(context, result, level, value);
}

// Past the depth, what has a text of its own is still shown by it.
function shapeFlat(context, value, kind) {
    switch (kind) {
        case 'date': return shapeOf(formatDate(value), '', '');
        case 'regexp': return shapeOf(RegExpPrototypeToString(value), '', '');
        case 'boxed': {
            const boxed = boxedValue(value);
            return shapeOf(`[${boxed.name}: ${formatPrimitive(context, boxed.value, 0)}]`, '', '');
        }
        default: return shapeOf(formatFunction(value, kind), '', '');
    }
}

function formatValue(context, value, level) {
    if (context.left <= 0) {
        return '...';
    }
    const isPrimitive = (typeof value !== 'object' && typeof value !== 'function') || value === null;
    let text;
    if (isPrimitive) {
        text = formatPrimitive(context, value, level);
    } else {
        try {
            text = formatObject(context, value, level);
        } catch {
            text = '[a value that cannot be shown]';
        }
    }
    context.left -= isPrimitive ? text.length : 16;
    return text;
}

function newContext(depth) {
    return { __proto__: null, depth, seen: List(), cycles: null, indentation: 0, deepest: 0, left: BUDGET };
}

function inspect(value, options = undefined) {
    let depth = DEPTH;
    if (typeof options === 'object' && options !== null) {
        const wanted = peek(options, 'depth');
        depth = wanted === null ? DEPTH_MAX : typeof wanted === 'number' ? MathMin(MathMax(wanted, 0), DEPTH_MAX) : DEPTH;
    }
    return formatValue(newContext(depth), value, 0);
}

/* ---- console.log's format ------------------------------------------------------------------ */

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
    for (let i = 0; isFixed && i < properties.length && i < KEYS_MAX; i++) {
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
        for (let j = 0; j < keys.length && columns.length < KEYS_MAX; j++) {
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
            push(cells, isRow(value) && ObjectPrototypeHasOwnProperty(value, columns[j]) ? cellText(peek(value, columns[j])) : '');
        }
        if (hasValues) {
            push(cells, isRow(value) ? '' : cellText(value));
        }
        push(rows, cells);
    }
    return drawTable(heads, rows);
}

return { __proto__: null, inspect, format, table, quote };
