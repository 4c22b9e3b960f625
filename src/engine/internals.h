/* The functions of `internals`, docs/internals.md, in one table; each lives in the file of its noun. */
#ifndef MAYFLY_ENGINE_INTERNALS_H
#define MAYFLY_ENGINE_INTERNALS_H

#include <v8.h>

#include <vector>

namespace mf
{

/* clang-format off */
#define MF_INTERNALS_MAP(XX)                        \
    /* internals.cc */                              \
    XX(setDispatcher, set_dispatcher)               \
    XX(setRejectionHandler, set_rejection_handler)  \
    XX(lazy, lazy)                                  \
    XX(setLazy, set_lazy)                           \
    XX(clock, clock)                                \
    XX(asyncContext, async_context)                 \
    XX(setAsyncContext, set_async_context)          \
    XX(setEvalAllowed, set_eval_allowed)            \
    XX(asset, asset)                                \
    XX(isTool, is_tool)                             \
    /* module.cc */                                 \
    XX(define, define)                              \
    XX(setModuleLoader, set_module_loader)          \
    XX(evaluateMain, evaluate_main)                 \
    XX(isStarting, is_starting)                     \
    /* function.cc */                               \
    XX(mainSource, main_source)                     \
    XX(compileFunction, compile_function)           \
    /* describe.cc */                               \
    XX(describeError, describe_error)               \
    XX(previewEntries, preview_entries)             \
    XX(proxyDetails, proxy_details)                 \
    XX(promiseDetails, promise_details)             \
    XX(constructorName, constructor_name)           \
    XX(typeOf, type_of)                             \
    /* stack.cc */                                  \
    XX(setStackFormatter, set_stack_formatter)      \
    XX(mapPosition, map_position)                   \
    /* clone.cc */                                  \
    XX(structuredClone, structured_clone)           \
    XX(setCloneHandlers, set_clone_handlers)        \
    XX(setDataCloneError, set_data_clone_error)     \
    /* wasm.cc */                                   \
    XX(setWasmSource, set_wasm_source)              \
    XX(wasmFinish, wasm_finish)                     \
    XX(wasmAbort, wasm_abort)                       \
    /* utf8.cc */                                   \
    XX(utf8Encode, utf8_encode)                     \
    XX(utf8EncodeInto, utf8_encode_into)            \
    XX(utf8Decode, utf8_decode)                     \
    XX(isUtf8, is_utf8)
/* clang-format on */

#define XX(name, function) void internals_##function(const v8::FunctionCallbackInfo<v8::Value> &info);
MF_INTERNALS_MAP(XX)
#undef XX

struct internals_function {
    const char *name;
    v8::FunctionCallback callback;
};

extern const internals_function internals_functions[];
extern const size_t internals_functions_count;

void internals_add_references(std::vector<intptr_t> *references);

/* V8 -> the rejection handler of the runtime. */
void internals_on_reject(v8::PromiseRejectMessage message);
/* V8 -> the same, for what a callback of V8's own (a finaliser) threw. */
void internals_on_uncaught(v8::Local<v8::Message> message, v8::Local<v8::Value> data);
/* V8 -> WebAssembly.compileStreaming and instantiateStreaming: where the bytes come from. */
void wasm_on_streaming(const v8::FunctionCallbackInfo<v8::Value> &info);

} // namespace mf
#endif
