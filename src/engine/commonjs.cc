/* CommonJS modules: a function (exports, require, module, __filename, __dirname), run once. */
#include "isolate.h"
#include "module.h"
#include "value.h"

namespace mf
{

/* The exports of an ES module as require() gives them: its default export, as on Cloudflare. */
static v8::MaybeLocal<v8::Value>
require_esm(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *entry)
{
    v8::Isolate *v8 = isolate->v8;
    v8::Local<v8::Module> module;
    v8::Local<v8::Promise> promise;
    if (!module_run(isolate, context, entry, &module).ToLocal(&promise)) {
        return {};
    }
    promise->MarkAsHandled();
    if (promise->State() == v8::Promise::kRejected) {
        v8->ThrowException(promise->Result());
        return {};
    }
    if (promise->State() == v8::Promise::kPending) {
        throw_error(v8, "Module \"" + entry->path + "\" waits at its top level and cannot be required.");
        return {};
    }
    return module->GetModuleNamespace().As<v8::Object>()->Get(context, text_internalized(v8, "default"));
}

static v8::MaybeLocal<v8::Value>
require_builtin(mf_isolate *isolate, v8::Local<v8::Context> context, builtin *builtin)
{
    /* Not through the module: it may be in the middle of its link. */
    (void)context;
    return builtin->exports.Get(isolate->v8);
}

/* require(specifier); data is the requiring module's index. */
static void on_require(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    if (!info[0]->IsString()) {
        throw_type_error(v8, "require() needs a string.");
        return;
    }
    const module_entry &from = isolate->modules->entries[info.Data().As<v8::Uint32>()->Value()];
    module_target target = module_resolve(isolate, from.path, info[0].As<v8::String>());
    v8::MaybeLocal<v8::Value> maybe;
    if (target.builtin) {
        maybe = require_builtin(isolate, context, target.builtin);
    } else if (target.entry) {
        maybe = target.entry->kind == MF_MODULE_ESM ? require_esm(isolate, context, target.entry)
                                                    : module_value(isolate, context, target.entry);
    }
    v8::Local<v8::Value> value;
    if (maybe.ToLocal(&value)) {
        info.GetReturnValue().Set(value);
    }
}

static v8::MaybeLocal<v8::Value>
exports_of(v8::Isolate *isolate, v8::Local<v8::Context> context, v8::Local<v8::Object> module)
{
    return module->Get(context, text_internalized(isolate, "exports"));
}

v8::MaybeLocal<v8::Value>
module_commonjs(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *entry)
{
    v8::Isolate *v8 = isolate->v8;
    if (!entry->commonjs.IsEmpty()) {
        return exports_of(v8, context, entry->commonjs.Get(v8));
    }
    v8::Local<v8::String> text;
    if (!module_source(v8, entry->body).ToLocal(&text)) {
        return {};
    }
    v8::Local<v8::String> names[] = {text_internalized(v8, "exports"), text_internalized(v8, "require"),
                                     text_internalized(v8, "module"), text_internalized(v8, "__filename"),
                                     text_internalized(v8, "__dirname")};
    v8::ScriptCompiler::Source source(text, module_origin(isolate, entry, false));
    v8::Local<v8::Function> body;
    v8::Local<v8::Function> require;
    v8::Local<v8::Value> index = v8::Integer::NewFromUnsigned(v8, isolate->modules->index_of(entry));
    if (!v8::ScriptCompiler::CompileFunction(context, &source, MF_COUNT_OF(names), names).ToLocal(&body) ||
        !v8::Function::New(context, on_require, index, 1, v8::ConstructorBehavior::kThrow)
             .ToLocal(&require)) {
        return {};
    }
    v8::Local<v8::Object> exports = v8::Object::New(v8);
    v8::Local<v8::Object> module = v8::Object::New(v8);
    if (module->CreateDataProperty(context, text_internalized(v8, "exports"), exports).IsNothing()) {
        return {};
    }
    size_t slash = entry->path.rfind('/');
    std::string folder = slash == std::string::npos ? "" : entry->path.substr(0, slash);
    v8::Local<v8::Value> args[] = {exports, require, module, text_message(v8, entry->path),
                                   text_message(v8, folder)};
    entry->commonjs.Reset(v8, module); /* From here on a cycle sees what is exported so far. */
    if (body->Call(context, exports, MF_COUNT_OF(args), args).IsEmpty()) {
        entry->commonjs.Reset(); /* The next require() runs it again and sees the same error. */
        return {};
    }
    return exports_of(v8, context, module);
}

} // namespace mf
