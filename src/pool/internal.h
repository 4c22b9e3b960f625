/* internal.h - what the files of the pool room share: slots, executors, runs.
 *
 * A slot is one of the config's places for an executor. Its executor may be condemned and go on living without a slot
 * while a fresh one takes the place. A run is in its domain's list of those that wait, or in one executor's list, or in pool->over.
 *
 * Nothing is freed while a frame is handled and no callback is made from inside a function of the door: both wait for
 * the turn (pool.c), which runs once in each round of the loop, right before it sleeps.
 */
#ifndef MAYFLY_POOL_INTERNAL_H
#define MAYFLY_POOL_INTERNAL_H

#include <mayfly/pool.h>

#include "deadlines.h"

#define POOL_DOMAINS (MF_POOL_DOMAINS_MAX + 1) /* With that of the makers. */

/* ---- a run (run.c) --------------------------------------------------------------------------
 *
 *           an executor has room       last byte of the bundle queued         DONE
 *   WAITS -----------------------> SENDS ------------------------------> RUNS -----> OVER
 *     |                             | |                                   |           ^
 *     |                             | +------------ DONE, with an error --|---------->|
 *     |                             +--> CANCELED <-- cancel, wall limit -+           |
 *     |                                      +------- DONE, or none in the grace ---->|
 *     |<-- sent back unbegun, or its condemned executor went: from RUNS, while nothing of it was heard or fed
 *     +-- cancel, no executor in time, pool closed; the death of its executor ends all others
 */
enum run_phase { RUN_WAITS, RUN_SENDS, RUN_RUNS, RUN_CANCELED, RUN_OVER };

/* Of one stream, as this end sees it. */
enum stream_state {
    STREAM_NONE, /* There is none, or not yet. */
    STREAM_OPEN,
    STREAM_STOPPED, /* The receiver wants no more. */
    STREAM_ENDED,
};

/* A fetch of the run (fetch.c): from FETCH until it was failed or taken back, or was answered and both bodies are over. */
struct run_fetch {
    uint32_t number;
    enum mf_fetch_kind kind;
    bool is_answered;
    bool wants_credit; /* A write of its response was cut short. */
    enum stream_state request;
    struct mf_window request_window;
    uint64_t request_left; /* Bytes that may still come; MF_BODY_BYTES_UNKNOWN: any. */
    enum stream_state response;
    struct mf_window response_window;
};

/* The response of a fetch that is the run's own (splice.c): it does not pass through the executor.
 *
 *   NONE --SPLICE; SPLICED goes out--> WAITS --SPLICE_REST--> RUNS --the end, or the executor breaks it off--> OVER
 *
 * In WAITS nothing of the fetch may be written, and its end is kept. */
enum splice_state { SPLICE_NONE, SPLICE_WAITS, SPLICE_RUNS, SPLICE_OVER };

struct run_splice {
    enum splice_state state;
    uint32_t fetch;
    struct mf_list link; /* pool->spliced while there is something to tell in the turn. */
    struct mf_buf bytes; /* Written, and the owner does not have them yet. */
    size_t unconsumed;   /* Bytes of the response that the owner has, and has not passed on. */
    bool is_ending;      /* Behind |bytes| comes the end, with these two. */
    int end_error;
    struct mf_buf end_text;
};

struct mf_run {
    struct mf_list link;
    struct mf_pool *pool;
    struct executor *executor; /* NULL in WAITS and once OVER. */
    uint32_t number;           /* Its name on the wire. */
    enum run_phase phase;
    char id[MF_ID_BYTES_MAX];
    struct mf_run_spec spec; /* |spec.bundle| and |spec.code| are ours until they were sent. */
    const struct mf_run_events *events;
    void *user;

    size_t bundle_sent;
    struct mf_list bundle_link;   /* In executor->bundles while it is SENDS. */
    struct mf_list beginner_link; /* In pool->beginners until its first on_request_credit. */
    struct deadline deadline;
    uint64_t accepted_ns;
    uint64_t started_ns;

    enum stream_state request;
    struct mf_window request_window;
    bool wants_credit; /* A write was cut short, or none was made yet. */
    enum stream_state response;
    bool has_response;
    struct mf_window response_window;
    uint64_t response_bytes;
    struct run_splice splice;

    uint64_t log_bytes;
    uint32_t logs_count;
    uint32_t exceptions_count;
    struct mf_map *fetches;                      /* Number to struct run_fetch; NULL before the first. */
    uint32_t fetches_open[MF_FETCH_KINDS_COUNT]; /* Not answered yet. */
    uint32_t fetches_total[MF_FETCH_KINDS_COUNT];
    uint32_t fetch_last;
    size_t cache_bytes;   /* Of what came of the code cache that it makes. */
    uint32_t files_last;  /* Operations on workspaces: the highest number so far, */
    uint32_t files_open;  /* those that are not answered, */
    size_t files_bytes;   /* and what came of the one that is not whole; */
    bool files_is_coming; /* there is one. */

    bool is_heard_of;    /* A frame of it came: it has begun, and cannot begin again elsewhere. */
    bool is_fed;         /* Bytes of its request's body went out. */
    unsigned moves_left; /* How often it may be given to another executor. */

    int error; /* Of mf_run_cancel or the wall limit; for pool->over: what on_done says. */
};

/* Stands in an executor's table for a run that is over here though its DONE never came: what is said of it is ignored. */
extern struct mf_run mf__ghost;

/* ---- an executor (executor.c) ---------------------------------------------------------------
 *
 *           READY              STATUS condemned, a stuck run,
 *                              recycled, replaced
 *   STARTING ------> READY ------------------------------> CONDEMNED
 *      |               |                                    |      | no runs left: DRAIN
 *      | late, attack, | attack, channel closed             |      v
 *      | pool closed   +----------------------------------->+--> DYING ---> reaped, freed
 *      +------------------------------------- SIGKILL ----------->
 */
/* The layers that mf_jail_spawn makes; the executor puts the others on. They come first in the order of layers. */
#define JAIL_NAMESPACES ((1u << (MF_JAIL_MOUNT_NS + 1)) - 1u)

struct executor_log {
    uint64_t second; /* The second that |lines| counts. */
    uint32_t lines;
    uint64_t dropped; /* Since the last line that was logged. */
    size_t size;      /* Of |line|. The rest of one that is too long is skipped. */
    char line[MF_EXECUTOR_LOG_LINE_BYTES_MAX];
    char last[MF_EXECUTOR_LOG_LINE_BYTES_MAX]; /* What the last line said: why it died, perhaps. */
    bool is_last_of_jail;                      /* It said that the jail was refused. */
};

struct executor {
    struct mf_list link; /* pool->executors */
    struct mf_pool *pool;
    struct pool_slot *slot; /* NULL once condemned or dying. */
    unsigned domain;
    enum mf_executor_state state;
    pid_t pid;
    int pid_fd;
    int channel_fd;
    int log_fd;
    uv_poll_t pid_poll;
    uv_poll_t channel_poll;
    uv_poll_t log_poll;
    uv_timer_t timer; /* STARTING: until READY; CONDEMNED: until killed; DYING: until killed for sure. */
    unsigned handles_open;
    bool is_asked_to_end; /* Its death is no crash. */
    bool is_reaped;
    bool is_channel_closed; /* Nothing of it is read or written any more. */
    bool is_gone;           /* It ended by itself: its runs that have not begun may move. */
    bool refuses_runs;      /* It sent a run back; until it says more, others are asked. */
    bool was_ready;
    bool is_blamed;          /* Its end was logged and counted. */
    uint32_t layers_spawned; /* The namespaces that mf_jail_spawn made. */

    struct mf_frame_reader reader;
    struct mf_buf out; /* Encoded frames that are not written yet, from |out_sent| on. */
    size_t out_sent;
    struct mf_list bundles; /* struct mf_run.bundle_link: large bundles that are being sent, in turns */
    struct mf_list dirty;   /* pool->dirty while there is something to write. */
    bool waits_for_room;    /* The socket is full: wait for UV_WRITABLE. */

    struct mf_map *runs_by_number;
    struct mf_list runs;
    uint32_t runs_count;
    uint64_t runs_total;
    uint32_t standby;
    uint32_t layers;
    uint64_t owner;      /* Whose runs it has had, and will have; 0: nobody's yet, or everybody's. */
    uint64_t claimed_ns; /* Since when. */
    uint64_t idle_ns;    /* When its last run left it. */
    uint64_t spawned_ns;
    uint64_t rss_bytes;
    struct executor_log log;
};

/* ---- the pool (pool.c) ---------------------------------------------------------------------- */

struct pool_slot {
    struct mf_pool *pool;
    unsigned domain;
    struct executor *current; /* NULL: its backoff runs, or the pool closes. */
    struct executor *next;    /* Starting, to take |current|'s place. */
    uv_timer_t timer;         /* Backoff. */
    uint64_t backoff_ms;      /* Of the last wait; 0 after a healthy life. */
    bool was_filled;          /* The next one that starts is a restart. */
};

struct pool_domain {
    struct mf_list waiting; /* struct mf_run.link: no executor had room. */
    uint32_t waiting_count;
    bool is_wanted; /* Its slots are filled. */
};

/* Of limits.h; apart from there, so that a test need not wait as long. */
struct pool_times {
    uint64_t start_ms;
    uint64_t start_wait_ms;
    uint64_t cancel_grace_ms;
    uint64_t drain_ms;
    uint64_t recycle_drain_ms;
    uint64_t stuck_ms;
    uint64_t exit_ms;
    uint64_t young_ms;
    uint64_t tenure_ms;
    uint64_t owner_idle_ms;
    uint64_t backoff_ms_min;
    uint64_t backoff_ms_max;
};

struct mf_pool {
    uv_loop_t *loop;
    struct pool_times times;
    uv_prepare_t turn;
    uv_timer_t deadline_timer;
    uv_timer_t splice_timer; /* Runs while |spliced| waits for the next turn. */
    uv_timer_t look_timer;
    uv_timer_t way_timer; /* Somebody waits for an executor whose tenure is not over. */
    unsigned handles_open;

    void (*on_started)(void *user, int error, const char *why);
    void (*on_state)(void *user);
    void *user;
    void (*on_drained)(void *user);
    void *drained_user;
    void (*on_closed)(void *user);
    void *closed_user;
    bool is_started; /* on_started was called, or is no longer to be. */
    bool has_failed; /* The first executor could not start: nothing is started any more. */
    bool is_draining;
    bool is_closing;
    bool is_ended;     /* mf_pool_close was acted upon. */
    bool is_start_due; /* on_started is due, with |start_error| and |why|. */
    bool is_state_new; /* on_state is due. */
    bool has_vacancy;  /* A slot may be empty. */
    int start_error;
    uint64_t armed_ns; /* What deadline_timer is set to; MF_DEADLINE_NEVER: stopped. */

    /* From the config. */
    char *executor_path;
    char *v8_flags;
    uint32_t executors_count; /* Of each domain; of each owner in it when they are kept apart. */
    uint32_t domain_slots;    /* Of each domain, for all owners. */
    bool is_by_owner;         /* owners.c */
    struct mf_map *confined;  /* Of owners: those whose executors leave a processor to others. */
    bool has_warned_of_processors;
    uint32_t runs_max;        /* In each executor. */
    uint32_t threads_max;
    uint32_t standby_count;
    uint64_t recycle_runs;
    uint64_t memory_bytes_max;
    uint64_t heap_bytes_max;   /* The most that any run may ask for. */
    uint64_t run_memory_bytes; /* What a run has that asks for nothing. */
    uint32_t layers;
    uint32_t layers_required;
    uid_t outer_uid;
    gid_t outer_gid;
    bool is_jitless;

    struct pool_slot *slots; /* domain_slots of domain 0, then of domain 1, ... */
    uint32_t slots_count;
    struct pool_domain domains[POOL_DOMAINS];
    struct mf_list executors; /* All that are not freed, the oldest first. */
    struct mf_list dirty;     /* struct executor.dirty */
    struct mf_list beginners; /* struct mf_run.beginner_link */
    struct mf_list spliced;   /* struct run_splice.link */
    struct mf_list over;      /* struct mf_run.link: on_done is due. */
    uint32_t runs_count;      /* Owners that were not told on_done yet. */
    uint32_t number_last;
    bool has_room; /* An executor got room or became ready: look at those that wait. */
    struct deadlines deadlines;

    uint64_t runs_total;
    uint64_t restarts;
    uint64_t crashes;
    uint64_t attacks;
    uint64_t recycled;
    uint64_t retired;
    uint64_t crash_times_ns[MF_EXECUTOR_CRASHES_MAX]; /* A ring: the oldest stands at crashes % max. */
    char v8_version[MF_V8_VERSION_BYTES_MAX];
    char why[MF_JAIL_WHY_BYTES_MAX];
};

/* ---- pool.c --------------------------------------------------------------------------------- */

/* |executor| leaves its slot (condemned, dying, dead): another starts in the turn, or after the backoff. */
void mf__pool_vacate(struct executor *executor, bool is_crash);
/* READY came: it serves; the elder in its slot is condemned. */
void mf__pool_executor_ready(struct executor *executor);
/* A death that nobody asked for. |why| is for the operator. Before any was ready: the whole start has failed. */
void mf__pool_note_crash(struct mf_pool *pool, int error, const char *why);
/* One more is condemned: when they are too many the eldest is killed. */
void mf__pool_trim_condemned(struct mf_pool *pool);
/* The best executor of |domain| for one more run of |owner|, or NULL. */
struct executor *mf__pool_pick(struct mf_pool *pool, unsigned domain, uint64_t owner);
/* May it have one more run, and how many is it as good as having. */
bool mf__pool_has_room(const struct executor *executor);
uint32_t mf__pool_cost(const struct executor *executor);
/* Starts one in an empty slot. */
void mf__pool_fill(struct pool_slot *slot);
/* The domain's executors start, if they have not. */
void mf__pool_want(struct mf_pool *pool, unsigned domain);
/* An executor's last handle was closed and it is freed. */
void mf__pool_executor_gone(struct mf_pool *pool);

/* ---- owners.c: with isolation by tenant ---------------------------------------------------------- */

struct executor *mf__owners_pick(struct mf_pool *pool, unsigned domain, uint64_t owner);
/* Fills empty slots, and has executors make way for those who wait and have none. */
void mf__owners_balance(struct mf_pool *pool, unsigned domain);
/* |executor| is about to have a run of |owner|. */
void mf__owners_claim(struct executor *executor, uint64_t owner);

static inline bool mf__owners_are_apart(const struct mf_pool *pool, unsigned domain)
{
    return pool->is_by_owner || domain == MF_POOL_DOMAIN_MAKERS;
}

/* ---- executor.c ----------------------------------------------------------------------------- */

/* Spawns one for |slot|. |why| has MF_JAIL_WHY_BYTES_MAX. */
MF_MUST_CHECK int
mf__executor_spawn(struct mf_pool *pool, struct pool_slot *slot, struct executor **ret_executor, char *why);
/* READY or STARTING -> CONDEMNED: no new run; it may finish those it has within |drain_ms|. */
void mf__executor_condemn(struct executor *executor, uint64_t drain_ms, const char *why);
/* -> DYING by SIGKILL; its runs end with |error|. */
void mf__executor_kill(struct executor *executor, int error, const char *why);
/* It spoke out of turn: log, kill, count. */
void mf__executor_attacked(struct executor *executor, const char *format, ...) MF_PRINTF(2, 3);
/* A run left it: a condemned one without runs is told to end. */
void mf__executor_run_left(struct executor *executor);
void mf__executor_look(struct executor *executor); /* Reads its resident memory. */

/* ---- channel.c ------------------------------------------------------------------------------ */

/* Where to encode a frame for |executor|; it is written at the end of the turn. */
struct mf_buf *mf__channel_out(struct executor *executor);
/* The result of an mf_encode_*: a queue that is full means that the executor does not read: it is killed. */
void mf__channel_queued(struct executor *executor, int error);
/* Writes what is queued, as far as the socket takes it and at most a fair share. */
void mf__channel_flush(struct executor *executor);
/* Queues |run|'s START, and its bundle whole or for sending in pieces. */
void mf__channel_start_run(struct executor *executor, struct mf_run *run);
void mf__channel_on_poll(uv_poll_t *poll, int status, int events);
/* Reads and handles what a dead executor left in the socket. */
void mf__channel_read_rest(struct executor *executor);
void mf__channel_done(struct executor *executor);

/* ---- frames.c ------------------------------------------------------------------------------- */

/* Handles one frame. MF_E_WIRE: it was out of turn; the executor is dealt with already. */
MF_MUST_CHECK int mf__frame_handle(struct executor *executor, const struct mf_frame *frame);

/* What an executor does that it must not: logs, kills, counts. Always MF_E_WIRE. */
int mf__frame_attack(struct executor *executor, const struct mf_run *run, const char *what);

/* ---- fetch.c: handlers of frames about a fetch, as those of frames.c -------------------------- */

int mf__files_on_files(struct executor *executor, struct mf_run *run, const struct mf_msg_files *message);
int mf__fetch_on_fetch(struct executor *executor, struct mf_run *run, const struct mf_msg_fetch *message);
int mf__fetch_on_abort(struct executor *executor, struct mf_run *run, uint32_t number);
/* Of streams past MF_STREAM_RESPONSE: the body of a request comes, credit and stop come for that of a response. */
int mf__fetch_on_data(struct executor *executor, struct mf_run *run, const struct mf_msg_stream_data *data);
/* |error| 0: STREAM_END, else STREAM_ABORT. */
int mf__fetch_on_end(struct executor *executor, struct mf_run *run, uint32_t stream, int error);
int mf__fetch_on_credit(struct executor *executor,
                        struct mf_run *run,
                        const struct mf_msg_stream_credit *credit);
int mf__fetch_on_stop(struct executor *executor, struct mf_run *run, uint32_t stream);
/* The run ends: its owner hears no more of any. */
void mf__fetch_drop_all(struct mf_run *run);

struct run_fetch *mf__fetch_find(const struct mf_run *run, uint32_t number);
/* STREAM_END or, with |error|, STREAM_ABORT of its response, if that is open. */
void mf__fetch_end(struct mf_run *run, uint32_t number, int error, struct mf_slice text);

/* ---- splice.c ---------------------------------------------------------------------------------- */

void mf__splice_init(struct run_splice *splice);
void mf__splice_done(struct run_splice *splice);
int mf__splice_on_splice(struct executor *executor, struct mf_run *run, uint32_t number);
int mf__splice_on_rest(struct executor *executor, struct mf_run *run, uint32_t number);
/* Whether what is written and said of this fetch's response goes through here. */
bool mf__splice_has(const struct mf_run *run, uint32_t number);
size_t mf__splice_write(struct mf_run *run, struct run_fetch *fetch, struct mf_slice bytes);
void mf__splice_end(struct mf_run *run, int error, struct mf_slice text);
/* The executor wants no more of the fetch. */
void mf__splice_break(struct mf_run *run);
void mf__splice_consumed(struct mf_run *run, size_t bytes);
/* Tells the owners of all that are in pool->spliced now. */
void mf__splice_tell(struct mf_pool *pool);

/* ---- stderr.c ------------------------------------------------------------------------------- */

void mf__log_on_poll(uv_poll_t *poll, int status, int events);
void mf__log_read(struct executor *executor);

/* ---- run.c ---------------------------------------------------------------------------------- */

void mf__run_start(struct mf_run *run, struct executor *executor);
/* Of its whole bundle. */
size_t mf__run_bundle_bytes(const struct mf_run *run);
/* From |at| on, as many as lie together, at most |bytes_max|. */
struct mf_slice mf__run_bundle_piece(const struct mf_run *run, size_t at, size_t bytes_max);
/* It is not needed any more. */
void mf__run_bundle_forget(struct mf_run *run);
/* SENDS is over: the last byte of the bundle is on its way. */
void mf__run_bundle_sent(struct mf_run *run);
/* Whether another executor may have it: nothing of it was seen or fed, and its bundle is still here. */
bool mf__run_may_move(const struct mf_run *run);
/* Back to WAITS, first in line. */
void mf__run_move(struct mf_run *run);
/* DONE came. */
void mf__run_finish(struct mf_run *run, const struct mf_msg_done *done);
/* It ends without DONE; on_done is called in the turn. */
void mf__run_fail(struct mf_run *run, int error);
/* Calls on_done for all in pool->over. */
void mf__run_tell_over(struct mf_pool *pool);
void mf__run_on_deadline(struct mf_run *run);
/* on_request_credit, if it is due. */
void mf__run_offer_credit(struct mf_run *run);
/* STREAM_STOP of the response. */
void mf__run_send_stop(struct mf_run *run);
/* Events go to the owner: not after cancel, wall limit or end. */
bool mf__run_is_heard(const struct mf_run *run);

#endif
