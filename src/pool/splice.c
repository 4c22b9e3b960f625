/* splice.c - a worker that returns what its fetch() got: the bytes go from the fetch to the owner of the run, in this process. */
#include "internal.h"

#define attack mf__frame_attack

void mf__splice_init(struct run_splice *splice)
{
    mf_list_init(&splice->link);
    mf_buf_init(&splice->bytes, MF_STREAM_WINDOW_BYTES);
    mf_buf_init(&splice->end_text, MF_RUN_TEXT_BYTES_MAX);
}

void mf__splice_done(struct run_splice *splice)
{
    mf_list_remove(&splice->link);
    mf_buf_done(&splice->bytes);
    mf_buf_done(&splice->end_text);
}

static void tell_soon(struct mf_run *run)
{
    if (mf_list_is_empty(&run->splice.link)) {
        mf_list_push_back(&run->pool->spliced, &run->splice.link);
    }
}

static bool is_wanted(const struct mf_run *run)
{
    return mf__run_is_heard(run) && run->response == STREAM_OPEN;
}

/* ---- frames ---------------------------------------------------------------------------------- */

int mf__splice_on_splice(struct executor *executor, struct mf_run *run, uint32_t number)
{
    struct run_fetch *fetch = mf__fetch_find(run, number);
    struct mf_msg_spliced message = {.fetch = number};
    bool is_open = run->response == STREAM_OPEN || run->response == STREAM_STOPPED;
    if (number == 0 || number > run->fetch_last || run->splice.state != SPLICE_NONE || !run->has_response ||
        !is_open || run->response_bytes > 0 ||
        (fetch && (!fetch->is_answered || fetch->kind != MF_FETCH_HTTP))) {
        return attack(executor, run, "a SPLICE of what cannot be spliced");
    }
    if (!fetch || fetch->response != STREAM_OPEN || run->phase != RUN_RUNS) {
        return 0; /* Its end is on its way, or that of the run. */
    }
    run->splice.state = SPLICE_WAITS;
    run->splice.fetch = number;
    mf__channel_queued(executor, mf_encode_spliced(mf__channel_out(executor), run->number, &message));
    return 0;
}

int mf__splice_on_rest(struct executor *executor, struct mf_run *run, uint32_t number)
{
    struct run_splice *splice = &run->splice;
    const struct mf_window *window = &run->response_window;
    if (number != splice->fetch || splice->state == SPLICE_NONE || splice->state == SPLICE_RUNS) {
        return attack(executor, run, "a SPLICE_REST that was not asked for");
    }
    if (splice->state == SPLICE_OVER) {
        return 0;
    }
    splice->state = SPLICE_RUNS;
    splice->unconsumed = MF_STREAM_WINDOW_BYTES - window->bytes_left - window->bytes_consumed;
    tell_soon(run);
    return 0;
}

/* ---- what the owner says of the fetch ------------------------------------------------------------ */

bool mf__splice_has(const struct mf_run *run, uint32_t number)
{
    return run->splice.fetch == number &&
           (run->splice.state == SPLICE_WAITS || run->splice.state == SPLICE_RUNS);
}

static size_t room(const struct run_splice *splice)
{
    size_t held = splice->bytes.size + splice->unconsumed;
    return splice->state == SPLICE_RUNS && held < MF_STREAM_WINDOW_BYTES ? MF_STREAM_WINDOW_BYTES - held : 0;
}

size_t mf__splice_write(struct mf_run *run, struct run_fetch *fetch, struct mf_slice bytes)
{
    struct run_splice *splice = &run->splice;
    size_t taken = room(splice) < bytes.size ? room(splice) : bytes.size;
    if (!is_wanted(run)) {
        return bytes.size;
    }
    if (taken > run->spec.response_bytes - run->response_bytes) {
        mf_run_cancel(run, MF_E_LIMIT_RESPONSE);
        return bytes.size;
    }
    if (mf_buf_append(&splice->bytes, bytes.data, taken) < 0) {
        mf_run_cancel(run, MF_E_NO_MEMORY);
        return bytes.size;
    }
    run->response_bytes += taken;
    fetch->wants_credit = taken < bytes.size;
    if (taken > 0) {
        tell_soon(run);
    }
    return taken;
}

void mf__splice_end(struct mf_run *run, int error, struct mf_slice text)
{
    struct run_splice *splice = &run->splice;
    if (splice->is_ending) {
        return;
    }
    splice->is_ending = true;
    splice->end_error = error;
    if (mf_buf_append_slice(&splice->end_text, text) < 0) {
        mf_buf_reset(&splice->end_text);
    }
    tell_soon(run);
}

void mf__splice_consumed(struct mf_run *run, size_t bytes)
{
    struct run_splice *splice = &run->splice;
    splice->unconsumed -= bytes < splice->unconsumed ? bytes : splice->unconsumed;
    tell_soon(run);
}

/* ---- what the owner hears ---------------------------------------------------------------------------- */

/* The response ends here, for its owner. */
static void end_response(struct mf_run *run, int error, struct mf_slice text)
{
    bool is_news = is_wanted(run);
    run->splice.state = SPLICE_OVER;
    mf_buf_done(&run->splice.bytes);
    if (run->response == STREAM_OPEN) {
        run->response = STREAM_ENDED;
    }
    if (is_news && error == 0 && run->events->on_body_end) {
        run->events->on_body_end(run, run->user);
    } else if (is_news && error < 0 && run->events->on_body_abort) {
        run->events->on_body_abort(run, run->user, error, text);
    }
}

void mf__splice_break(struct mf_run *run)
{
    if (run->splice.state == SPLICE_RUNS) {
        end_response(run, MF_E_EXCEPTION, mf_slice_of(NULL, 0));
    } else {
        run->splice.state = SPLICE_OVER; /* What it has, it sends, and says how it ends. */
    }
}

static void tell_bytes(struct mf_run *run)
{
    struct run_splice *splice = &run->splice;
    struct mf_buf bytes = splice->bytes;
    mf_buf_init(&splice->bytes, MF_STREAM_WINDOW_BYTES);
    splice->unconsumed += bytes.size;
    if (run->events->on_body) {
        run->events->on_body(run, run->user, mf_buf_peek(&bytes));
    }
    mf_buf_reset(&bytes);
    if (splice->state == SPLICE_RUNS && splice->bytes.data == NULL) {
        splice->bytes = bytes; /* Its memory, for the next. */
    } else {
        mf_buf_done(&bytes);
    }
}

static void tell_end(struct mf_run *run)
{
    struct run_splice *splice = &run->splice;
    struct mf_buf text = splice->end_text;
    uint32_t number = splice->fetch;
    mf_buf_init(&splice->end_text, 0);
    mf__fetch_end(run, number, splice->end_error, mf_buf_peek(&text));
    end_response(run, splice->end_error, mf_buf_peek(&text));
    mf_buf_done(&text);
}

static void tell_one(struct mf_run *run)
{
    struct run_splice *splice = &run->splice;
    if (splice->state != SPLICE_RUNS) {
        return;
    }
    if (!is_wanted(run)) {
        mf_buf_reset(&splice->bytes);
    } else if (splice->bytes.size > 0) {
        tell_bytes(run);
    }
    if (splice->state == SPLICE_RUNS && splice->is_ending && splice->bytes.size == 0) {
        tell_end(run);
        return;
    }
    struct run_fetch *fetch = mf__fetch_find(run, splice->fetch);
    if (is_wanted(run) && fetch && fetch->wants_credit && room(splice) > 0) {
        fetch->wants_credit = false;
        if (run->events->on_fetch_credit) {
            run->events->on_fetch_credit(run, run->user, fetch->number);
        }
    }
}

void mf__splice_tell(struct mf_pool *pool)
{
    struct mf_list due;
    struct mf_list *link;
    mf_list_init(&due);
    while ((link = mf_list_pop_front(&pool->spliced))) {
        mf_list_push_back(&due, link);
    }
    while ((link = mf_list_pop_front(&due))) {
        struct run_splice *splice = MF_CONTAINER_OF(link, struct run_splice, link);
        tell_one(MF_CONTAINER_OF(splice, struct mf_run, splice));
    }
}
