/* call.h - one call, read into plain data: what to run, on which request, with which limits. It comes whole from the body of
 * POST /v1/run, or its code is a stored worker's (worker_cache.h) and only the rest comes from the client. Pure: it may run on a
 * worker thread. Validation speaks Cloudflare's own texts where it has one.
 * Source: https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/. */
#ifndef MAYFLY_API_CALL_H
#define MAYFLY_API_CALL_H

#include <mayfly/base.h>
#include <mayfly/config.h>
#include <mayfly/outbound_policy.h>
#include <mayfly/pool.h>
#include <mayfly/trace.h>

#include "files.h"

struct cJSON;

/* What "globalOutbound" says. */
enum mf__outbound {
    MF__OUTBOUND_DEFAULT, /* Nothing: the operator's. */
    MF__OUTBOUND_NONE,    /* null */
    MF__OUTBOUND_NAMED,
    MF__OUTBOUND_INLINE,
};

struct mf__call {
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1]; /* Whose it is: its secrets, outbounds, workers and usage. */
    bool may_name_secrets; /* In an outbound of its own: who asks could have put one that does. */
    bool may_read_files;   /* Workspaces, */
    bool may_write_files;  /* and change what is in them. */
    struct mf_code *code;  /* Parts that it shares with other calls; NULL: all are in |bundle|. */
    struct mf_buf bundle;  /* Parts (wire.h), ready to be sent. */
    struct mf_buf body;    /* The request's body for the worker. */
    bool has_body;
    uint64_t cpu_ms;
    uint64_t wall_ms;
    uint64_t memory_mb;
    uint64_t response_bytes;
    uint64_t log_bytes;
    uint64_t subrequests;
    uint64_t calls;           /* Of tools. */
    bool may_call;            /* There is somebody who answers them. */
    unsigned limits_set;      /* Mask of those that the code itself lowered; in the order above. */
    struct mf__mounts mounts; /* Workspaces of the run. */
    enum mf__outbound outbound;
    char outbound_name[MF_OUTBOUND_NAME_BYTES_MAX + 1];
    char worker[MF_STORE_NAME_BYTES_MAX + 1]; /* Whose code it is; empty: it came with the request. */
    char worker_hash[MF_LEDGER_HASH_BYTES_MAX + 1];
    bool has_code_cache; /* Parts of |code|. */
    uint64_t worker_version;
    struct mf_buf tails; /* Stored workers that hear what becomes of it: names, a NUL behind each. */
    enum mf_trace_kind kind;
    struct mf_trace_context trace; /* Not set: the trace begins with the run. */
    struct mf_policy
        *policy; /* The inline one; mf__outbounds_resolve finds the others. NULL: every fetch() is refused. */
};

struct mf__call_fault {
    const char *at;                 /* Where the code stands: "/code", or "" when it is the whole body. */
    struct mf_buf param;            /* JSON pointer of the field, or empty. */
    struct mf_buf why;              /* A sentence. */
    struct mf_policy_faults policy; /* All that is wrong with an inline policy. */
};

void mf__call_init(struct mf__call *call, const struct mf_config *config);
void mf__call_done(struct mf__call *call);
void mf__call_fault_init(struct mf__call_fault *fault);
void mf__call_fault_done(struct mf__call_fault *fault);
/* Where globalOutbound stands. |ret_pointer| holds MF__OUTBOUND_POINTER_BYTES_MAX. */
#define MF__OUTBOUND_POINTER_BYTES_MAX 32
void mf__call_outbound_pointer(const struct mf__call_fault *fault, char *ret_pointer);
/* The code's field |name| ("/limits") is at fault; |format| goes on where its pointer ends. Always MF_E_API_FIELD. */
int mf__call_refuse(struct mf__call_fault *fault, const char *name, const char *format, ...) MF_PRINTF(3, 4);

/* The JSON form. MF_E_API_JSON, MF_E_API_FIELD, MF_E_API_CODE, MF_E_OUTBOUND_POLICY, MF_E_OUTBOUND_INLINE,
 * MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__call_read_json(struct mf__call *call,
                                     const struct mf_config *config,
                                     struct mf_slice body,
                                     struct mf__call_fault *ret_fault);

/* Parts of the code, for others whose fields they are too. |limits| may be NULL; |code| is the object with "env"; |outbound| is what
 * "globalOutbound" says, or NULL. */
MF_MUST_CHECK int mf__call_read_limits(struct mf__call *call,
                                       const struct mf_config *config,
                                       const struct cJSON *limits,
                                       const char *pointer,
                                       struct mf__call_fault *fault);
MF_MUST_CHECK int mf__call_read_env(struct mf__call *call,
                                    const struct mf_config *config,
                                    const struct cJSON *code,
                                    struct mf__call_fault *fault);
MF_MUST_CHECK int mf__call_read_outbound(struct mf__call *call,
                                         const struct mf_config *config,
                                         const struct cJSON *outbound,
                                         struct mf__call_fault *fault);

/* Only the code: mainModule, modules, compatibility, env, limits, globalOutbound. The same errors. */
MF_MUST_CHECK int mf__call_read_code(struct mf__call *call,
                                     const struct mf_config *config,
                                     const struct cJSON *code,
                                     struct mf__call_fault *ret_fault);

/* All but the code, which |call| has already: request, entrypoint, props, limits. */
MF_MUST_CHECK int mf__call_read_rest(struct mf__call *call,
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
