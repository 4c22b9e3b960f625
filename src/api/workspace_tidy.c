/* workspace_tidy.c - see workspace_tidy.h.
 *
 *   RESTS --asked--> WAITS --MF_FS_COLLECT_DELAY_MS--> WORKS --nothing is left--> RESTS, or WAITS when it was asked meanwhile
 *                                                        +--more is left--> WORKS: at the end of the queue, others come between */
#include "workspace_tidy.h"

#include <mayfly/workspace.h>

struct mf__tidy {
    uv_timer_t timer; /* Active while it waits. */
    struct mf_store_queue *queue;
    struct mf_store_job job;
    bool is_busy; /* It waits or works. */
    bool is_asked;
    bool has_more;
    void (*on_closed)(void *user);
    void *user;
};

static void timer_due(uv_timer_t *timer);

static void wait_first(struct mf__tidy *tidy)
{
    tidy->is_asked = false;
    tidy->is_busy = uv_timer_start(&tidy->timer, timer_due, MF_FS_COLLECT_DELAY_MS, 0) == 0;
}

static int work(struct mf_store *store, struct mf_store_job *job)
{
    return mf_workspace_collect(store, &MF_CONTAINER_OF(job, struct mf__tidy, job)->has_more);
}

static void done(struct mf_store_job *job, int error);

static void submit(struct mf__tidy *tidy)
{
    tidy->job = (struct mf_store_job){.work = work, .done = done};
    tidy->is_busy = mf_store_queue_submit(tidy->queue, &tidy->job) == 0; /* Else it is full, or closes. */
}

static void done(struct mf_store_job *job, int error)
{
    struct mf__tidy *tidy = MF_CONTAINER_OF(job, struct mf__tidy, job);

    tidy->is_busy = false;
    if (error < 0) {
        if (error != MF_E_CANCELED) {
            mf_log(MF_LOG_WARN, error, NULL,
                   "what workspaces no longer hold could not be removed; it is tried again later");
        }
    } else if (tidy->has_more) {
        submit(tidy);
    } else if (tidy->is_asked) {
        wait_first(tidy);
    }
}

static void timer_due(uv_timer_t *timer)
{
    submit(timer->data);
}

MF_OWN struct mf__tidy *mf__tidy_new(uv_loop_t *loop, struct mf_store_queue *queue)
{
    struct mf__tidy *tidy = mf_new(sizeof *tidy);
    int rc = uv_timer_init(loop, &tidy->timer);

    MF_ASSERT(rc == 0); /* Cannot fail: it only fills the handle. */
    tidy->timer.data = tidy;
    tidy->queue = queue;
    return tidy;
}

void mf__tidy_ask(struct mf__tidy *tidy)
{
    tidy->is_asked = true;
    if (!tidy->is_busy) {
        wait_first(tidy);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    struct mf__tidy *tidy = handle->data;
    void (*on_closed)(void *user) = tidy->on_closed;
    void *user = tidy->user;

    mf_free(tidy);
    on_closed(user);
}

void mf__tidy_close(MF_OWN struct mf__tidy *tidy, void (*on_closed)(void *user), void *user)
{
    tidy->on_closed = on_closed;
    tidy->user = user;
    uv_close((uv_handle_t *)&tidy->timer, timer_closed);
}
