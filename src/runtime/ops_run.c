/* Ops of a run: its log, its exceptions, timers, the response's head, its end. */
#include "ops.h"

void op_log(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t method;
    struct mf_slice text;
    if (mf_op_arg_u32(call, 0, &method) < 0 || mf_op_arg_utf8(call, 1, &text) < 0) {
        return;
    }
    MF_ASSERT(method <= MF_CONSOLE_ERROR);
    if (host != NULL) {
        host->calls->log(host, (enum mf_log_method)method, text);
    }
}

static struct mf_slice cut(struct mf_slice text)
{
    if (text.size > MF_RUN_TEXT_BYTES_MAX) {
        text.size = MF_RUN_TEXT_BYTES_MAX;
        while (text.size > 0 && (text.data[text.size] & 0xc0) == 0x80) {
            text.size--; /* Not in the middle of a character. */
        }
    }
    return text;
}

void op_exception(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    struct mf_exception exception;
    memset(&exception, 0, sizeof(exception));
    if (mf_op_arg_utf8(call, 0, &exception.name) < 0 || mf_op_arg_utf8(call, 1, &exception.message) < 0 ||
        mf_op_arg_utf8(call, 2, &exception.stack) < 0 || mf_op_arg_utf8(call, 3, &exception.module) < 0 ||
        mf_op_arg_u32(call, 4, &exception.line) < 0 || mf_op_arg_u32(call, 5, &exception.column) < 0) {
        return;
    }
    exception.name = cut(exception.name);
    exception.message = cut(exception.message);
    exception.stack = cut(exception.stack);
    exception.module = cut(exception.module);
    if (host != NULL) {
        host->calls->exception(host, &exception);
    }
}

void op_timer_set(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t timer;
    double delay_ms;
    if (mf_op_arg_u32(call, 0, &timer) < 0 || mf_op_arg_number(call, 1, &delay_ms) < 0) {
        return;
    }
    MF_ASSERT(delay_ms >= 0.0 && delay_ms <= 9007199254740992.0); /* timers.js: delayOf */
    if (host != NULL) {
        op_check(call, host->calls->timer_set(host, timer, (uint64_t)delay_ms));
    }
}

void op_timer_clear(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t timer;
    if (mf_op_arg_u32(call, 0, &timer) < 0) {
        return;
    }
    if (host != NULL) {
        host->calls->timer_clear(host, timer);
    }
}

void op_respond(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t status;
    struct mf_slice status_text;
    struct mf_slice headers;
    bool has_body;
    if (mf_op_arg_u32(call, 0, &status) < 0 || mf_op_arg_latin1(call, 1, &status_text) < 0 ||
        mf_op_arg_latin1(call, 2, &headers) < 0 || mf_op_arg_bool(call, 3, &has_body) < 0) {
        return;
    }
    if (host != NULL) {
        op_check(call, host->calls->respond(host, status, status_text, headers, has_body));
    }
}

void op_wait_until(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t open_count;
    if (mf_op_arg_u32(call, 0, &open_count) < 0) {
        return;
    }
    if (host != NULL) {
        host->calls->wait_until(host, open_count);
    }
}

/* An error of errors.h, or 0. */
static int arg_error(struct mf_op_call *call, size_t index, int *ret_error)
{
    double number;
    int error = mf_op_arg_number(call, index, &number);
    if (error < 0) {
        return error;
    }
    MF_ASSERT(number <= 0.0 && number > -10000.0);
    *ret_error = (int)number;
    return 0;
}

void op_finish(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    int error;
    struct mf_slice text;
    if (arg_error(call, 0, &error) < 0 || mf_op_arg_utf8(call, 1, &text) < 0) {
        return;
    }
    if (host != NULL) {
        host->calls->finish(host, error, text);
    }
}

void op_stripped(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    struct mf_runtime_stripped stripped;
    if (arg_error(call, 0, &stripped.error) < 0 || mf_op_arg_utf8(call, 1, &stripped.text) < 0 ||
        mf_op_arg_utf8(call, 2, &stripped.mappings) < 0 || mf_op_arg_u32(call, 3, &stripped.line) < 0 ||
        mf_op_arg_u32(call, 4, &stripped.column) < 0) {
        return;
    }
    if (host != NULL) {
        host->calls->stripped(host, &stripped);
    }
}
