/* internal.h - what the files of the tenant room share. */
#ifndef MAYFLY_TENANT_INTERNAL_H
#define MAYFLY_TENANT_INTERNAL_H

#include <mayfly/tenant.h>

/* ---- text.c ------------------------------------------------------------------------------------- */

/* Of a text that mf_token_is_ours. */
struct mf_slice mf__token_id(struct mf_slice text);
/* A valid id as a number; no two have the same. */
uint64_t mf__token_key(struct mf_slice id);

/* ---- rates.c ------------------------------------------------------------------------------------- */

/* Zeroed: full. */
struct mf_rate {
    uint64_t full_ns;
};

/* Is |amount| left, and anything at all? Else |ret_state| says when. */
bool mf__rate_has(const struct mf_rate *rate,
                  const struct mf_rate_limit *limit,
                  uint64_t amount,
                  uint64_t now_ns,
                  struct mf_rate_state *ret_state);
void mf__rate_spend(struct mf_rate *rate,
                    const struct mf_rate_limit *limit,
                    uint64_t amount,
                    uint64_t now_ns);

/* ---- admin.c: the operator's own tokens -------------------------------------------------------------- */

struct mf__admin_tokens {
    uint8_t digests[MF_ADMIN_TOKENS_MAX][MF_TOKEN_DIGEST_BYTES];
    size_t count; /* 1 or more once it was read. */
};

/* MF_E_CONFIG and a sentence. What the file holds is wiped when this returns. */
MF_MUST_CHECK int mf__admin_read(const char *path, struct mf__admin_tokens *ret_tokens, char *ret_why);
/* In the same time, whichever it is or is not. */
bool mf__admin_has(const struct mf__admin_tokens *tokens, const uint8_t digest[MF_TOKEN_DIGEST_BYTES]);

#endif
