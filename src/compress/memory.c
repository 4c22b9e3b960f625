/* memory.c - the memory of zlib and brotli: charged to whoever runs, zeroed, and wiped when it is given back, as the C library
 * hands its blocks on to other runs. */
#include "codec.h"

#include <sys/mman.h>

/* From here on a block has pages of its own: the kernel wipes them, and those that were never touched cost nothing. */
#define LARGE_BYTES ((size_t)128 * 1024)

struct block {
    size_t size; /* With this header. */
    size_t unused;
};

void *mf__compress_alloc(struct mf_compress *stream, size_t size)
{
    struct block *block;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size += sizeof(*block);
    if (stream->memory.charge(stream->memory.owner, size) < 0) {
        return NULL;
    }
    if (size < LARGE_BYTES) {
        block = mf_try_alloc(size);
    } else {
        block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        block = block == MAP_FAILED ? NULL : block;
    }
    if (block == NULL) {
        stream->memory.uncharge(stream->memory.owner, size);
        return NULL;
    }
    block->size = size;
    return block + 1;
}

void mf__compress_release(struct mf_compress *stream, void *memory)
{
    struct block *block = memory == NULL ? NULL : (struct block *)memory - 1;
    size_t size = memory == NULL ? 0 : block->size;

    if (block == NULL) {
        return;
    }
    if (size < LARGE_BYTES) {
        mf_wipe(block, size);
        mf_free(block);
    } else {
        MF_ASSERT(munmap(block, size) == 0);
    }
    stream->memory.uncharge(stream->memory.owner, size);
}
