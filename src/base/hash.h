/* hash.h - siphash with a given key, inside src/base: so that a test can hold it against known vectors. */
#ifndef MAYFLY_SRC_BASE_HASH_H
#define MAYFLY_SRC_BASE_HASH_H

#include <mayfly/base.h>

struct mf_hash_key {
    uint64_t first;
    uint64_t second;
};

uint64_t mf_siphash(struct mf_slice bytes, struct mf_hash_key key, int rounds, int final_rounds);

#endif
