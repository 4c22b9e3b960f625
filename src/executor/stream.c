/* stream.c - see stream.h. */
#include "stream.h"

void mf_incoming_init(struct mf_incoming *in, uint32_t id, bool is_open)
{
    *in = (struct mf_incoming){.id = id, .is_open = is_open};
    mf_window_init(&in->window);
    mf_buf_init(&in->buf, MF_STREAM_WINDOW_BYTES);
    mf_buf_init(&in->error_text, MF_RUN_TEXT_BYTES_MAX);
    mf_notice_init(&in->event, MF_SOURCE_INCOMING);
}

void mf_incoming_done(struct mf_incoming *in)
{
    mf_list_remove(&in->event.list);
    mf_buf_done(&in->buf);
    mf_buf_done(&in->error_text);
}

int mf_incoming_data(struct mf_incoming *in, struct mf_slice bytes)
{
    int error;

    if (!in->is_open || in->is_ended || bytes.size == 0 || bytes.size > MF_STREAM_CHUNK_BYTES_MAX) {
        return MF_E_WIRE;
    }
    error = mf_window_use(&in->window, bytes.size);
    if (error < 0 || in->is_cancelled) {
        return error;
    }
    return mf_buf_append_slice(&in->buf, bytes); /* It fits: what was not consumed is at most a window. */
}

int mf_incoming_end(struct mf_incoming *in, int error, struct mf_slice text)
{
    if (!in->is_open || in->is_ended || error > 0) {
        return MF_E_WIRE;
    }
    in->is_ended = true;
    in->error = error;
    if (error == 0 || in->is_cancelled) {
        return 0;
    }
    if (text.size > MF_RUN_TEXT_BYTES_MAX) {
        text.size = MF_RUN_TEXT_BYTES_MAX;
    }
    return text.size > 0 ? mf_buf_append_slice(&in->error_text, text)
                         : mf_buf_append_cstr(&in->error_text, mf_error_message(error));
}

int mf_incoming_pull(struct mf_incoming *in)
{
    if (!in->is_open || in->is_pulled || in->is_told || in->is_cancelled) {
        return MF_E_INVALID;
    }
    in->is_pulled = true;
    return 0;
}

bool mf_incoming_cancel(struct mf_incoming *in)
{
    bool must_tell = in->is_open && !in->is_ended && !in->is_cancelled;

    in->is_cancelled = true;
    in->is_pulled = false;
    mf_list_remove(&in->event.list);
    mf_buf_done(&in->buf);
    return must_tell;
}

bool mf_incoming_is_ready(const struct mf_incoming *in)
{
    bool has_news = in->is_copied ? in->is_ended && in->buf.size == 0 : in->is_ended || in->buf.size > 0;

    return in->is_pulled && !in->is_cancelled && has_news;
}

bool mf_incoming_is_awaited(const struct mf_incoming *in)
{
    return in->is_pulled && !in->is_cancelled;
}

uint32_t mf_incoming_take(struct mf_incoming *in, struct mf_buf *ret_bytes)
{
    uint32_t grant = 0;

    in->is_pulled = false;
    *ret_bytes = in->buf;
    mf_buf_init(&in->buf, MF_STREAM_WINDOW_BYTES);
    if (ret_bytes->size > 0) {
        grant = mf_window_consume(&in->window, ret_bytes->size);
    } else {
        in->is_told = in->is_ended;
    }
    return in->is_ended ? 0 : grant;
}

bool mf_incoming_take_whole(struct mf_incoming *in, struct mf_buf *ret_bytes)
{
    if (!in->is_ended || in->error != 0 || in->is_told || in->is_pulled || in->is_cancelled ||
        in->is_copied) {
        return false;
    }
    *ret_bytes = in->buf;
    mf_buf_init(&in->buf, MF_STREAM_WINDOW_BYTES);
    in->is_told = true;
    return true;
}

void mf_outgoing_init(struct mf_outgoing *out, uint32_t id, bool is_open)
{
    *out = (struct mf_outgoing){.id = id, .is_open = is_open, .is_ended = !is_open, .is_closed = !is_open};
    out->bytes_left = MF_BODY_BYTES_UNKNOWN;
    mf_window_init(&out->window);
    mf_buf_init(&out->pending, MF_EXECUTOR_OP_BYTES_MAX);
    mf_notice_init(&out->event, MF_SOURCE_OUTGOING);
}

void mf_outgoing_done(struct mf_outgoing *out)
{
    mf_list_remove(&out->event.list);
    mf_buf_done(&out->pending);
}

struct mf_slice mf_outgoing_sendable(const struct mf_outgoing *out)
{
    size_t pending = mf_outgoing_pending(out);

    if (pending == 0) {
        return mf_slice_of(NULL, 0);
    }
    return mf_slice_of(out->pending.data + out->pending_sent, mf_window_sendable(&out->window, pending));
}

void mf_outgoing_sent(struct mf_outgoing *out, size_t bytes)
{
    MF_ASSERT(mf_window_use(&out->window, bytes) == 0);
    out->pending_sent += bytes;
    if (out->pending_sent == out->pending.size) {
        mf_outgoing_drop(out); /* 64 MiB are given back at once, not kept for a run that may sleep. */
    }
}

size_t mf_outgoing_pending(const struct mf_outgoing *out)
{
    return out->pending.size - out->pending_sent;
}

void mf_outgoing_drop(struct mf_outgoing *out)
{
    mf_buf_done(&out->pending);
    out->pending_sent = 0;
}
