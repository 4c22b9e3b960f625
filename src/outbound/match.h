/* match.h - from a guest's request and a policy to one decision: the checks before matching, the first rule that matches, what
 * it makes of the request. Pure.
 *
 * Use:      mf__request_init; mf__request_judge for what the guest asked, and again, with the new URL, for every hop of a
 *           redirect; then send request.url_text with request.headers, or what request.error says. mf__request_done.
 * Threads:  [any]
 * Owns:     |policy| and the rule are borrowed: hold a reference to the policy as long.
 * Fails:    the error is for the guest and says which host, nothing of rules, secrets or ranges: mf__request_sentence.
 */
#ifndef MAYFLY_OUTBOUND_MATCH_H
#define MAYFLY_OUTBOUND_MATCH_H

#include "policy.h"
#include "url.h"

/* Why it ended so; for explain and the audit record, never for the guest. */
enum mf__reason {
    MF__REASON_ALLOWED,
    MF__REASON_INTERCEPTED,
    MF__REASON_DENIED,    /* By a rule. */
    MF__REASON_NO_RULE,   /* None matched. */
    MF__REASON_CLEARTEXT, /* The rule has no allowHttp. */
    MF__REASON_URL,
    MF__REASON_METHOD,
    MF__REASON_HEADERS,
    MF__REASON_REWRITE, /* What the rewrite made cannot be fetched (too long). */
};
const char *mf__reason_name(enum mf__reason reason);     /* "no_match" */
const char *mf__reason_sentence(enum mf__reason reason); /* For the operator. */

struct mf__request {
    int error; /* 0: send it, or hand it over when rule->action is MF__ACTION_INTERCEPT. */
    enum mf__reason reason;
    const struct mf__rule *rule; /* The one that matched, also when it denies; NULL: none. */
    size_t rule_index;
    struct mf__url asked; /* What the guest asked for; points into the |url| that was given. */
    struct mf__url url;   /* What is sent: |asked|, or what the rule rewrote it to; points into |url_text|. */
    struct mf_buf url_text;
    struct mf_buf headers; /* Cleaned, stripped and set: name NUL value NUL. Empty after an error. */
    size_t headers_dropped;
};

void mf__request_init(struct mf__request *request);
void mf__request_done(struct mf__request *request);
/* |headers| as the guest gave them. Returns request->error: MF_E_OUTBOUND_URL, _METHOD, _HEADERS, _REFUSED, or
 * MF_E_NO_MEMORY. Only |url_text|, |url| and |headers| are fit to be sent. */
int mf__request_judge(struct mf__request *request,
                      const struct mf_policy *policy,
                      struct mf_slice method,
                      struct mf_slice url,
                      struct mf_slice headers);
/* What the guest is told, appended: "Fetching from api.example.com is not permitted." The host is there when the URL had one. */
MF_MUST_CHECK int mf__request_sentence(const struct mf__request *request, struct mf_buf *out);

/* The first rule for |url| and |method|, or NULL. */
const struct mf__rule *mf__policy_match(const struct mf_policy *policy,
                                        const struct mf__url *url,
                                        struct mf_slice method,
                                        size_t *ret_index);

#endif
