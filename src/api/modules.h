/* modules.h - mainModule, modules and compatibility of a WorkerCode: JSON to parts of a bundle. Pure. */
#ifndef MAYFLY_API_MODULES_H
#define MAYFLY_API_MODULES_H

#include <cjson/cJSON.h>

#include <mayfly/base.h>

struct mf__call_fault;

/* |code| was checked for its fields. All bodies together are at most |bytes_max|. MF_E_API_CODE or MF_E_API_FIELD. */
MF_MUST_CHECK int
mf__modules_read(struct mf_buf *bundle, const cJSON *code, uint64_t bytes_max, struct mf__call_fault *fault);
/* A program and its modules (NULL: none). |name| has a NUL behind it; none of them may have it. Likewise. */
MF_MUST_CHECK int mf__modules_read_program(struct mf_buf *bundle,
                                           struct mf_slice name,
                                           struct mf_slice program,
                                           const cJSON *modules,
                                           uint64_t bytes_max,
                                           struct mf__call_fault *fault);
MF_MUST_CHECK int
mf__modules_read_compatibility(struct mf_buf *bundle, const cJSON *code, struct mf__call_fault *fault);

#endif
