/* account.h - what the api tells the meter and the ledger of each run. */
#ifndef MAYFLY_API_ACCOUNT_H
#define MAYFLY_API_ACCOUNT_H

#include "live.h"

/* The run's answer is about to be over, and the run may go on: it is counted now, so that no client has an answer that nobody knows
 * of. Once at most, before mf__account_ended. */
void mf__account_answered(struct mf__live *live);
/* The run has ended like that, and its client does not know yet; once. */
void mf__account_ended(struct mf__live *live, const struct mf_run_result *result);

#endif
