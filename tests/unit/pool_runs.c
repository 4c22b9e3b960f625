/* Runs that go as they should: answers, bodies both ways with backpressure, large bundles, cancel and wall limit. */
#include "pool_harness.h"

static void answers(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    MF_CHECK_TEXT(mf_slice_of_cstr(state_now().v8_version), FAKE_VERSION);
    probe_whole(&probe, "ok");
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "hello;");
    MF_CHECK_INT(probe.status, 201);
    MF_CHECK(probe.has_header);
    MF_CHECK_INT(probe.body_ends, 0); /* It has no body. */
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(probe.result.cpu_ns, 1000);
    MF_CHECK_INT(probe.result.host_wait_ns, 2000);
    MF_CHECK_INT(probe.result.memory_peak_bytes, 3000);
    MF_CHECK_INT(probe.result.subrequests, 4);
    MF_CHECK_INT(probe.result.logs_dropped, 5);
    MF_CHECK_INT(probe.result.exceptions_dropped, 6);
    MF_CHECK(probe.result.wall_ns > 0);
    struct mf_executor_info info;
    MF_CHECK(mf_pool_executor(pool, 0, &info));
    MF_CHECK(!mf_pool_executor(pool, 1, &info));
    MF_CHECK_INT(info.runs, 0);
    MF_CHECK_INT(info.runs_total, 1);
    MF_CHECK_INT(info.state, MF_EXECUTOR_READY);
    probe_free(&probe);
    probe_whole(&probe, "exception");
    MF_CHECK_INT(probe.result.error, MF_E_EXCEPTION);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.text), "Error: boom");
    MF_CHECK_INT(probe.exceptions_count, 1);
    MF_CHECK_INT(probe.exception_line, 3);
    probe_free(&probe);
    pool_shut();
}

static void body_comes_with_backpressure(void)
{
    struct probe probe = {.holds_credit = true};
    pool_open(1, "");
    probe_start(&probe, "body 3000000");
    WAIT_FOR(probe.body_bytes == MF_STREAM_WINDOW_BYTES);
    probe_whole(&(struct probe){0}, "ok"); /* A neighbour is not held up, and nothing more came meanwhile. */
    MF_CHECK_INT(probe.body_bytes, MF_STREAM_WINDOW_BYTES);
    probe.holds_credit = false;
    mf_run_body_consumed(probe.run, MF_STREAM_WINDOW_BYTES);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.body_bytes, 3000000);
    MF_CHECK(!probe.is_pattern_wrong);
    MF_CHECK_INT(probe.body_ends, 1);
    MF_CHECK_INT(probe.result.error, 0);
    probe_free(&probe);
    probe_whole(&probe, "abort");
    MF_CHECK_INT(probe.body_ends, 0);
    MF_CHECK_INT(probe.abort_error, MF_E_EXCEPTION);
    probe_free(&probe);
    pool_shut();
}

static void request_goes_with_backpressure(void)
{
    enum { TOTAL = 2000000 };
    static uint8_t bytes[TOTAL];
    struct probe probe = {0};
    struct mf_run_spec limits = {.flags = MF_START_HAS_BODY};
    size_t sent = 0;
    unsigned cuts = 0;
    fake_pattern(bytes, TOTAL, 0);
    pool_open(1, "");
    MF_CHECK_INT(probe_try(&probe, "echo", 0, limits), 0);
    while (sent < TOTAL) {
        unsigned credits = probe.credits;
        size_t taken = mf_run_write(probe.run, mf_slice_of(bytes + sent, TOTAL - sent));
        MF_CHECK(taken <= MF_STREAM_WINDOW_BYTES);
        sent += taken;
        if (sent < TOTAL) {
            cuts++;
            WAIT_FOR(probe.credits > credits);
        }
    }
    MF_CHECK(cuts >= TOTAL / MF_STREAM_WINDOW_BYTES);
    mf_run_end_request(probe.run);
    mf_run_end_request(probe.run); /* Nothing. */
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.body_bytes, TOTAL);
    MF_CHECK(!probe.is_pattern_wrong);
    probe_free(&probe);
    MF_CHECK_INT(probe_try(&probe, "echo", 0, limits), 0);
    WAIT_FOR(probe.credits == 1);
    mf_run_abort_request(probe.run, MF_E_HTTP_TIMEOUT);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.text), "request aborted");
    probe_free(&probe);
    pool_shut();
}

static void request_may_be_stopped(void)
{
    struct probe probe = {0};
    struct mf_run_spec limits = {.flags = MF_START_HAS_BODY};
    pool_open(1, "");
    MF_CHECK_INT(probe_try(&probe, "stop", 0, limits), 0);
    WAIT_FOR(probe.request_stops == 1);
    MF_CHECK_INT(mf_run_write(probe.run, mf_slice_of_cstr("dropped")), 7);
    mf_run_end_request(probe.run); /* Not sent: the fake would end with 4. */
    mf_run_cancel(probe.run, MF_E_CANCELED);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_CANCELED);
    MF_CHECK_INT(state_now().crashes, 0);
    probe_free(&probe);
    pool_shut();
}

static void stop_in_response(struct probe *probe)
{
    mf_run_stop_body(probe->run);
    mf_run_stop_body(probe->run);
}

static void response_may_be_stopped(void)
{
    struct probe probe = {.in_response = stop_in_response};
    pool_open(1, "");
    probe_whole(&probe, "body 3000000");
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(probe.body_bytes, 0); /* What was under way is dropped. */
    MF_CHECK_INT(probe.body_ends, 0);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "stopped;");
    probe_free(&probe);
    probe_start(&probe, "body 3000000"); /* Before it began. */
    mf_run_stop_body(probe.run);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(probe.body_bytes, 0);
    probe_free(&probe);
    pool_shut();
}

static uint64_t sum_of(const char *verb, size_t padding)
{
    uint64_t sum = 0;
    uint8_t *bytes = malloc(padding + 1);
    MF_CHECK(bytes);
    fake_pattern(bytes, padding, 0);
    for (const char *at = verb; *at; at++) {
        sum = sum * 31 + (uint8_t)*at;
    }
    sum = sum * 31 + '\n';
    for (size_t i = 0; i < padding; i++) {
        sum = sum * 31 + bytes[i];
    }
    free(bytes);
    return sum;
}

static void large_bundles_arrive_whole(void)
{
    static const size_t sizes[] = {MF_POOL_BUNDLE_COPY_BYTES_MAX - 4, MF_POOL_BUNDLE_COPY_BYTES_MAX - 3,
                                   3 * MF_POOL_BUNDLE_PIECE_BYTES - 4, 10000000, 10000000};
    struct probe probes[MF_COUNT_OF(sizes)] = {{0}};
    struct mf_run_spec limits = {0};
    struct probe small = {0};
    pool_open(1, "");
    for (size_t i = 0; i < MF_COUNT_OF(sizes); i++) {
        probes[i].keeps_body = true;
        MF_CHECK_INT(probe_try(&probes[i], "sum", sizes[i], limits), 0);
    }
    probe_start(&small, "ok"); /* Overtakes the large ones. */
    WAIT_FOR(small.dones == 1);
    MF_CHECK_INT(probes[4].dones, 0);
    for (size_t i = 0; i < MF_COUNT_OF(sizes); i++) {
        char expected[64];
        WAIT_FOR(probes[i].dones == 1);
        (void)snprintf(expected, sizeof expected, "%" PRIu64, sum_of("sum", sizes[i]));
        MF_CHECK_TEXT(mf_buf_peek(&probes[i].body), expected);
        probe_free(&probes[i]);
    }
    probe_free(&small);
    MF_CHECK_INT(probe_try(&probes[0], "give-up", 10000000, limits), 0);
    WAIT_FOR(probes[0].dones == 1);
    MF_CHECK_INT(probes[0].result.error, MF_E_NO_MEMORY);
    probe_free(&probes[0]);
    MF_CHECK_INT(probe_try(&probes[0], "hang", 10000000, limits), 0);
    mf_run_cancel(probes[0].run, MF_E_CANCELED); /* While its bundle is being sent. */
    WAIT_FOR(probes[0].dones == 1);
    MF_CHECK_INT(probes[0].result.error, MF_E_CANCELED);
    probe_free(&probes[0]);
    probe_whole(&small, "ok");
    MF_CHECK_INT(small.result.error, 0);
    MF_CHECK_INT(state_now().crashes, 0);
    probe_free(&small);
    pool_shut();
}

static void cancel_in_log(struct probe *probe)
{
    mf_run_cancel(probe->run, MF_E_CANCELED);
    mf_run_cancel(probe->run, MF_E_INTERNAL); /* Too late to change it. */
}

static void run_may_be_canceled(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    probe_start(&probe, "hang");
    mf_run_cancel(probe.run, MF_E_CANCELED);
    MF_CHECK_INT(probe.dones, 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_CANCELED);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.text), "");
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "canceled;"); /* Logs come to the end. */
    MF_CHECK_INT(probe.result.cpu_ns, 1000);
    probe_free(&probe);
    probe.in_log = cancel_in_log; /* Its whole answer is under way by then. */
    probe_whole(&probe, "ok");
    MF_CHECK_INT(probe.result.error, MF_E_CANCELED);
    MF_CHECK_INT(probe.status, 0);
    MF_CHECK_INT(state_now().attacks, 0);
    probe_free(&probe);
    pool_shut();
}

static void wall_limit_ends(void)
{
    struct probe slow = {0};
    struct probe fast = {0};
    struct mf_run_spec limits = {.wall_ns = 300 * MF_NS_PER_MS};
    pool_open(1, "");
    MF_CHECK_INT(probe_try(&slow, "hang", 0, limits), 0);
    limits.wall_ns = 50 * MF_NS_PER_MS;
    MF_CHECK_INT(probe_try(&fast, "hang", 0, limits), 0);
    WAIT_FOR(fast.dones == 1);
    MF_CHECK_INT(slow.dones, 0);
    MF_CHECK_INT(fast.result.error, MF_E_LIMIT_WALL);
    MF_CHECK(fast.result.wall_ns >= 50 * MF_NS_PER_MS);
    MF_CHECK_TEXT(mf_slice_of_cstr(fast.logs), "canceled;");
    WAIT_FOR(slow.dones == 1);
    MF_CHECK(slow.result.wall_ns >= 300 * MF_NS_PER_MS);
    MF_CHECK_INT(slow.result.error, MF_E_LIMIT_WALL);
    probe_free(&slow);
    probe_free(&fast);
    pool_shut();
}

static void probe_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    struct probe *probe = user;
    probe->fetches++;
    if (fetch->fetch == 3) {
        mf_run_fetch_fail(run, 3, MF_E_OUTBOUND_BLOCKED, mf_slice_of_cstr("no"));
        mf_run_fetch_fail(run, 3, MF_E_OUTBOUND_BLOCKED, mf_slice_of_cstr("no")); /* Once is enough. */
        mf_run_fetch_fail(run, 9, MF_E_OUTBOUND_BLOCKED, mf_slice_of_cstr("no"));
    }
}

static void probe_on_fetch_abort(struct mf_run *run, void *user, uint32_t fetch)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    MF_CHECK_INT(fetch, 1);
    probe->fetch_aborts++;
}

static void fetches_are_answered(void)
{
    struct probe probe = {0};
    struct mf_run_spec limits = {.flags = MF_START_FETCH_ALLOWED, .subrequests = 2};
    pool_open(1, "");
    MF_CHECK_INT(probe_try(&probe, "fetches", 0, limits), 0); /* Nobody listens: blocked. */
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "fetch 1: outbound.blocked;fetch 3: outbound.blocked;");
    probe_free(&probe);
    probe.events = probe_events;
    probe.events.on_fetch = probe_on_fetch;
    probe.events.on_fetch_abort = probe_on_fetch_abort;
    MF_CHECK_INT(probe_try(&probe, "fetches", 0, limits), 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.fetches, 2);
    MF_CHECK_INT(probe.fetch_aborts, 1);
    MF_CHECK_INT(probe.result.error, 0);
    probe_free(&probe);
    limits.subrequests = 1;
    MF_CHECK_INT(probe_try(&probe, "fetches", 0, limits), 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_EXECUTOR_PROTOCOL);
    probe_free(&probe);
    pool_shut();
}

static void runs_are_spread(void)
{
    struct probe probes[4] = {{0}};
    struct mf_executor_info info;
    pool_open(2, "");
    for (int i = 0; i < 4; i++) {
        probe_start(&probes[i], "hang");
    }
    for (size_t i = 0; i < 2; i++) {
        MF_CHECK(mf_pool_executor(pool, i, &info));
        MF_CHECK_INT(info.runs, 2);
    }
    MF_CHECK(mf_run_executor_pid(probes[0].run) != mf_run_executor_pid(probes[1].run));
    MF_CHECK_INT(state_now().runs, 4);
    for (int i = 0; i < 4; i++) {
        mf_run_cancel(probes[i].run, MF_E_CANCELED);
        WAIT_FOR(probes[i].dones == 1);
        probe_free(&probes[i]);
    }
    pool_shut();
}

/* One that has no isolate standing by is asked only when the other has more to do. */
static void standby_is_preferred_up_to_a_point(void)
{
    struct probe empty = {0};
    struct probe probes[2 * MF_POOL_STANDBY_WORTH_RUNS] = {{0}};
    unsigned to_the_empty = 0;
    pool_open(2, "");
    probe_start(&empty, "empty");
    pid_t pid = mf_run_executor_pid(empty.run);
    WAIT_FOR(empty.logs_count == 1);
    for (size_t i = 0; i < MF_COUNT_OF(probes); i++) {
        probe_start(&probes[i], "hang");
        to_the_empty += mf_run_executor_pid(probes[i].run) == pid;
        MF_CHECK(i >= MF_POOL_STANDBY_WORTH_RUNS || to_the_empty == 0);
    }
    MF_CHECK(to_the_empty > 0);
    pool_shut();
    for (size_t i = 0; i < MF_COUNT_OF(probes); i++) {
        MF_CHECK_INT(probes[i].result.error, MF_E_CLOSED);
        probe_free(&probes[i]);
    }
    probe_free(&empty);
}

static void many_runs_at_once(void)
{
    enum { COUNT = 60, ROUNDS = 20 };
    static struct probe probes[COUNT];
    pool_open(2, "");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < COUNT; i++) {
            probe_start(&probes[i], i % 3 == 0 ? "body 300000" : "ok");
        }
        for (int i = 0; i < COUNT; i++) {
            WAIT_FOR(probes[i].dones == 1);
            MF_CHECK_INT(probes[i].result.error, 0);
            MF_CHECK_INT(probes[i].body_bytes, i % 3 == 0 ? 300000 : 0);
            probe_free(&probes[i]);
        }
    }
    MF_CHECK_INT(state_now().runs_total, COUNT * ROUNDS);
    MF_CHECK_INT(state_now().runs, 0);
    pool_shut();
}

static void refuses_what_is_no_bundle(void)
{
    struct mf_run_spec spec = {.id = "x"};
    struct mf_run *run = NULL;
    pool_open(1, "");
    mf_buf_init(&spec.bundle, 10);
    MF_CHECK_INT(mf_pool_run(pool, &spec, &probe_events, NULL, &run), MF_E_INVALID);
    MF_CHECK(run == NULL);
    pool_shut();
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "mayfly-executor") == 0) {
        return fake_main(argc, argv);
    }
    MF_RUN(answers);
    MF_RUN(body_comes_with_backpressure);
    MF_RUN(request_goes_with_backpressure);
    MF_RUN(request_may_be_stopped);
    MF_RUN(response_may_be_stopped);
    MF_RUN(large_bundles_arrive_whole);
    MF_RUN(run_may_be_canceled);
    MF_RUN(wall_limit_ends);
    MF_RUN(fetches_are_answered);
    MF_RUN(runs_are_spread);
    MF_RUN(standby_is_preferred_up_to_a_point);
    MF_RUN(many_runs_at_once);
    MF_RUN(refuses_what_is_no_bundle);
    return 0;
}
