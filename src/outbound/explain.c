/* explain.c - what a request would meet, said to the operator. It asks the function that the real requests go through. */
#include "match.h"

#include "headers.h"

static int add_text(struct mf_buf *out, const char *name, struct mf_slice text)
{
    int rc = mf_buf_printf(out, ",\"%s\":", name);

    return rc < 0 ? rc : mf_buf_append_json_string(out, text);
}

static int add_names(struct mf_buf *out, const char *name, const struct mf_slice *names, size_t count)
{
    int rc = mf_buf_printf(out, ",\"%s\":[", name);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = i == 0 ? 0 : mf_buf_append_cstr(out, ",");
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, names[i]);
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static const char *action_word(const struct mf__rule *rule)
{
    if (rule->action != MF__ACTION_ALLOW) {
        return mf__action_name(rule->action);
    }
    if (rule->secrets_count > 0) {
        return "inject";
    }
    return rule->has_rewrite ? "rewrite" : "allow";
}

static int add_header_names(struct mf_buf *out, struct mf_slice headers)
{
    struct mf_http_header header;
    size_t cursor = 0;
    int rc = mf_buf_append_cstr(out, ",\"headers\":[");

    for (bool is_first = true; rc == 0 && mf_http_headers_next(headers, &cursor, &header) == 1;
         is_first = false) {
        rc = is_first ? 0 : mf_buf_append_cstr(out, ",");
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, header.name);
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int add_rule(struct mf_buf *out, const struct mf__request *request)
{
    static const char *const redact[] = {
        [MF__REDACT_REPLACE] = "redact", [MF__REDACT_BLOCK] = "block", [MF__REDACT_OFF] = "off"};
    const struct mf__rule *rule = request->rule;
    int rc;

    if (rule == NULL) {
        return mf_buf_append_cstr(out, ",\"rule\":null");
    }
    rc = mf_buf_printf(out, ",\"rule\":%zu,\"action\":\"%s\"", request->rule_index, action_word(rule));
    if (rc == 0 && rule->action == MF__ACTION_INTERCEPT) {
        rc = add_text(out, "worker", rule->worker);
    }
    if (rc == 0 && rule->action == MF__ACTION_ALLOW) {
        rc = add_names(out, "secrets", rule->secrets, rule->secrets_count);
    }
    if (rc == 0 && rule->action == MF__ACTION_ALLOW) {
        rc = add_names(out, "placeholders", rule->placeholders, rule->placeholders_count);
    }
    if (rc == 0 && rule->action == MF__ACTION_ALLOW) {
        rc = mf_buf_printf(out, ",\"redact\":\"%s\",\"addresses\":%zu", redact[rule->redact],
                           rule->ranges_count);
    }
    return rc;
}

int mf_policy_explain(const struct mf_policy *policy,
                      struct mf_slice method,
                      struct mf_slice url,
                      struct mf_slice headers,
                      struct mf_buf *out)
{
    struct mf__request request;
    int rc;

    mf__request_init(&request);
    rc = mf__request_judge(&request, policy, method, url, headers);
    if (rc == MF_E_NO_MEMORY) {
        goto out;
    }
    rc = mf_buf_printf(out, "{\"decision\":\"%s\",\"reason\":\"%s\"", request.error < 0 ? "refused" : "sent",
                       mf__reason_name(request.reason));
    if (rc == 0) {
        rc = add_text(out, "why", mf_slice_of_cstr(mf__reason_sentence(request.reason)));
    }
    if (rc == 0) {
        rc = add_rule(out, &request);
    }
    if (rc == 0 && request.error == 0) {
        rc = add_text(out, "url", mf_buf_peek(&request.url_text));
    }
    if (rc == 0 && request.error == 0) {
        rc = add_header_names(out, mf_buf_peek(&request.headers));
    }
    if (rc == 0 && request.error == 0) {
        rc = mf_buf_printf(out, ",\"headersDropped\":%zu", request.headers_dropped);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "}\n");
    }
out:
    mf__request_done(&request);
    return rc;
}
