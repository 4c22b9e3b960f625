/* mayfly/admit.h - may this run start: yes, wait your turn, or no. A count of places, and queues of owners that get them in turn.
 *
 * Use:      mf_admit_try with a ticket for each run; 0: it has a place; MF_E_AGAIN: it waits and its on_turn will be called.
 *           mf_admit_release when the run is over or nobody wants it any more, whatever the ticket's state.
 *           The owner of the loop calls mf_admit_expire when mf_admit_next_deadline has come.
 * Threads:  [loop] everything. Time is an argument (mf_clock_now_ns): the room knows no clock and no loop.
 * Owns:     a ticket is the caller's storage, zeroed before its first use; it may not move while it waits or holds a place.
 * Limits:   the options: runs_concurrent_max places, runs_queued_max waiting, none longer than queue_wait_ns_max; those
 *           of the owner, and while there are several young_max of each that have just begun.
 * Fails:    MF_E_OVERLOADED with a Retry-After; MF_E_QUOTA_RUNS where it is the owner's own numbers; MF_E_DRAINING once mf_admit_drain was called.
 * Not here: which executor takes the run (pool), who may ask (tenant).
 */
#ifndef MAYFLY_ADMIT_H
#define MAYFLY_ADMIT_H

#include <mayfly/base.h>

struct mf_admit;
struct mf_ticket;

/* Called once for each MF_E_AGAIN, never inside mf_admit_try, and never after mf_admit_release of that
 * ticket. |error| 0: the ticket holds a place now. MF_E_OVERLOADED, MF_E_QUOTA_RUNS: it waited too long and is idle again. The
 * ticket may be released, tried again or freed inside the call. */
typedef void mf_ticket_turn_cb(struct mf_ticket *ticket, void *user, int error);

enum mf_ticket_state { MF_TICKET_IDLE, MF_TICKET_WAITS, MF_TICKET_HOLDS };

/* All fields are admit's; zero it before the first use. */
struct mf_ticket {
    struct mf_list link;      /* In the queue of all while it waits. */
    struct mf_list lane_link; /* In its owner's then; while it is young in the list of those. */
    struct lane *lane;        /* Unless it is idle. */
    uint64_t began_ns;
    bool is_young;
    enum mf_ticket_state state;
    uint64_t deadline_ns;
    mf_ticket_turn_cb *on_turn;
    void *user;
};

struct mf_admit_options {
    uint32_t runs_concurrent_max; /* At least 1. */
    uint32_t runs_queued_max;     /* 0: never wait. */
    uint64_t queue_wait_ns_max;
    uint32_t young_max; /* 0: any number. */
    /* An owner with so many runs that have just begun or wait crowds: it can fill every processor. 0: none does. */
    uint32_t crowd_min;
    /* |owner| crowds while another one is about that does not, or no longer. Inside any call but _new, _free and _counts; may
     * call nothing of this room. NULL is fine. */
    void (*on_crowd)(void *user, uint64_t owner, bool is_crowding);
    void *user;
};

/* Whose run it is. */
struct mf_admit_who {
    uint64_t owner;      /* Above 0. */
    uint32_t runs_max;   /* Its own places, at least 1, */
    uint32_t queued_max; /* and those who may wait for them. */
};

struct mf_admit_counts {
    uint32_t held;     /* Places taken now. */
    uint32_t waiting;  /* In the queue now. */
    uint64_t admitted; /* Since the start, also those that waited. */
    uint64_t waited;   /* Admitted after a wait. */
    uint64_t refused;  /* The queue was full. */
    uint64_t expired;  /* Waited too long. */
    uint64_t canceled; /* Released while they waited. */
    bool is_draining;
};

MF_OWN struct mf_admit *mf_admit_new(const struct mf_admit_options *options);
/* NULL is fine. Every ticket is idle by now. */
void mf_admit_free(MF_OWN struct mf_admit *admit);

/* 0: |ticket| holds a place. MF_E_AGAIN: it waits; |on_turn| tells. MF_E_OVERLOADED, MF_E_QUOTA_RUNS,
 * MF_E_DRAINING, MF_E_NO_MEMORY: no; the ticket is idle. |who| is copied. */
MF_MUST_CHECK int mf_admit_try(struct mf_admit *admit,
                               const struct mf_admit_who *who,
                               struct mf_ticket *ticket,
                               uint64_t now_ns,
                               mf_ticket_turn_cb *on_turn,
                               void *user);
/* A place at once, also when all are taken: for who had one, gave it back while it waited for somebody else, and may go on. The
 * ticket is idle. MF_E_NO_MEMORY. */
MF_MUST_CHECK int
mf_admit_take(struct mf_admit *admit, const struct mf_admit_who *who, struct mf_ticket *ticket);
/* Gives the place back, or leaves the queue, or does nothing when idle. May call on_turn of the next ticket
 * in line. */
void mf_admit_release(struct mf_admit *admit, struct mf_ticket *ticket, uint64_t now_ns);

/* Ends the wait of those whose time is up (their on_turn hears an error), and of those who were held up by runs that are no longer
 * young. */
void mf_admit_expire(struct mf_admit *admit, uint64_t now_ns);
/* When mf_admit_expire is due, MF_DEADLINE_NEVER when nobody waits. */
uint64_t mf_admit_next_deadline(const struct mf_admit *admit);

/* What Retry-After should say, 1 to MF_RETRY_AFTER_S_MAX: from the pace at which places became free lately.
 */
uint32_t mf_admit_retry_after_s(const struct mf_admit *admit, uint64_t now_ns);

/* From here on every try is MF_E_DRAINING. Those who wait already keep their turn. */
void mf_admit_drain(struct mf_admit *admit);
/* Takes new numbers in (config was read again); may call on_turn of waiting tickets. Places above a lowered maximum are
 * simply not given again. */
void mf_admit_change(struct mf_admit *admit, const struct mf_admit_options *options);
void mf_admit_counts(const struct mf_admit *admit, struct mf_admit_counts *ret_counts);

#endif
