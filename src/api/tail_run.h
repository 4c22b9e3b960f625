/* tail_run.h - tail workers: stored workers that hear what became of another's run, each in a run of its own, after it has ended. */
#ifndef MAYFLY_API_TAIL_RUN_H
#define MAYFLY_API_TAIL_RUN_H

#include "internal.h"

struct mf__tail_runs;

struct mf__tail_runs_state {
    unsigned count;   /* That wait or are under way; at most MF_TAIL_RUNS_MAX. */
    uint64_t begun;   /* Since the start, */
    uint64_t dropped; /* those that never began, */
    uint64_t failed;  /* and those that did and failed. */
};

MF_OWN struct mf__tail_runs *mf__tail_runs_new(struct mf_api *api);
/* Each of |names| (a NUL behind each) gets |trace|, in a later turn of the loop: nobody waits for it, and what keeps it from running is
 * logged and counted. */
void mf__tail_runs_add(struct mf__tail_runs *runs,
                       struct mf_trace *trace,
                       const char *tenant,
                       struct mf_slice names);
/* No run is left. */
void mf__tail_runs_close(MF_OWN struct mf__tail_runs *runs, void (*on_closed)(void *user), void *user);
void mf__tail_runs_state(const struct mf__tail_runs *runs, struct mf__tail_runs_state *ret_state);

#endif
