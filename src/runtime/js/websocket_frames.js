// websocket_frames: the frames of a client's WebSocket connection, made and read.
//
// Spec:  https://www.rfc-editor.org/rfc/rfc6455#section-5  https://www.rfc-editor.org/rfc/rfc6455#section-7
// Covers / differs:  all but extensions, of which none is ever offered
// Ops:   random
// WPT:   none; tests/integration/websocket_client
// Limits: MESSAGE_BYTES_MAX of one message that comes in, as on Cloudflare

'use strict';

const {
    List, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset,
    TypedArrayPrototypeSet, Uint8Array, realm,
} = primordials;
const { ops, utf8Decode, utf8Encode } = internals;
const { concat } = realm.hostStreams;

const MESSAGE_BYTES_MAX = 33554432;
const CONTROL_BYTES_MAX = 125;
const HEAD_BYTES_MAX = 10; // of a frame that is not masked

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

const NO_CODE = 1005;
const PROTOCOL_ERROR = 1002;
const NOT_TEXT = 1007;
const TOO_LARGE = 1009;

const part = (bytes, start, end) =>
    new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), TypedArrayPrototypeGetByteOffset(bytes) + start, end - start);

/* ---- out ------------------------------------------------------------------------------------------- */

// A whole frame, masked, as every client's is.
function newFrame(opcode, payload) {
    const size = TypedArrayPrototypeGetByteLength(payload);
    const extended = size < 126 ? 0 : size < 65536 ? 2 : 8;
    const head = 2 + extended + 4;
    const frame = new Uint8Array(head + size);
    const mask = new Uint8Array(4);
    ops.random(mask);
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | (extended === 0 ? size : extended === 2 ? 126 : 127);
    let left = size;
    for (let i = 1 + extended; i > 1; i--) {
        frame[i] = left % 256;
        left = (left - left % 256) / 256;
    }
    for (let i = 0; i < 4; i++) {
        frame[2 + extended + i] = mask[i];
    }
    for (let i = 0; i < size; i++) {
        frame[head + i] = payload[i] ^ mask[i & 3];
    }
    return frame;
}

function newCloseFrame(code, reason) {
    if (code === NO_CODE) {
        return newFrame(CLOSE, new Uint8Array(0));
    }
    const text = utf8Encode(reason);
    const payload = new Uint8Array(2 + TypedArrayPrototypeGetByteLength(text));
    payload[0] = code >> 8;
    payload[1] = code & 255;
    TypedArrayPrototypeSet(payload, text, 2);
    return newFrame(CLOSE, payload);
}

const newDataFrame = (data) => (typeof data === 'string' ? newFrame(TEXT, utf8Encode(data)) : newFrame(BINARY, data));

/* ---- in -------------------------------------------------------------------------------------------- */

function isCloseCode(code) {
    const isReserved = code === 1004 || code === NO_CODE || code === 1006;
    return (code >= 1000 && code <= 1014 && !isReserved) || (code >= 3000 && code < 5000);
}

function textOf(bytes) {
    try {
        return utf8Decode(bytes, true, true);
    } catch {
        return null;
    }
}

// push(bytes) calls on.message(text or bytes), on.ping(bytes) and on.close(code, reason), as whole ones come; on.fail(code, why),
// after which nothing is heard any more, as after a close.
function newReader(on) {
    const head = new Uint8Array(HEAD_BYTES_MAX);
    let headSize = 0; // bytes of the head that are there
    let payloadLeft = -1; // of the frame; -1: its head is not complete
    let opcode = 0;
    let isFinal = false;
    let pieces = List(); // of the frame's payload
    let piecesSize = 0;
    let message = null; // payloads of a fragmented message, a List, and what it is
    let messageSize = 0;
    let messageOpcode = 0;
    let isOver = false;

    const fail = (code, why) => {
        isOver = true;
        on.fail(code, why);
    };

    const deliver = (kind, bytes) => {
        if (kind === BINARY) {
            on.message(new Uint8Array(bytes)); // its buffer is the message's alone
            return;
        }
        const text = textOf(bytes);
        if (text === null) {
            fail(NOT_TEXT, 'The server sent a text that is not UTF-8.');
        } else {
            on.message(text);
        }
    };

    const control = (bytes) => {
        const size = TypedArrayPrototypeGetByteLength(bytes);
        if (opcode === PING) {
            on.ping(bytes);
        } else if (opcode === CLOSE) {
            const code = size === 0 ? NO_CODE : size === 1 ? 0 : bytes[0] * 256 + bytes[1];
            const reason = size < 2 ? '' : textOf(part(bytes, 2, size));
            if ((code !== NO_CODE || size > 0) && !isCloseCode(code)) {
                fail(PROTOCOL_ERROR, 'The server closed the WebSocket with a code that is none.');
            } else if (reason === null) {
                fail(NOT_TEXT, 'The server closed the WebSocket with a reason that is not UTF-8.');
            } else {
                isOver = true;
                on.close(code, reason);
            }
        }
    };

    const data = (bytes) => {
        if (opcode !== CONTINUATION && isFinal) {
            deliver(opcode, bytes);
            return;
        }
        if (opcode !== CONTINUATION) {
            message = List();
            messageSize = 0;
            messageOpcode = opcode;
        }
        message[message.length] = bytes;
        messageSize += TypedArrayPrototypeGetByteLength(bytes);
        if (isFinal) {
            const whole = concat(message, messageSize);
            message = null;
            deliver(messageOpcode, whole);
        }
    };

    // What a head must not be, or null.
    const faultOf = (first, second, size) => {
        const isControl = opcode >= CLOSE;
        if ((first & 0x70) !== 0 || (second & 0x80) !== 0 || (opcode > BINARY && !isControl) || opcode > PONG) {
            return 'The server sent a frame that a client must not accept.';
        }
        if (isControl ? !isFinal || size > CONTROL_BYTES_MAX : (opcode === CONTINUATION) !== (message !== null)) {
            return 'The server sent a frame where it must not stand.';
        }
        return null;
    };

    const headIsWhole = () => {
        const short = head[1] & 0x7f;
        const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
        if (headSize < 2 + extended) {
            return;
        }
        let size = extended === 0 ? short : 0;
        for (let i = 0; i < extended; i++) {
            size = size * 256 + head[2 + i];
        }
        opcode = head[0] & 0x0f;
        isFinal = (head[0] & 0x80) !== 0;
        const fault = faultOf(head[0], head[1], size);
        if (fault !== null) {
            fail(PROTOCOL_ERROR, fault);
        } else if (size + (opcode === CONTINUATION ? messageSize : 0) > MESSAGE_BYTES_MAX) {
            fail(TOO_LARGE, `The server sent a message of more than ${MESSAGE_BYTES_MAX} bytes.`);
        } else {
            payloadLeft = size;
        }
    };

    const frameIsWhole = () => {
        const bytes = concat(pieces, piecesSize);
        pieces = List();
        piecesSize = 0;
        payloadLeft = -1;
        headSize = 0;
        if (opcode >= CLOSE) {
            control(bytes);
        } else {
            data(bytes);
        }
    };

    return (bytes) => {
        const size = TypedArrayPrototypeGetByteLength(bytes);
        let at = 0;
        while (!isOver && (at < size || payloadLeft === 0)) {
            if (payloadLeft < 0) {
                head[headSize++] = bytes[at++];
                if (headSize >= 2) {
                    headIsWhole();
                }
                continue;
            }
            const taken = payloadLeft < size - at ? payloadLeft : size - at;
            pieces[pieces.length] = part(bytes, at, at + taken);
            piecesSize += taken;
            at += taken;
            payloadLeft -= taken;
            if (payloadLeft === 0) {
                frameIsWhole();
            }
        }
    };
}

return { __proto__: null, newReader, newDataFrame, newCloseFrame, newPong: (payload) => newFrame(PONG, payload) };
