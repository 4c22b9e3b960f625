/* files.c - see files.h: from a run's frames to the store's queue and back. */
#include "files.h"

#include <stdio.h>

#include "internal.h"

struct mf__file_run {
    struct mf_api *api;
    struct mf_run *run;
    struct mf_buf tenant;
    struct mf__mounts mounts;
    struct mf_buf coming; /* Of the operation that is not whole. */
    struct mf_list jobs;  /* struct job.link: not answered. */
    uint64_t uploads[MF_RUN_FILE_UPLOADS_MAX];
    size_t uploads_count;
};

struct job {
    struct mf_store_job job;
    struct mf_list link;
    struct mf_api *api;
    struct mf__file_run *files; /* NULL: the run is over. */
    uint32_t op;
    struct mf_buf tenant;
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    struct mf_buf request;
    struct mf_buf answer;
    uint64_t uploads[MF_RUN_FILE_UPLOADS_MAX]; /* As they were when it was asked. */
    struct mf__files_task task;
};

static void job_free(struct job *job)
{
    mf_list_remove(&job->link);
    mf_buf_done(&job->tenant);
    mf_buf_done(&job->request);
    mf_buf_done(&job->answer);
    mf_free(job);
}

/* ---- files in pieces that nobody ends ------------------------------------------------------------------ */

struct cancel {
    struct mf_store_job job;
    struct mf_api *api;
    uint64_t upload;
};

static int cancel_work(struct mf_store *store, struct mf_store_job *store_job)
{
    return mf_workspace_upload_cancel(store, MF_CONTAINER_OF(store_job, struct cancel, job)->upload);
}

static void cancel_done(struct mf_store_job *store_job, int error)
{
    struct cancel *cancel = MF_CONTAINER_OF(store_job, struct cancel, job);

    (void)error; /* One that is left is undone by the next start of the daemon. */
    mf__workspace_tidy(cancel->api);
    mf_free(cancel);
}

static void cancel_upload(struct mf_api *api, uint64_t upload)
{
    struct cancel *cancel = mf_new(sizeof *cancel);

    cancel->api = api;
    cancel->upload = upload;
    cancel->job = (struct mf_store_job){.work = cancel_work, .done = cancel_done};
    if (mf_store_queue_submit(api->queue, &cancel->job) < 0) {
        mf_free(cancel);
    }
}

/* The run's list of uploads, or nobody's, as |task| left it. */
static void note_uploads(struct job *job)
{
    struct mf__file_run *files = job->files;
    const struct mf__files_task *task = &job->task;

    if (task->upload_begun != 0 && files == NULL) {
        cancel_upload(job->api, task->upload_begun);
    } else if (task->upload_begun != 0 && files->uploads_count < MF_RUN_FILE_UPLOADS_MAX) {
        files->uploads[files->uploads_count++] = task->upload_begun;
    } else if (task->upload_begun != 0) {
        cancel_upload(job->api, task->upload_begun); /* Several were asked for at once. */
    }
    for (size_t i = 0; files != NULL && task->upload_ended != 0 && i < files->uploads_count; i++) {
        if (files->uploads[i] == task->upload_ended) {
            files->uploads[i] = files->uploads[--files->uploads_count];
            break;
        }
    }
}

/* ---- operations ---------------------------------------------------------------------------------------- */

static int job_work(struct mf_store *store, struct mf_store_job *store_job)
{
    return mf__files_do(store, &MF_CONTAINER_OF(store_job, struct job, job)->task);
}

/* The error's name, as a script reads it: Node's of a file's, else the API's. */
static void answer_error(struct mf__file_run *files, uint32_t op, int error)
{
    char name[MF__ERRNO_BYTES_MAX];
    const char *text = mf__workspace_errno(error, name) ? name : mf_error_code(error);

    mf_run_files_answer(files->run, op, true, mf_slice_of_cstr(text));
}

static void job_done(struct mf_store_job *store_job, int error)
{
    struct job *job = MF_CONTAINER_OF(store_job, struct job, job);

    if (error == 0) {
        note_uploads(job);
    }
    if (job->task.is_change) {
        mf__workspace_tidy(job->api);
    }
    if (job->files != NULL && error < 0) {
        answer_error(job->files, job->op, error);
    } else if (job->files != NULL) {
        mf_run_files_answer(job->files->run, job->op, false, mf_buf_peek(&job->answer));
    }
    job_free(job);
}

/* The bytes of |files->coming| move. */
static struct job *job_new(struct mf__file_run *files, uint32_t op, const struct mf__mount *mount)
{
    struct job *job = mf_new(sizeof *job);

    job->api = files->api;
    job->files = files;
    job->op = op;
    mf_list_push_back(&files->jobs, &job->link);
    mf_buf_init(&job->tenant, files->tenant.size);
    mf_ignore(mf_buf_append_slice(&job->tenant, mf_buf_peek(&files->tenant))); /* It is short. */
    memcpy(job->name, mount->name, sizeof job->name);
    memcpy(job->uploads, files->uploads, sizeof job->uploads);
    job->request = files->coming;
    mf_buf_init(&files->coming, MF_RUN_FILE_OP_BYTES_MAX);
    mf_buf_init(&job->answer, MF_RUN_FILE_OP_BYTES_MAX);
    job->task = (struct mf__files_task){
        .ref = {.tenant = mf_buf_peek(&job->tenant), .name = mf_slice_of_cstr(job->name)},
        .is_read_only = mount->is_read_only,
        .request = mf_buf_peek(&job->request),
        .uploads = job->uploads,
        .uploads_count = files->uploads_count,
        .answer = &job->answer,
    };
    job->job = (struct mf_store_job){.work = job_work, .done = job_done};
    return job;
}

void mf__files_take(struct mf__file_run *files, const struct mf_msg_files *message)
{
    struct job *job;
    int rc = mf_buf_append_slice(&files->coming, message->bytes);

    if (rc < 0) {
        mf_run_cancel(files->run, rc); /* The pool has counted its bytes: there is no memory. */
        return;
    }
    if (message->is_more) {
        return;
    }
    if (message->mount >= files->mounts.count) {
        mf_buf_reset(&files->coming);
        answer_error(files, message->op, MF_E_FILES_REFUSED);
        return;
    }
    job = job_new(files, message->op, &files->mounts.list[message->mount]);
    rc = mf_store_queue_submit(files->api->queue, &job->job);
    if (rc < 0) {
        job_free(job);
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
    mf_list_init(&files->jobs);
    return files;
}

void mf__files_end(MF_OWN struct mf__file_run *files)
{
    struct mf_list *item;

    if (files == NULL) {
        return;
    }
    while ((item = mf_list_pop_front(&files->jobs)) != NULL) {
        MF_CONTAINER_OF(item, struct job, link)->files = NULL;
    }
    for (size_t i = 0; i < files->uploads_count; i++) {
        cancel_upload(files->api, files->uploads[i]);
    }
    mf_buf_done(&files->tenant);
    mf_buf_done(&files->coming);
    mf_free(files);
}
