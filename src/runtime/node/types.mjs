// types.mjs - node:util/types, by what the engine knows of a value.
import host from './host.mjs';

const is = (...kinds) => (value) => kinds.includes(host.typeOf(value));
const brand = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const isView = (name) => (value) => ArrayBuffer.isView(value) && brand.call(value) === name;
const boxed = (name) => (value) => host.typeOf(value) === 'boxed' && Object.prototype.toString.call(value) === `[object ${name}]`;

const types = {
    isAnyArrayBuffer: is('arraybuffer', 'sharedarraybuffer'), isArrayBuffer: is('arraybuffer'), isSharedArrayBuffer: is('sharedarraybuffer'),
    isArrayBufferView: (value) => ArrayBuffer.isView(value), isDataView: is('dataview'), isTypedArray: is('typedarray'),
    isAsyncFunction: is('asyncfunction'), isGeneratorObject: is('generator'), isPromise: is('promise'), isProxy: is('proxy'),
    isGeneratorFunction: (value) => typeof value === 'function' && /^(Async)?GeneratorFunction$/.test(value.constructor?.name),
    isDate: is('date'), isRegExp: is('regexp'), isNativeError: is('error'), isMap: is('map'), isSet: is('set'), isWeakMap: is('weakmap'), isWeakSet: is('weakset'),
    isMapIterator: (value) => Object.prototype.toString.call(value) === '[object Map Iterator]', isSetIterator: (value) => Object.prototype.toString.call(value) === '[object Set Iterator]',
    isArgumentsObject: is('arguments'), isBoxedPrimitive: is('boxed'), isModuleNamespaceObject: is('module'), isExternal: is('external'),
    isNumberObject: boxed('Number'), isStringObject: boxed('String'), isBooleanObject: boxed('Boolean'), isSymbolObject: boxed('Symbol'), isBigIntObject: boxed('BigInt'),
    isCryptoKey: (value) => value instanceof globalThis.CryptoKey, isKeyObject: () => false, isEventTarget: (value) => value instanceof globalThis.EventTarget,
};
for (const name of ['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array', 'Int32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']) {
    types[`is${name}`] = isView(name);
}
export default types;
