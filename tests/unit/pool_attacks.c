/* Executors that break the protocol: each is killed and replaced, its runs end with executor.protocol, the neighbour in
 * another executor never notices. */
#include "pool_harness.h"

static const struct attack {
    const char *verb;
    struct mf_run_spec limits;
} attacks[] = {
    {"garbage", {0}},
    {"wrong-way", {0}},
    {"short-frame", {0}},
    {"unknown-run", {0}},
    {"ready-again", {0}},
    {"named-status", {0}},
    {"response-twice", {0}},
    {"no-response", {0}},
    {"open-response", {0}},
    {"data-before", {0}},
    {"data-after", {0}},
    {"data-unasked", {0}},
    {"data-empty", {0}},
    {"data-request", {0}},
    {"data-fetch", {.flags = MF_START_FETCH_ALLOWED, .subrequests = 9}},
    {"window", {0}},
    {"overbody", {.response_bytes = 4}},
    {"overlog", {.log_bytes = 100}},
    {"overlines", {.log_bytes = 100}},
    {"overexceptions", {0}},
    {"code-cache", {0}},
    {"code-cache-long", {.flags = MF_START_MAKES_CACHE}},
    {"cache-use", {0}},
    {"status-101", {0}},
    {"status-600", {0}},
    {"reason-crlf", {0}},
    {"header-crlf", {0}},
    {"fetch", {0}},
    {"fetch", {.flags = MF_START_FETCH_ALLOWED}},
    {"fetch-abort", {.flags = MF_START_FETCH_ALLOWED, .subrequests = 9}},
#define FETCHES                                                                                              \
    {                                                                                                        \
        .flags = MF_START_FETCH_ALLOWED, .subrequests = 1000                                                 \
    }
    {"fetch-over", FETCHES},
    {"fetch-short", FETCHES},
    {"fetch-unasked", FETCHES},
    {"fetch-end-twice", FETCHES},
    {"fetch-window", FETCHES},
    {"fetch-credit", FETCHES},
    {"fetch-credit-other", FETCHES},
    {"fetch-stop", FETCHES},
    {"fetch-data-other", FETCHES},
    {"fetch-again", FETCHES},
    {"fetch-many", FETCHES},
#define CALLS                                                                                                \
    {                                                                                                        \
        .flags = MF_START_CALLS_ALLOWED | MF_START_FETCH_ALLOWED, .calls = 1000, .subrequests = 1000         \
    }
    {"call", FETCHES},
    {"call", {.flags = MF_START_CALLS_ALLOWED}},
    {"call", {.flags = MF_START_FETCH_ALLOWED, .calls = 9, .subrequests = 9}},
    {"fetch", {.flags = MF_START_CALLS_ALLOWED, .calls = 9, .subrequests = 9}},
    {"call-total", {.flags = MF_START_CALLS_ALLOWED, .calls = 1}},
    {"call-no-name", CALLS},
    {"call-no-space", CALLS},
    {"call-line", CALLS},
    {"call-space-line", CALLS},
    {"call-utf8", CALLS},
    {"call-nul", CALLS},
    {"call-long", CALLS},
    {"call-space-long", CALLS},
    {"call-headers", CALLS},
    {"call-no-body", CALLS},
    {"call-kind", CALLS},
    {"call-many", CALLS},
    {"splice-early", FETCHES},
    {"splice-unanswered", FETCHES},
    {"splice-rest", FETCHES},
    {"splice-late", FETCHES},
    {"splice-other", FETCHES},
    {"splice-twice", FETCHES},
    {"splice-rest-twice", FETCHES},
    {"splice-data", FETCHES},
    {"splice-end", FETCHES},
#define FILES                                                                                                \
    {                                                                                                        \
        .flags = MF_START_FILES_ALLOWED                                                                      \
    }
    {"files", {0}},
    {"files-mount", FILES},
    {"files-order", FILES},
    {"files-zero", FILES},
    {"files-again", FILES},
    {"files-between", FILES},
    {"files-large", FILES},
    {"files-many", FILES},
    {"bad-error", {0}},
    {"good-error", {0}},
    {"credit", {.flags = MF_START_HAS_BODY}},
    {"credit", {0}},
    {"credit-other", {0}},
    {"stop-twice", {.flags = MF_START_HAS_BODY}},
    {"abort-fine", {0}},
};

static void hold_body(struct probe *probe)
{
    probe->holds_credit = true;
}

/* A fetch stays open for what comes next. */
static void hold_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    struct mf_msg_fetch_head head = {
        .fetch = fetch->fetch, .status = 200, .has_body = 1, .url = mf_slice_of_cstr("https://a/")};
    (void)user;
    if (strncmp(mf_run_id(run), "splice", 6) == 0 && strcmp(mf_run_id(run), "splice-unanswered") != 0) {
        MF_CHECK_INT(mf_run_fetch_head(run, &head), 0);
    }
}

/* Nothing is answered. */
static void hold_files(struct mf_run *run, void *user, const struct mf_msg_files *files)
{
    (void)run;
    (void)user;
    (void)files;
}

/* One executor is attacked from inside while a neighbour streams from the other. */
static void attack(const struct attack *attack)
{
    struct probe neighbour = {.in_response = hold_body};
    struct probe attacker = {.in_response = hold_body}; /* No credit: else "window" would get some. */
    struct probe after = {0};
    uint64_t attacks_before = state_now().attacks;
    probe_start(&neighbour, "body 1000000");
    attacker.events = probe_events;
    attacker.events.on_fetch = hold_fetch;
    attacker.events.on_files = hold_files;
    MF_CHECK_INT(probe_try(&attacker, attack->verb, 0, attack->limits), 0);
    MF_CHECK(mf_run_executor_pid(attacker.run) != mf_run_executor_pid(neighbour.run));
    WAIT_FOR(neighbour.status != 0 && attacker.dones == 1);
    if (attacker.result.error != MF_E_EXECUTOR_PROTOCOL) {
        fprintf(stderr, "%s: %d\n", attack->verb, attacker.result.error);
    }
    MF_CHECK_INT(attacker.result.error, MF_E_EXECUTOR_PROTOCOL);
    MF_CHECK_INT(state_now().attacks, attacks_before + 1);
    mf_run_body_consumed(neighbour.run, neighbour.body_bytes);
    neighbour.holds_credit = false;
    WAIT_FOR(neighbour.dones == 1);
    MF_CHECK_INT(neighbour.result.error, 0);
    MF_CHECK_INT(neighbour.body_bytes, 1000000);
    MF_CHECK(!neighbour.is_pattern_wrong);
    WAIT_FOR(are_all_standing_by());
    probe_whole(&after, "ok");
    MF_CHECK_INT(after.result.error, 0);
    probe_free(&neighbour);
    probe_free(&attacker);
    probe_free(&after);
}

static void every_rule_is_kept(void)
{
    pool_open(2, "");
    for (size_t i = 0; i < MF_COUNT_OF(attacks); i++) {
        attack(&attacks[i]);
    }
    MF_CHECK_INT(state_now().attacks, MF_COUNT_OF(attacks));
    MF_CHECK_INT(state_now().crashes, MF_COUNT_OF(attacks));
    MF_CHECK(state_now().is_degraded);
    MF_CHECK(strstr(state_now().why, "it broke the protocol and was killed"));
    pool_shut();
}

/* The run was answered; its neighbour in the same executor pays. */
static void word_after_the_end_costs_the_neighbours(void)
{
    struct probe neighbour = {0};
    struct probe attacker = {0};
    pool_open(1, "");
    probe_start(&neighbour, "hang");
    probe_whole(&attacker, "after-done");
    MF_CHECK_INT(attacker.result.error, 0);
    WAIT_FOR(neighbour.dones == 1);
    MF_CHECK_INT(neighbour.result.error, MF_E_EXECUTOR_PROTOCOL);
    MF_CHECK(strstr(state_now().why, "LOG for a run that it does not have"));
    probe_free(&neighbour);
    probe_free(&attacker);
    pool_shut();
}

static void word_before_the_beginning(void)
{
    struct probe attacker = {0};
    struct mf_run_spec limits = {0};
    pool_open(1, "");
    MF_CHECK_INT(probe_try(&attacker, "early", 20000000, limits), 0);
    WAIT_FOR(attacker.dones == 1);
    MF_CHECK_INT(attacker.result.error, MF_E_EXECUTOR_PROTOCOL);
    probe_free(&attacker);
    pool_shut();
}

static void fails_to_start(const char *start, const char *expected)
{
    pool_open_later(1, start);
    WAIT_FOR(starts == 1);
    MF_CHECK_INT(start_error, MF_E_EXECUTOR_PROTOCOL);
    MF_CHECK(strstr(start_why, expected));
    pool_shut();
}

static void wrong_first_words(void)
{
    fails_to_start("log-first", "LOG for a run that it does not have");
    fails_to_start("bad-version", "a version that is no version");
}

static void close_in_log(struct probe *probe)
{
    (void)probe;
    mf_pool_close(pool, on_closed, NULL);
}

/* The worst place to close the pool: in the middle of an executor's frames. */
static void pool_may_be_closed_inside(void)
{
    struct probe probe = {.in_log = close_in_log};
    pool_open(2, "");
    probe_start(&probe, "ok");
    WAIT_FOR(is_closed);
    MF_CHECK_INT(probe.dones, 1);
    probe_free(&probe);
    pool_shut();
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "mayfly-executor") == 0) {
        return fake_main(argc, argv);
    }
    MF_RUN(every_rule_is_kept);
    MF_RUN(word_after_the_end_costs_the_neighbours);
    MF_RUN(word_before_the_beginning);
    MF_RUN(wrong_first_words);
    MF_RUN(pool_may_be_closed_inside);
    return 0;
}
