/* clock.c - the three clocks that Mayfly reads. */
#include <mayfly/base.h>

#include <time.h>

static struct timespec clock_read(clockid_t clock)
{
    struct timespec now = {0, 0};
    MF_ASSERT(clock_gettime(clock, &now) == 0);
    return now;
}

static uint64_t ns_of(struct timespec time)
{
    return (uint64_t)time.tv_sec * MF_NS_PER_S + (uint64_t)time.tv_nsec;
}

uint64_t mf_clock_now_ns(void)
{
    return ns_of(clock_read(CLOCK_MONOTONIC));
}

uint64_t mf_clock_thread_cpu_ns(void)
{
    return ns_of(clock_read(CLOCK_THREAD_CPUTIME_ID));
}

uint64_t mf_clock_unix_ms(void)
{
    return ns_of(clock_read(CLOCK_REALTIME)) / MF_NS_PER_MS;
}
