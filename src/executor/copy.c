/* copy.c - a fetch's response that is returned as it is: its bytes go on without a turn of the script, and once the daemon has
 * heard of it they do not come here at all. */
#include "session.h"

static struct mf_incoming *copied(struct mf_session *session)
{
    struct mf_fetch *fetch =
        session->copy == MF_COPY_NONE ? NULL : mf_session_fetch_get(session, session->copied_fetch);

    return fetch == NULL ? NULL : &fetch->response;
}

int mf_session_copy(struct mf_session *session, uint32_t from, uint32_t to)
{
    struct mf_fetch *fetch = from % 2 == 1 ? mf_session_fetch_get(session, from / 2) : NULL;
    const struct mf_outgoing *out = &session->response;

    if (fetch == NULL || to != MF_STREAM_RESPONSE || session->copy != MF_COPY_NONE || !out->is_open ||
        out->is_ended || out->bytes_total > 0) {
        return 0;
    }
    int error = mf_incoming_pull(&fetch->response);
    if (error < 0) {
        return error;
    }
    fetch->response.is_copied = true;
    session->copy = MF_COPY_ASKED;
    session->copied_fetch = fetch->number;
    if (!fetch->response.is_ended && !out->is_closed) {
        mf_session_send_splice(session, fetch->number);
    }
    mf_session_copy_pump(session);
    return 1;
}

/* How many bytes of |in| go; false: something ended that. */
static bool send_some(struct mf_session *session, const struct mf_incoming *in, size_t *ret_sent)
{
    struct mf_outgoing *out = &session->response;
    size_t size;

    *ret_sent = 0;
    while ((size = mf_window_sendable(&out->window, in->buf.size - *ret_sent)) > 0) {
        if (size > session->limits.response_bytes - out->bytes_total) {
            mf_session_cancel(session, MF_E_LIMIT_RESPONSE);
            return false;
        }
        if (!mf_session_send_data(session, out->id, mf_slice_of(in->buf.data + *ret_sent, size))) {
            break; /* mf_session_pump_all comes when the channel has room. */
        }
        MF_ASSERT(mf_window_use(&out->window, size) == 0);
        out->bytes_total += size;
        *ret_sent += size;
    }
    return true;
}

static void consume(struct mf_session *session, struct mf_incoming *in, size_t bytes)
{
    uint32_t credit = mf_window_consume(&in->window, bytes);

    mf_buf_consume(&in->buf, bytes);
    session->unread_bytes -= bytes;
    if (credit > 0 && !in->is_ended && session->copy == MF_COPY_ASKED) {
        mf_session_send_credit(session, in->id, credit);
    }
}

void mf_session_copy_pump(struct mf_session *session)
{
    struct mf_incoming *in = copied(session);
    size_t sent = 0;

    if (in == NULL || in->is_cancelled || session->response.is_closed) {
        return;
    }
    if (in->buf.size > 0) { /* Not in DIRECT: nothing comes any more. */
        bool may_go_on = send_some(session, in, &sent);
        if (!may_go_on || mf_session_is_over(session)) {
            return; /* A run that is over has no streams any more. */
        }
        consume(session, in, sent);
    }
    if (mf_incoming_is_ready(in)) {
        mf_notice_queue(&in->event, &session->events);
    } else if (in->buf.size == 0 && session->copy == MF_COPY_LAST) {
        session->copy = MF_COPY_DIRECT;
        mf_session_send_splice_rest(session, session->copied_fetch);
    }
}

int mf_session_copy_spliced(struct mf_session *session, uint32_t fetch)
{
    const struct mf_incoming *in = copied(session);

    if (session->copy != MF_COPY_ASKED || fetch != session->copied_fetch || (in != NULL && in->is_ended)) {
        return MF_E_WIRE;
    }
    session->copy = MF_COPY_LAST;
    mf_session_copy_pump(session);
    return 0;
}

bool mf_session_copy_close(struct mf_session *session, uint32_t stream)
{
    struct mf_incoming *in = copied(session);

    if (stream != MF_STREAM_RESPONSE || session->copy != MF_COPY_DIRECT) {
        return false;
    }
    /* Before the end: then the daemon must hear that there is none. */
    if (in != NULL && mf_incoming_cancel(in)) {
        mf_session_send_stop(session, in->id);
    }
    return true;
}
