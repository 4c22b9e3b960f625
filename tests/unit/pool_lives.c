/* Lives and deaths of executors: every edge of the drawing in internal.h, and what the runs inside hear of it. */
#include "pool_harness.h"

static unsigned drains;

static void on_drained(void *user)
{
    MF_CHECK(user == &drains);
    drains++;
}

static struct executor *executor_at(uint32_t slot)
{
    return pool->slots[slot].current;
}

static pid_t pid_at(uint32_t slot)
{
    return executor_at(slot) ? executor_at(slot)->pid : 0;
}

static void set_start(const char *start)
{
    mf_free(pool->v8_flags);
    pool->v8_flags = mf_new(strlen(start) + 1);
    memcpy(pool->v8_flags, start, strlen(start));
}

static void first_start_fails_loudly(void)
{
    pool_open_later(2, "exit3");
    WAIT_FOR(starts == 1);
    MF_CHECK_INT(start_error, MF_E_NO_EXECUTOR);
    MF_CHECK(strstr(start_why, "exit status 3: the kernel refuses it"));
    MF_CHECK(state_now().is_degraded);
    pool_shut();
    MF_CHECK_INT(starts, 1);

    pool_open_later(1, "jail");
    WAIT_FOR(starts == 1);
    MF_CHECK_INT(start_error, MF_E_JAIL);
    MF_CHECK_TEXT(mf_slice_of_cstr(start_why), "no landlock: \\\"upgrade\\\"");
    pool_shut();

    pool_open_later(1, "never");
    (void)uv_timer_start(&executor_at(0)->timer, executor_at(0)->timer.timer_cb, 50, 0);
    WAIT_FOR(starts == 1);
    MF_CHECK_INT(start_error, MF_E_NO_EXECUTOR);
    MF_CHECK(strstr(start_why, "did not become ready in time"));
    pool_shut();

    pool_open_later(1, "no-layers");
    pool->layers_required = 1u << MF_JAIL_RLIMITS;
    WAIT_FOR(starts == 1);
    MF_CHECK(strstr(start_why, "without the jail layer rlimits"));
    pool_shut();
}

static void claimed_namespaces_do_not_count(void)
{
    pool_open_later(1, "");
    pool->layers_required = 1u << MF_JAIL_NET_NS; /* The fake says it has all; none was made. */
    WAIT_FOR(starts == 1);
    MF_CHECK(strstr(start_why, "without the jail layer net-namespace"));
    pool_shut();
}

static void missing_program_is_refused_at_once(void)
{
    char why[MF_CONFIG_WHY_BYTES_MAX] = "";
    struct mf_config_args args = {0};
    struct mf_pool_options options = {.on_started = on_started};
    MF_CHECK_INT(uv_loop_init(&loop), 0);
    MF_CHECK_INT(mf_config_load(&args, &config, why), 0);
    config->executor_path = strdup("/nonexistent/mayfly-executor");
    config->jail_layers = 0;
    config->jail_layers_required = 0;
    options.config = config;
    pool = NULL;
    MF_CHECK(mf_pool_open(&loop, &options, &pool, why) < 0);
    MF_CHECK(strstr(why, "/nonexistent/mayfly-executor"));
    MF_CHECK(!pool);
    pool_shut();
}

static void crash_costs_its_own_runs_only(void)
{
    struct probe crash = {0};
    struct probe neighbour = {0};
    struct probe other = {0};
    pool_open(2, "");
    probe_start(&neighbour, "hang");
    probe_start(&other, "hang");
    probe_start(&crash, "crash"); /* With |neighbour|, or with |other|: the first is as good as the second. */
    pid_t dead = mf_run_executor_pid(crash.run);
    bool is_neighbour = mf_run_executor_pid(neighbour.run) == dead;
    struct probe *lost = is_neighbour ? &neighbour : &other;
    struct probe *kept = is_neighbour ? &other : &neighbour;
    WAIT_FOR(crash.dones == 1 && lost->dones == 1);
    MF_CHECK_INT(crash.result.error, MF_E_EXECUTOR_LOST);
    MF_CHECK_TEXT(mf_slice_of_cstr(crash.logs), "last words;");
    MF_CHECK_INT(lost->result.error, MF_E_EXECUTOR_LOST);
    WAIT_FOR(state_now().executors_ready == 2);
    MF_CHECK_INT(kept->dones, 0);
    MF_CHECK_INT(state_now().crashes, 1);
    MF_CHECK_INT(state_now().restarts, 1);
    MF_CHECK_INT(state_now().attacks, 0);
    MF_CHECK(strstr(state_now().why, "signal 9"));
    MF_CHECK(!state_now().is_degraded);
    mf_run_cancel(kept->run, MF_E_CANCELED);
    WAIT_FOR(kept->dones == 1);
    MF_CHECK_INT(kept->result.error, MF_E_CANCELED);
    probe_free(&crash);
    probe_free(&neighbour);
    probe_free(&other);
    pool_shut();
}

static void kill_under_load(void)
{
    enum { COUNT = 40 };
    static struct probe probes[COUNT];
    unsigned lost = 0;
    pool_open(2, "");
    for (int i = 0; i < COUNT; i++) {
        probe_start(&probes[i], "body 2000000");
    }
    pid_t pid = pid_at(0);
    WAIT_FOR(probes[0].body_bytes > 0);
    MF_CHECK_INT(kill(pid, SIGKILL), 0);
    for (int i = 0; i < COUNT; i++) {
        WAIT_FOR(probes[i].dones == 1);
        MF_CHECK(probes[i].result.error == 0 || probes[i].result.error == MF_E_EXECUTOR_LOST);
        MF_CHECK(probes[i].result.error != 0 || probes[i].body_bytes == 2000000);
        lost += probes[i].result.error != 0;
        probe_free(&probes[i]);
    }
    MF_CHECK(lost > 0 && lost <= COUNT / 2);
    WAIT_FOR(state_now().executors_ready == 2);
    pool_shut();
}

static void last_words_explain_an_exit(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    probe_whole(&probe, "exit");
    MF_CHECK_INT(probe.result.error, MF_E_EXECUTOR_LOST);
    WAIT_FOR(state_now().crashes == 1);
    MF_CHECK(strstr(state_now().why, "exit status 5: two "));
    probe_free(&probe);
    probe_whole(&probe, "close"); /* It waited for its successor. */
    MF_CHECK_INT(probe.result.error, MF_E_EXECUTOR_LOST);
    WAIT_FOR(state_now().crashes == 2);
    probe_free(&probe);
    pool_shut();
}

static void crash_loop_backs_off(void)
{
    pool_open(1, "");
    struct pool_slot *slot = &pool->slots[0];
    uint64_t backoff_ms = 0;
    for (int i = 0; i < MF_EXECUTOR_CRASHES_MAX; i++) {
        MF_CHECK(!state_now().is_degraded);
        MF_CHECK_INT(kill(pid_at(0), SIGKILL), 0);
        WAIT_FOR(slot->backoff_ms != backoff_ms || backoff_ms == pool->times.backoff_ms_max);
        MF_CHECK(slot->backoff_ms == pool->times.backoff_ms_max || slot->backoff_ms >= 2 * backoff_ms);
        backoff_ms = slot->backoff_ms;
        WAIT_FOR(state_now().crashes == (uint64_t)i + 1);
        WAIT_FOR(state_now().executors_ready == 1);
    }
    MF_CHECK_INT(backoff_ms, pool->times.backoff_ms_max);
    MF_CHECK(state_now().is_degraded);
    pool->times.young_ms = 0; /* From now on every life was a long one. */
    MF_CHECK_INT(kill(pid_at(0), SIGKILL), 0);
    WAIT_FOR(state_now().crashes == MF_EXECUTOR_CRASHES_MAX + 1);
    MF_CHECK_INT(slot->backoff_ms, 0);
    pool_shut();
}

static void runs_wait_for_an_executor(void)
{
    struct probe crash = {0};
    struct probe waits = {0};
    struct probe canceled = {0};
    struct probe late = {0};
    pool_open(1, "");
    pool->times.backoff_ms_min = pool->times.backoff_ms_max = 500; /* Nobody is there until then. */
    probe_whole(&crash, "crash");
    probe_start(&waits, "ok");
    probe_start(&canceled, "ok");
    MF_CHECK_INT(mf_run_executor_pid(waits.run), 0);
    MF_CHECK_INT(state_now().runs_waiting, 2);
    mf_run_cancel(canceled.run, MF_E_CANCELED);
    MF_CHECK_INT(canceled.dones, 0);
    MF_CHECK_INT(state_now().runs_waiting, 1);
    WAIT_FOR(waits.dones == 1);
    MF_CHECK_INT(waits.result.error, 0);
    MF_CHECK(waits.result.queue_ns > 0);
    MF_CHECK_INT(canceled.dones, 1);
    MF_CHECK_INT(canceled.result.error, MF_E_CANCELED);
    probe_free(&crash);
    probe_free(&waits);
    probe_free(&canceled);
    set_start("never");
    pool->times.backoff_ms_min = pool->times.backoff_ms_max = 5;
    pool->times.start_wait_ms = 50;
    probe_whole(&crash, "crash");
    probe_start(&late, "ok");
    WAIT_FOR(late.dones == 1);
    MF_CHECK_INT(late.result.error, MF_E_NO_EXECUTOR);
    MF_CHECK(late.result.queue_ns >= 50 * MF_NS_PER_MS);
    probe_free(&crash);
    probe_free(&late);
    pool_shut();
}

static void full_executor_takes_no_more(void)
{
    struct probe probes[3] = {{0}};
    pool_open(1, "");
    pool->runs_max = 2;
    for (int i = 0; i < 3; i++) {
        probe_start(&probes[i], i < 2 ? "hang" : "ok");
    }
    MF_CHECK_INT(state_now().runs, 2);
    MF_CHECK_INT(state_now().runs_waiting, 1);
    mf_run_cancel(probes[0].run, MF_E_CANCELED);
    WAIT_FOR(probes[2].dones == 1);
    MF_CHECK_INT(probes[2].result.error, 0);
    MF_CHECK_INT(probes[1].dones, 0);
    pool_shut();
    MF_CHECK_INT(probes[1].result.error, MF_E_CLOSED);
    for (int i = 0; i < 3; i++) {
        probe_free(&probes[i]);
    }
}

/* START crossed STATUS: the run has not begun, and another executor gets it without its owner hearing of it. */
static void refused_runs_move(void)
{
    struct probe probe = {0};
    struct probe hang = {0};
    pool_open(1, "picky");
    set_start("");
    probe_whole(&probe, "ok"); /* An executor that refuses with nothing to do is replaced. */
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(state_now().restarts, 1);
    MF_CHECK_INT(state_now().attacks, 0);
    MF_CHECK_INT(state_now().crashes, 0);
    probe_free(&probe);
    pool_shut();

    pool_open(1, "picky");
    probe_whole(&probe, "ok"); /* Nobody takes it. */
    MF_CHECK_INT(probe.result.error, MF_E_AGAIN);
    MF_CHECK_INT(state_now().restarts, MF_POOL_RUN_MOVES_MAX + 1);
    probe_free(&probe);
    pool_shut();

    pool_open(2, "picky");
    probe_start(&hang, "hang");
    pid_t busy = mf_run_executor_pid(hang.run);
    set_start("");
    probe_start(&probe, "ok");
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(mf_run_executor_pid(hang.run), busy);
    MF_CHECK_INT(hang.dones, 0);
    probe_free(&probe);
    pool_shut();
    MF_CHECK_INT(hang.dones, 1);
    probe_free(&hang);
}

/* What was fed cannot be fed again: another executor would see half a body. */
static void fed_runs_do_not_move(void)
{
    struct probe probe = {0};
    struct mf_run_spec limits = {.flags = MF_START_HAS_BODY};
    pool_open(2, "");
    MF_CHECK_INT(probe_try(&probe, "refuse-fed", 0, limits), 0);
    WAIT_FOR(probe.credits == 1);
    MF_CHECK_INT(mf_run_write(probe.run, mf_slice_of_cstr("half")), 4);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_AGAIN);
    probe_free(&probe);
    pool_shut();
}

/* The kernel may tell of the death before it tells of the words in the socket. */
static void last_words_are_read_after_the_death(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    probe_start(&probe, "crash");
    mf__channel_flush(executor_at(0));
    MF_CHECK_INT(uv_poll_stop(&executor_at(0)->channel_poll), 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_EXECUTOR_LOST);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "last words;");
    probe_free(&probe);
    pool_shut();
}

static void unbegun_runs_outlive_a_condemned_one(void)
{
    struct probe probes[3] = {{0}};
    pool_open(1, "quit");
    set_start("");
    for (int i = 0; i < 3; i++) {
        probe_start(&probes[i], "ok");
    }
    for (int i = 0; i < 3; i++) {
        WAIT_FOR(probes[i].dones == 1);
        MF_CHECK_INT(probes[i].result.error, 0);
        probe_free(&probes[i]);
    }
    pool_shut();

    pool_open(1, "quit");
    probe_whole(&probes[0], "ok"); /* Not for ever. */
    MF_CHECK_INT(probes[0].result.error, MF_E_EXECUTOR_LOST);
    probe_free(&probes[0]);
    pool_shut();
}

static void condemned_one_finishes_its_runs(void)
{
    struct probe neighbour = {.holds_credit = true};
    struct probe bomb = {0};
    struct probe after = {0};
    pool_open(1, "");
    pid_t condemned = pid_at(0);
    probe_start(&neighbour, "body 1000000");
    WAIT_FOR(neighbour.body_bytes == MF_STREAM_WINDOW_BYTES);
    probe_whole(&bomb, "condemn");
    MF_CHECK_INT(bomb.result.error, MF_E_LIMIT_MEMORY);
    MF_CHECK_INT(mf_run_executor_pid(neighbour.run), condemned);
    WAIT_FOR(state_now().executors_ready == 1);
    MF_CHECK(pid_at(0) != condemned);
    probe_whole(&after, "ok");
    MF_CHECK_INT(after.result.error, 0);
    neighbour.holds_credit = false;
    mf_run_body_consumed(neighbour.run, MF_STREAM_WINDOW_BYTES);
    WAIT_FOR(neighbour.dones == 1);
    MF_CHECK_INT(neighbour.result.error, 0);
    MF_CHECK_INT(neighbour.body_bytes, 1000000);
    struct mf_executor_info info;
    WAIT_FOR(!mf_pool_executor(pool, 1, &info)); /* It was told to end, and did. */
    MF_CHECK_INT(state_now().crashes, 0);
    MF_CHECK_INT(state_now().restarts, 1);
    probe_free(&neighbour);
    probe_free(&bomb);
    probe_free(&after);
    pool_shut();
}

static void condemned_one_may_not_live_for_ever(void)
{
    struct probe hang = {0};
    struct probe bomb = {0};
    struct mf_executor_info info;
    pool_open(1, "stay");
    pool->times.drain_ms = 50;
    probe_start(&hang, "condemn-hang");
    WAIT_FOR(hang.dones == 1);
    MF_CHECK_INT(hang.result.error, MF_E_EXECUTOR_LOST);
    WAIT_FOR(!mf_pool_executor(pool, 1, &info) && state_now().executors_ready == 1);
    probe_whole(&bomb, "condemn"); /* No runs are left, it is told to end and stays: killed after exit_ms. */
    WAIT_FOR(!mf_pool_executor(pool, 1, &info) && state_now().executors_ready == 1);
    MF_CHECK_INT(state_now().crashes, 0);
    MF_CHECK_INT(state_now().restarts, 2);
    probe_free(&hang);
    probe_free(&bomb);
    pool_shut();
}

static void condemned_ones_are_bounded(void)
{
    enum { COUNT = MF_EXECUTOR_CONDEMNED_MAX + 2 };
    struct probe probes[COUNT] = {{0}};
    pool_open(1, "");
    for (int i = 0; i < COUNT; i++) {
        probe_start(&probes[i], "condemn-hang");
        WAIT_FOR(state_now().restarts == (uint64_t)i + 1 && state_now().executors_ready == 1);
    }
    for (int i = 0; i < COUNT; i++) {
        MF_CHECK_INT(probes[i].dones, i < COUNT - MF_EXECUTOR_CONDEMNED_MAX ? 1 : 0);
        MF_CHECK(probes[i].dones == 0 || probes[i].result.error == MF_E_EXECUTOR_LOST);
    }
    pool_shut();
    for (int i = 0; i < COUNT; i++) {
        MF_CHECK_INT(probes[i].dones, 1);
        probe_free(&probes[i]);
    }
}

/* It does not answer CANCEL: the caller is told, the neighbour may finish, late words are no attack. */
static void stuck_run_condemns(void)
{
    struct probe stuck = {0};
    struct probe neighbour = {.holds_credit = true};
    struct mf_executor_info info;
    pool_open(1, "");
    pool->times.cancel_grace_ms = 50;
    probe_start(&stuck, "stuck");
    probe_start(&neighbour, "body 1000000");
    WAIT_FOR(neighbour.body_bytes == MF_STREAM_WINDOW_BYTES);
    mf_run_cancel(stuck.run, MF_E_CANCELED);
    WAIT_FOR(stuck.dones == 1);
    MF_CHECK_INT(stuck.result.error, MF_E_CANCELED);
    WAIT_FOR(state_now().executors_ready == 1);
    MF_CHECK_INT(neighbour.dones, 0);
    neighbour.holds_credit = false;
    mf_run_body_consumed(neighbour.run, MF_STREAM_WINDOW_BYTES);
    WAIT_FOR(neighbour.dones == 1);
    MF_CHECK_INT(neighbour.result.error, 0);
    WAIT_FOR(!mf_pool_executor(pool, 1, &info));
    MF_CHECK_INT(state_now().attacks, 0);
    MF_CHECK_INT(state_now().crashes, 0);
    probe_free(&stuck);
    probe_free(&neighbour);
    pool_shut();
}

/* It reads nothing at all: neither a large bundle nor CANCEL get through. */
static void deaf_executor_is_killed(void)
{
    struct probe deaf = {0};
    struct probe large = {0};
    struct mf_run_spec limits = {0};
    pool_open(1, "");
    pool->times.cancel_grace_ms = 50;
    pool->times.stuck_ms = 50;
    probe_start(&deaf, "deaf");
    MF_CHECK_INT(probe_try(&large, "ok", 20000000, limits), 0);
    mf_run_cancel(deaf.run, MF_E_LIMIT_CPU);
    WAIT_FOR(deaf.dones == 1 && large.dones == 1);
    MF_CHECK_INT(deaf.result.error, MF_E_LIMIT_CPU);
    MF_CHECK_INT(large.result.error, MF_E_EXECUTOR_LOST);
    WAIT_FOR(state_now().executors_ready == 1);
    probe_free(&deaf);
    probe_free(&large);
    pool_shut();
}

static void worn_executor_is_replaced_first(void)
{
    struct probe old = {.holds_credit = true};
    struct probe probe = {0};
    struct mf_executor_info info;
    pool_open(1, "");
    pid_t worn = pid_at(0);
    pool->recycle_runs = 3;
    (void)uv_timer_start(&pool->look_timer, pool->look_timer.timer_cb, 20, 20);
    probe_start(&old, "body 1000000");
    for (int i = 0; i < 2; i++) {
        MF_CHECK_INT(pid_at(0), worn);
        probe_whole(&probe, "ok");
        MF_CHECK_INT(probe.result.error, 0);
        probe_free(&probe);
    }
    WAIT_FOR(pid_at(0) != worn);
    MF_CHECK_INT(state_now().executors_ready, 1); /* Never none. */
    MF_CHECK_INT(state_now().recycled, 1);
    pool->recycle_runs = 1000;
    probe_whole(&probe, "ok");
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(old.dones, 0);
    old.holds_credit = false;
    mf_run_body_consumed(old.run, MF_STREAM_WINDOW_BYTES);
    WAIT_FOR(old.dones == 1);
    MF_CHECK_INT(old.result.error, 0);
    WAIT_FOR(!mf_pool_executor(pool, 1, &info));
    MF_CHECK_INT(state_now().crashes, 0);
    MF_CHECK(mf_pool_executor(pool, 0, &info));
    WAIT_FOR((mf_pool_executor(pool, 0, &info), info.rss_bytes > 0));
    pid_t heavy = pid_at(0);
    pool->memory_bytes_max = info.rss_bytes / 100 * 100; /* 75 % of it is less than it has: worn again. */
    WAIT_FOR(pid_at(0) != heavy && state_now().recycled >= 2);
    probe_free(&old);
    probe_free(&probe);
    pool_shut();
}

/* The fresh one never becomes ready: the worn one goes on, and a crash meanwhile is made good by whoever is there. */
static void fresh_one_may_fail(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    pid_t worn = pid_at(0);
    pool->recycle_runs = 1;
    set_start("exit3");
    probe_whole(&probe, "ok");
    (void)uv_timer_start(&pool->look_timer, pool->look_timer.timer_cb, 20, 20);
    WAIT_FOR(state_now().crashes >= 2);
    MF_CHECK_INT(pid_at(0), worn);
    probe_free(&probe);
    probe_whole(&probe, "ok");
    MF_CHECK_INT(probe.result.error, 0);
    probe_free(&probe);
    set_start("never");
    WAIT_FOR(pool->slots[0].next != NULL);
    pid_t next = pool->slots[0].next->pid;
    MF_CHECK_INT(kill(worn, SIGKILL), 0);
    WAIT_FOR(pid_at(0) == next);
    pool_shut();
}

static void drain_waits_for_the_last(void)
{
    struct probe probe = {0};
    struct probe refused = {0};
    struct mf_run_spec limits = {0};
    drains = 0;
    pool_open(1, "");
    probe_start(&probe, "hang");
    mf_pool_drain(pool, on_drained, &drains);
    MF_CHECK_INT(probe_try(&refused, "ok", 0, limits), MF_E_DRAINING);
    WAIT_FOR(mf_run_executor_pid(probe.run) != 0);
    MF_CHECK_INT(drains, 0);
    mf_run_cancel(probe.run, MF_E_CANCELED);
    WAIT_FOR(drains == 1);
    MF_CHECK_INT(probe.dones, 1);
    probe_free(&probe);
    probe_free(&refused);
    pool_shut();
    MF_CHECK_INT(drains, 1);
}

static void start_another(struct probe *probe)
{
    static struct probe next;
    struct mf_run_spec limits = {0};
    (void)probe;
    memset(&next, 0, sizeof next);
    MF_CHECK_INT(probe_try(&next, "ok", 0, limits), MF_E_DRAINING);
    probe_free(&next);
}

static void close_ends_every_run(void)
{
    enum { COUNT = 20 };
    static struct probe probes[COUNT];
    pool_open(2, "");
    for (int i = 0; i < COUNT; i++) {
        probes[i].in_done = start_another;
        probe_start(&probes[i], i % 2 ? "hang" : "body 5000000");
    }
    pool_shut();
    for (int i = 0; i < COUNT; i++) {
        MF_CHECK_INT(probes[i].dones, 1);
        MF_CHECK_INT(probes[i].result.error, MF_E_CLOSED);
        probe_free(&probes[i]);
    }
}

static void chatter_is_bounded(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    probe_whole(&probe, "chatter");
    MF_CHECK_INT(probe.result.error, 0);
    WAIT_FOR(executor_at(0)->log.dropped > 1000);
    MF_CHECK(strlen(executor_at(0)->log.last) == MF_EXECUTOR_LOG_LINE_BYTES_MAX - 1);
    MF_CHECK(executor_at(0)->log.lines <= MF_EXECUTOR_LOG_LINES_PER_SECOND_MAX);
    probe_free(&probe);
    pool_shut();
}

static void states_have_names(void)
{
    MF_CHECK_TEXT(mf_slice_of_cstr(mf_executor_state_name(MF_EXECUTOR_STARTING)), "starting");
    MF_CHECK_TEXT(mf_slice_of_cstr(mf_executor_state_name(MF_EXECUTOR_DYING)), "dying");
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "mayfly-executor") == 0) {
        return fake_main(argc, argv);
    }
    MF_RUN(states_have_names);
    MF_RUN(first_start_fails_loudly);
    MF_RUN(claimed_namespaces_do_not_count);
    MF_RUN(missing_program_is_refused_at_once);
    MF_RUN(crash_costs_its_own_runs_only);
    MF_RUN(kill_under_load);
    MF_RUN(last_words_explain_an_exit);
    MF_RUN(crash_loop_backs_off);
    MF_RUN(runs_wait_for_an_executor);
    MF_RUN(full_executor_takes_no_more);
    MF_RUN(refused_runs_move);
    MF_RUN(fed_runs_do_not_move);
    MF_RUN(last_words_are_read_after_the_death);
    MF_RUN(unbegun_runs_outlive_a_condemned_one);
    MF_RUN(condemned_one_finishes_its_runs);
    MF_RUN(condemned_one_may_not_live_for_ever);
    MF_RUN(condemned_ones_are_bounded);
    MF_RUN(stuck_run_condemns);
    MF_RUN(deaf_executor_is_killed);
    MF_RUN(worn_executor_is_replaced_first);
    MF_RUN(fresh_one_may_fail);
    MF_RUN(drain_waits_for_the_last);
    MF_RUN(close_ends_every_run);
    MF_RUN(chatter_is_bounded);
    return 0;
}
