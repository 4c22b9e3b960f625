/* Ops of streams: bodies both ways, and fetch. Which streams exist and how much may flow is the host's to judge. */
#include "ops.h"

static void
write_bytes(struct mf_op_call *call, struct mf_runtime_host *host, uint32_t stream, struct mf_slice bytes)
{
    bool is_full = false;
    if (host == NULL) {
        return;
    }
    int error = host->calls->body_write(host, stream, bytes, &is_full);
    op_check(call, error);
    if (error >= 0) {
        mf_op_return(call, mf_value_bool(is_full));
    }
}

void op_body_write(struct mf_op_call *call)
{
    uint32_t stream;
    struct mf_slice bytes;
    if (mf_op_arg_u32(call, 0, &stream) < 0 || mf_op_arg_bytes(call, 1, &bytes) < 0) {
        return;
    }
    write_bytes(call, op_host(call), stream, bytes);
}

/* The same for a string, as UTF-8: no Uint8Array is made for it. */
void op_body_write_text(struct mf_op_call *call)
{
    uint32_t stream;
    struct mf_slice text;
    if (mf_op_arg_u32(call, 0, &stream) < 0 || mf_op_arg_utf8(call, 1, &text) < 0) {
        return;
    }
    write_bytes(call, op_host(call), stream, text);
}

void op_body_end(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t stream;
    if (mf_op_arg_u32(call, 0, &stream) < 0) {
        return;
    }
    if (host != NULL) {
        op_check(call, host->calls->body_end(host, stream));
    }
}

void op_body_abort(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t stream;
    struct mf_slice text;
    if (mf_op_arg_u32(call, 0, &stream) < 0 || mf_op_arg_utf8(call, 1, &text) < 0) {
        return;
    }
    if (host != NULL) {
        host->calls->body_abort(host, stream, text);
    }
}

void op_body_pull(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t stream;
    if (mf_op_arg_u32(call, 0, &stream) < 0) {
        return;
    }
    if (host != NULL) {
        op_check(call, host->calls->body_pull(host, stream));
    }
}

/* Returns true when no more calls are needed. */
void op_body_copy(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t from;
    uint32_t to;
    if (mf_op_arg_u32(call, 0, &from) < 0 || mf_op_arg_u32(call, 1, &to) < 0) {
        return;
    }
    if (host != NULL) {
        int result = host->calls->body_copy(host, from, to);
        op_check(call, result);
        if (result >= 0) {
            mf_op_return(call, mf_value_bool(result == 1));
        }
    }
}

void op_body_cancel(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t stream;
    if (mf_op_arg_u32(call, 0, &stream) < 0) {
        return;
    }
    if (host != NULL) {
        host->calls->body_cancel(host, stream);
    }
}

/* A size in bytes; anything that is none means that it is not known. */
static int arg_size(struct mf_op_call *call, size_t index, uint64_t *ret_size)
{
    double number;
    int error = mf_op_arg_number(call, index, &number);
    if (error < 0) {
        return error;
    }
    bool is_known = number >= 0.0 && number <= 9007199254740991.0;
    *ret_size = is_known ? (uint64_t)number : MF_RUNTIME_BODY_BYTES_UNKNOWN;
    return 0;
}

/* Returns true when it must be sent again later. */
void op_fetch(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    struct mf_runtime_fetch fetch;
    if (mf_op_arg_u32(call, 0, &fetch.number) < 0 || mf_op_arg_utf8(call, 1, &fetch.method) < 0 ||
        mf_op_arg_utf8(call, 2, &fetch.url) < 0 || mf_op_arg_latin1(call, 3, &fetch.headers) < 0 ||
        mf_op_arg_bool(call, 4, &fetch.has_body) < 0 || mf_op_arg_u32(call, 5, &fetch.redirect) < 0 ||
        arg_size(call, 6, &fetch.body_bytes) < 0 || mf_op_arg_bool(call, 7, &fetch.is_again) < 0 ||
        mf_op_arg_u32(call, 8, &fetch.kind) < 0) {
        return;
    }
    if (host != NULL) {
        int result = host->calls->fetch(host, &fetch);
        op_check(call, result);
        if (result >= 0) {
            mf_op_return(call, mf_value_bool(result == MF_RUNTIME_FETCH_LATER));
        }
    }
}

void op_fetch_abort(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t fetch;
    if (mf_op_arg_u32(call, 0, &fetch) < 0) {
        return;
    }
    if (host != NULL) {
        host->calls->fetch_abort(host, fetch);
    }
}
