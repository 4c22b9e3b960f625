#include "program.h"

#include <memory>
#include <string>

#include "internals.h"
#include "isolate.h"
#include "members.h"
#include "op.h"
#include "snapshot.h"
#include "value.h"

namespace mf
{

/* A script's source as V8 reads it: where it lies, shared by all isolates. The snapshot names it as an external reference,
 * so that no isolate has a copy. */
struct script_text : static_text {
    using static_text::static_text;
    void Dispose() override /* By each isolate that ends. */
    {
    }
};

static const mf_engine_program *program;
static std::vector<std::unique_ptr<script_text>> texts; /* One for each script. */
static std::vector<intptr_t> references;

/* FNV-1a: tells one build's table from another's; nobody attacks it. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const auto *bytes = static_cast<const uint8_t *>(data);
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return mix(hash, text, strlen(text) + 1);
}

void program_set(const mf_engine_program *program_arg)
{
    program = program_arg;
    references.clear();
    references.push_back(reinterpret_cast<intptr_t>(op_entry));
    internals_add_references(&references);
    members_add_references(&references);
    texts.clear();
    for (size_t i = 0; i < program->scripts_count; i++) {
        texts.push_back(std::make_unique<script_text>(program->scripts[i].text));
        references.push_back(reinterpret_cast<intptr_t>(texts.back().get()));
    }
    references.push_back(0);
}

const mf_engine_program *program_get()
{
    return program;
}

const intptr_t *program_external_references()
{
    return references.data();
}

uint64_t program_fingerprint()
{
    uint64_t hash = mix_text(UINT64_C(0xcbf29ce484222325), v8::V8::GetVersion());
    hash = mix_text(hash, MF_VERSION);
    for (size_t i = 0; i < program->ops_count; i++) {
        hash = mix_text(hash, program->ops[i].name);
    }
    for (size_t i = 0; i < program->constants_count; i++) {
        hash = mix_text(hash, program->constants[i].name);
        hash = mix(hash, &program->constants[i].number, sizeof(double));
    }
    for (size_t i = 0; i < program->scripts_count; i++) {
        const mf_engine_script &script = program->scripts[i];
        hash = mix_text(hash, script.name);
        hash = mix(hash, script.text.data, script.text.size);
        hash = mix(hash, &script.is_lazy, sizeof(script.is_lazy));
    }
    return hash;
}

/* ---- install ------------------------------------------------------------------------------- */

void program_install(mf_isolate *isolate, v8::Local<v8::Context> context)
{
    v8::Isolate *v8 = isolate->v8;
    isolate->internals.Reset(v8, members_make(context));
    isolate->primordials.Reset(v8, v8::Object::New(v8, v8::Null(v8), nullptr, nullptr, 0));
    isolate->lazies.resize(program->scripts_count);
    isolate->lazies_loaded.assign(program->scripts_count, false);
}

/* ---- scripts ------------------------------------------------------------------------------- */

v8::MaybeLocal<v8::Function> program_compile(v8::Local<v8::Context> context,
                                             size_t index,
                                             mf_slice cache,
                                             v8::ScriptCompiler::CompileOptions options)
{
    v8::Isolate *isolate = context->GetIsolate();
    const mf_engine_script &script = program->scripts[index];
    std::string name = std::string("mayfly:") + script.name;
    v8::ScriptOrigin origin(text_utf8(isolate, mf_slice_of(name.data(), name.size())).ToLocalChecked());
    v8::Local<v8::String> text;
    if (!v8::String::NewExternalOneByte(isolate, texts[index].get()).ToLocal(&text)) {
        return {};
    }
    v8::ScriptCompiler::CachedData *cached = nullptr;
    if (cache.size > 0) {
        cached = new v8::ScriptCompiler::CachedData(cache.data, static_cast<int>(cache.size));
        options = v8::ScriptCompiler::kConsumeCodeCache;
    }
    v8::ScriptCompiler::Source source(text, origin, cached);
    v8::Local<v8::String> names[] = {text_internalized(isolate, "internals"),
                                     text_internalized(isolate, "primordials")};
    return v8::ScriptCompiler::CompileFunction(context, &source, 2, names, 0, nullptr, options);
}

static v8::MaybeLocal<v8::Value>
run_script(mf_isolate *isolate, v8::Local<v8::Context> context, size_t index, mf_slice cache)
{
    v8::Local<v8::Function> function;
    if (!program_compile(context, index, cache, v8::ScriptCompiler::kNoCompileOptions).ToLocal(&function)) {
        return {};
    }
    v8::Local<v8::Value> args[] = {isolate->internals.Get(isolate->v8),
                                   isolate->primordials.Get(isolate->v8)};
    return function->Call(context, v8::Undefined(isolate->v8), 2, args);
}

static std::string describe(v8::Isolate *isolate, v8::Local<v8::Context> context, v8::TryCatch &caught)
{
    std::string text = "terminated";
    v8::Local<v8::Value> stack;
    if (caught.HasCaught() && !caught.HasTerminated()) {
        if (caught.StackTrace(context).ToLocal(&stack) || !caught.Exception().IsEmpty()) {
            v8::String::Utf8Value utf8(isolate, stack.IsEmpty() ? caught.Exception() : stack);
            text =
                *utf8 ? std::string(*utf8, static_cast<size_t>(utf8.length())) : "an exception without text";
        }
        if (!caught.Message().IsEmpty()) {
            v8::String::Utf8Value file(isolate, caught.Message()->GetScriptResourceName());
            text += std::string("\n    in ") + (*file ? *file : "?") + ":" +
                    std::to_string(caught.Message()->GetLineNumber(context).FromMaybe(0));
        }
    }
    return text;
}

bool program_run(mf_isolate *isolate, v8::Local<v8::Context> context, std::string *ret_error)
{
    v8::TryCatch caught(isolate->v8);
    for (size_t i = 0; i < program->scripts_count; i++) {
        if (program->scripts[i].is_lazy) {
            continue;
        }
        if (run_script(isolate, context, i, {nullptr, 0}).IsEmpty()) {
            *ret_error = describe(isolate->v8, context, caught);
            return false;
        }
    }
    isolate->v8->PerformMicrotaskCheckpoint();
    return true;
}

v8::MaybeLocal<v8::Value> program_lazy(mf_isolate *isolate, v8::Local<v8::Context> context, size_t index)
{
    if (!isolate->lazies_loaded[index]) {
        /* Set first: a lazy script that asks for itself gets undefined, not an endless descent. */
        isolate->lazies_loaded[index] = true;
        v8::Local<v8::Value> result;
        if (!run_script(isolate, context, index, snapshot_code_cache(index)).ToLocal(&result)) {
            isolate->lazies_loaded[index] = false;
            return {};
        }
        isolate->lazies[index].Reset(isolate->v8, result);
        return result;
    }
    if (isolate->lazies[index].IsEmpty()) {
        return v8::Undefined(isolate->v8);
    }
    return isolate->lazies[index].Get(isolate->v8);
}

/* ---- snapshot's record --------------------------------------------------------------------- */

enum {
    SAVED_INTERNALS,
    SAVED_PRIMORDIALS,
    SAVED_DISPATCHER,
    SAVED_REJECTION_HANDLER,
    SAVED_STACK_FORMATTER,
    SAVED_MODULE_LOADER,
    SAVED_CLONE_WRITE,
    SAVED_CLONE_READ,
    SAVED_DATA_CLONE_ERROR,
    SAVED_WASM_SOURCE,
    SAVED_BUILTINS, /* Array: specifier, exports, ... */
    SAVED_LAZIES,   /* Array: index, value, ... */
    SAVED_COUNT,
};

template <class T>
static v8::Local<v8::Value> get_or_undefined(v8::Isolate *isolate, const v8::Global<T> &global)
{
    if (global.IsEmpty()) {
        return v8::Undefined(isolate);
    }
    return global.Get(isolate);
}

v8::Local<v8::Value> program_save(mf_isolate *isolate, v8::Local<v8::Context>)
{
    v8::Isolate *v8 = isolate->v8;
    std::vector<v8::Local<v8::Value>> builtins;
    for (const builtin &one : isolate->builtins) {
        builtins.push_back(
            text_utf8(v8, mf_slice_of(one.specifier.data(), one.specifier.size())).ToLocalChecked());
        builtins.push_back(one.exports.Get(v8));
    }
    std::vector<v8::Local<v8::Value>> lazies;
    for (size_t i = 0; i < isolate->lazies.size(); i++) {
        if (isolate->lazies_loaded[i]) {
            lazies.push_back(v8::Integer::NewFromUnsigned(v8, static_cast<uint32_t>(i)));
            lazies.push_back(get_or_undefined(v8, isolate->lazies[i]));
        }
    }
    v8::Local<v8::Value> saved[SAVED_COUNT];
    saved[SAVED_INTERNALS] = isolate->internals.Get(v8);
    saved[SAVED_PRIMORDIALS] = isolate->primordials.Get(v8);
    saved[SAVED_DISPATCHER] = get_or_undefined(v8, isolate->dispatcher);
    saved[SAVED_REJECTION_HANDLER] = get_or_undefined(v8, isolate->rejection_handler);
    saved[SAVED_STACK_FORMATTER] = get_or_undefined(v8, isolate->stack_formatter);
    saved[SAVED_MODULE_LOADER] = get_or_undefined(v8, isolate->module_loader);
    saved[SAVED_CLONE_WRITE] = get_or_undefined(v8, isolate->clone_write);
    saved[SAVED_CLONE_READ] = get_or_undefined(v8, isolate->clone_read);
    saved[SAVED_DATA_CLONE_ERROR] = get_or_undefined(v8, isolate->data_clone_error);
    saved[SAVED_WASM_SOURCE] = get_or_undefined(v8, isolate->wasm_source);
    saved[SAVED_BUILTINS] = v8::Array::New(v8, builtins.data(), builtins.size());
    saved[SAVED_LAZIES] = v8::Array::New(v8, lazies.data(), lazies.size());
    return v8::Array::New(v8, saved, SAVED_COUNT);
}

static void
load_function(v8::Isolate *isolate, v8::Local<v8::Value> value, v8::Global<v8::Function> *ret_function)
{
    if (value->IsFunction()) {
        ret_function->Reset(isolate, value.As<v8::Function>());
    }
}

bool program_load(mf_isolate *isolate, v8::Local<v8::Context> context, v8::Local<v8::Value> saved_value)
{
    v8::Isolate *v8 = isolate->v8;
    isolate->lazies.resize(program->scripts_count);
    isolate->lazies_loaded.assign(program->scripts_count, false);
    if (!saved_value->IsArray()) {
        return false;
    }
    v8::Local<v8::Object> saved = saved_value.As<v8::Object>();
    v8::Local<v8::Value> values[SAVED_COUNT];
    for (uint32_t i = 0; i < SAVED_COUNT; i++) {
        if (!saved->Get(context, i).ToLocal(&values[i])) {
            return false;
        }
    }
    isolate->internals.Reset(v8, values[SAVED_INTERNALS].As<v8::Object>());
    isolate->primordials.Reset(v8, values[SAVED_PRIMORDIALS].As<v8::Object>());
    load_function(v8, values[SAVED_DISPATCHER], &isolate->dispatcher);
    load_function(v8, values[SAVED_REJECTION_HANDLER], &isolate->rejection_handler);
    load_function(v8, values[SAVED_STACK_FORMATTER], &isolate->stack_formatter);
    load_function(v8, values[SAVED_MODULE_LOADER], &isolate->module_loader);
    load_function(v8, values[SAVED_CLONE_WRITE], &isolate->clone_write);
    load_function(v8, values[SAVED_CLONE_READ], &isolate->clone_read);
    load_function(v8, values[SAVED_DATA_CLONE_ERROR], &isolate->data_clone_error);
    load_function(v8, values[SAVED_WASM_SOURCE], &isolate->wasm_source);

    v8::Local<v8::Array> builtins = values[SAVED_BUILTINS].As<v8::Array>();
    for (uint32_t i = 0; i + 1 < builtins->Length(); i += 2) {
        v8::Local<v8::Value> specifier = builtins->Get(context, i).ToLocalChecked();
        v8::Local<v8::Value> exports = builtins->Get(context, i + 1).ToLocalChecked();
        builtin one;
        one.specifier = text_to_std(v8, specifier.As<v8::String>());
        one.exports.Reset(v8, exports.As<v8::Object>());
        isolate->builtins.push_back(std::move(one));
    }
    v8::Local<v8::Array> lazies = values[SAVED_LAZIES].As<v8::Array>();
    for (uint32_t i = 0; i + 1 < lazies->Length(); i += 2) {
        v8::Local<v8::Value> index = lazies->Get(context, i).ToLocalChecked();
        v8::Local<v8::Value> value = lazies->Get(context, i + 1).ToLocalChecked();
        isolate->lazies_loaded[index.As<v8::Uint32>()->Value()] = true;
        isolate->lazies[index.As<v8::Uint32>()->Value()].Reset(v8, value);
    }
    return true;
}

} // namespace mf
