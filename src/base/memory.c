/* memory.c - the only place that asks the C library for memory; everybody else says whether it may fail. */
#include <mayfly/base.h>

#include <malloc.h>
#include <stdlib.h>

#include "log.h"

void *mf_new(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL) {
        mf_log_last_words("no memory for %zu bytes of our own", size);
        abort();
    }
    return memory;
}

void *mf_try_alloc(size_t size)
{
    return calloc(1, size > 0 ? size : 1);
}

void *mf_try_realloc(void *memory, size_t size)
{
    return realloc(memory, size > 0 ? size : 1);
}

void mf_free(void *memory)
{
    free(memory);
}

void mf_wipe(void *memory, size_t size)
{
    if (size > 0) {
        explicit_bzero(memory, size);
    }
}

void mf_free_wiped(void *memory)
{
    if (memory != NULL) {
        mf_wipe(memory, malloc_usable_size(memory));
        free(memory);
    }
}
