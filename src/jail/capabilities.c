/* capabilities.c - none, and no way to get one again: all five sets, and the rules that give root its powers.
 *
 * Source: capabilities(7).
 */
#include "layers.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITIES_MAX                                                                                     \
    64 /* The kernel's sets have 64 bits; it says EINVAL at the first that it does not know. */

static const unsigned long secure_bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                         SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                         SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

static int sets_read(struct __user_cap_data_struct sets[2])
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return (int)syscall(SYS_capget, &header, sets);
}

static int sets_clear(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    return (int)syscall(SYS_capset, &header, none);
}

/* Both need CAP_SETPCAP. A process that never had it has nothing to lose here, as long as it has no_new_privs. */
static int bounds_clear(char *why)
{
    for (unsigned long capability = 0; capability < CAPABILITIES_MAX; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
            if (errno == EINVAL) {
                break;
            }
            return mf_jail_refuse(why, MF_JAIL_NO_CAPABILITIES, "emptying the bounding set", errno, NULL);
        }
    }
    if (prctl(PR_SET_SECUREBITS, secure_bits, 0, 0, 0) < 0) {
        return mf_jail_refuse(why, MF_JAIL_NO_CAPABILITIES, "setting securebits", errno, NULL);
    }
    return 0;
}

int mf_jail_put_capabilities(const struct mf_jail_options *options, char *why)
{
    struct __user_cap_data_struct sets[2];
    (void)options;
    if (sets_read(sets) < 0) {
        return mf_jail_refuse(why, MF_JAIL_NO_CAPABILITIES, "reading", errno, NULL);
    }
    if ((sets[0].effective & 1u << CAP_SETPCAP) != 0 && bounds_clear(why) < 0) {
        return MF_E_JAIL;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || sets_clear() < 0 ||
        sets_read(sets) < 0) {
        return mf_jail_refuse(why, MF_JAIL_NO_CAPABILITIES, "dropping", errno, NULL);
    }
    for (int i = 0; i < 2; i++) {
        if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) != 0) {
            return mf_jail_refuse(why, MF_JAIL_NO_CAPABILITIES, "some are left", EPERM, NULL);
        }
    }
    return 0;
}
