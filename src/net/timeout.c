#include "timeout.h"

static void timer_set(struct mf__timeouts *timeouts, uint64_t due_ms);

/* Those of |phase| that were due at |now_ms|; when the next one is. */
static uint64_t judge(struct mf__timeouts *timeouts, enum mf__phase phase, uint64_t now_ms)
{
    struct mf__timeout *oldest;

    while ((oldest = mf__timeouts_oldest(timeouts, phase)) != NULL && oldest->due_ms <= now_ms) {
        mf__timeout_disarm(oldest);
        timeouts->on_due(oldest, phase);
    }
    return oldest != NULL ? oldest->due_ms : UINT64_MAX;
}

static bool is_any_due(const struct mf__timeouts *timeouts, uint64_t now_ms)
{
    for (unsigned phase = 0; phase < MF__PHASE_COUNT; phase++) {
        const struct mf__timeout *oldest = mf__timeouts_oldest(timeouts, (enum mf__phase)phase);
        if (oldest != NULL && oldest->due_ms <= now_ms) {
            return true;
        }
    }
    return false;
}

/* The timer may run before the earliest deadline (it was disarmed meanwhile), never after it. What is due may have been done in time
 * by a peer, whose bytes lie in the socket because this loop was late, and libuv asks its timers before it reads: so nothing is
 * judged before there was one more round of reading. */
static void timer_fired(uv_timer_t *timer)
{
    struct mf__timeouts *timeouts = MF_CONTAINER_OF(timer, struct mf__timeouts, timer);
    uint64_t now_ms = uv_now(timer->loop);
    uint64_t next_ms = UINT64_MAX;

    timeouts->timer_due_ms = UINT64_MAX;
    if (timeouts->judged_ms == 0 && is_any_due(timeouts, now_ms)) {
        timeouts->judged_ms = now_ms;
        timer_set(timeouts, now_ms + 1);
        return;
    }
    uint64_t judged_ms = timeouts->judged_ms;
    timeouts->judged_ms = 0;
    for (unsigned phase = 0; phase < MF__PHASE_COUNT; phase++) {
        uint64_t phase_ms = judge(timeouts, (enum mf__phase)phase, judged_ms);
        next_ms = phase_ms < next_ms ? phase_ms : next_ms;
    }
    timer_set(timeouts, next_ms);
}

static void timer_set(struct mf__timeouts *timeouts, uint64_t due_ms)
{
    if (due_ms >= timeouts->timer_due_ms) {
        return;
    }
    uint64_t now_ms = uv_now(timeouts->timer.loop);
    timeouts->timer_due_ms = due_ms;
    int error = uv_timer_start(&timeouts->timer, timer_fired, due_ms > now_ms ? due_ms - now_ms : 0, 0);
    MF_ASSERT(error == 0); /* Fails only while the handle closes. */
}

void mf__timeouts_open(struct mf__timeouts *timeouts,
                       uv_loop_t *loop,
                       void (*on_due)(struct mf__timeout *timeout, enum mf__phase phase))
{
    mf_ignore(uv_timer_init(loop, &timeouts->timer)); /* It cannot fail. */
    timeouts->timer_due_ms = UINT64_MAX;
    timeouts->on_due = on_due;
    for (size_t i = 0; i < MF__PHASE_COUNT; i++) {
        mf_list_init(&timeouts->lists[i]);
    }
}

/* Which keeps the order: each is the lesser of its own and one that grows along the list or is the same for all. */
static void bring_forward(struct mf__timeouts *timeouts, struct mf__timeout *timeout, uint64_t due_ms)
{
    if (timeout->due_ms > due_ms) {
        timeout->due_ms = due_ms;
        timer_set(timeouts, due_ms);
    }
}

void mf__timeouts_change(struct mf__timeouts *timeouts, enum mf__phase phase, uint32_t ms)
{
    uint64_t due_ms = uv_now(timeouts->timer.loop) + ms;

    MF_LIST_FOR_EACH(item, &timeouts->lists[phase])
    {
        bring_forward(timeouts, MF_CONTAINER_OF(item, struct mf__timeout, link), due_ms);
    }
    timeouts->ms[phase] = ms;
}

void mf__timeouts_shorten(struct mf__timeouts *timeouts, enum mf__phase phase, uint32_t ms)
{
    uint32_t before_ms = timeouts->ms[phase];
    uint32_t less_ms = before_ms > ms ? before_ms - ms : 0;

    MF_LIST_FOR_EACH(item, &timeouts->lists[phase])
    {
        struct mf__timeout *timeout = MF_CONTAINER_OF(item, struct mf__timeout, link);
        bring_forward(timeouts, timeout, timeout->due_ms > less_ms ? timeout->due_ms - less_ms : 0);
    }
    timeouts->ms[phase] = before_ms - less_ms;
}

void mf__timeouts_close(struct mf__timeouts *timeouts, uv_close_cb on_closed)
{
    for (size_t i = 0; i < MF__PHASE_COUNT; i++) {
        MF_ASSERT(mf_list_is_empty(&timeouts->lists[i]));
    }
    uv_close((uv_handle_t *)&timeouts->timer, on_closed);
}

struct mf__timeout *mf__timeouts_oldest(const struct mf__timeouts *timeouts, enum mf__phase phase)
{
    const struct mf_list *list = &timeouts->lists[phase];
    return mf_list_is_empty(list) ? NULL : MF_CONTAINER_OF(list->next, struct mf__timeout, link);
}

void mf__timeout_init(struct mf__timeout *timeout)
{
    mf_list_init(&timeout->link);
    timeout->phase = MF__PHASE_COUNT;
}

void mf__timeout_arm(struct mf__timeouts *timeouts, struct mf__timeout *timeout, enum mf__phase phase)
{
    mf_list_remove(&timeout->link);
    timeout->phase = phase;
    timeout->due_ms = uv_now(timeouts->timer.loop) + timeouts->ms[phase];
    mf_list_push_back(&timeouts->lists[phase], &timeout->link);
    timer_set(timeouts, timeout->due_ms);
}

void mf__timeout_disarm(struct mf__timeout *timeout)
{
    mf_list_remove(&timeout->link);
    timeout->phase = MF__PHASE_COUNT;
}
