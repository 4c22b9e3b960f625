#include "chunks.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <vector>

#include <mayfly/base.h>

namespace mf
{

/* Mapped at once. Neighbours melt into one mapping of the kernel, of which a process has only 65,530. */
static const size_t SLAB_BYTES = 16u * 1024 * 1024;
static const size_t PAGE_BYTES_LEAST = 4096;

static size_t page_bytes()
{
    static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

struct free_chunk {
    void *memory;
    uint32_t pages; /* Resident, all zero. */
};

static std::mutex mutex;
static std::vector<free_chunk> warm[CHUNK_PLACES]; /* Last in, first out: the pages that caches still know. */
static size_t warm_count;
static std::vector<void *> cold;
static uint64_t warm_pages;
static uint64_t slabs_count;
static uint64_t taken_count;

/* With the mutex held. */
static bool add_slab()
{
    size_t size = SLAB_BYTES + CHUNK_BYTES;
    void *memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    uintptr_t start = reinterpret_cast<uintptr_t>(memory);
    uintptr_t first = (start + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES;
    size_t head = first - start;
    if (head > 0) {
        munmap(memory, head);
    }
    if (CHUNK_BYTES > head) {
        munmap(reinterpret_cast<void *>(first + SLAB_BYTES), CHUNK_BYTES - head);
    }
    /* A huge page would make each isolate cost 2 MiB, most of it never touched. Fine when the kernel has none. */
    (void)madvise(reinterpret_cast<void *>(first), SLAB_BYTES, MADV_NOHUGEPAGE);
    for (size_t offset = SLAB_BYTES; offset > 0; offset -= CHUNK_BYTES) {
        cold.push_back(reinterpret_cast<void *>(first + offset - CHUNK_BYTES));
    }
    slabs_count++;
    return true;
}

static uint32_t list_of(uint32_t place)
{
    return place < CHUNK_PLACES ? place : CHUNK_PLACES - 1;
}

/* With the mutex held; |list| is not empty. */
static void *take_warm(std::vector<free_chunk> *list)
{
    free_chunk chunk = list->back();
    list->pop_back();
    warm_count--;
    warm_pages -= chunk.pages;
    return chunk.memory;
}

/* With the mutex held: of another place, the one that has most. */
static std::vector<free_chunk> *find_richest()
{
    std::vector<free_chunk> *richest = &warm[0];
    for (std::vector<free_chunk> &list : warm) {
        richest = list.size() > richest->size() ? &list : richest;
    }
    return richest;
}

void *chunk_take(uint32_t place)
{
    std::lock_guard<std::mutex> lock(mutex);
    std::vector<free_chunk> *own = &warm[list_of(place)];
    void *memory = nullptr;
    if (!own->empty()) {
        memory = take_warm(own);
    } else if (!cold.empty() || (warm_count == 0 && add_slab())) {
        memory = cold.back();
        cold.pop_back();
    } else if (warm_count > 0) {
        memory = take_warm(find_richest());
    }
    taken_count += memory != nullptr;
    return memory;
}

/* Zeroes the pages that were touched and keeps them: faulting a page in costs several times its wiping. Returns how
 * many; 0 also when the kernel will not tell, and then all went back to it. */
static uint32_t wipe(void *memory)
{
    unsigned char resident[CHUNK_BYTES / PAGE_BYTES_LEAST];
    if (mincore(memory, CHUNK_BYTES, resident) != 0) {
        MF_ASSERT(madvise(memory, CHUNK_BYTES, MADV_DONTNEED) == 0);
        return 0;
    }
    auto *bytes = static_cast<uint8_t *>(memory);
    size_t page = page_bytes();
    uint32_t pages = 0;
    for (size_t i = 0; i < CHUNK_BYTES / page; i++) {
        if (resident[i] & 1) {
            memset(bytes + i * page, 0, page);
            pages++;
        }
    }
    return pages;
}

static bool has_room()
{
    std::lock_guard<std::mutex> lock(mutex);
    return warm_pages * page_bytes() < MF_ENGINE_WARM_BYTES_MAX;
}

void chunk_give(void *chunk, uint32_t place)
{
    uint32_t pages = 0;
    if (has_room()) {
        pages = wipe(chunk);
    } else {
        MF_ASSERT(madvise(chunk, CHUNK_BYTES, MADV_DONTNEED) == 0);
    }
    std::lock_guard<std::mutex> lock(mutex);
    if (pages > 0) {
        warm[list_of(place)].push_back({chunk, pages});
        warm_count++;
        warm_pages += pages;
    } else {
        cold.push_back(chunk);
    }
}

void chunk_trim()
{
    std::lock_guard<std::mutex> lock(mutex);
    for (std::vector<free_chunk> &list : warm) {
        for (const free_chunk &chunk : list) {
            MF_ASSERT(madvise(chunk.memory, CHUNK_BYTES, MADV_DONTNEED) == 0);
            cold.push_back(chunk.memory);
        }
        list.clear();
    }
    warm_count = 0;
    warm_pages = 0;
}

chunk_stats chunk_read_stats()
{
    std::lock_guard<std::mutex> lock(mutex);
    return {slabs_count, warm_count, cold.size(), warm_pages * page_bytes(), taken_count};
}

} // namespace mf
