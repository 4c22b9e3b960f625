#include "stack.h"

#include "internals.h"
#include "isolate.h"
#include "mappings.h"
#include "module.h"
#include "value.h"

namespace mf
{

bool stack_map(mf_isolate *isolate, const std::string &name, int *line, int *column)
{
    module_entry *entry = isolate->modules ? isolate->modules->find_by_name(name) : nullptr;
    return entry && entry->mappings.size > 0 && mappings_find(entry->mappings, line, column);
}

/* internals.mapPosition(module, line, column): [line, column], or null when they stay. */
void internals_map_position(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    info.GetReturnValue().SetNull();
    if (!info[0]->IsString() || !info[1]->IsInt32() || !info[2]->IsInt32()) {
        return;
    }
    int line = info[1].As<v8::Int32>()->Value();
    int column = info[2].As<v8::Int32>()->Value();
    if (stack_map(mf_isolate::of(v8), text_to_std(v8, info[0].As<v8::String>()), &line, &column)) {
        v8::Local<v8::Value> place[] = {v8::Integer::New(v8, line), v8::Integer::New(v8, column)};
        info.GetReturnValue().Set(v8::Array::New(v8, place, 2));
    }
}

void internals_set_stack_formatter(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    if (!info[0]->IsFunction()) {
        throw_type_error(info.GetIsolate(), "internals: not a function");
        return;
    }
    mf_isolate::of(info.GetIsolate())->stack_formatter.Reset(info.GetIsolate(), info[0].As<v8::Function>());
}

static v8::MaybeLocal<v8::Value>
on_prepare(v8::Local<v8::Context> context, v8::Local<v8::Value> error, v8::Local<v8::Array> sites)
{
    v8::Isolate *v8 = context->GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    if (isolate->stack_formatter.IsEmpty()) {
        return v8::Undefined(v8);
    }
    v8::Local<v8::Value> args[] = {error, sites};
    return isolate->stack_formatter.Get(v8)->Call(context, v8::Undefined(v8), 2, args);
}

void stack_install(v8::Isolate *isolate)
{
    isolate->SetPrepareStackTraceCallback(on_prepare);
}

} // namespace mf
