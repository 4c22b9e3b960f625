/* runs.c - /v1/runs: what became of the last runs, from memory; trace.h keeps them. */
#include "runs.h"

#include <stdio.h>
#include <time.h>

#include "query.h"

/* Whose runs the caller sees; data NULL: all. */
static struct mf_slice tenant_of(const struct mf_exchange *exchange)
{
    return mf__caller_is_for_all(exchange) ? mf_slice_of(NULL, 0) : mf__caller_tenant(exchange);
}

/* ---- one ------------------------------------------------------------------------------------------------ */

void mf__run_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf_trace *trace = mf_traces_find(api->traces, mf__route_segment(exchange, 2), mf_clock_unix_ms());
    struct mf_trace_filter filter = {.tenant = tenant_of(exchange)};
    struct mf_buf body;
    int rc = trace == NULL || !mf_trace_matches(trace, &filter) ? MF_E_RUN_UNKNOWN : 0;

    if (rc < 0) {
        mf__problem_reply_error(exchange, rc);
        return;
    }
    mf_buf_init(&body, mf_trace_write_bytes_max(trace) + 1);
    rc = mf_trace_write_whole(trace, &body);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&body, "\n");
    if (rc < 0) {
        mf__problem_reply_error(exchange, rc);
    } else {
        mf__json_reply(exchange, 200, mf_buf_peek(&body));
    }
    mf_buf_done(&body);
}

/* ---- what the query asks for ------------------------------------------------------------------------------- */

#define VALUE_BYTES_MAX 512

/* "2026-11-27T05:00:00Z", with or without a fraction; or milliseconds since 1970. */
static int read_time(struct mf_slice text, uint64_t *ret_unix_ms)
{
    char copy[40];
    struct tm tm = {0};
    const char *rest;
    time_t seconds;

    if (mf_slice_parse_u64(text, MF_FS_TIME_MS_MAX, ret_unix_ms) == 0) {
        return 0;
    }
    (void)snprintf(copy, sizeof copy, "%.*s", (int)text.size, (const char *)text.data);
    rest = text.size < sizeof copy ? strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (rest != NULL && *rest == '.') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    if (rest == NULL || strcmp(rest, "Z") != 0) {
        return MF_E_API_FIELD;
    }
    seconds = timegm(&tm);
    if (seconds < 0) {
        return MF_E_API_FIELD;
    }
    *ret_unix_ms = (uint64_t)seconds * 1000;
    return 0;
}

static int keep_text(struct mf__runs_query *query, struct mf_slice value, struct mf_slice *ret_text)
{
    size_t at = query->texts.size;
    int rc = value.size == 0 ? MF_E_API_FIELD : mf_buf_append_slice(&query->texts, value);

    *ret_text = mf_slice_of(query->texts.data + at, value.size);
    return rc;
}

/* Records are JSON: what is looked for is put as it would stand there. */
static int keep_search(struct mf__runs_query *query, struct mf_slice value)
{
    size_t at = query->texts.size;
    int rc = value.size == 0 || value.size > MF_TAIL_SEARCH_BYTES_MAX
                 ? MF_E_API_FIELD
                 : mf_buf_append_json_string(&query->texts, value);

    query->filter.search =
        rc < 0 ? mf_slice_of(NULL, 0) : mf_slice_of(query->texts.data + at + 1, query->texts.size - at - 2);
    return rc;
}

static int read_limit(struct mf_slice value, uint64_t *ret_limit)
{
    int rc = mf_slice_parse_u64(value, MF_TRACE_PAGE_MAX, ret_limit);

    return rc < 0 || *ret_limit == 0 ? MF_E_API_FIELD : 0;
}

static int
read_parameter(struct mf__runs_query *query, bool is_tail, struct mf_slice name, struct mf_slice value)
{
    struct mf_trace_filter *filter = &query->filter;

    if (mf_slice_equal_cstr(name, "worker")) {
        return keep_text(query, value, &filter->worker);
    }
    if (mf_slice_equal_cstr(name, "outcome")) {
        return keep_text(query, value, &filter->outcome);
    }
    if (mf_slice_equal_cstr(name, "kind")) {
        return keep_text(query, value, &filter->kind);
    }
    if (mf_slice_equal_cstr(name, "tenant") && filter->tenant.data == NULL &&
        value.size <= MF_STORE_TENANT_BYTES_MAX) {
        return value.size == 0 ? (filter->tenant = mf_slice_of_cstr(""), 0)
                               : keep_text(query, value, &filter->tenant);
    }
    if (is_tail) {
        return mf_slice_equal_cstr(name, "search") ? keep_search(query, value) : MF_E_API_FIELD;
    }
    if (mf_slice_equal_cstr(name, "since")) {
        return read_time(value, &filter->since_unix_ms);
    }
    if (mf_slice_equal_cstr(name, "limit")) {
        return read_limit(value, &query->limit);
    }
    return mf_slice_equal_cstr(name, "after") ? mf_slice_parse_u64(value, UINT64_MAX, &query->before)
                                              : MF_E_API_FIELD;
}

int mf__runs_query_read(const struct mf_exchange *exchange, bool is_tail, struct mf__runs_query *ret_query)
{
    struct mf_buf name;
    struct mf_buf value;
    size_t cursor = 0;
    int rc;

    *ret_query = (struct mf__runs_query){
        .limit = MF_TRACE_PAGE_DEFAULT, .before = UINT64_MAX, .filter = {.tenant = tenant_of(exchange)}};
    mf_buf_init(&ret_query->texts, MF_TRACE_QUERY_BYTES_MAX);
    mf_buf_init(&name, VALUE_BYTES_MAX);
    mf_buf_init(&value, VALUE_BYTES_MAX);
    /* All at once, so that what points into it stays right. */
    rc = mf_buf_reserve(&ret_query->texts, MF_TRACE_QUERY_BYTES_MAX);
    while (rc == 0 &&
           (rc = mf__query_next(mf_exchange_request(exchange)->query, &cursor, &name, &value)) > 0) {
        rc = read_parameter(ret_query, is_tail, mf_buf_peek(&name), mf_buf_peek(&value)) < 0 ? MF_E_API_FIELD
                                                                                             : 0;
    }
    if (rc < 0) {
        (void)snprintf(ret_query->why, sizeof ret_query->why,
                       "The parameter %.*s is unknown, or its value is not valid.",
                       name.size < 40 ? (int)name.size : 40, (const char *)name.data);
    }
    mf_buf_done(&name);
    mf_buf_done(&value);
    return rc;
}

void mf__runs_query_done(struct mf__runs_query *query)
{
    mf_buf_done(&query->texts);
}

/* ---- a page ------------------------------------------------------------------------------------------------- */

static int
append_rows(struct mf_api *api, const struct mf__runs_query *query, struct mf_buf *out, uint64_t *ret_next)
{
    struct mf_trace *trace = mf_traces_newest(api->traces, query->before);
    uint64_t count = 0;
    uint64_t looks = 0;
    int rc = 0;

    while (rc == 0 && trace != NULL && count < query->limit && looks++ < MF_TRACE_LOOKS_MAX &&
           out->size < MF_TRACE_PAGE_BYTES) {
        *ret_next = mf_trace_number(trace);
        if (mf_trace_matches(trace, &query->filter)) {
            rc = mf_buf_append_cstr(out, count++ == 0 ? "" : ",");
            rc = rc < 0 ? rc : mf_trace_write_row(trace, out);
        }
        trace = mf_traces_older(api->traces, trace);
    }
    if (trace == NULL) {
        *ret_next = 0;
    }
    return rc;
}

static int write_page(struct mf_api *api, const struct mf__runs_query *query, struct mf_buf *out)
{
    uint64_t next = 0;
    int rc = mf_buf_append_cstr(out, "{\"runs\":[");

    rc = rc < 0 ? rc : append_rows(api, query, out, &next);
    if (rc == 0) {
        rc = next == 0 ? mf_buf_append_cstr(out, "],\"next\":null}\n")
                       : mf_buf_printf(out, "],\"next\":\"%llu\"}\n", (unsigned long long)next);
    }
    return rc;
}

void mf__runs_list(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__runs_query query;
    struct mf_buf body;
    int rc = mf__runs_query_read(exchange, false, &query);

    mf_buf_init(&body, MF_TRACE_PAGE_BYTES + MF_TRACE_RECORD_BYTES_MAX);
    mf_traces_expire(api->traces, mf_clock_unix_ms());
    rc = rc < 0 ? rc : write_page(api, &query, &body);
    if (rc < 0) {
        struct mf__problem problem = {.error = rc, .detail = mf_slice_of_cstr(query.why)};
        mf__problem_reply(exchange, &problem);
    } else {
        mf__json_reply(exchange, 200, mf_buf_peek(&body));
    }
    mf__runs_query_done(&query);
    mf_buf_done(&body);
}
