#include "live.h"

#include <stdio.h>

#include "code_cache.h"
#include "observe.h"

void mf__live_init(struct mf__live *live,
                   struct mf_api *api,
                   const char *id,
                   const struct mf__call *call,
                   uint64_t body_bytes_max)
{
    memset(live, 0, sizeof *live);
    live->api = api;
    live->asked_ns = mf_clock_now_ns();
    (void)snprintf(live->id, sizeof live->id, "%s", id);
    memcpy(live->tenant, call->tenant, sizeof live->tenant);
    mf_buf_init(&live->ending_text, 2 * MF_RUN_TEXT_BYTES_MAX); /* A mark of a cut among it. */
    mf__record_init(&live->record, call->log_bytes, body_bytes_max);
    mf_buf_init(&live->request_line, MF_FRAME_PAYLOAD_BYTES_MAX);
    mf_buf_init(&live->request_headers, MF_TRACE_HEADERS_BYTES_MAX);
}

void mf__live_done(struct mf__live *live)
{
    MF_ASSERT(live->run == NULL);
    mf__files_end(live->files);
    mf_buf_done(&live->ending_text);
    mf__record_done(&live->record);
    mf_buf_done(&live->request_line);
    mf_buf_done(&live->request_headers);
    mf_buf_done(&live->tails);
}

int mf__live_start(struct mf__live *live, struct mf__call *call, const struct mf_run_events *events)
{
    struct mf_api *api = live->api;
    bool may_fetch = call->policy != NULL;
    struct mf_run_spec spec = {.id = live->id,
                               .cpu_ns = call->cpu_ms * MF_NS_PER_MS,
                               .wall_ns = call->wall_ms * MF_NS_PER_MS,
                               .memory_bytes = call->memory_mb << 20,
                               .response_bytes = call->response_bytes,
                               .log_bytes = (uint32_t)call->log_bytes,
                               .subrequests = (uint32_t)call->subrequests,
                               .calls = (uint32_t)call->calls,
                               .flags = (api->config->is_clock_frozen ? (uint32_t)MF_START_CLOCK_FROZEN : 0) |
                                        (call->has_body ? (uint32_t)MF_START_HAS_BODY : 0) |
                                        (may_fetch ? (uint32_t)MF_START_FETCH_ALLOWED : 0) |
                                        (call->may_call ? (uint32_t)MF_START_CALLS_ALLOWED : 0) |
                                        (call->mounts.count > 0 ? (uint32_t)MF_START_FILES_ALLOWED : 0),
                               .domain = live->depth,
                               .owner = mf_tenants_number(api->tenants, mf_slice_of_cstr(live->tenant)),
                               .code = call->code,
                               .bundle = call->bundle};
    int rc = mf_ledger_check(api->ledger);

    if (rc == 0) {
        memcpy(live->worker, call->worker, sizeof live->worker);
        memcpy(live->hash, call->worker_hash, sizeof live->hash);
        live->has_code_cache = call->has_code_cache;
        live->began_unix_ms = mf_clock_unix_ms();
        mf__observe_begun(live, call);
        rc = mf_pool_run(api->pool, &spec, events, live, &live->run);
    }
    if (rc < 0) {
        return rc;
    }
    mf_buf_init(&call->bundle, MF_BUNDLE_BYTES_MAX); /* Its bytes are the pool's now. */
    live->files = mf__files_begin(api, live->run, mf_slice_of_cstr(live->tenant), &call->mounts);
    if (may_fetch) {
        char trace_id[MF_TRACE_ID_CHARS + 1];
        struct mf_egress_spec egress = {.id = live->id,
                                        .tenant = mf_slice_of_cstr(live->tenant),
                                        .policy = call->policy,
                                        .subrequests = (uint32_t)call->subrequests,
                                        .depth = live->depth};
        mf_trace_hex(live->trace.trace_id, MF_TRACE_ID_BYTES, trace_id);
        egress.trace =
            (struct mf_egress_trace){.id = trace_id,
                                     .is_sampled = live->trace.is_sampled,
                                     .state = mf_slice_of(live->trace.state, live->trace.state_size),
                                     .began_ns = live->began_ns};
        mf__fetches_begin(&live->fetches, api->egress, live->run, &egress);
    }
    return 0;
}

void mf__live_over(struct mf__live *live)
{
    live->run = NULL;
    mf__files_end(live->files);
    live->files = NULL;
    mf__fetches_end(&live->fetches, &live->record);
}

static void files_settled(void *user, int error)
{
    struct mf__live *live = user;

    mf__files_end(live->files);
    live->files = NULL;
    if (error < 0 && live->ending.error == 0) {
        live->ending.error = error;
        live->ending.text = mf_slice_of(NULL, 0);
    }
    live->settled(live, &live->ending);
}

void mf__live_settle(struct mf__live *live,
                     const struct mf_run_result *result,
                     void (*settled)(struct mf__live *live, const struct mf_run_result *result))
{
    live->run = NULL;
    if (live->has_code_cache) {
        mf__code_caches_used(live->api->code_caches, live, result->cache_use);
    }
    mf__fetches_end(&live->fetches, &live->record);
    live->settled = settled;
    live->ending = *result;
    mf_buf_reset(&live->ending_text);
    mf_ignore(mf_buf_append_slice(&live->ending_text, result->text)); /* It fits: the pool has looked. */
    live->ending.text = mf_buf_peek(&live->ending_text);
    int rc = mf__files_settle(live->files, result->error == 0, files_settled, live);
    if (rc <= 0) {
        files_settled(live, rc);
    }
}

void mf__live_cancel(struct mf__live *live)
{
    mf_run_cancel(live->run, MF_E_CANCELED);
    mf__fetches_end(&live->fetches, &live->record);
}

/* ---- what the pool says ----------------------------------------------------------------------- */

void mf__live_on_log(struct mf_run *run, void *user, const struct mf_msg_log *log)
{
    struct mf__live *live = user;
    (void)run;
    mf__record_log(&live->record, log);
}

void mf__live_on_exception(struct mf_run *run, void *user, const struct mf_msg_exception *exception)
{
    struct mf__live *live = user;
    (void)run;
    mf__record_exception(&live->record, exception);
}

void mf__live_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    struct mf__live *live = user;
    (void)run;
    mf__fetches_fetch(&live->fetches, fetch);
}

void mf__live_on_fetch_drop(struct mf_run *run, void *user, uint32_t fetch)
{
    struct mf__live *live = user;
    (void)run;
    mf__fetches_drop(&live->fetches, fetch);
}

void mf__live_on_fetch_body(struct mf_run *run, void *user, uint32_t fetch, struct mf_slice bytes)
{
    struct mf__live *live = user;
    (void)run;
    mf__fetches_body(&live->fetches, fetch, bytes);
}

void mf__live_on_fetch_body_end(struct mf_run *run, void *user, uint32_t fetch, int error)
{
    struct mf__live *live = user;
    (void)run;
    mf__fetches_body_end(&live->fetches, fetch, error);
}

void mf__live_on_fetch_credit(struct mf_run *run, void *user, uint32_t fetch)
{
    struct mf__live *live = user;
    (void)run;
    mf__fetches_credit(&live->fetches, fetch);
}

void mf__live_on_files(struct mf_run *run, void *user, const struct mf_msg_files *message)
{
    struct mf__live *live = user;
    (void)run;
    mf__files_take(live->files, message);
}
