/* pool_harness.h - a pool of fake executors, runs that write down what they hear, and a loop that waits for an event. */
#ifndef MAYFLY_TESTS_POOL_HARNESS_H
#define MAYFLY_TESTS_POOL_HARNESS_H

#include "internal.h"

#include "pool_fake.h"

#define WAIT_MS_MAX 30000 /* No test waits longer than this for anything. */

struct probe {
    struct mf_run *run;
    struct mf_run_events events;
    char logs[512];
    unsigned logs_count;
    unsigned exceptions_count;
    uint32_t exception_line;
    int status;
    bool has_header;
    struct mf_buf body;
    bool keeps_body;   /* Into |body|; else only counted and checked against the fake's pattern. */
    bool holds_credit; /* Does not consume. */
    uint64_t body_bytes;
    bool is_pattern_wrong;
    unsigned body_ends;
    int abort_error;
    unsigned credits;
    unsigned request_stops;
    unsigned fetches;
    unsigned fetch_aborts;
    unsigned dones;
    struct mf_run_result result;
    char text[256];
    void (*in_response)(struct probe *probe);
    void (*in_log)(struct probe *probe);
    void (*in_done)(struct probe *probe);
};

static uv_loop_t loop;
static struct mf_config *config;
static struct mf_pool *pool;
static unsigned starts;
static int start_error;
static char start_why[MF_JAIL_WHY_BYTES_MAX];
static bool is_closed;
static bool is_late;
static enum mf_isolation harness_isolation; /* Of the next pool; with it the most processes. */
static uint32_t harness_total;

static void probe_on_log(struct mf_run *run, void *user, const struct mf_msg_log *log)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    MF_CHECK_INT(probe->dones, 0);
    probe->logs_count++;
    size_t used = strlen(probe->logs);
    if (used + log->text.size + 2 < sizeof probe->logs) {
        memcpy(probe->logs + used, log->text.data, log->text.size);
        probe->logs[used + log->text.size] = ';';
    }
    if (probe->in_log) {
        probe->in_log(probe);
    }
}

static void probe_on_exception(struct mf_run *run, void *user, const struct mf_msg_exception *exception)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    probe->exceptions_count++;
    probe->exception_line = exception->line;
}

static void probe_on_response(struct mf_run *run, void *user, const struct mf_msg_response *response)
{
    struct probe *probe = user;
    struct mf_header header;
    size_t cursor = 0;
    MF_CHECK(run == probe->run && probe->status == 0);
    probe->status = response->status;
    probe->has_header = mf_headers_next(response->headers, &cursor, &header) == 1 &&
                        mf_slice_equal_cstr(header.name, "x-fake");
    if (probe->in_response) {
        probe->in_response(probe);
    }
}

static void probe_on_body(struct mf_run *run, void *user, struct mf_slice bytes)
{
    struct probe *probe = user;
    static uint8_t expected[MF_STREAM_WINDOW_BYTES];
    MF_CHECK(run == probe->run && probe->status != 0 && probe->body_ends == 0);
    if (probe->keeps_body) {
        MF_CHECK_INT(mf_buf_append_slice(&probe->body, bytes), 0);
    } else {
        fake_pattern(expected, bytes.size, probe->body_bytes);
        probe->is_pattern_wrong = probe->is_pattern_wrong || memcmp(expected, bytes.data, bytes.size) != 0;
    }
    probe->body_bytes += bytes.size;
    if (!probe->holds_credit) {
        mf_run_body_consumed(run, bytes.size);
    }
}

static void probe_on_body_end(struct mf_run *run, void *user)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    probe->body_ends++;
}

static void probe_on_body_abort(struct mf_run *run, void *user, int error, struct mf_slice text)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    MF_CHECK_TEXT(text, "broke");
    probe->abort_error = error;
}

static void probe_on_credit(struct mf_run *run, void *user)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    probe->credits++;
}

static void probe_on_stop(struct mf_run *run, void *user)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    probe->request_stops++;
}

static void probe_on_done(struct mf_run *run, void *user, const struct mf_run_result *result)
{
    struct probe *probe = user;
    MF_CHECK(run == probe->run);
    uv_stop(&loop); /* So that WAIT_FOR looks before the loop sleeps, maybe until something is otherwise. */
    probe->dones++;
    MF_CHECK_INT(probe->dones, 1);
    probe->result = *result;
    (void)snprintf(probe->text, sizeof probe->text, "%.*s", (int)result->text.size,
                   (const char *)result->text.data);
    if (probe->in_done) {
        probe->in_done(probe);
    }
}

static const struct mf_run_events probe_events = {
    .on_log = probe_on_log,
    .on_exception = probe_on_exception,
    .on_response = probe_on_response,
    .on_body = probe_on_body,
    .on_body_end = probe_on_body_end,
    .on_body_abort = probe_on_body_abort,
    .on_request_credit = probe_on_credit,
    .on_request_stop = probe_on_stop,
    .on_done = probe_on_done,
};

/* A run that does |verb|; |padding| bytes more make its bundle large. Zero fields of |limits| get generous values. */
static int probe_try(struct probe *probe, const char *verb, size_t padding, struct mf_run_spec limits)
{
    limits.id = verb;
    limits.wall_ns = limits.wall_ns ? limits.wall_ns : 60 * MF_NS_PER_S;
    limits.response_bytes = limits.response_bytes ? limits.response_bytes : UINT64_C(1) << 30;
    limits.log_bytes = limits.log_bytes ? limits.log_bytes : 100;
    mf_buf_init(&limits.bundle, MF_BUNDLE_BYTES_MAX);
    MF_CHECK_INT(mf_buf_printf(&limits.bundle, "%s\n", verb), 0);
    MF_CHECK_INT(mf_buf_reserve(&limits.bundle, padding), 0);
    fake_pattern(limits.bundle.data + limits.bundle.size, padding, 0);
    limits.bundle.size += padding;
    if (!probe->events.on_done) {
        probe->events = probe_events;
    }
    mf_buf_init(&probe->body, 1 << 20);
    int error = mf_pool_run(pool, &limits, &probe->events, probe, &probe->run);
    MF_CHECK(error == 0 ? limits.bundle.size == 0 : limits.bundle.size > 0);
    mf_buf_done(&limits.bundle);
    return error;
}

static void probe_start(struct probe *probe, const char *verb)
{
    struct mf_run_spec limits = {0};
    MF_CHECK_INT(probe_try(probe, verb, 0, limits), 0);
    MF_CHECK_INT(probe->dones, 0); /* Nothing is called inside. */
}

static void on_guard(uv_timer_t *timer)
{
    (void)timer;
    is_late = true;
}

/* Runs the loop until |condition| holds. */
#define WAIT_FOR(condition)                                                                                  \
    do {                                                                                                     \
        uv_timer_t guard;                                                                                    \
        is_late = false;                                                                                     \
        MF_CHECK_INT(uv_timer_init(&loop, &guard), 0);                                                       \
        MF_CHECK_INT(uv_timer_start(&guard, on_guard, WAIT_MS_MAX, 0), 0);                                   \
        while (!(condition) && !is_late) {                                                                   \
            (void)uv_run(&loop, UV_RUN_ONCE);                                                                \
        }                                                                                                    \
        uv_close((uv_handle_t *)&guard, NULL);                                                               \
        (void)uv_run(&loop, UV_RUN_NOWAIT);                                                                  \
        if (is_late) {                                                                                       \
            fprintf(stderr, "%s:%d: waited in vain for %s\n", __FILE__, __LINE__, #condition);               \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static void on_started(void *user, int error, const char *why)
{
    (void)user;
    starts++;
    start_error = error;
    (void)snprintf(start_why, sizeof start_why, "%s", why);
}

static void on_closed(void *user)
{
    (void)user;
    is_closed = true;
    pool = NULL;
}

/* A pool of |count| fakes that start in the manner |start|. */
static void pool_open_later(unsigned count, const char *start)
{
    char why[MF_CONFIG_WHY_BYTES_MAX];
    char path[4096];
    struct mf_config_args args = {0};
    struct mf_pool_options options = {.on_started = on_started};
    starts = 0;
    is_closed = false;
    MF_CHECK_INT(uv_loop_init(&loop), 0);
    MF_CHECK_INT(mf_config_load(&args, &config, why), 0);
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    MF_CHECK(size > 0);
    path[size] = 0;
    config->executor_path = strdup(path);
    config->v8_flags = start[0] ? strdup(start) : NULL;
    config->executors_count = count;
    config->isolation = harness_isolation;
    config->executors_total = harness_total;
    config->jail_layers = 0;
    config->jail_layers_required = 0;
    options.config = config;
    MF_CHECK_INT(mf_pool_open(&loop, &options, &pool, why), 0);
    pool->times.exit_ms = 300;
    pool->times.backoff_ms_min = 5;
    pool->times.backoff_ms_max = 40;
}

/* All are ready, and have told of the isolates that stand by. */
static bool are_all_standing_by(void)
{
    struct mf_executor_info info;
    uint32_t count = 0;
    for (size_t i = 0; mf_pool_executor(pool, i, &info); i++) {
        count += info.state == MF_EXECUTOR_READY && info.standby > 0;
    }
    return count == config->executors_count;
}

static void pool_open(unsigned count, const char *start)
{
    pool_open_later(count, start);
    WAIT_FOR(are_all_standing_by());
    MF_CHECK_INT(starts, 1);
    MF_CHECK_INT(start_error, 0);
}

static void pool_shut(void)
{
    if (pool) {
        mf_pool_close(pool, on_closed, NULL);
        MF_CHECK(!is_closed);
        WAIT_FOR(is_closed);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(uv_loop_close(&loop), 0); /* No handle is left. */
    mf_config_unref(config);
}

static void probe_free(struct probe *probe)
{
    mf_buf_done(&probe->body);
    memset(probe, 0, sizeof *probe);
}

/* One run from start to end. */
static void probe_whole(struct probe *probe, const char *verb)
{
    probe_start(probe, verb);
    WAIT_FOR(probe->dones == 1);
}

static struct mf_pool_state state_now(void)
{
    struct mf_pool_state state;
    mf_pool_state(pool, &state);
    return state;
}

/* The executor kept to the protocol all along and still serves. */
static inline void pool_shut_unharmed(void)
{
    struct probe probe = {0};
    probe_whole(&probe, "ok");
    MF_CHECK_INT(probe.result.error, 0);
    MF_CHECK_INT(state_now().attacks, 0);
    probe_free(&probe);
    pool_shut();
}

#endif
