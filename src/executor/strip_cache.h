/* strip_cache.h - stripped sources by content: a lookup compares every byte, so that no hash collision can hand one run
 * another's code. Least recently used first out.
 */
#ifndef MAYFLY_EXECUTOR_STRIP_CACHE_H
#define MAYFLY_EXECUTOR_STRIP_CACHE_H

#include <pthread.h>

#include <mayfly/base.h>

/* JavaScript that runs and the cache share. */
struct mf_stripped {
    struct mf_list list;          /* In the cache's order of use, or alone. */
    struct mf_strip_cache *cache; /* Its mutex guards |refs| and |list|. */
    uint64_t hash;
    size_t refs;
    struct mf_slice key;      /* Name, NUL, source. */
    struct mf_slice text;     /* JavaScript. */
    struct mf_slice mappings; /* Of struct mf_module. */
    uint8_t bytes[];          /* All three. */
};

struct mf_strip_cache {
    pthread_mutex_t mutex; /* Guards all below. A leaf. */
    struct mf_map *by_hash;
    struct mf_list uses; /* Least recently used in front. */
    size_t bytes;
};

void mf_strip_cache_init(struct mf_strip_cache *cache);
void mf_strip_cache_done(struct mf_strip_cache *cache);
/* NULL: not there. */
MF_MUST_CHECK struct mf_stripped *
mf_strip_cache_get(struct mf_strip_cache *cache, struct mf_slice name, struct mf_slice source);
/* NULL: no memory. What is too large for the cache is only the caller's. */
MF_MUST_CHECK struct mf_stripped *mf_strip_cache_put(struct mf_strip_cache *cache,
                                                     struct mf_slice name,
                                                     struct mf_slice source,
                                                     struct mf_slice text,
                                                     struct mf_slice mappings);
void mf_stripped_unref(struct mf_stripped *stripped);

#endif
