/* executor.c - the one of everything: how it starts, what threads do in turns and chores, when it is over. */
#include "executor.h"

#include <unistd.h>

#include "guest.h"
#include "session.h"

/* guests: past it the thread that ended a run frees one before it takes another turn. Few: each still has its isolate, and what
 * the process once needed for all of them at once it keeps. */
#define RETIRED_MAX 4

struct mf_executor mf_the_executor;

/* ---- what the threads do --------------------------------------------------------------------------- */

static void on_turn(void *user, struct mf_turn *turn)
{
    struct mf_executor *executor = user;

    mf_session_take_turn(MF_CONTAINER_OF(turn, struct mf_session, turn));
    while (mf_executor_free_retired(executor, RETIRED_MAX)) {
    }
}

/* Freeing comes first: its pages serve the next isolate. */
static bool on_chore(void *user)
{
    struct mf_executor *executor = user;

    if (mf_executor_free_retired(executor, 1)) {
        return true;
    }
    if (mf_standby_refill(&executor->standby)) {
        mf_executor_flush(executor);
        return true;
    }
    return mf_executor_takes_runs(executor) != MF_E_DRAINING && mf_strip_warm(&executor->strip);
}

/* What is kept for the next isolates is not worth having while none is made. */
static void on_rest(void *user)
{
    (void)user;
    mf_engine_trim();
}

/* [watchdog] */
static void on_stuck(void *subject, uint64_t cpu_over_ns)
{
    struct mf_session *session = subject;

    if (session == NULL) { /* Making the tool isolate: ours. */
        mf_executor_condemn(&mf_the_executor);
        return;
    }
    mf_log(MF_LOG_WARN, MF_E_LIMIT_CPU, NULL, "native code does not end; this executor is condemned");
    mf_executor_condemn(session->executor);
    mf_session_lose(session, MF_E_LIMIT_CPU, session->limits.cpu_ns + cpu_over_ns);
}

/* [isolate] V8 cannot go on: this thread is parked for good when we return. Nothing of the engine may be called. */
static void on_oom(struct mf_isolate_host *host, const char *where)
{
    struct mf_executor *executor = &mf_the_executor;
    struct mf_runtime_host *base = (struct mf_runtime_host *)host;
    struct mf_session *session = NULL;

    mf_log(MF_LOG_WARN, MF_E_LIMIT_MEMORY, NULL, "V8 is out of memory (%s); this executor is condemned",
           where);
    mf_executor_condemn(executor);
    if (base == &executor->strip.base) {
        session = mf_strip_lose_tool(&executor->strip);
    } else if (base != NULL) {
        session = MF_CONTAINER_OF(base, struct mf_session, base);
        if (session->watch != NULL) {
            mf_watchdog_end(&executor->watchdog, session->watch);
        }
    }
    if (session != NULL) {
        uint64_t cpu_ns = session->cpu_ns + mf_clock_thread_cpu_ns() - session->turn_cpu_since_ns;
        mf_session_lose(session, MF_E_LIMIT_MEMORY, cpu_ns);
    }
    mf_threads_lose_current(&executor->threads);
    mf_chores_lose_current(&executor->chores);
    mf_waker_by(&executor->waker, 0);
}

/* ---- start, stop --------------------------------------------------------------------------------------- */

int mf_executor_start(struct mf_executor *executor, const struct mf_executor_options *options, int fd)
{
    const struct mf_threads_options threads = {
        .base = options->threads_base,
        .max = options->threads_max,
        .stack_bytes = MF_EXECUTOR_STACK_BYTES + MF_EXECUTOR_STACK_SLACK_BYTES,
        .user = executor,
        .on_turn = on_turn,
    };
    const struct mf_chores_options chores = {
        .count = options->threads_base > 1 ? options->threads_base / 2 : 1, /* Never every processor. */
        .stack_bytes = threads.stack_bytes,
        .user = executor,
        .on_chore = on_chore,
        .on_rest = on_rest,
        .rest_ms = MF_EXECUTOR_REST_MS,
    };
    int error;

    *executor = (struct mf_executor){.options = options, .gives_up_at_ns = MF_DEADLINE_NEVER};
    MF_ASSERT(pthread_mutex_init(&executor->mutex, NULL) == 0);
    mf_list_init(&executor->retired);
    error = mf_waker_init(&executor->waker);
    if (error < 0) {
        return error;
    }
    mf_outbox_init(&executor->outbox, fd, &executor->waker);
    mf_alarms_init(&executor->alarms, &executor->waker);
    mf_runs_init(&executor->runs);
    mf_standby_init(&executor->standby, options->standby, options->heap_bytes);
    mf_strip_init(&executor->strip, &executor->watchdog);
    mf_engine_set_oom_handler(on_oom);
    error = mf_watchdog_start(&executor->watchdog, on_stuck);
    if (error < 0) {
        return error;
    }
    error = mf_chores_start(&executor->chores, &chores);
    if (error < 0) {
        return error;
    }
    return mf_threads_start(&executor->threads, &executor->waker, &threads);
}

void mf_executor_warm(struct mf_executor *executor)
{
    mf_chores_kick(&executor->chores);
}

void mf_executor_stop(struct mf_executor *executor)
{
    mf_threads_stop(&executor->threads);
    mf_chores_stop(&executor->chores);
    while (mf_executor_free_retired(executor, 1)) {
    }
    mf_strip_done(&executor->strip);
    mf_watchdog_stop(&executor->watchdog);
    mf_standby_done(&executor->standby);
    mf_runs_done(&executor->runs);
    mf_alarms_done(&executor->alarms);
    mf_outbox_done(&executor->outbox);
    mf_waker_done(&executor->waker);
    pthread_mutex_destroy(&executor->mutex);
}

/* ---- what is told to the daemon ---------------------------------------------------------------------------- */

/* Locked. Whether a STATUS is news: standby isolates ran out, came back, or are all there again. */
static bool is_status_news(const struct mf_executor *executor, uint32_t standby)
{
    return standby != executor->standby_told &&
           (standby == 0 || executor->standby_told == 0 || standby >= executor->options->standby);
}

static void send_status(struct mf_executor *executor, bool is_condemned, uint32_t standby)
{
    const struct mf_msg_status message = {.standby = standby, .is_condemned = is_condemned};
    struct mf_buf *out = mf_outbox_lock(&executor->outbox, MF_OUTBOX_MUST);

    MF_ASSERT(out != NULL && mf_encode_status(out, 0, &message) == 0);
    mf_outbox_unlock(&executor->outbox);
}

void mf_executor_flush(struct mf_executor *executor)
{
    uint32_t standby = mf_standby_count(&executor->standby);
    bool is_ending, has_retired;

    pthread_mutex_lock(&executor->mutex);
    if (is_status_news(executor, standby)) {
        executor->standby_told = standby;
        send_status(executor, executor->is_condemned, standby);
    }
    is_ending = executor->is_condemned || executor->is_draining;
    has_retired = executor->retired_count > 0;
    pthread_mutex_unlock(&executor->mutex);
    mf_outbox_flush(&executor->outbox);
    if (has_retired) { /* Only now: who disposes of them may take this very processor. */
        mf_chores_kick(&executor->chores);
    }
    if (is_ending && mf_runs_count(&executor->runs) == 0) {
        mf_waker_by(&executor->waker, 0); /* That was the last run. */
    }
}

void mf_executor_condemn(struct mf_executor *executor)
{
    pthread_mutex_lock(&executor->mutex);
    if (!executor->is_condemned) {
        executor->is_condemned = true;
        executor->gives_up_at_ns = mf_clock_now_ns() + (uint64_t)MF_EXECUTOR_DRAIN_MS_MAX * MF_NS_PER_MS;
        executor->standby_told = 0;
        mf_standby_stop(&executor->standby);
        send_status(executor, true, 0);
    }
    pthread_mutex_unlock(&executor->mutex);
    mf_outbox_flush(&executor->outbox);
    mf_waker_by(&executor->waker, 0);
}

void mf_executor_drain(struct mf_executor *executor)
{
    pthread_mutex_lock(&executor->mutex);
    executor->is_draining = true;
    mf_standby_stop(&executor->standby);
    pthread_mutex_unlock(&executor->mutex);
}

/* ---- what is allowed, what is left ------------------------------------------------------------------------------ */

int mf_executor_takes_runs(struct mf_executor *executor)
{
    bool is_ending;

    pthread_mutex_lock(&executor->mutex);
    is_ending = executor->is_condemned || executor->is_draining;
    pthread_mutex_unlock(&executor->mutex);
    if (is_ending) {
        return MF_E_DRAINING;
    }
    return mf_runs_count(&executor->runs) < executor->options->runs_max ? 0 : MF_E_OVERLOADED;
}

bool mf_executor_is_over(struct mf_executor *executor, uint64_t now_ns, uint64_t *ret_again_ns)
{
    bool is_ending, gives_up;

    pthread_mutex_lock(&executor->mutex);
    is_ending = executor->is_condemned || executor->is_draining;
    gives_up = now_ns >= executor->gives_up_at_ns;
    *ret_again_ns = executor->gives_up_at_ns;
    pthread_mutex_unlock(&executor->mutex);
    if (gives_up) {
        return true;
    }
    return is_ending && mf_runs_count(&executor->runs) == 0 && mf_outbox_is_empty(&executor->outbox);
}

/* ---- guests that are through ---------------------------------------------------------------------------------------- */

void mf_executor_retire(struct mf_executor *executor, struct mf_guest *guest)
{
    pthread_mutex_lock(&executor->mutex);
    mf_list_push_back(&executor->retired, &guest->list);
    executor->retired_count++;
    pthread_mutex_unlock(&executor->mutex);
}

bool mf_executor_free_retired(struct mf_executor *executor, size_t count_min)
{
    struct mf_list *item = NULL;

    pthread_mutex_lock(&executor->mutex);
    if (executor->retired_count >= count_min) {
        item = mf_list_pop_front(&executor->retired);
        executor->retired_count -= item != NULL;
    }
    pthread_mutex_unlock(&executor->mutex);
    if (item == NULL) {
        return false;
    }
    mf_guest_free(MF_CONTAINER_OF(item, struct mf_guest, list));
    return true;
}
