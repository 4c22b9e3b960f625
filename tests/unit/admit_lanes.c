/* Several owners: whose turn it is, what is whose own quota, what may be young while others are about, and who crowds them. */
#include <mayfly/admit.h>

#include "check.h"

#define SECOND MF_NS_PER_S
#define MS MF_NS_PER_MS
#define TICKETS 64

struct caller {
    struct mf_ticket ticket;
    int index;
    int turns;
    int error;
};

static struct caller callers[TICKETS];
static int order[TICKETS];
static int order_count;

static void on_turn(struct mf_ticket *ticket, void *user, int error)
{
    struct caller *caller = user;
    MF_CHECK(ticket == &caller->ticket);
    caller->turns++;
    caller->error = error;
    order[order_count++] = caller->index;
}

static struct mf_admit *new_admit(uint32_t places, uint32_t queued, uint32_t young)
{
    struct mf_admit_options options = {.runs_concurrent_max = places,
                                       .runs_queued_max = queued,
                                       .queue_wait_ns_max = 10 * SECOND,
                                       .young_max = young};
    memset(callers, 0, sizeof callers);
    order_count = 0;
    for (int i = 0; i < TICKETS; i++) {
        callers[i].index = i;
    }
    return mf_admit_new(&options);
}

static int
try_for(struct mf_admit *admit, uint64_t owner, uint32_t most, uint32_t queued, int index, uint64_t now_ns)
{
    const struct mf_admit_who who = {owner, most, queued};
    return mf_admit_try(admit, &who, &callers[index].ticket, now_ns, on_turn, &callers[index]);
}

static void release_all(struct mf_admit *admit, uint64_t now_ns)
{
    struct mf_admit_counts counts;
    for (int i = 0; i < TICKETS; i++) {
        mf_admit_release(admit, &callers[i].ticket, now_ns);
    }
    mf_admit_counts(admit, &counts);
    MF_CHECK_INT(counts.held + counts.waiting, 0);
    mf_admit_free(admit);
}

/* Owner 1 has 20 that wait when owner 2 comes with 2: they are served in turn, not behind all of them. */
static void owners_take_turns(void)
{
    struct mf_admit *admit = new_admit(1, 100, 0);
    MF_CHECK_INT(try_for(admit, 1, 100, 100, 0, 0), 0);
    for (int i = 1; i <= 20; i++) {
        MF_CHECK_INT(try_for(admit, 1, 100, 100, i, 0), MF_E_AGAIN);
    }
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 30, 0), MF_E_AGAIN);
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 31, 0), MF_E_AGAIN);
    for (int i = 0; i < 6; i++) {
        mf_admit_release(admit, &callers[i == 0 ? 0 : order[i - 1]].ticket, (uint64_t)i * MS);
    }
    MF_CHECK_INT(order_count, 6);
    static const int expected[] = {1, 30, 2, 31, 3, 4};
    for (int i = 0; i < 6; i++) {
        MF_CHECK_INT(order[i], expected[i]);
    }
    release_all(admit, SECOND);
}

/* One that is at its own limit waits, or is told so; the others pass it by. */
static void own_quotas_are_own(void)
{
    struct mf_admit *admit = new_admit(10, 100, 0);
    MF_CHECK_INT(try_for(admit, 1, 2, 1, 0, 0), 0);
    MF_CHECK_INT(try_for(admit, 1, 2, 1, 1, 0), 0);
    MF_CHECK_INT(try_for(admit, 1, 2, 1, 2, 0), MF_E_AGAIN);
    MF_CHECK_INT(try_for(admit, 1, 2, 1, 3, 0), MF_E_QUOTA_RUNS);
    MF_CHECK_INT(try_for(admit, 2, 2, 1, 4, 0), 0);
    mf_admit_release(admit, &callers[4].ticket, 1);
    MF_CHECK_INT(callers[2].turns, 0); /* That place is not its own. */
    mf_admit_release(admit, &callers[0].ticket, 1);
    MF_CHECK_INT(callers[2].turns, 1);
    MF_CHECK_INT(try_for(admit, 1, 2, 1, 5, 0), MF_E_AGAIN);
    mf_admit_expire(admit, 11 * SECOND);
    MF_CHECK_INT(callers[5].error, MF_E_QUOTA_RUNS); /* It waited for its own. */
    /* A quota that was raised meanwhile counts from the next try on. */
    MF_CHECK_INT(try_for(admit, 1, 3, 1, 6, 11 * SECOND), 0);
    release_all(admit, 12 * SECOND);

    admit = new_admit(1, 1, 0);
    MF_CHECK_INT(try_for(admit, 1, 5, 5, 0, 0), 0);
    MF_CHECK_INT(try_for(admit, 1, 5, 5, 1, 0), MF_E_AGAIN);
    MF_CHECK_INT(try_for(admit, 2, 5, 5, 2, 0), MF_E_OVERLOADED);
    MF_CHECK_INT(try_for(admit, 2, 5, 0, 3, 0), MF_E_QUOTA_RUNS);
    mf_admit_expire(admit, 11 * SECOND);
    MF_CHECK_INT(callers[1].error, MF_E_OVERLOADED);
    release_all(admit, 12 * SECOND);
}

/* Alone it may have any number of young ones; once another is about, two. Those that are older do not count. */
static void few_are_young_beside_others(void)
{
    struct mf_admit *admit = new_admit(50, 100, 2);
    for (int i = 0; i < 10; i++) {
        MF_CHECK_INT(try_for(admit, 1, 100, 100, i, SECOND), 0);
    }
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 10, SECOND), 0);
    MF_CHECK_INT(try_for(admit, 1, 100, 100, 11, SECOND), MF_E_AGAIN); /* It has ten. */
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 12, SECOND), 0);
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 13, SECOND), MF_E_AGAIN);
    MF_CHECK(mf_admit_next_deadline(admit) == SECOND + MF_ADMIT_YOUNG_MS * MS);
    for (int i = 0; i < 8; i++) {
        mf_admit_release(admit, &callers[i].ticket, SECOND + MS);
    }
    MF_CHECK_INT(order_count, 0);
    mf_admit_release(admit, &callers[8].ticket, SECOND + MS);
    MF_CHECK_INT(order_count, 1);
    MF_CHECK_INT(order[0], 11);
    mf_admit_expire(admit, SECOND + MF_ADMIT_YOUNG_MS * MS);
    MF_CHECK_INT(callers[13].turns, 1);
    MF_CHECK_INT(callers[13].error, 0);
    /* A second without the other, and it has the machine to itself. */
    for (int i = 20; i < 30; i++) {
        MF_CHECK_INT(try_for(admit, 1, 100, 100, i, 3 * SECOND), 0);
    }
    release_all(admit, 4 * SECOND);
}

/* Bit |owner|: it crowds, as on_crowd says. */
static uint64_t crowding;

static void on_crowd(void *user, uint64_t owner, bool is_crowding)
{
    MF_CHECK(user == &crowding && ((crowding >> owner & 1) != 0) != is_crowding); /* Each change once. */
    crowding ^= UINT64_C(1) << owner;
}

static struct mf_admit *new_crowded(uint32_t crowd_min)
{
    struct mf_admit *admit = new_admit(4, 100, 0);
    const struct mf_admit_options options = {.runs_concurrent_max = 4,
                                             .runs_queued_max = 100,
                                             .queue_wait_ns_max = 10 * SECOND,
                                             .crowd_min = crowd_min,
                                             .on_crowd = on_crowd,
                                             .user = &crowding};
    crowding = 0;
    mf_admit_change(admit, &options);
    return admit;
}

static void run_once(struct mf_admit *admit, uint64_t owner, int index, uint64_t now_ns)
{
    MF_CHECK_INT(try_for(admit, owner, 100, 100, index, now_ns), 0);
    mf_admit_release(admit, &callers[index].ticket, now_ns);
}

/* It is said of whoever has three at once, as long as another is about who has fewer. */
static void who_crowds_is_told(void)
{
    struct mf_admit *admit = new_crowded(3);
    for (int i = 0; i < 3; i++) {
        MF_CHECK_INT(try_for(admit, 1, 100, 100, i, SECOND), 0);
    }
    MF_CHECK_INT(crowding, 0); /* It is alone. */
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 10, SECOND), 0);
    MF_CHECK_INT(crowding, 1u << 1);
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 11, SECOND), MF_E_AGAIN);
    MF_CHECK_INT(try_for(admit, 2, 100, 100, 12, SECOND), MF_E_AGAIN); /* Those that wait count. */
    MF_CHECK_INT(crowding, 0); /* Nobody is left who does not. */
    for (int i = 0; i < 20; i++) {
        mf_admit_release(admit, &callers[i].ticket, SECOND + MS);
    }
    /* A third one comes; the crowds are over when they have been for a while. */
    uint64_t now_ns = SECOND + MF_ADMIT_CROWD_MS * MS;
    run_once(admit, 3, 20, now_ns - 1);
    MF_CHECK_INT(crowding, 1u << 1 | 1u << 2);
    run_once(admit, 1, 0, now_ns - 1);
    MF_CHECK_INT(crowding, 1u << 1 | 1u << 2);
    run_once(admit, 3, 20, now_ns);
    MF_CHECK_INT(crowding, 0);
    release_all(admit, 10 * SECOND);

    admit = new_crowded(0);
    run_once(admit, 2, 0, SECOND);
    for (int i = 0; i < 4; i++) {
        MF_CHECK_INT(try_for(admit, 1, 100, 100, i, SECOND), 0);
    }
    MF_CHECK_INT(crowding, 0);
    release_all(admit, SECOND);
}

/* Lanes of many owners do not pile up. */
static void lanes_go(void)
{
    struct mf_admit *admit = new_admit(2, 2, 1);
    for (uint64_t owner = 1; owner < 5 * MF_ADMIT_LANES_KEPT_MAX; owner++) {
        MF_CHECK_INT(try_for(admit, owner, 1, 1, 0, owner), 0);
        mf_admit_release(admit, &callers[0].ticket, owner);
    }
    const struct mf_admit_who who = {7, 1, 1};
    MF_CHECK_INT(mf_admit_take(admit, &who, &callers[0].ticket), 0);
    release_all(admit, SECOND);
}

int main(void)
{
    MF_RUN(owners_take_turns);
    MF_RUN(own_quotas_are_own);
    MF_RUN(few_are_young_beside_others);
    MF_RUN(who_crowds_is_told);
    MF_RUN(lanes_go);
    return 0;
}
