/* claims_test.c - a jailed process as its parent sees it: every claim of docs/privsep.md that the kernel shows in /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "nest.h"
#include "probe.h"

static struct nest held;

static const char *proc_read(const char *file)
{
    static char text[65536];
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)held.pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    MF_CHECK(fd >= 0);
    size_t size = 0;
    ssize_t got;
    while ((got = read(fd, text + size, sizeof(text) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    close(fd);
    text[size] = '\0';
    return text;
}

/* The words after |name| and a colon in /proc/<pid>/status, blanks made one. */
static const char *status_of(const char *name)
{
    static char value[512];
    char key[64];
    (void)snprintf(key, sizeof(key), "\n%s:", name);
    const char *at = strstr(proc_read("status"), key);
    MF_CHECK(at != NULL);
    size_t size = 0;
    for (at += strlen(key); *at != '\n' && *at != '\0'; at++) {
        bool is_blank = isspace((unsigned char)*at);
        if (!is_blank || (size > 0 && value[size - 1] != ' ')) {
            value[size++] = is_blank ? ' ' : *at;
        }
    }
    while (size > 0 && value[size - 1] == ' ') {
        size--;
    }
    value[size] = '\0';
    return value;
}

static void status_is(const char *name, const char *expected)
{
    if (strcmp(status_of(name), expected) != 0) {
        fprintf(stderr, "%s is \"%s\", expected \"%s\"\n", name, status_of(name), expected);
        exit(1);
    }
}

static void holds(void)
{
    struct nest_order order = {.layers = MF_JAIL_ALL, .kind = "other", .name = "hold", .log_fd = -1};
    char why[MF_JAIL_WHY_BYTES_MAX];
    MF_CHECK_INT(nest_spawn(&order, &held, why), 0);
    MF_CHECK(nest_hear(&held, "jailed "));
    MF_CHECK_INT(strtoul(nest_said(&held, "jailed "), NULL, 16), MF_JAIL_ALL);
    MF_CHECK_INT(held.layers_spawned, MF_JAIL_ALL & ((1u << MF_JAIL_EMPTY_ROOT) - 1));
}

static void has_no_powers(void)
{
    status_is("NoNewPrivs", "1");
    status_is("Seccomp", "2");
    status_is("Seccomp_filters", "1");
    status_is("CapInh", "0000000000000000");
    status_is("CapPrm", "0000000000000000");
    status_is("CapEff", "0000000000000000");
    status_is("CapBnd", "0000000000000000");
    status_is("CapAmb", "0000000000000000");
    status_is("Threads", "1");
    status_is("CoreDumping", "0");
}

static void is_somebody_else_outside(void)
{
    char expected[128];
    unsigned uid = nest_is_privileged() ? 65534 : (unsigned)geteuid();
    unsigned gid = nest_is_privileged() ? 65534 : (unsigned)getegid();
    (void)snprintf(expected, sizeof(expected), "%u %u %u %u", uid, uid, uid, uid);
    status_is("Uid", expected);
    (void)snprintf(expected, sizeof(expected), "%u %u %u %u", gid, gid, gid, gid);
    status_is("Gid", expected);
    if (nest_is_privileged()) {
        status_is("Groups", ""); /* Root's were given up. */
    }
    (void)snprintf(expected, sizeof(expected), "%d 1", (int)held.pid);
    status_is("NSpid", expected); /* Process 1 of a pid namespace of its own. */
    (void)snprintf(expected, sizeof(expected), "%d 1", (int)held.pid);
    status_is("NSsid", expected);
    MF_CHECK_INT(atoi(proc_read("oom_score_adj")), 500);
}

static void maps_nobody_but_itself(void)
{
    unsigned inner, outer, count;
    MF_CHECK_INT(sscanf(proc_read("uid_map"), "%u %u %u", &inner, &outer, &count), 3);
    MF_CHECK(inner == 0 && count == 1 && outer == (nest_is_privileged() ? 65534 : (unsigned)geteuid()));
    MF_CHECK_INT(sscanf(proc_read("gid_map"), "%u %u %u", &inner, &outer, &count), 3);
    MF_CHECK(inner == 0 && count == 1 && outer == (nest_is_privileged() ? 65534 : (unsigned)getegid()));
    if (!nest_is_privileged()) {
        MF_CHECK(strncmp(proc_read("setgroups"), "deny", 4) == 0);
    }
}

static void lives_in_other_namespaces(void)
{
    static const char *const kinds[] = {"user", "pid", "net", "ipc", "uts", "mnt"};
    for (size_t i = 0; i < MF_COUNT_OF(kinds); i++) {
        char path[64], theirs[64], ours[64];
        (void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)held.pid, kinds[i]);
        ssize_t size = readlink(path, theirs, sizeof(theirs) - 1);
        MF_CHECK(size > 0);
        theirs[size] = '\0';
        (void)snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
        size = readlink(path, ours, sizeof(ours) - 1);
        MF_CHECK(size > 0);
        ours[size] = '\0';
        MF_CHECK(strcmp(theirs, ours) != 0);
    }
}

/* One mount: an empty, read-only tmpfs. One interface: loopback, and it is down. */
static void sees_nothing(void)
{
    const char *mounts = proc_read("mounts");
    const char *newline = strchr(mounts, '\n');
    MF_CHECK(strncmp(mounts, "mayfly / tmpfs ro,nosuid,nodev,noexec", 37) == 0);
    MF_CHECK(strstr(mounts, "nr_inodes=1") != NULL);
    MF_CHECK(newline != NULL && newline[1] == '\0');
    char path[64];
    size_t entries = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/root", (int)held.pid);
    DIR *root = opendir(path);
    MF_CHECK(root != NULL);
    while (readdir(root) != NULL) {
        entries++;
    }
    closedir(root);
    MF_CHECK_INT(entries, 2); /* . and .. */
    MF_CHECK(strstr(proc_read("net/dev"), "eth") == NULL);
    newline = strchr(proc_read("net/route"), '\n');
    MF_CHECK(newline == NULL || newline[1] == '\0'); /* A heading at most. */
    MF_CHECK_INT(proc_read("net/if_inet6")[0], '\0');
}

static void link_target(const char *name, char *target, size_t size)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)held.pid, name);
    ssize_t length = readlink(path, target, size - 1);
    MF_CHECK(length > 0);
    target[length] = '\0';
}

static void holds_four_descriptors(void)
{
    char path[64], target[256];
    unsigned seen = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)held.pid);
    DIR *folder = opendir(path);
    MF_CHECK(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            int fd = atoi(entry->d_name);
            MF_CHECK(fd <= PROBE_CHANNEL);
            seen |= 1u << fd;
        }
    }
    closedir(folder);
    MF_CHECK_INT(seen, 0xf);
    link_target("0", target, sizeof(target));
    MF_CHECK(strcmp(target, "/dev/null") == 0);
    link_target("1", target, sizeof(target));
    MF_CHECK(strcmp(target, "/dev/null") == 0);
    link_target("3", target, sizeof(target));
    MF_CHECK(strncmp(target, "socket:", 7) == 0);
}

static void limit_is(const char *name, const char *expected)
{
    const char *line = strstr(proc_read("limits"), name);
    char soft[32], hard[32];
    MF_CHECK(line != NULL);
    MF_CHECK_INT(sscanf(line + strlen(name), "%31s %31s", soft, hard), 2);
    if (strcmp(soft, expected) != 0 || strcmp(hard, expected) != 0) {
        fprintf(stderr, "%s: %s %s, expected %s\n", name, soft, hard, expected);
        exit(1);
    }
}

static void is_limited(void)
{
    char number[32];
    limit_is("Max core file size", "0");
    limit_is("Max locked memory", "0");
    limit_is("Max msgqueue size", "0");
    limit_is("Max realtime priority", "0");
    limit_is("Max nice priority", "0");
    (void)snprintf(number, sizeof(number), "%d", MF_EXECUTOR_FDS_MAX);
    limit_is("Max open files", number);
    (void)snprintf(number, sizeof(number), "%d", PROBE_THREADS_MAX);
    limit_is("Max processes", number);
}

static void ends_with_its_channel(void)
{
    MF_CHECK_INT(nest_end(&held), 0);
}

/* The signal number of abort(); process 1 of a namespace cannot be ended by SIGABRT from within, so that libc's abort goes on
 * to its trap instruction. */
static void can_abort(void)
{
    struct nest nest;
    struct nest_order order = {.layers = MF_JAIL_ALL, .kind = "other", .name = "abort", .log_fd = -1};
    int status = nest_run(&order, &nest);
    MF_CHECK(WIFSIGNALED(status));
    MF_CHECK(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGABRT ||
             WTERMSIG(status) == SIGTRAP);
}

static long returned_without_seccomp(const char *name)
{
    struct nest nest;
    struct nest_order order = {
        .layers = MF_JAIL_ALL & ~(1u << MF_JAIL_SECCOMP), .kind = "other", .name = name, .log_fd = -1};
    MF_CHECK_INT(nest_run(&order, &nest), 0);
    MF_CHECK(nest_said(&nest, "returned ") != NULL);
    return atol(nest_said(&nest, "returned "));
}

/* What the executor itself opened before it went in is closed too. */
static void closes_what_it_opened(void)
{
    MF_CHECK_INT(returned_without_seccomp("descriptors_after_leak"), 0xf);
}

/* Root's number is nobody's, for good: NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE, each with its lock, and KEEP_CAPS's. */
static void locks_its_securebits(void)
{
    MF_CHECK_INT(returned_without_seccomp("securebits"), 0xef);
}

static void may_make_no_code_when_jitless(void)
{
    static const char *const names[] = {"code", "new_code"};
    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        struct nest nest;
        struct nest_order order = {.layers = MF_JAIL_ALL, .kind = "other", .name = names[i], .log_fd = -1};
        MF_CHECK_INT(nest_run(&order, &nest), 0);
        MF_CHECK(nest_said(&nest, "returned 0 ") != NULL);
        order.is_jitless = true;
        int status = nest_run(&order, &nest);
        MF_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
}

int main(int argc, char **argv)
{
    nest_init(argc, argv);
    MF_RUN(holds);
    MF_RUN(has_no_powers);
    MF_RUN(is_somebody_else_outside);
    MF_RUN(maps_nobody_but_itself);
    MF_RUN(lives_in_other_namespaces);
    MF_RUN(sees_nothing);
    MF_RUN(holds_four_descriptors);
    MF_RUN(is_limited);
    MF_RUN(ends_with_its_channel);
    MF_RUN(can_abort);
    MF_RUN(closes_what_it_opened);
    MF_RUN(locks_its_securebits);
    MF_RUN(may_make_no_code_when_jitless);
    return 0;
}
