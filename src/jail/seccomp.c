/* seccomp.c - syscalls.def becomes a filter: what has no line ends the process.
 *
 * Sources: seccomp(2), seccomp_rule_add(3).
 */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "syscalls.def"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define ADVICE_GUARD_INSTALL 102 /* Linux 6.13; 103 is MADV_GUARD_REMOVE. */
#define COMPARISONS_MAX 2

enum condition {
#define XX(name, words) IF_##name,
    MF_JAIL_CONDITION_MAP(XX)
#undef XX
};

#define ALLOW 0 /* No errno is 0. */

static const struct row {
    int error_number; /* ALLOW, or what the call fails with. */
    const char *name;
    enum condition condition;
} rows[] = {
#define XX(action, name, condition, reason) {(action), #name, IF_##condition},
    MF_JAIL_SYSCALL_MAP(XX)
#undef XX
};

/* Upper halves matter: the kernel reads most of these as 32 bits, but what it reads as 64 must not hide bits there. */
static struct scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/* An int argument: what is above bit 31 is not looked at by the kernel, and callers may leave anything there. */
static struct scmp_arg_cmp number(unsigned argument, uint32_t value)
{
    return masked(argument, UINT32_MAX, value);
}

static struct scmp_arg_cmp futex(uint32_t operation_mask, uint32_t operation)
{
    const uint32_t flags = FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
    return masked(1, UINT32_MAX & operation_mask & ~flags, operation);
}

static struct scmp_arg_cmp new_thread(void)
{
    const uint64_t must = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    const uint64_t may =
        CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_DETACHED;
    return masked(0, ~may, must);
}

/* The bits of mmap's flags that say where memory comes from, and those that pin it. */
static struct scmp_arg_cmp private_memory(void)
{
    const uint64_t looked_at = MAP_TYPE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_LOCKED | MAP_GROWSDOWN;
    return masked(3, looked_at, MAP_PRIVATE | MAP_ANONYMOUS);
}

static struct scmp_arg_cmp protection(const struct mf_jail_options *options)
{
    const uint64_t may = PROT_READ | PROT_WRITE | (options->is_jitless ? 0 : PROT_EXEC);
    return masked(2, ~may, 0);
}

static unsigned comparisons_make(enum condition condition,
                                 const struct mf_jail_options *options,
                                 struct scmp_arg_cmp out[COMPARISONS_MAX])
{
    switch (condition) {
    case IF_ANYTHING:
        return 0;
    case IF_CHANNEL:
        out[0] = number(0, (uint32_t)options->channel_fd);
        return 1;
    case IF_FD_4_TO_7:
        out[0] = masked(0, UINT32_MAX & ~3u, 4);
        return 1;
    case IF_FD_8_TO_15:
        out[0] = masked(0, UINT32_MAX & ~7u, 8);
        return 1;
    case IF_FD_16_TO_31:
        out[0] = masked(0, UINT32_MAX & ~15u, 16);
        return 1;
    case IF_CHANNEL_GETFL:
        out[0] = number(0, (uint32_t)options->channel_fd);
        out[1] = number(1, F_GETFL);
        return 2;
    case IF_PRIVATE_MEMORY:
        out[0] = protection(options);
        out[1] = private_memory();
        return 2;
    case IF_PROTECTION:
        out[0] = protection(options);
        return 1;
    case IF_ADVICE_DONTNEED:
        out[0] = number(2, MADV_DONTNEED);
        return 1;
    case IF_ADVICE_FREE:
        out[0] = number(2, MADV_FREE);
        return 1;
    case IF_ADVICE_HUGE:
        out[0] = masked(2, UINT32_MAX & ~1u, MADV_HUGEPAGE);
        return 1;
    case IF_ADVICE_DUMP:
        out[0] = masked(2, UINT32_MAX & ~1u, MADV_DONTDUMP);
        return 1;
    case IF_ADVICE_GUARD:
        out[0] = masked(2, UINT32_MAX & ~1u, ADVICE_GUARD_INSTALL);
        return 1;
    case IF_ADVICE_NO_FORK:
        out[0] = masked(2, UINT32_MAX & ~1u, MADV_DONTFORK);
        return 1;
    case IF_FUTEX_LOW:
        out[0] = futex(~3u, 0);
        return 1;
    case IF_FUTEX_REQUEUE:
        out[0] = futex(~1u, FUTEX_CMP_REQUEUE);
        return 1;
    case IF_FUTEX_WAIT_BITS:
        out[0] = futex(~0u, FUTEX_WAIT_BITSET);
        return 1;
    case IF_FUTEX_WAKE_BITS:
        out[0] = futex(~0u, FUTEX_WAKE_BITSET);
        return 1;
    case IF_NEW_THREAD:
        out[0] = new_thread();
        return 1;
    case IF_OWN_PROCESS:
        out[0] = number(0, (uint32_t)getpid());
        return 1;
    case IF_LIMIT_OWN_READ:
        out[0] = number(0, 0);
        out[1] = masked(2, UINT64_MAX, 0);
        return 2;
    case IF_NAME_THREAD:
        out[0] = number(0, PR_SET_NAME);
        return 1;
    case IF_NAME_MEMORY:
        out[0] = number(0, PR_SET_VMA);
        return 1;
    case IF_TERMINAL:
        out[0] = number(1, TCGETS);
        return 1;
    }
    MF_ASSERT(!"a condition without a comparison");
    return 0;
}

_Static_assert(MF_EXECUTOR_FDS_MAX == 32, "the descriptors that read may name");
_Static_assert(MADV_HUGEPAGE % 2 == 0 && MADV_NOHUGEPAGE == MADV_HUGEPAGE + 1, "one mask for two advices");
_Static_assert(MADV_DONTDUMP % 2 == 0 && MADV_DODUMP == MADV_DONTDUMP + 1, "one mask for two advices");
_Static_assert(MADV_DONTFORK % 2 == 0 && MADV_DOFORK == MADV_DONTFORK + 1, "one mask for two advices");
_Static_assert(FUTEX_REQUEUE == 3 && FUTEX_CMP_REQUEUE == 4 && FUTEX_WAKE_OP == 5,
               "masks of futex operations");

static int row_add(scmp_filter_ctx filter, const struct row *row, const struct mf_jail_options *options)
{
    struct scmp_arg_cmp comparisons[COMPARISONS_MAX];
    int number_of_call = seccomp_syscall_resolve_name(row->name);
    if (number_of_call == __NR_SCMP_ERROR) {
        /* Newer than this libseccomp. Without its line the call is fatal, so that nothing is opened by leaving it out. */
        return row->error_number == ALLOW ? -ENOSYS : 0;
    }
    if (number_of_call < 0) {
        return 0; /* Another architecture's. */
    }
    unsigned count = comparisons_make(row->condition, options, comparisons);
    uint32_t action =
        row->error_number == ALLOW ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint32_t)row->error_number);
    return seccomp_rule_add_array(filter, action, number_of_call, count, comparisons);
}

static int filter_load(scmp_filter_ctx filter, const struct mf_jail_options *options, char *why)
{
    static const char hint[] = "The kernel needs CONFIG_SECCOMP_FILTER; libseccomp 2.5 or newer";
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (error == 0) {
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    }
    if (error == 0) {
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* A tree, not a list. */
    }
    if (error != 0) {
        return mf_jail_refuse(why, MF_JAIL_SECCOMP, "setting up", -error, hint);
    }
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        error = row_add(filter, &rows[i], options);
        if (error != 0) {
            return mf_jail_refuse(why, MF_JAIL_SECCOMP, rows[i].name, -error, NULL);
        }
    }
    error = seccomp_load(filter);
    return error == 0 ? 0 : mf_jail_refuse(why, MF_JAIL_SECCOMP, "loading", -error, hint);
}

int mf_jail_put_seccomp(const struct mf_jail_options *options, char *why)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return mf_jail_refuse(why, MF_JAIL_SECCOMP, "starting", ENOMEM, NULL);
    }
    int error = filter_load(filter, options, why);
    seccomp_release(filter);
    return error;
}
