/* redirect.c - what a request becomes when it follows a redirect. Where it goes then, the policy judges like any other. */
#include <stdio.h>

#include <mayfly/http.h>

#include "egress.h"

/* https://fetch.spec.whatwg.org/#http-redirect-fetch: step by step what a request loses on its way. */
static bool loses_body(const struct mf__fetch *fetch)
{
    bool is_post = strcmp(fetch->method, "POST") == 0;
    bool is_safe = strcmp(fetch->method, "GET") == 0 || strcmp(fetch->method, "HEAD") == 0;
    int status = fetch->redirect_status;

    return ((status == 301 || status == 302) && is_post) || (status == 303 && !is_safe);
}

static bool is_of_body(struct mf_slice name)
{
    return mf_slice_equal_nocase(name, "content-encoding") ||
           mf_slice_equal_nocase(name, "content-language") ||
           mf_slice_equal_nocase(name, "content-location") || mf_slice_equal_nocase(name, "content-type") ||
           mf_slice_equal_nocase(name, "content-length");
}

static bool is_credential(const struct mf_http_header *header)
{
    return mf_slice_equal_nocase(header->name, "authorization") ||
           mf_slice_equal_nocase(header->name, "cookie") ||
           mf_slice_equal_nocase(header->name, "proxy-authorization") ||
           mf_vault_has_placeholder(header->value);
}

static int take_out(struct mf__fetch *fetch, bool of_body, bool credentials)
{
    struct mf_http_header header;
    struct mf_buf kept;
    size_t cursor = 0;
    int rc = 0;

    mf_buf_init(&kept, fetch->headers.bytes_max);
    while (rc == 0 && mf_http_headers_next(mf_buf_peek(&fetch->headers), &cursor, &header) == 1) {
        if ((of_body && is_of_body(header.name)) || (credentials && is_credential(&header))) {
            continue;
        }
        rc = mf_http_headers_append(&kept, header.name, header.value);
    }
    mf_buf_done(&fetch->headers);
    fetch->headers = kept;
    return rc;
}

static void lose_body(struct mf__fetch *fetch)
{
    (void)snprintf(fetch->method, sizeof fetch->method, "GET");
    fetch->has_body = false;
    mf__fetch_stop_upload(fetch);
    mf__upload_done(&fetch->upload);
}

/* What the next hop asks for; |url| is where it leads. */
static int change_request(struct mf__fetch *fetch, struct mf_slice url)
{
    struct mf__url next;
    int rc = mf__url_parse(url, &next);

    if (rc < 0) {
        return rc;
    }
    bool has_left = !mf__url_same_origin(&fetch->hop.request.asked, &next);
    bool is_bodiless = loses_body(fetch);
    rc = take_out(fetch, is_bodiless, has_left);
    if (rc == 0 && is_bodiless) {
        lose_body(fetch);
    } else if (rc == 0 && fetch->has_body && !mf__upload_rewind(&fetch->upload)) {
        rc = MF_E_UPSTREAM_REDIRECT; /* Its body is gone. */
    }
    return rc;
}

int mf__redirect_turn(struct mf__fetch *fetch)
{
    struct mf_buf url;
    int rc = ++fetch->hops > MF_UPSTREAM_REDIRECTS_MAX ? MF_E_UPSTREAM_REDIRECT : 0;

    mf_buf_init(&url, MF_OUTBOUND_URL_BYTES_MAX);
    if (rc == 0) {
        rc = mf__url_resolve(&fetch->hop.request.asked, mf_buf_peek(&fetch->location), &url);
    }
    if (rc == 0) {
        rc = change_request(fetch, mf_buf_peek(&url));
    }
    if (rc < 0) {
        mf_buf_done(&url);
        return rc;
    }
    mf__audit(fetch, 0);
    mf__hop_done(&fetch->hop);
    mf_buf_done(&fetch->url);
    fetch->url = url;
    return 0;
}
