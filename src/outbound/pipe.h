/* pipe.h - the body of an answer on its way to the worker: decoded, searched for secrets, counted, and held back when the
 * worker does not read. Pure; memory is bounded whatever comes in. */
#ifndef MAYFLY_OUTBOUND_PIPE_H
#define MAYFLY_OUTBOUND_PIPE_H

#include "decode.h"
#include "redact.h"

/* How many of |bytes| were taken. */
typedef size_t mf__sink_fn(void *user, struct mf_slice bytes);

struct mf__pipe {
    struct mf__decode *decode; /* Or NULL. */
    struct mf__redact *redact; /* Or NULL. */
    mf__sink_fn *sink;
    void *user;
    struct mf_buf in;   /* Came, and waits to be decoded. */
    struct mf_buf out;  /* Ready, and was not taken. */
    uint64_t in_total;  /* As it came. */
    uint64_t out_total; /* As it went on. */
    uint64_t in_max;
    uint64_t decoded_max; /* Of what a decoder makes. */
    uint64_t decoded_total;
    bool
        is_prompt; /* Nothing is held back past the bytes that came together: their reader may answer them. */
    bool is_input_over;
    bool is_over;
};

void mf__pipe_init(struct mf__pipe *pipe,
                   uint64_t in_max,
                   uint64_t decoded_max,
                   mf__sink_fn *sink,
                   void *user);
void mf__pipe_done(struct mf__pipe *pipe);
/* Before the first byte. |decode| and |redact| (either may be NULL) are the pipe's. */
void mf__pipe_through(struct mf__pipe *pipe,
                      MF_OWN struct mf__decode *decode,
                      MF_OWN struct mf__redact *redact);
/* The next bytes; not while it is blocked. MF_E_UPSTREAM_TOO_LARGE, MF_E_UPSTREAM_RESPONSE, MF_E_OUTBOUND_ECHO. */
MF_MUST_CHECK int mf__pipe_push(struct mf__pipe *pipe, struct mf_slice bytes);
/* Nothing more comes in. */
MF_MUST_CHECK int mf__pipe_end(struct mf__pipe *pipe);
/* The sink may take more. */
MF_MUST_CHECK int mf__pipe_pump(struct mf__pipe *pipe);
/* What came has not gone on: no more is to be pushed. */
bool mf__pipe_is_blocked(const struct mf__pipe *pipe);
/* All of it went on. */
bool mf__pipe_is_over(const struct mf__pipe *pipe);

#endif
