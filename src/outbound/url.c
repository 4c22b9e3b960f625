#include "url.h"

#include "path.h"

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Bytes that a serialised path or query never has; the parser would have encoded them, or read "\" as "/". */
static bool may_stand(uint8_t c, bool in_query)
{
    if (c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '#') {
        return false;
    }
    return in_query ? c != '\'' : c != '\\' && c != '`' && c != '{' && c != '}';
}

static bool all_may_stand(struct mf_slice text, bool in_query)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!may_stand(text.data[i], in_query)) {
            return false;
        }
    }
    return true;
}

static struct mf_slice slice_from(struct mf_slice text, size_t at)
{
    return mf_slice_of(text.data + at, text.size - at);
}

/* How many bytes stand before the first of |stops|. */
static size_t span(struct mf_slice text, const char *stops)
{
    size_t size = 0;

    while (size < text.size && (text.data[size] == 0 || strchr(stops, text.data[size]) == NULL)) {
        size++;
    }
    return size;
}

/* ":8080" behind the host, or nothing. Leading zeros and a default port have another spelling. */
static int read_port(struct mf_slice text, struct mf__url *url)
{
    uint64_t port;

    url->port = url->is_https ? 443 : 80;
    url->is_default_port = true;
    if (text.size == 0) {
        return 0;
    }
    if (text.size < 2 || text.data[1] == '0' || mf_slice_parse_u64(slice_from(text, 1), 65535, &port) < 0 ||
        port == url->port) {
        return MF_E_OUTBOUND_URL;
    }
    url->port = (uint16_t)port;
    url->is_default_port = false;
    return 0;
}

static int read_authority(struct mf_slice text, struct mf__url *url)
{
    const uint8_t *bracket = text.size > 0 && text.data[0] == '[' ? memchr(text.data, ']', text.size) : NULL;
    size_t size = bracket != NULL ? (size_t)(bracket + 1 - text.data) : span(text, ":");

    if (size < text.size && text.data[size] != ':') {
        return MF_E_OUTBOUND_URL;
    }
    /* "@" is in no host, so that userinfo ends here. */
    if (mf__host_parse(mf_slice_of(text.data, size), &url->host) < 0) {
        return MF_E_OUTBOUND_URL;
    }
    return read_port(slice_from(text, size), url);
}

bool mf__url_path_is_valid(struct mf_slice path)
{
    return path.size > 0 && path.data[0] == '/' && all_may_stand(path, false) &&
           memchr(path.data, '?', path.size) == NULL && !mf__path_climbs(path);
}

int mf__url_parse(struct mf_slice text, struct mf__url *ret_url)
{
    struct mf__url url = {.is_https = mf_slice_starts_with(text, "https://")};
    size_t size;
    int rc;

    if (text.size > MF_OUTBOUND_URL_BYTES_MAX || (!url.is_https && !mf_slice_starts_with(text, "http://"))) {
        return MF_E_OUTBOUND_URL;
    }
    text = slice_from(text, url.is_https ? 8 : 7);
    size = span(text, "/");
    rc = read_authority(mf_slice_of(text.data, size), &url);
    if (rc < 0) {
        return rc;
    }
    text = slice_from(text, size);
    size = span(text, "?");
    url.path = mf_slice_of(text.data, size);
    url.query = slice_from(text, size);
    if (!mf__url_path_is_valid(url.path) || !all_may_stand(url.query, true)) {
        return MF_E_OUTBOUND_URL;
    }
    *ret_url = url;
    return 0;
}

int mf__url_write(const struct mf__url *url, struct mf_buf *out)
{
    int rc = mf_buf_printf(out, "%s://%s", url->is_https ? "https" : "http", url->host.text);

    if (rc == 0 && !url->is_default_port) {
        rc = mf_buf_printf(out, ":%u", url->port);
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(out, url->path);
    }
    return rc < 0 ? rc : mf_buf_append_slice(out, url->query);
}

bool mf__url_same_origin(const struct mf__url *a, const struct mf__url *b)
{
    return a->is_https == b->is_https && a->port == b->port && mf__host_equal(&a->host, &b->host);
}

/* ---- redirects -------------------------------------------------------------------------------- */

static int append_byte(struct mf_buf *out, uint8_t c, bool in_query)
{
    static const char digits[] = "0123456789ABCDEF";
    const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};

    return may_stand(c, in_query) ? mf_buf_append(out, &c, 1) : mf_buf_append(out, escape, 3);
}

/* Appends |path| behind the "/" of |out| at |start|; "." and ".." are taken as what they mean. */
static int append_path(struct mf_buf *out, size_t start, struct mf_slice path)
{
    int rc = 0;

    for (;;) {
        size_t size = span(path, "/\\");
        struct mf_slice segment = mf_slice_of(path.data, size);
        bool is_last = size == path.size;
        int dots = mf__path_dots(segment);
        if (dots == 2 && out->size > start + 1) {
            out->size--; /* The "/" that ends it. */
            while (out->data[out->size - 1] != '/') {
                out->size--;
            }
        }
        for (size_t i = 0; rc == 0 && dots == 0 && i < size; i++) {
            rc = append_byte(out, segment.data[i], false);
        }
        if (rc == 0 && dots == 0 && !is_last) {
            rc = mf_buf_append_cstr(out, "/");
        }
        if (rc < 0 || is_last) {
            return rc;
        }
        path = slice_from(path, size + 1);
    }
}

static int append_query(struct mf_buf *out, struct mf_slice query)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < query.size; i++) {
        rc = append_byte(out, query.data[i], true);
    }
    return rc;
}

/* "EXAMPLE.com:443" to "example.com"; what it is, mf__url_parse judges. */
static int append_authority(struct mf_buf *out, struct mf_slice authority, bool is_https)
{
    const char *port = is_https ? ":443" : ":80";
    int rc = 0;

    if (mf_slice_ends_with(authority, port)) {
        authority.size -= strlen(port);
    } else if (mf_slice_ends_with(authority, ":")) {
        authority.size--;
    }
    for (size_t i = 0; rc == 0 && i < authority.size; i++) {
        uint8_t c = lower(authority.data[i]);
        rc = mf_buf_append(out, &c, 1);
    }
    return rc;
}

/* True with the scheme cut off; also when there is none. False for a scheme that is not ours. */
static bool cut_scheme(struct mf_slice *text, bool *is_https, bool *ret_has_scheme)
{
    size_t size = 0;

    while (size < text->size && (is_alpha(text->data[size]) ||
                                 (size > 0 && (mf_is_digit(text->data[size]) || text->data[size] == '+' ||
                                               text->data[size] == '-' || text->data[size] == '.')))) {
        size++;
    }
    *ret_has_scheme = size > 0 && size < text->size && text->data[size] == ':';
    if (!*ret_has_scheme) {
        return true;
    }
    *is_https = mf_slice_equal_nocase(mf_slice_of(text->data, size), "https");
    if (!*is_https && !mf_slice_equal_nocase(mf_slice_of(text->data, size), "http")) {
        return false;
    }
    *text = slice_from(*text, size + 1);
    return true;
}

static bool is_slash(struct mf_slice text, size_t at)
{
    return at < text.size && (text.data[at] == '/' || text.data[at] == '\\');
}

static struct mf_slice trim(struct mf_slice text)
{
    while (text.size > 0 && text.data[0] <= 0x20) {
        text = slice_from(text, 1);
    }
    while (text.size > 0 && text.data[text.size - 1] <= 0x20) {
        text.size--;
    }
    text.size = span(text, "#");
    return text;
}

/* A reference without a host of its own: from |base|, then |text|. */
static int append_relative(const struct mf__url *base, struct mf_slice text, struct mf_buf *out)
{
    struct mf__url root = *base;
    size_t start;
    size_t size = span(text, "?");
    struct mf_slice path = mf_slice_of(text.data, size);
    struct mf_slice kept = base->path;
    int rc;

    root.path = mf_slice_of_cstr("");
    root.query = mf_slice_of_cstr("");
    rc = mf__url_write(&root, out);
    if (rc < 0) {
        return rc;
    }
    if (size == 0) {
        rc = mf_buf_append_slice(out, kept);
        return rc < 0 ? rc : append_query(out, text.size == 0 ? base->query : text);
    }
    start = out->size;
    if (is_slash(path, 0)) {
        kept.size = 1;
        path = slice_from(path, 1);
    }
    while (kept.data[kept.size - 1] != '/') {
        kept.size--;
    }
    rc = mf_buf_append_slice(out, kept);
    if (rc == 0) {
        rc = append_path(out, start, path);
    }
    return rc < 0 ? rc : append_query(out, slice_from(text, size));
}

static int append_absolute(struct mf_slice text, bool is_https, struct mf_buf *out)
{
    size_t authority = span(text, "/\\?");
    size_t path = span(text, "?");
    int rc = mf_buf_append_cstr(out, is_https ? "https://" : "http://");

    if (rc == 0) {
        rc = append_authority(out, mf_slice_of(text.data, authority), is_https);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "/");
    }
    if (rc == 0 && path > authority) {
        rc = append_path(out, out->size - 1, mf_slice_of(text.data + authority + 1, path - authority - 1));
    }
    return rc < 0 ? rc : append_query(out, slice_from(text, path));
}

int mf__url_resolve(const struct mf__url *base, struct mf_slice location, struct mf_buf *ret_text)
{
    bool is_https = base->is_https;
    bool has_scheme;
    struct mf__url url;
    int rc;

    location = trim(location);
    if (location.size > MF_OUTBOUND_URL_BYTES_MAX || !cut_scheme(&location, &is_https, &has_scheme)) {
        return MF_E_OUTBOUND_URL;
    }
    mf_buf_reset(ret_text);
    if (is_slash(location, 0) && is_slash(location, 1)) {
        rc = append_absolute(slice_from(location, 2), is_https, ret_text);
    } else if (has_scheme) {
        return MF_E_OUTBOUND_URL; /* "https:path", which the URL Standard reads in two ways. */
    } else {
        rc = append_relative(base, location, ret_text);
    }
    return rc < 0 ? rc : mf__url_parse(mf_buf_peek(ret_text), &url);
}
