/* watchdog.c - see watchdog.h. */
#include "watchdog.h"

#include <errno.h>

#define GRACE_NS ((uint64_t)MF_RUN_CPU_GRACE_MS * MF_NS_PER_MS)

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now = {0, 0};

    MF_ASSERT(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * MF_NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Locked. Does what is due for one turn; returns when to look at it again. */
static uint64_t look(struct mf_watchdog *watchdog, struct mf_watch *watch, uint64_t now_ns)
{
    uint64_t cpu_ns = clock_ns(watch->clock);

    if (watch->is_stuck) {
        return MF_DEADLINE_NEVER;
    }
    if (cpu_ns >= watch->cpu_deadline_ns && !watch->is_terminated) {
        watch->is_terminated = true;
        mf_isolate_terminate(watch->isolate, MF_E_LIMIT_CPU);
    }
    if (!watch->is_terminated) {
        return add(now_ns, watch->cpu_deadline_ns - cpu_ns);
    }
    if (cpu_ns - watch->cpu_deadline_ns < GRACE_NS) {
        return now_ns + GRACE_NS - (cpu_ns - watch->cpu_deadline_ns);
    }
    watch->is_stuck = true;
    watchdog->reporting = watch;
    pthread_mutex_unlock(&watchdog->mutex);
    watchdog->on_stuck(watch->subject, cpu_ns - watch->cpu_deadline_ns);
    pthread_mutex_lock(&watchdog->mutex);
    watchdog->reporting = NULL;
    pthread_cond_broadcast(&watchdog->changed);
    return 0; /* The list may have changed meanwhile: look at all again. */
}

/* Locked. When the next turn can have used up its budget. */
static uint64_t look_at_all(struct mf_watchdog *watchdog)
{
    uint64_t next_ns = MF_DEADLINE_NEVER;
    uint64_t now_ns = mf_clock_now_ns();

    for (struct mf_list *item = watchdog->watches.next; item != &watchdog->watches; item = item->next) {
        uint64_t at_ns = look(watchdog, MF_CONTAINER_OF(item, struct mf_watch, list), now_ns);
        if (at_ns < next_ns) {
            next_ns = at_ns;
        }
        if (at_ns == 0) {
            break;
        }
    }
    return next_ns;
}

/* Locked. Until |wakes_at_ns|, or until somebody changes it. */
static void sleep_until(struct mf_watchdog *watchdog, uint64_t wakes_at_ns)
{
    watchdog->wakes_at_ns = wakes_at_ns;
    while (!watchdog->is_stopping && watchdog->wakes_at_ns > mf_clock_now_ns()) {
        if (watchdog->wakes_at_ns == MF_DEADLINE_NEVER) {
            pthread_cond_wait(&watchdog->changed, &watchdog->mutex);
        } else {
            struct timespec until = {(time_t)(watchdog->wakes_at_ns / MF_NS_PER_S),
                                     (long)(watchdog->wakes_at_ns % MF_NS_PER_S)};
            pthread_cond_timedwait(&watchdog->changed, &watchdog->mutex, &until);
        }
    }
}

static void *watch_all(void *argument)
{
    struct mf_watchdog *watchdog = argument;

    pthread_mutex_lock(&watchdog->mutex);
    while (!watchdog->is_stopping) {
        uint64_t next_ns = look_at_all(watchdog);
        if (next_ns > 0) {
            sleep_until(watchdog, next_ns);
        }
    }
    pthread_mutex_unlock(&watchdog->mutex);
    return NULL;
}

int mf_watchdog_start(struct mf_watchdog *watchdog, void (*on_stuck)(void *subject, uint64_t cpu_over_ns))
{
    pthread_condattr_t attributes;

    *watchdog = (struct mf_watchdog){.on_stuck = on_stuck, .wakes_at_ns = MF_DEADLINE_NEVER};
    mf_list_init(&watchdog->watches);
    MF_ASSERT(pthread_mutex_init(&watchdog->mutex, NULL) == 0);
    MF_ASSERT(pthread_condattr_init(&attributes) == 0);
    MF_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    MF_ASSERT(pthread_cond_init(&watchdog->changed, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    return -pthread_create(&watchdog->thread, NULL, watch_all, watchdog);
}

void mf_watchdog_stop(struct mf_watchdog *watchdog)
{
    pthread_mutex_lock(&watchdog->mutex);
    watchdog->is_stopping = true;
    pthread_cond_broadcast(&watchdog->changed);
    pthread_mutex_unlock(&watchdog->mutex);
    pthread_join(watchdog->thread, NULL);
    pthread_cond_destroy(&watchdog->changed);
    pthread_mutex_destroy(&watchdog->mutex);
}

void mf_watchdog_begin(struct mf_watchdog *watchdog,
                       struct mf_watch *watch,
                       struct mf_isolate *isolate,
                       uint64_t cpu_ns,
                       void *subject)
{
    uint64_t expiry_ns = add(mf_clock_now_ns(), cpu_ns);

    *watch = (struct mf_watch){.isolate = isolate, .subject = subject};
    MF_ASSERT(pthread_getcpuclockid(pthread_self(), &watch->clock) == 0);
    watch->cpu_deadline_ns = add(mf_clock_thread_cpu_ns(), cpu_ns);
    pthread_mutex_lock(&watchdog->mutex);
    mf_list_push_back(&watchdog->watches, &watch->list);
    if (expiry_ns < watchdog->wakes_at_ns) {
        watchdog->wakes_at_ns = expiry_ns;
        pthread_cond_broadcast(&watchdog->changed);
    }
    pthread_mutex_unlock(&watchdog->mutex);
}

void mf_watchdog_end(struct mf_watchdog *watchdog, struct mf_watch *watch)
{
    pthread_mutex_lock(&watchdog->mutex);
    while (watchdog->reporting == watch) {
        pthread_cond_wait(&watchdog->changed, &watchdog->mutex);
    }
    mf_list_remove(&watch->list);
    pthread_mutex_unlock(&watchdog->mutex);
}
