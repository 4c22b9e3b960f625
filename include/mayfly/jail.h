/* mayfly/jail.h - Linux confinement of an executor: what it may do is a list, and everything else is refused.
 *
 * Use:      daemon: mf_jail_spawn. Executor: mf_jail_enter after V8 has read what it needs and before the first isolate.
 * Threads:  [main] both; the executor has no other thread yet.
 * Owns:     everything is borrowed for the call; the child's descriptors are the caller's to close.
 * Limits:   rlimits and the syscall list are data in src/jail with a reason for each line.
 * Fails:    MF_E_JAIL with a sentence in |ret_why|: which layer, what the kernel said, how to allow it.
 * Not here: what a run may ask of the daemon (outbound, admit).
 *
 * Sources: namespaces(7), user_namespaces(7), seccomp(2), landlock(7), setrlimit(2), prctl(2).
 */
#ifndef MAYFLY_JAIL_H
#define MAYFLY_JAIL_H

#include <sys/types.h>

#include <mayfly/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Order is that of putting on. The names are those of the config and of /healthz. */
#define MF_JAIL_LAYER_MAP(XX)                                                                     \
    XX(USER_NS, "user-namespace")                                                                 \
    XX(PID_NS, "pid-namespace")                                                                   \
    XX(NET_NS, "net-namespace")                                                                   \
    XX(IPC_NS, "ipc-namespace")                                                                   \
    XX(UTS_NS, "uts-namespace")                                                                   \
    XX(MOUNT_NS, "mount-namespace")                                                               \
    XX(EMPTY_ROOT, "empty-root")                                                                  \
    XX(RLIMITS, "rlimits")                                                                        \
    XX(NO_NEW_PRIVS, "no-new-privs")                                                              \
    XX(NOT_DUMPABLE, "not-dumpable")                                                              \
    XX(CLOSED_FDS, "closed-fds")                                                                  \
    XX(LANDLOCK, "landlock")                                                                      \
    XX(NO_CAPABILITIES, "no-capabilities")                                                        \
    XX(SECCOMP, "seccomp")

enum mf_jail_layer {
#define XX(name, text) MF_JAIL_##name,
    MF_JAIL_LAYER_MAP(XX)
#undef XX
        MF_JAIL_LAYERS_COUNT
};

/* Bit masks of 1u << layer. */
#define MF_JAIL_ALL ((1u << MF_JAIL_LAYERS_COUNT) - 1u)

const char *mf_jail_layer_name(enum mf_jail_layer layer);
/* MF_E_NOT_FOUND for a name that is no layer. */
MF_MUST_CHECK int mf_jail_layer_parse(struct mf_slice name, enum mf_jail_layer *ret_layer);

#define MF_JAIL_WHY_BYTES_MAX 512

struct mf_jail_spawn {
    const char *path;          /* The executor binary, absolute. */
    const char *const *argv;   /* NULL-terminated. */
    const char *const *envp;   /* NULL-terminated; nothing is inherited. */
    int channel_fd;            /* Becomes fd 3 of the child; all others but 2 (log) are closed. */
    int log_fd;                /* Becomes fd 2. 0 and 1 are /dev/null. */
    uint32_t layers;           /* Which namespaces to try. */
    uint32_t layers_required;  /* Fails when one of these is refused. */
    uid_t outer_uid;           /* When we are root: who the child is outside; else ignored. */
    gid_t outer_gid;
};

/* Starts |spawn->path| in new namespaces (clone(2) with CLONE_PIDFD, then exec) and waits until it executes, about 2 ms and
 * MF_JAIL_SPAWN_MS_MAX at most. The parent writes the id maps; for that an unprivileged one must be dumpable. A parent that
 * is root is mapped to outer_uid and outer_gid, which are not 0; any other to itself. Safe in a process with threads; the
 * child is killed when the calling thread ends, so call it on one that lives as long as the process. *ret_pidfd polls
 * readable when the child ends; reap it with waitpid. *ret_layers are the namespaces in force; |ret_why|
 * (MF_JAIL_WHY_BYTES_MAX) is set on MF_E_JAIL.
 * The child is process 1 of its pid namespace: from inside it cannot be ended by a signal that it has no handler for, so that
 * abort() ends it by its trap instruction (SIGSEGV); SIGKILL from outside does. */
MF_MUST_CHECK int mf_jail_spawn(const struct mf_jail_spawn *spawn,
                                pid_t *ret_pid,
                                int *ret_pidfd,
                                uint32_t *ret_layers,
                                char *ret_why);

/* Lets all threads of |pid|, a child that was spawned here, run on the processors that this process may use; with |leaves_one| on
 * all but the last of them, where there are several. Those that it starts later inherit that. [any] -errno: -EPERM where a seccomp
 * filter around the daemon has no sched_setaffinity(2), -ESRCH when it has ended. */
MF_MUST_CHECK int mf_jail_set_processors(pid_t pid, bool leaves_one);

struct mf_jail_options {
    uint32_t layers;          /* Which to put on. */
    uint32_t layers_required; /* Fail closed when one of these is refused. */
    uint32_t layers_given;    /* Namespaces to make use of; only those count that mf_jail_spawn says it made. */
    int channel_fd;           /* The one descriptor that stays open besides 0, 1 and 2. */
    uint64_t address_space_bytes_max; /* RLIMIT_AS, 0 for none: V8 reserves far more than it uses. */
    uint64_t threads_max;             /* RLIMIT_NPROC where it counts (in a user namespace). */
    bool is_jitless;                  /* V8 runs with --jitless: no memory may become executable any more. */
};

/* [main] One way. From here on the process can compute, and read and write its channel. */
MF_MUST_CHECK int
mf_jail_enter(const struct mf_jail_options *options, uint32_t *ret_layers, char *ret_why);

#ifdef __cplusplus
}
#endif
#endif
