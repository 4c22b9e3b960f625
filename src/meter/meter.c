/* meter.c - see meter.h. */
#include <mayfly/meter.h>

#include <stdio.h>

/* Seconds. From what an isolate takes to what a limit allows. */
static const double METER_BOUNDS[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,   0.5,   1,      2.5,   5,    10,    30,   60};

struct histogram {
    uint64_t counts[MF_COUNT_OF(METER_BOUNDS) + 1]; /* Of each bucket alone; the last one has no bound. */
    double sum;
};

struct outcome {
    const char *name;
    uint64_t count[2]; /* By is_interceptor. */
};

struct problem {
    int error;
    uint64_t count;
};

#define CLASSES_COUNT 6 /* Of statuses: 0, which is none, and 1xx to 5xx. */

struct mf_meter {
    struct outcome outcomes[MF_METER_OUTCOMES_MAX];
    size_t outcomes_count;
    struct histogram wall;
    struct histogram queue;
    struct histogram cpu;
    double host_wait_s;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t logs_dropped;
    uint64_t requests[CLASSES_COUNT];
    struct problem problems[MF_METER_PROBLEMS_MAX];
    size_t problems_count;
};

struct mf_meter *mf_meter_new(void)
{
    return mf_new(sizeof(struct mf_meter));
}

void mf_meter_free(MF_OWN struct mf_meter *meter)
{
    mf_free(meter);
}

/* ---- counting ---------------------------------------------------------------------------------- */

static double seconds(uint64_t ns)
{
    return (double)ns / (double)MF_NS_PER_S;
}

static void observe(struct histogram *histogram, uint64_t ns)
{
    size_t bucket = 0;

    while (bucket < MF_COUNT_OF(METER_BOUNDS) && seconds(ns) > METER_BOUNDS[bucket]) {
        bucket++;
    }
    histogram->counts[bucket]++;
    histogram->sum += seconds(ns);
}

static struct outcome *outcome_of(struct mf_meter *meter, const char *name)
{
    size_t i = 0;

    while (i < meter->outcomes_count && strcmp(meter->outcomes[i].name, name) != 0) {
        i++;
    }
    if (i == meter->outcomes_count) {
        MF_ASSERT(i < MF_METER_OUTCOMES_MAX);
        meter->outcomes[i].name = name;
        meter->outcomes_count++;
    }
    return &meter->outcomes[i];
}

void mf_meter_run(struct mf_meter *meter, const struct mf_meter_run *run)
{
    outcome_of(meter, run->outcome)->count[run->is_interceptor]++;
    observe(&meter->wall, run->wall_ns);
    observe(&meter->queue, run->queue_ns);
    observe(&meter->cpu, run->cpu_ns);
    meter->host_wait_s += seconds(run->host_wait_ns);
    meter->bytes_in += run->bytes_in;
    meter->bytes_out += run->bytes_out;
    meter->logs_dropped += run->logs_dropped;
}

void mf_meter_request(struct mf_meter *meter, int status, int error)
{
    size_t i = 0;

    meter->requests[status >= 100 && status <= 599 ? status / 100 : 0]++;
    while (i < meter->problems_count && meter->problems[i].error != error) {
        i++;
    }
    if (error == 0 || i == MF_METER_PROBLEMS_MAX) {
        return;
    }
    meter->problems_count += i == meter->problems_count;
    meter->problems[i].error = error;
    meter->problems[i].count++;
}

/* ---- writing -------------------------------------------------------------------------------------- */

int mf_metric_family(struct mf_buf *out, const char *name, enum mf_metric_type type, const char *help)
{
    static const char *const types[] = {
        [MF_METRIC_COUNTER] = "counter", [MF_METRIC_GAUGE] = "gauge", [MF_METRIC_HISTOGRAM] = "histogram"};

    return mf_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

int mf_metric_sample(struct mf_buf *out, const char *name, const char *labels, double value)
{
    const char *open = labels[0] != '\0' ? "{" : "";
    const char *close = labels[0] != '\0' ? "}" : "";

    return mf_buf_printf(out, "%s%s%s%s %.15g\n", name, open, labels, close, value);
}

int mf_metric_one(struct mf_buf *out,
                  const char *name,
                  enum mf_metric_type type,
                  const char *help,
                  double value)
{
    int rc = mf_metric_family(out, name, type, help);

    return rc < 0 ? rc : mf_metric_sample(out, name, "", value);
}

static int
write_histogram(struct mf_buf *out, const char *name, const char *help, const struct histogram *histogram)
{
    uint64_t total = 0;
    int rc = mf_metric_family(out, name, MF_METRIC_HISTOGRAM, help);

    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(METER_BOUNDS); i++) {
        total += histogram->counts[i];
        rc = mf_buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name, METER_BOUNDS[i],
                           (unsigned long long)total);
    }
    total += histogram->counts[MF_COUNT_OF(METER_BOUNDS)];
    return rc < 0 ? rc
                  : mf_buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.15g\n%s_count %llu\n", name,
                                  (unsigned long long)total, name, histogram->sum, name,
                                  (unsigned long long)total);
}

static int write_outcomes(const struct mf_meter *meter, struct mf_buf *out)
{
    static const char name[] = "mayfly_runs_total";
    int rc = mf_metric_family(out, name, MF_METRIC_COUNTER,
                              "Runs that have ended, by how and by who asked for them.");

    for (size_t i = 0; i < meter->outcomes_count; i++) {
        for (int kind = 0; rc == 0 && kind < 2; kind++) {
            char labels[128];
            (void)snprintf(labels, sizeof labels, "outcome=\"%s\",kind=\"%s\"", meter->outcomes[i].name,
                           kind == 0 ? "client" : "interceptor");
            rc = mf_metric_sample(out, name, labels, (double)meter->outcomes[i].count[kind]);
        }
    }
    return rc;
}

static int write_bytes(const struct mf_meter *meter, struct mf_buf *out)
{
    static const char name[] = "mayfly_run_body_bytes_total";
    int rc = mf_metric_family(out, name, MF_METRIC_COUNTER,
                              "Bytes of bodies of requests to workers and of their responses.");

    if (rc == 0) {
        rc = mf_metric_sample(out, name, "direction=\"in\"", (double)meter->bytes_in);
    }
    return rc < 0 ? rc : mf_metric_sample(out, name, "direction=\"out\"", (double)meter->bytes_out);
}

static int write_requests(const struct mf_meter *meter, struct mf_buf *out)
{
    static const char *const classes[CLASSES_COUNT] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    static const char requests[] = "mayfly_http_requests_total";
    static const char problems[] = "mayfly_http_problems_total";
    char labels[64];
    int rc = mf_metric_family(out, requests, MF_METRIC_COUNTER, "Requests by the class of their status.");

    for (size_t i = 0; rc == 0 && i < CLASSES_COUNT; i++) {
        (void)snprintf(labels, sizeof labels, "class=\"%s\"", classes[i]);
        rc = mf_metric_sample(out, requests, labels, (double)meter->requests[i]);
    }
    rc = rc < 0 ? rc
                : mf_metric_family(out, problems, MF_METRIC_COUNTER,
                                   "Requests answered with a problem, by its code.");
    for (size_t i = 0; rc == 0 && i < meter->problems_count; i++) {
        (void)snprintf(labels, sizeof labels, "code=\"%s\"", mf_error_code(meter->problems[i].error));
        rc = mf_metric_sample(out, problems, labels, (double)meter->problems[i].count);
    }
    return rc;
}

int mf_meter_write(const struct mf_meter *meter, struct mf_buf *out)
{
    int rc = write_outcomes(meter, out);

    if (rc == 0) {
        rc = write_histogram(out, "mayfly_run_duration_seconds", "Time from the start of a run to its end.",
                             &meter->wall);
    }
    if (rc == 0) {
        rc = write_histogram(out, "mayfly_run_queue_seconds", "Time that runs waited for an executor.",
                             &meter->queue);
    }
    if (rc == 0) {
        rc = write_histogram(out, "mayfly_run_cpu_seconds",
                             "CPU time of runs, compilation and native work included.", &meter->cpu);
    }
    if (rc == 0) {
        rc = mf_metric_one(out, "mayfly_run_host_wait_seconds_total", MF_METRIC_COUNTER,
                           "Time in which runs held no thread and waited for something.", meter->host_wait_s);
    }
    if (rc == 0) {
        rc = write_bytes(meter, out);
    }
    if (rc == 0) {
        rc = write_requests(meter, out);
    }
    return rc < 0 ? rc
                  : mf_metric_one(out, "mayfly_log_lines_dropped_total", MF_METRIC_COUNTER,
                                  "Lines that did not fit what a run may log.", (double)meter->logs_dropped);
}
