/* The runtime's program inside an isolate: the objects `internals` and `primordials`, its scripts, and how they are
 * kept in a snapshot. docs/internals.md is the contract.
 */
#ifndef MAYFLY_ENGINE_PROGRAM_H
#define MAYFLY_ENGINE_PROGRAM_H

#include <v8.h>

#include "door.h"

struct mf_isolate;

namespace mf
{

/* Borrowed from mf_engine_init or mf_engine_make_snapshot for good. */
void program_set(const mf_engine_program *program);
const mf_engine_program *program_get();
/* Differs when a snapshot of one program would not fit another: V8's version, ops, constants and scripts. */
uint64_t program_fingerprint();

/* The addresses that a snapshot refers to; ends with 0. */
const intptr_t *program_external_references();

/* A new context's internals and primordials, before any script. */
void program_install(mf_isolate *isolate, v8::Local<v8::Context> context);
/* Runs the eager scripts in order; false when one threw. *ret_error is its message. */
bool program_run(mf_isolate *isolate, v8::Local<v8::Context> context, std::string *ret_error);

/* All that the isolate's fields refer to, as one value that a snapshot can hold, and back. */
v8::Local<v8::Value> program_save(mf_isolate *isolate, v8::Local<v8::Context> context);
bool program_load(mf_isolate *isolate, v8::Local<v8::Context> context, v8::Local<v8::Value> saved);

/* Compiles script |index| as function (internals, primordials). |cache| may be empty. */
v8::MaybeLocal<v8::Function> program_compile(v8::Local<v8::Context> context,
                                             size_t index,
                                             mf_slice cache,
                                             v8::ScriptCompiler::CompileOptions options);
/* internals.lazy */
v8::MaybeLocal<v8::Value> program_lazy(mf_isolate *isolate, v8::Local<v8::Context> context, size_t index);

} // namespace mf
#endif
