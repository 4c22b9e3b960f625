/* spawn.c - an executor is born: clone into new namespaces, who it is, which descriptors it has, exec.
 *
 * Parent and child talk over two pipes. |go|: the parent says that the id maps are written; its end before that means that
 * the parent is gone. |report|: the child says at which step it failed; its end without a word means that exec closed it.
 *
 *     parent                         child (async-signal-safe calls only: the parent may have threads)
 *     clone ------------------------> opens its /proc to us, says so
 *     <------------------------------ waits for |go|
 *     uid_map, gid_map, go ---------> groups, user, PDEATHSIG, session, signals, descriptors, exec
 *     waits for |report| <----------- step and errno, or the end
 *
 * Sources: clone(2), prctl(2) PR_SET_PDEATHSIG, execveat(2), close_range(2).
 */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_CHANNEL 3
#define FD_FREE 4       /* The first that the child does not keep. */
#define FD_ASIDE 16     /* Where descriptors wait while 0 to 3 are filled. */
#define OOM_SCORE "500" /* Executors go before the daemon and before most others when memory ends. */

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

/* What the child was doing when it failed. */
#define STEP_MAP(XX)                                                                                         \
    XX(WAIT, "waiting for the parent")                                                                       \
    XX(GROUPS, "giving up supplementary groups")                                                             \
    XX(USER, "becoming the unprivileged user")                                                               \
    XX(DEATH, "asking to die with the parent")                                                               \
    XX(SESSION, "starting a session")                                                                        \
    XX(FDS, "arranging descriptors (close_range needs Linux 5.11 or newer)")                                 \
    XX(EXEC, "executing the program")

enum step {
#define XX(name, text) STEP_##name,
    STEP_MAP(XX)
#undef XX
};

static const char *const step_names[] = {
#define XX(name, text) text,
    STEP_MAP(XX)
#undef XX
};

struct report {
    int step;
    int error_number;
};

/* Everything that a birth holds; -1 is none. Made by the parent, seen by the child as its own copy. */
struct birth {
    const struct mf_jail_spawn *spawn;
    uint32_t layers; /* Namespaces that it is born into. */
    bool is_privileged;
    uid_t uid;
    gid_t gid;
    char
        given[sizeof(MF_JAIL_GIVEN_VARIABLE) + 16]; /* "MAYFLY_JAIL_GIVEN=63": |layers|, for mf_jail_enter. */
    const char **envp;                              /* The spawner's and |given|. */
    int go[2];
    int report[2];
    int null_fd;
    int program_fd;
    int pidfd;
    pid_t pid;
};

/* ---- the child ------------------------------------------------------------------------------ */

static MF_NORETURN void child_fail(const struct birth *birth, enum step step)
{
    struct report report = {(int)step, errno};
    (void)!write(birth->report[1], &report, sizeof(report));
    _exit(127);
}

static void child_wait(const struct birth *birth)
{
    char word = 'r';
    ssize_t got;
    close(birth->go[1]);
    close(birth->report[0]);
    /* A daemon that is not dumpable has a child that is not either, and the files in its /proc, the id maps among them, are
     * root's then. What the daemon wants nobody to see in this copy of it, it keeps out of children (MADV_DONTFORK). */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (write(birth->report[1], &word, 1) != 1) {
        _exit(127);
    }
    word = 0;
    do {
        got = read(birth->go[0], &word, 1);
    } while (got < 0 && errno == EINTR);
    if (got != 1) {
        _exit(127); /* There is no parent any more that could read a report. */
    }
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Without a user namespace a root daemon's child still becomes another user; what it needs to make its own empty root and
 * to give up its capabilities goes with it through exec, and mf_jail_enter drops it. */
static void child_keep_capabilities(void)
{
    static const unsigned long kept[] = {CAP_SYS_ADMIN, CAP_SETPCAP};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0, 0, 0}, {0, 0, 0}};
    for (size_t i = 0; i < MF_COUNT_OF(kept); i++) {
        sets[0].permitted |= 1u << kept[i];
    }
    sets[0].effective = sets[0].permitted;
    sets[0].inheritable = sets[0].permitted;
    if (syscall(SYS_capset, &header, sets) < 0) {
        return; /* A container's root has less: mf_jail_enter says which layer that costs. */
    }
    for (size_t i = 0; i < MF_COUNT_OF(kept); i++) {
        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0);
    }
}

/* Raw calls: the C library's versions signal every thread of the parent that it believes to have. */
static void child_become(const struct birth *birth)
{
    bool has_user_namespace = (birth->layers & mf_jail_bit(MF_JAIL_USER_NS)) != 0;
    uid_t uid = has_user_namespace ? 0 : birth->uid;
    gid_t gid = has_user_namespace ? 0 : birth->gid;
    if (birth->is_privileged) {
        if (syscall(SYS_setgroups, 0, NULL) < 0) {
            child_fail(birth, STEP_GROUPS);
        }
        if (!has_user_namespace && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) {
            child_fail(birth, STEP_USER);
        }
    }
    if (has_user_namespace || birth->is_privileged) {
        if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0) {
            child_fail(birth, STEP_USER);
        }
    }
    if (birth->is_privileged && !has_user_namespace) {
        child_keep_capabilities();
    }
}

/* After child_become: a change of user takes the death signal off again. */
static void child_die_with_parent(const struct birth *birth)
{
    struct pollfd reader = {birth->report[1], 0, 0};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
        child_fail(birth, STEP_DEATH);
    }
    /* Had the parent died just before, nobody would hold the other end. */
    if (poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0) {
        _exit(127);
    }
}

static void child_reset_signals(void)
{
    struct sigaction plain;
    sigset_t none;
    memset(&plain, 0, sizeof(plain));
    plain.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++) {
        (void)sigaction(number, &plain, NULL); /* Some cannot be set; none is meant to be. */
    }
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Out of the way of 0 to 3 first, whatever numbers they had; then each to its place. All others close at exec. */
static void child_arrange_fds(const struct birth *birth)
{
    int null_fd = fcntl(birth->null_fd, F_DUPFD_CLOEXEC, FD_ASIDE);
    int log_fd = fcntl(birth->spawn->log_fd, F_DUPFD_CLOEXEC, FD_ASIDE);
    int channel_fd = fcntl(birth->spawn->channel_fd, F_DUPFD_CLOEXEC, FD_ASIDE);
    if (null_fd < 0 || log_fd < 0 || channel_fd < 0) {
        child_fail(birth, STEP_FDS);
    }
    if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
        dup2(log_fd, STDERR_FILENO) < 0 || dup2(channel_fd, FD_CHANNEL) < 0) {
        child_fail(birth, STEP_FDS);
    }
    if (syscall(SYS_close_range, FD_FREE, ~0u, CLOSE_RANGE_CLOEXEC) < 0) {
        child_fail(birth, STEP_FDS);
    }
}

static MF_NORETURN void child_main(struct birth *birth)
{
    child_wait(birth);
    child_become(birth);
    child_die_with_parent(birth);
    if (setsid() < 0) {
        child_fail(birth, STEP_SESSION);
    }
    (void)umask(077);
    child_reset_signals();
    /* The report pipe and the program must not be where the fixed descriptors go. */
    birth->report[1] = fcntl(birth->report[1], F_DUPFD_CLOEXEC, FD_ASIDE);
    birth->program_fd = fcntl(birth->program_fd, F_DUPFD_CLOEXEC, FD_ASIDE);
    child_arrange_fds(birth);
    char *const *argv = (char *const *)(uintptr_t)birth->spawn->argv;
    char *const *envp = (char *const *)(uintptr_t)birth->envp;
    /* By descriptor: the folders on the way to it need not be open to the unprivileged user, only the file. */
    (void)syscall(SYS_execveat, birth->program_fd, "", argv, envp, AT_EMPTY_PATH);
    child_fail(birth, STEP_EXEC);
}

/* ---- the parent ----------------------------------------------------------------------------- */

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void birth_done(struct birth *birth)
{
    fd_close(&birth->go[0]);
    fd_close(&birth->go[1]);
    fd_close(&birth->report[0]);
    fd_close(&birth->report[1]);
    fd_close(&birth->null_fd);
    fd_close(&birth->program_fd);
    mf_free(birth->envp);
}

/* The argument list was made before we knew what the kernel gives: the environment says it. */
static void birth_set_environment(struct birth *birth)
{
    size_t count = 0;
    while (birth->spawn->envp[count] != NULL) {
        count++;
    }
    birth->envp = mf_new((count + 2) * sizeof(birth->envp[0]));
    memcpy(birth->envp, birth->spawn->envp, count * sizeof(birth->envp[0]));
    birth->envp[count] = birth->given;
}

static int say(char *why, const char *what, const char *path, int error_number)
{
    (void)snprintf(why, MF_JAIL_WHY_BYTES_MAX, "%s %s: %s", what, path, mf_error_message(-error_number));
    return MF_E_JAIL;
}

static int birth_init(struct birth *birth, const struct mf_jail_spawn *spawn, char *why)
{
    bool is_root = geteuid() == 0;
    *birth = (struct birth){.spawn = spawn,
                            .is_privileged = is_root,
                            .uid = is_root ? spawn->outer_uid : geteuid(),
                            .gid = is_root ? spawn->outer_gid : getegid(),
                            .go = {-1, -1},
                            .report = {-1, -1},
                            .null_fd = -1,
                            .program_fd = -1,
                            .pidfd = -1,
                            .pid = -1};
    if (birth->uid == 0 || birth->gid == 0) {
        (void)snprintf(why, MF_JAIL_WHY_BYTES_MAX,
                       "an executor may not be root outside: choose another uid and gid");
        return MF_E_JAIL;
    }
    birth_set_environment(birth);
    birth->program_fd = open(spawn->path, O_PATH | O_CLOEXEC);
    if (birth->program_fd < 0) {
        return say(why, "cannot open", spawn->path, errno);
    }
    birth->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (birth->null_fd < 0) {
        return say(why, "cannot open", "/dev/null", errno);
    }
    if (pipe2(birth->go, O_CLOEXEC) < 0 || pipe2(birth->report, O_CLOEXEC) < 0) {
        return say(why, "cannot make", "a pipe", errno);
    }
    return 0;
}

/* The parent's handlers must not run in the child: every signal is held from before the clone until the child has reset
 * them, and in the parent until the clone is over. */
static int birth_clone(struct birth *birth)
{
    sigset_t all, before;
    int pidfd = -1;
    unsigned long flags = (unsigned)mf_jail_namespace_flags(birth->layers) | CLONE_PIDFD | SIGCHLD;
    (void)snprintf(birth->given, sizeof(birth->given), MF_JAIL_GIVEN_VARIABLE "=%u", birth->layers);
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = syscall(SYS_clone, flags, NULL, &pidfd, NULL, NULL);
    int error = pid < 0 ? -errno : 0;
    if (pid == 0) {
        child_main(birth);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        birth->pid = (pid_t)pid;
        birth->pidfd = pidfd;
    }
    return error;
}

static enum mf_jail_layer first_layer(uint32_t layers)
{
    unsigned layer = 0;
    while ((layers & 1u << layer) == 0) {
        layer++;
    }
    return (enum mf_jail_layer)layer;
}

/* All namespaces at once; when that is refused, those that the kernel gives one by one. */
static int birth_clone_or_less(struct birth *birth, char *why)
{
    uint32_t required = birth->spawn->layers_required & MF_JAIL_NAMESPACES;
    birth->layers = (birth->spawn->layers & MF_JAIL_NAMESPACES) | required;
    int refusal = birth_clone(birth);
    if (refusal == 0) {
        return 0;
    }
    int given = mf_jail_namespace_probe(birth->layers);
    uint32_t missing = given < 0 ? birth->layers : birth->layers & ~(uint32_t)given;
    if ((missing & required) != 0) {
        enum mf_jail_layer layer = first_layer(missing & required);
        return mf_jail_refuse(why, layer, "clone", -refusal, mf_jail_namespace_hint(layer));
    }
    if (given < 0 || missing == 0) {
        return say(why, "cannot start", birth->spawn->path, -refusal);
    }
    birth->layers = (uint32_t)given;
    int error = birth_clone(birth);
    return error == 0 ? 0 : say(why, "cannot start", birth->spawn->path, -error);
}

static void oom_score_raise(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, OOM_SCORE, strlen(OOM_SCORE)); /* A wish. */
        close(fd);
    }
}

/* 0: exec happened. MF_E_JAIL: the child's report, or none in time. */
static int birth_await(struct birth *birth, char *why)
{
    struct report report = {0, 0};
    uint64_t deadline_ns = mf_clock_now_ns() + MF_JAIL_SPAWN_MS_MAX * MF_NS_PER_MS;
    struct pollfd reader = {birth->report[0], POLLIN, 0};
    for (;;) {
        uint64_t now_ns = mf_clock_now_ns();
        int wait_ms = now_ns >= deadline_ns ? 0 : (int)((deadline_ns - now_ns) / MF_NS_PER_MS) + 1;
        int ready = poll(&reader, 1, wait_ms);
        if (ready > 0) {
            break;
        }
        if (ready == 0) {
            return say(why, "the child did not execute", birth->spawn->path, ETIMEDOUT);
        }
    }
    ssize_t size;
    do {
        size = read(birth->report[0], &report, sizeof(report));
    } while (size < 0 && errno == EINTR);
    if (size == 0) {
        return 0;
    }
    if (size != sizeof(report) || report.step < 0 || (size_t)report.step >= MF_COUNT_OF(step_names)) {
        return say(why, "no report about", birth->spawn->path, EPROTO);
    }
    if (report.step == STEP_EXEC && report.error_number == EACCES) {
        (void)snprintf(why, MF_JAIL_WHY_BYTES_MAX,
                       "%s may not be executed by uid %u: chmod a+rx, and no noexec mount",
                       birth->spawn->path, (unsigned)birth->uid);
        return MF_E_JAIL;
    }
    return say(why, step_names[report.step], birth->spawn->path, report.error_number);
}

static void birth_kill(struct birth *birth)
{
    (void)kill(birth->pid, SIGKILL); /* Not reaped yet, so the number is still its own. */
    while (waitpid(birth->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    fd_close(&birth->pidfd);
}

/* The child's first word, or its end. */
static int birth_await_ready(struct birth *birth, char *why)
{
    char word = 0;
    ssize_t got;
    do {
        got = read(birth->report[0], &word, 1);
    } while (got < 0 && errno == EINTR);
    return got == 1 ? 0 : say(why, "no word from the child that is to execute", birth->spawn->path, EPROTO);
}

static int birth_release(struct birth *birth, char *why)
{
    fd_close(&birth->report[1]); /* Else its end would never come. */
    int ready = birth_await_ready(birth, why);
    if (ready < 0) {
        return ready;
    }
    if ((birth->layers & mf_jail_bit(MF_JAIL_USER_NS)) != 0) {
        int error = mf_jail_namespace_map(birth->pid, birth->uid, birth->gid, birth->is_privileged, why);
        if (error < 0) {
            return error;
        }
    }
    oom_score_raise(birth->pid);
    if (write(birth->go[1], "g", 1) != 1) {
        return say(why, "cannot release", birth->spawn->path, errno);
    }
    return birth_await(birth, why);
}

int mf_jail_spawn(const struct mf_jail_spawn *spawn,
                  pid_t *ret_pid,
                  int *ret_pidfd,
                  uint32_t *ret_layers,
                  char *ret_why)
{
    struct birth birth;
    ret_why[0] = '\0';
    int error = birth_init(&birth, spawn, ret_why);
    if (error == 0) {
        error = birth_clone_or_less(&birth, ret_why);
    }
    if (error == 0) {
        error = birth_release(&birth, ret_why);
        if (error < 0) {
            birth_kill(&birth);
        }
    }
    birth_done(&birth);
    if (error < 0) {
        return error;
    }
    *ret_pid = birth.pid;
    *ret_pidfd = birth.pidfd;
    *ret_layers = birth.layers;
    return 0;
}
