#include "files_record.h"

#define HEAD_BYTES 40u

#define SEARCH_IGNORES_CASE 0x8000u

/* ---- reading ---------------------------------------------------------------------------------------- */

static uint64_t read_number(const uint8_t *at, unsigned bytes)
{
    uint64_t number = 0;

    for (unsigned i = bytes; i > 0; i--) {
        number = number << 8 | at[i - 1];
    }
    return number;
}

/* The next |size| bytes, if there are as many. */
static bool take(struct mf_slice *rest, uint64_t size, struct mf_slice *ret_bytes)
{
    if (size > rest->size) {
        return false;
    }
    *ret_bytes = mf_slice_of(rest->data, (size_t)size);
    *rest = mf_slice_of(rest->data + size, rest->size - (size_t)size);
    return true;
}

int mf__files_record_next(struct mf_slice bytes, size_t *cursor, struct mf__files_record *ret_record)
{
    struct mf_slice rest = mf_slice_of(bytes.data + *cursor, bytes.size - *cursor);
    struct mf_slice head;

    if (rest.size == 0) {
        return 0;
    }
    if (!take(&rest, HEAD_BYTES, &head) || head.data[1] != 0) {
        return MF_E_FS_EINVAL;
    }
    *ret_record = (struct mf__files_record){
        .kind = head.data[0],
        .flags = (uint16_t)read_number(head.data + 2, 2),
        .mode = (uint32_t)read_number(head.data + 4, 4),
        .offset = read_number(head.data + 8, 8),
        .size = read_number(head.data + 16, 8),
        .count = (uint32_t)read_number(head.data + 24, 4),
    };
    if (!take(&rest, read_number(head.data + 28, 4), &ret_record->path) ||
        !take(&rest, read_number(head.data + 32, 4), &ret_record->to) ||
        !take(&rest, read_number(head.data + 36, 4), &ret_record->bytes)) {
        return MF_E_FS_EINVAL;
    }
    *cursor = bytes.size - rest.size;
    return 1;
}

int mf__files_record_op(const struct mf__files_record *record, struct mf_workspace_op *ret_op)
{
    const unsigned known = MF_WORKSPACE_PARENTS | MF_WORKSPACE_RECURSIVE | MF_WORKSPACE_FORCE |
                           MF_WORKSPACE_EXCLUSIVE | MF_WORKSPACE_EXISTING | MF_WORKSPACE_APPEND |
                           MF_WORKSPACE_NOFOLLOW | MF_WORKSPACE_ONLY_FILE | MF_WORKSPACE_ONLY_DIRECTORY;
    unsigned kind = record->kind - (unsigned)MF__FILES_CHANGE;

    if (record->kind < MF__FILES_CHANGE || kind > MF_WORKSPACE_UTIME || kind == MF_WORKSPACE_EDIT ||
        (record->flags & ~known) != 0) {
        return MF_E_FS_EINVAL;
    }
    *ret_op = (struct mf_workspace_op){
        .kind = (enum mf_workspace_op_kind)kind,
        .flags = record->flags,
        .path = record->path,
        .to = record->to,
        .bytes = record->bytes,
        .upload = kind == MF_WORKSPACE_WRITE ? record->size : 0,
        .offset = record->offset,
        .size = kind == MF_WORKSPACE_TRUNCATE ? record->size : 0,
        .time_ms = kind == MF_WORKSPACE_UTIME ? record->size : 0,
        .mode = record->mode,
    };
    return 0;
}

int mf__files_record_search(const struct mf__files_record *record, struct mf__files_search *ret_search)
{
    struct mf_slice rest = record->bytes;
    struct mf_slice texts[3];

    for (size_t i = 0; i < MF_COUNT_OF(texts); i++) {
        struct mf_slice size;
        if (!take(&rest, 2, &size) || !take(&rest, read_number(size.data, 2), &texts[i])) {
            return MF_E_FS_EINVAL;
        }
    }
    if (rest.size > 0 || record->count == 0 || record->count > MF_WORKSPACE_PAGE_MAX) {
        return MF_E_FS_EINVAL;
    }
    *ret_search = (struct mf__files_search){
        .search = {.path = record->path,
                   .after = record->to,
                   .count = record->count,
                   .levels_max = record->mode > MF_FS_DEPTH_MAX ? MF_FS_DEPTH_MAX : record->mode,
                   .glob = texts[0],
                   .name = texts[1],
                   .kinds = record->flags & ~SEARCH_IGNORES_CASE,
                   .size_min = record->offset,
                   .size_max = record->size},
        .pattern = texts[2],
        .ignores_case = (record->flags & SEARCH_IGNORES_CASE) != 0,
    };
    return 0;
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static int append_number(struct mf_buf *out, uint64_t number, unsigned bytes)
{
    uint8_t text[8];

    for (unsigned i = 0; i < bytes; i++) {
        text[i] = (uint8_t)(number >> 8 * i);
    }
    return mf_buf_append(out, text, bytes);
}

int mf__files_append_u64(struct mf_buf *out, uint64_t number)
{
    return append_number(out, number, 8);
}

int mf__files_append_text(struct mf_buf *out, struct mf_slice text)
{
    int rc = append_number(out, text.size, 4);

    return rc < 0 ? rc : mf_buf_append_slice(out, text);
}

int mf__files_append_entry(struct mf_buf *out,
                           const struct mf_inode *inode,
                           bool is_new,
                           struct mf_slice path,
                           struct mf_slice target)
{
    const uint64_t numbers[] = {inode->size,     inode->id,         inode->inodes,
                                inode->revision, inode->changed_ms, inode->created_ms};
    int rc = append_number(out, (uint64_t)inode->kind | (uint64_t)is_new << 8, 4);

    rc = rc < 0 ? rc : append_number(out, inode->mode, 4);
    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(numbers); i++) {
        rc = mf__files_append_u64(out, numbers[i]);
    }
    rc = rc < 0 ? rc : mf__files_append_text(out, path);
    return rc < 0 ? rc : mf__files_append_text(out, target);
}
