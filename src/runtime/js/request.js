// Request: what a handler gets and what fetch() takes.
//
// Spec:  https://fetch.spec.whatwg.org/#request-class
// Covers / differs:  all; there is no base URL, so that relative ones are refused; mode, credentials, cache and referrer are
//        kept
//        and mean nothing to a server, as on Cloudflare; a stream as body needs no `duplex`.
// Ops:   none
// WPT:   fetch/api/request
// Limits: none

'use strict';

const { StringPrototypeStartsWith, StringPrototypeToUpperCase, TypeError, realm } = primordials;
const { webidl, headers: headersOf, body: bodies } = realm;
const { byteString, dictionary, domString, enumeration, requireArguments, usvString } = webidl;

const CONTEXT = "Failed to construct 'Request'";
const REDIRECTS = ['follow', 'error', 'manual'];
const CACHES = ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'];
const CREDENTIALS = ['omit', 'same-origin', 'include'];
const MODES = ['same-origin', 'no-cors', 'cors'];
const DUPLEXES = ['half'];
const PRIORITIES = ['high', 'low', 'auto'];
const POLICIES = [
    '', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin', 'origin-when-cross-origin',
    'strict-origin-when-cross-origin', 'unsafe-url',
];

realm.abort = null; // what abort.js gives, once it is loaded
const abort = () => realm.abort ?? internals.lazy('abort.js');

function normalizeMethod(value) {
    const method = byteString(value, CONTEXT);
    switch (method) {
        case 'GET': case 'HEAD': case 'POST': case 'PUT': case 'DELETE': case 'OPTIONS': case 'PATCH':
            return method;
    }
    if (!headersOf.isToken(method)) {
        throw new TypeError(`Invalid HTTP method string: ${method}`);
    }
    const upper = StringPrototypeToUpperCase(method);
    switch (upper) {
        case 'GET': case 'HEAD': case 'POST': case 'PUT': case 'DELETE': case 'OPTIONS':
            return upper;
        case 'CONNECT': case 'TRACE': case 'TRACK':
            throw new TypeError(`${CONTEXT}: '${method}' is not a method that may be sent.`);
    }
    return method;
}

// What few requests set; all of them share DEFAULTS until one does.
const DEFAULTS = {
    __proto__: null,
    cache: 'default', credentials: 'same-origin', integrity: '', isKeptAlive: false, mode: 'cors', redirect: 'follow',
    referrer: 'about:client', referrerPolicy: '', cf: undefined,
};

class Request {
    #method = 'GET';
    #url = ''; // serialized, with its fragment
    #headers = null;
    #wire = ''; // from the host, until #headers is made
    #isImmutable = false;
    #body = null;
    #options = DEFAULTS;
    #signal = null; // AbortSignal, made on demand
    #followed = null; // the signal that ours follows
    #blob = null; // what a blob: URL meant when the request was made

    constructor(input, init = undefined) {
        if (input === realm) { // ours: fromHost, clone
            return;
        }
        requireArguments(arguments.length, 1, CONTEXT);
        let inputBody = null;
        let hasOwnHeaders = false;
        let from = null;
        if (typeof input === 'object' && input !== null && #method in input) {
            from = input;
            this.#method = from.#method;
            this.#url = from.#url;
            this.#options = from.#options;
            this.#followed = from.#signalToFollow();
            this.#blob = from.#blob;
            inputBody = from.#body;
        } else {
            this.#url = parseUrl(usvString(input));
            if (StringPrototypeStartsWith(this.#url, 'blob:')) {
                this.#blob = internals.lazy('blob_url.js').find(this.#url);
            }
        }
        init = dictionary(init, CONTEXT);
        const { body } = init;
        hasOwnHeaders = this.#applyInit(init);
        if (!hasOwnHeaders && from !== null) {
            this.#headers = headersOf.copy(from.#head());
        }
        const hasBody = body !== undefined && body !== null;
        if ((hasBody || (body === undefined && inputBody !== null)) && (this.#method === 'GET' || this.#method === 'HEAD')) {
            throw new TypeError('Request with a GET or HEAD method cannot have a body.');
        }
        if (hasBody) {
            this.#setBody(bodies.extract(body, CONTEXT));
        } else if (body === undefined && inputBody !== null) {
            this.#body = bodies.transfer(inputBody);
        }
    }

    // The members of |init| but the body, in the order of their names. True when it has headers.
    #applyInit(init) {
        const options = { __proto__: null, ...this.#options };
        const take = (name, allowed) => {
            const value = init[name];
            if (value !== undefined) {
                options[name] = enumeration(value, allowed, CONTEXT);
            }
        };
        const { cf } = init;
        if (cf !== undefined) {
            options.cf = cf;
        }
        take('cache', CACHES);
        take('credentials', CREDENTIALS);
        check(init.duplex, DUPLEXES);
        const { headers, integrity, keepalive, method } = init;
        if (integrity !== undefined) {
            options.integrity = domString(integrity);
        }
        if (keepalive !== undefined) {
            options.isKeptAlive = !!keepalive;
        }
        if (method !== undefined) {
            this.#method = normalizeMethod(method);
        }
        take('mode', MODES);
        check(init.priority, PRIORITIES);
        take('redirect', REDIRECTS);
        const { referrer, signal } = init;
        if (referrer !== undefined) {
            options.referrer = parseReferrer(usvString(referrer));
        }
        take('referrerPolicy', POLICIES);
        if (signal !== undefined) {
            if (signal !== null && (realm.abort === null || !realm.abort.isSignal(signal))) {
                throw new TypeError(`${CONTEXT}: the signal is not an AbortSignal.`);
            }
            this.#followed = signal;
        }
        this.#options = options;
        if (headers !== undefined) {
            headersOf.fill(this.#head(), headers, CONTEXT);
        }
        return headers !== undefined;
    }

    #setBody(body) {
        this.#body = body;
        if (body.type !== null && !headersOf.has(this.#head(), 'content-type')) {
            headersOf.set(this.#head(), 'content-type', body.type);
        }
    }

    #head() {
        if (this.#headers === null) {
            this.#headers = headersOf.fromWire(this.#wire);
            if (this.#isImmutable) {
                headersOf.freeze(this.#headers);
            }
        }
        return this.#headers;
    }

    // A signal that nobody has seen can never fire.
    #signalToFollow() {
        return this.#signal ?? this.#followed;
    }

    get method() {
        return this.#method;
    }

    get url() {
        return this.#url;
    }

    get headers() {
        return this.#head();
    }

    get destination() {
        return unused(this.#method, '');
    }

    get referrer() {
        return this.#options.referrer;
    }

    get referrerPolicy() {
        return this.#options.referrerPolicy;
    }

    get mode() {
        return this.#options.mode;
    }

    get credentials() {
        return this.#options.credentials;
    }

    get cache() {
        return this.#options.cache;
    }

    get redirect() {
        return this.#options.redirect;
    }

    get integrity() {
        return this.#options.integrity;
    }

    get keepalive() {
        return this.#options.isKeptAlive;
    }

    get isReloadNavigation() {
        return unused(this.#method, false);
    }

    get isHistoryNavigation() {
        return unused(this.#method, false);
    }

    get duplex() {
        return unused(this.#method, 'half');
    }

    get cf() {
        return this.#options.cf;
    }

    get signal() {
        if (this.#signal === null) {
            const followed = this.#followed; // a foreign receiver has failed by now
            this.#signal = abort().follow(followed);
        }
        return this.#signal;
    }

    clone() {
        const copy = new Request(realm);
        copy.#body = bodies.clone(this.#body);
        copy.#method = this.#method;
        copy.#url = this.#url;
        copy.#headers = headersOf.copy(this.#head());
        copy.#isImmutable = this.#isImmutable;
        if (this.#isImmutable) {
            headersOf.freeze(copy.#headers);
        }
        copy.#options = this.#options;
        copy.#followed = this.#signalToFollow();
        copy.#blob = this.#blob;
        return copy;
    }

    static {
        bodies.mixin(Request, (request) => request.#body, (request) => headersOf.get(request.#head(), 'content-type'));
        realm.request = {
            __proto__: null,
            is: (value) => typeof value === 'object' && value !== null && #method in value,
            // The request that a handler gets.
            fromHost(method, url, wire, body) {
                const request = new Request(realm);
                request.#method = method;
                request.#url = url;
                request.#wire = wire;
                request.#isImmutable = true;
                request.#body = body;
                return request;
            },
            // Calls take(method, url, header list, body or null, redirect, signal or null, Blob or null).
            open: (request, take) => take(
                request.#method, request.#url, headersOf.toWire(request.#head()), request.#body, request.#options.redirect,
                request.#signalToFollow(), request.#blob,
            ),
        };
    }
}

// For getters whose value is fixed: the first argument has checked the brand.
function unused(brand, value) {
    return value;
}

// A member that has no attribute of its own.
function check(value, allowed) {
    if (value !== undefined) {
        enumeration(value, allowed, CONTEXT);
    }
}

function parseUrl(text) {
    const record = realm.url.parse(text, null);
    if (record === null) {
        throw new TypeError(`Invalid URL: ${text}`);
    }
    if (record.username !== '' || record.password !== '') {
        throw new TypeError(`${CONTEXT}: the URL has credentials in it: ${text}`);
    }
    return realm.url.serialize(record);
}

function parseReferrer(text) {
    if (text === '') {
        return 'no-referrer';
    }
    const record = realm.url.parse(text, null);
    if (record === null) {
        throw new TypeError(`${CONTEXT}: the referrer is not a valid URL.`);
    }
    return record.scheme === 'about' && record.path === 'client' ? 'about:client' : realm.url.serialize(record);
}

webidl.finish(Request);
realm.Request = Request;
