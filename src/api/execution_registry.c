/* execution_registry.c - all executions: found by their ids, looked at by a clock, forgotten. */
#include "execution_internal.h"

/* ---- the end of one ------------------------------------------------------------------------------------------ */

void mf__execution_forget(struct mf__execution *execution)
{
    struct mf__executions *executions = mf__execution_registry(execution);
    struct mf_api *api = execution->live.api;

    if (execution->state == EXECUTION_DONE) {
        executions->state.kept--;
        executions->kept_bytes -= execution->backlog.bytes;
    } else {
        executions->state.live--;
    }
    (void)mf_map_take(executions->by_id, mf_hash(mf_slice_of_cstr(execution->live.id)));
    mf_list_remove(&execution->link);
    mf_admit_release(api->admit, &execution->ticket, mf_clock_now_ns());
    mf__api_arm_admit(api);
    api->bytes_held -= execution->bytes_held;
    mf__live_done(&execution->live);
    mf__program_done(&execution->program);
    mf__tool_calls_done(&execution->calls);
    mf__journal_done(&execution->journal);
    mf__backlog_done(&execution->backlog);
    mf_buf_done(&execution->scratch);
    mf_buf_done(&execution->fault.stack);
    mf_buf_done(&execution->why);
    mf_free(execution);
}

void mf__execution_end_sink(struct mf__execution *execution, int error)
{
    const struct mf__sink *sink = execution->sink;

    execution->sink = NULL;
    execution->sent_ns = mf_clock_now_ns();
    if (sink != NULL) {
        sink->on_end(execution->sink_user, error);
    }
}

/* In WAITING: it never begins. */
void mf__execution_refuse(struct mf__execution *execution, int error)
{
    mf__execution_end_sink(execution, error);
    mf__execution_forget(execution);
}

/* The oldest of those that are done go when there are too many. */
void mf__executions_make_room(struct mf__executions *executions)
{
    struct mf_list *link = executions->all.next;

    while ((executions->state.kept > MF_EXECUTION_KEPT_MAX ||
            executions->kept_bytes > MF_EXECUTION_KEPT_BYTES_MAX) &&
           link != &executions->all) {
        struct mf__execution *execution = MF_CONTAINER_OF(link, struct mf__execution, link);
        link = link->next;
        if (execution->state == EXECUTION_DONE && execution->sink == NULL) {
            mf__execution_forget(execution);
        }
    }
}

/* ---- all of them ---------------------------------------------------------------------------------------------------- */

struct mf__execution *
mf__executions_find(struct mf__executions *executions, struct mf_slice tenant, struct mf_slice id)
{
    struct mf__execution *execution = mf_map_get(executions->by_id, mf_hash(id));
    bool is_it = execution != NULL && mf_slice_equal_cstr(id, execution->live.id) &&
                 mf_slice_equal_cstr(tenant, execution->live.tenant);

    return is_it ? execution : NULL;
}

/* Its time is up, in one way or another. */
static void look_at(struct mf__execution *execution, uint64_t now_ns)
{
    static const char ping[] = "{\"type\":\"ping\"}";
    uint64_t silent_ns = now_ns - execution->sent_ns;
    uint64_t grace_ns = (uint64_t)execution->program.reattach_ms * MF_NS_PER_MS;

    if (execution->sink == NULL && silent_ns > grace_ns) {
        if (execution->state == EXECUTION_DONE) {
            mf__execution_forget(execution);
        } else {
            mf__execution_cancel(execution);
        }
        return;
    }
    if (execution->state != EXECUTION_RUNNING) {
        return;
    }
    if (execution->wall_ns > 0 && execution->active_since_ns != 0 &&
        execution->active_ns + (now_ns - execution->active_since_ns) > execution->wall_ns) {
        mf_run_cancel(execution->live.run, MF_E_LIMIT_WALL);
    }
    if (execution->sink != NULL && execution->program.call.may_call && !execution->is_sink_full &&
        silent_ns > MF_EXECUTION_PING_MS * MF_NS_PER_MS) {
        execution->sent_ns = now_ns;
        execution->is_sink_full =
            !execution->sink->on_frame(execution->sink_user, mf_slice_of(ping, sizeof ping - 1));
    }
}

static void timer_due(uv_timer_t *timer)
{
    struct mf__executions *executions = timer->data;
    uint64_t now_ns = mf_clock_now_ns();

    MF_LIST_FOR_EACH(link, &executions->all)
    {
        look_at(MF_CONTAINER_OF(link, struct mf__execution, link), now_ns);
    }
}

MF_OWN struct mf__executions *mf__executions_new(struct mf_api *api)
{
    struct mf__executions *executions = mf_new(sizeof *executions);
    int rc = uv_timer_init(api->loop, &executions->timer);

    MF_ASSERT(rc == 0); /* Cannot fail: it only fills the handle. */
    executions->api = api;
    executions->timer.data = executions;
    executions->by_id = mf_map_new(SIZE_MAX);
    mf_list_init(&executions->all);
    rc = uv_timer_start(&executions->timer, timer_due, MF_EXECUTION_TICK_MS, MF_EXECUTION_TICK_MS);
    MF_ASSERT(rc == 0); /* Fails only without a callback. */
    uv_unref((uv_handle_t *)&executions->timer);
    return executions;
}

static void timer_closed(uv_handle_t *handle)
{
    struct mf__executions *executions = handle->data;
    void (*on_closed)(void *user) = executions->on_closed;
    void *user = executions->on_closed_user;

    mf_map_free(executions->by_id);
    mf_free(executions);
    on_closed(user);
}

void mf__executions_close(MF_OWN struct mf__executions *executions, void (*on_closed)(void *user), void *user)
{
    executions->on_closed = on_closed;
    executions->on_closed_user = user;
    MF_LIST_FOR_EACH(link, &executions->all)
    {
        mf__execution_forget(MF_CONTAINER_OF(link, struct mf__execution, link));
    }
    uv_close((uv_handle_t *)&executions->timer, timer_closed);
}
