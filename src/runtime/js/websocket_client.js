// websocket_client: WebSockets to other servers. The host judges the opening handshake as any fetch(), makes it and adds
// credentials; what goes over the connection afterwards is made here.
//
// Spec:  https://websockets.spec.whatwg.org/#websocket-opening-handshake  https://www.rfc-editor.org/rfc/rfc6455
// Covers / differs:  all; no extensions are offered
// Ops:   none (through fetch.js)
// WPT:   none; tests/integration/websocket_client
// Limits: those of websocket_frames.js; what waits to be sent is memory of the run

'use strict';

const { List, TypedArrayPrototypeGetByteLength, realm } = primordials;
const frames = internals.lazy('websocket_frames.js');
internals.lazy('streams.js'); // makes realm.streams

/* ---- what goes out ----------------------------------------------------------------------------- */

// A byte stream and what it gives: send(bytes), end(), and how many bytes wait.
function newOutput() {
    const output = { __proto__: null, waitingBytes: 0 };
    let chunks = List();
    let first = 0;
    let isEnded = false;
    let isOver = false;
    let wanting = null; // a pull that nothing was there for

    const give = (controller, done) => {
        if (first < chunks.length) {
            const bytes = chunks[first];
            chunks[first++] = undefined;
            if (first === chunks.length) {
                chunks = List();
                first = 0;
            }
            output.waitingBytes -= TypedArrayPrototypeGetByteLength(bytes);
            controller.enqueue(bytes);
            done();
        } else if (isEnded) {
            controller.close();
            done();
        } else {
            wanting = { __proto__: null, controller, done };
        }
    };
    const wake = () => {
        const pull = wanting;
        wanting = null;
        if (pull !== null) {
            give(pull.controller, pull.done);
        }
    };
    output.stream = realm.streams.newByteStream(give, () => {
        isOver = true;
    });
    output.send = (bytes) => {
        if (!isEnded && !isOver) {
            chunks[chunks.length] = bytes;
            output.waitingBytes += TypedArrayPrototypeGetByteLength(bytes);
            wake();
        }
    };
    output.end = () => {
        isEnded = true;
        if (!isOver) {
            wake();
        }
    };
    return output;
}

/* ---- a connection ------------------------------------------------------------------------------- */

// Where what the socket says goes; |on| hears what the server says: message(data), close(code, reason), and lost(why), when the
// connection ends without a close; |why| is null when it just ended.
function newLink(output, stream, on) {
    let isOver = false;
    let hasSentClose = false;
    const end = () => {
        isOver = true;
        output.end();
    };
    const lose = (why) => {
        if (!isOver) {
            end();
            on.lost(why);
        }
    };
    const push = frames.newReader({
        __proto__: null,
        message: (data) => on.message(data),
        ping: (payload) => output.send(frames.newPong(payload)),
        close(code, reason) {
            isOver = true; // of what comes in
            if (hasSentClose) {
                output.end();
            }
            on.close(code, reason);
        },
        fail(code, why) {
            output.send(frames.newCloseFrame(code, ''));
            lose(why);
        },
    });
    realm.streams.eachBytes(stream, push, () => lose(null), () => lose(null));
    return {
        __proto__: null,
        message: (data) => output.send(frames.newDataFrame(data)),
        close(code, reason) {
            hasSentClose = true;
            output.send(frames.newCloseFrame(code, reason));
            if (isOver) {
                output.end();
            }
        },
        waitingBytes: () => output.waitingBytes,
        end,
    };
}

// Asks |url| (http or https) for a WebSocket, with the header list |headers|: opened(answer, connect) or failed(error).
// |answer| is {status, statusText, headers, url, stream}. connect(on) gives the link of a connection; it is null when the server
// gave another answer.
function open(url, headers, signal, opened, failed) {
    const output = newOutput();
    const body = realm.body.extract(output.stream, '');
    const fail = (error) => {
        output.end();
        failed(error);
    };
    const answered = (status, statusText, list, from, isRedirected, stream) => {
        const answer = { __proto__: null, status, statusText, headers: list, url: from, stream };
        if (status !== 101 || stream < 0) {
            output.end();
            opened(answer, null);
        } else {
            opened(answer, (on) => newLink(output, realm.body.streamOf(realm.body.fromHost(stream)), on));
        }
    };
    try {
        realm.fetch.open(url, headers, body, signal, answered, fail);
    } catch (error) {
        fail(error);
    }
}

/* ---- fetch() that asks for one --------------------------------------------------------------------- */

// Resolves with a Response whose webSocket is the connection, or with the server's other answer.
function fetchSocket(url, headers, signal, resolve, reject) {
    open(url, headers, signal, (answer, connect) => {
        const body = connect === null && answer.stream >= 0 ? realm.body.fromHost(answer.stream) : null;
        const response = realm.response.fromHost(answer.status, answer.statusText, answer.headers, answer.url, false, body);
        if (connect !== null) {
            realm.response.setWebSocket(response, internals.lazy('websocket.js').connected(connect));
        }
        resolve(response);
    }, reject);
}

return { __proto__: null, open, fetchSocket };
