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

/* V8's heap: charged to account_current of the thread that commits. */
v8::PageAllocator *pages_heap();

/* Wasm memories and resizable buffers of one isolate: charged as external, refused at its limit. |owner| must outlive
 * every page. */
struct buffer_pages : v8::PageAllocator {
    explicit buffer_pages(account *owner_arg) : owner(owner_arg)
    {
    }
    size_t AllocatePageSize() override;
    size_t CommitPageSize() override;
    void SetRandomMmapSeed(int64_t seed) override;
    void *GetRandomMmapAddr() override;
    void *AllocatePages(void *hint, size_t size, size_t alignment, Permission permission) override;
    bool FreePages(void *address, size_t size) override;
    bool ReleasePages(void *address, size_t size, size_t new_size) override;
    bool SetPermissions(void *address, size_t size, Permission permission) override;
    bool RecommitPages(void *address, size_t size, Permission permission) override;
    bool DiscardSystemPages(void *address, size_t size) override;
    bool DecommitPages(void *address, size_t size) override;

    account *owner;
};

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
