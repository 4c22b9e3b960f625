/* runs.h - which session a run's number means, and who still holds it. */
#ifndef MAYFLY_EXECUTOR_RUNS_H
#define MAYFLY_EXECUTOR_RUNS_H

#include <pthread.h>

#include <mayfly/base.h>

struct mf_session;

struct mf_runs {
    pthread_mutex_t mutex; /* Guards the map and every session's |refs|. A leaf. */
    struct mf_map *by_number;
};

void mf_runs_init(struct mf_runs *runs);
void mf_runs_done(struct mf_runs *runs);
/* The table holds one reference from here on. MF_E_EXISTS, MF_E_TOO_MANY, MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_runs_add(struct mf_runs *runs, struct mf_session *session);
/* Takes a reference for the caller; NULL when there is no such run. */
MF_MUST_CHECK struct mf_session *mf_runs_find(struct mf_runs *runs, uint32_t number);
/* Gives the table's reference back. The number is free for another run. */
void mf_runs_remove(struct mf_runs *runs, struct mf_session *session);
void mf_runs_ref(struct mf_runs *runs, struct mf_session *session);
/* True: it was the last one, and the caller frees the session. */
MF_MUST_CHECK bool mf_runs_unref(struct mf_runs *runs, struct mf_session *session);
MF_MUST_CHECK size_t mf_runs_count(struct mf_runs *runs);
/* Calls |fn| with each session, holding a reference, without the mutex. */
void mf_runs_for_each(struct mf_runs *runs, void (*fn)(struct mf_session *session));

#endif
