/* channel.c - the socket to one executor: what is queued in a turn goes out in one write, what came is cut into frames.
 *
 * Own reads and writes under uv_poll, not a uv_pipe: bytes are read where frames are cut, and all frames of a turn leave
 * in one system call. A large bundle goes in pieces, a piece only when nothing else is queued, several bundles in turns:
 * frames of other runs wait for one piece at most, and a bundle is never in memory twice. */
#include <errno.h>
#include <sys/socket.h>

#include "internal.h"

/* A queue that was larger gives its memory back once it is empty. */
#define OUT_KEPT_BYTES_MAX 1048576

/* Written bytes at the front are moved away past this; before, moving the rest costs more than the room is worth. */
#define OUT_COMPACT_BYTES 262144

struct mf_buf *mf__channel_out(struct executor *executor)
{
    if (executor->out_sent > OUT_COMPACT_BYTES) {
        mf_buf_consume(&executor->out, executor->out_sent);
        executor->out_sent = 0;
    }
    if (mf_list_is_empty(&executor->dirty)) {
        mf_list_push_back(&executor->pool->dirty, &executor->dirty);
    }
    return &executor->out;
}

void mf__channel_queued(struct executor *executor, int error)
{
    if (error < 0 && !executor->is_channel_closed) {
        mf__executor_kill(executor, MF_E_EXECUTOR_LOST, "it does not read its channel, or memory is short");
    }
}

/* Wakes up when the socket takes bytes again, or no longer. */
static void wait_for_room(struct executor *executor, bool waits)
{
    if (executor->waits_for_room == waits || executor->is_channel_closed) {
        return;
    }
    executor->waits_for_room = waits;
    int events = UV_READABLE | (waits ? UV_WRITABLE : 0);
    int error = uv_poll_start(&executor->channel_poll, events, mf__channel_on_poll);
    MF_ASSERT(error == 0); /* Only for a handle that is closing, and then the channel is closed. */
}

/* Queues the next piece of the bundle whose turn it is. */
static void queue_piece(struct executor *executor)
{
    struct mf_run *run = MF_CONTAINER_OF(executor->bundles.next, struct mf_run, bundle_link);
    struct mf_msg_bundle message = {
        .bytes = mf__run_bundle_piece(run, run->bundle_sent, MF_POOL_BUNDLE_PIECE_BYTES)};
    int error = mf_encode_bundle(&executor->out, run->number, &message);
    mf_list_remove(&run->bundle_link);
    run->bundle_sent += message.bytes.size;
    if (run->bundle_sent < mf__run_bundle_bytes(run)) {
        mf_list_push_back(&executor->bundles, &run->bundle_link);
    } else {
        mf__run_bundle_sent(run);
    }
    mf__channel_queued(executor, error);
}

/* A small one: in one or two frames behind its START. */
static int queue_whole(struct executor *executor, struct mf_run *run)
{
    size_t size = mf__run_bundle_bytes(run);
    int error = 0;
    for (size_t at = 0; error == 0 && at < size;) {
        struct mf_msg_bundle bundle = {.bytes = mf__run_bundle_piece(run, at, size)};
        error = mf_encode_bundle(&executor->out, run->number, &bundle);
        at += bundle.bytes.size;
    }
    return error;
}

void mf__channel_start_run(struct executor *executor, struct mf_run *run)
{
    const struct mf_run_spec *spec = &run->spec;
    struct mf_msg_start start = {.cpu_ns = spec->cpu_ns,
                                 .memory_bytes = spec->memory_bytes,
                                 .response_bytes = spec->response_bytes,
                                 .log_bytes = spec->log_bytes,
                                 .subrequests = spec->subrequests,
                                 .calls = spec->calls,
                                 .flags = spec->flags,
                                 .bundle_bytes = mf__run_bundle_bytes(run)};
    int error = mf_encode_start(mf__channel_out(executor), run->number, &start);
    if (error == 0 && start.bundle_bytes <= MF_POOL_BUNDLE_COPY_BYTES_MAX) {
        error = queue_whole(executor, run);
        mf__run_bundle_sent(run);
    } else {
        mf_list_push_back(&executor->bundles, &run->bundle_link);
    }
    mf__channel_queued(executor, error);
}

static void empty_out(struct executor *executor)
{
    executor->out_sent = 0;
    if (executor->out.capacity > OUT_KEPT_BYTES_MAX) {
        mf_buf_done(&executor->out);
        mf_buf_init(&executor->out, MF_CHANNEL_QUEUE_BYTES_MAX);
    } else {
        mf_buf_reset(&executor->out);
    }
}

/* 1: written or to be tried again; 0: the socket is full; below: the other end is gone. */
static int write_some(struct executor *executor, size_t *budget)
{
    size_t left = executor->out.size - executor->out_sent;
    size_t size = left < *budget ? left : *budget;
    ssize_t sent = send(executor->channel_fd, executor->out.data + executor->out_sent, size, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EINTR) {
            return 1;
        }
        return errno == EAGAIN ? 0 : -errno;
    }
    executor->out_sent += (size_t)sent;
    *budget -= (size_t)sent;
    return 1;
}

/* It has closed the channel: what it said before counts, and that it went by itself. */
static void hear_out(struct executor *executor)
{
    mf__channel_read_rest(executor);
    mf__executor_kill(executor, MF_E_EXECUTOR_LOST, NULL);
}

void mf__channel_flush(struct executor *executor)
{
    size_t budget = MF_POOL_WRITE_BYTES;
    bool is_full = false;
    mf_list_remove(&executor->dirty);
    while (!executor->is_channel_closed && !is_full && budget > 0) {
        if (executor->out_sent == executor->out.size) {
            empty_out(executor);
            if (mf_list_is_empty(&executor->bundles)) {
                wait_for_room(executor, false);
                return;
            }
            queue_piece(executor);
            continue;
        }
        int result = write_some(executor, &budget);
        if (result < 0) {
            hear_out(executor);
            return;
        }
        is_full = result == 0;
    }
    /* Also when only the turn's share is used up: then the socket has room and says so at once. */
    wait_for_room(executor, true);
}

static void handle_frames(struct executor *executor)
{
    struct mf_frame frame;
    while (!executor->is_channel_closed) {
        int result = mf_frame_reader_next(&executor->reader, &frame);
        if (result == 0) {
            return;
        }
        if (result < 0) {
            mf__executor_attacked(executor, "bytes that are no frame");
            return;
        }
        if (mf__frame_handle(executor, &frame) < 0) {
            return;
        }
    }
}

/* False: nothing was there, or nothing comes any more. */
static bool read_some(struct executor *executor)
{
    uint8_t *space = NULL;
    if (mf_frame_reader_reserve(&executor->reader, MF_POOL_READ_BYTES, &space) < 0) {
        mf__executor_kill(executor, MF_E_EXECUTOR_LOST, "there is no memory to read from it");
        return false;
    }
    ssize_t got = recv(executor->channel_fd, space, MF_POOL_READ_BYTES, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got <= 0) {
        /* Dead or dying, or it closed its channel to hide: SIGKILL is right for each. How it died is told by its
         * exit status. */
        executor->is_gone = true;
        mf__executor_kill(executor, MF_E_EXECUTOR_LOST, NULL);
        return false;
    }
    mf_frame_reader_commit(&executor->reader, (size_t)got);
    handle_frames(executor);
    return !executor->is_channel_closed;
}

void mf__channel_on_poll(uv_poll_t *poll, int status, int events)
{
    struct executor *executor = poll->data;
    if (status < 0) {
        hear_out(executor); /* EPOLLERR: it closed the channel with something of ours unread. */
        return;
    }
    if (events & UV_READABLE) {
        mf_ignore(read_some(executor)); /* One read a turn: what is left makes the socket readable again. */
    }
    if ((events & UV_WRITABLE) && !executor->is_channel_closed) {
        mf__channel_flush(executor);
    }
}

void mf__channel_read_rest(struct executor *executor)
{
    /* Its writer is dead: what the socket holds is all there is, and that is bounded. */
    while (!executor->is_channel_closed && read_some(executor)) {
    }
}
