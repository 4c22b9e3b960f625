#include "upload.h"

void mf__upload_init(struct mf__upload *upload, size_t held_max)
{
    memset(upload, 0, sizeof *upload);
    mf_buf_init(&upload->bytes, held_max + MF_STREAM_WINDOW_BYTES);
}

void mf__upload_done(struct mf__upload *upload)
{
    mf_buf_done(&upload->bytes);
}

void mf__upload_hold(struct mf__upload *upload, size_t held_max)
{
    if (upload->bytes.bytes_max < held_max + MF_STREAM_WINDOW_BYTES) {
        upload->bytes.bytes_max = held_max + MF_STREAM_WINDOW_BYTES;
    }
}

static size_t kept_max(const struct mf__upload *upload)
{
    return upload->bytes.bytes_max - MF_STREAM_WINDOW_BYTES;
}

/* Past what may be kept, what was sent goes. */
static void forget_sent(struct mf__upload *upload)
{
    if (upload->dropped > 0 || upload->bytes.size > kept_max(upload)) {
        upload->dropped += upload->sent;
        mf_buf_consume(&upload->bytes, upload->sent);
        upload->sent = 0;
    }
}

int mf__upload_append(struct mf__upload *upload, struct mf_slice bytes)
{
    MF_ASSERT(!upload->is_whole && upload->error == 0);
    int error = mf_buf_append_slice(&upload->bytes, bytes);
    forget_sent(upload);
    return error;
}

void mf__upload_end(struct mf__upload *upload, int error)
{
    upload->is_whole = error == 0;
    upload->error = error;
}

int64_t mf__upload_read(struct mf__upload *upload, uint8_t *space, size_t size, bool *ret_is_end)
{
    size_t left = upload->bytes.size - upload->sent;
    size_t taken = left < size ? left : size;

    if (upload->error < 0) {
        return upload->error;
    }
    if (taken > 0) {
        memcpy(space, upload->bytes.data + upload->sent, taken);
    }
    upload->sent += taken;
    forget_sent(upload);
    *ret_is_end = upload->is_whole && upload->sent == upload->bytes.size;
    return (int64_t)taken;
}

bool mf__upload_rewind(struct mf__upload *upload)
{
    if (upload->dropped > 0) {
        return false;
    }
    upload->sent = 0;
    return true;
}

bool mf__upload_peek(const struct mf__upload *upload, struct mf_slice *ret_bytes)
{
    if (!upload->is_whole || upload->dropped > 0) {
        return false;
    }
    *ret_bytes = mf_buf_peek(&upload->bytes);
    return true;
}

uint64_t mf__upload_total(const struct mf__upload *upload)
{
    return upload->dropped + upload->bytes.size;
}
