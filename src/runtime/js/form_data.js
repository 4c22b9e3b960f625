// FormData, and multipart/form-data both ways.
//
// Spec:  https://xhr.spec.whatwg.org/#interface-formdata  https://fetch.spec.whatwg.org/#body-mixin (formData)
//        https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
// Covers / differs:  all but forms of a page, which are a TypeError. A boundary is random
// Ops:   uuid
// WPT:   xhr/formdata, fetch/api/body
// Limits: the run's memory

'use strict';

const {
    List, StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeStartsWith,
    StringPrototypeToLowerCase, StringPrototypeTrim, TypeError, TypedArrayPrototypeGetBuffer,
    TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeIndexOf, Uint8Array, defineValue,
    realm,
} = primordials;
const { webidl, hostStreams } = realm;
const { requireArguments, usvString } = webidl;
const { utf8Decode, utf8Encode } = internals;
internals.lazy('blob.js'); // makes realm.blob and realm.file
const { blob: blobs, file: files } = realm;

// The value of an entry: a string, or a File made of |value|.
function entryValue(value, filename, context) {
    if (!blobs.is(value)) {
        if (filename !== undefined) {
            throw new TypeError(`${context}: a file name needs a Blob.`);
        }
        return usvString(value);
    }
    if (files.is(value) && filename === undefined) {
        return value;
    }
    const isFile = files.is(value);
    return files.create(
        blobs.bytes(value), blobs.type(value), filename === undefined ? 'blob' : filename,
        isFile ? files.time(value) : internals.clock(),
    );
}

class FormData {
    #list = List(); // [name, value, ...]

    constructor(form = undefined) {
        if (form !== undefined) {
            throw new TypeError("Failed to construct 'FormData': there are no forms here.");
        }
    }

    append(name, value, filename = undefined) {
        const context = "Failed to execute 'append' on 'FormData'";
        requireArguments(arguments.length, 2, context);
        name = usvString(name);
        this.#push(name, entryValue(value, arguments.length > 2 ? usvString(filename) : undefined, context));
    }

    delete(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'delete' on 'FormData'");
        this.#remove(usvString(name), 0);
    }

    get(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'get' on 'FormData'");
        const at = this.#indexOf(usvString(name), 0);
        return at < 0 ? null : this.#list[at + 1];
    }

    getAll(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'getAll' on 'FormData'");
        name = usvString(name);
        const values = [];
        for (let at = this.#indexOf(name, 0); at >= 0; at = this.#indexOf(name, at + 2)) {
            defineValue(values, values.length, this.#list[at + 1], true);
        }
        return values;
    }

    has(name) {
        requireArguments(arguments.length, 1, "Failed to execute 'has' on 'FormData'");
        return this.#indexOf(usvString(name), 0) >= 0;
    }

    set(name, value, filename = undefined) {
        const context = "Failed to execute 'set' on 'FormData'";
        requireArguments(arguments.length, 2, context);
        name = usvString(name);
        const entry = entryValue(value, arguments.length > 2 ? usvString(filename) : undefined, context);
        const at = this.#indexOf(name, 0);
        if (at < 0) {
            this.#push(name, entry);
        } else {
            this.#list[at + 1] = entry;
            this.#remove(name, at + 2);
        }
    }

    #push(name, value) {
        const list = this.#list;
        list[list.length] = name;
        list[list.length] = value;
    }

    #indexOf(name, from) {
        const list = this.#list;
        for (let i = from; i < list.length; i += 2) {
            if (list[i] === name) {
                return i;
            }
        }
        return -1;
    }

    #remove(name, from) {
        const list = this.#list;
        let kept = from;
        for (let i = from; i < list.length; i += 2) {
            if (list[i] !== name) {
                list[kept] = list[i];
                list[kept + 1] = list[i + 1];
                kept += 2;
            }
        }
        list.length = kept;
    }

    static {
        realm.addPairIteration(FormData, 'FormData', (data) => data.#list);
        realm.formData = {
            __proto__: null,
            is: (value) => typeof value === 'object' && value !== null && #list in value,
            pairs: (data) => data.#list,
            encode: (data) => encode(data.#list),
            push: (data, name, value) => data.#push(name, value),
        };
    }
}
webidl.finish(FormData);

/* ---- to bytes ------------------------------------------------------------------------------ */

function replaceAll(text, from, to) {
    let out = '';
    for (let start = 0; ;) {
        const at = StringPrototypeIndexOf(text, from, start);
        if (at < 0) {
            return start === 0 ? text : out + StringPrototypeSlice(text, start);
        }
        out += StringPrototypeSlice(text, start, at) + to;
        start = at + from.length;
    }
}

// Every line break as CRLF.
function normalizeBreaks(text) {
    if (!StringPrototypeIncludes(text, '\n') && !StringPrototypeIncludes(text, '\r')) {
        return text;
    }
    return replaceAll(replaceAll(replaceAll(text, '\r\n', '\n'), '\r', '\n'), '\n', '\r\n');
}

function escapeName(name) {
    return replaceAll(replaceAll(replaceAll(name, '\n', '%0A'), '\r', '%0D'), '"', '%22');
}

function encode(list) {
    const boundary = `----formdata-${internals.ops.uuid()}`;
    const chunks = List();
    let total = 0;
    const push = (bytes) => {
        chunks[chunks.length] = bytes;
        total += TypedArrayPrototypeGetByteLength(bytes);
    };
    for (let i = 0; i < list.length; i += 2) {
        const name = escapeName(normalizeBreaks(list[i]));
        const value = list[i + 1];
        const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
        if (typeof value === 'string') {
            push(utf8Encode(`${head}\r\n\r\n${normalizeBreaks(value)}\r\n`));
        } else {
            const type = blobs.type(value) || 'application/octet-stream';
            push(utf8Encode(`${head}; filename="${escapeName(files.name(value))}"\r\nContent-Type: ${type}\r\n\r\n`));
            push(blobs.bytes(value));
            push(utf8Encode('\r\n'));
        }
    }
    push(utf8Encode(`--${boundary}--\r\n`));
    return { __proto__: null, bytes: hostStreams.concat(chunks, total), type: `multipart/form-data; boundary=${boundary}` };
}

/* ---- from bytes ---------------------------------------------------------------------------- */

function malformed() {
    return new TypeError('The body is not valid multipart/form-data.');
}

// Where |pattern| starts in |bytes| from |from| on, or -1.
function find(bytes, pattern, from) {
    const size = TypedArrayPrototypeGetByteLength(bytes);
    const length = TypedArrayPrototypeGetByteLength(pattern);
    for (let at = TypedArrayPrototypeIndexOf(bytes, pattern[0], from); at >= 0 && at + length <= size;
        at = TypedArrayPrototypeIndexOf(bytes, pattern[0], at + 1)) {
        if (startsWith(bytes, pattern, at)) {
            return at;
        }
    }
    return -1;
}

function startsWith(bytes, pattern, at) {
    const length = TypedArrayPrototypeGetByteLength(pattern);
    for (let i = 0; i < length; i++) {
        if (bytes[at + i] !== pattern[i]) {
            return false;
        }
    }
    return true;
}

function part(bytes, start, end) {
    return new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), TypedArrayPrototypeGetByteOffset(bytes) + start, end - start);
}

// The value of parameter |name| in a header value such as `form-data; name="a"`, or undefined. |isEscaped|: %22 and the like.
function parameter(header, name, isEscaped) {
    for (let at = StringPrototypeIndexOf(header, ';'); at >= 0;) {
        const equals = StringPrototypeIndexOf(header, '=', at);
        if (equals < 0) {
            return undefined;
        }
        const key = StringPrototypeToLowerCase(StringPrototypeTrim(StringPrototypeSlice(header, at + 1, equals)));
        let end;
        let value;
        if (header[equals + 1] === '"') {
            const close = StringPrototypeIndexOf(header, '"', equals + 2);
            if (close < 0) {
                return undefined;
            }
            value = StringPrototypeSlice(header, equals + 2, close);
            end = StringPrototypeIndexOf(header, ';', close);
        } else {
            end = StringPrototypeIndexOf(header, ';', equals);
            value = StringPrototypeTrim(StringPrototypeSlice(header, equals + 1, end < 0 ? header.length : end));
        }
        if (key === name) {
            return isEscaped ? replaceAll(replaceAll(replaceAll(value, '%0A', '\n'), '%0D', '\r'), '%22', '"') : value;
        }
        at = end;
    }
    return undefined;
}

// {name, filename, type} of one part's header lines.
function parseHead(text) {
    const head = { __proto__: null, name: undefined, filename: undefined, type: undefined };
    for (let start = 0; start < text.length;) {
        const found = StringPrototypeIndexOf(text, '\r\n', start);
        const end = found < 0 ? text.length : found;
        const line = StringPrototypeSlice(text, start, end);
        const colon = StringPrototypeIndexOf(line, ':');
        if (colon <= 0) {
            throw malformed();
        }
        const key = StringPrototypeToLowerCase(StringPrototypeSlice(line, 0, colon));
        const value = StringPrototypeTrim(StringPrototypeSlice(line, colon + 1));
        if (key === 'content-disposition') {
            if (!StringPrototypeStartsWith(StringPrototypeToLowerCase(value), 'form-data')) {
                throw malformed();
            }
            head.name = parameter(value, 'name', true);
            head.filename = parameter(value, 'filename', true);
        } else if (key === 'content-type') {
            head.type = value;
        }
        start = end + 2;
    }
    if (head.name === undefined) {
        throw malformed();
    }
    return head;
}

const CRLF = utf8Encode('\r\n');
const BLANK_LINE = utf8Encode('\r\n\r\n');

function parseMultipart(bytes, boundary) {
    const data = new FormData();
    const delimiter = utf8Encode(`--${boundary}`);
    const next = utf8Encode(`\r\n--${boundary}`);
    const size = TypedArrayPrototypeGetByteLength(bytes);
    const length = TypedArrayPrototypeGetByteLength(delimiter);
    let at = startsWith(bytes, delimiter, 0) ? 0 : find(bytes, next, 0) + 2;
    if (at < 0 || (at === 1)) {
        throw malformed();
    }
    for (;;) {
        at += length;
        if (bytes[at] === 45 && bytes[at + 1] === 45) {
            return data;
        }
        while (bytes[at] === 32 || bytes[at] === 9) {
            at++;
        }
        if (!startsWith(bytes, CRLF, at)) {
            throw malformed();
        }
        const headEnd = find(bytes, BLANK_LINE, at);
        const bodyEnd = headEnd < 0 ? -1 : find(bytes, next, headEnd + 2);
        if (bodyEnd < 0 || at >= size) {
            throw malformed();
        }
        const head = parseHead(utf8Decode(part(bytes, at + 2, headEnd), false, true));
        const body = bodyEnd > headEnd + 4 ? part(bytes, headEnd + 4, bodyEnd) : new Uint8Array(0);
        const type = StringPrototypeToLowerCase(head.type ?? 'text/plain');
        const value = head.filename === undefined ? utf8Decode(body, false, false)
            : files.create(new Uint8Array(body), type, head.filename, internals.clock());
        realm.formData.push(data, head.name, value);
        at = bodyEnd + 2;
    }
}

function essence(type) {
    const end = StringPrototypeIndexOf(type, ';');
    return StringPrototypeToLowerCase(StringPrototypeTrim(end < 0 ? type : StringPrototypeSlice(type, 0, end)));
}

// A body as FormData: |source| is a string or bytes.
function decode(source, type) {
    const kind = type === null ? '' : essence(type);
    if (kind === 'multipart/form-data') {
        const boundary = parameter(type, 'boundary', false);
        if (boundary === undefined || boundary === '') {
            throw new TypeError('The content-type has no boundary.');
        }
        return parseMultipart(realm.body.bytesOf(source), boundary);
    }
    if (kind === 'application/x-www-form-urlencoded') {
        const data = new FormData();
        const list = realm.searchParams.parseForm(realm.body.textOf(source));
        for (let i = 0; i < list.length; i += 2) {
            realm.formData.push(data, list[i], list[i + 1]);
        }
        return data;
    }
    throw new TypeError('Unrecognized Content-Type header value. FormData can only parse the following MIME types: ' +
        'multipart/form-data, application/x-www-form-urlencoded');
}

return { __proto__: null, FormData, decode };
