/* execution.h - the life of one program, whatever carries its frames: a place, a run, calls that its client answers, a result.
 *
 *   WAITING --a place--> RUNNING --its run is over--> DONE --nobody may come back any more--> gone
 *
 * Use:      mf__execution_new with a program and a sink, mf__execution_begin; frames come to the sink; answers by
 *           mf__execution_answer; the sink leaves by mf__execution_detach. mf__executions_find for the others who speak of it.
 * Threads:  [loop]
 * Owns:     an execution is the registry's; it is valid until the loop turns.
 * Limits:   MF_EXECUTION_*
 * Source:   docs/executions.md */
#ifndef MAYFLY_API_EXECUTION_H
#define MAYFLY_API_EXECUTION_H

#include "answer.h"
#include "program.h"

struct mf_api;
struct mf__execution;
struct mf__executions;

/* Where frames go. They come from inside _begin, _drained, _cancel and _answer too. */
struct mf__sink {
    /* One frame, a line without its end. False: no more before mf__execution_drained. */
    bool (*on_frame)(void *user, struct mf_slice frame);
    /* Nothing comes any more: the execution is done and said so (0), or another sink took its place (MF_E_EXISTS), or it never began
     * (any other error). */
    void (*on_end)(void *user, int error);
};

MF_OWN struct mf__executions *mf__executions_new(struct mf_api *api);
/* None runs any more; those that are kept go. Then |on_closed|. */
void mf__executions_close(MF_OWN struct mf__executions *executions,
                          void (*on_closed)(void *user),
                          void *user);
/* Of |tenant|. NULL: there is none. */
struct mf__execution *
mf__executions_find(struct mf__executions *executions, struct mf_slice tenant, struct mf_slice id);

/* Moves all of |program|. |bytes_held| of api->bytes_held are given back at the end. */
struct mf__execution *mf__execution_new(struct mf_api *api,
                                        struct mf__program *program,
                                        uint64_t bytes_held,
                                        const struct mf__sink *sink,
                                        void *user);
/* It wants a place. From inside this one on the sink may hear of it, also of its end. */
void mf__execution_begin(struct mf__execution *execution);
const char *mf__execution_id(const struct mf__execution *execution);
/* The sink takes frames again. */
void mf__execution_drained(struct mf__execution *execution);
/* The sink is gone: on_end does not come. One that nobody takes up within its grace is canceled. */
void mf__execution_detach(struct mf__execution *execution);
/* Another sink, which gets all frames behind |seq| once it has called mf__execution_drained. MF_E_EXECUTION_FRAMES, and nothing has
 * changed. */
MF_MUST_CHECK int
mf__execution_attach(struct mf__execution *execution, uint64_t seq, const struct mf__sink *sink, void *user);
/* Ends its run. Nothing when it is done. */
void mf__execution_cancel(struct mf__execution *execution);

/* The largest answer that it takes. */
size_t mf__execution_call_bytes(const struct mf__execution *execution);
/* |answer| is moved when it is taken: a value as bytes, or the JSON of docs/executions.md, which was checked (mf__answer_check).
 * MF_E_CALL_UNKNOWN, MF_E_CALL_ANSWERED, MF_E_CALL_OVER, MF_E_EXECUTION_OVER, MF_E_CALL_TOO_LARGE; MF_E_API_FIELD: a pause without a
 * journal. */
MF_MUST_CHECK int mf__execution_answer(struct mf__execution *execution,
                                       uint64_t call,
                                       struct mf_buf *answer,
                                       bool is_bytes,
                                       bool is_pause);

#endif
