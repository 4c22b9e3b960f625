/* metrics.c - /metrics: Prometheus' text of what the meter counts and of what the other rooms know of themselves. */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "internal.h"
#include "tail.h"
#include "tail_run.h"
#include "usage_push.h"
#include "code_cache.h"
#include "worker_cache.h"

#define METRICS_BYTES_MAX 65536 /* About 12 KB of it are used. */

/* ---- a table of simple families ------------------------------------------------------------------ */

struct simple {
    const char *name;
    enum mf_metric_type type;
    const char *help;
    double value;
};

static int write_all(struct mf_buf *out, const struct simple *families, size_t count)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mf_metric_one(out, families[i].name, families[i].type, families[i].help, families[i].value);
    }
    return rc;
}

/* ---- the process ------------------------------------------------------------------------------------ */

static double open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    double count = -3; /* ".", ".." and this one. */

    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return count;
}

static double resident_bytes(void)
{
    unsigned long total = 0;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL && fscanf(file, "%lu %lu", &total, &resident) != 2) {
        resident = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static int write_process(const struct mf_api *api, struct mf_buf *out)
{
    struct rusage usage;
    double uptime_s = (double)(mf_clock_now_ns() - api->started_ns) / (double)MF_NS_PER_S;

    (void)getrusage(RUSAGE_SELF, &usage);
    const struct simple families[] = {
        {"process_cpu_seconds_total", MF_METRIC_COUNTER, "CPU time of the daemon, its executors left out.",
         seconds(&usage.ru_utime) + seconds(&usage.ru_stime)},
        {"process_resident_memory_bytes", MF_METRIC_GAUGE, "Resident memory of the daemon.",
         resident_bytes()},
        {"process_open_fds", MF_METRIC_GAUGE, "Descriptors that the daemon has open.", open_descriptors()},
        {"process_start_time_seconds", MF_METRIC_GAUGE, "When the daemon started, since 1970.",
         (double)mf_clock_unix_ms() / 1e3 - uptime_s},
    };
    return write_all(out, families, MF_COUNT_OF(families));
}

/* ---- executors ------------------------------------------------------------------------------------------ */

static int write_executors(const struct mf_api *api, struct mf_buf *out)
{
    static const char executors[] = "mayfly_executors";
    double by_state[MF_EXECUTOR_DYING + 1] = {0};
    double standby = 0;
    double resident = 0;
    struct mf_executor_info info;
    int rc = mf_metric_family(out, executors, MF_METRIC_GAUGE, "Executors, by their state.");

    for (size_t i = 0; mf_pool_executor(api->pool, i, &info); i++) {
        by_state[info.state]++;
        standby += info.standby;
        resident += (double)info.rss_bytes;
    }
    for (unsigned state = 0; rc == 0 && state < MF_COUNT_OF(by_state); state++) {
        char labels[64];
        (void)snprintf(labels, sizeof labels, "state=\"%s\"",
                       mf_executor_state_name((enum mf_executor_state)state));
        rc = mf_metric_sample(out, executors, labels, by_state[state]);
    }
    const struct simple families[] = {
        {"mayfly_isolates_standby", MF_METRIC_GAUGE, "Isolates that wait for a run.", standby},
        {"mayfly_executors_resident_memory_bytes", MF_METRIC_GAUGE,
         "Resident memory of all executors, as of their last look.", resident},
    };
    return rc < 0 ? rc : write_all(out, families, MF_COUNT_OF(families));
}

static int write_deaths(const struct mf_pool_state *state, struct mf_buf *out)
{
    static const char deaths[] = "mayfly_executor_deaths_total";
    int rc = mf_metric_family(out, deaths, MF_METRIC_COUNTER,
                              "Executors that ended, by why; an attack is a crash too.");

    if (rc == 0) {
        rc = mf_metric_sample(out, deaths, "reason=\"crash\"", (double)state->crashes);
    }
    if (rc == 0) {
        rc = mf_metric_sample(out, deaths, "reason=\"attack\"", (double)state->attacks);
    }
    return rc < 0 ? rc : mf_metric_sample(out, deaths, "reason=\"recycled\"", (double)state->recycled);
}

static int write_pool(const struct mf_api *api, struct mf_buf *out)
{
    struct mf_pool_state state;
    struct mf_admit_counts counts;
    char labels[2 * MF_V8_VERSION_BYTES_MAX + 64];
    int rc =
        mf_metric_family(out, "mayfly_build_info", MF_METRIC_GAUGE, "Always 1; its labels say what runs.");

    mf_pool_state(api->pool, &state);
    mf_admit_counts(api->admit, &counts);
    (void)snprintf(labels, sizeof labels, "version=\"%s\",v8=\"%s\"", MF_VERSION, state.v8_version);
    const struct simple families[] = {
        {"mayfly_runs_active", MF_METRIC_GAUGE, "Runs of clients that hold a place.", counts.held},
        {"mayfly_runs_waiting", MF_METRIC_GAUGE, "Runs of clients that wait for a place.", counts.waiting},
        {"mayfly_runs_refused_total", MF_METRIC_COUNTER, "Runs that found no place, at once or in time.",
         (double)(counts.refused + counts.expired)},
        {"mayfly_executors_wanted", MF_METRIC_GAUGE, "Executors that there should be for clients' runs.",
         state.executors_wanted},
        {"mayfly_executor_restarts_total", MF_METRIC_COUNTER, "Executors that took another's place.",
         (double)state.restarts},
    };
    if (rc == 0) {
        rc = mf_metric_sample(out, "mayfly_build_info", labels, 1);
    }
    if (rc == 0) {
        rc = write_all(out, families, MF_COUNT_OF(families));
    }
    if (rc == 0) {
        rc = write_executors(api, out);
    }
    return rc < 0 ? rc : write_deaths(&state, out);
}

/* ---- what goes out, and what is kept ------------------------------------------------------------------------ */

static int write_outbound(const struct mf_api *api, struct mf_buf *out)
{
    static const char bytes[] = "mayfly_subrequest_bytes_total";
    struct mf_egress_state state;
    int rc;

    mf_egress_state(api->egress, &state);
    const struct simple families[] = {
        {"mayfly_subrequests_total", MF_METRIC_COUNTER,
         "Requests of workers to the outside, each hop of a redirect one.", (double)state.total},
        {"mayfly_subrequests_refused_total", MF_METRIC_COUNTER,
         "Those that a policy, an address or a secret's rules refused.", (double)state.refused},
        {"mayfly_subrequests_failed_total", MF_METRIC_COUNTER,
         "Those that the upstream or the network failed.", (double)state.failed},
        {"mayfly_subrequests_intercepted_total", MF_METRIC_COUNTER,
         "Those that were handed to an interceptor worker.", (double)state.intercepted},
        {"mayfly_subrequests_active", MF_METRIC_GAUGE, "Those under way.", state.active},
        {"mayfly_subrequests_queued", MF_METRIC_GAUGE, "Those that wait for a place.", state.queued},
        {"mayfly_upstream_connections", MF_METRIC_GAUGE,
         "Sockets to upstreams, those that are kept for later included.", state.connections},
        {"mayfly_credential_injections_total", MF_METRIC_COUNTER, "Requests that went out with a credential.",
         (double)state.injected},
        {"mayfly_redactions_total", MF_METRIC_COUNTER, "Credentials that were taken out of answers.",
         (double)state.redactions},
    };
    rc = write_all(out, families, MF_COUNT_OF(families));
    if (rc == 0) {
        rc = mf_metric_family(out, bytes, MF_METRIC_COUNTER,
                              "Bytes of bodies of these requests and of their answers.");
    }
    if (rc == 0) {
        rc = mf_metric_sample(out, bytes, "direction=\"out\"", (double)state.bytes_sent);
    }
    return rc < 0 ? rc : mf_metric_sample(out, bytes, "direction=\"in\"", (double)state.bytes_received);
}

static int write_kept(const struct mf_api *api, struct mf_buf *out)
{
    struct mf__workers_state workers;
    struct mf__code_caches_state caches;

    struct mf_ledger_state ledger;

    mf__workers_state(api->workers, &workers);
    mf__code_caches_state(api->code_caches, &caches);
    mf_ledger_state(api->ledger, &ledger);
    const struct simple families[] = {
        {"mayfly_workers_cached", MF_METRIC_GAUGE, "Stored workers that are in memory.",
         (double)workers.count},
        {"mayfly_workers_cached_bytes", MF_METRIC_GAUGE, "Their size.", (double)workers.bytes},
        {"mayfly_worker_cache_hits_total", MF_METRIC_COUNTER, "Calls of workers that were in memory.",
         (double)workers.hits},
        {"mayfly_worker_cache_loads_total", MF_METRIC_COUNTER,
         "Calls of workers that had to be read from the disk.", (double)workers.loads},
        {"mayfly_worker_cache_evictions_total", MF_METRIC_COUNTER, "Workers that made room for others.",
         (double)workers.evictions},
        {"mayfly_code_caches_made_total", MF_METRIC_COUNTER,
         "V8 code caches that were made of stored workers.", (double)caches.made},
        {"mayfly_code_caches_failed_total", MF_METRIC_COUNTER, "Those that could not be made.",
         (double)caches.failed},
        {"mayfly_code_cache_hits_total", MF_METRIC_COUNTER, "Runs that began from a code cache.",
         (double)caches.used},
        {"mayfly_code_cache_rejected_total", MF_METRIC_COUNTER,
         "Code caches that V8 did not take, or that were not what was made of the code.",
         (double)(caches.rejected + workers.code_caches_refused)},
        {"mayfly_api_held_bytes", MF_METRIC_GAUGE, "Bodies of calls that are in memory, and workers.",
         (double)api->bytes_held},
        {"mayfly_usage_records_total", MF_METRIC_COUNTER, "Records of usage.", (double)ledger.records},
        {"mayfly_usage_pending_bytes", MF_METRIC_GAUGE, "Records that could not be written to the disk yet.",
         (double)ledger.pending_bytes},
        {"mayfly_usage_lost_total", MF_METRIC_COUNTER, "Records for which not even memory was left.",
         (double)ledger.lost},
    };
    return write_all(out, families, MF_COUNT_OF(families));
}

static int write_looked_at(const struct mf_api *api, struct mf_buf *out)
{
    struct mf_traces_state traces;
    struct mf__tails_state tails;
    struct mf__tail_runs_state runs;

    mf_traces_state(api->traces, &traces);
    mf__tails_state(api->tails, &tails);
    mf__tail_runs_state(api->tail_runs, &runs);
    const struct simple families[] = {
        {"mayfly_run_records", MF_METRIC_GAUGE, "Runs that are over and can be looked at.",
         (double)traces.count},
        {"mayfly_run_records_bytes", MF_METRIC_GAUGE, "Their size.", (double)traces.bytes},
        {"mayfly_run_records_evicted_total", MF_METRIC_COUNTER,
         "Those that made room for others before their time.", (double)traces.dropped},
        {"mayfly_run_records_lost_total", MF_METRIC_COUNTER, "Those for which there was no memory.",
         (double)traces.lost},
        {"mayfly_tail_readers", MF_METRIC_GAUGE, "Readers of the tail.", tails.readers},
        {"mayfly_tail_events_total", MF_METRIC_COUNTER, "Runs that they were told of.", (double)tails.sent},
        {"mayfly_tail_runs_total", MF_METRIC_COUNTER, "Runs of tail workers that began.", (double)runs.begun},
        {"mayfly_tail_runs_dropped_total", MF_METRIC_COUNTER,
         "Trace items that never reached their tail worker: it is not there, or there was no place for it.",
         (double)runs.dropped},
        {"mayfly_tail_runs_failed_total", MF_METRIC_COUNTER, "Runs of tail workers that failed.",
         (double)runs.failed},
        {"mayfly_tail_dropped_total", MF_METRIC_COUNTER, "Runs that a reader was too slow for.",
         (double)tails.dropped},
    };
    return write_all(out, families, MF_COUNT_OF(families));
}

static int write_exported(const struct mf_api *api, struct mf_buf *out)
{
    struct mf_otlp_state state = {0};

    if (api->otlp != NULL) {
        mf_otlp_state(api->otlp, &state);
    }
    const struct simple families[] = {
        {"mayfly_otlp_runs_sent_total", MF_METRIC_COUNTER, "Runs whose traces a collector took.",
         (double)state.sent},
        {"mayfly_otlp_runs_dropped_total", MF_METRIC_COUNTER,
         "Those for which the queue had no room, or that no collector took in time.", (double)state.dropped},
        {"mayfly_otlp_rejected_total", MF_METRIC_COUNTER,
         "Spans and log lines that a collector said it did not want.", (double)state.rejected},
        {"mayfly_otlp_retries_total", MF_METRIC_COUNTER, "Requests that were sent again.",
         (double)state.retries},
        {"mayfly_otlp_runs_queued", MF_METRIC_GAUGE, "Runs that wait to be sent.", (double)state.queued},
    };
    return write_all(out, families, MF_COUNT_OF(families));
}

static int write_pushed(const struct mf_api *api, struct mf_buf *out)
{
    struct mf__usage_push_state state = {0};

    if (api->push != NULL) {
        mf__usage_push_state(api->push, &state);
    }
    const struct simple families[] = {
        {"mayfly_usage_push_deliveries_total", MF_METRIC_COUNTER,
         "Deliveries of usage that the receiver took.", (double)state.deliveries},
        {"mayfly_usage_push_failures_total", MF_METRIC_COUNTER,
         "Those that it did not take; they are tried again.", (double)state.failures},
        {"mayfly_usage_push_rows_total", MF_METRIC_COUNTER, "Rows that it took.", (double)state.rows},
        {"mayfly_usage_push_last_success_timestamp_seconds", MF_METRIC_GAUGE,
         "When it last took one, since 1970; 0: not since the start.", (double)state.success_unix_s},
    };
    return write_all(out, families, MF_COUNT_OF(families));
}

/* ---- the route -------------------------------------------------------------------------------------------------- */

static int write_metrics(const struct mf_api *api, struct mf_buf *out)
{
    int rc = write_pool(api, out);

    if (rc == 0) {
        rc = mf_meter_write(api->meter, out);
    }
    if (rc == 0) {
        rc = write_outbound(api, out);
    }
    if (rc == 0) {
        rc = write_kept(api, out);
    }
    if (rc == 0) {
        rc = write_looked_at(api, out);
    }
    if (rc == 0) {
        rc = write_exported(api, out);
    }
    if (rc == 0) {
        rc = write_pushed(api, out);
    }
    return rc < 0 ? rc : write_process(api, out);
}

void mf__metrics_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf_buf headers;
    struct mf_buf body;

    mf_buf_init(&headers, 256);
    mf_buf_init(&body, METRICS_BYTES_MAX);
    int rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"),
                               mf_slice_of_cstr("text/plain; version=0.0.4; charset=utf-8"));
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("cache-control"), mf_slice_of_cstr("no-store"));
    }
    if (rc == 0) {
        rc = write_metrics(api, &body);
    }
    if (rc < 0) {
        mf__problem_reply_error(exchange, rc);
    } else {
        mf_exchange_reply(exchange, 200, mf_buf_peek(&headers), mf_buf_peek(&body));
    }
    mf_buf_done(&headers);
    mf_buf_done(&body);
}
