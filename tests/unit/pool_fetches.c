/* The fetches of a run: bodies both ways with their windows, failures, breaking off from either end. */
#include "pool_harness.h"

/* Answers fetch 1 and sends back what came with it, |hold| bytes later; one run at a time. */
static struct relay {
    struct mf_buf held;
    size_t hold; /* Sent back from here on. */
    size_t held_most;
    bool is_ended;
    int end_error;
    bool is_deaf; /* Only collects. */
    unsigned credits;
    unsigned stops;
    uint64_t generates;
    uint64_t generated;
    char url[64];
} relay;

static void relay_send(struct mf_run *run)
{
    if (relay.is_deaf || (relay.held.size < relay.hold && !relay.is_ended)) {
        return;
    }
    size_t taken = mf_run_fetch_write(run, 1, mf_buf_peek(&relay.held));
    mf_buf_consume(&relay.held, taken);
    mf_run_fetch_body_consumed(run, 1, taken);
    if (relay.is_ended && relay.held.size == 0) {
        mf_run_fetch_end(run, 1);
    }
}

static void answer(struct mf_run *run, uint32_t fetch, uint8_t has_body)
{
    struct mf_msg_fetch_head head = {
        .fetch = fetch, .status = 200, .has_body = has_body, .url = mf_slice_of_cstr("https://a/")};
    MF_CHECK_INT(mf_run_fetch_head(run, &head), 0);
}

static void relay_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    (void)user;
    MF_CHECK(fetch->has_body && fetch->body_bytes > 0 && fetch->body_bytes <= 5000000);
    (void)snprintf(relay.url, sizeof relay.url, "%.*s", (int)fetch->url.size, (const char *)fetch->url.data);
    answer(run, fetch->fetch, 1);
}

static void relay_on_body(struct mf_run *run, void *user, uint32_t fetch, struct mf_slice bytes)
{
    (void)user;
    MF_CHECK_INT(fetch, 1);
    MF_CHECK_INT(mf_buf_append_slice(&relay.held, bytes), 0);
    relay.held_most = relay.held.size > relay.held_most ? relay.held.size : relay.held_most;
    relay_send(run);
}

static void relay_on_body_end(struct mf_run *run, void *user, uint32_t fetch, int error)
{
    (void)user;
    MF_CHECK_INT(fetch, 1);
    relay.is_ended = true;
    relay.end_error = error;
    relay_send(run);
}

static void relay_on_credit(struct mf_run *run, void *user, uint32_t fetch)
{
    (void)user;
    MF_CHECK_INT(fetch, 1);
    relay.credits++;
    relay_send(run);
}

static void relay_on_stop(struct mf_run *run, void *user, uint32_t fetch)
{
    (void)run;
    (void)user;
    MF_CHECK_INT(fetch, 1);
    relay.stops++;
}

static void relay_start(struct probe *probe, const char *verb, size_t hold)
{
    struct mf_run_spec limits = {.flags = MF_START_FETCH_ALLOWED, .subrequests = 1};
    mf_buf_done(&relay.held);
    memset(&relay, 0, sizeof relay);
    mf_buf_init(&relay.held, MF_STREAM_WINDOW_BYTES);
    relay.hold = hold;
    probe->events = probe_events;
    probe->events.on_fetch = relay_on_fetch;
    probe->events.on_fetch_body = relay_on_body;
    probe->events.on_fetch_body_end = relay_on_body_end;
    probe->events.on_fetch_credit = relay_on_credit;
    probe->events.on_fetch_stop = relay_on_stop;
    MF_CHECK_INT(probe_try(probe, verb, 0, limits), 0);
}

static void bodies_go_both_ways(void)
{
    static const struct {
        const char *verb;
        size_t hold;
        const char *log;
    } cases[] = {
        {"relay 1", 0, "relayed 1 ok;"},
        {"relay 5000000", 0, "relayed 5000000 ok;"},
        {"relay 5000000", MF_STREAM_WINDOW_BYTES,
         "relayed 5000000 ok;"}, /* A whole window waits each time. */
    };
    pool_open(1, "");
    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        struct probe probe = {0};
        relay_start(&probe, cases[i].verb, cases[i].hold);
        WAIT_FOR(probe.dones == 1);
        MF_CHECK_INT(probe.result.error, 0);
        MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), cases[i].log);
        MF_CHECK_TEXT(mf_slice_of_cstr(relay.url), "https://a/");
        MF_CHECK(relay.is_ended && relay.end_error == 0);
        MF_CHECK(relay.held_most <= MF_STREAM_WINDOW_BYTES);
        probe_free(&probe);
    }
    pool_shut_unharmed();
}

/* Nothing is taken away: the executor stops at its window and the daemon holds no more. */
static void slow_owner_holds_the_worker_back(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    relay_start(&probe, "relay 5000000", 0);
    relay.is_deaf = true;
    WAIT_FOR(relay.held.size == MF_STREAM_WINDOW_BYTES);
    MF_CHECK(!relay.is_ended);
    relay.is_deaf = false;
    relay_send(probe.run);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "relayed 5000000 ok;");
    probe_free(&probe);
    pool_shut_unharmed();
}

static void generate(struct mf_run *run)
{
    static uint8_t bytes[100000];
    size_t taken = 1;
    while (relay.generated < relay.generates && taken > 0) {
        uint64_t left = relay.generates - relay.generated;
        size_t size = left < sizeof bytes ? (size_t)left : sizeof bytes;
        fake_pattern(bytes, size, relay.generated);
        taken = mf_run_fetch_write(run, 1, mf_slice_of(bytes, size));
        relay.generated += taken;
        if (taken < size) {
            return;
        }
    }
    mf_run_fetch_end(run, 1);
}

static void generate_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    (void)user;
    answer(run, fetch->fetch, 1);
    generate(run);
}

static void generate_on_credit(struct mf_run *run, void *user, uint32_t fetch)
{
    (void)user;
    (void)fetch;
    relay.credits++;
    generate(run);
}

static void large_answers_wait_for_credit(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    relay_start(&probe, "relay 1", 0);
    relay.generates = 3000000;
    probe.events.on_fetch = generate_on_fetch;
    probe.events.on_fetch_body = NULL;
    probe.events.on_fetch_body_end = NULL;
    probe.events.on_fetch_credit = generate_on_credit;
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "relayed 3000000 ok;");
    MF_CHECK(relay.credits >= 3000000 / MF_STREAM_WINDOW_BYTES);
    probe_free(&probe);
    pool_shut_unharmed();
}

static void answers_may_break_off(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    relay_start(&probe, "relay 5000000", 0);
    relay.is_deaf = true;
    WAIT_FOR(relay.held.size == MF_STREAM_WINDOW_BYTES);
    mf_run_fetch_body_stop(probe.run, 1);
    mf_run_fetch_body_stop(probe.run, 1);
    mf_run_fetch_abort(probe.run, 1, MF_E_CLOSED, mf_slice_of_cstr("gone"));
    /* Over: nothing of this does anything. */
    MF_CHECK_INT(mf_run_fetch_write(probe.run, 1, mf_slice_of_cstr("late")), 4);
    mf_run_fetch_end(probe.run, 1);
    mf_run_fetch_fail(probe.run, 1, MF_E_CLOSED, mf_slice_of(NULL, 0));
    mf_run_fetch_body_consumed(probe.run, 1, 5);
    answer(probe.run, 1, 1);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "told to stop;aborted 0 closed;");
    probe_free(&probe);
    pool_shut_unharmed();
}

static void worker_may_stop_the_answer(void)
{
    struct probe probe = {0};
    pool_open(1, "");
    relay_start(&probe, "relay-stop 1000", 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "stopped 1000 ok;");
    MF_CHECK(relay.stops == 0); /* All of it had been sent and ended when the word came. */
    probe_free(&probe);
    relay_start(&probe, "relay-stop 600000", 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(relay.stops, 1);
    MF_CHECK_INT(probe.result.error, 0);
    probe_free(&probe);
    pool_shut_unharmed();
}

static void on_fetch_cancel(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    (void)user;
    mf_run_cancel(run, MF_E_CANCELED);
    answer(run, fetch->fetch, 1);
    MF_CHECK_INT(mf_run_fetch_write(run, 1, mf_slice_of_cstr("nobody hears")), 12);
    mf_run_fetch_end(run, 1);
}

/* What was under way when the run was canceled is dropped, not told. */
static void canceled_run_hears_nothing(void)
{
    struct probe probe = {0};
    struct mf_run_spec limits = {.flags = MF_START_FETCH_ALLOWED, .subrequests = 1};
    pool_open(1, "");
    relay_start(&probe, "relay 3000000", 0);
    relay.is_deaf = true;
    WAIT_FOR(relay.held.size > 0);
    mf_run_cancel(probe.run, MF_E_CANCELED);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_CANCELED);
    probe_free(&probe);
    probe.events = probe_events;
    probe.events.on_fetch = on_fetch_cancel;
    MF_CHECK_INT(probe_try(&probe, "relay 10", 0, limits), 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, MF_E_CANCELED);
    probe_free(&probe);
    pool_shut_unharmed();
}

static struct mf_buf large_headers;

/* A head that is no HTTP, or too large to be sent, is refused whole; the fetch can still be failed. */
static void bad_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    struct mf_msg_fetch_head head = {.fetch = fetch->fetch, .status = 99};
    (void)user;
    MF_CHECK_INT(mf_run_fetch_head(run, &head), MF_E_INVALID);
    head.status = 200;
    head.headers = mf_slice_of("a\0b\r\nc: d", 10);
    MF_CHECK_INT(mf_run_fetch_head(run, &head), MF_E_INVALID);
    head.headers = mf_buf_peek(&large_headers);
    MF_CHECK_INT(mf_run_fetch_head(run, &head), MF_E_INVALID);
    mf_run_fetch_fail(run, fetch->fetch, MF_E_TOO_LARGE, mf_slice_of_cstr("too large"));
}

static void heads_are_checked(void)
{
    struct probe probe = {0};
    struct mf_run_spec limits = {.flags = MF_START_FETCH_ALLOWED, .subrequests = 2};
    mf_buf_init(&large_headers, MF_HEADERS_ENCODED_BYTES_MAX + 4096);
    while (large_headers.size <= MF_HEADERS_ENCODED_BYTES_MAX) {
        MF_CHECK_INT(
            mf_headers_append(&large_headers, mf_slice_of_cstr("a"), mf_slice_of_cstr("0123456789012345")),
            0);
    }
    pool_open(1, "");
    probe.events = probe_events;
    probe.events.on_fetch = bad_on_fetch;
    MF_CHECK_INT(probe_try(&probe, "fetches", 0, limits), 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK(strstr(probe.logs, "fetch 3: too_large;"));
    probe_free(&probe);
    pool_shut_unharmed();
    mf_buf_done(&large_headers);
}

/* ---- calls of tools -------------------------------------------------------------------------------------- */

static char calls_told[512];

static void calls_tell(const char *format, ...) MF_PRINTF(1, 2);
static void calls_tell(const char *format, ...)
{
    size_t at = strlen(calls_told);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(calls_told + at, sizeof calls_told - at, format, args);
    va_end(args);
}

static void calls_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    (void)user;
    calls_tell("%u kind %u %.*s %.*s;", fetch->fetch, fetch->kind, (int)fetch->method.size,
               (const char *)fetch->method.data, (int)fetch->url.size, (const char *)fetch->url.data);
    if (fetch->fetch == 2) {
        mf_run_fetch_fail(run, 2, MF_E_OUTBOUND_BLOCKED, mf_slice_of(NULL, 0));
    } else if (fetch->fetch == 3) {
        mf_run_fetch_fail(run, 3, MF_E_CALL_REFUSED, mf_slice_of(NULL, 0));
    }
}

static void calls_on_body(struct mf_run *run, void *user, uint32_t fetch, struct mf_slice bytes)
{
    (void)user;
    calls_tell("%u body %.*s;", fetch, (int)bytes.size, (const char *)bytes.data);
    mf_run_fetch_body_consumed(run, fetch, bytes.size);
}

static void calls_on_body_end(struct mf_run *run, void *user, uint32_t fetch, int error)
{
    (void)user;
    calls_tell("%u end %d;", fetch, error);
    answer(run, fetch, 0);
}

static void calls_ride_on_fetches(void)
{
    struct probe probe = {0};
    struct mf_run_spec limits = {
        .flags = MF_START_FETCH_ALLOWED | MF_START_CALLS_ALLOWED, .subrequests = 1, .calls = 2};
    pool_open(1, "");
    probe.events = probe_events;
    MF_CHECK_INT(probe_try(&probe, "calls", 0, limits), 0); /* Nobody listens. */
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs),
                  "fetch 1: call.refused;fetch 2: outbound.blocked;fetch 3: call.refused;");
    probe_free(&probe);
    probe.events = probe_events;
    probe.events.on_fetch = calls_on_fetch;
    probe.events.on_fetch_body = calls_on_body;
    probe.events.on_fetch_body_end = calls_on_body_end;
    MF_CHECK_INT(probe_try(&probe, "calls", 0, limits), 0);
    WAIT_FOR(probe.dones == 1);
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_TEXT(
        mf_slice_of_cstr(calls_told),
        "1 kind 1 codemode add-\xc3\xa4;1 body [1,2];1 end 0;2 kind 0 GET https://a/;3 kind 1 gh list;");
    MF_CHECK_TEXT(mf_slice_of_cstr(probe.logs), "fetch 2: outbound.blocked;fetch 3: call.refused;");
    probe_free(&probe);
    pool_shut_unharmed();
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "mayfly-executor") == 0) {
        return fake_main(argc, argv);
    }
    MF_RUN(bodies_go_both_ways);
    MF_RUN(slow_owner_holds_the_worker_back);
    MF_RUN(large_answers_wait_for_credit);
    MF_RUN(answers_may_break_off);
    MF_RUN(worker_may_stop_the_answer);
    MF_RUN(canceled_run_hears_nothing);
    MF_RUN(heads_are_checked);
    MF_RUN(calls_ride_on_fetches);
    mf_buf_done(&relay.held);
    return 0;
}
