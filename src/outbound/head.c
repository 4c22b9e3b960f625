/* head.c - what of an answer's head the worker gets, and through what its body goes. */
#include <mayfly/http.h>

#include "egress.h"

/* Without what no longer holds once the body was decoded or searched. */
static bool is_of_coding(struct mf_slice name)
{
    return mf_slice_equal_cstr(name, "content-encoding") || mf_slice_equal_cstr(name, "content-length");
}

static int
redact_headers(struct mf__fetch *fetch, struct mf_slice headers, bool is_recoded, struct mf_buf *out)
{
    bool blocks = fetch->hop.request.rule->redact == MF__REDACT_BLOCK;
    struct mf_http_header header;
    struct mf_buf value;
    uint64_t count = 0;
    size_t cursor = 0;
    int rc = 0;

    mf_buf_init(&value, MF_HEADERS_ENCODED_BYTES_MAX);
    while (rc == 0 && mf_http_headers_next(headers, &cursor, &header) == 1) {
        if (is_recoded && is_of_coding(header.name)) {
            continue;
        }
        mf_buf_reset(&value);
        if (fetch->hop.needles != NULL) {
            rc = mf__redact_text(fetch->hop.needles, header.value, blocks, &value, &count);
            header.value = mf_buf_peek(&value);
        }
        if (rc == 0) {
            rc = mf_http_headers_append(out, header.name, header.value);
        }
    }
    mf_buf_done(&value);
    fetch->run->egress->state.redactions += count;
    return rc;
}

/* A worker's response is what its fetch() gave or what it wrote: its headers may still speak of a coding, its bytes have none. */
static enum mf__coding coding_of(const struct mf__fetch *fetch, const struct mf_egress_answer *head)
{
    bool is_plain =
        !head->has_body || head->status == 101 || fetch->hop.request.rule->action == MF__ACTION_INTERCEPT;

    return is_plain ? MF__CODING_NONE : mf__coding_of(head->headers);
}

int mf__head_open(struct mf__fetch *fetch, const struct mf_egress_answer *head, struct mf_buf *ret_headers)
{
    /* A mark in a frame's place would break its framing. */
    bool blocks = fetch->hop.request.rule->redact == MF__REDACT_BLOCK || head->status == 101;
    enum mf__coding coding = coding_of(fetch, head);
    struct mf__decode *decode = NULL;

    if (coding == MF__CODING_OTHER && fetch->hop.needles != NULL) {
        return MF_E_OUTBOUND_ECHO; /* It cannot be searched. */
    }
    if (coding != MF__CODING_NONE && coding != MF__CODING_OTHER) {
        decode = mf__decode_new(coding);
        if (decode == NULL) {
            return MF_E_NO_MEMORY;
        }
    }
    fetch->pipe.is_prompt = head->status == 101;
    mf__pipe_through(&fetch->pipe, decode,
                     fetch->hop.needles != NULL ? mf__redact_new(fetch->hop.needles, blocks) : NULL);
    return redact_headers(fetch, head->headers,
                          head->has_body && (decode != NULL || fetch->hop.needles != NULL), ret_headers);
}

int mf__head_redact(struct mf__fetch *fetch, struct mf_slice text, struct mf_buf *out)
{
    return fetch->hop.needles == NULL ? mf_buf_append_slice(out, text)
                                      : mf__redact_text(fetch->hop.needles, text, false, out, NULL);
}
