/* The timeouts of a server: each fires once, in order, at its time; one that was disarmed or armed anew does not. */
#include "timeout.h"

#include "check.h"

#define EVENTS_MAX 16

static uv_loop_t loop;
static struct mf__timeouts timeouts;
static struct mf__timeout some[EVENTS_MAX];
static struct {
    size_t index;
    enum mf__phase phase;
    uint64_t ms;
} fired[EVENTS_MAX];
static size_t fired_count;
static uint64_t start_ms;

static void on_due(struct mf__timeout *timeout, enum mf__phase phase)
{
    MF_CHECK(fired_count < EVENTS_MAX);
    MF_CHECK_INT(timeout->phase, MF__PHASE_COUNT);
    fired[fired_count].index = (size_t)(timeout - some);
    fired[fired_count].phase = phase;
    fired[fired_count].ms = uv_now(&loop) - start_ms;
    fired_count++;
}

static void open_all(void)
{
    fired_count = 0;
    MF_CHECK(uv_loop_init(&loop) == 0);
    mf__timeouts_open(&timeouts, &loop, on_due);
    for (unsigned i = 0; i < MF__PHASE_COUNT; i++) {
        timeouts.ms[i] = 10 + 20 * i;
    }
    for (size_t i = 0; i < EVENTS_MAX; i++) {
        mf__timeout_init(&some[i]);
    }
    uv_update_time(&loop);
    start_ms = uv_now(&loop);
}

static void close_all(void)
{
    mf__timeouts_close(&timeouts, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK(uv_loop_close(&loop) == 0);
}

static void each_at_its_time(void)
{
    open_all();
    /* Armed the latest first: the timer must be moved forward each time. */
    for (unsigned i = 0; i < MF__PHASE_COUNT; i++) {
        unsigned phase = MF__PHASE_COUNT - 1 - i;
        mf__timeout_arm(&timeouts, &some[phase], (enum mf__phase)phase);
    }
    MF_CHECK(mf__timeouts_oldest(&timeouts, MF__PHASE_IDLE) == &some[MF__PHASE_IDLE]);
    uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(fired_count, MF__PHASE_COUNT);
    for (size_t i = 0; i < fired_count; i++) {
        MF_CHECK_INT(fired[i].index, i);
        MF_CHECK_INT(fired[i].phase, i);
        MF_CHECK(fired[i].ms >= 10 + 20 * i);
    }
    MF_CHECK(mf__timeouts_oldest(&timeouts, MF__PHASE_IDLE) == NULL);
    close_all();
}

static void disarmed_and_armed_anew(void)
{
    open_all();
    for (size_t i = 0; i < 4; i++) {
        mf__timeout_arm(&timeouts, &some[i], MF__PHASE_TLS);
    }
    mf__timeout_arm(&timeouts, &some[0], MF__PHASE_BODY); /* Moves to another phase. */
    mf__timeout_arm(&timeouts, &some[1], MF__PHASE_TLS);  /* Goes behind the others. */
    mf__timeout_disarm(&some[2]);
    mf__timeout_disarm(&some[2]);
    MF_CHECK(mf__timeouts_oldest(&timeouts, MF__PHASE_TLS) == &some[3]);
    uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(fired_count, 3);
    MF_CHECK_INT(fired[0].index, 3);
    MF_CHECK_INT(fired[1].index, 1);
    MF_CHECK_INT(fired[2].index, 0);
    MF_CHECK_INT(fired[2].phase, MF__PHASE_BODY);
    close_all();
}

static void nothing_armed_keeps_no_loop_alive(void)
{
    open_all();
    mf__timeout_arm(&timeouts, &some[0], MF__PHASE_WRITE);
    mf__timeout_disarm(&some[0]);
    uv_run(&loop, UV_RUN_DEFAULT); /* Ends: the timer fires once for nobody. */
    MF_CHECK_INT(fired_count, 0);
    close_all();
}

static void shorter_times_hold_for_what_is_armed(void)
{
    open_all();
    timeouts.ms[MF__PHASE_IDLE] = 100000;
    timeouts.ms[MF__PHASE_HEAD] = 100000;
    mf__timeout_arm(&timeouts, &some[0], MF__PHASE_IDLE);
    mf__timeout_arm(&timeouts, &some[1], MF__PHASE_IDLE);
    mf__timeout_arm(&timeouts, &some[2], MF__PHASE_HEAD);
    mf__timeouts_shorten(&timeouts, MF__PHASE_IDLE, 30);
    mf__timeouts_change(&timeouts, MF__PHASE_HEAD, 60);
    mf__timeouts_change(&timeouts, MF__PHASE_HEAD, 50000); /* A longer one is for those to come. */
    MF_CHECK_INT(some[0].due_ms, start_ms + 30);
    MF_CHECK_INT(some[2].due_ms, start_ms + 60);
    mf__timeouts_shorten(&timeouts, MF__PHASE_IDLE, 40); /* It is shorter already. */
    MF_CHECK_INT(some[1].due_ms, start_ms + 30);
    uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(fired_count, 3);
    MF_CHECK_INT(fired[0].index, 0);
    MF_CHECK_INT(fired[1].index, 1);
    MF_CHECK_INT(fired[2].index, 2);
    MF_CHECK(fired[2].ms < 50000);
    MF_CHECK_INT(timeouts.ms[MF__PHASE_HEAD], 50000);
    close_all();
}

int main(void)
{
    MF_RUN(each_at_its_time);
    MF_RUN(disarmed_and_armed_anew);
    MF_RUN(shorter_times_hold_for_what_is_armed);
    MF_RUN(nothing_armed_keeps_no_loop_alive);
    return 0;
}
