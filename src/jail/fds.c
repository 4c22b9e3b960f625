/* fds.c - no descriptor but the null device, the log and the channel. */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int close_from_to(unsigned first, unsigned last)
{
    return first > last ? 0 : (int)syscall(SYS_close_range, first, last, 0);
}

int mf_jail_put_fds(const struct mf_jail_options *options, char *why)
{
    if (options->channel_fd <= STDERR_FILENO || fcntl(options->channel_fd, F_GETFD) < 0) {
        return mf_jail_refuse(why, MF_JAIL_CLOSED_FDS, "the channel is not open", EBADF, NULL);
    }
    unsigned channel = (unsigned)options->channel_fd;
    if (close_from_to(STDERR_FILENO + 1, channel - 1) < 0 || close_from_to(channel + 1, ~0u) < 0) {
        return mf_jail_refuse(why, MF_JAIL_CLOSED_FDS, "close_range", errno, "Linux 5.9 or newer is needed");
    }
    return 0;
}
