/* content.c - the bytes of a file, in chunks. */
#include <openssl/sha.h>

#include "internal.h"

static int put_chunk(struct tree *tree, uint64_t file, uint64_t index, struct mf_slice bytes)
{
    uint8_t hash[MF_STORE_HASH_BYTES];

    (void)SHA256(bytes.data, bytes.size, hash);
    return mf_store_chunk_put(tree->store, file, index, tree->tenant, hash, bytes);
}

/* As mf_store_chunk_get, with a look at whether the bytes are what was put: a disk may have changed them. |ret_bytes| is empty. */
static int get_chunk(struct mf_store *store, uint64_t file, uint64_t index, struct mf_buf *ret_bytes)
{
    uint8_t wanted[MF_STORE_HASH_BYTES];
    uint8_t hash[MF_STORE_HASH_BYTES];
    int rc = mf_store_chunk_get(store, file, index, wanted, ret_bytes);

    if (rc > 0) {
        (void)SHA256(ret_bytes->data, ret_bytes->size, hash);
        if (memcmp(hash, wanted, sizeof hash) != 0) {
            mf_log(MF_LOG_ERROR, MF_E_STORE, NULL, "the content of a file is damaged on the disk");
            rc = MF_E_STORE;
        }
    }
    return rc;
}

/* A part of a chunk is replaced: the rest of it stays. |from| <= MF_FS_CHUNK_BYTES. */
static int patch_chunk(struct tree *tree, uint64_t file, uint64_t index, size_t from, struct mf_slice bytes)
{
    static const uint8_t zeros[4096];
    struct mf_buf old;
    struct mf_buf fresh;
    int rc;

    mf_buf_init(&old, MF_FS_CHUNK_BYTES);
    mf_buf_init(&fresh, MF_FS_CHUNK_BYTES);
    rc = get_chunk(tree->store, file, index, &old);
    if (rc >= 0) {
        rc = mf_buf_append(&fresh, old.data, old.size < from ? old.size : from);
    }
    while (rc == 0 && fresh.size < from) {
        size_t more = from - fresh.size;
        rc = mf_buf_append(&fresh, zeros, more < sizeof zeros ? more : sizeof zeros);
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(&fresh, bytes);
    }
    if (rc == 0 && fresh.size < old.size) {
        rc = mf_buf_append(&fresh, old.data + fresh.size, old.size - fresh.size);
    }
    if (rc == 0) {
        rc = put_chunk(tree, file, index, mf_buf_peek(&fresh));
    }
    mf_buf_done(&fresh);
    mf_buf_done(&old);
    return rc;
}

int mf__content_write(struct tree *tree, const struct mf_inode *file, uint64_t offset, struct mf_slice bytes)
{
    int rc = 0;

    while (rc == 0 && bytes.size > 0) {
        uint64_t index = offset / MF_FS_CHUNK_BYTES;
        size_t from = (size_t)(offset % MF_FS_CHUNK_BYTES);
        size_t size = MF_FS_CHUNK_BYTES - from;
        size = size < bytes.size ? size : bytes.size;
        /* The whole of a chunk, or all that it has: nothing of the old one is needed. */
        if (from == 0 && (size == MF_FS_CHUNK_BYTES || offset + size >= file->size)) {
            rc = put_chunk(tree, file->id, index, mf_slice_of(bytes.data, size));
        } else {
            rc = patch_chunk(tree, file->id, index, from, mf_slice_of(bytes.data, size));
        }
        offset += size;
        bytes = mf_slice_of(bytes.data + size, bytes.size - size);
    }
    return rc;
}

int mf__content_cut(struct tree *tree, const struct mf_inode *file, uint64_t size)
{
    uint64_t index = size / MF_FS_CHUNK_BYTES;
    size_t kept = (size_t)(size % MF_FS_CHUNK_BYTES);
    struct mf_buf old;
    int rc;

    mf_buf_init(&old, MF_FS_CHUNK_BYTES);
    rc = kept == 0 ? 0 : get_chunk(tree->store, file->id, index, &old);
    if (rc >= 0) {
        rc = mf_store_chunks_cut(tree->store, file->id, index);
    }
    if (rc == 0 && old.size > 0) {
        rc = put_chunk(tree, file->id, index, mf_slice_of(old.data, kept < old.size ? kept : old.size));
    }
    mf_buf_done(&old);
    return rc;
}

static int append_zeros(struct mf_buf *out, size_t size)
{
    int rc = mf_buf_reserve(out, size);

    if (rc == 0 && size > 0) {
        memset(out->data + out->size, 0, size);
        out->size += size;
    }
    return rc;
}

int mf__content_read(struct mf_store *store,
                     const struct mf_inode *file,
                     uint64_t offset,
                     size_t size,
                     struct mf_buf *ret_bytes)
{
    struct mf_buf chunk;
    uint64_t end = offset >= file->size ? offset : file->size - offset < size ? file->size : offset + size;
    int rc = 0;

    mf_buf_init(&chunk, MF_FS_CHUNK_BYTES);
    while (rc >= 0 && offset < end) {
        size_t from = (size_t)(offset % MF_FS_CHUNK_BYTES);
        uint64_t left = end - offset;
        size_t want = left < MF_FS_CHUNK_BYTES - from ? (size_t)left : MF_FS_CHUNK_BYTES - from;
        mf_buf_reset(&chunk);
        rc = get_chunk(store, file->id, offset / MF_FS_CHUNK_BYTES, &chunk);
        if (rc >= 0) {
            size_t has = chunk.size <= from ? 0 : chunk.size - from < want ? chunk.size - from : want;
            rc = has == 0 ? 0 : mf_buf_append(ret_bytes, chunk.data + from, has);
            rc = rc < 0 ? rc : append_zeros(ret_bytes, want - has);
        }
        offset += want;
    }
    mf_buf_done(&chunk);
    return rc < 0 ? rc : 0;
}
