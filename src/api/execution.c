/* execution.c - see execution.h: from its place to its end. */
#include "execution_internal.h"

#include "account.h"
#include "allowance.h"
#include "json_text.h"

static void check(const struct mf__execution *execution)
{
    switch (execution->state) {
    case EXECUTION_WAITING:
        MF_ASSERT(execution->live.run == NULL && execution->sink != NULL);
        break;
    case EXECUTION_RUNNING:
        MF_ASSERT(execution->live.run != NULL &&
                  (execution->ticket.state == MF_TICKET_HOLDS) == !execution->is_parked);
        break;
    case EXECUTION_SETTLING:
        MF_ASSERT(execution->live.run == NULL);
        break;
    case EXECUTION_DONE:
        MF_ASSERT(execution->live.run == NULL && execution->ticket.state == MF_TICKET_IDLE);
        break;
    }
}

/* ---- what the run says --------------------------------------------------------------------------------------- */

static void run_on_log(struct mf_run *run, void *user, const struct mf_msg_log *log)
{
    struct mf__execution *execution = mf__execution_of(user);

    mf__live_on_log(run, user, log);
    if (execution->program.call.may_call && mf__log_level_name(log->method) != NULL) {
        mf__execution_say_log(execution, log);
    }
}

static void run_on_exception(struct mf_run *run, void *user, const struct mf_msg_exception *exception)
{
    struct fault *fault = &mf__execution_of(user)->fault;

    mf__live_on_exception(run, user, exception);
    (void)snprintf(fault->name, sizeof fault->name, "%.*s", (int)exception->name.size,
                   (const char *)exception->name.data);
    mf_buf_reset(&fault->stack);
    mf_ignore(mf_buf_append_slice(&fault->stack, exception->stack)); /* It fits; else there is none. */
    fault->line = exception->line;
    fault->column = exception->column;
}

static void run_on_response(struct mf_run *run, void *user, const struct mf_msg_response *response)
{
    (void)run;
    mf__execution_of(user)->live.record.status = response->status;
}

static void run_on_body(struct mf_run *run, void *user, struct mf_slice bytes)
{
    struct mf__execution *execution = mf__execution_of(user);

    execution->live.record.bytes_out += bytes.size;
    if (mf_buf_append_slice(&execution->live.record.body, bytes) < 0) {
        mf_run_cancel(run, MF_E_LIMIT_RESPONSE);
    } else {
        mf_run_body_consumed(run, bytes.size);
    }
}

/* The result is what an executor says: it must be JSON before it may stand in a frame. */
static int judge(const struct mf__execution *execution, const struct mf_run_result *result)
{
    const struct mf__record *record = &execution->live.record;
    struct mf_slice body = mf_buf_peek(&record->body);
    bool is_json = body.size == 0 || (mf__json_text_check(body, NULL) == 0 && mf__json_text_is_line(body));

    if (execution->verdict < 0 && result->error < 0) {
        return execution->verdict;
    }
    if (result->error == 0 && (record->status == 0 || !is_json)) {
        return MF_E_EXECUTOR_PROTOCOL;
    }
    return result->error;
}

static void settled(struct mf__live *live, const struct mf_run_result *result)
{
    struct mf__execution *execution = mf__execution_of(live);
    struct mf__executions *executions = mf__execution_registry(execution);
    struct mf_run_result shown = *result;

    if (shown.error == execution->verdict) {
        shown.text = mf_buf_peek(&execution->why);
    }
    mf__execution_note_open_calls(execution);
    mf__account_ended(&execution->live, &shown);
    mf__execution_say_done(execution, &shown);
    executions->state.parked -= execution->is_parked ? 1 : 0;
    execution->is_parked = false;
    mf_admit_release(execution->live.api->admit, &execution->ticket, mf_clock_now_ns());
    mf__api_arm_admit(execution->live.api);
    execution->state = EXECUTION_DONE;
    check(execution);
    mf__tool_calls_done(&execution->calls);
    mf__journal_done(&execution->journal);
    mf_buf_done(&execution->live.record.body);
    mf_list_remove(&execution->link);
    mf_list_push_back(&executions->all, &execution->link);
    executions->state.live--;
    executions->state.kept++;
    executions->kept_bytes += execution->backlog.bytes;
    execution->sent_ns = mf_clock_now_ns();
    mf__execution_pump(execution);
    mf__executions_make_room(executions);
}

static void run_on_done(struct mf_run *run, void *user, const struct mf_run_result *result)
{
    struct mf__execution *execution = mf__execution_of(user);
    struct mf_run_result shown = *result;

    (void)run;
    shown.error = judge(execution, result);
    execution->state = EXECUTION_SETTLING;
    mf__live_settle(&execution->live, &shown, settled);
}

static const struct mf_run_events run_events = {
    .on_log = run_on_log,
    .on_exception = run_on_exception,
    .on_response = run_on_response,
    .on_body = run_on_body,
    .on_fetch = mf__execution_on_fetch,
    .on_fetch_abort = mf__execution_on_fetch_drop,
    .on_fetch_body = mf__execution_on_fetch_body,
    .on_fetch_body_end = mf__execution_on_fetch_body_end,
    .on_fetch_credit = mf__execution_on_fetch_credit,
    .on_fetch_stop = mf__execution_on_fetch_drop,
    .on_files = mf__live_on_files,
    .on_done = run_on_done,
};

/* ---- the beginning ---------------------------------------------------------------------------------------------- */

static void start(struct mf__execution *execution)
{
    int rc = mf__live_start(&execution->live, &execution->program.call, &run_events);

    if (rc < 0) {
        mf__execution_refuse(execution, rc);
        return;
    }
    execution->state = EXECUTION_RUNNING;
    execution->active_since_ns = mf_clock_now_ns();
    check(execution);
    if (execution->program.call.may_call) {
        mf__execution_say_start(execution);
    }
}

static void ticket_turn(struct mf_ticket *ticket, void *user, int error)
{
    struct mf__execution *execution = user;

    (void)ticket;
    if (error < 0) {
        mf__execution_refuse(execution, error);
    } else {
        start(execution);
    }
}

struct mf__execution *mf__execution_new(struct mf_api *api,
                                        struct mf__program *program,
                                        uint64_t bytes_held,
                                        const struct mf__sink *sink,
                                        void *user)
{
    struct mf__execution *execution = mf_new(sizeof *execution);
    char id[MF_ID_BYTES_MAX];
    int rc;

    mf_random_id("exec_", id);
    mf__live_init(&execution->live, api, id, &program->call, MF_RUN_ENVELOPE_BYTES_MAX);
    execution->live.record.has_calls = true;
    execution->program = *program;
    mf__journal_init(&execution->journal, program->has_journal, &execution->program.past);
    mf__program_init(program, api->config);
    if (execution->program.excludes_waits) {
        execution->wall_ns = execution->program.call.wall_ms * MF_NS_PER_MS;
        execution->program.call.wall_ms = api->config->wall_ms.max;
    }
    execution->bytes_held = bytes_held;
    execution->sink = sink;
    execution->sink_user = user;
    execution->sent_ns = mf_clock_now_ns();
    mf__backlog_init(&execution->backlog);
    mf__tool_calls_init(&execution->calls);
    mf_buf_init(&execution->fault.stack, MF_RUN_TEXT_BYTES_MAX);
    mf_buf_init(&execution->why, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&execution->scratch, mf__record_bytes_max(&execution->live.record) +
                                         MF_RUN_ENVELOPE_BYTES_MAX + MF_EXECUTION_JOURNAL_BYTES_MAX +
                                         execution->live.record.logs.bytes_max +
                                         execution->program.call_bytes);
    mf_list_push_front(&api->executions->all, &execution->link);
    api->executions->state.live++;
    rc = mf_map_put(api->executions->by_id, mf_hash(mf_slice_of_cstr(id)), execution);
    MF_ASSERT(rc != MF_E_EXISTS); /* 124 random bits. Without memory nobody finds it: it runs all the same. */
    return execution;
}

void mf__execution_begin(struct mf__execution *execution)
{
    struct mf_api *api = execution->live.api;
    struct mf_admit_who who = mf__allowance_who(api, execution->live.tenant);
    int rc = mf_admit_try(api->admit, &who, &execution->ticket, mf_clock_now_ns(), ticket_turn, execution);

    if (rc == MF_E_AGAIN) {
        mf__api_arm_admit(api);
    } else if (rc < 0) {
        mf__execution_refuse(execution, rc);
    } else {
        start(execution);
    }
}

const char *mf__execution_id(const struct mf__execution *execution)
{
    return execution->live.id;
}

/* ---- who takes its frames ------------------------------------------------------------------------------------------ */

void mf__execution_drained(struct mf__execution *execution)
{
    execution->is_sink_full = false;
    mf__execution_pump(execution);
}

void mf__execution_cancel(struct mf__execution *execution)
{
    if (execution->state == EXECUTION_RUNNING) {
        mf_run_cancel(execution->live.run, MF_E_CANCELED);
    } else if (execution->state == EXECUTION_WAITING) {
        mf__execution_refuse(execution, MF_E_CANCELED);
    }
}

void mf__execution_detach(struct mf__execution *execution)
{
    execution->sink = NULL;
    execution->sent_ns = mf_clock_now_ns();
    if (execution->state == EXECUTION_WAITING) {
        mf__execution_forget(execution);
    } else if (!execution->program.call.may_call) {
        mf__execution_cancel(execution); /* Its one answer has nobody to go to. */
    }
}

int mf__execution_attach(struct mf__execution *execution,
                         uint64_t seq,
                         const struct mf__sink *sink,
                         void *user)
{
    int rc;

    if (execution->state == EXECUTION_WAITING) {
        return MF_E_EXECUTION_UNKNOWN;
    }
    rc = mf__backlog_rewind(&execution->backlog, seq);
    if (rc < 0) {
        return rc;
    }
    mf__execution_end_sink(execution, MF_E_EXISTS);
    execution->sink = sink;
    execution->sink_user = user;
    execution->is_sink_full = true; /* Until it says that it is ready. */
    return 0;
}
