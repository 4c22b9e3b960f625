/* nest.h - a driver's hold on probes: spawn one, hear what it says, see how it ended; and who the driver itself is. */
#ifndef MAYFLY_TESTS_JAIL_NEST_H
#define MAYFLY_TESTS_JAIL_NEST_H

#include <mayfly/jail.h>

#define NEST_HEARD_BYTES_MAX 4096
#define NEST_WAIT_MS_MAX 20000 /* A probe that takes longer hangs: the test fails. */

struct nest_order {
    uint32_t layers;  /* For mf_jail_enter; also the namespaces to spawn with. */
    const char *kind; /* "refused", "depth", "works", "other" */
    const char *name;
    bool is_jitless;
    int log_fd; /* -1: the driver's own standard error. */
};

struct nest {
    pid_t pid;
    int pidfd;
    int channel; /* The driver's end. */
    uint32_t layers_spawned;
    char heard[NEST_HEARD_BYTES_MAX]; /* Everything so far, with a NUL. */
    size_t heard_size;
};

/* Call first in main(): finds the probe, and with the argument --unprivileged becomes user and group 65534 for good. */
void nest_init(int argc, char **argv);
bool nest_is_privileged(void);
/* The path under which this process may open the probe, whoever it is. */
const char *nest_probe_path(void);

int nest_spawn(const struct nest_order *order, struct nest *ret_nest, char *ret_why);
/* Hears until a line begins with |word|, echoing the lines of "works"; false at the end of the channel. */
bool nest_hear(struct nest *nest, const char *word);
/* Closes the channel, waits for the end, returns its wait status. */
int nest_end(struct nest *nest);
/* All of it: spawn (must succeed), hear everything, end. */
int nest_run(const struct nest_order *order, struct nest *ret_nest);
/* The text after |word| in what was heard, or NULL. */
const char *nest_said(const struct nest *nest, const char *word);

#endif
