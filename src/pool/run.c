/* run.c - one run: given to an executor, fed, listened to, ended once. Its phases are drawn in internal.h.
 *
 *   phase     has an executor  deadline            its owner hears
 *   WAITS     no               for an executor     nothing
 *   SENDS     yes              wall                nothing
 *   RUNS      yes              wall                everything
 *   CANCELED  yes              grace               logs, exceptions, done
 *   OVER      no               none                done
 */
#include <stdio.h>

#include "internal.h"

struct mf_run mf__ghost = {.phase = RUN_OVER};

static void check(const struct mf_run *run)
{
    bool has_executor = run->phase != RUN_WAITS && run->phase != RUN_OVER;
    MF_ASSERT(has_executor == (run->executor != NULL));
    MF_ASSERT((run->phase != RUN_OVER) == (run->deadline.place != 0));
    MF_ASSERT(run->phase == RUN_SENDS || mf_list_is_empty(&run->bundle_link));
}

bool mf__run_is_heard(const struct mf_run *run)
{
    return run->phase == RUN_RUNS;
}

const char *mf_run_id(const struct mf_run *run)
{
    return run->id;
}

pid_t mf_run_executor_pid(const struct mf_run *run)
{
    return run->executor ? run->executor->pid : 0;
}

static void set_deadline(struct mf_run *run, uint64_t at_ns)
{
    int error = mf__deadlines_set(&run->pool->deadlines, &run->deadline, at_ns);
    MF_ASSERT(error == 0); /* It has its place in the heap since mf_pool_run. */
}

static void free_run(struct mf_run *run)
{
    mf__fetch_drop_all(run);
    mf__splice_done(&run->splice);
    mf_list_remove(&run->link);
    mf_list_remove(&run->bundle_link);
    mf_list_remove(&run->beginner_link);
    mf__deadlines_drop(&run->pool->deadlines, &run->deadline);
    mf__run_bundle_forget(run);
    mf_free(run);
}

/* ---- what it is made of --------------------------------------------------------------------- */

static struct mf_slice code_parts(const struct mf_run *run)
{
    return run->spec.code ? mf_code_parts(run->spec.code) : mf_slice_of(NULL, 0);
}

size_t mf__run_bundle_bytes(const struct mf_run *run)
{
    return code_parts(run).size + run->spec.bundle.size;
}

struct mf_slice mf__run_bundle_piece(const struct mf_run *run, size_t at, size_t bytes_max)
{
    struct mf_slice from = code_parts(run);
    if (at >= from.size) {
        at -= from.size;
        from = mf_buf_peek(&run->spec.bundle);
    }
    size_t left = from.size - at;
    return mf_slice_of(from.data + at, left < bytes_max ? left : bytes_max);
}

void mf__run_bundle_forget(struct mf_run *run)
{
    mf_buf_done(&run->spec.bundle);
    mf_code_unref(run->spec.code);
    run->spec.code = NULL;
}

/* ---- the beginning -------------------------------------------------------------------------- */

static struct mf_run *
new_run(struct mf_pool *pool, struct mf_run_spec *spec, const struct mf_run_events *events, void *user)
{
    struct mf_run *run = mf_try_alloc(sizeof *run);
    if (!run) {
        return NULL;
    }
    run->pool = pool;
    run->phase = RUN_WAITS;
    run->spec = *spec;
    run->spec.id = run->id;
    run->spec.owner = mf__owners_are_apart(pool, spec->domain) ? spec->owner : 0;
    run->events = events;
    run->user = user;
    run->accepted_ns = mf_clock_now_ns();
    run->moves_left = MF_POOL_RUN_MOVES_MAX;
    (void)snprintf(run->id, sizeof run->id, "%s", spec->id ? spec->id : "");
    mf_list_init(&run->link);
    mf_list_init(&run->bundle_link);
    mf_list_init(&run->beginner_link);
    mf_window_init(&run->request_window);
    mf_window_init(&run->response_window);
    mf__splice_init(&run->splice);
    if (mf__deadlines_set(&pool->deadlines, &run->deadline,
                          run->accepted_ns + pool->times.start_wait_ms * MF_NS_PER_MS) < 0) {
        mf_free(run);
        return NULL;
    }
    return run;
}

int mf_pool_run(struct mf_pool *pool,
                struct mf_run_spec *spec,
                const struct mf_run_events *events,
                void *user,
                struct mf_run **ret_run)
{
    MF_ASSERT(events->on_done && spec->domain < POOL_DOMAINS);
    MF_ASSERT(spec->owner > 0 || !mf__owners_are_apart(pool, spec->domain));
    if ((pool->is_draining && spec->domain == 0) || pool->is_closing) {
        return MF_E_DRAINING;
    }
    if (spec->bundle.size == 0) {
        return MF_E_INVALID;
    }
    if (spec->bundle.size + (spec->code ? mf_code_parts(spec->code).size : 0) > MF_BUNDLE_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    if (pool->runs_count >= MF_RUNS_CONCURRENT_MAX) {
        return MF_E_OVERLOADED;
    }
    struct mf_run *run = new_run(pool, spec, events, user);
    if (!run) {
        return MF_E_NO_MEMORY;
    }
    mf_buf_init(&spec->bundle, spec->bundle.bytes_max);
    if (run->spec.code) {
        mf_code_ref(run->spec.code);
    }
    pool->runs_count++;
    pool->runs_total++;
    mf__pool_want(pool, run->spec.domain);
    struct pool_domain *domain = &pool->domains[run->spec.domain];
    bool may_be_next = domain->waiting_count == 0 ||
                       mf__owners_are_apart(pool, run->spec.domain); /* Others may wait for theirs. */
    struct executor *executor = may_be_next ? mf__pool_pick(pool, run->spec.domain, run->spec.owner) : NULL;
    if (executor) {
        mf__run_start(run, executor);
    } else {
        mf_list_push_back(&domain->waiting, &run->link);
        domain->waiting_count++;
        pool->has_vacancy = pool->has_vacancy || mf__owners_are_apart(pool, run->spec.domain);
        check(run);
    }
    *ret_run = run;
    return 0;
}

/* A number that no run of the pool has: they are used round, and one may live long. */
static uint32_t next_number(struct mf_pool *pool, const struct executor *executor)
{
    do {
        pool->number_last++;
    } while (pool->number_last == 0 || mf_map_get(executor->runs_by_number, pool->number_last));
    return pool->number_last;
}

/* |run| is in no list. */
void mf__run_start(struct mf_run *run, struct executor *executor)
{
    run->number = next_number(run->pool, executor);
    run->started_ns = mf_clock_now_ns();
    if (mf_map_put(executor->runs_by_number, run->number, run) < 0) {
        run->phase = RUN_WAITS;
        mf__run_fail(run, MF_E_NO_MEMORY);
        return;
    }
    mf__owners_claim(executor, run->spec.owner);
    run->phase = RUN_SENDS;
    run->executor = executor;
    run->request = run->spec.flags & MF_START_HAS_BODY ? STREAM_OPEN : STREAM_NONE;
    mf_list_push_back(&executor->runs, &run->link);
    executor->runs_count++;
    executor->runs_total++;
    set_deadline(run, run->started_ns + run->spec.wall_ns);
    mf__channel_start_run(executor, run);
    check(run);
}

void mf__run_bundle_sent(struct mf_run *run)
{
    run->phase = RUN_RUNS;
    if (mf__run_bundle_bytes(run) > MF_POOL_BUNDLE_COPY_BYTES_MAX) {
        mf__run_bundle_forget(run); /* A small one is kept until the run is heard of: it may have to move. */
    }
    if (run->request == STREAM_OPEN) {
        run->wants_credit = true;
        mf_list_push_back(&run->pool->beginners, &run->beginner_link);
    }
}

void mf__run_offer_credit(struct mf_run *run)
{
    if (mf__run_is_heard(run) && run->request == STREAM_OPEN && run->wants_credit) {
        run->wants_credit = false;
        if (run->events->on_request_credit) {
            run->events->on_request_credit(run, run->user);
        }
    }
}

/* ---- the end -------------------------------------------------------------------------------- */

static void leave_executor(struct mf_run *run)
{
    struct executor *executor = run->executor;
    MF_ASSERT(mf_map_take(executor->runs_by_number, run->number) == run);
    mf_list_remove(&run->link);
    mf_list_remove(&run->bundle_link);
    executor->runs_count--;
    run->executor = NULL;
    run->pool->has_room = true;
}

bool mf__run_may_move(const struct mf_run *run)
{
    return run->phase == RUN_RUNS && !run->is_heard_of && !run->is_fed && run->spec.bundle.size > 0 &&
           run->request != STREAM_ENDED && run->moves_left > 0;
}

void mf__run_move(struct mf_run *run)
{
    struct mf_pool *pool = run->pool;
    struct pool_domain *domain = &pool->domains[run->spec.domain];
    MF_ASSERT(mf__run_may_move(run));
    leave_executor(run);
    mf_list_remove(&run->beginner_link);
    run->moves_left--;
    run->phase = RUN_WAITS;
    run->bundle_sent = 0;
    run->request = STREAM_NONE;
    set_deadline(run, mf_clock_now_ns() + pool->times.start_wait_ms * MF_NS_PER_MS);
    mf_list_push_front(&domain->waiting, &run->link);
    domain->waiting_count++;
    check(run);
}

/* on_done, and nothing of the run is left to its owner. */
static void tell_done(struct mf_run *run, struct mf_run_result *result)
{
    uint64_t now_ns = mf_clock_now_ns();
    bool was_started = run->started_ns != 0;
    result->wall_ns = was_started ? now_ns - run->started_ns : 0;
    result->queue_ns = (was_started ? run->started_ns : now_ns) - run->accepted_ns;
    run->pool->runs_count--;
    run->events->on_done(run, run->user, result);
}

void mf__run_finish(struct mf_run *run, const struct mf_msg_done *done)
{
    struct executor *executor = run->executor;
    struct mf_run_result result = {.error = run->error < 0 ? run->error : done->error,
                                   .cpu_ns = done->cpu_ns,
                                   .host_wait_ns = done->host_wait_ns,
                                   .memory_peak_bytes = done->memory_peak_bytes,
                                   .subrequests = done->subrequests,
                                   .calls = done->calls,
                                   .logs_dropped = done->logs_dropped,
                                   .exceptions_dropped = done->exceptions_dropped,
                                   .cache_use = done->cache_use};
    if (run->error == 0) {
        result.text = done->text; /* Else it speaks of the cancel, not of what was behind it. */
    }
    leave_executor(run);
    mf__deadlines_drop(&run->pool->deadlines, &run->deadline);
    run->phase = RUN_OVER;
    tell_done(run, &result);
    free_run(run);
    mf__executor_run_left(executor);
}

void mf__run_fail(struct mf_run *run, int error)
{
    if (run->executor) {
        leave_executor(run);
    } else if (run->phase == RUN_WAITS && !mf_list_is_empty(&run->link)) {
        mf_list_remove(&run->link);
        run->pool->domains[run->spec.domain].waiting_count--;
    }
    mf__deadlines_drop(&run->pool->deadlines, &run->deadline);
    mf__run_bundle_forget(run);
    run->phase = RUN_OVER;
    run->error = run->error < 0 ? run->error : error;
    mf_list_push_back(&run->pool->over, &run->link);
    check(run);
}

void mf__run_tell_over(struct mf_pool *pool)
{
    struct mf_list *link;
    while ((link = mf_list_pop_front(&pool->over))) {
        struct mf_run *run = MF_CONTAINER_OF(link, struct mf_run, link);
        struct mf_run_result result = {.error = run->error,
                                       .subrequests = run->fetches_total[MF_FETCH_HTTP],
                                       .calls = run->fetches_total[MF_FETCH_CALL]};
        tell_done(run, &result);
        free_run(run);
    }
}

/* CANCEL goes out; DONE is awaited for a grace. */
static void cancel(struct mf_run *run, int error)
{
    struct executor *executor = run->executor;
    struct mf_msg_cancel message = {.error = error};
    run->error = error;
    run->phase = RUN_CANCELED;
    mf_list_remove(&run->bundle_link);
    mf__run_bundle_forget(run);
    set_deadline(run, mf_clock_now_ns() + run->pool->times.cancel_grace_ms * MF_NS_PER_MS);
    check(run);
    mf__channel_queued(executor, mf_encode_cancel(mf__channel_out(executor), run->number, &message));
}

void mf_run_cancel(struct mf_run *run, int error)
{
    MF_ASSERT(error < 0);
    if (run->phase == RUN_WAITS) {
        mf__run_fail(run, error);
    } else if (run->phase == RUN_SENDS || run->phase == RUN_RUNS) {
        cancel(run, error);
    }
}

/* Its executor did not end it in time: the owner is told, and the executor is not to be trusted with more. */
static void give_up(struct mf_run *run)
{
    struct executor *executor = run->executor;
    uint32_t number = run->number;
    mf_log(MF_LOG_WARN, run->error, run->id, "executor %d did not end the run in time", (int)executor->pid);
    mf__run_fail(run, run->error);
    /* There is room for it: its run just left. Without it a late frame would count as an attack, no more. */
    mf_ignore(mf_map_put(executor->runs_by_number, number, &mf__ghost));
    mf__executor_condemn(executor, run->pool->times.stuck_ms, "a canceled run did not end in time");
}

void mf__run_on_deadline(struct mf_run *run)
{
    switch (run->phase) {
    case RUN_WAITS:
        mf__run_fail(run, MF_E_NO_EXECUTOR);
        break;
    case RUN_SENDS:
    case RUN_RUNS:
        cancel(run, MF_E_LIMIT_WALL);
        break;
    case RUN_CANCELED:
        give_up(run);
        break;
    case RUN_OVER:
        MF_UNREACHABLE("a deadline of a run that is over");
    }
}

/* ---- the request's body --------------------------------------------------------------------- */

static bool may_send_request(const struct mf_run *run)
{
    return run->phase == RUN_RUNS && run->request == STREAM_OPEN;
}

size_t mf_run_write(struct mf_run *run, struct mf_slice bytes)
{
    if (run->phase == RUN_WAITS || run->phase == RUN_SENDS) {
        run->wants_credit = true;
        return 0;
    }
    if (!may_send_request(run)) {
        return bytes.size; /* Nobody wants them. */
    }
    size_t taken = 0;
    while (taken < bytes.size) {
        size_t size = mf_window_sendable(&run->request_window, bytes.size - taken);
        if (size == 0) {
            run->wants_credit = true;
            break;
        }
        struct mf_msg_stream_data message = {.stream = MF_STREAM_REQUEST,
                                             .bytes = mf_slice_of(bytes.data + taken, size)};
        struct executor *executor = run->executor;
        int error = mf_encode_stream_data(mf__channel_out(executor), run->number, &message);
        if (error < 0) {
            mf__channel_queued(executor, error); /* The run is over with its executor. */
            return bytes.size;
        }
        mf_ignore(mf_window_use(&run->request_window, size)); /* Sendable. */
        run->is_fed = true;
        taken += size;
    }
    return taken;
}

void mf_run_end_request(struct mf_run *run)
{
    struct mf_msg_stream_end message = {.stream = MF_STREAM_REQUEST};
    if (may_send_request(run)) {
        run->request = STREAM_ENDED;
        struct executor *executor = run->executor;
        mf__channel_queued(executor, mf_encode_stream_end(mf__channel_out(executor), run->number, &message));
    }
}

void mf_run_abort_request(struct mf_run *run, int error)
{
    struct mf_msg_stream_abort message = {.stream = MF_STREAM_REQUEST, .error = error};
    if (may_send_request(run)) {
        run->request = STREAM_ENDED;
        struct executor *executor = run->executor;
        mf__channel_queued(executor,
                           mf_encode_stream_abort(mf__channel_out(executor), run->number, &message));
    }
}

/* ---- the response's body -------------------------------------------------------------------- */

void mf_run_body_consumed(struct mf_run *run, size_t bytes)
{
    if (run->phase != RUN_RUNS || bytes == 0) {
        return;
    }
    if (run->splice.state == SPLICE_RUNS) {
        mf__splice_consumed(run, bytes);
        return;
    }
    struct mf_msg_stream_credit message = {.stream = MF_STREAM_RESPONSE};
    message.bytes = mf_window_consume(&run->response_window, bytes);
    if (message.bytes > 0 && run->response == STREAM_OPEN) {
        struct executor *executor = run->executor;
        mf__channel_queued(executor,
                           mf_encode_stream_credit(mf__channel_out(executor), run->number, &message));
    }
}

void mf__run_send_stop(struct mf_run *run)
{
    struct mf_msg_stream_stop message = {.stream = MF_STREAM_RESPONSE};
    struct executor *executor = run->executor;
    mf__channel_queued(executor, mf_encode_stream_stop(mf__channel_out(executor), run->number, &message));
}

void mf_run_stop_body(struct mf_run *run)
{
    bool is_before = run->phase == RUN_WAITS || run->phase == RUN_SENDS;
    if ((is_before || run->phase == RUN_RUNS) &&
        (run->response == STREAM_OPEN || run->response == STREAM_NONE)) {
        bool is_open = run->response == STREAM_OPEN;
        run->response = STREAM_STOPPED; /* Before it began: the executor is told when it begins. */
        if (is_open) {
            mf__run_send_stop(run);
        }
    }
}
