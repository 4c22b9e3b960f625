#include "fetches.h"

/* ---- from egress to the run --------------------------------------------------------------------- */

static void on_fail(void *user, uint32_t fetch, int error, struct mf_slice text)
{
    struct mf__fetches *fetches = user;

    mf_run_fetch_fail(fetches->run, fetch, error, text);
}

static void on_head(void *user, const struct mf_egress_head *head)
{
    struct mf__fetches *fetches = user;
    struct mf_msg_fetch_head message = {.fetch = head->fetch,
                                        .status = head->status,
                                        .has_body = head->has_body,
                                        .redirected = head->is_redirected,
                                        .status_text = head->reason,
                                        .url = head->url,
                                        .headers = head->headers};
    int rc = mf_run_fetch_head(fetches->run, &message);

    if (rc < 0) {
        mf_egress_drop(fetches->egress, head->fetch);
        mf_run_fetch_fail(fetches->run, head->fetch, rc, mf_slice_of(NULL, 0));
    }
}

static size_t on_body(void *user, uint32_t fetch, struct mf_slice bytes)
{
    struct mf__fetches *fetches = user;

    return mf_run_fetch_write(fetches->run, fetch, bytes);
}

static void on_body_end(void *user, uint32_t fetch)
{
    struct mf__fetches *fetches = user;

    mf_run_fetch_end(fetches->run, fetch);
}

static void on_body_abort(void *user, uint32_t fetch, int error, struct mf_slice text)
{
    struct mf__fetches *fetches = user;

    mf_run_fetch_abort(fetches->run, fetch, error, text);
}

static void on_request_consumed(void *user, uint32_t fetch, size_t bytes)
{
    struct mf__fetches *fetches = user;

    mf_run_fetch_body_consumed(fetches->run, fetch, bytes);
}

static void on_request_stop(void *user, uint32_t fetch)
{
    struct mf__fetches *fetches = user;

    mf_run_fetch_body_stop(fetches->run, fetch);
}

static const struct mf_egress_events events = {
    .on_head = on_head,
    .on_fail = on_fail,
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_body_abort = on_body_abort,
    .on_request_consumed = on_request_consumed,
    .on_request_stop = on_request_stop,
};

/* ---- from the run to egress --------------------------------------------------------------------- */

void mf__fetches_begin(struct mf__fetches *fetches,
                       struct mf_egress *egress,
                       struct mf_run *run,
                       const struct mf_egress_spec *spec)
{
    fetches->run = run;
    fetches->egress = mf_egress_run_new(egress, spec, &events, fetches);
}

void mf__fetches_end(struct mf__fetches *fetches, struct mf__record *record)
{
    struct mf_egress_run *egress = fetches->egress;

    if (egress == NULL) {
        return;
    }
    mf_egress_run_end(egress);
    record->has_outbound = true;
    record->subrequests = mf_egress_run_count(egress);
    record->egress_bytes = mf_egress_run_bytes(egress);
    if (mf_buf_append_slice(&record->requests, mf_egress_run_records(egress, &record->requests_left_out)) <
        0) {
        mf_buf_reset(&record->requests);
        record->requests_left_out = record->subrequests;
    }
    fetches->egress = NULL;
    mf_egress_run_free(egress);
}

void mf__fetches_fetch(struct mf__fetches *fetches, const struct mf_msg_fetch *fetch)
{
    struct mf_egress_request request = {.fetch = fetch->fetch,
                                        .redirect = (enum mf_egress_redirect)fetch->redirect,
                                        .method = fetch->method,
                                        .url = fetch->url,
                                        .headers = fetch->headers,
                                        .has_body = fetch->has_body != 0,
                                        .body_bytes = fetch->body_bytes};

    MF_ASSERT(fetch->kind == MF_FETCH_HTTP); /* A namespace and a tool's name are no request. */
    if (fetches->egress == NULL) {
        mf_run_fetch_fail(fetches->run, fetch->fetch, MF_E_OUTBOUND_BLOCKED, mf_slice_of(NULL, 0));
        return;
    }
    mf_egress_fetch(fetches->egress, &request);
}

void mf__fetches_drop(struct mf__fetches *fetches, uint32_t fetch)
{
    if (fetches->egress != NULL) {
        mf_egress_drop(fetches->egress, fetch);
    }
}

void mf__fetches_body(struct mf__fetches *fetches, uint32_t fetch, struct mf_slice bytes)
{
    if (fetches->egress != NULL) {
        mf_egress_body(fetches->egress, fetch, bytes);
    }
}

void mf__fetches_body_end(struct mf__fetches *fetches, uint32_t fetch, int error)
{
    if (fetches->egress != NULL) {
        mf_egress_body_end(fetches->egress, fetch, error);
    }
}

void mf__fetches_credit(struct mf__fetches *fetches, uint32_t fetch)
{
    if (fetches->egress != NULL) {
        mf_egress_credit(fetches->egress, fetch);
    }
}
