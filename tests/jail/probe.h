/* probe.h - between the probe and its drivers: words on the command line and on the channel. */
#ifndef MAYFLY_TESTS_JAIL_PROBE_H
#define MAYFLY_TESTS_JAIL_PROBE_H

/* probe <layers> <given> <jitless> <outer pid> <kind> <name>: enters the jail (layers in hexadecimal, all of them required)
 * and says "jailed <layers>\n"; then makes the attempt and says "returned <value> <errno>\n". */
#define PROBE_CHANNEL 3
#define PROBE_THREADS_MAX 12

#define KILLED (-1)
#define KILLED_OR_FAULT (-2)

#endif
