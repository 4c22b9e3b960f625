/* files_record.h - what an executor asks of a workspace, and the answers: bytes to structs and back. Pure. What an executor says is
 * hostile: all that is read here was checked against the end of the bytes. src/runtime/files/record.mjs is the other end.
 *
 * A record: u8 kind, u8 0, u16 flags, u32 mode, u64 offset, u64 size, u32 count, u32 and the bytes of path, to and bytes; little-endian,
 * the four sizes before the three texts. Records of changes may follow each other: they are one transaction.
 */
#ifndef MAYFLY_API_FILES_RECORD_H
#define MAYFLY_API_FILES_RECORD_H

#include <mayfly/workspace.h>

/* |kind| of a record. Those of a change are MF__FILES_CHANGE and an enum mf_workspace_op_kind. */
enum {
    MF__FILES_STAT = 1,      /* |flags| 1: a link is followed. An entry. */
    MF__FILES_READ,          /* |size| bytes from |offset| on: the file's entry, and the bytes. */
    MF__FILES_FIND,          /* |bytes|: mf__files_search. A page. */
    MF__FILES_GREP,          /* Likewise: the paths and lines that it found. */
    MF__FILES_UPLOAD_BEGIN,  /* A u64, its number. */
    MF__FILES_UPLOAD_WRITE,  /* |bytes| to upload |offset|. Nothing. */
    MF__FILES_UPLOAD_CANCEL, /* |offset|. Nothing. */
    MF__FILES_CHANGE =
        16, /* |flags|, |mode|, |offset| as struct mf_workspace_op has them; |size| is its size, time_ms, or upload. An entry each. */
};

struct mf__files_record {
    uint8_t kind;
    uint16_t flags;
    uint32_t mode;
    uint64_t offset;
    uint64_t size;
    uint32_t count;
    struct mf_slice path;
    struct mf_slice to;
    struct mf_slice bytes;
};

/* Walks: *cursor starts at 0. 1 and a record; 0 at the end; MF_E_FS_EINVAL. */
MF_MUST_CHECK int
mf__files_record_next(struct mf_slice bytes, size_t *cursor, struct mf__files_record *ret_record);
/* |record| is a change that may stand in a transaction. MF_E_FS_EINVAL. */
MF_MUST_CHECK int mf__files_record_op(const struct mf__files_record *record, struct mf_workspace_op *ret_op);

/* What FIND and GREP ask for, of a record with such |bytes|: |count| entries behind |to|, at most |mode| levels deep, kinds by the bits of
 * |flags|; |offset| and |size| are the least and the largest size. |bytes|: a u16 and the text of each of glob, name and pattern. */
struct mf__files_search {
    struct mf_workspace_search search;
    struct mf_slice pattern;
    bool ignores_case;
};
MF_MUST_CHECK int mf__files_record_search(const struct mf__files_record *record,
                                          struct mf__files_search *ret_search);

/* u8 kind, u8 is new, u16 0, u32 mode, u64 size, id, inodes, revision, changed, created; u32 and the bytes of path and target. */
MF_MUST_CHECK int mf__files_append_entry(struct mf_buf *out,
                                         const struct mf_inode *inode,
                                         bool is_new,
                                         struct mf_slice path,
                                         struct mf_slice target);
MF_MUST_CHECK int mf__files_append_u64(struct mf_buf *out, uint64_t number);
/* u32 size and bytes. */
MF_MUST_CHECK int mf__files_append_text(struct mf_buf *out, struct mf_slice text);

#endif
