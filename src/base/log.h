/* log.h - the log line of a program that is about to abort, inside src/base. */
#ifndef MAYFLY_SRC_BASE_LOG_H
#define MAYFLY_SRC_BASE_LOG_H

#include <mayfly/base.h>

/* An error line that no level and no rate limit holds back; allocates nothing. */
void mf_log_last_words(const char *format, ...) MF_PRINTF(1, 2);

#endif
