/* mayfly/tenant.h - who calls: access tokens, their scopes, and the tenants that they belong to. All of them are in memory.
 *
 * Use:      mf_tenants_open; mf_tenants_check for each request; what was changed in the store is told with mf_tenants_set_...
 *           and mf_tenants_drop_..., before the change is answered. mf_tenants_close.
 * Threads:  [loop] everything; the functions on texts and scopes: any.
 * Owns:     nothing of the caller's; struct mf_caller is plain data.
 * Limits:   MF_TENANTS_MAX, MF_TOKENS_MAX, MF_TENANT_TOKENS_MAX.
 * Fails:    MF_E_AUTH_TOKEN, whatever is wrong with a token: who guesses learns nothing. A guess costs us one SHA-256 at most, and
 *           is one of 2^190, so that nobody needs to be counted or locked out.
 * Not here: HTTP (api), the tables (store). Of a token only the SHA-256 is ever kept, in memory too.
 *
 *           mf_7Hq2ZkQx9b_kP0sVd7RzW1mX8cYb3LtN6uJgF5aEeQo9T3xKs
 *              `--id-----' `--secret, 32 characters-------' `crc'     all of [0-9A-Za-z]: 190 bits nobody knows
 *
 *           The last six are the CRC-32 of all before them, so that whoever looks for leaked tokens finds no other.
 *           A scanner's expression: \bmf_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}\b
 */
#ifndef MAYFLY_TENANT_H
#define MAYFLY_TENANT_H

#include <mayfly/base.h>
#include <mayfly/store.h>

/* ---- scopes ------------------------------------------------------------------------------------- */

/*     constant        name               what it may, besides itself                                           */
#define MF_SCOPE_MAP(XX)                                                                                     \
    XX(RUN, "run", 0)                                                                                        \
    XX(WORKERS_READ, "workers:read", 0)                                                                      \
    XX(WORKERS, "workers", MF_SCOPE_WORKERS_READ)                                                            \
    XX(WORKSPACES_READ, "workspaces:read", 0)                                                                \
    XX(WORKSPACES, "workspaces", MF_SCOPE_WORKSPACES_READ)                                                   \
    XX(SECRETS_READ, "secrets:read", 0)                                                                      \
    XX(SECRETS, "secrets", MF_SCOPE_SECRETS_READ)                                                            \
    XX(OUTBOUNDS_READ, "outbounds:read", 0)                                                                  \
    XX(OUTBOUNDS, "outbounds", MF_SCOPE_OUTBOUNDS_READ)                                                      \
    XX(USAGE, "usage", 0)                                                                                    \
    XX(LOGS, "logs", 0)                                                                                      \
    XX(TOKENS, "tokens", 0)                                                                                  \
    XX(METRICS, "metrics", 0)                                                                                \
    XX(ADMIN, "admin", MF_SCOPE_ALL)

enum mf_scope_number {
#define XX(name, text, more) MF_SCOPE_NUMBER_##name,
    MF_SCOPE_MAP(XX)
#undef XX
        MF_SCOPES_COUNT
};

enum mf_scope {
#define XX(name, text, more) MF_SCOPE_##name = 1 << MF_SCOPE_NUMBER_##name,
    MF_SCOPE_MAP(XX)
#undef XX
};

#define MF_SCOPE_ALL ((1u << MF_SCOPES_COUNT) - 1)
#define MF_SCOPES_BYTES_MAX 256 /* All names with blanks between. */

/* "workspaces:read"; of a mask, its lowest. */
const char *mf_scope_name(uint32_t scope);
/* The scope of that name and all that it may besides; 0: there is none. */
uint32_t mf_scope_of(struct mf_slice name);
/* "run workers": the fewest names that say |scopes|. |ret_text| holds MF_SCOPES_BYTES_MAX. */
void mf_scopes_write(uint32_t scopes, char *ret_text);
/* Names that are not known, of a newer Mayfly, give nothing. */
uint32_t mf_scopes_read(struct mf_slice text);

/* ---- quotas -------------------------------------------------------------------------------------- */

#define MF_QUOTA_MAP(XX)                                                                                     \
    XX(RUNS, "concurrentRuns")                                                                               \
    XX(QUEUED, "queuedRuns")                                                                                 \
    XX(REQUESTS, "requestsPerMinute")                                                                        \
    XX(CPU_MS, "cpuMsPerMinute")                                                                             \
    XX(EGRESS_BYTES, "egressBytesPerHour")                                                                   \
    XX(WORKSPACE_BYTES, "workspaceBytes")                                                                    \
    XX(WORKER_BYTES, "workerBytes")

enum mf_quota {
#define XX(name, text) MF_QUOTA_##name,
    MF_QUOTA_MAP(XX)
#undef XX
        MF_QUOTAS_COUNT
};

#define MF_QUOTA_UNSET UINT64_MAX /* What the config says. */
#define MF_QUOTAS_BYTES_MAX 512   /* All of them as a text. */

struct mf_quotas {
    uint64_t values[MF_QUOTAS_COUNT];
};

const char *mf_quota_name(enum mf_quota quota);
/* "concurrentRuns=5 workerBytes=1000": those that are set. |ret_text| holds MF_QUOTAS_BYTES_MAX. */
void mf_quotas_write(const struct mf_quotas *quotas, char *ret_text);
/* What is not known, of a newer Mayfly, is passed over. */
void mf_quotas_read(struct mf_slice text, struct mf_quotas *ret_quotas);

/* ---- the text of a token ---------------------------------------------------------------------------- */

#define MF_TOKEN_ID_CHARS 10
#define MF_TOKEN_CHARS 52
#define MF_TOKEN_DIGEST_BYTES 32

/* A new key of the token |id|, which is made as well when |id| is "". |ret_text| holds MF_TOKEN_CHARS + 1: wipe it. */
void mf_token_make(char id[MF_TOKEN_ID_CHARS + 1], char *ret_text);
/* Is it one of ours, from its looks? Then its id is the MF_TOKEN_ID_CHARS from the fourth character on. */
bool mf_token_is_ours(struct mf_slice text);
bool mf_token_id_is_valid(struct mf_slice id);
void mf_token_digest(struct mf_slice text, uint8_t ret_digest[MF_TOKEN_DIGEST_BYTES]);

/* ---- who calls ------------------------------------------------------------------------------------------ */

/* In a request: found by its token, valid as long as the storage that it is in. */
struct mf_caller {
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1]; /* "": the operator's own. */
    uint8_t tenant_size;
    char token[MF_TOKEN_ID_CHARS + 1]; /* "": an admin token of the operator's file, or none is asked for. */
    uint32_t scopes;
};

struct mf_tenants;

#define MF_TENANTS_WHY_BYTES_MAX 1024

struct mf_tenants_options {
    struct mf_store *store; /* Read at the opening only. */
    struct mf_store_queue
        *queue; /* Times of last use are written by way of it. Closed before the tenants are. */
    const char *admin_token_path; /* NULL: no tokens are asked for, and mf_tenants_check is not called. */
};

/* Blocks. MF_E_CONFIG and a sentence in |ret_why| when the file is not what it must be, or when tokens were made and none are asked
 * for. */
MF_MUST_CHECK int mf_tenants_open(const struct mf_tenants_options *options,
                                  MF_OWN struct mf_tenants **ret_tenants,
                                  char *ret_why);
void mf_tenants_close(MF_OWN struct mf_tenants *tenants); /* NULL is fine. */
/* The operator's file is read again: MF_E_CONFIG, or mf_tenants_take puts its tokens in the old ones' place. Blocks. */
MF_MUST_CHECK int mf_tenants_reload(struct mf_tenants *tenants, char *ret_why);
void mf_tenants_take(struct mf_tenants *tenants);
/* Are tokens asked for? */
bool mf_tenants_is_on(const struct mf_tenants *tenants);

/* |text| is what stands behind "Bearer ". */
MF_MUST_CHECK int mf_tenants_check(struct mf_tenants *tenants,
                                   struct mf_slice text,
                                   uint64_t now_ms,
                                   struct mf_caller *ret_caller);
/* Would |caller|'s token be let in now? The operator's own always would. */
bool mf_tenants_holds(const struct mf_tenants *tenants, const struct mf_caller *caller, uint64_t now_ms);
bool mf_tenants_exists(const struct mf_tenants *tenants, struct mf_slice name);
/* A number for the tenant, above 0, that no other has or will have while this process lives; also of one that is gone by now. */
uint64_t mf_tenants_number(struct mf_tenants *tenants, struct mf_slice name);
/* The name that has it; data NULL: nobody's any more. */
struct mf_slice mf_tenants_name_of(const struct mf_tenants *tenants, uint64_t number);
/* Of the token |id| when it is |tenant|'s, or anybody's when |tenant|'s data is NULL; 0: there is none. */
uint32_t mf_tenants_scopes_of(const struct mf_tenants *tenants, struct mf_slice tenant, struct mf_slice id);

/* ---- what a tenant has used ------------------------------------------------------------------------------ */

struct mf_rate_limit {
    uint64_t quota; /* So much in each window. */
    uint64_t window_ns;
};

struct mf_rate_state {
    struct mf_rate_limit limit;
    uint64_t left;
    uint32_t reset_s; /* Until all of it is there again, */
    uint32_t retry_s; /* and until enough is; at least 1. */
};

/* What was set for the tenant: nothing for one that is gone, and for the operator's own. False: it has no quotas at all. */
bool mf_tenants_quotas(const struct mf_tenants *tenants, struct mf_slice name, struct mf_quotas *ret_quotas);
/* Is |amount| of |quota| left to the tenant, of which |limit| is the rate? MF_QUOTA_REQUESTS, _CPU_MS or _EGRESS_BYTES. */
bool mf_tenants_has(const struct mf_tenants *tenants,
                    struct mf_slice name,
                    enum mf_quota quota,
                    const struct mf_rate_limit *limit,
                    uint64_t amount,
                    uint64_t now_ns,
                    struct mf_rate_state *ret_state);
/* It used that much, which may be more than was left. */
void mf_tenants_spend(struct mf_tenants *tenants,
                      struct mf_slice name,
                      enum mf_quota quota,
                      const struct mf_rate_limit *limit,
                      uint64_t amount,
                      uint64_t now_ns);

/* Bytes on the disk, as of a moment ago. */
struct mf_tenant_sums {
    uint64_t worker_bytes;
    uint64_t workspace_bytes;
};

void mf_tenants_sums(const struct mf_tenants *tenants, struct mf_slice name, struct mf_tenant_sums *ret_sums);
/* True, once: they are older than MF_TENANT_SUMS_MS; mf_tenants_set_sums is to follow, with NULL when they could not be read. */
bool mf_tenants_wants_sums(struct mf_tenants *tenants, struct mf_slice name, uint64_t now_ns);
void mf_tenants_set_sums(struct mf_tenants *tenants, struct mf_slice name, const struct mf_tenant_sums *sums);

/* ---- what the store says has changed ------------------------------------------------------------------ */

/* New, or in the place of the old one. MF_E_TOO_MANY, MF_E_NO_MEMORY. To keep its place before the store is told of a new one, set
 * it before as well: a token that has expired opens nothing. */
MF_MUST_CHECK int mf_tenants_set_tenant(struct mf_tenants *tenants, const struct mf_store_tenant *row);
MF_MUST_CHECK int mf_tenants_set_token(struct mf_tenants *tenants, const struct mf_store_token *row);
/* |digest| is its newest key, and the one so far holds until |previous_ends_ms|. Nothing when there is no such token. */
void mf_tenants_rotate_token(struct mf_tenants *tenants,
                             struct mf_slice id,
                             const uint8_t digest[MF_TOKEN_DIGEST_BYTES],
                             uint64_t previous_ends_ms);
/* From here on it holds no more. A tenant goes with all of its tokens. */
void mf_tenants_drop_tenant(struct mf_tenants *tenants, struct mf_slice name);
void mf_tenants_drop_token(struct mf_tenants *tenants, struct mf_slice id);

#endif
