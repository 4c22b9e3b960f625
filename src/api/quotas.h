/* quotas.h - the quotas of a tenant as JSON, and what the config says of them. Pure. */
#ifndef MAYFLY_API_QUOTAS_H
#define MAYFLY_API_QUOTAS_H

#include "json.h"

#include <mayfly/config.h>
#include <mayfly/tenant.h>

/* {"quotas": {"concurrentRuns": 5}}; what is not there is not set. MF_E_API_FIELD. */
MF_MUST_CHECK int mf__quotas_read(const cJSON *root,
                                  const struct mf_config *config,
                                  struct mf_quotas *ret_quotas,
                                  struct mf_buf *ret_param,
                                  struct mf_buf *ret_why);
/* {"concurrentRuns":5}: those that are set. */
MF_MUST_CHECK int mf__quotas_append(struct mf_buf *out, const struct mf_quotas *quotas);
/* What is not set becomes the config's default, and nothing is more than its maximum. */
void mf__quotas_apply(const struct mf_config *config, struct mf_quotas *quotas);

#endif
