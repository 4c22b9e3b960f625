#include "account.h"

#include "allowance.h"

#include "observe.h"

static void add(struct mf__live *live, struct mf_ledger_run *run)
{
    run->tenant = mf_slice_of_cstr(live->tenant);
    run->worker = mf_slice_of_cstr(live->worker);
    run->hash = mf_slice_of_cstr(live->hash);
    run->is_more = live->is_accounted;
    run->began_unix_ms = live->began_unix_ms;
    live->is_accounted = true;
    mf_ledger_add(live->api->ledger, run);
}

void mf__account_answered(struct mf__live *live)
{
    struct mf_ledger_run run = {0};

    if (!live->is_accounted) {
        add(live, &run);
    }
}

static void tell_ledger(struct mf__live *live, const struct mf_run_result *result)
{
    struct mf_ledger_run run = {.cpu_ns = result->cpu_ns,
                                .wall_ns = result->wall_ns,
                                .host_wait_ns = result->host_wait_ns,
                                .memory_peak_bytes = result->memory_peak_bytes,
                                .bytes_in = live->record.bytes_in,
                                .bytes_out = live->record.bytes_out,
                                .subrequests = live->record.subrequests,
                                .calls = result->calls};

    add(live, &run);
}

static void tell_meter(const struct mf__live *live, const struct mf_run_result *result)
{
    const struct mf_meter_run run = {.outcome = mf__outcome_name(result->error),
                                     .is_interceptor = live->depth > 0,
                                     .wall_ns = result->wall_ns,
                                     .queue_ns = result->queue_ns,
                                     .cpu_ns = result->cpu_ns,
                                     .host_wait_ns = result->host_wait_ns,
                                     .bytes_in = live->record.bytes_in,
                                     .bytes_out = live->record.bytes_out,
                                     .logs_dropped = result->logs_dropped};

    mf_meter_run(live->api->meter, &run);
}

void mf__account_ended(struct mf__live *live, const struct mf_run_result *result)
{
    tell_meter(live, result);
    tell_ledger(live, result);
    mf__allowance_spend(live->api, live->tenant, result->cpu_ns, live->record.egress_bytes);
    mf__observe_ended(live, result);
}
