/* rlimits.c - resource limits, as data. What is a limit of a run (CPU, heap) is not here: see src/executor.
 *
 * Source: getrlimit(2).
 */
#include "layers.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* glibc has an enum for it, which clang takes as unsigned. */
static const struct {
    __rlimit_resource_t resource;
    rlim_t most;
    const char *name;
    const char *reason;
} rows[] = {
    {RLIMIT_CORE, 0, "RLIMIT_CORE", "a core file would hold what scripts held"},
    {RLIMIT_NOFILE, MF_EXECUTOR_FDS_MAX, "RLIMIT_NOFILE",
     "channel, log, null device, epoll and its wake-ups"},
    {RLIMIT_MEMLOCK, 0, "RLIMIT_MEMLOCK", "nothing is locked; also bounds what io_uring and bpf could pin"},
    {RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE", "no POSIX message queues"},
    {RLIMIT_SIGPENDING, 64, "RLIMIT_SIGPENDING", "queued signals are kernel memory; none is used"},
    {RLIMIT_RTPRIO, 0, "RLIMIT_RTPRIO", "no real-time priority over the machine's other work"},
    {RLIMIT_NICE, 0, "RLIMIT_NICE", "priority may only fall"},
};

static int limit(__rlimit_resource_t resource, rlim_t most, const char *name, char *why)
{
    struct rlimit now;
    if (getrlimit(resource, &now) < 0) {
        return mf_jail_refuse(why, MF_JAIL_RLIMITS, name, errno, NULL);
    }
    /* Never raise: a service manager may have set less. */
    if (now.rlim_max < most) {
        most = now.rlim_max;
    }
    struct rlimit wanted = {most, most};
    if (setrlimit(resource, &wanted) < 0) {
        return mf_jail_refuse(why, MF_JAIL_RLIMITS, name, errno, NULL);
    }
    return 0;
}

/* Nothing can be opened, so that this stops one thing: filling a disk through a log that is a file. Past it a write fails
 * with EFBIG; the signal is ignored, or a long log would be the end of the executor. */
static int limit_files(char *why)
{
    struct stat log;
    rlim_t most = 0;
    if (fstat(STDERR_FILENO, &log) == 0 && S_ISREG(log.st_mode)) {
        most = (rlim_t)log.st_size + MF_EXECUTOR_LOG_FILE_BYTES_MAX;
    }
    (void)signal(SIGXFSZ, SIG_IGN);
    return limit(RLIMIT_FSIZE, most, "RLIMIT_FSIZE", why);
}

int mf_jail_put_rlimits(const struct mf_jail_options *options, char *why)
{
    int error = limit_files(why);
    for (size_t i = 0; i < MF_COUNT_OF(rows) && error == 0; i++) {
        error = limit(rows[i].resource, rows[i].most, rows[i].name, why);
    }
    if (error == 0 && options->address_space_bytes_max > 0) {
        error = limit(RLIMIT_AS, options->address_space_bytes_max, "RLIMIT_AS", why);
    }
    /* Outside a user namespace the kernel counts every process of the user, which is not what is meant. */
    bool is_counted_alone = (options->layers_given & mf_jail_bit(MF_JAIL_USER_NS)) != 0;
    if (error == 0 && is_counted_alone && options->threads_max > 0) {
        error = limit(RLIMIT_NPROC, options->threads_max, "RLIMIT_NPROC", why);
    }
    return error;
}
