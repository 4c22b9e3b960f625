/* An archive in pieces of any size: the same entries and bytes however it is cut; and what is read can be written and read again. */
#include <mayfly/tar.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash;  /* Of all that was told. */
    uint64_t bytes; /* Of the file under way. */
    uint64_t size;
    bool is_open;
    struct mf_buf *out; /* Written again here; NULL: not. */
};

static void mix(struct seen *seen, struct mf_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        seen->hash = (seen->hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    }
}

static int on_entry(void *user, const struct mf_tar_entry *entry)
{
    struct seen *seen = user;

    MF_ASSERT(!seen->is_open && entry->mode <= 07777 && (entry->kind == MF_TAR_FILE || entry->size == 0));
    seen->is_open = true;
    seen->bytes = 0;
    seen->size = entry->size;
    mix(seen, entry->path);
    mix(seen, entry->target);
    mix(seen, mf_slice_of(&entry->size, sizeof entry->size));
    return seen->out == NULL || entry->size > (1u << 20) ? 0 : mf_tar_write(seen->out, entry);
}

static int on_data(void *user, struct mf_slice bytes)
{
    struct seen *seen = user;

    MF_ASSERT(seen->is_open && bytes.size > 0);
    seen->bytes += bytes.size;
    MF_ASSERT(seen->bytes <= seen->size);
    mix(seen, bytes);
    return 0;
}

static int on_entry_end(void *user)
{
    struct seen *seen = user;

    MF_ASSERT(seen->is_open && seen->bytes == seen->size);
    seen->is_open = false;
    return 0;
}

static const struct mf_tar_events events = {.on_entry = on_entry,
                                         .on_data = on_data,
                                         .on_entry_end = on_entry_end};

static int read_in_pieces(const uint8_t *data, size_t size, size_t piece, struct seen *seen)
{
    struct mf_tar_reader reader;
    int rc = 0;

    mf_tar_begin(&reader, &events, seen);
    for (size_t at = 0; rc == 0 && at < size; at += piece) {
        rc = mf_tar_feed(&reader, mf_slice_of(data + at, size - at < piece ? size - at : piece));
    }
    rc = rc < 0 ? rc : mf_tar_end(&reader);
    MF_ASSERT(rc == 0 || rc == MF_E_TOO_LARGE || (rc == MF_E_WORKSPACE_ARCHIVE && reader.why != NULL));
    mf_tar_done(&reader);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_buf out;
    struct seen whole = {.hash = 1, .out = &out};
    struct seen pieces = {.hash = 1};
    size_t piece = size > 0 ? 1 + data[size - 1] : 1;
    int rc;

    mf_buf_init(&out, 16u << 20);
    rc = read_in_pieces(data, size, SIZE_MAX / 2, &whole);
    MF_ASSERT(read_in_pieces(data, size, piece, &pieces) == rc);
    MF_ASSERT(rc < 0 || whole.hash == pieces.hash);
    mf_buf_done(&out);
    return 0;
}
