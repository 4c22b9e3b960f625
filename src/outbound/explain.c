/* explain.c - what a request would meet, said to the operator. It asks the function that the real requests go through. */
#include <netinet/in.h>

#include <mayfly/http.h>

#include "hop.h"

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

/* ---- what the policy alone does not know ------------------------------------------------------------- */

/* Why it would be refused after all; |why| NULL: it would not. */
struct objection {
    const char *reason;
    const char *why;
    const char *subject; /* A name or a class of addresses, or NULL. */
};

/* A host that is written as an address need not be resolved to be judged. */
static void check_address(const struct mf__request *request, struct objection *objection)
{
    const struct mf__host *host = &request->url.host;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(request->url.port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(request->url.port)};
    const struct sockaddr *address = (const struct sockaddr *)&v4;
    enum mf__address_class class;

    if (host->kind == MF__HOST_NAME) {
        return;
    }
    memcpy(&v4.sin_addr, host->address, 4);
    memcpy(&v6.sin6_addr, host->address, 16);
    if (host->kind == MF__HOST_V6) {
        address = (const struct sockaddr *)&v6;
    }
    if (!mf__address_allowed(address, request->rule->ranges, request->rule->ranges_count, NULL, &class)) {
        *objection = (struct objection){"address", "The rule does not open addresses of this kind.",
                                        mf__address_class_name(class)};
    }
}

/* Without its value, and without noting a use. */
static int check_secret(struct mf_vault *vault,
                        struct mf_slice tenant,
                        struct mf_slice name,
                        bool is_placeholder,
                        const struct mf__url *url)
{
    struct mf_secret_target target = {.scheme = mf_slice_of_cstr(url->is_https ? "https" : "http"),
                                      .host = mf_slice_of(url->host.text, url->host.size),
                                      .port = url->port,
                                      .is_verified = url->is_https};
    struct mf_secret *secret = NULL;
    int rc = vault == NULL ? MF_E_SECRET_UNKNOWN : mf_vault_ref(vault, tenant, name, &secret);

    if (rc == 0) {
        bool is_plain = mf_secret_kind_of(secret) == MF_SECRET_PLAIN;
        rc = is_plain == is_placeholder ? mf_secret_check_target(secret, &target) : MF_E_SECRET_KIND;
    }
    mf_secret_unref(secret);
    return rc;
}

/* Whether a header's value holds {{secret:NAME}}. */
static bool is_used(struct mf_slice headers, struct mf_slice name)
{
    struct mf_http_header header;
    struct mf_buf text;
    size_t cursor = 0;
    bool found = false;

    mf_buf_init(&text, 2 * MF_OUTBOUND_NAME_BYTES_MAX);
    int rc =
        mf_buf_printf(&text, MF_SECRET_PLACEHOLDER_OPEN "%.*s}}", (int)name.size, (const char *)name.data);
    while (rc == 0 && !found && mf_http_headers_next(headers, &cursor, &header) == 1) {
        found = memmem(header.value.data, header.value.size, text.data, text.size) != NULL;
    }
    mf_buf_done(&text);
    return found;
}

static void check_secrets(const struct mf__request *request,
                          struct mf_vault *vault,
                          struct mf_slice tenant,
                          struct objection *objection)
{
    const struct mf__rule *rule = request->rule;
    struct mf_slice name = mf_slice_of(NULL, 0);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < rule->secrets_count; i++) {
        name = rule->secrets[i];
        rc = check_secret(vault, tenant, name, false, &request->url);
    }
    for (size_t i = 0; rc == 0 && i < rule->placeholders_count; i++) {
        name = rule->placeholders[i];
        if (is_used(mf_buf_peek(&request->headers), name)) {
            rc = check_secret(vault, tenant, name, true, &request->url);
        }
    }
    if (rc < 0) {
        *objection = (struct objection){"secret", mf_error_message(rc), (const char *)name.data};
    }
}

static int
write_answer(struct mf_buf *out, const struct mf__request *request, const struct objection *objection)
{
    bool is_sent = request->error == 0 && objection->why == NULL;
    int rc = mf_buf_printf(out, "{\"decision\":\"%s\",\"reason\":\"%s\"", is_sent ? "sent" : "refused",
                           objection->why == NULL ? mf__reason_name(request->reason) : objection->reason);

    if (rc == 0) {
        rc = add_text(
            out, "why",
            mf_slice_of_cstr(objection->why == NULL ? mf__reason_sentence(request->reason) : objection->why));
    }
    if (rc == 0 && objection->subject != NULL) {
        rc = add_text(out, "subject", mf_slice_of_cstr(objection->subject));
    }
    if (rc == 0) {
        rc = add_rule(out, request);
    }
    if (rc == 0 && is_sent) {
        rc = add_text(out, "url", mf_buf_peek(&request->url_text));
    }
    if (rc == 0 && is_sent) {
        rc = add_header_names(out, mf_buf_peek(&request->headers));
    }
    if (rc == 0 && is_sent) {
        rc = mf_buf_printf(out, ",\"headersDropped\":%zu", request->headers_dropped);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}\n");
}

int mf_policy_explain(const struct mf_policy *policy,
                      struct mf_vault *vault,
                      struct mf_slice tenant,
                      const struct mf_policy_request *asked,
                      struct mf_buf *out)
{
    struct objection objection = {NULL, NULL, NULL};
    struct mf__hop hop;
    int rc;

    mf__hop_init(&hop);
    rc = mf__hop_check(&hop, policy, asked->method, asked->url, asked->headers);
    if (rc == MF_E_SECRET_PLACE) {
        objection = (struct objection){"placeholder", mf_error_message(rc), NULL};
    } else if (rc == 0 && hop.request.rule->action == MF__ACTION_ALLOW) {
        check_address(&hop.request, &objection);
        check_secrets(&hop.request, vault, tenant, &objection);
    }
    if (rc != MF_E_NO_MEMORY) {
        rc = write_answer(out, &hop.request, &objection);
    }
    mf__hop_done(&hop);
    return rc;
}
