/* harness.h - the host of mayfly-runtime-harness: one run at a time, one thread, an imaginary clock.
 *
 * Timers jump the clock instead of waiting; incoming bodies come in the pieces that the test gave; fetch() is refused unless the
 * test says what it answers. What the script does is printed as one JSON object a line.
 */
#ifndef MAYFLY_TESTS_RUNTIME_HARNESS_H
#define MAYFLY_TESTS_RUNTIME_HARNESS_H

#include <stdio.h>
#include <stdlib.h>

#include <mayfly/runtime.h>

#define HARNESS_BYTES_MAX ((size_t)256 << 20)
#define HARNESS_MODULES_MAX 256
#define HARNESS_PIECES_MAX 4096
#define HARNESS_TURNS_MAX 100000

/* What a test asks for; reset after each run. */
struct harness_case {
    struct mf_arena *arena;
    struct mf_module modules[HARNESS_MODULES_MAX];
    size_t modules_count;
    struct mf_slice main;
    struct mf_slice date;
    struct mf_slice flags;
    struct mf_slice entrypoint;
    struct mf_slice env;
    struct mf_slice props;
    struct mf_slice method;
    struct mf_slice url;
    struct mf_slice headers;
    struct mf_slice pieces[HARNESS_PIECES_MAX]; /* Of the request's body. */
    size_t pieces_count;
    bool has_body;
    struct mf_slice program; /* Options of the main module's text as one; empty: it is a module. */
    struct mf_slice answer;  /* Of every call: its JSON; empty: {"ok": what it was called with}. */
    struct mf_slice answer_type;
    struct mf_slice body_error; /* After the pieces; empty: BODY_END. */
    bool is_slow;               /* Every write of the response answers "full". */
    uint32_t stop_after;        /* BODY_STOP after so many writes; 0: never. */
    struct mf_slice
        fetch; /* "echo", "fail", "limit", "pairs" (fail, two at a time), "never" or empty: refused. */
    bool is_tool;
    bool is_transform;
    uint64_t memory_bytes_max;
};

/* One event that waits to be delivered. */
struct harness_event {
    struct mf_list list;
    uint32_t kind;
    uint32_t number;
    struct mf_slice bytes;
};

/* A call of a tool: what it is called with, then its answer. */
struct harness_call {
    struct mf_buf body;
    bool is_answered;
};

struct harness_timer {
    struct mf_list list;
    uint32_t id;
    uint64_t due_ms;
    uint64_t order;
};

struct harness {
    struct mf_runtime_host base;
    struct harness_case *test;
    struct mf_list events;
    struct mf_list timers;
    uint64_t now_ms;
    uint64_t order;
    size_t piece;          /* Next one of the request's body. */
    uint32_t writes;       /* On the response. */
    uint32_t echo_pulls;   /* Of a fetch's answer. */
    struct mf_buf echo;    /* What the last fetch sent. */
    uint32_t fetches_open; /* Of "pairs". */
    struct mf_map *calls;  /* Number to struct harness_call. */
    uint32_t wait_until;
    bool is_finished;
};

void harness_init(struct harness *harness, struct harness_case *test);
void harness_done(struct harness *harness);
/* NULL: |fetch| is none. */
struct harness_call *harness_call(struct harness *harness, uint32_t fetch);
/* The next event, or false: nothing will ever come. The caller frees it with mf_free. */
bool harness_next(struct harness *harness, struct harness_event **ret_event);

/* JSON lines on standard output. */
void print_begin(const char *event);
void print_text(const char *name, struct mf_slice text);
void print_number(const char *name, double number);
void print_bytes(const char *name, struct mf_slice bytes); /* base64 */
void print_end(void);

#endif
