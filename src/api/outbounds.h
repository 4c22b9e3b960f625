/* outbounds.h - what runs need of the stored outbounds. */
#ifndef MAYFLY_API_OUTBOUNDS_H
#define MAYFLY_API_OUTBOUNDS_H

#include "call.h"
#include "internal.h"

/* Before anything is served; blocks. */
MF_MUST_CHECK int mf__outbounds_load(struct mf_api *api);
/* Says in the log when the config's default is none that was put. */
void mf__outbounds_look_for_default(struct mf_api *api);

/* A look at which of the workers that a policy names there are: they are on the disk. */
struct mf__look {
    struct mf_store_job job;
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1]; /* Whose. */
    struct mf_policy *policy;
    bool exist[MF_OUTBOUND_POLICY_NAMES_MAX];
    void (*done)(struct mf__look *look, int error);
};

/* 0: it names none. MF_E_AGAIN: |done| comes; |policy| lives as long. Or MF_E_OVERLOADED, MF_E_CLOSED. */
MF_MUST_CHECK int mf__outbounds_look(struct mf_api *api,
                                     struct mf__look *look,
                                     struct mf_slice tenant,
                                     struct mf_policy *policy,
                                     void (*done)(struct mf__look *look, int error));
/* After that: the secrets and workers that its policy names exist. MF_E_OUTBOUND_POLICY and |faults|. */
MF_MUST_CHECK int mf__outbounds_check(struct mf_api *api,
                                      const struct mf__look *look,
                                      const char *pointer,
                                      struct mf_policy_faults *faults);
/* call->policy from what call->outbound says: a reference, or NULL when everything is refused. MF_E_API_FIELD,
 * MF_E_OUTBOUND_POLICY, MF_E_AUTH_SCOPE. MF_E_AGAIN: |done| comes, then mf__outbounds_resolved. */
MF_MUST_CHECK int mf__outbounds_resolve(struct mf_api *api,
                                        struct mf__call *call,
                                        struct mf__call_fault *fault,
                                        struct mf__look *look,
                                        void (*done)(struct mf__look *look, int error));
MF_MUST_CHECK int
mf__outbounds_resolved(struct mf_api *api, const struct mf__look *look, struct mf__call_fault *fault);
#define MF__OUTBOUNDS_FAULTS_BYTES_MAX (MF_OUTBOUND_FAULT_BYTES_MAX * 8)

/* All faults as |members| of |problem|: ,"errors":[{"pointer": ..., "detail": ...}] and, when there are more,
 * ,"errorsLeftOut":n. The first one becomes param and detail too. */
void mf__outbounds_tell(const struct mf_policy_faults *faults,
                        struct mf_buf *members,
                        struct mf__problem *problem);

#endif
