/* run.c - POST /v1/run: the life of one call, from the first byte of its body to the last of its answer.
 *
 *   READING --body is whole--> PARSING --valid--> WAITING --a place--> RUNNING --response (as is)--> STREAMING
 *      |                          |                  |                    |                              |
 *      +--------------------------+------------------+--------------------+------------------------------+--> OVER
 *
 * Two other lives end on their own: the exchange (the client may leave at any time: |exchange| is NULL then) and the pool's
 * run (|run| is set from RUNNING until on_done). The call is freed when neither is left and no worker thread reads it.
 *
 *   state      exchange      ticket   run     the client's next news
 *   READING    yes           idle     no      a problem
 *   PARSING    yes or gone   idle     no      a problem
 *   WAITING    yes           waits    no      a problem (503)
 *   RUNNING    yes or gone   holds    yes     the envelope, the worker's head, or a problem
 *   STREAMING  yes or gone   holds    yes     the body; cut off when the run fails
 *   OVER       no            idle     no      nothing
 */
#include <stdio.h>

#include "accept.h"
#include "call.h"
#include "fetches.h"
#include "internal.h"
#include "outbounds.h"
#include "record.h"

enum run_state { RUN_READING, RUN_PARSING, RUN_WAITING, RUN_RUNNING, RUN_STREAMING, RUN_OVER };

enum run_form { FORM_TYPESCRIPT, FORM_JAVASCRIPT, FORM_JSON };

struct run {
    struct mf_api *api;
    struct mf_exchange *exchange; /* NULL once it has ended. */
    struct mf_run *run;           /* NULL before RUNNING and after on_done. */
    enum run_state state;
    enum run_form form;
    bool wants_envelope;
    bool is_body_over; /* The response's body was ended or cut; nothing more may be written. */
    char id[MF_ID_BYTES_MAX];
    struct mf_buf source; /* The body of the call. */
    struct mf_buf query;  /* Of the call's target: the curl form hands it on to the worker. */
    uint64_t bytes_held;  /* Counted in api->bytes_held. */
    struct mf__call call;
    size_t body_sent; /* Of call.body. */
    struct mf__record record;
    struct mf__fetches fetches;
    struct mf_ticket ticket;
    size_t unconsumed; /* Bytes of on_body that the client's connection has no room for yet. */
    int64_t body_left; /* Of a declared content-length; -1: chunked. */
    uv_work_t work;
    int parse_error;
    struct mf__call_fault fault;
};

static void check(const struct run *run)
{
    switch (run->state) {
    case RUN_READING:
    case RUN_WAITING:
        MF_ASSERT(run->exchange != NULL && run->run == NULL);
        break;
    case RUN_PARSING:
        MF_ASSERT(run->run == NULL && run->ticket.state == MF_TICKET_IDLE);
        break;
    case RUN_RUNNING:
    case RUN_STREAMING:
        MF_ASSERT(run->run != NULL && run->ticket.state == MF_TICKET_HOLDS);
        break;
    case RUN_OVER:
        MF_ASSERT(run->exchange == NULL && run->run == NULL && run->ticket.state == MF_TICKET_IDLE);
        break;
    }
}

/* Ends the call; nothing else refers to it. */
static void free_run(struct run *run)
{
    struct mf_api *api = run->api;

    run->state = RUN_OVER;
    check(run);
    api->bytes_held -= run->bytes_held;
    mf__call_done(&run->call);
    mf__call_fault_done(&run->fault);
    mf__record_done(&run->record);
    mf_buf_done(&run->source);
    mf_buf_done(&run->query);
    mf_free(run);
}

static void release_ticket(struct run *run)
{
    mf_admit_release(run->api->admit, &run->ticket, mf_clock_now_ns());
    mf__api_arm_admit(run->api);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* Answers with a problem, if there is anybody to hear it. The exchange has ended afterwards. */
static void reply_problem(struct run *run, const struct mf__problem *problem)
{
    struct mf_exchange *exchange = run->exchange;

    if (exchange != NULL) {
        run->exchange = NULL;
        mf__problem_reply(exchange, problem);
    }
}

/* For the states before RUNNING: the call ends with |error|. */
static void refuse(struct run *run, int error)
{
    struct mf__problem problem = {.error = error,
                                  .detail = mf_buf_peek(&run->fault.why),
                                  .param = mf_buf_peek(&run->fault.param),
                                  .id = run->id};
    struct mf_buf members;

    mf_buf_init(&members, MF__OUTBOUNDS_FAULTS_BYTES_MAX);
    if (error == MF_E_OVERLOADED || error == MF_E_DRAINING || error == MF_E_NO_EXECUTOR) {
        problem.retry_after_s = mf_admit_retry_after_s(run->api->admit, mf_clock_now_ns());
    } else if (error == MF_E_OUTBOUND_POLICY) {
        mf__outbounds_tell(&run->fault.policy, &members, &problem);
    }
    reply_problem(run, &problem);
    mf_buf_done(&members);
    free_run(run);
}

/* A run that failed before its response began, or one whose executor failed under it. */
static void reply_failure(struct run *run, const struct mf_run_result *result)
{
    struct mf__problem problem = {.error = result->error, .detail = result->text, .id = run->id};
    struct mf_buf members;

    if (run->exchange == NULL) {
        return;
    }
    mf_buf_init(&members, mf__record_bytes_max(&run->record));
    if (mf__record_write_members(&run->record, result, &members) == 0) {
        problem.members = mf_buf_peek(&members);
    }
    reply_problem(run, &problem);
    mf_buf_done(&members);
}

static void reply_envelope(struct run *run, const struct mf_run_result *result)
{
    struct mf_exchange *exchange = run->exchange;
    struct mf_buf body;
    struct mf_buf headers;
    int rc;

    if (exchange == NULL) {
        return;
    }
    run->exchange = NULL;
    mf_buf_init(&body, mf__record_bytes_max(&run->record));
    mf_buf_init(&headers, 256);
    rc = mf__record_write_envelope(&run->record, run->id, result, &body);
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"),
                               mf_slice_of_cstr("application/json"));
    }
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("mayfly-run-id"), mf_slice_of_cstr(run->id));
    }
    if (rc == 0) {
        mf_exchange_reply(exchange, 200, mf_buf_peek(&headers), mf_buf_peek(&body));
    } else {
        mf__problem_reply_error(exchange, rc);
    }
    mf_buf_done(&headers);
    mf_buf_done(&body);
}

/* The machinery failed, not the worker: the caller may try again, so it is a problem in both forms. */
static bool is_ours(int error)
{
    return error == MF_E_EXECUTOR_LOST || error == MF_E_EXECUTOR_PROTOCOL || error == MF_E_NO_EXECUTOR ||
           error == MF_E_CLOSED || error == MF_E_INTERNAL || error == MF_E_NO_MEMORY;
}

static void cut_response(struct run *run)
{
    struct mf_exchange *exchange = run->exchange;

    run->is_body_over = true;
    if (exchange != NULL) {
        run->exchange = NULL;
        mf_exchange_destroy(exchange);
    }
}

static void end_response(struct run *run)
{
    struct mf_exchange *exchange = run->exchange;

    run->is_body_over = true;
    if (exchange != NULL) {
        run->exchange = NULL;
        mf_exchange_end(exchange);
    }
}

/* ---- what the pool's run says ---------------------------------------------------------------- */

static void run_on_log(struct mf_run *pool_run, void *user, const struct mf_msg_log *log)
{
    struct run *run = user;
    (void)pool_run;
    mf__record_log(&run->record, log);
}

static void run_on_exception(struct mf_run *pool_run, void *user, const struct mf_msg_exception *exception)
{
    struct run *run = user;
    (void)pool_run;
    mf__record_exception(&run->record, exception);
}

/* The length that the worker's runtime declared, or -1. */
static int64_t declared_length(struct mf_slice headers)
{
    struct mf_header header;
    size_t cursor = 0;
    uint64_t length;

    while (mf_headers_next(headers, &cursor, &header) > 0) {
        if (mf_slice_equal_nocase(header.name, "content-length") &&
            mf_slice_parse_u64(header.value, MF_RUN_RESPONSE_BYTES_MAX, &length) == 0) {
            return (int64_t)length;
        }
    }
    return -1;
}

/* The worker's headers without those that are the server's, and the run's id. */
static int copy_headers(struct run *run, struct mf_slice headers, struct mf_buf *out)
{
    struct mf_header header;
    size_t cursor = 0;
    int rc = 0;

    while (rc == 0 && mf_headers_next(headers, &cursor, &header) > 0) {
        if (mf_slice_equal_nocase(header.name, "content-length") ||
            mf_slice_equal_nocase(header.name, "mayfly-run-id")) {
            continue;
        }
        rc = mf_headers_append(out, header.name, header.value);
    }
    return rc < 0 ? rc : mf_headers_append(out, mf_slice_of_cstr("mayfly-run-id"), mf_slice_of_cstr(run->id));
}

static int begin_streaming(struct run *run, const struct mf_msg_response *response)
{
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, MF_HEADERS_ENCODED_BYTES_MAX + 128);
    rc = copy_headers(run, response->headers, &headers);
    if (rc == 0) {
        run->body_left = response->has_body ? declared_length(response->headers) : 0;
        run->state = RUN_STREAMING;
        rc = mf_exchange_respond(run->exchange, response->status, mf_buf_peek(&headers), run->body_left);
    }
    mf_buf_done(&headers);
    return rc;
}

static void run_on_response(struct mf_run *pool_run, void *user, const struct mf_msg_response *response)
{
    struct run *run = user;
    int rc;

    run->record.status = response->status;
    if (run->exchange == NULL) {
        return;
    }
    rc = run->wants_envelope ? mf__record_response(&run->record, response) : begin_streaming(run, response);
    if (rc < 0) {
        cut_response(run);
        mf_run_cancel(pool_run, rc);
    } else if (!response->has_body && !run->wants_envelope) {
        end_response(run);
    }
}

static void hold_body(struct run *run, struct mf_slice bytes)
{
    if (mf_buf_append_slice(&run->record.body, bytes) < 0) {
        mf_run_cancel(run->run, MF_E_LIMIT_RESPONSE);
        return;
    }
    mf_run_body_consumed(run->run, bytes.size);
}

static void stream_body(struct run *run, struct mf_slice bytes)
{
    bool is_full = false;

    /* More than was declared would run into the next response of the connection. */
    if (run->body_left >= 0 && bytes.size > (uint64_t)run->body_left) {
        cut_response(run);
        mf_run_cancel(run->run, MF_E_EXECUTOR_PROTOCOL);
        return;
    }
    if (mf_exchange_write(run->exchange, bytes, &is_full) < 0) {
        cut_response(run);
        mf_run_cancel(run->run, MF_E_CANCELED);
        return;
    }
    if (run->body_left >= 0) {
        run->body_left -= (int64_t)bytes.size;
    }
    run->unconsumed += bytes.size;
    if (!is_full) {
        mf_run_body_consumed(run->run, run->unconsumed);
        run->unconsumed = 0;
    }
}

static void run_on_body(struct mf_run *pool_run, void *user, struct mf_slice bytes)
{
    struct run *run = user;

    run->record.bytes_out += bytes.size;
    if (run->exchange == NULL) {
        mf_run_body_consumed(pool_run, bytes.size);
    } else if (run->wants_envelope) {
        hold_body(run, bytes);
    } else {
        stream_body(run, bytes);
    }
}

static void run_on_body_end(struct mf_run *pool_run, void *user)
{
    struct run *run = user;

    (void)pool_run;
    if (run->wants_envelope) {
        run->is_body_over = true;
    } else if (run->body_left > 0) {
        cut_response(run); /* Less than was declared. */
    } else {
        end_response(run);
    }
}

static void run_on_body_abort(struct mf_run *pool_run, void *user, int error, struct mf_slice text)
{
    struct run *run = user;

    (void)pool_run;
    (void)error; /* on_done says it again, with the usage. */
    (void)text;
    if (run->wants_envelope) {
        run->is_body_over = true;
    } else {
        cut_response(run);
    }
}

static void run_on_request_credit(struct mf_run *pool_run, void *user)
{
    struct run *run = user;
    struct mf_slice rest =
        mf_slice_of(run->call.body.data + run->body_sent, run->call.body.size - run->body_sent);

    run->body_sent += mf_run_write(pool_run, rest);
    if (run->body_sent == run->call.body.size) {
        mf_run_end_request(pool_run);
    }
}

static void run_on_done(struct mf_run *pool_run, void *user, const struct mf_run_result *result)
{
    struct run *run = user;
    struct mf_run_result shown = *result;

    (void)pool_run;
    run->run = NULL;
    mf__fetches_end(&run->fetches, &run->record);
    run->record.bytes_in = run->body_sent;
    if (shown.error == 0 && run->record.status == 0) {
        shown.error = MF_E_EXECUTOR_PROTOCOL; /* Done well, yet it never answered. */
    }
    if (run->wants_envelope && !is_ours(shown.error)) {
        reply_envelope(run, &shown);
    } else if (run->state == RUN_RUNNING) {
        reply_failure(run, &shown);
    } else {
        cut_response(run); /* STREAMING, and the body has not ended. */
    }
    release_ticket(run);
    free_run(run);
}

/* ---- the run's fetches ------------------------------------------------------------------------- */

static void run_on_fetch(struct mf_run *pool_run, void *user, const struct mf_msg_fetch *fetch)
{
    struct run *run = user;
    (void)pool_run;
    mf__fetches_fetch(&run->fetches, fetch);
}

static void run_on_fetch_abort(struct mf_run *pool_run, void *user, uint32_t fetch)
{
    struct run *run = user;
    (void)pool_run;
    mf__fetches_drop(&run->fetches, fetch);
}

static void run_on_fetch_body(struct mf_run *pool_run, void *user, uint32_t fetch, struct mf_slice bytes)
{
    struct run *run = user;
    (void)pool_run;
    mf__fetches_body(&run->fetches, fetch, bytes);
}

static void run_on_fetch_body_end(struct mf_run *pool_run, void *user, uint32_t fetch, int error)
{
    struct run *run = user;
    (void)pool_run;
    mf__fetches_body_end(&run->fetches, fetch, error);
}

static void run_on_fetch_credit(struct mf_run *pool_run, void *user, uint32_t fetch)
{
    struct run *run = user;
    (void)pool_run;
    mf__fetches_credit(&run->fetches, fetch);
}

static const struct mf_run_events run_events = {
    .on_log = run_on_log,
    .on_exception = run_on_exception,
    .on_response = run_on_response,
    .on_body = run_on_body,
    .on_body_end = run_on_body_end,
    .on_body_abort = run_on_body_abort,
    .on_request_credit = run_on_request_credit,
    .on_fetch = run_on_fetch,
    .on_fetch_abort = run_on_fetch_abort,
    .on_fetch_body = run_on_fetch_body,
    .on_fetch_body_end = run_on_fetch_body_end,
    .on_fetch_credit = run_on_fetch_credit,
    .on_fetch_stop = run_on_fetch_abort,
    .on_done = run_on_done,
};

/* ---- from a valid call to a run --------------------------------------------------------------- */

static void start(struct run *run)
{
    bool may_fetch = run->call.policy != NULL;
    struct mf_run_spec spec = {.id = run->id,
                               .cpu_ns = run->call.cpu_ms * MF_NS_PER_MS,
                               .wall_ns = run->call.wall_ms * MF_NS_PER_MS,
                               .memory_bytes = run->call.memory_mb << 20,
                               .response_bytes = run->call.response_bytes,
                               .log_bytes = (uint32_t)run->call.log_bytes,
                               .subrequests = (uint32_t)run->call.subrequests,
                               .flags =
                                   (run->api->config->is_clock_frozen ? (uint32_t)MF_START_CLOCK_FROZEN : 0) |
                                   (run->call.has_body ? (uint32_t)MF_START_HAS_BODY : 0) |
                                   (may_fetch ? (uint32_t)MF_START_FETCH_ALLOWED : 0),
                               .bundle = run->call.bundle};
    int rc = mf_pool_run(run->api->pool, &spec, &run_events, run, &run->run);

    if (rc < 0) {
        release_ticket(run);
        refuse(run, rc);
        return;
    }
    mf_buf_init(&run->call.bundle, MF_BUNDLE_BYTES_MAX); /* Its bytes are the pool's now. */
    if (may_fetch) {
        mf__fetches_begin(&run->fetches, run->api->egress, run->run, run->id, run->call.policy,
                          (uint32_t)run->call.subrequests);
    }
    run->state = RUN_RUNNING;
    check(run);
}

static void ticket_turn(struct mf_ticket *ticket, void *user, int error)
{
    struct run *run = user;

    (void)ticket;
    if (error < 0) {
        refuse(run, error);
    } else {
        start(run);
    }
}

static void admit(struct run *run)
{
    int rc = mf_admit_try(run->api->admit, &run->ticket, mf_clock_now_ns(), ticket_turn, run);

    if (rc == MF_E_AGAIN) {
        run->state = RUN_WAITING;
        mf__api_arm_admit(run->api);
    } else if (rc < 0) {
        refuse(run, rc);
    } else {
        start(run);
    }
}

/* Any thread: reads |run->source| and nothing that the loop thread writes meanwhile. */
static void parse(struct run *run)
{
    const struct mf_config *config = run->api->config;
    struct mf_slice body = mf_buf_peek(&run->source);

    if (run->form == FORM_JSON) {
        run->parse_error = mf__call_read_json(&run->call, config, body, &run->fault);
    } else {
        run->parse_error = mf__call_read_source(&run->call, config, body, run->form == FORM_TYPESCRIPT,
                                                mf_buf_peek(&run->query), &run->fault);
    }
}

static void parsed(struct run *run)
{
    mf_buf_done(&run->source);
    if (run->exchange == NULL) {
        free_run(run); /* The client left meanwhile. */
        return;
    }
    if (run->parse_error == 0) {
        run->parse_error = mf__outbounds_resolve(run->api, &run->call, &run->fault);
    }
    if (run->parse_error < 0) {
        refuse(run, run->parse_error);
    } else {
        mf__record_done(&run->record);
        mf__record_init(&run->record, run->call.log_bytes, MF_RUN_ENVELOPE_BYTES_MAX);
        admit(run);
    }
}

static void parse_work(uv_work_t *work)
{
    parse(work->data);
}

static void parse_done(uv_work_t *work, int status)
{
    struct run *run = work->data;

    if (status < 0) {
        run->parse_error = MF_E_CANCELED;
    }
    parsed(run);
}

/* ---- what the exchange says ------------------------------------------------------------------- */

static void on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct run *run = user;
    struct mf_api *api = run->api;
    int rc = api->bytes_held + bytes.size > MF_API_HELD_BYTES_MAX ? MF_E_OVERLOADED
                                                                  : mf_buf_append_slice(&run->source, bytes);
    (void)exchange;
    if (rc == MF_E_TOO_LARGE) {
        mf_ignore(
            mf_buf_printf(&run->fault.why, "The body is larger than %zu bytes.", run->source.bytes_max));
        rc = MF_E_HTTP_BODY;
    }
    if (rc < 0) {
        refuse(run, rc);
        return;
    }
    run->bytes_held += bytes.size;
    api->bytes_held += bytes.size;
}

static void on_body_end(struct mf_exchange *exchange, void *user)
{
    struct run *run = user;

    (void)exchange;
    run->state = RUN_PARSING;
    if (run->source.size > MF_API_INLINE_PARSE_BYTES_MAX) {
        run->work.data = run;
        int rc = uv_queue_work(run->api->loop, &run->work, parse_work, parse_done);
        MF_ASSERT(rc == 0); /* Fails only without a callback. */
        return;
    }
    parse(run);
    parsed(run);
}

static void on_drain(struct mf_exchange *exchange, void *user)
{
    struct run *run = user;
    size_t bytes = run->unconsumed;

    (void)exchange;
    if (run->run != NULL && bytes > 0) {
        run->unconsumed = 0;
        mf_run_body_consumed(run->run, bytes);
    }
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct run *run = user;

    (void)exchange;
    (void)error;
    run->exchange = NULL;
    switch (run->state) {
    case RUN_READING:
    case RUN_WAITING:
        release_ticket(run);
        free_run(run);
        break;
    case RUN_PARSING: /* parsed() sees that nobody is there. */
        break;
    case RUN_RUNNING:
    case RUN_STREAMING:
        run->is_body_over = true;
        mf_run_cancel(run->run, MF_E_CANCELED);
        mf__fetches_end(&run->fetches, &run->record);
        break;
    case RUN_OVER:
        MF_ASSERT(false);
        break;
    }
}

static const struct mf_exchange_events exchange_events = {
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_drain = on_drain,
    .on_abort = on_abort,
};

/* ---- the beginning ----------------------------------------------------------------------------- */

/* "application/json; charset=utf-8" to "application/json". */
static struct mf_slice media_type(struct mf_slice value)
{
    size_t size = 0;

    while (size < value.size && value.data[size] != ';' && value.data[size] != ' ') {
        size++;
    }
    return mf_slice_of(value.data, size);
}

static int read_form(const struct mf_request *request, enum run_form *ret_form)
{
    static const struct {
        const char *type;
        enum run_form form;
    } forms[] = {
        {"application/json", FORM_JSON},
        {"application/typescript", FORM_TYPESCRIPT},
        {"text/typescript", FORM_TYPESCRIPT},
        {"text/javascript", FORM_JAVASCRIPT},
        {"application/javascript", FORM_JAVASCRIPT},
        {"application/ecmascript", FORM_JAVASCRIPT},
    };
    struct mf_slice type = media_type(mf_request_header(request, "content-type"));

    for (size_t i = 0; i < MF_COUNT_OF(forms); i++) {
        if (mf_slice_equal_nocase(type, forms[i].type)) {
            *ret_form = forms[i].form;
            return 0;
        }
    }
    return MF_E_API_TYPE;
}

void mf__run_post(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    enum run_form form;
    struct run *run;
    int rc = api->is_draining ? MF_E_DRAINING : read_form(request, &form);

    if (rc < 0) {
        struct mf__problem problem = {.error = rc};
        if (rc == MF_E_API_TYPE) {
            problem.detail = mf_slice_of_cstr("Send TypeScript as application/typescript, JavaScript as "
                                              "text/javascript, or a whole call as application/json.");
        }
        mf__problem_reply(exchange, &problem);
        return;
    }
    run = mf_new(sizeof *run);
    run->api = api;
    run->exchange = exchange;
    run->form = form;
    run->wants_envelope = mf__accept_wants_json(mf_request_header(request, "accept"), form == FORM_JSON);
    mf_random_id("run_", run->id);
    mf_buf_init(&run->source, form == FORM_JSON ? api->config->body_bytes_max : api->config->code_bytes_max);
    mf__call_init(&run->call, api->config);
    mf__call_fault_init(&run->fault);
    mf__record_init(&run->record, 0, 0);
    run->state = RUN_READING;
    check(run);
    mf_buf_init(&run->query, MF_HTTP_TARGET_BYTES_MAX);
    rc = mf_buf_append_slice(&run->query, request->query);
    if (rc < 0) {
        refuse(run, rc);
        return;
    }
    mf_exchange_listen(exchange, &exchange_events, run);
    mf_exchange_read(exchange);
}
