#include "value.h"

#include "isolate.h"

namespace mf
{

bool text_is_ascii(mf_slice text)
{
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, 8);
        if (word & UINT64_C(0x8080808080808080)) {
            return false;
        }
    }
    for (; i < text.size; i++) {
        if (text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

v8::MaybeLocal<v8::String> text_latin1(v8::Isolate *isolate, mf_slice text)
{
    if (text.size == 0) {
        return v8::String::Empty(isolate);
    }
    if (text.size > static_cast<size_t>(v8::String::kMaxLength)) {
        return {};
    }
    return v8::String::NewFromOneByte(isolate, text.data, v8::NewStringType::kNormal,
                                      static_cast<int>(text.size));
}

v8::MaybeLocal<v8::String> text_utf8(v8::Isolate *isolate, mf_slice text)
{
    if (text_is_ascii(text)) {
        return text_latin1(isolate, text);
    }
    if (text.size > static_cast<size_t>(v8::String::kMaxLength)) {
        return {};
    }
    return v8::String::NewFromUtf8(isolate, reinterpret_cast<const char *>(text.data),
                                   v8::NewStringType::kNormal, static_cast<int>(text.size));
}

v8::MaybeLocal<v8::String> text_static(v8::Isolate *isolate, mf_slice text)
{
    if (text.size == 0) {
        return v8::String::Empty(isolate);
    }
    if (text.size > static_cast<size_t>(v8::String::kMaxLength)) {
        return {};
    }
    auto *resource = new static_text(text);
    v8::MaybeLocal<v8::String> string = v8::String::NewExternalOneByte(isolate, resource);
    if (string.IsEmpty()) {
        delete resource;
    }
    return string;
}

v8::Local<v8::String> text_internalized(v8::Isolate *isolate, const char *text)
{
    return v8::String::NewFromUtf8(isolate, text, v8::NewStringType::kInternalized).ToLocalChecked();
}

v8::Local<v8::String> text_message(v8::Isolate *isolate, const std::string &text)
{
    v8::Local<v8::String> string;
    if (!text_utf8(isolate, mf_slice_of(text.data(), text.size())).ToLocal(&string)) {
        string = v8::String::Empty(isolate);
    }
    return string;
}

std::string text_to_std(v8::Isolate *isolate, v8::Local<v8::String> text)
{
    std::string copy(text->Utf8LengthV2(isolate), '\0');
    size_t written =
        text->WriteUtf8V2(isolate, copy.data(), copy.size(), v8::String::WriteFlags::kReplaceInvalidUtf8);
    copy.resize(written);
    return copy;
}

bool text_may_flatten(v8::Isolate *isolate, v8::Local<v8::String> text)
{
    const account &account = *mf_isolate::of(isolate)->account;
    uint64_t size = static_cast<uint64_t>(text->Length()) * (text->IsOneByte() ? 1 : 2);
    uint64_t limit = account.limit_bytes.load(std::memory_order_relaxed);
    uint64_t total = account.total_bytes();
    return size < MF_ENGINE_FLATTEN_BYTES_MIN || (total < limit && size <= limit - total);
}

v8::MaybeLocal<v8::ArrayBuffer> bytes_copy(v8::Isolate *isolate, mf_slice bytes)
{
    v8::Local<v8::ArrayBuffer> buffer;
    if (!v8::ArrayBuffer::MaybeNew(isolate, bytes.size).ToLocal(&buffer)) {
        return {};
    }
    if (bytes.size > 0) {
        memcpy(buffer->Data(), bytes.data, bytes.size);
    }
    return buffer;
}

v8::MaybeLocal<v8::Value> value_make(v8::Isolate *isolate, const mf_value &value)
{
    switch (value.kind) {
    case MF_VALUE_UNDEFINED:
        return v8::Undefined(isolate);
    case MF_VALUE_NULL:
        return v8::Null(isolate);
    case MF_VALUE_BOOL:
        return v8::Boolean::New(isolate, value.as.boolean);
    case MF_VALUE_NUMBER:
        return v8::Number::New(isolate, value.as.number);
    case MF_VALUE_UTF8: {
        v8::Local<v8::String> text;
        return text_utf8(isolate, value.as.bytes).ToLocal(&text) ? text : v8::MaybeLocal<v8::Value>();
    }
    case MF_VALUE_LATIN1: {
        v8::Local<v8::String> text;
        return text_latin1(isolate, value.as.bytes).ToLocal(&text) ? text : v8::MaybeLocal<v8::Value>();
    }
    case MF_VALUE_BYTES: {
        v8::Local<v8::ArrayBuffer> buffer;
        if (!bytes_copy(isolate, value.as.bytes).ToLocal(&buffer)) {
            return {};
        }
        return v8::Uint8Array::New(buffer, 0, value.as.bytes.size);
    }
    }
    return {};
}

void throw_error(v8::Isolate *isolate, const std::string &message)
{
    isolate->ThrowException(v8::Exception::Error(text_message(isolate, message)));
}

void throw_type_error(v8::Isolate *isolate, const std::string &message)
{
    isolate->ThrowException(v8::Exception::TypeError(text_message(isolate, message)));
}

void throw_range_error(v8::Isolate *isolate, const std::string &message)
{
    isolate->ThrowException(v8::Exception::RangeError(text_message(isolate, message)));
}

} // namespace mf
