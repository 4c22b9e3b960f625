/* admit.c - places, the queues behind them, and the pace at which places become free.
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
 * Each owner has a lane: its places and its own queue, in which nobody overtakes. A place that becomes free goes to the lanes in
 * turn, so that a thousand tickets of one owner delay another's one by one run. All waits are equally long at most, so the queue of
 * all is in order of its deadlines and its front is always the next to expire.
 *
 * A run that has just begun is young: it is likely at work, and not parked. While more than one owner is about, each may have
 * young_max of those: what one owner floods the daemon with waits in its lane then, and not in front of the processors.
 *
 * Who has crowd_min of young and waiting runs together crowds, and for MF_ADMIT_CROWD_MS after that. on_crowd hears of it only
 * while somebody is about who does not: where all crowd nobody has to make way. */
#include <mayfly/admit.h>

struct lane {
    struct mf_list link;  /* admit->ring while somebody waits. */
    struct mf_list queue; /* struct mf_ticket.lane_link */
    struct mf_admit_who who;
    uint32_t held;
    uint32_t waiting;
    uint32_t young;
    struct mf_list crowd_link; /* admit->crowds. */
    uint64_t crowds_until_ns;
};

struct mf_admit {
    struct mf_admit_options options;
    struct mf_list queue; /* struct mf_ticket.link of all who wait. */
    struct mf_list young; /* struct mf_ticket.lane_link, the oldest first. */
    struct mf_list ring;  /* struct lane.link: those whose turn comes next. */
    struct mf_map *lanes; /* By owner. */
    struct mf_admit_counts counts;
    uint64_t now_ns; /* Of the last call. */
    uint64_t recent_owner;
    uint64_t recent_ns;          /* When it tried last. */
    uint64_t contended_until_ns; /* Another owner was about a moment ago. */
    struct mf_list crowds;       /* struct lane.crowd_link, the one that crowded least recently first. */
    uint64_t others_until_ns;    /* Somebody was about a moment ago who does not crowd: */
    uint64_t others_owner;
    bool is_telling;             /* on_crowd has heard of all that crowd; else of none. */
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

static struct mf_ticket *ticket_of_lane(struct mf_list *link)
{
    return MF_CONTAINER_OF(link, struct mf_ticket, lane_link);
}

/* Sums that must agree after every call. */
static void check(const struct mf_admit *admit)
{
    MF_ASSERT(mf_list_is_empty(&admit->queue) == (admit->counts.waiting == 0));
    MF_ASSERT(mf_list_is_empty(&admit->ring) == (admit->counts.waiting == 0));
}

struct mf_admit *mf_admit_new(const struct mf_admit_options *options)
{
    struct mf_admit *admit = mf_new(sizeof *admit);
    MF_ASSERT(options->runs_concurrent_max > 0);
    admit->options = *options;
    admit->lanes = mf_map_new(SIZE_MAX);
    mf_list_init(&admit->queue);
    mf_list_init(&admit->young);
    mf_list_init(&admit->ring);
    mf_list_init(&admit->crowds);
    return admit;
}

void mf_admit_free(struct mf_admit *admit)
{
    if (admit) {
        struct lane *lane;
        size_t cursor = 0;
        MF_ASSERT(admit->counts.held == 0 && admit->counts.waiting == 0);
        while ((lane = mf_map_next(admit->lanes, &cursor))) {
            mf_free(lane);
        }
        mf_map_free(admit->lanes);
        mf_free(admit);
    }
}

/* ---- lanes -------------------------------------------------------------------------------------- */

/* The owner's, with its quotas as they are now; NULL without memory. */
static struct lane *find_lane(struct mf_admit *admit, const struct mf_admit_who *who)
{
    struct lane *lane = mf_map_get(admit->lanes, who->owner);
    if (!lane) {
        lane = mf_new(sizeof *lane);
        mf_list_init(&lane->link);
        mf_list_init(&lane->queue);
        mf_list_init(&lane->crowd_link);
        if (mf_map_put(admit->lanes, who->owner, lane) < 0) {
            mf_free(lane);
            return NULL;
        }
    }
    lane->who = *who;
    return lane;
}

static void tell_crowd(const struct mf_admit *admit, const struct lane *lane, bool is_crowding)
{
    if (admit->options.on_crowd) {
        admit->options.on_crowd(admit->options.user, lane->who.owner, is_crowding);
    }
}

static bool is_crowding(const struct lane *lane)
{
    return !mf_list_is_empty(&lane->crowd_link);
}

static void end_crowd(struct mf_admit *admit, struct lane *lane)
{
    if (is_crowding(lane) && admit->is_telling) {
        tell_crowd(admit, lane, false);
    }
    mf_list_remove(&lane->crowd_link);
}

static struct lane *lane_of_crowd(struct mf_list *link)
{
    return MF_CONTAINER_OF(link, struct lane, crowd_link);
}

/* What time has brought. */
static void mind_crowds(struct mf_admit *admit)
{
    while (!mf_list_is_empty(&admit->crowds) &&
           lane_of_crowd(admit->crowds.next)->crowds_until_ns <= admit->now_ns) {
        end_crowd(admit, lane_of_crowd(admit->crowds.next));
    }
    bool is_telling = admit->now_ns < admit->others_until_ns;
    if (admit->is_telling != is_telling) {
        admit->is_telling = is_telling;
        MF_LIST_FOR_EACH(link, &admit->crowds)
        {
            tell_crowd(admit, lane_of_crowd(link), is_telling);
        }
    }
}

/* |lane| has one more that runs or waits. */
static void note_crowd(struct mf_admit *admit, struct lane *lane)
{
    const uint64_t until_ns = admit->now_ns + MF_ADMIT_CROWD_MS * MF_NS_PER_MS;
    mind_crowds(admit);
    if (admit->options.crowd_min > 0 && lane->young + lane->waiting >= admit->options.crowd_min) {
        if (admit->others_owner == lane->who.owner) {
            admit->others_until_ns = 0; /* Its own first runs are nobody to make way for. */
            mind_crowds(admit);
        }
        if (!is_crowding(lane) && admit->is_telling) {
            tell_crowd(admit, lane, true);
        }
        lane->crowds_until_ns = until_ns;
        mf_list_remove(&lane->crowd_link);
        mf_list_push_back(&admit->crowds, &lane->crowd_link);
    } else if (!is_crowding(lane)) {
        admit->others_until_ns = until_ns;
        admit->others_owner = lane->who.owner;
        mind_crowds(admit);
    }
}

/* It stays for the owner's next run, unless there are very many. */
static void leave_lane(struct mf_admit *admit, struct lane *lane)
{
    if (lane->held == 0 && lane->waiting == 0 && mf_map_count(admit->lanes) > MF_ADMIT_LANES_KEPT_MAX) {
        end_crowd(admit, lane);
        (void)mf_map_take(admit->lanes, lane->who.owner);
        mf_free(lane);
    }
}

static void note_owner(struct mf_admit *admit, uint64_t owner, uint64_t now_ns)
{
    const uint64_t window_ns = MF_ADMIT_CONTENDED_MS * MF_NS_PER_MS;
    if (admit->recent_owner != owner && admit->recent_owner != 0 && now_ns - admit->recent_ns < window_ns) {
        admit->contended_until_ns = now_ns + window_ns;
    }
    admit->recent_owner = owner;
    admit->recent_ns = now_ns;
}

static bool may_run(const struct mf_admit *admit, const struct lane *lane)
{
    bool is_held_up = admit->options.young_max > 0 && lane->young >= admit->options.young_max &&
                      admit->now_ns < admit->contended_until_ns;
    return lane->held < lane->who.runs_max && !is_held_up;
}

/* ---- tickets ------------------------------------------------------------------------------------ */

static void take_place(struct mf_admit *admit, struct lane *lane, struct mf_ticket *ticket)
{
    ticket->state = MF_TICKET_HOLDS;
    ticket->lane = lane;
    ticket->began_ns = admit->now_ns;
    ticket->is_young = true;
    mf_list_push_back(&admit->young, &ticket->lane_link);
    lane->young++;
    lane->held++;
    admit->counts.held++;
}

static void end_youth(struct mf_ticket *ticket)
{
    if (ticket->is_young) {
        ticket->is_young = false;
        mf_list_remove(&ticket->lane_link);
        ticket->lane->young--;
    }
}

static void grow_up(struct mf_admit *admit)
{
    while (!mf_list_is_empty(&admit->young)) {
        struct mf_ticket *ticket = ticket_of_lane(admit->young.next);
        if (admit->now_ns - ticket->began_ns < MF_ADMIT_YOUNG_MS * MF_NS_PER_MS) {
            return;
        }
        end_youth(ticket);
    }
}

static void leave_queue(struct mf_admit *admit, struct mf_ticket *ticket)
{
    struct lane *lane = ticket->lane;
    mf_list_remove(&ticket->link);
    mf_list_remove(&ticket->lane_link);
    ticket->state = MF_TICKET_IDLE;
    ticket->lane = NULL;
    admit->counts.waiting--;
    if (--lane->waiting == 0) {
        mf_list_remove(&lane->link);
    }
}

static void enter_queue(struct mf_admit *admit,
                        struct lane *lane,
                        struct mf_ticket *ticket,
                        mf_ticket_turn_cb *on_turn,
                        void *user)
{
    ticket->state = MF_TICKET_WAITS;
    ticket->lane = lane;
    ticket->on_turn = on_turn;
    ticket->user = user;
    ticket->deadline_ns = admit->now_ns + admit->options.queue_wait_ns_max;
    if (!mf_list_is_empty(&admit->queue)) {
        /* mf_admit_change may have shortened the wait: the order of deadlines is kept all the same. */
        uint64_t before_ns = ticket_of(admit->queue.prev)->deadline_ns;
        ticket->deadline_ns = ticket->deadline_ns < before_ns ? before_ns : ticket->deadline_ns;
    }
    mf_list_push_back(&admit->queue, &ticket->link);
    mf_list_push_back(&lane->queue, &ticket->lane_link);
    admit->counts.waiting++;
    if (lane->waiting++ == 0) {
        mf_list_push_back(&admit->ring, &lane->link);
    }
    check(admit);
}

int mf_admit_try(struct mf_admit *admit,
                 const struct mf_admit_who *who,
                 struct mf_ticket *ticket,
                 uint64_t now_ns,
                 mf_ticket_turn_cb *on_turn,
                 void *user)
{
    MF_ASSERT(ticket->state == MF_TICKET_IDLE && who->owner > 0 && who->runs_max > 0);
    if (admit->counts.is_draining) {
        return MF_E_DRAINING;
    }
    struct lane *lane = find_lane(admit, who);
    if (!lane) {
        return MF_E_NO_MEMORY;
    }
    admit->now_ns = now_ns;
    note_owner(admit, who->owner, now_ns);
    grow_up(admit);
    if (lane->waiting == 0 && admit->counts.held < admit->options.runs_concurrent_max &&
        may_run(admit, lane)) {
        take_place(admit, lane, ticket);
        admit->counts.admitted++;
        note_crowd(admit, lane);
        return 0;
    }
    int error = lane->waiting >= who->queued_max                          ? MF_E_QUOTA_RUNS
                : admit->counts.waiting >= admit->options.runs_queued_max ? MF_E_OVERLOADED
                                                                          : 0;
    if (error < 0) {
        admit->counts.refused++;
        leave_lane(admit, lane);
        return error;
    }
    enter_queue(admit, lane, ticket, on_turn, user);
    note_crowd(admit, lane);
    return MF_E_AGAIN;
}

int mf_admit_take(struct mf_admit *admit, const struct mf_admit_who *who, struct mf_ticket *ticket)
{
    struct lane *lane = find_lane(admit, who);
    MF_ASSERT(ticket->state == MF_TICKET_IDLE);
    if (!lane) {
        return MF_E_NO_MEMORY;
    }
    take_place(admit, lane, ticket);
    end_youth(ticket); /* It has begun long ago. */
    return 0;
}

static struct lane *next_lane(const struct mf_admit *admit)
{
    MF_LIST_FOR_EACH(link, &admit->ring)
    {
        struct lane *lane = MF_CONTAINER_OF(link, struct lane, link);
        if (may_run(admit, lane)) {
            return lane;
        }
    }
    return NULL;
}

/* |on_turn| may release or try any ticket, this one too: the lists are looked at afresh each time round. A release inside it
 * only leaves its place to this loop, else a queue of tickets that each release at once would be as deep on the stack. */
static void fill_places(struct mf_admit *admit)
{
    struct lane *lane;
    if (admit->is_filling) {
        return;
    }
    admit->is_filling = true;
    while (admit->counts.held < admit->options.runs_concurrent_max && (lane = next_lane(admit))) {
        struct mf_ticket *ticket = ticket_of_lane(lane->queue.next);
        mf_list_remove(&lane->link);
        mf_list_push_back(&admit->ring, &lane->link);
        leave_queue(admit, ticket);
        take_place(admit, lane, ticket);
        admit->counts.admitted++;
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
    struct lane *lane = ticket->lane;
    switch (ticket->state) {
    case MF_TICKET_IDLE:
        return;
    case MF_TICKET_WAITS:
        leave_queue(admit, ticket);
        admit->counts.canceled++;
        check(admit);
        leave_lane(admit, lane);
        return;
    case MF_TICKET_HOLDS:
        MF_ASSERT(admit->counts.held > 0 && lane->held > 0);
        end_youth(ticket);
        ticket->state = MF_TICKET_IDLE;
        ticket->lane = NULL;
        lane->held--;
        admit->counts.held--;
        leave_lane(admit, lane);
        admit->now_ns = now_ns;
        note_release(admit, now_ns);
        fill_places(admit);
        return;
    }
}

void mf_admit_expire(struct mf_admit *admit, uint64_t now_ns)
{
    admit->now_ns = now_ns;
    /* Those who come while this runs stand behind and are not due: the loop ends. With a wait of 0 they would be due at
     * once, so only those who are here now are looked at. */
    for (uint32_t left = admit->counts.waiting; left > 0 && !mf_list_is_empty(&admit->queue); left--) {
        struct mf_ticket *ticket = ticket_of(admit->queue.next);
        struct lane *lane = ticket->lane;
        if (ticket->deadline_ns > now_ns) {
            break;
        }
        int error = lane->held >= lane->who.runs_max ? MF_E_QUOTA_RUNS : MF_E_OVERLOADED;
        leave_queue(admit, ticket);
        admit->counts.expired++;
        check(admit);
        leave_lane(admit, lane);
        ticket->on_turn(ticket, ticket->user, error);
    }
    grow_up(admit);
    fill_places(admit);
}

uint64_t mf_admit_next_deadline(const struct mf_admit *admit)
{
    if (mf_list_is_empty(&admit->queue)) {
        return MF_DEADLINE_NEVER;
    }
    uint64_t at_ns = ticket_of(admit->queue.next)->deadline_ns;
    if (!mf_list_is_empty(&admit->young) && admit->now_ns < admit->contended_until_ns) {
        uint64_t grown_ns = ticket_of_lane(admit->young.next)->began_ns + MF_ADMIT_YOUNG_MS * MF_NS_PER_MS;
        at_ns = grown_ns < at_ns ? grown_ns : at_ns;
    }
    return at_ns;
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
