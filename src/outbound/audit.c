/* audit.c - what became of each request, for the operator: a line of the log, the counters, a record in the run's envelope. Names
 * and numbers only: no path, no header, no body, and never a value of a secret. */
#include <stdio.h>

#include "egress.h"

static bool is_refused(int error)
{
    return error / 100 == MF_E_OUTBOUND_POLICY / 100 || error / 100 == MF_E_STORE / 100 ||
           error == MF_E_UPSTREAM_ADDRESS || error == MF_E_LIMIT_SUBREQUESTS || error == MF_E_UNSUPPORTED;
}

/* "injected", "allowed", "no_match", "secret.host", ... */
static const char *decision(const struct mf__fetch *fetch, int error)
{
    const struct mf__request *request = &fetch->hop.request;

    if (request->error < 0) {
        return mf__reason_name(request->reason);
    }
    if (is_refused(error)) {
        return mf_error_code(error);
    }
    if (request->rule != NULL && request->rule->action == MF__ACTION_INTERCEPT) {
        return "intercepted";
    }
    return fetch->hop.is_injected ? "injected" : "allowed";
}

static void count(struct mf__fetch *fetch, int error)
{
    struct mf_egress_state *state = &fetch->run->egress->state;

    state->total++;
    state->injected += fetch->hop.is_injected ? 1 : 0;
    if (is_refused(error)) {
        state->refused++;
    } else if (error < 0 && error != MF_E_CANCELED) {
        state->failed++;
    }
}

static int append_record(struct mf__fetch *fetch, int error, double ms, struct mf_buf *out)
{
    const struct mf__request *request = &fetch->hop.request;
    const char *host = request->asked.host.text;
    int rc = mf_buf_printf(out, "%s{\"fetch\":%u,\"host\":", out->size > 0 ? "," : "", fetch->number);
    double start_ms = (double)(fetch->hop_ns - fetch->run->began_ns) / (double)MF_NS_PER_MS;

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, mf_slice_of_cstr(host));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"method\":");
    }
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, mf_slice_of_cstr(fetch->method));
    }
    if (rc == 0 && request->rule != NULL) {
        rc = mf_buf_printf(out, ",\"rule\":%zu", request->rule_index);
    }
    if (rc == 0) {
        rc = mf_buf_printf(out,
                           ",\"decision\":\"%s\",\"status\":%d,\"bytesOut\":%llu,\"bytesIn\":%llu,"
                           "\"startMs\":%.3f,\"ms\":%.3f,\"spanId\":\"%s\"",
                           decision(fetch, error), fetch->status, (unsigned long long)fetch->sent,
                           (unsigned long long)(fetch->pipe.in_total + fetch->drained), start_ms, ms,
                           fetch->span_id);
    }
    if (rc == 0 && error < 0) {
        rc = mf_buf_printf(out, ",\"error\":\"%s\"", mf_error_code(error));
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

void mf__audit(struct mf__fetch *fetch, int error)
{
    struct mf_egress_run *run = fetch->run;
    const struct mf__request *request = &fetch->hop.request;
    double ms = (double)(mf_clock_now_ns() - fetch->hop_ns) / (double)MF_NS_PER_MS;
    size_t before = run->records.size;
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    struct mf_log_subject subject = {.id = run->id, .tenant = tenant, .trace = run->trace_id};

    count(fetch, error);
    (void)snprintf(tenant, sizeof tenant, "%.*s", (int)run->tenant.size, (const char *)run->tenant.data);
    mf_log_of(MF_LOG_INFO, error, &subject,
              "subrequest fetch=%u rule=%d host=%s method=%s decision=%s status=%d out=%llu in=%llu ms=%.3f",
              fetch->number, request->rule != NULL ? (int)request->rule_index : -1,
              request->asked.host.size > 0 ? request->asked.host.text : "-",
              fetch->method[0] != 0 ? fetch->method : "-", decision(fetch, error), fetch->status,
              (unsigned long long)fetch->sent, (unsigned long long)(fetch->pipe.in_total + fetch->drained),
              ms);
    if (append_record(fetch, error, ms, &run->records) < 0) {
        run->records.size = before; /* Never half a record. */
        run->records_left_out++;
    }
}
