/* loop.h - the channel loop: frames in, timers, growing the pool. One thread, two descriptors, no library. */
#ifndef MAYFLY_EXECUTOR_LOOP_H
#define MAYFLY_EXECUTOR_LOOP_H

#include "executor.h"

/* [loop] Until the process is to end: 0 when all is done, MF_E_CLOSED when the daemon has gone, MF_E_WIRE when it speaks
 * nonsense, MF_E_NO_MEMORY. Runs that are left are lost. */
MF_MUST_CHECK int mf_loop_run(struct mf_executor *executor, int fd);

#endif
