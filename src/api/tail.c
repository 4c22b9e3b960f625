/* tail.c - GET /v1/tail: what becomes of runs, as server-sent events.
 *
 * A reader that is too slow loses events, and is told how many: what waits for it is the connection's own queue and nothing more.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html */
#include "tail.h"

#include <stdio.h>

#include "runs.h"

struct reader {
    struct mf_list link;
    struct mf__tails *tails;
    struct mf_exchange *exchange;
    struct mf__runs_query query;
    struct mf_caller caller;
    bool is_full;     /* Until on_drain. */
    uint64_t dropped; /* While it was. */
    uint64_t sent_ns; /* When it had its last bytes. */
};

struct mf__tails {
    struct mf_api *api;
    struct mf_list readers;
    uv_timer_t timer;
    struct mf_buf event; /* The one that is written. */
    struct mf__tails_state state;
    bool is_draining;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

static void free_reader(struct reader *reader)
{
    struct mf__tails *tails = reader->tails;

    mf_list_remove(&reader->link);
    tails->state.readers--;
    mf__runs_query_done(&reader->query);
    mf_free(reader);
    if (tails->state.readers == 0) {
        (void)uv_timer_stop(&tails->timer);
        mf_buf_done(&tails->event); /* Its memory too. */
        mf_buf_init(&tails->event, SIZE_MAX / 2);
    }
}

/* What cannot be written: the client is gone, and on_abort follows. */
static void put(struct reader *reader, struct mf_slice bytes)
{
    bool is_full = false;

    mf_ignore(mf_exchange_write(reader->exchange, bytes, &is_full));
    reader->is_full = is_full;
    reader->sent_ns = mf_clock_now_ns();
}

/* ---- events ---------------------------------------------------------------------------------------------- */

static void send_dropped(struct reader *reader)
{
    char text[96];
    int size = snprintf(text, sizeof text, "event: dropped\ndata: {\"dropped\":%llu}\n\n",
                        (unsigned long long)reader->dropped);

    reader->dropped = 0;
    put(reader, mf_slice_of(text, (size_t)size));
}

static int write_event(struct mf__tails *tails, const struct mf_trace *trace)
{
    struct mf_buf *out = &tails->event;
    int rc;

    mf_buf_reset(out);
    rc = mf_buf_printf(out, "event: run\nid: %llu\ndata: ", (unsigned long long)mf_trace_number(trace));
    rc = rc < 0 ? rc : mf_trace_write_item(trace, out);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\n\n");
}

void mf__tails_tell(struct mf__tails *tails, const struct mf_trace *trace)
{
    bool is_written = false;

    MF_LIST_FOR_EACH(link, &tails->readers)
    {
        struct reader *reader = MF_CONTAINER_OF(link, struct reader, link);
        if (!mf_trace_matches(trace, &reader->query.filter)) {
            continue;
        }
        if (!is_written && write_event(tails, trace) < 0) {
            return; /* No memory: nobody hears of this one. */
        }
        is_written = true;
        if (reader->is_full) {
            reader->dropped++;
            tails->state.dropped++;
        } else {
            tails->state.sent++;
            put(reader, mf_buf_peek(&tails->event));
        }
    }
}

static void end(struct reader *reader, const char *reason)
{
    struct mf_exchange *exchange = reader->exchange;
    char text[64];
    int size = snprintf(text, sizeof text, "event: end\ndata: {\"reason\":\"%s\"}\n\n", reason);

    if (reader->dropped > 0) {
        send_dropped(reader);
    }
    put(reader, mf_slice_of(text, (size_t)size));
    free_reader(reader);
    mf_exchange_end(exchange);
}

static void timer_due(uv_timer_t *timer)
{
    struct mf__tails *tails = timer->data;
    uint64_t now_ns = mf_clock_now_ns();

    MF_LIST_FOR_EACH(link, &tails->readers)
    {
        struct reader *reader = MF_CONTAINER_OF(link, struct reader, link);
        if (!mf__caller_holds(tails->api, &reader->caller)) {
            end(reader, "token");
        } else if (!reader->is_full && now_ns - reader->sent_ns >= MF_TAIL_PING_MS * MF_NS_PER_MS) {
            put(reader, mf_slice_of_cstr(": ping\n\n"));
        }
    }
}

/* ---- what the exchange says --------------------------------------------------------------------------------- */

static void on_drain(struct mf_exchange *exchange, void *user)
{
    struct reader *reader = user;

    (void)exchange;
    reader->is_full = false;
    if (reader->dropped > 0) {
        send_dropped(reader);
    }
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    (void)exchange;
    (void)error;
    free_reader(user);
}

static const struct mf_exchange_events events = {.on_drain = on_drain, .on_abort = on_abort};

/* ---- the route -------------------------------------------------------------------------------------------------- */

static int respond(struct mf_exchange *exchange)
{
    static const struct {
        const char *name;
        const char *value;
    } heads[] = {{"content-type", "text/event-stream"},
                 {"cache-control", "no-store"},
                 {"x-accel-buffering", "no"}}; /* A proxy that would keep events back is told not to. */
    struct mf_buf headers;
    int rc = 0;

    mf_buf_init(&headers, 256);
    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(heads); i++) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr(heads[i].name), mf_slice_of_cstr(heads[i].value));
    }
    rc = rc < 0 ? rc : mf_exchange_respond(exchange, 200, mf_buf_peek(&headers), -1);
    mf_buf_done(&headers);
    return rc;
}

static void begin(struct mf__tails *tails, struct reader *reader)
{
    mf_list_push_back(&tails->readers, &reader->link);
    tails->state.readers++;
    if (tails->state.readers == 1) {
        int rc = uv_timer_start(&tails->timer, timer_due, MF_TAIL_PING_MS / 2, MF_TAIL_PING_MS / 2);
        MF_ASSERT(rc == 0); /* Fails only while the handle closes. */
    }
    put(reader, mf_slice_of_cstr(": mayfly\n\n"));
}

static void refuse(struct mf_exchange *exchange, struct reader *reader, int error)
{
    struct mf__problem problem = {.error = error, .detail = mf_slice_of_cstr(reader->query.why)};

    problem.retry_after_s = error == MF_E_TAIL_BUSY ? 1 : 0;
    mf__problem_reply(exchange, &problem);
    mf__runs_query_done(&reader->query);
    mf_free(reader);
}

void mf__tail_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__tails *tails = api->tails;
    struct reader *reader = mf_new(sizeof *reader);
    int rc = mf__runs_query_read(exchange, true, &reader->query);

    reader->tails = tails;
    reader->exchange = exchange;
    reader->caller = *mf__caller(exchange);
    if (rc == 0 && tails->is_draining) {
        rc = MF_E_DRAINING;
    } else if (rc == 0 && tails->state.readers >= MF_TAIL_READERS_MAX) {
        rc = MF_E_TAIL_BUSY;
    }
    if (rc == 0) {
        mf_exchange_listen(exchange, &events, reader);
        rc = respond(exchange);
    }
    if (rc < 0) {
        refuse(exchange, reader, rc);
    } else if (mf_slice_equal_cstr(mf_exchange_request(exchange)->method, "HEAD")) {
        mf__runs_query_done(&reader->query);
        mf_free(reader);
        mf_exchange_end(exchange);
    } else {
        begin(tails, reader);
    }
}

/* ---- beginning and end ----------------------------------------------------------------------------------------------- */

struct mf__tails *mf__tails_new(struct mf_api *api)
{
    struct mf__tails *tails = mf_new(sizeof *tails);
    int rc = uv_timer_init(api->loop, &tails->timer);

    MF_ASSERT(rc == 0); /* Cannot fail: it only fills the handle. */
    tails->timer.data = tails;
    tails->api = api;
    mf_list_init(&tails->readers);
    mf_buf_init(&tails->event, SIZE_MAX / 2); /* A record and its form are bounded. */
    return tails;
}

void mf__tails_drain(struct mf__tails *tails)
{
    tails->is_draining = true;
    while (!mf_list_is_empty(&tails->readers)) {
        struct reader *reader = MF_CONTAINER_OF(tails->readers.next, struct reader, link);
        end(reader, "draining");
    }
}

static void timer_closed(uv_handle_t *handle)
{
    struct mf__tails *tails = handle->data;
    void (*on_closed)(void *user) = tails->on_closed;
    void *user = tails->on_closed_user;

    mf_buf_done(&tails->event);
    mf_free(tails);
    on_closed(user);
}

void mf__tails_close(MF_OWN struct mf__tails *tails, void (*on_closed)(void *user), void *user)
{
    MF_ASSERT(mf_list_is_empty(&tails->readers));
    tails->on_closed = on_closed;
    tails->on_closed_user = user;
    uv_close((uv_handle_t *)&tails->timer, timer_closed);
}

void mf__tails_state(const struct mf__tails *tails, struct mf__tails_state *ret_state)
{
    *ret_state = tails->state;
}
