/* tool_call.h - the calls of one execution, by the number of their fetch and by their own, and what became of each. Pure.
 *
 *   READS --its arguments are whole--> READY --its client was asked--> ASKED --answered--> ANSWERS --all went--> gone
 *     +-------------------------------- answered from a journal, failed, taken back -----------------------------^ */
#ifndef MAYFLY_API_TOOL_CALL_H
#define MAYFLY_API_TOOL_CALL_H

#include <mayfly/base.h>
#include <mayfly/trace.h>

enum tool_call_state { TOOL_CALL_READS, TOOL_CALL_READY, TOOL_CALL_ASKED, TOOL_CALL_ANSWERS };

struct mf__tool_call {
    struct mf_list link; /* In |reading| or |ready|, by its state. */
    enum tool_call_state state;
    uint32_t fetch;
    uint32_t number; /* From 1, in the order in which they were made. */
    char space[MF_CALL_NAMESPACE_BYTES_MAX + 1];
    char name[MF_CALL_NAME_BYTES_MAX + 1];
    uint64_t made_ns;
    uint8_t span_id[MF_SPAN_ID_BYTES];
    struct mf_buf args;
    size_t unconsumed; /* Of |args|: the program has no credit for them yet. */
    struct mf_buf answer;
    size_t answer_sent;
};

enum tool_call_fate { TOOL_CALL_UNKNOWN, TOOL_CALL_OPEN, TOOL_CALL_ANSWERED, TOOL_CALL_ABANDONED };

struct mf__tool_calls {
    struct mf_map *by_fetch;
    struct mf_map *by_number;
    struct mf_list reading;
    struct mf_list ready;
    size_t reading_bytes; /* Of the arguments of those that are read. */
    uint32_t made;
    uint32_t open;       /* Not answered. */
    uint32_t asked;      /* Of them those whose client was asked. */
    struct mf_buf fates; /* A byte for each number, from 1. */
};

void mf__tool_calls_init(struct mf__tool_calls *calls);
void mf__tool_calls_done(struct mf__tool_calls *calls);
/* The texts fit (pool). MF_E_NO_MEMORY, MF_E_TOO_MANY. */
MF_MUST_CHECK int mf__tool_calls_add(struct mf__tool_calls *calls,
                                     uint32_t fetch,
                                     struct mf_slice space,
                                     struct mf_slice name,
                                     size_t args_bytes_max,
                                     struct mf__tool_call **ret_call);
struct mf__tool_call *mf__tool_calls_by_fetch(const struct mf__tool_calls *calls, uint32_t fetch);
struct mf__tool_call *mf__tool_calls_by_number(const struct mf__tool_calls *calls, uint64_t number);
enum tool_call_fate mf__tool_calls_fate(const struct mf__tool_calls *calls, uint64_t number);
/* More of its arguments. MF_E_TOO_LARGE. */
MF_MUST_CHECK int
mf__tool_call_read(struct mf__tool_calls *calls, struct mf__tool_call *call, struct mf_slice bytes);
/* Its arguments are whole: the last one in line. */
void mf__tool_call_ready(struct mf__tool_calls *calls, struct mf__tool_call *call);
/* The first in line, whose client is asked now; NULL: none waits. */
struct mf__tool_call *mf__tool_calls_ask(struct mf__tool_calls *calls);
/* It is open no more. From ANSWERS on only its answer is left. */
void mf__tool_call_settle(struct mf__tool_calls *calls, struct mf__tool_call *call, enum tool_call_fate fate);
/* Of one that was settled. */
void mf__tool_call_free(struct mf__tool_calls *calls, MF_OWN struct mf__tool_call *call);

#endif
