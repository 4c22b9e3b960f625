/* workspace_archive.c - a directory of a workspace as a tar archive, out and in, streamed both ways.
 *
 *   GET: begin -> [step -> sent, drained ->] ... -> over          PUT: piece -> fed -> resumed ... -> the end, committed or undone
 *
 * One job at most is with the store. The client may leave at any time; what was begun is then undone by a last job. */
#include "workspace_call.h"
#include "workspace_tidy.h"

struct archive {
    struct mf_store_job job;
    struct mf_api *api;
    struct mf__wscall *call;
    struct mf_exchange *exchange; /* NULL: it has ended. */
    bool is_busy;
    struct mf_buf piece;

    /* GET */
    struct mf_workspace_export *export;
    bool is_full;
    bool is_over;
    bool has_head;
    bool is_head; /* The method is. */

    /* PUT */
    struct mf_workspace_import *import;
    uint64_t bytes_held;
    bool is_whole;
    bool is_done;
};

static void free_archive(struct archive *archive)
{
    if (archive->export != NULL) {
        mf_workspace_export_free(archive->api->store, archive->export);
        mf__tidy_ask(archive->api->tidy);
    }
    archive->api->bytes_held -= archive->bytes_held;
    mf_buf_done(&archive->piece);
    mf__wscall_free(archive->call);
    mf_free(archive);
}

/* ---- the end of both ---------------------------------------------------------------------------------------- */

static int undo_work(struct mf_store *store, struct mf_store_job *job)
{
    struct archive *archive = MF_CONTAINER_OF(job, struct archive, job);

    mf_workspace_import_free(store, archive->import);
    archive->import = NULL;
    return 0;
}

static void undo_done(struct mf_store_job *job, int error)
{
    struct archive *archive = MF_CONTAINER_OF(job, struct archive, job);

    (void)error;
    mf__tidy_ask(archive->api->tidy);
    free_archive(archive);
}

/* What was taken in and not committed is undone; with nowhere to do it, by the next start. */
static void end(struct archive *archive)
{
    if (archive->import == NULL) {
        free_archive(archive);
        return;
    }
    archive->job = (struct mf_store_job){.work = undo_work, .done = undo_done};
    if (mf_store_queue_submit(archive->api->queue, &archive->job) < 0) {
        mf_log(MF_LOG_WARN, MF_E_OVERLOADED, NULL,
               "an archive that was not taken in is removed with the next start");
        mf_workspace_import_forget(archive->import);
        archive->import = NULL;
        free_archive(archive);
    }
}

static void give_up(struct archive *archive, int error)
{
    struct mf_exchange *exchange = archive->exchange;

    archive->exchange = NULL;
    if (exchange != NULL && archive->has_head) {
        mf_exchange_destroy(exchange);
    } else if (exchange != NULL) {
        mf__workspace_problem(exchange, error, mf_buf_peek(&archive->call->detail), mf_slice_of(NULL, 0),
                              mf_slice_of(NULL, 0));
    }
    end(archive);
}

static void submit(struct archive *archive,
                   int (*work)(struct mf_store *store, struct mf_store_job *job),
                   void (*done)(struct mf_store_job *job, int error))
{
    int rc;

    archive->job = (struct mf_store_job){.work = work, .done = done};
    rc = mf_store_queue_submit(archive->api->queue, &archive->job);
    archive->is_busy = rc == 0;
    if (rc < 0) {
        give_up(archive, rc);
    }
}

static struct archive *begin(struct mf_api *api, struct mf_exchange *exchange, const char *const *known)
{
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof *call, known);
    struct archive *archive;
    struct mf_slice path;

    if (call == NULL) {
        return NULL;
    }
    path = mf__params_get(&call->query, "path");
    call->path = path.size == 0 ? mf_slice_of_cstr("/") : path;
    call->ref.snapshot = mf__params_get(&call->query, "snapshot");
    call->exchange = NULL;
    archive = mf_new(sizeof *archive);
    archive->api = api;
    archive->call = call;
    archive->exchange = exchange;
    mf_buf_init(&archive->piece, 2 * MF_WORKSPACE_PIECE_BYTES);
    return archive;
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct archive *archive = user;

    (void)exchange;
    archive->exchange = NULL;
    if (!archive->is_busy) {
        give_up(archive, error);
    }
}

/* ---- GET -------------------------------------------------------------------------------------------------------- */

static int step_work(struct mf_store *store, struct mf_store_job *job)
{
    struct archive *archive = MF_CONTAINER_OF(job, struct archive, job);
    int rc = 0;

    if (archive->export == NULL) {
        rc = mf_workspace_export_begin(store, &archive->call->ref, archive->call->path, &archive->export);
    }
    return rc < 0 ? rc : mf_workspace_export_step(store, archive->export, &archive->piece, &archive->is_over);
}

static int send_head(struct archive *archive)
{
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, 512);
    rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"), mf_slice_of_cstr("application/x-tar"));
    rc = rc < 0 ? rc
                : mf_headers_append(&headers, mf_slice_of_cstr("x-content-type-options"),
                                    mf_slice_of_cstr("nosniff"));
    rc = rc < 0
             ? rc
             : mf_headers_append(&headers, mf_slice_of_cstr("cache-control"), mf_slice_of_cstr("no-store"));
    MF_ASSERT(rc == 0); /* All are short. */
    rc = mf_exchange_respond(archive->exchange, 200, mf_buf_peek(&headers), -1);
    mf_buf_done(&headers);
    archive->has_head = rc == 0;
    return rc;
}

static void step_done(struct mf_store_job *job, int error)
{
    struct archive *archive = MF_CONTAINER_OF(job, struct archive, job);
    struct mf_exchange *exchange = archive->exchange;

    archive->is_busy = false;
    if (exchange == NULL) {
        free_archive(archive);
        return;
    }
    if (error == 0 && !archive->has_head) {
        error = send_head(archive);
    }
    if (error == 0 && archive->piece.size > 0 && !archive->is_head) {
        error = mf_exchange_write(exchange, mf_buf_peek(&archive->piece), &archive->is_full);
        mf_buf_reset(&archive->piece);
        if (error == MF_E_CANCELED) {
            return; /* on_abort comes. */
        }
    }
    if (error < 0) {
        give_up(archive, error);
    } else if (archive->is_over || archive->is_head) {
        archive->exchange = NULL;
        mf_exchange_end(exchange);
        free_archive(archive);
    } else if (!archive->is_full) {
        submit(archive, step_work, step_done);
    }
}

static void on_drain(struct mf_exchange *exchange, void *user)
{
    struct archive *archive = user;

    (void)exchange;
    archive->is_full = false;
    if (!archive->is_busy) {
        submit(archive, step_work, step_done);
    }
}

static const struct mf_exchange_events get_events = {.on_drain = on_drain, .on_abort = on_abort};

void mf__workspace_archive_get(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"path", "snapshot", NULL};
    struct archive *archive = begin(api, exchange, known);

    if (archive != NULL) {
        archive->is_head = mf_slice_equal_cstr(mf_exchange_request(exchange)->method, "HEAD");
        mf_exchange_listen(exchange, &get_events, archive);
        submit(archive, step_work, step_done);
    }
}

/* ---- PUT ---------------------------------------------------------------------------------------------------------- */

static int write_answer(struct mf__wscall *call, struct mf_store *store, uint64_t entries, uint64_t bytes)
{
    struct mf_workspace_info info;
    int rc = mf_workspace_get(store, &call->ref, &info);

    return rc < 0 ? rc
                  : mf_buf_printf(&call->body, "{\"entries\":%llu,\"bytes\":%llu,\"revision\":%llu}\n",
                                  (unsigned long long)entries, (unsigned long long)bytes,
                                  (unsigned long long)info.revision);
}

static int feed_work(struct mf_store *store, struct mf_store_job *job)
{
    struct archive *archive = MF_CONTAINER_OF(job, struct archive, job);
    struct mf__wscall *call = archive->call;
    uint64_t now_ms = mf_clock_unix_ms();
    uint64_t entries = 0;
    uint64_t bytes = 0;
    int rc = 0;

    if (archive->import == NULL) {
        rc = mf_workspace_import_begin(store, &call->ref, call->path, now_ms, &archive->import);
    }
    if (rc == 0) {
        rc = mf_workspace_import_feed(store, archive->import, mf_buf_peek(&archive->piece));
    }
    mf_buf_reset(&archive->piece);
    if (rc == 0 && archive->is_whole) {
        rc = mf_workspace_import_end(store, archive->import, now_ms, &entries, &bytes);
        archive->is_done = rc == 0;
    }
    if (rc < 0 && archive->import != NULL) {
        mf_workspace_import_why(archive->import, &call->detail);
    }
    return rc < 0 || !archive->is_done ? rc : write_answer(call, store, entries, bytes);
}

static void feed_done(struct mf_store_job *job, int error)
{
    struct archive *archive = MF_CONTAINER_OF(job, struct archive, job);

    archive->is_busy = false;
    if (archive->is_done && error == 0) {
        mf__tidy_ask(archive->api->tidy);
        archive->call->exchange = archive->exchange;
        archive->exchange = NULL;
        mf__wscall_answer(archive->call);
        mf_workspace_import_forget(archive->import);
        archive->import = NULL;
        free_archive(archive);
    } else if (error < 0 || archive->exchange == NULL) {
        give_up(archive, error);
    } else {
        mf_exchange_resume(archive->exchange);
    }
}

static void on_put_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct archive *archive = user;
    int rc = mf_buf_append_slice(&archive->piece, bytes);

    if (rc < 0) {
        give_up(archive, rc);
    } else if (archive->piece.size >= MF_WORKSPACE_PIECE_BYTES) {
        mf_exchange_pause(exchange);
        submit(archive, feed_work, feed_done);
    }
}

static void on_put_end(struct mf_exchange *exchange, void *user)
{
    struct archive *archive = user;

    (void)exchange;
    archive->is_whole = true;
    submit(archive, feed_work, feed_done);
}

static const struct mf_exchange_events put_events = {.on_body = on_put_body,
                                                     .on_body_end = on_put_end,
                                                     .on_abort = on_abort};

void mf__workspace_archive_put(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"path", NULL};
    struct archive *archive;

    if (api->bytes_held + MF_WORKSPACE_PIECE_BYTES > MF_API_HELD_BYTES_MAX) {
        mf__workspace_problem(exchange, MF_E_OVERLOADED, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0),
                              mf_slice_of(NULL, 0));
        return;
    }
    archive = begin(api, exchange, known);
    if (archive != NULL) {
        archive->bytes_held = MF_WORKSPACE_PIECE_BYTES;
        api->bytes_held += archive->bytes_held;
        mf_exchange_listen(exchange, &put_events, archive);
        mf_exchange_read(exchange);
    }
}
