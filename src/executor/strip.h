/* strip.h - TypeScript to JavaScript, inside the jail, by a tool isolate that this process keeps for it.
 *
 * Threads:  [any] all but _init, _done. One module at a time: the tool isolate has a lock.
 * Limits:   MF_TYPESCRIPT_*. The CPU is the run's own: watched, and counted by the caller.
 * Fails:    MF_E_SYNTAX with a message and a place; MF_E_LIMIT_CPU, MF_E_LIMIT_MEMORY (the tool is replaced), MF_E_NO_MEMORY.
 */
#ifndef MAYFLY_EXECUTOR_STRIP_H
#define MAYFLY_EXECUTOR_STRIP_H

#include <mayfly/runtime.h>

#include "strip_cache.h"
#include "watchdog.h"

struct mf_strip_error {
    struct mf_buf message; /* The caller's; may stay empty. */
    uint32_t line;
    uint32_t column;
};

struct mf_strip {
    struct mf_runtime_host base; /* The tool isolate's host. */
    struct mf_watchdog *watchdog;
    struct mf_strip_cache cache; /* Has its own lock. */
    pthread_mutex_t mutex; /* Guards all below. Held over a whole strip: under it the watchdog's is locked. */
    struct mf_isolate *tool; /* NULL: to be made. */
    bool is_warm;
    void *subject;         /* Whose strip it is, while one is under way. */
    struct mf_watch watch; /* Over a strip. */
    struct mf_buf text;    /* What the tool answered. */
    struct mf_buf mappings;
    int result;
    bool has_result;
    uint32_t line;
    uint32_t column;
};

void mf_strip_init(struct mf_strip *strip, struct mf_watchdog *watchdog);
void mf_strip_done(struct mf_strip *strip);
/* [isolate] A chore: makes and warms the tool. False: it is warm. */
MF_MUST_CHECK bool mf_strip_warm(struct mf_strip *strip);
/* [isolate] |source| of the module |name|, with |cpu_ns| at most; |subject| goes to the watchdog. *ret_idle_cpu_ns is CPU
 * that was not the module's (making the tool). */
MF_MUST_CHECK int mf_strip_module(struct mf_strip *strip,
                                  struct mf_slice name,
                                  struct mf_slice source,
                                  uint64_t cpu_ns,
                                  void *subject,
                                  struct mf_stripped **ret_stripped,
                                  struct mf_strip_error *ret_error,
                                  uint64_t *ret_idle_cpu_ns);
/* [isolate] From the engine's handler: the tool's host ran out of memory on this thread. Gives the lock back; returns whose
 * strip it was (NULL: none's). */
MF_MUST_CHECK void *mf_strip_lose_tool(struct mf_strip *strip);

#endif
