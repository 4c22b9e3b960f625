/* hop.h - one request as it goes over the wire: what the policy made of it, with the credentials that its rule adds. A redirect
 * is another hop, judged from its beginning.
 *
 * Use:      mf__hop_init; mf__hop_check; mf__hop_hold; then the body or the tokens that mf__hop_needs_body and
 *           mf__hop_next_token ask for; mf__hop_apply; send |url| and |headers|; mf__hop_done once the answer has ended.
 * Threads:  [loop]
 * Owns:     the policy is the run's. |url| and |headers| hold credentials: they are wiped.
 * Fails:    MF_E_OUTBOUND_*, MF_E_SECRET_*: nothing may be sent.
 */
#ifndef MAYFLY_OUTBOUND_HOP_H
#define MAYFLY_OUTBOUND_HOP_H

#include <mayfly/vault.h>

#include "match.h"
#include "redact.h"

/* "00-", the trace, the span, the flags. */
#define MF__TRACE_ID_CHARS 32
#define MF__SPAN_ID_CHARS 16
#define MF__TRACEPARENT_CHARS 55

struct mf__hop {
    struct mf__request request;
    struct mf_buf url;       /* As it is sent, with a NUL behind it. */
    struct mf_buf headers;   /* As they are sent. */
    struct mf_buf partition; /* Which connections it may use. */
    struct mf_secret *secrets[MF_OUTBOUND_SECRETS_MAX];
    struct mf_slice tokens[MF_OUTBOUND_SECRETS_MAX]; /* Access tokens, ours. */
    size_t secrets_count;
    struct mf__needles *needles; /* What the answer must not show; NULL: nothing was added. */
    bool is_injected;
    char traceparent[MF__TRACEPARENT_CHARS + 1]; /* Set before mf__hop_apply, or "": it carries none. */
    struct mf_slice tracestate;                  /* Likewise, the run's. */
};

void mf__hop_init(struct mf__hop *hop);
void mf__hop_done(struct mf__hop *hop);

/* What the guest asks for: the policy's word on it, and no placeholder where none may be. */
MF_MUST_CHECK int mf__hop_check(struct mf__hop *hop,
                                const struct mf_policy *policy,
                                struct mf_slice method,
                                struct mf_slice url,
                                struct mf_slice headers);
/* Takes the rule's secrets, in the version of now. |vault| may be NULL: there are none. */
MF_MUST_CHECK int mf__hop_hold(struct mf__hop *hop, struct mf_vault *vault, struct mf_slice tenant);
/* How much of the request's body must be known before mf__hop_apply. */
enum mf_secret_body mf__hop_needs_body(const struct mf__hop *hop);
/* The first secret that needs an access token and has none, or NULL; mf__hop_set_token gives it one (copied). */
struct mf_secret *mf__hop_next_token(const struct mf__hop *hop);
MF_MUST_CHECK int mf__hop_set_token(struct mf__hop *hop, struct mf_slice token);

struct mf__hop_body {
    bool is_there;
    bool is_known; /* |bytes| is all of it. */
    struct mf_slice bytes;
};
MF_MUST_CHECK int mf__hop_apply(struct mf__hop *hop,
                                struct mf_vault *vault,
                                struct mf_slice tenant,
                                struct mf_slice method,
                                const struct mf__hop_body *body);

#endif
