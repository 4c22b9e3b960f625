// DOMException, QuotaExceededError: the errors of Web APIs.
//
// Spec:  https://webidl.spec.whatwg.org/#idl-DOMException and #quotaexceedederror
// Covers / differs:  all
// Ops:   none
// WPT:   webidl/ecmascript-binding/es-exceptions
// Limits: none

'use strict';

const {
    ErrorCaptureStackTrace, ErrorPrototype, NumberIsFinite, ObjectDefineProperty, ObjectSetPrototypeOf, RangeError, TypeError,
    realm,
} = primordials;
const { webidl } = realm;

// Name of the exception, name of the constant; the index is the code.
const NAMES = [
    null, ['IndexSizeError', 'INDEX_SIZE_ERR'], [null, 'DOMSTRING_SIZE_ERR'],
    ['HierarchyRequestError', 'HIERARCHY_REQUEST_ERR'],
    ['WrongDocumentError', 'WRONG_DOCUMENT_ERR'], ['InvalidCharacterError', 'INVALID_CHARACTER_ERR'],
    [null, 'NO_DATA_ALLOWED_ERR'], ['NoModificationAllowedError', 'NO_MODIFICATION_ALLOWED_ERR'],
    ['NotFoundError', 'NOT_FOUND_ERR'], ['NotSupportedError', 'NOT_SUPPORTED_ERR'],
    ['InUseAttributeError', 'INUSE_ATTRIBUTE_ERR'], ['InvalidStateError', 'INVALID_STATE_ERR'], ['SyntaxError', 'SYNTAX_ERR'],
    ['InvalidModificationError', 'INVALID_MODIFICATION_ERR'], ['NamespaceError', 'NAMESPACE_ERR'],
    ['InvalidAccessError', 'INVALID_ACCESS_ERR'], [null, 'VALIDATION_ERR'], ['TypeMismatchError', 'TYPE_MISMATCH_ERR'],
    ['SecurityError', 'SECURITY_ERR'], ['NetworkError', 'NETWORK_ERR'], ['AbortError', 'ABORT_ERR'],
    ['URLMismatchError', 'URL_MISMATCH_ERR'], ['QuotaExceededError', 'QUOTA_EXCEEDED_ERR'], ['TimeoutError', 'TIMEOUT_ERR'],
    ['InvalidNodeTypeError', 'INVALID_NODE_TYPE_ERR'], ['DataCloneError', 'DATA_CLONE_ERR'],
];

function codeOf(name) {
    for (let code = 1; code < NAMES.length; code++) {
        if (NAMES[code][0] === name) {
            return code;
        }
    }
    return 0;
}

class DOMException {
    #message;
    #name;

    constructor(message = '', name = 'Error') {
        this.#message = webidl.domString(message);
        this.#name = webidl.domString(name);
        ErrorCaptureStackTrace(this, DOMException);
    }

    get name() {
        return this.#name;
    }

    get message() {
        return this.#message;
    }

    get code() {
        return codeOf(this.#name);
    }

    static {
        realm.isDomException = (value) => typeof value === 'object' && value !== null && #name in value;
        realm.describeDomException = (value, result) => {
            result.name = value.#name;
            result.message = value.#message;
        };
    }
}

ObjectSetPrototypeOf(DOMException.prototype, ErrorPrototype);
webidl.finish(DOMException);
for (let code = 1; code < NAMES.length; code++) {
    const descriptor = { __proto__: null, value: code, writable: false, enumerable: true, configurable: false };
    ObjectDefineProperty(DOMException, NAMES[code][1], descriptor);
    ObjectDefineProperty(DOMException.prototype, NAMES[code][1], descriptor);
}

class QuotaExceededError extends DOMException {
    #quota = null;
    #requested = null;

    constructor(message = '', options = undefined) {
        const context = "Failed to construct 'QuotaExceededError'";
        super(message, 'QuotaExceededError');
        const { quota, requested } = webidl.dictionary(options, context);
        this.#quota = quota === undefined ? null : limit(quota, context);
        this.#requested = requested === undefined ? null : limit(requested, context);
        if (this.#quota !== null && this.#requested !== null && this.#requested < this.#quota) {
            throw new RangeError(`${context}: less was requested than the quota allows.`);
        }
    }

    get quota() {
        return this.#quota;
    }

    get requested() {
        return this.#requested;
    }

    static {
        realm.quotaOf = (value) => (#quota in value
            ? { __proto__: null, quota: value.#quota, requested: value.#requested } : null);
    }
}
webidl.finish(QuotaExceededError);

// A double of Web IDL's that is not below 0.
function limit(value, context) {
    const number = +value;
    if (!NumberIsFinite(number)) {
        throw new TypeError(`${context}: the value is not a finite number.`);
    }
    if (number < 0) {
        throw new RangeError(`${context}: the value is below 0.`);
    }
    return number;
}

// |quota|: what realm.quotaOf gave, or nothing.
function create(message, name, quota = null) {
    if (name !== 'QuotaExceededError') {
        return new DOMException(message, name);
    }
    const options = { __proto__: null, quota: quota?.quota ?? undefined, requested: quota?.requested ?? undefined };
    return new QuotaExceededError(message, options);
}

return { __proto__: null, DOMException, QuotaExceededError, create };
