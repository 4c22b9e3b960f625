#include "systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3

/* A number of the environment below |max|, for this process; 0: there is none. */
static uint64_t number_for_us(const char *name, const char *pid_name, uint64_t max)
{
    const char *text = getenv(name);
    const char *pid_text = getenv(pid_name);
    uint64_t number = 0;
    uint64_t pid = 0;

    if (pid_text != NULL &&
        (mf_slice_parse_u64(mf_slice_of_cstr(pid_text), INT32_MAX, &pid) < 0 || pid != (uint64_t)getpid())) {
        return 0;
    }
    if (text == NULL || mf_slice_parse_u64(mf_slice_of_cstr(text), max, &number) < 0) {
        return 0;
    }
    return number;
}

/* ---- sockets ---------------------------------------------------------------------------------------- */

static bool is_local(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
    }
    if (address->ss_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    }
    return address->ss_family == AF_UNIX;
}

/* As for the addresses of the config: unless callers are asked for access tokens only this machine may call. */
static int check_socket(int fd, bool may_be_wide, char *ret_why)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    int is_listening = 0;
    socklen_t flag_size = sizeof is_listening;

    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &flag_size) < 0 || is_listening == 0) {
        (void)snprintf(ret_why, MF__SYSTEMD_WHY_BYTES_MAX,
                       "descriptor %d, which was handed over, is no socket that listens", fd);
        return MF_E_CONFIG;
    }
    if (!may_be_wide && !is_local(&address)) {
        (void)snprintf(ret_why, MF__SYSTEMD_WHY_BYTES_MAX,
                       "the socket that was handed over as descriptor %d can be reached from other machines, "
                       "and callers "
                       "are not asked for an access token: set auth.adminTokenFile",
                       fd);
        return MF_E_CONFIG;
    }
    return 0;
}

int mf__systemd_sockets(int *ret_fds, size_t max, bool may_be_wide, size_t *ret_count, char *ret_why)
{
    uint64_t count = number_for_us("LISTEN_FDS", "LISTEN_PID", 1000);

    *ret_count = 0;
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDNAMES");
    if (count > max) {
        (void)snprintf(ret_why, MF__SYSTEMD_WHY_BYTES_MAX, "%llu sockets were handed over; there can be %zu",
                       (unsigned long long)count, max);
        return MF_E_CONFIG;
    }
    for (int fd = FIRST_FD; fd < FIRST_FD + (int)count; fd++) {
        int rc = check_socket(fd, may_be_wide, ret_why);
        if (rc < 0) {
            return rc;
        }
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* No executor may have it. */
        ret_fds[(*ret_count)++] = fd;
    }
    return 0;
}

/* ---- notices ------------------------------------------------------------------------------------------- */

void mf__systemd_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = path == NULL ? 0 : strlen(path);

    if (size == 0 || size >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, size);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* An abstract name. */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return;
    }
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, length) < 0) {
        mf_log(MF_LOG_WARN, -errno, NULL, "the service manager could not be told: %s", state);
    }
    (void)close(fd);
}

void mf__systemd_notify_reloading(void)
{
    char state[96];

    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reading the config again.",
                   (unsigned long long)(mf_clock_now_ns() / 1000));
    mf__systemd_notify(state);
}

uint64_t mf__systemd_watchdog_ms(void)
{
    uint64_t us = number_for_us("WATCHDOG_USEC", "WATCHDOG_PID", UINT64_C(86400000000));

    return us == 0 ? 0 : us / 2000 > 0 ? us / 2000 : 1;
}
