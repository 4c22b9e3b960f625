/* Ops on the workspaces of a run. What stands in the bytes is js/workspace.js's matter and the daemon's. */
#include "ops.h"

/* Returns the operation's number, or 0: it must be asked again when another one is answered. */
void op_files(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t mount;
    struct mf_slice bytes;
    if (mf_op_arg_u32(call, 0, &mount) < 0 || mf_op_arg_bytes(call, 1, &bytes) < 0) {
        return;
    }
    if (host != NULL) {
        uint32_t number = 0;
        int result = host->calls->files(host, mount, bytes, &number);
        op_check(call, result);
        if (result >= 0) {
            mf_op_return(call, mf_value_number(result == MF_RUNTIME_FILES_LATER ? 0 : number));
        }
    }
}

/* Returns the answer's bytes, or the name of an error; undefined when as many operations as may be are under way. */
void op_files_wait(struct mf_op_call *call)
{
    struct mf_runtime_host *host = op_host(call);
    uint32_t mount;
    struct mf_slice bytes;
    struct mf_buf answer;
    bool is_error = false;
    if (mf_op_arg_u32(call, 0, &mount) < 0 || mf_op_arg_bytes(call, 1, &bytes) < 0) {
        return;
    }
    mf_buf_init(&answer, 0);
    if (host != NULL) {
        int result = host->calls->files_wait(host, mount, bytes, &is_error, &answer);
        op_check(call, result);
        if (result == 0) {
            mf_op_return(call, mf_value_of(is_error ? MF_VALUE_UTF8 : MF_VALUE_BYTES, mf_buf_peek(&answer)));
        }
    }
    mf_buf_done(&answer);
}
