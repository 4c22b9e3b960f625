#include "account.h"

#include <mayfly/base.h>

#include "heap.h"

namespace mf
{

constinit thread_local account *account_current = nullptr;

static std::atomic<uint64_t> process_bytes{0};
static std::atomic<uint64_t> process_limit{UINT64_MAX};

void account_set_process_limit(uint64_t bytes_max)
{
    process_limit.store(bytes_max, std::memory_order_relaxed);
}

uint64_t account_process_bytes()
{
    return process_bytes.load(std::memory_order_relaxed);
}

uint64_t account_process_limit()
{
    return process_limit.load(std::memory_order_relaxed);
}

uint64_t account_hard_limit(const account &account)
{
    uint64_t limit = account.limit_bytes.load(std::memory_order_relaxed);
    if (limit > UINT64_MAX / 4) {
        return UINT64_MAX;
    }
    return limit * 2 + MF_ENGINE_HEAP_SLACK_BYTES;
}

static void note_peak(account *owner, uint64_t total)
{
    uint64_t peak = owner->peak_bytes.load(std::memory_order_relaxed);
    while (total > peak && !owner->peak_bytes.compare_exchange_weak(peak, total, std::memory_order_relaxed)) {
    }
}

bool account_charge(account *owner, charge_kind kind, uint64_t bytes)
{
    uint64_t all = process_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (all > process_limit.load(std::memory_order_relaxed)) {
        process_bytes.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    if (!owner) {
        return true;
    }

    uint64_t limit = owner->limit_bytes.load(std::memory_order_relaxed);
    uint64_t most = kind == charge_kind::heap ? account_hard_limit(*owner) : limit;
    uint64_t total = owner->total_bytes() + bytes;
    if (total > most) {
        process_bytes.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    (kind == charge_kind::heap ? owner->heap_bytes : owner->external_bytes)
        .fetch_add(bytes, std::memory_order_relaxed);
    note_peak(owner, total);
    if (total > limit && owner->isolate) {
        heap_over_limit(owner->isolate, total, limit);
    }
    return true;
}

void account_charge_native(account *owner, int64_t bytes)
{
    process_bytes.fetch_add(static_cast<uint64_t>(bytes), std::memory_order_relaxed); /* Modulo 2^64. */
    owner->native_bytes.fetch_add(bytes, std::memory_order_relaxed);
    uint64_t total = owner->total_bytes();
    note_peak(owner, total);
    uint64_t limit = owner->limit_bytes.load(std::memory_order_relaxed);
    if (bytes > 0 && total > limit && owner->isolate) {
        heap_over_limit(owner->isolate, total, limit);
    }
}

void account_close(account *owner)
{
    int64_t left = owner->native_bytes.exchange(0, std::memory_order_relaxed);
    process_bytes.fetch_sub(static_cast<uint64_t>(left), std::memory_order_relaxed);
    owner->isolate = nullptr;
}

void account_uncharge(account *owner, charge_kind kind, uint64_t bytes)
{
    process_bytes.fetch_sub(bytes, std::memory_order_relaxed);
    if (owner) {
        (kind == charge_kind::heap ? owner->heap_bytes : owner->external_bytes)
            .fetch_sub(bytes, std::memory_order_relaxed);
    }
}

} // namespace mf
