#include "module.h"

#include <algorithm>

#include "internals.h"
#include "isolate.h"
#include "resolve.h"
#include "stack.h"
#include "value.h"

namespace mf
{

module_entry *module_table::find(const std::string &path)
{
    auto found =
        std::lower_bound(by_path.begin(), by_path.end(), path,
                         [this](uint32_t index, const std::string &p) { return entries[index].path < p; });
    if (found == by_path.end() || entries[*found].path != path) {
        return nullptr;
    }
    return &entries[*found];
}

module_entry *module_table::find_by_name(const std::string &name)
{
    module_entry *entry = find(name); /* Most names are paths as they are. */
    if (entry && entry->name == name) {
        return entry;
    }
    for (module_entry &one : entries) {
        if (one.name == name) {
            return &one;
        }
    }
    return nullptr;
}

void module_table_free(module_table *table)
{
    delete table;
}

/* ---- resolve ------------------------------------------------------------------------------- */

static builtin *find_builtin(mf_isolate *isolate, const std::string &specifier)
{
    for (builtin &one : isolate->builtins) {
        if (one.specifier == specifier) {
            return &one;
        }
    }
    return nullptr;
}

/* A built-in that there is already, or one that the runtime makes now; NULL without an exception when it has none. */
static bool load_builtin(mf_isolate *isolate, const std::string &specifier, builtin **ret_builtin)
{
    v8::Isolate *v8 = isolate->v8;
    *ret_builtin = find_builtin(isolate, specifier);
    if (*ret_builtin || specifier.empty() || isolate->module_loader.IsEmpty()) {
        return true;
    }
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    v8::Local<v8::Value> args[] = {text_message(v8, specifier)};
    v8::Local<v8::Value> exports;
    if (!isolate->module_loader.Get(v8)->Call(context, v8::Undefined(v8), 1, args).ToLocal(&exports)) {
        return false;
    }
    *ret_builtin = find_builtin(isolate, specifier); /* The loader may have come to ask for itself. */
    if (!*ret_builtin && exports->IsObject()) {
        builtin one;
        one.specifier = specifier;
        one.exports.Reset(v8, exports.As<v8::Object>());
        one.is_loaded = true;
        isolate->builtins.push_back(std::move(one));
        *ret_builtin = &isolate->builtins.back();
    }
    return true;
}

/* "buffer" is node's when the bundle has no such module. "" for a path, which names no built-in. */
static std::string builtin_name(const std::string &specifier)
{
    if (specifier.empty() || specifier[0] == '.' || specifier[0] == '/') {
        return "";
    }
    return specifier.find(':') == std::string::npos ? "node:" + specifier : specifier;
}

/* A specifier can be megabytes; a message about it should not. */
static std::string for_message(const std::string &text)
{
    if (text.size() <= MF_MODULE_NAME_BYTES_MAX) {
        return text;
    }
    return text.substr(0, MF_MODULE_NAME_BYTES_MAX) + "...";
}

module_target
module_resolve(mf_isolate *isolate, const std::string &referrer, v8::Local<v8::String> specifier_string)
{
    v8::Isolate *v8 = isolate->v8;
    std::string specifier = text_to_std(v8, specifier_string);
    std::string path;
    if (!resolve_specifier(referrer, specifier, &path)) {
        throw_type_error(v8, "Invalid module specifier \"" + for_message(specifier) +
                                 "\".\n  imported from \"" + referrer + "\".");
        return {nullptr, nullptr};
    }
    module_target target = {isolate->modules->find(path), nullptr};
    if (!target.entry && !load_builtin(isolate, builtin_name(specifier), &target.builtin)) {
        return {nullptr, nullptr};
    }
    if (!target.entry && !target.builtin) {
        throw_error(v8, "No such module \"" + path + "\".\n  imported from \"" + referrer + "\"");
    }
    return target;
}

/* ---- compile ------------------------------------------------------------------------------- */

v8::MaybeLocal<v8::String> module_source(v8::Isolate *isolate, mf_slice body)
{
    v8::Local<v8::String> source;
    bool is_made = text_is_ascii(body) ? text_static(isolate, body).ToLocal(&source)
                                       : text_utf8(isolate, body).ToLocal(&source);
    if (!is_made) {
        throw_range_error(isolate, "The module is too large.");
        return {};
    }
    return source;
}

v8::ScriptOrigin
module_origin(mf_isolate *isolate, module_entry *entry, bool is_module, int line, v8::Local<v8::Value> name)
{
    v8::Isolate *v8 = isolate->v8;
    /* import() from this script finds its referrer by the table's index, which no script can forge. */
    v8::Local<v8::PrimitiveArray> options = v8::PrimitiveArray::New(v8, 1);
    options->Set(v8, 0, v8::Integer::NewFromUnsigned(v8, isolate->modules->index_of(entry)));
    v8::Local<v8::Value> resource =
        !name.IsEmpty() && name->IsString() ? name : text_message(v8, entry->name).As<v8::Value>();
    return v8::ScriptOrigin(resource, line, 0, false, -1, {}, false, false, is_module, options);
}

static module_entry *entry_of(mf_isolate *isolate, v8::Local<v8::Module> module)
{
    auto [first, last] = isolate->modules->by_hash.equal_range(module->GetIdentityHash());
    for (auto it = first; it != last; ++it) {
        module_entry *entry = &isolate->modules->entries[it->second];
        if (entry->module == module) {
            return entry;
        }
    }
    return nullptr;
}

/* A synthetic module's promise: settled, since nothing in it waits. */
static v8::MaybeLocal<v8::Value> resolved(v8::Local<v8::Context> context)
{
    v8::Local<v8::Promise::Resolver> resolver;
    if (!v8::Promise::Resolver::New(context).ToLocal(&resolver) ||
        resolver->Resolve(context, v8::Undefined(context->GetIsolate())).IsNothing()) {
        return {};
    }
    return resolver->GetPromise();
}

static v8::MaybeLocal<v8::Value> evaluate_value(v8::Local<v8::Context> context, v8::Local<v8::Module> module)
{
    v8::Isolate *v8 = context->GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    module_entry *entry = entry_of(isolate, module);
    MF_ASSERT(entry);
    v8::Local<v8::Value> value;
    if (!module_value(isolate, context, entry).ToLocal(&value) ||
        module->SetSyntheticModuleExport(v8, text_internalized(v8, "default"), value).IsNothing()) {
        return {};
    }
    return resolved(context);
}

static v8::ScriptCompiler::CompileOptions compile_options(const module_entry *entry)
{
    if (entry->cache.size > 0) {
        return v8::ScriptCompiler::kConsumeCodeCache;
    }
    /* A small module uses most of what it has: its functions are compiled with it, and not parsed twice. */
    return entry->body.size <= MF_ENGINE_EAGER_BYTES_MAX ? v8::ScriptCompiler::kEagerCompile
                                                         : v8::ScriptCompiler::kNoCompileOptions;
}

static void note_cache_use(mf_isolate *isolate, bool is_used)
{
    if (!is_used) {
        isolate->cache_use = MF_CODE_CACHE_REJECTED;
    } else if (isolate->cache_use == MF_CODE_CACHE_NONE) {
        isolate->cache_use = MF_CODE_CACHE_USED;
    }
}

v8::MaybeLocal<v8::Module> module_compile(mf_isolate *isolate, module_entry *entry)
{
    v8::Isolate *v8 = isolate->v8;
    if (!entry->module.IsEmpty()) {
        return entry->module.Get(v8);
    }
    v8::Local<v8::Module> module;
    if (entry->kind == MF_MODULE_ESM) {
        v8::Local<v8::String> text;
        if (!module_source(v8, entry->body).ToLocal(&text)) {
            return {};
        }
        v8::ScriptCompiler::CachedData *cached = nullptr; /* The source's own. */
        if (entry->cache.size > 0) {
            cached =
                new v8::ScriptCompiler::CachedData(entry->cache.data, static_cast<int>(entry->cache.size));
        }
        v8::ScriptCompiler::Source source(text, module_origin(isolate, entry, true), cached);
        if (!v8::ScriptCompiler::CompileModule(v8, &source, compile_options(entry)).ToLocal(&module)) {
            return {};
        }
        if (cached) {
            note_cache_use(isolate, !cached->rejected);
        }
    } else {
        v8::Local<v8::String> names[] = {text_internalized(v8, "default")};
        module = v8::Module::CreateSyntheticModule(v8, text_message(v8, entry->name),
                                                   v8::MemorySpan<const v8::Local<v8::String>>(names, 1),
                                                   evaluate_value);
    }
    entry->module.Reset(v8, module);
    isolate->modules->by_hash.emplace(module->GetIdentityHash(), isolate->modules->index_of(entry));
    return module;
}

/* ---- built-in modules ---------------------------------------------------------------------- */

void internals_define(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    if (!info[0]->IsString() || !info[1]->IsObject()) {
        throw_type_error(v8, "internals.define: not a string and an object");
        return;
    }
    builtin one;
    one.specifier = text_to_std(v8, info[0].As<v8::String>());
    if (find_builtin(isolate, one.specifier)) {
        throw_error(v8, "internals.define: defined twice: " + one.specifier);
        return;
    }
    one.exports.Reset(v8, info[1].As<v8::Object>());
    isolate->builtins.push_back(std::move(one));
}

void internals_set_module_loader(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    if (info[0]->IsFunction()) {
        mf_isolate::of(info.GetIsolate())->module_loader.Reset(info.GetIsolate(), info[0].As<v8::Function>());
    }
}

static bool is_default(v8::Isolate *isolate, v8::Local<v8::Value> name)
{
    return name->StrictEquals(text_internalized(isolate, "default"));
}

/* A worker may have changed the object since its names were read: what is gone is undefined. */
static v8::MaybeLocal<v8::Value> evaluate_builtin(v8::Local<v8::Context> context,
                                                  v8::Local<v8::Module> module)
{
    v8::Isolate *v8 = context->GetIsolate();
    for (builtin &one : mf_isolate::of(v8)->builtins) {
        if (one.module.IsEmpty() || one.module != module) {
            continue;
        }
        v8::Local<v8::Object> exports = one.exports.Get(v8);
        for (const v8::Global<v8::String> &own : one.names) {
            v8::Local<v8::String> name = own.Get(v8);
            v8::Local<v8::Value> value = exports;
            bool is_whole = one.is_loaded && is_default(v8, name);
            if ((!is_whole && !exports->Get(context, name).ToLocal(&value)) ||
                module->SetSyntheticModuleExport(v8, name, value).IsNothing()) {
                return {};
            }
        }
        return resolved(context);
    }
    throw_error(v8, "A built-in module was lost.");
    return {};
}

/* The names of what |builtin| exports, in |builtin|->names. */
static bool read_names(v8::Isolate *isolate, v8::Local<v8::Context> context, builtin *builtin)
{
    v8::Local<v8::Array> own;
    if (!builtin->exports.Get(isolate)->GetOwnPropertyNames(context).ToLocal(&own)) {
        return false;
    }
    builtin->names.clear();
    if (builtin->is_loaded) {
        builtin->names.emplace_back(isolate, text_internalized(isolate, "default"));
    }
    for (uint32_t i = 0; i < own->Length(); i++) {
        v8::Local<v8::Value> name;
        if (own->Get(context, i).ToLocal(&name) && name->IsString() &&
            !(builtin->is_loaded && is_default(isolate, name))) {
            builtin->names.emplace_back(isolate, name.As<v8::String>());
        }
    }
    return true;
}

v8::MaybeLocal<v8::Module>
module_builtin(mf_isolate *isolate, v8::Local<v8::Context> context, builtin *builtin)
{
    v8::Isolate *v8 = isolate->v8;
    if (!builtin->module.IsEmpty()) {
        return builtin->module.Get(v8);
    }
    if (!read_names(v8, context, builtin)) {
        return {};
    }
    std::vector<v8::Local<v8::String>> names;
    for (const v8::Global<v8::String> &name : builtin->names) {
        names.push_back(name.Get(v8));
    }
    v8::Local<v8::Module> module = v8::Module::CreateSyntheticModule(
        v8, text_message(v8, builtin->specifier),
        v8::MemorySpan<const v8::Local<v8::String>>(names.data(), names.size()), evaluate_builtin);
    builtin->module.Reset(v8, module);
    return module;
}

/* ---- main ---------------------------------------------------------------------------------- */

void internals_is_starting(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    info.GetReturnValue().Set(mf_isolate::of(info.GetIsolate())->is_starting);
}

/* The reactions to a main module that waits at its top level; data is [resolver, namespace]. */
static void main_settled(const v8::FunctionCallbackInfo<v8::Value> &info, bool is_fine)
{
    v8::Isolate *v8 = info.GetIsolate();
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    mf_isolate::of(v8)->is_starting = false;
    v8::Local<v8::Array> data = info.Data().As<v8::Array>();
    v8::Local<v8::Value> resolver;
    v8::Local<v8::Value> result;
    if (!data->Get(context, 0).ToLocal(&resolver) || !data->Get(context, 1).ToLocal(&result)) {
        return;
    }
    if (is_fine) {
        ignore(resolver.As<v8::Promise::Resolver>()->Resolve(context, result));
    } else {
        ignore(resolver.As<v8::Promise::Resolver>()->Reject(context, info[0]));
    }
}

static void main_fulfilled(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    main_settled(info, true);
}

static void main_rejected(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    main_settled(info, false);
}

/* Runs the main module; false with an exception when it could not be linked. The resolver is settled here unless its
 * top level waits. */
static bool
run_main(mf_isolate *isolate, v8::Local<v8::Context> context, v8::Local<v8::Promise::Resolver> resolver)
{
    v8::Isolate *v8 = isolate->v8;
    if (!isolate->modules) {
        throw_error(v8, "There is no code to run.");
        return false;
    }
    module_entry *entry = &isolate->modules->entries[isolate->modules->main];
    if (entry->kind != MF_MODULE_ESM) {
        throw_type_error(v8, "Main module must be an ES module.");
        return false;
    }
    isolate->is_starting = true;
    v8::Local<v8::Module> module;
    v8::Local<v8::Promise> promise;
    if (!module_run(isolate, context, entry, &module).ToLocal(&promise)) {
        return false;
    }
    promise->MarkAsHandled();
    switch (promise->State()) {
    case v8::Promise::kFulfilled:
        isolate->is_starting = false;
        ignore(resolver->Resolve(context, module->GetModuleNamespace()));
        return true;
    case v8::Promise::kRejected:
        isolate->is_starting = false;
        ignore(resolver->Reject(context, promise->Result()));
        return true;
    case v8::Promise::kPending:
        break;
    }
    v8::Local<v8::Value> parts[] = {resolver, module->GetModuleNamespace()};
    v8::Local<v8::Array> data = v8::Array::New(v8, parts, 2);
    v8::Local<v8::Function> fulfilled;
    v8::Local<v8::Function> rejected;
    return v8::Function::New(context, main_fulfilled, data).ToLocal(&fulfilled) &&
           v8::Function::New(context, main_rejected, data).ToLocal(&rejected) &&
           !promise->Then(context, fulfilled, rejected).IsEmpty();
}

void internals_evaluate_main(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    v8::Local<v8::Promise::Resolver> resolver;
    if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) {
        return;
    }
    info.GetReturnValue().Set(resolver->GetPromise());
    v8::TryCatch caught(v8);
    if (run_main(isolate, context, resolver)) {
        return;
    }
    isolate->is_starting = false;
    if (caught.HasTerminated()) {
        caught.ReThrow();
    } else if (caught.HasCaught()) {
        ignore(resolver->Reject(context, caught.Exception()));
    }
}

} // namespace mf

/* ---- the door ------------------------------------------------------------------------------ */

int mf_isolate_set_modules(mf_isolate *isolate, const mf_module *modules, size_t count, mf_slice main)
{
    MF_ASSERT(isolate->is_attached && !isolate->modules);
    if (count > MF_MODULES_COUNT_MAX) {
        return MF_E_TOO_MANY;
    }
    auto table = std::make_unique<mf::module_table>();
    table->entries.resize(count);
    table->by_path.resize(count);
    bool has_main = false;
    bool has_mappings = false;
    for (size_t i = 0; i < count; i++) {
        mf::module_entry &entry = table->entries[i];
        entry.kind = modules[i].kind;
        entry.name.assign(reinterpret_cast<const char *>(modules[i].name.data), modules[i].name.size);
        entry.body = modules[i].body;
        entry.mappings = modules[i].mappings;
        entry.cache = modules[i].kind == MF_MODULE_ESM && modules[i].cache.size <= MF_CODE_CACHE_BYTES_MAX
                          ? modules[i].cache
                          : mf_slice_of(nullptr, 0);
        has_mappings = has_mappings || entry.mappings.size > 0;
        if (!mf::resolve_specifier("", entry.name, &entry.path) || entry.path.empty()) {
            return MF_E_INVALID;
        }
        table->by_path[i] = static_cast<uint32_t>(i);
        if (mf_slice_equal(modules[i].name, main)) {
            table->main = static_cast<uint32_t>(i);
            has_main = true;
        }
    }
    std::sort(table->by_path.begin(), table->by_path.end(),
              [&](uint32_t a, uint32_t b) { return table->entries[a].path < table->entries[b].path; });
    for (size_t i = 1; i < count; i++) {
        if (table->entries[table->by_path[i]].path == table->entries[table->by_path[i - 1]].path) {
            return MF_E_EXISTS;
        }
    }
    if (!has_main) {
        return MF_E_NOT_FOUND;
    }
    isolate->modules = table.release();
    if (has_mappings) {
        mf::stack_install(isolate->v8);
    }
    return 0;
}

mf_code_cache_use mf_isolate_code_cache_use(const mf_isolate *isolate)
{
    return isolate->cache_use;
}

int mf_isolate_code_cache(mf_isolate *isolate, size_t index, mf_buf *out)
{
    MF_ASSERT(isolate->modules && index < isolate->modules->entries.size());
    const mf::module_entry &entry = isolate->modules->entries[index];
    if (entry.kind != MF_MODULE_ESM || entry.module.IsEmpty()) {
        return 0;
    }
    v8::HandleScope scope(isolate->v8);
    v8::Local<v8::Module> module = entry.module.Get(isolate->v8);
    if (module->GetStatus() == v8::Module::kErrored) {
        return 0; /* It has given its code back. */
    }
    std::unique_ptr<v8::ScriptCompiler::CachedData> made(
        v8::ScriptCompiler::CreateCodeCache(module->GetUnboundModuleScript()));
    return made ? mf_buf_append_slice(out, mf_slice_of(made->data, static_cast<size_t>(made->length))) : 0;
}
