/* observe.h - what the api tells the trace room of each run, and with it all who look: the list of runs, the readers of the tail. */
#ifndef MAYFLY_API_OBSERVE_H
#define MAYFLY_API_OBSERVE_H

#include "live.h"

/* The trace that a request belongs to, by its headers. */
void mf__observe_context(const struct mf_exchange *exchange, struct mf_trace_context *ret_context);
/* |call| is about to run as |live|: what of it is shown later is kept. */
void mf__observe_begun(struct mf__live *live, const struct mf__call *call);
/* The run has ended like that; once, when its record is whole. */
void mf__observe_ended(struct mf__live *live, const struct mf_run_result *result);

/* What the config says of records. */
struct mf_traces_limits mf__observe_limits(const struct mf_config *config);

#endif
