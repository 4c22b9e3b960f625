/* runs.h - which runs somebody wants to see: the parameters of /v1/runs and /v1/tail. */
#ifndef MAYFLY_API_RUNS_H
#define MAYFLY_API_RUNS_H

#include "internal.h"

struct mf__runs_query {
    struct mf_trace_filter filter;
    struct mf_buf texts; /* What the filter's slices point into. */
    uint64_t limit;      /* Of /v1/runs only, as */
    uint64_t before;     /* this one and filter.since_unix_ms. */
    char why[128];
};

/* MF_E_API_FIELD and |ret_query->why|. It is to be _done in any case. */
MF_MUST_CHECK int
mf__runs_query_read(const struct mf_exchange *exchange, bool is_tail, struct mf__runs_query *ret_query);
void mf__runs_query_done(struct mf__runs_query *query);

#endif
