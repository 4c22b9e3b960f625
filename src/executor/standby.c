/* standby.c - see standby.h. */
#include "standby.h"

#define RETRY_NS MF_NS_PER_S /* Memory may be back a second later; trying all the time would only burn CPU. */

void mf_standby_init(struct mf_standby *standby, size_t count_wanted, uint64_t heap_bytes_max)
{
    MF_ASSERT(count_wanted <= MF_EXECUTOR_STANDBY_MAX);
    *standby =
        (struct mf_standby){.options = {.heap_bytes_max = heap_bytes_max}, .count_wanted = count_wanted};
    MF_ASSERT(pthread_mutex_init(&standby->mutex, NULL) == 0);
}

void mf_standby_done(struct mf_standby *standby)
{
    for (size_t i = 0; i < standby->count; i++) {
        mf_isolate_free(standby->isolates[i]);
    }
    pthread_mutex_destroy(&standby->mutex);
}

struct mf_isolate *mf_standby_take(struct mf_standby *standby)
{
    struct mf_isolate *isolate = NULL;

    pthread_mutex_lock(&standby->mutex);
    if (standby->count > 0) {
        isolate = standby->isolates[--standby->count]; /* The youngest: its pages are in the caches. */
    }
    pthread_mutex_unlock(&standby->mutex);
    return isolate;
}

/* True: the caller makes one. */
static bool begin(struct mf_standby *standby)
{
    bool is_missing;

    pthread_mutex_lock(&standby->mutex);
    is_missing = standby->count + standby->count_making < standby->count_wanted &&
                 (standby->retry_ns == 0 || mf_clock_now_ns() >= standby->retry_ns);
    standby->count_making += is_missing;
    pthread_mutex_unlock(&standby->mutex);
    return is_missing;
}

bool mf_standby_refill(struct mf_standby *standby)
{
    struct mf_isolate *isolate = NULL;
    int error;

    if (!begin(standby)) {
        return false;
    }
    error = mf_isolate_new(&standby->options, &isolate);
    pthread_mutex_lock(&standby->mutex);
    standby->count_making--;
    if (error == 0 && standby->count < standby->count_wanted) {
        standby->isolates[standby->count++] = isolate;
        isolate = NULL;
    }
    standby->retry_ns = error == 0 ? 0 : mf_clock_now_ns() + RETRY_NS;
    pthread_mutex_unlock(&standby->mutex);
    if (error == 0) {
        mf_isolate_free(isolate); /* Stopped meanwhile; NULL otherwise. */
    } else {
        mf_log(MF_LOG_WARN, error, NULL, "no standby isolate could be made");
    }
    return error == 0;
}

void mf_standby_stop(struct mf_standby *standby)
{
    pthread_mutex_lock(&standby->mutex);
    standby->count_wanted = 0;
    pthread_mutex_unlock(&standby->mutex);
}

uint32_t mf_standby_count(struct mf_standby *standby)
{
    uint32_t count;

    pthread_mutex_lock(&standby->mutex);
    count = (uint32_t)standby->count;
    pthread_mutex_unlock(&standby->mutex);
    return count;
}
