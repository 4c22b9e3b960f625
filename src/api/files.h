/* files.h - the workspaces of one run: what its executor asks of them is done by the store, one operation after the other, and
 * answered.
 *
 * Use:      mf__files_begin with the call's mounts; mf__files_take for each part of an operation; when the run is over
 *           mf__files_settle, or mf__files_end for one of which nothing shall stay.
 * Threads:  [loop]; the work itself on the store's worker.
 * Owns:     an operation that is under way when the run ends is finished; its answer is dropped. Files that were not whole are
 *           given up, and so is a transaction that is not settled.
 */
#ifndef MAYFLY_API_FILES_H
#define MAYFLY_API_FILES_H

#include <mayfly/pool.h>
#include <mayfly/workspace.h>

struct mf_api;
struct mf__file_run;

/* Of a call: in the order in which the executor numbers them. */
struct mf__mount {
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    bool is_read_only;
    bool
        is_transaction; /* All that the run does to it happens when it ends well, or never. At most one of them. */
};
struct mf__mounts {
    struct mf__mount list[MF_RUN_WORKSPACES_MAX];
    unsigned count;
};

/* NULL where there are no mounts. */
MF_OWN struct mf__file_run *mf__files_begin(struct mf_api *api,
                                            struct mf_run *run,
                                            struct mf_slice tenant,
                                            const struct mf__mounts *mounts);
void mf__files_take(struct mf__file_run *files, const struct mf_msg_files *message);
/* The run is over, and went well or not: 0 when nothing has to be waited for. 1: |settled| follows with 0 or why the transaction
 * did not happen (MF_E_WORKSPACE_CONFLICT); not after mf__files_end. Below zero: the store takes no more work, and it does not happen. */
MF_MUST_CHECK int mf__files_settle(struct mf__file_run *files,
                                   bool is_good,
                                   void (*settled)(void *user, int error),
                                   void *user);
void mf__files_end(MF_OWN struct mf__file_run *files); /* NULL is fine. */

/* files_ops.c: [worker], and [loop] for a look: does what |request| says, and writes the answer. */
struct mf__files_task {
    struct mf_workspace_ref ref;
    bool is_read_only;
    struct mf_slice request;
    const uint64_t *uploads; /* The run's own, |uploads_count| of them. */
    size_t uploads_count;
    struct mf_buf *answer;
    bool is_change;        /* It may leave garbage. */
    uint64_t upload_begun; /* 0: none. */
    uint64_t upload_ended;
};
MF_MUST_CHECK int mf__files_do(struct mf_store *store, struct mf__files_task *task);
/* A search may take long; all else is one file's. */
bool mf__files_is_brief(struct mf_slice request);
/* A look at one file: when that is small, the loop itself may take it. */
bool mf__files_is_look(struct mf_slice request);
/* There may be more in the workspace than before; not when it only looks or removes. */
bool mf__files_may_grow(struct mf_slice request);

#endif
