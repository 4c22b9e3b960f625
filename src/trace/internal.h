/* internal.h - what the files of the trace room share. */
#ifndef MAYFLY_TRACE_INTERNAL_H
#define MAYFLY_TRACE_INTERNAL_H

#include <stdatomic.h>

#include <mayfly/trace.h>

struct mf_trace {
    struct mf_list link; /* Of struct mf_traces, [loop]; the rest does not change. */
    uint64_t number;     /* Likewise: in the order in which they were added. */
    atomic_uint refs;
    size_t bytes; /* All of it. */
    bool is_cut;
    struct mf_trace_context context;
    char id[MF_ID_BYTES_MAX];
    struct mf_trace_run run; /* Its slices point into |texts|. */
    uint8_t texts[];
};

/* Does a header or a parameter of that name sound like a credential? */
bool mf__trace_is_hidden(struct mf_slice name);

/* ---- list.c: JSON that our own writers made, walked. Pure ------------------------------------------- */

/* The next of objects with commas between: *cursor starts at 0; data NULL at the end. */
struct mf_slice mf__list_next(struct mf_slice list, size_t *cursor);
/* As many whole objects from the front as have at most |bytes_max|. */
struct mf_slice mf__list_cut(struct mf_slice list, size_t bytes_max);
unsigned mf__list_count(struct mf_slice list);
/* The value of |object|'s own member |name| as it stands there; data NULL: it has none. */
struct mf_slice mf__member_of(struct mf_slice object, const char *name);

#endif
