/* allowance.h - what a tenant may have at a time, in a while and on the disk: its quotas, asked and charged.
 *
 * Threads:  [loop] */
#ifndef MAYFLY_API_ALLOWANCE_H
#define MAYFLY_API_ALLOWANCE_H

#include "internal.h"

/* One more request of the caller's tenant, to a route of |scope|. False: it was answered with 429 or 507. */
MF_MUST_CHECK bool mf__allowance_admit(struct mf_api *api, struct mf_exchange *exchange, uint32_t scope);
/* A run of |tenant| used that much. */
void mf__allowance_spend(struct mf_api *api, const char *tenant, uint64_t cpu_ns, uint64_t egress_bytes);
/* Workspaces of |tenant| may still grow; asked for each write of a run. */
MF_MUST_CHECK bool mf__allowance_has_room(struct mf_api *api, struct mf_slice tenant);
/* The tenant's places, for admit. */
struct mf_admit_who mf__allowance_who(struct mf_api *api, const char *tenant);
/* The headers of an MF_E_QUOTA_RUNS, in |ret_text|, which lives as long as |problem|. */
#define MF__ALLOWANCE_TEXT_BYTES_MAX 192
struct mf__allowance_text {
    char policy[MF__ALLOWANCE_TEXT_BYTES_MAX];
    char state[MF__ALLOWANCE_TEXT_BYTES_MAX];
};
void mf__allowance_tell_runs(const struct mf_admit_who *who,
                             struct mf__allowance_text *ret_text,
                             struct mf__problem *problem);

#endif
