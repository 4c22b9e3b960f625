/* ring.c - the records that are kept: the newest, within a number, a size and an age. */
#include "internal.h"

struct mf_traces {
    struct mf_traces_limits limits;
    struct mf_list all; /* struct mf_trace.link, the oldest first. */
    struct mf_map *by_id;
    uint64_t last_number;
    struct mf_traces_state state;
};

struct mf_traces *mf_traces_new(const struct mf_traces_limits *limits)
{
    struct mf_traces *traces = mf_new(sizeof *traces);

    mf_list_init(&traces->all);
    traces->by_id = mf_map_new(MF_TRACE_COUNT_MAX + 1);
    traces->limits = *limits;
    return traces;
}

static struct mf_trace *trace_of(struct mf_list *link)
{
    return MF_CONTAINER_OF(link, struct mf_trace, link);
}

static void drop(struct mf_traces *traces, struct mf_trace *trace)
{
    uint64_t key = mf_hash(mf_slice_of_cstr(trace->id));

    if (mf_map_get(traces->by_id, key) == trace) { /* Of two with one hash the first one is there. */
        (void)mf_map_take(traces->by_id, key);
    }
    mf_list_remove(&trace->link);
    traces->state.count--;
    traces->state.bytes -= trace->bytes;
    mf_trace_unref(trace);
}

void mf_traces_free(MF_OWN struct mf_traces *traces)
{
    if (traces == NULL) {
        return;
    }
    while (!mf_list_is_empty(&traces->all)) {
        drop(traces, trace_of(traces->all.next));
    }
    mf_map_free(traces->by_id);
    mf_free(traces);
}

static void make_room(struct mf_traces *traces)
{
    while (traces->state.count > traces->limits.count_max || traces->state.bytes > traces->limits.bytes_max) {
        drop(traces, trace_of(traces->all.next));
        traces->state.dropped++;
    }
}

void mf_traces_configure(struct mf_traces *traces, const struct mf_traces_limits *limits)
{
    traces->limits = *limits;
    make_room(traces);
}

void mf_traces_expire(struct mf_traces *traces, uint64_t now_unix_ms)
{
    while (!mf_list_is_empty(&traces->all)) {
        struct mf_trace *oldest = trace_of(traces->all.next);
        if (oldest->run.ended_unix_ms + traces->limits.age_ms_max >= now_unix_ms) {
            return;
        }
        drop(traces, oldest);
    }
}

void mf_traces_add(struct mf_traces *traces, struct mf_trace *trace)
{
    if (trace == NULL) {
        traces->state.lost++;
        return;
    }
    trace->number = ++traces->last_number;
    traces->state.added++;
    if (traces->limits.count_max == 0) {
        return; /* It had its number, for who reads the tail. */
    }
    mf_list_push_back(&traces->all, &mf_trace_ref(trace)->link);
    traces->state.count++;
    traces->state.bytes += trace->bytes;
    mf_ignore(mf_map_put(traces->by_id, mf_hash(mf_slice_of_cstr(trace->id)),
                         trace)); /* Else it is in the list only. */
    mf_traces_expire(traces, trace->run.ended_unix_ms);
    make_room(traces);
}

struct mf_trace *mf_traces_find(struct mf_traces *traces, struct mf_slice id, uint64_t now_unix_ms)
{
    struct mf_trace *trace;

    mf_traces_expire(traces, now_unix_ms);
    trace = mf_map_get(traces->by_id, mf_hash(id));
    return trace != NULL && mf_slice_equal_cstr(id, trace->id) ? trace : NULL;
}

struct mf_trace *mf_traces_newest(struct mf_traces *traces, uint64_t before)
{
    struct mf_list *link = traces->all.prev;

    while (link != &traces->all && trace_of(link)->number >= before) {
        link = link->prev;
    }
    return link == &traces->all ? NULL : trace_of(link);
}

struct mf_trace *mf_traces_older(struct mf_traces *traces, const struct mf_trace *trace)
{
    return trace->link.prev == &traces->all ? NULL : trace_of(trace->link.prev);
}

uint64_t mf_trace_number(const struct mf_trace *trace)
{
    return trace->number;
}

void mf_traces_state(const struct mf_traces *traces, struct mf_traces_state *ret_state)
{
    *ret_state = traces->state;
}
