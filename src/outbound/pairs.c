#include "pairs.h"

#ifdef __x86_64__
#include <tmmintrin.h>
#endif

void mf__pairs_add(struct mf__pairs *pairs, uint8_t first, uint8_t second)
{
    unsigned pair = first | (unsigned)second << 8;

    pairs->exact[pair / 64] |= UINT64_C(1) << (pair % 64);
}

static void add_halves(struct mf__pairs *pairs, unsigned pair, uint8_t bit)
{
    pairs->first_low[pair & 15] |= bit;
    pairs->first_high[pair >> 4 & 15] |= bit;
    pairs->second_low[pair >> 8 & 15] |= bit;
    pairs->second_high[pair >> 12] |= bit;
}

void mf__pairs_compile(struct mf__pairs *pairs)
{
    uint8_t bits[256] = {0};
    unsigned count = 0;

    for (unsigned word = 0; word < MF_COUNT_OF(pairs->exact); word++) {
        for (uint64_t left = pairs->exact[word]; left != 0; left &= left - 1) {
            unsigned pair = word * 64 + (unsigned)__builtin_ctzll(left);
            uint8_t *bit = &bits[pair & 255];
            if (*bit == 0) {
                *bit = (uint8_t)(1u << (count++ % 8));
            }
            add_halves(pairs, pair, *bit);
        }
    }
}

const uint8_t *mf__pairs_find_slowly(const struct mf__pairs *pairs, const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 4 && !(mf__pairs_has(pairs, at) | mf__pairs_has(pairs, at + 1) |
                              mf__pairs_has(pairs, at + 2) | mf__pairs_has(pairs, at + 3))) {
        at += 4;
    }
    while (at < end && !mf__pairs_has(pairs, at)) {
        at++;
    }
    return at;
}

#ifdef __x86_64__
/* Which of the bytes at |at| have a bit in both tables, by halves. */
__attribute__((target("ssse3"))) static inline __m128i
look_up(const uint8_t *at, const uint8_t *low, const uint8_t *high)
{
    const __m128i half = _mm_set1_epi8(15);
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i lows = _mm_and_si128(bytes, half);
    __m128i highs = _mm_and_si128(_mm_srli_epi16(bytes, 4), half);

    return _mm_and_si128(_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)low), lows),
                         _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)high), highs));
}

__attribute__((target("ssse3"))) static const uint8_t *
find_by_sixteen(const struct mf__pairs *pairs, const uint8_t *at, const uint8_t *end)
{
    for (; end - at >= 16; at += 16) {
        __m128i found = _mm_and_si128(look_up(at, pairs->first_low, pairs->first_high),
                                      look_up(at + 1, pairs->second_low, pairs->second_high));
        unsigned none = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(found, _mm_setzero_si128()));
        for (unsigned left = ~none & 0xffff; left != 0; left &= left - 1) {
            const uint8_t *place = at + __builtin_ctz(left);
            if (mf__pairs_has(pairs, place)) {
                return place;
            }
        }
    }
    return mf__pairs_find_slowly(pairs, at, end);
}
#endif

const uint8_t *mf__pairs_find(const struct mf__pairs *pairs, const uint8_t *at, const uint8_t *end)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("ssse3")) {
        return find_by_sixteen(pairs, at, end);
    }
#endif
    return mf__pairs_find_slowly(pairs, at, end);
}
