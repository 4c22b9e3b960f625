/* workspace_tidy.h - what workspaces no longer hold is removed from the store: a step at a time, some time after a change.
 *
 * Not at once: to remove what a run has written over takes as long as it took to write it, and the run's next operation would wait for that.
 *
 * Threads:  [loop]
 * Limits:   MF_FS_COLLECT_*.
 * Fails:    to the log; the next change, or the next start, tries again. */
#ifndef MAYFLY_API_WORKSPACE_TIDY_H
#define MAYFLY_API_WORKSPACE_TIDY_H

#include <uv.h>

#include <mayfly/store.h>

struct mf__tidy;

MF_OWN struct mf__tidy *mf__tidy_new(uv_loop_t *loop, struct mf_store_queue *queue);
/* Something was changed, or is no longer read. */
void mf__tidy_ask(struct mf__tidy *tidy);
/* Not while a job of the queue is under way. |on_closed| hears when it is gone. */
void mf__tidy_close(MF_OWN struct mf__tidy *tidy, void (*on_closed)(void *user), void *user);

#endif
