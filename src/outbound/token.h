/* token.h - access tokens of OAuth 2 client credentials (RFC 6749 section 4.4): fetched once for all who wait, kept until shortly
 * before they end, renewed meanwhile.
 *
 * Use:      mf__token_get; its callback, or mf__token_cancel.
 * Threads:  [loop]
 * Owns:     tokens are secret: they lie in the vault's memory, and are borrowed for the call.
 * Limits:   MF_UPSTREAM_TOKEN_*.
 * Fails:    MF_E_UPSTREAM_TOKEN, for all who wait and, for MF_UPSTREAM_TOKEN_RETRY_MS, for who asks next. The log says why.
 *           The callback never comes inside a function of this file.
 */
#ifndef MAYFLY_OUTBOUND_TOKEN_H
#define MAYFLY_OUTBOUND_TOKEN_H

#include <mayfly/vault.h>

#include "policy.h"

struct mf_egress;
struct mf__tokens;
struct mf__token_wait;

MF_OWN struct mf__tokens *mf__tokens_new(struct mf_egress *egress);
/* Nobody waits. Ends what is under way and wipes what is kept; calls back once no handle is left, perhaps inside this call. */
void mf__tokens_close(MF_OWN struct mf__tokens *tokens, void (*on_closed)(void *user), void *user);

/* Of |secret|, which is of kind MF_SECRET_OAUTH2, in its version. 1: *ret_token is it, borrowed for now. 0: |on_done| will say. The
 * token's server is reached within the address ranges of |rule| (those of the first who asks), and is not redirected. */
MF_MUST_CHECK int mf__token_get(struct mf__tokens *tokens,
                                struct mf_secret *secret,
                                const struct mf__rule *rule,
                                void (*on_done)(void *user, int error, struct mf_slice token),
                                void *user,
                                struct mf_slice *ret_token,
                                struct mf__token_wait **ret_wait);
void mf__token_cancel(MF_OWN struct mf__token_wait *wait);

#endif
