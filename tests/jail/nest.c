/* nest.c - see nest.h. */
#include "nest.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "probe.h"

#define UNPRIVILEGED 65534

static char probe_path[64];

bool nest_is_privileged(void)
{
    return geteuid() == 0;
}

const char *nest_probe_path(void)
{
    return probe_path;
}

void nest_init(int argc, char **argv)
{
    /* By descriptor: the unprivileged user may have no way to the build folder. */
    int opened = open(MF_JAIL_PROBE, O_PATH | O_CLOEXEC);
    int probe = fcntl(opened, F_DUPFD_CLOEXEC, 20); /* Tests use the low numbers. */
    MF_CHECK(probe >= 0);
    close(opened);
    (void)snprintf(probe_path, sizeof(probe_path), "/proc/self/fd/%d", probe);
    if (geteuid() == 0) {
        const gid_t groups[] = {0, 12}; /* Something to give up. */
        MF_CHECK(setgroups(MF_COUNT_OF(groups), groups) == 0);
    }
    if (argc > 1 && strcmp(argv[1], "--unprivileged") == 0 && geteuid() == 0) {
        MF_CHECK(setgroups(0, NULL) == 0);
        MF_CHECK(setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) == 0);
        MF_CHECK(setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) == 0);
        /* As after an exec by that user; without it /proc/self belongs to root. */
        MF_CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
    }
}

int nest_spawn(const struct nest_order *order, struct nest *nest, char *ret_why)
{
    char layers[16], given[16], outer[16];
    int ends[2];
    uint32_t namespaces = order->layers & ((1u << MF_JAIL_EMPTY_ROOT) - 1);
    memset(nest, 0, sizeof(*nest));
    (void)snprintf(layers, sizeof(layers), "%x", order->layers);
    (void)snprintf(given, sizeof(given), "%x", namespaces);
    (void)snprintf(outer, sizeof(outer), "%d", (int)getpid());
    const char *const argv[] = {"probe", layers,      given,       order->is_jitless ? "1" : "0",
                                outer,   order->kind, order->name, NULL};
    const char *const envp[] = {"ASAN_OPTIONS=detect_leaks=0:handle_segv=0:allow_user_segv_handler=1", NULL};
    MF_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    struct mf_jail_spawn spawn = {.path = probe_path,
                                  .argv = argv,
                                  .envp = envp,
                                  .channel_fd = ends[1],
                                  .log_fd = order->log_fd >= 0 ? order->log_fd : STDERR_FILENO,
                                  .layers = namespaces,
                                  .layers_required = namespaces,
                                  .outer_uid = UNPRIVILEGED,
                                  .outer_gid = UNPRIVILEGED};
    int error = mf_jail_spawn(&spawn, &nest->pid, &nest->pidfd, &nest->layers_spawned, ret_why);
    close(ends[1]);
    nest->channel = ends[0];
    if (error < 0) {
        close(ends[0]);
    }
    return error;
}

const char *nest_said(const struct nest *nest, const char *word)
{
    size_t size = strlen(word);
    for (const char *line = nest->heard; line != NULL && *line != '\0';) {
        if (strncmp(line, word, size) == 0) {
            return line + size;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

bool nest_hear(struct nest *nest, const char *word)
{
    while (nest_said(nest, word) == NULL || nest->heard[nest->heard_size - 1] != '\n') {
        struct pollfd channel = {nest->channel, POLLIN, 0};
        MF_CHECK(poll(&channel, 1, NEST_WAIT_MS_MAX) == 1);
        char *at = nest->heard + nest->heard_size;
        ssize_t size = read(nest->channel, at, sizeof(nest->heard) - 1 - nest->heard_size);
        if (size <= 0) {
            return false;
        }
        nest->heard_size += (size_t)size;
        nest->heard[nest->heard_size] = '\0';
        if (nest_said(nest, "jailed") == NULL || strncmp(at, "jailed", 6) == 0) {
            char *rest = strchr(at, '\n');
            size -= rest == NULL ? size : rest + 1 - at;
            at = rest == NULL ? at : rest + 1;
        }
        if (size > 0 && strncmp(at, "returned", 8) != 0) {
            (void)!send(nest->channel, at, (size_t)size, MSG_NOSIGNAL);
        }
    }
    return true;
}

int nest_end(struct nest *nest)
{
    int status = 0;
    struct pollfd ended = {nest->pidfd, POLLIN, 0};
    (void)shutdown(nest->channel, SHUT_WR);
    MF_CHECK(poll(&ended, 1, NEST_WAIT_MS_MAX) == 1);
    MF_CHECK(waitpid(nest->pid, &status, 0) == nest->pid);
    close(nest->channel);
    close(nest->pidfd);
    return status;
}

int nest_run(const struct nest_order *order, struct nest *nest)
{
    char why[MF_JAIL_WHY_BYTES_MAX];
    if (nest_spawn(order, nest, why) < 0) {
        fprintf(stderr, "%s: %s\n", order->name, why);
        exit(1);
    }
    (void)nest_hear(nest, "\n"); /* No line begins with that: until the end. */
    return nest_end(nest);
}
