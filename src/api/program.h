/* program.h - what POST /v1/executions asks for, read into plain data. Pure: it may run on a worker thread.
 * Source: docs/executions.md; the texts about names are those of @cloudflare/codemode. */
#ifndef MAYFLY_API_PROGRAM_H
#define MAYFLY_API_PROGRAM_H

#include "call.h"
#include "journal.h"

struct mf__program {
    struct mf__call call;      /* Its code, env, limits and outbound. */
    uint32_t calls_concurrent; /* That its client is asked at once. */
    uint64_t call_bytes;       /* What one call is called with, and its answer. */
    uint32_t reattach_ms;
    bool excludes_waits; /* call.wall_ms is without the time in which only calls are waited for. */
    bool has_journal;
    struct mf__past past; /* What it has. */
};

void mf__program_init(struct mf__program *program, const struct mf_config *config);
void mf__program_done(struct mf__program *program);
/* MF_E_EXECUTION_NAME, and what mf__call_read_json says. |may_call|: the client answers calls. */
MF_MUST_CHECK int mf__program_read(struct mf__program *program,
                                   const struct mf_config *config,
                                   struct mf_slice body,
                                   bool may_call,
                                   struct mf__call_fault *ret_fault);

#endif
