/* hash.c - SipHash: a hash that a peer who cannot see its key cannot make collide. 1 round a word and 3 at
 * the end.
 *
 * Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF" (2012), section 2.
 */
#include "hash.h"

#include <pthread.h>

struct state {
    uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static inline void rounds_of(struct state *state, int rounds)
{
    struct state s = *state;
    for (int i = 0; i < rounds; i++) {
        s.a += s.b;
        s.c += s.d;
        s.b = rotate(s.b, 13) ^ s.a;
        s.d = rotate(s.d, 16) ^ s.c;
        s.a = rotate(s.a, 32);
        s.c += s.b;
        s.a += s.d;
        s.b = rotate(s.b, 17) ^ s.c;
        s.d = rotate(s.d, 21) ^ s.a;
        s.c = rotate(s.c, 32);
    }
    *state = s;
}

static inline void absorb(struct state *state, uint64_t word, int rounds)
{
    state->d ^= word;
    rounds_of(state, rounds);
    state->a ^= word;
}

uint64_t mf_siphash(struct mf_slice bytes, struct mf_hash_key key, int rounds, int final_rounds)
{
    struct state state = {
        key.first ^ UINT64_C(0x736f6d6570736575),
        key.second ^ UINT64_C(0x646f72616e646f6d),
        key.first ^ UINT64_C(0x6c7967656e657261),
        key.second ^ UINT64_C(0x7465646279746573),
    };
    size_t whole = bytes.size / 8 * 8;
    for (size_t at = 0; at < whole; at += 8) {
        absorb(&state, word_at(bytes.data + at), rounds);
    }
    uint64_t last = (uint64_t)bytes.size << 56;
    for (size_t at = whole; at < bytes.size; at++) {
        last |= (uint64_t)bytes.data[at] << (8 * (at - whole));
    }
    absorb(&state, last, rounds);
    state.c ^= 0xff;
    rounds_of(&state, final_rounds);
    return state.a ^ state.b ^ state.c ^ state.d;
}

static struct mf_hash_key process_key;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void process_key_draw(void)
{
    mf_random_bytes(&process_key, sizeof(process_key));
}

uint64_t mf_hash(struct mf_slice bytes)
{
    (void)pthread_once(&process_key_once, process_key_draw);
    return mf_siphash(bytes, process_key, 1, 3);
}
