/* Isolation by tenant: no process ever has runs of two owners, and many owners get on with few processes all the same. */
#include "pool_harness.h"

#define PIDS_MAX 512
#define OWNERS 6
#define PROBES 240

/* Whose runs a process has had, as the runs themselves saw it. */
static struct {
    pid_t pid;
    uint64_t owner;
} seen[PIDS_MAX];
static size_t seen_count;

struct owned {
    struct probe probe; /* First. */
    uint64_t owner;
};

static void note(struct probe *probe)
{
    const struct owned *owned = (const struct owned *)(void *)probe;
    pid_t pid = mf_run_executor_pid(probe->run);
    MF_CHECK(pid > 0);
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].pid == pid) {
            MF_CHECK_INT(seen[i].owner, owned->owner);
            return;
        }
    }
    MF_CHECK(seen_count < PIDS_MAX);
    seen[seen_count].pid = pid;
    seen[seen_count++].owner = owned->owner;
}

static void owners_open(unsigned count, unsigned total, uint64_t tenure_ms)
{
    seen_count = 0;
    harness_isolation = MF_ISOLATION_TENANT;
    harness_total = total;
    pool_open(count, "");
    pool->times.tenure_ms = tenure_ms;
}

static void owned_start(struct owned *owned, uint64_t owner, const char *verb)
{
    struct mf_run_spec limits = {.owner = owner};
    owned->owner = owner;
    owned->probe.in_response = note;
    MF_CHECK_INT(probe_try(&owned->probe, verb, 0, limits), 0);
}

static uint32_t count_owned(uint64_t owner)
{
    struct mf_executor_info info;
    uint32_t count = 0;
    for (size_t i = 0; mf_pool_executor(pool, i, &info); i++) {
        count += info.owner == owner && info.state == MF_EXECUTOR_READY;
    }
    return count;
}

/* More owners than processes, each with runs at any time. */
static void no_process_has_two(void)
{
    static struct owned owned[PROBES];
    unsigned begun = 0;
    unsigned over = 0;
    memset(owned, 0, sizeof owned);
    owners_open(2, 3, 10);
    while (over < PROBES) {
        over = 0;
        for (unsigned i = 0; i < begun; i++) {
            over += owned[i].probe.dones;
        }
        while (begun < PROBES && begun - over < 12) {
            owned_start(&owned[begun], 1 + (begun * 7 + begun / 5) % OWNERS, "ok");
            begun++;
        }
        (void)uv_run(&loop, begun == PROBES && over == PROBES ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    }
    for (unsigned i = 0; i < PROBES; i++) {
        MF_CHECK_INT(owned[i].probe.result.error, 0);
        MF_CHECK_INT(owned[i].probe.status, 201);
        probe_free(&owned[i].probe);
    }
    MF_CHECK(seen_count >= OWNERS);
    MF_CHECK(state_now().retired > 0);
    MF_CHECK_INT(state_now().restarts, 0);
    pool_shut();
}

/* One owner has as many as the config's count, and a fresh one stands by. */
static void one_owner_has_its_share(void)
{
    struct owned owned[5] = {0};
    owners_open(2, 8, 10);
    for (unsigned i = 0; i < 5; i++) {
        owned_start(&owned[i], 9, "hang");
    }
    WAIT_FOR(count_owned(9) == 2 && count_owned(0) == 1);
    MF_CHECK_INT(state_now().runs, 5);
    struct owned other = {0};
    owned_start(&other, 8, "ok");
    MF_CHECK(mf_run_executor_pid(other.probe.run) > 0); /* At once. */
    WAIT_FOR(other.probe.dones == 1);
    pool_shut();
    for (unsigned i = 0; i < 5; i++) {
        MF_CHECK_INT(owned[i].probe.result.error, MF_E_CLOSED);
        probe_free(&owned[i].probe);
    }
    probe_free(&other.probe);
}

/* All places are taken by runs that do not end: whoever waits gets one when its tenure is over, and nothing is lost. */
static void busy_ones_make_way(void)
{
    struct owned first = {0};
    struct owned second = {0};
    struct owned third = {0};
    owners_open(1, 2, 100);
    owned_start(&first, 1, "hang");
    owned_start(&second, 2, "hang");
    WAIT_FOR(count_owned(1) == 1 && count_owned(2) == 1);
    uint64_t began_ns = mf_clock_now_ns();
    owned_start(&third, 3, "ok");
    MF_CHECK_INT(mf_run_executor_pid(third.probe.run), 0);
    WAIT_FOR(third.probe.dones == 1);
    MF_CHECK_INT(third.probe.result.error, 0);
    MF_CHECK(mf_clock_now_ns() - began_ns < 5 * MF_NS_PER_S);
    MF_CHECK_INT(first.probe.dones + second.probe.dones, 0);
    MF_CHECK_INT(state_now().retired, 1);
    mf_run_cancel(first.probe.run, MF_E_CANCELED);
    mf_run_cancel(second.probe.run, MF_E_CANCELED);
    WAIT_FOR(first.probe.dones == 1 && second.probe.dones == 1);
    MF_CHECK_INT(first.probe.result.error, MF_E_CANCELED);
    MF_CHECK_INT(second.probe.result.error, MF_E_CANCELED);
    probe_free(&first.probe);
    probe_free(&second.probe);
    probe_free(&third.probe);
    pool_shut();
}

/* Idle ones go first, and those that are idle for long go by themselves. */
static void idle_ones_make_way(void)
{
    struct owned idle = {0};
    struct owned busy = {0};
    struct owned third = {0};
    owners_open(1, 2, 0); /* Every tenure is over. */
    owned_start(&busy, 1, "hang");
    owned_start(&idle, 2, "ok");
    WAIT_FOR(idle.probe.dones == 1 && count_owned(2) == 1);
    owned_start(&third, 3, "ok");
    WAIT_FOR(third.probe.dones == 1);
    MF_CHECK_INT(count_owned(1), 1);
    MF_CHECK_INT(count_owned(2), 0);
    pool->times.owner_idle_ms = 1;
    (void)uv_timer_start(&pool->look_timer, pool->look_timer.timer_cb, 10, 10);
    WAIT_FOR(count_owned(3) == 0 && count_owned(0) == 1);
    MF_CHECK_INT(busy.probe.dones, 0);
    pool_shut();
    probe_free(&idle.probe);
    probe_free(&busy.probe);
    probe_free(&third.probe);
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "mayfly-executor") == 0) {
        return fake_main(argc, argv);
    }
    mf_log_init("test", MF_LOG_ERROR);
    MF_RUN(no_process_has_two);
    MF_RUN(one_owner_has_its_share);
    MF_RUN(busy_ones_make_way);
    MF_RUN(idle_ones_make_way);
    return 0;
}
