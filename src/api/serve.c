/* serve.c - the life of one call from its place to the last byte of its answer.
 *
 *   WAITING --a place--> RUNNING --response (as is)--> STREAMING
 *      |                    |                              |
 *      |                    +--the run is over--> SETTLING-+
 *      |                                              |
 *      +----------------------------------------------+-------> OVER
 *
 * Two other lives end on their own: the exchange (the client may leave at any time: |exchange| is NULL then) and the pool's
 * run (live.run is set from RUNNING until on_done). The call is freed when neither is left.
 *
 *   state      exchange      ticket   run     the client's next news
 *   WAITING    yes           waits    no      a problem (503)
 *   RUNNING    yes or gone   holds    yes     the envelope, the worker's head, or a problem
 *   STREAMING  yes or gone   holds    yes     the body; cut off when the run fails
 *   SETTLING   yes or gone   holds    no      as before; a transaction on files is made to happen, or not
 *   OVER       no            idle     no      nothing
 */
#include "serve.h"

#include "account.h"
#include "allowance.h"
#include "live.h"
#include "observe.h"
#include "outbounds.h"

enum serve_state { SERVE_WAITING, SERVE_RUNNING, SERVE_STREAMING, SERVE_SETTLING, SERVE_OVER };

struct serve {
    struct mf__live live;
    struct mf_exchange *exchange; /* NULL once it has ended. */
    enum serve_state state;
    bool wants_envelope;
    bool is_streaming; /* SETTLING: its response had begun. */
    bool is_body_over; /* The response's body was ended or cut; nothing more may be written. */
    uint64_t bytes_held;
    struct mf__call call;
    struct mf_ticket ticket;
    size_t unconsumed; /* Bytes of on_body that the client's connection has no room for yet. */
    int64_t body_left; /* Of a declared content-length; -1: chunked. */

    /* The request's body. */
    bool streams_body;   /* It comes from the exchange; else it is call.body, whole. */
    struct mf_buf piece; /* Came from the exchange, and the run has no room for it yet. */
    bool is_upload_over; /* All of it came, or nobody wants more. */
    size_t body_sent;    /* Of call.body. */
};

static void check(const struct serve *serve)
{
    switch (serve->state) {
    case SERVE_WAITING:
        MF_ASSERT(serve->exchange != NULL && serve->live.run == NULL);
        break;
    case SERVE_RUNNING:
    case SERVE_STREAMING:
        MF_ASSERT(serve->live.run != NULL && serve->ticket.state == MF_TICKET_HOLDS);
        break;
    case SERVE_SETTLING:
        MF_ASSERT(serve->live.run == NULL && serve->ticket.state == MF_TICKET_HOLDS);
        break;
    case SERVE_OVER:
        MF_ASSERT(serve->exchange == NULL && serve->live.run == NULL &&
                  serve->ticket.state == MF_TICKET_IDLE);
        break;
    }
}

static struct serve *serve_of(void *user)
{
    struct mf__live *live = user;

    return MF_CONTAINER_OF(live, struct serve, live);
}

static void release_ticket(struct serve *serve)
{
    mf_admit_release(serve->live.api->admit, &serve->ticket, mf_clock_now_ns());
    mf__api_arm_admit(serve->live.api);
}

/* Ends the call; nothing else refers to it. */
static void free_serve(struct serve *serve)
{
    release_ticket(serve);
    serve->state = SERVE_OVER;
    check(serve);
    serve->live.api->bytes_held -= serve->bytes_held;
    mf__call_done(&serve->call);
    mf__live_done(&serve->live);
    mf_buf_done(&serve->piece);
    mf_free(serve);
}

/* ---- answers -------------------------------------------------------------------------------- */

void mf__serve_refuse(struct mf_api *api,
                      struct mf_exchange *exchange,
                      const char *id,
                      int error,
                      const struct mf__call_fault *fault)
{
    struct mf__problem problem = {.error = error, .id = id};
    struct mf__allowance_text text;
    struct mf_buf members;

    mf_buf_init(&members, MF__OUTBOUNDS_FAULTS_BYTES_MAX);
    if (fault != NULL) {
        problem.detail = mf_buf_peek(&fault->why);
        problem.param = mf_buf_peek(&fault->param);
    }
    if (error == MF_E_QUOTA_RUNS) {
        struct mf_admit_who who = mf__allowance_who(api, mf__caller(exchange)->tenant);
        mf__allowance_tell_runs(&who, &text, &problem);
    }
    if (error == MF_E_OVERLOADED || error == MF_E_DRAINING || error == MF_E_NO_EXECUTOR ||
        error == MF_E_QUOTA_RUNS) {
        problem.retry_after_s = mf_admit_retry_after_s(api->admit, mf_clock_now_ns());
    } else if (error == MF_E_OUTBOUND_POLICY && fault != NULL) {
        mf__outbounds_tell(&fault->policy, &members, &problem);
    }
    mf__problem_reply(exchange, &problem);
    mf_buf_done(&members);
}

/* For WAITING: the call ends with |error|. */
static void refuse(struct serve *serve, int error)
{
    struct mf_exchange *exchange = serve->exchange;

    serve->exchange = NULL;
    mf__serve_refuse(serve->live.api, exchange, serve->live.id, error, NULL);
    free_serve(serve);
}

/* A run that failed before its response began, or one whose executor failed under it. */
static void reply_failure(struct serve *serve, const struct mf_run_result *result)
{
    struct mf__problem problem = {.error = result->error, .detail = result->text, .id = serve->live.id};
    struct mf_exchange *exchange = serve->exchange;
    struct mf_buf members;

    if (exchange == NULL) {
        return;
    }
    mf_buf_init(&members, mf__record_bytes_max(&serve->live.record));
    if (mf__record_write_members(&serve->live.record, result, &members) == 0) {
        problem.members = mf_buf_peek(&members);
    }
    serve->exchange = NULL;
    mf__problem_reply(exchange, &problem);
    mf_buf_done(&members);
}

static void reply_envelope(struct serve *serve, const struct mf_run_result *result)
{
    struct mf_exchange *exchange = serve->exchange;
    struct mf_buf body;
    struct mf_buf headers;
    int rc;

    if (exchange == NULL) {
        return;
    }
    serve->exchange = NULL;
    mf_buf_init(&body, mf__record_bytes_max(&serve->live.record));
    mf_buf_init(&headers, 256);
    rc = mf__record_write_envelope(&serve->live.record, serve->live.id, result, &body);
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"),
                               mf_slice_of_cstr("application/json"));
    }
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("mayfly-run-id"), mf_slice_of_cstr(serve->live.id));
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

/* The exchange ends: the worker gets no more of a body that has not come whole. */
static void end_upload(struct serve *serve)
{
    if (serve->streams_body && !serve->is_upload_over) {
        serve->is_upload_over = true;
        mf_run_abort_request(serve->live.run, MF_E_CANCELED);
    }
}

static void cut_response(struct serve *serve)
{
    struct mf_exchange *exchange = serve->exchange;

    serve->is_body_over = true;
    if (exchange != NULL) {
        serve->exchange = NULL;
        mf_exchange_destroy(exchange);
    }
}

static void end_response(struct serve *serve)
{
    struct mf_exchange *exchange = serve->exchange;

    serve->is_body_over = true;
    if (exchange != NULL) {
        serve->exchange = NULL;
        end_upload(serve);
        mf__account_answered(&serve->live);
        mf_exchange_end(exchange);
    }
}

/* ---- the response ------------------------------------------------------------------------------- */

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
static int copy_headers(struct serve *serve, struct mf_slice headers, struct mf_buf *out)
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
    return rc < 0
               ? rc
               : mf_headers_append(out, mf_slice_of_cstr("mayfly-run-id"), mf_slice_of_cstr(serve->live.id));
}

static int begin_streaming(struct serve *serve, const struct mf_msg_response *response)
{
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, MF_HEADERS_ENCODED_BYTES_MAX + 128);
    rc = copy_headers(serve, response->headers, &headers);
    if (rc == 0) {
        serve->body_left = response->has_body ? declared_length(response->headers) : 0;
        serve->state = SERVE_STREAMING;
        rc = mf_exchange_respond(serve->exchange, response->status, mf_buf_peek(&headers), serve->body_left);
    }
    mf_buf_done(&headers);
    return rc;
}

static void run_on_response(struct mf_run *pool_run, void *user, const struct mf_msg_response *response)
{
    struct serve *serve = serve_of(user);
    int rc;

    serve->live.record.status = response->status;
    if (serve->exchange == NULL) {
        return;
    }
    rc = serve->wants_envelope ? mf__record_response(&serve->live.record, response)
                               : begin_streaming(serve, response);
    if (rc < 0) {
        cut_response(serve);
        mf_run_cancel(pool_run, rc);
    } else if (!response->has_body && !serve->wants_envelope) {
        end_response(serve);
    }
}

static void hold_body(struct serve *serve, struct mf_slice bytes)
{
    if (mf_buf_append_slice(&serve->live.record.body, bytes) < 0) {
        mf_run_cancel(serve->live.run, MF_E_LIMIT_RESPONSE);
        return;
    }
    mf_run_body_consumed(serve->live.run, bytes.size);
}

static void stream_body(struct serve *serve, struct mf_slice bytes)
{
    bool is_full = false;

    /* More than was declared would run into the next response of the connection. */
    if (serve->body_left >= 0 && bytes.size > (uint64_t)serve->body_left) {
        cut_response(serve);
        mf_run_cancel(serve->live.run, MF_E_EXECUTOR_PROTOCOL);
        return;
    }
    if (mf_exchange_write(serve->exchange, bytes, &is_full) < 0) {
        cut_response(serve);
        mf_run_cancel(serve->live.run, MF_E_CANCELED);
        return;
    }
    if (serve->body_left >= 0) {
        serve->body_left -= (int64_t)bytes.size;
    }
    serve->unconsumed += bytes.size;
    if (!is_full) {
        mf_run_body_consumed(serve->live.run, serve->unconsumed);
        serve->unconsumed = 0;
    }
}

static void run_on_body(struct mf_run *pool_run, void *user, struct mf_slice bytes)
{
    struct serve *serve = serve_of(user);

    serve->live.record.bytes_out += bytes.size;
    if (serve->exchange == NULL) {
        mf_run_body_consumed(pool_run, bytes.size);
    } else if (serve->wants_envelope) {
        hold_body(serve, bytes);
    } else {
        stream_body(serve, bytes);
    }
}

static void run_on_body_end(struct mf_run *pool_run, void *user)
{
    struct serve *serve = serve_of(user);

    (void)pool_run;
    if (serve->wants_envelope) {
        serve->is_body_over = true;
    } else if (serve->body_left > 0) {
        end_upload(serve);
        cut_response(serve); /* Less than was declared. */
    } else {
        end_response(serve);
    }
}

static void run_on_body_abort(struct mf_run *pool_run, void *user, int error, struct mf_slice text)
{
    struct serve *serve = serve_of(user);

    (void)pool_run;
    (void)error; /* on_done says it again, with the usage. */
    (void)text;
    if (serve->wants_envelope) {
        serve->is_body_over = true;
    } else {
        cut_response(serve);
    }
}

/* ---- the request's body --------------------------------------------------------------------------- */

static void send_held(struct serve *serve)
{
    struct mf_slice rest =
        mf_slice_of(serve->call.body.data + serve->body_sent, serve->call.body.size - serve->body_sent);

    serve->body_sent += mf_run_write(serve->live.run, rest);
    serve->live.record.bytes_in = serve->body_sent;
    if (serve->body_sent == serve->call.body.size) {
        mf_run_end_request(serve->live.run);
    }
}

/* What came of the exchange's body goes on, and when nothing waits any more the next piece may come. */
static void send_piece(struct serve *serve)
{
    size_t taken = mf_run_write(serve->live.run, mf_buf_peek(&serve->piece));

    mf_buf_consume(&serve->piece, taken);
    if (serve->piece.size > 0) {
        return;
    }
    if (serve->is_upload_over) {
        mf_run_end_request(serve->live.run);
    } else if (serve->exchange != NULL) {
        mf_exchange_resume(serve->exchange);
    }
}

static void run_on_request_credit(struct mf_run *pool_run, void *user)
{
    struct serve *serve = serve_of(user);

    (void)pool_run;
    if (serve->streams_body) {
        send_piece(serve);
    } else {
        send_held(serve);
    }
}

/* The worker wants no more: what still comes is read and dropped. */
static void run_on_request_stop(struct mf_run *pool_run, void *user)
{
    struct serve *serve = serve_of(user);

    (void)pool_run;
    mf_buf_reset(&serve->piece);
    if (serve->streams_body && !serve->is_upload_over && serve->exchange != NULL) {
        mf_exchange_resume(serve->exchange);
    }
}

static void settled(struct mf__live *live, const struct mf_run_result *result)
{
    struct serve *serve = serve_of(live);
    struct mf_run_result shown = *result;

    mf__account_ended(&serve->live, &shown);
    if (serve->wants_envelope && !is_ours(shown.error)) {
        reply_envelope(serve, &shown);
    } else if (!serve->is_streaming) {
        reply_failure(serve, &shown);
    } else {
        cut_response(serve); /* Its body has not ended. */
    }
    free_serve(serve);
}

static void run_on_done(struct mf_run *pool_run, void *user, const struct mf_run_result *result)
{
    struct serve *serve = serve_of(user);
    struct mf_run_result shown = *result;

    (void)pool_run;
    if (shown.error == 0 && serve->live.record.status == 0) {
        shown.error = MF_E_EXECUTOR_PROTOCOL; /* Done well, yet it never answered. */
    }
    serve->is_streaming = serve->state == SERVE_STREAMING;
    serve->state = SERVE_SETTLING;
    mf__live_settle(&serve->live, &shown, settled);
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

/* ---- a place, and then a run ------------------------------------------------------------------ */

static void start(struct serve *serve)
{
    int rc = mf__live_start(&serve->live, &serve->call, &run_events);

    if (rc < 0) {
        refuse(serve, rc);
        return;
    }
    serve->state = SERVE_RUNNING;
    check(serve);
    if (serve->streams_body && serve->call.has_body) {
        mf_exchange_read(serve->exchange); /* Not before: until then its bytes wait in the client's socket. */
    }
}

static void ticket_turn(struct mf_ticket *ticket, void *user, int error)
{
    struct serve *serve = user;

    (void)ticket;
    if (error < 0) {
        refuse(serve, error);
    } else {
        start(serve);
    }
}

/* ---- what the exchange says ------------------------------------------------------------------- */

static void on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct serve *serve = user;
    size_t taken = serve->piece.size > 0 ? 0 : mf_run_write(serve->live.run, bytes);

    serve->live.record.bytes_in += bytes.size;
    if (taken == bytes.size) {
        return;
    }
    mf_exchange_pause(exchange);
    if (mf_buf_append(&serve->piece, bytes.data + taken, bytes.size - taken) < 0) {
        mf_run_abort_request(serve->live.run, MF_E_NO_MEMORY);
    }
}

static void on_body_end(struct mf_exchange *exchange, void *user)
{
    struct serve *serve = user;

    (void)exchange;
    serve->is_upload_over = true;
    if (serve->piece.size == 0) {
        mf_run_end_request(serve->live.run);
    }
}

static void on_drain(struct mf_exchange *exchange, void *user)
{
    struct serve *serve = user;
    size_t bytes = serve->unconsumed;

    (void)exchange;
    if (serve->live.run != NULL && bytes > 0) {
        serve->unconsumed = 0;
        mf_run_body_consumed(serve->live.run, bytes);
    }
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct serve *serve = user;

    (void)exchange;
    (void)error;
    serve->exchange = NULL;
    if (serve->state == SERVE_WAITING) {
        free_serve(serve);
    } else if (serve->live.run != NULL) {
        serve->is_body_over = true;
        mf__live_cancel(&serve->live);
    }
}

static const struct mf_exchange_events exchange_events = {
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_drain = on_drain,
    .on_abort = on_abort,
};

void mf__serve(struct mf_api *api,
               struct mf_exchange *exchange,
               struct mf__call *call,
               const struct mf__serve_spec *spec)
{
    struct serve *serve = mf_new(sizeof *serve);
    int rc;

    mf__live_init(&serve->live, api, spec->id, call, MF_RUN_ENVELOPE_BYTES_MAX);
    serve->exchange = exchange;
    serve->wants_envelope = spec->wants_envelope;
    serve->streams_body = spec->streams_body;
    serve->bytes_held = spec->bytes_held;
    serve->call = *call;
    mf__observe_context(exchange, &serve->call.trace);
    mf__caller_note_run(exchange, spec->id, &serve->call.trace);
    mf__call_init(call, api->config);
    mf_buf_init(&serve->piece, MF_HTTP_INPUT_BYTES_MAX);
    mf_exchange_listen(exchange, &exchange_events, serve);
    struct mf_admit_who who = mf__allowance_who(api, serve->live.tenant);
    rc = mf_admit_try(api->admit, &who, &serve->ticket, mf_clock_now_ns(), ticket_turn, serve);
    if (rc == MF_E_AGAIN) {
        check(serve);
        mf__api_arm_admit(api);
    } else if (rc < 0) {
        refuse(serve, rc);
    } else {
        start(serve);
    }
}
