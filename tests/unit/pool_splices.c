/* A worker that returns what its fetch() got: the bytes pass the executor by, and nobody can tell from what the owner hears. */
#include "pool_harness.h"

/* Answers fetch 1 with so many bytes of the fake's pattern, as fast as they are taken. */
static struct source {
    struct mf_run *run;
    uint64_t size;
    uint64_t written;
    bool is_held; /* Nothing more for now. */
    int error;    /* It breaks off behind them. */
    bool is_ended;
    unsigned aborts;
    unsigned stops;
} source;

static void pour(struct mf_run *run)
{
    static uint8_t bytes[50000];
    while (source.written < source.size && !source.is_held) {
        uint64_t left = source.size - source.written;
        size_t size = left < sizeof bytes ? (size_t)left : sizeof bytes;
        fake_pattern(bytes, size, source.written);
        size_t taken = mf_run_fetch_write(run, 1, mf_slice_of(bytes, size));
        source.written += taken;
        if (taken < size) {
            return;
        }
    }
    if (source.written == source.size && !source.is_ended) {
        source.is_ended = true;
        if (source.error < 0) {
            mf_run_fetch_abort(run, 1, source.error, mf_slice_of_cstr("broke"));
        } else {
            mf_run_fetch_end(run, 1);
        }
    }
}

static void on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    struct mf_msg_fetch_head head = {
        .fetch = fetch->fetch, .status = 200, .has_body = 1, .url = mf_slice_of_cstr("https://a/")};
    (void)user;
    source.run = run;
    MF_CHECK_INT(mf_run_fetch_head(run, &head), 0);
    pour(run);
}

static void on_credit(struct mf_run *run, void *user, uint32_t fetch)
{
    (void)user;
    MF_CHECK_INT(fetch, 1);
    pour(run);
}

static void on_abort(struct mf_run *run, void *user, uint32_t fetch)
{
    (void)run;
    (void)user;
    MF_CHECK_INT(fetch, 1);
    source.aborts++;
}

static void on_stop(struct mf_run *run, void *user, uint32_t fetch)
{
    (void)run;
    (void)user;
    MF_CHECK_INT(fetch, 1);
    source.stops++;
}

static void start(struct probe *probe, const char *verb, uint64_t size, struct mf_run_spec limits)
{
    limits.flags = MF_START_FETCH_ALLOWED;
    limits.subrequests = 1;
    source = (struct source){.size = size};
    probe->events = probe_events;
    probe->events.on_fetch = on_fetch;
    probe->events.on_fetch_credit = on_credit;
    probe->events.on_fetch_abort = on_abort;
    probe->events.on_fetch_stop = on_stop;
    MF_CHECK_INT(probe_try(probe, verb, 0, limits), 0);
}

static const struct mf_run_spec no_limits;

static void bytes_arrive_whole(void)
{
    static const struct {
        uint64_t size;
        const char *log;
    } cases[] = {{0, "copied;"}, {1, "copied;"}, {1000000, "spliced;"}, {10000000, "spliced;"}};
    pool_open(1, "");
    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        struct probe probe = {0};
        start(&probe, "splice", cases[i].size, no_limits);
        WAIT_FOR(probe.dones == 1);
        MF_CHECK_INT(probe.result.error, 0);
        MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), cases[i].log);
        MF_CHECK_INT(probe.body_bytes, cases[i].size);
        MF_CHECK(!probe.is_pattern_wrong);
        MF_CHECK_INT(probe.body_ends, 1);
        probe_free(&probe);
    }
    pool_shut_unharmed();
}

/* What was written before the executor asked, and what comes much later. */
static void bytes_may_come_late(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    start(&probe, "splice", 300000, no_limits);
    source.is_held = true;
    WAIT_FOR(probe.status != 0);
    source.is_held = false;
    pour(probe.run);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "spliced;");
    MF_CHECK_INT(probe.body_bytes, 300000);
    MF_CHECK(!probe.is_pattern_wrong);
    probe_free(&probe);
    pool_shut_unharmed();
}

static void slow_owner_holds_the_source_back(void)
{
    struct probe probe = {.holds_credit = true};
    pool_open(1, "");
    start(&probe, "splice", 2000000, no_limits);
    WAIT_FOR(probe.body_bytes >= MF_STREAM_WINDOW_BYTES);
    MF_CHECK(source.written <= 2 * MF_STREAM_WINDOW_BYTES);
    MF_CHECK(probe.body_bytes <= 2 * MF_STREAM_WINDOW_BYTES);
    probe.holds_credit = false;
    mf_run_body_consumed(probe.run, probe.body_bytes);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.body_bytes, 2000000);
    MF_CHECK(!probe.is_pattern_wrong);
    probe_free(&probe);
    pool_shut_unharmed();
}

static void source_may_break_off(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    start(&probe, "splice", 700000, no_limits);
    source.error = MF_E_CLOSED;
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.body_bytes, 700000);
    MF_CHECK_INT(probe.body_ends, 0);
    MF_CHECK_INT(probe.abort_error, MF_E_CLOSED);
    MF_CHECK_INT(probe.result.error, MF_E_EXCEPTION);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.text), "closed");
    probe_free(&probe);
    pool_shut_unharmed();
}

static void executor_may_break_off(void)
{
    static const char *const verbs[] = {"splice-abort", "splice-stop", "splice-break"};
    pool_open(1, "");
    for (size_t i = 0; i < MF_COUNT_OF(verbs); i++) {
        struct probe probe = {0};
        start(&probe, verbs[i], UINT64_MAX, no_limits);
        probe.events.on_body_abort = NULL; /* Its text differs. */
        WAIT_FOR(probe.dones == 1);
        MF_CHECK_INT(probe.result.error, MF_E_EXCEPTION);
        MF_CHECK_INT(probe.body_ends, 0);
        MF_CHECK_INT(source.aborts + source.stops, i < 2 ? 1 : 0);
        probe_free(&probe);
    }
    pool_shut_unharmed();
}

static void limits_hold(void)
{
    struct mf_run_spec limits = {.response_bytes = 1000000};
    struct probe probe = {0};
    pool_open(1, "");
    start(&probe, "splice", 1000001, limits);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_LIMIT_RESPONSE);
    MF_CHECK(probe.body_bytes <= 1000000);
    probe_free(&probe);
    probe = (struct probe){0};
    start(&probe, "splice", 1000000, limits);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    probe_free(&probe);
    pool_shut_unharmed();
}

static void owner_may_lose_interest(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    start(&probe, "splice", UINT64_MAX, no_limits);
    WAIT_FOR(probe.body_bytes > 1000000);
    source.is_held = true; /* What nobody wants is taken without end. */
    mf_run_stop_body(probe.run);
    uint64_t so_far = probe.body_bytes;
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.body_bytes, so_far);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(source.stops, 1);
    probe_free(&probe);
    probe = (struct probe){0};
    start(&probe, "splice", UINT64_MAX, no_limits);
    WAIT_FOR(probe.body_bytes > 1000000);
    source.is_held = true;
    mf_run_cancel(probe.run, MF_E_CANCELED);
    so_far = probe.body_bytes;
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.body_bytes, so_far);
    MF_CHECK_INT(probe.result.error, MF_E_CANCELED);
    probe_free(&probe);
    pool_shut_unharmed();
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "mayfly-executor") == 0) {
        return fake_main(argc, argv);
    }
    MF_RUN(bytes_arrive_whole);
    MF_RUN(bytes_may_come_late);
    MF_RUN(slow_owner_holds_the_source_back);
    MF_RUN(source_may_break_off);
    MF_RUN(executor_may_break_off);
    MF_RUN(limits_hold);
    MF_RUN(owner_may_lose_interest);
    return 0;
}
