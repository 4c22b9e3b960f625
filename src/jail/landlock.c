/* landlock.c - a second, independent "no files, no ports": a ruleset that handles every access right and allows none.
 *
 * The numbers are the kernel's ABI, written out because older headers lack the newer ones.
 * Source: https://docs.kernel.org/userspace-api/landlock.html
 */
#include "layers.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444 /* The same on every architecture. */
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1u

struct ruleset {
    uint64_t handled_fs;
    uint64_t handled_net; /* ABI 4. */
    uint64_t scoped;      /* ABI 6. */
};

/* Which rights exist since which ABI: bits are never reused. */
static uint64_t rights_of_files(long abi)
{
    unsigned bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
    return (UINT64_C(1) << bits) - 1;
}

static struct ruleset ruleset_of(long abi, size_t *ret_size)
{
    struct ruleset ruleset = {rights_of_files(abi), 0, 0};
    *ret_size = sizeof(ruleset.handled_fs);
    if (abi >= 4) {
        ruleset.handled_net = 3; /* TCP bind, TCP connect. */
        *ret_size = offsetof(struct ruleset, scoped);
    }
    if (abi >= 6) {
        ruleset.scoped = 3; /* Abstract unix sockets, signals: none beyond this process. */
        *ret_size = sizeof(ruleset);
    }
    return ruleset;
}

int mf_jail_put_landlock(const struct mf_jail_options *options, char *why)
{
    static const char hint[] =
        "Landlock needs Linux 5.13 or newer with 'landlock' in the lsm= list of its command line";
    (void)options;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    if (abi < 1) {
        return mf_jail_refuse(why, MF_JAIL_LANDLOCK, "asking for its version", errno, hint);
    }
    size_t size = 0;
    struct ruleset ruleset = ruleset_of(abi, &size);
    int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    if (fd < 0) {
        return mf_jail_refuse(why, MF_JAIL_LANDLOCK, "making the ruleset", errno, hint);
    }
    long error = syscall(SYS_landlock_restrict_self, fd, 0);
    int error_number = errno;
    close(fd);
    if (error < 0) {
        return mf_jail_refuse(why, MF_JAIL_LANDLOCK, "restricting this process", error_number, hint);
    }
    return 0;
}
