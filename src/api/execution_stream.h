/* execution_stream.h - an exchange that an execution's frames go to: lines of JSON, or the last one alone. */
#ifndef MAYFLY_API_EXECUTION_STREAM_H
#define MAYFLY_API_EXECUTION_STREAM_H

#include "execution.h"
#include "internal.h"

/* Moves all of |program|; |exchange| is answered, whatever happens. */
void mf__execution_stream(struct mf_api *api,
                          struct mf_exchange *exchange,
                          struct mf__program *program,
                          uint64_t bytes_held);
/* From the frame behind |seq| on. */
void mf__execution_restream(struct mf_api *api,
                            struct mf_exchange *exchange,
                            struct mf__execution *execution,
                            uint64_t seq);

#endif
