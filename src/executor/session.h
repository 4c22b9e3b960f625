/* session.h - one run: collects its bundle, takes its turns, answers its calls, ends once.
 *
 *               last BUNDLE byte         a thread takes it
 *   COLLECTING -----------------> READY ------------------> RUNNING --- turn ends, nothing queued ---> PARKED
 *        |                        ^  |                      | | |                                      |  |
 *        |                        |  |                      | | +-- script done, reader slow --> FLUSHING |
 *        |                        +--|-- turn ends, events  | |                                       |   |
 *        |                        +--|-- queued, or one comes (from PARKED) <--------------------------+--+
 *        |                           |                      | |                                       |
 *        | CANCEL                    | CANCEL       the end | | out of memory, stuck      last byte,  |
 *        +---------------------------+----------------------+ |  (thread lost)            CANCEL      |
 *        |                                                  | v                                       |
 *        +--> DONE <----------------------------------------+ LOST -- the thread came back after all  |
 *              ^ ^                                              |                                     |
 *              | +----------------------------------------------+                                     |
 *              +--------------------------------------------------------------------------------------+
 *
 * The frame DONE was sent in DONE and LOST, and only there. The thread that runs a turn owns the guest (bundle, isolate)
 * until the turn ends; everything else of a session is guarded by its mutex.
 */
#ifndef MAYFLY_EXECUTOR_SESSION_H
#define MAYFLY_EXECUTOR_SESSION_H

#include <mayfly/runtime.h>

#include "executor.h"
#include "guest.h"
#include "stream.h"
#include "timers.h"

enum mf_session_state {
    MF_SESSION_COLLECTING, /* The bundle is not whole. */
    MF_SESSION_READY,      /* In the ready queue of the threads. */
    MF_SESSION_RUNNING,    /* On a thread. */
    MF_SESSION_PARKED,     /* Waits for something outside; holds no thread. */
    MF_SESSION_FLUSHING,   /* The script is done; its response still waits for credit. */
    MF_SESSION_LOST,       /* DONE was sent, the thread is still inside. */
    MF_SESSION_DONE,
    MF_SESSION_STATES_COUNT
};

/* fetch(): from the call to the end of both bodies. */
struct mf_fetch {
    uint32_t number;
    enum mf_fetch_kind kind;
    bool is_answered; /* FETCH_HEAD or FETCH_FAIL came. */
    bool is_told;     /* The script knows. */
    bool is_aborted;
    struct mf_buf payload; /* The answer's frame: |head| or |fail| point into it. */
    bool is_head;
    struct mf_msg_fetch_head head;
    struct mf_msg_fetch_fail fail;
    struct mf_notice event;
    struct mf_outgoing request;
    struct mf_incoming response;
};

/* An operation on a workspace: from the call to its answer, which the script is told in an event, or waits for on its thread. */
struct mf_file_op {
    uint32_t number;
    bool is_awaited; /* A thread waits in files.c. */
    bool is_answered;
    bool is_error;
    struct mf_buf bytes; /* What came of the answer. */
    struct mf_notice event;
};

/* A fetch's response on its way to be the run's (copy.c).
 *
 *   NONE --the script asks--> ASKED --SPLICED came--> LAST --all of it went--> DIRECT
 *
 * In DIRECT nothing passes through here, and the daemon says the end. When the response ends before SPLICED comes it never does. */
enum mf_copy_state { MF_COPY_NONE, MF_COPY_ASKED, MF_COPY_LAST, MF_COPY_DIRECT };

struct mf_session {
    struct mf_runtime_host base; /* First: the engine hands this back. */
    struct mf_executor *executor;
    uint32_t number; /* The run's, in every frame. */
    struct mf_msg_start limits;
    size_t refs;           /* runs.mutex. */
    struct mf_turn turn;   /* threads.mutex. */
    struct mf_alarm alarm; /* alarms.mutex. */

    pthread_mutex_t mutex; /* Guards all below but |guest|'s content while RUNNING. */
    enum mf_session_state state;
    struct mf_guest *guest;     /* NULL after it was retired. */
    struct mf_watch *watch;     /* Over the turn under way; only its own thread reads it. */
    struct mf_isolate *isolate; /* What CANCEL terminates: the guest's, while RUNNING; else NULL. */
    struct mf_list events;      /* Waiting for the next turn. */
    struct mf_list due;         /* Being delivered in this one. */
    struct mf_notice start;
    struct mf_timers timers;
    struct mf_incoming request;
    struct mf_outgoing response;
    enum mf_copy_state copy;
    uint32_t copied_fetch;
    struct mf_map *fetches;                      /* Number to struct mf_fetch; NULL before the first. */
    uint32_t fetch_last;                         /* The highest number so far. */
    uint32_t fetches_open[MF_FETCH_KINDS_COUNT]; /* Not answered yet. */
    struct mf_map *files;                        /* Number to struct mf_file_op; NULL before the first. */
    uint32_t files_last;                         /* The highest number so far. */
    uint32_t files_open;                         /* Not answered yet. */
    pthread_cond_t files_came;                   /* An answer, or the end. */
    uint32_t waiting_open;                       /* ctx.waitUntil promises. */
    int cancel_error;                            /* 0: not canceled. */
    bool has_responded;
    bool is_finished; /* The runtime said: nothing follows. With these two. */
    int finish_error;
    struct mf_buf finish_text;
    /* Accounting. */
    uint64_t cpu_ns;            /* Of all turns but the one under way. */
    uint64_t turn_cpu_since_ns; /* By the clock of the thread; RUNNING. */
    unsigned turn_pulls;        /* Told of bodies that were asked for in this turn; RUNNING. */
    uint64_t host_wait_ns;
    uint64_t parked_since_ns;
    enum mf_code_cache_use cache_use;
    uint64_t memory_peak_bytes;
    uint32_t fetches_counted[MF_FETCH_KINDS_COUNT]; /* That were asked for, */
    uint32_t fetches_sent[MF_FETCH_KINDS_COUNT];    /* and of them those that the daemon has. */
    uint64_t unread_bytes; /* Of incoming bodies: came, and the script has not taken them. */
    uint32_t log_bytes;
    uint32_t log_lines;
    uint32_t logs_dropped;
    uint32_t exceptions;
    uint32_t exceptions_dropped;
};

/* ---- session.c: states --------------------------------------------------------------------- */

/* [loop] START came. Sends DONE itself when the run cannot be taken. MF_E_WIRE: the daemon is wrong. */
MF_MUST_CHECK int
mf_session_start(struct mf_executor *executor, uint32_t number, const struct mf_msg_start *start);
void mf_session_unref(struct mf_session *session);
/* [isolate] One turn; gives back the reference that the ready queue held. */
void mf_session_take_turn(struct mf_session *session);
/* [any] The thread inside will not come back: DONE now. Not locked. */
void mf_session_lose(struct mf_session *session, int error, uint64_t cpu_over_ns);
/* [loop] Its timers may be due. Not locked. */
void mf_session_ring(struct mf_session *session);

/* All below: locked. */

/* Every field agrees with the state. Called whenever the state changes. */
void mf_session_check(const struct mf_session *session);
/* Something to tell the script is in |events|. */
void mf_session_wake(struct mf_session *session);
/* Ends a run that is not RUNNING; one that is, ends with its turn. */
void mf_session_cancel(struct mf_session *session, int error);
/* The last byte of a FLUSHING run went. */
void mf_session_flushed(struct mf_session *session);
/* DONE was sent. */
static inline bool mf_session_is_over(const struct mf_session *session)
{
    return session->state == MF_SESSION_DONE || session->state == MF_SESSION_LOST;
}

/* ---- calls.c: what the runtime's JavaScript asks --------------------------------------------- */

extern const struct mf_runtime_calls mf_session_calls;
void mf_session_report(struct mf_session *session, const struct mf_exception *exception); /* Locked. */

/* ---- frames.c: what the daemon says ------------------------------------------------------------ */

/* [loop] One frame of this run but START. Not locked. MF_E_WIRE: the daemon is wrong. */
MF_MUST_CHECK int mf_session_on_frame(struct mf_session *session, const struct mf_frame *frame);

/* ---- bodies.c: streams and fetches; all locked ------------------------------------------------- */

struct mf_fetch *mf_session_fetch_get(const struct mf_session *session, uint32_t number);
MF_MUST_CHECK int mf_session_fetch_new(struct mf_session *session,
                                       const struct mf_msg_fetch *message,
                                       struct mf_fetch **ret_fetch);
/* Frees it when both bodies and the answer are through. */
void mf_session_fetch_settle(struct mf_session *session, struct mf_fetch *fetch);
void mf_session_fetches_done(struct mf_session *session);
struct mf_incoming *mf_session_incoming(struct mf_session *session, uint32_t stream);
struct mf_outgoing *mf_session_outgoing(struct mf_session *session, uint32_t stream);
/* The number belongs to a stream that this run once had or may have. */
MF_MUST_CHECK bool mf_session_knows_stream(const struct mf_session *session, uint32_t stream);
/* Sends what credit and channel allow, then the end or the news that there is room. */
void mf_session_pump(struct mf_session *session, struct mf_outgoing *out);
/* Pumps everything that waits: the channel has room again. Not locked. */
void mf_session_pump_all(struct mf_session *session);
/* The script waits for something that may still come. */
MF_MUST_CHECK bool mf_session_is_waiting(const struct mf_session *session);

/* ---- files.c: operations on workspaces; all locked ---------------------------------------------- */

/* Sends it. MF_E_FILES_REFUSED, MF_E_LIMIT_FILE_OPS, MF_E_TOO_LARGE; MF_RUNTIME_FILES_LATER: as many as may be open are. */
MF_MUST_CHECK int mf_session_files_ask(struct mf_session *session,
                                       uint32_t mount,
                                       struct mf_slice bytes,
                                       bool is_awaited,
                                       struct mf_file_op **ret_op);
/* Waits for the answer, unlocked meanwhile. MF_E_CANCELED: the run ends. */
MF_MUST_CHECK int mf_session_files_wait(struct mf_session *session, struct mf_file_op *op);
void mf_session_files_forget(struct mf_session *session, struct mf_file_op *op);
/* MF_E_WIRE: the daemon is wrong. */
MF_MUST_CHECK int mf_session_files_came(struct mf_session *session, struct mf_slice payload);
MF_MUST_CHECK bool mf_session_files_is_waiting(const struct mf_session *session);
/* The run is over: none is left but the one that a thread waits for, which it forgets itself. */
void mf_session_files_done(struct mf_session *session);

/* ---- copy.c: a fetch's response that becomes the run's; all locked ---------------------------------- */

/* From stream to stream. 0: it is not for here, the script goes on by itself. 1: the end of |from| is all that the script will
 * hear. */
MF_MUST_CHECK int mf_session_copy(struct mf_session *session, uint32_t from, uint32_t to);
/* Sends what credit and channel allow. */
void mf_session_copy_pump(struct mf_session *session);
/* MF_E_WIRE: it was not asked for. */
MF_MUST_CHECK int mf_session_copy_spliced(struct mf_session *session, uint32_t fetch);
/* The script closes the response. True: it is the daemon's to say, nothing is to be sent. */
MF_MUST_CHECK bool mf_session_copy_close(struct mf_session *session, uint32_t stream);

/* ---- turn.c ------------------------------------------------------------------------------------- */

/* [isolate] Not locked; RUNNING. Makes the guest ready at the first turn: reads, strips, isolate, modules. */
MF_MUST_CHECK int mf_session_prepare(struct mf_session *session);
/* [isolate] Not locked; RUNNING. Delivers what was queued when the turn began; 0 or what ended the isolate. */
MF_MUST_CHECK int mf_session_deliver(struct mf_session *session);

/* ---- send.c: frames about this run; locked -------------------------------------------------------- */

/* False: the channel has no room, nothing was sent. */
MF_MUST_CHECK bool mf_session_send_data(struct mf_session *session, uint32_t stream, struct mf_slice bytes);
void mf_session_send_end(struct mf_session *session, uint32_t stream);
void mf_session_send_abort(struct mf_session *session, uint32_t stream, int error, struct mf_slice text);
void mf_session_send_stop(struct mf_session *session, uint32_t stream);
void mf_session_send_splice(struct mf_session *session, uint32_t fetch);
void mf_session_send_splice_rest(struct mf_session *session, uint32_t fetch);
void mf_session_send_credit(struct mf_session *session, uint32_t stream, uint32_t bytes);

void mf_session_send_code_cache(struct mf_session *session, struct mf_slice bytes);

/* |error| as DONE and STREAM_ABORT may say it: one that is no end of a run becomes MF_E_INTERNAL. */
MF_MUST_CHECK int mf_end_error(int error);
/* |text| without a cut UTF-8 character at its end, at most |bytes_max| long. */
MF_MUST_CHECK struct mf_slice mf_text_cut(struct mf_slice text, size_t bytes_max);

#endif
