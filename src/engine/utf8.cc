/* TextEncoder and TextDecoder's work: UTF-8 <-> strings, straight between V8's memory and ours. */
#include <algorithm>

#include "internals.h"
#include "isolate.h"
#include "value.h"

namespace mf
{

/* Small views live inside the heap and are copied here; larger ones are read in place. */
static const size_t INSIDE_BYTES = 128;

/* The visible bytes of a buffer or view, valid while no script runs; false with a TypeError. */
static bool
bytes_of(const v8::FunctionCallbackInfo<v8::Value> &info, int index, uint8_t *inside, mf_slice *ret_bytes)
{
    v8::Local<v8::Value> value = info[index];
    if (value->IsArrayBuffer()) {
        v8::Local<v8::ArrayBuffer> buffer = value.As<v8::ArrayBuffer>();
        *ret_bytes = mf_slice_of(buffer->Data(), buffer->ByteLength());
        return true;
    }
    if (value->IsSharedArrayBuffer()) {
        v8::Local<v8::SharedArrayBuffer> buffer = value.As<v8::SharedArrayBuffer>();
        *ret_bytes = mf_slice_of(buffer->Data(), buffer->ByteLength());
        return true;
    }
    if (value->IsArrayBufferView()) {
        v8::MemorySpan<uint8_t> bytes =
            value.As<v8::ArrayBufferView>()->GetContents(v8::MemorySpan<uint8_t>(inside, INSIDE_BYTES));
        *ret_bytes = mf_slice_of(bytes.data(), bytes.size());
        return true;
    }
    throw_type_error(info.GetIsolate(), "The value is not an ArrayBuffer or a view of one.");
    return false;
}

void internals_utf8_encode(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    if (!info[0]->IsString()) {
        throw_type_error(v8, "internals.utf8Encode: not a string");
        return;
    }
    v8::Local<v8::String> text = info[0].As<v8::String>();
    if (!text_may_flatten(v8, text)) {
        throw_range_error(v8, "Array buffer allocation failed");
        return;
    }
    size_t size = text->Utf8LengthV2(v8);
    v8::Local<v8::ArrayBuffer> buffer;
    if (!v8::ArrayBuffer::MaybeNew(v8, size).ToLocal(&buffer)) {
        throw_range_error(v8, "Array buffer allocation failed");
        return;
    }
    text->WriteUtf8V2(v8, static_cast<char *>(buffer->Data()), size,
                      v8::String::WriteFlags::kReplaceInvalidUtf8);
    info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, size));
}

void internals_utf8_encode_into(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    if (!info[0]->IsString() || !info[1]->IsUint8Array()) {
        throw_type_error(v8, "internals.utf8EncodeInto: not a string and a Uint8Array");
        return;
    }
    v8::Local<v8::Uint8Array> view = info[1].As<v8::Uint8Array>();
    v8::Local<v8::ArrayBuffer> buffer = view->Buffer();
    size_t read = 0;
    size_t capacity = view->ByteLength();
    size_t written = 0;
    if (capacity > 0) {
        char *start = static_cast<char *>(buffer->Data()) + view->ByteOffset();
        written = info[0].As<v8::String>()->WriteUtf8V2(v8, start, capacity,
                                                        v8::String::WriteFlags::kReplaceInvalidUtf8, &read);
    }
    const size_t unit = size_t{1} << 26;
    if (read < unit && written < unit) {
        info.GetReturnValue().Set(static_cast<double>(read) * static_cast<double>(unit) +
                                  static_cast<double>(written));
        return;
    }
    v8::Local<v8::Value> parts[] = {v8::Number::New(v8, static_cast<double>(read)),
                                    v8::Number::New(v8, static_cast<double>(written))};
    info.GetReturnValue().Set(v8::Array::New(v8, parts, 2));
}

void internals_utf8_decode(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    uint8_t inside[INSIDE_BYTES];
    mf_slice bytes;
    if (!bytes_of(info, 0, inside, &bytes)) {
        return;
    }
    bool is_ascii = text_is_ascii(bytes);
    if (info[1]->IsTrue() && !is_ascii && !mf_slice_is_utf8(bytes)) {
        throw_type_error(v8, "The encoded data was not valid for encoding utf-8");
        return;
    }
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    if (!info[2]->IsTrue() && bytes.size >= sizeof(mark) && memcmp(bytes.data, mark, sizeof(mark)) == 0) {
        bytes = mf_slice_of(bytes.data + sizeof(mark), bytes.size - sizeof(mark));
    }
    v8::Local<v8::String> text;
    if ((is_ascii ? text_latin1(v8, bytes) : text_utf8(v8, bytes)).ToLocal(&text)) {
        info.GetReturnValue().Set(text);
    } else {
        throw_range_error(v8, "Invalid string length");
    }
}

void internals_is_utf8(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    uint8_t inside[INSIDE_BYTES];
    mf_slice bytes;
    if (bytes_of(info, 0, inside, &bytes)) {
        info.GetReturnValue().Set(text_is_ascii(bytes) || mf_slice_is_utf8(bytes));
    }
}

} // namespace mf
