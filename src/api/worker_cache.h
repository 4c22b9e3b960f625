/* worker_cache.h - stored workers, ready to run: read from the disk once, kept as long as there is room, least recently used first out.
 *
 * Use:      mf__workers_get before each run, then mf__worker_call with what it gave; mf__workers_forget when one has changed.
 * Threads:  [loop]; mf__worker_read on any.
 * Owns:     a worker is the cache's and may be gone after the next call of these; the parts of its code are counted (pool.h), so a
 *           run keeps what it began with.
 * Limits:   the two of mf__workers_new; each one's bytes are in api->bytes_held while it is here. */
#ifndef MAYFLY_API_WORKER_CACHE_H
#define MAYFLY_API_WORKER_CACHE_H

#include "call.h"
#include "internal.h"

#define MF__WORKER_HASH_BYTES 65 /* SHA-256 in hexadecimal, and a NUL. */

struct mf__worker {
    struct mf_list link;  /* Of the cache: the one that was used last stands first. */
    struct mf__call call; /* Its code, limits and outbound; nothing of a request. */
    size_t bytes;
    size_t modules_bytes; /* Of its modules that a code cache can be made of. */
    uint32_t hits;
    bool is_cache_tried; /* None can be made of it. */
    size_t key_size;
    size_t tenant_size;
    char key[MF_STORE_TENANT_BYTES_MAX + MF_STORE_NAME_BYTES_MAX + 2]; /* "tenant/name" */
};

struct mf__worker_wait {
    struct mf_list link;
    /* |worker| is borrowed for the call; NULL with an error. */
    void (*done)(struct mf__worker_wait *wait, int error, const struct mf__worker *worker);
};

struct mf__workers;

struct mf__workers_state {
    size_t count;
    size_t bytes;
    uint64_t hits;
    uint64_t loads;
    uint64_t evictions;
    uint64_t code_caches_refused; /* Damaged, or of other code. */
};

MF_OWN struct mf__workers *mf__workers_new(struct mf_api *api, size_t bytes_max, size_t count_max);
/* Nothing is being read any more. NULL is fine. */
void mf__workers_free(MF_OWN struct mf__workers *workers);
/* 0: it is here, borrowed. MF_E_AGAIN: |wait->done| comes, or mf__workers_cancel before. MF_E_OVERLOADED, MF_E_CLOSED. */
MF_MUST_CHECK int mf__workers_get(struct mf__workers *workers,
                                  struct mf_slice tenant,
                                  struct mf_slice name,
                                  struct mf__worker_wait *wait,
                                  const struct mf__worker **ret_worker);
void mf__workers_cancel(struct mf__worker_wait *wait);
/* What |tenant| has stored under |name| is another now, or gone. In the |done| of the job that changed it. */
void mf__workers_forget(struct mf__workers *workers, struct mf_slice tenant, struct mf_slice name);
/* No code cache can be made of its code |hash|. */
void mf__workers_no_code_cache(struct mf__workers *workers,
                               struct mf_slice tenant,
                               struct mf_slice name,
                               struct mf_slice hash);
void mf__workers_state(const struct mf__workers *workers, struct mf__workers_state *ret_state);

/* A call of it, for mf__call_done; a request is to be added. */
void mf__worker_call(const struct mf__worker *worker,
                     const struct mf_config *config,
                     struct mf__call *ret_call);

/* The one form in which code is kept and named: the fields in our order, the modules in that of their names, no blanks.
 * |ret_text| is for cJSON_free. MF_E_NO_MEMORY. */
struct cJSON;
MF_MUST_CHECK int mf__worker_write(struct cJSON *code, char **ret_text, char ret_hash[MF__WORKER_HASH_BYTES]);

#endif
