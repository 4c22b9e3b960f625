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

/* (argument & mask) == value. A mask of LOW is for what the kernel reads as 32 bits: it does not look at the upper half, and
 * callers may leave anything there. What it reads as 64 bits is compared whole, so that nothing can hide above. */
#define WHERE(argument, mask, value)                                                                         \
    {                                                                                                        \
        (argument), SCMP_CMP_MASKED_EQ, (mask), (value)                                                      \
    }
#define LOW UINT64_C(0xffffffff)

#define THREAD_MUST (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define THREAD_MAY                                                                                           \
    (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_DETACHED)
#define FUTEX_BITS(bits) (LOW & (bits) & ~(uint64_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))
/* The bits of mmap's flags that say where memory comes from, and those that pin it. */
#define SOURCE_DROPPABLE 0x08 /* MAP_DROPPABLE, Linux 6.11; older headers lack it. */
#define MAP_SOURCE (MAP_TYPE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_LOCKED | MAP_GROWSDOWN)

/* Conditions that are the same in every process. The others are in comparisons_make. */
static const struct scmp_arg_cmp fixed[] = {
    [IF_FD_4_TO_7] = WHERE(0, LOW & ~3u, 4),
    [IF_FD_8_TO_15] = WHERE(0, LOW & ~7u, 8),
    [IF_FD_16_TO_31] = WHERE(0, LOW & ~15u, 16),
    [IF_ADVICE_DONTNEED] = WHERE(2, LOW, MADV_DONTNEED),
    [IF_ADVICE_FREE] = WHERE(2, LOW, MADV_FREE),
    [IF_ADVICE_HUGE] = WHERE(2, LOW & ~1u, MADV_HUGEPAGE),
    [IF_ADVICE_DUMP] = WHERE(2, LOW & ~1u, MADV_DONTDUMP),
    [IF_ADVICE_GUARD] = WHERE(2, LOW & ~1u, ADVICE_GUARD_INSTALL),
    [IF_ADVICE_NO_FORK] = WHERE(2, LOW & ~1u, MADV_DONTFORK),
    [IF_FUTEX_LOW] = WHERE(1, FUTEX_BITS(~3u), 0),
    [IF_FUTEX_REQUEUE] = WHERE(1, FUTEX_BITS(~1u), FUTEX_CMP_REQUEUE),
    [IF_FUTEX_WAIT_BITS] = WHERE(1, FUTEX_BITS(~0u), FUTEX_WAIT_BITSET),
    [IF_FUTEX_WAKE_BITS] = WHERE(1, FUTEX_BITS(~0u), FUTEX_WAKE_BITSET),
    [IF_NEW_THREAD] = WHERE(0, ~(uint64_t)THREAD_MAY, THREAD_MUST),
    [IF_NAME_THREAD] = WHERE(0, LOW, PR_SET_NAME),
    [IF_NAME_MEMORY] = WHERE(0, LOW, PR_SET_VMA),
    [IF_TERMINAL] = WHERE(1, LOW, TCGETS),
};

static struct scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp)WHERE(argument, mask, value);
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
    if (condition == IF_ANYTHING) {
        return 0;
    } else if (condition == IF_CHANNEL) {
        out[0] = masked(0, LOW, (uint32_t)options->channel_fd);
        return 1;
    } else if (condition == IF_CHANNEL_GETFL) {
        out[0] = masked(0, LOW, (uint32_t)options->channel_fd);
        out[1] = masked(1, LOW, F_GETFL);
        return 2;
    } else if (condition == IF_PRIVATE_MEMORY) {
        out[0] = protection(options);
        out[1] = masked(3, MAP_SOURCE, MAP_PRIVATE | MAP_ANONYMOUS);
        return 2;
    } else if (condition == IF_DROPPABLE_MEMORY) {
        out[0] = masked(2, ~(uint64_t)(PROT_READ | PROT_WRITE), 0);
        out[1] = masked(3, MAP_SOURCE, SOURCE_DROPPABLE | MAP_ANONYMOUS);
        return 2;
    } else if (condition == IF_PROTECTION) {
        out[0] = protection(options);
        return 1;
    } else if (condition == IF_OWN_PROCESS) {
        out[0] = masked(0, LOW, (uint32_t)getpid());
        return 1;
    } else if (condition == IF_LIMIT_OWN_READ) {
        out[0] = masked(0, LOW, 0);
        out[1] = masked(2, UINT64_MAX, 0);
        return 2;
    }
    MF_ASSERT(condition < MF_COUNT_OF(fixed) && fixed[condition].op == SCMP_CMP_MASKED_EQ);
    out[0] = fixed[condition];
    return 1;
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
