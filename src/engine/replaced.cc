/* Two functions of V8 that are replaced when the program is linked (cmake/v8.cmake, --wrap), for what they do to memory
 * between one run and the next. In a V8 that has no such function nothing is replaced; the unit test engine_recycle tells.
 */
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unordered_set>

#include <mayfly/limits.h>

#include "replaced.h"

#define REPLACED(name) __asm__("__wrap_" name)
#define REAL(name) __asm__("__real_" name)
#define EXISTING(name) __asm__(name)

/* ---- heap pages ---------------------------------------------------------------------------- */

/* V8 keeps the heap pages that an isolate gives up in a pool of the whole process, and gives them to the next isolate as
 * they are: with the bytes of one run, counted to another. Here each page goes to our own allocator, which counts, wipes
 * and recycles it. */
#define POOL_ADD "_ZN2v88internal8PagePool3AddEPNS0_7IsolateEPNS0_19MutablePageMetadataE"
#define PAGE_RELEASE "_ZN2v88internal19MutablePageMetadata25ReleaseAllAllocatedMemoryEv"
#define PAGE_DELETE "_ZN2v88internal15MemoryAllocator17DeleteMemoryChunkEPNS0_19MutablePageMetadataE"

extern "C" {
/* Weak: a V8 without the pool may lack them too. */
void mf_v8_page_release(void *page) EXISTING(PAGE_RELEASE) __attribute__((weak));
void mf_v8_page_delete(void *page) EXISTING(PAGE_DELETE) __attribute__((weak));
void mf_v8_pool_add(void *pool, void *isolate, void *page) REPLACED(POOL_ADD);
}

void mf_v8_pool_add(void *, void *, void *page)
{
    mf_v8_page_release(page);
    mf_v8_page_delete(page);
}

/* ---- the table of functions ---------------------------------------------------------------- */

/* Each isolate takes a segment or two of the process's table of functions (JSDispatchTable) and touches all of it. V8 unmaps
 * them behind it, and the next isolate pays for page faults, 16 in a segment. Some are wiped instead, and stay writable until
 * V8 takes them again. These are AddressSpaceReservation::Allocate(void *, size_t, OS::MemoryPermission) and Free(void *, size_t),
 * which V8 calls for parts of such tables only. */
#define TABLE_ALLOCATE "_ZN2v84base23AddressSpaceReservation8AllocateEPvmNS0_2OS16MemoryPermissionE"
#define TABLE_FREE "_ZN2v84base23AddressSpaceReservation4FreeEPvm"
static const size_t SEGMENT_BYTES = 64 * 1024;
static const size_t PAGE_BYTES_LEAST = 4096;

extern "C" {
bool mf_v8_real_table_allocate(void *table, void *address, size_t size, int permission) REAL(TABLE_ALLOCATE);
bool mf_v8_table_allocate(void *table, void *address, size_t size, int permission) REPLACED(TABLE_ALLOCATE);
bool mf_v8_real_table_free(void *table, void *address, size_t size) REAL(TABLE_FREE);
bool mf_v8_table_free(void *table, void *address, size_t size) REPLACED(TABLE_FREE);
}

static std::mutex kept_mutex;

/* Free for V8, and ours: resident, all zero. Never destroyed: V8 may end later than statics do. */
static std::unordered_set<void *> &kept_segments()
{
    static auto *segments = new std::unordered_set<void *>;
    return *segments;
}

static bool keep(void *address)
{
    std::lock_guard<std::mutex> lock(kept_mutex);
    return kept_segments().size() < MF_ENGINE_TABLE_SEGMENTS_KEPT_MAX &&
           kept_segments().insert(address).second;
}

bool mf_v8_table_allocate(void *table, void *address, size_t size, int permission)
{
    if (size == SEGMENT_BYTES) {
        std::lock_guard<std::mutex> lock(kept_mutex);
        kept_segments().erase(address);
    }
    return mf_v8_real_table_allocate(table, address, size, permission);
}

static void wipe(void *address, const unsigned char *resident)
{
    auto *bytes = static_cast<uint8_t *>(address);
    auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    for (size_t i = 0; i < SEGMENT_BYTES / page; i++) {
        if (resident[i] & 1) {
            memset(bytes + i * page, 0, page);
        }
    }
}

bool mf_v8_table_free(void *table, void *address, size_t size)
{
    unsigned char resident[SEGMENT_BYTES / PAGE_BYTES_LEAST];
    if (size != SEGMENT_BYTES || mincore(address, size, resident) != 0) {
        return mf_v8_real_table_free(table, address, size);
    }
    wipe(address, resident); /* Before it is offered: nobody else has it yet. */
    return keep(address) || mf_v8_real_table_free(table, address, size);
}

void mf_v8_table_trim()
{
    std::lock_guard<std::mutex> lock(kept_mutex);
    for (void *address : kept_segments()) {
        (void)madvise(address, SEGMENT_BYTES,
                      MADV_DONTNEED); /* Private and anonymous: zero afterwards, as before. */
    }
}
