/* parser.c - llhttp behind mf_http_parser: one event a call, and what llhttp leaves to its user.
 *
 * Each callback that ends an event pauses llhttp, so that a call consumes exactly what belongs to it. All bytes that are
 * no body ("framing": the head, chunk lines, trailers) pass check_lines: every LF behind a CR, every CR before an LF, no
 * line that begins with a blank. llhttp's versions and build modes differ in these; here they are always refused.
 *
 *            head complete        body piece              message complete
 *   HEAD ------------------> BODY ----------> BODY ... ------------------> HEAD
 *     \________________________\____ any error: FAILED, for good
 */
#include <mayfly/http.h>

#include <llhttp.h>

#include "bytes.h"
#include "request.h"

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_FAILED };

struct mf_http_parser {
    llhttp_t llhttp;
    struct mf_http_request request;
    struct mf_buf head; /* The target, then the header list. */
    uint64_t body_bytes_max;
    uint64_t body_bytes;  /* That have come. */
    size_t target_size;   /* In |head|. */
    size_t framing_bytes; /* Of this head. */
    size_t excess_bytes;  /* Of this body: framing that no body bytes excuse. */
    unsigned header_count;
    int error;
    enum phase phase;
    enum mf_http_event_kind event;
    struct mf_slice body;
    uint8_t last_byte; /* Of the framing; 0 after body bytes. */
    bool has_begun;    /* A byte came that is no empty line before the request. */
    bool has_line;     /* The request line is complete. */
    uint8_t blanks;    /* In the request line. */
    uint8_t version_size;
    bool is_after_name; /* In a header, behind its name. */
};

static struct mf_http_parser *parser_of(llhttp_t *llhttp)
{
    return MF_CONTAINER_OF(llhttp, struct mf_http_parser, llhttp);
}

/* The first error counts: llhttp 6 goes on after some callbacks. */
static int refuse(struct mf_http_parser *parser, int error)
{
    if (parser->error == 0) {
        parser->error = error;
    }
    return HPE_USER;
}

static int pause_with(struct mf_http_parser *parser, enum mf_http_event_kind event)
{
    parser->event = event;
    return HPE_PAUSED;
}

/* ---- llhttp's callbacks ---------------------------------------------------------------------- */

/* |buf|'s maximum is the head's: what does not fit is too large, not out of memory. */
static int store(struct mf_http_parser *parser, const void *bytes, size_t size)
{
    int error = mf_buf_append(&parser->head, bytes, size);
    if (error < 0) {
        return refuse(parser, error == MF_E_TOO_LARGE ? MF_E_HTTP_HEADERS : error);
    }
    return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    struct mf_http_parser *parser = parser_of(llhttp);

    if (size > MF_HTTP_TARGET_BYTES_MAX - parser->target_size) {
        return refuse(parser, MF_E_HTTP_URI);
    }
    parser->target_size += size;
    return store(parser, at, size);
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct mf_http_parser *parser = parser_of(llhttp);

    if (!bytes_are(mf_slice_of(at, size), BYTE_TOKEN)) {
        return refuse(parser, MF_E_HTTP_MALFORMED);
    }
    if (parser->phase != PHASE_HEAD) {
        return 0; /* A trailer: checked, not kept. */
    }
    size_t start = parser->head.size;
    int error = store(parser, at, size);
    for (size_t i = start; error == 0 && i < parser->head.size; i++) {
        parser->head.data[i] = byte_lower(parser->head.data[i]);
    }
    return error;
}

static int end_name(struct mf_http_parser *parser)
{
    parser->is_after_name = true;
    return store(parser, "", 1);
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct mf_http_parser *parser = parser_of(llhttp);

    if (!bytes_are(mf_slice_of(at, size), BYTE_VALUE)) {
        return refuse(parser, MF_E_HTTP_MALFORMED);
    }
    if (parser->phase != PHASE_HEAD) {
        return 0;
    }
    int error = parser->is_after_name ? 0 : end_name(parser);
    return error != 0 ? error : store(parser, at, size);
}

static int on_header_value_complete(llhttp_t *llhttp)
{
    struct mf_http_parser *parser = parser_of(llhttp);

    if (parser->phase != PHASE_HEAD) {
        return 0;
    }
    if (++parser->header_count > MF_HEADERS_COUNT_MAX) {
        return refuse(parser, MF_E_HTTP_HEADERS);
    }
    int error = parser->is_after_name ? 0 : end_name(parser);
    if (error != 0) {
        return error;
    }
    /* The name's NUL stops this: it is no blank. */
    while (byte_is_blank(parser->head.data[parser->head.size - 1])) {
        parser->head.size--;
    }
    parser->is_after_name = false;
    return store(parser, "", 1);
}

/* Two readers of one head must agree on where the message ends. */
static bool agrees(const struct mf_http_parser *parser)
{
    const struct mf_http_request *request = &parser->request;
    bool is_chunked = (parser->llhttp.flags & F_CHUNKED) != 0;

    if (request->body_bytes < 0) {
        return is_chunked;
    }
    return !is_chunked && parser->llhttp.content_length == (uint64_t)request->body_bytes;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct mf_http_parser *parser = parser_of(llhttp);
    struct mf_http_request *request = &parser->request;
    struct mf_slice head = mf_buf_peek(&parser->head);
    size_t target_size = parser->target_size;

    if (llhttp->http_major != 1 || llhttp->http_minor > 1) {
        return refuse(parser, MF_E_HTTP_VERSION);
    }
    memset(request, 0, sizeof(*request));
    request->minor = llhttp->http_minor;
    request->method = mf_slice_of_cstr(llhttp_method_name((llhttp_method_t)llhttp->method));
    request->is_head = llhttp->method == HTTP_HEAD;
    request->target = mf_slice_of(head.data, target_size);
    request->headers = mf_slice_of(head.data + target_size, head.size - target_size);
    request->keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    int error = mf__request_check(request, parser->body_bytes_max);
    if (error < 0) {
        return refuse(parser, error);
    }
    if (!agrees(parser)) {
        return refuse(parser, MF_E_HTTP_MALFORMED);
    }
    llhttp->upgrade = 0; /* No other protocol is spoken: "Upgrade" is a wish that is not followed. */
    return pause_with(parser, MF_HTTP_HEAD);
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct mf_http_parser *parser = parser_of(llhttp);

    if (size == 0) {
        return 0;
    }
    parser->body = mf_slice_of(at, size);
    return pause_with(parser, MF_HTTP_BODY);
}

static int on_message_complete(llhttp_t *llhttp)
{
    return pause_with(parser_of(llhttp), MF_HTTP_END);
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- one call -------------------------------------------------------------------------------- */

/* Exactly two blanks, and HTTP behind the second: llhttp takes more blanks, and RTSP and ICE. */
static bool check_request_line(struct mf_http_parser *parser, uint8_t byte)
{
    static const char protocol[] = "HTTP/";

    if (byte_is_blank(byte)) {
        return byte == ' ' && ++parser->blanks <= 2 && parser->last_byte != ' ';
    }
    if (parser->blanks < 2 || byte == '\r' || byte == '\n') {
        return true;
    }
    size_t at = parser->version_size++;
    return at < strlen("HTTP/1.1") && (at >= strlen(protocol) || byte == (uint8_t)protocol[at]);
}

static bool check_byte(struct mf_http_parser *parser, uint8_t byte)
{
    if ((byte == '\n') != (parser->last_byte == '\r')) {
        return false;
    }
    if (!parser->has_line) {
        return check_request_line(parser, byte);
    }
    return !byte_is_blank(byte) || parser->last_byte != '\n'; /* A folded line. */
}

static bool check_lines(struct mf_http_parser *parser, struct mf_slice framing)
{
    for (size_t i = 0; i < framing.size; i++) {
        uint8_t byte = framing.data[i];
        if (!check_byte(parser, byte)) {
            return false;
        }
        parser->has_line = parser->has_line || (byte == '\n' && parser->has_begun);
        parser->has_begun = parser->has_begun || (byte != '\r' && byte != '\n');
        parser->last_byte = byte;
    }
    return true;
}

/* What came before the event's body, if it has one, is framing. */
static int take_framing(struct mf_http_parser *parser, struct mf_slice framing)
{
    if (!check_lines(parser, framing)) {
        return MF_E_HTTP_MALFORMED;
    }
    if (parser->phase == PHASE_HEAD) {
        parser->framing_bytes += framing.size;
        return parser->framing_bytes > MF_HTTP_HEADER_BYTES_MAX ? MF_E_HTTP_HEADERS : 0;
    }
    parser->excess_bytes += framing.size;
    return 0;
}

/* Small chunks are honest and cost 6 bytes each: a piece excuses some framing before it. The rest is for nobody. */
static int take_body(struct mf_http_parser *parser, struct mf_slice body)
{
    size_t excused = body.size > 0 ? 16 + 2 * body.size : 0;

    parser->excess_bytes -= excused < parser->excess_bytes ? excused : parser->excess_bytes;
    if (parser->excess_bytes > MF_HTTP_CHUNK_EXCESS_BYTES_MAX) {
        return MF_E_HTTP_MALFORMED;
    }
    parser->body_bytes += body.size;
    if (body.size > 0) {
        parser->last_byte = 0;
    }
    return parser->body_bytes > parser->body_bytes_max ? MF_E_HTTP_BODY : 0;
}

/* The rules of lines come first, so that the error does not depend on how llhttp reads what breaks them. */
static int error_of(struct mf_http_parser *parser, llhttp_errno_t result, struct mf_slice bytes)
{
    if (parser->error < 0) {
        return parser->error;
    }
    const uint8_t *at = (const uint8_t *)llhttp_get_error_pos(&parser->llhttp);
    size_t read =
        at >= bytes.data && at < bytes.data + bytes.size ? (size_t)(at - bytes.data) + 1 : bytes.size;
    if (!check_lines(parser, mf_slice_of(bytes.data, read))) {
        return MF_E_HTTP_MALFORMED;
    }
    return result == HPE_INVALID_VERSION || result == HPE_PAUSED_H2_UPGRADE ? MF_E_HTTP_VERSION
                                                                            : MF_E_HTTP_MALFORMED;
}

static void next_phase(struct mf_http_parser *parser)
{
    if (parser->event == MF_HTTP_HEAD) {
        parser->phase = PHASE_BODY;
        parser->body_bytes = 0;
        parser->excess_bytes = 0;
        parser->last_byte = 0;
    } else if (parser->event == MF_HTTP_END) {
        parser->phase = PHASE_HEAD;
        parser->framing_bytes = 0;
        parser->last_byte = 0;
        parser->has_begun = false;
        parser->has_line = false;
        parser->blanks = 0;
        parser->version_size = 0;
    }
}

static void begin_head(struct mf_http_parser *parser)
{
    mf_buf_reset(&parser->head);
    parser->target_size = 0;
    parser->header_count = 0;
    parser->is_after_name = false;
}

static int feed(struct mf_http_parser *parser, struct mf_slice bytes, size_t *ret_consumed)
{
    const char *data = bytes.size > 0 ? (const char *)bytes.data : "";
    llhttp_errno_t result;

    llhttp_resume(&parser->llhttp);
    result = llhttp_execute(&parser->llhttp, data, bytes.size);
    if (parser->error < 0 || (result != HPE_OK && result != HPE_PAUSED)) {
        return error_of(parser, result, bytes);
    }
    size_t consumed = result == HPE_OK ? bytes.size : (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
    MF_ASSERT(consumed <= bytes.size && parser->body.size <= consumed);
    int error = take_framing(parser, mf_slice_of(data, consumed - parser->body.size));
    if (error >= 0) {
        error = take_body(parser, parser->body);
    }
    *ret_consumed = consumed;
    return error;
}

int mf_http_parser_feed(struct mf_http_parser *parser, struct mf_slice bytes, struct mf_http_event *ret_event)
{
    size_t consumed = 0;

    if (parser->phase == PHASE_FAILED) {
        return parser->error;
    }
    if (parser->phase == PHASE_HEAD && parser->framing_bytes == 0) {
        begin_head(parser);
    }
    parser->event = MF_HTTP_MORE;
    parser->body = mf_slice_of(NULL, 0);
    int error = feed(parser, bytes, &consumed);
    if (error < 0) {
        parser->phase = PHASE_FAILED;
        parser->error = error;
        return error;
    }
    next_phase(parser);
    ret_event->kind = parser->event;
    ret_event->consumed = consumed;
    ret_event->body = parser->body;
    return 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct mf_http_parser *mf_http_parser_new(uint64_t body_bytes_max)
{
    struct mf_http_parser *parser = mf_new(sizeof(*parser));

    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    mf_buf_init(&parser->head, MF_HTTP_HEADER_BYTES_MAX);
    parser->body_bytes_max = body_bytes_max;
    return parser;
}

void mf_http_parser_free(struct mf_http_parser *parser)
{
    if (parser == NULL) {
        return;
    }
    mf_buf_done(&parser->head);
    mf_free(parser);
}

const struct mf_http_request *mf_http_parser_request(const struct mf_http_parser *parser)
{
    return &parser->request;
}

bool mf_http_parser_is_idle(const struct mf_http_parser *parser)
{
    return parser->phase == PHASE_HEAD && !parser->has_begun;
}

void mf_http_parser_trim(struct mf_http_parser *parser)
{
    MF_ASSERT(mf_http_parser_is_idle(parser));
    if (parser->head.capacity > MF_HTTP_PARSER_KEPT_BYTES_MAX) {
        mf_buf_done(&parser->head);
        mf_buf_init(&parser->head, MF_HTTP_HEADER_BYTES_MAX);
    }
}
