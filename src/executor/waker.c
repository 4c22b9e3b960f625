/* waker.c - see waker.h. A loop that is awake is not woken: it sees the wish in mf_waker_sleep. */
#include "waker.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mf_waker_init(struct mf_waker *waker)
{
    *waker = (struct mf_waker){.fd = -1, .is_awake = true, .wakes_at_ns = MF_DEADLINE_NEVER};
    waker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (waker->fd < 0) {
        return -errno;
    }
    MF_ASSERT(pthread_mutex_init(&waker->mutex, NULL) == 0);
    return 0;
}

void mf_waker_done(struct mf_waker *waker)
{
    close(waker->fd);
    pthread_mutex_destroy(&waker->mutex);
}

void mf_waker_by(struct mf_waker *waker, uint64_t deadline_ns)
{
    bool must_write = false;

    pthread_mutex_lock(&waker->mutex);
    if (deadline_ns < waker->wakes_at_ns) {
        waker->wakes_at_ns = deadline_ns;
        must_write = !waker->is_awake;
    }
    pthread_mutex_unlock(&waker->mutex);
    if (must_write) {
        uint64_t one = 1;
        /* EAGAIN: the counter is full, so that the loop wakes in any case. */
        ssize_t size = write(waker->fd, &one, sizeof(one));
        MF_ASSERT(size == (ssize_t)sizeof(one) || errno == EAGAIN || errno == EINTR);
    }
}

void mf_waker_begin(struct mf_waker *waker)
{
    pthread_mutex_lock(&waker->mutex);
    waker->is_awake = true;
    waker->wakes_at_ns = MF_DEADLINE_NEVER;
    pthread_mutex_unlock(&waker->mutex);
}

uint64_t mf_waker_sleep(struct mf_waker *waker, uint64_t deadline_ns)
{
    pthread_mutex_lock(&waker->mutex);
    if (deadline_ns > waker->wakes_at_ns) {
        deadline_ns = waker->wakes_at_ns;
    }
    waker->wakes_at_ns = deadline_ns;
    waker->is_awake = false;
    pthread_mutex_unlock(&waker->mutex);
    return deadline_ns;
}

void mf_waker_clear(struct mf_waker *waker)
{
    uint64_t count;
    ssize_t size = read(waker->fd, &count, sizeof(count));

    MF_ASSERT(size == (ssize_t)sizeof(count) || errno == EAGAIN || errno == EINTR);
}
