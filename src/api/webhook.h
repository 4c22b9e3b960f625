/* webhook.h - what we send is signed, so that its receiver knows whose it is.
 *
 * Source:  https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * Memory:  keys lie where the vault's values do, and are wiped at the end. */
#ifndef MAYFLY_API_WEBHOOK_H
#define MAYFLY_API_WEBHOOK_H

#include <mayfly/base.h>

struct mf__webhook_keys;

/* A file of lines "whsec_BASE64": one, or two while one takes the other's place. MF_E_CONFIG and |ret_why| (MF_POST_WHY_BYTES_MAX),
 * which begins with |field| and has nothing of a key. Blocks. */
MF_MUST_CHECK int mf__webhook_keys_read(const char *path,
                                        const char *field,
                                        MF_OWN struct mf__webhook_keys **ret_keys,
                                        char *ret_why);
void mf__webhook_keys_free(MF_OWN struct mf__webhook_keys *keys); /* NULL is fine. */

/* Appends "v1,BASE64", once for each key with a blank between: HMAC-SHA256 over "id.timestamp.body". */
MF_MUST_CHECK int mf__webhook_sign(const struct mf__webhook_keys *keys,
                                   const char *id,
                                   uint64_t unix_s,
                                   struct mf_slice body,
                                   struct mf_buf *out);

#endif
