/* root.c - the empty root: a tmpfs that can hold no file, read-only, and nothing of the old tree behind it.
 *
 * Source: pivot_root(2), "pivot_root(".", ".")".
 */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* nr_inodes=1 is the root folder itself: there is no room for another name. */
#define EMPTY_OPTIONS "size=4k,nr_inodes=1,mode=0555"
#define EMPTY_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY)

static int refuse(char *why, const char *step)
{
    return mf_jail_refuse(why, MF_JAIL_EMPTY_ROOT, step, errno, mf_jail_namespace_hint(MF_JAIL_EMPTY_ROOT));
}

/* Any folder that exists will do: nobody looks at it afterwards. */
static const char *mount_empty(void)
{
    static const char *const places[] = {"/tmp", "/proc", "/dev"};
    for (size_t i = 0; i < MF_COUNT_OF(places); i++) {
        if (mount("mayfly", places[i], "tmpfs", EMPTY_FLAGS, EMPTY_OPTIONS) == 0) {
            return places[i];
        }
    }
    return NULL;
}

int mf_jail_put_root(const struct mf_jail_options *options, char *why)
{
    if ((options->layers_given & mf_jail_bit(MF_JAIL_MOUNT_NS)) == 0) {
        errno = EPERM;
        return refuse(why, "needs the mount namespace");
    }
    /* Nothing that is mounted here may reach our parent, and nothing that it mounts may reach us. */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        return refuse(why, "making mounts private");
    }
    const char *place = mount_empty();
    if (place == NULL) {
        return refuse(why, "mounting an empty tmpfs");
    }
    /* The old root lands on top of the new one, at the same place, and is then taken off with all below it. */
    if (chdir(place) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) {
        return refuse(why, "changing the root");
    }
    if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
        return refuse(why, "detaching the old root");
    }
    return 0;
}
