/* WebAssembly.compileStreaming and instantiateStreaming are V8's own; where their bytes come from is the runtime's. A stream
 * has a number; its bytes are given as a whole, since nothing is compiled on other threads meanwhile. */
#include "internals.h"
#include "isolate.h"
#include "value.h"

namespace mf
{

void internals_set_wasm_source(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    if (!info[0]->IsFunction()) {
        throw_type_error(v8, "internals.setWasmSource: not a function");
        return;
    }
    mf_isolate::of(v8)->wasm_source.Reset(v8, info[0].As<v8::Function>());
}

void wasm_on_streaming(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    mf_isolate *isolate = mf_isolate::of(v8);
    std::shared_ptr<v8::WasmStreaming> stream = v8::WasmStreaming::Unpack(v8, info.Data());
    auto number = static_cast<uint32_t>(isolate->wasm_streams.size());
    isolate->wasm_streams.push_back(std::move(stream));
    v8::Local<v8::Value> args[] = {v8::Integer::NewFromUnsigned(v8, number), info[0]};
    /* What it throws is lost: it settles the stream by its number. */
    v8::TryCatch caught(v8);
    v8::Local<v8::Function> source = isolate->wasm_source.Get(v8);
    if (source.IsEmpty() ||
        source->Call(v8->GetCurrentContext(), v8::Undefined(v8), MF_COUNT_OF(args), args).IsEmpty()) {
        if (caught.HasTerminated()) {
            caught.ReThrow();
        }
    }
}

/* The stream of a number, taken out; nothing when it has ended. */
static std::shared_ptr<v8::WasmStreaming> take_stream(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    mf_isolate *isolate = mf_isolate::of(info.GetIsolate());
    if (!info[0]->IsUint32() || info[0].As<v8::Uint32>()->Value() >= isolate->wasm_streams.size()) {
        return nullptr;
    }
    return std::move(isolate->wasm_streams[info[0].As<v8::Uint32>()->Value()]);
}

void internals_wasm_finish(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    std::shared_ptr<v8::WasmStreaming> stream = take_stream(info);
    if (!stream || !info[1]->IsUint8Array()) {
        throw_type_error(info.GetIsolate(), "internals.wasmFinish: not a stream and bytes");
        return;
    }
    v8::Local<v8::Uint8Array> view = info[1].As<v8::Uint8Array>();
    std::shared_ptr<v8::BackingStore> store = view->Buffer()->GetBackingStore();
    size_t size = view->ByteLength();
    if (size > 0) {
        stream->OnBytesReceived(static_cast<const uint8_t *>(store->Data()) + view->ByteOffset(), size);
    }
    stream->Finish(false);
}

void internals_wasm_abort(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    std::shared_ptr<v8::WasmStreaming> stream = take_stream(info);
    if (stream) {
        stream->Abort(info[1]);
    }
}

} // namespace mf
