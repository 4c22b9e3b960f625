// HTMLRewriter: documents changed while they pass through.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/
// Covers / differs:  all of Cloudflare's. Names and values of attributes and texts are as in the source, references not resolved,
//        as there. Other encodings than UTF-8 get character references for what is inserted. What does the work is ../html
// Ops:   none
// WPT:   none; tests/integration/html_rewriter
// Limits: those of the run; of a document, what is between two pieces of it is in memory: a tag, a comment

'use strict';

const { RegExpPrototypeExec, TypeError, Uint8Array, defineValue, realm } = primordials;
const { webidl } = realm;
const readable = internals.lazy('stream_readable.js');
const transforms = internals.lazy('stream_transform.js');
const { recordOf, setHandled } = internals.lazy('stream_common.js');
internals.lazy('streams.js'); // makes realm.streams
const { Rewriter, compile } = internals.lazy('html.js');

const ELEMENT_HANDLERS = ['element', 'comments', 'text'];
const DOCUMENT_HANDLERS = ['doctype', 'comments', 'text', 'end'];

// The functions of |object| that have one of |names|; they are called on it.
function handlersOf(object, names, context) {
    if (!webidl.isObject(object)) {
        throw new TypeError(`${context}: the handlers are not an object.`);
    }
    const found = { __proto__: null, object };
    for (let i = 0; i < names.length; i++) {
        const handler = object[names[i]];
        if (handler !== undefined && handler !== null && typeof handler !== 'function') {
            throw new TypeError(`${context}: the handler '${names[i]}' is not a function.`);
        }
        found[names[i]] = handler ?? undefined;
    }
    return found;
}

// The encoding that a Content-Type names.
function labelOf(type) {
    const found = type === null ? null : RegExpPrototypeExec(/;[\t ]*charset[\t ]*=[\t ]*"?([^\t ;"]+)/i, type);
    return found === null ? 'utf-8' : found[1];
}

const PIPE = { __proto__: null, preventAbort: false, preventCancel: false, preventClose: false, signal: null };

// A transform stream that a document with the encoding |label| goes through.
function newWork(rules, document, label) {
    let emit = null;
    const rewriter = new Rewriter(rules, document, label, (bytes) => emit(bytes));
    return transforms.create((chunk, give, wait) => {
        emit = give;
        const bytes = webidl.bytesOf(chunk, 'HTMLRewriter');
        if (bytes === null) {
            throw new TypeError('The body of the Response gave something that is not bytes.');
        }
        return rewriter.write(new Uint8Array(bytes), wait); // a copy: a worker may change its own meanwhile
    }, (give) => {
        emit = give;
        return rewriter.end();
    });
}

class HTMLRewriter {
    #rules = []; // an ordinary array: what works with it is ordinary JavaScript
    #document = [];

    on(selector, handlers) {
        webidl.requireArguments(arguments.length, 2, "Failed to execute 'on' on 'HTMLRewriter'");
        const { selectors, isCounting } = compile(webidl.domString(selector));
        defineValue(this.#rules, this.#rules.length, {
            selectors, isCounting, handlers: handlersOf(handlers, ELEMENT_HANDLERS, "Failed to execute 'on' on 'HTMLRewriter'"),
        }, true);
        return this;
    }

    onDocument(handlers) {
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'onDocument' on 'HTMLRewriter'");
        defineValue(this.#document, this.#document.length,
            handlersOf(handlers, DOCUMENT_HANDLERS, "Failed to execute 'onDocument' on 'HTMLRewriter'"), true);
        return this;
    }

    transform(response) {
        const rules = this.#rules;
        const document = this.#document;
        if (!realm.response.is(response)) {
            throw new TypeError("Failed to execute 'transform' on 'HTMLRewriter': parameter 1 is not a Response.");
        }
        if (realm.response.isUnusable(response)) {
            throw realm.body.newUsedError();
        }
        return realm.response.open(response, (status, statusText, wire, body) => {
            const headers = realm.headers.fromWire(wire);
            if (body === null) {
                return new realm.Response(null, { __proto__: null, status, statusText, headers });
            }
            const work = newWork(rules, document, labelOf(realm.headers.get(headers, 'content-type')));
            realm.headers.delete(headers, 'content-length');
            setHandled(internals.lazy('stream_pipe.js').pipe(recordOf.readable(realm.body.streamOf(body)), work.writable, PIPE));
            return new realm.Response(readable.objectOf(work.readable), { __proto__: null, status, statusText, headers });
        });
    }
}
webidl.finish(HTMLRewriter);

return { __proto__: null, HTMLRewriter };
