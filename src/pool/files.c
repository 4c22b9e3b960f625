/* files.c - a run's operations on its workspaces: each comes whole, in parts, and is answered once. What they mean is the owner's to
 * know; here is counted that they are no more, and no larger, than was allowed. */
#include "internal.h"

#define attack mf__frame_attack

/* Room for the numbers of a frame beside its bytes. */
#define PART_BYTES_MAX (MF_FRAME_PAYLOAD_BYTES_MAX - 64)

/* The first part of the next one, or another part of the one that is coming. */
static int admit(struct executor *executor, struct mf_run *run, const struct mf_msg_files *message)
{
    if (!(run->spec.flags & MF_START_FILES_ALLOWED)) {
        return attack(executor, run, "FILES that was not allowed");
    }
    if (!run->files_is_coming) {
        if (message->op != run->files_last + 1 || message->op > MF_RUN_FILE_OPS_MAX ||
            run->files_open >= MF_RUN_FILE_OPS_OPEN_MAX) {
            return attack(executor, run, "more FILES than were allowed, or out of order");
        }
        run->files_last = message->op;
        run->files_open++;
        run->files_bytes = 0;
    } else if (message->op != run->files_last) {
        return attack(executor, run, "FILES between the parts of another one");
    }
    run->files_bytes += message->bytes.size;
    if (run->files_bytes > MF_RUN_FILE_OP_BYTES_MAX) {
        return attack(executor, run, "FILES that is larger than was allowed");
    }
    run->files_is_coming = message->is_more != 0;
    return 0;
}

int mf__files_on_files(struct executor *executor, struct mf_run *run, const struct mf_msg_files *message)
{
    static const char refused[] = "files.refused";
    int error = admit(executor, run, message);
    if (error < 0) {
        return error;
    }
    if (mf__run_is_heard(run) && run->events->on_files) {
        run->events->on_files(run, run->user, message);
    } else if (!message->is_more) {
        mf_run_files_answer(run, message->op, true, mf_slice_of_cstr(refused));
    }
    return 0;
}

void mf_run_files_answer(struct mf_run *run, uint32_t op, bool is_error, struct mf_slice bytes)
{
    size_t sent = 0;
    int error = 0;
    MF_ASSERT(bytes.size <= MF_RUN_FILE_OP_BYTES_MAX && run->files_open > 0);
    run->files_open--;
    if (run->phase != RUN_RUNS && run->phase != RUN_CANCELED) {
        return;
    }
    do {
        size_t size = bytes.size - sent > PART_BYTES_MAX ? PART_BYTES_MAX : bytes.size - sent;
        struct mf_msg_files_answer message = {.op = op,
                                              .is_more = sent + size < bytes.size,
                                              .is_error = is_error,
                                              .bytes =
                                                  size == 0 ? bytes : mf_slice_of(bytes.data + sent, size)};
        error = mf_encode_files_answer(mf__channel_out(run->executor), run->number, &message);
        sent += size;
    } while (error == 0 && sent < bytes.size);
    mf__channel_queued(run->executor, error);
}
