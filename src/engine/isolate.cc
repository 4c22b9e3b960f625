#include "isolate.h"

#include <algorithm>

#include "heap.h"
#include "internals.h"
#include "module.h"
#include "native.h"
#include "pages.h"
#include "program.h"
#include "snapshot.h"
#include "value.h"

namespace mf
{

/* The thread works for |isolate| until the end of the scope: its memory and V8's tasks belong to it. */
class current_scope
{
  public:
    explicit current_scope(mf_isolate *isolate) : setter_(isolate)
    {
    }
    current_scope(const current_scope &) = delete;
    current_scope &operator=(const current_scope &) = delete;

  private:
    struct setter {
        explicit setter(mf_isolate *isolate)
        {
            MF_ASSERT(!isolate_current);
            isolate_current = isolate;
            account_current = isolate->account.get();
        }
        ~setter()
        {
            isolate_current = nullptr;
            account_current = nullptr;
        }
    };
    setter setter_;
    native_scope native_; /* Ends first: it books to the account. */
};

void isolate_install_callbacks(mf_isolate *isolate)
{
    v8::Isolate *v8 = isolate->v8;
    v8->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
    v8->SetPromiseRejectCallback(internals_on_reject);
    v8->SetWasmStreamingCallback(wasm_on_streaming);
    v8->AddMessageListener(internals_on_uncaught); /* Without one V8 prints to stdout. */
    module_install_callbacks(v8);
    heap_install(isolate);
}

static void run_background(v8::Isolate *, void *data)
{
    auto *isolate = static_cast<mf_isolate *>(data);
    isolate->is_background_asked = false;
    isolate->tasks.background->run_due();
}

void isolate_ask_background(mf_isolate *isolate)
{
    if (isolate->v8 && isolate->locker && !isolate->is_background_asked) {
        isolate->is_background_asked = true;
        isolate->v8->RequestInterrupt(run_background, isolate);
    }
}

static bool make_context(mf_isolate *isolate)
{
    v8::Isolate *v8 = isolate->v8;
    v8::HandleScope handles(v8);
    v8::Local<v8::Context> context = v8::Context::New(v8);
    if (context.IsEmpty()) {
        return false;
    }
    v8::Context::Scope scope(context);
    isolate->context.Reset(v8, context);
    context->AllowCodeGenerationFromStrings(false);
    if (snapshot_startup()) {
        v8::Local<v8::Value> saved;
        return context->GetDataFromSnapshotOnce<v8::Value>(0).ToLocal(&saved) &&
               program_load(isolate, context, saved);
    }
    program_install(isolate, context);
    std::string error;
    if (!program_run(isolate, context, &error)) {
        fprintf(stderr, "mayfly: %s\n", error.c_str());
        return false;
    }
    return true;
}

} // namespace mf

using namespace mf;

/* Less than this left of the process's budget, and V8 could die in the middle of making an isolate. */
static const uint64_t NEW_BYTES_LEAST = 16u << 20;

int mf_isolate_new(const mf_isolate_options *options, mf_isolate **ret_isolate)
{
    if (account_process_limit() < NEW_BYTES_LEAST ||
        account_process_bytes() > account_process_limit() - NEW_BYTES_LEAST) {
        return MF_E_NO_MEMORY;
    }
    auto *isolate = new mf_isolate;
    isolate->account = std::make_shared<account>();
    isolate->account->isolate = isolate;
    isolate->buffers = std::make_shared<buffers>(isolate->account);
    isolate->is_tool = options->is_tool;
    bool is_fine = false;
    {
        current_scope current(isolate);
        v8::Isolate::CreateParams params;
        params.array_buffer_allocator_shared = isolate->buffers;
        params.external_references = program_external_references();
        params.snapshot_blob = snapshot_startup();
        params.allow_atomics_wait = false;
        params.oom_error_callback = heap_oom;
        params.fatal_error_callback = heap_fatal;
        heap_configure(&params.constraints, options->heap_bytes_max);
        isolate->v8 = v8::Isolate::Allocate();
        isolate->v8->SetData(0, isolate);
        v8::Isolate::Initialize(isolate->v8, params);
        isolate->v8->SetData(0, isolate);

        v8::Locker locker(isolate->v8);
        v8::Isolate::Scope scope(isolate->v8);
        isolate_install_callbacks(isolate);
        is_fine = make_context(isolate);
    }
    if (!is_fine) {
        mf_isolate_free(isolate);
        return MF_E_INTERNAL;
    }
    *ret_isolate = isolate;
    return 0;
}

void mf::isolate_drop_handles(mf_isolate *isolate)
{
    isolate->builtins.clear();
    isolate->lazies.clear();
    isolate->context.Reset();
    isolate->internals.Reset();
    isolate->primordials.Reset();
    isolate->dispatcher.Reset();
    isolate->rejection_handler.Reset();
    isolate->stack_formatter.Reset();
    isolate->module_loader.Reset();
    isolate->clone_write.Reset();
    isolate->clone_read.Reset();
    isolate->data_clone_error.Reset();
    isolate->wasm_source.Reset();
}

void mf_isolate_free(mf_isolate *isolate)
{
    if (!isolate) {
        return;
    }
    MF_ASSERT(!isolate->locker);
    {
        current_scope current(isolate);
        isolate->tasks.foreground->close();
        {
            v8::Locker locker(isolate->v8);
            v8::Isolate::Scope scope(isolate->v8);
            if (isolate->ops_state) {
                native_pause pause; /* As in an op. */
                program_get()->state_free(isolate->ops_state);
                isolate->ops_state = nullptr;
            }
            module_table_free(isolate->modules);
            isolate->modules = nullptr;
            isolate_drop_handles(isolate);
            isolate->wasm_streams.clear();
        }
        isolate->v8->Dispose();
        isolate->tasks.background->run_all(); /* V8 has pooled pages, to be released in a few seconds: now. */
        isolate->tasks.background->close();
    }
    pages_disown(isolate->account.get());
    account_close(isolate->account.get());
    delete isolate;
}

void mf_isolate_attach(mf_isolate *isolate, mf_isolate_host *host, const mf_isolate_limits *limits)
{
    MF_ASSERT(!isolate->is_attached);
    isolate->host = host;
    isolate->limits = *limits;
    isolate->account->peak_bytes.store(isolate->account->total_bytes(), std::memory_order_relaxed);
    heap_set_limit(isolate, limits->memory_bytes_max);
    isolate->is_attached = true;
}

/* ---- turns --------------------------------------------------------------------------------- */

void mf_isolate_enter(mf_isolate *isolate, size_t stack_bytes)
{
    MF_ASSERT(!isolate_current && !isolate->locker);
    isolate->locker.emplace(isolate->v8);
    isolate->v8->Enter();
    isolate_current = isolate;
    account_current = isolate->account.get();
    if (isolate->limits.is_clock_frozen) {
        platform_freeze_clock(static_cast<double>(mf_clock_unix_ms()));
    }
    isolate->v8->SetStackLimit(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - stack_bytes);
    isolate->is_background_asked = false;
    isolate->is_collect_asked.store(false, std::memory_order_relaxed);
    if (isolate->reason.load() != 0) {
        isolate->v8->TerminateExecution(); /* V8 forgets it when an isolate changes threads. */
    }
}

void mf_isolate_leave(mf_isolate *isolate)
{
    MF_ASSERT(isolate_current == isolate && isolate->locker);
    platform_thaw_clock();
    isolate_current = nullptr;
    account_current = nullptr;
    isolate->v8->Exit();
    isolate->locker.reset();
}

static int reason_of(const mf_isolate *isolate)
{
    return isolate->reason.load();
}

/* Until nothing is left that could run by itself. Ends also when the isolate is terminated. */
static void drain(mf_isolate *isolate)
{
    do {
        isolate->v8->PerformMicrotaskCheckpoint();
        if (reason_of(isolate) != 0) {
            return;
        }
        isolate->tasks.background->run_due();
    } while (isolate->tasks.foreground->run_due() > 0 && reason_of(isolate) == 0);
}

int mf_isolate_deliver(mf_isolate *isolate, uint32_t event, const mf_value *args, size_t args_count)
{
    MF_ASSERT(isolate_current == isolate && args_count <= MF_ENGINE_EVENT_ARGS_MAX);
    if (reason_of(isolate) != 0) {
        return reason_of(isolate);
    }
    if (isolate->dispatcher.IsEmpty()) {
        return MF_E_INTERNAL;
    }
    native_scope native;
    v8::Isolate *v8 = isolate->v8;
    v8::HandleScope handles(v8);
    v8::Local<v8::Context> context = isolate->context.Get(v8);
    v8::Context::Scope scope(context);
    v8::TryCatch caught(v8);

    v8::Local<v8::Value> argv[1 + MF_ENGINE_EVENT_ARGS_MAX];
    argv[0] = v8::Integer::NewFromUnsigned(v8, event);
    for (size_t i = 0; i < args_count; i++) {
        if (!value_make(v8, args[i]).ToLocal(&argv[i + 1])) {
            mf_isolate_terminate(isolate, MF_E_LIMIT_MEMORY);
            return reason_of(isolate);
        }
    }
    bool is_fine = !isolate->dispatcher.Get(v8)
                        ->Call(context, v8::Undefined(v8), static_cast<int>(args_count) + 1, argv)
                        .IsEmpty();
    if (reason_of(isolate) != 0) {
        return reason_of(isolate);
    }
    if (!is_fine) {
        return MF_E_INTERNAL;
    }
    drain(isolate);
    return reason_of(isolate);
}

/* ---- from any thread ----------------------------------------------------------------------- */

void mf_isolate_terminate(mf_isolate *isolate, int error)
{
    int none = 0;
    if (isolate->reason.compare_exchange_strong(none, error)) {
        isolate->v8->TerminateExecution();
    }
}

int mf_isolate_charge(mf_isolate *isolate, uint64_t bytes)
{
    if (!account_charge(isolate->account.get(), charge_kind::external, bytes)) {
        return MF_E_LIMIT_MEMORY;
    }
    /* V8 collects sooner when much hangs on its objects. */
    isolate->ops_memory.Increase(isolate->v8, static_cast<size_t>(bytes));
    return 0;
}

void mf_isolate_uncharge(mf_isolate *isolate, uint64_t bytes)
{
    isolate->ops_memory.Decrease(isolate->v8, static_cast<size_t>(bytes));
    account_uncharge(isolate->account.get(), charge_kind::external, bytes);
}

void mf_isolate_memory(const mf_isolate *isolate, struct mf_isolate_memory *ret_memory)
{
    ret_memory->heap_bytes = isolate->account->heap_and_native_bytes();
    ret_memory->external_bytes = isolate->account->external_bytes.load(std::memory_order_relaxed);
    ret_memory->peak_bytes = isolate->account->peak_bytes.load(std::memory_order_relaxed);
}
