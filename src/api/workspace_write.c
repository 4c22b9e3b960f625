/* workspace_write.c - PUT of a file: its bytes go to the store as they come, and are a file when all are there.
 *
 *   body --a piece is full--> paused, the piece to the store --done--> resumed ... --end--> the last piece, the file takes its place
 *
 * A file that fits into one piece is one transaction. Of a larger one nobody sees anything before its last byte; when the client
 * leaves before that, nothing was changed. One job at most is with the store. */
#include "workspace_call.h"
#include "workspace_tidy.h"

struct writer {
    struct mf_store_job job;
    struct mf_api *api;
    struct mf__wscall *call;      /* Its answer; it ends with the writer. */
    struct mf_exchange *exchange; /* NULL: it has ended. */
    uint64_t bytes_held;
    uint64_t upload; /* 0: there is none yet. */
    uint32_t mode;
    bool is_busy;
    bool is_whole;
    bool is_placed; /* The file is there. */
    bool is_new;
    struct mf_buf piece;
};

static void free_writer(struct writer *writer)
{
    writer->api->bytes_held -= writer->bytes_held;
    mf_buf_done(&writer->piece);
    mf__wscall_free(writer->call);
    mf_free(writer);
}

/* ---- an upload that comes to nothing ---------------------------------------------------------------------- */

static int cancel_work(struct mf_store *store, struct mf_store_job *job)
{
    struct writer *writer = MF_CONTAINER_OF(job, struct writer, job);

    return mf_workspace_upload_cancel(store, writer->upload);
}

static void cancel_done(struct mf_store_job *job, int error)
{
    struct writer *writer = MF_CONTAINER_OF(job, struct writer, job);

    (void)error; /* It was logged; the next start removes what is left. */
    mf__tidy_ask(writer->api->tidy);
    free_writer(writer);
}

static void give_up(struct writer *writer, int error)
{
    struct mf_exchange *exchange = writer->exchange;

    writer->exchange = NULL;
    if (exchange != NULL) {
        mf__workspace_problem(exchange, error, mf_buf_peek(&writer->call->detail), mf_slice_of(NULL, 0),
                              mf_slice_of(NULL, 0));
    }
    if (writer->upload != 0 && !writer->is_placed) {
        writer->job = (struct mf_store_job){.work = cancel_work, .done = cancel_done};
        if (mf_store_queue_submit(writer->api->queue, &writer->job) == 0) {
            return;
        }
    }
    free_writer(writer);
}

/* ---- pieces -------------------------------------------------------------------------------------------------- */

/* Whole chunks; all that is left when the file is. */
static int piece_work(struct mf_store *store, struct mf_store_job *job)
{
    struct writer *writer = MF_CONTAINER_OF(job, struct writer, job);
    size_t size = writer->piece.size / MF_FS_CHUNK_BYTES * MF_FS_CHUNK_BYTES;
    int rc = 0;

    if (writer->upload == 0) {
        rc = mf_workspace_upload_begin(store, &writer->call->ref, mf_clock_unix_ms(), &writer->upload);
    }
    if (rc == 0) {
        rc = mf_workspace_upload_write(store, &writer->call->ref, writer->upload,
                                       mf_slice_of(writer->piece.data, size));
    }
    mf_buf_consume(&writer->piece, size);
    return rc;
}

static int place_work(struct mf_store *store, struct mf_store_job *job)
{
    struct writer *writer = MF_CONTAINER_OF(job, struct writer, job);
    struct mf__wscall *call = writer->call;
    struct mf_workspace_ask ask = {.may = mf__workspace_may, .user = &call->precondition};
    struct mf_workspace_op op = {.kind = MF_WORKSPACE_WRITE,
                                 .path = call->path,
                                 .flags = MF_WORKSPACE_PARENTS,
                                 .mode = writer->mode,
                                 .upload = writer->upload,
                                 .ask = &ask};
    struct mf_workspace_result result;
    struct mf_workspace_outcome outcome;
    int rc = 0;

    if (writer->upload == 0) {
        op.bytes = mf_buf_peek(&writer->piece);
    } else if (writer->piece.size > 0) {
        rc = mf_workspace_upload_write(store, &call->ref, writer->upload, mf_buf_peek(&writer->piece));
    }
    if (rc == 0) {
        rc = mf_workspace_apply(store, &call->ref, &op, 1, mf_clock_unix_ms(), &result, &outcome);
    }
    if (rc < 0) {
        return rc;
    }
    writer->is_placed = true;
    call->status = result.is_new ? 201 : 200;
    mf__workspace_etag(&result.inode, call->etag);
    rc = mf_buf_append_cstr(&call->body, "{\"path\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(&call->body, call->path);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&call->body, ",");
    rc = rc < 0 ? rc : mf__workspace_append_inode(&call->body, &result.inode);
    return rc < 0 ? rc : mf_buf_append_cstr(&call->body, "}\n");
}

static void submit(struct writer *writer, int (*work)(struct mf_store *store, struct mf_store_job *job));

static void job_done(struct mf_store_job *job, int error)
{
    struct writer *writer = MF_CONTAINER_OF(job, struct writer, job);

    writer->is_busy = false;
    if (writer->is_placed) {
        mf__tidy_ask(writer->api->tidy); /* Of what it replaced. */
    }
    if (error < 0 || (writer->exchange == NULL && !writer->is_placed)) {
        give_up(writer, error);
    } else if (writer->is_placed) {
        writer->call->exchange = writer->exchange;
        writer->exchange = NULL;
        mf__wscall_answer(writer->call);
        free_writer(writer);
    } else if (writer->is_whole) {
        submit(writer, place_work);
    } else {
        mf_exchange_resume(writer->exchange);
    }
}

static void submit(struct writer *writer, int (*work)(struct mf_store *store, struct mf_store_job *job))
{
    int rc;

    writer->job = (struct mf_store_job){.work = work, .done = job_done};
    rc = mf_store_queue_submit(writer->api->queue, &writer->job);
    writer->is_busy = rc == 0;
    if (rc < 0) {
        give_up(writer, rc);
    }
}

/* ---- the client ------------------------------------------------------------------------------------------------ */

static void on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct writer *writer = user;
    int rc = mf_buf_append_slice(&writer->piece, bytes);

    if (rc < 0) {
        give_up(writer, rc);
    } else if (writer->piece.size >= MF_WORKSPACE_PIECE_BYTES) {
        mf_exchange_pause(exchange);
        submit(writer, piece_work);
    }
}

static void on_body_end(struct mf_exchange *exchange, void *user)
{
    struct writer *writer = user;

    (void)exchange;
    writer->is_whole = true;
    if (!writer->is_busy) {
        submit(writer, place_work);
    }
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct writer *writer = user;

    (void)exchange;
    writer->exchange = NULL;
    if (!writer->is_busy) {
        give_up(writer, error);
    }
}

static const struct mf_exchange_events events = {.on_body = on_body,
                                                 .on_body_end = on_body_end,
                                                 .on_abort = on_abort};

void mf__workspace_file_put(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"mode", NULL};
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof *call, known);
    struct writer *writer;
    uint32_t mode = 0;

    if (call == NULL || mf__wscall_path(call, 4) < 0) {
        return;
    }
    if (mf__workspace_mode(mf__params_get(&call->query, "mode"), &mode) < 0) {
        call->query.param = "mode";
        call->query.why = "It must be an octal number of at most four digits, such as 755.";
        mf__wscall_refuse(call, MF_E_API_FIELD);
        return;
    }
    if (api->bytes_held + MF_WORKSPACE_PIECE_BYTES > MF_API_HELD_BYTES_MAX) {
        mf__wscall_refuse(call, MF_E_OVERLOADED);
        return;
    }
    writer = mf_new(sizeof *writer);
    writer->api = api;
    writer->call = call;
    writer->exchange = exchange;
    writer->mode = mode;
    writer->bytes_held = MF_WORKSPACE_PIECE_BYTES;
    api->bytes_held += writer->bytes_held;
    mf_buf_init(&writer->piece, MF_WORKSPACE_PIECE_BYTES + MF_HTTP_INPUT_BYTES_MAX);
    call->exchange = NULL;
    mf_exchange_listen(exchange, &events, writer);
    mf_exchange_read(exchange);
}

/* ---- DELETE -------------------------------------------------------------------------------------------------------- */

struct delete
{
    struct mf__wscall call;
    bool is_recursive;
};

static int delete_work(struct mf__wscall *call, struct mf_store *store)
{
    struct delete *delete = MF_CONTAINER_OF(call, struct delete, call);
    struct mf_workspace_ask ask = {.may = mf__workspace_may, .user = &call->precondition};
    struct mf_workspace_op op = {.kind = MF_WORKSPACE_RM,
                                 .path = call->path,
                                 .flags = delete->is_recursive ? MF_WORKSPACE_RECURSIVE : 0u,
                                 .ask = &ask};
    struct mf_workspace_result result;
    struct mf_workspace_outcome outcome;

    return mf_workspace_apply(store, &call->ref, &op, 1, mf_clock_unix_ms(), &result, &outcome);
}

void mf__workspace_file_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"recursive", NULL};
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct delete), known);
    struct delete *delete;
    int rc;

    if (call == NULL || mf__wscall_path(call, 4) < 0) {
        return;
    }
    delete = MF_CONTAINER_OF(call, struct delete, call);
    call->status = 204;
    call->is_change = true;
    rc = mf__params_bool(&call->query, "recursive", &delete->is_recursive);
    if (rc < 0) {
        mf__wscall_refuse(call, rc);
    } else {
        mf__wscall_submit(call, delete_work);
    }
}
