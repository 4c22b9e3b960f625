/* structuredClone: V8's serializer there and back. Objects of the runtime (Blob, ...) go through its two functions. */
#include <vector>

#include "internals.h"
#include "isolate.h"
#include "value.h"

namespace mf
{

void internals_set_clone_handlers(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    if (!info[0]->IsFunction() || !info[1]->IsFunction()) {
        throw_type_error(v8, "internals.setCloneHandlers: not two functions");
        return;
    }
    isolate->clone_write.Reset(v8, info[0].As<v8::Function>());
    isolate->clone_read.Reset(v8, info[1].As<v8::Function>());
}

void internals_set_data_clone_error(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    if (!info[0]->IsFunction()) {
        throw_type_error(v8, "internals.setDataCloneError: not a function");
        return;
    }
    mf_isolate::of(v8)->data_clone_error.Reset(v8, info[0].As<v8::Function>());
}

static void
throw_data_clone_error(mf_isolate *isolate, v8::Local<v8::Context> context, v8::Local<v8::String> message)
{
    v8::Isolate *v8 = isolate->v8;
    if (isolate->data_clone_error.IsEmpty()) {
        v8->ThrowException(v8::Exception::Error(message));
        return;
    }
    v8::Local<v8::Value> args[] = {message};
    v8::Local<v8::Value> error;
    if (isolate->data_clone_error.Get(v8)->Call(context, v8::Undefined(v8), 1, args).ToLocal(&error)) {
        v8->ThrowException(error);
    }
}

/* ---- there --------------------------------------------------------------------------------- */

class writer : public v8::ValueSerializer::Delegate
{
  public:
    writer(mf_isolate *isolate, v8::Local<v8::Context> context)
        : isolate_(isolate), context_(context), serializer(isolate->v8, this)
    {
        plain_prototype_ = v8::Object::New(isolate->v8)->GetPrototypeV2();
    }

    void ThrowDataCloneError(v8::Local<v8::String> message) override
    {
        throw_data_clone_error(isolate_, context_, message);
    }
    bool HasCustomHostObject(v8::Isolate *) override
    {
        return !isolate_->clone_write.IsEmpty();
    }
    /* Called for each object that V8 would copy as a plain one: the runtime knows its own by their brand. */
    v8::Maybe<bool> IsHostObject(v8::Isolate *v8, v8::Local<v8::Object> object) override
    {
        v8::Local<v8::Value> prototype = object->GetPrototypeV2();
        if (prototype->IsNull() || prototype == plain_prototype_) {
            return v8::Just(false);
        }
        v8::Local<v8::Value> args[] = {object};
        v8::Local<v8::Value> answer;
        if (!isolate_->clone_write.Get(v8)->Call(context_, v8::Undefined(v8), 1, args).ToLocal(&answer)) {
            return v8::Nothing<bool>();
        }
        answer_ = answer;
        return v8::Just(answer->IsArray());
    }
    v8::Maybe<bool> WriteHostObject(v8::Isolate *v8, v8::Local<v8::Object> object) override
    {
        v8::Local<v8::Value> answer = answer_;
        answer_.Clear();
        if (answer.IsEmpty() || !answer->IsArray()) {
            throw_data_clone_error(isolate_, context_,
                                   text_message(v8, "#<" + text_to_std(v8, object->GetConstructorName()) +
                                                        "> could not be cloned."));
            return v8::Nothing<bool>();
        }
        v8::Local<v8::Value> tag;
        v8::Local<v8::Value> value;
        if (!answer.As<v8::Array>()->Get(context_, 0).ToLocal(&tag) || !tag->IsUint32() ||
            !answer.As<v8::Array>()->Get(context_, 1).ToLocal(&value)) {
            throw_type_error(v8, "internals: a clone handler answered wrongly");
            return v8::Nothing<bool>();
        }
        serializer.WriteUint32(tag.As<v8::Uint32>()->Value());
        return serializer.WriteValue(context_, value);
    }
    void *ReallocateBufferMemory(void *old_buffer, size_t size, size_t *actual_size) override
    {
        /* Counted against the run: a clone is at most its limit, and V8 throws when we refuse. */
        uint64_t limit = isolate_->account->limit_bytes.load(std::memory_order_relaxed);
        if (size > limit) {
            return nullptr;
        }
        void *memory = realloc(old_buffer, size);
        *actual_size = memory ? size : 0;
        return memory;
    }
    void FreeBufferMemory(void *buffer) override
    {
        free(buffer);
    }

  private:
    mf_isolate *isolate_;
    v8::Local<v8::Context> context_;
    v8::Local<v8::Value> plain_prototype_;
    v8::Local<v8::Value> answer_; /* From IsHostObject to the WriteHostObject that follows it. */

  public:
    v8::ValueSerializer serializer; /* Last: it asks the delegate things while it is made. */
};

/* ---- and back ------------------------------------------------------------------------------ */

class reader : public v8::ValueDeserializer::Delegate
{
  public:
    reader(mf_isolate *isolate, v8::Local<v8::Context> context, const uint8_t *data, size_t size)
        : isolate_(isolate), context_(context), deserializer(isolate->v8, data, size, this)
    {
    }

    v8::MaybeLocal<v8::Object> ReadHostObject(v8::Isolate *v8) override
    {
        uint32_t tag = 0;
        v8::Local<v8::Value> value;
        if (isolate_->clone_read.IsEmpty() || !deserializer.ReadUint32(&tag) ||
            !deserializer.ReadValue(context_).ToLocal(&value)) {
            return {};
        }
        /* V8 forbids script while it reads. Ours makes an object of the runtime and runs nothing of the worker's. */
        v8::Isolate::AllowJavascriptExecutionScope allow(v8);
        v8::Local<v8::Value> args[] = {v8::Integer::NewFromUnsigned(v8, tag), value};
        v8::Local<v8::Value> object;
        if (!isolate_->clone_read.Get(v8)->Call(context_, v8::Undefined(v8), 2, args).ToLocal(&object)) {
            return {};
        }
        if (!object->IsObject()) {
            throw_type_error(v8, "internals: a clone handler answered wrongly");
            return {};
        }
        return object.As<v8::Object>();
    }

  private:
    mf_isolate *isolate_;
    v8::Local<v8::Context> context_;

  public:
    v8::ValueDeserializer deserializer;
};

/* The transfer list, read once: what is checked here is what is detached later. */
static bool read_transfer(mf_isolate *isolate,
                          v8::Local<v8::Context> context,
                          v8::Local<v8::Value> list,
                          std::vector<v8::Local<v8::ArrayBuffer>> *ret_buffers)
{
    v8::Isolate *v8 = isolate->v8;
    if (!list->IsArray()) {
        return true;
    }
    v8::Local<v8::Array> array = list.As<v8::Array>();
    uint32_t count = array->Length();
    for (uint32_t i = 0; i < count; i++) {
        v8::Local<v8::Value> item;
        if (!array->Get(context, i).ToLocal(&item)) {
            return false;
        }
        const char *why = nullptr;
        if (!item->IsArrayBuffer()) {
            why = "Value not transferable";
        } else if (item.As<v8::ArrayBuffer>()->WasDetached() || !item.As<v8::ArrayBuffer>()->IsDetachable()) {
            why = "An ArrayBuffer is detached and could not be cloned.";
        }
        for (const v8::Local<v8::ArrayBuffer> &seen : *ret_buffers) {
            if (!why && seen == item) {
                why = "ArrayBuffer occurs in the transfer list more than once";
            }
        }
        if (why) {
            throw_data_clone_error(isolate, context, text_message(v8, why));
            return false;
        }
        ret_buffers->push_back(item.As<v8::ArrayBuffer>());
    }
    return true;
}

/* Getters of |value| may have detached what was checked before. */
static bool detach_all(mf_isolate *isolate,
                       v8::Local<v8::Context> context,
                       const std::vector<v8::Local<v8::ArrayBuffer>> &buffers,
                       std::vector<v8::Local<v8::ArrayBuffer>> *ret_moved)
{
    v8::Isolate *v8 = isolate->v8;
    for (const v8::Local<v8::ArrayBuffer> &buffer : buffers) {
        if (buffer->WasDetached()) {
            throw_data_clone_error(isolate, context,
                                   text_message(v8, "An ArrayBuffer is detached and could not be cloned."));
            return false;
        }
        std::shared_ptr<v8::BackingStore> store = buffer->GetBackingStore();
        if (buffer->Detach(v8::Local<v8::Value>()).IsNothing()) {
            return false;
        }
        ret_moved->push_back(v8::ArrayBuffer::New(v8, std::move(store)));
    }
    return true;
}

void internals_structured_clone(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    std::vector<v8::Local<v8::ArrayBuffer>> buffers;
    if (!read_transfer(isolate, context, info[1], &buffers)) {
        return;
    }
    writer out(isolate, context);
    out.serializer.WriteHeader();
    for (uint32_t i = 0; i < buffers.size(); i++) {
        out.serializer.TransferArrayBuffer(i, buffers[i]);
    }
    if (!out.serializer.WriteValue(context, info[0]).FromMaybe(false)) {
        return;
    }
    std::vector<v8::Local<v8::ArrayBuffer>> moved;
    if (!detach_all(isolate, context, buffers, &moved)) {
        return;
    }
    auto [data, size] = out.serializer.Release();
    {
        reader in(isolate, context, data, size);
        for (uint32_t i = 0; i < moved.size(); i++) {
            in.deserializer.TransferArrayBuffer(i, moved[i]);
        }
        v8::Local<v8::Value> copy;
        if (in.deserializer.ReadHeader(context).FromMaybe(false) &&
            in.deserializer.ReadValue(context).ToLocal(&copy)) {
            info.GetReturnValue().Set(copy);
        }
    }
    out.FreeBufferMemory(data);
}

} // namespace mf
