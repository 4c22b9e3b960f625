/* Runs through the executor's own loop, threads and sessions, with an engine that is no V8: states, limits, ends. */
#include "fake.h"

/* ---- scripts ------------------------------------------------------------------------------------------- */

static int script_hello(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    MF_CHECK_INT(event, MF_EVENT_START);
    MF_CHECK_INT(count, 13);
    MF_CHECK_TEXT(args[1].as.bytes, "[]");
    MF_CHECK_TEXT(args[2].as.bytes, "default");
    MF_CHECK_TEXT(args[3].as.bytes, "{\"NAME\":\"x\"}");
    MF_CHECK_TEXT(args[5].as.bytes, "POST");
    MF_CHECK_TEXT(args[6].as.bytes, "https://example.com/a");
    MF_CHECK_INT(args[7].kind, MF_VALUE_LATIN1);
    MF_CHECK(!args[8].as.boolean);
    MF_CHECK_TEXT(args[9].as.bytes, ""); /* It is no program. */
    MF_CHECK_INT((int)args[10].as.number, 0);
    MF_CHECK_TEXT(args[11].as.bytes, "[]");
    MF_CHECK_TEXT(args[12].as.bytes, ""); /* Nor a tail worker. */
    fake_log(isolate, "hello");
    return fake_answer(isolate);
}

static int script_logs(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    fake_log(isolate, "0123456789");
    fake_log(isolate, "this one is too long for what is left");
    fake_log(isolate, "short");
    isolate->calls->log(isolate->host, (enum mf_log_method)77, mf_slice_of_cstr("")); /* No such method. */
    for (int i = 0; i < MF_RUN_LOG_LINES_MAX; i++) {
        fake_log(isolate, "");
    }
    return fake_answer(isolate);
}

static int
script_exceptions(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    static char text[2 * MF_RUN_TEXT_BYTES_MAX];
    struct mf_exception exception = {.name = mf_slice_of_cstr("TypeError"), .line = 3, .column = 7};

    (void)event, (void)args, (void)count;
    for (size_t i = 0; i + 1 < sizeof(text); i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);
    }
    exception.message = mf_slice_of(text + 1, sizeof(text) - 1); /* Cut where a character would be halved. */
    for (int i = 0; i < MF_RUN_EXCEPTIONS_MAX + 5; i++) {
        isolate->calls->exception(isolate->host, &exception);
    }
    return fake_finish(isolate, MF_E_EXCEPTION, "TypeError: no");
}

static int
script_nothing(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)isolate, (void)event, (void)args, (void)count;
    return 0;
}

/* Three timers out of order and one that is cleared; each says its number. */
static int
script_timers(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    char text[16];

    (void)count;
    if (event == MF_EVENT_START) {
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 1, 300), 0);
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 2, 1), 0);
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 3, 150), 0);
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 4, 2), 0);
        isolate->calls->timer_clear(isolate->host, 4);
        return 0;
    }
    MF_CHECK_INT(event, MF_EVENT_TIMER);
    snprintf(text, sizeof(text), "%d", (int)args[0].as.number);
    fake_log(isolate, text);
    return args[0].as.number == 1 ? fake_answer(isolate) : 0;
}

/* Two timers due in the same turn: the first to be told clears the other. */
static int
script_clear_due(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)args, (void)count;
    if (event == MF_EVENT_START) {
        uint64_t until_ns;
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 1, 0), 0);
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 2, 0), 0);
        until_ns = mf_clock_now_ns() + 2 * MF_NS_PER_MS;
        while (mf_clock_now_ns() < until_ns) {
        }
        return 0;
    }
    MF_CHECK_INT(isolate->step++, 0);
    isolate->calls->timer_clear(isolate->host, 2);
    isolate->calls->timer_clear(isolate->host, 1);
    return fake_answer(isolate);
}

static int
script_many_timers(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    for (uint32_t i = 1; i <= MF_RUN_TIMERS_MAX; i++) {
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, i, 3600000 - i), 0);
    }
    MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 0, 5), MF_E_TOO_MANY);
    MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 7, UINT64_MAX), 0); /* Replaces. */
    return fake_answer(isolate);
}

static int script_park(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)args, (void)count;
    if (event == MF_EVENT_START) {
        fake_log(isolate, "parked");
        MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 1, 3600000), 0);
    }
    return 0;
}

static int script_spin(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    fake_log(isolate, "before");
    return fake_spin(isolate);
}

/* Uses CPU in turns that are each far below the limit. */
static int
script_spin_in_turns(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    uint64_t since_ns = mf_clock_thread_cpu_ns();

    (void)event, (void)args, (void)count;
    while (mf_clock_thread_cpu_ns() - since_ns < 5 * MF_NS_PER_MS && atomic_load(&isolate->terminated) == 0) {
    }
    MF_CHECK_INT(isolate->calls->timer_set(isolate->host, 1, 0), 0);
    return 0;
}

static atomic_bool stuck_may_end;

static int script_stuck(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    bool is_full = false;

    (void)event, (void)args, (void)count;
    fake_log(isolate, "native");
    while (!atomic_load(&stuck_may_end)) {
    }
    /* Its run is over: whatever it still asks is refused. */
    fake_log(isolate, "too late");
    MF_CHECK(isolate->calls->timer_set(isolate->host, 1, 0) < 0);
    MF_CHECK(isolate->calls->respond(isolate->host, 200, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), true) <
             0);
    MF_CHECK(isolate->calls->body_write(isolate->host, 1, mf_slice_of_cstr("x"), &is_full) < 0);
    return 0;
}

static int script_oom(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    fake_log(isolate, "last words");
    fake_oom(isolate);
}

static int script_slow(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)args, (void)count;
    if (event == MF_EVENT_START) {
        return isolate->calls->timer_set(isolate->host, 1, 100);
    }
    return fake_answer(isolate);
}

static int script_waits(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    isolate->calls->wait_until(isolate->host, 1);
    return isolate->calls->respond(isolate->host, 201, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), false);
}

static int
script_wrong_calls(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    const struct mf_runtime_calls *calls = isolate->calls;
    struct mf_runtime_host *host = isolate->host;
    struct mf_slice none = mf_slice_of(NULL, 0);
    const struct mf_runtime_fetch fetch = {
        .number = 1, .method = mf_slice_of_cstr("GET"), .url = mf_slice_of_cstr("https://a/")};
    bool is_full = false;

    (void)event, (void)args, (void)count;
    MF_CHECK(calls->respond(host, 199, none, none, false) < 0);
    MF_CHECK(calls->respond(host, 600, none, none, false) < 0);
    MF_CHECK(calls->respond(host, 70000, none, none, false) < 0);
    MF_CHECK(calls->respond(host, 200, none, mf_slice_of("a\0b\r\n\0", 6), false) < 0);
    MF_CHECK(calls->respond(host, 200, mf_slice_of_cstr("OK\r\nx: y"), none, false) < 0);
    MF_CHECK(calls->body_write(host, MF_STREAM_RESPONSE, mf_slice_of_cstr("x"), &is_full) < 0);
    MF_CHECK(calls->body_write(host, 12345, mf_slice_of_cstr("x"), &is_full) < 0);
    MF_CHECK(calls->body_end(host, MF_STREAM_REQUEST) < 0);
    MF_CHECK(calls->body_pull(host, MF_STREAM_REQUEST) < 0); /* There is no body. */
    MF_CHECK(calls->body_pull(host, MF_STREAM_RESPONSE) < 0);
    calls->body_abort(host, 9, none);
    calls->body_cancel(host, 9);
    calls->body_cancel(host, MF_STREAM_REQUEST);
    calls->fetch_abort(host, 3);
    calls->timer_clear(host, 99);
    MF_CHECK_INT(calls->fetch(host, &fetch), MF_E_OUTBOUND_BLOCKED);
    MF_CHECK_INT(calls->respond(host, 200, none, none, false), 0);
    MF_CHECK(calls->respond(host, 200, none, none, false) < 0);
    calls->finish(host, 0, none);
    calls->finish(host, MF_E_EXCEPTION, mf_slice_of_cstr("twice"));
    return 0;
}

static int
script_no_answer(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    return fake_finish(isolate, 0, "");
}

const struct fake_script fake_scripts[] = {
    {"hello", script_hello},
    {"logs", script_logs},
    {"exceptions", script_exceptions},
    {"nothing", script_nothing},
    {"timers", script_timers},
    {"clear due", script_clear_due},
    {"many timers", script_many_timers},
    {"park", script_park},
    {"spin", script_spin},
    {"spin in turns", script_spin_in_turns},
    {"stuck", script_stuck},
    {"oom", script_oom},
    {"slow", script_slow},
    {"waits", script_waits},
    {"wrong calls", script_wrong_calls},
    {"no answer", script_no_answer},
    {NULL, NULL},
};

static int tool(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)isolate, (void)event, (void)args, (void)count;
    return 0;
}
fake_fn fake_tool = tool;

/* ---- tests ------------------------------------------------------------------------------------------------ */

static void test_hello(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    for (uint32_t number = 1; number <= 50; number++) {
        peer_start(&fake.peer, number, "hello");
        run = peer_wait_done(&fake.peer, number);
        MF_CHECK_INT(run->done.error, 0);
        MF_CHECK_INT(run->responses, 1);
        MF_CHECK_INT(run->status, 200);
        MF_CHECK_TEXT(mf_buf_peek(&run->log), "hello\n");
        MF_CHECK(run->done.cpu_ns > 0 && run->done.cpu_ns < MF_NS_PER_S);
        MF_CHECK_INT(run->done.memory_peak_bytes, 2000);
        MF_CHECK_INT(run->done.host_wait_ns, 0);
    }
    PEER_WAIT(&fake.peer, fake.peer.standby == 2);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

/* The number is free as soon as DONE can be seen. */
static void test_number_again(void)
{
    struct fake fake;

    fake_start(&fake);
    for (int i = 0; i < 200; i++) {
        peer_start(&fake.peer, 7, "hello");
        MF_CHECK_INT(peer_wait_done(&fake.peer, 7)->done.error, 0);
        peer_forget(&fake.peer, 7);
    }
    fake_stop(&fake);
}

static void test_logs(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    limits.log_bytes = 20;
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "logs");
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK(memcmp(run->log.data, "0123456789\nshort\n\n", 18) == 0);
    MF_CHECK_INT(run->logs, MF_RUN_LOG_LINES_MAX);
    MF_CHECK_INT(run->done.logs_dropped, 4); /* The long one, and three past the number of lines. */
    fake_stop(&fake);
}

static void test_exceptions(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "exceptions");
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->exceptions, MF_RUN_EXCEPTIONS_MAX);
    MF_CHECK_INT(run->done.exceptions_dropped, 5);
    MF_CHECK_INT(run->exception.line, 3);
    MF_CHECK_INT(run->exception.column, 7);
    MF_CHECK_INT(run->exception.message.size, MF_RUN_TEXT_BYTES_MAX - 1);
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    MF_CHECK_TEXT(run->done.text, "TypeError: no");
    MF_CHECK_INT(run->responses, 0);
    fake_stop(&fake);
}

static void test_hang(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "nothing");
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_HANG);
    MF_CHECK(mf_slice_starts_with(run->done.text,
                                  "The Workers runtime canceled this request because it detected"));
    /* Answered, and only a waitUntil that nobody will settle: that is no hang. */
    peer_start(&fake.peer, 2, "waits");
    run = peer_wait_done(&fake.peer, 2);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK_INT(run->status, 201);
    /* The runtime says it is done and has not answered: a bug of ours, not silence. */
    peer_start(&fake.peer, 3, "no answer");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 3)->done.error, MF_E_INTERNAL);
    fake_stop(&fake);
}

static void test_timers(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "timers");
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_TEXT(mf_buf_peek(&run->log), "2\n3\n1\n");
    MF_CHECK(run->done.host_wait_ns >=
             100 * MF_NS_PER_MS); /* Far from all: a busy machine runs the turns late. */
    MF_CHECK(run->done.cpu_ns < run->done.host_wait_ns);
    peer_start(&fake.peer, 2, "clear due");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 2)->done.error, 0);
    peer_start(&fake.peer, 3, "many timers");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 3)->done.error, 0);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

static void test_wrong_calls(void)
{
    struct fake fake;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "wrong calls");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 1)->done.error, 0);
    fake_stop(&fake);
}

static void test_unknown_main(void)
{
    struct fake fake;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "no such script");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 1)->done.error, MF_E_STARTUP);
    fake_stop(&fake);
}

static void test_cancel(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    /* Parked. */
    peer_start(&fake.peer, 1, "park");
    PEER_WAIT(&fake.peer, peer_run(&fake.peer, 1)->logs == 1);
    PEER_SEND(&fake.peer, cancel, 1, .error = MF_E_LIMIT_WALL);
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_WALL);
    MF_CHECK_TEXT(mf_buf_peek(&run->log), "parked\n");
    /* Running. */
    peer_start(&fake.peer, 2, "spin");
    PEER_WAIT(&fake.peer, peer_run(&fake.peer, 2)->logs == 1);
    PEER_SEND(&fake.peer, cancel, 2, .error = MF_E_CANCELED);
    PEER_SEND(&fake.peer, cancel, 2, .error = MF_E_LIMIT_WALL); /* The first reason wins. */
    MF_CHECK_INT(peer_wait_done(&fake.peer, 2)->done.error, MF_E_CANCELED);
    /* Its bundle is not whole. */
    {
        struct mf_msg_start limits = peer_limits();
        limits.bundle_bytes = 10;
        MF_CHECK_INT(mf_encode_start(&fake.peer.out, 3, &limits), 0);
        PEER_SEND(&fake.peer, bundle, 3, .bytes = mf_slice_of_cstr("123"));
        PEER_SEND(&fake.peer, cancel, 3, .error = MF_E_CANCELED);
        MF_CHECK_INT(peer_wait_done(&fake.peer, 3)->done.error, MF_E_CANCELED);
        PEER_SEND(&fake.peer, bundle, 3, .bytes = mf_slice_of_cstr("4567")); /* Crossed. */
    }
    /* Late, and about nobody. */
    PEER_SEND(&fake.peer, cancel, 2, .error = MF_E_CANCELED);
    PEER_SEND(&fake.peer, cancel, 99, .error = MF_E_CANCELED);
    peer_start(&fake.peer, 4, "hello");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 4)->done.error, 0);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

/* With every thread held by a hog and a canceled run still in the ready queue. */
static void test_cancel_ready(void)
{
    struct mf_executor_options options = fake_options();
    struct fake fake;

    options.threads_base = options.threads_max = 1;
    fake_start_with(&fake, options);
    peer_start(&fake.peer, 1, "spin");
    PEER_WAIT(&fake.peer, peer_run(&fake.peer, 1)->logs == 1);
    peer_start(&fake.peer, 2, "hello");
    PEER_SEND(&fake.peer, cancel, 2, .error = MF_E_CANCELED);
    MF_CHECK_INT(peer_wait_done(&fake.peer, 2)->done.error, MF_E_CANCELED);
    MF_CHECK_INT(peer_run(&fake.peer, 2)->responses, 0);
    PEER_SEND(&fake.peer, cancel, 1, .error = MF_E_CANCELED);
    peer_wait_done(&fake.peer, 1);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

static void test_cpu_limit(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    limits.cpu_ns = 30 * MF_NS_PER_MS;
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "spin");
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_CPU);
    MF_CHECK(run->done.cpu_ns >= limits.cpu_ns && run->done.cpu_ns < limits.cpu_ns + 400 * MF_NS_PER_MS);
    MF_CHECK_TEXT(mf_buf_peek(&run->log), "before\n");
    /* The sum of many turns counts, too. */
    peer_start_kind(&fake.peer, 2, limits, MF_PART_ESM, "spin in turns");
    run = peer_wait_done(&fake.peer, 2);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_CPU);
    MF_CHECK(run->done.cpu_ns >= limits.cpu_ns);
    limits.cpu_ns = 0;
    peer_start_kind(&fake.peer, 3, limits, MF_PART_ESM, "spin");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 3)->done.error, MF_E_LIMIT_CPU);
    MF_CHECK(!fake.peer.is_condemned);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

/* Native code that ignores termination: its run ends, its neighbour finishes, no new run is taken, then it is over. */
static void test_stuck(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    atomic_store(&stuck_may_end, false);
    peer_start(&fake.peer, 2, "park");
    PEER_WAIT(&fake.peer, peer_run(&fake.peer, 2)->logs == 1);
    limits.cpu_ns = 10 * MF_NS_PER_MS;
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "stuck");
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_CPU);
    MF_CHECK(run->done.cpu_ns >= MF_RUN_CPU_GRACE_MS * MF_NS_PER_MS);
    MF_CHECK_TEXT(mf_buf_peek(&run->log), "native\n");
    PEER_WAIT(&fake.peer, fake.peer.is_condemned);
    peer_start(&fake.peer, 3, "hello");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 3)->done.error, MF_E_AGAIN);
    PEER_SEND(&fake.peer, cancel, 2, .error = MF_E_CANCELED);
    peer_wait_done(&fake.peer, 2);
    MF_CHECK_INT(fake_join(&fake), 0);
    atomic_store(&stuck_may_end, true);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

static void test_oom(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "slow");
    peer_start(&fake.peer, 2, "oom");
    run = peer_wait_done(&fake.peer, 2);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_MEMORY);
    MF_CHECK_TEXT(mf_buf_peek(&run->log), "last words\n");
    MF_CHECK(fake.peer.is_condemned);
    MF_CHECK_INT(peer_wait_done(&fake.peer, 1)->done.error, 0);
    MF_CHECK_INT(fake_join(&fake), 0);
    sem_wait(&fake_parked);
    fake_stop(&fake);
    MF_CHECK_INT(atomic_load(&fake_live), 1); /* Never to be touched again. */
    atomic_store(&fake_live, 0);
}

/* Hogs hold every base thread; a short run gets a thread of its own within its patience, and threads end again. */
static void test_hogs(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;

    fake_start(&fake);
    for (uint32_t number = 1; number <= 4; number++) {
        peer_start(&fake.peer, number, "spin");
        PEER_WAIT(&fake.peer, peer_run(&fake.peer, number)->logs == 1);
    }
    limits.cpu_ns = MF_NS_PER_S;
    peer_start_kind(&fake.peer, 10, limits, MF_PART_ESM, "hello");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 10)->done.error, 0);
    for (uint32_t number = 1; number <= 4; number++) {
        PEER_SEND(&fake.peer, cancel, number, .error = MF_E_CANCELED);
        peer_wait_done(&fake.peer, number);
    }
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

/* Parked runs hold no thread: with one thread in all, 200 of them wait and others still run. */
static void test_parked_hold_no_thread(void)
{
    struct mf_executor_options options = fake_options();
    struct fake fake;

    options.threads_base = options.threads_max = 1;
    fake_start_with(&fake, options);
    for (uint32_t number = 1; number <= 200; number++) {
        peer_start(&fake.peer, number, "park");
    }
    peer_start(&fake.peer, 300, "hello");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 300)->done.error, 0);
    for (uint32_t number = 1; number <= 200; number++) {
        PEER_SEND(&fake.peer, cancel, number, .error = MF_E_CANCELED);
    }
    for (uint32_t number = 1; number <= 200; number++) {
        MF_CHECK_INT(peer_wait_done(&fake.peer, number)->done.error, MF_E_CANCELED);
    }
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

static void test_too_many(void)
{
    struct mf_executor_options options = fake_options();
    struct fake fake;

    options.runs_max = 3;
    fake_start_with(&fake, options);
    for (uint32_t number = 1; number <= 3; number++) {
        peer_start(&fake.peer, number, "park");
    }
    peer_start(&fake.peer, 4, "hello");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 4)->done.error, MF_E_AGAIN);
    for (uint32_t number = 1; number <= 3; number++) {
        PEER_SEND(&fake.peer, cancel, number, .error = MF_E_CANCELED);
        peer_wait_done(&fake.peer, number);
    }
    peer_start(&fake.peer, 5, "hello");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 5)->done.error, 0);
    fake_stop(&fake);
}

static void test_drain(void)
{
    struct fake fake;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "slow");
    PEER_SEND(&fake.peer, drain, 0, .unused = 0);
    peer_start(&fake.peer, 2, "hello");
    MF_CHECK_INT(peer_wait_done(&fake.peer, 2)->done.error, MF_E_AGAIN);
    MF_CHECK_INT(peer_wait_done(&fake.peer, 1)->done.error, 0);
    MF_CHECK_INT(fake_join(&fake), 0);
    fake_stop(&fake);
    fake_check_no_isolate_left();

    fake_start(&fake);
    PEER_SEND(&fake.peer, drain, 0, .unused = 0); /* With nothing to finish. */
    MF_CHECK_INT(fake_join(&fake), 0);
    fake_stop(&fake);
}

int main(void)
{
    MF_RUN(test_hello);
    MF_RUN(test_number_again);
    MF_RUN(test_logs);
    MF_RUN(test_exceptions);
    MF_RUN(test_hang);
    MF_RUN(test_timers);
    MF_RUN(test_wrong_calls);
    MF_RUN(test_unknown_main);
    MF_RUN(test_cancel);
    MF_RUN(test_cancel_ready);
    MF_RUN(test_cpu_limit);
    MF_RUN(test_stuck);
    MF_RUN(test_oom);
    MF_RUN(test_hogs);
    MF_RUN(test_parked_hold_no_thread);
    MF_RUN(test_too_many);
    MF_RUN(test_drain);
    return 0;
}
