/* What one isolate has committed, counted as it happens: V8's heap apart from ArrayBuffers and wasm memories.
 *
 * Heap bytes are what the page allocator (pages.h) made accessible for V8; external bytes are what the allocator of
 * buffers (buffers.h) handed out. Written on the isolate's thread, read on any.
 */
#ifndef MAYFLY_ENGINE_ACCOUNT_H
#define MAYFLY_ENGINE_ACCOUNT_H

#include <atomic>
#include <cstddef>
#include <cstdint>

struct mf_isolate;

namespace mf
{

enum class charge_kind { heap, external };

struct account {
    std::atomic<uint64_t> heap_bytes{0};
    std::atomic<uint64_t> external_bytes{0};
    std::atomic<uint64_t> peak_bytes{0};
    std::atomic<uint64_t> reserved_bytes{0}; /* Address space of wasm memories and resizable buffers. */
    std::atomic<uint64_t> limit_bytes{UINT64_MAX};
    std::atomic<uint32_t> regions_count{0}; /* Regions of pages.h that name this account. */
    mf_isolate *isolate = nullptr;          /* Asked to collect or to end when the limit is passed. */

    uint64_t total_bytes() const
    {
        return heap_bytes.load(std::memory_order_relaxed) + external_bytes.load(std::memory_order_relaxed);
    }
};

/* The limit that a heap charge may pass before it is refused: V8 needs room for the collection that could save the
 * run, and a refusal is fatal to it. */
uint64_t account_hard_limit(const account &account);

/* False, and nothing charged, past the process's budget or |owner|'s limit (|owner| may be null: the process's own).
 * May ask the owner's isolate to collect garbage, or end it. */
bool account_charge(account *owner, charge_kind kind, uint64_t bytes);
void account_uncharge(account *owner, charge_kind kind, uint64_t bytes);

void account_set_process_limit(uint64_t bytes_max);
uint64_t account_process_bytes();
uint64_t account_process_limit();

/* Whose memory this thread is spending; set by new, enter and free. */
extern thread_local account *account_current;

} // namespace mf
#endif
