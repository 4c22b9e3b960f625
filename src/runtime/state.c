#include "state.h"

struct op_state *op_state_of(struct mf_op_call *call)
{
    void **state = mf_op_state(call);
    if (*state == NULL) {
        struct op_state *made = mf_new(sizeof(*made));
        made->isolate = mf_op_isolate(call);
        *state = made;
    }
    return *state;
}

void op_state_free(void *state)
{
    struct op_state *ours = state;
    op_streams_free(ours->streams);
    mf_free(ours);
}
