/* struct mf_isolate: one V8 isolate with its one context, and everything that ends with it. */
#ifndef MAYFLY_ENGINE_ISOLATE_H
#define MAYFLY_ENGINE_ISOLATE_H

#include <v8-external-memory-accounter.h>
#include <v8.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "door.h"

#include "account.h"
#include "buffers.h"
#include "platform.h"

namespace mf
{

struct module_table;

/* A built-in module: internals.define, or what the module loader gave. */
struct builtin {
    std::string specifier;
    v8::Global<v8::Object> exports;
    v8::Global<v8::Module> module;             /* Empty until it is first imported. */
    std::vector<v8::Global<v8::String>> names; /* Of the module's exports. */
    bool is_loaded = false;                    /* By the loader: its exports are its default export too. */
};

} // namespace mf

/* An isolate's life:
 *
 *     new ──> standby ──attach──> attached ──set_modules──> loaded ──(enter deliver* leave)*──> free
 *                                                              │
 *                                                 terminate ──>│ dead: only leave and free
 */
struct mf_isolate {
    v8::Isolate *v8 = nullptr;
    std::shared_ptr<mf::account> account;
    std::shared_ptr<mf::buffers> buffers;
    mf::isolate_tasks tasks;

    mf_isolate_host *host = nullptr;
    void *ops_state = nullptr; /* The ops' own; program.state_free ends it. */
    v8::ExternalMemoryAccounter ops_memory;
    mf_isolate_limits limits = {UINT64_MAX, false};
    bool is_tool = false;
    bool is_attached = false;

    std::atomic<int> reason{0}; /* Why it was terminated: the first call's error. */
    std::atomic<bool> is_collect_asked{false};
    bool is_background_asked = false;

    std::optional<v8::Locker> locker; /* From enter to leave. */

    v8::Global<v8::Context> context;
    v8::Global<v8::Object> internals;
    v8::Global<v8::Object> primordials;
    v8::Global<v8::Function> dispatcher;
    v8::Global<v8::Function> rejection_handler;
    v8::Global<v8::Function> stack_formatter;
    v8::Global<v8::Function> module_loader;
    v8::Global<v8::Function> clone_write;
    v8::Global<v8::Function> clone_read;
    v8::Global<v8::Function> data_clone_error;
    v8::Global<v8::Function> wasm_source;                         /* setWasmSource. */
    std::vector<std::shared_ptr<v8::WasmStreaming>> wasm_streams; /* By number; empty once it has ended. */
    std::vector<v8::Global<v8::Value>> lazies; /* What each lazy script returned; by script index. */
    std::vector<bool> lazies_loaded;
    std::deque<mf::builtin> builtins; /* Pointers to them are kept while the loader adds more. */

    mf::module_table *modules = nullptr;
    mf_code_cache_use cache_use = MF_CODE_CACHE_NONE;
    bool is_starting = false; /* The main module's top level is being evaluated. */

    static mf_isolate *of(v8::Isolate *isolate)
    {
        return static_cast<mf_isolate *>(isolate->GetData(0));
    }
};

namespace mf
{

/* Has V8's posted background work done at the script's next interrupt check. */
void isolate_ask_background(mf_isolate *isolate);

/* All of ours into the heap, before it is written or freed. */
void isolate_drop_handles(mf_isolate *isolate);

/* Behind a TryCatch whose exception goes no further: a termination that it caught would be over with it, and the script go on. */
inline void isolate_keep_terminating(mf_isolate *isolate)
{
    if (isolate->reason.load() != 0) {
        isolate->v8->TerminateExecution();
    }
}

/* Sets up what every isolate needs and no snapshot holds: handlers and callbacks. */
void isolate_install_callbacks(mf_isolate *isolate);

} // namespace mf
#endif
