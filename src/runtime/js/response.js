// Response: what a handler returns and what fetch() gives.
//
// Spec:  https://fetch.spec.whatwg.org/#response-class
// Covers / differs:  all. A constructed Response is "default", never opaque.
// Ops:   none
// WPT:   fetch/api/response
// Limits: none

'use strict';

const { JSONStringify, RangeError, StringPrototypeCharCodeAt, TypeError, realm } = primordials;
const { webidl, headers: headersOf, body: bodies } = realm;
const { byteString, dictionary, integer, requireArguments, usvString } = webidl;

const isNullBodyStatus = (status) => status === 101 || status === 103 || status === 204 || status === 205 || status === 304;

function isReasonPhrase(text) {
    for (let i = 0; i < text.length; i++) {
        const c = StringPrototypeCharCodeAt(text, i);
        if (c !== 9 && (c < 32 || c === 127)) {
            return false;
        }
    }
    return true;
}

class Response {
    #type = 'default';
    #status = 200;
    #statusText = '';
    #headers = null; // Headers, made on demand
    #wire = ''; // from the host, until #headers is made
    #body = null;
    #url = ''; // without its fragment
    #isRedirected = false;
    #isImmutable = false;
    #webSocket = null; // of a 101

    constructor(body = null, init = undefined) {
        if (body === realm) { // ours: fromHost, error, redirect, clone
            return;
        }
        const context = "Failed to construct 'Response'";
        if (init === undefined && typeof body === 'string') { // by far the most frequent
            this.#setBody(bodies.extract(body, context));
            return;
        }
        this.#initialize(dictionary(init, context), body === null || body === undefined ? null : bodies.extract(body, context));
    }

    #initialize(init, body) {
        const context = "Failed to construct 'Response'";
        const { headers, status, statusText } = init;
        if (status !== undefined) {
            const number = integer(status, 16, false);
            if (number < 200 || number > 599) {
                throw new RangeError('Responses may only be constructed with status codes in the range 200 to 599, inclusive.');
            }
            this.#status = number;
        }
        if (statusText !== undefined) {
            const text = byteString(statusText, context);
            if (!isReasonPhrase(text)) {
                throw new TypeError('Invalid statusText');
            }
            this.#statusText = text;
        }
        if (headers !== undefined) {
            headersOf.fill(this.#head(), headers, context);
        }
        if (body !== null) {
            if (isNullBodyStatus(this.#status)) {
                throw new TypeError('Response with null body status (101, 204, 205, or 304) cannot have a body.');
            }
            this.#setBody(body);
        }
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

    static error() {
        const response = new Response(realm);
        response.#type = 'error';
        response.#status = 0;
        response.#isImmutable = true;
        return response;
    }

    static redirect(url, status = 302) {
        requireArguments(arguments.length, 1, "Failed to execute 'redirect' on 'Response'");
        const text = usvString(url);
        const record = realm.url.parse(text, null);
        if (record === null) {
            throw new TypeError(`Unable to parse URL: ${text}`);
        }
        status = integer(status, 16, false);
        if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) {
            throw new RangeError(`${status} is not a redirect status code.`);
        }
        const response = new Response(realm);
        response.#status = status;
        headersOf.set(response.#head(), 'location', realm.url.serialize(record));
        response.#isImmutable = true;
        headersOf.freeze(response.#head());
        return response;
    }

    static json(data, init = undefined) {
        requireArguments(arguments.length, 1, "Failed to execute 'json' on 'Response'");
        const text = JSONStringify(data);
        if (text === undefined) {
            throw new TypeError("Failed to execute 'json' on 'Response': the value cannot be serialized as JSON.");
        }
        const body = bodies.extract(text, '');
        body.type = 'application/json';
        const response = new Response(realm);
        response.#initialize(dictionary(init, "Failed to execute 'json' on 'Response'"), body);
        return response;
    }

    get type() {
        return this.#type;
    }

    get url() {
        return this.#url;
    }

    get redirected() {
        return this.#isRedirected;
    }

    get status() {
        return this.#status;
    }

    get ok() {
        return this.#status >= 200 && this.#status <= 299;
    }

    get statusText() {
        return this.#statusText;
    }

    get headers() {
        return this.#head();
    }

    get webSocket() {
        return this.#webSocket;
    }

    clone() {
        const copy = new Response(realm);
        copy.#body = bodies.clone(this.#body);
        copy.#type = this.#type;
        copy.#status = this.#status;
        copy.#statusText = this.#statusText;
        copy.#headers = headersOf.copy(this.#head());
        copy.#url = this.#url;
        copy.#isRedirected = this.#isRedirected;
        copy.#isImmutable = this.#isImmutable;
        if (this.#isImmutable) {
            headersOf.freeze(copy.#headers);
        }
        return copy;
    }

    static {
        bodies.mixin(Response, (response) => response.#body, (response) => headersOf.get(response.#head(), 'content-type'));
        realm.response = {
            __proto__: null,
            is: (value) => typeof value === 'object' && value !== null && #status in value,
            setWebSocket(response, socket) {
                response.#webSocket = socket;
            },
            isError: (response) => response.#status === 0,
            isUnusable: (response) => bodies.isUnusable(response.#body),
            // The answer to a fetch.
            fromHost(status, statusText, wire, url, isRedirected, body) {
                const response = new Response(realm);
                response.#type = 'basic';
                response.#status = status;
                response.#statusText = statusText;
                response.#wire = wire;
                response.#url = url;
                response.#isRedirected = isRedirected;
                response.#isImmutable = true;
                response.#body = body;
                return response;
            },
            // Calls take(status, statusText, header list, body or null); no getter of the object is asked.
            open: (response, take) => take(
                response.#status,
                response.#statusText,
                response.#headers === null ? response.#wire : headersOf.toWire(response.#headers),
                response.#body,
            ),
        };
    }
}

webidl.finish(Response);
realm.Response = Response;
