#include "pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include <mayfly/base.h>

#include "chunks.h"
#include "intervals.h"

namespace mf
{

using Permission = v8::PageAllocator::Permission;

static size_t page_size()
{
    static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static int protection_of(Permission permission)
{
    switch (permission) {
    case Permission::kNoAccess:
    case Permission::kNoAccessWillJitLater:
        return PROT_NONE;
    case Permission::kRead:
        return PROT_READ;
    case Permission::kReadWrite:
        return PROT_READ | PROT_WRITE;
    case Permission::kReadWriteExecute:
        return PROT_READ | PROT_WRITE | PROT_EXEC;
    case Permission::kReadExecute:
        return PROT_READ | PROT_EXEC;
    }
    return PROT_NONE;
}

static uintptr_t address_of(void *pointer)
{
    return reinterpret_cast<uintptr_t>(pointer);
}

static void *pointer_of(uintptr_t address)
{
    return reinterpret_cast<void *>(address);
}

/* ---- regions ------------------------------------------------------------------------------- */

enum class region_kind {
    chunk,      /* From chunks.h; always readable and writable unless |is_protected|. */
    code_range, /* V8's reservation for machine code, one for each isolate; see give_code_range. */
    other,      /* A mapping of its own. */
};

struct region {
    size_t size; /* As V8 knows it: a chunk shrinks and stays a chunk. */
    region_kind kind = region_kind::other;
    charge_kind charge = charge_kind::heap;
    account *owner = nullptr; /* Whose |committed| is. */
    bool is_protected = false;
    intervals committed; /* What V8 may touch, and what is charged. */
};

static std::mutex mutex;
static std::map<uintptr_t, region> regions;
static std::vector<uintptr_t> code_ranges; /* Free ones: executable, empty. */
static uint64_t mapped_count;
static uint64_t recycled_count;

/* With the mutex held: the region around [address, address + size). */
static region *find_region(uintptr_t address, size_t size, uintptr_t *ret_base)
{
    auto next = regions.upper_bound(address);
    MF_ASSERT(next != regions.begin());
    --next;
    size_t room = next->second.kind == region_kind::chunk ? CHUNK_BYTES : next->second.size;
    MF_ASSERT(address - next->first < room && size <= room - (address - next->first));
    *ret_base = next->first;
    return &next->second;
}

static void set_owner(region *region, account *owner)
{
    if (region->owner == owner) {
        return;
    }
    if (region->owner) {
        region->owner->regions_count.fetch_sub(1, std::memory_order_relaxed);
    }
    if (owner) {
        owner->regions_count.fetch_add(1, std::memory_order_relaxed);
    }
    region->owner = owner;
}

static void
add_region(void *memory, size_t size, region_kind kind, charge_kind charge, account *owner, bool committed)
{
    std::lock_guard<std::mutex> lock(mutex);
    region &region = regions[address_of(memory)];
    region.size = size;
    region.kind = kind;
    region.charge = charge;
    set_owner(&region, owner);
    if (committed) {
        region.committed.add(address_of(memory), address_of(memory) + size);
    }
}

/* ---- the kernel ---------------------------------------------------------------------------- */

void *pages_map(size_t size)
{
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

void pages_unmap(void *address, size_t size)
{
    MF_ASSERT(munmap(address, size) == 0);
}

static void *map_aligned(void *hint, size_t size, size_t alignment, int protection)
{
    size_t extra = alignment > page_size() ? alignment - page_size() : 0;
    if (size > SIZE_MAX - extra) {
        return nullptr;
    }
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (protection == PROT_NONE ? MAP_NORESERVE : 0);
    void *memory = mmap(hint, size + extra, protection, flags, -1, 0);
    if (memory == MAP_FAILED) {
        return nullptr;
    }
    uintptr_t start = address_of(memory);
    uintptr_t aligned = round_up(start, alignment);
    if (aligned > start) {
        pages_unmap(memory, aligned - start);
    }
    size_t tail = start + extra - aligned;
    if (tail > 0) {
        pages_unmap(pointer_of(aligned + size), tail);
    }
    return pointer_of(aligned);
}

/* ---- code ranges --------------------------------------------------------------------------- */

/* V8 reserves one for each isolate, makes all of it executable at once, and then discards and recommits parts. The
 * mapping is kept for the next isolate; what was written is given back to the kernel. */
static void *take_code_range(void *hint, size_t alignment)
{
    {
        std::lock_guard<std::mutex> lock(mutex);
        if (!code_ranges.empty()) {
            uintptr_t base = code_ranges.back();
            code_ranges.pop_back();
            recycled_count++;
            return pointer_of(base);
        }
        mapped_count++;
    }
    return map_aligned(hint, MF_ENGINE_CODE_RANGE_BYTES, alignment, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void give_code_range(uintptr_t base, const intervals &committed)
{
    for (const range &one : committed.ranges()) {
        MF_ASSERT(madvise(pointer_of(one.start), one.end - one.start, MADV_DONTNEED) == 0);
    }
    std::unique_lock<std::mutex> lock(mutex);
    if (code_ranges.size() < MF_ENGINE_CODE_RANGES_KEPT_MAX) {
        code_ranges.push_back(base);
        return;
    }
    lock.unlock();
    pages_unmap(pointer_of(base), MF_ENGINE_CODE_RANGE_BYTES);
}

/* ---- one allocation's life ----------------------------------------------------------------- */

static void *
allocate(void *hint, size_t size, size_t alignment, Permission permission, account *owner, charge_kind charge)
{
    size = round_up(size, page_size());
    if (permission == Permission::kNoAccessWillJitLater && size == MF_ENGINE_CODE_RANGE_BYTES) {
        void *memory = take_code_range(hint, alignment);
        if (memory) {
            add_region(memory, size, region_kind::code_range, charge, owner, false);
        }
        return memory;
    }
    bool is_committed = protection_of(permission) != PROT_NONE;
    if (is_committed && !account_charge(owner, charge, size)) {
        return nullptr;
    }
    bool is_chunk = size == CHUNK_BYTES && alignment == CHUNK_BYTES && permission == Permission::kReadWrite;
    void *memory = is_chunk ? chunk_take() : map_aligned(hint, size, alignment, protection_of(permission));
    if (!memory) {
        if (is_committed) {
            account_uncharge(owner, charge, size);
        }
        return nullptr;
    }
    add_region(memory, size, is_chunk ? region_kind::chunk : region_kind::other, charge, owner, is_committed);
    return memory;
}

static bool release(void *address)
{
    uintptr_t base = address_of(address);
    region gone;
    {
        std::lock_guard<std::mutex> lock(mutex);
        auto found = regions.find(base);
        MF_ASSERT(found != regions.end());
        set_owner(&found->second, nullptr);
        gone = std::move(found->second);
        regions.erase(found);
    }
    switch (gone.kind) {
    case region_kind::chunk:
        if (gone.is_protected) {
            MF_ASSERT(mprotect(address, CHUNK_BYTES, PROT_READ | PROT_WRITE) == 0);
        }
        chunk_give(address);
        return true;
    case region_kind::code_range:
        give_code_range(base, gone.committed);
        return true;
    case region_kind::other:
        pages_unmap(address, gone.size);
        return true;
    }
    return false;
}

static bool free_pages(void *address)
{
    uintptr_t base = address_of(address);
    account *owner = nullptr;
    charge_kind charge = charge_kind::heap;
    size_t bytes = 0;
    {
        std::lock_guard<std::mutex> lock(mutex);
        auto found = regions.find(base);
        MF_ASSERT(found != regions.end());
        owner = found->second.owner;
        charge = found->second.charge;
        bytes = found->second.committed.total();
    }
    account_uncharge(owner, charge, bytes);
    return release(address);
}

/* V8 gives the tail of an allocation up for good. A chunk keeps it, wiped with the rest in the end. */
static bool shrink(void *address, size_t new_size)
{
    uintptr_t base = address_of(address);
    new_size = round_up(new_size, page_size());
    std::unique_lock<std::mutex> lock(mutex);
    auto found = regions.find(base);
    MF_ASSERT(found != regions.end() && new_size <= found->second.size);
    region &region = found->second;
    size_t old_size = region.size;
    account *owner = region.owner;
    charge_kind charge = region.charge;
    size_t bytes = region.committed.remove(base + new_size, base + old_size);
    region.size = new_size;
    bool is_chunk = region.kind == region_kind::chunk;
    lock.unlock();
    account_uncharge(owner, charge, bytes);
    if (!is_chunk) {
        pages_unmap(pointer_of(base + new_size), old_size - new_size);
    }
    return true;
}

/* ---- permissions --------------------------------------------------------------------------- */

struct place {
    region_kind kind;
    bool is_whole;
    account *owner;
    charge_kind charge;
    size_t missing; /* Bytes of it that are not committed. */
};

static place look(uintptr_t start, size_t size)
{
    std::lock_guard<std::mutex> lock(mutex);
    uintptr_t base = 0;
    const region *region = find_region(start, size, &base);
    return {region->kind, start == base && size == region->size, region->owner, region->charge,
            region->committed.missing(start, start + size)};
}

static void note_committed(uintptr_t start, size_t size, bool is_protected)
{
    std::lock_guard<std::mutex> lock(mutex);
    uintptr_t base = 0;
    region *region = find_region(start, size, &base);
    region->committed.add(start, start + size);
    region->is_protected = is_protected;
}

static void uncommit(uintptr_t start, size_t size)
{
    account *owner = nullptr;
    charge_kind charge = charge_kind::heap;
    size_t bytes = 0;
    {
        std::lock_guard<std::mutex> lock(mutex);
        uintptr_t base = 0;
        region *region = find_region(start, size, &base);
        owner = region->owner;
        charge = region->charge;
        bytes = region->committed.remove(start, start + size);
    }
    account_uncharge(owner, charge, bytes);
}

static bool discard(void *address, size_t size)
{
    place place = look(address_of(address), size);
    if (place.kind == region_kind::code_range) {
        if (place.missing == size) {
            return true; /* Nothing was there. */
        }
        uncommit(address_of(address), size); /* V8 recommits before it uses it again. */
    }
    return madvise(address, size, MADV_DONTNEED) == 0;
}

static bool decommit(void *address, size_t size)
{
    place place = look(address_of(address), size);
    uncommit(address_of(address), size);
    if (place.kind == region_kind::other) {
        int flags = MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE;
        return mmap(address, size, PROT_NONE, flags, -1, 0) == address;
    }
    return madvise(address, size, MADV_DONTNEED) == 0;
}

static bool set_permissions(void *address, size_t size, Permission permission)
{
    uintptr_t start = address_of(address);
    int protection = protection_of(permission);
    if (protection == PROT_NONE) {
        return decommit(address, size);
    }
    place place = look(start, size);
    if (place.kind == region_kind::code_range) {
        if (place.is_whole) {
            return true; /* It is executable from birth; parts are charged when they are recommitted. */
        }
    } else if (mprotect(address, size, protection) != 0) {
        return false;
    }
    if (place.missing > 0 && !account_charge(place.owner, place.charge, place.missing)) {
        if (place.kind == region_kind::other) {
            (void)mprotect(address, size, PROT_NONE);
        }
        return false;
    }
    note_committed(start, size, protection != (PROT_READ | PROT_WRITE));
    return true;
}

static bool recommit(void *address, size_t size, Permission permission)
{
    place place = look(address_of(address), size);
    if (place.kind == region_kind::other) {
        return set_permissions(address, size, permission);
    }
    if (place.missing > 0 && !account_charge(place.owner, place.charge, place.missing)) {
        return false;
    }
    note_committed(address_of(address), size, false);
    return true;
}

/* ---- for the rest of the room -------------------------------------------------------------- */

void pages_disown(account *owner)
{
    if (owner->regions_count.load(std::memory_order_relaxed) == 0) {
        return;
    }
    std::lock_guard<std::mutex> lock(mutex);
    for (auto &[base, region] : regions) {
        if (region.owner == owner) {
            set_owner(&region, nullptr);
        }
    }
}

pages_stats pages_read_stats()
{
    chunk_stats chunks = chunk_read_stats();
    std::lock_guard<std::mutex> lock(mutex);
    return {regions.size(), recycled_count + chunks.taken_count, mapped_count, chunks.warm_bytes};
}

/* ---- V8's two doors ------------------------------------------------------------------------ */

struct heap_pages : v8::PageAllocator {
    size_t AllocatePageSize() override
    {
        return page_size();
    }
    size_t CommitPageSize() override
    {
        return page_size();
    }
    void SetRandomMmapSeed(int64_t) override
    {
    }
    void *GetRandomMmapAddr() override
    {
        return nullptr; /* The kernel's own choice is random enough. */
    }
    void *AllocatePages(void *hint, size_t size, size_t alignment, Permission permission) override
    {
        return allocate(hint, size, alignment, permission, account_current, charge_kind::heap);
    }
    bool FreePages(void *address, size_t) override
    {
        return free_pages(address);
    }
    bool ReleasePages(void *address, size_t, size_t new_size) override
    {
        return shrink(address, new_size);
    }
    bool SetPermissions(void *address, size_t size, Permission permission) override
    {
        return set_permissions(address, size, permission);
    }
    bool RecommitPages(void *address, size_t size, Permission permission) override
    {
        return recommit(address, size, permission);
    }
    bool DiscardSystemPages(void *address, size_t size) override
    {
        return discard(address, size);
    }
    bool DecommitPages(void *address, size_t size) override
    {
        return decommit(address, size);
    }
};

v8::PageAllocator *pages_heap()
{
    static heap_pages pages;
    return &pages;
}

size_t buffer_pages::AllocatePageSize()
{
    return page_size();
}

size_t buffer_pages::CommitPageSize()
{
    return page_size();
}

void buffer_pages::SetRandomMmapSeed(int64_t)
{
}

void *buffer_pages::GetRandomMmapAddr()
{
    return nullptr;
}

void *buffer_pages::AllocatePages(void *hint, size_t size, size_t alignment, Permission permission)
{
    uint64_t reserved = owner->reserved_bytes.fetch_add(size, std::memory_order_relaxed) + size;
    void *memory = nullptr;
    if (size <= MF_ENGINE_RESERVED_BYTES_MAX && reserved <= MF_ENGINE_RESERVED_BYTES_MAX) {
        memory = allocate(hint, size, alignment, permission, owner, charge_kind::external);
    }
    if (!memory) {
        owner->reserved_bytes.fetch_sub(size, std::memory_order_relaxed);
    }
    return memory;
}

bool buffer_pages::FreePages(void *address, size_t size)
{
    owner->reserved_bytes.fetch_sub(size, std::memory_order_relaxed);
    return free_pages(address);
}

bool buffer_pages::ReleasePages(void *address, size_t size, size_t new_size)
{
    owner->reserved_bytes.fetch_sub(size - new_size, std::memory_order_relaxed);
    return shrink(address, new_size);
}

bool buffer_pages::SetPermissions(void *address, size_t size, Permission permission)
{
    return set_permissions(address, size, permission);
}

bool buffer_pages::RecommitPages(void *address, size_t size, Permission permission)
{
    return recommit(address, size, permission);
}

bool buffer_pages::DiscardSystemPages(void *address, size_t size)
{
    return discard(address, size);
}

bool buffer_pages::DecommitPages(void *address, size_t size)
{
    return decommit(address, size);
}

} // namespace mf
