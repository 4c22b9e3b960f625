/* tail_run.c - see tail_run.h.
 *
 *   SOON --the loop turned--> LOADING --it is here--> LOOKING --what its outbound names is there--> WAITING --a place--> RUNNING --> freed
 *
 * It is a run like a client's: it waits for a place, has its worker's limits, is billed under its worker's name and leaves a record. Only
 * of its own end no tail hears. */
#include "tail_run.h"

#include <stdio.h>

#include <mayfly/wire.h>

#include "account.h"
#include "allowance.h"
#include "live.h"
#include "outbounds.h"
#include "request.h"
#include "worker_cache.h"

#define URL "http://tail.local/"

struct mf__tail_runs {
    struct mf_api *api;
    struct mf_list soon; /* struct tail_run.link: an answer comes first. */
    uv_timer_t timer;
    struct mf__tail_runs_state state;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

struct tail_run {
    struct mf__live live;
    struct mf_list link;    /* In |soon|. */
    struct mf_trace *trace; /* What it hears of. */
    char worker[MF_STORE_NAME_BYTES_MAX + 1];
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    struct mf__call call;
    struct mf__call_fault fault;
    struct mf__worker_wait wait;
    struct mf__look look;
    struct mf_ticket ticket;
};

static struct tail_run *tail_run_of(void *user)
{
    struct mf__live *live = user;

    return MF_CONTAINER_OF(live, struct tail_run, live);
}

static void free_tail_run(struct tail_run *run)
{
    struct mf_api *api = run->live.api;

    mf_admit_release(api->admit, &run->ticket, mf_clock_now_ns());
    mf__api_arm_admit(api);
    mf_trace_unref(run->trace);
    mf__call_done(&run->call);
    mf__call_fault_done(&run->fault);
    mf__live_done(&run->live);
    mf_free(run);
    api->tail_runs->state.count--;
}

/* |id|: whose news is lost. */
static void tell_dropped(struct mf_api *api, const struct mf_trace *trace, const char *worker, int error)
{
    const struct mf_trace_run *of = mf_trace_run_of(trace);
    char trace_id[MF_TRACE_ID_CHARS + 1];
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    struct mf_log_subject subject = {.id = of->id, .tenant = tenant, .trace = trace_id};

    mf_trace_hex(of->context->trace_id, MF_TRACE_ID_BYTES, trace_id);
    (void)snprintf(tenant, sizeof tenant, "%.*s", (int)of->tenant.size, (const char *)of->tenant.data);
    api->tail_runs->state.dropped++;
    mf_log_of(MF_LOG_WARN, error, &subject, "the tail worker %s does not hear of this run", worker);
}

/* Before RUNNING: it ends here. */
static void give_up(struct tail_run *run, int error)
{
    tell_dropped(run->live.api, run->trace, run->worker, error);
    free_tail_run(run);
}

/* ---- what the pool says ---------------------------------------------------------------------------- */

static void run_on_response(struct mf_run *pool_run, void *user, const struct mf_msg_response *response)
{
    (void)user; /* That it was heard; no status of anybody's. */
    if (response->has_body) {
        mf_run_stop_body(pool_run); /* Nobody reads it. */
    }
}

static void run_on_done(struct mf_run *pool_run, void *user, const struct mf_run_result *result)
{
    struct tail_run *run = tail_run_of(user);
    struct mf_log_subject subject = {
        .id = run->live.id, .tenant = run->live.tenant, .trace = run->live.record.trace_id};

    (void)pool_run;
    mf__live_over(&run->live);
    mf__account_ended(&run->live, result);
    if (result->error < 0) {
        run->live.api->tail_runs->state.failed++;
        mf_log_of(MF_LOG_WARN, result->error, &subject, "the tail worker %s failed on run %s", run->worker,
                  mf_trace_run_of(run->trace)->id);
    }
    free_tail_run(run);
}

static const struct mf_run_events run_events = {
    MF__LIVE_EVENTS,
    .on_response = run_on_response,
    .on_done = run_on_done,
};

/* ---- the beginning ------------------------------------------------------------------------------------ */

static void start(struct tail_run *run)
{
    int rc = mf__live_start(&run->live, &run->call, &run_events);

    if (rc < 0) {
        give_up(run, rc);
    } else {
        run->live.api->tail_runs->state.begun++;
    }
}

static void ticket_turn(struct mf_ticket *ticket, void *user, int error)
{
    struct tail_run *run = user;

    (void)ticket;
    if (error < 0) {
        give_up(run, error);
    } else {
        start(run);
    }
}

/* [{...}] and a request that nobody sees. */
static int append_items(struct tail_run *run)
{
    struct mf_buf items;
    int rc;

    mf_buf_init(&items, mf_trace_write_bytes_max(run->trace) + 2);
    rc = mf_buf_append_cstr(&items, "[");
    rc = rc < 0 ? rc : mf_trace_write_item(run->trace, &items);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&items, "]");
    rc = rc < 0
             ? rc
             : mf_bundle_append(&run->call.bundle, MF_PART_TAIL, mf_slice_of_cstr(""), mf_buf_peek(&items));
    rc = rc < 0 ? rc
                : mf__request_parts(&run->call.bundle, mf_slice_of_cstr("POST"), mf_slice_of_cstr(URL),
                                    mf_slice_of_cstr(""));
    mf_buf_done(&items);
    return rc;
}

static void resolved(struct tail_run *run, int error)
{
    struct mf_api *api = run->live.api;
    struct mf_admit_who who = mf__allowance_who(api, run->tenant);

    error = error < 0 ? error : append_items(run);
    error =
        error < 0 ? error : mf_admit_try(api->admit, &who, &run->ticket, mf_clock_now_ns(), ticket_turn, run);
    if (error == MF_E_AGAIN) {
        mf__api_arm_admit(api);
    } else if (error < 0) {
        give_up(run, error);
    } else {
        start(run);
    }
}

static void looked(struct mf__look *look, int error)
{
    struct tail_run *run = MF_CONTAINER_OF(look, struct tail_run, look);

    resolved(run, error < 0 ? error : mf__outbounds_resolved(run->live.api, look, &run->fault));
}

static void found(struct mf__worker_wait *wait, int error, const struct mf__worker *worker)
{
    struct tail_run *run = MF_CONTAINER_OF(wait, struct tail_run, wait);
    struct mf_api *api = run->live.api;
    char id[MF_ID_BYTES_MAX];

    if (error < 0) {
        give_up(run, error);
        return;
    }
    mf__call_done(&run->call);
    mf__worker_call(worker, api->config, &run->call);
    run->call.kind = MF_TRACE_TAIL;
    mf_trace_context_child(mf_trace_run_of(run->trace)->context, &run->call.trace);
    mf_random_id("run_", id);
    mf__live_init(&run->live, api, id, &run->call, 0);
    error = mf__outbounds_resolve(api, &run->call, &run->fault, &run->look, looked);
    if (error != MF_E_AGAIN) {
        resolved(run, error);
    }
}

static void load(struct tail_run *run)
{
    struct mf_api *api = run->live.api;
    const struct mf__worker *worker = NULL;
    int rc = api->is_draining ? MF_E_DRAINING
                              : mf__workers_get(api->workers, mf_slice_of_cstr(run->tenant),
                                                mf_slice_of_cstr(run->worker), &run->wait, &worker);

    if (rc != MF_E_AGAIN) {
        found(&run->wait, rc, worker);
    }
}

static void timer_due(uv_timer_t *timer)
{
    struct mf__tail_runs *runs = timer->data;
    struct mf_list *link;

    while ((link = mf_list_pop_front(&runs->soon)) != NULL) {
        load(MF_CONTAINER_OF(link, struct tail_run, link));
    }
}

static void add(struct mf__tail_runs *runs, struct mf_trace *trace, const char *tenant, const char *name)
{
    struct tail_run *run;

    if (runs->state.count >= MF_TAIL_RUNS_MAX) {
        tell_dropped(runs->api, trace, name, MF_E_OVERLOADED);
        return;
    }
    run = mf_new(sizeof *run);
    runs->state.count++;
    run->live.api = runs->api;
    run->trace = mf_trace_ref(trace);
    (void)snprintf(run->worker, sizeof run->worker, "%s", name);
    (void)snprintf(run->tenant, sizeof run->tenant, "%s", tenant);
    mf__call_init(&run->call, runs->api->config);
    mf__call_fault_init(&run->fault);
    run->wait.done = found;
    mf_list_push_back(&runs->soon, &run->link);
    if (!uv_is_active((uv_handle_t *)&runs->timer)) {
        int rc = uv_timer_start(&runs->timer, timer_due, 0, 0);
        MF_ASSERT(rc == 0); /* Fails only while the handle closes. */
    }
}

/* ---- the door ---------------------------------------------------------------------------------------------- */

struct mf__tail_runs *mf__tail_runs_new(struct mf_api *api)
{
    struct mf__tail_runs *runs = mf_new(sizeof *runs);
    int rc = uv_timer_init(api->loop, &runs->timer);

    MF_ASSERT(rc == 0); /* Cannot fail: it only fills the handle. */
    runs->timer.data = runs;
    runs->api = api;
    mf_list_init(&runs->soon);
    return runs;
}

void mf__tail_runs_add(struct mf__tail_runs *runs,
                       struct mf_trace *trace,
                       const char *tenant,
                       struct mf_slice names)
{
    for (size_t at = 0; at < names.size; at += strlen((const char *)names.data + at) + 1) {
        add(runs, trace, tenant, (const char *)names.data + at);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    struct mf__tail_runs *runs = handle->data;
    void (*on_closed)(void *user) = runs->on_closed;
    void *user = runs->on_closed_user;

    mf_free(runs);
    on_closed(user);
}

void mf__tail_runs_close(MF_OWN struct mf__tail_runs *runs, void (*on_closed)(void *user), void *user)
{
    runs->on_closed = on_closed;
    runs->on_closed_user = user;
    while (!mf_list_is_empty(&runs->soon)) { /* Of runs that ended at the very end. */
        give_up(MF_CONTAINER_OF(mf_list_pop_front(&runs->soon), struct tail_run, link), MF_E_CLOSED);
    }
    uv_close((uv_handle_t *)&runs->timer, timer_closed);
}

void mf__tail_runs_state(const struct mf__tail_runs *runs, struct mf__tail_runs_state *ret_state)
{
    *ret_state = runs->state;
}
