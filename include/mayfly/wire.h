/* mayfly/wire.h - the frames between mayflyd and an executor. Pure: bytes in, structs out; both ends distrust the other.
 *
 * Use:      encode: mf_encode_start(&out, run, &message) appends one frame. Decode: mf_frame_reader_feed, then
 *           mf_frame_reader_next until it says 0, then mf_decode_start(frame.payload, &message).
 * Threads:  [any] an object belongs to one thread at a time.
 * Owns:     decoded slices point into the payload; a frame's payload is valid until the reader's next call.
 * Limits:   MF_FRAME_*, MF_STREAM_*, MF_BUNDLE_BYTES_MAX, MF_HEADERS_*.
 * Fails:    MF_E_WIRE: the peer is wrong or hostile; close the channel. MF_E_TOO_LARGE: our own message does not fit.
 * Not here: sockets; what a message means (pool, executor).
 *
 * Frame: u32 payload size, u16 type, u16 flags (0), u32 run; then the payload. Messages: wire.def.
 */
#ifndef MAYFLY_WIRE_H
#define MAYFLY_WIRE_H

#include <mayfly/base.h>

enum mf_message_direction { MF_TO_EXECUTOR = 1, MF_TO_DAEMON = 2, MF_BOTH = 3 };

enum mf_message_type {
#define MESSAGE(name, NAME, number, direction) MF_MESSAGE_##NAME = (number),
#define FIELD_U8(name)
#define FIELD_U16(name)
#define FIELD_U32(name)
#define FIELD_I32(name)
#define FIELD_U64(name)
#define FIELD_SLICE(name)
#define MESSAGE_END(name)
#include <mayfly/wire.def>
};

/* struct mf_msg_start { uint64_t cpu_ns; ... } and so on. A message without fields has one unused byte. */
#define MESSAGE(name, NAME, number, direction) struct mf_msg_##name {
#define FIELD_U8(name) uint8_t name;
#define FIELD_U16(name) uint16_t name;
#define FIELD_U32(name) uint32_t name;
#define FIELD_I32(name) int32_t name;
#define FIELD_U64(name) uint64_t name;
#define FIELD_SLICE(name) struct mf_slice name;
#define MESSAGE_END(name)                                                                                    \
    uint8_t unused;                                                                                          \
    }                                                                                                        \
    ;
#include <mayfly/wire.def>

/* int mf_encode_start(struct mf_buf *out, uint32_t run, const struct mf_msg_start *message): appends one whole frame or,
 * on MF_E_TOO_LARGE, nothing. int mf_decode_start(struct mf_slice payload, struct mf_msg_start *ret_message): MF_E_WIRE
 * unless the payload is exactly one such message. */
#define MESSAGE(name, NAME, number, direction)                                                               \
    MF_MUST_CHECK int mf_encode_##name(struct mf_buf *out, uint32_t run, const struct mf_msg_##name *message); \
    MF_MUST_CHECK int mf_decode_##name(struct mf_slice payload, struct mf_msg_##name *ret_message);
#define FIELD_U8(name)
#define FIELD_U16(name)
#define FIELD_U32(name)
#define FIELD_I32(name)
#define FIELD_U64(name)
#define FIELD_SLICE(name)
#define MESSAGE_END(name)
#include <mayfly/wire.def>

enum mf_start_flags {
    MF_START_CLOCK_FROZEN = 1u << 0,
    MF_START_HAS_BODY = 1u << 1,      /* The request has a body, on MF_STREAM_REQUEST. */
    MF_START_FETCH_ALLOWED = 1u << 2, /* fetch() may leave the isolate; else it is refused there and again here. */
    MF_START_CALLS_ALLOWED = 1u << 3, /* The same for calls of tools. */
    MF_START_FILES_ALLOWED = 1u << 4, /* The run has workspaces. */
    MF_START_MAKES_CACHE = 1u << 5,   /* Its end is to be followed by CODE_CACHE. */
};

/* What a FETCH asks for. */
enum mf_fetch_kind {
    MF_FETCH_HTTP, /* A fetch() to the outside. */
    MF_FETCH_CALL, /* A tool, of whoever sent the program. */
    MF_FETCH_KINDS_COUNT,
};

/* Of a body whose size nobody knows before its end. */
#define MF_BODY_BYTES_UNKNOWN UINT64_MAX

/* Streams of a run. The daemon sends on REQUEST and on each fetch's response; the executor on the others. */
#define MF_STREAM_REQUEST 0u
#define MF_STREAM_RESPONSE 1u
#define MF_STREAM_OF_FETCH_REQUEST(fetch) (2u * (fetch))
#define MF_STREAM_OF_FETCH_RESPONSE(fetch) (2u * (fetch) + 1u)

/* ---- frames ------------------------------------------------------------------------------- */

struct mf_frame {
    uint16_t type; /* enum mf_message_type; known, and allowed in the reader's direction. */
    uint32_t run;
    struct mf_slice payload;
};

/* Cuts a byte stream into frames. |allowed| is what may arrive here: MF_TO_EXECUTOR or MF_TO_DAEMON. */
struct mf_frame_reader {
    struct mf_buf buf;
    size_t consumed; /* Bytes at the front that _next gave out; they leave with the next feed. */
    enum mf_message_direction allowed;
    bool is_broken;  /* The peer was wrong once: MF_E_WIRE from here on. */
};

void mf_frame_reader_init(struct mf_frame_reader *reader, enum mf_message_direction allowed);
void mf_frame_reader_done(struct mf_frame_reader *reader);
/* At most one frame's size at once, and only when _next has said 0: else MF_E_TOO_LARGE. */
MF_MUST_CHECK int mf_frame_reader_feed(struct mf_frame_reader *reader, const void *bytes, size_t size);
/* Room to read(2) straight into: at least |size| bytes at *ret_space; then _commit what came. */
MF_MUST_CHECK int mf_frame_reader_reserve(struct mf_frame_reader *reader, size_t size, uint8_t **ret_space);
void mf_frame_reader_commit(struct mf_frame_reader *reader, size_t size);
/* 1 and a frame; 0: more bytes are needed; MF_E_WIRE: unknown type, wrong direction, flags, or too large. */
MF_MUST_CHECK int mf_frame_reader_next(struct mf_frame_reader *reader, struct mf_frame *ret_frame);

/* "START"; "?" for a number that is none. */
const char *mf_message_name(uint16_t type);

/* ---- credit: one end of one stream -------------------------------------------------------- */

/* Sender: what it may still send. Receiver: what may still arrive. Both begin with MF_STREAM_WINDOW_BYTES. */
struct mf_window {
    uint32_t bytes_left;
    uint32_t bytes_consumed; /* Receiver: consumed, not yet granted again. */
};

void mf_window_init(struct mf_window *window);
/* Sender: how many of |wanted| bytes may go now (at most MF_STREAM_CHUNK_BYTES_MAX). */
size_t mf_window_sendable(const struct mf_window *window, size_t wanted);
/* Both: |bytes| went or came. MF_E_WIRE when that is more than was allowed. */
MF_MUST_CHECK int mf_window_use(struct mf_window *window, size_t bytes);
/* Sender: STREAM_CREDIT came. MF_E_WIRE when the window would pass MF_STREAM_WINDOW_BYTES. */
MF_MUST_CHECK int mf_window_grant(struct mf_window *window, uint32_t bytes);
/* Receiver: |bytes| were consumed. Above 0: send that much STREAM_CREDIT now (half a window is gathered first). */
uint32_t mf_window_consume(struct mf_window *window, size_t bytes);

/* ---- header lists: name NUL value NUL, repeated -------------------------------------------- */

struct mf_header {
    struct mf_slice name;
    struct mf_slice value;
};

/* Appends one. MF_E_INVALID when |name| is no token or |value| has a byte that HTTP forbids (CR, LF, NUL, other
 * controls but tab; blanks at the ends). */
MF_MUST_CHECK int mf_headers_append(struct mf_buf *out, struct mf_slice name, struct mf_slice value);
/* Walks: *cursor starts at 0. 1 and a header, 0 at the end, MF_E_WIRE when the list or a header is not valid. */
MF_MUST_CHECK int mf_headers_next(struct mf_slice headers, size_t *cursor, struct mf_header *ret_header);
/* Walks all of it: MF_E_WIRE, or how many there are (at most MF_HEADERS_COUNT_MAX). */
MF_MUST_CHECK int mf_headers_check(struct mf_slice headers);

/* ---- bundle: what a run is made of --------------------------------------------------------- */

enum mf_part_kind {
    MF_PART_ESM = 1,    /* A module: |name| is its path. */
    MF_PART_TYPESCRIPT, /* A module that is stripped first. */
    MF_PART_CJS,
    MF_PART_TEXT,
    MF_PART_DATA,
    MF_PART_JSON,
    MF_PART_WASM,
    MF_PART_MAIN,       /* Body: the main module's name. Once. */
    MF_PART_ENTRYPOINT, /* Body: the export's name; absent: default. */
    MF_PART_ENV,        /* Body: JSON. */
    MF_PART_PROPS,      /* Body: JSON. */
    MF_PART_METHOD,     /* Body: the request's method. Once. */
    MF_PART_URL,        /* Once. */
    MF_PART_HEADERS,    /* Body: a header list. */
    MF_PART_DATE,       /* Body: compatibilityDate. */
    MF_PART_FLAGS,      /* Body: compatibilityFlags as a JSON array. */
    MF_PART_PROGRAM,    /* Body: a program as a model wrote it, in the place of the main module; |name| is how errors call it. Once. */
    MF_PART_OPTIONS,    /* Body: JSON of it: its namespaces. Once, with PROGRAM. */
    MF_PART_WORKSPACES, /* Body: JSON of those that are mounted. Once, with MF_START_FILES_ALLOWED. */
    MF_PART_TAIL, /* Body: JSON of trace items: they go to the handler tail, in the place of the request. Once, not with PROGRAM. */
    MF_PART_CACHE, /* Body: V8's code cache of the ES module |name|, made of that very source in a process that nothing else ran in. Behind it. */
    MF_PART_KIND_MAX = MF_PART_CACHE,
};

struct mf_part {
    enum mf_part_kind kind;
    struct mf_slice name;
    struct mf_slice body;
};

/* Appends one part: u8 kind, u16 name size, u32 body size, name, body. */
MF_MUST_CHECK int mf_bundle_append(struct mf_buf *out, enum mf_part_kind kind, struct mf_slice name, struct mf_slice body);
/* Walks: *cursor starts at 0. 1 and a part, 0 at the end, MF_E_WIRE. */
MF_MUST_CHECK int mf_bundle_next(struct mf_slice bundle, size_t *cursor, struct mf_part *ret_part);

#endif
