/* Between bytes and V8's values; nothing here runs script. */
#ifndef MAYFLY_ENGINE_VALUE_H
#define MAYFLY_ENGINE_VALUE_H

#include <v8.h>

#include <string>

#include "door.h"

namespace mf
{

/* Empty, with nothing thrown, when the text is longer than a string can be or memory is gone. */
v8::MaybeLocal<v8::String> text_utf8(v8::Isolate *isolate, mf_slice text);
v8::MaybeLocal<v8::String> text_latin1(v8::Isolate *isolate, mf_slice text);
/* ASCII that outlives the isolate, as V8 reads it. Each string has one, and deletes it. */
struct static_text : v8::String::ExternalOneByteStringResource {
    explicit static_text(mf_slice text_arg) : text(text_arg)
    {
    }
    const char *data() const override
    {
        return reinterpret_cast<const char *>(text.data);
    }
    size_t length() const override
    {
        return text.size;
    }
    mf_slice text;
};

/* ASCII that outlives the isolate: not copied. */
v8::MaybeLocal<v8::String> text_static(v8::Isolate *isolate, mf_slice text);
/* A short constant, as a property name. */
v8::Local<v8::String> text_internalized(v8::Isolate *isolate, const char *text);
/* A message of ours. */
v8::Local<v8::String> text_message(v8::Isolate *isolate, const std::string &text);
/* UTF-8, lone surrogates as U+FFFD. For short texts: specifiers, names. */
std::string text_to_std(v8::Isolate *isolate, v8::Local<v8::String> text);

bool text_is_ascii(mf_slice text);

/* A string that was put together is copied to be read; false when the run has no memory for that, which V8 would not
 * survive. */
bool text_may_flatten(v8::Isolate *isolate, v8::Local<v8::String> text);

/* Empty, with nothing thrown, when the run has no memory for it. */
v8::MaybeLocal<v8::ArrayBuffer> bytes_copy(v8::Isolate *isolate, mf_slice bytes);
v8::MaybeLocal<v8::Value> value_make(v8::Isolate *isolate, const mf_value &value);

void throw_error(v8::Isolate *isolate, const std::string &message);
void throw_type_error(v8::Isolate *isolate, const std::string &message);
void throw_range_error(v8::Isolate *isolate, const std::string &message);

} // namespace mf
#endif
