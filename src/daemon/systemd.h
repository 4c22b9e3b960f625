/* systemd.h - what a service manager and the daemon say to each other: sockets that are handed over, "ready", "still alive".
 *
 * Threads:  [loop]
 * Source:   sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3); the protocols are a few lines each and stable, so libsystemd
 *           is not needed. Under no such manager all of this does nothing. */
#ifndef MAYFLY_DAEMON_SYSTEMD_H
#define MAYFLY_DAEMON_SYSTEMD_H

#include <stddef.h>
#include <stdint.h>

#include <mayfly/base.h>

#define MF__SYSTEMD_WHY_BYTES_MAX 256

/* Sockets that were handed over, at most |max|, into |ret_fds|; takes what says so out of the environment. They must listen, and be
 * ones that only this machine reaches unless they |may_be_wide|: MF_E_CONFIG and |ret_why|. */
MF_MUST_CHECK int
mf__systemd_sockets(int *ret_fds, size_t max, bool may_be_wide, size_t *ret_count, char *ret_why);

/* "READY=1", "STOPPING=1", "STATUS=..."; lines with a line end between. Whoever does not listen is not waited for. */
void mf__systemd_notify(const char *state);

/* "RELOADING=1" with the time that systemd wants to see; "READY=1" ends it. */
void mf__systemd_notify_reloading(void);

/* Every so many milliseconds "WATCHDOG=1" is expected, and half of that is this; 0: it is not. */
uint64_t mf__systemd_watchdog_ms(void);

#endif
