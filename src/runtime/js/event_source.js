// EventSource: server-sent events over fetch().
//
// Spec:  https://html.spec.whatwg.org/multipage/server-sent-events.html
// Covers / differs:  all; each connection is a fetch() of the run, and counts as one. withCredentials is kept and has no effect:
//        there are no cookies
// Ops:   none (through fetch.js)
// WPT:   eventsource
// Limits: EVENT_BYTES_MAX of one event; those of fetch

'use strict';

const {
    Boolean, NumberParseInt, ObjectDefineProperty, RegExpPrototypeExec, StringFromCharCode, StringPrototypeCharCodeAt,
    StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeToLowerCase, react, realm,
} = primordials;
const { webidl } = realm;
const { EventTarget } = internals.lazy('event_target.js');
const { Event } = internals.lazy('event.js');
const { MessageEvent } = internals.lazy('events.js');
const { queueTask } = internals.lazy('tasks.js');
internals.lazy('abort.js'); // makes realm.abort

const STATES = ['CONNECTING', 'OPEN', 'CLOSED'];
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

const RETRY_MS = 3000;
const EVENT_BYTES_MAX = 16777216; // characters of an event that has not ended: who sends more means harm

/* ---- the stream, line by line -------------------------------------------------------------------- */

// push(text) calls on.event(type, data, lastEventId) and on.retry(ms); false: the event is too large.
function newParser(on) {
    let rest = '';
    let hasCr = false; // the last character was one: a line feed that follows belongs to it
    let data = '';
    let hasData = false;
    let type = '';
    let id = on.lastEventId;

    const field = (name, value) => {
        if (name === 'data') {
            data += hasData ? `\n${value}` : value;
            hasData = true;
        } else if (name === 'event') {
            type = value;
        } else if (name === 'id' && !StringPrototypeIncludes(value, '\0')) {
            id = value;
        } else if (name === 'retry' && RegExpPrototypeExec(/^[0-9]+$/, value) !== null) {
            on.retry(NumberParseInt(value, 10));
        }
    };
    const line = (text) => {
        if (text === '') {
            on.id(id);
            if (hasData) {
                on.event(type === '' ? 'message' : type, data, id);
            }
            data = '';
            hasData = false;
            type = '';
            return;
        }
        const colon = StringPrototypeIndexOf(text, ':');
        if (colon < 0) {
            field(text, '');
        } else if (colon > 0) {
            const value = StringPrototypeSlice(text, colon + 1);
            field(StringPrototypeSlice(text, 0, colon), value[0] === ' ' ? StringPrototypeSlice(value, 1) : value);
        }
    };
    return (text) => {
        let start = 0;
        for (let at = 0; at < text.length; at++) {
            const code = StringPrototypeCharCodeAt(text, at);
            if (code === 10 && hasCr) {
                start = at + 1;
            } else if (code === 10 || code === 13) {
                line(rest + StringPrototypeSlice(text, start, at));
                rest = '';
                start = at + 1;
            }
            hasCr = code === 13;
        }
        rest += StringPrototypeSlice(text, start);
        return rest.length + data.length <= EVENT_BYTES_MAX;
    };
}

/* ---- the class ------------------------------------------------------------------------------------ */

function isEventStream(headers) {
    const type = realm.headers.get(realm.headers.fromWire(headers), 'content-type') ?? '';
    const end = StringPrototypeIndexOf(type, ';');
    return RegExpPrototypeExec(/^[\t ]*text\/event-stream[\t ]*$/,
        StringPrototypeToLowerCase(end < 0 ? type : StringPrototypeSlice(type, 0, end))) !== null;
}

// The UTF-8 of |text| as a header value has it: one character a byte.
function utf8Characters(text) {
    const bytes = internals.utf8Encode(text);
    let characters = '';
    for (let i = 0; i < bytes.length; i++) {
        characters += StringFromCharCode(bytes[i]);
    }
    return characters;
}

let isSource;

class EventSource extends EventTarget {
    #record; // of its URL
    #withCredentials = false;
    #state = CONNECTING;
    #lastEventId = '';
    #retryMs = RETRY_MS;
    #signal = null;
    #timer = 0;

    constructor(url, init = undefined) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'EventSource'");
        super();
        const { withCredentials } = webidl.dictionary(init, "Failed to construct 'EventSource'");
        this.#withCredentials = Boolean(withCredentials);
        const text = webidl.usvString(url);
        this.#record = realm.url.parse(text, null);
        if (this.#record === null) {
            throw realm.domException(
                `Failed to construct 'EventSource': Cannot open an EventSource to '${text}'.`, 'SyntaxError',
            );
        }
        realm.scope.requireIo();
        this.#connect();
    }

    get url() {
        return realm.url.serialize(this.#record);
    }

    get withCredentials() {
        return this.#withCredentials;
    }

    get readyState() {
        return this.#state;
    }

    close() {
        this.#state = CLOSED;
        if (this.#timer !== 0) {
            realm.clearTimer(this.#timer);
            this.#timer = 0;
        }
        if (this.#signal !== null) {
            realm.abort.abort(this.#signal, realm.domException('The EventSource was closed.', 'AbortError'));
        }
    }

    #fire(type) {
        realm.eventTarget.dispatchTrusted(this, new Event(type));
    }

    #connect() {
        const headers = { __proto__: null, accept: 'text/event-stream', 'cache-control': 'no-store' };
        if (this.#lastEventId !== '') {
            headers['last-event-id'] = utf8Characters(this.#lastEventId);
        }
        const signal = realm.abort.newSignal();
        this.#signal = signal;
        const isCurrent = () => this.#signal === signal && this.#state !== CLOSED;
        react(realm.fetch.fetch(realm.url.serialize(this.#record), { __proto__: null, headers, signal }), (response) => {
            if (isCurrent()) {
                realm.response.open(response, (status, statusText, wire, body) => this.#onHead(status, wire, body, isCurrent));
            }
        }, () => this.#again(isCurrent));
    }

    #onHead(status, wire, body, isCurrent) {
        if (status !== 200 || !isEventStream(wire)) {
            this.#fail();
            return;
        }
        queueTask(() => {
            if (isCurrent()) {
                this.#state = OPEN;
                this.#fire('open');
            }
        });
        if (body === null) {
            this.#again(isCurrent);
            return;
        }
        const decoder = new realm.TextDecoder('utf-8');
        const origin = realm.url.origin(this.#record);
        const push = newParser({
            __proto__: null,
            lastEventId: this.#lastEventId,
            id: (id) => {
                this.#lastEventId = id;
            },
            retry: (ms) => {
                this.#retryMs = ms;
            },
            event: (type, data, lastEventId) => queueTask(() => {
                if (isCurrent()) {
                    const event = new MessageEvent(type, { __proto__: null, data, origin, lastEventId });
                    realm.eventTarget.dispatchTrusted(this, event);
                }
            }),
        });
        const stream = realm.body.streamOf(body); // makes realm.streams
        realm.streams.eachBytes(stream, (bytes) => {
            if (isCurrent() && !push(realm.textDecoder.decode(decoder, bytes, true))) {
                this.#fail();
            }
        }, () => this.#again(isCurrent), () => this.#again(isCurrent));
    }

    // For good.
    #fail() {
        this.close();
        queueTask(() => this.#fire('error'));
    }

    #again(isCurrent) {
        queueTask(() => {
            if (!isCurrent()) {
                return;
            }
            this.#state = CONNECTING;
            this.#fire('error');
            if (isCurrent()) {
                this.#timer = realm.setTimer(this.#retryMs, () => {
                    this.#timer = 0;
                    this.#connect();
                });
            }
        });
    }

    static {
        isSource = (value) => webidl.isObject(value) && #state in value;
    }
}
webidl.finish(EventSource);
realm.defineHandlers(EventSource, isSource, ['open', 'message', 'error']);
for (let state = 0; state < STATES.length; state++) {
    const descriptor = { __proto__: null, value: state, writable: false, enumerable: true, configurable: false };
    ObjectDefineProperty(EventSource, STATES[state], descriptor);
    ObjectDefineProperty(EventSource.prototype, STATES[state], descriptor);
}

return { __proto__: null, EventSource };
