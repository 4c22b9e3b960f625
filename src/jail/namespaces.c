/* namespaces.c - which namespaces this kernel gives us, who we are in the new user namespace, how to get what is refused.
 *
 * Sources: clone(2), unshare(2), user_namespaces(7).
 */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static const struct {
    enum mf_jail_layer layer;
    int flag;
} namespaces[] = {
    {MF_JAIL_USER_NS, CLONE_NEWUSER}, /* First: it brings the capability that the others ask for. */
    {MF_JAIL_PID_NS, CLONE_NEWPID},   {MF_JAIL_NET_NS, CLONE_NEWNET},  {MF_JAIL_IPC_NS, CLONE_NEWIPC},
    {MF_JAIL_UTS_NS, CLONE_NEWUTS},   {MF_JAIL_MOUNT_NS, CLONE_NEWNS},
};

_Static_assert(MF_JAIL_NAMESPACES < 0x100, "the probe answers with a mask in its exit status");

int mf_jail_namespace_flags(uint32_t layers)
{
    int flags = 0;
    for (size_t i = 0; i < MF_COUNT_OF(namespaces); i++) {
        if ((layers & mf_jail_bit(namespaces[i].layer)) != 0) {
            flags |= namespaces[i].flag;
        }
    }
    return flags;
}

/* Runs in the probe, between fork and exit: system calls only. */
static int namespaces_unshared(uint32_t layers)
{
    uint32_t given = 0;
    for (size_t i = 0; i < MF_COUNT_OF(namespaces); i++) {
        uint32_t bit = mf_jail_bit(namespaces[i].layer);
        if ((layers & bit) != 0 && unshare(namespaces[i].flag) == 0) {
            given |= bit;
        }
    }
    return (int)given;
}

int mf_jail_namespace_probe(uint32_t layers)
{
    sigset_t all, before;
    sigfillset(&all);
    /* A handler of ours must not run in the child: it might write into a pipe that both hold. */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    int error = pid < 0 ? -errno : 0;
    if (pid == 0) {
        _exit(namespaces_unshared(layers));
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error < 0) {
        return error;
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* The first character of a file of /proc/sys, or 0 when there is none. */
static char sysctl_peek(const char *path)
{
    char first = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &first, 1) != 1) {
            first = 0;
        }
        close(fd);
    }
    return first;
}

const char *mf_jail_namespace_hint(enum mf_jail_layer layer)
{
    if (sysctl_peek("/proc/sys/kernel/unprivileged_userns_clone") == '0') {
        return "To allow it: sysctl kernel.unprivileged_userns_clone=1";
    }
    if (sysctl_peek("/proc/sys/user/max_user_namespaces") == '0') {
        return "To allow it: sysctl user.max_user_namespaces=10000";
    }
    if (sysctl_peek("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == '1') {
        return "To allow it: an AppArmor profile for mayflyd with the line 'userns,', or sysctl "
               "kernel.apparmor_restrict_unprivileged_userns=0";
    }
    if (layer == MF_JAIL_USER_NS) {
        return "In a container: its seccomp profile must allow clone with CLONE_NEWUSER (Docker: "
               "--security-opt seccomp=FILE or unconfined); in a chroot the kernel never does (pivot_root "
               "has "
               "no such rule); or take the layer out of the required ones";
    }
    return "In a container: give it CAP_SYS_ADMIN or a seccomp profile that allows user namespaces; or take "
           "the layer "
           "out of the required ones";
}

/* One write: the kernel takes a map whole or not at all. */
static int proc_write(pid_t pid, const char *file, const char *text)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    ssize_t written = write(fd, text, strlen(text));
    int error = written < 0 ? -errno : 0;
    close(fd);
    return error;
}

int mf_jail_namespace_map(pid_t pid, uid_t uid, gid_t gid, bool is_privileged, char *why)
{
    static const char hint[] =
        "The daemon needs CAP_SETUID and CAP_SETGID, and jail.uid and jail.gid must exist in its "
        "own user namespace";
    char map[64];
    /* Without privilege the kernel wants setgroups forbidden first. With it we leave it open, so that the child can give
     * up our supplementary groups before it executes anything. */
    int error = is_privileged ? 0 : proc_write(pid, "setgroups", "deny");
    if (error < 0) {
        return mf_jail_refuse(why, MF_JAIL_USER_NS, "forbidding setgroups", -error, NULL);
    }
    (void)snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)gid);
    error = proc_write(pid, "gid_map", map);
    if (error == 0) {
        (void)snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)uid);
        error = proc_write(pid, "uid_map", map);
    }
    if (error < 0) {
        return mf_jail_refuse(why, MF_JAIL_USER_NS, "mapping the user", -error, is_privileged ? hint : NULL);
    }
    return 0;
}
