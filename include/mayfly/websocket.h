/* mayfly/websocket.h - bytes <-> WebSocket messages, as the server's side: a strict reader, the head of a frame. Pure.
 *
 * Use:      read: mf_websocket_reader_feed(reader, bytes, &event) until it says MF_WEBSOCKET_MORE; each call consumes what
 *           belongs to one event. Frames of a message are put together, control frames between them come at once.
 *           write: mf_websocket_head, then the payload as it is: a server does not mask.
 * Threads:  [any] an object belongs to one thread at a time.
 * Owns:     an event's payload is the reader's, valid until the next _feed.
 * Limits:   a message's bytes: the reader's own maximum; memory grows with what has come, not with what was announced.
 *           MF_WEBSOCKET_EMPTY_FRAMES_MAX.
 * Fails:    MF_E_WEBSOCKET_*: the client is wrong; send a Close frame with mf_websocket_code_of(error), and close. A reader
 *           that failed takes nothing more. Text is checked as it comes, so that it fails at its first wrong byte.
 * Not here: the handshake, timeouts, the order of closing (net). Extensions: none is offered, so a reserved bit is an error.
 *           Compression would let a message grow a thousandfold and its length tell what is in it beside a secret (CRIME).
 *
 * Source: RFC 6455 5, 7.4, 8.1.
 */
#ifndef MAYFLY_WEBSOCKET_H
#define MAYFLY_WEBSOCKET_H

#include <mayfly/base.h>

/* RFC 6455 7.4.1 and IANA's registry; those that we send or report. */
enum mf_websocket_code {
    MF_WEBSOCKET_NORMAL = 1000,
    MF_WEBSOCKET_GOING_AWAY = 1001,
    MF_WEBSOCKET_PROTOCOL = 1002,
    MF_WEBSOCKET_UNSUPPORTED = 1003,
    MF_WEBSOCKET_NO_CODE = 1005, /* Only reported: a Close frame without a code. */
    MF_WEBSOCKET_LOST = 1006,    /* Only reported: the connection ended without a Close frame. */
    MF_WEBSOCKET_DATA = 1007,
    MF_WEBSOCKET_POLICY = 1008,
    MF_WEBSOCKET_TOO_BIG = 1009,
    MF_WEBSOCKET_INTERNAL = 1011,
    MF_WEBSOCKET_TRY_LATER = 1013,
};

/* May an endpoint send it? 1000 to 1014 without the ones that are only reported or reserved, and 3000 to 4999. */
bool mf_websocket_code_is_sendable(int code);
/* The code to close with after an error of the reader. */
enum mf_websocket_code mf_websocket_code_of(int error);

/* ---- from the client ------------------------------------------------------------------------ */

enum mf_websocket_event_kind {
    MF_WEBSOCKET_MORE, /* All bytes are used up; feed what comes next. */
    MF_WEBSOCKET_TEXT, /* A message, whole; valid UTF-8. */
    MF_WEBSOCKET_BINARY,
    MF_WEBSOCKET_PING, /* Answer with a pong of the same payload. */
    MF_WEBSOCKET_PONG,
    MF_WEBSOCKET_CLOSE, /* |code| and the reason in |payload|, valid UTF-8. What follows is not to be fed. */
};

struct mf_websocket_event {
    enum mf_websocket_event_kind kind;
    size_t consumed;         /* Of the bytes that were fed, for every kind. */
    struct mf_slice payload; /* Not with MORE. */
    int code;                /* CLOSE: MF_WEBSOCKET_NO_CODE or one that may be sent. */
};

struct mf_websocket_reader;

MF_OWN struct mf_websocket_reader *mf_websocket_reader_new(size_t message_bytes_max);
void mf_websocket_reader_free(MF_OWN struct mf_websocket_reader *reader); /* NULL is fine. */
/* MF_E_WEBSOCKET_PROTOCOL, MF_E_WEBSOCKET_DATA, MF_E_WEBSOCKET_SIZE, MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_websocket_reader_feed(struct mf_websocket_reader *reader,
                                           struct mf_slice bytes,
                                           struct mf_websocket_event *ret_event);
/* True between messages and frames: nothing is owed by the client. */
bool mf_websocket_reader_is_idle(const struct mf_websocket_reader *reader);
/* Of messages, that have come in all: control frames and heads do not count. */
uint64_t mf_websocket_reader_bytes(const struct mf_websocket_reader *reader);

/* ---- to the client -------------------------------------------------------------------------- */

enum mf_websocket_opcode {
    MF_WEBSOCKET_OPCODE_CONTINUATION = 0,
    MF_WEBSOCKET_OPCODE_TEXT = 1,
    MF_WEBSOCKET_OPCODE_BINARY = 2,
    MF_WEBSOCKET_OPCODE_CLOSE = 8,
    MF_WEBSOCKET_OPCODE_PING = 9,
    MF_WEBSOCKET_OPCODE_PONG = 10,
};

#define MF_WEBSOCKET_HEAD_BYTES 10     /* The longest that a server writes. */
#define MF_WEBSOCKET_CONTROL_BYTES 125 /* The payload of a control frame at most (5.5). */
/* The head of a frame that is a whole message; how many bytes it is. */
size_t mf_websocket_head(uint8_t head[MF_WEBSOCKET_HEAD_BYTES], enum mf_websocket_opcode opcode, size_t size);
/* A whole Close frame; how many bytes it is. MF_WEBSOCKET_NO_CODE: without a code. |reason| is cut to what fits, between
 * characters. |code| may be sent and |reason| is UTF-8, else MF_ASSERT. */
size_t
mf_websocket_close_frame(uint8_t frame[2 + MF_WEBSOCKET_CONTROL_BYTES], int code, struct mf_slice reason);

#endif
