/* api.c - the room itself: what all routes share, and the clock of those who wait for a place. */
#include "code_cache.h"
#include "execution.h"
#include "idempotency.h"
#include "intercept.h"
#include "internal.h"
#include "json.h"
#include "observe.h"
#include "outbounds.h"
#include "tail.h"
#include "tail_run.h"
#include "usage_push.h"
#include "worker_cache.h"
#include "workspace_call.h"
#include "workspace_tidy.h"

static void admit_timer_due(uv_timer_t *timer)
{
    struct mf_api *api = timer->data;

    mf_admit_expire(api->admit, mf_clock_now_ns());
    mf__api_arm_admit(api);
}

void mf__api_arm_admit(struct mf_api *api)
{
    uint64_t deadline_ns = mf_admit_next_deadline(api->admit);
    uint64_t now_ns = mf_clock_now_ns();
    uint64_t delay_ms;
    int rc;

    if (deadline_ns == MF_DEADLINE_NEVER) {
        (void)uv_timer_stop(&api->admit_timer);
        return;
    }
    delay_ms = deadline_ns <= now_ns ? 0 : (deadline_ns - now_ns) / MF_NS_PER_MS + 1;
    rc = uv_timer_start(&api->admit_timer, admit_timer_due, delay_ms, 0);
    MF_ASSERT(rc == 0); /* Fails only while the handle closes. */
}

void mf_api_configure(struct mf_api *api, struct mf_config *config)
{
    struct mf_traces_limits limits = mf__observe_limits(config);

    api->config = config;
    if (api->otlp != NULL) {
        mf_otlp_set_logged(api->otlp, config->is_otlp_logged);
    }
    mf_traces_configure(api->traces, &limits);
    if (api->push != NULL) {
        mf__usage_push_take(api->push);
    }
    mf__outbounds_look_for_default(api);
}

static int open_otlp(struct mf_api *api)
{
    const struct mf_otlp_options options = {.url = api->config->otlp_url,
                                            .headers_path = api->config->otlp_headers_path,
                                            .is_logged = api->config->is_otlp_logged};
    char why[MF_OTLP_WHY_BYTES_MAX] = "";
    int rc = options.url == NULL ? 0 : mf_otlp_open(&options, &api->otlp, why);

    if (rc < 0) {
        mf_log(MF_LOG_ERROR, rc, NULL, "%s", why);
    }
    return rc;
}

int mf_api_check(const struct mf_config *config, char *ret_why)
{
    return mf__usage_push_check(config, ret_why);
}

int mf_api_reload(struct mf_api *api, char *ret_why)
{
    return api->push == NULL ? 0 : mf__usage_push_reload(api->push, ret_why);
}

static int open_push(struct mf_api *api)
{
    char why[MF_POST_WHY_BYTES_MAX] = "";
    int rc = api->config->usage_push_url == NULL ? 0 : mf__usage_push_open(api, &api->push, why);

    if (rc < 0) {
        mf_log(MF_LOG_ERROR, rc, NULL, "%s", why);
    }
    return rc;
}

int mf_api_open(uv_loop_t *loop, const struct mf_api_options *options, MF_OWN struct mf_api **ret_api)
{
    struct mf_api *api = mf_new(sizeof *api);
    struct mf_traces_limits limits = mf__observe_limits(options->config);
    int rc = uv_timer_init(loop, &api->admit_timer);

    MF_ASSERT(rc == 0); /* Cannot fail: it only fills the handle. */
    mf__json_init();
    api->admit_timer.data = api;
    api->loop = loop;
    api->config = options->config;
    api->pool = options->pool;
    api->admit = options->admit;
    api->store = options->store;
    api->queue = options->queue;
    api->vault = options->vault;
    api->tenants = options->tenants;
    api->egress = options->egress;
    api->ledger = options->ledger;
    api->started_ns = mf_clock_now_ns();
    api->meter = mf_meter_new();
    api->outbounds = mf_outbounds_new();
    api->workers = mf__workers_new(api, MF_WORKER_CACHE_BYTES_DEFAULT, MF_WORKER_CACHE_COUNT_DEFAULT);
    api->executions = mf__executions_new(api);
    api->idempotency = mf__idempotency_new();
    api->code_caches = mf__code_caches_new(api);
    api->traces = mf_traces_new(&limits);
    api->tidy = mf__tidy_new(loop, api->queue);
    api->tails = mf__tails_new(api);
    api->tail_runs = mf__tail_runs_new(api);
    if (api->egress != NULL) {
        mf_egress_set_interceptor(api->egress, &mf__interceptor, api);
    }
    rc = open_otlp(api);
    rc = rc < 0 ? rc : open_push(api);
    if (rc == 0) {
        rc = mf__outbounds_load(api);
        if (rc < 0) {
            mf_log(MF_LOG_ERROR, rc, NULL, "the stored outbounds could not be read");
        }
    }
    if (rc < 0) {
        mf_api_close(api, NULL, NULL);
        return rc;
    }
    if (api->queue != NULL) {
        mf__tidy_ask(api->tidy); /* What the last run did not get to. */
    }
    *ret_api = api;
    return 0;
}

void mf_api_leave(struct mf_api *api)
{
    api->is_leaving = true;
}

void mf_api_drain(struct mf_api *api)
{
    api->is_leaving = true;
    api->is_draining = true;
    mf_admit_drain(api->admit);
    mf__tails_drain(api->tails);
}

static void timer_closed(uv_handle_t *handle)
{
    struct mf_api *api = handle->data;
    void (*on_closed)(void *user) = api->on_closed;
    void *user = api->on_closed_user;

    mf__code_caches_free(api->code_caches);
    mf__workers_free(api->workers);
    MF_ASSERT(api->bytes_held == 0);
    mf__idempotency_free(api->idempotency);
    mf_outbounds_free(api->outbounds);
    mf_meter_free(api->meter);
    mf_otlp_close(api->otlp);
    mf_traces_free(api->traces);
    mf_free(api);
    if (on_closed != NULL) {
        on_closed(user);
    }
}

static void push_closed(void *user)
{
    struct mf_api *api = user;

    uv_close((uv_handle_t *)&api->admit_timer, timer_closed);
}

static void tail_runs_closed(void *user)
{
    struct mf_api *api = user;

    if (api->push != NULL) {
        mf__usage_push_close(api->push, push_closed, api);
    } else {
        push_closed(api);
    }
}

static void tails_closed(void *user)
{
    struct mf_api *api = user;

    mf__tail_runs_close(api->tail_runs, tail_runs_closed, api);
}

static void executions_closed(void *user)
{
    struct mf_api *api = user;

    mf__tails_close(api->tails, tails_closed, api);
}

static void tidy_closed(void *user)
{
    struct mf_api *api = user;

    mf__executions_close(api->executions, executions_closed, api);
}

void mf_api_close(MF_OWN struct mf_api *api, void (*on_closed)(void *user), void *user)
{
    api->on_closed = on_closed;
    api->on_closed_user = user;
    mf__tidy_close(api->tidy, tidy_closed, api); /* First: its timer must not find a queue that is gone. */
}
