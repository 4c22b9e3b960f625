#include "native.h"

#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <new>

#include <mayfly/base.h>

#include "account.h"
#include "heap.h"

namespace mf
{

/* Booked in steps, so that most calls touch nothing but this thread's memory. */
static const int64_t STEP_BYTES = 64 * 1024;

struct counter {
    int64_t pending; /* Allocated and freed since the last booking. */
    bool is_counting;
};

static constinit thread_local counter counter __attribute__((tls_model("initial-exec"))) = {0, false};

static void book()
{
    int64_t pending = counter.pending;
    counter.pending = 0;
    if (account_current && pending != 0) {
        counter.is_counting = false; /* V8 may allocate to note that it shall stop. */
        account_charge_native(account_current, pending);
        counter.is_counting = true;
    }
}

static inline void note(int64_t bytes)
{
    if (counter.is_counting) {
        counter.pending += bytes;
        if (counter.pending > STEP_BYTES || counter.pending < -STEP_BYTES) {
            book();
        }
    }
}

/* Before a large block: false when the run is so far past its limit that it cannot be helped. Small ones are always
 * granted, as ICU knows no way out. */
static inline bool may_take(size_t size)
{
    if (!counter.is_counting || size < MF_ENGINE_NATIVE_LARGE_BYTES || !account_current) {
        return true;
    }
    uint64_t most = account_hard_limit(*account_current);
    return size <= most && account_current->total_bytes() <= most - size;
}

static inline void *noted(void *memory)
{
    if (memory) {
        note(static_cast<int64_t>(malloc_usable_size(memory)));
    }
    return memory;
}

static inline void forget(void *memory)
{
    if (memory && counter.is_counting) {
        note(-static_cast<int64_t>(malloc_usable_size(memory)));
    }
}

native_scope::native_scope()
{
    counter.is_counting = true;
}

native_scope::~native_scope()
{
    book();
    counter.is_counting = false;
}

native_pause::native_pause() : was_counting_(counter.is_counting)
{
    counter.is_counting = false;
}

native_pause::~native_pause()
{
    counter.is_counting = was_counting_;
}

} // namespace mf

/* ---- in front of the C library ------------------------------------------------------------- */

using namespace mf;

#define REAL(result, name, ...) extern "C" result __real_##name(__VA_ARGS__)
#define WRAP(result, name, ...)                                                                              \
    extern "C" result __wrap_##name(__VA_ARGS__);                                                            \
    extern "C" result __wrap_##name(__VA_ARGS__)

REAL(void *, malloc, size_t);
REAL(void *, calloc, size_t, size_t);
REAL(void *, realloc, void *, size_t);
REAL(int, posix_memalign, void **, size_t, size_t);
REAL(void, free, void *);

WRAP(void *, malloc, size_t size)
{
    return may_take(size) ? noted(__real_malloc(size)) : nullptr;
}

WRAP(void *, calloc, size_t count, size_t size)
{
    size_t all = 0;
    if (__builtin_mul_overflow(count, size, &all) || !may_take(all)) {
        return nullptr;
    }
    return noted(__real_calloc(count, size));
}

WRAP(void *, realloc, void *memory, size_t size)
{
    if (!may_take(size)) {
        return nullptr;
    }
    int64_t before = memory ? static_cast<int64_t>(malloc_usable_size(memory)) : 0;
    void *moved = __real_realloc(memory, size);
    if (moved || size == 0) {
        note((moved ? static_cast<int64_t>(malloc_usable_size(moved)) : 0) - before);
    }
    return moved;
}

WRAP(int, posix_memalign, void **ret_memory, size_t alignment, size_t size)
{
    int rc = __real_posix_memalign(ret_memory, alignment, size);
    if (rc == 0) {
        noted(*ret_memory);
    }
    return rc;
}

WRAP(void, free, void *memory)
{
    forget(memory);
    __real_free(memory);
}

/* ---- in front of C++ ----------------------------------------------------------------------- */

/* new may not fail: past the last limit the thread is parked, as for V8's own lack of memory. */
static inline void must_take(size_t size)
{
    if (!may_take(size)) {
        v8::OOMDetails details;
        heap_oom("operator new", details);
    }
}

REAL(void *, _Znwm, size_t);
REAL(void *, _Znam, size_t);
REAL(void *, _ZnwmRKSt9nothrow_t, size_t, const std::nothrow_t &);
REAL(void *, _ZnamRKSt9nothrow_t, size_t, const std::nothrow_t &);
REAL(void *, _ZnamSt11align_val_t, size_t, std::align_val_t);
REAL(void, _ZdlPv, void *);
REAL(void, _ZdlPvm, void *, size_t);
REAL(void, _ZdaPv, void *);
REAL(void, _ZdaPvm, void *, size_t);
REAL(void, _ZdaPvSt11align_val_t, void *, std::align_val_t);

WRAP(void *, _Znwm, size_t size)
{
    must_take(size);
    return noted(__real__Znwm(size));
}

WRAP(void *, _Znam, size_t size)
{
    must_take(size);
    return noted(__real__Znam(size));
}

WRAP(void *, _ZnwmRKSt9nothrow_t, size_t size, const std::nothrow_t &tag)
{
    return may_take(size) ? noted(__real__ZnwmRKSt9nothrow_t(size, tag)) : nullptr;
}

WRAP(void *, _ZnamRKSt9nothrow_t, size_t size, const std::nothrow_t &tag)
{
    return may_take(size) ? noted(__real__ZnamRKSt9nothrow_t(size, tag)) : nullptr;
}

WRAP(void *, _ZnamSt11align_val_t, size_t size, std::align_val_t alignment)
{
    must_take(size);
    return noted(__real__ZnamSt11align_val_t(size, alignment));
}

WRAP(void, _ZdlPv, void *memory)
{
    forget(memory);
    __real__ZdlPv(memory);
}

WRAP(void, _ZdlPvm, void *memory, size_t size)
{
    forget(memory);
    __real__ZdlPvm(memory, size);
}

WRAP(void, _ZdaPv, void *memory)
{
    forget(memory);
    __real__ZdaPv(memory);
}

WRAP(void, _ZdaPvm, void *memory, size_t size)
{
    forget(memory);
    __real__ZdaPvm(memory, size);
}

WRAP(void, _ZdaPvSt11align_val_t, void *memory, std::align_val_t alignment)
{
    forget(memory);
    __real__ZdaPvSt11align_val_t(memory, alignment);
}
