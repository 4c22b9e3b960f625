/* mayfly/http.h - bytes <-> HTTP/1.1 messages: a strict request parser, a response writer, header lists. Pure.
 *
 * Use:      parse: mf_http_parser_feed(parser, bytes, &event) until it says MF_HTTP_MORE; each call consumes what belongs
 *           to one event and stops there, so that the caller may wait before it goes on (backpressure, pipelining).
 *           write: mf_http_write_head, then the body, in chunks where it said so.
 * Threads:  [any] an object belongs to one thread at a time.
 * Owns:     a head's slices are the parser's, valid until the first _feed after MF_HTTP_END; an event's body points into
 *           the bytes that were fed.
 * Limits:   MF_HTTP_HEADER_BYTES_MAX, MF_HTTP_TARGET_BYTES_MAX, MF_HEADERS_COUNT_MAX, MF_HTTP_CHUNK_EXCESS_BYTES_MAX.
 * Fails:    MF_E_HTTP_*: the client is wrong; answer and close. A parser that failed takes nothing more.
 * Not here: sockets and timeouts (net), routes (api).
 *
 * Sources: RFC 9110, RFC 9112. Where they let a recipient choose between lenient and strict, this room is strict: what two
 * parsers might read in two ways (request smuggling) is refused.
 */
#ifndef MAYFLY_HTTP_H
#define MAYFLY_HTTP_H

#include <mayfly/base.h>

/* ---- header lists: name NUL value NUL, repeated (the form of wire.h) ------------------------ */

struct mf_http_header {
    struct mf_slice name;
    struct mf_slice value;
};

/* Appends one; the name is written in lower case. MF_E_INVALID when |name| is no token or |value| has a byte that HTTP
 * forbids (CR, LF, NUL, other controls but tab; blanks at the ends). */
MF_MUST_CHECK int mf_http_headers_append(struct mf_buf *out, struct mf_slice name, struct mf_slice value);
/* Walks: *cursor starts at 0. 1 and a header, 0 at the end, MF_E_INVALID when the list or a header is not valid. */
MF_MUST_CHECK int
mf_http_headers_next(struct mf_slice headers, size_t *cursor, struct mf_http_header *ret_header);
/* The first value of |name| (any case); data is NULL when absent. */
struct mf_slice mf_http_headers_get(struct mf_slice headers, const char *name);
/* True when a list value ("keep-alive, Upgrade") has |token|; case is ignored. */
bool mf_http_value_has_token(struct mf_slice value, const char *token);

/* ---- requests ------------------------------------------------------------------------------- */

enum mf_http_event_kind {
    MF_HTTP_MORE, /* All bytes are used up; feed what comes next. */
    MF_HTTP_HEAD, /* The head is complete: mf_http_parser_head. */
    MF_HTTP_BODY, /* A piece of the body. */
    MF_HTTP_END,  /* The message is complete; trailers were dropped. */
};

struct mf_http_event {
    enum mf_http_event_kind kind;
    size_t consumed;      /* Of the bytes that were fed, for every kind. */
    struct mf_slice body; /* MF_HTTP_BODY. */
};

struct mf_http_request {
    struct mf_slice method; /* Static: "GET". */
    struct mf_slice target; /* As it was sent. */
    struct mf_slice path;   /* Of the target, up to "?"; begins with "/", or is "*" (OPTIONS). Not decoded. */
    struct mf_slice query;  /* Behind "?", or empty. */
    struct mf_slice headers; /* Names in lower case; exactly one host in HTTP/1.1, at most one in HTTP/1.0. */
    int minor;               /* HTTP/1.minor: 0 or 1. */
    bool is_head;
    bool keep_alive;       /* What the client would like. */
    bool expects_continue; /* It waits for "100 Continue" before it sends the body. */
    bool has_body;
    int64_t body_bytes; /* Content-Length, or -1 when chunked. */
};

struct mf_http_parser;

/* A body of more than |body_bytes_max| is MF_E_HTTP_BODY: at the head when it is declared, else when it has come. */
MF_OWN struct mf_http_parser *mf_http_parser_new(uint64_t body_bytes_max);
void mf_http_parser_free(MF_OWN struct mf_http_parser *parser); /* NULL is fine. */
/* Takes bytes up to the next event. After MF_HTTP_HEAD and MF_HTTP_BODY feed the rest, even when it is empty: an end may
 * be due. MF_E_HTTP_MALFORMED, _HEADERS, _URI, _VERSION, _EXPECT, _BODY, MF_E_UNSUPPORTED (CONNECT), MF_E_NO_MEMORY. */
MF_MUST_CHECK int
mf_http_parser_feed(struct mf_http_parser *parser, struct mf_slice bytes, struct mf_http_event *ret_event);
/* From MF_HTTP_HEAD on. */
const struct mf_http_request *mf_http_parser_request(const struct mf_http_parser *parser);
/* True between messages: not a byte of the next one has come. */
bool mf_http_parser_is_idle(const struct mf_http_parser *parser);
/* Gives back memory that only a large head needed; between messages. */
void mf_http_parser_trim(struct mf_http_parser *parser);

/* ---- responses ------------------------------------------------------------------------------ */

/* The Date header, made once a second. Zeroed storage is ready. */
struct mf_http_date {
    uint64_t second;
    char text[32]; /* "Sun, 06 Nov 1994 08:49:37 GMT" */
};
struct mf_slice mf_http_date_at(struct mf_http_date *date, uint64_t unix_ms);

struct mf_http_response {
    int status;              /* 200 to 599; 1xx is the server's. */
    struct mf_slice headers; /* Hostile until written: see below. */
    int64_t body_bytes;      /* Exact, or -1: not known yet. */
    const char *upgrade;     /* 426: the protocol that is asked for; or NULL. */
    int request_minor;       /* Of the request that is answered. */
    bool is_head;            /* It was a HEAD. */
    bool
        keep_alive; /* The connection may stay; cleared by the writer when the body ends with the connection. */
};

enum mf_http_framing {
    MF_HTTP_FRAMING_NONE,   /* No body is sent: HEAD, 204, 304. */
    MF_HTTP_FRAMING_LENGTH, /* Exactly body_bytes. */
    MF_HTTP_FRAMING_CHUNKED, /* Each piece between mf_http_chunk_head and CRLF; at the end MF_HTTP_LAST_CHUNK. */
    MF_HTTP_FRAMING_CLOSE, /* Until the connection ends (HTTP/1.0). */
};

/* Appends status line and headers; the framing, or MF_E_INVALID (a bad status, header or list) and nothing was written.
 * Names that would change the message's framing or the connection are dropped: connection, content-length,
 * transfer-encoding, keep-alive, upgrade, trailer, te, proxy-*, date. A content-length passes where no body follows
 * (HEAD, 304) and body_bytes is -1. */
MF_MUST_CHECK int
mf_http_write_head(struct mf_buf *out, struct mf_http_response *response, struct mf_slice date);

#define MF_HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define MF_HTTP_LAST_CHUNK "0\r\n\r\n"
#define MF_HTTP_CHUNK_HEAD_BYTES 18 /* 16 hexadecimal digits, CRLF */
/* "1f\r\n" of a chunk of |size| > 0 bytes; how many bytes it is. */
size_t mf_http_chunk_head(char text[MF_HTTP_CHUNK_HEAD_BYTES], size_t size);

/* "Not Found"; "Unknown" for a number that has none. */
const char *mf_http_reason(int status);

#endif
