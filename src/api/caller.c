/* caller.c - who calls: the token of a request, the scope that its route wants, the tenant that it is for. */
#include <stdio.h>

#include "allowance.h"
#include "call.h"
#include "internal.h"

/* What goes with an exchange. */
struct mark {
    struct mf_caller caller;
    bool is_for_all;
    uint64_t problems;         /* Which its route may answer with; 0: it has none. */
    int problem;               /* That it was answered with; 0: none. */
    char run[MF_ID_BYTES_MAX]; /* That answers it; "": none does. */
    uint8_t trace_id[MF_TRACE_ID_BYTES];
};

_Static_assert(sizeof(struct mark) <= MF_EXCHANGE_MARK_BYTES, "a caller fits into an exchange's mark");

#define PATH_LOGGED_MAX 512 /* Bytes of a path; the query may hold secrets and is left out. */

static const char challenge[] = "Bearer realm=\"mayfly\"";

static const struct mark *mark_of(const struct mf_exchange *exchange)
{
    return mf_exchange_mark(exchange);
}

const struct mf_caller *mf__caller(const struct mf_exchange *exchange)
{
    return &mark_of(exchange)->caller;
}

struct mf_slice mf__caller_tenant(const struct mf_exchange *exchange)
{
    const struct mf_caller *caller = mf__caller(exchange);

    return mf_slice_of(caller->tenant, caller->tenant_size);
}

bool mf__caller_may(const struct mf_exchange *exchange, enum mf_scope scope)
{
    return (mf__caller(exchange)->scopes & (uint32_t)scope) != 0;
}

bool mf__caller_is_for_all(const struct mf_exchange *exchange)
{
    return mark_of(exchange)->is_for_all;
}

void mf__caller_sign(const struct mf_caller *caller, struct mf__call *call)
{
    memcpy(call->tenant, caller->tenant, sizeof call->tenant);
    call->may_name_secrets = (caller->scopes & MF_SCOPE_OUTBOUNDS) != 0;
    mf__caller_sign_files(caller, call);
}

void mf__caller_sign_files(const struct mf_caller *caller, struct mf__call *call)
{
    call->may_read_files = (caller->scopes & (MF_SCOPE_WORKSPACES | MF_SCOPE_WORKSPACES_READ)) != 0;
    call->may_write_files = (caller->scopes & MF_SCOPE_WORKSPACES) != 0;
}

bool mf__caller_holds(const struct mf_api *api, const struct mf_caller *caller)
{
    return !mf_tenants_is_on(api->tenants) || mf_tenants_holds(api->tenants, caller, mf_clock_unix_ms());
}

/* ---- the route ---------------------------------------------------------------------------------- */

void mf__caller_note_route(struct mf_exchange *exchange, uint64_t problems)
{
    struct mark *mark = mf_exchange_mark(exchange);

    mark->problems = problems;
}

void mf__caller_note_problem(struct mf_exchange *exchange, int error)
{
    struct mark *mark = mf_exchange_mark(exchange);

    mark->problem = error;
}

uint64_t mf__caller_problems(const struct mf_exchange *exchange)
{
    return mark_of(exchange)->problems;
}

/* ---- for the log -------------------------------------------------------------------------------- */

void mf__caller_note_run(struct mf_exchange *exchange, const char *run, const struct mf_trace_context *trace)
{
    struct mark *mark = mf_exchange_mark(exchange);

    (void)snprintf(mark->run, sizeof mark->run, "%s", run);
    memcpy(mark->trace_id, trace->trace_id, sizeof mark->trace_id);
}

void mf_api_on_over(void *user, const struct mf_exchange *exchange, const struct mf_exchange_over *over)
{
    const struct mf_api *api = user;
    const struct mf_request *request = mf_exchange_request(exchange);
    const struct mark *mark = mark_of(exchange);
    char trace_id[MF_TRACE_ID_CHARS + 1] = "";
    struct mf_log_subject subject = {.tenant = mark->caller.tenant, .trace = trace_id};

    mf_meter_request(api->meter, over->status, mark->problem);
    if (!api->config->is_access_logged) {
        return;
    }
    if (mark->run[0] != '\0') {
        subject.id = mark->run;
        mf_trace_hex(mark->trace_id, sizeof mark->trace_id, trace_id);
    }
    mf_log_of(MF_LOG_INFO, over->error, &subject, "request method=%.*s path=%.*s status=%d out=%llu ms=%.3f",
              (int)request->method.size, (const char *)request->method.data,
              request->path.size < PATH_LOGGED_MAX ? (int)request->path.size : PATH_LOGGED_MAX,
              (const char *)request->path.data, over->status, (unsigned long long)over->bytes_out,
              (double)over->took_ns / (double)MF_NS_PER_MS);
}

/* ---- the refusals ------------------------------------------------------------------------------- */

void mf__caller_refuse(struct mf_exchange *exchange, uint32_t scope, const char *why)
{
    const char *name = mf_scope_name(scope);
    struct mf__problem problem = {.error = MF_E_AUTH_SCOPE,
                                  .detail = mf_slice_of_cstr(why == NULL ? "" : why)};
    struct mf_buf members;
    struct mf_buf header;

    mf_buf_init(&members, MF_SCOPES_BYTES_MAX);
    mf_buf_init(&header, MF_SCOPES_BYTES_MAX);
    if (mf_buf_printf(&members, ",\"scope\":\"%s\"", name) == 0 &&
        mf_buf_printf(&header, "%s, error=\"insufficient_scope\", scope=\"%s\"", challenge, name) == 0 &&
        mf_buf_append(&header, "", 1) == 0) {
        problem.members = mf_buf_peek(&members);
        problem.challenge = (const char *)header.data;
    }
    mf__problem_reply(exchange, &problem);
    mf_buf_done(&members);
    mf_buf_done(&header);
}

static void refuse(struct mf_exchange *exchange, int error)
{
    const struct mf__problem problem = {.error = error,
                                        .challenge = error == MF_E_AUTH_TOKEN
                                                         ? "Bearer realm=\"mayfly\", error=\"invalid_token\""
                                                     : error == MF_E_AUTH_MISSING ? challenge
                                                                                  : NULL};

    mf__problem_reply(exchange, &problem);
}

/* ---- the token ------------------------------------------------------------------------------------- */

/* Behind "Bearer "; data NULL when there is no such header. */
static struct mf_slice bearer_of(const struct mf_request *request)
{
    struct mf_slice value = mf_request_header(request, "authorization");
    size_t at = 6;

    if (value.data == NULL || value.size < 7 || value.data[6] != ' ' ||
        !mf_slice_equal_nocase(mf_slice_of(value.data, 6), "bearer")) {
        return mf_slice_of(NULL, 0);
    }
    while (at < value.size && value.data[at] == ' ') {
        at++;
    }
    return mf_slice_of(value.data + at, value.size - at);
}

const char *mf__caller_protocol(const struct mf_request *request)
{
    struct mf_slice offered = mf_request_header(request, "sec-websocket-protocol");

    return offered.data != NULL && mf_http_value_has_token(offered, "mayfly") ? "mayfly" : NULL;
}

/* Of what a browser offers for a WebSocket; data NULL when there is no token. */
static struct mf_slice offered_token_of(const struct mf_request *request)
{
    static const char prefix[] = "mayfly.token.";
    struct mf_slice offered = mf_request_header(request, "sec-websocket-protocol");

    if (offered.data == NULL || mf_request_header(request, "sec-websocket-key").data == NULL) {
        return mf_slice_of(NULL, 0);
    }
    for (size_t begin = 0; begin < offered.size;) {
        size_t end = begin;
        while (end < offered.size && offered.data[end] != ',' && offered.data[end] != ' ') {
            end++;
        }
        struct mf_slice one = mf_slice_of(offered.data + begin, end - begin);
        if (mf_slice_starts_with(one, prefix)) {
            return mf_slice_of(one.data + sizeof prefix - 1, one.size - (sizeof prefix - 1));
        }
        begin = end + 1;
    }
    return mf_slice_of(NULL, 0);
}

static int find_caller(struct mf_api *api, const struct mf_request *request, struct mf_caller *ret_caller)
{
    struct mf_slice text = bearer_of(request);

    if (text.data == NULL) {
        text = offered_token_of(request);
    }

    return text.data == NULL ? MF_E_AUTH_MISSING
                             : mf_tenants_check(api->tenants, text, mf_clock_unix_ms(), ret_caller);
}

/* ---- the tenant ------------------------------------------------------------------------------------ */

/* An admin may say for whom: MF_E_TENANT_UNKNOWN, MF_E_AUTH_SCOPE, MF_E_AUTH_OFF. */
static int choose_tenant(struct mf_api *api, const struct mf_request *request, struct mark *mark)
{
    struct mf_slice wanted = mf_request_header(request, "mayfly-tenant");
    struct mf_caller *caller = &mark->caller;

    mark->is_for_all = wanted.data == NULL && (caller->scopes & MF_SCOPE_ADMIN) != 0;
    if (wanted.data == NULL || mf_slice_equal_cstr(wanted, caller->tenant)) {
        return 0;
    }
    if (!mf_tenants_is_on(api->tenants)) {
        return MF_E_AUTH_OFF;
    }
    if ((caller->scopes & MF_SCOPE_ADMIN) == 0) {
        return MF_E_AUTH_SCOPE;
    }
    if (!mf_tenants_exists(api->tenants, wanted)) {
        return MF_E_TENANT_UNKNOWN;
    }
    memcpy(caller->tenant, wanted.data, wanted.size);
    caller->tenant[wanted.size] = '\0';
    caller->tenant_size = (uint8_t)wanted.size;
    return 0;
}

bool mf__caller_admit(struct mf_api *api, struct mf_exchange *exchange, uint32_t scope)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    struct mark *mark = mf_exchange_mark(exchange);
    int rc = 0;

    if (mf_tenants_is_on(api->tenants)) {
        rc = find_caller(api, request, &mark->caller);
    } else {
        mark->caller.scopes = MF_SCOPE_ALL;
    }
    if (scope == 0) {
        return true; /* With a token that holds it may be told more. */
    }
    if (rc < 0) {
        refuse(exchange, rc);
        return false;
    }
    if ((mark->caller.scopes & scope) == 0) {
        mf__caller_refuse(exchange, scope, NULL);
        return false;
    }
    rc = choose_tenant(api, request, mark);
    if (rc == MF_E_AUTH_SCOPE) {
        mf__caller_refuse(exchange, MF_SCOPE_ADMIN, "Only an admin may act for another tenant.");
    } else if (rc < 0) {
        refuse(exchange, rc);
    }
    return rc == 0 && mf__allowance_admit(api, exchange, scope);
}
