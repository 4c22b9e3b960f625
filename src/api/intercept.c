/* intercept.c - one request in the hands of a stored worker, in an isolate of its own, in an executor of its own kind.
 *
 *   LOADING --it is here--> LOOKING --what its outbound names is there--> RUNNING --> freed
 *
 * Two lives end on their own: the fetch that waits for the answer (|events| is NULL once it has all of it, or wants no more) and
 * the pool's run, which may go on when the answer has ended (ctx.waitUntil). No ticket is needed: whoever asked holds one. */
#include "intercept.h"

#include "account.h"
#include "live.h"
#include "outbounds.h"
#include "request.h"
#include "worker_cache.h"

enum intercept_state { INTERCEPT_LOADING, INTERCEPT_LOOKING, INTERCEPT_RUNNING };

struct mf_intercept {
    struct mf__live live;
    enum intercept_state state;
    const struct mf_intercept_events *events; /* NULL: nobody waits. */
    void *user;
    char run[MF_ID_BYTES_MAX]; /* Whose request it is. */
    struct mf_trace_context trace;
    char worker[MF_STORE_NAME_BYTES_MAX + 1];
    struct mf_buf method;
    struct mf_buf url;
    struct mf_buf headers;
    struct mf__call call;
    struct mf__call_fault fault;
    struct mf__worker_wait wait;
    struct mf__look look;

    /* The request's body. */
    bool has_body;
    bool has_credit; /* The run takes bytes. */
    bool is_starved; /* There are none: feed comes. */
    bool is_upload_over;
    struct mf_buf piece; /* What the run had no room for. */

    /* The answer. */
    bool is_answered;
    bool is_paused;
    size_t unconsumed;
    uint64_t moved_ns;
};

static struct mf_intercept *intercept_of(void *user)
{
    struct mf__live *live = user;

    return MF_CONTAINER_OF(live, struct mf_intercept, live);
}

static void free_intercept(struct mf_intercept *intercept)
{
    mf__call_done(&intercept->call);
    mf__call_fault_done(&intercept->fault);
    mf__live_done(&intercept->live);
    mf_buf_done(&intercept->method);
    mf_buf_done(&intercept->url);
    mf_buf_done(&intercept->headers);
    mf_buf_done(&intercept->piece);
    mf_free(intercept);
}

/* Nobody waits from here on; the last event. */
static void finish(struct mf_intercept *intercept, int error)
{
    const struct mf_intercept_events *events = intercept->events;

    if (events != NULL) {
        intercept->events = NULL;
        events->on_done(intercept->user, error);
    }
}

static void moved(struct mf_intercept *intercept)
{
    intercept->moved_ns = mf_clock_now_ns();
}

/* ---- the request's body --------------------------------------------------------------------------- */

static void end_upload(struct mf_intercept *intercept, int error)
{
    if (!intercept->has_body || intercept->is_upload_over) {
        return;
    }
    intercept->is_upload_over = true;
    mf_buf_reset(&intercept->piece);
    if (error < 0) {
        mf_run_abort_request(intercept->live.run, error);
    } else {
        mf_run_end_request(intercept->live.run);
    }
}

/* 1: there may be more; 0: not now. */
static int send_next(struct mf_intercept *intercept)
{
    uint8_t space[MF_INTERCEPT_PIECE_BYTES];
    bool is_end = false;
    int64_t got = intercept->events->on_read(intercept->user, space, sizeof space, &is_end);

    if (got < 0) {
        end_upload(intercept, (int)got);
        return 0;
    }
    intercept->is_starved = got == 0 && !is_end;
    intercept->live.record.bytes_in += (uint64_t)got;
    size_t taken = got == 0 ? 0 : mf_run_write(intercept->live.run, mf_slice_of(space, (size_t)got));
    if (got > 0) {
        moved(intercept);
    }
    if (taken < (size_t)got) {
        intercept->has_credit = false;
        if (mf_buf_append(&intercept->piece, space + taken, (size_t)got - taken) < 0) {
            end_upload(intercept, MF_E_NO_MEMORY);
        }
        return 0;
    }
    if (is_end) {
        end_upload(intercept, 0);
    }
    return is_end || intercept->is_starved ? 0 : 1;
}

static void pump(struct mf_intercept *intercept)
{
    bool may = intercept->has_body && intercept->has_credit && !intercept->is_starved;

    while (may && intercept->events != NULL && !intercept->is_upload_over) {
        may = send_next(intercept) == 1;
    }
}

static void run_on_request_credit(struct mf_run *run, void *user)
{
    struct mf_intercept *intercept = intercept_of(user);

    mf_buf_consume(&intercept->piece, mf_run_write(run, mf_buf_peek(&intercept->piece)));
    if (intercept->piece.size == 0) {
        intercept->has_credit = true;
        pump(intercept);
    }
}

/* What still comes stays where it is. */
static void run_on_request_stop(struct mf_run *run, void *user)
{
    struct mf_intercept *intercept = intercept_of(user);

    (void)run;
    intercept->is_upload_over = true;
    mf_buf_reset(&intercept->piece);
}

/* ---- the answer ------------------------------------------------------------------------------------- */

static bool is_of_connection(struct mf_slice name)
{
    return mf_slice_equal_cstr(name, "connection") || mf_slice_equal_cstr(name, "keep-alive") ||
           mf_slice_equal_cstr(name, "transfer-encoding") || mf_slice_equal_cstr(name, "upgrade") ||
           mf_slice_equal_cstr(name, "proxy-authenticate") || mf_slice_equal_cstr(name, "trailer");
}

/* An executor wrote them: their names may be in any case. */
static int copy_headers(struct mf_slice headers, struct mf_buf *out)
{
    struct mf_header header;
    struct mf_buf name;
    size_t cursor = 0;
    int rc = 0;

    mf_buf_init(&name, MF_HTTP_HEADER_BYTES_MAX);
    while (rc == 0 && mf_headers_next(headers, &cursor, &header) > 0) {
        mf_buf_reset(&name);
        rc = mf_buf_append_slice(&name, header.name);
        for (size_t i = 0; rc == 0 && i < name.size; i++) {
            name.data[i] |= name.data[i] >= 'A' && name.data[i] <= 'Z' ? 0x20 : 0;
        }
        if (rc == 0 && !is_of_connection(mf_buf_peek(&name))) {
            rc = mf_headers_append(out, mf_buf_peek(&name), header.value);
        }
    }
    mf_buf_done(&name);
    return rc;
}

static bool may_have_body(const struct mf_intercept *intercept, int status)
{
    return status != 204 && status != 205 && status != 304 &&
           !mf_slice_equal_cstr(mf_buf_peek(&intercept->method), "HEAD");
}

/* All of the answer went on; the run may live on. */
static void end_answer(struct mf_intercept *intercept)
{
    end_upload(intercept, MF_E_CANCELED);
    finish(intercept, 0);
}

static void run_on_response(struct mf_run *run, void *user, const struct mf_msg_response *response)
{
    struct mf_intercept *intercept = intercept_of(user);
    struct mf_egress_answer head = {.status = response->status,
                                    .reason = response->status_text,
                                    .has_body =
                                        response->has_body && may_have_body(intercept, response->status)};
    struct mf_buf headers;

    intercept->live.record.status = response->status;
    if (intercept->events == NULL) {
        return;
    }
    moved(intercept);
    mf_buf_init(&headers, MF_HEADERS_ENCODED_BYTES_MAX);
    if (copy_headers(response->headers, &headers) < 0) {
        finish(intercept, MF_E_NO_MEMORY);
        mf_run_cancel(run, MF_E_NO_MEMORY);
    } else {
        head.headers = mf_buf_peek(&headers);
        intercept->is_answered = true;
        intercept->events->on_head(intercept->user, &head);
    }
    mf_buf_done(&headers);
    if (response->has_body && !head.has_body) {
        mf_run_stop_body(run);
    }
    if (!head.has_body && intercept->events != NULL) {
        end_answer(intercept);
    }
}

static void run_on_body(struct mf_run *run, void *user, struct mf_slice bytes)
{
    struct mf_intercept *intercept = intercept_of(user);

    intercept->live.record.bytes_out += bytes.size;
    if (intercept->events == NULL) {
        mf_run_body_consumed(run, bytes.size);
        return;
    }
    moved(intercept);
    /* A worker that was told to wait has a window to fill; what it sent before it heard of it is taken all the same. */
    if (!intercept->events->on_body(intercept->user, bytes) && intercept->events != NULL) {
        intercept->is_paused = true;
    }
    if (intercept->is_paused) {
        intercept->unconsumed += bytes.size;
    } else {
        mf_run_body_consumed(run, bytes.size);
    }
}

static void run_on_body_end(struct mf_run *run, void *user)
{
    struct mf_intercept *intercept = intercept_of(user);

    (void)run;
    if (intercept->events != NULL) {
        end_answer(intercept);
    }
}

static void run_on_body_abort(struct mf_run *run, void *user, int error, struct mf_slice text)
{
    struct mf_intercept *intercept = intercept_of(user);

    (void)run;
    (void)error; /* on_done says it again, for the log. */
    (void)text;
    end_upload(intercept, MF_E_CANCELED);
    finish(intercept, MF_E_UPSTREAM_CLOSED);
}

static void run_on_done(struct mf_run *run, void *user, const struct mf_run_result *result)
{
    struct mf_intercept *intercept = intercept_of(user);
    const struct mf__record *record = &intercept->live.record;

    (void)run;
    mf__live_over(&intercept->live);
    mf__account_ended(&intercept->live, result);
    const struct mf_log_subject subject = {
        .id = intercept->live.id, .tenant = intercept->live.tenant, .trace = record->trace_id};
    mf_log_of(
        result->error == 0 || result->error == MF_E_CANCELED ? MF_LOG_INFO : MF_LOG_WARN, result->error,
        &subject, "interceptor worker=%s depth=%u for=%s status=%d in=%llu out=%llu cpu_ms=%.3f ms=%.3f %.*s",
        intercept->worker, intercept->live.depth, intercept->run, record->status,
        (unsigned long long)record->bytes_in, (unsigned long long)record->bytes_out,
        (double)result->cpu_ns / (double)MF_NS_PER_MS, (double)result->wall_ns / (double)MF_NS_PER_MS,
        (int)(result->text.size < MF_INTERCEPT_TEXT_BYTES ? result->text.size : MF_INTERCEPT_TEXT_BYTES),
        (const char *)result->text.data);
    finish(intercept, intercept->is_answered ? MF_E_UPSTREAM_CLOSED : MF_E_OUTBOUND_INTERCEPTOR);
    free_intercept(intercept);
}

static const struct mf_run_events run_events = {
    MF__LIVE_EVENTS,
    .on_response = run_on_response,
    .on_body = run_on_body,
    .on_body_end = run_on_body_end,
    .on_body_abort = run_on_body_abort,
    .on_request_credit = run_on_request_credit,
    .on_request_stop = run_on_request_stop,
    .on_done = run_on_done,
};

/* ---- the beginning ------------------------------------------------------------------------------------ */

static int begin(struct mf_intercept *intercept)
{
    struct mf__call *call = &intercept->call;
    int rc = mf__request_parts(&call->bundle, mf_buf_peek(&intercept->method), mf_buf_peek(&intercept->url),
                               mf_buf_peek(&intercept->headers));

    call->has_body = intercept->has_body;
    if (rc == 0) {
        rc = mf__live_start(&intercept->live, call, &run_events);
    }
    if (rc == 0) {
        intercept->state = INTERCEPT_RUNNING;
        moved(intercept);
    }
    return rc;
}

/* In LOADING or LOOKING it ends with |error|. */
static void fail(struct mf_intercept *intercept, int error)
{
    mf_log(MF_LOG_WARN, error, intercept->run, "the interceptor worker %s could not be started",
           intercept->worker);
    finish(intercept, MF_E_OUTBOUND_INTERCEPTOR);
    free_intercept(intercept);
}

static void looked(struct mf__look *look, int error)
{
    struct mf_intercept *intercept = MF_CONTAINER_OF(look, struct mf_intercept, look);
    struct mf_api *api = intercept->live.api;

    if (intercept->events == NULL) {
        free_intercept(intercept); /* It was called off meanwhile. */
        return;
    }
    error = error < 0 ? error : mf__outbounds_resolved(api, look, &intercept->fault);
    error = error < 0 ? error : begin(intercept);
    if (error < 0) {
        fail(intercept, error);
    }
}

/* 0: it runs. MF_E_AGAIN: later. */
static int prepare(struct mf_intercept *intercept, const struct mf__worker *worker)
{
    struct mf_api *api = intercept->live.api;
    int rc;

    mf__call_done(&intercept->call);
    mf__worker_call(worker, api->config, &intercept->call);
    intercept->call.kind = MF_TRACE_INTERCEPTOR;
    intercept->call.trace = intercept->trace;
    intercept->state = INTERCEPT_LOOKING;
    rc = mf__outbounds_resolve(api, &intercept->call, &intercept->fault, &intercept->look, looked);
    return rc < 0 ? rc : begin(intercept);
}

static void found(struct mf__worker_wait *wait, int error, const struct mf__worker *worker)
{
    struct mf_intercept *intercept = MF_CONTAINER_OF(wait, struct mf_intercept, wait);

    error = error < 0 ? error : prepare(intercept, worker);
    if (error < 0 && error != MF_E_AGAIN) {
        fail(intercept, error);
    }
}

static int copy_request(struct mf_intercept *intercept, const struct mf_intercept_spec *spec)
{
    mf_buf_init(&intercept->method, MF_OUTBOUND_METHOD_BYTES_MAX);
    mf_buf_init(&intercept->url, MF_FRAME_PAYLOAD_BYTES_MAX);
    mf_buf_init(&intercept->headers, MF_HEADERS_ENCODED_BYTES_MAX);
    mf_buf_init(&intercept->piece, MF_INTERCEPT_PIECE_BYTES);
    int rc = mf_buf_append_slice(&intercept->method, spec->method);
    rc = rc < 0 ? rc : mf_buf_append_slice(&intercept->url, spec->url);
    return rc < 0 ? rc : mf_buf_append_slice(&intercept->headers, spec->headers);
}

static struct mf_intercept *new_intercept(struct mf_api *api, const struct mf_intercept_spec *spec)
{
    struct mf_intercept *intercept = mf_new(sizeof *intercept);
    char id[MF_ID_BYTES_MAX];

    mf_random_id("run_", id);
    mf__call_init(&intercept->call, api->config);
    (void)snprintf(intercept->call.tenant, sizeof intercept->call.tenant, "%.*s", (int)spec->tenant.size,
                   spec->tenant.size == 0 ? "" : (const char *)spec->tenant.data);
    mf__call_fault_init(&intercept->fault);
    mf__live_init(&intercept->live, api, id, &intercept->call, 0);
    intercept->live.depth = spec->depth;
    (void)snprintf(intercept->run, sizeof intercept->run, "%s", spec->run);
    (void)snprintf(intercept->worker, sizeof intercept->worker, "%.*s", (int)spec->worker.size,
                   (const char *)spec->worker.data);
    mf_trace_context_from(spec->traceparent, spec->tracestate, &intercept->trace);
    intercept->has_body = spec->has_body;
    intercept->wait.done = found;
    moved(intercept);
    return intercept;
}

static int start(void *user,
                 const struct mf_intercept_spec *spec,
                 const struct mf_intercept_events *events,
                 void *events_user,
                 struct mf_intercept **ret_intercept)
{
    struct mf_api *api = user;
    struct mf_intercept *intercept = new_intercept(api, spec);
    const struct mf__worker *worker = NULL;
    int rc = copy_request(intercept, spec);

    intercept->events = events;
    intercept->user = events_user;
    if (rc == 0) {
        rc = mf__workers_get(api->workers, spec->tenant, mf_slice_of_cstr(intercept->worker),
                             &intercept->wait, &worker);
    }
    if (rc == 0) {
        rc = prepare(intercept, worker);
    }
    if (rc < 0 && rc != MF_E_AGAIN) {
        intercept->events = NULL; /* The answer of this call says it. */
        fail(intercept, rc);
        return MF_E_OUTBOUND_INTERCEPTOR;
    }
    *ret_intercept = intercept;
    return 0;
}

/* ---- what egress says ------------------------------------------------------------------------------------ */

static void cancel(MF_OWN struct mf_intercept *intercept)
{
    intercept->events = NULL;
    switch (intercept->state) {
    case INTERCEPT_LOADING:
        mf__workers_cancel(&intercept->wait);
        free_intercept(intercept);
        break;
    case INTERCEPT_LOOKING: /* The look ends it. */
        break;
    case INTERCEPT_RUNNING:
        mf__live_cancel(&intercept->live);
        break;
    }
}

static void resume(struct mf_intercept *intercept)
{
    size_t bytes = intercept->unconsumed;

    if (!intercept->is_paused) {
        return;
    }
    intercept->is_paused = false;
    intercept->unconsumed = 0;
    moved(intercept); /* The wait was not the worker's. */
    mf_run_body_consumed(intercept->live.run, bytes);
}

static void feed(struct mf_intercept *intercept)
{
    if (intercept->is_starved) {
        intercept->is_starved = false;
        moved(intercept);
        pump(intercept);
    }
}

static void tell_state(const struct mf_intercept *intercept, struct mf_intercept_state *ret_state)
{
    ret_state->is_answered = intercept->is_answered;
    ret_state->is_held = intercept->is_paused || (intercept->is_starved && !intercept->is_answered);
    ret_state->moved_ns = intercept->moved_ns;
}

const struct mf_interceptor mf__interceptor = {
    .start = start,
    .cancel = cancel,
    .resume = resume,
    .feed = feed,
    .state = tell_state,
};
