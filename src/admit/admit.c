/* admit.c - places, the queue behind them, and the pace at which places become free.
 *
 *              try, room                        release
 *   IDLE ------------------------> HOLDS --------------------> IDLE
 *    | ^                             ^
 *    | | release, expire             | a place became free (on_turn 0)
 *    | +------------------ WAITS ----+
 *    +-------------------->
 *         try, all taken, the queue has room
 *
 * take: from IDLE to HOLDS, whatever the number of places.
 *
 * Nobody overtakes: while somebody waits, a new ticket waits behind him. All waits are equally long at most, so the queue
 * is in order of its deadlines too and its front is always the next to expire. */
#include <mayfly/admit.h>

struct mf_admit {
    struct mf_admit_options options;
    struct mf_list queue; /* struct mf_ticket.link */
    struct mf_admit_counts counts;
    uint64_t release_last_ns;
    bool is_filling;
    uint64_t release_gap_ns; /* Smoothed time between two releases; 0: not known yet. */
};

/* One release in this many changes the smoothed gap fully: fast enough to follow a burst, slow enough to ignore one run. */
#define GAP_SMOOTHING 8

static struct mf_ticket *ticket_of(struct mf_list *link)
{
    return MF_CONTAINER_OF(link, struct mf_ticket, link);
}

/* Sums that must agree after every call. */
static void check(const struct mf_admit *admit)
{
    MF_ASSERT(mf_list_is_empty(&admit->queue) == (admit->counts.waiting == 0));
}

struct mf_admit *mf_admit_new(const struct mf_admit_options *options)
{
    struct mf_admit *admit = mf_new(sizeof *admit);
    MF_ASSERT(options->runs_concurrent_max > 0);
    admit->options = *options;
    mf_list_init(&admit->queue);
    return admit;
}

void mf_admit_free(struct mf_admit *admit)
{
    if (admit) {
        MF_ASSERT(admit->counts.held == 0 && admit->counts.waiting == 0);
        mf_free(admit);
    }
}

static void give_place(struct mf_admit *admit, struct mf_ticket *ticket)
{
    ticket->state = MF_TICKET_HOLDS;
    admit->counts.held++;
    admit->counts.admitted++;
}

static void leave_queue(struct mf_admit *admit, struct mf_ticket *ticket)
{
    mf_list_remove(&ticket->link);
    ticket->state = MF_TICKET_IDLE;
    admit->counts.waiting--;
}

int mf_admit_try(struct mf_admit *admit,
                 struct mf_ticket *ticket,
                 uint64_t now_ns,
                 mf_ticket_turn_cb *on_turn,
                 void *user)
{
    MF_ASSERT(ticket->state == MF_TICKET_IDLE);
    if (admit->counts.is_draining) {
        return MF_E_DRAINING;
    }
    if (mf_list_is_empty(&admit->queue) && admit->counts.held < admit->options.runs_concurrent_max) {
        give_place(admit, ticket);
        return 0;
    }
    if (admit->counts.waiting >= admit->options.runs_queued_max) {
        admit->counts.refused++;
        return MF_E_OVERLOADED;
    }
    ticket->state = MF_TICKET_WAITS;
    ticket->on_turn = on_turn;
    ticket->user = user;
    ticket->deadline_ns = now_ns + admit->options.queue_wait_ns_max;
    if (!mf_list_is_empty(&admit->queue)) {
        /* mf_admit_change may have shortened the wait: the order of deadlines is kept all the same. */
        uint64_t before_ns = ticket_of(admit->queue.prev)->deadline_ns;
        ticket->deadline_ns = ticket->deadline_ns < before_ns ? before_ns : ticket->deadline_ns;
    }
    mf_list_push_back(&admit->queue, &ticket->link);
    admit->counts.waiting++;
    check(admit);
    return MF_E_AGAIN;
}

void mf_admit_take(struct mf_admit *admit, struct mf_ticket *ticket)
{
    MF_ASSERT(ticket->state == MF_TICKET_IDLE);
    ticket->state = MF_TICKET_HOLDS;
    admit->counts.held++;
}

/* |on_turn| may release or try any ticket, this one too: the list is looked at afresh each time round. A release inside it
 * only leaves its place to this loop, else a queue of tickets that each release at once would be as deep on the stack. */
static void fill_places(struct mf_admit *admit)
{
    if (admit->is_filling) {
        return;
    }
    admit->is_filling = true;
    while (admit->counts.held < admit->options.runs_concurrent_max && !mf_list_is_empty(&admit->queue)) {
        struct mf_ticket *ticket = ticket_of(admit->queue.next);
        leave_queue(admit, ticket);
        give_place(admit, ticket);
        admit->counts.waited++;
        check(admit);
        ticket->on_turn(ticket, ticket->user, 0);
    }
    admit->is_filling = false;
}

static void note_release(struct mf_admit *admit, uint64_t now_ns)
{
    if (admit->release_last_ns != 0 && now_ns > admit->release_last_ns) {
        uint64_t gap_ns = now_ns - admit->release_last_ns;
        uint64_t old_ns = admit->release_gap_ns;
        admit->release_gap_ns =
            old_ns == 0 ? gap_ns : old_ns - old_ns / GAP_SMOOTHING + gap_ns / GAP_SMOOTHING;
    }
    admit->release_last_ns = now_ns;
}

void mf_admit_release(struct mf_admit *admit, struct mf_ticket *ticket, uint64_t now_ns)
{
    switch (ticket->state) {
    case MF_TICKET_IDLE:
        return;
    case MF_TICKET_WAITS:
        leave_queue(admit, ticket);
        admit->counts.canceled++;
        check(admit);
        return;
    case MF_TICKET_HOLDS:
        MF_ASSERT(admit->counts.held > 0);
        ticket->state = MF_TICKET_IDLE;
        admit->counts.held--;
        note_release(admit, now_ns);
        fill_places(admit);
        return;
    }
}

void mf_admit_expire(struct mf_admit *admit, uint64_t now_ns)
{
    /* Those who come while this runs stand behind and are not due: the loop ends. With a wait of 0 they would be due at
     * once, so only those who are here now are looked at. */
    for (uint32_t left = admit->counts.waiting; left > 0 && !mf_list_is_empty(&admit->queue); left--) {
        struct mf_ticket *ticket = ticket_of(admit->queue.next);
        if (ticket->deadline_ns > now_ns) {
            return;
        }
        leave_queue(admit, ticket);
        admit->counts.expired++;
        check(admit);
        ticket->on_turn(ticket, ticket->user, MF_E_OVERLOADED);
    }
}

uint64_t mf_admit_next_deadline(const struct mf_admit *admit)
{
    return mf_list_is_empty(&admit->queue) ? MF_DEADLINE_NEVER : ticket_of(admit->queue.next)->deadline_ns;
}

/* The queue ahead of a newcomer times the pace. A pace that has slowed down since the last release counts as slow. */
uint32_t mf_admit_retry_after_s(const struct mf_admit *admit, uint64_t now_ns)
{
    uint64_t gap_ns = admit->release_gap_ns;
    if (admit->release_last_ns != 0 && now_ns > admit->release_last_ns &&
        now_ns - admit->release_last_ns > gap_ns) {
        gap_ns = now_ns - admit->release_last_ns;
    }
    uint64_t most_ns = MF_RETRY_AFTER_S_MAX * MF_NS_PER_S;
    uint64_t ahead = (uint64_t)admit->counts.waiting + 1;
    if (gap_ns > most_ns / ahead) {
        return MF_RETRY_AFTER_S_MAX;
    }
    uint64_t wait_s = (gap_ns * ahead + MF_NS_PER_S - 1) / MF_NS_PER_S;
    return wait_s < 1 ? 1 : (uint32_t)wait_s;
}

void mf_admit_drain(struct mf_admit *admit)
{
    admit->counts.is_draining = true;
}

void mf_admit_change(struct mf_admit *admit, const struct mf_admit_options *options)
{
    MF_ASSERT(options->runs_concurrent_max > 0);
    admit->options = *options;
    fill_places(admit);
}

void mf_admit_counts(const struct mf_admit *admit, struct mf_admit_counts *ret_counts)
{
    *ret_counts = admit->counts;
}
