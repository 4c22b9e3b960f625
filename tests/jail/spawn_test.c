/* spawn_test.c - mf_jail_spawn and mf_jail_enter when something is wrong: each says what, and nothing is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "nest.h"
#include "probe.h"

#define NAMESPACES ((1u << MF_JAIL_EMPTY_ROOT) - 1)

static int channel_ends[2];

static struct mf_jail_spawn spawn_of(const char *path)
{
    static const char *const argv[] = {"probe", NULL};
    static const char *const envp[] = {NULL};
    return (struct mf_jail_spawn){.path = path,
                                  .argv = argv,
                                  .envp = envp,
                                  .channel_fd = channel_ends[1],
                                  .log_fd = STDERR_FILENO,
                                  .layers = NAMESPACES,
                                  .layers_required = NAMESPACES,
                                  .outer_uid = 65534,
                                  .outer_gid = 65534};
}

static void refused_with(const struct mf_jail_spawn *spawn, const char *expected)
{
    char why[MF_JAIL_WHY_BYTES_MAX];
    pid_t pid = -7;
    int pidfd = -7;
    uint32_t layers = 7;
    MF_CHECK_INT(mf_jail_spawn(spawn, &pid, &pidfd, &layers, why), MF_E_JAIL);
    if (strstr(why, expected) == NULL) {
        fprintf(stderr, "why is \"%s\", expected \"%s\" in it\n", why, expected);
        exit(1);
    }
    MF_CHECK(pid == -7 && pidfd == -7 && layers == 7);
    MF_CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* Reaped. */
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void says_what_is_missing(void)
{
    unsigned before = open_descriptors();
    struct mf_jail_spawn spawn = spawn_of("/nowhere/executor");
    refused_with(&spawn, "cannot open /nowhere/executor: No such file or directory");
    spawn = spawn_of("/proc/self/status");
    refused_with(&spawn, "may not be executed by uid 65534: chmod a+rx");
    spawn = spawn_of(nest_probe_path());
    spawn.log_fd = 250;
    refused_with(&spawn, "arranging descriptors");
    MF_CHECK_INT(open_descriptors(), before);
}

static void says_who_may_not_execute(void)
{
    char path[] = "/tmp/mayfly-jail-XXXXXX";
    int fd = mkstemp(path);
    MF_CHECK(fd >= 0 && fchmod(fd, 0700) == 0);
    MF_CHECK(write(fd, "#!/bin/sh\n", 10) == 10);
    close(fd);
    struct mf_jail_spawn spawn = spawn_of(path);
    if (nest_is_privileged()) {
        refused_with(&spawn, "may not be executed by uid 65534");
    }
    /* A text file: what it names as its interpreter would find its descriptor closed. */
    MF_CHECK(chmod(path, 0755) == 0);
    refused_with(&spawn, "executing the program");
    MF_CHECK(unlink(path) == 0);
}

static void is_never_root_outside(void)
{
    struct mf_jail_spawn spawn = spawn_of(nest_probe_path());
    if (!nest_is_privileged()) {
        return;
    }
    spawn.outer_uid = 0;
    refused_with(&spawn, "may not be root");
    spawn.outer_uid = 65534;
    spawn.outer_gid = 0;
    refused_with(&spawn, "may not be root");
}

/* Fewer namespaces than all, none, and root's child without a user namespace: it changes user all the same. */
static void works_with_fewer_namespaces(void)
{
    static const uint32_t masks[] = {0, 1u << MF_JAIL_USER_NS, 1u << MF_JAIL_USER_NS | 1u << MF_JAIL_NET_NS};
    for (size_t i = 0; i < MF_COUNT_OF(masks); i++) {
        struct nest nest;
        struct nest_order order = {.layers =
                                       masks[i] | 1u << MF_JAIL_NO_NEW_PRIVS | 1u << MF_JAIL_NO_CAPABILITIES,
                                   .kind = "other",
                                   .name = "environment",
                                   .log_fd = -1};
        MF_CHECK_INT(nest_run(&order, &nest), 0);
        MF_CHECK_INT(nest.layers_spawned, masks[i]);
        MF_CHECK(nest_said(&nest, "returned 2 ") !=
                 NULL); /* The one that was given, and MAYFLY_JAIL_GIVEN. */
    }
}

static void root_needs_no_user_namespace(void)
{
    struct nest nest;
    struct nest_order order = {
        .layers = MF_JAIL_ALL & ~(1u << MF_JAIL_USER_NS), .kind = "other", .name = "hold", .log_fd = -1};
    char why[MF_JAIL_WHY_BYTES_MAX], path[64], line[256] = "";
    struct stat info;
    int error = nest_spawn(&order, &nest, why);
    if (!nest_is_privileged()) {
        MF_CHECK_INT(error, MF_E_JAIL); /* Without it nobody gives us the others. */
        MF_CHECK(strncmp(why, "pid-namespace: clone: Operation not permitted. ", 47) == 0);
        return;
    }
    MF_CHECK_INT(error, 0);
    MF_CHECK(nest_hear(&nest, "jailed "));
    MF_CHECK_INT(strtoul(nest_said(&nest, "jailed "), NULL, 16), order.layers);
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)nest.pid);
    FILE *status = fopen(path, "r");
    MF_CHECK(status != NULL);
    while (fgets(line, sizeof(line), status) != NULL && strncmp(line, "Uid:", 4) != 0) {
    }
    fclose(status);
    MF_CHECK(strcmp(line, "Uid:\t65534\t65534\t65534\t65534\n") == 0);
    /* Not dumpable: what is in /proc/<pid> is root's, not the user's. (In a user namespace it is inner root's.) */
    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)nest.pid);
    MF_CHECK(stat(path, &info) == 0 && info.st_uid == 0);
    MF_CHECK_INT(nest_end(&nest), 0);
}

/* Nothing of the parent's leaks: many descriptors without O_CLOEXEC, at high and at low numbers. */
static void inherits_nothing(void)
{
    struct nest nest;
    int extra[40];
    for (size_t i = 0; i < MF_COUNT_OF(extra); i++) {
        extra[i] = dup(STDERR_FILENO);
        MF_CHECK(extra[i] >= 0);
    }
    struct nest_order order = {.layers = NAMESPACES | 1u << MF_JAIL_NO_NEW_PRIVS,
                               .kind = "other",
                               .name = "descriptors",
                               .log_fd = extra[3]};
    MF_CHECK_INT(nest_run(&order, &nest), 0);
    MF_CHECK(nest_said(&nest, "returned 15 ") != NULL); /* 0 to 3, before CLOSED_FDS. */
    for (size_t i = 0; i < MF_COUNT_OF(extra); i++) {
        close(extra[i]);
    }
}

static void spawn_from(int channel_at, int log_at)
{
    static const char *const argv[] = {"probe", "0", "0", "0", "0", "other", "log", NULL};
    static const char *const envp[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    struct mf_jail_spawn spawn = spawn_of(nest_probe_path());
    char why[MF_JAIL_WHY_BYTES_MAX], text[64];
    int ends[2], pidfd = -1, status = -1;
    uint32_t layers = 0;
    pid_t pid = -1;
    MF_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    int ours = fcntl(ends[0], F_DUPFD_CLOEXEC, 50), theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, 50);
    int log = fcntl(memfd_create("log", 0), F_DUPFD_CLOEXEC, 50);
    for (int fd = 0; fd < 5; fd++) {
        close(fd);
    }
    MF_CHECK(dup2(theirs, channel_at) == channel_at && dup2(log, log_at) == log_at);
    close(theirs);
    spawn.argv = argv;
    spawn.envp = envp;
    spawn.channel_fd = channel_at;
    spawn.log_fd = log_at;
    MF_CHECK_INT(mf_jail_spawn(&spawn, &pid, &pidfd, &layers, why), 0);
    MF_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    MF_CHECK(recv(ours, text, sizeof(text), MSG_WAITALL | MSG_DONTWAIT) > 9 &&
             strncmp(text, "jailed 0\n", 9) == 0);
    MF_CHECK(pread(log, text, sizeof(text), 0) == 7 && memcmp(text, "logged\n", 7) == 0);
}

/* The descriptors that become 0 to 3 may already have those numbers, in any order, and the others may be free. */
static void descriptors_may_lie_in_each_others_way(void)
{
    for (int channel_at = 0; channel_at < 5; channel_at++) {
        for (int log_at = 0; log_at < 5; log_at++) {
            if (channel_at == log_at) {
                continue;
            }
            pid_t child = fork();
            MF_CHECK(child >= 0);
            if (child == 0) {
                spawn_from(channel_at, log_at);
                _exit(0);
            }
            int status = 0;
            MF_CHECK(waitpid(child, &status, 0) == child);
            if (status != 0) {
                fprintf(stderr, "channel at %d, log at %d: wait status 0x%x\n", channel_at, log_at,
                        (unsigned)status);
                exit(1);
            }
        }
    }
}

/* A parent that is killed takes its executors along, even one that does not look at its channel. */
static void dies_with_its_parent(void)
{
    int ready[2];
    MF_CHECK(pipe2(ready, O_CLOEXEC) == 0);
    pid_t parent = fork();
    MF_CHECK(parent >= 0);
    if (parent == 0) {
        struct nest nest;
        char why[MF_JAIL_WHY_BYTES_MAX];
        struct nest_order order = {.layers = MF_JAIL_ALL, .kind = "other", .name = "park", .log_fd = -1};
        MF_CHECK_INT(nest_spawn(&order, &nest, why), 0);
        MF_CHECK(nest_hear(&nest, "jailed "));
        MF_CHECK(write(ready[1], &nest.pid, sizeof(nest.pid)) == sizeof(nest.pid));
        (void)pause();
        _exit(1);
    }
    pid_t jailed = 0;
    MF_CHECK(read(ready[0], &jailed, sizeof(jailed)) == sizeof(jailed));
    int pidfd =
        (int)syscall(434, jailed, 0); /* pidfd_open: polls readable when it is gone, whosever child it is. */
    MF_CHECK(pidfd >= 0);
    struct pollfd gone = {pidfd, POLLIN, 0};
    MF_CHECK_INT(poll(&gone, 1, 0), 0);
    MF_CHECK(kill(parent, SIGKILL) == 0);
    MF_CHECK(waitpid(parent, NULL, 0) == parent);
    MF_CHECK_INT(poll(&gone, 1, NEST_WAIT_MS_MAX), 1);
    close(pidfd);
    close(ready[0]);
    close(ready[1]);
}

/* The probe believes that it has a mount namespace; the spawner made none and says so. */
static void enter_is_not_fooled(void)
{
    static const char *const envp[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    struct mf_jail_spawn spawn = spawn_of(nest_probe_path());
    char layers[16], why[MF_JAIL_WHY_BYTES_MAX], text[256] = "";
    const char *argv[] = {"probe", layers, layers, "0", "0", "other", "log", NULL};
    int ends[2], pidfd = -1, status = 0;
    uint32_t made = 0;
    pid_t pid = -1;
    MF_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    (void)snprintf(layers, sizeof(layers), "%x", 1u << MF_JAIL_MOUNT_NS | 1u << MF_JAIL_EMPTY_ROOT);
    spawn.argv = argv;
    spawn.envp = envp;
    spawn.channel_fd = ends[1];
    spawn.layers = spawn.layers_required = 1u << MF_JAIL_USER_NS;
    MF_CHECK_INT(mf_jail_spawn(&spawn, &pid, &pidfd, &made, why), 0);
    MF_CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
    MF_CHECK(recv(ends[0], text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
    MF_CHECK(strncmp(text, "refused mount-namespace: was not made", 37) == 0);
    close(ends[0]);
    close(ends[1]);
    close(pidfd);
}

/* As a container's profile does: no namespace with |flag| for this process and its children. */
static void kernel_refuses(uint64_t flag)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    MF_CHECK(filter != NULL);
    const struct scmp_arg_cmp has_flag = {0, SCMP_CMP_MASKED_EQ, flag, flag};
    MF_CHECK_INT(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &has_flag), 0);
    MF_CHECK_INT(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, &has_flag), 0);
    MF_CHECK_INT(seccomp_load(filter), 0);
    seccomp_release(filter);
}

static void spawn_refused(uint64_t flag, uint32_t required, uint32_t expected, const char *expected_why)
{
    static const char *const argv[] = {"probe", "0", "0", "0", "0", "other", "log", NULL};
    struct mf_jail_spawn spawn = spawn_of(nest_probe_path());
    char why[MF_JAIL_WHY_BYTES_MAX];
    uint32_t made = 0;
    int pidfd = -1, status = -1;
    pid_t pid = -1;
    kernel_refuses(flag);
    spawn.argv = argv;
    spawn.layers_required = required;
    if (expected_why != NULL) {
        refused_with(&spawn, expected_why);
        return;
    }
    MF_CHECK_INT(mf_jail_spawn(&spawn, &pid, &pidfd, &made, why), 0);
    MF_CHECK_INT(made, expected);
    MF_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void in_child(void (*test)(void))
{
    int status = -1;
    pid_t child = fork();
    MF_CHECK(child >= 0);
    if (child == 0) {
        test();
        _exit(0);
    }
    MF_CHECK(waitpid(child, &status, 0) == child);
    MF_CHECK_INT(status, 0);
}

static void drops_one(void)
{
    spawn_refused(CLONE_NEWNET, 1u << MF_JAIL_USER_NS, NAMESPACES & ~(1u << MF_JAIL_NET_NS), NULL);
}

static void needs_that_one(void)
{
    spawn_refused(CLONE_NEWNET, 1u << MF_JAIL_NET_NS, 0,
                  "net-namespace: clone: Operation not permitted. In a container: give it CAP_SYS_ADMIN");
}

/* Without a user namespace root still gets the others, and an ordinary user none. */
static void drops_the_user_namespace(void)
{
    spawn_refused(CLONE_NEWUSER, 0, nest_is_privileged() ? NAMESPACES & ~(1u << MF_JAIL_USER_NS) : 0, NULL);
}

static void needs_the_user_namespace(void)
{
    spawn_refused(CLONE_NEWUSER, NAMESPACES, 0,
                  "user-namespace: clone: Operation not permitted. In a container: its seccomp profile");
}

static void drops_what_the_kernel_refuses(void)
{
    in_child(drops_one);
    in_child(needs_that_one);
    in_child(drops_the_user_namespace);
    in_child(needs_the_user_namespace);
}

static void enter_refuses(const char *name, uint32_t layers, uint32_t given_less, const char *expected)
{
    struct nest nest;
    struct nest_order order = {.layers = layers & ~given_less, .kind = "other", .name = name, .log_fd = -1};
    MF_CHECK_INT(WEXITSTATUS(nest_run(&order, &nest)), 3);
    const char *why = nest_said(&nest, "refused ");
    MF_CHECK(why != NULL);
    if (strstr(why, expected) == NULL) {
        fprintf(stderr, "why is \"%s\", expected \"%s\" in it\n", why, expected);
        exit(1);
    }
}

/* A second thread would stay outside of what belongs to a thread; an empty root needs a mount namespace. */
static void enter_fails_closed(void)
{
    enter_refuses("second_thread", MF_JAIL_ALL, 0, "more than one thread");
    enter_refuses("hold", MF_JAIL_ALL, 1u << MF_JAIL_MOUNT_NS, "empty-root: needs the mount namespace");
}

static void names_parse(void)
{
    enum mf_jail_layer layer = MF_JAIL_USER_NS;
    for (unsigned i = 0; i < MF_JAIL_LAYERS_COUNT; i++) {
        const char *name = mf_jail_layer_name((enum mf_jail_layer)i);
        MF_CHECK_INT(mf_jail_layer_parse(mf_slice_of_cstr(name), &layer), 0);
        MF_CHECK_INT(layer, i);
    }
    MF_CHECK_INT(mf_jail_layer_parse(mf_slice_of_cstr("seccom"), &layer), MF_E_NOT_FOUND);
    MF_CHECK_INT(mf_jail_layer_parse(mf_slice_of_cstr(""), &layer), MF_E_NOT_FOUND);
}

static void *spawn_from_thread(void *unused)
{
    (void)unused;
    struct nest nest;
    struct nest_order order = {.layers = MF_JAIL_ALL, .kind = "works", .name = "channel", .log_fd = -1};
    for (int i = 0; i < 10; i++) {
        MF_CHECK_INT(nest_run(&order, &nest), 0);
        MF_CHECK(nest_said(&nest, "returned 0 ") != NULL);
    }
    return NULL;
}

/* The parent may have threads that allocate and log meanwhile. */
static void spawns_beside_other_threads(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        MF_CHECK_INT(pthread_create(&threads[i], NULL, spawn_from_thread, NULL), 0);
    }
    for (int i = 0; i < 3; i++) {
        MF_CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
}

int main(int argc, char **argv)
{
    nest_init(argc, argv);
    MF_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel_ends) == 0);
    MF_RUN(names_parse);
    MF_RUN(says_what_is_missing);
    MF_RUN(says_who_may_not_execute);
    MF_RUN(is_never_root_outside);
    MF_RUN(works_with_fewer_namespaces);
    MF_RUN(root_needs_no_user_namespace);
    MF_RUN(inherits_nothing);
    MF_RUN(descriptors_may_lie_in_each_others_way);
    MF_RUN(dies_with_its_parent);
    MF_RUN(drops_what_the_kernel_refuses);
    MF_RUN(enter_fails_closed);
    MF_RUN(enter_is_not_fooled);
    MF_RUN(spawns_beside_other_threads);
    return 0;
}
