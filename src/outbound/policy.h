/* policy.h - a policy as the rest of the room sees it: plain arrays, immutable once read. mayfly/outbound_policy.h has what
 * may be done with it from outside. */
#ifndef MAYFLY_OUTBOUND_POLICY_PRIVATE_H
#define MAYFLY_OUTBOUND_POLICY_PRIVATE_H

#include <stdatomic.h>

#include <mayfly/outbound_policy.h>

#include "address.h"
#include "host.h"

enum mf__action { MF__ACTION_ALLOW, MF__ACTION_DENY, MF__ACTION_INTERCEPT };
const char *mf__action_name(enum mf__action action); /* "allow" */

enum mf__redact_mode { MF__REDACT_REPLACE, MF__REDACT_BLOCK, MF__REDACT_OFF };

enum mf__pattern_kind {
    MF__PATTERN_ANY, /* "*": every host. */
    MF__PATTERN_EXACT,
    MF__PATTERN_BELOW, /* "*.example.com": every name that ends in ".example.com", not the name itself. */
};

struct mf__pattern {
    enum mf__pattern_kind kind;
    struct mf__host host; /* BELOW: without "*.". */
};

enum { MF__SCHEME_HTTP = 1, MF__SCHEME_HTTPS = 2 };

struct mf__match {
    uint8_t schemes; /* Mask; both when the rule names none. */
    struct mf__pattern *hosts;
    size_t hosts_count;
    bool is_any_port;
    uint16_t *ports; /* None: the scheme's own; any when the rule denies. */
    size_t ports_count;
    struct mf_slice *methods; /* None: any. */
    size_t methods_count;
    bool has_path;
    struct mf_slice path_plain; /* The prefix in both readings (path.h). */
    struct mf_slice path_loose;
    uint64_t hash; /* Of all that: equal matches have the same. */
};

struct mf__rewrite {
    bool has_scheme;
    bool is_https;
    bool has_host;
    struct mf__host host;
    bool has_port;
    uint16_t port;
    bool has_path;
    struct mf_slice
        path; /* Stands in place of the matched prefix, or before the path when the rule matches none. */
};

struct mf__header_set {
    struct mf_slice name; /* Lower case. */
    struct mf_slice value;
};

struct mf__rule {
    struct mf__match match;
    enum mf__action action;
    bool has_rewrite;
    struct mf__rewrite rewrite;
    struct mf_slice *secrets; /* To inject, in their order. */
    size_t secrets_count;
    struct mf_slice *placeholders; /* Secrets whose {{secret:NAME}} may stand in header values. */
    size_t placeholders_count;
    struct mf_slice worker; /* INTERCEPT. */
    bool allows_http;
    enum mf__redact_mode redact;
    struct mf__range *ranges; /* Opened besides the public internet. */
    size_t ranges_count;
    struct mf_slice *strip; /* Request headers to leave out, lower case. */
    size_t strip_count;
    struct mf__header_set *set; /* Request headers in place of the guest's. */
    size_t set_count;
};

struct mf_policy {
    atomic_uint refs;
    struct mf_arena *arena; /* Everything below. */
    struct mf__rule *rules;
    size_t rules_count;
    struct mf_slice *secrets; /* Each once. */
    size_t secrets_count;
    struct mf_slice *workers;
    size_t workers_count;
};

#endif
