/* mounts.h - "workspaces" of a call: which the run has, where, and what it may do there. Pure. */
#ifndef MAYFLY_API_MOUNTS_H
#define MAYFLY_API_MOUNTS_H

#include <cjson/cJSON.h>

#include "call.h"

/* |list| may be NULL. [{"name": "demo", "mode": "rw", "path": "/", "namespace": "state"}]: into |call|, and into its bundle for the
 * isolate. |has_namespaces|: of a program. MF_E_API_FIELD, MF_E_AUTH_SCOPE. */
MF_MUST_CHECK int
mf__mounts_read(struct mf__call *call, const cJSON *list, bool has_namespaces, struct mf__call_fault *fault);

/* A transaction may fail after all of the response is there: only the envelope can say so. MF_E_API_FIELD. */
MF_MUST_CHECK int
mf__mounts_check_form(const struct mf__call *call, bool wants_envelope, struct mf__call_fault *fault);

#endif
