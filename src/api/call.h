/* call.h - one call of POST /v1/run, read from its body into plain data: what to run, with which limits. Pure: it may run
 * on a worker thread. Validation speaks Cloudflare's own texts where it has one.
 * Source: https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/. */
#ifndef MAYFLY_API_CALL_H
#define MAYFLY_API_CALL_H

#include <mayfly/base.h>
#include <mayfly/config.h>
#include <mayfly/outbound_policy.h>

/* What "globalOutbound" says. */
enum mf__outbound {
    MF__OUTBOUND_DEFAULT, /* Nothing: the operator's. */
    MF__OUTBOUND_NONE,    /* null */
    MF__OUTBOUND_NAMED,
    MF__OUTBOUND_INLINE,
};
#define MF__OUTBOUND_POINTER "/code/globalOutbound"

struct mf__call {
    struct mf_buf bundle; /* The parts (wire.h), ready to be sent. */
    struct mf_buf body;   /* The request's body for the worker. */
    bool has_body;
    uint64_t cpu_ms;
    uint64_t wall_ms;
    uint64_t memory_mb;
    uint64_t response_bytes;
    uint64_t log_bytes;
    uint64_t subrequests;
    enum mf__outbound outbound;
    char outbound_name[MF_OUTBOUND_NAME_BYTES_MAX + 1];
    struct mf_policy
        *policy; /* The inline one; mf__outbounds_resolve finds the others. NULL: every fetch() is refused. */
};

struct mf__call_fault {
    struct mf_buf param;            /* JSON pointer of the field, or empty. */
    struct mf_buf why;              /* A sentence. */
    struct mf_policy_faults policy; /* All that is wrong with an inline policy. */
};

void mf__call_init(struct mf__call *call, const struct mf_config *config);
void mf__call_done(struct mf__call *call);
void mf__call_fault_init(struct mf__call_fault *fault);
void mf__call_fault_done(struct mf__call_fault *fault);

/* The JSON form. MF_E_API_JSON, MF_E_API_FIELD, MF_E_API_CODE, MF_E_OUTBOUND_POLICY, MF_E_OUTBOUND_INLINE,
 * MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__call_read_json(struct mf__call *call,
                                     const struct mf_config *config,
                                     struct mf_slice body,
                                     struct mf__call_fault *ret_fault);

/* The curl form: |source| is the one module. |query| ("" or "a=b") goes into the URL that the worker sees. */
MF_MUST_CHECK int mf__call_read_source(struct mf__call *call,
                                       const struct mf_config *config,
                                       struct mf_slice source,
                                       bool is_typescript,
                                       struct mf_slice query,
                                       struct mf__call_fault *ret_fault);

#endif
