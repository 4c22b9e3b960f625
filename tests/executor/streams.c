/* Bodies and fetches through the executor: windows both ways, backpressure, breaking off, and what the daemon must not do. */
#include "fake.h"

#define BIG (1u << 20)
static uint8_t big[BIG];

static int respond(struct mf_isolate *isolate)
{
    return isolate->calls->respond(isolate->host, 200, mf_slice_of_cstr("OK"), mf_slice_of("a\0b\0", 4),
                                   true);
}

static int finish(struct mf_isolate *isolate)
{
    isolate->calls->finish(isolate->host, 0, mf_slice_of(NULL, 0));
    return 0;
}

/* One write far larger than the window, then the end, at once. */
static int script_big(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    bool is_full = false;
    int error;

    (void)args, (void)count;
    MF_CHECK_INT(event, MF_EVENT_START);
    MF_CHECK_INT(respond(isolate), 0);
    MF_CHECK_INT(
        isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of(big, BIG), &is_full), 0);
    MF_CHECK(is_full);
    /* It was told to wait; when the daemon wants no more meanwhile, bytes go nowhere. */
    error = isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of(big, 1), &is_full);
    MF_CHECK(error == MF_E_INVALID || (error == 0 && !is_full));
    MF_CHECK_INT(isolate->calls->body_end(isolate->host, MF_STREAM_RESPONSE), 0);
    MF_CHECK(isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of(big, 1), &is_full) <
             0);
    return finish(isolate);
}

/* Pieces of 100 KiB, each after the last had room; says how often it had to wait. */
static int
script_pieces(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    bool is_full = false;
    char text[32];

    (void)count;
    if (event == MF_EVENT_START) {
        MF_CHECK_INT(respond(isolate), 0);
    } else if (event == MF_EVENT_BODY_STOP) {
        MF_CHECK_INT((int)args[0].as.number, MF_STREAM_RESPONSE);
        fake_log(isolate, "stopped");
        MF_CHECK_INT(
            isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of(big, 5), &is_full), 0);
        MF_CHECK(!is_full); /* As if it had gone. */
        MF_CHECK_INT(isolate->calls->body_end(isolate->host, MF_STREAM_RESPONSE), 0);
        return finish(isolate);
    } else {
        MF_CHECK_INT(event, MF_EVENT_BODY_DRAIN);
        isolate->has_body = true;
        snprintf(text, sizeof(text), "waited at %d", isolate->step);
        fake_log(isolate, text);
    }
    while (isolate->step < 10) {
        size_t at = (size_t)isolate->step++ * 102400;
        MF_CHECK_INT(isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE,
                                                mf_slice_of(big + at, 102400), &is_full),
                     0);
        if (is_full) {
            return 0;
        }
    }
    MF_CHECK_INT(isolate->calls->body_end(isolate->host, MF_STREAM_RESPONSE), 0);
    return finish(isolate);
}

static int
script_too_much(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    bool is_full = false;

    (void)event, (void)args, (void)count;
    MF_CHECK_INT(respond(isolate), 0);
    MF_CHECK_INT(
        isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of(big, 1000), &is_full), 0);
    MF_CHECK_INT(isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of(big, 1), &is_full),
                 MF_E_LIMIT_RESPONSE);
    return 0;
}

static int script_abort(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    bool is_full = false;

    (void)event, (void)args, (void)count;
    MF_CHECK_INT(respond(isolate), 0);
    MF_CHECK_INT(
        isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of(big, 10), &is_full), 0);
    isolate->calls->body_abort(isolate->host, MF_STREAM_RESPONSE, mf_slice_of_cstr("broke"));
    isolate->calls->body_abort(isolate->host, MF_STREAM_RESPONSE, mf_slice_of_cstr("again"));
    return fake_finish(isolate, MF_E_EXCEPTION, "broke");
}

/* Answers with the body that comes, byte for byte: pull, write, pull. */
static int script_echo(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    const struct mf_runtime_calls *calls = isolate->calls;
    bool is_full = false;

    (void)count;
    switch (event) {
    case MF_EVENT_START:
        MF_CHECK(args[8].as.boolean);
        MF_CHECK_INT(respond(isolate), 0);
        MF_CHECK_INT(calls->body_pull(isolate->host, MF_STREAM_REQUEST), 0);
        MF_CHECK(calls->body_pull(isolate->host, MF_STREAM_REQUEST) < 0); /* One at a time. */
        return 0;
    case MF_EVENT_BODY_DATA:
        MF_CHECK_INT(calls->body_write(isolate->host, MF_STREAM_RESPONSE, args[1].as.bytes, &is_full), 0);
        return is_full ? 0 : calls->body_pull(isolate->host, MF_STREAM_REQUEST);
    case MF_EVENT_BODY_DRAIN:
        return calls->body_pull(isolate->host, MF_STREAM_REQUEST);
    case MF_EVENT_BODY_END:
        MF_CHECK_INT(calls->body_end(isolate->host, MF_STREAM_RESPONSE), 0);
        MF_CHECK(calls->body_pull(isolate->host, MF_STREAM_REQUEST) < 0);
        return finish(isolate);
    case MF_EVENT_BODY_ERROR:
        calls->body_abort(isolate->host, MF_STREAM_RESPONSE, args[1].as.bytes);
        return fake_finish(isolate, MF_E_EXCEPTION, "the body broke off");
    default:
        MF_CHECK(!"event");
        return 0;
    }
}

/* Never reads its body; hears nothing of it. */
static int
script_cancel_body(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)args, (void)count;
    if (event == MF_EVENT_START) {
        isolate->calls->body_cancel(isolate->host, MF_STREAM_REQUEST);
        isolate->calls->body_cancel(isolate->host, MF_STREAM_REQUEST);
        return isolate->calls->timer_set(isolate->host, 1, 30);
    }
    MF_CHECK_INT(event, MF_EVENT_TIMER);
    return fake_answer(isolate);
}

static int call_fetch(struct mf_isolate *isolate, uint32_t number, bool has_body)
{
    const struct mf_runtime_fetch fetch = {
        .number = number,
        .redirect = 1,
        .method = mf_slice_of_cstr("PUT"),
        .url = mf_slice_of_cstr("https://api.example/x"),
        .headers = mf_slice_of("x\0y\0", 4),
        .has_body = has_body,
        .body_bytes = MF_RUNTIME_BODY_BYTES_UNKNOWN,
    };

    return isolate->calls->fetch(isolate->host, &fetch);
}

/* Two fetches: the first with bodies both ways, the second fails; answers when both are through. */
static int script_fetch(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    const struct mf_runtime_calls *calls = isolate->calls;
    bool is_full = false;
    char text[64];

    (void)count;
    switch (event) {
    case MF_EVENT_START:
        MF_CHECK_INT(call_fetch(isolate, 1, true), 0);
        MF_CHECK_INT(calls->body_write(isolate->host, 2, mf_slice_of_cstr("upload"), &is_full), 0);
        MF_CHECK_INT(calls->body_end(isolate->host, 2), 0);
        MF_CHECK_INT(call_fetch(isolate, 1, false), MF_E_INVALID);
        MF_CHECK(calls->body_pull(isolate->host, 3) < 0); /* No head yet. */
        MF_CHECK_INT(call_fetch(isolate, 2, false), 0);
        return 0;
    case MF_EVENT_FETCH_HEAD:
        snprintf(text, sizeof(text), "%d %.*s", (int)args[1].as.number, (int)args[2].as.bytes.size,
                 (const char *)args[2].as.bytes.data);
        fake_log(isolate, text);
        MF_CHECK_TEXT(args[4].as.bytes, "https://api.example/y");
        MF_CHECK(args[5].as.boolean && args[6].as.boolean);
        return calls->body_pull(isolate->host, 3);
    case MF_EVENT_FETCH_FAIL:
        MF_CHECK_INT((int)args[0].as.number, 2);
        calls->log(isolate->host, MF_CONSOLE_LOG, args[1].as.bytes);
        return ++isolate->step == 2 ? fake_answer(isolate) : 0;
    case MF_EVENT_BODY_DATA:
        calls->log(isolate->host, MF_CONSOLE_LOG, args[1].as.bytes);
        return calls->body_pull(isolate->host, 3);
    case MF_EVENT_BODY_END:
        MF_CHECK_INT((int)args[0].as.number, 3);
        MF_CHECK(calls->body_pull(isolate->host, 3) < 0); /* It is gone. */
        return ++isolate->step == 2 ? fake_answer(isolate) : 0;
    default:
        MF_CHECK(!"event");
        return 0;
    }
}

/* Aborts one fetch while it waits, one inside its own answer, and reaches its limit. */
static int
script_fetch_abort(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)count;
    if (event == MF_EVENT_START) {
        MF_CHECK_INT(call_fetch(isolate, 1, true), 0);
        isolate->calls->fetch_abort(isolate->host, 1);
        isolate->calls->fetch_abort(isolate->host, 1);
        MF_CHECK_INT(call_fetch(isolate, 2, true), 0);
        MF_CHECK_INT(call_fetch(isolate, 3, false), 0);
        MF_CHECK_INT(call_fetch(isolate, 4, false), MF_E_LIMIT_SUBREQUESTS);
        return 0;
    }
    MF_CHECK_INT(event, MF_EVENT_FETCH_HEAD);
    isolate->calls->fetch_abort(isolate->host, (uint32_t)args[0].as.number);
    MF_CHECK_TEXT(args[4].as.bytes, "https://api.example/y"); /* Still there. */
    return args[0].as.number == 3 ? fake_answer(isolate) : 0;
}

/* One more than may be open at once; then one whose body has a size. */
static int
script_fetch_many(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    const struct mf_runtime_calls *calls = isolate->calls;
    struct mf_runtime_fetch fetch = {.number = 1,
                                     .method = mf_slice_of_cstr("PUT"),
                                     .url = mf_slice_of_cstr("https://a/"),
                                     .has_body = true,
                                     .body_bytes = 4};
    bool is_full = false;

    (void)count;
    if (event == MF_EVENT_START) {
        fetch.is_again = true;
        MF_CHECK_INT(calls->fetch(isolate->host, &fetch), MF_E_INVALID); /* None waits. */
        for (uint32_t i = 1; i <= MF_RUN_FETCHES_OPEN_MAX; i++) {
            MF_CHECK_INT(call_fetch(isolate, i, false), 0);
        }
        fetch.number = MF_RUN_FETCHES_OPEN_MAX + 1;
        MF_CHECK_INT(calls->fetch(isolate->host, &fetch), MF_E_INVALID);
        fetch.is_again = false;
        MF_CHECK_INT(calls->fetch(isolate->host, &fetch), MF_RUNTIME_FETCH_LATER);
        return 0;
    }
    MF_CHECK_INT(event, MF_EVENT_FETCH_FAIL);
    MF_CHECK_INT(args[0].as.number, 1);
    MF_CHECK_INT(args[2].as.boolean, true);
    fetch.number = MF_RUN_FETCHES_OPEN_MAX + 1;
    fetch.is_again = true;
    MF_CHECK_INT(calls->fetch(isolate->host, &fetch), 0);
    MF_CHECK_INT(calls->body_write(isolate->host, 2 * fetch.number, mf_slice_of_cstr("five!"), &is_full),
                 MF_E_INVALID);
    MF_CHECK_INT(calls->body_write(isolate->host, 2 * fetch.number, mf_slice_of_cstr("thr"), &is_full), 0);
    MF_CHECK_INT(calls->body_end(isolate->host, 2 * fetch.number), MF_E_INVALID);
    MF_CHECK_INT(calls->body_write(isolate->host, 2 * fetch.number, mf_slice_of_cstr("e"), &is_full), 0);
    MF_CHECK_INT(calls->body_end(isolate->host, 2 * fetch.number), 0);
    return fake_answer(isolate);
}

/* Reads none of its answers' bodies. */
static int
script_fetch_unread(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)args, (void)count;
    if (event == MF_EVENT_START) {
        for (uint32_t i = 1; i <= MF_RUN_FETCHES_OPEN_MAX; i++) {
            MF_CHECK_INT(call_fetch(isolate, i, false), 0);
        }
        return isolate->calls->timer_set(isolate->host, 1, 3600000);
    }
    MF_CHECK_INT(event, MF_EVENT_FETCH_HEAD);
    return 0;
}

/* Returns what its fetch got; hears of the end only. */
static int script_copy(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    const struct mf_runtime_calls *calls = isolate->calls;
    bool is_full = false;

    (void)count;
    switch (event) {
    case MF_EVENT_START:
        MF_CHECK_INT(call_fetch(isolate, 1, false), 0);
        MF_CHECK_INT(calls->body_copy(isolate->host, 3, MF_STREAM_RESPONSE), 0); /* Nothing to copy to. */
        return 0;
    case MF_EVENT_FETCH_HEAD:
        MF_CHECK_INT(calls->respond(isolate->host, 200, mf_slice_of_cstr("OK"), mf_slice_of(NULL, 0), true),
                     0);
        MF_CHECK_INT(calls->body_copy(isolate->host, MF_STREAM_REQUEST, MF_STREAM_RESPONSE), 0);
        MF_CHECK_INT(calls->body_copy(isolate->host, 5, MF_STREAM_RESPONSE), 0);
        MF_CHECK_INT(calls->body_copy(isolate->host, 3, 2), 0);
        MF_CHECK_INT(calls->body_copy(isolate->host, 3, MF_STREAM_RESPONSE), 1);
        MF_CHECK_INT(calls->body_copy(isolate->host, 3, MF_STREAM_RESPONSE), 0);
        MF_CHECK(calls->body_pull(isolate->host, 3) < 0);
        MF_CHECK_INT(calls->body_write(isolate->host, MF_STREAM_RESPONSE, mf_slice_of_cstr("mine"), &is_full),
                     MF_E_INVALID);
        return 0;
    case MF_EVENT_BODY_END:
        MF_CHECK_INT((int)args[0].as.number, 3);
        MF_CHECK_INT(calls->body_end(isolate->host, MF_STREAM_RESPONSE), 0);
        calls->finish(isolate->host, 0, mf_slice_of(NULL, 0));
        return 0;
    case MF_EVENT_BODY_ERROR:
        calls->body_abort(isolate->host, MF_STREAM_RESPONSE, args[1].as.bytes);
        calls->finish(isolate->host, MF_E_EXCEPTION, args[1].as.bytes);
        return 0;
    case MF_EVENT_BODY_STOP:
        calls->body_cancel(isolate->host, 3);
        calls->finish(isolate->host, 0, mf_slice_of(NULL, 0));
        return 0;
    default:
        MF_CHECK(!"event");
        return 0;
    }
}

static int script_park(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    return isolate->calls->timer_set(isolate->host, 1, 3600000);
}

const struct fake_script fake_scripts[] = {
    {"big", script_big},
    {"pieces", script_pieces},
    {"too much", script_too_much},
    {"abort", script_abort},
    {"echo", script_echo},
    {"cancel body", script_cancel_body},
    {"fetch", script_fetch},
    {"fetch abort", script_fetch_abort},
    {"fetch many", script_fetch_many},
    {"fetch unread", script_fetch_unread},
    {"copy", script_copy},
    {"park", script_park},
    {NULL, NULL},
};

static int tool(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)isolate, (void)event, (void)args, (void)count;
    return 0;
}
fake_fn fake_tool = tool;

/* ---- the response -------------------------------------------------------------------------------------- */

static void test_big_response(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    run = peer_run(&fake.peer, 1);
    run->holds_credit = true;
    peer_start(&fake.peer, 1, "big");
    PEER_WAIT(&fake.peer, run->body.size == MF_STREAM_WINDOW_BYTES); /* Not a byte more without credit. */
    /* The script is gone, its isolate too; what it wrote waits. */
    PEER_SEND(&fake.peer, stream_credit, 1, .stream = MF_STREAM_RESPONSE, .bytes = 1000);
    mf_window_init(&run->window);
    PEER_WAIT(&fake.peer, run->body.size == MF_STREAM_WINDOW_BYTES + 1000);
    MF_CHECK_INT(run->dones, 0);
    run->holds_credit = false;
    PEER_SEND(&fake.peer, stream_credit, 1, .stream = MF_STREAM_RESPONSE,
              .bytes = MF_STREAM_WINDOW_BYTES - 1000);
    PEER_SEND(&fake.peer, stream_credit, 1, .stream = MF_STREAM_RESPONSE, .bytes = 1000);
    mf_window_init(&run->window);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK(run->body_ended && !run->body_aborted);
    /* The script's second write is one byte, which is taken when the first credit came before it. */
    MF_CHECK(run->body.size == BIG || run->body.size == BIG + 1);
    MF_CHECK(memcmp(mf_buf_peek(&run->body).data, big, BIG) == 0);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

static void test_pieces(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    run = peer_run(&fake.peer, 1);
    peer_start(&fake.peer, 1, "pieces");
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&run->body), mf_slice_of(big, 1024000)));
    MF_CHECK(run->logs >= 1); /* It had to wait: 1,024,000 bytes through a window of 262,144. */
    fake_stop(&fake);
}

static void test_stop_response(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    run = peer_run(&fake.peer, 1);
    run->holds_credit = true;
    peer_start(&fake.peer, 1, "pieces");
    PEER_WAIT(&fake.peer, run->body.size == MF_STREAM_WINDOW_BYTES);
    PEER_SEND(&fake.peer, stream_stop, 1, .stream = MF_STREAM_RESPONSE);
    run->response_stopped = true;
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK_TEXT(mf_buf_peek(&run->log), "stopped\n");
    MF_CHECK(!run->body_ended && !run->body_aborted); /* Nothing further is said on it. */
    /* While only the rest of a finished script's bytes waits. */
    run = peer_run(&fake.peer, 2);
    run->holds_credit = true;
    peer_start(&fake.peer, 2, "big");
    PEER_WAIT(&fake.peer, run->body.size == MF_STREAM_WINDOW_BYTES);
    PEER_SEND(&fake.peer, stream_stop, 2, .stream = MF_STREAM_RESPONSE);
    run->response_stopped = true;
    MF_CHECK_INT(peer_wait_done(&fake.peer, 2)->done.error, 0);
    MF_CHECK_INT(run->body.size, MF_STREAM_WINDOW_BYTES);
    fake_stop(&fake);
}

static void test_cancel_while_flushing(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    run = peer_run(&fake.peer, 1);
    run->holds_credit = true;
    peer_start(&fake.peer, 1, "big");
    PEER_WAIT(&fake.peer, run->body.size == MF_STREAM_WINDOW_BYTES);
    PEER_SEND(&fake.peer, cancel, 1, .error = MF_E_LIMIT_WALL);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_WALL);
    MF_CHECK(run->body_aborted);
    MF_CHECK_INT(run->abort_error, MF_E_LIMIT_WALL);
    fake_stop(&fake);
}

static void test_response_limit(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    limits.response_bytes = 1000;
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "too much");
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_RESPONSE);
    MF_CHECK_INT(run->abort_error, MF_E_LIMIT_RESPONSE);
    MF_CHECK_INT(run->body.size, 1000);
    peer_start(&fake.peer, 2, "abort");
    run = peer_wait_done(&fake.peer, 2);
    MF_CHECK_INT(run->abort_error, MF_E_EXCEPTION);
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    fake_stop(&fake);
}

/* ---- the request ------------------------------------------------------------------------------------------ */

static struct mf_msg_start with_body(void)
{
    struct mf_msg_start limits = peer_limits();

    limits.flags = MF_START_HAS_BODY;
    return limits;
}

/* Two MiB through both windows, sent as credit allows. */
static void test_echo(void)
{
    struct fake fake;
    struct peer_run *run;
    size_t sent = 0;

    fake_start(&fake);
    run = peer_run(&fake.peer, 1);
    peer_start_kind(&fake.peer, 1, with_body(), MF_PART_ESM, "echo");
    while (sent < BIG) {
        size_t room = MF_STREAM_WINDOW_BYTES + run->request_credit - sent;
        size_t size = BIG - sent < 50000 ? BIG - sent : 50000;
        if (room < size) {
            uint32_t before = run->request_credit;
            PEER_WAIT(&fake.peer, run->request_credit != before);
            continue;
        }
        PEER_SEND(&fake.peer, stream_data, 1, .stream = MF_STREAM_REQUEST,
                  .bytes = mf_slice_of(big + sent, size));
        sent += size;
    }
    PEER_SEND(&fake.peer, stream_end, 1, .stream = MF_STREAM_REQUEST);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&run->body), mf_slice_of(big, BIG)));
    fake_stop(&fake);
}

/* All of the body before the script looks; an empty body; one that breaks off. */
static void test_body_early(void)
{
    struct mf_msg_start limits = with_body();
    struct mf_buf bundle;
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    mf_buf_init(&bundle, 4096);
    peer_bundle(&bundle, MF_PART_ESM, "main.js", mf_slice_of_cstr("echo"));
    limits.bundle_bytes = bundle.size;
    MF_CHECK_INT(mf_encode_start(&fake.peer.out, 1, &limits), 0);
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 0, .bytes = mf_slice_of_cstr("early"));
    PEER_SEND(&fake.peer, stream_end, 1, .stream = 0);
    PEER_SEND(&fake.peer, bundle, 1, .bytes = mf_buf_peek(&bundle));
    run = peer_wait_done(&fake.peer, 1);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "early");
    mf_buf_done(&bundle);

    peer_start_kind(&fake.peer, 2, with_body(), MF_PART_ESM, "echo");
    PEER_SEND(&fake.peer, stream_end, 2, .stream = 0);
    run = peer_wait_done(&fake.peer, 2);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK_INT(run->body.size, 0);

    peer_start_kind(&fake.peer, 3, with_body(), MF_PART_ESM, "echo");
    PEER_SEND(&fake.peer, stream_data, 3, .stream = 0, .bytes = mf_slice_of_cstr("half"));
    PEER_SEND(&fake.peer, stream_abort, 3, .stream = 0, .error = MF_E_HTTP_TIMEOUT);
    run = peer_wait_done(&fake.peer, 3);
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    MF_CHECK(run->body_aborted);
    fake_stop(&fake);
}

static void test_cancel_body(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    run = peer_run(&fake.peer, 1);
    peer_start_kind(&fake.peer, 1, with_body(), MF_PART_ESM, "cancel body");
    PEER_WAIT(&fake.peer, run->request_stopped);
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 0, .bytes = mf_slice_of(big, 60000)); /* Crossed. */
    PEER_SEND(&fake.peer, stream_end, 1, .stream = 0);
    MF_CHECK_INT(peer_wait_done(&fake.peer, 1)->done.error, 0);
    MF_CHECK_INT(run->request_credit, 0);
    fake_stop(&fake);
}

/* ---- fetch ---------------------------------------------------------------------------------------------- */

static void answer_fetch(struct peer *peer, uint32_t run, uint32_t number, bool has_body)
{
    PEER_SEND(peer, fetch_head, run, .fetch = number, .status = 299, .has_body = has_body, .redirected = 1,
              .status_text = mf_slice_of_cstr("Fine"), .url = mf_slice_of_cstr("https://api.example/y"),
              .headers = mf_slice_of("h\0v\0", 4));
}

static void test_fetch(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    limits.flags = MF_START_FETCH_ALLOWED;
    run = peer_run(&fake.peer, 1);
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "fetch");
    PEER_WAIT(&fake.peer, run->fetches == 2 && run->stream_ends == 1);
    MF_CHECK_TEXT(mf_buf_peek(&run->upload), "upload");
    MF_CHECK_TEXT(run->fetch.method, "PUT");
    MF_CHECK_TEXT(run->fetch.url, "https://api.example/x");
    answer_fetch(&fake.peer, 1, 1, true);
    PEER_WAIT(&fake.peer, run->logs == 1);
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of_cstr("down"));
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of_cstr("load"));
    PEER_SEND(&fake.peer, stream_end, 1, .stream = 3);
    PEER_SEND(&fake.peer, fetch_fail, 1, .fetch = 2, .error = MF_E_OUTBOUND_BLOCKED,
              .text = mf_slice_of_cstr("no"));
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK_INT(run->done.subrequests, 2);
    MF_CHECK(mf_slice_starts_with(mf_buf_peek(&run->log), "299 Fine\n"));
    fake_stop(&fake);
}

static struct peer_run *start_copy(struct fake *fake)
{
    struct mf_msg_start limits = peer_limits();
    struct peer_run *run;

    fake_start(fake);
    limits.flags = MF_START_FETCH_ALLOWED;
    run = peer_run(&fake->peer, 1);
    peer_start_kind(&fake->peer, 1, limits, MF_PART_ESM, "copy");
    PEER_WAIT(&fake->peer, run->fetches == 1);
    return run;
}

/* The answer had ended when the script returned it: nothing to splice. */
static void test_copy_whole(void)
{
    struct fake fake;
    struct peer_run *run = start_copy(&fake);

    answer_fetch(&fake.peer, 1, 1, true);
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of_cstr("all"));
    PEER_SEND(&fake.peer, stream_end, 1, .stream = 3);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "all");
    MF_CHECK(run->body_ended && run->splice_rests == 0);
    fake_stop(&fake);
}

/* What came before SPLICED goes on, what does not come is not missed. */
static void test_copy_spliced(void)
{
    struct fake fake;
    struct peer_run *run = start_copy(&fake);

    answer_fetch(&fake.peer, 1, 1, true);
    PEER_WAIT(&fake.peer, run->splices == 1);
    MF_CHECK_INT(run->spliced_fetch, 1);
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of_cstr("be"));
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of_cstr("fore"));
    PEER_SEND(&fake.peer, spliced, 1, .fetch = 1);
    PEER_WAIT(&fake.peer, run->splice_rests == 1);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "before");
    PEER_SEND(&fake.peer, stream_end, 1, .stream = 3);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK(!run->body_ended && !run->body_aborted); /* The daemon said it. */
    fake_stop(&fake);
}

/* SPLICE_REST waits for the last byte to leave. */
static void test_copy_waits_for_credit(void)
{
    static const uint8_t bytes[MF_STREAM_CHUNK_BYTES_MAX];
    struct fake fake;
    struct peer_run *run = start_copy(&fake);

    run->holds_credit = true;
    answer_fetch(&fake.peer, 1, 1, true);
    for (size_t sent = 0; sent < MF_STREAM_WINDOW_BYTES; sent += sizeof bytes) {
        PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of(bytes, sizeof bytes));
    }
    PEER_WAIT(&fake.peer, run->body.size == MF_STREAM_WINDOW_BYTES);
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of(bytes, 1000));
    PEER_SEND(&fake.peer, spliced, 1, .fetch = 1);
    PEER_SEND(&fake.peer, stream_credit, 1, .stream = MF_STREAM_RESPONSE, .bytes = 999);
    mf_window_init(&run->window);
    PEER_WAIT(&fake.peer, run->body.size == MF_STREAM_WINDOW_BYTES + 999);
    MF_CHECK_INT(run->splice_rests, 0);
    PEER_SEND(&fake.peer, stream_credit, 1, .stream = MF_STREAM_RESPONSE, .bytes = 1);
    PEER_WAIT(&fake.peer, run->splice_rests == 1);
    MF_CHECK_INT(run->body.size, MF_STREAM_WINDOW_BYTES + 1000);
    PEER_SEND(&fake.peer, stream_abort, 1, .stream = 3, .error = MF_E_CLOSED,
              .text = mf_slice_of_cstr("lost"));
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    MF_CHECK_TEXT(run->done.text, "lost");
    MF_CHECK(!run->body_aborted);
    fake_stop(&fake);
}

/* The reader leaves: the fetch is told. */
static void test_copy_stopped(void)
{
    struct fake fake;
    struct peer_run *run = start_copy(&fake);

    answer_fetch(&fake.peer, 1, 1, true);
    PEER_WAIT(&fake.peer, run->splices == 1);
    PEER_SEND(&fake.peer, spliced, 1, .fetch = 1);
    PEER_WAIT(&fake.peer, run->splice_rests == 1);
    run->response_stopped = true;
    PEER_SEND(&fake.peer, stream_stop, 1, .stream = MF_STREAM_RESPONSE);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK(run->request_stopped);
    fake_stop(&fake);
}

static void test_fetch_many(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    limits.flags = MF_START_FETCH_ALLOWED;
    limits.subrequests = 1000;
    run = peer_run(&fake.peer, 1);
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "fetch many");
    PEER_WAIT(&fake.peer, run->fetches == MF_RUN_FETCHES_OPEN_MAX);
    PEER_SEND(&fake.peer, fetch_fail, 1, .fetch = 1, .error = MF_E_CLOSED);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK_INT(run->done.subrequests, MF_RUN_FETCHES_OPEN_MAX + 1);
    MF_CHECK_INT(run->fetches, MF_RUN_FETCHES_OPEN_MAX + 1);
    MF_CHECK_TEXT(mf_buf_peek(&run->upload), "thre");
    fake_stop(&fake);
}

/* A window of bytes that nobody reads for each fetch is more than the run may have. */
static void test_fetch_unread(void)
{
    static const uint8_t bytes[MF_STREAM_CHUNK_BYTES_MAX];
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    limits.flags = MF_START_FETCH_ALLOWED;
    limits.subrequests = 1000;
    limits.memory_bytes = (uint64_t)MF_RUN_FETCHES_OPEN_MAX * MF_STREAM_WINDOW_BYTES / 2;
    run = peer_run(&fake.peer, 1);
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "fetch unread");
    PEER_WAIT(&fake.peer, run->fetches == MF_RUN_FETCHES_OPEN_MAX);
    for (uint32_t i = 1; i <= MF_RUN_FETCHES_OPEN_MAX && run->dones == 0; i++) {
        answer_fetch(&fake.peer, 1, i, true);
        for (size_t sent = 0; sent < MF_STREAM_WINDOW_BYTES; sent += sizeof bytes) {
            PEER_SEND(&fake.peer, stream_data, 1, .stream = 2 * i + 1,
                      .bytes = mf_slice_of(bytes, sizeof bytes));
        }
    }
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_MEMORY);
    fake_stop(&fake);
}

static void test_fetch_abort(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    limits.flags = MF_START_FETCH_ALLOWED;
    limits.subrequests = 3;
    run = peer_run(&fake.peer, 1);
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "fetch abort");
    PEER_WAIT(&fake.peer, run->fetches == 3 && run->fetch_aborts == 1);
    answer_fetch(&fake.peer, 1, 1, true); /* Crossed its abort. */
    PEER_SEND(&fake.peer, stream_data, 1, .stream = 3, .bytes = mf_slice_of_cstr("late"));
    PEER_SEND(&fake.peer, stream_credit, 1, .stream = 2, .bytes = 10);
    PEER_SEND(&fake.peer, stream_stop, 1, .stream = 2);
    answer_fetch(&fake.peer, 1, 2, true);
    answer_fetch(&fake.peer, 1, 3, false);
    MF_CHECK_INT(peer_wait_done(&fake.peer, 1)->done.error, 0);
    MF_CHECK_INT(run->fetch_aborts, 2); /* The third was through when the script heard of it. */
    fake_stop(&fake);
}

/* ---- a daemon that is wrong --------------------------------------------------------------------------------- */

/* Starts a run that parks, sends |send|'s frames: the executor must leave. */
static void check_refused(uint32_t flags, void (*send)(struct peer *peer))
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;

    fake_start(&fake);
    limits.flags = flags;
    peer_start_kind(&fake.peer, 1, limits, MF_PART_ESM, "park");
    send(&fake.peer);
    MF_CHECK_INT(fake_join(&fake), MF_E_WIRE);
    /* What main() does is _exit; here the run has to go. */
    {
        struct mf_session *session = mf_runs_find(&mf_the_executor.runs, 1);
        struct mf_frame frame = {
            .type = MF_MESSAGE_CANCEL, .run = 1, .payload = mf_slice_of("\xff\xff\xff\xff", 4)};
        MF_CHECK(session != NULL);
        MF_CHECK_INT(mf_session_on_frame(session, &frame), 0);
        mf_session_unref(session);
    }
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

static void send_no_frame(struct peer *peer)
{
    MF_CHECK_INT(mf_buf_append(&peer->out, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12), 0);
    peer_flush(peer);
}

static void send_ours(struct peer *peer)
{
    PEER_SEND(peer, done, 1, .error = 0);
}

static void send_same_start(struct peer *peer)
{
    peer_start(peer, 1, "park");
}

static void send_start_of_zero(struct peer *peer)
{
    peer_start(peer, 0, "park");
}

static void send_start_without_bundle(struct peer *peer)
{
    struct mf_msg_start limits = peer_limits();

    MF_CHECK_INT(mf_encode_start(&peer->out, 2, &limits), 0);
    peer_flush(peer);
}

static void send_start_of_huge_bundle(struct peer *peer)
{
    struct mf_msg_start limits = peer_limits();

    limits.bundle_bytes = (uint64_t)MF_BUNDLE_BYTES_MAX + 1;
    MF_CHECK_INT(mf_encode_start(&peer->out, 2, &limits), 0);
    peer_flush(peer);
}

static void send_unknown_flags(struct peer *peer)
{
    struct mf_msg_start limits = peer_limits();

    limits.flags = 0x80000000u;
    peer_start_kind(peer, 2, limits, MF_PART_ESM, "park");
}

static void send_more_bundle(struct peer *peer)
{
    PEER_SEND(peer, bundle, 1, .bytes = mf_slice_of_cstr("x"));
}

static void send_data_without_body(struct peer *peer)
{
    PEER_SEND(peer, stream_data, 1, .stream = 0, .bytes = mf_slice_of_cstr("x"));
}

static void send_data_past_window(struct peer *peer)
{
    for (int i = 0; i < 6; i++) {
        PEER_SEND(peer, stream_data, 1, .stream = 0, .bytes = mf_slice_of(big, 60000));
    }
}

static void send_data_after_end(struct peer *peer)
{
    PEER_SEND(peer, stream_end, 1, .stream = 0);
    PEER_SEND(peer, stream_data, 1, .stream = 0, .bytes = mf_slice_of_cstr("x"));
}

static void send_empty_data(struct peer *peer)
{
    PEER_SEND(peer, stream_data, 1, .stream = 0, .bytes = mf_slice_of(NULL, 0));
}

static void send_credit_never_used(struct peer *peer)
{
    PEER_SEND(peer, stream_credit, 1, .stream = 1, .bytes = 1);
}

static void send_unknown_stream(struct peer *peer)
{
    PEER_SEND(peer, stream_end, 1, .stream = 5);
}

static void send_unknown_fetch(struct peer *peer)
{
    answer_fetch(peer, 1, 1, false);
}

static void send_cancel_without_error(struct peer *peer)
{
    PEER_SEND(peer, cancel, 1, .error = 0);
}

static void send_spliced_unasked(struct peer *peer)
{
    PEER_SEND(peer, spliced, 1, .fetch = 1);
}

static void test_wrong_daemon(void)
{
    check_refused(0, send_no_frame);
    check_refused(0, send_ours);
    check_refused(0, send_same_start);
    check_refused(0, send_start_of_zero);
    check_refused(0, send_start_without_bundle);
    check_refused(0, send_start_of_huge_bundle);
    check_refused(0, send_unknown_flags);
    check_refused(0, send_more_bundle);
    check_refused(0, send_data_without_body);
    check_refused(MF_START_HAS_BODY, send_data_past_window);
    check_refused(MF_START_HAS_BODY, send_data_after_end);
    check_refused(MF_START_HAS_BODY, send_empty_data);
    check_refused(0, send_credit_never_used);
    check_refused(0, send_unknown_stream);
    check_refused(MF_START_FETCH_ALLOWED, send_unknown_fetch);
    check_refused(0, send_cancel_without_error);
    check_refused(MF_START_FETCH_ALLOWED, send_spliced_unasked);
}

int main(void)
{
    for (size_t i = 0; i < BIG; i++) {
        big[i] = (uint8_t)(i * 7 + i / 251);
    }
    MF_RUN(test_big_response);
    MF_RUN(test_pieces);
    MF_RUN(test_stop_response);
    MF_RUN(test_cancel_while_flushing);
    MF_RUN(test_response_limit);
    MF_RUN(test_echo);
    MF_RUN(test_body_early);
    MF_RUN(test_cancel_body);
    MF_RUN(test_fetch);
    MF_RUN(test_copy_whole);
    MF_RUN(test_copy_spliced);
    MF_RUN(test_copy_waits_for_credit);
    MF_RUN(test_copy_stopped);
    MF_RUN(test_fetch_abort);
    MF_RUN(test_fetch_many);
    MF_RUN(test_fetch_unread);
    MF_RUN(test_wrong_daemon);
    return 0;
}
