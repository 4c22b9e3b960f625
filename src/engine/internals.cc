#include "internals.h"

#include <cstring>

#include <mayfly/base.h>

#include "isolate.h"
#include "platform.h"
#include "program.h"
#include "value.h"

namespace mf
{

const internals_function internals_functions[] = {
#define XX(name, function) {#name, internals_##function},
    MF_INTERNALS_MAP(XX)
#undef XX
};
const size_t internals_functions_count = MF_COUNT_OF(internals_functions);

static void get_lazy(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value> &info);

void internals_add_references(std::vector<intptr_t> *references)
{
    for (const internals_function &function : internals_functions) {
        references->push_back(reinterpret_cast<intptr_t>(function.callback));
    }
    references->push_back(reinterpret_cast<intptr_t>(get_lazy));
}

static void keep_function(const v8::FunctionCallbackInfo<v8::Value> &info,
                          int index,
                          v8::Global<v8::Function> *ret_function)
{
    if (!info[index]->IsFunction()) {
        throw_type_error(info.GetIsolate(), "internals: not a function");
        return;
    }
    ret_function->Reset(info.GetIsolate(), info[index].As<v8::Function>());
}

void internals_set_dispatcher(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    keep_function(info, 0, &mf_isolate::of(info.GetIsolate())->dispatcher);
}

void internals_set_rejection_handler(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    keep_function(info, 0, &mf_isolate::of(info.GetIsolate())->rejection_handler);
}

/* The index of the lazy script that |value| names; throws when there is none. */
static bool find_lazy(v8::Isolate *v8, v8::Local<v8::Value> value, uint32_t *ret_index)
{
    if (!value->IsString()) {
        throw_type_error(v8, "internals.lazy: not a string");
        return false;
    }
    std::string name = text_to_std(v8, value.As<v8::String>());
    const mf_engine_program *program = program_get();
    for (size_t i = 0; i < program->scripts_count; i++) {
        if (program->scripts[i].is_lazy && name == program->scripts[i].name) {
            *ret_index = static_cast<uint32_t>(i);
            return true;
        }
    }
    throw_error(v8, "internals.lazy: no such script: " + name);
    return false;
}

void internals_lazy(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    uint32_t index;
    v8::Local<v8::Value> result;
    if (find_lazy(v8, info[0], &index) &&
        program_lazy(mf_isolate::of(v8), v8->GetCurrentContext(), index).ToLocal(&result)) {
        info.GetReturnValue().Set(result);
    }
}

/* V8 -> the first read of a property of setLazy(). */
static void get_lazy(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    v8::Local<v8::Value> exports;
    v8::Local<v8::Value> value;
    if (!program_lazy(mf_isolate::of(v8), context, info.Data().As<v8::Uint32>()->Value()).ToLocal(&exports)) {
        return;
    }
    if (!exports->IsObject()) {
        throw_error(v8, "internals.setLazy: the script asks for itself");
        return;
    }
    if (exports.As<v8::Object>()->Get(context, name).ToLocal(&value)) {
        info.GetReturnValue().Set(value);
    }
}

void internals_set_lazy(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    uint32_t index;
    if (!info[0]->IsObject() || !info[1]->IsName()) {
        throw_type_error(v8, "internals.setLazy: not an object and a name");
        return;
    }
    if (find_lazy(v8, info[2], &index)) {
        ignore(info[0].As<v8::Object>()->SetLazyDataProperty(
            v8->GetCurrentContext(), info[1].As<v8::Name>(), get_lazy,
            v8::Integer::NewFromUnsigned(v8, index), info[3]->IsTrue() ? v8::None : v8::DontEnum));
    }
}

void internals_async_context(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    info.GetReturnValue().Set(info.GetIsolate()->GetContinuationPreservedEmbedderData());
}

void internals_set_async_context(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    info.GetIsolate()->SetContinuationPreservedEmbedderData(info[0]);
}

void internals_clock(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    info.GetReturnValue().Set(platform_clock_ms());
}

void internals_set_eval_allowed(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    info.GetIsolate()->GetCurrentContext()->AllowCodeGenerationFromStrings(info[0]->IsTrue());
}

void internals_is_tool(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    info.GetReturnValue().Set(mf_isolate::of(info.GetIsolate())->is_tool);
}

void internals_asset(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    const mf_engine_program *program = program_get();
    if (!mf_isolate::of(v8)->is_tool || !info[0]->IsString()) {
        throw_type_error(v8, "internals.asset: only for tools");
        return;
    }
    std::string name = text_to_std(v8, info[0].As<v8::String>());
    for (size_t i = 0; i < program->assets_count; i++) {
        if (name == program->assets[i].name) {
            v8::Local<v8::ArrayBuffer> buffer;
            if (bytes_copy(v8, program->assets[i].bytes).ToLocal(&buffer)) {
                info.GetReturnValue().Set(buffer);
            } else {
                throw_range_error(v8, "internals.asset: out of memory");
            }
            return;
        }
    }
    throw_error(v8, "internals.asset: no such asset: " + name);
}

/* ---- V8 tells the runtime ------------------------------------------------------------------ */

static void tell(mf_isolate *isolate, int kind, v8::Local<v8::Value> promise, v8::Local<v8::Value> reason)
{
    v8::Isolate *v8 = isolate->v8;
    if (isolate->rejection_handler.IsEmpty() || isolate->reason.load(std::memory_order_relaxed) != 0) {
        return;
    }
    v8::HandleScope handles(v8);
    v8::TryCatch caught(v8); /* The handler's own bugs must not reach the script. */
    v8::Local<v8::Context> context = isolate->context.Get(v8);
    v8::Local<v8::Value> args[] = {v8::Integer::New(v8, kind), promise, reason};
    ignore(isolate->rejection_handler.Get(v8)->Call(context, v8::Undefined(v8), 3, args));
    isolate_keep_terminating(isolate);
}

void internals_on_reject(v8::PromiseRejectMessage message)
{
    v8::Isolate *v8 = v8::Isolate::GetCurrent();
    mf_isolate *isolate = mf_isolate::of(v8);
    if (isolate->context.IsEmpty()) {
        return;
    }
    switch (message.GetEvent()) {
    case v8::kPromiseRejectWithNoHandler:
        tell(isolate, 0, message.GetPromise(), message.GetValue());
        break;
    case v8::kPromiseHandlerAddedAfterReject:
        tell(isolate, 1, message.GetPromise(), v8::Undefined(v8));
        break;
    case v8::kPromiseRejectAfterResolved:
    case v8::kPromiseResolveAfterResolved:
        break;
    }
}

void internals_on_uncaught(v8::Local<v8::Message>, v8::Local<v8::Value> exception)
{
    v8::Isolate *v8 = v8::Isolate::GetCurrent();
    mf_isolate *isolate = mf_isolate::of(v8);
    if (!isolate->context.IsEmpty()) {
        tell(isolate, 2, v8::Undefined(v8), exception);
    }
}

} // namespace mf
