/* V8's heap comes in chunks of 256 KiB, some fifteen for each isolate. They are cut from large mappings, wiped when an
 * isolate gives them back, and used again: no mmap, no munmap, hardly a page fault. [any] thread.
 *
 * Every isolate asks for its chunks in the same order, and touches a few pages of one and all of another. A chunk comes back
 * to the same place in that order: so it keeps, and is wiped of, what that place needs, and not all that any ever touched.
 */
#ifndef MAYFLY_ENGINE_CHUNKS_H
#define MAYFLY_ENGINE_CHUNKS_H

#include <cstddef>
#include <cstdint>

namespace mf
{

static const size_t CHUNK_BYTES = 256 * 1024;

static const uint32_t CHUNK_PLACES =
    32; /* The isolate's first, second, ..., and the last for all that follow. */

/* Zeroed, aligned to its size, readable and writable; NULL when the kernel refuses. |place|: how many the isolate has taken
 * before. */
void *chunk_take(uint32_t place);
/* Must be readable and writable. Nothing of what was in it can be read after this returns. */
void chunk_give(void *chunk, uint32_t place);

/* The free ones keep no page any longer. */
void chunk_trim();

struct chunk_stats {
    uint64_t slabs_count;
    uint64_t warm_count; /* Free chunks that keep their pages. */
    uint64_t cold_count; /* Free chunks that gave them back to the kernel. */
    uint64_t warm_bytes; /* What the warm ones keep. */
    uint64_t taken_count;
};
chunk_stats chunk_read_stats();

} // namespace mf
#endif
