/* fetch.c - the fetches of a run: a request with its body comes from the executor, an answer with its body goes there.
 *
 * A fetch is closed when it is failed or taken back, or answered with both bodies over. What an executor says of one that
 * is closed crossed our word on the way and is dropped; of one that never was, it is an attack.
 */
#include "internal.h"

#define attack mf__frame_attack

struct run_fetch *mf__fetch_find(const struct mf_run *run, uint32_t number)
{
    return run->fetches ? mf_map_get(run->fetches, number) : NULL;
}

static bool may_say(const struct mf_run *run)
{
    return run->phase == RUN_RUNS || run->phase == RUN_CANCELED;
}

static void drop(struct mf_run *run, struct run_fetch *fetch)
{
    MF_ASSERT(mf_map_take(run->fetches, fetch->number) == fetch);
    run->fetches_open[fetch->kind] -= fetch->is_answered ? 0 : 1;
    mf_free(fetch);
}

static bool is_over(enum stream_state stream)
{
    return stream == STREAM_STOPPED || stream == STREAM_ENDED;
}

/* Closes it when nothing of it is left. */
static void settle(struct mf_run *run, struct run_fetch *fetch)
{
    if (fetch->is_answered && is_over(fetch->request) && is_over(fetch->response)) {
        drop(run, fetch);
    }
}

static void queued(struct mf_run *run, int error)
{
    mf__channel_queued(run->executor, error);
}

static struct mf_buf *out(struct mf_run *run)
{
    return mf__channel_out(run->executor);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int admit(struct executor *executor, struct mf_run *run, const struct mf_msg_fetch *message)
{
    const struct {
        uint32_t flag;
        uint32_t total_max;
        uint32_t open_max;
    } kinds[MF_FETCH_KINDS_COUNT] = {
        [MF_FETCH_HTTP] = {MF_START_FETCH_ALLOWED, run->spec.subrequests, MF_RUN_FETCHES_OPEN_MAX},
        [MF_FETCH_CALL] = {MF_START_CALLS_ALLOWED, run->spec.calls, MF_RUN_CALLS_OPEN_MAX},
    };
    if (!(run->spec.flags & kinds[message->kind].flag)) {
        return attack(executor, run, "a FETCH that was not allowed");
    }
    if (message->fetch <= run->fetch_last || message->fetch > UINT32_MAX / 2 - 1 ||
        run->fetches_total[message->kind] >= kinds[message->kind].total_max ||
        run->fetches_open[message->kind] >= kinds[message->kind].open_max) {
        return attack(executor, run, "more FETCHes than were allowed, or out of order");
    }
    return 0;
}

static int add(struct mf_run *run, const struct mf_msg_fetch *message)
{
    struct run_fetch *fetch = mf_try_alloc(sizeof *fetch);
    if (!fetch) {
        return MF_E_NO_MEMORY;
    }
    if (!run->fetches) {
        run->fetches = mf_map_new(MF_RUN_SUBREQUESTS_MAX + MF_RUN_CALLS_MAX);
    }
    fetch->number = message->fetch;
    fetch->kind = (enum mf_fetch_kind)message->kind;
    fetch->request = message->has_body ? STREAM_OPEN : STREAM_ENDED;
    fetch->request_left = message->body_bytes;
    mf_window_init(&fetch->request_window);
    mf_window_init(&fetch->response_window);
    int error = mf_map_put(run->fetches, fetch->number, fetch);
    if (error < 0) {
        mf_free(fetch);
        return error;
    }
    run->fetches_open[fetch->kind]++;
    return 0;
}

int mf__fetch_on_fetch(struct executor *executor, struct mf_run *run, const struct mf_msg_fetch *message)
{
    int error = admit(executor, run, message);
    if (error < 0) {
        return error;
    }
    run->fetches_total[message->kind]++;
    run->fetch_last = message->fetch;
    error = add(run, message);
    if (error < 0) {
        struct mf_msg_fetch_fail fail = {.fetch = message->fetch, .error = error};
        queued(run, mf_encode_fetch_fail(out(run), run->number, &fail));
    } else if (mf__run_is_heard(run) && run->events->on_fetch) {
        run->events->on_fetch(run, run->user, message);
    } else {
        int why = message->kind == MF_FETCH_CALL ? MF_E_CALL_REFUSED : MF_E_OUTBOUND_BLOCKED;
        mf_run_fetch_fail(run, message->fetch, why, mf_slice_of(NULL, 0));
    }
    return 0;
}

int mf__fetch_on_abort(struct executor *executor, struct mf_run *run, uint32_t number)
{
    struct run_fetch *fetch = mf__fetch_find(run, number);
    if (number == 0 || number > run->fetch_last) {
        return attack(executor, run, "FETCH_ABORT of a fetch that never was");
    }
    if (fetch) {
        drop(run, fetch);
        if (mf__splice_has(run, number)) {
            mf__splice_break(run);
        }
        if (mf__run_is_heard(run) && run->events->on_fetch_abort) {
            run->events->on_fetch_abort(run, run->user, number);
        }
    }
    return 0;
}

/* The fetch whose |stream| of the given direction is meant; NULL with 0: it is closed, the frame is to be dropped. */
static int find_stream(struct executor *executor,
                       struct mf_run *run,
                       uint32_t stream,
                       bool is_request,
                       struct run_fetch **ret_fetch)
{
    *ret_fetch = mf__fetch_find(run, stream / 2);
    if ((stream % 2 == 0) != is_request || stream / 2 > run->fetch_last) {
        return attack(executor, run, "a frame of a stream that never was");
    }
    return 0;
}

int mf__fetch_on_data(struct executor *executor, struct mf_run *run, const struct mf_msg_stream_data *data)
{
    struct run_fetch *fetch;
    int error = find_stream(executor, run, data->stream, true, &fetch);
    if (error < 0 || !fetch) {
        return error;
    }
    if (fetch->request == STREAM_ENDED) {
        return attack(executor, run, "bytes of a fetch's body behind its end");
    }
    if (mf_window_use(&fetch->request_window, data->bytes.size) < 0 ||
        data->bytes.size > fetch->request_left) {
        return attack(executor, run, "more bytes of a fetch's body than were allowed");
    }
    fetch->request_left -= fetch->request_left == MF_BODY_BYTES_UNKNOWN ? 0 : data->bytes.size;
    if (fetch->request == STREAM_OPEN && mf__run_is_heard(run) && run->events->on_fetch_body) {
        run->events->on_fetch_body(run, run->user, fetch->number, data->bytes);
    }
    return 0;
}

int mf__fetch_on_end(struct executor *executor, struct mf_run *run, uint32_t stream, int error)
{
    struct run_fetch *fetch;
    int result = find_stream(executor, run, stream, true, &fetch);
    if (result < 0 || !fetch) {
        return result;
    }
    if (fetch->request == STREAM_ENDED) {
        return attack(executor, run, "the end of a fetch's body, again");
    }
    if (error == 0 && fetch->request_left > 0 && fetch->request_left != MF_BODY_BYTES_UNKNOWN) {
        return attack(executor, run, "the end of a fetch's body before it was whole");
    }
    bool is_news = fetch->request == STREAM_OPEN && mf__run_is_heard(run);
    uint32_t number = fetch->number;
    fetch->request = STREAM_ENDED;
    settle(run, fetch);
    if (is_news && run->events->on_fetch_body_end) {
        run->events->on_fetch_body_end(run, run->user, number, error);
    }
    return 0;
}

int mf__fetch_on_credit(struct executor *executor,
                        struct mf_run *run,
                        const struct mf_msg_stream_credit *credit)
{
    struct run_fetch *fetch;
    int error = find_stream(executor, run, credit->stream, false, &fetch);
    if (error < 0 || !fetch) {
        return error;
    }
    if (fetch->response == STREAM_NONE || fetch->response == STREAM_STOPPED ||
        mf_window_grant(&fetch->response_window, credit->bytes) < 0) {
        return attack(executor, run, "credit that was never used");
    }
    if (fetch->response == STREAM_OPEN && fetch->wants_credit) {
        fetch->wants_credit = false;
        if (mf__run_is_heard(run) && run->events->on_fetch_credit) {
            run->events->on_fetch_credit(run, run->user, fetch->number);
        }
    }
    return 0;
}

int mf__fetch_on_stop(struct executor *executor, struct mf_run *run, uint32_t stream)
{
    struct run_fetch *fetch;
    int error = find_stream(executor, run, stream, false, &fetch);
    if (error < 0 || !fetch) {
        return error;
    }
    if (fetch->response == STREAM_NONE || fetch->response == STREAM_STOPPED) {
        return attack(executor, run, "STREAM_STOP of a stream that is not open");
    }
    bool is_news = fetch->response == STREAM_OPEN && mf__run_is_heard(run);
    uint32_t number = fetch->number;
    fetch->response = STREAM_STOPPED;
    settle(run, fetch);
    if (mf__splice_has(run, number)) {
        mf__splice_break(run);
    }
    if (is_news && run->events->on_fetch_stop) {
        run->events->on_fetch_stop(run, run->user, number);
    }
    return 0;
}

void mf__fetch_drop_all(struct mf_run *run)
{
    size_t cursor = 0;
    struct run_fetch *fetch;
    while (run->fetches && (fetch = mf_map_next(run->fetches, &cursor))) {
        mf_free(fetch);
    }
    mf_map_free(run->fetches);
    run->fetches = NULL;
}

/* ---- the answer -------------------------------------------------------------------------------- */

void mf_run_fetch_fail(struct mf_run *run, uint32_t number, int error, struct mf_slice text)
{
    struct run_fetch *fetch = mf__fetch_find(run, number);
    if (!fetch || !may_say(run) || fetch->is_answered) {
        return;
    }
    drop(run, fetch);
    struct mf_msg_fetch_fail message = {.fetch = number, .error = error, .text = text};
    queued(run, mf_encode_fetch_fail(out(run), run->number, &message));
}

int mf_run_fetch_head(struct mf_run *run, const struct mf_msg_fetch_head *head)
{
    struct run_fetch *fetch = mf__fetch_find(run, head->fetch);
    if (!fetch || !may_say(run) || fetch->is_answered) {
        return 0;
    }
    if (head->status < 100 || head->status > 999 || head->headers.size > MF_HEADERS_ENCODED_BYTES_MAX ||
        mf_headers_check(head->headers) < 0) {
        return MF_E_INVALID;
    }
    int error = mf_encode_fetch_head(out(run), run->number, head);
    if (error == MF_E_TOO_LARGE && run->executor->out.size < MF_CHANNEL_QUEUE_BYTES_MAX / 2) {
        return error; /* The message, not the queue. */
    }
    fetch->is_answered = true;
    run->fetches_open[fetch->kind]--;
    fetch->response = head->has_body ? STREAM_OPEN : STREAM_ENDED;
    settle(run, fetch);
    queued(run, error);
    return 0;
}

size_t mf_run_fetch_write(struct mf_run *run, uint32_t number, struct mf_slice bytes)
{
    struct run_fetch *fetch = mf__fetch_find(run, number);
    size_t taken = 0;
    if (!fetch || run->phase != RUN_RUNS || fetch->response != STREAM_OPEN) {
        return bytes.size; /* Nobody wants them. */
    }
    if (mf__splice_has(run, number)) {
        return mf__splice_write(run, fetch, bytes);
    }
    while (taken < bytes.size) {
        size_t size = mf_window_sendable(&fetch->response_window, bytes.size - taken);
        if (size == 0) {
            fetch->wants_credit = true;
            break;
        }
        struct mf_msg_stream_data message = {.stream = MF_STREAM_OF_FETCH_RESPONSE(number),
                                             .bytes = mf_slice_of(bytes.data + taken, size)};
        int error = mf_encode_stream_data(out(run), run->number, &message);
        if (error < 0) {
            queued(run, error); /* The run is over with its executor. */
            return bytes.size;
        }
        mf_ignore(mf_window_use(&fetch->response_window, size)); /* Sendable. */
        taken += size;
    }
    return taken;
}

void mf__fetch_end(struct mf_run *run, uint32_t number, int error, struct mf_slice text)
{
    struct run_fetch *fetch = mf__fetch_find(run, number);
    uint32_t stream = MF_STREAM_OF_FETCH_RESPONSE(number);
    struct mf_msg_stream_end end = {.stream = stream};
    struct mf_msg_stream_abort abort = {.stream = stream, .error = error, .text = text};
    if (!fetch || !may_say(run) || fetch->response != STREAM_OPEN) {
        return;
    }
    fetch->response = STREAM_ENDED;
    settle(run, fetch);
    queued(run, error == 0 ? mf_encode_stream_end(out(run), run->number, &end)
                           : mf_encode_stream_abort(out(run), run->number, &abort));
}

static void end_response(struct mf_run *run, uint32_t number, int error, struct mf_slice text)
{
    if (mf__splice_has(run, number)) {
        mf__splice_end(run, error, text); /* Behind what waits. */
    } else {
        mf__fetch_end(run, number, error, text);
    }
}

void mf_run_fetch_end(struct mf_run *run, uint32_t number)
{
    end_response(run, number, 0, mf_slice_of(NULL, 0));
}

void mf_run_fetch_abort(struct mf_run *run, uint32_t number, int error, struct mf_slice text)
{
    MF_ASSERT(error < 0);
    end_response(run, number, error, text);
}

/* ---- the request's body --------------------------------------------------------------------------- */

void mf_run_fetch_body_consumed(struct mf_run *run, uint32_t number, size_t bytes)
{
    struct run_fetch *fetch = mf__fetch_find(run, number);
    if (!fetch || run->phase != RUN_RUNS || bytes == 0) {
        return;
    }
    struct mf_msg_stream_credit message = {.stream = MF_STREAM_OF_FETCH_REQUEST(number)};
    message.bytes = mf_window_consume(&fetch->request_window, bytes);
    if (message.bytes > 0 && fetch->request == STREAM_OPEN) {
        queued(run, mf_encode_stream_credit(out(run), run->number, &message));
    }
}

void mf_run_fetch_body_stop(struct mf_run *run, uint32_t number)
{
    struct run_fetch *fetch = mf__fetch_find(run, number);
    struct mf_msg_stream_stop message = {.stream = MF_STREAM_OF_FETCH_REQUEST(number)};
    if (!fetch || !may_say(run) || fetch->request != STREAM_OPEN) {
        return;
    }
    fetch->request = STREAM_STOPPED;
    settle(run, fetch);
    queued(run, mf_encode_stream_stop(out(run), run->number, &message));
}
