/* mounts.h - "workspaces" of a call: which the run has, where, and what it may do there. Pure. */
#ifndef MAYFLY_API_MOUNTS_H
#define MAYFLY_API_MOUNTS_H

#include <cjson/cJSON.h>

#include "call.h"

/* Whose they are. */
enum mf__mounts_of {
    MF__MOUNTS_OF_CODE, /* A stored worker's, on each of its runs; of POST /v1/run's code too. */
    MF__MOUNTS_OF_CALL,
    MF__MOUNTS_OF_PROGRAM, /* They may be namespaces. */
};

/* |list| may be NULL. [{"name": "demo", "mode": "rw", "path": "/", "transaction": "each", "binding": "FS", "namespace": "state"}]: into
 * |call|, and into its bundle for the isolate. MF_E_API_FIELD, MF_E_AUTH_SCOPE. */
MF_MUST_CHECK int mf__mounts_read(struct mf__call *call,
                                  const cJSON *list,
                                  enum mf__mounts_of of,
                                  struct mf__call_fault *fault);

/* A transaction may fail after all of the response is there: only the envelope can say so. MF_E_API_FIELD. */
MF_MUST_CHECK int
mf__mounts_check_form(const struct mf__call *call, bool wants_envelope, struct mf__call_fault *fault);

#endif
