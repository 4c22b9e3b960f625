/* execution_frames.c - what an execution says to its client, and when its client takes it. */
#include "execution_internal.h"

void mf__execution_feed(struct mf__execution *execution)
{
    struct mf__tool_calls *calls = &execution->calls;

    MF_LIST_FOR_EACH(link, &calls->reading)
    {
        struct mf__tool_call *call = MF_CONTAINER_OF(link, struct mf__tool_call, link);
        bool is_first = link == calls->reading.next;
        size_t bytes = call->unconsumed;
        if (execution->backlog.unsent_bytes > MF_EXECUTION_UNSENT_BYTES_MAX ||
            (!is_first && calls->reading_bytes > MF_EXECUTION_UNSENT_BYTES_MAX)) {
            break;
        }
        call->unconsumed = 0;
        mf_run_fetch_body_consumed(execution->live.run, call->fetch, bytes);
    }
}

void mf__execution_pump(struct mf__execution *execution)
{
    const struct mf__frame *frame;

    while (execution->sink != NULL && !execution->is_sink_full &&
           (frame = mf__backlog_next(&execution->backlog)) != NULL) {
        execution->sent_ns = mf_clock_now_ns();
        execution->is_sink_full =
            !execution->sink->on_frame(execution->sink_user, mf_slice_of(frame->bytes, frame->size));
        mf__backlog_sent(&execution->backlog, MF_EXECUTION_BACKLOG_BYTES_MAX);
    }
    if (execution->state == EXECUTION_RUNNING) {
        mf__execution_feed(execution);
    }
    if (execution->state == EXECUTION_DONE && mf__backlog_next(&execution->backlog) == NULL) {
        mf__execution_end_sink(execution, 0);
    }
}

static int begin_frame(struct mf__execution *execution, const char *type)
{
    mf_buf_reset(&execution->scratch);
    return mf_buf_printf(&execution->scratch, "{\"type\":\"%s\",\"seq\":%llu", type,
                         (unsigned long long)(execution->backlog.last_seq + 1));
}

static void end_frame(struct mf__execution *execution, int rc)
{
    struct mf_buf *scratch = &execution->scratch;

    rc = rc < 0 ? rc : mf_buf_append_cstr(scratch, "}");
    rc = rc < 0 ? rc : mf__backlog_add(&execution->backlog, mf_buf_peek(scratch));
    if (scratch->capacity > MF_EXECUTION_UNSENT_BYTES_MAX) {
        size_t most = scratch->bytes_max;
        mf_buf_done(scratch);
        mf_buf_init(scratch, most);
    }
    if (rc < 0 && execution->state == EXECUTION_RUNNING) {
        mf_run_cancel(execution->live.run, MF_E_NO_MEMORY);
    }
}

static int append_member(struct mf_buf *out, const char *name, struct mf_slice text)
{
    int rc = mf_buf_printf(out, ",\"%s\":", name);

    return rc < 0 ? rc : mf_buf_append_json_string(out, text);
}

void mf__execution_say_start(struct mf__execution *execution)
{
    int rc = begin_frame(execution, "start");

    rc = rc < 0 ? rc : append_member(&execution->scratch, "id", mf_slice_of_cstr(execution->live.id));
    end_frame(execution, rc);
    mf__execution_pump(execution);
}

void mf__execution_say_log(struct mf__execution *execution, const struct mf_msg_log *log)
{
    struct mf_buf *out = &execution->scratch;
    int rc = begin_frame(execution, "log");

    rc = rc < 0 ? rc : append_member(out, "level", mf_slice_of_cstr(mf__log_level_name(log->method)));
    rc = rc < 0 ? rc : append_member(out, "message", log->text);
    rc = rc < 0 ? rc : mf_buf_printf(out, ",\"timestampMs\":%llu", (unsigned long long)log->unix_ms);
    end_frame(execution, rc);
    mf__execution_pump(execution);
}

void mf__execution_say_call(struct mf__execution *execution, const struct mf__tool_call *call)
{
    struct mf_buf *out = &execution->scratch;
    int rc = begin_frame(execution, "call");

    rc = rc < 0 ? rc : mf_buf_printf(out, ",\"callId\":%u", call->number);
    rc = rc < 0 ? rc : append_member(out, "namespace", mf_slice_of_cstr(call->space));
    rc = rc < 0 ? rc : append_member(out, "name", mf_slice_of_cstr(call->name));
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"args\":");
    rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(&call->args));
    end_frame(execution, rc);
}

static int
append_error(struct mf__execution *execution, const struct mf_run_result *result, struct mf_buf *out)
{
    const struct fault *fault = &execution->fault;
    bool is_script =
        result->error == MF_E_EXCEPTION || result->error == MF_E_SYNTAX || result->error == MF_E_STARTUP;
    struct mf_slice text =
        result->text.size > 0 ? result->text : mf_slice_of_cstr(mf_error_message(result->error));
    int rc = mf_buf_printf(out, ",\"error\":{\"code\":\"%s\"", mf_error_code(result->error));

    rc = rc < 0 ? rc : append_member(out, "message", text);
    if (rc == 0 && is_script && fault->name[0] != '\0') {
        rc = append_member(out, "name", mf_slice_of_cstr(fault->name));
    }
    if (rc == 0 && is_script && fault->stack.size > 0) {
        rc = append_member(out, "stack", mf_buf_peek(&fault->stack));
    }
    if (rc == 0 && is_script && fault->line > 0) {
        rc = mf_buf_printf(out, ",\"line\":%u,\"column\":%u", fault->line, fault->column);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int append_abandoned(const struct mf__tool_calls *calls, struct mf_buf *out)
{
    const char *comma = "";
    int rc = mf_buf_append_cstr(out, ",\"abandonedCalls\":[");

    for (uint32_t number = 1; rc == 0 && number <= calls->made; number++) {
        enum tool_call_fate fate = mf__tool_calls_fate(calls, number);
        if (fate == TOOL_CALL_OPEN || fate == TOOL_CALL_ABANDONED) {
            rc = mf_buf_printf(out, "%s%u", comma, number);
            comma = ",";
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int append_end(struct mf__execution *execution, const struct mf_run_result *result, struct mf_buf *out)
{
    const struct mf__record *record = &execution->live.record;
    int rc = append_member(out, "id", mf_slice_of_cstr(execution->live.id));

    rc = rc < 0 ? rc : append_member(out, "outcome", mf_slice_of_cstr(mf__outcome_name(result->error)));
    if (rc == 0 && result->error == 0 && record->body.size > 0) {
        rc = mf_buf_append_cstr(out, ",\"result\":");
        rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(&record->body));
    }
    if (rc == 0 && result->error < 0) {
        rc = append_error(execution, result, out);
    }
    if (rc == 0 && !execution->program.call.may_call) {
        rc = mf_buf_append_cstr(out, ",\"logs\":[");
        rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(&record->logs));
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, "]");
    }
    rc = rc < 0 ? rc : mf__record_write_usage(record, result, out);
    rc = rc < 0 ? rc : append_abandoned(&execution->calls, out);
    return rc < 0 ? rc : mf__journal_write(&execution->journal, execution->calls.made, out);
}

void mf__execution_say_done(struct mf__execution *execution, const struct mf_run_result *result)
{
    struct mf_run_result less = *result;
    int rc = begin_frame(execution, "done");

    rc = rc < 0 ? rc : append_end(execution, result, &execution->scratch);
    if (rc < 0) { /* Without what was too large for us. */
        less.error = rc;
        less.text = mf_slice_of(NULL, 0);
        mf__journal_done(&execution->journal);
        mf_buf_reset(&execution->live.record.logs);
        rc = begin_frame(execution, "done");
        rc = rc < 0 ? rc : append_end(execution, &less, &execution->scratch);
    }
    end_frame(execution, rc);
}
