/* What the runtime may know about a value without running a line of the script's: for console, errors and clones. */
#include <cstring>

#include "internals.h"
#include "isolate.h"
#include "stack.h"
#include "value.h"

namespace mf
{

static void set(v8::Local<v8::Context> context,
                v8::Local<v8::Object> object,
                const char *name,
                v8::Local<v8::Value> value)
{
    ignore(object->CreateDataProperty(context, text_internalized(context->GetIsolate(), name), value));
}

static v8::Local<v8::String> cut(v8::Isolate *isolate, v8::Local<v8::String> line)
{
    if (line->Length() <= MF_ENGINE_SOURCE_LINE_CHARS_MAX) {
        return line;
    }
    uint16_t chars[MF_ENGINE_SOURCE_LINE_CHARS_MAX];
    line->WriteV2(isolate, 0, MF_ENGINE_SOURCE_LINE_CHARS_MAX, chars);
    return v8::String::NewFromTwoByte(isolate, chars, v8::NewStringType::kNormal,
                                      MF_ENGINE_SOURCE_LINE_CHARS_MAX)
        .FromMaybe(v8::String::Empty(isolate));
}

void internals_describe_error(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    info.GetReturnValue().SetNull();
    if (!info[0]->IsNativeError()) {
        return; /* V8 would name the place that asks, not the place that threw. */
    }
    v8::TryCatch caught(v8);
    v8::Local<v8::Message> message = v8::Exception::CreateMessage(v8, info[0]);
    isolate_keep_terminating(mf_isolate::of(v8));
    if (message.IsEmpty() || !message->GetScriptResourceName()->IsString()) {
        return;
    }
    v8::Local<v8::String> file = message->GetScriptResourceName().As<v8::String>();
    int line = message->GetLineNumber(context).FromMaybe(0);
    if (line <= 0 || text_to_std(v8, file).compare(0, 7, "mayfly:") == 0) {
        return;
    }
    int column = message->GetStartColumn(context).FromMaybe(-1) + 1;
    bool is_moved = stack_map(mf_isolate::of(v8), text_to_std(v8, file), &line, &column);
    v8::Local<v8::Object> where = v8::Object::New(v8, v8::Null(v8), nullptr, nullptr, 0);
    set(context, where, "module", file);
    set(context, where, "line", v8::Integer::New(v8, line));
    set(context, where, "column", v8::Integer::New(v8, column));
    v8::Local<v8::String> source; /* Of the text that runs: nobody knows it who wrote another. */
    if (!is_moved && message->GetSourceLine(context).ToLocal(&source)) {
        set(context, where, "sourceLine", cut(v8, source));
    }
    info.GetReturnValue().Set(where);
}

void internals_preview_entries(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    if (!info[0]->IsObject()) {
        return;
    }
    bool is_key_value = false;
    v8::Local<v8::Array> entries;
    if (info[0].As<v8::Object>()->PreviewEntries(&is_key_value).ToLocal(&entries)) {
        info.GetReturnValue().Set(entries);
    }
}

void internals_proxy_details(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    if (!info[0]->IsProxy()) {
        return;
    }
    v8::Local<v8::Proxy> proxy = info[0].As<v8::Proxy>();
    v8::Local<v8::Value> parts[] = {proxy->GetTarget(), proxy->GetHandler()};
    info.GetReturnValue().Set(v8::Array::New(info.GetIsolate(), parts, 2));
}

void internals_promise_details(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    if (!info[0]->IsPromise()) {
        return;
    }
    v8::Local<v8::Promise> promise = info[0].As<v8::Promise>();
    v8::Promise::PromiseState state = promise->State();
    v8::Local<v8::Value> result = v8::Undefined(v8);
    if (state != v8::Promise::kPending) {
        result = promise->Result();
    }
    v8::Local<v8::Value> parts[] = {v8::Integer::New(v8, static_cast<int>(state)), result};
    info.GetReturnValue().Set(v8::Array::New(v8, parts, 2));
}

void internals_constructor_name(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    if (info[0]->IsProxy() || !info[0]->IsObject()) {
        info.GetReturnValue().SetEmptyString(); /* A proxy's traps are script. */
        return;
    }
    info.GetReturnValue().Set(info[0].As<v8::Object>()->GetConstructorName());
}

static const char *type_of_object(v8::Local<v8::Value> value)
{
    struct test {
        bool (v8::Value::*is)() const;
        const char *name;
    };
    static const test tests[] = {
        {&v8::Value::IsProxy, "proxy"}, /* First: some of the others look through it. */
        {&v8::Value::IsArray, "array"},
        {&v8::Value::IsNativeError, "error"},
        {&v8::Value::IsPromise, "promise"},
        {&v8::Value::IsDate, "date"},
        {&v8::Value::IsRegExp, "regexp"},
        {&v8::Value::IsMap, "map"},
        {&v8::Value::IsSet, "set"},
        {&v8::Value::IsWeakMap, "weakmap"},
        {&v8::Value::IsWeakSet, "weakset"},
        {&v8::Value::IsWeakRef, "weakref"},
        {&v8::Value::IsArrayBuffer, "arraybuffer"},
        {&v8::Value::IsSharedArrayBuffer, "sharedarraybuffer"},
        {&v8::Value::IsDataView, "dataview"},
        {&v8::Value::IsTypedArray, "typedarray"},
        {&v8::Value::IsAsyncFunction, "asyncfunction"},
        {&v8::Value::IsFunction, "function"},
        {&v8::Value::IsGeneratorObject, "generator"},
        {&v8::Value::IsModuleNamespaceObject, "module"},
        {&v8::Value::IsWasmModuleObject, "wasmmodule"},
        {&v8::Value::IsArgumentsObject, "arguments"},
        {&v8::Value::IsBooleanObject, "boxed"},
        {&v8::Value::IsNumberObject, "boxed"},
        {&v8::Value::IsStringObject, "boxed"},
        {&v8::Value::IsSymbolObject, "boxed"},
        {&v8::Value::IsBigIntObject, "boxed"},
        {&v8::Value::IsExternal, "external"},
    };
    for (const test &one : tests) {
        if (((**value).*one.is)()) {
            return one.name;
        }
    }
    return "object";
}

void internals_type_of(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    v8::Local<v8::Value> value = info[0];
    if (value->IsObject()) {
        info.GetReturnValue().Set(text_internalized(v8, type_of_object(value)));
    } else {
        info.GetReturnValue().Set(value->TypeOf(v8));
    }
}

} // namespace mf
