/* assert.c - the end of a program that found a bug of its own: one log line, then abort for the core dump. */
#include <stdlib.h>

#include "log.h"

void mf_assert_failed(const char *condition, const char *file, int line)
{
    mf_log_last_words("assertion failed: %s at %s:%d", condition, file, line);
    abort();
}
