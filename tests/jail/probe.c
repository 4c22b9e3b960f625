/* probe.c - a program that puts on the executor's own jail and then tries one thing that it must not get. */
#include <mayfly/jail.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "works.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef PROT_GROWSDOWN
#define PROT_GROWSDOWN 0x01000000
#endif
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static char scratch[4096] __attribute__((aligned(64)));
static char page[4096] __attribute__((aligned(4096)));
static char *const no_strings[] = {NULL};
static pid_t outside;
static const struct sockaddr_in inet_address = {.sin_family = AF_INET,
                                                .sin_port = 0x3500,
                                                .sin_addr = {0x08080808}};

static long send_descriptor(void)
{
    char byte = 'x', control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec piece = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    return syscall(SYS_sendmsg, PROBE_CHANNEL, &message, 0);
}

static long connect_socket(int type)
{
    int fd = socket(AF_INET, type, 0);
    return fd < 0 ? fd : connect(fd, (const struct sockaddr *)&inet_address, sizeof(inet_address));
}

static long duplicate_until_refused(void)
{
    long fd;
    do {
        fd = dup(PROBE_CHANNEL);
    } while (fd >= 0 && fd < MF_EXECUTOR_FDS_MAX);
    return fd;
}

static long raise_capability(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN, 0}, {0, 0, 0}};
    return syscall(SYS_capset, &header, sets);
}

#ifdef __x86_64__
static long call_i386(long number)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0) : "memory", "r8", "r9", "r10", "r11");
    return result;
}
#endif

#define ATTEMPT(name, expected, call)                                                                        \
    static long refused_##name(void)                                                                         \
    {                                                                                                        \
        return (long)(call);                                                                                 \
    }
#include "refused.def"
#undef ATTEMPT
#define ATTEMPT(name, expected, call)                                                                        \
    static long depth_##name(void)                                                                           \
    {                                                                                                        \
        return (long)(call);                                                                                 \
    }
#include "depth.def"
#undef ATTEMPT

/* Stays until the driver closes the channel, so that it can look at us from outside. */
static long other_hold(void)
{
    return read(PROBE_CHANNEL, scratch, 1);
}

/* Stays whatever happens to the channel. */
static long other_park(void)
{
    while (pause() < 0) {
    }
    return 0;
}

static long other_log(void)
{
    return write(STDERR_FILENO, "logged\n", 7);
}

static long other_abort(void)
{
    abort();
}

static long other_environment(void)
{
    extern char **environ;
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    return (long)count;
}

/* Descriptors above 3 that are open, found without asking the file system. Without seccomp. */
static long other_descriptors(void)
{
    long mask = 0;
    for (int fd = 0; fd < 60; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            mask |= 1L << fd;
        }
    }
    return mask;
}

static long other_securebits(void)
{
    return prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
}

static long other_code(void)
{
    return mprotect(page, sizeof(page), PROT_READ | PROT_EXEC);
}

static long other_new_code(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) == MAP_FAILED ? -1 : 0;
}

static void *wait_for_ever(void *unused)
{
    (void)unused;
    pause();
    return NULL;
}

static const struct {
    const char *kind;
    const char *name;
    long (*attempt)(void);
} attempts[] = {
#define ATTEMPT(name, expected, call) {"refused", #name, refused_##name},
#include "refused.def"
#undef ATTEMPT
#define ATTEMPT(name, expected, call) {"depth", #name, depth_##name},
#include "depth.def"
#undef ATTEMPT
#define WORKS(name) {"works", #name, works_##name},
#include "works.def"
#undef WORKS
    {"other", "hold", other_hold},
    {"other", "park", other_park},
    {"other", "log", other_log},
    {"other", "abort", other_abort},
    {"other", "environment", other_environment},
    {"other", "descriptors", other_descriptors},
    {"other", "descriptors_after_leak", other_descriptors},
    {"other", "securebits", other_securebits},
    {"other", "code", other_code},
    {"other", "new_code", other_new_code},
};

static void say(const char *text)
{
    if (write(PROBE_CHANNEL, text, strlen(text)) != (ssize_t)strlen(text)) {
        _exit(4);
    }
}

static void attempt(const char *kind, const char *name)
{
    char text[128];
    for (size_t i = 0; i < MF_COUNT_OF(attempts); i++) {
        if (strcmp(attempts[i].kind, kind) == 0 && strcmp(attempts[i].name, name) == 0) {
            errno = 0;
            long result = attempts[i].attempt();
            (void)snprintf(text, sizeof(text), "returned %ld %d\n", result, errno);
            say(text);
            return;
        }
    }
    say("there is no such attempt\n");
}

int main(int argc, char **argv)
{
    char text[MF_JAIL_WHY_BYTES_MAX + 32], why[MF_JAIL_WHY_BYTES_MAX];
    uint32_t layers = 0;
    if (argc != 7) {
        return 2;
    }
    uint32_t wanted = (uint32_t)strtoul(argv[1], NULL, 16);
    struct mf_jail_options options = {.layers = wanted,
                                      .layers_required = wanted,
                                      .layers_given = (uint32_t)strtoul(argv[2], NULL, 16),
                                      .channel_fd = PROBE_CHANNEL,
                                      .threads_max = PROBE_THREADS_MAX,
                                      .is_jitless = argv[3][0] == '1'};
    outside = atoi(argv[4]);
    if (strcmp(argv[6], "second_thread") == 0) {
        pthread_t thread;
        (void)pthread_create(&thread, NULL, wait_for_ever, NULL);
    }
    if (strcmp(argv[6], "descriptors_after_leak") == 0) {
        for (int fd = PROBE_CHANNEL + 1; fd < 60; fd += 7) {
            (void)dup2(STDERR_FILENO, fd);
        }
    }
    if (mf_jail_enter(&options, &layers, why) < 0) {
        (void)snprintf(text, sizeof(text), "refused %s\n", why);
        say(text);
        return 3;
    }
    (void)snprintf(text, sizeof(text), "jailed %x\n", layers);
    say(text);
    attempt(argv[5], argv[6]);
    _exit(0);
}
