// WebSocket, WebSocketPair
//
// Spec:  https://websockets.spec.whatwg.org/#the-websocket-interface
//        https://developers.cloudflare.com/workers/runtime-apis/websockets/
// Covers / differs:  a pair is all that Cloudflare's is, both ends in this worker. A connection is a fetch() of the run
//        (websocket_client.js). serializeAttachment() and deserializeAttachment() are of Durable Objects and not here
// Ops:   none
// WPT:   websockets; tests/integration/websocket, websocket_client
// Limits: REASON_BYTES_MAX; messages that wait are memory of the run

'use strict';

const {
    ArrayBufferPrototypeSlice, List, ObjectDefineProperty, RegExpPrototypeExec, StringPrototypeIncludes, StringPrototypeSlice,
    StringPrototypeToLowerCase, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, Uint8Array,
    defineValue, realm,
} = primordials;
const { webidl, scope } = realm;
const { utf8Encode } = internals;
const { EventTarget } = internals.lazy('event_target.js');
const { CloseEvent, ErrorEvent, MessageEvent } = internals.lazy('events.js');
const { Event } = internals.lazy('event.js');
const { queueTask } = internals.lazy('tasks.js');
internals.lazy('blob.js'); // makes realm.blob
const blobs = realm.blob;

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const CLOSED_EARLY = 'The WebSocket was closed before its connection was established.';
const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const REASON_BYTES_MAX = 123; // of a close frame, RFC 6455 section 5.5.1
const NO_CODE = 1005; // a close frame without one
const ABNORMAL = 1006; // no close frame at all

const UNACCEPTED = 'You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.';

// A behaviour that Cloudflare has by default since |date|, unless a flag says otherwise.
function isOn(flag, opposite, date) {
    return StringPrototypeIncludes(scope.flags, `"${flag}"`) ||
        (scope.date >= date && !StringPrototypeIncludes(scope.flags, `"${opposite}"`));
}

const hasStandardType = () => isOn('websocket_standard_binary_type', 'no_websocket_standard_binary_type', '2026-03-17');
const hasAutoReply = () => isOn('web_socket_auto_reply_to_close', 'web_socket_manual_reply_to_close', '2026-04-07');

/* ---- arguments -------------------------------------------------------------------------------- */

// What send() was given, as text or as bytes that nobody else has.
function messageOf(value) {
    if (blobs.is(value)) {
        return new Uint8Array(blobs.bytes(value));
    }
    const bytes = webidl.bytesOf(value, "Failed to execute 'send' on 'WebSocket'");
    return bytes === null ? webidl.usvString(value) : new Uint8Array(bytes);
}

function checkClose(code, reason) {
    if (code === undefined) {
        if (reason !== undefined) {
            throw new TypeError('If you specify a WebSocket close reason, you must also specify a code.');
        }
        return;
    }
    if (code < 1000 || code >= 5000 || code === 1004 || code === NO_CODE || code === ABNORMAL || code === 1015) {
        throw new TypeError(`Invalid WebSocket close code: ${code}.`);
    }
    if (reason !== undefined && TypedArrayPrototypeGetByteLength(utf8Encode(reason)) > REASON_BYTES_MAX) {
        throw new TypeError(`A WebSocket close reason has at most ${REASON_BYTES_MAX} bytes.`);
    }
}

function syntaxError(text) {
    return realm.domException(`Failed to construct 'WebSocket': ${text}`, 'SyntaxError');
}

// The record of a URL that a WebSocket can be opened to, with a scheme of its own.
function recordOf(url) {
    const text = webidl.usvString(url);
    const record = realm.url.parse(text, null);
    if (record === null) {
        throw syntaxError(`The URL '${text}' is invalid.`);
    }
    const { scheme } = record;
    if (scheme === 'http' || scheme === 'https') {
        record.scheme = scheme === 'http' ? 'ws' : 'wss';
    } else if (scheme !== 'ws' && scheme !== 'wss') {
        throw syntaxError(`The URL's scheme must be one of 'http', 'https', 'ws' and 'wss'. '${scheme}' is not allowed.`);
    }
    if (record.fragment !== null) {
        throw syntaxError(`The URL contains a fragment identifier ('${record.fragment}'), which a WebSocket's cannot have.`);
    }
    return record;
}

function protocolsOf(value) {
    if (value === undefined) {
        return List();
    }
    let list;
    if (webidl.isObject(value)) {
        list = webidl.sequenceOf(value, webidl.domString, "Failed to construct 'WebSocket'");
    } else {
        list = List();
        list[0] = webidl.domString(value);
    }
    const seen = { __proto__: null };
    for (let i = 0; i < list.length; i++) {
        if (RegExpPrototypeExec(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, list[i]) === null) {
            throw syntaxError(`The subprotocol '${list[i]}' is invalid.`);
        }
        const key = StringPrototypeToLowerCase(list[i]);
        if (seen[key] === true) {
            throw syntaxError(`The subprotocol '${list[i]}' is duplicated.`);
        }
        seen[key] = true;
    }
    return list;
}

// What the headers of a server's answer say of the protocols that were offered: {protocol, fault}.
function agreement(wire, protocols) {
    const headers = realm.headers.fromWire(wire);
    const protocol = realm.headers.get(headers, 'sec-websocket-protocol');
    let fault = protocol === null && protocols.length === 0
        ? null : 'The server chose none of the subprotocols that were offered.';
    for (let i = 0; i < protocols.length; i++) {
        fault = protocols[i] === protocol ? null : fault;
    }
    if (realm.headers.has(headers, 'sec-websocket-extensions')) {
        fault = 'The server chose an extension of the WebSocket protocol, and none was offered.';
    }
    return { __proto__: null, protocol: protocol ?? '', fault };
}

/* ---- the class -------------------------------------------------------------------------------- */

let isSocket;
let couple;
let connected; // an end that speaks to a server, to be accepted

class WebSocket extends EventTarget {
    #url = null;
    #protocol = '';
    #peer = null; // {message(text or bytes), close(code, reason)}: where what this end says goes
    #waiting = null; // what came before accept(), a List of functions
    #isConnecting = false;
    #isAccepted = false;
    #isHalfOpen = false; // the worker answers a close itself
    #hasSentClose = false;
    #hasReceivedClose = false;
    #sent = null; // what send() took in this turn: numbers of bytes, and strings
    #binaryType = hasStandardType() ? 'blob' : 'arraybuffer';

    constructor(url, protocols = undefined) {
        webidl.requireArguments(arguments.length, 1, "Failed to construct 'WebSocket'");
        super();
        if (url === realm) { // an end of a pair
            this.#waiting = List();
            return;
        }
        const record = recordOf(url);
        const list = protocolsOf(protocols);
        scope.requireIo();
        this.#url = realm.url.serialize(record);
        this.#isConnecting = true;
        this.#isAccepted = true;
        this.#connect(record, list);
    }

    get url() {
        return this.#url;
    }

    get readyState() {
        if (this.#isConnecting && !this.#hasSentClose) {
            return CONNECTING;
        }
        if (this.#hasSentClose && this.#hasReceivedClose) {
            return CLOSED;
        }
        return this.#hasSentClose || this.#hasReceivedClose ? CLOSING : OPEN;
    }

    // What was sent in this turn counts, though the host may have it all by now.
    get bufferedAmount() {
        const sent = this.#sent;
        let bytes = 0;
        for (let i = 0; sent !== null && i < sent.length; i++) {
            bytes += typeof sent[i] === 'string' ? TypedArrayPrototypeGetByteLength(utf8Encode(sent[i])) : sent[i];
        }
        const waiting = this.#peer === null ? 0 : this.#peer.waitingBytes();
        return waiting > bytes ? waiting : bytes;
    }

    get extensions() {
        this.#isAccepted;
        return '';
    }

    get protocol() {
        return this.#protocol;
    }

    get binaryType() {
        return this.#binaryType;
    }

    set binaryType(value) {
        const text = webidl.domString(value);
        if (text === 'blob' || text === 'arraybuffer') {
            this.#binaryType = text;
        }
    }

    accept(options = undefined) {
        const { allowHalfOpen } = webidl.dictionary(options, "Failed to execute 'accept' on 'WebSocket'");
        if (this.#isAccepted) {
            return;
        }
        scope.requireIo();
        this.#isAccepted = true;
        this.#isHalfOpen = allowHalfOpen === undefined ? !hasAutoReply() : !!allowHalfOpen;
        const waiting = this.#waiting;
        this.#waiting = null;
        for (let i = 0; i < waiting.length; i++) {
            queueTask(waiting[i]);
        }
    }

    send(message) {
        this.#isAccepted;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'send' on 'WebSocket'");
        const data = messageOf(message);
        if (this.#isConnecting && !this.#hasSentClose) {
            throw realm.domException("Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.", 'InvalidStateError');
        }
        this.#requireAccepted();
        if (this.#hasSentClose) {
            throw new TypeError("Can't call WebSocket send() after close().");
        }
        this.#note(typeof data === 'string' ? data : TypedArrayPrototypeGetByteLength(data));
        this.#peer.message(data);
    }

    #note(message) {
        if (this.#sent === null) {
            this.#sent = List();
            queueTask(() => {
                this.#sent = null;
            });
        }
        this.#sent[this.#sent.length] = message;
    }

    close(code = undefined, reason = undefined) {
        if (this.#hasSentClose) {
            return;
        }
        const number = code === undefined ? undefined : webidl.integer(code, 16, false);
        const text = reason === undefined ? undefined : webidl.usvString(reason);
        checkClose(number, text);
        this.#requireAccepted();
        if (this.#isConnecting) {
            this.#hasSentClose = true;
            queueTask(() => this.#fail(CLOSED_EARLY));
            return;
        }
        this.#hasSentClose = true;
        this.#peer.close(number ?? NO_CODE, text ?? '');
    }

    #requireAccepted() {
        if (!this.#isAccepted) {
            throw new TypeError(UNACCEPTED);
        }
    }

    // |step| in its turn; or once the worker has accepted.
    #later(step) {
        if (this.#waiting !== null) {
            this.#waiting[this.#waiting.length] = step;
        } else {
            queueTask(step);
        }
    }

    #receiveMessage(data) {
        this.#later(() => {
            let value = data;
            if (typeof data !== 'string') {
                const buffer = TypedArrayPrototypeGetBuffer(data);
                value = this.#binaryType === 'blob'
                    ? internals.lazy('blob.js').fromBytes(data, '')
                    : ArrayBufferPrototypeSlice(buffer, 0, TypedArrayPrototypeGetByteLength(data));
            }
            this.#fire(new MessageEvent('message', { __proto__: null, data: value }));
        });
    }

    #receiveClose(code, reason) {
        this.#later(() => {
            this.#hasReceivedClose = true;
            if (!this.#hasSentClose && !this.#isHalfOpen) {
                this.#hasSentClose = true;
                this.#peer.close(code, reason);
            }
            this.#fire(new CloseEvent('close', { __proto__: null, code, reason, wasClean: true }));
        });
    }

    #fire(event) {
        realm.eventTarget.dispatchTrusted(this, event);
    }

    // The connection ended without a close, or was not established; |text| is null when there is nothing to complain of.
    #receiveEnd(text) {
        this.#later(() => {
            this.#hasSentClose = true;
            this.#hasReceivedClose = true;
            if (text !== null) {
                const error = new TypeError(text);
                this.#fire(new ErrorEvent('error', { __proto__: null, message: text, error }));
            }
            this.#fire(new CloseEvent('close', { __proto__: null, code: ABNORMAL }));
        });
    }

    #fail(text) {
        if (this.#isConnecting) {
            const why = this.#hasSentClose ? CLOSED_EARLY : text;
            this.#isConnecting = false;
            this.#hasSentClose = true;
            this.#hasReceivedClose = true;
            this.#receiveEnd(why);
        }
    }

    // What a connection says.
    #ears() {
        return {
            __proto__: null,
            message: (data) => this.#receiveMessage(data),
            close: (code, reason) => this.#receiveClose(code, reason),
            lost: (why) => this.#receiveEnd(why),
        };
    }

    // The host judges a WebSocket as the fetch() that asks for one, and says why not.
    #connect(record, protocols) {
        let headers = 'upgrade\0websocket\0';
        for (let i = 0; i < protocols.length; i++) {
            headers += `${i === 0 ? 'sec-websocket-protocol\0' : ', '}${protocols[i]}`;
        }
        const list = protocols.length > 0 ? `${headers}\0` : headers;
        const url = `http${StringPrototypeSlice(realm.url.serialize(record), 2)}`; // ws becomes http, wss https
        internals.lazy('websocket_client.js').open(url, list, null, (answer, connect) => {
            this.#onAnswer(answer, connect, protocols);
        }, (error) => queueTask(() => this.#fail(realm.errors.describe(error).message)));
    }

    #onAnswer(answer, connect, protocols) {
        if (connect === null) {
            if (answer.stream >= 0) {
                realm.hostStreams.cancel(answer.stream);
            }
            this.#fail(`The server did not accept the WebSocket: it answered with status ${answer.status}.`);
            return;
        }
        const link = connect(this.#ears());
        const { protocol, fault } = agreement(answer.headers, protocols);
        if (!this.#isConnecting || this.#hasSentClose || fault !== null) {
            link.close(1000, '');
            link.end();
            this.#fail(fault);
            return;
        }
        this.#peer = link;
        this.#protocol = protocol;
        this.#isConnecting = false;
        this.#later(() => this.#fire(new Event('open')));
    }

    static {
        isSocket = (value) => webidl.isObject(value) && #peer in value;
        // What one end says, the other hears.
        couple = (one, two) => {
            const toward = (end) => ({
                __proto__: null,
                message: (data) => end.#receiveMessage(data),
                close: (code, reason) => end.#receiveClose(code, reason),
                waitingBytes: () => 0,
            });
            one.#peer = toward(two);
            two.#peer = toward(one);
        };
        connected = (connect) => {
            const socket = new WebSocket(realm);
            socket.#peer = connect(socket.#ears());
            return socket;
        };
    }
}
webidl.finish(WebSocket);
realm.defineHandlers(WebSocket, isSocket, ['open', 'message', 'error', 'close']);

function defineConstant(name, value) {
    const descriptor = { __proto__: null, value, writable: false, enumerable: true, configurable: false };
    ObjectDefineProperty(WebSocket, name, descriptor);
    ObjectDefineProperty(WebSocket.prototype, name, descriptor);
}
for (let state = 0; state < STATES.length; state++) {
    defineConstant(STATES[state], state);
    defineConstant(`READY_STATE_${STATES[state]}`, state); // Cloudflare's names
}

class WebSocketPair {
    constructor() {
        const one = new WebSocket(realm);
        const two = new WebSocket(realm);
        couple(one, two);
        defineValue(this, 0, one, true);
        defineValue(this, 1, two, true);
    }
}
webidl.finish(WebSocketPair);

return { __proto__: null, WebSocket, WebSocketPair, connected: (connect) => connected(connect) };
