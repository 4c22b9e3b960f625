/* refused_test.c - each attempt of refused.def and depth.def in a jail of its own: refused as documented, all of them. And
 * what works.def needs still works. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "check.h"
#include "nest.h"
#include "probe.h"

static int failures;

static void report(const struct nest_order *order, const struct nest *nest, int status, int expected)
{
    fprintf(stderr, "FAILED %s %s: expected %s, wait status 0x%x, heard: %s\n", order->kind, order->name,
            expected < 0 ? "SIGSYS" : mf_error_code(-expected), (unsigned)status, nest->heard);
    failures++;
}

static bool is_killed(int status, int expected)
{
    if (!WIFSIGNALED(status)) {
        return false;
    }
    return WTERMSIG(status) == SIGSYS || (expected == KILLED_OR_FAULT && WTERMSIG(status) == SIGSEGV);
}

static void check_refused(const char *kind, const char *name, uint32_t layers, int expected)
{
    struct nest nest;
    struct nest_order order = {.layers = layers, .kind = kind, .name = name, .log_fd = -1};
    int status = nest_run(&order, &nest);
    const char *returned = nest_said(&nest, "returned ");
    bool is_jailed = nest_said(&nest, "jailed ") != NULL;
    bool is_right;
    if (expected < 0) {
        is_right = is_killed(status, expected) && returned == NULL;
    } else {
        long result = 0;
        int error_number = 0;
        is_right = status == 0 && returned != NULL &&
                   sscanf(returned, "%ld %d", &result, &error_number) == 2 && result == -1 &&
                   error_number == expected;
    }
    if (!is_jailed || !is_right) {
        report(&order, &nest, status, expected);
    }
}

static void check_works(const char *name)
{
    struct nest nest;
    struct nest_order order = {.layers = MF_JAIL_ALL, .kind = "works", .name = name, .log_fd = -1};
    int status = nest_run(&order, &nest);
    const char *returned = nest_said(&nest, "returned ");
    if (status != 0 || returned == NULL || strncmp(returned, "0 ", 2) != 0) {
        fprintf(stderr, "FAILED works %s: wait status 0x%x, heard: %s\n", name, (unsigned)status, nest.heard);
        failures++;
    }
}

int main(int argc, char **argv)
{
    int count = 0;
    nest_init(argc, argv);
#define ATTEMPT(name, expected, call) count++, check_refused("refused", #name, MF_JAIL_ALL, (expected));
#include "refused.def"
#undef ATTEMPT
#define ATTEMPT(name, expected, call)                                                                        \
    count++, check_refused("depth", #name, MF_JAIL_ALL & ~(1u << MF_JAIL_SECCOMP), (expected));
#include "depth.def"
#undef ATTEMPT
#define WORKS(name) count++, check_works(#name);
#include "works.def"
#undef WORKS
    printf("%d attempts, %d not as documented\n", count, failures);
    return failures == 0 ? 0 : 1;
}
