/* request.c - the checks of a complete head: target, Host, framing, Expect (RFC 9112 3.2, 6; RFC 9110 10.1.1).
 *
 * llhttp has read the same bytes; these rules stand on their own, so that they hold with every version of it and parser.c
 * can compare the two results.
 */
#include "request.h"

#include "bytes.h"

/* ---- what the headers say, each counted ------------------------------------------------------ */

struct findings {
    struct mf_slice host;
    struct mf_slice length;
    struct mf_slice coding;
    struct mf_slice expect;
    unsigned hosts;
    unsigned lengths;
    unsigned codings;
    unsigned expects;
};

static void note(struct mf_slice value, struct mf_slice *kept, unsigned *count)
{
    *kept = value;
    *count += 1;
}

static int find(struct mf_slice headers, struct findings *ret_found)
{
    struct mf_http_header header;
    size_t cursor = 0;
    int more;

    while ((more = mf_http_headers_next(headers, &cursor, &header)) == 1) {
        if (mf_slice_equal_cstr(header.name, "host")) {
            note(header.value, &ret_found->host, &ret_found->hosts);
        } else if (mf_slice_equal_cstr(header.name, "content-length")) {
            note(header.value, &ret_found->length, &ret_found->lengths);
        } else if (mf_slice_equal_cstr(header.name, "transfer-encoding")) {
            note(header.value, &ret_found->coding, &ret_found->codings);
        } else if (mf_slice_equal_cstr(header.name, "expect")) {
            note(header.value, &ret_found->expect, &ret_found->expects);
        }
    }
    return more == 0 ? 0 : MF_E_HTTP_MALFORMED;
}

/* ---- target ---------------------------------------------------------------------------------- */

static struct mf_slice slice_from(struct mf_slice text, size_t at)
{
    return mf_slice_of(text.data + at, text.size - at);
}

static bool equal_nocase(struct mf_slice a, struct mf_slice b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (byte_lower(a.data[i]) != byte_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

static size_t scheme_size(struct mf_slice target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < MF_COUNT_OF(schemes); i++) {
        size_t size = strlen(schemes[i]);
        if (target.size >= size && mf_slice_equal_nocase(mf_slice_of(target.data, size), schemes[i])) {
            return size;
        }
    }
    return 0;
}

static void split_query(struct mf_http_request *request, struct mf_slice path)
{
    const uint8_t *mark = path.size > 0 ? memchr(path.data, '?', path.size) : NULL;

    request->query = mf_slice_of(NULL, 0);
    if (mark != NULL) {
        size_t at = (size_t)(mark - path.data);
        request->query = slice_from(path, at + 1);
        path.size = at;
    }
    request->path = path.size > 0 ? path : mf_slice_of_cstr("/"); /* "http://a" and "http://a?q" */
}

/* The absolute form names the host a second time. A client must send both alike (RFC 9112 3.2); one that does not is
 * refused, so that whoever checks Host has checked both. */
static int check_absolute(struct mf_http_request *request, const struct findings *found, size_t scheme)
{
    struct mf_slice rest = slice_from(request->target, scheme);
    size_t end = 0;

    while (end < rest.size && rest.data[end] != '/' && rest.data[end] != '?') {
        end++;
    }
    struct mf_slice authority = mf_slice_of(rest.data, end);
    if (authority.size == 0 || !bytes_are(authority, BYTE_HOST) || !equal_nocase(authority, found->host)) {
        return MF_E_HTTP_MALFORMED;
    }
    split_query(request, slice_from(rest, end));
    return 0;
}

static int check_target(struct mf_http_request *request, const struct findings *found)
{
    struct mf_slice target = request->target;
    size_t scheme = scheme_size(target);

    if (target.size == 0 || !bytes_are(target, BYTE_TARGET)) {
        return MF_E_HTTP_MALFORMED;
    }
    if (target.data[0] == '/') {
        split_query(request, target);
        return 0;
    }
    if (scheme > 0) {
        return check_absolute(request, found, scheme);
    }
    if (mf_slice_equal_cstr(target, "*") && mf_slice_equal_cstr(request->method, "OPTIONS")) {
        request->path = target;
        request->query = mf_slice_of(NULL, 0);
        return 0;
    }
    return MF_E_HTTP_MALFORMED;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static int check_host(const struct mf_http_request *request, const struct findings *found)
{
    if (found->hosts > 1 || (found->hosts == 0 && request->minor >= 1)) {
        return MF_E_HTTP_MALFORMED;
    }
    return bytes_are(found->host, BYTE_HOST) ? 0 : MF_E_HTTP_MALFORMED;
}

/* One length or one "chunked", never both, never a list: each other form has been read in two ways by somebody. */
static int
check_framing(struct mf_http_request *request, const struct findings *found, uint64_t body_bytes_max)
{
    uint64_t length = 0;

    if (found->lengths + found->codings > 1) {
        return MF_E_HTTP_MALFORMED;
    }
    if (found->codings == 1) {
        if (request->minor == 0 || !mf_slice_equal_nocase(found->coding, "chunked")) {
            return MF_E_HTTP_MALFORMED;
        }
        request->has_body = true;
        request->body_bytes = -1;
        return 0;
    }
    if (found->lengths == 1) {
        if (found->length.size == 0 || !bytes_are(found->length, BYTE_DIGIT) ||
            mf_slice_parse_u64(found->length, INT64_MAX, &length) < 0) {
            return MF_E_HTTP_MALFORMED;
        }
        if (length > body_bytes_max) {
            return MF_E_HTTP_BODY;
        }
    }
    request->has_body = length > 0;
    request->body_bytes = (int64_t)length;
    return 0;
}

static int check_expect(struct mf_http_request *request, const struct findings *found)
{
    request->expects_continue = false;
    if (found->expects == 0 || request->minor == 0) {
        return 0; /* A 1.0 client cannot mean it (RFC 9110 10.1.1). */
    }
    if (found->expects > 1 || !mf_slice_equal_nocase(found->expect, "100-continue")) {
        return MF_E_HTTP_EXPECT;
    }
    request->expects_continue = request->has_body;
    return 0;
}

int mf__request_check(struct mf_http_request *request, uint64_t body_bytes_max)
{
    struct findings found = {0};
    int error = find(request->headers, &found);

    if (error >= 0 && mf_slice_equal_cstr(request->method, "CONNECT")) {
        return MF_E_UNSUPPORTED; /* This is no proxy; its target has a form of its own. */
    }
    if (error >= 0) {
        error = check_host(request, &found);
    }
    if (error >= 0) {
        error = check_target(request, &found);
    }
    if (error >= 0) {
        error = check_framing(request, &found, body_bytes_max);
    }
    if (error >= 0) {
        error = check_expect(request, &found);
    }
    return error;
}
