/* Executors that say anything at any time, and owners that do anything in any callback: whatever happens, each run is
 * done exactly once, nothing leaks or is used after its end (ASan), and the next run is served. */
#include "pool_harness.h"

#define ROUNDS 60
#define RUNS 8
#define STEPS 40

static uint64_t chaos_state;

static uint32_t chaos(uint32_t below)
{
    chaos_state = chaos_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(chaos_state >> 33) % below;
}

/* ---- the executor ---------------------------------------------------------------------------- */

static int chaos_error(void)
{
    static const int errors[] = {0, MF_E_EXCEPTION, MF_E_LIMIT_CPU, MF_E_AGAIN, MF_E_CANCELED, MF_E_CONFIG,
                                 5};
    return errors[chaos(MF_COUNT_OF(errors))];
}

/* Mostly as it should be: what is forbidden at once ends the executor before anything deep is reached. */
static void chaos_stream(const struct fake_run *run, bool *is_open)
{
    static uint8_t bytes[MF_STREAM_CHUNK_BYTES_MAX];
    uint32_t stream = chaos(10) == 0 ? chaos(10) : MF_STREAM_RESPONSE;
    if (!*is_open && chaos(30) != 0) {
        return;
    }
    switch (chaos(12)) {
    case 0:
        FAKE_SAY(stream_end, run->number, .stream = stream);
        *is_open = false;
        break;
    case 1:
        FAKE_SAY(stream_abort, run->number, .stream = stream, .error = MF_E_EXCEPTION,
                 .text = FAKE_TEXT("broke"));
        *is_open = false;
        break;
    case 2:
        if (run->flags & MF_START_HAS_BODY) {
            FAKE_SAY(stream_stop, run->number, .stream = MF_STREAM_REQUEST);
        }
        break;
    default:
        FAKE_SAY(stream_data, run->number, .stream = stream, .bytes = mf_slice_of(bytes, 1 + chaos(20000)));
    }
}

static void chaos_word(const struct fake_run *run)
{
    switch (chaos(40)) {
    case 0:
        FAKE_SAY(status, 0, .standby = chaos(9), .is_condemned = 1);
        break;
    case 1:
        FAKE_SAY(log, run->number + chaos(3), .text = FAKE_TEXT("x"));
        break;
    case 2:
        FAKE_SAY(fetch, run->number, .fetch = 1 + chaos(4), .has_body = chaos(2) == 0,
                 .body_bytes = MF_BODY_BYTES_UNKNOWN, .method = FAKE_TEXT("GET"),
                 .url = FAKE_TEXT("https://a/"));
        break;
    case 3:
        FAKE_SAY(fetch_abort, run->number, .fetch = 1 + chaos(4));
        break;
    case 4:
        FAKE_SAY(exception, run->number, .name = FAKE_TEXT("Error"));
        break;
    case 5:
        mf_ignore((int)write(2, "noise", chaos(6)));
        break;
    case 7:
        FAKE_SAY(splice, run->number, .fetch = 1 + chaos(2));
        break;
    case 8:
        FAKE_SAY(splice_rest, run->number, .fetch = 1 + chaos(2));
        break;
    case 6:
        if (chaos(4) == 0) {
            _exit((int)chaos(3));
        }
        break;
    default:
        FAKE_SAY(log, run->number, .text = FAKE_TEXT("x"));
    }
}

/* In the right order, so that more than attacks is reached. */
static void chaos_splice(const struct fake_run *run)
{
    FAKE_SAY(fetch, run->number, .fetch = 1, .method = FAKE_TEXT("GET"), .url = FAKE_TEXT("https://a/"));
    usleep(chaos(3000));
    fake_respond((struct fake_run *)(uintptr_t)run, true);
    FAKE_SAY(splice, run->number, .fetch = 1);
    usleep(chaos(3000));
    if (chaos(4) != 0) {
        FAKE_SAY(splice_rest, run->number, .fetch = 1);
    }
    switch (chaos(4)) {
    case 0:
        FAKE_SAY(fetch_abort, run->number, .fetch = 1);
        break;
    case 1:
        FAKE_SAY(stream_stop, run->number, .stream = 3);
        break;
    case 2:
        FAKE_SAY(stream_abort, run->number, .stream = MF_STREAM_RESPONSE, .error = MF_E_EXCEPTION);
        break;
    default:
        usleep(chaos(3000));
    }
}

/* Called for each run when its bundle is whole. */
static void chaos_run(struct fake_run *run)
{
    bool has_response = false;
    bool is_open = false;
    chaos_state = fake_argument(run);
    if (chaos(4) == 0 && (run->flags & MF_START_FETCH_ALLOWED)) {
        chaos_splice(run);
        fake_done(run, MF_E_EXCEPTION, "end");
        return;
    }
    for (uint32_t i = chaos(STEPS); i > 0; i--) {
        if (chaos(4) == 0) {
            chaos_word(run);
        } else if (has_response) {
            chaos_stream(run, &is_open);
        } else {
            is_open = chaos(3) != 0;
            has_response = true;
            fake_respond(run, is_open);
        }
    }
    if (chaos(3) != 0) {
        fake_done(run, chaos_error(), "end");
    }
}

/* ---- the owner -------------------------------------------------------------------------------- */

static void act(struct mf_run *run)
{
    static const uint8_t bytes[100000];
    switch (chaos(12)) {
    case 0:
        mf_run_cancel(run, MF_E_CANCELED);
        break;
    case 1:
        mf_run_stop_body(run);
        break;
    case 2:
        mf_ignore((int)mf_run_write(run, mf_slice_of(bytes, chaos(sizeof bytes))));
        break;
    case 3:
        mf_run_end_request(run);
        break;
    case 4:
        mf_run_abort_request(run, MF_E_HTTP_TIMEOUT);
        break;
    case 5:
        mf_run_fetch_fail(run, chaos(4), MF_E_OUTBOUND_BLOCKED, mf_slice_of(NULL, 0));
        break;
    default:
        break;
    }
}

static void chaos_on_log(struct mf_run *run, void *user, const struct mf_msg_log *log)
{
    (void)user;
    (void)log;
    act(run);
}

static void chaos_on_response(struct mf_run *run, void *user, const struct mf_msg_response *response)
{
    (void)user;
    (void)response;
    act(run);
}

static void chaos_on_body(struct mf_run *run, void *user, struct mf_slice bytes)
{
    (void)user;
    act(run);
    if (chaos(3) != 0) {
        mf_run_body_consumed(run, bytes.size);
    }
}

static void chaos_on_end(struct mf_run *run, void *user)
{
    (void)user;
    act(run);
}

static void feed(struct mf_run *run, uint32_t fetch)
{
    static const uint8_t bytes[100000];
    for (uint32_t i = chaos(4); i > 0; i--) {
        mf_ignore((int)mf_run_fetch_write(run, fetch, mf_slice_of(bytes, chaos(sizeof bytes))));
    }
    if (chaos(4) == 0) {
        mf_run_fetch_end(run, fetch);
    } else if (chaos(8) == 0) {
        mf_run_fetch_abort(run, fetch, MF_E_CLOSED, mf_slice_of_cstr("gone"));
    }
}

static void chaos_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    struct mf_msg_fetch_head head = {
        .fetch = fetch->fetch, .status = 200, .has_body = 1, .url = mf_slice_of_cstr("https://a/")};
    (void)user;
    if (chaos(4) != 0) {
        MF_CHECK_INT(mf_run_fetch_head(run, &head), 0);
        feed(run, fetch->fetch);
    }
    act(run);
}

static void chaos_on_fetch_credit(struct mf_run *run, void *user, uint32_t fetch)
{
    (void)user;
    feed(run, fetch);
    act(run);
}

static void chaos_on_done(struct mf_run *run, void *user, const struct mf_run_result *result)
{
    struct probe *probe = user;
    (void)result;
    probe->dones++;
    MF_CHECK_INT(probe->dones, 1);
    act(run); /* Too late for all of it. */
}

static const struct mf_run_events chaos_events = {
    .on_log = chaos_on_log,
    .on_response = chaos_on_response,
    .on_body = chaos_on_body,
    .on_body_end = chaos_on_end,
    .on_request_credit = chaos_on_end,
    .on_request_stop = chaos_on_end,
    .on_fetch = chaos_on_fetch,
    .on_fetch_credit = chaos_on_fetch_credit,
    .on_done = chaos_on_done,
};

static void one_round(uint64_t seed)
{
    struct probe probes[RUNS] = {{0}};
    struct probe after = {0};
    for (uint32_t i = 0; i < RUNS; i++) {
        char verb[40];
        struct mf_run_spec limits = {.flags = (i % 2 ? MF_START_HAS_BODY : 0u) |
                                              (i % 3 ? MF_START_FETCH_ALLOWED : 0u),
                                     .subrequests = 3,
                                     .wall_ns = 150 * MF_NS_PER_MS};
        (void)snprintf(verb, sizeof verb, "chaos %llu", (unsigned long long)(seed * RUNS + i));
        probes[i].events = chaos_events;
        MF_CHECK_INT(probe_try(&probes[i], verb, i == 0 ? 500000 : 0, limits), 0);
    }
    chaos_state = seed;
    for (uint32_t i = 0; i < RUNS; i++) {
        WAIT_FOR(probes[i].dones == 1);
        probe_free(&probes[i]);
    }
    probe_whole(&after, "ok");
    MF_CHECK(after.result.error == 0 || after.result.error == MF_E_EXECUTOR_LOST ||
             after.result.error == MF_E_EXECUTOR_PROTOCOL);
    probe_free(&after);
}

static void every_run_is_done_once(void)
{
    pool_open(2, "");
    pool->times.cancel_grace_ms = 100;
    pool->times.stuck_ms = 100;
    pool->times.drain_ms = 200;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        one_round(seed);
    }
    MF_CHECK(state_now().attacks > 0);
    MF_CHECK_INT(state_now().runs_waiting, 0);
    WAIT_FOR(are_all_standing_by());
    struct probe last = {0};
    probe_whole(&last, "ok");
    MF_CHECK_INT(last.result.error, 0);
    probe_free(&last);
    pool_shut();
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "mayfly-executor") == 0) {
        fake_chaos = chaos_run;
        return fake_main(argc, argv);
    }
    MF_RUN(every_run_is_done_once);
    return 0;
}
