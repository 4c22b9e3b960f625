/* chores.c - see chores.h. */
#include "chores.h"

#include <errno.h>
#include <time.h>

static _Thread_local bool is_chore_thread;

/* Locked; comes back locked. The wish is taken back before the work is looked for: one that comes meanwhile stays. */
static void work(struct mf_chores *chores)
{
    bool did_something;

    chores->has_work = false;
    chores->has_rested = false;
    pthread_mutex_unlock(&chores->mutex);
    did_something = chores->options.on_chore(chores->options.user);
    pthread_mutex_lock(&chores->mutex);
    chores->has_work = chores->has_work || did_something;
}

/* Locked; comes back locked. */
static void wait_for_work(struct mf_chores *chores)
{
    uint64_t until_ns = mf_clock_now_ns() + (uint64_t)chores->options.rest_ms * MF_NS_PER_MS;
    struct timespec until = {(time_t)(until_ns / MF_NS_PER_S), (long)(until_ns % MF_NS_PER_S)};

    chores->count_idle++;
    if (chores->has_rested) {
        pthread_cond_wait(&chores->wake, &chores->mutex);
    } else if (pthread_cond_timedwait(&chores->wake, &chores->mutex, &until) == ETIMEDOUT &&
               !chores->has_work && !chores->has_rested && chores->count_idle == chores->count) {
        chores->has_rested = true;
        pthread_mutex_unlock(&chores->mutex);
        chores->options.on_rest(chores->options.user);
        pthread_mutex_lock(&chores->mutex);
    }
    chores->count_idle--;
}

static void *thread_main(void *argument)
{
    struct mf_chores *chores = argument;

    is_chore_thread = true;
    pthread_mutex_lock(&chores->mutex);
    while (!chores->is_stopping) {
        if (chores->has_work) {
            work(chores);
        } else {
            wait_for_work(chores);
        }
    }
    chores->count--;
    pthread_cond_broadcast(&chores->ended);
    pthread_mutex_unlock(&chores->mutex);
    return NULL;
}

/* Locked. */
static int start_thread(struct mf_chores *chores)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error;

    MF_ASSERT(pthread_attr_init(&attributes) == 0);
    MF_ASSERT(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
    MF_ASSERT(pthread_attr_setstacksize(&attributes, chores->options.stack_bytes) == 0);
    error = pthread_create(&thread, &attributes, thread_main, chores);
    pthread_attr_destroy(&attributes);
    chores->count += error == 0;
    return -error;
}

int mf_chores_start(struct mf_chores *chores, const struct mf_chores_options *options)
{
    pthread_condattr_t attributes;
    int error = 0;

    MF_ASSERT(options->count >= 1);
    *chores = (struct mf_chores){.options = *options};
    MF_ASSERT(pthread_mutex_init(&chores->mutex, NULL) == 0);
    MF_ASSERT(pthread_condattr_init(&attributes) == 0);
    MF_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    MF_ASSERT(pthread_cond_init(&chores->wake, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    MF_ASSERT(pthread_cond_init(&chores->ended, NULL) == 0);
    pthread_mutex_lock(&chores->mutex);
    while (error == 0 && chores->count < options->count) {
        error = start_thread(chores);
    }
    pthread_mutex_unlock(&chores->mutex);
    return error;
}

void mf_chores_stop(struct mf_chores *chores)
{
    pthread_mutex_lock(&chores->mutex);
    chores->is_stopping = true;
    pthread_cond_broadcast(&chores->wake);
    while (chores->count > 0) {
        pthread_cond_wait(&chores->ended, &chores->mutex);
    }
    pthread_mutex_unlock(&chores->mutex);
    pthread_cond_destroy(&chores->ended);
    pthread_cond_destroy(&chores->wake);
    pthread_mutex_destroy(&chores->mutex);
}

void mf_chores_kick(struct mf_chores *chores)
{
    pthread_mutex_lock(&chores->mutex);
    chores->has_work = true;
    if (chores->count_idle > 0) {
        pthread_cond_signal(&chores->wake);
    }
    pthread_mutex_unlock(&chores->mutex);
}

void mf_chores_lose_current(struct mf_chores *chores)
{
    if (!is_chore_thread) {
        return;
    }
    pthread_mutex_lock(&chores->mutex);
    chores->count--;
    if (start_thread(chores) < 0) {
        mf_log(MF_LOG_WARN, MF_E_NO_MEMORY, NULL, "no thread could be started for chores; there are %zu",
               chores->count);
    }
    pthread_mutex_unlock(&chores->mutex);
}
