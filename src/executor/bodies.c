/* bodies.c - the streams and fetches of a session. Everything here is called with the session locked. */
#include "session.h"

/* ---- fetches -------------------------------------------------------------------------------- */

struct mf_fetch *mf_session_fetch_get(const struct mf_session *session, uint32_t number)
{
    return session->fetches == NULL ? NULL : mf_map_get(session->fetches, number);
}

int mf_session_fetch_new(struct mf_session *session,
                         const struct mf_msg_fetch *message,
                         struct mf_fetch **ret_fetch)
{
    uint32_t number = message->fetch;
    struct mf_fetch *fetch;
    int error;

    if (session->fetches == NULL) {
        session->fetches = mf_map_new(MF_RUN_SUBREQUESTS_MAX + MF_RUN_CALLS_MAX);
    }
    fetch = mf_try_alloc(sizeof(*fetch));
    if (fetch == NULL) {
        return MF_E_NO_MEMORY;
    }
    fetch->number = number;
    fetch->kind = (enum mf_fetch_kind)message->kind;
    mf_notice_init(&fetch->event, MF_SOURCE_FETCH);
    mf_buf_init(&fetch->payload, MF_FRAME_PAYLOAD_BYTES_MAX);
    mf_outgoing_init(&fetch->request, MF_STREAM_OF_FETCH_REQUEST(number), message->has_body != 0);
    fetch->request.bytes_left = message->body_bytes;
    mf_incoming_init(&fetch->response, MF_STREAM_OF_FETCH_RESPONSE(number), false);
    error = mf_map_put(session->fetches, number, fetch);
    if (error < 0) {
        mf_free(fetch);
        return error;
    }
    session->fetch_last = number;
    session->fetches_open[fetch->kind]++;
    *ret_fetch = fetch;
    return 0;
}

static void fetch_free(struct mf_session *session, struct mf_fetch *fetch)
{
    session->unread_bytes -= fetch->response.buf.size;
    mf_list_remove(&fetch->event.list);
    mf_outgoing_done(&fetch->request);
    mf_incoming_done(&fetch->response);
    mf_buf_done(&fetch->payload);
    mf_free(fetch);
}

void mf_session_fetch_settle(struct mf_session *session, struct mf_fetch *fetch)
{
    const struct mf_incoming *in = &fetch->response;
    bool is_response_over = !in->is_open || in->is_told || in->is_cancelled;
    bool is_request_over = fetch->request.is_closed || fetch->request.is_stopped;

    if (fetch->is_aborted || (fetch->is_told && is_response_over && is_request_over)) {
        MF_ASSERT(mf_map_take(session->fetches, fetch->number) == fetch);
        fetch_free(session, fetch);
    }
}

void mf_session_fetches_done(struct mf_session *session)
{
    size_t cursor = 0;
    struct mf_fetch *fetch;

    while (session->fetches != NULL && (fetch = mf_map_next(session->fetches, &cursor)) != NULL) {
        fetch_free(session, fetch);
    }
    mf_map_free(session->fetches);
    session->fetches = NULL;
}

/* ---- streams by number ------------------------------------------------------------------------ */

struct mf_incoming *mf_session_incoming(struct mf_session *session, uint32_t stream)
{
    struct mf_fetch *fetch;

    if (stream == MF_STREAM_REQUEST) {
        return &session->request;
    }
    if (stream % 2 == 0 || stream == MF_STREAM_RESPONSE) {
        return NULL;
    }
    fetch = mf_session_fetch_get(session, stream / 2);
    return fetch == NULL ? NULL : &fetch->response;
}

struct mf_outgoing *mf_session_outgoing(struct mf_session *session, uint32_t stream)
{
    struct mf_fetch *fetch;

    if (stream == MF_STREAM_RESPONSE) {
        return &session->response;
    }
    if (stream % 2 == 1 || stream == MF_STREAM_REQUEST) {
        return NULL;
    }
    fetch = mf_session_fetch_get(session, stream / 2);
    return fetch == NULL ? NULL : &fetch->request;
}

bool mf_session_knows_stream(const struct mf_session *session, uint32_t stream)
{
    return stream / 2 <= session->fetch_last;
}

/* ---- out ---------------------------------------------------------------------------------------- */

static void settle_fetch_of(struct mf_session *session, uint32_t stream)
{
    struct mf_fetch *fetch = stream > MF_STREAM_RESPONSE ? mf_session_fetch_get(session, stream / 2) : NULL;

    if (fetch != NULL) {
        mf_session_fetch_settle(session, fetch);
    }
}

void mf_session_pump(struct mf_session *session, struct mf_outgoing *out)
{
    struct mf_slice piece;

    while ((piece = mf_outgoing_sendable(out)).size > 0) {
        if (!mf_session_send_data(session, out->id, piece)) {
            return; /* mf_session_pump_all comes when the channel has room. */
        }
        mf_outgoing_sent(out, piece.size);
    }
    if (mf_outgoing_pending(out) > 0 || out->is_closed) {
        return;
    }
    if (out->is_ended) {
        out->is_closed = true;
        mf_session_send_end(session, out->id);
        settle_fetch_of(session, out->id);
    } else if (out->is_full && out->window.bytes_left > 0) {
        out->is_full = false;
        out->has_room = true;
        mf_notice_queue(&out->event, &session->events);
    }
}

void mf_session_pump_all(struct mf_session *session)
{
    struct mf_fetch *fetch;

    pthread_mutex_lock(&session->mutex);
    if (!mf_session_is_over(session)) {
        /* One fetch at a time: pumping may free the one it is about. */
        for (uint32_t number = 1; session->fetches != NULL && number <= session->fetch_last; number++) {
            fetch = mf_session_fetch_get(session, number);
            if (fetch != NULL) {
                mf_session_pump(session, &fetch->request);
            }
        }
        mf_session_pump(session, &session->response);
        mf_session_copy_pump(session);
        mf_session_flushed(session);
        mf_session_wake(session);
    }
    pthread_mutex_unlock(&session->mutex);
}

/* ---- is anything still to come? ------------------------------------------------------------------- */

static bool is_fetch_awaited(const struct mf_fetch *fetch)
{
    return !fetch->is_told || mf_incoming_is_awaited(&fetch->response) || fetch->request.is_full;
}

bool mf_session_is_waiting(const struct mf_session *session)
{
    size_t cursor = 0;
    struct mf_fetch *fetch;

    if (mf_timers_count(&session->timers) > 0 || mf_incoming_is_awaited(&session->request) ||
        session->response.is_full || mf_session_files_is_waiting(session)) {
        return true;
    }
    while (session->fetches != NULL && (fetch = mf_map_next(session->fetches, &cursor)) != NULL) {
        if (is_fetch_awaited(fetch)) {
            return true;
        }
    }
    return false;
}
