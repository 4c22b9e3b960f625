// assert.mjs - node:assert and node:assert/strict.
import { isDeepEqual, isDeepStrictEqual } from './equal.mjs';
import { invalidType } from './errors.mjs';
import { inspect } from './util.mjs';

export class AssertionError extends Error {
    constructor({ message, actual, expected, operator } = {}) {
        super(message === undefined ? describe(actual, expected, operator) : String(message));
        this.name = 'AssertionError';
        this.code = 'ERR_ASSERTION';
        this.generatedMessage = message === undefined;
        this.actual = actual;
        this.expected = expected;
        this.operator = operator;
    }
}

const PHRASES = {
    deepStrictEqual: 'Expected values to be strictly deep-equal:', deepEqual: 'Expected values to be loosely deep-equal:',
    strictEqual: 'Expected values to be strictly equal:', equal: 'Expected values to be loosely equal:',
    notStrictEqual: 'Expected "actual" to be strictly unequal to:', notEqual: 'Expected "actual" to be loosely unequal to:',
    notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:', notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};

function describe(actual, expected, operator) {
    if (PHRASES[operator] === undefined) return `The expression evaluated to a falsy value: ${inspect(actual)}`;
    if (operator.startsWith('not')) return `${PHRASES[operator]} ${inspect(expected)}`;
    return `${PHRASES[operator]}\n\n${inspect(actual)} !== ${inspect(expected)}\n`;
}

function refuse(actual, expected, message, operator) {
    if (message instanceof Error) throw message;
    throw new AssertionError({ actual, expected, message, operator });
}

export function ok(...args) {
    const [value, message] = args;
    if (args.length === 0) refuse(undefined, true, 'No value argument passed to `assert.ok()`', '==');
    if (!value) refuse(value, true, message, '==');
}
const check = (holds, operator) => (actual, expected, message) => { if (!holds(actual, expected)) refuse(actual, expected, message, operator); };
// eslint-disable-next-line eqeqeq
export const equal = check((a, b) => a == b || (a !== a && b !== b), 'equal');
// eslint-disable-next-line eqeqeq
export const notEqual = check((a, b) => !(a == b || (a !== a && b !== b)), 'notEqual');
export const strictEqual = check(Object.is, 'strictEqual');
export const notStrictEqual = check((a, b) => !Object.is(a, b), 'notStrictEqual');
export const deepEqual = check(isDeepEqual, 'deepEqual');
export const notDeepEqual = check((a, b) => !isDeepEqual(a, b), 'notDeepEqual');
export const deepStrictEqual = check(isDeepStrictEqual, 'deepStrictEqual');
export const notDeepStrictEqual = check((a, b) => !isDeepStrictEqual(a, b), 'notDeepStrictEqual');

export function fail(message = 'Failed') { refuse(undefined, undefined, message, 'fail'); }
export function ifError(value) {
    if (value !== null && value !== undefined) refuse(value, null, `ifError got unwanted exception: ${value?.message ?? inspect(value)}`, 'ifError');
}
export function match(text, pattern, message) {
    if (!(pattern instanceof RegExp)) throw invalidType('regexp', 'an instance of RegExp', pattern);
    if (typeof text !== 'string' || !pattern.test(text)) refuse(text, pattern, message ?? `The input did not match the regular expression ${pattern}. Input: ${inspect(text)}`, 'match');
}
export function doesNotMatch(text, pattern, message) {
    if (typeof text === 'string' && pattern.test(text)) refuse(text, pattern, message ?? `The input was expected to not match the regular expression ${pattern}. Input: ${inspect(text)}`, 'doesNotMatch');
}

const isClass = (value) => typeof value === 'function' && (value === Error || Object.prototype.isPrototypeOf.call(Error, value));

function fits(error, expected, message, operator) {
    if (expected === undefined) return;
    if (expected instanceof RegExp) {
        if (!expected.test(String(error))) refuse(error, expected, message ?? `The input did not match the regular expression ${expected}. Input: ${inspect(String(error))}`, operator);
    } else if (isClass(expected) || (typeof expected === 'function' && expected.prototype !== undefined && error instanceof expected)) {
        if (!(error instanceof expected)) throw error;
    } else if (typeof expected === 'function') {
        if (expected.call({}, error) !== true) refuse(error, expected, message ?? 'The validation function is expected to return "true".', operator);
    } else {
        const keys = Object.keys(expected);
        if (expected instanceof Error) keys.push('name', 'message');
        for (const key of keys) {
            const isFit = expected[key] instanceof RegExp && typeof error?.[key] === 'string' ? expected[key].test(error[key]) : isDeepStrictEqual(error?.[key], expected[key]);
            if (!isFit) refuse(error, expected, message, 'deepStrictEqual');
        }
    }
}

function missing(operator, expected, message) {
    if (typeof expected === 'string') { message = expected; expected = undefined; }
    refuse(undefined, expected, message === undefined ? `Missing expected ${operator === 'rejects' ? 'rejection' : 'exception'}${expected?.name ? ` (${expected.name})` : ''}.` : message, operator);
}

export function throws(fn, expected, message) {
    if (typeof fn !== 'function') throw invalidType('fn', 'of type function', fn);
    try { fn(); } catch (error) { fits(error, typeof expected === 'string' ? undefined : expected, message, 'throws'); return; }
    missing('throws', expected, message);
}
export function doesNotThrow(fn, expected, message) {
    try { fn(); } catch (error) {
        refuse(error, expected, `Got unwanted exception${typeof expected === 'string' ? `: ${expected}` : message ? `: ${message}` : '.'}\nActual message: "${error?.message}"`, 'doesNotThrow');
    }
}
const promiseOf = (value) => (typeof value === 'function' ? value() : value);
export async function rejects(promise, expected, message) {
    try { await promiseOf(promise); } catch (error) { fits(error, typeof expected === 'string' ? undefined : expected, message, 'rejects'); return; }
    missing('rejects', expected, message);
}
export async function doesNotReject(promise, expected, message) {
    try { await promiseOf(promise); } catch (error) { refuse(error, expected, message ?? `Got unwanted rejection.\nActual message: "${error?.message}"`, 'doesNotReject'); }
}

function partial(actual, expected) {
    if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) return Object.is(actual, expected);
    return Object.keys(expected).every((key) => partial(actual[key], expected[key]));
}
export const partialDeepStrictEqual = check(partial, 'partialDeepStrictEqual');

const all = {
    ok, equal, notEqual, strictEqual, notStrictEqual, deepEqual, notDeepEqual, deepStrictEqual, notDeepStrictEqual, fail, ifError, match, doesNotMatch, throws, doesNotThrow,
    rejects, doesNotReject, partialDeepStrictEqual, AssertionError,
};
const assert = Object.assign((...args) => ok(...args), all);
export const strict = Object.assign((...args) => ok(...args), all, { equal: strictEqual, notEqual: notStrictEqual, deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual });
assert.strict = strict;
strict.strict = strict;
export default assert;
