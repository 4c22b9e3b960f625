// primordials: the language's own functions as they are before a worker runs. Everything else in this folder uses these
// and never looks a method up on a prototype that a worker can patch.
//
// Spec:  https://tc39.es/ecma262/
// Covers / differs:  XPrototypeY(self, ...) is X.prototype.y, XPrototypeGetY(self) its getter, XY the static X.y.
//        Never here: what looks up patchable names by itself. String split, replace and match (Symbol.split ...),
//        RegExp test (exec), TypedArray slice and subarray (Symbol.species), Promise catch and finally (then).
// Ops:   none
// WPT:   none; tests/runtime/hostile
// Limits: none
//
// Rules for this folder, checked by tests/runtime/lint.mjs: no free names but internals and primordials; no for-of, no spread
// and
// no destructuring of arrays (Symbol.iterator); no instanceof on what a worker can reach; property descriptors have a null
// prototype; lists that hold internals are made by List(), whose index writes meet no setter.

'use strict';

const { bind, call } = Function.prototype;
const uncurryThis = bind.bind(call);
const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf, freeze } = Object;
const { prototype: TypedArrayPrototype } = Object.getPrototypeOf(Uint8Array);

setPrototypeOf(primordials, null);

function capital(key) {
    const name = typeof key === 'symbol' ? key.description.slice(7) : key; // "Symbol." goes
    return (typeof key === 'symbol' ? 'Symbol' : '') + name[0].toUpperCase() + name.slice(1);
}

function takeMethods(prefix, prototype, keys) {
    for (const key of keys) {
        if (typeof prototype[key] === 'function') {
            primordials[`${prefix}Prototype${capital(key)}`] = uncurryThis(prototype[key]);
        }
    }
}

function takeGetters(prefix, prototype, keys) {
    for (const key of keys) {
        const descriptor = getOwnPropertyDescriptor(prototype, key);
        if (descriptor !== undefined) {
            primordials[`${prefix}PrototypeGet${capital(key)}`] = uncurryThis(descriptor.get);
        }
    }
}

function takeStatics(prefix, object, keys) {
    for (const key of keys) {
        primordials[`${prefix}${capital(key)}`] = object[key];
    }
}

takeMethods('Array', Array.prototype, ['sort']);
takeMethods('String', String.prototype, [
    'charCodeAt', 'codePointAt', 'indexOf', 'lastIndexOf', 'slice', 'toLowerCase', 'toUpperCase', 'startsWith', 'endsWith',
    'includes', 'padStart', 'padEnd', 'repeat', 'toWellFormed', 'valueOf', 'trim', 'normalize',
]);
takeMethods('Number', Number.prototype, ['toString', 'valueOf']);
takeMethods('BigInt', BigInt.prototype, ['toString', 'valueOf']);
takeMethods('Boolean', Boolean.prototype, ['valueOf']);
takeMethods('Symbol', Symbol.prototype, ['toString', 'valueOf']);
takeMethods('Date', Date.prototype, ['toISOString', 'getTime']);
takeMethods('RegExp', RegExp.prototype, ['exec', 'toString']);
takeMethods('Function', Function.prototype, ['toString']);
takeMethods('Error', Error.prototype, ['toString']);
takeMethods('Object', Object.prototype, ['hasOwnProperty', 'propertyIsEnumerable']);
takeMethods('Map', Map.prototype, ['get', 'set', 'has', 'delete', 'forEach']);
takeGetters('Map', Map.prototype, ['size']);
takeMethods('Set', Set.prototype, ['add']);
takeMethods('WeakMap', WeakMap.prototype, ['get', 'set']);
takeMethods('FinalizationRegistry', FinalizationRegistry.prototype, ['register']);
takeMethods('WeakRef', WeakRef.prototype, ['deref']);
takeMethods('Promise', Promise.prototype, ['then']);
takeMethods('ArrayBuffer', ArrayBuffer.prototype, ['slice', 'transfer']);
takeGetters('ArrayBuffer', ArrayBuffer.prototype, ['byteLength', 'resizable', 'detached']);
takeGetters('DataView', DataView.prototype, ['buffer', 'byteLength', 'byteOffset']);
takeMethods('TypedArray', TypedArrayPrototype, ['set', 'indexOf']);
takeGetters('TypedArray', TypedArrayPrototype, ['buffer', 'byteLength', 'byteOffset', 'length', Symbol.toStringTag]);

takeStatics('Array', Array, ['isArray']);
takeStatics('ArrayBuffer', ArrayBuffer, ['isView']);
takeStatics('Object', Object, [
    'defineProperty', 'getOwnPropertyDescriptor', 'getOwnPropertySymbols', 'getPrototypeOf',
    'setPrototypeOf', 'keys', 'freeze', 'is',
]);
takeStatics('Reflect', Reflect, ['apply', 'construct', 'ownKeys']);
takeStatics('JSON', JSON, ['parse', 'stringify']);
takeStatics('Math', Math, ['floor', 'min', 'max', 'abs']);
takeStatics('Number', Number, ['isNaN', 'isFinite', 'parseInt', 'parseFloat']);
takeStatics('String', String, ['fromCharCode', 'fromCodePoint']);
takeStatics('Symbol', Symbol, ['iterator', 'asyncIterator', 'dispose', 'toStringTag']);
primordials.ErrorCaptureStackTrace = Error.captureStackTrace;

for (const constructor of [
    Array, ArrayBuffer, BigInt, Boolean, DataView, Date, Error, FinalizationRegistry, Map, Number, Object, Promise, Proxy,
    RangeError, RegExp, Set, String, Symbol, SyntaxError, TypeError, Uint8Array, WeakMap, WeakRef,
]) {
    primordials[constructor.name] = constructor;
}
primordials.TypedArrayConstructors = {
    __proto__: null,
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array,
    BigInt64Array, BigUint64Array, ...(typeof Float16Array === 'function' ? { Float16Array } : {}),
};
primordials.ObjectPrototype = Object.prototype;
primordials.ErrorPrototype = Error.prototype;
primordials.IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
primordials.AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype));

const PromiseConstructor = Promise;
const promiseResolve = Promise.resolve;
const promiseReject = Promise.reject;
const apply = Reflect.apply;
const objectPrototype = Object.prototype;
const getPrototypeOf = Object.getPrototypeOf;

primordials.PromiseResolve = (value) => apply(promiseResolve, PromiseConstructor, [value]);
primordials.PromiseReject = (reason) => apply(promiseReject, PromiseConstructor, [reason]);

// An array without a prototype: `list[list.length] = x` writes to the list whatever a worker did to Array.prototype.
primordials.List = () => setPrototypeOf([], null);

// A promise with its two functions, for a worker's eyes: an ordinary Promise.
primordials.PromiseWithResolvers = () => {
    const capability = { __proto__: null, promise: undefined, resolve: undefined, reject: undefined };
    capability.promise = new PromiseConstructor((resolve, reject) => {
        capability.resolve = resolve;
        capability.reject = reject;
    });
    return capability;
};

// Calls one of the two when |value|, which may be anything, is settled. `await` looks up `constructor` on a promise and `then`
// on
// anything else, but never a patched Promise.prototype.then. The callbacks must not throw.
primordials.react = async (value, onFulfilled, onRejected) => {
    let result;
    try {
        result = await value;
    } catch (reason) {
        onRejected(reason);
        return;
    }
    onFulfilled(result);
};

// Object.defineProperty for data, safe from what a worker puts on Object.prototype.
primordials.defineValue = (object, key, value, isEnumerable) => defineProperty(object, key, {
    __proto__: null, value, writable: true, enumerable: isEnumerable, configurable: true,
});

// True when |object| inherits from |prototype|; runs a guest's code only for a Proxy's getPrototypeOf trap.
primordials.inherits = (object, prototype) => {
    for (let at = getPrototypeOf(object); at !== null && at !== objectPrototype; at = getPrototypeOf(at)) {
        if (at === prototype) {
            return true;
        }
    }
    return false;
};

// What the files of this folder give each other. Set while the snapshot is made or by a lazy file, never by a worker.
primordials.realm = setPrototypeOf({}, null);
