// FileReader, FileReaderSync, FileList
//
// Spec:  https://w3c.github.io/FileAPI/#APIASynch
// Covers / differs:  all; a blob is in memory, so that one progress event tells of all of it. Nothing makes a FileList
// Ops:   none
// WPT:   FileAPI
// Limits: none

'use strict';

const {
    List, ReflectApply, ObjectDefineProperty, RegExpPrototypeExec, StringFromCharCode, TypeError, TypedArrayPrototypeGetBuffer,
    TypedArrayPrototypeGetByteLength, Uint8Array, realm,
} = primordials;
const { webidl, TextDecoder } = realm;
const { EventTarget } = internals.lazy('event_target.js');
const { ProgressEvent } = internals.lazy('events.js');
const { queueTask } = internals.lazy('tasks.js');
internals.lazy('blob.js'); // makes realm.blob

const STATES = ['EMPTY', 'LOADING', 'DONE'];
const EMPTY = 0;
const LOADING = 1;
const DONE = 2;

/* ---- what the bytes become ------------------------------------------------------------------- */

function binaryString(bytes) {
    const size = TypedArrayPrototypeGetByteLength(bytes);
    let text = '';
    for (let at = 0; at < size;) {
        const units = List();
        for (; at < size && units.length < 4096; at++) {
            units[units.length] = bytes[at];
        }
        text += ReflectApply(StringFromCharCode, undefined, units);
    }
    return text;
}

const CHARSET = /;[\t\n\r ]*charset=(?:"([^"]*)"|([^;"]*))/i;

// The decoder for |label|, or null when it names no encoding.
function decoderFor(label) {
    try {
        return new TextDecoder(label);
    } catch {
        return null;
    }
}

function bomOf(bytes) {
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 'utf-8'
        : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : null;
}

function text(bytes, type, label) {
    const charset = RegExpPrototypeExec(CHARSET, type);
    const bom = bomOf(bytes);
    const decoder = (bom === null ? null : decoderFor(bom)) ?? (label === undefined ? null : decoderFor(label)) ??
        (charset === null ? null : decoderFor(charset[1] ?? charset[2])) ?? decoderFor('utf-8');
    return realm.textDecoder.decode(decoder, bytes, false);
}

// |kind| is that of the method; the bytes are the blob's own.
function packageData(kind, blob, label) {
    const bytes = realm.blob.bytes(blob);
    switch (kind) {
        case 'ArrayBuffer': return TypedArrayPrototypeGetBuffer(new Uint8Array(bytes));
        case 'BinaryString': return binaryString(bytes);
        case 'Text': return text(bytes, realm.blob.type(blob), label);
        default: {
            const type = realm.blob.type(blob);
            return `data:${type === '' ? 'application/octet-stream' : type};base64,` +
                internals.lazy('base64.js').btoa(binaryString(bytes));
        }
    }
}

function requireBlob(count, value, context) {
    webidl.requireArguments(count, 1, context);
    if (!realm.blob.is(value)) {
        throw new TypeError(`${context}: the value is not a Blob.`);
    }
    return value;
}

/* ---- the classes ---------------------------------------------------------------------------- */

let isReader;

class FileReader extends EventTarget {
    #state = EMPTY;
    #result = null;
    #error = null;
    #round = 0; // of reads: tasks of an earlier one do nothing

    readAsArrayBuffer(blob) {
        this.#state;
        this.#read('ArrayBuffer', requireBlob(arguments.length, blob, "Failed to execute 'readAsArrayBuffer' on 'FileReader'"));
    }

    readAsBinaryString(blob) {
        this.#state;
        this.#read('BinaryString', requireBlob(arguments.length, blob, "Failed to execute 'readAsBinaryString' on 'FileReader'"));
    }

    readAsText(blob, encoding = undefined) {
        this.#state;
        requireBlob(arguments.length, blob, "Failed to execute 'readAsText' on 'FileReader'");
        this.#read('Text', blob, encoding === undefined ? encoding : webidl.domString(encoding));
    }

    readAsDataURL(blob) {
        this.#state;
        this.#read('DataURL', requireBlob(arguments.length, blob, "Failed to execute 'readAsDataURL' on 'FileReader'"));
    }

    abort() {
        if (this.#state !== LOADING) {
            this.#result = null;
            return;
        }
        this.#state = DONE;
        this.#result = null;
        this.#round++;
        this.#fire('abort', 0, 0);
        if (this.#state !== LOADING) {
            this.#fire('loadend', 0, 0);
        }
    }

    get readyState() {
        return this.#state;
    }

    get result() {
        return this.#result;
    }

    get error() {
        return this.#error;
    }

    #fire(type, loaded, total) {
        const event = new ProgressEvent(type, { __proto__: null, lengthComputable: total > 0, loaded, total });
        realm.eventTarget.dispatchTrusted(this, event);
    }

    #read(kind, blob, label = undefined) {
        if (this.#state === LOADING) {
            throw realm.domException('The object is already busy reading Blobs.', 'InvalidStateError');
        }
        this.#state = LOADING;
        this.#result = null;
        this.#error = null;
        const round = ++this.#round;
        const size = TypedArrayPrototypeGetByteLength(realm.blob.bytes(blob));
        const later = (step) => queueTask(() => {
            if (this.#round === round) {
                step();
            }
        });
        later(() => this.#fire('loadstart', 0, size));
        if (size > 0) {
            later(() => this.#fire('progress', size, size));
        }
        later(() => {
            this.#state = DONE;
            try {
                this.#result = packageData(kind, blob, label);
            } catch (error) {
                this.#error = realm.domException(`The blob could not be read: ${error.message}`, 'NotReadableError');
            }
            this.#fire(this.#error === null ? 'load' : 'error', size, size);
            later(() => this.#fire('loadend', size, size)); // a turn later: the microtasks of "load" come before it
        });
    }

    static {
        isReader = (value) => webidl.isObject(value) && #state in value;
    }
}
webidl.finish(FileReader);
realm.defineHandlers(FileReader, isReader, ['loadstart', 'progress', 'load', 'abort', 'error', 'loadend']);
for (let state = 0; state < STATES.length; state++) {
    const descriptor = { __proto__: null, value: state, writable: false, enumerable: true, configurable: false };
    ObjectDefineProperty(FileReader, STATES[state], descriptor);
    ObjectDefineProperty(FileReader.prototype, STATES[state], descriptor);
}

class FileReaderSync {
    #brand = true;

    readAsArrayBuffer(blob) {
        this.#brand;
        const context = "Failed to execute 'readAsArrayBuffer' on 'FileReaderSync'";
        return packageData('ArrayBuffer', requireBlob(arguments.length, blob, context));
    }

    readAsBinaryString(blob) {
        this.#brand;
        const context = "Failed to execute 'readAsBinaryString' on 'FileReaderSync'";
        return packageData('BinaryString', requireBlob(arguments.length, blob, context));
    }

    readAsText(blob, encoding = undefined) {
        this.#brand;
        requireBlob(arguments.length, blob, "Failed to execute 'readAsText' on 'FileReaderSync'");
        return packageData('Text', blob, encoding === undefined ? encoding : webidl.domString(encoding));
    }

    readAsDataURL(blob) {
        this.#brand;
        const context = "Failed to execute 'readAsDataURL' on 'FileReaderSync'";
        return packageData('DataURL', requireBlob(arguments.length, blob, context));
    }
}
webidl.finish(FileReaderSync);

class FileList {
    #brand = true;

    constructor() {
        throw new TypeError('Illegal constructor');
    }

    item(index) {
        this.#brand;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'item' on 'FileList'");
        webidl.integer(index, 32, false);
        return null;
    }

    get length() {
        this.#brand;
        return 0;
    }
}
webidl.finish(FileList);

return { __proto__: null, FileReader, FileReaderSync, FileList };
