/* frames.c - what the daemon says about a run. All on the loop thread, with the session locked.
 *
 * A frame about something that has ended meanwhile crossed ours on the way and is ignored; one about something that never
 * was is MF_E_WIRE.
 */
#include "session.h"

/* Ours to decide: the daemon may speak of it late, but not early. */
static int unknown_stream(const struct mf_session *session, uint32_t stream)
{
    return mf_session_knows_stream(session, stream) ? 0 : MF_E_WIRE;
}

static int on_bundle(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_bundle message;
    struct mf_buf *bundle;
    int error = mf_decode_bundle(payload, &message);

    if (error < 0 || session->state != MF_SESSION_COLLECTING) {
        return MF_E_WIRE;
    }
    bundle = &session->guest->bundle;
    if (message.bytes.size == 0 || message.bytes.size > session->limits.bundle_bytes - bundle->size) {
        return MF_E_WIRE;
    }
    error = mf_buf_append_slice(bundle, message.bytes);
    if (error == 0 && bundle->size == session->limits.bundle_bytes) {
        error = mf_guest_read(session->guest);
        if (error == 0) {
            mf_notice_queue(&session->start, &session->events);
            mf_session_wake(session);
        }
    }
    if (error == MF_E_NO_MEMORY) {
        mf_session_cancel(session, error);
        error = 0;
    }
    return error;
}

static int on_cancel(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_cancel message;

    if (mf_decode_cancel(payload, &message) < 0 || message.error >= 0) {
        return MF_E_WIRE;
    }
    mf_session_cancel(session, message.error);
    return 0;
}

/* ---- fetches ------------------------------------------------------------------------------------ */

/* The fetch that is to be answered; NULL with 0: it was aborted. */
static int unanswered(struct mf_session *session, uint32_t number, struct mf_fetch **ret_fetch)
{
    struct mf_fetch *fetch = mf_session_fetch_get(session, number);

    *ret_fetch = fetch;
    if (fetch == NULL) {
        return number > 0 && number <= session->fetch_last ? 0 : MF_E_WIRE;
    }
    return fetch->is_answered ? MF_E_WIRE : 0;
}

/* Keeps the frame and tells the script. */
static int answer(struct mf_session *session, struct mf_fetch *fetch, struct mf_slice payload)
{
    if (mf_buf_append_slice(&fetch->payload, payload) < 0) {
        mf_session_cancel(session, MF_E_NO_MEMORY);
        return MF_E_NO_MEMORY;
    }
    fetch->is_answered = true;
    session->fetches_open[fetch->kind]--;
    mf_notice_queue(&fetch->event, &session->events);
    return 0;
}

static int on_fetch_head(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_fetch_head message;
    struct mf_fetch *fetch;

    if (mf_decode_fetch_head(payload, &message) < 0 || unanswered(session, message.fetch, &fetch) < 0 ||
        mf_headers_check(message.headers) < 0 || message.status < 100 || message.status > 999) {
        return MF_E_WIRE;
    }
    if (fetch == NULL || answer(session, fetch, payload) < 0) {
        return 0;
    }
    fetch->is_head = true;
    MF_ASSERT(mf_decode_fetch_head(mf_buf_peek(&fetch->payload), &fetch->head) == 0);
    fetch->response.is_open = message.has_body != 0;
    mf_session_wake(session);
    return 0;
}

static int on_fetch_fail(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_fetch_fail message;
    struct mf_fetch *fetch;

    if (mf_decode_fetch_fail(payload, &message) < 0 || unanswered(session, message.fetch, &fetch) < 0 ||
        message.error >= 0) {
        return MF_E_WIRE;
    }
    if (fetch == NULL || answer(session, fetch, payload) < 0) {
        return 0;
    }
    MF_ASSERT(mf_decode_fetch_fail(mf_buf_peek(&fetch->payload), &fetch->fail) == 0);
    /* Nobody reads the rest of what the script still wanted to send. */
    mf_outgoing_drop(&fetch->request);
    fetch->request.is_stopped = true;
    fetch->request.is_closed = true;
    mf_session_wake(session);
    return 0;
}

/* ---- streams that come in -------------------------------------------------------------------------- */

static void tell_incoming(struct mf_session *session, struct mf_incoming *in)
{
    if (in->is_copied) {
        mf_session_copy_pump(session);
        mf_session_wake(session);
    } else if (mf_incoming_is_ready(in)) {
        mf_notice_queue(&in->event, &session->events);
        mf_session_wake(session);
    }
}

/* No memory for a body ends the run; the daemon's mistakes are handed on. */
static int absorb(struct mf_session *session, int error)
{
    if (error == MF_E_NO_MEMORY || error == MF_E_LIMIT_MEMORY) {
        mf_session_cancel(session, error);
        return 0;
    }
    return error < 0 ? MF_E_WIRE : 0;
}

static int on_stream_data(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_stream_data message;
    struct mf_incoming *in;
    size_t before;
    int error;

    if (mf_decode_stream_data(payload, &message) < 0) {
        return MF_E_WIRE;
    }
    in = mf_session_incoming(session, message.stream);
    if (in == NULL) {
        return unknown_stream(session, message.stream);
    }
    if (in->is_copied && session->copy != MF_COPY_ASKED) {
        return MF_E_WIRE; /* After SPLICED. */
    }
    before = in->buf.size;
    error = mf_incoming_data(in, message.bytes);
    session->unread_bytes += in->buf.size - before;
    if (error == 0 && session->unread_bytes > session->limits.memory_bytes) {
        error =
            MF_E_LIMIT_MEMORY; /* Bodies that it does not read: each at most a window, but it may ask for thousands. */
    } else if (error == 0) {
        tell_incoming(session, in);
    }
    return absorb(session, error);
}

static int end_incoming(struct mf_session *session, uint32_t stream, int error, struct mf_slice text)
{
    struct mf_incoming *in = mf_session_incoming(session, stream);
    int result;

    if (in == NULL) {
        return unknown_stream(session, stream);
    }
    result = mf_incoming_end(in, error, text);
    if (result == 0) {
        tell_incoming(session, in);
    }
    return absorb(session, result);
}

static int on_stream_end(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_stream_end message;

    if (mf_decode_stream_end(payload, &message) < 0) {
        return MF_E_WIRE;
    }
    return end_incoming(session, message.stream, 0, mf_slice_of(NULL, 0));
}

static int on_stream_abort(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_stream_abort message;

    if (mf_decode_stream_abort(payload, &message) < 0 || message.error >= 0) {
        return MF_E_WIRE;
    }
    return end_incoming(session, message.stream, message.error, message.text);
}

static int on_spliced(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_spliced message;

    if (mf_decode_spliced(payload, &message) < 0 || mf_session_copy_spliced(session, message.fetch) < 0) {
        return MF_E_WIRE;
    }
    mf_session_wake(session);
    return 0;
}

/* ---- streams that go out ------------------------------------------------------------------------------ */

static int on_stream_credit(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_stream_credit message;
    struct mf_outgoing *out;

    if (mf_decode_stream_credit(payload, &message) < 0) {
        return MF_E_WIRE;
    }
    out = mf_session_outgoing(session, message.stream);
    if (out == NULL) {
        return unknown_stream(session, message.stream);
    }
    if (mf_window_grant(&out->window, message.bytes) < 0) {
        return MF_E_WIRE;
    }
    mf_session_pump(session, out);
    if (out == &session->response) {
        mf_session_copy_pump(session);
    }
    mf_session_flushed(session);
    mf_session_wake(session);
    return 0;
}

static int on_stream_stop(struct mf_session *session, struct mf_slice payload)
{
    struct mf_msg_stream_stop message;
    struct mf_outgoing *out;

    if (mf_decode_stream_stop(payload, &message) < 0) {
        return MF_E_WIRE;
    }
    out = mf_session_outgoing(session, message.stream);
    if (out == NULL) {
        return unknown_stream(session, message.stream);
    }
    if (message.stream == MF_STREAM_RESPONSE && !session->has_responded) {
        out->is_stopped = true; /* For the response to come: nobody wants its body. */
        return 0;
    }
    if (out->is_closed) {
        return 0; /* Our end and its stop crossed. */
    }
    mf_outgoing_drop(out);
    out->is_stopped = true;
    out->is_closed = true;
    out->is_full = false;
    if (session->state == MF_SESSION_FLUSHING) {
        mf_session_flushed(session);
    } else if (!out->is_ended) {
        out->has_stop = true;
        mf_notice_queue(&out->event, &session->events);
        mf_session_wake(session);
    }
    return 0;
}

/* ---- all of them ------------------------------------------------------------------------------------------ */

static int dispatch(struct mf_session *session, const struct mf_frame *frame)
{
    switch ((enum mf_message_type)frame->type) {
    case MF_MESSAGE_BUNDLE:
        return on_bundle(session, frame->payload);
    case MF_MESSAGE_CANCEL:
        return on_cancel(session, frame->payload);
    case MF_MESSAGE_FETCH_HEAD:
        return on_fetch_head(session, frame->payload);
    case MF_MESSAGE_FETCH_FAIL:
        return on_fetch_fail(session, frame->payload);
    case MF_MESSAGE_STREAM_DATA:
        return on_stream_data(session, frame->payload);
    case MF_MESSAGE_STREAM_END:
        return on_stream_end(session, frame->payload);
    case MF_MESSAGE_STREAM_ABORT:
        return on_stream_abort(session, frame->payload);
    case MF_MESSAGE_STREAM_CREDIT:
        return on_stream_credit(session, frame->payload);
    case MF_MESSAGE_STREAM_STOP:
        return on_stream_stop(session, frame->payload);
    case MF_MESSAGE_SPLICED:
        return on_spliced(session, frame->payload);
    case MF_MESSAGE_FILES_ANSWER:
        return mf_session_files_came(session, frame->payload);
    case MF_MESSAGE_START:
    case MF_MESSAGE_DRAIN:
    case MF_MESSAGE_READY:
    case MF_MESSAGE_STATUS:
    case MF_MESSAGE_LOG:
    case MF_MESSAGE_EXCEPTION:
    case MF_MESSAGE_RESPONSE:
    case MF_MESSAGE_FETCH:
    case MF_MESSAGE_FETCH_ABORT:
    case MF_MESSAGE_FILES:
    case MF_MESSAGE_SPLICE:
    case MF_MESSAGE_SPLICE_REST:
    case MF_MESSAGE_CODE_CACHE:
    case MF_MESSAGE_DONE:
        break;
    }
    return MF_E_WIRE;
}

int mf_session_on_frame(struct mf_session *session, const struct mf_frame *frame)
{
    int error = 0;

    pthread_mutex_lock(&session->mutex);
    if (!mf_session_is_over(session)) {
        error = dispatch(session, frame);
    }
    pthread_mutex_unlock(&session->mutex);
    return error;
}
