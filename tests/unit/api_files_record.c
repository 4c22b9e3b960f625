/* What an executor asks of a workspace: read to the letter, and nothing past its bytes; what is answered can be read again. */
#include "files_record.h"

#include "check.h"

static void put(struct mf_buf *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(number >> 8 * i);
        MF_CHECK_INT(mf_buf_append(out, &byte, 1), 0);
    }
}

static void add(struct mf_buf *out, const struct mf__files_record *record)
{
    put(out, record->kind, 2);
    put(out, record->flags, 2);
    put(out, record->mode, 4);
    put(out, record->offset, 8);
    put(out, record->size, 8);
    put(out, record->count, 4);
    put(out, record->path.size, 4);
    put(out, record->to.size, 4);
    put(out, record->bytes.size, 4);
    MF_CHECK_INT(mf_buf_append_slice(out, record->path), 0);
    MF_CHECK_INT(mf_buf_append_slice(out, record->to), 0);
    MF_CHECK_INT(mf_buf_append_slice(out, record->bytes), 0);
}

static const struct mf__files_record example = {
    .kind = MF__FILES_CHANGE + MF_WORKSPACE_WRITE,
    .flags = MF_WORKSPACE_PARENTS,
    .mode = 0644,
    .size = UINT64_C(0x1122334455667788),
    .path = {(const uint8_t *)"/a", 2},
    .bytes = {(const uint8_t *)"text", 4},
};

static void records_follow_each_other(void)
{
    struct mf__files_record record;
    struct mf_workspace_op op;
    struct mf_buf bytes;
    size_t cursor = 0;

    mf_buf_init(&bytes, 4096);
    add(&bytes, &example);
    add(&bytes, &(struct mf__files_record){.kind = MF__FILES_CHANGE + MF_WORKSPACE_UTIME, .size = 5});
    MF_CHECK_INT(mf__files_record_next(mf_buf_peek(&bytes), &cursor, &record), 1);
    MF_CHECK_INT(mf__files_record_op(&record, &op), 0);
    MF_CHECK(op.kind == MF_WORKSPACE_WRITE && op.flags == MF_WORKSPACE_PARENTS && op.mode == 0644);
    MF_CHECK(op.upload == UINT64_C(0x1122334455667788) && op.size == 0 && op.time_ms == 0);
    MF_CHECK(mf_slice_equal_cstr(op.path, "/a") && op.to.size == 0 && mf_slice_equal_cstr(op.bytes, "text"));
    MF_CHECK_INT(mf__files_record_next(mf_buf_peek(&bytes), &cursor, &record), 1);
    MF_CHECK_INT(mf__files_record_op(&record, &op), 0);
    MF_CHECK(op.kind == MF_WORKSPACE_UTIME && op.time_ms == 5 && op.upload == 0);
    MF_CHECK_INT(mf__files_record_next(mf_buf_peek(&bytes), &cursor, &record), 0);
    mf_buf_done(&bytes);
}

/* Cut anywhere, or with a size that lies, it is none. */
static void cut_ones_are_refused(void)
{
    struct mf__files_record record;
    struct mf_buf bytes;

    mf_buf_init(&bytes, 4096);
    add(&bytes, &example);
    for (size_t size = 1; size < bytes.size; size++) {
        size_t cursor = 0;
        MF_CHECK_INT(mf__files_record_next(mf_slice_of(bytes.data, size), &cursor, &record), MF_E_FS_EINVAL);
        MF_CHECK_INT(cursor, 0);
    }
    for (size_t at = 28; at < 40; at += 4) {
        uint8_t was = bytes.data[at + 3];
        size_t cursor = 0;
        bytes.data[at + 3] = 0xff;
        MF_CHECK_INT(mf__files_record_next(mf_buf_peek(&bytes), &cursor, &record), MF_E_FS_EINVAL);
        bytes.data[at + 3] = was;
    }
    mf_buf_done(&bytes);
}

static void only_changes_are_changes(void)
{
    struct mf_workspace_op op;

    for (unsigned kind = 0; kind < 256; kind++) {
        struct mf__files_record record = {.kind = (uint8_t)kind};
        unsigned change = kind - (unsigned)MF__FILES_CHANGE;
        bool is_one = kind >= MF__FILES_CHANGE && change <= MF_WORKSPACE_UTIME && change != MF_WORKSPACE_EDIT;
        MF_CHECK_INT(mf__files_record_op(&record, &op), is_one ? 0 : MF_E_FS_EINVAL);
    }
    struct mf__files_record odd = {.kind = MF__FILES_CHANGE, .flags = 512};
    MF_CHECK_INT(mf__files_record_op(&odd, &op), MF_E_FS_EINVAL);
}

static int read_search(struct mf_slice bytes, uint32_t count, struct mf__files_search *ret_search)
{
    struct mf__files_record record = {.kind = MF__FILES_FIND, .flags = 0x8002, .mode = 9999, .count = count};

    record.bytes = bytes;
    return mf__files_record_search(&record, ret_search);
}

static void searches(void)
{
    static const char text[] = "\2\0ab\1\0c\0\0";
    struct mf_slice bytes = mf_slice_of(text, sizeof text - 1);
    struct mf__files_search search;

    MF_CHECK_INT(read_search(bytes, 1, &search), 0);
    MF_CHECK(mf_slice_equal_cstr(search.search.glob, "ab") && mf_slice_equal_cstr(search.search.name, "c"));
    MF_CHECK(search.pattern.size == 0 && search.ignores_case && search.search.kinds == 2);
    MF_CHECK_INT(search.search.levels_max, MF_FS_DEPTH_MAX);
    MF_CHECK_INT(read_search(bytes, 0, &search), MF_E_FS_EINVAL);
    MF_CHECK_INT(read_search(bytes, MF_WORKSPACE_PAGE_MAX + 1, &search), MF_E_FS_EINVAL);
    for (size_t size = 0; size < bytes.size; size++) {
        MF_CHECK_INT(read_search(mf_slice_of(text, size), 1, &search), MF_E_FS_EINVAL);
    }
    MF_CHECK_INT(read_search(mf_slice_of(text, sizeof text), 1, &search), MF_E_FS_EINVAL);
}

static void entries(void)
{
    const struct mf_inode inode = {.kind = MF_INODE_SYMLINK, .mode = 0777, .size = 3, .id = 7, .inodes = 1};
    struct mf_buf out;

    mf_buf_init(&out, 4096);
    MF_CHECK_INT(mf__files_append_entry(&out, &inode, true, mf_slice_of_cstr("/l"), mf_slice_of_cstr("abc")),
                 0);
    MF_CHECK_INT(out.size, 56 + 4 + 2 + 4 + 3);
    MF_CHECK(out.data[0] == MF_INODE_SYMLINK && out.data[1] == 1 && out.data[4] == 0xff && out.data[5] == 1);
    MF_CHECK(out.data[8] == 3 && out.data[16] == 7 && out.data[56] == 2 && out.data[62] == 3);
    mf_buf_done(&out);
}

int main(void)
{
    records_follow_each_other();
    cut_ones_are_refused();
    only_changes_are_changes();
    searches();
    entries();
    return 0;
}
