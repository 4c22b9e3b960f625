/* calls.c - what the runtime's JavaScript asks of its host. Each comes inside a turn, on the thread that runs it.
 *
 * A script can reach every one of these with any argument that passes the ops' checks: nothing here trusts the JavaScript
 * between. After DONE (the thread was given up as stuck and came back) they all refuse.
 */
#include "session.h"

static struct mf_session *lock(struct mf_runtime_host *host)
{
    struct mf_session *session = MF_CONTAINER_OF(host, struct mf_session, base);

    pthread_mutex_lock(&session->mutex);
    return session;
}

static void unlock(struct mf_session *session)
{
    pthread_mutex_unlock(&session->mutex);
}

/* The run ends with |error| as soon as this call returns to V8. */
static int end_with(struct mf_session *session, int error)
{
    if (session->isolate != NULL) {
        mf_isolate_terminate(session->isolate, error);
    }
    return error;
}

/* ---- logs, exceptions -------------------------------------------------------------------------- */

/* Locked. False: the line does not fit what the run, or the channel, may take. */
static bool send_log(struct mf_session *session, enum mf_log_method method, struct mf_slice text)
{
    const struct mf_msg_log message = {
        .method = (uint8_t)method, .unix_ms = mf_clock_unix_ms(), .text = text};
    struct mf_buf *out;
    int error;

    if (text.size > session->limits.log_bytes - session->log_bytes ||
        session->log_lines >= MF_RUN_LOG_LINES_MAX) {
        return false;
    }
    out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MAY);
    if (out == NULL) {
        return false;
    }
    error = mf_encode_log(out, session->number, &message);
    mf_outbox_unlock(&session->executor->outbox);
    if (error == 0) {
        session->log_bytes += (uint32_t)text.size;
        session->log_lines++;
    }
    return error == 0;
}

static void on_log(struct mf_runtime_host *host, enum mf_log_method method, struct mf_slice text)
{
    struct mf_session *session = lock(host);

    if ((unsigned)method > MF_CONSOLE_ERROR) {
        method = MF_CONSOLE_LOG;
    }
    if (!mf_session_is_over(session) && !send_log(session, method, text) &&
        session->logs_dropped < UINT32_MAX) {
        session->logs_dropped++;
    }
    unlock(session);
}

/* False: the channel has no room. */
static bool send_exception(struct mf_session *session, const struct mf_exception *exception)
{
    const struct mf_msg_exception message = {
        .unix_ms = mf_clock_unix_ms(),
        .line = exception->line,
        .column = exception->column,
        .name = mf_text_cut(exception->name, MF_MODULE_NAME_BYTES_MAX),
        .message = mf_text_cut(exception->message, MF_RUN_TEXT_BYTES_MAX),
        .stack = mf_text_cut(exception->stack, MF_RUN_TEXT_BYTES_MAX),
        .module = mf_text_cut(exception->module, MF_MODULE_NAME_BYTES_MAX),
    };
    struct mf_buf *out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MAY);
    int error;

    if (out == NULL) {
        return false;
    }
    error = mf_encode_exception(out, session->number, &message);
    mf_outbox_unlock(&session->executor->outbox);
    return error == 0;
}

void mf_session_report(struct mf_session *session, const struct mf_exception *exception)
{
    if (session->exceptions < MF_RUN_EXCEPTIONS_MAX && send_exception(session, exception)) {
        session->exceptions++;
    } else if (session->exceptions_dropped < UINT32_MAX) {
        session->exceptions_dropped++;
    }
}

static void on_exception(struct mf_runtime_host *host, const struct mf_exception *exception)
{
    struct mf_session *session = lock(host);

    if (!mf_session_is_over(session)) {
        mf_session_report(session, exception);
    }
    unlock(session);
}

/* ---- timers ---------------------------------------------------------------------------------------- */

static int on_timer_set(struct mf_runtime_host *host, uint32_t timer, uint64_t delay_ms)
{
    struct mf_session *session = lock(host);
    uint64_t now_ns = mf_clock_now_ns();
    int error = MF_E_CLOSED;

    if (delay_ms > (MF_DEADLINE_NEVER - 1 - now_ns) / MF_NS_PER_MS) {
        delay_ms = (MF_DEADLINE_NEVER - 1 - now_ns) / MF_NS_PER_MS;
    }
    if (!mf_session_is_over(session)) {
        error = mf_timers_set(&session->timers, timer, now_ns + delay_ms * MF_NS_PER_MS);
    }
    unlock(session);
    return error;
}

static void on_timer_clear(struct mf_runtime_host *host, uint32_t timer)
{
    struct mf_session *session = lock(host);

    mf_timers_clear(&session->timers, timer);
    unlock(session);
}

/* ---- what may stand in a head ---------------------------------------------------------------------- */

/* RFC 9112 section 4, reason-phrase. The daemon takes anything else for an attack, and so must the script not reach it. */
static bool is_reason_phrase(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_ascii_text(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return text.size > 0;
}

/* ---- the response ------------------------------------------------------------------------------------ */

static int send_response(struct mf_session *session, const struct mf_msg_response *message)
{
    struct mf_buf *out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MAY);
    int error;

    if (out == NULL) {
        return MF_E_AGAIN;
    }
    error = mf_encode_response(out, session->number, message);
    mf_outbox_unlock(&session->executor->outbox);
    return error;
}

static int respond(struct mf_session *session,
                   uint32_t status,
                   struct mf_slice status_text,
                   struct mf_slice headers,
                   bool has_body)
{
    const struct mf_msg_response message = {
        .status = (uint16_t)status, .has_body = has_body, .status_text = status_text, .headers = headers};
    int error;

    if (mf_session_is_over(session)) {
        return MF_E_CLOSED;
    }
    if (session->has_responded || status < 200 || status > 599 || !is_reason_phrase(status_text) ||
        mf_headers_check(headers) < 0) {
        return MF_E_INVALID;
    }
    error = send_response(session, &message);
    if (error < 0) {
        return error;
    }
    session->has_responded = true;
    if (has_body) {
        bool is_stopped = session->response.is_stopped;
        mf_outgoing_init(&session->response, MF_STREAM_RESPONSE, true);
        session->response.is_stopped = is_stopped;
        session->response.is_closed = is_stopped;
    }
    return 0;
}

static int on_respond(struct mf_runtime_host *host,
                      uint32_t status,
                      struct mf_slice status_text,
                      struct mf_slice headers,
                      bool has_body)
{
    struct mf_session *session = lock(host);
    int error = respond(session, status, status_text, headers, has_body);

    unlock(session);
    return error;
}

/* ---- outgoing bodies ----------------------------------------------------------------------------------- */

/* What credit allows leaves at once; the rest waits in the stream. */
static int send_or_keep(struct mf_session *session, struct mf_outgoing *out, struct mf_slice bytes)
{
    size_t size;

    while ((size = mf_window_sendable(&out->window, bytes.size)) > 0) {
        if (!mf_session_send_data(session, out->id, mf_slice_of(bytes.data, size))) {
            break;
        }
        MF_ASSERT(mf_window_use(&out->window, size) == 0);
        bytes = mf_slice_of(bytes.data + size, bytes.size - size);
    }
    return bytes.size > 0 ? mf_buf_append_slice(&out->pending, bytes) : 0;
}

static int write_body(struct mf_session *session, uint32_t stream, struct mf_slice bytes, bool *ret_full)
{
    struct mf_outgoing *out = mf_session_is_over(session) ? NULL : mf_session_outgoing(session, stream);
    int error;

    if (out == NULL || !out->is_open || out->is_ended) {
        return MF_E_CLOSED;
    }
    if (stream == MF_STREAM_RESPONSE && session->copy != MF_COPY_NONE) {
        return MF_E_INVALID; /* It is somebody else's body. */
    }
    *ret_full = false;
    if (out->is_stopped || bytes.size == 0) {
        return 0; /* Nobody listens: as if it had gone. */
    }
    if (mf_outgoing_pending(out) > 0 || bytes.size > out->bytes_left) {
        return MF_E_INVALID; /* It was told to wait, or how many there would be. */
    }
    if (stream == MF_STREAM_RESPONSE && bytes.size > session->limits.response_bytes - out->bytes_total) {
        return end_with(session, MF_E_LIMIT_RESPONSE);
    }
    out->bytes_total += bytes.size;
    out->bytes_left -= out->bytes_left == MF_BODY_BYTES_UNKNOWN ? 0 : bytes.size;
    error = send_or_keep(session, out, bytes);
    out->is_full = mf_outgoing_pending(out) > 0 || out->window.bytes_left == 0;
    *ret_full = out->is_full;
    return error;
}

static int on_body_write(struct mf_runtime_host *host, uint32_t stream, struct mf_slice bytes, bool *ret_full)
{
    struct mf_session *session = lock(host);
    int error = write_body(session, stream, bytes, ret_full);

    unlock(session);
    return error;
}

static int on_body_end(struct mf_runtime_host *host, uint32_t stream)
{
    struct mf_session *session = lock(host);
    struct mf_outgoing *out = mf_session_is_over(session) ? NULL : mf_session_outgoing(session, stream);
    bool is_short = out != NULL && out->bytes_left > 0 && out->bytes_left != MF_BODY_BYTES_UNKNOWN;
    int error = MF_E_CLOSED;

    if (is_short && out->is_stopped) {
        out->is_ended = out->is_closed = true; /* The rest was not wanted: the daemon counts on no end. */
        out->is_full = false;
        error = 0;
    } else if (is_short) {
        error = MF_E_INVALID; /* The daemon was told that there would be more. */
    } else if (out != NULL && out->is_open) {
        error = 0;
        out->is_closed = out->is_closed || mf_session_copy_close(session, stream);
        out->is_ended = true;
        out->is_full = false;
        mf_session_pump(session, out);
    }
    unlock(session);
    return error;
}

static void on_body_abort(struct mf_runtime_host *host, uint32_t stream, struct mf_slice text)
{
    struct mf_session *session = lock(host);
    struct mf_outgoing *out = mf_session_is_over(session) ? NULL : mf_session_outgoing(session, stream);

    if (out != NULL && !out->is_closed) {
        mf_outgoing_drop(out);
        out->is_ended = true;
        out->is_closed = true;
        out->is_full = false;
        if (!mf_session_copy_close(session, stream)) {
            mf_session_send_abort(session, stream, MF_E_EXCEPTION, text);
        }
    }
    unlock(session);
}

/* ---- incoming bodies ------------------------------------------------------------------------------------ */

static int on_body_pull(struct mf_runtime_host *host, uint32_t stream)
{
    struct mf_session *session = lock(host);
    struct mf_incoming *in = mf_session_is_over(session) ? NULL : mf_session_incoming(session, stream);
    int error = in == NULL ? MF_E_CLOSED : mf_incoming_pull(in);

    if (error == 0 && mf_incoming_is_ready(in)) {
        /* Never inside this call. What is there already is told in this turn, up to a count, so that others get theirs. */
        bool is_soon = session->turn_pulls < MF_EXECUTOR_TURN_PULLS_MAX;
        session->turn_pulls += is_soon ? 1 : 0;
        mf_notice_queue(&in->event, is_soon ? &session->due : &session->events);
    }
    unlock(session);
    return error;
}

static int on_body_copy(struct mf_runtime_host *host, uint32_t from, uint32_t to)
{
    struct mf_session *session = lock(host);
    int result = mf_session_is_over(session) ? MF_E_CLOSED : mf_session_copy(session, from, to);

    unlock(session);
    return result;
}

static void on_body_cancel(struct mf_runtime_host *host, uint32_t stream)
{
    struct mf_session *session = lock(host);
    struct mf_incoming *in = mf_session_is_over(session) ? NULL : mf_session_incoming(session, stream);
    struct mf_fetch *fetch = NULL;

    if (in != NULL) {
        session->unread_bytes -= in->buf.size;
        if (mf_incoming_cancel(in)) {
            mf_session_send_stop(session, stream);
        }
    }
    if (in != NULL && stream != MF_STREAM_REQUEST) {
        fetch = mf_session_fetch_get(session, stream / 2);
        mf_session_fetch_settle(session, fetch);
    }
    unlock(session);
}

/* ---- fetch ------------------------------------------------------------------------------------------------ */

static int send_fetch(struct mf_session *session, const struct mf_msg_fetch *message)
{
    struct mf_buf *out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MAY);
    int error;

    if (out == NULL) {
        return MF_E_AGAIN;
    }
    error = mf_encode_fetch(out, session->number, message);
    mf_outbox_unlock(&session->executor->outbox);
    return error;
}

/* UTF-8 without control characters. */
static bool is_name(struct mf_slice text, size_t bytes_max)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    return text.size > 0 && text.size <= bytes_max && mf_slice_is_utf8(text);
}

static bool is_well_formed(const struct mf_runtime_fetch *fetch)
{
    if (fetch->kind == MF_FETCH_CALL) {
        return is_name(fetch->method, MF_CALL_NAMESPACE_BYTES_MAX) &&
               is_name(fetch->url, MF_CALL_NAME_BYTES_MAX) && fetch->headers.size == 0 && fetch->has_body;
    }
    return is_ascii_text(fetch->method) && is_ascii_text(fetch->url) && mf_headers_check(fetch->headers) >= 0;
}

/* Whether this one may leave now: 0, MF_RUNTIME_FETCH_LATER, or why not. */
static int admit_fetch(struct mf_session *session, const struct mf_runtime_fetch *fetch)
{
    const struct {
        uint32_t flag;
        int refused;
        uint32_t max;
        int too_many;
        uint32_t open_max;
    } kinds[MF_FETCH_KINDS_COUNT] = {
        [MF_FETCH_HTTP] = {MF_START_FETCH_ALLOWED, MF_E_OUTBOUND_BLOCKED, session->limits.subrequests,
                           MF_E_LIMIT_SUBREQUESTS, MF_RUN_FETCHES_OPEN_MAX},
        [MF_FETCH_CALL] = {MF_START_CALLS_ALLOWED, MF_E_CALL_REFUSED, session->limits.calls, MF_E_LIMIT_CALLS,
                           MF_RUN_CALLS_OPEN_MAX},
    };
    if (mf_session_is_over(session)) {
        return MF_E_CLOSED;
    }
    if (fetch->kind >= MF_FETCH_KINDS_COUNT) {
        return MF_E_INVALID;
    }
    if ((session->limits.flags & kinds[fetch->kind].flag) == 0) {
        return kinds[fetch->kind].refused;
    }
    uint32_t *counted = &session->fetches_counted[fetch->kind];
    if (fetch->is_again && session->fetches_sent[fetch->kind] >= *counted) {
        return MF_E_INVALID; /* It was never counted. */
    }
    if (!fetch->is_again && *counted >= kinds[fetch->kind].max) {
        return kinds[fetch->kind].too_many;
    }
    if (fetch->number <= session->fetch_last || fetch->number > INT32_MAX || fetch->redirect > 2 ||
        !is_well_formed(fetch)) {
        return MF_E_INVALID;
    }
    *counted += fetch->is_again ? 0 : 1;
    return session->fetches_open[fetch->kind] < kinds[fetch->kind].open_max ? 0 : MF_RUNTIME_FETCH_LATER;
}

static int fetch(struct mf_session *session, const struct mf_runtime_fetch *fetch)
{
    const struct mf_msg_fetch message = {
        .fetch = fetch->number,
        .kind = (uint8_t)fetch->kind,
        .has_body = fetch->has_body,
        .redirect = (uint8_t)fetch->redirect,
        .body_bytes = fetch->has_body ? fetch->body_bytes : 0,
        .method = fetch->method,
        .url = fetch->url,
        .headers = fetch->headers,
    };
    struct mf_fetch *made = NULL;
    int error = admit_fetch(session, fetch);

    if (error != 0) {
        return error;
    }
    error = send_fetch(session, &message);
    if (error < 0) {
        return error;
    }
    error = mf_session_fetch_new(session, &message, &made);
    if (error < 0) {
        return end_with(session, error); /* The daemon has it already, and we cannot hear the answer. */
    }
    session->fetches_sent[fetch->kind]++;
    return 0;
}

static int on_fetch(struct mf_runtime_host *host, const struct mf_runtime_fetch *call)
{
    struct mf_session *session = lock(host);
    int error = fetch(session, call);

    unlock(session);
    return error;
}

static void on_fetch_abort(struct mf_runtime_host *host, uint32_t number)
{
    const struct mf_msg_fetch_abort message = {.fetch = number};
    struct mf_session *session = lock(host);
    struct mf_fetch *aborted = mf_session_is_over(session) ? NULL : mf_session_fetch_get(session, number);
    struct mf_buf *out;

    if (aborted != NULL) {
        out = mf_outbox_lock(&session->executor->outbox, MF_OUTBOX_MUST);
        MF_ASSERT(mf_encode_fetch_abort(out, session->number, &message) == 0);
        mf_outbox_unlock(&session->executor->outbox);
        aborted->is_aborted = true;
        if (!aborted->is_answered) {
            session->fetches_open[aborted->kind]--;
        }
        mf_session_fetch_settle(session, aborted);
    }
    unlock(session);
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

/* ---- workspaces ----------------------------------------------------------------------------------------- */

static int on_files(struct mf_runtime_host *host, uint32_t mount, struct mf_slice bytes, uint32_t *ret_number)
{
    struct mf_session *session = lock(host);
    struct mf_file_op *op;
    int result = mf_session_files_ask(session, mount, bytes, false, &op);

    if (result == 0) {
        *ret_number = op->number;
    }
    unlock(session);
    return result;
}

static int on_files_wait(struct mf_runtime_host *host,
                         uint32_t mount,
                         struct mf_slice bytes,
                         bool *ret_is_error,
                         MF_OWN struct mf_buf *ret_answer)
{
    struct mf_session *session = lock(host);
    struct mf_file_op *op;
    int error = mf_session_files_ask(session, mount, bytes, true, &op);

    if (error == 0) {
        error = mf_session_files_wait(session, op);
        if (error == 0) {
            *ret_is_error = op->is_error;
            *ret_answer = op->bytes;
            mf_buf_init(&op->bytes, 0);
        }
        mf_session_files_forget(session, op);
    }
    unlock(session);
    return error;
}

static void on_wait_until(struct mf_runtime_host *host, uint32_t open_count)
{
    struct mf_session *session = lock(host);

    session->waiting_open = open_count;
    unlock(session);
}

static void on_finish(struct mf_runtime_host *host, int error, struct mf_slice text)
{
    struct mf_session *session = lock(host);

    if (!session->is_finished && !mf_session_is_over(session)) {
        session->is_finished = true;
        session->finish_error = error > 0 ? MF_E_INTERNAL : error;
        mf_buf_reset(&session->finish_text);
        if (mf_buf_append_slice(&session->finish_text, mf_text_cut(text, MF_RUN_TEXT_BYTES_MAX)) < 0) {
            mf_buf_reset(&session->finish_text);
        }
    }
    unlock(session);
}

/* Only the tool isolate strips. */
static void on_stripped(struct mf_runtime_host *host, const struct mf_runtime_stripped *stripped)
{
    (void)host;
    (void)stripped;
}

const struct mf_runtime_calls mf_session_calls = {
    .log = on_log,
    .exception = on_exception,
    .timer_set = on_timer_set,
    .timer_clear = on_timer_clear,
    .respond = on_respond,
    .body_write = on_body_write,
    .body_end = on_body_end,
    .body_abort = on_body_abort,
    .body_pull = on_body_pull,
    .body_copy = on_body_copy,
    .body_cancel = on_body_cancel,
    .fetch = on_fetch,
    .fetch_abort = on_fetch_abort,
    .files = on_files,
    .files_wait = on_files_wait,
    .wait_until = on_wait_until,
    .finish = on_finish,
    .stripped = on_stripped,
};
