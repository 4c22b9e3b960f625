/* What the meter counts, and the text that it makes of it. */
#include <mayfly/meter.h>

#include "check.h"

static struct mf_buf text;

static void write_text(const struct mf_meter *meter)
{
    mf_buf_reset(&text);
    MF_CHECK_INT(mf_meter_write(meter, &text), 0);
    MF_CHECK_INT(mf_buf_append(&text, "", 1), 0);
}

static bool has(const char *line)
{
    return strstr((const char *)text.data, line) != NULL;
}

static void counts_requests_and_problems(void)
{
    struct mf_meter *meter = mf_meter_new();

    mf_meter_request(meter, 200, 0);
    mf_meter_request(meter, 401, MF_E_AUTH_TOKEN);
    mf_meter_request(meter, 401, MF_E_AUTH_TOKEN);
    mf_meter_request(meter, 503, MF_E_OVERLOADED);
    mf_meter_request(meter, 0, 0);
    mf_meter_request(meter, 700, 0);
    write_text(meter);
    MF_CHECK(has("mayfly_http_requests_total{class=\"2xx\"} 1\n"));
    MF_CHECK(has("mayfly_http_requests_total{class=\"4xx\"} 2\n"));
    MF_CHECK(has("mayfly_http_requests_total{class=\"none\"} 2\n"));
    MF_CHECK(has("mayfly_http_problems_total{code=\"auth.token\"} 2\n"));
    MF_CHECK(has("mayfly_http_problems_total{code=\"overloaded\"} 1\n"));
    for (int error = 1; error < 2 * MF_METER_PROBLEMS_MAX; error++) {
        mf_meter_request(meter, 500, error); /* However many there are. */
    }
    mf_meter_free(meter);
}

static void counts_runs_apart(void)
{
    struct mf_meter *meter = mf_meter_new();
    struct mf_meter_run run = {
        .outcome = "ok", .wall_ns = 1, .bytes_in = 3, .bytes_out = 4, .logs_dropped = 5};

    mf_meter_run(meter, &run);
    mf_meter_run(meter, &run);
    run.is_interceptor = true;
    mf_meter_run(meter, &run);
    run.outcome = "exceededCpu";
    mf_meter_run(meter, &run);
    write_text(meter);
    MF_CHECK(has("mayfly_runs_total{outcome=\"ok\",kind=\"client\"} 2\n"));
    MF_CHECK(has("mayfly_runs_total{outcome=\"ok\",kind=\"interceptor\"} 1\n"));
    MF_CHECK(has("mayfly_runs_total{outcome=\"exceededCpu\",kind=\"client\"} 0\n"));
    MF_CHECK(has("mayfly_run_body_bytes_total{direction=\"in\"} 12\n"));
    MF_CHECK(has("mayfly_run_body_bytes_total{direction=\"out\"} 16\n"));
    MF_CHECK(has("mayfly_log_lines_dropped_total 20\n"));
    mf_meter_free(meter);
}

/* A bound belongs to its bucket; each bucket has those below it. */
static void fills_buckets(void)
{
    struct mf_meter *meter = mf_meter_new();
    static const uint64_t walls_us[] = {0, 500, 501, 60000000, 60000001};

    for (size_t i = 0; i < MF_COUNT_OF(walls_us); i++) {
        struct mf_meter_run run = {.outcome = "ok", .wall_ns = walls_us[i] * 1000};
        mf_meter_run(meter, &run);
    }
    write_text(meter);
    MF_CHECK(has("mayfly_run_duration_seconds_bucket{le=\"0.0005\"} 2\n"));
    MF_CHECK(has("mayfly_run_duration_seconds_bucket{le=\"0.001\"} 3\n"));
    MF_CHECK(has("mayfly_run_duration_seconds_bucket{le=\"60\"} 4\n"));
    MF_CHECK(has("mayfly_run_duration_seconds_bucket{le=\"+Inf\"} 5\n"));
    MF_CHECK(has("mayfly_run_duration_seconds_sum 120.001002\n"));
    MF_CHECK(has("mayfly_run_duration_seconds_count 5\n"));
    mf_meter_free(meter);
}

static void knows_its_room(void)
{
    struct mf_meter *meter = mf_meter_new();
    struct mf_buf small;

    mf_buf_init(&small, 100);
    MF_CHECK(mf_meter_write(meter, &small) < 0);
    mf_buf_done(&small);
    mf_meter_free(meter);
    mf_meter_free(NULL);
}

int main(void)
{
    mf_buf_init(&text, 1 << 20);
    MF_RUN(counts_requests_and_problems);
    MF_RUN(counts_runs_apart);
    MF_RUN(fills_buckets);
    MF_RUN(knows_its_room);
    mf_buf_done(&text);
    return 0;
}
