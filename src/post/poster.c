/* poster.c - a thread that sends, so that the loop need not wait.
 *
 *   IDLE --send--> ASKED --the thread has it--> SENDING --answer, none, or time is up--> OVER --the loop hears of it--> IDLE */
#include "internal.h"

enum poster_state { POSTER_IDLE, POSTER_ASKED, POSTER_SENDING, POSTER_OVER };

struct mf_poster {
    uv_thread_t thread;
    uv_async_t woken;
    struct mf_post *post;
    struct mf_post_request request; /* From ASKED on the thread's, from OVER on the loop's. */
    struct mf_post_outcome outcome;
    void (*done)(void *user, const struct mf_post_outcome *outcome);
    void *user;
    void (*on_closed)(void *user);
    void *on_closed_user;
    uv_mutex_t mutex; /* For all below. */
    uv_cond_t changed;
    enum poster_state state;
    bool is_closing;
};

static bool is_over(void *user)
{
    struct mf_poster *poster = user;
    bool is_closing;

    uv_mutex_lock(&poster->mutex);
    is_closing = poster->is_closing;
    uv_mutex_unlock(&poster->mutex);
    return is_closing;
}

static void run(void *user)
{
    struct mf_poster *poster = user;

    uv_mutex_lock(&poster->mutex);
    while (!poster->is_closing) {
        if (poster->state != POSTER_ASKED) {
            uv_cond_wait(&poster->changed, &poster->mutex);
            continue;
        }
        poster->state = POSTER_SENDING;
        uv_mutex_unlock(&poster->mutex);
        mf_post_send(poster->post, &poster->request, &poster->outcome);
        uv_mutex_lock(&poster->mutex);
        poster->state = POSTER_OVER;
        (void)uv_async_send(&poster->woken); /* Open until this thread has ended. */
    }
    uv_mutex_unlock(&poster->mutex);
}

static void on_woken(uv_async_t *woken)
{
    struct mf_poster *poster = woken->data;
    struct mf_post_outcome outcome;
    bool is_done;

    uv_mutex_lock(&poster->mutex);
    is_done = poster->state == POSTER_OVER && !poster->is_closing;
    if (is_done) {
        poster->state = POSTER_IDLE;
    }
    uv_mutex_unlock(&poster->mutex);
    if (is_done) {
        outcome = poster->outcome;
        poster->done(poster->user, &outcome);
    }
}

void mf_poster_send(struct mf_poster *poster,
                    const struct mf_post_request *request,
                    void (*done)(void *user, const struct mf_post_outcome *outcome),
                    void *user)
{
    uv_mutex_lock(&poster->mutex);
    MF_ASSERT(poster->state == POSTER_IDLE && !poster->is_closing);
    poster->request = *request;
    poster->request.is_over = is_over;
    poster->request.user = poster;
    poster->done = done;
    poster->user = user;
    poster->state = POSTER_ASKED;
    uv_mutex_unlock(&poster->mutex);
    uv_cond_signal(&poster->changed);
}

int mf_poster_open(uv_loop_t *loop, MF_OWN struct mf_poster **ret_poster)
{
    struct mf_poster *poster = mf_new(sizeof *poster);
    int rc;

    poster->post = mf_post_new();
    if (poster->post == NULL || uv_mutex_init(&poster->mutex) < 0) {
        mf_post_free(poster->post);
        mf_free(poster);
        return MF_E_NO_MEMORY;
    }
    rc = uv_cond_init(&poster->changed);
    rc = rc < 0 ? rc : uv_async_init(loop, &poster->woken, on_woken);
    poster->woken.data = poster;
    rc = rc < 0 ? rc : uv_thread_create(&poster->thread, run, poster);
    MF_ASSERT(rc == 0); /* No threads or descriptors at the very start: nothing could be served. */
    *ret_poster = poster;
    return 0;
}

static void woken_closed(uv_handle_t *handle)
{
    struct mf_poster *poster = handle->data;
    void (*on_closed)(void *user) = poster->on_closed;
    void *user = poster->on_closed_user;

    uv_mutex_destroy(&poster->mutex);
    uv_cond_destroy(&poster->changed);
    mf_free(poster);
    on_closed(user);
}

void mf_poster_close(MF_OWN struct mf_poster *poster, void (*on_closed)(void *user), void *user)
{
    poster->on_closed = on_closed;
    poster->on_closed_user = user;
    uv_mutex_lock(&poster->mutex);
    poster->is_closing = true;
    uv_mutex_unlock(&poster->mutex);
    uv_cond_signal(&poster->changed);
    (void)uv_thread_join(&poster->thread);
    mf_post_free(poster->post);
    uv_close((uv_handle_t *)&poster->woken, woken_closed);
}
