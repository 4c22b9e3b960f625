// The small globals: crypto (randomness), performance, navigator, Cloudflare, scheduler, atob and btoa, structuredClone.
//
// Spec:  https://w3c.github.io/webcrypto/#Crypto-interface  https://w3c.github.io/hr-time/
//        https://infra.spec.whatwg.org/#forgiving-base64
//        https://html.spec.whatwg.org/multipage/structured-data.html
// Covers / differs:  crypto.subtle, performance.mark and the like are not here yet. performance.now() stands still during a
//        turn, as
//        on Cloudflare
// Ops:   random, uuid
// WPT:   WebCryptoAPI/getRandomValues, WebCryptoAPI/randomUUID, hr-time, html/webappapis/atob, html/webappapis/structured-clone
// Limits: MF_RANDOM_BYTES_MAX

'use strict';

const {
    JSONParse, List, ObjectDefineProperty, ObjectSetPrototypeOf, StringFromCharCode, StringPrototypeCharCodeAt,
    StringPrototypeSlice, TypeError, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetSymbolToStringTag, defineValue,
    realm,
} = primordials;
const { webidl, scope } = realm;
const { requireArguments } = webidl;
const { ops, clock, constants, typeOf } = internals;

function illegal(token) {
    if (token !== realm) {
        throw new TypeError('Illegal constructor');
    }
}

/* ---- crypto -------------------------------------------------------------------------------- */

const INTEGER_VIEWS = {
    __proto__: null,
    Int8Array: 1, Uint8Array: 1, Uint8ClampedArray: 1, Int16Array: 1, Uint16Array: 1, Int32Array: 1, Uint32Array: 1,
    BigInt64Array: 1,
    BigUint64Array: 1,
};

class Crypto {
    #brand = true;

    constructor(token) {
        illegal(token);
    }

    getRandomValues(array) {
        this.#brand;
        requireArguments(arguments.length, 1, "Failed to execute 'getRandomValues' on 'Crypto'");
        if (!webidl.isObject(array) || (typeOf(array) !== 'typedarray' && typeOf(array) !== 'dataview')) {
            throw new TypeError("Failed to execute 'getRandomValues' on 'Crypto': the value is not a view of an ArrayBuffer.");
        }
        const kind = typeOf(array) === 'dataview' ? 'DataView' : TypedArrayPrototypeGetSymbolToStringTag(array);
        if (INTEGER_VIEWS[kind] === undefined) {
            throw realm.domException(`${kind} is not an array of integers.`, 'TypeMismatchError');
        }
        const size = TypedArrayPrototypeGetByteLength(array);
        if (size > constants.RANDOM_BYTES_MAX) {
            throw realm.domException(
                `getRandomValues() only accepts buffers of size <= 64K but provided ${size} bytes.`, 'QuotaExceededError',
            );
        }
        scope.requireIo();
        if (size > 0) {
            ops.random(array);
        }
        return array;
    }

    randomUUID() {
        this.#brand;
        scope.requireIo();
        return ops.uuid();
    }
}
webidl.finish(Crypto);

/* ---- performance --------------------------------------------------------------------------- */

class Performance {
    #brand = true;

    constructor(token) {
        illegal(token);
    }

    get timeOrigin() {
        this.#brand;
        return scope.startedAt;
    }

    now() {
        this.#brand;
        return clock() - scope.startedAt;
    }

    toJSON() {
        this.#brand;
        return { timeOrigin: scope.startedAt };
    }
}
webidl.finish(Performance);

/* ---- navigator, Cloudflare ----------------------------------------------------------------- */

class Navigator {
    #brand = true;

    constructor(token) {
        illegal(token);
    }

    get userAgent() {
        return this.#brand && 'Cloudflare-Workers';
    }

    get platform() {
        return this.#brand && 'Linux';
    }

    get language() {
        return this.#brand && 'en';
    }

    get languages() {
        return this.#brand && ['en'];
    }

    get hardwareConcurrency() {
        return this.#brand && 1;
    }
}
webidl.finish(Navigator);

function compatibilityFlags() {
    const result = ObjectSetPrototypeOf({}, null);
    const flags = typeof scope.flags === 'string' && scope.flags !== '' ? JSONParse(scope.flags) : [];
    for (let i = 0; i < flags.length; i++) {
        defineValue(result, flags[i], true, true);
    }
    return result;
}

const Cloudflare = {};
ObjectDefineProperty(Cloudflare, 'compatibilityFlags', {
    __proto__: null, value: compatibilityFlags(), writable: false, enumerable: true, configurable: false,
});

/* ---- base64 -------------------------------------------------------------------------------- */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function sextet(c) {
    if (c >= 97) {
        return c <= 122 ? c - 71 : -1;
    }
    if (c >= 65) {
        return c <= 90 ? c - 65 : -1;
    }
    return c >= 48 && c <= 57 ? c + 4 : c === 43 ? 62 : c === 47 ? 63 : -1;
}

function isBlank(c) {
    return c === 32 || c === 9 || c === 10 || c === 12 || c === 13;
}

function invalid(what) {
    return realm.domException(what, 'InvalidCharacterError');
}

function btoa(data) {
    requireArguments(arguments.length, 1, "Failed to execute 'btoa'");
    const text = webidl.domString(data);
    let out = '';
    let bits = 0;
    let count = 0;
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (c > 255) {
            throw invalid('btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.');
        }
        bits = bits << 8 | c;
        if (++count === 3) {
            out += ALPHABET[bits >> 18] + ALPHABET[bits >> 12 & 63] + ALPHABET[bits >> 6 & 63] + ALPHABET[bits & 63];
            bits = 0;
            count = 0;
        }
    }
    if (count === 1) {
        out += `${ALPHABET[bits >> 2]}${ALPHABET[bits << 4 & 63]}==`;
    } else if (count === 2) {
        out += `${ALPHABET[bits >> 10]}${ALPHABET[bits >> 4 & 63]}${ALPHABET[bits << 2 & 63]}=`;
    }
    return out;
}

function withoutBlanks(text) {
    let out = '';
    let start = 0;
    for (let i = 0; i < text.length; i++) {
        if (isBlank(StringPrototypeCharCodeAt(text, i))) {
            out += StringPrototypeSlice(text, start, i);
            start = i + 1;
        }
    }
    return start === 0 ? text : out + StringPrototypeSlice(text, start);
}

function atob(data) {
    requireArguments(arguments.length, 1, "Failed to execute 'atob'");
    const text = withoutBlanks(webidl.domString(data));
    let { length } = text;
    if (length % 4 === 0 && length > 0 && text[length - 1] === '=') {
        length -= text[length - 2] === '=' ? 2 : 1;
    }
    if (length % 4 === 1) {
        throw invalid('atob() called with invalid base64-encoded data. (Incorrect length.)');
    }
    let out = '';
    let bits = 0;
    let count = 0;
    for (let i = 0; i < length; i++) {
        const value = sextet(StringPrototypeCharCodeAt(text, i));
        if (value < 0) {
            throw invalid('atob() called with invalid base64-encoded data. (Only whitespace, \'+\', \'/\', alphanumeric ASCII, ' +
                'and up to two terminal \'=\' signs when the input data length is divisible by 4 are allowed.)');
        }
        bits = bits << 6 | value;
        if (++count === 4) {
            out += StringFromCharCode(bits >> 16 & 255, bits >> 8 & 255, bits & 255);
            bits = 0;
            count = 0;
        }
    }
    if (count === 2) {
        out += StringFromCharCode(bits >> 4 & 255);
    } else if (count === 3) {
        out += StringFromCharCode(bits >> 10 & 255, bits >> 2 & 255);
    }
    return out;
}

/* ---- structuredClone ----------------------------------------------------------------------- */

const CLONE_DOM_EXCEPTION = 1;
const CLONE_BLOB = 2;
const CLONE_FILE = 3;

function answer(tag, value) {
    const list = List();
    list[0] = tag;
    list[1] = value;
    return list;
}

function isUnclonable(object) {
    if (realm.headers.is(object) || realm.request.is(object) || realm.response.is(object) || realm.url.is(object) ||
        realm.searchParams.is(object)) {
        return true;
    }
    // A class whose file was never loaded has no objects.
    return (realm.event !== undefined && (realm.event.is(object) || realm.eventTarget.is(object))) ||
        (realm.isReadableStream !== null && internals.lazy('streams.js').isAny(object)) ||
        (realm.formData !== null && realm.formData.is(object));
}

internals.setDataCloneError((message) => realm.domException(message, 'DataCloneError'));
internals.setCloneHandlers((object) => {
    if (realm.isDomException !== undefined && realm.isDomException(object)) {
        const plain = { __proto__: null, name: '', message: '', stack: realm.errors.peek(object, 'stack') };
        realm.describeDomException(object, plain);
        return answer(CLONE_DOM_EXCEPTION, plain);
    }
    if (realm.blob !== null && realm.blob.is(object)) {
        const plain = realm.blob.toPlain(object);
        return answer(plain.name === undefined ? CLONE_BLOB : CLONE_FILE, plain);
    }
    if (isUnclonable(object)) {
        throw realm.domException(`#<${internals.constructorName(object)}> could not be cloned.`, 'DataCloneError');
    }
    return null;
}, (tag, plain) => {
    if (tag === CLONE_DOM_EXCEPTION) {
        const exception = realm.domException(plain.message, plain.name);
        if (typeof plain.stack === 'string') {
            defineValue(exception, 'stack', plain.stack, false);
        }
        return exception;
    }
    return internals.lazy('blob.js').fromPlain(plain);
});

function structuredClone(value, options = undefined) {
    const context = "Failed to execute 'structuredClone'";
    requireArguments(arguments.length, 1, context);
    const { transfer } = webidl.dictionary(options, context);
    let list;
    if (transfer !== undefined) {
        const items = webidl.sequenceOf(transfer, (item) => {
            if (!webidl.isObject(item)) {
                throw new TypeError(`${context}: an item of the transfer list is not an object.`);
            }
            return item;
        }, context);
        list = [];
        for (let i = 0; i < items.length; i++) {
            defineValue(list, i, items[i], true);
        }
    }
    return internals.structuredClone(value, list);
}

return {
    __proto__: null,
    Crypto, Performance, Navigator, Cloudflare, atob, btoa, structuredClone,
    crypto: new Crypto(realm),
    performance: new Performance(realm),
    navigator: new Navigator(realm),
    scheduler: new realm.timers.Scheduler(),
};
