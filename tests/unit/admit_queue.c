/* Places, turns, deadlines and Retry-After, with a clock that is an argument. */
#include <mayfly/admit.h>

#include "check.h"

#define SECOND MF_NS_PER_S
#define TICKETS 8

static const struct mf_admit_who anybody = {1, UINT32_MAX, UINT32_MAX};

struct caller {
    struct mf_ticket ticket;
    struct mf_admit *admit;
    int turns;
    int error;
    bool release_in_turn;
    bool retry_in_turn;
};

static void on_turn(struct mf_ticket *ticket, void *user, int error)
{
    struct caller *caller = user;
    MF_CHECK(ticket == &caller->ticket);
    MF_CHECK_INT(ticket->state, error == 0 ? MF_TICKET_HOLDS : MF_TICKET_IDLE);
    caller->turns++;
    caller->error = error;
    if (caller->release_in_turn) {
        mf_admit_release(caller->admit, ticket, 5 * SECOND);
    }
    if (caller->retry_in_turn) {
        MF_CHECK_INT(mf_admit_try(caller->admit, &anybody, ticket, 0, on_turn, caller), MF_E_AGAIN);
    }
}

static struct caller callers[TICKETS];

static struct mf_admit *new_admit(uint32_t places, uint32_t queued)
{
    struct mf_admit_options options = {
        .runs_concurrent_max = places, .runs_queued_max = queued, .queue_wait_ns_max = 10 * SECOND};
    struct mf_admit *admit = mf_admit_new(&options);
    memset(callers, 0, sizeof callers);
    for (int i = 0; i < TICKETS; i++) {
        callers[i].admit = admit;
    }
    return admit;
}

static int try_at(struct mf_admit *admit, int index, uint64_t now_ns)
{
    return mf_admit_try(admit, &anybody, &callers[index].ticket, now_ns, on_turn, &callers[index]);
}

static void release(struct mf_admit *admit, int index, uint64_t now_ns)
{
    mf_admit_release(admit, &callers[index].ticket, now_ns);
}

static void turns_come_in_order(void)
{
    struct mf_admit *admit = new_admit(2, 2);
    struct mf_admit_counts counts;
    MF_CHECK_INT(try_at(admit, 0, 0), 0);
    MF_CHECK_INT(try_at(admit, 1, 0), 0);
    MF_CHECK_INT(try_at(admit, 2, 1), MF_E_AGAIN);
    MF_CHECK_INT(try_at(admit, 3, 2), MF_E_AGAIN);
    MF_CHECK_INT(try_at(admit, 4, 3), MF_E_OVERLOADED);
    MF_CHECK_INT(callers[4].ticket.state, MF_TICKET_IDLE);
    release(admit, 1, SECOND);
    MF_CHECK_INT(callers[2].turns, 1);
    MF_CHECK_INT(callers[2].error, 0);
    MF_CHECK_INT(callers[3].turns, 0);
    MF_CHECK_INT(try_at(admit, 4, SECOND), MF_E_AGAIN); /* Behind 3, though a place may become free before. */
    release(admit, 0, SECOND);
    MF_CHECK_INT(callers[3].turns, 1);
    MF_CHECK_INT(callers[4].turns, 0);
    mf_admit_counts(admit, &counts);
    MF_CHECK_INT(counts.held, 2);
    MF_CHECK_INT(counts.waiting, 1);
    MF_CHECK_INT(counts.admitted, 4);
    MF_CHECK_INT(counts.waited, 2);
    MF_CHECK_INT(counts.refused, 1);
    release(admit, 4, SECOND); /* Gives up its wait. */
    release(admit, 4, SECOND); /* Idle: nothing. */
    release(admit, 2, SECOND);
    release(admit, 3, SECOND);
    MF_CHECK_INT(callers[4].turns, 0);
    mf_admit_counts(admit, &counts);
    MF_CHECK_INT(counts.canceled, 1);
    MF_CHECK_INT(counts.held, 0);
    mf_admit_free(admit);
}

static void waits_end(void)
{
    struct mf_admit *admit = new_admit(1, 4);
    struct mf_admit_counts counts;
    MF_CHECK(mf_admit_next_deadline(admit) == MF_DEADLINE_NEVER);
    MF_CHECK_INT(try_at(admit, 0, 0), 0);
    MF_CHECK_INT(try_at(admit, 1, 100), MF_E_AGAIN);
    MF_CHECK_INT(try_at(admit, 2, 200), MF_E_AGAIN);
    MF_CHECK_INT(mf_admit_next_deadline(admit), 10 * SECOND + 100);
    mf_admit_expire(admit, 10 * SECOND + 99);
    MF_CHECK_INT(callers[1].turns, 0);
    mf_admit_expire(admit, 10 * SECOND + 100);
    MF_CHECK_INT(callers[1].turns, 1);
    MF_CHECK_INT(callers[1].error, MF_E_OVERLOADED);
    MF_CHECK_INT(callers[2].turns, 0);
    MF_CHECK_INT(mf_admit_next_deadline(admit), 10 * SECOND + 200);
    release(admit, 0, 10 * SECOND + 150);
    MF_CHECK_INT(callers[2].error, 0);
    MF_CHECK_INT(callers[2].turns, 1);
    MF_CHECK(mf_admit_next_deadline(admit) == MF_DEADLINE_NEVER);
    release(admit, 2, 11 * SECOND);
    mf_admit_counts(admit, &counts);
    MF_CHECK_INT(counts.expired, 1);
    mf_admit_free(admit);
}

static void turn_may_release_and_try_again(void)
{
    struct mf_admit *admit = new_admit(1, 4);
    MF_CHECK_INT(try_at(admit, 0, 0), 0);
    callers[1].release_in_turn = true;
    MF_CHECK_INT(try_at(admit, 1, 0), MF_E_AGAIN);
    MF_CHECK_INT(try_at(admit, 2, 0), MF_E_AGAIN);
    release(admit, 0, SECOND);
    MF_CHECK_INT(callers[1].turns, 1);
    MF_CHECK_INT(callers[1].ticket.state, MF_TICKET_IDLE);
    MF_CHECK_INT(callers[2].turns, 1);
    MF_CHECK_INT(callers[2].ticket.state, MF_TICKET_HOLDS);
    /* An expired ticket that comes back at once, already overdue, must not be looked at again in the same call. */
    callers[3].retry_in_turn = true;
    MF_CHECK_INT(try_at(admit, 3, 0), MF_E_AGAIN);
    mf_admit_expire(admit, 100 * SECOND);
    MF_CHECK_INT(callers[3].turns, 1);
    MF_CHECK_INT(callers[3].ticket.state, MF_TICKET_WAITS);
    release(admit, 3, SECOND);
    release(admit, 2, SECOND);
    mf_admit_free(admit);
}

/* Every waiting ticket lets go in its turn: one loop, not one stack frame for each. */
static void long_queue_needs_no_stack(void)
{
    enum { COUNT = 100000 };
    struct mf_admit_options options = {
        .runs_concurrent_max = 1, .runs_queued_max = COUNT, .queue_wait_ns_max = SECOND};
    struct mf_admit *admit = mf_admit_new(&options);
    struct caller *crowd = calloc(COUNT, sizeof *crowd);
    MF_CHECK(crowd);
    struct caller first = {.admit = admit};
    MF_CHECK_INT(mf_admit_try(admit, &anybody, &first.ticket, 0, on_turn, &first), 0);
    for (size_t i = 0; i < COUNT; i++) {
        crowd[i].admit = admit;
        crowd[i].release_in_turn = true;
        MF_CHECK_INT(mf_admit_try(admit, &anybody, &crowd[i].ticket, 0, on_turn, &crowd[i]), MF_E_AGAIN);
    }
    mf_admit_release(admit, &first.ticket, SECOND);
    for (size_t i = 0; i < COUNT; i++) {
        MF_CHECK_INT(crowd[i].turns, 1);
    }
    free(crowd);
    mf_admit_free(admit);
}

static void drain_refuses_newcomers_only(void)
{
    struct mf_admit *admit = new_admit(1, 4);
    MF_CHECK_INT(try_at(admit, 0, 0), 0);
    MF_CHECK_INT(try_at(admit, 1, 0), MF_E_AGAIN);
    mf_admit_drain(admit);
    MF_CHECK_INT(try_at(admit, 2, 0), MF_E_DRAINING);
    release(admit, 0, SECOND);
    MF_CHECK_INT(callers[1].turns, 1);
    MF_CHECK_INT(callers[1].error, 0);
    release(admit, 1, SECOND);
    MF_CHECK_INT(try_at(admit, 2, 0), MF_E_DRAINING);
    mf_admit_free(admit);
}

static void retry_after_follows_the_pace(void)
{
    struct mf_admit *admit = new_admit(1, 4);
    MF_CHECK_INT(mf_admit_retry_after_s(admit, 0), 1);
    uint64_t now_ns = SECOND;
    for (int i = 0; i < 64; i++) { /* One release every 2 s. */
        MF_CHECK_INT(try_at(admit, 0, now_ns), 0);
        now_ns += 2 * SECOND;
        release(admit, 0, now_ns);
    }
    MF_CHECK_INT(mf_admit_retry_after_s(admit, now_ns), 2);
    MF_CHECK_INT(try_at(admit, 0, now_ns), 0);
    MF_CHECK_INT(try_at(admit, 1, now_ns), MF_E_AGAIN);
    MF_CHECK_INT(try_at(admit, 2, now_ns), MF_E_AGAIN);
    MF_CHECK_INT(mf_admit_retry_after_s(admit, now_ns), 6);
    /* Nothing was released for long: the pace of old is no promise. */
    MF_CHECK_INT(mf_admit_retry_after_s(admit, now_ns + 10 * SECOND), 30);
    MF_CHECK_INT(mf_admit_retry_after_s(admit, now_ns + 1000 * SECOND), MF_RETRY_AFTER_S_MAX);
    for (int i = 0; i < 3; i++) {
        release(admit, 2 - i, now_ns);
    }
    mf_admit_free(admit);
}

static void numbers_may_change(void)
{
    struct mf_admit *admit = new_admit(1, 4);
    MF_CHECK_INT(try_at(admit, 0, 0), 0);
    MF_CHECK_INT(try_at(admit, 1, 0), MF_E_AGAIN);
    MF_CHECK_INT(try_at(admit, 2, 0), MF_E_AGAIN);
    struct mf_admit_options options = {
        .runs_concurrent_max = 2, .runs_queued_max = 4, .queue_wait_ns_max = SECOND};
    mf_admit_change(admit, &options);
    MF_CHECK_INT(callers[1].turns, 1);
    MF_CHECK_INT(callers[2].turns, 0);
    MF_CHECK_INT(try_at(admit, 3, 0), MF_E_AGAIN); /* A shorter wait, but never before those ahead of it. */
    MF_CHECK(callers[3].ticket.deadline_ns >= callers[2].ticket.deadline_ns);
    options.runs_concurrent_max = 1;
    mf_admit_change(admit, &options);
    release(admit, 0, SECOND);
    MF_CHECK_INT(callers[2].turns, 0); /* Still one too many. */
    release(admit, 1, SECOND);
    MF_CHECK_INT(callers[2].turns, 1);
    options.runs_queued_max = 0;
    mf_admit_change(admit, &options);
    MF_CHECK_INT(try_at(admit, 4, 0), MF_E_OVERLOADED);
    release(admit, 3, SECOND);
    release(admit, 2, SECOND);
    mf_admit_free(admit);
}

int main(void)
{
    MF_RUN(turns_come_in_order);
    MF_RUN(waits_end);
    MF_RUN(turn_may_release_and_try_again);
    MF_RUN(long_queue_needs_no_stack);
    MF_RUN(drain_refuses_newcomers_only);
    MF_RUN(retry_after_follows_the_pace);
    MF_RUN(numbers_may_change);
    return 0;
}
