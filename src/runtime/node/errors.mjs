// errors.mjs - errors as Node makes them: a class of the language with a code.
import host from './host.mjs';

function withCode(Base, code, message) {
    const error = new Base(message);
    error.code = code;
    Object.defineProperty(error, 'name', { value: Base.name, configurable: true, writable: true, enumerable: false });
    return error;
}

function received(value) {
    if (value === null || value === undefined) return `${value}`;
    if (typeof value === 'function') return `function ${value.name}`;
    if (typeof value === 'object') return value.constructor?.name ? `an instance of ${value.constructor.name}` : host.inspect(value, { depth: -1 });
    const text = host.inspect(value);
    return `type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
}

const kindOf = (name) => (name.includes('.') ? 'property' : 'argument');
export const invalidType = (name, expected, value) => withCode(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" ${kindOf(name)} must be ${expected}. Received ${received(value)}`);
export function invalidValue(name, value, why = 'is invalid') {
    const text = host.inspect(value);
    return withCode(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kindOf(name)} '${name}' ${why}. Received ${text.length > 128 ? `${text.slice(0, 128)}...` : text}`);
}
export const outOfRange = (name, range, value) => withCode(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${String(value)}`);
export const coded = (code, message, Base = Error) => withCode(Base, code, message);
export const notImplemented = (what) => withCode(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `${what} is not implemented in Mayfly.`);

// A function that is there, so that code which only asks for it goes on, and that says so when it is called.
export function missing(what) {
    const name = what.slice(what.lastIndexOf('.') + 1);
    return { [name]: function () { throw notImplemented(what); } }[name];
}
