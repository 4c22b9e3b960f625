// strip: TypeScript to JavaScript, for tool isolates.
//
// Spec:  https://www.typescriptlang.org/tsconfig/#erasableSyntaxOnly
// Covers / differs:  strip-only keeps every position; transform rewrites enums, namespaces and parameter properties, and says
//        where each part of its text came from
// Ops:   stripped
// WPT:   none
// Limits: MF_TYPESCRIPT_BYTES_MAX, checked by the host
//
// No worker's code ever runs in this isolate, so that the library may use the globals as they are.

'use strict';

const { JSONParse, StringPrototypeCharCodeAt, StringPrototypeSlice, RangeError, realm } = primordials;
const { ops, constants } = internals;

let wasmModule = null;
let swc = null; // null after a trap: the next call makes a new instance

function warm() {
    if (wasmModule === null) {
        wasmModule = new globalThis.WebAssembly.Module(internals.asset('swc.wasm'));
    }
    if (swc === null) {
        swc = internals.lazy('swc.js').create(wasmModule, { TextDecoder: realm.TextDecoder, TextEncoder: realm.TextEncoder });
    }
}

function options(name, isTransform) {
    return { mode: isTransform ? 'transform' : 'strip-only', module: true, filename: name, sourceMap: isTransform };
}

// The library throws plain objects for what is wrong with the code, errors when it failed itself.
function fail(error) {
    if (typeof error === 'object' && error !== null && typeof error.code === 'string' && typeof error.message === 'string') {
        const line = error.startLine > 0 ? error.startLine : 0;
        const column = line > 0 ? error.startColumn + 1 : 0;
        const kind = error.code === 'UnsupportedSyntax' ? constants.E_UNSUPPORTED : constants.E_SYNTAX;
        ops.stripped(kind, error.message, '', line, column);
        return;
    }
    swc = null; // its memory is not to be trusted any more
    const text = realm.errors.headline(realm.errors.describe(error));
    const isDeep = realm.errors.isError(error) && realm.errors.peek(error, 'name') === RangeError.name;
    const message = isDeep ? 'The code is nested too deeply.' : `The TypeScript stripper failed: ${text}`;
    ops.stripped(constants.E_SYNTAX, message, '', 0, 0);
}

function strip(source, name, isTransform) {
    if (source.length > 0 && StringPrototypeCharCodeAt(source, 0) === 0xfeff) {
        source = StringPrototypeSlice(source, 1);
    }
    let result;
    let mappings = '';
    try {
        warm();
        result = swc.transformSync(source, options(name, isTransform));
        if (isTransform) {
            ({ mappings } = JSONParse(result.map));
        }
    } catch (error) {
        fail(error);
        return;
    }
    ops.stripped(0, result.code, mappings, 0, 0);
}

return {
    __proto__: null,
    strip,
    warm() {
        warm();
        swc.transformSync('const warm: number = 1;', options('warm.ts', false));
    },
};
