/* execution_calls.c - the calls of an execution: from the program to its client, from its client or a journal to the program; and what
 * waiting for answers means for its place and its clock. */
#include "allowance.h"
#include "execution_internal.h"
#include "json_text.h"

/* ---- places and clocks ------------------------------------------------------------------------------------------ */

/* So many may wait without a place that whoever gets one finds room in an executor, too: what waits is still there. */
static size_t parked_max(const struct mf_config *config)
{
    uint64_t room = (uint64_t)config->executors_count * config->executor_runs_max;
    uint64_t spare = room > config->runs_concurrent_max ? room - config->runs_concurrent_max : 0;

    return spare < MF_EXECUTION_PARKED_MAX ? (size_t)spare : MF_EXECUTION_PARKED_MAX;
}

/* A program that waits for answers only costs memory: its place is free meanwhile, so that the one who answers may start another. */
void mf__execution_mind_place(struct mf__execution *execution)
{
    struct mf__executions *executions = mf__execution_registry(execution);
    struct mf_api *api = execution->live.api;
    bool waits = execution->calls.open > 0;
    uint64_t now_ns = mf_clock_now_ns();

    if (waits && execution->active_since_ns != 0) {
        execution->active_ns += now_ns - execution->active_since_ns;
        execution->active_since_ns = 0;
    } else if (!waits && execution->active_since_ns == 0) {
        execution->active_since_ns = now_ns;
    }
    if (waits && !execution->is_parked && executions->state.parked < parked_max(api->config)) {
        execution->is_parked = true;
        executions->state.parked++;
        mf_admit_release(api->admit, &execution->ticket, now_ns);
        mf__api_arm_admit(api);
    } else if (!waits && execution->is_parked) {
        struct mf_admit_who who = mf__allowance_who(api, execution->live.tenant);
        /* Without memory for that it goes on without a place. */
        if (mf_admit_take(api->admit, &who, &execution->ticket) == 0) {
            execution->is_parked = false;
            executions->state.parked--;
        }
    }
}

void mf__execution_give_verdict(struct mf__execution *execution, int error, struct mf_slice why)
{
    if (execution->verdict == 0) {
        execution->verdict = error;
        mf_buf_reset(&execution->why);
        mf_ignore(mf_buf_append_slice(&execution->why, why));
        mf_run_cancel(execution->live.run, MF_E_CANCELED);
    }
}

/* ---- for the run's record --------------------------------------------------------------------------------------- */

static int append_note(struct mf_buf *out,
                       const struct mf__execution *execution,
                       const struct mf__tool_call *call,
                       bool is_answered)
{
    uint64_t began_ns = execution->live.began_ns;
    char span_id[MF_SPAN_ID_CHARS + 1];
    int rc = mf_buf_printf(out, "%s{\"call\":%u,\"namespace\":", out->size > 0 ? "," : "", call->number);

    mf_trace_hex(call->span_id, MF_SPAN_ID_BYTES, span_id);
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(call->space));
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"name\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(call->name));
    return rc < 0 ? rc
                  : mf_buf_printf(out, ",\"startMs\":%.3f,\"ms\":%.3f,\"outcome\":\"%s\",\"spanId\":\"%s\"}",
                                  (double)(call->made_ns - began_ns) / (double)MF_NS_PER_MS,
                                  (double)(mf_clock_now_ns() - call->made_ns) / (double)MF_NS_PER_MS,
                                  is_answered ? "answered" : "abandoned", span_id);
}

void mf__execution_note_call(struct mf__execution *execution,
                             const struct mf__tool_call *call,
                             bool is_answered)
{
    struct mf__record *record = &execution->live.record;
    size_t before = record->tool_calls.size;

    if (append_note(&record->tool_calls, execution, call, is_answered) < 0) {
        record->tool_calls.size = before; /* Never half of one. */
        record->tool_calls_left_out++;
    }
}

void mf__execution_note_open_calls(struct mf__execution *execution)
{
    const struct mf__tool_calls *calls = &execution->calls;

    for (uint64_t number = 1; calls->open > 0 && number <= calls->made; number++) {
        const struct mf__tool_call *call = mf__tool_calls_by_number(calls, number);
        if (call != NULL && call->state != TOOL_CALL_ANSWERS) {
            mf__execution_note_call(execution, call, false);
        }
    }
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */

static void ask(struct mf__execution *execution)
{
    struct mf__tool_call *call;

    while (execution->calls.asked < execution->program.calls_concurrent &&
           (call = mf__tool_calls_ask(&execution->calls)) != NULL) {
        mf__execution_say_call(execution, call);
        if (!execution->journal.is_on) {
            mf_buf_done(&call->args); /* The frame has them. */
        }
    }
    mf__execution_pump(execution);
}

/* What is left of the answer, as far as the program has credit. */
static void send_answer(struct mf__execution *execution, struct mf__tool_call *call)
{
    struct mf_slice rest =
        mf_slice_of(call->answer.data + call->answer_sent, call->answer.size - call->answer_sent);

    call->answer_sent += mf_run_fetch_write(execution->live.run, call->fetch, rest);
    if (call->answer_sent == call->answer.size) {
        mf_run_fetch_end(execution->live.run, call->fetch);
        mf__tool_call_free(&execution->calls, call);
    }
}

static void fail_call(struct mf__execution *execution, struct mf__tool_call *call, int error)
{
    mf_run_fetch_fail(execution->live.run, call->fetch, error, mf_slice_of(NULL, 0));
    if (call->state != TOOL_CALL_ANSWERS) {
        mf__execution_note_call(execution, call, true);
        mf__tool_call_settle(&execution->calls, call, TOOL_CALL_ANSWERED);
    }
    mf__tool_call_free(&execution->calls, call);
    mf__execution_mind_place(execution);
    ask(execution);
}

/* Moves |answer|. */
static void
give_answer(struct mf__execution *execution, struct mf__tool_call *call, struct mf_buf *answer, bool is_bytes)
{
    struct mf_msg_fetch_head head = {.fetch = call->fetch, .status = 200, .has_body = 1};
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, 128);
    rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"),
                           mf_slice_of_cstr(is_bytes ? "application/octet-stream" : "application/json"));
    head.headers = mf_buf_peek(&headers);
    rc = rc < 0 ? rc : mf_run_fetch_head(execution->live.run, &head);
    mf_buf_done(&headers);
    if (rc < 0) {
        fail_call(execution, call, rc);
        return;
    }
    execution->live.record.bytes_in += answer->size;
    mf__execution_note_call(execution, call, true);
    mf__tool_call_settle(&execution->calls, call, TOOL_CALL_ANSWERED);
    call->answer = *answer;
    mf_buf_init(answer, answer->bytes_max);
    mf__execution_mind_place(execution);
    send_answer(execution, call);
    ask(execution);
}

/* True: the journal has its answer, or it is over. */
static bool replay(struct mf__execution *execution, struct mf__tool_call *call)
{
    struct mf_buf answer;
    struct mf_buf why;
    int rc;

    mf_buf_init(&answer, MF_EXECUTION_CALL_BYTES_MAX);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    rc = mf__journal_replay(&execution->journal, call, &answer, &why);
    if (rc > 0) {
        int kept = mf__journal_add(&execution->journal, call, mf_buf_peek(&answer));
        rc = kept < 0 ? kept : rc;
    }
    if (rc < 0) {
        mf__execution_give_verdict(execution, rc, mf_buf_peek(&why));
    } else if (rc > 0) {
        give_answer(execution, call, &answer, false);
    }
    mf_buf_done(&answer);
    mf_buf_done(&why);
    return rc != 0;
}

size_t mf__execution_call_bytes(const struct mf__execution *execution)
{
    return execution->program.call_bytes;
}

static int why_not(const struct mf__execution *execution, uint64_t number)
{
    if (execution->state == EXECUTION_DONE || execution->state == EXECUTION_SETTLING) {
        return MF_E_EXECUTION_OVER;
    }
    switch (mf__tool_calls_fate(&execution->calls, number)) {
    case TOOL_CALL_ANSWERED:
        return MF_E_CALL_ANSWERED;
    case TOOL_CALL_ABANDONED:
        return MF_E_CALL_OVER;
    case TOOL_CALL_UNKNOWN:
        return MF_E_CALL_UNKNOWN;
    case TOOL_CALL_OPEN:
        break;
    }
    return mf__tool_calls_by_number(&execution->calls, number)->state == TOOL_CALL_ASKED ? 0
                                                                                         : MF_E_CALL_UNKNOWN;
}

/* As the journal has it: bytes under codemode's tag. */
static int keep_answer(struct mf__execution *execution,
                       const struct mf__tool_call *call,
                       struct mf_slice answer,
                       bool is_bytes)
{
    struct mf_buf text;
    int rc;

    if (!execution->journal.is_on || !is_bytes) {
        return mf__journal_add(&execution->journal, call, answer);
    }
    mf_buf_init(&text, 2 * (size_t)MF_EXECUTION_JOURNAL_VALUE_BYTES_MAX);
    rc = answer.size > MF_EXECUTION_JOURNAL_VALUE_BYTES_MAX ? MF_E_CALL_TOO_LARGE : 0;
    rc = rc < 0 ? rc
                : mf_buf_append_cstr(&text, "{\"ok\":{\"__codemode_binary_v1__\":\"Uint8Array\",\"data\":\"");
    rc = rc < 0 ? rc : mf_buf_append_base64(&text, answer);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&text, "\"}}");
    rc = rc < 0 ? rc : mf__journal_add(&execution->journal, call, mf_buf_peek(&text));
    mf_buf_done(&text);
    return rc;
}

int mf__execution_answer(struct mf__execution *execution,
                         uint64_t number,
                         struct mf_buf *answer,
                         bool is_bytes,
                         bool is_pause)
{
    struct mf__tool_call *call;
    int rc = why_not(execution, number);

    if (rc < 0) {
        return rc;
    }
    if (answer->size > execution->program.call_bytes) {
        return MF_E_CALL_TOO_LARGE;
    }
    if (is_pause && !execution->journal.is_on) {
        return MF_E_API_FIELD;
    }
    call = mf__tool_calls_by_number(&execution->calls, number);
    if (is_pause) {
        mf__execution_give_verdict(execution, MF_E_EXECUTION_PAUSED, mf_slice_of(NULL, 0));
        return 0;
    }
    rc = keep_answer(execution, call, mf_buf_peek(answer), is_bytes);
    if (rc < 0) {
        mf__execution_give_verdict(execution, rc,
                                   mf_slice_of_cstr("An answer is too large for the journal."));
        return 0;
    }
    give_answer(execution, call, answer, is_bytes);
    return 0;
}

/* ---- what the run says -------------------------------------------------------------------------------------- */

void mf__execution_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch)
{
    struct mf__execution *execution = mf__execution_of(user);
    struct mf__tool_call *call;
    int rc;

    if (fetch->kind == MF_FETCH_HTTP) {
        mf__live_on_fetch(run, user, fetch);
        return;
    }
    rc = mf__tool_calls_add(&execution->calls, fetch->fetch, fetch->method, fetch->url,
                            execution->program.call_bytes, &call);
    if (rc < 0) {
        mf_run_fetch_fail(run, fetch->fetch, rc, mf_slice_of(NULL, 0));
        return;
    }
    mf__execution_mind_place(execution);
}

void mf__execution_on_fetch_body(struct mf_run *run, void *user, uint32_t fetch, struct mf_slice bytes)
{
    struct mf__execution *execution = mf__execution_of(user);
    struct mf__tool_call *call = mf__tool_calls_by_fetch(&execution->calls, fetch);

    if (call == NULL) {
        mf__live_on_fetch_body(run, user, fetch, bytes);
        return;
    }
    execution->live.record.bytes_out += bytes.size;
    if (mf__tool_call_read(&execution->calls, call, bytes) < 0) {
        fail_call(execution, call, MF_E_CALL_TOO_LARGE);
        return;
    }
    call->unconsumed += bytes.size;
    mf__execution_feed(execution);
}

void mf__execution_on_fetch_body_end(struct mf_run *run, void *user, uint32_t fetch, int error)
{
    struct mf__execution *execution = mf__execution_of(user);
    struct mf__tool_call *call = mf__tool_calls_by_fetch(&execution->calls, fetch);
    struct mf_slice args;

    if (call == NULL) {
        mf__live_on_fetch_body_end(run, user, fetch, error);
        return;
    }
    args = mf_buf_peek(&call->args);
    if (error < 0) {
        fail_call(execution, call, MF_E_CANCELED);
    } else if (mf__json_text_check(args, NULL) < 0 || args.data[0] != '[' || !mf__json_text_is_line(args)) {
        mf_run_cancel(run, MF_E_EXECUTOR_PROTOCOL); /* The runtime writes no such thing. */
    } else if (!replay(execution, call)) {
        mf__tool_call_ready(&execution->calls, call);
        ask(execution);
    }
}

void mf__execution_on_fetch_credit(struct mf_run *run, void *user, uint32_t fetch)
{
    struct mf__execution *execution = mf__execution_of(user);
    struct mf__tool_call *call = mf__tool_calls_by_fetch(&execution->calls, fetch);

    if (call == NULL) {
        mf__live_on_fetch_credit(run, user, fetch);
    } else if (call->state == TOOL_CALL_ANSWERS) {
        send_answer(execution, call);
    }
}

/* The program wants no answer, or no more of it. */
void mf__execution_on_fetch_drop(struct mf_run *run, void *user, uint32_t fetch)
{
    struct mf__execution *execution = mf__execution_of(user);
    struct mf__tool_call *call = mf__tool_calls_by_fetch(&execution->calls, fetch);

    if (call == NULL) {
        mf__live_on_fetch_drop(run, user, fetch);
        return;
    }
    if (call->state != TOOL_CALL_ANSWERS) {
        mf__execution_note_call(execution, call, false);
        mf__tool_call_settle(&execution->calls, call, TOOL_CALL_ABANDONED);
    }
    mf__tool_call_free(&execution->calls, call);
    mf__execution_mind_place(execution);
    ask(execution);
}
