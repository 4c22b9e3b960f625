/* What one isolate has committed, counted as it happens: V8's heap apart from ArrayBuffers and wasm memories, and V8's
 * native memory.
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
    std::atomic<int64_t> native_bytes{
        0}; /* malloc (native.h). Below zero when it freed what another allocated. */
    std::atomic<uint64_t> peak_bytes{0};
    std::atomic<uint64_t> reserved_bytes{0}; /* Address space of wasm memories and resizable buffers. */
    std::atomic<uint64_t> limit_bytes{UINT64_MAX};
    std::atomic<uint32_t> regions_count{0}; /* Regions of pages.h that name this account. */
    uint32_t chunks_count = 0;              /* Taken so far; [isolate]. */
    mf_isolate *isolate = nullptr;          /* Asked to collect or to end when the limit is passed. */

    uint64_t heap_and_native_bytes() const
    {
        int64_t native = native_bytes.load(std::memory_order_relaxed);
        return heap_bytes.load(std::memory_order_relaxed) + (native > 0 ? static_cast<uint64_t>(native) : 0);
    }
    uint64_t total_bytes() const
    {
        return heap_and_native_bytes() + external_bytes.load(std::memory_order_relaxed);
    }
};

/* The limit that a heap charge may pass before it is refused: V8 needs room for the collection that could save the
 * run, and a refusal is fatal to it. */
uint64_t account_hard_limit(const account &account);

/* False, and nothing charged, past the process's budget or |owner|'s limit (|owner| may be null: the process's own).
 * May ask the owner's isolate to collect garbage, or end it. */
bool account_charge(account *owner, charge_kind kind, uint64_t bytes);
void account_uncharge(account *owner, charge_kind kind, uint64_t bytes);
/* More or, below zero, less of malloc's memory: it has happened already and is not refused. */
void account_charge_native(account *owner, int64_t bytes);
/* The owner ends; what it did not free is not counted any longer. */
void account_close(account *owner);

void account_set_process_limit(uint64_t bytes_max);
uint64_t account_process_bytes();
uint64_t account_process_limit();

/* Whose memory this thread is spending; set by new, enter and free. */
extern constinit thread_local account *account_current;

} // namespace mf
#endif
