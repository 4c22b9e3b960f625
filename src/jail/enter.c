/* enter.c - the executor puts on its jail: every layer in its order, each on its own, none half.
 *
 * The order is forced: mounts need capabilities, Landlock and seccomp need no_new_privs, and after seccomp none of the
 * calls that the others make is left.
 */
#include "layers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static const struct {
    enum mf_jail_layer layer;
    int (*put_on)(const struct mf_jail_options *options, char *why);
} steps[] = {
    {MF_JAIL_EMPTY_ROOT, mf_jail_put_root},
    {MF_JAIL_RLIMITS, mf_jail_put_rlimits},
    {MF_JAIL_NO_NEW_PRIVS, mf_jail_put_no_new_privs},
    {MF_JAIL_NOT_DUMPABLE, mf_jail_put_not_dumpable},
    {MF_JAIL_CLOSED_FDS, mf_jail_put_fds},
    {MF_JAIL_LANDLOCK, mf_jail_put_landlock},
    {MF_JAIL_NO_CAPABILITIES, mf_jail_put_capabilities},
    {MF_JAIL_SECCOMP, mf_jail_put_seccomp},
};

int mf_jail_put_no_new_privs(const struct mf_jail_options *options, char *why)
{
    (void)options;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return mf_jail_refuse(why, MF_JAIL_NO_NEW_PRIVS, "prctl", errno, NULL);
    }
    return 0;
}

/* No core file, no ptrace by the user's other processes, /proc/<pid> belongs to root. */
int mf_jail_put_not_dumpable(const struct mf_jail_options *options, char *why)
{
    (void)options;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
        return mf_jail_refuse(why, MF_JAIL_NOT_DUMPABLE, "prctl", errno, NULL);
    }
    return 0;
}

/* Capabilities, Landlock and no_new_privs belong to a thread: a second one would stay outside. Each thread is a folder,
 * so that the count of links is two more than that of threads. */
static bool is_alone(void)
{
    struct stat tasks;
    return stat("/proc/self/task", &tasks) < 0 || tasks.st_nlink <= 3;
}

/* What mf_jail_spawn should have made and did not. */
static int namespaces_check(const struct mf_jail_options *options, char *why)
{
    uint32_t missing = options->layers_required & MF_JAIL_NAMESPACES & ~options->layers_given;
    for (unsigned i = 0; i < MF_JAIL_LAYERS_COUNT; i++) {
        if ((missing & 1u << i) != 0) {
            return mf_jail_refuse(why, (enum mf_jail_layer)i, "was not made when the process was spawned",
                                  EPERM, NULL);
        }
    }
    return 0;
}

/* What the caller believes and what the spawner made. A root that unmounted the machine's own tree because nobody told it
 * that there is no mount namespace would be worse than no jail. */
static uint32_t namespaces_given(const struct mf_jail_options *options)
{
    const char *text = getenv(MF_JAIL_GIVEN_VARIABLE);
    uint64_t made = 0;
    if (text == NULL || mf_slice_parse_u64(mf_slice_of_cstr(text), UINT32_MAX, &made) < 0) {
        return 0;
    }
    return options->layers_given & MF_JAIL_NAMESPACES & (uint32_t)made;
}

int mf_jail_enter(const struct mf_jail_options *asked, uint32_t *ret_layers, char *ret_why)
{
    struct mf_jail_options truth = *asked;
    truth.layers_given = namespaces_given(asked);
    const struct mf_jail_options *options = &truth;
    uint32_t layers = truth.layers_given;
    uint32_t wanted = options->layers | options->layers_required;
    ret_why[0] = '\0';
    if (!is_alone()) {
        (void)snprintf(ret_why, MF_JAIL_WHY_BYTES_MAX, "the process has more than one thread already");
        return MF_E_JAIL;
    }
    int error = namespaces_check(options, ret_why);
    if (error < 0) {
        return error;
    }
    for (size_t i = 0; i < MF_COUNT_OF(steps); i++) {
        uint32_t bit = mf_jail_bit(steps[i].layer);
        if ((wanted & bit) == 0) {
            continue;
        }
        error = steps[i].put_on(options, ret_why);
        if (error == 0) {
            layers |= bit;
        } else if ((options->layers_required & bit) != 0) {
            return error;
        }
    }
    *ret_layers = layers;
    return 0;
}
