// errors.mjs - errors as Node makes them: a class of the language with a code.
function withCode(Base, code, message) {
    const error = new Base(message);
    error.code = code;
    Object.defineProperty(error, 'name', { value: Base.name, configurable: true, writable: true, enumerable: false });
    return error;
}

export const invalidType = (name, expected, value) => withCode(TypeError, 'ERR_INVALID_ARG_TYPE',
    `The "${name}" argument must be ${expected}. Received ${value === null ? 'null' : typeof value === 'object' ? `an instance of ${value.constructor?.name ?? 'Object'}` : `type ${typeof value}`}`);
export const invalidValue = (name, value, why = 'is invalid') => withCode(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument '${name}' ${why}. Received ${String(value)}`);
export const outOfRange = (name, range, value) => withCode(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${String(value)}`);
export const coded = (code, message, Base = Error) => withCode(Base, code, message);
export const notImplemented = (what) => withCode(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `${what} is not implemented in Mayfly.`);

// A function that is there, so that code which only asks for it goes on, and that says so when it is called.
export function missing(what) {
    const name = what.slice(what.lastIndexOf('.') + 1);
    return { [name]: function () { throw notImplemented(what); } }[name];
}
