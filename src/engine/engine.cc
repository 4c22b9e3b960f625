/* engine.cc - V8 as a process has it: flags, entropy, start, version. */
#include <v8.h>

#include <malloc.h>

#include <string>
#include <vector>

#include "door.h"

#include "account.h"
#include "chunks.h"
#include "engine_init.h"
#include "isolate.h"
#include "platform.h"
#include "program.h"
#include "replaced.h"
#include "snapshot.h"

namespace mf
{

/* Each with its reason. A snapshot's code caches are refused under other flags, so both processes share this list. */
static const char *const flags_ours[] = {
    "--single-threaded", /* Collection and compilation on the run's own thread: its CPU is counted exactly. */
    "--no-wasm-async-compilation",
    "--enable-sharedarraybuffer-per-context", /* And no context gets it, as on Cloudflare: no clock made of memory. */
    "--no-harmony-shadow-realm",              /* What is not needed is not attack surface. */
    "--no-harmony-struct",
    "--no-experimental-wasm-jspi",
    "--no-allow-natives-syntax",
    "--no-expose-gc",
    "--js-source-phase-imports", /* import source x from "./x.wasm", as on Cloudflare. */
    "--no-memory-reducer",       /* Timers of V8's own: an isolate lives for one run. */
    "--no-idle-gc-on-context-disposal",
    "--no-minor-gc-task",
    /* Baseline code only once there is more of it: the first batch cost a short run a third of its time. */
    "--baseline-batch-compilation-threshold=32768",
    "--no-flush-bytecode",
    "--no-heap-snapshot-on-oom",
};

static int set_flags(const char *flags)
{
    std::vector<std::string> words = {"mayfly"};
    std::string text = flags;
    size_t start = 0;
    while ((start = text.find_first_not_of(" \t\n", start)) != std::string::npos) {
        size_t end = text.find_first_of(" \t\n", start);
        end = end == std::string::npos ? text.size() : end;
        words.push_back(text.substr(start, end - start));
        start = end;
    }
    std::vector<char *> argv;
    for (std::string &word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    int argc = static_cast<int>(words.size());
    v8::V8::SetFlagsFromCommandLine(&argc, argv.data(), true); /* Takes out what it knows. */
    return argc > 1 ? MF_E_CONFIG : 0;
}

static bool entropy(unsigned char *buffer, size_t size)
{
    mf_random_bytes(buffer, size);
    return true;
}

int engine_init_v8(const char *flags, bool is_jitless)
{
    /* Each isolate frees half a MiB of small blocks when it ends; the next one wants them. */
    (void)mallopt(M_TRIM_THRESHOLD, MF_ENGINE_WARM_BYTES_MAX);
    (void)mallopt(M_TOP_PAD, 1 << 20);
    v8::V8::SetEntropySource(entropy); /* Else V8 opens /dev/urandom twice for each isolate. */
    for (const char *flag : flags_ours) {
        v8::V8::SetFlagsFromString(flag);
    }
    if (is_jitless) {
        v8::V8::SetFlagsFromString("--jitless");
    }
    if (flags && set_flags(flags) < 0) {
        return MF_E_CONFIG;
    }
    if (!v8::V8::InitializeICU()) {
        return MF_E_CONFIG;
    }
    v8::V8::InitializePlatform(platform_get());
    v8::V8::Initialize();
    return 0;
}

/* An isolate that stays: while there is one, V8 keeps what all isolates share (the read-only objects, a tenth of an
 * isolate's birth). It also makes V8 open and read now what it would at first use: locale, time zone, Intl's tables. */
static mf_isolate *keeper;

static int make_keeper()
{
    mf_isolate_options options = {64u << 20, true};
    mf_isolate *isolate = nullptr;
    int rc = mf_isolate_new(&options, &isolate);
    if (rc < 0) {
        return rc;
    }
    mf_isolate_enter(isolate, 256 * 1024);
    {
        v8::HandleScope handles(isolate->v8);
        v8::Local<v8::Context> context = isolate->context.Get(isolate->v8);
        v8::Context::Scope scope(context);
        v8::TryCatch caught(isolate->v8);
        v8::Local<v8::Script> script;
        v8::Local<v8::Value> result;
        v8::Local<v8::String> source = v8::String::NewFromUtf8Literal(
            isolate->v8, "new Date(0).toString() + new Date(0).toLocaleString() + (1.5).toLocaleString() + "
                         "'a'.localeCompare('b') +"
                         "(globalThis.WebAssembly && new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, "
                         "1, 0, 0, 0])))");
        if (!v8::Script::Compile(context, source).ToLocal(&script) ||
            !script->Run(context).ToLocal(&result)) {
            rc = MF_E_CONFIG;
        }
    }
    mf_isolate_leave(isolate);
    keeper = isolate;
    return rc;
}

} // namespace mf

int mf_engine_init(const mf_engine_options *options)
{
    mf::program_set(options->program);
    int rc = mf::snapshot_use(options->snapshot);
    if (rc < 0) {
        return rc;
    }
    rc = mf::engine_init_v8(options->v8_flags, options->is_jitless);
    if (rc < 0) {
        return rc;
    }
    if (options->memory_bytes_max > 0) {
        mf::account_set_process_limit(options->memory_bytes_max);
    }
    return mf::make_keeper();
}

void mf_engine_trim(void)
{
    mf::chunk_trim();
    mf_v8_table_trim();
    (void)malloc_trim(0);
}

const char *mf_engine_version(void)
{
    return v8::V8::GetVersion();
}
