// equal.mjs - deep equality, as assert.deepEqual (loose) and util.isDeepStrictEqual (strict) mean it.
// https://nodejs.org/api/assert.html#comparison-details
import types from './types.mjs';

const tag = (value) => Object.prototype.toString.call(value);
const keysOf = (value) => [...Object.keys(value), ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))];

function sameBytes(a, b) {
    const x = new Uint8Array(a.buffer ?? a, a.byteOffset ?? 0, a.byteLength);
    const y = new Uint8Array(b.buffer ?? b, b.byteOffset ?? 0, b.byteLength);
    return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

function sameNumbers(a, b, isStrict) {
    return a.length === b.length && a.every((value, i) => (isStrict ? Object.is(value, b[i]) : value === b[i] || (value !== value && b[i] !== b[i])));
}

function samePrimitive(a, b, isStrict) {
    // eslint-disable-next-line eqeqeq
    return isStrict ? Object.is(a, b) : a == b || (a !== a && b !== b);
}

// What lies in slots, not in properties; undefined: there is none.
function sameSlots(a, b, isStrict, seen) {
    if (types.isDate(a)) return types.isDate(b) && Object.is(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b));
    if (types.isRegExp(a)) return types.isRegExp(b) && a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
    if (types.isNativeError(a) || a instanceof Error) return (types.isNativeError(b) || b instanceof Error) && a.message === b.message && a.name === b.name && sameOrDeep(a.cause, b.cause, isStrict, seen);
    if (types.isBoxedPrimitive(a)) return types.isBoxedPrimitive(b) && tag(a) === tag(b) && Object.is(a.valueOf(), b.valueOf());
    if (types.isAnyArrayBuffer(a)) return types.isAnyArrayBuffer(b) && sameBytes(a, b);
    if (ArrayBuffer.isView(a)) return ArrayBuffer.isView(b) && (types.isFloat64Array(a) || types.isFloat32Array(a) ? sameNumbers(a, b, isStrict) : sameBytes(a, b));
    if (types.isSet(a)) return types.isSet(b) && sameSets(a, b, isStrict, seen);
    if (types.isMap(a)) return types.isMap(b) && sameMaps(a, b, isStrict, seen);
    return undefined;
}

function sameOrDeep(a, b, isStrict, seen) {
    return samePrimitive(a, b, isStrict) || deep(a, b, isStrict, seen);
}

function sameSets(a, b, isStrict, seen) {
    if (a.size !== b.size) return false;
    const left = new Set(b);
    for (const value of a) {
        if (left.delete(value)) continue;
        const twin = [...left].find((other) => sameOrDeep(value, other, isStrict, seen));
        if (twin === undefined && !left.has(undefined)) return false;
        left.delete(twin);
    }
    return true;
}

function sameMaps(a, b, isStrict, seen) {
    if (a.size !== b.size) return false;
    const left = new Map(b);
    for (const [key, value] of a) {
        let twin = key;
        if (!left.has(key)) {
            const found = [...left].find(([other, its]) => sameOrDeep(key, other, isStrict, seen) && sameOrDeep(value, its, isStrict, seen));
            if (found === undefined) return false;
            [twin] = found;
        } else if (!sameOrDeep(value, left.get(key), isStrict, seen)) {
            return false;
        }
        left.delete(twin);
    }
    return true;
}

function deep(a, b, isStrict, seen) {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (isStrict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (tag(a) !== tag(b) || Array.isArray(a) !== Array.isArray(b)) return false;
    const others = seen.get(a);
    if (others?.has(b)) return true; // It is being compared: a cycle in both.
    if (others === undefined) seen.set(a, new Set([b])); else others.add(b);
    try {
        const slots = sameSlots(a, b, isStrict, seen) ?? sameSlots(b, a, isStrict, seen);
        if (slots === false) return false;
        if (Array.isArray(a) && a.length !== b.length) return false;
        const keys = ArrayBuffer.isView(a) ? keysOf(a).slice(a.length ?? 0) : keysOf(a);
        const otherKeys = ArrayBuffer.isView(b) ? keysOf(b).slice(b.length ?? 0) : keysOf(b);
        if (keys.length !== otherKeys.length) return false;
        return keys.every((key) => Object.prototype.propertyIsEnumerable.call(b, key) && sameOrDeep(a[key], b[key], isStrict, seen));
    } finally {
        seen.get(a).delete(b);
    }
}

export const isDeepStrictEqual = (a, b) => sameOrDeep(a, b, true, new Map());
export const isDeepEqual = (a, b) => sameOrDeep(a, b, false, new Map());
