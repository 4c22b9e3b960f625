/* mayfly-executor - the jailed process that runs scripts. mayflyd starts it; nobody else has a use for it.
 *
 * Order matters: V8 and OpenSSL read what they need, then the jail closes for good, then threads, then READY.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <mayfly/crypto.h>
#include <mayfly/jail.h>
#include <mayfly/runtime.h>
#include <mayfly/snapshot.h>

#include "executor.h"
#include "loop.h"

#define EXIT_WRONG 2 /* The command line, the engine or the jail: trying again does not help. */

static int start_engine(const struct mf_executor_options *options)
{
    const struct mf_engine_options engine = {
        .program = &mf_runtime_program,
        .snapshot = mf_snapshot_blob(),
        .memory_bytes_max = options->memory_bytes,
        .is_jitless = options->is_jitless,
        .v8_flags = options->v8_flags,
    };
    int error = mf_engine_init(&engine);

    if (error < 0) {
        mf_log(MF_LOG_ERROR, error, NULL, "V8 could not be started");
        return error;
    }
    error = mf_crypto_init();
    if (error < 0) {
        mf_log(MF_LOG_ERROR, error, NULL, "OpenSSL could not be started");
    }
    return error;
}

static int close_jail(const struct mf_executor_options *options, uint32_t *ret_layers)
{
    char why[MF_JAIL_WHY_BYTES_MAX] = "";
    const struct mf_jail_options jail = {
        .layers = options->jail_layers,
        .layers_required = options->jail_required,
        .layers_given = options->jail_given,
        .channel_fd = options->channel_fd,
        .threads_max = 2 * options->threads_max + 8, /* Chores; loop, watchdog. */
        .is_jitless = options->is_jitless,
    };
    int error = mf_jail_enter(&jail, ret_layers, why);

    if (error < 0) {
        mf_log(MF_LOG_ERROR, error, NULL, "%s", why);
    }
    return error;
}

static int say_ready(struct mf_executor *executor, uint32_t layers)
{
    const struct mf_msg_ready message = {.layers = layers,
                                         .v8_version = mf_slice_of_cstr(mf_engine_version())};
    struct mf_buf *out = mf_outbox_lock(&executor->outbox, MF_OUTBOX_MUST);
    int error;

    if (out == NULL) {
        return MF_E_CLOSED;
    }
    error = mf_encode_ready(out, 0, &message);
    mf_outbox_unlock(&executor->outbox);
    mf_outbox_flush(&executor->outbox);
    return error;
}

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int run(const struct mf_executor_options *options)
{
    struct mf_executor *executor = &mf_the_executor;
    uint32_t layers = 0;
    int error;

    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, 2); /* One arena a thread would keep each thread's peak for ever. */
    error = set_nonblocking(options->channel_fd);
    if (error < 0) {
        mf_log(MF_LOG_ERROR, error, NULL, "there is no channel at fd %d", options->channel_fd);
        return EXIT_WRONG;
    }
    if (start_engine(options) < 0 || close_jail(options, &layers) < 0) {
        return EXIT_WRONG;
    }
    error = mf_executor_start(executor, options, options->channel_fd);
    if (error == 0) {
        error = say_ready(executor, layers);
    }
    if (error == 0) {
        mf_executor_warm(executor);
        error = mf_loop_run(executor, options->channel_fd);
    }
    if (error < 0 && error != MF_E_CLOSED) {
        mf_log(MF_LOG_ERROR, error, NULL, "the executor ends");
    }
    return error == 0 || error == MF_E_CLOSED ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct mf_executor_options options;
    const char *wrong = "";

    mf_log_init("mayfly-executor", MF_LOG_INFO);
    if (mf_executor_options_parse(argc, argv, &options, &wrong) < 0) {
        mf_log(MF_LOG_ERROR, MF_E_INVALID, NULL, "argument %s is not valid; mayflyd starts this program",
               wrong);
        return EXIT_WRONG;
    }
    /* V8 threads may be inside scripts: nothing of them is waited for, nothing runs at exit. */
    _exit(run(&options));
}
