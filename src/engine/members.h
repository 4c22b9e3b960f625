/* What `internals` has: functions, ops and constants, docs/internals.md. Each is made when somebody first asks for it. */
#ifndef MAYFLY_ENGINE_MEMBERS_H
#define MAYFLY_ENGINE_MEMBERS_H

#include <v8.h>

#include <vector>

namespace mf
{

/* `internals` with `ops` and `constants`, for a context whose scripts are to run. */
v8::Local<v8::Object> members_make(v8::Local<v8::Context> context);

/* The callback that members come from, as the snapshot names it. */
void members_add_references(std::vector<intptr_t> *references);

} // namespace mf
#endif
