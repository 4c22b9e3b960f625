/* sentence.c - what a worker is told when a fetch fails: which host, what happened, nothing of rules, secrets and addresses. */
#include "egress.h"

static const char *too_late(const struct mf__fetch *fetch)
{
    if (fetch->state == MF__FETCH_RESOLVING) {
        return "The name %s could not be resolved in time.";
    }
    switch (fetch->late) {
    case MF__PHASE_CONNECT:
        return "No connection to %s could be made in time.";
    case MF__PHASE_TLS:
        return "%s did not complete the TLS handshake in time.";
    case MF__PHASE_WAIT:
        return "%s did not begin to answer in time.";
    case MF__PHASE_BODY:
        return "%s stopped sending its answer.";
    }
    return NULL;
}

/* With one %s, the host; NULL: the error's own sentence says it all. */
static const char *form_of(const struct mf__fetch *fetch, int error)
{
    static const struct {
        int error;
        const char *form;
    } forms[] = {
        {MF_E_OUTBOUND_ECHO, "The answer of %s held what may not be shown and was stopped."},
        {MF_E_OUTBOUND_INTERCEPTOR, "The request to %s failed."},
        {MF_E_UPSTREAM_DNS, "The name %s could not be resolved."},
        {MF_E_UPSTREAM_CONNECT, "No connection to %s could be made."},
        {MF_E_UPSTREAM_TLS, "The TLS handshake with %s failed, or its certificate is not valid."},
        {MF_E_UPSTREAM_CLOSED, "Network connection lost. It was with %s."},
        {MF_E_UPSTREAM_RESPONSE, "%s sent an answer that is not valid HTTP."},
        {MF_E_UPSTREAM_HEADERS, "%s sent more headers than are allowed."},
        {MF_E_UPSTREAM_TOO_LARGE, "%s sent a larger answer than is allowed."},
        {MF_E_UPSTREAM_TOKEN, "The credentials for %s could not be obtained."},
    };

    if (error == MF_E_UPSTREAM_TIMEOUT) {
        return too_late(fetch);
    }
    for (size_t i = 0; i < MF_COUNT_OF(forms); i++) {
        if (forms[i].error == error) {
            return forms[i].form;
        }
    }
    return NULL;
}

static bool is_refusal(int error)
{
    return error == MF_E_OUTBOUND_REFUSED || error == MF_E_UPSTREAM_ADDRESS || error == MF_E_SECRET_UNKNOWN ||
           error == MF_E_SECRET_HOST || error == MF_E_SECRET_CLEARTEXT || error == MF_E_SECRET_KIND ||
           error == MF_E_SECRET_UNSIGNABLE;
}

static int say_redirect(const struct mf__fetch *fetch, const char *host, struct mf_buf *out)
{
    if (fetch->redirect == MF_EGRESS_ERROR) {
        return mf_buf_printf(out, "%s answered with a redirect, and the redirect mode is \"error\".", host);
    }
    if (fetch->hops > MF_UPSTREAM_REDIRECTS_MAX) {
        return mf_buf_printf(out, "Too many redirects; the last one came from %s.", host);
    }
    return mf_buf_printf(out, "%s redirected to where this request cannot go.", host);
}

int mf__sentence(const struct mf__fetch *fetch, int error, struct mf_buf *out)
{
    const char *host =
        fetch->hop.request.url.host.size > 0 ? fetch->hop.request.asked.host.text : "this host";
    const char *form = form_of(fetch, error);

    if (error == MF_E_OUTBOUND_URL || error == MF_E_OUTBOUND_METHOD || error == MF_E_OUTBOUND_HEADERS ||
        error == MF_E_OUTBOUND_REFUSED) {
        return mf__request_sentence(&fetch->hop.request, out);
    }
    if (error == MF_E_UPSTREAM_REDIRECT) {
        return say_redirect(fetch, host, out);
    }
    if (is_refusal(error)) {
        return mf_buf_printf(out, "Fetching from %s is not permitted.", host);
    }
    if (error == MF_E_UNSUPPORTED) {
        return mf_buf_printf(out, "A WebSocket to %s cannot be opened with this request.", host);
    }
    if (form == NULL) {
        return 0;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return mf_buf_printf(out, form, host);
#pragma GCC diagnostic pop
}
