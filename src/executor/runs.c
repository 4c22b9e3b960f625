/* runs.c - see runs.h. */
#include "runs.h"

#include <stdlib.h>

#include "session.h"

void mf_runs_init(struct mf_runs *runs)
{
    runs->by_number = mf_map_new(MF_EXECUTOR_RUNS_MAX);
    MF_ASSERT(pthread_mutex_init(&runs->mutex, NULL) == 0);
}

void mf_runs_done(struct mf_runs *runs)
{
    MF_ASSERT(mf_map_count(runs->by_number) == 0);
    mf_map_free(runs->by_number);
    pthread_mutex_destroy(&runs->mutex);
}

int mf_runs_add(struct mf_runs *runs, struct mf_session *session)
{
    int error;

    pthread_mutex_lock(&runs->mutex);
    error = mf_map_put(runs->by_number, session->number, session);
    if (error == 0) {
        session->refs++;
    }
    pthread_mutex_unlock(&runs->mutex);
    return error;
}

struct mf_session *mf_runs_find(struct mf_runs *runs, uint32_t number)
{
    struct mf_session *session;

    pthread_mutex_lock(&runs->mutex);
    session = mf_map_get(runs->by_number, number);
    if (session != NULL) {
        session->refs++;
    }
    pthread_mutex_unlock(&runs->mutex);
    return session;
}

void mf_runs_remove(struct mf_runs *runs, struct mf_session *session)
{
    pthread_mutex_lock(&runs->mutex);
    MF_ASSERT(mf_map_take(runs->by_number, session->number) == session);
    MF_ASSERT(session->refs > 1); /* The caller holds one. */
    session->refs--;
    pthread_mutex_unlock(&runs->mutex);
}

void mf_runs_ref(struct mf_runs *runs, struct mf_session *session)
{
    pthread_mutex_lock(&runs->mutex);
    MF_ASSERT(session->refs > 0);
    session->refs++;
    pthread_mutex_unlock(&runs->mutex);
}

bool mf_runs_unref(struct mf_runs *runs, struct mf_session *session)
{
    bool is_last;

    pthread_mutex_lock(&runs->mutex);
    MF_ASSERT(session->refs > 0);
    is_last = --session->refs == 0;
    pthread_mutex_unlock(&runs->mutex);
    return is_last;
}

size_t mf_runs_count(struct mf_runs *runs)
{
    size_t count;

    pthread_mutex_lock(&runs->mutex);
    count = mf_map_count(runs->by_number);
    pthread_mutex_unlock(&runs->mutex);
    return count;
}

void mf_runs_for_each(struct mf_runs *runs, void (*fn)(struct mf_session *session))
{
    struct mf_session **sessions;
    size_t count = 0, cursor = 0;
    struct mf_session *session;

    pthread_mutex_lock(&runs->mutex);
    sessions = mf_try_alloc((mf_map_count(runs->by_number) + 1) * sizeof(struct mf_session *));
    while (sessions != NULL && (session = mf_map_next(runs->by_number, &cursor)) != NULL) {
        session->refs++;
        sessions[count++] = session;
    }
    pthread_mutex_unlock(&runs->mutex);
    for (size_t i = 0; i < count; i++) {
        fn(sessions[i]);
        mf_session_unref(sessions[i]);
    }
    mf_free(sessions);
}
