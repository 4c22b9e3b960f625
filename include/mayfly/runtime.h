/* mayfly/runtime.h - the Web API that a worker sees: its JavaScript (src/runtime/js), its ops, and what they ask of a host.
 *
 * Use:      give mf_runtime_program to the engine; give mf_isolate_attach a host that begins with
 *           struct mf_runtime_host; deliver the events below.
 * Threads:  [isolate] every call of struct mf_runtime_calls comes inside a turn, on the thread that owns the isolate.
 * Owns:     slices in calls are borrowed for the call.
 * Limits:   MF_RUN_*, MF_STREAM_*, MF_HEADERS_*.
 * Fails:    a call's error below zero becomes a JavaScript exception with the error's sentence.
 * Not here: what is allowed (the daemon decides), threads, frames.
 */
#ifndef MAYFLY_RUNTIME_H
#define MAYFLY_RUNTIME_H

#include <mayfly/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const struct mf_engine_program mf_runtime_program;

/* ---- events: host -> JavaScript (mf_isolate_deliver), arguments in order ------------------- */
/* Header lists are one LATIN1 string: name NUL value NUL, repeated. Streams are numbered as in wire.h. */
#define MF_EVENT_MAP(XX)                                                                                                  \
    /* compatibilityDate, compatibilityFlags (JSON array), entrypoint, env (JSON), props (JSON), request method,        \
       url, headers, has body, options of a program (JSON; empty: there is none), lines that were taken off before it,     \
       workspaces (JSON array): evaluate the main module and call the handler, or run the main module's text as a program. */ \
    XX(START, 1)                                                                                                          \
    XX(TIMER, 2)      /* timer id: it is due. */                                                                          \
    XX(BODY_DATA, 3)  /* stream, bytes: answer to one body_pull. */                                                       \
    XX(BODY_END, 4)   /* stream: no more bytes. */                                                                        \
    XX(BODY_ERROR, 5) /* stream, text: the other side broke off. */                                                       \
    XX(BODY_DRAIN, 6) /* stream: a body_write that answered "full" may go on. */                                          \
    /* fetch id, status, status text, headers, url, redirected, has body; of a call whose answer is here to its end also the body    \
       (bytes), and nothing of it follows. */                                                                             \
    XX(FETCH_HEAD, 7)                                                                                                     \
    XX(FETCH_FAIL,                                                                                                        \
       8) /* fetch id, text, is a network error (else the run may not: an Error, no TypeError). */                        \
    XX(BODY_STOP, 9) /* stream: the receiver wants no more (client gone); cancel the source. */                           \
    XX(STRIP, 10)    /* tool isolates only: source, file name, transform: strip TypeScript types. */                      \
    XX(WARM, 11)     /* tool isolates only: load the stripper. */                                                         \
    XX(FILES, 12)    /* operation, answer (bytes), or the name of an error (text). */

enum mf_event {
#define XX(name, number) MF_EVENT_##name = (number),
    MF_EVENT_MAP(XX)
#undef XX
};

/* ---- calls: JavaScript -> host, through the ops -------------------------------------------- */

enum mf_log_method { /* console.<method>; order is the wire's. */
                     MF_CONSOLE_DEBUG,
                     MF_CONSOLE_INFO,
                     MF_CONSOLE_LOG,
                     MF_CONSOLE_WARN,
                     MF_CONSOLE_ERROR,
};

struct mf_exception {
    struct mf_slice name;    /* "TypeError" */
    struct mf_slice message; /* UTF-8, cut at MF_RUN_TEXT_BYTES_MAX. */
    struct mf_slice stack;   /* As V8 wrote it, the runtime's own frames taken out. */
    struct mf_slice module;  /* Where it was thrown, or empty. */
    uint32_t line;           /* 1-based, 0 when unknown. */
    uint32_t column;         /* 1-based, 0 when unknown. */
};

#define MF_RUNTIME_BODY_BYTES_UNKNOWN UINT64_MAX /* As MF_BODY_BYTES_UNKNOWN of wire.h. */
#define MF_RUNTIME_FETCH_LATER 1
#define MF_RUNTIME_FILES_LATER 1

struct mf_runtime_fetch {
    uint32_t number;   /* The caller's, from 1, rising with each that was sent. */
    uint32_t kind;     /* enum mf_fetch_kind of wire.h */
    uint32_t redirect; /* 0 follow, 1 manual, 2 error */
    struct mf_slice method;
    struct mf_slice url;
    struct mf_slice headers; /* A header list. */
    bool has_body;
    bool is_again;
    uint64_t body_bytes; /* With has_body; may be unknown. */
};

struct mf_runtime_host; /* Begins the owner's session: struct session { struct mf_runtime_host base; ... }. */

/* What became of a TypeScript module. */
struct mf_runtime_stripped {
    int error;                /* 0, or MF_E_SYNTAX, MF_E_UNSUPPORTED. */
    struct mf_slice text;     /* JavaScript; with an error its message. */
    struct mf_slice mappings; /* Of struct mf_module. */
    uint32_t line;            /* Of the error; 0: unknown. */
    uint32_t column;
};

struct mf_runtime_calls {
    void (*log)(struct mf_runtime_host *host, enum mf_log_method method, struct mf_slice text);
    /* One uncaught exception or unhandled rejection; the run goes on unless |finish| follows. */
    void (*exception)(struct mf_runtime_host *host, const struct mf_exception *exception);
    /* One-shot; answers with MF_EVENT_TIMER not before |delay_ms|. MF_E_TOO_MANY past MF_RUN_TIMERS_MAX. */
    int (*timer_set)(struct mf_runtime_host *host, uint32_t timer, uint64_t delay_ms);
    void (*timer_clear)(struct mf_runtime_host *host, uint32_t timer);
    /* The response's head, once. |headers| is a header list. Its body follows on MF_STREAM_RESPONSE. */
    int (*respond)(struct mf_runtime_host *host,
                   uint32_t status,
                   struct mf_slice status_text,
                   struct mf_slice headers,
                   bool has_body);
    /* Outgoing bodies. *ret_full true: wait for MF_EVENT_BODY_DRAIN before the next write. */
    int (*body_write)(struct mf_runtime_host *host, uint32_t stream, struct mf_slice bytes, bool *ret_full);
    int (*body_end)(struct mf_runtime_host *host, uint32_t stream);
    void (*body_abort)(struct mf_runtime_host *host, uint32_t stream, struct mf_slice text);
    /* Incoming bodies: one pull is answered by one BODY_DATA, BODY_END or BODY_ERROR, never inside the call. */
    int (*body_pull)(struct mf_runtime_host *host, uint32_t stream);
    /* 1: the rest of |from| goes to |to| without more calls; its BODY_END or BODY_ERROR follows as after a pull, or a BODY_STOP of
     * |to|, and |to| is ended or aborted after that like any other. 0: nothing was done. */
    int (*body_copy)(struct mf_runtime_host *host, uint32_t from, uint32_t to);
    void (*body_cancel)(struct mf_runtime_host *host, uint32_t stream);
    /* fetch(), or a call of a tool: 0, or MF_RUNTIME_FETCH_LATER: it is counted, but MF_RUN_FETCHES_OPEN_MAX (MF_RUN_CALLS_OPEN_MAX)
     * are not answered yet: call again, with |is_again|, when one of them is. MF_E_OUTBOUND_BLOCKED, MF_E_LIMIT_SUBREQUESTS;
     * MF_E_CALL_REFUSED, MF_E_LIMIT_CALLS. */
    int (*fetch)(struct mf_runtime_host *host, const struct mf_runtime_fetch *fetch);
    void (*fetch_abort)(struct mf_runtime_host *host, uint32_t fetch);
    /* An operation on a workspace, by its place in START's list, answered with MF_EVENT_FILES: 0 and its number, or
     * MF_RUNTIME_FILES_LATER: as many as may be under way are; call again when one of them is answered. MF_E_FILES_REFUSED,
     * MF_E_LIMIT_FILE_OPS, MF_E_TOO_LARGE, MF_E_AGAIN. */
    int (*files)(struct mf_runtime_host *host, uint32_t mount, struct mf_slice bytes, uint32_t *ret_number);
    /* The same, and waits for the answer on this thread. MF_E_CANCELED: the run ends. */
    int (*files_wait)(struct mf_runtime_host *host,
                      uint32_t mount,
                      struct mf_slice bytes,
                      bool *ret_is_error,
                      MF_OWN struct mf_buf *ret_answer);
    /* How many ctx.waitUntil promises are open; only for hang detection and the end of a run. */
    void (*wait_until)(struct mf_runtime_host *host, uint32_t open_count);
    /* Nothing will follow: response and waitUntil are done (0) or the run failed (an MF_E_*: EXCEPTION, STARTUP,
     * SYNTAX ...). |text| is what the caller is told. The isolate may be thrown away once the turn ends. */
    void (*finish)(struct mf_runtime_host *host, int error, struct mf_slice text);
    /* Tool isolates: the answer to STRIP. */
    void (*stripped)(struct mf_runtime_host *host, const struct mf_runtime_stripped *stripped);
};

struct mf_runtime_host {
    const struct mf_runtime_calls *calls;
};

#ifdef __cplusplus
}
#endif
#endif
