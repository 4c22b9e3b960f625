// URLSearchParams: names and values of a query, and application/x-www-form-urlencoded both ways.
//
// Spec:  https://url.spec.whatwg.org/#interface-urlsearchparams
// Covers / differs:  all
// Ops:   none
// WPT:   url (urlsearchparams-*)
// Limits: none

'use strict';

const {
    List, StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeSlice, SymbolIterator,
    TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetLength, Uint8Array, ArrayPrototypeSort, realm,
} = primordials;
const { webidl } = realm;
const { requireArguments, usvString } = webidl;
const { utf8Decode, utf8Encode } = internals;

const HEX = '0123456789ABCDEF';

function hexValue(c) {
    return c >= 48 && c <= 57 ? c - 48 : c >= 65 && c <= 70 ? c - 55 : c >= 97 && c <= 102 ? c - 87 : -1;
}

// text[start, end) with "+" as blank and %xx decoded. Most parts are plain and are returned as they are.
function decodePart(text, start, end) {
    let isPlain = true;
    for (let i = start; i < end; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (c === 43 || c === 37) {
            isPlain = false;
            break;
        }
    }
    const part = StringPrototypeSlice(text, start, end);
    if (isPlain) {
        return part;
    }
    const encoded = utf8Encode(part);
    const size = TypedArrayPrototypeGetLength(encoded);
    const bytes = new Uint8Array(size);
    let used = 0;
    for (let i = 0; i < size; i++) {
        const byte = encoded[i];
        if (byte === 37 && i + 2 < size) {
            const high = hexValue(encoded[i + 1]);
            const low = hexValue(encoded[i + 2]);
            if (high >= 0 && low >= 0) {
                bytes[used++] = high * 16 + low;
                i += 2;
                continue;
            }
        }
        bytes[used++] = byte === 43 ? 32 : byte;
    }
    return utf8Decode(new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), 0, used), false, true);
}

// application/x-www-form-urlencoded parser: [name, value, ...].
function parseForm(text) {
    const list = List();
    const size = text.length;
    for (let start = 0; start < size;) {
        let end = StringPrototypeIndexOf(text, '&', start);
        end = end < 0 ? size : end;
        if (end > start) {
            const equals = StringPrototypeIndexOf(text, '=', start);
            const split = equals < 0 || equals > end ? end : equals;
            list[list.length] = decodePart(text, start, split);
            list[list.length] = split < end ? decodePart(text, split + 1, end) : '';
        }
        start = end + 1;
    }
    return list;
}

function isFormCode(c) {
    return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 42 || c === 45 || c === 46 || c === 95;
}

function encodePart(text) {
    let isPlain = true;
    for (let i = 0; i < text.length; i++) {
        if (!isFormCode(StringPrototypeCharCodeAt(text, i))) {
            isPlain = false;
            break;
        }
    }
    if (isPlain) {
        return text;
    }
    const bytes = utf8Encode(text);
    let out = '';
    const size = TypedArrayPrototypeGetLength(bytes);
    for (let i = 0; i < size; i++) {
        const byte = bytes[i];
        if (isFormCode(byte)) {
            out += primordials.StringFromCharCode(byte);
        } else {
            out += byte === 32 ? '+' : `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
        }
    }
    return out;
}

// application/x-www-form-urlencoded serializer.
function serializeForm(list) {
    let text = '';
    for (let i = 0; i < list.length; i += 2) {
        text += `${i === 0 ? '' : '&'}${encodePart(list[i])}=${encodePart(list[i + 1])}`;
    }
    return text;
}

class URLSearchParams {
    #list = List(); // [name, value, ...]
    #onChange = null; // the URL that this belongs to

    constructor(init = '') {
        if (init === realm) {
            return;
        }
        const context = "Failed to construct 'URLSearchParams'";
        if (!webidl.isObject(init)) {
            this.#parse(usvString(init));
            return;
        }
        const method = init[SymbolIterator];
        if (method === undefined || method === null) {
            this.#fillFromRecord(init);
            return;
        }
        const pairs = webidl.sequence(
            init, webidl.callback(method, context), (item) => webidl.pair(item, usvString, context), context,
        );
        for (let i = 0; i < pairs.length; i++) {
            this.#push(pairs[i][0], pairs[i][1]);
        }
    }

    #parse(text) {
        this.#list = parseForm(text[0] === '?' ? StringPrototypeSlice(text, 1) : text);
    }

    #fillFromRecord(init) {
        webidl.record(init, usvString, usvString, (name, value) => {
            const at = this.#indexOf(name, undefined, 0); // names that became equal in the conversion
            if (at >= 0) {
                this.#list[at + 1] = value;
            } else {
                this.#push(name, value);
            }
        });
    }

    #push(name, value) {
        const list = this.#list;
        list[list.length] = name;
        list[list.length] = value;
    }

    #indexOf(name, value, from) {
        const list = this.#list;
        for (let i = from; i < list.length; i += 2) {
            if (list[i] === name && (value === undefined || list[i + 1] === value)) {
                return i;
            }
        }
        return -1;
    }

    // Takes out those of |name| (and |value|, when it is not undefined) from index |from| on.
    #remove(name, value, from) {
        const list = this.#list;
        let kept = from;
        for (let i = from; i < list.length; i += 2) {
            if (list[i] === name && (value === undefined || list[i + 1] === value)) {
                continue;
            }
            list[kept] = list[i];
            list[kept + 1] = list[i + 1];
            kept += 2;
        }
        list.length = kept;
    }

    #changed() {
        if (this.#onChange !== null) {
            this.#onChange(serializeForm(this.#list));
        }
    }

    get size() {
        return this.#list.length / 2;
    }

    append(name, value) {
        requireArguments(arguments.length, 2, "Failed to execute 'append' on 'URLSearchParams'");
        name = usvString(name);
        this.#push(name, usvString(value));
        this.#changed();
    }

    delete(name, value = undefined) {
        requireArguments(arguments.length, 1, "Failed to execute 'delete' on 'URLSearchParams'");
        name = usvString(name);
        this.#remove(name, value === undefined ? undefined : usvString(value), 0);
        this.#changed();
    }

    get(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'get' on 'URLSearchParams'");
        const at = this.#indexOf(usvString(name), undefined, 0);
        return at < 0 ? null : this.#list[at + 1];
    }

    getAll(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'getAll' on 'URLSearchParams'");
        name = usvString(name);
        const values = [];
        for (let at = this.#indexOf(name, undefined, 0); at >= 0; at = this.#indexOf(name, undefined, at + 2)) {
            primordials.defineValue(values, values.length, this.#list[at + 1], true);
        }
        return values;
    }

    has(name, value = undefined) {
        requireArguments(arguments.length, 1, "Failed to execute 'has' on 'URLSearchParams'");
        name = usvString(name);
        return this.#indexOf(name, value === undefined ? undefined : usvString(value), 0) >= 0;
    }

    set(name, value) {
        requireArguments(arguments.length, 2, "Failed to execute 'set' on 'URLSearchParams'");
        name = usvString(name);
        value = usvString(value);
        const at = this.#indexOf(name, undefined, 0);
        if (at < 0) {
            this.#push(name, value);
        } else {
            this.#list[at + 1] = value;
            this.#remove(name, undefined, at + 2);
        }
        this.#changed();
    }

    sort() {
        const list = this.#list;
        const order = List();
        for (let i = 0; i < list.length; i += 2) {
            order[order.length] = i;
        }
        ArrayPrototypeSort(order, (a, b) => (list[a] < list[b] ? -1 : list[a] > list[b] ? 1 : a - b));
        const sorted = List();
        for (let i = 0; i < order.length; i++) {
            sorted[sorted.length] = list[order[i]];
            sorted[sorted.length] = list[order[i] + 1];
        }
        this.#list = sorted;
        this.#changed();
    }

    toString() {
        return serializeForm(this.#list);
    }

    static {
        realm.addPairIteration(URLSearchParams, 'URLSearchParams', (params) => params.#list);
        realm.searchParams = {
            __proto__: null,
            parseForm, serializeForm,
            is: (value) => typeof value === 'object' && value !== null && #list in value,
            pairs: (params) => params.#list,
            serialize: (params) => serializeForm(params.#list),
            ofUrl(query, onChange) {
                const params = new URLSearchParams(realm);
                params.#list = query === null ? List() : parseForm(query);
                params.#onChange = onChange;
                return params;
            },
            update(params, query) {
                params.#list = query === null ? List() : parseForm(query);
            },
        };
    }
}

webidl.finish(URLSearchParams);
realm.URLSearchParams = URLSearchParams;
