/* tail.h - who reads /v1/tail: each run that ends is told to those that want it. */
#ifndef MAYFLY_API_TAIL_H
#define MAYFLY_API_TAIL_H

#include "internal.h"

struct mf__tails;

struct mf__tails_state {
    unsigned readers;
    uint64_t sent;    /* Events of runs. */
    uint64_t dropped; /* Those that a reader was too slow for. */
};

MF_OWN struct mf__tails *mf__tails_new(struct mf_api *api);
void mf__tails_tell(struct mf__tails *tails, const struct mf_trace *trace);
/* Their streams end; others are refused from here on. */
void mf__tails_drain(struct mf__tails *tails);
/* No exchange is left. */
void mf__tails_close(MF_OWN struct mf__tails *tails, void (*on_closed)(void *user), void *user);
void mf__tails_state(const struct mf__tails *tails, struct mf__tails_state *ret_state);

#endif
