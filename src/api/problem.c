/* problem.c - answers that are JSON: problem+json (https://www.rfc-editor.org/rfc/rfc9457) and plain. */
#include <stdio.h>

#include "observe.h"
#include "problem_sets.h"

#include <mayfly/wire.h>

#define HEADERS_BYTES_MAX 4096
#define PATH_LOGGED_MAX 128 /* Bytes of a path. */

static int append_member(struct mf_buf *out, const char *name, struct mf_slice text)
{
    int rc;

    if (text.size == 0) {
        return 0;
    }
    rc = mf_buf_printf(out, ",\"%s\":", name);
    return rc < 0 ? rc : mf_buf_append_json_string(out, text);
}

int mf__problem_append(struct mf_buf *out, const struct mf__problem *problem)
{
    int status = mf_error_status(problem->error);
    const char *code = mf_error_code(problem->error);
    int rc = mf_buf_printf(out, "{\"type\":\"urn:mayfly:error:%s\",\"status\":%d,\"code\":\"%s\"", code,
                           status, code);

    if (rc == 0) {
        rc = append_member(out, "title", mf_slice_of_cstr(mf_error_message(problem->error)));
    }
    if (rc == 0) {
        rc = append_member(out, "detail", problem->detail);
    }
    if (rc == 0) {
        rc = append_member(out, "param", problem->param);
    }
    if (rc == 0 && problem->id != NULL) {
        rc = append_member(out, "instance", mf_slice_of_cstr(problem->id));
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(out, problem->members);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int write_headers(struct mf_buf *out, const struct mf__problem *problem)
{
    char retry[16];
    int rc = mf_headers_append(out, mf_slice_of_cstr("content-type"),
                               mf_slice_of_cstr("application/problem+json"));

    if (rc == 0 && problem->id != NULL) {
        rc = mf_headers_append(out, mf_slice_of_cstr("mayfly-run-id"), mf_slice_of_cstr(problem->id));
    }
    if (rc == 0 && problem->allow != NULL) {
        rc = mf_headers_append(out, mf_slice_of_cstr("allow"), mf_slice_of_cstr(problem->allow));
    }
    if (rc == 0 && problem->rate_policy != NULL) {
        rc = mf_headers_append(out, mf_slice_of_cstr("ratelimit-policy"),
                               mf_slice_of_cstr(problem->rate_policy));
    }
    if (rc == 0 && problem->rate_policy != NULL) {
        rc = mf_headers_append(out, mf_slice_of_cstr("ratelimit"), mf_slice_of_cstr(problem->rate_state));
    }
    if (rc == 0 && problem->range != NULL) {
        rc = mf_headers_append(out, mf_slice_of_cstr("content-range"), mf_slice_of_cstr(problem->range));
    }
    if (rc == 0 && problem->challenge != NULL) {
        rc = mf_headers_append(out, mf_slice_of_cstr("www-authenticate"),
                               mf_slice_of_cstr(problem->challenge));
    }
    if (rc == 0 && problem->retry_after_s > 0) {
        (void)snprintf(retry, sizeof retry, "%u", problem->retry_after_s);
        rc = mf_headers_append(out, mf_slice_of_cstr("retry-after"), mf_slice_of_cstr(retry));
    }
    return rc;
}

/* The trace of a caller who named one, where no run says its own. */
static int append_trace(struct mf_buf *out, const struct mf_exchange *exchange, struct mf_slice members)
{
    static const uint8_t none[MF_SPAN_ID_BYTES];
    struct mf_trace_context context;
    char trace_id[MF_TRACE_ID_CHARS + 1];

    if (mf_slice_starts_with(members, ",\"traceId\"") ||
        mf_request_header(mf_exchange_request(exchange), "traceparent").data == NULL) {
        return 0;
    }
    mf__observe_context(exchange, &context);
    if (memcmp(context.parent_id, none, sizeof none) == 0) {
        return 0; /* What it named is no trace. */
    }
    mf_trace_hex(context.trace_id, MF_TRACE_ID_BYTES, trace_id);
    out->size--; /* In front of the bracket. */
    return mf_buf_printf(out, ",\"traceId\":\"%s\"}", trace_id);
}

/* A bug of ours, of which the caller need not know. */
static void check_is_known(const struct mf_exchange *exchange, int error)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    uint64_t problems = mf__caller_problems(exchange);

    if (problems != 0 && !mf__problems_have(problems, error)) {
        mf_log(MF_LOG_ERROR, error, NULL, "openapi.json does not know this answer of %.*s %.*s",
               (int)request->method.size, (const char *)request->method.data,
               request->path.size < PATH_LOGGED_MAX ? (int)request->path.size : PATH_LOGGED_MAX,
               (const char *)request->path.data);
    }
}

void mf__problem_reply(struct mf_exchange *exchange, const struct mf__problem *problem)
{
    int status = mf_error_status(problem->error);
    struct mf_buf body;
    struct mf_buf headers;
    int rc;

    check_is_known(exchange, problem->error);
    mf__caller_note_problem(exchange, problem->error);
    mf_buf_init(&body, MF_API_FAULT_BYTES_MAX * 8 + problem->members.size);
    mf_buf_init(&headers, HEADERS_BYTES_MAX);
    rc = mf__problem_append(&body, problem);
    if (rc == 0) {
        rc = append_trace(&body, exchange, problem->members);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&body, "\n");
    }
    if (rc == 0) {
        rc = write_headers(&headers, problem);
    }
    if (rc == 0) {
        mf_exchange_reply(exchange, status, mf_buf_peek(&headers), mf_buf_peek(&body));
    } else {
        mf_log(MF_LOG_ERROR, rc, problem->id, "a problem could not be written");
        mf_exchange_destroy(exchange);
    }
    mf_buf_done(&headers);
    mf_buf_done(&body);
}

void mf__problem_reply_error(struct mf_exchange *exchange, int error)
{
    struct mf__problem problem = {.error = error};

    mf__problem_reply(exchange, &problem);
}

void mf__json_reply(struct mf_exchange *exchange, int status, struct mf_slice body)
{
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, HEADERS_BYTES_MAX);
    rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"), mf_slice_of_cstr("application/json"));
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("cache-control"), mf_slice_of_cstr("no-store"));
    }
    MF_ASSERT(rc == 0); /* Both are short and constant. */
    mf_exchange_reply(exchange, status, mf_buf_peek(&headers), body);
    mf_buf_done(&headers);
}
