/* The table of system calls itself: names exist on both architectures or on one, and what must never be allowed is not. */
#include <mayfly/jail.h>

#include <errno.h>
#include <seccomp.h>

#include "check.h"
#include "syscalls.def"

enum action { ALLOW };

static const struct {
    int action;
    const char *name;
    const char *condition;
    const char *reason;
} rows[] = {
#define XX(action, name, condition, reason) {(action), #name, #condition, (reason)},
    MF_JAIL_SYSCALL_MAP(XX)
#undef XX
};

static void names_exist(void)
{
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        int x86 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, rows[i].name);
        int arm = seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, rows[i].name);
        MF_CHECK(x86 != __NR_SCMP_ERROR && arm != __NR_SCMP_ERROR);
        MF_CHECK(x86 >= 0 || arm >= 0);
        MF_CHECK(strlen(rows[i].reason) >= 5);
    }
}

/* Two lines of one call are two conditions; a call is either made under conditions or answered with one errno. */
static void lines_do_not_contradict(void)
{
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(rows[i].name, rows[j].name) == 0) {
                MF_CHECK(strcmp(rows[i].condition, rows[j].condition) != 0);
                MF_CHECK(rows[i].action == ALLOW && rows[j].action == ALLOW);
                MF_CHECK(strcmp(rows[i].condition, "ANYTHING") != 0);
                MF_CHECK(strcmp(rows[j].condition, "ANYTHING") != 0);
            }
        }
    }
}

/* A line for one of these may only be a refusal, whatever its condition. */
static const char never[] =
    " open openat openat2 creat open_by_handle_at name_to_handle_at getdents64 ftruncate pwrite64 "
    "inotify_init1 "
    "execve execveat fork vfork clone3 kill tkill rt_sigqueueinfo ptrace pidfd_open pidfd_getfd kcmp "
    "process_vm_readv process_vm_writev socket socketpair connect bind listen accept accept4 sendmsg recvmsg "
    "sendmmsg "
    "recvmmsg mount umount2 pivot_root chroot unshare setns bpf userfaultfd perf_event_open io_uring_setup "
    "io_uring_enter keyctl memfd_create personality setuid setresuid capset seccomp shmat modify_ldt "
    "arch_prctl dup "
    "dup2 dup3 pipe pipe2 sendfile splice timer_create signalfd4 setrlimit ";

/* These only under a condition. */
static const char only_if[] = " clone prctl ioctl mmap mprotect pkey_mprotect prlimit64 tgkill read readv "
                              "fcntl futex madvise sendto recvfrom ";

static bool is_listed(const char *list, const char *name)
{
    char word[64];
    (void)snprintf(word, sizeof(word), " %s ", name);
    return strstr(list, word) != NULL;
}

static void the_dangerous_are_not_allowed(void)
{
    MF_CHECK(is_listed(never, "execve") && is_listed(only_if, "recvfrom") && !is_listed(never, "exec"));
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        MF_CHECK(rows[i].action != ALLOW || !is_listed(never, rows[i].name));
        MF_CHECK(strcmp(rows[i].condition, "ANYTHING") != 0 || !is_listed(only_if, rows[i].name));
    }
}

int main(void)
{
    MF_RUN(names_exist);
    MF_RUN(lines_do_not_contradict);
    MF_RUN(the_dangerous_are_not_allowed);
    return 0;
}
