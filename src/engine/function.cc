/* The main module's text as a function: a program that is no module, compiled under the module's name, so that errors and import()
 * find it. */
#include "internals.h"
#include "isolate.h"
#include "module.h"
#include "value.h"

namespace mf
{

static module_entry *main_entry(v8::Isolate *v8)
{
    mf_isolate *isolate = mf_isolate::of(v8);
    if (!isolate->modules) {
        throw_error(v8, "There is no code to run.");
        return nullptr;
    }
    return &isolate->modules->entries[isolate->modules->main];
}

void internals_main_source(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    module_entry *entry = main_entry(info.GetIsolate());
    v8::Local<v8::String> text;
    if (entry && module_source(info.GetIsolate(), entry->body).ToLocal(&text)) {
        info.GetReturnValue().Set(text);
    }
}

static const uint32_t PARAMETERS_MAX = 256;

/* compileFunction(text, parameters, line, name): |line| lines of |text| stand before the first line of what was sent, or, below zero,
 * so many are missing. |name| is how errors call it; the main module's when it is no string. */
void internals_compile_function(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    module_entry *entry = main_entry(v8);
    if (!entry) {
        return;
    }
    if (!info[0]->IsString() || !info[1]->IsArray() || !info[2]->IsInt32() ||
        info[1].As<v8::Array>()->Length() > PARAMETERS_MAX) {
        throw_type_error(v8, "internals.compileFunction: not a string, an array and a number");
        return;
    }
    v8::Local<v8::Array> list = info[1].As<v8::Array>();
    std::vector<v8::Local<v8::String>> names;
    for (uint32_t i = 0; i < list->Length(); i++) {
        v8::Local<v8::Value> name;
        if (!list->Get(context, i).ToLocal(&name)) {
            return;
        }
        if (!name->IsString()) {
            throw_type_error(v8, "internals.compileFunction: a parameter is not a string");
            return;
        }
        names.push_back(name.As<v8::String>());
    }
    v8::ScriptOrigin origin =
        module_origin(mf_isolate::of(v8), entry, false, -info[2].As<v8::Int32>()->Value(), info[3]);
    v8::ScriptCompiler::Source source(info[0].As<v8::String>(), origin);
    v8::Local<v8::Function> function;
    if (v8::ScriptCompiler::CompileFunction(context, &source, names.size(), names.data())
            .ToLocal(&function)) {
        info.GetReturnValue().Set(function);
    }
}

} // namespace mf
