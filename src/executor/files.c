/* files.c - what a run asks of its workspaces. The script goes on meanwhile and hears of the answer in a turn, or waits for it
 * on its own thread: the loop takes frames all the while, so the answer always comes. Everything here is called locked. */
#include "session.h"

/* Room for the numbers of a frame beside its bytes. */
#define FRAME_MORE_BYTES 64u
#define PART_BYTES_MAX (MF_FRAME_PAYLOAD_BYTES_MAX - FRAME_MORE_BYTES)

static int send_all(struct mf_session *session, uint32_t op, uint32_t mount, struct mf_slice bytes)
{
    const size_t frames = bytes.size / PART_BYTES_MAX + 1;
    struct mf_buf *out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MAY);
    size_t sent = 0;
    int error;

    if (out == NULL) {
        return MF_E_AGAIN;
    }
    /* All of it or nothing: the daemon takes half of one for an attack. */
    error = mf_buf_reserve(out, bytes.size + frames * FRAME_MORE_BYTES);
    while (error == 0 && sent < bytes.size) {
        size_t size = bytes.size - sent > PART_BYTES_MAX ? PART_BYTES_MAX : bytes.size - sent;
        const struct mf_msg_files message = {.op = op,
                                             .mount = (uint8_t)mount,
                                             .is_more = sent + size < bytes.size,
                                             .bytes = mf_slice_of(bytes.data + sent, size)};
        error = mf_encode_files(out, session->number, &message);
        sent += size;
        MF_ASSERT(error == 0);
    }
    mf_outbox_unlock(&session->executor->outbox);
    return error;
}

static int op_new(struct mf_session *session, bool is_awaited, struct mf_file_op **ret_op)
{
    struct mf_file_op *op;
    int error;

    if (session->files == NULL) {
        session->files = mf_map_new(MF_RUN_FILE_OPS_OPEN_MAX + 1); /* One that a thread waits for. */
    }
    op = mf_try_alloc(sizeof(*op));
    if (op == NULL) {
        return MF_E_NO_MEMORY;
    }
    op->number = session->files_last + 1;
    op->is_awaited = is_awaited;
    mf_buf_init(&op->bytes, MF_RUN_FILE_OP_BYTES_MAX);
    mf_notice_init(&op->event, MF_SOURCE_FILES);
    error = mf_map_put(session->files, op->number, op);
    if (error < 0) {
        mf_free(op);
        return error;
    }
    *ret_op = op;
    return 0;
}

static void op_free(struct mf_file_op *op)
{
    mf_list_remove(&op->event.list);
    mf_buf_done(&op->bytes);
    mf_free(op);
}

void mf_session_files_forget(struct mf_session *session, struct mf_file_op *op)
{
    if (session->files != NULL) { /* Else the run is over, and whoever waited for this one has it alone. */
        MF_ASSERT(mf_map_take(session->files, op->number) == op);
    }
    op_free(op);
}

static void wait(struct mf_session *session)
{
    uint64_t since_ns = mf_clock_now_ns();

    pthread_cond_wait(&session->files_came, &session->mutex);
    session->host_wait_ns += mf_clock_now_ns() - since_ns;
}

static bool may_wait(const struct mf_session *session)
{
    return !mf_session_is_over(session) && session->cancel_error == 0;
}

/* Until the daemon takes one more. */
static int wait_for_room(struct mf_session *session)
{
    if (session->files_open >= MF_RUN_FILE_OPS_OPEN_MAX) {
        mf_outbox_flush(&session->executor->outbox);
    }
    while (session->files_open >= MF_RUN_FILE_OPS_OPEN_MAX && may_wait(session)) {
        wait(session);
    }
    return may_wait(session) ? 0 : MF_E_CANCELED;
}

int mf_session_files_ask(struct mf_session *session,
                         uint32_t mount,
                         struct mf_slice bytes,
                         bool is_awaited,
                         struct mf_file_op **ret_op)
{
    struct mf_file_op *op;
    int error;

    if (mf_session_is_over(session)) {
        return MF_E_CLOSED;
    }
    if ((session->limits.flags & MF_START_FILES_ALLOWED) == 0 || mount >= MF_RUN_WORKSPACES_MAX) {
        return MF_E_FILES_REFUSED;
    }
    if (session->files_last >= MF_RUN_FILE_OPS_MAX) {
        return MF_E_LIMIT_FILE_OPS;
    }
    if (bytes.size == 0 || bytes.size > MF_RUN_FILE_OP_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    if (!is_awaited && session->files != NULL && mf_map_count(session->files) >= MF_RUN_FILE_OPS_OPEN_MAX) {
        return MF_RUNTIME_FILES_LATER;
    }
    error = is_awaited ? wait_for_room(session) : 0;
    if (error < 0) {
        return error;
    }
    error = op_new(session, is_awaited, &op);
    if (error == 0) {
        error = send_all(session, op->number, mount, bytes);
        if (error < 0) {
            mf_session_files_forget(session, op);
        }
    }
    if (error < 0) {
        return error;
    }
    session->files_last = op->number;
    session->files_open++;
    *ret_op = op;
    return 0;
}

int mf_session_files_wait(struct mf_session *session, struct mf_file_op *op)
{
    mf_outbox_flush(&session->executor->outbox); /* What is corked would wait for the end of this turn. */
    while (!op->is_answered && may_wait(session)) {
        wait(session);
    }
    return op->is_answered ? 0 : MF_E_CANCELED;
}

int mf_session_files_came(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_files_answer message;
    struct mf_file_op *op;

    if (mf_decode_files_answer(payload, &message) < 0 || message.is_more > 1 || message.is_error > 1) {
        return MF_E_WIRE;
    }
    op = session->files == NULL ? NULL : mf_map_get(session->files, message.op);
    if (op == NULL) {
        return message.op > 0 && message.op <= session->files_last ? 0 : MF_E_WIRE;
    }
    if (op->is_answered) {
        return MF_E_WIRE;
    }
    if (mf_buf_append_slice(&op->bytes, message.bytes) < 0) {
        mf_session_cancel(session, MF_E_NO_MEMORY);
        return 0;
    }
    op->is_error = message.is_error != 0;
    op->is_answered = !message.is_more;
    if (op->is_answered) {
        session->files_open--;
        pthread_cond_broadcast(&session->files_came);
    }
    if (op->is_answered && !op->is_awaited) {
        mf_notice_queue(&op->event, &session->events);
        mf_session_wake(session);
    }
    return 0;
}

bool mf_session_files_is_waiting(const struct mf_session *session)
{
    return session->files != NULL && mf_map_count(session->files) > 0;
}

void mf_session_files_done(struct mf_session *session)
{
    size_t cursor = 0;
    struct mf_file_op *op;

    pthread_cond_broadcast(&session->files_came);
    while (session->files != NULL && (op = mf_map_next(session->files, &cursor)) != NULL) {
        if (!op->is_awaited) {
            op_free(op);
        }
    }
    mf_map_free(session->files);
    session->files = NULL;
}
