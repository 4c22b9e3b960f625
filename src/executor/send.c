/* send.c - frames that leave the session. What ends something is never refused; the rest may find the channel full. */
#include "session.h"

/* These fit by construction; when malloc has nothing left for a frame of a few bytes, the process cannot go on. */
static void must(int error)
{
    MF_ASSERT(error == 0);
}

static struct mf_buf *lock(struct mf_session *session)
{
    struct mf_buf *out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MUST);

    MF_ASSERT(out != NULL);
    return out;
}

static void unlock(struct mf_session *session)
{
    mf_outbox_unlock(&session->executor->outbox);
}

bool mf_session_send_data(struct mf_session *session, uint32_t stream, struct mf_slice bytes)
{
    const struct mf_msg_stream_data message = {.stream = stream, .bytes = bytes};
    struct mf_buf *out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MAY);
    int error;

    if (out == NULL) {
        return false;
    }
    error = mf_encode_stream_data(out, session->number, &message);
    unlock(session);
    return error == 0;
}

void mf_session_send_end(struct mf_session *session, uint32_t stream)
{
    const struct mf_msg_stream_end message = {.stream = stream};

    must(mf_encode_stream_end(lock(session), session->number, &message));
    unlock(session);
}

void mf_session_send_abort(struct mf_session *session, uint32_t stream, int error, struct mf_slice text)
{
    const struct mf_msg_stream_abort message = {
        .stream = stream, .error = error, .text = mf_text_cut(text, MF_RUN_TEXT_BYTES_MAX)};

    must(mf_encode_stream_abort(lock(session), session->number, &message));
    unlock(session);
}

void mf_session_send_stop(struct mf_session *session, uint32_t stream)
{
    const struct mf_msg_stream_stop message = {.stream = stream};

    must(mf_encode_stream_stop(lock(session), session->number, &message));
    unlock(session);
}

void mf_session_send_splice(struct mf_session *session, uint32_t fetch)
{
    const struct mf_msg_splice message = {.fetch = fetch};

    must(mf_encode_splice(lock(session), session->number, &message));
    unlock(session);
}

void mf_session_send_splice_rest(struct mf_session *session, uint32_t fetch)
{
    const struct mf_msg_splice_rest message = {.fetch = fetch};

    must(mf_encode_splice_rest(lock(session), session->number, &message));
    unlock(session);
}

void mf_session_send_credit(struct mf_session *session, uint32_t stream, uint32_t bytes)
{
    const struct mf_msg_stream_credit message = {.stream = stream, .bytes = bytes};

    must(mf_encode_stream_credit(lock(session), session->number, &message));
    unlock(session);
}

void mf_session_send_code_cache(struct mf_session *session, struct mf_slice bytes)
{
    const struct mf_msg_code_cache message = {.bytes = bytes};

    must(mf_encode_code_cache(lock(session), session->number, &message));
    unlock(session);
}

int mf_end_error(int error)
{
    static const int ends[] = {
        0,
        MF_E_NO_MEMORY,
        MF_E_TOO_LARGE,
        MF_E_TOO_MANY,
        MF_E_INVALID,
        MF_E_CANCELED,
        MF_E_UNSUPPORTED,
        MF_E_EXCEPTION,
        MF_E_STARTUP,
        MF_E_SYNTAX,
        MF_E_HANG,
        MF_E_LIMIT_CPU,
        MF_E_LIMIT_MEMORY,
        MF_E_LIMIT_WALL,
        MF_E_LIMIT_RESPONSE,
        MF_E_LIMIT_SUBREQUESTS,
        MF_E_OUTBOUND_BLOCKED,
    };

    for (size_t i = 0; i < MF_COUNT_OF(ends); i++) {
        if (ends[i] == error) {
            return error;
        }
    }
    return MF_E_INTERNAL;
}

struct mf_slice mf_text_cut(struct mf_slice text, size_t bytes_max)
{
    size_t size = bytes_max;

    if (text.size <= bytes_max) {
        return text;
    }
    while (size > 0 && (text.data[size] & 0xc0) == 0x80) {
        size--; /* The byte behind the cut goes on with a character. */
    }
    return mf_slice_of(text.data, size);
}
