/* request.c - the request that a run answers, as it may be shown: no value of a header or a parameter whose name sounds like a
 * credential. What sounds so is Cloudflare's list for its trace items, and some more.
 * Source: https://github.com/cloudflare/workerd/blob/main/src/workerd/io/trace.c++ (FetchEventInfo, redactUrl) */
#include <mayfly/trace.h>

#include "internal.h"

#define HIDDEN "REDACTED"
#define NAME_LOOKED_AT 128 /* Characters. */

static const char *const words[] = {"auth", "cookie", "key",  "secret",    "token",   "jwt",
                                    "pass", "sig",    "cred", "assertion", "session", "code"};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool mf__trace_is_hidden(struct mf_slice name)
{
    char text[NAME_LOOKED_AT + 1];
    size_t size = name.size < NAME_LOOKED_AT ? name.size : NAME_LOOKED_AT;

    for (size_t i = 0; i < size; i++) {
        text[i] = name.data[i] == 0 ? '.' : (char)lower(name.data[i]);
    }
    text[size] = '\0';
    for (size_t i = 0; i < MF_COUNT_OF(words); i++) {
        if (strstr(text, words[i]) != NULL) {
            return true;
        }
    }
    return name.size > NAME_LOOKED_AT; /* Nobody calls a thing so that is to be read. */
}

/* ---- the URL ---------------------------------------------------------------------------------------- */

static size_t find(struct mf_slice text, size_t from, const char *set)
{
    while (from < text.size && (text.data[from] == 0 || strchr(set, text.data[from]) == NULL)) {
        from++;
    }
    return from;
}

/* Of "http://user:password@host/" the part before the host goes. */
static int append_origin(struct mf_buf *out, struct mf_slice *rest)
{
    size_t authority = 0;
    size_t end;
    int rc;

    while (authority + 3 <= rest->size && memcmp(rest->data + authority, "://", 3) != 0) {
        authority++;
    }
    if (authority + 3 > rest->size) {
        return 0;
    }
    authority += 3;
    end = find(*rest, authority, "/?#\\");
    rc = mf_buf_append(out, rest->data, authority);
    for (size_t at = end; at > authority; at--) {
        if (rest->data[at - 1] == '@') {
            authority = at;
            break;
        }
    }
    rc = rc < 0 ? rc : mf_buf_append(out, rest->data + authority, end - authority);
    *rest = mf_slice_of(rest->data + end, rest->size - end);
    return rc;
}

/* What stands behind the question mark. */
static int append_query(struct mf_buf *out, struct mf_slice query)
{
    int rc = 0;

    for (size_t at = 0; rc == 0 && at < query.size;) {
        size_t end = find(query, at, "&");
        size_t sign = find(query, at, "=&");
        struct mf_slice name = mf_slice_of(query.data + at, sign - at);
        if (sign < end && mf__trace_is_hidden(name)) {
            rc = mf_buf_append_slice(out, name);
            rc = rc < 0 ? rc : mf_buf_append_cstr(out, "=" HIDDEN);
        } else {
            rc = mf_buf_append(out, query.data + at, end - at);
        }
        rc = rc < 0 || end == query.size ? rc : mf_buf_append_cstr(out, "&");
        at = end + 1;
    }
    return rc;
}

static int append_url(struct mf_buf *out, struct mf_slice url)
{
    struct mf_slice rest = url;
    int rc = append_origin(out, &rest);
    size_t query = find(rest, 0, "?#");
    size_t fragment = find(rest, 0, "#");

    rc = rc < 0 ? rc : mf_buf_append(out, rest.data, query);
    if (rc == 0 && query < fragment) {
        rc = mf_buf_append_cstr(out, "?");
        rc = rc < 0 ? rc : append_query(out, mf_slice_of(rest.data + query + 1, fragment - query - 1));
    }
    return rc;
}

/* ---- headers ------------------------------------------------------------------------------------------- */

struct header {
    struct mf_slice name;
    struct mf_slice value;
};

/* The next header of name NUL value NUL; false at the end. */
static bool next_header(struct mf_slice *rest, struct header *ret_header)
{
    const uint8_t *first = rest->size == 0 ? NULL : memchr(rest->data, 0, rest->size);
    const uint8_t *second;
    size_t used;

    if (first == NULL) {
        return false;
    }
    used = (size_t)(first - rest->data) + 1;
    second = memchr(first + 1, 0, rest->size - used);
    if (second == NULL) {
        return false;
    }
    ret_header->name = mf_slice_of(rest->data, used - 1);
    ret_header->value = mf_slice_of(first + 1, (size_t)(second - first) - 1);
    used = (size_t)(second - rest->data) + 1;
    *rest = mf_slice_of(rest->data + used, rest->size - used);
    return true;
}

static bool same_name(struct mf_slice a, struct mf_slice b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

/* A header's bytes are Latin-1. */
static int append_latin1(struct mf_buf *out, struct mf_slice text)
{
    int rc = mf_buf_reserve(out, 2 * text.size);

    for (size_t i = 0; rc == 0 && i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c < 0x80) {
            out->data[out->size++] = c;
        } else {
            out->data[out->size++] = (uint8_t)(0xc0 | c >> 6);
            out->data[out->size++] = (uint8_t)(0x80 | (c & 0x3f));
        }
    }
    return rc;
}

static int append_name(struct mf_buf *out, struct mf_slice name)
{
    int rc = mf_buf_reserve(out, name.size);

    for (size_t i = 0; rc == 0 && i < name.size; i++) {
        out->data[out->size++] = lower(name.data[i]);
    }
    return rc;
}

/* All values of |name|, with ", " between. */
static int append_values(struct mf_buf *out, struct mf_slice name, struct mf_slice headers)
{
    struct header header;
    const char *comma = "";
    int rc = 0;

    if (mf__trace_is_hidden(name)) {
        return mf_buf_append_cstr(out, HIDDEN);
    }
    while (rc == 0 && next_header(&headers, &header)) {
        if (same_name(header.name, name)) {
            rc = mf_buf_append_cstr(out, comma);
            rc = rc < 0 ? rc : append_latin1(out, header.value);
            comma = ", ";
        }
    }
    return rc;
}

static bool was_before(struct mf_slice name, struct mf_slice headers)
{
    struct header header;

    while (next_header(&headers, &header) && header.name.data != name.data) {
        if (same_name(header.name, name)) {
            return true;
        }
    }
    return false;
}

static int
append_header(struct mf_buf *out, struct mf_buf *scratch, struct mf_slice name, struct mf_slice headers)
{
    int rc = mf_buf_append_cstr(out, out->size > 1 ? "," : "");

    mf_buf_reset(scratch);
    rc = rc < 0 ? rc : append_name(scratch, name);
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_buf_peek(scratch));
    mf_buf_reset(scratch);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ":");
    rc = rc < 0 ? rc : append_values(scratch, name, headers);
    return rc < 0 ? rc : mf_buf_append_json_string(out, mf_buf_peek(scratch));
}

static int append_headers(struct mf_buf *out, struct mf_slice headers, bool *is_cut)
{
    struct mf_slice rest = headers;
    struct header header;
    struct mf_buf scratch;
    unsigned count = 0;
    int rc = mf_buf_append_cstr(out, "{");

    mf_buf_init(&scratch, MF_TRACE_HEADERS_BYTES_MAX);
    while (rc == 0 && next_header(&rest, &header)) {
        size_t before = out->size;
        if (count == MF_TRACE_HEADERS_MAX) {
            *is_cut = true;
            break;
        }
        count++;
        if (!was_before(header.name, headers)) {
            rc = append_header(out, &scratch, header.name, headers);
        }
        if (rc == MF_E_TOO_LARGE || out->size >= out->bytes_max) {
            out->size = before;
            *is_cut = true;
            rc = 0; /* A smaller one may fit. */
        }
    }
    mf_buf_done(&scratch);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* ---- the door ---------------------------------------------------------------------------------------------- */

/* Whole characters. */
static struct mf_slice cut(struct mf_slice text, size_t bytes_max, bool *is_cut)
{
    size_t size = bytes_max;

    if (text.size <= bytes_max) {
        return text;
    }
    while (size > 0 && (text.data[size] & 0xc0) == 0x80) {
        size--;
    }
    *is_cut = true;
    return mf_slice_of(text.data, size);
}

int mf_trace_request(struct mf_slice method,
                     struct mf_slice url,
                     struct mf_slice headers,
                     struct mf_buf *ret_line,
                     struct mf_buf *ret_headers,
                     bool *ret_is_cut)
{
    struct mf_buf shown;
    int rc;

    *ret_is_cut = false;
    mf_buf_init(&shown, url.size * (sizeof HIDDEN + 1) + sizeof HIDDEN);
    rc = append_url(&shown, url);
    rc = rc < 0 ? rc : mf_buf_append_cstr(ret_line, "\"method\":");
    rc =
        rc < 0 ? rc : mf_buf_append_json_string(ret_line, cut(method, MF_TRACE_METHOD_BYTES_MAX, ret_is_cut));
    rc = rc < 0 ? rc : mf_buf_append_cstr(ret_line, ",\"url\":");
    rc = rc < 0 ? rc
                : mf_buf_append_json_string(ret_line,
                                            cut(mf_buf_peek(&shown), MF_TRACE_URL_BYTES_MAX, ret_is_cut));
    mf_buf_done(&shown);
    return rc < 0 ? rc : append_headers(ret_headers, headers, ret_is_cut);
}
