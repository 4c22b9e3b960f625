/* idempotency.h - a POST with an Idempotency-Key is done once: who sends it again gets the answer that there was.
 *
 *   new key --> the handler; its answer is kept at its end
 *   known   --> the same request: the kept answer; another: 422; the first one is still under way: 409
 *
 * Threads:  [loop]
 * Owns:     copies of answers, in memory only: they do not outlive the process.
 * Limits:   MF_IDEMPOTENCY_*. What is not kept is done again.
 * Source:   https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
#ifndef MAYFLY_API_IDEMPOTENCY_H
#define MAYFLY_API_IDEMPOTENCY_H

#include "internal.h"

struct mf__idempotency;

MF_OWN struct mf__idempotency *mf__idempotency_new(void);
/* No exchange is under way any more. NULL is fine. */
void mf__idempotency_free(MF_OWN struct mf__idempotency *idempotency);
/* True: the handler is to be called, and is listened to where there is a key. False: the exchange is answered, or will be. */
MF_MUST_CHECK bool mf__idempotency_admit(struct mf__idempotency *idempotency, struct mf_exchange *exchange);

/* A handler that goes on without its client, once the body has come: NULL, or what it owes one of the next two when it ends. */
struct mf__owed;
MF_MUST_CHECK struct mf__owed *mf__idempotency_owe(struct mf_exchange *exchange);
/* It has come to an answer; |exchange| is NULL when the client is gone, else the answer was given on it. */
void mf__idempotency_settle(MF_OWN struct mf__owed *owed,
                            const struct mf_exchange *exchange,
                            int status,
                            struct mf_slice headers,
                            struct mf_slice body);
/* It has come to none. */
void mf__idempotency_drop(MF_OWN struct mf__owed *owed, const struct mf_exchange *exchange);

#endif
