/* edit.c - replacements in a text, one after the other. Pure. */
#include "internal.h"

static int replace_range(struct mf_buf *text, uint64_t offset, uint64_t size, struct mf_slice by)
{
    struct mf_buf fresh;
    int rc;

    if (offset > text->size || size > text->size - offset) {
        return MF_E_WORKSPACE_EDIT;
    }
    mf_buf_init(&fresh, text->bytes_max);
    rc = mf_buf_append(&fresh, text->data, (size_t)offset);
    if (rc == 0) {
        rc = mf_buf_append_slice(&fresh, by);
    }
    if (rc == 0) {
        size_t rest = (size_t)(offset + size);
        rc = text->size == rest ? 0 : mf_buf_append(&fresh, text->data + rest, text->size - rest);
    }
    if (rc < 0) {
        mf_buf_done(&fresh);
        return rc;
    }
    mf_buf_done(text);
    *text = fresh;
    return 0;
}

static const uint8_t *find(const struct mf_buf *text, size_t from, struct mf_slice search)
{
    return from >= text->size ? NULL : memmem(text->data + from, text->size - from, search.data, search.size);
}

static uint64_t count(const struct mf_buf *text, struct mf_slice search)
{
    uint64_t found = 0;
    const uint8_t *at;

    for (size_t from = 0; (at = find(text, from, search)) != NULL; found++) {
        from = (size_t)(at - text->data) + search.size;
    }
    return found;
}

static int replace_all(struct mf_buf *text, struct mf_slice search, struct mf_slice by)
{
    struct mf_buf fresh;
    size_t from = 0;
    const uint8_t *at;
    int rc = 0;

    mf_buf_init(&fresh, text->bytes_max);
    while (rc == 0 && (at = find(text, from, search)) != NULL) {
        size_t found = (size_t)(at - text->data);
        rc = mf_buf_append(&fresh, text->data + from, found - from);
        if (rc == 0) {
            rc = mf_buf_append_slice(&fresh, by);
        }
        from = found + search.size;
    }
    if (rc == 0 && from < text->size) {
        rc = mf_buf_append(&fresh, text->data + from, text->size - from);
    }
    if (rc < 0) {
        mf_buf_done(&fresh);
        return rc;
    }
    mf_buf_done(text);
    *text = fresh;
    return 0;
}

static int replace_search(struct mf_buf *text, const struct mf_workspace_edit *edit, uint64_t *ret_found)
{
    uint64_t found = edit->search.size == 0 ? 0 : count(text, edit->search);

    *ret_found = found;
    if (found == 0 || (found > 1 && !edit->is_all)) {
        return MF_E_WORKSPACE_EDIT;
    }
    return replace_all(text, edit->search, edit->replace);
}

int mf__edit(struct mf_buf *text,
             const struct mf_workspace_edit *edits,
             size_t edits_count,
             size_t *ret_edit,
             uint64_t *ret_found)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < edits_count; i++) {
        *ret_edit = i;
        *ret_found = 0;
        rc = edits[i].is_range ? replace_range(text, edits[i].offset, edits[i].size, edits[i].replace)
                               : replace_search(text, &edits[i], ret_found);
    }
    return rc == MF_E_TOO_LARGE ? MF_E_FS_EFBIG : rc;
}
