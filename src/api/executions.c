/* executions.c - the routes of /v1/executions: a program comes in, its calls are answered, its stream is taken up again, it is
 * canceled. */
#include <stdio.h>

#include "execution_stream.h"
#include "intake.h"
#include "outbounds.h"
#include "query.h"
#include "serve.h"

/* ---- POST /v1/executions ------------------------------------------------------------------------------------ */

struct posted {
    struct mf_api *api;
    struct mf__intake intake;
    bool is_lines;
    struct mf__program program;
    struct mf__call_fault fault;
    struct mf__look look;
    int error; /* Of what was read. */
};

static void free_posted(struct posted *posted)
{
    mf__program_done(&posted->program);
    mf__call_fault_done(&posted->fault);
    mf__intake_done(&posted->intake);
    mf_free(posted);
}

static void resolved(struct posted *posted, int error)
{
    struct mf_exchange *exchange = posted->intake.exchange;
    uint64_t bytes_held = posted->intake.bytes_held;

    if (error == 0 && exchange != NULL) {
        posted->intake.bytes_held = 0; /* The execution gives them back. */
        mf__execution_stream(posted->api, exchange, &posted->program, bytes_held);
    } else if (exchange != NULL) {
        mf__serve_refuse(posted->api, exchange, NULL, error, &posted->fault);
    }
    free_posted(posted);
}

static void looked(struct mf__look *look, int error)
{
    struct posted *posted = MF_CONTAINER_OF(look, struct posted, look);

    resolved(posted, error < 0 ? error : mf__outbounds_resolved(posted->api, look, &posted->fault));
}

/* [any] */
static void parse(struct mf__intake *intake)
{
    struct posted *posted = MF_CONTAINER_OF(intake, struct posted, intake);

    posted->error = mf__program_read(&posted->program, intake->config, mf_buf_peek(&intake->body),
                                     posted->is_lines, &posted->fault);
    mf_buf_done(&intake->body);
}

static void parsed(struct mf__intake *intake, int error)
{
    struct posted *posted = MF_CONTAINER_OF(intake, struct posted, intake);

    error = error < 0 ? error : posted->error;
    if (error == 0) {
        error =
            mf__outbounds_resolve(posted->api, &posted->program.call, &posted->fault, &posted->look, looked);
    }
    if (error != MF_E_AGAIN) {
        resolved(posted, error);
    }
}

/* True: lines, so that calls can be answered. */
static bool wants_lines(const struct mf_request *request)
{
    static const char type[] = "application/x-ndjson";
    struct mf_slice accept = mf_request_header(request, "accept");

    for (size_t at = 0; at + sizeof type - 1 <= accept.size; at++) {
        if (mf_slice_equal_nocase(mf_slice_of(accept.data + at, sizeof type - 1), type)) {
            return true;
        }
    }
    return false;
}

void mf__executions_post(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    struct posted *posted;
    int rc = api->is_draining                                                       ? MF_E_DRAINING
             : !mf_slice_equal_nocase(mf__intake_type(request), "application/json") ? MF_E_API_TYPE
                                                                                    : 0;

    if (rc < 0) {
        struct mf__problem problem = {.error = rc};
        problem.detail = mf_slice_of_cstr(rc == MF_E_API_TYPE ? "Send the program as application/json." : "");
        mf__problem_reply(exchange, &problem);
        return;
    }
    posted = mf_new(sizeof *posted);
    posted->api = api;
    posted->is_lines = wants_lines(request);
    mf__program_init(&posted->program, api->config);
    mf__caller_sign(mf__caller(exchange), &posted->program.call);
    mf__call_fault_init(&posted->fault);
    mf__intake_begin(&posted->intake, api, exchange, api->config->body_bytes_max, parse, parsed);
}

/* ---- POST /v1/executions/{id}/calls/{call} ------------------------------------------------------------------- */

struct answer {
    struct mf_api *api;
    struct mf__intake intake;
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    char id[MF_ID_BYTES_MAX];
    uint64_t call;
    bool is_bytes;
    bool is_pause;
    int error;
    struct mf_buf why;
};

static void free_answer(struct answer *answer)
{
    mf__intake_done(&answer->intake);
    mf_buf_done(&answer->why);
    mf_free(answer);
}

/* [any] */
static void check_answer(struct mf__intake *intake)
{
    struct answer *answer = MF_CONTAINER_OF(intake, struct answer, intake);

    answer->error = answer->is_bytes ? 0 : mf__answer_check(&intake->body, &answer->is_pause, &answer->why);
}

static int give(struct answer *answer)
{
    struct mf__execution *execution = mf__executions_find(
        answer->api->executions, mf_slice_of_cstr(answer->tenant), mf_slice_of_cstr(answer->id));
    int rc = execution == NULL ? MF_E_EXECUTION_UNKNOWN
                               : mf__execution_answer(execution, answer->call, &answer->intake.body,
                                                      answer->is_bytes, answer->is_pause);

    if (rc == MF_E_API_FIELD) {
        mf_ignore(mf_buf_append_cstr(&answer->why, "Only an execution with a journal can be paused."));
    }
    return rc;
}

static void answered(struct mf__intake *intake, int error)
{
    struct answer *answer = MF_CONTAINER_OF(intake, struct answer, intake);
    struct mf_exchange *exchange = intake->exchange;

    error = error < 0 ? error : answer->error;
    error = error < 0 ? error : give(answer);
    if (exchange != NULL && error < 0) {
        struct mf__problem problem = {.error = error == MF_E_HTTP_BODY ? MF_E_CALL_TOO_LARGE : error,
                                      .detail = mf_buf_peek(&answer->why)};
        mf__problem_reply(exchange, &problem);
    } else if (exchange != NULL) {
        mf_exchange_reply(exchange, 204, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0));
    }
    free_answer(answer);
}

/* The execution that the path names, or NULL and a problem. */
static struct mf__execution *find(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__execution *execution =
        mf__executions_find(api->executions, mf__caller_tenant(exchange), mf__route_segment(exchange, 2));

    if (execution == NULL) {
        mf__problem_reply_error(exchange, MF_E_EXECUTION_UNKNOWN);
    }
    return execution;
}

void mf__execution_call_post(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__execution *execution = find(api, exchange);
    struct mf_slice type = mf__intake_type(mf_exchange_request(exchange));
    bool is_bytes = mf_slice_equal_nocase(type, "application/octet-stream");
    struct answer *answer;
    uint64_t call;

    if (execution == NULL) {
        return;
    }
    if (!is_bytes && !mf_slice_equal_nocase(type, "application/json")) {
        mf__problem_reply_error(exchange, MF_E_API_TYPE);
        return;
    }
    if (mf_slice_parse_u64(mf__route_segment(exchange, 4), MF_RUN_CALLS_MAX, &call) < 0) {
        mf__problem_reply_error(exchange, MF_E_CALL_UNKNOWN);
        return;
    }
    answer = mf_new(sizeof *answer);
    answer->api = api;
    answer->call = call;
    answer->is_bytes = is_bytes;
    memcpy(answer->tenant, mf__caller(exchange)->tenant, sizeof answer->tenant);
    (void)snprintf(answer->id, sizeof answer->id, "%s", mf__execution_id(execution));
    mf_buf_init(&answer->why, MF_API_FAULT_BYTES_MAX);
    mf__intake_begin(&answer->intake, api, exchange, mf__execution_call_bytes(execution), check_answer,
                     answered);
}

/* ---- GET and DELETE /v1/executions/{id} ------------------------------------------------------------------------ */

static int read_after(struct mf_slice query, uint64_t *ret_after)
{
    struct mf_buf name;
    struct mf_buf value;
    size_t cursor = 0;
    int rc;

    *ret_after = 0;
    mf_buf_init(&name, 16);
    mf_buf_init(&value, 32);
    while ((rc = mf__query_next(query, &cursor, &name, &value)) > 0) {
        if (!mf_slice_equal_cstr(mf_buf_peek(&name), "after") ||
            mf_slice_parse_u64(mf_buf_peek(&value), UINT32_MAX, ret_after) < 0) {
            rc = MF_E_API_FIELD;
            break;
        }
    }
    mf_buf_done(&name);
    mf_buf_done(&value);
    return rc;
}

void mf__execution_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__execution *execution = find(api, exchange);
    struct mf__problem problem = {.error = MF_E_API_FIELD,
                                  .detail =
                                      mf_slice_of_cstr("The parameter is after, the number of a frame.")};
    uint64_t after;

    if (execution == NULL) {
        return;
    }
    if (read_after(mf_exchange_request(exchange)->query, &after) < 0) {
        mf__problem_reply(exchange, &problem);
        return;
    }
    mf__execution_restream(api, exchange, execution, after);
}

void mf__execution_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__execution *execution = find(api, exchange);

    if (execution != NULL) {
        mf__execution_cancel(execution);
        mf_exchange_reply(exchange, 204, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0));
    }
}
