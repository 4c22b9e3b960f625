// inspect: any value as text, in the manner of node's util.inspect, for console and exceptions.
//
// Spec:  https://console.spec.whatwg.org/#printer and https://nodejs.org/api/util.html#utilinspectobject-options
// Covers / differs:  depth, cycles, getters as [Getter], proxies by their target; no colours; custom inspect functions are not
//        called. No code of the worker runs, but for what V8 calls when it writes a stack (Error.prepareStackTrace, a name
//        that is a getter) and what RegExp.prototype.toString reads
// Ops:   none
// WPT:   console
// Limits: depth 2 (console.dir: up to 50), 100 items, 200 keys, 10,000 characters of a string, 128 Ki characters in all

'use strict';

const {
    ArrayBufferPrototypeGetByteLength, BigIntPrototypeValueOf, BooleanPrototypeValueOf, DataViewPrototypeGetBuffer,
    DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset, DatePrototypeGetTime, DatePrototypeToISOString,
    FunctionPrototypeToString, List, Map, MapPrototypeGet, MapPrototypeGetSize, MapPrototypeSet, MathMax, MathMin,
    NumberPrototypeToString, NumberPrototypeValueOf, ObjectGetOwnPropertyDescriptor, ObjectGetOwnPropertySymbols,
    ObjectGetPrototypeOf, ObjectKeys, ObjectPrototype, ObjectPrototypeHasOwnProperty, ObjectPrototypePropertyIsEnumerable,
    RegExpPrototypeToString, StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeIndexOf,
    StringPrototypePadEnd, StringPrototypePadStart, StringPrototypeRepeat, StringPrototypeSlice, StringPrototypeStartsWith,
    StringPrototypeValueOf, SymbolPrototypeToString, SymbolPrototypeValueOf, SymbolToStringTag,
    TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array, WeakRefPrototypeDeref, realm,
} = primordials;
const { typeOf, constructorName, previewEntries, proxyDetails, promiseDetails } = internals;
const { errors } = realm;
const { peek } = errors;

const DEPTH = 2;
const DEPTH_MAX = 50;
const ITEMS_MAX = 100;
const KEYS_MAX = 200;
const LENGTH_MAX = 10000;
const BUDGET = 131072;
const PROXIES_MAX = 100;

const { WIDTH, push, join, quote, formatPrimitive } = internals.lazy('inspect_text.js');

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
    const isHidden = descriptor !== undefined && !descriptor.enumerable && typeof key === 'string';
    return `${isHidden ? `[${key}]` : formatKey(key)}: ${text}`;
}

function isIndexKey(key, length) {
    const number = +key;
    return number >= 0 && number < length && `${number}` === key;
}

// Adds the own enumerable properties of |object| but the indices below |length|. Of a very long array they are not listed:
// that would
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

function nameOfFunction(value) {
    const name = typeof value === 'function' && typeOf(value) !== 'proxy' ? peek(value, 'name') : '';
    return typeof name === 'string' ? name : '';
}

// The name of the nearest constructor that has one.
function classOf(value) {
    for (let at = value, i = 0; at !== null && i < PROXIES_MAX && typeOf(at) !== 'proxy'; at = ObjectGetPrototypeOf(at), i++) {
        const descriptor = ObjectGetOwnPropertyDescriptor(at, 'constructor');
        const hasValue = descriptor !== undefined && ObjectPrototypeHasOwnProperty(descriptor, 'value');
        const name = hasValue ? nameOfFunction(descriptor.value) : '';
        if (name !== '') {
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
    const name = nameOfFunction(value);
    if (StringPrototypeStartsWith(text, 'class') && (text[5] === ' ' || text[5] === '{' || text[5] === '\n')) {
        const parent = nameOfFunction(ObjectGetPrototypeOf(value));
        return `[class ${name === '' ? '(anonymous)' : name}${parent === '' ? '' : ` extends ${parent}`}]`;
    }
    const tag = tagOf(value);
    const isGenerator = tag === 'GeneratorFunction' || tag === 'AsyncGeneratorFunction';
    const type = isGenerator ? tag : kind === 'asyncfunction' ? 'AsyncFunction' : 'Function';
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
    const isPlain = ObjectGetPrototypeOf(value) !== null && tagOf(value) === '' && classOf(value) === 'Object';
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
    const own = internals.lazy('inspect_own.js').parts(value);
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
        primordials.MathFloor((2.5 * bias * last) ** 0.5 / bias + 0.5),
        primordials.MathFloor((WIDTH - context.indentation) / actual), 12,
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
            const isLast = j === end - 1;
            row += isNumeric ? StringPrototypePadStart(cell, width, ' ')
                : isLast ? cell : StringPrototypePadEnd(cell, width, ' ');
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

// Past the depth, these are still shown by what they are.
function hasOwnText(kind) {
    return kind === 'function' || kind === 'asyncfunction' || kind === 'date' || kind === 'regexp' || kind === 'boxed';
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
    if (level > context.depth && !hasOwnText(kind)) {
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

return { __proto__: null, DEPTH, inspect, formatValue, newContext };
