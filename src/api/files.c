/* files.c - see files.h: from a run's frames to the store's queue and back.
 *
 * A struct mf__file_run outlives its run for as long as jobs of it are with the queue. */
#include "files.h"

#include <stdio.h>

#include "allowance.h"
#include "internal.h"
#include "workspace_tidy.h"

#define TIDY_CHANGES 64 /* What they left is removed together: each time costs the store a transaction. */

/* Of the mount that is a transaction. The queue's jobs read and write it on the worker, one after the other. */
struct draft {
    bool is_asked; /* [loop] A job makes it. */
    uint64_t id;   /* [worker] 0: not made, */
    int error;     /* [worker] and why. */
    bool has_changes;
};

struct mf__file_run {
    struct mf_api *api;
    struct mf_run *run; /* NULL: it is over. */
    struct mf_buf tenant;
    struct mf__mounts mounts;
    struct mf_buf coming; /* Of the operation that is not whole. */
    size_t jobs;          /* With the queue. */
    unsigned changes;     /* Since it was tidied up. */
    uint64_t uploads[MF_RUN_FILE_UPLOADS_MAX];
    size_t uploads_count;
    struct draft draft;
    bool is_ended;
    void (*settled)(void *user, int error);
    void *settled_user;
};

struct job {
    struct mf_store_job job;
    struct mf__file_run *files;
    const struct mf__mount *mount;
    uint32_t op;
    struct mf_buf request;
    struct mf_buf answer;
    uint64_t uploads[MF_RUN_FILE_UPLOADS_MAX]; /* As they were when it was asked. */
    struct mf__files_task task;
    uint64_t upload; /* That a job of its own gives up. */
    bool is_good;    /* The run that it settles. */
};

static void free_if_over(struct mf__file_run *files)
{
    if (files->is_ended && files->jobs == 0) {
        mf_buf_done(&files->tenant);
        mf_buf_done(&files->coming);
        mf_free(files);
    }
}

static struct job *job_new(struct mf__file_run *files,
                           int (*work)(struct mf_store *store, struct mf_store_job *job),
                           void (*done)(struct mf_store_job *job, int error))
{
    struct job *job = mf_new(sizeof *job);

    job->files = files;
    job->job = (struct mf_store_job){.work = work, .done = done};
    mf_buf_init(&job->request, 0);
    mf_buf_init(&job->answer, MF_RUN_FILE_OP_BYTES_MAX);
    files->jobs++;
    return job;
}

static void job_free(MF_OWN struct job *job)
{
    struct mf__file_run *files = job->files;

    files->jobs--;
    mf_buf_done(&job->request);
    mf_buf_done(&job->answer);
    mf_free(job);
    free_if_over(files);
}

/* Below zero: the job is gone. */
static int submit(MF_OWN struct job *job)
{
    int rc = mf_store_queue_submit(job->files->api->queue, &job->job);

    if (rc < 0) {
        job_free(job);
    }
    return rc;
}

static struct job *job_of(struct mf_store_job *store_job)
{
    return MF_CONTAINER_OF(store_job, struct job, job);
}

/* The workspace, and its draft where it is a transaction. [worker] where that may have been made. */
static struct mf_workspace_ref ref_of(const struct mf__file_run *files, const struct mf__mount *mount)
{
    return (struct mf_workspace_ref){.tenant = mf_buf_peek(&files->tenant),
                                     .name = mf_slice_of_cstr(mount->name),
                                     .draft = mount->is_transaction ? files->draft.id : 0};
}

static void tidy(struct mf__file_run *files)
{
    files->changes = 0;
    mf__tidy_ask(files->api->tidy);
}

/* ---- files in pieces that nobody ends ------------------------------------------------------------------ */

static int cancel_work(struct mf_store *store, struct mf_store_job *store_job)
{
    return mf_workspace_upload_cancel(store, job_of(store_job)->upload);
}

static void cancel_done(struct mf_store_job *store_job, int error)
{
    struct job *job = job_of(store_job);

    (void)error; /* One that is left is undone by the next start of the daemon. */
    mf__tidy_ask(job->files->api->tidy);
    job_free(job);
}

static void cancel_upload(struct mf__file_run *files, uint64_t upload)
{
    struct job *job = job_new(files, cancel_work, cancel_done);

    job->upload = upload;
    mf_ignore(submit(job)); /* Likewise. */
}

/* The run's list of uploads, as |task| left it. */
static void note_uploads(struct mf__file_run *files, const struct mf__files_task *task)
{
    bool is_kept = !files->is_ended && files->uploads_count < MF_RUN_FILE_UPLOADS_MAX;

    if (task->upload_begun != 0 && is_kept) {
        files->uploads[files->uploads_count++] = task->upload_begun;
    } else if (task->upload_begun != 0) {
        cancel_upload(files, task->upload_begun); /* The run is over, or several were asked for at once. */
    }
    for (size_t i = 0; task->upload_ended != 0 && i < files->uploads_count; i++) {
        if (files->uploads[i] == task->upload_ended) {
            files->uploads[i] = files->uploads[--files->uploads_count];
            break;
        }
    }
}

/* ---- a transaction ------------------------------------------------------------------------------------- */

static int begin_work(struct mf_store *store, struct mf_store_job *store_job)
{
    struct job *job = job_of(store_job);
    struct draft *draft = &job->files->draft;
    struct mf_workspace_ref ref = ref_of(job->files, job->mount);

    draft->error = mf_workspace_draft_begin(store, &ref);
    draft->id = draft->error < 0 ? 0 : ref.draft;
    return draft->error;
}

static void begin_done(struct mf_store_job *store_job, int error)
{
    (void)error; /* Those that come behind it say so. */
    job_free(job_of(store_job));
}

/* Before the first operation on it: the queue keeps the order. */
static int begin_draft(struct mf__file_run *files, const struct mf__mount *mount)
{
    struct job *job;
    int rc;

    if (!mount->is_transaction || files->draft.is_asked) {
        return 0;
    }
    job = job_new(files, begin_work, begin_done);
    job->mount = mount;
    rc = submit(job);
    files->draft.is_asked = rc == 0;
    return rc;
}

static const struct mf__mount *transaction_of(const struct mf__file_run *files)
{
    for (unsigned i = 0; i < files->mounts.count; i++) {
        if (files->mounts.list[i].is_transaction) {
            return &files->mounts.list[i];
        }
    }
    return NULL;
}

/* What changed nothing needs no commit: it has read what was there when it began. */
static int settle_work(struct mf_store *store, struct mf_store_job *store_job)
{
    struct job *job = job_of(store_job);
    struct draft *draft = &job->files->draft;
    struct mf_workspace_ref ref = ref_of(job->files, job->mount);
    int rc = 0;

    if (draft->id == 0) {
        return 0; /* Each operation on it has said why. */
    }
    if (job->is_good && draft->has_changes) {
        rc = mf_workspace_draft_commit(store, &ref, mf_clock_unix_ms());
    }
    if (!job->is_good || !draft->has_changes || rc < 0) {
        mf_ignore(
            mf_workspace_draft_cancel(store, &ref)); /* The next start of the daemon undoes what is left. */
    }
    draft->id = 0;
    return rc;
}

static void settle_done(struct mf_store_job *store_job, int error)
{
    struct job *job = job_of(store_job);
    struct mf__file_run *files = job->files;
    void (*settled)(void *user, int error) = files->settled;

    mf__tidy_ask(files->api->tidy);
    files->settled = NULL;
    files->jobs++; /* Whoever is told may end it. */
    job_free(job);
    if (settled != NULL) {
        settled(files->settled_user, error);
    }
    files->jobs--;
    free_if_over(files);
}

static int settle(struct mf__file_run *files, bool is_good)
{
    struct job *job = job_new(files, settle_work, settle_done);
    int rc;

    job->mount = transaction_of(files);
    job->is_good = is_good;
    rc = submit(job);
    files->draft.is_asked =
        rc < 0; /* It is settled once; what the queue refuses is given up by mf__files_end. */
    return rc;
}

int mf__files_settle(struct mf__file_run *files,
                     bool is_good,
                     void (*settled)(void *user, int error),
                     void *user)
{
    int rc;

    if (files == NULL || !files->draft.is_asked) {
        return 0;
    }
    files->run = NULL;
    files->settled = settled;
    files->settled_user = user;
    rc = settle(files, is_good);
    if (rc == 0) {
        return 1;
    }
    files->settled = NULL;
    return is_good ? rc : 0; /* A run that failed has nothing to lose. */
}

/* ---- operations ---------------------------------------------------------------------------------------- */

static int op_work(struct mf_store *store, struct mf_store_job *store_job)
{
    struct job *job = job_of(store_job);
    struct draft *draft = &job->files->draft;
    int rc;

    if (job->mount->is_transaction && draft->error < 0) {
        return draft->error;
    }
    job->task.ref = ref_of(job->files, job->mount);
    job->task.ref.is_lazy = true;
    job->task.ref.file_bytes_max = store_job->is_tried ? MF_FS_TRY_BYTES_MAX : 0;
    rc = mf__files_do(store, &job->task);
    store_job->needs_sync = rc == 0 && job->task.is_change && !job->mount->is_transaction;
    draft->has_changes = draft->has_changes || (rc == 0 && job->task.is_change && job->mount->is_transaction);
    return rc;
}

/* The error's name, as a script reads it: Node's of a file's, else the API's. */
static void answer_error(struct mf__file_run *files, uint32_t op, int error)
{
    char name[MF__ERRNO_BYTES_MAX];
    const char *text = mf__workspace_errno(error, name) ? name : mf_error_code(error);

    mf_run_files_answer(files->run, op, true, mf_slice_of_cstr(text));
}

static void op_done(struct mf_store_job *store_job, int error)
{
    struct job *job = job_of(store_job);
    struct mf__file_run *files = job->files;

    if (error == 0) {
        note_uploads(files, &job->task);
    }
    files->changes += job->task.is_change ? 1 : 0;
    if (files->changes >= TIDY_CHANGES || (files->is_ended && files->changes > 0)) {
        tidy(files);
    }
    if (files->run != NULL && error < 0) {
        answer_error(files, job->op, error);
    } else if (files->run != NULL) {
        mf_run_files_answer(files->run, job->op, false, mf_buf_peek(&job->answer));
    }
    job_free(job);
}

/* The bytes of |files->coming| move. */
static struct job *op_new(struct mf__file_run *files, uint32_t op, const struct mf__mount *mount)
{
    struct job *job = job_new(files, op_work, op_done);

    job->op = op;
    job->mount = mount;
    memcpy(job->uploads, files->uploads, sizeof job->uploads);
    job->request = files->coming;
    mf_buf_init(&files->coming, MF_RUN_FILE_OP_BYTES_MAX);
    job->task = (struct mf__files_task){
        .is_read_only = mount->is_read_only,
        .request = mf_buf_peek(&job->request),
        .uploads = job->uploads,
        .uploads_count = files->uploads_count,
        .answer = &job->answer,
    };
    job->job.is_brief = mf__files_is_brief(job->task.request);
    return job;
}

/* What the store can tell at once is answered at once: the worker and its way back cost more than most reads do. */
static int do_op(MF_OWN struct job *job)
{
    if (mf__files_is_look(job->task.request) && mf_store_queue_try(job->files->api->queue, &job->job)) {
        op_done(&job->job, job->job.error);
        return 0;
    }
    return submit(job);
}

static int ask(struct mf__file_run *files, const struct mf_msg_files *message)
{
    const struct mf__mount *mount = &files->mounts.list[message->mount];
    int rc = message->mount < files->mounts.count ? 0 : MF_E_FILES_REFUSED;

    if (rc == 0 && mf__files_may_grow(mf_buf_peek(&files->coming)) &&
        !mf__allowance_has_room(files->api, mf_buf_peek(&files->tenant))) {
        rc = MF_E_FS_ENOSPC;
    }
    rc = rc < 0 ? rc : begin_draft(files, mount);
    if (rc < 0) {
        mf_buf_reset(&files->coming);
        return rc;
    }
    return do_op(op_new(files, message->op, mount));
}

void mf__files_take(struct mf__file_run *files, const struct mf_msg_files *message)
{
    int rc = mf_buf_append_slice(&files->coming, message->bytes);

    if (rc < 0) {
        mf_run_cancel(files->run, rc); /* The pool has counted its bytes: there is no memory. */
        return;
    }
    rc = message->is_more ? 0 : ask(files, message);
    if (rc < 0) {
        answer_error(files, message->op, rc);
    }
}

/* ---- the run ------------------------------------------------------------------------------------------- */

struct mf__file_run *mf__files_begin(struct mf_api *api,
                                     struct mf_run *run,
                                     struct mf_slice tenant,
                                     const struct mf__mounts *mounts)
{
    struct mf__file_run *files;

    if (mounts->count == 0) {
        return NULL;
    }
    files = mf_new(sizeof *files);
    files->api = api;
    files->run = run;
    files->mounts = *mounts;
    mf_buf_init(&files->tenant, tenant.size);
    mf_ignore(mf_buf_append_slice(&files->tenant, tenant)); /* It is short. */
    mf_buf_init(&files->coming, MF_RUN_FILE_OP_BYTES_MAX);
    return files;
}

void mf__files_end(MF_OWN struct mf__file_run *files)
{
    if (files == NULL) {
        return;
    }
    files->run = NULL;
    files->is_ended = true;
    files->settled = NULL;
    files->jobs++; /* Until all is said here. */
    if (files->changes > 0) {
        tidy(files);
    }
    for (size_t i = 0; i < files->uploads_count; i++) {
        cancel_upload(files, files->uploads[i]);
    }
    files->uploads_count = 0;
    if (files->draft.is_asked) {
        mf_ignore(settle(files, false)); /* The next start of the daemon undoes what is left. */
    }
    files->jobs--;
    free_if_over(files);
}
