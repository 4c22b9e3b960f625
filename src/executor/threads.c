/* threads.c - see threads.h. */
#include "threads.h"

#include <errno.h>
#include <time.h>

#define WAIT_NS ((uint64_t)MF_EXECUTOR_TURN_WAIT_MS * MF_NS_PER_MS)
#define HOG_NS ((uint64_t)MF_EXECUTOR_TURN_HOG_MS * MF_NS_PER_MS)
#define STALL_NS ((uint64_t)MF_EXECUTOR_TURN_STALL_MS * MF_NS_PER_MS)
#define IDLE_NS ((uint64_t)MF_EXECUTOR_THREAD_IDLE_MS * MF_NS_PER_MS)

struct mf_thread {
    struct mf_list list; /* In |idle| or |busy|, or alone. */
    struct mf_threads *threads;
    pthread_cond_t wake;
    clockid_t clock;       /* Its CPU time. */
    uint64_t since_ns;     /* When its turn began. */
    uint64_t since_cpu_ns; /* By its clock. */
};

/* The pool's thread that runs this code, or NULL. */
static _Thread_local struct mf_thread *current_thread;

static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    MF_ASSERT(pthread_condattr_init(&attributes) == 0);
    MF_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    MF_ASSERT(pthread_cond_init(cond, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

/* Locked. */
static void wake_one(struct mf_threads *threads)
{
    struct mf_list *item = mf_list_pop_front(&threads->idle);

    if (item != NULL) {
        pthread_cond_signal(&MF_CONTAINER_OF(item, struct mf_thread, list)->wake);
    }
}

/* Locked; comes back locked. */
static void run_turn(struct mf_thread *self, struct mf_turn *turn)
{
    struct mf_threads *threads = self->threads;

    self->since_ns = mf_clock_now_ns();
    self->since_cpu_ns = mf_clock_thread_cpu_ns();
    mf_list_push_back(&threads->busy, &self->list);
    pthread_mutex_unlock(&threads->mutex);
    threads->options.on_turn(threads->options.user, turn);
    pthread_mutex_lock(&threads->mutex);
    mf_list_remove(&self->list);
}

/* Locked; comes back locked. False: this thread is one too many. */
static bool wait_for_work(struct mf_thread *self)
{
    struct mf_threads *threads = self->threads;
    uint64_t until_ns = mf_clock_now_ns() + IDLE_NS;
    struct timespec until = {(time_t)(until_ns / MF_NS_PER_S), (long)(until_ns % MF_NS_PER_S)};

    mf_list_push_front(&threads->idle, &self->list);
    while (!mf_list_is_empty(&self->list)) {
        if (threads->count <= threads->options.base) {
            pthread_cond_wait(&self->wake, &threads->mutex);
        } else if (pthread_cond_timedwait(&self->wake, &threads->mutex, &until) == ETIMEDOUT &&
                   !mf_list_is_empty(&self->list)) {
            mf_list_remove(&self->list);
            return threads->count <= threads->options.base;
        }
    }
    return true;
}

static void *thread_main(void *argument)
{
    struct mf_thread *self = argument;
    struct mf_threads *threads = self->threads;

    current_thread = self;
    MF_ASSERT(pthread_getcpuclockid(pthread_self(), &self->clock) == 0);
    pthread_mutex_lock(&threads->mutex);
    for (;;) {
        struct mf_list *item = mf_list_pop_front(&threads->ready);
        if (item != NULL) {
            run_turn(self, MF_CONTAINER_OF(item, struct mf_turn, list));
        } else if (threads->is_stopping) {
            break;
        } else if (!wait_for_work(self)) {
            break;
        }
    }
    threads->count--;
    pthread_cond_broadcast(&threads->ended);
    pthread_mutex_unlock(&threads->mutex);
    pthread_cond_destroy(&self->wake);
    mf_free(self);
    return NULL;
}

/* Locked. False: there are enough, or the system has none to give; the next tick tries again. */
static bool start_thread(struct mf_threads *threads)
{
    struct mf_thread *self;
    pthread_attr_t attributes;
    pthread_t thread;
    int error;

    if (threads->count + threads->count_lost >= threads->options.max) {
        return false;
    }
    self = mf_new(sizeof(*self));
    self->threads = threads;
    mf_list_init(&self->list);
    init_cond(&self->wake);
    MF_ASSERT(pthread_attr_init(&attributes) == 0);
    MF_ASSERT(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
    MF_ASSERT(pthread_attr_setstacksize(&attributes, threads->options.stack_bytes) == 0);
    error = pthread_create(&thread, &attributes, thread_main, self);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        mf_log(MF_LOG_WARN, -error, NULL, "no thread could be started; there are %zu", threads->count);
        pthread_cond_destroy(&self->wake);
        mf_free(self);
        return false;
    }
    threads->count++;
    return true;
}

int mf_threads_start(struct mf_threads *threads,
                     struct mf_waker *waker,
                     const struct mf_threads_options *options)
{
    bool is_started = true;

    MF_ASSERT(options->base >= 1 && options->base <= options->max && options->max <= MF_EXECUTOR_THREADS_MAX);
    *threads = (struct mf_threads){.options = *options, .waker = waker};
    mf_list_init(&threads->ready);
    mf_list_init(&threads->idle);
    mf_list_init(&threads->busy);
    MF_ASSERT(pthread_mutex_init(&threads->mutex, NULL) == 0);
    init_cond(&threads->ended);
    pthread_mutex_lock(&threads->mutex);
    while (is_started && threads->count < options->base) {
        is_started = start_thread(threads);
    }
    pthread_mutex_unlock(&threads->mutex);
    return is_started ? 0 : -EAGAIN;
}

void mf_threads_stop(struct mf_threads *threads)
{
    pthread_mutex_lock(&threads->mutex);
    threads->is_stopping = true;
    while (threads->count > 0) {
        while (!mf_list_is_empty(&threads->idle)) {
            wake_one(threads);
        }
        pthread_cond_wait(&threads->ended, &threads->mutex);
    }
    pthread_mutex_unlock(&threads->mutex);
    pthread_cond_destroy(&threads->ended);
    pthread_mutex_destroy(&threads->mutex);
}

/* Locked. Whether its turn has used so much CPU that it may go on for long, or lasts so long that it must be waiting for
 * something. By CPU and not by the wall clock alone: on a machine that is short of processors every turn lasts, and more
 * threads would make it worse. */
static bool is_held(const struct mf_thread *thread, uint64_t now_ns)
{
    struct timespec cpu = {0, 0};

    if (thread->since_ns + STALL_NS <= now_ns) {
        return true;
    }
    MF_ASSERT(clock_gettime(thread->clock, &cpu) == 0);
    return (uint64_t)cpu.tv_sec * MF_NS_PER_S + (uint64_t)cpu.tv_nsec >= thread->since_cpu_ns + HOG_NS;
}

/* Locked. How many threads are not held by a hog. */
static size_t count_free(const struct mf_threads *threads, uint64_t now_ns)
{
    size_t count_held = 0;

    for (const struct mf_list *item = threads->busy.next; item != &threads->busy; item = item->next) {
        const struct mf_thread *thread = MF_CONTAINER_OF(item, const struct mf_thread, list);
        if (thread->since_ns + HOG_NS > now_ns) {
            break; /* They stand in the order in which they began: the rest is younger still. */
        }
        count_held += is_held(thread, now_ns);
    }
    return threads->count - count_held;
}

void mf_threads_submit(struct mf_threads *threads, struct mf_turn *turn)
{
    uint64_t look_ns = MF_DEADLINE_NEVER;

    turn->ready_ns = mf_clock_now_ns();
    pthread_mutex_lock(&threads->mutex);
    mf_list_push_back(&threads->ready, &turn->list);
    if (threads->is_holding && current_thread == NULL) {
        threads->count_held++;
    } else if (mf_list_is_empty(&threads->idle)) {
        look_ns = turn->ready_ns + WAIT_NS;
    } else if (current_thread == NULL) {
        wake_one(threads);
    }
    pthread_mutex_unlock(&threads->mutex);
    if (look_ns != MF_DEADLINE_NEVER) {
        mf_waker_by(threads->waker, look_ns);
    }
}

void mf_threads_hold(struct mf_threads *threads)
{
    pthread_mutex_lock(&threads->mutex);
    threads->is_holding = true;
    pthread_mutex_unlock(&threads->mutex);
}

void mf_threads_release(struct mf_threads *threads)
{
    bool must_look;

    pthread_mutex_lock(&threads->mutex);
    threads->is_holding = false;
    /* As many as are still there: a thread that became free meanwhile has begun with them. */
    for (const struct mf_list *item = threads->ready.next; item != &threads->ready && threads->count_held > 0;
         item = item->next) {
        wake_one(threads);
        threads->count_held--;
    }
    threads->count_held = 0;
    must_look = !mf_list_is_empty(&threads->ready) && mf_list_is_empty(&threads->idle);
    pthread_mutex_unlock(&threads->mutex);
    if (must_look) {
        mf_waker_by(threads->waker, mf_clock_now_ns() + WAIT_NS);
    }
}

void mf_threads_lose_current(struct mf_threads *threads)
{
    struct mf_thread *self = current_thread;

    if (self == NULL) {
        return;
    }
    pthread_mutex_lock(&threads->mutex);
    mf_list_remove(&self->list);
    threads->count--;
    threads->count_lost++;
    if (threads->count < threads->options.base) {
        start_thread(threads);
    }
    pthread_mutex_unlock(&threads->mutex);
}

uint64_t mf_threads_tick(struct mf_threads *threads, uint64_t now_ns)
{
    uint64_t next_ns = MF_DEADLINE_NEVER;

    pthread_mutex_lock(&threads->mutex);
    if (!mf_list_is_empty(&threads->ready)) {
        const struct mf_turn *oldest = MF_CONTAINER_OF(threads->ready.next, const struct mf_turn, list);
        next_ns = oldest->ready_ns + WAIT_NS;
        if (next_ns <= now_ns) {
            if (count_free(threads, now_ns) < threads->options.base) {
                start_thread(threads);
            }
            next_ns = now_ns + WAIT_NS;
        }
    }
    pthread_mutex_unlock(&threads->mutex);
    return next_ns;
}
