/* run.c - the fetches of one run: a few at once, the rest in their order. */
#include <stdio.h>

#include "egress.h"

/* ---- the queue ------------------------------------------------------------------------------------ */

void mf__run_look(struct mf_egress_run *run)
{
    struct mf_egress *egress = run->egress;
    bool may_begin = run->active_count < egress->run_max && !mf_list_is_empty(&run->queued);

    if (may_begin && mf_list_is_empty(&run->waiting)) {
        mf_list_push_back(&egress->depths[run->depth].waiting, &run->waiting);
    } else if (!may_begin) {
        mf_list_remove(&run->waiting);
    }
    /* Also when there is nothing to begin here: a place was given back, and others may want it. */
    mf__egress_schedule(egress);
    mf__run_look_for_stall(run);
}

bool mf__run_begin_next(struct mf_egress_run *run)
{
    struct mf_list *link = run->active_count < run->egress->run_max ? mf_list_pop_front(&run->queued) : NULL;

    if (link == NULL) {
        return false;
    }
    mf_list_push_back(&run->active, link);
    run->active_count++;
    mf__egress_take(run);
    run->egress->state.queued--;
    mf__fetch_begin(MF_CONTAINER_OF(link, struct mf__fetch, link));
    return true;
}

/* ---- stalls: all places are held by fetches that wait for the worker, which may be waiting for the next -------------- */

static struct mf__fetch *least_recent(struct mf_egress_run *run)
{
    struct mf__fetch *least = NULL;

    MF_LIST_FOR_EACH(link, &run->active)
    {
        struct mf__fetch *fetch = MF_CONTAINER_OF(link, struct mf__fetch, link);
        if (!mf__fetch_is_stalled(fetch)) {
            return NULL;
        }
        if (least == NULL || mf__fetch_moved_ns(fetch) < mf__fetch_moved_ns(least)) {
            least = fetch;
        }
    }
    return least;
}

static bool is_stalled(struct mf_egress_run *run)
{
    return !mf_list_is_empty(&run->queued) && run->active_count >= run->egress->run_max &&
           least_recent(run) != NULL;
}

static void stall_due(uv_timer_t *timer)
{
    struct mf_egress_run *run = MF_CONTAINER_OF(timer, struct mf_egress_run, stall);

    if (is_stalled(run)) {
        mf__fetch_fail(least_recent(run), MF_E_UPSTREAM_STALLED);
    }
}

void mf__run_look_for_stall(struct mf_egress_run *run)
{
    bool is_running = uv_is_active((uv_handle_t *)&run->stall);

    if (run->is_over) {
        return;
    }
    if (!is_stalled(run)) {
        (void)uv_timer_stop(&run->stall);
    } else if (!is_running) {
        (void)uv_timer_start(&run->stall, stall_due, MF_UPSTREAM_STALL_MS, 0);
    }
}

/* ---- the door --------------------------------------------------------------------------------------- */

static bool has_placeholders(const struct mf_policy *policy)
{
    for (size_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].placeholders_count > 0) {
            return true;
        }
    }
    return false;
}

struct mf_egress_run *mf_egress_run_new(struct mf_egress *egress,
                                        const struct mf_egress_spec *spec,
                                        const struct mf_egress_events *events,
                                        void *user)
{
    struct mf_egress_run *run = mf_new(sizeof *run);

    run->egress = egress;
    run->events = events;
    run->user = user;
    run->policy = spec->policy;
    mf_policy_ref(run->policy);
    run->has_placeholders = has_placeholders(run->policy);
    MF_ASSERT(spec->depth < MF_POOL_DOMAINS_MAX);
    run->depth = spec->depth;
    run->subrequests_max = spec->subrequests;
    run->is_sampled = spec->trace.is_sampled;
    run->began_ns = spec->trace.began_ns;
    (void)snprintf(run->trace_id, sizeof run->trace_id, "%s", spec->trace.id == NULL ? "" : spec->trace.id);
    mf_buf_init(&run->trace_state, MF_TRACE_STATE_BYTES_MAX);
    mf_ignore(mf_buf_append_slice(&run->trace_state, spec->trace.state)); /* Likewise. */
    (void)snprintf(run->id, sizeof run->id, "%s", spec->id);
    mf_buf_init(&run->tenant, MF_STORE_TENANT_BYTES_MAX);
    mf_ignore(mf_buf_append_slice(&run->tenant, spec->tenant)); /* Its length was checked where it came in. */
    mf_buf_init(&run->records, MF_UPSTREAM_RECORDS_BYTES_MAX);
    mf_list_init(&run->waiting);
    mf_list_init(&run->queued);
    mf_list_init(&run->active);
    (void)uv_timer_init(egress->loop, &run->stall);
    egress->runs++;
    return run;
}

static void stall_closed(uv_handle_t *handle)
{
    mf_free(MF_CONTAINER_OF((uv_timer_t *)handle, struct mf_egress_run, stall));
}

static void drop_all(struct mf_list *list)
{
    while (!mf_list_is_empty(list)) {
        mf__fetch_drop(MF_CONTAINER_OF(list->next, struct mf__fetch, link));
    }
}

void mf_egress_run_end(struct mf_egress_run *run)
{
    run->is_over = true;
    drop_all(&run->queued);
    drop_all(&run->active);
    mf_list_remove(&run->waiting);
}

void mf_egress_run_free(MF_OWN struct mf_egress_run *run)
{
    if (run == NULL) {
        return;
    }
    mf_egress_run_end(run);
    mf_policy_unref(run->policy);
    mf_buf_done(&run->tenant);
    mf_buf_done(&run->records);
    mf_buf_done(&run->trace_state);
    run->egress->runs--;
    uv_close((uv_handle_t *)&run->stall, stall_closed);
}

static struct mf__fetch *find(struct mf_list *list, uint32_t number)
{
    MF_LIST_FOR_EACH(link, list)
    {
        struct mf__fetch *fetch = MF_CONTAINER_OF(link, struct mf__fetch, link);
        if (fetch->number == number) {
            return fetch;
        }
    }
    return NULL;
}

/* At most MF_RUN_FETCHES_OPEN_MAX are queued, and a few are active. */
static struct mf__fetch *fetch_of(struct mf_egress_run *run, uint32_t number)
{
    struct mf__fetch *fetch = find(&run->active, number);

    return fetch != NULL ? fetch : find(&run->queued, number);
}

void mf_egress_fetch(struct mf_egress_run *run, const struct mf_egress_request *request)
{
    struct mf__fetch *fetch = mf__fetch_new(run, request);

    if (fetch == NULL) {
        run->events->on_fail(run->user, request->fetch, MF_E_NO_MEMORY, mf_slice_of(NULL, 0));
        return;
    }
    mf__run_look(run);
}

void mf_egress_body(struct mf_egress_run *run, uint32_t number, struct mf_slice bytes)
{
    struct mf__fetch *fetch = fetch_of(run, number);

    if (fetch != NULL) {
        mf__fetch_body(fetch, bytes);
        mf__run_look_for_stall(run);
    }
}

void mf_egress_body_end(struct mf_egress_run *run, uint32_t number, int error)
{
    struct mf__fetch *fetch = fetch_of(run, number);

    if (fetch != NULL) {
        mf__fetch_body_end(fetch, error);
        mf__run_look_for_stall(run);
    }
}

void mf_egress_credit(struct mf_egress_run *run, uint32_t number)
{
    struct mf__fetch *fetch = find(&run->active, number);

    if (fetch != NULL) {
        mf__fetch_credit(fetch);
        mf__run_look_for_stall(run);
    }
}

void mf_egress_drop(struct mf_egress_run *run, uint32_t number)
{
    struct mf__fetch *fetch = fetch_of(run, number);

    if (fetch != NULL) {
        mf__fetch_drop(fetch);
    }
}

uint32_t mf_egress_run_count(const struct mf_egress_run *run)
{
    return run->subrequests;
}

uint64_t mf_egress_run_bytes(const struct mf_egress_run *run)
{
    return run->bytes;
}

struct mf_slice mf_egress_run_records(const struct mf_egress_run *run, uint32_t *ret_left_out)
{
    *ret_left_out = run->records_left_out;
    return mf_buf_peek(&run->records);
}
