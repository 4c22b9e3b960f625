/* needles.h - the automaton behind redact.h: Aho-Corasick over all forms of all secrets. Alfred V. Aho, Margaret J. Corasick:
 * Efficient string matching, https://doi.org/10.1145/360825.360855. */
#ifndef MAYFLY_OUTBOUND_NEEDLES_H
#define MAYFLY_OUTBOUND_NEEDLES_H

#include <stdatomic.h>

#include "pairs.h"
#include "redact.h"

/* State 0 is the root: nothing has begun. */
struct needle_node {
    uint32_t child; /* The first; 0: none. */
    uint32_t sibling;
    uint32_t fail;  /* The longest proper suffix that begins a needle too. */
    uint32_t found; /* How long the longest needle is that ends here; 0: none. */
    uint32_t depth;
    uint8_t byte;
};

struct mf__needles {
    atomic_uint refs;
    struct needle_node *nodes;
    uint32_t count;
    uint32_t capacity;
    uint32_t longest;
    bool is_compiled;
    bool has_blank;         /* "+" may stand for one. */
    uint32_t root[256];     /* The root's children. */
    bool may_begin[256];    /* Some reading leaves the root, or reads an escape, at this byte. */
    struct mf__pairs pairs; /* The same for two bytes. */
};

/* The next state. */
static inline uint32_t needles_step(const struct mf__needles *needles, uint32_t state, uint8_t byte)
{
    const struct needle_node *nodes = needles->nodes;

    while (state != 0) {
        uint32_t child = nodes[state].child;
        while (child != 0 && nodes[child].byte != byte) {
            child = nodes[child].sibling;
        }
        if (child != 0) {
            return child;
        }
        state = nodes[state].fail;
    }
    return needles->root[byte];
}

#endif
