/* execution_internal.h - what the files of an execution share. */
#ifndef MAYFLY_API_EXECUTION_INTERNAL_H
#define MAYFLY_API_EXECUTION_INTERNAL_H

#include <stdio.h>

#include "backlog.h"
#include "execution.h"
#include "journal.h"
#include "live.h"

enum execution_state { EXECUTION_WAITING, EXECUTION_RUNNING, EXECUTION_SETTLING, EXECUTION_DONE };

struct mf__executions {
    struct mf_api *api;
    struct mf_map *by_id; /* mf_hash of the id. */
    struct mf_list all; /* struct mf__execution.link; those that are done come last, the newest at the end. */
    uv_timer_t timer;
    struct {
        size_t live;   /* Waiting or running, */
        size_t parked; /* and of them those that wait for answers and hold no place. */
        size_t kept;   /* Done. */
    } state;
    size_t kept_bytes;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

struct fault {
    char name[64];
    struct mf_buf stack;
    uint32_t line;
    uint32_t column;
};

struct mf__execution {
    struct mf__live live;
    struct mf_list link;
    enum execution_state state;
    struct mf__program program;
    struct mf_ticket ticket;
    bool is_parked; /* Gave its place back: it waits for answers. */
    uint64_t bytes_held;

    const struct mf__sink *sink; /* NULL: nobody is there. */
    void *sink_user;
    bool is_sink_full;
    struct mf__backlog backlog;
    struct mf_buf scratch; /* The frame that is written. */
    uint64_t sent_ns;      /* When its sink had the last frame, or left. */

    struct mf__tool_calls calls;
    struct mf__journal journal;
    struct fault fault;       /* The last exception. */
    int verdict;              /* What the client is told in the place of the run's error; 0: that. */
    struct mf_buf why;        /* The sentence of it. */
    uint64_t wall_ns;         /* With excludes_waits: what it may use, */
    uint64_t active_ns;       /* what it has used, */
    uint64_t active_since_ns; /* and since when; 0: it waits. */
};

static inline struct mf__execution *mf__execution_of(void *user)
{
    struct mf__live *live = user;

    return MF_CONTAINER_OF(live, struct mf__execution, live);
}

static inline struct mf__executions *mf__execution_registry(const struct mf__execution *execution)
{
    return execution->live.api->executions;
}

/* ---- execution_registry.c ------------------------------------------------------------------------------ */

/* Its memory goes; nothing else refers to it. */
void mf__execution_forget(struct mf__execution *execution);
/* Its sink hears no more of it. */
void mf__execution_end_sink(struct mf__execution *execution, int error);
/* In WAITING: it never begins. */
void mf__execution_refuse(struct mf__execution *execution, int error);
/* The oldest of those that are done go when there are too many. */
void mf__executions_make_room(struct mf__executions *executions);

/* ---- execution_frames.c --------------------------------------------------------------------------------- */

/* To the sink what it takes; the last frame ends it. */
void mf__execution_pump(struct mf__execution *execution);
/* Credit for what calls are made with, as long as little of it is held; the first one goes on in any case, so that one is whole some time. */
void mf__execution_feed(struct mf__execution *execution);
void mf__execution_say_start(struct mf__execution *execution);
void mf__execution_say_log(struct mf__execution *execution, const struct mf_msg_log *log);
/* Not pumped: there may be more. */
void mf__execution_say_call(struct mf__execution *execution, const struct mf__tool_call *call);
void mf__execution_say_done(struct mf__execution *execution, const struct mf_run_result *result);

/* ---- execution_calls.c ----------------------------------------------------------------------------------- */

/* What became of one, for the run's record. */
void mf__execution_note_call(struct mf__execution *execution,
                             const struct mf__tool_call *call,
                             bool is_answered);
void mf__execution_note_open_calls(struct mf__execution *execution);
void mf__execution_mind_place(struct mf__execution *execution);
/* Its run ends, and its client is told |error| and |why|; the first one counts. */
void mf__execution_give_verdict(struct mf__execution *execution, int error, struct mf_slice why);
/* Handlers for struct mf_run_events. */
void mf__execution_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch);
void mf__execution_on_fetch_body(struct mf_run *run, void *user, uint32_t fetch, struct mf_slice bytes);
void mf__execution_on_fetch_body_end(struct mf_run *run, void *user, uint32_t fetch, int error);
void mf__execution_on_fetch_credit(struct mf_run *run, void *user, uint32_t fetch);
void mf__execution_on_fetch_drop(struct mf_run *run, void *user, uint32_t fetch);

#endif
