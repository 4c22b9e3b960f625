#include "match.h"

#include <stdio.h>

#include "headers.h"
#include "path.h"

const char *mf__reason_name(enum mf__reason reason)
{
    static const char *const names[] = {
        [MF__REASON_ALLOWED] = "allowed", [MF__REASON_INTERCEPTED] = "intercepted",
        [MF__REASON_DENIED] = "denied",   [MF__REASON_NO_RULE] = "no_match",
        [MF__REASON_CLEARTEXT] = "http",  [MF__REASON_URL] = "url",
        [MF__REASON_METHOD] = "method",   [MF__REASON_HEADERS] = "headers",
        [MF__REASON_REWRITE] = "rewrite",
    };
    return names[reason];
}

const char *mf__reason_sentence(enum mf__reason reason)
{
    static const char *const sentences[] = {
        [MF__REASON_ALLOWED] = "The rule lets it through.",
        [MF__REASON_INTERCEPTED] = "The rule hands it to a worker.",
        [MF__REASON_DENIED] = "The rule denies it.",
        [MF__REASON_NO_RULE] = "No rule matches, and what no rule matches is refused.",
        [MF__REASON_CLEARTEXT] = "It would be sent over http, and the rule has no allowHttp.",
        [MF__REASON_URL] =
            "The URL is not an http or https URL in the spelling of the URL Standard's serialiser.",
        [MF__REASON_METHOD] = "The method is no token, is too long, or is CONNECT, TRACE or TRACK.",
        [MF__REASON_HEADERS] = "A header is not valid, or there are too many.",
        [MF__REASON_REWRITE] = "What the rule rewrites the URL to is too long.",
    };
    return sentences[reason];
}

/* ---- one rule ------------------------------------------------------------------------------------ */

/* Both readings of the path of one request, made once for all rules. */
struct readings {
    struct mf_buf plain;
    struct mf_buf loose;
};

static bool host_matches(const struct mf__match *match, const struct mf__host *host)
{
    for (size_t i = 0; i < match->hosts_count; i++) {
        const struct mf__pattern *pattern = &match->hosts[i];
        size_t size = pattern->host.size;
        switch (pattern->kind) {
        case MF__PATTERN_ANY:
            return true;
        case MF__PATTERN_EXACT:
            if (mf__host_equal(&pattern->host, host)) {
                return true;
            }
            break;
        case MF__PATTERN_BELOW:
            if (host->kind == MF__HOST_NAME && host->size > size + 1 &&
                host->text[host->size - size - 1] == '.' &&
                memcmp(host->text + host->size - size, pattern->host.text, size) == 0) {
                return true;
            }
            break;
        }
    }
    return false;
}

static bool port_matches(const struct mf__rule *rule, const struct mf__url *url)
{
    if (rule->match.is_any_port) {
        return true;
    }
    if (rule->match.ports_count == 0) {
        return rule->action == MF__ACTION_DENY || url->is_default_port;
    }
    for (size_t i = 0; i < rule->match.ports_count; i++) {
        if (rule->match.ports[i] == url->port) {
            return true;
        }
    }
    return false;
}

static bool equal_nocase(struct mf_slice a, struct mf_slice b)
{
    for (size_t i = 0; a.size == b.size && i < a.size; i++) {
        uint8_t x = a.data[i];
        uint8_t y = b.data[i];
        if (x != y && ((x | 0x20) != (y | 0x20) || (x | 0x20) < 'a' || (x | 0x20) > 'z')) {
            return false;
        }
    }
    return a.size == b.size;
}

/* Methods are case-sensitive, but some servers do not know that: a rule that denies is not passed by "pAtCh". */
static bool method_matches(const struct mf__rule *rule, struct mf_slice method)
{
    const struct mf__match *match = &rule->match;

    for (size_t i = 0; i < match->methods_count; i++) {
        if (rule->action == MF__ACTION_DENY ? equal_nocase(match->methods[i], method)
                                            : mf_slice_equal(match->methods[i], method)) {
            return true;
        }
    }
    return match->methods_count == 0;
}

static bool path_matches(const struct mf__rule *rule, const struct readings *readings)
{
    const struct mf__match *match = &rule->match;
    bool denies = rule->action == MF__ACTION_DENY;
    bool plain;
    bool loose;

    if (!match->has_path) {
        return true;
    }
    plain = mf__path_has_prefix(mf_buf_peek(&readings->plain), match->path_plain, denies);
    loose = mf__path_has_prefix(mf_buf_peek(&readings->loose), match->path_loose, denies);
    return denies ? plain || loose : plain && loose;
}

static bool rule_matches(const struct mf__rule *rule,
                         const struct mf__url *url,
                         struct mf_slice method,
                         const struct readings *readings)
{
    int scheme = url->is_https ? MF__SCHEME_HTTPS : MF__SCHEME_HTTP;

    return (rule->match.schemes & scheme) != 0 && host_matches(&rule->match, &url->host) &&
           port_matches(rule, url) && method_matches(rule, method) && path_matches(rule, readings);
}

/* MF_E_NO_MEMORY, or 0 and the rule or NULL. */
static int find_rule(const struct mf_policy *policy,
                     const struct mf__url *url,
                     struct mf_slice method,
                     const struct mf__rule **ret_rule,
                     size_t *ret_index)
{
    struct readings readings;
    int rc;

    *ret_rule = NULL;
    mf_buf_init(&readings.plain, MF_OUTBOUND_URL_BYTES_MAX);
    mf_buf_init(&readings.loose, MF_OUTBOUND_URL_BYTES_MAX);
    rc = mf__path_read_plain(url->path, &readings.plain);
    if (rc == 0) {
        rc = mf__path_read_loose(url->path, &readings.loose);
    }
    for (size_t i = 0; rc == 0 && *ret_rule == NULL && i < policy->rules_count; i++) {
        if (rule_matches(&policy->rules[i], url, method, &readings)) {
            *ret_rule = &policy->rules[i];
            *ret_index = i;
        }
    }
    mf_buf_done(&readings.plain);
    mf_buf_done(&readings.loose);
    return rc;
}

const struct mf__rule *mf__policy_match(const struct mf_policy *policy,
                                        const struct mf__url *url,
                                        struct mf_slice method,
                                        size_t *ret_index)
{
    const struct mf__rule *rule;

    return find_rule(policy, url, method, &rule, ret_index) < 0 ? NULL : rule;
}

/* ---- what the rule makes of it --------------------------------------------------------------------- */

/* The new path: the rule's, then what followed the matched prefix. One "/" between them. */
static int rewrite_path(const struct mf__rule *rule, struct mf_slice path, struct mf_buf *out)
{
    struct mf_slice prefix = rule->rewrite.path;
    size_t cut = 0;
    int rc;

    if (rule->match.has_path) {
        cut = rule->match.path_plain.size;
    }
    rc = mf_buf_append_slice(out, prefix);
    if (rc < 0) {
        return rc;
    }
    path = mf_slice_of(path.data + cut, path.size - cut);
    if (path.size > 0 && path.data[0] == '/' && out->data[out->size - 1] == '/') {
        path = mf_slice_of(path.data + 1, path.size - 1);
    } else if (path.size > 0 && path.data[0] != '/' && out->data[out->size - 1] != '/') {
        rc = mf_buf_append_cstr(out, "/");
    }
    return rc < 0 ? rc : mf_buf_append_slice(out, path);
}

static int rewrite(struct mf__request *request)
{
    const struct mf__rewrite *to = &request->rule->rewrite;
    struct mf__url url = request->asked;
    struct mf_buf plain;
    struct mf_buf path;
    int rc = 0;

    mf_buf_init(&plain, MF_OUTBOUND_URL_BYTES_MAX);
    mf_buf_init(&path, MF_OUTBOUND_URL_BYTES_MAX);
    url.is_https = to->has_scheme ? to->is_https : url.is_https;
    url.host = to->has_host ? to->host : url.host;
    if (to->has_port) {
        url.port = to->port;
    } else if (to->has_scheme || to->has_host) {
        url.port = url.is_https ? 443 : 80; /* The port belongs to what was left behind. */
    }
    url.is_default_port = url.port == (url.is_https ? 443 : 80);
    if (to->has_path) {
        rc = mf__path_read_plain(url.path, &plain);
        if (rc == 0) {
            rc = rewrite_path(request->rule, mf_buf_peek(&plain), &path);
        }
        url.path = mf_buf_peek(&path);
    }
    if (rc == 0) {
        rc = mf__url_write(&url, &request->url_text);
    }
    mf_buf_done(&plain);
    mf_buf_done(&path);
    return rc;
}

static bool is_replaced(const struct mf__rule *rule, struct mf_slice name)
{
    for (size_t i = 0; i < rule->strip_count; i++) {
        if (mf_slice_equal(rule->strip[i], name)) {
            return true;
        }
    }
    for (size_t i = 0; i < rule->set_count; i++) {
        if (mf_slice_equal(rule->set[i].name, name)) {
            return true;
        }
    }
    return false;
}

static int make_headers(struct mf__request *request, struct mf_slice headers)
{
    const struct mf__rule *rule = request->rule;
    struct mf_http_header header;
    struct mf_buf clean;
    size_t cursor = 0;
    int rc;

    mf_buf_init(&clean, MF_HTTP_HEADER_BYTES_MAX);
    rc = mf__headers_clean(headers, &clean, &request->headers_dropped);
    while (rc == 0 && mf_http_headers_next(mf_buf_peek(&clean), &cursor, &header) == 1) {
        if (is_replaced(rule, header.name)) {
            request->headers_dropped++;
        } else {
            rc = mf_http_headers_append(&request->headers, header.name, header.value);
        }
    }
    for (size_t i = 0; rc == 0 && i < rule->set_count; i++) {
        rc = mf_http_headers_append(&request->headers, rule->set[i].name, rule->set[i].value);
    }
    mf_buf_done(&clean);
    return rc;
}

static int refuse(struct mf__request *request, enum mf__reason reason, int error)
{
    request->reason = reason;
    return error;
}

static int make_url(struct mf__request *request, struct mf_slice url)
{
    int rc = request->rule->has_rewrite ? rewrite(request) : mf_buf_append_slice(&request->url_text, url);

    if (rc == 0) {
        rc = mf__url_parse(mf_buf_peek(&request->url_text), &request->url);
    }
    if (rc == MF_E_TOO_LARGE || rc == MF_E_OUTBOUND_URL) {
        return refuse(request, MF__REASON_REWRITE, MF_E_OUTBOUND_REFUSED);
    }
    return rc;
}

static int apply(struct mf__request *request, struct mf_slice url, struct mf_slice headers)
{
    const struct mf__rule *rule = request->rule;
    int rc;

    if (rule->action == MF__ACTION_DENY) {
        return refuse(request, MF__REASON_DENIED, MF_E_OUTBOUND_REFUSED);
    }
    rc = make_url(request, url);
    if (rc < 0) {
        return rc;
    }
    if (!request->url.is_https && !rule->allows_http) {
        return refuse(request, MF__REASON_CLEARTEXT, MF_E_OUTBOUND_REFUSED);
    }
    rc = make_headers(request, headers);
    if (rc == MF_E_OUTBOUND_HEADERS) {
        return refuse(request, MF__REASON_HEADERS, rc);
    }
    request->reason = rule->action == MF__ACTION_INTERCEPT ? MF__REASON_INTERCEPTED : MF__REASON_ALLOWED;
    return rc;
}

static int check(struct mf__request *request,
                 const struct mf_policy *policy,
                 struct mf_slice method,
                 struct mf_slice url,
                 struct mf_slice headers)
{
    int rc;

    if (mf__url_parse(url, &request->asked) < 0) {
        return refuse(request, MF__REASON_URL, MF_E_OUTBOUND_URL);
    }
    if (!mf__method_is_valid(method)) {
        return refuse(request, MF__REASON_METHOD, MF_E_OUTBOUND_METHOD);
    }
    rc = find_rule(policy, &request->asked, method, &request->rule, &request->rule_index);
    if (rc < 0) {
        return rc;
    }
    if (request->rule == NULL) {
        return refuse(request, MF__REASON_NO_RULE, MF_E_OUTBOUND_REFUSED);
    }
    return apply(request, url, headers);
}

void mf__request_init(struct mf__request *request)
{
    memset(request, 0, sizeof *request);
    mf_buf_init(&request->url_text, MF_OUTBOUND_URL_BYTES_MAX);
    mf_buf_init(&request->headers, MF_HEADERS_ENCODED_BYTES_MAX);
}

void mf__request_done(struct mf__request *request)
{
    mf_buf_done(&request->url_text);
    mf_buf_done(&request->headers);
}

int mf__request_judge(struct mf__request *request,
                      const struct mf_policy *policy,
                      struct mf_slice method,
                      struct mf_slice url,
                      struct mf_slice headers)
{
    mf_buf_reset(&request->url_text);
    mf_buf_reset(&request->headers);
    request->rule = NULL;
    request->headers_dropped = 0;
    request->asked.host.size = 0;
    request->error = check(request, policy, method, url, headers);
    if (request->error < 0) {
        mf_buf_reset(&request->url_text);
        mf_buf_reset(&request->headers);
    }
    return request->error;
}

int mf__request_sentence(const struct mf__request *request, struct mf_buf *out)
{
    if (request->error != MF_E_OUTBOUND_REFUSED) {
        return mf_buf_append_cstr(out, mf_error_message(request->error));
    }
    return mf_buf_printf(out, "Fetching from %s is not permitted.", request->asked.host.text);
}
