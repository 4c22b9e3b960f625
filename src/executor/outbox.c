/* outbox.c - see outbox.h. */
#include "outbox.h"

#include <errno.h>
#include <unistd.h>

#define CAPACITY_KEPT_BYTES ((size_t)1 << 20) /* A burst's memory is given back, the everyday buffer stays. */

void mf_outbox_init(struct mf_outbox *outbox, int fd, struct mf_waker *waker)
{
    *outbox = (struct mf_outbox){.fd = fd, .waker = waker};
    mf_buf_init(&outbox->buf, MF_CHANNEL_QUEUE_BYTES_MAX);
    /* DONE must fit even when malloc has nothing more to give. */
    MF_ASSERT(mf_buf_reserve(&outbox->buf, MF_CHANNEL_CORK_BYTES_MAX) == 0);
    MF_ASSERT(pthread_mutex_init(&outbox->mutex, NULL) == 0);
}

void mf_outbox_done(struct mf_outbox *outbox)
{
    mf_buf_done(&outbox->buf);
    pthread_mutex_destroy(&outbox->mutex);
}

static size_t bytes_waiting(const struct mf_outbox *outbox)
{
    return outbox->buf.size - outbox->written;
}

/* Locked. The front leaves when all of it is gone, or when it is the larger part: each byte moves once at most. */
static void compact(struct mf_outbox *outbox)
{
    if (outbox->written == outbox->buf.size) {
        outbox->written = 0;
        mf_buf_reset(&outbox->buf);
        if (outbox->buf.capacity > CAPACITY_KEPT_BYTES) {
            mf_buf_done(&outbox->buf);
        }
    } else if (outbox->written > outbox->buf.size / 2) {
        mf_buf_consume(&outbox->buf, outbox->written);
        outbox->written = 0;
    }
}

/* Locked. */
static void write_some(struct mf_outbox *outbox)
{
    outbox->is_blocked = false;
    while (bytes_waiting(outbox) > 0 && !outbox->is_broken) {
        ssize_t size = write(outbox->fd, outbox->buf.data + outbox->written, bytes_waiting(outbox));
        if (size >= 0) {
            outbox->written += (size_t)size;
        } else if (errno == EAGAIN) {
            outbox->is_blocked = true;
            break;
        } else if (errno != EINTR) {
            outbox->is_broken = true;
        }
    }
    compact(outbox);
}

/* Locked. Writes, and tells the loop when it has to go on. */
static void push(struct mf_outbox *outbox)
{
    bool was_blocked = outbox->is_blocked;

    if (was_blocked) {
        return; /* The loop waits for POLLOUT already. */
    }
    write_some(outbox);
    if (outbox->is_blocked || outbox->is_broken) {
        mf_waker_by(outbox->waker, 0);
    }
}

struct mf_buf *mf_outbox_lock(struct mf_outbox *outbox, enum mf_outbox_class class)
{
    pthread_mutex_lock(&outbox->mutex);
    if (class == MF_OUTBOX_MAY && bytes_waiting(outbox) > MF_CHANNEL_QUEUE_BYTES_MAX / 2) {
        outbox->is_starved = true;
        pthread_mutex_unlock(&outbox->mutex);
        return NULL;
    }
    return &outbox->buf;
}

void mf_outbox_unlock(struct mf_outbox *outbox)
{
    if (bytes_waiting(outbox) >
        MF_CHANNEL_QUEUE_BYTES_MAX - MF_FRAME_HEADER_BYTES - MF_FRAME_PAYLOAD_BYTES_MAX) {
        outbox->is_broken = true; /* The next frame might not fit; the daemon has not read for 128 MiB. */
        mf_waker_by(outbox->waker, 0);
    }
    if (!outbox->is_corked || bytes_waiting(outbox) >= MF_CHANNEL_CORK_BYTES_MAX) {
        push(outbox);
    }
    pthread_mutex_unlock(&outbox->mutex);
}

void mf_outbox_flush(struct mf_outbox *outbox)
{
    pthread_mutex_lock(&outbox->mutex);
    if (bytes_waiting(outbox) > 0) {
        push(outbox);
    }
    pthread_mutex_unlock(&outbox->mutex);
}

void mf_outbox_cork(struct mf_outbox *outbox, bool is_corked)
{
    pthread_mutex_lock(&outbox->mutex);
    outbox->is_corked = is_corked;
    if (bytes_waiting(outbox) > 0) {
        push(outbox);
    }
    pthread_mutex_unlock(&outbox->mutex);
}

int mf_outbox_wants(struct mf_outbox *outbox, bool *ret_pollout)
{
    int error = 0;

    pthread_mutex_lock(&outbox->mutex);
    if (outbox->is_blocked) {
        write_some(outbox);
    }
    *ret_pollout = outbox->is_blocked;
    if (outbox->is_broken) {
        error = MF_E_CLOSED;
    }
    pthread_mutex_unlock(&outbox->mutex);
    return error;
}

bool mf_outbox_take_room(struct mf_outbox *outbox)
{
    bool has_room;

    pthread_mutex_lock(&outbox->mutex);
    has_room = outbox->is_starved && bytes_waiting(outbox) <= MF_CHANNEL_QUEUE_BYTES_MAX / 4;
    if (has_room) {
        outbox->is_starved = false;
    }
    pthread_mutex_unlock(&outbox->mutex);
    return has_room;
}

bool mf_outbox_is_empty(struct mf_outbox *outbox)
{
    bool is_empty;

    pthread_mutex_lock(&outbox->mutex);
    is_empty = bytes_waiting(outbox) == 0;
    pthread_mutex_unlock(&outbox->mutex);
    return is_empty;
}
