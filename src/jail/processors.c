/* processors.c - where the threads of an executor may run. The parent says so from outside: inside the call is not allowed.
 *
 * Source: sched_setaffinity(2), proc_pid_task(5). */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include <mayfly/jail.h>

/* A thread that one which was not reached yet has started is there the second time. */
#define PASSES 2

static void leave_last(cpu_set_t *set)
{
    for (size_t i = CPU_SETSIZE; CPU_COUNT(set) > 1 && i > 0; i--) {
        if (CPU_ISSET(i - 1, set)) {
            CPU_CLR(i - 1, set);
            return;
        }
    }
}

/* A thread may end while it is looked at. */
static int set_all(DIR *tasks, const cpu_set_t *set)
{
    const struct dirent *entry;
    size_t count = 0;

    while ((entry = readdir(tasks)) != NULL && count < MF_EXECUTOR_TASKS_MAX) {
        uint64_t tid;
        if (mf_slice_parse_u64(mf_slice_of_cstr(entry->d_name), INT32_MAX, &tid) < 0) {
            continue; /* "." and ".." */
        }
        count++;
        if (sched_setaffinity((pid_t)tid, sizeof *set, set) < 0 && errno != ESRCH) {
            return -errno;
        }
    }
    return 0;
}

int mf_jail_set_processors(pid_t pid, bool leaves_one)
{
    char path[64];
    cpu_set_t set;
    int error = 0;

    if (sched_getaffinity(0, sizeof set, &set) < 0) {
        return -errno;
    }
    if (leaves_one) {
        leave_last(&set);
    }
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL) {
        return errno == ENOENT ? -ESRCH : -errno;
    }
    for (int i = 0; i < PASSES && error == 0; i++) {
        rewinddir(tasks);
        error = set_all(tasks, &set);
    }
    (void)closedir(tasks);
    return error;
}
