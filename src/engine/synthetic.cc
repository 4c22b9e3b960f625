/* Modules that are values: text, data, json, wasm. */
#include "isolate.h"
#include "module.h"
#include "value.h"

namespace mf
{

/* V8's own words, without where they come from. */
static std::string message_of(v8::Isolate *isolate, v8::Local<v8::Value> exception)
{
    std::string text = text_to_std(isolate, v8::Exception::CreateMessage(isolate, exception)->Get());
    for (const char *prefix :
         {"Uncaught ", "SyntaxError: ", "CompileError: ", "WasmModuleObject::Compile(): "}) {
        if (text.compare(0, strlen(prefix), prefix) == 0) {
            text.erase(0, strlen(prefix));
        }
    }
    return text;
}

static v8::MaybeLocal<v8::Value>
make_json(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *entry)
{
    v8::Isolate *v8 = isolate->v8;
    v8::Local<v8::String> text;
    if (!module_source(v8, entry->body).ToLocal(&text)) {
        return {};
    }
    v8::TryCatch caught(v8);
    v8::Local<v8::Value> value;
    if (v8::JSON::Parse(context, text).ToLocal(&value)) {
        return value;
    }
    if (caught.HasTerminated()) {
        return caught.ReThrow(), v8::MaybeLocal<v8::Value>();
    }
    std::string why =
        "Module \"" + entry->path + "\" is not valid JSON: " + message_of(v8, caught.Exception());
    caught.Reset();
    v8->ThrowException(v8::Exception::SyntaxError(text_message(v8, why)));
    caught.ReThrow();
    return {};
}

static v8::MaybeLocal<v8::Value> make_wasm(mf_isolate *isolate, module_entry *entry)
{
    v8::Isolate *v8 = isolate->v8;
    v8::TryCatch caught(v8);
    v8::MaybeLocal<v8::WasmModuleObject> compiled =
        v8::WasmModuleObject::Compile(v8, {entry->body.data, entry->body.size});
    v8::Local<v8::WasmModuleObject> module;
    if (compiled.ToLocal(&module)) {
        return module;
    }
    if (caught.HasTerminated()) {
        return caught.ReThrow(), v8::MaybeLocal<v8::Value>();
    }
    std::string why =
        "Module \"" + entry->path + "\" is not valid WebAssembly: " +
        (caught.HasCaught() ? message_of(v8, caught.Exception()) : std::string("it was refused"));
    caught.Reset();
    v8->ThrowException(v8::Exception::WasmCompileError(text_message(v8, why)));
    caught.ReThrow();
    return {};
}

static v8::MaybeLocal<v8::Value>
make(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *entry)
{
    v8::Isolate *v8 = isolate->v8;
    switch (entry->kind) {
    case MF_MODULE_TEXT: {
        v8::Local<v8::String> text;
        return module_source(v8, entry->body).ToLocal(&text) ? text : v8::MaybeLocal<v8::Value>();
    }
    case MF_MODULE_DATA: {
        v8::Local<v8::ArrayBuffer> buffer;
        if (bytes_copy(v8, entry->body).ToLocal(&buffer)) {
            return buffer;
        }
        throw_range_error(v8, "Module \"" + entry->path + "\" does not fit in memory.");
        return {};
    }
    case MF_MODULE_JSON:
        return make_json(isolate, context, entry);
    case MF_MODULE_WASM:
        return make_wasm(isolate, entry);
    case MF_MODULE_ESM:
    case MF_MODULE_CJS:
        break;
    }
    MF_ASSERT(false);
    return {};
}

v8::MaybeLocal<v8::Value>
module_value(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *entry)
{
    if (entry->kind == MF_MODULE_CJS) {
        return module_commonjs(isolate, context, entry);
    }
    if (entry->value.IsEmpty()) {
        v8::Local<v8::Value> value;
        if (!make(isolate, context, entry).ToLocal(&value)) {
            return {};
        }
        entry->value.Reset(isolate->v8, value);
    }
    return entry->value.Get(isolate->v8);
}

} // namespace mf
