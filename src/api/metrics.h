/* metrics.h - what the api tells the meter. */
#ifndef MAYFLY_API_METRICS_H
#define MAYFLY_API_METRICS_H

#include "live.h"

/* The run of |live| has ended like that; once. */
void mf__metrics_run(const struct mf__live *live, const struct mf_run_result *result);

#endif
