#include "heap.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "door.h"

#include "isolate.h"
#include "native.h"

namespace mf
{

static std::atomic<mf_engine_on_oom> on_oom{nullptr};

/* Once a run is being ended for its memory, V8 may still take this much in one step to get to a place where it can
 * stop. */
static size_t last_slack(size_t current)
{
    return current / 2 + 16u * 1024 * 1024;
}

/* Called by V8 during a collection that did not free enough. The termination is seen at the next interrupt check, and
 * until then V8 needs room. */
static size_t near_limit(void *data, size_t current_limit, size_t)
{
    auto *isolate = static_cast<mf_isolate *>(data);
    if (!isolate->is_attached) {
        return current_limit;
    }
    mf_isolate_terminate(isolate, MF_E_LIMIT_MEMORY);
    uint64_t most = account_hard_limit(*isolate->account);
    return static_cast<size_t>(std::min<uint64_t>(current_limit + last_slack(current_limit), most));
}

void heap_configure(v8::ResourceConstraints *constraints, uint64_t heap_bytes_max)
{
    constraints->ConfigureDefaultsFromHeapSize(0, static_cast<size_t>(heap_bytes_max));
    constraints->set_max_young_generation_size_in_bytes(
        std::min<size_t>(constraints->max_young_generation_size_in_bytes(), MF_ENGINE_YOUNG_BYTES_MAX));
    constraints->set_code_range_size_in_bytes(MF_ENGINE_CODE_RANGE_BYTES);
}

void heap_install(mf_isolate *isolate)
{
    isolate->v8->AddNearHeapLimitCallback(near_limit, isolate);
}

void heap_set_limit(mf_isolate *isolate, uint64_t bytes_max)
{
    isolate->account->limit_bytes.store(bytes_max, std::memory_order_relaxed);
    /* V8 lowers its limit only as a by-product of taking the callback off. */
    isolate->v8->RemoveNearHeapLimitCallback(near_limit, static_cast<size_t>(bytes_max));
    isolate->v8->AddNearHeapLimitCallback(near_limit, isolate);
}

/* ---- collect, then judge ------------------------------------------------------------------- */

static void collect(v8::Isolate *v8_isolate, void *data)
{
    auto *isolate = static_cast<mf_isolate *>(data);
    v8_isolate->MemoryPressureNotification(v8::MemoryPressureLevel::kCritical);
    v8_isolate->MemoryPressureNotification(v8::MemoryPressureLevel::kNone);
    isolate->is_collect_asked.store(false, std::memory_order_relaxed);
    if (isolate->account->total_bytes() > isolate->account->limit_bytes.load(std::memory_order_relaxed)) {
        mf_isolate_terminate(isolate, MF_E_LIMIT_MEMORY);
    }
}

void heap_over_limit(mf_isolate *isolate, uint64_t total, uint64_t limit)
{
    if (!isolate->is_attached || isolate->reason.load(std::memory_order_relaxed) != 0) {
        return;
    }
    if (total > limit + limit / 2) {
        mf_isolate_terminate(isolate, MF_E_LIMIT_MEMORY);
    } else if (!isolate->is_collect_asked.exchange(true, std::memory_order_relaxed)) {
        isolate->v8->RequestInterrupt(collect, isolate);
    }
}

/* ---- the end ------------------------------------------------------------------------------- */

/* V8 cannot go on and must not return. Its thread stops here with the isolate locked; the process goes on. */
[[noreturn]] static void park(const char *where)
{
    mf_isolate *isolate = isolate_current;
    mf_engine_on_oom handler = on_oom.load();
    native_pause native; /* The handler's memory is not the run's. */
    if (isolate) {
        int none = 0;
        isolate->reason.compare_exchange_strong(none, MF_E_LIMIT_MEMORY);
    }
    if (!isolate || !handler) {
        mf_assert_failed(where, "V8", 0);
    }
    handler(isolate->host, where);
    for (;;) {
        pause();
    }
}

void heap_oom(const char *where, const v8::OOMDetails &)
{
    park(where ? where : "out of memory");
}

void heap_fatal(const char *where, const char *message)
{
    (void)where;
    park(message ? message : "fatal error");
}

} // namespace mf

void mf_engine_set_oom_handler(mf_engine_on_oom on_oom_arg)
{
    mf::on_oom.store(on_oom_arg);
}
