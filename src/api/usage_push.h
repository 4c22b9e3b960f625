/* usage_push.h - usage is told to a receiver of the operator's: the sums that have changed, signed, until it has taken them.
 *
 * Threads:  [loop]; the store is read by jobs of its queue, requests are sent by a thread of their own.
 * Owns:     one delivery at a time.
 * Limits:   MF_USAGE_PUSH_*.
 * Fails:    what is not taken is tried again for ever: all that there is to remember is one number, in the store. */
#ifndef MAYFLY_API_USAGE_PUSH_H
#define MAYFLY_API_USAGE_PUSH_H

#include "internal.h"

#include <mayfly/post.h>

struct mf__usage_push;

struct mf__usage_push_state {
    uint64_t deliveries; /* Taken, */
    uint64_t failures;   /* and not. */
    uint64_t rows;
    uint64_t success_unix_s; /* 0: not yet. */
};

/* As the api's config says. Reads the keys: MF_E_CONFIG and |ret_why| (MF_POST_WHY_BYTES_MAX), likewise of the next two. */
MF_MUST_CHECK int
mf__usage_push_open(struct mf_api *api, MF_OWN struct mf__usage_push **ret_push, char *ret_why);
MF_MUST_CHECK int mf__usage_push_check(const struct mf_config *config, char *ret_why);
/* The keys again; they are used from mf__usage_push_take on, which also ends a wait: whatever was wrong may be right now. */
MF_MUST_CHECK int mf__usage_push_reload(struct mf__usage_push *push, char *ret_why);
void mf__usage_push_take(struct mf__usage_push *push);
void mf__usage_push_state(const struct mf__usage_push *push, struct mf__usage_push_state *ret_state);
/* The store's queue is closed. A delivery under way is ended; the next start begins with it. */
void mf__usage_push_close(MF_OWN struct mf__usage_push *push, void (*on_closed)(void *user), void *user);

#endif
