#include "tool_call.h"

#include <stdio.h>

void mf__tool_calls_init(struct mf__tool_calls *calls)
{
    memset(calls, 0, sizeof *calls);
    mf_list_init(&calls->reading);
    mf_list_init(&calls->ready);
    mf_buf_init(&calls->fates, MF_RUN_CALLS_MAX);
}

static void free_call(struct mf__tool_call *call)
{
    mf_list_remove(&call->link);
    mf_buf_done(&call->args);
    mf_buf_done(&call->answer);
    mf_free(call);
}

void mf__tool_calls_done(struct mf__tool_calls *calls)
{
    struct mf__tool_call *call;
    size_t cursor = 0;

    while (calls->by_fetch != NULL && (call = mf_map_next(calls->by_fetch, &cursor)) != NULL) {
        free_call(call);
    }
    mf_map_free(calls->by_fetch);
    mf_map_free(calls->by_number);
    calls->by_fetch = NULL;
    calls->by_number = NULL;
    mf_buf_done(&calls->fates);
}

/* In both tables or in none. */
static int put(struct mf__tool_calls *calls, struct mf__tool_call *call)
{
    const uint8_t fate = TOOL_CALL_OPEN;
    int rc = mf_map_put(calls->by_fetch, call->fetch, call);

    if (rc < 0) {
        return rc;
    }
    rc = mf_map_put(calls->by_number, call->number, call);
    if (rc == 0) {
        rc = mf_buf_append(&calls->fates, &fate, 1);
        if (rc < 0) {
            (void)mf_map_take(calls->by_number, call->number);
        }
    }
    if (rc < 0) {
        (void)mf_map_take(calls->by_fetch, call->fetch);
    }
    return rc;
}

int mf__tool_calls_add(struct mf__tool_calls *calls,
                       uint32_t fetch,
                       struct mf_slice space,
                       struct mf_slice name,
                       size_t args_bytes_max,
                       struct mf__tool_call **ret_call)
{
    struct mf__tool_call *call = mf_new(sizeof *call);
    int rc;

    if (calls->by_fetch == NULL) {
        calls->by_fetch = mf_map_new(MF_RUN_CALLS_MAX);
        calls->by_number = mf_map_new(MF_RUN_CALLS_MAX);
    }
    mf_list_init(&call->link);
    mf_buf_init(&call->args, args_bytes_max);
    call->fetch = fetch;
    call->number = calls->made + 1;
    call->made_ns = mf_clock_now_ns();
    mf_random_bytes(call->span_id, sizeof call->span_id);
    (void)snprintf(call->space, sizeof call->space, "%.*s", (int)space.size, (const char *)space.data);
    (void)snprintf(call->name, sizeof call->name, "%.*s", (int)name.size, (const char *)name.data);
    rc = put(calls, call);
    if (rc < 0) {
        free_call(call);
        return rc;
    }
    mf_list_push_back(&calls->reading, &call->link);
    calls->made++;
    calls->open++;
    *ret_call = call;
    return 0;
}

struct mf__tool_call *mf__tool_calls_by_fetch(const struct mf__tool_calls *calls, uint32_t fetch)
{
    return calls->by_fetch == NULL ? NULL : mf_map_get(calls->by_fetch, fetch);
}

struct mf__tool_call *mf__tool_calls_by_number(const struct mf__tool_calls *calls, uint64_t number)
{
    return calls->by_number == NULL ? NULL : mf_map_get(calls->by_number, number);
}

enum tool_call_fate mf__tool_calls_fate(const struct mf__tool_calls *calls, uint64_t number)
{
    return number == 0 || number > calls->made ? TOOL_CALL_UNKNOWN
                                               : (enum tool_call_fate)calls->fates.data[number - 1];
}

int mf__tool_call_read(struct mf__tool_calls *calls, struct mf__tool_call *call, struct mf_slice bytes)
{
    int rc = mf_buf_append_slice(&call->args, bytes);

    MF_ASSERT(call->state == TOOL_CALL_READS);
    calls->reading_bytes += rc == 0 ? bytes.size : 0;
    return rc;
}

static void leave_reading(struct mf__tool_calls *calls, struct mf__tool_call *call)
{
    mf_list_remove(&call->link);
    calls->reading_bytes -= call->state == TOOL_CALL_READS ? call->args.size : 0;
}

void mf__tool_call_ready(struct mf__tool_calls *calls, struct mf__tool_call *call)
{
    MF_ASSERT(call->state == TOOL_CALL_READS);
    leave_reading(calls, call);
    call->state = TOOL_CALL_READY;
    mf_list_push_back(&calls->ready, &call->link);
}

struct mf__tool_call *mf__tool_calls_ask(struct mf__tool_calls *calls)
{
    struct mf_list *link = mf_list_pop_front(&calls->ready);
    struct mf__tool_call *call;

    if (link == NULL) {
        return NULL;
    }
    call = MF_CONTAINER_OF(link, struct mf__tool_call, link);
    call->state = TOOL_CALL_ASKED;
    calls->asked++;
    return call;
}

void mf__tool_call_settle(struct mf__tool_calls *calls, struct mf__tool_call *call, enum tool_call_fate fate)
{
    MF_ASSERT(call->state != TOOL_CALL_ANSWERS && calls->open > 0);
    calls->asked -= call->state == TOOL_CALL_ASKED ? 1 : 0;
    calls->open--;
    calls->fates.data[call->number - 1] = (uint8_t)fate;
    leave_reading(calls, call);
    call->state = TOOL_CALL_ANSWERS;
}

void mf__tool_call_free(struct mf__tool_calls *calls, MF_OWN struct mf__tool_call *call)
{
    MF_ASSERT(call->state == TOOL_CALL_ANSWERS);
    (void)mf_map_take(calls->by_fetch, call->fetch);
    (void)mf_map_take(calls->by_number, call->number);
    free_call(call);
}
