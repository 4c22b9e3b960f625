/* carrier.h - what carries a hop: a transfer to an upstream, or the worker that answers in its place. Of the two that a fetch may
 * have, one at most is there; these do nothing when neither is.
 *
 * Threads:  [loop] */
#ifndef MAYFLY_OUTBOUND_CARRIER_H
#define MAYFLY_OUTBOUND_CARRIER_H

#include <mayfly/outbound.h>

#include "transfer.h"

struct mf__carrier {
    struct mf__transfer *transfer;
    struct mf_intercept *intercept;
    const struct mf_interceptor *interceptor; /* With |intercept|. */
    uint64_t intercept_ns;                    /* When it was handed over. */
};

bool mf__carrier_is_there(const struct mf__carrier *carrier);
/* No event follows. */
void mf__carrier_cancel(struct mf__carrier *carrier);
/* Its on_done came. */
void mf__carrier_forget(struct mf__carrier *carrier);
void mf__carrier_resume(struct mf__carrier *carrier);
void mf__carrier_feed(struct mf__carrier *carrier);

/* MF__PHASE_CONNECT when there is none. */
enum mf__phase mf__carrier_phase(const struct mf__carrier *carrier);
uint64_t mf__carrier_phase_ns(const struct mf__carrier *carrier);
uint64_t mf__carrier_moved_ns(const struct mf__carrier *carrier);
bool mf__carrier_is_held(const struct mf__carrier *carrier);

#endif
