/* fetches.h - the fetches of one run: what the pool says of them goes to egress, and what comes back goes to the run. */
#ifndef MAYFLY_API_FETCHES_H
#define MAYFLY_API_FETCHES_H

#include <mayfly/outbound.h>
#include <mayfly/pool.h>

#include "record.h"

struct mf__fetches {
    struct mf_run *run;
    struct mf_egress_run *egress; /* NULL: none are under way, and none begins. */
};

void mf__fetches_begin(struct mf__fetches *fetches,
                       struct mf_egress *egress,
                       struct mf_run *run,
                       const struct mf_egress_spec *spec);
/* All of them end; |record| gets what became of them. May be called again: nothing happens. */
void mf__fetches_end(struct mf__fetches *fetches, struct mf__record *record);

void mf__fetches_fetch(struct mf__fetches *fetches, const struct mf_msg_fetch *fetch);
void mf__fetches_drop(struct mf__fetches *fetches, uint32_t fetch);
void mf__fetches_body(struct mf__fetches *fetches, uint32_t fetch, struct mf_slice bytes);
void mf__fetches_body_end(struct mf__fetches *fetches, uint32_t fetch, int error);
void mf__fetches_credit(struct mf__fetches *fetches, uint32_t fetch);

#endif
