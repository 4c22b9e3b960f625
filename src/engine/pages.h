/* The page allocator under V8's platform: real mmap below, counted (account.h) and recycled above.
 *
 * Everything it hands out is zero: no byte of one run is ever seen by the next. [any] thread.
 */
#ifndef MAYFLY_ENGINE_PAGES_H
#define MAYFLY_ENGINE_PAGES_H

#include <v8-platform.h>

#include "account.h"

namespace mf
{

/* Charged to account_current of the thread that commits: wasm memories and resizable buffers as external and refused at
 * the run's limit, everything else as heap. */
v8::PageAllocator *pages_allocator();

/* |owner| ends: what it still has in the process (nothing, unless V8 shares it) becomes the process's own. */
void pages_disown(account *owner);

struct pages_stats {
    uint64_t regions_count;
    uint64_t recycled_count; /* Requests served without mmap. */
    uint64_t mapped_count;   /* Requests that needed it. */
    uint64_t cached_bytes;   /* Waiting for reuse. */
};
pages_stats pages_read_stats();

/* mmap and munmap for large buffers, rounded to whole pages; NULL when the kernel refuses. Not charged. */
void *pages_map(size_t size);
void pages_unmap(void *address, size_t size);

} // namespace mf
#endif
