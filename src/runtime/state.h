/* What the ops keep for one isolate, from the first op that needs it to the isolate's end. */
#ifndef MAYFLY_RUNTIME_STATE_H
#define MAYFLY_RUNTIME_STATE_H

#include <mayfly/engine.h>

struct op_streams; /* ops_compress.c */

struct op_state {
    struct mf_isolate *isolate;
    MF_OWN struct op_streams *streams; /* NULL until the first compression stream. */
};

/* Never NULL. */
struct op_state *op_state_of(struct mf_op_call *call);
/* struct mf_engine_program.state_free */
void op_state_free(MF_OWN void *state);

void op_streams_free(MF_OWN struct op_streams *streams);

#endif
