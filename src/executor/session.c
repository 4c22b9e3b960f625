/* session.c - the states of a run, see the drawing in session.h. */
#include "session.h"

/* workerd's own text, which callers match on. */
#define HANG_TEXT                                                                                            \
    "The Workers runtime canceled this request because it detected that your Worker's code had hung and "    \
    "would never generate a response. Refer to: "                                                            \
    "https://developers.cloudflare.com/workers/observability/errors/"

#define FLAGS_KNOWN                                                                                          \
    (MF_START_CLOCK_FROZEN | MF_START_HAS_BODY | MF_START_FETCH_ALLOWED | MF_START_CALLS_ALLOWED |           \
     MF_START_FILES_ALLOWED | MF_START_MAKES_CACHE)

#define TO(state) (1u << MF_SESSION_##state)

/* Where each state may go; the drawing as a table. */
static const unsigned transitions[MF_SESSION_STATES_COUNT] = {
    [MF_SESSION_COLLECTING] = TO(READY) | TO(DONE),
    [MF_SESSION_READY] = TO(RUNNING) | TO(DONE),
    [MF_SESSION_RUNNING] = TO(READY) | TO(PARKED) | TO(FLUSHING) | TO(LOST) | TO(DONE),
    [MF_SESSION_PARKED] = TO(READY) | TO(DONE),
    [MF_SESSION_FLUSHING] = TO(DONE),
    [MF_SESSION_LOST] = TO(DONE),
    [MF_SESSION_DONE] = 0,
};

void mf_session_check(const struct mf_session *session)
{
    bool has_script = session->state == MF_SESSION_READY || session->state == MF_SESSION_RUNNING ||
                      session->state == MF_SESSION_PARKED;

    MF_ASSERT(session->state < MF_SESSION_STATES_COUNT);
    MF_ASSERT((session->isolate != NULL) <=
              (session->state == MF_SESSION_RUNNING || session->state == MF_SESSION_LOST));
    MF_ASSERT((session->state == MF_SESSION_COLLECTING || has_script) <= (session->guest != NULL));
    MF_ASSERT((session->state == MF_SESSION_FLUSHING || session->state == MF_SESSION_DONE) <=
              (session->guest == NULL));
    /* A parked run waits: what is there to be told was told. */
    MF_ASSERT((session->state == MF_SESSION_PARKED) <= mf_list_is_empty(&session->events));
    MF_ASSERT((session->state == MF_SESSION_READY) <= !mf_list_is_empty(&session->events));
    MF_ASSERT((session->state == MF_SESSION_FLUSHING) <=
              (session->response.is_ended && !session->response.is_closed));
    MF_ASSERT(mf_session_is_over(session) <=
              (mf_timers_count(&session->timers) == 0 && session->fetches == NULL && session->files == NULL));
}

static void go(struct mf_session *session, enum mf_session_state state)
{
    MF_ASSERT((transitions[session->state] & 1u << state) != 0);
    session->state = state;
}

/* ---- birth and death --------------------------------------------------------------------------- */

static struct mf_session *
session_new(struct mf_executor *executor, uint32_t number, const struct mf_msg_start *start)
{
    struct mf_guest *guest = mf_guest_new((size_t)start->bundle_bytes);
    struct mf_session *session = guest == NULL ? NULL : mf_try_alloc(sizeof(*session));

    if (session == NULL) {
        mf_guest_free(guest);
        return NULL;
    }
    session->base.calls = &mf_session_calls;
    session->executor = executor;
    session->number = number;
    session->limits = *start;
    session->refs = 1;
    session->guest = guest;
    mf_list_init(&session->turn.list);
    mf_alarm_init(&session->alarm);
    MF_ASSERT(pthread_mutex_init(&session->mutex, NULL) == 0);
    MF_ASSERT(pthread_cond_init(&session->files_came, NULL) == 0);
    mf_list_init(&session->events);
    mf_list_init(&session->due);
    mf_notice_init(&session->start, MF_SOURCE_START);
    mf_timers_init(&session->timers);
    mf_incoming_init(&session->request, MF_STREAM_REQUEST, (start->flags & MF_START_HAS_BODY) != 0);
    mf_outgoing_init(&session->response, MF_STREAM_RESPONSE, false);
    mf_buf_init(&session->finish_text, MF_RUN_TEXT_BYTES_MAX);
    return session;
}

void mf_session_unref(struct mf_session *session)
{
    if (!mf_runs_unref(&session->executor->runs, session)) {
        return;
    }
    MF_ASSERT(session->state == MF_SESSION_DONE && session->guest == NULL);
    mf_incoming_done(&session->request);
    mf_outgoing_done(&session->response);
    mf_buf_done(&session->finish_text);
    pthread_cond_destroy(&session->files_came);
    pthread_mutex_destroy(&session->mutex);
    mf_free(session);
}

/* DONE for a run that there never was. */
static void refuse(struct mf_executor *executor, uint32_t number, int error)
{
    const struct mf_msg_done done = {.error = error};
    struct mf_buf *out = mf_outbox_lock(&executor->outbox, MF_OUTBOX_MUST);

    MF_ASSERT(mf_encode_done(out, number, &done) == 0);
    mf_outbox_unlock(&executor->outbox);
}

int mf_session_start(struct mf_executor *executor, uint32_t number, const struct mf_msg_start *start)
{
    struct mf_session *session = mf_runs_find(&executor->runs, number);
    int error;

    if (session != NULL) {
        mf_session_unref(session);
        return MF_E_WIRE;
    }
    if (number == 0 || start->bundle_bytes == 0 || start->bundle_bytes > MF_BUNDLE_BYTES_MAX ||
        (start->flags & ~(uint32_t)FLAGS_KNOWN) != 0) {
        return MF_E_WIRE;
    }
    error = mf_executor_takes_runs(executor);
    if (error < 0) {
        refuse(executor, number,
               MF_E_AGAIN); /* Why is ours; that it has not begun is what the daemon must know. */
        return 0;
    }
    session = session_new(executor, number, start);
    if (session == NULL) {
        refuse(executor, number, MF_E_NO_MEMORY);
        return 0;
    }
    MF_ASSERT(mf_runs_add(&executor->runs, session) == 0); /* mf_executor_takes_runs has counted. */
    mf_session_check(session);
    mf_session_unref(session);
    return 0;
}

/* ---- the end ------------------------------------------------------------------------------------ */

static void retire_guest(struct mf_session *session)
{
    mf_executor_retire(session->executor, session->guest);
    session->guest = NULL;
}

/* What the script may still be told or was to hear; its queues are empty after it. True: the daemon still sends the
 * request's body. */
static bool forget_script(struct mf_session *session)
{
    mf_alarm_set(&session->executor->alarms, &session->alarm, MF_DEADLINE_NEVER);
    mf_timers_done(&session->timers);
    mf_session_fetches_done(session);
    mf_session_files_done(session);
    mf_list_remove(&session->start.list);
    mf_list_remove(&session->response.event.list);
    return mf_incoming_cancel(&session->request);
}

/* The last frames. The number is free before the daemon can know that it is; and whoever finds no run any more (the loop, which
 * would end the process) finds its DONE in the outbox, or written: both happen under the outbox's lock. */
static void say_done(struct mf_session *session, int error, struct mf_slice text, uint64_t cpu_ns)
{
    const struct mf_msg_done done = {
        .error = mf_end_error(error),
        .cpu_ns = cpu_ns,
        .host_wait_ns = session->host_wait_ns,
        .memory_peak_bytes = session->memory_peak_bytes,
        .subrequests = session->fetches_counted[MF_FETCH_HTTP],
        .calls = session->fetches_counted[MF_FETCH_CALL],
        .logs_dropped = session->logs_dropped,
        .exceptions_dropped = session->exceptions_dropped,
        .cache_use = (uint8_t)session->cache_use,
        .text = mf_text_cut(text, MF_RUN_TEXT_BYTES_MAX),
    };
    struct mf_buf *out;

    if (session->has_responded && !session->response.is_closed) {
        session->response.is_closed = true;
        mf_session_send_abort(session, MF_STREAM_RESPONSE, mf_end_error(error), text);
    }
    out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MUST);
    mf_runs_remove(&session->executor->runs, session);
    MF_ASSERT(mf_encode_done(out, session->number, &done) == 0);
    mf_outbox_unlock(&session->executor->outbox);
}

/* Ends a run that no thread is inside of any more. */
static void end(struct mf_session *session, int error, struct mf_slice text)
{
    struct mf_outgoing *response = &session->response;
    bool is_body_coming = false;

    if (error == 0 && (!session->has_responded || !response->is_ended)) {
        error = MF_E_INTERNAL; /* The runtime says it is done and has not answered. */
    }
    if (error == 0 && !response->is_closed && session->cancel_error != 0) {
        error = session->cancel_error; /* The script was done in time, its reader is not waited for. */
    }
    if (session->state == MF_SESSION_PARKED) {
        session->host_wait_ns += mf_clock_now_ns() - session->parked_since_ns;
    }
    if (session->guest != NULL) {
        is_body_coming = forget_script(session);
        retire_guest(session);
    }
    if (error == 0 && !response->is_closed) {
        go(session, MF_SESSION_FLUSHING);
        if (is_body_coming) {
            mf_session_send_stop(session, MF_STREAM_REQUEST);
        }
    } else {
        mf_outgoing_drop(response);
        go(session, MF_SESSION_DONE);
        say_done(session, error, text, session->cpu_ns);
    }
    mf_session_check(session);
}

void mf_session_flushed(struct mf_session *session)
{
    if (session->state == MF_SESSION_FLUSHING && session->response.is_closed) {
        end(session, 0, mf_slice_of(NULL, 0));
    }
}

void mf_session_cancel(struct mf_session *session, int error)
{
    if (session->cancel_error != 0) {
        return;
    }
    session->cancel_error = error;
    if (session->state != MF_SESSION_RUNNING) {
        end(session, error, mf_slice_of(NULL, 0));
    } else if (session->isolate != NULL) {
        mf_isolate_terminate(session->isolate, error);
        pthread_cond_broadcast(&session->files_came);
    }
}

void mf_session_lose(struct mf_session *session, int error, uint64_t cpu_ns)
{
    pthread_mutex_lock(&session->mutex);
    if (session->state == MF_SESSION_RUNNING) {
        /* The guest stays with the thread; all else is ours. */
        forget_script(session);
        mf_outgoing_drop(&session->response);
        go(session, MF_SESSION_LOST);
        say_done(session, error, mf_slice_of(NULL, 0), cpu_ns);
        mf_session_check(session);
    }
    pthread_mutex_unlock(&session->mutex);
    mf_executor_flush(session->executor);
}

/* ---- turns ---------------------------------------------------------------------------------------- */

/* Into the ready queue, which holds a reference. */
static void make_ready(struct mf_session *session)
{
    go(session, MF_SESSION_READY);
    mf_session_check(session);
    mf_runs_ref(&session->executor->runs, session);
    mf_threads_submit(&session->executor->threads, &session->turn);
}

void mf_session_wake(struct mf_session *session)
{
    if (mf_list_is_empty(&session->events)) {
        return;
    }
    if (session->state == MF_SESSION_PARKED) {
        session->host_wait_ns += mf_clock_now_ns() - session->parked_since_ns;
        make_ready(session);
    } else if (session->state == MF_SESSION_COLLECTING && mf_notice_is_queued(&session->start)) {
        make_ready(session);
    }
}

void mf_session_ring(struct mf_session *session)
{
    pthread_mutex_lock(&session->mutex);
    if (!mf_session_is_over(session) && session->state != MF_SESSION_FLUSHING) {
        mf_timers_expire(&session->timers, mf_clock_now_ns(), &session->events);
        mf_alarm_set(&session->executor->alarms, &session->alarm, mf_timers_next_ns(&session->timers));
        mf_session_wake(session);
    }
    pthread_mutex_unlock(&session->mutex);
}

static void move_all(struct mf_list *from, struct mf_list *to)
{
    struct mf_list *item;

    while ((item = mf_list_pop_front(from)) != NULL) {
        mf_list_push_back(to, item);
    }
}

/* Nothing is queued and nothing is awaited: the script will never say another word. */
static void end_silent(struct mf_session *session)
{
    if (session->has_responded && session->response.is_ended) {
        end(session, 0, mf_slice_of(NULL, 0)); /* Only ctx.waitUntil promises that nobody will ever settle. */
    } else {
        end(session, MF_E_HANG, mf_slice_of_cstr(HANG_TEXT));
    }
}

/* Locked. |error| is what prepare or deliver said. */
static void end_turn(struct mf_session *session, int error)
{
    session->isolate = NULL;
    session->cpu_ns += mf_clock_thread_cpu_ns() - session->turn_cpu_since_ns;
    if (session->state == MF_SESSION_LOST) {
        go(session, MF_SESSION_DONE);
        retire_guest(session);
        mf_session_check(session);
        return;
    }
    /* What was due and not told (the turn ended early) is forgotten with the script, or told next time. */
    while (!mf_list_is_empty(&session->due)) {
        struct mf_list *last = session->due.prev;
        mf_list_remove(last);
        mf_list_push_front(&session->events, last);
    }
    if (session->is_finished) {
        end(session, session->finish_error, mf_buf_peek(&session->finish_text));
    } else if (error < 0) {
        end(session, error, mf_buf_peek(&session->finish_text));
    } else if (session->cancel_error != 0) {
        end(session, session->cancel_error, mf_slice_of(NULL, 0));
    } else if (session->cpu_ns >= session->limits.cpu_ns) {
        end(session, MF_E_LIMIT_CPU, mf_slice_of(NULL, 0));
    } else if (!mf_list_is_empty(&session->events)) {
        make_ready(session);
    } else if (mf_session_is_waiting(session)) {
        go(session, MF_SESSION_PARKED);
        session->parked_since_ns = mf_clock_now_ns();
        mf_alarm_set(&session->executor->alarms, &session->alarm, mf_timers_next_ns(&session->timers));
        mf_session_check(session);
    } else {
        end_silent(session);
    }
}

void mf_session_take_turn(struct mf_session *session)
{
    struct mf_executor *executor = session->executor;
    int error;

    pthread_mutex_lock(&session->mutex);
    if (mf_session_is_over(session)) { /* Canceled while it waited. */
        pthread_mutex_unlock(&session->mutex);
        mf_session_unref(session);
        return;
    }
    go(session, MF_SESSION_RUNNING);
    move_all(&session->events, &session->due);
    session->turn_pulls = 0;
    session->isolate = session->guest->isolate;
    session->turn_cpu_since_ns = mf_clock_thread_cpu_ns();
    mf_session_check(session);
    pthread_mutex_unlock(&session->mutex);

    error = mf_session_prepare(session);
    if (error == 0) {
        error = mf_session_deliver(session);
    }

    pthread_mutex_lock(&session->mutex);
    end_turn(session, error);
    pthread_mutex_unlock(&session->mutex);
    mf_executor_flush(executor);
    mf_session_unref(session);
}
