/* record.c - one run's record: a piece of memory that is written once. */
#include "internal.h"

#include <stdio.h>

#define LISTS_COUNT 4

const char *mf_trace_kind_name(enum mf_trace_kind kind)
{
    static const char *const names[] = {"run", "worker", "execution", "mcp", "interceptor", "tail"};

    _Static_assert(MF_COUNT_OF(names) == MF_TRACE_KINDS_COUNT, "a name for each kind");
    return names[kind];
}

/* Texts that are there whole, whatever happens: all of them are bounded where they come from. */
static void texts_of(struct mf_trace_run *run, struct mf_slice *ret_texts[7])
{
    ret_texts[0] = &run->tenant;
    ret_texts[1] = &run->worker;
    ret_texts[2] = &run->hash;
    ret_texts[3] = &run->entrypoint;
    ret_texts[4] = &run->error_text;
    ret_texts[5] = &run->request_line;
    ret_texts[6] = &run->request_headers;
}

/* In the order in which they are worth their room. */
static void lists_of(struct mf_trace_run *run, struct mf_slice *ret_lists[LISTS_COUNT])
{
    ret_lists[0] = &run->exceptions;
    ret_lists[1] = &run->requests;
    ret_lists[2] = &run->tool_calls;
    ret_lists[3] = &run->logs;
}

static size_t fit_texts(struct mf_trace_run *run, size_t room, bool *is_cut)
{
    struct mf_slice *texts[7];
    size_t size = 0;

    texts_of(run, texts);
    for (size_t i = 0; i < MF_COUNT_OF(texts); i++) {
        if (texts[i]->size > room - size) {
            *is_cut = true;
            texts[i]->size = 0;
        }
        size += texts[i]->size;
    }
    return size;
}

/* Each may have at least its share; what one leaves is for those behind it. */
static size_t fit_lists(struct mf_trace_run *run, size_t room, bool *is_cut)
{
    struct mf_slice *lists[LISTS_COUNT];
    size_t size = 0;
    size_t total = 0;

    lists_of(run, lists);
    for (size_t i = 0; i < LISTS_COUNT; i++) {
        total += lists[i]->size;
    }
    for (size_t i = 0; i < LISTS_COUNT; i++) {
        size_t share = total <= room ? lists[i]->size : (room - size) / (LISTS_COUNT - i);
        if (lists[i]->size > share) {
            *is_cut = true;
            *lists[i] = mf__list_cut(*lists[i], share);
        }
        size += lists[i]->size;
    }
    return size;
}

static uint8_t *move(uint8_t *at, struct mf_slice *text)
{
    if (text->size > 0) {
        memcpy(at, text->data, text->size);
    }
    text->data = at;
    return at + text->size;
}

static void move_all(struct mf_trace *trace)
{
    struct mf_slice *texts[7];
    struct mf_slice *lists[LISTS_COUNT];
    uint8_t *at = trace->texts;

    texts_of(&trace->run, texts);
    lists_of(&trace->run, lists);
    for (size_t i = 0; i < MF_COUNT_OF(texts); i++) {
        at = move(at, texts[i]);
    }
    for (size_t i = 0; i < LISTS_COUNT; i++) {
        at = move(at, lists[i]);
    }
}

/* Not even half of a character may be left of a text that is cut. */
static struct mf_slice cut_text(struct mf_slice text, size_t bytes_max, bool *is_cut)
{
    size_t size = text.size < bytes_max ? text.size : bytes_max;

    *is_cut = *is_cut || size < text.size;
    while (size > 0 && size < text.size && (text.data[size] & 0xc0) == 0x80) {
        size--;
    }
    return mf_slice_of(text.data, size);
}

struct mf_trace *mf_trace_new(const struct mf_trace_run *run, size_t bytes_max)
{
    struct mf_trace_run fitting = *run;
    bool is_cut = run->is_request_cut;
    size_t room = bytes_max > sizeof(struct mf_trace) ? bytes_max - sizeof(struct mf_trace) : 0;
    struct mf_trace *trace;
    size_t size;

    fitting.error_text = cut_text(run->error_text, room / 4, &is_cut);
    size = fit_texts(&fitting, room, &is_cut);
    size += fit_lists(&fitting, room - size, &is_cut);
    trace = mf_try_alloc(sizeof *trace + size);
    if (trace == NULL) {
        return NULL;
    }
    mf_list_init(&trace->link);
    atomic_init(&trace->refs, 1);
    trace->bytes = sizeof *trace + size;
    trace->is_cut = is_cut;
    trace->run = fitting;
    trace->context = *run->context;
    trace->run.context = &trace->context;
    (void)snprintf(trace->id, sizeof trace->id, "%s", run->id);
    trace->run.id = trace->id;
    move_all(trace);
    return trace;
}

struct mf_trace *mf_trace_ref(struct mf_trace *trace)
{
    (void)atomic_fetch_add_explicit(&trace->refs, 1, memory_order_relaxed);
    return trace;
}

void mf_trace_unref(MF_OWN struct mf_trace *trace)
{
    if (trace != NULL && atomic_fetch_sub_explicit(&trace->refs, 1, memory_order_acq_rel) == 1) {
        mf_free(trace);
    }
}

const struct mf_trace_run *mf_trace_run_of(const struct mf_trace *trace)
{
    return &trace->run;
}

bool mf_trace_is_cut(const struct mf_trace *trace)
{
    return trace->is_cut;
}

/* ---- who wants it ---------------------------------------------------------------------------------- */

static bool has(struct mf_slice text, struct mf_slice wanted)
{
    return text.size >= wanted.size && memmem(text.data, text.size, wanted.data, wanted.size) != NULL;
}

static bool list_has(struct mf_slice list, const char *const *names, size_t count, struct mf_slice wanted)
{
    struct mf_slice object;
    size_t cursor = 0;

    if (!has(list, wanted)) {
        return false; /* Nor does any part of it. */
    }
    while ((object = mf__list_next(list, &cursor)).data != NULL) {
        for (size_t i = 0; i < count; i++) {
            if (has(mf__member_of(object, names[i]), wanted)) {
                return true;
            }
        }
    }
    return false;
}

static bool says(const struct mf_trace_run *run, struct mf_slice wanted)
{
    static const char *const log_names[] = {"message"};
    static const char *const exception_names[] = {"name", "message", "stack"};
    static const char url[] = "\"url\":";
    const uint8_t *at = memmem(run->request_line.data, run->request_line.size, url, sizeof url - 1);

    return list_has(run->logs, log_names, MF_COUNT_OF(log_names), wanted) ||
           list_has(run->exceptions, exception_names, MF_COUNT_OF(exception_names), wanted) ||
           (at != NULL && has(mf_slice_of(at + sizeof url - 1, run->request_line.size -
                                                                   (size_t)(at - run->request_line.data) -
                                                                   (sizeof url - 1)),
                              wanted));
}

static bool outcome_fits(const char *outcome, struct mf_slice wanted)
{
    if (mf_slice_equal_cstr(wanted, "failed")) {
        return strcmp(outcome, "ok") != 0 && strcmp(outcome, "canceled") != 0;
    }
    return wanted.size == 0 || mf_slice_equal_cstr(wanted, outcome);
}

bool mf_trace_matches(const struct mf_trace *trace, const struct mf_trace_filter *filter)
{
    const struct mf_trace_run *run = &trace->run;

    return (filter->worker.size == 0 || mf_slice_equal(filter->worker, run->worker)) &&
           outcome_fits(run->outcome, filter->outcome) &&
           (filter->kind.size == 0 || mf_slice_equal_cstr(filter->kind, mf_trace_kind_name(run->kind))) &&
           (filter->tenant.data == NULL || mf_slice_equal(filter->tenant, run->tenant)) &&
           run->ended_unix_ms >= filter->since_unix_ms &&
           (filter->search.size == 0 || says(run, filter->search));
}
