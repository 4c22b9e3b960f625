/* queue.c - jobs for the store: a round at a time on a worker thread, so that waiting for the disk takes one of libuv's threads
 * and never all of them. A round is one job, or brief ones that waited one behind the other: they share the way to the thread
 * and back, one transaction and one wait for the disk. What only looks at little need not go there at all when the queue is idle: _try.
 *
 *   IDLE --submit--> BUSY --no job is left--> IDLE --close--> BUSY (without a job) --> gone
 *                     | ^  \
 *                     +-+   +--closed, and no job is left--> gone
 */
#include "internal.h"

struct mf_store_queue {
    uv_loop_t *loop;
    struct mf_store *store;
    struct mf_list waiting;                              /* struct mf_store_job.link */
    size_t waiting_count;                                /* Those of the round are not among them. */
    struct mf_store_job *round[MF_STORE_ROUND_JOBS_MAX]; /* With the worker thread, */
    size_t round_count;                                  /* none in the last round, */
    size_t worked_count;                                 /* which got as far as this. */
    uv_work_t work;
    bool is_busy;
    bool is_closing;
    uint64_t tries_from_ns; /* Until then nothing is tried on the loop. */
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

/* [worker] Nothing of the round has happened. */
static void fail_round(struct mf_store_queue *queue, int error)
{
    for (size_t i = 0; i < queue->worked_count; i++) {
        struct mf_store_job *job = queue->round[i];
        job->error = job->error < 0 ? job->error : error;
        job->needs_sync = false;
    }
}

/* [worker] */
static void sync_round(struct mf_store_queue *queue)
{
    bool is_needed = false;

    for (size_t i = 0; i < queue->worked_count; i++) {
        is_needed = is_needed || queue->round[i]->needs_sync;
    }
    int rc = is_needed ? mf_store_sync(queue->store) : 0;
    for (size_t i = 0; rc < 0 && i < queue->worked_count; i++) {
        struct mf_store_job *job = queue->round[i];
        job->error = job->needs_sync && job->error >= 0 ? rc : job->error;
    }
}

/* [worker] */
static void work(uv_work_t *uv_work)
{
    struct mf_store_queue *queue = uv_work->data;
    uint64_t end_ns = mf_clock_now_ns() + MF_STORE_ROUND_NS_MAX;
    bool is_shared = queue->round_count > 1;
    int rc = 0;

    if (is_shared) {
        mf__store_round_begin(queue->store);
    }
    while (queue->worked_count < queue->round_count &&
           (queue->worked_count == 0 || mf_clock_now_ns() < end_ns)) {
        struct mf_store_job *job = queue->round[queue->worked_count++];
        job->error = job->work(queue->store, job);
    }
    if (is_shared) {
        rc = mf__store_round_end(queue->store);
    }
    if (rc < 0) {
        fail_round(queue, rc);
    }
    sync_round(queue);
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

/* Those that there was no time for are the first ones of the next round. */
static void give_back(struct mf_store_queue *queue, size_t worked)
{
    while (queue->round_count > worked) {
        mf_list_push_front(&queue->waiting, &queue->round[--queue->round_count]->link);
        queue->waiting_count++;
    }
    queue->round_count = 0;
}

static void work_done(uv_work_t *uv_work, int status)
{
    struct mf_store_queue *queue = uv_work->data;
    size_t count = status < 0 ? queue->round_count : queue->worked_count;

    give_back(queue, count);
    for (size_t i = 0; i < count; i++) {
        struct mf_store_job *job = queue->round[i];
        /* May submit more, or close: the queue is busy until all of them were told. */
        job->done(job, status < 0 ? MF_E_CANCELED : job->error);
    }
    queue->is_busy = false;
    if (queue->waiting_count == 0 && queue->is_closing) {
        end(queue);
    } else if (queue->waiting_count > 0) {
        begin_next(queue);
    }
}

static struct mf_store_job *first_of(const struct mf_store_queue *queue)
{
    return queue->waiting_count == 0 ? NULL : MF_CONTAINER_OF(queue->waiting.next, struct mf_store_job, link);
}

/* The next round, an empty one where none waits. */
static void begin_next(struct mf_store_queue *queue)
{
    struct mf_store_job *job;
    int rc;

    queue->worked_count = 0;
    while ((job = first_of(queue)) != NULL && queue->round_count < MF_STORE_ROUND_JOBS_MAX &&
           (queue->round_count == 0 || (job->is_brief && queue->round[0]->is_brief))) {
        mf_list_remove(&job->link);
        queue->waiting_count--;
        job->needs_sync = false;
        queue->round[queue->round_count++] = job;
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

bool mf_store_queue_try(struct mf_store_queue *queue, struct mf_store_job *job)
{
    uint64_t begin_ns = mf_clock_now_ns();
    uint64_t end_ns;
    int rc;

    if (queue->is_closing || queue->is_busy || begin_ns < queue->tries_from_ns ||
        !mf__store_round_try(queue->store)) {
        return false;
    }
    job->is_tried = true;
    job->error = job->work(queue->store, job);
    job->is_tried = false;
    rc = mf__store_round_end(queue->store);
    job->error = job->error >= 0 && rc < 0 ? rc : job->error;
    end_ns = mf_clock_now_ns();
    if (end_ns - begin_ns > MF_STORE_TRY_NS_MAX) {
        queue->tries_from_ns = end_ns + MF_STORE_TRY_PAUSE_NS;
    }
    return job->error != MF_E_AGAIN;
}

size_t mf_store_queue_waiting(const struct mf_store_queue *queue)
{
    return queue->waiting_count + queue->round_count;
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
