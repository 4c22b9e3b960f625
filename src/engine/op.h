/* The one native function behind every op of the runtime. */
#ifndef MAYFLY_ENGINE_OP_H
#define MAYFLY_ENGINE_OP_H

#include <v8.h>

namespace mf
{

/* Its data is the op's index in the program's table. */
void op_entry(const v8::FunctionCallbackInfo<v8::Value> &info);

} // namespace mf
#endif
