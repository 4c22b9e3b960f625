/* code_cache.h - V8's code caches of stored workers: made once a worker has run some times, kept beside its code, sent along with it.
 *
 * V8 takes a code cache as it is: whoever writes one runs native code wherever it is used. So the one who makes it is an executor that was
 * started for it and has seen that code and nothing else; it gets no request of anybody's, no outbound, no files, and ends with it. A worker
 * that takes it over gains what it has already: to be run where it is run. What it made is bound to tenant, code and build by a SHA-256
 * that is checked whenever it is read from the disk.
 *
 * Use:      mf__code_caches_consider at each run of a stored worker; mf__code_caches_used when one that had a cache is over.
 * Threads:  [loop]; what takes no struct mf__code_caches: any.
 * Limits:   MF_CODE_CACHE_*; one is made at a time, and then none for some time.
 * Fails:    never: a worker without a cache is compiled. */
#ifndef MAYFLY_API_CODE_CACHE_H
#define MAYFLY_API_CODE_CACHE_H

#include <mayfly/store.h>

#include "live.h"
#include "worker_cache.h"

#define MF__CODE_CACHE_BUILD_BYTES 256 /* All that decides whether a V8 takes another one's cache. */

struct mf__code_caches;

struct mf__code_caches_state {
    uint64_t made;
    uint64_t failed;
    uint64_t used;
    uint64_t rejected; /* By V8. */
};

MF_OWN struct mf__code_caches *mf__code_caches_new(struct mf_api *api);
/* None is being made any more. NULL is fine. */
void mf__code_caches_free(MF_OWN struct mf__code_caches *caches);
void mf__code_caches_consider(struct mf__code_caches *caches, const struct mf__worker *worker);
/* |use| is what its executor says. */
void mf__code_caches_used(struct mf__code_caches *caches, const struct mf__live *live, uint8_t use);
void mf__code_caches_state(const struct mf__code_caches *caches, struct mf__code_caches_state *ret_state);

/* [loop] */
void mf__code_cache_build(const struct mf_api *api, char ret_build[MF__CODE_CACHE_BUILD_BYTES]);
/* Whether |row| is, to the last byte, what was made of this code of this tenant by this build. */
bool mf__code_cache_is_whole(const struct mf_store_code_cache *row);
/* Whether |parts| are code caches of modules of |bundle|, and nothing else. */
bool mf__code_cache_fits(struct mf_slice bundle, struct mf_slice parts);
/* How many bytes of |bundle| there can be a cache of. */
size_t mf__code_cache_source_bytes(struct mf_slice bundle);

#endif
