/* From one module to a running graph: load (compile what is imported), link, evaluate. No step descends natively with
 * the depth of the graph unless V8 does, and V8 checks its stack. */
#include <algorithm>

#include "isolate.h"
#include "module.h"
#include "value.h"

namespace mf
{

/* Deeper graphs are linked and evaluated from their leaves up, so that V8's own descent stays short. In shallow ones V8
 * may do all of it at once. */
static const size_t DEPTH_DIRECT_MAX = 128;

struct graph {
    std::vector<uint32_t> order; /* Post-order: what is imported comes before who imports it. */
    size_t depth = 0;
};

struct load_frame {
    uint32_t index;
    int next_request;
};

static bool is_ended(const mf_isolate *isolate)
{
    return isolate->reason.load(std::memory_order_relaxed) != 0;
}

/* A module whose link or evaluation is under way cannot be entered again: V8 would stop the process. Only require()
 * from inside such an evaluation can ask for it. */
static bool is_busy(v8::Local<v8::Module> module)
{
    v8::Module::Status status = module->GetStatus();
    return status == v8::Module::kInstantiating || status == v8::Module::kEvaluating;
}

/* One import of |entry|: what it names, checked. A built-in needs no more; else *ret_target is to be visited. */
static bool load_request(mf_isolate *isolate,
                         v8::Local<v8::Context> context,
                         const module_entry &entry,
                         v8::Local<v8::ModuleRequest> request,
                         module_entry **ret_target)
{
    v8::Isolate *v8 = isolate->v8;
    if (request->GetImportAttributes()->Length() > 0) {
        throw_error(v8, "Unrecognized import attributes specified");
        return false;
    }
    module_target target = module_resolve(isolate, entry.path, request->GetSpecifier());
    if (target.builtin) {
        *ret_target = nullptr;
        return !module_builtin(isolate, context, target.builtin).IsEmpty();
    }
    if (!target.entry) {
        return false;
    }
    if (request->GetPhase() == v8::ModuleImportPhase::kSource) {
        *ret_target = nullptr;
        if (target.entry->kind != MF_MODULE_WASM) {
            v8->ThrowException(v8::Exception::SyntaxError(text_message(
                v8, "Source phase import not available for module \"" + target.entry->path + "\".")));
            return false;
        }
        return !module_value(isolate, context, target.entry).IsEmpty();
    }
    *ret_target = target.entry;
    return true;
}

static bool load(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *root, graph *ret_graph)
{
    v8::Isolate *v8 = isolate->v8;
    module_table *table = isolate->modules;
    std::vector<bool> visited(table->entries.size());
    std::vector<load_frame> stack;

    auto visit = [&](module_entry *entry) {
        uint32_t index = table->index_of(entry);
        if (visited[index]) {
            return true;
        }
        visited[index] = true;
        v8::HandleScope handles(v8);
        v8::Local<v8::Module> module;
        if (!module_compile(isolate, entry).ToLocal(&module)) {
            return false;
        }
        if (is_busy(module)) {
            throw_error(v8, "Module \"" + entry->path + "\" is required while it is being evaluated.");
            return false;
        }
        stack.push_back({index, 0});
        ret_graph->depth = std::max(ret_graph->depth, stack.size());
        return true;
    };

    if (!visit(root)) {
        return false;
    }
    while (!stack.empty()) {
        if (is_ended(isolate)) {
            return false;
        }
        v8::HandleScope handles(v8);
        load_frame &frame = stack.back();
        module_entry &entry = table->entries[frame.index];
        v8::Local<v8::Module> module = entry.module.Get(v8);
        int requests = module->IsSourceTextModule() ? module->GetModuleRequests()->Length() : 0;
        if (frame.next_request == requests) {
            ret_graph->order.push_back(frame.index);
            stack.pop_back();
            continue;
        }
        v8::Local<v8::ModuleRequest> request =
            module->GetModuleRequests()->Get(context, frame.next_request++).As<v8::ModuleRequest>();
        module_entry *target = nullptr;
        if (!load_request(isolate, context, entry, request, &target) || (target && !visit(target))) {
            return false;
        }
    }
    return true;
}

/* ---- link ---------------------------------------------------------------------------------- */

static const std::string *path_of(mf_isolate *isolate, v8::Local<v8::Module> module)
{
    auto [first, last] = isolate->modules->by_hash.equal_range(module->GetIdentityHash());
    for (auto it = first; it != last; ++it) {
        if (isolate->modules->entries[it->second].module == module) {
            return &isolate->modules->entries[it->second].path;
        }
    }
    return nullptr;
}

/* V8 asks while it links: all is compiled by then. */
static v8::MaybeLocal<v8::Module> on_resolve(v8::Local<v8::Context> context,
                                             v8::Local<v8::String> specifier,
                                             v8::Local<v8::FixedArray>,
                                             v8::Local<v8::Module> referrer)
{
    mf_isolate *isolate = mf_isolate::of(context->GetIsolate());
    const std::string *path = path_of(isolate, referrer);
    MF_ASSERT(path);
    module_target target = module_resolve(isolate, *path, specifier);
    if (target.builtin) {
        return module_builtin(isolate, context, target.builtin);
    }
    return target.entry ? module_compile(isolate, target.entry) : v8::MaybeLocal<v8::Module>();
}

static v8::MaybeLocal<v8::Object> on_resolve_source(v8::Local<v8::Context> context,
                                                    v8::Local<v8::String> specifier,
                                                    v8::Local<v8::FixedArray>,
                                                    v8::Local<v8::Module> referrer)
{
    mf_isolate *isolate = mf_isolate::of(context->GetIsolate());
    const std::string *path = path_of(isolate, referrer);
    MF_ASSERT(path);
    module_target target = module_resolve(isolate, *path, specifier);
    v8::Local<v8::Value> value;
    if (!target.entry || target.entry->kind != MF_MODULE_WASM ||
        !module_value(isolate, context, target.entry).ToLocal(&value)) {
        return {};
    }
    return value.As<v8::Object>();
}

static bool link(v8::Local<v8::Context> context, v8::Local<v8::Module> module)
{
    if (module->GetStatus() != v8::Module::kUninstantiated) {
        return true;
    }
    return module->InstantiateModule(context, on_resolve, on_resolve_source).FromMaybe(false);
}

/* ---- run ----------------------------------------------------------------------------------- */

/* Links and evaluates all but the root of a deep graph. Each is evaluated when all it imports has been, so the order is
 * that of the specification; the root's evaluation meets what failed. */
static bool run_leaves(mf_isolate *isolate, v8::Local<v8::Context> context, const graph &graph)
{
    v8::Isolate *v8 = isolate->v8;
    for (uint32_t index : graph.order) {
        v8::HandleScope handles(v8);
        if (!link(context, isolate->modules->entries[index].module.Get(v8))) {
            return false;
        }
    }
    for (uint32_t index : graph.order) {
        v8::HandleScope handles(v8);
        v8::Local<v8::Module> module = isolate->modules->entries[index].module.Get(v8);
        v8::Local<v8::Value> promise;
        if (is_ended(isolate) || !module->Evaluate(context).ToLocal(&promise)) {
            return false;
        }
        if (promise->IsPromise()) {
            promise.As<v8::Promise>()->MarkAsHandled();
        }
        if (module->GetStatus() == v8::Module::kErrored) {
            break;
        }
    }
    return true;
}

v8::MaybeLocal<v8::Promise> module_run(mf_isolate *isolate,
                                       v8::Local<v8::Context> context,
                                       module_entry *entry,
                                       v8::Local<v8::Module> *ret_module)
{
    graph graph;
    if (!load(isolate, context, entry, &graph)) {
        return {};
    }
    if (graph.depth > DEPTH_DIRECT_MAX && !run_leaves(isolate, context, graph)) {
        return {};
    }
    v8::Local<v8::Module> module = entry->module.Get(isolate->v8);
    v8::Local<v8::Value> promise;
    if (!link(context, module) || !module->Evaluate(context).ToLocal(&promise)) {
        return {};
    }
    MF_ASSERT(promise->IsPromise());
    *ret_module = module;
    return promise.As<v8::Promise>();
}

/* ---- import() ------------------------------------------------------------------------------ */

/* import() is done in a microtask: no evaluation is under way then. data is
 * [resolver, specifier, referrer's index, is source phase]. */
enum { IMPORT_RESOLVER, IMPORT_SPECIFIER, IMPORT_REFERRER, IMPORT_SOURCE, IMPORT_COUNT };

static void import_fulfilled(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
    v8::Local<v8::Array> data = info.Data().As<v8::Array>();
    v8::Local<v8::Value> resolver;
    v8::Local<v8::Value> result;
    if (data->Get(context, 0).ToLocal(&resolver) && data->Get(context, 1).ToLocal(&result)) {
        ignore(resolver.As<v8::Promise::Resolver>()->Resolve(context, result));
    }
}

static void import_rejected(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
    v8::Local<v8::Value> resolver;
    if (info.Data().As<v8::Array>()->Get(context, 0).ToLocal(&resolver)) {
        ignore(resolver.As<v8::Promise::Resolver>()->Reject(context, info[0]));
    }
}

/* Settles |resolver| with |result| when |promise| is fulfilled. */
static bool follow(v8::Local<v8::Context> context,
                   v8::Local<v8::Promise> promise,
                   v8::Local<v8::Promise::Resolver> resolver,
                   v8::Local<v8::Value> result)
{
    v8::Isolate *v8 = context->GetIsolate();
    promise->MarkAsHandled();
    if (promise->State() == v8::Promise::kFulfilled) {
        return resolver->Resolve(context, result).FromMaybe(false);
    }
    if (promise->State() == v8::Promise::kRejected) {
        return resolver->Reject(context, promise->Result()).FromMaybe(false);
    }
    v8::Local<v8::Value> parts[] = {resolver, result};
    v8::Local<v8::Array> data = v8::Array::New(v8, parts, 2);
    v8::Local<v8::Function> fulfilled;
    v8::Local<v8::Function> rejected;
    return v8::Function::New(context, import_fulfilled, data).ToLocal(&fulfilled) &&
           v8::Function::New(context, import_rejected, data).ToLocal(&rejected) &&
           !promise->Then(context, fulfilled, rejected).IsEmpty();
}

/* False with an exception. */
static bool import_now(mf_isolate *isolate,
                       v8::Local<v8::Context> context,
                       const std::string &referrer,
                       v8::Local<v8::String> specifier,
                       bool is_source,
                       v8::Local<v8::Promise::Resolver> resolver)
{
    v8::Isolate *v8 = isolate->v8;
    module_target target = module_resolve(isolate, referrer, specifier);
    if (target.entry && is_source) {
        v8::Local<v8::Value> value;
        if (target.entry->kind != MF_MODULE_WASM) {
            v8->ThrowException(v8::Exception::SyntaxError(text_message(
                v8, "Source phase import not available for module \"" + target.entry->path + "\".")));
            return false;
        }
        return module_value(isolate, context, target.entry).ToLocal(&value) &&
               resolver->Resolve(context, value).FromMaybe(false);
    }
    v8::Local<v8::Module> module;
    v8::Local<v8::Promise> promise;
    if (target.entry) {
        return module_run(isolate, context, target.entry, &module).ToLocal(&promise) &&
               follow(context, promise, resolver, module->GetModuleNamespace());
    }
    v8::Local<v8::Value> done;
    return target.builtin && module_builtin(isolate, context, target.builtin).ToLocal(&module) &&
           link(context, module) && module->Evaluate(context).ToLocal(&done) && done->IsPromise() &&
           follow(context, done.As<v8::Promise>(), resolver, module->GetModuleNamespace());
}

static void import_task(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    v8::Local<v8::Value> data[IMPORT_COUNT];
    for (uint32_t i = 0; i < IMPORT_COUNT; i++) {
        if (!info.Data().As<v8::Array>()->Get(context, i).ToLocal(&data[i])) {
            return;
        }
    }
    v8::Local<v8::Promise::Resolver> resolver = data[IMPORT_RESOLVER].As<v8::Promise::Resolver>();
    const std::string &referrer =
        isolate->modules->entries[data[IMPORT_REFERRER].As<v8::Uint32>()->Value()].path;
    v8::TryCatch caught(v8);
    if (import_now(isolate, context, referrer, data[IMPORT_SPECIFIER].As<v8::String>(),
                   data[IMPORT_SOURCE]->IsTrue(), resolver)) {
        return;
    }
    if (caught.HasTerminated()) {
        caught.ReThrow();
    } else if (caught.HasCaught()) {
        ignore(resolver->Reject(context, caught.Exception()));
    }
}

/* The index of the module that a script belongs to; false for the runtime's own scripts. */
static bool referrer_of(mf_isolate *isolate, v8::Local<v8::Data> options, uint32_t *ret_index)
{
    if (!isolate->modules || !options->IsFixedArray()) {
        return false;
    }
    v8::Local<v8::PrimitiveArray> array = options.As<v8::PrimitiveArray>();
    if (array->Length() != 1) {
        return false;
    }
    v8::Local<v8::Primitive> index = array->Get(isolate->v8, 0);
    if (!index->IsUint32() || index.As<v8::Uint32>()->Value() >= isolate->modules->entries.size()) {
        return false;
    }
    *ret_index = index.As<v8::Uint32>()->Value();
    return true;
}

static v8::MaybeLocal<v8::Promise> on_import_phase(v8::Local<v8::Context> context,
                                                   v8::Local<v8::Data> options,
                                                   v8::Local<v8::Value>,
                                                   v8::Local<v8::String> specifier,
                                                   v8::ModuleImportPhase phase,
                                                   v8::Local<v8::FixedArray> attributes)
{
    v8::Isolate *v8 = context->GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    v8::Local<v8::Promise::Resolver> resolver;
    if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) {
        return {};
    }
    uint32_t referrer = 0;
    const char *refusal = nullptr;
    if (!referrer_of(isolate, options, &referrer)) {
        refusal = "import() is not available here.";
    } else if (attributes->Length() > 0) {
        refusal = "Unrecognized import attributes specified";
    }
    if (refusal) {
        if (resolver->Reject(context, v8::Exception::Error(text_message(v8, refusal))).IsNothing()) {
            return {};
        }
        return resolver->GetPromise();
    }
    v8::Local<v8::Value> data[IMPORT_COUNT];
    data[IMPORT_RESOLVER] = resolver;
    data[IMPORT_SPECIFIER] = specifier;
    data[IMPORT_REFERRER] = v8::Integer::NewFromUnsigned(v8, referrer);
    data[IMPORT_SOURCE] = v8::Boolean::New(v8, phase == v8::ModuleImportPhase::kSource);
    v8::Local<v8::Function> task;
    if (!v8::Function::New(context, import_task, v8::Array::New(v8, data, IMPORT_COUNT)).ToLocal(&task)) {
        return {};
    }
    v8->EnqueueMicrotask(task);
    return resolver->GetPromise();
}

static v8::MaybeLocal<v8::Promise> on_import(v8::Local<v8::Context> context,
                                             v8::Local<v8::Data> options,
                                             v8::Local<v8::Value> resource,
                                             v8::Local<v8::String> specifier,
                                             v8::Local<v8::FixedArray> attributes)
{
    return on_import_phase(context, options, resource, specifier, v8::ModuleImportPhase::kEvaluation,
                           attributes);
}

void module_install_callbacks(v8::Isolate *isolate)
{
    isolate->SetHostImportModuleDynamicallyCallback(on_import);
    isolate->SetHostImportModuleWithPhaseDynamicallyCallback(on_import_phase);
}

} // namespace mf
