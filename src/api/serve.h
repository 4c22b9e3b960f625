/* serve.h - from a valid call to the end of its answer: it waits for a place, runs, and the client gets the worker's response or
 * the envelope. POST /v1/run and the routes of stored workers end here. */
#ifndef MAYFLY_API_SERVE_H
#define MAYFLY_API_SERVE_H

#include "call.h"
#include "internal.h"

struct mf__serve_spec {
    const char *id;
    bool wants_envelope;
    bool
        streams_body; /* The request's body is the exchange's own, which nobody has read; else it is in the call. */
    uint64_t bytes_held; /* Of api->bytes_held: given back at the end. */
};

/* Moves all of |call|. |exchange| is answered, whatever happens. */
void mf__serve(struct mf_api *api,
               struct mf_exchange *exchange,
               struct mf__call *call,
               const struct mf__serve_spec *spec);
/* The call of |id| ends before it ran. |fault| may be NULL. */
void mf__serve_refuse(struct mf_api *api,
                      struct mf_exchange *exchange,
                      const char *id,
                      int error,
                      const struct mf__call_fault *fault);

#endif
