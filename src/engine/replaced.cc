/* Two functions of V8 that are replaced when the program is linked (cmake/v8.cmake, --wrap), for what they do to memory
 * between one run and the next. In a V8 that has no such function nothing is replaced; the unit test engine_recycle tells.
 */
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

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
 * them behind it, and the next isolate pays for page faults, 16 in a segment. They are wiped instead, and stay writable.
 * This is AddressSpaceReservation::Free(void *, size_t), which V8 calls for parts of such tables only. */
#define TABLE_FREE "_ZN2v84base23AddressSpaceReservation4FreeEPvm"
static const size_t SEGMENT_BYTES = 64 * 1024;
static const size_t PAGE_BYTES_LEAST = 4096;

extern "C" {
bool mf_v8_real_table_free(void *table, void *address, size_t size) REAL(TABLE_FREE);
bool mf_v8_table_free(void *table, void *address, size_t size) REPLACED(TABLE_FREE);
}

bool mf_v8_table_free(void *table, void *address, size_t size)
{
    unsigned char resident[SEGMENT_BYTES / PAGE_BYTES_LEAST];
    if (size != SEGMENT_BYTES || mincore(address, size, resident) != 0) {
        return mf_v8_real_table_free(table, address, size);
    }
    auto *bytes = static_cast<uint8_t *>(address);
    auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    for (size_t i = 0; i < SEGMENT_BYTES / page; i++) {
        if (resident[i] & 1) {
            memset(bytes + i * page, 0, page);
        }
    }
    return true;
}
