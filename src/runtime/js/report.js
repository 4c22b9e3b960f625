// report: exceptions on their way out, whatever was thrown, without running a worker's code but Error.prepareStackTrace.
//
// Spec:  https://html.spec.whatwg.org/multipage/webappapis.html#runtime-script-errors
// Covers / differs:  an error's own or inherited data properties are read, getters and proxies are not touched
// Ops:   exception, bodyAbort
// WPT:   html/webappapis/scripting/processing-model-2
// Limits: MF_RUN_TEXT_BYTES_MAX for each text

'use strict';

const {
    Error, ErrorPrototypeToString, Map, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGetSize, MapPrototypeSet,
    ObjectGetOwnPropertyDescriptor, ObjectGetPrototypeOf, ObjectPrototypeHasOwnProperty, ReflectApply, StringPrototypeIncludes,
    StringPrototypeIndexOf, StringPrototypeLastIndexOf, StringPrototypeSlice, String, realm,
} = primordials;
const { ops, typeOf, describeError, constructorName, constants } = internals;

const TEXT_MAX = constants.RUN_TEXT_BYTES_MAX;
const DEPTH_MAX = 64; // prototypes looked at for one property

const nativeStack = ObjectGetOwnPropertyDescriptor(new Error(''), 'stack');
const nativeStackGetter = nativeStack === undefined ? undefined : nativeStack.get;

// The data property |key| of |object| or its prototypes; undefined when there is none, or only a getter or a proxy would know.
function peek(object, key) {
    for (let depth = 0; object !== null && depth < DEPTH_MAX; depth++) {
        if (typeOf(object) === 'proxy') {
            return undefined;
        }
        const descriptor = ObjectGetOwnPropertyDescriptor(object, key);
        if (descriptor !== undefined) {
            if (ObjectPrototypeHasOwnProperty(descriptor, 'value')) {
                return descriptor.value;
            }
            return descriptor.get !== undefined && descriptor.get === nativeStackGetter
                ? ReflectApply(nativeStackGetter, object, []) : undefined;
        }
        object = ObjectGetPrototypeOf(object);
    }
    return undefined;
}

function cut(text) {
    return text.length > TEXT_MAX ? `${StringPrototypeSlice(text, 0, TEXT_MAX)}...` : text;
}

// |stack| without the lines of this folder's files.
function withoutOwnFrames(stack) {
    stack = cut(stack);
    if (!StringPrototypeIncludes(stack, 'mayfly:')) {
        return stack;
    }
    let kept = '';
    for (let start = 0; start < stack.length;) {
        const end = StringPrototypeIndexOf(stack, '\n', start);
        const line = StringPrototypeSlice(stack, start, end < 0 ? stack.length : end);
        if (!(StringPrototypeIncludes(line, '    at ') && StringPrototypeIncludes(line, 'mayfly:'))) {
            kept += kept === '' ? line : `\n${line}`;
        }
        start = end < 0 ? stack.length : end + 1;
    }
    return kept;
}

// A line of a stack, "fetch (main.ts:7:9)", with the place in the source that was sent.
function mapSite(text, site) {
    const file = site.getFileName();
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    const place = internals.mapPosition(file, line, column);
    const at = place === null ? -1 : StringPrototypeLastIndexOf(text, `${file}:${line}:${column}`);
    return at < 0 ? text : `${StringPrototypeSlice(text, 0, at)}${file}:${place[0]}:${place[1]}` +
        StringPrototypeSlice(text, at + `${file}:${line}:${column}`.length);
}

// What V8 does itself where no text was moved: the worker's own Error.prepareStackTrace, or header and lines.
internals.setStackFormatter((error, sites) => {
    const { prepareStackTrace } = Error;
    if (typeof prepareStackTrace === 'function') {
        return ReflectApply(prepareStackTrace, Error, [error, sites]);
    }
    let stack;
    try {
        stack = ErrorPrototypeToString(error);
    } catch {
        stack = '<error>';
    }
    for (let i = 0; i < sites.length; i++) {
        stack += `\n    at ${mapSite(`${sites[i]}`, sites[i])}`;
    }
    return stack;
});

function stackOf(error) {
    let stack;
    try {
        stack = peek(error, 'stack'); // may call Error.prepareStackTrace
    } catch {
        return '';
    }
    return typeof stack === 'string' ? withoutOwnFrames(stack) : '';
}

function isError(value) {
    return typeof value === 'object' && value !== null && typeOf(value) === 'error';
}

// {name, message, stack} of anything that was thrown; never throws.
function describe(value) {
    const result = { __proto__: null, name: 'Error', message: '', stack: '' };
    try {
        const isException = realm.isDomException !== undefined && realm.isDomException(value);
        if (isException) {
            realm.describeDomException(value, result);
            result.stack = stackOf(value);
        } else if (isError(value)) {
            const name = peek(value, 'name');
            const message = peek(value, 'message');
            result.name = typeof name === 'string' && name !== '' ? cut(name) : constructorName(value);
            result.message = typeof message === 'string' ? cut(message) : '';
            result.stack = stackOf(value);
        } else if (isPrimitive(value)) {
            result.name = '';
            result.message = cut(typeof value === 'string' ? value : String(value));
        } else {
            result.name = '';
            result.message = cut(internals.lazy('inspect.js').inspect(value));
        }
    } catch {
        result.message ||= 'an exception that cannot be described';
    }
    return result;
}

function isPrimitive(value) {
    return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

// "TypeError: message"
function headline(description) {
    const { name, message } = description;
    return name === '' ? message : message === '' ? name : `${name}: ${message}`;
}

function place(value) {
    try {
        return describeError(value);
    } catch {
        return null;
    }
}

// Tells the host of an exception, as describe() and place() see it.
function tell(description, at) {
    ops.exception(
        description.name, description.message, description.stack,
        at === null ? '' : at.module, at === null ? 0 : at.line, at === null ? 0 : at.column,
    );
}

// The same for a value; returns its headline.
function report(value) {
    const at = place(value); // First: V8 forgets the place once the stack was read.
    const description = describe(value);
    tell(description, at);
    return headline(description);
}

realm.globalEvents = null; // what event_target.js gives, once a worker listens

// An exception that nobody caught: an "error" event, then the host.
function reportUncaught(value) {
    if (realm.globalEvents !== null && realm.globalEvents.dispatchError(value)) {
        return;
    }
    report(value);
}

let rejections = null; // promise -> reason: rejected, without a handler, in this turn

function flushRejections() {
    if (rejections === null || MapPrototypeGetSize(rejections) === 0) {
        return;
    }
    const pending = rejections;
    rejections = null;
    MapPrototypeForEach(pending, (reason, promise) => {
        if (realm.globalEvents !== null && realm.globalEvents.dispatchRejection('unhandledrejection', promise, reason)) {
            return;
        }
        report(reason);
    });
}

internals.setRejectionHandler((kind, promise, reason) => {
    if (kind === 2) {
        report(reason);
    } else if (kind === 1) {
        if (!(rejections !== null && MapPrototypeDelete(rejections, promise)) && realm.globalEvents !== null) {
            realm.globalEvents.dispatchRejection('rejectionhandled', promise, internals.promiseDetails(promise)[1]);
        }
    } else {
        rejections ??= new Map();
        if (MapPrototypeGetSize(rejections) === 0) {
            realm.afterTurn(flushRejections);
        }
        MapPrototypeSet(rejections, promise, reason);
    }
});

realm.reportUncaught = reportUncaught;
realm.errors = {
    __proto__: null,
    report, tell, describe, headline, peek, isError, withoutOwnFrames, place,
    hasPendingRejections: () => rejections !== null && MapPrototypeGetSize(rejections) > 0,
};
realm.host = {
    __proto__: null,
    bodyAbort: (stream, error) => ops.bodyAbort(stream, headline(describe(error))),
};
