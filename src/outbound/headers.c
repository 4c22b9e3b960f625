#include "headers.h"

static const char *const daemons[] = {
    "host", "content-length", "transfer-encoding", "connection", "keep-alive",
    "te",   "trailer",        "upgrade",           "expect",     "http2-settings",
};

static bool has_prefix_nocase(struct mf_slice name, const char *prefix)
{
    size_t size = strlen(prefix);
    return name.size >= size && mf_slice_equal_nocase(mf_slice_of(name.data, size), prefix);
}

bool mf__headers_is_daemons(struct mf_slice name)
{
    for (size_t i = 0; i < MF_COUNT_OF(daemons); i++) {
        if (mf_slice_equal_nocase(name, daemons[i])) {
            return true;
        }
    }
    return has_prefix_nocase(name, "proxy-");
}

/* What all Connection headers of |headers| say, each with a comma in front. */
static int read_connection(struct mf_slice headers, struct mf_buf *ret_names)
{
    struct mf_http_header header;
    size_t cursor = 0;
    int rc = 0;

    while (rc == 0 && mf_http_headers_next(headers, &cursor, &header) == 1) {
        if (!mf_slice_equal_nocase(header.name, "connection")) {
            continue;
        }
        rc = mf_buf_append_cstr(ret_names, ",");
        if (rc == 0) {
            rc = mf_buf_append_slice(ret_names, header.value);
        }
    }
    return rc == MF_E_TOO_LARGE ? MF_E_OUTBOUND_HEADERS : rc;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool equal_nocase(const uint8_t *a, struct mf_slice b)
{
    for (size_t i = 0; i < b.size; i++) {
        if (lower(a[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

static bool ends_word(struct mf_slice text, size_t at)
{
    return at == text.size || text.data[at] == ',' || text.data[at] == ' ' || text.data[at] == '\t';
}

static bool is_named(struct mf_slice names, struct mf_slice name)
{
    for (size_t at = 0; at + name.size <= names.size; at++) {
        if ((at == 0 || ends_word(names, at - 1)) && ends_word(names, at + name.size) &&
            equal_nocase(names.data + at, name)) {
            return true;
        }
    }
    return false;
}

static int clean(struct mf_slice headers, struct mf_slice connection, struct mf_buf *out, size_t *ret_dropped)
{
    struct mf_http_header header;
    size_t cursor = 0;
    size_t count = 0;
    int rc;

    *ret_dropped = 0;
    while ((rc = mf_http_headers_next(headers, &cursor, &header)) == 1) {
        if (++count > MF_HEADERS_COUNT_MAX) {
            return MF_E_OUTBOUND_HEADERS;
        }
        if (mf__headers_is_daemons(header.name) || is_named(connection, header.name)) {
            *ret_dropped += 1;
            continue;
        }
        rc = mf_http_headers_append(out, header.name, header.value);
        if (rc < 0) {
            return rc;
        }
    }
    return rc < 0 ? MF_E_OUTBOUND_HEADERS : 0;
}

int mf__headers_clean(struct mf_slice headers, struct mf_buf *out, size_t *ret_dropped)
{
    struct mf_buf connection;
    size_t dropped;
    int rc;

    if (headers.size > MF_HTTP_HEADER_BYTES_MAX) {
        return MF_E_OUTBOUND_HEADERS;
    }
    mf_buf_init(&connection, MF_OUTBOUND_CONNECTION_BYTES_MAX);
    rc = read_connection(headers, &connection);
    if (rc == 0) {
        rc = clean(headers, mf_buf_peek(&connection), out, &dropped);
    }
    if (rc == 0 && ret_dropped != NULL) {
        *ret_dropped = dropped;
    }
    mf_buf_done(&connection);
    return rc;
}

bool mf__method_is_valid(struct mf_slice method)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    if (method.size == 0 || method.size > MF_OUTBOUND_METHOD_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < method.size; i++) {
        uint8_t c = method.data[i];
        bool is_alnum = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
        if (!is_alnum && (c == 0 || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return !mf_slice_equal_nocase(method, "connect") && !mf_slice_equal_nocase(method, "trace") &&
           !mf_slice_equal_nocase(method, "track");
}
