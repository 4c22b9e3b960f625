/* queue.c - jobs for the store: one at a time on a worker thread, so that waiting for the disk takes one of libuv's threads
 * and never all of them.
 *
 *   IDLE --submit--> BUSY --no job is left--> IDLE --close--> BUSY (without a job) --> gone
 *                     | ^  \
 *                     +-+   +--closed, and no job is left--> gone
 */
#include "internal.h"

struct mf_store_queue {
    uv_loop_t *loop;
    struct mf_store *store;
    struct mf_list waiting;       /* struct mf_store_job.link */
    size_t waiting_count;         /* The current one is not among them. */
    struct mf_store_job *current; /* With the worker thread; NULL in the last, empty round. */
    uv_work_t work;
    bool is_busy;
    bool is_closing;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

struct mf_store_queue *mf_store_queue_new(uv_loop_t *loop, struct mf_store *store)
{
    struct mf_store_queue *queue = mf_new(sizeof *queue);

    queue->loop = loop;
    queue->store = store;
    queue->work.data = queue;
    mf_list_init(&queue->waiting);
    return queue;
}

/* [worker] */
static void work(uv_work_t *uv_work)
{
    struct mf_store_queue *queue = uv_work->data;
    struct mf_store_job *job = queue->current;

    if (job != NULL) {
        job->error = job->work(queue->store, job);
    }
}

static void end(struct mf_store_queue *queue)
{
    void (*on_closed)(void *user) = queue->on_closed;
    void *user = queue->on_closed_user;

    mf_free(queue);
    if (on_closed != NULL) {
        on_closed(user);
    }
}

static void begin_next(struct mf_store_queue *queue);

static void work_done(uv_work_t *uv_work, int status)
{
    struct mf_store_queue *queue = uv_work->data;
    struct mf_store_job *job = queue->current;

    queue->current = NULL;
    queue->is_busy = false;
    if (job != NULL) {
        /* May submit more, or close. */
        job->done(job, status < 0 ? MF_E_CANCELED : job->error);
    }
    if (queue->is_busy) {
        return;
    }
    if (queue->waiting_count == 0 && queue->is_closing) {
        end(queue);
    } else if (queue->waiting_count > 0) {
        begin_next(queue);
    }
}

/* The next job, or an empty round where none waits. */
static void begin_next(struct mf_store_queue *queue)
{
    struct mf_list *link = mf_list_pop_front(&queue->waiting);
    int rc;

    if (link != NULL) {
        queue->waiting_count--;
        queue->current = MF_CONTAINER_OF(link, struct mf_store_job, link);
    }
    queue->is_busy = true;
    rc = uv_queue_work(queue->loop, &queue->work, work, work_done);
    MF_ASSERT(rc == 0); /* Fails only without a callback. */
}

int mf_store_queue_submit(struct mf_store_queue *queue, struct mf_store_job *job)
{
    if (queue->is_closing) {
        return MF_E_CLOSED;
    }
    if (queue->waiting_count >= MF_STORE_JOBS_MAX) {
        return MF_E_OVERLOADED;
    }
    mf_list_push_back(&queue->waiting, &job->link);
    queue->waiting_count++;
    if (!queue->is_busy) {
        begin_next(queue);
    }
    return 0;
}

size_t mf_store_queue_waiting(const struct mf_store_queue *queue)
{
    return queue->waiting_count + (queue->current != NULL ? 1 : 0);
}

void mf_store_queue_close(MF_OWN struct mf_store_queue *queue, void (*on_closed)(void *user), void *user)
{
    MF_ASSERT(!queue->is_closing);
    queue->is_closing = true;
    queue->on_closed = on_closed;
    queue->on_closed_user = user;
    if (!queue->is_busy) {
        begin_next(queue);
    }
}
