/* mayfly/pool.h - mayflyd's view of its executors: starts them, gives them runs, moves the bytes, replaces the dead.
 *
 * Use:      mf_pool_open; wait for on_started. mf_pool_run for each admitted run, then its events until on_done.
 *           mf_pool_drain, mf_pool_close.
 * Threads:  [loop] everything.
 * Owns:     a run is the pool's; it is valid from mf_pool_run until its on_done returns. Slices in events are borrowed
 *           for the call. mf_pool_run moves the bundle's bytes.
 * Limits:   MF_EXECUTOR_*, MF_POOL_*, MF_STREAM_*; each run's own are in its spec. What a run may say (log bytes, response
 *           bytes, exceptions) is checked here again: an executor that lets more pass is hostile.
 * Fails:    on_done is called exactly once for every run that mf_pool_run took, whatever happens: MF_E_EXECUTOR_LOST when
 *           its executor died, MF_E_EXECUTOR_PROTOCOL when the executor was killed for speaking out of turn,
 *           MF_E_NO_EXECUTOR when none became ready in time, MF_E_AGAIN when executors sent it back unbegun too often,
 *           MF_E_CLOSED when the pool was closed. No event is called inside a function of this door.
 * Not here: how many runs there may be and who waits (admit), JSON and HTTP (api), the jail (jail), egress (outbound).
 */
#ifndef MAYFLY_POOL_H
#define MAYFLY_POOL_H

#include <sys/types.h>

#include <uv.h>

#include <mayfly/base.h>
#include <mayfly/config.h>
#include <mayfly/wire.h>

struct mf_pool;
struct mf_run;

/* ---- code that runs share -------------------------------------------------------------------- */

/* Parts of a bundle that many runs have in common: immutable, counted, never copied as a whole. */
struct mf_code;
/* Moves the bytes of |parts|. NULL: no memory, nothing was moved. [any] Everything else: [loop]. */
MF_OWN struct mf_code *mf_code_new(struct mf_buf *parts);
void mf_code_ref(struct mf_code *code);
void mf_code_unref(MF_OWN struct mf_code *code); /* NULL is fine. */
struct mf_slice mf_code_parts(const struct mf_code *code);

/* ---- the pool ------------------------------------------------------------------------------ */

struct mf_pool_options {
    const struct mf_config *config; /* Borrowed for the call: what is needed is copied. */
    /* Once: 0 when the first executor is ready; else the first could not start (MF_E_JAIL, MF_E_NO_EXECUTOR)
     * and |why| has a sentence for the operator. After an error nothing is started any more: call
     * mf_pool_close. */
    void (*on_started)(void *user, int error, const char *why);
    /* Something that mf_pool_state shows has changed. May be NULL. */
    void (*on_state)(void *user);
    void *user;
};

/* Begins to start the executors. |ret_why| (MF_JAIL_WHY_BYTES_MAX) has a sentence on error. */
MF_MUST_CHECK int mf_pool_open(uv_loop_t *loop,
                               const struct mf_pool_options *options,
                               MF_OWN struct mf_pool **ret_pool,
                               char *ret_why);
/* Takes no new run; calls back (never inside this call) when the last one is done. */
void mf_pool_drain(struct mf_pool *pool, void (*on_drained)(void *user), void *user);
/* Ends every run (MF_E_CLOSED), kills the executors, calls back when they are reaped; the pool is freed
 * before that. */
void mf_pool_close(MF_OWN struct mf_pool *pool, void (*on_closed)(void *user), void *user);

enum mf_executor_state {
    MF_EXECUTOR_STARTING,  /* Spawned; READY has not come. */
    MF_EXECUTOR_READY,     /* Takes runs. */
    MF_EXECUTOR_CONDEMNED, /* Takes no run; its last ones may finish. */
    MF_EXECUTOR_DYING,     /* Killed or told to exit; not reaped yet. */
};
const char *mf_executor_state_name(enum mf_executor_state state); /* "starting" */

#define MF_V8_VERSION_BYTES_MAX 64

struct mf_pool_state {
    uint32_t executors_wanted; /* Of domain 0, and so are those that are ready. */
    uint32_t executors_ready;
    uint32_t runs;         /* Under way in executors. */
    uint32_t runs_waiting; /* Taken, but no executor is ready for them. */
    uint32_t layers;       /* Mask of jail layers that every ready executor has; 0 when none is ready. */
    uint64_t runs_total;
    uint64_t restarts; /* Executors that took a dead, condemned or recycled one's place. */
    uint64_t crashes;  /* Deaths that nobody asked for. */
    uint64_t attacks;  /* Executors killed for breaking the protocol. */
    uint64_t recycled;
    uint64_t retired; /* Executors that made way for another owner. */
    bool is_degraded; /* MF_EXECUTOR_CRASHES_MAX within MF_EXECUTOR_CRASH_WINDOW_MS. */
    bool is_draining;
    char v8_version[MF_V8_VERSION_BYTES_MAX]; /* "" before the first was ready. Printable ASCII. */
    char why[MF_JAIL_WHY_BYTES_MAX];          /* Why the last executor ended that nobody asked to; or "". */
};
void mf_pool_state(const struct mf_pool *pool, struct mf_pool_state *ret_state);

struct mf_executor_info {
    pid_t pid;
    unsigned domain;
    uint64_t owner; /* 0: nobody's yet, or everybody's. */
    enum mf_executor_state state;
    uint32_t runs;
    uint32_t standby;
    uint32_t layers;
    uint64_t runs_total;
    uint64_t rss_bytes; /* As of the last look, 0 before. */
    uint64_t age_ms;
};
/* The executor at |index| (0 and up) of those that live; false past the last. */
bool mf_pool_executor(const struct mf_pool *pool, size_t index, struct mf_executor_info *ret_info);

/* Where the config isolates tenants: the executors of |owner|, also those that it gets later, leave one processor to the others, or no
 * longer. The loop is not held up by it for more than some ten microseconds for each. */
void mf_pool_confine(struct mf_pool *pool, uint64_t owner, bool is_confined);

/* ---- a run --------------------------------------------------------------------------------- */

/* The domain of those that make code caches: each of its runs has a process of its own, which ends with it. */
#define MF_POOL_DOMAIN_MAKERS ((unsigned)MF_POOL_DOMAINS_MAX)

struct mf_run_spec {
    const char *id; /* For log lines; copied. */
    uint64_t cpu_ns;
    uint64_t wall_ns; /* From START on; kept by the pool. */
    uint64_t memory_bytes;
    uint64_t response_bytes;
    uint32_t log_bytes;
    uint32_t subrequests;
    uint32_t calls; /* Of tools. */
    uint32_t flags; /* enum mf_start_flags. */
    /* Runs of different domains are never in one process. Domain 0 has its executors from the start, another one as many when
     * its first run comes. Its runs may begin while the pool drains: those of a domain below wait for them. Below
     * MF_POOL_DOMAINS_MAX, or MF_POOL_DOMAIN_MAKERS. */
    unsigned domain;
    /* Where the config isolates tenants, and among makers, runs of different owners are never in one process either, in all of its life. Above 0. */
    uint64_t owner;
    struct mf_code *code; /* Parts before those of |bundle|, or NULL; gets a reference. */
    struct mf_buf bundle; /* Parts (mf_bundle_append); its bytes move to the pool when it answers 0. */
};

struct mf_run_result {
    int error;            /* 0, or what ended the run. */
    struct mf_slice text; /* What the caller is told; empty: the error's own sentence. UTF-8. */
    uint64_t cpu_ns;
    uint64_t host_wait_ns;
    uint64_t wall_ns;  /* From START to the end, by the daemon's clock. */
    uint64_t queue_ns; /* From mf_pool_run to START. */
    uint64_t memory_peak_bytes;
    uint32_t subrequests;
    uint32_t calls;
    uint32_t logs_dropped;
    uint32_t exceptions_dropped;
    uint8_t cache_use; /* As DONE says; the executor may lie. */
};

/* Any may be NULL but on_done. Order: logs and exceptions at any time; response, body..., body_end or
 * body_abort; done. After mf_run_cancel and after the wall limit only on_log, on_exception and on_done still
 * come. on_done before the body has ended means: the body is cut off. */
struct mf_run_events {
    void (*on_log)(struct mf_run *run, void *user, const struct mf_msg_log *log);
    void (*on_exception)(struct mf_run *run, void *user, const struct mf_msg_exception *exception);
    /* The head, once; without has_body no body event follows. Its header list was checked, its status is 200 to 599, its text printable. */
    void (*on_response)(struct mf_run *run, void *user, const struct mf_msg_response *response);
    /* At most MF_STREAM_WINDOW_BYTES. Tell mf_run_body_consumed when they went on. */
    void (*on_body)(struct mf_run *run, void *user, struct mf_slice bytes);
    void (*on_body_end)(struct mf_run *run, void *user);
    void (*on_body_abort)(struct mf_run *run, void *user, int error, struct mf_slice text);
    /* mf_run_write will take bytes (again). Comes first when the run was started, if it has a body. */
    void (*on_request_credit)(struct mf_run *run, void *user);
    /* The worker wants no more of the request's body: drop the rest. mf_run_write takes everything from now
     * on. */
    void (*on_request_stop)(struct mf_run *run, void *user);
    /* Only with MF_START_FETCH_ALLOWED, of the kind MF_FETCH_CALL only with MF_START_CALLS_ALLOWED. NULL: answered with
     * MF_E_OUTBOUND_BLOCKED or MF_E_CALL_REFUSED. Header list checked; method and URL are printable, of a call they are UTF-8 without control characters.
     * Its number is new; answer with mf_run_fetch_head or mf_run_fetch_fail. The others only of such a fetch. */
    void (*on_fetch)(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch);
    /* The worker took it back: nothing more is said of it, and what is answered is dropped. */
    void (*on_fetch_abort)(struct mf_run *run, void *user, uint32_t fetch);
    /* With has_body: pieces of the request's body, at most a window ahead of mf_run_fetch_body_consumed, then its end.
     * |error| 0: it was whole, of the size that was told; else the worker broke it off. */
    void (*on_fetch_body)(struct mf_run *run, void *user, uint32_t fetch, struct mf_slice bytes);
    void (*on_fetch_body_end)(struct mf_run *run, void *user, uint32_t fetch, int error);
    /* mf_run_fetch_write will take bytes again. */
    void (*on_fetch_credit)(struct mf_run *run, void *user, uint32_t fetch);
    /* The worker wants no more of the response's body: mf_run_fetch_write takes everything from now on. */
    void (*on_fetch_stop)(struct mf_run *run, void *user, uint32_t fetch);
    /* Only with MF_START_FILES_ALLOWED: a part of operation |files->op| on a workspace; at most MF_RUN_FILE_OPS_OPEN_MAX are not
     * answered, each of MF_RUN_FILE_OP_BYTES_MAX in all. Answer the whole one with mf_run_files_answer. */
    void (*on_files)(struct mf_run *run, void *user, const struct mf_msg_files *files);
    /* Only with MF_START_MAKES_CACHE: a piece of it, at most MF_CODE_CACHE_BYTES_MAX in all; nothing in it was looked at. */
    void (*on_code_cache)(struct mf_run *run, void *user, struct mf_slice bytes);
    void (*on_done)(struct mf_run *run, void *user, const struct mf_run_result *result);
};

/* |events| lives as long as the run. Waits inside when no executor is ready (MF_POOL_START_WAIT_MS).
 * MF_E_DRAINING, MF_E_OVERLOADED, MF_E_TOO_LARGE (bundle): nothing was taken. */
MF_MUST_CHECK int mf_pool_run(struct mf_pool *pool,
                              struct mf_run_spec *spec,
                              const struct mf_run_events *events,
                              void *user,
                              struct mf_run **ret_run);

/* The request's body, with MF_START_HAS_BODY. Returns how many of |bytes| were taken (copied); when that is
 * less than all, wait for on_request_credit and offer the rest again. */
MF_MUST_CHECK size_t mf_run_write(struct mf_run *run, struct mf_slice bytes);
void mf_run_end_request(struct mf_run *run);
/* The body cannot be completed (|error|: MF_E_HTTP_TIMEOUT, MF_E_CANCELED, ...). */
void mf_run_abort_request(struct mf_run *run, int error);

/* |bytes| of on_body went on to the client: the worker may send as many again. */
void mf_run_body_consumed(struct mf_run *run, size_t bytes);
/* Nobody wants the rest of the response's body (HEAD, or the client left but the run may go on). No on_body
 * after it. */
void mf_run_stop_body(struct mf_run *run);

/* Ends the run with |error| (MF_E_CANCELED); on_done follows with it, at the latest after
 * MF_RUN_CANCEL_GRACE_MS. May be called again: nothing happens. */
void mf_run_cancel(struct mf_run *run, int error);

/* The answer to on_fetch, one of two. All of these do nothing for a fetch that is over or was taken back. */
void mf_run_fetch_fail(struct mf_run *run, uint32_t fetch, int error, struct mf_slice text);
/* With has_body its body follows. MF_E_TOO_LARGE, MF_E_INVALID: nothing was said; fail it. */
MF_MUST_CHECK int mf_run_fetch_head(struct mf_run *run, const struct mf_msg_fetch_head *head);
/* As mf_run_write: how many of |bytes| were taken; when less than all, on_fetch_credit comes. */
MF_MUST_CHECK size_t mf_run_fetch_write(struct mf_run *run, uint32_t fetch, struct mf_slice bytes);
void mf_run_fetch_end(struct mf_run *run, uint32_t fetch);
/* The body breaks off here. |text| is what the worker is told. */
void mf_run_fetch_abort(struct mf_run *run, uint32_t fetch, int error, struct mf_slice text);
/* |bytes| of on_fetch_body went on: the worker may send as many again. */
void mf_run_fetch_body_consumed(struct mf_run *run, uint32_t fetch, size_t bytes);
/* Nobody wants the rest of the request's body; no on_fetch_body after it. */
void mf_run_fetch_body_stop(struct mf_run *run, uint32_t fetch);

/* The answer to on_files, of at most MF_RUN_FILE_OP_BYTES_MAX. */
void mf_run_files_answer(struct mf_run *run, uint32_t op, bool is_error, struct mf_slice bytes);

const char *mf_run_id(const struct mf_run *run);
pid_t mf_run_executor_pid(const struct mf_run *run); /* 0 while it waits for one. */

#endif
