/* executor_child.h - the real mayfly-executor as a child, over a socketpair, with or without a jail. */
#ifndef MAYFLY_TESTS_EXECUTOR_CHILD_H
#define MAYFLY_TESTS_EXECUTOR_CHILD_H

#include <signal.h>
#include <sys/wait.h>

#include <mayfly/jail.h>

#include "executor_peer.h"

extern char **environ;

struct child {
    struct peer peer;
    pid_t pid;
    int pidfd;
    uint32_t namespaces;
};

static char executor_path[4096];

/* The program lies in bin/ beside the folder of the tests. */
static void find_executor(void)
{
    ssize_t size = readlink("/proc/self/exe", executor_path, sizeof(executor_path) - 64);

    MF_CHECK(size > 0);
    executor_path[size] = 0;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(executor_path, '/');
        MF_CHECK(slash != NULL);
        *slash = 0;
    }
    strcat(executor_path, "/bin/mayfly-executor");
}

static uint32_t layers_wanted; /* 0: no jail. */

static void child_start_with(struct child *child, const char *standby, const char *memory_bytes)
{
    char layers[16], required[16], why[MF_JAIL_WHY_BYTES_MAX] = "";
    const char *argv[] = {"mayfly-executor",
                          "--channel-fd",
                          "3",
                          "--standby",
                          standby,
                          "--threads-max",
                          "16",
                          "--runs-max",
                          "1024",
                          "--memory-bytes",
                          memory_bytes,
                          "--heap-bytes",
                          "268435456",
                          "--jail-layers",
                          layers,
                          "--jail-required",
                          required,
                          "--jail-given",
                          layers,
                          NULL};
    struct mf_jail_spawn spawn = {.path = executor_path,
                                  .argv = argv,
                                  .envp = (const char *const *)environ, /* Sanitizers read theirs. */
                                  .log_fd = 2,
                                  .layers = layers_wanted,
                                  .outer_uid = 65534,
                                  .outer_gid = 65534};
    int fds[2];

    memset(child, 0, sizeof(*child));
    /* What every kernel that we run on has; namespaces may be forbidden where the tests run. */
    snprintf(layers, sizeof(layers), "%u", layers_wanted);
    snprintf(required, sizeof(required), "%u",
             layers_wanted & (1u << MF_JAIL_NO_NEW_PRIVS | 1u << MF_JAIL_SECCOMP | 1u << MF_JAIL_RLIMITS));
    MF_CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    spawn.channel_fd = fds[1];
    if (mf_jail_spawn(&spawn, &child->pid, &child->pidfd, &child->namespaces, why) < 0) {
        fprintf(stderr, "mf_jail_spawn: %s\n", why);
        exit(1);
    }
    close(fds[1]);
    peer_init(&child->peer, fds[0]);
    PEER_WAIT(&child->peer, child->peer.is_ready);
}

static inline void child_start(struct child *child)
{
    child_start_with(child, "8", "4294967296");
}

/* The exit status; the channel is closed first, unless the executor has left by itself. */
static int child_stop(struct child *child)
{
    int status = 0;

    peer_done(&child->peer);
    MF_CHECK(waitpid(child->pid, &status, 0) == child->pid);
    close(child->pidfd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline struct peer_run *run_source(struct child *child, uint32_t number, const char *source)
{
    peer_start(&child->peer, number, source);
    return peer_wait_done(&child->peer, number);
}

static inline void show(const struct peer_run *run)
{
    printf("  run %u: %s, status %u, cpu %.3f ms, wait %.3f ms, memory %.1f MiB, text \"%.*s\"\n",
           run->number, mf_error_code(run->done.error), run->status, (double)run->done.cpu_ns / 1e6,
           (double)run->done.host_wait_ns / 1e6, (double)run->done.memory_peak_bytes / 1048576,
           (int)run->done.text.size, (const char *)run->done.text.data);
    fflush(stdout);
}

#define CHECK_OK(run)                                                                                        \
    do {                                                                                                     \
        if ((run)->done.error != 0) {                                                                        \
            show(run);                                                                                       \
            printf("  %.*s\n", (int)(run)->exception.stack.size, (const char *)(run)->exception.stack.data); \
        }                                                                                                    \
        MF_CHECK_INT((run)->done.error, 0);                                                                  \
    } while (0)

#endif
