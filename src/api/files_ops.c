/* files_ops.c - what an executor asks of a workspace, done. */
#include "files.h"
#include "files_record.h"

/* A page may be full before it has all that was asked for: what comes behind is asked for again. */
#define PAGE_BYTES_MAX (MF_RUN_FILE_OP_BYTES_MAX - 2 * MF_FS_PATH_BYTES_MAX - 256)

/* ---- looking ---------------------------------------------------------------------------------------- */

static int do_stat(struct mf_store *store, struct mf__files_task *task, const struct mf__files_record *record)
{
    struct mf_inode inode;
    struct mf_buf path;
    struct mf_buf target;
    int rc;

    mf_buf_init(&path, MF_FS_PATH_BYTES_MAX);
    mf_buf_init(&target, MF_FS_PATH_BYTES_MAX);
    rc = mf_workspace_stat(store, &task->ref, record->path, (record->flags & 1) != 0, &inode, &path, &target);
    if (rc == 0) {
        rc = mf__files_append_entry(task->answer, &inode, false, mf_buf_peek(&path), mf_buf_peek(&target));
    }
    mf_buf_done(&path);
    mf_buf_done(&target);
    return rc;
}

static int do_read(struct mf_store *store, struct mf__files_task *task, const struct mf__files_record *record)
{
    const struct mf_slice none = mf_slice_of(NULL, 0);
    uint64_t size = record->size > MF_WORKSPACE_PIECE_BYTES ? MF_WORKSPACE_PIECE_BYTES : record->size;
    struct mf_inode file;
    struct mf_buf bytes;
    int rc;

    mf_buf_init(&bytes, MF_WORKSPACE_PIECE_BYTES);
    rc = mf_workspace_read(store, &task->ref, record->path, record->offset, (size_t)size, &file, &bytes);
    rc = rc < 0 ? rc : mf__files_append_entry(task->answer, &file, false, none, none);
    rc = rc < 0 ? rc : mf_buf_append_slice(task->answer, mf_buf_peek(&bytes));
    mf_buf_done(&bytes);
    return rc;
}

struct page {
    struct mf__files_task *task;
    struct mf_buf entries;
    struct mf_buf next;
    struct mf_buf last; /* The path of the last entry, where the page is full. */
};

static void page_init(struct page *page, struct mf__files_task *task)
{
    page->task = task;
    mf_buf_init(&page->entries, MF_RUN_FILE_OP_BYTES_MAX);
    mf_buf_init(&page->next, MF_FS_PATH_BYTES_MAX + 32);
    mf_buf_init(&page->last, MF_FS_PATH_BYTES_MAX);
}

/* Where to go on, and the entries. */
static int page_end(struct page *page, int rc)
{
    rc = rc < 0 ? rc : mf__files_append_text(page->task->answer, mf_buf_peek(&page->next));
    rc = rc < 0 ? rc : mf_buf_append_slice(page->task->answer, mf_buf_peek(&page->entries));
    mf_buf_done(&page->entries);
    mf_buf_done(&page->next);
    mf_buf_done(&page->last);
    return rc;
}

static int on_entry(void *user, const struct mf_workspace_entry *entry)
{
    struct page *page = user;
    int rc = mf__files_append_entry(&page->entries, &entry->inode, false, entry->path, entry->target);

    if (rc == 0 && page->entries.size > PAGE_BYTES_MAX) {
        rc = mf_buf_append_slice(&page->last, entry->path);
        return rc < 0 ? rc : 1;
    }
    return rc;
}

static int do_find(struct mf_store *store, struct mf__files_task *task, const struct mf__files_record *record)
{
    struct mf__files_search asked;
    struct page page;
    int rc = mf__files_record_search(record, &asked);

    page_init(&page, task);
    if (rc == 0) {
        rc = mf_workspace_find(store, &task->ref, &asked.search, on_entry, &page, &page.next);
    }
    if (rc > 0) {
        mf_buf_reset(&page.next);
        rc = mf_buf_append_slice(&page.next, mf_buf_peek(&page.last));
    }
    return page_end(&page, rc);
}

/* A u64, the line (0: the file was passed over), and the path. */
static int tell_line(struct page *page, struct mf_slice path, uint64_t line)
{
    int rc = mf__files_append_u64(&page->entries, line);

    return rc < 0 ? rc : mf__files_append_text(&page->entries, path);
}

static int on_match(void *user, const struct mf_workspace_match *match)
{
    return tell_line(user, match->path, match->line);
}

static int on_skip(void *user, struct mf_slice path, uint64_t line)
{
    (void)line;
    return tell_line(user, path, 0);
}

/* One step; |record->count| is so small that its paths fit. */
static int do_grep(struct mf_store *store, struct mf__files_task *task, const struct mf__files_record *record)
{
    static const struct mf_workspace_grep_events events = {.on_match = on_match, .on_skip = on_skip};
    const size_t count_max = PAGE_BYTES_MAX / (MF_FS_PATH_BYTES_MAX + 16);
    enum mf_workspace_grep_end end = MF_WORKSPACE_GREP_MORE;
    struct mf_workspace_grep *grep = NULL;
    struct mf__files_search asked;
    struct page page;
    struct mf_buf why;
    int rc = mf__files_record_search(record, &asked);

    page_init(&page, task);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    if (rc == 0) {
        const struct mf_workspace_grep_options options = {
            .pattern = asked.pattern,
            .ignores_case = asked.ignores_case,
            .count = asked.search.count < count_max ? asked.search.count : count_max,
        };
        rc = mf_workspace_grep_new(&options, &grep, &why);
    }
    rc = rc < 0 ? rc : mf_buf_append_slice(&page.next, asked.search.after);
    if (rc == 0) {
        asked.search.after = mf_slice_of(NULL, 0);
        rc = mf_workspace_grep_step(store, &task->ref, grep, &asked.search, &page.next, &events, &page, &end);
    }
    if (rc == 0 && end == MF_WORKSPACE_GREP_OVER) {
        mf_buf_reset(&page.next);
    }
    mf_workspace_grep_free(grep);
    mf_buf_done(&why);
    return page_end(&page, rc);
}

/* ---- files in pieces --------------------------------------------------------------------------------- */

static bool is_own(const struct mf__files_task *task, uint64_t upload)
{
    for (size_t i = 0; i < task->uploads_count; i++) {
        if (task->uploads[i] == upload) {
            return true;
        }
    }
    return false;
}

static int
do_upload(struct mf_store *store, struct mf__files_task *task, const struct mf__files_record *record)
{
    int rc;

    if (record->kind == MF__FILES_UPLOAD_BEGIN) {
        if (task->uploads_count >= MF_RUN_FILE_UPLOADS_MAX) {
            return MF_E_AGAIN;
        }
        rc = mf_workspace_upload_begin(store, &task->ref, mf_clock_unix_ms(), &task->upload_begun);
        return rc < 0 ? rc : mf__files_append_u64(task->answer, task->upload_begun);
    }
    if (!is_own(task, record->offset)) {
        return MF_E_FS_EINVAL;
    }
    if (record->kind == MF__FILES_UPLOAD_WRITE) {
        return mf_workspace_upload_write(store, &task->ref, record->offset, record->bytes);
    }
    task->upload_ended = record->offset;
    return mf_workspace_upload_cancel(store, record->offset);
}

/* ---- changing ---------------------------------------------------------------------------------------- */

/* How many records there are; all are changes, and their uploads the run's own. */
static int count_changes(const struct mf__files_task *task)
{
    struct mf__files_record record;
    struct mf_workspace_op op;
    size_t cursor = 0;
    int count = 0, rc;

    while ((rc = mf__files_record_next(task->request, &cursor, &record)) > 0) {
        rc = mf__files_record_op(&record, &op);
        if (rc < 0) {
            return rc;
        }
        if (++count > MF_WORKSPACE_OPS_MAX || (op.upload != 0 && !is_own(task, op.upload))) {
            return MF_E_FS_EINVAL;
        }
    }
    return rc < 0 ? rc : count;
}

static int apply(struct mf_store *store,
                 struct mf__files_task *task,
                 struct mf_workspace_op *ops,
                 struct mf_workspace_result *results,
                 size_t count)
{
    const struct mf_slice none = mf_slice_of(NULL, 0);
    struct mf_workspace_outcome outcome = {0};
    struct mf__files_record record;
    size_t cursor = 0;
    int rc = 0;

    for (size_t i = 0; i < count; i++) {
        MF_ASSERT(mf__files_record_next(task->request, &cursor, &record) > 0); /* They were counted. */
        MF_ASSERT(mf__files_record_op(&record, &ops[i]) == 0);
    }
    rc = mf_workspace_apply(store, &task->ref, ops, count, mf_clock_unix_ms(), results, &outcome);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mf__files_append_entry(task->answer, &results[i].inode, results[i].is_new, none, none);
        task->upload_ended = ops[i].upload != 0 ? ops[i].upload : task->upload_ended;
    }
    return rc;
}

static int do_changes(struct mf_store *store, struct mf__files_task *task)
{
    struct mf_workspace_result *results;
    struct mf_workspace_op *ops;
    int count = count_changes(task);
    int rc = MF_E_NO_MEMORY;

    if (count < 0) {
        return count;
    }
    if (task->is_read_only) {
        return MF_E_FS_EROFS;
    }
    task->is_change = true;
    ops = mf_try_alloc((size_t)count * sizeof *ops);
    results = mf_try_alloc((size_t)count * sizeof *results);
    if (ops != NULL && results != NULL) {
        rc = apply(store, task, ops, results, (size_t)count);
    }
    mf_free(ops);
    mf_free(results);
    return rc;
}

bool mf__files_is_brief(struct mf_slice request)
{
    struct mf__files_record record;
    size_t cursor = 0;

    return mf__files_record_next(request, &cursor, &record) > 0 && record.kind != MF__FILES_FIND &&
           record.kind != MF__FILES_GREP;
}

bool mf__files_is_look(struct mf_slice request)
{
    struct mf__files_record record;
    size_t cursor = 0;

    return mf__files_record_next(request, &cursor, &record) > 0 &&
           (record.kind == MF__FILES_STAT || record.kind == MF__FILES_READ);
}

bool mf__files_may_grow(struct mf_slice request)
{
    struct mf__files_record record;
    size_t cursor = 0;

    while (mf__files_record_next(request, &cursor, &record) > 0) {
        bool is_upload = record.kind == MF__FILES_UPLOAD_BEGIN || record.kind == MF__FILES_UPLOAD_WRITE;
        if (is_upload ||
            (record.kind >= MF__FILES_CHANGE && record.kind != MF__FILES_CHANGE + MF_WORKSPACE_RM)) {
            return true;
        }
    }
    return false;
}

int mf__files_do(struct mf_store *store, struct mf__files_task *task)
{
    struct mf__files_record record;
    size_t cursor = 0;
    int rc = mf__files_record_next(task->request, &cursor, &record);

    if (rc <= 0 || (record.kind < MF__FILES_CHANGE && cursor < task->request.size)) {
        return MF_E_FS_EINVAL;
    }
    switch (record.kind) {
    case MF__FILES_STAT:
        return do_stat(store, task, &record);
    case MF__FILES_READ:
        return do_read(store, task, &record);
    case MF__FILES_FIND:
        return do_find(store, task, &record);
    case MF__FILES_GREP:
        return do_grep(store, task, &record);
    case MF__FILES_UPLOAD_BEGIN:
    case MF__FILES_UPLOAD_WRITE:
    case MF__FILES_UPLOAD_CANCEL:
        return task->is_read_only ? MF_E_FS_EROFS : do_upload(store, task, &record);
    default:
        return do_changes(store, task);
    }
}
