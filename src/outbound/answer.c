#include "answer.h"

#include <mayfly/http.h>

#include "headers.h"

void mf__answer_init(struct mf__answer *answer)
{
    memset(answer, 0, sizeof *answer);
    mf_buf_init(&answer->reason, MF_HTTP_HEADER_BYTES_MAX);
    mf_buf_init(&answer->headers, MF_HEADERS_ENCODED_BYTES_MAX);
}

void mf__answer_done(struct mf__answer *answer)
{
    mf_buf_done(&answer->reason);
    mf_buf_done(&answer->headers);
}

static struct mf_slice without_line_end(struct mf_slice line)
{
    if (line.size > 0 && line.data[line.size - 1] == '\n') {
        line.size--;
    }
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    return line;
}

/* ---- the status line ------------------------------------------------------------------------- */

/* RFC 9112 section 4: reason-phrase. */
static bool is_reason(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200 " */
static int read_status(struct mf__answer *answer, struct mf_slice line)
{
    static const char *const versions[] = {"HTTP/1.1 ", "HTTP/1.0 ", "HTTP/2 "};
    size_t at = 0;

    for (size_t i = 0; at == 0 && i < MF_COUNT_OF(versions); i++) {
        at = mf_slice_starts_with(line, versions[i]) ? strlen(versions[i]) : 0;
    }
    if (at == 0 || line.size < at + 3 || !mf_is_digit(line.data[at]) || !mf_is_digit(line.data[at + 1]) ||
        !mf_is_digit(line.data[at + 2]) || (line.size > at + 3 && line.data[at + 3] != ' ')) {
        return MF_E_UPSTREAM_RESPONSE;
    }
    answer->is_http1 = line.data[5] == '1';
    answer->status = (line.data[at] - '0') * 100 + (line.data[at + 1] - '0') * 10 + (line.data[at + 2] - '0');
    struct mf_slice reason = mf_slice_trim(mf_slice_of(line.data + at + 3, line.size - at - 3));
    /* 101 changes the protocol: refused unless that was asked for. */
    bool is_unasked = answer->status == 101 && !(answer->may_switch && answer->is_http1);
    if (answer->status < 100 || is_unasked || !is_reason(reason)) {
        return MF_E_UPSTREAM_RESPONSE;
    }
    mf_buf_reset(&answer->reason);
    return mf_buf_append_slice(&answer->reason, reason);
}

/* ---- headers ----------------------------------------------------------------------------------- */

static int read_length(struct mf__answer *answer, struct mf_slice value)
{
    if (answer->is_length_known || mf_slice_parse_u64(value, INT64_MAX, &answer->body_bytes) < 0) {
        return MF_E_UPSTREAM_RESPONSE; /* Twice, even when both agree: nobody sends it so. */
    }
    answer->is_length_known = true;
    return 0;
}

static int read_framing(struct mf__answer *answer, struct mf_slice name, struct mf_slice value)
{
    if (mf_slice_equal_nocase(name, "content-length")) {
        return read_length(answer, value);
    }
    if (mf_slice_equal_nocase(name, "transfer-encoding")) {
        if (answer->is_chunked || !answer->is_http1 || !mf_slice_equal_nocase(value, "chunked")) {
            return MF_E_UPSTREAM_RESPONSE;
        }
        answer->is_chunked = true;
    }
    if (mf_slice_equal_nocase(name, "upgrade")) {
        answer->is_switched = mf_slice_equal_nocase(value, "websocket");
    }
    return 0;
}

static int read_header(struct mf__answer *answer, struct mf_slice line)
{
    const uint8_t *colon = memchr(line.data, ':', line.size);

    if (colon == NULL || ++answer->count > MF_HEADERS_COUNT_MAX) {
        return colon == NULL ? MF_E_UPSTREAM_RESPONSE : MF_E_UPSTREAM_HEADERS;
    }
    /* A blank before the colon, or at the beginning of the line (a folded one), makes the name no token. */
    struct mf_slice name = mf_slice_of(line.data, (size_t)(colon - line.data));
    struct mf_slice value = mf_slice_trim(mf_slice_of(colon + 1, line.size - name.size - 1));
    size_t before = answer->headers.size;
    int rc = mf_http_headers_append(&answer->headers, name, value);
    if (rc == 0) {
        rc = read_framing(answer, name, value);
    }
    if (rc == 0 && mf__headers_is_daemons(name) && !mf_slice_equal_nocase(name, "content-length")) {
        answer->headers.size = before;
    }
    return rc == MF_E_INVALID ? MF_E_UPSTREAM_RESPONSE : rc == MF_E_TOO_LARGE ? MF_E_UPSTREAM_HEADERS : rc;
}

/* The empty line. */
static int end_head(struct mf__answer *answer)
{
    if (answer->status == 101) {
        if (!answer->is_switched || answer->is_chunked || answer->is_length_known) {
            return MF_E_UPSTREAM_RESPONSE;
        }
        answer->is_complete = true;
        return 1;
    }
    if (answer->status >= 200) {
        if (answer->is_chunked && answer->is_length_known) {
            return MF_E_UPSTREAM_RESPONSE; /* Request smuggling's twin. */
        }
        answer->is_complete = true;
        return 1;
    }
    if (++answer->informational > MF_UPSTREAM_INFORMATIONAL_MAX) {
        return MF_E_UPSTREAM_HEADERS;
    }
    answer->status = 0;
    answer->count = 0;
    answer->is_chunked = false;
    answer->is_length_known = false;
    answer->is_switched = false;
    mf_buf_reset(&answer->headers);
    return 0;
}

int mf__answer_line(struct mf__answer *answer, struct mf_slice line)
{
    if (answer->is_complete) {
        return 0;
    }
    answer->bytes += line.size;
    if (answer->bytes > MF_HTTP_HEADER_BYTES_MAX) {
        return MF_E_UPSTREAM_HEADERS;
    }
    line = without_line_end(line);
    if (answer->status == 0) {
        return read_status(answer, line);
    }
    return line.size == 0 ? end_head(answer) : read_header(answer, line);
}
