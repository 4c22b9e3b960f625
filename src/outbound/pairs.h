/* pairs.h - a set of pairs of bytes, and the first place in a text where one of them stands. What a search may skip, it skips with
 * this: sixteen places at a time where the machine can, else one by one. Pure.
 *
 * Source: the nibble tables are those of Geoffrey Langdale and Wojciech Muła, http://0x80.pl/articles/simd-byte-lookup.html. */
#ifndef MAYFLY_OUTBOUND_PAIRS_H
#define MAYFLY_OUTBOUND_PAIRS_H

#include <mayfly/base.h>

struct mf__pairs {
    uint64_t exact[65536 / 64]; /* first | second << 8 */
    /* By half bytes: a pair may be in the set when one bit is in all four. Each first byte has one of eight bits. */
    uint8_t first_low[16];
    uint8_t first_high[16];
    uint8_t second_low[16];
    uint8_t second_high[16];
};

void mf__pairs_add(struct mf__pairs *pairs, uint8_t first, uint8_t second);
/* After the last one was added. */
void mf__pairs_compile(struct mf__pairs *pairs);
static inline bool mf__pairs_has(const struct mf__pairs *pairs, const uint8_t *at)
{
    unsigned pair = at[0] | (unsigned)at[1] << 8;

    return (pairs->exact[pair / 64] >> (pair % 64) & 1) != 0;
}

/* The first place from |at| on, before |end|, where a pair begins; |end| when there is none. The byte at |end| can be read. */
const uint8_t *mf__pairs_find(const struct mf__pairs *pairs, const uint8_t *at, const uint8_t *end);
/* The same, one by one. */
const uint8_t *mf__pairs_find_slowly(const struct mf__pairs *pairs, const uint8_t *at, const uint8_t *end);

#endif
