/* loop.c - see loop.h.
 *
 * Each round: what time has brought (timers, threads, the cork), sleep, then what the daemon has sent. Before its frames are
 * looked at the outbox is corked and a look within MF_CHANNEL_CORK_NS promised, so that what the turns answer leaves in one
 * piece when they end, or at that moment.
 */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "session.h"

struct loop {
    struct mf_executor *executor;
    int fd;
    struct mf_frame_reader reader;
    uint64_t uncork_at_ns; /* MF_DEADLINE_NEVER: not corked. */
};

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- time ------------------------------------------------------------------------------------------ */

/* Under alarms.mutex: the run cannot end before the reference is taken. */
static void keep_session(struct mf_alarm *alarm)
{
    struct mf_session *session = MF_CONTAINER_OF(alarm, struct mf_session, alarm);

    mf_runs_ref(&session->executor->runs, session);
}

static uint64_t ring_alarms(struct mf_executor *executor, uint64_t now_ns)
{
    uint64_t next_ns = MF_DEADLINE_NEVER;
    struct mf_alarm *alarm;

    while ((alarm = mf_alarms_take(&executor->alarms, now_ns, keep_session, &next_ns)) != NULL) {
        struct mf_session *session = MF_CONTAINER_OF(alarm, struct mf_session, alarm);
        mf_session_ring(session);
        mf_session_unref(session);
    }
    return next_ns;
}

/* What is due now; returns when something is due next. */
static uint64_t tick(struct loop *loop, uint64_t now_ns)
{
    struct mf_executor *executor = loop->executor;
    uint64_t next_ns = ring_alarms(executor, now_ns);

    next_ns = earlier(next_ns, mf_threads_tick(&executor->threads, now_ns));
    if (loop->uncork_at_ns <= now_ns) {
        loop->uncork_at_ns = MF_DEADLINE_NEVER;
        mf_outbox_cork(&executor->outbox, false);
    }
    if (mf_outbox_take_room(&executor->outbox)) {
        mf_runs_for_each(&executor->runs, mf_session_pump_all);
    }
    return earlier(next_ns, loop->uncork_at_ns);
}

/* ---- frames ------------------------------------------------------------------------------------------ */

/* While nothing gathers yet the time begins anew: it is not to end in the middle of the next turn. */
static void cork(struct loop *loop)
{
    if (loop->uncork_at_ns == MF_DEADLINE_NEVER || mf_outbox_is_empty(&loop->executor->outbox)) {
        loop->uncork_at_ns = mf_clock_now_ns() + MF_CHANNEL_CORK_NS;
        mf_outbox_cork(&loop->executor->outbox, true);
    }
}

static int on_start(struct mf_executor *executor, const struct mf_frame *frame)
{
    struct mf_msg_start message;

    if (mf_decode_start(frame->payload, &message) < 0) {
        return MF_E_WIRE;
    }
    return mf_session_start(executor, frame->run, &message);
}

static int on_drain(struct mf_executor *executor, const struct mf_frame *frame)
{
    struct mf_msg_drain message;

    if (mf_decode_drain(frame->payload, &message) < 0 || frame->run != 0) {
        return MF_E_WIRE;
    }
    mf_executor_drain(executor);
    return 0;
}

static int on_frame(struct mf_executor *executor, const struct mf_frame *frame)
{
    struct mf_session *session;
    int error;

    if (frame->type == MF_MESSAGE_START) {
        return on_start(executor, frame);
    }
    if (frame->type == MF_MESSAGE_DRAIN) {
        return on_drain(executor, frame);
    }
    session = mf_runs_find(&executor->runs, frame->run);
    if (session == NULL) {
        return 0; /* It has ended; the daemon will hear of it soon. */
    }
    error = mf_session_on_frame(session, frame);
    mf_session_unref(session);
    return error;
}

/* Frames whose answer this thread makes itself: no turn's end will flush it. */
static bool is_answered_here(uint16_t type)
{
    return type == MF_MESSAGE_CANCEL || type == MF_MESSAGE_STREAM_CREDIT || type == MF_MESSAGE_STREAM_STOP;
}

static int read_frames(struct loop *loop)
{
    bool must_flush = false;
    struct mf_frame frame;
    uint8_t *space = NULL;
    ssize_t size;
    int result = mf_frame_reader_reserve(&loop->reader, MF_CHANNEL_READ_BYTES, &space);

    if (result < 0) {
        return result;
    }
    size = read(loop->fd, space, MF_CHANNEL_READ_BYTES);
    if (size <= 0) {
        return size < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : MF_E_CLOSED;
    }
    mf_frame_reader_commit(&loop->reader, (size_t)size);
    cork(loop);
    mf_threads_hold(&loop->executor->threads);
    while ((result = mf_frame_reader_next(&loop->reader, &frame)) == 1) {
        result = on_frame(loop->executor, &frame);
        if (result < 0) {
            mf_log(MF_LOG_ERROR, result, NULL, "the daemon sent a wrong %s", mf_message_name(frame.type));
            break;
        }
        must_flush = must_flush || is_answered_here(frame.type);
    }
    mf_threads_release(&loop->executor->threads);
    if (must_flush) {
        mf_executor_flush(loop->executor);
    }
    return result;
}

/* ---- rounds ---------------------------------------------------------------------------------------------- */

/* Sleeps until |until_ns|, a frame, room to write, or the waker. */
static int sleep_until(struct loop *loop, uint64_t until_ns, bool wants_pollout)
{
    struct mf_waker *waker = &loop->executor->waker;
    struct pollfd fds[2] = {
        {.fd = loop->fd, .events = (short)(POLLIN | (wants_pollout ? POLLOUT : 0))},
        {.fd = waker->fd, .events = POLLIN},
    };
    uint64_t now_ns = mf_clock_now_ns();
    uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct timespec timeout = {(time_t)(left_ns / MF_NS_PER_S), (long)(left_ns % MF_NS_PER_S)};
    int count = ppoll(fds, MF_COUNT_OF(fds), until_ns == MF_DEADLINE_NEVER ? NULL : &timeout, NULL);

    if (count < 0) {
        MF_ASSERT(errno == EINTR);
        return 0;
    }
    if ((fds[1].revents & POLLIN) != 0) {
        mf_waker_clear(waker);
    }
    return (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

static int run(struct loop *loop)
{
    struct mf_executor *executor = loop->executor;

    for (;;) {
        uint64_t now_ns, until_ns, again_ns = MF_DEADLINE_NEVER;
        bool wants_pollout = false;
        int result;

        mf_waker_begin(&executor->waker);
        now_ns = mf_clock_now_ns();
        until_ns = tick(loop, now_ns);
        result = mf_outbox_wants(&executor->outbox, &wants_pollout);
        if (result < 0) {
            return result;
        }
        if (mf_executor_is_over(executor, now_ns, &again_ns)) {
            return 0;
        }
        until_ns = mf_waker_sleep(&executor->waker, earlier(until_ns, again_ns));
        result = sleep_until(loop, until_ns, wants_pollout);
        if (result > 0) {
            mf_waker_begin(&executor->waker);
            result = read_frames(loop);
        }
        if (result < 0) {
            return result;
        }
    }
}

int mf_loop_run(struct mf_executor *executor, int fd)
{
    struct loop loop = {.executor = executor, .fd = fd, .uncork_at_ns = MF_DEADLINE_NEVER};
    int error;

    mf_frame_reader_init(&loop.reader, MF_TO_EXECUTOR);
    error = run(&loop);
    mf_frame_reader_done(&loop.reader);
    return error;
}
