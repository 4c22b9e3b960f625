// Headers: a list of names and values, combined and sorted for scripts, in order for the wire.
//
// Spec:  https://fetch.spec.whatwg.org/#headers-class
// Covers / differs:  all but the forbidden names: they protect a browser's user, and a Worker is a server. Names are kept in
//        lower case.
// Ops:   none
// WPT:   fetch/api/headers
// Limits: MF_HEADERS_COUNT_MAX, enforced by the host when headers leave the isolate

'use strict';

const {
    ArrayPrototypeSort, List, Map, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGet, MapPrototypeHas,
    MapPrototypeSet, StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeToLowerCase,
    SymbolIterator, TypeError, realm,
} = primordials;
const { webidl } = realm;
const { byteString, requireArguments } = webidl;

const COOKIE = 'set-cookie';

function isTokenCode(c) {
    return (c >= 97 && c <= 122) || c === 45 || (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || c === 33 ||
        (c >= 35 && c <= 39) || c === 42 || c === 43 || c === 46 || c === 94 || c === 96 || c === 124 || c === 126;
}

function isToken(text) {
    for (let i = 0; i < text.length; i++) {
        if (!isTokenCode(StringPrototypeCharCodeAt(text, i))) {
            return false;
        }
    }
    return text.length > 0;
}

function isBlank(c) {
    return c === 32 || c === 9 || c === 10 || c === 13;
}

// A header name in lower case, checked.
function nameOf(value, context) {
    const name = byteString(value, context);
    let isLower = true;
    for (let i = 0; i < name.length; i++) {
        const c = StringPrototypeCharCodeAt(name, i);
        if (!isTokenCode(c)) {
            throw new TypeError(`Invalid header name: ${name}`);
        }
        isLower = isLower && !(c >= 65 && c <= 90);
    }
    if (name.length === 0) {
        throw new TypeError('Invalid header name: it is empty.');
    }
    return isLower ? name : StringPrototypeToLowerCase(name);
}

// A header value without blanks at its ends, checked.
function valueOf(value, context) {
    const text = byteString(value, context);
    let start = 0;
    let end = text.length;
    while (start < end && isBlank(StringPrototypeCharCodeAt(text, start))) {
        start++;
    }
    while (end > start && isBlank(StringPrototypeCharCodeAt(text, end - 1))) {
        end--;
    }
    for (let i = start; i < end; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (c === 0 || c === 10 || c === 13) {
            throw new TypeError('Invalid header value.');
        }
    }
    return start === 0 && end === text.length ? text : StringPrototypeSlice(text, start, end);
}

class Headers {
    #map = null; // name -> value, several joined with ", "; Set-Cookie: name -> List of values
    #wire = ''; // what came over the wire and is not parsed yet
    #isImmutable = false;
    #pairs = null; // sorted and combined, until something changes

    constructor(init = undefined) {
        if (init === undefined) {
            return;
        }
        if (init === realm) { // ours: Headers.create below
            return;
        }
        this.#fill(init, "Failed to construct 'Headers'");
    }

    append(name, value) {
        requireArguments(arguments.length, 2, "Failed to execute 'append' on 'Headers'");
        this.#append(name, value, "Failed to execute 'append' on 'Headers'");
    }

    delete(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'delete' on 'Headers'");
        name = nameOf(name, "Failed to execute 'delete' on 'Headers'");
        this.#requireMutable();
        if (MapPrototypeDelete(this.#entries(), name)) {
            this.#pairs = null;
        }
    }

    get(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'get' on 'Headers'");
        return this.#get(nameOf(name, "Failed to execute 'get' on 'Headers'"));
    }

    getSetCookie() {
        const cookies = MapPrototypeGet(this.#entries(), COOKIE);
        const copy = [];
        for (let i = 0; cookies !== undefined && i < cookies.length; i++) {
            primordials.defineValue(copy, i, cookies[i], true);
        }
        return copy;
    }

    has(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'has' on 'Headers'");
        return MapPrototypeHas(this.#entries(), nameOf(name, "Failed to execute 'has' on 'Headers'"));
    }

    set(name, value) {
        const context = "Failed to execute 'set' on 'Headers'";
        requireArguments(arguments.length, 2, context);
        name = nameOf(name, context);
        value = valueOf(value, context);
        this.#requireMutable();
        this.#set(name, value);
    }

    #requireMutable() {
        if (this.#isImmutable) {
            throw new TypeError("Can't modify immutable headers.");
        }
    }

    #entries() {
        if (this.#map === null) {
            this.#map = new Map();
            this.#parse(this.#wire);
        }
        return this.#map;
    }

    #parse(wire) {
        for (let at = 0; at < wire.length;) {
            const nameEnd = StringPrototypeIndexOf(wire, '\0', at);
            const valueEnd = nameEnd < 0 ? -1 : StringPrototypeIndexOf(wire, '\0', nameEnd + 1);
            if (valueEnd < 0) {
                return;
            }
            this.#add(
                StringPrototypeToLowerCase(StringPrototypeSlice(wire, at, nameEnd)),
                StringPrototypeSlice(wire, nameEnd + 1, valueEnd),
            );
            at = valueEnd + 1;
        }
    }

    #get(name) {
        const value = MapPrototypeGet(this.#entries(), name);
        return value === undefined ? null : name === COOKIE ? join(value) : value;
    }

    #set(name, value) {
        this.#pairs = null;
        if (name === COOKIE) {
            const list = List();
            list[0] = value;
            value = list;
        }
        MapPrototypeSet(this.#entries(), name, value);
    }

    #add(name, value) {
        const before = MapPrototypeGet(this.#map, name);
        this.#pairs = null;
        if (name === COOKIE) {
            const list = before === undefined ? List() : before;
            list[list.length] = value;
            MapPrototypeSet(this.#map, name, list);
        } else {
            MapPrototypeSet(this.#map, name, before === undefined ? value : `${before}, ${value}`);
        }
    }

    #append(name, value, context) {
        name = nameOf(name, context);
        value = valueOf(value, context);
        this.#requireMutable();
        this.#entries();
        this.#add(name, value);
    }

    #fill(init, context) {
        if (typeof init !== 'object' && typeof init !== 'function' || init === null) {
            throw new TypeError(`${context}: the value is neither a record nor a sequence of pairs.`);
        }
        const method = init[SymbolIterator];
        if (#map in init && method === entriesMethod) {
            this.#copy(init);
            return;
        }
        if (method !== undefined && method !== null) {
            webidl.callback(method, context);
            const toBytes = (value) => byteString(value, context);
            const items = webidl.sequence(init, method, (item) => webidl.pair(item, toBytes, context), context);
            for (let i = 0; i < items.length; i++) {
                this.#append(items[i][0], items[i][1], context);
            }
            return;
        }
        const names = List();
        const toBytes = (value) => byteString(value, context);
        webidl.record(init, toBytes, toBytes, (name, value) => {
            names[names.length] = name;
            names[names.length] = value;
        });
        for (let i = 0; i < names.length; i += 2) {
            this.#append(names[i], names[i + 1], context);
        }
    }

    #copy(from) {
        if (this.#map === null && from.#map === null && this.#wire === '') {
            this.#wire = from.#wire;
            return;
        }
        this.#entries();
        MapPrototypeForEach(from.#entries(), (value, name) => {
            if (name !== COOKIE) {
                this.#add(name, value);
                return;
            }
            for (let i = 0; i < value.length; i++) {
                this.#add(name, value[i]);
            }
        });
    }

    #sorted() {
        if (this.#pairs !== null) {
            return this.#pairs;
        }
        const names = List();
        MapPrototypeForEach(this.#entries(), (value, name) => {
            names[names.length] = name;
        });
        ArrayPrototypeSort(names);
        const pairs = List();
        for (let i = 0; i < names.length; i++) {
            const value = MapPrototypeGet(this.#map, names[i]);
            if (names[i] !== COOKIE) {
                pairs[pairs.length] = names[i];
                pairs[pairs.length] = value;
                continue;
            }
            for (let j = 0; j < value.length; j++) {
                pairs[pairs.length] = COOKIE;
                pairs[pairs.length] = value[j];
            }
        }
        this.#pairs = pairs;
        return pairs;
    }

    #toWire() {
        if (this.#map === null) {
            return this.#wire;
        }
        let wire = '';
        MapPrototypeForEach(this.#map, (value, name) => {
            if (name !== COOKIE) {
                wire += `${name}\0${value}\0`;
                return;
            }
            for (let i = 0; i < value.length; i++) {
                wire += `${COOKIE}\0${value[i]}\0`;
            }
        });
        return wire;
    }

    static {
        realm.addPairIteration(Headers, 'Headers', (headers) => headers.#sorted());
        realm.headers = {
            __proto__: null,
            is: (value) => typeof value === 'object' && value !== null && #map in value,
            isToken,
            // From a header list as it came over the wire.
            fromWire(wire) {
                const headers = new Headers(realm);
                headers.#wire = wire;
                return headers;
            },
            pairs: (headers) => headers.#sorted(),
            toWire: (headers) => headers.#toWire(),
            fill: (headers, init, context) => headers.#fill(init, context),
            copy(from) {
                const headers = new Headers(realm);
                headers.#copy(from);
                return headers;
            },
            get: (headers, name) => headers.#get(name), // |name| in lower case
            set: (headers, name, value) => headers.#set(name, value), // both known to be valid
            has: (headers, name) => MapPrototypeHas(headers.#entries(), name),
            delete: (headers, name) => MapPrototypeDelete(headers.#entries(), name),
            freeze(headers) {
                headers.#isImmutable = true;
                return headers;
            },
        };
    }
}

function join(values) {
    let text = values[0];
    for (let i = 1; i < values.length; i++) {
        text += `, ${values[i]}`;
    }
    return text;
}

const entriesMethod = Headers.prototype.entries;

webidl.finish(Headers);
realm.Headers = Headers;
