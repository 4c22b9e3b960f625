/* intake.h - the body of a call, taken in whole and then worked on: here when it is small, on a worker thread when it is large.
 *
 *   mf__intake_begin -> work(intake) -> done(intake, error)
 *
 * Use:      embed it; mf__intake_begin; in |done| go on or answer; mf__intake_done before the owner is freed.
 * Threads:  [loop]; |work| on any: it touches what belongs to its owner only.
 * Owns:     the exchange is the intake's until somebody else listens to it; |exchange| is NULL once the client has left.
 * Limits:   |bytes_max| of the body; MF_API_HELD_BYTES_MAX of all. */
#ifndef MAYFLY_API_INTAKE_H
#define MAYFLY_API_INTAKE_H

#include "internal.h"

struct mf__intake {
    struct mf_api *api;
    struct mf_exchange *exchange; /* NULL: the client is gone. */
    struct mf_buf body;           /* Whole when |work| is called; the owner may free it there. */
    struct mf_config *config;     /* As it was when the call came; for |work|. */
    uint64_t bytes_held;          /* Of api->bytes_held; 0 it when somebody else gives them back. */

    /* Of intake.c. */
    bool is_whole;
    void (*work)(struct mf__intake *intake);
    void (*done)(struct mf__intake *intake, int error);
    uv_work_t request;
};

/* |done| is called once: after |work| with 0; without it with MF_E_HTTP_BODY, MF_E_OVERLOADED, MF_E_NO_MEMORY, or when the
 * client left before its body was whole (MF_E_CANCELED, and |exchange| is NULL). */
void mf__intake_begin(struct mf__intake *intake,
                      struct mf_api *api,
                      struct mf_exchange *exchange,
                      size_t bytes_max,
                      void (*work)(struct mf__intake *intake),
                      void (*done)(struct mf__intake *intake, int error));
void mf__intake_done(struct mf__intake *intake);

/* "application/json; charset=utf-8" to "application/json": the request's, or empty. */
struct mf_slice mf__intake_type(const struct mf_request *request);

#endif
