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
    buffer, /* Reserved for a wasm memory or a resizable buffer: counted as external, refused at the limit. */
    other,  /* A mapping of its own. */
};

struct region {
    size_t size; /* As V8 knows it: a chunk shrinks and stays a chunk. */
    region_kind kind = region_kind::other;
    account *owner = nullptr;  /* Whose |committed| is: who committed last. */
    bool is_protected = false; /* A chunk of read-only objects. */
    uint32_t place = 0;        /* A chunk's, among those of its isolate. */
    intervals committed;       /* What V8 may touch, and what is charged. */
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

static charge_kind charge_of(region_kind kind)
{
    return kind == region_kind::buffer ? charge_kind::external : charge_kind::heap;
}

static void add_region(void *memory, size_t size, region_kind kind, bool is_committed, uint32_t place = 0)
{
    std::lock_guard<std::mutex> lock(mutex);
    region &region = regions[address_of(memory)];
    region.size = size;
    region.kind = kind;
    region.place = place;
    set_owner(&region, account_current);
    if (is_committed) {
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
    bool is_reserved = protection == PROT_NONE || (protection & PROT_EXEC);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (is_reserved ? MAP_NORESERVE : 0);
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
    /* V8 rounds the ends inwards to its own pages: at these there is nothing to round, so that it sets all or parts. */
    return map_aligned(hint, MF_ENGINE_CODE_RANGE_BYTES, std::max(alignment, CHUNK_BYTES),
                       PROT_READ | PROT_WRITE | PROT_EXEC);
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

static void *reserve(void *hint, size_t size, size_t alignment)
{
    account *owner = account_current;
    uint64_t reserved =
        owner ? owner->reserved_bytes.fetch_add(size, std::memory_order_relaxed) + size : size;
    void *memory = nullptr;
    if (size <= MF_ENGINE_RESERVED_BYTES_MAX && reserved <= MF_ENGINE_RESERVED_BYTES_MAX) {
        memory = map_aligned(hint, size, alignment, PROT_NONE);
    }
    if (memory) {
        add_region(memory, size, owner ? region_kind::buffer : region_kind::other, false);
    } else if (owner) {
        owner->reserved_bytes.fetch_sub(size, std::memory_order_relaxed);
    }
    return memory;
}

static void *allocate_committed(void *hint, size_t size, size_t alignment, Permission permission)
{
    if (!account_charge(account_current, charge_kind::heap, size)) {
        return nullptr;
    }
    bool is_chunk = size == CHUNK_BYTES && alignment == CHUNK_BYTES && permission == Permission::kReadWrite;
    uint32_t place = is_chunk && account_current ? account_current->chunks_count++ : 0;
    void *memory =
        is_chunk ? chunk_take(place) : map_aligned(hint, size, alignment, protection_of(permission));
    if (memory) {
        add_region(memory, size, is_chunk ? region_kind::chunk : region_kind::other, true, place);
    } else {
        account_uncharge(account_current, charge_kind::heap, size);
    }
    return memory;
}

static void *allocate(void *hint, size_t size, size_t alignment, Permission permission)
{
    size = round_up(size, page_size());
    if (protection_of(permission) != PROT_NONE) {
        return allocate_committed(hint, size, alignment, permission);
    }
    if (permission == Permission::kNoAccess) {
        return reserve(hint, size, alignment);
    }
    /* For machine code: V8's, or that of wasm, which comes in sizes of its own. */
    bool is_range = size == MF_ENGINE_CODE_RANGE_BYTES;
    void *memory =
        is_range ? take_code_range(hint, alignment) : map_aligned(hint, size, alignment, PROT_NONE);
    if (memory) {
        add_region(memory, size, is_range ? region_kind::code_range : region_kind::other, false);
    }
    return memory;
}

static void release(uintptr_t base, const region &gone)
{
    void *address = pointer_of(base);
    switch (gone.kind) {
    case region_kind::chunk:
        if (gone.is_protected) {
            MF_ASSERT(mprotect(address, CHUNK_BYTES, PROT_READ | PROT_WRITE) == 0);
        }
        chunk_give(address, gone.place);
        break;
    case region_kind::code_range:
        give_code_range(base, gone.committed);
        break;
    case region_kind::buffer:
    case region_kind::other:
        pages_unmap(address, gone.size);
        break;
    }
}

static bool free_pages(void *address)
{
    uintptr_t base = address_of(address);
    std::unique_lock<std::mutex> lock(mutex);
    auto found = regions.find(base);
    MF_ASSERT(found != regions.end());
    region gone = std::move(found->second);
    regions.erase(found);
    account *owner = gone.owner;
    account_uncharge(owner, charge_of(gone.kind), gone.committed.total());
    if (owner && gone.kind == region_kind::buffer) {
        owner->reserved_bytes.fetch_sub(gone.size, std::memory_order_relaxed);
    }
    set_owner(&gone, nullptr);
    lock.unlock();
    release(base, gone);
    return true;
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
    size_t bytes = region.committed.remove(base + new_size, base + old_size);
    account_uncharge(region.owner, charge_of(region.kind), bytes);
    region.size = new_size;
    bool is_chunk = region.kind == region_kind::chunk;
    lock.unlock();
    if (!is_chunk) {
        pages_unmap(pointer_of(base + new_size), old_size - new_size);
    }
    return true;
}

/* ---- permissions --------------------------------------------------------------------------- */

struct place {
    region_kind kind;
    bool is_whole;
    size_t missing; /* Bytes of it that are not committed. */
};

static place look(uintptr_t start, size_t size)
{
    std::lock_guard<std::mutex> lock(mutex);
    uintptr_t base = 0;
    const region *region = find_region(start, size, &base);
    return {region->kind, start == base && size == region->size,
            region->committed.missing(start, start + size)};
}

/* Charges what of [start, start + size) is not committed yet. The charge may call V8, so the mutex is not held: nobody
 * else works on this region. */
static bool commit(uintptr_t start, size_t size, bool is_protected)
{
    account *owner = nullptr;
    region_kind kind;
    size_t missing = 0;
    {
        std::lock_guard<std::mutex> lock(mutex);
        uintptr_t base = 0;
        region *region = find_region(start, size, &base);
        if (region->committed.total() == 0) {
            set_owner(region, account_current); /* V8 pools pages: the next user may be another isolate. */
        }
        owner = region->owner;
        kind = region->kind;
        missing = region->committed.missing(start, start + size);
    }
    if (missing > 0 && !account_charge(owner, charge_of(kind), missing)) {
        return false;
    }
    std::lock_guard<std::mutex> lock(mutex);
    uintptr_t base = 0;
    region *region = find_region(start, size, &base);
    region->committed.add(start, start + size);
    region->is_protected = is_protected;
    return true;
}

static void uncommit(uintptr_t start, size_t size)
{
    std::lock_guard<std::mutex> lock(mutex);
    uintptr_t base = 0;
    region *region = find_region(start, size, &base);
    account_uncharge(region->owner, charge_of(region->kind), region->committed.remove(start, start + size));
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
    if (place.kind == region_kind::chunk || place.kind == region_kind::code_range) {
        return madvise(address, size, MADV_DONTNEED) == 0;
    }
    int flags = MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE;
    return mmap(address, size, PROT_NONE, flags, -1, 0) == address;
}

static bool set_permissions(void *address, size_t size, Permission permission)
{
    int protection = protection_of(permission);
    if (protection == PROT_NONE) {
        return decommit(address, size);
    }
    place place = look(address_of(address), size);
    if (place.kind == region_kind::code_range && place.is_whole) {
        return true; /* It is executable from birth; parts are charged when they are recommitted. */
    }
    if (!commit(address_of(address), size, protection != (PROT_READ | PROT_WRITE))) {
        return false;
    }
    if (place.kind == region_kind::code_range) {
        return true;
    }
    if (mprotect(address, size, protection) == 0) {
        return true;
    }
    if (place.missing == size) {
        uncommit(address_of(address), size);
    }
    return false;
}

static bool recommit(void *address, size_t size, Permission permission)
{
    place place = look(address_of(address), size);
    if (place.kind == region_kind::chunk || place.kind == region_kind::code_range) {
        return commit(address_of(address), size, false);
    }
    return set_permissions(address, size, permission);
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

/* ---- V8's door ----------------------------------------------------------------------------- */

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
        return allocate(hint, size, alignment, permission);
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

v8::PageAllocator *pages_allocator()
{
    static heap_pages pages;
    return &pages;
}

} // namespace mf
