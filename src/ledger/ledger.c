/* ledger.c - records on their way: from a run's end to a file at once, from there into the store's sums in the background.
 *
 *   add --> pending --pwrite--> segment --timer or sync--> job: fdatasync, sums, mark --> waiters
 *              ^   |
 *              +---+ no room: the timer tries again
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct mf_ledger {
    struct mf_store_queue *queue;
    uv_timer_t timer;
    char dir[MF_STORE_PATH_BYTES_MAX + 1];
    int fd;
    struct mf_store_usage_mark
        written; /* The segment that is written to, and where the next record begins. */
    struct mf_store_usage_mark summed;
    struct mf_buf pending; /* Whole records. */
    struct mf_ledger_state state;

    struct mf_store_job job;
    struct mf_store_usage_mark until; /* The job's. */
    bool is_summing;
    bool is_looking;         /* The job adds what is stored, too. */
    uint64_t storage_due_ns; /* When that is to be done next. */
    int sum_error;
    struct mf_list waiting; /* For a job that has not begun, */
    struct mf_list served;  /* and for the one under way. */
    bool is_closing;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

static bool is_behind(const struct mf_ledger *ledger)
{
    return ledger->summed.segment != ledger->written.segment ||
           ledger->summed.offset != ledger->written.offset;
}

/* ---- to the file ------------------------------------------------------------------------------------- */

static void note_error(struct mf_ledger *ledger, int error)
{
    if (error < 0 && ledger->state.error == 0) {
        mf_log(MF_LOG_ERROR, error, NULL,
               "usage cannot be written to %s/usage; no new run is taken on until it can", ledger->dir);
    } else if (error == 0 && ledger->state.error < 0) {
        mf_log(MF_LOG_INFO, 0, NULL, "usage is written again");
    }
    ledger->state.error = error;
}

static int rotate(struct mf_ledger *ledger)
{
    int fd;
    int rc = mf__segment_new(ledger->dir, ledger->written.segment + 1, &fd);

    if (rc < 0) {
        return rc;
    }
    if (ledger->fd >= 0) {
        (void)close(ledger->fd);
    }
    ledger->fd = fd;
    ledger->written.segment++;
    ledger->written.offset = 0;
    return 0;
}

/* A write that was cut short is done again at the same place. */
static int write_pending(struct mf_ledger *ledger)
{
    struct mf_slice bytes = mf_buf_peek(&ledger->pending);
    int rc = ledger->written.offset >= MF_LEDGER_SEGMENT_BYTES_MAX ? rotate(ledger) : 0;
    ssize_t size;

    if (rc < 0) {
        return rc;
    }
    do {
        size = pwrite(ledger->fd, bytes.data, bytes.size, (off_t)ledger->written.offset);
    } while (size < 0 && errno == EINTR);
    if (size != (ssize_t)bytes.size) {
        return size >= 0 || errno == ENOSPC || errno == EDQUOT ? MF_E_STORE_FULL : MF_E_STORE;
    }
    ledger->written.offset += bytes.size;
    mf_buf_reset(&ledger->pending);
    return 0;
}

static void flush(struct mf_ledger *ledger)
{
    if (ledger->pending.size > 0) {
        note_error(ledger, write_pending(ledger));
    }
}

/* ---- into the sums ------------------------------------------------------------------------------------- */

static void tell(struct mf_list *waiting, int error)
{
    struct mf_list *link;

    while ((link = mf_list_pop_front(waiting)) != NULL) {
        struct mf_ledger_wait *wait = MF_CONTAINER_OF(link, struct mf_ledger_wait, link);
        wait->done(wait, error);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    struct mf_ledger *ledger = handle->data;
    void (*on_closed)(void *user) = ledger->on_closed;
    void *user = ledger->on_closed_user;

    if (ledger->fd >= 0) {
        (void)close(ledger->fd);
    }
    mf_buf_done(&ledger->pending);
    mf_free(ledger);
    if (on_closed != NULL) {
        on_closed(user);
    }
}

static void end(struct mf_ledger *ledger)
{
    tell(&ledger->waiting, MF_E_CLOSED);
    uv_close((uv_handle_t *)&ledger->timer, timer_closed);
}

static void timer_due(uv_timer_t *timer);

static void arm(struct mf_ledger *ledger)
{
    bool has_work = ledger->pending.size > 0 || is_behind(ledger) || !mf_list_is_empty(&ledger->waiting);
    uint64_t ms = has_work ? MF_LEDGER_SYNC_MS : MF_LEDGER_STORAGE_MS;

    if (!ledger->is_closing &&
        (!uv_is_active((uv_handle_t *)&ledger->timer) || uv_timer_get_due_in(&ledger->timer) > ms)) {
        int rc = uv_timer_start(&ledger->timer, timer_due, ms, 0);
        MF_ASSERT(rc == 0); /* Fails only while the handle closes. */
    }
}

/* [worker] */
static int sum(struct mf_store *store, struct mf_store_job *job)
{
    struct mf_ledger *ledger = MF_CONTAINER_OF(job, struct mf_ledger, job);

    int rc = mf__ledger_sum(store, ledger->dir, &ledger->until);

    return rc == 0 && ledger->is_looking ? mf_store_usage_storage(store, mf_clock_unix_ms() / 1000) : rc;
}

static void sum_done(struct mf_store_job *job, int rc)
{
    struct mf_ledger *ledger = MF_CONTAINER_OF(job, struct mf_ledger, job);

    if (rc > 0) { /* A piece of it; others may have their turn in between. */
        rc = mf_store_queue_submit(ledger->queue, &ledger->job);
        if (rc == 0) {
            return;
        }
    }
    ledger->is_summing = false;
    if (rc < 0 && rc != ledger->sum_error) {
        mf_log(MF_LOG_ERROR, rc, NULL, "usage stays in %s/usage: it could not be summed up", ledger->dir);
    }
    ledger->sum_error = rc;
    if (rc == 0) {
        ledger->summed = ledger->until;
    }
    tell(&ledger->served, rc);
    if (ledger->is_closing) {
        end(ledger);
    } else {
        arm(ledger);
    }
}

static int begin_sum(struct mf_ledger *ledger)
{
    uint64_t now_ns = mf_clock_now_ns();
    int rc;

    if (ledger->is_summing) {
        return 0;
    }
    ledger->until = ledger->written;
    ledger->is_looking =
        ledger->is_closing || !mf_list_is_empty(&ledger->waiting) || now_ns >= ledger->storage_due_ns;
    ledger->job = (struct mf_store_job){.work = sum, .done = sum_done};
    rc = mf_store_queue_submit(ledger->queue, &ledger->job);
    if (rc < 0) {
        return rc;
    }
    ledger->is_summing = true;
    if (ledger->is_looking) {
        ledger->storage_due_ns = now_ns + MF_LEDGER_STORAGE_MS * MF_NS_PER_MS;
    }
    for (struct mf_list *link; (link = mf_list_pop_front(&ledger->waiting)) != NULL;) {
        mf_list_push_back(&ledger->served, link);
    }
    return 0;
}

static void timer_due(uv_timer_t *timer)
{
    struct mf_ledger *ledger = timer->data;

    flush(ledger);
    if (is_behind(ledger) || !mf_list_is_empty(&ledger->waiting) ||
        mf_clock_now_ns() >= ledger->storage_due_ns) {
        mf_ignore(begin_sum(ledger)); /* Or at the next turn. */
    }
    arm(ledger);
}

void mf_ledger_sync(struct mf_ledger *ledger, struct mf_ledger_wait *wait)
{
    mf_list_push_back(&ledger->waiting, &wait->link);
    flush(ledger);
    mf_ignore(begin_sum(ledger));
    arm(ledger);
}

/* ---- records --------------------------------------------------------------------------------------------- */

int mf_ledger_check(const struct mf_ledger *ledger)
{
    return ledger->state.error;
}

void mf_ledger_state(const struct mf_ledger *ledger, struct mf_ledger_state *ret_state)
{
    *ret_state = ledger->state;
    ret_state->pending_bytes = ledger->pending.size;
}

void mf_ledger_add(struct mf_ledger *ledger, const struct mf_ledger_run *run)
{
    if (mf__ledger_encode(&ledger->pending, run) < 0) {
        ledger->state.lost++;
        mf_log(MF_LOG_ERROR, MF_E_NO_MEMORY, NULL, "a record of usage was lost");
        return;
    }
    ledger->state.records++;
    flush(ledger);
    arm(ledger);
}

/* ---- beginning and end -------------------------------------------------------------------------------------- */

/* What an earlier process left must be as it was written. */
static int look_back(struct mf_ledger *ledger, struct mf_store *store, char *ret_why)
{
    uint64_t first;
    uint64_t last;
    int rc = mf_store_usage_mark(store, &ledger->summed);

    if (rc < 0) {
        (void)snprintf(ret_why, MF_LEDGER_WHY_BYTES_MAX, "the sums of usage cannot be read");
        return rc;
    }
    rc = mf__segments_find(ledger->dir, &first, &last, ret_why);
    for (uint64_t number = first > 0 ? first : 1; rc == 0 && number <= last; number++) {
        bool is_marked = number == ledger->summed.segment;
        rc = number < ledger->summed.segment
                 ? 0 /* In the sums; whatever kept it from being deleted. */
                 : mf__segment_repair(ledger->dir, number, is_marked ? ledger->summed.offset : 0,
                                      number == last, ret_why);
    }
    ledger->written.segment = last > ledger->summed.segment ? last : ledger->summed.segment;
    return rc;
}

int mf_ledger_open(uv_loop_t *loop,
                   struct mf_store *store,
                   struct mf_store_queue *queue,
                   const char *dir,
                   MF_OWN struct mf_ledger **ret_ledger,
                   char *ret_why)
{
    struct mf_ledger *ledger = mf_new(sizeof *ledger);
    int rc;

    ledger->queue = queue;
    ledger->fd = -1;
    (void)snprintf(ledger->dir, sizeof ledger->dir, "%s", dir);
    mf_buf_init(&ledger->pending, MF_LEDGER_PENDING_BYTES_MAX);
    mf_list_init(&ledger->waiting);
    mf_list_init(&ledger->served);
    rc = look_back(ledger, store, ret_why);
    if (rc == 0) {
        rc = rotate(ledger);
        if (rc < 0) {
            (void)snprintf(ret_why, MF_LEDGER_WHY_BYTES_MAX, "%s/usage cannot be written to", dir);
        }
    }
    if (rc < 0) {
        mf_free(ledger);
        return rc;
    }
    rc = uv_timer_init(loop, &ledger->timer);
    MF_ASSERT(rc == 0); /* Cannot fail: it only fills the handle. */
    ledger->timer.data = ledger;
    *ret_ledger = ledger;
    arm(ledger);
    return 0;
}

void mf_ledger_close(MF_OWN struct mf_ledger *ledger, void (*on_closed)(void *user), void *user)
{
    ledger->is_closing = true;
    ledger->on_closed = on_closed;
    ledger->on_closed_user = user;
    (void)uv_timer_stop(&ledger->timer);
    flush(ledger);
    if (ledger->pending.size > 0) {
        mf_log(MF_LOG_ERROR, ledger->state.error, NULL,
               "%zu bytes of usage could not be written and are lost", ledger->pending.size);
    }
    if (!ledger->is_summing && begin_sum(ledger) < 0) {
        end(ledger);
    }
}
