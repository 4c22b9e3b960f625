/* fake.h - an engine without V8, and a real executor around it, in this process.
 *
 * A module's source is the name of a script below; a script is a C function that hears every event of its isolate. The
 * archive of the real engine is linked behind this one and never reached.
 */
#ifndef MAYFLY_TESTS_EXECUTOR_FAKE_H
#define MAYFLY_TESTS_EXECUTOR_FAKE_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "executor_peer.h"

#include "executor.h"
#include "loop.h"
#include "session.h"

struct mf_isolate {
    struct mf_runtime_host *host;
    const struct mf_runtime_calls *calls;
    const struct fake_script *script;
    _Atomic int terminated; /* Relaxed suffices: it is polled, and carries nothing but itself. */
    bool is_entered;
    bool is_tool;
    uint64_t memory_bytes_max;
    int step; /* The script's own. */
    char method[16];
    bool has_body;
};

typedef int (*fake_fn)(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count);

struct fake_script {
    const char *name;
    fake_fn fn;
};

/* The test's table, ended by a NULL name. */
extern const struct fake_script fake_scripts[];
/* What the tool isolate does with STRIP and WARM. */
extern fake_fn fake_tool;

static atomic_int fake_live; /* Isolates. Relaxed: read when all threads have stopped. */
static atomic_int fake_made;
static mf_engine_on_oom fake_oom_handler;
static sem_t fake_parked; /* Posted when a thread parks for good. */

void mf_engine_trim(void)
{
}

void mf_engine_set_oom_handler(mf_engine_on_oom on_oom)
{
    fake_oom_handler = on_oom;
}

int mf_isolate_new(const struct mf_isolate_options *options, struct mf_isolate **ret_isolate)
{
    *ret_isolate = calloc(1, sizeof(**ret_isolate));
    (*ret_isolate)->is_tool = options->is_tool;
    atomic_fetch_add(&fake_live, 1);
    atomic_fetch_add(&fake_made, 1);
    return 0;
}

void mf_isolate_free(struct mf_isolate *isolate)
{
    if (isolate != NULL) {
        MF_CHECK(!isolate->is_entered);
        atomic_fetch_sub(&fake_live, 1);
        free(isolate);
    }
}

void mf_isolate_attach(struct mf_isolate *isolate,
                       struct mf_isolate_host *host,
                       const struct mf_isolate_limits *limits)
{
    MF_CHECK(isolate->host == NULL);
    isolate->host = (struct mf_runtime_host *)host;
    isolate->calls = isolate->host->calls;
    isolate->memory_bytes_max = limits->memory_bytes_max;
}

int mf_isolate_set_modules(struct mf_isolate *isolate,
                           const struct mf_module *modules,
                           size_t count,
                           struct mf_slice main)
{
    for (size_t i = 0; i < count; i++) {
        if (mf_slice_equal(modules[i].name, main)) {
            for (const struct fake_script *script = fake_scripts; script->name != NULL; script++) {
                if (mf_slice_equal_cstr(modules[i].body, script->name)) {
                    isolate->script = script;
                    return 0;
                }
            }
        }
    }
    return MF_E_NOT_FOUND;
}

void mf_isolate_enter(struct mf_isolate *isolate, size_t stack_bytes)
{
    MF_CHECK(!isolate->is_entered && stack_bytes > 0);
    isolate->is_entered = true;
}

void mf_isolate_leave(struct mf_isolate *isolate)
{
    MF_CHECK(isolate->is_entered);
    isolate->is_entered = false;
}

int mf_isolate_deliver(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    int error;

    MF_CHECK(isolate->is_entered);
    error = atomic_load(&isolate->terminated);
    if (error == 0) {
        error = isolate->is_tool ? fake_tool(isolate, event, args, count)
                                 : isolate->script->fn(isolate, event, args, count);
    }
    if (error == 0) {
        error = atomic_load(&isolate->terminated);
    }
    return error;
}

void mf_isolate_terminate(struct mf_isolate *isolate, int error)
{
    int none = 0;

    atomic_compare_exchange_strong(&isolate->terminated, &none, error);
}

void mf_isolate_memory(const struct mf_isolate *isolate, struct mf_isolate_memory *ret_memory)
{
    (void)isolate;
    *ret_memory = (struct mf_isolate_memory){.heap_bytes = 1000, .peak_bytes = 2000};
}

/* ---- helpers for scripts ----------------------------------------------------------------------------- */

/* Uses CPU until terminated. */
static inline int fake_spin(struct mf_isolate *isolate)
{
    while (atomic_load_explicit(&isolate->terminated, memory_order_relaxed) == 0) {
    }
    return atomic_load(&isolate->terminated);
}

static inline void fake_log(struct mf_isolate *isolate, const char *text)
{
    isolate->calls->log(isolate->host, MF_CONSOLE_LOG, mf_slice_of_cstr(text));
}

/* Status 200, no body, done. */
static inline int fake_answer(struct mf_isolate *isolate)
{
    MF_CHECK_INT(
        isolate->calls->respond(isolate->host, 200, mf_slice_of_cstr("OK"), mf_slice_of(NULL, 0), false), 0);
    isolate->calls->finish(isolate->host, 0, mf_slice_of(NULL, 0));
    return 0;
}

static inline int fake_finish(struct mf_isolate *isolate, int error, const char *text)
{
    isolate->calls->finish(isolate->host, error, mf_slice_of_cstr(text));
    return 0;
}

/* What V8 does when it is out of memory: the handler, then nothing ever again. */
static inline MF_NORETURN void fake_oom(struct mf_isolate *isolate)
{
    fake_oom_handler((struct mf_isolate_host *)isolate->host, "fake");
    sem_post(&fake_parked);
    for (;;) {
        pause();
    }
}

/* ---- an executor in this process ------------------------------------------------------------------------ */

struct fake {
    struct peer peer;
    struct mf_executor_options options;
    int fd;
    pthread_t loop;
    int loop_result;
    bool is_joined;
};

static void *fake_loop(void *argument)
{
    struct fake *fake = argument;

    fake->loop_result = mf_loop_run(&mf_the_executor, fake->fd);
    shutdown(fake->fd, SHUT_RDWR); /* As the end of the process would. */
    return NULL;
}

static struct mf_executor_options fake_options(void)
{
    const struct mf_executor_options options = {
        .standby = 2,
        .threads_base = 2,
        .threads_max = 8,
        .runs_max = 300,
        .memory_bytes = (uint64_t)1 << 30,
        .heap_bytes = (uint64_t)1 << 28,
    };
    return options;
}

static void fake_start_with(struct fake *fake, struct mf_executor_options options)
{
    int fds[2];

    memset(fake, 0, sizeof(*fake));
    sem_init(&fake_parked, 0, 0);
    signal(SIGPIPE, SIG_IGN); /* As main() does. */
    MF_CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    MF_CHECK_INT(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    fake->options = options;
    fake->fd = fds[1];
    peer_init(&fake->peer, fds[0]);
    MF_CHECK_INT(mf_executor_start(&mf_the_executor, &fake->options, fake->fd), 0);
    mf_executor_warm(&mf_the_executor);
    MF_CHECK_INT(pthread_create(&fake->loop, NULL, fake_loop, fake), 0);
}

static inline void fake_start(struct fake *fake)
{
    fake_start_with(fake, fake_options());
}

/* The loop's result, when it ends by itself. */
static int fake_join(struct fake *fake)
{
    if (!fake->is_joined) {
        MF_CHECK_INT(pthread_join(fake->loop, NULL), 0);
        fake->is_joined = true;
    }
    return fake->loop_result;
}

/* Every run must be over. Leaks of isolates show here. */
static void fake_stop(struct fake *fake)
{
    if (!fake->is_joined) {
        shutdown(fake->peer.fd, SHUT_RDWR);
        MF_CHECK_INT(fake_join(fake), MF_E_CLOSED);
    }
    mf_executor_stop(&mf_the_executor);
    peer_done(&fake->peer);
    close(fake->fd);
}

static inline void fake_check_no_isolate_left(void)
{
    MF_CHECK_INT(atomic_load(&fake_live), 0);
}

enum mf_code_cache_use mf_isolate_code_cache_use(const struct mf_isolate *isolate)
{
    (void)isolate;
    return MF_CODE_CACHE_NONE;
}

int mf_isolate_code_cache(struct mf_isolate *isolate, size_t index, struct mf_buf *out)
{
    (void)isolate;
    (void)index;
    (void)out;
    return 0;
}

#endif
